/* Who is asking; see session.h. One look-up per request finds session, account, project and device; a cookie alone never
 * changes state, since any site can make a browser send it. */
#include "server/session.h"

#include <strings.h>

#include "server/clock.h"
#include "server/token.h"

/* The session's end moves once this share of its lifetime has passed, not at every request. */
#define EXTEND_AFTER(lifetime_ms) ((lifetime_ms) / 4)

struct found {
	struct sl_arena *arena;
	struct sl_identity *who;
	int64_t expires_ms;
	bool revoked;
};

static int take_session(void *context, const struct sl_value *columns, struct sl_err *err)
{
	struct found *found = context;
	struct sl_str device;
	found->who->session_id = columns[0].number;
	found->who->user_id = columns[1].number;
	found->who->project_id = columns[2].number;
	found->expires_ms = columns[3].number;
	if (columns[4].kind != SL_VALUE_NULL) {
		if (sl_arena_copy(found->arena, columns[4].text, &device) != SL_OK)
			return sl_err_set(err, SL_NO_MEMORY, "out of memory while signing in");
		found->who->device_id = device.bytes;
	}
	found->who->pulled = columns[5].kind != SL_VALUE_NULL;
	found->revoked = columns[6].kind != SL_VALUE_NULL;
	found->who->project_version = columns[7].number;
	return SL_OK;
}

static struct sl_str bearer_token(const struct sl_request *request)
{
	const char *header = sl_http_header(request, "Authorization");
	if (!header || strncasecmp(header, "Bearer ", 7) != 0)
		return (struct sl_str){ NULL, 0 };
	header += 7;
	return (struct sl_str){ header, strcspn(header, " \t") };
}

static struct sl_str cookie_token(const struct sl_request *request)
{
	const char *at = sl_http_header(request, "Cookie");
	size_t name = sizeof(SL_SESSION_COOKIE "=") - 1;
	while (at && *at) {
		at += strspn(at, "; \t");
		size_t length = strcspn(at, ";");
		if (length > name && memcmp(at, SL_SESSION_COOKIE "=", name) == 0)
			return (struct sl_str){ at + name, length - name };
		at += length;
	}
	return (struct sl_str){ NULL, 0 };
}

static bool changes_state(const struct sl_request *request)
{
	return request->method != SL_GET && request->method != SL_HEAD;
}

static int extend(struct sl_context *context, const struct found *found, int64_t now_ms, struct sl_err *err)
{
	int64_t lifetime_ms = context->config->session_lifetime * 1000;
	if (found->expires_ms - now_ms > lifetime_ms - EXTEND_AFTER(lifetime_ms))
		return SL_OK;
	struct sl_value values[] = { SL_INT(now_ms + lifetime_ms), SL_INT(context->who.session_id) };
	return sl_db_exec(context->db, SL_SQL_SESSION_EXTEND, values, 2, NULL, err);
}

int sl_session_identify(struct sl_context *context, struct sl_request *request, enum sl_auth auth, struct sl_err *err)
{
	struct sl_str token = bearer_token(request);
	bool by_cookie = token.length == 0;
	unsigned char hash[SL_TOKEN_HASH];
	struct found found = { .arena = request->arena, .who = &context->who };
	int64_t now_ms = sl_clock_wall_ms();

	if (by_cookie)
		token = cookie_token(request);
	if (token.length == 0)
		return sl_err_set(err, SL_UNAUTHENTICATED, "send Authorization: Bearer with a token from /auth/login");
	int rc = sl_token_hash(token, hash, err);
	if (rc != SL_OK)
		return rc;
	if (by_cookie && changes_state(request)) {
		const char *with = sl_http_header(request, "X-Requested-With");
		if (!with || strcmp(with, "slatesync") != 0)
			return sl_err_set(err, SL_FORBIDDEN, "a cookie request that changes state needs X-Requested-With: slatesync");
	}
	struct sl_value device = request->device_id ? SL_TEXT(sl_str_from(request->device_id)) : SL_NULL;
	struct sl_value values[] = { device, device, SL_BYTES(((struct sl_str){ (const char *)hash, sizeof(hash) })), SL_INT(now_ms) };
	int64_t rows = sl_db_query(context->db, SL_SQL_SESSION_BY_TOKEN, values, 4, take_session, &found, err);
	if (rows < 0)
		return (int)rows;
	if (rows == 0)
		return sl_err_set(err, SL_UNAUTHENTICATED, "the token is wrong or has expired");
	if (found.revoked)
		return sl_err_set(err, SL_FORBIDDEN, "this device has been revoked");
	if (auth == SL_AUTH_WRITE && !request->device_id)
		return sl_err_set(err, SL_MALFORMED, "the header X-Device-Id is required on writes");
	return extend(context, &found, now_ms, err);
}
