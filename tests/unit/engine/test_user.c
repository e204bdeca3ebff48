/* What users do: edits, moves and imports; whose project it is, and when the server is asked. */
#include "two_devices.h"

#include <stdio.h>

static struct sl_str rank_of(struct host *host, const char *id)
{
	struct sl_key key = { SL_SHOTS, 1, sl_str_from(id) };
	const struct sl_row *row = sl_rowset_find(sl_engine_rows(host->engine), &key);
	return row ? row->rank : (struct sl_str){ NULL, 0 };
}

/* --- edits --------------------------------------------------------------------------------------------------------- */

static void edits__that_are_not_valid_are_refused_whole(void **state)
{
	static const struct { const char *delta; int code; } cases[] = {
		{ "{", SL_MALFORMED }, { "", SL_MALFORMED }, { "[]", SL_INVALID }, { "{'shots':[{'id':'x'}]}", SL_INVALID },
		{ "{'shots':[{'episodeId':1,'id':'s','description':7}]}", SL_INVALID },
		{ "{'shots':[{'episodeId':1,'id':'s','description':'fine'},{'episodeId':2,'id':'u'}]}", SL_INVALID },
		{ "{'scenes':[{'episodeId':1,'id':'c'}],'deleted':{'episodes':[1]}}", SL_INVALID },
		{ "{'meta':{'deep':[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[1]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]}}", SL_MALFORMED },
		{ "{'meta':{'deep':[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[1]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]}}", SL_INVALID },
		{ "{'episodes':[{'id':1,'rank':'not a rank'}]}", SL_INVALID },
	};
	(void)state;
	for (size_t i = 0; i < LENGTH(cases); i++) {
		size_t effects = a.effects;
		int rc = host_try_edit(&a, cases[i].delta, NULL);
		if (rc != cases[i].code)
			fail_msg("case %zu: %d", i, rc);
		assert_int_equal(a.effects, effects);
		expect_shot(&a, 1, "s", "old");
	}
	assert_int_equal(host_pending(&a), 0);
}

static void edits__keep_the_place_and_new_rows_go_last(void **state)
{
	(void)state;
	struct sl_str before = rank_of(&a, "s");
	char rank[65];
	snprintf(rank, sizeof(rank), "%.*s", (int)before.length, before.bytes);
	host_shot(&a, 1, "s", "new");
	host_shot(&a, 1, "u", "at the end");
	assert_true(sl_str_equal(rank_of(&a, "s"), sl_str_from(rank)));
	assert_true(sl_str_compare(rank_of(&a, "t"), rank_of(&a, "u")) < 0);
	host_settle(&a);
	expect_in_sync(&a);
}

static void edits__move_a_row_by_its_rank(void **state)
{
	(void)state;
	host_edit(&a, "{'shots':[{'episodeId':1,'id':'t','description':'last','rank':'0A'}]}");
	assert_true(sl_str_compare(rank_of(&a, "t"), rank_of(&a, "s")) < 0);
	host_settle(&a);
	expect_in_sync(&a);
	host_simple(&b, SL_EVENT_SYNC_NOW);
	host_settle(&b);
	expect_in_sync(&b);
}

static void edits__back_to_what_was_leave_nothing_to_push(void **state)
{
	(void)state;
	host_shot(&a, 1, "s", "new");
	host_shot(&a, 1, "s", "old");
	assert_int_equal(host_pending(&a), 0);
}

static void edits__repeated_for_long_do_not_fill_the_memory(void **state)
{
	char text[4000];
	(void)state;
	a.unchecked = true;
	for (int i = 0; i < 2000; i++) {
		snprintf(text, sizeof(text), "{'shots':[{'episodeId':1,'id':'s','description':'%03000d'}]}", i);
		host_edit(&a, text);
		a.unchecked = i % 500 != 0;
		if (i % 100 == 0)
			host_settle(&a);
		sl_arena_dispose(&a.view_arena); /* the app's own garbage */
		a.view = sl_rowset_new(&a.view_arena, 8);
		const struct sl_row *row;
		size_t cursor = 0;
		while ((row = sl_rowset_next(sl_engine_rows(a.engine), &cursor))) {
			struct sl_row copy;
			assert_int_equal(sl_row_copy(&a.view_arena, row, &copy), 0);
			assert_non_null(sl_rowset_put(a.view, &copy));
		}
	}
	a.unchecked = false;
	host_settle(&a);
	expect_in_sync(&a);
}

