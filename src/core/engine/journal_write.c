/* Writing the journal; see entries.h. Keeps true: every change of local rows leaves its inverse, in the same batch; entries follow
 * one another without a gap, from revision to revision. The user's own edits share an entry until something else happens,
 * until the app shows the revision between them, or until it grows large, so that a keystroke costs what it changes. */
#include <inttypes.h>
#include <stdio.h>

#include "core/delta/splices.h"
#include "core/engine/private.h"
#include "core/json/write.h"

#define MOST_SHARED ((size_t)8 << 10)   /* bytes of an entry that edits still join, */
#define MOST_MEMORY ((size_t)512 << 10) /* and of what memory it takes meanwhile */

/* --- keys --------------------------------------------------------------------------------------------------------- */

static int pair_key(struct sl_engine *engine, const char *prefix, int64_t id, struct sl_str *key_r)
{
	char text[48];
	int length = snprintf(text, sizeof(text), "%s%012" PRId64, prefix, id);
	return sl_arena_copy(&engine->scratch, (struct sl_str){ text, (size_t)length }, key_r);
}

static int put_pair(struct sl_engine *engine, const char *prefix, int64_t id, const struct sl_buf *text)
{
	struct sl_str key, value;
	int rc = sl_buf_code(text);
	if (rc == SL_OK)
		rc = sl_arena_copy(&engine->scratch, sl_buf_str(text), &value);
	if (rc == SL_OK)
		rc = pair_key(engine, prefix, id, &key);
	return rc == SL_OK ? sl_engine_put(engine, key, value) : SL_NO_MEMORY;
}

int sl_journal_drop(struct sl_engine *engine, int64_t id, int64_t bytes)
{
	struct sl_str body, head;
	int rc = pair_key(engine, "journal/", id, &body);
	if (rc == SL_OK)
		rc = pair_key(engine, "head/", id, &head);
	if (rc == SL_OK)
		rc = sl_engine_remove(engine, body);
	engine->meta.journal_bytes -= bytes;
	return rc == SL_OK ? sl_engine_remove(engine, head) : rc;
}

/* --- an entry in the making ----------------------------------------------------------------------------------------- */

void sl_journal_dispose(struct sl_open_entry *open)
{
	if (open->on) {
		sl_arena_dispose(&open->arena);
		sl_buf_dispose(&open->notes);
	}
	*open = (struct sl_open_entry){ .on = false };
}

int sl_journal_begin(struct sl_open_entry *open, int64_t id, enum sl_cause cause)
{
	*open = (struct sl_open_entry){ .on = true, .id = id, .head = { .cause = cause } };
	sl_arena_init(&open->arena, 0);
	sl_buf_init(&open->notes, SIZE_MAX);
	open->rows = sl_rowset_new(&open->arena, 8);
	open->was = sl_rowset_new(&open->arena, 8);
	open->once = sl_rowset_new(&open->arena, 1);
	return open->rows && open->was && open->once ? SL_OK : SL_NO_MEMORY;
}

static void read_open(const struct sl_open_entry *open, const struct sl_row *row, struct sl_journal_change *change_r)
{
	const struct sl_row *was = sl_rowset_find(open->was, &row->key);
	*change_r = (struct sl_journal_change){ row->key, was->data, row->data.length == 0, row->rank, row->data, row->version,
		was->version, sl_journal_author_in(open, &row->key) };
}

static int put(struct sl_open_entry *open, const struct sl_journal_change *change)
{
	return sl_rowset_put(open->rows, &(struct sl_row){ change->key, change->rank, change->patch, change->from })
		&& sl_rowset_put(open->was, &(struct sl_row){ .key = change->key, .data = change->was, .version = change->to })
		? sl_journal_put_author(open, &change->key, change->author) : SL_NO_MEMORY;
}

static int copy(struct sl_arena *arena, const struct sl_journal_change *change, struct sl_journal_change *copy_r)
{
	*copy_r = *change;
	int rc = sl_key_copy(arena, &change->key, &copy_r->key);
	if (rc == SL_OK)
		rc = sl_arena_copy(arena, change->was, &copy_r->was);
	if (rc == SL_OK)
		rc = sl_arena_copy(arena, change->rank, &copy_r->rank);
	return rc == SL_OK ? sl_arena_copy(arena, change->patch, &copy_r->patch) : rc;
}

