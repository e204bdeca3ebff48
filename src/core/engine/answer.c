/* What answers mean; see private.h. Keeps true: an answer counts once, and only for the request that is out;
 * whatever can't be understood changes nothing and is a failure like any other; every path on which the engine goes
 * on by itself either made progress or backs off. Rules: merge.md "Client engine" 3, 4, 5, 7; protocol.md "Project". */
#include "core/engine/private.h"

#include "core/json/parse.h"

#define LONGEST_WAIT_SECS 86400

/* --- parts -------------------------------------------------------------------------------------------------------- */

/* Seconds as a header gives them; 0 for anything else (a date means nothing to a clock that may be wrong). */
static int64_t seconds_of(struct sl_str text)
{
	int64_t seconds = 0;
	for (size_t i = 0; i < text.length; i++) {
		if (text.bytes[i] < '0' || text.bytes[i] > '9')
			return 0;
		if (seconds < LONGEST_WAIT_SECS)
			seconds = seconds * 10 + (text.bytes[i] - '0');
	}
	return seconds < LONGEST_WAIT_SECS ? seconds : LONGEST_WAIT_SECS;
}

const char *sl_answer_text(const json_t *body, const char *name)
{
	const char *text = json_string_value(json_object_get(body, name));
	return text ? text : "";
}

bool sl_answer_says(const struct sl_answer *answer, const char *error)
{
	return strcmp(sl_answer_text(answer->body, "error"), error) == 0;
}

const char *sl_answer_detail(const struct sl_answer *answer)
{
	const char *detail = sl_answer_text(answer->body, "detail");
	return *detail ? detail : sl_answer_text(answer->body, "title");
}

void sl_answer_note_trace(const struct sl_answer *answer)
{
	const json_t *id = json_object_get(answer->body, "traceId");
	struct sl_str text = { json_string_value(id), json_string_length(id) };
	sl_engine_set_text(answer->engine->trace_id, sizeof(answer->engine->trace_id), text.length ? text : answer->trace_id);
}

void sl_answer_fail(const struct sl_answer *answer, const char *otherwise)
{
	const char *error = sl_answer_text(answer->body, "error");
	sl_engine_fail(answer->engine, *error ? error : otherwise, sl_answer_detail(answer), answer->wait_ms);
	sl_answer_note_trace(answer);
}

void sl_answer_fail_to_understand(const struct sl_answer *answer, const struct sl_err *err)
{
	sl_engine_fail(answer->engine, "invalid_answer", err->message, answer->wait_ms);
	sl_answer_note_trace(answer);
}

static void sl_answer_halt(const struct sl_answer *answer, enum sl_halt why)
{
	sl_answer_fail(answer, why == SL_HALT_GONE ? "project_deleted" : "forbidden");
	answer->engine->halt = why;
	sl_timer_start(&answer->engine->retry, answer->engine->now_ms, SL_HALT_RETRY_MS);
}

void sl_answer_fail_otherwise(const struct sl_answer *answer)
{
	if (answer->status == 401)
		sl_answer_halt(answer, SL_HALT_UNAUTHENTICATED);
	else if (answer->status == 403)
		sl_answer_halt(answer, sl_answer_says(answer, "sync_disabled") ? SL_HALT_DISABLED : SL_HALT_FORBIDDEN);
	else if (answer->status == 410 || (answer->status == 404 && sl_answer_says(answer, "not_found")))
		sl_answer_halt(answer, SL_HALT_GONE);
	else
		sl_answer_fail(answer, answer->status >= 500 ? "unavailable" : "unexpected_answer");
}

/* --- pulls -------------------------------------------------------------------------------------------------------- */

/* The answer waits for what the job finds out. */
static int hold(const struct sl_answer *answer, struct sl_job *job)
{
	int rc = sl_arena_copy(&job->arena, answer->text, &job->text);
	job->id = answer->since;
	job->status = answer->status;
	job->wait_ms = answer->wait_ms;
	sl_engine_queue_job(answer->engine, job);
	return rc;
}

static int take_pulled(const struct sl_answer *answer, const struct sl_news *news)
{
	struct sl_engine *engine = answer->engine;
	struct sl_delta op;
	bool settled = engine->op.state == SL_OP_SETTLED;
	struct sl_job *job = NULL;
	int rc = settled ? sl_engine_op_delta(engine, &op) : SL_OK;
	if (rc == SL_OK)
		rc = sl_engine_adopt(engine, settled ? &op : NULL, news, &job);
	if (rc <= 0)
		return rc == 0 && job ? hold(answer, job) : rc;
	engine->meta.pulled = true;
	engine->counts.pulls++;
	sl_engine_succeed(engine);
	return settled ? sl_answer_finish_op(engine) : SL_OK;
}

static int read_pulled(const struct sl_answer *answer)
{
	struct sl_engine *engine = answer->engine;
	const json_t *since = json_object_get(answer->body, "since");
	struct sl_err err = SL_ERR_INIT;
	struct sl_news news;
	bool full = json_is_true(json_object_get(answer->body, "full"));
	if (full && !json_object_get(answer->body, "changes")
		&& sl_engine_read_version(json_object_get(answer->body, "updatedAt"), &news.version)) {
		sl_engine_ask_for_all(engine, news.version); /* this form has no ranks: ask for the one that has */
		return SL_OK;
	}
	int rc = sl_engine_read_news(engine, answer->body, &news, &err);
	if (rc < 0)
		return rc;
	bool asked_for = json_is_number(since) && json_number_value(since) == (double)answer->since;
	if (rc == 0 || !asked_for || !news.has_changes) {
		sl_err_set(&err, SL_MALFORMED, "the answer is not about the version asked for");
		sl_answer_fail_to_understand(answer, &err);
		return SL_OK;
	}
	news.whole = full || answer->since == 0;
	if (!news.whole && (news.version < engine->meta.version || sl_engine_is_other_epoch(engine, &news))) {
		sl_engine_ask_for_all(engine, news.version);
		return SL_OK;
	}
	return take_pulled(answer, &news);
}

