/* sl_undo: random histories come back exactly, also thinned out, and records are as small as what changed. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "inverse_fixture.h"

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
	const struct sl_change changes[] = {
		{ &before, NULL }, { NULL, &added }, { NULL, NULL }, { &before, &before },
	};
	const struct sl_str expected = SL_STR("\x01\x02" "\x00\x00\x01" "f\x00" "\x02\x01\x01" "a\x01" "\x01V\x02{}");
	assert_int_equal(sl_undo_encode(changes, 4, &history->arena, &history->buf), 0);
	assert_true(sl_str_equal(take(), expected));
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
		struct sl_str newer = side ? nothing : history->records[0];
		struct sl_str older = side ? history->records[0] : nothing;
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
		const struct rows *before = &history->states[i], *after = &history->states[i + 1];
		const struct sl_key *keys;
		size_t count, changed = 0;
		assert_int_equal(sl_undo_keys(history->records[i], &history->arena, &keys, &count, NULL), 0);
		for (size_t slot = 0; slot < SLOTS; slot++)
			changed += !sl_row_same_content(&before->items[slot], &after->items[slot]);
		assert_int_equal(count, changed);
		for (size_t k = 0; k < count; k++) {
			const struct sl_row *row = NULL;
			assert_true(k == 0 || sl_key_compare(&keys[k - 1], &keys[k]) < 0);
			for (size_t s = 0; s < SLOTS * 2 && !row; s++) {
				const struct sl_row *some = &(s < SLOTS ? before : after)->items[s % SLOTS];
				row = some->data.length > 0 && sl_key_equal(&some->key, &keys[k]) ? some : NULL;
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
	struct sl_row old = { { SL_CHARACTERS, 0, SL_STR("anna") }, SL_STR("V"), SL_STR("a long enough text"), 1 };
	struct sl_row new = old;
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
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
