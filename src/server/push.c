/* A push from a handler to its answer; see push.h. The decision is made by sl_commit in one write transaction; the state that
 * a 409 carries is read afterwards in a snapshot of its own, so that no lock is held while it is written out. */
#include "server/push.h"

#include <strings.h>

#include "core/json/parse.h"
#include "server/body.h"
#include "server/clock.h"
#include "server/history.h"
#include "server/log.h"
#include "server/state.h"

struct attempt {
	struct sl_project project;
	const struct sl_push *push;
	struct sl_arena *arena;
	struct sl_outcome *outcome;
};

static int commit(void *context, struct sl_err *err)
{
	struct attempt *attempt = context;
	struct sl_store store = sl_store_mariadb(&attempt->project);
	int rc = sl_commit(&store, attempt->push, attempt->arena, attempt->outcome, err);
	if (rc != SL_OK)
		return rc;
	return attempt->outcome->verdict == SL_COMMITTED || attempt->outcome->verdict == SL_UNCHANGED ? SL_OK : 1;
}

int sl_push_gate(const struct sl_context *context, struct sl_err *err)
{
	if (context->who.pulled)
		return SL_OK;
	return sl_err_set(err, SL_PULL_REQUIRED, "GET the project once with this X-Device-Id before the first push");
}

static void answer_success(struct sl_response *response, const struct sl_outcome *outcome)
{
	/* The stored answer is an object; what tells a replay goes in front. */
	sl_buf_add_text(&response->body, outcome->verdict == SL_REPLAYED ? "{\"replayed\":true," : "{\"replayed\":false,");
	sl_buf_add(&response->body, outcome->answer.bytes + 1, outcome->answer.length - 1);
}

static void answer_preview(struct sl_response *response, const struct sl_push *push, const struct sl_outcome *outcome)
{
	sl_buf_add_text(&response->body, "{\"preview\":true,\"version\":");
	sl_buf_add_int(&response->body, push->restore_version);
	sl_buf_add_char(&response->body, ',');
	sl_state_write_version(&response->body, &outcome->head);
	sl_buf_add_text(&response->body, ",\"delta\":");
	if (sl_delta_write(&outcome->delta, &response->body) == SL_OK)
		sl_buf_add_char(&response->body, '}');
}

static void write_conflicts(struct sl_buf *out, const struct sl_outcome *outcome)
{
	sl_buf_add_text(out, ",\"conflicts\":[");
	for (size_t i = 0; i < outcome->conflict_count; i++) {
		const struct sl_conflict *conflict = &outcome->conflicts[i];
		sl_buf_add_text(out, i ? ",{\"entity\":\"" : "{\"entity\":\"");
		sl_buf_add_text(out, sl_entity_name(conflict->key.entity));
		sl_buf_add_text(out, "\",\"key\":");
		sl_key_write(out, &conflict->key);
		sl_buf_add_text(out, ",\"serverVersion\":");
		sl_buf_add_int(out, conflict->server_version);
		sl_buf_add_text(out, conflict->deleted ? ",\"deleted\":true}" : ",\"deleted\":false}");
	}
	sl_buf_add_char(out, ']');
}

/* Preferences stand between commas, their parameters behind semicolons (RFC 7240). */
static bool wants_minimal(const struct sl_request *request)
{
	static const char minimal[] = "return=minimal";
	const char *at = sl_http_header(request, "Prefer");
	while (at && *at) {
		at += strspn(at, ", \t");
		if (strcspn(at, ",; \t") == sizeof(minimal) - 1 && strncasecmp(at, minimal, sizeof(minimal) - 1) == 0)
			return true;
		at += strcspn(at, ",");
	}
	return false;
}

