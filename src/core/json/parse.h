/* Reading JSON text strictly.
 *
 * Refused is what browsers and servers would disagree on: duplicate keys, NUL and lone surrogates in strings, invalid UTF-8,
 * a byte-order mark, nesting over the limit, numbers that overflow a double. All numbers are IEEE doubles (RFC 7493,
 * I-JSON), as in ECMAScript.
 *
 * Jansson needs over 200 bytes for a value of 3. So whoever reads what strangers send says how much memory the values may take,
 * and more is refused before anything is built. What this system wrote itself is always read.
 */
#ifndef SL_CORE_JSON_PARSE_H
#define SL_CORE_JSON_PARSE_H

#include <jansson.h>

#include "core/base/error.h"
#include "core/base/slice.h"

/* The text of a JSON string, borrowed; empty for any other value, and for NULL. */
static inline struct sl_str sl_json_text(const json_t *string)
{
	return (struct sl_str){ json_string_value(string), json_string_length(string) };
}

/* For the body of a request. Any valid row fits, and 64 MB of texts do; what doesn't, a client sends in parts. */
#define SL_JSON_REQUEST_MEMORY ((size_t)160 * 1024 * 1024)

/* Parses `text`: *value_r is a new reference. Any JSON value is accepted at the top. Errors: SL_MALFORMED (message with
 * line and byte offset), SL_NO_MEMORY. */
int sl_json_parse(struct sl_str text, json_t **value_r, struct sl_err *err) __attribute__((warn_unused_result));

/* The same of a text whose values may take `memory` bytes. More is SL_TOO_LARGE, with the bytes in err->limit that a text as
 * dense as this one may have. */
int sl_json_parse_within(struct sl_str text, size_t memory, json_t **value_r, struct sl_err *err)
	__attribute__((warn_unused_result));

#endif
