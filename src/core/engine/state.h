/* The engine's state: what it knows and what it waits for.
 *
 * Memory: what lasts lives in one of two arenas, of which compaction empties the other (memory.c); what one event
 * makes, the effects included, in `scratch`, emptied when the next event begins.
 */
#ifndef SL_CORE_ENGINE_STATE_H
#define SL_CORE_ENGINE_STATE_H

#include <jansson.h>

#include "core/base/rank_run.h"
#include "core/engine/engine.h"

#define SL_ENGINE_ERROR_BYTES 64
#define SL_ENGINE_DETAIL_BYTES 512

/* An open decision, by id: the text that is stored, and its row. It is parsed when somebody looks. */
struct sl_stored_decision {
	int64_t id;
	struct sl_str text;
	struct sl_key key;
};

struct sl_stored_decisions {
	struct sl_stored_decision *items; /* by rising id */
	size_t count, capacity;
};

/* The newest entry of the journal, while more may join it (journal_write.c). */
struct sl_open_entry {
	bool on;
	bool changed;             /* since it was stored */
	int64_t id;
	struct sl_journal_head head;
	struct sl_arena arena;
	struct sl_rowset *rows;   /* what was before: rank; data: patch from what is behind, empty: there was nothing; version: from */
	struct sl_rowset *was;    /* data: hash of what is behind, empty: gone; version: to */
	struct sl_rowset *once;   /* data: hashes of what the row was besides, as in the body */
	struct sl_buf notes;      /* as in the body */
	struct sl_journal_author *authors; /* room for all that there may be; NULL: there are none */
	size_t author_count;
	struct sl_rowset *by;     /* version: the row's author, counted from 1; rows without one are not in it; NULL as `authors` */
};

/* Who wrote which rows, as an answer says. Borrowed from its body. */
struct sl_authors {
	struct sl_rowset *rows;   /* version: of the server, by which the row was last written or removed; NULL: the answer names none */
	const json_t *versions;   /* by whom each version was made: an object, by number */
};

/* Runs from `since_ms` for `delay_ms`. When the clock goes back it starts again, so that no leap can stop it for
 * long. */
struct sl_timer {
	bool on;
	int64_t since_ms, delay_ms;
};

#define SL_STORE_FORMAT 3
#define SL_MOST_RENAMES 256

/* Small facts, stored together. */
struct sl_engine_meta {
	int64_t revision;        /* of local rows */
	int64_t operation_bytes;   /* what rows may take in one request, as far as the server let it be known; else 0 */
	char rank_prefix[SL_RANK_PREFIX_BYTES + 1]; /* what this device's runs begin with; a follower's is not stored */
	int64_t version, next_id, last_sync_ms;
	int64_t restore_version; /* what the user wants back, 0: nothing */
	int64_t journal_first, journal_last, journal_bytes; /* entries that are stored, and what their bodies take; 0: none */
	int64_t last_episode;    /* the highest number of one that was ever here, so that no other gets it */
	int64_t journal_cared, journal_told; /* the newest entries when it was last made smaller, and of those that the app knows to go */
	int64_t age_ms;          /* for how long engines of this store have been running, when the last entry was written */
	struct sl_str epoch, account;
	bool pulled;             /* an initial pull was completed */
	bool signed_out;
	bool fallen;             /* the server fell back, and has not got all again that it lost */
	bool clearing;           /* the user emptied the project on purpose, which is not pushed yet */
};

/* Where the push in flight stands. */
enum sl_op_state {
	SL_OP_NONE,
	SL_OP_READY,     /* to be sent; no earlier try of it can have been taken */
	SL_OP_UNCERTAIN, /* it was sent and nobody knows whether the server took it: sent again, whatever else happens */
	SL_OP_GATED,     /* the same, but the server wants to see a pull before it looks at it */
	SL_OP_SETTLED    /* the server took it, but what it has now has to be pulled before base can follow */
};

/* The push in flight. All there is to it is the body that is sent: id, base version and rows are read from it. */
struct sl_operation {
	enum sl_op_state state;
	struct sl_str body; /* empty: none */
	struct sl_str id;
	bool restores;      /* POST /project/restore */
};

/* What a pull has to ask for. */
enum sl_want { SL_WANT_NOTHING, SL_WANT_CHANGES, SL_WANT_ALL };

