/* Operations: what is pushed, and what becomes of rows that the server refuses; see engine_inside.h. Keeps true: an operation's
 * bytes never change; what it holds is ordered so that no part of it empties a project or lacks its episode; a refused row
 * holds up nothing but its own scenes and shots. Rules: merge.md "Client engine" 1, 2, 5; protocol.md "Project". */
#include "core/engine_inside.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "core/canon.h"

/* --- what may be pushed ------------------------------------------------------------------------------------------- */

/* A scene or shot whose episode the server has not, and will not get yet. */
static bool lacks_parent(const struct sl_engine *engine, const struct sl_key *key)
{
	struct sl_key parent = sl_key_of_episode(key->episode);
	return sl_entity_has_episode(key->entity) && sl_rowset_find(engine->local, key)
		&& !sl_rowset_find(engine->base, &parent) && sl_rowset_find(engine->quarantine, &parent);
}

static bool is_held(const struct sl_engine *engine, const struct sl_key *key)
{
	return sl_rowset_find(engine->quarantine, key) || lacks_parent(engine, key);
}

bool sl_engine_has_work(const struct sl_engine *engine)
{
	const struct sl_row *mark;
	size_t cursor = 0;
	while ((mark = sl_rowset_next(engine->pending, &cursor)))
		if (!is_held(engine, &mark->key))
			return true;
	return false;
}

/* Rule 1: nothing but the user's own word empties a project that isn't. */
static bool would_empty(const struct sl_engine *engine)
{
	return !engine->meta.clearing && sl_rows_is_empty_project(engine->local)
		&& !sl_rows_is_empty_project(engine->base);
}

/* --- making one --------------------------------------------------------------------------------------------------- */

static int compare_keys(const void *a, const void *b)
{
	return sl_key_compare(*(const struct sl_key *const *)a, *(const struct sl_key *const *)b);
}

/* The pending keys that aren't held, in order: episodes before their scenes and shots. */
static int sorted_keys(struct sl_engine *engine, const struct sl_key ***keys_r, size_t *count_r)
{
	const struct sl_row *mark;
	size_t cursor = 0, count = 0;
	const struct sl_key **keys = sl_arena_alloc(&engine->scratch,
		(sl_rowset_count(engine->pending) + 1) * sizeof(*keys));
	if (!keys)
		return SL_NO_MEMORY;
	while ((mark = sl_rowset_next(engine->pending, &cursor)))
		if (!is_held(engine, &mark->key))
			keys[count++] = &mark->key;
	qsort(keys, count, sizeof(*keys), compare_keys);
	*keys_r = keys;
	*count_r = count;
	return SL_OK;
}

/* About the bytes of a written row, or of a deletion (NULL). */
static size_t cost_of(const struct sl_key *key, const struct sl_row *row)
{
	return key->id.length + 64 + (row ? row->data.length + row->rank.length : 0);
}

static size_t cost_of_delta(const struct sl_delta *delta)
{
	const struct sl_row *row;
	size_t cursor = 0, bytes = 0;
	while ((row = sl_rowset_next(delta->rows, &cursor)))
		bytes += cost_of(&row->key, row);
	for (size_t i = 0; i < delta->deleted_count; i++)
		bytes += cost_of(&delta->deleted[i], NULL);
	return bytes;
}

/* As much as one operation takes: at least one row; deletions only when all writes are in, so that a large import never
 * leaves the project empty on its way. */
