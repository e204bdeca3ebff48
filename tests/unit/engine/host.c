/* The scripted host; see engine_host.h. */
#include "host.h"

#include <stdio.h>
#include <stdlib.h>

char *host_copy(struct sl_str text)
{
	char *copy = malloc(text.length + 1);
	if (!copy)
		abort();
	if (text.length)
		memcpy(copy, text.bytes, text.length);
	copy[text.length] = '\0';
	return copy;
}

/* --- the store ----------------------------------------------------------------------------------------------------- */

static size_t find_pair(const struct host *host, struct sl_str key)
{
	size_t i = 0;
	while (i < host->pair_count
		&& !sl_str_equal((struct sl_str){ host->pairs[i].key, host->pairs[i].key_length }, key))
		i++;
	return i;
}

void host_write(struct host *host, const struct sl_write *write)
{
	size_t i = find_pair(host, write->key);
	if (i < host->pair_count) {
		free(host->pairs[i].key);
		free(host->pairs[i].value);
		host->pairs[i] = host->pairs[--host->pair_count];
	}
	if (write->remove)
		return;
	if (host->pair_count == host->pair_capacity) {
		host->pair_capacity = host->pair_capacity ? host->pair_capacity * 2 : 64;
		host->pairs = realloc(host->pairs, host->pair_capacity * sizeof(*host->pairs));
		if (!host->pairs)
			abort();
	}
	host->pairs[host->pair_count++] = (struct host_pair){ host_copy(write->key), host_copy(write->value),
		write->key.length, write->value.length };
}

static bool begins_with(const struct host_pair *pair, const char *prefix)
{
	return strncmp(pair->key, prefix, strlen(prefix)) == 0;
}

size_t host_pairs(const struct host *host, struct sl_pair **pairs_r)
{
	struct sl_pair *pairs = calloc(host->pair_count + 1, sizeof(*pairs));
	size_t count = 0;
	if (!pairs)
		abort();
	/* Backwards: the order must not matter. */
	for (size_t i = host->pair_count; i > 0; i--) {
		const struct host_pair *pair = &host->pairs[i - 1];
		if (!begins_with(pair, "journal/") && !begins_with(pair, "head/"))
			pairs[count++] = (struct sl_pair){ { pair->key, pair->key_length }, { pair->value, pair->value_length } };
	}
	*pairs_r = pairs;
	return count;
}

/* The numbers of stored entries fall from one to the next. */
static int compare_entries(const void *a, const void *b)
{
	return sl_str_compare(((const struct sl_pair *)b)->key, ((const struct sl_pair *)a)->key);
}

void host_load(struct host *host)
{
	struct sl_pair *pairs = calloc(host->pair_count + 1, sizeof(*pairs));
	struct sl_effect load = host->load;
	size_t count = 0;
	if (!pairs)
		abort();
	for (size_t i = 0; i < host->pair_count; i++) {
		const struct host_pair *pair = &host->pairs[i];
		int64_t id = begins_with(pair, load.load.prefix.bytes) ? strtoll(pair->key + load.load.prefix.length, NULL, 10) : -1;
		if (id >= load.load.first && id <= load.load.last)
			pairs[count++] = (struct sl_pair){ { pair->key, pair->key_length }, { pair->value, pair->value_length } };
	}
	qsort(pairs, count, sizeof(*pairs), compare_entries);
	host->has_load = false;
	size_t handed = count < load.load.most ? count : load.load.most;
	struct sl_event event = { .type = SL_EVENT_LOADED,
		.loaded = { load.load.id, pairs, handed, handed == count } };
	assert_int_equal(host_event(host, event), SL_OK);
	free(pairs);
}

/* --- the app ------------------------------------------------------------------------------------------------------- */

