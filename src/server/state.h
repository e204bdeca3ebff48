/* The state of a project as one consistent read, and how answers carry it. */
#ifndef SL_SERVER_STATE_H
#define SL_SERVER_STATE_H

#include "server/api.h"
#include "server/store_mariadb.h"

struct sl_state {
	struct sl_head head;
	struct sl_rowset *rows;    /* NULL unless asked for, or nothing is stored */
	bool has_changes;          /* `changes` was asked for and can be told from the tombstones kept */
	struct sl_delta changes;
	struct sl_digest recorded; /* with `at_version`: the digest that the history recorded */
};

struct sl_state_query {
	bool rows;                 /* all rows */
	bool changes;              /* what changed after `since`, … */
	int64_t since;
	int64_t known;             /* deletions up to this version are left out; 0: none are */
	bool rows_if_no_changes;   /* … and all rows where that can't be told */
	int64_t at_version;        /* not 0: `rows` as of this version, from the history */
	bool back_to_now;          /* with at_version: `changes` lead from that version to now */
};

/* The project of the request's account. */
struct sl_project sl_state_project(struct sl_context *context, const struct sl_request *request);

/* Reads in one snapshot. Returns 0, SL_NO_SNAPSHOT, or what the database said. */
int sl_state_read(struct sl_project *project, const struct sl_state_query *query, struct sl_arena *arena,
	struct sl_state *state_r, struct sl_err *err) __attribute__((warn_unused_result));

/* Appends `"updatedAt":…,"digest":"…","epoch":"…"`, without comma around. */
void sl_state_write_version(struct sl_buf *out, const struct sl_head *head);

/* Appends `,"projectData":…`; null when nothing is stored. Returns 0 or a negative code. */
int sl_state_write_project(struct sl_buf *out, const struct sl_state *state, struct sl_arena *arena, struct sl_err *err);

/* Appends `,"changes":DELTA`. */
int sl_state_write_changes(struct sl_buf *out, const struct sl_state *state, struct sl_err *err);

#endif
