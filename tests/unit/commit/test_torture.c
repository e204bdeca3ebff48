/* Each allocation fails in turn, from the text of a push to what the store holds: no crash, no leak, the right code,
 * and a store that is as it was. */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>

#include "core/json/parse.h"
#include "core/rows/document_write.h"
#include "memory_store.h"
#include "unit/base/torture.h"

#define ROW_BYTES ((size_t)1 << 20)
#define LAST_RANK "zzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzz"

struct flow {
	struct memory_store store;
	struct sl_arena arena;
	struct sl_err err;
};

static int open_flow(struct flow *flow)
{
	*flow = (struct flow){ .err = SL_ERR_INIT };
	sl_arena_init(&flow->arena, 0);
	return memory_store_init(&flow->store);
}

static int close_flow(struct flow *flow, int rc)
{
	memory_store_dispose(&flow->store);
	sl_arena_dispose(&flow->arena);
	return rc;
}

static void expect_store_unchanged(const struct flow *flow, const struct memory_store *before, size_t ops, size_t rows,
	size_t tombstones)
{
	const struct memory_store *store = &flow->store;
	assert_int_equal(store->head.version, before->head.version);
	assert_int_equal(store->version_count, before->version_count);
	assert_int_equal(sl_rowset_count(store->ops), ops);
	assert_int_equal(sl_rowset_count(store->rows), rows);
	assert_int_equal(sl_rowset_count(store->tombstones), tombstones);
	assert_true(sl_digest_equal(sl_digest_of(store->rows), before->head.digest));
}

static int commit(struct flow *flow, struct sl_push *push, const char *op_id)
{
	struct sl_outcome outcome;
	struct memory_store before = flow->store;
	size_t ops = sl_rowset_count(before.ops), rows = sl_rowset_count(before.rows);
	size_t tombstones = sl_rowset_count(before.tombstones);
	push->op_id = sl_str_from(op_id);
	push->has_base = true;
	push->at = "/delta";
	push->now_ms = 1000;
	push->project_bytes = 1 << 20;
	int rc = sl_commit(&flow->store.calls, push, &flow->arena, &outcome, &flow->err);
	assert_int_equal(flow->err.code, rc);
	if (rc != SL_OK)
		expect_store_unchanged(flow, &before, ops, rows, tombstones);
	else
		assert_true(outcome.verdict == SL_COMMITTED);
	assert_true(sl_digest_equal(sl_digest_of(flow->store.rows), flow->store.head.digest));
	return rc;
}

static int push_document(struct flow *flow, int64_t base, const char *text, const char *op_id)
{
	struct sl_push push = { .action = SL_ACTION_REPLACE, .base_version = base };
	struct sl_faults faults;
	json_t *document;
	int rc = sl_json_parse(sl_str_from(text), &document, &flow->err);
	if (rc != SL_OK)
		return rc;
	rc = sl_validate_document(document, "", ROW_BYTES, &flow->arena, &faults, &flow->err);
	if (rc == SL_OK)
		rc = sl_rows_from_document(document, &flow->arena, &push.document, &flow->err);
	json_decref(document);
	return rc == SL_OK ? commit(flow, &push, op_id) : rc;
}

static int push_delta(struct flow *flow, int64_t base, const char *text, const char *op_id)
{
	struct sl_delta delta;
	struct sl_push push = { .action = SL_ACTION_PUSH, .base_version = base, .rebase = true, .delta = &delta };
	struct sl_faults faults;
	json_t *value;
	int rc = sl_json_parse(sl_str_from(text), &value, &flow->err);
	if (rc != SL_OK)
		return rc;
	rc = sl_validate_delta(value, "", ROW_BYTES, &flow->arena, &faults, &flow->err);
	if (rc == SL_OK)
		rc = sl_delta_from_json(value, &flow->arena, &delta, &flow->err);
	json_decref(value);
	return rc == SL_OK ? commit(flow, &push, op_id) : rc;
}

static int write_document(struct flow *flow)
{
	struct sl_buf out;
	sl_buf_init(&out, SIZE_MAX);
	int rc = sl_rows_write_document(flow->store.rows, &flow->arena, &out, &flow->err);
	sl_buf_dispose(&out);
	return rc;
}

#define PROJECT "{\"rawScript\":\"once\",\"note\":{\"a\":[1]},\"episodes\":[{\"id\":1,\"scenes\":[{\"id\":\"a\"}," \
	"{\"id\":\"b\",\"content\":\"x\"}],\"shots\":[{\"id\":\"a\"}]},{\"id\":2}]," \
	"\"context\":{\"characters\":[{\"id\":\"c\"}]}}"
#define FIRST "{\"meta\":{\"fileName\":\"f\"},\"scenes\":[{\"id\":\"b\",\"episodeId\":1,\"rank\":\"" LAST_RANK "\"}]," \
	"\"deleted\":{\"episodes\":[2]}}"
