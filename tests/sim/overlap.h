/* Where two users' edits of one text truly met: judged by the identity of the words that they typed, removed and left alone, not
 * by any comparison of texts. Users of the simulator never change the order of words, so there is nothing to guess. */
#ifndef TESTS_SIM_OVERLAP_H
#define TESTS_SIM_OVERLAP_H

#include "words.h"

struct sim_overlaps {
	bool known;    /* false: the texts have more words than are looked at, or words in another order, and the counts mean nothing */
	size_t certain; /* places where both replaced the same words differently, or one edited inside what the other removed */
	size_t possible; /* these, and places where merge.md lets a merge ask: edits that touch, or that lie in one run of a script
	                  * without blanks; few words between two replacements of one side count as replaced */
	size_t near;     /* these, and places where edits came within a few words of each other, or both removed the same */
	struct sim_wordset clear; /* words that mine added in no passage of edits less than `away` words apart in which theirs has a part */
};

struct sim_overlaps sim_overlaps_of(const struct sim_words *words, struct sl_str base, struct sl_str mine, struct sl_str theirs,
	size_t away);

#endif
