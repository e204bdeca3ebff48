/* sl_undo: random histories come back exactly, also thinned out, and damaged records only ever fail. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "core/undo.h"

#define SLOTS 50
#define STEPS 60

static uint64_t seed;

static size_t pick(size_t below)
{
	seed = seed * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
	return (size_t)(seed >> 33) % below;
}

/* One state of all rows: a row whose data has no bytes is absent. */
struct rows {
	struct sl_row items[SLOTS];
};

struct history {
	struct sl_arena arena;
	struct sl_buf buf;
	size_t count;                     /* states */
	struct rows states[STEPS + 1];
	struct sl_str records[STEPS + 1]; /* [i]: from state i + 1 to state i */
};

static struct history *history;

static int set_up(void **state)
{
	static struct history the_history;
	(void)state;
	history = &the_history;
	memset(history, 0, sizeof(*history));
	sl_arena_init(&history->arena, 0);
	sl_buf_init(&history->buf, (size_t)1 << 26);
	seed = 20;
	return 0;
}

static int tear_down(void **state)
{
	(void)state;
	sl_arena_dispose(&history->arena);
	sl_buf_dispose(&history->buf);
	return 0;
}

/* What the buffer holds, moved to exactly as many bytes in the arena, so that ASan sees its end. */
static struct sl_str take(void)
{
	struct sl_str text = sl_buf_str(&history->buf);
	char *bytes = sl_arena_alloc(&history->arena, text.length);
	assert_non_null(bytes);
	if (text.length > 0)
		memcpy(bytes, text.bytes, text.length);
	sl_buf_clear(&history->buf);
	return (struct sl_str){ bytes, text.length };
}

static struct sl_str number_text(const char *prefix, size_t number)
{
	sl_buf_add_text(&history->buf, prefix);
	sl_buf_add_int(&history->buf, (int64_t)number);
	return take();
}

static struct sl_key key_of_slot(size_t slot)
{
	enum sl_entity entity = (enum sl_entity)(slot % SL_ENTITIES);
	bool episode = entity == SL_EPISODES || entity == SL_SCENES || entity == SL_SHOTS;
	struct sl_key key = { entity, episode ? (int64_t)slot - 25 : 0, { NULL, 0 } };
	if (entity != SL_EPISODES)
		key.id = number_text("row ", slot);
	return key;
}

static struct sl_str random_data(void)
{
	sl_buf_add_char(&history->buf, '{');
	for (size_t words = pick(pick(5) == 0 ? 500 : 10); words > 0; words--) {
		sl_buf_add_int(&history->buf, (int64_t)pick(1000));
		sl_buf_add_char(&history->buf, ' ');
	}
	sl_buf_add_char(&history->buf, '}');
	return take();
}

static struct sl_str edited_data(struct sl_str data)
{
	size_t begin = 1 + pick(data.length - 1), end = begin + pick(data.length - begin) % 20;
	sl_buf_add(&history->buf, data.bytes, begin);
	if (pick(3) > 0)
		sl_buf_add_text(&history->buf, "typed");
	sl_buf_add(&history->buf, data.bytes + end, data.length - end);
	return take();
}

static void change_row(struct sl_row *row, size_t slot)
{
	size_t what = pick(6);
	if (row->data.length == 0) {
		*row = (struct sl_row){ key_of_slot(slot), number_text("V", pick(100) + 1), random_data(), 7 };
	} else if (what == 0) {
		*row = (struct sl_row){ .data = { NULL, 0 } };
	} else if (what == 1) {
		row->rank = number_text("V", pick(100) + 1);
	} else if (what == 2) {
		row->data = random_data();
	} else {
		row->data = edited_data(row->data);
	}
}

/* The record that leads from `after` back to `before`, its changes given in no order. */
static struct sl_str record_of(const struct rows *before, const struct rows *after)
{
	struct sl_change changes[SLOTS];
	for (size_t i = 0, first = pick(SLOTS); i < SLOTS; i++) {
		size_t slot = (i * 7 + first) % SLOTS;
		const struct sl_row *old = &before->items[slot], *new = &after->items[slot];
		changes[i] = (struct sl_change){ old->data.length ? old : NULL, new->data.length ? new : NULL };
	}
	assert_int_equal(sl_undo_encode(changes, SLOTS, &history->arena, &history->buf), 0);
	return take();
}

