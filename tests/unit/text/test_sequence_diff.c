/* Tests of differences of id sequences. Here a letter is an id: '.' is 0, the only one that ends a passage. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <jansson.h>

#include "core/text/sequence_diff.h"
#include "unit/base/torture.h"

#define IDS 30
#define MOST 64

static struct sl_arena arena;

static int arena_up(void **state)
{
	(void)state;
	sl_arena_init(&arena, 0);
	return 0;
}

static int arena_down(void **state)
{
	(void)state;
	sl_arena_dispose(&arena);
	return 0;
}

static struct sl_diff_ids ids_of(const char *text)
{
	size_t count = strlen(text);
	uint32_t *ids = sl_arena_alloc(&arena, count * sizeof(*ids));
	assert_non_null(ids);
	for (size_t i = 0; i < count; i++)
		ids[i] = text[i] == '.' ? 0 : (uint32_t)(text[i] - 'a') + 1;
	return (struct sl_diff_ids){ ids, count };
}

static struct sl_diff diff_of(struct sl_diff_ids a, struct sl_diff_ids b, uint32_t id_count, uint32_t most_cost)
{
	struct sl_diff_task task = { .a = a, .b = b, .id_count = id_count, .breaks = 1, .most_cost = most_cost };
	struct sl_diff diff;
	assert_int_equal(sl_diff_of(&task, &arena, &diff), 0);
	return diff;
}

/* That the changes are in order, apart, and make `a` into `b`. Returns the number of ids changed. */
static size_t assert_correct(struct sl_diff_ids a, struct sl_diff_ids b, const struct sl_diff *diff)
{
	size_t at_a = 0, at_b = 0, changed = 0;
	for (size_t i = 0; i < diff->count; i++) {
		struct sl_diff_change change = diff->changes[i];
		assert_true(change.a_at < change.a_end || change.b_at < change.b_end);
		assert_true(i == 0 || change.a_at > at_a);
		assert_int_equal(change.a_at - at_a, change.b_at - at_b);
		for (; at_a < change.a_at; at_a++, at_b++)
			assert_int_equal(a.ids[at_a], b.ids[at_b]);
		assert_true(change.a_end >= change.a_at && change.b_end >= change.b_at);
		changed += change.a_end - change.a_at + change.b_end - change.b_at;
		at_a = change.a_end;
		at_b = change.b_end;
	}
	assert_int_equal(a.count - at_a, b.count - at_b);
	for (; at_a < a.count; at_a++, at_b++)
		assert_int_equal(a.ids[at_a], b.ids[at_b]);
	return changed;
}

/* Changes as text: "2-3:ab" is a[2, 3) replaced by ab of `b`. */
static void assert_shown(const struct sl_diff *diff, const char *b, const char *expected)
{
	char text[512] = "";
	size_t length = 0;
	for (size_t i = 0; i < diff->count; i++) {
		struct sl_diff_change change = diff->changes[i];
		length += (size_t)snprintf(text + length, sizeof(text) - length, "%s%u-%u:%.*s", i ? " " : "", change.a_at,
			change.a_end, (int)(change.b_end - change.b_at), b + change.b_at);
	}
	assert_string_equal(text, expected);
}

static void assert_changes(const char *a, const char *b, const char *expected)
{
	struct sl_diff_ids a_ids = ids_of(a), b_ids = ids_of(b);
	struct sl_diff diff = diff_of(a_ids, b_ids, IDS, UINT32_MAX);
	assert_correct(a_ids, b_ids, &diff);
	assert_shown(&diff, b, expected);
}

/* The letter z is weak. */
static void assert_strong(const char *a, const char *b, const char *expected)
{
	static const bool weak[IDS] = { ['z' - 'a' + 1] = true };
	struct sl_diff_task task = { .a = ids_of(a), .b = ids_of(b), .id_count = IDS, .breaks = 1, .weak = weak,
		.most_cost = UINT32_MAX };
	struct sl_diff diff;
	assert_int_equal(sl_diff_of(&task, &arena, &diff), 0);
	assert_correct(task.a, task.b, &diff);
	assert_shown(&diff, b, expected);
}

static void diff__weak_ids_align_nothing(void **state)
{
	(void)state;
	assert_changes("zszszszszazb", "azbzqzqzqzq", "0-0:a 1-2:b 3-4:q 5-6:q 7-8:q 9-12:q");
	assert_strong("zszszszszazb", "azbzqzqzqzq", "0-9: 12-12:zqzqzqzq");
}

static void diff__weak_ids_are_looked_for_between_the_others(void **state)
{
	(void)state;
	assert_strong("azbzc", "azbzc", "");
	assert_strong("azbzc", "azqzc", "2-3:q");
	assert_strong("azbzc", "azc", "2-4:");
	assert_strong("zz", "zzz", "0-0:z");
	assert_strong("pzq", "szt", "0-1:s 2-3:t");
	assert_strong("", "z", "0-0:z");
	assert_strong("zaz", "", "0-3:");
}

