/* What the tests of merging share: three row sets built by hand, and questions about what comes of them. In the texts
 * here ' stands for a quotation mark. For header-only use; include the headers that cmocka needs, and cmocka.h,
 * first. */
#ifndef SL_TESTS_MERGING_H
#define SL_TESTS_MERGING_H

#include <stdio.h>
#include <stdlib.h>

#include "core/rows/digest.h"
#include "core/merge/merge.h"

/* Sides, to be added up. */
enum { BASE = 1, MINE = 2, THEIRS = 4, BOTH = MINE | THEIRS, ALL = BASE | BOTH };

struct merging {
	struct sl_arena arena;
	struct sl_err err;
	struct sl_rowset *base, *mine, *theirs;
	struct sl_merge merge;
};

static struct merging the;

static inline int set_up(void **state)
{
	(void)state;
	the = (struct merging){ .err = SL_ERR_INIT };
	sl_arena_init(&the.arena, 0);
	the.base = sl_rowset_new(&the.arena, 8);
	the.mine = sl_rowset_new(&the.arena, 8);
	the.theirs = sl_rowset_new(&the.arena, 8);
	assert_true(the.base && the.mine && the.theirs);
	return 0;
}

static inline int tear_down(void **state)
{
	(void)state;
	sl_arena_dispose(&the.arena);
	return 0;
}

/* A copy with ' turned into ". */
static inline struct sl_str quoted(const char *text)
{
	struct sl_str copy;
	assert_int_equal(sl_arena_copy(&the.arena, sl_str_from(text), &copy), 0);
	for (size_t i = 0; i < copy.length; i++)
		if (copy.bytes[i] == '\'')
			((char *)copy.bytes)[i] = '"';
	return copy;
}

static inline struct sl_key meta(const char *name) { return (struct sl_key){ SL_META, 0, sl_str_from(name) }; }
static inline struct sl_key episode(int64_t id) { return sl_key_of_episode(id); }
static inline struct sl_key scene(int64_t id, const char *name)
{
	return (struct sl_key){ SL_SCENES, id, sl_str_from(name) };
}
static inline struct sl_key shot(int64_t id, const char *name)
{
	return (struct sl_key){ SL_SHOTS, id, sl_str_from(name) };
}
static inline struct sl_key character(const char *id) { return (struct sl_key){ SL_CHARACTERS, 0, sl_str_from(id) }; }
static inline struct sl_key location(const char *id) { return (struct sl_key){ SL_LOCATIONS, 0, sl_str_from(id) }; }

/* Gives the row to the sides, replacing what they had. Its version is 7. */
static inline void put(int sides, struct sl_key key, const char *rank, const char *data)
{
	const struct sl_row row = { key, sl_str_from(rank), quoted(data), 7 };
	if (sides & BASE)
		assert_non_null(sl_rowset_put(the.base, &row));
	if (sides & MINE)
		assert_non_null(sl_rowset_put(the.mine, &row));
	if (sides & THEIRS)
		assert_non_null(sl_rowset_put(the.theirs, &row));
}

static inline void drop(int sides, struct sl_key key)
{
	if (sides & BASE)
		sl_rowset_remove(the.base, &key);
	if (sides & MINE)
		sl_rowset_remove(the.mine, &key);
	if (sides & THEIRS)
		sl_rowset_remove(the.theirs, &key);
}

static inline void assert_same_rows(const struct sl_rowset *a, const struct sl_rowset *b)
{
	const struct sl_row *row;
	size_t cursor = 0;
	while ((row = sl_rowset_next(a, &cursor))) {
		const struct sl_row *other = sl_rowset_find(b, &row->key);
		assert_non_null(other);
		assert_true(sl_row_same_content(row, other));
	}
	assert_int_equal(sl_rowset_count(a), sl_rowset_count(b));
	assert_true(sl_digest_equal(sl_digest_of(a), sl_digest_of(b)));
}

static inline void assert_leads_to(const struct sl_rowset *from, const struct sl_delta *delta,
	const struct sl_rowset *to)
{
	struct sl_rowset *rows = sl_rowset_clone(from, &the.arena);
	assert_non_null(rows);
	assert_int_equal(sl_delta_apply(delta, rows, &the.arena), 0);
	assert_same_rows(rows, to);
}

