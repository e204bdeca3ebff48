/* Merges of tables, maps and lists that other projects wrote, as rows of characters: rows.jsonl of ../shared/vectors. */
#ifdef HAVE_CONFIG_H
#include "config.h"
#endif

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "core/base/rank.h"
#include "core/json/write.h"
#include "merging.h"
#include "unit/base/vectors.h"

static struct sl_str written(const json_t *value)
{
	struct sl_buf out;
	struct sl_str text;
	sl_buf_init(&out, SIZE_MAX);
	sl_json_write(&out, value);
	assert_int_equal(sl_buf_code(&out), 0);
	assert_int_equal(sl_arena_copy(&the.arena, sl_buf_str(&out), &text), 0);
	sl_buf_dispose(&out);
	return text;
}

/* A rank behind `rank` that is the device's own: every run of new rows is under a prefix of who inserts it. */
static struct sl_str own_rank(struct sl_str rank, char device, size_t number)
{
	char text[SL_RANK_BYTES + 8];
	struct sl_str copy;
	snprintf(text, sizeof(text), "%.*s%c%02zu", (int)rank.length, rank.bytes, device, number + 1);
	assert_int_equal(sl_arena_copy(&the.arena, sl_str_from(text), &copy), 0);
	return copy;
}

/* The objects as rows, in their order: those that `base` has keep their ranks if they can. */
static struct sl_rowset *rows_of(const json_t *objects, const struct sl_rowset *base, char device)
{
	struct sl_rowset *rows = sl_rowset_new(&the.arena, 8);
	struct sl_str first = { NULL, 0 };
	struct sl_row *row;
	struct sl_buf scratch;
	const json_t *object;
	size_t i, cursor = 0, run = 0;
	assert_non_null(rows);
	sl_buf_init(&scratch, SIZE_MAX);
	json_array_foreach((json_t *)objects, i, object) {
		struct sl_row read;
		assert_int_equal(sl_rows_from_object(SL_CHARACTERS, object, NULL, false, &the.arena, &scratch, &read), 0);
		assert_non_null(sl_rowset_put(rows, &read));
	}
	sl_buf_dispose(&scratch);
	assert_int_equal(sl_rows_assign_ranks(rows, base, &the.arena, &the.err), 0);
	while (device && (row = sl_rowset_next(rows, &cursor))) {
		if (sl_rowset_find(base, &row->key)) {
			run = 0;
			continue;
		}
		first = run == 0 ? row->rank : first;
		row->rank = own_rank(first, device, run++);
	}
	return rows;
}

/* Whether the result is these objects, in their order. */
static bool is_result(const json_t *objects)
{
	struct sl_row **sorted = sl_rowset_sorted(the.merge.rows, &the.arena);
	struct sl_buf scratch;
	const json_t *object;
	size_t i;
	bool same = json_array_size(objects) == sl_rowset_count(the.merge.rows);
	assert_non_null(sorted);
	sl_buf_init(&scratch, SIZE_MAX);
	json_array_foreach((json_t *)objects, i, object) {
		struct sl_row row;
		assert_int_equal(sl_rows_from_object(SL_CHARACTERS, object, NULL, false, &the.arena, &scratch, &row), 0);
		same = same && sl_key_equal(&row.key, &sorted[i]->key) && sl_str_equal(row.data, sorted[i]->data);
	}
	sl_buf_dispose(&scratch);
	return same;
}

static bool is_one_of(const json_t *answers)
{
	const json_t *answer;
	size_t i;
	json_array_foreach((json_t *)answers, i, answer) {
		if (is_result(answer))
			return true;
	}
	return false;
}

static bool holds(struct sl_str text, struct sl_str part)
{
	return part.length == 0 || (text.length >= part.length && memmem(text.bytes, text.length, part.bytes, part.length));
}

/* Whether the value is in the result or in a note. */
static bool is_kept(struct sl_str value)
{
	const struct sl_row *row;
	size_t cursor = 0;
	while ((row = sl_rowset_next(the.merge.rows, &cursor)))
		if (holds(row->data, value))
			return true;
	for (size_t i = 0; i < the.merge.note_count; i++)
		if (holds(the.merge.notes[i].mine, value) || holds(the.merge.notes[i].theirs, value))
			return true;
	return false;
}

static const json_t *find(const json_t *objects, const json_t *id)
{
	const json_t *object;
	size_t i;
	json_array_foreach((json_t *)objects, i, object) {
		if (json_equal(json_object_get(object, "id"), id))
			return object;
	}
	return NULL;
}

/* Whether all that a side changed is. */
static bool are_kept(const json_t *base, const json_t *side)
{
	const json_t *object, *value;
	const char *name;
	size_t i;
	json_array_foreach((json_t *)side, i, object) {
		const json_t *old = find(base, json_object_get(object, "id"));
		json_object_foreach((json_t *)object, name, value) {
			bool changed = !old || !json_equal(json_object_get(old, name), value);
			if (changed && strcmp(name, "id") != 0 && !is_kept(written(value)))
				return false;
		}
	}
	return true;
}

static bool is_right(const json_t *vector)
{
	const json_t *rows = json_object_get(vector, "rows"), *either = json_object_get(vector, "either");
	const json_t *accept = json_object_get(vector, "accept"), *base = json_object_get(vector, "base");
	if (json_is_true(json_object_get(vector, "conflict")))
		return are_kept(base, json_object_get(vector, "mine")) && are_kept(base, json_object_get(vector, "theirs"))
			&& (the.merge.conflict_count > 0 || the.merge.rename_count > 0) && (!either || is_one_of(either));
	return (rows && is_result(rows)) || (accept && is_result(accept)) || (either && is_one_of(either));
}

static bool check(const json_t *vector)
{
	struct sl_rowset *none;
	set_up(NULL);
	none = sl_rowset_new(&the.arena, 1);
	assert_non_null(none);
	the.base = rows_of(json_object_get(vector, "base"), none, '\0');
	the.mine = rows_of(json_object_get(vector, "mine"), the.base, 'K');
	the.theirs = rows_of(json_object_get(vector, "theirs"), the.base, 'c');
	merge();
	bool right = is_right(vector);
	if (!right)
		print_error("%s: %s\n", json_string_value(json_object_get(vector, "source")),
			json_string_value(json_object_get(vector, "name")));
	tear_down(NULL);
	return right;
}

static void vectors__of_rows(void **state)
{
	FILE *file = open_vectors("rows.jsonl");
	char *line = NULL;
	size_t size = 0, checked = 0, wrong = 0;
	(void)state;
	while (getline(&line, &size, file) > 0) {
		json_t *vector = json_loads(line, 0, NULL);
		assert_non_null(vector);
		if (json_object_get(vector, "base")) { /* the first line is about the file */
			wrong += !check(vector);
			checked++;
		}
		json_decref(vector);
	}
	free(line);
	close_vectors(file);
	print_message("%zu merges of rows\n", checked);
	assert_int_equal(wrong, 0);
	assert_true(checked > 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(vectors__of_rows),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
