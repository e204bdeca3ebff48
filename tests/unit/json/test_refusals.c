/* Tests of the strict reader: what it refuses as no JSON, and the place that its message names. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <jansson.h>

#include "parsing.h"

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

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(parse__refuses_bad_grammar),
		cmocka_unit_test(parse__refuses_bad_strings),
		cmocka_unit_test(parse__refuses_bad_encodings),
		cmocka_unit_test(parse__refuses_duplicate_keys),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
