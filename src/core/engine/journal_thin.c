/* Making the journal smaller, once it has grown; see entries.h. Keeps true: what remains still leads back from the rows as they
 * are without a gap, and knows each state that a row had behind an entry; words that somebody may want again stay for their
 * time, of which no clock decides; of the rest, neighbours become one, and only the oldest end is ever cut; the app knows before
 * words go. Heads are read from the newest downwards until there is something to be done, then that is done, then reading goes on
 * below it, so memory doesn't grow with the journal. Rules: merge.md "The journal". */
#include "core/engine/private.h"

#include "core/json/parse.h"
#include "core/json/write.h"

#define CARE_ENTRIES 64                /* so many new entries are reason enough to look */
#define RUN_BYTES ((int64_t)256 << 10) /* an entry that was made of others takes no more than about this */
#define LARGE_REPLACEMENT 16           /* rows: an import, rather than an app that saves whole documents */

/* --- what goes together ------------------------------------------------------------------------------------------- */

static bool is_large(const struct sl_journal_head *head)
{
	return head->cause == SL_CAUSE_CLEAR || head->cause == SL_CAUSE_RESTORE
		|| (head->cause == SL_CAUSE_REPLACE && head->rows > LARGE_REPLACEMENT);
}

static int64_t age_of(const struct sl_engine *engine, const struct sl_journal_head *head)
{
	return engine->age_ms - head->age_ms;
}

static bool is_over(const struct sl_engine *engine)
{
	return engine->meta.journal_bytes > (int64_t)engine->config.journal_bytes;
}

/* Whether the entry stays as it is for the time being. */
static bool is_kept(const struct sl_engine *engine, int64_t id, const struct sl_journal_head *head)
{
	if (!head->sets_aside && !head->removes && !is_large(head))
		return false;
	return age_of(engine, head) < engine->config.journal_ms || (head->sets_aside && id > engine->told_before);
}

/* Entries of one bucket become one; 0: those stay. The lower bits are the width, so that no two widths share a bucket. */
static int64_t bucket_of(const struct sl_engine *engine, const struct sl_journal_head *head)
{
	int64_t hour = engine->config.thin_ms, age = age_of(engine, head);
	if (is_over(engine))
		return age < hour / 6 ? 0 : head->age_ms / (168 * hour) * 4 + 3;
	if (age < hour)
		return 0;
	if (age < 24 * hour)
		return head->age_ms / hour * 4 + 1;
	return age < 168 * hour ? head->age_ms / (24 * hour) * 4 + 2 : head->age_ms / (168 * hour) * 4 + 3;
}

/* --- one out of several ------------------------------------------------------------------------------------------- */

static int look(struct sl_engine *engine, int64_t last);

static int add_once(struct sl_open_entry *entry, const json_t *object)
{
	const json_t *hashes, *hash;
	const char *name;
	size_t index;
	int rc = SL_OK;
	json_object_foreach((json_t *)json_object_get(object, "once"), name, hashes) {
		struct sl_key key;
		if (sl_engine_parse_key(sl_str_from(name), &key) != SL_OK)
			return SL_INTERNAL;
		json_array_foreach(hashes, index, hash)
			if (rc == SL_OK && json_is_string(hash))
				rc = sl_journal_add_once(entry, &key, sl_json_text(hash));
	}
	return rc;
}

/* The author of the note in the entry that it goes to. */
static int move_author(json_t *note, size_t author)
{
	if (!author)
		return json_object_del(note, "by") == 0 ? SL_OK : SL_INTERNAL;
	return json_object_set_new(note, "by", json_integer((json_int_t)author)) == 0 ? SL_OK : SL_NO_MEMORY;
}

/* What merges did stays to be seen until its time is over. */
static int add_notes(struct sl_open_entry *entry, const json_t *object, const struct sl_journal_entry *older, const size_t *authors)
{
	json_t *note;
	size_t index;
	int rc = SL_OK;
	json_array_foreach(json_object_get(object, "notes"), index, note) {
		if (json_object_get(note, "by"))
			rc = move_author(note, authors[older->note_authors[index]]);
		if (rc != SL_OK)
			return rc;
		sl_buf_add_text(&entry->notes, entry->head.notes++ ? "," : "");
		sl_json_write(&entry->notes, note);
		entry->head.open += json_is_true(json_object_get(note, "open"));
		entry->head.sets_aside = entry->head.sets_aside || json_is_true(json_object_get(note, "conflict"));
	}
	return SL_OK;
}

