/* Undoing an entry of the journal; see private.h. Keeps true: an undo is a merge, whose ancestor are the rows as the entry left
 * them, so that nothing that came later is overwritten; and it is an entry itself. The entry is read first, then all newer ones,
 * which tell what its rows were like behind it. Rules: merge.md "The journal". */
#include "core/engine/private.h"

#include "core/json/parse.h"
#include "core/json/write.h"

static int tell(struct sl_engine *engine, const struct sl_job *job, int code, const char *detail)
{
	return sl_engine_tell_result(engine, SL_EVENT_UNDO, job->id, code, detail, NULL);
}

/* --- the merge ---------------------------------------------------------------------------------------------------- */

/* The rows of an entry, and what else a merge of them has to know. All in scratch. */
struct undoing {
	struct sl_engine *engine;
	const struct sl_journal_entry *entry;
	struct sl_rowset *keys;
	struct sl_rowset *behind, *before, *now; /* the entry; and as they are */
};

static int set_out(struct undoing *undoing, struct sl_job *job)
{
	struct sl_arena *arena = &undoing->engine->scratch;
	const struct sl_row *row;
	size_t cursor = 0;
	undoing->keys = sl_rowset_new(arena, 16);
	undoing->behind = sl_rowset_new(arena, 16);
	while (undoing->keys && undoing->behind && (row = sl_rowset_next(job->rows, &cursor)))
		if (sl_engine_touch(undoing->keys, &row->key) != SL_OK
			|| (row->data.length && !sl_rowset_put(undoing->behind, row)))
			return SL_NO_MEMORY;
	undoing->now = undoing->keys ? sl_engine_narrow(undoing->engine->local, undoing->keys, arena) : NULL;
	undoing->before = undoing->behind ? sl_rowset_clone(undoing->behind, arena) : NULL;
	return undoing->now && undoing->before ? SL_OK : SL_NO_MEMORY;
}

/* Whether a note of a new key is about this one: the old key, the new one, or one of an episode that has another number. */
static bool is_about(const struct sl_note *note, const struct sl_key *key, struct sl_str name)
{
	const struct sl_key episode = sl_key_of_episode(key->episode);
	return note->kind == SL_NOTE_RENAMED && (sl_key_equal(&note->key, key) || sl_key_equal(&note->key, &episode)
		|| sl_str_equal(note->result, name));
}

/* 1 if a merge gave the row another key, or another row its key: that stays so, since by now others know both. 0 if not. */
static int is_renamed(const struct undoing *undoing, const struct sl_key *key)
{
	const struct sl_key episode = sl_key_of_episode(key->episode);
	struct sl_buf name, number;
	bool renamed = false;
	sl_buf_init(&name, SIZE_MAX);
	sl_buf_init(&number, SIZE_MAX);
	sl_key_write(&name, key);
	sl_key_write(&number, &episode);
	int rc = sl_buf_code(&name) == SL_OK ? sl_buf_code(&number) : sl_buf_code(&name);
	for (size_t i = 0; rc == SL_OK && !renamed && i < undoing->entry->note_count; i++) {
		const struct sl_note *note = &undoing->entry->notes[i];
		bool of_episode = note->key.entity == SL_EPISODES && key->entity != SL_EPISODES;
		renamed = is_about(note, key, sl_buf_str(of_episode ? &number : &name));
	}
	sl_buf_dispose(&name);
	sl_buf_dispose(&number);
	return rc == SL_OK ? renamed : rc;
}

/* The rows that the walk was about, as they were before the entry. */
static int step_back(struct undoing *undoing)
{
	int rc = SL_OK;
	for (size_t i = 0; rc == SL_OK && i < undoing->entry->change_count; i++) {
		const struct sl_journal_change *change = &undoing->entry->changes[i];
		const struct sl_row *known = sl_rowset_find(undoing->behind, &change->key);
		struct sl_row row = known ? *known : (struct sl_row){ .key = change->key };
		int renamed = sl_rowset_find(undoing->keys, &change->key) ? is_renamed(undoing, &change->key) : 1;
		if (renamed != 0) {
			rc = renamed < 0 ? renamed : SL_OK;
			continue;
		}
		rc = sl_journal_step_back(change, &row, &undoing->engine->scratch);
		if (rc == SL_OK && !row.data.length)
			sl_rowset_remove(undoing->before, &row.key);
		else if (rc == SL_OK && !sl_rowset_put(undoing->before, &row))
			rc = SL_NO_MEMORY;
	}
	return rc;
}

