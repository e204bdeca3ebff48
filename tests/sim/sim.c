/* The run of a plan: what its events do, faults among them, and the way to rest; see sim.h. */
#include "sim.h"

#include <stdarg.h>
#include <stdlib.h>

#include "writer.h"

#define FIRST_ACTION_MS 3000
#define REST_MS (INT64_C(12) * 3600 * 1000) /* longer than any wait of an engine adds up to */
#define REST_STEPS 20000
#define STEPS_AT_ONCE 1000
#define TIDY_ROUNDS 200
#define CONCERN_TIDY 2000

/* --- notes -------------------------------------------------------------------------------------------------------- */

void *sim_alloc(struct sim *sim, size_t size)
{
	void *memory = sl_arena_alloc(&sim->arena, size);
	if (!memory)
		abort();
	return memory;
}

struct sl_str sim_copy(struct sim *sim, struct sl_str text)
{
	struct sl_str copy;
	if (sl_arena_copy(&sim->arena, text, &copy) != SL_OK)
		abort();
	return copy;
}

struct sl_rowset *sim_rowset(struct sim *sim)
{
	struct sl_rowset *rows = sl_rowset_new(&sim->arena, 64);
	if (!rows)
		abort();
	return rows;
}

void sim_violate(struct sim *sim, const char *invariant, const char *format, ...)
{
	va_list values;
	if (sim->violation.invariant)
		return;
	sim->violation.invariant = invariant;
	sim->violation.at_ms = sim->now_ms;
	va_start(values, format);
	vsnprintf(sim->violation.detail, sizeof(sim->violation.detail), format, values);
	va_end(values);
}

void sim_note(struct sim *sim, const char *format, ...)
{
	va_list values;
	char line[600];
	fprintf(sim->trace, "%9lld.%03lld ", (long long)(sim->now_ms / 1000), (long long)(sim->now_ms % 1000));
	va_start(values, format);
	int length = vsnprintf(line, sizeof(line), format, values);
	va_end(values);
	fprintf(sim->trace, "%s%s\n", line, length >= (int)sizeof(line) ? " ..." : "");
}

/* --- what the plan does to the world ------------------------------------------------------------------------------ */

static void cut_off(struct sim *sim, const struct sim_action *action, struct dice *dice)
{
	struct sim_device *device = &sim->devices[action->device];
	int64_t length_ms = dice_chance(dice, 600) ? dice_between(dice, 500, 20000) : dice_between(dice, 20000, 900000);
	if (device->cut_off)
		return;
	device->cut_off = true;
	if (dice_chance(dice, 600))
		sim_device_tell(sim, action->device, SL_EVENT_OFFLINE);
	sim_schedule(sim, sim->now_ms + length_ms, SIM_EVENT_HEAL, action->device, 0, NULL);
}

static void jump(struct sim *sim, const struct sim_action *action, struct dice *dice)
{
	static const int64_t most_ms[] = { 2000, 120000, 7200000, INT64_C(31536000000) };
	int64_t most = most_ms[dice_roll(dice, 4)], by = dice_between(dice, -most, most);
	if (dice_chance(dice, 300))
		sim->server.jump_ms += by;
	else
		sim->devices[action->device].jump_ms += by;
}

static void sign_out(struct sim *sim, const struct sim_action *action, struct dice *dice)
{
	if (!sim->devices[action->device].engine)
		return;
	sim->devices[action->device].signed_out = true;
	sim_device_tell(sim, action->device, SL_EVENT_SIGN_OUT);
	sim_schedule(sim, sim->now_ms + dice_between(dice, 1000, 60000), SIM_EVENT_SIGN_IN, action->device, 0, NULL);
}

static void expire(struct sim *sim, const struct sim_action *action, struct dice *dice)
{
	sim->server.expired[action->device] = true;
	sim_schedule(sim, sim->now_ms + dice_between(dice, 1000, 90000), SIM_EVENT_SIGN_IN, action->device, 0, NULL);
}

