/* What the rooms of the engine share: its state, and the steps from an event to the effects.
 *
 * Memory: what lasts lives in one of two arenas, of which compaction empties the other (engine_rows.c); what one event
 * makes, the effects included, in `scratch`, emptied when the next event begins. Steps change the state freely: should
 * one fail on the way, the engine is broken and its user starts again from the store.
 */
#ifndef SL_CORE_ENGINE_PRIVATE_H
#define SL_CORE_ENGINE_PRIVATE_H

#include <jansson.h>

#include "core/engine/engine.h"

#define SL_ENGINE_ERROR_BYTES 64
#define SL_ENGINE_DETAIL_BYTES 512

/* Kept by id, as the texts that are stored; parsed when somebody looks. */
enum sl_record_kind { SL_RECORD_CONFLICT, SL_RECORD_RECEIPT, SL_RECORD_BACKUP_MERGE, SL_RECORD_BACKUP_OWN, SL_RECORDS };

struct sl_record {
	int64_t id;
	struct sl_str text;
	struct sl_key key; /* of a conflict copy: the row */
};

struct sl_records {
	struct sl_record *items; /* by rising id */
	size_t count, capacity;
};

/* Runs from `since_ms` for `delay_ms`. When the clock goes back it starts again, so that no leap can stop it for
 * long. */
struct sl_timer {
	bool on;
	int64_t since_ms, delay_ms;
};

/* Small facts, stored together. */
struct sl_engine_meta {
	int64_t version, next_id, last_sync_ms;
	int64_t restore_version; /* what the user wants back, 0: nothing */
	struct sl_str epoch, account;
	bool pulled;             /* an initial pull was completed */
	bool signed_out;
	bool clearing;           /* the user emptied the project on purpose, which is not pushed yet */
};

/* The push in flight. All there is to it is the body that is sent: id, base version and rows are read from it. */
struct sl_operation {
	struct sl_str body; /* empty: none */
	struct sl_str id;
	bool restores;      /* POST /project/restore */
	bool settled;       /* the server took it, but what it has now has to be pulled before base can follow */
};

enum sl_request_kind { SL_REQUEST_NONE, SL_REQUEST_PULL, SL_REQUEST_PUSH };

struct sl_outstanding {
	enum sl_request_kind kind;
	int64_t id, since; /* since: version asked for by a pull */
	struct sl_timer timeout;
};

/* Why nothing is sent though the network is there. */
enum sl_halt { SL_HALT_NONE, SL_HALT_UNAUTHENTICATED, SL_HALT_FORBIDDEN, SL_HALT_DISABLED };

/* From a digest mismatch to the next state that is proven, or whole. */
struct sl_repair {
	bool on;
	unsigned tries;            /* whole states that came too late */
	int64_t version;           /* of the changes that did not add up, … */
	struct sl_arena arena;
	struct sl_rowset *deleted; /* … and what they said to be gone */
	struct sl_digest told; /* of the last whole state that came without proof, … */
	int64_t told_version;  /* … and its version */
};

struct sl_engine {
	struct sl_engine_config config;
	bool started, broken;

	struct sl_arena arenas[2], *arena, scratch, *view;
	size_t compact_at; /* bytes of *arena from which compaction pays */

	struct sl_rowset *base, *local;
	struct sl_rowset *pending;    /* keys that differ between the two */
	struct sl_rowset *quarantine; /* of these: refused. `data`: the reason */
	struct sl_digest digest;      /* of base */
	int64_t revision;
	struct sl_engine_meta meta;
	struct sl_operation op;
	struct sl_records records[SL_RECORDS];
	struct sl_repair repair;

	bool online, unreachable;
	enum sl_halt halt;
	bool pull_wanted, full_wanted;
	bool guarded;        /* a push would empty the project, and nobody asked for that */
	bool impatient;      /* the user asked for a sync that has not been tried yet */
	bool asked_to_wait;  /* by the server: not even the user's wish shortens `retry` */
	unsigned attempt;    /* failed requests since the last that went well */
	unsigned rounds;     /* conflicts since the last push that went well */
	size_t push_bytes;   /* limit of the next operation; smaller after a refusal for size */
	struct sl_timer retry, debounce, debounce_most, poll;
	struct sl_outstanding outstanding;
	int64_t last_request, wake_ms;
	bool wake_set;

	char error[SL_ENGINE_ERROR_BYTES], detail[SL_ENGINE_DETAIL_BYTES]; /* of the last failure; "" after success */
	char status_error[SL_ENGINE_ERROR_BYTES], status_detail[SL_ENGINE_DETAIL_BYTES];
	struct sl_status status;
	struct sl_engine_counts counts;
	struct sl_str meta_text, op_text, retry_text; /* as stored */

	/* The event at hand; in scratch. */
	int64_t now_ms;
	unsigned char random[16];
	struct sl_rowset *touched_base, *touched_local; /* keys to be stored */
	struct sl_rowset *changed;                      /* rows, or keys with empty data that are gone: for the app */
	struct sl_rowset *writes;                       /* by store key as the id; rank "-": remove */
	struct sl_effect *effects;
	size_t effect_count, effect_capacity;
};