static int choose_rows(struct sl_engine *engine, struct sl_delta *delta_r)
{
	const struct sl_key **keys;
	size_t count, bytes = 0;
	struct sl_keys deleted = { .arena = &engine->scratch };
	bool full = false;
	int rc = sorted_keys(engine, &keys, &count);
	*delta_r = (struct sl_delta){ sl_rowset_new(&engine->scratch, 16), NULL, 0 };
	if (rc != SL_OK || !delta_r->rows)
		return SL_NO_MEMORY;
	for (size_t i = 0; i < count && !full; i++) {
		const struct sl_row *row = sl_rowset_find(engine->local, keys[i]);
		if (!row)
			continue;
		bytes += cost_of(keys[i], row);
		full = bytes > engine->push_bytes && sl_rowset_count(delta_r->rows) > 0;
		if (!full && !sl_rowset_put(delta_r->rows, row))
			return SL_NO_MEMORY;
	}
	for (size_t i = 0; i < count && !full; i++) {
		if (sl_rowset_find(engine->local, keys[i]))
			continue;
		bytes += cost_of(keys[i], NULL);
		full = bytes > engine->push_bytes && (deleted.count > 0 || sl_rowset_count(delta_r->rows) > 0);
		if (!full && sl_keys_add(&deleted, keys[i]) != SL_OK)
			return SL_NO_MEMORY;
	}
	delta_r->deleted = deleted.items;
	delta_r->deleted_count = deleted.count;
	return SL_OK;
}

/* Unique even should the random bytes repeat. */
static int make_id(struct sl_engine *engine, struct sl_str *id_r)
{
	char text[64];
	size_t length = 0;
	for (size_t i = 0; i < sizeof(engine->random); i++)
		length += (size_t)snprintf(text + length, sizeof(text) - length, "%02x", engine->random[i]);
	length += (size_t)snprintf(text + length, sizeof(text) - length, "-%" PRId64, engine->meta.next_id++);
	return sl_engine_keep(engine, (struct sl_str){ text, length }, id_r);
}

static int keep_op(struct sl_engine *engine, struct sl_buf *body, struct sl_str id, bool restores)
{
	engine->op = (struct sl_operation){ .id = id, .restores = restores };
	int rc = sl_buf_code(body) == SL_OK ? sl_engine_keep(engine, sl_buf_str(body), &engine->op.body) : SL_NO_MEMORY;
	sl_buf_dispose(body);
	return rc;
}

static int make_push(struct sl_engine *engine, const struct sl_delta *delta)
{
	struct sl_buf body;
	struct sl_str id;
	if (make_id(engine, &id) != SL_OK)
		return SL_NO_MEMORY;
	sl_buf_init(&body, SIZE_MAX);
	sl_buf_add_text(&body, "{\"baseVersion\":");
	sl_buf_add_int(&body, engine->meta.version);
	sl_buf_add_text(&body, ",\"opId\":");
	sl_canon_string(&body, id);
	sl_buf_add_text(&body, ",\"onStale\":\"rebase\"");
	if (engine->meta.clearing && sl_rows_is_empty_project(engine->local))
		sl_buf_add_text(&body, ",\"allowEmpty\":true");
	sl_buf_add_text(&body, ",\"delta\":");
	if (sl_delta_write(delta, &body) == SL_OK)
		sl_buf_add_char(&body, '}');
	return keep_op(engine, &body, id, false);
}

static int make_restore(struct sl_engine *engine)
{
	struct sl_buf body;
	struct sl_str id;
	if (make_id(engine, &id) != SL_OK)
		return SL_NO_MEMORY;
	sl_buf_init(&body, SIZE_MAX);
	sl_buf_add_text(&body, "{\"version\":");
	sl_buf_add_int(&body, engine->meta.restore_version);
	sl_buf_add_text(&body, ",\"baseVersion\":");
	sl_buf_add_int(&body, engine->meta.version);
	sl_buf_add_text(&body, ",\"opId\":");
	sl_canon_string(&body, id);
	sl_buf_add_char(&body, '}');
	return keep_op(engine, &body, id, true);
}

int sl_engine_make_op(struct sl_engine *engine)
{
	struct sl_delta delta;
	bool work = sl_engine_has_work(engine);
	if (work && would_empty(engine))
		engine->guarded = true;
	if (!work || engine->guarded)
		return engine->meta.restore_version ? make_restore(engine) : SL_OK;
	int rc = choose_rows(engine, &delta);
	return rc == SL_OK ? make_push(engine, &delta) : rc;
}

void sl_engine_drop_op(struct sl_engine *engine)
{
	engine->op = (struct sl_operation){ .restores = false };
}

/* --- reading it --------------------------------------------------------------------------------------------------- */

