/* Rows that got another key, because two devices added different things under one: the app is told, and its edits follow. */
#include "two_devices.h"

#include <stdlib.h>

static const char *const ours = "{'episodes':[{'id':2,'title':'The lighthouse keeper'}],"
	"'scenes':[{'episodeId':2,'id':'s1','content':'Waves break on the rocks below the tower.'}]}";
static const char *const theirs = "{'episodes':[{'id':2,'title':'A wedding in town'}],"
	"'scenes':[{'episodeId':2,'id':'s1','content':'Guests arrive; somebody has forgotten rings.'}]}";

/* Device a's second episode becomes the third. Returns the revision that its app had read before. */
static int64_t collide(void)
{
	begin_with("{'episodes':[{'id':1,'title':'One'}],'characters':[{'id':'c','name':'C'}]}");
	host_edit(&b, theirs);
	host_settle(&b);
	host_edit(&a, ours);
	int64_t revision = sl_engine_revision(a.engine);
	host_settle(&a);
	expect_in_sync(&a);
	assert_string_equal(host_data(&a, SL_EPISODES, 2, ""), "{\"title\":\"A wedding in town\"}");
	assert_string_equal(host_data(&a, SL_EPISODES, 3, ""), "{\"title\":\"The lighthouse keeper\"}");
	assert_true(a.renames >= 2);
	return revision;
}

static void edit_at(int64_t revision, const char *delta)
{
	char *text = project_text(delta);
	struct sl_event event = { .type = SL_EVENT_EDIT, .edit = { .delta = sl_str_from(text), .revision = revision } };
	assert_int_equal(host_event(&a, event), SL_OK);
	free(text);
}

static void case_95__an_editor_follows_its_episode(void **state)
{
	(void)state;
	int64_t revision = collide();
	edit_at(revision, "{'scenes':[{'episodeId':2,'id':'s1','content':'Waves break on the rocks below the old tower.'}]}");
	assert_string_equal(host_data(&a, SL_SCENES, 3, "s1"), "{\"content\":\"Waves break on the rocks below the old tower.\"}");
	assert_string_equal(host_data(&a, SL_SCENES, 2, "s1"), "{\"content\":\"Guests arrive; somebody has forgotten rings.\"}");
	host_settle(&a);
	expect_in_sync(&a);
}

static void case_95__also_after_a_restart(void **state)
{
	(void)state;
	int64_t revision = collide();
	a.unchecked = true;
	host_restart(&a);
	edit_at(revision, "{'scenes':[{'episodeId':2,'id':'s1','content':'Waves break on the rocks below the old tower.'}]}");
	assert_string_equal(host_data(&a, SL_SCENES, 2, "s1"), "{\"content\":\"Guests arrive; somebody has forgotten rings.\"}");
	assert_non_null(strstr(host_data(&a, SL_SCENES, 3, "s1"), "old tower"));
	host_settle(&a);
	expect_in_sync(&a);
}

static void case_95__what_is_added_to_the_episode_follows(void **state)
{
	(void)state;
	int64_t revision = collide();
	edit_at(revision, "{'scenes':[{'episodeId':2,'id':'s2','content':'Night.'}]}");
	assert_string_equal(host_data(&a, SL_SCENES, 3, "s2"), "{\"content\":\"Night.\"}");
	assert_string_equal(host_data(&a, SL_SCENES, 2, "s2"), "");
}

static void case_95__an_edit_that_says_what_it_saw_follows(void **state)
{
	(void)state;
	collide();
	assert_int_equal(host_try_edit(&a,
		"{'scenes':[{'episodeId':2,'id':'s1','content':'Waves break on the rocks below the old tower.'}]}",
		"{'scenes':[{'episodeId':2,'id':'s1','content':'Waves break on the rocks below the tower.'}]}"), SL_OK);
	assert_string_equal(host_data(&a, SL_SCENES, 3, "s1"), "{\"content\":\"Waves break on the rocks below the old tower.\"}");
	assert_string_equal(host_data(&a, SL_SCENES, 2, "s1"), "{\"content\":\"Guests arrive; somebody has forgotten rings.\"}");
}

