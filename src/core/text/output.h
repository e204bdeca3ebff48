/* Inside merge.c: the result of a merge under construction, front to back.
 *
 * Calls give passages base[from, end) in rising order; base text between them is taken over by itself. Errors stick:
 * sl_text_output_finish reports them.
 */
#ifndef SL_CORE_TEXT_OUTPUT_H
#define SL_CORE_TEXT_OUTPUT_H

#include "core/base/arena.h"
#include "core/text/hunk.h"

struct sl_text_output {
	struct sl_arena *scratch;
	struct sl_str base;
	size_t base_at; /* base text before this is dealt with */
	struct sl_str *pieces;
	size_t piece_count, piece_capacity;
	size_t length; /* of all pieces */
	struct sl_text_hunk *hunks;
	size_t hunk_count, hunk_capacity;
	struct sl_text_both *both;
	size_t both_count, both_capacity;
	bool after_hunk; /* the last hunk ends at base_at */
	int code;
};

/* `scratch` has to live until the output is finished. */
void sl_text_output_init(struct sl_text_output *output, struct sl_str base, struct sl_arena *scratch);

/* Puts `text` in the place of base[from, end). */
void sl_text_output_edit(struct sl_text_output *output, size_t from, size_t end, struct sl_str text);

/* Notes a hunk and puts `theirs` in the place of base[from, end). Hunks of one line with no word between them become
 * one, which is dropped if both sides have the same in it. */
void sl_text_output_clash(struct sl_text_output *output, size_t from, size_t end, struct sl_str mine,
	struct sl_str theirs);

/* Puts two insertions at the place base[at], as struct sl_text_both has it. */
void sl_text_output_both(struct sl_text_output *output, size_t at, struct sl_str mine, struct sl_str theirs);

/* The rest of the base, and the result in `arena`. Returns 0 or SL_NO_MEMORY. */
int sl_text_output_finish(struct sl_text_output *output, struct sl_arena *arena, struct sl_text_merge *merge_r)
	__attribute__((warn_unused_result));

#endif
