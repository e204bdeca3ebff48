/* Taking automatic steps back: resolving conflicts, reversing a merge's decision, restoring backups; see
 * private.h. All are ordinary edits of the rows as they are now, so each can itself be taken back. Rules:
 * merge.md, "Receipts". */
#include "core/engine/private.h"

#include "core/json/parse.h"
#include "core/json/write.h"
#include "core/schema/validate.h"

static int not_found(struct sl_err *err, const char *what)
{
	return sl_err_set(err, SL_NOT_FOUND, "there is no such %s", what);
}

/* --- one field ---------------------------------------------------------------------------------------------------- */

/* The edit that puts `mine` of the receipt back, checked against the schema: the value may come from a user. */
static int work_out_edit(struct sl_engine *engine, const struct sl_receipt *receipt, struct sl_delta *edit_r,
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

static int canonical_value(struct sl_engine *engine, struct sl_str text, struct sl_str *value_r, struct sl_err *err)
{
	struct sl_buf out;
	json_t *value = NULL;
	int rc = sl_json_parse(text, &value, err);
	if (rc != SL_OK)
		return rc;
	sl_buf_init(&out, SIZE_MAX);
	sl_json_write(&out, value);
	json_decref(value);
	rc = sl_buf_code(&out) == SL_OK ? sl_arena_copy(&engine->scratch, sl_buf_str(&out), value_r) : SL_NO_MEMORY;
	sl_buf_dispose(&out);
	return rc;
}

int sl_engine_resolve(struct sl_engine *engine, int64_t id, enum sl_choice choice, struct sl_str value,
	struct sl_err *err)
{
	const struct sl_record *record = sl_engine_find_record(engine, SL_RECORD_CONFLICT, id);
	struct sl_kept_receipt copy;
	struct sl_delta edit;
	if (!record)
		return not_found(err, "conflict");
	if (choice == SL_CHOICE_THEIRS)
		return sl_engine_close_conflict(engine, id);
	int rc = sl_engine_read_receipt(record, &engine->scratch, &copy);
	if (rc == SL_OK && choice == SL_CHOICE_VALUE)
		rc = canonical_value(engine, value, &copy.receipt.mine, err);
	if (rc == SL_OK)
		rc = work_out_edit(engine, &copy.receipt, &edit, err);
	if (rc == SL_OK)
		rc = sl_engine_apply_edit(engine, &edit, NULL);
	return rc == SL_OK ? sl_engine_close_conflict(engine, id) : rc;
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
		rc = work_out_edit(engine, &kept.receipt, &edit, err);
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
