/* What the server says besides rows: limits, roles, versions of the schema, gates; and operations whose outcome nobody knows. */
#include "two_devices.h"

#include <stdio.h>

static const struct sl_status *status_of(const struct host *host)
{
	return sl_engine_status(host->engine);
}

static void restart_with_name(struct host *host)
{
	host->config.device = "laptop";
	host_restart(host);
}

/* Answers the handshake that comes before the next push. */
static void answer_handshake(int status, const char *body)
{
	for (int i = 0; i < 700 && !(a.has_request && strcmp(a.path, "/sync") == 0); i++) {
		if (a.has_request)
			host_exchange(&a, false);
		else
			host_wait(&a, 10000);
	}
	assert_string_equal(a.path, "/sync");
	assert_string_equal(a.method, "POST");
	host_answer(&a, status, body);
}

/* --- limits -------------------------------------------------------------------------------------------------------- */

/* 300 shots of a thousand bytes. */
static void add_many(struct host *host)
{
	struct sl_buf text;
	char shot[1200];
	sl_buf_init(&text, SIZE_MAX);
	sl_buf_add_text(&text, "{'episodes':[{'id':1}],'shots':[");
	for (int i = 0; i < 300; i++) {
		snprintf(shot, sizeof(shot), "%s{'episodeId':1,'id':'%d','description':'%01000d'}", i ? "," : "", i, i);
		sl_buf_add_text(&text, shot);
	}
	sl_buf_add(&text, "]}", 3);
	host->unchecked = true;
	host_edit(host, text.bytes);
	host->unchecked = false;
	sl_buf_dispose(&text);
}

/* Returns how many pushes were refused on the way. */
static size_t push_all(struct host *host)
{
	size_t refused = 0;
	for (int i = 0; i < 400 && (host_pending(host) || host->has_request); i++) {
		if (!host->has_request) {
			host_wait(host, 1000);
			continue;
		}
		refused += host->body.length > server.request_bytes;
		host_exchange(host, false);
	}
	expect_in_sync(host);
	return refused;
}

static void case_19__a_limit_once_learned_stays(void **state)
{
	(void)state;
	server.request_bytes = 40000;
	host_settle(&a);
	add_many(&a);
	assert_int_equal(push_all(&a), 1);
	host_restart(&a);
	host_settle(&a);
	host_edit(&a, "{'deleted':{'episodes':[1]},'characters':[{'id':'c','name':'C'}]}");
	host_settle(&a);
	add_many(&a);
	assert_int_equal(push_all(&a), 0);
}

static void case_19__a_limit_that_the_handshake_tells_is_kept_from_the_first_push(void **state)
{
	(void)state;
	server.request_bytes = 40000;
	restart_with_name(&a);
	host_simple(&a, SL_EVENT_ONLINE);
	a.signed_in = true;
	answer_handshake(200, "{'limits':{'requestBytes':40000}}");
	add_many(&a);
	assert_int_equal(push_all(&a), 0);
}

static void status__tells_how_far_a_long_push_has_come(void **state)
{
	(void)state;
	server.request_bytes = 40000;
	host_settle(&a);
	add_many(&a);
	assert_int_equal(status_of(&a)->total, 301);
	assert_int_equal(status_of(&a)->done, 0);
	for (int i = 0; i < 6; i++) {
		if (a.has_request)
			host_exchange(&a, false);
		else
			host_wait(&a, 1000);
	}
	assert_int_equal(status_of(&a)->total, 301);
	assert_true(status_of(&a)->done > 30 && status_of(&a)->done < 301);
	push_all(&a);
	assert_int_equal(status_of(&a)->total, 0);
}

/* --- gates and rounds ---------------------------------------------------------------------------------------------- */