static void renames__are_not_followed_by_edits_of_what_is_there_now(void **state)
{
	(void)state;
	collide();
	host_edit(&a, "{'scenes':[{'episodeId':2,'id':'s1','content':'Guests arrive; somebody has brought rings.'}]}");
	assert_string_equal(host_data(&a, SL_SCENES, 2, "s1"), "{\"content\":\"Guests arrive; somebody has brought rings.\"}");
	assert_int_equal(host_try_edit(&a, "{'scenes':[{'episodeId':2,'id':'s1','content':'Guests leave; all have rings.'}]}",
		"{'scenes':[{'episodeId':2,'id':'s1','content':'Guests arrive; somebody has brought rings.'}]}"), SL_OK);
	assert_string_equal(host_data(&a, SL_SCENES, 2, "s1"), "{\"content\":\"Guests leave; all have rings.\"}");
	assert_string_equal(host_data(&a, SL_SCENES, 3, "s1"), "{\"content\":\"Waves break on the rocks below the tower.\"}");
}

static void case_24__an_editor_follows_a_scene_that_another_device_moved(void **state)
{
	(void)state;
	begin_with("{'episodes':[{'id':1},{'id':2}],'scenes':[{'episodeId':1,'id':'s','content':'Waves break on the rocks below.'}]}");
	int64_t revision = sl_engine_revision(a.engine);
	host_edit(&b, "{'scenes':[{'episodeId':2,'id':'s','content':'Waves break on the rocks below.'}],"
		"'deleted':{'scenes':[{'episodeId':1,'sceneId':'s'}]}}");
	host_settle(&b);
	sync(&a);
	edit_at(revision, "{'scenes':[{'episodeId':1,'id':'s','content':'Waves break on the old rocks below.'}]}");
	assert_string_equal(host_data(&a, SL_SCENES, 2, "s"), "{\"content\":\"Waves break on the old rocks below.\"}");
	assert_string_equal(host_data(&a, SL_SCENES, 1, "s"), "");
	host_settle(&a);
	expect_in_sync(&a);
}

static void renames__of_shots_are_followed_too(void **state)
{
	(void)state;
	begin_with("{'episodes':[{'id':1}],'shots':[{'episodeId':1,'id':'1-1-04','description':'A door.'}]}");
	host_shot(&b, 1, "1-1-05", "Rain over empty harbour streets at dawn.");
	host_settle(&b);
	host_shot(&a, 1, "1-1-05", "Close on Mara laughing behind glass.");
	int64_t revision = sl_engine_revision(a.engine);
	host_settle(&a);
	expect_shot(&a, 1, "1-1-05", "Rain over empty harbour streets at dawn.");
	expect_shot(&a, 1, "1-1-05A", "Close on Mara laughing behind glass.");
	edit_at(revision, "{'shots':[{'episodeId':1,'id':'1-1-05','description':'Close on Mara laughing behind the glass.'}]}");
	expect_shot(&a, 1, "1-1-05A", "Close on Mara laughing behind the glass.");
	edit_at(revision, "{'deleted':{'shots':[{'episodeId':1,'shotId':'1-1-05'}]}}");
	expect_shot(&a, 1, "1-1-05", "Rain over empty harbour streets at dawn.");
}

static void renames__stay_when_the_merge_is_undone(void **state)
{
	(void)state;
	begin_with("{'episodes':[{'id':1}],'shots':[{'episodeId':1,'id':'1-1-04','description':'A door.'}]}");
	host_shot(&b, 1, "1-1-05", "Rain over empty harbour streets at dawn.");
	host_settle(&b);
	host_shot(&a, 1, "1-1-05", "Close on Mara laughing behind glass.");
	host_settle(&a);
	assert_int_equal(host_event(&a, (struct sl_event){ .type = SL_EVENT_UNDO, .undo = { .entry = a.last_entry } }), 0);
	assert_int_equal(a.last_result, 0);
	expect_shot(&a, 1, "1-1-05", "Rain over empty harbour streets at dawn.");
	expect_shot(&a, 1, "1-1-05A", "Close on Mara laughing behind glass.");
}

