/* The world: see example_world.h. */
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "example_disk.h"
#include "example_world.h"

#define LOST 150 /* permille of messages, each way */
#define TWICE 100
#define SLOW 150
#define CRASHES 40 /* permille of calls of a host */
#define FAULTS 10

struct message {
	struct sync_request request;
	struct host_answer answer;
	unsigned incarnation;
	int64_t id;
};

static void *must(void *made)
{
	if (!made)
		abort();
	return made;
}

static struct sl_str copy(struct world *world, struct sl_str text)
{
	struct sl_str made;
	if (sl_arena_copy(&world->arena, text, &made) != 0)
		abort();
	return made;
}

static bool happens(struct world *world, unsigned permille)
{
	return dice_chance(&world->dice, permille) && !world->calm;
}

static void schedule(struct desk *desk, enum sim_event_kind kind, int64_t after_ms, void *pointer)
{
	sim_queue_add(&desk->world->queue, (struct sim_event){ .at_ms = desk->world->now_ms + after_ms, .kind = kind,
		.device = desk->number, .number = kind == SIM_EVENT_WAKE ? desk->wake : 0, .pointer = pointer });
}

/* --- what the host is given --------------------------------------------------------------------------------------- */

static int64_t tell_now(void *context)
{
	struct desk *desk = context;
	return desk->world->now_ms + desk->skew_ms;
}

static void give_random(void *context, unsigned char bytes_r[16])
{
	struct desk *desk = context;
	for (size_t i = 0; i < 16; i++)
		bytes_r[i] = (unsigned char)dice_next(&desk->dice);
}

/* A message's next leg, or word that it is lost, or nothing. */
static void pass_on(struct desk *desk, enum sim_event_kind kind, struct message *message)
{
	struct world *world = desk->world;
	if (desk->cut_off || happens(world, LOST)) {
		if (dice_chance(&world->dice, 700) || world->calm) {
			schedule(desk, SIM_EVENT_FAIL, dice_between(&world->dice, 1, 5000), message);
			world->flying++;
		}
		return;
	}
	do {
		schedule(desk, kind, happens(world, SLOW) ? dice_between(&world->dice, 500, 60000)
			: dice_between(&world->dice, 3, 120), message);
		world->flying++;
	} while (happens(world, TWICE));
}

static void send_request(void *context, const struct sl_request_effect *request)
{
	struct desk *desk = context;
	if (!disk_step())
		return;
	struct message *message = must(sl_arena_zalloc(&desk->world->arena, 1, sizeof(*message)));
	message->incarnation = desk->incarnation;
	message->id = request->id;
	message->request = (struct sync_request){ request->method, copy(desk->world, request->path),
		copy(desk->world, request->body) };
	pass_on(desk, SIM_EVENT_ARRIVE, message);
}

static void order_wake(void *context, int64_t in_ms)
{
	struct desk *desk = context;
	if (!disk_step())
		return;
	desk->wake++;
	schedule(desk, SIM_EVENT_WAKE, in_ms > 0 ? in_ms : 0, NULL);
}

static void show(void *context, const struct sl_effect *effect)
{
	(void)context;
	(void)effect;
	disk_step();
}

static void started_again(void *context)
{
	struct desk *desk = context;
	desk->world->restarts++;
}

/* --- desks -------------------------------------------------------------------------------------------------------- */

void desk_before(struct desk *desk)
{
	disk_cut_never();
	if (happens(desk->world, CRASHES))
		disk_cut_at((unsigned)dice_roll(&desk->world->dice, 14));
	if (happens(desk->world, FAULTS))
		disk_fail_next();
}

bool desk_after(struct desk *desk)
{
	struct world *world = desk->world;
	disk_cut_never();
	disk_fail_never();
	if (!disk_is_off())
		return true;
	host_close(&desk->host);
	disk_on(desk->path);
	desk->incarnation++;
	desk->wake++;
	world->crashes++;
	schedule(desk, SIM_EVENT_RESTART, dice_between(&world->dice, 100, 20000), NULL);
	return false;
}

static void tell_shown(struct desk *desk)
{
	if (!desk->world->tells_shown || !host_engine(desk->host))
		return;
	desk_before(desk);
	int rc = host_shown(desk->host, desk->revision);
	assert_true(!desk_after(desk) || rc == 0 || rc == SL_UNAVAILABLE);
}

void desk_redraw(struct desk *desk)
{
	const struct sl_engine *engine = host_engine(desk->host);
	if (!engine)
		return;
	const struct sl_rowset *rows = sl_engine_rows(engine);
	size_t at = 0;
	sl_arena_dispose(&desk->arena);
	desk->screen = must(sl_rowset_new(&desk->arena, sl_rowset_count(rows)));
	for (const struct sl_row *row; (row = sl_rowset_next(rows, &at)) != NULL;) {
		struct sl_row own;
		if (sl_row_copy(&desk->arena, row, &own) != 0)
			abort();
		must(sl_rowset_append(desk->screen, &own));
	}
	desk->revision = sl_engine_revision(engine);
	tell_shown(desk);
}

