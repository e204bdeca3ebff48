/* Scenes and shots that go to another episode, and episodes that get another number: what is one thing stays one. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "merging.h"

#define TEXT "'content':'INT. KITCHEN. Ann makes tea.'"
#define LONG "'content':'INT. KITCHEN. Ann makes tea, and Ben looks out at the boats that come in from the sea."
#define OTHER "'content':'EXT. HARBOUR. Gulls, ropes, the smell of tar.'"

static void put_episodes(int sides)
{
	put(sides, episode(1), "A", "{'title':'One'}");
	put(sides, episode(2), "B", "{'title':'Two'}");
	put(sides, episode(3), "C", "{'title':'Three'}");
}

/* `side` takes the scene to another episode. */
static void move(int side, struct sl_key from, struct sl_key to, const char *rank, const char *data)
{
	drop(side, from);
	put(side, to, rank, data);
}

static void assert_renamed(struct sl_key from, struct sl_key to)
{
	for (size_t i = 0; i < the.merge.rename_count; i++) {
		if (!sl_key_equal(&the.merge.renames[i].from, &from))
			continue;
		assert_true(sl_key_equal(&the.merge.renames[i].to, &to));
		return;
	}
	fail_msg("%.*s was not renamed", (int)from.id.length, from.id.bytes);
}

/* --- between episodes ----------------------------------------------------------------------------------------------- */

static void case_24__edited_here_and_moved_there_is_one(void **state)
{
	(void)state;
	put_episodes(ALL);
	put(ALL, scene(1, "s"), "M", "{" TEXT "}");
	put(MINE, scene(1, "s"), "M", "{" TEXT ",'title':'Tea'}");
	move(THEIRS, scene(1, "s"), scene(2, "s"), "Q", "{" TEXT "}");
	merge();
	assert_data(scene(1, "s"), NULL);
	assert_data(scene(2, "s"), "{" TEXT ",'title':'Tea'}");
	assert_rank(scene(2, "s"), "Q");
	assert_renamed(scene(1, "s"), scene(2, "s"));
	assert_counts(0, 0, 0);
}

static void case_24__moved_here_and_edited_there_is_one(void **state)
{
	(void)state;
	put_episodes(ALL);
	put(ALL, shot(1, "s"), "M", "{'description':'old'}");
	put(THEIRS, shot(1, "s"), "M", "{'description':'old, edited'}");
	move(MINE, shot(1, "s"), shot(2, "s"), "Q", "{'description':'old'}");
	merge();
	assert_data(shot(1, "s"), NULL);
	assert_data(shot(2, "s"), "{'description':'old, edited'}");
	assert_rank(shot(2, "s"), "Q");
	assert_int_equal(merged(shot(2, "s"))->version, 0);
	assert_int_equal(the.merge.rename_count, 0);
	assert_counts(0, 0, 0);
}

static void case_24__moved_to_two_episodes_is_at_the_servers_place(void **state)
{
	(void)state;
	put_episodes(ALL);
	put(ALL, scene(1, "s"), "M", "{" TEXT "}");
	move(MINE, scene(1, "s"), scene(2, "s"), "Q", "{" TEXT ",'title':'mine'}");
	move(THEIRS, scene(1, "s"), scene(3, "s"), "R", "{" TEXT ",'x':1}");
	merge();
	assert_data(scene(1, "s"), NULL);
	assert_data(scene(2, "s"), NULL);
	assert_data(scene(3, "s"), "{" TEXT ",'title':'mine','x':1}");
	assert_rank(scene(3, "s"), "R");
	assert_renamed(scene(2, "s"), scene(3, "s"));
	assert_receipt(scene(3, "s"), (struct says){ "", "{'episodeId':1,'sceneId':'s'}", "{'episodeId':2,'sceneId':'s'}",
		"{'episodeId':3,'sceneId':'s'}", "{'episodeId':3,'sceneId':'s'}", SL_RULE_LWW, 'c', true });
	assert_counts(1, 1, 0);
}

