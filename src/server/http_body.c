/* The request's body. Its length must be declared, within the route's limit, and what really arrives: a body that a
 * dying peer cut short must never pass for a whole one. Fails with the codes of sl_http_json; never leaves the peer
 * writing.
 */
#include <limits.h>
#include <stdlib.h>
#include <strings.h>

#include "core/json/parse.h"
#include "server/http_private.h"

static bool is_json(const char *content_type)
{
	static const char json[] = "application/json";
	if (!content_type || strncasecmp(content_type, json, sizeof(json) - 1) != 0)
		return false;
	content_type += sizeof(json) - 1;
	content_type += strspn(content_type, " \t");
	return *content_type == 0 || *content_type == ';';
}

/* The declared length, at most `limit`. */
static int declared_length(const char *text, size_t limit, size_t *length_r, struct sl_err *err)
{
	if (!text || !*text)
		return sl_err_set(err, SL_MALFORMED, "a body and its Content-Length are required");
	if (text[strspn(text, "0123456789")])
		return sl_err_set(err, SL_MALFORMED, "the Content-Length is not a number");
	unsigned long long length = strtoull(text, NULL, 10);
	if (length > limit || length > INT_MAX)
		return sl_err_set_limit(err, (long long)limit, "the body may hold at most %zu bytes", limit);
	if (length == 0)
		return sl_err_set(err, SL_MALFORMED, "the body is empty");
	*length_r = (size_t)length;
	return 0;
}

static int read_body(struct sl_http *http, char *bytes, size_t length, struct sl_err *err)
{
	int got = FCGX_GetStr(bytes, (int)length, http->fcgi.in);
	http->body_bytes = (size_t)got;
	if ((size_t)got < length)
		return sl_err_set(err, SL_MALFORMED, "the body ended after %d of %zu bytes", got, length);
	if (FCGX_GetChar(http->fcgi.in) != EOF)
		return sl_err_set(err, SL_MALFORMED, "the body is longer than its Content-Length");
	return 0;
}

int sl_http_json(struct sl_request *request, json_t **value_r, size_t *bytes_r, struct sl_err *err)
{
	struct sl_http *http = request->http;
	size_t length = 0;
	int code = declared_length(sl_http_param(request, "CONTENT_LENGTH"), request->body_limit, &length, err);
	if (code != 0)
		return code;
	if (!is_json(sl_http_param(request, "CONTENT_TYPE")))
		return sl_err_set(err, SL_UNSUPPORTED_MEDIA_TYPE, "the body must be application/json");
	char *bytes = malloc(length);
	if (!bytes)
		return sl_err_set(err, SL_NO_MEMORY, "out of memory");
	code = read_body(http, bytes, length, err);
	if (code == 0)
		code = sl_json_parse_within((struct sl_str){ bytes, length }, SL_JSON_REQUEST_MEMORY, value_r, err);
	if (bytes_r)
		*bytes_r = length;
	free(bytes);
	return code;
}
