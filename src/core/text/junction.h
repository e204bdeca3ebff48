/* The place where two texts meet, and whether a word comes about there. */
#ifndef SL_CORE_TEXT_JUNCTION_H
#define SL_CORE_TEXT_JUNCTION_H

#include "core/base/slice.h"

#define SL_TEXT_WINDOW_GAP ((size_t)16)  /* bytes: texts further apart don't reach each other, unless one sign is between them */
#define SL_TEXT_WINDOW_SIDE ((size_t)32) /* bytes that are looked at before the place and behind it */

/* What stands around a place: bytes[at, SIDE) before it, bytes[SIDE, end) behind it. */
struct sl_text_window {
	char bytes[2 * SL_TEXT_WINDOW_SIDE];
	size_t at, end;
};

void sl_text_window_init(struct sl_text_window *window);

/* Puts a text before all that is there, or behind it, as far as there is room. */
void sl_text_window_before(struct sl_text_window *window, struct sl_str text);
void sl_text_window_behind(struct sl_text_window *window, struct sl_str text);

bool sl_text_window_is_full_before(const struct sl_text_window *window);

/* Whether a word, or a character as a writer sees it, goes from one side of a place to the other: `back` bytes before the middle
 * of the window. */
bool sl_text_window_is_spanned(const struct sl_text_window *window, size_t back);

/* The first line end of a text that has one. */
struct sl_str sl_text_line_end_in(struct sl_str text);

/* What parts two texts of different writers that come to stand side by side: nothing, unless a word would join another one. A line
 * end where one of them has several lines, else a blank. */
struct sl_str sl_text_parting(struct sl_str before, struct sl_str behind);

#endif
