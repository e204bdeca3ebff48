/* Inside merge.c: the result of a merge under construction, front to back.
 *
 * Calls give passages of the base in rising order; base text between them is taken over by itself. Where two decisions stand so
 * near that letters of two words would become one word, which nobody wrote, they are made one hunk. Errors stick:
 * sl_text_output_finish reports them.
 */
#ifndef SL_CORE_TEXT_OUTPUT_H
#define SL_CORE_TEXT_OUTPUT_H

#include "core/base/arena.h"
#include "core/text/hunk.h"

/* Whose decision a passage is. */
enum sl_text_source {
	SL_TEXT_FROM_MINE,   /* only mine changed it */
	SL_TEXT_FROM_THEIRS, /* only theirs changed it */
	SL_TEXT_FROM_BOTH,   /* both changed it, and `result` is what both want */
	SL_TEXT_TWICE,       /* both inserted there: theirs, then mine */
	SL_TEXT_INSIDE_WORD, /* the same, inside a word */
	SL_TEXT_CLASH        /* a hunk: it holds theirs */
};

/* base[from, end), and what each side has in its place. */
struct sl_text_passage {
	enum sl_text_source source;
	size_t from, end;
	struct sl_str mine, theirs, result; /* `result`: only of SL_TEXT_FROM_BOTH */
	bool is_mixed; /* set by the output: it stands near another side's passage, perhaps with some between them */
};

struct sl_text_output {
	struct sl_arena *scratch;
	struct sl_str base;
	struct sl_text_passage *passages;
	size_t count, capacity;
	int code;
};

/* `scratch` has to live until the output is finished. */
void sl_text_output_init(struct sl_text_output *output, struct sl_str base, struct sl_arena *scratch);

/* Adds a passage. Hunks of one line with no word between them become one, and a hunk takes in what may be in one word with it. It is
 * none any more if both sides have the same in it. */
void sl_text_output_add(struct sl_text_output *output, struct sl_text_passage passage);

/* The result in `arena`. Returns 0 or SL_NO_MEMORY. */
int sl_text_output_finish(struct sl_text_output *output, struct sl_arena *arena, struct sl_text_merge *merge_r)
	__attribute__((warn_unused_result));

#endif
