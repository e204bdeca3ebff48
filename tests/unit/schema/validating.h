/* Validation in unit tests: run it on a text, look at the faults. In the texts here ' stands for a quotation mark. */
#ifndef TESTS_UNIT_VALIDATING_H
#define TESTS_UNIT_VALIDATING_H

#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>

#include "core/json/parse.h"
#include "core/schema/validate.h"

#define NO_LIMIT ((size_t)1 << 24)

enum kind { DOCUMENT, DELTA };

struct run {
	struct sl_arena arena;
	struct sl_faults faults;
	struct sl_err err;
	int code;
};

/* Disposed of by run_end. */
static inline void run_value(struct run *run, enum kind kind, const json_t *value, size_t row_bytes)
{
	*run = (struct run){ .err = SL_ERR_INIT };
	sl_arena_init(&run->arena, 0);
	run->code = kind == DOCUMENT ?
		sl_validate_document(value, "/projectData", row_bytes, &run->arena, &run->faults, &run->err) :
		sl_validate_delta(value, "/delta", row_bytes, &run->arena, &run->faults, &run->err);
}

static inline void run_end(struct run *run) { sl_arena_dispose(&run->arena); }

static inline json_t *parse_bytes(const char *bytes, size_t length)
{
	struct sl_err err = SL_ERR_INIT;
	json_t *value = NULL;
	if (sl_json_parse((struct sl_str){ bytes, length }, &value, &err) != 0)
		fail_msg("the test's own text is not JSON: %s", err.message);
	return value;
}

static inline json_t *parse(const char *text)
{
	size_t length = strlen(text);
	char *copy = malloc(length + 1);
	assert_non_null(copy);
	for (size_t i = 0; i <= length; i++)
		copy[i] = text[i] == '\'' ? '"' : text[i];
	json_t *value = parse_bytes(copy, length);
	free(copy);
	return value;
}

/* Exactly one fault, with this path and reason (NULL: any), which is also in the error. */
static inline void expect_fault(enum kind kind, const json_t *value, size_t row_bytes, const char *path,
	const char *reason)
{
	struct run run;
	run_value(&run, kind, value, row_bytes);
	if (run.code != SL_INVALID || run.faults.total != 1)
		fail_msg("expected a fault at %s, got code %d and %zu faults; the first: %s %s", path, run.code,
			run.faults.total, run.err.path, run.err.message);
	assert_int_equal(run.faults.count, 1);
	assert_string_equal(run.faults.items[0].path, path);
	if (reason)
		assert_string_equal(run.faults.items[0].reason, reason);
	assert_int_equal(run.err.code, SL_INVALID);
	assert_string_equal(run.err.path, path);
	assert_string_equal(run.err.message, run.faults.items[0].reason);
	run_end(&run);
}

static inline void expect_valid(enum kind kind, const json_t *value, size_t row_bytes)
{
	struct run run;
	run_value(&run, kind, value, row_bytes);
	if (run.code != 0 || run.faults.total != 0)
		fail_msg("expected no fault, got %s %s", run.err.path, run.err.message);
	assert_int_equal(run.faults.count, 0);
	assert_int_equal(run.err.code, 0);
	run_end(&run);
}

struct fault_case {
	const char *text, *path, *reason;
};

static inline void expect_faults(enum kind kind, const struct fault_case *cases, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		json_t *value = parse(cases[i].text);
		expect_fault(kind, value, NO_LIMIT, cases[i].path, cases[i].reason);
		json_decref(value);
	}
}

static inline void expect_texts_valid(enum kind kind, const char *const *texts, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		json_t *value = parse(texts[i]);
		expect_valid(kind, value, NO_LIMIT);
		json_decref(value);
	}
}

#define LENGTH(array) (sizeof(array) / sizeof((array)[0]))

#endif
