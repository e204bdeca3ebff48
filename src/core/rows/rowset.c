/* Sets of rows: an array of rows in the order they came, and an open-addressing table of their places; see rowset.h.
 * Keeps true: the table is at most half full, so a search ends. Tables grow by doubling in the arena; what they
 * leave behind is freed with it. Fails only by returning NULL, and then the set is as it was. */
#include "core/rows/rowset.h"

#include <stdlib.h>

#define XXH_INLINE_ALL
#include <xxhash.h>

#define NO_PLACE UINT32_MAX

/* Where rows are found by key. Rows that were appended get in when something is first looked up. */
struct index {
	uint32_t *places; /* indexes into rows, NO_PLACE: free; removed rows keep theirs until the next growth */
	uint32_t *hashes; /* of rows, by index */
	size_t mask, count; /* rows before `count` are in */
};

struct sl_rowset {
	struct sl_arena *arena;
	struct sl_row **rows; /* NULL: removed */
	struct index *index;
	size_t used, capacity, count;
};

/* The address makes the seed unknown to whoever sends ids made to collide; no result depends on it. */
static uint32_t hash_of(const struct sl_rowset *set, const struct sl_key *key)
{
	uint64_t seed = (uint64_t)(uintptr_t)set ^ ((uint64_t)key->episode * 8 + (uint64_t)key->entity);
	return (uint32_t)XXH3_64bits_withSeed(key->id.bytes, key->id.length, seed);
}

static void insert_place(struct index *index, size_t row)
{
	size_t slot = index->hashes[row] & index->mask;
	while (index->places[slot] != NO_PLACE)
		slot = (slot + 1) & index->mask;
	index->places[slot] = (uint32_t)row;
}

static struct index *complete_index(const struct sl_rowset *set)
{
	struct index *index = set->index;
	for (; index->count < set->used; index->count++) {
		if (!set->rows[index->count])
			continue;
		index->hashes[index->count] = hash_of(set, &set->rows[index->count]->key);
		insert_place(index, index->count);
	}
	return index;
}

static bool grow(struct sl_rowset *set, size_t capacity)
{
	struct sl_row **rows = sl_arena_alloc(set->arena, capacity * sizeof(struct sl_row *));
	uint32_t *hashes = sl_arena_alloc(set->arena, capacity * sizeof(uint32_t));
	uint32_t *places = sl_arena_alloc(set->arena, capacity * 2 * sizeof(uint32_t));
	struct index *index = set->index;
	if (!rows || !hashes || !places)
		return false;
	memset(places, 0xff, capacity * 2 * sizeof(uint32_t));
	size_t kept = 0, indexed = 0;
	for (size_t i = 0; i < set->used; i++) {
		if (!set->rows[i])
			continue;
		if (i < index->count)
			hashes[indexed++] = index->hashes[i];
		rows[kept++] = set->rows[i];
	}
	set->rows = rows;
	set->used = kept;
	set->capacity = capacity;
	*index = (struct index){ places, hashes, capacity * 2 - 1, indexed };
	for (size_t i = 0; i < indexed; i++)
		insert_place(index, i);
	return true;
}

struct sl_rowset *sl_rowset_new(struct sl_arena *arena, size_t expected)
{
	struct sl_rowset *set = sl_arena_zalloc(arena, 1, sizeof(*set));
	size_t capacity = 8;
	while (capacity < expected && capacity < UINT32_MAX / 4)
		capacity *= 2;
	struct index *index = sl_arena_zalloc(arena, 1, sizeof(*index));
	if (!set || !index)
		return NULL;
	set->arena = arena;
	set->index = index;
	return grow(set, capacity) ? set : NULL;
}

static struct sl_row **place_of(const struct sl_rowset *set, const struct sl_key *key)
{
	const struct index *index = complete_index(set);
	uint32_t hash = hash_of(set, key);
	for (size_t slot = hash & index->mask; index->places[slot] != NO_PLACE; slot = (slot + 1) & index->mask) {
		uint32_t at = index->places[slot];
		struct sl_row *row = set->rows[at];
		if (row && index->hashes[at] == hash && sl_key_equal(&row->key, key))
			return &set->rows[at];
	}
	return NULL;
}

struct sl_row *sl_rowset_append(struct sl_rowset *set, const struct sl_row *row)
{
	if (set->used == set->capacity) {
		/* Removed rows make room first: only a set that is really full doubles. */
		size_t capacity = set->count * 2 > set->capacity ? set->capacity * 2 : set->capacity;
		if (capacity > UINT32_MAX / 4 || !grow(set, capacity))
			return NULL;
	}
	struct sl_row *copy = sl_arena_alloc(set->arena, sizeof(*copy));
	if (!copy)
		return NULL;
	*copy = *row;
	set->rows[set->used++] = copy;
	set->count++;
	return copy;
}

struct sl_row *sl_rowset_put(struct sl_rowset *set, const struct sl_row *row)
{
	struct sl_row **place = place_of(set, &row->key);
	if (!place)
		return sl_rowset_append(set, row);
	**place = *row;
	return *place;
}

struct sl_row *sl_rowset_find(const struct sl_rowset *set, const struct sl_key *key)
{
	struct sl_row **place = place_of(set, key);
	return place ? *place : NULL;
}

bool sl_rowset_remove(struct sl_rowset *set, const struct sl_key *key)
{
	struct sl_row **place = place_of(set, key);
	if (!place)
		return false;
	*place = NULL;
	set->count--;
	return true;
}

size_t sl_rowset_count(const struct sl_rowset *set)
{
	return set->count;
}

struct sl_row *sl_rowset_next(const struct sl_rowset *set, size_t *cursor)
{
	while (*cursor < set->used) {
		struct sl_row *row = set->rows[(*cursor)++];
		if (row)
			return row;
	}
	return NULL;
}

static int compare_rows(const void *a, const void *b)
{
	return sl_row_compare(*(struct sl_row *const *)a, *(struct sl_row *const *)b);
}

struct sl_row **sl_rowset_sorted(const struct sl_rowset *set, struct sl_arena *arena)
{
	struct sl_row **sorted = sl_arena_alloc(arena, (set->count + 1) * sizeof(struct sl_row *));
	struct sl_row *row;
	size_t cursor = 0, count = 0;
	bool in_order = true; /* rows that were read from a store are */
	if (!sorted)
		return NULL;
	while ((row = sl_rowset_next(set, &cursor))) {
		in_order = in_order && (count == 0 || sl_row_compare(sorted[count - 1], row) < 0);
		sorted[count++] = row;
	}
	if (!in_order)
		qsort(sorted, count, sizeof(sorted[0]), compare_rows);
	return sorted;
}

struct sl_rowset *sl_rowset_clone(const struct sl_rowset *set, struct sl_arena *arena)
{
	struct sl_rowset *clone = sl_rowset_new(arena, set->count);
	const struct sl_row *row;
	size_t cursor = 0;
	while (clone && (row = sl_rowset_next(set, &cursor)))
		if (!sl_rowset_append(clone, row))
			return NULL;
	return clone;
}
