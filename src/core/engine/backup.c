/* Backups of the engine: the rows that a step replaced or removed on this device; see private.h. Keeps true:
 * they are in the same batch as the step; they are bounded, each kind by itself, so that a lively day of merges does
 * not push out the one before an import. Rules: merge.md "Client engine" 6. */
#include "core/engine/private.h"

#include "core/json/parse.h"
#include "core/json/write.h"
#include "core/schema/validate.h"

#define LENGTH(array) (sizeof(array) / sizeof((array)[0]))

static const char *const reasons[] = { "merge", "replace", "clear", "restore_backup" };

void sl_engine_row_hash(const struct sl_row *row, char hex_r[SL_DIGEST_HEX])
{
	struct sl_digest digest = { 0, 0 };
	sl_digest_add(&digest, row);
	sl_digest_format(digest, hex_r);
}

/* The hashes of what a step puts, by key: for rows that were not there before. */
static int write_hashes(struct sl_engine *engine, const struct sl_delta *change, struct sl_buf *out)
{
	const struct sl_row *row;
	size_t cursor = 0;
	bool first = true;
	while ((row = sl_rowset_next(change->rows, &cursor))) {
		char hex[SL_DIGEST_HEX];
		struct sl_str key;
		if (sl_rowset_find(engine->local, &row->key))
			continue;
		if (sl_engine_row_key(engine, "", &row->key, &key) != SL_OK)
			return SL_NO_MEMORY;
		sl_engine_row_hash(row, hex);
		sl_buf_add_text(out, first ? "" : ",");
		first = false;
		sl_json_string(out, key);
		sl_buf_add_text(out, ":\"");
		sl_buf_add_text(out, hex);
		sl_buf_add_char(out, '"');
	}
	return SL_OK;
}

static int write_backup(struct sl_engine *engine, const struct sl_delta *change, const struct sl_delta *inverse,
	const char *reason, struct sl_buf *out)
{
	sl_buf_add_text(out, "{\"reason\":\"");
	sl_buf_add_text(out, reason);
	sl_buf_add_text(out, "\",\"version\":");
	sl_buf_add_int(out, engine->meta.version);
	sl_buf_add_text(out, ",\"hashes\":{");
	if (write_hashes(engine, change, out) != SL_OK)
		return SL_NO_MEMORY;
	sl_buf_add_text(out, "},\"delta\":");
	if (sl_delta_write(inverse, out) != SL_OK)
		return SL_NO_MEMORY;
	sl_buf_add_char(out, '}');
	return SL_OK;
}

static int note_backup(struct sl_engine *engine, int64_t id, const char *reason)
{
	struct sl_effect *effect = sl_engine_add_effect(engine, SL_EFFECT_BACKUP);
	if (!effect)
		return SL_NO_MEMORY;
	effect->backup.id = id;
	effect->backup.reason = reason;
	return SL_OK;
}

int sl_engine_back_up(struct sl_engine *engine, const struct sl_delta *change, const char *reason)
{
	enum sl_record_kind kind = strcmp(reason, "merge") == 0 ? SL_RECORD_BACKUP_MERGE : SL_RECORD_BACKUP_OWN;
	struct sl_delta inverse;
	struct sl_buf text;
	int64_t id;
	int rc = sl_delta_invert(change, engine->local, &engine->scratch, &inverse);
	if (rc != SL_OK || sl_rowset_count(inverse.rows) == 0)
		return rc;
	sl_buf_init(&text, SIZE_MAX);
	rc = write_backup(engine, change, &inverse, reason, &text);
	if (rc == SL_OK)
		rc = sl_engine_keep_record(engine, kind, &text, NULL, engine->config.backups_kept, &id);
	sl_buf_dispose(&text);
	return rc == SL_OK ? note_backup(engine, id, reason) : rc;
}

static const char *reason_named(const char *name)
{
	for (size_t i = 0; name && i < LENGTH(reasons); i++)
		if (strcmp(name, reasons[i]) == 0)
			return reasons[i];
	return reasons[0];
}

int sl_engine_read_backup(const struct sl_record *record, struct sl_arena *arena, struct sl_backup *backup_r,
	json_t **hashes_r)
{
	struct sl_delta *delta = sl_arena_zalloc(arena, 1, sizeof(*delta));
	json_t *object = NULL;
	int rc = delta ? sl_engine_parse_record(record->text, &object) : SL_NO_MEMORY;
	if (rc == SL_OK)
		rc = sl_engine_stored_delta(object, "delta", arena, delta);
	*backup_r = (struct sl_backup){ .id = record->id, .delta = delta,
		.version = sl_engine_stored_number(object, "version"),
		.reason = reason_named(json_string_value(json_object_get(object, "reason"))) };
	if (rc == SL_OK && hashes_r)
		*hashes_r = json_incref(json_object_get(object, "hashes"));
	json_decref(object);
	return rc;
}

/* --- taking back ---------------------------------------------------------------------------------------------------- */

static int not_found(struct sl_err *err, const char *what)
{
	return sl_err_set(err, SL_NOT_FOUND, "there is no such %s", what);
}

