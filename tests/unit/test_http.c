/* The http room over a socket pair: what arrives in a request, and every way that a response can go out or fail. */
#include <pthread.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>

#include "server/http.h"
#include "server_http.h"

static struct sl_http *http;
static struct sl_request *request;
static struct sl_response *response;
static int peer; /* the test's end */

static int set_up(void **state)
{
	(void)state;
	http = sl_http_new();
	return http ? 0 : -1;
}

static int tear_down(void **state)
{
	(void)state;
	sl_http_free(&http);
	return 0;
}

/* Sends a request and lets the room read it; returns what sl_http_accept does. */
static int begin_cut(bool keep, const char *const *params, const char *body, size_t length, size_t cut_bytes)
{
	struct wire wire = { NULL, 0 };
	int ends[2];
	wire_request(&wire, keep, params, body, length);
	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, ends), 0);
	peer = ends[0];
	size_t sent = wire.length - cut_bytes;
	assert_int_equal(write(peer, wire.bytes, sent), (ssize_t)sent);
	if (cut_bytes > 0)
		shutdown(peer, SHUT_WR);
	wire_free(&wire);
	int code = sl_http_accept(http, ends[1], &request, &response);
	if (code == 0)
		request->trace_id = "0af7651916cd43dd8448eb211c80319c";
	return code;
}

static void begin(bool keep, const char *const *params, const char *body)
{
	assert_int_equal(begin_cut(keep, params, body, body ? strlen(body) : 0, 0), 0);
}

#define PARAMS(...) ((const char *const[]){ __VA_ARGS__, NULL })

static struct answer end(void)
{
	int fd = sl_http_finish(http);
	struct answer answer = answer_read(peer);
	if (fd >= 0)
		close(fd);
	close(peer);
	sl_http_reset(http);
	return answer;
}

static void assert_ends(const char *expected_part, const char *expected_body)
{
	struct answer answer = end();
	assert_true(answer.ended);
	assert_non_null(answer.body);
	if (expected_part)
		assert_non_null(strstr(answer.text, expected_part));
	if (expected_body)
		assert_string_equal(answer.body, expected_body);
	answer_free(&answer);
}

static void http__parameters_and_headers_arrive(void **state)
{
	(void)state;
	begin(false, PARAMS("REQUEST_METHOD", "PUT", "QUERY_STRING", "a=1", "HTTP_IF_NONE_MATCH", "\"7\"",
		"CONTENT_TYPE", "x/y"), NULL);
	assert_int_equal(request->method, SL_PUT);
	assert_true(sl_str_equal(request->query, SL_STR("a=1")));
	assert_string_equal(sl_http_header(request, "If-None-Match"), "\"7\"");
	assert_string_equal(sl_http_header(request, "content-type"), "x/y");
	assert_null(sl_http_header(request, "If-None"));
	assert_null(sl_http_param(request, "REMOTE_USER"));
	assert_ends(NULL, NULL);
}

static void http__query_parameters_are_decoded(void **state)
{
	(void)state;
	struct sl_str text;
	struct sl_err err = SL_ERR_INIT;
	int64_t number;
	begin(false, PARAMS("REQUEST_METHOD", "GET", "QUERY_STRING",
		"name=a%20b+c%26&&empty=&bare&n=9007199254740991&big=9007199254740992&neg=-1&n=5&bad=%4&nul=%00"), NULL);
	assert_int_equal(sl_http_query(request, "name", &text, &err), 1);
	assert_true(sl_str_equal(text, SL_STR("a b c&")));
	assert_int_equal(sl_http_query(request, "empty", &text, &err), 1);
	assert_int_equal(text.length, 0);
	assert_int_equal(sl_http_query(request, "bare", &text, &err), 1);
	assert_int_equal(sl_http_query(request, "nam", &text, &err), 0);
	assert_int_equal(sl_http_query_int(request, "n", &number, &err), 1);
	assert_int_equal(number, 9007199254740991);
	assert_int_equal(sl_http_query_int(request, "absent", &number, &err), 0);
	assert_int_equal(sl_http_query(request, "bad", &text, &err), SL_MALFORMED);
	assert_int_equal(sl_http_query(request, "nul", &text, &err), SL_MALFORMED);
	assert_int_equal(sl_http_query_int(request, "big", &number, &err), SL_INVALID);
	assert_int_equal(sl_http_query_int(request, "neg", &number, &err), SL_INVALID);
	assert_int_equal(sl_http_query_int(request, "empty", &number, &err), SL_INVALID);
	assert_ends(NULL, NULL);
}

