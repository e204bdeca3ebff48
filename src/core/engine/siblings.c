/* Siblings of rows, where an order is in question; see private.h. Keeps true: the last sibling of a group is known without
 * looking at all rows once it was looked for, so that adding a row costs what the row does; nothing is known of a group whose
 * last row went away or moved, until somebody asks. Rules: merge.md "Order", 11 of "Client engine". */
#include "core/engine/private.h"

#include "core/rows/append_rank.h"

#define ROOMY_RANK 32 /* behind a longer one there may be no room: then all siblings get new ranks, and are needed */

/* --- the last one of a group -------------------------------------------------------------------------------------- */

/* An entry of `lasts`, whose key is the group: rank of the last row; its id as the data, its episode as the version. */
static struct sl_key key_of_last(const struct sl_row *entry)
{
	struct sl_key key = { entry->key.entity, entry->key.episode, entry->data };
	if (key.entity == SL_EPISODES)
		key = sl_key_of_episode(entry->version);
	return key;
}

static bool is_behind(const struct sl_row *row, const struct sl_row *entry)
{
	int order = sl_str_compare(row->rank, entry->rank);
	if (order == 0 && row->key.entity == SL_EPISODES)
		return row->key.episode > entry->version;
	return order > 0 || (order == 0 && sl_str_compare(row->key.id, entry->data) > 0);
}

static void set_last(struct sl_row *entry, const struct sl_row *row)
{
	entry->rank = row->rank;
	entry->data = row->key.id;
	entry->version = row->key.episode;
}

void sl_engine_note_sibling(struct sl_engine *engine, const struct sl_row *row)
{
	struct sl_key group = sl_key_of_siblings(&row->key);
	struct sl_row *entry = sl_rowset_find(engine->lasts, &group);
	if (!entry)
		return;
	struct sl_key last = key_of_last(entry);
	if (sl_key_equal(&last, &row->key) && sl_str_compare(row->rank, entry->rank) < 0)
		sl_rowset_remove(engine->lasts, &group);
	else if (sl_key_equal(&last, &row->key) || is_behind(row, entry))
		set_last(entry, row);
}

void sl_engine_drop_sibling(struct sl_engine *engine, const struct sl_key *key)
{
	struct sl_key group = sl_key_of_siblings(key), last;
	const struct sl_row *entry = sl_rowset_find(engine->lasts, &group);
	if (!entry)
		return;
	last = key_of_last(entry);
	if (sl_key_equal(&last, key))
		sl_rowset_remove(engine->lasts, &group);
}

int sl_engine_forget_siblings(struct sl_engine *engine)
{
	engine->lasts = sl_rowset_new(engine->arena, 16);
	return engine->lasts ? SL_OK : SL_NO_MEMORY;
}

/* Looks at all rows, for all groups that nothing is known of. A group without rows gets no entry. */
static int find_lasts(struct sl_engine *engine, const struct sl_rowset *groups)
{
	const struct sl_row *row;
	size_t cursor = 0;
	while ((row = sl_rowset_next(engine->local, &cursor))) {
		struct sl_key group = sl_key_of_siblings(&row->key);
		struct sl_row *entry = sl_rowset_find(engine->lasts, &group), fresh = { .key = group };
		if (!sl_rowset_find(groups, &group))
			continue;
		set_last(&fresh, row);
		if (entry && is_behind(row, entry))
			set_last(entry, row);
		else if (!entry && !sl_rowset_put(engine->lasts, &fresh))
			return SL_NO_MEMORY;
	}
	return SL_OK;
}

/* --- rows that go last -------------------------------------------------------------------------------------------- */

/* The groups in which the delta puts a row that has no rank yet; in `unknown` those whose last row has to be looked for. */
static int find_growing(struct sl_engine *engine, const struct sl_delta *delta, struct sl_rowset *groups,
	struct sl_rowset *unknown)
{
	const struct sl_row *row;
	size_t cursor = 0;
	while ((row = sl_rowset_next(delta->rows, &cursor))) {
		struct sl_key group = sl_key_of_siblings(&row->key);
		if (!sl_place_lacks_rank(row) || sl_rowset_find(engine->local, &row->key))
			continue;
		if (sl_engine_touch(groups, &group) != SL_OK
			|| (!sl_rowset_find(engine->lasts, &group) && sl_engine_touch(unknown, &group) != SL_OK))
			return SL_NO_MEMORY;
	}
	return SL_OK;
}

