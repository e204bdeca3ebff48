/* What merges keep whole, over random histories: records of a group are those that a device had, counts add up, and nothing that was
 * there once is there twice. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "core/merge/likeness.h"
#include "merged_histories.h"

static json_t *parsed(const struct sl_row *row)
{
	json_t *value = NULL;
	if (row)
		assert_int_equal(sl_json_parse(row->data, &value, NULL), 0);
	return value;
}

/* --- groups ----------------------------------------------------------------------------------------------------------- */

static bool same_record(const struct sl_shape *shape, const char *group, const json_t *a, const json_t *b)
{
	for (size_t i = 0; i < shape->count; i++) {
		const struct sl_field *field = &shape->fields[i];
		const json_t *left = json_object_get(a, field->name), *right = json_object_get(b, field->name);
		if (field->group && strcmp(field->group, group) == 0 && left != right && !json_equal(left, right))
			return false;
	}
	return true;
}

static void assert_groups(const struct sl_row *row, const struct sl_row *mine, const struct sl_row *theirs)
{
	const struct sl_shape *shape = sl_schema_row(row->key.entity);
	json_t *result = parsed(row), *here = parsed(mine), *there = parsed(theirs);
	for (size_t i = 0; i < shape->count; i++) {
		const char *group = shape->fields[i].group;
		if (group && !same_record(shape, group, result, here) && !same_record(shape, group, result, there))
			fail_msg("history %llu: no device had %.*s", (unsigned long long)current_history, (int)row->data.length,
				row->data.bytes);
	}
	json_decref(result);
	json_decref(here);
	json_decref(there);
}

/* --- counts ----------------------------------------------------------------------------------------------------------- */

static void assert_adds_up(const struct sl_shape *shape, const json_t *object)
{
	json_int_t total = 0, sum = 0;
	for (size_t i = 0; i < shape->count; i++) {
		json_int_t count = json_integer_value(json_object_get(object, shape->fields[i].name));
		assert_true(count >= 0);
		if (strncmp(shape->fields[i].name, "total", 5) == 0)
			total = count;
		else
			sum += count;
	}
	assert_int_equal(total, sum);
}

static void assert_counts(const struct sl_shape *shape, const json_t *object)
{
	if (sl_schema_is_counters(shape)) {
		assert_adds_up(shape, object);
		return;
	}
	for (size_t i = 0; i < shape->count; i++) {
		const json_t *value = json_object_get(object, shape->fields[i].name);
		if (value && shape->fields[i].type == SL_TYPE_OBJECT)
			assert_counts(shape->fields[i].shape, value);
	}
}

static void assert_row_counts(const struct sl_row *row)
{
	const struct sl_shape *shape = sl_schema_row(row->key.entity);
	const struct sl_field *field = row->key.entity == SL_META ? sl_schema_field(shape, row->key.id) : NULL;
	json_t *value = parsed(row);
	if (row->key.entity != SL_META)
		assert_counts(shape, value);
	else if (field && field->type == SL_TYPE_OBJECT)
		assert_counts(field->shape, value);
	json_decref(value);
}

/* --- once -------------------------------------------------------------------------------------------------------------- */

static unsigned number_of(const json_t *mark)
{
	return json_is_string(mark) ? (unsigned)strtoul(json_string_value(mark) + 1, NULL, 10) : 0;
}

/* The row with that mark; NULL: none. */
static const struct sl_row *find_row(const struct sl_rowset *rows, unsigned mark)
{
	const struct sl_row *row;
	size_t cursor = 0;
	while ((row = sl_rowset_next(rows, &cursor))) {
		json_t *value = row->key.entity == SL_META ? NULL : parsed(row);
		unsigned own = number_of(json_object_get(value, "mark"));
		json_decref(value);
		if (own == mark)
			return row;
	}
	return NULL;
}

/* Whether a side has the row under another key, and nobody can tell: it changed too much, or a key of the two
 * is another row's. */
static bool is_unlike(const struct sides *sides, const struct sl_rowset *side, unsigned mark)
{
	const struct sl_row *was = find_row(sides->base, mark), *is = find_row(side, mark);
	struct sl_likeness likeness = { .common = 0 };
	if (!was || !is || sl_key_equal(&was->key, &is->key))
		return false;
	if (sl_rowset_find(sides->base, &is->key) || sl_rowset_find(side, &was->key))
		return true;
	assert_int_equal(sl_likeness_add_rows(&likeness, was, is, history.arena), 0);
	return !sl_likeness_is_same_thing(&likeness) || (!sl_str_equal(was->key.id, is->key.id) && !sl_str_equal(was->data, is->data))
		|| likeness.common < SL_MANY_CHARACTERS;
}

