/* Cases that failed in earlier versions, with the right values, between two devices and a server: what merges, the engine and the
 * server make of them together. */
#include "two_devices.h"

#include <stdio.h>
#include <stdlib.h>

static size_t open_decisions(const struct host *host)
{
	return sl_engine_status(host->engine)->conflicts;
}

/* Both have the first; b changes it to the second and is in sync, a to the third. */
static void both_change(const char *common, const char *of_b, const char *of_a)
{
	begin_with(common);
	host_edit(&b, of_b);
	host_settle(&b);
	host_edit(&a, of_a);
	host_settle(&a);
	sync(&b);
	expect_in_sync(&a);
	expect_in_sync(&b);
}

static void resolve(int64_t id, enum sl_choice choice)
{
	assert_int_equal(host_event(&a, (struct sl_event){ .type = SL_EVENT_RESOLVE, .resolve = { .conflict = id, .choice = choice } }),
		SL_OK);
}

#define SHOT(text) "{'episodes':[{'id':1}],'shots':[{'episodeId':1,'id':'s','description':'" text "'}]}"

static void case_1__only_what_overlaps_is_asked_about(void **state)
{
	(void)state;
	both_change(SHOT("P1 one.\\nP2 two.\\nP3 the red car.\\nP4 four."),
		SHOT("P1 one.\\nP2 B-WROTE-THIS.\\nP3 the blue car.\\nP4 four."),
		SHOT("P1 A-WROTE-THREE-HOURS.\\nP2 two.\\nP3 the green car.\\nP4 four."));
	expect_shot(&a, 1, "s", "P1 A-WROTE-THREE-HOURS.\\nP2 B-WROTE-THIS.\\nP3 the blue car.\\nP4 four.");
	assert_int_equal(open_decisions(&a), 1);
	assert_int_equal(open_decisions(&b), 0);
}

static void case_2__both_append_a_paragraph(void **state)
{
	(void)state;
	both_change(SHOT("INT. HOUSE"), SHOT("INT. HOUSE\\nB: he leaves."), SHOT("INT. HOUSE\\nA: he sleeps."));
	expect_shot(&a, 1, "s", "INT. HOUSE\\nB: he leaves.\\nA: he sleeps.");
	assert_int_equal(open_decisions(&a), 0);
}

static void case_3__a_late_choice_removes_nothing_typed_since(void **state)
{
	(void)state;
	both_change(SHOT("P1 one.\\nP2 the red car.\\nP3 three."), SHOT("P1 one.\\nP2 the blue car.\\nP3 three."),
		SHOT("P1 one.\\nP2 the green car.\\nP3 three."));
	host_edit(&b, SHOT("P1 one, and a page by B.\\nP2 the blue car.\\nP3 three."));
	host_settle(&b);
	sync(&a);
	host_edit(&a, SHOT("P1 one, and a page by B.\\nP2 the blue car.\\nP3 three, and a page by A."));
	resolve(a.last_conflict, SL_CHOICE_MINE);
	host_settle(&a);
	sync(&b);
	expect_shot(&b, 1, "s", "P1 one, and a page by B.\\nP2 the green car.\\nP3 three, and a page by A.");
	assert_int_equal(open_decisions(&a), 0);
}

static void case_4__a_field_that_clashes_again_and_again_is_asked_about_once(void **state)
{
	char text[200];
	(void)state;
	begin_with(SHOT("The red car waits."));
	for (int i = 0; i < 8; i++) {
		snprintf(text, sizeof(text), SHOT("The %s car waits."), i % 2 ? "blue" : "white");
		host_edit(&b, text);
		host_settle(&b);
		snprintf(text, sizeof(text), SHOT("The %s car waits."), i % 2 ? "green" : "black");
		host_edit(&a, text);
		host_settle(&a);
		sync(&b);
		assert_true(open_decisions(&a) <= 1);
	}
	assert_int_equal(open_decisions(&a), 1);
	assert_int_equal(sl_engine_conflict(a.engine, 0)->note.hunk_count, 1);
	resolve(sl_engine_conflict(a.engine, 0)->id, SL_CHOICE_MINE);
	expect_shot(&a, 1, "s", "The green car waits.");
}