static void case_27__a_gate_that_stays_shut_is_an_error_with_its_reason(void **state)
{
	(void)state;
	begin_with_shot();
	host_shot(&a, 1, "s", "new");
	for (int i = 0; i < 24; i++) {
		if (!a.has_request)
			host_wait(&a, 310000);
		if (a.has_request && strcmp(a.method, "GET") == 0)
			host_exchange(&a, false);
		else if (a.has_request)
			host_answer(&a, 428, "{'error':'pull_required','detail':'pull first','traceId':'4bf92f35'}");
	}
	for (int i = 0; i < 3 && a.has_request; i++)
		if (strcmp(a.method, "GET") == 0)
			host_exchange(&a, false);
		else
			host_answer(&a, 428, "{'error':'pull_required','detail':'pull first','traceId':'4bf92f35'}");
	assert_int_equal(host_word(&a), SL_STATUS_ERROR);
	assert_string_equal(status_of(&a)->error, "pull_required");
	assert_string_equal(status_of(&a)->detail, "pull first");
	host_wait(&a, 310000);
	for (int i = 0; i < 10 && host_pending(&a); i++) {
		host_wait(&a, 310000);
		host_settle(&a);
	}
	expect_in_sync(&a);
	assert_int_equal(host_word(&a), SL_STATUS_SYNCED);
}

static void status__tells_when_the_next_try_is(void **state)
{
	(void)state;
	begin_with_shot();
	host_shot(&a, 1, "s", "new");
	host_wait(&a, 1500);
	host_answer_with(&a, 503, "{'error':'unavailable','traceId':'4bf92f35'}", "77", NULL);
	assert_int_equal(status_of(&a)->next_try_ms, a.now_ms + 77000);
	assert_string_equal(status_of(&a)->trace_id, "4bf92f35");
	host_wait(&a, 77000);
	host_settle(&a);
	assert_int_equal(status_of(&a)->next_try_ms, 0);
	assert_string_equal(status_of(&a)->trace_id, "");
}

/* A push with a counter is committed, and its answer is lost. */
static void lose_an_answer(void)
{
	begin_with("{'meta':{'contextUsage':{'promptTokens':5,'responseTokens':0,'totalTokens':5}},'episodes':[{'id':1}]}");
	host_edit(&a, "{'meta':{'contextUsage':{'promptTokens':7,'responseTokens':0,'totalTokens':7}}}");
	host_wait(&a, 1500);
	assert_string_equal(a.method, "PUT");
	host_exchange(&a, true);
}

static void expect_counted_once(void)
{
	host_settle(&a);
	for (int i = 0; i < 4 && host_pending(&a); i++) {
		host_wait(&a, 3700000);
		host_settle(&a);
	}
	expect_in_sync(&a);
	assert_string_equal(host_data(&a, SL_META, 0, "contextUsage"),
		"{\"promptTokens\":7,\"responseTokens\":0,\"totalTokens\":7}");
	assert_int_equal(sl_engine_counts(a.engine)->replays, 1);
	assert_int_equal(server.committed, 2);
}

static void case_92__a_gate_drops_no_operation_of_unknown_outcome(void **state)
{
	(void)state;
	lose_an_answer();
	host_wait(&a, 5000);
	assert_string_equal(a.method, "PUT");
	host_answer(&a, 428, "{'error':'pull_required'}");
	assert_string_equal(a.method, "GET");
	expect_counted_once();
}

static void case_92__nor_does_a_gate_after_a_restart(void **state)
{
	(void)state;
	lose_an_answer();
	host_restart(&a);
	host_wait(&a, 5000);
	if (!a.has_request)
		host_wait(&a, 5000);
	assert_string_equal(a.method, "PUT");
	host_answer(&a, 428, "{'error':'pull_required'}");
	expect_counted_once();
}

static void case_92__nor_any_other_refusal(void **state)
{
	static const struct { int status; const char *body; } refusals[] = { { 401, "{'error':'unauthenticated'}" },
		{ 403, "{'error':'forbidden'}" }, { 404, "{'error':'not_found'}" }, { 410, "{'error':'project_deleted'}" } };
	(void)state;
	for (size_t i = 0; i < LENGTH(refusals); i++) {
		tear_down(NULL);
		set_up(NULL);
		lose_an_answer();
		host_wait(&a, 5000);
		assert_string_equal(a.method, "PUT");
		host_answer(&a, refusals[i].status, refusals[i].body);
		assert_int_equal(host_word(&a), SL_STATUS_ERROR);
		assert_int_equal(host_pending(&a), 1);
		host_simple(&a, SL_EVENT_SIGN_IN);
		assert_string_equal(a.method, "PUT");
		expect_counted_once();
	}
}

