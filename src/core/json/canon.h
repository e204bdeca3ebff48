/* JSON text: strict reading and the canonical form of RFC 8785 (JCS).
 *
 * Reading refuses what browsers and servers would disagree on: duplicate keys, NUL and lone surrogates in strings,
 * invalid UTF-8, a byte-order mark, nesting over the limit, numbers that overflow a double. All numbers are IEEE
 * doubles (RFC 7493, I-JSON), as in ECMAScript. The count of values is limited before anything is built, because
 * Jansson needs over 200 bytes for a value of 3.
 */
#ifndef SL_CORE_CANON_H
#define SL_CORE_CANON_H

#include <jansson.h>

#include "core/base/buf.h"
#include "core/base/error.h"

#define SL_JSON_DEPTH 32              /* arrays and objects inside each other, the outermost counted */
#define SL_JSON_VALUES_MINIMUM 100000 /* values that any text may hold; above, one per 8 bytes of text */

/* Parses `text`: *value_r is a new reference. Any JSON value is accepted at the top. Errors: SL_MALFORMED (message with
 * line and byte offset), SL_TOO_LARGE (too many values), SL_NO_MEMORY. */
int sl_canon_parse(struct sl_str text, json_t **value_r, struct sl_err *err) __attribute__((warn_unused_result));

/* Appends the canonical text of `value`: keys by UTF-16 code units, numbers as ECMAScript prints them, no blanks.
 * Integers of Jansson are written as the double nearest to them. Failure shows in the buffer's code, SL_INTERNAL for
 * nesting over twice SL_JSON_DEPTH. The value must be finite numbers and valid UTF-8, which sl_canon_parse grants. */
void sl_canon_write(struct sl_buf *out, const json_t *value);

/* Like sl_canon_write for an object, leaving out the members named in `skip` (may be NULL when `skip_count` is 0). */
void sl_canon_write_without(struct sl_buf *out, const json_t *object, const char *const *skip, size_t skip_count);

/* Appends one JSON string literal (RFC 8785 section 3.2.2.2), or one number (3.2.2.3; NaN and infinities: "null"). */
void sl_canon_string(struct sl_buf *out, struct sl_str text);
void sl_canon_number(struct sl_buf *out, double number);

#endif