/* Merges the three sides; what must hold of every merge is checked here. */
static inline void merge(void)
{
	if (sl_merge(the.base, the.mine, the.theirs, NULL, &the.arena, &the.merge, &the.err) != 0)
		fail_msg("%s", the.err.message);
	assert_leads_to(the.mine, &the.merge.adopt, the.merge.rows);
	assert_leads_to(the.theirs, &the.merge.push, the.merge.rows);
}

static inline const struct sl_row *merged(struct sl_key key) { return sl_rowset_find(the.merge.rows, &key); }

/* `data` NULL: the row is gone. */
static inline void assert_data(struct sl_key key, const char *data)
{
	const struct sl_row *row = merged(key);
	struct sl_str wanted = data ? quoted(data) : SL_STR("");
	struct sl_str found = row ? row->data : SL_STR("");
	if (!sl_str_equal(wanted, found))
		fail_msg("not %.*s but %.*s", (int)wanted.length, wanted.bytes, (int)found.length, found.bytes);
}

static inline void assert_rank(struct sl_key key, const char *rank)
{
	assert_non_null(merged(key));
	assert_true(sl_str_equal(merged(key)->rank, sl_str_from(rank)));
}

/* The siblings of `key` in the result, in order: their ids with blanks between, of episodes their numbers. */
static inline void assert_order(struct sl_key key, const char *ids)
{
	const struct sl_key group = sl_key_of_siblings(&key);
	struct sl_row **rows = sl_rowset_sorted(the.merge.rows, &the.arena);
	char text[256] = "";
	assert_non_null(rows);
	for (size_t i = 0; i < sl_rowset_count(the.merge.rows); i++) {
		const struct sl_key *id = &rows[i]->key, own = sl_key_of_siblings(id);
		size_t length = strlen(text);
		if (!sl_key_equal(&own, &group))
			continue;
		if (id->entity == SL_EPISODES)
			snprintf(text + length, sizeof(text) - length, "%s%lld", length ? " " : "", (long long)id->episode);
		else
			snprintf(text + length, sizeof(text) - length, "%s%.*s", length ? " " : "", (int)id->id.length, id->id.bytes);
	}
	assert_string_equal(text, ids);
}

/* NULL: there is none. */
static inline const struct sl_note *receipt_of(struct sl_key key, const char *path, bool moved)
{
	for (size_t i = 0; i < the.merge.note_count; i++) {
		const struct sl_note *receipt = &the.merge.notes[i];
		if (sl_key_equal(&receipt->key, &key) && sl_str_equal(receipt->path, sl_str_from(path))
			&& (receipt->kind == SL_NOTE_MOVED) == moved)
			return receipt;
	}
	return NULL;
}

static inline void assert_value(const char *what, struct sl_str found, const char *wanted)
{
	if (!sl_str_equal(found, quoted(wanted)))
		fail_msg("%s is not %s but %.*s", what, wanted, (int)found.length, found.bytes);
}

/* What a receipt says, "" being absent. Its outcome: 'm' merged, 'c' conflict, 'p' parked. */
struct says {
	const char *path, *base, *mine, *theirs, *result;
	enum sl_rule rule;
	char outcome;
	bool moved;
};

static inline void assert_receipt(struct sl_key key, struct says says)
{
	const struct sl_note *receipt = receipt_of(key, says.path, says.moved);
	if (!receipt)
		fail_msg("no receipt at %s", says.path);
	assert_value("base", receipt->base, says.base);
	assert_value("mine", receipt->mine, says.mine);
	assert_value("theirs", receipt->theirs, says.theirs);
	assert_value("result", receipt->result, says.result);
	assert_int_equal(receipt->rule, says.rule);
	assert_int_equal(receipt->conflict, says.outcome != 'm');
	assert_int_equal(receipt->open, says.outcome == 'p');
}

static inline void assert_counts(size_t receipts, size_t conflicts, size_t parked)
{
	assert_int_equal(the.merge.note_count, receipts);
	assert_int_equal(the.merge.conflict_count, conflicts);
	assert_int_equal(the.merge.open_count, parked);
}

#endif
