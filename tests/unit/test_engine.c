/* The ten rules of the client engine (merge.md), by number. */
#include "engine_host.h"

#include <stdio.h>
#include <stdlib.h>

static struct sync_server server;
static struct host a, b;

static int set_up(void **state)
{
	(void)state;
	assert_int_equal(sync_server_init(&server), 0);
	host_open(&a, &server, 1);
	host_open(&b, &server, 2);
	return 0;
}

static int tear_down(void **state)
{
	(void)state;
	host_close(&a);
	host_close(&b);
	sync_server_dispose(&server);
	return 0;
}

/* Both devices have one episode with one shot. */
static void begin_with_shot(void)
{
	host_edit(&a, "{'episodes':[{'id':1,'title':'One'}],'shots':[{'episodeId':1,'id':'s','description':'old'}]}");
	host_settle(&a);
	host_settle(&b);
	expect_in_sync(&a);
	expect_in_sync(&b);
}

/* Takes in what others did. */
static void sync(struct host *host)
{
	host_simple(host, SL_EVENT_SYNC_NOW);
	host_settle(host);
}

/* --- 1: the gate, and the empty guard ------------------------------------------------------------------------------ */

static void rule_1__nothing_is_pushed_before_a_pull(void **state)
{
	(void)state;
	host_edit(&a, "{'episodes':[{'id':1,'title':'One'}]}");
	host_simple(&a, SL_EVENT_ONLINE);
	assert_string_equal(a.method, "GET");
	host_wait(&a, 60000);
	assert_string_equal(a.method, "GET");
	host_answer(&a, 503, "{'error':'unavailable'}");
	host_wait(&a, 600000);
	assert_string_equal(a.method, "GET");
	assert_int_equal(server.pushes, 0);
}

static void rule_1__a_pull_that_finds_nothing_opens_the_gate(void **state)
{
	(void)state;
	host_edit(&a, "{'episodes':[{'id':1,'title':'One'}]}");
	host_settle(&a);
	expect_in_sync(&a);
	assert_int_equal(server.pushes, 1);
}

static void rule_1__the_gate_closes_again_when_the_server_says_so(void **state)
{
	(void)state;
	begin_with_shot();
	server.pulled[1] = false;
	host_shot(&a, 1, "s", "new");
	host_settle(&a);
	expect_in_sync(&a);
}

static void rule_1__an_empty_project_is_never_pushed_by_itself(void **state)
{
	(void)state;
	begin_with_shot();
	size_t pushes = server.pushes;
	host_edit(&a, "{'deleted':{'episodes':[1]}}");
	host_settle(&a);
	assert_int_equal(host_word(&a), SL_STATUS_ERROR);
	assert_string_equal(sl_engine_status(a.engine)->error, "empty_overwrite");
	assert_int_equal(host_pending(&a), 2);
	host_wait(&a, 3600000);
	if (a.has_request)
		host_exchange(&a, false);
	assert_int_equal(server.pushes, pushes); /* the server, which would refuse it, is not even asked */
	assert_int_equal(sl_rowset_count(sync_server_store(&server)->rows), 2);
}

static void rule_1__clearing_on_purpose_empties_it(void **state)
{
	(void)state;
	begin_with_shot();
	host_simple(&a, SL_EVENT_CLEAR);
	host_settle(&a);
	expect_in_sync(&a);
	assert_int_equal(sl_rowset_count(sync_server_store(&server)->rows), 0);
	sync(&b);
	expect_in_sync(&b);
	assert_int_equal(sl_rowset_count(sl_engine_rows(b.engine)), 0);
}

static void rule_1__a_purpose_does_not_outlive_new_rows(void **state)
{
	(void)state;
	begin_with_shot();
	a.signed_in = false;
	host_simple(&a, SL_EVENT_OFFLINE);
	host_simple(&a, SL_EVENT_CLEAR);
	host_edit(&a, "{'episodes':[{'id':2,'title':'Two'}]}");
	host_edit(&a, "{'deleted':{'episodes':[2]}}");
	host_settle(&a);
	assert_string_equal(sl_engine_status(a.engine)->error, "empty_overwrite");
	assert_int_equal(sl_rowset_count(sync_server_store(&server)->rows), 2);
}

