/* The client engine: everything that a device decides about sync, without I/O, clock or randomness of its own.
 *
 * An app keeps one engine per account and project. It tells the engine what happened (an EVENT: the user edited, the
 * network came back, an answer arrived, time passed) and carries out what the engine wants (EFFECTS: store this, send
 * that, wake me then, show this). It decides nothing itself; so a browser page, a command line and a simulator behave
 * the same, and the same events give the same effects everywhere. What it has to do is in "The host's part" below.
 *
 * What the engine holds:
 *   base       the rows that the server had at `version`, when this device last learned of them; proven by their digest
 *   local      the rows that the user sees and edits; the app reads them with sl_engine_rows, at any time. Each state of
 *              them has a number, its revision, across restarts; an edit says which one, or which rows, it was made on
 *   operation  at most one push in flight: its id and bytes are fixed until the server's verdict on it is known
 *   pending    what differs between base and local; what of it is not in that operation is the next one
 *   quarantine rows that the server refused, with its reason: kept, shown, and not sent again until they are edited
 *   decisions  passages about which a person has to decide
 *   journal    in the host's store: what every step changed, so that each can be looked at and undone (journal.h)
 *
 * What holds at all times, whatever the network, the server, other devices and the clock do:
 *   - No push before a completed pull; and no push empties a project that isn't but after the explicit SL_EVENT_CLEAR: one
 *     emptied otherwise stays so on this device, with the error "empty_overwrite", until somebody goes on with it.
 *   - What the server sends is merged three-way (merge.h) with base as ancestor. Edits win over deletions. Where a
 *     person has to decide, the row holds the server's text there and a decision is open until somebody takes it.
 *   - An edit overwrites nothing that came in since the app saw what it was made on: both are merged. It is refused only if it
 *     can never be valid. Rows that got another key meanwhile, and episodes that vanished, are found again.
 *   - Nothing remote is taken in unless its digest is that of the rows that result; if it isn't, the changes are asked for
 *     again, and then the whole state, of which nothing makes local rows or words disappear. (A server whose whole state
 *     contradicts its digest twice is taken at its word, with the same care.)
 *   - A server that fell back (restored from a backup) is offered again what it lost. Pushes name the epoch of their base,
 *     so that one that is declared stops them before they overwrite anything.
 *   - Whatever changes local rows leaves an entry in the journal, in the same batch.
 *   - Refused rows never hold up others; retries back off, honour Retry-After, and never apply twice.
 *   - Only differences of the host's clock matter: it may be wrong by years, and jump.
 *
 * The whole state is what the host stored: an engine made anew from it, at any point, goes on without loss. That is
 * also how failures are handled: after an error that is no refusal (see sl_engine_handle) start again from the store.
 * Rules: merge.md "Client engine", numbered there; protocol.md for requests and answers.
 */
#ifndef SL_CORE_ENGINE_ENGINE_H
#define SL_CORE_ENGINE_ENGINE_H

#include "core/base/error.h"
#include "core/engine/journal.h"
#include "core/merge/merge.h"
#include "core/rows/digest.h"
#include "core/rows/document_write.h"

struct sl_engine;

/* --- configuration ------------------------------------------------------------------------------------------------ */

/* 0 stands for the default, in brackets; less than 0 too, but for poll_ms and handshake_ms. */
struct sl_engine_config {
	size_t size;                /* sizeof(struct sl_engine_config), so that no two versions of it are mixed up */
	const char *path;           /* of the project behind the mount point: "/projects/ID", or the account's default one
	                             * ["/project"] */
	const char *device;         /* what X-Device-Id says, for the handshake; NULL: there is none */
	const char *follower;       /* NULL: this engine syncs, and the host has the store's lock. Otherwise a name of its own, 1–32
	                             * of [A-Za-z0-9_-], new for each run: see "Followers" below */
	int64_t debounce_ms;        /* an edit is pushed this long after the last one [1,500], … */
	int64_t debounce_most_ms;   /* … or this long after the first, whichever comes first [10,000] */
	int64_t poll_ms;            /* between pulls while nothing else is to do [30,000]; less than 0: never */
	int64_t handshake_ms;       /* between handshakes [3,600,000]; less than 0: never */
	int64_t timeout_ms;         /* a request without answer or failure counts as failed after this [120,000] */
	int64_t backoff_ms;         /* the first retry comes within twice this [1,000]; … */
	int64_t backoff_most_ms;    /* … no retry later than this [300,000], but as the server asked, which counts up to
	                             * a day; and an hour after 401 and 403 */
	size_t push_bytes;          /* more than this is pushed in several operations [4 MiB] */
	size_t row_bytes;           /* no larger row is taken, from the user or the server: not less than it has [16 MiB] */
	size_t journal_bytes;       /* what the journal may take before its oldest end goes [64 MiB] */
	int64_t journal_ms;         /* for how long entries with words set aside, imports and others' deletions stay as they are, of
	                             * the time during which the engine runs [90 days] */
	int64_t thin_ms;            /* others become one for each such time once they are as old, one for each 24 of these after 24,
	                             * and one for each 168 after 168 [1 hour] */
};

