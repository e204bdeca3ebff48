/* A host of the engine for its fuzz harness: a store, a clock, one request at a time, a server. Every event goes to the
 * engine as JSON, and its effects come back as JSON, like those of a browser.
 */
#ifndef TESTS_FUZZ_HOST_H
#define TESTS_FUZZ_HOST_H

#include <stdlib.h>

#include "steps.h"

#include "unit/engine/sync_server.h"
#include "core/engine/json.h"
#include "core/text/tokens.h"
#include "core/json/write.h"

struct host {
	struct sl_arena arena;
	struct sl_engine *engine;
	struct sl_rowset *store;    /* a value is the data of a row of meta, its key the id */
	struct sync_server server;
	int64_t now_ms, wake_ms;
	uint64_t events;            /* so far: what random bytes are made of */
	bool online, cleared;
	bool pulled;                /* a pull was answered, and no push was refused for want of one since */
	bool has_request, is_pull;
	bool has_load;              /* a page of the journal was asked for */
	struct sl_effect load;
	int64_t request;
	struct sl_str path, body;
	int crash_in;               /* effects that are still carried out before a crash; less than 0: none */
	struct sl_rowset *shown;    /* by the app: its own edits, and what the engine told */
	struct sl_str undecided;    /* the last one's id, until an answer may have decided on it */
	struct sl_rowset *held;     /* rows that the server has to get again; or NULL */
	struct sl_rowset *sent;     /* the bodies of operations, as the data of a row, by their id */
	struct sl_buf had;          /* words that base got from others: the user may have taken them away since */
	bool tampered;              /* the store was damaged: the engine may say so, and then the run ends */
	bool over;
	struct sl_buf state;        /* as host_describe has it, after the last event */
};

static inline struct sl_str host_keep(struct host *host, struct sl_str text)
{
	struct sl_str copy;
	CHECK(sl_arena_copy(&host->arena, text, &copy) == 0);
	return copy;
}

/* --- what the engine holds -------------------------------------------------------------------------------------- */

static inline void host_describe_rows(const struct sl_rowset *rows, struct sl_arena *arena, struct sl_buf *out)
{
	struct sl_row **sorted = sl_rowset_sorted(rows, arena);
	for (size_t i = 0; i < sl_rowset_count(rows); i++) {
		sl_buf_add_text(out, sl_entity_name(sorted[i]->key.entity));
		sl_key_write(out, &sorted[i]->key);
		sl_buf_add_str(out, sorted[i]->rank);
		sl_buf_add_str(out, sorted[i]->data);
		sl_buf_add_char(out, '\n');
	}
}

/* What the entry tells of merges; not what its rows were before. */
static inline void host_describe_entry(struct sl_str key, struct sl_str value, struct sl_arena *arena, struct sl_buf *out)
{
	struct sl_journal_entry entry;
	if (sl_journal_number(key) && key.bytes[0] == 'j' && value.length && sl_journal_read(value, arena, &entry) == 0)
		sl_engine_json_entry(&entry, out);
}

/* What the user sees and what asks for a decision; nothing of it only in base. */
static inline void host_describe_seen(const struct sl_engine *engine, struct sl_arena *arena, struct sl_buf *out)
{
	host_describe_rows(sl_engine_rows(engine), arena, out);
	CHECK(sl_engine_json_conflicts(engine, out) == 0);
}

/* All that lasts, as text. */
static inline void host_describe(const struct sl_engine *engine, struct sl_buf *out)
{
	const struct sl_status *status = sl_engine_status(engine);
	const int64_t numbers[] = { status->version, (int64_t)status->pending, (int64_t)status->quarantined,
		(int64_t)status->conflicts };
	struct sl_arena arena;
	sl_arena_init(&arena, 0);
	struct sl_rowset *refused = sl_rowset_new(&arena, 8);
	struct sl_quarantined row;
	for (size_t cursor = 0; sl_engine_next_quarantined(engine, &cursor, &row) > 0;)
		CHECK(sl_rowset_put(refused, &(struct sl_row){ .key = row.key, .data = sl_str_from(row.reason) }));
	host_describe_seen(engine, &arena, out);
	host_describe_rows(sl_engine_base(engine), &arena, out);
	host_describe_rows(refused, &arena, out);
	for (size_t i = 0; i < sizeof(numbers) / sizeof(numbers[0]); i++) {
		sl_buf_add_int(out, numbers[i]);
		sl_buf_add_char(out, ' ');
	}
	CHECK(sl_buf_code(out) == 0);
	sl_arena_dispose(&arena);
}

