/* sl_patch: what is made applies, chains compose, and sizes follow the edit. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "byte_patch_fixture.h"

static void patch__documented_bytes(void **state)
{
	struct sl_str from = SL_STR("one two three"), to = SL_STR("one six three");
	const struct sl_str expected = SL_STR("\x0d\x09\x00\x06six\x0d\x07");
	assert_true(sl_str_equal(make(*state, from, to), expected));
	assert_true(sl_str_equal(apply(*state, from, expected), to));
}

static void patch__edges(void **state)
{
	static const char *const texts[] = {
		"", "a", "aa", "ab", "ba", "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa",
		"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaabaaaaaaaaaaaaaaaaaaaaa", "0123456789abcdef", "0123456789abcde",
		"x0123456789abcdef", "0123456789abcdef0123456789abcdef", "fedcba98765432100123456789abcdef",
	};
	const size_t count = sizeof(texts) / sizeof(texts[0]);
	for (size_t i = 0; i < count * count; i++) {
		struct sl_str from = sl_str_from(texts[i / count]), to = sl_str_from(texts[i % count]);
		struct sl_str patch = make(*state, from, to);
		assert_true(sl_str_equal(apply(*state, from, patch), to));
		assert_true(patch.length <= to.length + 3);
	}
}

static void patch__random_edits_apply(void **state)
{
	struct scratch *scratch = *state;
	for (int round = 0; round < 300; round++) {
		struct sl_str from = prose(scratch, pick(5000)), to = from;
		for (size_t edits = pick(6); edits > 0; edits--)
			to = edit(scratch, to);
		struct sl_str patch = make(scratch, from, to);
		assert_true(sl_str_equal(apply(scratch, from, patch), to));
		assert_true(patch.length <= to.length + 6);
		if (round % 50 == 49)
			sl_arena_dispose(&scratch->arena);
	}
}

static void patch__unlike_texts_cost_no_more_than_an_insert(void **state)
{
	struct scratch *scratch = *state;
	for (size_t length = 1; length < 100000; length = length * 3 + 1) {
		struct sl_str from = prose(scratch, length);
		for (size_t i = 0; i < length; i++)
			sl_buf_add_char(&scratch->buf, (char)pick(256));
		struct sl_str to = take(scratch);
		struct sl_str patch = make(scratch, from, to);
		assert_true(sl_str_equal(apply(scratch, from, patch), to));
		assert_true(patch.length <= length + 6);
	}
}

static void patch__one_word_in_a_megabyte(void **state)
{
	struct scratch *scratch = *state;
	struct sl_str from = prose(scratch, MEGABYTE);
	struct sl_str to = replace(scratch, from, 700000, 700005, SL_STR("#another#"));
	struct sl_str patch = make(scratch, from, to);
	assert_true(patch.length <= 40);
	assert_true(sl_str_equal(apply(scratch, from, patch), to));
}

static void patch__edits_at_both_ends_of_a_megabyte(void **state)
{
	struct scratch *scratch = *state;
	struct sl_str from = prose(scratch, MEGABYTE);
	struct sl_str to = replace(scratch, from, 3, 8, SL_STR("#first#"));
	to = replace(scratch, to, to.length - 9, to.length - 4, SL_STR("#last#"));
	struct sl_str patch = make(scratch, from, to);
	assert_true(patch.length <= 100);
	assert_true(sl_str_equal(apply(scratch, from, patch), to));
}

static void patch__moved_and_doubled_pieces_are_copied(void **state)
{
	struct scratch *scratch = *state;
	for (size_t i = 0; i < 100000; i++)
		sl_buf_add_char(&scratch->buf, (char)pick(256));
	struct sl_str from = take(scratch);
	struct sl_str moved = replace(scratch, from, 20000, 30000, SL_STR(""));
	moved = replace(scratch, moved, 70000, 70000, part(from, 20000, 30000));
	struct sl_str doubled = replace(scratch, from, 30000, 30000, part(from, 20000, 30000));
	assert_true(make(scratch, from, moved).length <= 40);
	assert_true(make(scratch, from, doubled).length <= 40);
	assert_true(make(scratch, doubled, from).length <= 40);
}

/* Three places begin alike, the middle one goes on alike: one copy of it is shorter than many. */
static void patch__the_longest_match_is_taken(void **state)
{
	struct scratch *scratch = *state;
	struct sl_str head = SL_STR("0123456789abcdef0123456789abcdef"), pieces[3];
	for (int i = 0; i < 3; i++) {
		for (size_t k = 0; k < 480; k++)
			sl_buf_add_char(&scratch->buf, (char)pick(256));
		pieces[i] = take(scratch);
	}
	for (int i = 0; i < 3; i++) {
		sl_buf_add_str(&scratch->buf, head);
		sl_buf_add_str(&scratch->buf, pieces[i]);
	}
	struct sl_str from = take(scratch);
	for (int i = 0; i < 3; i++) {
		size_t begin = (size_t)i * 512;
		struct sl_str to = replace(scratch, part(from, begin, begin + 512), 0, 0, SL_STR("!"));
		to = replace(scratch, to, to.length, to.length, SL_STR("!"));
		assert_true(make(scratch, from, to).length <= 11);
	}
}