static void make_history(size_t steps)
{
	for (size_t slot = 0; slot < SLOTS; slot += 2)
		change_row(&history->states[0].items[slot], slot);
	for (size_t i = 0; i < steps; i++) {
		history->states[i + 1] = history->states[i];
		for (size_t changes = pick(7); changes > 0; changes--) {
			size_t slot = pick(SLOTS);
			change_row(&history->states[i + 1].items[slot], slot);
		}
		history->records[i] = record_of(&history->states[i], &history->states[i + 1]);
	}
	history->count = steps + 1;
}

static struct sl_rowset *set_of(const struct rows *rows)
{
	struct sl_rowset *set = sl_rowset_new(&history->arena, 8);
	assert_non_null(set);
	for (size_t slot = 0; slot < SLOTS; slot++)
		if (rows->items[slot].data.length > 0)
			assert_non_null(sl_rowset_put(set, &rows->items[slot]));
	return set;
}

static void assert_holds(const struct sl_rowset *set, const struct rows *rows)
{
	size_t count = 0;
	for (size_t slot = 0; slot < SLOTS; slot++) {
		const struct sl_row *wanted = &rows->items[slot];
		if (wanted->data.length == 0)
			continue;
		const struct sl_row *row = sl_rowset_find(set, &wanted->key);
		assert_non_null(row);
		assert_true(sl_row_same_content(row, wanted));
		count++;
	}
	assert_int_equal(sl_rowset_count(set), count);
}

static void undo(struct sl_str record, struct sl_rowset *set)
{
	struct sl_err err = SL_ERR_INIT;
	if (sl_undo_apply(record, set, &history->arena, &err) != 0)
		fail_msg("%s", err.message);
}

static void assert_history_comes_back(void)
{
	struct sl_rowset *set = set_of(&history->states[history->count - 1]);
	for (size_t i = history->count - 1; i > 0; i--) {
		undo(history->records[i - 1], set);
		assert_holds(set, &history->states[i - 1]);
	}
}

/* Takes state `i` (neither the first nor the last) out of the history. */
static void thin_out(size_t i)
{
	struct sl_err err = SL_ERR_INIT;
	struct sl_str newer = history->records[i], older = history->records[i - 1];
	if (sl_undo_compose(newer, older, &history->arena, &history->buf, &err) != 0)
		fail_msg("%s", err.message);
	history->records[i - 1] = take();
	for (; i + 1 < history->count; i++) {
		history->states[i] = history->states[i + 1];
		history->records[i] = history->records[i + 1];
	}
	history->count--;
}

static void undo__documented_bytes(void **state)
{
	(void)state;
	struct sl_row before = { { SL_SCENES, -1, SL_STR("a") }, SL_STR("V"), SL_STR("{}"), 3 };
	struct sl_row added = { { SL_META, 0, SL_STR("f") }, { NULL, 0 }, SL_STR("1"), 3 };
	const struct sl_change changes[] = { { &before, NULL }, { NULL, &added }, { NULL, NULL }, { &before, &before } };
	assert_int_equal(sl_undo_encode(changes, 4, &history->arena, &history->buf), 0);
	assert_true(sl_str_equal(take(), SL_STR("\x01\x02" "\x00\x00\x01" "f\x00" "\x02\x01\x01" "a\x01" "\x01V\x02{}")));
}

static void undo__random_histories_come_back(void **state)
{
	for (uint64_t round = 1; round <= 10; round++) {
		set_up(state);
		seed = round;
		make_history(STEPS);
		assert_history_comes_back();
		if (round < 10)
			tear_down(state);
	}
}

static void undo__thinned_histories_come_back(void **state)
{
	for (uint64_t round = 1; round <= 5; round++) {
		set_up(state);
		seed = round;
		make_history(STEPS);
		while (history->count > 2) {
			thin_out(1 + pick(history->count - 2));
			assert_history_comes_back();
		}
		if (round < 5)
			tear_down(state);
	}
}