/* --- events ----------------------------------------------------------------------------------------------------- */

static inline json_t *host_text(struct sl_str text)
{
	json_t *value = json_stringn(text.length ? text.bytes : "", text.length);
	CHECK(value);
	return value;
}

static inline void host_set(json_t *object, const char *name, json_t *value)
{
	CHECK(json_object_set_new(object, name, value) == 0);
}

/* An event of this type, with the time and random bytes of now. */
static inline json_t *host_new_event(struct host *host, const char *type)
{
	json_t *event = json_object();
	XXH128_hash_t hash = XXH3_128bits(&host->events, sizeof(host->events));
	char hex[SL_DIGEST_HEX];
	host->events++;
	sl_digest_format((struct sl_digest){ hash.high64, hash.low64 }, hex);
	host_set(event, "type", json_string(type));
	host_set(event, "now", json_integer(host->now_ms));
	host_set(event, "random", json_string(hex));
	return event;
}

static inline bool host_begins_with(struct sl_str text, const char *prefix)
{
	return text.length > strlen(prefix) && memcmp(text.bytes, prefix, strlen(prefix)) == 0;
}

static inline json_t *host_pair(const struct sl_row *row)
{
	return json_pack("[oo]", host_text(row->key.id), host_text(row->data));
}

static inline json_t *host_start_event(struct host *host)
{
	json_t *event = host_new_event(host, "start"), *pairs = json_array();
	const struct sl_row *row;
	size_t cursor = 0;
	while ((row = sl_rowset_next(host->store, &cursor)))
		if (!host_begins_with(row->key.id, "journal/") && !host_begins_with(row->key.id, "head/"))
			CHECK(json_array_append_new(pairs, host_pair(row)) == 0);
	host_set(event, "pairs", pairs);
	return event;
}

/* The page of the journal that was asked for. */
static inline json_t *host_loaded_event(struct host *host)
{
	json_t *event = host_new_event(host, "loaded"), *pairs = json_array();
	const struct sl_row *row;
	size_t cursor = 0, found = 0;
	while ((row = sl_rowset_next(host->store, &cursor))) {
		struct sl_str prefix = host->load.load.prefix;
		int64_t id = host_begins_with(row->key.id, prefix.bytes) ? strtoll(row->key.id.bytes + prefix.length, NULL, 10) : -1;
		if (id < host->load.load.first || id > host->load.load.last)
			continue;
		size_t at = 0;
		while (at < found && strcmp(json_string_value(json_array_get(json_array_get(pairs, at), 0)), row->key.id.bytes) > 0)
			at++;
		CHECK(json_array_insert_new(pairs, at, host_pair(row)) == 0);
		found++;
	}
	host_set(event, "complete", json_boolean(found <= host->load.load.most));
	while (json_array_size(pairs) > host->load.load.most)
		json_array_remove(pairs, json_array_size(pairs) - 1);
	host_set(event, "id", json_integer(host->load.load.id));
	host_set(event, "pairs", pairs);
	host->has_load = false;
	return event;
}

/* Gives the event, of which the reference is stolen, to the engine by way of its text. */
static inline int host_handle(struct sl_engine *engine, json_t *json, struct sl_effects *effects_r)
{
	struct sl_arena arena;
	struct sl_event event;
	struct sl_buf text;
	struct sl_err err = SL_ERR_INIT;
	sl_arena_init(&arena, 0);
	sl_buf_init(&text, SIZE_MAX);
	sl_json_write(&text, json);
	*effects_r = (struct sl_effects){ NULL, 0 };
	int code = sl_engine_json_read(sl_buf_str(&text), &arena, &event, &err);
	if (code == 0)
		code = sl_engine_handle(engine, &event, effects_r, &err);
	CHECK(code == err.code && (code == 0) == (err.message[0] == '\0'));
	json_decref(json);
	sl_buf_dispose(&text);
	sl_arena_dispose(&arena);
	return code;
}

