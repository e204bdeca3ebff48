/* Three-way merge of row sets: which side changed each row, deletions, places, parents; see merge.h. Fields are merged in
 * merge_fields.c, merge_list.c and merge_rules.c.
 * Keeps true: a row is parsed only if both sides changed its data; the result depends on the rows, not on the order in which
 * sets hold them. Fails with SL_NO_MEMORY, or SL_INTERNAL for data that validation never lets in.
 */
#include "core/merge.h"

#include <stdlib.h>

#include "core/canon.h"
#include "core/merge_steps.h"

static const struct sl_str absent = { NULL, 0 };

/* One row on all sides; NULL: absent. */
struct versions {
	const struct sl_row *base, *mine, *theirs;
};

static struct sl_str data_of(const struct sl_row *row) { return row ? row->data : absent; }

static struct sl_str rank_of(const struct sl_row *row) { return row ? row->rank : absent; }

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
	int rc = sl_canon_parse(data, &value, &reason);
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

/* The merged data of a row; length 0: absent (meta only). Shares theirs or mine where it is the same. */
static int merge_data(struct sl_merging *merging, const struct versions *row, struct sl_str *data_r)
{
	struct sl_str mine = data_of(row->mine), theirs = data_of(row->theirs);
	struct sl_sides sides = { NULL, NULL, NULL };
	if (is_settled(data_of(row->base), mine, theirs, data_r))
		return SL_OK;
	*data_r = absent;
	int rc = parse(merging, data_of(row->base), &sides.base);
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

/* --- places ----------------------------------------------------------------------------------------------------- */

static int write_rank(struct sl_merging *merging, struct sl_str rank, struct sl_str *text_r)
{
	*text_r = absent;
	if (rank.length == 0)
		return SL_OK;
	sl_buf_clear(&merging->scratch);
	sl_canon_string(&merging->scratch, rank);
	if (sl_buf_code(&merging->scratch) != SL_OK)
		return sl_buf_code(&merging->scratch);
	return sl_arena_copy(merging->arena, sl_buf_str(&merging->scratch), text_r);
}

/* Both sides changed the place; the result has theirs. */
static int note_move(struct sl_merging *merging, const struct versions *row)
{
	struct sl_receipt receipt = { .rule = SL_RULE_LWW, .moved = true, .conflict = true };
	int rc = write_rank(merging, rank_of(row->base), &receipt.base);
	if (rc == SL_OK)
		rc = write_rank(merging, rank_of(row->mine), &receipt.mine);
	if (rc == SL_OK)
		rc = write_rank(merging, rank_of(row->theirs), &receipt.theirs);
	receipt.result = receipt.theirs;
	return rc == SL_OK ? sl_merge_add_receipt(merging, &receipt) : rc;
}

static int merge_rank(struct sl_merging *merging, const struct versions *row, struct sl_str *rank_r)
{
	if (is_settled(rank_of(row->base), rank_of(row->mine), rank_of(row->theirs), rank_r))
		return SL_OK;
	return note_move(merging, row);
}

/* --- rows ------------------------------------------------------------------------------------------------------- */

/* Puts the row into the result. It is at the server already if it is as theirs. */
static int put(struct sl_merging *merging, struct sl_row row, const struct sl_row *theirs)
{
	row.version = theirs && sl_row_same_content(theirs, &row) ? theirs->version : 0;
	return sl_rowset_put(merging->rows, &row) ? SL_OK : SL_NO_MEMORY;
}

/* A row that stays although one side deleted it. */
static int note_survivor(struct sl_merging *merging, const struct versions *row, const struct sl_row *survivor)
{
	const struct sl_receipt receipt = {
		.base = data_of(row->base), .mine = data_of(row->mine), .theirs = data_of(row->theirs),
		.result = survivor->data, .rule = SL_RULE_LWW, .conflict = true,
	};
	return sl_merge_add_receipt(merging, &receipt);
}

static int merge_meta(struct sl_merging *merging, const struct versions *row)
{
	struct sl_row merged = { .key = *merging->key };
	int rc = merge_data(merging, row, &merged.data);
	return rc == SL_OK && merged.data.length ? put(merging, merged, row->theirs) : rc;
}

static int merge_both(struct sl_merging *merging, const struct versions *row)
{
	struct sl_row merged = { .key = *merging->key };
	int rc = merge_data(merging, row, &merged.data);
	if (rc == SL_OK)
		rc = merge_rank(merging, row, &merged.rank);
	return rc == SL_OK ? put(merging, merged, row->theirs) : rc;
}

/* One side has the row, the other does not: added there, or deleted here. A move alone is no edit: else giving siblings new
 * ranks would bring back whatever another device deleted among them. */
static int merge_one_sided(struct sl_merging *merging, const struct versions *row)
{
	const struct sl_row *present = row->mine ? row->mine : row->theirs;
	if (!row->base)
		return put(merging, *present, row->theirs);
	if (sl_str_equal(row->base->data, present->data)) {
		merging->episode_gone |= present->key.entity == SL_EPISODES;
		return SL_OK;
	}
	int rc = note_survivor(merging, row, present);
	return rc == SL_OK ? put(merging, *present, row->theirs) : rc;
}

static int merge_row(struct sl_merging *merging, const struct sl_row *mine, const struct sl_row *theirs)
{
	const struct sl_key *key = theirs ? &theirs->key : &mine->key;
	const struct versions row = { sl_rowset_find(merging->base, key), mine, theirs };
	merging->key = key;
	if (key->entity == SL_META)
		return merge_meta(merging, &row);
	return mine && theirs ? merge_both(merging, &row) : merge_one_sided(merging, &row);
}

/* What only the base has, both sides deleted. */
static int merge_rows(struct sl_merging *merging)
{
	const struct sl_row *row;
	size_t cursor = 0;
	int rc = SL_OK;
	while (rc == SL_OK && (row = sl_rowset_next(merging->theirs, &cursor)))
		rc = merge_row(merging, sl_rowset_find(merging->mine, &row->key), row);
	cursor = 0;
	while (rc == SL_OK && (row = sl_rowset_next(merging->mine, &cursor)))
		if (!sl_rowset_find(merging->theirs, &row->key))
			rc = merge_row(merging, row, NULL);
	return rc;
}

/* --- parents ---------------------------------------------------------------------------------------------------- */

static int keep_episode(struct sl_merging *merging, const struct sl_key *key)
{
	const struct versions row = { sl_rowset_find(merging->base, key), sl_rowset_find(merging->mine, key),
		sl_rowset_find(merging->theirs, key) };
	const struct sl_row *present = row.mine ? row.mine : row.theirs;
	if (!present)
		return SL_OK;
	merging->key = &present->key;
	int rc = note_survivor(merging, &row, present);
	return rc == SL_OK ? put(merging, *present, row.theirs) : rc;
}

/* Scenes and shots of `side` that stayed keep their episode, which the other side deleted. */
static int keep_parents(struct sl_merging *merging, const struct sl_rowset *side)
{
	const struct sl_row *row;
	size_t cursor = 0;
	int rc = SL_OK;
	while (rc == SL_OK && (row = sl_rowset_next(side, &cursor))) {
		const struct sl_key episode = sl_key_of_episode(row->key.episode);
		if (!sl_entity_has_episode(row->key.entity) || sl_rowset_find(merging->rows, &episode))
			continue;
		if (sl_rowset_find(merging->rows, &row->key))
			rc = keep_episode(merging, &episode);
	}
	return rc;
}

/* --- what comes of it ------------------------------------------------------------------------------------------- */

static int compare_keys(const void *a, const void *b) { return sl_key_compare(a, b); }

/* The difference in an order of its own, so that its bytes don't depend on that of the sets. */
static int difference(const struct sl_rowset *before, const struct sl_rowset *after, struct sl_arena *arena,
	struct sl_delta *delta_r)
{
	struct sl_delta delta;
	int rc = sl_delta_difference(before, after, arena, &delta);
	if (rc != SL_OK)
		return rc;
	size_t count = sl_rowset_count(delta.rows);
	struct sl_row **sorted = sl_rowset_sorted(delta.rows, arena);
	struct sl_rowset *rows = sl_rowset_new(arena, count);
	struct sl_key *deleted = sl_arena_zalloc(arena, delta.deleted_count, sizeof(*deleted));
	if (!sorted || !rows || !deleted)
		return SL_NO_MEMORY;
	for (size_t i = 0; i < count; i++)
		if (!sl_rowset_put(rows, sorted[i]))
			return SL_NO_MEMORY;
	if (delta.deleted_count)
		memcpy(deleted, delta.deleted, delta.deleted_count * sizeof(*deleted));
	qsort(deleted, delta.deleted_count, sizeof(*deleted), compare_keys);
	*delta_r = (struct sl_delta){ rows, deleted, delta.deleted_count };
	return SL_OK;
}

static int compare_receipts(const void *a, const void *b)
{
	const struct sl_receipt *left = a, *right = b;
	int order = sl_key_compare(&left->key, &right->key);
	if (order == 0)
		order = sl_str_compare(left->path, right->path);
	return order ? order : left->moved - right->moved;
}

static int finish(struct sl_merging *merging, struct sl_merge *merge)
{
	merge->rows = merging->rows;
	merge->receipts = merging->receipts;
	merge->receipt_count = merging->receipt_count;
	if (merging->receipt_count)
		qsort(merging->receipts, merging->receipt_count, sizeof(*merging->receipts), compare_receipts);
	for (size_t i = 0; i < merge->receipt_count; i++) {
		merge->conflict_count += merge->receipts[i].conflict;
		merge->parked_count += merge->receipts[i].parked;
	}
	int rc = difference(merging->theirs, merging->rows, merging->arena, &merge->push);
	return rc == SL_OK ? difference(merging->mine, merging->rows, merging->arena, &merge->adopt) : rc;
}

int sl_merge(const struct sl_rowset *base, const struct sl_rowset *mine, const struct sl_rowset *theirs,
	struct sl_arena *arena, struct sl_merge *merge_r, struct sl_err *err)
{
	struct sl_merging merging = { .arena = arena, .err = err, .base = base, .mine = mine, .theirs = theirs };
	sl_buf_init(&merging.scratch, SIZE_MAX);
	*merge_r = (struct sl_merge){ .rows = NULL };
	merging.rows = sl_rowset_new(arena, sl_rowset_count(theirs));
	int rc = merging.rows ? merge_rows(&merging) : SL_NO_MEMORY;
	if (rc == SL_OK && merging.episode_gone)
		rc = keep_parents(&merging, mine);
	if (rc == SL_OK && merging.episode_gone)
		rc = keep_parents(&merging, theirs);
	if (rc == SL_OK)
		rc = finish(&merging, merge_r);
	sl_buf_dispose(&merging.scratch);
	return rc == SL_OK ? SL_OK : sl_err_set(err, rc, "out of memory while merging");
}
