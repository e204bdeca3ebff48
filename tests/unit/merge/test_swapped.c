/* Swapping sides changes only what takes sides by its rule, over random histories. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "merged_histories.h"

static bool same_kind(const struct sl_note *a, const struct sl_note *b)
{
	return sl_key_equal(&a->key, &b->key) && (a->kind == SL_NOTE_MOVED) == (b->kind == SL_NOTE_MOVED);
}

static bool is_mirror(const struct sl_note *a, const struct sl_note *b)
{
	return sl_str_equal(a->base, b->base) && sl_str_equal(a->mine, b->theirs) && sl_str_equal(a->theirs, b->mine);
}

/* Elements of one name are numbered in the order of the result, which may be another one. */
static bool may_be_mirror(const struct sl_note *a, const struct sl_note *b)
{
	if (sl_str_equal(a->path, b->path))
		return true;
	return a->path.length && b->path.length && is_mirror(a, b);
}

/* The note that mirrors another one: the best. */
static const struct sl_note *find_receipt(const struct sl_merge *merged, const struct sl_note *like)
{
	const struct sl_note *found = NULL;
	for (size_t i = 0; i < merged->note_count; i++) {
		const struct sl_note *note = &merged->notes[i];
		if (same_kind(note, like) && may_be_mirror(note, like) && (!found || is_mirror(note, like)))
			found = note;
	}
	return found;
}

/* Whether it depends on the side what the field becomes. */
static bool takes_sides(const struct sl_note *receipt)
{
	return receipt->kind == SL_NOTE_MOVED || receipt->kind == SL_NOTE_BOTH || receipt->open || receipt->rule == SL_RULE_LWW
		|| receipt->rule == SL_RULE_GROUP;
}

static void assert_mirrored(const struct sl_merge *merged, const struct sl_merge *swapped)
{
	for (size_t i = 0; i < merged->note_count; i++) {
		const struct sl_note *one = &merged->notes[i], *other = find_receipt(swapped, one);
		if (one->kind == SL_NOTE_MOVED && one->rule == SL_RULE_LIST)
			continue; /* which of two orders is the frame shows in what is reported, too */
		if (!other && one->rule == SL_RULE_GROUP)
			continue; /* of records that are as far, the server's stands, and only what it lacks is told */
		if (!other)
			fail_msg("no note mirrors %s %.*s%.*s: %.*s | %.*s | %.*s -> %.*s", sl_entity_name(one->key.entity),
				(int)one->key.id.length, one->key.id.bytes, (int)one->path.length, one->path.bytes, (int)one->base.length,
				one->base.bytes, (int)one->mine.length, one->mine.bytes, (int)one->theirs.length, one->theirs.bytes,
				(int)one->result.length, one->result.bytes);
		assert_true(sl_str_equal(one->base, other->base));
		assert_true(sl_str_equal(one->mine, other->theirs));
		assert_true(sl_str_equal(one->theirs, other->mine));
		assert_int_equal(one->rule, other->rule);
		assert_int_equal(one->conflict, other->conflict);
		assert_int_equal(one->open, other->open);
		if (!takes_sides(one) && one->result.length != other->result.length)
			fail_msg("history %llu: %.*s swapped is %.*s", (unsigned long long)current_history, (int)one->result.length,
				one->result.bytes, (int)other->result.length, other->result.bytes);
	}
}

/* The same bytes in any order: lists may be in another one. */
static bool same_but_for_order(struct sl_str a, struct sl_str b)
{
	long counts[256] = { 0 };
	for (size_t i = 0; i < a.length; i++)
		counts[(unsigned char)a.bytes[i]]++;
	for (size_t i = 0; i < b.length; i++)
		counts[(unsigned char)b.bytes[i]]--;
	for (size_t i = 0; i < 256; i++)
		if (counts[i] != 0)
			return false;
	return true;
}

static bool has_lists(const struct sl_key *key)
{
	return key->entity == SL_CHARACTERS || key->entity == SL_LOCATIONS
		|| (key->entity == SL_META && sl_str_equal(key->id, SL_STR("context.episodeSummaries")));
}

/* Whether what became of a row depends on the side. */
static bool takes_sides_in(const struct sl_merge *merged, const struct sl_key *key)
{
	for (size_t i = 0; i < merged->note_count; i++) {
		const struct sl_note *note = &merged->notes[i];
		if (sl_key_equal(&note->key, key) && takes_sides(note) && !(note->kind == SL_NOTE_MOVED && note->rule == SL_RULE_LWW))
			return true;
	}
	return false;
}

static void assert_swapped(const struct sl_merge *merged, const struct sl_merge *swapped)
{
	const struct sl_row *row;
	size_t cursor = 0;
	while ((row = sl_rowset_next(merged->rows, &cursor))) {
		const struct sl_row *other = sl_rowset_find(swapped->rows, &row->key);
		/* Of two records that are as far, one may be all of the other and more: then only the other way round is told. */
		bool content = takes_sides_in(merged, &row->key) || takes_sides_in(swapped, &row->key);
		assert_true(other || (row->key.entity == SL_META && content));
		if (!content)
			if (!(has_lists(&row->key) ? same_but_for_order(row->data, other->data)
				: sl_str_equal(row->data, other->data)))
				fail_msg("history %llu: %.*s swapped is %.*s", (unsigned long long)current_history, (int)row->data.length,
					row->data.bytes, (int)other->data.length, other->data.bytes);
	}
	assert_mirrored(merged, swapped);
	assert_mirrored(swapped, merged);
}

/* Rows of collections: texts at project level may be empty on one side, and then aren't stored. */
static size_t count_things(const struct sl_rowset *rows)
{
	const struct sl_row *row;
	size_t cursor = 0, count = 0;
	while ((row = sl_rowset_next(rows, &cursor)))
		count += row->key.entity != SL_META;
	return count;
}

static void check_swapped(uint64_t number, const struct sides *sides)
{
	(void)number;
	struct sl_merge merged = merge(sides->base, sides->mine, sides->theirs);
	struct sl_merge swapped = merge(sides->base, sides->theirs, sides->mine);
	if (merged.rename_count == 0 && swapped.rename_count == 0) {
		assert_swapped(&merged, &swapped);
		assert_swapped(&swapped, &merged);
	}
	if (count_things(merged.rows) != count_things(swapped.rows))
		fail_msg("history %llu: %zu rows, swapped %zu", (unsigned long long)current_history, count_things(merged.rows),
			count_things(swapped.rows));
}

static void swapped__changes_only_what_takes_sides(void **state)
{
	(void)state;
	each_history(check_swapped);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(swapped__changes_only_what_takes_sides),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
