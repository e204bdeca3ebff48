/* sl_rank_between: what a rank is, room between two of them, and short appends. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "ranking.h"

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
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
