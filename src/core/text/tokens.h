/* Text cut into lines, or into words and what stands between them.
 *
 * A line ends behind its LF (a CR before it belongs to it) or with the text. Tokens are: a line end (LF or CR LF); a run of
 * blanks; a word; a single sign; a single letter of a script that puts no blanks between words (Chinese, Japanese, Thai …).
 * Words and numbers are those of UAX #29, so `can't`, `1,000` and `3.14` are one each; a currency sign that touches a number
 * belongs to it. No token ends inside a grapheme cluster, which is a character as a writer sees it: marks, skin tones, the rest
 * of a ZWJ sequence and the other half of a flag stay with what they belong to.
 *
 * Both cut from the front: where a line or token ends doesn't depend on what stands before its beginning.
 */
#ifndef SL_CORE_TEXT_TOKENS_H
#define SL_CORE_TEXT_TOKENS_H

#include "core/base/slice.h"

enum sl_text_token { SL_TOKEN_LINE_END, SL_TOKEN_BLANK, SL_TOKEN_SIGN, SL_TOKEN_WORD };

/* Where the line that begins at `at` (below `text.length`) ends. */
size_t sl_text_line_end(struct sl_str text, size_t at);

/* Where the token that begins at `at` (below `text.length`) ends, and what it is: a letter that stands for itself is a
 * WORD, an emoji a SIGN. Bytes that are no UTF-8 count as signs. */
size_t sl_text_token_end(struct sl_str text, size_t at, enum sl_text_token *token_r);

/* Whether text[from, end) and the letters around it may be parts of one word, of a script that puts no blanks between words:
 * it is less than two letters long in Chinese and Japanese, or nothing but letters in Thai, Lao, Burmese, Khmer and the like. */
bool sl_text_is_inside_word(struct sl_str text, size_t from, size_t end);

/* Whether a letter at the end of `before` and one at the beginning of `behind` may be parts of one word, of a script that puts no
 * blanks between words. */
bool sl_text_letters_meet(struct sl_str before, struct sl_str behind);

/* Where the unbroken run of letters of Thai, Lao, Burmese, Khmer and the like ends that goes on at `at`, and where the one begins that
 * ends there; `at`: there is none. Which words are in it only a dictionary could tell. */
size_t sl_text_run_end(struct sl_str text, size_t at);
size_t sl_text_run_begin(struct sl_str text, size_t at);

/* Whether there is such a run, and it goes across the place. */
bool sl_text_is_inside_run(struct sl_str text, size_t at);

/* Whether the text has nothing but blanks and line ends. */
bool sl_text_is_layout(struct sl_str text);

/* What stands beside a place in a text. */
enum sl_text_edge {
	SL_EDGE_LETTER, /* a letter of a script with blanks between words */
	SL_EDGE_BLANK,  /* a blank, or nothing */
	SL_EDGE_OTHER   /* a digit, a sign, a mark, a line end, a letter that is a word by itself */
};

enum sl_text_edge sl_text_edge_before(struct sl_str text, size_t at);
enum sl_text_edge sl_text_edge_behind(struct sl_str text, size_t at);

/* The number of words and line ends in `text`. */
size_t sl_text_count_words(struct sl_str text);

#endif
