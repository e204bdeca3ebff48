/* Delta debugging (Zeller, Hildebrandt 2002) over the actions of a plan: chunks are dropped, halved when no one can be.
 * Each action has dice of its own, so what is left does what it did; faults of the network shift, which costs tries. */
#include "shrink.h"

#include <string.h>

#include "sim.h"

#define TRIES 3000

struct shrinking {
	struct sim_plan plan;
	const char *invariant;
	size_t tries;
};

static bool fails_alike(struct shrinking *shrinking)
{
	struct sim_result result;
	shrinking->tries++;
	sim_run(&shrinking->plan, NULL, &result);
	return result.violation.invariant && strcmp(result.violation.invariant, shrinking->invariant) == 0;
}

/* Drops `count` of the actions that are left, from the `at`-th on. False when there are none. */
static bool drop(struct sim_plan *plan, size_t at, size_t count)
{
	size_t place = 0, dropped = 0;
	for (size_t i = 0; i < plan->action_count && dropped < count; i++) {
		if (plan->actions[i].dropped)
			continue;
		if (place++ < at)
			continue;
		plan->actions[i].dropped = true;
		dropped++;
	}
	return dropped > 0;
}

static size_t left(const struct sim_plan *plan)
{
	size_t count = 0;
	for (size_t i = 0; i < plan->action_count; i++)
		count += !plan->actions[i].dropped;
	return count;
}

/* One pass with chunks of this size. */
static bool pass(struct shrinking *shrinking, size_t chunk)
{
	bool shrunk = false;
	for (size_t at = 0; at < left(&shrinking->plan) && shrinking->tries < TRIES;) {
		struct sim_plan whole = shrinking->plan;
		if (drop(&shrinking->plan, at, chunk) && fails_alike(shrinking)) {
			shrunk = true;
			continue;
		}
		shrinking->plan = whole;
		at += chunk;
	}
	return shrunk;
}

/* A quieter network is easier to read. */
static void quieten(struct shrinking *shrinking)
{
	unsigned *const noises[] = { &shrinking->plan.lost_permille, &shrinking->plan.twice_permille,
		&shrinking->plan.slow_permille };
	for (size_t i = 0; i < 3; i++) {
		unsigned noise = *noises[i];
		*noises[i] = 0;
		if (!fails_alike(shrinking))
			*noises[i] = noise;
	}
}

/* Shorter pauses: less idling in the trace. */
static void hurry(struct shrinking *shrinking)
{
	for (size_t i = 0; i < shrinking->plan.action_count && shrinking->tries < TRIES; i++) {
		struct sim_plan whole = shrinking->plan;
		if (shrinking->plan.actions[i].dropped)
			continue;
		int64_t before_ms = 0;
		for (size_t k = 0; k < i; k++)
			if (!shrinking->plan.actions[k].dropped)
				before_ms = shrinking->plan.actions[k].at_ms;
		for (int64_t cut_ms = shrinking->plan.actions[i].at_ms - before_ms - 100; cut_ms > 1000; cut_ms /= 2) {
			for (size_t k = i; k < shrinking->plan.action_count; k++)
				shrinking->plan.actions[k].at_ms -= cut_ms;
			if (fails_alike(shrinking))
				break;
			shrinking->plan = whole;
		}
	}
}

void sim_shrink(uint64_t seed, const char *invariant, FILE *out)
{
	struct shrinking shrinking = { .invariant = invariant };
	struct sim_result result;
	sim_plan_make(&shrinking.plan, seed, 0);
	if (!fails_alike(&shrinking)) {
		fprintf(out, "(the plan does not fail by itself: not shrunk)\n");
		return;
	}
	quieten(&shrinking);
	for (size_t chunk = left(&shrinking.plan) / 2; chunk > 0 && shrinking.tries < TRIES;)
		if (!pass(&shrinking, chunk) || chunk > 1)
			chunk /= 2;
	quieten(&shrinking);
	hurry(&shrinking);
	fprintf(out, "\nshrunk to %zu of %zu actions in %zu tries (%u devices%s, %s network):\n\n", left(&shrinking.plan),
		shrinking.plan.action_count, shrinking.tries, shrinking.plan.devices, shrinking.plan.polite ? ", polite" : "",
		shrinking.plan.lost_permille || shrinking.plan.twice_permille || shrinking.plan.slow_permille ? "bad" : "quiet");
	sim_run(&shrinking.plan, out, &result);
	if (result.fell_back)
		fprintf(out, "(the server fell back%s)\n", shrinking.plan.declared ? "" : ", undeclared");
	if (result.corrupted)
		fprintf(out, "(the server told damaged changes)\n");
}
