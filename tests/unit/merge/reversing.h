/* What the tests of reversing share: receipts of a merge reversed in its rows, and what may have become of those rows
 * since. For header-only use, as merging.h. */
#ifndef SL_TESTS_REVERSING_H
#define SL_TESTS_REVERSING_H

#include <stdio.h>

#include "merging.h"

/* Reverses the receipt in the merged rows, which change. */
static inline struct sl_delta reverse_at(struct sl_key key, const char *path, bool moved)
{
	const struct sl_note *receipt = receipt_of(key, path, moved);
	struct sl_delta delta;
	if (!receipt)
		fail_msg("no receipt at %s", path);
	if (sl_merge_reverse(receipt, the.base, the.merge.rows, &the.arena, &delta, &the.err) != 0)
		fail_msg("%s", the.err.message);
	assert_int_equal(sl_delta_apply(&delta, the.merge.rows, &the.arena), 0);
	/* It is there already now. */
	struct sl_delta again;
	assert_int_equal(sl_merge_reverse(receipt, the.base, the.merge.rows, &the.arena, &again, &the.err), 0);
	assert_true(sl_delta_is_empty(&again));
	return delta;
}

static inline void reverse(struct sl_key key, const char *path) { reverse_at(key, path, false); }

static inline int try(struct sl_key key, const char *path, bool moved)
{
	const struct sl_note *receipt = receipt_of(key, path, moved);
	struct sl_delta delta;
	assert_non_null(receipt);
	return sl_merge_reverse(receipt, the.base, the.merge.rows, &the.arena, &delta, &the.err);
}

static inline void forget(struct sl_key key) { assert_true(sl_rowset_remove(the.merge.rows, &key)); }

static inline void replace(struct sl_key key, const char *data)
{
	struct sl_row row = *merged(key);
	row.data = quoted(data);
	assert_non_null(sl_rowset_put(the.merge.rows, &row));
}

/* Gives character c these forms. */
static inline void put_forms(int sides, const char *forms)
{
	char text[512];
	snprintf(text, sizeof(text), "{'forms':%s}", forms);
	put(sides, character("c"), "V", text);
}

#endif
