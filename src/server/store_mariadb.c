/* A project in MariaDB; see store_mariadb.h. Implements the store of core/commit.h with named statements; every function runs
 * inside the transaction of its caller. Table layout: sql/migrations. */
#include "server/store_mariadb.h"

#include "core/json/parse.h"
#include "core/json/write.h"
#include "server/history.h"
#include "server/pack.h"
#include "server/store_rows.h"

static struct sl_value device_of(const struct sl_project *project)
{
	return project->device_id ? SL_TEXT(sl_str_from(project->device_id)) : SL_NULL;
}

/* --- head -------------------------------------------------------------------------------------------------------- */

struct head_reading {
	struct sl_head *head;
	int64_t history_rows;
};

static int take_head(void *context, const struct sl_value *columns, struct sl_err *err)
{
	struct head_reading *reading = context;
	(void)err;
	reading->head->version = columns[0].number;
	reading->head->digest = sl_digest_from_bytes(columns[1].text);
	for (int entity = 0; entity < SL_ENTITIES; entity++)
		reading->head->rows[entity] = columns[2 + entity].number;
	reading->head->bytes = columns[8].number;
	reading->head->tombstones_from = columns[9].number;
	reading->history_rows = columns[10].number;
	if (columns[11].text.length < SL_EPOCH_BYTES)
		memcpy(reading->head->epoch, columns[11].text.bytes, columns[11].text.length);
	return SL_OK;
}

static int read_head(struct sl_project *project, enum sl_sql name, struct head_reading *reading, struct sl_err *err)
{
	struct sl_value values[] = { SL_INT(project->project_id) };
	memset(reading->head, 0, sizeof(*reading->head));
	int64_t rows = sl_db_query(project->db, name, values, 1, take_head, reading, err);
	if (rows == 0)
		return sl_err_set(err, SL_NOT_FOUND, "the account has been deleted");
	return rows < 0 ? (int)rows : SL_OK;
}

int sl_store_head(struct sl_project *project, struct sl_head *head_r, struct sl_err *err)
{
	struct head_reading reading = { head_r, 0 };
	return read_head(project, SL_SQL_HEAD_GET, &reading, err);
}

static int lock_head(void *context, struct sl_head *head_r, struct sl_err *err)
{
	struct sl_project *project = context;
	struct head_reading reading = { head_r, 0 };
	int rc = read_head(project, SL_SQL_HEAD_LOCK, &reading, err);
	project->history_rows = reading.history_rows;
	return rc;
}

/* --- operations -------------------------------------------------------------------------------------------------- */

struct op_reading {
	struct sl_arena *arena;
	struct sl_op *op;
};

static int take_op(void *context, const struct sl_value *columns, struct sl_err *err)
{
	struct op_reading *reading = context;
	if (columns[0].text.length != sizeof(reading->op->content_hash))
		return sl_err_set(err, SL_INTERNAL, "a stored operation is damaged");
	memcpy(reading->op->content_hash, columns[0].text.bytes, sizeof(reading->op->content_hash));
	return sl_unpack(columns[1].text, reading->arena, &reading->op->answer, err);
}

static int find_op(void *context, struct sl_str op_id, struct sl_arena *arena, struct sl_op *op_r, struct sl_err *err)
{
	struct sl_project *project = context;
	struct sl_value values[] = { SL_INT(project->project_id), SL_TEXT(op_id) };
	struct op_reading reading = { arena, op_r };
	return (int)sl_db_query(project->db, SL_SQL_OP_GET, values, 2, take_op, &reading, err);
}

/* --- rows -------------------------------------------------------------------------------------------------------- */

static int read_rows(void *context, const struct sl_key *keys, size_t count, struct sl_arena *arena,
	struct sl_rowset *into, struct sl_err *err)
{
	struct sl_project *project = context;
	return sl_store_rows_some(project->db, project->project_id, keys, count, arena, into, err);
}

static int read_all(void *context, struct sl_arena *arena, struct sl_rowset *into, struct sl_err *err)
{
	struct sl_project *project = context;
	return sl_store_rows_all(project->db, project->project_id, arena, into, err);
}

static int read_siblings(void *context, const struct sl_key *groups, size_t count, struct sl_arena *arena,
	struct sl_rowset *into, struct sl_err *err)
{
	struct sl_project *project = context;
	return sl_store_rows_siblings(project->db, project->project_id, groups, count, arena, into, err);
}

static int no_memory(struct sl_err *err)
{
	return sl_err_set(err, SL_NO_MEMORY, "out of memory while looking up rows");
}

