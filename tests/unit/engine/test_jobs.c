/* What needs entries of the journal, which the host hands in page by page. */
#include "two_devices.h"

#include <stdio.h>
#include <stdlib.h>

#include "core/engine/private.h"

/* The server goes back behind an edit of shot s that both have. Since then, much else has happened on this device. */
static void fall_back(void)
{
	begin_with_shot();
	size_t saved = sync_server_save(&server);
	host_shot(&a, 1, "s", "today");
	host_settle(&a);
	a.unchecked = true;
	for (int i = 0; i < 100; i++) {
		char text[24];
		snprintf(text, sizeof(text), "draft %d", i);
		host_shot(&a, 1, "t", text);
		host_settle(&a);
	}
	a.unchecked = false;
	sync_server_restore(&server, saved);
	server.epoch = "second";
}

static void case_20__what_a_row_once_was_here_asks_nobody(void **state)
{
	(void)state;
	fall_back();
	host_restart(&a);
	host_settle(&a);
	assert_true(a.loads >= 4); /* pages */
	assert_int_equal(a.opened, 0);
	expect_in_sync(&a);
	expect_shot(&a, 1, "s", "today");
}

static void case_20__typing_goes_on_while_the_journal_is_read(void **state)
{
	(void)state;
	fall_back();
	host_restart(&a);
	a.slow_store = true;
	host_settle(&a);
	assert_true(a.has_load);
	host_shot(&a, 1, "s", "today, and more");
	for (int i = 0; i < 10 && a.has_load; i++)
		host_load(&a);
	host_settle(&a);
	assert_int_equal(a.opened, 0);
	expect_in_sync(&a);
	expect_shot(&a, 1, "s", "today, and more");
}

/* Everything is lost there, and another device that has less brings it back first. */
static void case_20__what_others_bring_back_first_asks_nobody(void **state)
{
	(void)state;
	size_t saved = sync_server_save(&server);
	begin_with_shot();
	sync(&b);
	host_shot(&a, 1, "s", "old, and more");
	sync_server_restore(&server, saved);
	server.epoch = "second";
	sync(&a); /* it finds nothing there */
	host_simple(&b, SL_EVENT_SYNC_NOW);
	host_settle(&b);
	host_settle(&a);
	assert_int_equal(a.opened, 0);
	expect_in_sync(&a);
	expect_shot(&a, 1, "s", "old, and more");
}

/* A row that was deleted here meanwhile stays so, though others bring back what it was. */
static void case_20__what_was_deleted_is_not_asked_about(void **state)
{
	(void)state;
	begin_with_shot();
	sync(&b);
	size_t saved = sync_server_save(&server);
	host_shot(&a, 1, "s", "newer");
	host_settle(&a);
	sync(&b);
	sync_server_restore(&server, saved);
	server.epoch = "second";
	host_edit(&a, "{'deleted':{'shots':[{'episodeId':1,'shotId':'s'}]}}");
	host_wait(&a, 1500);
	host_exchange(&a, false); /* the push meets the other epoch, */
	host_exchange(&a, false); /* and the whole state is pulled */
	sync(&b);
	host_settle(&a);
	assert_int_equal(a.opened, 0);
	expect_in_sync(&a);
	expect_shot(&a, 1, "s", NULL);
}

/* What others had pushed, and this device had merged with its own before it had it here. */
static void case_20__what_a_row_was_on_the_server_only_is_known(void **state)
{
	(void)state;
	begin_with_shot();
	host_shot(&a, 1, "s", "One two three four five.");
	host_settle(&a);
	sync(&b);
	host_shot(&b, 1, "s", "One two three four five. Six.");
	host_settle(&b);
	size_t saved = sync_server_save(&server);
	host_shot(&a, 1, "s", "One three four five.");
	host_settle(&a);
	expect_shot(&a, 1, "s", "One three four five. Six.");
	sync_server_restore(&server, saved);
	server.epoch = "second";
	sync(&a);
	assert_int_equal(a.opened, 0);
	expect_in_sync(&a);
	expect_shot(&a, 1, "s", "One three four five. Six.");
}

static void doubt__goes_on_without_a_journal_that_cannot_be_read(void **state)
{
	(void)state;
	fall_back();
	a.unchained = true;
	host_write(&a, &(struct sl_write){ SL_STR("journal/000000000099"), SL_STR("{"), false });
	host_restart(&a);
	size_t loads = a.loads;
	host_settle(&a);
	expect_in_sync(&a);
	assert_int_equal(a.loads, loads + 1);
}

/* A change of shot s by an app that read its rows long ago, when its description was "old". */
static void edit_long_ago(int64_t revision, const char *delta)
{
	char *text = project_text(delta);
	struct sl_event event = { .type = SL_EVENT_EDIT, .edit = { .delta = sl_str_from(text), .revision = revision } };
	assert_int_equal(host_event(&a, event), SL_OK);
	free(text);
}

/* The description and the duration change one after the other; then the engine starts again, and remembers nothing. */
static int64_t change_twice(void)
{
	begin_with_shot();
	int64_t revision = sl_engine_revision(a.engine);
	host_edit(&a, "{'shots':[{'episodeId':1,'id':'s','description':'old','duration':'3s'}]}");
	host_settle(&a);
	host_edit(&a, "{'shots':[{'episodeId':1,'id':'s','description':'old','duration':'9s'}]}");
	host_settle(&a);
	a.unchecked = true; /* an engine that starts takes what waits */
	host_restart(&a);
	host_settle(&a);
	return revision;
}

