/* Tests of the text merge where edits of both sides meet: no word comes about that nobody wrote, and no question is asked where
 * nothing overlaps. Merges are written as in test_merge.c.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <jansson.h>

#include "text_fixture.h"

static void assert_text(const char *base, const char *mine, const char *theirs, const char *expected)
{
	struct sl_arena arena;
	struct sl_text_merge merge;
	struct sl_err err = SL_ERR_INIT;
	sl_arena_init(&arena, 0);
	assert_int_equal(sl_text_merge(sl_str_from(base), sl_str_from(mine), sl_str_from(theirs), SL_TEXT_TRUE_BASE, &arena, &merge,
		&err), 0);
	assert_true(merge.clean);
	assert_true(sl_str_equal(merge.text, sl_str_from(expected)));
	sl_arena_dispose(&arena);
}

static void junction__deletions_that_join_words_clash(void **state)
{
	(void)state;
	assert_merge("foo, bar", "foo bar", "foo,bar", "foo{, | |,}bar");
	assert_merge("foo - bar", "foo bar", "foo- bar", "foo{ - | |- }bar");
	assert_merge("one (two) three", "one two) three", "one(two) three", "one{ (| |(}two) three");
	/* far enough from each other, and where the words stay apart */
	assert_merge("foo, bar; baz", "foo bar; baz", "foo, bar baz", "foo bar baz");
	assert_merge("foo... bar", "foo.. bar", "foo...bar", "foo..bar");
}

static void junction__signs_that_join_words_clash(void **state)
{
	(void)state;
	assert_merge("a . b", "a. b", "a .b", "a{ . |. | .}b");
	assert_merge("1 , 000", "1, 000", "1 ,000", "1{ , |, | ,}000");
	assert_merge("I ' m", "I' m", "I 'm", "I{ ' |' | '}m");
}

static void junction__overlapping_deletions_that_join_words_clash(void **state)
{
	(void)state;
	assert_merge("foo,;-bar", "foo-bar", "foo,bar", "foo{,;-|-|,}bar");
}

static void junction__what_is_written_behind_a_line_end_needs_it(void **state)
{
	static const char *const cases[][4] = { /* base, one side, the other, merged */
		{ "One two.\n", "One two.\nThree.", "One two.", "One two.\nThree." },
		{ "One two.\n", "One two.\nThree.\n", "One two.", "One two.\nThree.\n" },
		{ "One two.\n", "One two. And a half.\nThree.", "One two.", "One two. And a half.\nThree." },
		{ "One.\n\nTwo.", "One.\n\nThree.\nTwo.", "One.\nTwo.", "One.\nThree.\nTwo." },
		{ "One.  Two.", "One.  Three. Two.", "One. Two.", "One. Three. Two." },
	};
	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		assert_text(cases[i][0], cases[i][1], cases[i][2], cases[i][3]);
		assert_text(cases[i][0], cases[i][2], cases[i][1], cases[i][3]);
	}
}

static void junction__two_insertions_are_parted_where_signs_would_join_words(void **state)
{
	(void)state;
	assert_text("", "bar", "foo.", "foo. bar");
	assert_text("", "'s", "foo", "foo 's");
	assert_text("", "5", "1,", "1, 5");
}

static void junction__last_lines_that_both_added_stay_lines(void **state)
{
	(void)state;
	assert_text("A\n", "A\nCUT TO:", "A\nFADE OUT.", "A\nFADE OUT.\nCUT TO:");
	assert_text("A\r\n", "A\r\nCUT TO:", "A\r\nFADE OUT.", "A\r\nFADE OUT.\r\nCUT TO:");
	assert_text("A\n", "A\nCUT TO:\n", "A\nFADE OUT.\n", "A\nFADE OUT.\nCUT TO:\n");
	assert_text("", "CUT\r\nTO", "FADE", "FADE\r\nCUT\r\nTO");
}

static void junction__blank_lines_of_both_sides_stay(void **state)
{
	(void)state;
	assert_text("\nH\n", "\nF\n\nH\n", "y\n\n\nH\n", "y\n\n\nF\n\nH\n");
}

static void junction__words_typed_around_a_blank_are_one_run(void **state)
{
	(void)state;
	assert_merge("red - blue", "one two", "red x y blue", "{red - blue|one two|red x y blue}");
}

static void junction__both_sides_texts_are_cut_alike(void **state)
{
	(void)state;
	assert_merge("b. ab", "b.a ab", ". ab", "{b.|b.a|.} ab");
}

/* The text of a hunk ended in a joiner, and the sign behind it became part of the last word. */
static void junction__a_joiner_takes_no_sign_into_its_word(void **state)
{
	(void)state;
	assert_text("", "-", "a\u200d", "a\u200d-");
	assert_text("", "2", "1\u200d😀", "1\u200d😀2");
	assert_text("", "😀", "1\u200d", "1\u200d 😀");
}

/* More marks than are looked at may stand before a place, or behind it. */
static void junction__marks_without_end_part_no_word(void **state)
{
	(void)state;
	char begun[100] = "a", ended[100] = "'", parted[200];
	for (int i = 0; i < 40; i++) {
		strcat(begun, "\u0301");
		strcat(ended, "\u0301");
	}
	strcat(ended, "b");
	snprintf(parted, sizeof(parted), "%s b", begun);
	assert_text("", "b", begun, parted);
	snprintf(parted, sizeof(parted), "a %s", ended);
	assert_text("", ended, "a", parted);
}

