/* /auth: registering, signing in and out. Neither messages nor times tell whether an address has an account: every attempt
 * hashes one password, and registering an address that is taken is answered like one that is free. */
#include <sodium.h>

#include "core/json/write.h"
#include "server/api.h"
#include "server/body.h"
#include "server/clock.h"
#include "server/log.h"
#include "server/session.h"
#include "server/shared.h"
#include "server/token.h"
#include "server/user.h"

#define DEVICE_NAME_CHARACTERS 200
#define DEVICE_ID_BYTES 64

struct credentials {
	char email[SL_USER_EMAIL + 1];
	struct sl_str password;      /* in the arena: wiped by forget() */
	struct sl_str device, device_name;
	bool cookie;
};

static void forget(struct credentials *credentials)
{
	if (credentials->password.length)
		sodium_memzero((char *)credentials->password.bytes, credentials->password.length);
}

static void read_device(struct sl_body *body, const struct sl_request *request, struct credentials *credentials)
{
	if (request->device_id)
		credentials->device = sl_str_from(request->device_id);
	if (sl_body_text(body, "deviceId", false, DEVICE_ID_BYTES, &credentials->device)
		&& !sl_http_device_is_valid(credentials->device))
		sl_body_fault(body, "deviceId", "must be 1 to 64 of A-Z, a-z, 0-9, '.', '_', '-'");
	sl_body_text(body, "deviceName", false, DEVICE_NAME_CHARACTERS, &credentials->device_name);
}

static int read_credentials(struct sl_request *request, struct sl_body *body, struct credentials *credentials,
	struct sl_err *err)
{
	struct sl_err fault = SL_ERR_INIT, password_fault = SL_ERR_INIT;
	struct sl_str email;
	memset(credentials, 0, sizeof(*credentials));
	int rc = sl_body_read(body, request, err);
	if (rc == SL_OK) {
		if (sl_body_text(body, "email", true, SL_USER_EMAIL, &email)
			&& sl_user_email(email, credentials->email, &fault) != SL_OK)
			sl_body_fault(body, "email", fault.message);
		if (sl_body_text(body, "password", true, SL_PASSWORD_MOST, &credentials->password)
			&& sl_password_check(credentials->password, &password_fault) != SL_OK)
			sl_body_fault(body, "password", password_fault.message);
		read_device(body, request, credentials);
		sl_body_boolean(body, "cookie", &credentials->cookie);
		rc = sl_body_check(body, err);
	}
	sl_body_dispose(body);
	return rc;
}

/* --- turns to hash ----------------------------------------------------------------------------------------------- */

/* Waits for one of the turns that all workers share; -1 with SL_THROTTLED when none comes free in time. */
static int claim_turn(struct sl_context *context, struct sl_err *err)
{
	int turn = sl_shared_hash_claim(context->shared, (unsigned)context->config->password_hashes_at_once,
		(int)(context->config->password_wait * 1000));
	if (turn < 0)
		sl_err_set(err, SL_THROTTLED, "too many sign-ins at once");
	return turn;
}

/* --- register ---------------------------------------------------------------------------------------------------- */

static int create(struct sl_context *context, const struct credentials *credentials, struct sl_err *err)
{
	char encoded[SL_PASSWORD_ENCODED];
	struct sl_err taken = SL_ERR_INIT;
	int turn = claim_turn(context, err);
	if (turn < 0)
		return SL_THROTTLED;
	int rc = sl_password_hash(credentials->password, sl_user_password_cost(context->config), encoded, err);
	sl_shared_hash_release(context->shared, turn);
	if (rc != SL_OK)
		return rc;
	rc = sl_user_create(context->db, credentials->email, encoded, sl_clock_wall_ms(), NULL, &taken);
	if (rc == SL_OK || rc == SL_CONFLICT)
		return SL_OK;
	*err = taken;
	return rc;
}

int sl_api_register(struct sl_context *context, struct sl_request *request, struct sl_response *response, struct sl_err *err)
{
	struct credentials credentials;
	struct sl_body body;
	if (context->config->registration != SL_REGISTRATION_OPEN)
		return sl_err_set(err, SL_FORBIDDEN, "accounts are created by the operator of this server");
	int rc = read_credentials(request, &body, &credentials, err);
	if (rc == SL_OK)
		rc = create(context, &credentials, err);
	forget(&credentials);
	if (rc == SL_INVALID)
		return sl_body_answer_faults(&body.faults, request, response, err);
	if (rc != SL_OK)
		return rc;
	response->status = 201;
	sl_buf_add_text(&response->body, "{\"ok\":true,\"user\":{\"email\":");
	sl_json_string(&response->body, sl_str_from(credentials.email));
	sl_buf_add_text(&response->body, "}}");
	return SL_OK;
}

/* --- login ------------------------------------------------------------------------------------------------------- */

/* Another cost than today's would also tell known accounts by the time that signing in takes. Best effort: the old hash
 * still lets its owner in. */
static void renew_hash(struct sl_context *context, const struct credentials *credentials, const struct sl_user *user,
	struct sl_password_cost cost)
{
	char encoded[SL_PASSWORD_ENCODED];
	struct sl_err err = SL_ERR_INIT;
	int rc = sl_password_hash(credentials->password, cost, encoded, &err);
	if (rc == SL_OK) {
		struct sl_value values[] = { SL_TEXT(sl_str_from(encoded)), SL_INT(user->user_id),
			SL_TEXT(sl_str_from(user->password)) };
		rc = sl_db_exec(context->db, SL_SQL_USER_PASSWORD_RENEW, values, 3, NULL, &err);
	}
	if (rc != SL_OK)
		sl_log(SL_LOG_WARN, "a password hash can't be renewed", SL_LOG_I("account", user->user_id),
			SL_LOG_S("reason", err.message));
}