static void patch__monotonous_texts_stay_linear(void **state)
{
	struct scratch *scratch = *state;
	char *blanks = sl_arena_alloc(&scratch->arena, MEGABYTE), *striped = sl_arena_alloc(&scratch->arena, MEGABYTE);
	memset(blanks, ' ', MEGABYTE);
	for (size_t i = 0; i < MEGABYTE; i++)
		striped[i] = i % 17 == 0 ? 'x' : ' ';
	struct sl_str a = { blanks, MEGABYTE }, b = { striped, MEGABYTE };
	const struct sl_str pairs[][2] = { { a, b }, { b, a }, { a, part(a, 0, 1000) }, { part(a, 0, 1000), a },
		{ a, replace(scratch, replace(scratch, a, 0, 1, SL_STR("x")), MEGABYTE - 1, MEGABYTE, SL_STR("x")) } };
	for (size_t i = 0; i < sizeof(pairs) / sizeof(pairs[0]); i++) {
		struct sl_str patch = make(scratch, pairs[i][0], pairs[i][1]);
		assert_true(patch.length <= MEGABYTE + 10);
		assert_true(sl_str_equal(apply(scratch, pairs[i][0], patch), pairs[i][1]));
	}
}

static void patch__chains_compose(void **state)
{
	struct scratch *scratch = *state;
	for (int round = 0; round < 20; round++) {
		struct sl_str first = prose(scratch, 2000 + pick(3000)), now = first;
		struct sl_str chain = make(scratch, now, now);
		for (int i = 0; i < 50; i++) {
			struct sl_str next = edit(scratch, now), patch = make(scratch, now, next);
			chain = compose(scratch, chain, patch);
			assert_true(sl_str_equal(apply(scratch, first, chain), next));
			now = next;
		}
		sl_arena_dispose(&scratch->arena);
	}
}

static void patch__composing_is_associative(void **state)
{
	struct scratch *scratch = *state;
	for (int round = 0; round < 200; round++) {
		struct sl_str texts[4] = { prose(scratch, pick(2000)) }, patches[3];
		for (int i = 0; i < 3; i++) {
			texts[i + 1] = edit(scratch, texts[i]);
			patches[i] = make(scratch, texts[i], texts[i + 1]);
		}
		struct sl_str left = compose(scratch, compose(scratch, patches[0], patches[1]), patches[2]);
		struct sl_str right = compose(scratch, patches[0], compose(scratch, patches[1], patches[2]));
		assert_true(sl_str_equal(left, right));
	}
}

/* Fifty one-word edits of a long text: the composed patch stays near the sum of what was typed. */
static void patch__composed_size_follows_the_edits(void **state)
{
	struct scratch *scratch = *state;
	struct sl_str first = prose(scratch, 200000), now = first, chain = make(scratch, now, now);
	size_t sum = 0;
	for (int i = 0; i < 50; i++) {
		size_t at = pick(now.length - 10);
		struct sl_str next = replace(scratch, now, at, at + pick(10), SL_STR("another"));
		struct sl_str patch = make(scratch, now, next);
		sum += patch.length;
		chain = compose(scratch, chain, patch);
		now = next;
	}
	assert_true(sl_str_equal(apply(scratch, first, chain), now));
	assert_true(chain.length <= sum);
	assert_true(chain.length <= 2 * make(scratch, first, now).length);
}

/* The same word typed letter by letter ends as one insert. */
static void patch__typing_composes_to_one_insert(void **state)
{
	struct scratch *scratch = *state;
	struct sl_str first = prose(scratch, 10000), now = first, chain = make(scratch, now, now);
	for (size_t i = 0; i < 100; i++) {
		struct sl_str next = replace(scratch, now, 5000 + i, 5000 + i, SL_STR("#"));
		chain = compose(scratch, chain, make(scratch, now, next));
		now = next;
	}
	assert_true(chain.length <= 100 + 16);
	assert_true(sl_str_equal(apply(scratch, first, chain), now));
}

static void patch__adding_and_removing_composes_to_one_copy(void **state)
{
	struct scratch *scratch = *state;
	struct sl_str from = prose(scratch, 1000), to = replace(scratch, from, 500, 500, SL_STR("###"));
	struct sl_str there_and_back = compose(scratch, make(scratch, from, to), make(scratch, to, from));
	assert_true(sl_str_equal(there_and_back, make(scratch, from, from)));
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
	const struct CMUnitTest tests[] = {
		TEST(patch__documented_bytes),
		TEST(patch__edges),
		TEST(patch__random_edits_apply),
		TEST(patch__unlike_texts_cost_no_more_than_an_insert),
		TEST(patch__one_word_in_a_megabyte),
		TEST(patch__edits_at_both_ends_of_a_megabyte),
		TEST(patch__moved_and_doubled_pieces_are_copied),
		TEST(patch__the_longest_match_is_taken),
		TEST(patch__monotonous_texts_stay_linear),
		TEST(patch__chains_compose),
		TEST(patch__composing_is_associative),
		TEST(patch__composed_size_follows_the_edits),
		TEST(patch__typing_composes_to_one_insert),
		TEST(patch__adding_and_removing_composes_to_one_copy),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
