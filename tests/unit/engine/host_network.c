/* The scripted host's network and clock: answers and failures for the engine, time that passes, and both until it rests; see
 * engine_host.h. */
#include "host.h"

#include <stdlib.h>

#define MOST_STEPS 2000

/* --- the network --------------------------------------------------------------------------------------------------- */

void host_answer_with(struct host *host, int status, const char *body, const char *retry_after, const char *backoff)
{
	char *text = project_text(body);
	struct sl_event event = { .type = SL_EVENT_ANSWER, .answer = { .request = host->request, .status = status,
		.body = sl_str_from(text), .retry_after = sl_str_from(retry_after), .backoff = sl_str_from(backoff) } };
	host->has_request = false;
	assert_int_equal(host_event(host, event), SL_OK);
	free(text);
}

void host_answer(struct host *host, int status, const char *body)
{
	host_answer_with(host, status, body, NULL, NULL);
}

void host_fail(struct host *host)
{
	struct sl_event event = { .type = SL_EVENT_FAILED,
		.failed = { .request = host->request, .reason = SL_STR("no route") } };
	host->has_request = false;
	assert_int_equal(host_event(host, event), SL_OK);
}

void host_exchange(struct host *host, bool drop)
{
	struct sync_request request = { host->method, { host->path, strlen(host->path) }, sl_buf_str(&host->body) };
	struct sl_buf body;
	assert_true(host->has_request);
	sl_buf_init(&body, SIZE_MAX);
	host->server->now_ms += 7;
	int status = sync_server_answer(host->server, host->device, &request, &body);
	if (drop) {
		host_fail(host);
	} else {
		struct sl_event event = { .type = SL_EVENT_ANSWER,
			.answer = { .request = host->request, .status = status, .body = sl_buf_str(&body) } };
		host->has_request = false;
		host->pulled = host->pulled || strcmp(host->method, "GET") == 0;
		assert_int_equal(host_event(host, event), SL_OK);
	}
	sl_buf_dispose(&body);
}

/* --- the clock ----------------------------------------------------------------------------------------------------- */

void host_wait(struct host *host, int64_t ms)
{
	int64_t end = host->now_ms + ms;
	for (int steps = 0; host->has_wake && host->wake_ms <= end; steps++) {
		assert_true(steps < MOST_STEPS);
		host->now_ms = host->wake_ms > host->now_ms ? host->wake_ms : host->now_ms;
		host->has_wake = false;
		host_simple(host, SL_EVENT_TICK);
	}
	host->now_ms = end;
	host_simple(host, SL_EVENT_TICK);
}

static bool is_idle(struct host *host)
{
	const struct sl_status *status = sl_engine_status(host->engine);
	return !host->has_request && (status->word == SL_STATUS_SYNCED || status->word == SL_STATUS_CONFLICT)
		&& status->pending == 0;
}

void host_settle(struct host *host)
{
	if (!host->signed_in) {
		host->signed_in = true;
		host_simple(host, SL_EVENT_ONLINE);
	}
	for (int steps = 0; steps < MOST_STEPS; steps++) {
		if (host->has_request) {
			host_exchange(host, false);
			continue;
		}
		if (is_idle(host))
			return;
		if (!host->has_wake)
			return; /* it waits for somebody */
		if (sl_engine_status(host->engine)->word == SL_STATUS_ERROR && host->wake_ms - host->now_ms >= 29000)
			return;
		host->now_ms = host->wake_ms > host->now_ms ? host->wake_ms : host->now_ms;
		host->has_wake = false;
		host_simple(host, SL_EVENT_TICK);
	}
	fail_msg("the engine does not come to rest");
}
