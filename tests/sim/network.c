/* The ways of messages; see network.h. A lost one is reported to the device at once, late, or never: then the engine
 * has to notice by itself. */
#include "network.h"

#include "sim.h"

#define CONCERN_NETWORK 1000

static int64_t delay_ms(struct sim *sim, struct dice *dice)
{
	bool slow = dice_chance(dice, sim->plan->slow_permille);
	int64_t usual = dice_between(dice, 3, 120), late = dice_between(dice, 500, 60000);
	return slow && !sim->calm ? late : usual;
}

static bool happens(struct sim *sim, struct dice *dice, unsigned permille)
{
	return dice_chance(dice, permille) && !sim->calm;
}

static bool is_push(enum sim_event_kind kind, const struct sim_message *message)
{
	return kind == SIM_EVENT_ARRIVE && strcmp(message->request.method, "GET") != 0;
}

static void schedule(struct sim *sim, enum sim_event_kind kind, struct sim_message *message, int64_t after_ms)
{
	sim->network.flying++;
	sim->network.pushes[message->request.device] += is_push(kind, message);
	sim_schedule(sim, sim->now_ms + after_ms, kind, message->request.device, 0, message);
}

/* A message that gets lost. While faults last, the device may never hear of it. */
static void lose(struct sim *sim, struct sim_message *message, struct dice *dice)
{
	int64_t after_ms = dice_between(dice, 1, dice_chance(dice, 700) ? 300 : 40000);
	if (dice_chance(dice, 750) || sim->calm)
		schedule(sim, SIM_EVENT_FAIL, message, after_ms);
	SIM_NOTE(sim, "network   loses a message of device %u", message->request.device);
}

static struct dice dice_of_message(struct sim *sim, unsigned device)
{
	uint64_t number = sim->network.sent[device]++;
	return dice_for(sim->plan->seed, CONCERN_NETWORK + device + number * SIM_DEVICES);
}

static void take_header(struct sim *sim, const struct sl_header *header, struct sim_request *request)
{
	if (strcmp(header->name, "Prefer") == 0) {
		request->minimal = sl_str_equal(header->value, SL_STR("return=minimal, authors"));
		request->authors = request->minimal || sl_str_equal(header->value, SL_STR("authors"));
	} else if (strcmp(header->name, "If-None-Match") == 0)
		request->if_none_match = sim_copy(sim, header->value);
}

void sim_network_send(struct sim *sim, unsigned device, const struct sl_request_effect *request)
{
	struct dice dice = dice_of_message(sim, device);
	struct sim_message *message = sim_alloc(sim, sizeof(*message));
	*message = (struct sim_message){ .incarnation = sim->devices[device].incarnation, .id = request->id };
	message->request = (struct sim_request){ .device = device, .method = request->method,
		.path = sim_copy(sim, request->path), .body = sim_copy(sim, request->body) };
	for (size_t i = 0; i < request->header_count; i++)
		take_header(sim, &request->headers[i], &message->request);
	if (sim->devices[device].cut_off || happens(sim, &dice, sim->plan->lost_permille)) {
		lose(sim, message, &dice);
		return;
	}
	schedule(sim, SIM_EVENT_ARRIVE, message, delay_ms(sim, &dice));
	if (happens(sim, &dice, sim->plan->twice_permille)) {
		struct sim_message *twin = sim_alloc(sim, sizeof(*twin));
		*twin = *message;
		schedule(sim, SIM_EVENT_ARRIVE, twin, delay_ms(sim, &dice));
	}
}

void sim_network_arrive(struct sim *sim, struct sim_message *message)
{
	unsigned device = message->request.device;
	struct dice dice = dice_of_message(sim, device);
	sim->network.flying--;
	sim->network.pushes[device] -= is_push(SIM_EVENT_ARRIVE, message);
	message->response = sim_server_handle(sim, &message->request);
	if (sim->devices[device].cut_off || happens(sim, &dice, sim->plan->lost_permille)) {
		lose(sim, message, &dice);
		return;
	}
	schedule(sim, SIM_EVENT_DELIVER, message, delay_ms(sim, &dice));
	if (happens(sim, &dice, sim->plan->twice_permille))
		schedule(sim, SIM_EVENT_DELIVER, message, delay_ms(sim, &dice));
}

void sim_network_deliver(struct sim *sim, struct sim_message *message)
{
	struct dice dice = dice_of_message(sim, message->request.device);
	sim->network.flying--;
	if (sim->devices[message->request.device].cut_off)
		lose(sim, message, &dice);
	else
		sim_device_answer(sim, message);
}

void sim_network_fail(struct sim *sim, struct sim_message *message)
{
	sim->network.flying--;
	sim_device_failed(sim, message);
}
