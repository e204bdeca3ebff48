/* Places for new rows that come without rank: last among their siblings, in the order in which they came.
 *
 * Whoever holds all rows (sl_delta_apply) and the server, which reads the touched ones only (sl_commit), give the same
 * ranks, a device those under its prefix: "last" is behind every rank that the group has before the change or is given by it.
 */
#ifndef SL_CORE_ROWS_APPEND_RANK_H
#define SL_CORE_ROWS_APPEND_RANK_H

#include "core/rows/rowset.h"

struct sl_place {
	struct sl_row *row;
	size_t order; /* among those that came together */
};

/* Whether the row needs a rank and has none. */
bool sl_place_lacks_rank(const struct sl_row *row);

/* Sorts by group of siblings, then by order. */
void sl_place_sort(struct sl_place *places, size_t count);

/* How many of the sorted places, from the first on, belong to its group. */
size_t sl_place_group_size(const struct sl_place *places, size_t count);

/* Ranks the rows of one group behind `last` (empty: it has no other rows), under `prefix` (see sl_rank_run). Returns 0,
 * SL_NO_MEMORY, or SL_TOO_LARGE when no room is left there: then nothing has changed. */
int sl_place_behind(const struct sl_place *places, size_t count, struct sl_str last, struct sl_str prefix,
	struct sl_arena *arena) __attribute__((warn_unused_result));

/* New ranks for a whole group: the siblings that have one already, as they are sorted, then the new rows. Returns 0 or
 * SL_NO_MEMORY. */
int sl_place_respace(struct sl_row *const *siblings, size_t sibling_count, const struct sl_place *places, size_t count,
	struct sl_arena *arena) __attribute__((warn_unused_result));

#endif
