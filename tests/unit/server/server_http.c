/* FastCGI records by hand, so that libfcgi's idea of the protocol isn't tested against itself. */
#include "server_http.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { BEGIN = 1, END = 3, PARAMS = 4, STDIN = 5, STDOUT = 6 };

static void append(struct wire *wire, const void *bytes, size_t length)
{
	wire->bytes = realloc(wire->bytes, wire->length + length + 1);
	if (!wire->bytes)
		abort();
	if (length > 0)
		memcpy(wire->bytes + wire->length, bytes, length);
	wire->length += length;
}

static void append_record(struct wire *wire, int kind, const char *content, size_t length)
{
	do {
		size_t piece = length < 32768 ? length : 32768;
		unsigned char head[8] = { 1, (unsigned char)kind, 0, 1, (unsigned char)(piece >> 8), (unsigned char)piece };
		append(wire, head, sizeof(head));
		append(wire, content, piece);
		content += piece;
		length -= piece;
	} while (length > 0);
}

static void append_text(struct wire *wire, size_t length)
{
	unsigned char size[4] = { (unsigned char)(length >> 24 | 0x80), (unsigned char)(length >> 16),
		(unsigned char)(length >> 8), (unsigned char)length };
	append(wire, size, sizeof(size));
}

void wire_request(struct wire *wire, bool keep, const char *const *params, const char *body, size_t body_length)
{
	struct wire pairs = { NULL, 0 };
	char begin[8] = { 0, 1, keep };
	append_record(wire, BEGIN, begin, sizeof(begin));
	for (; *params; params += 2) {
		append_text(&pairs, strlen(params[0]));
		append_text(&pairs, strlen(params[1]));
		append(&pairs, params[0], strlen(params[0]));
		append(&pairs, params[1], strlen(params[1]));
	}
	append_record(wire, PARAMS, pairs.bytes, pairs.length);
	append_record(wire, PARAMS, "", 0);
	if (body_length > 0)
		append_record(wire, STDIN, body, body_length);
	append_record(wire, STDIN, "", 0);
	wire_free(&pairs);
}

void wire_free(struct wire *wire)
{
	free(wire->bytes);
	*wire = (struct wire){ NULL, 0 };
}

static bool read_all(int fd, unsigned char *bytes, size_t length)
{
	for (size_t got = 0; got < length;) {
		ssize_t piece = read(fd, bytes + got, length - got);
		if (piece <= 0)
			return false;
		got += (size_t)piece;
	}
	return true;
}

struct answer answer_read(int fd)
{
	struct answer answer = { NULL, 0, NULL, false };
	struct wire text = { NULL, 0 };
	unsigned char head[8], content[65536 + 256];
	while (!answer.ended && read_all(fd, head, sizeof(head))) {
		size_t length = (size_t)head[4] << 8 | head[5];
		if (!read_all(fd, content, length + head[6]))
			break;
		if (head[1] == STDOUT)
			append(&text, content, length);
		answer.ended = head[1] == END;
	}
	append(&text, "", 1);
	answer.text = text.bytes;
	answer.length = text.length - 1;
	char *end = memmem(answer.text, answer.length, "\r\n\r\n", 4);
	answer.body = end ? end + 4 : NULL;
	return answer;
}

void answer_free(struct answer *answer) { free(answer->text); }
