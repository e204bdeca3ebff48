/* Who a request comes from. There are no accounts yet: everyone is a stranger, and every route that needs one says 401. */
#include "server/session.h"

int sl_auth_identify(struct sl_context *context, struct sl_request *request, enum sl_auth need, struct sl_err *err)
{
	(void)context;
	(void)request;
	(void)need;
	return sl_err_set(err, SL_UNAUTHENTICATED, "sign in first");
}