/* --- effects ---------------------------------------------------------------------------------------------------- */

static inline void host_store(struct host *host, const struct sl_write *write)
{
	struct sl_row row = { .key = { SL_META, 0, host_keep(host, write->key) }, .data = host_keep(host, write->value) };
	CHECK(write->key.length > 0 && (!write->remove || write->value.length == 0));
	if (write->remove)
		sl_rowset_remove(host->store, &row.key);
	else
		CHECK(sl_rowset_put(host->store, &row));
}

/* Only a user who clears the project empties it. */
static inline void host_check_new(const struct host *host, const json_t *body)
{
	bool empties = sl_rows_is_empty_project(sl_engine_rows(host->engine))
		&& !sl_rows_is_empty_project(sl_engine_base(host->engine)) && json_object_get(body, "delta");
	CHECK(!empties || json_is_true(json_object_get(body, "allowEmpty")));
	CHECK(!json_object_get(body, "allowEmpty") || host->cleared);
}

/* The same id never goes with other bytes, and no other id before the fate of the last is known. */
static inline void host_note_sent(struct host *host)
{
	json_t *body = fuzz_parse(host->body);
	const char *id = json_string_value(json_object_get(body, "opId"));
	CHECK(id);
	struct sl_row row = { .key = { SL_META, 0, host_keep(host, sl_str_from(id)) }, .data = host->body };
	const struct sl_row *known = sl_rowset_find(host->sent, &row.key);
	CHECK(!known || sl_str_equal(known->data, host->body));
	CHECK(host->undecided.length == 0 || sl_str_equal(host->undecided, row.key.id));
	host->undecided = row.key.id;
	if (!known)
		host_check_new(host, body);
	CHECK(sl_rowset_put(host->sent, &row));
	json_decref(body);
}

/* Rows and keys in the arena of the host. */
static inline void host_show(struct host *host, const struct sl_delta *delta)
{
	const struct sl_row *row;
	struct sl_row copy;
	for (size_t i = 0; i < delta->deleted_count; i++)
		sl_rowset_remove(host->shown, &delta->deleted[i]);
	for (size_t cursor = 0; (row = sl_rowset_next(delta->rows, &cursor));)
		CHECK(sl_row_copy(&host->arena, row, &copy) == 0 && sl_rowset_put(host->shown, &copy));
}

static inline void host_show_all(struct host *host)
{
	struct sl_delta all = { (struct sl_rowset *)sl_engine_rows(host->engine), NULL, 0 };
	host->shown = sl_rowset_new(&host->arena, 16);
	host_show(host, &all);
}

/* What the app did by itself with this event, which was taken. */
static inline void host_show_own(struct host *host, const char *type, const json_t *given)
{
	struct sl_delta delta;
	host->cleared |= strcmp(type, "clear") == 0;
	if (strcmp(type, "replace") == 0)
		host_show_all(host);
	if (strcmp(type, "edit") == 0)
		CHECK(sl_delta_from_json(given, &host->arena, &delta, NULL) == 0
			&& sl_delta_apply(&delta, host->shown, &host->arena) == 0);
}

static inline void host_send(struct host *host, const struct sl_request_effect *send)
{
	host->has_request = true;
	host->is_pull = strcmp(send->method, "GET") == 0;
	host->request = send->id;
	host->path = host_keep(host, send->path);
	host->body = host_keep(host, send->body);
	if (!host->is_pull && !host->tampered)
		host_note_sent(host);
	CHECK(host->is_pull || host->pulled || host->tampered); /* no push before a completed pull */
}

static inline void host_carry_out(struct host *host, const struct sl_effect *effect)
{
	if (effect->type == SL_EFFECT_STORE)
		for (size_t i = 0; i < effect->store.count; i++)
			host_store(host, &effect->store.writes[i]);
	else if (effect->type == SL_EFFECT_SEND)
		host_send(host, &effect->send);
	else if (effect->type == SL_EFFECT_LOAD) {
		host->load = *effect;
		host->has_load = true;
	} else if (effect->type == SL_EFFECT_CHANGED)
		host_show(host, effect->changed.delta);
	else if (effect->type == SL_EFFECT_WAKE)
		host->wake_ms = effect->wake.at_ms;
}