/* --- 2: the queue -------------------------------------------------------------------------------------------------- */

static void rule_2__an_operation_keeps_its_id_and_bytes(void **state)
{
	(void)state;
	char first[400];
	begin_with_shot();
	host_shot(&a, 1, "s", "new");
	host_wait(&a, 1500);
	assert_string_equal(a.method, "PUT");
	snprintf(first, sizeof(first), "%.*s", (int)a.body.length, a.body.bytes);
	host_shot(&a, 1, "s", "newer");
	host_exchange(&a, true);
	host_restart(&a);
	host_simple(&a, SL_EVENT_ONLINE);
	host_wait(&a, 600000);
	assert_int_equal(a.body.length, strlen(first));
	assert_memory_equal(a.body.bytes, first, a.body.length);
	host_settle(&a);
	a.signed_in = true;
	sync(&a);
	expect_in_sync(&a);
	expect_shot(&a, 1, "s", "newer");
	assert_int_equal(server.committed, 3);
}

static void rule_2__edits_made_meanwhile_go_into_the_next_operation(void **state)
{
	(void)state;
	begin_with_shot();
	host_shot(&a, 1, "s", "first");
	host_wait(&a, 1500);
	assert_true(host_body_has(&a, "first"));
	host_shot(&a, 1, "t", "second");
	host_exchange(&a, false);
	assert_false(a.has_request);
	assert_int_equal(host_pending(&a), 1);
	host_wait(&a, 1500);
	assert_true(a.has_request && host_body_has(&a, "second") && !host_body_has(&a, "first"));
	host_settle(&a);
	expect_in_sync(&a);
}

static void rule_2__edits_are_debounced(void **state)
{
	(void)state;
	begin_with_shot();
	size_t sends = a.sends;
	for (int i = 0; i < 9; i++) {
		host_shot(&a, 1, "s", i % 2 ? "x" : "y");
		host_wait(&a, 1000);
	}
	assert_int_equal(a.sends, sends);
	host_wait(&a, 400);
	assert_int_equal(a.sends, sends);
	host_wait(&a, 100); /* 1.5 seconds after the last edit */
	assert_int_equal(a.sends, sends + 1);
}

static void rule_2__who_never_stops_typing_is_synced_too(void **state)
{
	(void)state;
	begin_with_shot();
	size_t sends = a.sends;
	for (int i = 0; i < 10; i++) {
		host_shot(&a, 1, "s", i % 2 ? "x" : "y");
		host_wait(&a, 1000);
	}
	assert_int_equal(a.sends, sends + 1);
}

static void rule_2__create_and_delete_cancel_out(void **state)
{
	(void)state;
	begin_with_shot();
	size_t pushes = server.pushes;
	host_shot(&a, 1, "t", "never seen");
	host_edit(&a, "{'deleted':{'shots':[{'episodeId':1,'shotId':'t'}]}}");
	assert_int_equal(host_pending(&a), 0);
	host_settle(&a);
	host_wait(&a, 20000);
	assert_int_equal(server.pushes, pushes);
}

static void rule_2__what_is_deleted_in_flight_is_deleted_on_the_server(void **state)
{
	(void)state;
	begin_with_shot();
	host_shot(&a, 1, "t", "short lived");
	host_wait(&a, 1500);
	host_edit(&a, "{'deleted':{'shots':[{'episodeId':1,'shotId':'t'}]}}");
	host_settle(&a);
	expect_in_sync(&a);
	expect_shot(&a, 1, "t", NULL);
}

static void rule_2__much_is_pushed_in_parts_deletions_last(void **state)
{
	(void)state;
	a.config.push_bytes = 400;
	host_restart(&a);
	host_edit(&a, "{'episodes':[{'id':1,'title':'One'}],'characters':[{'id':'x','name':'X'}]}");
	host_settle(&a);
	size_t pushes = server.pushes;
	for (int i = 0; i < 10; i++) {
		char id[8];
		snprintf(id, sizeof(id), "s%d", i);
		host_shot(&a, 1, id, "a text of some length, so that few of them fit");
	}
	host_edit(&a, "{'deleted':{'characters':['x']}}");
	host_settle(&a);
	expect_in_sync(&a);
	assert_true(server.pushes - pushes >= 4);
}

