/* Decisions and the journal as the simulator sees them; see engine_view.h. */
#include "engine_view.h"

#include <stdlib.h>

static void show(const struct sl_conflict_copy *copy, struct sim_decision *decision_r)
{
	const struct sl_note *note = &copy->note;
	*decision_r = (struct sim_decision){ .id = copy->id, .key = note->key, .path = note->path,
		.kept = note->kind == SL_NOTE_KEPT, .text = note->rule == SL_RULE_TEXT, .base = note->base, .mine = note->mine,
		.theirs = note->theirs, .hunks = note->hunks, .hunk_count = note->hunk_count };
}

bool sim_view_decision(const struct sl_engine *engine, size_t i, struct sim_decision *decision_r)
{
	const struct sl_conflict_copy *copy = sl_engine_conflict(engine, i);
	if (copy)
		show(copy, decision_r);
	return copy != NULL;
}

bool sim_view_find_decision(const struct sl_engine *engine, int64_t id, struct sim_decision *decision_r)
{
	const struct sl_conflict_copy *copy;
	for (size_t i = 0; (copy = sl_engine_conflict(engine, i)); i++)
		if (copy->id == id) {
			show(copy, decision_r);
			return true;
		}
	return false;
}

bool sim_view_undoable(const struct sl_row *stored, size_t i, struct sl_arena *arena, struct sim_entry *entry_r)
{
	struct sl_journal_entry entry;
	*entry_r = sim_view_stored(stored->key.id);
	if (entry_r->kind != SIM_ENTRY_STEP || i == 0)
		return entry_r->kind == SIM_ENTRY_STEP;
	*entry_r = (struct sim_entry){ SIM_ENTRY_MERGE, entry_r->id, i };
	return sl_journal_read(stored->data, arena, &entry) == SL_OK && i <= entry.note_count;
}

const struct sl_rowset *sim_view_before_last_step(const struct sl_rowset *store, const struct sl_rowset *rows,
	struct sl_arena *arena)
{
	struct sl_rowset *before = sl_rowset_new(arena, 16);
	const struct sl_row *row, *last = NULL;
	struct sl_journal_entry entry;
	size_t cursor = 0;
	while ((row = sl_rowset_next(store, &cursor)))
		if (sim_view_stored(row->key.id).kind == SIM_ENTRY_STEP
			&& (!last || sim_view_stored(row->key.id).id > sim_view_stored(last->key.id).id))
			last = row;
	if (!before || !last || sl_journal_read(last->data, arena, &entry) != SL_OK)
		return NULL;
	for (size_t i = 0; i < entry.change_count; i++) {
		const struct sl_row *now = sl_rowset_find(rows, &entry.changes[i].key);
		struct sl_row then = now ? *now : (struct sl_row){ .key = entry.changes[i].key };
		if (sl_journal_step_back(&entry.changes[i], &then, arena) != SL_OK)
			return NULL;
		if (then.data.length && !sl_rowset_put(before, &then))
			abort();
	}
	return before;
}

struct sl_event sim_view_decide(int64_t decision, size_t hunk, enum sl_choice choice, struct sl_str own)
{
	return (struct sl_event){ .type = SL_EVENT_RESOLVE,
		.resolve = { .conflict = decision, .hunk = hunk, .choice = choice, .own = own } };
}

struct sl_event sim_view_undo(const struct sim_entry *entry)
{
	return (struct sl_event){ .type = SL_EVENT_UNDO, .undo = { .entry = entry->id, .note = entry->note } };
}

/* --- how they are stored ------------------------------------------------------------------------------------------ */

static bool begins_with(struct sl_str text, const char *prefix)
{
	size_t length = strlen(prefix);
	return text.length > length && memcmp(text.bytes, prefix, length) == 0;
}

struct sim_entry sim_view_stored(struct sl_str key)
{
	if (begins_with(key, "conflict/"))
		return (struct sim_entry){ SIM_ENTRY_DECISION, strtoll(key.bytes + strlen("conflict/"), NULL, 10), 0 };
	if (begins_with(key, "journal/"))
		return (struct sim_entry){ SIM_ENTRY_STEP, sl_journal_number(key), 0 };
	return (struct sim_entry){ SIM_ENTRY_NONE, 0, 0 };
}

bool sim_view_is_state(struct sl_str key)
{
	return !begins_with(key, "journal/") && !begins_with(key, "head/");
}
