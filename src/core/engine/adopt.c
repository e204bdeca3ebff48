/* Taking in what the server has; see engine_inside.h. Keeps true: base becomes a state only when its digest proves
 * that it is the server's; then, and in one batch with it, local is merged, and what the merge decided or replaced
 * is kept. Of rows that the server can't account for (it was restored, or damaged) only what both have in common is
 * the ancestor: the merge may add to them, but drops nothing. Rules: merge.md "Client engine" 4, 6, 7, 8. */
#include "core/engine/private.h"

#include "core/json/parse.h"
#include "core/schema/validate.h"
#include "core/plant.h"

#define MOST_REPAIRS 3

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

static int read_changes(struct sl_engine *engine, const json_t *value, struct sl_delta *delta_r, struct sl_err *err)
{
	struct sl_faults faults;
	int rc = sl_validate_delta(value, "/changes", engine->config.row_bytes, &engine->scratch, &faults, err);
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
	*news_r = (struct sl_news){ .has_changes = changes != NULL };
	if (!json_is_object(body) || !sl_engine_read_version(json_object_get(body, "updatedAt"), &news_r->version))
		return malformed(err, "updatedAt");
	if (sl_digest_parse(hex, &news_r->digest) != SL_OK)
		return malformed(err, "digest");
	if (epoch && !json_is_string(epoch))
		return malformed(err, "epoch");
	struct sl_str name = { json_string_value(epoch), json_string_length(epoch) };
	if (epoch && sl_arena_copy(&engine->scratch, name, &news_r->epoch) != SL_OK)
		return SL_NO_MEMORY;
	return changes ? read_changes(engine, changes, &news_r->changes, err) : 1;
}

/* --- what the server has now ----------------------------------------------------------------------------------- */

/* The state to be adopted, next to what was thought to be there. All in scratch. */
struct adopting {
	struct sl_engine *engine;
	const struct sl_news *news;
	struct sl_delta op;             /* of the operation, expanded; empty if the server has not taken it */
	struct sl_rowset *before;       /* of base with the operation, the rows that the changes name; not of a whole state */
	const struct sl_rowset *theirs; /* all that the server has; NULL until it is needed */
	struct sl_delta change;         /* from base with the operation to theirs; of a whole state once base has the operation */
};

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
static int work_out_change(struct adopting *adopting, const struct sl_delta *told)
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

static int prepare(struct adopting *adopting, const struct sl_delta *op)
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

static struct sl_digest digest_of(const struct adopting *adopting)
{
	struct sl_digest digest = adopting->engine->digest;
	if (adopting->news->whole)
		return sl_digest_of(adopting->theirs);
	digest_delta(&digest, adopting->engine->base, &adopting->op);
	digest_delta(&digest, adopting->before, &adopting->change);
	return digest;
}

/* --- when it can't be so --------------------------------------------------------------------------------------- */

void sl_engine_end_repair(struct sl_engine *engine)
{
	if (engine->repair.on)
		sl_arena_dispose(&engine->repair.arena);
	engine->repair = (struct sl_repair){ .told = engine->repair.told, .told_version = engine->repair.told_version };
}

/* Changes that don't add up may have been damaged on the way: they are asked for again, and then all rows. What the server
 * said to be deleted is to go after all, even if the whole state turns out to be another one. */
static int begin_repair(struct sl_engine *engine, int64_t version, const struct sl_delta *changes)
{
	struct sl_repair *repair = &engine->repair;
	unsigned tries = repair->tries;
	int rc = SL_OK;
	engine->full_wanted |= repair->on;
	engine->pull_wanted = true;
	sl_engine_end_repair(engine);
	repair->on = true;
	repair->tries = tries;
	repair->version = version;
	sl_arena_init(&repair->arena, 0);
	repair->deleted = sl_rowset_new(&repair->arena, 8);
	for (size_t i = 0; rc == SL_OK && repair->deleted && i < changes->deleted_count; i++) {
		struct sl_key key;
		rc = sl_key_copy(&repair->arena, &changes->deleted[i], &key);
		if (rc == SL_OK)
			rc = sl_engine_touch(repair->deleted, &key);
	}
	return repair->deleted ? rc : SL_NO_MEMORY;
}

