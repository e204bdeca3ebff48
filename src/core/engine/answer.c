/* What answers mean; see private.h. Keeps true: an answer counts once, and only for the request that is out;
 * whatever can't be understood changes nothing and is a failure like any other; every path on which the engine goes
 * on by itself either made progress or backs off. Rules: merge.md "Client engine" 3, 4, 5, 7; protocol.md "Project". */
#include "core/engine/private.h"

#include "core/json/parse.h"
#include "core/plant.h"

#define LONGEST_WAIT_SECS 86400
#define HALT_RETRY_MS (60 * 60 * 1000)

struct answer {
	struct sl_engine *engine;
	int status;
	struct sl_str text, trace_id;
	json_t *body;     /* NULL: none, or not JSON */
	int64_t wait_ms;  /* that the server asked for */
	int64_t since;    /* of a pull: the version asked for */
	bool uncertain;   /* of a push: an earlier try may have been taken */
};

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

static const char *text_in(const json_t *body, const char *name)
{
	const char *text = json_string_value(json_object_get(body, name));
	return text ? text : "";
}

static bool says(const struct answer *answer, const char *error)
{
	return strcmp(text_in(answer->body, "error"), error) == 0;
}

static const char *detail_of(const struct answer *answer)
{
	const char *detail = text_in(answer->body, "detail");
	return *detail ? detail : text_in(answer->body, "title");
}

static void note_trace(const struct answer *answer)
{
	const json_t *id = json_object_get(answer->body, "traceId");
	struct sl_str text = { json_string_value(id), json_string_length(id) };
	sl_engine_set_text(answer->engine->trace_id, sizeof(answer->engine->trace_id), text.length ? text : answer->trace_id);
}

static void fail(const struct answer *answer, const char *otherwise)
{
	const char *error = text_in(answer->body, "error");
	sl_engine_fail(answer->engine, *error ? error : otherwise, detail_of(answer), answer->wait_ms);
	note_trace(answer);
}

static void fail_to_understand(const struct answer *answer, const struct sl_err *err)
{
	sl_engine_fail(answer->engine, "invalid_answer", err->message, answer->wait_ms);
	note_trace(answer);
}

static void halt(const struct answer *answer, enum sl_halt why)
{
	fail(answer, why == SL_HALT_GONE ? "project_deleted" : "forbidden");
	answer->engine->halt = why;
	sl_timer_start(&answer->engine->retry, answer->engine->now_ms, HALT_RETRY_MS);
}

static void fail_otherwise(const struct answer *answer)
{
	if (answer->status == 401)
		halt(answer, SL_HALT_UNAUTHENTICATED);
	else if (answer->status == 403)
		halt(answer, says(answer, "sync_disabled") ? SL_HALT_DISABLED : SL_HALT_FORBIDDEN);
	else if (answer->status == 410 || (answer->status == 404 && says(answer, "not_found")))
		halt(answer, SL_HALT_GONE);
	else
		fail(answer, answer->status >= 500 ? "unavailable" : "unexpected_answer");
}

/* The operation has not been taken: another round, with what is known then. Rounds in a row wait, so that nothing
 * loops; and after a few the user is told why. */
static void go_round(const struct answer *answer)
{
	struct sl_engine *engine = answer->engine;
	engine->counts.rounds++;
	if (++engine->rounds > 1)
		sl_engine_back_off(engine, engine->rounds - 1, answer->wait_ms);
	sl_engine_set_text(engine->round_error, sizeof(engine->round_error), sl_str_from(text_in(answer->body, "error")));
	sl_engine_set_text(engine->round_detail, sizeof(engine->round_detail), sl_str_from(detail_of(answer)));
	note_trace(answer);
}

/* --- pulls -------------------------------------------------------------------------------------------------------- */

static void finish_op(struct sl_engine *engine)
{
	sl_engine_drop_op(engine);
	engine->rounds = 0;
	engine->round_error[0] = engine->round_detail[0] = '\0';
	engine->push_bytes = engine->config.push_bytes;
	if (!sl_engine_has_work(engine))
		engine->meta.clearing = false;
}

/* The answer waits for what the job finds out. */
static int hold(const struct answer *answer, struct sl_job *job)
{
	int rc = sl_arena_copy(&job->arena, answer->text, &job->text);
	job->id = answer->since;
	sl_engine_queue_job(answer->engine, job);
	return rc;
}

static int take_pulled(const struct answer *answer, const struct sl_news *news)
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
	if (settled)
		finish_op(engine);
	return SL_OK;
}

static int read_pulled(const struct answer *answer)
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
		fail_to_understand(answer, &err);
		return SL_OK;
	}
	news.whole = full || answer->since == 0;
	if (!news.whole && (news.version < engine->meta.version || sl_engine_is_other_epoch(engine, &news))) {
		sl_engine_ask_for_all(engine, news.version);
		return SL_OK;
	}
	return take_pulled(answer, &news);
}

