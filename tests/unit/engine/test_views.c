/* The rules of the client engine (merge.md), 9 and 10: what users see, and edits of what they saw. */
#include "two_devices.h"

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
	assert_string_equal(sl_engine_conflict(a.engine, 0)->note.mine.bytes, "\"other tab\"");
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
	const struct CMUnitTest tests[] = {
		TEST(rule_9__status_words),
		TEST(rule_9__a_conflict_is_shown_until_it_is_resolved),
		TEST(rule_10__an_edit_of_an_old_view_keeps_what_came_since),
		TEST(rule_10__an_old_view_overwrites_no_text),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
