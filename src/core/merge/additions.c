/* Rows that both sides added under one key: one thing if they are alike, else two; see sl_merge_separate in steps.h.
 *
 * Alike (likeness.h) is judged over the whole addition: a project at its first sync, an episode with its scenes and shots, else
 * the row. An episode that isn't so, but whose own fields are, is one, and its scenes and shots are judged row by row. What is alike
 * is merged with what both share as the ancestor. Of what is not, mine gets another key; so does what mine has where theirs moved
 * something else. Keeps true: no key of the result stands for two things. Fails for memory, and with SL_INTERNAL for a row that is
 * no JSON object. Source of the rules: merge.md, "added on both".
 */
#include "core/merge/steps.h"

#include "core/merge/likeness.h"
#include "core/merge/merge.h"

/* --- what is judged ------------------------------------------------------------------------------------------------ */

struct separating {
	struct sl_merging *merging;
	struct sl_rekey *renamed; /* what mine has under one key and theirs something else */
	struct sl_rowset *met;    /* keys of episodes that are one, though most of what is in them is not */
};

static bool belongs_to(const struct sl_key *key, int64_t episode)
{
	return (key->entity == SL_EPISODES || sl_entity_has_episode(key->entity)) && key->episode == episode;
}

/* Whether one side moved something to this key, and the other has something else there or the same thing (*same_r). */
static bool is_moved_here(const struct sl_merging *merging, const struct sl_key *key, bool *same_r)
{
	bool by_mine = sl_rekey_has(&merging->came_to_mine, key), by_theirs = sl_rekey_has(&merging->came_to_theirs, key);
	const struct sl_key mine = sl_rekey_key(&merging->came_to_mine, key), theirs = sl_rekey_key(&merging->came_to_theirs, key);
	*same_r = by_mine && by_theirs && sl_key_equal(&mine, &theirs);
	return by_mine || by_theirs;
}

/* Both sides added the row: the other side's. */
static const struct sl_row *twin_of(const struct sl_merging *merging, const struct sl_row *mine)
{
	bool same;
	if (sl_rowset_find(merging->base, &mine->key) || is_moved_here(merging, &mine->key, &same))
		return NULL;
	return sl_rowset_find(merging->theirs, &mine->key);
}

/* What two devices counted from nothing adds up, however alike it is. */
static bool is_counted(const struct sl_key *key)
{
	const struct sl_field *field = sl_schema_field(sl_schema_row(SL_META), key->id);
	return key->entity == SL_META && field && field->rule == SL_RULE_OBJECT;
}

/* Whether the row tells anything of the episode, or, without one, of the project. */
static bool counts(const struct sl_key *key, const int64_t *episode)
{
	return episode ? belongs_to(key, *episode) : !is_counted(key);
}

/* Compares all that both sides added, or only an episode with its scenes and shots. */
static int compare_all(const struct separating *separating, const int64_t *episode, struct sl_likeness *likeness_r)
{
	const struct sl_merging *merging = separating->merging;
	const struct sl_row *row;
	struct sl_arena scratch;
	size_t cursor = 0;
	int rc = SL_OK;
	*likeness_r = (struct sl_likeness){ .common = 0 };
	sl_arena_init(&scratch, 0);
	while (rc == SL_OK && (row = sl_rowset_next(merging->mine, &cursor)))
		if (counts(&row->key, episode))
			rc = sl_likeness_add_rows(likeness_r, row, sl_rowset_find(merging->theirs, &row->key), &scratch);
	for (cursor = 0; rc == SL_OK && (row = sl_rowset_next(merging->theirs, &cursor));)
		if (counts(&row->key, episode) && !sl_rowset_find(merging->mine, &row->key))
			rc = sl_likeness_add_rows(likeness_r, NULL, row, &scratch);
	sl_arena_dispose(&scratch);
	return rc;
}

/* Notes what both sides share of a row as its ancestor. */
static int share(struct separating *separating, const struct sl_row *mine, const struct sl_row *theirs)
{
	struct sl_merging *merging = separating->merging;
	struct sl_row shared;
	if (sl_str_equal(mine->data, theirs->data))
		return SL_OK;
	int rc = sl_merge_shared(theirs, mine, merging->arena, &shared);
	if (rc == SL_OK && shared.data.length == 0)
		shared.data = mine->key.entity == SL_META ? shared.data : SL_STR("{}");
	return rc != SL_OK ? rc : sl_rowset_put(merging->shared, &shared) ? SL_OK : SL_NO_MEMORY;
}

