/* A push from a handler to its answer: the commit in a transaction, 200 or 409 or faults, audit and log. */
#ifndef SL_SERVER_PUSH_H
#define SL_SERVER_PUSH_H

#include "core/commit/commit.h"
#include "server/api.h"

/* Runs `push` on the account's project; now_ms and project_bytes are filled in here. The answer is complete on 0; on a negative
 * code nothing was written to the response. A device that has not pulled gets SL_PULL_REQUIRED, but for an operation that is known
 * already: that is answered as it first was. */
int sl_push_run(struct sl_context *context, struct sl_request *request, struct sl_response *response,
	struct sl_push *push, struct sl_err *err) __attribute__((warn_unused_result));

/* SL_PULL_REQUIRED unless the device has completed its initial pull. Only for requests that can be no known operation. */
int sl_push_gate(const struct sl_context *context, struct sl_err *err) __attribute__((warn_unused_result));

#endif
