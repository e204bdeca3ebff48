/* Pushes in unit tests: a store, the push, its outcome, and what must hold after each. ' stands for a quotation
 * mark. */
#ifndef TESTS_UNIT_COMMITTING_H
#define TESTS_UNIT_COMMITTING_H

#include "unit/rows/projects.h"

#include "memory_store.h"

/* A small project with something of everything. */
#define PROJECT                                                                                                        \
	"{'fileName':'f','rawScript':'once','note':1,'episodes':[{'id':1,'title':'one','scenes':[" \
	"{'id':'a','content':'x'},{'id':'b'}],'shots':[{'id':'a'},{'id':'b'}]}," \
	"{'id':2,'scenes':[],'shots':[{'id':'a'}]}]," \
	"'context':{'mood':'dark','characters':[{'id':'c','name':'n','x':[1]}],'locations':[{'id':'l'}]}}"

#define ROOMY ((int64_t)1 << 40) /* project_bytes */

/* One project and whoever pushes to it. */
struct desk {
	struct memory_store store;
	struct sl_arena arena;
	struct sl_outcome outcome; /* of the last push */
	struct sl_err err;
	int64_t now_ms;            /* the server's clock: stands still unless a test moves it */
	unsigned ops;
};

void desk_open(struct desk *desk);
void desk_close(struct desk *desk);

/* Pushes with a new operation id and `reject`, to be varied by the test. */
struct sl_push desk_delta(struct desk *desk, int64_t base, const char *delta);
struct sl_push desk_document(struct desk *desk, int64_t base, const char *document);
struct sl_push desk_restore(struct desk *desk, int64_t base, int64_t version);

/* Decides, and checks what must hold whatever the verdict: the head's digest, counts and bytes are those of the
 * rows, versions rise, rows are whole, and nothing but a commit changes any. Returns sl_commit's code. */
int desk_push(struct desk *desk, const struct sl_push *push);

/* Pushes and expects this code, or this verdict. */
void expect_code(struct desk *desk, const struct sl_push *push, int code);
void expect_verdict(struct desk *desk, const struct sl_push *push, enum sl_commit_verdict verdict);
void expect_conflict(struct desk *desk, const struct sl_push *push, const char *reason);

/* The last conflict names these rows, in any order: "shots/1/a@5" was changed at version 5, "episodes/7-6" deleted
 * at 6 (versions by number of the commit, from 1). */
void expect_conflicts(struct desk *desk, const char *const *rows, size_t count);

/* Shorthand: commits a delta based on the current version, rebases one on an older version. */
int64_t desk_commit(struct desk *desk, const char *delta);
int64_t desk_create(struct desk *desk, const char *document);

/* The answer's member `changes` of the last push, parsed and read as a delta; no changes: an empty one. */
struct sl_delta desk_changes(struct desk *desk);

/* The ids of a group as they read: "a b c". */
void expect_siblings(struct desk *desk, enum sl_entity entity, int64_t episode, const char *expected);

/* The stored data of a row, or "" for none. */
void expect_data(struct desk *desk, enum sl_entity entity, int64_t episode, const char *id, const char *data);

#endif