static void view_copy(struct host *host)
{
	struct sl_arena old = host->view_arena;
	const struct sl_row *row;
	size_t cursor = 0;
	sl_arena_init(&host->view_arena, 0);
	host->view = sl_rowset_new(&host->view_arena, 16);
	while ((row = sl_rowset_next(sl_engine_rows(host->engine), &cursor))) {
		struct sl_row copy;
		assert_int_equal(sl_row_copy(&host->view_arena, row, &copy), 0);
		assert_non_null(sl_rowset_put(host->view, &copy));
	}
	sl_arena_dispose(&old);
}

static void view_change(struct host *host, const struct sl_delta *delta)
{
	const struct sl_row *row;
	size_t cursor = 0;
	for (size_t i = 0; i < delta->deleted_count; i++)
		sl_rowset_remove(host->view, &delta->deleted[i]);
	while ((row = sl_rowset_next(delta->rows, &cursor))) {
		struct sl_row copy;
		assert_int_equal(sl_row_copy(&host->view_arena, row, &copy), 0);
		assert_non_null(sl_rowset_put(host->view, &copy));
	}
}

static void view_edit(struct host *host, struct sl_str text)
{
	char *copy = host_copy(text);
	struct sl_delta delta = project_delta(copy, &host->view_arena);
	assert_int_equal(sl_delta_apply(&delta, host->view, &host->view_arena), 0);
	free(copy);
}

/* --- effects ------------------------------------------------------------------------------------------------------- */

static void send(struct host *host, const struct sl_request_effect *request)
{
	host->has_request = true;
	host->request = request->id;
	snprintf(host->method, sizeof(host->method), "%s", request->method);
	snprintf(host->path, sizeof(host->path), "%.*s", (int)request->path.length, request->path.bytes);
	sl_buf_clear(&host->body);
	sl_buf_add_str(&host->body, request->body);
	if (strcmp(host->method, "GET") != 0)
		assert_true(host->pulled); /* rule 1 */
	host->sends++;
}

static void keep_batch(struct host *host, const struct sl_write *writes, size_t count)
{
	host->batch = sl_arena_zalloc(&host->view_arena, count + 1, sizeof(*host->batch));
	host->last_batch = count;
	assert_non_null(host->batch);
	for (size_t i = 0; i < count; i++) {
		host->batch[i].remove = writes[i].remove;
		assert_int_equal(sl_arena_copy(&host->view_arena, writes[i].key, &host->batch[i].key), 0);
		assert_int_equal(sl_arena_copy(&host->view_arena, writes[i].value, &host->batch[i].value), 0);
	}
}

static void carry_out(struct host *host, const struct sl_effect *effect)
{
	switch (effect->type) {
	case SL_EFFECT_STORE:
		for (size_t i = 0; i < effect->store.count; i++)
			host_write(host, &effect->store.writes[i]);
		keep_batch(host, effect->store.writes, effect->store.count);
		host->stores++;
		break;
	case SL_EFFECT_LOAD:
		host->has_load = true;
		host->load = *effect;
		host->loads++;
		break;
	case SL_EFFECT_RESULT:
		host->results++;
		host->last_result = effect->result.code;
		break;
	case SL_EFFECT_SEND:
		send(host, &effect->send);
		break;
	case SL_EFFECT_WAKE:
		host->has_wake = true;
		host->wake_ms = effect->wake.at_ms;
		break;
	case SL_EFFECT_CHANGED:
		view_change(host, effect->changed.delta);
		host->changes++;
		host->renames += effect->changed.rename_count;
		break;
	case SL_EFFECT_CONFLICT:
		host->opened += effect->conflict.opened;
		host->closed += !effect->conflict.opened;
		host->last_conflict = effect->conflict.id;
		break;
	case SL_EFFECT_JOURNAL:
		host->entries += !effect->journal.going;
		host->going += effect->journal.going;
		if (!effect->journal.going)
			host->last_entry = effect->journal.id;
		break;
	case SL_EFFECT_STATUS:
		host->statuses++;
		break;
	}
}

