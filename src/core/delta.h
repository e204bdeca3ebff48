/* Deltas: the rows that change and the keys that go; see DELTA in the protocol.
 *
 * A row in a delta is whole: it replaces the stored one. An empty rank means "where it is", or last for a new row.
 */
#ifndef SL_CORE_DELTA_H
#define SL_CORE_DELTA_H

#include "core/rows.h"

struct sl_delta {
	struct sl_rowset *rows;       /* added or changed */
	const struct sl_key *deleted; /* in the arena */
	size_t deleted_count;
};

/* From a validated delta object; everything copied into the arena. `"field": null` in meta, and an empty value there,
 * become a deleted key. Returns 0 or SL_NO_MEMORY. */
int sl_delta_from_json(const json_t *value, struct sl_arena *arena, struct sl_delta *delta_r, struct sl_err *err)
	__attribute__((warn_unused_result));

/* Appends the delta as a JSON object, with ranks. Empty collections are left out. */
int sl_delta_write(const struct sl_delta *delta, struct sl_arena *arena, struct sl_buf *out)
	__attribute__((warn_unused_result));

/* What turns `before` into `after`: rows whose rank or data differ, keys that only `before` has. Shares texts. */
int sl_delta_difference(const struct sl_rowset *before, const struct sl_rowset *after, struct sl_arena *arena,
	struct sl_delta *delta_r) __attribute__((warn_unused_result));

/* Changes `rows` in place. Rows without rank keep the stored one; new ones without rank go last among their siblings.
 * Deleting an episode deletes its scenes and shots. Returns 0 or SL_NO_MEMORY. */
int sl_delta_apply(const struct sl_delta *delta, struct sl_rowset *rows, struct sl_arena *arena)
	__attribute__((warn_unused_result));

/* The delta that undoes `delta` on `before` (the state that `delta` applies to; at least its touched rows, and the scenes and
 * shots of the episodes that it deletes). */
int sl_delta_invert(const struct sl_delta *delta, const struct sl_rowset *before, struct sl_arena *arena,
	struct sl_delta *inverse_r) __attribute__((warn_unused_result));

/* One delta with the effect of `first`, then `second`. */
int sl_delta_compose(const struct sl_delta *first, const struct sl_delta *second, struct sl_arena *arena,
	struct sl_delta *delta_r) __attribute__((warn_unused_result));

#endif