static int answer_conflict(struct sl_project *project, const struct sl_push *push, const struct sl_outcome *outcome,
	struct sl_request *request, struct sl_response *response, struct sl_err *err)
{
	bool same_history = push->has_base && strcmp(outcome->reason, "epoch") != 0;
	struct sl_state_query query = { .rows = !wants_minimal(request), .changes = same_history,
		.since = push->base_version };
	struct sl_state state;
	struct sl_err problem = SL_ERR_INIT;
	int rc = sl_state_read(project, &query, request->arena, &state, err);
	if (rc != SL_OK)
		return rc;
	sl_err_set(&problem, SL_CONFLICT, "the project has changed since the version that this push is based on");
	sl_http_problem_begin(response, request, &problem);
	sl_buf_add_text(&response->body, ",\"reason\":\"");
	sl_buf_add_text(&response->body, outcome->reason);
	sl_buf_add_text(&response->body, "\",");
	sl_state_write_version(&response->body, &state.head);
	write_conflicts(&response->body, outcome);
	if (state.has_changes)
		rc = sl_state_write_changes(&response->body, &state, err);
	if (rc == SL_OK && query.rows)
		rc = sl_state_write_project(&response->body, &state, request->arena, err);
	sl_http_problem_end(response);
	return rc;
}

/* Best effort: a conflict is answered even if the audit log can't be written; then the failure is logged. */
static void note_conflict(struct sl_project *project, const struct sl_push *push, const struct sl_outcome *outcome)
{
	struct sl_err err = SL_ERR_INIT;
	int rc = sl_store_audit(project, sl_action_name(push->action), "conflict", outcome->head.version, push->now_ms,
		sl_str_from(outcome->reason), &err);
	if (rc != SL_OK)
		sl_log(SL_LOG_WARN, "audit event lost", SL_LOG_S("reason", err.message));
}

static const char *verdict_name(enum sl_commit_verdict verdict)
{
	static const char *const names[] = { "committed", "unchanged", "replayed", "conflict", "previewed" };
	return names[verdict];
}

static int answer(struct attempt *attempt, struct sl_context *context, struct sl_request *request,
	struct sl_response *response, struct sl_err *err)
{
	const struct sl_outcome *outcome = attempt->outcome;
	sl_log(SL_LOG_INFO, "push", SL_LOG_S("action", sl_action_name(attempt->push->action)),
		SL_LOG_S("outcome", verdict_name(outcome->verdict)), SL_LOG_I("version", outcome->head.version),
		SL_LOG_I("baseVersion", attempt->push->base_version), SL_LOG_I("rows", (int64_t)outcome->rows_changed));
	switch (outcome->verdict) {
	case SL_CONFLICTED:
		note_conflict(&attempt->project, attempt->push, outcome);
		return answer_conflict(&attempt->project, attempt->push, outcome, request, response, err);
	case SL_PREVIEWED:
		answer_preview(response, attempt->push, outcome);
		break;
	default:
		answer_success(response, outcome);
	}
	if (outcome->verdict == SL_COMMITTED && attempt->project.history_rows + 1 >= SL_HISTORY_SLACK)
		context->thin_project = context->who.project_id;
	return SL_OK;
}

int sl_push_run(struct sl_context *context, struct sl_request *request, struct sl_response *response,
	struct sl_push *push, struct sl_err *err)
{
	struct sl_outcome outcome;
	struct attempt attempt = { sl_state_project(context, request), push, request->arena, &outcome };
	struct sl_err refusal = SL_ERR_INIT;
	if (sl_push_gate(context, &refusal) != SL_OK)
		push->refusal = &refusal;
	push->now_ms = sl_clock_wall_ms();
	push->project_bytes = context->config->project_bytes;
	memset(&outcome, 0, sizeof(outcome));
	int rc = sl_tx_run(context->db, SL_TX_WRITE, commit, &attempt, err);
	if (rc == SL_INVALID && outcome.faults.total)
		return sl_body_answer_faults(&outcome.faults, request, response, err);
	return rc == SL_OK ? answer(&attempt, context, request, response, err) : rc;
}
