/* Three-way merge of row sets: what a device does when it and the server changed a project from the same state.
 *
 * `base` is the state that the device last synced, `mine` its own, `theirs` the server's. The same three inputs give
 * the same bytes on every platform; no clock, no randomness, no device name decides anything. Every field is declared
 * in schema.def with the rule by which two changes of it come together; rules are in merge_rules.c, one function each.
 *
 * Nobody's words are lost: what both sides changed is described by a receipt (with both values), and where a person has
 * to decide, the row holds the server's value and mine is parked as a conflict copy. No marker is ever written into a
 * text. Source of the rules: merge.md, "Three-way merge". Where it leaves a choice:
 *
 * - A row that one side deleted and the other only moved is deleted.
 * - An absent text is an empty one. Emptying a text against editing it is parked, like any overlap.
 * - An absent flag is off, an absent counter 0, an absent project-level field its empty value.
 * - A list with elements that have no key, or the same one, is decided as a whole by `lww`; so is a value of a type
 *   that its field's rule is not for.
 */
#ifndef SL_CORE_MERGE_MERGE_H
#define SL_CORE_MERGE_MERGE_H

#include "core/delta/delta.h"

/* What became of one field (or of a whole row) that both sides changed. Values are canonical JSON; length 0: absent. */
struct sl_receipt {
	struct sl_key key;
	struct sl_str path; /* JSON Pointer inside the row: "/title", by key inside lists "/forms/Young/bio"; "": the row */
	struct sl_str base, mine, theirs, result;
	enum sl_rule rule;  /* that decided; SL_RULE_LWW of a whole row (deleted against edited) and of its place,
	                       SL_RULE_LIST of a list's element (likewise) and of a list's order */
	bool moved;         /* the place, not content: values are ranks as JSON text, of a list arrays of its keys */
	bool conflict;      /* one side's value is not (wholly) in the result; never so by max, progress and flag */
	bool parked;        /* a person has to decide: `mine` is a conflict copy */
};

struct sl_merge {
	struct sl_rowset *rows; /* the merged state; all texts here are shared with the inputs or in the arena */
	struct sl_delta push;   /* from `theirs` to the merged state: what is left to push */
	struct sl_delta adopt;  /* from `mine` to the merged state: what changes on this device */
	const struct sl_receipt *receipts; /* in order of sl_key_compare, then path */
	size_t receipt_count, conflict_count, parked_count;
};

/* Rows must be ranked, their data canonical and valid against the schema. Rows changed on one side only are taken as
 * they are, without being parsed. The same change on both sides is no conflict and leaves no receipt. A merged row has
 * the version of theirs if its content is the same, else 0. Returns 0, SL_NO_MEMORY, or SL_INTERNAL for a row whose
 * data is no JSON object. */
int sl_merge(const struct sl_rowset *base, const struct sl_rowset *mine, const struct sl_rowset *theirs,
	struct sl_arena *arena, struct sl_merge *merge_r, struct sl_err *err) __attribute__((warn_unused_result));

/* What two states of a row (same key, canonical objects) certainly have in common: a stand-in for an ancestor that is not
 * known, so that a merge with it drops nothing that either of them holds. Equal values, of counters the smaller, the place
 * if it is the same; data of length 0 if there is nothing. Texts are shared with `a` or in the arena. Returns 0,
 * SL_NO_MEMORY, or SL_INTERNAL for a damaged row. */
int sl_merge_shared(const struct sl_row *a, const struct sl_row *b, struct sl_arena *arena, struct sl_row *shared_r)
	__attribute__((warn_unused_result));

/* The ordinary edit that puts the value of `mine` of a receipt back into `rows` (the state now); an empty delta when it
 * is there already. A deleted row is deleted again; a vanished row comes back with its episode if that is gone too, to
 * the place that it has in `base` (of that merge). Returns 0, SL_NOT_FOUND when the place no longer exists,
 * SL_NO_MEMORY, or SL_INTERNAL for a row or receipt that is damaged. */
int sl_merge_reverse(const struct sl_receipt *receipt, const struct sl_rowset *base, const struct sl_rowset *rows,
	struct sl_arena *arena, struct sl_delta *delta_r, struct sl_err *err) __attribute__((warn_unused_result));

#endif