/* The account, if the password is right. An unknown address costs the same hash. */
static int check_password(struct sl_context *context, const struct credentials *credentials, struct sl_user *user_r,
	struct sl_err *err)
{
	struct sl_password_cost cost = sl_user_password_cost(context->config);
	struct sl_err detail = SL_ERR_INIT;
	int turn = claim_turn(context, err);
	if (turn < 0)
		return SL_THROTTLED;
	int rc = sl_user_find(context->db, credentials->email, user_r, &detail);
	if (rc == SL_OK)
		rc = sl_password_verify(user_r->password, credentials->password, &detail);
	else if (rc == SL_NOT_FOUND)
		rc = sl_password_verify_dummy(credentials->password, cost, &detail);
	if (rc == SL_OK && sl_password_needs_rehash(user_r->password, cost))
		renew_hash(context, credentials, user_r, cost);
	sl_shared_hash_release(context->shared, turn);
	if (rc == SL_UNAUTHENTICATED)
		return sl_err_set(err, rc, "the e-mail address or the password is wrong");
	if (rc != SL_OK)
		*err = detail;
	return rc;
}

struct signing_in {
	struct sl_context *context;
	const struct credentials *credentials;
	int64_t user_id, now_ms, expires_ms;
	char token[SL_TOKEN_LENGTH + 1];
	unsigned char hash[SL_TOKEN_HASH];
};

static struct sl_value text_or_null(struct sl_str text)
{
	return text.length ? SL_TEXT(text) : SL_NULL;
}

static int open_session(void *context, struct sl_err *err)
{
	struct signing_in *in = context;
	const struct credentials *credentials = in->credentials;
	struct sl_value device[] = { SL_INT(in->user_id), SL_TEXT(credentials->device),
		text_or_null(credentials->device_name), SL_INT(in->now_ms) };
	struct sl_value session[] = { SL_INT(in->user_id), SL_BYTES(((struct sl_str){ (const char *)in->hash, SL_TOKEN_HASH })),
		text_or_null(credentials->device), SL_INT(in->now_ms), SL_INT(in->expires_ms) };
	int rc = sl_db_exec(in->context->db, SL_SQL_SESSION_DELETE_EXPIRED, &session[3], 1, NULL, err);
	if (rc == SL_OK && credentials->device.length)
		rc = sl_db_exec(in->context->db, SL_SQL_DEVICE_SEEN, device, 4, NULL, err);
	return rc == SL_OK ? sl_db_exec(in->context->db, SL_SQL_SESSION_ADD, session, 5, NULL, err) : rc;
}

static int answer_login(struct sl_request *request, struct sl_response *response, const struct signing_in *in)
{
	struct sl_buf *out = &response->body;
	sl_buf_add_text(out, "{\"token\":\"");
	sl_buf_add_text(out, in->token);
	sl_buf_add_text(out, "\",\"expiresAt\":");
	sl_buf_add_int(out, in->expires_ms);
	sl_buf_add_text(out, ",\"user\":{\"id\":");
	sl_buf_add_int(out, in->user_id);
	sl_buf_add_text(out, ",\"email\":");
	sl_json_string(out, sl_str_from(in->credentials->email));
	sl_buf_add_text(out, "},\"deviceId\":");
	if (in->credentials->device.length)
		sl_json_string(out, in->credentials->device);
	else
		sl_buf_add_text(out, "null");
	sl_buf_add_char(out, '}');
	if (!in->credentials->cookie)
		return SL_OK;
	const char *https = sl_http_param(request, "HTTPS");
	return sl_http_add_header(response, "Set-Cookie", SL_SESSION_COOKIE "=%s; Path=/; HttpOnly; SameSite=Strict%s; Max-Age=%lld",
		in->token, https && strcmp(https, "on") == 0 ? "; Secure" : "", (long long)((in->expires_ms - in->now_ms) / 1000));
}

int sl_api_login(struct sl_context *context, struct sl_request *request, struct sl_response *response, struct sl_err *err)
{
	struct credentials credentials;
	struct sl_user user;
	struct sl_body body;
	int rc = read_credentials(request, &body, &credentials, err);
	if (rc == SL_OK)
		rc = check_password(context, &credentials, &user, err);
	forget(&credentials);
	if (rc == SL_INVALID && body.faults.total)
		return sl_body_answer_faults(&body.faults, request, response, err);
	if (rc != SL_OK)
		return rc;
	struct signing_in in = { .context = context, .credentials = &credentials, .user_id = user.user_id,
		.now_ms = sl_clock_wall_ms() };
	in.expires_ms = in.now_ms + context->config->session_lifetime * 1000;
	sl_token_new(in.token, in.hash);
	rc = sl_tx_run(context->db, SL_TX_WRITE, open_session, &in, err);
	if (rc != SL_OK)
		return rc;
	sl_log(SL_LOG_INFO, "signed in", SL_LOG_I("account", user.user_id), SL_LOG_T("device", credentials.device));
	return answer_login(request, response, &in);
}

int sl_api_logout(struct sl_context *context, struct sl_request *request, struct sl_response *response, struct sl_err *err)
{
	struct sl_value values[] = { SL_INT(context->who.session_id) };
	(void)request;
	int rc = sl_db_exec(context->db, SL_SQL_SESSION_DELETE, values, 1, NULL, err);
	sl_buf_add_text(&response->body, "{\"ok\":true}");
	if (rc == SL_OK)
		rc = sl_http_add_header(response, "Set-Cookie", SL_SESSION_COOKIE "=; Path=/; HttpOnly; SameSite=Strict; Max-Age=0");
	return rc;
}
