/* What two texts have in common: see sl_text_common in merge.h. Keeps true: the result is made of tokens that both texts have, in
 * the order that both have them in. Fails only for memory and size.
 */
#include "core/text/edits.h"
#include "core/text/merge.h"
#include "core/text/refine.h"

/* The parts of `text` that no edit takes away. */
static struct sl_str unchanged(struct sl_str text, const struct sl_text_edits *edits, struct sl_arena *arena)
{
	char *bytes = sl_arena_alloc(arena, text.length + 1);
	size_t length = 0, at = 0;
	for (size_t i = 0; bytes && i <= edits->count; i++) {
		size_t end = i < edits->count ? edits->items[i].from : text.length;
		if (end > at)
			memcpy(bytes + length, text.bytes + at, end - at);
		length += end - at;
		at = i < edits->count ? edits->items[i].from_end : end;
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
		*common_r = unchanged(a, &words, arena);
		code = common_r->bytes ? 0 : SL_NO_MEMORY;
	}
	sl_arena_dispose(&scratch);
	return code;
}