static int answer_pull(const struct sl_answer *answer)
{
	if (answer->status == 200)
		return read_pulled(answer);
	if (answer->status == 404 && sl_answer_says(answer, "no_project")) {
		struct sl_news nothing = { .whole = true, .has_changes = true,
			.changes = { sl_rowset_new(&answer->engine->scratch, 1), NULL, 0 } };
		return nothing.changes.rows ? take_pulled(answer, &nothing) : SL_NO_MEMORY;
	}
	sl_answer_fail_otherwise(answer);
	return SL_OK;
}

/* --- the others ---------------------------------------------------------------------------------------------------- */

/* Nothing of the answer to this pull is taken in, because base must not move under the operation. */
static int answer_gate(const struct sl_answer *answer)
{
	struct sl_engine *engine = answer->engine;
	if (answer->status == 200 || (answer->status == 404 && sl_answer_says(answer, "no_project"))) {
		sl_engine_succeed(engine);
		engine->op.state = SL_OP_UNCERTAIN;
	} else
		sl_answer_fail_otherwise(answer);
	return SL_OK;
}

/* What it may say is of no consequence for what is synced; nor is it if there is none. */
static int answer_handshake(const struct sl_answer *answer)
{
	struct sl_engine *engine = answer->engine;
	sl_engine_greeted(engine);
	if (answer->status == 401 || answer->status == 403)
		sl_answer_fail_otherwise(answer);
	else if (answer->status == 404)
		engine->barred = SL_BARRED_NOT; /* there is none: only a push can tell whether that has ended */
	else if (answer->status == 200 && !sl_engine_read_handshake(engine, answer->body)) {
		sl_engine_fail(engine, "sync_disabled", "sync is not enabled for this account yet", 0);
		engine->halt = SL_HALT_DISABLED;
		sl_timer_start(&engine->retry, engine->now_ms, SL_HALT_RETRY_MS);
	}
	return SL_OK;
}

static int answer_preview(const struct sl_answer *answer)
{
	struct sl_engine *engine = answer->engine;
	int64_t version = engine->preview;
	struct sl_delta *delta = sl_arena_zalloc(&engine->scratch, 1, sizeof(*delta));
	struct sl_err err = SL_ERR_INIT;
	int rc = 0;
	engine->preview = 0;
	if (!delta)
		return SL_NO_MEMORY;
	if (answer->status == 200)
		rc = sl_engine_read_changes(engine, json_object_get(answer->body, "delta"), delta, &err);
	if (rc < 0)
		return rc;
	bool absent = answer->status == 404 && sl_answer_says(answer, "no_snapshot");
	return sl_engine_tell_result(engine, SL_EVENT_RESTORE, version, rc ? SL_OK : absent ? SL_NO_SNAPSHOT : SL_UNAVAILABLE,
		rc ? "" : sl_answer_detail(answer), rc ? delta : NULL);
}

static int answer_request(const struct sl_answer *answer, enum sl_request_kind kind)
{
	switch (kind) {
	case SL_REQUEST_HANDSHAKE:
		return answer_handshake(answer);
	case SL_REQUEST_GATE:
		return answer_gate(answer);
	case SL_REQUEST_PULL:
		return answer_pull(answer);
	case SL_REQUEST_PREVIEW:
		return answer_preview(answer);
	default:
		return sl_answer_push(answer);
	}
}

/* Takes the answer, gives its body back, and waits as it asks. */
static int take(const struct sl_answer *answer, enum sl_request_kind kind)
{
	struct sl_engine *engine = answer->engine;
	int rc = answer_request(answer, kind);
	json_decref(answer->body);
	if (rc == SL_OK && answer->wait_ms && !engine->retry.on)
		sl_engine_back_off(engine, 0, answer->wait_ms);
	return rc;
}

int sl_engine_answer(struct sl_engine *engine, const struct sl_event *event)
{
	struct sl_outstanding request = engine->outstanding;
	struct sl_answer answer = { .engine = engine, .status = event->answer.status, .since = request.since,
		.text = event->answer.body, .trace_id = event->answer.trace_id };
	struct sl_err ignored = SL_ERR_INIT;
	int64_t backoff = seconds_of(event->answer.backoff), retry_after = seconds_of(event->answer.retry_after);
	if (request.kind == SL_REQUEST_NONE || event->answer.request != request.id) {
		engine->counts.ignored_answers++;
		return SL_OK;
	}
	answer.uncertain = engine->op.state == SL_OP_UNCERTAIN;
	sl_engine_drop_request(engine);
	engine->unreachable = false;
	answer.wait_ms = 1000 * (backoff > retry_after ? backoff : retry_after);
	if (sl_json_parse(event->answer.body, &answer.body, &ignored) == SL_NO_MEMORY)
		return SL_NO_MEMORY;
	return take(&answer, request.kind);
}

int sl_engine_answer_held(struct sl_engine *engine, const struct sl_job *job)
{
	struct sl_answer answer = { .engine = engine, .status = job->status, .since = job->id, .text = job->text,
		.wait_ms = job->wait_ms };
	struct sl_err ignored = SL_ERR_INIT;
	int rc = sl_json_parse(job->text, &answer.body, &ignored);
	return rc == SL_OK ? take(&answer, SL_REQUEST_PULL) : rc;
}
