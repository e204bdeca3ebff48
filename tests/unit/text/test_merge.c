/* Tests of the three-way merge of text: each rule of text.h by name. A merge is written as its result, in which a clash
 * stands as {base|mine|theirs} and two insertions at one place as <theirs+mine>; every one is also done with the sides swapped.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <jansson.h>

#include "text_fixture.h"

/* That the result is this text, and no hunk is open. */
static void assert_text(const char *base, const char *mine, const char *theirs, const char *expected)
{
	struct sl_arena arena;
	sl_arena_init(&arena, 0);
	struct sl_text_merge merge = merge_both_ways(sl_str_from(base), sl_str_from(mine), sl_str_from(theirs), &arena);
	assert_true(merge.clean);
	assert_true(sl_str_equal(merge.text, sl_str_from(expected)));
	sl_arena_dispose(&arena);
}

static void text__what_one_side_changed_is_taken(void **state)
{
	(void)state;
	assert_merge("one\ntwo\n", "one\n2\n", "one\ntwo\n", "one\n2\n");
	assert_merge("one\ntwo\n", "one\ntwo\n", "one\ntwo\n", "one\ntwo\n");
	assert_merge("one\ntwo\n", "", "one\ntwo\n", "");
	assert_merge("", "", "new", "new");
	assert_merge("", "", "", "");
}

static void text__the_same_change_on_both_sides_is_clean(void **state)
{
	(void)state;
	assert_merge("a\nb\nc\n", "a\nB\nc\n", "a\nB\nc\n", "a\nB\nc\n");
	assert_merge("a\nb\nc\nd\ne\n", "a\nB\nc\nd\nE\n", "A\nB\nc\nd\ne\n", "A\nB\nc\nd\nE\n");
	assert_merge("", "same", "same", "same");
	assert_merge("gone\nstays\n", "stays\n", "stays\n", "stays\n");
}

static void text__the_same_change_within_a_larger_one_is_clean(void **state)
{
	(void)state;
	assert_merge("the cat sat\n", "the dog ran\n", "the dog sat\n", "the dog ran\n");
	assert_merge("red green blue\n", "RED green BLUE\n", "RED GREEN blue\n", "RED GREEN BLUE\n");
}

static void text__the_same_change_found_in_different_places_is_clean(void **state)
{
	(void)state;
	assert_merge("c\r\x01\r\n", "\r\r\r\nc", "\r\r\r\n", "\r\r\r\nc");
}

static void text__edits_of_different_lines_are_merged(void **state)
{
	(void)state;
	assert_merge("1\n2\n3\n4\n5\n", "one\n2\n3\n4\n5\n", "1\n2\n3\n4\nfive\n", "one\n2\n3\n4\nfive\n");
	assert_merge("1\n2\n3\n4\n", "0\n1\n2\n3\n4\n", "1\n2\n4\n", "0\n1\n2\n4\n");
	assert_merge("1\n2\n", "one\n2\n", "1\ntwo\n", "one\ntwo\n");
}

static void text__edits_of_one_paragraph_are_merged_by_word(void **state)
{
	(void)state;
	assert_merge("The quick brown fox jumps over the lazy dog.", "The slow brown fox jumps over the lazy dog.",
		"The quick brown fox jumps over the sleeping dog.", "The slow brown fox jumps over the sleeping dog.");
	assert_merge("He enters. She leaves.\n", "He slowly enters. She leaves.\n", "He enters. She quickly leaves.\n",
		"He slowly enters. She quickly leaves.\n");
	assert_merge("one two three", "one 2 three", "one two 3", "one 2 3");
	assert_merge("Wait, what?", "Wait... what?", "Wait, who?", "Wait... who?");
}

static void text__different_edits_of_a_word_clash(void **state)
{
	(void)state;
	assert_merge("the cat sat", "the dog sat", "the bird sat", "the {cat|dog|bird} sat");
	assert_merge("a\nthe cat sat\nb\n", "A\nthe dog sat\nb\n", "a\nthe bird sat\nB\n",
		"A\nthe {cat|dog|bird} sat\nB\n");
	assert_merge("cat", "dog", "", "{cat|dog|}");
}

static void text__clashes_with_no_word_between_are_one_hunk(void **state)
{
	(void)state;
	assert_merge("red, green and blue", "1, 2 and blue", "a, b and blue", "{red, green|1, 2|a, b} and blue");
	assert_merge("red green and blue", "1 green and 2", "a green and b", "{red|1|a} green and {blue|2|b}");
	assert_merge("red\ngreen\n", "1\n2\n", "a\nb\n", "{red|1|a}\n{green|2|b}\n");
}

