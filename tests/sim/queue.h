/* The events of a run that are still to come, ordered by time and then by the order in which they were added. Holds any
 * number; without memory the program ends. */
#ifndef TESTS_SIM_QUEUE_H
#define TESTS_SIM_QUEUE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum sim_event_kind {
	SIM_EVENT_ACTION,  /* number: which */
	SIM_EVENT_WAKE,    /* number: which of the device's wishes to be woken */
	SIM_EVENT_ARRIVE,  /* pointer: the message, at the server */
	SIM_EVENT_DELIVER, /* pointer: the message's answer, at the device */
	SIM_EVENT_FAIL,    /* pointer: the message that gets no answer */
	SIM_EVENT_RESTART, /* of the device */
	SIM_EVENT_HEAL,    /* the device's network is back */
	SIM_EVENT_SAVE,    /* the editor that is open on the device is saved */
	SIM_EVENT_SIGN_IN  /* the user of the device signs in again */
};

struct sim_event {
	int64_t at_ms;
	uint64_t order; /* the queue's: set when it is added */
	enum sim_event_kind kind;
	unsigned device;
	int64_t number;
	void *pointer;
};

struct sim_queue {
	struct sim_event *items; /* a heap */
	size_t count, capacity;
	uint64_t order;
};

void sim_queue_add(struct sim_queue *queue, struct sim_event event);

/* The event that comes first, until the queue changes; NULL: there is none. */
const struct sim_event *sim_queue_first(const struct sim_queue *queue);

/* Takes the first event out. False: there is none. */
bool sim_queue_take(struct sim_queue *queue, struct sim_event *event_r);

/* What pointers of events lead to is not the queue's. */
void sim_queue_dispose(struct sim_queue *queue);

#endif