/* --- events: what happened ---------------------------------------------------------------------------------------- */

enum sl_event_type {
	SL_EVENT_START,          /* first of all, once: what was stored */
	SL_EVENT_ONLINE,         /* the network is there; before this nothing is sent */
	SL_EVENT_OFFLINE,
	SL_EVENT_EDIT,           /* the user changed rows */
	SL_EVENT_REPLACE,        /* the user replaced everything (import), or the app knows only whole documents */
	SL_EVENT_HANDED,         /* edits of followers, to the holder */
	SL_EVENT_FOLLOW,         /* a batch of the holder, to a follower */
	SL_EVENT_TICK,           /* time passed: at the latest when SL_EFFECT_WAKE asked for it, otherwise whenever */
	SL_EVENT_ANSWER,         /* a response arrived, with any status */
	SL_EVENT_LOADED,         /* a page of the journal, as SL_EFFECT_LOAD asked for it */
	SL_EVENT_SHOWN,          /* the app shows rows of this revision now, and may edit them: told after every redraw, and after START.
	                          * The journal makes one step of several edits, but parts it at what is shown. A row that such a step
	                          * changed both before and after an edit's revision can't be told any more, once memory does not
	                          * reach that: the edit is merged with what it and the row have in common */
	SL_EVENT_FAILED,         /* a request got none: no connection, timeout, abort */
	SL_EVENT_HINT,           /* the server may have something new (realtime channel, page came to the front) */
	SL_EVENT_SYNC_NOW,       /* the user wants it now: refused rows too; only what the server asked for is waited */
	SL_EVENT_RESOLVE,        /* the user decided a conflict */
	SL_EVENT_RESTORE,        /* the user wants a version of the server back; pending edits are pushed first */
	SL_EVENT_UNDO,           /* the user takes back an entry of the journal, or what it did with one value */
	SL_EVENT_CLEAR,          /* the user deletes everything on purpose */
	SL_EVENT_SIGN_OUT,       /* stop; keep everything */
	SL_EVENT_SIGN_IN         /* new credentials: go on, also after a 401 or SIGN_OUT */
};

/* One pair of the store. Both are UTF-8 without NUL. Keys hold ids as they are, so they are no file names, and take up to
 * 600 bytes; values may be of any length. */
struct sl_pair {
	struct sl_str key, value;
};

