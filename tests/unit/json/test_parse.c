/* Tests of the strict reader: what it takes, how deep and how much, and what a failed allocation does to it. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <jansson.h>
#include <math.h>

#include "parsing.h"
#include "unit/base/torture.h"
#include "core/base/buf.h"
#include "core/json/scan.h"

static void assert_number(const char *text, double expected)
{
	json_t *value = parsed(text);
	assert_true(json_is_real(value));
	assert_true(json_real_value(value) == expected);
	assert_int_equal(signbit(json_real_value(value)) != 0, signbit(expected) != 0);
	json_decref(value);
}

static void assert_string(const char *text, struct sl_str expected)
{
	json_t *value = parsed(text);
	assert_true(json_is_string(value));
	assert_true(sl_str_equal((struct sl_str){ json_string_value(value), json_string_length(value) }, expected));
	json_decref(value);
}

static const char sample[] =
	"{\"a\": [1, -2.5e3, {\"b\\n\": null}], \"\": {}, \"\\u00e4\\ud83d\\ude00\": [true, false, []],\n"
	"\t\"text\": \"line\\nline \\\"quoted\\\" \xe2\x82\xac\", \"n\": 0}";

static void parse__reads_a_document(void **state)
{
	(void)state;
	json_t *value = parsed(sample);
	assert_int_equal(json_object_size(value), 5);
	const json_t *array = json_object_get(value, "a");
	assert_int_equal(json_array_size(array), 3);
	assert_true(json_real_value(json_array_get(array, 1)) == -2500);
	assert_true(json_is_null(json_object_get(json_array_get(array, 2), "b\n")));
	assert_true(json_is_object(json_object_get(value, "")));
	assert_int_equal(json_array_size(json_object_get(value, "\xc3\xa4\xf0\x9f\x98\x80")), 3);
	assert_string_equal(json_string_value(json_object_get(value, "text")), "line\nline \"quoted\" \xe2\x82\xac");
	json_decref(value);
}

static void parse__agrees_with_jansson(void **state)
{
	(void)state;
	json_t *ours = parsed(sample), *theirs = json_loads(sample, JSON_DECODE_INT_AS_REAL, NULL);
	assert_true(json_equal(ours, theirs));
	json_decref(ours);
	json_decref(theirs);
}

static void parse__takes_any_value_at_the_top(void **state)
{
	(void)state;
	static const char *const texts[] = { "null", " true ", "false\n", "0", "\"\"", "[]", "\r\n\t {} ", "[ ]", "{ }" };
	for (size_t i = 0; i < COUNT(texts); i++)
		json_decref(parsed(texts[i]));
}

static void parse__numbers_are_doubles(void **state)
{
	(void)state;
	assert_number("12", 12);
	assert_number("-0", -0.0);
	assert_number("9007199254740993", 9007199254740992);
	assert_number("9223372036854775808", 9223372036854775808.0);
	assert_number("1e-400", 0);
	assert_number("1E2", 100);
	assert_number("123456789012345678901234567890", 1.2345678901234568e29);
}

static void parse__decodes_escapes(void **state)
{
	(void)state;
	assert_string("\"\\\"\\\\\\/\\b\\f\\n\\r\\t\"", SL_STR("\"\\/\b\f\n\r\t"));
	assert_string("\"\\u0041\\u00e4\\u20AC\\uD83D\\uDE00\\u0001\"",
		SL_STR("A\xc3\xa4\xe2\x82\xac\xf0\x9f\x98\x80\x01"));
	assert_string("\"\\uDBFF\\uDFFF\\uFFFF\\uE000\"", SL_STR("\xf4\x8f\xbf\xbf\xef\xbf\xbf\xee\x80\x80"));
	assert_string("\"plain text of more than eight bytes\\\\\"", SL_STR("plain text of more than eight bytes\\"));
	assert_string("\"\x7f\xef\xbb\xbf\"", SL_STR("\x7f\xef\xbb\xbf"));
}

static void parse__every_prefix_is_refused(void **state)
{
	(void)state;
	for (size_t length = 0; length < sizeof(sample) - 1; length++)
		assert_refused((struct sl_str){ sample, length }, NULL);
}

/* Whatever one byte is changed to, the text is refused or read, and nothing leaks or is read beyond its end. */
static void parse__every_changed_byte_is_survived(void **state)
{
	(void)state;
	static const char bytes[] = "\0\x01 \"\\/[]{},:0-.eu\x7f\x80\xc3\xed\xf4\xff";
	char text[sizeof(sample)];
	for (size_t at = 0; at < sizeof(sample) - 1; at++) {
		for (size_t i = 0; i < sizeof(bytes) - 1; i++) {
			struct sl_err err = SL_ERR_INIT;
			json_t *value;
			memcpy(text, sample, sizeof(sample));
			text[at] = bytes[i];
			int code = parse((struct sl_str){ text, sizeof(sample) - 1 }, &value, &err);
			assert_true(code == 0 || code == SL_MALFORMED);
			json_decref(value);
		}
	}
}

