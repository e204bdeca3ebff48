/* The result of a merge of texts: what it holds, and where in it the sides clashed. */
#ifndef SL_CORE_TEXT_HUNK_H
#define SL_CORE_TEXT_HUNK_H

#include "core/base/slice.h"

/* A passage of whole tokens that the sides changed differently: what was there, and what each side has in its place.
 * Any of the three may be empty. They are parts of the texts that were merged. */
struct sl_text_hunk {
	struct sl_str base, mine, theirs;
	size_t result_at; /* where `theirs` stands in the result, in bytes */
};

/* Two insertions at one place, both of which are in the result: theirs, perhaps a blank or a line end, then mine. */
struct sl_text_both {
	size_t result_at; /* of theirs, in bytes */
	size_t theirs_bytes, parting_bytes, mine_bytes;
};

struct sl_text_merge {
	struct sl_str text; /* the result: all that doesn't clash is merged, each hunk holds theirs */
	bool clean;         /* there are no hunks */
	const struct sl_text_hunk *hunks; /* in order; at least one unchanged word or line end between two of them, or an
	                                     edit that didn't clash */
	size_t hunk_count;
	const struct sl_text_both *both;  /* in order */
	size_t both_count;
};

#endif
