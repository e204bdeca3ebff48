/* Conflict copies and receipts of the engine, as JSON texts by id; see private.h. Keeps true: what is open
 * stays until it is resolved, and no two copies hold the same words for the same place (lessons: Syncthing, Joplin);
 * receipts are bounded. Rules: merge.md, "Receipts". */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "core/engine/json.h"
#include "core/engine/private.h"
#include "core/json/parse.h"
#include "core/json/write.h"
#include "core/schema/validate.h"

static const char *const prefixes[SL_RECORDS] = { "conflict/", "receipt/", "backup/merge/", "backup/own/" };
static const char *const rules[] = { "lww", "counter", "max", "progress", "flag", "text", "list", "object",
	"group" };

#define LENGTH(array) (sizeof(array) / sizeof((array)[0]))

const char *sl_engine_record_prefix(enum sl_record_kind kind)
{
	return prefixes[kind];
}

/* --- the list ----------------------------------------------------------------------------------------------------- */

int sl_engine_record_key(struct sl_engine *engine, enum sl_record_kind kind, int64_t id, struct sl_str *key_r)
{
	char text[48];
	int length = snprintf(text, sizeof(text), "%s%012" PRId64, prefixes[kind], id);
	return sl_arena_copy(&engine->scratch, (struct sl_str){ text, (size_t)length }, key_r);
}

int sl_engine_add_record(struct sl_engine *engine, enum sl_record_kind kind, struct sl_record record)
{
	struct sl_records *records = &engine->records[kind];
	struct sl_record *items = sl_arena_grow(engine->arena, records->items, records->count, &records->capacity,
		sizeof(*items));
	if (!items)
		return SL_NO_MEMORY;
	records->items = items;
	size_t at = records->count++;
	for (; at > 0 && records->items[at - 1].id > record.id; at--)
		records->items[at] = records->items[at - 1];
	records->items[at] = record;
	return SL_OK;
}

struct sl_record *sl_engine_find_record(struct sl_engine *engine, enum sl_record_kind kind, int64_t id)
{
	struct sl_records *records = &engine->records[kind];
	for (size_t i = 0; i < records->count; i++)
		if (records->items[i].id == id)
			return &records->items[i];
	return NULL;
}

static int remove_record(struct sl_engine *engine, enum sl_record_kind kind, size_t at)
{
	struct sl_records *records = &engine->records[kind];
	struct sl_str key;
	int rc = sl_engine_record_key(engine, kind, records->items[at].id, &key);
	records->count--;
	memmove(&records->items[at], &records->items[at + 1], (records->count - at) * sizeof(records->items[0]));
	return rc == SL_OK ? sl_engine_remove(engine, key) : rc;
}

int sl_engine_keep_record(struct sl_engine *engine, enum sl_record_kind kind, const struct sl_buf *text,
	const struct sl_key *key, size_t most, int64_t *id_r)
{
	struct sl_record record = { .id = engine->meta.next_id++ };
	struct sl_str name;
	int rc = sl_buf_code(text) == SL_OK ? sl_engine_keep(engine, sl_buf_str(text), &record.text) : SL_NO_MEMORY;
	if (rc == SL_OK && key)
		rc = sl_key_copy(engine->arena, key, &record.key);
	if (rc == SL_OK)
		rc = sl_engine_record_key(engine, kind, record.id, &name);
	if (rc == SL_OK)
		rc = sl_engine_put(engine, name, record.text);
	if (rc == SL_OK)
		rc = sl_engine_add_record(engine, kind, record);
	while (rc == SL_OK && most && engine->records[kind].count > most)
		rc = remove_record(engine, kind, 0);
	*id_r = record.id;
	return rc;
}

/* --- receipts ----------------------------------------------------------------------------------------------------- */

static void write_value(struct sl_buf *out, const char *name, struct sl_str value)
{
	if (!value.length)
		return;
	sl_buf_add_text(out, name);
	sl_buf_add_str(out, value);
}

static void write_flag(struct sl_buf *out, const char *name, bool flag)
{
	sl_buf_add_text(out, name);
	sl_buf_add_text(out, flag ? "true" : "false");
}

