/* Merges whose outcome other projects or people have settled, read from ../shared/vectors. A case passes if the answer is the
 * source's or one that the vectors accept. Of every merge besides: no word lost, none invented, both sides alike.
 */
#ifdef HAVE_CONFIG_H
#include "config.h"
#endif

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <jansson.h>

#include "text_fixture.h"
#include "text_words.h"
#include "unit/base/vectors.h"

/* Where this merge is meant to answer otherwise, and why. */
static const struct exception {
	const char *source, *name, *reason;
} exceptions[] = {
	{ "reconcile", "idempotent_inserts 2", "two insertions at one place: both stay, though they begin alike" },
	{ "reconcile", "various 4", "two insertions at one place: both stay, though they begin alike" },
	{ "automerge", "concurrent insertion", "a blank parts two words" },
	{ "loro", "forward interleaving", "of two insertions at one place the server's comes first" },
};

static struct sl_str text_in(const json_t *object, const char *name)
{
	const json_t *text = json_object_get(object, name);
	return (struct sl_str){ json_string_value(text), json_string_length(text) };
}

static bool is_text(struct sl_str text, const json_t *expected)
{
	return json_is_string(expected) && sl_str_equal(text, (struct sl_str){ json_string_value(expected),
		json_string_length(expected) });
}

/* Whether an answer that the source does not give is a right one, too. */
static bool is_accepted(const struct sl_text_merge *merge, const json_t *vector)
{
	const json_t *other;
	size_t i;
	json_array_foreach(json_object_get(vector, "accept"), i, other) {
		if (json_is_true(json_object_get(other, "asks")) ? !merge->clean
			: merge->clean && is_text(merge->text, json_object_get(other, "clean")))
			return true;
	}
	return false;
}

/* The sources ask about two insertions at one place; here both stay, and a note tells. */
static bool is_right(const struct sl_text_merge *merge, const json_t *vector)
{
	const json_t *one;
	size_t i;
	if (json_is_true(json_object_get(vector, "conflict")) && (!merge->clean || merge->both_count > 0))
		return true;
	if (merge->clean && is_text(merge->text, json_object_get(vector, "clean")))
		return true;
	json_array_foreach(json_object_get(vector, "either"), i, one) {
		if (merge->clean && is_text(merge->text, one))
			return true;
	}
	return is_accepted(merge, vector);
}

static bool is_exception(const json_t *vector)
{
	const char *source = json_string_value(json_object_get(vector, "source"));
	const char *name = json_string_value(json_object_get(vector, "name"));
	for (size_t i = 0; i < sizeof(exceptions) / sizeof(exceptions[0]); i++)
		if (strcmp(exceptions[i].source, source) == 0 && strcmp(exceptions[i].name, name) == 0)
			return true;
	return false;
}

static struct sl_text_merge check(const json_t *vector, struct sl_arena *arena)
{
	struct sl_str base = text_in(vector, "base"), mine = text_in(vector, "mine"), theirs = text_in(vector, "theirs");
	struct sl_text_merge merge = merge_both_ways(base, mine, theirs, arena);
	assert_no_word_lost(&merge, base, mine);
	assert_no_word_lost(&merge, base, theirs);
	assert_no_word_invented(&merge, base, mine, theirs);
	return merge;
}

/* --- files --------------------------------------------------------------------------------------------------------- */

static json_t *next_vector(FILE *file)
{
	json_error_t error;
	return json_loadf(file, JSON_DISABLE_EOF_CHECK, &error);
}

static void print_wrong(const json_t *vector, const struct sl_text_merge *merge)
{
	struct sl_buf shown;
	sl_buf_init(&shown, FIXTURE_BYTES);
	show(merge, false, &shown);
	print_message("%s: %s\n  here: %.*s\n", json_string_value(json_object_get(vector, "source")),
		json_string_value(json_object_get(vector, "name")), (int)shown.length, shown.bytes);
	sl_buf_dispose(&shown);
}

static void case_74__merges_of_other_projects(void **state)
{
	(void)state;
	FILE *file = open_vectors("merges.jsonl");
	size_t count = 0, wrong = 0;
	json_t *vector;
	for (; (vector = next_vector(file)); json_decref(vector)) {
		struct sl_arena arena;
		if (!json_object_get(vector, "base"))
			continue;
		sl_arena_init(&arena, 0);
		struct sl_text_merge merge = check(vector, &arena);
		if (is_right(&merge, vector) == is_exception(vector)) {
			print_wrong(vector, &merge);
			wrong++;
		}
		count++;
		sl_arena_dispose(&arena);
	}
	close_vectors(file);
	assert_true(count > 200);
	assert_int_equal(wrong, 0);
}

static void case_74__merges_that_people_made(void **state)
{
	(void)state;
	FILE *file = open_vectors("real.jsonl.xz");
	size_t count = 0, clean = 0, same = 0;
	json_t *vector;
	for (; (vector = next_vector(file)); json_decref(vector)) {
		struct sl_arena arena;
		sl_arena_init(&arena, 0);
		struct sl_text_merge merge = check(vector, &arena);
		clean += merge.clean;
		same += merge.clean && sl_str_equal(merge.text, text_in(vector, "human"));
		count++;
		sl_arena_dispose(&arena);
	}
	close_vectors(file);
	print_message("%zu merges, %zu clean, %zu as people made them\n", count, clean, same);
	assert_true(count > 80);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(case_74__merges_of_other_projects),
		cmocka_unit_test(case_74__merges_that_people_made),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
