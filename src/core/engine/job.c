/* Jobs: what needs entries of the journal, whose bodies are in the host's store; see private.h. Keeps true: one job runs at
 * a time and asks for one page at a time, newest entries first; it holds only the rows that it is about, as they were
 * behind the entry that it saw last, so memory does not grow with the journal; what changes here while it runs is
 * not taken for what was there when it began. A crash ends a job: whoever needs it begins it again. */
#include "core/engine/private.h"

#include <stdlib.h>

#define PAGE_ENTRIES 32               /* at most, … */
#define PAGE_BYTES ((int64_t)1 << 20) /* … and about so much at once */
#define PAGE_HEADS 256
#define JOB_SLACK ((size_t)1 << 20)

int sl_engine_new_job(const struct sl_job_kind *kind, struct sl_job **job_r)
{
	struct sl_job *job = *job_r = calloc(1, sizeof(*job));
	if (!job)
		return SL_NO_MEMORY;
	job->kind = kind;
	sl_arena_init(&job->arena, 0);
	sl_arena_init(&job->pasts[0], 0);
	sl_arena_init(&job->pasts[1], 0);
	job->past = &job->pasts[0];
	job->first = 1;
	job->last = INT64_MAX;
	job->rows = sl_rowset_new(&job->arena, 16);
	job->keys = sl_rowset_new(&job->arena, 8);
	job->doubts = sl_rowset_new(&job->arena, 1);
	if (job->rows && job->keys && job->doubts)
		return SL_OK;
	sl_engine_free_job(job_r);
	return SL_NO_MEMORY;
}

void sl_engine_free_job(struct sl_job **job)
{
	if (!*job)
		return;
	sl_arena_dispose(&(*job)->arena);
	sl_arena_dispose(&(*job)->pasts[0]);
	sl_arena_dispose(&(*job)->pasts[1]);
	sl_journal_dispose(&(*job)->entry);
	free(*job);
	*job = NULL;
}

void sl_engine_queue_job(struct sl_engine *engine, struct sl_job *job)
{
	struct sl_job **end = &engine->jobs;
	while (*end)
		end = &(*end)->following;
	*end = job;
}

void sl_engine_queue_job_first(struct sl_engine *engine, struct sl_job *job)
{
	job->following = engine->jobs;
	engine->jobs = job;
}

void sl_engine_free_jobs(struct sl_engine *engine)
{
	while (engine->jobs) {
		struct sl_job *job = engine->jobs;
		engine->jobs = job->following;
		sl_engine_free_job(&job);
	}
}

bool sl_engine_has_job(const struct sl_engine *engine, const struct sl_job_kind *kind)
{
	for (const struct sl_job *job = engine->jobs; job; job = job->following)
		if (job->kind == kind)
			return true;
	return false;
}

bool sl_engine_is_walking(const struct sl_engine *engine)
{
	return engine->jobs && engine->jobs->begun;
}

/* --- rows as they were -------------------------------------------------------------------------------------------- */

/* The row as it is here, under the job's care; data of length 0 for one that is not there. */
int sl_engine_hold_row(struct sl_engine *engine, struct sl_job *job, const struct sl_key *key)
{
	const struct sl_row *now = sl_rowset_find(engine->local, key);
	struct sl_row held = { .version = 0 };
	if (sl_rowset_find(job->rows, key))
		return SL_OK;
	int rc = sl_key_copy(&job->arena, key, &held.key);
	if (rc == SL_OK && now)
		rc = sl_arena_copy(job->past, now->rank, &held.rank);
	if (rc == SL_OK && now)
		rc = sl_arena_copy(job->past, now->data, &held.data);
	return rc == SL_OK && sl_rowset_put(job->rows, &held) ? SL_OK : SL_NO_MEMORY;
}

int sl_engine_hold_rows(struct sl_engine *engine, const struct sl_delta *change)
{
	struct sl_job *job = engine->jobs;
	const struct sl_row *row;
	size_t cursor = 0;
	int rc = SL_OK;
	if (!sl_engine_is_walking(engine) || !job->kind->walks)
		return SL_OK;
	while (rc == SL_OK && (row = sl_rowset_next(change->rows, &cursor)))
		rc = sl_engine_hold_row(engine, job, &row->key);
	for (size_t i = 0; rc == SL_OK && i < change->deleted_count; i++)
		rc = sl_engine_hold_row(engine, job, &change->deleted[i]);
	return rc;
}

/* Only the last text of each row counts: the others are freed once they outweigh those. */
static int compact(struct sl_job *job)
{
	struct sl_arena *old = job->past;
	struct sl_row *row;
	size_t cursor = 0;
	int rc = SL_OK;
	if (old->total_bytes < job->compact_at)
		return SL_OK;
	job->past = old == &job->pasts[0] ? &job->pasts[1] : &job->pasts[0];
	while (rc == SL_OK && (row = sl_rowset_next(job->rows, &cursor))) {
		rc = sl_arena_copy(job->past, row->rank, &row->rank);
		if (rc == SL_OK)
			rc = sl_arena_copy(job->past, row->data, &row->data);
	}
	if (rc == SL_OK)
		sl_arena_dispose(old);
	job->compact_at = 2 * job->past->total_bytes + JOB_SLACK;
	return rc;
}

/* A step of several edits holds how to get behind all of them, and not between two of them. */
static int step_back(struct sl_job *job, const struct sl_journal_change *change)
{
	struct sl_row *row = sl_rowset_find(job->rows, &change->key);
	struct sl_row doubt = { .version = 0 };
	if (!row || change->to <= job->revision)
		return SL_OK;
	if (change->from >= job->revision)
		return sl_journal_step_back(change, row, job->past);
	int rc = sl_key_copy(&job->arena, &change->key, &doubt.key);
	return rc == SL_OK && sl_rowset_put(job->doubts, &doubt) ? SL_OK : SL_NO_MEMORY;
}

