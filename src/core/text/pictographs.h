/* Emoji and what may become one. */
#ifndef SL_CORE_TEXT_PICTOGRAPHS_H
#define SL_CORE_TEXT_PICTOGRAPHS_H

#include <stdbool.h>
#include <stdint.h>

/* Whether a joiner before the code point binds it to what stands before the joiner (UAX #29, WB3c and GB11). */
bool sl_text_is_pictograph(uint32_t point);

#endif