/* Texts are borrowed for the call. */
struct sl_event {
	enum sl_event_type type;
	int64_t now_ms;           /* milliseconds of any clock; only differences matter, but the journal shows it to people */
	unsigned char random[16]; /* fresh random bytes with every event, from the system's generator */
	union {
		struct {
			const struct sl_pair *pairs; /* all that is stored, in any order; none: a new device */
			size_t count;
		} start;
		struct {
			/* DELTA of protocol.md as JSON text: whole rows, `deleted` keys. A row without `rank` stays
			 * where it is, a new one goes last; to move one, give a rank between its neighbours'. Fields that the
			 * schema does not know stay unless they are null. */
			struct sl_str delta;
			/* What the edit was made on, lest it overwrites what came in since: that is merged with it. One of the
			 * two is compulsory. `before`: DELTA with these rows as the app had them when the user began; its
			 * `deleted` names those that were not there. `revision`: as in SL_EFFECT_CHANGED or from
			 * sl_engine_revision, for rows that `before` does not name; 0: these are taken as they are now. One that
			 * memory does not reach takes pages of the journal: the edit is stored, and the rows have it later. */
			struct sl_str before;
			int64_t revision;
		} edit;
		struct {
			/* projectData as JSON text; array order is the order of rows. sl_rows_write_document (document_write.h) makes
			 * one of rows. */
			struct sl_str document;
			/* sl_engine_revision when the app read what it replaces: compulsory. What came in since is merged
			 * with it. One that there never was is SL_INVALID; one that memory does not reach takes pages of the
			 * journal: SL_EFFECT_RESULT tells how it ended, and until then nothing has happened. */
			int64_t revision;
			/* The document is all that there is to be. Otherwise fields and rows' fields that the schema does not
			 * know stay when they are not in it, so that an app leaves alone what it does not know. */
			bool exact;
		} replace;
		struct {
			const struct sl_pair *pairs; /* stored by followers: keys begin with "inbox/" */
			size_t count;
		} handed;
		struct {
			const struct sl_write *writes;
			size_t count;
		} follow;
		struct {
			int64_t request;    /* as in SL_EFFECT_SEND; answers to others are ignored */
			int status;         /* HTTP */
			struct sl_str body;
			/* Values of Retry-After and Backoff, in seconds (a date is not read), and of X-Trace-Id; empty: not
			 * there. */
			struct sl_str retry_after, backoff, trace_id;
		} answer;
		struct {
			int64_t id;                  /* as in SL_EFFECT_LOAD; others are ignored */
			const struct sl_pair *pairs; /* of the range asked for, by falling number */
			size_t count;
			bool complete;               /* there are no more in that range; with no pairs at all and not
			                              * complete: they can't be read */
		} loaded;
		struct {
			int64_t revision;
		} shown;
		struct {
			int64_t request;
			struct sl_str reason; /* for the user */
		} failed;
		struct {
			int64_t version; /* what the server is said to have; 0: unknown. Not newer than ours: ignored */
		} hint;
		struct {
			int64_t conflict;
			size_t hunk;          /* of its note, counted from 1; 0: all of them alike */
			enum sl_choice choice; /* see sl_merge_choose */
			struct sl_str own;    /* with SL_CHOICE_OWN: what the user made of both, as plain text */
		} resolve;
		struct {
			int64_t version;
			bool preview; /* only tell what it would change: SL_EFFECT_RESULT with the delta */
		} restore;
		struct {
			int64_t entry;
			size_t note; /* of the entry, counted from 1: only this value; 0: all that the entry did */
		} undo;          /* it is merged with what came later; SL_EFFECT_RESULT tells how it ended */
		struct {
			/* Any stable name of the account; empty: not known. The store remembers the first; another one
			 * is refused with SL_FORBIDDEN, lest one writer's rows go to another. */
			struct sl_str account;
		} sign_in;
	};
};

/* --- effects: what to do ------------------------------------------------------------------------------------------ */

enum sl_effect_type {
	SL_EFFECT_STORE,    /* write the batch, all or nothing; durable before anything behind it is carried out */
	SL_EFFECT_LOAD,     /* read stored values of the journal; then report SL_EVENT_LOADED, always */
	SL_EFFECT_RESULT,   /* how something ended that the user asked for and that may take several events: RESTORE and UNDO always,
	                     * EDIT and REPLACE where they take pages. That sl_engine_handle returned 0 says then only that it began */
	SL_EFFECT_SEND,     /* send the request; then report SL_EVENT_ANSWER or SL_EVENT_FAILED, or never */
	SL_EFFECT_WAKE,     /* SL_EVENT_TICK at this time; replaces any earlier wish, and stands until then */
	SL_EFFECT_STATUS,   /* show it */
	SL_EFFECT_CHANGED,  /* rows are not as the app has them: take them over. What it gave itself is not repeated, nor
	                     * what follows: ranks after REPLACE, the scenes and shots of an episode that it deleted */
	SL_EFFECT_CONFLICT, /* a decision was opened (ask the user when convenient) or closed */
	SL_EFFECT_JOURNAL   /* an entry was made of something else than the user's own edits */
};

/* One change of the store. */
struct sl_write {
	struct sl_str key, value;
	bool remove; /* the key, if it is there; `value` is empty */
};

struct sl_header {
	const char *name;
	struct sl_str value;
};

#define SL_REQUEST_HEADERS 4

/* To it the host adds Authorization, X-Device-Id, traceparent. All headers go as they are: among them is Prefer, by which the engine
 * asks who wrote what comes in. An answer that doesn't say is taken in as well. */
struct sl_request_effect {
	int64_t id; /* given once: answers to an engine before a restart are known as such */
	const char *method;
	struct sl_str path; /* behind the mount point: "/project?since=7" */
	struct sl_header headers[SL_REQUEST_HEADERS];
	size_t header_count;
	struct sl_str body; /* empty: none */
};

