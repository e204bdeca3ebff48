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

/* From local to what the document says, merged with what has changed since the app read its rows. */
static int work_out_change(struct sl_engine *engine, struct sl_rowset *wanted, int64_t revision, struct sl_delta *change_r,
	struct sl_err *err)
{
	struct sl_merge merge;
	struct sl_rowset *seen = revision == engine->meta.revision ? engine->local : sl_engine_rows_at(engine, revision);
	int rc = seen ? sl_rows_assign_ranks(wanted, seen, &engine->scratch, err) : SL_NO_MEMORY;
	if (rc != SL_OK || seen == engine->local)
		return rc == SL_OK ? sl_delta_difference(seen, wanted, &engine->scratch, change_r) : rc;
	rc = sl_merge(seen, wanted, engine->local, NULL, &engine->scratch, &merge, err);
	if (rc != SL_OK)
		return rc;
	*change_r = merge.push;
	engine->counts.merges++;
	return sl_engine_keep_receipts(engine, &merge);
}

/* Tells the app of rows that are not as its document has them. */
static int tell_others(struct sl_engine *engine, const struct sl_rowset *wanted)
{
	struct sl_delta others;
	const struct sl_row *row;
	size_t cursor = 0;
	int rc = sl_delta_difference(wanted, engine->local, &engine->scratch, &others);
	while (rc == SL_OK && (row = sl_rowset_next(others.rows, &cursor)))
		if (!sl_rowset_put(engine->changed, row))
			rc = SL_NO_MEMORY;
	for (size_t i = 0; rc == SL_OK && i < others.deleted_count; i++)
		rc = sl_engine_touch(engine->changed, &others.deleted[i]);
	return rc;
}

/* To the holder a document of a follower is an edit of what it changes. */
static int hand_document_over(struct sl_engine *engine, struct sl_rowset *wanted, int64_t revision, struct sl_err *err)
{
	struct sl_rowset *seen = sl_engine_rows_at(engine, revision), *keys = sl_rowset_new(&engine->scratch, 16);
	struct sl_delta delta;
	const struct sl_row *row;
	size_t cursor = 0;
	int rc = seen && keys ? sl_rows_assign_ranks(wanted, seen, &engine->scratch, err) : SL_NO_MEMORY;
	if (rc == SL_OK)
		rc = sl_delta_difference(seen, wanted, &engine->scratch, &delta);
	while (rc == SL_OK && (row = sl_rowset_next(delta.rows, &cursor)))
		rc = sl_engine_touch(keys, &row->key);
	for (size_t i = 0; rc == SL_OK && i < delta.deleted_count; i++)
		rc = sl_engine_touch(keys, &delta.deleted[i]);
	if (rc != SL_OK || sl_delta_is_empty(&delta))
		return rc;
	rc = sl_engine_hand_over(engine, &delta, keys, seen);
	return rc == SL_OK ? sl_engine_take_waiting(engine) : rc;
}

int sl_engine_replace(struct sl_engine *engine, struct sl_str document, int64_t revision, struct sl_err *err)
{
	struct sl_rowset *wanted = NULL;
	struct sl_delta change;
	bool current = revision == engine->meta.revision;
	if (revision <= 0 || revision > engine->meta.revision)
		return sl_err_set(err, SL_INVALID, "a document has to say which revision it was made on, and there must have been it");
	if (!sl_engine_remembers(engine, revision))
		return sl_err_set(err, SL_NOT_FOUND, "that revision is too old: read the rows again");
	int rc = read_document(engine, document, &wanted, err);
	if (rc == SL_OK && engine->follower.length)
		return hand_document_over(engine, wanted, revision, err);
	if (rc == SL_OK)
		rc = work_out_change(engine, wanted, revision, &change, err);
	if (rc == SL_OK)
		rc = sl_engine_back_up(engine, &change, "replace");
	if (rc == SL_OK)
		rc = sl_engine_change_local(engine, &change, false);
	if (rc == SL_OK && !current)
		rc = tell_others(engine, wanted);
	if (rc == SL_OK && !sl_delta_is_empty(&change))
		sl_engine_note_edit(engine);
	return rc;
}

int sl_engine_clear(struct sl_engine *engine)
{
	struct sl_rowset *nothing = sl_rowset_new(&engine->scratch, 1);
	struct sl_delta change;
	if (!nothing || sl_delta_difference(engine->local, nothing, &engine->scratch, &change) != SL_OK)
		return SL_NO_MEMORY;
	int rc = sl_engine_apply_edit(engine, &change, "clear");
	engine->guarded = false;
	engine->meta.clearing = true;
	return rc;
}