static void case_5__mine_brings_a_vanished_row_back(void **state)
{
	(void)state;
	both_change("{'episodes':[{'id':1},{'id':2}],'shots':[{'episodeId':1,'id':'s','description':'the red car'}]}",
		SHOT("the blue car"), SHOT("the green car"));
	host_edit(&b, "{'deleted':{'episodes':[1]}}");
	host_settle(&b);
	sync(&a);
	expect_shot(&a, 1, "s", NULL);
	assert_int_equal(open_decisions(&a), 1);
	resolve(a.last_conflict, SL_CHOICE_MINE);
	expect_shot(&a, 1, "s", "the green car");
	host_settle(&a);
	expect_in_sync(&a);
}

/* A row with as many small numbers as a row can take and still be read. */
static char *numbers_row(const char *id, int numbers)
{
	struct sl_buf text;
	sl_buf_init(&text, SIZE_MAX);
	sl_buf_add_text(&text, "{'episodes':[{'id':1}],'shots':[{'episodeId':1,'id':'");
	sl_buf_add_text(&text, id);
	sl_buf_add_text(&text, "','x_numbers':[1");
	for (int i = 1; i < numbers; i++)
		sl_buf_add_text(&text, ",1");
	sl_buf_add_text(&text, "]}]}");
	sl_buf_add_char(&text, '\0');
	return text.bytes;
}

static void case_6__what_was_accepted_can_be_stored_pushed_and_pulled(void **state)
{
	static const char *const ids[] = { "s", "t", "u" };
	(void)state;
	begin_with(SHOT("old"));
	for (size_t i = 0; i < LENGTH(ids); i++) {
		char *row = numbers_row(ids[i], 60000);
		assert_int_equal(host_try_edit(&a, row, NULL), SL_OK);
		free(row);
	}
	host_restart(&a);
	host_settle(&a);
	expect_in_sync(&a);
	sync(&b);
	expect_in_sync(&b);
	assert_true(strlen(host_data(&b, SL_SHOTS, 1, "u")) > 120000);
	host_undo(&b, b.last_entry, 0);
	assert_string_equal(host_data(&b, SL_SHOTS, 1, "u"), "");
}

static void case_7__what_both_add_under_one_id_are_two(void **state)
{
	(void)state;
	begin_with(SHOT("old"));
	host_edit(&b, "{'episodes':[{'id':2,'title':'The lighthouse','content':'Waves, and a lamp that turns all night.'}],'shots':["
		"{'episodeId':1,'id':'1-1-05','description':'She rows out to sea before dawn.'}]}");
	host_settle(&b);
	host_edit(&a, "{'episodes':[{'id':2,'title':'Kitchen wars','content':'Two cooks share one stove, badly.'}],'shots':["
		"{'episodeId':1,'id':'1-1-05','description':'Soup boils over; nobody looks.'}]}");
	host_settle(&a);
	sync(&b);
	expect_in_sync(&a);
	expect_in_sync(&b);
	assert_int_equal(open_decisions(&a), 0);
	expect_shot(&a, 1, "1-1-05", "She rows out to sea before dawn.");
	expect_shot(&a, 1, "1-1-05A", "Soup boils over; nobody looks.");
	assert_non_null(strstr(host_data(&b, SL_EPISODES, 2, ""), "lighthouse"));
	assert_non_null(strstr(host_data(&b, SL_EPISODES, 3, ""), "Kitchen wars"));
	assert_true(a.renames >= 2);
	assert_true(host_entry(&a, a.last_entry).note_count >= 2);
}

