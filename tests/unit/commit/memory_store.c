/* A project in memory; see memory_store.h. Keeps true: what may fail comes first and can be taken back without
 * allocating; what then changes the state can't fail. */
#include "memory_store.h"

#include <stdlib.h>

static int begin(struct memory_store *store, enum memory_call call, struct sl_err *err)
{
	store->called[call]++;
	if (store->fail_with[call] == 0 || (call == MEMORY_WRITE && store->fail_write_late))
		return SL_OK;
	return sl_err_set(err, store->fail_with[call], "the store was told to fail");
}

static int no_memory(struct sl_err *err)
{
	return sl_err_set(err, SL_NO_MEMORY, "the store is out of memory");
}

/* --- reading ----------------------------------------------------------------------------------------------------- */

static int lock_head(void *context, struct sl_head *head_r, struct sl_err *err)
{
	struct memory_store *store = context;
	*head_r = store->head;
	return begin(store, MEMORY_LOCK_HEAD, err);
}

static struct sl_key key_of_op(struct sl_str op_id)
{
	return (struct sl_key){ SL_META, 0, op_id };
}

static int find_op(void *context, struct sl_str op_id, struct sl_arena *arena, struct sl_op *op_r, struct sl_err *err)
{
	struct memory_store *store = context;
	struct sl_key key = key_of_op(op_id);
	int rc = begin(store, MEMORY_FIND_OP, err);
	const struct sl_row *row = rc == SL_OK ? sl_rowset_find(store->ops, &key) : NULL;
	(void)arena;
	if (!row)
		return rc;
	op_r->answer = row->data;
	memcpy(op_r->content_hash, row->rank.bytes, sizeof(op_r->content_hash));
	return 1;
}

static int give(struct memory_store *store, enum memory_call call, const struct sl_row *row, struct sl_rowset *into,
	struct sl_err *err)
{
	store->touched[call]++;
	return sl_rowset_put(into, row) ? SL_OK : no_memory(err);
}

static int read_rows(void *context, const struct sl_key *keys, size_t count, struct sl_arena *arena,
	struct sl_rowset *into, struct sl_err *err)
{
	struct memory_store *store = context;
	int rc = begin(store, MEMORY_READ_ROWS, err);
	(void)arena;
	for (size_t i = 0; rc == SL_OK && i < count; i++) {
		const struct sl_row *row = sl_rowset_find(store->rows, &keys[i]);
		if (row)
			rc = give(store, MEMORY_READ_ROWS, row, into, err);
	}
	return rc;
}

static int read_all(void *context, struct sl_arena *arena, struct sl_rowset *into, struct sl_err *err)
{
	struct memory_store *store = context;
	const struct sl_row *row;
	size_t cursor = 0;
	int rc = begin(store, MEMORY_READ_ALL, err);
	(void)arena;
	while (rc == SL_OK && (row = sl_rowset_next(store->rows, &cursor)))
		rc = give(store, MEMORY_READ_ALL, row, into, err);
	return rc;
}

/* The groups as a set of rows, each under its own key. NULL: no memory. */
static struct sl_rowset *set_of_groups(const struct sl_key *groups, size_t count, struct sl_arena *arena)
{
	struct sl_rowset *set = sl_rowset_new(arena, count);
	for (size_t i = 0; set && i < count; i++)
		if (!sl_rowset_put(set, &(struct sl_row){ .key = groups[i] }))
			return NULL;
	return set;
}

static struct sl_row *group_of(const struct sl_rowset *groups, const struct sl_row *row)
{
	struct sl_key own = sl_key_of_siblings(&row->key);
	return sl_rowset_find(groups, &own);
}

static int read_siblings(void *context, const struct sl_key *groups, size_t count, struct sl_arena *arena,
	struct sl_rowset *into, struct sl_err *err)
{
	struct memory_store *store = context;
	const struct sl_row *row;
	size_t cursor = 0;
	int rc = begin(store, MEMORY_READ_SIBLINGS, err);
	struct sl_rowset *set = rc == SL_OK ? set_of_groups(groups, count, arena) : NULL;
	if (rc == SL_OK && !set)
		return no_memory(err);
	while (rc == SL_OK && (row = sl_rowset_next(store->rows, &cursor)))
		if (group_of(set, row))
			rc = give(store, MEMORY_READ_SIBLINGS, row, into, err);
	return rc;
}

