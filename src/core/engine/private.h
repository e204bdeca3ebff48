/* What the files of the engine share: the steps from an event to the effects, by file.
 *
 * Steps change the state (state.h) freely: should one fail on the way, the engine is broken and its user starts again from
 * the store.
 */
#ifndef SL_CORE_ENGINE_PRIVATE_H
#define SL_CORE_ENGINE_PRIVATE_H

#include "core/engine/edits.h"
#include "core/engine/entries.h"

/* --- step.c: events -------------------------------------------------------------------------------------------- *
 * Its functions are those of engine.h. */

/* --- rows.c: base, local, and what differs between them ----------------------------------------------------------- */

int sl_engine_init_rows(struct sl_engine *engine);

/* A copy that lasts. */
int sl_engine_keep(struct sl_engine *engine, struct sl_str text, struct sl_str *copy_r);

int sl_engine_touch(struct sl_rowset *set, const struct sl_key *key);

/* Of `rows`, those of the keys. NULL: no memory. */
struct sl_rowset *sl_engine_narrow(const struct sl_rowset *rows, const struct sl_rowset *keys, struct sl_arena *arena);

/* Puts or removes the key's mark in `pending`, and lifts a quarantine that has become moot. */
int sl_engine_refresh(struct sl_engine *engine, const struct sl_key *key);

/* Deletions must be expanded. Rows are copied. `visible`: the app doesn't know yet, and is told. */
int sl_engine_change_base(struct sl_engine *engine, const struct sl_delta *change);
int sl_engine_change_local(struct sl_engine *engine, const struct sl_delta *change, bool visible, enum sl_cause cause);

/* --- revision.c: rows as they were a short while ago -------------------------------------------------------------- */

/* Notes what `change` is about to replace, and begins a new revision. */
int sl_engine_note_revision(struct sl_engine *engine, const struct sl_delta *change);

/* Whether memory reaches back so far. */
bool sl_engine_remembers(const struct sl_engine *engine, int64_t revision);

/* The row at a revision that memory reaches back to; NULL: it was not there. */
const struct sl_row *sl_engine_row_at(const struct sl_engine *engine, const struct sl_key *key, int64_t revision);

/* The last row of this key that memory knows, also of one that is gone; or NULL. */
const struct sl_row *sl_engine_last_row(const struct sl_engine *engine, const struct sl_key *key);

/* All rows at a revision that memory reaches back to. NULL: no memory. */
struct sl_rowset *sl_engine_rows_at(struct sl_engine *engine, int64_t revision);

/* Moves it to engine->arena. */
int sl_engine_copy_recent(struct sl_engine *engine);

/* --- siblings.c: orders in question ------------------------------------------------------------------------------- */

/* The sides of a merge: all rows, or those that can come out of it otherwise than they are. */
struct sl_engine_sides {
	const struct sl_rowset *base, *mine, *theirs;
};

/* A row of local is there now, or moved; or goes; or all that is known of them means nothing any more. */
void sl_engine_note_sibling(struct sl_engine *engine, const struct sl_row *row);
void sl_engine_drop_sibling(struct sl_engine *engine, const struct sl_key *key);
int sl_engine_forget_siblings(struct sl_engine *engine);

/* Adds the rows of local behind which the delta puts new rows that have no rank. */
int sl_engine_add_last_siblings(struct sl_engine *engine, const struct sl_delta *delta, struct sl_rowset *into);

/* Adds the keys of all siblings of rows that some side may have moved, or that two sides added. */
int sl_engine_widen(struct sl_engine *engine, const struct sl_engine_sides *sides, struct sl_rowset *keys);

/* --- renames.c ------------------------------------------------------------------------------------------------------ */

/* Keeps what a merge renamed, which is in local by now, and tells the app. */
int sl_engine_note_renames(struct sl_engine *engine, const struct sl_merge *merge);

/* The rows of local that will have another key after `change`, which is about to happen. In scratch. */
int sl_engine_find_moves(struct sl_engine *engine, const struct sl_delta *change, struct sl_rename **moves_r, size_t *count_r);

/* They have it now: edits that were made before follow, and so do open decisions. */
int sl_engine_note_moves(struct sl_engine *engine, const struct sl_rename *moves, size_t count);

int sl_engine_load_renames(struct sl_engine *engine, struct sl_str text);

