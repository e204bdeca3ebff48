/* Passwords with Argon2id: see password.h. The caller bounds how many hashes run at once; each takes `memory_kib` of
 * memory, which is wiped. Parameters: OWASP's minimum is 19 MiB, 2 passes, 1 lane. */
#include "server/password.h"

#include <argon2.h>
#include <sodium.h>
#include <stdio.h>

#include "server/random.h"

#define SALT_BYTES 16
#define HASH_BYTES 32

/* One answer for a wrong password and an unknown account. */
static int wrong(struct sl_err *err)
{
	return sl_err_set(err, SL_UNAUTHENTICATED, "The e-mail address or the password is wrong");
}

static int failed(int result, struct sl_err *err)
{
	if (result == ARGON2_MEMORY_ALLOCATION_ERROR)
		return sl_err_set(err, SL_NO_MEMORY, "No memory to hash a password");
	return sl_err_set(err, SL_INTERNAL, "Hashing a password failed: %s", argon2_error_message(result));
}

int sl_password_check(struct sl_str password, struct sl_err *err)
{
	if (password.length < SL_PASSWORD_LEAST)
		return sl_err_set_at(err, SL_INVALID, "/password", "A password has at least %d bytes", SL_PASSWORD_LEAST);
	if (password.length > SL_PASSWORD_MOST)
		return sl_err_set_at(err, SL_INVALID, "/password", "A password has at most %d bytes", SL_PASSWORD_MOST);
	return 0;
}

int sl_password_hash(struct sl_str password, struct sl_password_cost cost, char encoded_r[SL_PASSWORD_ENCODED],
	struct sl_err *err)
{
	unsigned char salt[SALT_BYTES];
	int code = sl_password_check(password, err);
	if (code != 0)
		return code;
	sl_random_fill(salt, sizeof(salt));
	int result = argon2id_hash_encoded(cost.iterations, cost.memory_kib, cost.parallelism, password.bytes,
		password.length, salt, sizeof(salt), HASH_BYTES, encoded_r, SL_PASSWORD_ENCODED);
	return result == ARGON2_OK ? 0 : failed(result, err);
}

int sl_password_verify(const char *encoded, struct sl_str password, struct sl_err *err)
{
	if (password.length > SL_PASSWORD_MOST)
		return wrong(err);
	int result = argon2id_verify(encoded, password.bytes, password.length);
	if (result == ARGON2_VERIFY_MISMATCH)
		return wrong(err);
	return result == ARGON2_OK ? 0 : failed(result, err);
}

int sl_password_verify_dummy(struct sl_str password, struct sl_password_cost cost, struct sl_err *err)
{
	unsigned char salt[SALT_BYTES] = { 0 }, hash[HASH_BYTES];
	if (password.length > SL_PASSWORD_MOST)
		return wrong(err);
	int result = argon2id_hash_raw(cost.iterations, cost.memory_kib, cost.parallelism, password.bytes, password.length,
		salt, sizeof(salt), hash, sizeof(hash));
	sodium_memzero(hash, sizeof(hash));
	return result == ARGON2_OK ? wrong(err) : failed(result, err);
}

bool sl_password_needs_rehash(const char *encoded, struct sl_password_cost cost)
{
	char wanted[SL_PASSWORD_ENCODED];
	int length = snprintf(wanted, sizeof(wanted), "$argon2id$v=%d$m=%u,t=%u,p=%u$", (int)ARGON2_VERSION_NUMBER,
		(unsigned)cost.memory_kib, (unsigned)cost.iterations, (unsigned)cost.parallelism);
	return length < 0 || strncmp(encoded, wanted, (size_t)length) != 0;
}