static int read_json(const char *length, const char *type, const char *body, json_t **value_r)
{
	struct sl_err err = SL_ERR_INIT;
	begin(true, PARAMS("REQUEST_METHOD", "PUT", "CONTENT_LENGTH", length, "CONTENT_TYPE", type), body);
	request->body_limit = 20;
	*value_r = NULL;
	int code = sl_http_json(request, value_r, NULL, &err);
	assert_int_equal(err.code, code);
	if (code == SL_TOO_LARGE) {
		sl_http_problem_begin(response, request, &err);
		sl_http_problem_end(response);
		assert_ends("\"limit\":20}", NULL);
	} else {
		assert_ends(NULL, NULL);
	}
	return code;
}

static void http__a_json_body_is_read(void **state)
{
	(void)state;
	json_t *value;
	assert_int_equal(read_json("8", "Application/JSON; charset=utf-8", "{\"a\": 1}", &value), 0);
	assert_int_equal((int)json_number_value(json_object_get(value, "a")), 1);
	json_decref(value);
}

static void http__a_body_that_is_not_what_it_says_is_refused(void **state)
{
	(void)state;
	json_t *value;
	assert_int_equal(read_json("", "application/json", NULL, &value), SL_MALFORMED);
	assert_int_equal(read_json("0", "application/json", NULL, &value), SL_MALFORMED);
	assert_int_equal(read_json("-1", "application/json", "{}", &value), SL_MALFORMED);
	assert_int_equal(read_json("2x", "application/json", "{}", &value), SL_MALFORMED);
	assert_int_equal(read_json("3", "application/json", "{}", &value), SL_MALFORMED);
	assert_int_equal(read_json("2", "application/json", "{} ", &value), SL_MALFORMED);
	assert_int_equal(read_json("2", "application/json", "{", &value), SL_MALFORMED);
	assert_int_equal(read_json("2", "application/jsonp", "{}", &value), SL_UNSUPPORTED_MEDIA_TYPE);
	assert_int_equal(read_json("2", "text/plain", "{}", &value), SL_UNSUPPORTED_MEDIA_TYPE);
	assert_int_equal(read_json("21", "application/json", "[0000000000000000000]", &value), SL_TOO_LARGE);
	assert_int_equal(read_json("99999999999999999999999", "application/json", "{}", &value), SL_TOO_LARGE);
	assert_null(value);
}

static void http__a_body_cut_by_its_peer_is_malformed(void **state)
{
	(void)state;
	json_t *value = NULL;
	struct sl_err err = SL_ERR_INIT;
	assert_int_equal(begin_cut(true, PARAMS("REQUEST_METHOD", "PUT", "CONTENT_LENGTH", "7", "CONTENT_TYPE",
		"application/json"), "{\"a\":1}", 7, 9), 0);
	request->body_limit = 100;
	assert_int_equal(sl_http_json(request, &value, NULL, &err), SL_MALFORMED);
	assert_int_equal(sl_http_finish(http), -1); /* out of step: never kept */
	close(peer);
	sl_http_reset(http);
}

static void http__a_request_cut_by_its_peer_is_none(void **state)
{
	(void)state;
	for (size_t cut = 9; cut <= 75; cut++) {
		assert_int_equal(begin_cut(true, PARAMS("REQUEST_METHOD", "PUT", "HTTP_X", "yyyyyyyyyy"), NULL, 0, cut), -1);
		close(peer);
	}
}

static void http__a_response_has_its_head(void **state)
{
	(void)state;
	begin(true, PARAMS("REQUEST_METHOD", "GET"), NULL);
	response->status = 201;
	assert_int_equal(sl_http_add_header(response, "ETag", "\"%d\"", 7), 0);
	sl_buf_add_text(&response->body, "{}");
	assert_ends("Status: 201\r\nX-Trace-Id: 0af7651916cd43dd8448eb211c80319c\r\nCache-Control: no-store, private\r\n"
		"Vary: Authorization, Cookie, X-Device-Id\r\nX-Content-Type-Options: nosniff\r\nETag: \"7\"\r\n"
		"Content-Type: application/json\r\nContent-Length: 2\r\n\r\n", "{}");
}

static void http__statuses_without_body_have_none(void **state)
{
	(void)state;
	static const int statuses[] = { 204, 304 };
	for (size_t i = 0; i < 2; i++) {
		begin(true, PARAMS("REQUEST_METHOD", "GET"), NULL);
		response->status = statuses[i];
		sl_buf_add_text(&response->body, "forgotten");
		struct answer answer = end();
		assert_true(answer.ended);
		assert_string_equal(answer.body, "");
		assert_null(strstr(answer.text, "\nContent-"));
		answer_free(&answer);
	}
}

