/* Memory of one call or request: many pieces, freed together.
 *
 * What is allocated here lives until sl_arena_dispose. Pieces are aligned for any type. With
 * SL_ARENA_DEBUG each piece is a malloc of its own, so that AddressSanitizer and valgrind see its bounds.
 * OS and library handles never live here.
 */
#ifndef SL_CORE_BASE_ARENA_H
#define SL_CORE_BASE_ARENA_H

#include "core/base/slice.h"

struct sl_arena_block;

struct sl_arena {
	struct sl_arena_block *blocks; /* newest first */
	size_t used;                   /* bytes handed out of the newest block */
	size_t total_bytes;            /* bytes held in all blocks */
	size_t maximum_bytes;          /* no block is added beyond this; 0: no limit */
};

/* An empty arena; allocates nothing yet. */
void sl_arena_init(struct sl_arena *arena, size_t maximum_bytes);

/* Frees everything; the arena is empty and usable again afterwards. */
void sl_arena_dispose(struct sl_arena *arena);

/* `size` bytes, not initialised; NULL when memory or the maximum is exhausted. Size 0 gives a unique valid pointer. */
void *sl_arena_alloc(struct sl_arena *arena, size_t size);

/* `count` objects of `size` bytes, zeroed; NULL on exhaustion or when the product overflows. */
void *sl_arena_zalloc(struct sl_arena *arena, size_t count, size_t size);

/* Room for one more item behind the `count` that a growing array has: the array, which is moved to a larger one where *capacity is
 * used up; NULL on exhaustion, and then nothing has changed. `items` may be NULL for the first. */
void *sl_arena_grow(struct sl_arena *arena, void *items, size_t count, size_t *capacity, size_t size);

/* A copy of `text` with a NUL behind it (not counted in the length). On exhaustion `bytes` is NULL and 0 is not
 * returned. Returns 0 or SL_NO_MEMORY. */
int sl_arena_copy(struct sl_arena *arena, struct sl_str text, struct sl_str *copy_r);

#endif
