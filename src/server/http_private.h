/* What the files of http share: the FastCGI request behind a struct sl_request. Included nowhere else. */
#ifndef SL_SERVER_HTTP_PRIVATE_H
#define SL_SERVER_HTTP_PRIVATE_H

#include <fcgiapp.h>

#include "server/http.h"

struct sl_http {
	FCGX_Request fcgi;
	struct sl_arena arena;
	struct sl_request request;
	struct sl_response response;
	size_t body_bytes; /* of the request, as far as it was read */
};

/* Writes a piece of the answer at once, behind what is buffered in fcgi->out. Returns 0, or -1 when the peer is gone. */
int sl_http_put_records(const FCGX_Request *fcgi, const char *bytes, size_t length) __attribute__((warn_unused_result));

#endif
