/* Three-way merge of text: see merge.h; the rule is the line `text` of the merge table.
 * Keeps true: the result is made of pieces of the three texts, in order; base text that no edit covers is in it, every
 * edit is in it or in a hunk. Fails only for memory and size, and then gives nothing.
 */
#include "core/text/merge.h"

#include "core/text/inside.h"
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
	enum sl_text_ancestor ancestor;
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

/* Whether a replacement has more words than it took away: it may be a smaller one and an insertion at its edge. */
static bool grows(struct sl_str base, struct sl_str side, const struct sl_text_edit *edit)
{
	return sl_text_count_words(sl_text_part(side, edit->to, edit->to_end)) >
		sl_text_count_words(sl_text_part(base, edit->from, edit->from_end));
}

/* Whether `edit`, of `side`, clashes with the other side's `before`, which ends where it begins. */
static bool clashes_at_edge(const struct walk *walk, const struct sl_text_edit *before, int side,
	const struct sl_text_edit *edit)
{
	if (!inserts(before) && !inserts(edit))
		return false;
	if (inserts(before) && inserts(edit))
		return true;
	const struct sl_text_edit *other = inserts(before) ? edit : before, *inserted = inserts(before) ? before : edit;
	int replacing = inserts(before) ? side : !side;
	if (!deletes(other)) /* blanks and line ends stand beside anything */
		return grows(walk->base, walk->sides[replacing].text, other)
			&& !sl_text_is_layout(sl_text_part(walk->sides[!replacing].text, inserted->to, inserted->to_end));
	return !is_whole_lines(walk->base, walk->sides[!side].text, before) ||
		!is_whole_lines(walk->base, walk->sides[side].text, edit);
}

static const struct sl_text_edit *last_edit(const struct group *group, int side)
{
	size_t count = group->sides[side].count;
	return count ? &group->sides[side].edits[count - 1] : NULL;
}

/* Whether letters meet at the place where `before`, of the side `!side`, ends and `edit` begins, in the base or in what one of the
 * two wrote. */
static bool letters_meet(const struct walk *walk, const struct sl_text_edit *before, int side, const struct sl_text_edit *edit)
{
	struct sl_str lefts[] = { sl_text_part(walk->base, 0, edit->from),
		sl_text_part(walk->sides[!side].text, before->to, before->to_end) };
	struct sl_str rights[] = { sl_text_part(walk->base, edit->from, walk->base.length),
		sl_text_part(walk->sides[side].text, edit->to, edit->to_end) };
	for (int left = 0; left < 2; left++)
		for (int right = 0; right < 2; right++)
			if (sl_text_letters_meet(lefts[left], rights[right]))
				return true;
	return false;
}

/* Whether `edit` of `side` and an edit that ends before it, of the other side if they touch, may be in one word, of a script that
 * puts no blanks between words. */
static bool may_share_word(const struct walk *walk, const struct sl_text_edit *before, int side, const struct sl_text_edit *edit)
{
	if ((deletes(before) && deletes(edit)) || before->from_end > edit->from)
		return false;
	if (before->from_end == edit->from)
		return letters_meet(walk, before, side, edit);
	return sl_text_is_inside_word(walk->base, before->from_end, edit->from);
}

