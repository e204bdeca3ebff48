/* Prints how long the steps of the core take on complete-works, against reading its JSON with Jansson: the best of some
 * rounds in milliseconds of processor time, in which all steps take turns. Not a test: nothing is asserted about times.
 * Needs the data folder (projects.h); tests/bench/ratios runs it. usage: steps [ROUNDS] */
#ifdef HAVE_CONFIG_H
#include "config.h" /* clock_gettime */
#endif

#include "unit/rows/projects.h"

#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "core/json/parse.h"
#include "core/merge/merge.h"
#include "core/schema/validate.h"
#include "core/rows/document_write.h"

#define ROW_BYTES ((size_t)1 << 24)
#define EDITS 100 /* of each side before a merge */

enum step { LOAD, PARSE, VALIDATE, ROWS, RANKS, RANKS_AGAIN, DIFFERENCE, MERGE, DIGEST, WRITE, STEPS };

static const char *const names[STEPS] = { "json_loadb", "sl_json_parse", "validate", "rows from document",
	"assign ranks, new", "assign ranks, known", "difference, one shot changed", "merge, 100 edits a side",
	"digest of all", "write document" };

static double best[STEPS];

/* Processor time, so that other work on the machine counts least. */
static double now_ms(void)
{
	struct timespec time;
	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &time);
	return (double)time.tv_sec * 1e3 + (double)time.tv_nsec / 1e6;
}

static double lap(enum step step, double start)
{
	double end = now_ms();
	if (best[step] == 0 || end - start < best[step])
		best[step] = end - start;
	return now_ms();
}

/* Adds words to the description of every `each`th shot, from the first on, `count` in all. */
static void edit_shots(json_t *document, size_t each, size_t count, const char *words)
{
	json_t *episodes = json_object_get(document, "episodes");
	size_t seen = 0;
	for (size_t i = 0; i < json_array_size(episodes); i++) {
		json_t *shots = json_object_get(json_array_get(episodes, i), "shots");
		for (size_t k = 0; k < json_array_size(shots); k++, seen++) {
			json_t *shot = json_array_get(shots, k);
			const char *old = json_string_value(json_object_get(shot, "description"));
			if (seen % each == 0 && seen / each < count)
				json_object_set_new(shot, "description", json_sprintf("%s %s", old ? old : "", words));
		}
	}
}

/* The rows of another copy of the project in which some shots were edited, ranked like `rows`. */
static struct sl_rowset *edited(struct sl_str text, const struct sl_rowset *rows, size_t each, size_t count,
	const char *words, struct sl_arena *arena)
{
	struct sl_rowset *others;
	struct sl_err err = SL_ERR_INIT;
	json_t *document;
	assert_int_equal(sl_json_parse(text, &document, &err), SL_OK);
	edit_shots(document, each, count, words);
	assert_int_equal(sl_rows_from_document(document, arena, &others, &err), SL_OK);
	double start = now_ms();
	assert_int_equal(sl_rows_assign_ranks(others, rows, arena, &err), SL_OK);
	lap(RANKS_AGAIN, start);
	json_decref(document);
	return others;
}

static struct sl_rowset *read_rows(struct sl_str text, struct sl_arena *arena)
{
	struct sl_err err = SL_ERR_INIT;
	struct sl_faults faults;
	struct sl_rowset *rows, *empty = sl_rowset_new(arena, 1);
	json_t *document;
	double start = now_ms();
	json_decref(json_loadb(text.bytes, text.length, JSON_REJECT_DUPLICATES, NULL));
	start = lap(LOAD, start);
	assert_int_equal(sl_json_parse(text, &document, &err), SL_OK);
	start = lap(PARSE, start);
	assert_int_equal(sl_validate_document(document, "", ROW_BYTES, arena, &faults, &err), SL_OK);
	start = lap(VALIDATE, start);
	assert_int_equal(sl_rows_from_document(document, arena, &rows, &err), SL_OK);
	start = lap(ROWS, start);
	assert_int_equal(sl_rows_assign_ranks(rows, empty, arena, &err), SL_OK);
	lap(RANKS, start);
	json_decref(document);
	return rows;
}

static void compare(struct sl_str text, const struct sl_rowset *rows, struct sl_arena *arena)
{
	struct sl_err err = SL_ERR_INIT;
	struct sl_delta delta;
	struct sl_merge merge;
	/* Ten shots are edited by both sides, each in other words. */
	const struct sl_rowset *changed = edited(text, rows, 1, 1, "Changed.", arena);
	const struct sl_rowset *mine = edited(text, rows, 10, EDITS, "Mine.", arena);
	const struct sl_rowset *theirs = edited(text, rows, 100, EDITS, "Theirs.", arena);
	double start = now_ms();
	assert_int_equal(sl_delta_difference(rows, changed, arena, &delta), 0);
	start = lap(DIFFERENCE, start);
	assert_int_equal(sl_merge(rows, mine, theirs, NULL, arena, &merge, &err), 0);
	lap(MERGE, start);
	assert_int_equal(sl_rowset_count(delta.rows), 1);
	assert_int_equal(sl_rowset_count(merge.adopt.rows), EDITS);
	assert_int_equal(merge.note_count, EDITS / 10);
}

static void measure(struct sl_str text)
{
	struct sl_arena arena;
	struct sl_err err = SL_ERR_INIT;
	struct sl_buf out;
	sl_arena_init(&arena, 0);
	sl_buf_init(&out, SIZE_MAX);
	struct sl_rowset *rows = read_rows(text, &arena);
	size_t used = arena.total_bytes;
	compare(text, rows, &arena);
	double start = now_ms();
	assert_true(sl_digest_of(rows).high != 0);
	start = lap(DIGEST, start);
	assert_int_equal(sl_rows_write_document(rows, &arena, &out, &err), 0);
	lap(WRITE, start);
	printf("%zu bytes, %zu rows, %zu bytes written, %zu bytes of arena\n", text.length, sl_rowset_count(rows),
		out.length, used);
	sl_buf_dispose(&out);
	sl_arena_dispose(&arena);
}

int main(int argc, char **argv)
{
	struct sl_buf text;
	int rounds = argc > 1 ? atoi(argv[1]) : 7;
	sl_buf_init(&text, SIZE_MAX);
	json_t *document = project_load("complete-works.json.gz", &text);
	if (!document)
		return 77;
	json_decref(document);
	for (int i = 0; i < rounds; i++)
		measure(sl_buf_str(&text));
	for (int step = 0; step < STEPS; step++)
		printf("%-30s %8.2f ms  %.3f of json_loadb\n", names[step], best[step], best[step] / best[LOAD]);
	sl_buf_dispose(&text);
	return 0;
}
