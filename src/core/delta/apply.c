/* Applying a delta to a set of rows; see delta.h. Keeps true: new rows get the ranks that sl_commit would give them.
 * Costs what the rows cost to walk and, where siblings must be respaced, to sort. Fails only for memory. */
#include "core/delta/delta.h"
#include "core/rows/append_rank.h"

struct applying {
	const struct sl_delta *delta;
	struct sl_rowset *rows;
	struct sl_rowset *last;    /* the last rank of each group that gets rows without rank, by the group; or NULL */
	struct sl_place *newcomers;
	size_t newcomer_count;
	struct sl_str prefix;
	struct sl_arena *arena;
};

static int add_group(struct applying *applying, const struct sl_row *newcomer)
{
	struct sl_row group = { .key = sl_key_of_siblings(&newcomer->key) };
	applying->newcomer_count++;
	if (!applying->last)
		applying->last = sl_rowset_new(applying->arena, 16);
	return applying->last && sl_rowset_put(applying->last, &group) ? SL_OK : SL_NO_MEMORY;
}

static void raise_last_ranks(struct applying *applying, const struct sl_rowset *rows)
{
	const struct sl_row *row;
	size_t cursor = 0;
	while ((row = sl_rowset_next(rows, &cursor))) {
		struct sl_key key = sl_key_of_siblings(&row->key);
		struct sl_row *group = sl_rowset_find(applying->last, &key);
		if (group && sl_str_compare(group->rank, row->rank) < 0)
			group->rank = row->rank;
	}
}

/* To be done before anything is deleted or moved; see append_rank.h. */
static int find_last_ranks(struct applying *applying)
{
	const struct sl_row *row;
	size_t cursor = 0;
	while ((row = sl_rowset_next(applying->delta->rows, &cursor))) {
		const struct sl_row *old = sl_rowset_find(applying->rows, &row->key);
		if (sl_place_lacks_rank(row) && (!old || sl_place_lacks_rank(old)) && add_group(applying, row) != SL_OK)
			return SL_NO_MEMORY;
	}
	if (!applying->last)
		return SL_OK;
	raise_last_ranks(applying, applying->rows);
	raise_last_ranks(applying, applying->delta->rows);
	applying->newcomers = sl_arena_zalloc(applying->arena, applying->newcomer_count, sizeof(*applying->newcomers));
	return applying->newcomers ? SL_OK : SL_NO_MEMORY;
}

static int write_rows(struct applying *applying)
{
	const struct sl_row *row;
	size_t cursor = 0, newcomers = 0;
	while ((row = sl_rowset_next(applying->delta->rows, &cursor))) {
		const struct sl_row *old = sl_rowset_find(applying->rows, &row->key);
		struct sl_row changed = *row;
		if (!changed.rank.length && old)
			changed.rank = old->rank;
		struct sl_row *written = sl_rowset_put(applying->rows, &changed);
		if (!written)
			return SL_NO_MEMORY;
		if (sl_place_lacks_rank(written)) {
			applying->newcomers[newcomers] = (struct sl_place){ written, newcomers };
			newcomers++;
		}
	}
	return SL_OK;
}

/* Gives ranks where there is room. *full_r: some groups are left. */
static int place_newcomers(struct applying *applying, bool *full_r)
{
	size_t size, count = applying->newcomer_count;
	for (size_t begin = 0; begin < count; begin += size) {
		const struct sl_place *places = applying->newcomers + begin;
		size = sl_place_group_size(places, count - begin);
		struct sl_key group = sl_key_of_siblings(&places[0].row->key);
		int rc = sl_place_behind(places, size, sl_rowset_find(applying->last, &group)->rank, applying->prefix,
			applying->arena);
		if (rc == SL_TOO_LARGE)
			*full_r = true;
		else if (rc != SL_OK)
			return rc;
	}
	return SL_OK;
}

/* The rows of a group that have ranks, out of all rows sorted; *at is the place of the group before it. Returns
 * their number. */
static size_t gather_siblings(struct sl_row *const *sorted, size_t count, const struct sl_key *group, size_t *at,
	struct sl_row **siblings_r)
{
	size_t found = 0;
	for (; *at < count; ++*at) {
		struct sl_key own = sl_key_of_siblings(&sorted[*at]->key);
		int order = sl_key_compare(&own, group);
		if (order > 0)
			break;
		if (order == 0 && !sl_place_lacks_rank(sorted[*at]))
			siblings_r[found++] = sorted[*at];
	}
	return found;
}

/* Groups in the order of the sorted rows, so that one walk meets them all. */
static int respace_full_groups(struct applying *applying)
{
	size_t rows = sl_rowset_count(applying->rows), at = 0, size;
	struct sl_row **sorted = sl_rowset_sorted(applying->rows, applying->arena);
	struct sl_row **siblings = sl_arena_zalloc(applying->arena, rows, sizeof(struct sl_row *));
	if (!sorted || !siblings)
		return SL_NO_MEMORY;
	for (size_t begin = 0; begin < applying->newcomer_count; begin += size) {
		const struct sl_place *places = applying->newcomers + begin;
		size = sl_place_group_size(places, applying->newcomer_count - begin);
		if (!sl_place_lacks_rank(places[0].row))
			continue;
		struct sl_key group = sl_key_of_siblings(&places[0].row->key);
		size_t count = gather_siblings(sorted, rows, &group, &at, siblings);
		if (sl_place_respace(siblings, count, places, size, applying->arena) != SL_OK)
			return SL_NO_MEMORY;
	}
	return SL_OK;
}

int sl_delta_apply_as(const struct sl_delta *delta, struct sl_rowset *rows, struct sl_str prefix, struct sl_arena *arena)
{
	struct applying applying = { .delta = delta, .rows = rows, .prefix = prefix, .arena = arena };
	struct sl_delta expanded = *delta;
	bool full = false;
	int rc = sl_delta_expand(&expanded, rows, arena);
	if (rc == SL_OK)
		rc = find_last_ranks(&applying);
	for (size_t i = 0; rc == SL_OK && i < expanded.deleted_count; i++)
		sl_rowset_remove(rows, &expanded.deleted[i]);
	if (rc == SL_OK)
		rc = write_rows(&applying);
	if (rc == SL_OK) {
		sl_place_sort(applying.newcomers, applying.newcomer_count);
		rc = place_newcomers(&applying, &full);
	}
	return rc == SL_OK && full ? respace_full_groups(&applying) : rc;
}

int sl_delta_apply(const struct sl_delta *delta, struct sl_rowset *rows, struct sl_arena *arena)
{
	return sl_delta_apply_as(delta, rows, (struct sl_str){ NULL, 0 }, arena);
}
