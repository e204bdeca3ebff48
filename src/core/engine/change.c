/* What users change, as it is applied: read, ranked, expanded; see private.h. Keeps true: what is taken is valid, ranked and
 * has its episode, so that it can be merged and pushed; the app is told of what it did not give itself. Rules: merge.md
 * "Order". */
#include "core/engine/private.h"

#include "core/json/parse.h"
#include "core/json/scan.h"
#include "core/schema/validate.h"

/* One level is left for the request around an edit. */
#define EDIT_DEPTH (SL_JSON_DEPTH - 1)

/* --- reading ------------------------------------------------------------------------------------------------------ */

static bool is_deeper(const json_t *value, int depth)
{
	const char *name;
	const json_t *member;
	size_t index;
	if (!json_is_object(value) && !json_is_array(value))
		return false;
	if (depth == 0)
		return true;
	json_object_foreach((json_t *)value, name, member)
		if (is_deeper(member, depth - 1))
			return true;
	json_array_foreach((json_t *)value, index, member)
		if (is_deeper(member, depth - 1))
			return true;
	return false;
}

int sl_engine_validate(struct sl_engine *engine, const json_t *value, bool is_document, struct sl_err *err)
{
	struct sl_faults faults;
	if (is_deeper(value, EDIT_DEPTH))
		return sl_err_set(err, SL_INVALID, "values are nested too deeply");
	return is_document ? sl_validate_document(value, "", engine->config.row_bytes, &engine->scratch, &faults, err)
		: sl_validate_delta(value, "", engine->config.row_bytes, &engine->scratch, &faults, err);
}

int sl_engine_read_delta(struct sl_engine *engine, struct sl_str text, struct sl_delta *delta_r, struct sl_err *err)
{
	json_t *value = NULL;
	int rc = sl_json_parse(text, &value, err);
	if (rc == SL_OK)
		rc = sl_engine_validate(engine, value, false, err);
	if (rc == SL_OK)
		rc = sl_delta_from_json(value, &engine->scratch, delta_r, err);
	json_decref(value);
	return rc;
}

/* --- applying ----------------------------------------------------------------------------------------------------- */

/* The rows of local that matter for what `delta` (expanded) does. NULL: no memory. */
static struct sl_rowset *touched_rows(struct sl_engine *engine, const struct sl_delta *delta)
{
	struct sl_rowset *rows = sl_rowset_new(&engine->scratch, 16);
	const struct sl_row *row, *old;
	size_t cursor = 0;
	while (rows && (row = sl_rowset_next(delta->rows, &cursor)))
		if ((old = sl_rowset_find(engine->local, &row->key)) && !sl_rowset_put(rows, old))
			return NULL;
	for (size_t i = 0; rows && i < delta->deleted_count; i++)
		if ((old = sl_rowset_find(engine->local, &delta->deleted[i])) && !sl_rowset_put(rows, old))
			return NULL;
	return rows && sl_engine_add_last_siblings(engine, delta, rows) == SL_OK ? rows : NULL;
}

/* What `delta` really changes in local: expanded, ranked. `before_r`: the touched rows as they are. */
static int work_out(struct sl_engine *engine, const struct sl_delta *delta, struct sl_delta *change_r,
	struct sl_rowset **before_r)
{
	struct sl_delta expanded = *delta;
	struct sl_rowset *after;
	if (sl_delta_expand(&expanded, engine->local, &engine->scratch) != SL_OK)
		return SL_NO_MEMORY;
	*before_r = touched_rows(engine, &expanded);
	after = *before_r ? sl_rowset_clone(*before_r, &engine->scratch) : NULL;
	if (!after || sl_delta_apply_as(&expanded, after, sl_engine_rank_prefix(engine), &engine->scratch) != SL_OK)
		return SL_NO_MEMORY;
	return sl_delta_difference(*before_r, after, &engine->scratch, change_r);
}

void sl_engine_note_edit(struct sl_engine *engine)
{
	if (!engine->debounce.on)
		sl_timer_start(&engine->debounce_most, engine->now_ms, engine->config.debounce_most_ms);
	sl_timer_start(&engine->debounce, engine->now_ms, engine->config.debounce_ms);
	if (!sl_rows_is_empty_project(engine->local))
		engine->meta.clearing = false;
	engine->guarded = false;
}

int sl_engine_apply_edit(struct sl_engine *engine, const struct sl_delta *delta, enum sl_cause cause)
{
	struct sl_delta change;
	struct sl_rowset *before;
	int rc = work_out(engine, delta, &change, &before);
	if (rc == SL_OK)
		rc = sl_engine_change_local(engine, &change, true, cause);
	if (rc == SL_OK && !sl_delta_is_empty(&change))
		sl_engine_note_edit(engine);
	return rc;
}

/* Tells the app of the rows that are not as it gave them: new ranks, respaced siblings. */
static int tell_unknown(struct sl_engine *engine, const struct sl_delta *given, const struct sl_delta *change,
	const struct sl_rowset *before)
{
	const struct sl_row *row;
	size_t cursor = 0;
	while ((row = sl_rowset_next(change->rows, &cursor))) {
		const struct sl_row *known = sl_rowset_find(given->rows, &row->key);
		bool same_rank = known && (known->rank.length || row->key.entity == SL_META
			? sl_str_equal(known->rank, row->rank) : sl_rowset_find(before, &row->key) != NULL);
		if (known && same_rank && sl_str_equal(known->data, row->data))
			continue;
		if (!sl_rowset_put(engine->changed, sl_rowset_find(engine->local, &row->key)))
			return SL_NO_MEMORY;
	}
	return SL_OK;
}

int sl_engine_apply_given(struct sl_engine *engine, const struct sl_delta *delta, bool known)
{
	struct sl_delta change;
	struct sl_rowset *before;
	int rc = work_out(engine, delta, &change, &before);
	if (rc == SL_OK)
		rc = sl_engine_change_local(engine, &change, !known, SL_CAUSE_EDIT);
	if (rc == SL_OK && known)
		rc = tell_unknown(engine, delta, &change, before);
	if (rc == SL_OK && !sl_delta_is_empty(&change))
		sl_engine_note_edit(engine);
	return rc;
}
