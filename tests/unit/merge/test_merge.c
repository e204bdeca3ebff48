/* sl_merge: which side's row is taken, deletions against edits, places, parents. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "merging.h"

#define OLD "{'title':'old'}"
#define NEW "{'title':'new'}"

/* --- one side, or the same -------------------------------------------------------------------------------------- */

static void merge__nothing_changed(void **state)
{
	(void)state;
	put(ALL, episode(1), "V", OLD);
	put(ALL, meta("rawScript"), "", "'FADE IN'");
	merge();
	assert_true(sl_delta_is_empty(&the.merge.push) && sl_delta_is_empty(&the.merge.adopt));
	assert_counts(0, 0, 0);
	assert_int_equal(merged(episode(1))->version, 7);
}

static void merge__changed_on_one_side_only_takes_that_side(void **state)
{
	(void)state;
	put(ALL, episode(1), "V", OLD);
	put(ALL, episode(2), "W", OLD);
	put(MINE, episode(1), "V", NEW);
	put(THEIRS, episode(2), "W", NEW);
	put(MINE, character("mine"), "V", "{}");
	put(THEIRS, character("theirs"), "V", "{}");
	merge();
	assert_data(episode(1), NEW);
	assert_data(episode(2), NEW);
	assert_data(character("mine"), "{}");
	assert_data(character("theirs"), "{}");
	assert_counts(0, 0, 0);
}

static void merge__one_sided_changes_are_not_parsed(void **state)
{
	(void)state;
	put(BASE, location("l"), "V", "no JSON");
	put(BOTH, location("l"), "V", "{'name':");
	put(ALL, episode(2), "V", "nor this");
	put(MINE, episode(2), "V", "[[[[");
	put(THEIRS, episode(3), "V", "}");
	merge();
	assert_data(location("l"), "{'name':");
	assert_data(episode(2), "[[[[");
	assert_data(episode(3), "}");
}

static void merge__fields_of_one_row_come_together(void **state)
{
	(void)state;
	put(BASE, episode(1), "V", "{'content':'a','extra':1,'title':'old'}");
	put(MINE, episode(1), "V", "{'content':'a','extra':2,'title':'old'}");
	put(THEIRS, episode(1), "W", "{'content':'b','title':'old','extra':1}");
	merge();
	assert_data(episode(1), "{'content':'b','extra':2,'title':'old'}");
	assert_rank(episode(1), "W");
	assert_counts(0, 0, 0);
}

/* lessons.md: "two devices saved identical content and got a conflict"; syncthing 5258: conflict copies of identical
 * content. */
static void merge__same_change_on_both_is_no_conflict(void **state)
{
	(void)state;
	put(BASE, episode(1), "V", OLD);
	put(BOTH, episode(1), "W", NEW);
	put(BOTH, character("added by both"), "V", "{}");
	put(BASE, location("deleted by both"), "V", "{}");
	put(ALL, episode(2), "V", "{'status':'pending','title':'old'}");
	put(MINE, episode(2), "V", "{'status':'generating','title':'new'}");
	put(THEIRS, episode(2), "V", "{'status':'pending','title':'new'}");
	merge();
	assert_data(episode(1), NEW);
	assert_data(episode(2), "{'status':'generating','title':'new'}");
	assert_data(character("added by both"), "{}");
	assert_data(location("deleted by both"), NULL);
	assert_counts(0, 0, 0);
}

/* lessons.md: "a delta of meta replaced fields that the sender did not know". */
static void merge__unknown_fields_survive(void **state)
{
	(void)state;
	put(BASE, episode(1), "V", "{'title':'old'}");
	put(MINE, episode(1), "V", "{'title':'old','x-mine':{'deep':[1]}}");
	put(THEIRS, episode(1), "V", "{'title':'new','x-theirs':null}");
	put(MINE, meta("newField"), "", "[1]");
	put(THEIRS, meta("context.newField"), "", "{'a':1}");
	merge();
	assert_data(episode(1), "{'title':'new','x-mine':{'deep':[1]},'x-theirs':null}");
	assert_data(meta("newField"), "[1]");
	assert_data(meta("context.newField"), "{'a':1}");
	assert_counts(0, 0, 0);
}

