/* The digest of a set of rows: see digest.h.
 * Keeps true: the order of rows never matters, and taking a row away is the exact opposite of adding it. Nothing here
 * allocates, so nothing fails.
 */
#include "core/rows/digest.h"

#include <inttypes.h>
#include <stdio.h>

#include "core/base/buf.h"
#include "core/base/error.h"

#define XXH_INLINE_ALL
#include <xxhash.h>

#define FIELD_SEPARATOR SL_STR("\x1f")
#define KEY_SEPARATOR SL_STR("\x1e")

/* Texts to hash one behind the other: most rows fit into the buffer, which is hashed in one go; else the state takes over. */
struct hasher {
	bool streaming;
	size_t length;
	char bytes[1024];
	XXH3_state_t state;
};

static void hash_add(struct hasher *hasher, struct sl_str text)
{
	if (!hasher->streaming && text.length <= sizeof(hasher->bytes) - hasher->length) {
		if (text.length > 0)
			memcpy(hasher->bytes + hasher->length, text.bytes, text.length);
		hasher->length += text.length;
		return;
	}
	if (!hasher->streaming) {
		hasher->streaming = true;
		XXH3_128bits_reset(&hasher->state);
		XXH3_128bits_update(&hasher->state, hasher->bytes, hasher->length);
	}
	if (text.length > 0)
		XXH3_128bits_update(&hasher->state, text.bytes, text.length);
}

static void hash_add_key(struct hasher *hasher, const struct sl_key *key)
{
	if (key->entity == SL_EPISODES || sl_entity_has_episode(key->entity)) {
		char digits[SL_DECIMAL_BYTES];
		hash_add(hasher, sl_buf_decimal(key->episode, digits));
		if (key->entity == SL_EPISODES)
			return;
		hash_add(hasher, KEY_SEPARATOR);
	}
	hash_add(hasher, key->id);
}

static XXH128_hash_t hash_of(const struct sl_row *row)
{
	struct hasher hasher;
	hasher.streaming = false;
	hasher.length = 0;
	hash_add(&hasher, sl_str_from(sl_entity_name(row->key.entity)));
	hash_add(&hasher, FIELD_SEPARATOR);
	hash_add_key(&hasher, &row->key);
	hash_add(&hasher, FIELD_SEPARATOR);
	if (row->key.entity != SL_META)
		hash_add(&hasher, row->rank);
	hash_add(&hasher, FIELD_SEPARATOR);
	hash_add(&hasher, row->data);
	return hasher.streaming ? XXH3_128bits_digest(&hasher.state) : XXH3_128bits(hasher.bytes, hasher.length);
}

void sl_digest_add(struct sl_digest *digest, const struct sl_row *row)
{
	XXH128_hash_t hash = hash_of(row);
	digest->low += hash.low64;
	digest->high += hash.high64 + (digest->low < hash.low64);
}

void sl_digest_subtract(struct sl_digest *digest, const struct sl_row *row)
{
	XXH128_hash_t hash = hash_of(row);
	digest->high -= hash.high64 + (digest->low < hash.low64);
	digest->low -= hash.low64;
}

struct sl_digest sl_digest_of(const struct sl_rowset *rows)
{
	struct sl_digest digest = { 0, 0 };
	const struct sl_row *row;
	size_t at = 0;
	while ((row = sl_rowset_next(rows, &at)))
		sl_digest_add(&digest, row);
	return digest;
}

bool sl_digest_equal(struct sl_digest a, struct sl_digest b)
{
	return a.high == b.high && a.low == b.low;
}

void sl_digest_format(struct sl_digest digest, char hex_r[SL_DIGEST_HEX])
{
	snprintf(hex_r, SL_DIGEST_HEX, "%016" PRIx64 "%016" PRIx64, digest.high, digest.low);
}

static int hex_value(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

int sl_digest_parse(struct sl_str hex, struct sl_digest *digest_r)
{
	struct sl_digest digest = { 0, 0 };
	if (hex.length != SL_DIGEST_HEX - 1)
		return SL_MALFORMED;
	for (size_t i = 0; i < hex.length; i++) {
		int value = hex_value(hex.bytes[i]);
		if (value < 0)
			return SL_MALFORMED;
		digest.high = digest.high << 4 | digest.low >> 60;
		digest.low = digest.low << 4 | (uint64_t)value;
	}
	*digest_r = digest;
	return 0;
}

struct sl_str sl_digest_to_bytes(struct sl_digest digest, char bytes_r[16])
{
	for (int i = 0; i < 8; i++) {
		bytes_r[i] = (char)(digest.high >> (56 - 8 * i));
		bytes_r[8 + i] = (char)(digest.low >> (56 - 8 * i));
	}
	return (struct sl_str){ bytes_r, 16 };
}

struct sl_digest sl_digest_from_bytes(struct sl_str bytes)
{
	struct sl_digest digest = { 0, 0 };
	for (size_t i = 0; i < 8 && bytes.length == 16; i++) {
		digest.high = digest.high << 8 | (unsigned char)bytes.bytes[i];
		digest.low = digest.low << 8 | (unsigned char)bytes.bytes[8 + i];
	}
	return digest;
}
