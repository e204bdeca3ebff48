/* Checks a project document or a delta against the schema and collects every fault with its JSON Pointer.
 *
 * Checked: types, words, ranges, text limits, numbers beyond ±(2^53−1) anywhere, ids (1–128 code points, no control
 * characters, safe integers for episodes), names of unknown project-level fields (as ids; none may begin with "context."),
 * null where a project-level field is stored (in a delta null removes it), unique ids within a collection, no row both
 * written and deleted, ranks (`[0-9A-Za-z]{1,64}`), and of each row the size, the depth and the
 * number of values. Limits are those of single rows and add up: texts of valid rows, however many, are always read.
 * Not checked here: whether a scene's or shot's episode exists in a delta (only the store knows).
 */
#ifndef SL_CORE_SCHEMA_VALIDATE_H
#define SL_CORE_SCHEMA_VALIDATE_H

#include <jansson.h>

#include "core/schema/faults.h"
#include "core/schema/schema.h"

/* Both return 0, SL_INVALID with at least one fault (and the first one in `err`), or SL_NO_MEMORY. `at` is the JSON Pointer
 * of `value` in the request ("/projectData", "/delta", ""). `row_bytes` limits the canonical text of each row; it is
 * checked against a cheap upper estimate first and exactly only when that exceeds it. */
int sl_validate_document(const json_t *value, const char *at, size_t row_bytes, struct sl_arena *arena,
	struct sl_faults *faults_r, struct sl_err *err) __attribute__((warn_unused_result));
int sl_validate_delta(const json_t *value, const char *at, size_t row_bytes, struct sl_arena *arena,
	struct sl_faults *faults_r, struct sl_err *err) __attribute__((warn_unused_result));

/* The same of a delta that comes from a newer server or was taken before: rows, keys, ranks and sizes, but not what fields
 * hold, so that a word or a type that this version does not know is kept. */
int sl_validate_structure(const json_t *value, const char *at, size_t row_bytes, struct sl_arena *arena,
	struct sl_faults *faults_r, struct sl_err *err) __attribute__((warn_unused_result));

/* The longest `setAside` of a push, as canonical JSON text. */
#define SL_SET_ASIDE_BYTES ((size_t)64 << 10)

/* The same of a push's `setAside`: what merges put aside, [{entity, key, path, base?, mine, theirs?}]. */
int sl_validate_set_aside(const json_t *value, const char *at, struct sl_arena *arena, struct sl_faults *faults_r,
	struct sl_err *err) __attribute__((warn_unused_result));

#endif
