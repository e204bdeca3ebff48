/* One HTTP request and its response over libfcgi 2.4.2, which is used for the FastCGI records only: it never accepts
 * a connection, never installs a signal handler that matters and never lingers on close. Keeps true: a kept
 * connection is handed back only when its request was read to the end and its answer written to the end. A peer that
 * vanishes shows as -1 or as `failed`, never as an error of the worker. CGI parameters: RFC 3875.
 */
#include <ctype.h>
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "server/http_private.h"

#define LARGE_BYTES (16 * 1024)              /* pieces of an answer that don't go through libfcgi's buffer */
#define UNREAD_BYTES (256u * 1024u * 1024u)  /* of a body that nobody wanted, read to keep the peer in step */
#define KEPT_CAPACITY (64 * 1024)            /* of the response's buffer, from one request to the next */
#define HEADER_BYTES 4096

struct sl_http *sl_http_new(void)
{
	if (FCGX_Init() != 0)
		return NULL;
	struct sl_http *http = calloc(1, sizeof(*http));
	if (!http)
		return NULL;
	/* Without a listening socket FCGX_Accept_r can't go and accept by itself when ours turns out bad. */
	FCGX_InitRequest(&http->fcgi, -1, FCGI_FAIL_ACCEPT_ON_INTR);
	sl_arena_init(&http->arena, 0);
	return http;
}

void sl_http_free(struct sl_http **http)
{
	if (!*http)
		return;
	sl_arena_dispose(&(*http)->arena);
	sl_buf_dispose(&(*http)->response.body);
	sl_buf_dispose(&(*http)->response.headers);
	free(*http);
	*http = NULL;
}

const char *sl_http_param(const struct sl_request *request, const char *name)
{
	return FCGX_GetParam(name, request->http->fcgi.envp);
}

const char *sl_http_header(const struct sl_request *request, const char *name)
{
	char variable[128] = "HTTP_";
	size_t length = strlen(variable), left = sizeof(variable) - length;
	if (strlen(name) >= left)
		return NULL;
	for (; *name; name++)
		variable[length++] = *name == '-' ? '_' : (char)toupper((unsigned char)*name);
	variable[length] = 0;
	if (strcmp(variable, "HTTP_CONTENT_TYPE") == 0 || strcmp(variable, "HTTP_CONTENT_LENGTH") == 0)
		return sl_http_param(request, variable + 5);
	return sl_http_param(request, variable);
}

static enum sl_method method_of(const char *word)
{
	static const char *const words[] = { "GET", "HEAD", "PUT", "POST", "DELETE" };
	for (size_t i = 0; word && i < sizeof(words) / sizeof(words[0]); i++)
		if (strcmp(word, words[i]) == 0)
			return (enum sl_method)i;
	return SL_OTHER_METHOD;
}

static int put(struct sl_response *response, const char *bytes, size_t length)
{
	FCGX_Request *fcgi = &response->http->fcgi;
	if (response->failed || length == 0)
		return response->failed ? SL_UNAVAILABLE : 0;
	if (length >= LARGE_BYTES)
		response->failed = sl_http_put_records(fcgi, bytes, length) != 0;
	else
		response->failed = FCGX_PutStr(bytes, (int)length, fcgi->out) != (int)length;
	response->sent_bytes += length;
	return response->failed ? SL_UNAVAILABLE : 0;
}

static bool may_have_body(const struct sl_response *response)
{
	return response->status != 204 && response->status != 304;
}

static bool has_header(const struct sl_response *response, const char *line_start)
{
	const struct sl_buf *headers = &response->headers;
	return headers->length > 0 && memmem(headers->bytes, headers->length, line_start, strlen(line_start));
}

/* Writes the head; `length` < 0: not known. */
static int put_head(struct sl_response *response, int64_t length)
{
	const struct sl_request *request = &response->http->request;
	struct sl_buf *headers = &response->headers;
	char text[512];
	if (response->status == 401 && !has_header(response, "WWW-Authenticate:"))
		sl_http_add_header(response, "WWW-Authenticate", "Bearer");
	if ((response->status == 429 || response->status == 503) && !has_header(response, "Retry-After:"))
		sl_http_add_header(response, "Retry-After", response->status == 429 ? "10" : "2");
	if (may_have_body(response))
		sl_http_add_header(response, "Content-Type", "%s", response->content_type);
	if (may_have_body(response) && length >= 0)
		sl_http_add_header(response, "Content-Length", "%lld", (long long)length);
	int head = snprintf(text, sizeof(text),
		"Status: %d\r\nX-Trace-Id: %s\r\nCache-Control: no-store, private\r\n"
		"Vary: Authorization, Cookie, X-Device-Id\r\nX-Content-Type-Options: nosniff\r\n",
		response->status, request->trace_id ? request->trace_id : "");
	sl_buf_add_text(headers, "\r\n");
	response->started = true;
	if (sl_buf_code(headers) != 0 || head < 0 || (size_t)head >= sizeof(text))
		response->failed = true;
	put(response, text, (size_t)head);
	put(response, headers->bytes, headers->length);
	response->sent_bytes = 0;
	return response->failed ? SL_UNAVAILABLE : 0;
}

static int put_body(struct sl_response *response, const char *bytes, size_t length)
{
	if (response->http->request.method == SL_HEAD || !may_have_body(response))
		return 0;
	return put(response, bytes, length);
}

