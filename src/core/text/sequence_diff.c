/* Differences: see sequence_diff.h. Ids that only one side has are left out of the search (diff_search.c), which then sees what
 * the sides share; so are weak ones at first, which are then looked for between what was found. Afterwards changes slide to their
 * canonical places.
 * Keeps true: what lies between two changes is equal on both sides, id for id. Fails only for memory and size.
 */
#include "core/text/sequence_diff.h"

#include "core/base/error.h"
#include "core/text/diff_search.h"

/* What is asked, and the arrays for it. */
struct comparison {
	const struct sl_diff_task *task;
	struct sl_diff_half a, b;
	bool *in_a, *in_b; /* by id: whether that sequence has it */
	struct sl_arena *arena;
};

static int half_init(struct sl_diff_half *half, struct sl_diff_ids whole, struct sl_arena *arena)
{
	half->ids = sl_arena_alloc(arena, whole.count * sizeof(*half->ids));
	half->places = sl_arena_alloc(arena, whole.count * sizeof(*half->places));
	half->changed = sl_arena_zalloc(arena, whole.count, sizeof(*half->changed));
	return half->ids && half->places && half->changed ? 0 : SL_NO_MEMORY;
}

static bool *presence(struct sl_diff_ids whole, uint32_t id_count, struct sl_arena *arena)
{
	bool *present = sl_arena_zalloc(arena, id_count, sizeof(*present));
	for (size_t i = 0; present && i < whole.count; i++)
		present[whole.ids[i]] = true;
	return present;
}

static int comparison_init(struct comparison *comparison, const struct sl_diff_task *task, struct sl_arena *arena)
{
	*comparison = (struct comparison){ .task = task, .arena = arena };
	comparison->in_a = presence(task->a, task->id_count, arena);
	comparison->in_b = presence(task->b, task->id_count, arena);
	if (!comparison->in_a || !comparison->in_b)
		return SL_NO_MEMORY;
	int code = half_init(&comparison->a, task->a, arena);
	return code == 0 ? half_init(&comparison->b, task->b, arena) : code;
}

/* Chooses what of whole[from, end) is compared: the ids that `present` has, but for those that `weak` has. The others are marked as
 * changed. */
static void choose(struct sl_diff_half *half, const uint32_t *whole, uint32_t from, uint32_t end, const bool *present,
	const bool *weak)
{
	half->count = 0;
	for (uint32_t i = from; i < end; i++) {
		half->changed[i] = !present[whole[i]] || (weak && weak[whole[i]]);
		if (half->changed[i])
			continue;
		half->ids[half->count] = whole[i];
		half->places[half->count++] = i;
	}
}

static int compare(struct comparison *comparison, const struct sl_diff_change *gap, const bool *weak)
{
	const struct sl_diff_task *task = comparison->task;
	choose(&comparison->a, task->a.ids, gap->a_at, gap->a_end, comparison->in_b, weak);
	choose(&comparison->b, task->b.ids, gap->b_at, gap->b_end, comparison->in_a, weak);
	return sl_diff_search(&comparison->a, &comparison->b, task->most_cost, comparison->arena);
}

/* Takes what is equal at the beginning of the gap, which mostly is all there is. */
static void take_equal(struct comparison *comparison, struct sl_diff_change *gap)
{
	const uint32_t *a = comparison->task->a.ids, *b = comparison->task->b.ids;
	for (; gap->a_at < gap->a_end && gap->b_at < gap->b_end && a[gap->a_at] == b[gap->b_at]; gap->a_at++, gap->b_at++)
		comparison->a.changed[gap->a_at] = comparison->b.changed[gap->b_at] = false;
}

/* Finds what is equal, weak ids too, between what the search without them found to be equal. */
static int compare_gaps(struct comparison *comparison)
{
	const struct sl_diff_task *task = comparison->task;
	struct sl_diff_change gap = { 0, 0, 0, 0 };
	int code = 0;
	while (code == 0 && (gap.a_at < task->a.count || gap.b_at < task->b.count)) {
		for (gap.a_end = gap.a_at; gap.a_end < task->a.count && comparison->a.changed[gap.a_end];)
			gap.a_end++;
		for (gap.b_end = gap.b_at; gap.b_end < task->b.count && comparison->b.changed[gap.b_end];)
			gap.b_end++;
		take_equal(comparison, &gap);
		if (gap.a_at < gap.a_end && gap.b_at < gap.b_end)
			code = compare(comparison, &gap, NULL);
		gap.a_at = gap.a_end + 1;
		gap.b_at = gap.b_end + 1;
	}
	return code;
}

static int find_changes(struct comparison *comparison)
{
	const struct sl_diff_task *task = comparison->task;
	const struct sl_diff_change whole = { 0, (uint32_t)task->a.count, 0, (uint32_t)task->b.count };
	int code = compare(comparison, &whole, task->weak);
	return code == 0 && task->weak ? compare_gaps(comparison) : code;
}

/* The runs of marks as changes. Returns their number; `changes` may be NULL. */
static size_t collect(const bool *a_changed, size_t a_count, const bool *b_changed, size_t b_count,
	struct sl_diff_change *changes)
{
	size_t count = 0, a = 0, b = 0;
	while (a < a_count || b < b_count) {
		struct sl_diff_change change = { (uint32_t)a, 0, (uint32_t)b, 0 };
		while (a < a_count && a_changed[a])
			a++;
		while (b < b_count && b_changed[b])
			b++;
		change.a_end = (uint32_t)a;
		change.b_end = (uint32_t)b;
		if (change.a_at < change.a_end || change.b_at < change.b_end) {
			if (changes)
				changes[count] = change;
			count++;
		}
		a += a < a_count;
		b += b < b_count;
	}
	return count;
}