static void assert_rows_are_there_once(const struct sl_rowset *rows, const struct sides *sides)
{
	static bool met[WORDS_MAXIMUM];
	const struct sl_row *row;
	size_t cursor = 0;
	memset(met, 0, sizeof(met));
	while ((row = sl_rowset_next(rows, &cursor))) {
		json_t *value = parsed(row);
		unsigned mark = row->key.entity == SL_META ? 0 : number_of(json_object_get(value, "mark"));
		json_decref(value);
		if (mark && mark < WORDS_MAXIMUM && met[mark] && !is_unlike(sides, sides->mine, mark)
			&& !is_unlike(sides, sides->theirs, mark))
			fail_msg("history %llu: w%u is there twice", (unsigned long long)current_history, mark);
		met[mark < WORDS_MAXIMUM ? mark : 0] = true;
	}
}

/* The element with that mark; *alone_r: no other has its name. */
static const json_t *find_marked(const struct sl_field *list, const json_t *row, unsigned mark, bool *alone_r)
{
	const json_t *array = json_object_get(row, list->name), *found = NULL, *element;
	size_t i;
	*alone_r = true;
	json_array_foreach((json_t *)array, i, element) {
		if (number_of(json_object_get(element, "mark")) == mark)
			found = element;
	}
	json_array_foreach((json_t *)array, i, element) {
		if (found && element != found && json_equal(json_object_get(element, list->list_key), json_object_get(found, list->list_key)))
			*alone_r = false;
	}
	return found;
}

/* Whether the element is told from all others by a name that it has everywhere. */
static bool is_certain(const struct sl_field *list, json_t *const rows[3], unsigned mark)
{
	const json_t *name = NULL;
	for (int i = 0; i < 3; i++) {
		bool alone;
		const json_t *element = find_marked(list, rows[i], mark, &alone), *own = json_object_get(element, list->list_key);
		if (element && (!alone || (name && !json_equal(name, own))))
			return false;
		name = element ? own : name;
	}
	return true;
}

static void assert_elements_are_there_once(const struct sl_field *list, const json_t *result, json_t *const rows[3])
{
	const json_t *array = json_object_get(result, list->name), *a, *b;
	size_t i, j;
	json_array_foreach((json_t *)array, i, a) {
		unsigned mark = number_of(json_object_get(a, "mark"));
		json_array_foreach((json_t *)array, j, b) {
			if (j > i && mark && mark < WORDS_MAXIMUM && number_of(json_object_get(b, "mark")) == mark)
				assert_false(is_certain(list, rows, mark));
		}
	}
}

static void assert_lists(const struct sl_row *row, const struct sl_row *const sides[3])
{
	const struct sl_shape *shape = sl_schema_row(row->key.entity);
	json_t *rows[3] = { parsed(sides[0]), parsed(sides[1]), parsed(sides[2]) }, *result = parsed(row);
	for (size_t i = 0; row->key.entity != SL_META && i < shape->count; i++)
		if (shape->fields[i].type == SL_TYPE_LIST)
			assert_elements_are_there_once(&shape->fields[i], result, rows);
	for (size_t i = 0; i < 3; i++)
		json_decref(rows[i]);
	json_decref(result);
}

/* --- histories ----------------------------------------------------------------------------------------------------------- */

static void check_kept(uint64_t number, const struct sides *sides)
{
	struct sl_merge merged = merge(sides->base, sides->mine, sides->theirs);
	const struct sl_row *row;
	size_t cursor = 0;
	(void)number;
	assert_rows_are_there_once(merged.rows, sides);
	while ((row = sl_rowset_next(merged.rows, &cursor))) {
		const struct sl_row *const same[3] = { sl_rowset_find(sides->base, &row->key), sl_rowset_find(sides->mine, &row->key),
			sl_rowset_find(sides->theirs, &row->key) };
		assert_row_counts(row);
		if (same[1] && same[2] && merged.rename_count == 0)
			assert_groups(row, same[1], same[2]);
		if (merged.rename_count == 0)
			assert_lists(row, same);
	}
}

static void kept__records_counts_and_things(void **state)
{
	(void)state;
	each_history(check_kept);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(kept__records_counts_and_things),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
