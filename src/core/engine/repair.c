/* When what the server sends can't be what it says, or may lack what it once had; see private.h. Keeps true: changes that
 * don't add up are asked for again, then the whole state, of which nothing makes local rows or words disappear. Of rows
 * that the server can't account for, only what both sides have in common is the ancestor: the merge may add to them, but
 * drops nothing. Rules: merge.md "Client engine" 7 and 8. */
#include "core/engine/private.h"

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
	return news->epoch.length && engine->meta.epoch.length && !sl_str_equal(news->epoch, engine->meta.epoch);
}

/* Whether the server's state may lack what it once had. Who has taken nothing in yet can't tell. */
bool sl_engine_is_doubtful(const struct sl_engine *engine, const struct sl_news *news, bool proven)
{
	return news->whole && engine->meta.version > 0
		&& (engine->repair.on || sl_engine_is_other_epoch(engine, news) || news->version < engine->meta.version || !proven);
}

/* --- what a row once was here ------------------------------------------------------------------------------------- */

/* What the journal is asked about a row in doubt. Its data is the hash of what the server has, its rank what was found: */
#define UNKNOWN SL_STR("?")
#define WAS_HERE SL_STR("+")   /* that is what the row once was here */
#define CAME_BACK SL_STR("-")  /* it had been deleted here, and was there again */

/* `is`: what the server has, or NULL. */
static int ask_about(struct sl_job *job, const struct sl_key *key, const struct sl_row *is)
{
	struct sl_row asked = { .rank = UNKNOWN, .data = SL_STR("") };
	char hex[SL_DIGEST_HEX];
	if (is)
		sl_engine_row_hash(is, hex);
	return sl_key_copy(&job->arena, key, &asked.key) == SL_OK
		&& (!is || sl_arena_copy(&job->arena, sl_str_from(hex), &asked.data) == SL_OK) && sl_rowset_put(job->rows, &asked)
		? SL_OK : SL_NO_MEMORY;
}

/* The rows of base that the server has otherwise, or not at all; and those that it has, and neither base nor the device. */
static int find_doubtful_rows(const struct sl_adopting *adopting, struct sl_job *job)
{
	const struct sl_engine *engine = adopting->engine;
	const struct sl_row *row;
	size_t cursor = 0;
	int rc = SL_OK;
	while (rc == SL_OK && (row = sl_rowset_next(engine->base, &cursor))) {
		const struct sl_row *is = sl_rowset_find(adopting->theirs, &row->key);
		if (!is || !sl_row_same_content(row, is))
			rc = ask_about(job, &row->key, is);
	}
	for (cursor = 0; rc == SL_OK && (row = sl_rowset_next(adopting->theirs, &cursor));)
		if (!sl_rowset_find(engine->base, &row->key) && !sl_rowset_find(engine->local, &row->key))
			rc = ask_about(job, &row->key, row);
	return rc;
}

static bool is_other(const struct sl_rowset *rows, const struct sl_row *row)
{
	const struct sl_row *there = sl_rowset_find(rows, &row->key);
	return !there || !sl_row_same_content(there, row);
}

/* Whether others may have counted to the same number without knowing of what is here. */
static bool is_counted(const struct sl_engine *engine, const struct sl_row *row)
{
	return engine->meta.version == 0 && row->key.entity == SL_META
		&& sl_schema_is_counted(sl_schema_field(sl_schema_row(SL_META), row->key.id));
}

/* Rows that others bring back to the server since it fell back, or that they got here before it was first synced, and that are
 * otherwise in base, and here. */
static int find_lost_rows(const struct sl_adopting *adopting, struct sl_job *job)
{
	const struct sl_engine *engine = adopting->engine;
	const struct sl_row *row;
	size_t cursor = 0;
	int rc = SL_OK;
	while (rc == SL_OK && (row = sl_rowset_next(adopting->theirs ? adopting->theirs : adopting->change.rows, &cursor)))
		if (is_other(engine->base, row) && is_other(engine->local, row) && sl_rowset_find(engine->pending, &row->key)
			&& !is_counted(engine, row))
			rc = ask_about(job, &row->key, row);
	return rc;
}

static void compare_hash(struct sl_row *asked, const json_t *hash)
{
	struct sl_str text = { json_string_value(hash), json_string_length(hash) };
	if (!json_is_string(hash))
		return;
	if (asked->data.length && sl_str_equal(asked->data, text))
		asked->rank = WAS_HERE;
	else if (!asked->data.length && !text.length)
		asked->rank = CAME_BACK;
}

static struct sl_row *asked_row(struct sl_job *job, struct sl_str text)
{
	struct sl_key key;
	return sl_engine_parse_key(text, &key) == SL_OK ? sl_rowset_find(job->rows, &key) : NULL;
}

static int take_entry(struct sl_engine *engine, struct sl_job *job, int64_t id, struct sl_str body)
{
	json_t *entry = NULL, *change, *hashes, *hash;
	const char *name;
	size_t index;
	int rc = sl_engine_parse_object(body, &entry);
	(void)engine;
	(void)id;
	json_array_foreach(json_object_get(entry, "rows"), index, change) {
		const json_t *key = json_object_get(change, "key");
		struct sl_row *asked = asked_row(job, (struct sl_str){ json_string_value(key), json_string_length(key) });
		if (asked)
			compare_hash(asked, json_object_get(change, "was"));
	}
	json_object_foreach(json_object_get(entry, "once"), name, hashes) {
		struct sl_row *asked = asked_row(job, sl_str_from(name));
		if (!asked)
			continue;
		json_array_foreach(hashes, index, hash)
			compare_hash(asked, hash);
	}
	json_decref(entry);
	return rc == SL_OK ? 1 : rc;
}

