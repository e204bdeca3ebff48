/* Effects of the engine, and what it keeps, as JSON; see json.h. */
#include "core/engine/json.h"
#include "core/engine/private.h"
#include "core/json/write.h"

#define AROUND_BYTES 120

static void add_number(struct sl_buf *out, const char *name, int64_t number)
{
	sl_buf_add_text(out, name);
	sl_buf_add_int(out, number);
}

static void add_text(struct sl_buf *out, const char *name, struct sl_str text)
{
	sl_buf_add_text(out, name);
	sl_json_string(out, text);
}

static void add_flag(struct sl_buf *out, const char *name, bool flag)
{
	sl_buf_add_text(out, name);
	sl_buf_add_text(out, flag ? "true" : "false");
}

/* --- effects ------------------------------------------------------------------------------------------------------ */

const char *sl_engine_json_word(enum sl_status_word word)
{
	static const char *const words[] = { [SL_STATUS_DISABLED] = "Disabled", [SL_STATUS_OFFLINE] = "Offline",
		[SL_STATUS_ERROR] = "Error", [SL_STATUS_CONFLICT] = "Conflict", [SL_STATUS_SYNCING] = "Syncing",
		[SL_STATUS_SYNCED] = "Synced" };
	return words[word];
}

static void write_store(const struct sl_effect *effect, struct sl_buf *out)
{
	sl_buf_add_text(out, "{\"type\":\"store\",\"writes\":[");
	for (size_t i = 0; i < effect->store.count; i++) {
		const struct sl_write *write = &effect->store.writes[i];
		add_text(out, i ? ",[" : "[", write->key);
		if (!write->remove)
			add_text(out, ",", write->value);
		sl_buf_add_char(out, ']');
	}
	sl_buf_add_text(out, "]}");
}

static void write_send(const struct sl_effect *effect, struct sl_buf *out)
{
	const struct sl_request_effect *request = &effect->send;
	add_number(out, "{\"type\":\"send\",\"id\":", request->id);
	add_text(out, ",\"method\":", sl_str_from(request->method));
	add_text(out, ",\"path\":", request->path);
	sl_buf_add_text(out, ",\"headers\":{");
	for (size_t i = 0; i < request->header_count; i++) {
		add_text(out, i ? "," : "", sl_str_from(request->headers[i].name));
		add_text(out, ":", request->headers[i].value);
	}
	sl_buf_add_char(out, '}');
	if (request->body.length)
		add_text(out, ",\"body\":", request->body);
	sl_buf_add_char(out, '}');
}

static void write_status(const struct sl_status *status, struct sl_buf *out)
{
	add_text(out, "{\"type\":\"status\",\"word\":", sl_str_from(sl_engine_json_word(status->word)));
	add_number(out, ",\"pending\":", (int64_t)status->pending);
	add_number(out, ",\"quarantined\":", (int64_t)status->quarantined);
	add_number(out, ",\"conflicts\":", (int64_t)status->conflicts);
	add_number(out, ",\"lastSync\":", status->last_sync_ms);
	add_number(out, ",\"version\":", status->version);
	add_number(out, ",\"done\":", (int64_t)status->done);
	add_number(out, ",\"total\":", (int64_t)status->total);
	add_number(out, ",\"nextTry\":", status->next_try_ms);
	add_flag(out, ",\"readOnly\":", status->read_only);
	add_text(out, ",\"error\":", sl_str_from(status->error));
	add_text(out, ",\"detail\":", sl_str_from(status->detail));
	add_text(out, ",\"traceId\":", sl_str_from(status->trace_id));
	sl_buf_add_char(out, '}');
}

static void write_delta(const struct sl_delta *delta, struct sl_buf *out)
{
	int rc = sl_delta_write(delta, out);
	if (rc != SL_OK)
		sl_buf_fail(out, rc);
}

static void write_renames(const struct sl_effect *effect, struct sl_buf *out)
{
	for (size_t i = 0; i < effect->changed.rename_count; i++) {
		const struct sl_rename *rename = &effect->changed.renames[i];
		add_text(out, i ? ",{\"entity\":" : ",\"renamed\":[{\"entity\":", sl_str_from(sl_entity_name(rename->from.entity)));
		sl_buf_add_text(out, ",\"from\":");
		sl_key_write(out, &rename->from);
		sl_buf_add_text(out, ",\"to\":");
		sl_key_write(out, &rename->to);
		sl_buf_add_char(out, '}');
	}
	if (effect->changed.rename_count)
		sl_buf_add_char(out, ']');
}

static void write_load(const struct sl_effect *effect, struct sl_buf *out)
{
	add_number(out, "{\"type\":\"load\",\"id\":", effect->load.id);
	add_text(out, ",\"prefix\":", effect->load.prefix);
	add_number(out, ",\"first\":", effect->load.first);
	add_number(out, ",\"last\":", effect->load.last);
	add_number(out, ",\"most\":", (int64_t)effect->load.most);
}

