/* A simulated device: the host of one engine, as thin as engine.h asks, over a store that is durable at each batch; and
 * its ends: crashes at any effect boundary, lost stores, clocks that leap. */
#ifndef TESTS_SIM_DEVICE_H
#define TESTS_SIM_DEVICE_H

#include "core/engine/engine.h"

#include "engine_view.h"
#include "plan.h"
#include "words.h"

struct sim;
struct sim_message;

#define SIM_COUNTERS 5
#define SIM_INTENT_FIELDS 24

/* What a user means by one event. It counts once the event is durable. */
struct sim_intent {
	struct sim_wordset typed, given_up;
	int64_t counters[SIM_COUNTERS];  /* how much each changes */
	int64_t resets[SIM_COUNTERS];    /* what each counter said when it was set back; 0: it wasn't */
	bool uncounted;                  /* a counter was removed rather than changed */
	uint64_t fields[SIM_INTENT_FIELDS]; /* sim_check_field of what is edited */
	size_t field_count;
	struct sim_entry entry;          /* that is decided or undone */
	bool wide;                       /* replaces or removes rows in ways that users don't choose one by one */
	bool compare;                    /* what is given up shows when it is done: what was shown and no longer is */
	bool clears;
	const struct sl_key *deleted;    /* one by one, as they are seen */
	size_t deleted_count;
	const struct sl_rowset *rows;    /* that are written, as the app gives them; or NULL */
};

/* A row in an editor that is open for a while. */
struct sim_editor {
	bool open;
	struct sl_row before, after;
	int64_t revision; /* of a draft, which the app keeps over a crash: when it was opened; 0: of no other editor */
	bool told;        /* the engine was told that this revision is shown */
	struct sim_intent intent;
};

/* How many passages of a field are asked about. */
struct sim_question {
	uint64_t field;
	size_t hunks;
};

#define SIM_QUESTIONS 32
#define SIM_MADE 256   /* entries that are remembered, the newest */
#define SIM_STATES 2048 /* of rows, that are remembered */

/* When an entry of the journal came up. */
struct sim_made {
	struct sim_entry entry;
	uint64_t event;
};

struct sim_device {
	unsigned index;
	unsigned incarnation;      /* counts engines: answers to an older one are dropped, as connections die */
	struct sl_engine *engine;  /* NULL: down */
	struct sl_rowset *store;   /* keys are those of meta */
	struct sl_rowset *shown;   /* what the app shows: follows SL_EFFECT_CHANGED and the user's own edits */
	struct sl_rowset *synced;  /* the base as it was before the event that is being handled, where texts are typed words */
	int64_t synced_version;    /* likewise */
	struct sim_question questions[SIM_QUESTIONS]; /* likewise */
	size_t question_count;
	bool cut_off, signed_out;
	bool told_authors;         /* the answer that is being handled is to a pull, and names authors */
	bool pulled;               /* has completed a pull with this store */
	bool may_clear;            /* the user has cleared the project here at some time */
	int64_t jump_ms;           /* of its clock so far */
	struct sim_made made[SIM_MADE];  /* a ring */
	size_t made_count;
	uint64_t states[SIM_STATES];     /* a table of hashes: rows as they ever were here */
	size_t stored_bytes;
	bool has_load;             /* the engine waits for a page of its journal */
	struct sl_effect load;
	int64_t wakes;             /* wishes to be woken so far; only the last counts */
	int crash_in;              /* effects until it crashes; −1: doesn't */
	uint64_t events;           /* so far: fresh random bytes for each */
	struct sim_editor editor;
	struct sl_str exported;    /* a document that was kept; empty: none */
	int64_t last_episode;      /* the highest number of one that was ever shown here */
	int64_t run_rows, run_episode; /* scenes added in runs so far, and where the last ones were */
	int64_t numbers;           /* given to new rows so far, by a polite app */
};

void sim_device_init(struct sim *sim, unsigned index);
void sim_device_dispose(struct sim *sim, unsigned index);

/* Starts an engine from the store. */
void sim_device_start(struct sim *sim, unsigned index);

/* Gives the engine an event and carries out the effects. `intent`: NULL when no user is behind it. Returns 0 or why the
 * engine refuses; SL_NOT_FOUND as well when the device is down. */
int sim_device_handle(struct sim *sim, unsigned index, struct sl_event *event, const struct sim_intent *intent);

/* An event without content. */
int sim_device_tell(struct sim *sim, unsigned index, enum sl_event_type type);

/* The power goes: the engine is gone, the store is as it is. Starts again later. */
void sim_device_crash(struct sim *sim, unsigned index);

/* The store is lost too. */
void sim_device_wipe(struct sim *sim, unsigned index);

/* All pairs that an engine gets at its start. */
const struct sl_pair *sim_device_stored(struct sim *sim, const struct sim_device *device, size_t *count_r);

/* Makes a batch durable, and notes which words it brings and takes. */
void sim_device_store(struct sim *sim, struct sim_device *device, const struct sl_write *writes, size_t count);

/* Hands in the page of the journal that the engine asked for. `intent`: of the user who waits for it; or NULL. */
void sim_device_load(struct sim *sim, struct sim_device *device, const struct sim_intent *intent);

void sim_device_answer(struct sim *sim, struct sim_message *message);
void sim_device_failed(struct sim *sim, struct sim_message *message);

/* Whether the row is refused, or, `with_episode`, waits for its refused episode. */
bool sim_device_refuses(const struct sl_engine *engine, const struct sl_key *key, bool with_episode);

/* Whether the row may not go to the server yet: it or its episode is refused, or it is in the place that a refused row left. */
bool sim_device_waits(const struct sl_engine *engine, const struct sl_key *key);

/* Whether something that the device may not send is what was the row, at another place: then the row is not deleted either. */
bool sim_device_waits_for_move(const struct sl_engine *engine, const struct sl_row *gone);

/* Whether it has nothing left to do, as far as it knows. */
bool sim_device_is_settled(const struct sim *sim, unsigned index);

#endif
