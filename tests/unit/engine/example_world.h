/* A world for hosts written as contrib/examples/host.c: devices with a disk, a power switch, a screen and a user; a network that loses,
 * doubles, delays and reorders; the server in memory. Time is virtual, and a run depends on its seed alone.
 */
#ifndef TESTS_UNIT_EXAMPLE_WORLD_H
#define TESTS_UNIT_EXAMPLE_WORLD_H

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

#include "../../../contrib/examples/host.h"
#include "sim/dice.h"
#include "sim/queue.h"
#include "unit/engine/sync_server.h"

#define WORLD_DEVICES 4
#define WORLD_WORDS 400
#define WORLD_PATH 200

struct world;

/* A word that a user typed, "w7z" for the seventh. It counts when the host said that it is stored, until who typed it takes it out. */
struct word {
	unsigned typist;
	bool stored, withdrawn;
	bool shown, kept; /* at rest: in a row or an open decision, in the journal of a device */
};

struct desk {
	struct world *world;
	unsigned number;
	char path[WORLD_PATH];
	struct host *host; /* NULL: the power is off */
	struct dice dice;
	int64_t skew_ms;
	unsigned incarnation; /* answers to an earlier one are lost */
	int64_t wake;         /* the last wish to be woken */
	bool online, cut_off; /* what the host was told, and how it is */
	struct sl_arena arena; /* of the screen */
	struct sl_rowset *screen;
	int64_t revision;      /* that the screen shows */
};

struct world {
	uint64_t seed;
	struct dice dice;
	int64_t now_ms;
	struct sim_queue queue;
	struct sync_server server;
	struct sl_arena arena; /* of messages */
	struct desk desks[WORLD_DEVICES];
	size_t desk_count;
	bool tells_shown;      /* the hosts report SHOWN */
	bool gentle;           /* users only add words: nothing that they wrote may be anywhere but in rows and open decisions */
	bool calm;             /* nothing goes wrong any more */
	size_t flying;
	struct word words[WORLD_WORDS];
	size_t word_count;
	int64_t counted, perhaps_counted; /* by all users, as far as hosts said that it is stored; where the power went */
	size_t crashes, restarts, edits, decisions, undone; /* what happened, to know that it did */
};

void world_init(struct world *world, uint64_t seed, const char *folder);
void world_dispose(struct world *world);

/* Lets the next thing happen. */
void world_step(struct world *world);

/* Switches a desk on, with what is on its disk. */
void desk_start(struct desk *desk);

/* Before and behind every call of a host: the power may go in it. `desk_after` returns false if it did. */
void desk_before(struct desk *desk);
bool desk_after(struct desk *desk);

/* The screen shows the rows as they are. */
void desk_redraw(struct desk *desk);

/* --- example_user.c ----------------------------------------------------------------------------------------------- */

/* The user does something. */
void user_act(struct desk *desk);

/* The user types a word into the script. */
void user_types(struct desk *desk);

/* Reads the next word of a text behind *cursor: its number, or 0 at the end. */
size_t user_next_word(struct sl_str text, size_t *cursor);

#endif