static inline void host_check_text(const struct sl_effects *effects)
{
	struct sl_buf text;
	sl_buf_init(&text, SIZE_MAX);
	CHECK(sl_engine_json_write(effects, &text) == 0);
	json_t *list = fuzz_parse(sl_buf_str(&text));
	CHECK(json_is_array(list) && json_array_size(list) == effects->count);
	json_decref(list);
	sl_buf_dispose(&text);
}

/* --- the store -------------------------------------------------------------------------------------------------- */

/* Bytes of one pair, each replaced by the next one of the line; none: the pair is gone. What has no line of its own in
 * JSON, zeros and parts of characters, stays. */
static inline void host_damage(struct host *host, struct input *line)
{
	size_t index = sl_rowset_count(host->store) ? next_number(line) % sl_rowset_count(host->store) : 0, cursor = 0;
	struct sl_row *row = sl_rowset_next(host->store, &cursor);
	while (row && index-- > 0)
		row = sl_rowset_next(host->store, &cursor);
	if (!row)
		return;
	host->tampered = true;
	if (line->left == 0)
		sl_rowset_remove(host->store, &(struct sl_key){ SL_META, 0, row->key.id });
	struct sl_buf value;
	sl_buf_init(&value, SIZE_MAX);
	sl_buf_add_str(&value, row->data);
	while (line->left > 0 && value.length > 0) {
		size_t at = next_number(line) % value.length;
		char c = (char)(next(line) & 0x7f);
		if (c != '\0' && !(value.bytes[at] & 0x80))
			value.bytes[at] = c;
	}
	row->data = host_keep(host, sl_buf_str(&value));
	sl_buf_dispose(&value);
}

/* --- the server ------------------------------------------------------------------------------------------------- */

/* What the server answers to a request of device 0, ours, or 1. */
static inline int host_ask(struct host *host, size_t device, bool is_pull, struct sl_str path, struct sl_str body,
	struct sl_buf *out)
{
	struct sync_request request = { is_pull ? "GET" : path.length > 8 ? "POST" : "PUT", path, body };
	host->server.now_ms += 7;
	return sync_server_answer(&host->server, device, &request, out);
}

static inline void host_push_other(struct host *host, const struct sl_delta *delta)
{
	struct sl_buf body, out;
	sl_buf_init(&body, SIZE_MAX);
	sl_buf_init(&out, SIZE_MAX);
	host_ask(host, 1, true, SL_STR("/project?since=0"), SL_STR(""), &out);
	sl_buf_add_text(&body, "{\"opId\":\"other-");
	sl_buf_add_int(&body, (int64_t)host->events++);
	sl_buf_add_text(&body, "\",\"allowEmpty\":true,\"baseVersion\":");
	sl_buf_add_int(&body, sync_server_store(&host->server)->head.version);
	sl_buf_add_text(&body, ",\"delta\":");
	CHECK(sl_delta_write(delta, &body) == 0);
	sl_buf_add_char(&body, '}');
	int status = host_ask(host, 1, false, SL_STR("/project"), sl_buf_str(&body), &out);
	CHECK(status == 200 || status == 422 || status == 413);
	sl_buf_dispose(&body);
	sl_buf_dispose(&out);
}

static inline void host_operate(struct host *host, uint8_t verb)
{
	static const char *const epochs[] = { "first", "second", "third" };
	struct sync_server *server = &host->server;
	if (verb == 'S' && server->state_count < SERVER_STATES - 1)
		sync_server_save(server);
	else if (verb == 'R' && server->state_count < SERVER_STATES - 1)
		sync_server_restore(server, 0);
	else if (verb == 'E')
		server->epoch = epochs[host->events % 3];
	else if (verb == 'T')
		memory_store_drop_tombstones(sync_server_store(server), sync_server_store(server)->head.version);
}

#endif
