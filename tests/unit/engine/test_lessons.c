/* What went wrong elsewhere (lessons.md), as far as it concerns the engine: each a test that names its source. */
#include "two_devices.h"

#include <stdio.h>
#include <stdlib.h>

static int begin(void **state)
{
	set_up(state);
	begin_with("{'episodes':[{'id':1,'title':'One','mood':'unknown field'}],"
		"'shots':[{'episodeId':1,'id':'s','description':'old'}]}");
	return 0;
}

static void go_offline(struct host *host)
{
	host_simple(host, SL_EVENT_OFFLINE);
	host->has_request = host->signed_in = false;
}

static void plan__two_way_merge_would_bring_deleted_rows_back(void **state)
{
	(void)state;
	go_offline(&b);
	host_shot(&b, 1, "t", "written offline");
	host_edit(&a, "{'deleted':{'shots':[{'episodeId':1,'shotId':'s'}]}}");
	host_settle(&a);
	host_settle(&b);
	sync(&a);
	expect_in_sync(&a);
	expect_shot(&a, 1, "s", NULL);
	expect_shot(&a, 1, "t", "written offline");
}

static void plan__the_dialog_came_back_after_every_choice(void **state)
{
	static const char *const mine[] = { "red", "yellow", "green", "blue" };
	static const char *const theirs[] = { "north", "south", "west", "east" };
	(void)state;
	for (int choice = SL_CHOICE_MINE; choice <= SL_CHOICE_OWN; choice++) {
		host_shot(&b, 1, "s", theirs[choice]);
		host_settle(&b);
		host_shot(&a, 1, "s", mine[choice]);
		host_settle(&a);
		assert_int_equal(a.opened, choice + 1);
		struct sl_event event = { .type = SL_EVENT_RESOLVE, .resolve = { .conflict = a.last_conflict,
			.choice = (enum sl_choice)choice, .own = SL_STR("the best of both") } };
		assert_int_equal(host_event(&a, event), SL_OK);
		host_settle(&a);
		sync(&a);
		sync(&b);
		sync(&a);
		expect_in_sync(&a);
		assert_int_equal(a.opened, choice + 1);
		assert_null(sl_engine_conflict(a.engine, 0));
	}
	expect_shot(&a, 1, "s", "the best of both");
	assert_int_equal(b.opened, 0);
}

static void plan__identical_content_is_no_conflict(void **state)
{
	(void)state;
	host_shot(&b, 1, "s", "the same words");
	host_settle(&b);
	host_shot(&a, 1, "s", "the same words");
	host_settle(&a);
	expect_in_sync(&a);
	assert_int_equal(a.opened, 0);
}

static void plan__cleared_local_storage_was_pushed_as_an_empty_project(void **state)
{
	struct host c;
	(void)state;
	host_open(&c, &server, 1); /* the same device, all local data gone */
	host_simple(&c, SL_EVENT_SYNC_NOW);
	host_settle(&c);
	expect_in_sync(&c);
	expect_shot(&c, 1, "s", "old");
	/* The app comes up with an empty document before it has looked. */
	assert_int_equal(host_event(&c, (struct sl_event){ .type = SL_EVENT_REPLACE,
		.replace = { .document = SL_STR("{\"episodes\":[]}"),
			.revision = sl_engine_revision(a.engine) } }), SL_OK);
	host_settle(&c);
	assert_string_equal(sl_engine_status(c.engine)->error, "empty_overwrite");
	assert_int_equal(sl_rowset_count(sync_server_store(&server)->rows), 2);
	host_undo(&c, c.last_entry, 0);
	host_settle(&c);
	expect_in_sync(&c);
	host_close(&c);
}

static void plan__an_offline_device_revived_the_cleared_project(void **state)
{
	(void)state;
	go_offline(&b);
	host_edit(&b, "{'characters':[{'id':'x','name':'X'}]}");
	host_simple(&a, SL_EVENT_CLEAR);
	host_settle(&a);
	expect_in_sync(&a);
	host_settle(&b);
	expect_in_sync(&b);
	expect_shot(&b, 1, "s", NULL);
	assert_int_equal(sl_rowset_count(sl_engine_rows(b.engine)), 1); /* what b wrote meanwhile, and no more */
}