/* --- 3: retries ---------------------------------------------------------------------------------------------------- */

static void rule_3__retries_back_off_up_to_five_minutes(void **state)
{
	(void)state;
	int64_t longest = 0;
	begin_with_shot();
	host_shot(&a, 1, "s", "new");
	host_wait(&a, 1500);
	for (int i = 0; i < 40; i++) {
		assert_true(a.has_request);
		host_fail(&a);
		assert_int_equal(host_word(&a), SL_STATUS_OFFLINE);
		assert_true(a.has_wake);
		int64_t wait = a.wake_ms - a.now_ms;
		int64_t most = i < 8 ? (int64_t)2000 << i : 300000;
		assert_true(wait >= 0 && wait <= most);
		longest = wait > longest ? wait : longest;
		host_wait(&a, wait);
	}
	assert_true(longest > 150000); /* random up to the limit, not some small part of it */
	host_settle(&a);
	expect_in_sync(&a);
}

static void rule_3__retry_after_and_backoff_are_honoured(void **state)
{
	(void)state;
	begin_with_shot();
	host_shot(&a, 1, "s", "new");
	host_wait(&a, 1500);
	host_answer_with(&a, 429, "{'error':'throttled'}", "1000", NULL);
	host_wait(&a, 999000);
	assert_false(a.has_request);
	host_simple(&a, SL_EVENT_SYNC_NOW);
	assert_false(a.has_request);
	host_wait(&a, 1000);
	assert_true(a.has_request);
	host_exchange(&a, false);
	while (a.has_request)
		host_answer_with(&a, 503, "", "Wed, 21 Oct 2015 07:28:00 GMT", "77");
	assert_true(a.wake_ms - a.now_ms >= 0);
}

static void rule_3__a_wish_for_calm_on_a_good_answer_counts(void **state)
{
	(void)state;
	begin_with_shot();
	host_simple(&a, SL_EVENT_HINT);
	host_answer_with(&a, 404, "{'error':'no_project'}", NULL, "100");
	host_wait(&a, 99000);
	assert_false(a.has_request);
	host_wait(&a, 1000);
	assert_true(a.has_request);
}

static void rule_3__retries_survive_a_restart(void **state)
{
	(void)state;
	begin_with_shot();
	host_shot(&a, 1, "s", "new");
	host_wait(&a, 1500);
	host_answer_with(&a, 503, "", "600", NULL);
	a.signed_in = false;
	host_restart(&a);
	host_simple(&a, SL_EVENT_ONLINE);
	host_wait(&a, 599000);
	assert_false(a.has_request);
	host_wait(&a, 1000);
	assert_true(a.has_request);
}

/* --- 4: conflicts -------------------------------------------------------------------------------------------------- */

static void rule_4__a_conflict_is_merged_and_the_rest_pushed(void **state)
{
	(void)state;
	begin_with_shot();
	host_edit(&b, "{'shots':[{'episodeId':1,'id':'s','description':'old','dialogue':'theirs'}]}");
	host_settle(&b);
	host_edit(&a, "{'shots':[{'episodeId':1,'id':'s','description':'mine'}]}");
	host_shot(&a, 1, "t", "other");
	host_settle(&a);
	expect_in_sync(&a);
	assert_int_equal(sl_engine_counts(a.engine)->rounds, 1);
	assert_string_equal(host_data(&a, SL_SHOTS, 1, "s"), "{\"description\":\"mine\",\"dialogue\":\"theirs\"}");
	assert_int_equal(a.opened, 0);
	sync(&b);
	expect_in_sync(&b);
}

