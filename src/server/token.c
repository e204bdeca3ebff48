/* Session tokens: see token.h. The database keeps SHA-256 of the token's text: a copy of the database lets nobody
 * sign in, and 256 random bits need no slow hash. Looking a hash up in an index tells an attacker nothing useful by
 * its timing. */
#include "server/token.h"

#include <sodium.h>

#include "server/random.h"

static void hash_text(const char *text, size_t length, unsigned char hash_r[SL_TOKEN_HASH])
{
	crypto_hash_sha256(hash_r, (const unsigned char *)text, length);
}

void sl_token_new(char text_r[SL_TOKEN_LENGTH + 1], unsigned char hash_r[SL_TOKEN_HASH])
{
	unsigned char bits[32];
	sl_random_fill(bits, sizeof(bits));
	sodium_bin2base64(text_r, SL_TOKEN_LENGTH + 1, bits, sizeof(bits), sodium_base64_VARIANT_URLSAFE_NO_PADDING);
	sodium_memzero(bits, sizeof(bits));
	hash_text(text_r, SL_TOKEN_LENGTH, hash_r);
}

int sl_token_hash(struct sl_str text, unsigned char hash_r[SL_TOKEN_HASH], struct sl_err *err)
{
	static const char alphabet[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
	if (text.length != SL_TOKEN_LENGTH)
		return sl_err_set(err, SL_UNAUTHENTICATED, "The token is not valid");
	for (size_t i = 0; i < text.length; i++)
		if (!memchr(alphabet, text.bytes[i], sizeof(alphabet) - 1))
			return sl_err_set(err, SL_UNAUTHENTICATED, "The token is not valid");
	hash_text(text.bytes, text.length, hash_r);
	return 0;
}