static void plan__untouched_and_unknown_fields_survive(void **state)
{
	(void)state;
	host_edit(&b, "{'meta':{'rawScript':'b wrote this','newInSomeVersion':[1]}}");
	host_settle(&b);
	host_edit(&a, "{'meta':{'shotGuide':'a wrote this'},'episodes':[{'id':1,'title':'Eins','mood':'unknown field'}]}");
	host_settle(&a);
	sync(&a);
	expect_in_sync(&a);
	assert_string_equal(host_data(&a, SL_META, 0, "rawScript"), "\"b wrote this\"");
	assert_string_equal(host_data(&a, SL_META, 0, "newInSomeVersion"), "[1]");
	assert_string_equal(host_data(&a, SL_EPISODES, 1, ""), "{\"mood\":\"unknown field\",\"title\":\"Eins\"}");
}

static void plan__array_order_survives_beyond_99_shots(void **state)
{
	struct sl_buf text, mine, theirs;
	struct sl_arena arena;
	struct sl_err err = SL_ERR_INIT;
	(void)state;
	sl_arena_init(&arena, 0);
	sl_buf_init(&text, SIZE_MAX);
	sl_buf_init(&mine, SIZE_MAX);
	sl_buf_init(&theirs, SIZE_MAX);
	sl_buf_add_text(&text, "{\"episodes\":[{\"id\":1,\"scenes\":[],\"shots\":[");
	for (int i = 1; i <= 130; i++) {
		sl_buf_add_text(&text, i > 1 ? ",{\"id\":\"1-1-" : "{\"id\":\"1-1-");
		sl_buf_add_text(&text, i < 10 ? "0" : "");
		sl_buf_add_int(&text, i);
		sl_buf_add_text(&text, "\"}");
	}
	sl_buf_add_text(&text, "]}]}");
	assert_int_equal(host_event(&a, (struct sl_event){ .type = SL_EVENT_REPLACE,
		.replace = { .document = sl_buf_str(&text),
			.revision = sl_engine_revision(a.engine) } }), SL_OK);
	host_settle(&a);
	sync(&b);
	expect_in_sync(&b);
	assert_int_equal(sl_rows_write_document(sl_engine_rows(a.engine), &arena, &mine, &err), 0);
	assert_int_equal(sl_rows_write_document(sl_engine_rows(b.engine), &arena, &theirs, &err), 0);
	assert_true(sl_str_equal(sl_buf_str(&mine), sl_buf_str(&theirs)));
	assert_true(strstr(theirs.bytes, "1-1-99\"},{\"id\":\"1-1-100") != NULL);
	sl_buf_dispose(&text);
	sl_buf_dispose(&mine);
	sl_buf_dispose(&theirs);
	sl_arena_dispose(&arena);
}

static void joplin_9148__an_edit_survives_a_deletion(void **state)
{
	(void)state;
	go_offline(&b);
	host_shot(&b, 1, "s", "a day of work");
	host_edit(&a, "{'characters':[{'id':'x'}],'deleted':{'episodes':[1]}}");
	host_settle(&a);
	host_settle(&b);
	expect_in_sync(&b);
	expect_shot(&b, 1, "s", "a day of work");
	sync(&a);
	expect_in_sync(&a);
	expect_shot(&a, 1, "s", "a day of work");
}

static void replicache_799__stored_before_shown_as_saved(void **state)
{
	(void)state;
	go_offline(&a);
	/* host_event asserts that a batch is the first effect; it must be there, and hold the edit. */
	size_t stores = a.stores;
	host_shot(&a, 1, "s", "typed in a tunnel");
	assert_int_equal(a.stores, stores + 1);
	host_restart(&a);
	expect_shot(&a, 1, "s", "typed in a tunnel");
	assert_int_equal(host_pending(&a), 1);
	host_settle(&a);
	expect_in_sync(&a);
}