static int parse_body(struct sl_engine *engine, json_t **body_r)
{
	struct sl_err ignored = SL_ERR_INIT;
	*body_r = NULL;
	int rc = sl_canon_parse(engine->op.body, body_r, &ignored);
	return rc == SL_OK || rc == SL_NO_MEMORY ? rc : SL_INTERNAL;
}

int sl_engine_op_delta(struct sl_engine *engine, struct sl_delta *delta_r)
{
	struct sl_err ignored = SL_ERR_INIT;
	json_t *body;
	int rc = parse_body(engine, &body);
	if (rc == SL_OK)
		rc = sl_delta_from_json(json_object_get(body, "delta"), &engine->scratch, delta_r, &ignored);
	json_decref(body);
	return rc;
}

/* --- refused rows ------------------------------------------------------------------------------------------------- */

static int quarantine(struct sl_engine *engine, const struct sl_key *key, struct sl_str reason)
{
	const struct sl_row *mark = sl_rowset_find(engine->pending, key);
	struct sl_row entry = { .data = reason };
	struct sl_str name;
	if (!mark)
		return SL_OK; /* taken back by the user meanwhile */
	entry.key = mark->key;
	if (sl_engine_keep(engine, reason.length ? reason : SL_STR("refused"), &entry.data) != SL_OK
		|| !sl_rowset_put(engine->quarantine, &entry)
		|| sl_engine_row_key(engine, "quarantine/", key, &name) != SL_OK)
		return SL_NO_MEMORY;
	return sl_engine_put(engine, name, entry.data);
}

/* Whether local still holds what the operation does for this key: what was edited meanwhile gets another try. */
static bool is_as_sent(const struct sl_engine *engine, const struct sl_delta *op, const struct sl_key *key)
{
	const struct sl_row *sent = sl_rowset_find(op->rows, key), *local = sl_rowset_find(engine->local, key);
	return sent && local ? sl_row_same_content(sent, local) : !sent && !local;
}

/* The next part of a JSON Pointer, unescaped into the arena; false at its end. */
static bool next_token(struct sl_str *pointer, struct sl_arena *arena, struct sl_str *token_r)
{
	if (pointer->length == 0 || pointer->bytes[0] != '/')
		return false;
	char *text = sl_arena_alloc(arena, pointer->length);
	size_t length = 0, at = 1;
	if (!text)
		return false;
	for (; at < pointer->length && pointer->bytes[at] != '/'; at++) {
		char c = pointer->bytes[at];
		if (c == '~' && at + 1 < pointer->length)
			c = pointer->bytes[++at] == '1' ? '/' : '~';
		text[length++] = c;
	}
	*token_r = (struct sl_str){ text, length };
	*pointer = (struct sl_str){ pointer->bytes + at, pointer->length - at };
	return true;
}

static bool is_index(struct sl_str token, size_t *index_r)
{
	*index_r = 0;
	for (size_t i = 0; i < token.length; i++) {
		if (token.bytes[i] < '0' || token.bytes[i] > '9' || i > 8)
			return false;
		*index_r = *index_r * 10 + (size_t)(token.bytes[i] - '0');
	}
	return token.length > 0;
}

/* The key of the `index`-th row (or deletion) of an entity, in the order of the operation. */
static bool key_at(const struct sl_delta *op, enum sl_entity entity, bool deleted, size_t index, struct sl_key *key_r)
{
	const struct sl_row *row;
	size_t cursor = 0;
	if (!deleted) {
		while ((row = sl_rowset_next(op->rows, &cursor)))
			if (row->key.entity == entity && index-- == 0) {
				*key_r = row->key;
				return true;
			}
		return false;
	}
	for (size_t i = 0; i < op->deleted_count; i++)
		if (op->deleted[i].entity == entity && index-- == 0) {
			*key_r = op->deleted[i];
			return true;
		}
	return false;
}

