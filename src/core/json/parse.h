/* Reading JSON text strictly.
 *
 * Refused is what browsers and servers would disagree on: duplicate keys, NUL and lone surrogates in strings, invalid UTF-8,
 * a byte-order mark, nesting over the limit, numbers that overflow a double. All numbers are IEEE doubles (RFC 7493,
 * I-JSON), as in ECMAScript. The count of values is limited before anything is built, because Jansson needs over 200 bytes
 * for a value of 3.
 */
#ifndef SL_CORE_JSON_PARSE_H
#define SL_CORE_JSON_PARSE_H

#include <jansson.h>

#include "core/base/error.h"
#include "core/base/slice.h"

/* Parses `text`: *value_r is a new reference. Any JSON value is accepted at the top. Errors: SL_MALFORMED (message with
 * line and byte offset), SL_TOO_LARGE (too many values), SL_NO_MEMORY. */
int sl_json_parse(struct sl_str text, json_t **value_r, struct sl_err *err) __attribute__((warn_unused_result));

#endif
