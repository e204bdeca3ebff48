/* Long random histories of several devices: whatever they push, replay, restore and thin, nothing is lost, and every
 * version that is kept comes back exactly. */
#include "version_copies.h"

struct device {
	int64_t base;
	struct sl_rowset *rows; /* as they were at the base */
};

static struct {
	struct sl_push push;
	struct sl_str answer;
} done[4096];
static size_t done_count;

static size_t verdicts[SL_PREVIEWED + 1];

static void pull(struct device *device)
{
	device->base = desk.store.head.version;
	device->rows = sl_rowset_clone(desk.store.rows, &desk.arena);
	assert_non_null(device->rows);
}

/* Whatever a push changes, it has seen: the row was at its base what it was just before. */
static void expect_nothing_lost(const struct sl_push *push, const struct sl_rowset *before)
{
	const struct sl_rowset *base = copy_of(push->base_version);
	const struct sl_row *row;
	struct sl_delta delta;
	size_t cursor = 0;
	assert_int_equal(sl_delta_difference(before, desk.store.rows, &desk.arena, &delta), SL_OK);
	while ((row = sl_rowset_next(delta.rows, &cursor))) {
		const struct sl_row *then = sl_rowset_find(base, &row->key), *old = sl_rowset_find(before, &row->key);
		assert_true(!then == !old && (!then || sl_row_same_content(then, old)));
	}
	for (size_t i = 0; i < delta.deleted_count; i++) {
		const struct sl_row *then = sl_rowset_find(base, &delta.deleted[i]);
		assert_true(then && sl_row_same_content(then, sl_rowset_find(before, &delta.deleted[i])));
	}
}

static void expect_conflicts_real(const struct sl_push *push)
{
	for (size_t i = 0; i < desk.outcome.conflict_count; i++) {
		const struct sl_conflict *conflict = &desk.outcome.conflicts[i];
		const struct sl_row *row = sl_rowset_find(desk.store.rows, &conflict->key);
		assert_true(conflict->server_version > push->base_version);
		assert_int_equal(conflict->deleted, row == NULL);
		assert_true(!row || row->version == conflict->server_version);
		for (size_t k = 0; k < i; k++)
			assert_false(sl_key_equal(&conflict->key, &desk.outcome.conflicts[k].key));
	}
	if (push->rebase && push->action != SL_ACTION_RESTORE && push->base_version >= desk.store.head.tombstones_from)
		assert_true(desk.outcome.conflict_count > 0);
}

/* Pushes; afterwards the verdict has been checked against the copies, and the push is there to be replayed. */
static void push_and_check(const struct sl_push *push)
{
	struct sl_rowset *before = sl_rowset_clone(desk.store.rows, &desk.arena);
	bool stale = push->base_version != desk.store.head.version;
	expect_code(&desk, push, SL_OK);
	verdicts[desk.outcome.verdict]++;
	switch (desk.outcome.verdict) {
	case SL_COMMITTED:
		keep_copy();
		assert_true(!stale || push->rebase);
		expect_nothing_lost(push, before);
		break;
	case SL_CONFLICTED:
		assert_true(stale);
		expect_conflicts_real(push);
		return;
	default:
		assert_int_equal(desk.outcome.verdict, SL_UNCHANGED);
	}
	assert_true(done_count < LENGTH(done));
	done[done_count].push = *push;
	done[done_count++].answer = desk.outcome.answer;
}

static void drop_some_ranks(struct sl_delta *delta, struct dice *dice)
{
	struct sl_row *row;
	size_t cursor = 0;
	while ((row = sl_rowset_next(delta->rows, &cursor)))
		if (dice_roll(dice, 2))
			row->rank = (struct sl_str){ NULL, 0 };
}

static void push_delta(struct device *device, struct dice *dice)
{
	struct sl_push push = desk_delta(&desk, device->base, "{}");
	struct sl_rowset *mine = sl_rowset_clone(device->rows, &desk.arena);
	struct sl_delta delta;
	bool ranked = dice_roll(dice, 2);
	project_scramble(mine, dice, 1 + dice_roll(dice, 4), &desk.arena);
	assert_int_equal(sl_delta_difference(device->rows, mine, &desk.arena, &delta), SL_OK);
	if (!ranked)
		drop_some_ranks(&delta, dice);
	push.delta = &delta;
	push.rebase = dice_roll(dice, 4) > 0;
	push.allow_empty = true;
	push_and_check(&push);
	if (desk.outcome.verdict == SL_CONFLICTED) {
		pull(device);
		return;
	}
	/* With the answer the device knows all that the server has. */
	struct sl_delta changes = desk_changes(&desk);
	assert_int_equal(sl_delta_apply(&delta, device->rows, &desk.arena), SL_OK);
	assert_int_equal(sl_delta_apply(&changes, device->rows, &desk.arena), SL_OK);
	if (ranked || !desk.outcome.stale)
		expect_rows(device->rows, desk.store.rows);
	struct sl_delta *kept = sl_arena_zalloc(&desk.arena, 1, sizeof(*kept));
	*kept = delta;
	done[done_count - 1].push.delta = kept;
	pull(device);
}