static void undo__composing_is_associative(void **state)
{
	(void)state;
	struct sl_str records[2];
	for (int side = 0; side < 2; side++) {
		memset(&history->states, 0, sizeof(history->states));
		seed = 20;
		make_history(3);
		thin_out(side == 0 ? 1 : 2);
		thin_out(1);
		records[side] = history->records[0];
	}
	assert_true(sl_str_equal(records[0], records[1]));
}

static void undo__empty_records_change_nothing(void **state)
{
	(void)state;
	const struct sl_str nothing = { NULL, 0 };
	const struct sl_key *keys;
	size_t count = 9;
	make_history(5);
	struct sl_rowset *set = set_of(&history->states[5]);
	undo(nothing, set);
	assert_holds(set, &history->states[5]);
	assert_int_equal(sl_undo_keys(nothing, &history->arena, &keys, &count, NULL), 0);
	assert_int_equal(count, 0);
	for (int side = 0; side < 2; side++) {
		struct sl_str newer = side ? nothing : history->records[0], older = side ? history->records[0] : nothing;
		assert_int_equal(sl_undo_compose(newer, older, &history->arena, &history->buf, NULL), 0);
		assert_true(sl_str_equal(take(), history->records[0]));
	}
	assert_int_equal(sl_undo_compose(nothing, nothing, &history->arena, &history->buf, NULL), 0);
	undo(take(), set);
	assert_holds(set, &history->states[5]);
}

static void undo__keys_are_those_that_changed(void **state)
{
	(void)state;
	make_history(STEPS);
	for (size_t i = 0; i < STEPS; i++) {
		const struct sl_key *keys;
		size_t count, changed = 0;
		assert_int_equal(sl_undo_keys(history->records[i], &history->arena, &keys, &count, NULL), 0);
		for (size_t slot = 0; slot < SLOTS; slot++)
			changed += !sl_row_same_content(&history->states[i].items[slot], &history->states[i + 1].items[slot]);
		assert_int_equal(count, changed);
		for (size_t k = 0; k < count; k++) {
			const struct sl_row *row = NULL;
			assert_true(k == 0 || sl_key_compare(&keys[k - 1], &keys[k]) < 0);
			for (size_t s = 0; s < SLOTS * 2 && !row; s++) {
				const struct sl_row *candidate = &history->states[i + s / SLOTS].items[s % SLOTS];
				row = candidate->data.length > 0 && sl_key_equal(&candidate->key, &keys[k]) ? candidate : NULL;
			}
			assert_non_null(row);
		}
	}
}

static void undo__restored_rows_have_no_version(void **state)
{
	(void)state;
	make_history(STEPS);
	struct sl_rowset *set = set_of(&history->states[1]);
	const struct sl_key *keys;
	size_t count;
	undo(history->records[0], set);
	assert_int_equal(sl_undo_keys(history->records[0], &history->arena, &keys, &count, NULL), 0);
	assert_true(count > 0);
	for (size_t k = 0; k < count; k++) {
		const struct sl_row *row = sl_rowset_find(set, &keys[k]);
		assert_true(!row || row->version == 0);
	}
}

/* The record's memory may go as soon as it is applied. */
static void undo__restored_rows_live_in_the_arena(void **state)
{
	(void)state;
	struct sl_row old = { { SL_CHARACTERS, 0, SL_STR("anna") }, SL_STR("V"), SL_STR("{\"name\":\"Anna\"}"), 1 };
	const struct sl_change change = { &old, NULL };
	char copy[64];
	struct sl_rowset *set = sl_rowset_new(&history->arena, 1);
	assert_int_equal(sl_undo_encode(&change, 1, &history->arena, &history->buf), 0);
	memcpy(copy, history->buf.bytes, history->buf.length);
	undo((struct sl_str){ copy, history->buf.length }, set);
	memset(copy, '#', sizeof(copy));
	const struct sl_row *row = sl_rowset_find(set, &old.key);
	assert_non_null(row);
	assert_true(sl_row_same_content(row, &old) && sl_key_equal(&row->key, &old.key));
}

