/* What users decide and take back: decisions, entries of the journal and versions of the server. */
#include "two_devices.h"

#include <stdio.h>
#include <stdlib.h>

static void refusals__name_what_is_not_there(void **state)
{
	static const struct sl_event events[] = {
		{ .type = SL_EVENT_RESOLVE, .resolve = { .conflict = 99 } },
		{ .type = SL_EVENT_UNDO, .undo = { .entry = 99 } },
		{ .type = SL_EVENT_UNDO, .undo = { .entry = 0 } },
		{ .type = SL_EVENT_UNDO, .undo = { .entry = -1 } },
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

static void notes__are_kept_and_can_be_taken_back(void **state)
{
	(void)state;
	host_edit(&b, "{'shots':[{'episodeId':1,'id':'s','description':'old','duration':'3s'}]}");
	host_settle(&b);
	host_edit(&a, "{'shots':[{'episodeId':1,'id':'s','description':'old','duration':'4s'}]}");
	host_settle(&a);
	assert_string_equal(host_data(&a, SL_SHOTS, 1, "s"), "{\"description\":\"old\",\"duration\":\"3s\"}");
	struct sl_journal_entry merge = host_entry(&a, a.last_entry);
	assert_int_equal(merge.cause, SL_CAUSE_MERGE);
	assert_int_equal(merge.note_count, 1);
	assert_string_equal(merge.notes[0].path.bytes, "/duration");
	assert_string_equal(merge.notes[0].mine.bytes, "\"4s\"");
	assert_string_equal(merge.notes[0].theirs.bytes, "\"3s\"");
	host_undo(&a, a.last_entry, 1);
	host_settle(&a);
	expect_in_sync(&a);
	assert_string_equal(host_data(&a, SL_SHOTS, 1, "s"), "{\"description\":\"old\",\"duration\":\"4s\"}");
	struct sl_event event = { .type = SL_EVENT_UNDO, .undo = { .entry = a.last_entry, .note = 9 } };
	assert_int_equal(host_event(&a, event), SL_OK);
	assert_int_equal(a.last_result, SL_NOT_FOUND);
}

/* Of 250 fields that both sides changed, what one side had is all there. */
static void case_9__notes_of_many_fields_are_all_kept(void **state)
{
	struct sl_buf text;
	(void)state;
	for (int side = -1; side < 2; side++) {
		sl_buf_init(&text, SIZE_MAX);
		for (int i = 0; i < 250; i++) {
			char shot[120];
			snprintf(shot, sizeof(shot), "%s{'episodeId':1,'id':'t%d','duration':'%ds %c'}", i ? "," : "{'shots':[", i, i, side < 0 ? '-' : side ? 'a' : 'b');
			sl_buf_add_text(&text, shot);
		}
		sl_buf_add_text(&text, "]}");
		sl_buf_add_char(&text, '\0');
		host_edit(side > 0 ? &a : &b, text.bytes);
		host_settle(side > 0 ? &a : &b);
		if (side < 0)
			sync(&a);
		sl_buf_dispose(&text);
	}
	int64_t merge = a.last_entry;
	for (int i = 0; i < 10; i++) {
		host_shot(&b, 1, "s", i % 2 ? "one" : "two");
		host_settle(&b);
		sync(&a);
	}
	assert_int_equal(host_entry(&a, merge).note_count, 250);
	for (int i = 0; i < 250; i += 83) {
		char id[16], mine[60];
		snprintf(id, sizeof(id), "t%d", i);
		snprintf(mine, sizeof(mine), "{\"duration\":\"%ds a\"}", i);
		for (size_t note = 0; note < 250; note++)
			if (sl_str_equal(host_entry(&a, merge).notes[note].key.id, sl_str_from(id)))
				host_undo(&a, merge, note + 1);
		assert_string_equal(host_data(&a, SL_SHOTS, 1, id), mine);
	}
}

static void undo__of_an_import_removes_only_what_it_added_and_nobody_touched(void **state)
{
	(void)state;
	struct sl_event event = { .type = SL_EVENT_REPLACE, .replace = { .document = SL_STR(
		"{\"episodes\":[{\"id\":2,\"scenes\":[],\"shots\":[{\"id\":\"x\"}]},{\"id\":3,\"scenes\":[],\"shots\":[{\"id\":\"y\"}]}]}"),
		.revision = sl_engine_revision(a.engine) } };
	assert_int_equal(host_event(&a, event), SL_OK);
	int64_t import = a.last_entry;
	host_shot(&a, 2, "x", "touched since");
	host_undo(&a, import, 0);
	expect_shot(&a, 1, "s", "old");
	expect_shot(&a, 2, "x", "touched since");
	assert_string_equal(host_data(&a, SL_EPISODES, 2, ""), "{}");
	assert_string_equal(host_data(&a, SL_EPISODES, 3, ""), "");
	host_settle(&a);
	expect_in_sync(&a);
	/* And that step can be taken back itself. */
	host_undo(&a, a.last_entry, 0);
	assert_string_equal(host_data(&a, SL_EPISODES, 3, ""), "{}");
}

/* An app that saves whole documents all the time. */
static void case_11__undo_of_an_import_reaches_behind_many_saved_documents(void **state)
{
	(void)state;
	struct sl_event event = { .type = SL_EVENT_REPLACE, .replace = { .document = SL_STR(
		"{\"episodes\":[{\"id\":2,\"scenes\":[],\"shots\":[]}]}"), .revision = sl_engine_revision(a.engine) } };
	assert_int_equal(host_event(&a, event), SL_OK);
	int64_t import = a.last_entry;
	for (int i = 0; i < 60; i++) {
		char text[200];
		snprintf(text, sizeof(text), "{\"episodes\":[{\"id\":2,\"scenes\":[],\"shots\":[]}],\"rawScript\":\"line %d\"}", i);
		event.replace.document = sl_str_from(text);
		event.replace.revision = sl_engine_revision(a.engine);
		assert_int_equal(host_event(&a, event), SL_OK);
		host_wait(&a, 1000);
	}
	host_settle(&a);
	host_undo(&a, import, 0);
	expect_shot(&a, 1, "s", "old");
	assert_string_equal(host_data(&a, SL_META, 0, "rawScript"), "\"line 59\"");
}

static void undo__brings_the_episode_of_its_rows_along(void **state)
{
	(void)state;
	host_edit(&b, "{'deleted':{'shots':[{'episodeId':1,'shotId':'s'}]},'characters':[{'id':'x'}]}");
	host_settle(&b);
	host_simple(&a, SL_EVENT_SYNC_NOW);
	host_settle(&a);
	int64_t deletion = a.last_entry;
	host_edit(&a, "{'deleted':{'episodes':[1]}}");
	host_settle(&a);
	expect_in_sync(&a);
	host_undo(&a, deletion, 0);
	expect_shot(&a, 1, "s", "old");
	host_settle(&a);
	expect_in_sync(&a);
}

/* A text is edited by hand after a merge, then the merge is taken back. */
static void case_94__undo_of_a_merge_keeps_what_was_typed_since(void **state)
{
	(void)state;
	host_shot(&a, 1, "s", "One line. Another line. A third line.");
	host_settle(&a);
	sync(&b);
	host_shot(&b, 1, "s", "One line, by b. Another line. A third line.");
	host_settle(&b);
	host_shot(&a, 1, "s", "One line. Another line. A third line, by a.");
	host_settle(&a);
	expect_shot(&a, 1, "s", "One line, by b. Another line. A third line, by a.");
	int64_t merge = a.last_entry;
	host_shot(&a, 1, "s", "One line, by b. Another \\\"quoted\\\" line. A third line, by a.");
	host_undo(&a, merge, 0);
	expect_shot(&a, 1, "s", "One line. Another \\\"quoted\\\" line. A third line, by a.");
	host_settle(&a);
	expect_in_sync(&a);
}

static void undo__says_when_the_journal_is_damaged(void **state)
{
	(void)state;
	host_edit(&a, "{'deleted':{'shots':[{'episodeId':1,'shotId':'s'}]}}");
	host_settle(&a);
	host_shot(&a, 1, "u", "later");
	host_settle(&a);
	a.unchained = true;
	for (size_t i = 0; i < a.pair_count; i++)
		if (strncmp(a.pairs[i].key, "journal/", 8) == 0) {
			char *key = host_copy(sl_str_from(a.pairs[i].key));
			host_write(&a, &(struct sl_write){ sl_str_from(key), SL_STR("{"), false });
			free(key);
		}
	struct sl_event event = { .type = SL_EVENT_UNDO, .undo = { .entry = 1 } };
	assert_int_equal(host_event(&a, event), SL_OK);
	assert_int_equal(a.last_result, SL_INTERNAL);
	expect_shot(&a, 1, "u", "later");
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
	assert_int_equal(host_entry(&a, a.last_entry).cause, SL_CAUSE_RESTORE);
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
		TEST(notes__are_kept_and_can_be_taken_back),
		TEST(case_9__notes_of_many_fields_are_all_kept),
		TEST(undo__of_an_import_removes_only_what_it_added_and_nobody_touched),
		TEST(case_11__undo_of_an_import_reaches_behind_many_saved_documents),
		TEST(undo__brings_the_episode_of_its_rows_along),
		TEST(case_94__undo_of_a_merge_keeps_what_was_typed_since),
		TEST(undo__says_when_the_journal_is_damaged),
		TEST(versions__of_the_server_can_be_restored),
		TEST(versions__that_are_not_there_are_given_up),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
