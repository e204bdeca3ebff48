/* Tests of the canonical writer: RFC 8785. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <jansson.h>
#include <math.h>
#include <stdio.h>

#include "core/json/parse.h"
#include "core/json/scan.h"
#include "core/json/write.h"
#include "unit/base/torture.h"

#define MAXIMUM 10000000
#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

static json_t *parsed(struct sl_str text)
{
	struct sl_err err = SL_ERR_INIT;
	json_t *value;
	if (sl_json_parse(text, &value, &err) != 0)
		fail_msg("%s", err.message);
	return value;
}

static void assert_buf(struct sl_buf *buf, struct sl_str text)
{
	assert_int_equal(sl_buf_code(buf), 0);
	assert_int_equal(buf->length, text.length);
	assert_memory_equal(buf->bytes, text.bytes, text.length);
	sl_buf_dispose(buf);
}

static void assert_canonical(struct sl_str text, struct sl_str expected)
{
	json_t *value = parsed(text);
	struct sl_buf out;
	sl_buf_init(&out, MAXIMUM);
	sl_json_write(&out, value);
	assert_buf(&out, expected);
	json_decref(value);
}

/* Writes `value`, which it takes over. */
static void assert_written(json_t *value, const char *expected)
{
	struct sl_buf out;
	sl_buf_init(&out, MAXIMUM);
	sl_json_write(&out, value);
	assert_buf(&out, sl_str_from(expected));
	json_decref(value);
}

/* RFC 8785, section 3.2.2. */
static void canon__writes_the_sample_of_rfc_8785(void **state)
{
	(void)state;
	static const char text[] =
		"{\n"
		"  \"numbers\": [333333333.33333329, 1E30, 4.50, 2e-3, 0.000000000000000000000000001],\n"
		"  \"string\": \"\\u20ac$\\u000F\\u000aA'\\u0042\\u0022\\u005c\\\\\\\"\\/\",\n"
		"  \"literals\": [null, true, false]\n"
		"}";
	static const char expected[] =
		"{\"literals\":[null,true,false],\"numbers\":[333333333.3333333,1e+30,4.5,0.002,1e-27],"
		"\"string\":\"\xe2\x82\xac$\\u000f\\nA'B\\\"\\\\\\\\\\\"/\"}";
	assert_canonical(SL_STR(text), SL_STR(expected));
}

/* RFC 8785, section 3.2.3: U+1F600 (D83D DE00 in UTF-16) comes before U+FB33. */
static void canon__sorts_keys_by_utf16(void **state)
{
	(void)state;
	static const char text[] =
		"{\"\\u20ac\":\"Euro Sign\",\"\\r\":\"Carriage Return\",\"\\ufb33\":\"Hebrew Letter Dalet With Dagesh\","
		"\"1\":\"One\",\"\\ud83d\\ude00\":\"Emoji: Grinning Face\",\"\\u0080\":\"Control\","
		"\"\\u00f6\":\"Latin Small Letter O With Diaeresis\"}";
	static const char expected[] =
		"{\"\\r\":\"Carriage Return\",\"1\":\"One\",\"\xc2\x80\":\"Control\","
		"\"\xc3\xb6\":\"Latin Small Letter O With Diaeresis\",\"\xe2\x82\xac\":\"Euro Sign\","
		"\"\xf0\x9f\x98\x80\":\"Emoji: Grinning Face\",\"\xef\xac\xb3\":\"Hebrew Letter Dalet With Dagesh\"}";
	assert_canonical(SL_STR(text), SL_STR(expected));
}

static void canon__keys_are_sorted_at_every_depth(void **state)
{
	(void)state;
	assert_canonical(SL_STR("{\"b\":[{\"z\":1,\"\":2,\"aa\":3,\"a\":4}],\"a\":{\"y\":{},\"x\":[]}}"),
		SL_STR("{\"a\":{\"x\":[],\"y\":{}},\"b\":[{\"\":2,\"a\":4,\"aa\":3,\"z\":1}]}"));
}

/* Below, at and above the number of members that are sorted without the heap. */
static void canon__objects_of_any_size_are_sorted(void **state)
{
	(void)state;
	static const int sizes[] = { 0, 1, 2, 63, 64, 65, 66, 1000 };
	for (size_t i = 0; i < COUNT(sizes); i++) {
		struct sl_buf shuffled, sorted;
		sl_buf_init(&shuffled, MAXIMUM);
		sl_buf_init(&sorted, MAXIMUM);
		for (int k = 0; k < sizes[i]; k++) {
			char member[32];
			snprintf(member, sizeof(member), "%c\"k%04d\":%d", k ? ',' : '{', k, k);
			sl_buf_add_text(&sorted, member);
			int other = (k * 7919 + 5) % sizes[i]; /* 7919 shares no factor with any of the sizes */
			snprintf(member, sizeof(member), "%c\"k%04d\":%d", k ? ',' : '{', other, other);
			sl_buf_add_text(&shuffled, member);
		}
		sl_buf_add_text(&sorted, sizes[i] ? "}" : "{}");
		sl_buf_add_text(&shuffled, sizes[i] ? "}" : "{}");
		assert_canonical(sl_buf_str(&shuffled), sl_buf_str(&sorted));
		sl_buf_dispose(&shuffled);
		sl_buf_dispose(&sorted);
	}
}