static int answer_pull(const struct answer *answer)
{
	if (answer->status == 200)
		return read_pulled(answer);
	if (answer->status == 404 && says(answer, "no_project")) {
		struct sl_news nothing = { .whole = true, .has_changes = true,
			.changes = { sl_rowset_new(&answer->engine->scratch, 1), NULL, 0 } };
		return nothing.changes.rows ? take_pulled(answer, &nothing) : SL_NO_MEMORY;
	}
	fail_otherwise(answer);
	return SL_OK;
}

/* --- pushes ------------------------------------------------------------------------------------------------------- */

/* A push that was taken and changed nothing, though there is more to push, waits like a round: whatever the reason, the same
 * must not go out again and again. */
static void go_on(struct sl_engine *engine, int64_t before)
{
	unsigned rounds = engine->rounds + 1;
	finish_op(engine);
	if (engine->meta.version != before || !sl_engine_has_work(engine))
		return;
	engine->rounds = rounds;
	sl_engine_back_off(engine, rounds, 0);
}

static int take_pushed(const struct answer *answer, struct sl_news *news)
{
	struct sl_engine *engine = answer->engine;
	struct sl_delta op;
	engine->counts.pushes++;
	engine->counts.replays += json_is_true(json_object_get(answer->body, "replayed"));
	if (news->version < engine->meta.version || sl_engine_is_other_epoch(engine, news)) {
		sl_engine_ask_for_all(engine, news->version);
		engine->op.state = SL_OP_SETTLED;
		return SL_OK;
	}
	if (json_is_true(json_object_get(answer->body, "changesOmitted"))) {
		sl_engine_succeed(engine);
		engine->op.state = SL_OP_SETTLED;
		return SL_OK;
	}
	int64_t before = engine->meta.version;
	struct sl_job *job; /* none: these are never whole states */
	int rc = sl_engine_op_delta(engine, &op);
	if (rc == SL_OK)
		rc = sl_engine_adopt(engine, &op, news, &job);
	if (rc < 0)
		return rc;
	sl_engine_succeed(engine);
	if (rc > 0)
		go_on(engine, before);
	else
		engine->op.state = SL_OP_SETTLED;
	return SL_OK;
}

static int read_pushed(const struct answer *answer)
{
	struct sl_engine *engine = answer->engine;
	const json_t *id = json_object_get(answer->body, "opId");
	struct sl_err err = SL_ERR_INIT;
	struct sl_news news;
	int rc = sl_engine_read_news(engine, answer->body, &news, &err);
	if (rc < 0)
		return rc;
	struct sl_str answered = { json_string_value(id), json_string_length(id) };
	if (rc == 0 || !sl_str_equal(answered, engine->op.id)) {
		sl_err_set(&err, SL_MALFORMED, "the answer is to another operation");
		fail_to_understand(answer, &err);
		return SL_OK;
	}
	if (!engine->op.restores)
		return take_pushed(answer, &news);
	int64_t version = engine->meta.restore_version;
	engine->meta.restore_version = 0;
	sl_engine_want(engine, SL_WANT_CHANGES);
	sl_engine_succeed(engine);
	finish_op(engine);
	return sl_engine_tell_result(engine, SL_EVENT_RESTORE, version, SL_OK, "", NULL);
}

/* Others were faster. What they did is merged, and what is left is pushed again; once for every state of the server. */
static int answer_conflict(const struct answer *answer)
{
	struct sl_engine *engine = answer->engine;
	struct sl_err err = SL_ERR_INIT;
	struct sl_news news;
	struct sl_job *job;
	int rc = sl_engine_read_news(engine, answer->body, &news, &err);
	if (rc < 0)
		return rc;
	if (rc == 0) {
		fail_to_understand(answer, &err);
		return SL_OK;
	}
	bool other_epoch = sl_engine_is_other_epoch(engine, &news);
	if (news.version == engine->meta.version && !other_epoch) {
		sl_engine_drop_op(engine);
		fail(answer, "conflict");
		return SL_OK;
	}
	sl_engine_succeed(engine);
	sl_engine_drop_op(engine);
	go_round(answer);
	if (SL_PLANTED(CONFLICT_REPEATED))
		return SL_OK;
	if (!news.has_changes || other_epoch || news.version < engine->meta.version) {
		sl_engine_ask_for_all(engine, news.version);
		return SL_OK;
	}
	rc = sl_engine_adopt(engine, NULL, &news, &job);
	return rc < 0 ? rc : SL_OK;
}

static int answer_invalid(const struct answer *answer)
{
	struct sl_engine *engine = answer->engine;
	if (says(answer, "empty_overwrite")) {
		sl_engine_drop_op(engine);
		engine->guarded = true;
		return SL_OK;
	}
	if (says(answer, "op_reused")) {
		sl_engine_drop_op(engine);
		go_round(answer);
		sl_engine_want(engine, SL_WANT_CHANGES);
		return SL_OK;
	}
	return sl_engine_refuse_rows(engine, answer->body, *detail_of(answer) ? detail_of(answer) : "not valid");
}

/* What the user asked for can't be had; it is not tried again. */
static int give_restore_up(const struct answer *answer, int code)
{
	struct sl_engine *engine = answer->engine;
	int64_t version = engine->meta.restore_version;
	sl_engine_drop_op(engine);
	engine->meta.restore_version = 0;
	fail(answer, sl_err_word(code));
	engine->retry.on = false;
	engine->attempt = 0;
	return sl_engine_tell_result(engine, SL_EVENT_RESTORE, version, code, detail_of(answer), NULL);
}