/* What came in since the app read its rows stays, wherever the document does not say otherwise. */
static void imports__are_merged_with_what_came_in_since(void **state)
{
	(void)state;
	struct sl_event event = { .type = SL_EVENT_REPLACE, .replace = { .document = SL_STR(
		"{\"episodes\":[{\"id\":1,\"scenes\":[],\"shots\":[{\"id\":\"s\",\"description\":\"typed\"},"
		"{\"id\":\"t\",\"description\":\"last\"}]}]}"), .revision = sl_engine_revision(a.engine) } };
	host_edit(&b, "{'episodes':[{'id':2,'title':'Two'}],'shots':[{'episodeId':1,'id':'t','description':'changed'}]}");
	host_settle(&b);
	sync(&a);
	assert_int_equal(host_event(&a, event), SL_OK);
	expect_shot(&a, 1, "s", "typed");
	expect_shot(&a, 1, "t", "changed");
	assert_string_equal(host_data(&a, SL_EPISODES, 2, ""), "{\"title\":\"Two\"}");
	host_settle(&a);
	expect_in_sync(&a);
}

static void imports__name_a_revision_that_there_was(void **state)
{
	(void)state;
	struct sl_event event = { .type = SL_EVENT_REPLACE, .replace = { .document = SL_STR("{\"episodes\":[]}") } };
	assert_int_equal(host_event(&a, event), SL_INVALID);
	event.replace.revision = sl_engine_revision(a.engine) + 1;
	assert_int_equal(host_event(&a, event), SL_INVALID);
	event.replace.revision = sl_engine_revision(a.engine);
	event.replace.document = SL_STR("{\"episodes\":7}");
	assert_int_equal(host_event(&a, event), SL_INVALID);
	expect_shot(&a, 1, "s", "old");
}

static void edits__say_what_they_were_made_on(void **state)
{
	(void)state;
	struct sl_event event = { .type = SL_EVENT_EDIT, .edit = { .delta = SL_STR(
		"{\"shots\":[{\"episodeId\":1,\"id\":\"s\",\"description\":\"old, and more\"}]}") } };
	assert_int_equal(host_event(&a, event), SL_INVALID);
	event.edit.revision = sl_engine_revision(a.engine) + 1;
	assert_int_equal(host_event(&a, event), SL_INVALID);
	event.edit.revision = sl_engine_revision(a.engine);
	host_edit(&b, "{'shots':[{'episodeId':1,'id':'s','description':'old','duration':'3s'}]}");
	host_settle(&b);
	sync(&a);
	assert_int_equal(host_event(&a, event), SL_OK);
	assert_string_equal(host_data(&a, SL_SHOTS, 1, "s"), "{\"description\":\"old, and more\",\"duration\":\"3s\"}");
	host_settle(&a);
	expect_in_sync(&a);
}

static void case_90__what_an_app_does_not_know_stays(void **state)
{
	(void)state;
	host_edit(&b, "{'meta':{'mood':'dark'},'shots':[{'episodeId':1,'id':'s','description':'old','lens':{'mm':35}}]}");
	host_settle(&b);
	sync(&a);
	host_edit(&a, "{'shots':[{'episodeId':1,'id':'s','description':'new'}]}");
	assert_string_equal(host_data(&a, SL_SHOTS, 1, "s"), "{\"description\":\"new\",\"lens\":{\"mm\":35}}");
	struct sl_event event = { .type = SL_EVENT_REPLACE, .replace = { .document = SL_STR(
		"{\"episodes\":[{\"id\":1,\"scenes\":[],\"shots\":[{\"id\":\"s\",\"description\":\"imported\"}]}]}"),
		.revision = sl_engine_revision(a.engine) } };
	assert_int_equal(host_event(&a, event), SL_OK);
	assert_string_equal(host_data(&a, SL_SHOTS, 1, "s"), "{\"description\":\"imported\",\"lens\":{\"mm\":35}}");
	assert_string_equal(host_data(&a, SL_META, 0, "mood"), "\"dark\"");
	host_edit(&a, "{'shots':[{'episodeId':1,'id':'s','description':'imported','lens':null}]}");
	expect_shot(&a, 1, "s", "imported");
	event.replace.revision = sl_engine_revision(a.engine);
	event.replace.exact = true;
	assert_int_equal(host_event(&a, event), SL_OK);
	assert_string_equal(host_data(&a, SL_META, 0, "mood"), "");
	host_settle(&a);
	expect_in_sync(&a);
}

