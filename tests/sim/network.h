/* The simulated network: delays, loses, doubles and reorders requests and answers, each by itself; and cuts off. */
#ifndef TESTS_SIM_NETWORK_H
#define TESTS_SIM_NETWORK_H

#include "server.h"

struct sl_request_effect;

/* One request and its answer on their way. */
struct sim_message {
	struct sim_request request;
	struct sim_response response;
	unsigned incarnation; /* of the device that sent it: another one gets no answer */
	int64_t id;           /* of the engine's request */
};

struct sim_network {
	uint64_t sent[SIM_DEVICES]; /* messages so far: dice of their own for each */
	int flying;                 /* requests and answers on their way */
	int pushes[SIM_DEVICES];    /* of these: requests that may change the server */
};

void sim_network_send(struct sim *sim, unsigned device, const struct sl_request_effect *request);

/* The message arrives at the server; its answer is on the way then. */
void sim_network_arrive(struct sim *sim, struct sim_message *message);

/* The answer arrives at the device, or word that there is none. */
void sim_network_deliver(struct sim *sim, struct sim_message *message);
void sim_network_fail(struct sim *sim, struct sim_message *message);

#endif
