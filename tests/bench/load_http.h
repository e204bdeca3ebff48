/* Reading HTTP/1.1 responses from a stream of bytes, as far as the load generator needs it. */
#ifndef SL_BENCH_LOAD_HTTP_H
#define SL_BENCH_LOAD_HTTP_H

#include <stdbool.h>
#include <stddef.h>

#define LOAD_HEAD_BYTES 8192
#define LOAD_KEPT_BYTES 512 /* of the body */

struct load_response {
	int state;               /* private */
	bool chunked;            /* private */
	size_t left;             /* private: bytes until the end of the body or the chunk */
	char head[LOAD_HEAD_BYTES];
	size_t head_length;
	int status;
	bool close;              /* the server ends the connection */
	size_t body_bytes;
	char kept[LOAD_KEPT_BYTES + 1];
	size_t kept_length;
};

void load_response_begin(struct load_response *response);

/* Takes bytes; 1: the response is complete, 0: more is needed, -1: this is no response, or more than one. */
int load_response_take(struct load_response *response, const char *bytes, size_t length);

#endif
