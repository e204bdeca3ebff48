/* Places of rows among their siblings: see sl_merge_see_place and sl_merge_place_rows in steps.h.
 *
 * A rank says something only beside the ranks of its siblings. Where one side alone changed places, its ranks stand as they are. Where
 * both did, the order is merged three-way (order.c) and the ranks follow it: theirs where they can stay, then mine, then new ones. So a
 * side that only gave new ranks to rows in their old order doesn't undo what the other moved. Fails for memory only. Source of the
 * rules: merge.md, "Order".
 */
#include "core/merge/steps.h"

#include <stdlib.h>

#include "core/json/write.h"
#include "core/merge/merge.h"

/* What is known of a group of siblings: what a side did there. */
enum { MINE_ADDED = 1, MINE_PLACED = 2, THEIRS_ADDED = 4, THEIRS_PLACED = 8 };

static struct sl_str rank_of(const struct sl_row *row) { return row ? row->rank : (struct sl_str){ NULL, 0 }; }

/* What `side` did with the place of a row: 0, 1 for added, 2 for placed. */
static int64_t act_of(const struct sl_row *base, const struct sl_row *side, const struct sl_row *other)
{
	struct sl_str was = rank_of(base), is = rank_of(side), there = rank_of(other);
	if (is.length == 0 || sl_str_equal(is, was) || sl_str_equal(is, there))
		return 0;
	return was.length == 0 && there.length == 0 ? MINE_ADDED : MINE_PLACED;
}

int sl_merge_see_place(struct sl_merging *merging, const struct sl_versions *row)
{
	int64_t acts = act_of(row->base, row->mine, row->theirs) | act_of(row->base, row->theirs, row->mine) * THEIRS_ADDED;
	struct sl_row entry = { .key = sl_key_of_siblings(merging->key), .version = acts };
	if (acts == 0)
		return SL_OK;
	struct sl_row *known = sl_rowset_find(merging->groups, &entry.key);
	if (known)
		known->version |= acts;
	return known || sl_rowset_put(merging->groups, &entry) ? SL_OK : SL_NO_MEMORY;
}

/* Whether ranks of one side don't tell how its rows stand to those of the other. */
static bool is_contested(const struct sl_row *group)
{
	int64_t acts = group->version, mine = MINE_ADDED | MINE_PLACED, theirs = THEIRS_ADDED | THEIRS_PLACED;
	return (acts & mine) && (acts & theirs) && (acts & (MINE_PLACED | THEIRS_PLACED));
}

/* --- one group --------------------------------------------------------------------------------------------------------- */

enum { BASE, MINE, THEIRS, SIDES };

/* The rows of a group in the result, and each of them on all sides. */
struct group {
	struct sl_row **rows;
	size_t count;
	const struct sl_row **sides[SIDES];
	size_t *places[SIDES];
	bool *written[SIDES]; /* got another rank than it had */
	struct sl_str *ranks; /* in mine, or in theirs */
};

static int find_sides(const struct sl_merging *merging, struct group *group)
{
	struct sl_arena *arena = merging->arena;
	group->ranks = sl_arena_zalloc(arena, group->count, sizeof(*group->ranks));
	if (!group->ranks)
		return SL_NO_MEMORY;
	const struct sl_rowset *const sets[SIDES] = { merging->base, merging->mine, merging->theirs };
	for (int side = BASE; side < SIDES; side++) {
		group->sides[side] = sl_arena_zalloc(arena, group->count, sizeof(*group->sides[side]));
		group->places[side] = sl_arena_alloc(arena, group->count * sizeof(size_t));
		group->written[side] = sl_arena_zalloc(arena, group->count, sizeof(bool));
		if (!group->sides[side] || !group->places[side] || !group->written[side])
			return SL_NO_MEMORY;
		for (size_t i = 0; i < group->count; i++) {
			const struct sl_key *key = &group->rows[i]->key;
			const struct sl_row *row = sl_rowset_find(sets[side], key);
			if (!row && side == BASE)
				row = sl_rowset_find(merging->shared, key);
			if (rank_of(row).length)
				group->sides[side][i] = row;
			group->written[side][i] = row && !sl_str_equal(row->rank, rank_of(group->sides[BASE][i]));
			if (side != BASE && !group->ranks[i].length)
				group->ranks[i] = rank_of(row);
		}
	}
	return SL_OK;
}

struct placed {
	const struct sl_row *row;
	size_t index;
};

static int compare_placed(const void *a, const void *b)
{
	const struct placed *left = a, *right = b;
	return sl_row_compare(left->row, right->row);
}

