/* Keys that nothing has on any side; see sl_merge_new_key in steps.h. Ids get a letter, as inserted shots are numbered; an episode gets
 * a number above all others. Fails for memory only.
 */
#include "core/merge/steps.h"

#include "core/base/utf8.h"
#include "core/merge/merge.h"

#define KNOWN_SETS 6

/* All sets in which a key may be taken; NULL for those that are not given. */
static void known_sets(const struct sl_merging *merging, const struct sl_rowset *sets_r[KNOWN_SETS])
{
	const struct sl_rowset *sets[KNOWN_SETS] = { merging->base, merging->mine, merging->theirs, merging->options->taken[0],
		merging->options->taken[1], merging->options->taken[2] };
	memcpy(sets_r, sets, sizeof(sets));
}

static bool is_taken(const struct sl_merging *merging, const struct sl_key *key)
{
	const struct sl_rowset *sets[KNOWN_SETS];
	known_sets(merging, sets);
	for (size_t i = 0; i < KNOWN_SETS; i++)
		if (sets[i] && sl_rowset_find(sets[i], key))
			return true;
	return sl_rowset_find(merging->given, key) != NULL;
}

/* The first id with a letter behind it that nobody has: `1-1-05A`, `1-1-05B`, …, `1-1-05ZA`. */
static int letter_id(const struct sl_merging *merging, const struct sl_key *key, struct sl_str *id_r)
{
	struct sl_key candidate = *key;
	char *id = sl_arena_alloc(merging->arena, key->id.length + SL_ID_CHARACTERS);
	size_t length = key->id.length;
	if (!id)
		return SL_NO_MEMORY;
	memcpy(id, key->id.bytes, length);
	while (sl_utf8_length((struct sl_str){ id, length }) >= SL_ID_CHARACTERS) /* whole characters go, so that it stays an id */
		do
			length--;
		while (sl_utf8_is_inside(id[length]));
	for (char letter = 'A';; letter++) {
		if (letter > 'Z') {
			id[length++] = 'Z';
			letter = 'A';
		}
		id[length] = letter;
		candidate.id = (struct sl_str){ id, length + 1 };
		if (!is_taken(merging, &candidate))
			break;
	}
	*id_r = candidate.id;
	return SL_OK;
}

/* The highest number of an episode, or what the caller says is above all. */
static int64_t highest_episode(const struct sl_merging *merging)
{
	const struct sl_rowset *sets[KNOWN_SETS];
	const struct sl_row *row;
	int64_t highest = merging->options->episodes_above;
	known_sets(merging, sets);
	for (size_t i = 0; i < KNOWN_SETS; i++)
		for (size_t cursor = 0; sets[i] && (row = sl_rowset_next(sets[i], &cursor));)
			if (row->key.entity == SL_EPISODES && row->key.episode > highest)
				highest = row->key.episode;
	return highest;
}

int sl_merge_new_key(struct sl_merging *merging, const struct sl_key *key, struct sl_key *new_r)
{
	struct sl_row entry = { .key = *key };
	int rc = SL_OK;
	if (key->entity != SL_EPISODES) {
		rc = letter_id(merging, key, &entry.key.id);
	} else {
		if (!merging->numbered)
			merging->last_episode = highest_episode(merging);
		merging->numbered = true;
		entry.key.episode = ++merging->last_episode;
	}
	*new_r = entry.key;
	return rc != SL_OK ? rc : sl_rowset_put(merging->given, &entry) ? SL_OK : SL_NO_MEMORY;
}
