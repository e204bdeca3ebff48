/* What users are asked; see check.h. Keeps true: a question needs edits of two devices, and where texts consist of typed words,
 * edits that truly met. */
#include <stdlib.h>

#include "core/json/parse.h"

#include "overlap.h"
#include "sim.h"

/* --- prompts ------------------------------------------------------------------------------------------------------ */

static struct sl_str first_name(struct sl_str path)
{
	struct sl_str name = { path.bytes + 1, 0 };
	if (path.length < 2)
		return (struct sl_str){ NULL, 0 };
	while (name.length < path.length - 1 && name.bytes[name.length] != '/')
		name.length++;
	return name;
}

void sim_check_touch(struct sim_intent *intent, const struct sim_decision *decision)
{
	if (intent->field_count < SIM_INTENT_FIELDS)
		intent->fields[intent->field_count++] = sim_check_field(&decision->key, first_name(decision->path));
}

static struct sim_field *find_field(struct sim *sim, uint64_t field)
{
	for (size_t tries = 0, slot = field % SIM_FIELDS; tries < SIM_FIELDS; tries++, slot = (slot + 1) % SIM_FIELDS) {
		if (sim->check.fields[slot].field == field)
			return &sim->check.fields[slot];
		if (sim->check.fields[slot].field == 0)
			return NULL;
	}
	return NULL;
}

/* How often the device, and how often others edited the field, the whole row, or everything. */
static void count_edits(struct sim *sim, unsigned device, const struct sim_field *field, unsigned *own, unsigned *others)
{
	for (unsigned i = 0; i < sim->plan->devices; i++)
		*(i == device ? own : others) += field ? field->edits[i] : 0;
}

/* Whether a device may ask what it otherwise need not, for want of an ancestor that it can trust. */
static bool may_ask(const struct sim *sim, const struct sl_key *key)
{
	return sim->check.haunted || sim_server_is_doubtful(&sim->server) || sl_rowset_find(sim->check.removed, key);
}

/* --- by the words that truly met ---------------------------------------------------------------------------------- */

static struct sl_str text_in(struct sim *sim, struct sl_str json)
{
	struct sl_err err = SL_ERR_INIT;
	json_t *value = NULL;
	if (!json.length || sl_json_parse(json, &value, &err) != SL_OK)
		return (struct sl_str){ NULL, 0 };
	struct sl_str text = sim_copy(sim, (struct sl_str){ json_string_value(value), json_string_length(value) });
	json_decref(value);
	return text;
}

/* The text of a field in the base as it was. False: it had none, or it is a part of a list. */
static bool text_in_base(struct sim *sim, const struct sim_device *device, const struct sim_decision *asked, struct sl_str *text_r)
{
	const struct sl_row *row = sl_rowset_find(device->synced, &asked->key);
	struct sl_str name = first_name(asked->path);
	struct sl_err err = SL_ERR_INIT;
	json_t *data = NULL;
	if (!row || (asked->path.length && name.length + 1 < asked->path.length) || sl_json_parse(row->data, &data, &err) != SL_OK)
		return false;
	const json_t *value = name.length ? json_object_getn(data, name.bytes, name.length) : data;
	*text_r = sim_copy(sim, (struct sl_str){ json_string_value(value), json_string_length(value) });
	json_decref(data);
	return true;
}

/* The hunks of open decisions about a field. */
static size_t open_hunks(const struct sl_engine *engine, const struct sim_decision *asked)
{
	struct sim_decision other;
	size_t hunks = 0;
	for (size_t i = 0; sim_view_decision(engine, i, &other); i++)
		if (sl_key_equal(&other.key, &asked->key) && sl_str_equal(other.path, asked->path))
			hunks += other.hunk_count;
	return hunks;
}

static size_t hunks_before(const struct sim_device *device, const struct sim_decision *asked)
{
	uint64_t field = sim_check_field(&asked->key, asked->path);
	for (size_t i = 0; i < device->question_count; i++)
		if (device->questions[i].field == field)
			return device->questions[i].hunks;
	return 0;
}

/* A question is about passages: what the user typed elsewhere in the field is in the row. */
static void check_in_row(struct sim *sim, unsigned index, const struct sim_decision *asked, const struct sim_wordset *clear)
{
	const struct sl_row *row = sl_rowset_find(sl_engine_rows(sim->devices[index].engine), &asked->key);
	struct sim_wordset there = { { 0 } };
	if (!row)
		return;
	sim_wordset_add_all(&there, row->data);
	for (unsigned id = 1; id <= sim->words.count; id++)
		if (sim_wordset_has(clear, id) && !sim_wordset_has(&there, id))
			sim_violate(sim, "in-row", "device %u asks about %s %.*s and leaves out w%uz, which met nothing: %.*s", index,
				sl_entity_name(asked->key.entity), (int)asked->path.length, asked->path.bytes, id, (int)row->data.length,
				row->data.bytes);
}

