/* Large and hostile pushes take time by their size only: each case at two sizes, four times apart. */
#include "committing.h"

#include <stdio.h>
#include <time.h>

#define SMALL 5000
#define LARGE (4 * SMALL)

static struct sl_row new_row(enum sl_entity entity, size_t episode, size_t number, struct sl_arena *arena)
{
	char id[24];
	struct sl_row row = { { entity, (int64_t)episode, { NULL, 0 } }, { NULL, 0 }, SL_STR("{}"), 0 };
	if (entity == SL_EPISODES)
		return row;
	int length = snprintf(id, sizeof(id), "%zu", number);
	assert_int_equal(sl_arena_copy(arena, (struct sl_str){ id, (size_t)length }, &row.key.id), SL_OK);
	return row;
}

static void add_episodes(struct sl_rowset *rows, size_t count, struct sl_arena *arena)
{
	for (size_t i = 0; i < count; i++) {
		struct sl_row row = new_row(SL_EPISODES, i, 0, arena);
		assert_non_null(sl_rowset_put(rows, &row));
	}
}

/* One shot in each of the episodes, in turns. */
static void add_shots(struct sl_rowset *rows, size_t count, size_t episodes, size_t from, struct sl_str rank,
	struct sl_arena *arena)
{
	for (size_t i = 0; i < count; i++) {
		struct sl_row row = new_row(SL_SHOTS, i % episodes, from + i, arena);
		row.rank = rank;
		assert_non_null(sl_rowset_put(rows, &row));
	}
}

static struct sl_delta *empty_delta(struct sl_arena *arena)
{
	struct sl_delta *delta = sl_arena_zalloc(arena, 1, sizeof(*delta));
	delta->rows = sl_rowset_new(arena, 0);
	return delta;
}

static void delete_episodes(struct sl_delta *delta, size_t count, struct sl_arena *arena)
{
	struct sl_keys keys = { .arena = arena };
	for (size_t i = 0; i < count; i++) {
		struct sl_key key = sl_key_of_episode((int64_t)i);
		assert_int_equal(sl_keys_add(&keys, &key), SL_OK);
	}
	delta->deleted = keys.items;
	delta->deleted_count = keys.count;
}

static const struct sl_str none = { NULL, 0 };
static const struct sl_str last = SL_STR("zzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzz");

/* What a case needs stored, and what it pushes. */
typedef void make_fn(size_t size, struct sl_delta *stored, struct sl_delta *pushed, struct sl_arena *arena);

static void many_new_in_one_group(size_t size, struct sl_delta *stored, struct sl_delta *pushed, struct sl_arena *arena)
{
	add_episodes(stored->rows, 1, arena);
	add_shots(pushed->rows, size, 1, 0, none, arena);
}

static void many_new_in_many_groups(size_t size, struct sl_delta *stored, struct sl_delta *pushed,
	struct sl_arena *arena)
{
	add_episodes(stored->rows, size, arena);
	add_shots(pushed->rows, size, size, 0, none, arena);
}

static void many_in_a_full_group(size_t size, struct sl_delta *stored, struct sl_delta *pushed, struct sl_arena *arena)
{
	add_episodes(stored->rows, 1, arena);
	add_shots(stored->rows, size, 1, 0, none, arena);
	add_shots(pushed->rows, size, 1, size, none, arena);
	add_shots(pushed->rows, 1, 1, 2 * size, last, arena);
}

static void many_full_groups(size_t size, struct sl_delta *stored, struct sl_delta *pushed, struct sl_arena *arena)
{
	add_episodes(stored->rows, size, arena);
	add_shots(stored->rows, size, size, 0, last, arena);
	add_shots(pushed->rows, size, size, size, none, arena);
}

static void many_deleted_episodes(size_t size, struct sl_delta *stored, struct sl_delta *pushed, struct sl_arena *arena)
{
	add_episodes(stored->rows, size, arena);
	add_shots(stored->rows, 2 * size, size, 0, none, arena);
	delete_episodes(pushed, size, arena);
}

