/* What stands against a push: rows that moved past its base, and scenes and shots without episode; see
 * steps.h. Keeps true: the store is asked once for all rows of a kind, and each row or episode is reported
 * once. */
#include "core/commit/steps.h"

#include <stdio.h>

#include "core/commit/commit.h"
#include "core/json/parse.h"

/* --- conflicts ---------------------------------------------------------------------------------------------------- */

/* At most one for each changed row and one for its episode, or one for each stored row, or one for each deletion. */
static int add_conflict(struct sl_commit_work *work, const struct sl_key *key, int64_t version, bool deleted)
{
	if (!work->conflicts) {
		size_t most = work->change_count * 2 + sl_rowset_count(work->stored) + work->delta.deleted_count;
		work->conflicts = sl_arena_zalloc(work->arena, most, sizeof(*work->conflicts));
		if (!work->conflicts)
			return sl_commit_no_memory(work);
	}
	work->conflicts[work->conflict_count++] = (struct sl_conflict){ *key, version, deleted };
	return SL_OK;
}

/* Which of the absent rows were deleted after the base: sets their versions, and those of the others to 0. */
static int find_deleted(struct sl_commit_work *work, const struct sl_keys *absent, int64_t **versions_r)
{
	int64_t *versions = sl_arena_zalloc(work->arena, absent->count + 1, sizeof(*versions));
	if (!versions)
		return sl_commit_no_memory(work);
	*versions_r = versions;
	if (!work->stale || absent->count == 0)
		return SL_OK;
	int rc = work->store->read_tombstones(work->store->context, absent->items, absent->count, versions, work->err);
	for (size_t i = 0; rc == SL_OK && i < absent->count; i++)
		if (versions[i] <= work->push->base_version)
			versions[i] = 0;
	return rc;
}

/* The groups of siblings (sl_key_of_siblings) in which the push changes ranks; NULL: no memory. */
static struct sl_rowset *find_reordered(const struct sl_commit_work *work)
{
	struct sl_rowset *groups = sl_rowset_new(work->arena, 8);
	for (size_t i = 0; groups && i < work->change_count; i++) {
		const struct sl_row *before = work->changes[i].before, *after = work->changes[i].after;
		if (!before || !after || sl_str_equal(before->rank, after->rank))
			continue;
		if (!sl_rowset_put(groups, &(struct sl_row){ .key = sl_key_of_siblings(&after->key) }))
			return NULL;
	}
	return groups;
}

/* Whether the row holds a value that counts; data that can't be read holds none. */
static int find_counters(struct sl_commit_work *work, const struct sl_row *row, bool *found_r)
{
	const struct sl_shape *shape = sl_schema_row(row->key.entity);
	struct sl_err ignored = SL_ERR_INIT;
	const char *name;
	json_t *object, *value;
	*found_r = false;
	if (row->key.entity == SL_META) {
		*found_r = sl_schema_is_counted(sl_schema_field(shape, row->key.id));
		return SL_OK;
	}
	if (!sl_schema_has_counters(shape))
		return SL_OK;
	if (sl_json_parse(row->data, &object, &ignored) == SL_NO_MEMORY)
		return sl_commit_no_memory(work);
	json_object_foreach(object, name, value)
		*found_r = *found_r || sl_schema_is_counted(sl_schema_field(shape, sl_str_from(name)));
	json_decref(object);
	return SL_OK;
}

/* Whether the stored row is in the push as it is stored. */
static bool is_pushed_equal(const struct sl_commit_work *work, const struct sl_row *row)
{
	const struct sl_row *pushed = sl_rowset_find(work->delta.rows, &row->key);
	if (work->push->action != SL_ACTION_PUSH)
		return !pushed && work->push->document && sl_rowset_find(work->push->document, &row->key);
	return pushed && sl_str_equal(pushed->data, row->data)
		&& (pushed->rank.length == 0 || sl_str_equal(pushed->rank, row->rank));
}

/* Rows that moved past the base and are stored as they are pushed. Where both sides counted, that is one count too few. And a
 * document says the place of every row: where its order is another than the stored one, siblings that somebody moved are in
 * conflict even if it is others that would get new ranks. */
