/* A host of Slatesync's client engine in C: all that core/engine/engine.h asks of an app, but for a network and a screen.
 *
 * The embedding brings these as functions, and tells what happens in the world and what its user does; it may not call a function of
 * the host from inside its own. One host is one account and project.
 */
#ifndef EXAMPLES_HOST_H
#define EXAMPLES_HOST_H

#include "core/engine/engine.h"

struct host;

struct host_outside {
	void *context;
	int64_t (*now_ms)(void *context);
	void (*random)(void *context, unsigned char bytes_r[16]);
	/* Sends a request, which is borrowed; then host_answer or host_failed with its id, or neither. */
	void (*send)(void *context, const struct sl_request_effect *request);
	/* Calls host_tick after this time, instead of any call that was ordered before. */
	void (*wake)(void *context, int64_t in_ms);
	/* Something to show: RESULT, STATUS, CHANGED, CONFLICT, JOURNAL. The effect is borrowed. */
	void (*show)(void *context, const struct sl_effect *effect);
	/* The engine was started again from the store: show its rows, status and decisions anew. */
	void (*restarted)(void *context);
};

/* What came with an answer besides its status; what wasn't there is empty. */
struct host_answer {
	int status;
	struct sl_str body, retry_after, backoff, trace_id;
};

/* Opens the store at `path` and starts the engine; the texts of `config` outlive the host. Returns 0, a code of the engine, or
 * SL_UNAVAILABLE if the store can't be opened; `err`, which may be NULL, says why. */
int host_open(const char *path, const struct sl_engine_config *config, const struct host_outside *outside,
	struct host **host_r, struct sl_err *err) __attribute__((warn_unused_result));
void host_close(struct host **host);

/* All return 0 once what happened is stored; a refusal of the engine, with nothing changed; or another code: then the engine and
 * its store were opened anew, and what was asked for is in the rows or not. If that failed too, everything is refused until
 * host_online, host_tick or the user's next step opens them. */
int host_online(struct host *host, bool online);
int host_sign_in(struct host *host, struct sl_str account);
int host_sign_out(struct host *host);
int host_tick(struct host *host);
int host_sync_now(struct host *host);
int host_answer(struct host *host, int64_t request, const struct host_answer *answer);
int host_failed(struct host *host, int64_t request, struct sl_str reason);

/* The user's. `revision`: of the rows that the user saw. */
int host_edit(struct host *host, struct sl_str delta, int64_t revision, struct sl_err *err);
int host_replace(struct host *host, struct sl_str document, int64_t revision, struct sl_err *err);
int host_undo(struct host *host, int64_t entry, size_t note, struct sl_err *err);
int host_resolve(struct host *host, int64_t conflict, size_t hunk, enum sl_choice choice, struct sl_str own, struct sl_err *err);
/* The screen has the rows of this revision. */
int host_shown(struct host *host, int64_t revision);

/* The engine, to look at: sl_engine_rows and so on. NULL while it could not be opened. */
const struct sl_engine *host_engine(const struct host *host);

/* What was, newest first: calls `visit` with each entry of the journal (its notes have what was set aside; no row), then with
 * each row that it changed, as it was before that (data of length 0: it was not there), until there are no more or `visit` returns
 * other than 0, which is returned. Else returns 0, SL_NO_MEMORY, or SL_INTERNAL where the journal does not fit the rows. */
struct host_past {
	int64_t number;
	const struct sl_journal_head *head;
	const struct sl_journal_entry *entry;
	const struct sl_row *row; /* or NULL */
};
typedef int (*host_visit_fn)(void *context, const struct host_past *past);
int host_history(const struct host *host, host_visit_fn visit, void *context) __attribute__((warn_unused_result));

#endif
