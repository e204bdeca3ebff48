/* Today's decisions, receipts and backups as the simulator sees them; see engine_view.h. */
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

bool sim_view_undoable(const struct sl_engine *engine, size_t i, struct sim_entry *entry_r)
{
	const struct sl_kept_receipt *receipt = sl_engine_receipt(engine, i);
	size_t receipts = 0;
	if (receipt) {
		*entry_r = (struct sim_entry){ SIM_ENTRY_MERGE, receipt->id };
		return true;
	}
	while (sl_engine_receipt(engine, receipts))
		receipts++;
	const struct sl_backup *backup = sl_engine_backup(engine, i - receipts);
	if (backup)
		*entry_r = (struct sim_entry){ SIM_ENTRY_STEP, backup->id };
	return backup != NULL;
}

const struct sl_rowset *sim_view_before_last_step(const struct sl_engine *engine)
{
	const struct sl_backup *backup = NULL, *next;
	for (size_t i = 0; (next = sl_engine_backup(engine, i)); i++)
		backup = next;
	return backup ? backup->delta->rows : NULL;
}

struct sl_event sim_view_decide(int64_t decision, size_t hunk, enum sl_choice choice, struct sl_str own)
{
	return (struct sl_event){ .type = SL_EVENT_RESOLVE,
		.resolve = { .conflict = decision, .hunk = hunk, .choice = choice, .own = own } };
}

struct sl_event sim_view_undo(const struct sim_entry *entry)
{
	struct sl_event event = { .type = entry->kind == SIM_ENTRY_MERGE ? SL_EVENT_REVERSE : SL_EVENT_RESTORE_BACKUP };
	if (entry->kind == SIM_ENTRY_MERGE)
		event.reverse.receipt = entry->id;
	else
		event.restore_backup.backup = entry->id;
	return event;
}

/* --- how they are stored ------------------------------------------------------------------------------------------ */

static bool begins_with(struct sl_str text, const char *prefix)
{
	size_t length = strlen(prefix);
	return text.length > length && memcmp(text.bytes, prefix, length) == 0;
}

struct sim_entry sim_view_stored(struct sl_str key)
{
	static const struct { const char *prefix; enum sim_entry_kind kind; } kinds[] = { { "conflict/", SIM_ENTRY_DECISION },
		{ "receipt/", SIM_ENTRY_MERGE }, { "backup/merge/", SIM_ENTRY_STEP }, { "backup/own/", SIM_ENTRY_STEP } };
	for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++)
		if (begins_with(key, kinds[i].prefix))
			return (struct sim_entry){ kinds[i].kind, strtoll(key.bytes + strlen(kinds[i].prefix), NULL, 10) };
	return (struct sim_entry){ SIM_ENTRY_NONE, 0 };
}

bool sim_view_is_state(struct sl_str key)
{
	return !begins_with(key, "journal/") && !begins_with(key, "head/");
}

bool sim_view_is_merge_backup(struct sl_str key)
{
	return begins_with(key, "backup/merge/");
}