/* The key now of what the app knew as `key` at a revision; 0: when it was as `seen` (NULL: it says nothing). */
struct sl_key sl_engine_follow_key(const struct sl_engine *engine, struct sl_key key, int64_t revision,
	const struct sl_row *seen);

/* --- store.c: the state as pairs of keys and values --------------------------------------------------------------- */

/* "shots/7/1-1" behind `prefix`; in scratch. */
int sl_engine_row_key(struct sl_engine *engine, const char *prefix, const struct sl_key *key, struct sl_str *text_r);
int sl_engine_parse_key(struct sl_str text, struct sl_key *key_r); /* SL_INTERNAL; shares the text */

int sl_engine_put(struct sl_engine *engine, struct sl_str key, struct sl_str value); /* texts that outlive the event */
int sl_engine_remove(struct sl_engine *engine, struct sl_str key);

/* The batch of the event, from all that was touched and put. */
int sl_engine_collect(struct sl_engine *engine);

/* --- load.c: the opposite ----------------------------------------------------------------------------------------- */

int sl_engine_load(struct sl_engine *engine, const struct sl_pair *pairs, size_t count, struct sl_err *err);

/* --- migrate.c -------------------------------------------------------------------------------------------------------- */

/* Brings what a store of an earlier format holds, and was loaded, to today's. */
int sl_engine_migrate(struct sl_engine *engine, const struct sl_pair *pairs, size_t count);

/* --- load.c, again ---------------------------------------------------------------------------------------------------- */

/* Whether the key is that of a row of base or local. */
bool sl_engine_row_of_pair(struct sl_str key, struct sl_key *key_r);

/* A batch of the engine that holds the store: rows, what is refused, the version. */
int sl_engine_load_writes(struct sl_engine *engine, const struct sl_write *writes, size_t count);

/* --- job.c: what needs bodies of the journal ---------------------------------------------------------------------- */

int sl_engine_new_job(const struct sl_job_kind *kind, struct sl_job **job_r);

/* What a walk needs of an entry: rows that it is about go back behind it. Returns 0, SL_NO_MEMORY or SL_INTERNAL. */
int sl_engine_walk_back(struct sl_engine *engine, struct sl_job *job, const struct sl_journal_entry *entry);
void sl_engine_free_job(struct sl_job **job);
void sl_engine_free_jobs(struct sl_engine *engine);

/* A walk is about this row, too. */
int sl_engine_add_job_key(struct sl_job *job, const struct sl_key *key);

/* Gives the job away. It begins when those before it have ended; then the newest entry is closed. */
void sl_engine_queue_job(struct sl_engine *engine, struct sl_job *job);

/* The same before all others, for a job that goes on with what another one has found. */
void sl_engine_queue_job_first(struct sl_engine *engine, struct sl_job *job);

bool sl_engine_has_job(const struct sl_engine *engine, const struct sl_job_kind *kind);

/* Whether a job has begun: entries that there are must not change until it ends. */
bool sl_engine_is_walking(const struct sl_engine *engine);

/* The row as it is becomes the walking job's, unless it is already. */
int sl_engine_hold_row(struct sl_engine *engine, struct sl_job *job, const struct sl_key *key);

/* The rows as they are here become the walking job's, unless they are already, before `change` happens to local; data of
 * length 0: not there. */
int sl_engine_hold_rows(struct sl_engine *engine, const struct sl_delta *change);

/* Begins, ends and asks for pages, as far as that goes now. */
int sl_engine_run_jobs(struct sl_engine *engine);

/* Takes a page. */
int sl_engine_loaded(struct sl_engine *engine, const struct sl_event *event);

/* SL_EFFECT_RESULT. `delta`: NULL, or in scratch. */
int sl_engine_tell_result(struct sl_engine *engine, enum sl_event_type about, int64_t id, int code, const char *detail,
	const struct sl_delta *delta);

/* --- memory.c ----------------------------------------------------------------------------------------------------- */

/* Copies what is in use to the other arena once garbage outweighs it. */
int sl_engine_compact(struct sl_engine *engine);

/* --- schedule.c: when to do what ---------------------------------------------------------------------------------- */

void sl_timer_start(struct sl_timer *timer, int64_t now_ms, int64_t delay_ms);
bool sl_timer_is_due(struct sl_timer *timer, int64_t now_ms);

/* Waits as for the n-th retry. */
void sl_engine_back_off(struct sl_engine *engine, unsigned attempt, int64_t wait_ms);

