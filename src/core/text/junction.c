/* The place where two texts meet: see junction.h. Keeps true: looks at a bounded number of bytes, so that a merge stays linear.
 * Nothing can fail.
 */
#include "core/text/junction.h"

#include "core/base/utf8.h"
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

static bool is_beyond_ascii(char c) { return (unsigned char)c >= 0x80; }

static bool is_letter_or_digit(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_';
}

/* What may stand beyond a window that is full: a letter, a digit, half a flag. What belongs together in one of these cases is not
 * parted. */
static const char *const beyond[] = { "\xd7\x90", "1", "\xf0\x9f\x87\xa9" };
#define BEYOND_BYTES ((size_t)4)

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
	while (at < place && sl_utf8_is_inside(window->bytes[at]))
		at++;
	return at;
}

/* Where what the window has behind `place` ends, without a character that may be no whole one. */
static size_t end_of(const struct sl_text_window *window, size_t place)
{
	size_t end = window->end;
	if (end < sizeof(window->bytes) || !is_beyond_ascii(window->bytes[end - 1]))
		return end;
	while (end > place && sl_utf8_is_inside(window->bytes[end - 1]))
		end--;
	return end > place ? end - 1 : end;
}

/* Whether a word or character goes across text[place] where the text is cut from the front. */
static bool is_across(struct sl_str text, size_t place)
{
	enum sl_text_token token = SL_TOKEN_BLANK;
	size_t at = 0;
	while (at < place)
		at = sl_text_token_end(text, at, &token);
	return at > place && (token == SL_TOKEN_WORD || token == SL_TOKEN_SIGN);
}

/* The same of a window that is full at one side or both; beyond those stands `other`. */
static bool is_across_beside(const struct sl_text_window *window, size_t place, struct sl_str other)
{
	char bytes[sizeof(window->bytes) + 2 * BEYOND_BYTES];
	size_t at = begin_of(window, place), end = end_of(window, place), length = 0;
	bool is_open = sl_text_window_is_full_before(window) && (at == 0 || !is_blank(window->bytes[at - 1]));
	if (is_open)
		memcpy(bytes, other.bytes, length = other.length);
	memcpy(bytes + length, window->bytes + at, end - at);
	place += length - at;
	length += end - at;
	if (window->end == sizeof(window->bytes)) {
		memcpy(bytes + length, other.bytes, other.length);
		length += other.length;
	}
	return is_across((struct sl_str){ bytes, length }, place);
}

/* Whether two bytes can stand side by side within a word or character at all; most that meet can't. */
static bool may_be_within(char before, char behind)
{
	static const char joining[] = "'.,:;$\"";
	if (is_beyond_ascii(before) || is_beyond_ascii(behind))
		return true;
	bool letter_before = is_letter_or_digit(before), letter_behind = is_letter_or_digit(behind);
	if (letter_before && letter_behind)
		return true;
	char sign = letter_before ? behind : before;
	return (letter_before || letter_behind) && sign && strchr(joining, sign);
}

bool sl_text_window_is_spanned(const struct sl_text_window *window, size_t back)
{
	size_t place = SL_TEXT_WINDOW_SIDE - back;
	if (place == window->at || place == window->end || !may_be_within(window->bytes[place - 1], window->bytes[place]))
		return false;
	for (size_t i = 0; i < sizeof(beyond) / sizeof(beyond[0]); i++)
		if (is_across_beside(window, place, sl_str_from(beyond[i])))
			return true;
	return false;
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