/* A passage is asked about once. */
static void check_asked_once(struct sim *sim, unsigned index, const struct sim_decision *asked)
{
	struct sim_decision other;
	for (size_t i = 0; sim_view_decision(sim->devices[index].engine, i, &other); i++) {
		if (other.id == asked->id || !sl_key_equal(&other.key, &asked->key) || !sl_str_equal(other.path, asked->path))
			continue;
		for (size_t k = 0; k < asked->hunk_count; k++)
			for (size_t old = 0; old < other.hunk_count; old++)
				if (sim_words_in_common(asked->hunks[k].mine, other.hunks[old].mine)
					|| sim_words_in_common(asked->hunks[k].base, other.hunks[old].theirs))
					sim_violate(sim, "asked-twice", "device %u asks twice about a passage of %s %.*s: %.*s | %.*s", index,
						sl_entity_name(asked->key.entity), (int)asked->path.length, asked->path.bytes,
						(int)other.hunks[old].mine.length, other.hunks[old].mine.bytes, (int)asked->hunks[k].mine.length,
						asked->hunks[k].mine.bytes);
	}
}

/* The row, or one that holds words of it in another episode, to which it has moved. Where texts have lines in common that anybody may
 * write, one of its name may be taken for it. */
static bool is_somewhere(const struct sim *sim, const struct sl_rowset *rows, const struct sl_row *sought)
{
	const struct sl_row *row;
	size_t cursor = 0;
	if (sl_rowset_find(rows, &sought->key))
		return true;
	while ((row = sl_rowset_next(rows, &cursor)))
		if (row->key.entity == sought->key.entity && row->key.episode != sought->key.episode
			&& (sim_words_in_common(row->data, sought->data)
				|| (!sim->plan->with[SIM_WITH_TOKENS] && sl_str_equal(row->key.id, sought->key.id))))
			return true;
	return false;
}

/* An episode that stays because one side edited it stays with all that this side had in it. */
static void check_kept_whole(struct sim *sim, unsigned index, const struct sim_decision *asked)
{
	const struct sim_device *device = &sim->devices[index];
	const struct sl_rowset *had = asked->mine.length ? device->shown : sl_engine_base(device->engine);
	const struct sl_row *row;
	size_t cursor = 0;
	while (asked->key.entity == SL_EPISODES && (row = sl_rowset_next(had, &cursor)))
		if (sl_entity_has_episode(row->key.entity) && row->key.episode == asked->key.episode
			&& !is_somewhere(sim, sl_engine_rows(device->engine), row))
			sim_violate(sim, "kept-whole", "device %u keeps episode %lld without %.*s", index, (long long)row->key.episode,
				(int)row->key.id.length, row->key.id.bytes);
}

/* Whether the text has letters that are words. They are few and come again, so a comparison of texts may find them where they were
 * not left. */
static bool has_ideographs(struct sl_str text)
{
	for (size_t i = 0; i < text.length; i++)
		if ((unsigned char)text.bytes[i] >= 0xe3) /* in UTF-8: from U+3000 on */
			return true;
	return false;
}

/* Whether the ancestor may be what an operation of the device made of the base: one of which the device had no answer yet. */
static bool wrote_since(const struct sim *sim, const struct sim_device *device, const struct sl_key *key)
{
	const struct sim_store *store = sim->server.store;
	for (size_t i = store->written_count; i > 0 && store->written[i - 1].version > device->synced_version; i--)
		if (store->written[i - 1].device == device->index && sl_key_equal(&store->written[i - 1].key, key))
			return true;
	return false;
}

