/* Three-way order of a list: see sl_merge_order in steps.h.
 * An element was moved by a side if it is not in a longest sequence that the side left in the base's order. Theirs is
 * the frame; what only mine added, moved or kept goes in behind what comes before it in mine. So if one side did not
 * touch the order, the result is the other's exactly. Fails with SL_NO_MEMORY only; O(n log n).
 */
#include "core/merge/steps.h"

/* Elements in a row, by index. */
struct line {
	size_t *items;
	size_t length;
};

/* The elements that have a place, by that place; `places` are `count` of them, one per element. */
static int line_up(const size_t *places, size_t count, struct sl_arena *arena, struct line *line_r)
{
	size_t slots = 0;
	for (size_t i = 0; i < count; i++)
		if (places[i] != SL_MERGE_NOWHERE && places[i] >= slots)
			slots = places[i] + 1;
	*line_r = (struct line){ sl_arena_alloc(arena, slots * sizeof(size_t)), 0 };
	if (!line_r->items)
		return SL_NO_MEMORY;
	for (size_t i = 0; i < slots; i++)
		line_r->items[i] = SL_MERGE_NOWHERE;
	for (size_t i = 0; i < count; i++)
		if (places[i] != SL_MERGE_NOWHERE)
			line_r->items[places[i]] = i;
	for (size_t i = 0; i < slots; i++)
		if (line_r->items[i] != SL_MERGE_NOWHERE)
			line_r->items[line_r->length++] = line_r->items[i];
	return SL_OK;
}

/* How many of ends[0..length) have a place before `place`. */
static size_t count_before(const size_t *ends, size_t length, const size_t *places, size_t place)
{
	size_t low = 0, high = length;
	while (low < high) {
		size_t middle = low + (high - low) / 2;
		if (places[ends[middle]] < place)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

/* Sets moved_r[element] for those of `line` that are in the base but out of its order (patience sorting). */
static int mark_moved(const struct line *line, const size_t *base, size_t count, struct sl_arena *arena, bool *moved_r)
{
	size_t *ends = sl_arena_zalloc(arena, line->length, sizeof(*ends)); /* [n]: the lowest end of a sequence of n + 1 */
	size_t *previous = sl_arena_zalloc(arena, count, sizeof(*previous));
	size_t length = 0;
	if (!ends || !previous)
		return SL_NO_MEMORY;
	for (size_t i = 0; i < line->length; i++) {
		size_t element = line->items[i];
		if (base[element] == SL_MERGE_NOWHERE)
			continue;
		size_t place = count_before(ends, length, base, base[element]);
		previous[element] = place > 0 ? ends[place - 1] : element;
		ends[place] = element;
		moved_r[element] = true;
		if (place == length)
			length++;
	}
	for (size_t at = length > 0 ? ends[length - 1] : 0; length > 0; length--, at = previous[at])
		moved_r[at] = false;
	return SL_OK;
}

struct ordering {
	const struct sl_merge_places *places;
	size_t count;
	struct line mine, theirs;
	bool *moved_by_mine, *moved_by_theirs;
};

static int prepare(struct ordering *ordering, struct sl_arena *arena)
{
	const struct sl_merge_places *places = ordering->places;
	size_t count = ordering->count;
	ordering->moved_by_mine = sl_arena_zalloc(arena, count, sizeof(bool));
	ordering->moved_by_theirs = sl_arena_zalloc(arena, count, sizeof(bool));
	if (!ordering->moved_by_mine || !ordering->moved_by_theirs)
		return SL_NO_MEMORY;
	int rc = line_up(places->mine, count, arena, &ordering->mine);
	if (rc == SL_OK)
		rc = line_up(places->theirs, count, arena, &ordering->theirs);
	if (rc == SL_OK)
		rc = mark_moved(&ordering->mine, places->base, count, arena, ordering->moved_by_mine);
	if (rc == SL_OK)
		rc = mark_moved(&ordering->theirs, places->base, count, arena, ordering->moved_by_theirs);
	return rc;
}

/* Whether mine says where the element goes. */
static bool goes_by_mine(const struct ordering *ordering, size_t element)
{
	return ordering->places->theirs[element] == SL_MERGE_NOWHERE
		|| (ordering->moved_by_mine[element] && !ordering->moved_by_theirs[element]);
}

/* A chain of the elements: next[element], and next[count] for the first; it ends with `count`. */
static void chain_up(const struct ordering *ordering, size_t *next)
{
	size_t last = ordering->count;
	for (size_t i = 0; i < ordering->theirs.length; i++) {
		size_t element = ordering->theirs.items[i];
		if (goes_by_mine(ordering, element))
			continue;
		next[last] = element;
		last = element;
	}
	next[last] = ordering->count;
	last = ordering->count;
	for (size_t i = 0; i < ordering->mine.length; i++) {
		size_t element = ordering->mine.items[i];
		if (goes_by_mine(ordering, element)) {
			next[element] = next[last];
			next[last] = element;
		}
		last = element;
	}
}

/* Whether an element that both sides moved is not where mine has it, next to what theirs left in its place. `order_of`
 * is the place of each element in the result. */
static bool is_clash(const struct ordering *ordering, const size_t *order_of)
{
	bool moved_by_both = false, differs = false;
	size_t last = 0;
	for (size_t i = 0; i < ordering->mine.length; i++) {
		size_t element = ordering->mine.items[i];
		if (ordering->moved_by_theirs[element] && !ordering->moved_by_mine[element])
			continue;
		moved_by_both |= ordering->moved_by_theirs[element];
		differs |= order_of[element] < last;
		last = order_of[element];
	}
	return moved_by_both && differs;
}

int sl_merge_order(const struct sl_merge_places *places, size_t count, struct sl_arena *arena, size_t *order_r,
	bool *clash_r)
{
	struct ordering ordering = { .places = places, .count = count };
	size_t *next = sl_arena_zalloc(arena, count + 1, sizeof(*next));
	int rc = next ? prepare(&ordering, arena) : SL_NO_MEMORY;
	if (rc != SL_OK)
		return rc;
	chain_up(&ordering, next);
	for (size_t at = next[count], i = 0; i < count; i++) {
		size_t following = next[at];
		order_r[i] = at;
		next[at] = i; /* from now on its place */
		at = following;
	}
	*clash_r = is_clash(&ordering, next);
	return SL_OK;
}