/* The same for all of an addition. */
static int share_all(struct separating *separating, const int64_t *episode)
{
	const struct sl_row *row, *twin;
	size_t cursor = 0;
	int rc = SL_OK;
	while (rc == SL_OK && (row = sl_rowset_next(separating->merging->mine, &cursor)))
		if ((!episode || belongs_to(&row->key, *episode)) && (twin = twin_of(separating->merging, row)))
			rc = share(separating, row, twin);
	return rc;
}

/* --- new keys ----------------------------------------------------------------------------------------------------- */

/* Gives mine's row a new key. A note tells. */
static int rename_row(struct separating *separating, const struct sl_row *mine, const struct sl_row *theirs)
{
	struct sl_merging *merging = separating->merging;
	struct sl_note note = { .kind = SL_NOTE_RENAMED, .rule = SL_RULE_LWW, .mine = mine->data, .theirs = theirs->data };
	struct sl_key named;
	int rc = sl_merge_new_key(merging, &mine->key, &named);
	if (rc == SL_OK)
		rc = sl_rekey_put(separating->renamed, &mine->key, &named, false);
	if (rc == SL_OK)
		rc = sl_merge_write_key(merging, &named, &note.result);
	merging->key = &mine->key;
	return rc == SL_OK ? sl_merge_add_note(merging, &note) : rc;
}

/* --- deciding ------------------------------------------------------------------------------------------------------ */

/* Whether two rows, whatever belongs to them, are alike by more than chance. */
static int is_one(const struct sl_row *mine, const struct sl_row *theirs, bool *one_r)
{
	struct sl_likeness likeness = { .common = 0 };
	struct sl_arena scratch;
	sl_arena_init(&scratch, 0);
	int rc = sl_likeness_add_rows(&likeness, mine, theirs, &scratch);
	sl_arena_dispose(&scratch);
	*one_r = rc == SL_OK && likeness.common >= SL_MANY_CHARACTERS && sl_likeness_is_alike(&likeness);
	return rc;
}

/* Of an episode that both have from one file and worked on apart, each scene and shot is judged by itself. */
static int meet_in_episode(struct separating *separating, const struct sl_row *mine, const struct sl_row *theirs)
{
	int rc = share(separating, mine, theirs);
	return rc == SL_OK && !sl_rowset_put(separating->met, &(struct sl_row){ .key = mine->key }) ? SL_NO_MEMORY : rc;
}

static int judge_episode(struct separating *separating, const struct sl_row *mine, const struct sl_row *theirs)
{
	struct sl_likeness likeness;
	bool one;
	int rc = compare_all(separating, &mine->key.episode, &likeness);
	if (rc != SL_OK || !likeness.differs)
		return rc;
	if (sl_likeness_is_alike(&likeness))
		return share_all(separating, &mine->key.episode);
	rc = is_one(mine, theirs, &one);
	if (rc != SL_OK)
		return rc;
	return one ? meet_in_episode(separating, mine, theirs) : rename_row(separating, mine, theirs);
}

static int judge_row(struct separating *separating, const struct sl_row *mine, const struct sl_row *theirs)
{
	struct sl_likeness likeness = { .common = 0 };
	struct sl_arena scratch;
	if (sl_str_equal(mine->data, theirs->data))
		return SL_OK;
	sl_arena_init(&scratch, 0);
	int rc = sl_likeness_add_rows(&likeness, mine, theirs, &scratch);
	sl_arena_dispose(&scratch);
	if (rc != SL_OK)
		return rc;
	if (sl_likeness_is_alike(&likeness))
		return share(separating, mine, theirs);
	/* A project-level field is one, whatever it holds: the merge of both values is all that can be done. */
	return mine->key.entity == SL_META ? SL_OK : rename_row(separating, mine, theirs);
}

/* Whether the row is judged with its episode, which both sides added as well. */
static bool is_part_of_addition(const struct separating *separating, const struct sl_key *key)
{
	const struct sl_merging *merging = separating->merging;
	const struct sl_key episode = sl_key_of_episode(key->episode);
	bool same = false;
	return sl_entity_has_episode(key->entity) && !sl_rowset_find(merging->base, &episode)
		&& !sl_rowset_find(separating->met, &episode)
		&& sl_rowset_find(merging->mine, &episode) && sl_rowset_find(merging->theirs, &episode)
		&& !(is_moved_here(merging, &episode, &same) && same);
}

