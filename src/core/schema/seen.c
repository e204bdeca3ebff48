/* Hash table of keys, open addressing, at most half full; see seen.h. Keeps true: ids are equal only byte for byte.
 * Fails only for memory.
 */
#include "core/schema/seen.h"

#define XXH_INLINE_ALL
#include <xxhash.h>

#include "core/base/error.h"

int sl_seen_reset(struct sl_seen *seen, struct sl_arena *arena, size_t expected)
{
	size_t wanted = 16;
	while (wanted / 2 < expected) {
		if (wanted > SIZE_MAX / 2)
			return SL_NO_MEMORY;
		wanted *= 2;
	}
	if (wanted > seen->capacity) {
		seen->entries = sl_arena_zalloc(arena, wanted, sizeof(*seen->entries));
		seen->capacity = seen->entries ? wanted : 0;
		if (!seen->entries)
			return SL_NO_MEMORY;
	} else {
		memset(seen->entries, 0, wanted * sizeof(*seen->entries));
	}
	seen->mask = wanted - 1;
	return 0;
}

/* The address makes the seed unknown to whoever sends ids made to collide; results don't depend on it. */
static size_t first_slot(const struct sl_seen *seen, struct sl_seen_key key)
{
	uint64_t seed = (uint64_t)(uintptr_t)seen->entries ^ (uint64_t)key.episode;
	return (size_t)XXH3_64bits_withSeed(key.id.bytes, key.id.length, seed) & seen->mask;
}

const struct sl_seen_entry *sl_seen_add(struct sl_seen *seen, struct sl_seen_key key, size_t index, bool deleted)
{
	size_t slot = first_slot(seen, key);
	for (; seen->entries[slot].used; slot = (slot + 1) & seen->mask) {
		const struct sl_seen_key *other = &seen->entries[slot].key;
		if (other->episode == key.episode && sl_str_equal(other->id, key.id))
			return &seen->entries[slot];
	}
	seen->entries[slot] = (struct sl_seen_entry){ key, index, true, deleted };
	return NULL;
}
