/* What a seed stands for: the world's properties, and what happens in it when, in order.
 *
 * Each action has dice of its own, so that a shrunk plan, which leaves actions out, keeps the others as they were.
 */
#ifndef TESTS_SIM_PLAN_H
#define TESTS_SIM_PLAN_H

#include "dice.h"
#include "properties.h"

#define SIM_DEVICES 5
#define SIM_ACTIONS 96

/* ACTION(name, weight, weight in a polite world, property): how often each happens, in worlds with the property (ANY: all). */
#define SIM_ACTION_KINDS(ACTION)                                                                                       \
	ACTION(TYPE, 240, 300, ANY)     /* a word into a long text */                                                      \
	ACTION(CUT, 40, 40, ANY)        /* a word out of a long text */                                                    \
	ACTION(RETITLE, 60, 60, ANY)    /* a short text that the last writer decides */                                    \
	ACTION(SLOW, 60, 60, ANY)       /* an editor that stays open for a while, then saves */                            \
	ACTION(COUNT, 80, 80, ANY)                                                                                         \
	ACTION(FLAG, 30, 30, ANY)                                                                                          \
	ACTION(PROGRESS, 30, 30, ANY)                                                                                      \
	ACTION(UNKNOWN, 15, 15, ANY)    /* a field that no schema knows */                                                 \
	ACTION(LIST, 35, 0, ANY)        /* forms and zones: added, described, removed */                                   \
	ACTION(ADD_EPISODE, 20, 20, ANY)                                                                                   \
	ACTION(ADD_SCENE, 40, 40, ANY)                                                                                     \
	ACTION(ADD_SHOT, 40, 40, ANY)                                                                                      \
	ACTION(ADD_CHARACTER, 15, 15, ANY)                                                                                 \
	ACTION(MOVE, 40, 40, ANY)                                                                                          \
	ACTION(DELETE_ROW, 35, 35, ANY) /* a scene, shot, character, location */                                           \
	ACTION(DELETE_EPISODE, 12, 12, ANY)                                                                                \
	ACTION(EXPORT, 8, 0, ANY)       /* keeps the document as it is, for a later import */                              \
	ACTION(IMPORT, 14, 0, ANY)      /* replaces everything: by an export, or by what is there, changed */              \
	ACTION(EMPTY, 4, 0, ANY)        /* deletes everything row by row, or imports nothing */                            \
	ACTION(CLEAR, 4, 0, ANY)        /* on purpose */                                                                   \
	ACTION(RESOLVE, 40, 0, ANY)                                                                                        \
	ACTION(REVERSE, 12, 0, ANY)                                                                                        \
	ACTION(RESTORE, 10, 0, ANY)     /* an older version of the server */                                               \
	ACTION(RESTORE_BACKUP, 10, 0, ANY)                                                                                 \
	ACTION(REFUSED_ROW, 10, 10, ANY) /* a row that the server won't take */                                             \
	ACTION(REPAIR_ROW, 8, 8, ANY)   /* makes such a row acceptable */                                                  \
	ACTION(RENAME_ELEMENT, 60, 0, ELEMENTS) /* a form or zone gets another name, or none */                            \
	ACTION(ADD_NAMELESS, 40, 0, ELEMENTS)                                                                              \
	ACTION(MOVE_AWAY, 60, 0, MOVERS)        /* a scene or shot goes to another episode */                              \
	ACTION(RESET, 90, 90, RESETS)           /* a counter starts again */                                               \
	ACTION(ADD_RUN, 60, 60, RUNS)           /* some scenes at the end, one behind the other */                         \
	ACTION(ADD_TO_RUN, 60, 60, RUNS)        /* one more */                                                             \
	ACTION(JOB, 90, 90, JOBS)                                                                                          \
	ACTION(ADD_NEXT, 60, 0, SEQUENTIAL)     /* an episode or a shot of the next number */                              \
	ACTION(FUTURE, 40, 0, OLD_APPS)         /* a word or a field that this version does not know */                    \
	ACTION(UNDO, 60, 0, UNDOERS)                                                                                       \
	ACTION(SYNC_NOW, 15, 15, ANY)                                                                                      \
	ACTION(HINT, 10, 10, ANY)                                                                                          \
	ACTION(SIGN_OUT, 6, 6, ANY)     /* and in again later */                                                           \
	ACTION(CRASH, 50, 50, ANY)      /* at one of the next effect boundaries; starts again from its store */            \
	ACTION(CUT_OFF, 50, 50, ANY)    /* no network for a while */                                                       \
	ACTION(JUMP, 20, 20, ANY)       /* a clock leaps */                                                                \
	ACTION(WIPE, 5, 5, ANY)         /* the device's store is lost */                                                   \
	ACTION(OUTAGE, 15, 15, ANY)     /* the server answers 429 or 503 for a while */                                    \
	ACTION(EXPIRE, 6, 6, ANY)       /* the device's session ends: 401 until the user signs in */                       \
	ACTION(CORRUPT, 8, 8, ANY)      /* the next changes that the server tells lack something; the digest does not */   \
	ACTION(THIN, 8, 8, ANY)         /* the server thins its history, or forgets old deletions */                       \
	ACTION(COPY, 8, 0, ANY)         /* the operator makes a backup of the server's database … */                       \
	ACTION(FALL_BACK, 8, 0, ANY)    /* … and puts it back */

enum sim_action_kind {
#define ACTION(name, weight, polite, property) SIM_##name,
	SIM_ACTION_KINDS(ACTION)
#undef ACTION
	SIM_ACTION_KINDS_COUNT
};

struct sim_action {
	int64_t at_ms;
	enum sim_action_kind kind;
	unsigned device;
	uint64_t dice; /* seed of its own */
	bool dropped;  /* left out of a shrunk plan */
};

#define SIM_LAST_OF_USERS SIM_UNDO /* what comes behind it happens to users */

struct sim_plan {
	uint64_t seed;
	unsigned devices;
	bool with[SIM_PROPERTY_COUNT];
	bool polite;             /* everybody types in lines of their own: no conflict may ever be shown */
	bool born_twice;         /* two devices import a project of the same ids before they know of each other */
	bool declared;           /* an operator who puts a backup back declares it: a new epoch */
	bool nameless;           /* the server is an older one, which does not say who wrote what */
	bool forgetful;          /* the server keeps answers for replays without others' changes, as it does with long ones */
	bool eager;              /* users ask for a sync when all is well again, instead of waiting */
	unsigned lost_permille;  /* of requests, and again of answers */
	unsigned twice_permille; /* of requests, and again of answers */
	unsigned slow_permille;  /* of requests, and again of answers: overtaken by later ones */
	int64_t poll_ms;         /* between pulls of a device that has nothing to do */
	size_t request_bytes;    /* that the server takes */
	size_t push_bytes;       /* that devices send at once */
	size_t row_bytes;        /* that the server takes */
	int64_t skew_ms[SIM_DEVICES + 1]; /* of each clock; the last is the server's */
	struct sim_action actions[SIM_ACTIONS];
	size_t action_count;
};

/* The name of a kind of action. */
const char *sim_action_name(enum sim_action_kind kind);

/* `skews`: which set of wrong clocks; anything else is the same for all of them. */
void sim_plan_make(struct sim_plan *plan, uint64_t seed, uint64_t skews);

#endif
