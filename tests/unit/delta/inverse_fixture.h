/* What the tests of stored inverses share: random histories of rows, each state kept whole beside its record.
 * For header-only use by one program of cmocka tests; include the headers that cmocka needs, and cmocka.h, first. */
#ifndef SL_TESTS_UNDO_FIXTURE_H
#define SL_TESTS_UNDO_FIXTURE_H

#include "core/delta/inverse.h"

#define SLOTS 50
#define STEPS 60

static uint64_t seed;

static inline size_t pick(size_t below)
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

static inline int set_up(void **state)
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

static inline int tear_down(void **state)
{
	(void)state;
	sl_arena_dispose(&history->arena);
	sl_buf_dispose(&history->buf);
	return 0;
}

/* What the buffer holds, moved to exactly as many bytes in the arena, so that ASan sees its end. */
static inline struct sl_str take(void)
{
	struct sl_str text = sl_buf_str(&history->buf);
	char *bytes = sl_arena_alloc(&history->arena, text.length);
	assert_non_null(bytes);
	if (text.length > 0)
		memcpy(bytes, text.bytes, text.length);
	sl_buf_clear(&history->buf);
	return (struct sl_str){ bytes, text.length };
}

static inline struct sl_str number_text(const char *prefix, size_t number)
{
	sl_buf_add_text(&history->buf, prefix);
	sl_buf_add_int(&history->buf, (int64_t)number);
	return take();
}

static inline struct sl_key key_of_slot(size_t slot)
{
	enum sl_entity entity = (enum sl_entity)(slot % SL_ENTITIES);
	bool episode = entity == SL_EPISODES || entity == SL_SCENES || entity == SL_SHOTS;
	struct sl_key key = { entity, episode ? (int64_t)slot - 25 : 0, { NULL, 0 } };
	if (entity != SL_EPISODES)
		key.id = number_text("row ", slot);
	return key;
}

static inline struct sl_str random_data(void)
{
	sl_buf_add_char(&history->buf, '{');
	for (size_t words = pick(pick(5) == 0 ? 500 : 10); words > 0; words--) {
		sl_buf_add_int(&history->buf, (int64_t)pick(1000));
		sl_buf_add_char(&history->buf, ' ');
	}
	sl_buf_add_char(&history->buf, '}');
	return take();
}

static inline struct sl_str edited_data(struct sl_str data)
{
	size_t begin = 1 + pick(data.length - 1), end = begin + pick(data.length - begin) % 20;
	sl_buf_add(&history->buf, data.bytes, begin);
	if (pick(3) > 0)
		sl_buf_add_text(&history->buf, "typed");
	sl_buf_add(&history->buf, data.bytes + end, data.length - end);
	return take();
}

static inline void change_row(struct sl_row *row, size_t slot)
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
static inline struct sl_str record_of(const struct rows *before, const struct rows *after)
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

static inline void make_history(size_t steps)
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

static inline struct sl_rowset *set_of(const struct rows *rows)
{
	struct sl_rowset *set = sl_rowset_new(&history->arena, 8);
	assert_non_null(set);
	for (size_t slot = 0; slot < SLOTS; slot++)
		if (rows->items[slot].data.length > 0)
			assert_non_null(sl_rowset_put(set, &rows->items[slot]));
	return set;
}

static inline void assert_holds(const struct sl_rowset *set, const struct rows *rows)
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

static inline void undo(struct sl_str record, struct sl_rowset *set)
{
	struct sl_err err = SL_ERR_INIT;
	if (sl_undo_apply(record, set, &history->arena, &err) != 0)
		fail_msg("%s", err.message);
}

#endif