static void canon__strings_escape_only_what_they_must(void **state)
{
	(void)state;
	struct sl_buf out;
	sl_buf_init(&out, MAXIMUM);
	sl_json_string(&out, SL_STR("\b\t\n\f\r\"\\/\x01\x1f\x7f <>&'\xc2\x80\xe2\x80\xa8\xf0\x9f\x98\x80"));
	assert_buf(&out, SL_STR("\"\\b\\t\\n\\f\\r\\\"\\\\/\\u0001\\u001f\x7f <>&'\xc2\x80\xe2\x80\xa8\xf0\x9f\x98\x80\""));
	sl_buf_init(&out, MAXIMUM);
	sl_json_string(&out, (struct sl_str){ NULL, 0 });
	assert_buf(&out, SL_STR("\"\""));
	sl_buf_init(&out, MAXIMUM);
	sl_json_string(&out, (struct sl_str){ "a\0b", 3 });
	assert_buf(&out, SL_STR("\"a\\u0000b\""));
}

/* A special byte is found at each place in and around the eight that are looked at together. */
static void canon__escapes_are_found_at_every_place(void **state)
{
	(void)state;
	for (size_t length = 1; length < 40; length++) {
		for (size_t at = 0; at < length; at++) {
			char text[40], expected[64];
			memset(text, 0x80 + (int)(at % 0x40), sizeof(text));
			memset(expected, 0x80 + (int)(at % 0x40), sizeof(expected));
			text[at] = '"';
			expected[0] = '"';
			memcpy(expected + 1 + at, "\\\"", 2);
			expected[length + 2] = '"';
			struct sl_buf out;
			sl_buf_init(&out, MAXIMUM);
			sl_json_string(&out, (struct sl_str){ text, length });
			assert_buf(&out, (struct sl_str){ expected, length + 3 });
		}
	}
}

static void canon__numbers_are_those_of_ecmascript(void **state)
{
	(void)state;
	static const struct {
		double number;
		const char *text;
	} cases[] = {
		{ 0, "0" }, { -0.0, "0" }, { 1, "1" }, { -1, "-1" }, { 0.5, "0.5" }, { 1e15, "1000000000000000" },
		{ 9007199254740991, "9007199254740991" }, { -9007199254740991, "-9007199254740991" },
		{ 9007199254740992, "9007199254740992" }, { 9007199254740994, "9007199254740994" },
		{ 1e20, "100000000000000000000" }, { 1e21, "1e+21" }, { 1e-6, "0.000001" }, { 1e-7, "1e-7" },
		{ 9223372036854775808.0, "9223372036854776000" }, { -1e300, "-1e+300" },
		{ NAN, "null" }, { INFINITY, "null" }, { -INFINITY, "null" },
	};
	for (size_t i = 0; i < COUNT(cases); i++) {
		struct sl_buf out;
		sl_buf_init(&out, MAXIMUM);
		sl_json_number(&out, cases[i].number);
		assert_buf(&out, sl_str_from(cases[i].text));
	}
}

static void canon__integers_are_written_as_doubles(void **state)
{
	(void)state;
	assert_written(json_integer(0), "0");
	assert_written(json_integer(-42), "-42");
	assert_written(json_integer(9007199254740991), "9007199254740991");
	assert_written(json_integer(9007199254740993), "9007199254740992");
	assert_written(json_integer(INT64_MAX), "9223372036854776000");
	assert_written(json_integer(INT64_MIN), "-9223372036854776000");
	assert_written(json_pack("[i,f]", 5, 5.0), "[5,5]");
}

static void canon__writing_is_stable(void **state)
{
	(void)state;
	static const char *const texts[] = {
		"{\"z\":[1e0,-0,1.50,123456789012345678901,5e-324],\"a\":{\"\\u00e9\":\"\\u00e9\\u2028\",\"e\":null}}",
		"[[[]],{},\"\",\"\\\\\\/\\u001f\",[true,false],9007199254740993]",
		"{\"\\uD834\\uDD1E\":1,\"\\uFFFD\":2,\"\\uE000\":3,\"\\uD7FF\":4}",
		" 1E2 ",
	};
	for (size_t i = 0; i < COUNT(texts); i++) {
		struct sl_buf once;
		json_t *value = parsed(sl_str_from(texts[i]));
		sl_buf_init(&once, MAXIMUM);
		sl_json_write(&once, value);
		json_t *again = parsed(sl_buf_str(&once));
		assert_true(json_equal(value, again));
		assert_canonical(sl_buf_str(&once), sl_buf_str(&once));
		json_decref(value);
		json_decref(again);
		sl_buf_dispose(&once);
	}
}

