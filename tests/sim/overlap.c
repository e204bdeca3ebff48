/* Edits by the identity of words; see overlap.h. An edit is a stretch of the base's words that is gone, and what stands in its
 * place. */
#include "overlap.h"

#define MOST_WORDS 320
#define MOST_EDITS 160

struct edit {
	size_t from, to;  /* of the base's words: removed; equal: an insertion before that word */
	size_t added;
	bool near;        /* in a passage in which edits of both sides came near each other */
};

struct side {
	unsigned words[MOST_WORDS];
	size_t lines[MOST_WORDS]; /* on which each stands */
	size_t count;
	struct edit edits[MOST_EDITS];
	size_t edit_count;
};

static bool read_words(struct sl_str text, struct side *side)
{
	size_t cursor = 0, start, behind = 0, line = 0;
	unsigned id;
	for (side->count = 0; (id = sim_words_find(text, &cursor, &start)); side->count++) {
		if (side->count == MOST_WORDS)
			return false;
		for (; behind < start; behind++)
			line += text.bytes[behind] == '\n';
		side->words[side->count] = id;
		side->lines[side->count] = line;
	}
	return true;
}

static size_t place_in(const unsigned *words, size_t count, unsigned id)
{
	size_t at = 0;
	while (at < count && words[at] != id)
		at++;
	return at;
}

static bool add_edit(struct side *side, size_t from, size_t to, size_t added)
{
	if (from == to && !added)
		return true;
	if (side->edit_count == MOST_EDITS)
		return false;
	side->edits[side->edit_count++] = (struct edit){ .from = from, .to = to, .added = added };
	return true;
}

/* False: a word stands twice, or in another order than in the base. */
static bool find_edits(const struct side *base, struct side *side)
{
	size_t behind = 0, added = 0; /* the last word that both have, and what came since */
	for (size_t i = 0; i < side->count; i++) {
		size_t at = place_in(base->words, base->count, side->words[i]);
		if (at == base->count) {
			added++;
			continue;
		}
		if (at < behind || !add_edit(side, behind, at, added))
			return false;
		behind = at + 1;
		added = 0;
	}
	return add_edit(side, behind, base->count, added);
}

/* A passage that was rewritten counts as edited throughout: a run inside belongs to it if the edits around it each took away a
 * word at least, and at least twice as many as the run has. */
static void join_edits(struct side *side)
{
	size_t kept = 0;
	for (size_t i = 1; i < side->edit_count; i++) {
		struct edit *last = &side->edits[kept], *next = &side->edits[i];
		size_t run = next->from - last->to, left = last->to - last->from, right = next->to - next->from;
		if (left && right && left + right >= 2 * run) {
			last->to = next->to;
			last->added += next->added + run;
		} else
			side->edits[++kept] = *next;
	}
	side->edit_count = side->edit_count ? kept + 1 : 0;
}

static bool only_removes(const struct edit *edit)
{
	return edit->added == 0;
}

static bool meet_certainly(const struct edit *a, const struct edit *b)
{
	bool inserts_inside = (a->from == a->to && b->from < a->from && a->from < b->to)
		|| (b->from == b->to && a->from < b->from && b->from < a->to);
	bool common = (a->from > b->from ? a->from : b->from) < (a->to < b->to ? a->to : b->to);
	return inserts_inside || (common && !(only_removes(a) && only_removes(b)));
}

/* Whether all words of the base between the two edits, and those at their edges, are of a script whose words only a dictionary
 * could tell. */
static bool share_run(const struct sim_words *words, const struct side *base, const struct edit *a, const struct edit *b)
{
	size_t from = a->to < b->to ? a->to : b->to, to = a->from > b->from ? a->from : b->from;
	for (size_t i = from; i < to; i++)
		if (words->items[base->words[i]].script != SIM_THAI)
			return false;
	size_t edge = from < base->count ? from : from ? from - 1 : 0;
	return base->count && words->items[base->words[edge]].script == SIM_THAI;
}

static bool meet_perhaps(const struct sim_words *words, const struct side *base, const struct edit *a, const struct edit *b)
{
	if (only_removes(a) && only_removes(b))
		return false;
	bool insertions = a->from == a->to && b->from == b->to;
	bool touch = a->from <= b->to && b->from <= a->to;
	return (touch && !insertions) || share_run(words, base, a, b);
}

#define NEAR_WORDS 3

static bool are_within(const struct edit *a, const struct edit *b, size_t words)
{
	return a->from <= b->to + words && b->from <= a->to + words;
}

