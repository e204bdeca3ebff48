/* sl_rank: room between ranks, short appends, and that assigning moves as little as possible. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <jansson.h>
#include <stdio.h>

#include "core/error.h"
#include "core/rank.h"
#include "torture.h"

static const char alphabet[] = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
static const struct sl_str none = { NULL, 0 };

static uint64_t seed;

static uint32_t pick(uint32_t below)
{
	seed = seed * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
	return (uint32_t)((seed >> 33) % below);
}

static int set_up(void **state)
{
	static struct sl_arena arena;
	seed = 20;
	sl_arena_init(&arena, 0);
	*state = &arena;
	return 0;
}

static int tear_down(void **state)
{
	sl_arena_dispose(*state);
	return 0;
}

static void assert_between(struct sl_str low, const struct sl_str *ranks, size_t count, struct sl_str high)
{
	for (size_t i = 0; i < count; i++) {
		assert_true(sl_rank_is_valid(ranks[i]));
		assert_true(ranks[i].bytes[ranks[i].length - 1] != '0');
		assert_true(sl_str_compare(i > 0 ? ranks[i - 1] : low, ranks[i]) < 0);
	}
	if (count > 0 && high.length > 0)
		assert_true(sl_str_compare(ranks[count - 1], high) < 0);
}

static struct sl_str one_between(struct sl_str low, struct sl_str high, struct sl_arena *arena)
{
	struct sl_str rank = none;
	assert_int_equal(sl_rank_between(low, high, 1, arena, &rank), 0);
	assert_between(low, &rank, 1, high);
	return rank;
}

static void rank__validity(void **state)
{
	(void)state;
	char text[SL_RANK_BYTES + 1];
	memset(text, 'z', sizeof(text));
	assert_true(sl_rank_is_valid(SL_STR("0aZ")));
	assert_true(sl_rank_is_valid((struct sl_str){ text, SL_RANK_BYTES }));
	assert_false(sl_rank_is_valid((struct sl_str){ text, SL_RANK_BYTES + 1 }));
	assert_false(sl_rank_is_valid(none));
	assert_false(sl_rank_is_valid(SL_STR("a-b")));
	assert_false(sl_rank_is_valid(SL_STR("a\0b")));
	assert_false(sl_rank_is_valid(SL_STR("\xc3\xa9")));
}

static void rank__first_is_in_the_middle(void **state)
{
	struct sl_str rank = one_between(none, none, *state);
	assert_true(sl_str_equal(rank, SL_STR("V")));
}

static void rank__append_stays_short(void **state)
{
	struct sl_str rank = none;
	for (int i = 0; i < 10000; i++)
		rank = one_between(rank, none, *state);
	assert_true(rank.length <= 6);
}

static void rank__append_in_bulk_stays_short(void **state)
{
	static struct sl_str ranks[10000];
	assert_int_equal(sl_rank_between(SL_STR("V"), none, 10000, *state, ranks), 0);
	assert_between(SL_STR("V"), ranks, 10000, none);
	assert_true(ranks[9999].length <= 6);
}

static void rank__append_after_a_bulk_stays_short(void **state)
{
	static struct sl_str ranks[1000];
	assert_int_equal(sl_rank_between(none, none, 1000, *state, ranks), 0);
	struct sl_str rank = ranks[999];
	for (int i = 0; i < 10000; i++)
		rank = one_between(rank, none, *state);
	assert_true(rank.length <= 6);
}

static void rank__append_after_all_z_ends(void **state)
{
	char text[SL_RANK_BYTES];
	struct sl_str rank;
	memset(text, 'z', sizeof(text));
	for (size_t length = 1; length < SL_RANK_BYTES; length++)
		one_between((struct sl_str){ text, length }, none, *state);
	assert_int_equal(sl_rank_between((struct sl_str){ text, SL_RANK_BYTES }, none, 1, *state, &rank), SL_TOO_LARGE);
}

static void rank__bulk_uses_the_shortest_length(void **state)
{
	static const struct { size_t count, length; } cases[] = {
		{ 1, 1 }, { 61, 1 }, { 62, 2 }, { 3843, 2 }, { 3844, 3 },
	};
	static struct sl_str ranks[3844];
	for (size_t c = 0; c < sizeof(cases) / sizeof(cases[0]); c++) {
		size_t longest = 0;
		assert_int_equal(sl_rank_between(none, none, cases[c].count, *state, ranks), 0);
		assert_between(none, ranks, cases[c].count, none);
		for (size_t i = 0; i < cases[c].count; i++)
			longest = ranks[i].length > longest ? ranks[i].length : longest;
		assert_int_equal(longest, cases[c].length);
	}
}

static void rank__bulk_between_two_is_short(void **state)
{
	static struct sl_str ranks[1000];
	assert_int_equal(sl_rank_between(SL_STR("V"), SL_STR("W"), 1000, *state, ranks), 0);
	assert_between(SL_STR("V"), ranks, 1000, SL_STR("W"));
	for (size_t i = 0; i < 1000; i++)
		assert_true(ranks[i].length <= 3);
}

static void rank__one_between_is_as_short_as_can_be(void **state)
{
	static const char *const cases[][3] = {
		{ "a", "c", "b" }, { "a", "b1", "b" }, { "az", "b1", "b" }, { "a", "b", "aV" },
		{ "", "1", "0V" }, { "", "11", "1" }, { "a", "a1", "a0V" }, { "", "z", "U" },
	};
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct sl_str rank = one_between(sl_str_from(cases[i][0]), sl_str_from(cases[i][1]), *state);
		assert_true(sl_str_equal(rank, sl_str_from(cases[i][2])));
	}
}

static void rank__same_gap_grows_slowly_until_there_is_no_room(void **state)
{
	for (int side = 0; side < 2; side++) {
		struct sl_str low = SL_STR("a"), high = SL_STR("b"), rank = none;
		int count = 0, code;
		while ((code = sl_rank_between(low, high, 1, *state, &rank)) == 0) {
			assert_between(low, &rank, 1, high);
			assert_true(rank.length <= (size_t)count / 5 + 2);
			*(side ? &low : &high) = rank;
			count++;
		}
		assert_int_equal(code, SL_TOO_LARGE);
		assert_true(count >= 63 * 5);
	}
}

static void rank__bounds_made_by_clients(void **state)
{
	static const struct { const char *low, *high; bool room; } cases[] = {
		{ "a0", "a1", true }, { "a", "a01", true }, { "a0", "a01", true }, { "a00", "b000", true },
		{ "", "01", true }, { "z0", "", true }, { "000", "", true }, { "0", "00001", true },
		{ "a", "a", false }, { "a", "a0", false }, { "a0", "a", false }, { "b", "a", false },
		{ "", "0", false }, { "", "000", false }, { "b1", "az", false }, { "a-", "b", false },
		{ "a", "b-", false },
	};
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct sl_str low = sl_str_from(cases[i].low), high = sl_str_from(cases[i].high), rank = none;
		int code = sl_rank_between(low, high, 1, *state, &rank);
		assert_int_equal(code, cases[i].room ? 0 : SL_TOO_LARGE);
		if (code == 0)
			assert_between(low, &rank, 1, high);
	}
}

static struct sl_str random_rank(char text[SL_RANK_BYTES], uint32_t letters)
{
	size_t length = pick(5) == 0 ? 1 + pick(SL_RANK_BYTES) : pick(5);
	for (size_t i = 0; i < length; i++)
		text[i] = alphabet[pick(3) == 0 ? pick(2) * 61 : pick(letters)];
	return (struct sl_str){ text, length };
}

static void rank__random_bounds(void **state)
{
	static struct sl_str ranks[50];
	int found = 0;
	for (int round = 0; round < 20000; round++) {
		char a[SL_RANK_BYTES], b[SL_RANK_BYTES];
		struct sl_str low = random_rank(a, round % 2 ? 62 : 2), high = random_rank(b, round % 2 ? 62 : 2);
		size_t count = pick(10) == 0 ? pick(50) : 1 + pick(2);
		int code = sl_rank_between(low, high, count, *state, ranks);
		assert_true(code == 0 || code == SL_TOO_LARGE);
		if (code == 0) {
			assert_between(low, ranks, count, high);
			found++;
		}
	}
	assert_true(found > 5000);
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
	int code = sl_rank_assign(ranks, ids, 100, &arena);
	sl_arena_dispose(&arena);
	return code;
}

static void rank__every_failed_allocation_is_told(void **state)
{
	(void)state;
	assert_true(torture(assign_with_gaps, NULL) >= 1);
}

/* --- assign ----------------------------------------------------------------------------------------------------- */

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
	assert_int_equal(sl_rank_assign(ranks_of, ids_of, SIBLINGS, *state), 0);
	assert_in_order(SIBLINGS);
	assert_int_equal(sl_rank_between(none, none, SIBLINGS, *state, expected), 0);
	for (size_t i = 0; i < SIBLINGS; i++)
		assert_true(sl_str_equal(ranks_of[i], expected[i]));
	assert_int_equal(sl_rank_assign(ranks_of, ids_of, 0, *state), 0);
}