int sl_journal_add(struct sl_open_entry *open, const struct sl_journal_change *change, bool newer)
{
	const struct sl_row *known = sl_rowset_find(open->rows, &change->key);
	struct sl_journal_change there, both;
	int rc = copy(&open->arena, change, &both);
	if (rc != SL_OK || !known)
		return rc == SL_OK ? put(open, &both) : rc;
	read_open(open, known, &there);
	struct sl_journal_change added = both;
	rc = newer ? sl_journal_compose(&added, &there, &open->arena, &both)
		: sl_journal_compose(&there, &added, &open->arena, &both);
	both.key = known->key;
	return rc == SL_OK ? put(open, &both) : rc;
}

/* The hashes of a row stand one behind the other, as they do in the body. */
int sl_journal_add_once(struct sl_open_entry *open, const struct sl_key *key, struct sl_str hash)
{
	const struct sl_row *known = sl_rowset_find(open->once, key);
	struct sl_row once = { .version = 0 };
	struct sl_buf text;
	sl_buf_init(&text, SIZE_MAX);
	if (known) {
		sl_buf_add_str(&text, known->data);
		sl_buf_add_char(&text, ',');
	}
	sl_json_string(&text, hash);
	int rc = sl_buf_code(&text) == SL_OK ? sl_arena_copy(&open->arena, sl_buf_str(&text), &once.data) : SL_NO_MEMORY;
	if (rc == SL_OK)
		rc = sl_key_copy(&open->arena, key, &once.key);
	sl_buf_dispose(&text);
	return rc == SL_OK && sl_rowset_put(open->once, &once) ? SL_OK : SL_NO_MEMORY;
}

/* --- the newest entry --------------------------------------------------------------------------------------------- */

void sl_journal_free(struct sl_engine *engine)
{
	sl_journal_dispose(&engine->open);
}

static int begin(struct sl_engine *engine, enum sl_cause cause)
{
	int rc = sl_journal_begin(&engine->open, ++engine->meta.journal_last, cause);
	engine->open.head.from = engine->meta.revision;
	if (!engine->meta.journal_first)
		engine->meta.journal_first = engine->open.id;
	return rc;
}

static bool takes_more(const struct sl_engine *engine, enum sl_cause cause)
{
	const struct sl_open_entry *open = &engine->open;
	if (!open->on || open->head.cause != cause)
		return false;
	return cause != SL_CAUSE_EDIT || open->changed || (open->head.bytes < (int64_t)MOST_SHARED
		&& open->arena.total_bytes < MOST_MEMORY && engine->shown != engine->meta.revision);
}

int sl_journal_open(struct sl_engine *engine, enum sl_cause cause)
{
	if (takes_more(engine, cause))
		return SL_OK;
	int rc = sl_journal_close(engine);
	return rc == SL_OK ? begin(engine, cause) : rc;
}

/* --- changes ------------------------------------------------------------------------------------------------------ */

/* From the row behind the step to the one before it; data of length 0: gone. */
static int work_out(struct sl_engine *engine, const struct sl_row *before, const struct sl_row *after,
	struct sl_journal_change *change_r)
{
	struct sl_str from = { NULL, 0 };
	struct sl_buf patch;
	char hex[SL_DIGEST_HEX] = "";
	*change_r = (struct sl_journal_change){ .key = (after ? after : before)->key, .added = !before,
		.from = engine->meta.revision, .to = engine->meta.revision + 1 };
	if (after) {
		sl_engine_row_hash(after, hex);
		from = after->data;
	}
	if (sl_arena_copy(&engine->scratch, sl_str_from(hex), &change_r->was) != SL_OK)
		return SL_NO_MEMORY;
	if (!before)
		return SL_OK;
	sl_buf_init(&patch, SIZE_MAX);
	int rc = sl_splices_make(from, before->data, &engine->scratch, &patch);
	if (rc == SL_OK)
		rc = sl_arena_copy(&engine->scratch, sl_buf_str(&patch), &change_r->patch);
	sl_buf_dispose(&patch);
	change_r->rank = before->rank;
	return rc;
}

