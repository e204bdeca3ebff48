/* Three-way merge of text: see text.h; the rule is the line `text` of the merge table.
 * Keeps true: the result is made of pieces of the three texts, in order; base text that no edit covers is in it, every
 * edit is in it or in a hunk. Fails only for memory and size, and then gives nothing.
 */
#include "core/text/merge.h"

#include "core/text/output.h"
#include "core/text/refine.h"
#include "core/text/tokens.h"

enum { MINE, THEIRS, SIDES };

/* Edits of both sides that overlap or touch, so that they are decided together: base[from, end). */
struct group {
	size_t from, end;
	struct {
		const struct sl_text_edit *edits;
		size_t count;
	} sides[SIDES];
};

/* Walks the edits of both sides in the order of the base. */
struct walk {
	struct sl_str base;
	const struct sl_text_side *sides; /* SIDES of them */
	enum sl_text_unit unit;
	size_t next[SIDES];
};

static const struct sl_text_edit *next_edit(const struct walk *walk, int side)
{
	const struct sl_text_edits *edits = &walk->sides[side].edits;
	return walk->next[side] < edits->count ? &edits->items[walk->next[side]] : NULL;
}

/* The side whose next edit comes first, an insertion before what stands behind it; SIDES: there is none left. */
static int first_side(const struct walk *walk)
{
	const struct sl_text_edit *mine = next_edit(walk, MINE), *theirs = next_edit(walk, THEIRS);
	if (!mine || !theirs)
		return mine ? MINE : theirs ? THEIRS : SIDES;
	if (mine->from != theirs->from)
		return mine->from < theirs->from ? MINE : THEIRS;
	return mine->from_end <= theirs->from_end ? MINE : THEIRS;
}

static bool inserts(const struct sl_text_edit *edit) { return edit->from == edit->from_end; }
static bool deletes(const struct sl_text_edit *edit) { return edit->to == edit->to_end; }

static bool is_line_boundary(struct sl_str text, size_t at)
{
	return at == 0 || text.bytes[at - 1] == '\n';
}

/* Whether an insertion or deletion is one of whole lines, each with its line end. */
static bool is_whole_lines(struct sl_str base, struct sl_str side, const struct sl_text_edit *edit)
{
	if (!is_line_boundary(base, edit->from))
		return false;
	return inserts(edit) ? side.bytes[edit->to_end - 1] == '\n' : base.bytes[edit->from_end - 1] == '\n';
}

/* Whether `edit`, of `side`, clashes with the other side's `before`, which ends where it begins. */
static bool clashes_at_edge(const struct walk *walk, const struct sl_text_edit *before, int side,
	const struct sl_text_edit *edit)
{
	if (!inserts(before) && !inserts(edit))
		return false;
	if (inserts(before) && inserts(edit))
		return true;
	if (!deletes(inserts(before) ? edit : before))
		return false;
	return !is_whole_lines(walk->base, walk->sides[!side].text, before) ||
		!is_whole_lines(walk->base, walk->sides[side].text, edit);
}

/* Whether the next edit of `side` has to be decided together with the group. Two edits of one side never touch. */
static bool joins(const struct walk *walk, const struct group *group, int side)
{
	const struct sl_text_edit *edit = next_edit(walk, side);
	if (edit->from != group->end || walk->unit == SL_TEXT_LINES)
		return edit->from <= group->end;
	size_t count = group->sides[!side].count;
	return count > 0 && clashes_at_edge(walk, &group->sides[!side].edits[count - 1], side, edit);
}

static void take(struct walk *walk, struct group *group, int side)
{
	const struct sl_text_edit *edit = next_edit(walk, side);
	if (group->sides[side].count++ == 0)
		group->sides[side].edits = edit;
	if (edit->from_end > group->end)
		group->end = edit->from_end;
	walk->next[side]++;
}

static bool next_group(struct walk *walk, struct group *group_r)
{
	int side = first_side(walk);
	if (side == SIDES)
		return false;
	*group_r = (struct group){ .from = next_edit(walk, side)->from };
	take(walk, group_r, side);
	while ((side = first_side(walk)) != SIDES && joins(walk, group_r, side))
		take(walk, group_r, side);
	return true;
}

/* What a side that takes part in the group has in place of its base text. */
static struct sl_str side_of(const struct walk *walk, const struct group *group, int side)
{
	const struct sl_text_edit *first = group->sides[side].edits;
	const struct sl_text_edit *last = first + group->sides[side].count - 1;
	size_t at = first->to - (first->from - group->from), end = last->to_end + (group->end - last->from_end);
	return sl_text_part(walk->sides[side].text, at, end);
}

static bool is_one_sided(const struct group *group)
{
	return group->sides[MINE].count == 0 || group->sides[THEIRS].count == 0;
}

static bool only_deletes(const struct group *group)
{
	for (int side = MINE; side < SIDES; side++)
		for (size_t i = 0; i < group->sides[side].count; i++)
			if (!deletes(&group->sides[side].edits[i]))
				return false;
	return true;
}

/* Whether a side replaced all of the group's base text by one edit. */
static bool is_replaced(const struct group *group, int side)
{
	const struct sl_text_edit *edit = group->sides[side].edits;
	return group->sides[side].count == 1 && edit->from == group->from && edit->from_end == group->end;
}

