/* Whole documents: imports, apps that know nothing else, clearing; see private.h. Keeps true: a document is merged with what
 * came in since the app read what it replaces; only clearing may empty the project on the server. Rules: merge.md "Order", 1
 * and 2 of "Client engine". */
#include "core/engine/private.h"

#include "core/json/parse.h"

static int read_document(struct sl_engine *engine, struct sl_str text, struct sl_rowset **rows_r, struct sl_err *err)
{
	json_t *value = NULL;
	int rc = sl_json_parse(text, &value, err);
	if (rc == SL_OK)
		rc = sl_engine_validate(engine, value, true, err);
	if (rc == SL_OK)
		rc = sl_rows_from_document(value, &engine->scratch, rows_r, err);
	json_decref(value);
	return rc;
}

/* A document, and the rows that the app saw when it read what the document replaces. All in scratch. */
struct replacing {
	struct sl_engine *engine;
	struct sl_rowset *wanted;
	struct sl_rowset *seen;
	bool current; /* nothing has changed since; otherwise: */
	struct sl_merge merge;
};

static int see(struct replacing *replacing, const struct sl_row *row, bool doubtful)
{
	const struct sl_row *seen = row;
	int rc = doubtful ? sl_engine_shared_row(replacing->engine, &row->key, replacing->wanted, &seen) : SL_OK;
	if (rc == SL_OK && seen && seen->data.length)
		rc = sl_rowset_put(replacing->seen, seen) ? SL_OK : SL_NO_MEMORY;
	else
		sl_rowset_remove(replacing->seen, &row->key);
	return rc;
}

/* Rows at a revision that memory does not reach: what the journal told of those that have changed since, over the others. */
static int see_past(struct replacing *replacing, const struct sl_replacement *replacement)
{
	const struct sl_row *row;
	size_t cursor = 0;
	int rc = SL_OK;
	replacing->seen = sl_rowset_clone(replacing->engine->local, &replacing->engine->scratch);
	if (!replacing->seen)
		return SL_NO_MEMORY;
	while (rc == SL_OK && (row = sl_rowset_next(replacement->past, &cursor)))
		rc = see(replacing, row, replacement->doubts && sl_rowset_find(replacement->doubts, &row->key));
	return rc;
}

static int find_seen(struct replacing *replacing, const struct sl_replacement *replacement)
{
	struct sl_engine *engine = replacing->engine;
	replacing->current = !replacement->past && replacement->revision == engine->meta.revision;
	if (replacement->past)
		return see_past(replacing, replacement);
	replacing->seen = replacing->current ? engine->local : sl_engine_rows_at(engine, replacement->revision);
	return replacing->seen ? SL_OK : SL_NO_MEMORY;
}

/* From local to what the document says, merged with what has changed since the app read its rows. */
static int work_out_change(struct replacing *replacing, struct sl_delta *change_r, struct sl_err *err)
{
	struct sl_engine *engine = replacing->engine;
	struct sl_merge *merge = &replacing->merge;
	const struct sl_merge_options options = { .episodes_above = engine->meta.last_episode,
		.rank_prefix = sl_engine_rank_prefix(engine), .taken = { engine->local, engine->base } };
	if (replacing->current)
		return sl_delta_difference(replacing->seen, replacing->wanted, &engine->scratch, change_r);
	int rc = sl_merge(replacing->seen, replacing->wanted, engine->local, &options, &engine->scratch, merge, err);
	*change_r = merge->push;
	engine->counts.merges++;
	return rc;
}

/* Tells the app of rows that are not as its document has them; its ranks are ours to give. */
static int tell_others(struct sl_engine *engine, const struct sl_rowset *given)
{
	const struct sl_row *row, *own;
	size_t cursor = 0;
	while ((row = sl_rowset_next(engine->local, &cursor)))
		if ((!(own = sl_rowset_find(given, &row->key)) || !sl_str_equal(own->data, row->data))
			&& !sl_rowset_put(engine->changed, row))
			return SL_NO_MEMORY;
	for (cursor = 0; (row = sl_rowset_next(given, &cursor));)
		if (!sl_rowset_find(engine->local, &row->key) && sl_engine_touch(engine->changed, &row->key) != SL_OK)
			return SL_NO_MEMORY;
	return SL_OK;
}