static void http__head_has_length_without_body(void **state)
{
	(void)state;
	begin(true, PARAMS("REQUEST_METHOD", "HEAD"), NULL);
	sl_buf_add_text(&response->body, "12345");
	assert_ends("Content-Length: 5\r\n", "");
}

static void http__header_injection_is_refused(void **state)
{
	(void)state;
	begin(true, PARAMS("REQUEST_METHOD", "GET"), NULL);
	assert_int_equal(sl_http_add_header(response, "X", "%s", "a\r\nSet-Cookie: x"), SL_INTERNAL);
	assert_int_equal(sl_http_add_header(response, "X", "%s", "a\nb"), SL_INTERNAL);
	assert_int_equal(sl_http_add_header(response, "X", "a%cb", 0), SL_INTERNAL);
	assert_int_equal(sl_http_add_header(response, "X", "%5000d", 1), SL_INTERNAL);
	struct answer answer = end();
	assert_null(strstr(answer.text, "X: "));
	assert_null(strstr(answer.text, "Set-Cookie"));
	answer_free(&answer);
}

static void http__a_problem_replaces_what_was_written(void **state)
{
	(void)state;
	struct sl_err err = SL_ERR_INIT;
	begin(true, PARAMS("REQUEST_METHOD", "GET"), NULL);
	sl_buf_add_text(&response->body, "half an ans");
	sl_http_add_header(response, "ETag", "\"7\"");
	sl_err_set(&err, SL_UNAVAILABLE, "a \"quoted\" \xc3\xa9 \xc3");
	sl_http_problem_begin(response, request, &err);
	sl_buf_add_text(&response->body, ",\"more\":[1]");
	sl_http_problem_end(response);
	struct answer answer = end();
	assert_null(strstr(answer.text, "ETag"));
	assert_non_null(strstr(answer.text, "Status: 503\r\n"));
	assert_non_null(strstr(answer.text, "Retry-After: 2\r\n"));
	assert_non_null(strstr(answer.text, "Content-Type: application/problem+json\r\n"));
	json_t *problem = json_loads(answer.body, 0, NULL);
	assert_non_null(problem);
	assert_string_equal(json_string_value(json_object_get(problem, "type")), "urn:slatesync:error:unavailable");
	assert_string_equal(json_string_value(json_object_get(problem, "detail")), "a \"quoted\" \xc3\xa9 ");
	assert_string_equal(json_string_value(json_object_get(problem, "traceId")), "0af7651916cd43dd8448eb211c80319c");
	assert_int_equal(json_integer_value(json_object_get(problem, "status")), 503);
	assert_int_equal(json_array_size(json_object_get(problem, "more")), 1);
	json_decref(problem);
	answer_free(&answer);
}

static void http__status_401_asks_for_a_token(void **state)
{
	(void)state;
	begin(true, PARAMS("REQUEST_METHOD", "GET"), NULL);
	response->status = 401;
	assert_ends("WWW-Authenticate: Bearer\r\n", "");
}

static void http__a_failed_body_becomes_a_problem(void **state)
{
	(void)state;
	begin(true, PARAMS("REQUEST_METHOD", "GET"), NULL);
	sl_buf_add_text(&response->body, "half");
	response->body.code = SL_NO_MEMORY;
	assert_ends("Status: 503\r\n", NULL);
}

static void *read_answer(void *answer)
{
	*(struct answer *)answer = answer_read(peer);
	return NULL;
}

/* Answers with `pieces` of 64 KiB while a thread reads; `fail`: the handler fails after them. */
static struct answer stream(const char *method, size_t pieces, bool fail)
{
	static char piece[65536];
	struct answer answer;
	pthread_t reader;
	memset(piece, 'x', sizeof(piece));
	begin(true, PARAMS("REQUEST_METHOD", method), NULL);
	assert_int_equal(pthread_create(&reader, NULL, read_answer, &answer), 0);
	for (size_t i = 0; i < pieces; i++)
		sl_buf_add(&response->body, piece, sizeof(piece));
	response->failed = response->failed || fail;
	int fd = sl_http_finish(http);
	assert_int_equal(fd < 0, fail);
	assert_int_equal(pthread_join(reader, NULL), 0);
	if (fd >= 0)
		close(fd);
	close(peer);
	return answer;
}

