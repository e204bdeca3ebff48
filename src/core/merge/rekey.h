/* Inside the merge: new keys for rows of one state, so that what is one thing has one key on all sides. */
#ifndef SL_CORE_MERGE_REKEY_H
#define SL_CORE_MERGE_REKEY_H

#include "core/rows/rowset.h"

struct sl_rekey {
	struct sl_rowset *entries; /* by old key; the new one's episode as the version, its id as the data; a rank: it loses its own */
};

/* Returns 0 or SL_NO_MEMORY. */
int sl_rekey_init(struct sl_rekey *rekey, struct sl_arena *arena) __attribute__((warn_unused_result));

bool sl_rekey_is_empty(const struct sl_rekey *rekey);

/* Both keys are of one entity. `moved`: the row comes from elsewhere, so that its rank says nothing. Returns 0 or SL_NO_MEMORY. */
int sl_rekey_put(struct sl_rekey *rekey, const struct sl_key *from, const struct sl_key *to, bool moved)
	__attribute__((warn_unused_result));

/* Whether this very key has a new one. */
bool sl_rekey_has(const struct sl_rekey *rekey, const struct sl_key *key);

/* The new key of a row: its own, or that of its episode, or the one that it has. */
struct sl_key sl_rekey_key(const struct sl_rekey *rekey, const struct sl_key *key);

/* The rows with their new keys, as another set: those have no version, and no rank if they moved. `summaries`: elements of
 * context.episodeSummaries go along. Where two rows would have one key, the set has fewer rows. Returns 0, SL_NO_MEMORY, or
 * SL_INTERNAL for damaged summaries. */
int sl_rekey_rows(const struct sl_rekey *rekey, const struct sl_rowset *rows, bool summaries, struct sl_arena *arena,
	struct sl_rowset **rows_r) __attribute__((warn_unused_result));

/* Whether the two states have different summaries. */
bool sl_rekey_summaries_differ(const struct sl_rowset *a, const struct sl_rowset *b);

#endif