static bool is_token_boundary(struct sl_str text, size_t place)
{
	enum sl_text_token token;
	size_t at = 0;
	while (at < place)
		at = sl_text_token_end(text, at, &token);
	return at == place;
}

/* Whether `longer` is `shorter`, which has at least a word, and more tokens before or behind it. */
static bool extends(struct sl_str longer, struct sl_str shorter)
{
	if (shorter.length >= longer.length || sl_text_count_words(shorter) == 0)
		return false;
	size_t more = longer.length - shorter.length;
	if (memcmp(longer.bytes, shorter.bytes, shorter.length) == 0 && is_token_boundary(longer, shorter.length))
		return true;
	return memcmp(longer.bytes + more, shorter.bytes, shorter.length) == 0 && is_token_boundary(longer, more);
}

/* Decides a group whose sides both take part, if it doesn't clash. */
static bool settle(const struct group *group, struct sl_str mine, struct sl_str theirs, struct sl_str *result_r)
{
	*result_r = theirs;
	if (sl_str_equal(mine, theirs))
		return true;
	if (only_deletes(group)) {
		*result_r = (struct sl_str){ NULL, 0 };
		return true;
	}
	if (!is_replaced(group, MINE) || !is_replaced(group, THEIRS))
		return false;
	if (extends(mine, theirs))
		*result_r = mine;
	return extends(mine, theirs) || extends(theirs, mine);
}

/* Decides a group of edits by word. */
static void merge_words(const struct walk *walk, const struct group *group, struct sl_text_output *output)
{
	struct sl_str mine = { NULL, 0 }, theirs = { NULL, 0 }, result;
	if (group->sides[MINE].count > 0)
		mine = side_of(walk, group, MINE);
	if (group->sides[THEIRS].count > 0)
		theirs = side_of(walk, group, THEIRS);
	if (is_one_sided(group))
		sl_text_output_edit(output, group->from, group->end, group->sides[MINE].count > 0 ? mine : theirs);
	else if (settle(group, mine, theirs, &result))
		sl_text_output_edit(output, group->from, group->end, result);
	else
		sl_text_output_clash(output, group->from, group->end, mine, theirs);
}

/* Merges by word what clashes by line. */
static int merge_clash(const struct walk *lines, const struct group *clash, struct sl_text_output *output)
{
	struct sl_text_side sides[SIDES];
	struct walk walk = { lines->base, sides, SL_TEXT_WORDS, { 0, 0 } };
	struct group group;
	struct sl_arena scratch;
	int code = 0;
	sl_arena_init(&scratch, 0);
	for (int side = MINE; code == 0 && side < SIDES; side++) {
		sides[side].text = lines->sides[side].text;
		code = sl_text_refine(lines->base, sides[side].text, clash->sides[side].edits, clash->sides[side].count,
			&scratch, &sides[side].edits);
	}
	if (code == 0)
		code = sl_text_join_rewritten(lines->base, &sides[MINE], &sides[THEIRS], &scratch);
	while (code == 0 && next_group(&walk, &group))
		merge_words(&walk, &group, output);
	sl_arena_dispose(&scratch);
	return code;
}

static int merge_lines(struct walk *walk, struct sl_text_output *output)
{
	struct group group;
	int code = 0;
	while (code == 0 && next_group(walk, &group)) {
		bool same = !is_one_sided(&group) &&
			sl_str_equal(side_of(walk, &group, MINE), side_of(walk, &group, THEIRS));
		if (same || is_one_sided(&group))
			merge_words(walk, &group, output);
		else
			code = merge_clash(walk, &group, output);
	}
	return code;
}

static int merge(struct sl_str base, struct sl_str mine, struct sl_str theirs, struct sl_arena *arena,
	struct sl_text_merge *merge_r)
{
	struct sl_text_side sides[SIDES] = { { mine, { NULL, 0 } }, { theirs, { NULL, 0 } } };
	struct walk walk = { base, sides, SL_TEXT_LINES, { 0, 0 } };
	struct sl_text_output output;
	struct sl_arena scratch;
	int code = 0;
	sl_arena_init(&scratch, 0);
	sl_text_output_init(&output, base, &scratch);
	for (int side = MINE; code == 0 && side < SIDES; side++)
		code = sl_text_edits_of(base, sides[side].text, SL_TEXT_LINES, &scratch, &sides[side].edits);
	if (code == 0)
		code = merge_lines(&walk, &output);
	if (code == 0)
		code = sl_text_output_finish(&output, arena, merge_r);
	sl_arena_dispose(&scratch);
	return code;
}

int sl_text_merge(struct sl_str base, struct sl_str mine, struct sl_str theirs, struct sl_arena *arena,
	struct sl_text_merge *merge_r, struct sl_err *err)
{
	*merge_r = (struct sl_text_merge){ .text = theirs, .clean = true };
	if (sl_str_equal(mine, theirs) || sl_str_equal(base, mine))
		return 0;
	if (sl_str_equal(base, theirs)) {
		merge_r->text = mine;
		return 0;
	}
	int code = merge(base, mine, theirs, arena, merge_r);
	if (code == 0)
		return 0;
	*merge_r = (struct sl_text_merge){ .clean = false };
	if (code == SL_TOO_LARGE)
		return sl_err_set(err, code, "a text is too long to be merged");
	return sl_err_set(err, code, "out of memory while merging a text");
}
