/* The journal of a device, as its store holds it: what every step changed here, so that each can be looked at and undone.
 *
 * Two pairs an entry, numbered upwards: "journal/N" has the body, "head/N" what a list of entries shows. N has twelve digits or
 * more. A body holds, for each row that the step touched, how to get from the row behind it to the row before it. So whoever
 * reads entries from the newest downwards gets every earlier state of a row, or of the project, within the retention:
 * begin with the rows as they are, and take each entry's changes back. sl_journal_step_back refuses a row that is not the one
 * that a change led to. Words that were in no row, as the own words of a decision that met a newer edit, are in notes alone.
 *
 * These functions need no engine: an app reads its store with them, page by page. Undoing goes by SL_EVENT_UNDO.
 * Rules: merge.md "The journal".
 */
#ifndef SL_CORE_ENGINE_JOURNAL_H
#define SL_CORE_ENGINE_JOURNAL_H

#include "core/base/error.h"
#include "core/merge/note.h"

/* Why rows changed. */
enum sl_cause {
	SL_CAUSE_EDIT,     /* the user's own edits, several in one entry */
	SL_CAUSE_PULL,     /* what others did came in, and met nothing */
	SL_CAUSE_MERGE,    /* it was merged with what was typed here */
	SL_CAUSE_REPLACE,  /* an import, or a document of an app that knows nothing else */
	SL_CAUSE_CLEAR,
	SL_CAUSE_RESTORE,  /* of a version of the server */
	SL_CAUSE_DECISION,
	SL_CAUSE_UNDO,     /* of an entry, or of what a merge did with one field */
	SL_CAUSE_REPAIR,   /* the server's state did not add up, or it had fallen back */
	SL_CAUSE_SEVERAL,  /* entries of different causes that have become one with age */
	SL_CAUSES
};

/* "edit", "pull", … */
const char *sl_cause_name(enum sl_cause cause);

struct sl_journal_head {
	enum sl_cause cause;
	int64_t time_ms;      /* of the host's clock, for people */
	int64_t age_ms;       /* for how long this device's engine had been running; only differences matter */
	int64_t version;      /* of the server's state that the device had synced */
	int64_t bytes;        /* of the body */
	int64_t from, to;     /* revisions before and behind the step */
	int64_t rows, notes;  /* how many */
	int64_t open;         /* of the notes: how many asked somebody to decide */
	bool sets_aside;      /* some of the notes has a person's words that are not in the row */
	bool removes;         /* rows went that others removed */
	int64_t authors;      /* how many devices the body names */
};

/* A device that wrote rows which a step changed here, as the server names it. Also this device, where the server brought back
 * what it had written. Texts are in the arena of the entry. */
#define SL_JOURNAL_AUTHORS 64    /* of an entry; rows that more devices wrote have no author */
#define SL_JOURNAL_NAME_BYTES 80 /* longer names of devices are cut, on whole characters */
struct sl_journal_author {
	struct sl_str user_id, device_id; /* together they tell one author from another; empty: not told */
	struct sl_str device_name;        /* for people; the newest that the server told; empty: not told */
	int64_t version;                  /* the newest by which it wrote a row of the entry */
	int64_t at_ms;                    /* when that was, by the server's clock, for people; 0: not told */
};

/* One row that a step changed. Texts are in the arena of the entry. */
struct sl_journal_change {
	struct sl_key key;
	struct sl_str was;    /* the hash of the row behind the step, 32 hex digits; empty: it was gone */
	bool added;           /* there was no row before */
	struct sl_str rank;   /* of the row before */
	struct sl_str patch;  /* from the data behind the step to those before (byte_patch.h) */
	int64_t from, to;     /* revisions before the first and behind the last change of the row in the step: outside of them it
	                       * was as before or behind it */
	size_t author;        /* of the entry's authors, counted from 1: sl_journal_author_of gives it; 0: not known */
};

struct sl_journal_entry {
	enum sl_cause cause;
	int64_t version, from, to;
	const struct sl_journal_change *changes;
	size_t change_count;
	const struct sl_note *notes; /* what the step did with values that both sides had changed */
	size_t note_count;
	const size_t *note_authors; /* of each note, like the author of a change: who had written the other side, or removed it */
	/* The devices that the server named when the step took in what they did, in no order. None where the server does not say, in
	 * stores of earlier versions, and for steps of this device's user. An entry that was made of several keeps them all, as far as
	 * there is room; the newest ones then. */
	const struct sl_journal_author *authors;
	size_t author_count;
};

/* The number of a pair's key behind "journal/" or "head/"; 0 for any other key. */
int64_t sl_journal_number(struct sl_str key);

/* Read the value of a pair. Everything is copied into the arena. Return 0, SL_NO_MEMORY, or SL_INTERNAL for a damaged one. */
int sl_journal_read_head(struct sl_str value, struct sl_journal_head *head_r) __attribute__((warn_unused_result));
int sl_journal_read(struct sl_str value, struct sl_arena *arena, struct sl_journal_entry *entry_r)
	__attribute__((warn_unused_result));

/* What an entry changed of a row; NULL: nothing. */
const struct sl_journal_change *sl_journal_find(const struct sl_journal_entry *entry, const struct sl_key *key);

/* Who last wrote the row on the server, before the step took that in here. NULL: the entry doesn't change the row, the server didn't
 * say, or the newest of the changes that became one in this entry was of this device's user, or of a merge alone. What is returned
 * is borrowed from the entry. */
const struct sl_journal_author *sl_journal_author_of(const struct sl_journal_entry *entry, const struct sl_key *key);

/* The words around a passage of a text: of the text that the note left, up to `most` bytes on either side of what stands there, whole
 * words only. Empty for other values, for a note that leaves its values out, and for no such passage. In the arena. Returns 0,
 * SL_NO_MEMORY, or SL_INTERNAL for a damaged note. */
int sl_journal_around(const struct sl_note *note, size_t hunk, size_t most, struct sl_arena *arena, struct sl_str *before_r,
	struct sl_str *after_r) __attribute__((warn_unused_result));

/* The row (data of length 0: gone) as it was before the change. New texts are in the arena. Returns 0, SL_NO_MEMORY, or
 * SL_INTERNAL, with the row as it was, if it is not the row that the change led to. */
int sl_journal_step_back(const struct sl_journal_change *change, struct sl_row *row, struct sl_arena *arena)
	__attribute__((warn_unused_result));

#endif