static void kinto_788__editing_while_syncing_is_solvable(void **state)
{
	(void)state;
	host_edit(&b, "{'shots':[{'episodeId':1,'id':'s','description':'old','dialogue':'from b'}]}");
	host_settle(&b);
	host_edit(&a, "{'shots':[{'episodeId':1,'id':'s','description':'old','duration':'3s'}]}");
	host_wait(&a, 1500);
	assert_string_equal(a.method, "PUT");
	host_edit(&a, "{'shots':[{'episodeId':1,'id':'s','description':'old','duration':'4s'}]}");
	host_exchange(&a, false); /* 409 */
	host_edit(&a, "{'shots':[{'episodeId':1,'id':'s','description':'old','dialogue':'from b','duration':'5s'}]}");
	host_settle(&a);
	expect_in_sync(&a);
	assert_string_equal(host_data(&a, SL_SHOTS, 1, "s"),
		"{\"description\":\"old\",\"dialogue\":\"from b\",\"duration\":\"5s\"}");
	assert_int_equal(a.opened, 0);
}

static void application_services_480__the_cursor_is_a_version(void **state)
{
	char path[60];
	(void)state;
	server.now_ms = 7;
	host_simple(&a, SL_EVENT_HINT);
	snprintf(path, sizeof(path), "/project?since=%lld", (long long)sync_server_store(&server)->head.version);
	assert_string_equal(a.path, path);
}

static void atuin_2887__an_invalid_row_blocks_nothing_behind_it(void **state)
{
	char text[400];
	(void)state;
	server.row_bytes = 200;
	for (int i = 0; i < 6; i++) {
		snprintf(text, sizeof(text), "{'shots':[{'episodeId':1,'id':'t%d','description':'%0*d'}]}", i,
			i == 2 ? 250 : 3, i);
		host_edit(&a, text);
	}
	host_settle(&a);
	assert_int_equal(host_pending(&a), 1);
	assert_int_equal(sl_rowset_count(sync_server_store(&server)->rows), 7);
}

static void syncstorage_848__over_quota_is_final_for_a_row(void **state)
{
	(void)state;
	server.project_bytes = 400;
	char text[700];
	snprintf(text, sizeof(text), "{'shots':[{'episodeId':1,'id':'t','description':'%0500d'}]}", 1);
	host_edit(&a, text);
	host_settle(&a);
	size_t pushes = server.pushes;
	host_wait(&a, 20000);
	assert_int_equal(server.pushes, pushes);
	assert_int_equal(sl_engine_status(a.engine)->quarantined, 1);
	host_shot(&a, 1, "u", "small");
	host_settle(&a);
	assert_int_equal(host_pending(&a), 1);
}

static void syncthing_2605__no_copies_of_the_same_words(void **state)
{
	(void)state;
	for (int i = 0; i < 3; i++) {
		host_shot(&b, 1, "s", i % 2 ? "b says this" : "b says that");
		host_settle(&b);
		host_shot(&a, 1, "s", "a insists");
		host_settle(&a);
		sync(&b);
		assert_int_equal(a.opened - a.closed, 1); /* typed again, the words are in the row, and then parked again */
	}
	const char *seen = "{'shots':[{'episodeId':1,'id':'s','description':'what was there once'}]}";
	for (int i = 0; i < 2; i++)
		assert_int_equal(host_try_edit(&a, "{'shots':[{'episodeId':1,'id':'s','description':'another tab says'}]}", seen),
			SL_OK);
	assert_non_null(sl_engine_conflict(a.engine, 0)); /* the newest words, which are about the same passage */
	assert_null(sl_engine_conflict(a.engine, 1));
}

static void syncthing_5258__copies_never_sync(void **state)
{
	(void)state;
	host_shot(&b, 1, "s", "b says this");
	host_settle(&b);
	host_shot(&a, 1, "s", "a says that");
	host_settle(&a);
	assert_int_equal(a.opened, 1);
	sync(&b);
	expect_in_sync(&b);
	assert_int_equal(sl_rowset_count(sl_engine_rows(b.engine)), 2);
	assert_int_equal(b.opened, 0);
}

