/* Inside the merge: new keys for rows of one state, so that what is one thing has one key on all sides. */
#ifndef SL_CORE_MERGE_REKEY_H
#define SL_CORE_MERGE_REKEY_H

#include "core/rows/rowset.h"

struct sl_rekey {
	struct sl_rowset *entries; /* by old key; the new one's episode as the version, its id as the data */
};

/* Returns 0 or SL_NO_MEMORY. */
int sl_rekey_init(struct sl_rekey *rekey, struct sl_arena *arena) __attribute__((warn_unused_result));

bool sl_rekey_is_empty(const struct sl_rekey *rekey);

/* Both keys are of one entity. Returns 0 or SL_NO_MEMORY. */
int sl_rekey_put(struct sl_rekey *rekey, const struct sl_key *from, const struct sl_key *to)
	__attribute__((warn_unused_result));

/* Whether this very key has a new one. */
bool sl_rekey_has(const struct sl_rekey *rekey, const struct sl_key *key);

/* The new key of a row: its own, or that of its episode, or the one that it has. */
struct sl_key sl_rekey_key(const struct sl_rekey *rekey, const struct sl_key *key);

/* The rows with their new keys, as another set: those have no version. Elements of context.episodeSummaries go along.
 *
 * Without a base, rows are followed that moved: one with a new key of its own, not only of its episode, stood elsewhere, so it has no
 * rank. With a base, they are new there: a list of summaries that is the same in the base is about other episodes, and stays.
 * Returns 0, SL_NO_MEMORY, or SL_INTERNAL for damaged summaries. */
int sl_rekey_rows(const struct sl_rekey *rekey, const struct sl_rowset *rows, const struct sl_rowset *base,
	struct sl_arena *arena, struct sl_rowset **rows_r) __attribute__((warn_unused_result));

#endif