/* Long values are not in the note, but in the rows. */
static int complete_note(const struct undoing *undoing, struct sl_note *note)
{
	const struct sl_row *row = sl_rowset_find(undoing->before, &note->key);
	struct sl_err ignored = SL_ERR_INIT;
	json_t *object = NULL;
	if (note->base.length || note->mine.length || note->theirs.length || note->result.length || !row)
		return SL_OK;
	note->mine = row->data;
	if (!note->path.length)
		return SL_OK;
	int rc = sl_json_parse(row->data, &object, &ignored);
	const json_t *value = json_object_getn(object, note->path.bytes + 1, note->path.length - 1);
	note->mine = (struct sl_str){ NULL, 0 };
	if (rc == SL_OK && value)
		rc = sl_json_copy(value, &undoing->engine->scratch, &note->mine);
	json_decref(object);
	return rc == SL_OK || rc == SL_NO_MEMORY ? rc : SL_INTERNAL;
}

/* One value as it was on this device before the merge, the rest as the merge left it. */
static int narrow_to_note(struct undoing *undoing, size_t number, struct sl_err *err)
{
	struct sl_arena *arena = &undoing->engine->scratch;
	struct sl_delta edit;
	struct sl_note note;
	if (number > undoing->entry->note_count)
		return sl_err_set(err, SL_NOT_FOUND, "the entry has no such note");
	note = undoing->entry->notes[number - 1];
	if (note.kind == SL_NOTE_RENAMED)
		return sl_err_set(err, SL_INVALID, "what got another key keeps it");
	int rc = complete_note(undoing, &note);
	undoing->before = sl_rowset_clone(undoing->behind, arena);
	if (rc == SL_OK)
		rc = undoing->before ? sl_merge_reverse(&note, undoing->engine->base, undoing->behind, arena, &edit, err) : SL_NO_MEMORY;
	return rc == SL_OK ? sl_delta_apply(&edit, undoing->before, arena) : rc;
}

/* Scenes and shots of an episode that the entry added, which came into it later: it does not go without them. */
static int add_later(struct undoing *undoing)
{
	const struct sl_row *row;
	size_t cursor = 0;
	bool removes = false;
	while (!removes && (row = sl_rowset_next(undoing->behind, &cursor)))
		removes = row->key.entity == SL_EPISODES && !sl_rowset_find(undoing->before, &row->key);
	for (cursor = 0; removes && (row = sl_rowset_next(undoing->engine->local, &cursor));) {
		const struct sl_key episode = sl_key_of_episode(row->key.episode);
		if (sl_entity_has_episode(row->key.entity) && !sl_rowset_find(undoing->keys, &row->key)
			&& sl_rowset_find(undoing->behind, &episode) && !sl_rowset_find(undoing->before, &episode)
			&& (!sl_rowset_put(undoing->now, row) || sl_engine_touch(undoing->keys, &row->key) != SL_OK))
			return SL_NO_MEMORY;
	}
	return SL_OK;
}

/* Siblings are the same on all sides, but those of the entry. */
static int add_siblings(struct undoing *undoing)
{
	struct sl_engine *engine = undoing->engine;
	struct sl_rowset *wide = sl_rowset_clone(undoing->keys, &engine->scratch);
	const struct sl_row *key, *row;
	size_t cursor = 0;
	int rc = wide ? sl_engine_widen(engine, &(struct sl_engine_sides){ undoing->behind, undoing->before, undoing->now }, wide)
		: SL_NO_MEMORY;
	while (rc == SL_OK && (key = sl_rowset_next(wide, &cursor))) {
		row = sl_rowset_find(engine->local, &key->key);
		if (row && !sl_rowset_find(undoing->keys, &key->key)
			&& (!sl_rowset_put(undoing->behind, row) || !sl_rowset_put(undoing->before, row)
				|| !sl_rowset_put(undoing->now, row)))
			rc = SL_NO_MEMORY;
	}
	return rc;
}

static int merge(struct undoing *undoing, struct sl_err *err)
{
	struct sl_engine *engine = undoing->engine;
	const struct sl_merge_options options = { .episodes_above = engine->meta.last_episode,
		.rank_prefix = sl_engine_rank_prefix(engine), .taken = { engine->local, engine->base } };
	struct sl_merge merge;
	int rc = add_later(undoing);
	if (rc == SL_OK)
		rc = add_siblings(undoing);
	if (rc == SL_OK)
		rc = sl_merge(undoing->behind, undoing->before, undoing->now, &options, &engine->scratch, &merge, err);
	if (rc == SL_OK)
		rc = sl_engine_apply_edit(engine, &merge.push, SL_CAUSE_UNDO);
	if (rc == SL_OK)
		rc = sl_engine_note_renames(engine, &merge);
	engine->counts.merges++;
	return rc == SL_OK ? sl_journal_note_merge(engine, &merge, SL_CAUSE_UNDO) : rc;
}

