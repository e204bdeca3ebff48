/* Three-way merge of long text: by line, then by word inside lines that clash.
 *
 * Both sides' edits against the base are found by line. Edits that neither overlap nor touch are all taken. Where lines
 * clash, the edits are found again by word (see text_tokens.h) and all taken unless they clash there too:
 *
 * - Edits of the same base words clash, unless they are the same edit. A passage that one side rewrote counts as edited
 *   throughout: an unchanged run inside belongs to it if the edits around it each took away at least one word and at
 *   least twice as many words and line ends as the run has.
 * - Two deletions never clash: what either side deleted is gone. A deletion clashes with an edit inside it.
 * - Two different insertions at the same place clash, also of whole paragraphs: their order is not ours to choose. But
 *   where one side wrote, in place of the same words, what the other wrote and more before or behind it, that is taken.
 * - An insertion directly before or behind words that the other side replaced doesn't clash; directly at words that the
 *   other side deleted it does, unless both are whole lines.
 *
 * The rules don't know which side is which: swapping sides swaps the hunks and nothing else, and a clean result is the
 * same. Every word that one side typed is in the result or in a hunk. No conflict marker is ever written.
 *
 * Time and memory are near-linear in the texts. Results depend on nothing but the texts.
 */
#ifndef SL_CORE_TEXT_MERGE_H
#define SL_CORE_TEXT_MERGE_H

#include "core/base/arena.h"
#include "core/base/error.h"

/* A passage of whole tokens that the sides changed differently: what was there, and what each side has in its place.
 * Any of the three may be empty. They are parts of the texts that were merged. */
struct sl_text_hunk {
	struct sl_str base, mine, theirs;
	size_t result_at; /* where `theirs` stands in the result, in bytes */
};

struct sl_text_merge {
	struct sl_str text; /* the result: all that doesn't clash is merged, each hunk holds theirs */
	bool clean;         /* there are no hunks */
	const struct sl_text_hunk *hunks; /* in order; at least one unchanged word or line end between two of them, or an
	                                     edit that didn't clash */
	size_t hunk_count;
};

/* Merges what both sides made of `base`. The texts are valid UTF-8 with any line ends; `theirs` is the server's side.
 * The result lives in `arena` or is one of the texts, which it also points into: they must live as long. Returns 0,
 * SL_NO_MEMORY, or SL_TOO_LARGE for a text of more than SL_TEXT_MAXIMUM (text_edits.h) bytes. */
int sl_text_merge(struct sl_str base, struct sl_str mine, struct sl_str theirs, struct sl_arena *arena,
	struct sl_text_merge *merge_r, struct sl_err *err) __attribute__((warn_unused_result));

#endif