bool sl_engine_is_other_epoch(const struct sl_engine *engine, const struct sl_news *news)
{
	return news->epoch.length && engine->meta.epoch.length && !SL_PLANTED(EPOCH_IGNORED)
		&& !sl_str_equal(news->epoch, engine->meta.epoch);
}

/* Whether the server's state may lack what it once had. */
static bool is_doubtful(const struct sl_engine *engine, const struct sl_news *news, bool proven)
{
	return news->whole && !SL_PLANTED(EPOCH_IGNORED)
		&& (engine->repair.on || sl_engine_is_other_epoch(engine, news) || news->version < engine->meta.version || !proven);
}

/* Whether the server said, in the history that base is of, that it was deleted. */
static bool is_told_deleted(const struct adopting *adopting, const struct sl_key *key)
{
	const struct sl_engine *engine = adopting->engine;
	return engine->repair.on && !sl_engine_is_other_epoch(engine, adopting->news)
		&& sl_rowset_find(engine->repair.deleted, key);
}

/* What is known of a row that the server may hold otherwise than it should: what it and base have in common, so that nothing
 * of it is dropped; data of length 0, so that it is offered again, if it is not there. */
static int doubt(const struct adopting *adopting, const struct sl_row *row, struct sl_row *known_r)
{
	const struct sl_row *is = sl_rowset_find(adopting->theirs, &row->key);
	*known_r = *row;
	if (is && !sl_row_same_content(row, is))
		return sl_merge_shared(row, is, &adopting->engine->scratch, known_r);
	if (!is && !is_told_deleted(adopting, &row->key))
		known_r->data.length = 0;
	return SL_OK;
}

/* The ancestor for the merge: base, but for rows in doubt; and for those that are missing from a project that was emptied
 * without being cleared, which removes nothing once others go on with theirs. */
static int find_ancestor(const struct adopting *adopting, bool doubtful, const struct sl_rowset **ancestor_r)
{
	struct sl_engine *engine = adopting->engine;
	bool emptied = sl_engine_would_empty(engine);
	struct sl_rowset *known = sl_rowset_new(&engine->scratch, 64);
	const struct sl_row *row;
	struct sl_row kept;
	size_t cursor = 0;
	int rc = known ? SL_OK : SL_NO_MEMORY;
	*ancestor_r = emptied || doubtful ? known : engine->base;
	while (rc == SL_OK && *ancestor_r == known && (row = sl_rowset_next(engine->base, &cursor))) {
		if (emptied && !sl_rowset_find(engine->local, &row->key))
			continue;
		kept = *row;
		if (doubtful && !SL_PLANTED(BASE_TRUSTED))
			rc = doubt(adopting, row, &kept);
		if (rc == SL_OK && kept.data.length && !sl_rowset_put(known, &kept))
			rc = SL_NO_MEMORY;
	}
	return rc;
}

/* Whether the whole state is a later one than that of the changes that did not add up: what was deleted in between is not
 * known then. A server that is never at rest is taken as it is in the end. */
static bool is_overtaken(struct sl_engine *engine, const struct sl_news *news)
{
	const struct sl_repair *repair = &engine->repair;
	return news->whole && repair->on && news->version > repair->version && !sl_engine_is_other_epoch(engine, news)
		&& engine->repair.tries++ < MOST_REPAIRS;
}

/* A whole state without proof counts once it has come twice: then it is what the server holds, and was not damaged on its
 * way here. Taken at once, a row missing in it would be pushed as new over another device's. */
