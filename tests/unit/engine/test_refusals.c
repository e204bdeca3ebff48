/* The rules of the client engine (merge.md), 4 and 5: what the server refuses is merged, or set apart. */
#include "two_devices.h"

#include <stdio.h>

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
	struct sl_quarantined refused;
	size_t cursor = 0;
	assert_int_equal(sl_engine_next_quarantined(a.engine, &cursor, &refused), 1);
	assert_true(strlen(refused.reason) > 5);
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

/* Else others would have neither until the moved one can go, and nobody if the device is lost. */
static void rule_5__what_is_put_in_the_place_that_a_refused_row_left_waits_for_it(void **state)
{
	(void)state;
	char text[900];
	begin_with_shot();
	server.row_bytes = 170;
	snprintf(text, sizeof(text), "the lamp over the pier goes out and somebody laughs in the dark, and nobody looks round");
	host_shot(&a, 1, "t", text);
	host_settle(&a);
	expect_in_sync(&a);
	snprintf(text, sizeof(text), "{'shots':[{'episodeId':1,'id':'u','description':'the lamp over the pier goes out and somebody laughs in"
		" the dark, and nobody looks round','note':'%060d'},{'episodeId':1,'id':'t','description':'a car arrives'}]}", 0);
	host_edit(&a, text);
	host_settle(&a);
	assert_int_equal(host_pending(&a), 2);
	assert_int_equal(sl_engine_status(a.engine)->quarantined, 1);
	host_edit(&a, "{'shots':[{'episodeId':1,'id':'u','description':'the lamp over the pier goes out and somebody laughs in"
		" the dark, and nobody looks round','note':''}]}");
	host_settle(&a);
	expect_in_sync(&a);
	expect_shot(&a, 1, "t", "a car arrives");
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

/* For others it would be gone until somebody mends it. */
static void rule_5__what_moved_stays_where_it_was_while_its_new_place_is_refused(void **state)
{
	(void)state;
	char text[9] = "", moved[300];
	begin_with("{'episodes':[{'id':1},{'id':2}],'shots':[{'episodeId':1,'id':'s','description':'a door, and rain behind it, at night'}]}");
	server.row_bytes = 65;
	memset(text, 'x', 8);
	snprintf(moved, sizeof(moved), "{'shots':[{'episodeId':2,'id':'s','description':'a door, and rain behind it, at night','dialogue':'%s'}],"
		"'deleted':{'shots':[{'episodeId':1,'shotId':'s'}]}}", text);
	host_edit(&a, moved);
	host_settle(&a);
	assert_int_equal(host_word(&a), SL_STATUS_ERROR);
	assert_int_equal(sl_engine_status(a.engine)->quarantined, 1);
	assert_int_equal(sl_engine_status(a.engine)->pending, 2);
	sync(&b);
	expect_shot(&b, 1, "s", "a door, and rain behind it, at night");
	host_restart(&a);
	host_settle(&a);
	sync(&b);
	expect_shot(&b, 1, "s", "a door, and rain behind it, at night");
	host_shot(&a, 2, "s", "a door, and rain behind it");
	host_settle(&a);
	expect_in_sync(&a);
	sync(&b);
	expect_in_sync(&b);
	expect_shot(&b, 2, "s", "a door, and rain behind it");
	assert_string_equal(host_data(&b, SL_SHOTS, 1, "s"), "");
}

/* It took the place of another one, which the server still has. */
static void rule_5__also_where_something_else_was(void **state)
{
	(void)state;
	begin_with("{'episodes':[{'id':1},{'id':2}],'shots':[{'episodeId':1,'id':'s','description':'a door, and rain behind it, at night'},"
		"{'episodeId':2,'id':'t','description':'nothing like it'}]}");
	server.row_bytes = 65;
	host_edit(&a, "{'shots':[{'episodeId':2,'id':'t','description':'a door, and rain behind it, at night','dialogue':'xxxxxxxx'}],"
		"'deleted':{'shots':[{'episodeId':1,'shotId':'s'}]}}");
	host_settle(&a);
	assert_int_equal(sl_engine_status(a.engine)->quarantined, 1);
	sync(&b);
	expect_shot(&b, 1, "s", "a door, and rain behind it, at night");
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
	const struct CMUnitTest tests[] = {
		TEST(rule_4__a_conflict_is_merged_and_the_rest_pushed),
		TEST(rule_4__one_round_for_a_state_of_the_server),
		TEST(rule_4__without_changes_the_whole_state_is_pulled),
		TEST(rule_5__refused_rows_are_quarantined_and_the_rest_flows),
		TEST(rule_5__what_moved_stays_where_it_was_while_its_new_place_is_refused),
		TEST(rule_5__also_where_something_else_was),
		TEST(rule_5__a_refused_episode_holds_only_its_own_rows),
		TEST(rule_5__what_is_put_in_the_place_that_a_refused_row_left_waits_for_it),
		TEST(rule_5__what_is_too_large_at_once_is_halved),
		TEST(rule_5__a_used_id_is_replaced),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
