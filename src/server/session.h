/* Who is asking: sessions from a bearer token or the session cookie. */
#ifndef SL_SERVER_SESSION_H
#define SL_SERVER_SESSION_H

#include "server/router.h"

#define SL_SESSION_COOKIE "slatesync_session"

/* Fills context->who for a route of class `auth`, SL_AUTH_USER or SL_AUTH_WRITE. Errors: SL_UNAUTHENTICATED,
 * SL_FORBIDDEN (revoked device; a cookie request that changes state without X-Requested-With), SL_MALFORMED (WRITE
 * without X-Device-Id), or what the database said. */
int sl_session_identify(struct sl_context *context, struct sl_request *request, enum sl_auth auth, struct sl_err *err)
	__attribute__((warn_unused_result));

#endif
