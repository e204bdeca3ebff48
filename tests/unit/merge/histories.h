/* Random projects and random edits of them: adding, deleting and moving rows, and what history_values.h does inside them. For header-only
 * use by one program; include the headers that cmocka needs, and cmocka.h, first. */
#ifndef SL_TESTS_HISTORIES_H
#define SL_TESTS_HISTORIES_H

#include "core/rows/document_read.h"
#include "history_values.h"

/* --- rows ------------------------------------------------------------------------------------------------------- */

static inline struct sl_str canonical(const json_t *value)
{
	struct sl_buf out;
	struct sl_str text = { NULL, 0 };
	sl_buf_init(&out, SIZE_MAX);
	sl_json_write(&out, value);
	assert_int_equal(sl_buf_code(&out), 0);
	assert_int_equal(sl_arena_copy(history.arena, sl_buf_str(&out), &text), 0);
	sl_buf_dispose(&out);
	return text;
}

static inline struct sl_str random_rank(void)
{
	char digits[3] = { (char)('A' + pick(26)), (char)('A' + pick(26)), '\0' };
	struct sl_str rank;
	assert_int_equal(sl_arena_copy(history.arena, sl_str_from(digits), &rank), 0);
	return rank;
}

static inline struct sl_key random_key_of_row(void)
{
	static const char *const ids[] = { "a", "b", "c", "d", "e", "Ω" };
	enum sl_entity entity = (enum sl_entity)pick(SL_ENTITIES);
	struct sl_key key = { entity, 0, { NULL, 0 } };
	const struct sl_shape *shape = sl_schema_row(SL_META);
	if (entity == SL_EPISODES || sl_entity_has_episode(entity))
		key.episode = (int64_t)pick(3) + 1;
	if (entity == SL_META)
		key.id = sl_str_from(pick(12) ? shape->fields[pick(shape->count)].name : "context.unknown");
	else if (entity != SL_EPISODES)
		key.id = sl_str_from(ids[pick(6)]);
	return key;
}

static inline void delete_row(struct sl_rowset *rows, const struct sl_key *key)
{
	const struct sl_row *row;
	size_t cursor = 0;
	sl_rowset_remove(rows, key);
	while (key->entity == SL_EPISODES && (row = sl_rowset_next(rows, &cursor)))
		if (sl_entity_has_episode(row->key.entity) && row->key.episode == key->episode)
			sl_rowset_remove(rows, &row->key);
}

/* Writes a row or edits the one there. */
static inline void write_row(struct sl_rowset *rows, const struct sl_key *key)
{
	const struct sl_shape *shape = sl_schema_row(key->entity);
	const struct sl_row *old = sl_rowset_find(rows, key);
	const struct sl_field *field = key->entity == SL_META ? sl_schema_field(shape, key->id) : NULL;
	struct sl_row row = { .key = *key, .rank = old ? old->rank : (struct sl_str){ NULL, 0 } };
	json_t *value = NULL;
	if (!old && key->entity != SL_META)
		row.rank = random_rank();
	if (!old) {
		value = key->entity == SL_META ? random_value(field) : random_object(shape, NULL);
		if (key->entity != SL_META)
			json_object_set_new(value, "mark", new_mark());
	} else {
		assert_int_equal(sl_json_parse(old->data, &value, NULL), 0);
		json_t *edited = value;
		if (key->entity == SL_META)
			edited = edited_value(field, value);
		else
			edit_object(shape, NULL, value);
		if (edited != value || key->entity == SL_META)
			json_decref(value);
		value = edited;
	}
	row.data = canonical(value);
	if (key->entity == SL_META && sl_rows_meta_is_empty(key->id, value))
		sl_rowset_remove(rows, key);
	else
		assert_non_null(sl_rowset_put(rows, &row));
	json_decref(value);
}

