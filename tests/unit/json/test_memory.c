/* How much memory a text's values take, and that more than was granted is refused before any of it is taken. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <malloc.h>
#include <stdio.h>
#include <stdlib.h>

#include "core/base/buf.h"
#include "core/json/parse.h"
#include "core/json/scan.h"

#define BLOCK_HEAD sizeof(size_t) /* of glibc's malloc */

static size_t taken, most;

static void *count_malloc(size_t size)
{
	void *block = malloc(size);
	taken += block ? malloc_usable_size(block) + BLOCK_HEAD : 0;
	most = taken > most ? taken : most;
	return block;
}

static void count_free(void *block)
{
	taken -= block ? malloc_usable_size(block) + BLOCK_HEAD : 0;
	free(block);
}

/* An array of `count` items, %zu in them being their number; of its text the caller frees the bytes. */
static struct sl_str list_of(const char *item, size_t count)
{
	struct sl_buf text;
	sl_buf_init(&text, SIZE_MAX);
	for (size_t i = 0; i < count; i++) {
		const char *place = strstr(item, "%zu");
		sl_buf_add_char(&text, i == 0 ? '[' : ',');
		sl_buf_add(&text, item, place ? (size_t)(place - item) : strlen(item));
		if (place) {
			sl_buf_add_int(&text, (int64_t)i);
			sl_buf_add_text(&text, place + 3);
		}
	}
	sl_buf_add_char(&text, ']');
	assert_int_equal(sl_buf_code(&text), 0);
	return sl_buf_str(&text);
}

/* The same members in one object. */
static struct sl_str object_of(const char *member, size_t count)
{
	struct sl_str text = list_of(member, count);
	((char *)text.bytes)[0] = '{';
	((char *)text.bytes)[text.length - 1] = '}';
	return text;
}

static void expect_estimate(struct sl_str text)
{
	struct sl_err err = SL_ERR_INIT;
	json_t *value;
	size_t estimate;
	assert_int_equal(sl_json_scan(text, &estimate, &err), 0);
	taken = most = 0;
	assert_int_equal(sl_json_parse(text, &value, &err), 0);
	json_decref(value);
	assert_int_equal(taken, 0);
	if (most > estimate || estimate > 3 * most)
		fail_msg("%zu bytes were taken, %zu expected: %.30s", most, estimate, text.bytes);
	free((char *)text.bytes);
}

static void memory__is_known_before_anything_is_built(void **state)
{
	static const char *const items[] = { "1", "-1.5e300", "true", "\"\"", "\"0123456789012345678901234567890\"", "[]", "{}",
		"[[[[]]]]", "[1,2,3,4,5,6,7,8,9]", "{\"k\":1}", "{\"k\":{}}", "{\"id\":\"%zu\"}",
		"{\"episodeId\":1,\"id\":\"1-1-%zu\"}", "{\"a\":1,\"b\":1,\"c\":1,\"d\":1,\"e\":1,\"f\":1,\"g\":1,\"h\":1,\"i\":1}" };
	(void)state;
	json_set_alloc_funcs(count_malloc, count_free);
	for (size_t i = 0; i < sizeof(items) / sizeof(items[0]); i++)
		for (size_t count = 1000; count < 40000; count += 7777)
			expect_estimate(list_of(items[i], count));
	for (size_t count = 1000; count < 300000; count += 33333) {
		expect_estimate(object_of("\"%zu\":1", count));
		expect_estimate(object_of("\"a key that is longer %zu\":\"text\"", count));
	}
	json_set_alloc_funcs(malloc, free);
}

static void memory__over_the_limit_is_refused_before_anything_is_built(void **state)
{
	static const char *const items[] = { "{}", "[]", "1", "\"\"", "{\"\":[]}" };
	(void)state;
	for (size_t i = 0; i < sizeof(items) / sizeof(items[0]); i++) {
		struct sl_err err = SL_ERR_INIT;
		json_t *value;
		struct sl_str text = list_of(items[i], 69000000 / (strlen(items[i]) + 1));
		json_set_alloc_funcs(count_malloc, count_free);
		taken = most = 0;
		assert_int_equal(sl_json_parse_within(text, SL_JSON_REQUEST_MEMORY, &value, &err), SL_TOO_LARGE);
		json_set_alloc_funcs(malloc, free);
		assert_null(value);
		assert_int_equal(most, 0);
		assert_in_range(err.limit, 500000, text.length / 2);
		free((char *)text.bytes);
	}
}

/* Whoever is refused may send as much of the same as the answer says. */
static void memory__what_the_limit_says_is_accepted(void **state)
{
	(void)state;
	struct sl_err err = SL_ERR_INIT;
	json_t *value;
	struct sl_str text = list_of("{}", 100000);
	assert_int_equal(sl_json_parse_within(text, 1000000, &value, &err), SL_TOO_LARGE);
	free((char *)text.bytes);
	text = list_of("{}", (size_t)err.limit / 3 - 1);
	assert_int_equal(sl_json_parse_within(text, 1000000, &value, NULL), 0);
	json_decref(value);
	free((char *)text.bytes);
}

static void memory__is_without_limit_for_what_was_written_here(void **state)
{
	(void)state;
	struct sl_err err = SL_ERR_INIT;
	json_t *value;
	struct sl_str text = list_of("[]", 2000000);
	assert_int_equal(sl_json_parse(text, &value, &err), 0);
	assert_int_equal(json_array_size(value), 2000000);
	json_decref(value);
	free((char *)text.bytes);
}

/* Stray colons, commas and quotes, which the grammar refuses, hide nothing. */
static void memory__can_not_be_hidden(void **state)
{
	(void)state;
	struct sl_err err = SL_ERR_INIT;
	size_t open, hidden;
	assert_int_equal(sl_json_scan(SL_STR("[{},{},\"a\",1]"), &open, &err), 0);
	assert_int_equal(sl_json_scan(SL_STR("[{}:{}:\"a\":1]"), &hidden, &err), 0);
	assert_int_equal(hidden, open);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(memory__is_known_before_anything_is_built),
		cmocka_unit_test(memory__over_the_limit_is_refused_before_anything_is_built),
		cmocka_unit_test(memory__what_the_limit_says_is_accepted),
		cmocka_unit_test(memory__is_without_limit_for_what_was_written_here),
		cmocka_unit_test(memory__can_not_be_hidden),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