static void push_document(struct device *device, struct dice *dice)
{
	struct sl_err err = SL_ERR_INIT;
	struct sl_rowset *mine = sl_rowset_clone(device->rows, &desk.arena);
	struct sl_push push = desk_document(&desk, device->base, "{'episodes':[]}");
	project_scramble(mine, dice, dice_roll(dice, 4), &desk.arena);
	json_t *document = project_document(mine, &desk.arena), *stored;
	assert_int_equal(sl_rows_from_document(document, &desk.arena, &push.document, &err), SL_OK);
	push.rebase = dice_roll(dice, 2);
	push.allow_empty = true;
	push_and_check(&push);
	if (desk.outcome.verdict == SL_COMMITTED && !desk.outcome.stale) {
		stored = project_document(desk.store.rows, &desk.arena);
		assert_true(json_equal(document, stored));
		json_decref(stored);
	}
	json_decref(document);
	pull(device);
}

static void push_restore(struct device *device, struct dice *dice)
{
	size_t place = dice_roll(dice, desk.store.version_count);
	int64_t version = desk.store.versions[place].version;
	struct sl_push push = desk_restore(&desk, device->base, version);
	push_and_check(&push);
	if (desk.outcome.verdict != SL_CONFLICTED)
		expect_rows(desk.store.rows, copy_of(version));
	pull(device);
}

static void replay(struct dice *dice)
{
	if (done_count == 0)
		return;
	size_t i = dice_roll(dice, done_count);
	expect_verdict(&desk, &done[i].push, SL_REPLAYED);
	assert_true(sl_str_equal(desk.outcome.answer, done[i].answer));
	verdicts[SL_REPLAYED]++;
}

static void thin(struct dice *dice)
{
	struct sl_err err = SL_ERR_INIT;
	size_t count = desk.store.version_count;
	if (count > 40)
		assert_int_equal(memory_store_thin(&desk.store, desk.store.versions[dice_roll(dice, count - 1)].version,
			&err), SL_OK);
	if (dice_roll(dice, 100) == 0)
		memory_store_drop_tombstones(&desk.store, copies[copy_count - 1 - dice_roll(dice, copy_count) / 4].version);
}

static void step(struct device *device, struct dice *dice)
{
	desk.now_ms += (int64_t)dice_roll(dice, 100) - 45;
	switch (dice_roll(dice, 12)) {
	case 0:
		pull(device);
		break;
	case 1:
		push_document(device, dice);
		break;
	case 2:
		if (desk.store.version_count)
			push_restore(device, dice);
		break;
	case 3:
		replay(dice);
		break;
	default:
		push_delta(device, dice);
	}
}

static void run_history(uint64_t seed, int steps)
{
	struct dice dice = { seed };
	struct device devices[3];
	copy_count = done_count = 0;
	for (size_t i = 0; i < LENGTH(devices); i++)
		pull(&devices[i]);
	for (int i = 0; i < steps; i++) {
		step(&devices[dice_roll(&dice, LENGTH(devices))], &dice);
		thin(&dice);
	}
	for (size_t i = 0; i < done_count; i++) {
		expect_verdict(&desk, &done[i].push, SL_REPLAYED);
		assert_true(sl_str_equal(desk.outcome.answer, done[i].answer));
	}
	expect_versions_exact(0, 1);
}

static void history__of_three_devices_loses_nothing(void **state)
{
	(void)state;
	memset(verdicts, 0, sizeof(verdicts));
	for (uint64_t seed = 1; seed <= 8; seed++) {
		desk_close(&desk);
		desk_open(&desk);
		run_history(seed * 7919, 250);
	}
	/* The dice reach every verdict often enough to mean something. */
	assert_true(verdicts[SL_COMMITTED] > 700 && verdicts[SL_CONFLICTED] > 100);
	assert_true(verdicts[SL_UNCHANGED] > 10 && verdicts[SL_REPLAYED] > 100);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, open_empty, close_desk)
	const struct CMUnitTest tests[] = {
		TEST(history__of_three_devices_loses_nothing),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