/* To the holder a document of a follower is an edit of what it changes. */
static int hand_document_over(const struct replacing *replacing)
{
	struct sl_engine *engine = replacing->engine;
	struct sl_rowset *keys = sl_rowset_new(&engine->scratch, 16);
	struct sl_delta delta;
	const struct sl_row *row;
	size_t cursor = 0;
	int rc = keys ? sl_delta_difference(replacing->seen, replacing->wanted, &engine->scratch, &delta) : SL_NO_MEMORY;
	while (rc == SL_OK && (row = sl_rowset_next(delta.rows, &cursor)))
		rc = sl_engine_touch(keys, &row->key);
	for (size_t i = 0; rc == SL_OK && i < delta.deleted_count; i++)
		rc = sl_engine_touch(keys, &delta.deleted[i]);
	if (rc != SL_OK || sl_delta_is_empty(&delta))
		return rc;
	rc = sl_engine_hand_over(engine, &delta, keys, replacing->seen);
	return rc == SL_OK ? sl_engine_take_waiting(engine) : rc;
}

static int take_document(struct replacing *replacing, struct sl_err *err)
{
	struct sl_engine *engine = replacing->engine;
	struct sl_delta change;
	int rc = work_out_change(replacing, &change, err);
	if (rc == SL_OK)
		rc = sl_engine_change_local(engine, &change, false, SL_CAUSE_REPLACE);
	if (rc == SL_OK && !replacing->current)
		rc = sl_engine_note_renames(engine, &replacing->merge);
	if (rc == SL_OK && !replacing->current)
		rc = sl_journal_note_merge(engine, &replacing->merge, SL_CAUSE_REPLACE);
	if (rc == SL_OK && !sl_delta_is_empty(&change))
		sl_engine_note_edit(engine);
	return rc;
}

int sl_engine_replace(struct sl_engine *engine, const struct sl_replacement *replacement, struct sl_err *err)
{
	struct replacing replacing = { .engine = engine };
	struct sl_rowset *given = NULL;
	if (replacement->revision <= 0 || replacement->revision > engine->meta.revision)
		return sl_err_set(err, SL_INVALID, "a document says which revision it was made on, and there must have been it");
	int rc = read_document(engine, replacement->document, &replacing.wanted, err);
	if (rc == SL_OK && !replacement->past && !sl_engine_remembers(engine, replacement->revision))
		return sl_engine_wait_replacement(engine, replacement);
	if (rc == SL_OK)
		rc = find_seen(&replacing, replacement);
	if (rc == SL_OK && !(given = sl_rowset_clone(replacing.wanted, &engine->scratch)))
		rc = SL_NO_MEMORY;
	if (rc == SL_OK && !replacement->exact)
		rc = sl_engine_keep_all_unknown(engine, replacing.seen, replacing.wanted);
	if (rc == SL_OK)
		rc = sl_rows_assign_ranks_as(replacing.wanted, replacing.seen, sl_engine_rank_prefix(engine), &engine->scratch,
			err);
	if (rc == SL_OK && engine->follower.length)
		return hand_document_over(&replacing);
	if (rc == SL_OK)
		rc = take_document(&replacing, err);
	return rc == SL_OK && (!replacing.current || !replacement->exact) ? tell_others(engine, given) : rc;
}

int sl_engine_clear(struct sl_engine *engine)
{
	struct sl_rowset *nothing = sl_rowset_new(&engine->scratch, 1);
	struct sl_delta change;
	if (!nothing || sl_delta_difference(engine->local, nothing, &engine->scratch, &change) != SL_OK)
		return SL_NO_MEMORY;
	int rc = sl_engine_apply_edit(engine, &change, SL_CAUSE_CLEAR);
	engine->guarded = false;
	engine->meta.clearing = true;
	return rc;
}
