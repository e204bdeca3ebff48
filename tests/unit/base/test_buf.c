/* Tests of the byte buffer and of varints. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <jansson.h>

#include "core/base/buf.h"
#include "torture.h"

static void assert_holds(const struct sl_buf *buf, const char *text)
{
	assert_int_equal(sl_buf_code(buf), 0);
	assert_int_equal(buf->length, strlen(text));
	assert_memory_equal(buf->bytes, text, buf->length);
}

static void buf__appends_all_kinds(void **state)
{
	(void)state;
	struct sl_buf buf;
	sl_buf_init(&buf, 1000);
	sl_buf_add(&buf, "ab", 2);
	sl_buf_add_str(&buf, SL_STR("cd"));
	sl_buf_add_str(&buf, (struct sl_str){ NULL, 0 });
	sl_buf_add_text(&buf, "ef");
	sl_buf_add_char(&buf, 'g');
	sl_buf_add_int(&buf, -12);
	assert_holds(&buf, "abcdefg-12");
	assert_int_equal(sl_buf_flush(&buf), 0);
	assert_true(sl_str_equal(sl_buf_str(&buf), SL_STR("abcdefg-12")));
	sl_buf_dispose(&buf);
}

static void buf__integers_reach_both_ends(void **state)
{
	(void)state;
	static const struct {
		int64_t number;
		const char *text;
	} cases[] = { { 0, "0" }, { 7, "7" }, { 10, "10" }, { -1, "-1" }, { 1000000, "1000000" },
		{ INT64_MAX, "9223372036854775807" }, { INT64_MIN, "-9223372036854775808" } };
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct sl_buf buf;
		sl_buf_init(&buf, 20);
		sl_buf_add_int(&buf, cases[i].number);
		assert_holds(&buf, cases[i].text);
		sl_buf_dispose(&buf);
	}
}

static void buf__grows_by_doubling_up_to_the_maximum(void **state)
{
	(void)state;
	struct sl_buf buf;
	size_t growths = 0, capacity = 0;
	sl_buf_init(&buf, 100001);
	for (size_t i = 0; i < 100001; i++) {
		sl_buf_add_char(&buf, (char)i);
		growths += buf.capacity != capacity;
		capacity = buf.capacity;
		assert_true(buf.capacity <= buf.maximum);
	}
	assert_int_equal(sl_buf_code(&buf), 0);
	assert_true(growths < 15);
	for (size_t i = 0; i < 100001; i++)
		assert_true(buf.bytes[i] == (char)i);
	sl_buf_add_char(&buf, 'x');
	assert_int_equal(sl_buf_code(&buf), SL_TOO_LARGE);
	sl_buf_dispose(&buf);
}

static void buf__too_much_sticks_and_changes_nothing(void **state)
{
	(void)state;
	struct sl_buf buf;
	sl_buf_init(&buf, 5);
	sl_buf_add_text(&buf, "abc");
	sl_buf_add_text(&buf, "def");
	assert_int_equal(sl_buf_code(&buf), SL_TOO_LARGE);
	sl_buf_add_char(&buf, 'g');
	sl_buf_fail(&buf, SL_INTERNAL);
	assert_int_equal(sl_buf_flush(&buf), SL_TOO_LARGE);
	assert_int_equal(buf.length, 3);
	assert_memory_equal(buf.bytes, "abc", 3);
	sl_buf_dispose(&buf);
}

static void buf__lengths_near_the_limit_of_memory_do_not_wrap(void **state)
{
	(void)state;
	struct sl_buf buf;
	sl_buf_init(&buf, 100);
	sl_buf_add_text(&buf, "abc");
	sl_buf_add(&buf, "", SIZE_MAX - 1);
	assert_int_equal(sl_buf_code(&buf), SL_TOO_LARGE);
	sl_buf_dispose(&buf);
}

static void buf__clear_forgets_content_and_error(void **state)
{
	(void)state;
	struct sl_buf buf;
	sl_buf_init(&buf, 4);
	sl_buf_add_text(&buf, "abcde");
	assert_int_equal(sl_buf_code(&buf), SL_TOO_LARGE);
	sl_buf_clear(&buf);
	sl_buf_add_text(&buf, "abcd");
	assert_holds(&buf, "abcd");
	char *bytes = buf.bytes;
	sl_buf_clear(&buf);
	assert_int_equal(buf.length, 0);
	assert_ptr_equal(buf.bytes, bytes);
	sl_buf_dispose(&buf);
}

static void buf__fail_sticks_once(void **state)
{
	(void)state;
	struct sl_buf buf;
	sl_buf_init(&buf, 10);
	sl_buf_fail(&buf, SL_CONFLICT);
	sl_buf_fail(&buf, SL_INTERNAL);
	sl_buf_add_text(&buf, "abc");
	assert_int_equal(sl_buf_code(&buf), SL_CONFLICT);
	assert_int_equal(buf.length, 0);
	sl_buf_dispose(&buf);
}

static void buf__expecting_makes_room_once_within_the_maximum(void **state)
{
	(void)state;
	struct sl_buf buf;
	sl_buf_init(&buf, 1000);
	sl_buf_add_text(&buf, "abc");
	sl_buf_expect(&buf, 500);
	const char *bytes = buf.bytes;
	for (int i = 0; i < 500; i++)
		sl_buf_add_char(&buf, 'd');
	assert_true(buf.bytes == bytes && buf.length == 503);
	sl_buf_expect(&buf, SIZE_MAX);
	assert_int_equal(sl_buf_code(&buf), 0);
	assert_int_equal(buf.capacity, 1000);
	assert_memory_equal(buf.bytes, "abcddd", 6);
	sl_buf_fail(&buf, SL_INTERNAL);
	sl_buf_expect(&buf, 1);
	assert_int_equal(sl_buf_code(&buf), SL_INTERNAL);
	sl_buf_dispose(&buf);
}

/* What a flush function received. */
struct sink {
	char bytes[4000];
	size_t length, calls, smallest, left; /* calls left until it fails; 0: never */
};

