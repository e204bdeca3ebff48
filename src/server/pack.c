/* Stored blobs, packed by zstd where it helps; see pack.h. */
#include "server/pack.h"

#include <zstd.h>

enum { PLAIN, ZSTD };

#define LEVEL 3
#define WORTHWHILE 64 /* bytes; shorter blobs don't get shorter */

int sl_pack(struct sl_str plain, struct sl_arena *arena, struct sl_str *packed_r)
{
	size_t most = 1 + (plain.length < WORTHWHILE ? plain.length : ZSTD_compressBound(plain.length));
	char *bytes = sl_arena_alloc(arena, most);
	*packed_r = (struct sl_str){ NULL, 0 };
	if (!bytes)
		return SL_NO_MEMORY;
	if (plain.length >= WORTHWHILE) {
		size_t length = ZSTD_compress(bytes + 1, most - 1, plain.bytes, plain.length, LEVEL);
		if (!ZSTD_isError(length) && length < plain.length) {
			bytes[0] = ZSTD;
			*packed_r = (struct sl_str){ bytes, length + 1 };
			return SL_OK;
		}
	}
	bytes[0] = PLAIN;
	if (plain.length)
		memcpy(bytes + 1, plain.bytes, plain.length);
	*packed_r = (struct sl_str){ bytes, plain.length + 1 };
	return SL_OK;
}

int sl_unpack(struct sl_str packed, struct sl_arena *arena, struct sl_str *plain_r, struct sl_err *err)
{
	*plain_r = (struct sl_str){ NULL, 0 };
	if (packed.length == 0)
		return SL_OK;
	if (packed.bytes[0] == PLAIN)
		return sl_arena_copy(arena, (struct sl_str){ packed.bytes + 1, packed.length - 1 }, plain_r);
	unsigned long long size = ZSTD_getFrameContentSize(packed.bytes + 1, packed.length - 1);
	if (packed.bytes[0] != ZSTD || size == ZSTD_CONTENTSIZE_ERROR || size == ZSTD_CONTENTSIZE_UNKNOWN || size > SL_PACK_BYTES)
		return sl_err_set(err, SL_INTERNAL, "a stored blob is damaged");
	char *bytes = sl_arena_alloc(arena, (size_t)size + 1);
	if (!bytes)
		return sl_err_set(err, SL_NO_MEMORY, "out of memory while unpacking");
	size_t length = ZSTD_decompress(bytes, (size_t)size, packed.bytes + 1, packed.length - 1);
	if (ZSTD_isError(length) || length != size)
		return sl_err_set(err, SL_INTERNAL, "a stored blob is damaged");
	bytes[length] = '\0';
	*plain_r = (struct sl_str){ bytes, length };
	return SL_OK;
}
