/* Session tokens and random numbers. */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>

#include <cmocka.h>

#include "server/random.h"
#include "server/token.h"

static void token__fresh_one_is_accepted_with_its_hash(void **state)
{
	char text[SL_TOKEN_LENGTH + 1];
	unsigned char made[SL_TOKEN_HASH], found[SL_TOKEN_HASH];
	(void)state;
	for (int i = 0; i < 200; i++) {
		sl_token_new(text, made);
		assert_int_equal(strlen(text), SL_TOKEN_LENGTH);
		assert_int_equal(sl_token_hash(sl_str_from(text), found, NULL), 0);
		assert_memory_equal(made, found, SL_TOKEN_HASH);
	}
}

static void token__two_differ_in_text_and_hash(void **state)
{
	char texts[2][SL_TOKEN_LENGTH + 1];
	unsigned char hashes[2][SL_TOKEN_HASH];
	(void)state;
	sl_token_new(texts[0], hashes[0]);
	sl_token_new(texts[1], hashes[1]);
	assert_string_not_equal(texts[0], texts[1]);
	assert_memory_not_equal(hashes[0], hashes[1], SL_TOKEN_HASH);
}

/* printf %s 0123…  | sha256sum */
static void token__hash_is_sha256_of_the_text(void **state)
{
	static const unsigned char wanted[SL_TOKEN_HASH] = {
		0x97, 0x46, 0x59, 0xf6, 0x16, 0x86, 0xff, 0xdb, 0x53, 0x00, 0x7f, 0x67, 0xfd, 0x03, 0x19, 0xeb,
		0x6e, 0x6b, 0x9b, 0xd3, 0x3c, 0x19, 0x9a, 0x0b, 0xd0, 0x49, 0xc1, 0xe0, 0x19, 0xf4, 0xbf, 0x78,
	};
	unsigned char hash[SL_TOKEN_HASH];
	(void)state;
	assert_int_equal(sl_token_hash(SL_STR("0123456789abcdefghijklmnopqrstuvwxyzABCDE-_"), hash, NULL), 0);
	assert_memory_equal(hash, wanted, SL_TOKEN_HASH);
}

static void token__other_shapes_are_refused(void **state)
{
	static const struct sl_str wrong[] = {
		{ NULL, 0 },
		SL_STR("0123456789abcdefghijklmnopqrstuvwxyzABCDEF"),
		SL_STR("0123456789abcdefghijklmnopqrstuvwxyzABCDEFGH"),
		SL_STR("0123456789abcdefghijklmnopqrstuvwxyzABCDE+/"),
		SL_STR("0123456789abcdefghijklmnopqrstuvwxyzABCDEF="),
		SL_STR("0123456789abcdefghijklmnopqrstuvwxyzABCDE\0F"),
		SL_STR("0123456789abcdefghijklmnopqrstuvwxyzABCDE\xc3\xa9"),
	};
	unsigned char hash[SL_TOKEN_HASH];
	(void)state;
	for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
		struct sl_err err = SL_ERR_INIT;
		assert_int_equal(sl_token_hash(wrong[i], hash, &err), SL_UNAUTHENTICATED);
		assert_int_equal(err.code, SL_UNAUTHENTICATED);
	}
}

static void random__below_stays_below_and_reaches_all(void **state)
{
	unsigned seen = 0;
	(void)state;
	for (int i = 0; i < 1000; i++) {
		uint32_t number = sl_random_below(5);
		assert_true(number < 5);
		seen |= 1u << number;
	}
	assert_int_equal(seen, 31);
	assert_int_equal(sl_random_below(0), 0);
}

static void random__uuid_has_version_and_variant(void **state)
{
	(void)state;
	for (int i = 0; i < 200; i++) {
		char text[SL_RANDOM_UUID];
		sl_random_uuid(text);
		assert_int_equal(strlen(text), SL_RANDOM_UUID - 1);
		assert_int_equal(strspn(text, "0123456789abcdef-"), SL_RANDOM_UUID - 1);
		assert_true(text[8] == '-' && text[13] == '-' && text[18] == '-' && text[23] == '-');
		assert_int_equal(text[14], '4');
		assert_non_null(strchr("89ab", text[19]));
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(token__fresh_one_is_accepted_with_its_hash),
		cmocka_unit_test(token__two_differ_in_text_and_hash),
		cmocka_unit_test(token__hash_is_sha256_of_the_text),
		cmocka_unit_test(token__other_shapes_are_refused),
		cmocka_unit_test(random__below_stays_below_and_reaches_all),
		cmocka_unit_test(random__uuid_has_version_and_variant),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
