/* One request: trace id, path, route, device, database, sign-in, handler, answer, access line. Whatever goes wrong
 * becomes a problem answer (RFC 9457) or, after the head is out, a cut connection; nothing of it ends the worker.
 */
#include "server/serve.h"

#include <malloc.h>
#include <time.h>

#include "core/json/write.h"
#include "core/base/utf8.h"
#include "server/clock.h"
#include "server/history.h"
#include "server/log.h"
#include "server/session.h"
#include "server/shared.h"
#include "server/trace.h"

#define DB_WAIT_LEAST_MS 100
#define DB_WAIT_MOST_MS 5000
#define TRIM_BYTES (1024 * 1024) /* a request that needed more gives its memory back to the system */

static const struct sl_route routes[] = {
#define ROUTE(method, path, auth, limit, handler) { SL_##method, path, SL_AUTH_##auth, SL_BODY_##limit, handler },
#include "server/router.def"
#undef ROUTE
};

#define ROUTES (sizeof(routes) / sizeof(routes[0]))

/* Opens the database, or makes sure that it is still there. */
static int need_db(struct sl_server *server, struct sl_err *err)
{
	if (server->context.db)
		return sl_db_ensure(server->context.db, err);
	if (sl_clock_steady_ms() < server->db_retry_ms)
		return sl_err_set(err, SL_UNAVAILABLE, "the database is away");
	struct sl_err why = SL_ERR_INIT;
	if (sl_db_open(server->context.config, &server->context.db, &why) == 0) {
		if (server->db_wait_ms != 0)
			sl_shared_count(server->context.shared, SL_COUNT_DB_RECONNECTS, 1);
		server->db_wait_ms = 0;
		return 0;
	}
	if (server->db_wait_ms == 0)
		sl_log(SL_LOG_WARN, "the database can't be opened", SL_LOG_S("error", why.message));
	server->db_wait_ms = server->db_wait_ms ? server->db_wait_ms * 2 : DB_WAIT_LEAST_MS;
	if (server->db_wait_ms > DB_WAIT_MOST_MS)
		server->db_wait_ms = DB_WAIT_MOST_MS;
	server->db_retry_ms = sl_clock_steady_ms() + server->db_wait_ms;
	return sl_err_set(err, SL_UNAVAILABLE, "the database is away");
}

int sl_serve_init(struct sl_server *server, const struct sl_config *config, struct sl_shared *shared)
{
	*server = (struct sl_server){ .context = { .config = config, .shared = shared }, .http = sl_http_new() };
	if (!server->http)
		return SL_NO_MEMORY;
	struct sl_err away = SL_ERR_INIT;
	if (need_db(server, &away) != 0)
		sl_log(SL_LOG_INFO, "starting without the database", SL_LOG_I("retryMs", server->db_wait_ms));
	return 0;
}

void sl_serve_dispose(struct sl_server *server)
{
	if (server->context.db)
		sl_db_close(&server->context.db);
	sl_http_free(&server->http);
}

static size_t body_limit(const struct sl_config *config, enum sl_body_limit limit)
{
	if (limit == SL_BODY_PROJECT)
		return (size_t)config->request_bytes;
	return limit == SL_BODY_SMALL ? SL_BODY_SMALL_BYTES : 0;
}

/* Copies the device id, which the access line needs after the request's parameters are gone. */
static int read_device(struct sl_request *request, struct sl_err *err)
{
	struct sl_str id = sl_str_from(sl_http_header(request, "X-Device-Id"));
	if (!id.bytes)
		return 0;
	if (!sl_http_device_is_valid(id))
		return sl_err_set(err, SL_MALFORMED, "X-Device-Id must be 1 to 64 of A-Z a-z 0-9 . _ -");
	if (sl_arena_copy(request->arena, id, &id) != 0)
		return sl_err_set(err, SL_NO_MEMORY, "out of memory");
	request->device_id = id.bytes;
	return 0;
}

static int find_route(struct sl_server *server, struct sl_request *request, const struct sl_route **route_r,
	unsigned *allowed_r, struct sl_err *err)
{
	struct sl_router_place place = {
		.path_info = sl_http_param(request, "PATH_INFO"),
		.document_uri = sl_http_param(request, "DOCUMENT_URI"),
		.request_uri = sl_http_param(request, "REQUEST_URI"),
	};
	int code = sl_router_path(request->arena, &place, server->context.config->prefix, &request->path, err);
	if (code != 0)
		return code;
	*route_r = sl_router_match(routes, ROUTES, request->method, request->path, request->params, allowed_r);
	if (*route_r)
		return 0;
	if (*allowed_r != 0)
		return sl_err_set(err, SL_METHOD_NOT_ALLOWED, "this address has no such method");
	return sl_err_set(err, SL_NOT_FOUND, "there is nothing at this address");
}

/* What has to hold before the handler runs. */
static int admit(struct sl_server *server, struct sl_request *request, const struct sl_route *route,
	struct sl_err *err)
{
	struct sl_context *context = &server->context;
	request->body_limit = body_limit(context->config, route->body);
	int code = read_device(request, err);
	sl_log_context(request->trace_id, 0, request->device_id);
	if (code == 0 && route->auth != SL_AUTH_NONE)
		code = need_db(server, err);
	if (code == 0 && route->auth >= SL_AUTH_USER)
		code = sl_session_identify(context, request, route->auth, err);
	if (code == 0 && context->who.user_id != 0)
		sl_log_context(request->trace_id, context->who.user_id,
			context->who.device_id ? context->who.device_id : request->device_id);
	return code;
}