static void rule_4__one_round_for_a_state_of_the_server(void **state)
{
	(void)state;
	char answer[200], digest[SL_DIGEST_HEX];
	begin_with_shot();
	sl_digest_format(sync_server_store(&server)->head.digest, digest);
	snprintf(answer, sizeof(answer), "{'error':'conflict','updatedAt':%lld,'digest':'%s','changes':{}}",
		(long long)sync_server_store(&server)->head.version, digest);
	host_shot(&a, 1, "s", "new");
	host_wait(&a, 1500);
	size_t sends = a.sends;
	for (int i = 0; i < 6; i++) {
		if (a.has_request)
			host_answer(&a, 409, answer);
		host_wait(&a, 1);
	}
	assert_int_equal(host_word(&a), SL_STATUS_ERROR);
	assert_true(a.sends - sends <= 1);
	expect_shot(&a, 1, "s", "new");
	host_settle(&a);
	host_wait(&a, 10000);
	host_settle(&a);
	expect_in_sync(&a);
}

static void rule_4__without_changes_the_whole_state_is_pulled(void **state)
{
	(void)state;
	begin_with_shot();
	host_shot(&b, 1, "t", "theirs");
	host_edit(&b, "{'episodes':[{'id':1,'title':'Theirs'}]}");
	host_settle(&b);
	host_shot(&a, 1, "s", "mine");
	host_edit(&a, "{'episodes':[{'id':1,'title':'Mine'}]}");
	memory_store_drop_tombstones(sync_server_store(&server), sync_server_store(&server)->head.version);
	host_settle(&a);
	expect_in_sync(&a);
	expect_shot(&a, 1, "t", "theirs");
	expect_shot(&a, 1, "s", "mine");
}

/* --- 5: quarantine ------------------------------------------------------------------------------------------------- */

static void rule_5__refused_rows_are_quarantined_and_the_rest_flows(void **state)
{
	(void)state;
	char text[700];
	begin_with_shot();
	server.row_bytes = 300;
	memset(text, 'x', sizeof(text) - 1);
	text[sizeof(text) - 1] = '\0';
	host_shot(&a, 1, "large", text);
	host_shot(&a, 1, "small", "fits");
	host_settle(&a);
	assert_int_equal(host_word(&a), SL_STATUS_ERROR);
	assert_string_equal(sl_engine_status(a.engine)->error, "invalid");
	assert_int_equal(host_pending(&a), 1);
	assert_int_equal(sl_engine_status(a.engine)->quarantined, 1);
	assert_non_null(sl_engine_quarantined(a.engine, 0));
	assert_true(strlen(sl_engine_quarantined(a.engine, 0)->reason) > 5);
	size_t pushes = server.pushes;
	host_wait(&a, 20000);
	assert_int_equal(server.pushes, pushes);
	host_shot(&a, 1, "large", "cut down");
	assert_int_equal(sl_engine_status(a.engine)->quarantined, 0);
	host_settle(&a);
	expect_in_sync(&a);
}

static void rule_5__a_refused_episode_holds_only_its_own_rows(void **state)
{
	(void)state;
	char text[700];
	begin_with_shot();
	server.row_bytes = 300;
	snprintf(text, sizeof(text), "{'episodes':[{'id':2,'content':'%0400d'}],'shots':[{'episodeId':2,'id':'t','description':'held'}"
		",{'episodeId':1,'id':'u','description':'flows'}]}", 0);
	host_edit(&a, text);
	host_settle(&a);
	assert_int_equal(host_pending(&a), 2);
	assert_int_equal(sl_engine_status(a.engine)->quarantined, 1);
	host_edit(&a, "{'episodes':[{'id':2,'content':'short'}]}");
	host_settle(&a);
	expect_in_sync(&a);
	expect_shot(&a, 2, "t", "held");
}

static void rule_5__what_is_too_large_at_once_is_halved(void **state)
{
	(void)state;
	char text[600];
	begin_with_shot();
	server.request_bytes = 500;
	for (int i = 0; i < 8; i++) {
		char id[8];
		snprintf(id, sizeof(id), "s%d", i);
		host_shot(&a, 1, id, "some words that take their room");
	}
	memset(text, 'x', sizeof(text) - 1);
	text[sizeof(text) - 1] = '\0';
	host_shot(&a, 1, "large", text);
	host_settle(&a);
	assert_int_equal(host_pending(&a), 1);
	assert_int_equal(sl_engine_status(a.engine)->quarantined, 1);
	server.request_bytes = 5000;
	sync(&a);
	expect_in_sync(&a);
}

