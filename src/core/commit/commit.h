/* The server's decision on a push: replay, commit, nothing to do, or conflict. The only path by which a project
 * changes.
 *
 * sl_commit runs inside one transaction of a store: lock the head row → look the operation up → check versions → write
 * rows, inverse, operation and audit. It reads only rows that the push touches (a whole document: all rows), keeps no
 * state and reads no clock, so the same rules run over SQL on the server and over memory in a simulator. Rules:
 * protocol.md "Project", merge.md "Rows", architecture.md "Invariants".
 */
#ifndef SL_CORE_COMMIT_COMMIT_H
#define SL_CORE_COMMIT_COMMIT_H

#include "core/commit/store.h"
#include "core/schema/validate.h"

enum sl_commit_verdict { SL_COMMITTED, SL_UNCHANGED, SL_REPLAYED, SL_CONFLICTED, SL_PREVIEWED };

struct sl_conflict {
	struct sl_key key;
	int64_t server_version;
	bool deleted; /* on the server */
};

struct sl_outcome {
	enum sl_commit_verdict verdict;
	struct sl_head head;       /* as it is now */
	int64_t previous_version;
	bool stale;                /* the push was based on an older version */
	size_t rows_changed;
	struct sl_str answer;      /* COMMITTED, UNCHANGED, REPLAYED: {"ok":true,"updatedAt":…,"digest":…,"epoch":…,
	                            * "opId":…,"rebased":…,"changes":…}; for a replay as it was kept */
	const char *reason;        /* CONFLICTED: "epoch", "version_mismatch", "missing_version", "row_conflict" */
	const struct sl_conflict *conflicts;
	size_t conflict_count;
	struct sl_delta delta;     /* PREVIEWED: what the restore would change */
	struct sl_faults faults;   /* with SL_INVALID: rows that belong to no episode */
};

/* Decides and, if it comes to that, writes. Returns 0 with a verdict, or SL_OP_REUSED, SL_EMPTY_OVERWRITE,
 * SL_INVALID (see outcome_r->faults), SL_TOO_LARGE (project_bytes), SL_NO_SNAPSHOT, SL_NO_MEMORY, SL_INTERNAL (the
 * restored digest is not the recorded one), or what the store returned. After anything but COMMITTED and UNCHANGED
 * the transaction has written nothing. All of the outcome lives in the arena. The same push may be given again, as a
 * repeated transaction does. */
int sl_commit(const struct sl_store *store, const struct sl_push *push, struct sl_arena *arena,
	struct sl_outcome *outcome_r, struct sl_err *err) __attribute__((warn_unused_result));

#endif
