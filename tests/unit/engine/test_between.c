/* An edit made on a revision in the middle of a step of the journal, which neither memory nor the journal can give back any more. */
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

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(between__what_was_told_as_shown_is_known, set_up, tear_down),
		cmocka_unit_test_setup_teardown(between__a_count_is_not_counted_twice, set_up, tear_down),
		cmocka_unit_test_setup_teardown(between__what_is_taken_out_stays_out, set_up, tear_down),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
