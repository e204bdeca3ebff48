/* Lists of objects that have a key: matched by it, merged element by element, ordered by order.c.
 * Keeps true: an element that one side edited survives the other's deletion. O(n log n), whatever the lists hold.
 * Fails with SL_NO_MEMORY only. Source of the rules: merge.md, rule `list`.
 */
#include "core/merge/steps.h"

#include <stdlib.h>

#include "core/json/write.h"

enum { BASE, MINE, THEIRS, SIDES };

/* One element as one side has it. */
struct entry {
	struct sl_str key;
	const json_t *value;
	size_t side, place;
};

/* One element on all sides. */
struct element {
	struct sl_str key;
	const json_t *values[SIDES];
	size_t places[SIDES];
};

struct elements {
	struct element *items; /* by key */
	size_t count;
};

/* --- reading ---------------------------------------------------------------------------------------------------- */

static int number_key(double number, struct sl_arena *arena, struct sl_str *key_r)
{
	struct sl_buf text;
	sl_buf_init(&text, SIZE_MAX);
	sl_json_number(&text, number);
	int rc = sl_buf_code(&text);
	if (rc == SL_OK)
		rc = sl_arena_copy(arena, sl_buf_str(&text), key_r);
	sl_buf_dispose(&text);
	return rc;
}

int sl_merge_key_of(const struct sl_field *list, const json_t *element, struct sl_arena *arena, struct sl_str *key_r)
{
	const struct sl_field *field = sl_schema_field(list->shape, sl_str_from(list->list_key));
	const json_t *key = json_object_get(element, list->list_key);
	*key_r = (struct sl_str){ NULL, 0 };
	if (field && field->type == SL_TYPE_INTEGER && json_is_number(key))
		return number_key(json_number_value(key), arena, key_r);
	if (field && field->type == SL_TYPE_TEXT && json_is_string(key))
		*key_r = (struct sl_str){ json_string_value(key), json_string_length(key) };
	return SL_OK;
}

static int compare_entries(const void *a, const void *b)
{
	const struct entry *left = a, *right = b;
	int order = sl_str_compare(left->key, right->key);
	return order ? order : (left->side > right->side) - (left->side < right->side);
}

/* All entries of all sides, by key, then side. *keyed_r: each has a key that its side has no other of. */
static int read_entries(const struct sl_field *field, const struct sl_sides *sides, struct sl_arena *arena,
	struct entry **entries_r, size_t *count_r, bool *keyed_r)
{
	const json_t *lists[SIDES] = { sides->base, sides->mine, sides->theirs };
	size_t total = json_array_size(lists[BASE]) + json_array_size(lists[MINE]) + json_array_size(lists[THEIRS]);
	struct entry *entries = sl_arena_zalloc(arena, total, sizeof(*entries));
	*count_r = 0;
	*entries_r = entries;
	*keyed_r = true;
	if (!entries)
		return SL_NO_MEMORY;
	for (size_t side = 0; side < SIDES; side++) {
		*keyed_r = *keyed_r && (!lists[side] || json_is_array(lists[side]));
		for (size_t i = 0; *keyed_r && i < json_array_size(lists[side]); i++) {
			struct entry *entry = &entries[(*count_r)++];
			*entry = (struct entry){ { NULL, 0 }, json_array_get(lists[side], i), side, i };
			if (sl_merge_key_of(field, entry->value, arena, &entry->key) != SL_OK)
				return SL_NO_MEMORY;
			*keyed_r = entry->key.bytes != NULL;
		}
	}
	qsort(entries, *count_r, sizeof(*entries), compare_entries);
	for (size_t i = 1; i < *count_r; i++)
		*keyed_r = *keyed_r && compare_entries(&entries[i - 1], &entries[i]) != 0;
	return SL_OK;
}

static int match(const struct entry *entries, size_t count, struct sl_arena *arena, struct elements *elements_r)
{
	struct element *items = sl_arena_zalloc(arena, count, sizeof(*items)), *element = NULL;
	*elements_r = (struct elements){ items, 0 };
	if (!items)
		return SL_NO_MEMORY;
	for (size_t i = 0; i < count; i++) {
		const struct entry *entry = &entries[i];
		if (!element || !sl_str_equal(element->key, entry->key)) {
			element = &items[elements_r->count++];
			element->key = entry->key;
			element->places[BASE] = element->places[MINE] = element->places[THEIRS] = SL_MERGE_NOWHERE;
		}
		element->values[entry->side] = entry->value;
		element->places[entry->side] = entry->place;
	}
	return SL_OK;
}

/* --- merging ---------------------------------------------------------------------------------------------------- */

/* Edited on one side, deleted on the other: it stays, and both know. */
static int keep_edited(struct sl_merging *merging, const struct sl_sides *sides, const struct sl_merge_place *place,
	json_t **value_r)
{
	const json_t *edited = sides->mine ? sides->mine : sides->theirs;
	const struct sl_verdict verdict = { .value = json_incref((json_t *)edited), .rule = SL_RULE_LIST, .kind = SL_NOTE_KEPT,
		.conflict = true };
	*value_r = verdict.value;
	return sl_merge_note(merging, place, sides, &verdict);
}

static int merge_element(struct sl_merging *merging, const struct sl_field *field, const struct element *element,
	const struct sl_merge_place *list, json_t **value_r)
{
	const struct sl_sides sides = { element->values[BASE], element->values[MINE], element->values[THEIRS] };
	const struct sl_merge_place place = { list, element->key };
	if (sl_merge_is_settled(&sides, value_r))
		return SL_OK;
	if (!sides.mine || !sides.theirs)
		return keep_edited(merging, &sides, &place, value_r);
	return sl_merge_members(merging, field->shape, &sides, &place, value_r);
}

