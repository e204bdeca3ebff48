/* What users do: edits, moves, imports, choices, steps back; and what of it is refused. */
#include "two_devices.h"

#include <stdio.h>
#include <stdlib.h>

#include "core/canon.h"
#include "core/engine_json.h"

static int begin(void **state)
{
	set_up(state);
	begin_with("{'episodes':[{'id':1}],'shots':[{'episodeId':1,'id':'s','description':'old'},"
		"{'episodeId':1,'id':'t','description':'last'}]}");
	return 0;
}

static struct sl_str rank_of(struct host *host, const char *id)
{
	struct sl_key key = { SL_SHOTS, 1, sl_str_from(id) };
	const struct sl_row *row = sl_rowset_find(sl_engine_rows(host->engine), &key);
	return row ? row->rank : (struct sl_str){ NULL, 0 };
}

static int64_t count_receipts(struct host *host)
{
	size_t count = 0;
	while (sl_engine_receipt(host->engine, count))
		count++;
	return (int64_t)count;
}

/* --- edits --------------------------------------------------------------------------------------------------------- */

static void edits__that_are_not_valid_are_refused_whole(void **state)
{
	static const struct { const char *delta; int code; } cases[] = {
		{ "{", SL_MALFORMED }, { "", SL_MALFORMED }, { "[]", SL_INVALID }, { "{'shots':[{'id':'x'}]}", SL_INVALID },
		{ "{'shots':[{'episodeId':1,'id':'s','description':7}]}", SL_INVALID },
		{ "{'shots':[{'episodeId':1,'id':'s','description':'fine'},{'episodeId':2,'id':'u'}]}", SL_INVALID },
		{ "{'scenes':[{'episodeId':1,'id':'c'}],'deleted':{'episodes':[1]}}", SL_INVALID },
		{ "{'meta':{'deep':[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[1]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]}}", SL_MALFORMED },
		{ "{'meta':{'deep':[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[1]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]}}", SL_INVALID },
		{ "{'episodes':[{'id':1,'rank':'not a rank'}]}", SL_INVALID },
	};
	(void)state;
	for (size_t i = 0; i < LENGTH(cases); i++) {
		size_t effects = a.effects;
		int rc = host_try_edit(&a, cases[i].delta, NULL);
		if (rc != cases[i].code)
			fail_msg("case %zu: %d", i, rc);
		assert_int_equal(a.effects, effects);
		expect_shot(&a, 1, "s", "old");
	}
	assert_int_equal(host_pending(&a), 0);
}

static void edits__keep_the_place_and_new_rows_go_last(void **state)
{
	(void)state;
	struct sl_str before = rank_of(&a, "s");
	char rank[65];
	snprintf(rank, sizeof(rank), "%.*s", (int)before.length, before.bytes);
	host_shot(&a, 1, "s", "new");
	host_shot(&a, 1, "u", "at the end");
	assert_true(sl_str_equal(rank_of(&a, "s"), sl_str_from(rank)));
	assert_true(sl_str_compare(rank_of(&a, "t"), rank_of(&a, "u")) < 0);
	host_settle(&a);
	expect_in_sync(&a);
}

static void edits__move_a_row_by_its_rank(void **state)
{
	(void)state;
	host_edit(&a, "{'shots':[{'episodeId':1,'id':'t','description':'last','rank':'0A'}]}");
	assert_true(sl_str_compare(rank_of(&a, "t"), rank_of(&a, "s")) < 0);
	host_settle(&a);
	expect_in_sync(&a);
	host_simple(&b, SL_EVENT_SYNC_NOW);
	host_settle(&b);
	expect_in_sync(&b);
}

static void edits__back_to_what_was_leave_nothing_to_push(void **state)
{
	(void)state;
	host_shot(&a, 1, "s", "new");
	host_shot(&a, 1, "s", "old");
	assert_int_equal(host_pending(&a), 0);
}