static void write_result(const struct sl_effect *effect, struct sl_buf *out)
{
	add_text(out, "{\"type\":\"result\",\"about\":", sl_str_from(sl_engine_json_event(effect->result.about)));
	add_number(out, ",\"id\":", effect->result.id);
	add_text(out, ",\"error\":", sl_str_from(effect->result.code == SL_OK ? "" : sl_err_word(effect->result.code)));
	add_text(out, ",\"detail\":", sl_str_from(effect->result.detail));
	if (effect->result.delta) {
		sl_buf_add_text(out, ",\"delta\":");
		write_delta(effect->result.delta, out);
	}
}

static void write_effect(const struct sl_effect *effect, struct sl_buf *out)
{
	switch (effect->type) {
	case SL_EFFECT_STORE:
		write_store(effect, out);
		return;
	case SL_EFFECT_SEND:
		write_send(effect, out);
		return;
	case SL_EFFECT_STATUS:
		write_status(&effect->status, out);
		return;
	case SL_EFFECT_LOAD:
		write_load(effect, out);
		break;
	case SL_EFFECT_RESULT:
		write_result(effect, out);
		break;
	case SL_EFFECT_WAKE:
		add_number(out, "{\"type\":\"wake\",\"at\":", effect->wake.at_ms);
		break;
	case SL_EFFECT_CHANGED:
		add_number(out, "{\"type\":\"changed\",\"revision\":", effect->changed.revision);
		sl_buf_add_text(out, ",\"delta\":");
		write_delta(effect->changed.delta, out);
		write_renames(effect, out);
		break;
	case SL_EFFECT_CONFLICT:
		add_number(out, "{\"type\":\"conflict\",\"id\":", effect->conflict.id);
		add_flag(out, ",\"opened\":", effect->conflict.opened);
		break;
	case SL_EFFECT_JOURNAL:
		add_number(out, "{\"type\":\"journal\",\"id\":", effect->journal.id);
		add_flag(out, ",\"going\":", effect->journal.going);
		sl_buf_add_text(out, ",\"head\":");
		sl_engine_json_head(&effect->journal.head, out);
		break;
	}
	sl_buf_add_char(out, '}');
}

int sl_engine_json_write(const struct sl_effects *effects, struct sl_buf *out)
{
	sl_buf_add_char(out, '[');
	for (size_t i = 0; i < effects->count; i++) {
		if (i)
			sl_buf_add_char(out, ',');
		write_effect(&effects->items[i], out);
	}
	sl_buf_add_char(out, ']');
	return sl_buf_code(out);
}

/* --- what is kept ------------------------------------------------------------------------------------------------- */

static void write_key(const struct sl_key *key, struct sl_buf *out)
{
	add_text(out, "\"entity\":", sl_str_from(sl_entity_name(key->entity)));
	sl_buf_add_text(out, ",\"key\":");
	sl_key_write(out, key);
}

static void add_value(struct sl_buf *out, const char *name, struct sl_str value)
{
	if (!value.length)
		return;
	sl_buf_add_text(out, name);
	sl_buf_add_str(out, value);
}

/* A passage with the words around it. */
static void add_around(const struct sl_note *note, size_t hunk, struct sl_buf *out)
{
	struct sl_arena arena;
	struct sl_str before, after;
	sl_arena_init(&arena, 0);
	int rc = sl_journal_around(note, hunk, AROUND_BYTES, &arena, &before, &after);
	if (rc == SL_NO_MEMORY)
		sl_buf_fail(out, rc);
	if (before.length)
		add_text(out, ",\"before\":", before);
	if (after.length)
		add_text(out, ",\"after\":", after);
	sl_arena_dispose(&arena);
}

static void write_hunks(const struct sl_note *note, struct sl_buf *out)
{
	for (size_t i = 0; i < note->hunk_count; i++) {
		const struct sl_note_hunk *hunk = &note->hunks[i];
		add_number(out, i ? ",{\"at\":" : ",\"hunks\":[{\"at\":", (int64_t)hunk->at);
		add_text(out, ",\"base\":", hunk->base);
		add_text(out, ",\"mine\":", hunk->mine);
		add_text(out, ",\"theirs\":", hunk->theirs);
		add_around(note, i, out);
		sl_buf_add_char(out, '}');
	}
	if (note->hunk_count)
		sl_buf_add_char(out, ']');
}

const char *sl_engine_note_kind(enum sl_note_kind kind)
{
	static const char *const names[] = { [SL_NOTE_VALUE] = "value", [SL_NOTE_BOTH] = "both", [SL_NOTE_MOVED] = "moved",
		[SL_NOTE_KEPT] = "kept", [SL_NOTE_RENAMED] = "renamed" };
	return names[kind];
}