static void diff__of_equal_sequences_is_empty(void **state)
{
	(void)state;
	assert_changes("", "", "");
	assert_changes("abc", "abc", "");
}

static void diff__finds_insertions_deletions_replacements(void **state)
{
	(void)state;
	assert_changes("", "abc", "0-0:abc");
	assert_changes("abc", "", "0-3:");
	assert_changes("abc", "abxc", "2-2:x");
	assert_changes("abc", "ac", "1-2:");
	assert_changes("abc", "axc", "1-2:x");
	assert_changes("abcdefg", "xbcdfgy", "0-1:x 4-5: 7-7:y");
	assert_changes("abc", "xyz", "0-3:xyz");
}

static void diff__pure_changes_stand_as_far_back_as_they_can(void **state)
{
	(void)state;
	assert_changes("xaay", "xaaay", "3-3:a");
	assert_changes("xaaay", "xaay", "3-4:");
	assert_changes("xabaay", "xababaay", "4-4:ba");
	assert_changes("xaaa", "xaaaa", "4-4:a");
}

static void diff__pure_changes_stand_behind_a_break_if_they_can(void **state)
{
	(void)state;
	assert_changes("x.aby", "x.acaby", "2-2:ac");
	assert_changes("x.acaby", "x.aby", "2-4:");
	assert_changes("aby", "acaby", "0-0:ac");
	assert_changes("aaa", "aaaa", "0-0:a");
	assert_changes("x.ab.cd", "x.ab.ef.cd", "5-5:ef.");
	assert_changes("x.a.a.y", "x.a.a.a.y", "6-6:a.");
}

static void diff__changes_that_can_meet_become_one(void **state)
{
	(void)state;
	assert_changes("xay", "xbcaay", "1-1:bca");
	assert_changes("xaay", "xbcay", "1-2:bc");
	assert_changes("aab", "aaac", "2-3:ac");
}

static void diff__the_same_change_has_the_same_place_whatever_else_changed(void **state)
{
	(void)state;
	assert_changes("zqbby", "zqbbby", "4-4:b");
	assert_changes("zqbby", "wqbbby", "0-1:w 4-4:b");
	assert_changes("zqbby", "zqbbbw", "4-5:bw");
}

static uint32_t random_state;

static uint32_t random_below(uint32_t bound)
{
	random_state = random_state * 1664525u + 1013904223u;
	return (uint32_t)((uint64_t)(random_state >> 8) * bound >> 24);
}

static struct sl_diff_ids random_ids(size_t count, uint32_t kinds)
{
	uint32_t *ids = sl_arena_alloc(&arena, count * sizeof(*ids));
	assert_non_null(ids);
	for (size_t i = 0; i < count; i++)
		ids[i] = random_below(kinds);
	return (struct sl_diff_ids){ ids, count };
}

/* A copy with some ids inserted, removed and replaced. */
static struct sl_diff_ids edited(struct sl_diff_ids from, uint32_t one_in, uint32_t kinds)
{
	uint32_t *ids = sl_arena_alloc(&arena, (2 * from.count + 1) * sizeof(*ids));
	size_t count = 0;
	assert_non_null(ids);
	for (size_t i = 0; i < from.count; i++) {
		uint32_t act = random_below(one_in);
		if (act <= 1)
			ids[count++] = random_below(kinds);
		if (act != 1 && act != 2)
			ids[count++] = from.ids[i];
	}
	return (struct sl_diff_ids){ ids, count };
}

static size_t longest_common(struct sl_diff_ids a, struct sl_diff_ids b)
{
	size_t lengths[MOST + 1][MOST + 1] = { { 0 } };
	for (size_t i = 1; i <= a.count; i++)
		for (size_t j = 1; j <= b.count; j++) {
			size_t skip = lengths[i - 1][j] > lengths[i][j - 1] ? lengths[i - 1][j] : lengths[i][j - 1];
			lengths[i][j] = a.ids[i - 1] == b.ids[j - 1] ? lengths[i - 1][j - 1] + 1 : skip;
		}
	return lengths[a.count][b.count];
}

static void diff__of_short_sequences_is_shortest(void **state)
{
	(void)state;
	random_state = 7;
	for (int round = 0; round < 5000; round++) {
		struct sl_diff_ids a = random_ids(random_below(MOST / 2), 1 + random_below(6));
		struct sl_diff_ids b = round % 2 ? edited(a, 6, 4) : random_ids(random_below(MOST / 2), 5);
		struct sl_diff diff = diff_of(a, b, IDS, UINT32_MAX);
		size_t shortest = a.count + b.count - 2 * longest_common(a, b);
		/* sliding joins changes that meet, which never makes the sum longer */
		assert_int_equal(assert_correct(a, b, &diff), shortest);
		sl_arena_dispose(&arena);
	}
}

