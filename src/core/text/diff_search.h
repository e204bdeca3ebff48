/* The search inside sequence_diff.c: marks what two sequences don't share. */
#ifndef SL_CORE_TEXT_DIFF_SEARCH_H
#define SL_CORE_TEXT_DIFF_SEARCH_H

#include <stdint.h>

#include "core/base/arena.h"

/* One of the two sequences: what is compared of it, and where that stands in the whole one. */
struct sl_diff_half {
	uint32_t *ids;
	uint32_t *places; /* of ids[i] in `changed` */
	int32_t count;
	bool *changed; /* set for what the other half doesn't have */
};

/* Sets `changed` in both; what stays unset are common subsequences of the same length. `most_cost` as in sequence_diff.h.
 * Scratch memory of the size of both comes from `arena`. Returns 0 or SL_NO_MEMORY. */
int sl_diff_search(struct sl_diff_half *a, struct sl_diff_half *b, uint32_t most_cost, struct sl_arena *arena)
	__attribute__((warn_unused_result));

#endif
