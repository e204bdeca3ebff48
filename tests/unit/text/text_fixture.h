/* What the tests of text merges share: a merge that is checked both ways, shown as text.
 *
 * Include the headers that cmocka needs, cmocka.h and jansson.h first.
 */
#ifndef SL_TESTS_TEXT_FIXTURE_H
#define SL_TESTS_TEXT_FIXTURE_H

#include <stdio.h>

#include "core/base/buf.h"
#include "core/text/merge.h"
#include "core/text/tokens.h"

#define FIXTURE_BYTES (64u * 1024 * 1024)

static bool is_part_of(struct sl_str part, struct sl_str whole)
{
	return part.length == 0 || (part.bytes >= whole.bytes && part.bytes + part.length <= whole.bytes + whole.length);
}

/* That hunks are in order, hold parts of the texts, differ, and stand where they say. */
static void assert_sound(struct sl_str base, struct sl_str mine, struct sl_str theirs,
	const struct sl_text_merge *merge)
{
	size_t end = 0;
	assert_int_equal(merge->clean, merge->hunk_count == 0);
	for (size_t i = 0; i < merge->hunk_count; i++) {
		const struct sl_text_hunk *hunk = &merge->hunks[i];
		assert_true(is_part_of(hunk->base, base));
		assert_true(is_part_of(hunk->mine, mine));
		assert_true(is_part_of(hunk->theirs, theirs));
		assert_false(sl_str_equal(hunk->mine, hunk->theirs));
		assert_true(hunk->result_at >= end);
		end = hunk->result_at + hunk->theirs.length;
		assert_true(end <= merge->text.length);
		assert_true(sl_str_equal(hunk->theirs,
			(struct sl_str){ merge->text.bytes + hunk->result_at, hunk->theirs.length }));
	}
}

static bool contains(struct sl_str whole, struct sl_str part)
{
	for (size_t at = 0; at + part.length <= whole.length; at++)
		if (part.length == 0 || memcmp(whole.bytes + at, part.bytes, part.length) == 0)
			return true;
	return false;
}

/* That two insertions at one place are in order, stand where they say, and are what the sides wrote. */
static void assert_both_sound(struct sl_str mine, struct sl_str theirs, const struct sl_text_merge *merge)
{
	size_t end = 0;
	for (size_t i = 0; i < merge->both_count; i++) {
		const struct sl_text_both *both = &merge->both[i];
		size_t mine_at = both->result_at + both->theirs_bytes + both->parting_bytes;
		assert_true(both->result_at >= end);
		end = mine_at + both->mine_bytes;
		assert_true(end <= merge->text.length);
		assert_true(both->theirs_bytes > 0 && both->mine_bytes > 0);
		assert_true(contains(theirs, (struct sl_str){ merge->text.bytes + both->result_at, both->theirs_bytes }));
		assert_true(contains(mine, (struct sl_str){ merge->text.bytes + mine_at, both->mine_bytes }));
	}
}

/* Shows the result from `at` to the end of two insertions, which it returns. */
static size_t show_both(const struct sl_text_merge *merge, const struct sl_text_both *both, size_t at, bool swapped,
	struct sl_buf *buf)
{
	struct sl_str theirs = { merge->text.bytes + both->result_at, both->theirs_bytes };
	struct sl_str mine = { theirs.bytes + theirs.length + both->parting_bytes, both->mine_bytes };
	sl_buf_add(buf, merge->text.bytes + at, both->result_at - at);
	sl_buf_add_char(buf, '<');
	sl_buf_add_str(buf, swapped ? mine : theirs);
	sl_buf_add_char(buf, '+');
	sl_buf_add_str(buf, swapped ? theirs : mine);
	sl_buf_add_char(buf, '>');
	return both->result_at + both->theirs_bytes + both->parting_bytes + both->mine_bytes;
}

/* The result with each hunk as {base|mine|theirs} and two insertions at one place as <theirs+mine>; `swapped`: mine and theirs
 * in the other order. */
static void show(const struct sl_text_merge *merge, bool swapped, struct sl_buf *buf)
{
	size_t at = 0, next = 0;
	for (size_t i = 0; i < merge->hunk_count || next < merge->both_count;) {
		const struct sl_text_hunk *hunk = i < merge->hunk_count ? &merge->hunks[i] : NULL;
		if (next < merge->both_count && (!hunk || merge->both[next].result_at < hunk->result_at)) {
			at = show_both(merge, &merge->both[next++], at, swapped, buf);
			continue;
		}
		i++;
		sl_buf_add(buf, merge->text.bytes + at, hunk->result_at - at);
		sl_buf_add_char(buf, '{');
		sl_buf_add_str(buf, hunk->base);
		sl_buf_add_char(buf, '|');
		sl_buf_add_str(buf, swapped ? hunk->theirs : hunk->mine);
		sl_buf_add_char(buf, '|');
		sl_buf_add_str(buf, swapped ? hunk->mine : hunk->theirs);
		sl_buf_add_char(buf, '}');
		at = hunk->result_at + hunk->theirs.length;
	}
	if (merge->text.length > at)
		sl_buf_add(buf, merge->text.bytes + at, merge->text.length - at);
}

/* Merges, and merges with the sides swapped: that must give the mirror image. The result lives in `arena`. */
static struct sl_text_merge merge_both_ways(struct sl_str base, struct sl_str mine, struct sl_str theirs,
	struct sl_arena *arena)
{
	struct sl_text_merge merge, mirror;
	struct sl_buf shown, mirrored;
	struct sl_err err = SL_ERR_INIT;
	assert_int_equal(sl_text_merge(base, mine, theirs, SL_TEXT_TRUE_BASE, arena, &merge, &err), 0);
	assert_int_equal(sl_text_merge(base, theirs, mine, SL_TEXT_TRUE_BASE, arena, &mirror, &err), 0);
	assert_sound(base, mine, theirs, &merge);
	assert_both_sound(mine, theirs, &merge);
	assert_sound(base, theirs, mine, &mirror);
	sl_buf_init(&shown, FIXTURE_BYTES);
	sl_buf_init(&mirrored, FIXTURE_BYTES);
	show(&merge, false, &shown);
	show(&mirror, true, &mirrored);
	assert_int_equal(sl_buf_code(&shown), 0);
	assert_true(sl_str_equal(sl_buf_str(&shown), sl_buf_str(&mirrored)));
	sl_buf_dispose(&shown);
	sl_buf_dispose(&mirrored);
	return merge;
}

/* Merges both ways and compares what `show` makes of the result. */
static inline void assert_merge(const char *base, const char *mine, const char *theirs, const char *expected)
{
	struct sl_arena arena;
	struct sl_buf shown;
	sl_arena_init(&arena, 0);
	sl_buf_init(&shown, 100000);
	struct sl_text_merge merge = merge_both_ways(sl_str_from(base), sl_str_from(mine), sl_str_from(theirs), &arena);
	show(&merge, false, &shown);
	sl_buf_add_char(&shown, '\0');
	assert_string_equal(shown.bytes, expected);
	sl_buf_dispose(&shown);
	sl_arena_dispose(&arena);
}

#endif