static void case_12__an_edit_brings_its_episode_back(void **state)
{
	const char *seen = "{'shots':[{'episodeId':1,'id':'s','description':'old'}]}";
	(void)state;
	host_edit(&b, "{'episodes':[{'id':2}]}");
	host_edit(&b, "{'deleted':{'episodes':[1]}}");
	host_settle(&b);
	sync(&a);
	expect_shot(&a, 1, "s", NULL);
	assert_int_equal(host_try_edit(&a, "{'shots':[{'episodeId':1,'id':'s','description':'old, and typed'}]}", seen), SL_OK);
	expect_shot(&a, 1, "s", "old, and typed");
	host_settle(&a);
	expect_in_sync(&a);
	sync(&b);
	expect_shot(&b, 1, "s", "old, and typed");
}

static void case_12__so_does_one_that_adds_to_it(void **state)
{
	(void)state;
	struct sl_event event = { .type = SL_EVENT_EDIT, .edit = { .delta = SL_STR(
		"{\"shots\":[{\"episodeId\":1,\"id\":\"new\",\"description\":\"added\"}]}"),
		.revision = sl_engine_revision(a.engine) } };
	host_edit(&b, "{'episodes':[{'id':2}]}");
	host_edit(&b, "{'deleted':{'episodes':[1]}}");
	host_settle(&b);
	sync(&a);
	assert_int_equal(host_event(&a, event), SL_OK);
	expect_shot(&a, 1, "new", "added");
	host_settle(&a);
	expect_in_sync(&a);
}

static void imports__keep_ranks_of_what_stays(void **state)
{
	(void)state;
	struct sl_event event = { .type = SL_EVENT_REPLACE, .replace = { .document = SL_STR(
		"{\"episodes\":[{\"id\":1,\"scenes\":[],\"shots\":[{\"id\":\"n\"},{\"id\":\"s\",\"description\":\"old\"},"
		"{\"id\":\"t\",\"description\":\"last\"}]}]}"), .revision = sl_engine_revision(a.engine) } };
	assert_int_equal(host_event(&a, event), SL_OK);
	assert_int_equal(host_pending(&a), 1);
	assert_true(sl_str_compare(rank_of(&a, "n"), rank_of(&a, "s")) < 0);
	host_settle(&a);
	expect_in_sync(&a);
}

/* --- accounts and polls -------------------------------------------------------------------------------------------- */

static void accounts__are_not_mixed_up(void **state)
{
	(void)state;
	struct sl_event event = { .type = SL_EVENT_SIGN_IN, .sign_in = { SL_STR("mei") } };
	assert_int_equal(host_event(&a, event), SL_OK);
	host_settle(&a);
	host_restart(&a);
	event.sign_in.account = SL_STR("li");
	assert_int_equal(host_event(&a, event), SL_FORBIDDEN);
	event.sign_in.account = SL_STR("mei");
	assert_int_equal(host_event(&a, event), SL_OK);
}

static void polls__come_by_themselves_unless_switched_off(void **state)
{
	(void)state;
	size_t sends = a.sends;
	host_wait(&a, 29000);
	assert_int_equal(a.sends, sends);
	host_wait(&a, 1000);
	assert_int_equal(a.sends, sends + 1);
	host_settle(&a);
	a.config.poll_ms = -1;
	host_restart(&a);
	host_settle(&a);
	sends = a.sends;
	host_wait(&a, 3600000);
	assert_int_equal(a.sends, sends);
	assert_int_equal(host_event(&a, (struct sl_event){ .type = SL_EVENT_HINT,
		.hint = { sl_engine_status(a.engine)->version } }), SL_OK);
	assert_int_equal(a.sends, sends);
	host_simple(&a, SL_EVENT_HINT);
	assert_int_equal(a.sends, sends + 1);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up_two_shots, tear_down)
	const struct CMUnitTest tests[] = {
		TEST(edits__that_are_not_valid_are_refused_whole),
		TEST(edits__keep_the_place_and_new_rows_go_last),
		TEST(edits__move_a_row_by_its_rank),
		TEST(edits__back_to_what_was_leave_nothing_to_push),
		TEST(edits__repeated_for_long_do_not_fill_the_memory),
		TEST(imports__are_merged_with_what_came_in_since),
		TEST(imports__name_a_revision_that_there_was),
		TEST(edits__say_what_they_were_made_on),
		TEST(case_90__what_an_app_does_not_know_stays),
		TEST(case_12__an_edit_brings_its_episode_back),
		TEST(case_12__so_does_one_that_adds_to_it),
		TEST(imports__keep_ranks_of_what_stays),
		TEST(accounts__are_not_mixed_up),
		TEST(polls__come_by_themselves_unless_switched_off),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
