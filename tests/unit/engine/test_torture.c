/* Every allocation of the engine fails in turn: it says so, and loses nothing that it held. Events are recorded from a story with a
 * real server, then replayed alone. */
#include "two_devices.h"

#include <stdlib.h>

#include "unit/base/torture.h"

static int replay(void *context)
{
	struct host *host = context;
	struct sl_engine *engine;
	struct sl_err err = SL_ERR_INIT;
	int rc = sl_engine_new(&host->config, &engine, &err);
	for (size_t i = 0; rc == SL_OK && i < host->event_count; i++) {
		struct sl_effects effects;
		rc = sl_engine_handle(engine, &host->events[i], &effects, &err);
		if (rc != SL_OK)
			assert_int_equal(effects.count, 0);
	}
	sl_engine_free(&engine);
	return rc;
}

static int begin(void **state)
{
	set_up(state);
	server.names_authors = true;
	begin_with("{'episodes':[{'id':1}],'shots':[{'episodeId':1,'id':'s','description':'old'}]}");
	a.signed_in = false;
	return 0;
}

static void torture__first_sync(void **state)
{
	struct host c;
	(void)state;
	host_open(&c, &server, 3);
	host_record(&c);
	host_edit(&c, "{'shots':[],'characters':[{'id':'x','name':'X'}]}");
	host_settle(&c);
	expect_in_sync(&c);
	assert_true(torture(replay, &c) > 100);
	host_close(&c);
}

static void torture__conflict(void **state)
{
	(void)state;
	host_shot(&b, 1, "s", "theirs");
	host_settle(&b);
	host_shot(&a, 1, "s", "mine");
	host_record(&a);
	host_settle(&a);
	assert_non_null(sl_engine_conflict(a.engine, 0));
	struct sl_event event = { .type = SL_EVENT_RESOLVE,
		.resolve = { .conflict = sl_engine_conflict(a.engine, 0)->id } };
	assert_int_equal(host_event(&a, event), SL_OK);
	assert_true(torture(replay, &a) > 100);
}

static void torture__repair(void **state)
{
	(void)state;
	size_t saved = sync_server_save(&server);
	host_shot(&a, 1, "t", "lost");
	host_settle(&a);
	sync_server_restore(&server, saved);
	server.now_ms += 1000;
	host_shot(&b, 1, "u", "after");
	host_settle(&b);
	host_record(&a);
	a.signed_in = false;
	host_settle(&a);
	expect_in_sync(&a);
	assert_int_equal(sl_engine_counts(a.engine)->digest_mismatches, 2);
	assert_true(torture(replay, &a) > 100);
}

static void torture__large_steps(void **state)
{
	(void)state;
	host_record(&a);
	assert_int_equal(host_event(&a, (struct sl_event){ .type = SL_EVENT_REPLACE,
		.replace = { .document = SL_STR("{\"episodes\":[{\"id\":2,\"scenes\":[],\"shots\":[]}]}"),
			.revision = sl_engine_revision(a.engine) } }), SL_OK);
	host_undo(&a, a.last_entry, 0);
	expect_shot(&a, 1, "s", "old");
	host_simple(&a, SL_EVENT_CLEAR);
	assert_true(torture(replay, &a) > 100);
}

static void torture__refusals(void **state)
{
	(void)state;
	host_record(&a);
	host_simple(&a, SL_EVENT_ONLINE);
	host_exchange(&a, false);
	host_shot(&a, 1, "s", "new");
	host_wait(&a, 1500);
	host_answer(&a, 422, "{'error':'invalid','faults':[{'path':'/delta/shots/0/description','reason':'no'}]}");
	assert_int_equal(sl_engine_status(a.engine)->quarantined, 1);
	host_simple(&a, SL_EVENT_SYNC_NOW);
	assert_true(torture(replay, &a) > 100);
}

static void torture__followers(void **state)
{
	(void)state;
	struct sl_pair handed[] = { { SL_STR("inbox/tab/000000000001"),
		SL_STR("{\"before\":{},\"delta\":{\"shots\":[{\"episodeId\":1,\"id\":\"s\",\"description\":\"by a tab\"}]}}") } };
	host_record(&a);
	assert_int_equal(host_event(&a, (struct sl_event){ .type = SL_EVENT_HANDED, .handed = { handed, 1 } }), SL_OK);
	expect_shot(&a, 1, "s", "by a tab");
	assert_true(torture(replay, &a) > 50);
}

