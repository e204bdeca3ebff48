/* A delta against the schema; see validate.h and section DELTA of the protocol. Keeps true: what passes names no row
 * twice, neither written nor deleted nor both. Whether rows and episodes exist is for the store to say.
 */
#include "core/schema/validate.h"

#include "core/schema/validate_row.h"

/* The id's name in a key of `deleted`; NULL where the key is the id itself. */
static const char *key_member(enum sl_entity entity)
{
	return entity == SL_SCENES ? "sceneId" : entity == SL_SHOTS ? "shotId" : NULL;
}

static void check_meta(struct sl_check *check, const json_t *meta, const struct sl_step *step, bool in_context)
{
	const char *name;
	json_t *value;
	if (!sl_check_object(check, meta, step))
		return;
	json_object_foreach((json_t *)meta, name, value) {
		struct sl_step member = sl_step_member(step, name);
		enum sl_entity entity = sl_entity_from_name(sl_str_from(name));
		bool collection = in_context ? entity == SL_CHARACTERS || entity == SL_LOCATIONS : entity == SL_EPISODES;
		if (collection)
			sl_check_fault(check, &member, "belongs in the delta's own collection");
		else if (!in_context && strcmp(name, "context") == 0)
			check_meta(check, value, &member, true);
		else
			sl_check_meta(check, in_context, name, value, step, true);
	}
}

static bool check_pair(struct sl_check *check, enum sl_entity entity, const json_t *value,
	const struct sl_step *up, struct sl_seen_key *key_r)
{
	const char *id_name = key_member(entity);
	struct sl_step episode = sl_step_member(up, "episodeId"), id = sl_step_member(up, id_name);
	const char *name;
	json_t *member;
	if (!sl_check_object(check, value, up))
		return false;
	json_object_foreach((json_t *)value, name, member) {
		struct sl_step step = sl_step_member(up, name);
		if (strcmp(name, "episodeId") != 0 && strcmp(name, id_name) != 0)
			sl_check_fault(check, &step, "is not part of the key");
	}
	bool has_episode = sl_check_integer(check, json_object_get(value, "episodeId"), &episode, &key_r->episode);
	bool has_id = sl_check_id(check, json_object_get(value, id_name), &id, &key_r->id);
	return has_episode && has_id;
}

bool sl_check_key(struct sl_check *check, enum sl_entity entity, const json_t *value, const struct sl_step *step,
	struct sl_seen_key *key_r)
{
	*key_r = (struct sl_seen_key){ 0, { NULL, 0 } };
	if (entity == SL_EPISODES)
		return sl_check_integer(check, value, step, &key_r->episode);
	if (key_member(entity))
		return check_pair(check, entity, value, step, key_r);
	return sl_check_id(check, value, step, &key_r->id);
}

static void check_deleted(struct sl_check *check, enum sl_entity entity, const json_t *keys, const struct sl_step *step,
	const struct sl_step *written)
{
	size_t index;
	json_t *value;
	json_array_foreach(keys, index, value) {
		struct sl_step element = sl_step_element(step, index);
		struct sl_seen_key key;
		if (sl_check_key(check, entity, value, &element, &key))
			sl_check_unique(check, entity, key, index, true, &element, step, written);
	}
}

/* One collection: the rows written, then the keys deleted, which must be others. */
static void check_entity(struct sl_check *check, enum sl_entity entity, const json_t *rows, const json_t *keys)
{
	const char *name = sl_entity_name(entity);
	struct sl_step root = SL_STEP_ROOT;
	struct sl_step deleted = sl_step_member(&root, "deleted");
	struct sl_step rows_step = sl_step_member(&root, name), keys_step = sl_step_member(&deleted, name);
	if (rows && !sl_check_array(check, rows, &rows_step))
		rows = NULL;
	if (keys && !sl_check_array(check, keys, &keys_step))
		keys = NULL;
	if (!rows && !keys)
		return;
	size_t expected = json_array_size(rows) + json_array_size(keys);
	if (sl_seen_reset(&check->seen[entity], check->arena, expected) != 0) {
		check->code = SL_NO_MEMORY;
		return;
	}
	sl_check_rows(check, &(struct sl_check_place){ entity, true, NULL }, rows, &rows_step, NULL);
	check_deleted(check, entity, keys, &keys_step, &rows_step);
}

/* That `object`, which is the delta (`whole`) or its `deleted`, has no unknown members. */
static void check_member_names(struct sl_check *check, const json_t *object, bool whole, const struct sl_step *up)
{
	const char *name;
	json_t *value;
	json_object_foreach((json_t *)object, name, value) {
		struct sl_step step = sl_step_member(up, name);
		enum sl_entity entity = sl_entity_from_name(sl_str_from(name));
		if (whole && (entity == SL_META || strcmp(name, "deleted") == 0))
			continue;
		if (entity == SL_ENTITIES || entity == SL_META)
			sl_check_fault(check, &step, whole ? "is not part of a delta" : "is not a collection of rows");
	}
}

static void check_delta(struct sl_check *check, const json_t *delta)
{
	struct sl_step root = SL_STEP_ROOT;
	struct sl_step meta_step = sl_step_member(&root, "meta"), deleted_step = sl_step_member(&root, "deleted");
	if (!sl_check_object(check, delta, &root))
		return;
	check_member_names(check, delta, true, &root);
	const json_t *meta = json_object_get(delta, "meta"), *deleted = json_object_get(delta, "deleted");
	if (meta)
		check_meta(check, meta, &meta_step, false);
	if (deleted && sl_check_object(check, deleted, &deleted_step))
		check_member_names(check, deleted, false, &deleted_step);
	for (int i = SL_EPISODES; i < SL_ENTITIES; i++) {
		enum sl_entity entity = (enum sl_entity)i;
		const char *name = sl_entity_name(entity);
		check_entity(check, entity, json_object_get(delta, name), json_object_get(deleted, name));
	}
}

static int validate(struct sl_check *check, const json_t *value, struct sl_err *err)
{
	check->faults->count = check->faults->total = 0;
	check_delta(check, value);
	return sl_check_close(check, err);
}

int sl_validate_delta(const json_t *value, const char *at, size_t row_bytes, struct sl_arena *arena,
	struct sl_faults *faults_r, struct sl_err *err)
{
	struct sl_check check = { .root = at, .row_bytes = row_bytes, .arena = arena, .faults = faults_r };
	return validate(&check, value, err);
}

int sl_validate_structure(const json_t *value, const char *at, size_t row_bytes, struct sl_arena *arena,
	struct sl_faults *faults_r, struct sl_err *err)
{
	struct sl_check check = { .root = at, .row_bytes = row_bytes, .structure_only = true, .arena = arena,
		.faults = faults_r };
	return validate(&check, value, err);
}