static bool meta_key(struct sl_str *pointer, struct sl_arena *arena, struct sl_key *key_r)
{
	struct sl_str name, member;
	*key_r = (struct sl_key){ SL_META, 0, { NULL, 0 } };
	if (!next_token(pointer, arena, &name))
		return false;
	key_r->id = name;
	if (!sl_str_equal(name, SL_STR("context")) || !next_token(pointer, arena, &member))
		return true;
	char *text = sl_arena_alloc(arena, member.length + 8);
	if (!text)
		return false;
	memcpy(text, "context.", 8);
	memcpy(text + 8, member.bytes, member.length);
	key_r->id = (struct sl_str){ text, member.length + 8 };
	return true;
}

/* The row of the operation that a fault's path lies in: "/delta/shots/3/title", "/delta/meta/fileName". */
static bool key_of_path(struct sl_str path, const struct sl_delta *op, struct sl_arena *arena, struct sl_key *key_r)
{
	struct sl_str token;
	size_t index;
	bool deleted = false;
	if (!next_token(&path, arena, &token) || !sl_str_equal(token, SL_STR("delta")) || !next_token(&path, arena, &token))
		return false;
	if (sl_str_equal(token, SL_STR("meta")))
		return meta_key(&path, arena, key_r);
	if (sl_str_equal(token, SL_STR("deleted"))) {
		deleted = true;
		if (!next_token(&path, arena, &token))
			return false;
	}
	enum sl_entity entity = sl_entity_from_name(token);
	return entity != SL_ENTITIES && next_token(&path, arena, &token) && is_index(token, &index)
		&& key_at(op, entity, deleted, index, key_r);
}

static struct sl_str text_of(const json_t *text)
{
	return (struct sl_str){ json_string_value(text), json_string_length(text) };
}

/* How many faults name a row of the operation; their rows go to quarantine. */
static int quarantine_named(struct sl_engine *engine, const struct sl_delta *op, const json_t *faults, size_t *named_r)
{
	const json_t *fault;
	size_t index;
	int rc = SL_OK;
	json_array_foreach((json_t *)faults, index, fault) {
		struct sl_key key;
		if (rc != SL_OK || !key_of_path(text_of(json_object_get(fault, "path")), op, &engine->scratch, &key))
			continue;
		++*named_r;
		if (is_as_sent(engine, op, &key))
			rc = quarantine(engine, &key, text_of(json_object_get(fault, "reason")));
	}
	return rc;
}

static int quarantine_only_row(struct sl_engine *engine, const struct sl_delta *op, const char *reason)
{
	const struct sl_row *row;
	size_t cursor = 0;
	int rc = SL_OK;
	while (rc == SL_OK && (row = sl_rowset_next(op->rows, &cursor)))
		if (is_as_sent(engine, op, &row->key))
			rc = quarantine(engine, &row->key, sl_str_from(reason));
	for (size_t i = 0; rc == SL_OK && i < op->deleted_count; i++)
		if (is_as_sent(engine, op, &op->deleted[i]))
			rc = quarantine(engine, &op->deleted[i], sl_str_from(reason));
	return rc;
}

int sl_engine_refuse_rows(struct sl_engine *engine, const json_t *problem, const char *reason)
{
	struct sl_delta op;
	size_t named = 0;
	int rc = sl_engine_op_delta(engine, &op);
	if (rc == SL_OK)
		rc = quarantine_named(engine, &op, json_object_get(problem, "faults"), &named);
	if (rc == SL_OK && named == 0) {
		if (sl_rowset_count(op.rows) + op.deleted_count > 1)
			engine->push_bytes = cost_of_delta(&op) / 2; /* so not all of them fit again */
		else
			rc = quarantine_only_row(engine, &op, reason);
	}
	sl_engine_drop_op(engine);
	return rc;
}

int sl_engine_lift_quarantine(struct sl_engine *engine)
{
	const struct sl_row *entry;
	struct sl_str name;
	size_t cursor = 0;
	while ((entry = sl_rowset_next(engine->quarantine, &cursor))) {
		if (sl_engine_row_key(engine, "quarantine/", &entry->key, &name) != SL_OK
			|| sl_engine_remove(engine, name) != SL_OK)
			return SL_NO_MEMORY;
		struct sl_key key = entry->key;
		sl_rowset_remove(engine->quarantine, &key);
	}
	return SL_OK;
}
