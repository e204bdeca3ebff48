/* Deltas: the rows that change and the keys that go; see DELTA in the protocol.
 *
 * A row in a delta is whole: it replaces the stored one. An empty rank means "where it is", or last for a new row.
 */
#ifndef SL_CORE_DELTA_DELTA_H
#define SL_CORE_DELTA_DELTA_H

#include "core/rows/document_read.h"
#include "core/rows/empty.h"

/* A growing list of keys in an arena; all zero but `arena` to begin with. */
struct sl_keys {
	struct sl_arena *arena;
	struct sl_key *items;
	size_t count, capacity;
};

/* A key as it stands in `deleted` (sl_key_write), which has been validated; its text is borrowed. */
struct sl_key sl_key_from_json(enum sl_entity entity, const json_t *value);

/* Adds a key, its text shared. Returns 0 or SL_NO_MEMORY. */
int sl_keys_add(struct sl_keys *keys, const struct sl_key *key) __attribute__((warn_unused_result));

struct sl_delta {
	struct sl_rowset *rows;       /* added or changed */
	const struct sl_key *deleted; /* in the arena */
	size_t deleted_count;
};

/* From a validated delta object; everything copied into the arena. `"field": null` in meta, and an empty value there,
 * become a deleted key. Returns 0 or SL_NO_MEMORY. */
int sl_delta_from_json(const json_t *value, struct sl_arena *arena, struct sl_delta *delta_r, struct sl_err *err)
	__attribute__((warn_unused_result));

/* Appends the delta as a JSON object, with ranks. Empty collections are left out. Returns the buffer's code. */
int sl_delta_write(const struct sl_delta *delta, struct sl_buf *out) __attribute__((warn_unused_result));

/* What turns `before` into `after`: rows whose rank or data differ, keys that only `before` has. Shares texts. */
int sl_delta_difference(const struct sl_rowset *before, const struct sl_rowset *after, struct sl_arena *arena,
	struct sl_delta *delta_r) __attribute__((warn_unused_result));

/* Whether nothing changes. */
bool sl_delta_is_empty(const struct sl_delta *delta);

/* Lists the deletions of the scenes and shots in `rows` that go with a deleted episode, unless the delta writes them
 * (then they are orphans, which the caller reports). Returns 0 or SL_NO_MEMORY. */
int sl_delta_expand(struct sl_delta *delta, const struct sl_rowset *rows, struct sl_arena *arena)
	__attribute__((warn_unused_result));

/* Changes `rows` in place. Rows without rank keep the stored one; new ones without rank go last among their siblings
 * (append_rank.h). Deleting an episode deletes its scenes and shots. Returns 0, or SL_NO_MEMORY with `rows` half changed. */
int sl_delta_apply(const struct sl_delta *delta, struct sl_rowset *rows, struct sl_arena *arena)
	__attribute__((warn_unused_result));

/* The same on a device, whose new rows get ranks under its prefix (see sl_rank_run). */
int sl_delta_apply_as(const struct sl_delta *delta, struct sl_rowset *rows, struct sl_str prefix, struct sl_arena *arena)
	__attribute__((warn_unused_result));

/* The delta that undoes `delta` on `before`: the state that `delta` applies to, or at least its touched rows. The
 * delta must be expanded (sl_delta_expand), and its rows have ranks. */
int sl_delta_invert(const struct sl_delta *delta, const struct sl_rowset *before, struct sl_arena *arena,
	struct sl_delta *inverse_r) __attribute__((warn_unused_result));

/* One delta with the effect of `first`, then `second`. Both must list the scenes and shots of the episodes that they
 * delete, as sl_delta_difference and sl_delta_expand do, and give ranks to the rows that they add. */
int sl_delta_compose(const struct sl_delta *first, const struct sl_delta *second, struct sl_arena *arena,
	struct sl_delta *delta_r) __attribute__((warn_unused_result));

#endif
