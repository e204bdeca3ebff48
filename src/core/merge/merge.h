/* Three-way merge of row sets: what a device does when it and the server changed a project from the same state.
 *
 * `base` is the state that the device last synced, `mine` its own, `theirs` the server's. The same three inputs give
 * the same bytes on every platform; no clock, no randomness, no device name decides anything. Every field is declared
 * in schema.def with the rule by which two changes of it come together; rules are in rules.c, one function each.
 *
 * Nobody's words are lost: what both sides changed is described by a note (with both values), and where a person has to
 * decide, the note is open. A text always holds all that doesn't clash; at the passages that do it has the server's words. No
 * marker is ever written into a text. Source of the rules: merge.md, "Three-way merge". Where it leaves a choice:
 *
 * - A row that one side deleted and the other only moved among its siblings is deleted; one moved to another parent stays.
 * - What is gone from one parent and there under another moved only if three quarters of it are the same: to be alike, as additions
 *   of one key have to be, is not enough.
 * - A row that one side moved to another parent goes there, whatever place the other gave it among its old siblings.
 * - An absent text is an empty one, an absent flag is off, an absent counter 0, an absent project-level field its empty value.
 * - Elements of a list that both sides added under one name are one if they are alike, or have no field of different values.
 * - A list that holds anything but objects is decided as a whole by `lww`; so is a value of a type that its field's rule is
 *   not for.
 */
#ifndef SL_CORE_MERGE_MERGE_H
#define SL_CORE_MERGE_MERGE_H

#include "core/delta/delta.h"
#include "core/merge/note.h"
#include "core/text/merge.h"

struct sl_merge {
	struct sl_rowset *rows; /* the merged state; all texts here are shared with the inputs or in the arena */
	struct sl_delta push;   /* from `theirs` to the merged state: what is left to push */
	struct sl_delta adopt;  /* from `mine` to the merged state: what changes on this device */
	const struct sl_note *notes; /* in order of sl_key_compare, then path */
	size_t note_count, conflict_count, open_count;
	const struct sl_rename *renames;
	size_t rename_count;
};

/* All zero: the usual merge. */
struct sl_merge_options {
	enum sl_text_ancestor ancestor; /* SL_TEXT_SHARED_BASE: rows of base are only what both sides share */
	const struct sl_rowset *shared; /* keys of rows of base of which only these are so; NULL: none */
	bool first_sync;                /* what both sides have was made before either knew of the other: judged as a whole */
	int64_t episodes_above;         /* episodes that get a new number get one above this, and above those of all sides */
	struct sl_str rank_prefix;      /* under which rows get new ranks (rank_run.h); empty: none */
	const struct sl_rowset *taken[3]; /* keys that are taken: whole sets of which the sides are parts, what was deleted; NULL: none */
};

/* What the sets have to hold. A caller that knows which rows differ needn't give whole states. The outcome for the rows given is the
 * same as with whole states if all three sets have, as far as they exist on each side,
 *
 * - every row that differs between base and mine, or base and theirs, in data, in rank, or in being there;
 * - the episode of each such scene or shot;
 * - all siblings, wherever a row that base has got another rank, or both sides added one key;
 * - all episodes, if a side has one that base hasn't and lacks one that base has;
 *
 * and `taken` has the whole states of base and mine. Rows that went with a deleted episode differ. For a first sync, whole states are
 * needed.
 *
 * Rows must be ranked, their data canonical and valid against the schema. Rows changed on one side only are taken as
 * they are, without being parsed. The same change on both sides is no conflict and leaves no note, unless it counts something:
 * two devices that both added 1 added 2. Rows that both sides added under one key are one row if they are alike, else two, of
 * which mine gets a new key (additions.c). A merged row has the version of theirs if its content is the same, else 0.
 * `options` may be NULL. Returns 0, SL_NO_MEMORY, or SL_INTERNAL for a row whose data is no JSON object. */
int sl_merge(const struct sl_rowset *base, const struct sl_rowset *mine, const struct sl_rowset *theirs,
	const struct sl_merge_options *options, struct sl_arena *arena, struct sl_merge *merge_r, struct sl_err *err)
	__attribute__((warn_unused_result));

/* Rows of `before` that `after` has under another key, found as sl_merge finds moves: gone from one parent and there, alike, under
 * another; an episode with another number, and what went with it. Both need only have what is not in the other. In the arena.
 * Returns 0, SL_NO_MEMORY, or SL_INTERNAL for a damaged row. */
int sl_merge_moves(const struct sl_rowset *before, const struct sl_rowset *after, struct sl_arena *arena,
	struct sl_rename **moves_r, size_t *count_r) __attribute__((warn_unused_result));

/* Whether two rows of an entity are alike, as additions of one key have to be to be one thing. Returns 0, SL_NO_MEMORY, or SL_INTERNAL
 * for a damaged row. */
int sl_merge_alike(const struct sl_row *a, const struct sl_row *b, bool *alike_r) __attribute__((warn_unused_result));

/* What two states of a row (same key, canonical objects) certainly have in common: a stand-in for an ancestor that is not
 * known, so that a merge with it drops nothing that either of them holds. Equal values, of texts the words that both have, of counters the smaller,
 * the place if it is the same; data of length 0 if there is nothing. Texts are shared with `a` or in the arena. Returns 0,
 * SL_NO_MEMORY, or SL_INTERNAL for a damaged row. */
int sl_merge_shared(const struct sl_row *a, const struct sl_row *b, struct sl_arena *arena, struct sl_row *shared_r)
	__attribute__((warn_unused_result));

/* The text that a note left, as it would be with a choice for one of its hunks (an index) or for all of them (SL_ALL_HUNKS).
 * `own` is what stands there with SL_CHOICE_OWN. The text is a JSON string in the arena. A note of another value than a text
 * has one hunk, and the choice is that value (SL_CHOICE_BOTH: theirs). Returns 0, SL_INVALID for a hunk that isn't there,
 * SL_NO_MEMORY, or SL_INTERNAL for a damaged note. */
enum sl_choice {
	SL_CHOICE_MINE,
	SL_CHOICE_THEIRS,
	SL_CHOICE_BOTH, /* theirs, then mine, parted where words would join */
	SL_CHOICE_OWN
};
#define SL_ALL_HUNKS SIZE_MAX
int sl_merge_choose(const struct sl_note *note, size_t hunk, enum sl_choice choice, struct sl_str own,
	struct sl_arena *arena, struct sl_str *value_r) __attribute__((warn_unused_result));

/* The ordinary edit that puts the value of `mine` of a note back into `rows` (the state now); an empty delta when it
 * is there already. A deleted row is deleted again; a vanished row comes back with its episode if that is gone too, to
 * the place that it has in `base` (of that merge). Returns 0, SL_NOT_FOUND when the place no longer exists,
 * SL_NO_MEMORY, or SL_INTERNAL for a row or note that is damaged. */
int sl_merge_reverse(const struct sl_note *note, const struct sl_rowset *base, const struct sl_rowset *rows,
	struct sl_arena *arena, struct sl_delta *delta_r, struct sl_err *err) __attribute__((warn_unused_result));

#endif
