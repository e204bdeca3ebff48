/* Edits of the user; see private.h. Keeps true: a refusal changes nothing; what is taken is valid, ranked and has its
 * episode, so that it can be merged and pushed; an edit overwrites nothing that came in since the app saw what it was made
 * on, and is refused only if it can never be valid. Rules: merge.md "Order", 2 of "Client engine". */
#include "core/engine/private.h"

/* --- what it was made on ------------------------------------------------------------------------------------------ */

/* An edit, and the rows that it is about: as the app had them, and as they are. All in scratch. */
struct editing {
	struct sl_engine *engine;
	struct sl_delta delta, before;
	bool again;                   /* as in struct sl_edit */
	bool doubtful;                /* nobody knows any more what was there at the revision */
	int64_t revision;             /* for rows that `before` does not name; 0: as they are */
	const struct sl_rowset *past; /* rows at that revision, out of the journal; or NULL */
	const struct sl_rowset *doubts; /* those that it can't tell; or NULL */
	struct sl_rowset *keys, *seen;
	struct sl_rowset *origins;     /* rows that have another key now than the app knows: that one, as text */
	struct sl_rowset *gone, *kept; /* what the edit deletes; rows in which something stays that the app does not know */
};

/* Notes that the app knew the row under another key. */
static int note_origin(struct editing *editing, const struct sl_key *old, const struct sl_key *now)
{
	struct sl_row entry = { .key = *now };
	if (sl_key_equal(old, now))
		return SL_OK;
	int rc = sl_engine_row_key(editing->engine, "", old, &entry.data);
	return rc == SL_OK && sl_rowset_put(editing->origins, &entry) ? SL_OK : SL_NO_MEMORY;
}

/* The key that the row had at the revision of the edit. */
static struct sl_key key_then(const struct editing *editing, const struct sl_key *now)
{
	const struct sl_row *origin = editing->revision ? sl_rowset_find(editing->origins, now) : NULL;
	struct sl_key old;
	return origin && sl_engine_parse_key(origin->data, &old) == SL_OK ? old : *now;
}

static bool is_doubtful(const struct editing *editing, const struct sl_key *then)
{
	return editing->doubtful || (editing->doubts && sl_rowset_find(editing->doubts, then));
}

/* The row at the revision of the edit. */
static const struct sl_row *row_then(const struct editing *editing, const struct sl_key *key)
{
	const struct sl_row *row = editing->past ? sl_rowset_find(editing->past, key) : NULL;
	if (row)
		return row->data.length ? row : NULL;
	bool earlier = editing->revision && editing->revision != editing->engine->meta.revision;
	return earlier && !editing->past ? sl_engine_row_at(editing->engine, key, editing->revision)
		: sl_rowset_find(editing->engine->local, key);
}

int sl_engine_shared_row(struct sl_engine *engine, const struct sl_key *key, const struct sl_rowset *wanted,
	const struct sl_row **row_r)
{
	const struct sl_row *now = *row_r = sl_rowset_find(engine->local, key);
	const struct sl_row *given = sl_rowset_find(wanted, key);
	struct sl_row *shared;
	if (!now || !given)
		return SL_OK;
	if (!(shared = sl_arena_zalloc(&engine->scratch, 1, sizeof(*shared))))
		return SL_NO_MEMORY;
	int rc = sl_merge_shared(now, given, &engine->scratch, shared);
	shared->rank = now->rank;
	*row_r = shared->data.length ? shared : NULL;
	return rc;
}

static int see(struct editing *editing, const struct sl_key *key)
{
	const struct sl_row *row;
	if (sl_rowset_find(editing->keys, key))
		return SL_OK;
	struct sl_key then = key_then(editing, key);
	row = row_then(editing, &then);
	if (is_doubtful(editing, &then) && sl_engine_shared_row(editing->engine, key, editing->delta.rows, &row) != SL_OK)
		return SL_NO_MEMORY;
	struct sl_row seen = row ? *row : (struct sl_row){ .version = 0 };
	seen.key = *key;
	return sl_engine_touch(editing->keys, key) == SL_OK && (!row || sl_rowset_put(editing->seen, &seen)) ? SL_OK
		: SL_NO_MEMORY;
}