static void text__deleting_what_the_other_edited_clashes(void **state)
{
	(void)state;
	assert_merge("keep\nthis line goes\nkeep\n", "keep\nkeep\n", "keep\nthis line stays\nkeep\n",
		"keep\n{this line goes\n||this line stays\n}keep\n");
	assert_merge("She laughs out loud. He waits.", "He waits.", "She laughs very loud. He waits.",
		"{She laughs out loud. ||She laughs very loud. }He waits.");
	assert_merge("a b c d", "a d", "a b new c d", "a {b c ||b new c }d");
	assert_merge("all of it", "", "all of it and more", "{all of it||all of it and more}");
}

static void text__adding_to_words_that_the_other_deleted_clashes(void **state)
{
	(void)state;
	assert_merge("A\nsome words", "A\n", "A\nsome words more", "A\n{some words||some words more}");
	assert_merge("A\nsome words\nB\n", "A\nB\n", "A\nsome words more\nB\n", "A\n{some words\n||some words more\n}B\n");
	assert_merge("A big cat", "A cat", "A very big cat", "A {big ||very big }cat");
}

/* A blank is not worth a question. */
static void text__blanks_beside_deleted_words_stay(void **state)
{
	(void)state;
	assert_text("one two", "", "one two\n", "\n");
	assert_text("one two", "one two\n", "", "\n");
	assert_text("one two three", "three", "one two \nthree", "\nthree");
	assert_text("one two\nthree four", "one two\n", "one two\n three four", "one two\n ");
}

static void text__lines_inserted_beside_deleted_lines_stay(void **state)
{
	(void)state;
	assert_merge("A\ngone\nB\n", "A\nB\n", "A\nnew\ngone\nB\n", "A\nnew\nB\n");
	assert_merge("A\ngone\nB\n", "A\nB\n", "A\ngone\nnew\nB\n", "A\nnew\nB\n");
}

static void text__lines_inserted_within_deleted_lines_clash(void **state)
{
	(void)state;
	assert_merge("A\nx\ny\nB\n", "A\nB\n", "A\nx\nnew\ny\nB\n", "A\n{x\ny\n||x\nnew\ny\n}B\n");
}

static void text__overlapping_deletions_are_both_done(void **state)
{
	(void)state;
	assert_merge("1\n2\n3\n4\n5\n", "1\n4\n5\n", "1\n2\n5\n", "1\n5\n");
	assert_merge("one two three four", "one four", "one two four", "one four");
}

static void case_2__different_insertions_at_one_place_both_stay(void **state)
{
	(void)state;
	assert_merge("A\nB\n", "A\nmine\nB\n", "A\ntheirs\nB\n", "A\n<theirs\n+mine\n>B\n");
	assert_merge("", "mine", "theirs", "<theirs+mine>");
	assert_merge("The end", "The end of it", "The end is near", "The end< is near+ of it>");
	assert_merge("A", "A\nmine", "A\ntheirs", "A<\ntheirs+\nmine>");
	assert_merge("INT. ROOM\n\nHe waits.\n", "INT. ROOM\n\nHe waits.\n\nShe comes.\n", "INT. ROOM\n\nHe waits.\n\nIt rains.\n",
		"INT. ROOM\n\nHe waits.\n<\nIt rains.\n+\nShe comes.\n>");
}

static void case_2__two_insertions_are_parted_where_words_would_join(void **state)
{
	(void)state;
	assert_text("", "mine", "theirs", "theirs mine");
	assert_text("", "mine\ntoo", "theirs", "theirs\nmine\ntoo");
	assert_text("a.", "a. Mine.", "a. Theirs.", "a. Theirs. Mine.");
	assert_text("", "(mine)", "theirs", "theirs(mine)");
	assert_text("", "我", "你", "你我");
	assert_text("The end", "The end of it", "The end is near", "The end is near of it");
}

