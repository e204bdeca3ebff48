/* What must hold: after every step, and at rest. The first breach ends the run; see sim_violate.
 *
 * Invariants, by name:
 *   words-kept         no acknowledged word is lost: a device, the server, a receipt, a copy or a backup holds it; after a
 *                      fall-back that nobody declared as long as the backup is kept
 *   words-in-place     at rest, words of long texts are in the state of the server, in an open conflict copy, or
 *                      refused and shown; a receipt is not enough for them
 *   words-whole        no row holds a word, or part of one, that nobody typed
 *   stored-first       what a user was told is saved is stored; an operation is stored before it is sent
 *   applied-once       an operation is committed at most once, and at rest every counter is the sum of its increments, but
 *                      for those that somebody saw who set it back; where two did so, each may count what the other set back
 *   replay             an operation that is known is answered as it first was
 *   operation-fixed    the same operation id always carries the same bytes
 *   pull-first         no device pushes before it has completed a pull
 *   never-emptied      nothing empties a project but a user who clears it on purpose, or a restore
 *   backup             what a merge replaces or removes on a device is in a backup made just before
 *   prompts            a conflict copy is opened only where two devices edited the same text; never in a polite world, unless
 *                      the row was deleted and revived from an older copy
 *   overlaps           an answer opens no more questions about passages of a text than there are places where edits met
 *   in-row             what a user typed where nobody else changed anything near is in the row, and not set aside
 *   asked-twice        a passage is asked about once
 *   authors            an entry of a journal names for each row the device that last wrote it on the server, or none; and that, of
 *                      entries that became one, for the newest change of the row
 *   decidable          a decision about a field can be taken, whatever has become of its row
 *   kept-whole         an episode that stays because one side edited it stays with all that this side had in it
 *   runs               scenes that a device added one behind the other have nothing between them that somebody added elsewhere
 *                      who saw none of them; but behind a scene that was moved into the run, what its writer put there
 *   records            a shot's video job is one that a device had
 *   journal            the journal of a device leads back from its rows to none, or to where it was cut
 *   typed-since        what is decided or undone takes nothing away that came after the question, the merge or the step
 *   once               no word stands twice
 *   unmixed            no row holds words of two that were added under one id
 *   restored           nobody is asked about a row of a restored server that the device once had so
 *   bounded            what a device stores has a bound
 *   no-loop            a device gets at most one conflict per version of the server
 *   deleted            a row that a user deleted, and that nobody edited since, does not come back; unless the project was
 *                      emptied so, which counts for nothing once others go on
 *   digest             where nothing is damaged, digests always match
 *   rest               left alone, all devices settle: nothing pending but what is refused
 *   same-state         then they all hold what the server holds
 *   shown              the app shows what the engine has
 *   status             "synced" means that nothing is pending
 *   clocks             other clocks, same outcome
 *   engine, protocol   no damaged store, no unknown request
 */
#ifndef TESTS_SIM_CHECK_H
#define TESTS_SIM_CHECK_H

#include "core/commit/commit.h"
#include "core/engine/engine.h"

#include "device.h"

#define SIM_FIELDS 512
#define SIM_FALLS 8 /* of a server, in one run */
#define SIM_SMALL_ROW 100 /* bytes: what has no more, and was edited when it moved, has too few words to be known again */
#define SIM_TINY_ROW 50 /* bytes: what has no more may be the same as another by chance, so nobody can tell whether it moved */
#define SIM_RUN_ROWS 256
#define SIM_RECORDS 1024

/* Edits of one field, and conflicts shown about it. */
struct sim_field {
	uint64_t field;
	unsigned edits[SIM_DEVICES], prompts[SIM_DEVICES];
};

/* The last conflict that the server reported to a device. */
struct sim_clash {
	int64_t version;
	struct sl_str op_id;
};

/* A scene of a run. */
struct sim_run_row {
	struct sl_key key;
	unsigned device, run;
	size_t step;    /* when it was written */
	uint64_t seen;  /* runs of which the device showed a row then */
};

struct sim_check {
	struct sim_field fields[SIM_FIELDS]; /* a table by hash */
	unsigned wide;                       /* events that may edit everything, for all devices */
	bool undone;                         /* somebody took back a merge or a step */
	bool decided_since_fall;             /* somebody took a decision after the server had fallen back */
	bool brought_back;                   /* somebody imported what had been exported before */
	bool chose_both;                     /* somebody decided between what was added twice under one id */
	bool restored;                       /* somebody had a version of the server restored */
	unsigned wide_births;                /* of these: the imports that runs begin with */
	int64_t counters[SIM_COUNTERS];      /* the sum of what users added */
	unsigned counter_steps[SIM_COUNTERS];
	unsigned counter_leaps[SIM_COUNTERS]; /* by restores and imports; two alike count once, as any change made on both sides */
	bool uncounted;                      /* sums are not known in this run: counters were removed or lost */
	struct sl_rowset *gone;              /* keys that may not come back */
	struct sl_rowset *removed;           /* keys that the server ever removed */
	const struct sl_rowset *fell[SIM_FALLS]; /* rows as they were on the server whenever it fell back */
	size_t falls;
	struct sim_clash clashes[SIM_DEVICES];
	int64_t reset[SIM_COUNTERS];         /* increments that somebody set back, as bits */
	unsigned resetters[SIM_COUNTERS];    /* devices that did so, as bits */
	struct sim_run_row run_rows[SIM_RUN_ROWS];
	size_t run_row_count;
	struct sl_key moved[SIM_RUN_ROWS];   /* scenes, by somebody */
	size_t moved_count;
	bool run_torn;                       /* a device lost its store, and with it how its runs are to go on */
	unsigned runs, births;
	uint64_t records[SIM_RECORDS];       /* a table of hashes: the video jobs that devices had */
	size_t prompts, kept;                /* of these: about what somebody had deleted */
	bool haunted;                        /* a device lost its store while a push of it was on its way */
	bool saving;                         /* an editor that was open for a while is being saved */
};

