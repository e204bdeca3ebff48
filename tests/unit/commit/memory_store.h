/* A project in memory behind `struct sl_store`: for tests and simulations.
 *
 * A write happens whole or not at all, whatever fails in it. Every call is counted, and any can be made to fail. Memory
 * is given back when the store is disposed of, not before.
 */
#ifndef TESTS_UNIT_MEMORY_STORE_H
#define TESTS_UNIT_MEMORY_STORE_H

#include "core/commit/commit.h"

enum memory_call {
	MEMORY_LOCK_HEAD, MEMORY_FIND_OP, MEMORY_READ_ROWS, MEMORY_READ_ALL, MEMORY_READ_SIBLINGS, MEMORY_LAST_RANKS,
	MEMORY_HAS_EPISODES, MEMORY_READ_TOMBSTONES, MEMORY_READ_CHANGES, MEMORY_READ_UNDO, MEMORY_WRITE, MEMORY_CALLS
};

/* One version of the history. */
struct memory_version {
	int64_t version;
	struct sl_digest digest;
	struct sl_str undo;    /* leads to the version before; empty for the first that is kept */
	struct sl_str summary;
	enum sl_action action;
};

struct memory_store {
	struct sl_store calls;
	struct sl_arena arena;
	struct sl_head head;
	struct sl_rowset *rows;
	struct sl_rowset *tombstones; /* `version`: when the row was deleted */
	struct sl_rowset *ops;        /* under the id as a key of meta: the answer as data, the hash as rank */
	struct sl_rowset *asides;     /* under the id as a key of meta: what its push set aside */
	struct memory_version *versions;
	size_t version_count, version_capacity;

	size_t called[MEMORY_CALLS];    /* how often */
	size_t touched[MEMORY_CALLS];   /* how many rows were given, looked up, or written */
	int fail_with[MEMORY_CALLS];    /* not 0: the call returns this and does nothing */
	bool fail_write_late;           /* fail_with[MEMORY_WRITE] comes when everything was written, and takes it back */
};

/* An empty store: version 0. Returns 0 or SL_NO_MEMORY. Not to be moved in memory afterwards. */
int memory_store_init(struct memory_store *store) __attribute__((warn_unused_result));
void memory_store_dispose(struct memory_store *store);

/* Forgets what was counted. */
void memory_store_reset_counters(struct memory_store *store);

/* Takes one version out of the history; neighbours are composed. Returns 0, SL_NO_SNAPSHOT for an unknown version
 * and for the newest, or what sl_undo_compose returns. */
int memory_store_thin(struct memory_store *store, int64_t version, struct sl_err *err)
	__attribute__((warn_unused_result));

/* Leaves out of a whole state's deletions those up to `version`, which the device that asks has known. Returns 0 or
 * SL_NO_MEMORY. */
int memory_store_leave_out_known(const struct memory_store *store, int64_t version, struct sl_arena *arena,
	struct sl_delta *state);

/* Drops the tombstones of deletions up to `version`. */
void memory_store_drop_tombstones(struct memory_store *store, int64_t version);

#endif