static void text__of_what_both_share_insertions_are_a_decision(void **state)
{
	(void)state;
	struct sl_arena arena;
	struct sl_text_merge merge;
	struct sl_err err = SL_ERR_INIT;
	sl_arena_init(&arena, 0);
	assert_int_equal(sl_text_merge(SL_STR("a\nb\n"), SL_STR("a\nmine\nb\n"), SL_STR("a\ntheirs\nb\n"), SL_TEXT_SHARED_BASE,
		&arena, &merge, &err), 0);
	assert_int_equal(merge.hunk_count, 1);
	assert_int_equal(merge.both_count, 0);
	assert_true(sl_str_equal(merge.text, SL_STR("a\ntheirs\nb\n")));
	sl_arena_dispose(&arena);
}

static void text__common_words_stand_in_for_an_ancestor(void **state)
{
	(void)state;
	static const char *const tests[][3] = { { "the red car\nstops", "the blue car\nstops", "the  car\nstops" },
		{ "same", "same", "same" }, { "", "b", "" }, { "a", "", "" }, { "one\ntwo\nthree", "two\nthree\nfour", "two\nthree" },
		{ "ไปบ้าน วันนี้", "ไปร้าน วันนี้", " วันนี้" }, { "กคฮ\nกฅฮ", "กฃคจฮกฃคฉฮ\nกฃฅขฮ", "\n" }, { "ไปบ้าน", "ไปบ้าน วันนี้", "ไปบ้าน" },
		{ "เขา ไปบ้าน", "ไปบ้าน", "ไปบ้าน" } };
	struct sl_arena arena;
	sl_arena_init(&arena, 0);
	for (size_t i = 0; i < sizeof(tests) / sizeof(tests[0]); i++) {
		struct sl_str common;
		assert_int_equal(sl_text_common(sl_str_from(tests[i][0]), sl_str_from(tests[i][1]), &arena, &common), 0);
		assert_true(sl_str_equal(common, sl_str_from(tests[i][2])));
	}
	sl_arena_dispose(&arena);
}

static void case_1__only_what_overlaps_is_a_hunk(void **state)
{
	(void)state;
	assert_merge("P1 one.\nP2 two.\nP3 the red car.\nP4 four.",
		"P1 A-WROTE-THREE-HOURS.\nP2 two.\nP3 the green car.\nP4 four.",
		"P1 one.\nP2 B-WROTE-THIS.\nP3 the blue car.\nP4 four.",
		"P1 A-WROTE-THREE-HOURS.\nP2 B-WROTE-THIS.\nP3 the {red|green|blue} car.\nP4 four.");
}

static void case_70__a_replacement_may_end_in_an_insertion(void **state)
{
	(void)state;
	assert_merge("a b.", "a c. d.", "a b. d.", "a c. d.");
	assert_merge("He runs.", "He walks. Then he stops.", "He runs. She follows.",
		"He walks.< She follows.+ Then he stops.>");
	assert_merge("a\r\n", "a\nb\n", "a\r\nb\r\n", "a{\r\n|\nb\n|\r\nb\r\n}");
	assert_merge("the cat", "the dog and the bird", "the cat sat", "the {cat|dog and the bird|cat sat}");
	assert_merge("the cat", "the dog sat", "the cat sat", "the dog sat");
}

/* Who ends the line asks nobody. */
static void text__blanks_beside_a_replacement_that_grows_are_merged(void **state)
{
	(void)state;
	assert_merge("the red car", "the red truck and trailer", "the red car\n", "the red truck and trailer\n");
	assert_merge("the red car", "the big blue car", "the \n\nred car", "the \n\nbig blue car");
	assert_merge("the red car.", "the red truck and trailer.", "the red car .", "the red truck and trailer .");
	assert_merge("a car", "a truck and trailer", "a car\nX", "a {car|truck and trailer|car\nX}");
}

static void case_71__words_and_numbers_are_whole(void **state)
{
	(void)state;
	assert_merge("I can't go.", "I can go.", "I won't go.", "I {can't|can|won't} go.");
	assert_merge("1,000", "2,000", "1,500", "{1,000|2,000|1,500}");
	assert_merge("$100", "$150", "€100", "{$100|$150|€100}");
	assert_merge("at 3.14 m", "at 3.15 m", "at 4.14 m", "at {3.14|3.15|4.14} m");
}

static void case_73__lines_of_a_passage_that_is_gone_clash(void **state)
{
	(void)state;
	assert_merge("one two three four\n\nfive six seven eight\n", "un deux trois quatre\n\ncinq sept huit neuf\n",
		"one two three four\n\nnew line\nfive six seven eight\n",
		"un deux trois quatre\n\n{five six seven eight\n|cinq sept huit neuf\n|new line\nfive six seven eight\n}");
	/* one of the two is still there */
	assert_merge("one two three four\n\nfive six seven eight\n", "one two three four\n\ncinq sept huit neuf\n",
		"one two three four\n\nnew line\nfive six seven eight\n", "one two three four\n\nnew line\ncinq sept huit neuf\n");
}

