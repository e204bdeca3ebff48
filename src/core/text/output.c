/* The result of a text merge under construction: see output.h. Keeps true: passages rise and don't overlap; the result is the
 * same whichever side is called mine, but for the order of two insertions. Fails only for memory.
 */
#include "core/text/output.h"

#include "core/base/error.h"
#include "core/base/utf8.h"
#include "core/text/junction.h"
#include "core/text/refine.h"
#include "core/text/tokens.h"

void sl_text_output_init(struct sl_text_output *output, struct sl_str base, struct sl_arena *scratch)
{
	*output = (struct sl_text_output){ .scratch = scratch, .base = base };
}

/* --- what stands in a passage's place ------------------------------------------------------------------------------- */

static bool is_twice(const struct sl_text_passage *passage)
{
	return passage->source == SL_TEXT_TWICE || passage->source == SL_TEXT_INSIDE_WORD;
}

/* Two texts, one behind the other, that stand in place of the passage; `swapped`: if mine and theirs were swapped. */
static void outcome_of(const struct sl_text_passage *passage, bool swapped, struct sl_str parts_r[2])
{
	parts_r[0] = swapped ? passage->mine : passage->theirs;
	parts_r[1] = (struct sl_str){ NULL, 0 };
	if (is_twice(passage))
		parts_r[1] = swapped ? passage->theirs : passage->mine;
	else if (passage->source == SL_TEXT_FROM_MINE)
		parts_r[0] = passage->mine;
	else if (passage->source == SL_TEXT_FROM_THEIRS)
		parts_r[0] = passage->theirs;
	else if (passage->source == SL_TEXT_FROM_BOTH)
		parts_r[0] = passage->result;
}

/* --- words that nobody wrote ------------------------------------------------------------------------------------------ */

/* The base text between the last passage and the next one, which begins at `from`. */
static struct sl_str gap_before(const struct sl_text_output *output, size_t from)
{
	size_t at = output->count ? output->passages[output->count - 1].end : 0;
	return sl_text_part(output->base, at, from);
}

/* Whether the gap is one sign, which may have any number of marks. */
static bool is_sign(struct sl_str gap)
{
	enum sl_text_token token;
	return gap.length > 0 && sl_text_token_end(gap, 0, &token) == gap.length && token == SL_TOKEN_SIGN;
}

/* Whether the texts at both sides of the gap don't reach each other. */
static bool is_far(struct sl_str gap) { return gap.length > SL_TEXT_WINDOW_GAP && !is_sign(gap); }

/* Puts the gap into the window, of a long sign only its first and its last character. Returns the bytes that were put. */
static size_t put_gap(struct sl_str gap, struct sl_text_window *window)
{
	size_t first_end = 1, last = gap.length - 1;
	if (gap.length <= SL_TEXT_WINDOW_GAP || !is_sign(gap)) {
		sl_text_window_before(window, gap);
		return gap.length;
	}
	while (sl_utf8_is_inside(gap.bytes[first_end]))
		first_end++;
	while (sl_utf8_is_inside(gap.bytes[last]))
		last--;
	sl_text_window_before(window, sl_text_part(gap, last, gap.length));
	sl_text_window_before(window, sl_text_part(gap, 0, first_end));
	return first_end + gap.length - last;
}

/* Puts into the window what the result has before the gap. */
static void look_back(const struct sl_text_output *output, bool swapped, struct sl_text_window *window)
{
	size_t next = output->count;
	while (next > 0 && !sl_text_window_is_full_before(window)) {
		const struct sl_text_passage *passage = &output->passages[--next];
		size_t at = next ? passage[-1].end : 0;
		struct sl_str parts[2];
		outcome_of(passage, swapped, parts);
		sl_text_window_before(window, parts[1]);
		sl_text_window_before(window, parts[0]);
		sl_text_window_before(window, sl_text_part(output->base, at, passage->from));
	}
}

/* Whether a word or cluster that no side has would come about where `passage` is put behind what is there. */
static bool makes_word(const struct sl_text_output *output, const struct sl_text_passage *passage, bool swapped)
{
	struct sl_str parts[2];
	struct sl_text_window window;
	sl_text_window_init(&window);
	size_t gap_bytes = put_gap(gap_before(output, passage->from), &window);
	look_back(output, swapped, &window);
	outcome_of(passage, swapped, parts);
	sl_text_window_behind(&window, parts[0]);
	sl_text_window_behind(&window, parts[1]);
	sl_text_window_behind(&window, sl_text_part(output->base, passage->end, output->base.length));
	return sl_text_window_is_spanned(&window, 0) ||
		(gap_bytes <= SL_TEXT_WINDOW_GAP && sl_text_window_is_spanned(&window, gap_bytes));
}

