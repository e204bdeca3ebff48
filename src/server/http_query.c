/* Query parameters: `name=value` pairs between &. A parameter that is given twice counts as first given. */
#include <stdint.h>
#include <stdio.h>

#include "server/http.h"
#include "server/percent.h"

#define LARGEST 9007199254740991 /* 2^53 - 1, as in ECMAScript */

/* Takes the text before the first `mark` off *rest. */
static struct sl_str cut(struct sl_str *rest, char mark)
{
	const char *end = rest->length ? memchr(rest->bytes, mark, rest->length) : NULL;
	struct sl_str piece = { rest->bytes, end ? (size_t)(end - rest->bytes) : rest->length };
	size_t used = piece.length + (end != NULL);
	rest->bytes += used;
	rest->length -= used;
	return piece;
}

int sl_http_query(const struct sl_request *request, const char *name, struct sl_str *value_r, struct sl_err *err)
{
	struct sl_str rest = request->query, wanted = sl_str_from(name);
	while (rest.length > 0) {
		struct sl_str value = cut(&rest, '&');
		if (!sl_str_equal(cut(&value, '='), wanted))
			continue;
		int code = sl_percent_decode(request->arena, value, true, value_r, err);
		return code == 0 ? 1 : code;
	}
	return 0;
}

static int parse_int(struct sl_str text, int64_t *value_r)
{
	int64_t value = 0;
	if (text.length == 0 || text.length > 16)
		return -1;
	for (size_t i = 0; i < text.length; i++) {
		if (text.bytes[i] < '0' || text.bytes[i] > '9')
			return -1;
		value = value * 10 + (text.bytes[i] - '0');
	}
	*value_r = value;
	return value > LARGEST ? -1 : 0;
}

int sl_http_query_int(const struct sl_request *request, const char *name, int64_t *value_r, struct sl_err *err)
{
	struct sl_str text;
	int found = sl_http_query(request, name, &text, err);
	if (found != 1)
		return found;
	if (parse_int(text, value_r) == 0)
		return 1;
	char path[64];
	snprintf(path, sizeof(path), "/%s", name);
	return sl_err_set_at(err, SL_INVALID, path, "must be a whole number from 0 to 9007199254740991");
}

bool sl_http_device_is_valid(struct sl_str id)
{
	static const char allowed[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789._-";
	for (size_t i = 0; i < id.length; i++)
		if (id.bytes[i] == '\0' || !strchr(allowed, id.bytes[i]))
			return false;
	return id.length >= 1 && id.length <= 64;
}
