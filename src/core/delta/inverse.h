/* The stored inverse of a commit: for each touched row, what it held before, as a patch of what it holds after.
 *
 * Records of neighbouring commits compose without reading any row, so a version in the middle of the history can be
 * thinned out at the cost of what changed around it. The format is versioned by its first byte; integers are varints.
 */
#ifndef SL_CORE_DELTA_INVERSE_H
#define SL_CORE_DELTA_INVERSE_H

#include "core/base/error.h"
#include "core/rows/rowset.h"

/* One touched row: before NULL: it was added; after NULL: it was deleted. */
struct sl_change {
	const struct sl_row *before, *after;
};

/* Appends the record of the changes, in any order, each key at most once. Rows whose rank and data are equal are left
 * out. Returns 0, SL_NO_MEMORY, SL_INTERNAL for a key given twice, SL_TOO_LARGE for data over SL_PATCH_BYTES, or the
 * buffer's code; after a failure the buffer may hold part of a record. */
int sl_undo_encode(const struct sl_change *changes, size_t count, struct sl_arena *arena, struct sl_buf *out)
	__attribute__((warn_unused_result));

/* Appends one record with the effect of `newer` (after→middle), then `older` (middle→before). An empty record changes
 * nothing. Returns 0, SL_NO_MEMORY, SL_INTERNAL for a damaged record, or the buffer's code; the buffer as above. */
int sl_undo_compose(struct sl_str newer, struct sl_str older, struct sl_arena *arena, struct sl_buf *out,
	struct sl_err *err) __attribute__((warn_unused_result));

/* Turns `rows`, which hold the state after (at least the touched rows that exist), into the state before. Restored rows
 * have version 0. New texts live in the arena. Errors as above; `rows` is then half changed. */
int sl_undo_apply(struct sl_str record, struct sl_rowset *rows, struct sl_arena *arena, struct sl_err *err)
	__attribute__((warn_unused_result));

/* The keys that a record touches, in the arena. Errors as above. */
int sl_undo_keys(struct sl_str record, struct sl_arena *arena, const struct sl_key **keys_r, size_t *count_r,
	struct sl_err *err) __attribute__((warn_unused_result));

#endif
