/* Writing JSON text in the canonical form of RFC 8785 (JCS). */
#ifndef SL_CORE_JSON_WRITE_H
#define SL_CORE_JSON_WRITE_H

#include <jansson.h>

#include "core/base/arena.h"
#include "core/base/buf.h"

/* Appends the canonical text of `value`: keys by UTF-16 code units, numbers as ECMAScript prints them, no blanks.
 * Integers of Jansson are written as the double nearest to them. Failure shows in the buffer's code, SL_INTERNAL for
 * nesting over twice SL_JSON_DEPTH. The value must be finite numbers and valid UTF-8, which sl_json_parse grants. */
void sl_json_write(struct sl_buf *out, const json_t *value);

/* Like sl_json_write for an object, leaving out the members named in `skip` (may be NULL when `skip_count` is 0). */
void sl_json_write_without(struct sl_buf *out, const json_t *object, const char *const *skip, size_t skip_count);

/* The canonical text of `value` in the arena. Returns 0 or SL_NO_MEMORY. */
int sl_json_copy(const json_t *value, struct sl_arena *arena, struct sl_str *text_r) __attribute__((warn_unused_result));

/* Appends one JSON string literal (RFC 8785 section 3.2.2.2), or one number (3.2.2.3; NaN and infinities: "null"). */
void sl_json_string(struct sl_buf *out, struct sl_str text);
void sl_json_number(struct sl_buf *out, double number);

#endif