static void merge__added_on_both_is_merged_with_what_both_share(void **state)
{
	(void)state;
	put(ALL, character("else"), "V", "{}");
	put(MINE, scene(1, "a"), "V", "{'content':'a few words','title':'mine','x':1}");
	put(THEIRS, scene(1, "a"), "V", "{'content':'a few words','title':'theirs','y':2}");
	put(ALL, episode(1), "V", "{}");
	merge();
	assert_data(scene(1, "a"), "{'content':'a few words','title':'theirs','x':1,'y':2}");
	assert_receipt(scene(1, "a"), (struct says){ "/title", "", "'mine'", "'theirs'", "'theirs'", SL_RULE_LWW, 'c', 0 });
	assert_counts(1, 1, 0);
}

/* --- deletions -------------------------------------------------------------------------------------------------- */

/* lessons.md: "two-way merge: a row deleted on one device came back from the other". */
static void merge__deleted_and_untouched_is_deleted(void **state)
{
	(void)state;
	put(BASE | MINE, character("a"), "V", "{}");
	put(BASE | THEIRS, character("b"), "V", "{}");
	put(BASE | MINE, meta("fileName"), "", "'f'");
	put(BASE | THEIRS, meta("shotGuide"), "", "'g'");
	merge();
	assert_int_equal(sl_rowset_count(the.merge.rows), 0);
	assert_counts(0, 0, 0);
}

/* lessons.md: Joplin 9148, "a delete beat a day of unsynced edits". */
static void merge__edit_survives_delete(void **state)
{
	(void)state;
	put(BASE, character("a"), "V", "{'name':'Ann'}");
	put(MINE, character("a"), "V", "{'name':'Anna'}");
	put(BASE, character("b"), "W", "{'name':'Bob'}");
	put(THEIRS, character("b"), "W", "{'name':'Rob'}");
	merge();
	assert_data(character("a"), "{'name':'Anna'}");
	assert_data(character("b"), "{'name':'Rob'}");
	assert_int_equal(merged(character("a"))->version, 0);
	assert_int_equal(merged(character("b"))->version, 7);
	assert_receipt(character("a"),
		(struct says){ "", "{'name':'Ann'}", "{'name':'Anna'}", "", "{'name':'Anna'}", SL_RULE_LWW, 'p', 0 });
	assert_receipt(character("b"),
		(struct says){ "", "{'name':'Bob'}", "", "{'name':'Rob'}", "{'name':'Rob'}", SL_RULE_LWW, 'p', 0 });
	assert_int_equal(receipt_of(character("a"), "", false)->kind, SL_NOTE_KEPT);
	assert_counts(2, 2, 2);
}

static void merge__a_move_does_not_survive_delete(void **state)
{
	(void)state;
	put(BASE, character("a"), "V", "{}");
	put(MINE, character("a"), "W", "{}");
	merge();
	assert_data(character("a"), NULL);
	assert_counts(0, 0, 0);
}

static void case_28__edited_episode_survives_with_its_scenes(void **state)
{
	(void)state;
	put(BASE | MINE, episode(1), "V", OLD);
	put(MINE, episode(1), "V", NEW);
	put(BASE | MINE, scene(1, "a"), "V", "{}");
	merge();
	assert_data(episode(1), NEW);
	assert_data(scene(1, "a"), "{}");
	assert_counts(1, 1, 1);
}

/* --- parents ---------------------------------------------------------------------------------------------------- */

static void assert_episode_kept(const char *child_data, size_t receipts)
{
	merge();
	assert_data(scene(1, "edited"), child_data);
	assert_data(scene(1, "untouched"), "{}");
	assert_data(shot(1, "untouched"), "{}");
	assert_data(episode(1), OLD);
	assert_counts(receipts, receipts, 1);
	assert_non_null(receipt_of(episode(1), "", false));
}

static void put_episode(int sides)
{
	put(sides, episode(1), "V", OLD);
	put(sides, scene(1, "edited"), "V", "{}");
	put(sides, scene(1, "untouched"), "W", "{}");
	put(sides, shot(1, "untouched"), "V", "{}");
}

static void merge__edited_scene_keeps_its_deleted_episode(void **state)
{
	(void)state;
	put_episode(BASE | MINE);
	put(MINE, scene(1, "edited"), "V", "{'title':'words'}");
	assert_episode_kept("{'title':'words'}", 2);
	assert_receipt(episode(1), (struct says){ "", OLD, OLD, "", OLD, SL_RULE_LWW, 'p', 0 });
	tear_down(state);
	set_up(state);
	put_episode(BASE | THEIRS);
	put(THEIRS, scene(1, "edited"), "V", "{'title':'words'}");
	assert_episode_kept("{'title':'words'}", 2);
	assert_receipt(episode(1), (struct says){ "", OLD, "", OLD, OLD, SL_RULE_LWW, 'p', 0 });
	assert_int_equal(merged(episode(1))->version, 7);
}