void sl_engine_json_note(const struct sl_note *note, struct sl_buf *out)
{
	write_key(&note->key, out);
	add_text(out, ",\"path\":", note->path);
	add_value(out, ",\"base\":", note->base);
	add_value(out, ",\"mine\":", note->mine);
	add_value(out, ",\"theirs\":", note->theirs);
	add_value(out, ",\"result\":", note->result);
	sl_buf_add_text(out, ",\"kind\":\"");
	sl_buf_add_text(out, sl_engine_note_kind(note->kind));
	sl_buf_add_char(out, '"');
	add_flag(out, ",\"conflict\":", note->conflict);
	add_flag(out, ",\"open\":", note->open);
	write_hunks(note, out);
}

int sl_engine_json_conflicts(const struct sl_engine *engine, struct sl_buf *out)
{
	const struct sl_conflict_copy *copy;
	sl_buf_add_char(out, '[');
	for (size_t i = 0; (copy = sl_engine_conflict(engine, i)); i++) {
		add_number(out, i ? ",{\"id\":" : "{\"id\":", copy->id);
		add_number(out, ",\"version\":", copy->version);
		add_number(out, ",\"entry\":", copy->entry);
		sl_buf_add_char(out, ',');
		sl_engine_json_note(&copy->note, out);
		sl_buf_add_char(out, '}');
	}
	sl_buf_add_char(out, ']');
	return sl_buf_code(out);
}

int sl_engine_json_quarantine(const struct sl_engine *engine, struct sl_buf *out)
{
	struct sl_quarantined entry;
	size_t cursor = 0;
	int rc;
	const char *before = "[{";
	while ((rc = sl_engine_next_quarantined(engine, &cursor, &entry)) > 0) {
		sl_buf_add_text(out, before);
		write_key(&entry.key, out);
		add_text(out, ",\"reason\":", sl_str_from(entry.reason));
		sl_buf_add_char(out, '}');
		before = ",{";
	}
	if (rc < 0)
		sl_buf_fail(out, rc);
	sl_buf_add_text(out, before[0] == '[' ? "[]" : "]");
	return sl_buf_code(out);
}

/* --- the journal -------------------------------------------------------------------------------------------------- */

void sl_engine_json_head(const struct sl_journal_head *head, struct sl_buf *out)
{
	add_text(out, "{\"cause\":", sl_str_from(sl_cause_name(head->cause)));
	add_number(out, ",\"time\":", head->time_ms);
	add_number(out, ",\"age\":", head->age_ms);
	add_number(out, ",\"version\":", head->version);
	add_number(out, ",\"bytes\":", head->bytes);
	add_number(out, ",\"from\":", head->from);
	add_number(out, ",\"to\":", head->to);
	add_number(out, ",\"rows\":", head->rows);
	add_number(out, ",\"notes\":", head->notes);
	add_number(out, ",\"open\":", head->open);
	add_flag(out, ",\"setsAside\":", head->sets_aside);
	add_flag(out, ",\"removes\":", head->removes);
	if (head->authors)
		add_number(out, ",\"authors\":", head->authors);
	sl_buf_add_char(out, '}');
}

void sl_engine_json_entry(const struct sl_journal_entry *entry, struct sl_buf *out)
{
	add_text(out, "{\"cause\":", sl_str_from(sl_cause_name(entry->cause)));
	add_number(out, ",\"version\":", entry->version);
	add_number(out, ",\"from\":", entry->from);
	add_number(out, ",\"to\":", entry->to);
	sl_buf_add_text(out, ",\"rows\":[");
	for (size_t i = 0; i < entry->change_count; i++) {
		sl_buf_add_text(out, i ? ",{" : "{");
		write_key(&entry->changes[i].key, out);
		add_flag(out, ",\"added\":", entry->changes[i].added);
		add_flag(out, ",\"removed\":", entry->changes[i].was.length == 0);
		if (entry->changes[i].author)
			add_number(out, ",\"author\":", (int64_t)entry->changes[i].author - 1);
		sl_buf_add_char(out, '}');
	}
	sl_buf_add_text(out, "],\"notes\":[");
	for (size_t i = 0; i < entry->note_count; i++) {
		sl_buf_add_text(out, i ? ",{" : "{");
		sl_engine_json_note(&entry->notes[i], out);
		if (entry->note_authors[i])
			add_number(out, ",\"author\":", (int64_t)entry->note_authors[i] - 1);
		sl_buf_add_char(out, '}');
	}
	sl_buf_add_char(out, ']');
	sl_journal_write_authors(entry->authors, entry->author_count, out);
	sl_buf_add_char(out, '}');
}