static void edits__repeated_for_long_do_not_fill_the_memory(void **state)
{
	char text[4000];
	(void)state;
	a.unchecked = true;
	for (int i = 0; i < 2000; i++) {
		snprintf(text, sizeof(text), "{'shots':[{'episodeId':1,'id':'s','description':'%03000d'}]}", i);
		host_edit(&a, text);
		a.unchecked = i % 500 != 0;
		if (i % 100 == 0)
			host_settle(&a);
		sl_arena_dispose(&a.view_arena); /* the app's own garbage */
		a.view = sl_rowset_new(&a.view_arena, 8);
		const struct sl_row *row;
		size_t cursor = 0;
		while ((row = sl_rowset_next(sl_engine_rows(a.engine), &cursor))) {
			struct sl_row copy;
			assert_int_equal(sl_row_copy(&a.view_arena, row, &copy), 0);
			assert_non_null(sl_rowset_put(a.view, &copy));
		}
	}
	a.unchecked = false;
	host_settle(&a);
	expect_in_sync(&a);
}

static void imports__from_an_old_view_are_refused(void **state)
{
	(void)state;
	struct sl_event event = { .type = SL_EVENT_REPLACE, .replace = { .document = SL_STR("{\"episodes\":[]}"),
		.revision = sl_engine_revision(a.engine) } };
	host_shot(&a, 1, "s", "new");
	assert_int_equal(host_event(&a, event), SL_CONFLICT);
	expect_shot(&a, 1, "s", "new");
	/* What was read from an earlier engine is not current, whatever its count. */
	event.replace.revision = sl_engine_revision(a.engine);
	host_restart(&a);
	for (int i = 0; i < 5; i++) {
		assert_int_equal(host_event(&a, event), SL_CONFLICT);
		host_shot(&a, 1, "s", i % 2 ? "odd" : "even");
	}
	event.replace.document = SL_STR("{\"episodes\":7}");
	event.replace.revision = 0;
	assert_int_equal(host_event(&a, event), SL_INVALID);
}

static void imports__keep_ranks_of_what_stays(void **state)
{
	(void)state;
	struct sl_event event = { .type = SL_EVENT_REPLACE, .replace = { .document = SL_STR(
		"{\"episodes\":[{\"id\":1,\"scenes\":[],\"shots\":[{\"id\":\"n\"},{\"id\":\"s\",\"description\":\"old\"},"
		"{\"id\":\"t\",\"description\":\"last\"}]}]}") } };
	assert_int_equal(host_event(&a, event), SL_OK);
	assert_int_equal(host_pending(&a), 1);
	assert_true(sl_str_compare(rank_of(&a, "n"), rank_of(&a, "s")) < 0);
	host_settle(&a);
	expect_in_sync(&a);
}

/* --- steps back ---------------------------------------------------------------------------------------------------- */

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

static void clash(void)
{
	host_shot(&b, 1, "s", "b says this");
	host_settle(&b);
	host_shot(&a, 1, "s", "a says that");
	host_settle(&a);
	assert_int_equal(a.opened, 1);
}

static void conflicts__are_resolved_with_valid_values_only(void **state)
{
	(void)state;
	clash();
	struct sl_event event = { .type = SL_EVENT_RESOLVE, .resolve = { .conflict = a.last_conflict,
		.choice = SL_CHOICE_VALUE, .value = SL_STR("7") } };
	assert_int_equal(host_event(&a, event), SL_INVALID);
	event.resolve.value = SL_STR("{");
	assert_int_equal(host_event(&a, event), SL_MALFORMED);
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
	assert_string_equal(sl_engine_conflict(a.engine, 0)->receipt.mine.bytes, "\"a says that\"");
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
	assert_string_equal(kept->receipt.path.bytes, "/duration");
	assert_string_equal(kept->receipt.mine.bytes, "\"4s\"");
	assert_string_equal(kept->receipt.theirs.bytes, "\"3s\"");
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
		"{\"episodes\":[{\"id\":2,\"scenes\":[],\"shots\":[{\"id\":\"x\"}]},{\"id\":3,\"scenes\":[],\"shots\":[{\"id\":\"y\"}]}]}") } };
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
	assert_int_equal(host_event(&a, (struct sl_event){ .type = SL_EVENT_RESTORE, .restore = { version } }), SL_OK);
	host_settle(&a);
	expect_in_sync(&a);
	expect_shot(&a, 1, "s", "old");
	expect_shot(&a, 1, "u", NULL);
	assert_true(a.backups > 0);
}

