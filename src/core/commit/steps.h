/* Steps of sl_commit, in the order in which it takes them. Private to commit*.c. All return 0 or a negative code. */
#ifndef SL_CORE_COMMIT_STEPS_H
#define SL_CORE_COMMIT_STEPS_H

#include "core/commit/store.h"
#include "core/schema/faults.h"

struct sl_commit_work {
	const struct sl_store *store;
	const struct sl_push *push;
	struct sl_arena *arena;
	struct sl_outcome *outcome;
	struct sl_err *err;
	unsigned char content_hash[16];
	struct sl_head head;          /* as locked, then the new one */
	bool stale;
	struct sl_rowset *stored;     /* what the store holds of the touched rows */
	struct sl_delta delta;        /* the push as a delta */
	struct sl_rowset *gone;       /* keys of the episodes that it deletes */
	struct sl_change *changes;    /* what really changes; see sl_commit_written */
	size_t change_count, change_capacity;
	struct sl_digest wanted;      /* restore: the digest recorded at the version */
	struct sl_delta others;       /* what others changed since the base, and siblings that had to be respaced */
	bool has_others;
	struct sl_conflict *conflicts;
	size_t conflict_count;
};

/* The new row of a change, or NULL. All of them are copies made for this commit, which it may edit until they are
 * written. */
static inline struct sl_row *sl_commit_written(const struct sl_change *change)
{
	return (struct sl_row *)change->after;
}

/* Notes that memory ran out, and returns SL_NO_MEMORY. */
int sl_commit_no_memory(const struct sl_commit_work *work);

/* The hash of all that makes the request what it is; an operation id may be used again only with the same. */
void sl_commit_hash(const struct sl_push *push, unsigned char hash_r[16]);

/* Turns the push into `delta`, reads the touched rows into `stored`, and keeps in `changes` what differs from them.
 * A restore that would not lead to the recorded digest fails with SL_INTERNAL. */
int sl_commit_make_changes(struct sl_commit_work *work);

/* Adds the conflicts of a stale push: changed rows by their own version, absent ones by their tombstone, and with `rebase` also
 * rows that are stored as they are pushed, if they hold counters: both sides counted. */
int sl_commit_find_moved_rows(struct sl_commit_work *work);

/* Whether others changed rows since the base that are not in the push. work->others must be gathered. */
int sl_commit_find_others(struct sl_commit_work *work, bool *found_r);

/* Scenes and shots whose episode does not exist after the push: a conflict where it was deleted meanwhile, else a
 * fault at the row's place in the request. */
int sl_commit_find_orphans(struct sl_commit_work *work);

/* Gives ranks to new rows that came without: last among their siblings, which are respaced where no room is left. */
int sl_commit_place_new_rows(struct sl_commit_work *work);

/* Moves `head` to its new version, counts and digest, and stamps the changed rows with that version. */
void sl_commit_new_head(struct sl_commit_work *work);

/* The empty guard and the size of the project. */
int sl_commit_check_limits(struct sl_commit_work *work);

/* Builds answer, inverse and summary, and has the store write. */
int sl_commit_finish(struct sl_commit_work *work);

#endif