static int add(struct sl_engine *engine, const struct sl_row *before, const struct sl_row *after)
{
	struct sl_open_entry *open = &engine->open;
	struct sl_journal_change change;
	if (!before && !after)
		return SL_OK;
	int rc = work_out(engine, before, after, &change);
	open->head.removes = open->head.removes || (!after && open->head.cause != SL_CAUSE_EDIT);
	open->changed = true;
	if (rc == SL_OK)
		rc = sl_journal_name_author(engine, open, &change.key, &change.author);
	return rc == SL_OK ? sl_journal_add(open, &change, true) : rc;
}

int sl_journal_note_change(struct sl_engine *engine, const struct sl_delta *change, enum sl_cause cause)
{
	const struct sl_row *row;
	size_t cursor = 0;
	if (engine->follower.length || sl_delta_is_empty(change))
		return SL_OK;
	int rc = sl_journal_open(engine, cause);
	while (rc == SL_OK && (row = sl_rowset_next(change->rows, &cursor)))
		rc = add(engine, sl_rowset_find(engine->local, &row->key), row);
	for (size_t i = 0; rc == SL_OK && i < change->deleted_count; i++)
		rc = add(engine, sl_rowset_find(engine->local, &change->deleted[i]), NULL);
	return rc;
}

int sl_journal_note_once(struct sl_engine *engine, const struct sl_row *row, enum sl_cause cause)
{
	struct sl_open_entry *open = &engine->open;
	char hex[SL_DIGEST_HEX];
	if (engine->follower.length)
		return SL_OK;
	int rc = sl_journal_open(engine, cause);
	if (rc != SL_OK)
		return rc;
	open->changed = true;
	sl_engine_row_hash(row, hex);
	return sl_journal_add_once(open, &row->key, sl_str_from(hex));
}

/* As the last member of the note that was written last. */
static void add_note_author(struct sl_buf *notes, size_t author)
{
	if (sl_buf_code(notes) != SL_OK)
		return;
	notes->length--;
	sl_buf_add_text(notes, ",\"by\":");
	sl_buf_add_int(notes, (int64_t)author);
	sl_buf_add_char(notes, '}');
}

static int add_note(struct sl_engine *engine, const struct sl_note *note, bool chained, size_t author)
{
	struct sl_open_entry *open = &engine->open;
	sl_buf_add_text(&open->notes, open->head.notes++ ? "," : "");
	open->head.open += note->open;
	open->head.sets_aside = open->head.sets_aside || note->conflict;
	open->changed = true;
	int rc = sl_engine_write_note(engine, note, chained, &open->notes);
	if (rc == SL_OK && author)
		add_note_author(&open->notes, author);
	return rc == SL_OK ? sl_buf_code(&open->notes) : rc;
}

int sl_journal_note_again(struct sl_engine *engine, const struct sl_note *note)
{
	return engine->open.on ? add_note(engine, note, false, 0) : SL_OK;
}

static int note_one(struct sl_engine *engine, const struct sl_merge *merge, const struct sl_note *note)
{
	struct sl_open_entry *open = &engine->open;
	bool chained = open->head.cause == SL_CAUSE_PULL || open->head.cause == SL_CAUSE_MERGE;
	size_t author;
	int rc = sl_journal_name_author(engine, open, &note->key, &author);
	if (rc == SL_OK)
		rc = add_note(engine, note, chained && sl_rowset_find(open->rows, &note->key), author);
	return rc == SL_OK && note->open ? sl_engine_take_decision(engine, note, merge->rows) : rc;
}

int sl_journal_note_merge(struct sl_engine *engine, const struct sl_merge *merge, enum sl_cause cause)
{
	if (merge->note_count == 0 || engine->follower.length)
		return SL_OK;
	int rc = sl_journal_open(engine, cause);
	for (size_t i = 0; rc == SL_OK && i < merge->note_count; i++)
		rc = note_one(engine, merge, &merge->notes[i]);
	return rc == SL_OK ? sl_engine_set_aside(engine, merge->notes, merge->note_count) : rc;
}

