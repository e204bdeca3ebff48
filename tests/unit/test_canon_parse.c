/* Tests of the strict reader: what it takes, what it refuses and where, and what a failed allocation does to it. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <jansson.h>
#include <math.h>
#include <stdlib.h>

#include "core/canon.h"
#include "torture.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

/* Parses a copy that ends exactly where the text does, so that AddressSanitizer sees a byte read too much. */
static int parse(struct sl_str text, json_t **value_r, struct sl_err *err)
{
	char *copy = malloc(text.length ? text.length : 1);
	assert_non_null(copy);
	if (text.length)
		memcpy(copy, text.bytes, text.length);
	int code = sl_canon_parse((struct sl_str){ copy, text.length }, value_r, err);
	free(copy);
	assert_int_equal(code, err->code);
	assert_true((code == 0) == (*value_r != NULL));
	return code;
}

static json_t *parsed(const char *text)
{
	struct sl_err err = SL_ERR_INIT;
	json_t *value;
	if (parse(sl_str_from(text), &value, &err) != 0)
		fail_msg("%.60s: %s", text, err.message);
	return value;
}

static void assert_refused(struct sl_str text, const char *message)
{
	struct sl_err err = SL_ERR_INIT;
	json_t *value;
	if (parse(text, &value, &err) != SL_MALFORMED)
		fail_msg("%.*s: code %d instead of: %s", (int)text.length, text.bytes, err.code, message);
	if (message)
		assert_string_equal(err.message, message);
}

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

static void parse__refuses_bad_grammar(void **state)
{
	(void)state;
	static const struct {
		const char *text, *message;
	} cases[] = {
		{ "", "unexpected end of the text at line 1, byte 0" },
		{ "  \n ", "unexpected end of the text at line 2, byte 4" },
		{ "[1,]", "a value was expected at line 1, byte 3" },
		{ "[,1]", "a value was expected at line 1, byte 1" },
		{ "[1 2]", "',' or ']' was expected at line 1, byte 3" },
		{ "[1}", "',' or ']' was expected at line 1, byte 2" },
		{ "[1", "unexpected end of the text at line 1, byte 2" },
		{ "[", "unexpected end of the text at line 1, byte 1" },
		{ "]", "closing bracket without an opening one at line 1, byte 0" },
		{ "{\"a\":1,}", "a key was expected at line 1, byte 7" },
		{ "{,}", "a key was expected at line 1, byte 1" },
		{ "{a:1}", "a key was expected at line 1, byte 1" },
		{ "{1:1}", "a key was expected at line 1, byte 1" },
		{ "{\"a\"}", "':' was expected at line 1, byte 4" },
		{ "{\"a\" 1}", "':' was expected at line 1, byte 5" },
		{ "{\"a\":}", "a value was expected at line 1, byte 5" },
		{ "{\"a\":1]", "',' or '}' was expected at line 1, byte 6" },
		{ "{\"a\":1 \"b\":2}", "',' or '}' was expected at line 1, byte 7" },
		{ "{\"a\"::1}", "a value was expected at line 1, byte 5" },
		{ "[\"a\":1]", "',' or ']' was expected at line 1, byte 4" },
		{ "{'a':1}", "a key was expected at line 1, byte 1" },
		{ "['a']", "a value was expected at line 1, byte 1" },
		{ "01", "text behind the value at line 1, byte 1" },
		{ "[-01]", "',' or ']' was expected at line 1, byte 3" },
		{ "+1", "a value was expected at line 1, byte 0" },
		{ ".5", "a value was expected at line 1, byte 0" },
		{ "1.", "text behind the value at line 1, byte 1" },
		{ "1e", "text behind the value at line 1, byte 1" },
		{ "0x1", "text behind the value at line 1, byte 1" },
		{ "NaN", "a value was expected at line 1, byte 0" },
		{ "-Infinity", "a value was expected at line 1, byte 0" },
		{ "True", "a value was expected at line 1, byte 0" },
		{ "nul", "a value was expected at line 1, byte 0" },
		{ "nulll", "text behind the value at line 1, byte 4" },
		{ "1 // one", "text behind the value at line 1, byte 2" },
		{ "[1,/* two */2]", "a value was expected at line 1, byte 3" },
		{ "# comment\n1", "a value was expected at line 1, byte 0" },
		{ "{}{}", "text behind the value at line 1, byte 2" },
		{ "{}\n\n x", "text behind the value at line 3, byte 5" },
		{ "{}]", "closing bracket without an opening one at line 1, byte 2" },
		{ "\xc2\xa0" "1", "a value was expected at line 1, byte 0" },
		{ "1\x0c", "control character at line 1, byte 1" },
		{ "[1e400]", "number too large at line 1, byte 1" },
		{ "-1e400", "number too large at line 1, byte 0" },
	};
	for (size_t i = 0; i < COUNT(cases); i++)
		assert_refused(sl_str_from(cases[i].text), cases[i].message);
	assert_refused((struct sl_str){ NULL, 0 }, "unexpected end of the text at line 1, byte 0");
}

