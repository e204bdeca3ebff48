/* Answers that are late, doubled, damaged or unexpected, and clocks that leap: nothing is lost, nothing loops, and with sound
 * answers again all comes right. */
#include "two_devices.h"

#include <stdio.h>
#include <stdlib.h>

static int begin(void **state)
{
	set_up(state);
	begin_with("{'episodes':[{'id':1}],'shots':[{'episodeId':1,'id':'s','description':'old'}]}");
	return 0;
}

static void begin_push(void)
{
	host_shot(&a, 1, "s", "new");
	host_wait(&a, 1500);
	assert_string_equal(a.method, "PUT");
}

static void wait_for_request(struct host *host)
{
	for (int i = 0; i < 10 && !host->has_request; i++)
		host_wait(host, host->wake_ms - host->now_ms);
	assert_true(host->has_request);
}

static void finish(void)
{
	for (int i = 0; i < 3 && host_pending(&a) + a.has_request; i++) {
		host_wait(&a, 600000);
		host_settle(&a);
	}
	host_simple(&a, SL_EVENT_SYNC_NOW);
	host_settle(&a);
	expect_in_sync(&a);
}

/* --- late and doubled ---------------------------------------------------------------------------------------------- */

static void answers__to_other_requests_are_ignored(void **state)
{
	(void)state;
	begin_push();
	int64_t request = a.request;
	host_exchange(&a, false);
	expect_in_sync(&a);
	size_t effects = a.effects;
	a.request = request;
	host_answer(&a, 200, "{'ok':true,'updatedAt':1,'digest':'00000000000000000000000000000000'}");
	host_answer(&a, 401, "");
	a.request = request + 1;
	host_answer(&a, 409, "{}");
	host_fail(&a);
	assert_int_equal(a.effects, effects);
	assert_int_equal(sl_engine_counts(a.engine)->ignored_answers, 4);
	finish();
}

static void answers__of_an_earlier_run_are_ignored(void **state)
{
	(void)state;
	begin_push();
	int64_t request = a.request;
	host_restart(&a);
	a.request = request;
	host_answer(&a, 401, "");
	assert_int_equal(sl_engine_counts(a.engine)->ignored_answers, 1);
	assert_string_not_equal(sl_engine_status(a.engine)->error, "unauthenticated");
	a.signed_in = false;
	host_simple(&a, SL_EVENT_OFFLINE);
	host_settle(&a);
	finish();
}

static void answers__about_old_credentials_are_ignored(void **state)
{
	(void)state;
	begin_push();
	int64_t request = a.request;
	host_simple(&a, SL_EVENT_SIGN_IN);
	assert_true(a.has_request && a.request != request);
	int64_t again = a.request;
	a.request = request;
	host_answer(&a, 401, "{'error':'unauthenticated'}");
	assert_string_equal(sl_engine_status(a.engine)->error, "");
	a.request = again;
	a.has_request = true;
	host_settle(&a);
	expect_in_sync(&a);
}

static void answers__that_never_come_are_waited_for_in_vain_once(void **state)
{
	(void)state;
	begin_push();
	a.has_request = false;
	host_wait(&a, 119000);
	assert_false(a.has_request);
	host_wait(&a, 4000);
	assert_true(a.has_request);
	finish();
	assert_int_equal(server.committed, 2);
}

static void answers__that_got_lost_do_not_apply_twice(void **state)
{
	(void)state;
	begin_push();
	host_exchange(&a, true);
	host_shot(&b, 1, "t", "meanwhile");
	host_settle(&b);
	host_wait(&a, 5000);
	host_exchange(&a, false);
	assert_int_equal(sl_engine_counts(a.engine)->replays, 1);
	finish();
	assert_int_equal(server.committed, 3);
	expect_shot(&a, 1, "t", "meanwhile");
}

/* --- damaged ------------------------------------------------------------------------------------------------------- */

