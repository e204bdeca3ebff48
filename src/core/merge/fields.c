/* Merging inside a row: values by their field's rule, objects member by member, and their notes; steps.h.
 * Keeps true: the schema's shapes bound the recursion, and no order of members decides anything.
 * Fails with SL_NO_MEMORY only. Source of the rules: merge.md, "Three-way merge".
 */
#include "core/merge/steps.h"

#include "core/json/pointer.h"
#include "core/json/write.h"

/* --- notes --------------------------------------------------------------------------------------------------- */

int sl_merge_add_note(struct sl_merging *merging, const struct sl_note *note)
{
	struct sl_note *notes = sl_arena_grow(merging->arena, merging->notes, merging->note_count, &merging->note_capacity,
		sizeof(*notes));
	if (!notes)
		return SL_NO_MEMORY;
	merging->notes = notes;
	struct sl_note *added = &merging->notes[merging->note_count++];
	*added = *note;
	added->key = *merging->key;
	return SL_OK;
}

static int keep_scratch(struct sl_merging *merging, struct sl_str *text_r)
{
	if (sl_buf_code(&merging->scratch) != SL_OK)
		return sl_buf_code(&merging->scratch);
	return sl_arena_copy(merging->arena, sl_buf_str(&merging->scratch), text_r);
}

int sl_merge_write(struct sl_merging *merging, const json_t *value, struct sl_str *text_r)
{
	*text_r = (struct sl_str){ NULL, 0 };
	if (!value)
		return SL_OK;
	sl_buf_clear(&merging->scratch);
	sl_json_write(&merging->scratch, value);
	return keep_scratch(merging, text_r);
}

int sl_merge_write_key(struct sl_merging *merging, const struct sl_key *key, struct sl_str *text_r)
{
	sl_buf_clear(&merging->scratch);
	sl_key_write(&merging->scratch, key);
	return keep_scratch(merging, text_r);
}

/* As a JSON Pointer (RFC 6901). */
static void write_place(struct sl_buf *out, const struct sl_merge_place *place)
{
	if (!place)
		return;
	write_place(out, place->up);
	sl_pointer_add(out, place->name);
}

int sl_merge_note(struct sl_merging *merging, const struct sl_merge_place *place, const struct sl_sides *sides,
	const struct sl_verdict *verdict)
{
	struct sl_note note = {
		.kind = verdict->kind, .rule = verdict->rule, .conflict = verdict->conflict, .open = verdict->open,
		.hunks = verdict->hunks, .hunk_count = verdict->hunk_count,
	};
	sl_buf_clear(&merging->scratch);
	write_place(&merging->scratch, place);
	int rc = keep_scratch(merging, &note.path);
	if (rc == SL_OK)
		rc = sl_merge_write(merging, sides->base, &note.base);
	if (rc == SL_OK)
		rc = sl_merge_write(merging, sides->mine, &note.mine);
	if (rc == SL_OK)
		rc = sl_merge_write(merging, sides->theirs, &note.theirs);
	if (verdict->value == sides->theirs)
		note.result = note.theirs; /* as it is most often, and texts may be long */
	else if (rc == SL_OK)
		rc = sl_merge_write(merging, verdict->value, &note.result);
	return rc == SL_OK ? sl_merge_add_note(merging, &note) : rc;
}

/* --- values ----------------------------------------------------------------------------------------------------- */

/* Equal values of canonical texts have equal trees. */
static bool same(const json_t *a, const json_t *b)
{
	return a == b || (a && b && json_equal(a, b));
}

bool sl_merge_is_settled(const struct sl_sides *sides, json_t **value_r)
{
	const json_t *taken = sides->theirs;
	if (same(sides->base, sides->theirs))
		taken = sides->mine;
	else if (!same(sides->mine, sides->theirs) && !same(sides->base, sides->mine))
		return false;
	*value_r = json_incref((json_t *)taken);
	return true;
}

/* Whether only one side changed the value, if that. Equal changes of counters are two changes. */
static bool is_one_sided(const struct sl_sides *sides, json_t **value_r)
{
	if (!same(sides->base, sides->theirs) && !same(sides->base, sides->mine))
		return false;
	return sl_merge_is_settled(sides, value_r);
}

