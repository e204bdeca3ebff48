/* One key for what is one thing, wherever a side moved it: see sl_merge_follow_moves in steps.h.
 *
 * What moved gets the key that it has on the side that moved it, theirs if both did. Rows without a move of their own go along with
 * their episode. Keeps true: two things never have one key. Fails for memory, and with SL_INTERNAL for damaged summaries. Source of the
 * rules: merge.md, "gone from one parent and there, alike, under another".
 */
#include "core/merge/steps.h"

#include <stdlib.h>

/* Moved by both, and not to the same place. Of an episode it is a name that is told: its place is its rank. */
static int note_move(struct sl_merging *merging, const struct sl_key *base, const struct sl_key *mine,
	const struct sl_key *theirs)
{
	bool is_episode = base->entity == SL_EPISODES;
	struct sl_note note = { .kind = is_episode ? SL_NOTE_RENAMED : SL_NOTE_MOVED, .rule = SL_RULE_LWW,
		.conflict = !is_episode };
	int rc = sl_merge_write_key(merging, base, &note.base);
	if (rc == SL_OK)
		rc = sl_merge_write_key(merging, mine, &note.mine);
	if (rc == SL_OK)
		rc = sl_merge_write_key(merging, theirs, &note.theirs);
	note.result = note.theirs;
	merging->key = theirs;
	return rc == SL_OK ? sl_merge_add_note(merging, &note) : rc;
}

struct following {
	struct sl_merging *merging;
	struct sl_rekey base, mine, theirs;
	struct sl_rowset *reached; /* keys to which scenes and shots went by themselves */
};

/* Whether a row stood among others than those among which it will; an episode's number is no place. */
static bool is_elsewhere(const struct sl_key *now, const struct sl_key *one)
{
	return now->entity != SL_EPISODES && !sl_key_equal(now, one);
}

/* Gives what the base calls `key` one key on all sides: that of theirs if they moved it. */
static int follow(struct following *following, const struct sl_key *key)
{
	struct sl_merging *merging = following->merging;
	bool by_mine = sl_rekey_has(&merging->moved_by_mine, key), by_theirs = sl_rekey_has(&merging->moved_by_theirs, key);
	const struct sl_key mine = sl_rekey_key(&merging->moved_by_mine, key), theirs = sl_rekey_key(&merging->moved_by_theirs, key);
	/* Its episode may have another number on the other side. */
	const struct sl_key base_now = sl_rekey_key(&following->base, key);
	const struct sl_key mine_now = sl_rekey_key(&following->mine, &mine), theirs_now = sl_rekey_key(&following->theirs, &theirs);
	const struct sl_key *one = by_theirs ? &theirs_now : &mine_now;
	int rc = by_mine && by_theirs && !sl_key_equal(&mine_now, one) ? note_move(merging, key, &mine, one) : SL_OK;
	if (rc == SL_OK)
		rc = sl_rekey_put(&following->base, key, one, is_elsewhere(&base_now, one));
	if (rc == SL_OK)
		rc = sl_rekey_put(&following->mine, &mine, one, is_elsewhere(&mine_now, one));
	if (rc == SL_OK)
		rc = sl_rekey_put(&following->theirs, &theirs, one, is_elsewhere(&theirs_now, one));
	return rc == SL_OK && !sl_rowset_put(following->reached, &(struct sl_row){ .key = *one }) ? SL_NO_MEMORY : rc;
}

/* Follows the moves of one side: of episodes, or of scenes and shots. */
static int follow_all(struct following *following, const struct sl_rekey *moved, bool episodes)
{
	const struct sl_row *entry;
	size_t cursor = 0;
	int rc = SL_OK;
	while (rc == SL_OK && (entry = sl_rowset_next(moved->entries, &cursor))) {
		bool done = moved == &following->merging->moved_by_theirs
			&& sl_rekey_has(&following->merging->moved_by_mine, &entry->key);
		if ((entry->key.entity == SL_EPISODES) == episodes && !done)
			rc = follow(following, &entry->key);
	}
	return rc;
}

/* Gives a new id to a thing of the base that goes along with its episode to where another one came. */
static int make_way(struct following *following, const struct sl_key *key, const struct sl_key *named)
{
	const struct sl_key mine = sl_rekey_key(&following->merging->moved_by_mine, key);
	const struct sl_key theirs = sl_rekey_key(&following->merging->moved_by_theirs, key);
	int rc = sl_rekey_put(&following->base, key, named, false);
	if (rc == SL_OK && !sl_rekey_has(&following->mine, &mine))
		rc = sl_rekey_put(&following->mine, &mine, named, false);
	if (rc == SL_OK && !sl_rekey_has(&following->theirs, &theirs))
		rc = sl_rekey_put(&following->theirs, &theirs, named, false);
	return rc;
}

/* Whether another thing came to where the row will be. */
static bool is_in_the_way(const struct following *following, const struct sl_rekey *rekey, const struct sl_key *key)
{
	const struct sl_key now = sl_rekey_key(rekey, key);
	return sl_entity_has_episode(key->entity) && !sl_rekey_has(rekey, key) && sl_rowset_find(following->reached, &now);
}

static int compare_keys(const void *a, const void *b)
{
	return sl_key_compare(&(*(const struct sl_row *const *)a)->key, &(*(const struct sl_row *const *)b)->key);
}

