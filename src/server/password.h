/* Passwords: Argon2id (RFC 9106), encoded with parameters and salt in one text
 * ("$argon2id$v=19$m=…,t=…,p=…$salt$hash"). */
#ifndef SL_SERVER_PASSWORD_H
#define SL_SERVER_PASSWORD_H

#include <stdbool.h>
#include <stdint.h>

#include "core/base/error.h"
#include "core/base/slice.h"

#define SL_PASSWORD_LEAST 8    /* bytes */
#define SL_PASSWORD_MOST 1024  /* bytes */
#define SL_PASSWORD_ENCODED 128 /* bytes of an encoded hash, with its NUL */

struct sl_password_cost {
	uint32_t memory_kib, iterations, parallelism;
};

/* Returns 0, or SL_INVALID when the length is out of bounds. */
int sl_password_check(struct sl_str password, struct sl_err *err) __attribute__((warn_unused_result));

/* Hashes with a fresh salt. Returns 0, SL_INVALID (length), SL_NO_MEMORY, or SL_INTERNAL (a cost that Argon2
 * refuses). */
int sl_password_hash(struct sl_str password, struct sl_password_cost cost, char encoded_r[SL_PASSWORD_ENCODED],
	struct sl_err *err) __attribute__((warn_unused_result));

/* Returns 0 when the password is right, SL_UNAUTHENTICATED when it is wrong, SL_NO_MEMORY, or SL_INTERNAL when
 * `encoded` is no encoded hash. Takes the time of the parameters that `encoded` names. */
int sl_password_verify(const char *encoded, struct sl_str password, struct sl_err *err)
	__attribute__((warn_unused_result));

/* Takes as long as sl_password_verify and always fails, so that an unknown account can't be told from a wrong password.
 * Returns SL_UNAUTHENTICATED or SL_NO_MEMORY. */
int sl_password_verify_dummy(struct sl_str password, struct sl_password_cost cost, struct sl_err *err);

/* Whether `encoded` was made with other parameters than `cost`. */
bool sl_password_needs_rehash(const char *encoded, struct sl_password_cost cost);

#endif
