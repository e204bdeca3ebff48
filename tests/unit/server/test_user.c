/* E-mail addresses as they are stored, and what error numbers of the database mean. */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>

#include <cmocka.h>

#include "server/fault.h"
#include "server/user.h"

static void email__is_trimmed_and_lower_cased(void **state)
{
	static const char *const cases[][2] = { { "a@b", "a@b" }, { "  Some.One@EXAMPLE.org\t ", "some.one@example.org" },
		{ "ZO\xc3\x8b@b", "zo\xc3\x8b@b" }, { "\"x\"+tag@[::1]", "\"x\"+tag@[::1]" } };
	char normal[SL_USER_EMAIL + 1];
	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		assert_int_equal(sl_user_email(sl_str_from(cases[i][0]), normal, NULL), 0);
		assert_string_equal(normal, cases[i][1]);
	}
}

static void email__other_texts_are_refused(void **state)
{
	static const struct sl_str cases[] = { { NULL, 0 }, SL_STR(" "), SL_STR("@"), SL_STR("a@"), SL_STR("@b"),
		SL_STR("ab"), SL_STR("a@b@c"), SL_STR("a b@c"), SL_STR("a@b\n"),
		SL_STR("a\0@b"), SL_STR("a@b\x7f"), SL_STR("a@\xc2\xa0""b"),
		SL_STR("a@\xc2\x85"), SL_STR("a@\xff"), SL_STR("a@\xed\xa0\x80"), SL_STR("a@\xc2") };
	char normal[SL_USER_EMAIL + 1];
	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct sl_err err = SL_ERR_INIT;
		assert_int_equal(sl_user_email(cases[i], normal, &err), SL_INVALID);
		assert_string_equal(err.path, "/email");
	}
}

static void email__has_at_most_254_bytes(void **state)
{
	char text[300], normal[SL_USER_EMAIL + 1];
	(void)state;
	memset(text, 'x', sizeof(text));
	text[1] = '@';
	assert_int_equal(sl_user_email(((struct sl_str){ text, 254 }), normal, NULL), 0);
	assert_int_equal(strlen(normal), 254);
	assert_int_equal(sl_user_email(((struct sl_str){ text, 255 }), normal, NULL), SL_INVALID);
}

static void fault__known_numbers_have_their_meaning(void **state)
{
	static const struct {
		unsigned number;
		enum sl_db_fault fault;
	} cases[] = { { 0, SL_FAULT_NONE }, { 1062, SL_FAULT_DUPLICATE }, { 1205, SL_FAULT_CONTENDED },
		{ 1213, SL_FAULT_CONTENDED }, { 1020, SL_FAULT_CONTENDED }, { 2006, SL_FAULT_LOST }, { 2013, SL_FAULT_LOST },
		{ 1053, SL_FAULT_LOST }, { 1927, SL_FAULT_LOST }, { 1047, SL_FAULT_REFUSED }, { 1290, SL_FAULT_REFUSED },
		{ 1040, SL_FAULT_REFUSED }, { 1180, SL_FAULT_REFUSED }, { 1615, SL_FAULT_STALE }, { 1243, SL_FAULT_STALE },
		{ 1153, SL_FAULT_TOO_LARGE }, { 2020, SL_FAULT_TOO_LARGE }, { 2008, SL_FAULT_NO_MEMORY },
		{ 1064, SL_FAULT_BUG }, { 1146, SL_FAULT_BUG }, { 2014, SL_FAULT_BUG }, { 99999, SL_FAULT_BUG } };
	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
		assert_int_equal(sl_fault_of(cases[i].number), cases[i].fault);
}

static void fault__messages_with_data_are_not_quotable(void **state)
{
	(void)state;
	assert_false(sl_fault_is_quotable(1062)); /* Duplicate entry 'someone@example.org' */
	assert_false(sl_fault_is_quotable(1366)); /* Incorrect string value: '\xF0…' */
	assert_true(sl_fault_is_quotable(1146));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(email__is_trimmed_and_lower_cased),
		cmocka_unit_test(email__other_texts_are_refused),
		cmocka_unit_test(email__has_at_most_254_bytes),
		cmocka_unit_test(fault__known_numbers_have_their_meaning),
		cmocka_unit_test(fault__messages_with_data_are_not_quotable),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
