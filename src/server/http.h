/* One HTTP request and its response, over FastCGI. The only room that knows fcgiapp.h.
 *
 * A handler reads the request, then fills the response; it frees nothing. All texts live in the request's arena.
 */
#ifndef SL_SERVER_HTTP_H
#define SL_SERVER_HTTP_H

#include <jansson.h>

#include "core/base/arena.h"
#include "core/base/buf.h"
#include "core/base/error.h"

struct sl_http;

enum sl_method { SL_GET, SL_HEAD, SL_PUT, SL_POST, SL_DELETE, SL_OTHER_METHOD };

struct sl_request {
	enum sl_method method;
	struct sl_str path;        /* below the mount point, percent-decoded: "/project/snapshots/17" */
	struct sl_str query;       /* raw, without '?' */
	struct sl_str params[4];   /* path segments that the route's {…} matched */
	size_t body_limit;         /* bytes, from the route */
	const char *trace_id;      /* 32 hex digits */
	const char *device_id;     /* checked X-Device-Id, or NULL */
	struct sl_arena *arena;
	struct sl_http *http;      /* private */
};

/* A header's value by its HTTP name ("If-None-Match"), or NULL. */
const char *sl_http_header(const struct sl_request *request, const char *name);

/* A FastCGI parameter ("REMOTE_USER"), or NULL. */
const char *sl_http_param(const struct sl_request *request, const char *name);

/* Whether `id` can be an X-Device-Id: 1–64 of [A-Za-z0-9._-]. */
bool sl_http_device_is_valid(struct sl_str id);

/* The decoded value of a query parameter, in the arena: 1 found, 0 absent, SL_MALFORMED for bad escapes. */
int sl_http_query(const struct sl_request *request, const char *name, struct sl_str *value_r, struct sl_err *err);

/* A query parameter that is a whole number from 0 to 2^53−1: 1 found, 0 absent, or SL_INVALID. */
int sl_http_query_int(const struct sl_request *request, const char *name, int64_t *value_r, struct sl_err *err);

/* The whole body as JSON (a new reference). Checks the media type, the length against body_limit and against what
 * really arrives. Errors: SL_UNSUPPORTED_MEDIA_TYPE, SL_TOO_LARGE, SL_MALFORMED, SL_NO_MEMORY. *bytes_r (may be
 * NULL): body length. */
int sl_http_json(struct sl_request *request, json_t **value_r, size_t *bytes_r, struct sl_err *err);

/* The response. `body` keeps up to SL_HTTP_HELD bytes before the head goes out, so that an error on the way can still
 * become a clean problem; a longer body streams, and an error then cuts the connection so that the client notices. */
#define SL_HTTP_HELD (1024 * 1024)

struct sl_response {
	int status;              /* 200 unless set */
	struct sl_buf body;      /* written through; content type application/json unless set */
	const char *content_type;
	struct sl_buf headers;   /* lines added by sl_http_add_header */
	bool started;            /* the head is out */
	bool failed;             /* the peer is gone or the response was cut */
	const char *error_word;  /* of the problem, for the log; NULL: none */
	uint64_t sent_bytes;
	struct sl_http *http;    /* private */
};

/* Adds "Name: value" (the value at most 4 KiB); CR, LF and NUL in the value make it fail with SL_INTERNAL. */
int sl_http_add_header(struct sl_response *response, const char *name, const char *format, ...)
	__attribute__((format(printf, 3, 4)));

/* Starts an application/problem+json answer for `err` in an emptied body and leaves the object open: members may be
 * added, each as `,"name":value`, before sl_http_problem_end closes it. Not for responses that have started. */
void sl_http_problem_begin(struct sl_response *response, const struct sl_request *request, const struct sl_err *err);
void sl_http_problem_end(struct sl_response *response);

/* What follows is for serve.c, which runs the requests of one worker. */

/* A worker's place for one request at a time. NULL when memory is exhausted. */
struct sl_http *sl_http_new(void);
void sl_http_free(struct sl_http **http);

/* Reads the next request's parameters from connection `fd`, which belongs to `http` from then on. Returns 0 with the
 * request and its empty response, borrowed until sl_http_reset; or -1: the peer went away or spoke no FastCGI, and the
 * connection is closed. Path, params, limit and ids of the request are the caller's to fill. */
int sl_http_accept(struct sl_http *http, int fd, struct sl_request **request_r, struct sl_response **response_r)
	__attribute__((warn_unused_result));

/* Sends what the response still holds and ends the request; a response that failed is cut instead: the connection
 * closes without an end, so that nginx cuts its client's too. Returns the connection when the peer keeps it open, now
 * the caller's again, or -1: closed. Parameters and headers are gone then; the rest can be read until sl_http_reset. */
int sl_http_finish(struct sl_http *http) __attribute__((warn_unused_result));

/* Forgets request and response, and frees what they needed. */
void sl_http_reset(struct sl_http *http);

/* Bytes of memory that the last request needed for its body or its response. */
size_t sl_http_weight(const struct sl_http *http);

#endif
