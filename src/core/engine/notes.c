/* Notes of merges, and other things that are stored, as JSON; see private.h. */
#include <string.h>

#include "core/base/utf8.h"
#include "core/engine/json.h"
#include "core/engine/private.h"
#include "core/json/parse.h"
#include "core/json/write.h"
#include "core/schema/validate.h"
#include "core/text/tokens.h"

static const char *const rules[] = { "lww", "counter", "max", "progress", "flag", "text", "list", "object",
	"group" };

#define MOST_WORD 64    /* bytes that are looked back for where a word begins */
#define SLIM_BYTES 2048 /* values that are longer together than this are not stored twice */
#define LENGTH(array) (sizeof(array) / sizeof((array)[0]))

/* --- writing ------------------------------------------------------------------------------------------------------ */

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

/* Whether the values are long, and can be had from the rows before and behind the entry. */
static bool is_in_chain(const struct sl_note *note)
{
	size_t depth = 0;
	for (size_t i = 0; i < note->path.length; i++)
		depth += note->path.bytes[i] == '/' || note->path.bytes[i] == '~' ? 1 + (i > 0) : 0;
	return note->rule == SL_RULE_TEXT && (note->kind == SL_NOTE_VALUE || note->kind == SL_NOTE_BOTH) && depth < 2
		&& note->mine.length + note->result.length > SLIM_BYTES;
}

int sl_engine_write_note(struct sl_engine *engine, const struct sl_note *note, bool chained, struct sl_buf *out)
{
	struct sl_str key;
	bool slim = chained && is_in_chain(note);
	if (sl_engine_row_key(engine, "", &note->key, &key) != SL_OK)
		return SL_NO_MEMORY;
	sl_buf_add_text(out, "{\"key\":");
	sl_json_string(out, key);
	sl_buf_add_text(out, ",\"path\":");
	sl_json_string(out, note->path);
	if (slim)
		sl_buf_add_text(out, ",\"inChain\":true");
	else {
		write_value(out, ",\"base\":", note->base);
		write_value(out, ",\"mine\":", note->mine);
		write_value(out, ",\"theirs\":", note->theirs);
		write_value(out, ",\"result\":", note->result);
	}
	sl_buf_add_text(out, ",\"rule\":\"");
	sl_buf_add_text(out, rules[note->rule]);
	sl_buf_add_char(out, '"');
	sl_buf_add_text(out, ",\"kind\":\"");
	sl_buf_add_text(out, sl_engine_note_kind(note->kind));
	sl_buf_add_char(out, '"');
	write_flag(out, ",\"conflict\":", note->conflict);
	write_flag(out, ",\"open\":", note->open);
	write_hunks(note, out);
	sl_buf_add_char(out, '}');
	return SL_OK;
}

/* --- reading ------------------------------------------------------------------------------------------------------ */

static int copy_text(const json_t *text, struct sl_arena *arena, struct sl_str *text_r)
{
	return sl_arena_copy(arena, sl_json_text(text), text_r);
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

int sl_engine_parse_object(struct sl_str text, json_t **object_r)
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

int sl_engine_read_note(const json_t *object, struct sl_arena *arena, struct sl_note *note_r)
{
	struct { const char *name; struct sl_str *text; } const values[] = { { "base", &note_r->base },
		{ "mine", &note_r->mine }, { "theirs", &note_r->theirs }, { "result", &note_r->result } };
	struct sl_str key;
	*note_r = (struct sl_note){ .open = false };
	int rc = read_text(object, "key", arena, &key);
	if (rc == SL_OK)
		rc = sl_engine_parse_key(key, &note_r->key);
	if (rc == SL_OK)
		rc = read_text(object, "path", arena, &note_r->path);
	for (size_t i = 0; rc == SL_OK && i < LENGTH(values); i++)
		rc = read_value(object, values[i].name, arena, values[i].text);
	note_r->kind = read_kind(object);
	note_r->conflict = json_is_true(json_object_get(object, "conflict"));
	note_r->open = json_is_true(json_object_get(object, "open"));
	if (rc == SL_OK)
		rc = read_hunks(object, arena, note_r);
	return rc == SL_OK ? read_rule(object, &note_r->rule) : rc;
}

/* --- passages ----------------------------------------------------------------------------------------------------- */

/* The first boundary between tokens from `from` on. */
static size_t boundary_from(struct sl_str text, size_t from)
{
	enum sl_text_token token;
	size_t at = from;
	while (at > 0 && text.bytes[at - 1] != '\n' && from - at < MOST_WORD)
		at--;
	while (at < text.length && sl_utf8_is_inside(text.bytes[at]))
		at++;
	while (at < from)
		at = sl_text_token_end(text, at, &token);
	return at;
}

/* The last one up to `to`, seen from `from`, which is one. */
static size_t boundary_up_to(struct sl_str text, size_t from, size_t to)
{
	enum sl_text_token token;
	size_t at = from, end;
	while (at < text.length && (end = sl_text_token_end(text, at, &token)) <= to)
		at = end;
	return at;
}

static int cut_around(struct sl_str text, const struct sl_note_hunk *hunk, size_t most, struct sl_arena *arena,
	struct sl_str *before_r, struct sl_str *after_r)
{
	size_t begin = hunk->at, end = begin + hunk->theirs.length;
	if (end > text.length || end < begin)
		return SL_INTERNAL;
	size_t first = begin > most ? boundary_from(text, begin - most) : 0;
	size_t last = boundary_up_to(text, end, most < text.length - end ? end + most : text.length);
	int rc = first < begin ? sl_arena_copy(arena, (struct sl_str){ text.bytes + first, begin - first }, before_r) : SL_OK;
	return rc == SL_OK && last > end ? sl_arena_copy(arena, (struct sl_str){ text.bytes + end, last - end }, after_r) : rc;
}

int sl_journal_around(const struct sl_note *note, size_t hunk, size_t most, struct sl_arena *arena, struct sl_str *before_r,
	struct sl_str *after_r)
{
	json_t *value = NULL;
	struct sl_err ignored = SL_ERR_INIT;
	*before_r = *after_r = (struct sl_str){ NULL, 0 };
	if (note->rule != SL_RULE_TEXT || hunk >= note->hunk_count || !note->result.length)
		return SL_OK;
	int rc = sl_json_parse(note->result, &value, &ignored);
	if (rc == SL_OK && json_is_string(value))
		rc = cut_around(sl_json_text(value), &note->hunks[hunk], most, arena, before_r, after_r);
	json_decref(value);
	return rc == SL_OK || rc == SL_NO_MEMORY ? rc : SL_INTERNAL;
}
