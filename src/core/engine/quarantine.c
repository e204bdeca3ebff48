/* Rows that the server refuses; see private.h. Keeps true: every refusal either puts a row into quarantine or
 * makes the next operation smaller, until what is at fault is alone; what was edited since it was sent gets another
 * try. Rules: merge.md "Client engine" 5; lessons: one invalid record blocked everything behind it; over quota was
 * retried for ever. */
#include "core/engine/private.h"

#include "core/json/pointer.h"

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

/* --- from a fault to its row ----------------------------------------------------------------------------------- */

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

/* The tokens behind "/delta/meta": a field's name, or "context" and a name. 1 or 0. */
static int meta_key(const struct sl_str *tokens, size_t count, struct sl_arena *arena, struct sl_key *key_r)
{
	static const struct sl_str prefix = { "context.", 8 };
	*key_r = (struct sl_key){ SL_META, 0, count ? tokens[0] : (struct sl_str){ NULL, 0 } };
	if (count < 2 || !sl_str_equal(tokens[0], SL_STR("context")))
		return count > 0;
	char *text = sl_arena_alloc(arena, prefix.length + tokens[1].length);
	if (!text)
		return SL_NO_MEMORY;
	memcpy(text, prefix.bytes, prefix.length);
	if (tokens[1].length)
		memcpy(text + prefix.length, tokens[1].bytes, tokens[1].length);
	key_r->id = (struct sl_str){ text, prefix.length + tokens[1].length };
	return 1;
}

#define TOKENS 4 /* "/delta/deleted/shots/3" names a row; what follows is inside it */

/* The row of the operation that a fault's path lies in: "/delta/shots/3/title", "/delta/meta/fileName". 1 or 0. */
static int key_of_path(struct sl_str path, const struct sl_delta *op, struct sl_arena *arena, struct sl_key *key_r)
{
	struct sl_str tokens[TOKENS];
	size_t count = 0, index;
	int rc = 1;
	while (count < TOKENS && (rc = sl_pointer_next(&path, arena, &tokens[count])) > 0)
		count++;
	if (rc < 0 || count < 2 || !sl_str_equal(tokens[0], SL_STR("delta")))
		return rc < 0 ? rc : 0;
	if (sl_str_equal(tokens[1], SL_STR("meta")))
		return meta_key(tokens + 2, count - 2, arena, key_r);
	bool deleted = sl_str_equal(tokens[1], SL_STR("deleted"));
	const struct sl_str *place = deleted ? tokens + 2 : tokens + 1;
	if (count < (deleted ? 4 : 3) || !is_index(place[1], &index))
		return 0;
	return key_at(op, sl_entity_from_name(place[0]), deleted, index, key_r);
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
	json_array_foreach((json_t *)faults, index, fault) {
		struct sl_key key;
		int rc = key_of_path(text_of(json_object_get(fault, "path")), op, &engine->scratch, &key);
		if (rc == 0)
			continue;
		++*named_r;
		if (rc > 0 && is_as_sent(engine, op, &key))
			rc = quarantine(engine, &key, text_of(json_object_get(fault, "reason")));
		if (rc < 0)
			return rc;
	}
	return SL_OK;
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
	if (rc == SL_OK && named == 0)
		rc = sl_engine_forget_aside(engine); /* without them it may go */
	if (rc == SL_OK && named == 0) {
		if (sl_rowset_count(op.rows) + op.deleted_count > 1)
			engine->push_bytes = sl_engine_cost(&op) / 2; /* so not all of them fit again */
		else
			rc = quarantine_only_row(engine, &op, reason);
	}
	sl_engine_drop_op(engine);
	return rc < 0 ? rc : SL_OK;
}

int sl_engine_refuse_size(struct sl_engine *engine, int64_t limit)
{
	struct sl_delta op;
	int rc = sl_engine_op_delta(engine, &op);
	if (rc != SL_OK)
		return rc;
	int64_t sent = (int64_t)engine->op.body.length, rows = (int64_t)sl_engine_cost(&op);
	bool single = sl_rowset_count(op.rows) + op.deleted_count == 1;
	if (single)
		rc = sl_engine_forget_aside(engine); /* without them it may fit */
	if (rc == SL_OK && single)
		rc = quarantine_only_row(engine, &op, "too large");
	else if (rc == SL_OK && limit > 0 && limit < sent)
		sl_engine_learn_limit(engine, limit);
	else if (rc == SL_OK)
		engine->meta.operation_bytes = rows / 2; /* so not all of them fit again */
	sl_engine_drop_op(engine);
	return rc < 0 ? rc : SL_OK;
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