static int see_all(struct editing *editing, const struct sl_delta *delta)
{
	const struct sl_row *row;
	size_t cursor = 0;
	int rc = SL_OK;
	while (rc == SL_OK && (row = sl_rowset_next(delta->rows, &cursor)))
		rc = see(editing, &row->key);
	for (size_t i = 0; rc == SL_OK && i < delta->deleted_count; i++)
		rc = see(editing, &delta->deleted[i]);
	return rc;
}

/* What `before` says of a row counts; its place, if it says nothing of that, is where the row was last. */
static int believe_before(struct editing *editing)
{
	const struct sl_row *row;
	size_t cursor = 0;
	while ((row = sl_rowset_next(editing->before.rows, &cursor))) {
		const struct sl_row *last = sl_engine_last_row(editing->engine, &row->key);
		if (!row->rank.length && !sl_rowset_find(editing->seen, &row->key) && last
			&& !sl_rowset_put(editing->seen, last))
			return SL_NO_MEMORY;
	}
	return sl_delta_apply(&editing->before, editing->seen, &editing->engine->scratch);
}

/* The last that is known of an episode that is gone. Where an edit was taken before, and nothing is, an empty one: rather than that
 * what somebody wrote in it has no place. */
static int find_vanished(const struct editing *editing, const struct sl_key *key, const struct sl_row **row_r)
{
	const struct sl_row *row = *row_r = sl_engine_last_row(editing->engine, key);
	struct sl_row *empty;
	if (!row && editing->past && (row = sl_rowset_find(editing->past, key)) && row->data.length)
		*row_r = row;
	if (*row_r || !editing->again)
		return SL_OK;
	if (!(empty = sl_arena_zalloc(&editing->engine->scratch, 1, sizeof(*empty))))
		return SL_NO_MEMORY;
	*empty = (struct sl_row){ .key = *key, .rank = SL_STR("V"), .data = SL_STR("{}") };
	*row_r = empty;
	return SL_OK;
}

/* The episode of a scene or shot, as the app had it. One that has vanished since comes back, if anything here still knows
 * it. 1: there; 0: there never was one, as far as is known. */
static int see_episode(struct editing *editing, const struct sl_row *row, bool *vanished_r)
{
	struct sl_key key = sl_key_of_episode(row->key.episode);
	const struct sl_row *last;
	if (!sl_entity_has_episode(row->key.entity) || sl_rowset_find(editing->delta.rows, &key))
		return 1;
	if (sl_rowset_find(editing->gone, &key))
		return 0;
	if (sl_rowset_find(editing->seen, &key))
		return 1;
	if (see(editing, &key) != SL_OK)
		return SL_NO_MEMORY;
	if (sl_rowset_find(editing->seen, &key))
		return 1;
	if (find_vanished(editing, &key, &last) != SL_OK)
		return SL_NO_MEMORY;
	if (!last)
		return 0;
	*vanished_r = true;
	return sl_rowset_put(editing->seen, last) ? 1 : SL_NO_MEMORY;
}

static int see_episodes(struct editing *editing, const struct sl_delta *delta, bool *vanished_r, struct sl_err *err)
{
	const struct sl_row *row;
	size_t cursor = 0;
	while ((row = sl_rowset_next(delta->rows, &cursor))) {
		int rc = see_episode(editing, row, vanished_r);
		if (rc == 0)
			return sl_err_set(err, SL_INVALID, "%s: there is no episode %lld", sl_entity_name(row->key.entity),
				(long long)row->key.episode);
		if (rc < 0)
			return rc;
	}
	return SL_OK;
}

