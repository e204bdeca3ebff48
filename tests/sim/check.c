/* Invariants of single steps; see check.h. */
#include "check.h"

#include <stdlib.h>

#include "sim.h"

#define STORE_BYTES 250000 /* that the store of a device may take, in worlds as small as these */

void sim_check_init(struct sim *sim)
{
	sim_check_forget_gone(sim);
	sim->check.removed = sl_rowset_new(&sim->arena, 8);
	if (!sim->check.removed)
		abort();
}

/* --- what devices send -------------------------------------------------------------------------------------------- */

/* The operation id in a body; empty when there is none. */
static struct sl_str op_id_of(struct sl_str body)
{
	static const char name[] = "\"opId\":\"";
	size_t length = sizeof(name) - 1;
	for (size_t i = 0; i + length < body.length; i++) {
		if (body.bytes[i] != '"' || memcmp(body.bytes + i, name, length) != 0)
			continue;
		const char *start = body.bytes + i + length;
		const char *end = memchr(start, '"', (size_t)(body.bytes + body.length - start));
		return (struct sl_str){ start, end ? (size_t)(end - start) : 0 };
	}
	return (struct sl_str){ NULL, 0 };
}

static bool contains(struct sl_str text, struct sl_str part)
{
	for (size_t i = 0; i + part.length <= text.length; i++)
		if (memcmp(text.bytes + i, part.bytes, part.length) == 0)
			return true;
	return false;
}

static bool is_stored(const struct sim_device *device, struct sl_str op_id)
{
	const struct sl_row *row;
	size_t cursor = 0;
	while ((row = sl_rowset_next(device->store, &cursor)))
		if (!memchr(row->key.id.bytes, '/', row->key.id.length) && contains(row->data, op_id))
			return true;
	return false;
}

void sim_check_send(struct sim *sim, unsigned index, const struct sl_request_effect *request)
{
	const struct sim_device *device = &sim->devices[index];
	struct sl_str op_id;
	if (strcmp(request->method, "GET") == 0)
		return;
	if (!device->pulled)
		sim_violate(sim, "pull-first", "device %u sends %s before it has pulled", index, request->method);
	op_id = op_id_of(request->body);
	if (!op_id.length || !is_stored(device, op_id))
		sim_violate(sim, "stored-first", "device %u sends operation %.*s, which it has not stored", index,
			(int)op_id.length, op_id.bytes);
}

/* --- what the server decides -------------------------------------------------------------------------------------- */

static void check_loop(struct sim *sim, unsigned device, const struct sl_push *push, const struct sl_outcome *outcome)
{
	struct sim_clash *clash = &sim->check.clashes[device];
	if (outcome->verdict != SL_CONFLICTED || sim->server.fell_back || push->base_version > outcome->head.version)
		return;
	if (clash->version == outcome->head.version && push->base_version == outcome->head.version)
		sim_violate(sim, "no-loop", "device %u conflicts again at version %lld, on which it is based", device,
			(long long)clash->version);
	*clash = (struct sim_clash){ outcome->head.version, sim_copy(sim, push->op_id) };
}

void sim_check_commit(struct sim *sim, unsigned device, const struct sl_push *push, const struct sl_outcome *outcome,
	bool emptied)
{
	if (emptied && push->action != SL_ACTION_RESTORE && !(push->allow_empty && sim->devices[device].may_clear))
		sim_violate(sim, "never-emptied", "device %u emptied the project, which nobody asked for", device);
	if (outcome->verdict == SL_COMMITTED && push->action == SL_ACTION_RESTORE)
		sim_check_forget_gone(sim);
	check_loop(sim, device, push, outcome);
}

/* --- what devices show -------------------------------------------------------------------------------------------- */

void sim_check_status(struct sim *sim, unsigned device, const struct sl_status *status)
{
	if (status->word == SL_STATUS_SYNCED && status->pending > 0)
		sim_violate(sim, "status", "device %u shows \"synced\" with %zu pending rows", device, status->pending);
}

static void check_backed_up(struct sim *sim, unsigned index, const struct sl_rowset *backup, const struct sl_key *key,
	const struct sl_row *after)
{
	const struct sl_row *before = sl_rowset_find(sim->devices[index].shown, key), *kept;
	if (!before || (after && sl_row_same_content(before, after)))
		return;
	kept = backup ? sl_rowset_find(backup, key) : NULL;
	if (!kept || !sl_row_same_content(kept, before))
		sim_violate(sim, "backup", "device %u replaces a row of %s without backup: %.*s", index,
			sl_entity_name(key->entity), (int)before->data.length, before->data.bytes);
}

void sim_check_whole(struct sim *sim, struct sl_str value, const char *where)
{
	size_t at;
	bool strict = sim->plan->with[SIM_WITH_TOKENS];
	if (sim_words_any_broken(&sim->words, value, strict, strict && sim->plan->with[SIM_WITH_JOINED], &at))
		sim_violate(sim, "words-whole", "nobody typed what stands in %s, at %zu: %.*s", where, at, (int)value.length, value.bytes);
}

/* An answer removes a row here. */
static void take_away(struct sim *sim, unsigned index, const struct sl_rowset *backup, const struct sl_key *key)
{
	const struct sl_row *row = sl_rowset_find(sim->devices[index].shown, key);
	size_t cursor = 0;
	unsigned id;
	check_backed_up(sim, index, backup, key, NULL);
	while (row && sim->server.fell_back && (id = sim_words_next(row->data, &cursor)))
		sim->words.items[id].doubted = true;
}