/* Two insertions at one place are both kept, so there is nothing to ask about. */
static bool come_near(const struct edit *a, const struct edit *b)
{
	if (a->from == a->to && b->from == b->to && a->from == b->from)
		return false;
	return are_within(a, b, NEAR_WORDS);
}

enum meeting { CERTAIN, POSSIBLE, NEAR };

static bool meet(const struct sim_words *words, const struct side *base, const struct edit *a, const struct edit *b,
	enum meeting meeting)
{
	return meet_certainly(a, b) || (meeting >= POSSIBLE && meet_perhaps(words, base, a, b))
		|| (meeting == NEAR && come_near(a, b));
}

/* Line ends of the base between the words that both edits concern: a merge may take what stands on each line for itself. */
static size_t lines_between(const struct side *base, const struct edit *a, const struct edit *b)
{
	size_t from = a->from > b->from ? a->from : b->from, to = a->to < b->to ? a->to : b->to;
	from = from > 0 ? from - 1 : 0; /* with the words at the edges, before and behind which something may stand */
	to = to < base->count ? to : base->count - 1;
	return base->count && to > from ? base->lines[to] - base->lines[from] : 0;
}

/* At how many places edits of both sides met. */
static size_t count_meetings(const struct sim_words *words, const struct side *base, const struct side *mine,
	const struct side *theirs, enum meeting meeting)
{
	size_t count = 0;
	for (size_t i = 0; i < mine->edit_count; i++)
		for (size_t k = 0; k < theirs->edit_count; k++) {
			const struct edit *a = &mine->edits[i], *b = &theirs->edits[k];
			if (meet(words, base, a, b, meeting))
				count += 1 + lines_between(base, a, b);
		}
	return count;
}

/* Marks the edits that are within so many words of a marked one, of either side. */
static bool spread(struct side *side, const struct side *from, size_t away)
{
	bool more = false;
	for (size_t i = 0; i < side->edit_count; i++)
		for (size_t k = 0; k < from->edit_count && !side->edits[i].near; k++)
			if (from->edits[k].near && are_within(&side->edits[i], &from->edits[k], away))
				more = side->edits[i].near = true;
	return more;
}

/* Marks the edits of both sides that belong to a passage in which they came near each other. */
static void mark_near(struct side *mine, struct side *theirs, size_t away)
{
	for (size_t i = 0; i < mine->edit_count; i++)
		for (size_t k = 0; k < theirs->edit_count; k++)
			if (are_within(&mine->edits[i], &theirs->edits[k], away))
				mine->edits[i].near = theirs->edits[k].near = true;
	for (bool more = true; more;) {
		more = spread(mine, mine, away);
		more = spread(mine, theirs, away) || more;
		more = spread(theirs, theirs, away) || more;
		more = spread(theirs, mine, away) || more;
	}
}

/* Words that mine added in no such passage. */
static void find_clear(const struct sim_words *words, const struct side *base, struct side *mine, struct side *theirs,
	size_t away, struct sim_wordset *clear_r)
{
	mark_near(mine, theirs, away);
	for (size_t i = 0; i < mine->count; i++) {
		size_t before = i, at = base->count;
		while (before > 0 && (at = place_in(base->words, base->count, mine->words[before - 1])) == base->count)
			before--;
		bool added = place_in(base->words, base->count, mine->words[i]) == base->count;
		size_t place = before > 0 ? at + 1 : 0;
		bool near = !added || words->items[mine->words[i]].script == SIM_THAI;
		for (size_t own = 0; own < mine->edit_count && !near; own++)
			near = mine->edits[own].from <= place && place <= mine->edits[own].to && mine->edits[own].near;
		if (!near)
			sim_wordset_add(clear_r, mine->words[i]);
	}
}

struct sim_overlaps sim_overlaps_of(const struct sim_words *words, struct sl_str base, struct sl_str mine, struct sl_str theirs,
	size_t away)
{
	struct side old = { .count = 0 }, left = { .count = 0 }, right = { .count = 0 };
	struct sim_overlaps overlaps = { .known = false };
	if (!read_words(base, &old) || !read_words(mine, &left) || !read_words(theirs, &right) || !find_edits(&old, &left)
		|| !find_edits(&old, &right))
		return overlaps;
	overlaps.known = true;
	overlaps.certain = count_meetings(words, &old, &left, &right, CERTAIN);
	join_edits(&left);
	join_edits(&right);
	overlaps.possible = count_meetings(words, &old, &left, &right, POSSIBLE);
	overlaps.near = count_meetings(words, &old, &left, &right, NEAR);
	find_clear(words, &old, &left, &right, away, &overlaps.clear);
	return overlaps;
}