/* Merges each element into `pool` and drops those from `elements` that are gone. */
static int merge_elements(struct sl_merging *merging, const struct sl_field *field, struct elements *elements,
	const struct sl_merge_place *place, json_t *pool)
{
	size_t kept = 0;
	for (size_t i = 0; i < elements->count; i++) {
		json_t *value = NULL;
		int rc = merge_element(merging, field, &elements->items[i], place, &value);
		if (rc != SL_OK) {
			json_decref(value);
			return rc;
		}
		if (!value)
			continue;
		if (json_array_append_new(pool, value) != 0)
			return SL_NO_MEMORY;
		elements->items[kept++] = elements->items[i];
	}
	elements->count = kept;
	return SL_OK;
}

static int compare_places(const void *a, const void *b)
{
	const struct entry *left = a, *right = b;
	return (left->place > right->place) - (left->place < right->place);
}

/* The keys of those elements that a side has, in its order, as a JSON array; NULL: no memory. `side` SIDES: as in
 * `order`. */
static json_t *keys_in_order(const struct elements *elements, size_t side, const size_t *order, struct sl_arena *arena)
{
	struct entry *entries = sl_arena_zalloc(arena, elements->count, sizeof(*entries));
	json_t *keys = json_array();
	size_t count = 0;
	bool whole = entries && keys;
	for (size_t i = 0; whole && i < elements->count; i++) {
		const struct element *element = &elements->items[side == SIDES ? order[i] : i];
		if (side == SIDES || element->values[side])
			entries[count++] = (struct entry){ element->key, NULL, side, side == SIDES ? i : element->places[side] };
	}
	if (whole)
		qsort(entries, count, sizeof(*entries), compare_places);
	for (size_t i = 0; whole && i < count; i++)
		whole = json_array_append_new(keys, json_stringn_nocheck(entries[i].key.bytes, entries[i].key.length)) == 0;
	if (whole)
		return keys;
	json_decref(keys);
	return NULL;
}

static int note_order(struct sl_merging *merging, const struct elements *elements, const size_t *order,
	const struct sl_merge_place *place)
{
	json_t *keys[SIDES + 1] = { NULL, NULL, NULL, NULL };
	bool whole = true;
	int rc = SL_NO_MEMORY;
	for (size_t side = 0; side <= SIDES; side++) {
		keys[side] = keys_in_order(elements, side, order, merging->arena);
		whole = whole && keys[side];
	}
	if (whole) {
		const struct sl_sides sides = { keys[BASE], keys[MINE], keys[THEIRS] };
		const struct sl_verdict verdict = { .value = keys[SIDES], .rule = SL_RULE_LIST, .kind = SL_NOTE_MOVED,
			.conflict = true };
		rc = sl_merge_note(merging, place, &sides, &verdict);
	}
	for (size_t side = 0; side <= SIDES; side++)
		json_decref(keys[side]);
	return rc;
}

static int order_elements(struct sl_merging *merging, const struct elements *elements, const struct sl_merge_place *place,
	size_t *order)
{
	struct sl_arena *arena = merging->arena;
	size_t count = elements->count;
	bool clash = false;
	const struct sl_merge_places places = { sl_arena_alloc(arena, count * sizeof(size_t)),
		sl_arena_alloc(arena, count * sizeof(size_t)), sl_arena_alloc(arena, count * sizeof(size_t)) };
	if (!places.base || !places.mine || !places.theirs)
		return SL_NO_MEMORY;
	for (size_t i = 0; i < count; i++) {
		places.base[i] = elements->items[i].places[BASE];
		places.mine[i] = elements->items[i].places[MINE];
		places.theirs[i] = elements->items[i].places[THEIRS];
	}
	int rc = sl_merge_order(&places, count, arena, order, &clash);
	return rc == SL_OK && clash ? note_order(merging, elements, order, place) : rc;
}

/* The elements of `pool` in their order; *list_r NULL if none are left of a list that a side has removed. */
static int build_list(struct sl_merging *merging, const struct elements *elements, const struct sl_sides *sides,
	const struct sl_merge_place *place, const json_t *pool, json_t **list_r)
{
	size_t *order = sl_arena_zalloc(merging->arena, elements->count, sizeof(*order));
	int rc = order ? order_elements(merging, elements, place, order) : SL_NO_MEMORY;
	*list_r = NULL;
	if (rc != SL_OK || (elements->count == 0 && (!sides->mine || !sides->theirs)))
		return rc;
	json_t *list = json_array();
	rc = list ? SL_OK : SL_NO_MEMORY;
	for (size_t i = 0; rc == SL_OK && i < elements->count; i++)
		if (json_array_append(list, json_array_get(pool, order[i])) != 0)
			rc = SL_NO_MEMORY;
	if (rc != SL_OK) {
		json_decref(list);
		list = NULL;
	}
	*list_r = list;
	return rc;
}

int sl_merge_list(struct sl_merging *merging, const struct sl_field *field, const struct sl_sides *sides,
	const struct sl_merge_place *place, bool *keyed_r, json_t **value_r)
{
	struct entry *entries = NULL;
	struct elements elements = { NULL, 0 };
	size_t count = 0;
	*value_r = NULL;
	int rc = read_entries(field, sides, merging->arena, &entries, &count, keyed_r);
	if (rc != SL_OK || !*keyed_r)
		return rc;
	json_t *pool = json_array();
	rc = pool ? match(entries, count, merging->arena, &elements) : SL_NO_MEMORY;
	if (rc == SL_OK)
		rc = merge_elements(merging, field, &elements, place, pool);
	if (rc == SL_OK)
		rc = build_list(merging, &elements, sides, place, pool, value_r);
	json_decref(pool);
	return rc;
}