static void thin(struct sim *sim, struct dice *dice)
{
	struct memory_store *memory = &sim->server.store->memory;
	struct sl_err err = SL_ERR_INIT;
	if (memory->version_count < 3)
		return;
	int64_t version = memory->versions[dice_roll(dice, memory->version_count - 1)].version;
	if (dice_chance(dice, 300)) {
		memory_store_drop_tombstones(memory, version);
		sim->server.forgot = true;
	} else if (memory_store_thin(memory, version, &err) != SL_OK)
		sim_violate(sim, "history", "version %lld can't be thinned out: %s", (long long)version, err.message);
}

static void break_down(struct sim *sim, struct dice *dice)
{
	sim->server.outage = (enum sim_outage)dice_roll(dice, SIM_OUTAGES);
	sim->server.outage_until_ms = sim->now_ms + dice_between(dice, 200, dice_chance(dice, 800) ? 20000 : 400000);
}

static void act(struct sim *sim, const struct sim_action *action)
{
	struct dice dice = { action->dice };
	SIM_NOTE(sim, "action    %s on %u", sim_action_name(action->kind), action->device);
	if (sim_writer_act(sim, action))
		return;
	if (action->kind == SIM_SYNC_NOW)
		sim_device_tell(sim, action->device, SL_EVENT_SYNC_NOW);
	else if (action->kind == SIM_HINT)
		sim_device_tell(sim, action->device, SL_EVENT_HINT);
	else if (action->kind == SIM_SIGN_OUT)
		sign_out(sim, action, &dice);
	else if (action->kind == SIM_CRASH)
		sim->devices[action->device].crash_in = (int)dice_roll(&dice, 8);
	else if (action->kind == SIM_CUT_OFF)
		cut_off(sim, action, &dice);
	else if (action->kind == SIM_JUMP)
		jump(sim, action, &dice);
	else if (action->kind == SIM_WIPE)
		sim_device_wipe(sim, action->device);
	else if (action->kind == SIM_OUTAGE)
		break_down(sim, &dice);
	else if (action->kind == SIM_EXPIRE)
		expire(sim, action, &dice);
	else if (action->kind == SIM_CORRUPT)
		sim->server.corrupting = true;
	else if (action->kind == SIM_THIN)
		thin(sim, &dice);
	else if (action->kind == SIM_COPY)
		sim_server_copy(sim);
	else if (action->kind == SIM_FALL_BACK)
		sim_server_fall_back(sim);
}

/* --- events ------------------------------------------------------------------------------------------------------- */

void sim_schedule(struct sim *sim, int64_t at_ms, enum sim_event_kind kind, unsigned device, int64_t number,
	void *pointer)
{
	sim_queue_add(&sim->queue, (struct sim_event){ at_ms, 0, kind, device, number, pointer });
}

static void heal(struct sim *sim, unsigned index)
{
	sim->devices[index].cut_off = false;
	sim_device_tell(sim, index, SL_EVENT_ONLINE);
}

static void sign_in(struct sim *sim, unsigned index)
{
	struct sl_event event = { .type = SL_EVENT_SIGN_IN };
	sim->devices[index].signed_out = sim->server.expired[index] = false;
	event.sign_in.account = sim_account(sim, index);
	sim_device_handle(sim, index, &event, NULL);
}

