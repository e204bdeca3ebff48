/* Ranks for all siblings at once, so that as few as possible change. */
#ifndef SL_CORE_BASE_RANK_ASSIGN_H
#define SL_CORE_BASE_RANK_ASSIGN_H

#include "core/base/arena.h"

/* Ranks for siblings in their wanted order. On entry ranks[i] is what sibling i has now (empty: none), ids[i] breaks ties.
 * On return all are set: a longest subsequence that is in order already keeps its ranks, the others get one between their
 * neighbours, under `prefix` (see rank_run.h; may be empty). Where there is no room, as between equal ranks, those behind get new
 * ones as well, as many as it takes. O(n log n). Returns 0 or SL_NO_MEMORY. */
int sl_rank_assign(struct sl_str *ranks, const struct sl_str *ids, size_t count, struct sl_str prefix,
	struct sl_arena *arena) __attribute__((warn_unused_result));

#endif