/* A fault with a place becomes the list of one that clients expect. */
static void add_fault(struct sl_response *response, const struct sl_err *err)
{
	sl_buf_add_text(&response->body, ",\"faults\":[{\"path\":");
	sl_json_string(&response->body, (struct sl_str){ err->path, sl_utf8_valid(sl_str_from(err->path)) });
	sl_buf_add_text(&response->body, ",\"reason\":");
	sl_json_string(&response->body, (struct sl_str){ err->message, sl_utf8_valid(sl_str_from(err->message)) });
	sl_buf_add_text(&response->body, "}]");
}

static void answer_problem(struct sl_request *request, struct sl_response *response, const struct sl_err *err,
	unsigned allowed)
{
	if (sl_err_status(err->code) == 500)
		sl_log(SL_LOG_ERROR, "a request failed", SL_LOG_S("error", err->message), SL_LOG_S("path", err->path));
	if (response->started) {
		response->failed = true;
		response->error_word = sl_err_word(err->code);
		return;
	}
	sl_http_problem_begin(response, request, err);
	if (err->path[0])
		add_fault(response, err);
	sl_http_problem_end(response);
	if (err->code == SL_METHOD_NOT_ALLOWED) {
		char allow[SL_ROUTER_ALLOW];
		sl_router_allow(allowed, allow);
		sl_http_add_header(response, "Allow", "%s", allow);
	}
}

static int64_t now_us(void)
{
	struct timespec now;
	clock_gettime(CLOCK_MONOTONIC, &now);
	return (int64_t)now.tv_sec * 1000000 + now.tv_nsec / 1000;
}

static void count(struct sl_shared *shared, const struct sl_response *response, int64_t microseconds)
{
	int hundred = response->status / 100;
	if (hundred >= 2 && hundred <= 5)
		sl_shared_count(shared, (enum sl_counter)(SL_COUNT_REQUESTS_2XX + hundred - 2), 1);
	if (response->failed)
		sl_shared_count(shared, SL_COUNT_REQUESTS_CUT, 1);
	sl_shared_count(shared, SL_COUNT_REQUEST_MICROSECONDS, (uint64_t)microseconds);
}

static void log_request(const struct sl_request *request, const struct sl_response *response,
	const struct sl_route *route, int64_t microseconds)
{
	static const char *const methods[] = { "GET", "HEAD", "PUT", "POST", "DELETE", "other" };
	const struct sl_log_field fields[] = {
		SL_LOG_S("method", methods[request->method]),
		SL_LOG_S("route", route ? route->path : "none"),
		SL_LOG_I("status", response->status),
		SL_LOG_I("latencyUs", microseconds),
		SL_LOG_I("bytes", (int64_t)response->sent_bytes),
		SL_LOG_I("cut", response->failed),
		SL_LOG_S("error", response->error_word),
	};
	sl_log_write(SL_LOG_INFO, "request", fields, sizeof(fields) / sizeof(fields[0]) - (response->error_word ? 0 : 1));
}

static const struct sl_route *answer(struct sl_server *server, struct sl_request *request,
	struct sl_response *response)
{
	const struct sl_route *route = NULL;
	unsigned allowed = 0;
	struct sl_err err = SL_ERR_INIT;
	int code = find_route(server, request, &route, &allowed, &err);
	if (code == 0)
		code = admit(server, request, route, &err);
	if (code == 0)
		code = route->handler(&server->context, request, response, &err);
	if (code != 0) {
		sl_err_set(&err, code, "no reason was given");
		answer_problem(request, response, &err, allowed);
	}
	return route;
}

/* What a push left to do: its answer is out already. */
static void thin_history(struct sl_context *context)
{
	struct sl_history_result result = { .projects = 0 };
	struct sl_err err = SL_ERR_INIT;
	int64_t project = context->thin_project;
	context->thin_project = 0;
	if (project == 0)
		return;
	if (sl_history_thin(context->db, context->config, project, sl_clock_wall_ms(), false, &result, &err) != 0)
		sl_log(SL_LOG_WARN, "the history can't be thinned", SL_LOG_I("project", project), SL_LOG_S("error", err.message));
	else
		sl_log(SL_LOG_DEBUG, "history thinned", SL_LOG_I("project", project),
			SL_LOG_I("removed", result.versions_removed));
}

int sl_serve_request(struct sl_server *server, int fd)
{
	struct sl_request *request;
	struct sl_response *response;
	char trace_id[SL_TRACE_HEX];
	if (sl_http_accept(server->http, fd, &request, &response) != 0) {
		sl_log(SL_LOG_DEBUG, "a connection ended without a request", SL_LOG_I("fd", fd));
		return -1;
	}
	int64_t started = now_us();
	server->served++;
	sl_trace_id(sl_http_header(request, "traceparent"), trace_id);
	request->trace_id = trace_id;
	server->context.who = (struct sl_identity){ 0 };
	sl_log_context(trace_id, 0, NULL);
	const struct sl_route *route = answer(server, request, response);
	int kept = sl_http_finish(server->http);
	int64_t microseconds = now_us() - started;
	count(server->context.shared, response, microseconds);
	if (server->context.config->log_requests)
		log_request(request, response, route, microseconds);
	sl_log_context(NULL, 0, NULL);
	sl_http_reset(server->http);
	thin_history(&server->context);
	if (sl_http_weight(server->http) > TRIM_BYTES)
		malloc_trim(0);
	return kept;
}