static bool are_objects(const struct sl_sides *sides)
{
	return (!sides->base || json_is_object(sides->base)) && (!sides->mine || json_is_object(sides->mine))
		&& (!sides->theirs || json_is_object(sides->theirs));
}

/* Whether both sides may have counted something in the value, so that equal values may be two changes. */
static bool is_counting(const struct sl_field *field, const struct sl_sides *sides)
{
	if (field && field->rule == SL_RULE_COUNTER)
		return json_is_number(sides->mine) && json_is_number(sides->theirs);
	return field && field->type == SL_TYPE_OBJECT && sl_schema_has_counters(field->shape) && are_objects(sides);
}

static int decide(struct sl_merging *merging, const struct sl_field *field, const struct sl_sides *sides,
	const struct sl_merge_place *place, json_t **value_r)
{
	struct sl_verdict verdict = { .value = NULL };
	int rc = sl_merge_decide(field, sides, merging->ancestor, merging->arena, &verdict);
	bool is_same = verdict.rule == SL_RULE_LWW && same(sides->mine, sides->theirs); /* no count, though its field is one */
	if (rc == SL_OK && !is_same)
		rc = sl_merge_note(merging, place, sides, &verdict);
	if (rc != SL_OK) {
		json_decref(verdict.value);
		verdict.value = NULL;
	}
	*value_r = verdict.value;
	return rc;
}

/* Objects and lists that are blank are as good as absent. */
static struct sl_sides without_blanks(const struct sl_sides *sides)
{
	return (struct sl_sides){ sl_schema_is_blank(sides->base) ? NULL : sides->base,
		sl_schema_is_blank(sides->mine) ? NULL : sides->mine, sl_schema_is_blank(sides->theirs) ? NULL : sides->theirs };
}

int sl_merge_value(struct sl_merging *merging, const struct sl_field *field, const struct sl_sides *sides,
	const struct sl_merge_place *place, json_t **value_r)
{
	bool paired = false;
	struct sl_sides there = without_blanks(sides);
	if (is_counting(field, sides) ? is_one_sided(sides, value_r) : sl_merge_is_settled(sides, value_r))
		return SL_OK;
	if (field && field->rule == SL_RULE_OBJECT && are_objects(&there))
		return sl_merge_members(merging, field->shape, &there, place, value_r);
	if (field && field->rule == SL_RULE_LIST) {
		int rc = sl_merge_list(merging, field, &there, place, &paired, value_r);
		if (rc != SL_OK || paired)
			return rc;
	}
	return decide(merging, field, sides, place, value_r);
}

/* --- objects ---------------------------------------------------------------------------------------------------- */

/* What is known of an object before its members are merged. */
struct object {
	const struct sl_shape *shape;
	const struct sl_sides *sides;
	const struct sl_merge_place *place;
	json_t *counters; /* the merged ones of a shape of counters; NULL: each by itself */
	json_t *result;
};

static struct sl_sides members_of(const struct sl_sides *objects, const char *name)
{
	return (struct sl_sides){ json_object_get(objects->base, name), json_object_get(objects->mine, name),
		json_object_get(objects->theirs, name) };
}

/* Whether a side changed any field of the group. */
static bool changed_group(const struct sl_shape *shape, const char *group, const json_t *base, const json_t *side)
{
	for (size_t i = 0; i < shape->count; i++) {
		const struct sl_field *field = &shape->fields[i];
		if (field->group && strcmp(field->group, group) == 0
			&& !same(json_object_get(base, field->name), json_object_get(side, field->name)))
			return true;
	}
	return false;
}

/* Whether both sides changed some field of the group that `field` belongs to. */
static bool is_contested(const struct object *object, const struct sl_field *field)
{
	const struct sl_sides *sides = object->sides;
	return field && field->group && sides->mine && sides->theirs
		&& changed_group(object->shape, field->group, sides->base, sides->mine)
		&& changed_group(object->shape, field->group, sides->base, sides->theirs);
}