static void write_hunks(const struct sl_note *note, struct sl_buf *out)
{
	for (size_t i = 0; i < note->hunk_count; i++) {
		const struct sl_note_hunk *hunk = &note->hunks[i];
		sl_buf_add_text(out, i ? ",[" : ",\"hunks\":[[");
		sl_buf_add_int(out, (int64_t)hunk->at);
		sl_buf_add_char(out, ',');
		sl_json_string(out, hunk->base);
		sl_buf_add_char(out, ',');
		sl_json_string(out, hunk->mine);
		sl_buf_add_char(out, ',');
		sl_json_string(out, hunk->theirs);
		sl_buf_add_char(out, ']');
	}
	if (note->hunk_count)
		sl_buf_add_char(out, ']');
}

static int write_receipt(struct sl_engine *engine, const struct sl_note *receipt, struct sl_buf *out)
{
	struct sl_str key;
	if (sl_engine_row_key(engine, "", &receipt->key, &key) != SL_OK)
		return SL_NO_MEMORY;
	sl_buf_add_text(out, "{\"key\":");
	sl_json_string(out, key);
	sl_buf_add_text(out, ",\"path\":");
	sl_json_string(out, receipt->path);
	write_value(out, ",\"base\":", receipt->base);
	write_value(out, ",\"mine\":", receipt->mine);
	write_value(out, ",\"theirs\":", receipt->theirs);
	write_value(out, ",\"result\":", receipt->result);
	sl_buf_add_text(out, ",\"rule\":\"");
	sl_buf_add_text(out, rules[receipt->rule]);
	sl_buf_add_char(out, '"');
	sl_buf_add_text(out, ",\"kind\":\"");
	sl_buf_add_text(out, sl_engine_note_kind(receipt->kind));
	sl_buf_add_char(out, '"');
	write_flag(out, ",\"conflict\":", receipt->conflict);
	write_flag(out, ",\"open\":", receipt->open);
	write_hunks(receipt, out);
	sl_buf_add_text(out, ",\"version\":");
	sl_buf_add_int(out, engine->meta.version);
	sl_buf_add_char(out, '}');
	return SL_OK;
}

static int copy_text(const json_t *text, struct sl_arena *arena, struct sl_str *text_r)
{
	return sl_arena_copy(arena, (struct sl_str){ json_string_value(text), json_string_length(text) }, text_r);
}

static int read_text(const json_t *object, const char *name, struct sl_arena *arena, struct sl_str *text_r)
{
	return copy_text(json_object_get(object, name), arena, text_r);
}

static int read_value(const json_t *object, const char *name, struct sl_arena *arena, struct sl_str *text_r)
{
	const json_t *value = json_object_get(object, name);
	*text_r = (struct sl_str){ NULL, 0 };
	return value ? sl_json_copy(value, arena, text_r) : SL_OK;
}

static int read_rule(const json_t *object, enum sl_rule *rule_r)
{
	const char *name = json_string_value(json_object_get(object, "rule"));
	for (size_t i = 0; name && i < LENGTH(rules); i++)
		if (strcmp(name, rules[i]) == 0) {
			*rule_r = (enum sl_rule)i;
			return SL_OK;
		}
	return SL_INTERNAL;
}

int64_t sl_engine_stored_number(const json_t *object, const char *name)
{
	double number = json_number_value(json_object_get(object, name));
	return number >= -SL_SAFE_INTEGER && number <= SL_SAFE_INTEGER ? (int64_t)number : 0;
}

int sl_engine_stored_delta(const json_t *object, const char *name, struct sl_arena *arena, struct sl_delta *delta_r)
{
	const json_t *value = json_object_get(object, name);
	struct sl_err ignored = SL_ERR_INIT;
	struct sl_faults faults;
	int rc = value ? sl_validate_structure(value, "", SIZE_MAX, arena, &faults, &ignored) : SL_INTERNAL;
	if (rc == SL_OK)
		rc = sl_delta_from_json(value, arena, delta_r, &ignored);
	return rc == SL_OK || rc == SL_NO_MEMORY ? rc : SL_INTERNAL;
}

