/* Parts of sl_merge, from rows down to fields and elements. Private to this folder. All return 0 or a negative code.
 *
 * Values are trees of Jansson: those of the sides are borrowed and never changed, results are new references that may
 * share parts with them.
 */
#ifndef SL_CORE_MERGE_STEPS_H
#define SL_CORE_MERGE_STEPS_H

#include "core/delta/delta.h"
#include "core/merge/note.h"
#include "core/merge/rekey.h"
#include "core/merge/rules.h"

struct sl_merge_options;

/* What leads from one side to the result, in no order yet. */
struct sl_merge_changes {
	struct sl_rowset *rows;
	struct sl_keys deleted;
};

/* One row on all sides; NULL: absent. */
struct sl_versions {
	const struct sl_row *base, *mine, *theirs;
};

struct sl_merging {
	struct sl_arena *arena;
	struct sl_err *err;
	const struct sl_rowset *base, *mine, *theirs;
	struct sl_rowset *rows;       /* the result, as far as it is */
	struct sl_merge_changes push, adopt;
	const struct sl_key *key;     /* of the row at hand */
	struct sl_note *notes;        /* in no order yet */
	size_t note_count, note_capacity;
	const struct sl_merge_options *options;
	struct sl_rowset *shared;     /* ancestors of rows that both sides added and that are alike */
	struct sl_rekey renamed;      /* rows of mine under whose key theirs has something else */
	struct sl_rekey moved_by_mine, moved_by_theirs; /* from the base's keys to the side's */
	struct sl_rekey came_to_mine, came_to_theirs;   /* and back */
	struct sl_rekey parted;       /* as `renamed`, once what moved has one key */
	struct sl_rowset *given;      /* keys that are new */
	int64_t last_episode;         /* number of an episode, if `numbered` */
	bool numbered;
	bool has_followed;            /* rows that moved have one key on all sides, and a rank only where they moved to */
	struct sl_rekey followed;     /* rows of mine that have another key for what moved */
	struct sl_rename *renames;
	size_t rename_count;
	enum sl_text_ancestor ancestor; /* of the row at hand */
	struct sl_rowset *groups;     /* of siblings in which a place changed; versions: what happened there (places.c) */
	struct sl_rowset *kept;       /* keys of episodes that stay though one side deleted them */
	struct sl_buf scratch;
};

/* The way from the row to a value inside it; text is made of it only for a note. NULL: the row itself. */
struct sl_merge_place {
	const struct sl_merge_place *up;
	struct sl_str name; /* of a member, or an element's key */
};

/* The row of that key. Sets tend to hold rows in the same order, so the one at the cursor is tried first: look-ups were most of the
 * time that a merge took. Where the set has rows that others don't, the cursor catches up one row at a time. */
const struct sl_row *sl_merge_find(const struct sl_rowset *set, size_t *cursor, const struct sl_key *key);

/* Finds what each side moved to another parent or, of episodes, gave another number. */
int sl_merge_find_moves(struct sl_merging *merging) __attribute__((warn_unused_result));

/* Judges the rows that both sides added under one key. Of those that are alike, puts what both share into merging->shared; the
 * others get new keys in merging->mine, which becomes another set then, and are listed in *renamed. */
int sl_merge_separate(struct sl_merging *merging, struct sl_rekey *renamed) __attribute__((warn_unused_result));

/* A key like this one that nothing has on any side: with a letter behind the id, or a higher number. */
int sl_merge_new_key(struct sl_merging *merging, const struct sl_key *key, struct sl_key *new_r)
	__attribute__((warn_unused_result));

/* Gives what moved one key on all sides, which become other sets then; additions have to be judged again. Where that would give two
 * things one key, nothing is followed. */
int sl_merge_follow_moves(struct sl_merging *merging, bool *followed_r) __attribute__((warn_unused_result));

/* Whether the side moved the row here from another parent: then the base has no rank for it. */
bool sl_merge_is_moved_in(const struct sl_merging *merging, const struct sl_row *base, const struct sl_row *side);

/* Finds the episodes that stay though one side deleted them: with them, all that the deletion took stays. */
int sl_merge_find_kept(struct sl_merging *merging) __attribute__((warn_unused_result));

/* Whether the row is such an episode, or a scene or shot of one. */
bool sl_merge_is_kept(const struct sl_merging *merging, const struct sl_key *key);

/* Puts the row into the result, and into the deltas of those sides for which it is new. */
int sl_merge_put(struct sl_merging *merging, const struct sl_versions *row, const struct sl_row *merged)
	__attribute__((warn_unused_result));

