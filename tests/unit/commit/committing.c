/* Pushes in unit tests; see committing.h. */
#include "committing.h"

#include <stdio.h>

#include "core/json/parse.h"

void desk_open(struct desk *desk)
{
	*desk = (struct desk){ .err = SL_ERR_INIT, .now_ms = 1000 };
	sl_arena_init(&desk->arena, 0);
	assert_int_equal(memory_store_init(&desk->store), SL_OK);
}

void desk_close(struct desk *desk)
{
	memory_store_dispose(&desk->store);
	sl_arena_dispose(&desk->arena);
}

/* --- pushes ------------------------------------------------------------------------------------------------------ */

static struct sl_push new_push(struct desk *desk, enum sl_action action, int64_t base)
{
	char id[32];
	struct sl_push push = { .action = action, .has_base = true, .base_version = base, .at = "/delta",
		.now_ms = desk->now_ms, .project_bytes = ROOMY };
	int length = snprintf(id, sizeof(id), "op-%u", ++desk->ops);
	assert_int_equal(sl_arena_copy(&desk->arena, (struct sl_str){ id, (size_t)length }, &push.op_id), SL_OK);
	return push;
}

struct sl_push desk_delta(struct desk *desk, int64_t base, const char *delta)
{
	struct sl_push push = new_push(desk, SL_ACTION_PUSH, base);
	struct sl_delta *kept = sl_arena_zalloc(&desk->arena, 1, sizeof(*kept));
	assert_non_null(kept);
	*kept = project_delta(delta, &desk->arena);
	push.delta = kept;
	return push;
}

struct sl_push desk_document(struct desk *desk, int64_t base, const char *document)
{
	struct sl_push push = new_push(desk, SL_ACTION_REPLACE, base);
	struct sl_row *row;
	size_t cursor = 0;
	push.document = project_rows(document, &desk->arena);
	while ((row = sl_rowset_next(push.document, &cursor)))
		row->rank = (struct sl_str){ NULL, 0 };
	return push;
}

struct sl_push desk_restore(struct desk *desk, int64_t base, int64_t version)
{
	struct sl_push push = new_push(desk, SL_ACTION_RESTORE, base);
	push.restore_version = version;
	return push;
}

/* --- what must hold ---------------------------------------------------------------------------------------------- */

static void expect_head_of_rows(const struct memory_store *store)
{
	int64_t rows[SL_ENTITIES] = { 0 }, bytes = 0;
	const struct sl_row *row;
	size_t cursor = 0;
	while ((row = sl_rowset_next(store->rows, &cursor))) {
		rows[row->key.entity]++;
		bytes += sl_row_bytes(row);
		assert_true(row->version > 0 && row->version <= store->head.version);
		assert_null(sl_rowset_find(store->tombstones, &row->key));
	}
	assert_memory_equal(rows, store->head.rows, sizeof(rows));
	assert_int_equal(bytes, store->head.bytes);
	assert_true(sl_digest_equal(sl_digest_of(store->rows), store->head.digest));
	expect_whole(store->rows);
}

static void expect_same_head(const struct sl_head *a, const struct sl_head *b)
{
	assert_int_equal(a->version, b->version);
	assert_true(sl_digest_equal(a->digest, b->digest));
	assert_memory_equal(a->rows, b->rows, sizeof(a->rows));
	assert_int_equal(a->bytes, b->bytes);
}

int desk_push(struct desk *desk, const struct sl_push *push)
{
	struct memory_store *store = &desk->store;
	struct sl_head before = store->head;
	struct sl_rowset *rows = sl_rowset_clone(store->rows, &desk->arena);
	size_t versions = store->version_count, ops = sl_rowset_count(store->ops);
	desk->err = (struct sl_err)SL_ERR_INIT;
	int rc = sl_commit(&store->calls, push, &desk->arena, &desk->outcome, &desk->err);
	bool decided = rc == SL_OK, committed = decided && desk->outcome.verdict == SL_COMMITTED;
	bool noted = committed || (decided && desk->outcome.verdict == SL_UNCHANGED);
	assert_int_equal(desk->err.code, rc);
	expect_head_of_rows(store);
	assert_int_equal(store->version_count, versions + committed);
	assert_int_equal(sl_rowset_count(store->ops), ops + noted);
	if (decided)
		expect_same_head(&desk->outcome.head, &store->head);
	if (committed) {
		assert_true(store->head.version > before.version && store->head.version >= push->now_ms);
		assert_int_equal(desk->outcome.previous_version, before.version);
	} else {
		expect_same_head(&store->head, &before);
		expect_rows(store->rows, rows);
	}
	return rc;
}

