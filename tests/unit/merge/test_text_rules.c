/* The rule of texts, and what choices make of them. Each case is run as it is and with the sides swapped. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "fields.h"

/* --- text ------------------------------------------------------------------------------------------------------- */

static void text__edits_apart_are_merged(void **state)
{
	(void)state;
	both_ways(scene(1, "s"), (struct field){ "content", "'one two three four'", "'ONE two three four'",
		"'one two three FOUR'" }, SL_RULE_TEXT, "'ONE two three FOUR'");
	both_ways(character("c"), (struct field){ "bio", "'a\\nb\\nc\\nd\\ne'", "'a\\nb\\nc\\nd\\ne and more'",
		"'z\\nb\\nc\\nd\\ne'" }, SL_RULE_TEXT, "'z\\nb\\nc\\nd\\ne and more'");
}

/* lessons.md: Obsidian LiveSync 892, "automatic resolution overwrote a note". */
static void text__overlapping_edits_are_a_decision(void **state)
{
	(void)state;
	theirs_wins(scene(1, "s"), (struct field){ "content", "'to be'", "'to bee'", "'to have'" }, SL_RULE_TEXT, 'p');
}

static void case_2__two_insertions_at_one_place_are_noted(void **state)
{
	(void)state;
	merge_field(scene(1, "s"), (struct field){ "content", "''", "'Enter Ghost'", "'Enter Hamlet'" });
	assert_data(scene(1, "s"), "{'content':'Enter Hamlet Enter Ghost'}");
	assert_int_equal(receipt_of(scene(1, "s"), "/content", false)->kind, SL_NOTE_BOTH);
	assert_counts(1, 0, 0);
}

/* Three hours of one paragraph are not kept back by a word of another. */
static void case_1__the_row_holds_all_but_the_overlapping_words(void **state)
{
	(void)state;
	merge_field(scene(1, "s"), (struct field){ "content", "'P1 one.\\nP2 two.\\nP3 the red car.\\nP4 four.'",
		"'P1 A-WROTE-THREE-HOURS.\\nP2 two.\\nP3 the green car.\\nP4 four.'",
		"'P1 one.\\nP2 B-WROTE-THIS.\\nP3 the blue car.\\nP4 four.'" });
	assert_data(scene(1, "s"),
		"{'content':'P1 A-WROTE-THREE-HOURS.\\nP2 B-WROTE-THIS.\\nP3 the blue car.\\nP4 four.'}");
	const struct sl_note *note = receipt_of(scene(1, "s"), "/content", false);
	assert_true(note->open && note->conflict);
	assert_int_equal(note->hunk_count, 1);
	assert_true(sl_str_equal(note->hunks[0].base, SL_STR("red")));
	assert_true(sl_str_equal(note->hunks[0].mine, SL_STR("green")));
	assert_true(sl_str_equal(note->hunks[0].theirs, SL_STR("blue")));
	assert_int_equal(note->hunks[0].at, strlen("P1 A-WROTE-THREE-HOURS.\nP2 B-WROTE-THIS.\nP3 the "));
}

static void choose__puts_a_choice_into_the_text(void **state)
{
	static const struct { size_t hunk; enum sl_choice choice; const char *result; } cases[] = {
		{ 0, SL_CHOICE_MINE, "'x B y t z'" }, { 1, SL_CHOICE_MINE, "'x T y b z'" }, { SL_ALL_HUNKS, SL_CHOICE_MINE, "'x B y b z'" },
		{ 0, SL_CHOICE_THEIRS, "'x T y t z'" }, { 1, SL_CHOICE_BOTH, "'x T y t b z'" }, { 0, SL_CHOICE_OWN, "'x own y t z'" },
	};
	(void)state;
	merge_field(scene(1, "s"), (struct field){ "content", "'x A y a z'", "'x B y b z'", "'x T y t z'" });
	const struct sl_note *note = receipt_of(scene(1, "s"), "/content", false);
	assert_int_equal(note->hunk_count, 2);
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct sl_str value;
		assert_int_equal(sl_merge_choose(note, cases[i].hunk, cases[i].choice, SL_STR("own"), &the.arena, &value), 0);
		assert_value("choice", value, cases[i].result);
	}
	struct sl_str value;
	assert_int_equal(sl_merge_choose(note, 2, SL_CHOICE_MINE, SL_STR(""), &the.arena, &value), SL_INVALID);
}