static void versions__that_are_not_there_are_given_up(void **state)
{
	(void)state;
	assert_int_equal(host_event(&a, (struct sl_event){ .type = SL_EVENT_RESTORE, .restore = { 3 } }), SL_OK);
	host_exchange(&a, false);
	assert_string_equal(sl_engine_status(a.engine)->error, "no_snapshot");
	host_shot(&a, 1, "s", "new");
	host_settle(&a);
	expect_in_sync(&a);
}

static void accounts__are_not_mixed_up(void **state)
{
	(void)state;
	struct sl_event event = { .type = SL_EVENT_SIGN_IN, .sign_in = { SL_STR("mei") } };
	assert_int_equal(host_event(&a, event), SL_OK);
	host_settle(&a);
	host_restart(&a);
	event.sign_in.account = SL_STR("li");
	assert_int_equal(host_event(&a, event), SL_FORBIDDEN);
	event.sign_in.account = SL_STR("mei");
	assert_int_equal(host_event(&a, event), SL_OK);
}

static void polls__come_by_themselves_unless_switched_off(void **state)
{
	(void)state;
	size_t sends = a.sends;
	host_wait(&a, 29000);
	assert_int_equal(a.sends, sends);
	host_wait(&a, 1000);
	assert_int_equal(a.sends, sends + 1);
	host_settle(&a);
	a.config.poll_ms = -1;
	host_restart(&a);
	host_settle(&a);
	sends = a.sends;
	host_wait(&a, 3600000);
	assert_int_equal(a.sends, sends);
	assert_int_equal(host_event(&a, (struct sl_event){ .type = SL_EVENT_HINT,
		.hint = { sl_engine_status(a.engine)->version } }), SL_OK);
	assert_int_equal(a.sends, sends);
	host_simple(&a, SL_EVENT_HINT);
	assert_int_equal(a.sends, sends + 1);
}

/* --- JSON ---------------------------------------------------------------------------------------------------------- */

static int read_json(const char *text, struct sl_arena *arena, struct sl_event *event, struct sl_err *err)
{
	char copy[600];
	snprintf(copy, sizeof(copy), "%s", text);
	for (char *c = copy; *c; c++)
		*c = *c == '\'' ? '"' : *c;
	struct sl_str kept;
	assert_int_equal(sl_arena_copy(arena, sl_str_from(copy), &kept), 0);
	return sl_engine_json_read(kept, arena, event, err);
}

#define EVENT(rest) "{'now':5,'random':'000102030405060708090a0b0c0d0e0f'," rest "}"

static void json__carries_events(void **state)
{
	struct sl_arena arena;
	struct sl_event event;
	struct sl_err err = SL_ERR_INIT;
	(void)state;
	sl_arena_init(&arena, 0);
	assert_int_equal(read_json(EVENT("'type':'edit','delta':{'meta':{'x':1}}"), &arena, &event, &err), 0);
	assert_int_equal(event.type, SL_EVENT_EDIT);
	assert_int_equal(event.now_ms, 5);
	assert_int_equal(event.random[15], 15);
	assert_string_equal(event.edit.delta.bytes, "{\"meta\":{\"x\":1}}");
	assert_int_equal(read_json(EVENT("'type':'answer','request':7,'status':200,'body':'{}','retryAfter':'3'"), &arena, &event,
		&err), 0);
	assert_int_equal(event.answer.request, 7);
	assert_string_equal(event.answer.body.bytes, "{}");
	assert_int_equal(read_json(EVENT("'type':'resolve','conflict':3,'choice':'value','value':'x'"), &arena, &event, &err), 0);
	assert_string_equal(event.resolve.value.bytes, "\"x\"");
	assert_int_equal(read_json(EVENT("'type':'start','pairs':[['a','b']]"), &arena, &event, &err), 0);
	assert_int_equal(event.start.count, 1);
	assert_string_equal(event.start.pairs[0].value.bytes, "b");
	sl_arena_dispose(&arena);
}

