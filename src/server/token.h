/* Session tokens: 256 random bits for the client, their hash for the database. */
#ifndef SL_SERVER_TOKEN_H
#define SL_SERVER_TOKEN_H

#include "core/base/error.h"
#include "core/base/slice.h"

#define SL_TOKEN_LENGTH 43 /* characters of base64url (RFC 4648 § 5), without padding */
#define SL_TOKEN_HASH 32   /* bytes of SHA-256 */

/* A fresh token (NUL-terminated) and its hash. */
void sl_token_new(char text_r[SL_TOKEN_LENGTH + 1], unsigned char hash_r[SL_TOKEN_HASH]);

/* The hash of a token that a client sent. Returns 0, or SL_UNAUTHENTICATED when it can't be one of ours. */
int sl_token_hash(struct sl_str text, unsigned char hash_r[SL_TOKEN_HASH], struct sl_err *err)
	__attribute__((warn_unused_result));

#endif
