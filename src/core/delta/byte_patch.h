/* Byte patches: how to make one text out of another by copying pieces of it and inserting bytes.
 *
 * Two patches compose without either text, which is what lets history be thinned at the cost of what changed. Format:
 * varint length of the result, then operations until the end. A copy: varint (length × 2 + 1), varint offset in the
 * source. An insert: varint (length × 2), bytes. A one-word edit of a 1 MB text is some 20 bytes.
 */
#ifndef SL_CORE_DELTA_BYTE_PATCH_H
#define SL_CORE_DELTA_BYTE_PATCH_H

#include "core/base/arena.h"
#include "core/base/buf.h"
#include "core/base/error.h"

/* Longest source and result. Few copies can make a long text; a patch that declares more than this is damaged. */
#define SL_PATCH_BYTES ((size_t)1 << 30)

/* Appends a patch that makes `to` out of `from`. Linear time and memory (common prefix and suffix, then blocks of the
 * source found by hash). Returns 0, SL_NO_MEMORY, SL_TOO_LARGE for texts over SL_PATCH_BYTES, or the buffer's code. */
int sl_patch_make(struct sl_str from, struct sl_str to, struct sl_arena *arena, struct sl_buf *out)
	__attribute__((warn_unused_result));

/* The result of `patch` on `from`, allocated in the arena. Returns 0, SL_NO_MEMORY, or SL_INTERNAL for a patch that is
 * damaged or reaches beyond `from`. Never reads or writes out of bounds, whatever the patch holds. */
int sl_patch_apply(struct sl_str from, struct sl_str patch, struct sl_arena *arena, struct sl_str *to_r,
	struct sl_err *err) __attribute__((warn_unused_result));

/* Appends the patch a→c, given a→b and b→c. Neighbouring operations are joined. Errors as above. */
int sl_patch_compose(struct sl_str first, struct sl_str second, struct sl_arena *arena, struct sl_buf *out,
	struct sl_err *err) __attribute__((warn_unused_result));

/* One operation: `length` bytes of the result, at `offset` in the source (copy) or in the patch (insert). */
struct sl_patch_op {
	bool copies;
	size_t offset, length;
};

/* The operation at *cursor, which is 0 for the first one, and moves on. Returns 1, 0 at the end, or SL_INTERNAL for a damaged
 * patch. Whether copies lie within the source, sl_patch_apply judges. */
int sl_patch_next(struct sl_str patch, size_t *cursor, struct sl_patch_op *op_r) __attribute__((warn_unused_result));

#endif
