/* Three-way merge of row sets: which side changed each row, and what was deleted; see merge.h. Fields are merged in fields.c, list.c
 * and rules.c, places in places.c.
 * Keeps true: a row is parsed only if both sides changed its data; the result depends on the rows, not on the order
 * in which sets hold them. Fails with SL_NO_MEMORY, or SL_INTERNAL for data that validation never lets in.
 */
#include "core/merge/merge.h"

#include <stdlib.h>

#include "core/json/parse.h"
#include "core/json/write.h"
#include "core/merge/steps.h"

static const struct sl_str absent = { NULL, 0 };

static struct sl_str data_of(const struct sl_row *row) { return row ? row->data : absent; }

static struct sl_str rank_of(const struct sl_row *row) { return row ? row->rank : absent; }

const struct sl_row *sl_merge_find(const struct sl_rowset *set, size_t *cursor, const struct sl_key *key)
{
	size_t next = *cursor;
	const struct sl_row *row = sl_rowset_next(set, &next);
	if (!row || !sl_key_equal(&row->key, key)) {
		row = sl_rowset_find(set, key);
		if (!row)
			return NULL;
		sl_rowset_next(set, &next);
	}
	*cursor = next;
	return row;
}

/* --- data ------------------------------------------------------------------------------------------------------- */

/* The outcome where no rule is needed; see sl_merge_is_settled. */
static bool is_settled(struct sl_str base, struct sl_str mine, struct sl_str theirs, struct sl_str *text_r)
{
	*text_r = sl_str_equal(base, theirs) ? mine : theirs;
	return sl_str_equal(base, theirs) || sl_str_equal(mine, theirs) || sl_str_equal(base, mine);
}

static int parse(struct sl_merging *merging, struct sl_str data, const json_t **value_r)
{
	struct sl_err reason = SL_ERR_INIT;
	json_t *value = NULL;
	if (data.length == 0)
		return SL_OK;
	int rc = sl_json_parse(data, &value, &reason);
	*value_r = value;
	if (rc == SL_NO_MEMORY)
		return rc;
	if (rc != SL_OK || (merging->key->entity != SL_META && !json_is_object(value)))
		return sl_err_set(merging->err, SL_INTERNAL, "a stored row is no JSON object");
	return SL_OK;
}

static int merge_parsed(struct sl_merging *merging, const struct sl_sides *sides, struct sl_str *data_r)
{
	const struct sl_key *key = merging->key;
	const struct sl_shape *shape = sl_schema_row(key->entity);
	json_t *value = NULL;
	int rc = key->entity == SL_META
		? sl_merge_value(merging, sl_schema_field(shape, key->id), sides, NULL, &value)
		: sl_merge_members(merging, shape, sides, NULL, &value);
	/* A project-level field that holds its empty value isn't stored. */
	if (rc == SL_OK && value && (key->entity != SL_META || !sl_rows_meta_is_empty(key->id, value)))
		rc = sl_merge_write(merging, value, data_r);
	json_decref(value);
	return rc;
}

/* Whether equal changes of the row may be two: both sides counted something. Where base is only what both share, nobody knows. */
static bool counts(const struct sl_merging *merging, const struct sl_versions *row)
{
	const struct sl_key *key = merging->key;
	const struct sl_shape *shape = sl_schema_row(key->entity);
	const struct sl_field *field = key->entity == SL_META ? sl_schema_field(shape, key->id) : NULL;
	if (!row->base && key->entity != SL_META)
		return false;
	if (merging->ancestor == SL_TEXT_SHARED_BASE || sl_str_equal(data_of(row->base), data_of(row->theirs)))
		return false;
	if (key->entity != SL_META)
		return sl_schema_has_counters(shape);
	return field && field->type == SL_TYPE_OBJECT && sl_schema_has_counters(field->shape);
}

