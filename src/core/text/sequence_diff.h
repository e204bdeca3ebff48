/* Differences of two sequences of ids, where equal ids stand for equal lines or words.
 *
 * Shortest differences after Myers (An O(ND) Difference Algorithm, 1986) in linear memory. Long sequences with very
 * many differences get a longer, still correct answer, so that time stays near-linear; no clock decides, so the same
 * input has the same answer everywhere.
 */
#ifndef SL_CORE_TEXT_SEQUENCE_DIFF_H
#define SL_CORE_TEXT_SEQUENCE_DIFF_H

#include <stdbool.h>
#include <stdint.h>

#include "core/base/arena.h"

#define SL_DIFF_MAXIMUM (UINT32_C(1) << 29) /* ids in one sequence */

struct sl_diff_ids {
	const uint32_t *ids;
	size_t count;
};

/* a[a_at, a_end) became b[b_at, b_end). One of the two may be empty: an insertion, a deletion. */
struct sl_diff_change {
	uint32_t a_at, a_end, b_at, b_end;
};

/* In order; between two changes there is always something unchanged. */
struct sl_diff {
	struct sl_diff_change *changes;
	size_t count;
};

/* What is compared, and how hard to look. */
struct sl_diff_task {
	struct sl_diff_ids a, b;
	uint32_t id_count;  /* every id is below */
	uint32_t breaks;    /* ids below end a passage */
	const bool *weak;   /* by id: it says nothing by itself (a blank), and counts only between ids that do. NULL: none */
	uint32_t most_cost; /* an answer may be longer than the shortest where that has more than twice as many changed ids:
	                       for who asks often. UINT32_MAX: only the length of the sequences limits the search */
};

/* How `a` became `b`. Where a deletion could stand at several places, it becomes part of a neighbouring change that it can reach,
 * an insertion only of the next one; else it stands at the last place behind the end of a passage (or at the very beginning),
 * else at the last one. So the same change has the same place whatever changed elsewhere. The changes live in `arena`. Returns
 * 0, SL_NO_MEMORY, or SL_TOO_LARGE. */
int sl_diff_of(const struct sl_diff_task *task, struct sl_arena *arena, struct sl_diff *diff_r)
	__attribute__((warn_unused_result));

#endif