static bool is_pure(const struct sl_diff_change *change)
{
	return change->a_at == change->a_end || change->b_at == change->b_end;
}

static void shift(struct sl_diff_change *change, uint32_t by)
{
	change->a_at += by;
	change->a_end += by;
	change->b_at += by;
	change->b_end += by;
}

/* Moves a pure change back, at most until it ends at `limit` in `a`. */
static void slide_back(const struct sl_diff_task *task, struct sl_diff_change *change, uint32_t limit)
{
	bool inserts = change->a_at == change->a_end;
	const uint32_t *ids = inserts ? task->b.ids : task->a.ids;
	uint32_t at = inserts ? change->b_at : change->a_at, end = inserts ? change->b_end : change->a_end;
	uint32_t by = 0;
	while (change->a_end + by < limit && ids[at + by] == ids[end + by])
		by++;
	shift(change, by);
}

/* Moves a pure change forward to where `before` ends and makes it a part of that, if it can reach that place. An insertion joins
 * only another one: what somebody wrote behind words that they replaced would look like a part of the replacement. */
static bool slide_into(const struct sl_diff_task *task, const struct sl_diff_change *change,
	struct sl_diff_change *before)
{
	bool inserts = change->a_at == change->a_end;
	const uint32_t *ids = inserts ? task->b.ids : task->a.ids;
	uint32_t at = inserts ? change->b_at : change->a_at, end = inserts ? change->b_end : change->a_end;
	uint32_t gap = change->a_at - before->a_end, by = 0;
	if (inserts && before->a_at < before->a_end)
		return false;
	while (by < gap && ids[at - by - 1] == ids[end - by - 1])
		by++;
	if (by < gap)
		return false;
	before->a_end = change->a_end - gap;
	before->b_end = change->b_end - gap;
	return true;
}

/* Moves a pure change forward to the nearest break, if it can reach one without going below `least` in `a`. */
static void slide_to_break(const struct sl_diff_task *task, struct sl_diff_change *change, uint32_t least)
{
	bool inserts = change->a_at == change->a_end;
	const uint32_t *ids = inserts ? task->b.ids : task->a.ids;
	uint32_t at = inserts ? change->b_at : change->a_at, end = inserts ? change->b_end : change->a_end;
	for (uint32_t by = 0;; by++) {
		uint32_t place = change->a_at - by;
		if (place == 0 || task->a.ids[place - 1] < task->breaks) {
			shift(change, -by);
			return;
		}
		if (place <= least || ids[at - by - 1] != ids[end - by - 1])
			return;
	}
}

/* Gives every change its canonical place; one that can reach its neighbour becomes part of it. Each stretch between two
 * changes is walked once forward, once back and once for a break, so that the time is linear; therefore a change that
 * has taken in the one before it doesn't look for another. Returns the number of changes left. */
static size_t slide(const struct sl_diff_task *task, struct sl_diff_change *changes, size_t count)
{
	size_t kept = 0;
	bool has_grown = false;
	for (size_t i = 0; i < count; i++) {
		struct sl_diff_change change = changes[i];
		bool is_last = i + 1 == count;
		uint32_t limit = is_last ? (uint32_t)task->a.count : changes[i + 1].a_at;
		if (is_pure(&change) && kept > 0 && !has_grown && slide_into(task, &change, &changes[kept - 1]))
			change = changes[--kept];
		has_grown = false;
		if (is_pure(&change)) {
			slide_back(task, &change, limit);
			if (!is_last && change.a_end == limit) {
				changes[i + 1].a_at = change.a_at;
				changes[i + 1].b_at = change.b_at;
				has_grown = true;
				continue;
			}
			slide_to_break(task, &change, kept ? changes[kept - 1].a_end + 1 : 0);
		}
		changes[kept++] = change;
	}
	return kept;
}

int sl_diff_of(const struct sl_diff_task *task, struct sl_arena *arena, struct sl_diff *diff_r)
{
	struct comparison comparison;
	struct sl_arena scratch;
	*diff_r = (struct sl_diff){ NULL, 0 };
	if (task->a.count > SL_DIFF_MAXIMUM || task->b.count > SL_DIFF_MAXIMUM)
		return SL_TOO_LARGE;
	sl_arena_init(&scratch, 0);
	int code = comparison_init(&comparison, task, &scratch);
	if (code == 0)
		code = find_changes(&comparison);
	if (code != 0)
		goto out;
	const bool *in_a = comparison.a.changed, *in_b = comparison.b.changed;
	diff_r->count = collect(in_a, task->a.count, in_b, task->b.count, NULL);
	diff_r->changes = sl_arena_alloc(arena, diff_r->count * sizeof(*diff_r->changes));
	if (!diff_r->changes) {
		code = SL_NO_MEMORY;
		goto out;
	}
	collect(in_a, task->a.count, in_b, task->b.count, diff_r->changes);
	diff_r->count = slide(task, diff_r->changes, diff_r->count);
out:
	sl_arena_dispose(&scratch);
	return code;
}
