/* Rows as they were a short while ago, so that an edit that was made on them needs no journal; see private.h. Keeps true:
 * it holds at most SL_RECENT_ROWS rows and RECENT_BYTES, besides the last one; what it doesn't reach, the journal does. */
#include "core/engine/private.h"

#define RECENT_BYTES ((size_t)256 << 10)

static struct sl_recent_row *row_at(struct sl_recent *recent, size_t i)
{
	return &recent->rows[(recent->first + i) % SL_RECENT_ROWS];
}

static size_t bytes_of(const struct sl_row *row)
{
	return row->key.id.length + row->rank.length + row->data.length;
}

/* A revision can be told only whole: with its first row all of it goes. */
static void forget_first(struct sl_recent *recent)
{
	int64_t revision = row_at(recent, 0)->revision;
	while (recent->count && row_at(recent, 0)->revision == revision) {
		recent->bytes -= bytes_of(&row_at(recent, 0)->before);
		recent->first = (recent->first + 1) % SL_RECENT_ROWS;
		recent->count--;
	}
	recent->from = revision;
}

/* The texts of a row that is replaced last as long as the arena does. */
static void note(struct sl_engine *engine, const struct sl_key *key)
{
	struct sl_recent *recent = &engine->recent;
	const struct sl_row *row = sl_rowset_find(engine->local, key);
	struct sl_row before = row ? *row : (struct sl_row){ .key = *key };
	*row_at(recent, recent->count++) = (struct sl_recent_row){ engine->meta.revision, before };
	recent->bytes += bytes_of(&before);
}

int sl_engine_note_revision(struct sl_engine *engine, const struct sl_delta *change)
{
	struct sl_recent *recent = &engine->recent;
	size_t rows = sl_rowset_count(change->rows) + change->deleted_count, cursor = 0;
	const struct sl_row *row;
	engine->meta.revision++;
	while (recent->count && (recent->count + rows > SL_RECENT_ROWS || recent->bytes > RECENT_BYTES))
		forget_first(recent);
	if (rows > SL_RECENT_ROWS) {
		recent->from = engine->meta.revision;
		return SL_OK;
	}
	while ((row = sl_rowset_next(change->rows, &cursor))) {
		struct sl_key key = row->key;
		if (!sl_rowset_find(engine->local, &key) && sl_key_copy(engine->arena, &row->key, &key) != SL_OK)
			return SL_NO_MEMORY;
		note(engine, &key);
	}
	for (size_t i = 0; i < change->deleted_count; i++)
		if (sl_rowset_find(engine->local, &change->deleted[i]))
			note(engine, &change->deleted[i]);
	return SL_OK;
}

bool sl_engine_remembers(const struct sl_engine *engine, int64_t revision)
{
	return revision >= engine->recent.from && revision <= engine->meta.revision;
}

const struct sl_row *sl_engine_row_at(const struct sl_engine *engine, const struct sl_key *key, int64_t revision)
{
	struct sl_recent *recent = (struct sl_recent *)&engine->recent;
	for (size_t i = 0; i < recent->count; i++) {
		const struct sl_recent_row *entry = row_at(recent, i);
		if (entry->revision > revision && sl_key_equal(&entry->before.key, key))
			return entry->before.data.length ? &entry->before : NULL;
	}
	return sl_rowset_find(engine->local, key);
}

const struct sl_row *sl_engine_last_row(const struct sl_engine *engine, const struct sl_key *key)
{
	const struct sl_row *now = sl_rowset_find(engine->local, key);
	struct sl_recent *recent = (struct sl_recent *)&engine->recent;
	for (size_t i = recent->count; !now && i > 0; i--) {
		const struct sl_recent_row *entry = row_at(recent, i - 1);
		if (entry->before.data.length && sl_key_equal(&entry->before.key, key))
			now = &entry->before;
	}
	return now;
}

struct sl_rowset *sl_engine_rows_at(struct sl_engine *engine, int64_t revision)
{
	struct sl_rowset *rows = sl_rowset_clone(engine->local, &engine->scratch);
	/* From the newest to the oldest, so that of several changes of a row the first one counts. */
	for (size_t i = engine->recent.count; rows && i > 0; i--) {
		const struct sl_recent_row *entry = row_at(&engine->recent, i - 1);
		if (entry->revision <= revision)
			break;
		if (!entry->before.data.length)
			sl_rowset_remove(rows, &entry->before.key);
		else if (!sl_rowset_put(rows, &entry->before))
			return NULL;
	}
	return rows;
}

int sl_engine_copy_recent(struct sl_engine *engine)
{
	for (size_t i = 0; i < engine->recent.count; i++) {
		struct sl_row *row = &row_at(&engine->recent, i)->before;
		const struct sl_row old = *row;
		if (sl_row_copy(engine->arena, &old, row) != SL_OK)
			return SL_NO_MEMORY;
	}
	return SL_OK;
}