static void parse__nests_to_the_limit(void **state)
{
	(void)state;
	char text[2 * SL_JSON_DEPTH + 3];
	for (size_t depth = 1; depth <= SL_JSON_DEPTH + 1; depth++) {
		struct sl_str nested = { text, 2 * depth };
		memset(text, '[', depth);
		memset(text + depth, ']', depth);
		if (depth > SL_JSON_DEPTH) {
			assert_refused(nested, "nesting too deep at line 1, byte 32");
			continue;
		}
		text[2 * depth] = '\0';
		json_decref(parsed(text));
	}
}

static void parse__deep_hostile_texts_are_refused(void **state)
{
	(void)state;
	enum { LENGTH = 1000000 };
	static const char *const pieces[] = { "[", "{\"a\":", "[{\"\":", "]", "\"", "\\", "{}", ":", "[]," };
	char *text = malloc(LENGTH);
	assert_non_null(text);
	for (size_t i = 0; i < COUNT(pieces); i++) {
		for (size_t at = 0; at < LENGTH; at++)
			text[at] = pieces[i][at % strlen(pieces[i])];
		struct sl_err err = SL_ERR_INIT;
		json_t *value;
		assert_true(sl_json_parse((struct sl_str){ text, LENGTH }, &value, &err) != 0);
		assert_null(value);
	}
	free(text);
}

static void parse__large_objects_keep_all_members(void **state)
{
	(void)state;
	struct sl_buf text;
	sl_buf_init(&text, 1000000);
	for (int i = 0; i < 20000; i++) {
		sl_buf_add_text(&text, i == 0 ? "{\"key \\u0041" : ",\"key \\u0041");
		sl_buf_add_int(&text, i);
		sl_buf_add_text(&text, "\":");
		sl_buf_add_int(&text, i);
	}
	sl_buf_add_text(&text, "}");
	struct sl_err err = SL_ERR_INIT;
	json_t *value;
	assert_int_equal(sl_json_parse(sl_buf_str(&text), &value, &err), 0);
	assert_int_equal(json_object_size(value), 20000);
	assert_true(json_real_value(json_object_get(value, "key A19999")) == 19999);
	json_decref(value);
	sl_buf_dispose(&text);
}

static int parse_sample(void *context)
{
	struct sl_err err = SL_ERR_INIT;
	json_t *value, *expected = context;
	int code = sl_json_parse(SL_STR(sample), &value, &err);
	assert_int_equal(code, err.code);
	assert_true((code == 0) == (value != NULL));
	if (code == 0)
		assert_true(json_equal(value, expected));
	json_decref(value);
	return code;
}

static void parse__survives_every_failed_allocation(void **state)
{
	(void)state;
	json_t *expected = parsed(sample);
	assert_true(torture(parse_sample, expected) >= 20);
	json_decref(expected);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(parse__reads_a_document),
		cmocka_unit_test(parse__agrees_with_jansson),
		cmocka_unit_test(parse__takes_any_value_at_the_top),
		cmocka_unit_test(parse__numbers_are_doubles),
		cmocka_unit_test(parse__decodes_escapes),
		cmocka_unit_test(parse__every_prefix_is_refused),
		cmocka_unit_test(parse__every_changed_byte_is_survived),
		cmocka_unit_test(parse__nests_to_the_limit),
		cmocka_unit_test(parse__deep_hostile_texts_are_refused),
		cmocka_unit_test(parse__large_objects_keep_all_members),
		cmocka_unit_test(parse__survives_every_failed_allocation),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