/* Notes a failed request and starts the wait before the next. `wait_ms`: what the server asked for, or 0. */
void sl_engine_fail(struct sl_engine *engine, const char *error, const char *detail, int64_t wait_ms);

/* Notes that a request went well. */
void sl_engine_succeed(struct sl_engine *engine);

/* Asks for a pull of at least so much. */
void sl_engine_want(struct sl_engine *engine, enum sl_want want);

/* Forgets the request that is out: its answer, should one come, means nothing any more. */
void sl_engine_drop_request(struct sl_engine *engine);

/* The host's time at which a wait ends; 0: there is none. */
int64_t sl_engine_next_try(const struct sl_engine *engine);

/* The request that is out got no answer. */
int sl_engine_give_up_request(struct sl_engine *engine, struct sl_str reason);

/* Sends what is due, and asks to be woken for what is not. */
int sl_engine_proceed(struct sl_engine *engine);

/* --- push.c: operations ------------------------------------------------------------------------------------------- */

/* Whether something is pending that may be pushed. */
bool sl_engine_has_work(const struct sl_engine *engine);

/* Whether all that is pending would leave the project empty, and nobody asked for that. */
bool sl_engine_would_empty(const struct sl_engine *engine);

/* About the bytes that its rows take in a request. */
size_t sl_engine_cost(const struct sl_delta *delta);

/* Makes the next operation if there is something to push, or to restore. */
int sl_engine_make_op(struct sl_engine *engine);

void sl_engine_drop_op(struct sl_engine *engine);

/* The server takes requests up to this size: none that is larger is made any more. */
void sl_engine_learn_limit(struct sl_engine *engine, int64_t request_bytes);

/* The rows of the operation, as they were sent. */
int sl_engine_op_delta(struct sl_engine *engine, struct sl_delta *delta_r);

/* --- set_aside.c: words that merges set aside ------------------------------------------------------------------------ */

/* Keeps the user's words that notes of a merge tell to be not in the rows, as far as there is room, for the next push. */
int sl_engine_set_aside(struct sl_engine *engine, const struct sl_note *notes, size_t count);

/* Adds them to the body of a push as its member `setAside`, as far as they take no more than `room` bytes. */
int sl_engine_write_aside(struct sl_engine *engine, size_t room, struct sl_buf *out);

/* Forgets those that the operation carries. 1: there were some; 0: none. */
int sl_engine_forget_aside(struct sl_engine *engine);

/* --- adopt.c: taking in what the server has ----------------------------------------------------------------------- */

/* What an answer says about the state of the server. */
struct sl_news {
	int64_t version;
	struct sl_digest digest;
	struct sl_str epoch;     /* empty: not told */
	bool has_changes;
	bool whole;              /* changes are all rows: they replace base */
	int64_t known;           /* of a whole state: deletions up to this version are not told; −1: not said */
	struct sl_delta changes;
	struct sl_authors authors;
};

/* The state to be adopted, next to what was thought to be there. All in scratch. */
struct sl_adopting {
	struct sl_engine *engine;
	const struct sl_news *news;
	struct sl_delta op;             /* of the operation, expanded; empty if the server has not taken it */
	struct sl_rowset *before;       /* of base with the operation, the rows that the changes name; not of a whole state */
	const struct sl_rowset *theirs; /* rows of the server: all, or those that a merge looks at; NULL until it is needed */
	int64_t base_version;           /* of base as it was */
	struct sl_rowset *tombstones;   /* keys that the server says to have been deleted */
	struct sl_delta change;         /* from base with the operation to theirs; of a whole state once base has the operation */
};

bool sl_engine_read_version(const json_t *value, int64_t *version_r);

/* Reads `updatedAt`, `digest`, `epoch`, `changes` and their authors, for which the body has to stay as long as the news. 1: read;
 * 0: malformed, with a reason in `err`. */
int sl_engine_read_news(struct sl_engine *engine, const json_t *body, struct sl_news *news_r, struct sl_err *err);

/* A delta that the server sent, with ranks. 1: read; 0: malformed, with a reason in `err`. */
int sl_engine_read_changes(struct sl_engine *engine, const json_t *value, struct sl_delta *delta_r, struct sl_err *err);

/* Base becomes what the server has, local is merged with it. `op`: the rows of the operation if the server has taken
 * it. 1: done; 0: the digest does not match, nothing changed but that it is asked for again, or, with *job_r, the answer
 * has to wait for this job. */
