/* Tests of UTF-8 validation, encoding and order. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "core/base/utf8.h"

static void utf8__encoded_points_are_valid_and_whole(void **state)
{
	(void)state;
	for (uint32_t point = 0; point <= 0x10ffff; point++) {
		char bytes[4];
		if (point == 0xd800)
			point = 0xe000;
		size_t length = sl_utf8_encode(point, bytes);
		size_t expected = point < 0x80 ? 1 : point < 0x800 ? 2 : point < 0x10000 ? 3 : 4;
		assert_int_equal(length, expected);
		assert_int_equal(sl_utf8_valid((struct sl_str){ bytes, length }), length);
		if (length > 1)
			assert_int_equal(sl_utf8_valid((struct sl_str){ bytes, length - 1 }), 0);
	}
}

static void utf8__known_bytes(void **state)
{
	(void)state;
	char bytes[4];
	assert_int_equal(sl_utf8_encode(0x20ac, bytes), 3);
	assert_memory_equal(bytes, "\xe2\x82\xac", 3);
	assert_int_equal(sl_utf8_encode(0x1f600, bytes), 4);
	assert_memory_equal(bytes, "\xf0\x9f\x98\x80", 4);
}

static void utf8__refuses_what_is_not_well_formed(void **state)
{
	(void)state;
	static const char *const bad[] = {
		"\x80", "\xbf", "\xc0\x80", "\xc1\xbf", "\xc3", "\xc3(", "\xe0\x80\x80", "\xe0\x9f\xbf", "\xe2\x82",
		"\xe2(\xa1", "\xed\xa0\x80", "\xed\xbf\xbf", "\xf0\x80\x80\x80", "\xf0\x8f\xbf\xbf", "\xf0\x9f\x98",
		"\xf0\x9f(\x80", "\xf4\x90\x80\x80", "\xf5\x80\x80\x80", "\xf8\x88\x80\x80\x80", "\xfe", "\xff",
	};
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		char text[64];
		for (size_t before = 0; before < 20; before++) {
			memset(text, 'a', sizeof(text));
			memcpy(text + before, bad[i], strlen(bad[i]));
			assert_int_equal(sl_utf8_valid((struct sl_str){ text, sizeof(text) }), before);
			assert_int_equal(sl_utf8_valid((struct sl_str){ text, before + strlen(bad[i]) }), before);
		}
	}
}

static void utf8__empty_text_is_valid(void **state)
{
	(void)state;
	assert_int_equal(sl_utf8_valid((struct sl_str){ NULL, 0 }), 0);
}

static int sign(int order) { return (order > 0) - (order < 0); }

/* What the order is by definition: of UTF-16 code units. */
static int compare_points(uint32_t a, uint32_t b)
{
	uint32_t first_a = a > 0xffff ? 0xd800 + ((a - 0x10000) >> 10) : a;
	uint32_t first_b = b > 0xffff ? 0xd800 + ((b - 0x10000) >> 10) : b;
	if (first_a != first_b)
		return first_a < first_b ? -1 : 1;
	return a < b ? -1 : a > b;
}

static void utf8__order_is_that_of_utf16(void **state)
{
	(void)state;
	static const uint32_t points[] = { 0, 'a', 0x7f, 0x80, 0x7ff, 0x800, 0xd7ff, 0xe000, 0xefff, 0xf000, 0xfb33, 0xffff,
		0x10000, 0x103ff, 0x10400, 0x1f600, 0x3ffff, 0x40000, 0x10ffff };
	size_t count = sizeof(points) / sizeof(points[0]);
	for (size_t i = 0; i < count * count; i++) {
		char a[8] = "same", b[8] = "same";
		uint32_t point_a = points[i / count], point_b = points[i % count];
		struct sl_str text_a = { a, 4 + sl_utf8_encode(point_a, a + 4) };
		struct sl_str text_b = { b, 4 + sl_utf8_encode(point_b, b + 4) };
		assert_int_equal(sign(sl_utf8_compare_utf16(text_a, text_b)), compare_points(point_a, point_b));
	}
}

static void utf8__prefix_comes_first(void **state)
{
	(void)state;
	assert_true(sl_utf8_compare_utf16(SL_STR(""), SL_STR("a")) < 0);
	assert_true(sl_utf8_compare_utf16(SL_STR("ab"), SL_STR("a")) > 0);
	assert_int_equal(sl_utf8_compare_utf16(SL_STR("ab"), SL_STR("ab")), 0);
	assert_int_equal(sl_utf8_compare_utf16((struct sl_str){ NULL, 0 }, SL_STR("")), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(utf8__encoded_points_are_valid_and_whole),
		cmocka_unit_test(utf8__known_bytes),
		cmocka_unit_test(utf8__refuses_what_is_not_well_formed),
		cmocka_unit_test(utf8__empty_text_is_valid),
		cmocka_unit_test(utf8__order_is_that_of_utf16),
		cmocka_unit_test(utf8__prefix_comes_first),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
