/* Habits that replace or bring back much at once; see writer.h. */
#include <stdlib.h>

#include "core/json/parse.h"
#include "core/json/write.h"
#include "core/rows/document_write.h"

#include "writer.h"

static void add_text(struct sl_buf *out, const char *name, struct sl_str text)
{
	sl_buf_add_text(out, name);
	sl_json_string(out, text);
}

/* --- imports ------------------------------------------------------------------------------------------------------ */

static int import(struct writing *writing, struct sl_str document)
{
	struct sl_event event = { .type = SL_EVENT_REPLACE };
	event.replace.document = document;
	event.replace.revision = sl_engine_revision(writing->device->engine);
	writing->intent.wide = true;
	SIM_NOTE(writing->sim, "user %u    imports %.*s", writing->device->index, (int)document.length, document.bytes);
	return writing_tell(writing, &event);
}

static void write_shots(struct writing *writing, struct sl_buf *out)
{
	char id[16];
	for (size_t i = 0, count = 1 + dice_roll(&writing->dice, 3); i < count; i++) {
		snprintf(id, sizeof(id), "1-%zu", i + 1);
		add_text(out, i ? ",{\"id\":" : "{\"id\":", sl_str_from(id));
		add_text(out, ",\"description\":", typing_new(writing));
		add_text(out, ",\"duration\":", typing_word(writing, false, SIM_LATIN));
		sl_buf_add_char(out, '}');
	}
}

static void write_episode(struct writing *writing, size_t number, struct sl_buf *out)
{
	char id[16];
	sl_buf_add_text(out, number > 1 ? ",{\"id\":" : "{\"id\":");
	sl_buf_add_int(out, (int64_t)number);
	add_text(out, ",\"title\":", typing_word(writing, false, SIM_LATIN));
	add_text(out, ",\"content\":", typing_new(writing));
	sl_buf_add_text(out, ",\"status\":\"pending\",\"scenes\":[");
	for (size_t i = 0, count = 1 + dice_roll(&writing->dice, 2); i < count; i++) {
		snprintf(id, sizeof(id), "sc%zu", i + 1);
		add_text(out, i ? ",{\"id\":" : "{\"id\":", sl_str_from(id));
		add_text(out, ",\"title\":", typing_word(writing, false, SIM_LATIN));
		add_text(out, ",\"content\":", typing_new(writing));
		sl_buf_add_char(out, '}');
	}
	sl_buf_add_text(out, "],\"shots\":[");
	write_shots(writing, out);
	sl_buf_add_text(out, "]}");
}

void sim_writer_birth(struct sim *sim, unsigned device)
{
	struct writing writing;
	struct sl_buf out;
	writing_begin(&writing, sim, device, sim->plan->seed * 7 + device);
	sl_buf_init(&out, SIZE_MAX);
	add_text(&out, "{\"fileName\":", typing_word(&writing, false, SIM_LATIN));
	add_text(&out, ",\"rawScript\":", typing_new(&writing));
	sl_buf_add_text(&out, ",\"episodes\":[");
	for (size_t i = 0, count = 1 + dice_roll(&writing.dice, 2); i < count; i++)
		write_episode(&writing, i + 1, &out);
	add_text(&out, "],\"context\":{\"projectSummary\":", typing_new(&writing));
	add_text(&out, ",\"characters\":[{\"id\":\"c1\",\"name\":", typing_word(&writing, false, SIM_LATIN));
	add_text(&out, ",\"bio\":", typing_new(&writing));
	add_text(&out, ",\"isMain\":true}],\"locations\":[{\"id\":\"l1\",\"type\":\"core\",\"name\":",
		typing_word(&writing, false, SIM_LATIN));
	add_text(&out, ",\"description\":", typing_new(&writing));
	sl_buf_add_text(&out, "}]}}");
	if (sl_buf_code(&out) != SL_OK)
		abort();
	struct sl_str document = sim_copy(sim, sl_buf_str(&out));
	sl_buf_dispose(&out);
	if (import(&writing, document) != SL_OK)
		sim_violate(sim, "engine", "device %u refuses an import", device);
	if (device == 0 && sim->plan->with[SIM_WITH_TWINS] && !sim->plan->born_twice && !sim->plan->polite && sim->devices[1].engine) {
		writing_begin(&writing, sim, 1, sim->plan->seed);
		import(&writing, document);
	}
}

