/* Three-way order of siblings: see sl_merge_order in steps.h.
 * An element was moved by a side if it is not in a longest sequence that the side left in the base's order; of sequences as long, in
 * that with most elements that the side didn't write. Theirs is the frame; what only mine added, moved or kept goes in behind what
 * comes before it in mine. So if one side did not touch the order, the result is the other's exactly. Fails with SL_NO_MEMORY
 * only; O(n log n).
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

/* The best sequence that ends with an element. */
struct chain {
	size_t length, unwritten; /* elements, and those of them that the side didn't write */
	size_t previous;          /* element before it; itself: none */
};

/* Sequences by the base's place of their end: best[i] is the end of the best among some that end before or at place i, so that a
 * few of them cover all places before any one (a Fenwick tree). */
struct chains {
	struct chain *items; /* by element */
	size_t *best;
	size_t slots;
};

static bool is_better(const struct chains *chains, size_t element, size_t than)
{
	const struct chain *a = &chains->items[element], *b = &chains->items[than];
	return a->length > b->length || (a->length == b->length && a->unwritten > b->unwritten);
}

/* The end of the best sequence before the place, or SL_MERGE_NOWHERE. */
static size_t best_before(const struct chains *chains, size_t place)
{
	size_t best = SL_MERGE_NOWHERE;
	for (size_t i = place; i > 0; i -= i & (~i + 1)) {
		size_t end = chains->best[i];
		if (end != SL_MERGE_NOWHERE && (best == SL_MERGE_NOWHERE || is_better(chains, end, best)))
			best = end;
	}
	return best;
}

static void add_chain(const struct chains *chains, size_t place, size_t element)
{
	for (size_t i = place + 1; i <= chains->slots; i += i & (~i + 1))
		if (chains->best[i] == SL_MERGE_NOWHERE || !is_better(chains, chains->best[i], element))
			chains->best[i] = element;
}

/* Sets moved_r[element] for those of `line` that are in the base but out of its order. `written` may be NULL: none. */
static int mark_moved(const struct line *line, const size_t *base, const bool *written, size_t count, struct sl_arena *arena,
	bool *moved_r)
{
	struct chains chains = { sl_arena_zalloc(arena, count, sizeof(struct chain)), NULL, 0 };
	size_t last = SL_MERGE_NOWHERE;
	for (size_t i = 0; i < count; i++)
		if (base[i] != SL_MERGE_NOWHERE && base[i] >= chains.slots)
			chains.slots = base[i] + 1;
	chains.best = sl_arena_alloc(arena, (chains.slots + 1) * sizeof(size_t));
	if (!chains.items || !chains.best)
		return SL_NO_MEMORY;
	for (size_t i = 0; i <= chains.slots; i++)
		chains.best[i] = SL_MERGE_NOWHERE;
	for (size_t i = 0; i < line->length; i++) {
		size_t element = line->items[i];
		if (base[element] == SL_MERGE_NOWHERE)
			continue;
		size_t before = best_before(&chains, base[element]);
		bool first = before == SL_MERGE_NOWHERE, unwritten = !written || !written[element];
		chains.items[element] = (struct chain){ first ? 1 : chains.items[before].length + 1,
			(first ? 0 : chains.items[before].unwritten) + unwritten, first ? element : before };
		add_chain(&chains, base[element], element);
		moved_r[element] = true;
		if (last == SL_MERGE_NOWHERE || !is_better(&chains, last, element))
			last = element;
	}
	for (size_t at = last; at != SL_MERGE_NOWHERE; at = chains.items[at].previous == at ? SL_MERGE_NOWHERE
		: chains.items[at].previous)
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
		rc = mark_moved(&ordering->mine, places->base, places->written_by_mine, count, arena, ordering->moved_by_mine);
	if (rc == SL_OK)
		rc = mark_moved(&ordering->theirs, places->base, places->written_by_theirs, count, arena, ordering->moved_by_theirs);
	return rc;
}

/* Whether mine says where the element goes. */
static bool goes_by_mine(const struct ordering *ordering, size_t element)
{
	return ordering->places->theirs[element] == SL_MERGE_NOWHERE
		|| (ordering->moved_by_mine[element] && !ordering->moved_by_theirs[element]);
}

/* Behind which element mine's goes that came behind `last` in mine: behind those, too, which theirs added there with lower ranks.
 * A device's run has one beginning of ranks, so none is torn, and each device puts two runs into the same order. */
static size_t find_predecessor(const struct ordering *ordering, const size_t *next, size_t last, size_t element)
{
	const struct sl_merge_places *places = ordering->places;
	size_t count = ordering->count, before = last;
	/* Behind what only mine has, its run goes on. */
	bool both_have = last == count || (places->mine[last] != SL_MERGE_NOWHERE && places->theirs[last] != SL_MERGE_NOWHERE);
	if (!places->ranks || !both_have)
		return last;
	while (next[before] != count && places->mine[next[before]] == SL_MERGE_NOWHERE
		&& sl_str_compare(places->ranks[next[before]], places->ranks[element]) < 0)
		before = next[before];
	return before;
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
			size_t before = find_predecessor(ordering, next, last, element);
			next[element] = next[before];
			next[before] = element;
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

int sl_merge_order(const struct sl_merge_places *places, size_t count, struct sl_arena *arena,
	struct sl_merge_order *order_r)
{
	struct ordering ordering = { .places = places, .count = count };
	size_t *next = sl_arena_zalloc(arena, count + 1, sizeof(*next));
	size_t *order = sl_arena_alloc(arena, count * sizeof(*order));
	int rc = next && order ? prepare(&ordering, arena) : SL_NO_MEMORY;
	if (rc != SL_OK)
		return rc;
	chain_up(&ordering, next);
	for (size_t at = next[count], i = 0; i < count; i++) {
		size_t following = next[at];
		order[i] = at;
		next[at] = i; /* from now on its place */
		at = following;
	}
	*order_r = (struct sl_merge_order){ order, ordering.moved_by_mine, ordering.moved_by_theirs, is_clash(&ordering, next) };
	return SL_OK;
}