static void canon__write_without_leaves_members_out(void **state)
{
	(void)state;
	static const char *const skip[] = { "id", "rank", "absent" };
	json_t *value = parsed(SL_STR("{\"title\":\"t\",\"rank\":\"V\",\"id\":{\"a\":1},\"data\":{\"id\":7}}"));
	struct sl_buf out;
	sl_buf_init(&out, MAXIMUM);
	sl_json_write_without(&out, value, skip, COUNT(skip));
	assert_buf(&out, SL_STR("{\"data\":{\"id\":7},\"title\":\"t\"}"));
	sl_buf_init(&out, MAXIMUM);
	sl_json_write_without(&out, value, NULL, 0);
	assert_buf(&out, SL_STR("{\"data\":{\"id\":7},\"id\":{\"a\":1},\"rank\":\"V\",\"title\":\"t\"}"));
	json_decref(value);
}

static void canon__write_without_is_for_objects(void **state)
{
	(void)state;
	struct sl_buf out;
	json_t *array = json_array();
	sl_buf_init(&out, MAXIMUM);
	sl_json_write_without(&out, array, NULL, 0);
	assert_int_equal(sl_buf_code(&out), SL_INTERNAL);
	json_decref(array);
	sl_buf_dispose(&out);
}

static void canon__full_buffer_sticks(void **state)
{
	(void)state;
	json_t *value = parsed(SL_STR("{\"a\":[1,2,3],\"b\":\"text\"}"));
	for (size_t maximum = 0; maximum < 24; maximum++) {
		struct sl_buf out;
		sl_buf_init(&out, maximum);
		sl_json_write(&out, value);
		assert_int_equal(sl_buf_code(&out), SL_TOO_LARGE);
		sl_buf_dispose(&out);
	}
	json_decref(value);
}

static json_t *nested(int depth)
{
	json_t *value = json_array();
	for (int i = 1; i < depth; i++)
		value = json_pack("[o]", value);
	return value;
}

static void canon__depth_is_limited(void **state)
{
	(void)state;
	struct sl_buf out;
	json_t *fits = nested(2 * SL_JSON_DEPTH), *too_deep = nested(2 * SL_JSON_DEPTH + 1);
	sl_buf_init(&out, MAXIMUM);
	sl_json_write(&out, fits);
	assert_int_equal(sl_buf_code(&out), 0);
	assert_int_equal(out.length, 4 * SL_JSON_DEPTH);
	sl_json_write(&out, too_deep);
	assert_int_equal(sl_buf_code(&out), SL_INTERNAL);
	sl_buf_dispose(&out);
	json_decref(fits);
	json_decref(too_deep);
}

static int parse_and_write(void *context)
{
	struct sl_str *text = context;
	struct sl_err err = SL_ERR_INIT;
	struct sl_buf out;
	json_t *value;
	int code = sl_json_parse(*text, &value, &err);
	sl_buf_init(&out, MAXIMUM);
	if (code == 0) {
		sl_json_write(&out, value);
		code = sl_buf_code(&out);
	}
	if (code == 0)
		assert_true(sl_str_equal(sl_buf_str(&out), *text));
	sl_buf_dispose(&out);
	json_decref(value);
	return code;
}

/* The text is canonical, holds an object beyond the sort on the stack, and a string that grows several times. */
static void canon__survives_every_failed_allocation(void **state)
{
	(void)state;
	struct sl_buf text;
	sl_buf_init(&text, MAXIMUM);
	for (int i = 0; i < 70; i++) {
		sl_buf_add_text(&text, i ? ",\"k" : "{\"k");
		sl_buf_add_int(&text, 100 + i);
		sl_buf_add_text(&text, "\":[1.5,{\"a\\n\":\"b\\n\"}]");
	}
	sl_buf_add_text(&text, ",\"long\":\"");
	for (int i = 0; i < 200; i++)
		sl_buf_add_text(&text, "a line of a script\\n");
	sl_buf_add_text(&text, "\"}");
	struct sl_str whole = sl_buf_str(&text);
	assert_true(torture(parse_and_write, &whole) >= 300);
	sl_buf_dispose(&text);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(canon__writes_the_sample_of_rfc_8785),
		cmocka_unit_test(canon__sorts_keys_by_utf16),
		cmocka_unit_test(canon__keys_are_sorted_at_every_depth),
		cmocka_unit_test(canon__objects_of_any_size_are_sorted),
		cmocka_unit_test(canon__strings_escape_only_what_they_must),
		cmocka_unit_test(canon__escapes_are_found_at_every_place),
		cmocka_unit_test(canon__numbers_are_those_of_ecmascript),
		cmocka_unit_test(canon__integers_are_written_as_doubles),
		cmocka_unit_test(canon__writing_is_stable),
		cmocka_unit_test(canon__write_without_leaves_members_out),
		cmocka_unit_test(canon__write_without_is_for_objects),
		cmocka_unit_test(canon__full_buffer_sticks),
		cmocka_unit_test(canon__depth_is_limited),
		cmocka_unit_test(canon__survives_every_failed_allocation),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
