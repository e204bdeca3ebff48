/* When what the server sends can't be what it says, or may lack what it once had; see private.h. Keeps true: changes that
 * don't add up are asked for again, then the whole state, of which nothing makes local rows or words disappear. Of rows
 * that the server can't account for, only what both sides have in common is the ancestor: the merge may add to them, but
 * drops nothing. Rules: merge.md "Client engine" 7 and 8. */
#include "core/engine/private.h"

#include "core/plant.h"

#define MOST_REPAIRS 3

void sl_engine_end_repair(struct sl_engine *engine)
{
	if (engine->repair.on)
		sl_arena_dispose(&engine->repair.arena);
	engine->repair = (struct sl_repair){ .told = engine->repair.told, .told_version = engine->repair.told_version };
}

/* Changes that don't add up may have been damaged on the way: they are asked for again, and then all rows. What the server
 * said to be deleted is to go after all, even if the whole state turns out to be another one. */
int sl_engine_begin_repair(struct sl_engine *engine, int64_t version, const struct sl_delta *changes)
{
	struct sl_repair *repair = &engine->repair;
	unsigned tries = repair->tries;
	int rc = SL_OK;
	sl_engine_want(engine, repair->on ? SL_WANT_ALL : SL_WANT_CHANGES);
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
bool sl_engine_is_doubtful(const struct sl_engine *engine, const struct sl_news *news, bool proven)
{
	return news->whole && !SL_PLANTED(EPOCH_IGNORED)
		&& (engine->repair.on || sl_engine_is_other_epoch(engine, news) || news->version < engine->meta.version || !proven);
}

/* Whether the server said, in the history that base is of, that it was deleted. */
static bool is_told_deleted(const struct sl_adopting *adopting, const struct sl_key *key)
{
	const struct sl_engine *engine = adopting->engine;
	return engine->repair.on && !sl_engine_is_other_epoch(engine, adopting->news)
		&& sl_rowset_find(engine->repair.deleted, key);
}

/* What is known of a row that the server may hold otherwise than it should: what it and base have in common, so that nothing
 * of it is dropped; data of length 0, so that it is offered again, if it is not there. */
static int doubt(const struct sl_adopting *adopting, const struct sl_row *row, struct sl_row *known_r)
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
int sl_engine_find_ancestor(const struct sl_adopting *adopting, const struct sl_rowset *base, bool doubtful,
	const struct sl_rowset **ancestor_r)
{
	struct sl_engine *engine = adopting->engine;
	bool emptied = sl_engine_would_empty(engine);
	struct sl_rowset *known = sl_rowset_new(&engine->scratch, 64);
	const struct sl_row *row;
	struct sl_row kept;
	size_t cursor = 0;
	int rc = known ? SL_OK : SL_NO_MEMORY;
	*ancestor_r = emptied || doubtful ? known : base;
	while (rc == SL_OK && *ancestor_r == known && (row = sl_rowset_next(base, &cursor))) {
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
bool sl_engine_is_overtaken(struct sl_engine *engine, const struct sl_news *news)
{
	const struct sl_repair *repair = &engine->repair;
	return news->whole && repair->on && news->version > repair->version && !sl_engine_is_other_epoch(engine, news)
		&& engine->repair.tries++ < MOST_REPAIRS;
}

/* A whole state without proof counts once it has come twice: then it is what the server holds, and was not damaged on its
 * way here. Taken at once, a row missing in it would be pushed as new over another device's. */
bool sl_engine_is_told_twice(struct sl_engine *engine, const struct sl_adopting *adopting)
{
	struct sl_repair *repair = &engine->repair;
	struct sl_digest told = sl_digest_of(adopting->theirs);
	bool twice = repair->told_version == adopting->news->version && sl_digest_equal(repair->told, told);
	repair->told = told;
	repair->told_version = adopting->news->version;
	return twice;
}

/* If the server's version is older than it was, what it lacks is lost there, not deleted. That must not be forgotten before
 * the whole state is here, whatever it has caught up with until then: no epoch is called so. */
void sl_engine_ask_for_all(struct sl_engine *engine, int64_t version)
{
	sl_engine_want(engine, SL_WANT_ALL);
	if (version < engine->meta.version)
		engine->meta.epoch = SL_STR("?");
}
