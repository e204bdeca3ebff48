/* sl_rank_assign: siblings get ranks that keep their order, and as few as possible change. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <jansson.h>
#include <stdio.h>

#include "ranking.h"
#include "torture.h"

#define SIBLINGS 1000

static struct sl_str ids_of[SIBLINGS], ranks_of[SIBLINGS];

static void make_ids(struct sl_arena *arena)
{
	for (int i = 0; i < SIBLINGS; i++) {
		char text[16];
		snprintf(text, sizeof(text), "shot-%d", i * 7 % SIBLINGS);
		assert_int_equal(sl_arena_copy(arena, sl_str_from(text), &ids_of[i]), 0);
		ranks_of[i] = none;
	}
}

static void assert_in_order(size_t count)
{
	for (size_t i = 0; i < count; i++) {
		assert_true(sl_rank_is_valid(ranks_of[i]));
		int order = i == 0 ? -1 : sl_str_compare(ranks_of[i - 1], ranks_of[i]);
		assert_true(order < 0 || (order == 0 && sl_str_compare(ids_of[i - 1], ids_of[i]) < 0));
	}
}

static void move(size_t from, size_t to)
{
	struct sl_str id = ids_of[from], rank = ranks_of[from];
	for (size_t i = from; i < to; i++) {
		ids_of[i] = ids_of[i + 1];
		ranks_of[i] = ranks_of[i + 1];
	}
	for (size_t i = from; i > to; i--) {
		ids_of[i] = ids_of[i - 1];
		ranks_of[i] = ranks_of[i - 1];
	}
	ids_of[to] = id;
	ranks_of[to] = rank;
}

static void rank__assign_to_none_depends_on_the_count_only(void **state)
{
	static struct sl_str expected[SIBLINGS];
	make_ids(*state);
	assert_int_equal(sl_rank_assign(ranks_of, ids_of, SIBLINGS, none, *state), 0);
	assert_in_order(SIBLINGS);
	assert_int_equal(sl_rank_between(none, none, SIBLINGS, *state, expected), 0);
	for (size_t i = 0; i < SIBLINGS; i++)
		assert_true(sl_str_equal(ranks_of[i], expected[i]));
	assert_int_equal(sl_rank_assign(ranks_of, ids_of, 0, none, *state), 0);
}

static void rank__assign_keeps_what_is_in_order(void **state)
{
	static struct sl_str before[SIBLINGS];
	make_ids(*state);
	assert_int_equal(sl_rank_assign(ranks_of, ids_of, SIBLINGS, none, *state), 0);
	memcpy(before, ranks_of, sizeof(before));
	assert_int_equal(sl_rank_assign(ranks_of, ids_of, SIBLINGS, none, *state), 0);
	assert_memory_equal(before, ranks_of, sizeof(before));
}

static void rank__moving_one_changes_one(void **state)
{
	make_ids(*state);
	assert_int_equal(sl_rank_assign(ranks_of, ids_of, SIBLINGS, none, *state), 0);
	for (int round = 0; round < 200; round++) {
		static struct sl_str before[SIBLINGS];
		size_t from = pick(SIBLINGS), to = pick(SIBLINGS), changed = 0;
		move(from, to);
		memcpy(before, ranks_of, sizeof(before));
		assert_int_equal(sl_rank_assign(ranks_of, ids_of, SIBLINGS, none, *state), 0);
		assert_in_order(SIBLINGS);
		for (size_t i = 0; i < SIBLINGS; i++)
			changed += !sl_str_equal(before[i], ranks_of[i]);
		assert_int_equal(changed, from == to ? 0 : 1);
	}
}

static void rank__deleting_one_changes_none(void **state)
{
	static struct sl_str before[SIBLINGS];
	make_ids(*state);
	assert_int_equal(sl_rank_assign(ranks_of, ids_of, SIBLINGS, none, *state), 0);
	move(500, SIBLINGS - 1);
	memcpy(before, ranks_of, sizeof(before));
	assert_int_equal(sl_rank_assign(ranks_of, ids_of, SIBLINGS - 1, none, *state), 0);
	assert_memory_equal(before, ranks_of, (SIBLINGS - 1) * sizeof(before[0]));
}

static void rank__equal_ranks_are_ordered_by_id(void **state)
{
	struct sl_str ids[] = { SL_STR("a"), SL_STR("b"), SL_STR("c") };
	struct sl_str kept[] = { SL_STR("V"), SL_STR("V"), SL_STR("V") };
	assert_int_equal(sl_rank_assign(kept, ids, 3, none, *state), 0);
	for (int i = 0; i < 3; i++)
		assert_true(sl_str_equal(kept[i], SL_STR("V")));

	struct sl_str reversed[] = { SL_STR("c"), SL_STR("b"), SL_STR("a") };
	assert_int_equal(sl_rank_assign(kept, reversed, 3, none, *state), 0);
	assert_between(none, kept + 1, 2, none);
	assert_true(sl_str_compare(kept[0], kept[1]) < 0);
}

static void rank__no_room_changes_those_behind(void **state)
{
	struct sl_str ids[] = { SL_STR("a"), SL_STR("x"), SL_STR("c"), SL_STR("d") };
	static const char *const cases[][8] = { { "V", "", "V", "Y", /* become */ "V", "W", "X", "Y" },
		{ "V", "", "V0", "Y", "V", "W", "X", "Y" }, { "", "0", "1", "2", "0K", "0f", "1", "2" } };
	for (size_t c = 0; c < sizeof(cases) / sizeof(cases[0]); c++) {
		struct sl_str ranks[4];
		for (int i = 0; i < 4; i++)
			ranks[i] = sl_str_from(cases[c][i]);
		assert_int_equal(sl_rank_assign(ranks, ids, 4, none, *state), 0);
		for (int i = 0; i < 4; i++)
			assert_string_equal(ranks[i].bytes, cases[c][4 + i]);
	}
}

