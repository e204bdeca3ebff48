/* Ranks for siblings in their wanted order; see rank_assign.h.
 * Keeps true: the ranks rise in that order (ties by id among those that were kept), and what needs no new rank keeps its own unless
 * there is no room beside it. Fails only for memory.
 */
#include "core/base/rank_assign.h"

#include "core/base/error.h"
#include "core/base/rank_run.h"

static bool is_before(const struct sl_str *ranks, const struct sl_str *ids, size_t a, size_t b)
{
	int order = sl_str_compare(ranks[a], ranks[b]);
	return order != 0 ? order < 0 : sl_str_compare(ids[a], ids[b]) < 0;
}

/* The first of `ends` that isn't before sibling `i`. */
static size_t place_among(const size_t *ends, size_t length, const struct sl_str *ranks, const struct sl_str *ids,
	size_t i)
{
	size_t low = 0, high = length;
	while (low < high) {
		size_t middle = low + (high - low) / 2;
		if (is_before(ranks, ids, ends[middle], i))
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

/* Sets keeps[i] for a longest rising subsequence of the siblings that have a rank (patience sorting). */
static int mark_kept(const struct sl_str *ranks, const struct sl_str *ids, size_t count, struct sl_arena *arena,
	bool *keeps)
{
	size_t *ends = sl_arena_zalloc(arena, count, sizeof(*ends)); /* [n]: the lowest end of a sequence of n + 1 */
	size_t *previous = sl_arena_zalloc(arena, count, sizeof(*previous));
	size_t length = 0;
	if (!ends || !previous)
		return SL_NO_MEMORY;
	for (size_t i = 0; i < count; i++) {
		if (!sl_rank_is_valid(ranks[i]))
			continue;
		size_t place = place_among(ends, length, ranks, ids, i);
		previous[i] = place > 0 ? ends[place - 1] : i;
		ends[place] = i;
		if (place == length)
			length++;
	}
	for (size_t at = length > 0 ? ends[length - 1] : 0; length > 0; length--, at = previous[at])
		keeps[at] = true;
	return 0;
}

struct assigning {
	struct sl_str *ranks;
	bool *keeps;
	size_t count;
	struct sl_str prefix;
	struct sl_arena *arena;
};

static size_t skip_unkept(const struct assigning *assigning, size_t from)
{
	while (from < assigning->count && !assigning->keeps[from])
		from++;
	return from;
}

/* Gives a run of siblings that don't keep theirs ranks between its neighbours. Where there is no room the next 1, 2, 4… siblings
 * give theirs up. SL_TOO_LARGE: there is none up to the end. */
static int fill_run(struct assigning *assigning, size_t begin, size_t *end_r)
{
	struct sl_str none = { NULL, 0 }, low = begin > 0 ? assigning->ranks[begin - 1] : none;
	size_t end = skip_unkept(assigning, begin), step = 1;
	for (;;) {
		bool is_last = end == assigning->count;
		int code = sl_rank_run(low, is_last ? none : assigning->ranks[end], assigning->prefix, end - begin,
			assigning->arena, &assigning->ranks[begin]);
		*end_r = end;
		if (code != SL_TOO_LARGE || is_last)
			return code;
		for (size_t i = 0; i < step && end < assigning->count; i++)
			assigning->keeps[end++] = false;
		step *= 2;
		end = skip_unkept(assigning, end);
	}
}

static int fill_runs(struct assigning *assigning)
{
	for (size_t begin = 0, end; begin < assigning->count; begin = end) {
		end = begin + 1;
		int code = assigning->keeps[begin] ? 0 : fill_run(assigning, begin, &end);
		if (code != 0)
			return code;
	}
	return 0;
}

int sl_rank_assign(struct sl_str *ranks, const struct sl_str *ids, size_t count, struct sl_str prefix, struct sl_arena *arena)
{
	struct sl_str none = { NULL, 0 };
	struct assigning assigning = { ranks, sl_arena_zalloc(arena, count, sizeof(bool)), count, prefix, arena };
	int code = assigning.keeps ? mark_kept(ranks, ids, count, arena, assigning.keeps) : SL_NO_MEMORY;
	if (code == 0)
		code = fill_runs(&assigning);
	return code == SL_TOO_LARGE ? sl_rank_between(none, none, count, arena, ranks) : code;
}
