/* Password hashing; with a small cost, so that the test is quick. */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>

#include <cmocka.h>

#include "server/password.h"

static const struct sl_password_cost cost = { 64, 1, 1 };

static void hash(const char *password, char encoded_r[SL_PASSWORD_ENCODED])
{
	assert_int_equal(sl_password_hash(sl_str_from(password), cost, encoded_r, NULL), 0);
}

static void password__right_one_is_accepted(void **state)
{
	char encoded[SL_PASSWORD_ENCODED];
	(void)state;
	hash("correct horse", encoded);
	assert_memory_equal(encoded, "$argon2id$v=19$m=64,t=1,p=1$", 28);
	assert_int_equal(sl_password_verify(encoded, SL_STR("correct horse"), NULL), 0);
}

static void password__wrong_one_is_refused(void **state)
{
	char encoded[SL_PASSWORD_ENCODED];
	struct sl_err err = SL_ERR_INIT;
	(void)state;
	hash("correct horse", encoded);
	assert_int_equal(sl_password_verify(encoded, SL_STR("correct horsf"), &err), SL_UNAUTHENTICATED);
	assert_int_equal(sl_password_verify(encoded, SL_STR("correct horse\0"), NULL), SL_UNAUTHENTICATED);
	assert_int_equal(sl_password_verify(encoded, SL_STR(""), NULL), SL_UNAUTHENTICATED);
	assert_int_equal(err.code, SL_UNAUTHENTICATED);
}

static void password__same_one_gets_different_salts(void **state)
{
	char first[SL_PASSWORD_ENCODED], second[SL_PASSWORD_ENCODED];
	(void)state;
	hash("correct horse", first);
	hash("correct horse", second);
	assert_string_not_equal(first, second);
}

static void password__length_has_bounds(void **state)
{
	static char letters[SL_PASSWORD_MOST + 1];
	char encoded[SL_PASSWORD_ENCODED];
	(void)state;
	memset(letters, 'x', sizeof(letters));
	const struct {
		size_t length;
		int code;
	} cases[] = { { 0, SL_INVALID }, { SL_PASSWORD_LEAST - 1, SL_INVALID }, { SL_PASSWORD_LEAST, 0 },
		{ SL_PASSWORD_MOST, 0 }, { SL_PASSWORD_MOST + 1, SL_INVALID } };
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct sl_str password = { letters, cases[i].length };
		struct sl_err err = SL_ERR_INIT;
		assert_int_equal(sl_password_hash(password, cost, encoded, &err), cases[i].code);
		if (cases[i].code)
			assert_string_equal(err.path, "/password");
	}
	struct sl_str too_long = { letters, sizeof(letters) };
	assert_int_equal(sl_password_verify(encoded, too_long, NULL), SL_UNAUTHENTICATED);
}

static void password__unknown_account_looks_like_wrong_password(void **state)
{
	char encoded[SL_PASSWORD_ENCODED];
	struct sl_err wrong = SL_ERR_INIT, unknown = SL_ERR_INIT;
	(void)state;
	hash("correct horse", encoded);
	assert_int_equal(sl_password_verify(encoded, SL_STR("another one"), &wrong), SL_UNAUTHENTICATED);
	assert_int_equal(sl_password_verify_dummy(SL_STR("another one"), cost, &unknown), SL_UNAUTHENTICATED);
	assert_string_equal(wrong.message, unknown.message);
}

static void password__damaged_hash_is_an_internal_error(void **state)
{
	static const char *const damaged[] = { "", "$argon2id$", "plain text",
		"$argon2i$v=19$m=64,t=1,p=1$c2FsdHNhbHQ$aGFzaA", "$argon2id$v=19$m=64,t=1,p=1$c2FsdHNhbHQ" };
	(void)state;
	for (size_t i = 0; i < sizeof(damaged) / sizeof(damaged[0]); i++)
		assert_int_equal(sl_password_verify(damaged[i], SL_STR("correct horse"), NULL), SL_INTERNAL);
}

static void password__changed_cost_needs_a_new_hash(void **state)
{
	char encoded[SL_PASSWORD_ENCODED];
	(void)state;
	hash("correct horse", encoded);
	assert_false(sl_password_needs_rehash(encoded, cost));
	assert_true(sl_password_needs_rehash(encoded, (struct sl_password_cost){ 128, 1, 1 }));
	assert_true(sl_password_needs_rehash(encoded, (struct sl_password_cost){ 64, 2, 1 }));
	assert_true(sl_password_needs_rehash(encoded, (struct sl_password_cost){ 64, 1, 2 }));
	assert_true(sl_password_needs_rehash("$2b$10$something", cost));
}

static void password__refused_cost_is_an_internal_error(void **state)
{
	char encoded[SL_PASSWORD_ENCODED];
	(void)state;
	assert_int_equal(sl_password_hash(SL_STR("correct horse"), (struct sl_password_cost){ 1, 1, 1 }, encoded, NULL),
		SL_INTERNAL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(password__right_one_is_accepted),
		cmocka_unit_test(password__wrong_one_is_refused),
		cmocka_unit_test(password__same_one_gets_different_salts),
		cmocka_unit_test(password__length_has_bounds),
		cmocka_unit_test(password__unknown_account_looks_like_wrong_password),
		cmocka_unit_test(password__damaged_hash_is_an_internal_error),
		cmocka_unit_test(password__changed_cost_needs_a_new_hash),
		cmocka_unit_test(password__refused_cost_is_an_internal_error),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
