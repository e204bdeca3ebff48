/* From a seed to a plan; see plan.h. Runs are small on purpose: many small histories meet more of the protocol's
 * corners than few long ones, and a failing one can be read. */
#include "plan.h"

#include <string.h>

enum concern { CONCERN_WORLD, CONCERN_ACTIONS, CONCERN_SKEWS, CONCERN_PROPERTIES = 3000 };

#define USUAL_DEVICES 3 /* at most */
#define YEAR_MS (INT64_C(365) * 24 * 3600 * 1000)

struct weight {
	const char *name;
	unsigned usual, polite;
	int property; /* SIM_WITH_ANY: all worlds */
};

#define SIM_WITH_ANY (-1)

static const struct weight weights[SIM_ACTION_KINDS_COUNT] = {
#define ACTION(name, usual, polite, property) { #name, usual, polite, SIM_WITH_##property },
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

/* Each property has dice of its own, so that one more changes nothing where it isn't. */
static void make_properties(struct sim_plan *plan)
{
	for (int i = 0; i < SIM_PROPERTY_COUNT; i++) {
		struct dice dice = dice_for(plan->seed, CONCERN_PROPERTIES + (uint64_t)i);
		plan->with[i] = dice_chance(&dice, sim_property_share((enum sim_property)i));
	}
}

static void make_world(struct sim_plan *plan)
{
	struct dice dice = dice_for(plan->seed, CONCERN_WORLD);
	unsigned most = plan->with[SIM_WITH_CROWD] ? SIM_DEVICES : USUAL_DEVICES;
	plan->devices = 2 + (unsigned)dice_roll(&dice, most - 1);
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
	plan->nameless = dice_chance(&dice, 100);
}

/* The server's clock may be off like the others. All stay at 13 digits, so that not even lengths differ. */
static void make_skews(struct sim_plan *plan, uint64_t skews)
{
	struct dice dice = dice_for(plan->seed, CONCERN_SKEWS + (skews << 8));
	for (size_t i = 0; i <= SIM_DEVICES; i++)
		plan->skew_ms[i] = dice_between(&dice, -10 * YEAR_MS, 10 * YEAR_MS);
}

static unsigned weight_of(const struct sim_plan *plan, size_t kind)
{
	const struct weight *weight = &weights[kind];
	if (weight->property != SIM_WITH_ANY && !plan->with[weight->property])
		return 0;
	return plan->polite ? weight->polite : weight->usual;
}

static enum sim_action_kind choose_kind(struct dice *dice, const struct sim_plan *plan)
{
	unsigned total = 0;
	for (size_t i = 0; i < SIM_ACTION_KINDS_COUNT; i++)
		total += weight_of(plan, i);
	size_t roll = dice_roll(dice, total), kind = 0;
	for (; roll >= weight_of(plan, kind); kind++)
		roll -= weight_of(plan, kind);
	return (enum sim_action_kind)kind;
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
		if (plan->with[SIM_WITH_LATE] && i == 2 * count / 3)
			at_ms += dice_between(&dice, 30000, 4 * 60000);
		if (dice_chance(&dice, 600))
			device = (unsigned)dice_roll(&dice, plan->devices);
		*action = (struct sim_action){ at_ms, choose_kind(&dice, plan), device, dice_next(&dice), false };
		if (plan->with[SIM_WITH_LATE] && action->kind == SIM_RESOLVE && 3 * i < 2 * count)
			action->kind = SIM_TYPE;
	}
	plan->action_count = count;
}

void sim_plan_make(struct sim_plan *plan, uint64_t seed, uint64_t skews)
{
	memset(plan, 0, sizeof(*plan));
	plan->seed = seed;
	make_properties(plan);
	make_world(plan);
	make_skews(plan, skews);
	make_actions(plan);
}
