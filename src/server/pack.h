/* Stored blobs: one byte tells how the rest is packed: 0 as it is, 1 a zstd frame that names its size. */
#ifndef SL_SERVER_PACK_H
#define SL_SERVER_PACK_H

#include "core/base/arena.h"
#include "core/base/error.h"

#define SL_PACK_BYTES ((size_t)1 << 31) /* more than this is refused when unpacking */

/* Packs `plain` into the arena, by zstd where that is shorter. Returns 0 or SL_NO_MEMORY. */
int sl_pack(struct sl_str plain, struct sl_arena *arena, struct sl_str *packed_r) __attribute__((warn_unused_result));

/* The opposite. An empty blob unpacks to nothing. Returns 0, SL_NO_MEMORY, or SL_INTERNAL for a damaged blob. */
int sl_unpack(struct sl_str packed, struct sl_arena *arena, struct sl_str *plain_r, struct sl_err *err)
	__attribute__((warn_unused_result));

#endif