/* The last siblings of rows that go last have to be known, so that they do; and all of rows that move. */
static int see_siblings(struct editing *editing)
{
	struct sl_engine *engine = editing->engine;
	struct sl_rowset *siblings = sl_rowset_new(&engine->scratch, 8);
	struct sl_rowset *wide = sl_rowset_clone(editing->keys, &engine->scratch);
	const struct sl_row *row;
	size_t cursor = 0;
	int rc = siblings && wide ? sl_engine_add_last_siblings(engine, &editing->delta, siblings) : SL_NO_MEMORY;
	while (rc == SL_OK && (row = sl_rowset_next(siblings, &cursor)))
		rc = see(editing, &row->key);
	if (rc == SL_OK)
		rc = sl_engine_widen(engine, &(struct sl_engine_sides){ editing->seen, editing->delta.rows, engine->local }, wide);
	for (cursor = 0; rc == SL_OK && (row = sl_rowset_next(wide, &cursor));)
		rc = see(editing, &row->key);
	return rc;
}

/* Whether local is still as the app saw it. */
static bool is_as_seen(const struct editing *editing)
{
	const struct sl_row *key;
	size_t cursor = 0;
	while ((key = sl_rowset_next(editing->keys, &cursor))) {
		const struct sl_row *then = sl_rowset_find(editing->seen, &key->key);
		const struct sl_row *now = sl_rowset_find(editing->engine->local, &key->key);
		if (then && now ? !sl_row_same_content(then, now) : then || now)
			return false;
	}
	return true;
}

/* --- taking it ---------------------------------------------------------------------------------------------------- */

/* Tells the app where its edit is not what the row has become. */
static int tell_outcome(struct sl_engine *engine, const struct sl_delta *given)
{
	const struct sl_row *row, *now;
	size_t cursor = 0;
	while ((row = sl_rowset_next(given->rows, &cursor))) {
		now = sl_rowset_find(engine->local, &row->key);
		if (now ? !sl_rowset_put(engine->changed, now) : sl_engine_touch(engine->changed, &row->key) != SL_OK)
			return SL_NO_MEMORY;
	}
	for (size_t i = 0; i < given->deleted_count; i++)
		if ((now = sl_rowset_find(engine->local, &given->deleted[i])) && !sl_rowset_put(engine->changed, now))
			return SL_NO_MEMORY;
	return SL_OK;
}

/* A three-way merge in miniature: what the app saw is the base, the edit mine, local theirs. */
static int merge_edit(struct editing *editing, struct sl_err *err)
{
	struct sl_engine *engine = editing->engine;
	struct sl_arena *arena = &engine->scratch;
	struct sl_merge merge;
	struct sl_rowset *now = sl_engine_narrow(engine->local, editing->keys, arena);
	struct sl_rowset *mine = now ? sl_rowset_clone(editing->seen, arena) : NULL;
	if (!mine || sl_delta_apply_as(&editing->delta, mine, sl_engine_rank_prefix(engine), arena) != SL_OK)
		return SL_NO_MEMORY;
	const struct sl_merge_options options = { .episodes_above = engine->meta.last_episode,
		.rank_prefix = sl_engine_rank_prefix(engine), .taken = { engine->local, engine->base } };
	int rc = sl_merge(editing->seen, mine, now, &options, arena, &merge, err);
	if (rc != SL_OK)
		return rc;
	rc = sl_engine_change_local(engine, &merge.push, true, SL_CAUSE_MERGE);
	if (rc == SL_OK)
		rc = sl_engine_note_renames(engine, &merge);
	if (rc == SL_OK)
		rc = sl_journal_note_merge(engine, &merge, SL_CAUSE_MERGE);
	if (rc == SL_OK)
		rc = tell_outcome(engine, &editing->delta);
	engine->counts.merges++;
	sl_engine_note_edit(engine);
	return rc;
}