/* --- storing ------------------------------------------------------------------------------------------------------ */

static int write_once(struct sl_engine *engine, const struct sl_open_entry *open, struct sl_buf *out)
{
	const struct sl_row *row;
	size_t cursor = 0;
	struct sl_str key;
	for (const char *before = ""; (row = sl_rowset_next(open->once, &cursor)); before = ",") {
		if (sl_engine_row_key(engine, "", &row->key, &key) != SL_OK)
			return SL_NO_MEMORY;
		sl_buf_add_text(out, before);
		sl_json_string(out, key);
		sl_buf_add_text(out, ":[");
		sl_buf_add_str(out, row->data);
		sl_buf_add_char(out, ']');
	}
	return SL_OK;
}

static int write_body(struct sl_engine *engine, const struct sl_open_entry *open, struct sl_buf *out)
{
	const struct sl_row *row;
	size_t cursor = 0;
	int rc = SL_OK;
	sl_journal_begin_body(&open->head, out);
	for (const char *before = ""; rc == SL_OK && (row = sl_rowset_next(open->rows, &cursor)); before = ",") {
		struct sl_journal_change change;
		read_open(open, row, &change);
		sl_buf_add_text(out, before);
		rc = sl_journal_write_change(engine, &open->head, &change, out);
	}
	sl_buf_add_text(out, "],\"once\":{");
	if (rc == SL_OK)
		rc = write_once(engine, open, out);
	sl_buf_add_text(out, "},\"notes\":[");
	sl_buf_add_str(out, sl_buf_str(&open->notes));
	sl_buf_add_char(out, ']');
	sl_journal_write_authors(open->authors, open->author_count, out);
	sl_buf_add_char(out, '}');
	if (rc == SL_OK)
		rc = sl_buf_code(&open->notes);
	return rc == SL_OK ? sl_buf_code(out) : rc;
}

int sl_journal_store(struct sl_engine *engine, struct sl_open_entry *open)
{
	struct sl_journal_head *head = &open->head;
	struct sl_buf text;
	head->rows = (int64_t)sl_rowset_count(open->rows);
	head->authors = (int64_t)open->author_count;
	sl_buf_init(&text, SIZE_MAX);
	int rc = write_body(engine, open, &text);
	engine->meta.journal_bytes += (int64_t)text.length - head->bytes;
	head->bytes = (int64_t)text.length;
	if (rc == SL_OK)
		rc = put_pair(engine, "journal/", open->id, &text);
	sl_buf_clear(&text);
	sl_journal_write_head(head, &text);
	if (rc == SL_OK)
		rc = put_pair(engine, "head/", open->id, &text);
	sl_buf_dispose(&text);
	return rc;
}

static int tell(struct sl_engine *engine)
{
	struct sl_effect *effect = sl_engine_add_effect(engine, SL_EFFECT_JOURNAL);
	if (!effect)
		return SL_NO_MEMORY;
	effect->journal.id = engine->open.id;
	effect->journal.head = engine->open.head;
	return SL_OK;
}

int sl_journal_write(struct sl_engine *engine)
{
	struct sl_open_entry *open = &engine->open;
	struct sl_journal_head *head = &open->head;
	if (!open->on || !open->changed)
		return SL_OK;
	head->to = engine->meta.revision;
	head->version = engine->meta.version;
	head->time_ms = engine->now_ms;
	head->age_ms = engine->meta.age_ms = engine->age_ms;
	open->changed = false;
	int rc = sl_journal_store(engine, open);
	return rc == SL_OK && head->cause != SL_CAUSE_EDIT ? tell(engine) : rc;
}

int sl_journal_close(struct sl_engine *engine)
{
	int rc = sl_journal_write(engine);
	sl_journal_dispose(&engine->open);
	return rc;
}

int sl_journal_end_event(struct sl_engine *engine)
{
	return engine->open.on && engine->open.head.cause != SL_CAUSE_EDIT ? sl_journal_close(engine) : sl_journal_write(engine);
}
