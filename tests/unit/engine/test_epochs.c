/* Servers that fell back, and answers that leave others' changes out: what a device learns of a server's history, and how it keeps
 * what that history lost. Rules: merge.md "Client engine" 7 and 8. */
#include "two_devices.h"

#include <stdio.h>

static int begin_story(void **state)
{
	set_up(state);
	server.epoch = "first";
	begin_with("{'episodes':[{'id':1}],'shots':[{'episodeId':1,'id':'s','description':'A door.'}]}");
	return 0;
}

static const struct sl_engine_counts *counts(const struct host *host)
{
	return sl_engine_counts(host->engine);
}

/* The server falls back behind an edit of a's that b has taken in, and has newer versions than both by then. */
static void fall_back_and_go_on(const char *epoch)
{
	struct host c;
	size_t saved = sync_server_save(&server);
	host_shot(&a, 1, "s", "A red door.");
	host_settle(&a);
	sync(&b);
	sync_server_restore(&server, saved);
	server.epoch = epoch;
	server.now_ms += 1000000;
	host_open(&c, &server, 3);
	host_settle(&c);
	host_shot(&c, 1, "t", "A key.");
	host_settle(&c);
	host_close(&c);
}

/* --- what is told of an epoch -------------------------------------------------------------------------------------- */

static void epoch__is_learned_from_the_push_that_creates(void **state)
{
	(void)state;
	assert_int_equal(counts(&a)->pushes, 1);
	host_shot(&a, 1, "t", "A key.");
	host_wait(&a, 1500);
	assert_string_equal(a.method, "PUT");
	assert_true(host_body_has(&a, "'epoch':'first'"));
	host_settle(&a);
}

static void epoch__is_not_known_of_an_empty_server(void **state)
{
	struct host c;
	(void)state;
	tear_down(NULL);
	set_up(NULL);
	host_open(&c, &server, 3);
	host_settle(&c);
	host_edit(&c, "{'episodes':[{'id':1}]}");
	host_wait(&c, 1500);
	assert_string_equal(c.method, "PUT");
	assert_false(host_body_has(&c, "'epoch'"));
	host_settle(&c);
	expect_in_sync(&c);
	host_close(&c);
}

/* --- another one --------------------------------------------------------------------------------------------------- */

static void epoch__another_one_stops_a_push(void **state)
{
	(void)state;
	fall_back_and_go_on("second");
	/* To the server the shot has not changed since b's version: by versions alone it would take this. */
	size_t committed = server.committed;
	host_shot(&b, 1, "s", "A red door, ajar.");
	host_wait(&b, 1500);
	assert_string_equal(b.method, "PUT");
	host_exchange(&b, false);
	assert_int_equal(server.committed, committed);
	assert_non_null(strstr(b.path, "/project?since=0&known="));
	host_settle(&b);
	expect_in_sync(&b);
	expect_shot(&b, 1, "t", "A key.");
	sync(&a);
	expect_in_sync(&a);
}

static void epoch__another_one_in_a_pull_asks_for_all(void **state)
{
	(void)state;
	fall_back_and_go_on("second");
	host_simple(&a, SL_EVENT_SYNC_NOW);
	host_exchange(&a, false);
	assert_non_null(strstr(a.path, "/project?since=0&known="));
	host_settle(&a);
	expect_in_sync(&a);
	assert_int_equal(counts(&a)->digest_mismatches, 0);
}

static void epoch__what_the_server_lost_is_kept_though_the_row_changed_there(void **state)
{
	(void)state;
	size_t saved = sync_server_save(&server);
	host_shot(&a, 1, "s", "A door. Nobody answers.");
	host_settle(&a);
	sync_server_restore(&server, saved);
	server.epoch = "second";
	server.now_ms += 1000000;
	host_shot(&b, 1, "s", "A blue door.");
	host_settle(&b);
	sync(&a);
	expect_in_sync(&a);
	/* Each holds words that the other has not, at different places. */
	expect_shot(&a, 1, "s", "A blue door. Nobody answers.");
	assert_int_equal(a.opened, 0);
}

static void epoch__a_crash_before_the_whole_state_forgets_nothing(void **state)
{
	(void)state;
	fall_back_and_go_on("second");
	host_simple(&a, SL_EVENT_SYNC_NOW);
	host_exchange(&a, false);
	host_restart(&a);
	host_settle(&a);
	expect_in_sync(&a);
	expect_shot(&a, 1, "t", "A key.");
	assert_true(a.opened == 1 || strcmp(host_data(&a, SL_SHOTS, 1, "s"), "{\"description\":\"A red door.\"}") == 0);
}