/* --- the walk ----------------------------------------------------------------------------------------------------- */

static int take_newer(struct sl_engine *engine, struct sl_job *job, int64_t id, struct sl_str body)
{
	struct sl_journal_entry entry;
	(void)id;
	int rc = sl_journal_read(body, &engine->scratch, &entry);
	if (rc == SL_OK)
		rc = sl_engine_walk_back(engine, job, &entry);
	return rc == SL_OK ? 1 : rc;
}

static int finish_walk(struct sl_engine *engine, struct sl_job *job, bool complete)
{
	struct sl_journal_entry entry;
	struct undoing undoing = { .engine = engine, .entry = &entry };
	struct sl_err err = SL_ERR_INIT;
	int rc = complete ? sl_journal_read(job->text, &engine->scratch, &entry) : SL_INTERNAL;
	if (rc == SL_OK)
		rc = set_out(&undoing, job);
	if (rc == SL_OK)
		rc = step_back(&undoing);
	if (rc == SL_INTERNAL)
		return tell(engine, job, SL_INTERNAL, "the journal is damaged between this entry and now");
	if (rc == SL_OK && job->note)
		rc = narrow_to_note(&undoing, job->note, &err);
	if (rc == SL_NOT_FOUND || rc == SL_INVALID)
		return tell(engine, job, rc, err.message);
	if (rc == SL_OK)
		rc = merge(&undoing, &err);
	return rc == SL_OK ? tell(engine, job, SL_OK, "") : rc;
}

static const struct sl_job_kind walk_job = { .take = take_newer, .finish = finish_walk, .walks = true };

static int add_key(struct sl_job *job, const struct sl_key *key)
{
	struct sl_key parent = sl_key_of_episode(key->episode);
	int rc = sl_engine_add_job_key(job, key);
	return rc == SL_OK && sl_entity_has_episode(key->entity) ? sl_engine_add_job_key(job, &parent) : rc;
}

/* The rows that the entry, or its note, is about. */
static int add_keys(struct sl_job *job, const struct sl_journal_entry *entry)
{
	int rc = SL_OK;
	if (job->note)
		return job->note <= entry->note_count ? add_key(job, &entry->notes[job->note - 1].key) : SL_OK;
	for (size_t i = 0; rc == SL_OK && i < entry->change_count; i++)
		rc = add_key(job, &entry->changes[i].key);
	return rc;
}

/* --- the entry ---------------------------------------------------------------------------------------------------- */

static int take_body(struct sl_engine *engine, struct sl_job *job, int64_t id, struct sl_str body)
{
	(void)engine;
	(void)id;
	int rc = sl_arena_copy(&job->arena, body, &job->text);
	return rc == SL_OK ? 0 : rc;
}

static int finish_read(struct sl_engine *engine, struct sl_job *job, bool complete)
{
	struct sl_journal_entry entry;
	struct sl_job *walk = NULL;
	(void)complete;
	if (!job->text.length)
		return tell(engine, job, SL_NOT_FOUND, "there is no such entry any more");
	int rc = sl_journal_read(job->text, &engine->scratch, &entry);
	if (rc == SL_INTERNAL)
		return tell(engine, job, rc, "the entry is damaged");
	if (rc == SL_OK)
		rc = sl_engine_new_job(&walk_job, &walk);
	if (rc != SL_OK)
		return rc;
	walk->id = job->id;
	walk->note = job->note;
	walk->first = job->id + 1;
	rc = sl_arena_copy(&walk->arena, job->text, &walk->text);
	if (rc == SL_OK)
		rc = add_keys(walk, &entry);
	if (rc == SL_OK)
		sl_engine_queue_job_first(engine, walk);
	else
		sl_engine_free_job(&walk);
	return rc;
}

static const struct sl_job_kind read_job = { .take = take_body, .finish = finish_read };

int sl_engine_undo(struct sl_engine *engine, int64_t entry, size_t note, struct sl_err *err)
{
	struct sl_job *job;
	if (entry < 1 || entry < engine->meta.journal_first || entry > engine->meta.journal_last)
		return sl_err_set(err, SL_NOT_FOUND, "the journal has no such entry");
	int rc = sl_engine_new_job(&read_job, &job);
	if (rc != SL_OK)
		return rc;
	job->id = job->first = job->last = entry;
	job->note = note;
	sl_engine_queue_job(engine, job);
	return SL_OK;
}
