/* The journal over time: what becomes one, what stays, and what goes. That it leads back from the rows as they are is checked after
 * every event, by the host. */
#include "two_devices.h"

#include <stdio.h>

#include "core/engine/private.h"

#define HOUR_MS ((int64_t)3600000)
#define DAY_MS (24 * HOUR_MS)

static size_t count_entries(const struct host *host, size_t *bytes_r)
{
	size_t count = 0;
	*bytes_r = 0;
	for (size_t i = 0; i < host->pair_count; i++)
		if (strncmp(host->pairs[i].key, "journal/", 8) == 0) {
			count++;
			*bytes_r += host->pairs[i].value_length;
		}
	return count;
}

/* The clock goes on while the engine runs, an hour a step. */
static void run_for(struct host *host, int64_t ms)
{
	for (int64_t passed = 0; passed < ms; passed += HOUR_MS) {
		host->now_ms += HOUR_MS;
		host_simple(host, SL_EVENT_TICK);
	}
	host_settle(host);
}

static void edit_and_push(struct host *host, const char *id, int number)
{
	char text[40];
	snprintf(text, sizeof(text), "draft %d of %s", number, id);
	host_shot(host, 1, id, text);
	host_settle(host);
}

static void entries__become_one_for_each_hour_day_and_week(void **state)
{
	size_t bytes;
	(void)state;
	begin_with_shot();
	for (int day = 0; day < 10; day++)
		for (int hour = 0; hour < 4; hour++) {
			for (int i = 0; i < 5; i++)
				edit_and_push(&a, i % 2 ? "s" : "t", day * 20 + hour * 5 + i);
			run_for(&a, 6 * HOUR_MS);
		}
	for (int i = 0; i < 64; i++)
		edit_and_push(&a, "u", i);
	size_t count = count_entries(&a, &bytes);
	assert_in_range(count, 64, 64 + 4 + 7 + 3);
	host_restart(&a);
	host_undo(&a, host_oldest_entry(&a), 0); /* the project was made then: it goes, but for what came later */
	expect_shot(&a, 1, "u", "draft 63 of u");
}

static void entries__with_words_set_aside_stay_for_their_time(void **state)
{
	size_t bytes;
	(void)state;
	begin_with_shot();
	host_edit(&b, "{'shots':[{'episodeId':1,'id':'s','description':'old','duration':'3s'}]}");
	host_settle(&b);
	host_edit(&a, "{'shots':[{'episodeId':1,'id':'s','description':'old','duration':'4s'}]}");
	host_settle(&a);
	int64_t merge = a.last_entry;
	run_for(&a, 80 * DAY_MS);
	for (int i = 0; i < 140; i++)
		edit_and_push(&a, "t", i);
	assert_int_equal(host_entry(&a, merge).note_count, 1);
	assert_int_equal(a.going, 0);
	run_for(&a, 12 * DAY_MS);
	for (int i = 0; i < 64; i++)
		edit_and_push(&a, "t", i);
	assert_int_equal(a.going, 1); /* the app is told first */
	assert_int_equal(host_entry(&a, merge).note_count, 1);
	run_for(&a, 8 * DAY_MS);
	for (int i = 0; i < 64; i++)
		edit_and_push(&a, "t", i);
	assert_true(count_entries(&a, &bytes) < 100);
	for (size_t i = 0; i < a.pair_count; i++)
		assert_null(strncmp(a.pairs[i].key, "journal/", 8) == 0 ? strstr(a.pairs[i].value, "4s\\\"\",\"theirs") : NULL);
}


static void case_99__entries_do_not_age_by_a_leap_of_the_clock(void **state)
{
	size_t bytes;
	(void)state;
	begin_with_shot();
	for (int i = 0; i < 30; i++)
		edit_and_push(&a, "s", i);
	a.now_ms += 3650 * DAY_MS;
	host_simple(&a, SL_EVENT_TICK);
	host_settle(&a);
	for (int i = 0; i < 70; i++)
		edit_and_push(&a, "t", i);
	size_t count = count_entries(&a, &bytes);
	assert_in_range(count, 70, 72); /* a day has passed, at most */
	a.now_ms -= 7000 * DAY_MS;
	for (int i = 0; i < 70; i++)
		edit_and_push(&a, "t", i);
	assert_true(count_entries(&a, &bytes) >= 140);
}

static void entries__are_cut_at_the_oldest_end_only(void **state)
{
	struct sl_buf text;
	size_t bytes;
	(void)state;
	a.config.journal_bytes = 40000;
	a.cut = true;
	host_restart(&a);
	begin_with_shot();
	a.unchecked = true;
	for (int i = 0; i < 60; i++) {
		sl_buf_init(&text, SIZE_MAX);
		sl_buf_add_text(&text, "{'shots':[{'episodeId':1,'id':'s','description':'");
		for (int word = 0; word < 300; word++) {
			sl_buf_add_int(&text, (word + 1) * 7919 * (i + 1) % 10007);
			sl_buf_add_char(&text, ' ');
		}
		sl_buf_add_text(&text, "'}]}");
		sl_buf_add_char(&text, '\0');
		host_edit(&a, text.bytes);
		host_settle(&a);
		sl_buf_dispose(&text);
		a.now_ms += 1000;
	}
	a.unchecked = false;
	host_simple(&a, SL_EVENT_TICK);
	size_t count = count_entries(&a, &bytes);
	assert_in_range(bytes, 20000, 42000);
	assert_in_range(count, 5, 40);
	host_undo(&a, host_oldest_entry(&a), 0);
}