static void epoch__an_operation_that_the_backup_still_knows_applies_once(void **state)
{
	(void)state;
	host_shot(&a, 1, "t", "A key.");
	host_wait(&a, 1500);
	assert_string_equal(a.method, "PUT");
	host_exchange(&a, true); /* committed, and the answer is lost */
	size_t committed = server.committed;
	server.epoch = "second";
	host_settle(&a);
	expect_in_sync(&a);
	assert_int_equal(server.committed, committed);
	expect_shot(&a, 1, "t", "A key.");
}

static void epoch__a_server_that_forgot_our_pulls_may_have_fallen_back(void **state)
{
	(void)state;
	size_t saved = sync_server_save(&server);
	host_shot(&a, 1, "s", "A door. Nobody answers.");
	host_settle(&a);
	sync_server_restore(&server, saved);
	server.pulled[1] = false;
	server.now_ms += 1000000;
	host_shot(&b, 1, "s", "A blue door.");
	host_settle(&b);
	/* Changes since a's version look sound: only the gate tells. */
	host_shot(&a, 1, "t", "A key.");
	host_wait(&a, 1500);
	assert_string_equal(a.method, "PUT");
	host_exchange(&a, false);
	assert_non_null(strstr(a.path, "/project?since=0&known="));
	host_settle(&a);
	expect_in_sync(&a);
	assert_int_equal(counts(&a)->digest_mismatches, 0);
	expect_shot(&a, 1, "s", "A blue door. Nobody answers.");
}

/* --- changes that don't add up ------------------------------------------------------------------------------------- */

/* Answers a's pull with changes that lack what b did. */
static void answer_with_damage(void)
{
	char answer[256], path[64];
	int64_t version = sl_engine_status(a.engine)->version;
	snprintf(path, sizeof(path), "/project?since=%lld", (long long)version);
	assert_string_equal(a.path, path);
	snprintf(answer, sizeof(answer), "{'since':%lld,'updatedAt':%lld,'digest':'%032d','epoch':'first','changes':{}}",
		(long long)version, (long long)sync_server_store(&server)->head.version, 7);
	host_answer(&a, 200, answer);
}

static void repair__begins_with_the_same_changes_once_more(void **state)
{
	(void)state;
	host_edit(&b, "{'shots':[{'episodeId':1,'id':'t'}],'deleted':{'shots':[{'episodeId':1,'shotId':'s'}]}}");
	host_settle(&b);
	host_simple(&a, SL_EVENT_SYNC_NOW);
	answer_with_damage();
	expect_shot(&a, 1, "s", "A door.");
	host_settle(&a);
	expect_in_sync(&a);
	expect_shot(&a, 1, "s", NULL);
	assert_int_equal(counts(&a)->digest_mismatches, 1);
	assert_int_equal(a.opened, 0);
}

static void repair__brings_nothing_back_that_was_deleted_meanwhile(void **state)
{
	(void)state;
	host_shot(&b, 1, "t", "A key.");
	host_settle(&b);
	host_simple(&a, SL_EVENT_SYNC_NOW);
	answer_with_damage();
	answer_with_damage();
	assert_non_null(strstr(a.path, "/project?since=0&known="));
	host_edit(&b, "{'deleted':{'shots':[{'episodeId':1,'shotId':'s'}]}}");
	host_settle(&b);
	host_exchange(&a, false); /* all rows, of a later version than the changes */
	host_settle(&a);
	expect_in_sync(&a);
	expect_shot(&a, 1, "s", NULL);
	expect_shot(&a, 1, "t", "A key.");
}

static void repair__ends_even_if_the_server_is_never_at_rest(void **state)
{
	char id[16];
	(void)state;
	host_shot(&b, 1, "t", "A key.");
	host_settle(&b);
	host_simple(&a, SL_EVENT_SYNC_NOW);
	for (int i = 0; i < 40 && sl_engine_base(a.engine) && a.has_request; i++) {
		if (!strstr(a.path, "/project?since=0&")) {
			answer_with_damage();
			continue;
		}
		snprintf(id, sizeof(id), "n%d", i);
		host_shot(&b, 1, id, "more");
		host_settle(&b);
		host_exchange(&a, false);
	}
	assert_false(a.has_request);
	expect_in_sync(&a);
}

/* --- what is known of a doubtful row ------------------------------------------------------------------------------- */

static void doubt__a_field_that_is_as_it_was_keeps_my_edit(void **state)
{
	(void)state;
	fall_back_and_go_on("second");
	host_edit(&a, "{'shots':[{'episodeId':1,'id':'s','description':'A red door.','duration':'3s'}]}");
	host_settle(&a);
	expect_in_sync(&a);
	assert_non_null(strstr(host_data(&a, SL_SHOTS, 1, "s"), "\"duration\":\"3s\""));
}

