/* What came after what: entries of the journal, words, and states of rows on each device; see check.h. */
#include <stdlib.h>

#include "sim.h"

/* --- words and entries -------------------------------------------------------------------------------------------- */

void sim_since_show(struct sim *sim, struct sim_device *device, const struct sl_row *row, bool long_since)
{
	size_t cursor = 0;
	unsigned id;
	while ((id = sim_words_next(row->data, &cursor)))
		if (!sim->words.items[id].seen[device->index])
			sim->words.items[id].seen[device->index] = long_since ? 1 : (uint32_t)device->events + 1;
	if (sim->plan->with[SIM_WITH_RESTORED])
		sim_note_state(device, row);
}

static struct sim_made *find_made(struct sim_device *device, const struct sim_entry *entry)
{
	size_t count = device->made_count < SIM_MADE ? device->made_count : SIM_MADE;
	bool decision = entry->kind == SIM_ENTRY_DECISION;
	for (size_t i = 0; i < count; i++)
		if ((device->made[i].entry.kind == SIM_ENTRY_DECISION) == decision && device->made[i].entry.id == entry->id)
			return &device->made[i];
	return NULL;
}

void sim_since_store(struct sim_device *device, const struct sl_write *writes, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		struct sim_entry entry = sim_view_stored(writes[i].key);
		struct sim_made *made = find_made(device, &entry);
		if (writes[i].remove || entry.kind == SIM_ENTRY_NONE)
			continue;
		if (made) /* edits have joined it */
			made->event = device->events + 1;
		else
			device->made[device->made_count++ % SIM_MADE] = (struct sim_made){ entry, device->events + 1 };
	}
}

void sim_since_forget(struct sim_device *device)
{
	device->made_count = device->stored_bytes = 0;
	memset(device->states, 0, sizeof(device->states));
}

void sim_check_since(struct sim *sim, unsigned index, const struct sim_intent *intent, const struct sim_wordset *gone)
{
	struct sim_device *device = &sim->devices[index];
	const struct sim_made *made = find_made(device, &intent->entry);
	enum sim_property property = intent->entry.kind == SIM_ENTRY_STEP ? SIM_WITH_SINCE_STEP
		: intent->entry.kind == SIM_ENTRY_MERGE ? SIM_WITH_SINCE_MERGE : SIM_WITH_SINCE;
	if (!made || !sim->plan->with[property])
		return;
	for (unsigned id = 1; id <= sim->words.count; id++)
		if (sim_wordset_has(gone, id) && sim->words.items[id].text && sim->words.items[id].seen[index] > made->event)
			sim_violate(sim, "typed-since", "device %u takes away w%uz, which came after entry %lld was made", index, id,
				(long long)intent->entry.id);
}

/* --- states of rows ----------------------------------------------------------------------------------------------- */

static uint64_t state_of(const struct sl_row *row)
{
	return sim_check_field(&row->key, row->data);
}

static size_t slot_of(const struct sim_device *device, uint64_t state)
{
	size_t slot = state % SIM_STATES;
	for (size_t tries = 0; tries < SIM_STATES && device->states[slot] != 0 && device->states[slot] != state; tries++)
		slot = (slot + 1) % SIM_STATES;
	return slot;
}

void sim_note_state(struct sim_device *device, const struct sl_row *row)
{
	uint64_t state = state_of(row);
	size_t slot = slot_of(device, state);
	if (device->states[slot] == 0)
		device->states[slot] = state;
}

bool sim_was_here(const struct sim_device *device, const struct sl_row *row)
{
	uint64_t state = state_of(row);
	return device->states[slot_of(device, state)] == state;
}