static int add_group(const struct sl_engine *engine, const struct sl_key *group, struct sl_rowset *into)
{
	const struct sl_row *row;
	size_t cursor = 0;
	while ((row = sl_rowset_next(engine->local, &cursor))) {
		struct sl_key own = sl_key_of_siblings(&row->key);
		if (sl_key_equal(&own, group) && !sl_rowset_put(into, row))
			return SL_NO_MEMORY;
	}
	return SL_OK;
}

int sl_engine_add_last_siblings(struct sl_engine *engine, const struct sl_delta *delta, struct sl_rowset *into)
{
	struct sl_rowset *groups = sl_rowset_new(&engine->scratch, 8), *unknown = sl_rowset_new(&engine->scratch, 8);
	const struct sl_row *group;
	size_t cursor = 0;
	int rc = groups && unknown ? find_growing(engine, delta, groups, unknown) : SL_NO_MEMORY;
	if (rc == SL_OK && sl_rowset_count(unknown))
		rc = find_lasts(engine, unknown);
	while (rc == SL_OK && (group = sl_rowset_next(groups, &cursor))) {
		const struct sl_row *entry = sl_rowset_find(engine->lasts, &group->key);
		if (!entry)
			continue;
		struct sl_key key = key_of_last(entry);
		if (entry->rank.length >= ROOMY_RANK)
			rc = add_group(engine, &group->key, into);
		else if (!sl_rowset_put(into, sl_rowset_find(engine->local, &key)))
			rc = SL_NO_MEMORY;
	}
	return rc;
}

/* --- rows that may have moved ------------------------------------------------------------------------------------- */

static bool is_moved(const struct sl_row *from, const struct sl_row *to)
{
	return from && to && !sl_str_equal(from->rank, to->rank);
}

/* An episode of `from` that `to` lacks. */
static bool is_gone(const struct sl_row *from, const struct sl_row *to)
{
	return from && !to && from->key.entity == SL_EPISODES;
}

/* The groups in which an order may have changed, or an id may have been given twice; where an episode is gone and another is there, it
 * may have got that number and another place. */
static int find_groups(const struct sl_engine_sides *sides, const struct sl_rowset *keys, struct sl_rowset *groups)
{
	const struct sl_key episodes = sl_key_of_siblings(&(struct sl_key){ SL_EPISODES, 0, { NULL, 0 } });
	const struct sl_row *key;
	bool gone = false, there = false;
	size_t cursor = 0;
	while ((key = sl_rowset_next(keys, &cursor))) {
		const struct sl_row *base = sl_rowset_find(sides->base, &key->key);
		const struct sl_row *mine = sl_rowset_find(sides->mine, &key->key);
		const struct sl_row *theirs = sl_rowset_find(sides->theirs, &key->key);
		struct sl_key group = sl_key_of_siblings(&key->key);
		bool wide = is_moved(base, mine) || is_moved(base, theirs) || (!base && mine && theirs);
		if (wide && sl_engine_touch(groups, &group) != SL_OK)
			return SL_NO_MEMORY;
		gone |= is_gone(base, mine) || is_gone(base, theirs);
		there |= is_gone(mine, base) || is_gone(theirs, base);
	}
	return gone && there ? sl_engine_touch(groups, &episodes) : SL_OK;
}

static int add_members(struct sl_rowset *keys, const struct sl_rowset *groups, const struct sl_rowset *rows)
{
	const struct sl_row *row;
	size_t cursor = 0;
	while ((row = sl_rowset_next(rows, &cursor))) {
		struct sl_key group = sl_key_of_siblings(&row->key);
		if (sl_rowset_find(groups, &group) && sl_engine_touch(keys, &row->key) != SL_OK)
			return SL_NO_MEMORY;
	}
	return SL_OK;
}

int sl_engine_widen(struct sl_engine *engine, const struct sl_engine_sides *sides, struct sl_rowset *keys)
{
	struct sl_rowset *groups = sl_rowset_new(&engine->scratch, 8);
	int rc = groups ? find_groups(sides, keys, groups) : SL_NO_MEMORY;
	if (rc == SL_OK && sl_rowset_count(groups))
		rc = add_members(keys, groups, engine->base);
	if (rc == SL_OK && sl_rowset_count(groups))
		rc = add_members(keys, groups, engine->local);
	return rc;
}