int sl_engine_parse_record(struct sl_str text, json_t **object_r)
{
	struct sl_err ignored = SL_ERR_INIT;
	int rc = sl_json_parse(text, object_r, &ignored);
	if (rc != SL_OK)
		return rc == SL_NO_MEMORY ? rc : SL_INTERNAL;
	return json_is_object(*object_r) ? SL_OK : SL_INTERNAL;
}

static enum sl_note_kind read_kind(const json_t *object)
{
	const char *name = json_string_value(json_object_get(object, "kind"));
	for (int kind = SL_NOTE_VALUE; name && kind <= SL_NOTE_RENAMED; kind++)
		if (strcmp(name, sl_engine_note_kind((enum sl_note_kind)kind)) == 0)
			return (enum sl_note_kind)kind;
	return SL_NOTE_VALUE;
}

static int read_hunks(const json_t *object, struct sl_arena *arena, struct sl_note *note)
{
	const json_t *list = json_object_get(object, "hunks");
	struct sl_note_hunk *hunks = sl_arena_zalloc(arena, json_array_size(list) + 1, sizeof(*hunks));
	int rc = hunks ? SL_OK : SL_NO_MEMORY;
	for (size_t i = 0; rc == SL_OK && i < json_array_size(list); i++) {
		const json_t *parts = json_array_get(list, i);
		double at = json_number_value(json_array_get(parts, 0));
		hunks[i].at = at >= 0 && at <= SL_SAFE_INTEGER ? (size_t)at : 0;
		rc = copy_text(json_array_get(parts, 1), arena, &hunks[i].base);
		if (rc == SL_OK)
			rc = copy_text(json_array_get(parts, 2), arena, &hunks[i].mine);
		if (rc == SL_OK)
			rc = copy_text(json_array_get(parts, 3), arena, &hunks[i].theirs);
	}
	note->hunks = hunks;
	note->hunk_count = json_array_size(list);
	return rc;
}

static int read_receipt(const json_t *object, struct sl_arena *arena, struct sl_note *receipt_r)
{
	struct { const char *name; struct sl_str *text; } const values[] = { { "base", &receipt_r->base },
		{ "mine", &receipt_r->mine }, { "theirs", &receipt_r->theirs }, { "result", &receipt_r->result } };
	struct sl_str key;
	int rc = read_text(object, "key", arena, &key);
	if (rc == SL_OK)
		rc = sl_engine_parse_key(key, &receipt_r->key);
	if (rc == SL_OK)
		rc = read_text(object, "path", arena, &receipt_r->path);
	for (size_t i = 0; rc == SL_OK && i < LENGTH(values); i++)
		rc = read_value(object, values[i].name, arena, values[i].text);
	receipt_r->kind = read_kind(object);
	receipt_r->conflict = json_is_true(json_object_get(object, "conflict"));
	receipt_r->open = json_is_true(json_object_get(object, "open"));
	if (rc == SL_OK)
		rc = read_hunks(object, arena, receipt_r);
	return rc == SL_OK ? read_rule(object, &receipt_r->rule) : rc;
}

int sl_engine_read_receipt(const struct sl_record *record, struct sl_arena *arena, struct sl_kept_receipt *receipt_r)
{
	json_t *object = NULL;
	int rc = sl_engine_parse_record(record->text, &object);
	*receipt_r = (struct sl_kept_receipt){ .id = record->id };
	if (rc == SL_OK)
		rc = read_receipt(object, arena, &receipt_r->note);
	receipt_r->version = sl_engine_stored_number(object, "version");
	json_decref(object);
	return rc;
}

/* --- open decisions ----------------------------------------------------------------------------------------------- */

static int note_conflict(struct sl_engine *engine, int64_t id, bool opened)
{
	struct sl_effect *effect = sl_engine_add_effect(engine, SL_EFFECT_CONFLICT);
	if (!effect)
		return SL_NO_MEMORY;
	effect->conflict.id = id;
	effect->conflict.opened = opened;
	return SL_OK;
}

/* An effect of this step that announces the conflict; NULL if there is none. */
static struct sl_effect *find_announcement(struct sl_engine *engine, int64_t id)
{
	for (size_t i = engine->effect_count; i > 0; i--) {
		struct sl_effect *effect = &engine->effects[i - 1];
		if (effect->type == SL_EFFECT_CONFLICT && effect->conflict.opened && effect->conflict.id == id)
			return effect;
	}
	return NULL;
}