static void rank__assign_keeps_what_is_in_order(void **state)
{
	static struct sl_str before[SIBLINGS];
	make_ids(*state);
	assert_int_equal(sl_rank_assign(ranks_of, ids_of, SIBLINGS, *state), 0);
	memcpy(before, ranks_of, sizeof(before));
	assert_int_equal(sl_rank_assign(ranks_of, ids_of, SIBLINGS, *state), 0);
	assert_memory_equal(before, ranks_of, sizeof(before));
}

static void rank__moving_one_changes_one(void **state)
{
	make_ids(*state);
	assert_int_equal(sl_rank_assign(ranks_of, ids_of, SIBLINGS, *state), 0);
	for (int round = 0; round < 200; round++) {
		static struct sl_str before[SIBLINGS];
		size_t from = pick(SIBLINGS), to = pick(SIBLINGS), changed = 0;
		move(from, to);
		memcpy(before, ranks_of, sizeof(before));
		assert_int_equal(sl_rank_assign(ranks_of, ids_of, SIBLINGS, *state), 0);
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
	assert_int_equal(sl_rank_assign(ranks_of, ids_of, SIBLINGS, *state), 0);
	move(500, SIBLINGS - 1);
	memcpy(before, ranks_of, sizeof(before));
	assert_int_equal(sl_rank_assign(ranks_of, ids_of, SIBLINGS - 1, *state), 0);
	assert_memory_equal(before, ranks_of, (SIBLINGS - 1) * sizeof(before[0]));
}

static void rank__equal_ranks_are_ordered_by_id(void **state)
{
	struct sl_str ids[] = { SL_STR("a"), SL_STR("b"), SL_STR("c") };
	struct sl_str kept[] = { SL_STR("V"), SL_STR("V"), SL_STR("V") };
	assert_int_equal(sl_rank_assign(kept, ids, 3, *state), 0);
	for (int i = 0; i < 3; i++)
		assert_true(sl_str_equal(kept[i], SL_STR("V")));

	struct sl_str reversed[] = { SL_STR("c"), SL_STR("b"), SL_STR("a") };
	assert_int_equal(sl_rank_assign(kept, reversed, 3, *state), 0);
	assert_between(none, kept + 1, 2, none);
	assert_true(sl_str_compare(kept[0], kept[1]) < 0);
}

static void rank__no_room_respaces_all(void **state)
{
	struct sl_str ids[] = { SL_STR("a"), SL_STR("x"), SL_STR("c") };
	static const char *const cases[][3] = { { "V", "", "V" }, { "V", "", "V0" }, { "", "0", "1" } };
	for (size_t c = 0; c < sizeof(cases) / sizeof(cases[0]); c++) {
		struct sl_str ranks[3];
		for (int i = 0; i < 3; i++)
			ranks[i] = sl_str_from(cases[c][i]);
		assert_int_equal(sl_rank_assign(ranks, ids, 3, *state), 0);
		assert_true(sl_str_equal(ranks[0], SL_STR("F")));
		assert_true(sl_str_equal(ranks[1], SL_STR("V")));
		assert_true(sl_str_equal(ranks[2], SL_STR("k")));
	}
}

static void rank__invalid_ranks_count_as_none(void **state)
{
	struct sl_str ids[] = { SL_STR("a"), SL_STR("b"), SL_STR("c") };
	struct sl_str ranks[] = { SL_STR("A"), SL_STR("B-"), SL_STR("C") };
	assert_int_equal(sl_rank_assign(ranks, ids, 3, *state), 0);
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
		assert_int_equal(sl_rank_assign(ranks_of, ids_of, count, *state), 0);
		assert_in_order(count);
		for (size_t i = 0; i < count; i++)
			kept += before[i].length > 0 && sl_str_equal(before[i], ranks_of[i]);
		respaced += kept < longest;
	}
	assert_true(respaced < 1500);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
	const struct CMUnitTest tests[] = {
		TEST(rank__validity),
		TEST(rank__first_is_in_the_middle),
		TEST(rank__append_stays_short),
		TEST(rank__append_in_bulk_stays_short),
		TEST(rank__append_after_a_bulk_stays_short),
		TEST(rank__append_after_all_z_ends),
		TEST(rank__bulk_uses_the_shortest_length),
		TEST(rank__bulk_between_two_is_short),
		TEST(rank__one_between_is_as_short_as_can_be),
		TEST(rank__same_gap_grows_slowly_until_there_is_no_room),
		TEST(rank__bounds_made_by_clients),
		TEST(rank__random_bounds),
		TEST(rank__every_failed_allocation_is_told),
		TEST(rank__assign_to_none_depends_on_the_count_only),
		TEST(rank__assign_keeps_what_is_in_order),
		TEST(rank__moving_one_changes_one),
		TEST(rank__deleting_one_changes_none),
		TEST(rank__equal_ranks_are_ordered_by_id),
		TEST(rank__no_room_respaces_all),
		TEST(rank__invalid_ranks_count_as_none),
		TEST(rank__random_siblings_keep_a_longest_sequence),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
