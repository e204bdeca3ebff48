/* Inside the merge: how much of what was made apart is the same. Two things of one key are one thing if they are alike.
 *
 * Values, also those inside lists and objects, are compared as one text, a line each. With c the characters of words that both
 * have, and t all characters of both, they are alike if 4c ≥ t; where t is less than 20, if they are equal or one of them is empty.
 * A character from U+3000 on counts as three: an ideograph or a syllable says as much as three letters.
 * Source of the rule: merge.md. What has been sent in part, or was only begun, lacks most of what the other side has: of the things
 * that one side has alone, those of the side that has less of them count, and not the other's.
 */
#ifndef SL_CORE_MERGE_LIKENESS_H
#define SL_CORE_MERGE_LIKENESS_H

#include <jansson.h>

#include "core/rows/row.h"

#define SL_MANY_CHARACTERS 20 /* content that isn't the same by chance */

/* What was compared so far; begins as all zero. */
struct sl_likeness {
	size_t common, mine, theirs; /* characters */
	bool differs;                /* some of what was compared is not the same */
	size_t only_mine, only_theirs; /* of the characters, those of what one side has alone; */
	bool mine_alone, theirs_alone; /* whether there is such a thing */
};

/* Adds two objects, or other values; NULL: that side has it not. The member `but` of objects doesn't count (NULL: all do). `scratch`
 * holds what the comparison needs. Returns 0 or SL_NO_MEMORY. */
int sl_likeness_add(struct sl_likeness *likeness, const json_t *mine, const json_t *theirs, const char *but,
	struct sl_arena *scratch) __attribute__((warn_unused_result));

/* The same for the data of rows. Returns 0, SL_NO_MEMORY, or SL_INTERNAL for a damaged row. */
int sl_likeness_add_rows(struct sl_likeness *likeness, const struct sl_row *mine, const struct sl_row *theirs,
	struct sl_arena *scratch) __attribute__((warn_unused_result));

bool sl_likeness_is_alike(const struct sl_likeness *likeness);

/* Whether two things of different places are so much alike that it was one that moved: three quarters of each are the same, or all of
 * what little there is. Apps give the same ids in every episode, and scripts repeat themselves, so to be alike is not enough. */
bool sl_likeness_is_same_thing(const struct sl_likeness *likeness);

/* Of things that were compared each with each, `rows` of them with `columns` others: whether the score at an index is above 0, and no
 * other in its row or column is as high. So both belong together, and nothing else does as much. */
bool sl_likeness_is_best(const size_t *scores, size_t rows, size_t columns, size_t at);

#endif