static const char *const senseless[] = {
	"", "<html>Please sign in to this network</html>", "null", "[]", "{}", "7", "{'updatedAt':1}",
	"{'updatedAt':'1','digest':'00000000000000000000000000000000','changes':{},'since':0}",
	"{'updatedAt':-1,'digest':'00000000000000000000000000000000','changes':{},'since':0}",
	"{'updatedAt':1.5,'digest':'00000000000000000000000000000000','changes':{},'since':0}",
	"{'updatedAt':1e300,'digest':'00000000000000000000000000000000','changes':{},'since':0}",
	"{'updatedAt':99999,'digest':'xyz','changes':{}}",
	"{'updatedAt':99999,'digest':'00000000000000000000000000000000','epoch':7,'changes':{}}",
	"{'updatedAt':99999,'digest':'00000000000000000000000000000000','changes':[]}",
	"{'updatedAt':99999,'digest':'00000000000000000000000000000000','changes':{'shots':[{'id':7}]}}",
	"{'updatedAt':99999,'digest':'00000000000000000000000000000000','changes':{'episodes':[{'id':7}]}}",
	"{'updatedAt':99999,'digest':'00000000000000000000000000000000','changes':{'episodes':7}}",
	"{'updatedAt':99999,'digest':'00000000000000000000000000000000','opId':'another'}",
};

static void expect_untouched(void)
{
	expect_shot(&a, 1, "s", "new");
	assert_int_equal(host_pending(&a), 1);
	assert_int_equal(sl_engine_status(a.engine)->version, sync_server_store(&server)->head.version);
}

static void answers__that_make_no_sense_change_nothing(void **state)
{
	static const int statuses[] = { 200, 409 };
	(void)state;
	begin_push();
	for (size_t i = 0; i < LENGTH(senseless); i++)
		for (size_t j = 0; j < LENGTH(statuses); j++) {
			if (statuses[j] == 409 && strstr(senseless[i], "opId"))
				continue; /* sound: another device was faster */
			host_answer(&a, statuses[j], senseless[i]);
			expect_untouched();
			assert_false(a.has_request);
			wait_for_request(&a);
			assert_string_equal(a.method, "PUT");
		}
	finish();
}

static void answers__to_pulls_that_make_no_sense_change_nothing(void **state)
{
	(void)state;
	struct host c;
	host_open(&c, &server, 3);
	host_simple(&c, SL_EVENT_ONLINE);
	for (size_t i = 0; i < LENGTH(senseless); i++) {
		assert_string_equal(c.path, "/project?since=0");
		host_answer(&c, 200, senseless[i]);
		assert_int_equal(sl_rowset_count(sl_engine_rows(c.engine)), 0);
		assert_int_equal(sl_engine_status(c.engine)->version, 0);
		assert_int_equal(host_word(&c), SL_STATUS_ERROR);
		wait_for_request(&c);
	}
	host_settle(&c);
	expect_in_sync(&c);
	host_close(&c);
}

static void answers__of_any_status_are_survived(void **state)
{
	static const char *const bodies[] = { "", "{}", "{'error':'invalid'}", "{'error':'malformed'}", "{'error':7}",
		("{'error':'invalid','faults':[{'path':'/delta/shots/9/x'},{'path':7},7,{'path':'/delta/meta'},"
		"{'path':'/delta/deleted/shots/0'},{'path':'/delta/nothing/0'},{'path':'shots'},{'path':'/delta/shots/x'}]}") };
	(void)state;
	for (int status = 100; status < 600; status += 1) {
		const char *body = bodies[(size_t)status % LENGTH(bodies)];
		if (status == 200 || status == 409)
			continue;
		host_shot(&a, 1, "s", status % 2 ? "new" : "newer");
		host_simple(&a, SL_EVENT_SIGN_IN);
		host_wait(&a, 20000);
		if (!a.has_request)
			host_wait(&a, 3600000);
		assert_true(a.has_request);
		host_answer(&a, status, body);
		size_t sends = a.sends;
		if (status >= 300)
			assert_true(a.sends - sends <= 1);
	}
	host_simple(&a, SL_EVENT_SIGN_IN);
	host_shot(&a, 1, "s", "at last");
	finish();
	expect_shot(&a, 1, "s", "at last");
}

/* Flips, cuts and doubles bytes of sound answers. */
static void damage(struct sl_buf *body, struct dice *dice)
{
	size_t kind = dice_roll(dice, 4), at = body->length ? dice_roll(dice, body->length) : 0;
	if (!body->length)
		return;
	if (kind == 0)
		body->bytes[at] = (char)(32 + dice_roll(dice, 95));
	else if (kind == 1)
		body->length = at;
	else if (kind == 2)
		memmove(body->bytes + at, body->bytes + at / 2, body->length - at);
	else
		body->bytes[at] = (char)('0' + dice_roll(dice, 10));
}