static void merge__added_scene_keeps_its_deleted_episode(void **state)
{
	(void)state;
	put_episode(BASE | MINE);
	drop(BASE, scene(1, "edited"));
	assert_episode_kept("{}", 1);
}

static void merge__moved_episode_is_kept_at_its_new_place(void **state)
{
	(void)state;
	put_episode(BASE | THEIRS);
	put(THEIRS, episode(1), "X", OLD);
	put(THEIRS, scene(1, "edited"), "V", "{'title':'words'}");
	assert_episode_kept("{'title':'words'}", 2);
	assert_rank(episode(1), "X");
}

static void merge__deleted_episode_takes_its_scenes_along(void **state)
{
	(void)state;
	put_episode(BASE | MINE);
	put_episode(BASE | THEIRS);
	drop(THEIRS, episode(1));
	drop(THEIRS, scene(1, "edited"));
	drop(THEIRS, scene(1, "untouched"));
	drop(THEIRS, shot(1, "untouched"));
	merge();
	assert_int_equal(sl_rowset_count(the.merge.rows), 0);
	assert_int_equal(the.merge.adopt.deleted_count, 4);
	assert_counts(0, 0, 0);
}

/* --- places ----------------------------------------------------------------------------------------------------- */

static void merge__moved_on_one_side_goes_there(void **state)
{
	(void)state;
	put(ALL, scene(1, "a"), "A", "{}");
	put(ALL, scene(1, "b"), "B", "{}");
	put(ALL, episode(1), "V", "{}");
	put(MINE, scene(1, "a"), "C", "{}");
	put(THEIRS, scene(1, "b"), "D", "{'title':'too'}");
	merge();
	assert_order(scene(1, "a"), "b a");
	assert_rank(scene(1, "b"), "D");
	assert_counts(0, 0, 0);
}

/* Characters with these letters for ids, in that order and with the letters' ranks. */
static void put_line(int sides, const char *ids, const char *ranks)
{
	for (size_t i = 0; ids[i]; i++) {
		char *id = sl_arena_zalloc(&the.arena, 2, 1), *rank = sl_arena_zalloc(&the.arena, 2, 1);
		assert_true(id && rank);
		id[0] = ids[i];
		rank[0] = ranks[i];
		put(sides, character(id), rank, "{}");
	}
}

static void merge__moved_on_both_is_at_the_servers_place(void **state)
{
	(void)state;
	put_line(ALL, "abcd", "BDFH");
	put_line(MINE, "a", "E");
	put_line(THEIRS, "a", "G");
	merge();
	assert_order(character("a"), "b c a d");
	assert_rank(character("a"), "G");
	assert_receipt(character("a"), (struct says){ "", "'B'", "'E'", "'G'", "'G'", SL_RULE_LWW, 'c', true });
	assert_counts(1, 1, 0);
}

static void merge__same_move_with_other_ranks_is_no_conflict(void **state)
{
	(void)state;
	put_line(ALL, "abcd", "BDFH");
	put_line(MINE, "a", "G");
	put_line(THEIRS, "a", "Gx");
	merge();
	assert_order(character("a"), "b c a d");
	assert_counts(0, 0, 0);
}

static void case_23__respacing_undoes_no_move(void **state)
{
	(void)state;
	put_line(BASE, "abcd", "1234");
	put_line(MINE, "axbcd", "BCDEF"); /* no room was left for x */
	put_line(THEIRS, "dabc", "0123");
	merge();
	assert_order(character("a"), "d a x b c");
	assert_rank(character("a"), "1");
	assert_counts(0, 0, 0);
	tear_down(NULL);
	set_up(NULL);
	put_line(BASE, "abcd", "1234");
	put_line(MINE, "dabc", "0123");
	put_line(THEIRS, "axbcd", "BCDEF");
	merge();
	assert_order(character("a"), "d a x b c");
	assert_rank(character("x"), "C");
	assert_counts(0, 0, 0);
}

static void merge__both_move_other_rows(void **state)
{
	(void)state;
	put_line(BASE, "abcdef", "123456");
	put_line(MINE, "bcdaef", "234556");
	put_line(THEIRS, "fabcde", "012345");
	merge();
	assert_order(character("a"), "f b c d a e");
	assert_counts(0, 0, 0);
}