static void livesync_892__words_that_clash_are_parked(void **state)
{
	(void)state;
	host_shot(&b, 1, "s", "b says this");
	host_settle(&b);
	host_shot(&a, 1, "s", "a says that");
	host_settle(&a);
	expect_shot(&a, 1, "s", "b says this");
	assert_string_equal(sl_engine_conflict(a.engine, 0)->note.mine.bytes, "\"a says that\"");
	host_restart(&a);
	assert_string_equal(sl_engine_conflict(a.engine, 0)->note.mine.bytes, "\"a says that\"");
	/* Typing it in by hand settles the conflict too. */
	host_shot(&a, 1, "s", "a says that");
	assert_null(sl_engine_conflict(a.engine, 0));
	assert_int_equal(a.closed, 1);
}

static void super_productivity_8107__large_steps_can_be_taken_back(void **state)
{
	(void)state;
	assert_int_equal(host_event(&a, (struct sl_event){ .type = SL_EVENT_REPLACE, .replace = { .document =
		SL_STR("{\"episodes\":[{\"id\":5,\"scenes\":[],\"shots\":[{\"id\":\"z\"}]}]}"),
		.revision = sl_engine_revision(a.engine) } }), SL_OK);
	int64_t import = a.last_entry;
	host_settle(&a);
	for (int i = 0; i < 12; i++) { /* a lively day does not push it out */
		char text[20];
		snprintf(text, sizeof(text), "draft %d", i);
		sync(&b);
		host_shot(&b, 5, "z", text);
		host_settle(&b);
		sync(&a);
	}
	host_undo(&a, import, 0);
	expect_shot(&a, 1, "s", "old");
	host_settle(&a);
	expect_in_sync(&a);
}

static void pouchdb_6612__rows_travel_in_bulk(void **state)
{
	char text[100];
	(void)state;
	size_t pushes = server.pushes;
	for (int i = 0; i < 300; i++) {
		a.unchecked = i < 299;
		snprintf(text, sizeof(text), "{'shots':[{'episodeId':1,'id':'t%d','description':'row %d'}]}", i, i);
		host_edit(&a, text);
	}
	host_settle(&a);
	expect_in_sync(&a);
	assert_int_equal(server.pushes, pushes + 1);
}

static void architecture__a_batch_costs_what_changed(void **state)
{
	(void)state;
	char text[100];
	for (int i = 0; i < 200; i++) {
		a.unchecked = true;
		snprintf(text, sizeof(text), "{'shots':[{'episodeId':1,'id':'t%d','description':'row %d'}]}", i, i);
		host_edit(&a, text);
	}
	a.unchecked = false;
	host_settle(&a);
	host_shot(&a, 1, "t7", "changed");
	assert_int_equal(a.last_batch, 4); /* the row, the number of the revision, and an entry with its head */
	host_wait(&a, 1500);
	host_exchange(&a, false);
	assert_true(a.last_batch <= 5); /* base, local, op, meta, retry */
	expect_in_sync(&a);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, begin, tear_down)
	const struct CMUnitTest tests[] = {
		TEST(plan__two_way_merge_would_bring_deleted_rows_back),
		TEST(plan__the_dialog_came_back_after_every_choice),
		TEST(plan__identical_content_is_no_conflict),
		TEST(plan__cleared_local_storage_was_pushed_as_an_empty_project),
		TEST(plan__an_offline_device_revived_the_cleared_project),
		TEST(plan__untouched_and_unknown_fields_survive),
		TEST(plan__array_order_survives_beyond_99_shots),
		TEST(joplin_9148__an_edit_survives_a_deletion),
		TEST(replicache_799__stored_before_shown_as_saved),
		TEST(kinto_788__editing_while_syncing_is_solvable),
		TEST(application_services_480__the_cursor_is_a_version),
		TEST(atuin_2887__an_invalid_row_blocks_nothing_behind_it),
		TEST(syncstorage_848__over_quota_is_final_for_a_row),
		TEST(syncthing_2605__no_copies_of_the_same_words),
		TEST(syncthing_5258__copies_never_sync),
		TEST(livesync_892__words_that_clash_are_parked),
		TEST(super_productivity_8107__large_steps_can_be_taken_back),
		TEST(pouchdb_6612__rows_travel_in_bulk),
		TEST(architecture__a_batch_costs_what_changed),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
