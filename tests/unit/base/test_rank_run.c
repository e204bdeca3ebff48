/* sl_rank_run: what two devices insert at one place stays apart, and ranks stay short whatever the pattern. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>

#include "ranking.h"

#define MOST 4096
#define SHORT 16 /* characters that typical patterns need at most */

/* Siblings in order, and the device whose run each is of. */
struct list {
	struct sl_str ranks[MOST];
	int devices[MOST], rounds[MOST];
	size_t count;
};

static struct list shared, views[3];
static const char *const prefixes[3] = { "Qm7aB", "b2Xy9", "0cDeF" };
static int the_round;

static struct sl_str rank_at(const struct list *list, size_t at)
{
	return at < list->count ? list->ranks[at] : none;
}

/* Puts a new sibling of a device at a place. False: there is no room. */
static bool insert(struct list *list, size_t at, int device, struct sl_arena *arena)
{
	struct sl_str low = at > 0 ? list->ranks[at - 1] : none, high = rank_at(list, at), rank;
	int code = sl_rank_run(low, high, sl_str_from(prefixes[device]), 1, arena, &rank);
	assert_true(code == 0 || code == SL_TOO_LARGE);
	if (code != 0)
		return false;
	assert_between(low, &rank, 1, high);
	assert_true(list->count < MOST);
	memmove(&list->ranks[at + 1], &list->ranks[at], (list->count - at) * sizeof(list->ranks[0]));
	memmove(&list->devices[at + 1], &list->devices[at], (list->count - at) * sizeof(list->devices[0]));
	memmove(&list->rounds[at + 1], &list->rounds[at], (list->count - at) * sizeof(list->rounds[0]));
	list->ranks[at] = rank;
	list->devices[at] = device;
	list->rounds[at] = the_round;
	list->count++;
	return true;
}

static size_t longest(const struct list *list)
{
	size_t length = 0;
	for (size_t i = 0; i < list->count; i++)
		if (list->ranks[i].length > length)
			length = list->ranks[i].length;
	return length;
}

/* Adds what a device inserted in this round to what all have. */
static void unite(struct list *with, const struct list *from)
{
	for (size_t i = 0; i < from->count; i++) {
		if (from->rounds[i] != the_round)
			continue;
		size_t at = 0;
		while (at < with->count && sl_str_compare(with->ranks[at], from->ranks[i]) < 0)
			at++;
		assert_false(at < with->count && sl_str_equal(with->ranks[at], from->ranks[i]));
		memmove(&with->ranks[at + 1], &with->ranks[at], (with->count - at) * sizeof(with->ranks[0]));
		memmove(&with->devices[at + 1], &with->devices[at], (with->count - at) * sizeof(with->devices[0]));
		memmove(&with->rounds[at + 1], &with->rounds[at], (with->count - at) * sizeof(with->rounds[0]));
		with->ranks[at] = from->ranks[i];
		with->devices[at] = from->devices[i];
		with->rounds[at] = the_round;
		with->count++;
	}
}

/* What a device inserted in this round stands together. */
static void assert_together(const struct list *list, int device)
{
	int runs = 0;
	for (size_t i = 0; i < list->count; i++) {
		bool own = list->rounds[i] == the_round && list->devices[i] == device;
		bool before = i > 0 && list->rounds[i - 1] == the_round && list->devices[i - 1] == device;
		runs += own && !before;
	}
	assert_true(runs <= 1);
}

enum pattern { AT_THE_END, AT_THE_START, ANYWHERE, PATTERNS };

/* One device inserts `count` siblings at one place, one by one: each behind the one before, before it, or among them. */
static bool insert_run(struct list *list, size_t at, size_t count, enum pattern pattern, int device,
	struct sl_arena *arena)
{
	for (size_t i = 0; i < count; i++) {
		size_t place = pattern == AT_THE_END ? at + i : pattern == AT_THE_START ? at : at + pick((uint32_t)i + 1);
		if (!insert(list, place, device, arena))
			return false;
	}
	return true;
}

/* All devices insert at one place of what they share, and then share that. False: a rank got too long. */
static bool play_round(size_t at, int devices, uint32_t most, struct sl_arena *arena)
{
	the_round++;
	for (int device = 0; device < devices; device++) {
		views[device] = shared;
		if (!insert_run(&views[device], at, 1 + pick(most), (enum pattern)pick(PATTERNS), device, arena))
			return false;
	}
	for (int device = 0; device < devices; device++)
		unite(&shared, &views[device]);
	for (int device = 0; device < devices; device++)
		assert_together(&shared, device);
	return true;
}

static void rank__prefixes(void **state)
{
	(void)state;
	for (int i = 0; i < 3; i++)
		assert_true(sl_rank_is_prefix(sl_str_from(prefixes[i])));
	assert_false(sl_rank_is_prefix(SL_STR("abcd0")));
	assert_false(sl_rank_is_prefix(SL_STR("abcd")));
	assert_false(sl_rank_is_prefix(SL_STR("abcdef")));
	assert_false(sl_rank_is_prefix(SL_STR("abc-d")));
	assert_false(sl_rank_is_prefix(none));
}