static void doubt__counters_are_not_counted_twice(void **state)
{
	(void)state;
	host_edit(&a, "{'meta':{'contextUsage':{'promptTokens':5,'responseTokens':0,'totalTokens':5}}}");
	host_settle(&a);
	size_t saved = sync_server_save(&server);
	host_edit(&a, "{'meta':{'contextUsage':{'promptTokens':7,'responseTokens':0,'totalTokens':7}}}");
	host_settle(&a);
	sync_server_restore(&server, saved);
	server.epoch = "second";
	host_edit(&a, "{'meta':{'contextUsage':{'promptTokens':8,'responseTokens':1,'totalTokens':8}}}");
	host_settle(&a);
	expect_in_sync(&a);
	assert_string_equal(host_data(&a, SL_META, 0, "contextUsage"),
		"{\"promptTokens\":8,\"responseTokens\":1,\"totalTokens\":8}");
}

/* --- answers that leave changes out -------------------------------------------------------------------------------- */

static void replays__without_changes_are_followed_by_a_pull(void **state)
{
	(void)state;
	server.brief_replays = true;
	sync(&b);
	host_shot(&b, 1, "s", "A red door.");
	host_settle(&b);
	host_shot(&a, 1, "t", "A key.");
	host_wait(&a, 1500);
	assert_string_equal(a.method, "PUT");
	host_exchange(&a, true);
	int64_t version = sl_engine_status(a.engine)->version;
	char path[64];
	snprintf(path, sizeof(path), "/project?since=%lld", (long long)version);
	host_wait(&a, 300000);
	assert_string_equal(a.method, "PUT");
	host_exchange(&a, false);
	assert_string_equal(a.path, path);
	host_settle(&a);
	expect_in_sync(&a);
	expect_shot(&a, 1, "s", "A red door.");
	assert_int_equal(counts(&a)->digest_mismatches, 0);
	assert_int_equal(a.opened, 0);
}

/* A server that says to hold what was pushed, but under another digest each time, must not be asked at once for ever. */
static void pushes__that_change_nothing_and_leave_work_wait(void **state)
{
	char answer[256], digest[SL_DIGEST_HEX], body[512];
	(void)state;
	host_shot(&a, 1, "s", "new");
	host_wait(&a, 1500);
	assert_string_equal(a.method, "PUT");
	host_edit(&a, "{'shots':[{'episodeId':1,'id':'s','description':'newer'}]}");
	/* As if the first edit had been there already. */
	struct sl_digest sum = sl_engine_digest(a.engine);
	struct sl_row before = *sl_rowset_find(sl_engine_base(a.engine), &(struct sl_key){ SL_SHOTS, 1, SL_STR("s") });
	sl_digest_subtract(&sum, &before);
	before.data = SL_STR("{\"description\":\"new\"}");
	sl_digest_add(&sum, &before);
	sl_digest_format(sum, digest);
	snprintf(body, sizeof(body), "%.*s", (int)a.body.length, a.body.bytes);
	snprintf(answer, sizeof(answer), "{'ok':true,'updatedAt':%lld,'digest':'%s','opId':'%.*s'}",
		(long long)sl_engine_status(a.engine)->version, digest, 34, strstr(body, "\"opId\":\"") + 8);
	size_t sends = a.sends;
	host_answer(&a, 200, answer);
	assert_int_equal(counts(&a)->pushes, 2);
	assert_int_equal(a.sends, sends);
	assert_int_equal(host_pending(&a), 1);
	host_wait(&a, 4000);
	assert_int_equal(a.sends, sends + 1);
	host_settle(&a);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, begin_story, tear_down)
	const struct CMUnitTest tests[] = {
		TEST(epoch__is_learned_from_the_push_that_creates),
		TEST(epoch__is_not_known_of_an_empty_server),
		TEST(epoch__another_one_stops_a_push),
		TEST(epoch__another_one_in_a_pull_asks_for_all),
		TEST(epoch__what_the_server_lost_is_kept_though_the_row_changed_there),
		TEST(epoch__a_crash_before_the_whole_state_forgets_nothing),
		TEST(epoch__an_operation_that_the_backup_still_knows_applies_once),
		TEST(epoch__a_server_that_forgot_our_pulls_may_have_fallen_back),
		TEST(repair__begins_with_the_same_changes_once_more),
		TEST(repair__brings_nothing_back_that_was_deleted_meanwhile),
		TEST(repair__ends_even_if_the_server_is_never_at_rest),
		TEST(doubt__a_field_that_is_as_it_was_keeps_my_edit),
		TEST(doubt__counters_are_not_counted_twice),
		TEST(replays__without_changes_are_followed_by_a_pull),
		TEST(pushes__that_change_nothing_and_leave_work_wait),
	};
	return cmocka_run_group_tests_name("engine_epochs", tests, NULL, NULL);
}
