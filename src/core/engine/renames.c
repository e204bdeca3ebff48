/* Rows that got another key, because both sides had added something under theirs, or because somebody moved them; see private.h.
 * Keeps true: the app is told, and what it edits under the old key, as it saw it before it was told, lands in its own row, also
 * after a restart. Rules: merge.md "added on both", "gone from one parent and there, alike, under another". */
#include "core/engine/private.h"

#include "core/json/parse.h"
#include "core/json/write.h"

#define MOST_FOLLOWED 256 /* rows of a change: a larger one is looked into only for the sake of open decisions */

/* The rename as an entry of `renamed`, whose key is the new one: the old one as text, and the revision that it came with. */
static int add_entry(struct sl_engine *engine, int64_t revision, const struct sl_key *from, const struct sl_key *to)
{
	struct sl_row entry = { .version = revision };
	struct sl_str name;
	int rc = sl_engine_row_key(engine, "", from, &name);
	if (rc == SL_OK)
		rc = sl_engine_keep(engine, name, &entry.data);
	if (rc == SL_OK)
		rc = sl_key_copy(engine->arena, to, &entry.key);
	sl_rowset_remove(engine->renamed, to); /* the latest one comes last, so that keys are followed in the order of time */
	return rc == SL_OK && sl_rowset_put(engine->renamed, &entry) ? SL_OK : SL_NO_MEMORY;
}

static void forget_oldest(struct sl_engine *engine)
{
	size_t cursor = 0;
	while (sl_rowset_count(engine->renamed) > SL_MOST_RENAMES) {
		struct sl_key key = sl_rowset_next(engine->renamed, &cursor)->key;
		sl_rowset_remove(engine->renamed, &key);
	}
}

/* [[revision, "shots/1/1-1", "shots/1/1-1A"], …] */
static int store(struct sl_engine *engine)
{
	const struct sl_row *entry;
	size_t cursor = 0;
	struct sl_buf out;
	struct sl_str name, value;
	int rc = SL_OK;
	sl_buf_init(&out, SIZE_MAX);
	const char *before = "[[";
	while (rc == SL_OK && (entry = sl_rowset_next(engine->renamed, &cursor))) {
		rc = sl_engine_row_key(engine, "", &entry->key, &name);
		sl_buf_add_text(&out, before);
		sl_buf_add_int(&out, entry->version);
		sl_buf_add_char(&out, ',');
		sl_json_string(&out, entry->data);
		sl_buf_add_char(&out, ',');
		if (rc == SL_OK)
			sl_json_string(&out, name);
		sl_buf_add_char(&out, ']');
		before = ",[";
	}
	sl_buf_add_char(&out, ']');
	if (rc == SL_OK)
		rc = sl_buf_code(&out) == SL_OK ? sl_arena_copy(&engine->scratch, sl_buf_str(&out), &value) : SL_NO_MEMORY;
	sl_buf_dispose(&out);
	return rc == SL_OK ? sl_engine_put(engine, SL_STR("renamed"), value) : rc;
}

static int add_entries(struct sl_engine *engine, const struct sl_rename *renames, size_t count)
{
	int rc = SL_OK;
	for (size_t i = 0; rc == SL_OK && i < count; i++)
		rc = add_entry(engine, engine->meta.revision, &renames[i].from, &renames[i].to);
	forget_oldest(engine);
	return rc == SL_OK && count && !engine->follower.length ? store(engine) : rc;
}

int sl_engine_note_renames(struct sl_engine *engine, const struct sl_merge *merge)
{
	if (merge->rename_count == 0)
		return SL_OK;
	engine->renames = merge->renames;
	engine->rename_count = merge->rename_count;
	return add_entries(engine, merge->renames, merge->rename_count);
}

int sl_engine_note_moves(struct sl_engine *engine, const struct sl_rename *moves, size_t count)
{
	int rc = add_entries(engine, moves, count);
	return rc == SL_OK ? sl_engine_move_decisions(engine, moves, count) : rc;
}

/* Whether the change takes a scene or shot away and brings one. */
static bool may_move(const struct sl_engine *engine, const struct sl_delta *change)
{
	const struct sl_row *row;
	size_t cursor = 0, deleted = 0;
	if (engine->decisions.count == 0 && sl_rowset_count(change->rows) + change->deleted_count > MOST_FOLLOWED)
		return false;
	for (size_t i = 0; i < change->deleted_count; i++)
		deleted += sl_entity_has_episode(change->deleted[i].entity);
	while (deleted && (row = sl_rowset_next(change->rows, &cursor)))
		if (sl_entity_has_episode(row->key.entity))
			return true;
	return false;
}