static int find_equal_rows(struct sl_commit_work *work)
{
	const struct sl_rowset *reordered = find_reordered(work);
	const struct sl_row *row;
	size_t cursor = 0;
	int rc = reordered ? SL_OK : sl_commit_no_memory(work);
	while (rc == SL_OK && (row = sl_rowset_next(work->stored, &cursor))) {
		struct sl_key group = sl_key_of_siblings(&row->key);
		if (row->version <= work->push->base_version || !is_pushed_equal(work, row))
			continue;
		bool clashes = work->push->action == SL_ACTION_REPLACE && sl_rowset_find(reordered, &group);
		if (!clashes && work->push->rebase)
			rc = find_counters(work, row, &clashes);
		if (rc == SL_OK && clashes)
			rc = add_conflict(work, &row->key, row->version, false);
	}
	return rc;
}

/* Whether the push adds a row of this entity to another episode. */
static bool adds_elsewhere(const struct sl_commit_work *work, const struct sl_key *key)
{
	for (size_t i = 0; i < work->change_count; i++) {
		const struct sl_row *after = work->changes[i].after;
		if (!work->changes[i].before && after->key.entity == key->entity && after->key.episode != key->episode)
			return true;
	}
	return false;
}

/* Scenes and shots that both sides deleted, where the push adds one to another episode: both may have moved it, and what is one row
 * would be two. */
static int find_halves(struct sl_commit_work *work)
{
	struct sl_keys halves = { .arena = work->arena };
	int64_t *deleted_at = NULL;
	int rc = SL_OK;
	for (size_t i = 0; rc == SL_OK && i < work->delta.deleted_count; i++) {
		const struct sl_key *key = &work->delta.deleted[i];
		struct sl_key episode = sl_key_of_episode(key->episode);
		if (sl_entity_has_episode(key->entity) && !sl_rowset_find(work->gone, &episode) && !sl_rowset_find(work->stored, key)
			&& adds_elsewhere(work, key))
			rc = sl_keys_add(&halves, key) == SL_OK ? SL_OK : sl_commit_no_memory(work);
	}
	if (rc == SL_OK)
		rc = find_deleted(work, &halves, &deleted_at);
	for (size_t i = 0; rc == SL_OK && i < halves.count; i++)
		if (deleted_at[i])
			rc = add_conflict(work, &halves.items[i], deleted_at[i], true);
	return rc;
}

int sl_commit_find_moved_rows(struct sl_commit_work *work)
{
	struct sl_keys absent = { .arena = work->arena };
	int64_t *deleted_at = NULL;
	int rc = SL_OK;
	if (!work->stale)
		return SL_OK;
	for (size_t i = 0; rc == SL_OK && i < work->change_count; i++) {
		const struct sl_change *change = &work->changes[i];
		if (!change->before)
			rc = sl_keys_add(&absent, &change->after->key) == SL_OK ? SL_OK : sl_commit_no_memory(work);
		else if (change->before->version > work->push->base_version)
			rc = add_conflict(work, &change->before->key, change->before->version, false);
	}
	if (rc == SL_OK)
		rc = find_deleted(work, &absent, &deleted_at);
	for (size_t i = 0; rc == SL_OK && i < absent.count; i++)
		if (deleted_at[i])
			rc = add_conflict(work, &absent.items[i], deleted_at[i], true);
	if (rc == SL_OK && work->push->rebase)
		rc = find_halves(work);
	return rc == SL_OK ? find_equal_rows(work) : rc;
}

int sl_commit_find_others(struct sl_commit_work *work, bool *found_r)
{
	struct sl_rowset *pushed = sl_rowset_new(work->arena, work->delta.deleted_count);
	const struct sl_row *row;
	size_t cursor = 0;
	*found_r = false;
	if (!pushed)
		return sl_commit_no_memory(work);
	if (work->push->action != SL_ACTION_PUSH)
		return SL_OK; /* says what all rows are */
	for (size_t i = 0; i < work->delta.deleted_count; i++)
		if (!sl_rowset_put(pushed, &(struct sl_row){ .key = work->delta.deleted[i] }))
			return sl_commit_no_memory(work);
	while ((row = sl_rowset_next(work->others.rows, &cursor)))
		*found_r = *found_r || !sl_rowset_find(work->delta.rows, &row->key);
	for (size_t i = 0; i < work->others.deleted_count; i++) {
		struct sl_key parent = sl_key_of_episode(work->others.deleted[i].episode);
		*found_r = *found_r || !(sl_rowset_find(pushed, &work->others.deleted[i])
			|| (sl_entity_has_episode(work->others.deleted[i].entity) && sl_rowset_find(pushed, &parent)));
	}
	return SL_OK;
}

