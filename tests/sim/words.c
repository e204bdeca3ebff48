/* Where words are; see words.h. Values are scanned as they come and go, so that a step costs what it changes. */
#include "words.h"

#include <stdio.h>
#include <string.h>

/* Of signs in three bytes each: their code points. */
#define CHINESE_FIRST 0x4e00   /* … + the word's number */
#define CHINESE_LAST 0x5800    /* … + the word's number */
#define CHINESE_MIDDLE 0x3400  /* … + one of a few */
#define CHINESE_MIDDLES 7
#define THAI_FIRST 0xe01
#define THAI_LAST 0xe2e
#define THAI_ZERO 0xe02

#define SIGN_BYTES 3

static char *write_sign(char *to, unsigned code)
{
	to[0] = (char)(0xe0 | code >> 12);
	to[1] = (char)(0x80 | (code >> 6 & 0x3f));
	to[2] = (char)(0x80 | (code & 0x3f));
	return to + SIGN_BYTES;
}

/* The code point of a sign of three bytes; 0: there is none. */
static unsigned sign_at(const char *at, const char *end)
{
	const unsigned char *bytes = (const unsigned char *)at;
	if (end - at < SIGN_BYTES || (bytes[0] & 0xf0) != 0xe0)
		return 0;
	return (bytes[0] & 0xfu) << 12 | (bytes[1] & 0x3fu) << 6 | (bytes[2] & 0x3fu);
}

static bool is_within(unsigned code, unsigned first, unsigned count)
{
	return code >= first && code < first + count;
}

static void write_word(unsigned id, enum sim_script script, char text_r[SIM_WORD_BYTES])
{
	char digits[12], *to = text_r;
	int length = snprintf(digits, sizeof(digits), "%u", id);
	if (script == SIM_CHINESE) {
		to = write_sign(to, CHINESE_FIRST + id);
		to = write_sign(to, CHINESE_MIDDLE + id % CHINESE_MIDDLES);
		to = write_sign(to, CHINESE_LAST + id);
	} else if (script == SIM_THAI) {
		to = write_sign(to, THAI_FIRST);
		for (int i = 0; i < length; i++)
			to = write_sign(to, THAI_ZERO + (unsigned)(digits[i] - '0'));
		to = write_sign(to, THAI_LAST);
	} else
		to += snprintf(text_r, SIM_WORD_BYTES, "w%sz", digits);
	*to = '\0';
}

unsigned sim_words_new(struct sim_words *words, bool text, enum sim_script script, char text_r[SIM_WORD_BYTES])
{
	if (words->count + 1 >= SIM_WORDS)
		return 0;
	unsigned id = ++words->count;
	words->items[id] = (struct sim_word){ .used = true, .script = script, .text = text };
	write_word(id, script, text_r);
	return id;
}

/* --- reading ------------------------------------------------------------------------------------------------------ */

static unsigned latin_at(const char *at, const char *end, const char **end_r)
{
	unsigned id = 0;
	const char *start = ++at;
	for (; at < end && *at >= '0' && *at <= '9' && id < SIM_WORDS; at++)
		id = id * 10 + (unsigned)(*at - '0');
	*end_r = at + 1;
	return at < end && at > start && *at == 'z' && id < SIM_WORDS ? id : 0;
}

static unsigned chinese_at(const char *at, const char *end, const char **end_r)
{
	unsigned id = sign_at(at, end) - CHINESE_FIRST;
	*end_r = at + 3 * SIGN_BYTES;
	return *end_r <= end && sign_at(at + SIGN_BYTES, end) == CHINESE_MIDDLE + id % CHINESE_MIDDLES
		&& sign_at(at + 2 * SIGN_BYTES, end) == CHINESE_LAST + id ? id : 0;
}

static unsigned thai_at(const char *at, const char *end, const char **end_r)
{
	unsigned id = 0;
	const char *start = at += SIGN_BYTES;
	for (; is_within(sign_at(at, end), THAI_ZERO, 10) && id < SIM_WORDS; at += SIGN_BYTES)
		id = id * 10 + sign_at(at, end) - THAI_ZERO;
	*end_r = at + SIGN_BYTES;
	return at > start && sign_at(at, end) == THAI_LAST && id < SIM_WORDS ? id : 0;
}

/* The word that begins here, and its end; 0: none does. */
static unsigned word_at(const char *at, const char *end, const char **end_r)
{
	if (*at == 'w')
		return latin_at(at, end, end_r);
	unsigned code = sign_at(at, end);
	if (code == THAI_FIRST)
		return thai_at(at, end, end_r);
	return is_within(code, CHINESE_FIRST + 1, SIM_WORDS - 1) ? chinese_at(at, end, end_r) : 0;
}