static void text__insertions_side_by_side_are_merged(void **state)
{
	(void)state;
	assert_merge("A\nB\nC\n", "A\nmine\nB\nC\n", "A\nB\ntheirs\nC\n", "A\nmine\nB\ntheirs\nC\n");
	assert_merge("a b c", "a x b c", "a b y c", "a x b y c");
}

static void text__who_wrote_the_same_and_more_wins(void **state)
{
	(void)state;
	assert_merge("", "Hello world", "Hello", "Hello world");
	assert_merge("", "Say Hello", "Hello", "Say Hello");
	assert_merge("A\nB\n", "A\nnew\nB\n", "A\nnew\nnewer\nB\n", "A\nnew\nnewer\nB\n");
	assert_merge("a cat sat", "a dog sat", "a dog house sat", "a dog house sat");
	/* but not half a word, and deleting is no writing */
	assert_merge("", "dog", "dogma", "<dogma+dog>");
	assert_merge("cat", "-", "-dog", "{cat|-|-dog}");
}

static void text__insertions_beside_replaced_words_are_merged(void **state)
{
	(void)state;
	assert_merge("the cat sat", "the dog sat", "the big cat sat", "the big dog sat");
	assert_merge("the cat", "the dog", "the cat sat", "the dog sat");
	assert_merge("A\nold line\nB\n", "A\nnew text\nB\n", "A\ninserted\nold line\nB\n", "A\ninserted\nnew text\nB\n");
}

static void text__a_rewritten_passage_counts_as_edited_throughout(void **state)
{
	(void)state;
	assert_merge("one two three four five six seven", "eins zwei drei four fuenf sechs sieben",
		"one two three FOUR five six seven",
		"{one two three four five six seven|eins zwei drei four fuenf sechs sieben|one two three FOUR five six seven}");
	assert_merge("was good", "seemed bad", "was very good", "{was good|seemed bad|was very good}");
	/* single words are no passage */
	assert_merge("one two three", "eins two drei", "one TWO three", "eins TWO drei");
}

/* What stands between cuts is left over, and others' edits of it stay. */
static void text__a_passage_with_much_cut_out_is_not_rewritten(void **state)
{
	(void)state;
	assert_merge("one two three four five six seven", "one four seven", "one two three FOUR five six seven", "one FOUR seven");
	assert_merge("one two three four five six seven", "one four seven", "", "");
	/* nor is it put in anew: the line ends are other ones, but all that is left */
	assert_merge("a b\nc\n\nd e", "", "a b\n\n\nd e", "\n");
}

/* Letters of scripts without blanks are in other words, too. What both took away must not leave a part of one. */
static void text__no_cut_tears_a_word_of_a_script_without_blanks(void **state)
{
	(void)state;
	assert_merge("one two!\n\nภายใน - เรียน\n\nภายนอก - ดี", "one two!\nภายนอก - ดี", "ภายนอก - ดีใจ",
		"{one two!\n\nภายใน - เรียน\n\nภาย|one two!\nภาย|ภาย}นอก - ดีใจ");
}

static void text__blanks_do_not_align_passages(void **state)
{
	(void)state;
	assert_merge("a b\nc d x1 x2 x3 x4 x5 x6\ne f g h", "a b\nc d x1 x2 x3 x4 x5 x6\ne f g h\nend",
		"a b\nc d\ne f g h\nk l m n o\np q r s", "a b\nc d\ne f g h<\nk l m n o\np q r s+\nend>");
}

/* Between the elements of a script are blank lines: one is like the other. */
static void text__blank_lines_do_not_align_passages(void **state)
{
	(void)state;
	assert_merge("a\nb c\nd e f\n\ng h", "a\nb c\nd e f mine\n\ng h", "a\n\nd e f\ntheirs\ng h", "a\n\nd e f mine\ntheirs\ng h");
}

static void text__an_inserted_line_leaves_edits_of_its_twin_in_place(void **state)
{
	(void)state;
	assert_merge("the cat ran\n", "the cat sat\nthe cat ran\n", "the dog ran\n", "the cat sat\nthe dog ran\n");
}

