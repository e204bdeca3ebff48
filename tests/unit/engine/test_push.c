/* The rules of the client engine (merge.md), 1 to 3: when it may push, what a push is, and when it is tried again. */
#include "two_devices.h"

#include <stdio.h>

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

static void rule_1__an_emptied_project_takes_nothing_from_others_who_go_on(void **state)
{
	(void)state;
	begin_with_shot();
	host_edit(&a, "{'deleted':{'episodes':[1]},'meta':{'fileName':'renamed'}}");
	host_settle(&a);
	assert_string_equal(sl_engine_status(a.engine)->error, "empty_overwrite");
	host_restart(&a);
	host_shot(&b, 1, "t", "written meanwhile");
	host_settle(&b);
	sync(&a);
	expect_in_sync(&a);
	expect_shot(&a, 1, "s", "old");
	expect_shot(&a, 1, "t", "written meanwhile");
	assert_string_equal(host_data(&a, SL_META, 0, "fileName"), "\"renamed\"");
	assert_int_equal(host_word(&a), SL_STATUS_SYNCED);
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
	host_shot(&a, 1, "s", "one");
	host_wait(&a, 1500);
	assert_true(host_body_has(&a, "'description':'one'"));
	host_shot(&a, 1, "t", "second");
	host_exchange(&a, false);
	assert_false(a.has_request);
	assert_int_equal(host_pending(&a), 1);
	host_wait(&a, 1500);
	assert_true(a.has_request && host_body_has(&a, "second") && !host_body_has(&a, "one'"));
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

static bool is_on_server(int64_t episode, const char *id)
{
	struct sl_key key = { SL_SHOTS, episode, sl_str_from(id) };
	return sl_rowset_find(sync_server_store(&server)->rows, &key) != NULL;
}

static void rule_2__both_halves_of_a_move_are_pushed_at_once(void **state)
{
	(void)state;
	a.config.push_bytes = 400;
	host_restart(&a);
	host_edit(&a, "{'episodes':[{'id':1},{'id':2},{'id':3}],'shots':[{'id':'s','episodeId':1,'description':'a door, and rain behind it, at night'}]}");
	host_settle(&a);
	for (int i = 0; i < 10; i++) {
		char id[8];
		snprintf(id, sizeof(id), "t%d", i);
		host_shot(&a, 3, id, "a text of some length, so that few of them fit");
	}
	host_edit(&a, "{'shots':[{'id':'s','episodeId':2,'description':'a door, and rain behind it, at night'}],"
		"'deleted':{'shots':[{'episodeId':1,'shotId':'s'}]}}");
	host_wait(&a, 1500);
	for (size_t pushes = server.pushes; a.has_request; pushes = server.pushes) {
		host_exchange(&a, false);
		assert_true(server.pushes == pushes || is_on_server(1, "s") != is_on_server(2, "s"));
	}
	expect_in_sync(&a);
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

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
	const struct CMUnitTest tests[] = {
		TEST(rule_1__nothing_is_pushed_before_a_pull),
		TEST(rule_1__a_pull_that_finds_nothing_opens_the_gate),
		TEST(rule_1__the_gate_closes_again_when_the_server_says_so),
		TEST(rule_1__an_empty_project_is_never_pushed_by_itself),
		TEST(rule_1__an_emptied_project_takes_nothing_from_others_who_go_on),
		TEST(rule_1__clearing_on_purpose_empties_it),
		TEST(rule_1__a_purpose_does_not_outlive_new_rows),
		TEST(rule_2__an_operation_keeps_its_id_and_bytes),
		TEST(rule_2__edits_made_meanwhile_go_into_the_next_operation),
		TEST(rule_2__edits_are_debounced),
		TEST(rule_2__who_never_stops_typing_is_synced_too),
		TEST(rule_2__create_and_delete_cancel_out),
		TEST(rule_2__what_is_deleted_in_flight_is_deleted_on_the_server),
		TEST(rule_2__much_is_pushed_in_parts_deletions_last),
		TEST(rule_2__both_halves_of_a_move_are_pushed_at_once),
		TEST(rule_3__retries_back_off_up_to_five_minutes),
		TEST(rule_3__retry_after_and_backoff_are_honoured),
		TEST(rule_3__a_wish_for_calm_on_a_good_answer_counts),
		TEST(rule_3__retries_survive_a_restart),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
