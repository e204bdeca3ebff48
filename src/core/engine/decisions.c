/* Open decisions of the engine, as JSON texts by id; see private.h. Keeps true: what is open stays until it is decided, and no
 * two decisions hold the same words for the same place (lessons: Syncthing, Joplin). Rules: merge.md, "Three-way merge". */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "core/engine/private.h"
#include "core/json/parse.h"
#include "core/json/write.h"

/* --- the list ----------------------------------------------------------------------------------------------------- */

static int key_of(struct sl_engine *engine, int64_t id, struct sl_str *key_r)
{
	char text[48];
	int length = snprintf(text, sizeof(text), "conflict/%012" PRId64, id);
	return sl_arena_copy(&engine->scratch, (struct sl_str){ text, (size_t)length }, key_r);
}

int64_t sl_engine_decision_number(struct sl_str key)
{
	static const struct sl_str prefix = { "conflict/", 9 };
	int64_t number = 0;
	if (key.length <= prefix.length || key.length > prefix.length + 18)
		return 0;
	for (size_t i = prefix.length; i < key.length; i++) {
		if (key.bytes[i] < '0' || key.bytes[i] > '9')
			return 0;
		number = number * 10 + (key.bytes[i] - '0');
	}
	return number;
}

int sl_engine_add_decision(struct sl_engine *engine, struct sl_stored_decision decision)
{
	struct sl_stored_decisions *all = &engine->decisions;
	struct sl_stored_decision *items = sl_arena_grow(engine->arena, all->items, all->count, &all->capacity, sizeof(*items));
	if (!items)
		return SL_NO_MEMORY;
	all->items = items;
	size_t at = all->count++;
	for (; at > 0 && items[at - 1].id > decision.id; at--)
		items[at] = items[at - 1];
	items[at] = decision;
	return SL_OK;
}

struct sl_stored_decision *sl_engine_find_decision(struct sl_engine *engine, int64_t id)
{
	for (size_t i = 0; i < engine->decisions.count; i++)
		if (engine->decisions.items[i].id == id)
			return &engine->decisions.items[i];
	return NULL;
}

static int keep(struct sl_engine *engine, const struct sl_buf *text, const struct sl_key *key,
	struct sl_stored_decision *decision)
{
	struct sl_str name;
	int rc = sl_buf_code(text) == SL_OK ? sl_engine_keep(engine, sl_buf_str(text), &decision->text) : SL_NO_MEMORY;
	if (rc == SL_OK)
		rc = sl_key_copy(engine->arena, key, &decision->key);
	if (rc == SL_OK)
		rc = key_of(engine, decision->id, &name);
	return rc == SL_OK ? sl_engine_put(engine, name, decision->text) : rc;
}

/* --- telling ------------------------------------------------------------------------------------------------------ */

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

/* --- writing and reading ------------------------------------------------------------------------------------------ */

/* Another member, in the place of the brace that closes the object. */
static void add_number(struct sl_buf *out, const char *name, int64_t number)
{
	out->length--;
	sl_buf_add_text(out, name);
	sl_buf_add_int(out, number);
	sl_buf_add_char(out, '}');
}

/* A row as [rank, data], likewise. */
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

int sl_engine_change_decision(struct sl_engine *engine, struct sl_stored_decision *stored, const struct sl_decision *decision)
{
	struct sl_buf text;
	sl_buf_init(&text, SIZE_MAX);
	int rc = sl_engine_write_note(engine, &decision->note, false, &text);
	if (rc == SL_OK)
		rc = sl_buf_code(&text);
	if (rc == SL_OK) {
		add_number(&text, ",\"version\":", decision->version);
		add_number(&text, ",\"entry\":", decision->entry);
		add_row(&text, ",\"row\":[", &decision->row);
		add_row(&text, ",\"parent\":[", &decision->parent);
		rc = keep(engine, &text, &decision->note.key, stored);
	}
	sl_buf_dispose(&text);
	return rc;
}

int sl_engine_open_decision(struct sl_engine *engine, const struct sl_decision *decision)
{
	struct sl_stored_decision stored = { .id = engine->meta.next_id++ };
	struct sl_decision now = *decision;
	now.version = engine->meta.version;
	int rc = sl_engine_change_decision(engine, &stored, &now);
	if (rc == SL_OK)
		rc = sl_engine_add_decision(engine, stored);
	return rc == SL_OK ? note_conflict(engine, stored.id, true) : rc;
}

static int read_row(const json_t *object, const char *name, struct sl_key key, struct sl_arena *arena,
	struct sl_row *row_r)
{
	const json_t *parts = json_object_get(object, name), *data = json_array_get(parts, 1);
	*row_r = (struct sl_row){ .key = key };
	if (!data)
		return SL_OK;
	int rc = sl_arena_copy(arena, sl_json_text(json_array_get(parts, 0)), &row_r->rank);
	return rc == SL_OK ? sl_json_copy(data, arena, &row_r->data) : rc;
}

int sl_engine_read_decision(struct sl_str text, struct sl_arena *arena, struct sl_decision *decision_r)
{
	json_t *object = NULL;
	int rc = sl_engine_parse_object(text, &object);
	*decision_r = (struct sl_decision){ .row = { .version = 0 } };
	if (rc == SL_OK)
		rc = sl_engine_read_note(object, arena, &decision_r->note);
	decision_r->version = sl_engine_stored_number(object, "version");
	decision_r->entry = sl_engine_stored_number(object, "entry");
	if (rc == SL_OK)
		rc = read_row(object, "row", decision_r->note.key, arena, &decision_r->row);
	if (rc == SL_OK)
		rc = read_row(object, "parent", sl_key_of_episode(decision_r->note.key.episode), arena, &decision_r->parent);
	json_decref(object);
	return rc;
}

int sl_engine_close_decision(struct sl_engine *engine, int64_t id)
{
	struct sl_stored_decisions *all = &engine->decisions;
	struct sl_stored_decision *decision = sl_engine_find_decision(engine, id);
	struct sl_str key;
	if (!decision)
		return SL_OK;
	size_t behind = (size_t)(all->items + --all->count - decision);
	memmove(decision, decision + 1, behind * sizeof(*decision));
	int rc = key_of(engine, id, &key);
	if (rc == SL_OK)
		rc = sl_engine_remove(engine, key);
	return rc == SL_OK ? note_closed(engine, id) : rc;
}