static void happen(struct sim *sim, const struct sim_event *event)
{
	switch (event->kind) {
	case SIM_EVENT_ACTION:
		act(sim, &sim->plan->actions[event->number]);
		break;
	case SIM_EVENT_WAKE:
		if (event->number == sim->devices[event->device].wakes)
			sim_device_tell(sim, event->device, SL_EVENT_TICK);
		break;
	case SIM_EVENT_ARRIVE:
		sim_network_arrive(sim, event->pointer);
		break;
	case SIM_EVENT_DELIVER:
		sim_network_deliver(sim, event->pointer);
		break;
	case SIM_EVENT_FAIL:
		sim_network_fail(sim, event->pointer);
		break;
	case SIM_EVENT_RESTART:
		sim_device_start(sim, event->device);
		break;
	case SIM_EVENT_HEAL:
		heal(sim, event->device);
		break;
	case SIM_EVENT_SAVE:
		if (event->number == (int64_t)sim->devices[event->device].incarnation || sim->plan->with[SIM_WITH_DRAFTS])
			sim_writer_save(sim, event->device);
		break;
	case SIM_EVENT_SIGN_IN:
		sign_in(sim, event->device);
		break;
	}
}

/* One event. False at the end of all, or of patience with a violation. */
static bool step(struct sim *sim)
{
	struct sim_event event;
	if (sim->violation.invariant || !sim_queue_take(&sim->queue, &event))
		return false;
	sim->steps_now = event.at_ms == sim->now_ms ? sim->steps_now + 1 : 0;
	sim->now_ms = event.at_ms;
	sim->steps++;
	if (sim->steps_now > STEPS_AT_ONCE)
		sim_violate(sim, "no-loop", "time stands still: device %u wants to be woken at once, again and again", event.device);
	happen(sim, &event);
	sim_check_step(sim);
	return !sim->violation.invariant;
}

/* --- the way to rest ---------------------------------------------------------------------------------------------- */

/* Everything works from now on. What is still under way arrives; users who want it so ask for a sync. */
static void calm_down(struct sim *sim)
{
	SIM_NOTE(sim, "all       is well again");
	sim->calm = true;
	for (unsigned i = 0; i < sim->plan->devices; i++) {
		sim->devices[i].cut_off = false;
		sim->devices[i].crash_in = -1;
		sim_device_start(sim, i);
		heal(sim, i);
		sign_in(sim, i);
		if (sim->plan->eager)
			sim_device_tell(sim, i, SL_EVENT_SYNC_NOW);
	}
}

static bool is_settled(const struct sim *sim)
{
	for (unsigned i = 0; i < sim->plan->devices; i++)
		if (!sim_device_is_settled(sim, i))
			return false;
	return sim->network.flying == 0;
}

static void complain_of_unrest(struct sim *sim)
{
	char text[300] = "";
	size_t length = 0;
	for (unsigned i = 0; i < sim->plan->devices && length < sizeof(text); i++) {
		const struct sl_engine *engine = sim->devices[i].engine;
		const struct sl_status *status = engine ? sl_engine_status(engine) : NULL;
		if (status)
			length += (size_t)snprintf(text + length, sizeof(text) - length, " | %zu pending, %zu refused, %zu conflicts, at %lld, %s",
				status->pending, status->quarantined, status->conflicts, (long long)status->version, status->error);
	}
	sim_violate(sim, "rest", "server at %lld; devices:%s", (long long)sim->server.store->memory.head.version, text);
}

/* Runs until nothing is left to do, or one device waits for its user. */
static void settle(struct sim *sim)
{
	int64_t until_ms = sim->now_ms + REST_MS;
	size_t steps = sim->steps + REST_STEPS;
	while (!is_settled(sim) && sim->now_ms < until_ms && sim->steps < steps && step(sim))
		for (unsigned i = 0; i < sim->plan->devices; i++)
			if (sim->devices[i].engine && strcmp(sl_engine_status(sim->devices[i].engine)->error, "empty_overwrite") == 0)
				return;
	if (!is_settled(sim))
		complain_of_unrest(sim);
}