int sl_engine_adopt(struct sl_engine *engine, const struct sl_delta *op, const struct sl_news *news, struct sl_job **job_r);

/* --- repair.c: when that can't be so, or may lack what was there -------------------------------------------------- */

/* Whether the server's history is not the one that base is from. */
bool sl_engine_is_other_epoch(const struct sl_engine *engine, const struct sl_news *news);

/* Whether a whole state waits for what the journal says about rows in doubt. */
bool sl_engine_is_in_doubt(const struct sl_engine *engine);

/* A job that asks the journal what the rows in doubt once were here; not queued yet. NULL: there is nothing to be asked. */
int sl_engine_ask_journal(const struct sl_adopting *adopting, bool doubtful, struct sl_job **job_r);

/* Asks for the whole state. `version`: the server's; −1: not known. */
void sl_engine_ask_for_all(struct sl_engine *engine, int64_t version);

/* Changes, up to `version`, don't add up: they are asked for again, and then all rows. */
int sl_engine_begin_repair(struct sl_engine *engine, int64_t version, const struct sl_delta *changes);

/* Forgets what a repair needs; safe when there is none. */
void sl_engine_end_repair(struct sl_engine *engine);

/* Whether the whole state came too late to tell what was deleted from what was lost. */
bool sl_engine_is_overtaken(struct sl_engine *engine, const struct sl_news *news);

/* Whether a whole state without proof is what came the last time as well. */
bool sl_engine_is_told_twice(struct sl_engine *engine, const struct sl_adopting *adopting);

/* Whether the server's state may lack what it once had. */
bool sl_engine_is_doubtful(const struct sl_engine *engine, const struct sl_news *news, bool proven);

/* The ancestor for the merge of the sides. */
int sl_engine_find_ancestor(const struct sl_adopting *adopting, const struct sl_engine_sides *sides, bool doubtful,
	const struct sl_rowset **ancestor_r, struct sl_rowset *shared);

/* --- handshake.c -------------------------------------------------------------------------------------------------- */

/* Notes that it was tried; the next one is due in its time. */
void sl_engine_greeted(struct sl_engine *engine);

/* In scratch. */
int sl_engine_write_handshake(struct sl_engine *engine, struct sl_str *body_r);

/* False: sync is not enabled for the account. */
bool sl_engine_read_handshake(struct sl_engine *engine, const json_t *body);

/* --- answer.c ----------------------------------------------------------------------------------------------------- */

#define SL_HALT_RETRY_MS (60 * 60 * 1000)

struct sl_answer {
	struct sl_engine *engine;
	int status;
	struct sl_str text, trace_id;
	json_t *body;     /* NULL: none, or not JSON */
	int64_t wait_ms;  /* that the server asked for */
	int64_t since;    /* of a pull: the version asked for */
	bool uncertain;   /* of a push: an earlier try may have been taken */
};

/* A text in a body; "" for anything else. */
const char *sl_answer_text(const json_t *body, const char *name);

/* Whether its stable word for the error is this one; what it says for people. */
bool sl_answer_says(const struct sl_answer *answer, const char *error);
const char *sl_answer_detail(const struct sl_answer *answer);

/* Failures: under the server's word or another one, for want of sense, by status. */
void sl_answer_note_trace(const struct sl_answer *answer);
void sl_answer_fail(const struct sl_answer *answer, const char *otherwise);
void sl_answer_fail_to_understand(const struct sl_answer *answer, const struct sl_err *err);
void sl_answer_fail_otherwise(const struct sl_answer *answer);

int sl_engine_answer(struct sl_engine *engine, const struct sl_event *event);

/* Takes the answer in that waited for the job. */
int sl_engine_answer_held(struct sl_engine *engine, const struct sl_job *job);

/* --- answer_push.c ------------------------------------------------------------------------------------------------ */

/* The operation was taken, and base has it. */
int sl_answer_finish_op(struct sl_engine *engine);

int sl_answer_push(const struct sl_answer *answer);

/* --- quarantine.c ------------------------------------------------------------------------------------------------- */

/* Quarantines the rows that the faults of a 422 name, or halves the next operation, or quarantines its only row. Drops
 * the operation. */
int sl_engine_refuse_rows(struct sl_engine *engine, const json_t *problem, const char *reason);

/* After a 413: makes the next operations fit, or quarantines the only row. `limit`: what the server says to take; 0: it says
 * nothing. Drops the operation. */