/* --- who may write ------------------------------------------------------------------------------------------------- */

static void expect_barred(int status, const char *body, const char *error)
{
	begin_with_shot();
	host_shot(&a, 1, "s", "typed by a reader");
	host_wait(&a, 1500);
	host_answer(&a, status, body);
	assert_int_equal(host_word(&a), SL_STATUS_ERROR);
	assert_string_equal(status_of(&a)->error, error);
	assert_true(status_of(&a)->read_only);
	/* Pulls go on, and nothing is lost. */
	host_shot(&b, 1, "t", "by a writer");
	host_settle(&b);
	host_simple(&a, SL_EVENT_HINT);
	host_exchange(&a, false);
	expect_shot(&a, 1, "t", "by a writer");
	expect_shot(&a, 1, "s", "typed by a reader");
	host_wait(&a, 20000);
	assert_false(a.has_request);
	/* It is tried again some time. */
	host_wait(&a, 3600000);
	host_settle(&a);
	expect_in_sync(&a);
	assert_false(status_of(&a)->read_only);
}

static void barred__a_reader_keeps_what_is_typed_and_pulls_on(void **state)
{
	(void)state;
	expect_barred(403, "{'error':'read_only'}", "read_only");
}

static void barred__an_old_app_says_update_and_pulls_on(void **state)
{
	(void)state;
	expect_barred(426, "{'error':'upgrade_required'}", "upgrade_required");
}

static void handshake__comes_before_the_first_push_and_tells_of_the_schema(void **state)
{
	(void)state;
	restart_with_name(&a);
	host_simple(&a, SL_EVENT_ONLINE);
	answer_handshake(200, "{'minSchemaVersion':9999}");
	host_edit(&a, "{'episodes':[{'id':1}]}");
	host_wait(&a, 20000);
	assert_false(a.has_request && strcmp(a.method, "PUT") == 0);
	assert_string_equal(status_of(&a)->error, "upgrade_required");
	answer_handshake(200, "{'minSchemaVersion':1}"); /* an hour later */
	a.signed_in = true;
	for (int i = 0; i < 5 && host_pending(&a); i++) {
		if (a.has_request)
			host_exchange(&a, false);
		host_wait(&a, 2000);
	}
	expect_in_sync(&a);
}

static void handshake__a_server_without_one_is_synced_with_all_the_same(void **state)
{
	(void)state;
	restart_with_name(&a);
	host_edit(&a, "{'episodes':[{'id':1}]}");
	host_settle(&a);
	expect_in_sync(&a);
	assert_int_equal(sl_engine_counts(a.engine)->retries, 0);
}

static void handshake__that_fails_holds_nothing_up(void **state)
{
	(void)state;
	restart_with_name(&a);
	host_simple(&a, SL_EVENT_ONLINE);
	a.signed_in = true;
	host_exchange(&a, false);
	assert_string_equal(a.path, "/sync");
	assert_true(host_body_has(&a, "'deviceId':'laptop'"));
	host_fail(&a);
	host_edit(&a, "{'episodes':[{'id':1}]}");
	host_settle(&a);
	expect_in_sync(&a);
}

static void handshake__an_account_outside_the_rollout_is_told(void **state)
{
	(void)state;
	restart_with_name(&a);
	host_simple(&a, SL_EVENT_ONLINE);
	answer_handshake(200, "{'rollout':{'enabled':false,'percent':10}}");
	assert_int_equal(host_word(&a), SL_STATUS_DISABLED);
}

/* --- restoring ----------------------------------------------------------------------------------------------------- */

static void restore__a_preview_changes_nothing(void **state)
{
	(void)state;
	begin_with_shot();
	struct sl_event event = { .type = SL_EVENT_RESTORE, .restore = { 7, true } };
	assert_int_equal(host_event(&a, event), SL_OK);
	assert_string_equal(a.path, "/project/restore");
	assert_true(host_body_has(&a, "'preview':true"));
	host_answer(&a, 200, "{'preview':true,'delta':{'shots':[{'episodeId':1,'id':'s','rank':'V','description':'earlier'}]}}");
	assert_int_equal(a.results, 1);
	assert_int_equal(a.last_result, SL_OK);
	expect_shot(&a, 1, "s", "old");
	assert_int_equal(host_event(&a, event), SL_OK);
	host_answer(&a, 404, "{'error':'no_snapshot'}");
	assert_int_equal(a.last_result, SL_NO_SNAPSHOT);
	host_settle(&a);
	expect_in_sync(&a);
}

