/* Who a request comes from. */
#ifndef SL_SERVER_SESSION_H
#define SL_SERVER_SESSION_H

#include "server/router.h"

/* Fills context->who from the request's credentials; `need` is SL_AUTH_USER or SL_AUTH_WRITE, and the database is there.
 * Errors: SL_UNAUTHENTICATED, SL_FORBIDDEN, and those of the database. */
int sl_auth_identify(struct sl_context *context, struct sl_request *request, enum sl_auth need, struct sl_err *err)
	__attribute__((warn_unused_result));

#endif
