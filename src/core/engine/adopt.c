/* Taking in what the server has; see private.h. Keeps true: base becomes a state only when its digest proves
 * that it is the server's; then, and in one batch with it, local is merged, and what the merge decided or replaced
 * is kept. A merge costs what differs, not what the project holds. Rules: merge.md "Client engine" 4, 6, 8, 11. */
#include "core/engine/private.h"

#include "core/json/parse.h"
#include "core/schema/validate.h"

/* --- reading ------------------------------------------------------------------------------------------------------ */

static int malformed(struct sl_err *err, const char *what)
{
	sl_err_set(err, SL_MALFORMED, "the server's answer has no sound %s", what);
	return 0;
}

bool sl_engine_read_version(const json_t *value, int64_t *version_r)
{
	double number = json_number_value(value);
	if (!json_is_number(value) || !(number >= 0 && number <= SL_SAFE_INTEGER) || number != (double)(int64_t)number)
		return false;
	*version_r = (int64_t)number;
	return true;
}

static bool lacks_ranks(const struct sl_delta *delta)
{
	const struct sl_row *row;
	size_t cursor = 0;
	while ((row = sl_rowset_next(delta->rows, &cursor)))
		if (row->key.entity != SL_META && !row->rank.length)
			return true;
	return false;
}

int sl_engine_read_changes(struct sl_engine *engine, const json_t *value, struct sl_delta *delta_r, struct sl_err *err)
{
	struct sl_faults faults;
	int rc = sl_validate_structure(value, "/changes", engine->config.row_bytes, &engine->scratch, &faults, err);
	if (rc == SL_OK)
		rc = sl_delta_from_json(value, &engine->scratch, delta_r, err);
	if (rc != SL_OK)
		return rc == SL_NO_MEMORY ? rc : 0;
	return lacks_ranks(delta_r) ? malformed(err, "ranks") : 1;
}

int sl_engine_read_news(struct sl_engine *engine, const json_t *body, struct sl_news *news_r, struct sl_err *err)
{
	const json_t *digest = json_object_get(body, "digest"), *epoch = json_object_get(body, "epoch");
	const json_t *changes = json_object_get(body, "changes");
	struct sl_str hex = { json_string_value(digest), json_string_length(digest) };
	const json_t *known = json_object_get(body, "known");
	*news_r = (struct sl_news){ .has_changes = changes != NULL, .known = -1 };
	if (known && !sl_engine_read_version(known, &news_r->known))
		return malformed(err, "known");
	if (!json_is_object(body) || !sl_engine_read_version(json_object_get(body, "updatedAt"), &news_r->version))
		return malformed(err, "updatedAt");
	if (sl_digest_parse(hex, &news_r->digest) != SL_OK)
		return malformed(err, "digest");
	if (epoch && !json_is_string(epoch))
		return malformed(err, "epoch");
	struct sl_str name = { json_string_value(epoch), json_string_length(epoch) };
	if (epoch && sl_arena_copy(&engine->scratch, name, &news_r->epoch) != SL_OK)
		return SL_NO_MEMORY;
	if (changes && sl_engine_read_authors(engine, body, news_r->version, &news_r->authors) != SL_OK)
		return SL_NO_MEMORY;
	return changes ? sl_engine_read_changes(engine, changes, &news_r->changes, err) : 1;
}

/* --- what the server has now ----------------------------------------------------------------------------------- */

static int add_named(const struct sl_rowset *rows, const struct sl_delta *delta, struct sl_rowset *into)
{
	const struct sl_row *row, *named;
	size_t cursor = 0;
	while ((named = sl_rowset_next(delta->rows, &cursor)))
		if ((row = sl_rowset_find(rows, &named->key)) && !sl_rowset_put(into, row))
			return SL_NO_MEMORY;
	for (size_t i = 0; i < delta->deleted_count; i++)
		if ((row = sl_rowset_find(rows, &delta->deleted[i])) && !sl_rowset_put(into, row))
			return SL_NO_MEMORY;
	return SL_OK;
}

/* What the changes really change. Rows that neither they nor the operation name are not looked at, so that an answer costs
 * what it brings; should it have meant others, its digest does not match. */