static void many_orphans(size_t size, struct sl_delta *stored, struct sl_delta *pushed, struct sl_arena *arena)
{
	add_episodes(stored->rows, 1, arena);
	add_shots(pushed->rows, size, size, 0, none, arena);
}

/* A delta as the first push, in time; then the case's. Returns the seconds of sl_commit. */
static double seconds_to_push(make_fn *make, size_t size, int code)
{
	struct desk desk;
	desk_open(&desk);
	struct sl_push push = desk_delta(&desk, 0, "{}"), next = desk_delta(&desk, 0, "{}");
	struct sl_delta *stored = empty_delta(&desk.arena), *pushed = empty_delta(&desk.arena);
	make(size, stored, pushed, &desk.arena);
	push.delta = stored;
	expect_verdict(&desk, &push, SL_COMMITTED);
	memory_store_reset_counters(&desk.store);
	next.delta = pushed;
	next.base_version = desk.store.head.version;
	next.allow_empty = true;
	clock_t start = clock();
	int rc = sl_commit(&desk.store.calls, &next, &desk.arena, &desk.outcome, &desk.err);
	double seconds = (double)(clock() - start) / CLOCKS_PER_SEC;
	assert_int_equal(rc, code);
	for (enum memory_call call = MEMORY_LOCK_HEAD; call < MEMORY_CALLS; call++)
		assert_true(desk.store.called[call] <= 2);
	desk_close(&desk);
	return seconds;
}

static void expect_linear(make_fn *make, int code)
{
	double small = seconds_to_push(make, SMALL, code), large = seconds_to_push(make, LARGE, code);
	if (large > 0.5 + 8 * small)
		fail_msg("%d rows took %.3f s, %d rows %.3f s", SMALL, small, LARGE, large);
}

#define CASE(name, make, code) \
	static void name(void **state) { (void)state; expect_linear(make, code); }
CASE(scale__new_rows_in_one_group, many_new_in_one_group, SL_OK)
CASE(scale__new_rows_in_as_many_groups, many_new_in_many_groups, SL_OK)
CASE(scale__new_rows_in_a_full_group, many_in_a_full_group, SL_OK)
CASE(scale__new_rows_in_as_many_full_groups, many_full_groups, SL_OK)
CASE(scale__deleted_episodes, many_deleted_episodes, SL_OK)
CASE(scale__orphans, many_orphans, SL_INVALID)

/* The same scene names a different episode each time, all of them deleted meanwhile. */
static void scale__conflicts(void **state)
{
	struct desk desk;
	(void)state;
	desk_open(&desk);
	struct sl_push pushes[3];
	struct sl_delta *stored = empty_delta(&desk.arena), *deleted = empty_delta(&desk.arena),
		*late = empty_delta(&desk.arena);
	for (size_t i = 0; i < LENGTH(pushes); i++) {
		pushes[i] = desk_delta(&desk, 0, "{}");
		pushes[i].allow_empty = pushes[i].rebase = true;
	}
	add_episodes(stored->rows, LARGE, &desk.arena);
	delete_episodes(deleted, LARGE, &desk.arena);
	add_shots(late->rows, 2 * LARGE, LARGE, 0, none, &desk.arena);
	pushes[0].delta = stored;
	pushes[1].delta = deleted;
	pushes[2].delta = late;
	expect_verdict(&desk, &pushes[0], SL_COMMITTED);
	pushes[1].base_version = pushes[2].base_version = desk.store.head.version;
	expect_verdict(&desk, &pushes[1], SL_COMMITTED);
	clock_t start = clock();
	expect_conflict(&desk, &pushes[2], "row_conflict");
	assert_int_equal(desk.outcome.conflict_count, LARGE);
	assert_true((double)(clock() - start) / CLOCKS_PER_SEC < 2);
	desk_close(&desk);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(scale__new_rows_in_one_group),
		cmocka_unit_test(scale__new_rows_in_as_many_groups),
		cmocka_unit_test(scale__new_rows_in_a_full_group),
		cmocka_unit_test(scale__new_rows_in_as_many_full_groups),
		cmocka_unit_test(scale__deleted_episodes),
		cmocka_unit_test(scale__orphans),
		cmocka_unit_test(scale__conflicts),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