static void move__to_one_episode_on_both_is_one(void **state)
{
	(void)state;
	put_episodes(ALL);
	put(ALL, scene(1, "s"), "M", "{" TEXT "}");
	put(ALL, scene(2, "t"), "P", "{}");
	move(MINE, scene(1, "s"), scene(2, "s"), "O", "{" TEXT ",'title':'mine'}");
	move(THEIRS, scene(1, "s"), scene(2, "s"), "R", "{'content':'INT. KITCHEN. Ann makes some tea.'}");
	merge();
	assert_data(scene(2, "s"), "{'content':'INT. KITCHEN. Ann makes some tea.','title':'mine'}");
	assert_order(scene(2, "s"), "t s");
	assert_counts(0, 0, 0);
}

/* An app that counts gives the id again at once: the edit belongs to what moved. */
static void move__leaves_a_place_that_something_else_takes(void **state)
{
	(void)state;
	for (int mover = 0; mover < 2; mover++) {
		tear_down(NULL);
		set_up(NULL);
		put_episodes(ALL);
		put(ALL, scene(1, "s"), "M", "{" TEXT ",'title':'Tea'}");
		move(mover ? MINE : THEIRS, scene(1, "s"), scene(2, "s"), "Q", "{" TEXT ",'title':'Tea'}");
		put(mover ? MINE : THEIRS, scene(1, "s"), "M", "{" OTHER ",'title':'Boats'}");
		put(mover ? THEIRS : MINE, scene(1, "s"), "M", "{'content':'INT. KITCHEN. Ann makes green tea.','title':'Tea'}");
		merge();
		assert_data(scene(1, "s"), "{" OTHER ",'title':'Boats'}");
		assert_data(scene(2, "s"), "{'content':'INT. KITCHEN. Ann makes green tea.','title':'Tea'}");
		assert_counts(0, 0, 0);
	}
}

/* It got another id on its way, and was edited besides. */
static void move__under_another_id_is_found_if_much_is_alike(void **state)
{
	(void)state;
	put_episodes(ALL);
	put(ALL, scene(1, "s"), "M", "{" LONG "'}");
	put(THEIRS, scene(1, "s"), "M", "{" LONG " He reads.'}");
	move(MINE, scene(1, "s"), scene(2, "t"), "Q", "{" LONG "','title':'Breakfast'}");
	merge();
	assert_data(scene(1, "s"), NULL);
	assert_data(scene(2, "t"), "{" LONG " He reads.','title':'Breakfast'}");
	assert_counts(0, 0, 0);
}

static void case_98__same_id_and_nothing_alike_is_no_move(void **state)
{
	(void)state;
	put_episodes(ALL);
	put(ALL, scene(1, "s3"), "M", "{" TEXT "}");
	move(MINE, scene(1, "s3"), scene(2, "s3"), "Q", "{" OTHER "}");
	put(THEIRS, scene(1, "s3"), "M", "{" TEXT ",'title':'Tea'}");
	merge();
	assert_data(scene(1, "s3"), "{" TEXT ",'title':'Tea'}");
	assert_data(scene(2, "s3"), "{" OTHER "}");
	assert_counts(1, 1, 1);
}

static void move__under_another_id_is_told_by_its_content(void **state)
{
	(void)state;
	put_episodes(ALL);
	put(ALL, shot(1, "1-1-05"), "M", "{'description':'A long look out of the window.'}");
	move(THEIRS, shot(1, "1-1-05"), shot(2, "2-1-01"), "Q", "{'description':'A long look out of the window.'}");
	put(MINE, shot(1, "1-1-05"), "M", "{'description':'A long look out of the broken window.'}");
	merge();
	assert_data(shot(1, "1-1-05"), NULL);
	assert_data(shot(2, "2-1-01"), "{'description':'A long look out of the broken window.'}");
	assert_counts(0, 0, 0);
}

