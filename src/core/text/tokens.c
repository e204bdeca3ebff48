/* Lines and tokens: see tokens.h. Keeps true: a token has at least one byte and ends at the boundary of a grapheme cluster,
 * whatever the text. Nothing here can fail.
 */
#include "core/text/tokens.h"

#include "core/base/utf8.h"
#include "core/text/classes.h"
#include "core/text/pictographs.h"
#include "core/text/word_signs.h"

#define ZERO_WIDTH_JOINER 0x200d
#define NO_POINT UINT32_MAX

size_t sl_text_line_end(struct sl_str text, size_t at)
{
	const char *end = memchr(text.bytes + at, '\n', text.length - at);
	return end ? (size_t)(end - text.bytes) + 1 : text.length;
}

/* The code point at `at` and its length; a byte that begins none is U+FFFD. */
static uint32_t decode(struct sl_str text, size_t at, size_t *length_r)
{
	static const unsigned char lengths[16] = { 1, 1, 1, 1, 1, 1, 1, 1, 0, 0, 0, 0, 2, 2, 3, 4 };
	static const unsigned char bits[5] = { 0, 0x7f, 0x1f, 0x0f, 0x07 };
	const unsigned char *bytes = (const unsigned char *)text.bytes + at;
	size_t length = lengths[bytes[0] >> 4];
	*length_r = 1;
	if (length == 0 || length > text.length - at)
		return 0xfffd;
	uint32_t point = bytes[0] & bits[length];
	for (size_t i = 1; i < length; i++) {
		if ((bytes[i] & 0xc0) != 0x80)
			return 0xfffd;
		point = point << 6 | (bytes[i] & 0x3f);
	}
	*length_r = length;
	return point;
}

/* A place in a text and the code point there. */
struct cursor {
	struct sl_str text;
	size_t at, length;
	uint32_t point, last; /* NO_POINT beyond the ends */
	enum sl_text_class class;
};

static void cursor_read(struct cursor *cursor)
{
	cursor->point = NO_POINT;
	if (cursor->at == cursor->text.length)
		return;
	cursor->point = decode(cursor->text, cursor->at, &cursor->length);
	cursor->class = sl_text_class_of(cursor->point);
}

static void cursor_move(struct cursor *cursor)
{
	cursor->last = cursor->point;
	cursor->at += cursor->length;
	cursor_read(cursor);
}

static bool cursor_is(const struct cursor *cursor, enum sl_text_class class)
{
	return cursor->point != NO_POINT && cursor->class == class;
}

/* Signs that bind the next letter into the same cluster: viramas of scripts whose letters stand for themselves. */
static bool is_linker(uint32_t point)
{
	return point == 0x1039 || point == 0x17d2 || point == 0x1a60 || point == 0x1b44 || point == 0xa9c0;
}

/* Whether the picture at the cursor is joined to what stands before it. */
static bool is_joined(const struct cursor *cursor)
{
	return cursor->last == ZERO_WIDTH_JOINER && cursor->point != NO_POINT && sl_text_is_pictograph(cursor->point);
}

/* What belongs to the sign or letter before the cursor. */
static void take_cluster(struct cursor *cursor)
{
	while (cursor_is(cursor, SL_CLASS_EXTEND) || is_joined(cursor) ||
		(is_linker(cursor->last) && cursor_is(cursor, SL_CLASS_SOLO)))
		cursor_move(cursor);
}

static void take_run(struct cursor *cursor, enum sl_text_class class)
{
	while (cursor_is(cursor, class) || cursor_is(cursor, SL_CLASS_EXTEND))
		cursor_move(cursor);
}

/* --- words --------------------------------------------------------------------------------------------------------- */

static bool is_letter(uint32_t point)
{
	return point != NO_POINT && point != '_' && sl_text_class_of(point) == SL_CLASS_WORD && !sl_text_is_digit(point) &&
		!sl_text_is_prepended(point);
}

/* The code point behind the one at the cursor, whose marks are passed over. */
static uint32_t point_behind(const struct cursor *cursor)
{
	struct cursor ahead = *cursor;
	do
		cursor_move(&ahead);
	while (cursor_is(&ahead, SL_CLASS_EXTEND));
	return ahead.point;
}

