/* Memory that lasts; see private.h. Keeps true: garbage never outweighs what is in use by much, because what is in use is
 * copied to the other arena then, and the first one is freed as a whole. Texts that base and local share stay shared. */
#include "core/engine/private.h"

#define COMPACT_SLACK ((size_t)1 << 20)

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

static int copy_decisions(struct sl_engine *engine)
{
	struct sl_stored_decisions *all = &engine->decisions;
	struct sl_stored_decision *items = sl_arena_zalloc(engine->arena, all->count + 1, sizeof(*items));
	int rc = items ? SL_OK : SL_NO_MEMORY;
	for (size_t i = 0; rc == SL_OK && i < all->count; i++) {
		items[i].id = all->items[i].id;
		rc = sl_arena_copy(engine->arena, all->items[i].text, &items[i].text);
		if (rc == SL_OK)
			rc = sl_key_copy(engine->arena, &all->items[i].key, &items[i].key);
	}
	all->items = items;
	all->capacity = all->count + 1;
	return rc;
}

static int copy_texts(struct sl_engine *engine)
{
	struct sl_str *texts[] = { &engine->meta.epoch, &engine->meta.account, &engine->op.body, &engine->op.id,
		&engine->meta_text, &engine->op_text, &engine->retry_text, &engine->aside, &engine->aside_text };
	int rc = SL_OK;
	for (size_t i = 0; rc == SL_OK && i < sizeof(texts) / sizeof(texts[0]); i++)
		rc = sl_engine_keep(engine, *texts[i], texts[i]);
	return rc == SL_OK ? copy_decisions(engine) : rc;
}

/* Into engine->arena, which is the other one by now. */
static int copy_all(struct sl_engine *engine)
{
	struct sl_rowset *base = copy_rows(engine->base, NULL, NULL, engine->arena);
	struct sl_rowset *local = base ? copy_rows(engine->local, engine->base, base, engine->arena) : NULL;
	struct sl_rowset *pending = local ? copy_rows(engine->pending, NULL, NULL, engine->arena) : NULL;
	struct sl_rowset *quarantine = pending ? copy_rows(engine->quarantine, NULL, NULL, engine->arena) : NULL;
	struct sl_rowset **others[] = { &engine->handed, &engine->renamed, &engine->waiting, &engine->beneath };
	if (!quarantine)
		return SL_NO_MEMORY;
	for (size_t i = 0; i < sizeof(others) / sizeof(others[0]); i++)
		if (!(*others[i] = copy_rows(*others[i], NULL, NULL, engine->arena)))
			return SL_NO_MEMORY;
	engine->base = base;
	engine->local = local;
	engine->pending = pending;
	engine->quarantine = quarantine;
	int rc = copy_texts(engine);
	if (rc == SL_OK)
		rc = sl_engine_forget_siblings(engine);
	return rc == SL_OK ? sl_engine_copy_recent(engine) : rc;
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
