/* The simulated world: one run of one plan, in one thread and virtual time.
 *
 * Devices run the real engine, the server the real sl_commit over a store in memory; between them lies a bad network,
 * in front of them sit users with habits. Everything that happens is an event in one queue, ordered by time and then
 * by the order in which it was planned, so that a run can be repeated exactly. The first violation ends it.
 */
#ifndef TESTS_SIM_SIM_H
#define TESTS_SIM_SIM_H

#include <stdio.h>

#include "core/engine/engine.h"

#include "check.h"
#include "device.h"
#include "network.h"
#include "plan.h"
#include "queue.h"
#include "server.h"
#include "words.h"

struct sim_violation {
	const char *invariant; /* NULL: none */
	char detail[400];
	int64_t at_ms;
};

struct sim {
	const struct sim_plan *plan;
	FILE *trace;            /* NULL: none */
	struct sl_arena arena;  /* of the run */
	int64_t now_ms;
	struct sim_queue queue;
	struct sim_server server;
	struct sim_network network;
	struct sim_device devices[SIM_DEVICES];
	struct sim_words words;
	struct sim_check check;
	bool calm;              /* all faults have ended: the way to rest */
	size_t steps, steps_now; /* steps_now: without time going on */
	uint64_t outcome;       /* a hash of all that happened but for times and versions */
	struct sim_violation violation;
};

struct sim_result {
	struct sim_violation violation;
	uint64_t outcome;
	size_t steps, prompts, pushes, mismatches;
	bool fell_back, corrupted; /* the server */
};

/* Runs the plan from the beginning to rest, or to the first violation. */
void sim_run(const struct sim_plan *plan, FILE *trace, struct sim_result *result_r);

/* Runs a seed, and now and then (`skews_every`-th seeds; 0: never) again with other clocks, which must not matter. */
void sim_run_seed(uint64_t seed, unsigned skews_every, FILE *trace, struct sim_result *result_r);

/* --- for the rooms of the simulator ------------------------------------------------------------------------------ */

void sim_schedule(struct sim *sim, int64_t at_ms, enum sim_event_kind kind, unsigned device, int64_t number,
	void *pointer);

/* Memory of the run; never NULL. */
void *sim_alloc(struct sim *sim, size_t size);
struct sl_str sim_copy(struct sim *sim, struct sl_str text);
struct sl_rowset *sim_rowset(struct sim *sim);

/* Notes the first violation; later ones are consequences. */
void sim_violate(struct sim *sim, const char *invariant, const char *format, ...)
	__attribute__((format(printf, 3, 4)));

/* Who uses the device. */
static inline struct sl_str sim_account(const struct sim *sim, unsigned device)
{
	return sim->plan->with[SIM_WITH_SHARED] && device % 2 ? SL_STR("other writer") : SL_STR("writer");
}

/* Folds a fact into the outcome. */
static inline void sim_fold(struct sim *sim, uint64_t fact)
{
	sim->outcome = (sim->outcome ^ fact) * UINT64_C(0x100000001b3);
	sim->outcome ^= sim->outcome >> 29;
}

/* A line of the trace. The macro saves the work of formatting when nobody looks. */
void sim_note(struct sim *sim, const char *format, ...) __attribute__((format(printf, 2, 3)));
#define SIM_NOTE(sim, ...)                                                                                             \
	do {                                                                                                               \
		if ((sim)->trace)                                                                                              \
			sim_note((sim), __VA_ARGS__);                                                                              \
	} while (0)

#endif
