/* When the engine does what; see private.h. One request at a time; an operation in flight before all else,
 * because base can't move while its fate is unknown; then pulls; then the next operation. Only differences of the
 * clock count, and a clock that goes back starts a wait again instead of lengthening it. Rules: merge.md "Client
 * engine" 1, 2, 3. */
#include "core/engine/private.h"

#include <inttypes.h>
#include <stdio.h>

#define XXH_INLINE_ALL
#include <xxhash.h>

#define MOST_DOUBLINGS 20

/* --- timers ------------------------------------------------------------------------------------------------------- */

void sl_timer_start(struct sl_timer *timer, int64_t now_ms, int64_t delay_ms)
{
	*timer = (struct sl_timer){ true, now_ms, delay_ms };
}

bool sl_timer_is_due(struct sl_timer *timer, int64_t now_ms)
{
	if (!timer->on)
		return false;
	if (now_ms < timer->since_ms)
		timer->since_ms = now_ms;
	return (uint64_t)now_ms - (uint64_t)timer->since_ms >= (uint64_t)(timer->delay_ms > 0 ? timer->delay_ms : 0);
}

static int64_t end_of(const struct sl_timer *timer)
{
	return timer->since_ms > INT64_MAX - timer->delay_ms ? INT64_MAX : timer->since_ms + timer->delay_ms;
}

/* --- failures and success ----------------------------------------------------------------------------------------- */

/* Full jitter: anything from 0 to the limit, so that devices that failed together don't come back together. */
void sl_engine_back_off(struct sl_engine *engine, unsigned attempt, int64_t wait_ms)
{
	int64_t most = engine->config.backoff_most_ms, limit = attempt ? engine->config.backoff_ms : 0;
	for (unsigned i = 0; i < attempt && i < MOST_DOUBLINGS && limit < most; i++)
		limit *= 2;
	if (limit > most)
		limit = most;
	uint64_t dice = XXH3_64bits_withSeed(engine->random, sizeof(engine->random), attempt);
	int64_t delay = (int64_t)(dice % ((uint64_t)limit + 1));
	engine->asked_to_wait = wait_ms > delay;
	sl_timer_start(&engine->retry, engine->now_ms, wait_ms > delay ? wait_ms : delay);
}

void sl_engine_fail(struct sl_engine *engine, const char *error, const char *detail, int64_t wait_ms)
{
	sl_engine_set_text(engine->error, sizeof(engine->error), sl_str_from(error));
	sl_engine_set_text(engine->detail, sizeof(engine->detail), sl_str_from(detail));
	if (engine->attempt < MOST_DOUBLINGS)
		engine->attempt++;
	engine->counts.retries++;
	sl_engine_back_off(engine, engine->attempt, wait_ms);
}

void sl_engine_succeed(struct sl_engine *engine)
{
	engine->greeting_due |= engine->attempt > 0; /* a recovery is told */
	engine->attempt = 0;
	engine->trace_id[0] = '\0';
	engine->retry.on = engine->asked_to_wait = false;
	engine->halt = SL_HALT_NONE;
	engine->error[0] = engine->detail[0] = '\0';
	engine->meta.last_sync_ms = engine->now_ms;
	if (engine->config.poll_ms > 0)
		sl_timer_start(&engine->poll, engine->now_ms, engine->config.poll_ms);
}

void sl_engine_want(struct sl_engine *engine, enum sl_want want)
{
	if (engine->want < want)
		engine->want = want;
}

void sl_engine_drop_request(struct sl_engine *engine)
{
	if (engine->outstanding.kind == SL_REQUEST_PUSH && engine->op.state == SL_OP_READY)
		engine->op.state = SL_OP_UNCERTAIN;
	engine->outstanding.kind = SL_REQUEST_NONE;
}

int sl_engine_give_up_request(struct sl_engine *engine, struct sl_str reason)
{
	enum sl_request_kind kind = engine->outstanding.kind;
	char text[SL_ENGINE_DETAIL_BYTES];
	int64_t version = engine->preview;
	sl_engine_drop_request(engine);
	sl_engine_set_text(text, sizeof(text), reason);
	/* What isn't needed for what is synced holds nothing up. */
	if (kind == SL_REQUEST_HANDSHAKE) {
		sl_engine_greeted(engine);
		return SL_OK;
	}
	if (kind == SL_REQUEST_PREVIEW) {
		engine->preview = 0;
		return sl_engine_tell_result(engine, SL_EVENT_RESTORE, version, SL_UNAVAILABLE, text, NULL);
	}
	engine->unreachable = true;
	sl_engine_fail(engine, "unreachable", text, 0);
	return SL_OK;
}

/* --- sending ------------------------------------------------------------------------------------------------------ */

static struct sl_request_effect *send(struct sl_engine *engine, enum sl_request_kind kind)
{
	struct sl_effect *effect = sl_engine_add_effect(engine, SL_EFFECT_SEND);
	if (!effect)
		return NULL;
	engine->outstanding = (struct sl_outstanding){ .kind = kind, .id = ++engine->last_request };
	sl_timer_start(&engine->outstanding.timeout, engine->now_ms, engine->config.timeout_ms);
	effect->send.id = engine->outstanding.id;
	return &effect->send;
}

