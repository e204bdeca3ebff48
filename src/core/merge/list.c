/* Lists of objects: elements are paired (pairing.h), merged one by one, and put in order (order.c).
 * Keeps true: an element that one side edited survives the other's deletion; an element is what a side had but for its fields that
 * both changed. O(n log n), whatever the lists hold. Fails with SL_NO_MEMORY only. Source of the rules: merge.md, rule `list`.
 */
#include "core/merge/steps.h"

#include <stdlib.h>

#include "core/merge/pairing.h"

enum { BASE, MINE, THEIRS, SIDES };

/* One element on all sides. */
struct element {
	struct sl_str name; /* in the result */
	const json_t *values[SIDES];
	size_t places[SIDES];
};

/* Those that stay. */
struct elements {
	struct element *items;
	size_t count;
};

struct listing {
	struct sl_merging *merging;
	const struct sl_field *field;
	const struct sl_merge_place *place; /* of the list */
	const json_t *lists[SIDES];
	struct elements elements;
};

/* --- pairing ---------------------------------------------------------------------------------------------------------- */

static bool are_objects(const json_t *list)
{
	const json_t *element;
	size_t i;
	if (list && !json_is_array(list))
		return false;
	json_array_foreach((json_t *)list, i, element) {
		if (!json_is_object(element))
			return false;
	}
	return true;
}

static struct element *add_element(struct listing *listing)
{
	struct element *element = &listing->elements.items[listing->elements.count++];
	element->places[BASE] = element->places[MINE] = element->places[THEIRS] = SL_MERGE_NOWHERE;
	return element;
}

static void set_side(const struct listing *listing, struct element *element, int side, size_t at)
{
	element->values[side] = json_array_get(listing->lists[side], at);
	element->places[side] = at;
}

/* Finds the side's elements among those of the base; *added_r holds the others, and places_r[i] is where the i-th of these stands. */
static int find_in_base(struct listing *listing, int side, json_t *added, size_t *places_r)
{
	struct sl_arena *arena = listing->merging->arena;
	size_t count = json_array_size(listing->lists[side]);
	size_t *partners = sl_arena_alloc(arena, count * sizeof(*partners));
	if (!partners)
		return SL_NO_MEMORY;
	int rc = sl_merge_pair(listing->field, listing->lists[BASE], listing->lists[side], SL_PAIR_CHANGES, arena, partners);
	for (size_t i = 0; rc == SL_OK && i < count; i++) {
		if (partners[i] != SL_UNPAIRED) {
			set_side(listing, &listing->elements.items[partners[i]], side, i);
			continue;
		}
		places_r[json_array_size(added)] = i;
		rc = json_array_append(added, json_array_get(listing->lists[side], i)) == 0 ? SL_OK : SL_NO_MEMORY;
	}
	return rc;
}

/* What both sides added is one element if it pairs, too. */
static int add_new(struct listing *listing, const json_t *const added[SIDES], size_t *const places[SIDES])
{
	struct sl_arena *arena = listing->merging->arena;
	size_t in_mine = json_array_size(added[MINE]), in_theirs = json_array_size(added[THEIRS]);
	size_t *partners = sl_arena_alloc(arena, in_theirs * sizeof(*partners));
	size_t first = listing->elements.count;
	if (!partners)
		return SL_NO_MEMORY;
	int rc = sl_merge_pair(listing->field, added[MINE], added[THEIRS], SL_PAIR_ADDITIONS, arena, partners);
	for (size_t i = 0; rc == SL_OK && i < in_mine; i++)
		set_side(listing, add_element(listing), MINE, places[MINE][i]);
	for (size_t i = 0; rc == SL_OK && i < in_theirs; i++)
		set_side(listing, partners[i] == SL_UNPAIRED ? add_element(listing) : &listing->elements.items[first + partners[i]],
			THEIRS, places[THEIRS][i]);
	return rc;
}

static int match(struct listing *listing)
{
	struct sl_arena *arena = listing->merging->arena;
	size_t sizes[SIDES], total = 0;
	for (int side = BASE; side < SIDES; side++)
		total += sizes[side] = json_array_size(listing->lists[side]);
	json_t *added[SIDES] = { NULL, json_array(), json_array() };
	size_t *places[SIDES] = { NULL, sl_arena_alloc(arena, sizes[MINE] * sizeof(size_t)),
		sl_arena_alloc(arena, sizes[THEIRS] * sizeof(size_t)) };
	listing->elements.items = sl_arena_zalloc(arena, total, sizeof(struct element));
	int rc = listing->elements.items && added[MINE] && added[THEIRS] && places[MINE] && places[THEIRS] ? SL_OK : SL_NO_MEMORY;
	for (size_t i = 0; rc == SL_OK && i < sizes[BASE]; i++)
		set_side(listing, add_element(listing), BASE, i);
	for (int side = MINE; rc == SL_OK && side < SIDES; side++)
		rc = find_in_base(listing, side, added[side], places[side]);
	if (rc == SL_OK)
		rc = add_new(listing, (const json_t *const *)added, places);
	json_decref(added[MINE]);
	json_decref(added[THEIRS]);
	return rc;
}