/* The edit that puts `mine` of the receipt back, checked against the schema: the value may come from a user. */
static int work_out_edit(struct sl_engine *engine, const struct sl_note *receipt, struct sl_delta *edit_r,
	struct sl_err *err)
{
	struct sl_buf text;
	json_t *value = NULL;
	struct sl_faults faults;
	int rc = sl_merge_reverse(receipt, engine->base, engine->local, &engine->scratch, edit_r, err);
	if (rc != SL_OK)
		return rc;
	sl_buf_init(&text, SIZE_MAX);
	rc = sl_delta_write(edit_r, &text) == SL_OK ? sl_json_parse(sl_buf_str(&text), &value, err) : SL_NO_MEMORY;
	sl_buf_dispose(&text);
	if (rc == SL_OK)
		rc = sl_validate_delta(value, "", engine->config.row_bytes, &engine->scratch, &faults, err);
	if (rc == SL_OK) /* once more: an empty value of a project-level field is a removal */
		rc = sl_delta_from_json(value, &engine->scratch, edit_r, err);
	json_decref(value);
	return rc;
}

int sl_engine_reverse(struct sl_engine *engine, int64_t id, struct sl_err *err)
{
	const struct sl_record *record = sl_engine_find_record(engine, SL_RECORD_RECEIPT, id);
	struct sl_kept_receipt kept;
	struct sl_delta edit;
	if (!record)
		return not_found(err, "receipt");
	int rc = sl_engine_read_receipt(record, &engine->scratch, &kept);
	if (rc == SL_OK)
		rc = work_out_edit(engine, &kept.note, &edit, err);
	return rc == SL_OK ? sl_engine_apply_edit(engine, &edit, NULL) : rc;
}

/* --- a backup ----------------------------------------------------------------------------------------------------- */

/* Whether the row is as the step put it, whose hashes these are. */
static int is_untouched(struct sl_engine *engine, const struct sl_row *row, const json_t *hashes, bool *untouched_r)
{
	char hex[SL_DIGEST_HEX];
	struct sl_str name;
	const char *known;
	if (sl_engine_row_key(engine, "", &row->key, &name) != SL_OK
		|| sl_arena_copy(&engine->scratch, name, &name) != SL_OK)
		return SL_NO_MEMORY;
	sl_engine_row_hash(row, hex);
	known = json_string_value(json_object_get(hashes, name.bytes));
	*untouched_r = known && strcmp(known, hex) == 0;
	return SL_OK;
}

/* Rows of the backup whose episode is gone bring it with them: as base has it, or bare. */
static int add_parents(struct sl_engine *engine, struct sl_delta *edit)
{
	const struct sl_row *row;
	struct sl_rowset *parents = sl_rowset_new(&engine->scratch, 8);
	size_t cursor = 0;
	while (parents && (row = sl_rowset_next(edit->rows, &cursor))) {
		struct sl_row parent = { .key = sl_key_of_episode(row->key.episode), .data = SL_STR("{}") };
		const struct sl_row *known = sl_rowset_find(engine->base, &parent.key);
		if (sl_entity_has_episode(row->key.entity) && !sl_rowset_find(engine->local, &parent.key)
			&& !sl_rowset_find(edit->rows, &parent.key) && !sl_rowset_put(parents, known ? known : &parent))
			return SL_NO_MEMORY;
	}
	for (cursor = 0; parents && (row = sl_rowset_next(parents, &cursor));)
		if (!sl_rowset_put(edit->rows, row))
			return SL_NO_MEMORY;
	return parents ? SL_OK : SL_NO_MEMORY;
}

/* Of the rows that the step added, those to be removed again. An episode goes only with all that is in it. */
static int keep_deletions(struct sl_engine *engine, struct sl_delta *edit, const json_t *hashes)
{
	struct sl_keys keys = { .arena = &engine->scratch };
	struct sl_rowset *busy = sl_rowset_new(&engine->scratch, 8);
	const struct sl_row *row;
	size_t cursor = 0;
	bool untouched = false;
	if (!busy)
		return SL_NO_MEMORY;
	while ((row = sl_rowset_next(engine->local, &cursor))) {
		struct sl_key parent = sl_key_of_episode(row->key.episode);
		if (!sl_entity_has_episode(row->key.entity))
			continue;
		if (is_untouched(engine, row, hashes, &untouched) != SL_OK
			|| (!untouched && sl_engine_touch(busy, &parent) != SL_OK))
			return SL_NO_MEMORY;
	}
	for (size_t i = 0; i < edit->deleted_count; i++) {
		row = sl_rowset_find(engine->local, &edit->deleted[i]);
		if (!row || (row->key.entity == SL_EPISODES && sl_rowset_find(busy, &row->key)))
			continue;
		if (is_untouched(engine, row, hashes, &untouched) != SL_OK
			|| (untouched && sl_keys_add(&keys, &row->key) != SL_OK))
			return SL_NO_MEMORY;
	}
	edit->deleted = keys.items;
	edit->deleted_count = keys.count;
	return SL_OK;
}

int sl_engine_restore_backup(struct sl_engine *engine, int64_t id, struct sl_err *err)
{
	const struct sl_record *record = sl_engine_find_record(engine, SL_RECORD_BACKUP_OWN, id);
	bool after_merge = !record;
	struct sl_backup backup;
	struct sl_delta edit;
	json_t *hashes = NULL;
	if (!record)
		record = sl_engine_find_record(engine, SL_RECORD_BACKUP_MERGE, id);
	if (!record)
		return not_found(err, "backup");
	int rc = sl_engine_read_backup(record, &engine->scratch, &backup, &hashes);
	if (rc == SL_OK) {
		edit = *backup.delta;
		edit.deleted_count = after_merge ? 0 : edit.deleted_count;
		rc = add_parents(engine, &edit);
	}
	if (rc == SL_OK && edit.deleted_count)
		rc = keep_deletions(engine, &edit, hashes);
	json_decref(hashes);
	return rc == SL_OK ? sl_engine_apply_edit(engine, &edit, "restore_backup") : rc;
}
