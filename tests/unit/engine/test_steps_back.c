/* What users decide and take back: conflicts, receipts, backups and versions of the server. */
#include "two_devices.h"

#include <stdio.h>

static int64_t count_receipts(struct host *host)
{
	size_t count = 0;
	while (sl_engine_receipt(host->engine, count))
		count++;
	return (int64_t)count;
}

static void refusals__name_what_is_not_there(void **state)
{
	static const struct sl_event events[] = {
		{ .type = SL_EVENT_RESOLVE, .resolve = { .conflict = 99 } },
		{ .type = SL_EVENT_REVERSE, .reverse = { 99 } },
		{ .type = SL_EVENT_RESTORE_BACKUP, .restore_backup = { 99 } },
	};
	(void)state;
	for (size_t i = 0; i < LENGTH(events); i++)
		assert_int_equal(host_event(&a, events[i]), SL_NOT_FOUND);
}

static void conflicts__are_resolved_with_valid_values_only(void **state)
{
	(void)state;
	clash();
	struct sl_event event = { .type = SL_EVENT_RESOLVE, .resolve = { .conflict = a.last_conflict,
		.choice = SL_CHOICE_OWN, .own = SL_STR("\xff") } };
	assert_int_equal(host_event(&a, event), SL_MALFORMED);
	event.resolve.own = SL_STR("what I want");
	event.resolve.hunk = 2;
	assert_int_equal(host_event(&a, event), SL_INVALID);
	event.resolve.hunk = 1;
	assert_non_null(sl_engine_conflict(a.engine, 0));
	event.resolve.choice = SL_CHOICE_THEIRS;
	assert_int_equal(host_event(&a, event), SL_OK);
	assert_null(sl_engine_conflict(a.engine, 0));
	expect_shot(&a, 1, "s", "b says this");
	host_settle(&a);
	expect_in_sync(&a);
}

static void conflicts__of_rows_that_are_gone_can_still_be_read(void **state)
{
	(void)state;
	clash();
	host_edit(&a, "{'deleted':{'shots':[{'episodeId':1,'shotId':'s'}]}}");
	host_settle(&a);
	assert_string_equal(sl_engine_conflict(a.engine, 0)->note.mine.bytes, "\"a says that\"");
	struct sl_event event = { .type = SL_EVENT_RESOLVE, .resolve = { .conflict = a.last_conflict,
		.choice = SL_CHOICE_THEIRS } };
	assert_int_equal(host_event(&a, event), SL_OK);
	expect_in_sync(&a);
}

static void receipts__are_kept_and_can_be_reversed(void **state)
{
	(void)state;
	host_edit(&b, "{'shots':[{'episodeId':1,'id':'s','description':'old','duration':'3s'}]}");
	host_settle(&b);
	host_edit(&a, "{'shots':[{'episodeId':1,'id':'s','description':'old','duration':'4s'}]}");
	host_settle(&a);
	assert_string_equal(host_data(&a, SL_SHOTS, 1, "s"), "{\"description\":\"old\",\"duration\":\"3s\"}");
	assert_int_equal(count_receipts(&a), 1);
	const struct sl_kept_receipt *kept = sl_engine_receipt(a.engine, 0);
	assert_string_equal(kept->note.path.bytes, "/duration");
	assert_string_equal(kept->note.mine.bytes, "\"4s\"");
	assert_string_equal(kept->note.theirs.bytes, "\"3s\"");
	struct sl_event event = { .type = SL_EVENT_REVERSE, .reverse = { kept->id } };
	assert_int_equal(host_event(&a, event), SL_OK);
	host_settle(&a);
	expect_in_sync(&a);
	assert_string_equal(host_data(&a, SL_SHOTS, 1, "s"), "{\"description\":\"old\",\"duration\":\"4s\"}");
}

static void receipts__are_bounded(void **state)
{
	(void)state;
	a.config.receipts_kept = 5;
	host_restart(&a);
	for (int i = 0; i < 8; i++) {
		char text[120];
		snprintf(text, sizeof(text), "{'shots':[{'episodeId':1,'id':'s','duration':'%d b'}]}", i);
		host_edit(&b, text);
		host_settle(&b);
		snprintf(text, sizeof(text), "{'shots':[{'episodeId':1,'id':'s','duration':'%d a'}]}", i);
		host_edit(&a, text);
		host_settle(&a);
		host_simple(&b, SL_EVENT_SYNC_NOW);
		host_settle(&b);
	}
	assert_int_equal(count_receipts(&a), 5);
}