/* Pushes are not taken from this device, pulls go on. The server looked the operation up before it said so. */
static int answer_barred(const struct answer *answer, enum sl_barred barred)
{
	struct sl_engine *engine = answer->engine;
	engine->barred = barred;
	sl_timer_start(&engine->handshake, engine->now_ms, HALT_RETRY_MS);
	if (engine->op.restores)
		return give_restore_up(answer, SL_FORBIDDEN);
	sl_engine_drop_op(engine);
	note_trace(answer);
	return SL_OK;
}

/* The server has seen no pull of ours. One that doesn't know of our pulls may know less than it did, so what it has is looked
 * at as a whole; but an operation that an earlier try may have brought there is sent again as soon as the gate is open. */
static void answer_unpulled(const struct answer *answer)
{
	struct sl_engine *engine = answer->engine;
	if (answer->uncertain)
		engine->op.state = SL_OP_GATED;
	else {
		sl_engine_drop_op(engine);
		if (engine->meta.pulled)
			sl_engine_ask_for_all(engine, -1);
		engine->meta.pulled = false;
	}
	go_round(answer);
}

static int answer_push(const struct answer *answer)
{
	struct sl_engine *engine = answer->engine;
	bool final = answer->status == 413 || answer->status == 422
		|| (answer->status == 400 && says(answer, "malformed"));
	if (answer->status == 200)
		return read_pushed(answer);
	if (answer->status == 409)
		return answer_conflict(answer);
	if (answer->status == 412 || answer->status == 428)
		answer_unpulled(answer);
	else if (answer->status == 426 || (answer->status == 403 && says(answer, "read_only")))
		return answer_barred(answer, answer->status == 426 ? SL_BARRED_OLD : SL_BARRED_ROLE);
	else if (engine->op.restores && (final || (answer->status == 404 && says(answer, "no_snapshot"))))
		return give_restore_up(answer, final ? SL_INVALID : SL_NO_SNAPSHOT);
	else if (answer->status == 413)
		return sl_engine_refuse_size(engine, (int64_t)json_number_value(json_object_get(answer->body, "limit")));
	else if (answer->status == 422)
		return answer_invalid(answer);
	else if (final)
		return sl_engine_refuse_rows(engine, NULL, detail_of(answer));
	else
		fail_otherwise(answer);
	return SL_OK;
}

/* --- all ---------------------------------------------------------------------------------------------------------- */

/* Nothing of the answer to this pull is taken in, because base must not move under the operation. */
static int answer_gate(const struct answer *answer)
{
	struct sl_engine *engine = answer->engine;
	if (answer->status == 200 || (answer->status == 404 && says(answer, "no_project"))) {
		sl_engine_succeed(engine);
		engine->op.state = SL_OP_UNCERTAIN;
	} else
		fail_otherwise(answer);
	return SL_OK;
}

/* What it may say is of no consequence for what is synced; nor is it if there is none. */
static int answer_handshake(const struct answer *answer)
{
	struct sl_engine *engine = answer->engine;
	sl_engine_greeted(engine);
	if (answer->status == 401 || answer->status == 403)
		fail_otherwise(answer);
	else if (answer->status == 200 && !sl_engine_read_handshake(engine, answer->body)) {
		sl_engine_fail(engine, "sync_disabled", "sync is not enabled for this account yet", 0);
		engine->halt = SL_HALT_DISABLED;
		sl_timer_start(&engine->retry, engine->now_ms, HALT_RETRY_MS);
	}
	return SL_OK;
}

static int answer_preview(const struct answer *answer)
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
	bool absent = answer->status == 404 && says(answer, "no_snapshot");
	return sl_engine_tell_result(engine, SL_EVENT_RESTORE, version, rc ? SL_OK : absent ? SL_NO_SNAPSHOT : SL_UNAVAILABLE,
		rc ? "" : detail_of(answer), rc ? delta : NULL);
}

static int answer_request(const struct answer *answer, enum sl_request_kind kind)
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
		return answer_push(answer);
	}
}

int sl_engine_answer(struct sl_engine *engine, const struct sl_event *event)
{
	struct sl_outstanding request = engine->outstanding;
	struct answer answer = { .engine = engine, .status = event->answer.status, .since = request.since,
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
	int rc = answer_request(&answer, request.kind);
	json_decref(answer.body);
	if (rc == SL_OK && answer.wait_ms && !engine->retry.on)
		sl_engine_back_off(engine, 0, answer.wait_ms);
	return rc;
}

int sl_engine_answer_held(struct sl_engine *engine, const struct sl_job *job)
{
	struct answer answer = { .engine = engine, .status = 200, .since = job->id, .text = job->text };
	struct sl_err ignored = SL_ERR_INIT;
	int rc = sl_json_parse(job->text, &answer.body, &ignored);
	if (rc == SL_OK)
		rc = answer_pull(&answer);
	json_decref(answer.body);
	return rc;
}