static void rule_5__a_used_id_is_replaced(void **state)
{
	(void)state;
	begin_with_shot();
	host_shot(&a, 1, "s", "new");
	host_wait(&a, 1500);
	host_answer(&a, 422, "{'error':'op_reused'}");
	host_settle(&a);
	expect_in_sync(&a);
}

/* --- 6: backups ---------------------------------------------------------------------------------------------------- */

static void rule_6__a_backup_before_rows_are_replaced_or_removed(void **state)
{
	(void)state;
	begin_with_shot();
	host_shot(&b, 1, "t", "added");
	host_settle(&b);
	sync(&a);
	assert_int_equal(a.backups, 0); /* nothing here was replaced */
	host_edit(&b, "{'deleted':{'shots':[{'episodeId':1,'shotId':'s'}]}}");
	host_settle(&b);
	sync(&a);
	assert_int_equal(a.backups, 1);
	expect_shot(&a, 1, "s", NULL);
	struct sl_event event = { .type = SL_EVENT_RESTORE_BACKUP, .restore_backup = { a.last_backup } };
	assert_int_equal(host_event(&a, event), SL_OK);
	expect_shot(&a, 1, "s", "old");
	expect_shot(&a, 1, "t", "added");
	host_settle(&a);
	expect_in_sync(&a);
}

static void rule_6__the_last_ten_are_kept(void **state)
{
	(void)state;
	begin_with_shot();
	for (int i = 0; i < 14; i++) {
		char text[20];
		snprintf(text, sizeof(text), "draft %d", i);
		host_shot(&b, 1, "s", text);
		host_settle(&b);
		sync(&a);
	}
	assert_int_equal(a.backups, 14);
	assert_non_null(sl_engine_backup(a.engine, 9));
	assert_null(sl_engine_backup(a.engine, 10));
	struct sl_event event = { .type = SL_EVENT_RESTORE_BACKUP,
		.restore_backup = { sl_engine_backup(a.engine, 0)->id } };
	assert_int_equal(host_event(&a, event), SL_OK);
	expect_shot(&a, 1, "s", "draft 3");
}

/* --- 7: a server that fell back ------------------------------------------------------------------------------------ */

static void fall_back(const char *epoch)
{
	begin_with_shot();
	size_t saved = sync_server_save(&server);
	host_shot(&a, 1, "lost", "words that the backup lacks");
	host_shot(&a, 1, "s", "old, and more");
	host_settle(&a);
	sync(&b);
	sync_server_restore(&server, saved);
	server.epoch = epoch;
}

static void rule_7__what_a_restored_server_lost_is_offered_again(void **state)
{
	(void)state;
	fall_back("second");
	sync(&a);
	expect_in_sync(&a);
	expect_shot(&a, 1, "lost", "words that the backup lacks");
	sync(&b);
	expect_in_sync(&b);
	expect_shot(&b, 1, "lost", "words that the backup lacks");
}

static void rule_7__also_when_nobody_declared_it(void **state)
{
	(void)state;
	struct host c;
	fall_back("first");
	server.now_ms += 1000000;
	host_open(&c, &server, 3);
	host_settle(&c);
	host_shot(&c, 1, "new", "after the fall");
	host_settle(&c);
	expect_in_sync(&c);
	/* a's version is older than the server's, but its base holds what was lost. */
	sync(&a);
	expect_in_sync(&a);
	expect_shot(&a, 1, "lost", "words that the backup lacks");
	expect_shot(&a, 1, "new", "after the fall");
	assert_int_equal(sl_engine_counts(a.engine)->digest_mismatches, 1);
	sync(&c);
	expect_in_sync(&c);
	host_close(&c);
}

static void rule_7__a_server_that_lost_everything_gets_everything(void **state)
{
	(void)state;
	size_t saved = sync_server_save(&server);
	begin_with_shot();
	sync_server_restore(&server, saved);
	sync(&a);
	expect_in_sync(&a);
	expect_shot(&a, 1, "s", "old");
}

/* --- 8: digests ---------------------------------------------------------------------------------------------------- */