/* Behind the path of the project; in scratch. */
static int write_path(struct sl_engine *engine, const char *behind, struct sl_str *path_r)
{
	size_t length = engine->path.length, more = strlen(behind);
	char *text = sl_arena_alloc(&engine->scratch, length + more + 1);
	if (!text)
		return SL_NO_MEMORY;
	memcpy(text, engine->path.bytes, length);
	memcpy(text + length, behind, more + 1);
	*path_r = (struct sl_str){ text, length + more };
	return SL_OK;
}

static int send_op(struct sl_engine *engine)
{
	struct sl_request_effect *request = send(engine, SL_REQUEST_PUSH);
	if (!request)
		return SL_NO_MEMORY;
	request->method = engine->op.restores ? "POST" : "PUT";
	if (write_path(engine, engine->op.restores ? "/restore" : "", &request->path) != SL_OK)
		return SL_NO_MEMORY;
	request->headers[request->header_count++] = (struct sl_header){ "Content-Type", SL_STR("application/json") };
	request->headers[request->header_count++] = (struct sl_header){ "Prefer", SL_STR("return=minimal, authors") };
	request->body = engine->op.body;
	return SL_OK;
}

/* Who wrote what comes in is of interest where it changes something that is here. A device that has nothing yet spares the server
 * to name the author of every row. */
static bool wants_authors(const struct sl_engine *engine, enum sl_request_kind kind)
{
	return kind == SL_REQUEST_PULL && (engine->meta.version > 0 || sl_rowset_count(engine->local) > 0);
}

static int send_pull(struct sl_engine *engine, enum sl_request_kind kind, int64_t since)
{
	struct sl_request_effect *request = send(engine, kind);
	char query[80];
	if (!request)
		return SL_NO_MEMORY;
	engine->outstanding.since = since;
	int length = snprintf(query, sizeof(query), "?since=%" PRId64, since);
	if (since == 0 && engine->meta.version > 0) /* only later deletions tell anything of what is here */
		snprintf(query + length, sizeof(query) - (size_t)length, "&known=%" PRId64, engine->meta.version);
	request->method = "GET";
	if (wants_authors(engine, kind))
		request->headers[request->header_count++] = (struct sl_header){ "Prefer", SL_STR("authors") };
	return write_path(engine, query, &request->path);
}

static int post(struct sl_engine *engine, enum sl_request_kind kind, struct sl_str path, struct sl_str body)
{
	struct sl_request_effect *request = send(engine, kind);
	if (!request)
		return SL_NO_MEMORY;
	request->method = "POST";
	request->path = path;
	request->headers[request->header_count++] = (struct sl_header){ "Content-Type", SL_STR("application/json") };
	request->body = body;
	return SL_OK;
}

static int send_handshake(struct sl_engine *engine)
{
	struct sl_str body;
	int rc = sl_engine_write_handshake(engine, &body);
	return rc == SL_OK ? post(engine, SL_REQUEST_HANDSHAKE, SL_STR("/sync"), body) : rc;
}

static int send_preview(struct sl_engine *engine)
{
	struct sl_str path, body;
	char text[80];
	int length = snprintf(text, sizeof(text), "{\"version\":%" PRId64 ",\"preview\":true,\"baseVersion\":%" PRId64 "}",
		engine->preview, engine->meta.version);
	int rc = write_path(engine, "/restore", &path);
	if (rc == SL_OK)
		rc = sl_arena_copy(&engine->scratch, (struct sl_str){ text, (size_t)length }, &body);
	return rc == SL_OK ? post(engine, SL_REQUEST_PREVIEW, path, body) : rc;
}

/* What is pending is made into an operation and sent, if that can be done now. */
static int send_new_op(struct sl_engine *engine)
{
	int rc = sl_engine_make_op(engine);
	engine->debounce.on = engine->debounce_most.on = engine->impatient = false;
	return rc == SL_OK && engine->op.state == SL_OP_READY ? send_op(engine) : rc;
}

/* --- what next ---------------------------------------------------------------------------------------------------- */

static bool has_typing_stopped(struct sl_engine *engine)
{
	bool last = sl_timer_is_due(&engine->debounce, engine->now_ms);
	bool first = sl_timer_is_due(&engine->debounce_most, engine->now_ms);
	return !engine->debounce.on || last || first || engine->impatient;
}

/* A device without a name has no handshake. */
static bool is_greeting_due(struct sl_engine *engine)
{
	return engine->device.length && engine->config.handshake_ms > 0
		&& (engine->greeting_due || sl_timer_is_due(&engine->handshake, engine->now_ms));
}