/* --- what stays, in order ------------------------------------------------------------------------------------------- */

/* An element that one side deleted stays if the other edited it. */
static bool stays(const struct element *element)
{
	const json_t *left = element->values[MINE] ? element->values[MINE] : element->values[THEIRS];
	if (!left || (element->values[MINE] && element->values[THEIRS]))
		return left != NULL;
	return !element->values[BASE] || !json_equal(element->values[BASE], left);
}

static void drop_deleted(struct elements *elements)
{
	size_t kept = 0;
	for (size_t i = 0; i < elements->count; i++)
		if (stays(&elements->items[i]))
			elements->items[kept++] = elements->items[i];
	elements->count = kept;
}

/* The name that the merged element has: whose side changed it, else theirs. */
static int name_element(const struct listing *listing, const struct element *element, struct sl_str *name_r)
{
	const char *key = listing->field->list_key;
	const json_t *names[SIDES];
	for (int side = BASE; side < SIDES; side++)
		names[side] = json_object_get(element->values[side], key);
	const json_t *name = names[THEIRS];
	if (!element->values[THEIRS] || (element->values[MINE] && element->values[BASE]
		&& (names[BASE] == names[THEIRS] || json_equal(names[BASE], names[THEIRS]))))
		name = names[MINE];
	return sl_merge_name_value(listing->field, name, listing->merging->arena, name_r);
}

static int name_all(struct listing *listing)
{
	struct elements *elements = &listing->elements;
	struct sl_arena *arena = listing->merging->arena;
	struct sl_str *names = sl_arena_zalloc(arena, elements->count, sizeof(*names));
	int rc = names ? SL_OK : SL_NO_MEMORY;
	for (size_t i = 0; rc == SL_OK && i < elements->count; i++)
		rc = name_element(listing, &elements->items[i], &names[i]);
	if (rc == SL_OK)
		rc = sl_merge_tell_apart(names, elements->count, arena);
	for (size_t i = 0; rc == SL_OK && i < elements->count; i++)
		elements->items[i].name = names[i];
	return rc;
}

/* Puts the elements in their order; *clash_r as in struct sl_merge_order. */
static int order_elements(struct listing *listing, bool *clash_r)
{
	struct sl_arena *arena = listing->merging->arena;
	struct elements *elements = &listing->elements;
	size_t count = elements->count, *places[SIDES];
	struct element *ordered = sl_arena_zalloc(arena, count, sizeof(*ordered));
	struct sl_merge_order order;
	for (int side = BASE; side < SIDES; side++) {
		places[side] = sl_arena_alloc(arena, count * sizeof(size_t));
		for (size_t i = 0; places[side] && i < count; i++)
			places[side][i] = elements->items[i].places[side];
	}
	if (!ordered || !places[BASE] || !places[MINE] || !places[THEIRS])
		return SL_NO_MEMORY;
	const struct sl_merge_places of_all = { .base = places[BASE], .mine = places[MINE], .theirs = places[THEIRS] };
	int rc = sl_merge_order(&of_all, count, arena, &order);
	for (size_t i = 0; rc == SL_OK && i < count; i++)
		ordered[i] = elements->items[order.order[i]];
	elements->items = ordered;
	*clash_r = rc == SL_OK && order.clash;
	return rc;
}

/* --- a note of the order ------------------------------------------------------------------------------------------------ */

struct placed {
	size_t place;
	struct sl_str name;
};

static int compare_places(const void *a, const void *b)
{
	const struct placed *left = a, *right = b;
	return (left->place > right->place) - (left->place < right->place);
}