static void backups__after_an_import_remove_only_what_it_added_and_nobody_touched(void **state)
{
	(void)state;
	struct sl_event event = { .type = SL_EVENT_REPLACE, .replace = { .document = SL_STR(
		"{\"episodes\":[{\"id\":2,\"scenes\":[],\"shots\":[{\"id\":\"x\"}]},{\"id\":3,\"scenes\":[],\"shots\":[{\"id\":\"y\"}]}]}"),
		.revision = sl_engine_revision(a.engine) } };
	assert_int_equal(host_event(&a, event), SL_OK);
	int64_t backup = a.last_backup;
	host_shot(&a, 2, "x", "touched since");
	event = (struct sl_event){ .type = SL_EVENT_RESTORE_BACKUP, .restore_backup = { backup } };
	assert_int_equal(host_event(&a, event), SL_OK);
	expect_shot(&a, 1, "s", "old");
	expect_shot(&a, 2, "x", "touched since");
	assert_string_equal(host_data(&a, SL_EPISODES, 2, ""), "{}");
	assert_string_equal(host_data(&a, SL_EPISODES, 3, ""), "");
	host_settle(&a);
	expect_in_sync(&a);
	/* And that step can be taken back itself. */
	event.restore_backup.backup = a.last_backup;
	assert_int_equal(host_event(&a, event), SL_OK);
	assert_string_equal(host_data(&a, SL_EPISODES, 3, ""), "{}");
}

static void backups__bring_the_episode_of_their_rows_along(void **state)
{
	(void)state;
	host_edit(&b, "{'deleted':{'shots':[{'episodeId':1,'shotId':'s'}]},'characters':[{'id':'x'}]}");
	host_settle(&b);
	host_simple(&a, SL_EVENT_SYNC_NOW);
	host_settle(&a);
	int64_t backup = a.last_backup;
	host_edit(&a, "{'deleted':{'episodes':[1]}}");
	host_settle(&a);
	expect_in_sync(&a);
	struct sl_event event = { .type = SL_EVENT_RESTORE_BACKUP, .restore_backup = { backup } };
	assert_int_equal(host_event(&a, event), SL_OK);
	expect_shot(&a, 1, "s", "old");
	host_settle(&a);
	expect_in_sync(&a);
}

static void versions__of_the_server_can_be_restored(void **state)
{
	(void)state;
	int64_t version = sync_server_store(&server)->head.version;
	host_shot(&a, 1, "s", "a mistake");
	host_settle(&a);
	host_shot(&a, 1, "u", "pushed before the restore");
	assert_int_equal(host_event(&a, (struct sl_event){ .type = SL_EVENT_RESTORE, .restore = { .version = version } }), SL_OK);
	host_settle(&a);
	expect_in_sync(&a);
	expect_shot(&a, 1, "s", "old");
	expect_shot(&a, 1, "u", NULL);
	assert_true(a.backups > 0);
}

static void versions__that_are_not_there_are_given_up(void **state)
{
	(void)state;
	assert_int_equal(host_event(&a, (struct sl_event){ .type = SL_EVENT_RESTORE, .restore = { .version = 3 } }), SL_OK);
	host_exchange(&a, false);
	assert_string_equal(sl_engine_status(a.engine)->error, "no_snapshot");
	host_shot(&a, 1, "s", "new");
	host_settle(&a);
	expect_in_sync(&a);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up_two_shots, tear_down)
	const struct CMUnitTest tests[] = {
		TEST(refusals__name_what_is_not_there),
		TEST(conflicts__are_resolved_with_valid_values_only),
		TEST(conflicts__of_rows_that_are_gone_can_still_be_read),
		TEST(receipts__are_kept_and_can_be_reversed),
		TEST(receipts__are_bounded),
		TEST(backups__after_an_import_remove_only_what_it_added_and_nobody_touched),
		TEST(backups__bring_the_episode_of_their_rows_along),
		TEST(versions__of_the_server_can_be_restored),
		TEST(versions__that_are_not_there_are_given_up),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
