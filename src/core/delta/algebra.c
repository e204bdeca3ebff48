/* Deltas as values: difference, expansion, inverse, composition; see delta.h (apply is in apply.c). None of
 * them reads a row's text: rows are equal when their bytes are. Fails only for memory. */
#include "core/delta/delta.h"

int sl_keys_add(struct sl_keys *keys, const struct sl_key *key)
{
	struct sl_key *items = sl_arena_grow(keys->arena, keys->items, keys->count, &keys->capacity, sizeof(*items));
	if (!items)
		return SL_NO_MEMORY;
	keys->items = items;
	keys->items[keys->count++] = *key;
	return SL_OK;
}

bool sl_delta_is_empty(const struct sl_delta *delta)
{
	return sl_rowset_count(delta->rows) == 0 && delta->deleted_count == 0;
}

static void set_deleted(struct sl_delta *delta, const struct sl_keys *keys)
{
	delta->deleted = keys->items;
	delta->deleted_count = keys->count;
}

int sl_delta_difference(const struct sl_rowset *before, const struct sl_rowset *after, struct sl_arena *arena,
	struct sl_delta *delta_r)
{
	struct sl_keys deleted = { .arena = arena };
	const struct sl_row *row;
	size_t cursor = 0;
	*delta_r = (struct sl_delta){ sl_rowset_new(arena, 16), NULL, 0 };
	if (!delta_r->rows)
		return SL_NO_MEMORY;
	while ((row = sl_rowset_next(after, &cursor))) {
		const struct sl_row *old = sl_rowset_find(before, &row->key);
		if ((!old || !sl_row_same_content(old, row)) && !sl_rowset_put(delta_r->rows, row))
			return SL_NO_MEMORY;
	}
	cursor = 0;
	while ((row = sl_rowset_next(before, &cursor)))
		if (!sl_rowset_find(after, &row->key) && sl_keys_add(&deleted, &row->key) != SL_OK)
			return SL_NO_MEMORY;
	set_deleted(delta_r, &deleted);
	return SL_OK;
}

/* The keys of `deleted` as a set, for look-ups. NULL: no memory. */
static struct sl_rowset *key_set(const struct sl_key *keys, size_t count, struct sl_arena *arena)
{
	struct sl_rowset *set = sl_rowset_new(arena, count);
	for (size_t i = 0; set && i < count; i++)
		if (!sl_rowset_put(set, &(struct sl_row){ .key = keys[i] }))
			return NULL;
	return set;
}

static bool deletes_episodes(const struct sl_delta *delta)
{
	for (size_t i = 0; i < delta->deleted_count; i++)
		if (delta->deleted[i].entity == SL_EPISODES)
			return true;
	return false;
}

int sl_delta_expand(struct sl_delta *delta, const struct sl_rowset *rows, struct sl_arena *arena)
{
	if (!deletes_episodes(delta))
		return SL_OK;
	struct sl_rowset *listed = key_set(delta->deleted, delta->deleted_count, arena);
	struct sl_keys deleted = { .arena = arena };
	const struct sl_row *row;
	size_t cursor = 0;
	if (!listed)
		return SL_NO_MEMORY;
	for (size_t i = 0; i < delta->deleted_count; i++)
		if (sl_keys_add(&deleted, &delta->deleted[i]) != SL_OK)
			return SL_NO_MEMORY;
	while ((row = sl_rowset_next(rows, &cursor))) {
		struct sl_key parent = sl_key_of_episode(row->key.episode);
		if (!sl_entity_has_episode(row->key.entity) || !sl_rowset_find(listed, &parent)
			|| sl_rowset_find(listed, &row->key) || sl_rowset_find(delta->rows, &row->key))
			continue;
		if (sl_keys_add(&deleted, &row->key) != SL_OK)
			return SL_NO_MEMORY;
	}
	set_deleted(delta, &deleted);
	return SL_OK;
}

int sl_delta_invert(const struct sl_delta *delta, const struct sl_rowset *before, struct sl_arena *arena,
	struct sl_delta *inverse_r)
{
	struct sl_keys deleted = { .arena = arena };
	const struct sl_row *row;
	size_t cursor = 0;
	*inverse_r = (struct sl_delta){ sl_rowset_new(arena, 16), NULL, 0 };
	if (!inverse_r->rows)
		return SL_NO_MEMORY;
	while ((row = sl_rowset_next(delta->rows, &cursor))) {
		const struct sl_row *old = sl_rowset_find(before, &row->key);
		if (old ? !sl_rowset_put(inverse_r->rows, old) : sl_keys_add(&deleted, &row->key) != SL_OK)
			return SL_NO_MEMORY;
	}
	for (size_t i = 0; i < delta->deleted_count; i++) {
		const struct sl_row *old = sl_rowset_find(before, &delta->deleted[i]);
		if (old && !sl_rowset_put(inverse_r->rows, old))
			return SL_NO_MEMORY;
	}
	set_deleted(inverse_r, &deleted);
	return SL_OK;
}

int sl_delta_compose(const struct sl_delta *first, const struct sl_delta *second, struct sl_arena *arena,
	struct sl_delta *delta_r)
{
	struct sl_keys deleted = { .arena = arena };
	const struct sl_row *row;
	size_t cursor = 0;
	*delta_r = (struct sl_delta){ sl_rowset_clone(first->rows, arena), NULL, 0 };
	if (!delta_r->rows)
		return SL_NO_MEMORY;
	for (size_t i = 0; i < second->deleted_count; i++) {
		sl_rowset_remove(delta_r->rows, &second->deleted[i]);
		if (sl_keys_add(&deleted, &second->deleted[i]) != SL_OK)
			return SL_NO_MEMORY;
	}
	while ((row = sl_rowset_next(second->rows, &cursor))) {
		const struct sl_row *earlier = sl_rowset_find(delta_r->rows, &row->key);
		struct sl_row merged = *row;
		if (!merged.rank.length && earlier)
			merged.rank = earlier->rank;
		if (!sl_rowset_put(delta_r->rows, &merged))
			return SL_NO_MEMORY;
	}
	struct sl_rowset *listed = key_set(deleted.items, deleted.count, arena);
	if (!listed)
		return SL_NO_MEMORY;
	for (size_t i = 0; i < first->deleted_count; i++) {
		const struct sl_key *key = &first->deleted[i];
		if (!sl_rowset_find(delta_r->rows, key) && !sl_rowset_find(listed, key)
			&& sl_keys_add(&deleted, key) != SL_OK)
			return SL_NO_MEMORY;
	}
	set_deleted(delta_r, &deleted);
	return SL_OK;
}