static void case_8__the_same_import_on_both_before_they_first_sync(void **state)
{
	static const char *const file = "{'episodes':[{'id':1,'title':'One'}],'shots':[{'episodeId':1,'id':'1-1-01',"
		"'description':'A door opens. A man comes in. He sits down.'},{'episodeId':1,'id':'1-1-02','description':'A key.'},"
		"{'episodeId':1,'id':'1-1-03','description':'A lamp.'}]}";
	(void)state;
	host_edit(&a, file);
	host_edit(&b, file);
	host_shot(&b, 1, "1-1-02", "A key, on the floor.");
	host_shot(&b, 1, "1-1-01", "A door opens. A tall man comes in. He sits down.");
	host_shot(&a, 1, "1-1-03", "A lamp, lit.");
	host_shot(&a, 1, "1-1-01", "A door opens. A man comes in. He sits down slowly.");
	host_settle(&b);
	host_settle(&a);
	sync(&b);
	expect_in_sync(&a);
	expect_in_sync(&b);
	expect_shot(&a, 1, "1-1-01", "A door opens. A tall man comes in. He sits down slowly.");
	expect_shot(&a, 1, "1-1-02", "A key, on the floor.");
	expect_shot(&a, 1, "1-1-03", "A lamp, lit.");
	assert_int_equal(sl_rowset_count(sl_engine_rows(a.engine)), 4);
	assert_int_equal(open_decisions(&a) + open_decisions(&b), 0);
}

/* The project is known to be empty: nobody has to guess what either counted. */
static void case_13__both_count_in_a_project_that_was_cleared(void **state)
{
	(void)state;
	begin_with("{'episodes':[{'id':1}],'meta':{'stats':{'context':{'total':10,'success':8,'error':2}}}}");
	host_simple(&a, SL_EVENT_CLEAR);
	host_settle(&a);
	sync(&b);
	host_edit(&a, "{'episodes':[{'id':2,'title':'What both import again'}],'meta':{'stats':{'context':{'total':1,'success':1,'error':0}}}}");
	host_edit(&b, "{'episodes':[{'id':2,'title':'What both import again'}],'meta':{'stats':{'context':{'total':4,'success':3,'error':1}}}}");
	host_settle(&a);
	host_settle(&b);
	sync(&a);
	expect_in_sync(&a);
	expect_in_sync(&b);
	assert_non_null(strstr(host_data(&a, SL_META, 0, "stats"), "\"context\":{\"error\":1,\"success\":4,\"total\":5}"));
}

static void case_13__both_count_one(void **state)
{
	(void)state;
	both_change("{'episodes':[{'id':1}],'meta':{'stats':{'context':{'total':10,'success':8,'error':2}}}}",
		"{'meta':{'stats':{'context':{'total':11,'success':9,'error':2}}}}",
		"{'meta':{'stats':{'context':{'total':11,'success':8,'error':3}}}}");
	assert_non_null(strstr(host_data(&a, SL_META, 0, "stats"), "{\"error\":3,\"success\":9,\"total\":12}"));
}

static void case_28__an_edited_episode_stays_whole(void **state)
{
	(void)state;
	both_change("{'episodes':[{'id':1,'content':'c'},{'id':2}],'scenes':[{'episodeId':1,'id':'1-1','content':'scene'}],"
		"'shots':[{'episodeId':1,'id':'s','description':'d'}]}", "{'deleted':{'episodes':[1]}}",
		"{'episodes':[{'id':1,'content':'c and a day of edits'}]}");
	assert_string_equal(host_data(&a, SL_EPISODES, 1, ""), "{\"content\":\"c and a day of edits\"}");
	assert_string_equal(host_data(&a, SL_SCENES, 1, "1-1"), "{\"content\":\"scene\"}");
	expect_shot(&a, 1, "s", "d");
	assert_int_equal(open_decisions(&a), 1);
}