static int last_ranks(void *context, const struct sl_key *groups, size_t count, struct sl_arena *arena,
	struct sl_str *ranks_r, struct sl_err *err)
{
	struct sl_project *project = context;
	struct sl_rowset *found = sl_rowset_new(arena, count);
	int rc = found ? sl_store_rows_last(project->db, project->project_id, groups, count, arena, found, err) : no_memory(err);
	for (size_t i = 0; rc == SL_OK && i < count; i++) {
		const struct sl_row *row = sl_rowset_find(found, &groups[i]);
		ranks_r[i] = row ? row->rank : (struct sl_str){ NULL, 0 };
	}
	return rc;
}

static int has_episodes(void *context, const struct sl_key *episodes, size_t count, bool *there_r, struct sl_err *err)
{
	struct sl_project *project = context;
	struct sl_arena arena;
	sl_arena_init(&arena, 0);
	struct sl_rowset *found = sl_rowset_new(&arena, count);
	int rc = found ? sl_store_rows_episodes(project->db, project->project_id, episodes, count, &arena, found, err)
		: no_memory(err);
	for (size_t i = 0; rc == SL_OK && i < count; i++)
		there_r[i] = sl_rowset_find(found, &episodes[i]) != NULL;
	sl_arena_dispose(&arena);
	return rc;
}

/* --- tombstones -------------------------------------------------------------------------------------------------- */

/* Tombstones as a set: the key of what was deleted, and in `version` when. */
struct tombstone_reading {
	struct sl_arena *arena;
	struct sl_rowset *into;
};

static int take_tombstone(void *context, const struct sl_value *columns, struct sl_err *err)
{
	struct tombstone_reading *reading = context;
	struct sl_row row = { .key = { (enum sl_entity)columns[0].number, columns[1].number, columns[2].text },
		.version = columns[3].number };
	if (columns[0].number < 0 || columns[0].number >= SL_ENTITIES)
		return sl_err_set(err, SL_INTERNAL, "a stored tombstone is damaged");
	if (sl_key_copy(reading->arena, &row.key, &row.key) != SL_OK || !sl_rowset_put(reading->into, &row))
		return sl_err_set(err, SL_NO_MEMORY, "out of memory while reading deletions");
	return SL_OK;
}

static void write_tombstone_keys(struct sl_buf *out, const struct sl_key *keys, size_t count)
{
	sl_buf_add_char(out, '[');
	for (size_t i = 0; i < count; i++) {
		sl_buf_add_text(out, i ? ",[" : "[");
		sl_buf_add_int(out, keys[i].entity);
		sl_buf_add_char(out, ',');
		sl_buf_add_int(out, keys[i].episode);
		sl_buf_add_char(out, ',');
		sl_json_string(out, keys[i].id);
		sl_buf_add_char(out, ']');
	}
	sl_buf_add_char(out, ']');
}

static int read_tombstones(void *context, const struct sl_key *keys, size_t count, int64_t *versions_r,
	struct sl_err *err)
{
	struct sl_project *project = context;
	struct sl_arena arena;
	struct sl_buf list;
	sl_arena_init(&arena, 0);
	sl_buf_init(&list, SIZE_MAX);
	write_tombstone_keys(&list, keys, count);
	struct tombstone_reading reading = { &arena, sl_rowset_new(&arena, count) };
	struct sl_value values[] = { SL_TEXT(sl_buf_str(&list)), SL_INT(project->project_id) };
	int64_t rc = SL_NO_MEMORY;
	if (reading.into && sl_buf_code(&list) == SL_OK)
		rc = sl_db_query(project->db, SL_SQL_TOMBSTONES_SOME, values, 2, take_tombstone, &reading, err);
	for (size_t i = 0; rc >= 0 && i < count; i++) {
		const struct sl_row *found = sl_rowset_find(reading.into, &keys[i]);
		versions_r[i] = found ? found->version : 0;
	}
	sl_buf_dispose(&list);
	sl_arena_dispose(&arena);
	return rc < 0 ? sl_err_set(err, (int)rc, "deletions can't be read") : SL_OK;
}