/* The names of those elements that a side has, in its order, as a JSON array; NULL: no memory. `side` SIDES: the result. */
static json_t *names_in_order(const struct listing *listing, int side)
{
	const struct elements *elements = &listing->elements;
	struct placed *sorted = sl_arena_zalloc(listing->merging->arena, elements->count, sizeof(*sorted));
	json_t *names = json_array();
	size_t count = 0;
	bool whole = sorted && names;
	for (size_t i = 0; whole && i < elements->count; i++) {
		const struct element *element = &elements->items[i];
		if (side == SIDES || element->values[side])
			sorted[count++] = (struct placed){ side == SIDES ? i : element->places[side], element->name };
	}
	if (whole && count)
		qsort(sorted, count, sizeof(*sorted), compare_places);
	for (size_t i = 0; whole && i < count; i++) {
		struct sl_str name = sorted[i].name;
		whole = json_array_append_new(names, json_stringn_nocheck(name.length ? name.bytes : "", name.length)) == 0;
	}
	if (whole)
		return names;
	json_decref(names);
	return NULL;
}

static int note_order(struct listing *listing)
{
	json_t *names[SIDES + 1] = { NULL, NULL, NULL, NULL };
	bool whole = true;
	int rc = SL_NO_MEMORY;
	for (int side = BASE; side <= SIDES; side++) {
		names[side] = names_in_order(listing, side);
		whole = whole && names[side];
	}
	if (whole) {
		const struct sl_sides sides = { names[BASE], names[MINE], names[THEIRS] };
		const struct sl_verdict verdict = { .value = names[SIDES], .rule = SL_RULE_LIST, .kind = SL_NOTE_MOVED,
			.conflict = true };
		rc = sl_merge_note(listing->merging, listing->place, &sides, &verdict);
	}
	for (int side = BASE; side <= SIDES; side++)
		json_decref(names[side]);
	return rc;
}

/* --- merging ------------------------------------------------------------------------------------------------------------ */

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

/* What both added is merged with what both share. */
static int merge_added(struct listing *listing, struct sl_sides *sides, const struct sl_merge_place *place, json_t **value_r)
{
	struct sl_merging *merging = listing->merging;
	const enum sl_text_ancestor ancestor = merging->ancestor;
	json_t *shared = NULL;
	int rc = sl_merge_share(listing->field->shape, sides->mine, sides->theirs, merging->arena, &shared);
	sides->base = shared;
	merging->ancestor = SL_TEXT_SHARED_BASE;
	if (rc == SL_OK)
		rc = sl_merge_members(merging, listing->field->shape, sides, place, value_r);
	merging->ancestor = ancestor;
	json_decref(shared);
	return rc;
}

static int merge_element(struct listing *listing, const struct element *element, json_t **value_r)
{
	struct sl_sides sides = { element->values[BASE], element->values[MINE], element->values[THEIRS] };
	const struct sl_merge_place place = { listing->place, element->name };
	if (sl_merge_is_settled(&sides, value_r))
		return SL_OK;
	if (!sides.mine || !sides.theirs)
		return keep_edited(listing->merging, &sides, &place, value_r);
	if (!sides.base)
		return merge_added(listing, &sides, &place, value_r);
	return sl_merge_members(listing->merging, listing->field->shape, &sides, &place, value_r);
}

/* The merged elements in their order; NULL if none are left of a list that a side has removed. */
static int build_list(struct listing *listing, const struct sl_sides *sides, json_t **list_r)
{
	json_t *list = json_array();
	int rc = list ? SL_OK : SL_NO_MEMORY;
	for (size_t i = 0; rc == SL_OK && i < listing->elements.count; i++) {
		json_t *value = NULL;
		rc = merge_element(listing, &listing->elements.items[i], &value);
		if (rc == SL_OK)
			rc = json_array_append_new(list, value) == 0 ? SL_OK : SL_NO_MEMORY;
		else
			json_decref(value);
	}
	if (rc != SL_OK || (listing->elements.count == 0 && (!sides->mine || !sides->theirs))) {
		json_decref(list);
		list = NULL;
	}
	*list_r = list;
	return rc;
}

int sl_merge_list(struct sl_merging *merging, const struct sl_field *field, const struct sl_sides *sides,
	const struct sl_merge_place *place, bool *paired_r, json_t **value_r)
{
	struct listing listing = { .merging = merging, .field = field, .place = place,
		.lists = { sides->base, sides->mine, sides->theirs } };
	bool clash = false;
	*value_r = NULL;
	*paired_r = are_objects(sides->base) && are_objects(sides->mine) && are_objects(sides->theirs);
	if (!*paired_r)
		return SL_OK;
	int rc = match(&listing);
	drop_deleted(&listing.elements);
	if (rc == SL_OK)
		rc = order_elements(&listing, &clash);
	if (rc == SL_OK)
		rc = name_all(&listing);
	if (rc == SL_OK && clash)
		rc = note_order(&listing);
	return rc == SL_OK ? build_list(&listing, sides, value_r) : rc;
}
