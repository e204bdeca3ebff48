/* What an app leaves alone because it does not know it: fields that no schema of this version names; see private.h. Keeps
 * true: in what an app hands in, such a field of a row or project goes only by null, never by absence. Rules: protocol.md
 * "Handshake". */
#include "core/engine/private.h"

#include "core/json/parse.h"
#include "core/json/write.h"

/* Behind the string that begins at `at`. */
static size_t behind_string(struct sl_str text, size_t at)
{
	for (at++; at < text.length && text.bytes[at] != '"'; at++)
		at += text.bytes[at] == '\\';
	return at + 1;
}

/* Behind the value that begins at `at`: at the comma or bracket that follows it. */
static size_t behind_value(struct sl_str text, size_t at)
{
	for (int depth = 0; at < text.length; at++) {
		char c = text.bytes[at];
		if (c == '"')
			at = behind_string(text, at) - 1;
		else if (depth == 0 && (c == ',' || c == '}'))
			break;
		else
			depth += (c == '{' || c == '[') - (c == '}' || c == ']');
	}
	return at;
}

/* Whether the canonical object has a member that the shape does not name. Reads no further than it must, and builds nothing:
 * most rows have none. */
static bool has_unknown(const struct sl_shape *shape, struct sl_str data)
{
	size_t at = 1;
	while (at < data.length && data.bytes[at] == '"') {
		size_t end = behind_string(data, at);
		if (end >= data.length)
			return false;
		if (!sl_schema_field(shape, (struct sl_str){ data.bytes + at + 1, end - at - 2 }))
			return true;
		at = behind_value(data, end + 1) + 1;
	}
	return false;
}

/* Into `object` what only `seen` has, of what the shape does not name; nulls of that kind out of it. */
static int complete(const struct sl_shape *shape, const json_t *seen, json_t *object)
{
	const char *name;
	json_t *value;
	void *next;
	json_object_foreach((json_t *)seen, name, value)
		if (!sl_schema_field(shape, sl_str_from(name)) && !json_object_get(object, name)
			&& json_object_set_nocheck(object, name, value) != 0)
			return SL_NO_MEMORY;
	json_object_foreach_safe(object, next, name, value)
		if (json_is_null(value) && !sl_schema_field(shape, sl_str_from(name)))
			json_object_del(object, name);
	return SL_OK;
}

static int write(struct sl_engine *engine, const json_t *object, struct sl_str *data_r)
{
	struct sl_buf out;
	sl_buf_init(&out, SIZE_MAX);
	sl_json_write(&out, object);
	int rc = sl_buf_code(&out) == SL_OK ? sl_arena_copy(&engine->scratch, sl_buf_str(&out), data_r) : SL_NO_MEMORY;
	sl_buf_dispose(&out);
	return rc;
}

int sl_engine_keep_unknown(struct sl_engine *engine, const struct sl_row *seen, struct sl_row *row, bool *changed_r)
{
	const struct sl_shape *shape = sl_schema_row(row->key.entity);
	struct sl_err ignored = SL_ERR_INIT;
	json_t *before = NULL, *after = NULL;
	struct sl_str data = row->data;
	*changed_r = false;
	if (row->key.entity == SL_META || (!(seen && has_unknown(shape, seen->data)) && !has_unknown(shape, row->data)))
		return SL_OK;
	int rc = sl_json_parse(row->data, &after, &ignored);
	if (rc == SL_OK && seen)
		rc = sl_json_parse(seen->data, &before, &ignored);
	if (rc == SL_OK)
		rc = complete(shape, before, after);
	if (rc == SL_OK)
		rc = write(engine, after, &data);
	json_decref(before);
	json_decref(after);
	*changed_r = rc == SL_OK && !sl_str_equal(data, row->data);
	row->data = data;
	return rc == SL_OK || rc == SL_NO_MEMORY ? rc : SL_INTERNAL;
}

int sl_engine_keep_all_unknown(struct sl_engine *engine, const struct sl_rowset *seen, struct sl_rowset *wanted)
{
	struct sl_row *row;
	const struct sl_row *old;
	size_t cursor = 0;
	bool ignored;
	int rc = SL_OK;
	while (rc == SL_OK && (row = sl_rowset_next(wanted, &cursor))) {
		old = sl_rowset_find(seen, &row->key);
		if (!old || !sl_str_equal(old->data, row->data))
			rc = sl_engine_keep_unknown(engine, old, row, &ignored);
	}
	for (cursor = 0; rc == SL_OK && (old = sl_rowset_next(seen, &cursor));)
		if (old->key.entity == SL_META && !sl_rowset_find(wanted, &old->key)
			&& !sl_schema_field(sl_schema_row(SL_META), old->key.id) && !sl_rowset_put(wanted, old))
			rc = SL_NO_MEMORY;
	return rc;
}
