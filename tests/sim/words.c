/* Where words are; see words.h. Values are scanned as they come and go, so that a step costs what it changes. */
#include "words.h"

#include <stdio.h>

unsigned sim_words_new(struct sim_words *words, bool text, char text_r[SIM_WORD_BYTES])
{
	if (words->count + 1 >= SIM_WORDS)
		return 0;
	unsigned id = ++words->count;
	words->items[id] = (struct sim_word){ .used = true, .text = text };
	snprintf(text_r, SIM_WORD_BYTES, "w%uz", id);
	return id;
}

unsigned sim_words_next(struct sl_str text, size_t *cursor)
{
	const char *at = text.bytes + *cursor, *end = text.bytes + text.length;
	while (at < end && (at = memchr(at, 'w', (size_t)(end - at)))) {
		unsigned id = 0;
		const char *digit = ++at;
		while (digit < end && *digit >= '0' && *digit <= '9' && id < SIM_WORDS)
			id = id * 10 + (unsigned)(*digit++ - '0');
		if (digit < end && digit > at && *digit == 'z' && id > 0 && id < SIM_WORDS) {
			*cursor = (size_t)(digit + 1 - text.bytes);
			return id;
		}
	}
	*cursor = text.length;
	return 0;
}

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

void sim_words_check(struct sim_words *words, struct sl_str value)
{
	size_t cursor = 0;
	unsigned id;
	while ((id = sim_words_next(value, &cursor))) {
		const struct sim_word *word = &words->items[id];
		if (word->acknowledged && !word->given_up && !word->devices && !word->server && !words->lost)
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
