/* What the scripted host checks: what must hold after every event, and what tests ask of rows and requests; see engine_host.h. */
#include "host.h"

#include <stdio.h>
#include <stdlib.h>

/* --- what always holds --------------------------------------------------------------------------------------------- */

static size_t count_records(const struct sl_engine *engine)
{
	size_t conflicts = 0, receipts = 0, backups = 0;
	while (sl_engine_conflict(engine, conflicts))
		conflicts++;
	while (sl_engine_receipt(engine, receipts))
		receipts++;
	while (sl_engine_backup(engine, backups))
		backups++;
	assert_true(receipts <= 200 && backups <= 20);
	return conflicts * 1000000 + receipts * 1000 + backups;
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
	assert_int_equal(count_records(other), count_records(host->engine));
	free(pairs);
	sl_engine_free(&other);
}

void host_check(struct host *host)
{
	struct sl_arena arena;
	struct sl_delta difference;
	sl_arena_init(&arena, 0);
	check_store(host);
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
