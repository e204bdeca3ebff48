/* Rows of collections and of the project level: keys, ranks, fields, uniqueness, size; see validate_row.h. Keeps true: what
 * passes has a key that no other row of its collection has, byte for byte.
 */
#include "core/schema/validate_row.h"

#include "core/base/rank.h"
#include "core/json/parse.h"
#include "core/json/scan.h"

#define META_KEY_BYTES (4 * SL_ID_CHARACTERS) /* a code point has at most 4 */

static bool is_reserved(enum sl_entity entity, const char *name)
{
	size_t count;
	const char *const *reserved = sl_schema_reserved(entity, &count);
	for (size_t i = 0; i < count; i++)
		if (strcmp(reserved[i], name) == 0)
			return true;
	return false;
}

static bool is_in_episode(enum sl_entity entity) { return entity == SL_SCENES || entity == SL_SHOTS; }

/* In a document the episode around a row is its key; a redundant `episodeId` may repeat it, but not contradict it. */
static bool check_episode_id(struct sl_check *check, const struct sl_check_place *place, const json_t *row,
	const struct sl_step *up, int64_t *episode_r)
{
	struct sl_step step = sl_step_member(up, "episodeId");
	const json_t *value = json_object_get(row, "episodeId");
	if (place->in_delta)
		return sl_check_integer(check, value, &step, episode_r);
	int64_t episode;
	if (value && sl_check_integer(check, value, &step, &episode) && place->episode && episode != *place->episode)
		sl_check_fault(check, &step, "must be the id of its episode");
	*episode_r = 0; /* ids are unique within the array at hand, whatever its episode is called */
	return true;
}

static bool check_key(struct sl_check *check, const struct sl_check_place *place, const json_t *row,
	const struct sl_step *up, struct sl_seen_key *key_r)
{
	struct sl_step step = sl_step_member(up, "id");
	const json_t *id = json_object_get(row, "id");
	*key_r = (struct sl_seen_key){ 0, { NULL, 0 } };
	if (place->entity == SL_EPISODES)
		return sl_check_integer(check, id, &step, &key_r->episode);
	bool has_id = sl_check_id(check, id, &step, &key_r->id);
	bool has_episode = !is_in_episode(place->entity) || check_episode_id(check, place, row, up, &key_r->episode);
	return has_id && has_episode;
}

/* A document's order is that of its arrays, so that a rank there is ignored. */
static void check_rank(struct sl_check *check, const struct sl_check_place *place, const json_t *rank,
	const struct sl_step *up)
{
	struct sl_step step = sl_step_member(up, "rank");
	struct sl_str text = sl_json_text(rank);
	if (!json_is_string(rank))
		sl_check_fault(check, &step, "must be text");
	else if (place->in_delta && !sl_rank_is_valid(text))
		sl_check_fault(check, &step, "must be 1 to %d of 0-9, A-Z, a-z", SL_RANK_BYTES);
}

static void check_reserved(struct sl_check *check, const struct sl_check_place *place, const char *name,
	const json_t *value, const struct sl_step *up)
{
	if (strcmp(name, "rank") == 0) {
		check_rank(check, place, value, up);
	} else if (place->in_delta && place->entity == SL_EPISODES) {
		struct sl_step step = sl_step_member(up, name);
		sl_check_fault(check, &step, "belongs in the delta's own collection");
	}
}

static void check_fields(struct sl_check *check, const struct sl_check_place *place, const json_t *row,
	const struct sl_step *up)
{
	const struct sl_shape *shape = sl_schema_row(place->entity);
	const char *name;
	json_t *value;
	json_object_foreach((json_t *)row, name, value) {
		const struct sl_field *field = sl_schema_field(shape, sl_str_from(name));
		if (field && field->required)
			continue; /* part of the key, checked as such */
		if (!field && is_reserved(place->entity, name))
			check_reserved(check, place, name, value, up);
		else
			sl_check_member(check, field, name, value, up);
	}
}

unsigned sl_row_depth(enum sl_entity entity, bool in_context)
{
	/* {"delta":{"meta":{ and {"projectData":{"episodes":[{"shots":[ and the like */
	static const unsigned around[SL_ENTITIES] = { [SL_META] = 3, [SL_EPISODES] = 3, [SL_SCENES] = 5, [SL_SHOTS] = 5,
		[SL_CHARACTERS] = 4, [SL_LOCATIONS] = 4 };
	return SL_JSON_DEPTH - around[entity] - (in_context ? 1 : 0);
}

