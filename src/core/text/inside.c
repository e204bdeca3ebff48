/* Letters typed at one place of a word: see inside.h. Keeps true: the answer is the same whichever side is called mine, and the place
 * is no part of a cluster in any of the texts. Nothing can fail.
 */
#include "core/text/inside.h"

#include "core/text/refine.h"
#include "core/text/tokens.h"

static size_t common_beginning(struct sl_str a, struct sl_str b)
{
	size_t length = 0;
	while (length < a.length && length < b.length && a.bytes[length] == b.bytes[length])
		length++;
	return length;
}

static size_t common_end(struct sl_str a, struct sl_str b)
{
	size_t length = 0;
	while (length < a.length && length < b.length && a.bytes[a.length - length - 1] == b.bytes[b.length - length - 1])
		length++;
	return length;
}

static bool is_open(struct sl_str text, size_t at)
{
	return sl_text_edge_before(text, at) != SL_EDGE_OTHER && sl_text_edge_behind(text, at) != SL_EDGE_OTHER;
}

/* Whether the side can have put something in at base[at]. */
static bool is_inserted_at(struct sl_str base, struct sl_str side, size_t at)
{
	return is_open(base, at) && is_open(side, at) && is_open(side, side.length - (base.length - at));
}

static struct sl_str inserted_at(struct sl_str base, struct sl_str side, size_t at)
{
	return sl_text_part(side, at, side.length - (base.length - at));
}

static size_t least(size_t a, size_t b) { return a < b ? a : b; }

static bool find_place(struct sl_str base, struct sl_str mine, struct sl_str theirs, size_t *at_r)
{
	if (mine.length <= base.length || theirs.length <= base.length)
		return false;
	size_t end = least(common_beginning(base, mine), common_beginning(base, theirs));
	size_t tail = least(common_end(base, mine), common_end(base, theirs));
	for (size_t more = end + tail >= base.length ? end + tail - base.length + 1 : 0; more > 0; more--, end--) {
		*at_r = end;
		if (is_inserted_at(base, mine, end) && is_inserted_at(base, theirs, end))
			return true;
	}
	return false;
}

static bool are_alike(struct sl_str a, struct sl_str b)
{
	size_t shorter = least(a.length, b.length);
	return common_beginning(a, b) == shorter || common_end(a, b) == shorter;
}

static bool is_one_word(struct sl_str text)
{
	enum sl_text_token token;
	return sl_text_token_end(text, 0, &token) == text.length && token == SL_TOKEN_WORD;
}

enum sl_text_inside sl_text_inserted_inside(struct sl_str base, struct sl_str mine, struct sl_str theirs,
	struct sl_text_insertions *insertions_r)
{
	size_t at;
	if (!find_place(base, mine, theirs, &at))
		return SL_INSIDE_NOT;
	struct sl_str m = inserted_at(base, mine, at), t = inserted_at(base, theirs, at);
	*insertions_r = (struct sl_text_insertions){ at, m, t };
	if (are_alike(m, t))
		return SL_INSIDE_NOT;
	bool ends_word = sl_text_edge_before(base, at) == SL_EDGE_LETTER;
	bool begins_word = sl_text_edge_behind(base, at) == SL_EDGE_LETTER;
	if (ends_word && begins_word)
		return is_one_word(m) && is_one_word(t) ? SL_INSIDE_BOTH : SL_INSIDE_NOT;
	bool mine_goes_on = ends_word ? sl_text_edge_behind(m, 0) == SL_EDGE_LETTER : sl_text_edge_before(m, m.length) == SL_EDGE_LETTER;
	bool theirs_goes_on = ends_word ? sl_text_edge_behind(t, 0) == SL_EDGE_LETTER : sl_text_edge_before(t, t.length) == SL_EDGE_LETTER;
	if ((!ends_word && !begins_word) || mine_goes_on == theirs_goes_on)
		return SL_INSIDE_BOTH;
	return mine_goes_on == ends_word ? SL_INSIDE_MINE_FIRST : SL_INSIDE_THEIRS_FIRST;
}
