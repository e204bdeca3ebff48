/* Which handler a request goes to: router.def is the table, this is how it is read. */
#ifndef SL_SERVER_ROUTER_H
#define SL_SERVER_ROUTER_H

#include "server/api.h"

enum sl_auth { SL_AUTH_NONE, SL_AUTH_OPEN, SL_AUTH_USER, SL_AUTH_WRITE };
enum sl_body_limit { SL_BODY_NO_BODY, SL_BODY_SMALL, SL_BODY_PROJECT };

#define SL_BODY_SMALL_BYTES (64 * 1024)

struct sl_route {
	enum sl_method method;
	const char *path; /* "/project/snapshots/{version}" */
	enum sl_auth auth;
	enum sl_body_limit body;
	sl_handler handler;
};

/* Where a request came in, as FastCGI parameters; NULL or "": not given. */
struct sl_router_place {
	const char *path_info;    /* decoded, as RFC 3875 section 4.1.5 has it */
	const char *document_uri; /* decoded */
	const char *request_uri;  /* as sent: encoded, and with its query */
};

/* The path below the mount point, decoded, in the arena. The first of the three that is given counts; `prefix` is
 * removed if the path begins with it, so that /api/healthz and /healthz are the same. SL_MALFORMED for bad escapes. */
int sl_router_path(struct sl_arena *arena, const struct sl_router_place *place, const char *prefix,
	struct sl_str *path_r, struct sl_err *err) __attribute__((warn_unused_result));

/* The route of `method` (HEAD: that of GET) and `path`, its {…} in params_r, or NULL. *allowed_r has bit 1 << method
 * set for each method that the path has: 0 means that nothing is there. */
const struct sl_route *sl_router_match(const struct sl_route *routes, size_t count, enum sl_method method,
	struct sl_str path, struct sl_str params_r[4], unsigned *allowed_r);

#define SL_ROUTER_ALLOW 64 /* bytes of the longest Allow value and NUL */

/* "GET, HEAD, PUT": the value of Allow. */
void sl_router_allow(unsigned allowed, char text_r[SL_ROUTER_ALLOW]);

#endif
