/* The merge rules of schema.def, one function each: what becomes of one field that both sides changed.
 *
 * `list` and `object` have their own parts (list.c, fields.c), since they look inside; all others decide here. A value that is not what its field's rule is for (text in a counter, a status word that no schema knows) is
 * decided as `lww`, so that a merge never fails because of content.
 */
#ifndef SL_CORE_MERGE_RULES_H
#define SL_CORE_MERGE_RULES_H

#include <jansson.h>

#include "core/merge/note.h"
#include "core/text/merge.h"

/* One field, element or row in its three states; borrowed. NULL: absent. */
struct sl_sides {
	const json_t *base, *mine, *theirs;
};

struct sl_verdict {
	json_t *value;     /* a new reference; NULL: absent */
	enum sl_rule rule; /* that decided */
	enum sl_note_kind kind;
	bool conflict;     /* one side's value is not (wholly) in `value` */
	bool open;         /* a person has to decide, about these: */
	const struct sl_note_hunk *hunks;
	size_t hunk_count;
};

/* Decides a field whose three states all differ, or a counter that both sides changed; `field` NULL: no shape knows it. The
 * value may share parts with the sides. Returns 0 or SL_NO_MEMORY. */
int sl_merge_decide(const struct sl_field *field, const struct sl_sides *sides, enum sl_text_ancestor ancestor,
	struct sl_arena *arena, struct sl_verdict *verdict_r) __attribute__((warn_unused_result));

/* Objects that hold nothing but counters, of which both sides changed some: what each side counted is added up. A side on which
 * a value fell below base was reset there, and counts from 0. Without a base to count from, the object with the larger total
 * stands. *value_r is a new reference; NULL if a side holds something else than counts. Returns 0 or SL_NO_MEMORY. */
int sl_merge_counters(const struct sl_shape *shape, const struct sl_sides *sides, enum sl_text_ancestor ancestor,
	json_t **value_r) __attribute__((warn_unused_result));

/* Whose fields of a group stand, of whose fields both sides changed some: those of the side whose field of the rule `progress`
 * is further, theirs if both are as far. */
bool sl_merge_is_mine_further(const struct sl_field *progress, const struct sl_sides *sides);

#endif