/* The document as it is shown. */
static void write_document(struct writing *writing, struct sl_buf *out)
{
	struct sl_err err = SL_ERR_INIT;
	sl_buf_init(out, SIZE_MAX);
	if (sl_rows_write_document(sl_engine_rows(writing->device->engine), &writing->sim->arena, out, &err) != SL_OK)
		abort();
}

static void export(struct writing *writing)
{
	struct sl_buf out;
	write_document(writing, &out);
	writing->device->exported = sim_copy(writing->sim, sl_buf_str(&out));
	sl_buf_dispose(&out);
}

/* Something of everything: order, a row that goes, a text that grows. */
static void change_document(struct writing *writing, json_t *document)
{
	json_t *episodes = json_object_get(document, "episodes");
	const json_t *script = json_object_get(document, "rawScript");
	struct sl_str text = { json_string_value(script), json_string_length(script) };
	size_t count = json_array_size(episodes);
	if (count > 1 && dice_chance(&writing->dice, 400)) {
		json_t *first = json_incref(json_array_get(episodes, 0));
		json_array_remove(episodes, 0);
		json_array_append_new(episodes, first);
	}
	if (count > 1 && dice_chance(&writing->dice, 300))
		json_array_remove(episodes, dice_roll(&writing->dice, count));
	text = typing_add(writing, text);
	json_object_set_new(document, "rawScript", json_stringn(text.bytes ? text.bytes : "", text.length));
}

static void import_something(struct writing *writing)
{
	struct sl_err err = SL_ERR_INIT;
	json_t *document = NULL;
	struct sl_buf out;
	if (writing->device->exported.length && dice_chance(&writing->dice, 500)) {
		writing->sim->check.brought_back = true;
		import(writing, writing->device->exported);
		return;
	}
	write_document(writing, &out);
	if (sl_json_parse(sl_buf_str(&out), &document, &err) != SL_OK)
		abort();
	change_document(writing, document);
	sl_buf_clear(&out);
	sl_json_write(&out, document);
	json_decref(document);
	import(writing, sl_buf_str(&out));
	sl_buf_dispose(&out);
}

/* Everything goes, but not by the explicit "clear": a slip, or a store that was lost on its way to the app. */
static void empty(struct writing *writing)
{
	static const enum sl_entity entities[] = { SL_EPISODES, SL_CHARACTERS, SL_LOCATIONS };
	const struct sl_row *row;
	size_t cursor = 0;
	if (writing->sim->plan->with[SIM_WITH_RESETS]) /* what was set back comes back, too, if others go on */
		sim_check_uncount(writing->sim);
	if (dice_chance(&writing->dice, 500)) {
		import(writing, SL_STR("{\"episodes\":[]}"));
		return;
	}
	while ((row = sl_rowset_next(sl_engine_rows(writing->device->engine), &cursor)))
		for (size_t i = 0; i < 3; i++)
			if (row->key.entity == entities[i])
				writing_delete(writing, &row->key);
	struct sl_key script = writing_meta_key("rawScript");
	if (sl_rowset_find(sl_engine_rows(writing->device->engine), &script))
		writing_delete(writing, &script);
}

void habit_clear(struct writing *writing)
{
	struct sl_event event = { .type = SL_EVENT_CLEAR };
	writing->intent.wide = writing->intent.clears = true;
	SIM_NOTE(writing->sim, "user %u    clears the project", writing->device->index);
	writing_tell(writing, &event);
}

/* --- the past ----------------------------------------------------------------------------------------------------- */

static void restore(struct writing *writing)
{
	const struct memory_store *memory = &writing->sim->server.store->memory;
	struct sl_event event = { .type = SL_EVENT_RESTORE };
	if (memory->version_count < 2)
		return;
	event.restore.version = memory->versions[dice_roll(&writing->dice, memory->version_count)].version;
	writing->intent.wide = true;
	SIM_NOTE(writing->sim, "user %u    restores version %lld", writing->device->index, (long long)event.restore.version);
	writing_tell(writing, &event);
}

/* --- all ---------------------------------------------------------------------------------------------------------- */

void habit_large(struct writing *writing, enum sim_action_kind kind)
{
	if (kind == SIM_EXPORT)
		export(writing);
	else if (kind == SIM_IMPORT)
		import_something(writing);
	else if (kind == SIM_EMPTY)
		empty(writing);
	else if (kind == SIM_CLEAR)
		habit_clear(writing);
	else if (kind == SIM_RESTORE)
		restore(writing);
}