/* The rows of local that the change names; NULL: no memory. */
static struct sl_rowset *rows_before(const struct sl_engine *engine, const struct sl_delta *change, struct sl_arena *arena)
{
	struct sl_rowset *before = sl_rowset_new(arena, 8);
	const struct sl_row *row, *old;
	size_t cursor = 0;
	while (before && (row = sl_rowset_next(change->rows, &cursor)))
		if ((old = sl_rowset_find(engine->local, &row->key)) && !sl_rowset_put(before, old))
			return NULL;
	for (size_t i = 0; before && i < change->deleted_count; i++)
		if ((old = sl_rowset_find(engine->local, &change->deleted[i])) && !sl_rowset_put(before, old))
			return NULL;
	return before;
}

int sl_engine_find_moves(struct sl_engine *engine, const struct sl_delta *change, struct sl_rename **moves_r, size_t *count_r)
{
	struct sl_arena *arena = &engine->scratch;
	*count_r = 0;
	*moves_r = NULL;
	if (!may_move(engine, change))
		return SL_OK;
	struct sl_rowset *before = rows_before(engine, change, arena), *after = before ? sl_rowset_clone(before, arena) : NULL;
	int rc = after ? sl_delta_apply(change, after, arena) : SL_NO_MEMORY;
	return rc == SL_OK ? sl_merge_moves(before, after, arena, moves_r, count_r) : rc;
}

int sl_engine_load_renames(struct sl_engine *engine, struct sl_str text)
{
	json_t *list = NULL, *item;
	size_t index;
	struct sl_err ignored = SL_ERR_INIT;
	int rc = sl_json_parse(text, &list, &ignored);
	json_array_foreach(list, index, item) {
		const json_t *old = json_array_get(item, 1), *new = json_array_get(item, 2);
		struct sl_key from, to;
		int64_t revision;
		if (rc != SL_OK || !sl_engine_read_version(json_array_get(item, 0), &revision)
			|| sl_engine_parse_key((struct sl_str){ json_string_value(old), json_string_length(old) }, &from) != SL_OK
			|| sl_engine_parse_key((struct sl_str){ json_string_value(new), json_string_length(new) }, &to) != SL_OK)
			continue;
		rc = add_entry(engine, revision, &from, &to);
	}
	json_decref(list);
	return rc == SL_NO_MEMORY ? rc : SL_OK;
}

/* --- following them ----------------------------------------------------------------------------------------------- */

/* Whether the app's row is one that had this key before the rename. */
static bool was_before(const struct sl_engine *engine, const struct sl_key *key, const struct sl_row *entry,
	const struct sl_row *seen)
{
	struct sl_recent *recent = (struct sl_recent *)&engine->recent;
	for (size_t i = 0; seen && i < recent->count; i++) {
		const struct sl_recent_row *old = &recent->rows[(recent->first + i) % SL_RECENT_ROWS];
		if (old->revision <= entry->version && sl_key_equal(&old->before.key, key)
			&& sl_str_equal(old->before.data, seen->data))
			return true;
	}
	return false;
}

/* Whether an edit of `key` is one of the row that the entry gave another key to. `seen`: the row as the app says to have had it. */
static bool applies(const struct sl_engine *engine, const struct sl_row *entry, const struct sl_key *key, int64_t revision,
	const struct sl_row *seen)
{
	struct sl_key from;
	if (sl_engine_parse_key(entry->data, &from) != SL_OK || !sl_key_equal(&from, key))
		return false;
	return revision ? revision < entry->version : was_before(engine, key, entry, seen);
}

struct sl_key sl_engine_follow_key(const struct sl_engine *engine, struct sl_key key, int64_t revision,
	const struct sl_row *seen)
{
	const struct sl_row *entry;
	size_t cursor = 0;
	int64_t followed = 0; /* of one revision a row follows one rename: what came to where it went was another */
	bool itself = false;
	while ((entry = sl_rowset_next(engine->renamed, &cursor))) {
		struct sl_key episode = sl_key_of_episode(key.episode);
		if (entry->version != followed && applies(engine, entry, &key, revision, seen)) {
			key = entry->key;
			followed = entry->version;
			itself = true;
		} else if (revision && !itself && sl_entity_has_episode(key.entity)
			&& applies(engine, entry, &episode, revision, NULL))
			key.episode = entry->key.episode; /* a new row of an episode that has another number now */
	}
	return key;
}
