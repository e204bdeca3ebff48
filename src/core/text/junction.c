/* The place where two texts meet: see junction.h. Keeps true: looks at a bounded number of bytes, so that a merge stays linear.
 * Nothing can fail.
 */
#include "core/text/junction.h"

#include "core/text/tokens.h"

void sl_text_window_init(struct sl_text_window *window)
{
	window->at = window->end = SL_TEXT_WINDOW_SIDE;
}

void sl_text_window_before(struct sl_text_window *window, struct sl_str text)
{
	size_t length = text.length < window->at ? text.length : window->at;
	if (length)
		memcpy(window->bytes + window->at - length, text.bytes + text.length - length, length);
	window->at -= length;
}

void sl_text_window_behind(struct sl_text_window *window, struct sl_str text)
{
	size_t room = sizeof(window->bytes) - window->end;
	size_t length = text.length < room ? text.length : room;
	if (length)
		memcpy(window->bytes + window->end, text.bytes, length);
	window->end += length;
}

bool sl_text_window_is_full_before(const struct sl_text_window *window) { return window->at == 0; }

static bool is_blank(char c) { return c == ' ' || c == '\n'; }

static bool is_inside_character(char c) { return ((unsigned char)c & 0xc0) == 0x80; }

/* Where cutting may begin, at most at `place`: at the beginning of the text, behind a blank, or else inside a word. */
static size_t begin_of(const struct sl_text_window *window, size_t place)
{
	size_t at = window->at, blank = at;
	if (!sl_text_window_is_full_before(window))
		return at;
	while (blank < place && !is_blank(window->bytes[blank]))
		blank++;
	if (blank < place)
		return blank + 1;
	while (at < place && is_inside_character(window->bytes[at]))
		at++;
	return at;
}

static bool is_letter_or_digit(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' || (unsigned char)c >= 0x80;
}

/* Whether two bytes can stand side by side within a word or character at all; most that meet can't. */
static bool may_be_within(char before, char behind)
{
	static const char joining[] = "'.,:;$\"";
	bool letter_before = is_letter_or_digit(before), letter_behind = is_letter_or_digit(behind);
	if (letter_before && letter_behind)
		return true;
	char sign = letter_before ? behind : before;
	return (letter_before || letter_behind) && sign && strchr(joining, sign);
}

bool sl_text_window_is_spanned(const struct sl_text_window *window, size_t back)
{
	size_t place = SL_TEXT_WINDOW_SIDE - back, at = begin_of(window, place);
	struct sl_str text = { window->bytes, window->end };
	enum sl_text_token token = SL_TOKEN_BLANK;
	if (place == window->at || place == window->end || !may_be_within(window->bytes[place - 1], window->bytes[place]))
		return false;
	while (at < place)
		at = sl_text_token_end(text, at, &token);
	return at > place && (token == SL_TOKEN_WORD || token == SL_TOKEN_SIGN);
}

static bool has_lines(struct sl_str text)
{
	return text.length > 0 && memchr(text.bytes, '\n', text.length) != NULL;
}

struct sl_str sl_text_line_end_in(struct sl_str text)
{
	const char *end = memchr(text.bytes, '\n', text.length);
	return end > text.bytes && end[-1] == '\r' ? SL_STR("\r\n") : SL_STR("\n");
}

struct sl_str sl_text_parting(struct sl_str before, struct sl_str behind)
{
	struct sl_text_window window;
	sl_text_window_init(&window);
	sl_text_window_before(&window, before);
	sl_text_window_behind(&window, behind);
	if (!sl_text_window_is_spanned(&window, 0))
		return (struct sl_str){ NULL, 0 };
	if (has_lines(before))
		return sl_text_line_end_in(before);
	return has_lines(behind) ? sl_text_line_end_in(behind) : SL_STR(" ");
}