static void answers__that_were_damaged_on_the_way_do_no_harm(void **state)
{
	struct dice dice = { 4711 };
	(void)state;
	for (int round = 0; round < 300; round++) {
		char text[40];
		snprintf(text, sizeof(text), "round %d", round);
		host_shot(&b, 1, round % 3 ? "t" : "s", text);
		host_settle(&b);
		host_shot(&a, 1, round % 5 ? "u" : "s", text);
		host_simple(&a, SL_EVENT_SYNC_NOW);
		for (int i = 0; i < 3 && a.has_request; i++) {
			struct sync_request request = { a.method, { a.path, strlen(a.path) }, sl_buf_str(&a.body) };
			struct sl_buf body;
			sl_buf_init(&body, SIZE_MAX);
			server.now_ms++;
			int status = sync_server_answer(&server, 1, &request, &body);
			damage(&body, &dice);
			struct sl_event event = { .type = SL_EVENT_ANSWER,
				.answer = { .request = a.request, .status = status, .body = sl_buf_str(&body) } };
			a.has_request = false;
			assert_int_equal(host_event(&a, event), SL_OK);
			sl_buf_dispose(&body);
		}
		if (round % 20 == 19)
			finish();
	}
	finish();
}

/* What a newer app brought, and this one does not know. */
static void case_17__unknown_words_of_the_server_are_kept_and_shown(void **state)
{
	char body[500], hex[SL_DIGEST_HEX], path[64];
	struct sl_row row = { .key = { SL_SHOTS, 1, SL_STR("n") }, .rank = SL_STR("z"),
		.data = SL_STR("{\"difficulty\":\"hard\",\"isApproved\":null,\"mood\":[\"dark\"],\"videoStatus\":\"dreaming\"}") };
	struct sl_digest digest = sl_engine_digest(a.engine);
	(void)state;
	int64_t version = sl_engine_status(a.engine)->version;
	sl_digest_add(&digest, &row);
	sl_digest_format(digest, hex);
	host_shot(&a, 1, "s", "typed");
	host_simple(&a, SL_EVENT_SYNC_NOW);
	snprintf(path, sizeof(path), "/project?since=%lld", (long long)version);
	assert_string_equal(a.path, path);
	snprintf(body, sizeof(body), "{'since':%lld,'updatedAt':%lld,'digest':'%s','changes':{'shots':[{'episodeId':1,'id':'n',"
		"'rank':'z','difficulty':'hard','isApproved':null,'mood':['dark'],'videoStatus':'dreaming'}]}}", (long long)version,
		(long long)version + 1, hex);
	host_answer(&a, 200, body);
	assert_string_equal(sl_engine_status(a.engine)->error, "");
	assert_int_equal(sl_engine_status(a.engine)->version, version + 1);
	assert_string_equal(host_data(&a, SL_SHOTS, 1, "n"), row.data.bytes);
	assert_string_equal(a.method, "PUT");
	assert_true(host_body_has(&a, "typed"));
}

/* --- clocks -------------------------------------------------------------------------------------------------------- */

static void clocks__that_leap_delay_nothing_for_long(void **state)
{
	static const int64_t leaps[] = { INT64_C(315360000000), -INT64_C(630720000000), INT64_C(315360000000), -1, 1,
		-INT64_C(9000000000000000000), INT64_C(9000000000000000000) };
	(void)state;
	for (size_t i = 0; i < LENGTH(leaps); i++) {
		char text[20];
		snprintf(text, sizeof(text), "leap %zu", i);
		host_shot(&a, 1, "s", text);
		a.now_ms += leaps[i];
		host_simple(&a, SL_EVENT_TICK);
		host_wait(&a, 10000);
		assert_true(a.has_request || host_pending(&a) == 0);
		host_settle(&a);
		expect_in_sync(&a);
	}
}

static void clocks__that_go_back_cut_no_wait_short(void **state)
{
	(void)state;
	begin_push();
	host_answer_with(&a, 503, "", "1000", NULL);
	a.now_ms -= INT64_C(157680000000);
	host_simple(&a, SL_EVENT_TICK);
	host_wait(&a, 999000);
	assert_false(a.has_request);
	host_wait(&a, 1000);
	assert_true(a.has_request);
}