/* A long sign between the edits of both sides. */
static void junction__a_sign_with_many_marks_joins_words(void **state)
{
	(void)state;
#define LONG_SIGN "'\u0301\u0302\u0301\u0302\u0301\u0302\u0301\u0302\u0301\u0302"
	assert_merge("(" LONG_SIGN ")", "a" LONG_SIGN ")", "(" LONG_SIGN "b", "{(" LONG_SIGN ")|a" LONG_SIGN ")|(" LONG_SIGN "b}");
	assert_merge("(👩\u200d👩\u200d👧\u200d👦)", "a👩\u200d👩\u200d👧\u200d👦)", "(👩\u200d👩\u200d👧\u200d👦b",
		"a👩\u200d👩\u200d👧\u200d👦b");
}

/* Which halves make a flag is known only from the first on. */
static void junction__no_character_is_made_of_two(void **state)
{
	(void)state;
	assert_text("", "🇫🇷", "🇩🇪🇩🇪🇩🇪🇩🇪🇩", "🇩🇪🇩🇪🇩🇪🇩🇪🇩 🇫🇷");
	assert_text("", "#", "\u0600", "\u0600 #");
	assert_text("", "\u0301", "#", "# \u0301");
}

static void case_21__letters_added_to_a_word_that_the_other_changed_clash(void **state)
{
	(void)state;
	assert_merge("北京。", "北海。", "北京市。", "北{京|海|京市}。");
	assert_merge("ไปบ้าน", "ไปบ้าย", "ไปบ้านใหม่", "ไปบ้า{น|ย|นใหม่}");
	/* signs are no letters, and what both added side by side stays */
	assert_merge("我喜欢猫", "我喜欢狗", "我喜欢猫！", "我喜欢狗！");
	assert_merge("我喜欢", "我喜欢你", "我喜欢他", "我喜欢<他+你>");
}

/* Theirs has two letters by chance that the base has, too; with mine in the hunk, half a word of theirs would stand at them. */
static void case_21__two_letters_within_what_a_side_wrote_belong_to_its_hunk(void **state)
{
	(void)state;
	assert_merge("去家人好。", "去家人坏。", "不全家人们。", "{去家人好|去家人坏|不全家人们}。");
	assert_merge("社画家学。", "校画家学。", "計画家庭。", "{社画家学|校画家学|計画家庭}。");
	assert_merge("好家人去。", "坏家人去。", "们家人不全。", "{好家人去|坏家人去|们家人不全}。");
	/* where signs stand at them, or three letters, they are words of both */
	assert_merge("去，家人好。", "去，家人坏。", "不，家人们。", "不，家人{好|坏|们}。");
	assert_merge("去一家人好。", "去一家人坏。", "不一家人们。", "不一家人{好|坏|们}。");
}

static void case_93__letters_at_one_place_of_a_word_both_stay(void **state)
{
	(void)state;
	assert_merge("The end", "The ending", "The endless", "The end<less+ing>");
	assert_text("The end", "The ending", "The endless", "The endless ing");
	assert_merge("He ", "He runs", "He  walks", "He < walks+runs>");
	assert_merge("was touring", "was here   touring", "was into touring", "was <into +here   >touring");
	assert_merge("noël", "noëls", "noëlle", "noël<le+s>");
}

static void case_93__letters_that_go_on_with_a_word_stay_at_it(void **state)
{
	(void)state;
	assert_merge("He wal", "He walks. He stops", "He wal She runs", "He walks. He stops She runs");
	assert_merge("ing", "walking", "He runs, ing", "He runs, walking");
	/* within a word only letters do not tear it */
	assert_merge("catfish", "cat fish", "catsfish", "{catfish|cat fish|catsfish}");
}

static void case_93__where_letters_at_one_place_are_asked_about(void **state)
{
	(void)state;
	/* numbers; the beginning of the same word; a letter was removed; clusters */
	assert_merge("100", "1000", "1005", "{100|1000|1005}");
	assert_merge("end", "endi", "ending", "{end|endi|ending}");
	assert_merge("end", "ending", "ens", "{end|ending|ens}");
	assert_merge("e", "e\u0301", "e\u0302", "{e|e\u0301|e\u0302}");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(junction__deletions_that_join_words_clash),
		cmocka_unit_test(junction__signs_that_join_words_clash),
		cmocka_unit_test(junction__overlapping_deletions_that_join_words_clash),
		cmocka_unit_test(junction__what_is_written_behind_a_line_end_needs_it),
		cmocka_unit_test(junction__two_insertions_are_parted_where_signs_would_join_words),
		cmocka_unit_test(junction__last_lines_that_both_added_stay_lines),
		cmocka_unit_test(junction__blank_lines_of_both_sides_stay),
		cmocka_unit_test(junction__words_typed_around_a_blank_are_one_run),
		cmocka_unit_test(junction__both_sides_texts_are_cut_alike),
		cmocka_unit_test(junction__a_joiner_takes_no_sign_into_its_word),
		cmocka_unit_test(junction__marks_without_end_part_no_word),
		cmocka_unit_test(junction__a_sign_with_many_marks_joins_words),
		cmocka_unit_test(junction__no_character_is_made_of_two),
		cmocka_unit_test(case_21__letters_added_to_a_word_that_the_other_changed_clash),
		cmocka_unit_test(case_21__two_letters_within_what_a_side_wrote_belong_to_its_hunk),
		cmocka_unit_test(case_93__letters_at_one_place_of_a_word_both_stay),
		cmocka_unit_test(case_93__letters_that_go_on_with_a_word_stay_at_it),
		cmocka_unit_test(case_93__where_letters_at_one_place_are_asked_about),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