/* The merged data of a row; length 0: absent (meta only). Shares theirs or mine where it is the same. */
static int merge_data(struct sl_merging *merging, const struct sl_versions *row, struct sl_str *data_r)
{
	struct sl_str base = data_of(row->base), mine = data_of(row->mine), theirs = data_of(row->theirs);
	struct sl_sides sides = { NULL, NULL, NULL };
	if (is_settled(base, mine, theirs, data_r) && !(sl_str_equal(mine, theirs) && counts(merging, row)))
		return SL_OK;
	*data_r = absent;
	int rc = parse(merging, base, &sides.base);
	if (rc == SL_OK)
		rc = parse(merging, mine, &sides.mine);
	if (rc == SL_OK)
		rc = parse(merging, theirs, &sides.theirs);
	if (rc == SL_OK)
		rc = merge_parsed(merging, &sides, data_r);
	if (rc == SL_OK && sl_str_equal(*data_r, theirs))
		*data_r = theirs;
	else if (rc == SL_OK && sl_str_equal(*data_r, mine))
		*data_r = mine;
	json_decref((json_t *)sides.base);
	json_decref((json_t *)sides.mine);
	json_decref((json_t *)sides.theirs);
	return rc;
}

/* --- rows ------------------------------------------------------------------------------------------------------- */

int sl_merge_put(struct sl_merging *merging, const struct sl_versions *row, const struct sl_row *merged)
{
	bool is_theirs = row->theirs && sl_row_same_content(row->theirs, merged);
	bool is_mine = row->mine && sl_row_same_content(row->mine, merged);
	struct sl_row result = *merged;
	result.version = is_theirs ? row->theirs->version : 0;
	if (!sl_rowset_put(merging->rows, &result) || (!is_theirs && !sl_rowset_put(merging->push.rows, &result))
		|| (!is_mine && !sl_rowset_put(merging->adopt.rows, &result)))
		return SL_NO_MEMORY;
	if (is_theirs)
		sl_rowset_remove(merging->push.rows, &result.key);
	if (is_mine)
		sl_rowset_remove(merging->adopt.rows, &result.key);
	return SL_OK;
}

static int remove_row(struct sl_merging *merging, const struct sl_versions *row)
{
	if (row->theirs && sl_keys_add(&merging->push.deleted, merging->key) != SL_OK)
		return SL_NO_MEMORY;
	return row->mine ? sl_keys_add(&merging->adopt.deleted, merging->key) : SL_OK;
}

/* A row that stays although one side deleted it. `open`: a person may want the deletion after all. */
static int keep_row(struct sl_merging *merging, const struct sl_versions *row, const struct sl_row *survivor, bool open)
{
	const struct sl_note note = {
		.kind = SL_NOTE_KEPT, .base = data_of(row->base), .mine = data_of(row->mine), .theirs = data_of(row->theirs),
		.result = survivor->data, .rule = SL_RULE_LWW, .conflict = true, .open = open,
	};
	int rc = sl_merge_add_note(merging, &note);
	return rc == SL_OK ? sl_merge_put(merging, row, survivor) : rc;
}

static int merge_meta(struct sl_merging *merging, const struct sl_versions *row)
{
	struct sl_row merged = { .key = *merging->key };
	int rc = merge_data(merging, row, &merged.data);
	if (rc != SL_OK)
		return rc;
	return merged.data.length ? sl_merge_put(merging, row, &merged) : remove_row(merging, row);
}

static int merge_both(struct sl_merging *merging, const struct sl_versions *row)
{
	struct sl_row merged = { .key = *merging->key };
	int rc = merge_data(merging, row, &merged.data);
	is_settled(rank_of(row->base), rank_of(row->mine), rank_of(row->theirs), &merged.rank);
	if (rank_of(row->mine).length == 0 || rank_of(row->theirs).length == 0) /* moved there by one side */
		merged.rank = rank_of(row->mine).length ? row->mine->rank : row->theirs->rank;
	return rc == SL_OK ? sl_merge_put(merging, row, &merged) : rc;
}

/* One side has the row, the other does not: added there, or deleted here. A move alone is no edit: else giving
 * siblings new ranks would bring back whatever another device deleted among them. */
static int merge_one_sided(struct sl_merging *merging, const struct sl_versions *row)
{
	const struct sl_row *present = row->mine ? row->mine : row->theirs;
	bool edited = !row->base || !sl_str_equal(row->base->data, present->data)
		|| sl_merge_is_moved_in(merging, row->base, present);
	if (!row->base)
		return sl_merge_put(merging, row, present);
	if (!sl_merge_is_kept(merging, merging->key))
		return edited ? keep_row(merging, row, present, true) : remove_row(merging, row);
	/* Of an episode that stays with all that it holds, the deletion is one decision. */
	bool is_episode = merging->key->entity == SL_EPISODES;
	return edited || is_episode ? keep_row(merging, row, present, is_episode) : sl_merge_put(merging, row, present);
}