/* Whether a digit stands directly behind the code point at the cursor. */
static bool is_before_digit(const struct cursor *cursor)
{
	struct cursor ahead = *cursor;
	cursor_move(&ahead);
	return ahead.point != NO_POINT && sl_text_is_digit(ahead.point);
}

/* Whether the sign at the cursor stands inside a word or number, which has the letter or digit `before` in front of it. */
static bool is_inside_word(const struct cursor *cursor, uint32_t before)
{
	uint32_t sign = cursor->point;
	if (sign == NO_POINT || before == NO_POINT)
		return false;
	if (sl_text_joins_letters(sign) && is_letter(before) && is_letter(point_behind(cursor)))
		return true;
	if (sl_text_joins_digits(sign) && sl_text_is_digit(before) && sl_text_is_digit(point_behind(cursor)))
		return true;
	return sign == '"' && sl_text_is_hebrew(before) && sl_text_is_hebrew(point_behind(cursor));
}

/* Takes what ends a word, be there a letter behind it or not: a joined picture, or the apostrophe behind a Hebrew letter. */
static bool take_ending(struct cursor *cursor, uint32_t before)
{
	bool is_ending = is_joined(cursor) || (cursor->point == '\'' && sl_text_is_hebrew(before));
	if (is_ending) {
		cursor_move(cursor);
		take_cluster(cursor);
	}
	return is_ending;
}

/* The rest of a word, of which the cursor has passed `before`. A currency sign behind a number belongs to it, unless a number
 * touches the sign from behind as well. */
static enum sl_text_token take_word(struct cursor *cursor, uint32_t before)
{
	for (; cursor->point != NO_POINT; cursor_move(cursor)) {
		if (cursor_is(cursor, SL_CLASS_WORD) && !sl_text_is_prepended(cursor->point))
			before = cursor->point;
		else if (!cursor_is(cursor, SL_CLASS_EXTEND) && !is_inside_word(cursor, before))
			break;
	}
	if (take_ending(cursor, before))
		return SL_TOKEN_WORD;
	if (cursor->point != NO_POINT && sl_text_is_currency(cursor->point) && sl_text_is_digit(before)
		&& !is_before_digit(cursor)) {
		cursor_move(cursor);
		take_cluster(cursor);
	}
	return SL_TOKEN_WORD;
}

static bool is_control(uint32_t point)
{
	return point < 0x20 || (point >= 0x7f && point < 0xa0) || point == NO_POINT;
}

/* Passes over signs that belong to what stands behind them, and returns the class of that. */
static enum sl_text_class take_prepended(struct cursor *cursor)
{
	while (sl_text_is_prepended(cursor->last) && !is_control(cursor->point) && !cursor_is(cursor, SL_CLASS_EXTEND)) {
		enum sl_text_class class = cursor->class;
		cursor_move(cursor);
		if (!sl_text_is_prepended(cursor->last))
			return class;
	}
	return SL_CLASS_WORD;
}

static bool is_line_end(struct sl_str text, size_t at, size_t *end_r)
{
	size_t cr = text.bytes[at] == '\r';
	*end_r = at + cr + 1;
	return at + cr < text.length && text.bytes[at + cr] == '\n';
}

static enum sl_text_token take_token(struct cursor *cursor)
{
	enum sl_text_class class = cursor->class;
	cursor_move(cursor);
	if (sl_text_is_prepended(cursor->last))
		class = take_prepended(cursor);
	switch (class) {
	case SL_CLASS_WORD:
		return take_word(cursor, cursor->last);
	case SL_CLASS_BLANK:
		take_run(cursor, SL_CLASS_BLANK);
		return SL_TOKEN_BLANK;
	case SL_CLASS_SOLO:
		take_cluster(cursor);
		return SL_TOKEN_WORD;
	case SL_CLASS_REGIONAL:
		if (cursor_is(cursor, SL_CLASS_REGIONAL))
			cursor_move(cursor);
		break;
	default:
		if (sl_text_is_currency(cursor->last) && cursor->point != NO_POINT && sl_text_is_digit(cursor->point))
			return take_word(cursor, cursor->last);
		break;
	}
	take_cluster(cursor);
	return SL_TOKEN_SIGN;
}

