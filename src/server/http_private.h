/* What http.c and http_body.c share: the FastCGI request behind a struct sl_request. Included nowhere else. */
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

#endif