int sl_store_changes(struct sl_project *project, int64_t since, int64_t known, struct sl_arena *arena,
	struct sl_delta *changes_r, struct sl_err *err)
{
	struct sl_value values[] = { SL_INT(project->project_id), SL_INT(known) };
	struct tombstone_reading reading = { arena, sl_rowset_new(arena, 16) };
	struct sl_keys deleted = { .arena = arena };
	const struct sl_row *row;
	size_t cursor = 0;
	*changes_r = (struct sl_delta){ sl_rowset_new(arena, 16), NULL, 0 };
	if (!changes_r->rows || !reading.into)
		return sl_err_set(err, SL_NO_MEMORY, "out of memory while reading changes");
	int rc = sl_store_rows_since(project->db, project->project_id, since, arena, changes_r->rows, err);
	if (rc != SL_OK)
		return rc;
	int64_t rows = sl_db_query(project->db, SL_SQL_TOMBSTONES_SINCE, values, 2, take_tombstone, &reading, err);
	while (rows > 0 && (row = sl_rowset_next(reading.into, &cursor))) /* a row that came back is a change */
		if (!sl_rowset_find(changes_r->rows, &row->key) && sl_keys_add(&deleted, &row->key) != SL_OK)
			return sl_err_set(err, SL_NO_MEMORY, "out of memory while reading changes");
	changes_r->deleted = deleted.items;
	changes_r->deleted_count = deleted.count;
	return rows < 0 ? (int)rows : SL_OK;
}

static int read_changes(void *context, int64_t since, struct sl_arena *arena, struct sl_delta *changes_r,
	struct sl_err *err)
{
	return sl_store_changes(context, since, since, arena, changes_r, err);
}

static int write_tombstones(struct sl_project *project, const struct sl_commit_record *record, struct sl_arena *arena,
	struct sl_err *err)
{
	enum { COLUMNS = 5 };
	struct sl_value *values = sl_arena_alloc(arena, (record->change_count + 1) * COLUMNS * sizeof(*values));
	size_t rows = 0;
	if (!values)
		return sl_err_set(err, SL_NO_MEMORY, "out of memory while writing deletions");
	for (size_t i = 0; i < record->change_count; i++) {
		if (record->changes[i].after)
			continue;
		const struct sl_key *key = &record->changes[i].before->key;
		struct sl_value *at = values + rows++ * COLUMNS;
		at[0] = SL_INT(project->project_id);
		at[1] = SL_INT(key->entity);
		at[2] = SL_INT(key->episode);
		at[3] = SL_TEXT(key->id);
		at[4] = SL_INT(record->head.version);
	}
	return rows ? sl_db_exec_bulk(project->db, SL_SQL_TOMBSTONE_PUT, values, rows, COLUMNS, err) : SL_OK;
}

/* --- one commit -------------------------------------------------------------------------------------------------- */

static int read_undo(void *context, int64_t version, struct sl_arena *arena, struct sl_str *record_r,
	struct sl_digest *digest_r, struct sl_err *err)
{
	struct sl_project *project = context;
	return sl_history_undo(project->db, project->project_id, version, arena, record_r, digest_r, err);
}

static int write_head(struct sl_project *project, const struct sl_head *head, struct sl_err *err)
{
	char digest[16];
	struct sl_value values[10] = { SL_INT(head->version), SL_BYTES(sl_digest_to_bytes(head->digest, digest)) };
	for (int entity = 0; entity < SL_ENTITIES; entity++)
		values[2 + entity] = SL_INT(head->rows[entity]);
	values[8] = SL_INT(head->bytes);
	values[9] = SL_INT(project->project_id);
	return sl_db_exec(project->db, SL_SQL_HEAD_SET, values, 10, NULL, err);
}

static int write_snapshot(struct sl_project *project, const struct sl_commit_record *record, struct sl_arena *arena,
	struct sl_err *err)
{
	char digest[16];
	struct sl_history_version version = { .version = record->head.version, .previous = record->previous_version,
		.created_ms = record->push->now_ms, .device = device_of(project), .action = sl_action_name(record->push->action),
		.rows_changed = (int64_t)record->change_count, .summary = record->summary,
		.digest = sl_digest_to_bytes(record->head.digest, digest), .undo = record->undo };
	return sl_history_add(project->db, project->project_id, &version, arena, err);
}

static int write_op(struct sl_project *project, const struct sl_commit_record *record, struct sl_arena *arena,
	struct sl_err *err)
{
	struct sl_str hash = { (const char *)record->op.content_hash, sizeof(record->op.content_hash) }, answer;
	if (sl_pack(record->op.answer, arena, &answer) != SL_OK)
		return sl_err_set(err, SL_NO_MEMORY, "out of memory while writing an operation");
	struct sl_value values[] = { SL_INT(project->project_id), SL_TEXT(record->push->op_id), SL_BYTES(hash),
		SL_INT(record->head.version), SL_INT(record->push->now_ms), SL_BYTES(answer) };
	return sl_db_exec(project->db, SL_SQL_OP_ADD, values, 6, NULL, err);
}

enum { ASIDE_COLUMNS = 10 };

