/* How what users do becomes changes of local rows; see private.h for the steps around it. */
#ifndef SL_CORE_ENGINE_EDITS_H
#define SL_CORE_ENGINE_EDITS_H

#include "core/engine/state.h"

/* --- change.c: what users change ------------------------------------------------------------------------------------- */

/* Faults and depth of what an app hands in. */
int sl_engine_validate(struct sl_engine *engine, const json_t *value, bool is_document, struct sl_err *err);

/* A valid delta of an app. */
int sl_engine_read_delta(struct sl_engine *engine, struct sl_str text, struct sl_delta *delta_r, struct sl_err *err);

/* Starts the waits after which it is pushed. */
void sl_engine_note_edit(struct sl_engine *engine);

/* What the ranks of rows begin with that this engine adds. */
static inline struct sl_str sl_engine_rank_prefix(const struct sl_engine *engine)
{
	return (struct sl_str){ engine->meta.rank_prefix, SL_RANK_PREFIX_BYTES };
}

/* Changes local rows as an edit does: ranks, cascades, timers. */
int sl_engine_apply_edit(struct sl_engine *engine, const struct sl_delta *delta, enum sl_cause cause);

/* The same of an edit as an app gave it. `known`: the app has it already. */
int sl_engine_apply_given(struct sl_engine *engine, const struct sl_delta *delta, bool known);

/* --- edit.c: what users do ------------------------------------------------------------------------------------------ *
 * Refusals come before any change. */

struct sl_edit {
	struct sl_str delta, before;
	int64_t revision;
	int64_t number;               /* under which it is in the inbox already; 0: it is not */
	bool waited;                  /* for the journal: it is taken now, whatever came of that */
	bool again;                   /* it was handed over, or taken, before */
	const struct sl_rowset *past; /* the rows at that revision, data of length 0: not there; or NULL: memory knows them */
	bool doubtful;                /* the journal does not reach it: `past` are the oldest rows that it tells of */
	const struct sl_rowset *doubts; /* rows that nobody knows at that revision, though the journal reaches it; or NULL */
};

int sl_engine_edit(struct sl_engine *engine, const struct sl_edit *edit, struct sl_err *err);

/* For want of the row as the app had it: what the row that it wants and the row as it is have in common, so that nothing of
 * either is dropped. NULL: nothing. In scratch. */
int sl_engine_shared_row(struct sl_engine *engine, const struct sl_key *key, const struct sl_rowset *wanted,
	const struct sl_row **row_r);

/* --- replace.c ------------------------------------------------------------------------------------------------------ */

struct sl_replacement {
	struct sl_str document;
	int64_t revision;
	bool exact;
	const struct sl_rowset *past; /* rows that have changed since that revision, as they were then, data of length 0: not
	                               * there; or NULL: memory knows them */
	const struct sl_rowset *doubts; /* those of them that nobody knows any more; or NULL */
};

int sl_engine_replace(struct sl_engine *engine, const struct sl_replacement *replacement, struct sl_err *err);
int sl_engine_clear(struct sl_engine *engine);

/* --- wait.c: edits of revisions that only the journal reaches --------------------------------------------------------- */

/* The edit, read as `delta`, waits for a job, and is stored until then unless it has a number. */
int sl_engine_wait(struct sl_engine *engine, int64_t number, const struct sl_edit *edit, const struct sl_delta *delta);

/* The document waits likewise, but is not stored. */
int sl_engine_wait_replacement(struct sl_engine *engine, const struct sl_replacement *replacement);

/* --- unknown.c ------------------------------------------------------------------------------------------------------ */

/* What the schema does not name in the row as the app saw it (or NULL) stays in the row that it hands in, but for nulls. */
int sl_engine_keep_unknown(struct sl_engine *engine, const struct sl_row *seen, struct sl_row *row, bool *changed_r);
int sl_engine_keep_all_unknown(struct sl_engine *engine, const struct sl_rowset *seen, struct sl_rowset *wanted);

/* --- follower.c ----------------------------------------------------------------------------------------------------- */

/* A pair "handed/NAME" of the store. */
int sl_engine_load_handed(struct sl_engine *engine, struct sl_str key, struct sl_str value);

/* The holder takes the edits among the pairs that it has not taken yet; when it starts, also its own that waited. */
int sl_engine_take_handed(struct sl_engine *engine, const struct sl_pair *pairs, size_t count, bool starting);

/* A follower's edit waits for the holder. `seen`: what the app saw of the keys. */
int sl_engine_hand_over(struct sl_engine *engine, const struct sl_delta *delta, const struct sl_rowset *keys,
	const struct sl_rowset *seen);

/* Shows the edit that was handed over last. */
int sl_engine_take_waiting(struct sl_engine *engine);

/* Before a follower's own edit changes the row: what the holder has. */
int sl_engine_note_beneath(struct sl_engine *engine, const struct sl_key *key);

/* Takes in a batch of the holder. */
int sl_engine_follow(struct sl_engine *engine, const struct sl_write *writes, size_t count);

#endif