static int work_out_change(struct sl_adopting *adopting, const struct sl_delta *told)
{
	struct sl_engine *engine = adopting->engine;
	struct sl_arena *arena = &engine->scratch;
	struct sl_delta changes = *told;
	struct sl_rowset *after;
	int rc = sl_delta_expand(&changes, engine->base, arena);
	if (rc == SL_OK)
		rc = sl_delta_expand(&changes, adopting->op.rows, arena);
	if (rc == SL_OK)
		rc = add_named(engine->base, &changes, adopting->before);
	for (size_t i = 0; rc == SL_OK && i < adopting->op.deleted_count; i++)
		sl_rowset_remove(adopting->before, &adopting->op.deleted[i]);
	if (rc == SL_OK)
		rc = add_named(adopting->op.rows, &changes, adopting->before);
	after = rc == SL_OK ? sl_rowset_clone(adopting->before, arena) : NULL;
	if (!after || sl_delta_apply(&changes, after, arena) != SL_OK)
		return SL_NO_MEMORY;
	return sl_delta_difference(adopting->before, after, arena, &adopting->change);
}

static int prepare(struct sl_adopting *adopting, const struct sl_delta *op)
{
	struct sl_engine *engine = adopting->engine;
	const struct sl_news *news = adopting->news;
	struct sl_arena *arena = &engine->scratch;
	struct sl_rowset *empty = sl_rowset_new(arena, 1);
	adopting->before = sl_rowset_new(arena, 8);
	if (!empty || !adopting->before)
		return SL_NO_MEMORY;
	adopting->change = (struct sl_delta){ empty, NULL, 0 };
	adopting->op = op ? *op : adopting->change;
	adopting->theirs = news->whole ? news->changes.rows : NULL;
	adopting->tombstones = sl_rowset_new(arena, 8);
	for (size_t i = 0; adopting->tombstones && i < news->changes.deleted_count; i++)
		if (sl_engine_touch(adopting->tombstones, &news->changes.deleted[i]) != SL_OK)
			return SL_NO_MEMORY;
	if (!adopting->tombstones)
		return SL_NO_MEMORY;
	int rc = sl_delta_expand(&adopting->op, engine->base, arena);
	return rc == SL_OK && !news->whole && news->has_changes ? work_out_change(adopting, &news->changes) : rc;
}

static void digest_delta(struct sl_digest *digest, const struct sl_rowset *from, const struct sl_delta *delta)
{
	const struct sl_row *row, *old;
	size_t cursor = 0;
	while ((row = sl_rowset_next(delta->rows, &cursor))) {
		if ((old = sl_rowset_find(from, &row->key)))
			sl_digest_subtract(digest, old);
		sl_digest_add(digest, row);
	}
	for (size_t i = 0; i < delta->deleted_count; i++)
		if ((old = sl_rowset_find(from, &delta->deleted[i])))
			sl_digest_subtract(digest, old);
}

static struct sl_digest digest_of(const struct sl_adopting *adopting)
{
	struct sl_digest digest = adopting->engine->digest;
	if (adopting->news->whole)
		return sl_digest_of(adopting->theirs);
	digest_delta(&digest, adopting->engine->base, &adopting->op);
	digest_delta(&digest, adopting->before, &adopting->change);
	return digest;
}

/* --- merging ------------------------------------------------------------------------------------------------------ */

static int change_local(struct sl_engine *engine, const struct sl_delta *change, enum sl_cause cause)
{
	engine->guarded = engine->guarded && sl_delta_is_empty(change);
	return sl_engine_change_local(engine, change, true, cause);
}

/* What the rows are in base from now on, though not here: should the server fall back to it, it is known. */
static int note_once(const struct sl_adopting *adopting, enum sl_cause cause)
{
	const struct sl_row *row, *here;
	size_t cursor = 0;
	int rc = SL_OK;
	while (rc == SL_OK && (row = sl_rowset_next(adopting->change.rows, &cursor))) {
		here = sl_rowset_find(adopting->engine->local, &row->key);
		if (!here || !sl_row_same_content(here, row))
			rc = sl_journal_note_once(adopting->engine, row, cause);
	}
	return rc;
}