static void choose__both_joins_no_words(void **state)
{
	static const struct { const char *mine, *theirs, *result; } cases[] = {
		{ "one", "two", "'a two one z'" }, { "one, ", "two, ", "'a two,  one,  z'" }, { "1\\n2", "3", "'a 3\\n1\\n2 z'" },
		{ "1", "3\\r\\n4", "'a 3\\r\\n4\\r\\n1 z'" }, { "一", "二", "'a 二一 z'" },
	};
	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct sl_str value;
		char mine[40], theirs[40];
		snprintf(mine, sizeof(mine), "'a %s z'", cases[i].mine);
		snprintf(theirs, sizeof(theirs), "'a %s z'", cases[i].theirs);
		merge_field(scene(1, "s"), (struct field){ "content", "'a b z'", mine, theirs });
		const struct sl_note *note = receipt_of(scene(1, "s"), "/content", false);
		assert_int_equal(sl_merge_choose(note, 0, SL_CHOICE_BOTH, SL_STR(""), &the.arena, &value), 0);
		assert_value("choice", value, cases[i].result);
	}
}

static void text__emptied_against_edited_is_a_decision(void **state)
{
	(void)state;
	theirs_wins(scene(1, "s"), (struct field){ "content", "'a day'", "''", "'a long day'" }, SL_RULE_TEXT, 'p');
	theirs_wins(scene(1, "s"), (struct field){ "content", "'a day'", "", "'a long day'" }, SL_RULE_TEXT, 'p');
	/* a line beside the deleted ones stays */
	both_ways(scene(1, "s"), (struct field){ "content", "'a\\n'", "''", "'a\\nb\\n'" }, SL_RULE_TEXT, "'b\\n'");
}

static void text__absent_counts_as_empty(void **state)
{
	(void)state;
	both_ways(scene(1, "s"), (struct field){ "content", "", "''", "'words'" }, SL_RULE_TEXT, "'words'");
}

static void text__emptied_and_removed_is_removed(void **state)
{
	(void)state;
	merge_field(scene(1, "s"), (struct field){ "content", "'words'", "", "''" });
	assert_data(scene(1, "s"), "{}");
	assert_counts(1, 0, 0);
	merge_field(scene(1, "s"), (struct field){ "content", "'words'", "''", "" });
	assert_data(scene(1, "s"), "{}");
	assert_counts(1, 0, 0);
}

static void text__anything_but_text_is_lww(void **state)
{
	(void)state;
	theirs_wins(scene(1, "s"), (struct field){ "content", "'a'", "7", "'b'" }, SL_RULE_LWW, 'c');
	theirs_wins(scene(1, "s"), (struct field){ "content", "{}", "'a'", "'b'" }, SL_RULE_LWW, 'c');
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
	const struct CMUnitTest tests[] = {
		TEST(text__edits_apart_are_merged),
		TEST(text__overlapping_edits_are_a_decision),
		TEST(case_2__two_insertions_at_one_place_are_noted),
		TEST(case_1__the_row_holds_all_but_the_overlapping_words),
		TEST(choose__puts_a_choice_into_the_text),
		TEST(choose__both_joins_no_words),
		TEST(text__emptied_against_edited_is_a_decision),
		TEST(text__absent_counts_as_empty),
		TEST(text__emptied_and_removed_is_removed),
		TEST(text__anything_but_text_is_lww),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