static bool is_plain_letter(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

size_t sl_text_token_end(struct sl_str text, size_t at, enum sl_text_token *token_r)
{
	struct cursor cursor = { .text = text, .at = at, .last = NO_POINT };
	size_t end;
	if (is_line_end(text, at, &end)) {
		*token_r = SL_TOKEN_LINE_END;
		return end;
	}
	for (end = at; end < text.length && is_plain_letter(text.bytes[end]); end++)
		;
	cursor.at = end > at ? end - 1 : at; /* the last plain letter: a mark may follow */
	cursor_read(&cursor);
	*token_r = take_token(&cursor);
	return cursor.at;
}

size_t sl_text_count_words(struct sl_str text)
{
	size_t count = 0;
	enum sl_text_token token;
	for (size_t at = 0; at < text.length; count += token == SL_TOKEN_WORD || token == SL_TOKEN_LINE_END)
		at = sl_text_token_end(text, at, &token);
	return count;
}

/* Where the letter begins that ends before `at`, with its marks. */
static size_t letter_before(struct sl_str text, size_t at)
{
	size_t length;
	uint32_t point = 0;
	do {
		do
			at--;
		while (at > 0 && sl_utf8_is_inside(text.bytes[at]));
		point = decode(text, at, &length);
	} while (at > 0 && sl_text_class_of(point) == SL_CLASS_EXTEND);
	return at;
}

/* The script of that letter. */
static enum sl_text_script script_before(struct sl_str text, size_t at)
{
	size_t length;
	if (at == 0)
		return SL_SCRIPT_OTHER;
	uint32_t point = decode(text, letter_before(text, at), &length);
	return sl_text_class_of(point) == SL_CLASS_EXTEND ? SL_SCRIPT_OTHER : sl_text_script_of(point);
}

static enum sl_text_script script_at(struct sl_str text, size_t at)
{
	size_t length;
	return at < text.length ? sl_text_script_of(decode(text, at, &length)) : SL_SCRIPT_OTHER;
}

bool sl_text_is_inside_word(struct sl_str text, size_t from, size_t end)
{
	enum sl_text_script script = script_at(text, from);
	enum sl_text_token token;
	size_t letters = 0;
	for (size_t at = from; at < end; at = sl_text_token_end(text, at, &token))
		if (script_at(text, at) != script || (script == SL_SCRIPT_SYLLABLES && ++letters == 2))
			return false;
	return script != SL_SCRIPT_OTHER;
}

size_t sl_text_run_end(struct sl_str text, size_t at)
{
	enum sl_text_token token;
	while (script_at(text, at) == SL_SCRIPT_RUNS)
		at = sl_text_token_end(text, at, &token);
	return at;
}

size_t sl_text_run_begin(struct sl_str text, size_t at)
{
	while (script_before(text, at) == SL_SCRIPT_RUNS)
		at = letter_before(text, at);
	return at;
}

bool sl_text_is_layout(struct sl_str text)
{
	enum sl_text_token token = SL_TOKEN_BLANK;
	for (size_t at = 0; at < text.length && (token == SL_TOKEN_BLANK || token == SL_TOKEN_LINE_END);)
		at = sl_text_token_end(text, at, &token);
	return token == SL_TOKEN_BLANK || token == SL_TOKEN_LINE_END;
}

bool sl_text_is_inside_run(struct sl_str text, size_t at)
{
	return sl_text_run_begin(text, at) < at && sl_text_run_end(text, at) > at;
}

bool sl_text_letters_meet(struct sl_str before, struct sl_str behind)
{
	enum sl_text_script script = script_at(behind, 0);
	return script != SL_SCRIPT_OTHER && script == script_before(before, before.length);
}

enum sl_text_edge sl_text_edge_behind(struct sl_str text, size_t at)
{
	size_t length;
	if (at == text.length)
		return SL_EDGE_BLANK;
	uint32_t point = decode(text, at, &length);
	if (is_letter(point))
		return SL_EDGE_LETTER;
	return sl_text_class_of(point) == SL_CLASS_BLANK ? SL_EDGE_BLANK : SL_EDGE_OTHER;
}

enum sl_text_edge sl_text_edge_before(struct sl_str text, size_t at)
{
	if (at == 0)
		return SL_EDGE_BLANK;
	do
		at--;
	while (at > 0 && sl_utf8_is_inside(text.bytes[at]));
	return sl_text_edge_behind(text, at);
}
