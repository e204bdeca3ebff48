/* What the scripted host checks: what must hold after every event, and what tests ask of rows and requests; see engine_host.h. */
#include "chain.h"
#include "host.h"

#include <stdio.h>
#include <stdlib.h>

/* --- what always holds --------------------------------------------------------------------------------------------- */

static size_t count_decisions(const struct sl_engine *engine)
{
	size_t count = 0;
	while (sl_engine_conflict(engine, count))
		count++;
	return count;
}

static void check_journal(const struct host *host)
{
	struct sl_pair *pairs = calloc(host->pair_count + 1, sizeof(*pairs));
	struct sl_arena arena;
	sl_arena_init(&arena, 0);
	assert_non_null(pairs);
	for (size_t i = 0; i < host->pair_count; i++)
		pairs[i] = (struct sl_pair){ { host->pairs[i].key, host->pairs[i].key_length },
			{ host->pairs[i].value, host->pairs[i].value_length } };
	const char *wrong = chain_check(pairs, host->pair_count, host->engine, !host->cut, &arena);
	if (wrong)
		fail_msg("the journal: %s", wrong);
	sl_arena_dispose(&arena);
	free(pairs);
}

static void check_store(struct host *host)
{
	struct sl_engine *other;
	struct sl_pair *pairs;
	size_t count = host_pairs(host, &pairs);
	struct sl_event event = { .type = SL_EVENT_START, .start = { pairs, count } };
	struct sl_effects effects;
	struct sl_err err = SL_ERR_INIT;
	assert_int_equal(sl_engine_new(&host->config, &other, &err), SL_OK);
	if (sl_engine_handle(other, &event, &effects, &err) != SL_OK)
		fail_msg("the store can't be read: %s", err.message);
	expect_rows(sl_engine_rows(other), sl_engine_rows(host->engine));
	expect_rows(sl_engine_base(other), sl_engine_base(host->engine));
	assert_true(sl_digest_equal(sl_engine_digest(other), sl_engine_digest(host->engine)));
	assert_int_equal(sl_engine_status(other)->pending, sl_engine_status(host->engine)->pending);
	assert_int_equal(sl_engine_status(other)->quarantined, sl_engine_status(host->engine)->quarantined);
	assert_int_equal(sl_engine_status(other)->version, sl_engine_status(host->engine)->version);
	assert_int_equal(count_decisions(other), count_decisions(host->engine));
	free(pairs);
	sl_engine_free(&other);
}

void host_check(struct host *host)
{
	struct sl_arena arena;
	struct sl_delta difference;
	sl_arena_init(&arena, 0);
	check_store(host);
	if (!host->unchained)
		check_journal(host);
	expect_rows(host->view, sl_engine_rows(host->engine));
	expect_whole(sl_engine_rows(host->engine));
	assert_true(sl_digest_equal(sl_digest_of(sl_engine_base(host->engine)), sl_engine_digest(host->engine)));
	assert_int_equal(sl_delta_difference(sl_engine_base(host->engine), sl_engine_rows(host->engine), &arena, &difference),
		0);
	assert_int_equal(sl_rowset_count(difference.rows) + difference.deleted_count,
		sl_engine_status(host->engine)->pending);
	sl_arena_dispose(&arena);
}

/* --- what tests ask ------------------------------------------------------------------------------------------------ */

void host_undo(struct host *host, int64_t entry, size_t note)
{
	size_t results = host->results;
	struct sl_event event = { .type = SL_EVENT_UNDO, .undo = { entry, note } };
	assert_int_equal(host_event(host, event), SL_OK);
	assert_int_equal(host->results, results + 1);
	assert_int_equal(host->last_result, SL_OK);
}

int64_t host_oldest_entry(const struct host *host)
{
	int64_t oldest = INT64_MAX;
	for (size_t i = 0; i < host->pair_count; i++) {
		int64_t number = sl_journal_number(sl_str_from(host->pairs[i].key));
		oldest = number && number < oldest ? number : oldest;
	}
	return oldest;
}

struct sl_journal_entry host_entry(struct host *host, int64_t number)
{
	struct sl_journal_entry entry;
	char key[40];
	snprintf(key, sizeof(key), "journal/%012lld", (long long)number);
	for (size_t i = 0; i < host->pair_count; i++)
		if (strcmp(host->pairs[i].key, key) == 0) {
			struct sl_str value = { host->pairs[i].value, host->pairs[i].value_length };
			assert_int_equal(sl_journal_read(value, &host->view_arena, &entry), 0);
			return entry;
		}
	fail_msg("there is no entry %lld", (long long)number);
	abort();
}

enum sl_status_word host_word(struct host *host) { return sl_engine_status(host->engine)->word; }
size_t host_pending(struct host *host) { return sl_engine_status(host->engine)->pending; }

const char *host_data(struct host *host, enum sl_entity entity, int64_t episode, const char *id)
{
	struct sl_key key = { entity, episode, sl_str_from(id) };
	const struct sl_row *row = sl_rowset_find(sl_engine_rows(host->engine), &key);
	struct sl_str copy = { "", 0 };
	if (row)
		assert_int_equal(sl_arena_copy(&host->view_arena, row->data, &copy), 0);
	return copy.bytes;
}

void expect_shot(struct host *host, int64_t episode, const char *id, const char *description)
{
	char expected[1024] = "";
	if (description)
		snprintf(expected, sizeof(expected), "{\"description\":\"%s\"}", description);
	assert_string_equal(host_data(host, SL_SHOTS, episode, id), expected);
}

bool host_body_has(struct host *host, const char *text)
{
	char *needle = project_text(text), *body = host_copy(sl_buf_str(&host->body));
	bool found = strstr(body, needle) != NULL;
	free(needle);
	free(body);
	return found;
}

void expect_in_sync(struct host *host)
{
	expect_rows(sl_engine_rows(host->engine), sync_server_store(host->server)->rows);
	assert_int_equal(host_pending(host), 0);
	assert_true(host_word(host) == SL_STATUS_SYNCED || host_word(host) == SL_STATUS_CONFLICT);
	assert_int_equal(sl_engine_status(host->engine)->version, sync_server_store(host->server)->head.version);
}