/* What the engine does next: the first that holds, from the top. */
enum sl_next_step {
	SL_NEXT_STAY_SIGNED_OUT, /* the user stopped it */
	SL_NEXT_AWAIT_NETWORK,
	SL_NEXT_AWAIT_ANSWER,    /* one request at a time */
	SL_NEXT_AWAIT_JOURNAL,   /* an answer is at hand that can't be taken in before the journal was read */
	SL_NEXT_AWAIT_RETRY,     /* after a failure, a refusal of the account, or as the server asked */
	SL_NEXT_SEND_OPERATION,  /* before all else: base can't move while its fate is unknown */
	SL_NEXT_OPEN_GATE,       /* a pull of which nothing is taken in, for the sake of the operation */
	SL_NEXT_PULL_ALL,
	SL_NEXT_PULL_CHANGES,
	SL_NEXT_GREET,           /* the handshake; it tells what a push has to keep to */
	SL_NEXT_PREVIEW,         /* of a version that the user may want restored */
	SL_NEXT_MAKE_OPERATION,  /* out of what is pending, or of what the user wants restored */
	SL_NEXT_AWAIT_TYPING,    /* an edit waits for the next one before it is pushed */
	SL_NEXT_POLL,
	SL_NEXT_REST
};

enum sl_request_kind {
	SL_REQUEST_NONE, SL_REQUEST_HANDSHAKE, SL_REQUEST_PULL, SL_REQUEST_GATE, SL_REQUEST_PUSH, SL_REQUEST_PREVIEW
};

struct sl_outstanding {
	enum sl_request_kind kind;
	int64_t id, since; /* since: version asked for by a pull */
	struct sl_timer timeout;
};

/* The latest changes of local rows: what each replaced, in the order in which that happened. */
#define SL_RECENT_ROWS 256

struct sl_recent_row {
	int64_t revision;   /* that came of the change */
	struct sl_row before; /* data of length 0: it was not there */
};

struct sl_recent {
	struct sl_recent_row rows[SL_RECENT_ROWS]; /* a ring */
	size_t first, count, bytes;
	int64_t from;       /* the oldest revision that can be told from them */
};

/* Why nothing is pushed though pulls go on. */
enum sl_barred { SL_BARRED_NOT, SL_BARRED_ROLE, SL_BARRED_OLD };

/* Why nothing is sent though the network is there. */
enum sl_halt { SL_HALT_NONE, SL_HALT_UNAUTHENTICATED, SL_HALT_FORBIDDEN, SL_HALT_DISABLED, SL_HALT_GONE };

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

	struct sl_arena arenas[2], *arena, settings, scratch, *view;
	struct sl_str path, device, follower; /* of the configuration; in `settings` */
	size_t compact_at; /* bytes of *arena from which compaction pays */

	struct sl_rowset *base, *local;
	struct sl_rowset *pending;    /* keys that differ between the two */
	struct sl_rowset *quarantine; /* of these: refused. `data`: the reason */
	struct sl_digest digest;      /* of base */
	struct sl_rowset *renamed;    /* rows that got another key lately (renames.c) */
	struct sl_rowset *lasts;      /* the last sibling of groups of local, as far as they were looked for (siblings.c) */
	struct sl_rowset *handed;     /* the last edit that was taken from each follower */
	struct sl_rowset *waiting;    /* of a follower: its edits that the holder has not taken, … */
	struct sl_rowset *beneath;    /* … and the rows that they changed, as the holder has them; data of length 0: not there */
	int64_t shown;                /* the revision that the app says to show, 0: it says nothing */
	struct sl_recent recent;
	struct sl_engine_meta meta;
	struct sl_operation op;
	struct sl_str aside;          /* words set aside that no push has carried (set_aside.c) */
	struct sl_stored_decisions decisions;
	struct sl_open_entry open;
	struct sl_repair repair;
	struct sl_job *jobs;           /* the first runs */
	int64_t last_page;             /* id of the page that was asked for last */
	const struct sl_rowset *once;  /* what the journal said of the rows in doubt, while their state is taken in; or NULL */
	const struct sl_authors *authors; /* who wrote what is being taken in; or NULL */

	bool online, unreachable;
	enum sl_halt halt;
	enum sl_barred barred;
	enum sl_want want;
	bool greeting_due;   /* a handshake */
	int64_t told_before; /* journal_told when the journal was begun to be made smaller */
	int64_t restored;    /* the version that a restore has made, until it is pulled; 0: none */
	int64_t preview;     /* the version that the user wants to know the difference to; 0: none */
	bool guarded;        /* a push would empty the project, and nobody asked for that */
	bool impatient;      /* the user asked for a sync that has not been tried yet */
	bool asked_to_wait;  /* by the server: not even the user's wish shortens `retry` */
	unsigned attempt;    /* failed requests since the last that went well */
	unsigned rounds;     /* conflicts since the last push that went well */
	size_t push_bytes;   /* limit of the next operation; smaller after a refusal for size */
	size_t total;        /* rows to be pushed since all was in sync last; 0: it is */
	struct sl_timer retry, debounce, debounce_most, poll, handshake;
	struct sl_outstanding outstanding;
	int64_t last_request, wake_ms;
	bool wake_set;

	char error[SL_ENGINE_ERROR_BYTES], detail[SL_ENGINE_DETAIL_BYTES]; /* of the last failure; "" after success */
	char trace_id[SL_ENGINE_ERROR_BYTES + 1];
	/* Why the last operations were not taken, round after round; "" when one was. */
	char round_error[SL_ENGINE_ERROR_BYTES], round_detail[SL_ENGINE_DETAIL_BYTES];
	char status_error[SL_ENGINE_ERROR_BYTES], status_detail[SL_ENGINE_DETAIL_BYTES];
	struct sl_status status;
	struct sl_engine_counts counts;
	struct sl_str meta_text, op_text, retry_text, aside_text; /* as stored */

	/* The event at hand; in scratch. */
	int64_t now_ms, age_ms; /* age_ms: as in the journal's heads */
	unsigned char random[16];
	struct sl_rowset *touched_base, *touched_local; /* keys to be stored */
	const struct sl_rename *renames;                /* what the app has to be told of */
	size_t rename_count;
	struct sl_rowset *changed;                      /* rows, or keys with empty data that are gone: for the app */
	struct sl_rowset *writes;                       /* by store key as the id; rank "-": remove */
	struct sl_effect *effects;
	size_t effect_count, effect_capacity;
};