static int last_ranks(void *context, const struct sl_key *groups, size_t count, struct sl_arena *arena,
	struct sl_str *ranks_r,
	struct sl_err *err)
{
	struct memory_store *store = context;
	const struct sl_row *row;
	size_t cursor = 0;
	int rc = begin(store, MEMORY_LAST_RANKS, err);
	struct sl_rowset *set = rc == SL_OK ? set_of_groups(groups, count, arena) : NULL;
	if (rc == SL_OK && !set)
		return no_memory(err);
	while (rc == SL_OK && (row = sl_rowset_next(store->rows, &cursor))) {
		struct sl_row *group = group_of(set, row);
		if (group && sl_str_compare(row->rank, group->rank) > 0)
			group->rank = row->rank;
	}
	for (size_t i = 0; rc == SL_OK && i < count; i++)
		ranks_r[i] = sl_rowset_find(set, &groups[i])->rank;
	store->touched[MEMORY_LAST_RANKS] += count;
	return rc;
}

static int has_episodes(void *context, const struct sl_key *episodes, size_t count, bool *there_r,
	struct sl_err *err)
{
	struct memory_store *store = context;
	int rc = begin(store, MEMORY_HAS_EPISODES, err);
	for (size_t i = 0; rc == SL_OK && i < count; i++)
		there_r[i] = sl_rowset_find(store->rows, &episodes[i]) != NULL;
	store->touched[MEMORY_HAS_EPISODES] += count;
	return rc;
}

static int read_tombstones(void *context, const struct sl_key *keys, size_t count, int64_t *versions_r,
	struct sl_err *err)
{
	struct memory_store *store = context;
	int rc = begin(store, MEMORY_READ_TOMBSTONES, err);
	for (size_t i = 0; rc == SL_OK && i < count; i++) {
		const struct sl_row *stone = sl_rowset_find(store->tombstones, &keys[i]);
		versions_r[i] = stone ? stone->version : 0;
		store->touched[MEMORY_READ_TOMBSTONES]++;
	}
	return rc;
}

static int read_changes(void *context, int64_t since, struct sl_arena *arena, struct sl_delta *changes_r,
	struct sl_err *err)
{
	struct memory_store *store = context;
	struct sl_keys deleted = { .arena = arena };
	const struct sl_row *row;
	size_t cursor = 0;
	int rc = begin(store, MEMORY_READ_CHANGES, err);
	if (rc != SL_OK)
		return rc;
	*changes_r = (struct sl_delta){ sl_rowset_new(arena, 16), NULL, 0 };
	if (!changes_r->rows)
		return no_memory(err);
	while (rc == SL_OK && (row = sl_rowset_next(store->rows, &cursor)))
		if (row->version > since)
			rc = give(store, MEMORY_READ_CHANGES, row, changes_r->rows, err);
	for (cursor = 0; rc == SL_OK && (row = sl_rowset_next(store->tombstones, &cursor));)
		if (row->version > since && sl_keys_add(&deleted, &row->key) != SL_OK)
			rc = no_memory(err);
	changes_r->deleted = deleted.items;
	changes_r->deleted_count = deleted.count;
	return rc;
}

static size_t place_of_version(const struct memory_store *store, int64_t version)
{
	size_t place = 0;
	while (place < store->version_count && store->versions[place].version != version)
		place++;
	return place;
}

static int compose(struct sl_str newer, struct sl_str older, struct sl_arena *arena, struct sl_str *record_r,
	struct sl_err *err)
{
	struct sl_buf text;
	sl_buf_init(&text, SIZE_MAX);
	int rc = sl_undo_compose(newer, older, arena, &text, err);
	if (rc == SL_OK && sl_arena_copy(arena, sl_buf_str(&text), record_r) != SL_OK)
		rc = no_memory(err);
	sl_buf_dispose(&text);
	return rc;
}