int sl_engine_walk_back(struct sl_engine *engine, struct sl_job *job, const struct sl_journal_entry *entry)
{
	int rc = SL_OK;
	for (size_t i = 0; rc == SL_OK && i < entry->change_count; i++) {
		const struct sl_journal_change *change = &entry->changes[i];
		if (job->everything)
			rc = sl_engine_hold_row(engine, job, &change->key);
		if (rc == SL_OK)
			rc = step_back(job, change);
	}
	return rc == SL_OK ? compact(job) : rc;
}

int sl_engine_add_job_key(struct sl_job *job, const struct sl_key *key)
{
	struct sl_row row = { .version = 0 };
	if (sl_rowset_find(job->keys, key))
		return SL_OK;
	int rc = sl_key_copy(&job->arena, key, &row.key);
	return rc == SL_OK && sl_rowset_put(job->keys, &row) ? SL_OK : SL_NO_MEMORY;
}

/* --- page by page ------------------------------------------------------------------------------------------------- */

/* As many as are likely to be of moderate size together. */
static size_t bodies_at_once(const struct sl_engine_meta *meta)
{
	int64_t entries = meta->journal_last - meta->journal_first + 1;
	int64_t most = meta->journal_bytes > 0 ? entries * PAGE_BYTES / meta->journal_bytes : PAGE_ENTRIES;
	return most < 1 ? 1 : most > PAGE_ENTRIES ? PAGE_ENTRIES : (size_t)most;
}

static int ask(struct sl_engine *engine, struct sl_job *job)
{
	struct sl_effect *effect = sl_engine_add_effect(engine, SL_EFFECT_LOAD);
	if (!effect)
		return SL_NO_MEMORY;
	job->page = ++engine->last_page;
	effect->load.id = job->page;
	effect->load.prefix = job->kind->heads ? SL_STR("head/") : SL_STR("journal/");
	effect->load.first = job->first;
	effect->load.last = job->next;
	effect->load.most = job->kind->heads ? PAGE_HEADS : bodies_at_once(&engine->meta);
	return SL_OK;
}

static int finish(struct sl_engine *engine, bool complete)
{
	struct sl_job *job = engine->jobs;
	engine->jobs = job->following;
	int rc = job->kind->finish(engine, job, complete);
	sl_engine_free_job(&job);
	return rc;
}

static int begin(struct sl_engine *engine, struct sl_job *job)
{
	const struct sl_row *key;
	size_t cursor = 0;
	int rc = sl_journal_close(engine);
	job->begun = true;
	job->first = job->first > engine->meta.journal_first ? job->first : engine->meta.journal_first;
	job->next = job->last < engine->meta.journal_last ? job->last : engine->meta.journal_last;
	while (rc == SL_OK && (key = sl_rowset_next(job->keys, &cursor)))
		rc = sl_engine_hold_row(engine, job, &key->key);
	return rc;
}

int sl_engine_run_jobs(struct sl_engine *engine)
{
	while (engine->jobs) {
		struct sl_job *job = engine->jobs;
		int rc = job->begun ? SL_OK : begin(engine, job);
		if (rc != SL_OK || job->page)
			return rc;
		if (job->next > 0 && job->next >= job->first)
			return ask(engine, job);
		rc = finish(engine, true);
		if (rc != SL_OK)
			return rc;
	}
	return SL_OK;
}

/* 1: there may be more; 0: the job has what it needs, or can't go on. */
static int take_page(struct sl_engine *engine, struct sl_job *job, const struct sl_event *event, bool *sound_r)
{
	int rc = 1;
	*sound_r = event->loaded.count > 0 || event->loaded.complete;
	for (size_t i = 0; rc > 0 && *sound_r && i < event->loaded.count; i++) {
		const struct sl_pair *pair = &event->loaded.pairs[i];
		int64_t id = sl_journal_number(pair->key);
		*sound_r = id >= job->first && id <= job->next && (pair->key.bytes[0] == 'h') == job->kind->heads;
		if (!*sound_r)
			break;
		job->next = id - 1;
		rc = job->kind->take(engine, job, id, pair->value);
		*sound_r = rc != SL_INTERNAL;
	}
	if (rc == SL_INTERNAL || !*sound_r)
		return 0;
	return rc > 0 ? !event->loaded.complete : rc;
}

int sl_engine_loaded(struct sl_engine *engine, const struct sl_event *event)
{
	struct sl_job *job = engine->jobs;
	bool sound;
	if (!job || !job->page || event->loaded.id != job->page)
		return SL_OK;
	job->page = 0;
	int rc = take_page(engine, job, event, &sound);
	return rc == 0 ? finish(engine, sound) : rc < 0 ? rc : SL_OK;
}

int sl_engine_tell_result(struct sl_engine *engine, enum sl_event_type about, int64_t id, int code, const char *detail,
	const struct sl_delta *delta)
{
	struct sl_effect *effect = sl_engine_add_effect(engine, SL_EFFECT_RESULT);
	struct sl_str text = { "", 0 };
	if (!effect || sl_arena_copy(&engine->scratch, sl_str_from(detail), &text) != SL_OK)
		return SL_NO_MEMORY;
	effect->result.about = about;
	effect->result.id = id;
	effect->result.code = code;
	effect->result.detail = text.bytes;
	effect->result.delta = delta;
	return SL_OK;
}