/* Few ideographs say much. What an app calls every new shot says little. */
static void move__under_another_id_is_told_by_a_few_ideographs(void **state)
{
	(void)state;
	put_episodes(ALL);
	put(ALL, shot(1, "1-1"), "M", "{'description':'雨落在旧港口的灯上'}");
	move(THEIRS, shot(1, "1-1"), shot(2, "1-4"), "Q", "{'description':'雨落在旧港口的灯上'}");
	put(THEIRS, shot(1, "1-1"), "M", "{'description':'A long look out of the window.'}");
	put(MINE, shot(1, "1-1"), "M", "{'description':'雨落在新港口的灯上'}");
	merge();
	assert_data(shot(1, "1-1"), "{'description':'A long look out of the window.'}");
	assert_data(shot(2, "1-4"), "{'description':'雨落在新港口的灯上'}");
	assert_counts(0, 0, 0);
	tear_down(NULL);
	set_up(NULL);
	put_episodes(ALL);
	put(ALL, shot(1, "1-1"), "M", "{'description':'新镜头'}");
	move(THEIRS, shot(1, "1-1"), shot(2, "1-4"), "Q", "{'description':'新镜头'}");
	put(MINE, shot(1, "1-1"), "M", "{'description':'雨落在新港口的灯上'}");
	merge();
	assert_data(shot(1, "1-1"), "{'description':'雨落在新港口的灯上'}");
	assert_data(shot(2, "1-4"), "{'description':'新镜头'}");
}

static void move__onto_a_key_of_another_thing_gets_a_letter(void **state)
{
	(void)state;
	put_episodes(ALL);
	put(ALL, scene(1, "s"), "M", "{" TEXT "}");
	move(MINE, scene(1, "s"), scene(2, "s"), "Q", "{" TEXT "}");
	put(THEIRS, scene(1, "s"), "M", "{" TEXT ",'title':'Tea'}");
	put(THEIRS, scene(2, "s"), "R", "{" OTHER "}");
	merge();
	assert_data(scene(1, "s"), NULL);
	assert_data(scene(2, "s"), "{" OTHER "}");
	assert_data(scene(2, "sA"), "{" TEXT ",'title':'Tea'}");
	assert_renamed(scene(2, "s"), scene(2, "sA"));
	assert_int_equal(the.merge.note_count, 1);
	assert_int_equal(the.merge.notes[0].kind, SL_NOTE_RENAMED);
	/* And the other way round. */
	tear_down(NULL);
	set_up(NULL);
	put_episodes(ALL);
	put(ALL, scene(1, "s"), "M", "{" TEXT "}");
	move(THEIRS, scene(1, "s"), scene(2, "s"), "Q", "{" TEXT "}");
	put(MINE, scene(1, "s"), "M", "{" TEXT ",'title':'Tea'}");
	put(MINE, scene(2, "s"), "R", "{" OTHER "}");
	merge();
	assert_data(scene(2, "s"), "{" TEXT ",'title':'Tea'}");
	assert_data(scene(2, "sA"), "{" OTHER "}");
}

/* --- and deletions ------------------------------------------------------------------------------------------------------ */

static void move__what_moved_out_is_not_part_of_what_a_deletion_took(void **state)
{
	(void)state;
	put_episodes(ALL);
	put(ALL, scene(1, "s"), "M", "{" TEXT "}");
	put(ALL, scene(1, "t"), "N", "{'title':'taken'}");
	move(MINE, scene(1, "s"), scene(2, "s"), "Q", "{" TEXT "}");
	drop(MINE, scene(1, "t"));
	drop(MINE, episode(1));
	put(THEIRS, scene(1, "s"), "M", "{" TEXT ",'title':'Tea'}");
	merge();
	assert_data(episode(1), NULL);
	assert_data(scene(1, "t"), NULL);
	assert_data(scene(2, "s"), "{" TEXT ",'title':'Tea'}");
	assert_counts(0, 0, 0);
	put(THEIRS, episode(1), "A", "{'title':'One, edited'}");
	merge();
	assert_data(episode(1), "{'title':'One, edited'}");
	assert_data(scene(1, "t"), "{'title':'taken'}");
	assert_data(scene(1, "s"), NULL);
	assert_data(scene(2, "s"), "{" TEXT ",'title':'Tea'}");
	assert_counts(1, 1, 1);
}

