/* Events and effects of the engine as JSON, and the lists of what it keeps. */
#include "two_devices.h"

#include <stdio.h>

#include "core/base/utf8.h"
#include "core/json/parse.h"
#include "core/engine/json.h"

static int read_json(const char *text, struct sl_arena *arena, struct sl_event *event, struct sl_err *err)
{
	char copy[600];
	snprintf(copy, sizeof(copy), "%s", text);
	for (char *c = copy; *c; c++)
		*c = *c == '\'' ? '"' : *c;
	struct sl_str kept;
	assert_int_equal(sl_arena_copy(arena, sl_str_from(copy), &kept), 0);
	return sl_engine_json_read(kept, arena, event, err);
}

#define EVENT(rest) "{'now':5,'random':'000102030405060708090a0b0c0d0e0f'," rest "}"

static void json__carries_events(void **state)
{
	struct sl_arena arena;
	struct sl_event event;
	struct sl_err err = SL_ERR_INIT;
	(void)state;
	sl_arena_init(&arena, 0);
	assert_int_equal(read_json(EVENT("'type':'edit','delta':{'meta':{'x':1}}"), &arena, &event, &err), 0);
	assert_int_equal(event.type, SL_EVENT_EDIT);
	assert_int_equal(event.now_ms, 5);
	assert_int_equal(event.random[15], 15);
	assert_string_equal(event.edit.delta.bytes, "{\"meta\":{\"x\":1}}");
	assert_int_equal(read_json(EVENT("'type':'answer','request':7,'status':200,'body':'{}','retryAfter':'3'"), &arena, &event,
		&err), 0);
	assert_int_equal(event.answer.request, 7);
	assert_string_equal(event.answer.body.bytes, "{}");
	assert_int_equal(read_json(EVENT("'type':'resolve','conflict':3,'choice':'own','own':'x','hunk':2"), &arena, &event, &err), 0);
	assert_string_equal(event.resolve.own.bytes, "x");
	assert_int_equal(event.resolve.hunk, 2);
	assert_int_equal(read_json(EVENT("'type':'start','pairs':[['a','b']]"), &arena, &event, &err), 0);
	assert_int_equal(event.start.count, 1);
	assert_string_equal(event.start.pairs[0].value.bytes, "b");
	sl_arena_dispose(&arena);
}

static void json__refuses_what_is_no_event(void **state)
{
	static const char *const texts[] = { "[]", "{}", EVENT("'type':'edit'"), EVENT("'type':'dance'"),
		EVENT("'type':'answer','request':'7','status':200"), EVENT("'type':'start','pairs':[['a']]"),
		EVENT("'type':'start','pairs':[7]"), EVENT("'type':'resolve','conflict':3,'choice':'none'"),
		"{'type':'tick','now':5}", "{'type':'tick','now':5,'random':'zz0102030405060708090a0b0c0d0e0f'}" };
	struct sl_arena arena;
	struct sl_event event;
	(void)state;
	sl_arena_init(&arena, 0);
	for (size_t i = 0; i < LENGTH(texts); i++) {
		struct sl_err err = SL_ERR_INIT;
		if (read_json(texts[i], &arena, &event, &err) != SL_INVALID)
			fail_msg("%s", texts[i]);
	}
	sl_arena_dispose(&arena);
}

static void json__tells_effects_and_what_is_kept(void **state)
{
	struct sl_engine *engine;
	struct sl_event event = { .type = SL_EVENT_START };
	struct sl_effects effects;
	struct sl_err err = SL_ERR_INIT;
	struct sl_buf out;
	(void)state;
	sl_buf_init(&out, SIZE_MAX);
	assert_int_equal(sl_engine_new(NULL, &engine, &err), 0);
	assert_int_equal(sl_engine_handle(engine, &event, &effects, &err), 0);
	event.type = SL_EVENT_ONLINE;
	assert_int_equal(sl_engine_handle(engine, &event, &effects, &err), 0);
	assert_int_equal(sl_engine_json_write(&effects, &out), 0);
	expect_text(sl_buf_str(&out), "[{'type':'send','id':1,'method':'GET','path':'/project?since=0','headers':{}},"
		"{'type':'wake','at':120000},{'type':'status','word':'Syncing','pending':0,'quarantined':0,'conflicts':0,"
		"'lastSync':0,'version':0,'done':0,'total':0,'nextTry':0,'readOnly':false,'error':'','detail':'','traceId':''}]");
	sl_engine_free(&engine);
	clash();
	int (*const lists[])(const struct sl_engine *, struct sl_buf *) = { sl_engine_json_conflicts, sl_engine_json_quarantine };
	for (size_t i = 0; i < LENGTH(lists); i++) {
		json_t *list = NULL;
		sl_buf_clear(&out);
		assert_int_equal(lists[i](a.engine, &out), 0);
		assert_int_equal(sl_json_parse(sl_buf_str(&out), &list, &err), 0);
		assert_int_equal(json_array_size(list), i < 1);
		json_decref(list);
	}
	sl_buf_dispose(&out);
}

static void passages__come_with_the_words_around(void **state)
{
	static const char text[] = "\"Erst geht er, dann \u00e4rgert sie der rote Hund, den niemand je sah.\"";
	struct sl_note_hunk hunk = { SL_STR("blaue"), SL_STR("gr\u00fcne"), SL_STR("rote"), 0 };
	struct sl_note note = { .rule = SL_RULE_TEXT, .result = SL_STR(text), .hunks = &hunk, .hunk_count = 1 };
	struct sl_arena arena;
	struct sl_str before, after;
	(void)state;
	hunk.at = (size_t)(strstr(text, "rote") - text) - 1;
	sl_arena_init(&arena, 0);
	for (size_t most = 0; most < sizeof(text); most++) {
		assert_int_equal(sl_journal_around(&note, 0, most, &arena, &before, &after), 0);
		assert_true(before.length <= most && after.length <= most);
		assert_int_equal(sl_utf8_valid(before), before.length);
		assert_int_equal(sl_utf8_valid(after), after.length);
	}
	assert_int_equal(sl_journal_around(&note, 0, 20, &arena, &before, &after), 0);
	expect_text(before, " \u00e4rgert sie der ");
	expect_text(after, " Hund, den niemand ");
	assert_int_equal(sl_journal_around(&note, 0, 999, &arena, &before, &after), 0);
	assert_int_equal(before.length + after.length + strlen("rote"), sizeof(text) - 3);
	assert_int_equal(sl_journal_around(&note, 1, 999, &arena, &before, &after), 0);
	assert_int_equal(before.length + after.length, 0);
	hunk.at = sizeof(text);
	assert_int_equal(sl_journal_around(&note, 0, 20, &arena, &before, &after), SL_INTERNAL);
	sl_arena_dispose(&arena);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up_two_shots, tear_down)
	const struct CMUnitTest tests[] = {
		TEST(json__carries_events),
		TEST(json__refuses_what_is_no_event),
		TEST(json__tells_effects_and_what_is_kept),
		TEST(passages__come_with_the_words_around),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
