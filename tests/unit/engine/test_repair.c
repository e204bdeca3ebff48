/* The rules of the client engine (merge.md), 6 to 8: what was replaced or lost, here or on the server, comes back. */
#include "two_devices.h"

#include <stdio.h>

/* --- 6: the journal ---------------------------------------------------------------------------------------------------- */

static void rule_6__an_entry_before_rows_are_replaced_or_removed(void **state)
{
	(void)state;
	begin_with_shot();
	host_shot(&b, 1, "t", "added");
	host_settle(&b);
	sync(&a);
	host_edit(&b, "{'deleted':{'shots':[{'episodeId':1,'shotId':'s'}]}}");
	host_settle(&b);
	sync(&a);
	expect_shot(&a, 1, "s", NULL);
	host_undo(&a, a.last_entry, 0);
	expect_shot(&a, 1, "s", "old");
	expect_shot(&a, 1, "t", "added");
	host_settle(&a);
	expect_in_sync(&a);
}

/* Cases 9 and 10: however much comes behind it. */
static void case_10__no_entry_is_pushed_out_by_others(void **state)
{
	(void)state;
	begin_with_shot();
	host_edit(&b, "{'episodes':[{'id':2}],'deleted':{'episodes':[1]}}");
	host_settle(&b);
	sync(&a);
	int64_t deletion = a.last_entry;
	for (int i = 0; i < 300; i++) {
		char text[20];
		snprintf(text, sizeof(text), "draft %d", i);
		host_shot(&b, 2, "t", text);
		host_settle(&b);
		sync(&a);
	}
	host_undo(&a, deletion, 0);
	expect_shot(&a, 1, "s", "old");
	expect_shot(&a, 2, "t", "draft 299");
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
	assert_int_equal(sl_engine_counts(a.engine)->digest_mismatches, 2);
	sync(&c);
	expect_in_sync(&c);
	host_close(&c);
}

/* The answer to the first push was lost with the server that gave it; another device brought back what it held. */
static void rule_7__also_what_a_first_push_brought_there(void **state)
{
	(void)state;
	size_t saved = sync_server_save(&server);
	host_settle(&a);
	host_settle(&b);
	host_edit(&a, "{'episodes':[{'id':1}],'shots':[{'episodeId':1,'id':'s','description':'A man comes in.'},"
		"{'episodeId':1,'id':'t','description':'He sits down.'}]}");
	host_wait(&a, 1500);
	assert_string_equal(a.method, "PUT");
	host_exchange(&a, true);
	sync(&b);
	expect_shot(&b, 1, "s", "A man comes in.");
	host_shot(&a, 1, "s", "A woman comes in.");
	sync_server_restore(&server, saved);
	server.epoch = "second";
	host_shot(&b, 1, "t", "He sits down again.");
	host_settle(&b);
	expect_in_sync(&b);
	host_settle(&a);
	sync(&b);
	expect_in_sync(&a);
	expect_in_sync(&b);
	expect_shot(&b, 1, "s", "A woman comes in.");
	assert_int_equal(a.opened + b.opened, 0);
}

/* The deletion was taken before the server fell back to the row. */
static void rule_7__what_was_deleted_stays_so(void **state)
{
	(void)state;
	begin_with_shot();
	size_t saved = sync_server_save(&server);
	host_shot(&a, 1, "s", "edited");
	host_settle(&a);
	host_edit(&a, "{'deleted':{'shots':[{'episodeId':1,'shotId':'s'}]}}");
	host_settle(&a);
	sync_server_restore(&server, saved);
	sync(&a);
	expect_in_sync(&a);
	expect_shot(&a, 1, "s", NULL);
	assert_int_equal(a.opened, 0);
	sync(&b);
	expect_in_sync(&b);
	expect_shot(&b, 1, "s", NULL);
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
	assert_int_equal(sl_engine_counts(b.engine)->digest_mismatches, 2);
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

/* However often it comes: then it is damaged every time. */
static void rule_8__a_state_without_proof_that_lacks_an_episode_is_not_taken(void **state)
{
	(void)state;
	for (int i = 0; i < 3; i++) {
		sync(&a);
		host_simple(&a, SL_EVENT_SYNC_NOW);
		assert_true(a.has_request);
		host_answer(&a, 200, "{'since':0,'updatedAt':5,'digest':'00000000000000000000000000000001','epoch':'first',"
			"'changes':{'scenes':[{'episodeId':7,'id':'sc','rank':'V','title':'One'}]}}");
		assert_string_equal(sl_engine_status(a.engine)->error, "digest_mismatch");
		assert_int_equal(sl_rowset_count(sl_engine_rows(a.engine)), 0);
	}
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
	const struct CMUnitTest tests[] = {
		TEST(rule_6__an_entry_before_rows_are_replaced_or_removed),
		TEST(case_10__no_entry_is_pushed_out_by_others),
		TEST(rule_7__what_a_restored_server_lost_is_offered_again),
		TEST(rule_7__also_when_nobody_declared_it),
		TEST(rule_7__also_what_a_first_push_brought_there),
		TEST(rule_7__what_was_deleted_stays_so),
		TEST(rule_7__a_server_that_lost_everything_gets_everything),
		TEST(rule_8__a_mismatch_is_repaired_from_the_whole_state),
		TEST(rule_8__a_state_without_proof_that_lacks_an_episode_is_not_taken),
		TEST(rule_8__a_server_that_contradicts_itself_stops_nobody),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
