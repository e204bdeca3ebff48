/* What a simulated device keeps: its store, of which each batch is durable as a whole; and the loss of it. See device.h. */
#include "device.h"

#include <stdlib.h>

#include "sim.h"

static bool begins_with(struct sl_str text, struct sl_str prefix)
{
	return text.length > prefix.length && memcmp(text.bytes, prefix.bytes, prefix.length) == 0;
}

const struct sl_pair *sim_device_stored(struct sim *sim, const struct sim_device *device, size_t *count_r)
{
	struct sl_pair *pairs = sim_alloc(sim, (sl_rowset_count(device->store) + 1) * sizeof(*pairs));
	const struct sl_row *row;
	size_t cursor = 0;
	*count_r = 0;
	while ((row = sl_rowset_next(device->store, &cursor)))
		if (sim_view_is_state(row->key.id))
			pairs[(*count_r)++] = (struct sl_pair){ row->key.id, row->data };
	return pairs;
}

static int compare_entries(const void *a, const void *b)
{
	return sl_str_compare(((const struct sl_pair *)b)->key, ((const struct sl_pair *)a)->key);
}

void sim_device_load(struct sim *sim, struct sim_device *device, const struct sim_intent *intent)
{
	struct sl_event event = { .type = SL_EVENT_LOADED, .loaded = { .id = device->load.load.id } };
	struct sl_pair *pairs = sim_alloc(sim, (sl_rowset_count(device->store) + 1) * sizeof(*pairs));
	const struct sl_row *row;
	size_t cursor = 0, count = 0, most = device->load.load.most;
	device->has_load = false;
	while ((row = sl_rowset_next(device->store, &cursor))) {
		int64_t id = begins_with(row->key.id, device->load.load.prefix)
			? strtoll(row->key.id.bytes + device->load.load.prefix.length, NULL, 10) : -1;
		if (id >= device->load.load.first && id <= device->load.load.last)
			pairs[count++] = (struct sl_pair){ row->key.id, row->data };
	}
	qsort(pairs, count, sizeof(*pairs), compare_entries);
	event.loaded.pairs = pairs;
	event.loaded.count = count < most ? count : most;
	event.loaded.complete = count <= most;
	if (sim_device_handle(sim, device->index, &event, intent) != SL_OK)
		sim_violate(sim, "engine", "device %u refuses its journal", device->index);
}

/* An open decision that a newer one about the same passage replaces: its words are in the journal then, and nobody is asked about
 * them again. */
static bool is_replaced(const struct sl_write *writes, size_t count, size_t at)
{
	bool replaced = false;
	for (size_t i = 0; i < count; i++) {
		bool is_decision = sim_view_stored(writes[i].key).kind == SIM_ENTRY_DECISION;
		if (i == at && !(is_decision && writes[i].remove))
			return false;
		replaced |= is_decision && !writes[i].remove;
	}
	return replaced;
}

/* The oldest end of a journal that has no room is cut: nothing takes its place. */
static bool is_cut(const struct sl_write *writes, size_t count, size_t at)
{
	if (!writes[at].remove || sim_view_stored(writes[at].key).kind != SIM_ENTRY_STEP)
		return false;
	for (size_t i = 0; i < count; i++)
		if (!writes[i].remove && sim_view_stored(writes[i].key).kind == SIM_ENTRY_STEP)
			return false;
	return true;
}

/* What a fall-back took that nobody declared looks like others' changes, and is only in the states between two entries then: until
 * these become one. */
static bool is_last_resort(const struct sim *sim, const struct sl_write *write)
{
	return sim->server.fell_back && !sim->plan->declared && sim->plan->with[SIM_WITH_THINNED]
		&& sim_view_stored(write->key).kind == SIM_ENTRY_STEP;
}

/* What the journal had set aside is gone then, though an operation may still carry it for a while. */
static void excuse(struct sim *sim, const struct sim_device *device, struct sl_str value)
{
	struct sim_wordset there = { { 0 } };
	const struct sl_row *row;
	size_t cursor = 0;
	unsigned id;
	while ((row = sl_rowset_next(sl_engine_rows(device->engine), &cursor)))
		sim_wordset_add_all(&there, row->data);
	for (cursor = 0; (id = sim_words_next(value, &cursor));)
		if (!sim_wordset_has(&there, id))
			sim->words.items[id].given_up = true;
}

static void note_kept_in_journal(struct sim *sim, struct sl_str value)
{
	size_t cursor = 0;
	unsigned id;
	while ((id = sim_words_next(value, &cursor)))
		sim->words.items[id].text = false;
}

void sim_device_store(struct sim *sim, struct sim_device *device, const struct sl_write *writes, size_t count)
{
	struct sl_str *old = sim_alloc(sim, count * sizeof(*old));
	sim_since_store(device, writes, count);
	sim_check_authors(sim, device, writes, count);
	for (size_t i = 0; i < count; i++)
		sim_words_hold(&sim->words, writes[i].value, false);
	for (size_t i = 0; i < count; i++) {
		struct sl_row row = { .key = { SL_META, 0, writes[i].key } };
		const struct sl_row *known = sl_rowset_find(device->store, &row.key);
		old[i] = known ? known->data : (struct sl_str){ NULL, 0 };
		device->stored_bytes += writes[i].value.length;
		device->stored_bytes -= old[i].length;
		row.key.id = known ? known->key.id : sim_copy(sim, writes[i].key);
		row.data = sim_copy(sim, writes[i].value);
		if (writes[i].remove)
			sl_rowset_remove(device->store, &row.key);
		else if (!sl_rowset_put(device->store, &row))
			abort();
		sim_words_drop(&sim->words, old[i], false);
	}
	for (size_t i = 0; i < count; i++) {
		if (is_cut(writes, count, i) || is_last_resort(sim, &writes[i]))
			excuse(sim, device, old[i]);
		if (is_replaced(writes, count, i))
			note_kept_in_journal(sim, old[i]);
		sim_words_check(&sim->words, old[i]);
	}
}

void sim_device_wipe(struct sim *sim, unsigned index)
{
	struct sim_device *device = &sim->devices[index];
	const struct sl_row *row;
	size_t cursor = 0;
	sim->check.haunted |= sim->network.pushes[index] > 0;
	sim->check.run_torn |= device->run_rows > 0;
	sim_device_crash(sim, index);
	SIM_NOTE(sim, "device %u  loses its store", index);
	while ((row = sl_rowset_next(device->store, &cursor))) {
		if (sim_view_stored(row->key.id).kind == SIM_ENTRY_DECISION)
			note_kept_in_journal(sim, row->data); /* nobody is asked any more */
		sim_words_drop(&sim->words, row->data, false);
	}
	for (cursor = 0; (row = sl_rowset_next(device->store, &cursor));) {
		bool thinned = sim->plan->with[SIM_WITH_THINNED] && sim_view_stored(row->key.id).kind == SIM_ENTRY_STEP;
		size_t at = 0;
		unsigned id;
		while ((id = sim_words_next(row->data, &at))) /* what a journal had set aside, others may have in passing only */
			if (thinned || (!sim->words.items[id].devices && !sim->words.items[id].server))
				sim->words.items[id].given_up = true;
	}
	device->store = sim_rowset(sim);
	sim_since_forget(device);
	device->editor.open = false;
	device->pulled = false;
	device->signed_out = false;
	sim_check_uncount(sim);
	sim_check_forget_gone(sim);
}
