/* Large pieces of an answer as FastCGI records of the greatest length, many with one system call, straight from the
 * caller's memory: libfcgi would copy them into records of 8 KB and write each by itself. Keeps true: what libfcgi has
 * buffered went out before. A peer that vanished or stopped reading shows as -1. Source: FastCGI 1.0, section 3.3.
 */
#include <errno.h>
#include <fastcgi.h>
#include <sys/socket.h>
#include <sys/uio.h>

#include "server/http_private.h"

#define RECORD_BYTES 65528 /* a multiple of 8 needs no padding */
#define RECORDS_AT_ONCE 16

static FCGI_Header header_of(int request_id, size_t length)
{
	return (FCGI_Header){ .version = FCGI_VERSION_1, .type = FCGI_STDOUT,
		.requestIdB1 = (unsigned char)(request_id >> 8), .requestIdB0 = (unsigned char)request_id,
		.contentLengthB1 = (unsigned char)(length >> 8), .contentLengthB0 = (unsigned char)length };
}

/* Drops what was sent from the front of the pieces; returns how many are gone. */
static size_t advance(struct iovec *pieces, size_t count, size_t sent)
{
	size_t gone = 0;
	while (gone < count && sent >= pieces[gone].iov_len)
		sent -= pieces[gone++].iov_len;
	if (gone < count) {
		pieces[gone].iov_base = (char *)pieces[gone].iov_base + sent;
		pieces[gone].iov_len -= sent;
	}
	return gone;
}

static int send_all(int fd, struct iovec *pieces, size_t count)
{
	while (count > 0) {
		struct msghdr message = { .msg_iov = pieces, .msg_iovlen = count };
		ssize_t sent = sendmsg(fd, &message, MSG_NOSIGNAL);
		if (sent < 0 && errno == EINTR)
			continue;
		if (sent < 0)
			return -1;
		size_t gone = advance(pieces, count, (size_t)sent);
		pieces += gone;
		count -= gone;
	}
	return 0;
}

int sl_http_put_records(const FCGX_Request *fcgi, const char *bytes, size_t length)
{
	FCGI_Header headers[RECORDS_AT_ONCE];
	struct iovec pieces[RECORDS_AT_ONCE * 2];
	if (FCGX_FFlush(fcgi->out) != 0)
		return -1;
	while (length > 0) {
		size_t count = 0;
		for (; length > 0 && count < RECORDS_AT_ONCE; count++) {
			size_t content = length < RECORD_BYTES ? length : RECORD_BYTES;
			headers[count] = header_of(fcgi->requestId, content);
			pieces[2 * count] = (struct iovec){ &headers[count], sizeof(headers[count]) };
			pieces[2 * count + 1] = (struct iovec){ (char *)bytes, content };
			bytes += content;
			length -= content;
		}
		if (send_all(fcgi->ipcFd, pieces, 2 * count) != 0)
			return -1;
	}
	return 0;
}