static void restore__tells_how_it_ended(void **state)
{
	(void)state;
	begin_with_shot();
	int64_t version = status_of(&a)->version;
	host_shot(&a, 1, "s", "newer");
	host_settle(&a);
	assert_int_equal(host_event(&a, (struct sl_event){ .type = SL_EVENT_RESTORE, .restore = { .version = version } }), SL_OK);
	host_settle(&a);
	assert_int_equal(a.results, 1);
	assert_int_equal(a.last_result, SL_OK);
	assert_int_equal(host_event(&a, (struct sl_event){ .type = SL_EVENT_RESTORE, .restore = { .version = 1 } }), SL_OK);
	host_settle(&a);
	assert_int_equal(a.results, 2);
	assert_int_equal(a.last_result, SL_NO_SNAPSHOT);
}

/* --- configuration ------------------------------------------------------------------------------------------------- */

static void config__of_another_size_or_with_bad_texts_is_refused(void **state)
{
	struct sl_engine *engine;
	struct sl_engine_config config = { .size = sizeof(config) - 8 };
	(void)state;
	assert_int_equal(sl_engine_new(&config, &engine, NULL), SL_INVALID);
	assert_null(engine);
	config = (struct sl_engine_config){ .size = sizeof(config), .path = "project" };
	assert_int_equal(sl_engine_new(&config, &engine, NULL), SL_INVALID);
	config = (struct sl_engine_config){ .size = sizeof(config), .device = "two words" };
	assert_int_equal(sl_engine_new(&config, &engine, NULL), SL_INVALID);
	config = (struct sl_engine_config){ .size = sizeof(config), .follower = "" };
	assert_int_equal(sl_engine_new(&config, &engine, NULL), SL_INVALID);
}

static void config__names_the_project(void **state)
{
	(void)state;
	a.config.path = "/projects/abc";
	host_restart(&a);
	host_simple(&a, SL_EVENT_ONLINE);
	assert_string_equal(a.path, "/projects/abc?since=0");
}

static void ids__are_22_characters_of_the_random_bytes(void **state)
{
	unsigned char random[16] = { 0 };
	char zero[SL_NEW_ID_BYTES], other[SL_NEW_ID_BYTES];
	(void)state;
	sl_engine_new_id(random, zero);
	assert_string_equal(zero, "0000000000000000000000");
	memset(random, 0xff, sizeof(random));
	sl_engine_new_id(random, other);
	assert_int_equal(strlen(other), 22);
	assert_string_not_equal(zero, other);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
	const struct CMUnitTest tests[] = {
		TEST(case_19__a_limit_once_learned_stays),
		TEST(case_19__a_limit_that_the_handshake_tells_is_kept_from_the_first_push),
		TEST(status__tells_how_far_a_long_push_has_come),
		TEST(case_27__a_gate_that_stays_shut_is_an_error_with_its_reason),
		TEST(status__tells_when_the_next_try_is),
		TEST(case_92__a_gate_drops_no_operation_of_unknown_outcome),
		TEST(case_92__nor_does_a_gate_after_a_restart),
		TEST(case_92__nor_any_other_refusal),
		TEST(barred__a_reader_keeps_what_is_typed_and_pulls_on),
		TEST(barred__an_old_app_says_update_and_pulls_on),
		TEST(handshake__comes_before_the_first_push_and_tells_of_the_schema),
		TEST(handshake__a_server_without_one_is_synced_with_all_the_same),
		TEST(handshake__that_fails_holds_nothing_up),
		TEST(handshake__an_account_outside_the_rollout_is_told),
		TEST(restore__a_preview_changes_nothing),
		TEST(restore__tells_how_it_ended),
		TEST(config__of_another_size_or_with_bad_texts_is_refused),
		TEST(config__names_the_project),
		TEST(ids__are_22_characters_of_the_random_bytes),
	};
	return cmocka_run_group_tests_name("engine_server_says", tests, NULL, NULL);
}