/* What the engine holds between two events. */
static size_t memory_of(const struct host *host)
{
	const struct sl_engine *engine = host->engine;
	return engine->arenas[0].total_bytes + engine->arenas[1].total_bytes + engine->open.arena.total_bytes;
}

/* What sixty merges of a long script store, and what memory they take. */
static void case_18__merges_of_a_long_script_store_what_they_change(void **state)
{
	struct sl_buf script, text;
	size_t bytes, early = 0;
	(void)state;
	sl_buf_init(&script, SIZE_MAX);
	for (int line = 0; line < 6000; line++) {
		sl_buf_add_text(&script, "Line ");
		sl_buf_add_int(&script, line);
		sl_buf_add_text(&script, " of a script that goes on and on, as scripts do.\\n");
	}
	a.unchecked = b.unchecked = true;
	for (int round = 0; round < 60; round++) {
		if (round == 10)
			early = memory_of(&b);
		for (int side = 0; side < 2; side++) {
			struct host *host = side ? &b : &a;
			sl_buf_init(&text, SIZE_MAX);
			sl_buf_add_text(&text, "{'meta':{'rawScript':'");
			sl_buf_add_text(&text, side ? "" : "A ");
			sl_buf_add_int(&text, round);
			sl_buf_add_text(&text, " begins.\\n");
			sl_buf_add_str(&text, sl_buf_str(&script));
			sl_buf_add_text(&text, side ? "B ends " : "");
			sl_buf_add_int(&text, side ? round : 0);
			sl_buf_add_text(&text, "'}}");
			sl_buf_add_char(&text, '\0');
			host_edit(host, text.bytes);
			host_settle(host);
			sl_buf_dispose(&text);
		}
	}
	assert_in_range(memory_of(&b), script.length, early + script.length);
	assert_true(early < 12 * script.length);
	a.unchecked = b.unchecked = false;
	sync(&a);
	count_entries(&b, &bytes);
	assert_in_range(bytes, 1, script.length / 4);
	sl_buf_dispose(&script);
}

/* A store as version 2 of the format had it: a receipt of a merge, and backups. */
static void stores__of_an_earlier_format_keep_what_they_kept(void **state)
{
	static const struct sl_pair old[] = {
		{ SL_STR("meta"), SL_STR("{\"account\":\"\",\"clearing\":false,\"epoch\":\"e\",\"format\":2,\"nextId\":9,\"pulled\":true,"
			"\"restore\":0,\"revision\":77,\"signedOut\":false,\"version\":5000}") },
		{ SL_STR("base/episodes/1"), SL_STR("V\n{\"title\":\"One\"}") },
		{ SL_STR("base/shots/1/s"), SL_STR("V\n{\"duration\":\"3s\"}") },
		{ SL_STR("receipt/000000000003"), SL_STR("{\"key\":\"shots/1/s\",\"path\":\"/duration\",\"base\":\"2s\",\"mine\":\"4s\","
			"\"theirs\":\"3s\",\"result\":\"3s\",\"rule\":\"lww\",\"kind\":\"value\",\"conflict\":true,\"open\":false,"
			"\"version\":5000}") },
		{ SL_STR("backup/own/000000000004"), SL_STR("{\"reason\":\"replace\",\"version\":5000,\"hashes\":{},"
			"\"delta\":{\"characters\":[{\"id\":\"x\",\"rank\":\"V\",\"name\":\"Young\"}]}}") },
	};
	(void)state;
	for (size_t i = 0; i < LENGTH(old); i++)
		host_write(&a, &(struct sl_write){ old[i].key, old[i].value, false });
	a.cut = a.unchecked = true;
	host_restart(&a);
	a.unchecked = false;
	host_simple(&a, SL_EVENT_TICK);
	for (size_t i = 0; i < a.pair_count; i++)
		assert_false(strncmp(a.pairs[i].key, "receipt/", 8) == 0 || strncmp(a.pairs[i].key, "backup/", 7) == 0);
	int64_t merge = host_entry(&a, 1).cause == SL_CAUSE_MERGE ? 1 : 2; /* pairs come in any order */
	assert_int_equal(host_entry(&a, merge).cause, SL_CAUSE_MERGE);
	assert_int_equal(host_entry(&a, 3 - merge).cause, SL_CAUSE_REPLACE);
	host_undo(&a, merge, 1);
	assert_string_equal(host_data(&a, SL_SHOTS, 1, "s"), "{\"duration\":\"4s\"}");
	host_undo(&a, 3 - merge, 1);
	assert_string_equal(host_data(&a, SL_CHARACTERS, 0, "x"), "{\"name\":\"Young\"}");
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
	const struct CMUnitTest tests[] = {
		TEST(entries__become_one_for_each_hour_day_and_week),
		TEST(entries__with_words_set_aside_stay_for_their_time),
		TEST(case_99__entries_do_not_age_by_a_leap_of_the_clock),
		TEST(entries__are_cut_at_the_oldest_end_only),
		TEST(stores__of_an_earlier_format_keep_what_they_kept),
		TEST(case_18__merges_of_a_long_script_store_what_they_change),
	};
	return cmocka_run_group_tests_name("engine_journal", tests, NULL, NULL);
}
