/* Prints how long the steps from a document to rows and back take, against reading its JSON. Not a test: nothing is
 * asserted. Needs the data folder (projects.h); `make tests/unit/measure_rows && tests/unit/measure_rows`. */
#ifdef HAVE_CONFIG_H
#include "config.h" /* clock_gettime */
#endif

#include "projects.h"

#include <stdio.h>
#include <time.h>

#include "core/canon.h"
#include "core/validate.h"

#define ROUNDS 7

static double now_ms(void)
{
	struct timespec time;
	clock_gettime(CLOCK_MONOTONIC, &time);
	return (double)time.tv_sec * 1e3 + (double)time.tv_nsec / 1e6;
}

enum step { LOAD, PARSE, VALIDATE, ROWS, RANKS, RANKS_AGAIN, DIFFERENCE, DIGEST, WRITE, STEPS };

static const char *const names[STEPS] = { "json_loadb", "sl_canon_parse", "validate", "rows from document",
	"assign ranks, new", "assign ranks, known", "difference", "digest of all", "write document" };

static double best[STEPS];

static double lap(enum step step, double start)
{
	double end = now_ms();
	if (best[step] == 0 || end - start < best[step])
		best[step] = end - start;
	return now_ms();
}

static void measure(struct sl_str text)
{
	struct sl_arena arena;
	struct sl_err err = SL_ERR_INIT;
	struct sl_faults faults;
	struct sl_rowset *rows, *again, *empty;
	struct sl_delta delta;
	struct sl_buf out;
	json_t *document;
	sl_arena_init(&arena, 0);
	sl_buf_init(&out, SIZE_MAX);
	double start = now_ms();
	json_decref(json_loadb(text.bytes, text.length, JSON_REJECT_DUPLICATES, NULL));
	start = lap(LOAD, start);
	int rc = sl_canon_parse(text, &document, &err);
	start = lap(PARSE, start);
	rc |= sl_validate_document(document, "", (size_t)1 << 24, &arena, &faults, &err);
	start = lap(VALIDATE, start);
	rc |= sl_rows_from_document(document, &arena, &rows, &err);
	start = lap(ROWS, start);
	empty = sl_rowset_new(&arena, 1);
	rc |= sl_rows_assign_ranks(rows, empty, &arena, &err);
	lap(RANKS, start);
	again = sl_rowset_clone(rows, &arena);
	start = now_ms();
	rc |= sl_rows_assign_ranks(again, rows, &arena, &err);
	start = lap(RANKS_AGAIN, start);
	rc |= sl_delta_difference(rows, again, &arena, &delta);
	start = lap(DIFFERENCE, start);
	rc |= sl_digest_of(rows).high == 0;
	start = lap(DIGEST, start);
	rc |= sl_rows_write_document(rows, &arena, &out, &err);
	lap(WRITE, start);
	printf("%zu bytes, %zu rows, %zu bytes written, %zu bytes of arena%s\n", text.length, sl_rowset_count(rows),
		out.length,
		arena.total_bytes, rc ? ", FAILED" : "");
	json_decref(document);
	sl_buf_dispose(&out);
	sl_arena_dispose(&arena);
}

int main(void)
{
	struct sl_buf text;
	sl_buf_init(&text, SIZE_MAX);
	json_t *document = project_load("complete-works.json.gz", &text);
	if (!document)
		return 77;
	json_decref(document);
	for (int i = 0; i < ROUNDS; i++)
		measure(sl_buf_str(&text));
	for (int step = 0; step < STEPS; step++)
		printf("%-20s %8.2f ms  %.3f of json_loadb\n", names[step], best[step], best[step] / best[LOAD]);
	sl_buf_dispose(&text);
	return 0;
}