/* The rows of a state that are in the way, in an order of their own. */
static int find_in_the_way(const struct following *following, const struct sl_rowset *rows, const struct sl_rekey *rekey,
	const struct sl_row ***found_r, size_t *count_r)
{
	const struct sl_row *row;
	size_t cursor = 0, count = 0;
	while ((row = sl_rowset_next(rows, &cursor)))
		count += is_in_the_way(following, rekey, &row->key);
	const struct sl_row **found = *found_r = sl_arena_zalloc(following->merging->arena, count, sizeof(*found));
	*count_r = 0;
	for (cursor = 0; found && (row = sl_rowset_next(rows, &cursor));)
		if (*count_r < count && is_in_the_way(following, rekey, &row->key))
			found[(*count_r)++] = row;
	if (found && count)
		qsort(found, count, sizeof(*found), compare_keys);
	return found ? SL_OK : SL_NO_MEMORY;
}

/* Makes way in a state; what only one side has gets its new id there. */
static int make_way_all(struct following *following, const struct sl_rowset *rows, struct sl_rekey *rekey)
{
	const struct sl_row **found;
	size_t count;
	int rc = find_in_the_way(following, rows, rekey, &found, &count);
	for (size_t i = 0; rc == SL_OK && i < count; i++) {
		const struct sl_key *key = &found[i]->key, now = sl_rekey_key(rekey, key);
		struct sl_key named;
		rc = sl_merge_new_key(following->merging, &now, &named);
		if (rc == SL_OK)
			rc = rekey == &following->base ? make_way(following, key, &named) : sl_rekey_put(rekey, key, &named, false);
	}
	return rc;
}

static int find_names(struct following *following)
{
	struct sl_merging *merging = following->merging;
	int rc = sl_rekey_init(&following->base, merging->arena);
	following->reached = sl_rowset_new(merging->arena, 8);
	if (!following->reached)
		return SL_NO_MEMORY;
	if (rc == SL_OK)
		rc = sl_rekey_init(&following->mine, merging->arena);
	if (rc == SL_OK)
		rc = sl_rekey_init(&following->theirs, merging->arena);
	for (int pass = 0; pass < 2; pass++) {
		if (rc == SL_OK)
			rc = follow_all(following, &merging->moved_by_mine, pass == 0);
		if (rc == SL_OK)
			rc = follow_all(following, &merging->moved_by_theirs, pass == 0);
	}
	if (rc == SL_OK)
		rc = make_way_all(following, merging->base, &following->base);
	if (rc == SL_OK)
		rc = make_way_all(following, merging->mine, &following->mine);
	return rc == SL_OK ? make_way_all(following, merging->theirs, &following->theirs) : rc;
}

static bool has_episodes(const struct sl_rekey *moved)
{
	const struct sl_row *entry;
	size_t cursor = 0;
	while ((entry = sl_rowset_next(moved->entries, &cursor)))
		if (entry->key.entity == SL_EPISODES)
			return true;
	return false;
}

/* Whether a side that gave episodes new numbers did so in the summaries, too. */
static bool do_summaries_follow(const struct sl_merging *merging)
{
	return (has_episodes(&merging->moved_by_mine) && sl_rekey_summaries_differ(merging->base, merging->mine))
		|| (has_episodes(&merging->moved_by_theirs) && sl_rekey_summaries_differ(merging->base, merging->theirs));
}

/* The rows under the keys that they have now; *apart_r: no two have the same. */
static int apply(const struct sl_merging *merging, const struct sl_rekey *rekey, const struct sl_rowset **rows, bool *apart_r)
{
	struct sl_rowset *rekeyed;
	int rc = sl_rekey_rows(rekey, *rows, do_summaries_follow(merging), merging->arena, &rekeyed);
	if (rc != SL_OK)
		return rc;
	*apart_r &= sl_rowset_count(rekeyed) == sl_rowset_count(*rows);
	*rows = rekeyed;
	return SL_OK;
}

int sl_merge_follow_moves(struct sl_merging *merging, bool *followed_r)
{
	struct following following = { .merging = merging };
	const struct sl_rowset *base = merging->base, *mine = merging->mine, *theirs = merging->theirs;
	size_t notes = merging->note_count;
	bool apart = *followed_r = !sl_rekey_is_empty(&merging->moved_by_mine) || !sl_rekey_is_empty(&merging->moved_by_theirs);
	if (!apart)
		return SL_OK;
	int rc = find_names(&following);
	if (rc == SL_OK)
		rc = apply(merging, &following.base, &base, &apart);
	if (rc == SL_OK)
		rc = apply(merging, &following.mine, &mine, &apart);
	if (rc == SL_OK)
		rc = apply(merging, &following.theirs, &theirs, &apart);
	*followed_r = apart;
	if (rc != SL_OK || !apart) {
		merging->note_count = notes;
		return rc;
	}
	merging->base = base;
	merging->mine = mine;
	merging->theirs = theirs;
	merging->followed = following.mine;
	merging->has_followed = true;
	/* All is at its place now. */
	rc = sl_rekey_init(&merging->came_to_mine, merging->arena);
	return rc == SL_OK ? sl_rekey_init(&merging->came_to_theirs, merging->arena) : rc;
}
