/* UTF-8 as RFC 3629 has it: no overlong forms, no surrogates, nothing above U+10FFFF. */
#ifndef SL_CORE_BASE_UTF8_H
#define SL_CORE_BASE_UTF8_H

#include <stdbool.h>
#include <stdint.h>

#include "core/base/slice.h"

/* Whether a character goes on with the byte, rather than begin. */
static inline bool sl_utf8_is_inside(char byte) { return ((unsigned char)byte & 0xc0) == 0x80; }

/* The length of the valid text that `text` begins with; all of it is valid when this is `text.length`. */
size_t sl_utf8_valid(struct sl_str text);

/* Code points of a valid text. */
size_t sl_utf8_length(struct sl_str text);

/* Writes the 1–4 bytes of a code point (no surrogate, at most U+10FFFF) and returns their number. */
size_t sl_utf8_encode(uint32_t point, char bytes_r[4]);

/* Order by UTF-16 code units, as ECMAScript compares strings; both must be valid. Returns <0, 0, >0. It differs from
 * the order of bytes only where a code point above U+FFFF meets one of U+E000–U+FFFF. */
int sl_utf8_compare_utf16(struct sl_str a, struct sl_str b);

#endif
