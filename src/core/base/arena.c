/* Memory of one call: see arena.h. A chain of blocks, newest first; pieces are cut from the newest one.
 *
 * A piece too large to share gets a block of its own behind the newest, so that the room left there stays usable.
 * Fails only by returning NULL, and then the arena is as it was before.
 */
#ifdef HAVE_CONFIG_H
#include "config.h"
#endif

#include "core/base/arena.h"

#include <stdalign.h>
#include <stdint.h>
#include <stdlib.h>

#include "core/base/error.h"

#define FIRST_BLOCK 4096u
#define LARGEST_BLOCK (1024u * 1024u)
#define FIRST_ITEMS 16

struct sl_arena_block {
	struct sl_arena_block *older;
	size_t size; /* bytes behind this header */
	alignas(max_align_t) char bytes[];
};

#define HEADER sizeof(struct sl_arena_block)

void sl_arena_init(struct sl_arena *arena, size_t maximum_bytes)
{
	*arena = (struct sl_arena){ .maximum_bytes = maximum_bytes };
}

void sl_arena_dispose(struct sl_arena *arena)
{
	while (arena->blocks) {
		struct sl_arena_block *block = arena->blocks;
		arena->blocks = block->older;
		free(block);
	}
	sl_arena_init(arena, arena->maximum_bytes);
}

/* Bytes that one more block may have behind its header. */
static size_t allowance(const struct sl_arena *arena)
{
	size_t maximum = arena->maximum_bytes ? arena->maximum_bytes : PTRDIFF_MAX; /* as large as objects can be */
	size_t left = maximum > arena->total_bytes ? maximum - arena->total_bytes : 0;
	return left > HEADER ? left - HEADER : 0;
}

static struct sl_arena_block *block_new(struct sl_arena *arena, size_t size)
{
	if (size > allowance(arena))
		return NULL;
	struct sl_arena_block *block = malloc(HEADER + size);
	if (!block)
		return NULL;
	block->older = NULL;
	block->size = size;
	arena->total_bytes += HEADER + size;
	return block;
}

#ifdef SL_ARENA_DEBUG

void *sl_arena_alloc(struct sl_arena *arena, size_t size)
{
	struct sl_arena_block *block = block_new(arena, size);
	if (!block)
		return NULL;
	block->older = arena->blocks;
	arena->blocks = block;
	arena->used = size;
	return block->bytes;
}

#else

static void *alloc_own_block(struct sl_arena *arena, size_t size)
{
	struct sl_arena_block *block = block_new(arena, size);
	if (!block)
		return NULL;
	if (arena->blocks) {
		block->older = arena->blocks->older;
		arena->blocks->older = block;
	} else {
		arena->blocks = block;
		arena->used = size;
	}
	return block->bytes;
}

/* The size of the next shared block: double the newest one, within the limits. */
static size_t next_size(const struct sl_arena *arena)
{
	size_t newest = arena->blocks ? HEADER + arena->blocks->size : 0;
	size_t whole = newest >= LARGEST_BLOCK / 2 ? LARGEST_BLOCK : newest * 2;
	if (whole < FIRST_BLOCK)
		whole = FIRST_BLOCK;
	size_t most = allowance(arena);
	return whole - HEADER < most ? whole - HEADER : most;
}

void *sl_arena_alloc(struct sl_arena *arena, size_t size)
{
	size_t step = alignof(max_align_t);
	if (size > SIZE_MAX - step)
		return NULL;
	size_t needed = size ? (size + step - 1) / step * step : step;
	if (!arena->blocks || needed > arena->blocks->size - arena->used) {
		size_t shared = next_size(arena);
		if (needed > shared / 4)
			return alloc_own_block(arena, needed);
		struct sl_arena_block *block = block_new(arena, shared);
		if (!block)
			return NULL;
		block->older = arena->blocks;
		arena->blocks = block;
		arena->used = 0;
	}
	void *piece = arena->blocks->bytes + arena->used;
	arena->used += needed;
	return piece;
}

#endif

void *sl_arena_zalloc(struct sl_arena *arena, size_t count, size_t size)
{
	if (size && count > SIZE_MAX / size)
		return NULL;
	void *piece = sl_arena_alloc(arena, count * size);
	if (piece)
		memset(piece, 0, count * size);
	return piece;
}

void *sl_arena_grow(struct sl_arena *arena, void *items, size_t count, size_t *capacity, size_t size)
{
	if (count < *capacity)
		return items;
	size_t wanted = *capacity > 0 ? *capacity * 2 : FIRST_ITEMS;
	void *moved = wanted > *capacity ? sl_arena_zalloc(arena, wanted, size) : NULL;
	if (!moved)
		return NULL;
	if (count > 0)
		memcpy(moved, items, count * size);
	*capacity = wanted;
	return moved;
}

int sl_arena_copy(struct sl_arena *arena, struct sl_str text, struct sl_str *copy_r)
{
	*copy_r = (struct sl_str){ NULL, 0 };
	if (text.length == SIZE_MAX)
		return SL_NO_MEMORY;
	char *bytes = sl_arena_alloc(arena, text.length + 1);
	if (!bytes)
		return SL_NO_MEMORY;
	if (text.length)
		memcpy(bytes, text.bytes, text.length);
	bytes[text.length] = '\0';
	*copy_r = (struct sl_str){ bytes, text.length };
	return 0;
}
