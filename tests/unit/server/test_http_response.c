/* The http room over a socket pair: every way that a response can go out or fail. */
#include <pthread.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "http_exchange.h"

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

int main(void)
{
	signal(SIGPIPE, SIG_IGN);
	const struct CMUnitTest tests[] = {
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
	};
	return cmocka_run_group_tests(tests, set_up, tear_down);
}