/* --- recording ----------------------------------------------------------------------------------------------------- */

static struct sl_str record_text(struct host *host, struct sl_str text)
{
	struct sl_str copy;
	assert_int_equal(sl_arena_copy(&host->record_arena, text, &copy), 0);
	return copy;
}

static struct sl_pair *record_pairs(struct host *host, const struct sl_pair *pairs, size_t count)
{
	struct sl_pair *copies = sl_arena_zalloc(&host->record_arena, count + 1, sizeof(*copies));
	assert_non_null(copies);
	for (size_t i = 0; i < count; i++)
		copies[i] = (struct sl_pair){ record_text(host, pairs[i].key), record_text(host, pairs[i].value) };
	return copies;
}

static void record(struct host *host, struct sl_event event)
{
	if (event.type == SL_EVENT_EDIT) {
		event.edit.delta = record_text(host, event.edit.delta);
		event.edit.before = record_text(host, event.edit.before);
	} else if (event.type == SL_EVENT_REPLACE)
		event.replace.document = record_text(host, event.replace.document);
	else if (event.type == SL_EVENT_LOADED)
		event.loaded.pairs = record_pairs(host, event.loaded.pairs, event.loaded.count);
	else if (event.type == SL_EVENT_HANDED)
		event.handed.pairs = record_pairs(host, event.handed.pairs, event.handed.count);
	else if (event.type == SL_EVENT_ANSWER)
		event.answer.body = record_text(host, event.answer.body);
	else if (event.type == SL_EVENT_RESOLVE)
		event.resolve.own = record_text(host, event.resolve.own);
	if (host->event_count == host->event_capacity) {
		host->event_capacity = host->event_capacity ? host->event_capacity * 2 : 32;
		host->events = realloc(host->events, host->event_capacity * sizeof(*host->events));
		if (!host->events)
			abort();
	}
	host->events[host->event_count++] = event;
}

void host_record(struct host *host)
{
	struct sl_event event = { .type = SL_EVENT_START, .now_ms = host->now_ms };
	struct sl_pair *pairs;
	event.start.count = host_pairs(host, &pairs);
	event.start.pairs = record_pairs(host, pairs, event.start.count);
	free(pairs);
	host->event_count = 0;
	memcpy(event.random, "0123456789abcdef", 16);
	record(host, event);
	host->recording = true;
	/* What is recorded must be what the engine did: it starts anew as the replay does. */
	sl_engine_free(&host->engine);
	host->has_request = host->has_wake = false;
	struct sl_effects effects;
	assert_int_equal(sl_engine_new(&host->config, &host->engine, &host->err), SL_OK);
	assert_int_equal(sl_engine_handle(host->engine, &event, &effects, &host->err), SL_OK);
}

/* --- events -------------------------------------------------------------------------------------------------------- */

static void fill_random(struct host *host, unsigned char random[16])
{
	for (int i = 0; i < 16; i++)
		random[i] = (unsigned char)dice_roll(&host->dice, 256);
}

static void note_own_edit(struct host *host, const struct sl_event *event)
{
	if (event->type == SL_EVENT_EDIT)
		view_edit(host, event->edit.delta);
	else if (event->type == SL_EVENT_REPLACE || event->type == SL_EVENT_START)
		view_copy(host);
}

static void crash(struct host *host)
{
	struct sync_request request = { host->method, { host->path, strlen(host->path) }, sl_buf_str(&host->body) };
	struct sl_buf body;
	host->crash_in = -1;
	sl_buf_init(&body, SIZE_MAX);
	if (host->has_request && host->crash_delivers)
		sync_server_answer(host->server, host->device, &request, &body);
	sl_buf_dispose(&body);
	host_restart(host);
	host->crashed = true;
}