static void parse__refuses_bad_strings(void **state)
{
	(void)state;
	static const struct {
		struct sl_str text;
		const char *message;
	} cases[] = {
		{ { "\"", 1 }, "string without an end at line 1, byte 0" },
		{ { "[\"abc", 5 }, "string without an end at line 1, byte 1" },
		{ { "\"abc\\", 5 }, "invalid escape at line 1, byte 4" },
		{ { "\"abc\\\"", 6 }, "string without an end at line 1, byte 0" },
		{ { "\"\\a\"", 4 }, "invalid escape at line 1, byte 1" },
		{ { "\"\\\0\"", 4 }, "invalid escape at line 1, byte 1" },
		{ { "\"\\x41\"", 6 }, "invalid escape at line 1, byte 1" },
		{ { "\"\\U0041\"", 8 }, "invalid escape at line 1, byte 1" },
		{ { "\"\\u00g0\"", 8 }, "\\u without four hex digits at line 1, byte 1" },
		{ { "\"\\u004\"", 7 }, "\\u without four hex digits at line 1, byte 1" },
		{ { "\"\\u", 3 }, "\\u without four hex digits at line 1, byte 1" },
		{ { "\"a\nb\"", 5 }, "control character in a string at line 1, byte 2" },
		{ { "\"a\tb\"", 5 }, "control character in a string at line 1, byte 2" },
		{ { "\"a\0b\"", 5 }, "control character in a string at line 1, byte 2" },
		{ { "{\"a\0\":1}", 8 }, "control character in a string at line 1, byte 3" },
		{ { "\0", 1 }, "control character at line 1, byte 0" },
		{ { "1\0", 2 }, "control character at line 1, byte 1" },
		{ { "[\n\"a\\u0000\"]", 12 }, "NUL in a string at line 2, byte 4" },
		{ { "{\"\\u0000\":1}", 12 }, "NUL in a string at line 1, byte 2" },
		{ { "\"\\ud800\"", 8 }, "lone surrogate at line 1, byte 1" },
		{ { "\"\\uDC00\"", 8 }, "lone surrogate at line 1, byte 1" },
		{ { "\"\\ude00\\ud83d\"", 14 }, "lone surrogate at line 1, byte 1" },
		{ { "\"\\ud83d\\ud83d\"", 14 }, "lone surrogate at line 1, byte 1" },
		{ { "\"\\ud83d\\n\"", 10 }, "lone surrogate at line 1, byte 1" },
		{ { "\"\\ud83dx\\ude00\"", 15 }, "lone surrogate at line 1, byte 1" },
		{ { "\"\\ud83d\\\\ude00\"", 15 }, "lone surrogate at line 1, byte 1" },
		{ { "\"\\ud83d\\ude0\"", 13 }, "lone surrogate at line 1, byte 1" },
		{ { "\"\\ud83d", 7 }, "lone surrogate at line 1, byte 1" },
	};
	for (size_t i = 0; i < COUNT(cases); i++)
		assert_refused(cases[i].text, cases[i].message);
}

static void parse__refuses_bad_encodings(void **state)
{
	(void)state;
	static const struct {
		struct sl_str text;
		const char *message;
	} cases[] = {
		{ { "\xef\xbb\xbf{}", 5 }, "byte-order mark at line 1, byte 0" },
		{ { "{}\xef\xbb\xbf", 5 }, "text behind the value at line 1, byte 2" },
		{ { "\xff\xfe[\0]\0", 6 }, "invalid UTF-8 at line 1, byte 0" },
		{ { "[\0]\0", 4 }, "control character at line 1, byte 1" },
		{ { "\"\xc0\x80\"", 4 }, "invalid UTF-8 at line 1, byte 1" },
		{ { "\"\xe0\x80\xaf\"", 5 }, "invalid UTF-8 at line 1, byte 1" },
		{ { "\"\xed\xa0\x80\"", 5 }, "invalid UTF-8 at line 1, byte 1" },
		{ { "\"\xed\xa0\xbd\xed\xb8\x80\"", 8 }, "invalid UTF-8 at line 1, byte 1" },
		{ { "\"\xf4\x90\x80\x80\"", 6 }, "invalid UTF-8 at line 1, byte 1" },
		{ { "\"ab\xe2\x82\"", 6 }, "invalid UTF-8 at line 1, byte 3" },
		{ { "\"ab\xe2\x82", 5 }, "invalid UTF-8 at line 1, byte 3" },
		{ { "\"\x80\"", 3 }, "invalid UTF-8 at line 1, byte 1" },
		{ { "{\"\xe4\":1}", 7 }, "invalid UTF-8 at line 1, byte 2" },
	};
	for (size_t i = 0; i < COUNT(cases); i++)
		assert_refused(cases[i].text, cases[i].message);
}

