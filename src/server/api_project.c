/* /project: reading it whole or since a version, pushing to it, clearing it. See protocol.md, "Project". */
#include <stdlib.h>

#include "core/json/write.h"
#include "server/api.h"
#include "server/body.h"
#include "server/clock.h"
#include "server/log.h"
#include "server/push.h"
#include "server/shared.h"
#include "server/state.h"

/* --- GET --------------------------------------------------------------------------------------------------------- */

/* The first answer to a GET completes the device's initial pull, whatever it says. HEAD brings nothing. */
static int note_pull(struct sl_context *context, const struct sl_request *request, struct sl_err *err)
{
	int64_t now_ms = sl_clock_wall_ms();
	if (context->who.pulled || !context->who.device_id || request->method == SL_HEAD)
		return SL_OK;
	struct sl_value values[] = { SL_INT(context->who.user_id), SL_TEXT(sl_str_from(context->who.device_id)),
		SL_INT(now_ms), SL_INT(now_ms) };
	return sl_db_exec(context->db, SL_SQL_DEVICE_PULLED, values, 4, NULL, err);
}

/* Whether If-None-Match names the version: a list of "tag" or W/"tag" (RFC 9110, 13.1.2; compared weakly), or *. */
static bool matches_etag(const char *header, int64_t version)
{
	while (header && *header) {
		header += strspn(header, ", \t");
		if (*header == '*')
			return true;
		if (strncmp(header, "W/", 2) == 0)
			header += 2;
		if (*header != '"')
			return false;
		char *end;
		long long tag = strtoll(header + 1, &end, 10);
		if (end > header + 1 && *end == '"' && tag == version)
			return true;
		header = strchr(header + 1, '"');
		header = header ? header + 1 : NULL;
	}
	return false;
}

static int no_project(struct sl_err *err)
{
	return sl_err_set(err, SL_NO_PROJECT, "this account has stored no project yet");
}

/* 1 when the answer is 304 or 404 and complete (or the negative code is in *err), 0 when the project must be read. */
static int answer_unmodified(struct sl_context *context, struct sl_request *request, struct sl_response *response,
	struct sl_err *err)
{
	const char *if_none_match = sl_http_header(request, "If-None-Match");
	int64_t version = context->who.project_version;
	if (!if_none_match)
		return 0;
	if (version == 0)
		return no_project(err);
	if (!matches_etag(if_none_match, version))
		return 0;
	response->status = 304;
	int rc = sl_http_add_header(response, "ETag", "\"%lld\"", (long long)version);
	return rc == SL_OK ? 1 : rc;
}

/* Shows damage (rows edited behind the server's back) in log and metrics; clients see the digest and repair by row. */
static void check_digest(struct sl_context *context, const struct sl_state *state)
{
	if (!state->rows || sl_digest_equal(sl_digest_of(state->rows), state->head.digest))
		return;
	sl_shared_count(context->shared, SL_COUNT_DIGEST_MISMATCHES, 1);
	sl_log(SL_LOG_ERROR, "the stored rows do not match the digest of their version",
		SL_LOG_I("project", context->who.project_id), SL_LOG_I("version", state->head.version));
}

static int write_state(struct sl_request *request, struct sl_response *response, const struct sl_state *state,
	const struct sl_state_query *query, struct sl_err *err)
{
	struct sl_buf *out = &response->body;
	int rc = SL_OK;
	sl_buf_add_char(out, '{');
	sl_state_write_version(out, &state->head);
	if (query->changes && state->has_changes) {
		sl_buf_add_text(out, ",\"since\":");
		sl_buf_add_int(out, query->since);
		if (query->known > 0) {
			sl_buf_add_text(out, ",\"known\":");
			sl_buf_add_int(out, query->known);
		}
		rc = sl_state_write_changes(out, state, err);
	} else {
		if (query->changes)
			sl_buf_add_text(out, ",\"full\":true");
		rc = sl_state_write_project(out, state, request->arena, err);
	}
	sl_buf_add_char(out, '}');
	return rc;
}

static int answer_state(struct sl_context *context, struct sl_request *request, struct sl_response *response,
	struct sl_err *err)
{
	struct sl_state_query query = { .rows = true };
	struct sl_project project = sl_state_project(context, request);
	struct sl_state state;
	int rc = sl_http_query_int(request, "since", &query.since, err);
	query.changes = query.rows_if_no_changes = rc > 0;
	if (rc > 0)
		rc = sl_http_query_int(request, "known", &query.known, err);
	if (rc < 0)
		return rc;
	query.rows = !query.changes;
	rc = sl_state_read(&project, &query, request->arena, &state, err);
	if (rc != SL_OK)
		return rc;
	if (state.head.version == 0)
		return no_project(err);
	check_digest(context, &state);
	rc = sl_http_add_header(response, "ETag", "\"%lld\"", (long long)state.head.version);
	return rc == SL_OK ? write_state(request, response, &state, &query, err) : rc;
}

int sl_api_project_get(struct sl_context *context, struct sl_request *request, struct sl_response *response,
	struct sl_err *err)
{
	struct sl_err pull = SL_ERR_INIT;
	int rc = answer_unmodified(context, request, response, err);
	if (rc == 0)
		rc = answer_state(context, request, response, err);
	if (rc >= 0 || rc == SL_NO_PROJECT) {
		int noted = note_pull(context, request, &pull);
		if (noted != SL_OK && !response->started) {
			*err = pull;
			return noted;
		}
	}
	return rc < 0 ? rc : SL_OK;
}

