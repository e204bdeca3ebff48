/* Doubles as JSON text, read and written without regard to the locale. */
#ifndef SL_CORE_JSON_NUMBER_H
#define SL_CORE_JSON_NUMBER_H

#include "core/base/slice.h"

#define SL_NUMBER_TEXT 32 /* room for any result of sl_number_format; the longest has 25 characters */

/* The length of the JSON number (RFC 8259 section 6) that `text` begins with; 0 if there is none. */
size_t sl_number_token(struct sl_str text);

/* Reads a text of which all is one JSON number, correctly rounded whatever its length. Returns 0, or SL_MALFORMED
 * when it overflows a double. What is too small becomes a zero, signed. */
int sl_number_parse(struct sl_str text, double *number_r) __attribute__((warn_unused_result));

/* Writes a finite number as ECMAScript's Number::toString(10) does: the fewest digits that read back as the same
 * double, of those the nearest, -0 as "0". Returns the length; there is no NUL. */
size_t sl_number_format(double number, char text_r[SL_NUMBER_TEXT]);

#endif