unsigned sim_words_find(struct sl_str text, size_t *cursor, size_t *start_r)
{
	const char *at = text.bytes + *cursor, *end = text.bytes + text.length, *behind;
	for (;; at++) {
		while (at < end && *at != 'w' && (unsigned char)*at < 0xe0)
			at++;
		if (at == end)
			break;
		unsigned id = word_at(at, end, &behind);
		if (id) {
			*start_r = (size_t)(at - text.bytes);
			*cursor = (size_t)(behind - text.bytes);
			return id;
		}
	}
	*cursor = text.length;
	return 0;
}

unsigned sim_words_next(struct sl_str text, size_t *cursor)
{
	size_t start;
	return sim_words_find(text, cursor, &start);
}

/* --- words that nobody typed -------------------------------------------------------------------------------------- */

static bool is_letter(char c)
{
	return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

/* Whether a sign stands here that belongs in a word only. Latin letters and digits stand elsewhere, too: only one of them
 * directly behind a letter that begins a word, or before one that ends it, tells of a part of a word. The outer signs of Chinese
 * words stand nowhere else where texts consist of words alone (`strict`). */
static bool is_part_of_word(struct sl_str text, size_t i, bool strict)
{
	const char *at = text.bytes + i, *end = text.bytes + text.length;
	if (*at == 'w')
		return i + 1 < text.length && text.bytes[i + 1] >= '0' && text.bytes[i + 1] <= '9';
	if (*at == 'z')
		return i > 0 && text.bytes[i - 1] >= '0' && text.bytes[i - 1] <= '9';
	unsigned code = (unsigned char)*at >= 0xe0 ? sign_at(at, end) : 0;
	return code == THAI_FIRST || code == THAI_LAST || is_within(code, THAI_ZERO, 10)
		|| is_within(code, CHINESE_MIDDLE, CHINESE_MIDDLES)
		|| (strict && (is_within(code, CHINESE_FIRST, SIM_WORDS) || is_within(code, CHINESE_LAST, SIM_WORDS)));
}

/* Whether letters touch the word that stands between these places; those of an escape in JSON don't count. */
static bool is_run_together(struct sl_str text, size_t start, size_t end)
{
	bool before = start > 0 && is_letter(text.bytes[start - 1]) && !(start > 1 && text.bytes[start - 2] == '\\');
	return text.bytes[start] == 'w' && (before || (end < text.length && is_letter(text.bytes[end])));
}

bool sim_words_any_broken(const struct sim_words *words, struct sl_str text, bool strict, bool joined, size_t *at_r)
{
	size_t cursor = 0, start = 0;
	for (size_t behind = 0; behind < text.length; behind = cursor) {
		unsigned id = sim_words_find(text, &cursor, &start);
		for (*at_r = behind; *at_r < (id ? start : text.length); ++*at_r)
			if (is_part_of_word(text, *at_r, strict))
				return true;
		*at_r = start;
		if (id && (id > words->count || (joined && is_run_together(text, start, cursor))))
			return true;
	}
	return false;
}

/* --- holders ------------------------------------------------------------------------------------------------------ */

void sim_words_hold(struct sim_words *words, struct sl_str value, bool server)
{
	size_t cursor = 0;
	unsigned id;
	while ((id = sim_words_next(value, &cursor)))
		if (server)
			words->items[id].server++;
		else
			words->items[id].devices++;
}

void sim_words_drop(struct sim_words *words, struct sl_str value, bool server)
{
	size_t cursor = 0;
	unsigned id;
	while ((id = sim_words_next(value, &cursor)))
		if (server)
			words->items[id].server--;
		else
			words->items[id].devices--;
}

void sim_words_set_aside(struct sim_words *words, struct sl_str value, bool hold)
{
	size_t cursor = 0;
	unsigned id;
	while ((id = sim_words_next(value, &cursor)))
		words->items[id].aside += hold ? 1 : -1;
}

void sim_words_check(struct sim_words *words, struct sl_str value)
{
	size_t cursor = 0;
	unsigned id;
	while ((id = sim_words_next(value, &cursor))) {
		const struct sim_word *word = &words->items[id];
		if (word->acknowledged && !word->given_up && !word->devices && !word->server && !word->aside && !words->lost)
			words->lost = id;
	}
}

void sim_words_excuse(struct sim_words *words, struct sl_str value)
{
	size_t cursor = 0;
	unsigned id;
	while ((id = sim_words_next(value, &cursor)))
		if (!words->items[id].devices && !words->items[id].server)
			words->items[id].given_up = true;
}

void sim_wordset_add_all(struct sim_wordset *set, struct sl_str text)
{
	size_t cursor = 0;
	unsigned id;
	while ((id = sim_words_next(text, &cursor)))
		sim_wordset_add(set, id);
}

bool sim_words_in_common(struct sl_str a, struct sl_str b)
{
	struct sim_wordset words = { { 0 } };
	size_t cursor = 0;
	unsigned id;
	sim_wordset_add_all(&words, a);
	while ((id = sim_words_next(b, &cursor)))
		if (sim_wordset_has(&words, id))
			return true;
	return false;
}
