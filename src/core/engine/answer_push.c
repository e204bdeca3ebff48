/* What the server's verdicts on operations mean; see private.h. Keeps true: an operation is dropped only once its fate is
 * known; every path on which the engine goes on by itself either made progress or backs off. Rules: merge.md "Client
 * engine" 4 and 5; protocol.md "Order of judgement". */
#include "core/engine/private.h"

int sl_answer_finish_op(struct sl_engine *engine)
{
	int rc = sl_engine_forget_aside(engine);
	sl_engine_drop_op(engine);
	engine->rounds = 0;
	engine->round_error[0] = engine->round_detail[0] = '\0';
	engine->push_bytes = engine->config.push_bytes;
	if (!sl_engine_has_work(engine))
		engine->meta.clearing = false;
	return rc < 0 ? rc : SL_OK;
}

/* The operation has not been taken: another round, with what is known then. Rounds in a row wait, so that nothing
 * loops; and after a few the user is told why. */
static void go_round(const struct sl_answer *answer)
{
	struct sl_engine *engine = answer->engine;
	engine->counts.rounds++;
	if (++engine->rounds > 1)
		sl_engine_back_off(engine, engine->rounds - 1, answer->wait_ms);
	sl_engine_set_text(engine->round_error, sizeof(engine->round_error), sl_str_from(sl_answer_text(answer->body, "error")));
	sl_engine_set_text(engine->round_detail, sizeof(engine->round_detail), sl_str_from(sl_answer_detail(answer)));
	sl_answer_note_trace(answer);
}

/* A push that was taken and changed nothing, though there is more to push, waits like a round: whatever the reason, the same
 * must not go out again and again. */
static int go_on(struct sl_engine *engine, int64_t before)
{
	unsigned rounds = engine->rounds + 1;
	int rc = sl_answer_finish_op(engine);
	if (rc != SL_OK || engine->meta.version != before || !sl_engine_has_work(engine))
		return rc;
	engine->rounds = rounds;
	sl_engine_back_off(engine, rounds, 0);
	return SL_OK;
}

static int take_pushed(const struct sl_answer *answer, struct sl_news *news)
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
	struct sl_job *job = NULL;
	int rc = sl_engine_op_delta(engine, &op);
	if (rc == SL_OK)
		rc = sl_engine_adopt(engine, &op, news, &job);
	sl_engine_free_job(&job); /* the pull that follows asks the journal */
	if (rc < 0)
		return rc;
	sl_engine_succeed(engine);
	if (rc > 0)
		return go_on(engine, before);
	engine->op.state = SL_OP_SETTLED;
	return SL_OK;
}

static int read_pushed(const struct sl_answer *answer)
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
		sl_answer_fail_to_understand(answer, &err);
		return SL_OK;
	}
	if (!engine->op.restores)
		return take_pushed(answer, &news);
	int64_t version = engine->meta.restore_version;
	engine->meta.restore_version = 0;
	engine->restored = news.version;
	sl_engine_want(engine, SL_WANT_CHANGES);
	sl_engine_succeed(engine);
	rc = sl_answer_finish_op(engine);
	return rc == SL_OK ? sl_engine_tell_result(engine, SL_EVENT_RESTORE, version, SL_OK, "", NULL) : rc;
}

/* Others were faster. What they did is merged, and what is left is pushed again; once for every state of the server. */
static int answer_conflict(const struct sl_answer *answer)
{
	struct sl_engine *engine = answer->engine;
	struct sl_err err = SL_ERR_INIT;
	struct sl_news news;
	struct sl_job *job = NULL;
	int rc = sl_engine_read_news(engine, answer->body, &news, &err);
	if (rc < 0)
		return rc;
	if (rc == 0) {
		sl_answer_fail_to_understand(answer, &err);
		return SL_OK;
	}
	bool other_epoch = sl_engine_is_other_epoch(engine, &news);
	if (news.version == engine->meta.version && !other_epoch) {
		sl_engine_drop_op(engine);
		sl_answer_fail(answer, "conflict");
		return SL_OK;
	}
	sl_engine_succeed(engine);
	sl_engine_drop_op(engine);
	go_round(answer);
	if (!news.has_changes || other_epoch || news.version < engine->meta.version) {
		sl_engine_ask_for_all(engine, news.version);
		return SL_OK;
	}
	rc = sl_engine_adopt(engine, NULL, &news, &job);
	if (job) /* only a pull can wait for the journal */
		sl_engine_want(engine, SL_WANT_CHANGES);
	sl_engine_free_job(&job);
	return rc < 0 ? rc : SL_OK;
}

