/* Edits made on a revision in the middle of a step of the journal, or older than the journal, after the app was started again. */
#include "two_devices.h"

/* The user saw `seen`, in a row that was edited before and another after; then the app starts again, and its user goes on. */
static void edit_after_restart(struct host *host, const char *before, const char *seen, const char *then, bool told)
{
	struct sl_event event = { .type = SL_EVENT_EDIT };
	host->unchecked = true; /* the rows have the edit when its pages are there */
	host_edit(host, before);
	host_edit(host, seen);
	event.edit.revision = sl_engine_revision(host->engine);
	if (told)
		assert_int_equal(host_event(host, (struct sl_event){ .type = SL_EVENT_SHOWN,
			.shown = { event.edit.revision } }), 0);
	host_edit(host, "{'characters':[{'id':'c','name':'Ann'}]}");
	host_restart(host);
	event.edit.delta = sl_str_from(then);
	assert_int_equal(host_event(host, event), 0);
	while (host->has_load)
		host_load(host);
}

static void between__a_count_is_not_counted_twice(void **state)
{
	(void)state;
	edit_after_restart(&a, "{'meta':{'phase4Usage':{'totalTokens':7}}}", "{'meta':{'phase4Usage':{'totalTokens':16}}}",
		"{\"meta\":{\"phase4Usage\":{\"totalTokens\":20}}}", false);
	assert_string_equal(host_data(&a, SL_META, 0, "phase4Usage"), "{\"totalTokens\":20}");
}

static void between__what_is_taken_out_stays_out(void **state)
{
	(void)state;
	edit_after_restart(&a, "{'meta':{'rawScript':'one two'}}", "{'meta':{'rawScript':'one two three'}}",
		"{\"meta\":{\"rawScript\":\"one two\"}}", false);
	assert_string_equal(host_data(&a, SL_META, 0, "rawScript"), "\"one two\"");
}

static void between__what_was_told_as_shown_is_known(void **state)
{
	(void)state;
	edit_after_restart(&a, "{'meta':{'rawScript':'one two'}}", "{'meta':{'rawScript':'one two three'}}",
		"{\"meta\":{\"rawScript\":\"one two\"}}", true);
	assert_string_equal(host_data(&a, SL_META, 0, "rawScript"), "\"one two\"");
}

/* Nobody can tell any more what was seen: nothing of either goes. */
static void between__what_changed_before_and_after_is_merged_with_what_both_have(void **state)
{
	(void)state;
	struct sl_event event = { .type = SL_EVENT_EDIT };
	a.unchecked = true;
	host_edit(&a, "{'meta':{'rawScript':'one two'}}");
	host_edit(&a, "{'meta':{'rawScript':'one two three'}}");
	event.edit.revision = sl_engine_revision(a.engine);
	host_edit(&a, "{'meta':{'rawScript':'zero one two three'}}");
	host_restart(&a);
	event.edit.delta = sl_str_from("{\"meta\":{\"rawScript\":\"one two three four\"}}");
	assert_int_equal(host_event(&a, event), 0);
	assert_string_equal(host_data(&a, SL_META, 0, "rawScript"), "\"zero one two three four\"");
}

static void between__a_document_replaces_what_its_app_saw(void **state)
{
	(void)state;
	struct sl_event event = { .type = SL_EVENT_REPLACE };
	a.unchecked = true;
	host_edit(&a, "{'characters':[{'id':'c','name':'Ann'}],'meta':{'rawScript':'one two'}}");
	host_edit(&a, "{'meta':{'rawScript':'one two three'}}");
	event.replace.revision = sl_engine_revision(a.engine);
	host_edit(&a, "{'characters':[{'id':'d','name':'Bob'}]}");
	host_restart(&a);
	event.replace.document = sl_str_from("{\"episodes\":[],\"rawScript\":\"one two\",\"context\":{\"characters\":[]}}");
	assert_int_equal(host_event(&a, event), 0);
	assert_int_equal(a.last_result, 0);
	assert_string_equal(host_data(&a, SL_META, 0, "rawScript"), "\"one two\"");
	assert_string_equal(host_data(&a, SL_CHARACTERS, 0, "c"), "");
	assert_string_equal(host_data(&a, SL_CHARACTERS, 0, "d"), "{\"name\":\"Bob\"}");
}

/* Saves a scene whose episode is gone; the journal can be read or not. */
static void save_in_vanished_episode(bool readable)
{
	struct sl_event event = { .type = SL_EVENT_EDIT };
	a.unchecked = a.slow_store = true;
	host_edit(&a, "{'episodes':[{'id':1,'title':'One'}],'scenes':[{'id':'s','episodeId':1,'content':'x'}]}");
	event.edit.revision = sl_engine_revision(a.engine);
	assert_int_equal(host_event(&a, (struct sl_event){ .type = SL_EVENT_SHOWN, .shown = { event.edit.revision } }), 0);
	host_edit(&a, "{'deleted':{'episodes':[1]}}");
	host_restart(&a);
	event.edit.delta = sl_str_from("{\"scenes\":[{\"id\":\"s\",\"episodeId\":1,\"content\":\"x, and more\"}]}");
	assert_int_equal(host_event(&a, event), 0);
	assert_true(a.has_load);
	if (readable)
		host_load(&a);
	else
		assert_int_equal(host_event(&a, (struct sl_event){ .type = SL_EVENT_LOADED, .loaded = { .id = a.load.load.id } }), 0);
	assert_int_equal(a.results, 1);
	assert_int_equal(a.last_result, 0);
	assert_string_equal(host_data(&a, SL_SCENES, 1, "s"), "{\"content\":\"x, and more\"}");
}

static void between__a_draft_brings_its_episode_back(void **state)
{
	(void)state;
	save_in_vanished_episode(true);
	assert_string_equal(host_data(&a, SL_EPISODES, 1, ""), "{\"title\":\"One\"}");
}

static void between__a_draft_has_a_place_though_nothing_is_known_of_its_episode(void **state)
{
	(void)state;
	save_in_vanished_episode(false);
	assert_string_equal(host_data(&a, SL_EPISODES, 1, ""), "{}");
	host_settle(&a);
	expect_in_sync(&a);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(between__what_changed_before_and_after_is_merged_with_what_both_have, set_up, tear_down),
		cmocka_unit_test_setup_teardown(between__a_document_replaces_what_its_app_saw, set_up, tear_down),
		cmocka_unit_test_setup_teardown(between__a_draft_brings_its_episode_back, set_up, tear_down),
		cmocka_unit_test_setup_teardown(between__a_draft_has_a_place_though_nothing_is_known_of_its_episode, set_up, tear_down),
		cmocka_unit_test_setup_teardown(between__what_was_told_as_shown_is_known, set_up, tear_down),
		cmocka_unit_test_setup_teardown(between__a_count_is_not_counted_twice, set_up, tear_down),
		cmocka_unit_test_setup_teardown(between__what_is_taken_out_stays_out, set_up, tear_down),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