/* Stale, with new rows, a group that must be respaced, an episode that goes, and a fresh one. */
#define SECOND "{\"meta\":{\"note\":null},\"scenes\":[{\"id\":\"d\",\"episodeId\":1},{\"id\":\"a\",\"episodeId\":3}]," \
	"\"episodes\":[{\"id\":3}],\"characters\":[{\"id\":\"e\"}],\"deleted\":{\"shots\":[{\"episodeId\":1," \
	"\"shotId\":\"a\"}]}}"
#define THIRD "{\"episodes\":[{\"id\":3,\"title\":\"t\",\"shots\":[{\"id\":\"q\"}]},{\"id\":1}]," \
	"\"rawScript\":\"once more\"}"

static int document_flow(void *context)
{
	struct flow flow;
	(void)context;
	int rc = open_flow(&flow);
	if (rc == SL_OK)
		rc = push_document(&flow, 0, PROJECT, "1");
	if (rc == SL_OK)
		rc = push_document(&flow, flow.store.head.version, THIRD, "2");
	if (rc == SL_OK)
		rc = write_document(&flow);
	return close_flow(&flow, rc);
}

static int delta_flow(void *context)
{
	struct flow flow;
	int64_t first = 0;
	(void)context;
	int rc = open_flow(&flow);
	if (rc == SL_OK)
		rc = push_document(&flow, 0, PROJECT, "1");
	first = flow.store.head.version;
	if (rc == SL_OK)
		rc = push_delta(&flow, first, FIRST, "2");
	if (rc == SL_OK)
		rc = push_delta(&flow, first, SECOND, "3");
	return close_flow(&flow, rc);
}

static int history_flow(void *context)
{
	struct flow flow;
	(void)context;
	struct sl_push restore = { .action = SL_ACTION_RESTORE };
	int rc = open_flow(&flow);
	if (rc == SL_OK)
		rc = push_document(&flow, 0, PROJECT, "1");
	restore.restore_version = flow.store.head.version;
	if (rc == SL_OK)
		rc = push_delta(&flow, flow.store.head.version, FIRST, "2");
	int64_t second = flow.store.head.version;
	if (rc == SL_OK)
		rc = push_delta(&flow, second, SECOND, "3");
	if (rc == SL_OK)
		rc = memory_store_thin(&flow.store, second, &flow.err);
	restore.base_version = flow.store.head.version;
	if (rc == SL_OK)
		rc = commit(&flow, &restore, "4");
	return close_flow(&flow, rc);
}

/* The algebra alone, as clients use it. */
static int algebra_flow(void *context)
{
	struct flow flow;
	struct sl_delta first, second, both, inverse;
	(void)context;
	int rc = open_flow(&flow);
	if (rc == SL_OK)
		rc = push_document(&flow, 0, PROJECT, "1");
	struct sl_rowset *before = rc == SL_OK ? sl_rowset_clone(flow.store.rows, &flow.arena) : NULL;
	if (rc == SL_OK && !before)
		rc = SL_NO_MEMORY;
	if (rc == SL_OK)
		rc = push_delta(&flow, flow.store.head.version, FIRST, "2");
	if (rc == SL_OK)
		rc = sl_delta_difference(before, flow.store.rows, &flow.arena, &first);
	if (rc == SL_OK)
		rc = sl_delta_invert(&first, before, &flow.arena, &inverse);
	if (rc == SL_OK)
		rc = sl_delta_difference(flow.store.rows, before, &flow.arena, &second);
	if (rc == SL_OK)
		rc = sl_delta_compose(&first, &second, &flow.arena, &both);
	json_t *value = NULL;
	if (rc == SL_OK)
		rc = sl_json_parse(sl_str_from(SECOND), &value, &flow.err);
	if (rc == SL_OK)
		rc = sl_delta_from_json(value, &flow.arena, &second, &flow.err);
	if (rc == SL_OK) {
		struct sl_rowset *after = sl_rowset_clone(flow.store.rows, &flow.arena);
		rc = after ? sl_delta_apply(&second, after, &flow.arena) : SL_NO_MEMORY;
	}
	json_decref(value);
	return close_flow(&flow, rc);
}

static void documents__survive_any_failed_allocation(void **state)
{
	(void)state;
	torture(document_flow, NULL);
}

static void deltas__survive_any_failed_allocation(void **state)
{
	(void)state;
	torture(delta_flow, NULL);
}

static void history__survives_any_failed_allocation(void **state)
{
	(void)state;
	torture(history_flow, NULL);
}

static void algebra__survives_any_failed_allocation(void **state)
{
	(void)state;
	torture(algebra_flow, NULL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(documents__survive_any_failed_allocation),
		cmocka_unit_test(deltas__survive_any_failed_allocation),
		cmocka_unit_test(history__survives_any_failed_allocation),
		cmocka_unit_test(algebra__survives_any_failed_allocation),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
