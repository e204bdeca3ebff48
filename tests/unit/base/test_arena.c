/* Tests of the arena; they hold with shared blocks and with SL_ARENA_DEBUG. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <jansson.h>
#include <stdalign.h>

#include "core/base/arena.h"
#include "torture.h"

static uint32_t next_random(uint32_t *seed) { return *seed = *seed * 1664525u + 1013904223u; }

static void arena__holds_nothing_before_the_first_piece(void **state)
{
	(void)state;
	struct sl_arena arena;
	sl_arena_init(&arena, 0);
	assert_null(arena.blocks);
	assert_int_equal(arena.total_bytes, 0);
	sl_arena_dispose(&arena);
}

static void arena__pieces_are_aligned_and_apart(void **state)
{
	(void)state;
	enum { COUNT = 3000 };
	static unsigned char *pieces[COUNT];
	static size_t sizes[COUNT];
	struct sl_arena arena;
	uint32_t seed = 7;
	sl_arena_init(&arena, 0);
	for (size_t i = 0; i < COUNT; i++) {
		uint32_t random = next_random(&seed) >> 8;
		sizes[i] = i % 100 == 0 ? random % 50000 : random % 200;
		pieces[i] = sl_arena_alloc(&arena, sizes[i]);
		assert_non_null(pieces[i]);
		assert_int_equal((uintptr_t)pieces[i] % alignof(max_align_t), 0);
		memset(pieces[i], (int)(i & 0xff), sizes[i]);
	}
	for (size_t i = 0; i < COUNT; i++)
		for (size_t k = 0; k < sizes[i]; k++)
			assert_int_equal(pieces[i][k], i & 0xff);
	sl_arena_dispose(&arena);
}

static void arena__size_zero_gives_unique_pointers(void **state)
{
	(void)state;
	struct sl_arena arena;
	sl_arena_init(&arena, 0);
	void *a = sl_arena_alloc(&arena, 0), *b = sl_arena_alloc(&arena, 0), *c = sl_arena_zalloc(&arena, 0, 8);
	assert_non_null(a);
	assert_non_null(b);
	assert_non_null(c);
	assert_ptr_not_equal(a, b);
	assert_ptr_not_equal(b, c);
	sl_arena_dispose(&arena);
}

static void arena__zalloc_zeroes_and_refuses_overflow(void **state)
{
	(void)state;
	struct sl_arena arena;
	sl_arena_init(&arena, 0);
	memset(sl_arena_alloc(&arena, 1000), 0xff, 1000);
	sl_arena_dispose(&arena);
	unsigned char *piece = sl_arena_zalloc(&arena, 25, 40);
	assert_non_null(piece);
	for (size_t i = 0; i < 1000; i++)
		assert_int_equal(piece[i], 0);
	assert_null(sl_arena_zalloc(&arena, SIZE_MAX / 2, 3));
	assert_null(sl_arena_zalloc(&arena, SIZE_MAX, SIZE_MAX));
	sl_arena_dispose(&arena);
}

static void arena__hopeless_sizes_fail_cleanly(void **state)
{
	(void)state;
	struct sl_arena arena;
	sl_arena_init(&arena, 0);
	for (size_t less = 0; less < 64; less++)
		assert_null(sl_arena_alloc(&arena, SIZE_MAX - less));
	assert_int_equal(arena.total_bytes, 0);
	assert_non_null(sl_arena_alloc(&arena, 10));
	sl_arena_dispose(&arena);
}

static void arena__maximum_is_kept_and_reachable(void **state)
{
	(void)state;
	struct sl_arena arena;
	sl_arena_init(&arena, 100000);
	size_t handed_out = 0;
	while (sl_arena_alloc(&arena, 1000)) {
		handed_out += 1000;
		assert_true(arena.total_bytes <= 100000);
	}
	assert_true(handed_out >= 80000);
	assert_null(sl_arena_alloc(&arena, 100000));
	sl_arena_dispose(&arena);
	assert_non_null(sl_arena_alloc(&arena, 90000));
	sl_arena_dispose(&arena);
}

static void arena__small_maximum_still_gives_small_pieces(void **state)
{
	(void)state;
	struct sl_arena arena;
	sl_arena_init(&arena, 600);
	assert_non_null(sl_arena_alloc(&arena, 100));
	assert_non_null(sl_arena_alloc(&arena, 100));
	assert_null(sl_arena_alloc(&arena, 600));
	sl_arena_dispose(&arena);
	sl_arena_init(&arena, 1);
	assert_null(sl_arena_alloc(&arena, 1));
	sl_arena_dispose(&arena);
}

static void arena__is_usable_after_dispose(void **state)
{
	(void)state;
	struct sl_arena arena;
	sl_arena_init(&arena, 5000);
	for (int round = 0; round < 10; round++) {
		assert_non_null(sl_arena_alloc(&arena, 4000));
		assert_null(sl_arena_alloc(&arena, 4000));
		sl_arena_dispose(&arena);
		assert_int_equal(arena.total_bytes, 0);
		assert_int_equal(arena.maximum_bytes, 5000);
	}
}

static void arena__arrays_grow_and_keep_their_items(void **state)
{
	(void)state;
	struct sl_arena arena;
	size_t capacity = 0, moves = 0;
	int *items = NULL;
	sl_arena_init(&arena, 0);
	for (size_t count = 0; count < 10000; count++) {
		int *grown = sl_arena_grow(&arena, items, count, &capacity, sizeof(*items));
		assert_non_null(grown);
		moves += grown != items;
		items = grown;
		items[count] = (int)count;
	}
	for (int i = 0; i < 10000; i++)
		assert_int_equal(items[i], i);
	assert_in_range(moves, 8, 12);
	sl_arena_dispose(&arena);
}

static void arena__arrays_that_can_not_grow_stay(void **state)
{
	(void)state;
	struct sl_arena arena;
	size_t capacity = 0, huge = SIZE_MAX / 2 + 1;
	sl_arena_init(&arena, 1 << 16);
	char *items = sl_arena_grow(&arena, NULL, 0, &capacity, 1 << 10);
	assert_non_null(items);
	size_t before = capacity;
	for (size_t i = 0; i < 4 && items; i++)
		items = sl_arena_grow(&arena, items, capacity, &capacity, 1 << 10);
	assert_null(items);
	assert_true(capacity >= before && capacity < 64);
	assert_null(sl_arena_grow(&arena, &huge, huge, &huge, 1));
	assert_int_equal(huge, SIZE_MAX / 2 + 1);
	sl_arena_dispose(&arena);
}

static void arena__copy_is_terminated_and_independent(void **state)
{
	(void)state;
	struct sl_arena arena;
	struct sl_str copy;
	char text[] = "ink\0blot";
	sl_arena_init(&arena, 0);
	assert_int_equal(sl_arena_copy(&arena, (struct sl_str){ text, 8 }, &copy), 0);
	memset(text, 'x', sizeof(text));
	assert_int_equal(copy.length, 8);
	assert_memory_equal(copy.bytes, "ink\0blot", 9);
	assert_int_equal(sl_arena_copy(&arena, (struct sl_str){ NULL, 0 }, &copy), 0);
	assert_string_equal(copy.bytes, "");
	sl_arena_dispose(&arena);
}

static void arena__copy_fails_with_null(void **state)
{
	(void)state;
	struct sl_arena arena;
	struct sl_str copy = SL_STR("old");
	sl_arena_init(&arena, 64);
	assert_int_equal(sl_arena_copy(&arena, (struct sl_str){ "", SIZE_MAX }, &copy), SL_NO_MEMORY);
	assert_null(copy.bytes);
	sl_arena_dispose(&arena);
}

static int fill_arena(void *context)
{
	struct sl_arena arena;
	struct sl_str copy;
	int code = 0;
	(void)context;
	sl_arena_init(&arena, 0);
	for (size_t i = 0; i < 40 && code == 0; i++)
		if (!sl_arena_alloc(&arena, i * 300) || !sl_arena_zalloc(&arena, i, 16))
			code = SL_NO_MEMORY;
	if (code == 0)
		code = sl_arena_copy(&arena, SL_STR("text"), &copy);
	if (code == 0 && !sl_arena_alloc(&arena, 3000000))
		code = SL_NO_MEMORY;
	sl_arena_dispose(&arena);
	return code;
}

static void arena__survives_every_failed_allocation(void **state)
{
	(void)state;
	assert_true(torture(fill_arena, NULL) >= 5);
}

/* A failure leaves the arena as it was: it goes on when memory comes back. */
static int go_on_after_failure(void *context)
{
	struct sl_arena arena;
	bool failed = false;
	(void)context;
	sl_arena_init(&arena, 0);
	for (size_t i = 0; i < 50; i++) {
		unsigned char *piece = sl_arena_alloc(&arena, 1000);
		failed = failed || !piece;
		if (piece)
			memset(piece, 1, 1000);
	}
	sl_arena_dispose(&arena);
	return failed ? SL_NO_MEMORY : 0;
}

static void arena__goes_on_after_a_failed_allocation(void **state)
{
	(void)state;
	assert_true(torture(go_on_after_failure, NULL) >= 4);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(arena__holds_nothing_before_the_first_piece),
		cmocka_unit_test(arena__pieces_are_aligned_and_apart),
		cmocka_unit_test(arena__size_zero_gives_unique_pointers),
		cmocka_unit_test(arena__zalloc_zeroes_and_refuses_overflow),
		cmocka_unit_test(arena__hopeless_sizes_fail_cleanly),
		cmocka_unit_test(arena__maximum_is_kept_and_reachable),
		cmocka_unit_test(arena__small_maximum_still_gives_small_pieces),
		cmocka_unit_test(arena__is_usable_after_dispose),
		cmocka_unit_test(arena__arrays_grow_and_keep_their_items),
		cmocka_unit_test(arena__arrays_that_can_not_grow_stay),
		cmocka_unit_test(arena__copy_is_terminated_and_independent),
		cmocka_unit_test(arena__copy_fails_with_null),
		cmocka_unit_test(arena__survives_every_failed_allocation),
		cmocka_unit_test(arena__goes_on_after_a_failed_allocation),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