/* The first that holds, from the top. */
enum sl_status_word {
	SL_STATUS_DISABLED, /* signed out by the user, or sync is not enabled for the account */
	SL_STATUS_OFFLINE,  /* no network, or the server can't be reached: pending rows are "local only" */
	SL_STATUS_ERROR,    /* see `error`; everything is kept. Also while rows are refused, though others sync, and while rows
	                     * wait that may not be pushed (read_only) */
	SL_STATUS_CONFLICT, /* decisions wait for somebody; other rows sync */
	SL_STATUS_SYNCING,  /* something is to do: under way, or waiting for its time */
	SL_STATUS_SYNCED    /* all local rows are on the server, as far as known */
};

struct sl_status {
	enum sl_status_word word;
	size_t pending;       /* local rows that the server has not acknowledged, quarantined ones included */
	size_t quarantined;   /* of these: refused */
	size_t conflicts;     /* open decisions */
	int64_t last_sync_ms; /* host's time of the last complete answer; 0: none since START */
	int64_t version;      /* of base */
	size_t done, total;   /* rows that were pushed of those that were to be, since all was in sync; total 0: none are */
	int64_t next_try_ms;  /* host's time of the next request after a failure; 0: nothing waits for its time */
	bool read_only;       /* what is typed stays on this device: the role does not allow pushes, or the app is too old for them */
	const char *error;    /* stable word: the server's ("unauthenticated", "invalid", "read_only", "upgrade_required",
	                       * "project_deleted", "pull_required", …), or "signed_out", "unreachable", "empty_overwrite",
	                       * "digest_mismatch", "invalid_answer", "unexpected_answer"; or "" */
	const char *detail;   /* the same for people, or "" */
	const char *trace_id; /* of the last failure, for the server's logs; or "" */
};

struct sl_effect {
	enum sl_effect_type type;
	union {
		struct {
			const struct sl_write *writes; /* no key twice */
			size_t count;
		} store;
		struct {
			int64_t id;
			struct sl_str prefix; /* "journal/", before a number of twelve digits or more */
			int64_t first, last;  /* numbers, both included */
			size_t most;          /* pairs at once, those of the highest numbers */
		} load;
		struct {
			enum sl_event_type about;
			int64_t id;           /* as in that event: the entry, version or revision; of EDIT a number of its own */
			int code;             /* SL_OK or why not */
			const char *detail;   /* the same for people, or "" */
			const struct sl_delta *delta; /* what it would change, of a preview; else NULL */
		} result;
		struct sl_request_effect send;
		struct {
			int64_t at_ms; /* of the host's clock */
		} wake;
		struct sl_status status;
		struct {
			const struct sl_delta *delta; /* rows as they are now, keys that are gone */
			int64_t revision;
			/* Rows of this device that have another key now, because somebody else had added something under
			 * theirs. Edits that name earlier revisions, or what was there, follow by themselves. */
			const struct sl_rename *renames;
			size_t rename_count;
		} changed;
		struct {
			int64_t id;
			bool opened;
		} conflict;
		struct {
			int64_t id;
			bool going; /* no new entry: what this one and older ones have set aside goes when the journal is next made smaller */
			struct sl_journal_head head;
		} journal;
	};
};

/* In the order in which they have to be carried out. Valid until the next event. */
struct sl_effects {
	const struct sl_effect *items;
	size_t count;
};

/* --- the engine --------------------------------------------------------------------------------------------------- */

/* `config` and its texts are copied; NULL: all defaults. Returns 0, SL_INVALID (a size that this version does not know, a bad
 * path or name) or SL_NO_MEMORY; `err` may be NULL. */
int sl_engine_new(const struct sl_engine_config *config, struct sl_engine **engine_r, struct sl_err *err)
	__attribute__((warn_unused_result));

/* Frees the engine and sets *engine to NULL. */
void sl_engine_free(struct sl_engine **engine);

/* An id for a new row or project that nothing else has: 22 characters and NUL, from fresh random bytes. Ids name things
 * for ever and on all devices; those that an app counts up name different things on two devices. */
#define SL_NEW_ID_BYTES 23
void sl_engine_new_id(const unsigned char random[16], char id_r[SL_NEW_ID_BYTES]);