int host_event(struct host *host, struct sl_event event)
{
	struct sl_effects effects;
	event.now_ms = host->now_ms;
	fill_random(host, event.random);
	host->err = (struct sl_err)SL_ERR_INIT;
	host->crashed = false;
	if (host->recording)
		record(host, event);
	int rc = sl_engine_handle(host->engine, &event, &effects, &host->err);
	if (rc == SL_NO_MEMORY || rc == SL_INTERNAL)
		fail_msg("the engine failed: %s", host->err.message);
	if (rc != SL_OK)
		return rc;
	if (host->view)
		note_own_edit(host, &event);
	for (size_t i = 0; i < effects.count; i++) {
		assert_true(effects.items[i].type != SL_EFFECT_STORE || i == 0);
		if (host->crash_in == 0) {
			crash(host);
			return SL_OK;
		}
		host->crash_in -= host->crash_in > 0;
		host->effects++;
		carry_out(host, &effects.items[i]);
	}
	if (!host->unchecked)
		host_check(host);
	if (host->has_load && !host->slow_store)
		host_load(host);
	return SL_OK;
}

void host_simple(struct host *host, enum sl_event_type type)
{
	assert_int_equal(host_event(host, (struct sl_event){ .type = type }), SL_OK);
}

/* --- from opening to closing --------------------------------------------------------------------------------------- */

void host_start(struct host *host)
{
	struct sl_pair *pairs;
	size_t count = host_pairs(host, &pairs);
	host->config.size = sizeof(host->config);
	assert_int_equal(sl_engine_new(&host->config, &host->engine, &host->err), SL_OK);
	sl_arena_dispose(&host->view_arena);
	host->batch = NULL;
	host->last_batch = 0;
	host->view = sl_rowset_new(&host->view_arena, 16);
	int rc = host_event(host, (struct sl_event){ .type = SL_EVENT_START, .start = { pairs, count } });
	free(pairs);
	if (rc != SL_OK)
		fail_msg("can't start: %s", host->err.message);
}

void host_open(struct host *host, struct sync_server *server, size_t device)
{
	*host = (struct host){ .server = server, .device = device, .now_ms = 1000000, .crash_in = -1,
		.dice = { 77 + device } };
	sl_arena_init(&host->view_arena, 0);
	sl_buf_init(&host->body, SIZE_MAX);
	host_start(host);
}

void host_restart(struct host *host)
{
	bool was_online = host->signed_in;
	sl_engine_free(&host->engine);
	host->has_request = host->has_wake = host->has_load = false;
	host_start(host);
	if (was_online)
		host_simple(host, SL_EVENT_ONLINE);
}

void host_close(struct host *host)
{
	sl_engine_free(&host->engine);
	for (size_t i = 0; i < host->pair_count; i++) {
		free(host->pairs[i].key);
		free(host->pairs[i].value);
	}
	free(host->pairs);
	free(host->events);
	sl_arena_dispose(&host->record_arena);
	sl_arena_dispose(&host->view_arena);
	sl_buf_dispose(&host->body);
}

/* --- edits --------------------------------------------------------------------------------------------------------- */

int host_try_edit(struct host *host, const char *delta, const char *before)
{
	char *text = project_text(delta), *seen = before ? project_text(before) : NULL;
	struct sl_event event = { .type = SL_EVENT_EDIT,
		.edit = { .delta = sl_str_from(text), .before = sl_str_from(seen),
			.revision = seen ? 0 : sl_engine_revision(host->engine) } };
	int rc = host_event(host, event);
	free(text);
	free(seen);
	return rc;
}

void host_edit(struct host *host, const char *delta)
{
	if (host_try_edit(host, delta, NULL) != SL_OK)
		fail_msg("refused: %s %s", host->err.path, host->err.message);
}

void host_shot(struct host *host, int64_t episode, const char *id, const char *description)
{
	char text[1024];
	snprintf(text, sizeof(text), "{'shots':[{'episodeId':%lld,'id':'%s','description':'%s'}]}", (long long)episode, id,
		description);
	host_edit(host, text);
}
