/* Random histories of three devices and a server: edits, lost requests and answers, crashes between effects, pauses offline, servers
 * that fall back, tombstones that are dropped, choices. In the end all have the same rows, and nothing is left to push. */
#include "host.h"

#include <stdio.h>
#include <stdlib.h>

#define DEVICES 3
#define STEPS 60
#define SEEDS 150

static struct sync_server server;
static struct host hosts[DEVICES];
static struct dice dice;
static size_t restores;

static void edit(struct host *host)
{
	struct sl_arena arena;
	struct sl_delta delta;
	struct sl_buf text;
	sl_arena_init(&arena, 0);
	sl_buf_init(&text, SIZE_MAX);
	struct sl_rowset *rows = sl_rowset_clone(sl_engine_rows(host->engine), &arena);
	project_scramble(rows, &dice, 1 + dice_roll(&dice, 4), &arena);
	assert_int_equal(sl_delta_difference(sl_engine_rows(host->engine), rows, &arena, &delta), 0);
	assert_int_equal(sl_delta_write(&delta, &text), 0);
	struct sl_event event = { .type = SL_EVENT_EDIT, .edit = { .delta = sl_buf_str(&text),
		.revision = sl_engine_revision(host->engine) } };
	if (host_event(host, event) != SL_OK)
		fail_msg("refused: %s %s", host->err.path, host->err.message);
	sl_buf_dispose(&text);
	sl_arena_dispose(&arena);
}

static void choose(struct host *host)
{
	const struct sl_conflict_copy *copy = sl_engine_conflict(host->engine, 0);
	if (!copy)
		return;
	struct sl_event event = { .type = SL_EVENT_RESOLVE, .resolve = { .conflict = copy->id,
		.choice = dice_roll(&dice, 2) ? SL_CHOICE_MINE : SL_CHOICE_THEIRS } };
	int rc = host_event(host, event);
	assert_true(rc == SL_OK || rc == SL_NOT_FOUND);
}

static void fall_back(void)
{
	static const char *const epochs[] = { "e0", "e1", "e2", "e3", "e4" };
	if (restores == 2)
		return;
	size_t saved = dice_roll(&dice, server.state_count);
	sync_server_restore(&server, saved);
	restores++;
	if (dice_roll(&dice, 2))
		server.epoch = epochs[restores];
}

static void talk(struct host *host)
{
	for (int i = 0; i < 3 && host->has_request; i++) {
		size_t fate = dice_roll(&dice, 8);
		if (fate == 0)
			host_fail(host);
		else
			host_exchange(host, fate == 1);
	}
}

static void step(struct host *host)
{
	switch (dice_roll(&dice, 16)) {
	case 0: case 1: case 2: case 3: case 4:
		edit(host);
		break;
	case 5: case 6: case 7: case 8:
		host_wait(host, (int64_t)dice_roll(&dice, 40000));
		talk(host);
		break;
	case 9:
		host->signed_in = !host->signed_in;
		host_simple(host, host->signed_in ? SL_EVENT_ONLINE : SL_EVENT_OFFLINE);
		host->has_request = host->has_request && host->signed_in;
		break;
	case 10:
		host_restart(host);
		break;
	case 11:
		host->crash_in = (int)dice_roll(&dice, 6);
		host->crash_delivers = dice_roll(&dice, 2);
		break;
	case 12:
		choose(host);
		break;
	case 13:
		if (dice_roll(&dice, 4) == 0)
			fall_back();
		else if (dice_roll(&dice, 2) && server.state_count < SERVER_STATES - 4)
			sync_server_save(&server);
		else
			memory_store_drop_tombstones(sync_server_store(&server), sync_server_store(&server)->head.version);
		break;
	default:
		host_simple(host, SL_EVENT_SYNC_NOW);
		talk(host);
	}
}

/* A user who is asked whether the project shall be empty says so. */
static void come_to_rest(struct host *host)
{
	host->crash_in = -1;
	for (int i = 0; i < 4; i++) {
		host_simple(host, SL_EVENT_SYNC_NOW);
		host_settle(host);
		if (strcmp(sl_engine_status(host->engine)->error, "empty_overwrite") == 0)
			host_simple(host, SL_EVENT_CLEAR);
	}
}

static void run(uint64_t seed)
{
	dice = (struct dice){ seed * 0x9e3779b97f4a7c15u + 1 };
	restores = 0;
	assert_int_equal(sync_server_init(&server), 0);
	for (size_t i = 0; i < DEVICES; i++) {
		host_open(&hosts[i], &server, i + 1);
		hosts[i].unchecked = seed % 4 != 0;
	}
	for (int i = 0; i < STEPS; i++) {
		server.now_ms += (int64_t)dice_roll(&dice, 3);
		step(&hosts[dice_roll(&dice, DEVICES)]);
	}
	for (size_t i = 0; i < 2 * DEVICES; i++)
		come_to_rest(&hosts[i % DEVICES]);
	come_to_rest(&hosts[0]);
	for (size_t i = 0; i < DEVICES; i++) {
		hosts[i].unchecked = false;
		host_simple(&hosts[i], SL_EVENT_TICK);
		expect_in_sync(&hosts[i]);
	}
	for (size_t i = 0; i < DEVICES; i++)
		host_close(&hosts[i]);
	sync_server_dispose(&server);
}

static void random__histories_end_in_the_same_rows_everywhere(void **state)
{
	const char *one = getenv("SEED"), *many = getenv("SEEDS");
	uint64_t seeds = many ? strtoull(many, NULL, 10) : SEEDS;
	(void)state;
	for (uint64_t seed = 1; !one && seed <= seeds; seed++) {
		if (many)
			fprintf(stderr, "seed %llu\n", (unsigned long long)seed);
		run(seed);
	}
	if (one)
		run(strtoull(one, NULL, 10));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(random__histories_end_in_the_same_rows_everywhere),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
