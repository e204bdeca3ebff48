/* A story of two devices, in which one of them crashes at every boundary between two effects in turn, with the request that was out
 * lost or not: in the end all is as if nothing had happened. */
#include "host.h"

#include <stdio.h>
#include <stdlib.h>

static struct sync_server server;
static struct host a, b;

/* The user repeats what was lost with the crash. */
static void edit(const char *delta)
{
	host_edit(&a, delta);
	if (a.crashed)
		host_edit(&a, delta);
}

static void event(struct sl_event event)
{
	int rc = host_event(&a, event);
	if (a.crashed)
		rc = host_event(&a, event); /* may be refused: it was done already */
	else
		assert_int_equal(rc, SL_OK);
}

static void sync(struct host *host)
{
	host_simple(host, SL_EVENT_SYNC_NOW);
	host_settle(host);
	if (host_pending(host))
		host_settle(host);
}

static void begin_story(void)
{
	edit("{'episodes':[{'id':1,'title':'One'}],'meta':{'rawScript':'It begins.'}}");
	edit("{'shots':[{'episodeId':1,'id':'s','description':'A door.'},{'episodeId':1,'id':'t','description':'A key.'}]}");
	host_settle(&a);
	host_settle(&b);
	expect_in_sync(&b);
}

static void both_edit(void)
{
	host_edit(&b, "{'shots':[{'episodeId':1,'id':'s','description':'A red door.'}],"
		"'deleted':{'shots':[{'episodeId':1,'shotId':'t'}]}}");
	host_settle(&b);
	edit("{'shots':[{'episodeId':1,'id':'s','description':'A door.','dialogue':'Who is there?'}]}");
	edit("{'shots':[{'episodeId':1,'id':'t','description':'A golden key.'}]}");
	edit("{'shots':[{'episodeId':1,'id':'u','description':'A window.'}]}");
	host_settle(&a);
	sync(&a);
	expect_in_sync(&a);
	expect_shot(&a, 1, "t", "A golden key."); /* an edit survives a deletion */
	assert_string_equal(host_data(&a, SL_SHOTS, 1, "s"),
		"{\"description\":\"A red door.\",\"dialogue\":\"Who is there?\"}");
}

static void they_clash(void)
{
	sync(&b);
	host_shot(&b, 1, "u", "A broken pane.");
	host_settle(&b);
	edit("{'shots':[{'episodeId':1,'id':'u','description':'An open gate.'}]}");
	host_settle(&a);
	sync(&a);
	/* Besides whether the shot t was to go after all. */
	assert_non_null(sl_engine_conflict(a.engine, 1));
	assert_null(sl_engine_conflict(a.engine, 2));
	event((struct sl_event){ .type = SL_EVENT_RESOLVE,
		.resolve = { .conflict = sl_engine_conflict(a.engine, 1)->id } });
	assert_null(sl_engine_conflict(a.engine, 1));
	host_settle(&a);
	sync(&a);
	expect_in_sync(&a);
	expect_shot(&a, 1, "u", "An open gate.");
}

static void server_falls_back(void)
{
	size_t saved = sync_server_save(&server);
	edit("{'shots':[{'episodeId':1,'id':'v','description':'What the backup lacks.'}]}");
	host_settle(&a);
	sync(&a);
	sync_server_restore(&server, saved);
	server.epoch = "second";
	edit("{'shots':[{'episodeId':1,'id':'w','description':'Written after.'}]}");
	sync(&a);
	sync(&a);
	expect_in_sync(&a);
	expect_shot(&a, 1, "v", "What the backup lacks.");
}

static void large_steps(void)
{
	int64_t version = sync_server_store(&server)->head.version;
	event((struct sl_event){ .type = SL_EVENT_REPLACE, .replace = { .document =
		SL_STR("{\"episodes\":[{\"id\":9,\"scenes\":[],\"shots\":[]}],\"rawScript\":\"Imported.\"}"),
		.revision = sl_engine_revision(a.engine) } });
	sync(&a);
	sync(&a);
	expect_in_sync(&a);
	expect_shot(&a, 1, "s", NULL);
	event((struct sl_event){ .type = SL_EVENT_RESTORE, .restore = { .version = version } });
	sync(&a);
	sync(&a);
	expect_in_sync(&a);
	expect_shot(&a, 1, "u", "An open gate.");
	event((struct sl_event){ .type = SL_EVENT_CLEAR });
	sync(&a);
	sync(&a);
	expect_in_sync(&a);
	assert_int_equal(sl_rowset_count(sl_engine_rows(a.engine)), 0);
}

/* Whether the crash came at all. */
static bool tell_story(int crash_in, bool delivers)
{
	assert_int_equal(sync_server_init(&server), 0);
	host_open(&a, &server, 1);
	host_open(&b, &server, 2);
	b.unchecked = true;
	a.unchecked = crash_in % 16 != 0; /* checks are dear */
	a.crash_in = crash_in;
	a.crash_delivers = delivers;
	begin_story();
	both_edit();
	they_clash();
	server_falls_back();
	large_steps();
	bool crashed = a.crash_in < 0;
	host_close(&a);
	host_close(&b);
	sync_server_dispose(&server);
	return crashed;
}

static void crash_everywhere(bool delivers)
{
	int crash_in = 0;
	while (tell_story(crash_in, delivers))
		crash_in++;
	assert_true(crash_in > 100);
}

static void restart__at_every_effect_with_the_request_lost(void **state)
{
	(void)state;
	crash_everywhere(false);
}

static void restart__at_every_effect_with_only_the_answer_lost(void **state)
{
	(void)state;
	crash_everywhere(true);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(restart__at_every_effect_with_the_request_lost),
		cmocka_unit_test(restart__at_every_effect_with_only_the_answer_lost),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