static int merge_row(struct sl_merging *merging, struct sl_versions *row)
{
	merging->key = row->theirs ? &row->theirs->key : &row->mine->key;
	merging->ancestor = merging->options->ancestor;
	if (merging->options->shared && sl_rowset_find(merging->options->shared, merging->key))
		merging->ancestor = SL_TEXT_SHARED_BASE;
	if (row->mine && row->theirs && !row->base && (row->base = sl_rowset_find(merging->shared, merging->key)))
		merging->ancestor = SL_TEXT_SHARED_BASE;
	if (merging->key->entity == SL_META)
		return merge_meta(merging, row);
	if (sl_merge_see_place(merging, row) != SL_OK)
		return SL_NO_MEMORY;
	return row->mine && row->theirs ? merge_both(merging, row) : merge_one_sided(merging, row);
}

/* What only the base has, both sides deleted. */
static int merge_rows(struct sl_merging *merging)
{
	size_t cursor = 0, in_base = 0, in_mine = 0, shared = 0;
	struct sl_versions row;
	int rc = SL_OK;
	while (rc == SL_OK && (row.theirs = sl_rowset_next(merging->theirs, &cursor))) {
		row.base = sl_merge_find(merging->base, &in_base, &row.theirs->key);
		row.mine = sl_merge_find(merging->mine, &in_mine, &row.theirs->key);
		shared += row.mine != NULL;
		rc = merge_row(merging, &row);
	}
	if (shared == sl_rowset_count(merging->mine))
		return rc;
	cursor = 0;
	while (rc == SL_OK && (row.mine = sl_rowset_next(merging->mine, &cursor))) {
		if (sl_rowset_find(merging->theirs, &row.mine->key))
			continue;
		row.base = sl_rowset_find(merging->base, &row.mine->key);
		rc = merge_row(merging, &row);
	}
	return rc;
}

/* --- what comes of it ------------------------------------------------------------------------------------------- */

static int compare_keys(const void *a, const void *b) { return sl_key_compare(a, b); }

/* A delta in an order of its own, so that its bytes don't depend on that of the sets. */
static int finish_delta(struct sl_merging *merging, struct sl_merge_changes *changes, struct sl_delta *delta_r)
{
	size_t count = sl_rowset_count(changes->rows), kept = 0;
	struct sl_row **sorted = sl_rowset_sorted(changes->rows, merging->arena);
	struct sl_rowset *rows = sl_rowset_new(merging->arena, count);
	struct sl_keys *deleted = &changes->deleted;
	if (!sorted || !rows)
		return SL_NO_MEMORY;
	for (size_t i = 0; i < count; i++)
		if (!sl_rowset_put(rows, sorted[i]))
			return SL_NO_MEMORY;
	for (size_t i = 0; i < deleted->count; i++)
		if (!sl_rowset_find(merging->rows, &deleted->items[i])) /* an episode may have come back */
			deleted->items[kept++] = deleted->items[i];
	if (kept)
		qsort(deleted->items, kept, sizeof(deleted->items[0]), compare_keys);
	*delta_r = (struct sl_delta){ rows, deleted->items, kept };
	return SL_OK;
}

static int compare_notes(const void *a, const void *b)
{
	const struct sl_note *left = a, *right = b;
	int order = sl_key_compare(&left->key, &right->key);
	if (order == 0)
		order = sl_str_compare(left->path, right->path);
	return order ? order : (int)left->kind - (int)right->kind;
}

static int finish(struct sl_merging *merging, struct sl_merge *merge)
{
	merge->rows = merging->rows;
	merge->notes = merging->notes;
	merge->note_count = merging->note_count;
	merge->renames = merging->renames;
	merge->rename_count = merging->rename_count;
	if (merging->note_count)
		qsort(merging->notes, merging->note_count, sizeof(*merging->notes), compare_notes);
	for (size_t i = 0; i < merge->note_count; i++) {
		merge->conflict_count += merge->notes[i].conflict;
		merge->open_count += merge->notes[i].open;
	}
	int rc = finish_delta(merging, &merging->push, &merge->push);
	return rc == SL_OK ? finish_delta(merging, &merging->adopt, &merge->adopt) : rc;
}