/* Where each row stands on the side. */
static int find_places(struct sl_arena *arena, struct group *group, int side)
{
	struct placed *line = sl_arena_zalloc(arena, group->count, sizeof(*line));
	size_t length = 0;
	if (!line)
		return SL_NO_MEMORY;
	for (size_t i = 0; i < group->count; i++) {
		group->places[side][i] = SL_MERGE_NOWHERE;
		if (group->sides[side][i])
			line[length++] = (struct placed){ group->sides[side][i], i };
	}
	if (length)
		qsort(line, length, sizeof(*line), compare_placed);
	for (size_t i = 0; i < length; i++)
		group->places[side][line[i].index] = i;
	return SL_OK;
}

/* --- notes ---------------------------------------------------------------------------------------------------------------- */

static int write_rank(struct sl_merging *merging, const struct sl_row *row, struct sl_str *text_r)
{
	*text_r = (struct sl_str){ NULL, 0 };
	if (!row)
		return SL_OK;
	sl_buf_clear(&merging->scratch);
	sl_json_string(&merging->scratch, row->rank);
	if (sl_buf_code(&merging->scratch) != SL_OK)
		return sl_buf_code(&merging->scratch);
	return sl_arena_copy(merging->arena, sl_buf_str(&merging->scratch), text_r);
}

static int note_move(struct sl_merging *merging, const struct group *group, size_t at)
{
	struct sl_note note = { .kind = SL_NOTE_MOVED, .rule = SL_RULE_LWW, .conflict = true };
	int rc = write_rank(merging, group->sides[BASE][at], &note.base);
	merging->key = &group->rows[at]->key;
	if (rc == SL_OK)
		rc = write_rank(merging, group->sides[MINE][at], &note.mine);
	if (rc == SL_OK)
		rc = write_rank(merging, group->sides[THEIRS][at], &note.theirs);
	if (rc == SL_OK)
		rc = write_rank(merging, group->rows[at], &note.result);
	return rc == SL_OK ? sl_merge_add_note(merging, &note) : rc;
}

/* The sibling before each on a side, of those that both sides have; SL_MERGE_NOWHERE: none. */
static int find_previous(struct sl_arena *arena, const struct group *group, int side, size_t **previous_r)
{
	size_t *line = sl_arena_alloc(arena, group->count * sizeof(*line)), last = SL_MERGE_NOWHERE;
	size_t *previous = *previous_r = sl_arena_alloc(arena, group->count * sizeof(*previous));
	if (!line || !previous)
		return SL_NO_MEMORY;
	for (size_t i = 0; i < group->count; i++)
		line[i] = SL_MERGE_NOWHERE;
	for (size_t i = 0; i < group->count; i++)
		if (group->sides[MINE][i] && group->sides[THEIRS][i])
			line[group->places[side][i]] = i;
	for (size_t i = 0; i < group->count; i++) {
		if (line[i] == SL_MERGE_NOWHERE)
			continue;
		previous[line[i]] = last;
		last = line[i];
	}
	return SL_OK;
}

/* Rows that both sides moved, to different places, are at theirs. */
static int note_moves(struct sl_merging *merging, const struct group *group, const struct sl_merge_order *order)
{
	size_t *in_mine, *in_theirs;
	int rc = find_previous(merging->arena, group, MINE, &in_mine);
	if (rc == SL_OK)
		rc = find_previous(merging->arena, group, THEIRS, &in_theirs);
	for (size_t i = 0; rc == SL_OK && i < group->count; i++)
		if (order->moved_by_mine[i] && order->moved_by_theirs[i] && in_mine[i] != in_theirs[i])
			rc = note_move(merging, group, i);
	return rc;
}

/* --- ranks ---------------------------------------------------------------------------------------------------------------- */

static const struct sl_str unranked = { NULL, 0 };

/* Whether the row's place is what mine says; else its rank in theirs is right beside the others that are so. */
static bool goes_by_mine(const struct group *group, const struct sl_merge_order *order, size_t at)
{
	return !group->sides[THEIRS][at] || (group->sides[MINE][at] && order->moved_by_mine[at] && !order->moved_by_theirs[at]);
}

/* The ranks that can stay, in the result's order; unranked: the row gets a new one. Theirs all stay, but where a row comes to stand
 * between two equal ones; mine do where they fit in. */
static int find_ranks(struct sl_arena *arena, const struct group *group, const struct sl_merge_order *order,
	struct sl_str *ranks)
{
	struct sl_str *ahead = sl_arena_zalloc(arena, group->count + 1, sizeof(*ahead)), last = unranked;
	bool open = false;
	if (!ahead)
		return SL_NO_MEMORY;
	for (size_t i = group->count; i > 0; i--) {
		size_t at = order->order[i - 1];
		ahead[i - 1] = goes_by_mine(group, order, at) ? ahead[i] : group->sides[THEIRS][at]->rank;
	}
	for (size_t i = 0; i < group->count; i++) {
		size_t at = order->order[i];
		bool by_mine = goes_by_mine(group, order, at);
		struct sl_str rank = by_mine ? group->sides[MINE][at]->rank : group->sides[THEIRS][at]->rank;
		bool fits = by_mine ? sl_str_compare(last, rank) < 0 && (!ahead[i].length || sl_str_compare(rank, ahead[i]) < 0)
			: !open || sl_str_compare(last, rank) < 0;
		ranks[i] = fits ? rank : unranked;
		last = fits ? rank : last;
		open = !fits; /* a row without rank stands between the last one and the next */
	}
	return SL_OK;
}

