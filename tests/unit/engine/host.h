/* A scripted host of the engine for tests: a store, a clock, one request at a time, and an app that shows rows.
 *
 * After every event it checks what must always hold: an engine started from the store has the same rows, base, pending count and
 * records; what the app shows (its own edits and SL_EFFECT_CHANGED) is what the engine has; base is what its digest says; scenes
 * and shots have their episodes; nothing is pushed before a pull. In texts here ' stands for a quotation mark.
 */
#ifndef TESTS_UNIT_ENGINE_HOST_H
#define TESTS_UNIT_ENGINE_HOST_H

#include "unit/rows/projects.h"

#include "core/engine/engine.h"
#include "sync_server.h"

struct host_pair {
	char *key, *value;
	size_t key_length, value_length;
};

struct host {
	struct sl_engine_config config;
	struct sl_engine *engine;
	struct sync_server *server; /* NULL: the test answers by itself */
	size_t device;
	int64_t now_ms;
	struct dice dice;           /* random bytes */
	bool signed_in;             /* START was followed by ONLINE */

	struct host_pair *pairs;    /* the store */
	size_t pair_count, pair_capacity;

	struct sl_arena view_arena; /* what the app shows */
	struct sl_rowset *view;

	bool has_request;           /* sent, not answered */
	int64_t request;
	char method[8], path[64];
	struct sl_buf body;

	bool has_load;              /* a page of the journal was asked for and not handed in yet */
	bool slow_store;            /* pages are handed in by host_load only */
	struct sl_effect load;

	bool has_wake;
	int64_t wake_ms;
	int crash_in;               /* effects that are still carried out before a crash; less than 0: none */
	bool crash_delivers;        /* a request sent before the crash reaches the server */
	bool crashed;               /* by the last event */
	bool unchecked;             /* leave the checks out: for scripts that run hundreds of times */
	bool cut;                   /* the journal need not lead back to the beginning */
	bool unchained;             /* the test has put entries of its own into the journal */
	size_t effects;             /* carried out so far */

	bool recording;
	struct sl_event *events;    /* recorded, their texts in record_arena */
	size_t event_count, event_capacity;
	struct sl_arena record_arena;

	bool pulled;                /* some pull was answered */

	struct sl_err err;          /* of the last refusal */
	size_t renames;             /* told so far */
	size_t loads, results;
	int last_result;
	size_t stores, sends, changes, opened, closed, entries, going, statuses; /* effects so far */
	size_t last_batch;          /* pairs in the last batch, … */
	struct sl_write *batch;     /* … and what they were, in view_arena */
	int64_t last_conflict, last_entry;
};

void host_open(struct host *host, struct sync_server *server, size_t device);
void host_close(struct host *host);

/* A new engine from the store, online if the old one was. */
void host_restart(struct host *host);
void host_start(struct host *host);

/* One event: time and random bytes are filled in, effects carried out. Returns the code of sl_engine_handle; anything but success
 * and refusals fails the test. */
int host_event(struct host *host, struct sl_event event);

/* Hands in the page that was asked for. */
void host_load(struct host *host);

/* Begins recording: the pairs as they are become the first event, START. */
void host_record(struct host *host);

/* Events in short. Those that must not be refused fail the test if they are. */
void host_simple(struct host *host, enum sl_event_type type);
void host_edit(struct host *host, const char *delta);
int host_try_edit(struct host *host, const char *delta, const char *before);
void host_answer(struct host *host, int status, const char *body);
void host_answer_with(struct host *host, int status, const char *body, const char *retry_after, const char *backoff);
void host_fail(struct host *host);

/* Lets `ms` pass, waking the engine when it wishes, without answering any request. */
void host_wait(struct host *host, int64_t ms);

/* Gives the request to the server and the answer to the engine. `drop`: the answer gets lost, the host reports a failure. */
void host_exchange(struct host *host, bool drop);

/* Answers requests and lets time pass until there is nothing to do but to poll. Fails after a bounded number of steps. */
void host_settle(struct host *host);

/* An edit of one shot, and all it takes. */
void host_shot(struct host *host, int64_t episode, const char *id, const char *description);

/* Takes back an entry, or one value of it, and fails the test unless that ends well. */
void host_undo(struct host *host, int64_t entry, size_t note);

/* The entry of this number, in view_arena. */
struct sl_journal_entry host_entry(struct host *host, int64_t number);

/* The number of the oldest entry that is stored. */
int64_t host_oldest_entry(const struct host *host);

enum sl_status_word host_word(struct host *host);
size_t host_pending(struct host *host);

/* The data of a row the user sees; "" for none. Valid for the test. */
const char *host_data(struct host *host, enum sl_entity entity, int64_t episode, const char *id);
void expect_shot(struct host *host, int64_t episode, const char *id, const char *description); /* NULL: gone */
bool host_body_has(struct host *host, const char *text);

/* The host's rows are the server's, and all is said. */
void expect_in_sync(struct host *host);

/* --- for the host's own files -------------------------------------------------------------------------------------- */

/* A copy with a NUL after it, and the pairs that START is handed, as an array; freed by the caller. */
char *host_copy(struct sl_str text);
size_t host_pairs(const struct host *host, struct sl_pair **pairs_r);

/* Changes the store. */
void host_write(struct host *host, const struct sl_write *write);

/* What must hold after every event. */
void host_check(struct host *host);

#endif
