/* Base and local rows of the engine; see private.h. Keeps true: `pending` holds exactly the keys in which the two
 * differ, `digest` is that of base, and equal texts of both are one text. Rules: merge.md, "Client engine". */
#include "core/engine/private.h"

int sl_engine_init_rows(struct sl_engine *engine)
{
	engine->base = sl_rowset_new(engine->arena, 64);
	engine->local = sl_rowset_new(engine->arena, 64);
	engine->pending = sl_rowset_new(engine->arena, 16);
	engine->quarantine = sl_rowset_new(engine->arena, 8);
	engine->handed = sl_rowset_new(engine->arena, 8);
	engine->renamed = sl_rowset_new(engine->arena, 8);
	engine->waiting = sl_rowset_new(engine->arena, 8);
	engine->beneath = sl_rowset_new(engine->arena, 8);
	if (sl_engine_forget_siblings(engine) != SL_OK)
		return SL_NO_MEMORY;
	return engine->base && engine->local && engine->pending && engine->quarantine && engine->handed && engine->renamed && engine->waiting
		&& engine->beneath ? SL_OK : SL_NO_MEMORY;
}

int sl_engine_keep(struct sl_engine *engine, struct sl_str text, struct sl_str *copy_r)
{
	*copy_r = (struct sl_str){ NULL, 0 };
	return text.length ? sl_arena_copy(engine->arena, text, copy_r) : SL_OK;
}

int sl_engine_touch(struct sl_rowset *set, const struct sl_key *key)
{
	return sl_rowset_put(set, &(struct sl_row){ .key = *key }) ? SL_OK : SL_NO_MEMORY;
}

struct sl_rowset *sl_engine_narrow(const struct sl_rowset *rows, const struct sl_rowset *keys, struct sl_arena *arena)
{
	struct sl_rowset *narrow = sl_rowset_new(arena, sl_rowset_count(keys));
	const struct sl_row *key, *row;
	size_t cursor = 0;
	while (narrow && (key = sl_rowset_next(keys, &cursor)))
		if ((row = sl_rowset_find(rows, &key->key)) && !sl_rowset_append(narrow, row))
			return NULL;
	return narrow;
}

/* --- one row ------------------------------------------------------------------------------------------------------ */

/* `row` with texts that last: those of `twin`, the same row in the other set, where they are equal. */
static int keep_row(struct sl_engine *engine, const struct sl_row *row, const struct sl_row *twin,
	struct sl_row *kept_r)
{
	if (!twin)
		return sl_row_copy(engine->arena, row, kept_r);
	*kept_r = (struct sl_row){ twin->key, twin->rank, twin->data, row->version };
	int rc = SL_OK;
	if (!sl_str_equal(row->rank, twin->rank))
		rc = sl_engine_keep(engine, row->rank, &kept_r->rank);
	if (rc == SL_OK && !sl_str_equal(row->data, twin->data))
		rc = sl_engine_keep(engine, row->data, &kept_r->data);
	return rc;
}

static int lift_quarantine(struct sl_engine *engine, const struct sl_key *key)
{
	struct sl_str name;
	if (!sl_rowset_find(engine->quarantine, key))
		return SL_OK;
	int rc = sl_engine_row_key(engine, "quarantine/", key, &name);
	sl_rowset_remove(engine->quarantine, key);
	return rc == SL_OK ? sl_engine_remove(engine, name) : rc;
}

int sl_engine_refresh(struct sl_engine *engine, const struct sl_key *key)
{
	const struct sl_row *base = sl_rowset_find(engine->base, key), *local = sl_rowset_find(engine->local, key);
	bool differs = base && local ? !sl_row_same_content(base, local) : base || local;
	if (differs)
		return sl_engine_touch(engine->pending, base ? &base->key : &local->key);
	sl_rowset_remove(engine->pending, key);
	return lift_quarantine(engine, key);
}

static int set_base(struct sl_engine *engine, const struct sl_row *row)
{
	const struct sl_row *old = sl_rowset_find(engine->base, &row->key);
	struct sl_row kept;
	if (old && sl_row_same_content(old, row))
		return SL_OK;
	int rc = keep_row(engine, row, sl_rowset_find(engine->local, &row->key), &kept);
	if (rc != SL_OK)
		return rc;
	if (old)
		sl_digest_subtract(&engine->digest, old);
	sl_digest_add(&engine->digest, &kept);
	if (!sl_rowset_put(engine->base, &kept))
		return SL_NO_MEMORY;
	rc = sl_engine_touch(engine->touched_base, &kept.key);
	return rc == SL_OK ? sl_engine_touch(engine->touched_local, &kept.key) : rc;
}

