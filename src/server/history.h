/* The rolling history of a project: each version's inverse, the way back to any version, and thinning. */
#ifndef SL_SERVER_HISTORY_H
#define SL_SERVER_HISTORY_H

#include "core/rows/digest.h"
#include "core/commit/retention.h"
#include "server/config.h"
#include "server/db.h"

/* Versions stored since the last thinning that make a push ask for the next one. */
#define SL_HISTORY_SLACK 16

struct sl_history_version {
	int64_t version, previous, created_ms;
	struct sl_value device;  /* text or SL_NULL */
	const char *action;
	int64_t rows_changed;
	struct sl_str summary;   /* JSON */
	struct sl_str digest;    /* 16 bytes */
	struct sl_str undo;      /* see core/delta/inverse.h */
};

/* Stores a version. Inside a write transaction. Returns 0 or a negative code. */
int sl_history_add(struct sl_db *db, int64_t project, const struct sl_history_version *version, struct sl_arena *arena,
	struct sl_err *err);

/* One record that leads from the newest version back to `version`, and the digest recorded there. Returns 0,
 * SL_NO_SNAPSHOT, SL_INTERNAL when the chain is broken, or what the database said. */
int sl_history_undo(struct sl_db *db, int64_t project, int64_t version, struct sl_arena *arena, struct sl_str *record_r,
	struct sl_digest *digest_r, struct sl_err *err);

struct sl_history_result {
	int64_t projects, versions_before, versions_removed, operations_expired, tombstones_expired;
};

/* Removes the versions that the configuration no longer keeps, in a transaction of its own, and expires operations and
 * tombstones. What remains stays exact: inverses of removed versions are composed into the next newer one. Adds to
 * *result. With `dry_run` only counts versions. Returns 0 or a negative code. */
int sl_history_thin(struct sl_db *db, const struct sl_config *config, int64_t project, int64_t now_ms, bool dry_run,
	struct sl_history_result *result, struct sl_err *err);

/* The same for all projects. */
int sl_history_gc_all(struct sl_db *db, const struct sl_config *config, int64_t now_ms, bool dry_run,
	struct sl_history_result *result_r, struct sl_err *err);

#endif
