/* Deltas as JSON: reading and writing; see delta.h and DELTA in the protocol. */
#include "core/delta/delta.h"

#include "core/json/parse.h"
#include "core/json/write.h"

/* --- from JSON -------------------------------------------------------------------------------------------------- */

struct reading {
	struct sl_arena *arena;
	struct sl_delta *delta;
	struct sl_keys deleted;
	struct sl_buf scratch;
};

static int read_meta_field(struct reading *reading, bool in_context, const char *name, const json_t *value)
{
	struct sl_row row;
	int rc = sl_rows_from_field(in_context, name, value, reading->arena, &reading->scratch, &row);
	if (rc != SL_OK || row.data.length == 0)
		return rc == SL_OK ? sl_keys_add(&reading->deleted, &row.key) : rc;
	return sl_rowset_put(reading->delta->rows, &row) ? SL_OK : SL_NO_MEMORY;
}

static int read_meta(struct reading *reading, const json_t *meta)
{
	const json_t *value, *context = json_object_get(meta, "context");
	const char *name;
	int rc = SL_OK;
	json_object_foreach((json_t *)meta, name, value) {
		if (rc == SL_OK && strcmp(name, "context") != 0)
			rc = read_meta_field(reading, false, name, value);
	}
	json_object_foreach((json_t *)context, name, value) {
		if (rc == SL_OK)
			rc = read_meta_field(reading, true, name, value);
	}
	return rc;
}

static int read_rows(struct reading *reading, enum sl_entity entity, const json_t *list)
{
	size_t index;
	const json_t *object;
	json_array_foreach((json_t *)list, index, object) {
		struct sl_row row;
		int rc = sl_rows_from_object(entity, object, NULL, true, reading->arena, &reading->scratch, &row);
		if (rc != SL_OK)
			return rc;
		if (!sl_rowset_put(reading->delta->rows, &row))
			return SL_NO_MEMORY;
	}
	return SL_OK;
}

struct sl_key sl_key_from_json(enum sl_entity entity, const json_t *value)
{
	struct sl_key key = { entity, 0, { NULL, 0 } };
	const json_t *id = value;
	if (sl_entity_has_episode(entity)) {
		key.episode = (int64_t)json_number_value(json_object_get(value, "episodeId"));
		id = json_object_get(value, entity == SL_SCENES ? "sceneId" : "shotId");
	}
	if (entity == SL_EPISODES)
		key.episode = (int64_t)json_number_value(id);
	else
		key.id = sl_json_text(id);
	return key;
}

static int read_deleted(struct reading *reading, enum sl_entity entity, const json_t *list)
{
	size_t index;
	const json_t *item;
	json_array_foreach((json_t *)list, index, item) {
		struct sl_key key = sl_key_from_json(entity, item);
		if (sl_key_copy(reading->arena, &key, &key) != SL_OK || sl_keys_add(&reading->deleted, &key) != SL_OK)
			return SL_NO_MEMORY;
	}
	return SL_OK;
}

int sl_delta_from_json(const json_t *value, struct sl_arena *arena, struct sl_delta *delta_r, struct sl_err *err)
{
	struct reading reading = { .arena = arena, .delta = delta_r, .deleted = { .arena = arena } };
	const json_t *deleted = json_object_get(value, "deleted");
	*delta_r = (struct sl_delta){ sl_rowset_new(arena, 16), NULL, 0 };
	int rc = delta_r->rows ? SL_OK : SL_NO_MEMORY;
	sl_buf_init(&reading.scratch, SIZE_MAX);
	if (rc == SL_OK)
		rc = read_meta(&reading, json_object_get(value, "meta"));
	for (enum sl_entity entity = SL_EPISODES; rc == SL_OK && entity < SL_ENTITIES; entity++) {
		rc = read_rows(&reading, entity, json_object_get(value, sl_entity_name(entity)));
		if (rc == SL_OK)
			rc = read_deleted(&reading, entity, json_object_get(deleted, sl_entity_name(entity)));
	}
	sl_buf_dispose(&reading.scratch);
	delta_r->deleted = reading.deleted.items;
	delta_r->deleted_count = reading.deleted.count;
	return rc == SL_OK ? SL_OK : sl_err_set(err, rc, "out of memory while reading the delta");
}

/* --- to JSON ---------------------------------------------------------------------------------------------------- */

/* A comma before every member but the first. */
static void separate(struct sl_buf *out, bool *first)
{
	if (!*first)
		sl_buf_add_char(out, ',');
	*first = false;
}

