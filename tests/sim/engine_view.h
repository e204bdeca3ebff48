/* What an engine has set aside for its user: what is to be decided, what merges gave up, steps that can be undone. The only
 * place of the simulator that asks the engine for these, or knows how they are stored. All that is returned is the engine's,
 * until its next event. */
#ifndef TESTS_SIM_ENGINE_VIEW_H
#define TESTS_SIM_ENGINE_VIEW_H

#include "core/engine/engine.h"

/* A question to the user. The values are JSON, of length 0 where there is none. */
struct sim_decision {
	int64_t id;
	struct sl_key key;
	struct sl_str path;             /* in the row's data */
	bool kept;                      /* a row or element stays that one side deleted; `mine` is empty if this side did */
	bool text;                      /* the field is one in which both sides' words count */
	struct sl_str base, mine, theirs;
	const struct sl_note_hunk *hunks;
	size_t hunk_count;
};

enum sim_entry_kind {
	SIM_ENTRY_NONE,
	SIM_ENTRY_DECISION,
	SIM_ENTRY_MERGE, /* of one field: what it gave up can be put back */
	SIM_ENTRY_STEP   /* that replaced or removed rows: can be undone */
};

struct sim_entry {
	enum sim_entry_kind kind;
	int64_t id;
	size_t note; /* of a merge: which of the entry's, from 1 */
};

/* The i-th open decision. False: there are no more. */
bool sim_view_decision(const struct sl_engine *engine, size_t i, struct sim_decision *decision_r);
bool sim_view_find_decision(const struct sl_engine *engine, int64_t id, struct sim_decision *decision_r);

/* What a user can undo of an entry of the journal: all of it, or what it did with one value. `i` counts from 0. False: there is no
 * more. */
bool sim_view_undoable(const struct sl_row *stored, size_t i, struct sl_arena *arena, struct sim_entry *entry_r);

/* Rows that the newest entry of the store changed, as they were before it; NULL: there is none, or it can't be read. */
const struct sl_rowset *sim_view_before_last_step(const struct sl_rowset *store, const struct sl_rowset *rows,
	struct sl_arena *arena);

/* The events of a user who decides, or undoes an entry. `hunk` counts from 1; 0: all of them. */
struct sl_event sim_view_decide(int64_t decision, size_t hunk, enum sl_choice choice, struct sl_str own);
struct sl_event sim_view_undo(const struct sim_entry *entry);

/* Which entry a stored pair is. */
struct sim_entry sim_view_stored(struct sl_str key);

/* Whether a stored pair is handed in at the start, rather than when the engine asks for it. */
bool sim_view_is_state(struct sl_str key);

#endif
