/* The three-way merge of texts that are long or hostile, of one that is too long, and with too little memory. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <jansson.h>

#include "core/text/edits.h"
#include "text_fixture.h"
#include "unit/base/torture.h"

static char *repeated(const char *text, size_t bytes)
{
	size_t length = strlen(text);
	char *all = malloc(bytes + length + 1);
	assert_non_null(all);
	for (size_t at = 0; at < bytes; at += length)
		memcpy(all + at, text, length + 1);
	return all;
}

static void text__one_line_of_a_megabyte(void **state)
{
	(void)state;
	char *many = repeated("word after word ", 500000), *chinese = repeated("天地玄黃", 500000);
	struct sl_buf base, mine, theirs, expected;
	struct sl_buf *bufs[] = { &base, &mine, &theirs, &expected };
	for (int i = 0; i < 4; i++) {
		bool of_mine = i == 1 || i == 3, of_theirs = i >= 2;
		sl_buf_init(bufs[i], 4000000);
		sl_buf_add_text(bufs[i], of_mine ? "BEGIN " : "begin ");
		sl_buf_add_text(bufs[i], many);
		sl_buf_add_text(bufs[i], of_theirs ? "MIDDLE " : "middle ");
		sl_buf_add_text(bufs[i], chinese);
		sl_buf_add_text(bufs[i], of_mine ? " END" : " end");
	}
	struct sl_arena arena;
	sl_arena_init(&arena, 0);
	struct sl_text_merge merge = merge_both_ways(sl_buf_str(&base), sl_buf_str(&mine), sl_buf_str(&theirs), &arena);
	assert_true(merge.clean);
	assert_true(sl_str_equal(merge.text, sl_buf_str(&expected)));
	sl_arena_dispose(&arena);
	for (int i = 0; i < 4; i++)
		sl_buf_dispose(bufs[i]);
	free(many);
	free(chinese);
}

static void text__hostile_megabytes_end_soon(void **state)
{
	(void)state;
	static const char *const patterns[][3] = {
		{ "a\nb\n", "b\na\na\n", "a\na\nb\nb\n" },
		{ "a.b,", "b,a.a.", "a.a.b,b," },
		{ "same\n", "same\nsame\nmine\n", "same\ntheirs\nsame\n" },
		{ "\n", "\r\n", "\n\n" },
		{ "a ", "b ", "c " },
	};
	for (size_t i = 0; i < sizeof(patterns) / sizeof(patterns[0]); i++) {
		struct sl_arena arena;
		char *texts[3];
		for (int side = 0; side < 3; side++)
			texts[side] = repeated(patterns[i][side], 200000);
		sl_arena_init(&arena, 0);
		merge_both_ways(sl_str_from(texts[0]), sl_str_from(texts[1]), sl_str_from(texts[2]), &arena);
		sl_arena_dispose(&arena);
		for (int side = 0; side < 3; side++)
			free(texts[side]);
	}
}

static void text__refuses_what_is_too_long(void **state)
{
	(void)state;
	struct sl_arena arena;
	struct sl_text_merge merge;
	struct sl_err err = SL_ERR_INIT;
	char *large = calloc(1, SL_TEXT_MAXIMUM + 1);
	assert_non_null(large);
	sl_arena_init(&arena, 0);
	struct sl_str text = { large, SL_TEXT_MAXIMUM + 1 };
	assert_int_equal(sl_text_merge(SL_STR("a"), text, SL_STR("b"), SL_TEXT_TRUE_BASE, &arena, &merge, &err), SL_TOO_LARGE);
	assert_int_equal(err.code, SL_TOO_LARGE);
	assert_false(merge.clean);
	sl_arena_dispose(&arena);
	free(large);
}

static int merge_once(void *context)
{
	struct sl_arena arena;
	struct sl_text_merge merge;
	struct sl_err err = SL_ERR_INIT;
	(void)context;
	sl_arena_init(&arena, 0);
	int code = sl_text_merge(SL_STR("a\nthe cat sat\nb\nc\n"), SL_STR("A\nthe dog sat there\nb\nc\n"),
		SL_STR("a\nthe bird sat\nb\nC\n"), SL_TEXT_TRUE_BASE, &arena, &merge, &err);
	assert_int_equal(err.code, code);
	sl_arena_dispose(&arena);
	return code;
}

/* Enough of everything that each list grows. */
static int merge_many(void *context)
{
	struct sl_str *texts = context;
	struct sl_arena arena;
	struct sl_text_merge merge;
	sl_arena_init(&arena, 0);
	int code = sl_text_merge(texts[0], texts[1], texts[2], SL_TEXT_TRUE_BASE, &arena, &merge, NULL);
	sl_arena_dispose(&arena);
	return code;
}

static void text__survives_every_failed_allocation(void **state)
{
	(void)state;
	struct sl_buf bufs[3];
	struct sl_str texts[3];
	for (int side = 0; side < 3; side++) {
		sl_buf_init(&bufs[side], 100000);
		for (int i = 0; i < 80; i++) {
			sl_buf_add_int(&bufs[side], i % 2 ? i : i * 100 + side);
			sl_buf_add_text(&bufs[side], i % 5 ? " " : "\n");
		}
		texts[side] = sl_buf_str(&bufs[side]);
	}
	assert_true(torture(merge_once, NULL) >= 10);
	assert_true(torture(merge_many, texts) >= 10);
	for (int side = 0; side < 3; side++)
		sl_buf_dispose(&bufs[side]);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(text__one_line_of_a_megabyte),
		cmocka_unit_test(text__hostile_megabytes_end_soon),
		cmocka_unit_test(text__refuses_what_is_too_long),
		cmocka_unit_test(text__survives_every_failed_allocation),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