static int add_key(struct sl_rowset *keys, const struct sl_key *key)
{
	struct sl_key parent = sl_key_of_episode(key->episode);
	int rc = sl_engine_touch(keys, key);
	return rc == SL_OK && sl_entity_has_episode(key->entity) ? sl_engine_touch(keys, &parent) : rc;
}

static int add_keys(struct sl_rowset *keys, const struct sl_rowset *rows)
{
	const struct sl_row *row;
	size_t cursor = 0;
	int rc = SL_OK;
	while (rc == SL_OK && (row = sl_rowset_next(rows, &cursor)))
		rc = add_key(keys, &row->key);
	return rc;
}

/* Rows that differ on some side, their episodes, and the siblings of those whose place is in question: all others come out
 * of a merge as they are. NULL: no memory. */
static struct sl_rowset *keys_at_stake(const struct sl_adopting *adopting)
{
	struct sl_engine *engine = adopting->engine;
	struct sl_rowset *keys = sl_rowset_new(&engine->scratch, 64);
	int rc = keys ? add_keys(keys, engine->pending) : SL_NO_MEMORY;
	if (rc == SL_OK)
		rc = add_keys(keys, adopting->change.rows);
	for (size_t i = 0; rc == SL_OK && i < adopting->change.deleted_count; i++)
		rc = add_key(keys, &adopting->change.deleted[i]);
	if (rc == SL_OK)
		rc = sl_engine_widen(engine, &(struct sl_engine_sides){ engine->base, engine->local, adopting->change.rows }, keys);
	return rc == SL_OK ? keys : NULL;
}

static int choose_sides(const struct sl_adopting *adopting, struct sl_engine_sides *sides_r)
{
	struct sl_engine *engine = adopting->engine;
	struct sl_arena *arena = &engine->scratch;
	*sides_r = (struct sl_engine_sides){ engine->base, engine->local, adopting->theirs };
	if (adopting->theirs)
		return SL_OK;
	struct sl_rowset *keys = keys_at_stake(adopting), *theirs;
	sides_r->base = keys ? sl_engine_narrow(engine->base, keys, arena) : NULL;
	sides_r->mine = sides_r->base ? sl_engine_narrow(engine->local, keys, arena) : NULL;
	sides_r->theirs = theirs = sides_r->mine ? sl_rowset_clone(sides_r->base, arena) : NULL;
	return theirs ? sl_delta_apply(&adopting->change, theirs, arena) : SL_NO_MEMORY;
}

/* The highest number of an episode that was ever here, or is told to be deleted: it names that, and nothing new. */
static int64_t last_episode(const struct sl_engine *engine, const struct sl_delta *told)
{
	int64_t last = engine->meta.last_episode;
	for (size_t i = 0; i < told->deleted_count; i++)
		if (told->deleted[i].entity == SL_EPISODES && told->deleted[i].episode > last)
			last = told->deleted[i].episode;
	return last;
}

/* What came of a restore is told apart from what others did. */
static enum sl_cause cause_of(const struct sl_adopting *adopting, enum sl_cause otherwise)
{
	struct sl_engine *engine = adopting->engine;
	if (!engine->restored || adopting->news->version < engine->restored)
		return otherwise;
	engine->restored = 0;
	return SL_CAUSE_RESTORE;
}

static int merge(struct sl_adopting *adopting, bool doubtful)
{
	struct sl_engine *engine = adopting->engine;
	struct sl_err ignored = SL_ERR_INIT;
	struct sl_merge merge;
	struct sl_engine_sides sides;
	const struct sl_rowset *ancestor = NULL;
	struct sl_rowset *shared = sl_rowset_new(&engine->scratch, 8);
	const struct sl_merge_options options = { .shared = shared,
		.first_sync = adopting->base_version == 0 && sl_rowset_count(engine->base) == 0,
		.episodes_above = last_episode(engine, &adopting->news->changes),
		.rank_prefix = sl_engine_rank_prefix(engine), .taken = { engine->local, engine->base, adopting->tombstones } };
	enum sl_cause cause = doubtful ? SL_CAUSE_REPAIR : cause_of(adopting, SL_CAUSE_MERGE);
	int rc = shared ? choose_sides(adopting, &sides) : SL_NO_MEMORY;
	if (rc == SL_OK)
		rc = sl_engine_find_ancestor(adopting, &sides, doubtful, &ancestor, shared);
	if (rc == SL_OK)
		rc = sl_merge(ancestor, sides.mine, sides.theirs, &options, &engine->scratch, &merge, &ignored);
	if (rc == SL_OK)
		rc = change_local(engine, &merge.adopt, cause);
	if (rc == SL_OK)
		rc = sl_engine_note_renames(engine, &merge);
	if (rc == SL_OK)
		rc = sl_journal_note_merge(engine, &merge, cause);
	engine->counts.merges++;
	return rc == SL_OK ? note_once(adopting, cause) : rc;
}