static int finish_doubt(struct sl_engine *engine, struct sl_job *job, bool complete)
{
	(void)complete; /* what was not found in a damaged journal stays in doubt, and nothing is dropped then */
	engine->once = job->rows;
	int rc = sl_engine_answer_held(engine, job);
	engine->once = NULL;
	return rc;
}

static const struct sl_job_kind doubt_job = { .take = take_entry, .finish = finish_doubt };

bool sl_engine_is_in_doubt(const struct sl_engine *engine)
{
	return sl_engine_has_job(engine, &doubt_job);
}

int sl_engine_ask_journal(const struct sl_adopting *adopting, bool doubtful, struct sl_job **job_r)
{
	struct sl_engine *engine = adopting->engine;
	*job_r = NULL;
	if (engine->once || !engine->meta.journal_last)
		return SL_OK;
	int rc = sl_engine_new_job(&doubt_job, job_r);
	if (rc == SL_OK && doubtful)
		rc = find_doubtful_rows(adopting, *job_r);
	if (rc == SL_OK)
		rc = find_lost_rows(adopting, *job_r);
	if (rc != SL_OK || sl_rowset_count((*job_r)->rows) == 0)
		sl_engine_free_job(job_r);
	return rc;
}

static bool journal_says(const struct sl_engine *engine, const struct sl_key *key, struct sl_str what)
{
	const struct sl_row *asked = engine->once ? sl_rowset_find(engine->once, key) : NULL;
	return asked && sl_str_equal(asked->rank, what);
}

/* --- the ancestor ------------------------------------------------------------------------------------------------- */

/* Whether the server said that it was deleted: in the history that base is of, or by a tombstone that is newer than base. An older
 * one is of something that had this key before, or the row was lost with what came after it. */
static bool is_told_deleted(const struct sl_adopting *adopting, const struct sl_key *key)
{
	const struct sl_engine *engine = adopting->engine;
	if (engine->repair.on && !sl_engine_is_other_epoch(engine, adopting->news)
		&& sl_rowset_find(engine->repair.deleted, key))
		return true;
	return adopting->news->version > adopting->base_version && adopting->news->known == adopting->base_version
		&& sl_rowset_find(adopting->tombstones, key) && !journal_says(engine, key, CAME_BACK);
}

/* What is known of a row that the server may hold otherwise than it should. What the row once was here is older than base:
 * what is newer here is offered again, and nobody is asked. Else only what it and base have in common, so that nothing of it
 * is dropped; data of length 0, so that it is offered again, if it is not there. */
static int doubt(const struct sl_adopting *adopting, const struct sl_row *row, struct sl_row *known_r)
{
	const struct sl_row *is = sl_rowset_find(adopting->theirs, &row->key);
	*known_r = *row;
	if (is && !sl_row_same_content(row, is)) {
		*known_r = *is;
		return journal_says(adopting->engine, &row->key, WAS_HERE) ? SL_OK
			: sl_merge_shared(row, is, &adopting->engine->scratch, known_r);
	}
	if (!is && !is_told_deleted(adopting, &row->key))
		known_r->data.length = 0;
	return SL_OK;
}

/* The ancestor for the merge: base, but for rows in doubt; and for those that are missing from a project that was emptied
 * without being cleared, which removes nothing once others go on with theirs. */
int sl_engine_find_ancestor(const struct sl_adopting *adopting, const struct sl_engine_sides *sides, bool doubtful,
	const struct sl_rowset **ancestor_r, struct sl_rowset *shared)
{
	struct sl_engine *engine = adopting->engine;
	bool emptied = sl_engine_would_empty(engine);
	struct sl_rowset *known = sl_rowset_new(&engine->scratch, 64);
	const struct sl_row *row;
	struct sl_row kept;
	size_t cursor = 0;
	int rc = known ? SL_OK : SL_NO_MEMORY;
	*ancestor_r = emptied || doubtful || engine->once ? known : sides->base;
	while (rc == SL_OK && *ancestor_r == known && (row = sl_rowset_next(sides->base, &cursor))) {
		if (emptied && !sl_rowset_find(engine->local, &row->key))
			continue;
		kept = *row;
		if (doubtful)
			rc = doubt(adopting, row, &kept);
		if (rc == SL_OK && kept.data.length && !sl_rowset_put(known, &kept))
			rc = SL_NO_MEMORY;
		if (rc == SL_OK && !sl_row_same_content(row, &kept))
			rc = sl_engine_touch(shared, &row->key);
	}
	for (cursor = 0; rc == SL_OK && *ancestor_r == known && (row = sl_rowset_next(sides->theirs, &cursor));)
		if (journal_says(engine, &row->key, WAS_HERE) && !sl_rowset_put(known, row))
			rc = SL_NO_MEMORY;
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

/* Whether some scene or shot lacks its episode, which no server holds. */
static bool has_orphan(const struct sl_rowset *rows)
{
	const struct sl_row *row;
	size_t cursor = 0;
	while ((row = sl_rowset_next(rows, &cursor))) {
		struct sl_key parent = sl_key_of_episode(row->key.episode);
		if (sl_entity_has_episode(row->key.entity) && !sl_rowset_find(rows, &parent))
			return true;
	}
	return false;
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
	return twice && !has_orphan(adopting->theirs);
}

/* If the server's version is older than it was, what it lacks is lost there, not deleted. That must not be forgotten before
 * the whole state is here, whatever it has caught up with until then: no epoch is called so. */
void sl_engine_ask_for_all(struct sl_engine *engine, int64_t version)
{
	sl_engine_want(engine, SL_WANT_ALL);
	if (version < engine->meta.version)
		engine->meta.epoch = SL_STR("?");
}