static bool is_told_twice(struct sl_engine *engine, const struct adopting *adopting)
{
	struct sl_repair *repair = &engine->repair;
	struct sl_digest told = sl_digest_of(adopting->theirs);
	bool twice = repair->told_version == adopting->news->version && sl_digest_equal(repair->told, told);
	repair->told = told;
	repair->told_version = adopting->news->version;
	return twice;
}

/* --- merging ------------------------------------------------------------------------------------------------------ */

static int change_local(struct sl_engine *engine, const struct sl_delta *change)
{
	int rc = sl_engine_back_up(engine, change, "merge");
	engine->guarded = engine->guarded && sl_delta_is_empty(change);
	return rc == SL_OK ? sl_engine_change_local(engine, change, true) : rc;
}

/* All that the server has, from what base has by now. */
static int complete(struct adopting *adopting)
{
	struct sl_engine *engine = adopting->engine;
	struct sl_rowset *theirs;
	if (adopting->theirs)
		return SL_OK;
	adopting->theirs = theirs = sl_rowset_clone(engine->base, &engine->scratch);
	return theirs ? sl_delta_apply(&adopting->change, theirs, &engine->scratch) : SL_NO_MEMORY;
}

static int merge(struct adopting *adopting, bool doubtful)
{
	struct sl_engine *engine = adopting->engine;
	struct sl_err ignored = SL_ERR_INIT;
	struct sl_merge merge;
	const struct sl_rowset *ancestor = NULL;
	const struct sl_merge_options options = { .ancestor = doubtful ? SL_TEXT_SHARED_BASE : SL_TEXT_TRUE_BASE,
		.first_sync = !engine->meta.pulled };
	int rc = complete(adopting);
	if (rc == SL_OK)
		rc = find_ancestor(adopting, doubtful, &ancestor);
	if (SL_PLANTED(TWO_WAY_MERGE) || (SL_PLANTED(CLOCK_DECIDES) && engine->now_ms > adopting->news->version))
		ancestor = adopting->theirs;
	if (rc == SL_OK)
		rc = sl_merge(ancestor, engine->local, adopting->theirs, &options, &engine->scratch, &merge, &ignored);
	if (rc == SL_OK)
		rc = change_local(engine, &merge.adopt);
	engine->counts.merges++;
	return rc == SL_OK ? sl_engine_keep_receipts(engine, &merge) : rc;
}

static int take_in(struct adopting *adopting, bool doubtful)
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
	rc = untouched ? change_local(engine, &adopting->change) : merge(adopting, doubtful);
	return rc == SL_OK ? sl_engine_change_base(engine, &adopting->change) : rc;
}

int sl_engine_adopt(struct sl_engine *engine, const struct sl_delta *op, const struct sl_news *news)
{
	struct adopting adopting = { .engine = engine, .news = news };
	int rc = prepare(&adopting, op);
	if (rc != SL_OK)
		return rc;
	bool proven = SL_PLANTED(NO_DIGEST_CHECK) || sl_digest_equal(digest_of(&adopting), news->digest);
	if (!proven)
		engine->counts.digest_mismatches++;
	if (!proven && !news->whole) {
		rc = begin_repair(engine, news->version, &news->changes);
		return rc == SL_OK ? 0 : rc;
	}
	if (is_overtaken(engine, news)) {
		engine->full_wanted = false;
		return 0;
	}
	if (!proven && !is_told_twice(engine, &adopting)) {
		sl_engine_fail(engine, "digest_mismatch", "what the server sent is not what it says to hold", 0);
		return 0;
	}
	rc = take_in(&adopting, is_doubtful(engine, news, proven));
	if (rc == SL_OK && (news->whole || news->epoch.length))
		rc = sl_engine_keep(engine, news->epoch, &engine->meta.epoch);
	sl_engine_end_repair(engine);
	engine->full_wanted &= !news->whole;
	engine->pull_wanted = false;
	return rc == SL_OK ? 1 : rc;
}