static void rule_8__a_mismatch_is_repaired_from_the_whole_state(void **state)
{
	(void)state;
	struct sl_key key = { SL_SHOTS, 1, SL_STR("s") };
	begin_with_shot();
	/* Behind the server's back: the row changes, its version does not. */
	struct sl_row row = *sl_rowset_find(sync_server_store(&server)->rows, &key);
	sl_digest_subtract(&sync_server_store(&server)->head.digest, &row);
	row.data = SL_STR("{\"description\":\"old\",\"duration\":\"3s\"}");
	sl_digest_add(&sync_server_store(&server)->head.digest, &row);
	sl_rowset_put(sync_server_store(&server)->rows, &row);
	host_shot(&b, 1, "t", "other");
	host_settle(&b);
	expect_in_sync(&b);
	assert_int_equal(sl_engine_counts(b.engine)->digest_mismatches, 1);
	sync(&a);
	expect_in_sync(&a);
	assert_string_equal(host_data(&a, SL_SHOTS, 1, "s"), "{\"description\":\"old\",\"duration\":\"3s\"}");
}

static void rule_8__a_server_that_contradicts_itself_stops_nobody(void **state)
{
	(void)state;
	begin_with_shot();
	sync_server_store(&server)->head.digest.low++;
	host_shot(&a, 1, "t", "other");
	host_settle(&a);
	assert_int_equal(host_pending(&a), 0);
	host_shot(&b, 1, "u", "more");
	host_settle(&b);
	sync(&a);
	expect_in_sync(&a);
	expect_shot(&a, 1, "u", "more");
	assert_true(sl_engine_counts(a.engine)->digest_mismatches > 0);
}

/* --- 9: status ----------------------------------------------------------------------------------------------------- */

static void rule_9__status_words(void **state)
{
	(void)state;
	assert_int_equal(host_word(&a), SL_STATUS_OFFLINE);
	begin_with_shot();
	assert_int_equal(host_word(&a), SL_STATUS_SYNCED);
	host_shot(&a, 1, "s", "new");
	assert_int_equal(host_word(&a), SL_STATUS_SYNCING);
	assert_int_equal(host_pending(&a), 1);
	host_simple(&a, SL_EVENT_OFFLINE);
	assert_int_equal(host_word(&a), SL_STATUS_OFFLINE);
	assert_int_equal(host_pending(&a), 1);
	host_simple(&a, SL_EVENT_ONLINE);
	host_answer(&a, 403, "{'error':'sync_disabled','detail':'not yet'}");
	assert_int_equal(host_word(&a), SL_STATUS_DISABLED);
	assert_string_equal(sl_engine_status(a.engine)->error, "sync_disabled");
	host_wait(&a, 3599000);
	assert_false(a.has_request);
	host_simple(&a, SL_EVENT_SYNC_NOW);
	host_answer(&a, 401, "{'error':'unauthenticated'}");
	assert_int_equal(host_word(&a), SL_STATUS_ERROR);
	assert_string_equal(sl_engine_status(a.engine)->error, "unauthenticated");
	assert_int_equal(host_pending(&a), 1);
	host_simple(&a, SL_EVENT_SIGN_OUT);
	assert_int_equal(host_word(&a), SL_STATUS_DISABLED);
	host_shot(&a, 1, "t", "written while signed out");
	host_wait(&a, 7200000);
	assert_false(a.has_request);
	host_simple(&a, SL_EVENT_SIGN_IN);
	host_settle(&a);
	expect_in_sync(&a);
	assert_int_equal(host_word(&a), SL_STATUS_SYNCED);
}

static void rule_9__a_conflict_is_shown_until_it_is_resolved(void **state)
{
	(void)state;
	begin_with_shot();
	host_shot(&b, 1, "s", "what b made of it");
	host_settle(&b);
	host_shot(&a, 1, "s", "what a made of it");
	host_settle(&a);
	assert_int_equal(host_word(&a), SL_STATUS_CONFLICT);
	assert_int_equal(a.opened, 1);
	expect_shot(&a, 1, "s", "what b made of it");
	struct sl_event event = { .type = SL_EVENT_RESOLVE, .resolve = { .conflict = a.last_conflict } };
	assert_int_equal(host_event(&a, event), SL_OK);
	assert_int_equal(a.closed, 1);
	host_settle(&a);
	expect_in_sync(&a);
	assert_int_equal(host_word(&a), SL_STATUS_SYNCED);
	expect_shot(&a, 1, "s", "what a made of it");
}

