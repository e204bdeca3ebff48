/* Taking one field back: the edit that puts what a note says was mine into the rows as they are now; see merge.h.
 * Keeps true: nothing but the note's place changes, and a place that is gone is never made up, but for objects,
 * whose absence means the same as their being empty. Fails with SL_NOT_FOUND, SL_NO_MEMORY, or SL_INTERNAL for
 * damaged texts.
 */
#include "core/base/rank.h"
#include "core/json/parse.h"
#include "core/json/pointer.h"
#include "core/json/write.h"
#include "core/merge/merge.h"
#include "core/merge/steps.h"

struct reversing {
	const struct sl_note *note;
	const struct sl_rowset *base, *rows;
	struct sl_arena *arena;
	struct sl_delta *delta;
	struct sl_err *err;
};

static bool is_move(const struct sl_note *note) { return note->kind == SL_NOTE_MOVED; }

static int vanished(const struct reversing *reversing)
{
	return sl_err_set(reversing->err, SL_NOT_FOUND, "what was merged is no longer there");
}

/* --- whole rows ------------------------------------------------------------------------------------------------- */

static int put(const struct reversing *reversing, const struct sl_row *row)
{
	struct sl_row changed = *row;
	changed.version = 0;
	return sl_rowset_put(reversing->delta->rows, &changed) ? SL_OK : SL_NO_MEMORY;
}

/* With its scenes and shots, if it is an episode. */
static int delete_row(const struct reversing *reversing, const struct sl_row *now)
{
	struct sl_keys deleted = { .arena = reversing->arena };
	if (!now)
		return SL_OK;
	if (sl_keys_add(&deleted, &now->key) != SL_OK)
		return SL_NO_MEMORY;
	reversing->delta->deleted = deleted.items;
	reversing->delta->deleted_count = deleted.count;
	return sl_delta_expand(reversing->delta, reversing->rows, reversing->arena);
}

/* The row's data, at its place; one that is gone comes back to its old place, or last. */
static int write_row(const struct reversing *reversing, const struct sl_row *now, struct sl_str data)
{
	const struct sl_key *key = &reversing->note->key;
	const struct sl_row *old = now ? now : sl_rowset_find(reversing->base, key);
	const struct sl_row row = { .key = *key, .rank = old ? old->rank : (struct sl_str){ NULL, 0 }, .data = data };
	const struct sl_key episode = sl_key_of_episode(key->episode);
	if (now && sl_str_equal(now->data, data))
		return SL_OK;
	if (sl_entity_has_episode(key->entity) && !sl_rowset_find(reversing->rows, &episode)) {
		const struct sl_row *parent = sl_rowset_find(reversing->base, &episode);
		if (!parent)
			return vanished(reversing);
		if (put(reversing, parent) != SL_OK)
			return SL_NO_MEMORY;
	}
	return put(reversing, &row);
}

static int move_row(const struct reversing *reversing, const struct sl_row *now)
{
	struct sl_str text = reversing->note->mine;
	struct sl_row row;
	if (!now || text.length < 2)
		return vanished(reversing);
	row = *now;
	row.rank = (struct sl_str){ text.bytes + 1, text.length - 2 }; /* ranks need no escapes between their quotes */
	if (!sl_rank_is_valid(row.rank))
		return vanished(reversing);
	return sl_str_equal(now->rank, row.rank) ? SL_OK : put(reversing, &row);
}

/* --- inside rows ------------------------------------------------------------------------------------------------ */

/* A value on the way to the place: an object of `shape`, or a list of `list`. */
struct spot {
	json_t *value;
	const struct sl_shape *shape; /* NULL: a list */
	const struct sl_field *list;
};

/* What is at the end of the way and what to do there. */
struct target {
	struct spot spot;
	struct sl_str name; /* of the member or element there */
	const json_t *mine; /* NULL: absent */
};

static bool is_spot(const struct sl_field *field, json_t *value, struct spot *spot_r)
{
	if (!field || (field->type == SL_TYPE_LIST ? !json_is_array(value) : !json_is_object(value)) || !field->shape)
		return false;
	*spot_r = (struct spot){ value, field->type == SL_TYPE_LIST ? NULL : field->shape, field };
	return true;
}

/* What the list's elements are called. */
static int names_of(const struct spot *spot, struct sl_arena *arena, struct sl_str **names_r)
{
	int rc = sl_merge_names_of(spot->list, spot->value, arena, names_r);
	return rc == SL_OK ? sl_merge_tell_apart(*names_r, json_array_size(spot->value), arena) : rc;
}

/* The index of the element that is called so, or the list's length. Returns 0 or SL_NO_MEMORY. */
static int find_element(const struct spot *spot, struct sl_str name, struct sl_arena *arena, size_t *index_r)
{
	struct sl_str *names;
	int rc = names_of(spot, arena, &names);
	for (*index_r = 0; rc == SL_OK && *index_r < json_array_size(spot->value); ++*index_r)
		if (sl_str_equal(names[*index_r], name))
			break;
	return rc;
}

