/* New keys for rows; see rekey.h. Keeps true: scenes and shots stay with their episode, unless they have a new key of their own. */
#include "core/merge/rekey.h"

#include <jansson.h>

#include "core/base/error.h"
#include "core/json/parse.h"
#include "core/json/write.h"

static const struct sl_key summaries_key = { SL_META, 0, { "context.episodeSummaries", 24 } };

int sl_rekey_init(struct sl_rekey *rekey, struct sl_arena *arena)
{
	rekey->entries = sl_rowset_new(arena, 4);
	return rekey->entries ? SL_OK : SL_NO_MEMORY;
}

bool sl_rekey_is_empty(const struct sl_rekey *rekey) { return sl_rowset_count(rekey->entries) == 0; }

int sl_rekey_put(struct sl_rekey *rekey, const struct sl_key *from, const struct sl_key *to, bool moved)
{
	const struct sl_row entry = { .key = *from, .rank = moved ? SL_STR("moved") : SL_STR(""), .data = to->id,
		.version = to->episode };
	return sl_rowset_put(rekey->entries, &entry) ? SL_OK : SL_NO_MEMORY;
}

bool sl_rekey_has(const struct sl_rekey *rekey, const struct sl_key *key)
{
	return sl_rowset_find(rekey->entries, key) != NULL;
}

/* The number of the episode now. */
static int64_t episode_now(const struct sl_rekey *rekey, int64_t episode)
{
	const struct sl_key key = sl_key_of_episode(episode);
	const struct sl_row *entry = sl_rowset_find(rekey->entries, &key);
	return entry ? entry->version : episode;
}

struct sl_key sl_rekey_key(const struct sl_rekey *rekey, const struct sl_key *key)
{
	const struct sl_row *entry = sl_rowset_find(rekey->entries, key);
	struct sl_key now = *key;
	if (entry)
		return (struct sl_key){ key->entity, entry->version, entry->data };
	if (sl_entity_has_episode(key->entity))
		now.episode = episode_now(rekey, key->episode);
	return now;
}

static int renumber(const struct sl_rekey *rekey, const json_t *list)
{
	json_t *element;
	size_t i;
	json_array_foreach((json_t *)list, i, element) {
		json_t *number = json_object_get(element, "episodeId");
		int64_t episode = json_is_number(number) ? (int64_t)json_number_value(number) : 0;
		int64_t now = episode_now(rekey, episode);
		if (now != episode && json_object_set_new(element, "episodeId", json_integer(now)) != 0)
			return SL_NO_MEMORY;
	}
	return SL_OK;
}

static int renumber_summaries(const struct sl_rekey *rekey, struct sl_arena *arena, struct sl_row *row)
{
	struct sl_err ignored = SL_ERR_INIT;
	struct sl_buf text;
	json_t *list = NULL;
	int rc = sl_json_parse(row->data, &list, &ignored);
	if (rc != SL_OK)
		return rc == SL_NO_MEMORY ? rc : SL_INTERNAL;
	sl_buf_init(&text, SIZE_MAX);
	rc = renumber(rekey, list);
	if (rc == SL_OK) {
		sl_json_write(&text, list);
		rc = sl_buf_code(&text) == SL_OK ? sl_arena_copy(arena, sl_buf_str(&text), &row->data) : SL_NO_MEMORY;
	}
	sl_buf_dispose(&text);
	json_decref(list);
	return rc;
}

bool sl_rekey_summaries_differ(const struct sl_rowset *a, const struct sl_rowset *b)
{
	const struct sl_row *left = sl_rowset_find(a, &summaries_key), *right = sl_rowset_find(b, &summaries_key);
	return left && right ? !sl_str_equal(left->data, right->data) : left != right;
}

int sl_rekey_rows(const struct sl_rekey *rekey, const struct sl_rowset *rows, bool summaries, struct sl_arena *arena,
	struct sl_rowset **rows_r)
{
	struct sl_rowset *rekeyed = *rows_r = sl_rowset_new(arena, sl_rowset_count(rows));
	const struct sl_row *row, *entry;
	size_t cursor = 0;
	int rc = rekeyed ? SL_OK : SL_NO_MEMORY;
	while (rc == SL_OK && (row = sl_rowset_next(rows, &cursor))) {
		struct sl_row now = *row;
		now.key = sl_rekey_key(rekey, &row->key);
		if (!sl_key_equal(&now.key, &row->key))
			now.version = 0;
		if ((entry = sl_rowset_find(rekey->entries, &row->key)) && entry->rank.length)
			now.rank = (struct sl_str){ NULL, 0 };
		if (summaries && sl_key_equal(&row->key, &summaries_key))
			rc = renumber_summaries(rekey, arena, &now);
		if (rc == SL_OK && !sl_rowset_put(rekeyed, &now))
			rc = SL_NO_MEMORY;
	}
	return rc;
}