static void text__chinese_is_merged_by_character(void **state)
{
	(void)state;
	assert_merge("我喜欢红色的猫。", "你喜欢红色的猫。", "我喜欢红色的狗。", "你喜欢红色的狗。");
	assert_merge("我喜欢猫", "我喜欢狗", "我喜欢鸟", "我喜欢{猫|狗|鸟}");
}

static void case_21__letters_of_one_word_clash_in_scripts_without_blanks(void **state)
{
	(void)state;
	assert_merge("他去了北京。", "他去了南京。", "他去了北海。", "他去了{北京|南京|北海}。");
	assert_merge("他叫张三。", "他叫李三。", "他叫张四。", "他叫{张三|李三|张四}。");
	assert_merge("ไปบ้าน", "ไปร้าน", "ไปบ้อน", "ไป{บ้า|ร้า|บ้อ}น");
	assert_merge("他说好", "他说很好", "他讲好", "他{说|说很|讲}好");
	assert_merge("東京に行く", "京都に行く", "東京へ行く", "{東京に|京都に|東京へ}行く");
	/* further apart they are other words; a blank ends a run */
	assert_merge("他去了北京饭店。", "她去了北京饭店。", "他去了北京酒店。", "她去了北京酒店。");
	assert_merge("ไป บ้าน", "มา บ้าน", "ไป ร้าน", "มา ร้าน");
	assert_merge("ကျောင်းသွား", "အိမ်သွား", "ကျောင်းလာ", "{ကျောင်းသွား|အိမ်သွား|ကျောင်းလာ}");
	/* what both delete never clashes */
	assert_merge("我很喜欢猫", "我喜欢猫", "我很欢猫", "我欢猫");
}

static void text__emoji_are_never_split(void **state)
{
	(void)state;
	assert_merge("hi 👩‍👩‍👧 you", "hi 👩‍👩‍👦 you", "hi 👩‍👨‍👧 you",
		"hi {👩‍👩‍👧|👩‍👩‍👦|👩‍👨‍👧} you");
	assert_merge("👍🏽 ok 🇩🇪🇫🇷", "👍🏿 ok 🇩🇪🇫🇷", "👍🏽 ok 🇩🇪🇪🇸", "👍🏿 ok 🇩🇪🇪🇸");
	assert_merge("x👍y", "x👍🏽y", "x👍🏿y", "x{👍|👍🏽|👍🏿}y");
	assert_merge("e te", "e\u0301 te", "e te\u0301", "e\u0301 te\u0301");
}

static void text__right_to_left_text_is_merged_by_word(void **state)
{
	(void)state;
	assert_merge("السَّلامُ عليكم يا صديقي", "السَّلامُ عليكم يا أخي", "أهلا عليكم يا صديقي", "أهلا عليكم يا أخي");
	assert_merge("שלום עולם", "שלום לך", "שלום לכם", "שלום {עולם|לך|לכם}");
}

static void text__line_ends_of_all_kinds_survive(void **state)
{
	(void)state;
	assert_merge("a\r\nb\r\nc\r\n", "A\r\nb\r\nc\r\n", "a\r\nb\r\nC\r\n", "A\r\nb\r\nC\r\n");
	assert_merge("a\r\nb\nc\r", "A\r\nb\nc\r", "a\r\nb\nC\r", "A\r\nb\nC\r");
	/* one side's editor changed all line ends, the other side wrote */
	assert_merge("a b\nc d\ne\n", "a b\r\nc d\r\ne\r\n", "a b\nc new d\ne\n", "a b\r\nc new d\r\ne\r\n");
	assert_merge("\n\n\n", "\n\n", "\n\n\n\n", "\n\n\n");
}

static void text__without_a_final_newline(void **state)
{
	(void)state;
	assert_merge("a\nb", "a\nb\n", "A\nb", "A\nb\n");
	assert_merge("a\nb", "a\nb\nc", "A\nb", "A\nb\nc");
	assert_merge("a\nb\n", "a\nb", "A\nb\n", "A\nb");
	assert_merge("a", "a\n", "a", "a\n");
}

static void text__markers_in_the_text_are_only_text(void **state)
{
	(void)state;
	assert_merge("<<<<<<<\na\n=======\nb\n>>>>>>>\n", "<<<<<<<\nA\n=======\nb\n>>>>>>>\n",
		"<<<<<<<\na\n=======\nB\n>>>>>>>\n", "<<<<<<<\nA\n=======\nB\n>>>>>>>\n");
}

