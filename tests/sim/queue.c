/* The queue as a binary heap; see queue.h. */
#include "queue.h"

#include <stdlib.h>

static bool is_before(const struct sim_event *a, const struct sim_event *b)
{
	return a->at_ms != b->at_ms ? a->at_ms < b->at_ms : a->order < b->order;
}

void sim_queue_add(struct sim_queue *queue, struct sim_event event)
{
	event.order = queue->order++;
	if (queue->count == queue->capacity) {
		queue->capacity = queue->capacity ? queue->capacity * 2 : 256;
		queue->items = realloc(queue->items, queue->capacity * sizeof(*queue->items));
		if (!queue->items)
			abort();
	}
	size_t at = queue->count++;
	for (size_t up; at > 0 && is_before(&event, &queue->items[up = (at - 1) / 2]); at = up)
		queue->items[at] = queue->items[up];
	queue->items[at] = event;
}

const struct sim_event *sim_queue_first(const struct sim_queue *queue)
{
	return queue->count ? queue->items : NULL;
}

bool sim_queue_take(struct sim_queue *queue, struct sim_event *event_r)
{
	size_t at = 0, down;
	if (queue->count == 0)
		return false;
	*event_r = queue->items[0];
	struct sim_event last = queue->items[--queue->count];
	while ((down = 2 * at + 1) < queue->count) {
		if (down + 1 < queue->count && is_before(&queue->items[down + 1], &queue->items[down]))
			down++;
		if (!is_before(&queue->items[down], &last))
			break;
		queue->items[at] = queue->items[down];
		at = down;
	}
	queue->items[at] = last;
	return true;
}

void sim_queue_dispose(struct sim_queue *queue)
{
	free(queue->items);
	*queue = (struct sim_queue){ NULL, 0, 0, 0 };
}