void sim_check_init(struct sim *sim);

/* --- users' intents (check_intent.c) ------------------------------------------------------------------------------ */

/* The name of a field for `sim_intent.fields`; an empty name: the whole row. */
uint64_t sim_check_field(const struct sl_key *key, struct sl_str name);

/* Notes in an intent that the field of a decision is edited. */
void sim_check_touch(struct sim_intent *intent, const struct sim_decision *decision);

/* The batch of the intent is about to become durable: what the user takes away may go. */
void sim_check_given_up(struct sim *sim, const struct sim_intent *intent);

/* The intent has become durable, or the event ended without any batch. */
void sim_check_intent(struct sim *sim, unsigned device, const struct sim_intent *intent);
void sim_check_not_durable(struct sim *sim, unsigned device, const struct sim_intent *intent);

/* Completes the intent of an event that replaced many rows: compares what is shown with what the engine has now. */
void sim_check_compare(struct sim *sim, unsigned device, struct sim_intent *intent);

/* The counter's value in a set of rows; `absent_r` may be NULL. */
int64_t sim_check_counter(const struct sl_rowset *rows, size_t counter, bool *absent_r);

/* The row, and the episode that it belongs to, may be there again. */
void sim_check_revive(struct sim *sim, const struct sl_key *key);

/* The server removed this row. */
void sim_check_removed(struct sim *sim, const struct sl_key *key);

/* The server restored an older version, which changed this. */
void sim_check_restored(struct sim *sim, const struct sl_change *change);

/* From now on counters can't be known in this run. */
void sim_check_uncount(struct sim *sim);

/* Deleted rows may come back: somebody brought back rows by other means than an edit. */
void sim_check_forget_gone(struct sim *sim);

extern const char *const sim_counter_rows[SIM_COUNTERS];
extern const char *const sim_counter_paths[SIM_COUNTERS][3];

/* --- steps (check.c) ---------------------------------------------------------------------------------------------- */

void sim_check_commit(struct sim *sim, unsigned device, const struct sl_push *push, const struct sl_outcome *outcome,
	bool emptied);
void sim_check_send(struct sim *sim, unsigned device, const struct sl_request_effect *request);
void sim_check_status(struct sim *sim, unsigned device, const struct sl_status *status);
void sim_check_changed(struct sim *sim, unsigned device, enum sl_event_type cause, const struct sl_delta *delta);

/* A question came up (check_questions.c). */
void sim_check_conflict(struct sim *sim, unsigned device, enum sl_event_type cause, int64_t id);

/* After every event of a device. */
void sim_check_after(struct sim *sim, unsigned device);

/* The value holds nothing but words that somebody typed. */
void sim_check_whole(struct sim *sim, struct sl_str value, const char *where);

/* What the app shows: all after a start or an import, else its own edits, over which the engine then puts its changes. */
void sim_check_show_all(struct sim *sim, unsigned device);
void sim_check_show_own(struct sim *sim, unsigned device, const struct sim_intent *intent);

/* After every event of the queue. */
void sim_check_step(struct sim *sim);

/* --- runs (check_runs.c) ------------------------------------------------------------------------------------------ */

/* A device is about to add a scene behind its last one; somebody moves a row. */
void sim_runs_add(struct sim *sim, unsigned device, const struct sl_key *key);
void sim_runs_move(struct sim *sim, const struct sl_key *key);

/* At rest. */
void sim_check_runs(struct sim *sim);

/* --- records (check_records.c) ------------------------------------------------------------------------------------ */

/* A user made the row so. */
void sim_records_note(struct sim *sim, const struct sl_row *row);

/* A merge made it so. */
void sim_check_record(struct sim *sim, unsigned device, const struct sl_row *row);

/* --- what came since, and what once was (check_since.c) ----------------------------------------------------------- */

/* A device shows the row, perhaps `long_since`, but a crash kept it from showing that; it stores a batch; it lost its store. */
void sim_since_show(struct sim *sim, struct sim_device *device, const struct sl_row *row, bool long_since);
void sim_since_store(struct sim_device *device, const struct sl_write *writes, size_t count);
void sim_since_forget(struct sim_device *device);

/* A user who decides or undoes something has taken these words out of what is shown. */
void sim_check_since(struct sim *sim, unsigned device, const struct sim_intent *intent, const struct sim_wordset *gone);

/* The row is, content and place aside, as it once was on the device. */
bool sim_was_here(const struct sim_device *device, const struct sl_row *row);
void sim_note_state(struct sim_device *device, const struct sl_row *row);

/* --- who wrote what came in (check_authors.c) ---------------------------------------------------------------------- */

/* A device is about to store the batch. */
void sim_check_authors(struct sim *sim, const struct sim_device *device, const struct sl_write *writes, size_t count);

/* --- at rest (check_rest.c) --------------------------------------------------------------------------------------- */

void sim_check_rest(struct sim *sim);

#endif
