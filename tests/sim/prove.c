/* tests/sim/prove: runs seeds with one planted fault after the other; see prove.h. Its objects are those of the core,
 * compiled once more with SL_PLANT; nothing else links them. */
#ifdef HAVE_CONFIG_H
#include "config.h"
#endif

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "core/plant.h"

#include "prove.h"
#include "sim.h"

int sl_plant;

static const struct {
	const char *name, *what;
} faults[] = { { "", "" },
#define FAULT(name, what) { #name, what },
	SL_PLANTS(FAULT)
#undef FAULT
};

struct catch {
	uint64_t seed; /* 0: not caught */
	char invariant[24], detail[200];
};

/* The first of the seeds that breaks something, and holds without the fault. */
static void look_for(int fault, struct catch *catch_r)
{
	struct sim_result result, healthy;
	*catch_r = (struct catch){ .seed = 0 };
	for (uint64_t seed = 1; seed <= SIM_PROVE_SEEDS; seed++) {
		sl_plant = fault;
		sim_run_seed(seed, 4, NULL, &result);
		if (!result.violation.invariant)
			continue;
		sl_plant = SL_PLANT_NONE;
		sim_run_seed(seed, 4, NULL, &healthy);
		if (healthy.violation.invariant)
			continue;
		catch_r->seed = seed;
		snprintf(catch_r->invariant, sizeof(catch_r->invariant), "%s", result.violation.invariant);
		snprintf(catch_r->detail, sizeof(catch_r->detail), "%.199s", result.violation.detail);
		return;
	}
}

/* In a process of its own: a fault may bring the engine to its knees. Returns the pipe's end, or −1. */
static int start(int fault)
{
	int ends[2];
	struct catch catch;
	if (pipe(ends) != 0)
		return -1;
	pid_t child = fork();
	if (child != 0) {
		close(ends[1]);
		return child > 0 ? ends[0] : -1;
	}
	look_for(fault, &catch);
	_exit(write(ends[1], &catch, sizeof(catch)) == (ssize_t)sizeof(catch) ? 0 : 1);
}

static void finish(int from, struct catch *catch_r)
{
	ssize_t length;
	*catch_r = (struct catch){ .seed = 0 };
	while ((length = read(from, catch_r, sizeof(*catch_r))) < 0 && errno == EINTR)
		;
	if (length != (ssize_t)sizeof(*catch_r))
		*catch_r = (struct catch){ UINT64_MAX, "crash", "the process ended badly" };
	close(from);
	wait(NULL);
}

static void print(size_t number, int fault, const struct catch *catch, bool tap)
{
	if (tap)
		printf("%sok %zu - %s is caught by seed %lld: %s\n", catch->seed ? "" : "not ", number, faults[fault].name,
			(long long)catch->seed, catch->invariant);
	else if (catch->seed == 0)
		printf("%-22s NOT CAUGHT        %s\n", faults[fault].name, faults[fault].what);
	else
		printf("%-22s %5lld %-16s %s\n", faults[fault].name, (long long)catch->seed, catch->invariant,
			faults[fault].what);
	fflush(stdout);
}

bool sim_prove(const char *only, unsigned jobs, bool tap)
{
	int chosen[SL_PLANT_COUNT], pipes[SL_PLANT_COUNT];
	size_t count = 0, started = 0, caught = 0;
	for (int fault = 1; fault < SL_PLANT_COUNT; fault++)
		if (!only || strstr(faults[fault].name, only))
			chosen[count++] = fault;
	if (tap)
		printf("1..%zu\n", count);
	else
		printf("%-22s %5s %-16s\n", "fault", "seed", "invariant");
	fflush(stdout);
	for (size_t done = 0; done < count; done++) {
		struct catch catch;
		for (; started < count && started < done + jobs; started++)
			pipes[started] = start(chosen[started]);
		if (pipes[done] < 0)
			return false;
		finish(pipes[done], &catch);
		print(done + 1, chosen[done], &catch, tap);
		caught += catch.seed != 0;
	}
	if (!tap)
		printf("%zu of %zu planted faults are caught\n", caught, count);
	return count > 0 && caught == count;
}

int main(int argc, char **argv)
{
	const char *only = NULL;
	bool tap = false;
	unsigned jobs = 2;
	for (int i = 1; i < argc; i++)
		if (strcmp(argv[i], "--tap") == 0)
			tap = true;
		else if (strcmp(argv[i], "--fault") == 0 && i + 1 < argc)
			only = argv[++i];
		else if (strcmp(argv[i], "--jobs") == 0 && i + 1 < argc)
			jobs = (unsigned)strtoul(argv[++i], NULL, 10);
		else if (strcmp(argv[i], "--prove") != 0)
			return 2;
	return sim_prove(only, jobs ? jobs : 1, tap) ? 0 : 1;
}