/* Notes what the sides did with the place of the row at hand. */
int sl_merge_see_place(struct sl_merging *merging, const struct sl_versions *row) __attribute__((warn_unused_result));

/* Gives the rows of the result their places where both sides changed some, once all rows are there. */
int sl_merge_place_rows(struct sl_merging *merging) __attribute__((warn_unused_result));

/* Whether no rule is needed: both sides agree, or one of them did not change anything. Then *value_r is the outcome. */
bool sl_merge_is_settled(const struct sl_sides *sides, json_t **value_r);

/* One value by the rule of its field; `field` NULL: no shape knows it. *value_r NULL: absent. */
int sl_merge_value(struct sl_merging *merging, const struct sl_field *field, const struct sl_sides *sides,
	const struct sl_merge_place *place, json_t **value_r) __attribute__((warn_unused_result));

/* Objects (or NULL) member by member. Absent if nothing is left of an object that a side has removed. */
int sl_merge_members(struct sl_merging *merging, const struct sl_shape *shape, const struct sl_sides *sides,
	const struct sl_merge_place *place, json_t **value_r) __attribute__((warn_unused_result));

/* Lists (or NULL) element by element, if they hold nothing but objects: else *paired_r is false and nothing is decided. */
int sl_merge_list(struct sl_merging *merging, const struct sl_field *field, const struct sl_sides *sides,
	const struct sl_merge_place *place, bool *paired_r, json_t **value_r) __attribute__((warn_unused_result));

/* What two objects of a shape certainly have in common; see sl_merge_shared. */
int sl_merge_share(const struct sl_shape *shape, const json_t *a, const json_t *b, struct sl_arena *arena, json_t **shared_r)
	__attribute__((warn_unused_result));

/* The name of a list's element as text, borrowed or in the arena, from its key (NULL, which is as ""): what is not as the schema
 * has it counts as its JSON text. */
int sl_merge_name_value(const struct sl_field *list, const json_t *key, struct sl_arena *arena, struct sl_str *name_r)
	__attribute__((warn_unused_result));

/* The names of a list's elements, of which several may be equal. */
int sl_merge_names_of(const struct sl_field *list, const json_t *array, struct sl_arena *arena, struct sl_str **names_r)
	__attribute__((warn_unused_result));

/* Makes different names of the names of one list, in its order: the second `Young` is `Young#2`, and what ends so by itself gets a
 * number, too. Paths call elements so. */
int sl_merge_tell_apart(struct sl_str *names, size_t count, struct sl_arena *arena) __attribute__((warn_unused_result));

/* Where each of some siblings, elements of a list or rows, stands on each side: its index there, or SL_MERGE_NOWHERE. */
struct sl_merge_places {
	const size_t *base, *mine, *theirs;
	/* Which ones a side gave a place, though perhaps the one that they had: of two that changed places, that one moved. NULL: not known. */
	const bool *written_by_mine, *written_by_theirs;
	/* Their ranks in mine, or in theirs where mine doesn't have them. NULL: they have none. */
	const struct sl_str *ranks;
};

#define SL_MERGE_NOWHERE SIZE_MAX

struct sl_merge_order {
	const size_t *order; /* order[i] is the index of the sibling that comes i-th */
	const bool *moved_by_mine, *moved_by_theirs; /* by index */
	bool clash;          /* mine's order is not in it */
};

/* The order of the siblings that stay (each is in mine or in theirs). Whose place one side changed goes there, whose both did to
 * theirs. What both added at one place stands there by rank, as it does where nobody moved anything; without ranks, mine comes first. */
int sl_merge_order(const struct sl_merge_places *places, size_t count, struct sl_arena *arena,
	struct sl_merge_order *order_r) __attribute__((warn_unused_result));

/* Notes what became of the value at `place`, which both sides changed. The verdict's value stays the caller's. */
int sl_merge_note(struct sl_merging *merging, const struct sl_merge_place *place, const struct sl_sides *sides,
	const struct sl_verdict *verdict) __attribute__((warn_unused_result));

/* Notes a note as it is; its key is that of the row at hand. */
int sl_merge_add_note(struct sl_merging *merging, const struct sl_note *note)
	__attribute__((warn_unused_result));

/* The text of a key, as in DELTA, in the arena. */
int sl_merge_write_key(struct sl_merging *merging, const struct sl_key *key, struct sl_str *text_r)
	__attribute__((warn_unused_result));

/* The canonical text of a value (NULL: length 0) in the arena. */
int sl_merge_write(struct sl_merging *merging, const json_t *value, struct sl_str *text_r)
	__attribute__((warn_unused_result));

#endif