/* Fields that the app does not know stay. */
static int keep_unknown(struct editing *editing)
{
	struct sl_row *row;
	size_t cursor = 0;
	bool changed;
	editing->kept = sl_rowset_new(&editing->engine->scratch, 8);
	int rc = editing->kept ? SL_OK : SL_NO_MEMORY;
	while (rc == SL_OK && (row = sl_rowset_next(editing->delta.rows, &cursor))) {
		rc = sl_engine_keep_unknown(editing->engine, sl_rowset_find(editing->seen, &row->key), row, &changed);
		if (rc == SL_OK && changed)
			rc = sl_engine_touch(editing->kept, &row->key);
	}
	return rc;
}

static int tell_kept(struct editing *editing)
{
	const struct sl_row *key, *row;
	size_t cursor = 0;
	while ((key = sl_rowset_next(editing->kept, &cursor)))
		if ((row = sl_rowset_find(editing->engine->local, &key->key)) && !sl_rowset_put(editing->engine->changed, row))
			return SL_NO_MEMORY;
	return SL_OK;
}

static const struct sl_row *given_before(const struct editing *editing, const struct sl_key *key)
{
	return sl_rowset_find(editing->before.rows, key);
}

/* A delta under the keys that its rows have now. */
static int follow_renames(struct editing *editing, const struct sl_delta *given, struct sl_delta *delta_r)
{
	struct sl_engine *engine = editing->engine;
	struct sl_keys deleted = { .arena = &engine->scratch };
	const struct sl_row *row;
	size_t cursor = 0;
	*delta_r = (struct sl_delta){ sl_rowset_new(&engine->scratch, sl_rowset_count(given->rows)), NULL, 0 };
	while (delta_r->rows && (row = sl_rowset_next(given->rows, &cursor))) {
		struct sl_row moved = *row;
		moved.key = sl_engine_follow_key(engine, row->key, editing->revision, given_before(editing, &row->key));
		if (!sl_rowset_put(delta_r->rows, &moved) || note_origin(editing, &row->key, &moved.key) != SL_OK)
			return SL_NO_MEMORY;
	}
	for (size_t i = 0; delta_r->rows && i < given->deleted_count; i++) {
		const struct sl_key *key = &given->deleted[i];
		struct sl_key now = sl_engine_follow_key(engine, *key, editing->revision, given_before(editing, key));
		if (sl_keys_add(&deleted, &now) != SL_OK || note_origin(editing, key, &now) != SL_OK)
			return SL_NO_MEMORY;
	}
	delta_r->deleted = deleted.items;
	delta_r->deleted_count = deleted.count;
	return delta_r->rows ? SL_OK : SL_NO_MEMORY;
}

/* What the app edits under keys that have changed since it saw the rows, it means for the rows. */
static int follow(struct editing *editing)
{
	struct sl_delta delta, before;
	editing->origins = sl_rowset_new(&editing->engine->scratch, 8);
	if (!editing->origins || sl_rowset_count(editing->engine->renamed) == 0)
		return editing->origins ? SL_OK : SL_NO_MEMORY;
	if (follow_renames(editing, &editing->delta, &delta) != SL_OK
		|| follow_renames(editing, &editing->before, &before) != SL_OK)
		return SL_NO_MEMORY;
	editing->delta = delta;
	editing->before = before;
	return SL_OK;
}

/* The app has put its rows where others are. */
static int tell_origins(struct editing *editing)
{
	struct sl_engine *engine = editing->engine;
	const struct sl_row *entry, *row;
	size_t cursor = 0;
	while ((entry = sl_rowset_next(editing->origins, &cursor))) {
		struct sl_key old;
		if (sl_engine_parse_key(entry->data, &old) != SL_OK)
			return SL_INTERNAL;
		if ((row = sl_rowset_find(engine->local, &old)) ? !sl_rowset_put(engine->changed, row)
			: sl_engine_touch(engine->changed, &old) != SL_OK)
			return SL_NO_MEMORY;
		if ((row = sl_rowset_find(engine->local, &entry->key)) && !sl_rowset_put(engine->changed, row))
			return SL_NO_MEMORY;
	}
	return SL_OK;
}