static void rank__no_room_at_the_end_respaces_all(void **state)
{
	char last[SL_RANK_BYTES];
	memset(last, 'z', sizeof(last));
	struct sl_str ids[] = { SL_STR("a"), SL_STR("b"), SL_STR("x") };
	struct sl_str ranks[] = { SL_STR("A"), { last, sizeof(last) }, none };
	assert_int_equal(sl_rank_assign(ranks, ids, 3, none, *state), 0);
	assert_string_equal(ranks[0].bytes, "F");
	assert_string_equal(ranks[1].bytes, "V");
	assert_string_equal(ranks[2].bytes, "k");
}

static void rank__invalid_ranks_count_as_none(void **state)
{
	struct sl_str ids[] = { SL_STR("a"), SL_STR("b"), SL_STR("c") };
	struct sl_str ranks[] = { SL_STR("A"), SL_STR("B-"), SL_STR("C") };
	assert_int_equal(sl_rank_assign(ranks, ids, 3, none, *state), 0);
	assert_between(SL_STR("A"), &ranks[1], 1, SL_STR("C"));
	assert_true(sl_str_equal(ranks[0], SL_STR("A")) && sl_str_equal(ranks[2], SL_STR("C")));
}

static size_t longest_rising(const struct sl_str *ranks, size_t count)
{
	size_t lengths[40], longest = 0;
	for (size_t i = 0; i < count; i++) {
		lengths[i] = ranks[i].length > 0;
		for (size_t j = 0; j < i; j++) {
			int order = sl_str_compare(ranks[j], ranks[i]);
			bool rises = order < 0 || (order == 0 && sl_str_compare(ids_of[j], ids_of[i]) < 0);
			if (ranks[i].length > 0 && ranks[j].length > 0 && rises && lengths[j] >= lengths[i])
				lengths[i] = lengths[j] + 1;
		}
		longest = lengths[i] > longest ? lengths[i] : longest;
	}
	return longest;
}

static void rank__random_siblings_keep_a_longest_sequence(void **state)
{
	size_t respaced = 0;
	make_ids(*state);
	for (int round = 0; round < 3000; round++) {
		static char texts[40][SL_RANK_BYTES];
		struct sl_str before[40];
		size_t count = pick(41), kept = 0, longest;
		for (size_t i = 0; i < count; i++)
			before[i] = ranks_of[i] = random_rank(texts[i], round % 3 ? 62 : 2);
		longest = longest_rising(before, count);
		assert_int_equal(sl_rank_assign(ranks_of, ids_of, count, none, *state), 0);
		assert_in_order(count);
		for (size_t i = 0; i < count; i++)
			kept += before[i].length > 0 && sl_str_equal(before[i], ranks_of[i]);
		respaced += kept < longest;
	}
	assert_true(respaced < 1500);
}

static int assign_with_gaps(void *context)
{
	struct sl_arena arena;
	struct sl_str ids[100], ranks[100];
	(void)context;
	for (size_t i = 0; i < 100; i++) {
		ids[i] = (struct sl_str){ alphabet, 1 + i % 60 };
		ranks[i] = i % 50 == 7 ? (struct sl_str){ alphabet + i / 50 + 1, 1 } : none;
	}
	sl_arena_init(&arena, 0);
	int code = sl_rank_assign(ranks, ids, 100, none, &arena);
	sl_arena_dispose(&arena);
	return code;
}

static void rank__every_failed_allocation_is_told(void **state)
{
	(void)state;
	assert_true(torture(assign_with_gaps, NULL) >= 1);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
	const struct CMUnitTest tests[] = {
		TEST(rank__assign_to_none_depends_on_the_count_only),
		TEST(rank__assign_keeps_what_is_in_order),
		TEST(rank__moving_one_changes_one),
		TEST(rank__deleting_one_changes_none),
		TEST(rank__equal_ranks_are_ordered_by_id),
		TEST(rank__no_room_changes_those_behind),
		TEST(rank__no_room_at_the_end_respaces_all),
		TEST(rank__invalid_ranks_count_as_none),
		TEST(rank__random_siblings_keep_a_longest_sequence),
		TEST(rank__every_failed_allocation_is_told),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
