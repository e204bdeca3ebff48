/* The merge rules of schema.def, one function each: what becomes of one field that both sides changed.
 *
 * `list` and `object` have their own parts (merge_list.c, merge_fields.c), since they look inside; all others decide
 * here. A value that is not what its field's rule is for (text in a counter, a status word that no schema knows) is
 * decided as `lww`, so that a merge never fails because of content.
 */
#ifndef SL_CORE_MERGE_RULES_H
#define SL_CORE_MERGE_RULES_H

#include <jansson.h>

#include "core/base/arena.h"
#include "core/schema/schema.h"

/* One field, element or row in its three states; borrowed. NULL: absent. */
struct sl_sides {
	const json_t *base, *mine, *theirs;
};

struct sl_verdict {
	json_t *value;     /* a new reference; NULL: absent */
	enum sl_rule rule; /* that decided */
	bool conflict;     /* one side's value is not (wholly) in `value` */
	bool parked;       /* a person has to decide */
};

/* Decides a field of `rule` whose three states all differ; `words` are those of SL_RULE_PROGRESS, in order. The value
 * may share parts with the sides. Returns 0 or SL_NO_MEMORY. */
int sl_merge_decide(enum sl_rule rule, const char *const *words, const struct sl_sides *sides, struct sl_arena *arena,
	struct sl_verdict *verdict_r) __attribute__((warn_unused_result));

#endif
