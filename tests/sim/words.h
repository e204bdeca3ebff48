/* The words that users type, each unique, and where they are: how the simulator knows that none is lost, and none invented.
 *
 * A word shows its identity: "w12z" in Latin. In Thai it is a run of letters that stand for digits, between one that begins and
 * one that ends a word: "กขงฮ". In Chinese, where signs are many, it has three: the outer ones are its own, the middle one is
 * that of many words, since words of one another's place have signs in common: "丌㐃倌". No text holds these signs otherwise.
 *
 * A word counts once it is acknowledged, that is durable on its device, until a user who sees it takes it away. Holders
 * are values in the stores of devices and rows of the server; when the last one goes, the word is lost.
 */
#ifndef TESTS_SIM_WORDS_H
#define TESTS_SIM_WORDS_H

#include "core/rows/row.h"

#include "plan.h"

#define SIM_WORDS 1536
#define SIM_WORD_BYTES 20 /* with NUL */

enum sim_script { SIM_LATIN, SIM_CHINESE, SIM_THAI };


struct sim_word {
	bool used;
	enum sim_script script;
	bool text;         /* typed where both sides' words are kept; else where the last writer wins */
	bool acknowledged;
	bool doubted;      /* it stood in a row that a server which had fallen back took away */
	bool given_up;     /* a user who saw it took it away, or a thing that no software prevents */
	unsigned birth;    /* which new row it was typed into; 0: none */
	uint32_t seen[SIM_DEVICES]; /* at which of its events each device first showed it; 0: never yet */
	unsigned devices;  /* how often it stands in stores of devices */
	unsigned server;   /* how often in rows of the server */
	int aside;         /* how often among what it was told to have been set aside */
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
unsigned sim_words_new(struct sim_words *words, bool text, enum sim_script script, char text_r[SIM_WORD_BYTES]);

/* Reads the next word of the text behind *cursor: its id, or 0 at the end. */
unsigned sim_words_next(struct sl_str text, size_t *cursor);

/* The same, with the place where it begins. */
unsigned sim_words_find(struct sl_str text, size_t *cursor, size_t *start_r);

/* Looks for what nobody typed: parts of words, and words that were never given out. `strict`: texts consist of words alone; `joined`:
 * words that ran into each other for want of a blank count, too. The text may be JSON. False: all words are whole; else *at_r
 * is where not. */
bool sim_words_any_broken(const struct sim_words *words, struct sl_str text, bool strict, bool joined, size_t *at_r);

/* Counts the words of a value that comes or goes. */
void sim_words_hold(struct sim_words *words, struct sl_str value, bool server);
void sim_words_drop(struct sim_words *words, struct sl_str value, bool server);

/* The same of what the server was told to have been set aside. */
void sim_words_set_aside(struct sim_words *words, struct sl_str value, bool hold);

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

/* Whether a word stands in both. */
bool sim_words_in_common(struct sl_str a, struct sl_str b);

void sim_wordset_add_all(struct sim_wordset *set, struct sl_str text);

#endif
