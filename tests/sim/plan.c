/* From a seed to a plan; see plan.h. Runs are small on purpose: many small histories meet more of the protocol's
 * corners than few long ones, and a failing one can be read. */
#include "plan.h"

#include <string.h>

enum concern { CONCERN_WORLD, CONCERN_ACTIONS, CONCERN_SKEWS };

#define YEAR_MS (INT64_C(365) * 24 * 3600 * 1000)

struct weight {
	const char *name;
	unsigned usual, polite;
};

static const struct weight weights[SIM_ACTION_KINDS_COUNT] = {
#define ACTION(name, usual, polite) { #name, usual, polite },
	SIM_ACTION_KINDS(ACTION)
#undef ACTION
};

const char *sim_action_name(enum sim_action_kind kind)
{
	return weights[kind].name;
}

/* A third of the worlds has a quiet network, a third a bad one, the rest lies between. */
static unsigned permille(struct dice *dice, unsigned most)
{
	size_t kind = dice_roll(dice, 3);
	return kind == 0 ? 0 : (unsigned)dice_roll(dice, kind == 1 ? most : most / 5 + 1);
}

static void make_world(struct sim_plan *plan)
{
	struct dice dice = dice_for(plan->seed, CONCERN_WORLD);
	plan->devices = 2 + (unsigned)dice_roll(&dice, SIM_DEVICES - 1);
	plan->polite = dice_chance(&dice, 250);
	plan->born_twice = !plan->polite && dice_chance(&dice, 150);
	plan->declared = dice_chance(&dice, 600);
	plan->eager = dice_chance(&dice, 500);
	plan->forgetful = dice_chance(&dice, 300);
	plan->lost_permille = permille(&dice, 300);
	plan->twice_permille = permille(&dice, 250);
	plan->slow_permille = permille(&dice, 300);
	plan->poll_ms = dice_chance(&dice, 300) ? 30000 : dice_between(&dice, 40000, 180000);
	plan->request_bytes = dice_chance(&dice, 100) ? 2500 : 1 << 20;
	plan->push_bytes = dice_chance(&dice, 150) ? 900 : 0;
	plan->row_bytes = dice_chance(&dice, 100) ? 700 : 1 << 20;
}

/* The server's clock may be off like the others. All stay at 13 digits, so that not even lengths differ. */
static void make_skews(struct sim_plan *plan, uint64_t skews)
{
	struct dice dice = dice_for(plan->seed, CONCERN_SKEWS + (skews << 8));
	for (size_t i = 0; i <= SIM_DEVICES; i++)
		plan->skew_ms[i] = dice_between(&dice, -10 * YEAR_MS, 10 * YEAR_MS);
}

static enum sim_action_kind choose_kind(struct dice *dice, bool polite)
{
	unsigned total = 0;
	for (size_t i = 0; i < SIM_ACTION_KINDS_COUNT; i++)
		total += polite ? weights[i].polite : weights[i].usual;
	size_t roll = dice_roll(dice, total), kind = 0;
	for (;; kind++) {
		unsigned weight = polite ? weights[kind].polite : weights[kind].usual;
		if (roll < weight)
			return (enum sim_action_kind)kind;
		roll -= weight;
	}
}

/* Bursts and pauses. */
static int64_t choose_gap(struct dice *dice)
{
	size_t kind = dice_roll(dice, 20);
	if (kind < 9)
		return dice_between(dice, 0, 1500);
	return kind < 17 ? dice_between(dice, 500, 12000) : dice_between(dice, 5000, 120000);
}

static void make_actions(struct sim_plan *plan)
{
	struct dice dice = dice_for(plan->seed, CONCERN_ACTIONS);
	size_t count = 30 + dice_roll(&dice, 50);
	unsigned device = 0;
	int64_t at_ms = 0;
	for (size_t i = 0; i < count; i++) {
		struct sim_action *action = &plan->actions[i];
		at_ms += choose_gap(&dice);
		if (dice_chance(&dice, 600))
			device = (unsigned)dice_roll(&dice, plan->devices);
		*action = (struct sim_action){ at_ms, choose_kind(&dice, plan->polite), device, dice_next(&dice), false };
	}
	plan->action_count = count;
}

void sim_plan_make(struct sim_plan *plan, uint64_t seed, uint64_t skews)
{
	memset(plan, 0, sizeof(*plan));
	plan->seed = seed;
	make_world(plan);
	make_skews(plan, skews);
	make_actions(plan);
}
