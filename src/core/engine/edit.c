/* Edits of the user: single rows, whole documents, clearing; see private.h. Keeps true: a refusal changes
 * nothing; what is taken is valid, ranked and has its episode, so that it can be merged and pushed; only clearing
 * may empty the project on the server. Rules: merge.md "Order", 1 and 2 of "Client engine". */
#include "core/engine/private.h"

#include "core/json/parse.h"
#include "core/json/scan.h"
#include "core/rows/append_rank.h"
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

static int validate(struct sl_engine *engine, const json_t *value, bool is_document, struct sl_err *err)
{
	struct sl_faults faults;
	if (is_deeper(value, EDIT_DEPTH))
		return sl_err_set(err, SL_INVALID, "values are nested too deeply");
	return is_document ? sl_validate_document(value, "", engine->config.row_bytes, &engine->scratch, &faults, err)
		: sl_validate_delta(value, "", engine->config.row_bytes, &engine->scratch, &faults, err);
}

static int read_delta(struct sl_engine *engine, struct sl_str text, struct sl_delta *delta_r, struct sl_err *err)
{
	json_t *value = NULL;
	int rc = sl_json_parse(text, &value, err);
	if (rc == SL_OK)
		rc = validate(engine, value, false, err);
	if (rc == SL_OK)
		rc = sl_delta_from_json(value, &engine->scratch, delta_r, err);
	json_decref(value);
	return rc;
}

static bool deletes(const struct sl_delta *delta, const struct sl_key *key)
{
	for (size_t i = 0; i < delta->deleted_count; i++)
		if (sl_key_equal(&delta->deleted[i], key))
			return true;
	return false;
}

static int check_parents(const struct sl_engine *engine, const struct sl_delta *delta, struct sl_err *err)
{
	const struct sl_row *row;
	size_t cursor = 0;
	while ((row = sl_rowset_next(delta->rows, &cursor))) {
		struct sl_key parent = sl_key_of_episode(row->key.episode);
		if (!sl_entity_has_episode(row->key.entity) || sl_rowset_find(delta->rows, &parent))
			continue;
		if (!sl_rowset_find(engine->local, &parent) || deletes(delta, &parent))
			return sl_err_set(err, SL_INVALID, "%s: there is no episode %lld",
				sl_entity_name(row->key.entity), (long long)row->key.episode);
	}
	return SL_OK;
}

/* --- applying ----------------------------------------------------------------------------------------------------- */

/* Adds the rows of local that belong to a group of siblings in which `delta` puts a new row without rank. */
static int add_siblings(const struct sl_engine *engine, const struct sl_delta *delta, struct sl_rowset *into,
	struct sl_arena *scratch)
{
	struct sl_rowset *groups = sl_rowset_new(scratch, 8);
	const struct sl_row *row;
	size_t cursor = 0;
	while (groups && (row = sl_rowset_next(delta->rows, &cursor))) {
		struct sl_key group = sl_key_of_siblings(&row->key);
		if (sl_place_lacks_rank(row) && !sl_rowset_find(engine->local, &row->key)
			&& sl_engine_touch(groups, &group) != SL_OK)
			return SL_NO_MEMORY;
	}
	if (!groups)
		return SL_NO_MEMORY;
	for (cursor = 0; sl_rowset_count(groups) && (row = sl_rowset_next(engine->local, &cursor));) {
		struct sl_key group = sl_key_of_siblings(&row->key);
		if (sl_rowset_find(groups, &group) && !sl_rowset_put(into, row))
			return SL_NO_MEMORY;
	}
	return SL_OK;
}

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
	return rows && add_siblings(engine, delta, rows, &engine->scratch) == SL_OK ? rows : NULL;
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
	if (!after || sl_delta_apply(&expanded, after, &engine->scratch) != SL_OK)
		return SL_NO_MEMORY;
	return sl_delta_difference(*before_r, after, &engine->scratch, change_r);
}

static void note_edit(struct sl_engine *engine)
{
	if (!engine->debounce.on)
		sl_timer_start(&engine->debounce_most, engine->now_ms, engine->config.debounce_most_ms);
	sl_timer_start(&engine->debounce, engine->now_ms, engine->config.debounce_ms);
	if (!sl_rows_is_empty_project(engine->local))
		engine->meta.clearing = false;
	engine->guarded = false;
}

