/* Three-way merge of long text: by line, then by word inside lines that clash.
 *
 * Both sides' edits against the base are found by line. Edits that neither overlap nor touch are all taken. Where lines
 * clash, the edits are found again by word (see tokens.h) and all taken unless they clash there too:
 *
 * - Edits of the same base words clash, unless they are the same edit. A passage that one side rewrote counts as edited
 *   throughout: an unchanged run inside belongs to it if the edits around it each took away at least one word and at
 *   least twice as many words and line ends as the run has, or if it is a blank between words that were typed.
 * - Two deletions never clash: what either side deleted is gone. A deletion clashes with an edit inside it.
 * - Two different insertions at the same place are both kept: theirs, then mine, parted by white space where two words would
 *   join. But where one side wrote, in place of the same words, what the other wrote and more before or behind it, that is
 *   taken. The place may be inside a word: letters that both put in there both stay. Numbers are asked about.
 * - An insertion directly before or behind words that the other side replaced doesn't clash, unless these became more words:
 *   then the replacement may hold an insertion at that place, too. Directly at words that the other side deleted an insertion
 *   clashes, unless both are whole lines.
 * - White space that one side deleted stays where the other side put something in beside it.
 * - Lines inserted where the other side moved or rewrote what stands before them and behind them clash: they would land in a
 *   passage that they were not written for.
 * - In scripts without blanks between words, edits clash that may be in one word (see sl_text_is_inside_word).
 *   Two letters between a hunk and another edit go into the hunk if one side wrote letters around them.
 * - Edits clash if both together would make one word of two, as where one side took a comma away and the other the blank.
 *
 * The rules don't know which side is which: swapping sides swaps the hunks and the order of two insertions at one place, and
 * nothing else. Every word that one side typed is in the result or in a hunk. No conflict marker is ever written.
 *
 * Time and memory are near-linear in the texts. Results depend on nothing but the texts.
 */
#ifndef SL_CORE_TEXT_MERGE_H
#define SL_CORE_TEXT_MERGE_H

#include "core/base/arena.h"
#include "core/base/error.h"
#include "core/text/hunk.h"

/* What is known of the base. */
enum sl_text_ancestor {
	SL_TEXT_TRUE_BASE,  /* both sides were made of it */
	SL_TEXT_SHARED_BASE /* only what both have in common: two insertions at one place are a hunk, for nobody knows which of
	                     * them was the change */
};

/* Merges what both sides made of `base`. The texts are valid UTF-8 with any line ends; `theirs` is the server's side.
 * The result lives in `arena` or is one of the texts, which it also points into: they must live as long. Returns 0,
 * SL_NO_MEMORY, or SL_TOO_LARGE for a text of more than SL_TEXT_MAXIMUM (edits.h) bytes. */
int sl_text_merge(struct sl_str base, struct sl_str mine, struct sl_str theirs, enum sl_text_ancestor ancestor,
	struct sl_arena *arena, struct sl_text_merge *merge_r, struct sl_err *err) __attribute__((warn_unused_result));

/* The tokens that two texts have in common, in order, as a text: a stand-in for an ancestor that is not known. It lives in
 * `arena`, or is `a` if that equals `b`. Returns 0, SL_NO_MEMORY or SL_TOO_LARGE. */
int sl_text_common(struct sl_str a, struct sl_str b, struct sl_arena *arena, struct sl_str *common_r)
	__attribute__((warn_unused_result));

#endif
