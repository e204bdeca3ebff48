/* Order-independent digest of a set of rows, kept in constant time per changed row.
 *
 * The sum modulo 2^128, over all rows, of XXH3-128 (seed 0) of `entity 1F key 1F rank 1F data` (1F a byte): entity as
 * in sl_entity_name; key the id, for episodes in decimal, for scenes and shots `episode 1E id`, for meta the field's name
 * with an empty rank. An empty set's digest is 0. Ids hold no control characters, so the separators can't be forged.
 */
#ifndef SL_CORE_ROWS_DIGEST_H
#define SL_CORE_ROWS_DIGEST_H

#include "core/rows/rowset.h"

#define SL_DIGEST_HEX 33 /* 32 hex digits, high half first, and NUL */

struct sl_digest {
	uint64_t high, low;
};

void sl_digest_add(struct sl_digest *digest, const struct sl_row *row);
void sl_digest_subtract(struct sl_digest *digest, const struct sl_row *row);
struct sl_digest sl_digest_of(const struct sl_rowset *rows);
bool sl_digest_equal(struct sl_digest a, struct sl_digest b);
void sl_digest_format(struct sl_digest digest, char hex_r[SL_DIGEST_HEX]);
/* As 16 bytes, high half first; anything but 16 bytes reads as 0. */
struct sl_str sl_digest_to_bytes(struct sl_digest digest, char bytes_r[16]);
struct sl_digest sl_digest_from_bytes(struct sl_str bytes);

/* Returns 0, or SL_MALFORMED unless `hex` is 32 lower-case hex digits. */
int sl_digest_parse(struct sl_str hex, struct sl_digest *digest_r);

#endif