/* Among the steps that need neither the operation in flight nor a pull. */
static enum sl_next_step next_new_step(struct sl_engine *engine)
{
	bool work = !engine->barred
		&& (engine->meta.restore_version || (sl_engine_has_work(engine) && !engine->guarded));
	if (is_greeting_due(engine))
		return SL_NEXT_GREET;
	if (engine->preview)
		return SL_NEXT_PREVIEW;
	if (!work)
		engine->debounce.on = engine->debounce_most.on = engine->impatient = false;
	if (work && (engine->meta.restore_version || has_typing_stopped(engine)))
		return SL_NEXT_MAKE_OPERATION;
	if (sl_timer_is_due(&engine->poll, engine->now_ms))
		return SL_NEXT_POLL;
	return work ? SL_NEXT_AWAIT_TYPING : SL_NEXT_REST;
}

static enum sl_next_step next_step(struct sl_engine *engine)
{
	if (engine->meta.signed_out)
		return SL_NEXT_STAY_SIGNED_OUT;
	if (!engine->online)
		return SL_NEXT_AWAIT_NETWORK;
	if (engine->outstanding.kind != SL_REQUEST_NONE)
		return SL_NEXT_AWAIT_ANSWER;
	if (sl_engine_is_in_doubt(engine))
		return SL_NEXT_AWAIT_JOURNAL;
	if (engine->retry.on)
		return SL_NEXT_AWAIT_RETRY;
	if (engine->op.state == SL_OP_READY || engine->op.state == SL_OP_UNCERTAIN)
		return SL_NEXT_SEND_OPERATION;
	if (engine->op.state == SL_OP_GATED)
		return SL_NEXT_OPEN_GATE;
	if (engine->want == SL_WANT_ALL)
		return SL_NEXT_PULL_ALL;
	if (engine->want == SL_WANT_CHANGES || !engine->meta.pulled || engine->op.state == SL_OP_SETTLED)
		return SL_NEXT_PULL_CHANGES;
	return next_new_step(engine);
}

static int take_step(struct sl_engine *engine, enum sl_next_step step)
{
	switch (step) {
	case SL_NEXT_SEND_OPERATION:
		return send_op(engine);
	case SL_NEXT_OPEN_GATE:
		return send_pull(engine, SL_REQUEST_GATE, engine->meta.version);
	case SL_NEXT_GREET:
		return send_handshake(engine);
	case SL_NEXT_PREVIEW:
		return send_preview(engine);
	case SL_NEXT_PULL_ALL:
		return send_pull(engine, SL_REQUEST_PULL, 0);
	case SL_NEXT_POLL:
	case SL_NEXT_PULL_CHANGES:
		return send_pull(engine, SL_REQUEST_PULL, engine->meta.version);
	case SL_NEXT_MAKE_OPERATION:
		return send_new_op(engine);
	default:
		return SL_OK;
	}
}

static void take_earlier(const struct sl_timer *timer, bool *any, int64_t *at_ms)
{
	if (timer->on && (!*any || end_of(timer) < *at_ms)) {
		*any = true;
		*at_ms = end_of(timer);
	}
}

int64_t sl_engine_next_try(const struct sl_engine *engine)
{
	return engine->retry.on && engine->online && !engine->meta.signed_out ? end_of(&engine->retry) : 0;
}

static int set_wake(struct sl_engine *engine)
{
	bool any = false;
	int64_t at_ms = 0;
	if (!engine->online || engine->meta.signed_out)
		return SL_OK;
	if (engine->outstanding.kind != SL_REQUEST_NONE)
		take_earlier(&engine->outstanding.timeout, &any, &at_ms);
	else if (engine->retry.on)
		take_earlier(&engine->retry, &any, &at_ms);
	else {
		take_earlier(&engine->debounce, &any, &at_ms);
		take_earlier(&engine->debounce_most, &any, &at_ms);
		take_earlier(&engine->poll, &any, &at_ms);
		take_earlier(&engine->handshake, &any, &at_ms);
	}
	if (!any || (engine->wake_set && engine->wake_ms == at_ms))
		return SL_OK;
	struct sl_effect *effect = sl_engine_add_effect(engine, SL_EFFECT_WAKE);
	if (!effect)
		return SL_NO_MEMORY;
	effect->wake.at_ms = engine->wake_ms = at_ms;
	engine->wake_set = true;
	return SL_OK;
}

/* What time alone ends. */
static int end_waits(struct sl_engine *engine)
{
	if (engine->outstanding.kind != SL_REQUEST_NONE
		&& sl_timer_is_due(&engine->outstanding.timeout, engine->now_ms)) {
		int rc = sl_engine_give_up_request(engine, SL_STR("no answer in time"));
		if (rc != SL_OK)
			return rc;
	}
	if (sl_timer_is_due(&engine->retry, engine->now_ms)) {
		engine->retry.on = engine->asked_to_wait = false;
		engine->halt = SL_HALT_NONE;
	}
	if (engine->barred && !engine->device.length && sl_timer_is_due(&engine->handshake, engine->now_ms)) {
		engine->barred = SL_BARRED_NOT; /* nothing else would tell that it has ended */
		engine->handshake.on = false;
	}
	return SL_OK;
}

int sl_engine_proceed(struct sl_engine *engine)
{
	int rc = end_waits(engine);
	if (rc == SL_OK)
		rc = take_step(engine, next_step(engine));
	return rc == SL_OK ? set_wake(engine) : rc;
}