static void diff__with_little_effort_is_still_correct(void **state)
{
	(void)state;
	random_state = 11;
	for (int round = 0; round < 300; round++) {
		struct sl_diff_ids a = random_ids(random_below(1500), 2 + random_below(20));
		struct sl_diff_ids b = round % 2 ? edited(a, 5, 9) : random_ids(random_below(1500), 7);
		struct sl_diff diff = diff_of(a, b, IDS, 1);
		assert_correct(a, b, &diff);
		sl_arena_dispose(&arena);
	}
}

static void assert_large(struct sl_diff_ids a, struct sl_diff_ids b, uint32_t id_count, size_t most_changed)
{
	struct sl_diff diff = diff_of(a, b, id_count, UINT32_MAX);
	assert_true(assert_correct(a, b, &diff) <= most_changed);
	sl_arena_dispose(&arena);
}

/* Each would take hours by a quadratic search. */
static void diff__of_hostile_sequences_ends_soon(void **state)
{
	(void)state;
	size_t count = 300000;
	random_state = 5;
	uint32_t *alternating = sl_arena_alloc(&arena, count * sizeof(*alternating));
	uint32_t *doubled = sl_arena_alloc(&arena, count * sizeof(*doubled));
	for (size_t i = 0; i < count; i++) {
		alternating[i] = i % 2;
		doubled[i] = i / 2 % 2;
	}
	assert_large((struct sl_diff_ids){ alternating, count }, (struct sl_diff_ids){ doubled, count }, 2, 2 * count);
	assert_large(random_ids(count, 2), random_ids(count, 2), 2, 2 * count);
	assert_large(random_ids(count, 1), random_ids(count - 77, 1), 1, 77);
	struct sl_diff_ids base = random_ids(count, 1000);
	assert_large(base, edited(base, 1000, 1000), 1000, 2000);
}

static void diff__of_sequences_without_common_ids_is_one_change(void **state)
{
	(void)state;
	uint32_t count = 200000, *a = sl_arena_alloc(&arena, count * sizeof(*a)), *b;
	b = sl_arena_alloc(&arena, count * sizeof(*b));
	for (uint32_t i = 0; i < count; i++) {
		a[i] = 2 * i;
		b[i] = 2 * i + 1;
	}
	struct sl_diff diff = diff_of((struct sl_diff_ids){ a, count }, (struct sl_diff_ids){ b, count }, 2 * count, 4);
	assert_int_equal(diff.count, 1);
}

static void diff__refuses_more_ids_than_it_can_count(void **state)
{
	(void)state;
	struct sl_diff_task task = { .a = { NULL, (size_t)SL_DIFF_MAXIMUM + 1 }, .id_count = 1, .most_cost = 1 };
	struct sl_diff diff;
	assert_int_equal(sl_diff_of(&task, &arena, &diff), SL_TOO_LARGE);
	assert_int_equal(diff.count, 0);
}

static int run_diff(void *context)
{
	struct sl_diff_task *task = context;
	struct sl_arena own;
	struct sl_diff diff;
	sl_arena_init(&own, 0);
	int code = sl_diff_of(task, &own, &diff);
	sl_arena_dispose(&own);
	return code;
}

static void diff__survives_every_failed_allocation(void **state)
{
	(void)state;
	struct sl_diff_task task = { .a = ids_of("abcdefgh"), .b = ids_of("axcdeyyh"), .id_count = IDS, .breaks = 1,
		.most_cost = UINT32_MAX };
	assert_true(torture(run_diff, &task) >= 2);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(diff__of_equal_sequences_is_empty),
		cmocka_unit_test(diff__finds_insertions_deletions_replacements),
		cmocka_unit_test(diff__pure_changes_stand_as_far_back_as_they_can),
		cmocka_unit_test(diff__pure_changes_stand_behind_a_break_if_they_can),
		cmocka_unit_test(diff__changes_that_can_meet_become_one),
		cmocka_unit_test(diff__the_same_change_has_the_same_place_whatever_else_changed),
		cmocka_unit_test(diff__weak_ids_align_nothing),
		cmocka_unit_test(diff__weak_ids_are_looked_for_between_the_others),
		cmocka_unit_test(diff__of_short_sequences_is_shortest),
		cmocka_unit_test(diff__with_little_effort_is_still_correct),
		cmocka_unit_test(diff__of_hostile_sequences_ends_soon),
		cmocka_unit_test(diff__of_sequences_without_common_ids_is_one_change),
		cmocka_unit_test(diff__refuses_more_ids_than_it_can_count),
		cmocka_unit_test(diff__survives_every_failed_allocation),
	};
	return cmocka_run_group_tests(tests, arena_up, arena_down);
}