static void rank__run_without_prefix_is_between(void **state)
{
	struct sl_str run[5], between[5];
	assert_int_equal(sl_rank_run(SL_STR("A"), SL_STR("B"), none, 5, *state, run), 0);
	assert_int_equal(sl_rank_between(SL_STR("A"), SL_STR("B"), 5, *state, between), 0);
	for (int i = 0; i < 5; i++)
		assert_true(sl_str_equal(run[i], between[i]));
}

static void rank__run_has_no_room_between_equals(void **state)
{
	static const char *const cases[][2] = { { "V", "V" }, { "W", "V" }, { "V", "V0" }, { "V", "V000" }, { "", "0" },
		{ "V-", "W" }, { "V", "V0W-" } };
	struct sl_str rank;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
		assert_int_equal(sl_rank_run(sl_str_from(cases[i][0]), sl_str_from(cases[i][1]), SL_STR("Qm7aB"), 1, *state,
			&rank), SL_TOO_LARGE);
}

/* Whatever ranks a client made: where a short rank would fit, one under the prefix does. */
static void rank__run_fits_between_any_ranks(void **state)
{
	char texts[2][SL_RANK_BYTES];
	struct sl_str rank;
	for (int i = 0; i < 200000; i++) {
		uint32_t letters = 1 + pick(62);
		struct sl_str a = random_rank(texts[0], letters), b = random_rank(texts[1], letters);
		bool swaps = b.length > 0 && sl_str_compare(a, b) > 0;
		struct sl_str low = swaps ? b : a, high = swaps ? a : b;
		bool has_room = low.length < 40 && sl_rank_between(low, high, 1, *state, &rank) == 0 && rank.length < 40;
		int code = sl_rank_run(low, high, sl_str_from(prefixes[pick(3)]), 1, *state, &rank);
		if (code == 0)
			assert_between(low, &rank, 1, high);
		else
			assert_int_equal(code, SL_TOO_LARGE);
		assert_true(code == 0 || !has_room);
		if (i % 1000 == 0)
			sl_arena_dispose(*state);
	}
}

static void case_22__runs_at_one_place_stay_together(void **state)
{
	static const char *const places[][2] = { { "", "" }, { "V", "" }, { "V", "W" }, { "", "V" }, { "V", "V1" },
		{ "VV", "VW" }, { "zzzzzzzz", "" }, { "V", "V01" }, { "VQm7aBV", "" }, { "VQm7aBV", "VQm7aBW" },
		{ "VQm7aBV", "Vb2Xy9V" }, { "VQm7aBV0b2Xy9V", "VQm7aBW" }, { "", "00001" } };
	for (size_t i = 0; i < sizeof(places) / sizeof(places[0]); i++)
		for (int pattern = 0; pattern < PATTERNS; pattern++) {
			shared = (struct list){ .count = 0 };
			for (int k = 0; k < 2; k++)
				if (places[i][k][0]) {
					shared.devices[shared.count] = -1;
					shared.ranks[shared.count++] = sl_str_from(places[i][k]);
				}
			size_t at = places[i][0][0] ? 1 : 0;
			the_round = 1;
			for (int device = 0; device < 2; device++) {
				views[device] = shared;
				assert_true(insert_run(&views[device], at, 3, (enum pattern)pattern, device, *state));
			}
			unite(&shared, &views[0]);
			unite(&shared, &views[1]);
			assert_together(&shared, 0);
			assert_together(&shared, 1);
		}
}

static void case_22__runs_inserted_at_once_stay_together(void **state)
{
	struct sl_str mine[3], theirs[3];
	assert_int_equal(sl_rank_run(SL_STR("V"), none, SL_STR("Qm7aB"), 3, *state, mine), 0);
	assert_int_equal(sl_rank_run(SL_STR("V"), none, SL_STR("b2Xy9"), 3, *state, theirs), 0);
	assert_between(SL_STR("V"), mine, 3, theirs[0]);
	assert_between(mine[2], theirs, 3, none);
}

static void case_22__random_histories_never_interleave(void **state)
{
	for (int history = 0; history < 150; history++) {
		shared = (struct list){ .count = 0 };
		size_t place = 0;
		for (int round = 0; round < 40; round++) {
			place = pick(3) ? place % (shared.count + 1) : pick((uint32_t)shared.count + 1);
			if (!play_round(place, 2 + (int)pick(2), 5, *state))
				break; /* as deep as ranks go: the siblings would be respaced */
		}
		sl_arena_dispose(*state);
	}
}

/* The siblings, sorted, are what all that were put in made of them: places count, not ranks. */
static void case_23__an_insert_between_changes_no_other_rank(void **state)
{
	struct sl_str ranks[9], before[9], ids[9];
	static const char *const names[] = { "m1", "m2", "m3", "new", "t1", "t2", "t3", "s4", "s5" };
	for (int i = 0; i < 9; i++)
		ids[i] = sl_str_from(names[i]);
	assert_int_equal(sl_rank_run(none, none, SL_STR("Qm7aB"), 3, *state, ranks), 0);
	ranks[3] = none;
	assert_int_equal(sl_rank_run(none, none, SL_STR("b2Xy9"), 3, *state, ranks + 4), 0);
	assert_int_equal(sl_rank_run(ranks[6], none, none, 2, *state, ranks + 7), 0);
	memcpy(before, ranks, sizeof(ranks));
	assert_int_equal(sl_rank_assign(ranks, ids, 9, SL_STR("Qm7aB"), *state), 0);
	for (int i = 0; i < 9; i++)
		assert_true(i == 3 || sl_str_equal(ranks[i], before[i]));
	assert_between(ranks[2], &ranks[3], 1, ranks[4]);
}

