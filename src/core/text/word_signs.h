/* Signs that belong to words and numbers: can't, 3.14, 1,000, $5. Rules: UAX #29, WB6, WB7, WB11 and WB12. */
#ifndef SL_CORE_TEXT_WORD_SIGNS_H
#define SL_CORE_TEXT_WORD_SIGNS_H

#include <stdbool.h>
#include <stdint.h>

/* A decimal digit of any script whose digits form words. */
bool sl_text_is_digit(uint32_t point);

/* Whether a word goes on behind this sign if letters stand on both sides of it, or a number if digits do. */
bool sl_text_joins_letters(uint32_t point);
bool sl_text_joins_digits(uint32_t point);

/* A currency sign: it belongs to the number that it touches. */
bool sl_text_is_currency(uint32_t point);

/* A sign that belongs to what stands behind it (GB9b). */
bool sl_text_is_prepended(uint32_t point);

/* A Hebrew letter, behind which an apostrophe belongs to the word (WB7a); two of them hold a quotation mark (WB7b, WB7c). */
bool sl_text_is_hebrew(uint32_t point);

#endif
