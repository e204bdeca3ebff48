/* Tests of the error table and of struct sl_err. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <string.h>

#include "core/base/error.h"

static void error__codes_are_negative_and_distinct(void **state)
{
	(void)state;
	static const int codes[] = {
#define X(name, word, status, title) SL_##name,
		SL_ERRORS(X)
#undef X
	};
	size_t count = sizeof(codes) / sizeof(codes[0]);
	for (size_t i = 0; i < count; i++) {
		assert_true(codes[i] < 0);
		for (size_t j = 0; j < i; j++)
			assert_int_not_equal(codes[i], codes[j]);
	}
}

static void error__table_gives_word_status_and_title(void **state)
{
	(void)state;
	assert_string_equal(sl_err_word(SL_MALFORMED), "malformed");
	assert_int_equal(sl_err_status(SL_MALFORMED), 400);
	assert_string_equal(sl_err_word(SL_CONFLICT), "conflict");
	assert_int_equal(sl_err_status(SL_CONFLICT), 409);
	assert_int_equal(sl_err_status(SL_TOO_LARGE), 413);
	assert_int_equal(sl_err_status(SL_INVALID), 422);
	assert_string_equal(sl_err_title(SL_THROTTLED), "Too many attempts");
}

static void error__uncertain_and_no_memory_read_as_unavailable(void **state)
{
	(void)state;
	assert_string_equal(sl_err_word(SL_UNCERTAIN), "unavailable");
	assert_string_equal(sl_err_word(SL_NO_MEMORY), "unavailable");
	assert_int_equal(sl_err_status(SL_UNCERTAIN), 503);
	assert_int_equal(sl_err_status(SL_NO_MEMORY), 503);
}

static void error__unknown_codes_read_as_internal(void **state)
{
	(void)state;
	int unknown[] = { 0, 1, -1000, SL_CODE_LAST };
	for (size_t i = 0; i < sizeof(unknown) / sizeof(unknown[0]); i++) {
		assert_int_equal(sl_err_status(unknown[i]), 500);
		assert_string_equal(sl_err_word(unknown[i]), "internal");
		assert_string_equal(sl_err_title(unknown[i]), sl_err_title(SL_INTERNAL));
	}
}

static void error__set_notes_code_path_and_message(void **state)
{
	(void)state;
	struct sl_err err = SL_ERR_INIT;
	assert_int_equal(sl_err_set_at(&err, SL_INVALID, "/episodes/3", "%d is over %s", 12, "ten"), SL_INVALID);
	assert_int_equal(err.code, SL_INVALID);
	assert_string_equal(err.path, "/episodes/3");
	assert_string_equal(err.message, "12 is over ten");
}

static void error__first_error_wins(void **state)
{
	(void)state;
	struct sl_err err = SL_ERR_INIT;
	sl_err_set_at(&err, SL_INVALID, "/a", "first");
	assert_int_equal(sl_err_set(&err, SL_INTERNAL, "second"), SL_INTERNAL);
	assert_int_equal(sl_err_set_at(&err, SL_CONFLICT, "/b", "third"), SL_CONFLICT);
	assert_int_equal(err.code, SL_INVALID);
	assert_string_equal(err.path, "/a");
	assert_string_equal(err.message, "first");
}

static void error__null_object_is_allowed(void **state)
{
	(void)state;
	assert_int_equal(sl_err_set(NULL, SL_CONFLICT, "nobody listens"), SL_CONFLICT);
	assert_int_equal(sl_err_set_at(NULL, SL_CONFLICT, "/a", "nobody listens"), SL_CONFLICT);
}

static void error__control_bytes_of_the_message_are_replaced(void **state)
{
	(void)state;
	struct sl_err err = SL_ERR_INIT;
	sl_err_set(&err, SL_INVALID, "%s", "a\nb\r\x1b[0m\x7f\xc3\xa4");
	assert_string_equal(err.message, "a?b??[0m?\xc3\xa4");
}

static void error__long_texts_are_cut(void **state)
{
	(void)state;
	char text[2000];
	memset(text, 'x', sizeof(text) - 1);
	text[sizeof(text) - 1] = '\0';
	struct sl_err err = SL_ERR_INIT;
	sl_err_set_at(&err, SL_INVALID, text, "%s", text);
	assert_int_equal(strlen(err.path), sizeof(err.path) - 1);
	assert_int_equal(strlen(err.message), sizeof(err.message) - 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(error__codes_are_negative_and_distinct),
		cmocka_unit_test(error__table_gives_word_status_and_title),
		cmocka_unit_test(error__uncertain_and_no_memory_read_as_unavailable),
		cmocka_unit_test(error__unknown_codes_read_as_internal),
		cmocka_unit_test(error__set_notes_code_path_and_message),
		cmocka_unit_test(error__first_error_wins),
		cmocka_unit_test(error__null_object_is_allowed),
		cmocka_unit_test(error__control_bytes_of_the_message_are_replaced),
		cmocka_unit_test(error__long_texts_are_cut),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