/* What a row once was is in memory as long as the journal has it; what is newer than the server's is offered again. */
static void case_20__a_server_of_yesterday(void **state)
{
	struct sl_buf text;
	size_t yesterday = 0;
	(void)state;
	a.unchecked = b.unchecked = true;
	sl_buf_init(&text, SIZE_MAX);
	for (int pass = 0; pass < 2; pass++) {
		sl_buf_clear(&text);
		sl_buf_add_text(&text, "{'episodes':[{'id':1}],'shots':[");
		for (int i = 0; i < 100; i++) {
			char shot[120];
			snprintf(shot, sizeof(shot), "%s{'episodeId':1,'id':'%d','description':'shot %d %s'}", i ? "," : "", i, i,
				pass ? "as of yesterday, and what was typed today" : "as of yesterday");
			sl_buf_add_text(&text, shot);
		}
		sl_buf_add(&text, "]}", 3);
		if (pass == 0)
			begin_with(text.bytes);
		else {
			yesterday = sync_server_save(&server);
			host_edit(&a, text.bytes);
			host_settle(&a);
			sync(&b);
		}
	}
	sync_server_restore(&server, yesterday);
	server.epoch = "second";
	sync(&a);
	sync(&b);
	expect_in_sync(&a);
	expect_in_sync(&b);
	expect_shot(&a, 1, "7", "shot 7 as of yesterday, and what was typed today");
	assert_int_equal(open_decisions(&a) + open_decisions(&b), 0);
	sl_buf_dispose(&text);
}

static void case_81__an_app_that_is_newer_than_the_schema_is_not_stopped(void **state)
{
	(void)state;
	begin_with("{'episodes':[{'id':1,'status':'storyboarding','summary':null}],"
		"'shots':[{'episodeId':1,'id':'s','difficulty':7.5,'videoStatus':'','description':'old'}],"
		"'characters':[{'id':'c','forms':null}]}");
	host_edit(&b, "{'shots':[{'episodeId':1,'id':'s','difficulty':11,'videoStatus':'upscaling','description':'old'}]}");
	host_settle(&b);
	host_edit(&a, "{'shots':[{'episodeId':1,'id':'s','difficulty':7.5,'videoStatus':'queued','description':'new'}]}");
	host_settle(&a);
	sync(&b);
	expect_in_sync(&a);
	expect_in_sync(&b);
	assert_string_equal(host_data(&b, SL_SHOTS, 1, "s"),
		"{\"description\":\"new\",\"difficulty\":11,\"videoStatus\":\"upscaling\"}");
	assert_string_equal(host_data(&b, SL_CHARACTERS, 0, "c"), "{\"forms\":null}");
	assert_int_equal(open_decisions(&a) + open_decisions(&b), 0);
}

static void case_101__a_tombstone_tells_deleted_from_lost(void **state)
{
	(void)state;
	server.epoch = "first";
	begin_with("{'episodes':[{'id':1}],'scenes':[{'episodeId':1,'id':'x','content':'Gone soon.'},{'episodeId':1,'id':'y'}]}");
	server.epoch = "second"; /* nothing was lost */
	host_simple(&a, SL_EVENT_SYNC_NOW);
	host_settle(&a);
	server.now_ms += 1000;
	host_edit(&a, "{'deleted':{'scenes':[{'episodeId':1,'sceneId':'x'}]}}");
	host_settle(&a);
	sync(&b);
	expect_in_sync(&b);
	assert_string_equal(host_data(&b, SL_SCENES, 1, "x"), "");
	sync(&a);
	assert_string_equal(host_data(&a, SL_SCENES, 1, "x"), "");
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
	const struct CMUnitTest tests[] = {
		TEST(case_1__only_what_overlaps_is_asked_about),
		TEST(case_2__both_append_a_paragraph),
		TEST(case_3__a_late_choice_removes_nothing_typed_since),
		TEST(case_4__a_field_that_clashes_again_and_again_is_asked_about_once),
		TEST(case_5__mine_brings_a_vanished_row_back),
		TEST(case_6__what_was_accepted_can_be_stored_pushed_and_pulled),
		TEST(case_7__what_both_add_under_one_id_are_two),
		TEST(case_8__the_same_import_on_both_before_they_first_sync),
		TEST(case_13__both_count_in_a_project_that_was_cleared),
		TEST(case_13__both_count_one),
		TEST(case_28__an_edited_episode_stays_whole),
		TEST(case_20__a_server_of_yesterday),
		TEST(case_81__an_app_that_is_newer_than_the_schema_is_not_stopped),
		TEST(case_101__a_tombstone_tells_deleted_from_lost),
	};
	return cmocka_run_group_tests_name("engine_cases", tests, NULL, NULL);
}
