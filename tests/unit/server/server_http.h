/* FastCGI records for tests of the http room: what nginx sends, and what is in the answer. */
#ifndef SL_TESTS_SERVER_HTTP_H
#define SL_TESTS_SERVER_HTTP_H

#include <stdbool.h>
#include <stddef.h>

struct wire {
	char *bytes;
	size_t length;
};

/* Appends a request: parameters as pairs ended by NULL, then the body. */
void wire_request(struct wire *wire, bool keep, const char *const *params, const char *body, size_t body_length);
void wire_free(struct wire *wire);

struct answer {
	char *text;      /* of STDOUT, NUL-terminated */
	size_t length;
	const char *body; /* inside `text`; NULL: no end of head */
	bool ended;      /* END_REQUEST came */
};

/* Reads from `fd` until the request or the connection ends. */
struct answer answer_read(int fd);
void answer_free(struct answer *answer);

#endif