/* A conflict that this step opened and closed is not told of at all: there is nothing to ask. */
static int note_closed(struct sl_engine *engine, int64_t id)
{
	struct sl_effect *announced = find_announcement(engine, id);
	if (!announced)
		return note_conflict(engine, id, false);
	size_t behind = (size_t)(engine->effects + --engine->effect_count - announced);
	memmove(announced, announced + 1, behind * sizeof(*announced));
	return SL_OK;
}

/* A row as [rank, data], in the place of the brace that closes the object. */
static void add_row(struct sl_buf *out, const char *name, const struct sl_row *row)
{
	if (!row->data.length)
		return;
	out->length--;
	sl_buf_add_text(out, name);
	sl_json_string(out, row->rank);
	sl_buf_add_char(out, ',');
	sl_buf_add_str(out, row->data);
	sl_buf_add_text(out, "]}");
}

int sl_engine_open_decision(struct sl_engine *engine, const struct sl_decision *decision)
{
	struct sl_buf text;
	int64_t id = 0;
	sl_buf_init(&text, SIZE_MAX);
	int rc = write_receipt(engine, &decision->note, &text);
	if (rc == SL_OK)
		rc = sl_buf_code(&text);
	if (rc == SL_OK) {
		add_row(&text, ",\"row\":[", &decision->row);
		add_row(&text, ",\"parent\":[", &decision->parent);
		rc = sl_engine_keep_record(engine, SL_RECORD_CONFLICT, &text, &decision->note.key, 0, &id);
	}
	sl_buf_dispose(&text);
	return rc == SL_OK ? note_conflict(engine, id, true) : rc;
}

static int read_row(const json_t *object, const char *name, struct sl_key key, struct sl_arena *arena,
	struct sl_row *row_r)
{
	const json_t *parts = json_object_get(object, name), *data = json_array_get(parts, 1);
	*row_r = (struct sl_row){ .key = key };
	if (!data)
		return SL_OK;
	int rc = copy_text(json_array_get(parts, 0), arena, &row_r->rank);
	return rc == SL_OK ? sl_json_copy(data, arena, &row_r->data) : rc;
}

int sl_engine_read_decision(const struct sl_record *record, struct sl_arena *arena, struct sl_decision *decision_r)
{
	json_t *object = NULL;
	int rc = sl_engine_parse_record(record->text, &object);
	*decision_r = (struct sl_decision){ .row = { .version = 0 } };
	if (rc == SL_OK)
		rc = read_receipt(object, arena, &decision_r->note);
	if (rc == SL_OK)
		rc = read_row(object, "row", decision_r->note.key, arena, &decision_r->row);
	if (rc == SL_OK)
		rc = read_row(object, "parent", sl_key_of_episode(decision_r->note.key.episode), arena, &decision_r->parent);
	json_decref(object);
	return rc;
}

int sl_engine_keep_receipts(struct sl_engine *engine, const struct sl_merge *merge)
{
	struct sl_buf text;
	int64_t id;
	int rc = SL_OK;
	sl_buf_init(&text, SIZE_MAX);
	for (size_t i = 0; rc == SL_OK && i < merge->note_count; i++) {
		const struct sl_note *note = &merge->notes[i];
		sl_buf_clear(&text);
		rc = write_receipt(engine, note, &text);
		if (rc == SL_OK && note->open)
			rc = sl_engine_take_decision(engine, note, merge->rows);
		if (rc == SL_OK)
			rc = sl_engine_keep_record(engine, SL_RECORD_RECEIPT, &text, NULL, engine->config.receipts_kept,
				&id);
	}
	sl_buf_dispose(&text);
	return rc;
}

int sl_engine_close_conflict(struct sl_engine *engine, int64_t id)
{
	const struct sl_record *record = sl_engine_find_record(engine, SL_RECORD_CONFLICT, id);
	if (!record)
		return SL_OK;
	size_t at = (size_t)(record - engine->records[SL_RECORD_CONFLICT].items);
	int rc = remove_record(engine, SL_RECORD_CONFLICT, at);
	return rc == SL_OK ? note_closed(engine, id) : rc;
}