/* By their places in the older entry, those in this one. Where there is no room for all, the newest have it. */
static int join_authors(struct sl_open_entry *entry, const struct sl_journal_entry *older, size_t authors[SL_JOURNAL_AUTHORS + 1])
{
	int rc = SL_OK;
	authors[0] = 0;
	for (size_t i = 0; rc == SL_OK && i < older->author_count; i++)
		rc = sl_journal_join_author(entry, &older->authors[i], &authors[i + 1]);
	return rc;
}

/* Puts the entry before all that is there. */
static int add_older(struct sl_open_entry *entry, const struct sl_journal_entry *older, const size_t *authors)
{
	int rc = SL_OK;
	for (size_t i = 0; rc == SL_OK && i < older->change_count; i++) {
		struct sl_journal_change change = older->changes[i];
		change.author = authors[change.author];
		if (sl_rowset_find(entry->rows, &change.key) && change.was.length)
			rc = sl_journal_add_once(entry, &change.key, change.was);
		if (rc == SL_OK)
			rc = sl_journal_add(entry, &change, false);
	}
	return rc;
}

static int take_body(struct sl_engine *engine, struct sl_job *job, int64_t id, struct sl_str body)
{
	struct sl_open_entry *entry = &job->entry;
	struct sl_journal_entry older;
	size_t authors[SL_JOURNAL_AUTHORS + 1];
	json_t *object = NULL;
	int rc = sl_engine_parse_object(body, &object);
	if (rc == SL_OK)
		rc = sl_journal_read_object(object, &engine->scratch, &older);
	if (rc == SL_OK && !entry->on) {
		rc = sl_journal_begin(entry, id, older.cause);
		entry->head.version = older.version;
		entry->head.to = older.to;
		entry->head.bytes = (int64_t)body.length;
	} else if (rc == SL_OK) {
		entry->head.cause = entry->head.cause == older.cause ? older.cause : SL_CAUSE_SEVERAL;
		job->run.dropped[job->run.drops] = (struct sl_dropped_entry){ id, (int64_t)body.length };
		job->run.drops++;
	}
	if (rc == SL_OK)
		rc = join_authors(entry, &older, authors);
	if (rc == SL_OK)
		rc = add_older(entry, &older, authors);
	if (rc == SL_OK)
		rc = add_once(entry, object);
	if (rc == SL_OK && engine->age_ms - job->run.age_ms < engine->config.journal_ms)
		rc = add_notes(entry, object, &older, authors);
	entry->head.from = older.from;
	json_decref(object);
	return rc == SL_OK ? job->run.drops < SL_MOST_RUN - 1 : rc;
}

static int finish_run(struct sl_engine *engine, struct sl_job *job, bool complete)
{
	struct sl_open_entry *entry = &job->entry;
	struct sl_run *run = &job->run;
	int rc = SL_OK;
	if (complete && run->drops) { /* what can't be read stays as it is */
		entry->head.age_ms = run->age_ms;
		entry->head.time_ms = run->time_ms;
		entry->head.removes = run->removes;
		rc = sl_journal_store(engine, entry);
		for (size_t i = 0; rc == SL_OK && i < run->drops; i++)
			rc = sl_journal_drop(engine, run->dropped[i].id, run->dropped[i].bytes);
		if (engine->meta.journal_first >= run->oldest)
			engine->meta.journal_first = entry->id;
	}
	return rc == SL_OK ? look(engine, run->oldest - 1) : rc;
}

static const struct sl_job_kind run_job = { .take = take_body, .finish = finish_run };

/* --- the oldest end ----------------------------------------------------------------------------------------------- */

static int tell_going(struct sl_engine *engine, int64_t id, const struct sl_journal_head *head)
{
	struct sl_effect *effect = sl_engine_add_effect(engine, SL_EFFECT_JOURNAL);
	if (!effect)
		return SL_NO_MEMORY;
	engine->meta.journal_told = id;
	effect->journal.id = id;
	effect->journal.going = true;
	effect->journal.head = *head;
	return SL_OK;
}

/* Of the page, heads of the oldest entries; the last one is the oldest. */
static int take_oldest(struct sl_engine *engine, struct sl_job *job, int64_t id, struct sl_str value)
{
	struct sl_run *run = &job->run;
	struct sl_journal_head head;
	int rc = sl_journal_read_head(value, &head);
	(void)engine;
	if (rc != SL_OK)
		return rc;
	run->heads[run->drops] = head;
	run->dropped[run->drops++] = (struct sl_dropped_entry){ id, head.bytes };
	return run->drops < SL_MOST_RUN;
}

static int cut(struct sl_engine *engine);