static int read_undo(void *context, int64_t version, struct sl_arena *arena, struct sl_str *record_r,
	struct sl_digest *digest_r, struct sl_err *err)
{
	struct memory_store *store = context;
	int rc = begin(store, MEMORY_READ_UNDO, err);
	size_t place = place_of_version(store, version);
	if (rc != SL_OK)
		return rc;
	if (place == store->version_count)
		return sl_err_set(err, SL_NO_SNAPSHOT, "no such version");
	*record_r = (struct sl_str){ NULL, 0 };
	*digest_r = store->versions[place].digest;
	for (size_t i = store->version_count - 1; rc == SL_OK && i > place; i--)
		rc = compose(*record_r, store->versions[i].undo, arena, record_r, err);
	return rc;
}

/* --- writing ----------------------------------------------------------------------------------------------------- */

/* Room for one more version. */
static int reserve_version(struct memory_store *store)
{
	if (store->version_count < store->version_capacity)
		return SL_OK;
	size_t capacity = store->version_capacity ? store->version_capacity * 2 : 16;
	struct memory_version *versions = sl_arena_zalloc(&store->arena, capacity, sizeof(*versions));
	if (!versions)
		return SL_NO_MEMORY;
	if (store->version_count)
		memcpy(versions, store->versions, store->version_count * sizeof(*versions));
	store->versions = versions;
	store->version_capacity = capacity;
	return SL_OK;
}

static int prepare_version(struct memory_store *store, const struct sl_commit_record *record,
	struct memory_version *version_r)
{
	*version_r = (struct memory_version){ .version = record->head.version, .digest = record->head.digest,
		.action = record->push->action };
	if (reserve_version(store) != SL_OK || sl_arena_copy(&store->arena, record->summary, &version_r->summary) != SL_OK)
		return SL_NO_MEMORY;
	return record->undo.length ? sl_arena_copy(&store->arena, record->undo, &version_r->undo) : SL_OK;
}

static int write_op(struct memory_store *store, const struct sl_commit_record *record)
{
	struct sl_str hash = { (const char *)record->op.content_hash, sizeof(record->op.content_hash) };
	struct sl_row row = { key_of_op(record->push->op_id), hash, record->op.answer, record->head.version }, copy;
	if (sl_row_copy(&store->arena, &row, &copy) != SL_OK)
		return SL_NO_MEMORY;
	return sl_rowset_put(store->ops, &copy) ? SL_OK : SL_NO_MEMORY;
}

static int write_aside(struct memory_store *store, const struct sl_commit_record *record)
{
	struct sl_row row = { key_of_op(record->push->op_id), { NULL, 0 }, record->push->set_aside, record->head.version }, copy;
	if (!record->push->set_aside.length)
		return SL_OK;
	if (sl_row_copy(&store->arena, &row, &copy) != SL_OK)
		return SL_NO_MEMORY;
	return sl_rowset_put(store->asides, &copy) ? SL_OK : SL_NO_MEMORY;
}

/* Puts the row, or a tombstone for it. */
static int write_change(struct memory_store *store, const struct sl_commit_record *record,
	const struct sl_change *change)
{
	struct sl_row copy, stone = { .version = record->head.version };
	if (change->after) {
		if (sl_row_copy(&store->arena, change->after, &copy) != SL_OK)
			return SL_NO_MEMORY;
		return sl_rowset_put(store->rows, &copy) ? SL_OK : SL_NO_MEMORY;
	}
	if (sl_key_copy(&store->arena, &change->before->key, &stone.key) != SL_OK)
		return SL_NO_MEMORY;
	return sl_rowset_put(store->tombstones, &stone) ? SL_OK : SL_NO_MEMORY;
}

/* Takes write_change back: every row that is put again is still in its place. A deleted row has no older tombstone. */
static void unwrite_change(struct memory_store *store, const struct sl_change *change)
{
	if (!change->after)
		sl_rowset_remove(store->tombstones, &change->before->key);
	else if (!change->before)
		sl_rowset_remove(store->rows, &change->after->key);
	else if (!sl_rowset_put(store->rows, change->before))
		abort();
}

static void finish_write(struct memory_store *store, const struct sl_commit_record *record,
	const struct memory_version *version)
{
	for (size_t i = 0; i < record->change_count; i++) {
		const struct sl_change *change = &record->changes[i];
		if (change->after)
			sl_rowset_remove(store->tombstones, &change->after->key);
		else
			sl_rowset_remove(store->rows, &change->before->key);
	}
	if (record->head.version != record->previous_version)
		store->versions[store->version_count++] = *version;
	store->head = record->head;
	store->touched[MEMORY_WRITE] += record->change_count;
}