static int swallow(void *context, const char *bytes, size_t length)
{
	struct sink *sink = context;
	sink->calls++;
	if (sink->left && --sink->left == 0)
		return SL_UNAVAILABLE;
	if (sink->smallest == 0 || length < sink->smallest)
		sink->smallest = length;
	assert_true(length <= sizeof(sink->bytes) - sink->length);
	memcpy(sink->bytes + sink->length, bytes, length);
	sink->length += length;
	return 0;
}

static void buf__flushes_whole_chunks_in_order(void **state)
{
	(void)state;
	char text[2500];
	struct sl_buf buf;
	struct sink sink = { .length = 0 };
	for (size_t i = 0; i < sizeof(text); i++)
		text[i] = (char)('a' + i * 7 % 26);
	sl_buf_init_flushing(&buf, 64, swallow, &sink);
	for (size_t at = 0, step = 1; at < sizeof(text); at += step, step = step * 5 % 203) {
		if (step > sizeof(text) - at)
			step = sizeof(text) - at;
		sl_buf_add(&buf, text + at, step);
		assert_true(buf.length < 64);
	}
	assert_true(sink.smallest >= 64);
	assert_int_equal(sl_buf_flush(&buf), 0);
	assert_int_equal(sl_buf_flush(&buf), 0);
	assert_int_equal(sink.length, sizeof(text));
	assert_memory_equal(sink.bytes, text, sizeof(text));
	sl_buf_dispose(&buf);
}

static void buf__empty_flush_calls_nothing(void **state)
{
	(void)state;
	struct sl_buf buf;
	struct sink sink = { .length = 0 };
	sl_buf_init_flushing(&buf, 0, swallow, &sink);
	assert_int_equal(sl_buf_flush(&buf), 0);
	assert_int_equal(sink.calls, 0);
	sl_buf_add_text(&buf, "abc");
	assert_int_equal(sink.length, 3);
	sl_buf_dispose(&buf);
}

static void buf__code_of_the_flush_function_sticks(void **state)
{
	(void)state;
	struct sl_buf buf;
	struct sink sink = { .left = 2 };
	sl_buf_init_flushing(&buf, 4, swallow, &sink);
	for (int i = 0; i < 5; i++)
		sl_buf_add_text(&buf, "abcd");
	assert_int_equal(sl_buf_flush(&buf), SL_UNAVAILABLE);
	assert_int_equal(sink.calls, 2);
	assert_int_equal(sink.length, 4);
	sl_buf_dispose(&buf);
}

