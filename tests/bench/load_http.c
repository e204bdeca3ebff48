/* Reading HTTP/1.1 responses: see load_http.h. Rules: RFC 9112, sections 4 to 7; trailers are not expected. */
#include "load_http.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

enum { HEAD, BODY, CHUNK_SIZE, CHUNK, CHUNK_END, LAST_END, COMPLETE };

void load_response_begin(struct load_response *response)
{
	response->state = HEAD;
	response->chunked = response->close = false;
	response->left = response->head_length = response->body_bytes = response->kept_length = 0;
	response->status = 0;
}

/* The value of a header, or NULL. */
static const char *header(const struct load_response *response, const char *name)
{
	size_t length = strlen(name);
	for (const char *line = strstr(response->head, "\r\n"); line; line = strstr(line + 2, "\r\n"))
		if (strncasecmp(line + 2, name, length) == 0 && line[2 + length] == ':')
			return line + 2 + length + 1 + strspn(line + 2 + length + 1, " ");
	return NULL;
}

static bool begin_body(struct load_response *response)
{
	if (strncmp(response->head, "HTTP/1.1 ", 9) != 0)
		return false;
	response->status = (int)strtol(response->head + 9, NULL, 10);
	const char *length = header(response, "Content-Length"), *encoding = header(response, "Transfer-Encoding");
	const char *connection = header(response, "Connection");
	response->close = connection && strncasecmp(connection, "close", 5) == 0;
	response->chunked = encoding && strncasecmp(encoding, "chunked", 7) == 0;
	response->left = length ? (size_t)strtoull(length, NULL, 10) : 0;
	if (response->status == 304 || response->status == 204)
		response->state = COMPLETE;
	else if (response->chunked)
		response->state = CHUNK_SIZE;
	else
		response->state = response->left ? BODY : COMPLETE;
	return response->chunked || length || response->state == COMPLETE;
}

/* One byte of the head; false when it is no head. */
static bool take_head(struct load_response *response, char c)
{
	if (response->head_length + 1 >= LOAD_HEAD_BYTES)
		return false;
	response->head[response->head_length++] = c;
	if (c != '\n' || response->head_length < 4 ||
		memcmp(response->head + response->head_length - 4, "\r\n\r\n", 4) != 0)
		return true;
	response->head[response->head_length] = '\0';
	return begin_body(response);
}

/* As much of the body (or chunk) as is here; returns how much that was. */
static size_t take_body(struct load_response *response, const char *bytes, size_t length)
{
	size_t taken = length < response->left ? length : response->left;
	size_t room = LOAD_KEPT_BYTES - response->kept_length, kept = taken < room ? taken : room;
	memcpy(response->kept + response->kept_length, bytes, kept);
	response->kept_length += kept;
	response->kept[response->kept_length] = '\0';
	response->body_bytes += taken;
	response->left -= taken;
	if (response->left == 0)
		response->state = response->chunked ? CHUNK_END : COMPLETE;
	return taken;
}

static void take_chunk_size(struct load_response *response, char c)
{
	if (c == '\n')
		response->state = response->left ? CHUNK : LAST_END;
	else if (c != '\r')
		response->left = response->left * 16 + (size_t)(c <= '9' ? c - '0' : (c | 0x20) - 'a' + 10);
}

int load_response_take(struct load_response *response, const char *bytes, size_t length)
{
	for (size_t at = 0; at < length;) {
		switch (response->state) {
		case HEAD:
			if (!take_head(response, bytes[at++]))
				return -1;
			break;
		case BODY:
		case CHUNK:
			at += take_body(response, bytes + at, length - at);
			break;
		case CHUNK_SIZE:
			take_chunk_size(response, bytes[at++]);
			break;
		case CHUNK_END:
			if (bytes[at++] == '\n')
				response->state = CHUNK_SIZE;
			break;
		case LAST_END:
			if (bytes[at++] == '\n')
				response->state = COMPLETE;
			break;
		default:
			return -1;
		}
	}
	return response->state == COMPLETE;
}
