/* Rows of a project in SQL: one table of statements per entity, so that no entity has code of its own. */
#ifndef SL_SERVER_STORE_ROWS_H
#define SL_SERVER_STORE_ROWS_H

#include "core/delta/delta.h"
#include "core/delta/inverse.h"
#include "server/db.h"

/* All return 0 or a negative code. Rows are added to `into`, their texts copied to the arena;
 * all rows go into an empty set only. */
int sl_store_rows_all(struct sl_db *db, int64_t project, struct sl_arena *arena, struct sl_rowset *into,
	struct sl_err *err);
int sl_store_rows_some(struct sl_db *db, int64_t project, const struct sl_key *keys, size_t count,
	struct sl_arena *arena, struct sl_rowset *into, struct sl_err *err);
int sl_store_rows_siblings(struct sl_db *db, int64_t project, const struct sl_key *groups, size_t count,
	struct sl_arena *arena, struct sl_rowset *into, struct sl_err *err);
int sl_store_rows_since(struct sl_db *db, int64_t project, int64_t version, struct sl_arena *arena,
	struct sl_rowset *into, struct sl_err *err);

/* Rows that stand for groups of siblings, keyed by the group (sl_key_of_siblings), each with its last rank. */
int sl_store_rows_last(struct sl_db *db, int64_t project, const struct sl_key *groups, size_t count,
	struct sl_arena *arena, struct sl_rowset *into, struct sl_err *err);

/* Rows that stand for those of the episodes that exist: only their key is set. */
int sl_store_rows_episodes(struct sl_db *db, int64_t project, const struct sl_key *episodes, size_t count,
	struct sl_arena *arena, struct sl_rowset *into, struct sl_err *err);

/* Writes the changes: inserts, updates and deletes, by entity, in bulk. */
int sl_store_rows_write(struct sl_db *db, int64_t project, const struct sl_change *changes, size_t count,
	struct sl_arena *arena, struct sl_err *err);

#endif