int sl_engine_apply_edit(struct sl_engine *engine, const struct sl_delta *delta, const char *backup)
{
	struct sl_delta change;
	struct sl_rowset *before;
	int rc = work_out(engine, delta, &change, &before);
	if (rc == SL_OK && backup)
		rc = sl_engine_back_up(engine, &change, backup);
	if (rc == SL_OK)
		rc = sl_engine_change_local(engine, &change, true);
	if (rc == SL_OK && !sl_delta_is_empty(&change))
		note_edit(engine);
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

static int apply_given(struct sl_engine *engine, const struct sl_delta *delta)
{
	struct sl_delta change;
	struct sl_rowset *before;
	int rc = work_out(engine, delta, &change, &before);
	if (rc == SL_OK)
		rc = sl_engine_change_local(engine, &change, false);
	if (rc == SL_OK)
		rc = tell_unknown(engine, delta, &change, before);
	if (rc == SL_OK && !sl_delta_is_empty(&change))
		note_edit(engine);
	return rc;
}

/* --- edits of what has changed meanwhile ----------------------------------------------------------------------- */

/* Whether local is still as the app saw it. */
static bool is_seen(const struct sl_engine *engine, const struct sl_delta *before)
{
	const struct sl_row *row, *now;
	size_t cursor = 0;
	while ((row = sl_rowset_next(before->rows, &cursor))) {
		now = sl_rowset_find(engine->local, &row->key);
		if (!now || !sl_str_equal(now->data, row->data)
			|| (row->rank.length && !sl_str_equal(now->rank, row->rank)))
			return false;
	}
	for (size_t i = 0; i < before->deleted_count; i++)
		if (sl_rowset_find(engine->local, &before->deleted[i]))
			return false;
	return true;
}

/* Tells the app where its edit is not what the row has become. */
static int tell_outcome(struct sl_engine *engine, const struct sl_delta *given)
{
	const struct sl_row *row, *now;
	size_t cursor = 0;
	while ((row = sl_rowset_next(given->rows, &cursor))) {
		now = sl_rowset_find(engine->local, &row->key);
		if (now ? !sl_rowset_put(engine->changed, now) : sl_engine_touch(engine->changed, &row->key) != SL_OK)
			return SL_NO_MEMORY;
	}
	for (size_t i = 0; i < given->deleted_count; i++)
		if ((now = sl_rowset_find(engine->local, &given->deleted[i])) && !sl_rowset_put(engine->changed, now))
			return SL_NO_MEMORY;
	return SL_OK;
}

/* A three-way merge in miniature: the app's view is the base, the edit mine, local theirs. */
static int merge_edit(struct sl_engine *engine, const struct sl_delta *delta, const struct sl_delta *before,
	struct sl_err *err)
{
	struct sl_rowset *seen = sl_rowset_clone(engine->local, &engine->scratch), *mine;
	struct sl_merge merge;
	if (!seen || sl_delta_apply(before, seen, &engine->scratch) != SL_OK)
		return SL_NO_MEMORY;
	mine = sl_rowset_clone(seen, &engine->scratch);
	if (!mine || sl_delta_apply(delta, mine, &engine->scratch) != SL_OK)
		return SL_NO_MEMORY;
	int rc = sl_merge(seen, mine, engine->local, &engine->scratch, &merge, err);
	if (rc != SL_OK)
		return rc;
	rc = sl_engine_keep_receipts(engine, &merge);
	if (rc == SL_OK)
		rc = sl_engine_change_local(engine, &merge.push, true);
	if (rc == SL_OK)
		rc = tell_outcome(engine, delta);
	engine->counts.merges++;
	note_edit(engine);
	return rc;
}

int sl_engine_edit(struct sl_engine *engine, struct sl_str text, struct sl_str before_text, struct sl_err *err)
{
	struct sl_delta delta, before;
	int rc = read_delta(engine, text, &delta, err);
	if (rc == SL_OK)
		rc = check_parents(engine, &delta, err);
	if (rc != SL_OK || !before_text.length)
		return rc == SL_OK ? apply_given(engine, &delta) : rc;
	rc = read_delta(engine, before_text, &before, err);
	if (rc == SL_OK)
		rc = check_parents(engine, &before, err);
	if (rc != SL_OK)
		return rc;
	return is_seen(engine, &before) ? apply_given(engine, &delta) : merge_edit(engine, &delta, &before, err);
}

/* --- everything at once ---------------------------------------------------------------------------------------- */

static int read_document(struct sl_engine *engine, struct sl_str text, struct sl_rowset **rows_r, struct sl_err *err)
{
	json_t *value = NULL;
	int rc = sl_json_parse(text, &value, err);
	if (rc == SL_OK)
		rc = validate(engine, value, true, err);
	if (rc == SL_OK)
		rc = sl_rows_from_document(value, &engine->scratch, rows_r, err);
	json_decref(value);
	return rc;
}

int sl_engine_replace(struct sl_engine *engine, struct sl_str document, int64_t revision, struct sl_err *err)
{
	struct sl_rowset *wanted = NULL;
	struct sl_delta change;
	if (revision != 0 && revision != engine->revision)
		return sl_err_set(err, SL_CONFLICT, "rows have changed since the app read them");
	int rc = read_document(engine, document, &wanted, err);
	if (rc == SL_OK)
		rc = sl_rows_assign_ranks(wanted, engine->local, &engine->scratch, err);
	if (rc == SL_OK)
		rc = sl_delta_difference(engine->local, wanted, &engine->scratch, &change);
	if (rc == SL_OK)
		rc = sl_engine_back_up(engine, &change, "replace");
	if (rc == SL_OK)
		rc = sl_engine_change_local(engine, &change, false);
	if (rc == SL_OK && !sl_delta_is_empty(&change))
		note_edit(engine);
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
