/* What every handler gets, and the handlers themselves, one file per resource (api_*.c). */
#ifndef SL_SERVER_API_H
#define SL_SERVER_API_H

#include "server/config.h"
#include "server/db.h"
#include "server/http.h"

struct sl_shared; /* memory shared by all workers: hashing slots, counters */

/* Who is asking; all 0 on routes without authentication. */
struct sl_identity {
	int64_t user_id, project_id, session_id;
	const char *device_id; /* X-Device-Id, or the device that the session signed in from; NULL: neither */
	bool pulled;           /* the device has completed its initial pull */
	int64_t project_version; /* when the request came; 0: nothing was ever stored */
};

struct sl_context {
	const struct sl_config *config;
	struct sl_db *db;
	struct sl_shared *shared;
	struct sl_identity who;
	int64_t thin_project; /* set by a handler: thin this project's history after the answer is out; 0: none */
};

/* Returns 0 with the response filled, or a negative code with `err` set: the caller then answers with the problem (unless the
 * handler has begun one itself, which it shows by returning 0 and a status ≥ 400). */
typedef int (*sl_handler)(struct sl_context *context, struct sl_request *request, struct sl_response *response,
	struct sl_err *err);

#define ROUTE(method, path, auth, limit, handler)                                                                      \
	int handler(struct sl_context *context, struct sl_request *request, struct sl_response *response, struct sl_err *err);
#include "server/router.def"
#undef ROUTE

#endif