/* The tab itself, and what it makes of the holder's batches. */
static int replay_follower(void *context)
{
	const struct sl_write writes[] = {
		{ SL_STR("base/shots/1/s"), SL_STR("V\n{\"description\":\"old\",\"duration\":\"3s\"}"), false },
		{ SL_STR("local/shots/1/s"), { NULL, 0 }, true }, { SL_STR("inbox/tab/000000000001"), { NULL, 0 }, true } };
	const struct sl_engine_config config = { .size = sizeof(config), .follower = "tab" };
	const struct host *host = context;
	struct sl_engine *engine;
	struct sl_effects effects;
	struct sl_event event = { .type = SL_EVENT_EDIT, .edit = { .before = SL_STR("{}"), .delta = SL_STR(
		"{\"shots\":[{\"episodeId\":1,\"id\":\"s\",\"description\":\"old and new\"},{\"episodeId\":1,\"id\":\"t\"}]}") } };
	int rc = sl_engine_new(&config, &engine, NULL);
	if (rc == SL_OK)
		rc = sl_engine_handle(engine, &host->events[0], &effects, NULL);
	if (rc == SL_OK)
		rc = sl_engine_handle(engine, &event, &effects, NULL);
	event = (struct sl_event){ .type = SL_EVENT_FOLLOW, .follow = { writes, LENGTH(writes) - 1 } };
	if (rc == SL_OK)
		rc = sl_engine_handle(engine, &event, &effects, NULL);
	event.follow.count = LENGTH(writes);
	if (rc == SL_OK)
		rc = sl_engine_handle(engine, &event, &effects, NULL);
	sl_engine_free(&engine);
	return rc;
}

static void torture__a_follower(void **state)
{
	(void)state;
	host_record(&a);
	assert_true(torture(replay_follower, &a) > 100);
}

static void torture__edits_of_an_old_revision(void **state)
{
	(void)state;
	struct sl_event event = { .type = SL_EVENT_EDIT, .edit = { .revision = sl_engine_revision(a.engine), .delta = SL_STR(
		"{\"shots\":[{\"episodeId\":1,\"id\":\"s\",\"description\":\"old, and typed\"}]}") } };
	host_edit(&a, "{'shots':[{'episodeId':1,'id':'s','description':'old','duration':'3s','lens':{'mm':35}}]}");
	host_settle(&a);
	a.signed_in = false;
	a.unchecked = true;
	host_restart(&a);
	host_record(&a);
	assert_int_equal(host_event(&a, event), SL_OK);
	assert_int_equal(a.results, 1);
	event = (struct sl_event){ .type = SL_EVENT_REPLACE, .replace = { .revision = sl_engine_revision(a.engine) - 1,
		.document = SL_STR("{\"episodes\":[{\"id\":1,\"scenes\":[],\"shots\":[{\"id\":\"s\",\"description\":\"imported\"}]}]}") } };
	assert_int_equal(host_event(&a, event), SL_OK);
	assert_true(torture(replay, &a) > 100);
}

static void torture__renames(void **state)
{
	(void)state;
	host_edit(&b, "{'shots':[{'episodeId':1,'id':'n','description':'Rain over empty harbour streets at dawn.'}]}");
	host_settle(&b);
	host_edit(&a, "{'shots':[{'episodeId':1,'id':'n','description':'Close on Mara laughing behind glass.'}]}");
	int64_t revision = sl_engine_revision(a.engine);
	host_record(&a);
	host_settle(&a);
	assert_int_equal(a.renames, 1);
	struct sl_event event = { .type = SL_EVENT_EDIT, .edit = { .revision = revision, .delta = SL_STR(
		"{\"shots\":[{\"episodeId\":1,\"id\":\"n\",\"description\":\"Close on Mara, laughing behind glass.\"}]}") } };
	assert_int_equal(host_event(&a, event), SL_OK);
	assert_true(torture(replay, &a) > 100);
}

static void torture__handshake_and_preview(void **state)
{
	(void)state;
	a.config.device = "laptop";
	host_record(&a);
	host_simple(&a, SL_EVENT_ONLINE);
	host_exchange(&a, false);
	assert_string_equal(a.path, "/sync");
	host_answer(&a, 200, "{'limits':{'requestBytes':40000},'projects':[{'id':'x','role':'viewer'}],'minSchemaVersion':1}");
	assert_int_equal(host_event(&a, (struct sl_event){ .type = SL_EVENT_RESTORE, .restore = { 7, true } }), SL_OK);
	host_answer(&a, 200, "{'preview':true,'delta':{'shots':[{'episodeId':1,'id':'s','rank':'V'}]}}");
	assert_int_equal(a.results, 1);
	assert_true(torture(replay, &a) > 50);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, begin, tear_down)
	const struct CMUnitTest tests[] = {
		TEST(torture__first_sync),
		TEST(torture__conflict),
		TEST(torture__repair),
		TEST(torture__large_steps),
		TEST(torture__refusals),
		TEST(torture__followers),
		TEST(torture__a_follower),
		TEST(torture__edits_of_an_old_revision),
		TEST(torture__renames),
		TEST(torture__handshake_and_preview),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
