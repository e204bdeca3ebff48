/* Memory shared by the supervisor and all workers, kept over reloads: turns for password hashing, and counters. */
#ifndef SL_SERVER_SHARED_H
#define SL_SERVER_SHARED_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#define SL_SHARED_HASHES 64 /* turns that exist; password_hashes_at_once uses the first of them */

/* Counters: each is a name for sl_shared_count and a row of /metrics. */
#define SL_SHARED_COUNTERS(X)                                                                                          \
	X(REQUESTS_2XX) X(REQUESTS_3XX) X(REQUESTS_4XX) X(REQUESTS_5XX) X(REQUEST_MICROSECONDS) X(REQUESTS_CUT)            \
	X(DIGEST_MISMATCHES) X(DB_RECONNECTS) X(WORKER_RESTARTS) X(WORKER_CRASHES)

enum sl_counter {
#define X(name) SL_COUNT_##name,
	SL_SHARED_COUNTERS(X)
#undef X
	SL_COUNTERS
};

struct sl_shared;

/* Maps it, zeroed, for the calling process and those that it forks later. NULL when memory is exhausted. */
struct sl_shared *sl_shared_new(void);
void sl_shared_free(struct sl_shared **shared);

void sl_shared_count(struct sl_shared *shared, enum sl_counter counter, uint64_t more);
uint64_t sl_shared_counter(const struct sl_shared *shared, enum sl_counter counter);

/* Takes one of `at_most` turns, waiting up to `wait_ms` for it. Returns the turn (0 or more), to be given back with
 * sl_shared_hash_release, or -1 when none came free. */
int sl_shared_hash_claim(struct sl_shared *shared, unsigned at_most, int wait_ms);
void sl_shared_hash_release(struct sl_shared *shared, int turn);

/* The supervisor gives back what a dead worker held. */
void sl_shared_forget(struct sl_shared *shared, pid_t dead);

/* Set by the supervisor when its own socket is gone for good: workers then serve what still waits in its backlog. */
void sl_shared_drain(struct sl_shared *shared);
bool sl_shared_draining(const struct sl_shared *shared);

#endif