static void come_to_rest(struct sim *sim)
{
	struct dice dice = dice_for(sim->plan->seed, CONCERN_TIDY);
	bool busy = true;
	calm_down(sim);
	for (size_t round = 0; busy && !sim->violation.invariant; round++) {
		settle(sim);
		busy = false;
		for (unsigned i = 0; i < sim->plan->devices && !busy && !sim->violation.invariant; i++)
			busy = sim_writer_tidy(sim, i, &dice);
		if (busy && round == TIDY_ROUNDS)
			sim_violate(sim, "rest", "users are asked again and again");
	}
	if (!sim->violation.invariant)
		sim_check_rest(sim);
}

/* --- all ---------------------------------------------------------------------------------------------------------- */

static void begin(struct sim *sim)
{
	sl_arena_init(&sim->arena, 0);
	sim_server_init(sim);
	sim_check_init(sim);
	for (unsigned i = 0; i < sim->plan->devices; i++) {
		sim_device_init(sim, i);
		sim_device_start(sim, i);
	}
	sim_writer_birth(sim, 0);
	if (sim->plan->born_twice)
		sim_writer_birth(sim, 1);
	sim->check.wide_births = sim->check.wide;
	for (size_t i = 0; i < sim->plan->action_count; i++)
		if (!sim->plan->actions[i].dropped)
			sim_schedule(sim, FIRST_ACTION_MS + sim->plan->actions[i].at_ms, SIM_EVENT_ACTION, 0, (int64_t)i, NULL);
}

static void end(struct sim *sim)
{
	for (unsigned i = 0; i < sim->plan->devices; i++)
		sim_device_dispose(sim, i);
	sim_server_dispose(sim);
	sim_queue_dispose(&sim->queue);
	sl_arena_dispose(&sim->arena);
}

static void note_result(const struct sim *sim, struct sim_result *result_r)
{
	*result_r = (struct sim_result){ sim->violation, sim->outcome, sim->steps, sim->check.prompts, 0, 0,
		sim->server.fell_back, sim->server.damages > 0 };
	for (unsigned i = 0; i < sim->plan->devices; i++)
		if (sim->devices[i].engine) {
			result_r->pushes += sl_engine_counts(sim->devices[i].engine)->pushes;
			result_r->mismatches += sl_engine_counts(sim->devices[i].engine)->digest_mismatches;
		}
}

void sim_run(const struct sim_plan *plan, FILE *trace, struct sim_result *result_r)
{
	struct sim *sim = calloc(1, sizeof(*sim));
	const struct sim_event *next;
	int64_t last_ms = FIRST_ACTION_MS;
	if (!sim)
		abort();
	sim->plan = plan;
	sim->trace = trace;
	begin(sim);
	for (size_t i = 0; i < plan->action_count; i++)
		if (!plan->actions[i].dropped)
			last_ms = FIRST_ACTION_MS + plan->actions[i].at_ms;
	while ((next = sim_queue_first(&sim->queue)) && next->at_ms <= last_ms && step(sim))
		;
	if (!sim->violation.invariant)
		come_to_rest(sim);
	for (unsigned i = 0; i < plan->devices && !sim->violation.invariant; i++)
		sim_fold(sim, sl_engine_digest(sim->devices[i].engine).low);
	if (trace && sim->violation.invariant)
		sim_note(sim, "VIOLATION %s: %s", sim->violation.invariant, sim->violation.detail);
	note_result(sim, result_r);
	end(sim);
	free(sim);
}

void sim_run_seed(uint64_t seed, unsigned skews_every, FILE *trace, struct sim_result *result_r)
{
	struct sim_plan plan;
	struct sim_result again;
	sim_plan_make(&plan, seed, 0);
	sim_run(&plan, trace, result_r);
	if (result_r->violation.invariant || skews_every == 0 || seed % skews_every != 0)
		return;
	sim_plan_make(&plan, seed, 1);
	sim_run(&plan, NULL, &again);
	if (again.violation.invariant)
		result_r->violation = again.violation;
	else if (again.outcome != result_r->outcome)
		result_r->violation = (struct sim_violation){ "clocks", "other clocks lead to another outcome", 0 };
}