/* --- 10: several views of one store -------------------------------------------------------------------------------- */

static void rule_10__an_edit_of_an_old_view_keeps_what_came_since(void **state)
{
	(void)state;
	const char *seen = "{'shots':[{'episodeId':1,'id':'s','description':'old'}]}";
	begin_with_shot();
	host_edit(&a, "{'shots':[{'episodeId':1,'id':'s','description':'old','duration':'3s'}]}");
	assert_int_equal(host_try_edit(&a, "{'shots':[{'episodeId':1,'id':'s','description':'old, but not for long'}]}", seen),
		SL_OK);
	assert_string_equal(host_data(&a, SL_SHOTS, 1, "s"),
		"{\"description\":\"old, but not for long\",\"duration\":\"3s\"}");
	host_settle(&a);
	expect_in_sync(&a);
}

static void rule_10__an_old_view_overwrites_no_text(void **state)
{
	(void)state;
	const char *seen = "{'shots':[{'episodeId':1,'id':'s','description':'old'}]}";
	begin_with_shot();
	host_shot(&a, 1, "s", "one tab");
	assert_int_equal(host_try_edit(&a, "{'shots':[{'episodeId':1,'id':'s','description':'other tab'}]}", seen), SL_OK);
	expect_shot(&a, 1, "s", "one tab");
	assert_int_equal(a.opened, 1);
	assert_string_equal(sl_engine_conflict(a.engine, 0)->receipt.mine.bytes, "\"other tab\"");
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
	const struct CMUnitTest tests[] = {
		TEST(rule_1__nothing_is_pushed_before_a_pull),
		TEST(rule_1__a_pull_that_finds_nothing_opens_the_gate),
		TEST(rule_1__the_gate_closes_again_when_the_server_says_so),
		TEST(rule_1__an_empty_project_is_never_pushed_by_itself),
		TEST(rule_1__clearing_on_purpose_empties_it),
		TEST(rule_1__a_purpose_does_not_outlive_new_rows),
		TEST(rule_2__an_operation_keeps_its_id_and_bytes),
		TEST(rule_2__edits_made_meanwhile_go_into_the_next_operation),
		TEST(rule_2__edits_are_debounced),
		TEST(rule_2__who_never_stops_typing_is_synced_too),
		TEST(rule_2__create_and_delete_cancel_out),
		TEST(rule_2__what_is_deleted_in_flight_is_deleted_on_the_server),
		TEST(rule_2__much_is_pushed_in_parts_deletions_last),
		TEST(rule_3__retries_back_off_up_to_five_minutes),
		TEST(rule_3__retry_after_and_backoff_are_honoured),
		TEST(rule_3__a_wish_for_calm_on_a_good_answer_counts),
		TEST(rule_3__retries_survive_a_restart),
		TEST(rule_4__a_conflict_is_merged_and_the_rest_pushed),
		TEST(rule_4__one_round_for_a_state_of_the_server),
		TEST(rule_4__without_changes_the_whole_state_is_pulled),
		TEST(rule_5__refused_rows_are_quarantined_and_the_rest_flows),
		TEST(rule_5__a_refused_episode_holds_only_its_own_rows),
		TEST(rule_5__what_is_too_large_at_once_is_halved),
		TEST(rule_5__a_used_id_is_replaced),
		TEST(rule_6__a_backup_before_rows_are_replaced_or_removed),
		TEST(rule_6__the_last_ten_are_kept),
		TEST(rule_7__what_a_restored_server_lost_is_offered_again),
		TEST(rule_7__also_when_nobody_declared_it),
		TEST(rule_7__a_server_that_lost_everything_gets_everything),
		TEST(rule_8__a_mismatch_is_repaired_from_the_whole_state),
		TEST(rule_8__a_server_that_contradicts_itself_stops_nobody),
		TEST(rule_9__status_words),
		TEST(rule_9__a_conflict_is_shown_until_it_is_resolved),
		TEST(rule_10__an_edit_of_an_old_view_keeps_what_came_since),
		TEST(rule_10__an_old_view_overwrites_no_text),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
