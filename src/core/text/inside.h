/* Inside merge.c: letters that both sides typed at one place of a word. */
#ifndef SL_CORE_TEXT_INSIDE_H
#define SL_CORE_TEXT_INSIDE_H

#include "core/base/slice.h"

/* Whether both sides have all of `base` and different letters at one place of it: base[0, at), the letters, the rest. Not at a
 * digit, where another number would come about; nor where the letters of one begin or end like those of the other: they may mean the
 * same word. */
bool sl_text_is_inserted_inside(struct sl_str base, struct sl_str mine, struct sl_str theirs, size_t *at_r);

#endif
