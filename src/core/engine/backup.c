/* Backups of the engine: the rows that a step replaced or removed on this device; see private.h. Keeps true:
 * they are in the same batch as the step; they are bounded, each kind by itself, so that a lively day of merges does
 * not push out the one before an import. Rules: merge.md "Client engine" 6. */
#include "core/engine/private.h"

#include "core/json/write.h"
#include "core/plant.h"

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
	if (SL_PLANTED(NO_BACKUP))
		return SL_OK;
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
