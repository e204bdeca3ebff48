/* From edits by line to edits by word: see refine.h.
 * Keeps true: the edits returned do exactly what those given do, and stay inside them; joined edits do the same as
 * before. Fails only for memory and size.
 */
#include "core/text/refine.h"

#include "core/base/error.h"
#include "core/base/utf8.h"
#include "core/text/tokens.h"

/* Appends the word edits of one line edit. `words` has room for `capacity` and grows. */
static int append(struct sl_text_edits *words, size_t *capacity, const struct sl_text_edits *more,
	const struct sl_text_edit *line, struct sl_arena *arena)
{
	if (more->count > *capacity - words->count) {
		size_t wanted = (*capacity + more->count) * 2;
		struct sl_text_edit *items = sl_arena_alloc(arena, wanted * sizeof(*items));
		if (!items)
			return SL_NO_MEMORY;
		if (words->count)
			memcpy(items, words->items, words->count * sizeof(*items));
		words->items = items;
		*capacity = wanted;
	}
	for (size_t i = 0; i < more->count; i++) {
		struct sl_text_edit edit = more->items[i];
		words->items[words->count++] = (struct sl_text_edit){ line->from + edit.from, line->from + edit.from_end,
			line->to + edit.to, line->to + edit.to_end };
	}
	return 0;
}

int sl_text_refine(struct sl_str base, struct sl_str side, const struct sl_text_edit *edits, size_t count,
	struct sl_arena *arena, struct sl_text_edits *words_r)
{
	size_t capacity = 0;
	*words_r = (struct sl_text_edits){ NULL, 0 };
	for (size_t i = 0; i < count; i++) {
		struct sl_text_edits words;
		struct sl_str before = sl_text_part(base, edits[i].from, edits[i].from_end);
		struct sl_str after = sl_text_part(side, edits[i].to, edits[i].to_end);
		int code = sl_text_edits_of(before, after, SL_TEXT_WORDS, arena, &words);
		if (code == 0)
			code = append(words_r, &capacity, &words, &edits[i], arena);
		if (code != 0)
			return code;
	}
	return 0;
}

/* For every edit, what joining needs to know. */
struct weight {
	size_t words;   /* words and line ends that it took away; 0: never joined, also because the other side agrees */
	size_t run;     /* words and line ends between the edit before and this one */
	bool types;     /* it put words in, and the other side doesn't agree */
	bool follows;   /* between the edit before and this one are only blanks */
	bool letters;   /* of a cut: in it, or before it, are letters whose words nobody can tell, so some are there by chance */
};

static bool has_token(struct sl_str text, enum sl_text_token wanted)
{
	enum sl_text_token token;
	for (size_t at = 0; at < text.length;) {
		at = sl_text_token_end(text, at, &token);
		if (token == wanted)
			return true;
	}
	return false;
}

static bool is_blank(struct sl_str text)
{
	return !has_token(text, SL_TOKEN_WORD) && !has_token(text, SL_TOKEN_SIGN) && !has_token(text, SL_TOKEN_LINE_END);
}

static bool has_run(struct sl_str text)
{
	for (size_t at = 0; at < text.length; at++)
		if (!sl_utf8_is_inside(text.bytes[at]) && sl_text_run_end(text, at) > at)
			return true;
	return false;
}

static bool is_same(const struct sl_text_side *a, const struct sl_text_edit *in_a, const struct sl_text_side *b,
	const struct sl_text_edit *in_b)
{
	return in_a->from == in_b->from && in_a->from_end == in_b->from_end &&
		sl_str_equal(sl_text_part(a->text, in_a->to, in_a->to_end), sl_text_part(b->text, in_b->to, in_b->to_end));
}

/* Weighs the edits of `side`. */
static struct weight *weigh(struct sl_str base, const struct sl_text_side *side, const struct sl_text_side *other,
	struct sl_arena *arena)
{
	struct weight *weights = sl_arena_zalloc(arena, side->edits.count, sizeof(*weights));
	size_t end = 0, j = 0;
	for (size_t i = 0; weights && i < side->edits.count; i++) {
		const struct sl_text_edit *edit = &side->edits.items[i];
		while (j < other->edits.count && other->edits.items[j].from < edit->from)
			j++;
		bool agreed = j < other->edits.count && is_same(side, edit, other, &other->edits.items[j]);
		struct sl_str run = sl_text_part(base, i ? end : edit->from, edit->from);
		weights[i].words = agreed ? 0 : sl_text_count_words(sl_text_part(base, edit->from, edit->from_end));
		weights[i].run = sl_text_count_words(run);
		weights[i].types = !agreed && has_token(sl_text_part(side->text, edit->to, edit->to_end), SL_TOKEN_WORD);
		weights[i].follows = i > 0 && is_blank(run);
		weights[i].letters = !weights[i].types && (has_run(run) || has_run(sl_text_part(base, edit->from, edit->from_end)));
		end = edit->from_end;
	}
	return weights;
}

/* Whether what stands between two edits was rewritten with them, and not left over where only something was taken away. */
static bool belong_together(const struct weight *before, const struct weight *behind)
{
	if (behind->follows && before->types && behind->types)
		return true;
	if (!before->types && !behind->types && !before->letters && !behind->letters)
		return false;
	return before->words > 0 && behind->words > 0 && behind->run <= before->words / 2 && behind->run <= behind->words / 2;
}

static void join(struct sl_text_edits *edits, struct weight *weights)
{
	size_t kept = 0;
	for (size_t i = 0; i < edits->count; i++) {
		struct sl_text_edit edit = edits->items[i];
		struct weight weight = weights[i];
		while (kept > 0 && belong_together(&weights[kept - 1], &weight)) {
			kept--;
			edit.from = edits->items[kept].from;
			edit.to = edits->items[kept].to;
			weight.words += weight.run + weights[kept].words;
			weight.run = weights[kept].run;
			weight.types |= weights[kept].types;
			weight.follows = weights[kept].follows;
			weight.letters |= weights[kept].letters;
		}
		edits->items[kept] = edit;
		weights[kept++] = weight;
	}
	edits->count = kept;
}

int sl_text_join_rewritten(struct sl_str base, struct sl_text_side *a, struct sl_text_side *b, struct sl_arena *arena)
{
	struct weight *of_a = weigh(base, a, b, arena), *of_b = weigh(base, b, a, arena);
	if (!of_a || !of_b)
		return SL_NO_MEMORY;
	join(&a->edits, of_a);
	join(&b->edits, of_b);
	return 0;
}