/* --- scenes and shots without episode ----------------------------------------------------------------------------- */

/* Episodes that new scenes and shots belong to, but that neither come nor go with the push. */
static int gather_parents(struct sl_commit_work *work, struct sl_keys *parents)
{
	struct sl_rowset *met = sl_rowset_new(work->arena, 16);
	const struct sl_row *row;
	size_t cursor = 0;
	if (!met)
		return sl_commit_no_memory(work);
	while ((row = sl_rowset_next(work->delta.rows, &cursor))) {
		struct sl_row parent = { .key = sl_key_of_episode(row->key.episode) };
		if (!sl_entity_has_episode(row->key.entity) || sl_rowset_find(work->stored, &row->key)
			|| sl_rowset_find(work->delta.rows, &parent.key) || sl_rowset_find(work->gone, &parent.key)
			|| sl_rowset_find(met, &parent.key))
			continue;
		if (!sl_rowset_put(met, &parent) || sl_keys_add(parents, &parent.key) != SL_OK)
			return sl_commit_no_memory(work);
	}
	return SL_OK;
}

/* Keeps those of the episodes that are not stored. */
static int keep_missing(struct sl_commit_work *work, struct sl_keys *parents)
{
	bool *there = sl_arena_zalloc(work->arena, parents->count + 1, sizeof(*there));
	size_t kept = 0;
	int rc = there ? SL_OK : sl_commit_no_memory(work);
	if (rc == SL_OK && parents->count && work->head.version > 0)
		rc = work->store->has_episodes(work->store->context, parents->items, parents->count, there, work->err);
	for (size_t i = 0; rc == SL_OK && i < parents->count; i++)
		if (!there[i])
			parents->items[kept++] = parents->items[i];
	parents->count = kept;
	return rc;
}

/* The missing episodes that were deleted meanwhile are conflicts; the others make orphans. */
static int sort_out_missing(struct sl_commit_work *work, const struct sl_keys *missing, struct sl_rowset *unknown)
{
	int64_t *deleted_at = NULL;
	int rc = find_deleted(work, missing, &deleted_at);
	for (size_t i = 0; rc == SL_OK && i < missing->count; i++) {
		struct sl_row episode = { .key = missing->items[i] };
		if (deleted_at[i])
			rc = add_conflict(work, &episode.key, deleted_at[i], true);
		else if (!sl_rowset_put(unknown, &episode))
			rc = sl_commit_no_memory(work);
	}
	return rc;
}

/* Every scene and shot of the push whose episode is unknown or goes with the push, by its place in the request. */
static int note_orphans(struct sl_commit_work *work, const struct sl_rowset *unknown)
{
	size_t places[SL_ENTITIES] = { 0 }, cursor = 0;
	const struct sl_row *row;
	char path[128];
	while ((row = sl_rowset_next(work->delta.rows, &cursor))) {
		struct sl_key parent = sl_key_of_episode(row->key.episode);
		size_t place = places[row->key.entity]++;
		if (!sl_entity_has_episode(row->key.entity)
			|| (!sl_rowset_find(unknown, &parent) && !sl_rowset_find(work->gone, &parent)))
			continue;
		snprintf(path, sizeof(path), "%s/%s/%zu/episodeId", work->push->at ? work->push->at : "",
			sl_entity_name(row->key.entity), place);
		if (sl_faults_add(&work->outcome->faults, work->arena, path, "no such episode") == SL_NO_MEMORY)
			return sl_commit_no_memory(work);
	}
	return SL_OK;
}

int sl_commit_find_orphans(struct sl_commit_work *work)
{
	struct sl_keys parents = { .arena = work->arena };
	struct sl_rowset *unknown = sl_rowset_new(work->arena, 8);
	int rc = unknown ? SL_OK : sl_commit_no_memory(work);
	if (rc != SL_OK || work->push->action != SL_ACTION_PUSH)
		return rc;
	rc = gather_parents(work, &parents);
	if (rc == SL_OK)
		rc = keep_missing(work, &parents);
	if (rc == SL_OK)
		rc = sort_out_missing(work, &parents, unknown);
	if (rc == SL_OK && (sl_rowset_count(unknown) || sl_rowset_count(work->gone)))
		rc = note_orphans(work, unknown);
	return rc;
}