/* Goes from the spot into its member or element `name`. An object or list that is absent is made if it is to hold mine.
 * Returns 1, 0 if mine is absent and so is the way there, or a code. */
static int enter(const struct reversing *reversing, struct spot *spot, struct sl_str name)
{
	size_t index = 0;
	if (!spot->shape) {
		int rc = find_element(spot, name, reversing->arena, &index);
		json_t *element = json_array_get(spot->value, index);
		if (rc != SL_OK)
			return rc;
		*spot = (struct spot){ element, spot->list->shape, spot->list };
		return json_is_object(element) ? 1 : vanished(reversing);
	}
	const struct sl_field *field = sl_schema_field(spot->shape, name);
	json_t *member = field ? json_object_get(spot->value, field->name) : NULL;
	if (field && !member && field->shape && !is_move(reversing->note)) {
		if (reversing->note->mine.length == 0)
			return 0;
		member = field->type == SL_TYPE_LIST ? json_array() : json_object();
		if (json_object_set_new_nocheck(spot->value, field->name, member) != 0)
			return SL_NO_MEMORY;
	}
	return is_spot(field, member, spot) ? 1 : vanished(reversing);
}

static int set_member(const struct reversing *reversing, const struct target *target)
{
	struct sl_str name; /* with a NUL behind it */
	if (sl_arena_copy(reversing->arena, target->name, &name) != SL_OK)
		return SL_NO_MEMORY;
	if (!target->mine)
		json_object_del(target->spot.value, name.bytes);
	else if (json_object_set_nocheck(target->spot.value, name.bytes, (json_t *)target->mine) != 0)
		return SL_NO_MEMORY;
	return SL_OK;
}

static int set_element(const struct reversing *reversing, const struct target *target)
{
	json_t *list = target->spot.value, *mine = (json_t *)target->mine;
	size_t index = 0;
	int rc = find_element(&target->spot, target->name, reversing->arena, &index);
	bool found = index < json_array_size(list);
	if (rc == SL_OK && found && mine)
		rc = json_array_set(list, index, mine) == 0 ? SL_OK : SL_NO_MEMORY;
	else if (rc == SL_OK && found)
		json_array_remove(list, index);
	else if (rc == SL_OK && mine)
		rc = json_array_append(list, mine) == 0 ? SL_OK : SL_NO_MEMORY;
	return rc;
}

/* The list's elements by what they are called, their indexes as versions. NULL: no memory. */
static struct sl_rowset *index_list(const struct reversing *reversing, const struct spot *spot)
{
	size_t count = json_array_size(spot->value);
	struct sl_rowset *index = sl_rowset_new(reversing->arena, count);
	struct sl_str *names;
	if (!index || names_of(spot, reversing->arena, &names) != SL_OK)
		return NULL;
	for (size_t i = 0; i < count; i++) {
		const struct sl_row entry = { .key = { SL_META, 0, names[i] }, .version = (int64_t)i };
		if (!sl_rowset_put(index, &entry))
			return NULL;
	}
	return index;
}

/* Where each element of the list stands now, and where in the array of keys `mine`. */
static int find_places(const struct reversing *reversing, const struct target *target, size_t *now, size_t *wanted)
{
	const struct sl_rowset *index = index_list(reversing, &target->spot);
	if (!index)
		return SL_NO_MEMORY;
	for (size_t i = 0; i < json_array_size(target->spot.value); i++) {
		now[i] = i;
		wanted[i] = SL_MERGE_NOWHERE;
	}
	for (size_t i = 0; i < json_array_size(target->mine); i++) {
		const json_t *name = json_array_get(target->mine, i);
		const struct sl_key key = { SL_META, 0, { json_string_value(name), json_string_length(name) } };
		const struct sl_row *entry = sl_rowset_find(index, &key);
		if (entry)
			wanted[entry->version] = i;
	}
	return SL_OK;
}

/* The list's elements in the order of the keys in `mine`; others stay behind what is before them. */
static int order_list(const struct reversing *reversing, const struct target *target)
{
	json_t *list = target->spot.value, *before = json_copy(list);
	size_t count = json_array_size(list);
	size_t *now = sl_arena_zalloc(reversing->arena, count, sizeof(*now));
	size_t *wanted = sl_arena_zalloc(reversing->arena, count, sizeof(*wanted));
	const struct sl_merge_places places = { .base = now, .mine = wanted, .theirs = now };
	struct sl_merge_order order;
	int rc = before && now && wanted ? find_places(reversing, target, now, wanted) : SL_NO_MEMORY;
	if (rc == SL_OK)
		rc = sl_merge_order(&places, count, reversing->arena, &order);
	for (size_t i = 0; rc == SL_OK && i < count; i++)
		if (json_array_set(list, i, json_array_get(before, order.order[i])) != 0)
			rc = SL_NO_MEMORY;
	json_decref(before);
	return rc;
}

