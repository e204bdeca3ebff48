/* Checks of single values, shared by the validation of documents and deltas.
 *
 * Everything here reports into one list of faults and goes on; nothing is returned as an error. `code` remembers that
 * memory ran out.
 */
#ifndef SL_CORE_SCHEMA_VALIDATE_VALUE_H
#define SL_CORE_SCHEMA_VALIDATE_VALUE_H

#include <jansson.h>

#include "core/schema/faults.h"
#include "core/schema/schema.h"
#include "core/schema/seen.h"

struct sl_check {
	const char *root; /* JSON Pointer of the value that is validated */
	size_t row_bytes;
	bool structure_only; /* fields may hold anything */
	struct sl_arena *arena;
	struct sl_faults *faults;
	struct sl_seen seen[SL_ENTITIES];
	unsigned levels;   /* that the row at hand may have */
	unsigned deepest;  /* steps from the root to one level more */
	size_t values;     /* of the row at hand, as far as it was visited */
	uint64_t estimate; /* at least the canonical bytes of the row at hand, as far as it was visited */
	int code;          /* 0, or why validation could not be completed */
};

/* What ends both validations: `code`, or the first fault in `err`, or 0. */
int sl_check_close(const struct sl_check *check, struct sl_err *err) __attribute__((warn_unused_result));

void sl_check_fault(struct sl_check *check, const struct sl_step *step, const char *format, ...)
	__attribute__((format(printf, 3, 4)));

/* `value` against its field; NULL: a field that no shape knows, which may hold anything. */
void sl_check_value(struct sl_check *check, const struct sl_field *field, const json_t *value,
	const struct sl_step *step);

/* The same for a member of the row at hand, whose name counts for the row's size. */
void sl_check_member(struct sl_check *check, const struct sl_field *field, const char *name, const json_t *value,
	const struct sl_step *up);

/* Whether `value` is an object or an array; a fault if not. */
bool sl_check_object(struct sl_check *check, const json_t *value, const struct sl_step *step);
bool sl_check_array(struct sl_check *check, const json_t *value, const struct sl_step *step);

/* A whole number within the safe integers. `value` NULL: "is required". */
bool sl_check_integer(struct sl_check *check, const json_t *value, const struct sl_step *step, int64_t *number_r);

/* An id: text of 1–SL_ID_CHARACTERS code points, no control characters. `value` NULL: "is required". */
bool sl_check_id(struct sl_check *check, const json_t *value, const struct sl_step *step, struct sl_str *id_r);

/* The same for a name, of at most `maximum` code points; `what` begins the reason: "", "the name ". */
bool sl_check_name(struct sl_check *check, struct sl_str name, int maximum, const char *what,
	const struct sl_step *step);

/* That the row at hand has SL_ROW_VALUES values at most (relies on `values`), and that the canonical text of `value` without the
 * members in `skip` is at most `row_bytes` long (relies on `estimate`). */
void sl_check_size(struct sl_check *check, const json_t *value, const char *const *skip, size_t skip_count,
	const struct sl_step *step);

#endif
