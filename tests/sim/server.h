/* The simulated server: the protocol's endpoints over the real sl_commit and a store in memory, answering as
 * src/server does; and what goes wrong with servers: outages, expired sessions, lost databases, damaged answers. */
#ifndef TESTS_SIM_SERVER_H
#define TESTS_SIM_SERVER_H

#include "unit/commit/memory_store.h"
#include "plan.h"

struct sim;

#define SIM_STORES 8 /* databases of one run: the first, copies, and those put back */

enum sim_outage { SIM_OUTAGE_BEFORE, SIM_OUTAGE_AFTER, SIM_OUTAGE_THROTTLED, SIM_OUTAGE_GATEWAY, SIM_OUTAGES };

struct sim_request {
	unsigned device;
	const char *method;
	struct sl_str path, body;
	bool minimal;                /* Prefer: return=minimal */
	bool authors;                /* Prefer: authors */
	struct sl_str if_none_match; /* empty: none */
};

struct sim_response {
	int status;
	struct sl_str body;
	unsigned retry_after_secs; /* 0: no such header */
};

/* That a commit wrote or removed a row. */
struct sim_written {
	int64_t version;
	unsigned device;
	struct sl_key key;
};

/* A database: rows, history, operations, which devices have pulled, and who wrote what. */
struct sim_store {
	struct memory_store memory; /* first: the vtable's context */
	struct sim *sim;
	bool pulled[SIM_DEVICES];
	struct sim_written *written; /* by rising version, in the arena of the run */
	size_t written_count, written_capacity;
};

struct sim_server {
	struct sim_store *stores[SIM_STORES];
	size_t store_count;
	struct sim_store *store, *copy; /* the live one; the operator's backup or NULL */
	unsigned epochs;
	unsigned pushing;          /* the device whose push is being decided */
	int64_t jump_ms;           /* of its clock so far */
	int64_t outage_until_ms;
	enum sim_outage outage;
	bool expired[SIM_DEVICES];
	bool corrupting;           /* the next changes lack a row */
	bool fell_back;            /* ever, in this run */
	int64_t lost_version;      /* the newest that a fall took; 0: there was none */
	unsigned damages;          /* answers that lacked a row, so far */
	bool forgot;               /* deletions, ever: changes since before then can't be told */
	struct sl_rowset *sent;    /* by operation id: the body, its version the commit's, its rank the first answer */
};

void sim_server_init(struct sim *sim);
void sim_server_dispose(struct sim *sim);

/* The last that wrote or removed the row up to a version; NULL: nobody. */
const struct sim_written *sim_server_writer(const struct sim_store *store, const struct sl_key *key, int64_t version);

/* How the server calls a device. */
#define SIM_DEVICE_ID_BYTES 16
void sim_server_device_id(unsigned device, char id_r[SIM_DEVICE_ID_BYTES]);

/* Answers one request; texts live in the arena of the run. */
struct sim_response sim_server_handle(struct sim *sim, const struct sim_request *request);

/* The clock that it believes. */
int64_t sim_server_now(const struct sim *sim);

/* The operator copies the database, or puts the copy back. */
void sim_server_copy(struct sim *sim);
void sim_server_fall_back(struct sim *sim);

/* Whether it issues versions again that devices know as others: then they can't tell its new deletions from those that came before. */
static inline bool sim_server_is_behind(const struct sim_server *server)
{
	return server->store->memory.head.version <= server->lost_version;
}

/* Whether a device may doubt what the server holds. A single damaged answer is told from a fall-back by asking again, as long as
 * the same changes are told again. */
static inline bool sim_server_is_doubtful(const struct sim_server *server)
{
	return server->fell_back || server->damages > (server->forgot ? 0 : 1);
}

/* --- server_answer.c --------------------------------------------------------------------------------------------- */

/* A problem of RFC 9457; `faults` and `limit` may be NULL and 0. */
struct sim_response sim_answer_problem(struct sim *sim, int code, const char *detail, const struct sl_faults *faults,
	int64_t limit);
/* `since` −1: the document. A whole state (`since` 0) lists no deletions up to `known`. All of them name authors if the request
 * asks for that, and the server knows how to. */
struct sim_response sim_answer_state(struct sim *sim, const struct sim_request *request, int64_t since, int64_t known);
struct sim_response sim_answer_conflict(struct sim *sim, const struct sim_request *request, const struct sl_push *push,
	const struct sl_outcome *outcome);
struct sim_response sim_answer_success(struct sim *sim, const struct sim_request *request, const struct sl_outcome *outcome);

#endif