/* Whether the next edit of `side` has to be decided together with the group. Two edits of one side never touch. */
static bool joins(const struct walk *walk, const struct group *group, int side)
{
	const struct sl_text_edit *edit = next_edit(walk, side);
	if (edit->from < group->end || walk->unit == SL_TEXT_LINES)
		return edit->from <= group->end;
	const struct sl_text_edit *own = last_edit(group, side), *other = last_edit(group, !side);
	if ((own && may_share_word(walk, own, side, edit)) || (other && may_share_word(walk, other, side, edit)))
		return true;
	return other && edit->from == group->end && clashes_at_edge(walk, other, side, edit);
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

/* Whether the next edit, of `side`, or one of the other side that overlaps or touches it has to be decided with the group. */
static bool next_joins(const struct walk *walk, const struct group *group, int side)
{
	const struct sl_text_edit *edit = next_edit(walk, side), *other = next_edit(walk, !side);
	return joins(walk, group, side) || (other && other->from <= edit->from_end && joins(walk, group, !side));
}

static bool next_group(struct walk *walk, struct group *group_r)
{
	int side = first_side(walk);
	if (side == SIDES)
		return false;
	*group_r = (struct group){ .from = next_edit(walk, side)->from };
	take(walk, group_r, side);
	while ((side = first_side(walk)) != SIDES && next_joins(walk, group_r, side))
		take(walk, group_r, side);
	return true;
}

/* How much further a place behind the group stands in the side's text than in the base (as size_t wraps), if `next` edits of the
 * side come before it. */
static size_t shift_of(const struct sl_text_edits *edits, size_t next)
{
	if (next == 0)
		return edits->items[0].to - edits->items[0].from;
	return edits->items[next - 1].to_end - edits->items[next - 1].from_end;
}

/* What a side has in place of the group's base text. Each side has an edit somewhere. */
static struct sl_str side_of(const struct walk *walk, const struct group *group, int side)
{
	const struct sl_text_edits *edits = &walk->sides[side].edits;
	size_t next = walk->next[side], first = next - group->sides[side].count;
	return sl_text_part(walk->sides[side].text, group->from + shift_of(edits, first), group->end + shift_of(edits, next));
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

/* Whether an end of the group lies in a run of letters whose words nobody can tell, and only one side has it so: that side kept other
 * letters of the run, which may be elsewhere as well. */
static bool tears_run(const struct walk *walk, const struct group *group)
{
	return (group->sides[MINE].edits->from != group->sides[THEIRS].edits->from && sl_text_is_inside_run(walk->base, group->from))
		|| (last_edit(group, MINE)->from_end != last_edit(group, THEIRS)->from_end && sl_text_is_inside_run(walk->base, group->end));
}

/* Whether a side replaced all of the group's base text by one edit. */
static bool is_replaced(const struct group *group, int side)
{
	const struct sl_text_edit *edit = group->sides[side].edits;
	return group->sides[side].count == 1 && edit->from == group->from && edit->from_end == group->end;
}

/* Whether `side` deleted all of the group's base text, and the other side put in blanks at one place at most: they are what is left. */
static bool leaves_layout(const struct walk *walk, const struct group *group, int side, struct sl_str *result_r)
{
	*result_r = (struct sl_str){ NULL, 0 };
	if (!is_replaced(group, side) || !deletes(group->sides[side].edits))
		return false;
	for (size_t i = 0; i < group->sides[!side].count; i++) {
		const struct sl_text_edit *edit = &group->sides[!side].edits[i];
		struct sl_str piece = sl_text_part(walk->sides[!side].text, edit->to, edit->to_end);
		if (piece.length && (result_r->length || !sl_text_is_layout(piece)))
			return false;
		*result_r = piece.length ? piece : *result_r;
	}
	return true;
}

/* Whether `side` deleted nothing but blanks and line ends, and the other side only put something in beside them: then that needs
 * them. */
static bool needs_layout(const struct walk *walk, const struct group *group, int side)
{
	for (size_t i = 0; i < group->sides[!side].count; i++)
		if (!inserts(&group->sides[!side].edits[i]))
			return false;
	return is_replaced(group, side) && deletes(group->sides[side].edits)
		&& sl_text_is_layout(sl_text_part(walk->base, group->from, group->end));
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

/* Whether one side inserted at an edge of the group what the other side has there in its replacement of the whole group: then
 * that is what both want. */
static bool holds_insertion(const struct group *group, const struct walk *walk, int side, struct sl_str replaced)
{
	const struct sl_text_edit *edit = group->sides[!side].edits;
	if (!is_replaced(group, side) || group->sides[!side].count != 1 || !inserts(edit))
		return false;
	struct sl_str inserted = sl_text_part(walk->sides[!side].text, edit->to, edit->to_end);
	if (inserted.length >= replaced.length || sl_text_count_words(inserted) == 0)
		return false;
	size_t at = edit->from == group->from ? 0 : replaced.length - inserted.length;
	size_t other_end = at == 0 ? inserted.length : at;
	return memcmp(replaced.bytes + at, inserted.bytes, inserted.length) == 0 && is_token_boundary(replaced, other_end);
}

/* Decides a group whose sides both take part, if it doesn't clash. */
static bool settle(const struct walk *walk, const struct group *group, struct sl_str mine, struct sl_str theirs,
	struct sl_str *result_r)
{
	*result_r = theirs;
	if (sl_str_equal(mine, theirs))
		return true;
	*result_r = (struct sl_str){ NULL, 0 };
	if (!tears_run(walk, group) && (only_deletes(group) || leaves_layout(walk, group, MINE, result_r)
		|| leaves_layout(walk, group, THEIRS, result_r)))
		return true;
	if (needs_layout(walk, group, MINE) || needs_layout(walk, group, THEIRS)) {
		*result_r = needs_layout(walk, group, MINE) ? theirs : mine;
		return true;
	}
	*result_r = theirs;
	bool both_replace = is_replaced(group, MINE) && is_replaced(group, THEIRS);
	if ((both_replace && extends(mine, theirs)) || holds_insertion(group, walk, MINE, mine)) {
		*result_r = mine;
		return true;
	}
	return (both_replace && extends(theirs, mine)) || holds_insertion(group, walk, THEIRS, theirs);
}

/* Whose decision a group is. */
static enum sl_text_source source_of(const struct walk *walk, const struct group *group, struct sl_text_passage *passage)
{
	if (group->sides[THEIRS].count == 0)
		return SL_TEXT_FROM_MINE;
	if (group->sides[MINE].count == 0)
		return SL_TEXT_FROM_THEIRS;
	if (settle(walk, group, passage->mine, passage->theirs, &passage->result))
		return SL_TEXT_FROM_BOTH;
	bool is_insertion = group->from == group->end && walk->ancestor == SL_TEXT_TRUE_BASE;
	return is_insertion ? SL_TEXT_TWICE : SL_TEXT_CLASH;
}

static struct sl_text_passage passage_of(const struct walk *walk, const struct group *group)
{
	return (struct sl_text_passage){ .source = SL_TEXT_CLASH, .from = group->from, .end = group->end,
		.mine = side_of(walk, group, MINE), .theirs = side_of(walk, group, THEIRS) };
}

/* Adds what each side put in at base[at]: of `first`, then of the other side. */
static void add_insertions(struct sl_text_output *output, size_t at, const struct sl_text_insertions *inserted,
	enum sl_text_source first)
{
	struct sl_str mine = inserted->mine, theirs = inserted->theirs;
	struct sl_text_passage of_mine = { .source = SL_TEXT_FROM_MINE, .from = at, .end = at, .mine = mine };
	struct sl_text_passage of_theirs = { .source = SL_TEXT_FROM_THEIRS, .from = at, .end = at, .theirs = theirs };
	bool mine_first = first == SL_TEXT_FROM_MINE;
	of_mine.theirs = mine_first ? sl_text_part(theirs, 0, 0) : sl_text_part(theirs, theirs.length, theirs.length);
	of_theirs.mine = mine_first ? sl_text_part(mine, mine.length, mine.length) : sl_text_part(mine, 0, 0);
	sl_text_output_add(output, mine_first ? of_mine : of_theirs);
	sl_text_output_add(output, mine_first ? of_theirs : of_mine);
}

/* Decides a group that would be a hunk, if both sides only put something in at one place. */
static bool add_inside(const struct walk *walk, const struct sl_text_passage *passage, struct sl_text_output *output)
{
	struct sl_text_insertions inserted;
	struct sl_str base = sl_text_part(walk->base, passage->from, passage->end);
	enum sl_text_inside inside = sl_text_inserted_inside(base, passage->mine, passage->theirs, &inserted);
	if (inside == SL_INSIDE_NOT)
		return false;
	size_t at = passage->from + inserted.at;
	if (inside == SL_INSIDE_BOTH)
		sl_text_output_add(output, (struct sl_text_passage){ .source = SL_TEXT_INSIDE_WORD, .from = at, .end = at,
			.mine = inserted.mine, .theirs = inserted.theirs });
	else
		add_insertions(output, at, &inserted, inside == SL_INSIDE_MINE_FIRST ? SL_TEXT_FROM_MINE : SL_TEXT_FROM_THEIRS);
	return true;
}

/* Decides a group of edits by word. */
static void merge_words(const struct walk *walk, const struct group *group, struct sl_text_output *output)
{
	struct sl_text_passage passage = passage_of(walk, group);
	passage.source = source_of(walk, group, &passage);
	bool may_be_inside = passage.source == SL_TEXT_CLASH && walk->ancestor == SL_TEXT_TRUE_BASE;
	if (!may_be_inside || !add_inside(walk, &passage, output))
		sl_text_output_add(output, passage);
}

/* Merges by word what clashes by line. */
static int merge_clash(const struct walk *lines, const struct group *clash, struct sl_text_output *output)
{
	struct sl_text_side sides[SIDES];
	struct walk walk = { lines->base, sides, SL_TEXT_WORDS, lines->ancestor, { 0, 0 } };
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

/* --- lines inserted into a passage that is gone -------------------------------------------------------------------- */

static bool has_words(struct sl_str text)
{
	enum sl_text_token token = SL_TOKEN_SIGN;
	for (size_t at = 0; at < text.length && token != SL_TOKEN_WORD;)
		at = sl_text_token_end(text, at, &token);
	return token == SL_TOKEN_WORD;
}

/* 1 if an edit left less than half of the words that it found, 0 if not. */
static int rewrites(const struct walk *walk, int side, const struct sl_text_edit *edit)
{
	struct sl_str before = sl_text_part(walk->base, edit->from, edit->from_end);
	struct sl_str after = sl_text_part(walk->sides[side].text, edit->to, edit->to_end);
	size_t words = sl_text_count_words(before), taken = 0;
	struct sl_text_edits edits;
	struct sl_arena scratch;
	sl_arena_init(&scratch, 0);
	int code = sl_text_edits_of(before, after, SL_TEXT_WORDS, &scratch, &edits);
	for (size_t i = 0; code == 0 && i < edits.count; i++)
		taken += sl_text_count_words(sl_text_part(before, edits.items[i].from, edits.items[i].from_end));
	sl_arena_dispose(&scratch);
	return code == 0 ? words > 0 && 2 * taken > words : code;
}

/* 1 if nothing but lines was inserted by `side` in the group, at a place around which the other side has moved or rewritten what
 * stood there, before it and behind it; 0 if not. They would land in a passage that they were not written for. */
static int is_orphaned(const struct walk *walk, const struct group *group, int side)
{
	const struct sl_text_edit *inserted = group->sides[side].edits;
	const struct sl_text_edits *others = &walk->sides[!side].edits;
	size_t next = walk->next[!side];
	if (group->sides[side].count != 1 || !inserts(inserted))
		return 0;
	while (next > 0 && others->items[next - 1].from >= inserted->from)
		next--;
	if (next == 0 || next == others->count)
		return 0;
	const struct sl_text_edit *before = &others->items[next - 1], *behind = &others->items[next];
	if (inserts(before) || inserts(behind) || before->from_end > inserted->from ||
		has_words(sl_text_part(walk->base, before->from_end, inserted->from)) ||
		has_words(sl_text_part(walk->base, inserted->from, behind->from)))
		return 0;
	int code = rewrites(walk, !side, before);
	return code == 1 ? rewrites(walk, !side, behind) : code;
}

/* --- lines --------------------------------------------------------------------------------------------------------- */

static int merge_group(const struct walk *walk, const struct group *group, struct sl_text_output *output)
{
	struct sl_text_passage passage = passage_of(walk, group);
	bool is_same = sl_str_equal(passage.mine, passage.theirs);
	int orphaned = is_orphaned(walk, group, MINE);
	if (orphaned == 0)
		orphaned = is_orphaned(walk, group, THEIRS);
	if (orphaned < 0)
		return orphaned;
	if (orphaned && !is_same)
		sl_text_output_add(output, passage);
	else if (is_same || is_one_sided(group))
		merge_words(walk, group, output);
	else
		return merge_clash(walk, group, output);
	return 0;
}

static int merge_lines(struct walk *walk, struct sl_text_output *output)
{
	struct group group;
	int code = 0;
	while (code == 0 && next_group(walk, &group))
		code = merge_group(walk, &group, output);
	return code;
}

static int merge(struct sl_str base, struct sl_str mine, struct sl_str theirs, enum sl_text_ancestor ancestor,
	struct sl_arena *arena, struct sl_text_merge *merge_r)
{
	struct sl_text_side sides[SIDES] = { { mine, { NULL, 0 } }, { theirs, { NULL, 0 } } };
	struct walk walk = { base, sides, SL_TEXT_LINES, ancestor, { 0, 0 } };
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

int sl_text_merge(struct sl_str base, struct sl_str mine, struct sl_str theirs, enum sl_text_ancestor ancestor,
	struct sl_arena *arena, struct sl_text_merge *merge_r, struct sl_err *err)
{
	*merge_r = (struct sl_text_merge){ .text = theirs, .clean = true };
	if (sl_str_equal(mine, theirs) || sl_str_equal(base, mine))
		return 0;
	if (sl_str_equal(base, theirs)) {
		merge_r->text = mine;
		return 0;
	}
	int code = merge(base, mine, theirs, ancestor, arena, merge_r);
	if (code == 0)
		return 0;
	*merge_r = (struct sl_text_merge){ .clean = false };
	if (code == SL_TOO_LARGE)
		return sl_err_set(err, code, "a text is too long to be merged");
	return sl_err_set(err, code, "out of memory while merging a text");
}