static void parse__refuses_duplicate_keys(void **state)
{
	(void)state;
	assert_refused(SL_STR("{\"a\":1,\"a\":1}"), "duplicate key at line 1, byte 7");
	assert_refused(SL_STR("{\"a\":1,\"b\":2,\n \"\\u0061\":3}"), "duplicate key at line 2, byte 15");
	assert_refused(SL_STR("{\"\":1,\"\":1}"), "duplicate key at line 1, byte 6");
	assert_refused(SL_STR("[{\"\\ud83d\\ude00\":{},\"\xf0\x9f\x98\x80\":[]}]"), "duplicate key at line 1, byte 20");
	json_decref(parsed("{\"a\":{\"a\":{\"a\":1}},\"A\":{\"a\":1},\"a \":2}"));
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
		assert_true(sl_canon_parse((struct sl_str){ text, LENGTH }, &value, &err) != 0);
		assert_null(value);
	}
	free(text);
}

/* A text of `count` items and the blanks that make it `length` bytes long. The caller frees it. */
static char *bomb(const char *item, size_t count, size_t length)
{
	char *text = malloc(length);
	size_t size = strlen(item), at = 1;
	assert_non_null(text);
	assert_true(length >= count * (size + 1) + 1);
	memset(text, ' ', length);
	text[0] = '[';
	for (size_t i = 0; i < count; i++) {
		memcpy(text + at, item, size);
		at += size;
		text[at++] = i + 1 < count ? ',' : ']';
	}
	return text;
}

static int parse_bomb(const char *item, size_t count, size_t length)
{
	struct sl_err err = SL_ERR_INIT;
	json_t *value;
	char *text = bomb(item, count, length);
	int code = sl_canon_parse((struct sl_str){ text, length }, &value, &err);
	json_decref(value);
	free(text);
	return code;
}

static void parse__counts_values_before_building(void **state)
{
	(void)state;
	size_t most = SL_JSON_VALUES_MINIMUM - 1; /* beside the array itself */
	assert_int_equal(parse_bomb("{}", most, 500000), 0);
	assert_int_equal(parse_bomb("{}", most + 1, 500000), SL_TOO_LARGE);
	assert_int_equal(parse_bomb("1", most, 500000), 0);
	assert_int_equal(parse_bomb("1", most + 1, 500000), SL_TOO_LARGE);
	assert_int_equal(parse_bomb("\"\"", most + 1, 500000), SL_TOO_LARGE);
	assert_int_equal(parse_bomb("{\"k\":1}", most / 2, 800000), 0);
	assert_int_equal(parse_bomb("{\"k\":1}", most / 2 + 1, 800000), SL_TOO_LARGE);
	assert_int_equal(parse_bomb("{}", most + 1, 8 * (SL_JSON_VALUES_MINIMUM + 1)), 0);
	assert_int_equal(parse_bomb("{}", 1300000, 4000000), SL_TOO_LARGE);
}

/* Colons where the grammar has none must not hide values from the count. */
static void parse__stray_colons_hide_no_values(void **state)
{
	(void)state;
	struct sl_err err = SL_ERR_INIT;
	json_t *value;
	size_t length = 1000000;
	char *text = bomb("{}", 200000, length);
	memset(text + 600001, ':', 100000);
	assert_int_equal(sl_canon_parse((struct sl_str){ text, length }, &value, &err), SL_TOO_LARGE);
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
	assert_int_equal(sl_canon_parse(sl_buf_str(&text), &value, &err), 0);
	assert_int_equal(json_object_size(value), 20000);
	assert_true(json_real_value(json_object_get(value, "key A19999")) == 19999);
	json_decref(value);
	sl_buf_dispose(&text);
}

static int parse_sample(void *context)
{
	struct sl_err err = SL_ERR_INIT;
	json_t *value, *expected = context;
	int code = sl_canon_parse(SL_STR(sample), &value, &err);
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
		cmocka_unit_test(parse__refuses_bad_grammar),
		cmocka_unit_test(parse__refuses_bad_strings),
		cmocka_unit_test(parse__refuses_bad_encodings),
		cmocka_unit_test(parse__refuses_duplicate_keys),
		cmocka_unit_test(parse__nests_to_the_limit),
		cmocka_unit_test(parse__deep_hostile_texts_are_refused),
		cmocka_unit_test(parse__counts_values_before_building),
		cmocka_unit_test(parse__stray_colons_hide_no_values),
		cmocka_unit_test(parse__large_objects_keep_all_members),
		cmocka_unit_test(parse__survives_every_failed_allocation),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
