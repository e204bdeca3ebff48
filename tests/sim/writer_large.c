/* Habits that replace or bring back much at once, and decisions that only people make; see writer.h. */
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
		add_text(out, ",\"duration\":", typing_word(writing, false));
		sl_buf_add_char(out, '}');
	}
}

static void write_episode(struct writing *writing, size_t number, struct sl_buf *out)
{
	char id[16];
	sl_buf_add_text(out, number > 1 ? ",{\"id\":" : "{\"id\":");
	sl_buf_add_int(out, (int64_t)number);
	add_text(out, ",\"title\":", typing_word(writing, false));
	add_text(out, ",\"content\":", typing_new(writing));
	sl_buf_add_text(out, ",\"status\":\"pending\",\"scenes\":[");
	for (size_t i = 0, count = 1 + dice_roll(&writing->dice, 2); i < count; i++) {
		snprintf(id, sizeof(id), "sc%zu", i + 1);
		add_text(out, i ? ",{\"id\":" : "{\"id\":", sl_str_from(id));
		add_text(out, ",\"title\":", typing_word(writing, false));
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
	add_text(&out, "{\"fileName\":", typing_word(&writing, false));
	add_text(&out, ",\"rawScript\":", typing_new(&writing));
	sl_buf_add_text(&out, ",\"episodes\":[");
	for (size_t i = 0, count = 1 + dice_roll(&writing.dice, 2); i < count; i++)
		write_episode(&writing, i + 1, &out);
	add_text(&out, "],\"context\":{\"projectSummary\":", typing_new(&writing));
	add_text(&out, ",\"characters\":[{\"id\":\"c1\",\"name\":", typing_word(&writing, false));
	add_text(&out, ",\"bio\":", typing_new(&writing));
	add_text(&out, ",\"isMain\":true}],\"locations\":[{\"id\":\"l1\",\"type\":\"core\",\"name\":",
		typing_word(&writing, false));
	add_text(&out, ",\"description\":", typing_new(&writing));
	sl_buf_add_text(&out, "}]}}");
	if (sl_buf_code(&out) != SL_OK)
		abort();
	if (import(&writing, sl_buf_str(&out)) != SL_OK)
		sim_violate(sim, "engine", "device %u refuses an import", device);
	sl_buf_dispose(&out);
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

static void clear(struct writing *writing)
{
	struct sl_event event = { .type = SL_EVENT_CLEAR };
	writing->intent.wide = writing->intent.clears = true;
	SIM_NOTE(writing->sim, "user %u    clears the project", writing->device->index);
	writing_tell(writing, &event);
}

/* Words of the hunks that a choice takes out of the row, or out of the decision. */
static void give_up(struct writing *writing, const struct sl_note *note, enum sl_choice choice)
{
	for (size_t i = 0; i < note->hunk_count; i++)
		if (choice == SL_CHOICE_MINE)
			sim_wordset_add_all(&writing->intent.given_up, note->hunks[i].theirs);
	if (choice == SL_CHOICE_THEIRS)
		sim_wordset_add_all(&writing->intent.given_up, note->mine);
}

static bool resolve(struct writing *writing)
{
	static const enum sl_choice choices[] = { SL_CHOICE_MINE, SL_CHOICE_THEIRS, SL_CHOICE_BOTH };
	static const char *const names[] = { "mine", "theirs", "both" };
	const struct sl_engine *engine = writing->device->engine;
	size_t count = sl_engine_status(engine)->conflicts, choice = dice_roll(&writing->dice, 3);
	const struct sl_conflict_copy *copy = count ? sl_engine_conflict(engine, dice_roll(&writing->dice, count)) : NULL;
	struct sl_event event = { .type = SL_EVENT_RESOLVE };
	struct sl_key key;
	if (!copy || sl_key_copy(&writing->sim->arena, &copy->note.key, &key) != SL_OK)
		return false;
	if (copy->note.kind == SL_NOTE_KEPT) /* it stays */
		choice = copy->note.mine.length ? 0 : 1;
	SIM_NOTE(writing->sim, "user %u    takes %s in conflict %lld, %s %.*s: %.*s | %.*s", writing->device->index,
		names[choice], (long long)copy->id, sl_entity_name(key.entity), (int)copy->note.path.length,
		copy->note.path.bytes, (int)copy->note.mine.length, copy->note.mine.bytes,
		(int)copy->note.theirs.length, copy->note.theirs.bytes);
	event.resolve.conflict = copy->id;
	event.resolve.choice = choices[choice];
	give_up(writing, &copy->note, choices[choice]);
	sim_check_touch(&writing->intent, copy);
	if (writing_tell(writing, &event) == SL_OK || choices[choice] == SL_CHOICE_THEIRS)
		return true;
	/* Its place is gone: nothing is left but to drop the copy. */
	event.resolve.choice = SL_CHOICE_THEIRS;
	sim_wordset_add_all(&writing->intent.given_up, copy->note.mine);
	return writing_tell(writing, &event) == SL_OK;
}

static void reverse(struct writing *writing)
{
	const struct sl_engine *engine = writing->device->engine;
	const struct sl_kept_receipt *receipt, *chosen = NULL;
	struct sl_event event = { .type = SL_EVENT_REVERSE };
	for (size_t i = 0; (receipt = sl_engine_receipt(engine, i)) && i < 50; i++)
		if (!chosen || dice_chance(&writing->dice, 300))
			chosen = receipt;
	if (!chosen)
		return;
	event.reverse.receipt = chosen->id;
	writing->intent.wide = true;
	SIM_NOTE(writing->sim, "user %u    takes back what receipt %lld gave up", writing->device->index,
		(long long)chosen->id);
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

static void restore_backup(struct writing *writing)
{
	const struct sl_backup *backup, *chosen = NULL;
	struct sl_event event = { .type = SL_EVENT_RESTORE_BACKUP };
	for (size_t i = 0; (backup = sl_engine_backup(writing->device->engine, i)); i++)
		if (!chosen || dice_chance(&writing->dice, 300))
			chosen = backup;
	if (!chosen)
		return;
	event.restore_backup.backup = chosen->id;
	writing->intent.wide = true;
	SIM_NOTE(writing->sim, "user %u    restores backup %lld", writing->device->index, (long long)chosen->id);
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
		clear(writing);
	else if (kind == SIM_RESOLVE)
		resolve(writing);
	else if (kind == SIM_REVERSE)
		reverse(writing);
	else if (kind == SIM_RESTORE)
		restore(writing);
	else if (kind == SIM_RESTORE_BACKUP)
		restore_backup(writing);
}

bool sim_writer_tidy(struct sim *sim, unsigned device, struct dice *dice)
{
	struct writing writing;
	const struct sl_status *status = sl_engine_status(sim->devices[device].engine);
	writing_begin(&writing, sim, device, dice_next(dice));
	if (status->conflicts)
		return resolve(&writing);
	if (strcmp(status->error, "empty_overwrite") == 0) {
		clear(&writing);
		return true;
	}
	if (status->quarantined && dice_chance(dice, 500)) {
		habit_rows(&writing, SIM_REPAIR_ROW);
		writing_send(&writing);
		return sl_rowset_count(writing.rows) > 0;
	}
	return false;
}