static int take_in(struct sl_adopting *adopting, bool doubtful)
{
	struct sl_engine *engine = adopting->engine;
	/* First what the server has of our own: then `pending` tells whether anything here could be at odds with it. */
	int rc = sl_engine_change_base(engine, &adopting->op);
	engine->meta.version = adopting->news->version;
	if (rc == SL_OK && adopting->theirs)
		rc = sl_delta_difference(engine->base, adopting->theirs, &engine->scratch, &adopting->change);
	if (rc != SL_OK || sl_delta_is_empty(&adopting->change))
		return rc;
	bool untouched = sl_rowset_count(engine->pending) == 0 && !doubtful;
	rc = untouched ? change_local(engine, &adopting->change, cause_of(adopting, SL_CAUSE_PULL)) : merge(adopting, doubtful);
	return rc == SL_OK ? sl_engine_change_base(engine, &adopting->change) : rc;
}

/* Whether what the server sent is what it says to hold, or has to do: 1 or 0, with what comes next begun. */
static int accept(const struct sl_adopting *adopting, bool *proven_r)
{
	struct sl_engine *engine = adopting->engine;
	const struct sl_news *news = adopting->news;
	*proven_r = sl_digest_equal(digest_of(adopting), news->digest);
	if (engine->once)
		return 1; /* it was accepted when it came */
	engine->counts.digest_mismatches += !*proven_r;
	if (!*proven_r && !news->whole) {
		int rc = sl_engine_begin_repair(engine, news->version, &news->changes);
		return rc == SL_OK ? 0 : rc;
	}
	if (sl_engine_is_overtaken(engine, news)) {
		engine->want = SL_WANT_CHANGES;
		return 0;
	}
	if (!*proven_r && !sl_engine_is_told_twice(engine, adopting)) {
		sl_engine_fail(engine, "digest_mismatch", "what the server sent is not what it says to hold", 0);
		return 0;
	}
	return 1;
}

int sl_engine_adopt(struct sl_engine *engine, const struct sl_delta *op, const struct sl_news *news, struct sl_job **job_r)
{
	struct sl_adopting adopting = { .engine = engine, .news = news, .base_version = engine->meta.version };
	bool proven;
	int rc = prepare(&adopting, op);
	*job_r = NULL;
	if (rc == SL_OK)
		rc = accept(&adopting, &proven);
	if (rc <= 0)
		return rc;
	bool doubtful = sl_engine_is_doubtful(engine, news, proven);
	bool first = adopting.base_version == 0 && sl_rowset_count(engine->pending) > 0;
	if (doubtful || engine->meta.fallen || first)
		rc = sl_engine_ask_journal(&adopting, doubtful, job_r);
	if (rc < 0 || *job_r)
		return rc < 0 ? rc : 0;
	engine->authors = &news->authors;
	rc = take_in(&adopting, doubtful);
	engine->authors = NULL;
	engine->meta.fallen = (engine->meta.fallen || doubtful) && sl_rowset_count(engine->pending) > 0;
	if (rc == SL_OK && (news->whole || news->epoch.length))
		rc = sl_engine_keep(engine, news->epoch, &engine->meta.epoch);
	if (sl_rowset_count(engine->pending) == 0) { /* nothing is left of what was not taken, round after round */
		engine->rounds = 0;
		engine->round_error[0] = engine->round_detail[0] = '\0';
	}
	sl_engine_end_repair(engine);
	if (news->whole || engine->want == SL_WANT_CHANGES)
		engine->want = SL_WANT_NOTHING;
	return rc == SL_OK ? 1 : rc;
}