static int write(void *context, const struct sl_commit_record *record, struct sl_err *err)
{
	struct memory_store *store = context;
	struct memory_version version;
	struct sl_key op = key_of_op(record->push->op_id);
	size_t written = 0;
	int rc = begin(store, MEMORY_WRITE, err);
	if (rc != SL_OK)
		return rc;
	rc = prepare_version(store, record, &version);
	if (rc == SL_OK)
		rc = write_op(store, record);
	if (rc == SL_OK)
		rc = write_aside(store, record);
	while (rc == SL_OK && written < record->change_count) {
		rc = write_change(store, record, &record->changes[written]);
		written += rc == SL_OK;
	}
	if (rc == SL_OK)
		rc = store->fail_with[MEMORY_WRITE];
	if (rc == SL_OK) {
		finish_write(store, record, &version);
		return SL_OK;
	}
	while (written > 0)
		unwrite_change(store, &record->changes[--written]);
	sl_rowset_remove(store->ops, &op);
	sl_rowset_remove(store->asides, &op);
	return sl_err_set(err, rc, "the store could not write");
}

/* --- as a whole -------------------------------------------------------------------------------------------------- */

int memory_store_init(struct memory_store *store)
{
	static const struct sl_store calls = { NULL, lock_head, find_op, read_rows, read_all, read_siblings, last_ranks,
		has_episodes, read_tombstones, read_changes, read_undo, write };
	*store = (struct memory_store){ .calls = calls };
	store->calls.context = store;
	sl_arena_init(&store->arena, 0);
	store->rows = sl_rowset_new(&store->arena, 16);
	store->tombstones = sl_rowset_new(&store->arena, 16);
	store->ops = sl_rowset_new(&store->arena, 16);
	store->asides = sl_rowset_new(&store->arena, 4);
	return store->rows && store->tombstones && store->ops && store->asides ? SL_OK : SL_NO_MEMORY;
}

void memory_store_dispose(struct memory_store *store)
{
	sl_arena_dispose(&store->arena);
}

void memory_store_reset_counters(struct memory_store *store)
{
	memset(store->called, 0, sizeof(store->called));
	memset(store->touched, 0, sizeof(store->touched));
}

int memory_store_thin(struct memory_store *store, int64_t version, struct sl_err *err)
{
	size_t place = place_of_version(store, version);
	struct sl_str record = { NULL, 0 };
	if (place + 1 >= store->version_count)
		return sl_err_set(err, SL_NO_SNAPSHOT, "this version can't be thinned out");
	struct memory_version *next = &store->versions[place + 1];
	int rc = place > 0 ? compose(next->undo, store->versions[place].undo, &store->arena, &record, err) : SL_OK;
	if (rc != SL_OK)
		return rc;
	next->undo = record;
	memmove(&store->versions[place], next, (store->version_count - place - 1) * sizeof(*next));
	store->version_count--;
	return SL_OK;
}

int memory_store_leave_out_known(const struct memory_store *store, int64_t version, struct sl_arena *arena,
	struct sl_delta *state)
{
	struct sl_keys deleted = { .arena = arena };
	for (size_t i = 0; i < state->deleted_count; i++) {
		const struct sl_row *stone = sl_rowset_find(store->tombstones, &state->deleted[i]);
		if (stone && stone->version > version && sl_keys_add(&deleted, &state->deleted[i]) != SL_OK)
			return SL_NO_MEMORY;
	}
	state->deleted = deleted.items;
	state->deleted_count = deleted.count;
	return SL_OK;
}

void memory_store_drop_tombstones(struct memory_store *store, int64_t version)
{
	const struct sl_row *stone;
	size_t cursor = 0;
	while ((stone = sl_rowset_next(store->tombstones, &cursor)))
		if (stone->version <= version) {
			struct sl_key key = stone->key;
			sl_rowset_remove(store->tombstones, &key);
		}
	if (store->head.tombstones_from < version)
		store->head.tombstones_from = version;
}