/* The body has outgrown what is held. */
static int stream(void *context, const char *bytes, size_t length)
{
	struct sl_response *response = context;
	int code = response->started ? 0 : put_head(response, -1);
	return code == 0 ? put_body(response, bytes, length) : code;
}

/* Gives memory that a large answer needed back, and keeps that of small ones. The failure of one answer must not stick to
 * the next. */
static void renew_buffer(struct sl_buf *buf)
{
	if (buf->capacity > KEPT_CAPACITY)
		sl_buf_dispose(buf);
	sl_buf_clear(buf); /* also of what made the last response fail */
}

static void begin_response(struct sl_http *http)
{
	struct sl_response *response = &http->response;
	struct sl_buf body = response->body, headers = response->headers;
	if (!body.flush) {
		sl_buf_init_flushing(&body, SL_HTTP_HELD, stream, response);
		sl_buf_init(&headers, 16 * HEADER_BYTES);
	}
	*response = (struct sl_response){ .status = 200, .content_type = "application/json", .http = http };
	response->body = body;
	response->headers = headers;
}

int sl_http_accept(struct sl_http *http, int fd, struct sl_request **request_r, struct sl_response **response_r)
{
	FCGX_Request *fcgi = &http->fcgi;
	fcgi->ipcFd = fd;
	fcgi->keepConnection = 1; /* FCGX_Accept_r first ends the last request, and would close the connection */
	fcgi->detached = 1;       /* close at once: with a Unix socket nothing sent is lost, and nobody has to linger */
	if (FCGX_Accept_r(fcgi) != 0)
		return -1;
	/* Parameters that end between two of them look whole to FCGX_Accept_r. */
	const char *role = FCGX_GetParam("FCGI_ROLE", fcgi->envp);
	if (FCGX_GetError(fcgi->in) != 0 || !role || strcmp(role, "RESPONDER") != 0) {
		FCGX_Free(fcgi, 1);
		return -1;
	}
	const char *query = FCGX_GetParam("QUERY_STRING", fcgi->envp);
	http->request = (struct sl_request){
		.method = method_of(FCGX_GetParam("REQUEST_METHOD", fcgi->envp)),
		.query = query ? sl_str_from(query) : SL_STR(""),
		.arena = &http->arena,
		.http = http,
	};
	http->body_bytes = 0;
	begin_response(http);
	*request_r = &http->request;
	*response_r = &http->response;
	return 0;
}

/* A kept connection is in step only when the body was read to its end. Returns whether it was. */
static bool read_to_end(FCGX_Stream *in)
{
	char unread[8192];
	for (size_t total = 0; total < UNREAD_BYTES;) {
		int got = FCGX_GetStr(unread, sizeof(unread), in);
		if (got < (int)sizeof(unread))
			return FCGX_GetError(in) == 0;
		total += (size_t)got;
	}
	return false;
}

static void end_response(struct sl_http *http)
{
	struct sl_response *response = &http->response;
	int code = sl_buf_code(&response->body);
	if (code == 0)
		code = sl_buf_code(&response->headers);
	if (code != 0 && !response->started) {
		struct sl_err err = SL_ERR_INIT;
		sl_err_set(&err, code, "the answer could not be built");
		sl_http_problem_begin(response, &http->request, &err);
		sl_http_problem_end(response);
	}
	if (response->started) {
		if (sl_buf_flush(&response->body) != 0)
			response->failed = true;
	} else if (put_head(response, (int64_t)response->body.length) == 0) {
		put_body(response, response->body.bytes, response->body.length);
	}
}

int sl_http_finish(struct sl_http *http)
{
	FCGX_Request *fcgi = &http->fcgi;
	struct sl_response *response = &http->response;
	if (!response->failed && !read_to_end(fcgi->in))
		fcgi->keepConnection = 0;
	if (!response->failed)
		end_response(http);
	if (response->failed)
		FCGX_Free(fcgi, 1);
	else
		FCGX_Finish_r(fcgi);
	int fd = fcgi->ipcFd;
	fcgi->ipcFd = -1;
	return fd;
}

void sl_http_reset(struct sl_http *http)
{
	sl_arena_dispose(&http->arena);
	renew_buffer(&http->response.body);
	renew_buffer(&http->response.headers);
}
size_t sl_http_weight(const struct sl_http *http)
{
	size_t sent = (size_t)http->response.sent_bytes;
	return sent > http->body_bytes ? sent : http->body_bytes;
}

static bool is_header_text(const char *text)
{
	for (; *text; text++)
		if (((unsigned char)*text < 0x20 && *text != '\t') || *text == 0x7f)
			return false;
	return true;
}

int sl_http_add_header(struct sl_response *response, const char *name, const char *format, ...)
{
	char value[HEADER_BYTES];
	va_list values;
	va_start(values, format);
	int length = vsnprintf(value, sizeof(value), format, values);
	va_end(values);
	if (length < 0 || (size_t)length >= sizeof(value) || strlen(value) != (size_t)length || !is_header_text(value))
		return SL_INTERNAL;
	sl_buf_add_text(&response->headers, name);
	sl_buf_add_text(&response->headers, ": ");
	sl_buf_add(&response->headers, value, (size_t)length);
	sl_buf_add_text(&response->headers, "\r\n");
	return sl_buf_code(&response->headers);
}