static void begin_row(struct sl_check *check, const struct sl_step *step, unsigned levels)
{
	check->levels = levels;
	check->deepest = step->depth + levels;
	check->values = 0;
}

static bool check_row(struct sl_check *check, const struct sl_check_place *place, const json_t *row,
	const struct sl_step *step, struct sl_seen_key *key_r)
{
	size_t reserved_count;
	const char *const *reserved = sl_schema_reserved(place->entity, &reserved_count);
	bool has_key = check_key(check, place, row, step, key_r);
	begin_row(check, step, sl_row_depth(place->entity, false));
	check->estimate = 2;
	check_fields(check, place, row, step);
	sl_check_size(check, row, reserved, reserved_count, step);
	return has_key;
}

void sl_check_unique(struct sl_check *check, enum sl_entity entity, struct sl_seen_key key, size_t index, bool deleted,
	const struct sl_step *step, const struct sl_step *up, const struct sl_step *written)
{
	const struct sl_seen_entry *first = sl_seen_add(&check->seen[entity], key, index, deleted);
	if (!first)
		return;
	char path[SL_FAULT_PATH_BYTES];
	struct sl_step first_step = sl_step_element(first->deleted ? up : written, first->index);
	sl_faults_path(check->root, &first_step, path);
	if (first->deleted == deleted)
		sl_check_fault(check, step, "the id is used twice in this collection (first at %s)", path);
	else
		sl_check_fault(check, step, "the row is also written in this delta (at %s)", path);
}

void sl_check_rows(struct sl_check *check, const struct sl_check_place *place, const json_t *rows,
	const struct sl_step *step, sl_check_row_fn each)
{
	size_t index;
	json_t *row;
	json_array_foreach(rows, index, row) {
		struct sl_step row_step = sl_step_element(step, index);
		struct sl_step id_step = sl_step_member(&row_step, "id");
		struct sl_seen_key key;
		if (!sl_check_object(check, row, &row_step))
			continue;
		bool has_key = check_row(check, place, row, &row_step, &key);
		if (has_key)
			sl_check_unique(check, place->entity, key, index, false, &id_step, step, step);
		if (each)
			each(check, row, has_key ? &key : NULL, &row_step);
	}
}

/* The field of the schema that `name` is, or NULL. */
static const struct sl_field *meta_field(bool in_context, struct sl_str name)
{
	char key[META_KEY_BYTES];
	size_t prefix = in_context ? SL_CONTEXT_BYTES : 0;
	if (prefix + name.length > sizeof(key))
		return NULL; /* not valid UTF-8 */
	memcpy(key, SL_CONTEXT, prefix);
	memcpy(key + prefix, name.bytes, name.length);
	return sl_schema_field(sl_schema_row(SL_META), (struct sl_str){ key, prefix + name.length });
}

/* The row's key is the name with its prefix, and as long as any other at most. */
static bool check_meta_name(struct sl_check *check, bool in_context, struct sl_str name, const struct sl_step *step)
{
	int maximum = SL_ID_CHARACTERS - (in_context ? (int)SL_CONTEXT_BYTES : 0);
	if (!sl_check_name(check, name, maximum, "the name ", step))
		return false;
	if (in_context || name.length < SL_CONTEXT_BYTES || memcmp(name.bytes, SL_CONTEXT, SL_CONTEXT_BYTES) != 0)
		return true;
	sl_check_fault(check, step, "belongs in the object context");
	return false;
}

void sl_check_meta(struct sl_check *check, bool in_context, const char *name, const json_t *value,
	const struct sl_step *up, bool null_removes)
{
	struct sl_step step = sl_step_member(up, name);
	struct sl_str text = sl_str_from(name);
	if (!check_meta_name(check, in_context, text, &step) || (null_removes && json_is_null(value)))
		return;
	const struct sl_field *field = meta_field(in_context, text);
	if (!field && json_is_null(value)) {
		sl_check_fault(check, &step, "must not be null");
		return;
	}
	begin_row(check, &step, sl_row_depth(SL_META, in_context));
	check->estimate = 0;
	sl_check_value(check, field, value, &step);
	sl_check_size(check, value, NULL, 0, &step);
}
