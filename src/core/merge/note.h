/* What a merge tells about a value that both sides changed, and about a row of mine that got another key. */
#ifndef SL_CORE_MERGE_NOTE_H
#define SL_CORE_MERGE_NOTE_H

#include "core/rows/row.h"

enum sl_note_kind {
	SL_NOTE_VALUE,  /* both sides changed the value */
	SL_NOTE_BOTH,   /* both inserted at one place of a text, and both insertions are in the result */
	SL_NOTE_MOVED,  /* both changed the place: values are ranks as JSON text, of a list arrays of its names, of a row in two
	                 * other episodes its keys as sl_key_write has them */
	SL_NOTE_KEPT,   /* one side deleted the row or element, the other edited it: it stays */
	SL_NOTE_RENAMED /* mine has another key now, whose text `result` is: both had something else under this one; or both gave an
	                 * episode a new number, and values are these */
};

/* A passage of a text that both sides changed, or a whole value that is a person's words. The three are plain text for texts,
 * else JSON. */
struct sl_note_hunk {
	struct sl_str base, mine, theirs;
	size_t at; /* where `theirs` stands in the resulting text, in bytes; 0 for other values */
};

/* What became of one value (or of a whole row) that both sides changed. Values are canonical JSON; length 0: absent. */
struct sl_note {
	struct sl_key key;
	struct sl_str path; /* JSON Pointer inside the row: "/title", by name inside lists, as they are in the result:
	                     "/forms/Young/bio", "/forms/Young#2/bio" the second so called; "": the row */
	enum sl_note_kind kind;
	enum sl_rule rule;  /* that decided; SL_RULE_LWW of a whole row and of its place, SL_RULE_LIST of a list's element */
	struct sl_str base, mine, theirs, result;
	bool conflict;      /* one side's value is not wholly in the result; never so by max, progress and flag */
	bool open;          /* a person has to decide */
	const struct sl_note_hunk *hunks; /* what there is to decide about, in order; none of SL_NOTE_KEPT */
	size_t hunk_count;
};

/* A row of mine that has another key in the result. */
struct sl_rename {
	struct sl_key from, to;
};

#endif
