/* sl_undo on damaged and hostile records, and where memory runs out: it fails as documented, and only ever fails. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <jansson.h>

#include "unit/base/torture.h"
#include "inverse_fixture.h"

/* Everything that reads records, on one that may be damaged. Returns how many calls failed. */
static int try_all(struct sl_str record, struct sl_str sound, const struct rows *rows)
{
	const struct sl_key *keys;
	size_t count;
	struct sl_rowset *set = set_of(rows);
	const int codes[] = {
		sl_undo_keys(record, &history->arena, &keys, &count, NULL),
		sl_undo_apply(record, set, &history->arena, NULL),
		sl_undo_compose(record, sound, &history->arena, &history->buf, NULL),
		sl_undo_compose(sound, record, &history->arena, &history->buf, NULL),
	};
	int failed = 0;
	sl_buf_clear(&history->buf);
	for (size_t i = 0; i < sizeof(codes) / sizeof(codes[0]); i++) {
		assert_true(codes[i] == 0 || codes[i] == SL_INTERNAL);
		failed += codes[i] != 0;
	}
	return failed;
}

/* Keeps what a test holds, drops what trying took: the history is made again from its seed. */
static void make_small_history(void)
{
	sl_arena_dispose(&history->arena);
	memset(&history->states, 0, sizeof(history->states));
	uint64_t kept = seed;
	seed = 3;
	make_history(8);
	seed = kept;
}

static void undo__truncated_records_fail(void **state)
{
	(void)state;
	make_small_history();
	for (size_t i = 0; i < 8; i++) {
		struct sl_str record = history->records[i], newer = history->records[(i + 1) % 8];
		for (size_t length = 1; length < record.length; length += 1 + length / 50) {
			char *bytes = sl_arena_alloc(&history->arena, length);
			memcpy(bytes, record.bytes, length);
			assert_int_equal(try_all((struct sl_str){ bytes, length }, newer, &history->states[i + 1]), 4);
		}
	}
}

static void undo__flipped_bits_never_crash(void **state)
{
	(void)state;
	int failed = 0;
	for (size_t i = 0; i < 8; i++) {
		make_small_history();
		struct sl_str record = history->records[i], sound = history->records[(i + 1) % 8];
		char *bytes = sl_arena_alloc(&history->arena, record.length);
		for (size_t bit = 0; bit < record.length * 8; bit += 1 + bit / 256) {
			memcpy(bytes, record.bytes, record.length);
			bytes[bit / 8] = (char)(bytes[bit / 8] ^ 1 << bit % 8);
			failed += try_all((struct sl_str){ bytes, record.length }, sound, &history->states[i + 1]);
		}
	}
	assert_true(failed > 100);
}

static void undo__random_records_never_crash(void **state)
{
	(void)state;
	int succeeded = 0;
	for (int round = 0; round < 20000; round++) {
		if (round % 1000 == 0)
			make_small_history();
		size_t length = 2 + pick(30);
		char *bytes = sl_arena_alloc(&history->arena, length);
		bytes[0] = 1;
		bytes[1] = (char)pick(3);
		for (size_t i = 2; i < length; i++)
			bytes[i] = (char)(pick(4) ? pick(3) : pick(256));
		succeeded += try_all((struct sl_str){ bytes, length }, history->records[1], &history->states[1]) < 4;
	}
	assert_true(succeeded > 10);
}

static void undo__unsound_records_fail(void **state)
{
	(void)state;
	static const struct { struct sl_str record; const char *why; } cases[] = {
		{ { "\x00\x00", 2 }, "format 0" },
		{ { "\x02\x00", 2 }, "a later format" },
		{ { "\x01", 1 }, "no count" },
		{ { "\x01\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01", 11 }, "an absurd count" },
		{ { "\x01\x00\x00", 3 }, "more than declared" },
		{ { "\x01\x01\x06\x00\x00\x00", 6 }, "an unknown entity" },
		{ { "\x01\x01\x01\x00\x00\x03", 6 }, "an unknown kind" },
		{ { "\x01\x01\x04\x00\x7f\x00", 6 }, "an id beyond the record" },
		{ { "\x01\x02\x01\x04\x00\x00\x01\x02\x00\x00", 10 }, "keys that fall" },
		{ { "\x01\x02\x01\x02\x00\x00\x01\x02\x00\x00", 10 }, "a key twice" },
		{ { "\x01\x01\x01\x02\x00\x01\x01V\x05{}", 11 }, "data beyond the record" },
	};
	make_small_history();
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
		if (try_all(cases[i].record, history->records[0], &history->states[1]) != 4)
			fail_msg("accepted: %s", cases[i].why);
}

/* Everything once, on the steps 2 → 1 → 0, with memory of its own. */
static int use_memory(void *context)
{
	const struct rows *now = context;
	const struct sl_change change = { &now->items[0], NULL };
	struct sl_arena arena;
	struct sl_buf buf;
	const struct sl_key *keys;
	size_t count;
	sl_arena_init(&arena, 0);
	sl_buf_init(&buf, (size_t)1 << 20);
	int code = sl_undo_encode(&change, 1, &arena, &buf);
	sl_buf_clear(&buf);
	if (code == 0)
		code = sl_undo_compose(history->records[1], history->records[0], &arena, &buf, NULL);
	if (code == 0)
		code = sl_undo_keys(sl_buf_str(&buf), &arena, &keys, &count, NULL);
	struct sl_rowset *rows = sl_rowset_new(&arena, SLOTS * 2);
	if (code == 0 && !rows)
		code = SL_NO_MEMORY;
	for (size_t slot = 0; code == 0 && slot < SLOTS; slot++)
		if (now->items[slot].data.length > 0 && !sl_rowset_put(rows, &now->items[slot]))
			code = SL_NO_MEMORY;
	if (code == 0)
		code = sl_undo_apply(sl_buf_str(&buf), rows, &arena, NULL);
	sl_buf_dispose(&buf);
	sl_arena_dispose(&arena);
	return code;
}

static void undo__every_failed_allocation_is_told(void **state)
{
	(void)state;
	make_history(2);
	assert_true(torture(use_memory, &history->states[2]) >= 3);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
	const struct CMUnitTest tests[] = {
		TEST(undo__truncated_records_fail),
		TEST(undo__flipped_bits_never_crash),
		TEST(undo__random_records_never_crash),
		TEST(undo__unsound_records_fail),
		TEST(undo__every_failed_allocation_is_told),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
