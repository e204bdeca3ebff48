/* The words that users type, each unique ("w12z"), and where they are: how the simulator knows that none is lost.
 *
 * A word counts once it is acknowledged, that is durable on its device, until a user who sees it takes it away. Holders
 * are values in the stores of devices and rows of the server; when the last one goes, the word is lost.
 */
#ifndef TESTS_SIM_WORDS_H
#define TESTS_SIM_WORDS_H

#include "core/rows/row.h"

#define SIM_WORDS 1536
#define SIM_WORD_BYTES 12 /* with NUL */

struct sim_word {
	bool used;
	bool text;         /* typed where both sides' words are kept; else where the last writer wins */
	bool acknowledged;
	bool given_up;     /* a user who saw it took it away, or a thing that no software prevents */
	unsigned devices;  /* how often it stands in stores of devices */
	unsigned server;   /* how often in rows of the server */
};

struct sim_words {
	struct sim_word items[SIM_WORDS];
	unsigned count; /* next id; 0 is not used */
	unsigned lost;  /* the first acknowledged word without holder; 0: none */
};

struct sim_wordset {
	uint64_t bits[SIM_WORDS / 64];
};

/* A new word; its text is written to text_r. 0 when all are used up. */
unsigned sim_words_new(struct sim_words *words, bool text, char text_r[SIM_WORD_BYTES]);

/* Reads the next word of the text behind *cursor: its id, or 0 at the end. */
unsigned sim_words_next(struct sl_str text, size_t *cursor);

/* Counts the words of a value that comes or goes. */
void sim_words_hold(struct sim_words *words, struct sl_str value, bool server);
void sim_words_drop(struct sim_words *words, struct sl_str value, bool server);

/* Looks for lost words among those of the value, which was dropped for good. */
void sim_words_check(struct sim_words *words, struct sl_str value);

static inline void sim_wordset_add(struct sim_wordset *set, unsigned word)
{
	set->bits[word / 64] |= UINT64_C(1) << (word % 64);
}

static inline bool sim_wordset_has(const struct sim_wordset *set, unsigned word)
{
	return set->bits[word / 64] >> (word % 64) & 1;
}

/* Gives up those words of the value that nobody holds any more: what takes them can't be prevented. */
void sim_words_excuse(struct sim_words *words, struct sl_str value);

void sim_wordset_add_all(struct sim_wordset *set, struct sl_str text);

#endif
