/* Inside merge.c: letters that both sides typed at one place of a word. */
#ifndef SL_CORE_TEXT_INSIDE_H
#define SL_CORE_TEXT_INSIDE_H

#include "core/base/slice.h"

enum sl_text_inside {
	SL_INSIDE_NOT,          /* the sides did something else */
	SL_INSIDE_BOTH,         /* both put letters into a word */
	SL_INSIDE_MINE_FIRST,   /* both put something in, and only in this order a word stays as its writer made it */
	SL_INSIDE_THEIRS_FIRST
};

/* What two sides have at one place where neither removed anything: base[0, at), mine or theirs, the rest. */
struct sl_text_insertions {
	size_t at;
	struct sl_str mine, theirs;
};

/* Whether both sides have all of `base` and something else at one place of it. Not at a digit, where another number would come
 * about; nor where what one put in begins or ends like what the other did: they may mean the same word. */
enum sl_text_inside sl_text_inserted_inside(struct sl_str base, struct sl_str mine, struct sl_str theirs,
	struct sl_text_insertions *insertions_r);

#endif
