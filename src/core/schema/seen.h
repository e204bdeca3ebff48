/* The keys met so far in one collection, to find those that come twice. */
#ifndef SL_CORE_SCHEMA_SEEN_H
#define SL_CORE_SCHEMA_SEEN_H

#include <stdint.h>

#include "core/base/arena.h"

struct sl_seen_key {
	int64_t episode;
	struct sl_str id; /* borrowed */
};

struct sl_seen_entry {
	struct sl_seen_key key;
	size_t index; /* where it was met */
	bool used, deleted;
};

struct sl_seen {
	struct sl_seen_entry *entries;
	size_t capacity; /* a power of two, or 0 */
	size_t mask;     /* of the part in use */
};

/* Empties the set (at first all zero) and makes room for `expected` keys, reusing its memory where that suffices.
 * No more than these may be added. Returns 0 or SL_NO_MEMORY. */
int sl_seen_reset(struct sl_seen *seen, struct sl_arena *arena, size_t expected) __attribute__((warn_unused_result));

/* The entry of the same key if there is one, else NULL after adding it. */
const struct sl_seen_entry *sl_seen_add(struct sl_seen *seen, struct sl_seen_key key, size_t index, bool deleted);

#endif