static int finish_cut(struct sl_engine *engine, struct sl_job *job, bool complete)
{
	struct sl_run *run = &job->run;
	int rc = SL_OK;
	for (size_t i = run->drops; rc == SL_OK && complete && i > 0 && is_over(engine); i--) {
		const struct sl_dropped_entry *oldest = &run->dropped[i - 1];
		if (run->heads[i - 1].sets_aside && oldest->id > engine->told_before)
			return tell_going(engine, oldest->id, &run->heads[i - 1]);
		rc = sl_journal_drop(engine, oldest->id, oldest->bytes);
		engine->meta.journal_first = oldest->id + 1;
	}
	if (rc != SL_OK || !complete || !is_over(engine))
		return rc;
	engine->meta.journal_first = job->last + 1;
	return cut(engine);
}

static const struct sl_job_kind cut_job = { .take = take_oldest, .finish = finish_cut, .heads = true };

/* The newest entry stays, whatever it takes. */
static int cut(struct sl_engine *engine)
{
	struct sl_engine_meta *meta = &engine->meta;
	struct sl_job *job;
	if (!is_over(engine) || meta->journal_first >= meta->journal_last)
		return SL_OK;
	int rc = sl_engine_new_job(&cut_job, &job);
	if (rc != SL_OK)
		return rc;
	job->first = meta->journal_first;
	job->last = meta->journal_first + SL_MOST_RUN - 1 < meta->journal_last ? meta->journal_first + SL_MOST_RUN - 1
		: meta->journal_last - 1;
	sl_engine_queue_job_first(engine, job);
	return SL_OK;
}

/* --- looking for something to do ---------------------------------------------------------------------------------- */

static void begin_run(struct sl_run *run, int64_t id, const struct sl_journal_head *head, int64_t bucket)
{
	*run = (struct sl_run){ .newest = id, .oldest = id, .bucket = bucket, .count = 1, .bytes = head->bytes,
		.age_ms = head->age_ms, .time_ms = head->time_ms, .removes = head->removes };
}

static bool joins(const struct sl_run *run, const struct sl_journal_head *head, int64_t bucket)
{
	return run->count > 0 && bucket && bucket == run->bucket && run->count < SL_MOST_RUN
		&& run->bytes + head->bytes <= RUN_BYTES;
}

static int take_head(struct sl_engine *engine, struct sl_job *job, int64_t id, struct sl_str value)
{
	struct sl_run *run = &job->run;
	struct sl_journal_head head;
	int rc = sl_journal_read_head(value, &head);
	if (rc != SL_OK)
		return rc;
	bool kept = is_kept(engine, id, &head);
	int64_t bucket = kept ? 0 : bucket_of(engine, &head);
	if (kept && age_of(engine, &head) >= engine->config.journal_ms && id > engine->meta.journal_told)
		rc = tell_going(engine, id, &head);
	if (joins(run, &head, bucket)) {
		run->oldest = id;
		run->bytes += head.bytes;
		run->removes = run->removes || head.removes;
		run->count++;
		return rc == SL_OK ? 1 : rc;
	}
	if (rc != SL_OK || run->count > 1)
		return rc;
	if (bucket)
		begin_run(run, id, &head, bucket);
	else
		*run = (struct sl_run){ .count = 0 };
	return 1;
}

static int finish_look(struct sl_engine *engine, struct sl_job *job, bool complete)
{
	struct sl_job *next;
	if (!complete || job->run.count < 2)
		return complete ? cut(engine) : SL_OK;
	int rc = sl_engine_new_job(&run_job, &next);
	if (rc != SL_OK)
		return rc;
	next->run = job->run;
	next->first = job->run.oldest;
	next->last = job->run.newest;
	sl_engine_queue_job_first(engine, next);
	return SL_OK;
}

static const struct sl_job_kind look_job = { .take = take_head, .finish = finish_look, .heads = true };

/* From this entry downwards. */
static int look(struct sl_engine *engine, int64_t last)
{
	struct sl_job *job;
	int rc = sl_engine_new_job(&look_job, &job);
	if (rc != SL_OK)
		return rc;
	job->last = last;
	sl_engine_queue_job_first(engine, job);
	return SL_OK;
}

int sl_journal_care(struct sl_engine *engine)
{
	struct sl_engine_meta *meta = &engine->meta;
	int64_t since = meta->journal_last - meta->journal_cared;
	if (engine->jobs || engine->follower.length || (since < CARE_ENTRIES && !(is_over(engine) && since > 0)))
		return SL_OK;
	meta->journal_cared = meta->journal_last;
	engine->told_before = meta->journal_told;
	return look(engine, meta->journal_last);
}
