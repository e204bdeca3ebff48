/* Myers' search for a shortest difference from both ends at once, in linear memory: E. W. Myers, An O(ND) Difference
 * Algorithm and Its Variations (1986), section 4b.
 * Keeps true: every split lies on a path from corner to corner and makes both boxes smaller, so the marks are always a
 * correct difference. A search that costs too much splits at the furthest point found: longer, never wrong.
 */
#include "core/text/diff_search.h"

#include "core/base/error.h"

/* A search goes through WORK / ids differences, at least LEAST_COST, at most what the caller allows: so the whole takes
 * a small multiple of WORK steps, or of LEAST_COST * ids. */
#define LEAST_COST 32
#define WORK (INT32_C(1) << 25)

#define BEHIND (INT32_MIN / 2)
#define BEYOND (INT32_MAX / 2)

/* How far one end's paths come on each diagonal (a - b) from `low` to `high`, every second one being current. */
struct front {
	int32_t *reach;
	int32_t low, high;
};

struct box {
	int32_t a, a_end, b, b_end;
};

struct point {
	int32_t a, b;
};

struct search {
	struct sl_diff_half *a, *b;
	struct front forward, backward;
	int32_t most_cost;
};

static int32_t lesser(int32_t x, int32_t y) { return x < y ? x : y; }
static int32_t greater(int32_t x, int32_t y) { return x > y ? x : y; }

static struct front front_at(struct front front, int32_t diagonal, int32_t reach)
{
	front.low = front.high = diagonal;
	front.reach[diagonal] = reach;
	return front;
}

/* One more difference: one more diagonal on each side, as far as the box has any. */
static void front_widen(struct front *front, const struct box *box, int32_t unreached)
{
	if (front->low > box->a - box->b_end)
		front->reach[--front->low - 1] = unreached;
	else
		front->low++;
	if (front->high < box->a_end - box->b)
		front->reach[++front->high + 1] = unreached;
	else
		front->high--;
}

static bool front_covers(const struct front *front, int32_t diagonal)
{
	return front->low <= diagonal && diagonal <= front->high;
}

/* All paths from the beginning take one more difference and what is equal behind it. Returns whether one of them,
 * `meets` permitting, meets a path from the end; then `point_r` is where. */
static bool step_forward(struct search *search, const struct box *box, bool meets, struct point *point_r)
{
	const uint32_t *a = search->a->ids, *b = search->b->ids;
	struct front *front = &search->forward, *other = &search->backward;
	front_widen(front, box, BEHIND);
	for (int32_t d = front->high; d >= front->low; d -= 2) {
		int32_t at = greater(front->reach[d - 1] + 1, front->reach[d + 1]);
		at = lesser(at, lesser(box->a_end, box->b_end + d));
		while (at < box->a_end && at - d < box->b_end && a[at] == b[at - d])
			at++;
		front->reach[d] = at;
		if (meets && front_covers(other, d) && other->reach[d] <= at) {
			*point_r = (struct point){ at, at - d };
			return true;
		}
	}
	return false;
}

static bool step_backward(struct search *search, const struct box *box, bool meets, struct point *point_r)
{
	const uint32_t *a = search->a->ids, *b = search->b->ids;
	struct front *front = &search->backward, *other = &search->forward;
	front_widen(front, box, BEYOND);
	for (int32_t d = front->high; d >= front->low; d -= 2) {
		int32_t at = lesser(front->reach[d - 1], front->reach[d + 1] - 1);
		at = greater(at, greater(box->a, box->b + d));
		while (at > box->a && at - d > box->b && a[at - 1] == b[at - d - 1])
			at--;
		front->reach[d] = at;
		if (meets && front_covers(other, d) && other->reach[d] >= at) {
			*point_r = (struct point){ at, at - d };
			return true;
		}
	}
	return false;
}

/* The point that lies furthest from the end that its path came from. */
static struct point furthest(const struct search *search, const struct box *box)
{
	struct point best = { box->a, box->b };
	int64_t most = -1;
	for (int32_t d = search->forward.low; d <= search->forward.high; d += 2) {
		int32_t at = search->forward.reach[d];
		int64_t progress = (int64_t)(at - box->a) + (at - d - box->b);
		if (progress > most) {
			most = progress;
			best = (struct point){ at, at - d };
		}
	}
	for (int32_t d = search->backward.low; d <= search->backward.high; d += 2) {
		int32_t at = search->backward.reach[d];
		int64_t progress = (int64_t)(box->a_end - at) + (box->b_end - (at - d));
		if (progress > most) {
			most = progress;
			best = (struct point){ at, at - d };
		}
	}
	return best;
}

/* A point between the corners, for a box whose first ids differ and whose last ids differ. */
static struct point split(struct search *search, const struct box *box)
{
	int32_t first = box->a - box->b, last = box->a_end - box->b_end;
	bool odd = (first - last) % 2 != 0;
	struct point point = { box->a, box->b };
	search->forward = front_at(search->forward, first, box->a);
	search->backward = front_at(search->backward, last, box->a_end);
	for (int32_t cost = 1; cost <= search->most_cost; cost++)
		if (step_forward(search, box, odd, &point) || step_backward(search, box, !odd, &point))
			return point;
	return furthest(search, box);
}

/* Leaves out what is equal at both ends. */
static void trim(const struct search *search, struct box *box)
{
	const uint32_t *a = search->a->ids, *b = search->b->ids;
	while (box->a < box->a_end && box->b < box->b_end && a[box->a] == b[box->b]) {
		box->a++;
		box->b++;
	}
	while (box->a < box->a_end && box->b < box->b_end && a[box->a_end - 1] == b[box->b_end - 1]) {
		box->a_end--;
		box->b_end--;
	}
}

static void mark(struct sl_diff_half *half, int32_t at, int32_t end)
{
	for (; at < end; at++)
		half->changed[half->places[at]] = true;
}

static int64_t size_of(const struct box *box)
{
	return (int64_t)(box->a_end - box->a) + (box->b_end - box->b);
}

/* The smaller part of each split is done first, by recursion, which therefore is at most log2 of the size deep. */
static void compare(struct search *search, struct box box)
{
	trim(search, &box);
	while (box.a < box.a_end && box.b < box.b_end) {
		struct point at = split(search, &box);
		struct box before = { box.a, at.a, box.b, at.b }, after = { at.a, box.a_end, at.b, box.b_end };
		bool before_is_smaller = size_of(&before) < size_of(&after);
		compare(search, before_is_smaller ? before : after);
		box = before_is_smaller ? after : before;
		trim(search, &box);
	}
	mark(search->a, box.a, box.a_end);
	mark(search->b, box.b, box.b_end);
}

int sl_diff_search(struct sl_diff_half *a, struct sl_diff_half *b, uint32_t most_cost, struct sl_arena *arena)
{
	struct box box = { 0, a->count, 0, b->count };
	size_t diagonals = (size_t)a->count + (size_t)b->count + 3;
	int32_t *forward = sl_arena_alloc(arena, diagonals * sizeof(*forward));
	int32_t *backward = sl_arena_alloc(arena, diagonals * sizeof(*backward));
	if (!forward || !backward)
		return SL_NO_MEMORY;
	struct search search = { a, b, { forward + b->count + 1, 0, 0 }, { backward + b->count + 1, 0, 0 }, 0 };
	search.most_cost = WORK / (a->count + b->count + 1);
	if ((uint32_t)search.most_cost > most_cost)
		search.most_cost = (int32_t)most_cost;
	search.most_cost = greater(search.most_cost, LEAST_COST);
	compare(&search, box);
	return 0;
}
