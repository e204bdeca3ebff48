/* Ranks for the new rows of a push that came without; see steps.h and append_rank.h. Keeps true: the store is asked
 * once for all groups, and the sender is told every rank that it could not work out by itself. */
#include "core/commit/steps.h"

#include <stdlib.h>

#include "core/rows/append_rank.h"

/* A change, found by the group of its row. */
struct member {
	struct sl_key group;
	size_t change; /* index */
};

/* A group that gets new rows without rank. */
struct group {
	struct sl_key key;
	const struct member *members; /* all changes in it */
	size_t member_count;
	struct sl_place *newcomers;   /* those without rank */
	size_t newcomer_count;
	struct sl_str last;           /* the last rank that the others have */
};

struct placing {
	struct sl_commit_work *work;
	struct group *groups; /* sorted by key */
	size_t group_count;
};

static const struct sl_key *key_of(const struct sl_change *change)
{
	return change->after ? &change->after->key : &change->before->key;
}

static void keep_later(struct sl_str *last, struct sl_str rank)
{
	if (sl_str_compare(*last, rank) < 0)
		*last = rank;
}

/* --- groups ------------------------------------------------------------------------------------------------------- */

static int compare_members(const void *a, const void *b)
{
	const struct member *left = a, *right = b;
	int order = sl_key_compare(&left->group, &right->group);
	return order ? order : left->change < right->change ? -1 : left->change > right->change;
}

/* The changes sorted by group; NULL: no memory. */
static struct member *sort_members(const struct sl_commit_work *work)
{
	struct member *members = sl_arena_zalloc(work->arena, work->change_count, sizeof(*members));
	for (size_t i = 0; members && i < work->change_count; i++)
		members[i] = (struct member){ sl_key_of_siblings(key_of(&work->changes[i])), i };
	if (members)
		qsort(members, work->change_count, sizeof(*members), compare_members);
	return members;
}

static int add_group(struct placing *placing, const struct member *members, size_t count)
{
	struct sl_commit_work *work = placing->work;
	struct group group = { .key = members[0].group, .members = members, .member_count = count };
	group.newcomers = sl_arena_zalloc(work->arena, count, sizeof(*group.newcomers));
	if (!group.newcomers)
		return sl_commit_no_memory(work);
	for (size_t i = 0; i < count; i++) {
		struct sl_row *row = sl_commit_written(&work->changes[members[i].change]);
		if (row && sl_place_lacks_rank(row)) {
			group.newcomers[group.newcomer_count] = (struct sl_place){ row, group.newcomer_count };
			group.newcomer_count++;
		} else if (row) {
			keep_later(&group.last, row->rank);
		}
	}
	if (group.newcomer_count)
		placing->groups[placing->group_count++] = group;
	return SL_OK;
}

static int find_groups(struct placing *placing)
{
	struct sl_commit_work *work = placing->work;
	size_t count = work->change_count, end;
	const struct member *members = sort_members(work);
	placing->groups = sl_arena_zalloc(work->arena, count, sizeof(*placing->groups));
	if (!members || !placing->groups)
		return sl_commit_no_memory(work);
	for (size_t begin = 0; begin < count; begin = end) {
		for (end = begin + 1; end < count && sl_key_equal(&members[begin].group, &members[end].group); end++)
			;
		int rc = add_group(placing, members + begin, end - begin);
		if (rc != SL_OK)
			return rc;
	}
	return SL_OK;
}

/* Whether the store may hold rows of the group: not if its episode comes with this push. */
static bool may_be_stored(const struct sl_commit_work *work, const struct sl_key *group)
{
	struct sl_key episode = sl_key_of_episode(group->episode);
	if (work->head.version == 0)
		return false;
	return !sl_entity_has_episode(group->entity) || !sl_rowset_find(work->delta.rows, &episode)
		|| sl_rowset_find(work->stored, &episode);
}

static int raise_to_stored(struct placing *placing)
{
	struct sl_commit_work *work = placing->work;
	size_t count = 0;
	struct sl_key *keys = sl_arena_zalloc(work->arena, placing->group_count, sizeof(*keys));
	struct sl_str *ranks = sl_arena_zalloc(work->arena, placing->group_count, sizeof(*ranks));
	if (!keys || !ranks)
		return sl_commit_no_memory(work);
	for (size_t i = 0; i < placing->group_count; i++)
		if (may_be_stored(work, &placing->groups[i].key))
			keys[count++] = placing->groups[i].key;
	int rc = count ? work->store->last_ranks(work->store->context, keys, count, work->arena, ranks, work->err) : SL_OK;
	for (size_t i = 0, at = 0; rc == SL_OK && i < placing->group_count && at < count; i++)
		if (sl_key_equal(&placing->groups[i].key, &keys[at]))
			keep_later(&placing->groups[i].last, ranks[at++]);
	return rc;
}

/* --- respacing ---------------------------------------------------------------------------------------------------- */

/* The sender does not know this rank: it learns it from the answer. */
static int tell(struct sl_commit_work *work, const struct sl_row *row)
{
	if (!work->has_others) {
		work->others = (struct sl_delta){ sl_rowset_new(work->arena, 16), NULL, 0 };
		work->has_others = true;
	}
	return work->others.rows && sl_rowset_put(work->others.rows, row) ? SL_OK : sl_commit_no_memory(work);
}

