/* Episodes that one side deleted and that stay, because the other side worked on them; see sl_merge_find_kept in steps.h. Keeps true:
 * with such an episode stays all that its deletion took, so that nobody's scene stands in an empty shell. Fails for memory only.
 * Source of the rules: merge.md, "deleted on one, edited on the other".
 */
#include "core/merge/steps.h"

static struct sl_key episode_of(const struct sl_key *key) { return sl_key_of_episode(key->episode); }

static bool is_of_episode(const struct sl_key *key)
{
	return key->entity == SL_EPISODES || sl_entity_has_episode(key->entity);
}

/* Whether the other side deleted the row's episode, which `side` still has. */
static bool is_in_deleted(const struct sl_merging *merging, const struct sl_key *key, const struct sl_rowset *side,
	const struct sl_rowset *other)
{
	struct sl_key episode = episode_of(key);
	return is_of_episode(key) && sl_rowset_find(merging->base, &episode) && sl_rowset_find(side, &episode)
		&& !sl_rowset_find(other, &episode);
}

/* Notes the episodes that the other side deleted, and in which `side` added or edited something. */
static int find_worked_on(struct sl_merging *merging, const struct sl_rowset *side, const struct sl_rowset *other)
{
	const struct sl_row *row, *old;
	size_t cursor = 0;
	while ((row = sl_rowset_next(side, &cursor))) {
		const struct sl_row mark = { .key = episode_of(&row->key) };
		old = sl_rowset_find(merging->base, &row->key);
		if (old && sl_str_equal(old->data, row->data) && !sl_merge_is_moved_in(merging, old, row))
			continue;
		if (is_in_deleted(merging, &row->key, side, other) && !sl_rowset_put(merging->kept, &mark))
			return SL_NO_MEMORY;
	}
	return SL_OK;
}

int sl_merge_find_kept(struct sl_merging *merging)
{
	merging->kept = sl_rowset_new(merging->arena, 4);
	if (!merging->kept)
		return SL_NO_MEMORY;
	int rc = find_worked_on(merging, merging->mine, merging->theirs);
	return rc == SL_OK ? find_worked_on(merging, merging->theirs, merging->mine) : rc;
}

bool sl_merge_is_moved_in(const struct sl_merging *merging, const struct sl_row *base, const struct sl_row *side)
{
	return merging->has_followed && base->rank.length == 0 && side->rank.length > 0;
}

bool sl_merge_is_kept(const struct sl_merging *merging, const struct sl_key *key)
{
	struct sl_key episode = episode_of(key);
	return is_of_episode(key) && sl_rowset_find(merging->kept, &episode);
}