/* A field of a group that both sides changed is that of one side, as all of its group is. */
static int take_from_group(struct sl_merging *merging, const struct object *object, const struct sl_field *field,
	const struct sl_merge_place *place, const struct sl_sides *members, json_t **value_r)
{
	const struct sl_field *progress = sl_schema_field(object->shape, sl_str_from(field->group));
	struct sl_sides stages = members_of(object->sides, field->group);
	const json_t *taken = sl_merge_is_mine_further(progress, &stages) ? members->mine : members->theirs;
	const struct sl_verdict verdict = { .value = json_incref((json_t *)taken), .rule = SL_RULE_GROUP,
		.conflict = true };
	json_t *settled = NULL;
	*value_r = verdict.value;
	if (sl_merge_is_settled(members, &settled) && same(settled, taken)) {
		json_decref(settled);
		return SL_OK;
	}
	json_decref(settled);
	return sl_merge_note(merging, place, members, &verdict);
}

/* The value of one member; NULL: absent. */
static int merge_value_of(struct sl_merging *merging, const struct object *object, const struct sl_field *field,
	const struct sl_merge_place *place, json_t **value_r)
{
	struct sl_sides sides = { json_object_get(object->sides->base, place->name.bytes),
		json_object_get(object->sides->mine, place->name.bytes), json_object_get(object->sides->theirs, place->name.bytes) };
	json_t *settled = NULL;
	if (object->counters && field) {
		*value_r = json_incref(json_object_get(object->counters, place->name.bytes));
		return SL_OK;
	}
	/* The field that decides about its group is what its own rule says if both sides changed it. */
	bool decides = field && field->rule == SL_RULE_PROGRESS && !sl_merge_is_settled(&sides, &settled);
	json_decref(settled);
	if (is_contested(object, field) && !decides)
		return take_from_group(merging, object, field, place, &sides, value_r);
	return sl_merge_value(merging, field, &sides, place, value_r);
}

static int merge_member(struct sl_merging *merging, const struct object *object, const char *name)
{
	const struct sl_merge_place place = { object->place, sl_str_from(name) };
	json_t *value = NULL;
	int rc = merge_value_of(merging, object, sl_schema_field(object->shape, place.name), &place, &value);
	if (rc != SL_OK || !value) {
		json_decref(value);
		return rc;
	}
	return json_object_set_new_nocheck(object->result, name, value) == 0 ? SL_OK : SL_NO_MEMORY;
}

/* Whether a side changed any counter of the object. */
static bool counted(const struct object *object, const json_t *side)
{
	for (size_t i = 0; i < object->shape->count; i++) {
		const char *name = object->shape->fields[i].name;
		if (!same(json_object_get(object->sides->base, name), json_object_get(side, name)))
			return true;
	}
	return false;
}

/* Counters that both sides changed are added up together, and a note tells. */
static int count_together(struct sl_merging *merging, struct object *object)
{
	const struct sl_sides *sides = object->sides;
	if (!sl_schema_is_counters(object->shape) || !counted(object, sides->mine) || !counted(object, sides->theirs))
		return SL_OK;
	int rc = sl_merge_counters(object->shape, sides, merging->ancestor, &object->counters);
	if (rc != SL_OK || !object->counters)
		return rc;
	struct sl_verdict verdict = { .value = object->counters, .rule = SL_RULE_COUNTER };
	return sl_merge_note(merging, object->place, sides, &verdict);
}

int sl_merge_members(struct sl_merging *merging, const struct sl_shape *shape, const struct sl_sides *sides,
	const struct sl_merge_place *place, json_t **value_r)
{
	struct object object = { shape, sides, place, NULL, json_object() };
	json_t *value;
	const char *name;
	int rc = object.result ? count_together(merging, &object) : SL_NO_MEMORY;
	json_object_foreach((json_t *)sides->theirs, name, value) {
		if (rc == SL_OK)
			rc = merge_member(merging, &object, name);
	}
	json_object_foreach((json_t *)sides->mine, name, value) {
		if (rc == SL_OK && !json_object_get(sides->theirs, name))
			rc = merge_member(merging, &object, name);
	}
	json_decref(object.counters);
	if (rc != SL_OK || (json_object_size(object.result) == 0 && (!sides->mine || !sides->theirs))) {
		json_decref(object.result);
		object.result = NULL;
	}
	*value_r = object.result;
	return rc;
}