static const char edited[] = "{'shots':[{'episodeId':1,'id':'s','description':'old, and typed'}]}";
static const char merged[] = "{\"description\":\"old, and typed\",\"duration\":\"9s\"}";

static void edits__of_an_old_revision_are_merged_by_the_journal(void **state)
{
	(void)state;
	int64_t revision = change_twice();
	edit_long_ago(revision, edited);
	assert_int_equal(a.loads, 1);
	assert_int_equal(a.results, 1);
	assert_int_equal(a.last_result, SL_OK);
	assert_string_equal(host_data(&a, SL_SHOTS, 1, "s"), merged);
	host_settle(&a);
	expect_in_sync(&a);
	for (size_t i = 0; i < a.pair_count; i++)
		assert_int_not_equal(strncmp(a.pairs[i].key, "inbox/", 6), 0);
}

static void imports__of_an_old_revision_are_merged_by_the_journal(void **state)
{
	(void)state;
	int64_t revision = change_twice();
	struct sl_event event = { .type = SL_EVENT_REPLACE, .replace = { .document = SL_STR("{\"episodes\":[{\"id\":1,"
		"\"title\":\"One\",\"scenes\":[],\"shots\":[{\"id\":\"s\",\"description\":\"old, and typed\"}]}]}"),
		.revision = revision } };
	assert_int_equal(host_event(&a, event), SL_OK);
	assert_int_equal(a.results, 1);
	assert_int_equal(a.last_result, SL_OK);
	assert_string_equal(host_data(&a, SL_SHOTS, 1, "s"), merged);
	event.replace.revision = 1;
	if (revision > 1) {
		assert_int_equal(host_event(&a, event), SL_OK);
		assert_int_equal(a.last_result, SL_NOT_FOUND);
		assert_string_equal(host_data(&a, SL_SHOTS, 1, "s"), merged);
	}
}

static void edits__that_wait_for_the_journal_outlive_the_engine(void **state)
{
	(void)state;
	int64_t revision = change_twice();
	a.slow_store = true;
	edit_long_ago(revision, edited);
	assert_true(a.has_load);
	a.slow_store = false;
	host_restart(&a);
	assert_string_equal(host_data(&a, SL_SHOTS, 1, "s"), merged);
}

static void edits__while_the_journal_is_read_are_not_taken_for_the_past(void **state)
{
	(void)state;
	int64_t revision = change_twice();
	a.slow_store = true;
	edit_long_ago(revision, edited);
	host_edit(&a, "{'shots':[{'episodeId':1,'id':'s','description':'old','duration':'9s','dialogue':'meanwhile'}]}");
	host_load(&a);
	assert_string_equal(host_data(&a, SL_SHOTS, 1, "s"),
		"{\"description\":\"old, and typed\",\"dialogue\":\"meanwhile\",\"duration\":\"9s\"}");
}

static void damage_journal(void)
{
	for (unsigned i = 1; i < 9; i++) {
		char key[40];
		snprintf(key, sizeof(key), "journal/%012u", i);
		host_write(&a, &(struct sl_write){ sl_str_from(key), SL_STR("{"), false });
	}
}

static void edits__that_nothing_knows_the_revision_of_overwrite_nothing(void **state)
{
	(void)state;
	int64_t revision = change_twice();
	a.unchained = true;
	damage_journal();
	edit_long_ago(revision, "{'shots':[{'episodeId':1,'id':'s','dialogue':'said','description':'old'}]}");
	assert_string_equal(host_data(&a, SL_SHOTS, 1, "s"),
		"{\"description\":\"old\",\"dialogue\":\"said\",\"duration\":\"9s\"}");
}

static void pages__that_nobody_asked_for_are_ignored(void **state)
{
	(void)state;
	begin_with_shot();
	struct sl_pair pair = { SL_STR("journal/000000000001"), SL_STR("{}") };
	size_t effects = a.effects;
	assert_int_equal(host_event(&a, (struct sl_event){ .type = SL_EVENT_LOADED, .loaded = { 7, &pair, 1, true } }), SL_OK);
	assert_int_equal(a.effects, effects);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
	const struct CMUnitTest tests[] = {
		TEST(case_20__what_a_row_once_was_here_asks_nobody),
		TEST(case_20__typing_goes_on_while_the_journal_is_read),
		TEST(case_20__what_others_bring_back_first_asks_nobody),
		TEST(case_20__what_was_deleted_is_not_asked_about),
		TEST(case_20__what_a_row_was_on_the_server_only_is_known),
		TEST(doubt__goes_on_without_a_journal_that_cannot_be_read),
		TEST(edits__of_an_old_revision_are_merged_by_the_journal),
		TEST(imports__of_an_old_revision_are_merged_by_the_journal),
		TEST(edits__that_wait_for_the_journal_outlive_the_engine),
		TEST(edits__while_the_journal_is_read_are_not_taken_for_the_past),
		TEST(edits__that_nothing_knows_the_revision_of_overwrite_nothing),
		TEST(pages__that_nobody_asked_for_are_ignored),
	};
	return cmocka_run_group_tests_name("engine_jobs", tests, NULL, NULL);
}