/* --- engine_rows.c: base, local, and what differs between them -------------------------------------------------- */

int sl_engine_init_rows(struct sl_engine *engine);

/* Deletions must be expanded. Rows are copied. `visible`: the app doesn't know yet, and is told. */
int sl_engine_change_base(struct sl_engine *engine, const struct sl_delta *change);
int sl_engine_change_local(struct sl_engine *engine, const struct sl_delta *change, bool visible);

/* Puts or removes the key's mark in `pending`, and lifts a quarantine that has become moot. */
int sl_engine_refresh(struct sl_engine *engine, const struct sl_key *key);

int sl_engine_touch(struct sl_rowset *set, const struct sl_key *key);

/* A copy that lasts. */
int sl_engine_keep(struct sl_engine *engine, struct sl_str text, struct sl_str *copy_r);

/* Copies what is in use to the other arena once garbage outweighs it. */
int sl_engine_compact(struct sl_engine *engine);

/* --- engine_store.c: the state as pairs of keys and values ------------------------------------------------------- */

int sl_engine_put(struct sl_engine *engine, struct sl_str key, struct sl_str value); /* texts that outlive the event */
int sl_engine_remove(struct sl_engine *engine, struct sl_str key);

/* "shots/7/1-1" behind `prefix`; in scratch. */
int sl_engine_row_key(struct sl_engine *engine, const char *prefix, const struct sl_key *key, struct sl_str *text_r);
int sl_engine_parse_key(struct sl_str text, struct sl_key *key_r); /* SL_INTERNAL; shares the text */

/* The batch of the event, from all that was touched and put. */
int sl_engine_collect(struct sl_engine *engine);

/* --- engine_load.c ----------------------------------------------------------------------------------------------- */

int sl_engine_load(struct sl_engine *engine, const struct sl_pair *pairs, size_t count, struct sl_err *err);

/* --- engine_records.c: conflict copies, receipts, backups -------------------------------------------------------- */

int sl_engine_add_record(struct sl_engine *engine, enum sl_record_kind kind, struct sl_record record);
int sl_engine_record_key(struct sl_engine *engine, enum sl_record_kind kind, int64_t id, struct sl_str *key_r);
const char *sl_engine_record_prefix(enum sl_record_kind kind);

/* Keeps the text under a new id and drops the oldest beyond `most` (0: none). `key`: the row, or NULL. */
int sl_engine_keep_record(struct sl_engine *engine, enum sl_record_kind kind, const struct sl_buf *text,
	const struct sl_key *key, size_t most, int64_t *id_r);

/* The text as a JSON object, a new reference. Returns 0, SL_NO_MEMORY or SL_INTERNAL. */
int sl_engine_parse_record(struct sl_str text, json_t **object_r);

/* A whole number that is a member of what is stored, 0 for anything else. */
int64_t sl_engine_stored_number(const json_t *object, const char *name);

/* A delta that is a member of what is stored: SL_INTERNAL for one that no engine stored so. */
int sl_engine_stored_delta(const json_t *object, const char *name, struct sl_arena *arena, struct sl_delta *delta_r);

/* Keeps what a merge decided: receipts, and open decisions. */
int sl_engine_keep_receipts(struct sl_engine *engine, const struct sl_merge *merge);

/* An open decision, and its row and that one's episode as the merge left them (data of length 0: there is none), so that both can
 * come back should they go before somebody decides. */
struct sl_decision {
	struct sl_note note;
	struct sl_row row, parent;
};

/* Opens the decision as it is, and reads one: its texts live in the arena. */
int sl_engine_open_decision(struct sl_engine *engine, const struct sl_decision *decision);
int sl_engine_read_decision(const struct sl_record *record, struct sl_arena *arena, struct sl_decision *decision_r);

/* Keeps what `change` is about to replace or remove locally, if anything. `reason` as in struct sl_backup. */
int sl_engine_back_up(struct sl_engine *engine, const struct sl_delta *change, const char *reason);

/* Look a record up and parse it: NULL when there is none. The text must be sound, which is so for all that is kept. */
struct sl_record *sl_engine_find_record(struct sl_engine *engine, enum sl_record_kind kind, int64_t id);
int sl_engine_read_receipt(const struct sl_record *record, struct sl_arena *arena, struct sl_kept_receipt *receipt_r);
int sl_engine_read_backup(const struct sl_record *record, struct sl_arena *arena, struct sl_backup *backup_r,
	json_t **hashes_r);

/* Removes the conflict copy and tells the app. */
int sl_engine_close_conflict(struct sl_engine *engine, int64_t id);

/* --- decide.c: open decisions ------------------------------------------------------------------------------------- */

/* Opens a decision unless the row holds my words already; what it overlaps of older ones becomes part of it. */
int sl_engine_take_decision(struct sl_engine *engine, const struct sl_note *note, const struct sl_rowset *merged);

