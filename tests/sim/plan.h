/* What a seed stands for: the world's properties, and what happens in it when, in order.
 *
 * Each action has dice of its own, so that a shrunk plan, which leaves actions out, keeps the others as they were.
 */
#ifndef TESTS_SIM_PLAN_H
#define TESTS_SIM_PLAN_H

#include "dice.h"

#define SIM_DEVICES 3
#define SIM_ACTIONS 96

/* ACTION(name, weight, weight in a polite world): how often each happens. */
#define SIM_ACTION_KINDS(ACTION)                                                                                       \
	ACTION(TYPE, 240, 300)          /* a word into a long text */                                                      \
	ACTION(CUT, 40, 40)             /* a word out of a long text */                                                    \
	ACTION(RETITLE, 60, 60)         /* a short text that the last writer decides */                                    \
	ACTION(SLOW, 60, 60)            /* an editor that stays open for a while, then saves */                            \
	ACTION(COUNT, 80, 80)                                                                                              \
	ACTION(FLAG, 30, 30)                                                                                               \
	ACTION(PROGRESS, 30, 30)                                                                                           \
	ACTION(UNKNOWN, 15, 15)         /* a field that no schema knows */                                                 \
	ACTION(LIST, 35, 0)             /* forms and zones: added, described, removed */                                   \
	ACTION(ADD_EPISODE, 20, 20)                                                                                        \
	ACTION(ADD_SCENE, 40, 40)                                                                                          \
	ACTION(ADD_SHOT, 40, 40)                                                                                           \
	ACTION(ADD_CHARACTER, 15, 15)                                                                                      \
	ACTION(MOVE, 40, 40)                                                                                               \
	ACTION(DELETE_ROW, 35, 35)      /* a scene, shot, character, location */                                           \
	ACTION(DELETE_EPISODE, 12, 12)                                                                                     \
	ACTION(EXPORT, 8, 0)            /* keeps the document as it is, for a later import */                              \
	ACTION(IMPORT, 14, 0)           /* replaces everything: by an export, or by what is there, changed */              \
	ACTION(EMPTY, 4, 0)             /* deletes everything row by row, or imports nothing */                            \
	ACTION(CLEAR, 4, 0)             /* on purpose */                                                                   \
	ACTION(RESOLVE, 40, 0)                                                                                             \
	ACTION(REVERSE, 12, 0)                                                                                             \
	ACTION(RESTORE, 10, 0)          /* an older version of the server */                                               \
	ACTION(RESTORE_BACKUP, 10, 0)                                                                                      \
	ACTION(REFUSED_ROW, 10, 10)     /* a row that the server won't take */                                             \
	ACTION(REPAIR_ROW, 8, 8)        /* makes such a row acceptable */                                                  \
	ACTION(SYNC_NOW, 15, 15)                                                                                           \
	ACTION(HINT, 10, 10)                                                                                               \
	ACTION(SIGN_OUT, 6, 6)          /* and in again later */                                                           \
	ACTION(CRASH, 50, 50)           /* at one of the next effect boundaries; starts again from its store */            \
	ACTION(CUT_OFF, 50, 50)         /* no network for a while */                                                       \
	ACTION(JUMP, 20, 20)            /* a clock leaps */                                                                \
	ACTION(WIPE, 5, 5)              /* the device's store is lost */                                                   \
	ACTION(OUTAGE, 15, 15)          /* the server answers 429 or 503 for a while */                                    \
	ACTION(EXPIRE, 6, 6)            /* the device's session ends: 401 until the user signs in */                       \
	ACTION(CORRUPT, 8, 8)           /* the next changes that the server tells lack something; the digest does not */  \
	ACTION(THIN, 8, 8)              /* the server thins its history, or forgets old deletions */                       \
	ACTION(COPY, 8, 0)              /* the operator makes a backup of the server's database … */                      \
	ACTION(FALL_BACK, 8, 0)         /* … and puts it back */

enum sim_action_kind {
#define ACTION(name, weight, polite) SIM_##name,
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

struct sim_plan {
	uint64_t seed;
	unsigned devices;
	bool polite;             /* everybody types in lines of their own: no conflict may ever be shown */
	bool born_twice;         /* two devices import a project of the same ids before they know of each other */
	bool declared;           /* an operator who puts a backup back declares it: a new epoch */
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