/* Takes one event and gives the effects. Returns 0, or
 *   a refusal of what the app or user asked for, with nothing changed and no effects: SL_INVALID and SL_MALFORMED
 *   (content, see err->path), SL_TOO_LARGE (nesting, number of values), SL_NOT_FOUND (no such decision or entry),
 *   SL_FORBIDDEN (sign_in as somebody else; anything but edits of a follower);
 *   SL_NO_MEMORY or SL_INTERNAL (the store is damaged or of another version, START did not come first, no such event): the
 *   engine answers SL_INTERNAL from now on; start a new one from the store. There are no effects, so nothing of the event
 *   has happened. If START itself fails so, keep the store as it is and tell the user. `err` may be NULL. */
int sl_engine_handle(struct sl_engine *engine, const struct sl_event *event, struct sl_effects *effects_r,
	struct sl_err *err) __attribute__((warn_unused_result));

/* --- the host's part ----------------------------------------------------------------------------------------------- *
 *
 * 1. Open a key/value store, one per account and project, and take its lock: one engine per store syncs; other tabs and
 *    processes are followers (below). Send START with all pairs but those whose keys begin with
 *    "journal/" or "head/", which are handed in when SL_EFFECT_LOAD asks for them, and show sl_engine_rows;
 *    then ONLINE once there are credentials and a network. SIGN_IN is only for credentials that are new: it ends a SIGN_OUT.
 * 2. After every event carry out the effects in order, before the next event. If a batch can't be made durable, carry out
 *    nothing behind it, tell the user, throw the engine away and start again.
 * 3. Report every response or failure; duplicates and late ones do no harm, and no request has to be aborted. Keep one timer
 *    for WAKE, of `at_ms` less the event's `now_ms`, since the clock may leap; a TICK too many does no harm.
 * 4. Answer bodies are handed over as they are; the engine checks all that it reads.
 * 5. SL_EFFECT_LOAD is answered, with pairs of the prefix whose numbers lie in the range, at any time, and however long it takes:
 *    nothing but what asked for it waits. An app shows the journal out of the store, with journal.h.
 *
 * Followers: an engine of a tab or process without the store's lock, named in its configuration. It shows the holder's rows and
 * its own edits on top. It takes START, EDIT, FOLLOW, SHOWN and TICK; its batches hold only keys below "inbox/" and its name,
 * which it may write without the lock, and which no one else writes but the holder, who removes them.
 *   - After its batch is stored, the host tells the holder's host, who gives its engine these pairs by HANDED.
 *   - Each batch of the holder is handed to all followers by FOLLOW, in order.
 *   - When the holder is gone, a follower's host takes the lock, makes a new engine without a follower's name from the store, and
 *     shows that. The engine finds what is below "inbox/" at START. Each edit is taken once, however often it is handed over.
 */

/* --- looking at it ------------------------------------------------------------------------------------------------- *
 * All borrowed, valid until the next event. */

/* What the user sees. Rows have no `version` of their own here. */
const struct sl_rowset *sl_engine_rows(const struct sl_engine *engine);

/* What the server had at sl_status.version, and its digest. */
const struct sl_rowset *sl_engine_base(const struct sl_engine *engine);
struct sl_digest sl_engine_digest(const struct sl_engine *engine);

/* Numbers the states of local rows, across restarts. */
int64_t sl_engine_revision(const struct sl_engine *engine);

/* As in the last SL_EFFECT_STATUS. */
const struct sl_status *sl_engine_status(const struct sl_engine *engine);

/* What a person has to decide: the hunks of the note, or whether a row that was kept is to go. The row holds the server's words
 * at the hunks meanwhile, and all else that either side wrote. A choice is merged with what was typed since. A field has at most
 * one open decision a hunk: an overlap with a newer one is a part of that. */
struct sl_conflict_copy {
	int64_t id, version, entry; /* the server's version, and the entry of the journal, when it was made */
	struct sl_note note;
};

struct sl_quarantined {
	struct sl_key key;
	const char *reason;
};

/* The next refused row: `size_t cursor = 0; while ((rc = sl_engine_next_quarantined(engine, &cursor, &row)) > 0)`. Returns 1,
 * 0 at the end, or SL_NO_MEMORY. */
int sl_engine_next_quarantined(const struct sl_engine *engine, size_t *cursor, struct sl_quarantined *row_r)
	__attribute__((warn_unused_result));

/* The i-th, oldest first; NULL behind the last. */
const struct sl_conflict_copy *sl_engine_conflict(const struct sl_engine *engine, size_t i);

/* For telemetry and tests: how often, since START. */
struct sl_engine_counts {
	size_t pushes, pulls, replays, rounds, retries, digest_mismatches, ignored_answers, merges;
};
const struct sl_engine_counts *sl_engine_counts(const struct sl_engine *engine);

#endif