/* A side that has its rows under other keys yet is led to the result by what really differs. */
static int compare_to_result(struct sl_merging *merging, const struct sl_rowset *side, struct sl_merge_changes *changes)
{
	struct sl_delta delta;
	int rc = sl_delta_difference(side, merging->rows, merging->arena, &delta);
	changes->rows = delta.rows;
	changes->deleted.count = 0;
	for (size_t i = 0; rc == SL_OK && i < delta.deleted_count; i++)
		rc = sl_keys_add(&changes->deleted, &delta.deleted[i]);
	return rc;
}

/* From here on, what has one key is one thing. */
static int find_one_key(struct sl_merging *merging)
{
	bool followed = false;
	int rc = sl_merge_find_moves(merging);
	if (rc == SL_OK)
		rc = sl_merge_separate(merging, &merging->renamed);
	if (rc == SL_OK)
		rc = sl_merge_follow_moves(merging, &followed);
	return rc == SL_OK && followed ? sl_merge_separate(merging, &merging->parted) : rc;
}

/* The rows of mine that have another key now. */
static int list_renames(struct sl_merging *merging, const struct sl_rowset *mine)
{
	const struct sl_row *row;
	size_t cursor = 0;
	if (merging->mine == mine)
		return SL_OK;
	merging->renames = sl_arena_zalloc(merging->arena, sl_rowset_count(mine), sizeof(*merging->renames));
	if (!merging->renames)
		return SL_NO_MEMORY;
	while ((row = sl_rowset_next(mine, &cursor))) {
		const struct sl_key named = sl_rekey_key(&merging->renamed, &row->key);
		const struct sl_key followed = sl_rekey_key(&merging->followed, &named);
		const struct sl_key now = sl_rekey_key(&merging->parted, &followed);
		if (!sl_key_equal(&now, &row->key))
			merging->renames[merging->rename_count++] = (struct sl_rename){ row->key, now };
	}
	return SL_OK;
}

static int begin(struct sl_merging *merging)
{
	if (sl_rekey_init(&merging->renamed, merging->arena) != SL_OK || sl_rekey_init(&merging->followed, merging->arena) != SL_OK
		|| sl_rekey_init(&merging->parted, merging->arena) != SL_OK)
		return SL_NO_MEMORY;
	merging->given = sl_rowset_new(merging->arena, 8);
	merging->rows = sl_rowset_new(merging->arena, sl_rowset_count(merging->theirs));
	merging->push = (struct sl_merge_changes){ sl_rowset_new(merging->arena, 16), { .arena = merging->arena } };
	merging->adopt = (struct sl_merge_changes){ sl_rowset_new(merging->arena, 16), { .arena = merging->arena } };
	merging->groups = sl_rowset_new(merging->arena, 8);
	return merging->rows && merging->push.rows && merging->adopt.rows && merging->groups && merging->given ? SL_OK : SL_NO_MEMORY;
}

int sl_merge(const struct sl_rowset *base, const struct sl_rowset *mine, const struct sl_rowset *theirs,
	const struct sl_merge_options *options, struct sl_arena *arena, struct sl_merge *merge_r, struct sl_err *err)
{
	static const struct sl_merge_options usual = { .ancestor = SL_TEXT_TRUE_BASE };
	struct sl_merging merging = { .arena = arena, .err = err, .base = base, .mine = mine, .theirs = theirs,
		.options = options ? options : &usual };
	sl_buf_init(&merging.scratch, SIZE_MAX);
	*merge_r = (struct sl_merge){ .rows = NULL };
	int rc = begin(&merging);
	if (rc == SL_OK)
		rc = find_one_key(&merging);
	if (rc == SL_OK)
		rc = list_renames(&merging, mine);
	if (rc == SL_OK)
		rc = sl_merge_find_kept(&merging);
	if (rc == SL_OK)
		rc = merge_rows(&merging);
	if (rc == SL_OK)
		rc = sl_merge_place_rows(&merging);
	if (rc == SL_OK && merging.mine != mine)
		rc = compare_to_result(&merging, mine, &merging.adopt);
	if (rc == SL_OK && merging.theirs != theirs)
		rc = compare_to_result(&merging, theirs, &merging.push);
	if (rc == SL_OK)
		rc = finish(&merging, merge_r);
	sl_buf_dispose(&merging.scratch);
	return rc == SL_OK ? SL_OK : sl_err_set(err, rc, "out of memory while merging");
}