static void merge__respacing_does_not_misplace_additions(void **state)
{
	(void)state;
	put_line(BASE, "abc", "123");
	put_line(MINE, "axbc", "MNOP");
	put_line(THEIRS, "abyc", "1223");
	merge();
	assert_order(character("a"), "a x b y c");
	assert_counts(0, 0, 0);
}

/* Two runs at one place: each device puts them into one order, and whoever went on with a run finds it whole. */
static void case_22__runs_beside_a_move_stand_by_rank(void **state)
{
	for (int swapped = 0; swapped < 2; swapped++) {
		tear_down(state);
		set_up(state);
		put_line(ALL, "abcd", "BDFH");
		put_line(swapped ? MINE : THEIRS, "aefg", "EIJK");
		put_line(swapped ? THEIRS : MINE, "xyz", "PQR");
		merge();
		assert_order(character("a"), "b a c d e f g x y z");
		assert_counts(0, 0, 0);
		tear_down(state);
		set_up(state);
		put_line(ALL, "b", "W");
		put_line(swapped ? MINE : THEIRS, "xby", "STU");
		put_line(swapped ? THEIRS : MINE, "efg", "JKL");
		merge();
		assert_order(character("b"), "e f g x b y");
		assert_counts(0, 0, 0);
	}
}

/* What two devices imported each has ranks of its own. */
static void merge__rows_that_both_added_take_theirs_places_and_the_rest_follows(void **state)
{
	(void)state;
	put_line(MINE, "abxc", "DEFG");
	put_line(THEIRS, "abc", "PQR");
	merge();
	assert_order(character("a"), "a b x c");
	assert_counts(0, 0, 0);
}

static void merge__moving_and_editing_come_together(void **state)
{
	(void)state;
	put(ALL, character("a"), "A", "{'name':'Ann'}");
	put(MINE, character("a"), "B", "{'name':'Ann'}");
	put(THEIRS, character("a"), "A", "{'name':'Anna'}");
	merge();
	assert_rank(character("a"), "B");
	assert_data(character("a"), "{'name':'Anna'}");
	assert_counts(0, 0, 0);
}

static void merge__equal_places_are_valid(void **state)
{
	(void)state;
	put(ALL, character("c"), "A", "{}");
	put(MINE, character("b"), "B", "{}");
	put(THEIRS, character("a"), "B", "{}");
	merge();
	struct sl_row **sorted = sl_rowset_sorted(the.merge.rows, &the.arena);
	assert_non_null(sorted);
	assert_true(sl_str_equal(sorted[1]->key.id, SL_STR("a")));
	assert_true(sl_str_equal(sorted[2]->key.id, SL_STR("b")));
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
	const struct CMUnitTest tests[] = {
		TEST(merge__nothing_changed),
		TEST(merge__changed_on_one_side_only_takes_that_side),
		TEST(merge__one_sided_changes_are_not_parsed),
		TEST(merge__fields_of_one_row_come_together),
		TEST(merge__same_change_on_both_is_no_conflict),
		TEST(merge__unknown_fields_survive),
		TEST(merge__added_on_both_is_merged_with_what_both_share),
		TEST(merge__deleted_and_untouched_is_deleted),
		TEST(merge__edit_survives_delete),
		TEST(merge__a_move_does_not_survive_delete),
		TEST(case_28__edited_episode_survives_with_its_scenes),
		TEST(merge__edited_scene_keeps_its_deleted_episode),
		TEST(merge__added_scene_keeps_its_deleted_episode),
		TEST(merge__moved_episode_is_kept_at_its_new_place),
		TEST(merge__deleted_episode_takes_its_scenes_along),
		TEST(merge__moved_on_one_side_goes_there),
		TEST(merge__moved_on_both_is_at_the_servers_place),
		TEST(merge__same_move_with_other_ranks_is_no_conflict),
		TEST(case_23__respacing_undoes_no_move),
		TEST(merge__both_move_other_rows),
		TEST(merge__respacing_does_not_misplace_additions),
		TEST(case_22__runs_beside_a_move_stand_by_rank),
		TEST(merge__rows_that_both_added_take_theirs_places_and_the_rest_follows),
		TEST(merge__moving_and_editing_come_together),
		TEST(merge__equal_places_are_valid),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
