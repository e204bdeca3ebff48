/* A worker process: answers requests until it is told to stop, or has answered enough. */
#ifndef SL_SERVER_WORKER_H
#define SL_SERVER_WORKER_H

#include <sys/types.h>

#include "server/config.h"
#include "server/shared.h"

/* Runs in a fresh child of `supervisor` on its non-blocking listening socket; returns the exit status: 0 when it
 * retired or was told to stop. TERM: finish the request at hand, then stop; USR1: open the log again. */
int sl_worker_run(const struct sl_config *config, struct sl_shared *shared, int listener, pid_t supervisor);

#endif