/* Closes decisions about the touched rows that a choice for mine would not change. */
int sl_engine_close_settled(struct sl_engine *engine);

/* The content of a row in 32 hex digits. */
void sl_engine_row_hash(const struct sl_row *row, char hex_r[SL_DIGEST_HEX]);

/* --- engine_edit.c, engine_undo.c: what users do ----------------------------------------------------------------- *
 * Refusals come before any change. */

int sl_engine_edit(struct sl_engine *engine, struct sl_str delta, struct sl_str before, struct sl_err *err);
int sl_engine_replace(struct sl_engine *engine, struct sl_str document, int64_t revision, struct sl_err *err);
int sl_engine_clear(struct sl_engine *engine);
int sl_engine_resolve(struct sl_engine *engine, int64_t id, size_t hunk, enum sl_choice choice, struct sl_str own,
	struct sl_err *err);
int sl_engine_reverse(struct sl_engine *engine, int64_t id, struct sl_err *err);
int sl_engine_restore_backup(struct sl_engine *engine, int64_t id, struct sl_err *err);

/* Changes local rows as an edit does: ranks, cascades, timers. `backup`: NULL, or the reason of the backup before
 * it. */
int sl_engine_apply_edit(struct sl_engine *engine, const struct sl_delta *delta, const char *backup);

/* --- engine_push.c: operations ----------------------------------------------------------------------------------- */

/* Whether something is pending that may be pushed. */
bool sl_engine_has_work(const struct sl_engine *engine);

/* Whether all that is pending would leave the project empty, and nobody asked for that. */
bool sl_engine_would_empty(const struct sl_engine *engine);

/* Makes the next operation if there is something to push, or to restore. */
int sl_engine_make_op(struct sl_engine *engine);

void sl_engine_drop_op(struct sl_engine *engine);

/* The rows of the operation, as they were sent. */
int sl_engine_op_delta(struct sl_engine *engine, struct sl_delta *delta_r);

/* About the bytes that its rows take in a request. */
size_t sl_engine_cost(const struct sl_delta *delta);

/* --- engine_refuse.c ------------------------------------------------------------------------------------------- */

/* Quarantines the rows that the faults of a 422 name, or halves the next operation, or quarantines its only row. Drops
 * the operation. */
int sl_engine_refuse_rows(struct sl_engine *engine, const json_t *problem, const char *reason);

/* Gives refused rows another try. */
int sl_engine_lift_quarantine(struct sl_engine *engine);

/* --- engine_pull.c: taking in what the server has ---------------------------------------------------------------- */

/* What an answer says about the state of the server. */
struct sl_news {
	int64_t version;
	struct sl_digest digest;
	struct sl_str epoch;     /* empty: not told */
	bool has_changes;
	bool whole;              /* changes are all rows: they replace base */
	struct sl_delta changes;
};

bool sl_engine_read_version(const json_t *value, int64_t *version_r);

/* Reads `updatedAt`, `digest`, `epoch`, `changes`. 1: read; 0: malformed, with a reason in `err`. */
int sl_engine_read_news(struct sl_engine *engine, const json_t *body, struct sl_news *news_r, struct sl_err *err);

/* Whether the server's history is not the one that base is from. */
bool sl_engine_is_other_epoch(const struct sl_engine *engine, const struct sl_news *news);

/* Base becomes what the server has, local is merged with it. `op`: the rows of the operation if the server has taken
 * it. 1: done; 0: the digest does not match, nothing changed but that it is asked for again. */
int sl_engine_adopt(struct sl_engine *engine, const struct sl_delta *op, const struct sl_news *news);

/* Forgets what a repair needs; safe when there is none. */
void sl_engine_end_repair(struct sl_engine *engine);

/* --- engine_answer.c --------------------------------------------------------------------------------------------- */

int sl_engine_answer(struct sl_engine *engine, const struct sl_event *event);

/* --- engine_pace.c: when to do what ------------------------------------------------------------------------------ */

void sl_timer_start(struct sl_timer *timer, int64_t now_ms, int64_t delay_ms);
bool sl_timer_is_due(struct sl_timer *timer, int64_t now_ms);

/* Notes a failed request and starts the wait before the next. `wait_ms`: what the server asked for, or 0. */
void sl_engine_fail(struct sl_engine *engine, const char *error, const char *detail, int64_t wait_ms);

/* Waits as for the n-th retry. */
void sl_engine_back_off(struct sl_engine *engine, unsigned attempt, int64_t wait_ms);

/* Notes that a request went well. */
void sl_engine_succeed(struct sl_engine *engine);

/* Sends what is due, and asks to be woken for what is not. */
int sl_engine_proceed(struct sl_engine *engine);

/* --- engine_status.c --------------------------------------------------------------------------------------------- */

/* An empty effect of this type; NULL: no memory. */
struct sl_effect *sl_engine_add_effect(struct sl_engine *engine, enum sl_effect_type type);

/* Copies as much as fits, whole characters only. */
void sl_engine_set_text(char *text, size_t size, struct sl_str from);

int sl_engine_report(struct sl_engine *engine);

#endif