/* What came in is merged once; where it truly met what was typed here is known. */
static void check_met(struct sim *sim, unsigned index, const struct sim_decision *asked)
{
	struct sim_device *device = &sim->devices[index];
	struct sl_str base;
	if (!asked->text || may_ask(sim, &asked->key) || wrote_since(sim, device, &asked->key)
		|| !text_in_base(sim, device, asked, &base))
		return;
	struct sl_str mine = text_in(sim, asked->mine), theirs = text_in(sim, asked->theirs);
	struct sim_overlaps overlaps = sim_overlaps_of(&sim->words, base, mine, theirs,
		sim->plan->with[SIM_WITH_IN_ROW] ? 3 : 5);
	if (overlaps.known)
		check_in_row(sim, index, asked, &overlaps.clear);
	size_t before = hunks_before(device, asked), now = open_hunks(device->engine, asked);
	bool exact = sim->plan->with[SIM_WITH_NEEDLESS] && !has_ideographs(base) && !has_ideographs(mine) && !has_ideographs(theirs);
	size_t met = exact ? overlaps.possible : overlaps.near;
	if (overlaps.known && now > before + met)
		sim_violate(sim, "overlaps", "device %u asks about %zu passages of %s %.*s, %zu before, where edits met at %zu: %.*s | %.*s | %.*s",
			index, now, sl_entity_name(asked->key.entity), (int)asked->path.length, asked->path.bytes, before, met,
			(int)base.length, base.bytes, (int)mine.length, mine.bytes, (int)theirs.length, theirs.bytes);
}

/* Keeps the base, and what is asked, as they are between two events. */
static void remember_base(struct sim *sim, struct sim_device *device)
{
	const struct sl_rowset *base = sl_engine_base(device->engine);
	const struct sl_row *row, *known;
	struct sl_row copy;
	size_t cursor = 0;
	device->synced_version = sl_engine_status(device->engine)->version;
	while ((row = sl_rowset_next(base, &cursor))) {
		known = sl_rowset_find(device->synced, &row->key);
		if (known && sl_row_same_content(known, row))
			continue;
		if (sl_row_copy(&sim->arena, row, &copy) != SL_OK || !sl_rowset_put(device->synced, &copy))
			abort();
		sim_note_state(device, &copy);
	}
	for (cursor = 0; sl_rowset_count(device->synced) > sl_rowset_count(base)
		&& (row = sl_rowset_next(device->synced, &cursor));) {
		struct sl_key key = row->key;
		if (!sl_rowset_find(base, &key)) {
			sl_rowset_remove(device->synced, &key);
			cursor = 0;
		}
	}
}

/* A question goes with its row to another episode. Going back to an older state is no move. */
static void check_left_behind(struct sim *sim, unsigned index, const struct sim_decision *asked)
{
	const struct sl_rowset *rows = sl_engine_rows(sim->devices[index].engine);
	const struct sl_row *row;
	size_t cursor = 0;
	if (!asked->text || !sl_entity_has_episode(asked->key.entity) || sl_rowset_find(rows, &asked->key) || sim->check.kept
		|| sim->check.undone || sim->check.restored || sim->check.brought_back || sim->server.fell_back)
		return;
	while ((row = sl_rowset_next(rows, &cursor)))
		if (row->key.entity == asked->key.entity && row->data.length > SIM_TINY_ROW
			&& sim_words_in_common(row->data, asked->theirs))
			sim_violate(sim, "left-behind", "device %u asks about %s %lld %.*s, which is %lld %.*s now", index,
				sl_entity_name(row->key.entity), (long long)asked->key.episode, (int)asked->key.id.length, asked->key.id.bytes,
				(long long)row->key.episode, (int)row->key.id.length, row->key.id.bytes);
}

void sim_check_after(struct sim *sim, unsigned index)
{
	struct sim_device *device = &sim->devices[index];
	struct sim_decision asked;
	if (!device->engine || !(sim->plan->with[SIM_WITH_TOKENS] || sim->plan->with[SIM_WITH_RESTORED]))
		return;
	remember_base(sim, device);
	device->question_count = 0;
	for (size_t i = 0; device->question_count < SIM_QUESTIONS && sim_view_decision(device->engine, i, &asked); i++) {
		check_left_behind(sim, index, &asked);
		device->questions[device->question_count++] = (struct sim_question){ sim_check_field(&asked.key, asked.path),
			open_hunks(device->engine, &asked) };
	}
}

/* --- restored servers --------------------------------------------------------------------------------------------- */

/* Whether nothing tells the device that the server fell back: that was not declared, or the device has synced since, and all in which
 * the server differs from what the device knows is newer than that. Then others may have brought back what they were in doubt of. */
static bool is_past_fall(const struct sim *sim, const struct sim_device *device)
{
	const struct memory_store *memory = &sim->server.store->memory;
	const struct sl_row *row, *known;
	size_t cursor = 0;
	if ((sim->plan->declared && device->synced_version <= sim->server.lost_version) || sim_server_is_behind(&sim->server))
		return false;
	while ((row = sl_rowset_next(memory->rows, &cursor))) {
		known = sl_rowset_find(device->synced, &row->key);
		if (row->version <= device->synced_version && !(known && sl_row_same_content(known, row)))
			return false;
	}
	for (cursor = 0; (known = sl_rowset_next(device->synced, &cursor));) {
		row = sl_rowset_find(memory->tombstones, &known->key);
		if (!sl_rowset_find(memory->rows, &known->key) && !(row && row->version > device->synced_version))
			return false;
	}
	return true;
}

