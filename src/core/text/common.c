/* What two texts have in common: see sl_text_common in merge.h. Keeps true: the result is made of tokens that both texts have, in
 * the order that both have them in. Fails only for memory and size.
 */
#include "core/text/edits.h"
#include "core/text/merge.h"
#include "core/text/refine.h"
#include "core/text/tokens.h"

/* Whether a run of letters goes across the place where an edit begins or ends, in either text. */
static bool goes_across(struct sl_str a, size_t at_a, struct sl_str b, size_t at_b)
{
	struct sl_str behind = sl_text_part(a, at_a, a.length); /* the same in b as far as it is unchanged */
	struct sl_str before = sl_text_part(a, 0, at_a), other = sl_text_part(b, 0, at_b);
	return sl_text_letters_meet(before, behind) || sl_text_letters_meet(other, behind)
		|| sl_text_letters_meet(before, sl_text_part(b, at_b, b.length));
}

/* The parts of `a` that no edit takes away. Of a run of letters whose words nobody can tell, all is the same or nothing: its letters
 * are in any other run by chance. */
static struct sl_str unchanged(struct sl_str a, struct sl_str b, const struct sl_text_edits *edits, struct sl_arena *arena)
{
	char *bytes = sl_arena_alloc(arena, a.length + 1);
	size_t length = 0, at = 0;
	for (size_t i = 0; bytes && i <= edits->count; i++) {
		const struct sl_text_edit *before = i > 0 ? &edits->items[i - 1] : NULL;
		const struct sl_text_edit *behind = i < edits->count ? &edits->items[i] : NULL;
		size_t end = behind ? behind->from : a.length;
		if (before && goes_across(a, before->from_end, b, before->to_end))
			at = sl_text_run_end(a, at);
		if (behind && goes_across(a, behind->from, b, behind->to))
			end = sl_text_run_begin(a, end);
		if (end > at)
			memcpy(bytes + length, a.bytes + at, end - at);
		length += end > at ? end - at : 0;
		at = behind ? behind->from_end : end;
	}
	return (struct sl_str){ bytes, length };
}

int sl_text_common(struct sl_str a, struct sl_str b, struct sl_arena *arena, struct sl_str *common_r)
{
	struct sl_text_edits lines, words;
	struct sl_arena scratch;
	*common_r = a;
	if (sl_str_equal(a, b))
		return 0;
	if (sl_str_compare(a, b) > 0) /* where a search finds several answers, both orders must find the same */
		return sl_text_common(b, a, arena, common_r);
	sl_arena_init(&scratch, 0);
	int code = sl_text_edits_of(a, b, SL_TEXT_LINES, &scratch, &lines);
	if (code == 0)
		code = sl_text_refine(a, b, lines.items, lines.count, &scratch, &words);
	if (code == 0) {
		*common_r = unchanged(a, b, &words, arena);
		code = common_r->bytes ? 0 : SL_NO_MEMORY;
	}
	sl_arena_dispose(&scratch);
	return code;
}