static void clocks__decide_nothing(void **state)
{
	static const int64_t skews[] = { 0, INT64_C(315360000000), -INT64_C(315360000000) };
	char bodies[LENGTH(skews)][4000];
	(void)state;
	for (size_t i = 0; i < LENGTH(skews); i++) {
		tear_down(NULL);
		assert_int_equal(sync_server_init(&server), 0);
		host_open(&a, &server, 1);
		host_open(&b, &server, 2);
		a.now_ms += skews[i];
		b.now_ms -= skews[i];
		host_edit(&a, "{'episodes':[{'id':1}],'shots':[{'episodeId':1,'id':'s','description':'old'}]}");
		host_settle(&a);
		host_settle(&b);
		host_shot(&b, 1, "s", "theirs");
		host_settle(&b);
		host_shot(&a, 1, "s", "mine");
		host_settle(&a);
		expect_shot(&a, 1, "s", "theirs");
		struct sl_arena arena;
		struct sl_buf out;
		struct sl_err err = SL_ERR_INIT;
		sl_arena_init(&arena, 0);
		sl_buf_init(&out, SIZE_MAX);
		assert_int_equal(sl_rows_write_document(sl_engine_rows(a.engine), &arena, &out, &err), 0);
		snprintf(bodies[i], sizeof(bodies[i]), "%.*s %zu", (int)out.length, out.bytes, a.sends);
		assert_string_equal(bodies[i], bodies[0]);
		sl_buf_dispose(&out);
		sl_arena_dispose(&arena);
	}
}

/* --- the store ----------------------------------------------------------------------------------------------------- */

static void stores__that_are_damaged_are_refused(void **state)
{
	static const struct sl_pair damaged[] = {
		{ { "base/shots/1/s", 14 }, { "no newline", 10 } }, { { "base/shots/1/s", 14 }, { "", 0 } },
		{ { "base/nothing/1", 14 }, { "a\n{}", 4 } }, { { "base/shots/x/s", 14 }, { "a\n{}", 4 } },
		{ { "base/shots/1/", 13 }, { "a\n{}", 4 } }, { { "base/episodes/", 14 }, { "a\n{}", 4 } },
		{ { "meta", 4 }, { "{", 1 } }, { { "meta", 4 }, { "{\"format\":4}", 12 } }, { { "op", 2 }, { "[]", 2 } },
		{ { "conflict/1", 10 }, { "{}", 2 } }, { { "conflict/x", 10 }, { "{}", 2 } }, { { "retry", 5 }, { "1", 1 } },
	};
	(void)state;
	for (size_t i = 0; i < LENGTH(damaged); i++) {
		struct sl_engine *engine;
		struct sl_event event = { .type = SL_EVENT_START, .start = { &damaged[i], 1 } };
		struct sl_effects effects;
		struct sl_err err = SL_ERR_INIT;
		assert_int_equal(sl_engine_new(NULL, &engine, &err), SL_OK);
		assert_int_equal(sl_engine_handle(engine, &event, &effects, &err), SL_INTERNAL);
		event.type = SL_EVENT_TICK;
		assert_int_equal(sl_engine_handle(engine, &event, &effects, &err), SL_INTERNAL);
		sl_engine_free(&engine);
	}
}

static void stores__must_be_given_first_and_once(void **state)
{
	struct sl_effects effects;
	struct sl_err err = SL_ERR_INIT;
	struct sl_engine *engine;
	(void)state;
	assert_int_equal(sl_engine_new(NULL, &engine, &err), SL_OK);
	assert_int_equal(sl_engine_handle(engine, &(struct sl_event){ .type = SL_EVENT_ONLINE }, &effects, &err), SL_INTERNAL);
	sl_engine_free(&engine);
	sl_engine_free(&engine);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, begin, tear_down)
	const struct CMUnitTest tests[] = {
		TEST(answers__to_other_requests_are_ignored),
		TEST(answers__of_an_earlier_run_are_ignored),
		TEST(answers__about_old_credentials_are_ignored),
		TEST(answers__that_never_come_are_waited_for_in_vain_once),
		TEST(answers__that_got_lost_do_not_apply_twice),
		TEST(answers__that_make_no_sense_change_nothing),
		TEST(answers__to_pulls_that_make_no_sense_change_nothing),
		TEST(answers__of_any_status_are_survived),
		TEST(answers__that_were_damaged_on_the_way_do_no_harm),
		TEST(case_17__unknown_words_of_the_server_are_kept_and_shown),
		TEST(clocks__that_leap_delay_nothing_for_long),
		TEST(clocks__that_go_back_cut_no_wait_short),
		TEST(clocks__decide_nothing),
		TEST(stores__that_are_damaged_are_refused),
		TEST(stores__must_be_given_first_and_once),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
