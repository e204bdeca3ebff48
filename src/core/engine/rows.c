/* Base and local rows of the engine; see engine_inside.h. Keeps true: `pending` holds exactly the keys in which the two
 * differ, `digest` is that of base, and equal texts of both are one text. Rules: merge.md, "Client engine". */
#include "core/engine/private.h"

#define COMPACT_SLACK ((size_t)1 << 20)

int sl_engine_init_rows(struct sl_engine *engine)
{
	engine->base = sl_rowset_new(engine->arena, 64);
	engine->local = sl_rowset_new(engine->arena, 64);
	engine->pending = sl_rowset_new(engine->arena, 16);
	engine->quarantine = sl_rowset_new(engine->arena, 8);
	return engine->base && engine->local && engine->pending && engine->quarantine ? SL_OK : SL_NO_MEMORY;
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
		rc = lift_quarantine(engine, &kept.key);
	if (rc == SL_OK && !sl_rowset_put(engine->local, &kept))
		rc = SL_NO_MEMORY;
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
	sl_rowset_remove(engine->local, &kept);
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

int sl_engine_change_local(struct sl_engine *engine, const struct sl_delta *change, bool visible)
{
	const struct sl_row *row;
	size_t cursor = 0;
	int rc = SL_OK;
	for (size_t i = 0; rc == SL_OK && i < change->deleted_count; i++)
		rc = drop_local(engine, &change->deleted[i], visible);
	while (rc == SL_OK && (row = sl_rowset_next(change->rows, &cursor)))
		rc = set_local(engine, row, visible);
	if (!sl_delta_is_empty(change))
		engine->revision++;
	return rc == SL_OK ? refresh_all(engine, change) : rc;
}

/* --- compaction --------------------------------------------------------------------------------------------------- */

static struct sl_rowset *copy_rows(const struct sl_rowset *rows, const struct sl_rowset *old_twins,
	const struct sl_rowset *new_twins, struct sl_arena *arena)
{
	struct sl_rowset *copy = sl_rowset_new(arena, sl_rowset_count(rows));
	const struct sl_row *row;
	size_t cursor = 0;
	while (copy && (row = sl_rowset_next(rows, &cursor))) {
		const struct sl_row *old = old_twins ? sl_rowset_find(old_twins, &row->key) : NULL;
		const struct sl_row *twin = old ? sl_rowset_find(new_twins, &row->key) : NULL;
		struct sl_row kept = *row;
		kept.rank = twin && old->rank.bytes == row->rank.bytes ? twin->rank : kept.rank;
		kept.data = twin && old->data.bytes == row->data.bytes ? twin->data : kept.data;
		if (twin)
			kept.key = twin->key;
		if (!twin && sl_key_copy(arena, &row->key, &kept.key) != SL_OK)
			return NULL;
		if (kept.rank.length && kept.rank.bytes == row->rank.bytes
			&& sl_arena_copy(arena, row->rank, &kept.rank) != SL_OK)
			return NULL;
		if (kept.data.length && kept.data.bytes == row->data.bytes
			&& sl_arena_copy(arena, row->data, &kept.data) != SL_OK)
			return NULL;
		if (!sl_rowset_put(copy, &kept))
			return NULL;
	}
	return copy;
}

static int copy_records(struct sl_records *records, struct sl_arena *arena)
{
	struct sl_record *items = sl_arena_zalloc(arena, records->count + 1, sizeof(*items));
	int rc = items ? SL_OK : SL_NO_MEMORY;
	for (size_t i = 0; rc == SL_OK && i < records->count; i++) {
		items[i].id = records->items[i].id;
		rc = sl_arena_copy(arena, records->items[i].text, &items[i].text);
		if (rc == SL_OK)
			rc = sl_key_copy(arena, &records->items[i].key, &items[i].key);
	}
	records->items = items;
	records->capacity = records->count + 1;
	return rc;
}

static int copy_texts(struct sl_engine *engine)
{
	struct sl_str *texts[] = { &engine->meta.epoch, &engine->meta.account, &engine->op.body, &engine->op.id,
		&engine->meta_text, &engine->op_text, &engine->retry_text };
	int rc = SL_OK;
	for (size_t i = 0; rc == SL_OK && i < sizeof(texts) / sizeof(texts[0]); i++)
		rc = sl_engine_keep(engine, *texts[i], texts[i]);
	for (int kind = 0; rc == SL_OK && kind < SL_RECORDS; kind++)
		rc = copy_records(&engine->records[kind], engine->arena);
	return rc;
}

/* Into engine->arena, which is the other one by now. */
static int copy_all(struct sl_engine *engine)
{
	struct sl_rowset *base = copy_rows(engine->base, NULL, NULL, engine->arena);
	struct sl_rowset *local = base ? copy_rows(engine->local, engine->base, base, engine->arena) : NULL;
	struct sl_rowset *pending = local ? copy_rows(engine->pending, NULL, NULL, engine->arena) : NULL;
	struct sl_rowset *quarantine = pending ? copy_rows(engine->quarantine, NULL, NULL, engine->arena) : NULL;
	if (!quarantine)
		return SL_NO_MEMORY;
	engine->base = base;
	engine->local = local;
	engine->pending = pending;
	engine->quarantine = quarantine;
	return copy_texts(engine);
}

int sl_engine_compact(struct sl_engine *engine)
{
	struct sl_arena *old = engine->arena;
	if (old->total_bytes < engine->compact_at)
		return SL_OK;
	engine->arena = old == &engine->arenas[0] ? &engine->arenas[1] : &engine->arenas[0];
	int rc = copy_all(engine);
	if (rc != SL_OK)
		return rc; /* both arenas stay: the engine is broken, and freed as it is */
	sl_arena_dispose(old);
	engine->compact_at = engine->arena->total_bytes * 2 + COMPACT_SLACK;
	return SL_OK;
}
