/* The result of a text merge under construction: see output.h. Keeps true: `length` is where the next piece will
 * stand in the result. Fails only for memory.
 */
#include "core/text/output.h"

#include "core/base/error.h"
#include "core/text/refine.h"
#include "core/text/tokens.h"

void sl_text_output_init(struct sl_text_output *output, struct sl_str base, struct sl_arena *scratch)
{
	*output = (struct sl_text_output){ .scratch = scratch, .base = base };
}

/* Room for one more item; returns the array, moved if need be, or NULL with the error noted. */
static void *reserve(struct sl_text_output *output, void *items, size_t count, size_t *capacity, size_t size)
{
	void *grown = sl_arena_grow(output->scratch, items, count, capacity, size);
	if (!grown)
		output->code = SL_NO_MEMORY;
	return grown;
}

static void add(struct sl_text_output *output, struct sl_str piece)
{
	if (output->code != 0 || piece.length == 0)
		return;
	struct sl_str *pieces = reserve(output, output->pieces, output->piece_count, &output->piece_capacity,
		sizeof(*pieces));
	if (!pieces)
		return;
	output->pieces = pieces;
	pieces[output->piece_count++] = piece;
	output->length += piece.length;
}

static void add_base(struct sl_text_output *output, size_t until)
{
	add(output, sl_text_part(output->base, output->base_at, until));
	output->base_at = until;
}

void sl_text_output_edit(struct sl_text_output *output, size_t from, size_t end, struct sl_str text)
{
	add_base(output, from);
	add(output, text);
	output->base_at = end;
	output->after_hunk = false;
}

/* Whether the last hunk reaches so near to `from` that both are one for a reader. */
static bool is_near(const struct sl_text_output *output, size_t from)
{
	return output->after_hunk && sl_text_count_words(sl_text_part(output->base, output->base_at, from)) == 0;
}

/* From the beginning of one part of a text to the end of a later one. */
static struct sl_str span(struct sl_str first, size_t between, struct sl_str last)
{
	return (struct sl_str){ first.bytes, first.length + between + last.length };
}

/* Makes the last hunk reach to the end of `hunk`. It is no clash any more if both sides have the same there after all,
 * which their edits, found in different places, didn't show. */
static void extend_last(struct sl_text_output *output, size_t between, const struct sl_text_hunk *hunk)
{
	struct sl_text_hunk *last = &output->hunks[output->hunk_count - 1];
	last->base = span(last->base, between, hunk->base);
	last->mine = span(last->mine, between, hunk->mine);
	last->theirs = span(last->theirs, between, hunk->theirs);
	if (sl_str_equal(last->mine, last->theirs)) {
		output->hunk_count--;
		output->after_hunk = false;
	}
}

void sl_text_output_clash(struct sl_text_output *output, size_t from, size_t end, struct sl_str mine,
	struct sl_str theirs)
{
	size_t between = from - output->base_at;
	bool near = is_near(output, from);
	add_base(output, from);
	struct sl_text_hunk hunk = { sl_text_part(output->base, from, end), mine, theirs, output->length };
	add(output, theirs);
	output->base_at = end;
	output->after_hunk = true;
	if (output->code != 0)
		return;
	if (near) {
		extend_last(output, between, &hunk);
		return;
	}
	struct sl_text_hunk *hunks = reserve(output, output->hunks, output->hunk_count, &output->hunk_capacity,
		sizeof(*hunks));
	if (!hunks)
		return;
	output->hunks = hunks;
	hunks[output->hunk_count++] = hunk;
}

/* Whether the text begins or ends with a word of a script that puts blanks between words. */
static bool begins_with_word(struct sl_str text)
{
	enum sl_text_token token;
	sl_text_token_end(text, 0, &token);
	return token == SL_TOKEN_WORD && !sl_text_is_inside_word(text, 0, sl_text_token_end(text, 0, &token));
}

static bool ends_with_word(struct sl_str text)
{
	enum sl_text_token token = SL_TOKEN_SIGN;
	size_t at = 0, last = 0;
	while (at < text.length) {
		last = at;
		at = sl_text_token_end(text, at, &token);
	}
	return token == SL_TOKEN_WORD && !sl_text_is_inside_word(text, last, text.length);
}

/* What parts two insertions: nothing, unless a word would join another one. A line end where one of them has several lines. */
static struct sl_str parting_of(struct sl_str first, struct sl_str second)
{
	if (!ends_with_word(first) || !begins_with_word(second))
		return (struct sl_str){ NULL, 0 };
	bool has_lines = memchr(first.bytes, '\n', first.length) || memchr(second.bytes, '\n', second.length);
	return has_lines ? SL_STR("\n") : SL_STR(" ");
}

void sl_text_output_both(struct sl_text_output *output, size_t at, struct sl_str mine, struct sl_str theirs)
{
	struct sl_str parting = parting_of(theirs, mine);
	add_base(output, at);
	struct sl_text_both both = { output->length, theirs.length, parting.length, mine.length };
	add(output, theirs);
	add(output, parting);
	add(output, mine);
	output->after_hunk = false;
	struct sl_text_both *list = reserve(output, output->both, output->both_count, &output->both_capacity, sizeof(*list));
	if (!list)
		return;
	output->both = list;
	list[output->both_count++] = both;
}

static struct sl_str joined(const struct sl_text_output *output, struct sl_arena *arena)
{
	char *bytes = sl_arena_alloc(arena, output->length);
	size_t length = 0;
	for (size_t i = 0; bytes && i < output->piece_count; i++) {
		memcpy(bytes + length, output->pieces[i].bytes, output->pieces[i].length);
		length += output->pieces[i].length;
	}
	return (struct sl_str){ bytes, length };
}

int sl_text_output_finish(struct sl_text_output *output, struct sl_arena *arena, struct sl_text_merge *merge_r)
{
	add_base(output, output->base.length);
	if (output->code != 0)
		return output->code;
	struct sl_text_hunk *hunks = sl_arena_alloc(arena, output->hunk_count * sizeof(*hunks));
	struct sl_text_both *both = sl_arena_alloc(arena, output->both_count * sizeof(*both));
	struct sl_str text = joined(output, arena);
	if (!hunks || !both || !text.bytes)
		return SL_NO_MEMORY;
	if (output->hunk_count)
		memcpy(hunks, output->hunks, output->hunk_count * sizeof(*hunks));
	if (output->both_count)
		memcpy(both, output->both, output->both_count * sizeof(*both));
	*merge_r = (struct sl_text_merge){ text, output->hunk_count == 0, hunks, output->hunk_count, both, output->both_count };
	return 0;
}
