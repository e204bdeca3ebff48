/* Path and method to route. A path is compared segment by segment, {…} takes one segment that isn't empty; there is no
 * other pattern. Percent escapes are undone only where the server in front has not done so: once, never twice.
 */
#include "server/router.h"

#include <stdio.h>

#include "server/percent.h"

static bool given(const char *text) { return text && *text; }

static struct sl_str without_prefix(struct sl_str path, const char *prefix)
{
	struct sl_str start = sl_str_from(prefix);
	if (start.length == 0 || path.length < start.length || memcmp(path.bytes, start.bytes, start.length) != 0)
		return path;
	if (path.length == start.length)
		return SL_STR("/");
	if (path.bytes[start.length] != '/')
		return path;
	return (struct sl_str){ path.bytes + start.length, path.length - start.length };
}

int sl_router_path(struct sl_arena *arena, const struct sl_router_place *place, const char *prefix,
	struct sl_str *path_r, struct sl_err *err)
{
	struct sl_str path = SL_STR("");
	int code;
	if (given(place->path_info) || given(place->document_uri)) {
		path = sl_str_from(given(place->path_info) ? place->path_info : place->document_uri);
		code = sl_arena_copy(arena, path, &path);
	} else if (given(place->request_uri)) {
		path = (struct sl_str){ place->request_uri, strcspn(place->request_uri, "?#") };
		code = sl_percent_decode(arena, path, false, &path, err);
		if (code == 0)
			code = sl_arena_copy(arena, path, &path);
	} else {
		return sl_err_set(err, SL_MALFORMED, "the request has no path");
	}
	if (code == SL_NO_MEMORY)
		sl_err_set(err, SL_NO_MEMORY, "out of memory");
	*path_r = code == 0 ? without_prefix(path, prefix) : SL_STR("");
	return code;
}

/* Takes "/segment" off the front of *rest; false when *rest doesn't begin with a slash. */
static bool next_segment(struct sl_str *rest, struct sl_str *segment_r)
{
	if (rest->length == 0 || rest->bytes[0] != '/')
		return false;
	const char *end = memchr(rest->bytes + 1, '/', rest->length - 1);
	size_t length = (end ? (size_t)(end - rest->bytes) : rest->length) - 1;
	*segment_r = (struct sl_str){ rest->bytes + 1, length };
	rest->bytes += length + 1;
	rest->length -= length + 1;
	return true;
}

static bool path_matches(const char *pattern, struct sl_str path, struct sl_str params[4])
{
	struct sl_str rest = sl_str_from(pattern), wanted, found;
	size_t count = 0;
	while (next_segment(&rest, &wanted)) {
		if (!next_segment(&path, &found))
			return false;
		if (wanted.length > 0 && wanted.bytes[0] == '{') {
			if (found.length == 0 || count == 4)
				return false;
			params[count++] = found;
		} else if (!sl_str_equal(wanted, found)) {
			return false;
		}
	}
	return path.length == 0;
}

const struct sl_route *sl_router_match(const struct sl_route *routes, size_t count, enum sl_method method,
	struct sl_str path, struct sl_str params_r[4], unsigned *allowed_r)
{
	const struct sl_route *match = NULL;
	struct sl_str params[4];
	*allowed_r = 0;
	for (size_t i = 0; i < count; i++) {
		memset(params, 0, sizeof(params));
		if (!path_matches(routes[i].path, path, params))
			continue;
		unsigned methods = 1u << routes[i].method;
		if (routes[i].method == SL_GET)
			methods |= 1u << SL_HEAD;
		*allowed_r |= methods;
		if (!match && (methods & 1u << method)) {
			match = &routes[i];
			memcpy(params_r, params, sizeof(params));
		}
	}
	return match;
}

void sl_router_allow(unsigned allowed, char text_r[SL_ROUTER_ALLOW])
{
	static const char *const words[] = { "GET", "HEAD", "PUT", "POST", "DELETE" };
	size_t length = 0;
	text_r[0] = 0;
	for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++)
		if (allowed & 1u << i)
			length += (size_t)snprintf(text_r + length, SL_ROUTER_ALLOW - length, "%s%s", length ? ", " : "", words[i]);
}
