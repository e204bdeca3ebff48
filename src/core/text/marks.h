/* Marks of scripts whose letters form words: vowel signs, accents, viramas. */
#ifndef SL_CORE_TEXT_MARKS_H
#define SL_CORE_TEXT_MARKS_H

#include <stdbool.h>
#include <stdint.h>

/* Whether the code point is a mark outside the ranges of classes.c. A mark belongs to what stands before it, be that a letter, a
 * blank or a sign (UAX #29, GB9 and GB9a). */
bool sl_text_is_mark(uint32_t point);

#endif
