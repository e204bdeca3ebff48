/* Edits by the identity of words; see overlap.h. An edit is a stretch of the base's words that is gone, and what stands in its
 * place. */
#include "overlap.h"

#define MOST_WORDS 320
#define MOST_EDITS 160

struct edit {
	size_t from, to;  /* of the base's words: removed; equal: an insertion before that word */
	size_t added;
	size_t group;     /* edits that met have the same */
};

struct side {
	unsigned words[MOST_WORDS];
	size_t count;
	struct edit edits[MOST_EDITS];
	size_t edit_count;
};

static bool read_words(struct sl_str text, unsigned *words_r, size_t *count_r)
{
	size_t cursor = 0;
	unsigned id;
	for (*count_r = 0; (id = sim_words_next(text, &cursor));) {
		if (*count_r == MOST_WORDS)
			return false;
		words_r[(*count_r)++] = id;
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
	side->edits[side->edit_count++] = (struct edit){ from, to, added, 0 };
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

/* How many groups of edits of both sides met. */
static size_t count_meetings(const struct sim_words *words, const struct side *base, struct side *mine, struct side *theirs,
	bool perhaps)
{
	size_t groups = 0, last = 0;
	for (size_t i = 0; i < mine->edit_count; i++)
		mine->edits[i].group = 0;
	for (size_t k = 0; k < theirs->edit_count; k++)
		theirs->edits[k].group = 0;
	for (size_t i = 0; i < mine->edit_count; i++)
		for (size_t k = 0; k < theirs->edit_count; k++) {
			struct edit *a = &mine->edits[i], *b = &theirs->edits[k];
			if (!(perhaps ? meet_perhaps(words, base, a, b) || meet_certainly(a, b) : meet_certainly(a, b)))
				continue;
			if (!a->group && !b->group) {
				last++;
				groups++;
			}
			a->group = b->group = a->group ? a->group : b->group ? b->group : last;
		}
	return groups;
}

struct sim_overlaps sim_overlaps_of(const struct sim_words *words, struct sl_str base, struct sl_str mine, struct sl_str theirs)
{
	struct side old = { .count = 0 }, left = { .count = 0 }, right = { .count = 0 };
	struct sim_overlaps overlaps = { false, 0, 0 };
	if (!read_words(base, old.words, &old.count) || !read_words(mine, left.words, &left.count)
		|| !read_words(theirs, right.words, &right.count) || !find_edits(&old, &left) || !find_edits(&old, &right))
		return overlaps;
	overlaps.known = true;
	overlaps.certain = count_meetings(words, &old, &left, &right, false);
	join_edits(&left);
	join_edits(&right);
	overlaps.possible = count_meetings(words, &old, &left, &right, true);
	return overlaps;
}
