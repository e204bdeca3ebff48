/* What the tests of the http room share: an exchange over a socket pair, from a request that may be cut short to the end
 * of its answer. For header-only use by one program; include the headers that cmocka needs, and cmocka.h, first. */
#ifndef SL_TESTS_HTTP_EXCHANGE_H
#define SL_TESTS_HTTP_EXCHANGE_H

#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "server/http.h"
#include "server_http.h"

static struct sl_http *http;
static struct sl_request *request;
static struct sl_response *response;
static int peer; /* the test's end */

static inline int set_up(void **state)
{
	(void)state;
	http = sl_http_new();
	return http ? 0 : -1;
}

static inline int tear_down(void **state)
{
	(void)state;
	sl_http_free(&http);
	return 0;
}

/* Sends a request and lets the room read it; returns what sl_http_accept does. */
static inline int begin_cut(bool keep, const char *const *params, const char *body, size_t length, size_t cut_bytes)
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

static inline void begin(bool keep, const char *const *params, const char *body)
{
	assert_int_equal(begin_cut(keep, params, body, body ? strlen(body) : 0, 0), 0);
}

#define PARAMS(...) ((const char *const[]){ __VA_ARGS__, NULL })

/* Finishes the response and reads it; a connection that was to be kept is closed. */
static inline struct answer end(void)
{
	int fd = sl_http_finish(http);
	struct answer answer = answer_read(peer);
	if (fd >= 0)
		close(fd);
	close(peer);
	sl_http_reset(http);
	return answer;
}

static inline void assert_ends(const char *expected_part, const char *expected_body)
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

#endif
