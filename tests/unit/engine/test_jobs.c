/* What needs entries of the journal, which the host hands in page by page. */
#include "two_devices.h"

#include <stdio.h>

#include "core/engine/private.h"

static void put_pair(struct host *host, const char *key, const char *value)
{
	host_write(host, &(struct sl_write){ sl_str_from(key), sl_str_from(value), false });
}

static const char *pair_of(const struct host *host, const char *key)
{
	for (size_t i = 0; i < host->pair_count; i++)
		if (strcmp(host->pairs[i].key, key) == 0)
			return host->pairs[i].value;
	return "";
}

/* Entries that tell of nothing, but for the first: it tells what shot s once was. */
static void put_journal(struct host *host, unsigned entries, const char *hash)
{
	static const char member[] = "\"journalLast\":";
	char key[40], text[1000], *at;
	for (unsigned i = 1; i <= entries; i++) {
		snprintf(key, sizeof(key), "journal/%012u", i);
		snprintf(text, sizeof(text), i == 1 ? "{\"rows\":[{\"key\":\"shots/1/s\",\"was\":\"%s\",\"absent\":true}]}"
			: "{\"rows\":[]}", hash);
		put_pair(host, key, text);
	}
	snprintf(text, sizeof(text), "%s", pair_of(host, "meta"));
	at = strstr(text, member);
	assert_non_null(at);
	char rest[1000];
	snprintf(rest, sizeof(rest), "%s", strchr(at, ','));
	snprintf(at, sizeof(text) - (size_t)(at - text), "%s%u%s", member, entries, rest);
	put_pair(host, "meta", text);
}

/* The server goes back behind an edit of shot s that both have; another device goes on there. */
static void fall_back(char hash_r[SL_DIGEST_HEX])
{
	struct sl_key key = { SL_SHOTS, 1, SL_STR("s") };
	begin_with_shot();
	sl_engine_row_hash(sl_rowset_find(sl_engine_rows(a.engine), &key), hash_r);
	size_t saved = sync_server_save(&server);
	host_shot(&a, 1, "s", "today");
	host_settle(&a);
	sync_server_restore(&server, saved);
	server.epoch = "second";
}

static void case_20__what_a_row_once_was_here_asks_nobody(void **state)
{
	char hash[SL_DIGEST_HEX];
	(void)state;
	fall_back(hash);
	put_journal(&a, 100, hash);
	host_restart(&a);
	host_settle(&a);
	assert_true(a.loads >= 4); /* pages */
	assert_int_equal(a.opened, 0);
	expect_in_sync(&a);
	expect_shot(&a, 1, "s", "today");
}

static void case_20__typing_goes_on_while_the_journal_is_read(void **state)
{
	char hash[SL_DIGEST_HEX];
	(void)state;
	fall_back(hash);
	put_journal(&a, 100, hash);
	host_restart(&a);
	a.slow_store = true;
	host_settle(&a);
	assert_true(a.has_load);
	host_shot(&a, 1, "s", "today, and more");
	for (int i = 0; i < 10 && a.has_load; i++)
		host_load(&a);
	host_settle(&a);
	assert_int_equal(a.opened, 0);
	expect_in_sync(&a);
	expect_shot(&a, 1, "s", "today, and more");
}

static void doubt__goes_on_without_a_journal_that_cannot_be_read(void **state)
{
	char hash[SL_DIGEST_HEX];
	(void)state;
	fall_back(hash);
	put_journal(&a, 100, hash);
	put_pair(&a, "journal/000000000099", "{");
	host_restart(&a);
	host_settle(&a);
	expect_in_sync(&a);
	assert_int_equal(a.loads, 1);
}

static void pages__that_nobody_asked_for_are_ignored(void **state)
{
	(void)state;
	begin_with_shot();
	struct sl_pair pair = { SL_STR("journal/000000000001"), SL_STR("{}") };
	size_t effects = a.effects;
	assert_int_equal(host_event(&a, (struct sl_event){ .type = SL_EVENT_LOADED, .loaded = { 7, &pair, 1, true } }), SL_OK);
	assert_int_equal(a.effects, effects);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
	const struct CMUnitTest tests[] = {
		TEST(case_20__what_a_row_once_was_here_asks_nobody),
		TEST(case_20__typing_goes_on_while_the_journal_is_read),
		TEST(doubt__goes_on_without_a_journal_that_cannot_be_read),
		TEST(pages__that_nobody_asked_for_are_ignored),
	};
	return cmocka_run_group_tests_name("engine_jobs", tests, NULL, NULL);
}