static void move__into_an_episode_keeps_it(void **state)
{
	(void)state;
	put_episodes(ALL);
	put(ALL, scene(1, "s"), "M", "{" TEXT "}");
	put(ALL, scene(2, "t"), "N", "{'title':'taken'}");
	move(MINE, scene(1, "s"), scene(2, "s"), "Q", "{" TEXT "}");
	drop(THEIRS, scene(2, "t"));
	drop(THEIRS, episode(2));
	merge();
	assert_data(episode(2), "{'title':'Two'}");
	assert_data(scene(2, "s"), "{" TEXT "}");
	assert_data(scene(2, "t"), "{'title':'taken'}");
	assert_counts(1, 1, 1);
}

static void move__is_an_edit_that_survives_deletion(void **state)
{
	(void)state;
	put_episodes(ALL);
	put(ALL, scene(1, "s"), "M", "{" TEXT "}");
	move(MINE, scene(1, "s"), scene(2, "s"), "Q", "{" TEXT "}");
	drop(THEIRS, scene(1, "s"));
	drop(THEIRS, episode(1));
	merge();
	assert_data(episode(1), NULL);
	assert_data(scene(2, "s"), "{" TEXT "}");
	assert_counts(1, 1, 1);
}

/* --- episodes -------------------------------------------------------------------------------------------------------------- */

static void put_episode(int sides, int64_t number, const char *title)
{
	char data[128];
	snprintf(data, sizeof(data), "{'content':'What happens in the middle.','title':'%s'}", title);
	put(sides, episode(number), "B", data);
	put(sides, scene(number, "s"), "M", "{" TEXT "}");
	put(sides, scene(number, "t"), "N", "{" OTHER "}");
}

static void remove_episode(int sides, int64_t number)
{
	drop(sides, scene(number, "s"));
	drop(sides, scene(number, "t"));
	drop(sides, episode(number));
}

static void case_95__edits_follow_an_episode_with_a_new_number(void **state)
{
	(void)state;
	put_episode(ALL, 2, "Two");
	put(ALL, meta("context.episodeSummaries"), "", "[{'episodeId':2,'summary':'They meet.'}]");
	remove_episode(THEIRS, 2);
	put_episode(THEIRS, 3, "Two");
	put(THEIRS, meta("context.episodeSummaries"), "", "[{'episodeId':3,'summary':'They meet.'}]");
	put(MINE, scene(2, "s"), "M", "{" TEXT ",'title':'Tea'}");
	put(MINE, scene(2, "new"), "O", "{'title':'Cake'}");
	put(MINE, episode(2), "B", "{'content':'What happens in the middle.','title':'Second'}");
	put(MINE, meta("context.episodeSummaries"), "", "[{'episodeId':2,'summary':'They meet again.'}]");
	merge();
	assert_data(episode(2), NULL);
	assert_data(episode(3), "{'content':'What happens in the middle.','title':'Second'}");
	assert_data(scene(3, "s"), "{" TEXT ",'title':'Tea'}");
	assert_data(scene(3, "t"), "{" OTHER "}");
	assert_data(scene(3, "new"), "{'title':'Cake'}");
	assert_data(meta("context.episodeSummaries"), "[{'episodeId':3,'summary':'They meet again.'}]");
	assert_renamed(episode(2), episode(3));
	assert_renamed(scene(2, "new"), scene(3, "new"));
	assert_order(scene(3, "s"), "s t new");
	assert_counts(0, 0, 0);
}