static void varint__round_trips(void **state)
{
	(void)state;
	static const uint64_t numbers[] = { 0, 1, 127, 128, 300, 16383, 16384, UINT32_MAX, INT64_MAX, UINT64_MAX - 1,
		UINT64_MAX };
	size_t count = sizeof(numbers) / sizeof(numbers[0]), cursor = 0;
	struct sl_buf buf;
	sl_buf_init(&buf, 1000);
	for (size_t i = 0; i < count; i++)
		sl_buf_add_varint(&buf, numbers[i]);
	for (size_t i = 0; i < count; i++) {
		uint64_t number = 42;
		assert_int_equal(sl_varint_read(sl_buf_str(&buf), &cursor, &number), 0);
		assert_true(number == numbers[i]);
	}
	assert_int_equal(cursor, buf.length);
	sl_buf_dispose(&buf);
}

static void varint__has_the_expected_bytes(void **state)
{
	(void)state;
	struct sl_buf buf;
	sl_buf_init(&buf, 100);
	sl_buf_add_varint(&buf, 300);
	sl_buf_add_varint(&buf, UINT64_MAX);
	assert_int_equal(buf.length, 12);
	assert_memory_equal(buf.bytes, "\xac\x02\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01", 12);
	sl_buf_dispose(&buf);
}

static void varint__refuses_cut_and_overlong_records(void **state)
{
	(void)state;
	static const struct sl_str bad[] = {
		{ NULL, 0 },
		{ "\x80", 1 },
		{ "\xff\xff", 2 },
		{ "\xff\xff\xff\xff\xff\xff\xff\xff\xff", 9 },
		{ "\xff\xff\xff\xff\xff\xff\xff\xff\xff\x02", 10 },
		{ "\x80\x80\x80\x80\x80\x80\x80\x80\x80\x80\x00", 11 },
		{ "\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01", 11 },
	};
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		size_t cursor = 0;
		uint64_t number = 42;
		assert_int_equal(sl_varint_read(bad[i], &cursor, &number), SL_INTERNAL);
		assert_int_equal(cursor, 0);
	}
	size_t beyond = 9;
	uint64_t number;
	assert_int_equal(sl_varint_read(SL_STR("abc"), &beyond, &number), SL_INTERNAL);
}

static int fill_buf(void *context)
{
	struct sl_buf buf;
	(void)context;
	sl_buf_init(&buf, 100000);
	for (int i = 0; i < 5000; i++)
		sl_buf_add_int(&buf, i);
	int code = sl_buf_code(&buf);
	sl_buf_dispose(&buf);
	return code;
}

static int fill_flushing(void *context)
{
	struct sl_buf buf;
	struct sink *sink = context;
	sink->length = 0;
	sl_buf_init_flushing(&buf, 200, swallow, sink);
	for (int i = 0; i < 500; i++)
		sl_buf_add_int(&buf, i);
	int code = sl_buf_flush(&buf);
	sl_buf_dispose(&buf);
	return code;
}

static void buf__survives_every_failed_allocation(void **state)
{
	(void)state;
	struct sink sink = { .length = 0 };
	assert_true(torture(fill_buf, NULL) >= 5);
	assert_true(torture(fill_flushing, &sink) >= 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(buf__appends_all_kinds),
		cmocka_unit_test(buf__integers_reach_both_ends),
		cmocka_unit_test(buf__grows_by_doubling_up_to_the_maximum),
		cmocka_unit_test(buf__too_much_sticks_and_changes_nothing),
		cmocka_unit_test(buf__lengths_near_the_limit_of_memory_do_not_wrap),
		cmocka_unit_test(buf__clear_forgets_content_and_error),
		cmocka_unit_test(buf__fail_sticks_once),
		cmocka_unit_test(buf__expecting_makes_room_once_within_the_maximum),
		cmocka_unit_test(buf__flushes_whole_chunks_in_order),
		cmocka_unit_test(buf__empty_flush_calls_nothing),
		cmocka_unit_test(buf__code_of_the_flush_function_sticks),
		cmocka_unit_test(varint__round_trips),
		cmocka_unit_test(varint__has_the_expected_bytes),
		cmocka_unit_test(varint__refuses_cut_and_overlong_records),
		cmocka_unit_test(buf__survives_every_failed_allocation),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