static int add_change(struct sl_commit_work *work, const struct sl_row *before, struct sl_row *after)
{
	struct sl_change *changes = sl_arena_grow(work->arena, work->changes, work->change_count, &work->change_capacity,
		sizeof(*changes));
	if (!changes)
		return sl_commit_no_memory(work);
	work->changes = changes;
	work->changes[work->change_count++] = (struct sl_change){ before, after };
	return tell(work, after);
}

/* The rows of the full groups that have a rank: the stored ones as this push changes them. */
static int gather_siblings(struct placing *placing, struct sl_rowset *stored, struct sl_rowset **wanted_r)
{
	struct sl_commit_work *work = placing->work;
	struct sl_key *keys = sl_arena_zalloc(work->arena, placing->group_count, sizeof(*keys));
	if (!keys)
		return sl_commit_no_memory(work);
	for (size_t i = 0; i < placing->group_count; i++)
		keys[i] = placing->groups[i].key;
	int rc = work->head.version == 0 ? SL_OK
		: work->store->read_siblings(work->store->context, keys, placing->group_count, work->arena, stored, work->err);
	struct sl_rowset *wanted = rc == SL_OK ? sl_rowset_clone(stored, work->arena) : NULL;
	if (rc == SL_OK && !wanted)
		return sl_commit_no_memory(work);
	for (size_t i = 0; rc == SL_OK && i < placing->group_count; i++)
		for (size_t k = 0; rc == SL_OK && k < placing->groups[i].member_count; k++) {
			const struct sl_change *change = &work->changes[placing->groups[i].members[k].change];
			if (!change->after)
				sl_rowset_remove(wanted, &change->before->key);
			else if (!sl_place_lacks_rank(change->after) && !sl_rowset_put(wanted, change->after))
				rc = sl_commit_no_memory(work);
		}
	*wanted_r = wanted;
	return rc;
}

/* Rows of `wanted` come sorted in the order of the groups. */
static int respace_groups(struct placing *placing, struct sl_rowset *wanted)
{
	struct sl_commit_work *work = placing->work;
	struct sl_row **sorted = sl_rowset_sorted(wanted, work->arena);
	size_t begin = 0, total = sl_rowset_count(wanted);
	if (!sorted)
		return sl_commit_no_memory(work);
	for (size_t i = 0; i < placing->group_count; i++) {
		const struct group *group = &placing->groups[i];
		size_t end = begin;
		while (end < total) {
			struct sl_key own = sl_key_of_siblings(&sorted[end]->key);
			if (!sl_key_equal(&own, &group->key))
				break;
			end++;
		}
		if (sl_place_respace(sorted + begin, end - begin, group->newcomers, group->newcomer_count, work->arena)
			!= SL_OK)
			return sl_commit_no_memory(work);
		begin = end;
	}
	return SL_OK;
}

/* Moves the new ranks from `wanted` to the changes; what is left there are stored rows that now change too. */
static int settle(struct placing *placing, const struct sl_rowset *stored, struct sl_rowset *wanted)
{
	struct sl_commit_work *work = placing->work;
	struct sl_row *row;
	size_t cursor = 0;
	int rc = SL_OK;
	for (size_t i = 0; i < placing->group_count; i++)
		for (size_t k = 0; rc == SL_OK && k < placing->groups[i].member_count; k++) {
			struct sl_row *after = sl_commit_written(&work->changes[placing->groups[i].members[k].change]);
			if (!after)
				continue;
			const struct sl_row *placed = sl_rowset_find(wanted, &after->key);
			if (placed)
				after->rank = placed->rank;
			sl_rowset_remove(wanted, &after->key);
			rc = tell(work, after);
		}
	while (rc == SL_OK && (row = sl_rowset_next(wanted, &cursor))) {
		const struct sl_row *before = sl_rowset_find(stored, &row->key);
		if (!sl_str_equal(before->rank, row->rank))
			rc = add_change(work, before, row);
	}
	return rc;
}

/* Where a client left no room behind its last rank: new ranks for the whole groups, which `placing` now lists alone. */
static int respace(struct placing *placing)
{
	struct sl_rowset *stored = sl_rowset_new(placing->work->arena, 64), *wanted = NULL;
	int rc = stored ? gather_siblings(placing, stored, &wanted) : sl_commit_no_memory(placing->work);
	if (rc == SL_OK)
		rc = respace_groups(placing, wanted);
	return rc == SL_OK ? settle(placing, stored, wanted) : rc;
}

/* --- all of it ---------------------------------------------------------------------------------------------------- */

static bool has_newcomers(const struct sl_commit_work *work)
{
	for (size_t i = 0; i < work->change_count; i++)
		if (work->changes[i].after && sl_place_lacks_rank(work->changes[i].after))
			return true;
	return false;
}

int sl_commit_place_new_rows(struct sl_commit_work *work)
{
	struct placing placing = { .work = work };
	size_t full = 0;
	int rc = SL_OK;
	if (!has_newcomers(work))
		return SL_OK;
	rc = find_groups(&placing);
	if (rc == SL_OK)
		rc = raise_to_stored(&placing);
	for (size_t i = 0; rc == SL_OK && i < placing.group_count; i++) {
		struct group *group = &placing.groups[i];
		rc = sl_place_behind(group->newcomers, group->newcomer_count, group->last, (struct sl_str){ NULL, 0 },
			work->arena);
		if (rc == SL_NO_MEMORY)
			return sl_commit_no_memory(work);
		if (rc == SL_TOO_LARGE) {
			placing.groups[full++] = *group;
			rc = SL_OK;
		}
	}
	placing.group_count = full;
	return rc == SL_OK && full ? respace(&placing) : rc;
}