static void http__a_body_of_a_megabyte_is_held(void **state)
{
	(void)state;
	struct answer answer = stream("GET", 15, false);
	assert_true(answer.ended);
	assert_non_null(strstr(answer.text, "Content-Length: 983040\r\n"));
	assert_int_equal(answer.length - (size_t)(answer.body - answer.text), 983040);
	answer_free(&answer);
	sl_http_reset(http);
}

static void http__a_longer_body_streams_whole(void **state)
{
	(void)state;
	struct answer answer = stream("GET", 100, false);
	assert_true(answer.ended);
	*(char *)(answer.body - 1) = 0;
	assert_null(strstr(answer.text, "Content-Length"));
	assert_int_equal(answer.length - (size_t)(answer.body - answer.text), 100 * 65536);
	assert_int_equal(response->sent_bytes, 100 * 65536);
	assert_true(sl_http_weight(http) >= 100 * 65536);
	answer_free(&answer);
	sl_http_reset(http);
}

static void http__a_long_answer_to_head_has_no_body(void **state)
{
	(void)state;
	struct answer answer = stream("HEAD", 40, false);
	assert_true(answer.ended);
	assert_string_equal(answer.body, "");
	answer_free(&answer);
	sl_http_reset(http);
}

static void http__a_failure_after_the_head_cuts_the_connection(void **state)
{
	(void)state;
	struct answer answer = stream("GET", 40, true);
	assert_false(answer.ended);
	assert_true(answer.length > 1024 * 1024);
	answer_free(&answer);
	sl_http_reset(http);
}

static void http__a_peer_that_went_away_fails_the_response_only(void **state)
{
	(void)state;
	static char piece[65536];
	begin(true, PARAMS("REQUEST_METHOD", "GET"), NULL);
	close(peer);
	for (size_t i = 0; i < 40; i++)
		sl_buf_add(&response->body, piece, sizeof(piece));
	assert_true(response->failed);
	assert_int_equal(sl_http_finish(http), -1);
	sl_http_reset(http);
	begin(true, PARAMS("REQUEST_METHOD", "GET"), NULL);
	assert_ends("Status: 200\r\n", "");
}

static void http__a_kept_connection_is_handed_back(void **state)
{
	(void)state;
	struct wire wire = { NULL, 0 };
	begin(true, PARAMS("REQUEST_METHOD", "GET"), "a body that nobody reads");
	int fd = sl_http_finish(http);
	assert_true(fd >= 0);
	struct answer answer = answer_read(peer);
	assert_true(answer.ended);
	answer_free(&answer);
	sl_http_reset(http);
	wire_request(&wire, false, PARAMS("REQUEST_METHOD", "DELETE"), NULL, 0);
	assert_int_equal(write(peer, wire.bytes, wire.length), (ssize_t)wire.length);
	wire_free(&wire);
	assert_int_equal(sl_http_accept(http, fd, &request, &response), 0);
	assert_int_equal(request->method, SL_DELETE);
	assert_int_equal(sl_http_finish(http), -1);
	answer = answer_read(peer);
	assert_true(answer.ended);
	answer_free(&answer);
	close(peer);
	sl_http_reset(http);
}

int main(void)
{
	signal(SIGPIPE, SIG_IGN);
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(http__parameters_and_headers_arrive),
		cmocka_unit_test(http__query_parameters_are_decoded),
		cmocka_unit_test(http__a_json_body_is_read),
		cmocka_unit_test(http__a_body_that_is_not_what_it_says_is_refused),
		cmocka_unit_test(http__a_body_cut_by_its_peer_is_malformed),
		cmocka_unit_test(http__a_request_cut_by_its_peer_is_none),
		cmocka_unit_test(http__a_response_has_its_head),
		cmocka_unit_test(http__statuses_without_body_have_none),
		cmocka_unit_test(http__head_has_length_without_body),
		cmocka_unit_test(http__header_injection_is_refused),
		cmocka_unit_test(http__a_problem_replaces_what_was_written),
		cmocka_unit_test(http__status_401_asks_for_a_token),
		cmocka_unit_test(http__a_failed_body_becomes_a_problem),
		cmocka_unit_test(http__a_body_of_a_megabyte_is_held),
		cmocka_unit_test(http__a_longer_body_streams_whole),
		cmocka_unit_test(http__a_long_answer_to_head_has_no_body),
		cmocka_unit_test(http__a_failure_after_the_head_cuts_the_connection),
		cmocka_unit_test(http__a_peer_that_went_away_fails_the_response_only),
		cmocka_unit_test(http__a_kept_connection_is_handed_back),
	};
	return cmocka_run_group_tests(tests, set_up, tear_down);
}