static int take_edit(struct editing *editing, struct sl_err *err)
{
	struct sl_engine *engine = editing->engine;
	bool vanished = false;
	if (follow(editing) != SL_OK)
		return SL_NO_MEMORY;
	editing->keys = sl_rowset_new(&engine->scratch, 16);
	editing->seen = sl_rowset_new(&engine->scratch, 16);
	editing->gone = sl_rowset_new(&engine->scratch, editing->delta.deleted_count);
	for (size_t i = 0; editing->gone && i < editing->delta.deleted_count; i++)
		if (sl_engine_touch(editing->gone, &editing->delta.deleted[i]) != SL_OK)
			return SL_NO_MEMORY;
	int rc = editing->keys && editing->seen && editing->gone
		? sl_delta_expand(&editing->delta, engine->local, &engine->scratch) : SL_NO_MEMORY;
	if (rc == SL_OK)
		rc = see_all(editing, &editing->delta);
	if (rc == SL_OK)
		rc = see_all(editing, &editing->before);
	if (rc == SL_OK)
		rc = believe_before(editing);
	if (rc == SL_OK)
		rc = see_episodes(editing, &editing->delta, &vanished, err);
	if (rc == SL_OK)
		rc = keep_unknown(editing);
	if (rc == SL_OK && engine->follower.length && !editing->again)
		rc = sl_engine_hand_over(engine, &editing->delta, editing->keys, editing->seen);
	if (rc != SL_OK)
		return rc;
	if (!vanished && is_as_seen(editing))
		rc = sl_engine_apply_given(engine, &editing->delta, !editing->again);
	else
		rc = see_siblings(editing) == SL_OK ? merge_edit(editing, err) : SL_NO_MEMORY;
	if (rc == SL_OK)
		rc = tell_origins(editing);
	return rc == SL_OK ? tell_kept(editing) : rc;
}

/* Whether rows are as they were at a revision that is too long ago for memory. */
static bool needs_journal(const struct editing *editing, const struct sl_edit *edit)
{
	const struct sl_row *row;
	size_t cursor = 0;
	if (edit->waited || !edit->revision || sl_engine_remembers(editing->engine, edit->revision))
		return false;
	while ((row = sl_rowset_next(editing->delta.rows, &cursor)))
		if (!sl_rowset_find(editing->before.rows, &row->key))
			return true;
	return editing->delta.deleted_count > 0;
}

int sl_engine_edit(struct sl_engine *engine, const struct sl_edit *edit, struct sl_err *err)
{
	struct editing editing = { .engine = engine, .revision = edit->revision, .past = edit->past,
		.doubtful = edit->doubtful, .doubts = edit->doubts, .again = edit->again };
	struct sl_rowset *nothing = sl_rowset_new(&engine->scratch, 1);
	if (!nothing)
		return SL_NO_MEMORY;
	editing.before = (struct sl_delta){ nothing, NULL, 0 };
	if (!edit->before.length && !edit->revision && !edit->again)
		return sl_err_set(err, SL_INVALID, "an edit has to say what it was made on: before, or revision");
	if (edit->revision < 0 || edit->revision > engine->meta.revision)
		return sl_err_set(err, SL_INVALID, "there was no such revision");
	int rc = sl_engine_read_delta(engine, edit->delta, &editing.delta, err);
	if (rc == SL_OK && edit->before.length)
		rc = sl_engine_read_delta(engine, edit->before, &editing.before, err);
	if (rc == SL_OK && needs_journal(&editing, edit))
		return sl_engine_wait(engine, edit->number, edit, &editing.delta);
	return rc == SL_OK ? take_edit(&editing, err) : rc;
}