static int aside_values(struct sl_project *project, const struct sl_commit_record *record, const json_t *item, size_t position,
	struct sl_arena *arena, struct sl_value *values)
{
	static const char *const skip[] = { "entity", "key" };
	enum sl_entity entity = sl_entity_from_name(sl_json_text(json_object_get(item, "entity")));
	struct sl_key key = sl_key_from_json(entity, json_object_get(item, "key"));
	struct sl_buf text;
	struct sl_str copy;
	sl_buf_init(&text, SIZE_MAX);
	sl_json_write_without(&text, item, skip, 2);
	int rc = sl_buf_code(&text) == SL_OK ? sl_arena_copy(arena, sl_buf_str(&text), &copy) : SL_NO_MEMORY;
	sl_buf_dispose(&text);
	if (rc != SL_OK || sl_key_copy(arena, &key, &key) != SL_OK)
		return SL_NO_MEMORY;
	const struct sl_value row[ASIDE_COLUMNS] = { SL_INT(project->project_id), SL_INT(key.entity), SL_INT(key.episode),
		SL_TEXT(key.id), SL_INT(record->head.version), SL_TEXT(record->push->op_id), SL_INT((int64_t)position), device_of(project),
		SL_INT(record->push->now_ms), SL_TEXT(copy) };
	memcpy(values, row, sizeof(row));
	return SL_OK;
}

static int write_asides(struct sl_project *project, const struct sl_commit_record *record, struct sl_arena *arena,
	struct sl_err *err)
{
	json_t *items = NULL, *item;
	size_t index;
	if (!record->push->set_aside.length)
		return SL_OK;
	int rc = sl_json_parse(record->push->set_aside, &items, err);
	size_t count = json_array_size(items);
	struct sl_value *values = sl_arena_alloc(arena, (count + 1) * ASIDE_COLUMNS * sizeof(*values));
	if (rc == SL_OK && !values)
		rc = SL_NO_MEMORY;
	json_array_foreach(items, index, item)
		if (rc == SL_OK)
			rc = aside_values(project, record, item, index, arena, values + index * ASIDE_COLUMNS);
	json_decref(items);
	if (rc == SL_NO_MEMORY)
		return sl_err_set(err, SL_NO_MEMORY, "out of memory while writing what was put aside");
	return rc == SL_OK && count ? sl_db_exec_bulk(project->db, SL_SQL_ASIDE_ADD, values, count, ASIDE_COLUMNS, err) : rc;
}

int sl_store_audit(struct sl_project *project, const char *action, const char *status, int64_t version, int64_t now_ms,
	struct sl_str detail, struct sl_err *err)
{
	struct sl_value values[] = { SL_INT(project->project_id), SL_INT(project->user_id), device_of(project),
		SL_TEXT(sl_str_from(action)), SL_TEXT(sl_str_from(status)), SL_INT(version), SL_INT(now_ms),
		SL_TEXT(sl_str_from(project->trace_id)), SL_TEXT(detail) };
	return sl_db_exec(project->db, SL_SQL_AUDIT_ADD, values, 9, NULL, err);
}

static int write_changes(struct sl_project *project, const struct sl_commit_record *record, struct sl_arena *arena,
	struct sl_err *err)
{
	int rc = sl_store_rows_write(project->db, project->project_id, record->changes, record->change_count, arena, err);
	if (rc == SL_OK)
		rc = write_tombstones(project, record, arena, err);
	if (rc == SL_OK)
		rc = write_snapshot(project, record, arena, err);
	if (rc == SL_OK)
		rc = write_head(project, &record->head, err);
	return rc;
}

static int write_record(void *context, const struct sl_commit_record *record, struct sl_err *err)
{
	struct sl_project *project = context;
	struct sl_arena arena;
	int rc = SL_OK;
	sl_arena_init(&arena, 0);
	if (record->head.version != record->previous_version)
		rc = write_changes(project, record, &arena, err);
	if (rc == SL_OK)
		rc = write_op(project, record, &arena, err);
	if (rc == SL_OK)
		rc = write_asides(project, record, &arena, err);
	if (rc == SL_OK)
		rc = sl_store_audit(project, sl_action_name(record->push->action), record->change_count ? "committed" : "unchanged",
			record->head.version, record->push->now_ms, record->summary, err);
	sl_arena_dispose(&arena);
	return rc;
}

struct sl_store sl_store_mariadb(struct sl_project *project)
{
	return (struct sl_store){ .context = project, .lock_head = lock_head, .find_op = find_op, .read_rows = read_rows,
		.read_all = read_all, .read_siblings = read_siblings, .last_ranks = last_ranks, .has_episodes = has_episodes,
		.read_tombstones = read_tombstones, .read_changes = read_changes, .read_undo = read_undo, .write = write_record };
}