void desk_start(struct desk *desk)
{
	struct host_outside outside = { desk, tell_now, give_random, send_request, order_wake, show, started_again };
	struct sl_engine_config config = { .path = "/project" };
	struct sl_err err = SL_ERR_INIT;
	desk_before(desk);
	disk_fail_never(); /* who can't open the store at all sees no app */
	int rc = host_open(desk->path, &config, &outside, &desk->host, &err);
	if (!desk_after(desk))
		return;
	if (rc != 0)
		fail_msg("seed %llu: device %u does not start: %d %s", (unsigned long long)desk->world->seed, desk->number, rc,
			err.message);
	desk_before(desk);
	rc = host_online(desk->host, desk->online = true);
	if (!desk_after(desk))
		return;
	if (!desk->screen || dice_chance(&desk->world->dice, 500))
		desk_redraw(desk);
	else
		tell_shown(desk);
}

/* --- time --------------------------------------------------------------------------------------------------------- */

static void arrive(struct desk *desk, struct message *message)
{
	struct sl_buf body;
	sl_buf_init(&body, SIZE_MAX);
	desk->world->server.now_ms = 1000 + desk->world->now_ms;
	message->answer.status = sync_server_answer(&desk->world->server, desk->number, &message->request, &body);
	message->answer.body = copy(desk->world, sl_buf_str(&body));
	sl_buf_dispose(&body);
	pass_on(desk, SIM_EVENT_DELIVER, message);
}

/* What a host is told by the world; the user's part is user_act. */
static void tell(struct desk *desk, const struct sim_event *event)
{
	const struct message *message = event->pointer;
	int rc = 0;
	desk_before(desk);
	if (event->kind == SIM_EVENT_DELIVER)
		rc = host_answer(desk->host, message->id, &message->answer);
	else if (event->kind == SIM_EVENT_FAIL)
		rc = host_failed(desk->host, message->id, SL_STR("the connection was lost"));
	else
		rc = host_tick(desk->host);
	if (desk_after(desk) && rc != 0 && rc != SL_UNAVAILABLE)
		fail_msg("seed %llu: device %u refuses what happens: %d", (unsigned long long)desk->world->seed, desk->number, rc);
}

static void happen(struct world *world, const struct sim_event *event)
{
	struct desk *desk = &world->desks[event->device];
	struct message *message = event->pointer;
	world->flying -= message != NULL;
	switch (event->kind) {
	case SIM_EVENT_ARRIVE:
		arrive(desk, message);
		return;
	case SIM_EVENT_DELIVER:
	case SIM_EVENT_FAIL:
		if (desk->host && message->incarnation == desk->incarnation)
			tell(desk, event);
		return;
	case SIM_EVENT_WAKE:
		if (desk->host && event->number == desk->wake)
			tell(desk, event);
		return;
	case SIM_EVENT_RESTART:
		if (!desk->host)
			desk_start(desk);
		return;
	default:
		if (desk->host && !world->calm)
			user_act(desk);
		schedule(desk, SIM_EVENT_ACTION, dice_between(&world->dice, 50, dice_chance(&world->dice, 500) ? 1000 : 30000), NULL);
	}
}

void world_step(struct world *world)
{
	struct sim_event event;
	if (!sim_queue_take(&world->queue, &event))
		abort();
	world->now_ms = event.at_ms;
	happen(world, &event);
}

void world_init(struct world *world, uint64_t seed, const char *folder)
{
	*world = (struct world){ .seed = seed, .dice = dice_for(seed, 1), .now_ms = 1000 };
	disk_reset(seed);
	sl_arena_init(&world->arena, 0);
	if (sync_server_init(&world->server) != 0)
		abort();
	world->desk_count = 2 + dice_roll(&world->dice, WORLD_DEVICES - 1);
	world->tells_shown = dice_chance(&world->dice, 500);
	world->gentle = dice_chance(&world->dice, 300);
	for (unsigned i = 0; i < world->desk_count; i++) {
		struct desk *desk = &world->desks[i];
		*desk = (struct desk){ .world = world, .number = i, .dice = dice_for(seed, 10 + i),
			.skew_ms = dice_between(&world->dice, -INT64_C(100000000), INT64_C(100000000)) };
		snprintf(desk->path, sizeof(desk->path), "%s/device-%u", folder, i);
		if (access(desk->path, F_OK) == 0 && unlink(desk->path) != 0)
			abort();
		sl_arena_init(&desk->arena, 0);
		desk_start(desk);
		schedule(desk, SIM_EVENT_ACTION, dice_between(&world->dice, 10, 3000), NULL);
	}
}

void world_dispose(struct world *world)
{
	for (size_t i = 0; i < world->desk_count; i++) {
		host_close(&world->desks[i].host);
		sl_arena_dispose(&world->desks[i].arena);
	}
	sync_server_dispose(&world->server);
	sim_queue_dispose(&world->queue);
	sl_arena_dispose(&world->arena);
}
