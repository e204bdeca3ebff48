/* Words that merges set aside, on their way to the server; see private.h. Keeps true: they are stored in the batch of the merge, go
 * with the next pushes, and are forgotten here once a push that carried them was taken; what finds no room stays in the journal
 * alone. They are stored under "aside" as a JSON array of the items of a push's `setAside`, the oldest first. Rules: merge.md "The
 * journal", protocol.md "edits". */
#include "core/engine/private.h"

#include "core/json/parse.h"
#include "core/json/write.h"
#include "core/schema/validate.h"

static const char member[] = ",\"setAside\":";

/* --- keeping them --------------------------------------------------------------------------------------------------- */

/* A text as it is, or one that is JSON already; anything else is no words of a person. */
struct words {
	struct sl_str text;
	bool is_json;
};

static bool is_words(struct sl_str value)
{
	return value.length > 2 && value.bytes[0] == '"';
}

static struct words words_in(struct sl_str value)
{
	return (struct words){ is_words(value) ? value : SL_STR("\"\""), true };
}

static void add_words(struct sl_buf *out, const char *name, struct words words)
{
	sl_buf_add_text(out, name);
	if (words.is_json)
		sl_buf_add_str(out, words.text);
	else
		sl_json_string(out, words.text);
}

/* Adds the item, unless the list would get too long. */
static void add_item(const struct sl_note *note, struct words base, struct words mine, struct words theirs, struct sl_buf *list)
{
	size_t before = list->length;
	sl_buf_add_text(list, before > 1 ? ",{\"entity\":\"" : "{\"entity\":\"");
	sl_buf_add_text(list, sl_entity_name(note->key.entity));
	sl_buf_add_text(list, "\",\"key\":");
	sl_key_write(list, &note->key);
	sl_buf_add_text(list, ",\"path\":");
	sl_json_string(list, note->path);
	add_words(list, ",\"base\":", base);
	add_words(list, ",\"mine\":", mine);
	add_words(list, ",\"theirs\":", theirs);
	sl_buf_add_char(list, '}');
	if (list->length >= SL_SET_ASIDE_BYTES)
		list->length = before;
}

static void add_note(const struct sl_note *note, struct sl_buf *list)
{
	if (!note->conflict)
		return;
	for (size_t i = 0; i < note->hunk_count; i++)
		if (note->hunks[i].mine.length)
			add_item(note, (struct words){ note->hunks[i].base, false }, (struct words){ note->hunks[i].mine, false },
				(struct words){ note->hunks[i].theirs, false }, list);
	if (note->hunk_count == 0 && note->kind == SL_NOTE_VALUE && is_words(note->mine))
		add_item(note, words_in(note->base), words_in(note->mine), words_in(note->theirs), list);
}

int sl_engine_set_aside(struct sl_engine *engine, const struct sl_note *notes, size_t count)
{
	struct sl_buf list;
	int rc = SL_OK;
	sl_buf_init(&list, SIZE_MAX);
	sl_buf_add_char(&list, '[');
	if (engine->aside.length)
		sl_buf_add(&list, engine->aside.bytes + 1, engine->aside.length - 2);
	size_t before = list.length;
	for (size_t i = 0; i < count; i++)
		add_note(&notes[i], &list);
	bool has_grown = list.length > before;
	sl_buf_add_char(&list, ']');
	if (sl_buf_code(&list) != SL_OK)
		rc = SL_NO_MEMORY;
	else if (has_grown)
		rc = sl_engine_keep(engine, sl_buf_str(&list), &engine->aside);
	sl_buf_dispose(&list);
	return rc;
}

/* --- sending them --------------------------------------------------------------------------------------------------- */

static int read_list(struct sl_str text, json_t **list_r)
{
	struct sl_err ignored = SL_ERR_INIT;
	*list_r = NULL;
	int rc = sl_json_parse(text, list_r, &ignored);
	return rc == SL_OK || rc == SL_NO_MEMORY ? rc : SL_INTERNAL;
}

/* The first items of the list, as many as take no more than `room` bytes with all that stands around them. */
static int add_first(struct sl_str text, size_t room, struct sl_buf *out)
{
	json_t *list, *item;
	struct sl_buf one;
	size_t index, bytes = sizeof(member) + 2, begun = out->length;
	int rc = read_list(text, &list);
	sl_buf_init(&one, SIZE_MAX);
	json_array_foreach(list, index, item) {
		sl_buf_clear(&one);
		sl_json_write(&one, item);
		bytes += one.length + 1;
		if (sl_buf_code(&one) != SL_OK || bytes > room)
			break;
		sl_buf_add_text(out, index ? "," : member);
		if (!index)
			sl_buf_add_char(out, '[');
		sl_buf_add_str(out, sl_buf_str(&one));
	}
	if (out->length > begun)
		sl_buf_add_char(out, ']');
	if (rc == SL_OK && sl_buf_code(&one) != SL_OK)
		rc = SL_NO_MEMORY;
	sl_buf_dispose(&one);
	json_decref(list);
	return rc;
}

int sl_engine_write_aside(struct sl_engine *engine, size_t room, struct sl_buf *out)
{
	if (!engine->aside.length)
		return SL_OK;
	if (engine->aside.length + sizeof(member) > room)
		return add_first(engine->aside, room, out);
	sl_buf_add_text(out, member);
	sl_buf_add_str(out, engine->aside);
	return SL_OK;
}

/* How many items the operation carries. */
static int count_carried(const struct sl_engine *engine, size_t *count_r)
{
	json_t *body;
	int rc = read_list(engine->op.body, &body);
	*count_r = json_array_size(json_object_get(body, "setAside"));
	json_decref(body);
	return rc;
}

int sl_engine_forget_aside(struct sl_engine *engine)
{
	json_t *list = NULL, *item;
	struct sl_buf left;
	size_t index, count;
	if (!engine->aside.length || !engine->op.body.length)
		return 0;
	int rc = count_carried(engine, &count);
	if (rc != SL_OK || count == 0)
		return rc;
	rc = read_list(engine->aside, &list);
	sl_buf_init(&left, SIZE_MAX);
	json_array_foreach(list, index, item) {
		if (index < count)
			continue;
		sl_buf_add_char(&left, left.length ? ',' : '[');
		sl_json_write(&left, item);
	}
	if (left.length)
		sl_buf_add_char(&left, ']');
	if (rc == SL_OK)
		rc = sl_buf_code(&left) == SL_OK ? sl_engine_keep(engine, sl_buf_str(&left), &engine->aside) : SL_NO_MEMORY;
	sl_buf_dispose(&left);
	json_decref(list);
	return rc == SL_OK ? 1 : rc;
}