static int drop_base(struct sl_engine *engine, const struct sl_key *key)
{
	const struct sl_row *old = sl_rowset_find(engine->base, key);
	if (!old)
		return SL_OK;
	struct sl_key kept = old->key;
	sl_digest_subtract(&engine->digest, old);
	sl_rowset_remove(engine->base, &kept);
	int rc = sl_engine_touch(engine->touched_base, &kept);
	return rc == SL_OK ? sl_engine_touch(engine->touched_local, &kept) : rc;
}

static int set_local(struct sl_engine *engine, const struct sl_row *row, bool visible)
{
	const struct sl_row *old = sl_rowset_find(engine->local, &row->key);
	struct sl_row kept;
	if (old && sl_row_same_content(old, row))
		return SL_OK;
	int rc = keep_row(engine, row, sl_rowset_find(engine->base, &row->key), &kept);
	if (rc == SL_OK)
		rc = sl_engine_note_beneath(engine, &kept.key);
	if (rc == SL_OK)
		rc = lift_quarantine(engine, &kept.key);
	if (rc == SL_OK && !sl_rowset_put(engine->local, &kept))
		rc = SL_NO_MEMORY;
	if (rc == SL_OK)
		sl_engine_note_sibling(engine, &kept);
	if (kept.key.entity == SL_EPISODES && kept.key.episode > engine->meta.last_episode)
		engine->meta.last_episode = kept.key.episode;
	if (rc == SL_OK && visible && !sl_rowset_put(engine->changed, &kept))
		rc = SL_NO_MEMORY;
	return rc == SL_OK ? sl_engine_touch(engine->touched_local, &kept.key) : rc;
}

static int drop_local(struct sl_engine *engine, const struct sl_key *key, bool visible)
{
	const struct sl_row *old = sl_rowset_find(engine->local, key);
	if (!old)
		return SL_OK;
	struct sl_key kept = old->key;
	int rc = lift_quarantine(engine, &kept);
	if (rc == SL_OK)
		rc = sl_engine_note_beneath(engine, &kept);
	sl_rowset_remove(engine->local, &kept);
	sl_engine_drop_sibling(engine, &kept);
	if (rc == SL_OK && visible)
		rc = sl_engine_touch(engine->changed, &kept);
	return rc == SL_OK ? sl_engine_touch(engine->touched_local, &kept) : rc;
}

/* --- many rows ---------------------------------------------------------------------------------------------------- */

static int refresh_all(struct sl_engine *engine, const struct sl_delta *change)
{
	const struct sl_row *row;
	size_t cursor = 0;
	int rc = SL_OK;
	while (rc == SL_OK && (row = sl_rowset_next(change->rows, &cursor)))
		rc = sl_engine_refresh(engine, &row->key);
	for (size_t i = 0; rc == SL_OK && i < change->deleted_count; i++)
		rc = sl_engine_refresh(engine, &change->deleted[i]);
	return rc;
}

int sl_engine_change_base(struct sl_engine *engine, const struct sl_delta *change)
{
	const struct sl_row *row;
	size_t cursor = 0;
	int rc = SL_OK;
	for (size_t i = 0; rc == SL_OK && i < change->deleted_count; i++)
		rc = drop_base(engine, &change->deleted[i]);
	while (rc == SL_OK && (row = sl_rowset_next(change->rows, &cursor)))
		rc = set_base(engine, row);
	return rc == SL_OK ? refresh_all(engine, change) : rc;
}

int sl_engine_change_local(struct sl_engine *engine, const struct sl_delta *change, bool visible, enum sl_cause cause)
{
	const struct sl_row *row;
	struct sl_rename *moves = NULL;
	size_t cursor = 0, count = 0;
	int rc = sl_engine_hold_rows(engine, change);
	if (rc == SL_OK)
		rc = sl_engine_find_moves(engine, change, &moves, &count);
	if (rc == SL_OK)
		rc = sl_journal_note_change(engine, change, cause);
	if (rc == SL_OK && !sl_delta_is_empty(change))
		rc = sl_engine_note_revision(engine, change);
	for (size_t i = 0; rc == SL_OK && i < change->deleted_count; i++)
		rc = drop_local(engine, &change->deleted[i], visible);
	while (rc == SL_OK && (row = sl_rowset_next(change->rows, &cursor)))
		rc = set_local(engine, row, visible);
	if (rc == SL_OK)
		rc = sl_engine_note_moves(engine, moves, count);
	return rc == SL_OK ? refresh_all(engine, change) : rc;
}