/* Device a is asked about a scene, which `mover` then takes to another episode under another id. */
static void move_with_question(struct host *mover, size_t rows_besides)
{
	static const char old[] = "One quick fox jumps over the lazy dog, and runs off.";
	char start[300], moved[30000];
	size_t length;
	snprintf(start, sizeof(start), "{'episodes':[{'id':1},{'id':2}],'scenes':[{'episodeId':1,'id':'s','title':'The fox','content':'%s'}]}",
		old);
	begin_with(start);
	host_edit(&b, "{'scenes':[{'episodeId':1,'id':'s','title':'The fox','content':'One slow fox jumps over the lazy dog, and runs off.'}]}");
	host_settle(&b);
	host_edit(&a, "{'scenes':[{'episodeId':1,'id':'s','title':'The fox','content':'One red fox jumps over the lazy dog, and runs off.'}]}");
	host_settle(&a);
	assert_int_equal(a.opened, 1);
	sync(&b);
	length = (size_t)snprintf(moved, sizeof(moved), "{'scenes':[{'episodeId':2,'id':'t','title':'The fox','content':'One slow fox jumps"
		" over the lazy dog, and runs off.'}],'shots':[");
	for (size_t i = 0; i < rows_besides; i++)
		length += (size_t)snprintf(moved + length, sizeof(moved) - length, "%s{'episodeId':1,'id':'%zu','description':'%zu'}",
			i ? "," : "", i, i);
	snprintf(moved + length, sizeof(moved) - length, "],'deleted':{'scenes':[{'episodeId':1,'sceneId':'s'}]}}");
	host_edit(mover, moved);
	host_settle(mover);
	sync(&a);
}

static void decide_on_moved(void)
{
	const struct sl_conflict_copy *conflict = sl_engine_conflict(a.engine, 0);
	assert_non_null(conflict);
	assert_int_equal(conflict->note.key.episode, 2);
	assert_int_equal(host_event(&a, (struct sl_event){ .type = SL_EVENT_RESOLVE,
		.resolve = { .conflict = conflict->id, .choice = SL_CHOICE_MINE } }), 0);
	assert_string_equal(host_data(&a, SL_SCENES, 2, "t"),
		"{\"content\":\"One red fox jumps over the lazy dog, and runs off.\",\"title\":\"The fox\"}");
	assert_string_equal(host_data(&a, SL_SCENES, 1, "s"), "");
	host_settle(&a);
	expect_in_sync(&a);
}

static void moves__take_open_questions_along(void **state)
{
	(void)state;
	move_with_question(&a, 0);
	host_restart(&a);
	decide_on_moved();
}

static void moves__by_others_take_open_questions_along(void **state)
{
	(void)state;
	move_with_question(&b, 0);
	decide_on_moved();
}

static void moves__in_large_changes_take_open_questions_along(void **state)
{
	(void)state;
	move_with_question(&a, 300);
	decide_on_moved();
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
	const struct CMUnitTest tests[] = {
		TEST(case_95__an_editor_follows_its_episode),
		TEST(case_95__also_after_a_restart),
		TEST(case_95__what_is_added_to_the_episode_follows),
		TEST(case_95__an_edit_that_says_what_it_saw_follows),
		TEST(renames__are_not_followed_by_edits_of_what_is_there_now),
		TEST(case_24__an_editor_follows_a_scene_that_another_device_moved),
		TEST(renames__of_shots_are_followed_too),
		TEST(renames__stay_when_the_merge_is_undone),
		TEST(moves__take_open_questions_along),
		TEST(moves__by_others_take_open_questions_along),
		TEST(moves__in_large_changes_take_open_questions_along),
	};
	return cmocka_run_group_tests_name("engine_renames", tests, NULL, NULL);
}