/* What the server has by now is no news if the row once was so here. An episode may be kept for what is in it. */
static void check_restored(struct sim *sim, unsigned index, const struct sim_decision *asked)
{
	const struct sim_device *device = &sim->devices[index];
	const struct sl_row *row = sl_rowset_find(sl_engine_base(device->engine), &asked->key);
	unsigned own = 0, others = 0;
	struct sl_str flag = asked->key.entity == SL_SHOTS ? SL_STR("isApproved") : SL_STR("isMain");
	count_edits(sim, index, find_field(sim, sim_check_field(&asked->key, flag)), &own, &others);
	if (sim->check.undone || sim->check.restored || sim->check.brought_back || sim->check.decided_since_fall || own || others)
		return; /* then somebody wanted it as it was, or as nobody else has it; flags do so all the time */
	if (sl_rowset_find(sim->check.removed, &asked->key) || hunks_before(device, asked))
		return; /* two things had this key, one after the other; or the question was open already */
	if (row && !(asked->kept && row->key.entity == SL_EPISODES) && sim_was_here(device, row) && !is_past_fall(sim, device))
		sim_violate(sim, "restored", "device %u asks about %s %.*s, of which the server has what was here before: %.*s", index,
			sl_entity_name(row->key.entity), (int)row->key.id.length, row->key.id.bytes, (int)row->data.length, row->data.bytes);
}

/* --- all ---------------------------------------------------------------------------------------------------------- */

void sim_check_conflict(struct sim *sim, unsigned device, enum sl_event_type cause, int64_t id)
{
	struct sim_decision asked;
	unsigned own = sim->check.wide, others = sim->check.wide + sim->check.saving; /* the user's other window */
	sim->check.prompts++;
	if (!sim_view_find_decision(sim->devices[device].engine, id, &asked)) {
		sim_violate(sim, "prompts", "device %u announces conflict %lld, which is not there", device, (long long)id);
		return;
	}
	if (cause == SL_EVENT_ANSWER && sim->plan->with[SIM_WITH_RESTORED] && sim->server.fell_back)
		check_restored(sim, device, &asked);
	if (cause == SL_EVENT_ANSWER && sim->plan->with[SIM_WITH_TOKENS])
		check_met(sim, device, &asked);
	/* Undoing an old step may clash with what is asked about: that is another question. */
	bool undone = cause == SL_EVENT_UNDO || cause == SL_EVENT_LOADED;
	if (!undone && sim->plan->with[SIM_WITH_ASKED_ONCE] && sim->plan->with[SIM_WITH_TOKENS] && asked.text
		&& !may_ask(sim, &asked.key))
		check_asked_once(sim, device, &asked);
	sim->check.kept += asked.kept;
	if (asked.kept && cause == SL_EVENT_ANSWER && sim->plan->with[SIM_WITH_KEPT_WHOLE])
		check_kept_whole(sim, device, &asked);
	if (asked.kept) /* somebody deleted what another one edited */
		return;
	struct sim_field *field = find_field(sim, sim_check_field(&asked.key, first_name(asked.path)));
	if (sim->plan->polite && !may_ask(sim, &asked.key))
		sim_violate(sim, "prompts", "device %u asks about %s %.*s though nobody typed in others' lines: %.*s | %.*s | %.*s",
			device, sl_entity_name(asked.key.entity), (int)asked.path.length, asked.path.bytes, (int)asked.base.length,
			asked.base.bytes, (int)asked.mine.length, asked.mine.bytes, (int)asked.theirs.length, asked.theirs.bytes);
	count_edits(sim, device, field, &own, &others);
	count_edits(sim, device, find_field(sim, sim_check_field(&asked.key, (struct sl_str){ NULL, 0 })), &own, &others);
	if (field)
		field->prompts[device]++;
	if (!sim_server_is_doubtful(&sim->server) && (others == 0 || own < (field ? field->prompts[device] : 1)))
		sim_violate(sim, "prompts", "device %u asks about %s %.*s: %u own edits, %u of others", device,
			sl_entity_name(asked.key.entity), (int)asked.path.length, asked.path.bytes, own, others);
}
