/* Stores of earlier versions; see private.h. Keeps true: what they kept for the user is kept. A receipt of a merge, and each row
 * that a backup held, becomes a note of an entry, which can be taken back like any other. */
#include "core/engine/private.h"

#include "core/json/parse.h"

static bool starts_with(struct sl_str text, const char *prefix)
{
	size_t length = strlen(prefix);
	return text.length > length && memcmp(text.bytes, prefix, length) == 0;
}

static int take_receipt(struct sl_engine *engine, const json_t *object)
{
	struct sl_note note;
	int rc = sl_engine_read_note(object, &engine->scratch, &note);
	note.open = false; /* decisions are pairs of their own */
	return rc == SL_OK ? sl_journal_note_again(engine, &note) : rc;
}

/* The rows as they were are what may be put back; as they are now is what came of the step, as far as is known. */
static int take_backup(struct sl_engine *engine, const json_t *object)
{
	struct sl_delta delta;
	const struct sl_row *row, *now;
	size_t cursor = 0;
	int rc = sl_engine_stored_delta(object, "delta", &engine->scratch, &delta);
	while (rc == SL_OK && (row = sl_rowset_next(delta.rows, &cursor))) {
		struct sl_note note = { .key = row->key, .kind = SL_NOTE_VALUE, .rule = SL_RULE_LWW, .mine = row->data, .conflict = true };
		now = sl_rowset_find(engine->local, &row->key);
		if (now)
			note.theirs = note.result = now->data;
		rc = sl_journal_note_again(engine, &note);
	}
	return rc;
}

static enum sl_cause cause_of(struct sl_str key, const json_t *object)
{
	const char *reason = json_string_value(json_object_get(object, "reason"));
	if (starts_with(key, "receipt/") || !reason || strcmp(reason, "merge") == 0)
		return SL_CAUSE_MERGE;
	return strcmp(reason, "replace") == 0 ? SL_CAUSE_REPLACE : strcmp(reason, "clear") == 0 ? SL_CAUSE_CLEAR : SL_CAUSE_UNDO;
}

static int migrate(struct sl_engine *engine, const struct sl_pair *pair)
{
	json_t *object = NULL;
	struct sl_str key;
	int rc = sl_engine_parse_object(pair->value, &object);
	if (rc == SL_OK)
		rc = sl_journal_open(engine, cause_of(pair->key, object));
	if (rc == SL_OK)
		rc = starts_with(pair->key, "receipt/") ? take_receipt(engine, object) : take_backup(engine, object);
	json_decref(object);
	if (rc == SL_OK)
		rc = sl_arena_copy(&engine->scratch, pair->key, &key);
	return rc == SL_OK ? sl_engine_remove(engine, key) : rc;
}

int sl_engine_migrate(struct sl_engine *engine, const struct sl_pair *pairs, size_t count)
{
	int rc = SL_OK;
	for (size_t i = 0; rc == SL_OK && i < count; i++)
		if (starts_with(pairs[i].key, "receipt/") || starts_with(pairs[i].key, "backup/"))
			rc = migrate(engine, &pairs[i]);
	return rc;
}
