/* Edits and documents that were made on a revision that only the journal reaches; see private.h. Keeps true: an edit is in the store
 * below "inbox/" until it is in the rows, so that neither a crash nor a host that closes loses it; if the journal does not
 * reach back so far either, the edit is merged with what it and the rows have in common, and overwrites nothing. Rules:
 * merge.md "Client engine" 2. */
#include "core/engine/private.h"

#include <inttypes.h>
#include <stdio.h>

#define WAITING "inbox/=/" /* no follower has this name */

static int key_of(struct sl_engine *engine, int64_t number, struct sl_str *key_r)
{
	char text[40];
	int length = snprintf(text, sizeof(text), WAITING "%012" PRId64, number);
	return sl_arena_copy(&engine->scratch, (struct sl_str){ text, (size_t)length }, key_r);
}

/* --- back in time ------------------------------------------------------------------------------------------------- */

static int take_entry(struct sl_engine *engine, struct sl_job *job, int64_t id, struct sl_str body)
{
	struct sl_journal_entry entry;
	(void)id;
	int rc = sl_journal_read(body, &engine->scratch, &entry);
	if (rc == SL_OK)
		rc = sl_engine_walk_back(engine, job, &entry);
	if (rc == SL_OK)
		job->reached = entry.from <= job->revision;
	return rc == SL_OK ? !job->reached : rc;
}

/* --- at the end --------------------------------------------------------------------------------------------------- */

static int finish(struct sl_engine *engine, struct sl_job *job, bool complete)
{
	struct sl_edit edit = { .delta = job->text, .before = job->other, .revision = job->revision, .again = true, .waited = true,
		.past = job->rows, .doubts = job->doubts, .doubtful = !complete || !job->reached };
	struct sl_err err = SL_ERR_INIT;
	struct sl_str key;
	int code = sl_engine_edit(engine, &edit, &err);
	if (code == SL_NO_MEMORY || code == SL_INTERNAL)
		return code;
	int rc = key_of(engine, job->id, &key);
	if (rc == SL_OK)
		rc = sl_engine_remove(engine, key);
	return rc == SL_OK ? sl_engine_tell_result(engine, SL_EVENT_EDIT, job->id, code, err.message, NULL) : rc;
}

static const struct sl_job_kind edit_job = { .take = take_entry, .finish = finish, .walks = true };

static int add_keys(struct sl_job *job, const struct sl_delta *delta)
{
	const struct sl_row *row;
	size_t cursor = 0;
	int rc = SL_OK;
	while (rc == SL_OK && (row = sl_rowset_next(delta->rows, &cursor))) {
		struct sl_key parent = sl_key_of_episode(row->key.episode);
		rc = sl_engine_add_job_key(job, &row->key);
		if (rc == SL_OK && sl_entity_has_episode(row->key.entity))
			rc = sl_engine_add_job_key(job, &parent);
	}
	for (size_t i = 0; rc == SL_OK && i < delta->deleted_count; i++)
		rc = sl_engine_add_job_key(job, &delta->deleted[i]);
	return rc;
}

static void add_value(struct sl_buf *out, const char *name, struct sl_str value)
{
	if (!value.length)
		return;
	sl_buf_add_text(out, name);
	sl_buf_add_str(out, value);
}

static int put_edit(struct sl_engine *engine, int64_t number, const struct sl_edit *edit)
{
	struct sl_str key, value;
	struct sl_buf out;
	sl_buf_init(&out, SIZE_MAX);
	sl_buf_add_text(&out, "{\"revision\":");
	sl_buf_add_int(&out, edit->revision);
	add_value(&out, ",\"before\":", edit->before);
	add_value(&out, ",\"delta\":", edit->delta);
	sl_buf_add_char(&out, '}');
	int rc = sl_buf_code(&out) == SL_OK ? sl_arena_copy(&engine->scratch, sl_buf_str(&out), &value) : SL_NO_MEMORY;
	sl_buf_dispose(&out);
	if (rc == SL_OK)
		rc = key_of(engine, number, &key);
	return rc == SL_OK ? sl_engine_put(engine, key, value) : rc;
}

int sl_engine_wait(struct sl_engine *engine, int64_t number, const struct sl_edit *edit, const struct sl_delta *delta)
{
	struct sl_job *job;
	int rc = sl_engine_new_job(&edit_job, &job);
	if (rc != SL_OK)
		return rc;
	rc = sl_arena_copy(&job->arena, edit->delta, &job->text);
	if (rc == SL_OK && edit->before.length)
		rc = sl_arena_copy(&job->arena, edit->before, &job->other);
	if (rc == SL_OK)
		rc = add_keys(job, delta);
	job->revision = edit->revision;
	job->id = number ? number : engine->meta.next_id++;
	if (rc == SL_OK && !number)
		rc = put_edit(engine, job->id, edit);
	if (rc == SL_OK)
		sl_engine_queue_job(engine, job);
	else
		sl_engine_free_job(&job);
	return rc;
}

/* --- documents ---------------------------------------------------------------------------------------------------- */

static int finish_replacement(struct sl_engine *engine, struct sl_job *job, bool complete)
{
	struct sl_err err = SL_ERR_INIT;
	int code = SL_NOT_FOUND;
	if (!complete || !job->reached)
		sl_err_set(&err, SL_NOT_FOUND, "that revision is too old: read the rows again");
	else
		code = sl_engine_replace(engine, &(struct sl_replacement){ job->text, job->revision, job->exact, job->rows,
			job->doubts }, &err);
	if (code == SL_NO_MEMORY || code == SL_INTERNAL)
		return code;
	return sl_engine_tell_result(engine, SL_EVENT_REPLACE, job->revision, code, err.message, NULL);
}

static const struct sl_job_kind replacement_job = { .take = take_entry, .finish = finish_replacement, .walks = true };

int sl_engine_wait_replacement(struct sl_engine *engine, const struct sl_replacement *replacement)
{
	struct sl_job *job;
	int rc = sl_engine_new_job(&replacement_job, &job);
	if (rc != SL_OK)
		return rc;
	rc = sl_arena_copy(&job->arena, replacement->document, &job->text);
	job->revision = replacement->revision;
	job->exact = replacement->exact;
	job->everything = true;
	if (rc == SL_OK)
		sl_engine_queue_job(engine, job);
	else
		sl_engine_free_job(&job);
	return rc;
}
