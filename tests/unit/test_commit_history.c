/* Versions: restoring and thinning them, and long random histories of several devices, checked against full copies. */
#include "committing.h"

#include <stdio.h>

#define STORY "{'fileName':'f','rawScript':'once','episodes':[{'id':1,'title':'one'," \
	"'scenes':[{'id':'a','content':'x'}],'shots':[{'id':'a'},{'id':'b'}]}]," \
	"'context':{'characters':[{'id':'c','name':'n'}]}}"

static struct desk desk;

static int open_desk(void **state)
{
	(void)state;
	desk_open(&desk);
	return 0;
}

static int close_desk(void **state)
{
	(void)state;
	desk_close(&desk);
	return 0;
}

/* --- full copies of versions -------------------------------------------------------------------------------------- */

struct copy {
	int64_t version;
	struct sl_rowset *rows;
};

static struct copy copies[4096];
static size_t copy_count;

static void keep_copy(void)
{
	assert_true(copy_count < LENGTH(copies));
	copies[copy_count++] = (struct copy){ desk.store.head.version, sl_rowset_clone(desk.store.rows, &desk.arena) };
	assert_non_null(copies[copy_count - 1].rows);
}

static const struct sl_rowset *copy_of(int64_t version)
{
	static const struct sl_rowset *empty;
	for (size_t i = copy_count; i > 0; i--)
		if (copies[i - 1].version == version)
			return copies[i - 1].rows;
	assert_int_equal(version, 0);
	empty = sl_rowset_new(&desk.arena, 0);
	return empty;
}

static void commit_and_keep(const char *delta)
{
	desk_commit(&desk, delta);
	keep_copy();
}

/* A handful of versions, different in every way. */
static void write_history(void)
{
	copy_count = 0;
	desk_create(&desk, STORY);
	keep_copy();
	commit_and_keep("{'shots':[{'id':'a','episodeId':1,'n':1,'rank':'z'},{'id':'c','episodeId':1}]}");
	commit_and_keep("{'meta':{'fileName':null,'rawScript':'once upon a time','note':[]},"
		"'deleted':{'characters':['c']}}");
	commit_and_keep("{'deleted':{'episodes':[1]},'episodes':[{'id':2}],'scenes':[{'id':'a','episodeId':2}]}");
	commit_and_keep("{'episodes':[{'id':1,'title':'again'}],'shots':[{'id':'a','episodeId':1}],"
		"'meta':{'rawScript':null}}");
	commit_and_keep("{'meta':{'fileName':'g'},'scenes':[{'id':'a','episodeId':2,'content':'y'}]}");
}

/* --- restoring ---------------------------------------------------------------------------------------------------- */

static void restore__brings_any_version_back_exactly(void **state)
{
	(void)state;
	write_history();
	for (size_t i = 0; i < 60; i++) {
		struct sl_push push = desk_restore(&desk, desk.store.head.version, copies[(i * 7) % 6].version);
		expect_code(&desk, &push, SL_OK);
		assert_int_equal(desk.outcome.verdict == SL_UNCHANGED, rows_same(copies[copy_count - 1].rows,
			copies[(i * 7) % 6].rows));
		expect_rows(desk.store.rows, copies[(i * 7) % 6].rows);
		keep_copy();
	}
}

static void restore__is_undone_by_restoring(void **state)
{
	(void)state;
	write_history();
	int64_t before = desk.store.head.version;
	struct sl_push push = desk_restore(&desk, before, copies[0].version), back;
	expect_verdict(&desk, &push, SL_COMMITTED);
	back = desk_restore(&desk, desk.store.head.version, before);
	expect_verdict(&desk, &back, SL_COMMITTED);
	expect_rows(desk.store.rows, copies[copy_count - 1].rows);
	expect_verdict(&desk, &push, SL_REPLAYED);
	expect_rows(desk.store.rows, copies[copy_count - 1].rows);
}

static void restore__reads_and_writes_only_what_differs(void **state)
{
	(void)state;
	write_history();
	memory_store_reset_counters(&desk.store);
	struct sl_push push = desk_restore(&desk, desk.store.head.version, copies[4].version);
	expect_verdict(&desk, &push, SL_COMMITTED);
	assert_int_equal(desk.store.touched[MEMORY_READ_ROWS], 2);
	assert_int_equal(desk.store.touched[MEMORY_WRITE], 2);
	assert_int_equal(desk.store.called[MEMORY_READ_ALL], 0);
}

