/* The check of a JSON text before anything is built from it: everything that needs no grammar. */
#ifndef SL_CORE_JSON_SCAN_H
#define SL_CORE_JSON_SCAN_H

#include "core/base/error.h"
#include "core/base/slice.h"

#define SL_JSON_DEPTH 32              /* arrays and objects inside each other, the outermost counted */

/* After 0, of `text` this holds: it is UTF-8 without a byte-order mark; strings end, and hold no raw control character
 * and only well-formed escapes, none of NUL or a lone surrogate; other control characters are white space; and brackets
 * nest no deeper than SL_JSON_DEPTH. *memory_r is about what Jansson's values of the text would take at most, in bytes (a test
 * compares it with what they take). Errors: SL_MALFORMED. */
int sl_json_scan(struct sl_str text, size_t *memory_r, struct sl_err *err) __attribute__((warn_unused_result));

/* The number of leading bytes that a JSON string holds as they are: no control character, quote or backslash. */
size_t sl_json_scan_run(const char *bytes, size_t length);

/* The value of 4 hex digits, or -1. */
int sl_json_scan_hex4(const char *digits);

/* Notes "`reason` at line L, byte B" (lines from 1, bytes from 0 at the start of the text) as SL_MALFORMED, which it
 * returns. */
int sl_json_scan_refuse(struct sl_str text, size_t offset, const char *reason, struct sl_err *err);

#endif