static int answer_invalid(const struct sl_answer *answer)
{
	struct sl_engine *engine = answer->engine;
	if (sl_answer_says(answer, "empty_overwrite")) {
		sl_engine_drop_op(engine);
		engine->guarded = true;
		return SL_OK;
	}
	if (sl_answer_says(answer, "op_reused")) {
		sl_engine_drop_op(engine);
		go_round(answer);
		sl_engine_want(engine, SL_WANT_CHANGES);
		return SL_OK;
	}
	return sl_engine_refuse_rows(engine, answer->body, *sl_answer_detail(answer) ? sl_answer_detail(answer) : "not valid");
}

/* What the user asked for can't be had; it is not tried again. */
static int give_restore_up(const struct sl_answer *answer, int code)
{
	struct sl_engine *engine = answer->engine;
	int64_t version = engine->meta.restore_version;
	sl_engine_drop_op(engine);
	engine->meta.restore_version = 0;
	sl_answer_fail(answer, sl_err_word(code));
	engine->retry.on = false;
	engine->attempt = 0;
	return sl_engine_tell_result(engine, SL_EVENT_RESTORE, version, code, sl_answer_detail(answer), NULL);
}

/* Pushes are not taken from this device, pulls go on. The server looked the operation up before it said so. */
static int answer_barred(const struct sl_answer *answer, enum sl_barred barred)
{
	struct sl_engine *engine = answer->engine;
	engine->barred = barred;
	sl_timer_start(&engine->handshake, engine->now_ms, SL_HALT_RETRY_MS);
	if (engine->op.restores)
		return give_restore_up(answer, SL_FORBIDDEN);
	sl_engine_drop_op(engine);
	sl_answer_note_trace(answer);
	return SL_OK;
}

/* The server has seen no pull of ours. One that doesn't know of our pulls may know less than it did, so what it has is looked
 * at as a whole; but an operation that an earlier try may have brought there is sent again as soon as the gate is open. */
static void answer_unpulled(const struct sl_answer *answer)
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

int sl_answer_push(const struct sl_answer *answer)
{
	struct sl_engine *engine = answer->engine;
	int64_t limit;
	bool final = answer->status == 413 || answer->status == 422
		|| (answer->status == 400 && sl_answer_says(answer, "malformed"));
	if (answer->status == 200)
		return read_pushed(answer);
	if (answer->status == 409)
		return answer_conflict(answer);
	if (answer->status == 412 || answer->status == 428)
		answer_unpulled(answer);
	else if (answer->status == 426 || (answer->status == 403 && sl_answer_says(answer, "read_only")))
		return answer_barred(answer, answer->status == 426 ? SL_BARRED_OLD : SL_BARRED_ROLE);
	else if (engine->op.restores && (final || (answer->status == 404 && sl_answer_says(answer, "no_snapshot"))))
		return give_restore_up(answer, final ? SL_INVALID : SL_NO_SNAPSHOT);
	else if (answer->status == 413)
		return sl_engine_refuse_size(engine, sl_engine_read_version(json_object_get(answer->body, "limit"), &limit) ? limit : 0);
	else if (answer->status == 422)
		return answer_invalid(answer);
	else if (final)
		return sl_engine_refuse_rows(engine, NULL, sl_answer_detail(answer));
	else
		sl_answer_fail_otherwise(answer);
	return SL_OK;
}
