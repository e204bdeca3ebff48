/* One request from connection to access line: what a worker does all day. */
#ifndef SL_SERVER_SERVE_H
#define SL_SERVER_SERVE_H

#include "server/api.h"

struct sl_server {
	struct sl_context context;
	struct sl_http *http;
	int64_t served;      /* requests so far */
	int64_t db_retry_ms; /* steady clock: no attempt to open the database before this */
	int64_t db_wait_ms;  /* between the attempts; 0: the last one worked */
};

/* Prepares a worker's server and tries to open the database; that it is away is no error. Returns 0 or SL_NO_MEMORY. */
int sl_serve_init(struct sl_server *server, const struct sl_config *config, struct sl_shared *shared)
	__attribute__((warn_unused_result));
void sl_serve_dispose(struct sl_server *server);

/* Reads one request from `fd`, which it then owns, and answers it. Returns the connection, the caller's again, when the
 * peer keeps it open; otherwise -1. */
int sl_serve_request(struct sl_server *server, int fd) __attribute__((warn_unused_result));

#endif