/* Whether the passage stands near enough to the last one for their texts to meet, and not all is one side's own text. */
static bool meets_other(const struct sl_text_output *output, const struct sl_text_passage *passage)
{
	if (output->count == 0 || is_far(gap_before(output, passage->from)))
		return false;
	const struct sl_text_passage *last = &output->passages[output->count - 1];
	bool is_single = passage->source == SL_TEXT_FROM_MINE || passage->source == SL_TEXT_FROM_THEIRS;
	return last->is_mixed || !is_single || last->source != passage->source;
}

/* Whether the passage and the one before it have to be decided together, for their texts would join. */
static bool joins_last(const struct sl_text_output *output, const struct sl_text_passage *passage)
{
	if (!meets_other(output, passage) || passage->source == SL_TEXT_INSIDE_WORD ||
		output->passages[output->count - 1].source == SL_TEXT_INSIDE_WORD)
		return false;
	return makes_word(output, passage, false) || makes_word(output, passage, true);
}

/* Whether what both sides want together is a text of which no side has the words: both deleted, but not the same. */
static bool is_new(const struct sl_text_output *output, const struct sl_text_passage *passage)
{
	if (passage->source != SL_TEXT_FROM_BOTH || sl_str_equal(passage->result, passage->mine) ||
		sl_str_equal(passage->result, passage->theirs))
		return false;
	return makes_word(output, passage, false) || makes_word(output, passage, true);
}

/* --- passages --------------------------------------------------------------------------------------------------------- */

/* Whether a side wrote letters before and behind the two letters of the base between the last passage and this one, of which the other
 * one is a hunk. Then the side rather has a word of its own there, of which a choice in the hunk would leave half. */
static bool is_rewritten(const struct sl_text_output *output, const struct sl_text_passage *last,
	const struct sl_text_passage *passage)
{
	const struct sl_text_passage *single = passage->source == SL_TEXT_CLASH ? last : passage;
	enum sl_text_token token;
	if (single->source != SL_TEXT_FROM_MINE && single->source != SL_TEXT_FROM_THEIRS)
		return false;
	size_t second = sl_text_token_end(output->base, last->end, &token);
	struct sl_str gap = gap_before(output, passage->from);
	bool is_mine = single->source == SL_TEXT_FROM_MINE;
	return second < passage->from && sl_text_is_inside_word(output->base, second, passage->from) &&
		sl_text_letters_meet(is_mine ? last->mine : last->theirs, gap) &&
		sl_text_letters_meet(gap, is_mine ? passage->mine : passage->theirs);
}

/* Whether the passage and the last one, of which one is a hunk, are one for a reader: both are hunks with no word between them, or
 * both may be in one word, of a script that puts no blanks between words. */
static bool is_near(const struct sl_text_output *output, const struct sl_text_passage *passage)
{
	if (output->count == 0)
		return false;
	const struct sl_text_passage *last = &output->passages[output->count - 1];
	size_t clashes = (passage->source == SL_TEXT_CLASH) + (last->source == SL_TEXT_CLASH);
	if (clashes == 2 && sl_text_count_words(gap_before(output, passage->from)) == 0)
		return true;
	if (clashes == 0 || last->end == passage->from)
		return false;
	return sl_text_is_inside_word(output->base, last->end, passage->from) || is_rewritten(output, last, passage);
}

/* From the beginning of one part of a text to the end of a later one. */
static struct sl_str span(struct sl_str first, size_t between, struct sl_str last)
{
	return (struct sl_str){ first.bytes, first.length + between + last.length };
}

/* Takes the last passage back and makes `passage` reach from its beginning. It is no clash if both sides have the same there
 * after all, which their edits, found in different places, didn't show. */
static void unite(struct sl_text_output *output, struct sl_text_passage *passage)
{
	struct sl_text_passage last = output->passages[--output->count];
	size_t between = passage->from - last.end;
	passage->from = last.from;
	passage->mine = passage->result = span(last.mine, between, passage->mine);
	passage->theirs = span(last.theirs, between, passage->theirs);
	passage->source = sl_str_equal(passage->mine, passage->theirs) ? SL_TEXT_FROM_BOTH : SL_TEXT_CLASH;
}

