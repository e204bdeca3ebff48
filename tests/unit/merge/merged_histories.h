/* Merges of random histories, with what must hold of every merge: MERGE_HISTORIES of them (5,000), from number MERGE_FIRST (1) on. For
 * header-only use by one program; include the headers that cmocka needs, and cmocka.h, first. */
#ifndef SL_TESTS_MERGED_HISTORIES_H
#define SL_TESTS_MERGED_HISTORIES_H

#include <stdlib.h>

#include "core/rows/digest.h"
#include "core/merge/merge.h"
#include "histories.h"

static uint64_t current_history;

static inline uint64_t number_from(const char *name, uint64_t otherwise)
{
	const char *text = getenv(name);
	return text ? strtoull(text, NULL, 10) : otherwise;
}

static inline void assert_same_rows(const struct sl_rowset *a, const struct sl_rowset *b)
{
	const struct sl_row *row;
	size_t cursor = 0;
	while ((row = sl_rowset_next(a, &cursor))) {
		const struct sl_row *other = sl_rowset_find(b, &row->key);
		if (!other || !sl_row_same_content(row, other))
			fail_msg("history %llu: %s %d %.*s: %.*s %.*s is not %.*s %.*s", (unsigned long long)current_history,
				sl_entity_name(row->key.entity), (int)row->key.episode,
				(int)row->key.id.length, row->key.id.bytes, (int)row->rank.length, row->rank.bytes, (int)row->data.length,
				row->data.bytes, other ? (int)other->rank.length : 0, other ? other->rank.bytes : "",
				other ? (int)other->data.length : 0, other ? other->data.bytes : "");
	}
	assert_int_equal(sl_rowset_count(a), sl_rowset_count(b));
	assert_true(sl_digest_equal(sl_digest_of(a), sl_digest_of(b)));
}

static inline void assert_leads_to(const struct sl_rowset *from, const struct sl_delta *delta, const struct sl_rowset *to)
{
	struct sl_rowset *rows = sl_rowset_clone(from, history.arena);
	assert_non_null(rows);
	assert_int_equal(sl_delta_apply(delta, rows, history.arena), 0);
	assert_same_rows(rows, to);
}

static inline struct sl_merge merge(const struct sl_rowset *base, const struct sl_rowset *mine, const struct sl_rowset *theirs)
{
	struct sl_merge merged;
	struct sl_err err = SL_ERR_INIT;
	if (sl_merge(base, mine, theirs, NULL, history.arena, &merged, &err) != 0)
		fail_msg("%s", err.message);
	assert_leads_to(mine, &merged.adopt, merged.rows);
	assert_leads_to(theirs, &merged.push, merged.rows);
	return merged;
}

/* What two devices made of one state. */
struct sides {
	struct sl_rowset *base, *mine, *theirs;
};

/* Calls `check` for each history. */
static inline void each_history(void (*check)(uint64_t number, const struct sides *sides))
{
	uint64_t first = number_from("MERGE_FIRST", 1), last = first + number_from("MERGE_HISTORIES", 5000);
	struct sl_arena arena;
	for (uint64_t number = first; number < last; number++) {
		struct sides sides;
		sl_arena_init(&arena, 0);
		history_begin(number, &arena);
		sides.base = random_project();
		sides.mine = edited(sides.base, pick(16));
		sides.theirs = edited(sides.base, pick(16));
		current_history = number;
		check(number, &sides);
		sl_arena_dispose(&arena);
	}
}

#endif
