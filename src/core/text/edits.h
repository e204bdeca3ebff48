/* How one text became another: by lines or by words. */
#ifndef SL_CORE_TEXT_EDITS_H
#define SL_CORE_TEXT_EDITS_H

#include "core/base/arena.h"

#define SL_TEXT_MAXIMUM ((size_t)256 * 1024 * 1024) /* bytes of one text */

enum sl_text_unit { SL_TEXT_LINES, SL_TEXT_WORDS };

/* Bytes [from, from_end) of the old text became [to, to_end) of the new one. One of the two may be empty. */
struct sl_text_edit {
	size_t from, from_end, to, to_end;
};

/* In order; between two edits there is at least one unchanged line or token. */
struct sl_text_edits {
	struct sl_text_edit *items;
	size_t count;
};

/* The edits that made `before` into `after`, whole lines or whole tokens of tokens.h each. An insertion or
 * deletion of words that could stand at several places stands behind a line end if it can, one of lines behind an empty
 * line. They live in `arena`. Returns 0, SL_NO_MEMORY, or SL_TOO_LARGE. */
int sl_text_edits_of(struct sl_str before, struct sl_str after, enum sl_text_unit unit, struct sl_arena *arena,
	struct sl_text_edits *edits_r) __attribute__((warn_unused_result));

#endif
