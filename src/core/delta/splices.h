/* Byte patches for stores that hold text only: as JSON, and with whole words in them.
 *
 * As JSON a patch is an array of copies, [offset, length] in bytes of the source, and of texts that are inserted:
 * `[[0,12],"green",[15,900]]`. No copy begins or ends inside a character, nor inside a word of less than 32 bytes, so what
 * somebody wrote stands in the patch as they wrote it. Composed patches keep that.
 */
#ifndef SL_CORE_DELTA_SPLICES_H
#define SL_CORE_DELTA_SPLICES_H

#include <jansson.h>

#include "core/delta/byte_patch.h"

/* Appends a patch (byte_patch.h) that makes `to` out of `from`, both UTF-8. Returns as sl_patch_make. */
int sl_splices_make(struct sl_str from, struct sl_str to, struct sl_arena *arena, struct sl_buf *patch)
	__attribute__((warn_unused_result));

/* Appends the patch as JSON. Returns the buffer's code, or SL_INTERNAL for a damaged patch. */
int sl_splices_write(struct sl_str patch, struct sl_buf *out) __attribute__((warn_unused_result));

/* The patch that the JSON stands for, in the arena. Returns 0, SL_NO_MEMORY, or SL_INTERNAL for anything else. */
int sl_splices_read(const json_t *value, struct sl_arena *arena, struct sl_str *patch_r) __attribute__((warn_unused_result));

#endif