/* Episodes, or all else, once it is known which of those are one. */
static int judge_all(struct separating *separating, bool episodes)
{
	const struct sl_merging *merging = separating->merging;
	const struct sl_row *row, *twin;
	size_t cursor = 0;
	int rc = SL_OK;
	while (rc == SL_OK && (row = sl_rowset_next(merging->mine, &cursor))) {
		if ((row->key.entity == SL_EPISODES) != episodes || !(twin = twin_of(merging, row))
			|| is_part_of_addition(separating, &row->key) || is_counted(&row->key))
			continue;
		rc = episodes ? judge_episode(separating, row, twin) : judge_row(separating, row, twin);
	}
	return rc;
}

/* Where one side moved something, the other's is another thing: mine gets a new key, unless it has one with its episode. */
static int part_moved(struct separating *separating, bool episodes)
{
	const struct sl_merging *merging = separating->merging;
	const struct sl_row *row, *twin;
	size_t cursor = 0;
	bool same;
	int rc = SL_OK;
	if (sl_rekey_is_empty(&merging->came_to_mine) && sl_rekey_is_empty(&merging->came_to_theirs))
		return SL_OK;
	while (rc == SL_OK && (row = sl_rowset_next(merging->mine, &cursor))) {
		const struct sl_key named = sl_rekey_key(separating->renamed, &row->key);
		if ((row->key.entity == SL_EPISODES) != episodes || !is_moved_here(merging, &row->key, &same) || same
			|| !sl_key_equal(&named, &row->key) || !(twin = sl_rowset_find(merging->theirs, &row->key)))
			continue;
		rc = rename_row(separating, row, twin);
	}
	return rc;
}

/* What mine moved has the new key, too. */
static int rename_moves(struct separating *separating)
{
	struct sl_merging *merging = separating->merging;
	const struct sl_row *entry;
	size_t cursor = 0;
	struct sl_rekey moved;
	int rc = sl_rekey_init(&moved, merging->arena);
	while (rc == SL_OK && (entry = sl_rowset_next(merging->moved_by_mine.entries, &cursor))) {
		const struct sl_key to = sl_rekey_key(&merging->moved_by_mine, &entry->key);
		const struct sl_key named = sl_rekey_key(separating->renamed, &to);
		rc = sl_rekey_put(&moved, &entry->key, &named, false);
	}
	merging->moved_by_mine = moved;
	return rc;
}

static int judge_project(struct separating *separating, bool *alike_r)
{
	struct sl_likeness likeness;
	*alike_r = false;
	if (!separating->merging->options->first_sync)
		return SL_OK;
	int rc = compare_all(separating, NULL, &likeness);
	*alike_r = rc == SL_OK && likeness.common > 0 && sl_likeness_is_alike(&likeness);
	return *alike_r ? share_all(separating, NULL) : rc;
}

int sl_merge_separate(struct sl_merging *merging, struct sl_rekey *renamed)
{
	struct separating separating = { merging, renamed, sl_rowset_new(merging->arena, 4) };
	struct sl_rowset *mine;
	bool alike;
	merging->shared = sl_rowset_new(merging->arena, 8);
	if (!merging->shared || !separating.met)
		return SL_NO_MEMORY;
	int rc = judge_project(&separating, &alike);
	if (rc == SL_OK && !alike)
		rc = judge_all(&separating, true);
	if (rc == SL_OK && !alike)
		rc = judge_all(&separating, false);
	if (rc == SL_OK)
		rc = part_moved(&separating, true);
	if (rc == SL_OK)
		rc = part_moved(&separating, false);
	if (rc != SL_OK || sl_rekey_is_empty(renamed))
		return rc;
	/* Summaries that mine didn't touch are about other episodes. */
	bool summaries = sl_rekey_summaries_differ(merging->base, merging->mine);
	rc = sl_rekey_rows(renamed, merging->mine, summaries, merging->arena, &mine);
	merging->mine = mine;
	return rc == SL_OK ? rename_moves(&separating) : rc;
}
