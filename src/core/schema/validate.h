/* Checks a project document or a delta against the schema and collects every fault with its JSON Pointer.
 *
 * Checked: types, words, ranges, text limits, numbers beyond ±(2^53−1) anywhere, ids (1–128 code points, no control
 * characters, safe integers for episodes), names of unknown project-level fields (as ids; none may begin with "context."),
 * null where a project-level field is stored (in a delta null removes it), unique ids within a collection, no row both
 * written and deleted, ranks (`[0-9A-Za-z]{1,64}`), and the size and depth of each row.
 * Not checked here: whether a scene's or shot's episode exists in a delta (only the store knows).
 */
#ifndef SL_CORE_VALIDATE_H
#define SL_CORE_VALIDATE_H

#include <jansson.h>

#include "core/base/arena.h"
#include "core/base/error.h"
#include "core/schema/schema.h"

/* How many arrays and objects may be inside each other in a row, its own object counted, or in the value of a project-level
 * field (SL_META). With what the deepest request puts around them that makes SL_JSON_DEPTH, so that every row fits into all
 * that it is sent and stored in. */
unsigned sl_row_depth(enum sl_entity entity, bool in_context);

#define SL_FAULTS 50 /* faults that are reported; the rest is only counted */

struct sl_fault {
	const char *path;   /* JSON Pointer, RFC 6901 */
	const char *reason; /* "must be text", "must be one of pending, …", … */
};

struct sl_faults {
	struct sl_fault items[SL_FAULTS]; /* texts live in the arena */
	size_t count, total;
};

/* Both return 0, SL_INVALID with at least one fault (and the first one in `err`), or SL_NO_MEMORY. `at` is the JSON Pointer
 * of `value` in the request ("/projectData", "/delta", ""). `row_bytes` limits the canonical text of each row; it is
 * checked against a cheap upper estimate first and exactly only when that exceeds it. */
int sl_validate_document(const json_t *value, const char *at, size_t row_bytes, struct sl_arena *arena,
	struct sl_faults *faults_r, struct sl_err *err) __attribute__((warn_unused_result));
int sl_validate_delta(const json_t *value, const char *at, size_t row_bytes, struct sl_arena *arena,
	struct sl_faults *faults_r, struct sl_err *err) __attribute__((warn_unused_result));

/* Adds one fault to the list (dropped beyond SL_FAULTS, but counted). Returns SL_INVALID or SL_NO_MEMORY. */
int sl_faults_add(struct sl_faults *faults, struct sl_arena *arena, const char *path, const char *format, ...)
	__attribute__((format(printf, 4, 5)));

#endif
