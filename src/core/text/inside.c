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

/* Whether the side can have put its letters in at base[at]. */
static bool is_inserted_at(struct sl_str base, struct sl_str side, size_t at)
{
	return sl_text_is_between_letters(base, at) && sl_text_is_between_letters(side, at) &&
		sl_text_is_between_letters(side, side.length - (base.length - at));
}

static struct sl_str letters_of(struct sl_str base, struct sl_str side, size_t at)
{
	return sl_text_part(side, at, side.length - (base.length - at));
}

static bool are_alike(struct sl_str a, struct sl_str b)
{
	size_t shorter = a.length < b.length ? a.length : b.length;
	return common_beginning(a, b) == shorter || common_end(a, b) == shorter;
}

static size_t least(size_t a, size_t b) { return a < b ? a : b; }

bool sl_text_is_inserted_inside(struct sl_str base, struct sl_str mine, struct sl_str theirs, size_t *at_r)
{
	if (mine.length <= base.length || theirs.length <= base.length)
		return false;
	size_t end = least(common_beginning(base, mine), common_beginning(base, theirs));
	size_t tail = least(common_end(base, mine), common_end(base, theirs));
	for (size_t at = end; at + tail >= base.length; at--) {
		if (is_inserted_at(base, mine, at) && is_inserted_at(base, theirs, at)) {
			*at_r = at;
			return !are_alike(letters_of(base, mine, at), letters_of(base, theirs, at));
		}
		if (at == 0)
			break;
	}
	return false;
}