int sl_engine_refuse_size(struct sl_engine *engine, int64_t limit);

/* Gives refused rows another try. */
int sl_engine_lift_quarantine(struct sl_engine *engine);

/* --- decide.c ------------------------------------------------------------------------------------------------------- */

int sl_engine_resolve(struct sl_engine *engine, int64_t id, size_t hunk, enum sl_choice choice, struct sl_str own,
	struct sl_err *err);

/* The edit's rows are valid: what a user wrote may be anything. */
int sl_engine_check_edit(struct sl_engine *engine, const struct sl_delta *edit, struct sl_err *err);

/* --- undo.c --------------------------------------------------------------------------------------------------------- */

/* Takes back what an entry did, or with `note` (from 1) what it did with that value. */
int sl_engine_undo(struct sl_engine *engine, int64_t entry, size_t note, struct sl_err *err);

/* --- status.c ------------------------------------------------------------------------------------------------------- */

/* An empty effect of this type; NULL: no memory. */
struct sl_effect *sl_engine_add_effect(struct sl_engine *engine, enum sl_effect_type type);

/* Copies as much as fits, whole characters only. */
void sl_engine_set_text(char *text, size_t size, struct sl_str from);

int sl_engine_report(struct sl_engine *engine);

/* --- notes.c: what is stored as JSON ---------------------------------------------------------------------------------- */

/* `chained`: the rows before and behind the step can be had, so that long values need not be stored again. */
int sl_engine_write_note(struct sl_engine *engine, const struct sl_note *note, bool chained, struct sl_buf *out);

/* Texts are in the arena. Returns 0, SL_NO_MEMORY, or SL_INTERNAL for what no engine stored so. */
int sl_engine_read_note(const json_t *object, struct sl_arena *arena, struct sl_note *note_r);

/* The text as a JSON object, a new reference. Returns 0, SL_NO_MEMORY or SL_INTERNAL. */
int sl_engine_parse_object(struct sl_str text, json_t **object_r);

/* A whole number that is a member of what is stored, 0 for anything else. */
int64_t sl_engine_stored_number(const json_t *object, const char *name);

/* A delta that is a member of what is stored: SL_INTERNAL for one that no engine stored so. */
int sl_engine_stored_delta(const json_t *object, const char *name, struct sl_arena *arena, struct sl_delta *delta_r);

/* --- decisions.c ---------------------------------------------------------------------------------------------------- */

/* An open decision, and its row and that one's episode as the merge left them (data of length 0: there is none), so that both can
 * come back should they go before somebody decides. */
struct sl_decision {
	struct sl_note note;
	struct sl_row row, parent;
	int64_t version, entry; /* of the server, and in the journal, when it was made */
};

/* Opens the decision as it is, and reads one: its texts live in the arena. */
int sl_engine_open_decision(struct sl_engine *engine, const struct sl_decision *decision);
int sl_engine_read_decision(struct sl_str text, struct sl_arena *arena, struct sl_decision *decision_r);

int sl_engine_add_decision(struct sl_engine *engine, struct sl_stored_decision decision); /* in memory only */
int64_t sl_engine_decision_number(struct sl_str key);                                      /* 0: of something else */
struct sl_stored_decision *sl_engine_find_decision(struct sl_engine *engine, int64_t id);  /* NULL: there is none */

/* It is about another key now, or other rows. */
int sl_engine_change_decision(struct sl_engine *engine, struct sl_stored_decision *stored, const struct sl_decision *decision);

/* Removes the decision and tells the app. */
int sl_engine_close_decision(struct sl_engine *engine, int64_t id);

/* --- decide.c: open decisions ------------------------------------------------------------------------------------- */

/* Opens a decision unless the row holds my words already; what it overlaps of older ones becomes part of it. */
int sl_engine_take_decision(struct sl_engine *engine, const struct sl_note *note, const struct sl_rowset *merged);

/* Decisions about rows that have moved go with them. */
int sl_engine_move_decisions(struct sl_engine *engine, const struct sl_rename *moves, size_t count);

/* Closes decisions about the touched rows that a choice for mine would not change. */
int sl_engine_close_settled(struct sl_engine *engine);

/* The content of a row in 32 hex digits. */
void sl_engine_row_hash(const struct sl_row *row, char hex_r[SL_DIGEST_HEX]);

#endif
