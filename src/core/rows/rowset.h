/* Sets of rows, found by key.
 *
 * A set owns nothing: rows live in the arena that it was made with, and their texts there or anywhere that outlives it.
 */
#ifndef SL_CORE_ROWS_ROWSET_H
#define SL_CORE_ROWS_ROWSET_H

#include "core/rows/row.h"

struct sl_rowset;

/* An empty set, sized for `expected` rows (it grows). NULL: no memory. */
struct sl_rowset *sl_rowset_new(struct sl_arena *arena, size_t expected);

/* Adds a copy of *row (texts shared), or replaces the row of the same key in its place. NULL: no memory. Pointers to
 * rows stay valid for the set's life. */
struct sl_row *sl_rowset_put(struct sl_rowset *set, const struct sl_row *row);

/* Adds a copy of *row, whose key is in no other row of the set: not checked, and cheaper. NULL: no memory. */
struct sl_row *sl_rowset_append(struct sl_rowset *set, const struct sl_row *row);

struct sl_row *sl_rowset_find(const struct sl_rowset *set, const struct sl_key *key);
bool sl_rowset_remove(struct sl_rowset *set, const struct sl_key *key);
size_t sl_rowset_count(const struct sl_rowset *set);

/* Rows in the order in which their keys were put: `size_t at = 0; while ((row = sl_rowset_next(set, &at)))`.
 * Removing the current row on the way is allowed, adding is not. */
struct sl_row *sl_rowset_next(const struct sl_rowset *set, size_t *cursor);

/* All rows, sorted by sl_row_compare: an array of sl_rowset_count pointers in the arena. NULL: no memory. */
struct sl_row **sl_rowset_sorted(const struct sl_rowset *set, struct sl_arena *arena);

/* A set of the same rows (copied; texts shared). NULL: no memory. */
struct sl_rowset *sl_rowset_clone(const struct sl_rowset *set, struct sl_arena *arena);

#endif
