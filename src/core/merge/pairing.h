/* Inside the merge: which elements of a list on one side are which ones of the base.
 *
 * Elements pair by name, and among those of one name by their content, then by the order in which they stand. What is left on both
 * sides and has the same content but for its name, or is alike with nothing else as much so, was renamed. Whatever can't be told stays
 * unpaired: the base's element counts as deleted then, the side's as added. Where the key is a number, it is the identity: nothing is
 * renamed.
 */
#ifndef SL_CORE_MERGE_PAIRING_H
#define SL_CORE_MERGE_PAIRING_H

#include <jansson.h>

#include "core/rows/row.h"

#define SL_UNPAIRED SIZE_MAX

enum sl_pairing_kind {
	SL_PAIR_CHANGES,  /* a base and what became of it */
	SL_PAIR_ADDITIONS /* what two sides added: of one name, and alike or with no field of different values; nothing is renamed */
};

/* Pairs elements, all of which are objects. `of_side_r` has room for one index into `base` for each element of `side`: the partner's
 * or SL_UNPAIRED. The arrays may be NULL. Returns 0 or SL_NO_MEMORY. */
int sl_merge_pair(const struct sl_field *list, const json_t *base, const json_t *side, enum sl_pairing_kind kind,
	struct sl_arena *arena, size_t *of_side_r) __attribute__((warn_unused_result));

#endif