static void write_meta_member(struct sl_buf *out, const struct sl_key *key, struct sl_str value)
{
	struct sl_str name = key->id;
	if (sl_schema_is_in_context(key->id))
		name = (struct sl_str){ name.bytes + SL_CONTEXT_BYTES, name.length - SL_CONTEXT_BYTES };
	sl_json_string(out, name);
	sl_buf_add_char(out, ':');
	sl_buf_add_str(out, value);
}

static bool has_meta(const struct sl_delta *delta, bool context)
{
	const struct sl_row *row;
	size_t cursor = 0;
	while ((row = sl_rowset_next(delta->rows, &cursor)))
		if (row->key.entity == SL_META && sl_schema_is_in_context(row->key.id) == context)
			return true;
	for (size_t i = 0; i < delta->deleted_count; i++)
		if (delta->deleted[i].entity == SL_META && sl_schema_is_in_context(delta->deleted[i].id) == context)
			return true;
	return false;
}

/* The members of one level of meta, changed and removed ones. */
static void write_meta_level(struct sl_buf *out, const struct sl_delta *delta, bool context)
{
	const struct sl_row *row;
	size_t cursor = 0;
	bool first = true;
	while ((row = sl_rowset_next(delta->rows, &cursor))) {
		if (row->key.entity != SL_META || sl_schema_is_in_context(row->key.id) != context)
			continue;
		separate(out, &first);
		write_meta_member(out, &row->key, row->data);
	}
	for (size_t i = 0; i < delta->deleted_count; i++) {
		if (delta->deleted[i].entity != SL_META || sl_schema_is_in_context(delta->deleted[i].id) != context)
			continue;
		separate(out, &first);
		write_meta_member(out, &delta->deleted[i], SL_STR("null"));
	}
}

static void write_meta(struct sl_buf *out, const struct sl_delta *delta, bool *first_member)
{
	bool outer = has_meta(delta, false), inner = has_meta(delta, true);
	if (!outer && !inner)
		return;
	separate(out, first_member);
	sl_buf_add_text(out, "\"meta\":{");
	write_meta_level(out, delta, false);
	if (inner) {
		sl_buf_add_text(out, outer ? ",\"context\":{" : "\"context\":{");
		write_meta_level(out, delta, true);
		sl_buf_add_char(out, '}');
	}
	sl_buf_add_char(out, '}');
}

static void write_opening(struct sl_buf *out, enum sl_entity entity, bool *first_member)
{
	separate(out, first_member);
	sl_buf_add_char(out, '"');
	sl_buf_add_text(out, sl_entity_name(entity));
	sl_buf_add_text(out, "\":[");
}

static void write_rows(struct sl_buf *out, const struct sl_delta *delta, enum sl_entity entity, bool *first_member)
{
	const struct sl_row *row;
	size_t cursor = 0;
	bool first = true;
	while ((row = sl_rowset_next(delta->rows, &cursor))) {
		if (row->key.entity != entity)
			continue;
		if (first)
			write_opening(out, entity, first_member);
		else
			sl_buf_add_char(out, ',');
		first = false;
		sl_row_write(out, row, true, true);
	}
	if (!first)
		sl_buf_add_char(out, ']');
}

static void write_deleted(struct sl_buf *out, const struct sl_delta *delta, bool *first_member)
{
	bool first_entity = true;
	for (enum sl_entity entity = SL_EPISODES; entity < SL_ENTITIES; entity++) {
		bool first = true;
		for (size_t i = 0; i < delta->deleted_count; i++) {
			if (delta->deleted[i].entity != entity)
				continue;
			if (first && first_entity) {
				separate(out, first_member);
				sl_buf_add_text(out, "\"deleted\":{");
			}
			if (first)
				write_opening(out, entity, &first_entity);
			else
				sl_buf_add_char(out, ',');
			first = false;
			sl_key_write(out, &delta->deleted[i]);
		}
		if (!first)
			sl_buf_add_char(out, ']');
	}
	if (!first_entity)
		sl_buf_add_char(out, '}');
}

int sl_delta_write(const struct sl_delta *delta, struct sl_buf *out)
{
	bool first = true;
	sl_buf_add_char(out, '{');
	write_meta(out, delta, &first);
	for (enum sl_entity entity = SL_EPISODES; entity < SL_ENTITIES; entity++)
		write_rows(out, delta, entity, &first);
	write_deleted(out, delta, &first);
	sl_buf_add_char(out, '}');
	return sl_buf_code(out);
}