void expect_code(struct desk *desk, const struct sl_push *push, int code)
{
	int rc = desk_push(desk, push);
	if (rc != code)
		fail_msg("code %d %s (%s), not %d", rc, desk->err.message, desk->err.path, code);
}

void expect_verdict(struct desk *desk, const struct sl_push *push, enum sl_commit_verdict verdict)
{
	expect_code(desk, push, SL_OK);
	if (desk->outcome.verdict != verdict)
		fail_msg("verdict %d (%s), not %d", desk->outcome.verdict, desk->outcome.reason ? desk->outcome.reason : "",
			verdict);
}

void expect_conflict(struct desk *desk, const struct sl_push *push, const char *reason)
{
	expect_verdict(desk, push, SL_CONFLICTED);
	assert_string_equal(desk->outcome.reason, reason);
}

static void describe(const struct sl_conflict *conflict, const struct memory_store *store, char *text, size_t size)
{
	size_t commit = 0;
	while (commit < store->version_count && store->versions[commit].version != conflict->server_version)
		commit++;
	size_t length = (size_t)snprintf(text, size, "%s/", sl_entity_name(conflict->key.entity));
	if (conflict->key.entity == SL_EPISODES || sl_entity_has_episode(conflict->key.entity))
		length += (size_t)snprintf(text + length, size - length, "%lld", (long long)conflict->key.episode);
	if (sl_entity_has_episode(conflict->key.entity))
		length += (size_t)snprintf(text + length, size - length, "/");
	snprintf(text + length, size - length, "%.*s%c%zu", (int)conflict->key.id.length, conflict->key.id.bytes,
		conflict->deleted ? '-' : '@', commit + 1);
}

void expect_conflicts(struct desk *desk, const char *const *rows, size_t count)
{
	for (size_t i = 0; i < desk->outcome.conflict_count; i++) {
		char text[256];
		size_t known = 0;
		describe(&desk->outcome.conflicts[i], &desk->store, text, sizeof(text));
		while (known < count && strcmp(rows[known], text) != 0)
			known++;
		if (known == count)
			fail_msg("unexpected conflict %s", text);
	}
	assert_int_equal(desk->outcome.conflict_count, count);
}

int64_t desk_commit(struct desk *desk, const char *delta)
{
	struct sl_push push = desk_delta(desk, desk->store.head.version, delta);
	expect_verdict(desk, &push, SL_COMMITTED);
	return desk->store.head.version;
}

int64_t desk_create(struct desk *desk, const char *document)
{
	struct sl_push push = desk_document(desk, 0, document);
	expect_verdict(desk, &push, SL_COMMITTED);
	return desk->store.head.version;
}

/* --- what came out ----------------------------------------------------------------------------------------------- */

struct sl_delta desk_changes(struct desk *desk)
{
	struct sl_err err = SL_ERR_INIT;
	struct sl_delta delta;
	json_t *answer = NULL;
	assert_int_equal(sl_json_parse(desk->outcome.answer, &answer, &err), SL_OK);
	json_t *changes = json_object_get(answer, "changes");
	struct sl_faults faults;
	if (changes && sl_validate_delta(changes, "", (size_t)1 << 24, &desk->arena, &faults, &err) != SL_OK)
		fail_msg("the answer's changes are not valid: %s %s", err.path, err.message);
	assert_int_equal(sl_delta_from_json(changes, &desk->arena, &delta, &err), SL_OK);
	json_decref(answer);
	return delta;
}

void expect_siblings(struct desk *desk, enum sl_entity entity, int64_t episode, const char *expected)
{
	struct sl_row **sorted = sl_rowset_sorted(desk->store.rows, &desk->arena);
	char text[4096] = "";
	size_t length = 0;
	for (size_t i = 0; i < sl_rowset_count(desk->store.rows); i++) {
		const struct sl_key *key = &sorted[i]->key;
		if (key->entity != entity || (sl_entity_has_episode(entity) && key->episode != episode))
			continue;
		length += (size_t)snprintf(text + length, sizeof(text) - length, "%s", length ? " " : "");
		if (entity == SL_EPISODES)
			length += (size_t)snprintf(text + length, sizeof(text) - length, "%lld", (long long)key->episode);
		else
			length += (size_t)snprintf(text + length, sizeof(text) - length, "%.*s", (int)key->id.length,
				key->id.bytes);
	}
	assert_string_equal(text, expected);
}

void expect_data(struct desk *desk, enum sl_entity entity, int64_t episode, const char *id, const char *data)
{
	struct sl_key key = { entity, episode, sl_str_from(id) };
	const struct sl_row *row = sl_rowset_find(desk->store.rows, &key);
	expect_text(row ? row->data : (struct sl_str){ "", 0 }, data);
}