static void restore__a_preview_tells_and_writes_nothing(void **state)
{
	(void)state;
	write_history();
	for (size_t i = 0; i < copy_count; i++) {
		struct sl_push push = desk_restore(&desk, 0, copies[i].version);
		struct sl_rowset *rows = sl_rowset_clone(desk.store.rows, &desk.arena);
		push.preview = true;
		push.has_base = false;
		push.op_id = (struct sl_str){ NULL, 0 };
		memory_store_reset_counters(&desk.store);
		expect_verdict(&desk, &push, SL_PREVIEWED);
		assert_int_equal(desk.store.called[MEMORY_WRITE] + desk.store.called[MEMORY_FIND_OP], 0);
		assert_int_equal(sl_delta_apply(&desk.outcome.delta, rows, &desk.arena), SL_OK);
		expect_rows(rows, copies[i].rows);
	}
}

static void restore__an_unknown_version_is_no_snapshot(void **state)
{
	(void)state;
	struct sl_push push = desk_restore(&desk, 0, 0);
	expect_code(&desk, &push, SL_NO_SNAPSHOT);
	push.preview = true;
	expect_code(&desk, &push, SL_NO_SNAPSHOT);
	write_history();
	push = desk_restore(&desk, desk.store.head.version, copies[2].version + 1000000);
	expect_code(&desk, &push, SL_NO_SNAPSHOT);
	push = desk_restore(&desk, desk.store.head.version, 0);
	expect_code(&desk, &push, SL_NO_SNAPSHOT);
}

static void restore__when_stale_conflicts_even_if_rebased(void **state)
{
	(void)state;
	write_history();
	struct sl_push push = desk_restore(&desk, copies[4].version, copies[0].version);
	expect_conflict(&desk, &push, "version_mismatch");
	push.rebase = true;
	expect_conflict(&desk, &push, "version_mismatch");
	push.has_base = false;
	expect_conflict(&desk, &push, "missing_version");
}

static void restore__never_goes_by_a_history_that_leads_elsewhere(void **state)
{
	(void)state;
	write_history();
	desk.store.versions[3].digest.low ^= 1;
	desk.store.versions[5].digest.low ^= 1;
	for (size_t i = 3; i <= 5; i += 2) { /* 5: the newest one, where nothing would change */
		struct sl_push push = desk_restore(&desk, desk.store.head.version, copies[i].version);
		expect_code(&desk, &push, SL_INTERNAL);
		push.preview = true;
		expect_code(&desk, &push, SL_INTERNAL);
	}
	desk.store.versions[2].undo = SL_STR("\x01\xff\xff");
	struct sl_push push = desk_restore(&desk, desk.store.head.version, copies[1].version);
	expect_code(&desk, &push, SL_INTERNAL);
	push = desk_restore(&desk, desk.store.head.version, copies[4].version);
	expect_verdict(&desk, &push, SL_COMMITTED);
}

/* --- thinning ----------------------------------------------------------------------------------------------------- */

static void expect_versions_exact(size_t from, size_t step)
{
	for (size_t i = from; i < desk.store.version_count; i += step) {
		int64_t version = desk.store.versions[i].version;
		struct sl_push push = desk_restore(&desk, desk.store.head.version, version);
		struct sl_rowset *rows = sl_rowset_clone(desk.store.rows, &desk.arena);
		push.preview = true;
		expect_verdict(&desk, &push, SL_PREVIEWED);
		assert_int_equal(sl_delta_apply(&desk.outcome.delta, rows, &desk.arena), SL_OK);
		expect_rows(rows, copy_of(version));
	}
}

static void thinning__keeps_the_other_versions_exact(void **state)
{
	struct dice dice = { 0x7417 };
	struct sl_err err = SL_ERR_INIT;
	(void)state;
	for (int round = 0; round < 30; round++) {
		desk_close(&desk);
		desk_open(&desk);
		write_history();
		while (desk.store.version_count > 1) {
			size_t place = dice_roll(&dice, desk.store.version_count - 1);
			int64_t version = desk.store.versions[place].version;
			assert_int_equal(memory_store_thin(&desk.store, version, &err), SL_OK);
			struct sl_push push = desk_restore(&desk, desk.store.head.version, version);
			expect_code(&desk, &push, SL_NO_SNAPSHOT);
			expect_versions_exact(0, 1);
		}
		assert_int_equal(memory_store_thin(&desk.store, desk.store.head.version, &err), SL_NO_SNAPSHOT);
		err = (struct sl_err)SL_ERR_INIT;
	}
}

/* --- random histories --------------------------------------------------------------------------------------------- */

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
#define TEST(name) cmocka_unit_test_setup_teardown(name, open_desk, close_desk)
	const struct CMUnitTest tests[] = {
		TEST(restore__brings_any_version_back_exactly),
		TEST(restore__is_undone_by_restoring),
		TEST(restore__reads_and_writes_only_what_differs),
		TEST(restore__a_preview_tells_and_writes_nothing),
		TEST(restore__an_unknown_version_is_no_snapshot),
		TEST(restore__when_stale_conflicts_even_if_rebased),
		TEST(restore__never_goes_by_a_history_that_leads_elsewhere),
		TEST(thinning__keeps_the_other_versions_exact),
		TEST(history__of_three_devices_loses_nothing),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
