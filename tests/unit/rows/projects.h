/* Projects for unit tests: from text, at random, compared. In the texts here ' stands for a quotation mark. */
#ifndef TESTS_UNIT_PROJECTS_H
#define TESTS_UNIT_PROJECTS_H

#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>

#include "core/delta/delta.h"
#include "core/rows/digest.h"

#define LENGTH(array) (sizeof(array) / sizeof((array)[0]))

/* A small generator of random numbers (xorshift): the same from the same seed everywhere. */
struct dice {
	uint64_t state; /* not 0 */
};

/* 0 … sides − 1 */
size_t dice_roll(struct dice *dice, size_t sides);

/* A copy with quotation marks for '; freed by the caller. */
char *project_text(const char *text);

/* Parsed strictly; a test that is itself wrong fails. A new reference. */
json_t *project_json(const char *text);

/* The rows of a valid document, ranked as if nothing had been stored. */
struct sl_rowset *project_rows(const char *text, struct sl_arena *arena);
struct sl_rowset *project_rows_of(const json_t *document, struct sl_arena *arena);

/* A valid delta. */
struct sl_delta project_delta(const char *text, struct sl_arena *arena);

/* The document of the rows: a new reference. */
json_t *project_document(const struct sl_rowset *rows, struct sl_arena *arena);

/* A document or delta of `text` with ' for quotation marks is what was written. */
void expect_text(struct sl_str written, const char *text);

/* The same keys, ranks and data; versions don't count. */
bool rows_same(const struct sl_rowset *a, const struct sl_rowset *b);
void expect_rows(const struct sl_rowset *rows, const struct sl_rowset *expected);

/* No scene or shot without its episode, and ranks on all rows but meta. */
void expect_whole(const struct sl_rowset *rows);

/* Changes `rows` at random: adds, edits, moves and deletes; episodes go with their scenes and shots. The rows stay
 * whole. */
void project_scramble(struct sl_rowset *rows, struct dice *dice, size_t changes, struct sl_arena *arena);

/* Opens a project of the data folder ($SLATESYNC_DATA, or shared/data beside the source tree): a new reference. NULL
 * where it isn't there. A name that ends in ".gz" is unpacked. */
json_t *project_load(const char *name, struct sl_buf *text_r);

#endif