static void text__hunks_stand_where_theirs_stands_in_the_result(void **state)
{
	(void)state;
	struct sl_arena arena;
	struct sl_text_merge merge;
	sl_arena_init(&arena, 0);
	struct sl_str base = SL_STR("a b\nc d"), mine = SL_STR("long new line\na 1\nc 2"), theirs = SL_STR("a x\nc y");
	assert_int_equal(sl_text_merge(base, mine, theirs, SL_TEXT_TRUE_BASE, &arena, &merge, NULL), 0);
	assert_false(merge.clean);
	assert_int_equal(merge.hunk_count, 2);
	assert_true(sl_str_equal(merge.text, SL_STR("long new line\na x\nc y")));
	assert_int_equal(merge.hunks[0].result_at, 16);
	assert_true(sl_str_equal(merge.hunks[0].base, SL_STR("b")));
	assert_true(sl_str_equal(merge.hunks[0].mine, SL_STR("1")));
	assert_true(sl_str_equal(merge.hunks[0].theirs, SL_STR("x")));
	assert_true(sl_str_equal(merge.hunks[1].base, SL_STR("d")));
	sl_arena_dispose(&arena);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(text__what_one_side_changed_is_taken),
		cmocka_unit_test(text__the_same_change_on_both_sides_is_clean),
		cmocka_unit_test(text__the_same_change_within_a_larger_one_is_clean),
		cmocka_unit_test(text__the_same_change_found_in_different_places_is_clean),
		cmocka_unit_test(text__edits_of_different_lines_are_merged),
		cmocka_unit_test(text__edits_of_one_paragraph_are_merged_by_word),
		cmocka_unit_test(text__different_edits_of_a_word_clash),
		cmocka_unit_test(text__clashes_with_no_word_between_are_one_hunk),
		cmocka_unit_test(text__deleting_what_the_other_edited_clashes),
		cmocka_unit_test(text__adding_to_words_that_the_other_deleted_clashes),
		cmocka_unit_test(text__blanks_beside_deleted_words_stay),
		cmocka_unit_test(text__lines_inserted_beside_deleted_lines_stay),
		cmocka_unit_test(text__lines_inserted_within_deleted_lines_clash),
		cmocka_unit_test(text__overlapping_deletions_are_both_done),
		cmocka_unit_test(case_1__only_what_overlaps_is_a_hunk),
		cmocka_unit_test(case_2__different_insertions_at_one_place_both_stay),
		cmocka_unit_test(case_2__two_insertions_are_parted_where_words_would_join),
		cmocka_unit_test(text__of_what_both_share_insertions_are_a_decision),
		cmocka_unit_test(text__common_words_stand_in_for_an_ancestor),
		cmocka_unit_test(case_70__a_replacement_may_end_in_an_insertion),
		cmocka_unit_test(text__blanks_beside_a_replacement_that_grows_are_merged),
		cmocka_unit_test(case_71__words_and_numbers_are_whole),
		cmocka_unit_test(case_73__lines_of_a_passage_that_is_gone_clash),
		cmocka_unit_test(text__insertions_side_by_side_are_merged),
		cmocka_unit_test(text__who_wrote_the_same_and_more_wins),
		cmocka_unit_test(text__insertions_beside_replaced_words_are_merged),
		cmocka_unit_test(text__a_rewritten_passage_counts_as_edited_throughout),
		cmocka_unit_test(text__a_passage_with_much_cut_out_is_not_rewritten),
		cmocka_unit_test(text__no_cut_tears_a_word_of_a_script_without_blanks),
		cmocka_unit_test(text__blanks_do_not_align_passages),
		cmocka_unit_test(text__blank_lines_do_not_align_passages),
		cmocka_unit_test(text__an_inserted_line_leaves_edits_of_its_twin_in_place),
		cmocka_unit_test(text__chinese_is_merged_by_character),
		cmocka_unit_test(case_21__letters_of_one_word_clash_in_scripts_without_blanks),
		cmocka_unit_test(text__emoji_are_never_split),
		cmocka_unit_test(text__right_to_left_text_is_merged_by_word),
		cmocka_unit_test(text__line_ends_of_all_kinds_survive),
		cmocka_unit_test(text__without_a_final_newline),
		cmocka_unit_test(text__markers_in_the_text_are_only_text),
		cmocka_unit_test(text__hunks_stand_where_theirs_stands_in_the_result),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