static void undo__size_follows_the_edit(void **state)
{
	(void)state;
	enum { LENGTH = 1 << 20 };
	char *before = sl_arena_alloc(&history->arena, LENGTH), *after = sl_arena_alloc(&history->arena, LENGTH);
	for (size_t i = 0; i < LENGTH; i++)
		before[i] = (char)('a' + pick(26));
	memcpy(after, before, LENGTH);
	memcpy(after + LENGTH / 2, "EDITED", 6);
	struct sl_row old = { { SL_META, 0, SL_STR("rawScript") }, { NULL, 0 }, { before, LENGTH }, 1 }, new = old;
	new.data.bytes = after;
	const struct sl_change change = { &old, &new };
	assert_int_equal(sl_undo_encode(&change, 1, &history->arena, &history->buf), 0);
	assert_true(take().length < 60);
	new = old;
	new.rank = SL_STR("moved");
	assert_int_equal(sl_undo_encode(&change, 1, &history->arena, &history->buf), 0);
	assert_true(take().length < 40);
}

static void undo__a_key_given_twice_is_refused(void **state)
{
	(void)state;
	struct sl_row row = { { SL_CHARACTERS, 0, SL_STR("anna") }, SL_STR("V"), SL_STR("{}"), 1 };
	const struct sl_change changes[] = { { &row, NULL }, { NULL, &row } };
	assert_int_equal(sl_undo_encode(changes, 2, &history->arena, &history->buf), SL_INTERNAL);
}

static void undo__a_patch_without_its_row_fails(void **state)
{
	(void)state;
	struct sl_row old = { { SL_CHARACTERS, 0, SL_STR("anna") }, SL_STR("V"), SL_STR("a long enough text"), 1 }, new = old;
	const struct sl_change edit = { &old, &new }, addition = { NULL, &old };
	struct sl_err err = SL_ERR_INIT;
	new.data = SL_STR("a long enough texts");
	assert_int_equal(sl_undo_encode(&edit, 1, &history->arena, &history->buf), 0);
	struct sl_str edited = take();
	assert_int_equal(sl_undo_encode(&addition, 1, &history->arena, &history->buf), 0);
	struct sl_str added = take();
	struct sl_rowset *set = sl_rowset_new(&history->arena, 1);
	assert_int_equal(sl_undo_apply(edited, set, &history->arena, &err), SL_INTERNAL);
	assert_int_equal(err.code, SL_INTERNAL);
	assert_int_equal(sl_undo_compose(added, edited, &history->arena, &history->buf, NULL), SL_INTERNAL);
	sl_buf_clear(&history->buf);
	undo(added, set);
	assert_int_equal(sl_rowset_count(set), 0);
}

/* --- hostile records -------------------------------------------------------------------------------------------- */

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

static void undo__failures_of_memory_are_told(void **state)
{
	(void)state;
	make_small_history();
	struct sl_arena small;
	const struct sl_key *keys;
	size_t count;
	sl_arena_init(&small, 32);
	struct sl_rowset *set = set_of(&history->states[1]);
	assert_int_equal(sl_undo_keys(history->records[0], &small, &keys, &count, NULL), SL_NO_MEMORY);
	assert_int_equal(sl_undo_apply(history->records[0], set, &small, NULL), SL_NO_MEMORY);
	assert_int_equal(sl_undo_compose(history->records[1], history->records[0], &small, &history->buf, NULL), SL_NO_MEMORY);
	sl_arena_dispose(&small);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
	const struct CMUnitTest tests[] = {
		TEST(undo__documented_bytes),
		TEST(undo__random_histories_come_back),
		TEST(undo__thinned_histories_come_back),
		TEST(undo__composing_is_associative),
		TEST(undo__empty_records_change_nothing),
		TEST(undo__keys_are_those_that_changed),
		TEST(undo__restored_rows_have_no_version),
		TEST(undo__restored_rows_live_in_the_arena),
		TEST(undo__size_follows_the_edit),
		TEST(undo__a_key_given_twice_is_refused),
		TEST(undo__a_patch_without_its_row_fails),
		TEST(undo__truncated_records_fail),
		TEST(undo__flipped_bits_never_crash),
		TEST(undo__random_records_never_crash),
		TEST(undo__unsound_records_fail),
		TEST(undo__failures_of_memory_are_told),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