/* --- PUT --------------------------------------------------------------------------------------------------------- */

/* The members that all pushes share. `updatedAt` is an older name of `baseVersion`. */
static void read_common(struct sl_body *body, struct sl_push *push)
{
	push->has_base = sl_body_integer(body, "baseVersion", false, &push->base_version);
	if (!push->has_base && !json_object_get(body->json, "baseVersion"))
		push->has_base = sl_body_integer(body, "updatedAt", false, &push->base_version);
	sl_body_text(body, "opId", true, SL_OP_ID_CHARACTERS, &push->op_id);
	sl_body_text(body, "epoch", false, SL_EPOCH_BYTES - 1, &push->epoch);
}

static void read_on_stale(struct sl_body *body, struct sl_push *push)
{
	struct sl_str word;
	if (!sl_body_text(body, "onStale", false, 16, &word))
		return;
	push->rebase = sl_str_equal(word, SL_STR("rebase"));
	if (!push->rebase && !sl_str_equal(word, SL_STR("reject")))
		sl_body_fault(body, "onStale", "must be one of reject, rebase");
}

static int check_aside(struct sl_body *body, const json_t *items)
{
	struct sl_err ignored = SL_ERR_INIT;
	return items ? sl_validate_set_aside(items, "/setAside", body->arena, &body->faults, &ignored) : SL_OK;
}

static int check_content(struct sl_context *context, struct sl_body *body, const json_t *delta, const json_t *document)
{
	struct sl_err ignored = SL_ERR_INIT;
	size_t row_bytes = (size_t)context->config->row_bytes;
	int rc = SL_OK;
	if (delta)
		rc = sl_validate_delta(delta, "/delta", row_bytes, body->arena, &body->faults, &ignored);
	else if (document)
		rc = sl_validate_document(document, "/projectData", row_bytes, body->arena, &body->faults, &ignored);
	if (delta && document)
		sl_body_fault(body, "projectData", "send delta or projectData, not both");
	else if (!delta && !document && json_is_object(body->json))
		sl_body_fault(body, "delta", "delta or projectData is required");
	return rc;
}

static int read_content(struct sl_push *push, struct sl_delta *delta_r, const json_t *delta, const json_t *document,
	struct sl_arena *arena, struct sl_err *err)
{
	push->action = delta ? SL_ACTION_PUSH : SL_ACTION_REPLACE;
	push->at = "/delta";
	if (document)
		return sl_rows_from_document(document, arena, &push->document, err);
	push->delta = delta_r;
	return sl_delta_from_json(delta, arena, delta_r, err);
}

static int read_push(struct sl_context *context, struct sl_body *body, struct sl_push *push, struct sl_delta *delta_r,
	struct sl_err *err)
{
	const json_t *delta = json_object_get(body->json, "delta");
	const json_t *document = json_object_get(body->json, "projectData"), *aside = json_object_get(body->json, "setAside");
	if (check_content(context, body, delta, document) == SL_NO_MEMORY || check_aside(body, aside) == SL_NO_MEMORY)
		body->code = SL_NO_MEMORY;
	read_common(body, push);
	read_on_stale(body, push);
	sl_body_boolean(body, "allowEmpty", &push->allow_empty);
	int rc = sl_body_check(body, err);
	if (rc == SL_OK && aside)
		rc = sl_json_copy(aside, body->arena, &push->set_aside);
	return rc == SL_OK ? read_content(push, delta_r, delta, document, body->arena, err) : rc;
}

/* What is not valid was never committed, so the gate comes first. */
static int answer_invalid(const struct sl_context *context, const struct sl_faults *faults, struct sl_request *request,
	struct sl_response *response, struct sl_err *err)
{
	struct sl_err gate = SL_ERR_INIT;
	int rc = sl_push_gate(context, &gate);
	if (rc == SL_OK)
		return sl_body_answer_faults(faults, request, response, err);
	*err = gate;
	return rc;
}

int sl_api_project_put(struct sl_context *context, struct sl_request *request, struct sl_response *response,
	struct sl_err *err)
{
	struct sl_push push = { .action = SL_ACTION_PUSH };
	struct sl_delta delta;
	struct sl_body body;
	int rc = sl_body_read(&body, request, err);
	if (rc == SL_OK)
		rc = read_push(context, &body, &push, &delta, err);
	sl_body_dispose(&body);
	return rc == SL_INVALID ? answer_invalid(context, &body.faults, request, response, err)
		: rc == SL_OK ? sl_push_run(context, request, response, &push, err) : rc;
}

int sl_api_project_delete(struct sl_context *context, struct sl_request *request, struct sl_response *response,
	struct sl_err *err)
{
	struct sl_push push = { .action = SL_ACTION_CLEAR, .allow_empty = true };
	struct sl_body body;
	int rc = sl_body_read(&body, request, err);
	if (rc == SL_OK) {
		read_common(&body, &push);
		rc = sl_body_check(&body, err);
	}
	sl_body_dispose(&body);
	return rc == SL_INVALID ? answer_invalid(context, &body.faults, request, response, err)
		: rc == SL_OK ? sl_push_run(context, request, response, &push, err) : rc;
}
