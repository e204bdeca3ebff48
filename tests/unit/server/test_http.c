/* The http room over a socket pair: what arrives in a request, what of it is refused, and the connection that is kept
 * for the next one. */
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "http_exchange.h"

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
		cmocka_unit_test(http__a_kept_connection_is_handed_back),
	};
	return cmocka_run_group_tests(tests, set_up, tear_down);
}
