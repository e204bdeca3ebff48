/* A server in memory for tests of the engine: /project as protocol.md has it, decided by sl_commit over memory_store.
 *
 * Devices are numbered. It can be set back to an earlier state, as an operator does who restores a backup.
 */
#ifndef TESTS_UNIT_SYNC_SERVER_H
#define TESTS_UNIT_SYNC_SERVER_H

#include "unit/commit/memory_store.h"

#define SERVER_DEVICES 8
#define SERVER_STATES 16
#define SERVER_VERSIONS 512 /* whose author is remembered */

struct sync_author {
	int64_t version;
	size_t device;
};

struct sync_server {
	struct memory_store states[SERVER_STATES]; /* the last one is the present */
	size_t state_count;
	const char *epoch;
	int64_t now_ms;                 /* stands still unless a test moves it */
	bool pulled[SERVER_DEVICES];    /* the gate before pushes */
	size_t row_bytes;               /* larger rows are invalid */
	int64_t project_bytes;
	size_t request_bytes;           /* larger bodies: 413 */
	bool brief_replays;             /* replays come without others' changes, as those of long answers do */
	bool names_authors;             /* answers with changes say who wrote these: user 7 on "device-1" and so on */
	const char *says;               /* other members that such answers have, each with a comma before it; or NULL */
	struct sync_author authors[SERVER_VERSIONS];
	size_t author_count;
	size_t pulls, pushes;           /* requests of each kind */
	size_t committed;
};

struct sync_request {
	const char *method;
	struct sl_str path, body;
};

/* Returns 0 or SL_NO_MEMORY. */
int sync_server_init(struct sync_server *server) __attribute__((warn_unused_result));
void sync_server_dispose(struct sync_server *server);

/* The project as it is. */
struct memory_store *sync_server_store(struct sync_server *server);

/* Keeps the present state, to be gone back to by its number. */
size_t sync_server_save(struct sync_server *server);
void sync_server_restore(struct sync_server *server, size_t saved);

/* Answers a request: returns the HTTP status, with the body added to `out`. */
int sync_server_answer(struct sync_server *server, size_t device, const struct sync_request *request, struct sl_buf *out);

#endif
