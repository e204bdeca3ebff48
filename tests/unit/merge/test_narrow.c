/* Merges of only what a caller has to include come out as merges of whole states, over random histories. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "merged_histories.h"

static struct sl_rowset *new_rows(void)
{
	struct sl_rowset *rows = sl_rowset_new(history.arena, 16);
	assert_non_null(rows);
	return rows;
}

static void add_key(struct sl_rowset *keys, const struct sl_key *key)
{
	const struct sl_row entry = { .key = *key };
	if (!sl_rowset_find(keys, key))
		assert_non_null(sl_rowset_put(keys, &entry));
}

static bool differs(const struct sl_row *a, const struct sl_row *b)
{
	return a ? !b || !sl_row_same_content(a, b) : b != NULL;
}

/* Rows that a side changed, with their episodes; and the groups of siblings in which an order is in question. */
static void add_changed(const struct sides *sides, const struct sl_rowset *in, struct sl_rowset *keys,
	struct sl_rowset *groups)
{
	const struct sl_row *row;
	size_t cursor = 0;
	while ((row = sl_rowset_next(in, &cursor))) {
		const struct sl_row *base = sl_rowset_find(sides->base, &row->key), *mine = sl_rowset_find(sides->mine, &row->key);
		const struct sl_row *theirs = sl_rowset_find(sides->theirs, &row->key);
		const struct sl_key group = sl_key_of_siblings(&row->key), episode = sl_key_of_episode(row->key.episode);
		if (!differs(base, mine) && !differs(base, theirs))
			continue;
		add_key(keys, &row->key);
		if (sl_entity_has_episode(row->key.entity))
			add_key(keys, &episode);
		if ((!base && mine && theirs) || (base && mine && !sl_str_equal(base->rank, mine->rank))
			|| (base && theirs && !sl_str_equal(base->rank, theirs->rank)))
			add_key(groups, &group);
	}
}

static void add_siblings(const struct sl_rowset *in, const struct sl_rowset *groups, struct sl_rowset *keys)
{
	const struct sl_row *row;
	size_t cursor = 0;
	while ((row = sl_rowset_next(in, &cursor))) {
		const struct sl_key group = sl_key_of_siblings(&row->key);
		if (sl_rowset_find(groups, &group))
			add_key(keys, &row->key);
	}
}

static struct sl_rowset *narrowed(const struct sl_rowset *rows, const struct sl_rowset *keys)
{
	struct sl_rowset *narrow = new_rows();
	const struct sl_row *key, *row;
	size_t cursor = 0;
	while ((key = sl_rowset_next(keys, &cursor)))
		if ((row = sl_rowset_find(rows, &key->key)))
			assert_non_null(sl_rowset_put(narrow, row));
	return narrow;
}

/* Whether `in` has an episode that `but` lacks. */
static bool has_more_episodes(const struct sl_rowset *in, const struct sl_rowset *but)
{
	const struct sl_row *row;
	size_t cursor = 0;
	while ((row = sl_rowset_next(in, &cursor)))
		if (row->key.entity == SL_EPISODES && !sl_rowset_find(but, &row->key))
			return true;
	return false;
}

static bool may_have_new_numbers(const struct sl_rowset *base, const struct sl_rowset *side)
{
	return has_more_episodes(base, side) && has_more_episodes(side, base);
}

static struct sides narrow(const struct sides *sides)
{
	struct sl_rowset *keys = new_rows(), *groups = new_rows();
	const struct sl_key episodes = { SL_EPISODES, 0, { NULL, 0 } };
	if (may_have_new_numbers(sides->base, sides->mine) || may_have_new_numbers(sides->base, sides->theirs))
		add_key(groups, &episodes);
	add_changed(sides, sides->base, keys, groups);
	add_changed(sides, sides->mine, keys, groups);
	add_changed(sides, sides->theirs, keys, groups);
	add_siblings(sides->base, groups, keys);
	add_siblings(sides->mine, groups, keys);
	add_siblings(sides->theirs, groups, keys);
	return (struct sides){ narrowed(sides->base, keys), narrowed(sides->mine, keys), narrowed(sides->theirs, keys) };
}

static struct sl_str written(const struct sl_delta *delta)
{
	struct sl_buf out;
	struct sl_str text;
	sl_buf_init(&out, SIZE_MAX);
	assert_int_equal(sl_delta_write(delta, &out), 0);
	assert_int_equal(sl_arena_copy(history.arena, sl_buf_str(&out), &text), 0);
	sl_buf_dispose(&out);
	return text;
}

static void assert_same_delta(const struct sl_delta *a, const struct sl_delta *b)
{
	struct sl_str left = written(a), right = written(b);
	if (!sl_str_equal(left, right))
		fail_msg("history %llu: %.*s is not %.*s", (unsigned long long)current_history, (int)left.length, left.bytes,
			(int)right.length, right.bytes);
}

static void assert_same_notes(const struct sl_merge *a, const struct sl_merge *b)
{
	assert_int_equal(a->note_count, b->note_count);
	for (size_t i = 0; i < a->note_count; i++) {
		const struct sl_note *left = &a->notes[i], *right = &b->notes[i];
		assert_true(sl_key_equal(&left->key, &right->key) && sl_str_equal(left->path, right->path));
		assert_true(left->kind == right->kind && left->rule == right->rule && left->conflict == right->conflict
			&& left->open == right->open && left->hunk_count == right->hunk_count);
		assert_true(sl_str_equal(left->base, right->base) && sl_str_equal(left->mine, right->mine)
			&& sl_str_equal(left->theirs, right->theirs) && sl_str_equal(left->result, right->result));
	}
}

static size_t rows_left_out;

static void check_narrow(uint64_t number, const struct sides *sides)
{
	const struct sides few = narrow(sides);
	const struct sl_merge_options options = { .taken = { sides->base, sides->mine } };
	struct sl_merge whole, merged;
	struct sl_err err = SL_ERR_INIT;
	(void)number;
	assert_int_equal(sl_merge(sides->base, sides->mine, sides->theirs, NULL, history.arena, &whole, &err), 0);
	assert_int_equal(sl_merge(few.base, few.mine, few.theirs, &options, history.arena, &merged, &err), 0);
	assert_same_delta(&merged.push, &whole.push);
	assert_same_delta(&merged.adopt, &whole.adopt);
	assert_same_notes(&merged, &whole);
	assert_int_equal(merged.rename_count, whole.rename_count);
	rows_left_out += sl_rowset_count(sides->base) - sl_rowset_count(few.base);
}

static void narrow__merges_come_out_as_whole_ones(void **state)
{
	(void)state;
	each_history(check_narrow);
	assert_true(rows_left_out > 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(narrow__merges_come_out_as_whole_ones),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