/* Changes `value`, the row's data (for meta: the field's value), at the note's place. */
static int change(const struct reversing *reversing, json_t *value, const json_t *mine)
{
	const struct sl_note *note = reversing->note;
	const struct sl_shape *shape = sl_schema_row(note->key.entity);
	struct target target = { { value, shape, NULL }, { NULL, 0 }, mine };
	struct sl_str path = note->path;
	int more = 1;
	if (note->key.entity == SL_META && !is_spot(sl_schema_field(shape, note->key.id), value, &target.spot))
		return vanished(reversing);
	if (note->key.entity != SL_META && !json_is_object(value))
		return sl_err_set(reversing->err, SL_INTERNAL, "a stored row is no JSON object");
	while (more == 1 && path.length > 0) {
		if (sl_pointer_next(&path, reversing->arena, &target.name) < 0)
			return SL_NO_MEMORY;
		if (path.length > 0 || is_move(note))
			more = enter(reversing, &target.spot, target.name);
	}
	if (more != 1)
		return more;
	if (is_move(note))
		return target.spot.shape ? vanished(reversing) : order_list(reversing, &target);
	return target.spot.shape ? set_member(reversing, &target) : set_element(reversing, &target);
}

static int write_changed(const struct reversing *reversing, const struct sl_row *now, const json_t *value)
{
	const struct sl_key *key = &reversing->note->key;
	struct sl_str data = { NULL, 0 };
	struct sl_buf text;
	if (key->entity == SL_META && sl_rows_meta_is_empty(key->id, value))
		return delete_row(reversing, now);
	sl_buf_init(&text, SIZE_MAX);
	sl_json_write(&text, value);
	int rc = sl_buf_code(&text);
	if (rc == SL_OK)
		rc = sl_arena_copy(reversing->arena, sl_buf_str(&text), &data);
	sl_buf_dispose(&text);
	return rc == SL_OK ? write_row(reversing, now, data) : rc;
}

static int parse(const struct reversing *reversing, struct sl_str text, json_t **value_r)
{
	struct sl_err reason = SL_ERR_INIT;
	if (text.length == 0)
		return SL_OK;
	int rc = sl_json_parse(text, value_r, &reason);
	if (rc == SL_OK || rc == SL_NO_MEMORY)
		return rc;
	return sl_err_set(reversing->err, SL_INTERNAL, "a stored text is no JSON");
}

static int reverse_inside(const struct reversing *reversing, const struct sl_row *now)
{
	const struct sl_note *note = reversing->note;
	const struct sl_key *key = &note->key;
	const char *empty = key->entity == SL_META ? sl_schema_empty(key->id) : NULL;
	json_t *value = NULL, *mine = NULL;
	if (!now && !empty)
		return vanished(reversing);
	int rc = parse(reversing, now ? now->data : sl_str_from(empty), &value);
	if (rc == SL_OK)
		rc = parse(reversing, note->mine, &mine);
	if (rc == SL_OK)
		rc = change(reversing, value, mine);
	if (rc == SL_OK)
		rc = write_changed(reversing, now, value);
	json_decref(value);
	json_decref(mine);
	return rc;
}

/* The whole row as mine has it. A project-level field may hold its empty value there, which isn't stored. */
static int put_whole(const struct reversing *reversing, const struct sl_row *now)
{
	json_t *mine = NULL;
	if (reversing->note->key.entity != SL_META)
		return write_row(reversing, now, reversing->note->mine);
	int rc = parse(reversing, reversing->note->mine, &mine);
	if (rc == SL_OK)
		rc = write_changed(reversing, now, mine);
	json_decref(mine);
	return rc;
}

int sl_merge_reverse(const struct sl_note *note, const struct sl_rowset *base, const struct sl_rowset *rows,
	struct sl_arena *arena, struct sl_delta *delta_r, struct sl_err *err)
{
	const struct reversing reversing = { note, base, rows, arena, delta_r, err };
	const struct sl_row *now = sl_rowset_find(rows, &note->key);
	int rc;
	*delta_r = (struct sl_delta){ sl_rowset_new(arena, 4), NULL, 0 };
	if (!delta_r->rows)
		rc = SL_NO_MEMORY;
	else if (note->path.length > 0 || (is_move(note) && note->key.entity == SL_META))
		rc = reverse_inside(&reversing, now);
	else if (is_move(note))
		rc = move_row(&reversing, now);
	else if (note->mine.length == 0)
		rc = delete_row(&reversing, now);
	else
		rc = put_whole(&reversing, now);
	return rc == SL_OK ? SL_OK : sl_err_set(err, rc, "out of memory while taking a change back");
}