static void show_row(struct sim *sim, struct sim_device *device, const struct sl_row *row)
{
	struct sl_row copy;
	if (sl_row_copy(&sim->arena, row, &copy) != SL_OK || !sl_rowset_put(device->shown, &copy))
		abort();
	sim_since_show(sim, device, &copy, false);
	if (row->key.entity == SL_EPISODES && row->key.episode > device->last_episode)
		device->last_episode = row->key.episode;
}

void sim_check_changed(struct sim *sim, unsigned index, enum sl_event_type cause, const struct sl_delta *delta)
{
	struct sim_device *device = &sim->devices[index];
	const struct sl_rowset *backup = cause == SL_EVENT_ANSWER
		? sim_view_before_last_step(device->store, sl_engine_rows(device->engine), &sim->arena) : NULL;
	bool emptied = cause == SL_EVENT_ANSWER && sl_rows_is_empty_project(device->shown);
	const struct sl_row *row;
	size_t cursor = 0;
	while ((row = sl_rowset_next(delta->rows, &cursor))) {
		if (cause == SL_EVENT_ANSWER)
			check_backed_up(sim, index, backup, &row->key, row);
		if (emptied)
			sim_check_revive(sim, &row->key);
		sim_check_whole(sim, row->data, "a row");
		if (cause == SL_EVENT_ANSWER)
			sim_check_record(sim, index, row);
		else
			sim_records_note(sim, row);
		show_row(sim, device, row);
	}
	for (size_t i = 0; i < delta->deleted_count; i++) {
		if (cause == SL_EVENT_ANSWER)
			take_away(sim, index, backup, &delta->deleted[i]);
		sl_rowset_remove(device->shown, &delta->deleted[i]);
	}
}

void sim_check_show_all(struct sim *sim, unsigned index)
{
	struct sim_device *device = &sim->devices[index];
	bool emptied = device->shown && sl_rows_is_empty_project(device->shown);
	const struct sl_row *row;
	size_t cursor = 0;
	device->shown = sl_rowset_new(&sim->arena, 64);
	if (!device->shown)
		abort();
	while ((row = sl_rowset_next(sl_engine_rows(device->engine), &cursor))) {
		sim_since_show(sim, device, row, true);
		show_row(sim, device, row);
		sim_records_note(sim, row);
		if (emptied)
			sim_check_revive(sim, &row->key);
	}
}

/* A deleted episode goes with its scenes and shots, but for those that the same edit writes. */
static void hide(struct sim_device *device, const struct sl_key *key)
{
	const struct sl_row *row;
	size_t cursor = 0;
	sl_rowset_remove(device->shown, key);
	while (key->entity == SL_EPISODES && (row = sl_rowset_next(device->shown, &cursor)))
		if (sl_entity_has_episode(row->key.entity) && row->key.episode == key->episode) {
			struct sl_key child = row->key;
			sl_rowset_remove(device->shown, &child);
		}
}

/* Of a project's field: a text without letters, or counts that are all 0. */
static bool is_empty_value(struct sl_str data)
{
	if (data.bytes[0] != '{')
		return sl_str_equal(data, SL_STR("\"\""));
	for (size_t i = 0; i < data.length; i++)
		if (data.bytes[i] >= '1' && data.bytes[i] <= '9')
			return false;
	return true;
}

void sim_check_show_own(struct sim *sim, unsigned index, const struct sim_intent *intent)
{
	struct sim_device *device = &sim->devices[index];
	const struct sl_row *row, *old;
	size_t cursor = 0;
	for (size_t i = 0; i < intent->deleted_count; i++)
		hide(device, &intent->deleted[i]);
	while (intent->rows && (row = sl_rowset_next(intent->rows, &cursor))) {
		struct sl_row shown = *row;
		if (row->key.entity == SL_META && is_empty_value(row->data)) {
			sl_rowset_remove(device->shown, &row->key); /* an empty field counts as absent */
			continue;
		}
		old = sl_rowset_find(device->shown, &row->key);
		if (!shown.rank.length && old)
			shown.rank = old->rank;
		show_row(sim, device, &shown);
		sim_records_note(sim, &shown);
	}
}

/* --- all ---------------------------------------------------------------------------------------------------------- */

/* Base, local rows, and a journal whose length does not depend on how long the device has been running. */
static void check_bound(struct sim *sim, unsigned index)
{
	const struct sim_device *device = &sim->devices[index];
	if (sim->plan->with[SIM_WITH_BOUNDED] && device->stored_bytes > STORE_BYTES)
		sim_violate(sim, "bounded", "device %u stores %zu bytes", index, device->stored_bytes);
}

void sim_check_step(struct sim *sim)
{
	if (sim->words.lost)
		sim_violate(sim, "words-kept", "w%uz is nowhere any more", sim->words.lost);
	for (unsigned i = 0; i < sim->plan->devices; i++) {
		const struct sl_engine *engine = sim->devices[i].engine;
		check_bound(sim, i);
		if (engine && sl_engine_counts(engine)->digest_mismatches && !sim->server.fell_back && sim->server.damages == 0)
			sim_violate(sim, "digest", "device %u finds other rows than the server says", i);
	}
}