/* The row under another key, with all that it has. */
static inline void rekey_row(struct sl_rowset *rows, const struct sl_key *from, const struct sl_key *to)
{
	struct sl_row row = *sl_rowset_find(rows, from);
	row.key = *to;
	sl_rowset_remove(rows, from);
	assert_non_null(sl_rowset_put(rows, &row));
}

/* Takes a scene or shot to another episode, now and then with another id. */
static inline void move_row(struct sl_rowset *rows, const struct sl_key *key)
{
	struct sl_key to = *key, parent = sl_key_of_episode((int64_t)pick(3) + 1);
	to.episode = parent.episode;
	if (pick(4) == 0)
		to.id = SL_STR("f");
	if (!sl_rowset_find(rows, &parent) || sl_rowset_find(rows, &to))
		return;
	rekey_row(rows, key, &to);
	sl_rowset_find(rows, &to)->rank = random_rank();
	if (pick(2))
		write_row(rows, &to);
}

/* Gives an episode another number. */
static inline void renumber_episode(struct sl_rowset *rows, const struct sl_key *key)
{
	const struct sl_key to = sl_key_of_episode((int64_t)pick(6) + 1);
	struct sl_row **all = sl_rowset_sorted(rows, history.arena);
	size_t count = sl_rowset_count(rows);
	assert_non_null(all);
	if (sl_rowset_find(rows, &to))
		return;
	for (size_t i = 0; i < count; i++) {
		struct sl_key from = all[i]->key, now = from;
		now.episode = to.episode;
		if ((from.entity == SL_EPISODES || sl_entity_has_episode(from.entity)) && from.episode == key->episode)
			rekey_row(rows, &from, &now);
	}
}

/* New ranks for the siblings of a row, in the order that they have. */
static inline void respace(struct sl_rowset *rows, const struct sl_key *key)
{
	const struct sl_key group = sl_key_of_siblings(key);
	struct sl_row **all = sl_rowset_sorted(rows, history.arena);
	size_t at = pick(8);
	assert_non_null(all);
	for (size_t i = 0; i < sl_rowset_count(rows); i++) {
		const struct sl_key own = sl_key_of_siblings(&all[i]->key);
		char digits[3] = { (char)('B' + at / 8), (char)('B' + at % 8), '\0' };
		if (key->entity == SL_META || !sl_key_equal(&own, &group))
			continue;
		assert_int_equal(sl_arena_copy(history.arena, sl_str_from(digits), &all[i]->rank), 0);
		at += 1 + pick(4);
	}
}

/* One thing that a writer does: typing most of all, also adding, deleting and moving rows. */
static inline void edit_rows(struct sl_rowset *rows)
{
	struct sl_key key = random_key_of_row(), parent = sl_key_of_episode(key.episode);
	struct sl_row *row = sl_rowset_find(rows, &key);
	size_t what = pick(14);
	if (sl_entity_has_episode(key.entity) && !sl_rowset_find(rows, &parent))
		return;
	if (row && what == 0)
		delete_row(rows, &key);
	else if (row && what == 1 && key.entity != SL_META)
		row->rank = random_rank();
	else if (row && what == 2)
		respace(rows, &key);
	else if (row && what < 5 && sl_entity_has_episode(key.entity))
		move_row(rows, &key);
	else if (row && what == 5 && key.entity == SL_EPISODES)
		renumber_episode(rows, &key);
	else
		write_row(rows, &key);
}

static inline struct sl_rowset *random_project(void)
{
	struct sl_rowset *rows = sl_rowset_new(history.arena, 32);
	assert_non_null(rows);
	for (size_t i = pick(120); i > 0; i--)
		edit_rows(rows);
	return rows;
}

/* `rows` after some edits. */
static inline struct sl_rowset *edited(const struct sl_rowset *rows, size_t edits)
{
	struct sl_rowset *copy = sl_rowset_clone(rows, history.arena);
	assert_non_null(copy);
	for (; edits > 0; edits--)
		edit_rows(copy);
	return copy;
}

#endif
