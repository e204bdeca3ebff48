/* Inside merge.c: edits by line made into edits by word, for a passage where lines clash. */
#ifndef SL_CORE_TEXT_REFINE_H
#define SL_CORE_TEXT_REFINE_H

#include "core/text/edits.h"

/* One side: its text and how that came from the base. */
struct sl_text_side {
	struct sl_str text;
	struct sl_text_edits edits;
};

/* Edits by word that do the same as `count` edits by line of `side` against `base`. They live in `arena`. Returns 0,
 * SL_NO_MEMORY, or SL_TOO_LARGE. */
int sl_text_refine(struct sl_str base, struct sl_str side, const struct sl_text_edit *edits, size_t count,
	struct sl_arena *arena, struct sl_text_edits *words_r) __attribute__((warn_unused_result));

/* Makes rewritten passages of either side one edit each, as the first rule of merge.h says; edits that both sides made
 * alike stay by themselves. `arena` is for scratch. Returns 0 or SL_NO_MEMORY. */
int sl_text_join_rewritten(struct sl_str base, struct sl_text_side *a, struct sl_text_side *b, struct sl_arena *arena)
	__attribute__((warn_unused_result));

/* text[at, end), which stands at its place also when it is empty. */
static inline struct sl_str sl_text_part(struct sl_str text, size_t at, size_t end)
{
	return (struct sl_str){ text.bytes ? text.bytes + at : NULL, end - at };
}

#endif