static void json__refuses_what_is_no_event(void **state)
{
	static const char *const texts[] = { "[]", "{}", EVENT("'type':'edit'"), EVENT("'type':'dance'"),
		EVENT("'type':'answer','request':'7','status':200"), EVENT("'type':'start','pairs':[['a']]"),
		EVENT("'type':'start','pairs':[7]"), EVENT("'type':'resolve','conflict':3,'choice':'both'"),
		"{'type':'tick','now':5}", "{'type':'tick','now':5,'random':'zz0102030405060708090a0b0c0d0e0f'}" };
	struct sl_arena arena;
	struct sl_event event;
	(void)state;
	sl_arena_init(&arena, 0);
	for (size_t i = 0; i < LENGTH(texts); i++) {
		struct sl_err err = SL_ERR_INIT;
		if (read_json(texts[i], &arena, &event, &err) != SL_INVALID)
			fail_msg("%s", texts[i]);
	}
	sl_arena_dispose(&arena);
}

static void json__tells_effects_and_what_is_kept(void **state)
{
	struct sl_engine *engine = sl_engine_new(NULL);
	struct sl_event event = { .type = SL_EVENT_START };
	struct sl_effects effects;
	struct sl_err err = SL_ERR_INIT;
	struct sl_buf out;
	(void)state;
	sl_buf_init(&out, SIZE_MAX);
	assert_int_equal(sl_engine_handle(engine, &event, &effects, &err), 0);
	event.type = SL_EVENT_ONLINE;
	assert_int_equal(sl_engine_handle(engine, &event, &effects, &err), 0);
	assert_int_equal(sl_engine_json_write(&effects, &out), 0);
	expect_text(sl_buf_str(&out), "[{'type':'send','id':1,'method':'GET','path':'/project?since=0','headers':{}},"
		"{'type':'wake','at':120000},{'type':'status','word':'Syncing','pending':0,'quarantined':0,'conflicts':0,"
		"'lastSync':0,'version':0,'error':'','detail':''}]");
	sl_engine_free(&engine);
	clash();
	int (*const lists[])(const struct sl_engine *, struct sl_buf *) = { sl_engine_json_conflicts,
		sl_engine_json_receipts, sl_engine_json_backups, sl_engine_json_quarantine };
	for (size_t i = 0; i < LENGTH(lists); i++) {
		json_t *list = NULL;
		sl_buf_clear(&out);
		assert_int_equal(lists[i](a.engine, &out), 0);
		assert_int_equal(sl_canon_parse(sl_buf_str(&out), &list, &err), 0);
		assert_int_equal(json_array_size(list), i < 3);
		json_decref(list);
	}
	sl_buf_dispose(&out);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, begin, tear_down)
	const struct CMUnitTest tests[] = {
		TEST(edits__that_are_not_valid_are_refused_whole),
		TEST(edits__keep_the_place_and_new_rows_go_last),
		TEST(edits__move_a_row_by_its_rank),
		TEST(edits__back_to_what_was_leave_nothing_to_push),
		TEST(edits__repeated_for_long_do_not_fill_the_memory),
		TEST(imports__from_an_old_view_are_refused),
		TEST(imports__keep_ranks_of_what_stays),
		TEST(refusals__name_what_is_not_there),
		TEST(conflicts__are_resolved_with_valid_values_only),
		TEST(conflicts__of_rows_that_are_gone_can_still_be_read),
		TEST(receipts__are_kept_and_can_be_reversed),
		TEST(receipts__are_bounded),
		TEST(backups__after_an_import_remove_only_what_it_added_and_nobody_touched),
		TEST(backups__bring_the_episode_of_their_rows_along),
		TEST(versions__of_the_server_can_be_restored),
		TEST(versions__that_are_not_there_are_given_up),
		TEST(accounts__are_not_mixed_up),
		TEST(polls__come_by_themselves_unless_switched_off),
		TEST(json__carries_events),
		TEST(json__refuses_what_is_no_event),
		TEST(json__tells_effects_and_what_is_kept),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