/* --- jobs ----------------------------------------------------------------------------------------------------- */

struct sl_job_kind {
	/* Takes one body, newest first. 1: go on; 0: the job has all that it needs; SL_INTERNAL: the body is damaged. */
	int (*take)(struct sl_engine *engine, struct sl_job *job, int64_t id, struct sl_str body);
	/* All bodies that it needs, and that there are, were taken; not `complete`: the host could not hand them in, or one is
	 * damaged. */
	int (*finish)(struct sl_engine *engine, struct sl_job *job, bool complete);
	bool walks; /* its rows go back in time: what changes here meanwhile is held for it first */
	bool heads; /* it reads heads, not bodies */
};

/* Entries that become one, or go (journal_thin.c). */
#define SL_MOST_RUN 64

struct sl_dropped_entry {
	int64_t id, bytes;
};

struct sl_run {
	int64_t newest, oldest, bytes, bucket;
	int64_t age_ms, time_ms; /* of the newest */
	bool removes;
	size_t count, drops;
	struct sl_dropped_entry dropped[SL_MOST_RUN];
	struct sl_journal_head heads[SL_MOST_RUN]; /* of those, where the oldest end is cut */
};

struct sl_job {
	const struct sl_job_kind *kind;
	bool begun;
	int64_t page;           /* id of the page that it waits for; 0: none */
	int64_t first, last;    /* the entries that it wants to see, at most; set before it is queued */
	int64_t next;           /* the newest of those still to be seen */
	bool everything;        /* a walk about all rows that have changed since its revision */
	bool exact;             /* of a document that waits */
	bool reached;           /* of a walk: its rows are those of the revision */
	struct sl_rowset *keys; /* of a walk: the rows that it is about, which are held when it begins */
	int64_t revision, id;   /* of what it is about, if it is about such a thing; */
	size_t note;            /* of an entry; 0: all of it */
	struct sl_arena arena;  /* all that it holds, but for … */
	struct sl_arena pasts[2], *past; /* … the texts of `rows`, as they change on the way */
	size_t compact_at;
	struct sl_rowset *rows; /* what it is about */
	struct sl_rowset *doubts; /* those of them that nobody can tell any more at the revision of a walk */
	struct sl_str text, other; /* what it will go on with: an edit, an answer */
	int status;             /* of the answer */
	int64_t wait_ms;        /* that the answer asked for */
	struct sl_run run;
	struct sl_open_entry entry; /* that is made of them */
	struct sl_job *following;
};

#endif