static void rank__insert_between_equal_ranks_changes_one(void **state)
{
	struct sl_str ids[] = { SL_STR("a"), SL_STR("x"), SL_STR("b"), SL_STR("c") };
	struct sl_str prefix[] = { none, SL_STR("Qm7aB") };
	for (int i = 0; i < 2; i++) {
		struct sl_str ranks[] = { SL_STR("V"), none, SL_STR("V"), SL_STR("X") };
		assert_int_equal(sl_rank_assign(ranks, ids, 4, prefix[i], *state), 0);
		assert_true(sl_str_equal(ranks[0], SL_STR("V")));
		assert_between(SL_STR("V"), ranks + 1, 2, SL_STR("X"));
		assert_true(sl_str_equal(ranks[3], SL_STR("X")));
	}
}

static void rank__long_ones_are_respaced(void **state)
{
	char text[2][SL_RANK_BYTES];
	memset(text, 'a', sizeof(text));
	text[1][SL_RANK_BYTES - 1] = 'b';
	struct sl_str ids[] = { SL_STR("a"), SL_STR("x"), SL_STR("b"), SL_STR("c") };
	struct sl_str ranks[] = { { text[0], SL_RANK_BYTES }, none, { text[1], SL_RANK_BYTES }, SL_STR("c") };
	assert_int_equal(sl_rank_assign(ranks, ids, 4, SL_STR("Qm7aB"), *state), 0);
	assert_int_equal(ranks[0].length, SL_RANK_BYTES);
	assert_between(ranks[0], ranks + 1, 2, SL_STR("c"));
	assert_true(ranks[1].length < SHORT && ranks[2].length < SHORT);
	assert_true(sl_str_equal(ranks[3], SL_STR("c")));
}

/* --- lengths ------------------------------------------------------------------------------------------------------ */

static void fill(size_t count, int device, struct sl_arena *arena)
{
	shared = (struct list){ .count = 0 };
	assert_true(insert_run(&shared, 0, count, AT_THE_END, device, arena));
}

static void rank__a_thousand_at_one_place_stay_short(void **state)
{
	for (size_t before = 0; before <= 100; before += 50)
		for (int device = 0; device < 2; device++)
			for (int pattern = 0; pattern < PATTERNS; pattern++) {
				fill(before, 0, *state);
				assert_true(insert_run(&shared, before / 2, 1000, (enum pattern)pattern, device, *state));
				size_t run_inside = device == 1 && before ? 8 : 0; /* between two siblings of another's run */
				assert_true(longest(&shared) <= SHORT + run_inside + (pattern == ANYWHERE ? 4 : 0));
			}
}

static void rank__thousands_appended_stay_short(void **state)
{
	fill(4000, 0, *state);
	assert_true(longest(&shared) <= 11);
	struct sl_str *ranks = calloc(100000, sizeof(*ranks));
	assert_int_equal(sl_rank_run(none, none, SL_STR("Qm7aB"), 100000, *state, ranks), 0);
	assert_true(ranks[99999].length <= 11);
	free(ranks);
}

static void rank__a_thousand_anywhere_stay_short(void **state)
{
	shared = (struct list){ .count = 0 };
	for (int i = 0; i < 1000; i++)
		assert_true(insert(&shared, pick((uint32_t)shared.count + 1), 0, *state));
	assert_true(longest(&shared) <= SHORT);
}

static void rank__turns_at_the_end_and_at_the_start_stay_short(void **state)
{
	for (int start = 0; start < 2; start++) {
		shared = (struct list){ .count = 0 };
		for (int i = 0; i < 1000; i++)
			assert_true(insert(&shared, start ? 0 : shared.count, i % 3, *state));
		assert_true(longest(&shared) <= SHORT);
	}
}

int main(void)
{
#define RANK(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(rank__prefixes),
		RANK(rank__run_without_prefix_is_between),
		RANK(rank__run_has_no_room_between_equals),
		RANK(rank__run_fits_between_any_ranks),
		RANK(case_22__runs_at_one_place_stay_together),
		RANK(case_22__runs_inserted_at_once_stay_together),
		RANK(case_22__random_histories_never_interleave),
		RANK(case_23__an_insert_between_changes_no_other_rank),
		RANK(rank__insert_between_equal_ranks_changes_one),
		RANK(rank__long_ones_are_respaced),
		RANK(rank__a_thousand_at_one_place_stay_short),
		RANK(rank__thousands_appended_stay_short),
		RANK(rank__a_thousand_anywhere_stay_short),
		RANK(rank__turns_at_the_end_and_at_the_start_stay_short),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
