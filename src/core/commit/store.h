/* What is pushed, and the store that it is pushed to: all that a commit reads and writes.
 *
 * A store is a table of functions over SQL on the server, and over memory in a simulator.
 */
#ifndef SL_CORE_COMMIT_STORE_H
#define SL_CORE_COMMIT_STORE_H

#include "core/base/error.h"
#include "core/delta/delta.h"
#include "core/delta/inverse.h"
#include "core/rows/digest.h"

#define SL_OP_ID_CHARACTERS 128
#define SL_EPOCH_BYTES 64 /* with NUL */

/* A longer answer is kept for replays without its `changes`, and with `"changesOmitted":true`: whoever gets that pulls what
 * changed since its base version. */
#define SL_COMMIT_KEPT_BYTES (64 * 1024)

/* The head of a project. */
struct sl_head {
	int64_t version;           /* `updatedAt`: milliseconds since 1970, issued here; 0: nothing was ever stored */
	struct sl_digest digest;   /* of all rows */
	int64_t rows[SL_ENTITIES]; /* count of rows, by entity */
	int64_t bytes;             /* of all rows, see sl_row_bytes */
	int64_t tombstones_from;   /* deletions after this version are all known; 0: all */
	char epoch[SL_EPOCH_BYTES]; /* names the history that versions belong to: another one after a declared restore */
};

enum sl_action { SL_ACTION_PUSH, SL_ACTION_REPLACE, SL_ACTION_CLEAR, SL_ACTION_RESTORE };

/* "push", "replace", "clear", "restore". */
const char *sl_action_name(enum sl_action action);

struct sl_push {
	enum sl_action action;
	struct sl_str op_id;       /* empty only for a preview */
	bool has_base;
	int64_t base_version;
	struct sl_str epoch;       /* that the base version is of; empty: not told */
	bool rebase;               /* onStale: rebase; else reject */
	bool allow_empty;
	bool preview;              /* restore only: decide nothing, write nothing, give the delta */
	const struct sl_delta *delta;    /* PUSH */
	struct sl_rowset *document;      /* REPLACE: see sl_rows_from_document; its ranks are filled in */
	int64_t restore_version;         /* RESTORE */
	const struct sl_err *refusal; /* why this caller may not push; NULL: it may. A known operation is answered all the same */
	struct sl_str set_aside;   /* JSON array of what merges put aside, kept with the version; empty: nothing */
	const char *at;            /* JSON Pointer of the delta in the request, for faults: "/delta" */
	int64_t now_ms;
	int64_t project_bytes;     /* limit of sl_head.bytes */
};

/* What an operation id stands for once it is stored. */
struct sl_op {
	unsigned char content_hash[16];
	struct sl_str answer; /* the body of its answer, see sl_outcome */
};

/* All that one commit writes, or, with no changes, only the operation and the audit event. */
struct sl_commit_record {
	const struct sl_push *push;
	int64_t previous_version;
	struct sl_head head;             /* the new one */
	const struct sl_change *changes; /* NULL before: insert; NULL after: delete, leaving a tombstone; with versions */
	size_t change_count;
	struct sl_str undo;              /* see inverse.h; empty for the first version */
	struct sl_str summary;           /* JSON: {"shots":{"changed":1},…} */
	struct sl_op op;
};

/* Where a project is stored. All functions return 0 or a negative code (with `err` set) and give texts that live in
 * the arena or longer. They run in one transaction, in which lock_head comes first and keeps other commits out.
 * Lists may be long (every row of a large request) but not empty, and name nothing twice. */
struct sl_store {
	void *context;
	int (*lock_head)(void *context, struct sl_head *head_r, struct sl_err *err);
	/* 1: found, 0: unknown. */
	int (*find_op)(void *context, struct sl_str op_id, struct sl_arena *arena, struct sl_op *op_r, struct sl_err *err);
	/* Adds those of the rows that exist to `into`. */
	int (*read_rows)(void *context, const struct sl_key *keys, size_t count, struct sl_arena *arena,
		struct sl_rowset *into, struct sl_err *err);
	/* Adds all rows to an empty set. */
	int (*read_all)(void *context, struct sl_arena *arena, struct sl_rowset *into, struct sl_err *err);
	/* Adds all rows of the groups of siblings (sl_key_of_siblings). */
	int (*read_siblings)(void *context, const struct sl_key *groups, size_t count, struct sl_arena *arena,
		struct sl_rowset *into, struct sl_err *err);
	/* The last rank of each group; empty when it has no rows. */
	int (*last_ranks)(void *context, const struct sl_key *groups, size_t count, struct sl_arena *arena,
		struct sl_str *ranks_r, struct sl_err *err);
	/* Whether each of the episodes (sl_key_of_episode) exists. */
	int (*has_episodes)(void *context, const struct sl_key *episodes, size_t count, bool *there_r,
		struct sl_err *err);
	/* For each key the version at which it was deleted, 0 for none. */
	int (*read_tombstones)(void *context, const struct sl_key *keys, size_t count, int64_t *versions_r,
		struct sl_err *err);
	/* Rows written after `since` and keys deleted after it. */
	int (*read_changes)(void *context, int64_t since, struct sl_arena *arena, struct sl_delta *changes_r,
		struct sl_err *err);
	/* One record (inverse.h) that leads from now back to `version`, and the digest recorded there. SL_NO_SNAPSHOT. */
	int (*read_undo)(void *context, int64_t version, struct sl_arena *arena, struct sl_str *record_r,
		struct sl_digest *digest_r, struct sl_err *err);
	int (*write)(void *context, const struct sl_commit_record *record, struct sl_err *err);
};

#endif
