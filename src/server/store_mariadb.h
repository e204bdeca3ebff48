/* A project in MariaDB: the store that sl_commit writes through, and reading. */
#ifndef SL_SERVER_STORE_MARIADB_H
#define SL_SERVER_STORE_MARIADB_H

#include "core/commit/commit.h"
#include "server/db.h"

/* One project, on behalf of one request. */
struct sl_project {
	struct sl_db *db;
	int64_t project_id, user_id;
	const char *device_id; /* NULL: none */
	const char *trace_id;
	int64_t history_rows;  /* out: versions stored since the last thinning, set by lock_head */
};

/* The store's functions on `project`, to be used inside a write transaction. */
struct sl_store sl_store_mariadb(struct sl_project *project);


/* The head, without a lock. Returns 0, SL_NOT_FOUND, or what the database said. */
int sl_store_head(struct sl_project *project, struct sl_head *head_r, struct sl_err *err);

/* What changed: rows after `since`, tombstones after `known`. Complete only if both are ≥ head.tombstones_from. */
int sl_store_changes(struct sl_project *project, int64_t since, int64_t known, struct sl_arena *arena, struct sl_delta *changes_r,
	struct sl_err *err);

/* Notes an event that changed nothing, like a conflict, in the project's audit log. */
int sl_store_audit(struct sl_project *project, const char *action, const char *status, int64_t version, int64_t now_ms,
	struct sl_str detail, struct sl_err *err);

#endif