static int set_ranks(struct sl_merging *merging, const struct group *group, const struct sl_merge_order *order)
{
	struct sl_rowset *ordered = sl_rowset_new(merging->arena, group->count);
	struct sl_rowset *wanted = sl_rowset_new(merging->arena, group->count);
	struct sl_str *ranks = sl_arena_zalloc(merging->arena, group->count, sizeof(*ranks));
	const struct sl_row *row;
	size_t cursor = 0;
	int rc = ordered && wanted && ranks ? find_ranks(merging->arena, group, order, ranks) : SL_NO_MEMORY;
	for (size_t i = 0; rc == SL_OK && i < group->count; i++) {
		struct sl_row entry = *group->rows[order->order[i]];
		entry.rank = ranks[i];
		if (!sl_rowset_append(ordered, &entry) || !sl_rowset_append(wanted, &entry))
			rc = SL_NO_MEMORY;
	}
	if (rc == SL_OK)
		rc = sl_rows_assign_ranks_as(ordered, wanted, merging->options->rank_prefix, merging->arena, merging->err);
	for (size_t i = 0; rc == SL_OK && (row = sl_rowset_next(ordered, &cursor)); i++) {
		const struct sl_row *was = group->rows[order->order[i]];
		const struct sl_versions versions = { NULL, sl_rowset_find(merging->mine, &row->key),
			sl_rowset_find(merging->theirs, &row->key) };
		if (!sl_str_equal(row->rank, was->rank))
			rc = sl_merge_put(merging, &versions, row);
	}
	return rc;
}

static int place_group(struct sl_merging *merging, struct sl_row **rows, size_t count)
{
	struct group group = { .rows = rows, .count = count };
	struct sl_merge_order order;
	int rc = find_sides(merging, &group);
	for (int side = BASE; rc == SL_OK && side < SIDES; side++)
		rc = find_places(merging->arena, &group, side);
	if (rc != SL_OK)
		return rc;
	const struct sl_merge_places places = { group.places[BASE], group.places[MINE], group.places[THEIRS], group.written[MINE],
		group.written[THEIRS], group.ranks };
	rc = sl_merge_order(&places, count, merging->arena, &order);
	if (rc == SL_OK)
		rc = set_ranks(merging, &group, &order);
	return rc == SL_OK ? note_moves(merging, &group, &order) : rc;
}

/* --- all groups ------------------------------------------------------------------------------------------------------- */

static int compare_rows(const void *a, const void *b)
{
	return sl_row_compare(*(struct sl_row *const *)a, *(struct sl_row *const *)b);
}

/* The rows of the result that are in contested groups, group by group. */
static int gather(const struct sl_merging *merging, struct sl_row ***rows_r, size_t *count_r)
{
	struct sl_row *row, **rows = sl_arena_zalloc(merging->arena, sl_rowset_count(merging->rows), sizeof(*rows));
	size_t cursor = 0;
	*rows_r = rows;
	*count_r = 0;
	if (!rows)
		return SL_NO_MEMORY;
	while ((row = sl_rowset_next(merging->rows, &cursor))) {
		const struct sl_key siblings = sl_key_of_siblings(&row->key);
		const struct sl_row *group = sl_rowset_find(merging->groups, &siblings);
		if (group && is_contested(group))
			rows[(*count_r)++] = row;
	}
	if (*count_r)
		qsort(rows, *count_r, sizeof(struct sl_row *), compare_rows);
	return SL_OK;
}

int sl_merge_place_rows(struct sl_merging *merging)
{
	const struct sl_row *group;
	struct sl_row **rows;
	size_t cursor = 0, count;
	bool contested = false;
	while (!contested && (group = sl_rowset_next(merging->groups, &cursor)))
		contested = is_contested(group);
	int rc = contested ? gather(merging, &rows, &count) : SL_OK;
	for (size_t begin = 0, end; contested && rc == SL_OK && begin < count; begin = end) {
		const struct sl_key siblings = sl_key_of_siblings(&rows[begin]->key);
		for (end = begin + 1; end < count; end++) {
			const struct sl_key other = sl_key_of_siblings(&rows[end]->key);
			if (!sl_key_equal(&siblings, &other))
				break;
		}
		rc = place_group(merging, rows + begin, end - begin);
	}
	return rc;
}