static int reserve(struct sl_text_output *output)
{
	if (output->count < output->capacity)
		return 0;
	size_t wanted = output->capacity ? output->capacity * 2 : 16;
	struct sl_text_passage *moved = sl_arena_alloc(output->scratch, wanted * sizeof(*moved));
	if (!moved)
		return SL_NO_MEMORY;
	if (output->count)
		memcpy(moved, output->passages, output->count * sizeof(*moved));
	output->passages = moved;
	output->capacity = wanted;
	return 0;
}

void sl_text_output_add(struct sl_text_output *output, struct sl_text_passage passage)
{
	if (is_new(output, &passage))
		passage.source = SL_TEXT_CLASH;
	while (is_near(output, &passage) || joins_last(output, &passage))
		unite(output, &passage);
	passage.is_mixed = meets_other(output, &passage);
	if (output->code == 0)
		output->code = reserve(output);
	if (output->code == 0)
		output->passages[output->count++] = passage;
}

/* --- the result ------------------------------------------------------------------------------------------------------- */

static bool ends_line(struct sl_str text)
{
	return text.length > 0 && text.bytes[text.length - 1] == '\n';
}

/* What parts two insertions: a line end where each is a last line; else what their words need. */
static struct sl_str parting_of(const struct sl_text_output *output, const struct sl_text_passage *passage)
{
	if (passage->end == output->base.length && ends_line(output->base) && !ends_line(passage->theirs))
		return sl_text_line_end_in(output->base);
	return sl_text_parting(passage->theirs, passage->mine);
}

/* Where a piece is put, if there is a place: first the result is measured, then written. */
struct writer {
	char *bytes; /* or NULL */
	size_t length;
};

static void put(struct writer *writer, struct sl_str piece)
{
	if (writer->bytes && piece.length)
		memcpy(writer->bytes + writer->length, piece.bytes, piece.length);
	writer->length += piece.length;
}

static void put_twice(const struct sl_text_output *output, const struct sl_text_passage *passage, struct writer *writer,
	struct sl_text_both *both)
{
	struct sl_str parting = parting_of(output, passage);
	*both = (struct sl_text_both){ writer->length, passage->theirs.length, parting.length, passage->mine.length };
	put(writer, passage->theirs);
	put(writer, parting);
	put(writer, passage->mine);
}

/* Writes the result and lists what is to be told of it; the lists have room. */
static void write_result(const struct sl_text_output *output, struct writer *writer, struct sl_text_merge *merge,
	struct sl_text_hunk *hunks, struct sl_text_both *both)
{
	size_t at = 0;
	merge->hunk_count = merge->both_count = 0;
	for (size_t i = 0; i < output->count; i++) {
		const struct sl_text_passage *passage = &output->passages[i];
		struct sl_str parts[2];
		put(writer, sl_text_part(output->base, at, passage->from));
		at = passage->end;
		if (passage->source == SL_TEXT_CLASH)
			hunks[merge->hunk_count++] = (struct sl_text_hunk){ sl_text_part(output->base, passage->from, passage->end),
				passage->mine, passage->theirs, writer->length };
		if (is_twice(passage)) {
			put_twice(output, passage, writer, &both[merge->both_count++]);
			continue;
		}
		outcome_of(passage, false, parts);
		put(writer, parts[0]);
	}
	put(writer, sl_text_part(output->base, at, output->base.length));
}

int sl_text_output_finish(struct sl_text_output *output, struct sl_arena *arena, struct sl_text_merge *merge_r)
{
	struct writer writer = { NULL, 0 };
	size_t clashes = 0, twices = 0;
	if (output->code != 0)
		return output->code;
	for (size_t i = 0; i < output->count; i++) {
		clashes += output->passages[i].source == SL_TEXT_CLASH;
		twices += is_twice(&output->passages[i]);
	}
	struct sl_text_hunk *hunks = sl_arena_alloc(arena, clashes * sizeof(*hunks));
	struct sl_text_both *both = sl_arena_alloc(arena, twices * sizeof(*both));
	if (!hunks || !both)
		return SL_NO_MEMORY;
	write_result(output, &writer, merge_r, hunks, both);
	writer = (struct writer){ sl_arena_alloc(arena, writer.length), 0 };
	if (!writer.bytes)
		return SL_NO_MEMORY;
	write_result(output, &writer, merge_r, hunks, both);
	*merge_r = (struct sl_text_merge){ { writer.bytes, writer.length }, clashes == 0, hunks, clashes, both, twices };
	return 0;
}