static void case_95__a_new_number_here_takes_edits_from_there_along(void **state)
{
	(void)state;
	put_episode(ALL, 2, "Two");
	remove_episode(MINE, 2);
	put_episode(MINE, 3, "Two");
	put(THEIRS, scene(2, "s"), "M", "{" TEXT ",'title':'Tea'}");
	drop(THEIRS, scene(2, "t"));
	put(THEIRS, episode(3), "C", "{'content':'Something else, much later, in the snow.'}");
	merge();
	assert_data(episode(2), NULL);
	assert_data(episode(3), "{'content':'Something else, much later, in the snow.'}");
	assert_data(episode(4), "{'content':'What happens in the middle.','title':'Two'}");
	assert_data(scene(4, "s"), "{" TEXT ",'title':'Tea'}");
	assert_data(scene(4, "t"), NULL);
	assert_renamed(episode(3), episode(4));
}

static void case_95__two_new_numbers_are_the_servers(void **state)
{
	(void)state;
	put_episode(ALL, 2, "Two");
	remove_episode(BOTH, 2);
	put_episode(MINE, 5, "Two");
	put_episode(THEIRS, 6, "Two");
	put(MINE, scene(5, "s"), "M", "{" TEXT ",'title':'Tea'}");
	put(MINE, scene(5, "new"), "O", "{'title':'Cake'}");
	merge();
	assert_data(episode(5), NULL);
	assert_data(scene(6, "s"), "{" TEXT ",'title':'Tea'}");
	assert_data(scene(6, "new"), "{'title':'Cake'}");
	assert_int_equal(the.merge.note_count, 1);
	assert_int_equal(the.merge.notes[0].kind, SL_NOTE_RENAMED);
}

static void move__into_an_episode_with_a_new_number(void **state)
{
	(void)state;
	put_episodes(ALL);
	put(ALL, scene(1, "m"), "M", "{'content':'Somebody knocks at the door.'}");
	remove_episode(ALL, 2);
	put_episode(ALL, 2, "Two");
	remove_episode(MINE, 2);
	put_episode(MINE, 7, "Two");
	move(THEIRS, scene(1, "m"), scene(2, "m"), "P", "{'content':'Somebody knocks at the door.'}");
	put(MINE, scene(1, "m"), "M", "{'content':'Somebody knocks at the old door.'}");
	merge();
	assert_data(episode(2), NULL);
	assert_data(scene(1, "m"), NULL);
	assert_data(scene(2, "m"), NULL);
	assert_data(scene(7, "m"), "{'content':'Somebody knocks at the old door.'}");
	assert_order(scene(7, "s"), "s t m");
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
	const struct CMUnitTest tests[] = {
		TEST(case_24__edited_here_and_moved_there_is_one),
		TEST(case_24__moved_here_and_edited_there_is_one),
		TEST(case_24__moved_to_two_episodes_is_at_the_servers_place),
		TEST(move__to_one_episode_on_both_is_one),
		TEST(move__leaves_a_place_that_something_else_takes),
		TEST(move__under_another_id_is_found_if_much_is_alike),
		TEST(case_98__same_id_and_nothing_alike_is_no_move),
		TEST(move__under_another_id_is_told_by_its_content),
		TEST(move__under_another_id_is_told_by_a_few_ideographs),
		TEST(move__onto_a_key_of_another_thing_gets_a_letter),
		TEST(move__what_moved_out_is_not_part_of_what_a_deletion_took),
		TEST(move__into_an_episode_keeps_it),
		TEST(move__is_an_edit_that_survives_deletion),
		TEST(case_95__edits_follow_an_episode_with_a_new_number),
		TEST(case_95__a_new_number_here_takes_edits_from_there_along),
		TEST(case_95__two_new_numbers_are_the_servers),
		TEST(move__into_an_episode_with_a_new_number),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
