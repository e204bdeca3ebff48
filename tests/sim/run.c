/* tests/sim/run: runs seeds of the simulator; see --help. Exit status 0 when all invariants hold. */
#ifdef HAVE_CONFIG_H
#include "config.h"
#endif

#include <errno.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "sim.h"
#include "shrink.h"

static const char usage[] =
	"Usage: run --seed N [--trace] [--whole] [--with P]... [--without P]...\n"
	"       run --seeds N [--first S] [--jobs J] [--skews E] [--all] [--tap] [--with P]... [--without P]...\n"
	"       run --prove [--jobs J] [--tap] [NAME...]\n"
	"       run --properties\n"
	"\n"
	"Simulates devices, users, network and server of one project, one run for each seed, and checks what must hold.\n"
	"\n"
	"  --seed N    runs one seed; one that fails is shrunk to the shortest plan that fails alike, and its trace is shown\n"
	"  --trace     shows all that happens\n"
	"  --whole     doesn't shrink\n"
	"  --seeds N   runs N seeds\n"
	"  --first S   from this one on (1)\n"
	"  --jobs J    in this many processes (2)\n"
	"  --skews E   runs every E-th seed again with other clocks, which must not matter (4; 0: never)\n"
	"  --all       goes on after a failure and lists every seed that fails\n"
	"  --tap       one line of TAP\n"
	"  --with P    gives all worlds this property\n"
	"  --without P gives no world this property\n"
	"  --properties lists them, each with its share of worlds\n"
	"  --prove     plants known faults (or the named ones) one by one, and shows which seed catches each, and by which\n"
	"              invariant; takes a compiler, patch and Python\n";

struct options {
	uint64_t seed, seeds, first;
	unsigned jobs, skews;
	bool one, trace, whole, tap, all;
};

/* --- one seed ----------------------------------------------------------------------------------------------------- */

static int run_one(const struct options *options)
{
	struct sim_result result;
	sim_run_seed(options->seed, 1, options->trace ? stdout : NULL, &result);
	if (!result.violation.invariant) {
		printf("seed %llu holds: %zu steps, %zu pushes, %zu conflicts shown\n", (unsigned long long)options->seed,
			result.steps, result.pushes, result.prompts);
		return 0;
	}
	printf("seed %llu breaks %s: %s\n", (unsigned long long)options->seed, result.violation.invariant,
		result.violation.detail);
	if (!options->whole)
		sim_shrink(options->seed, result.violation.invariant, stdout);
	return 1;
}

/* --- many --------------------------------------------------------------------------------------------------------- */

/* What one process has to tell. */
struct report {
	uint64_t done, failed, failed_seed;
	size_t steps, pushes, prompts, mismatches;
	struct sim_violation violation;
	char invariant[32];
};

/* Which process runs the i-th seed: those that run twice are dealt out evenly, too. */
static unsigned job_of(const struct options *options, uint64_t i)
{
	return (unsigned)((i + (options->skews ? i / options->skews : 0)) % options->jobs);
}

/* The seeds of one process, until one fails. */
static void run_share(const struct options *options, unsigned job, struct report *report)
{
	struct sim_result result;
	for (uint64_t i = 0; i < options->seeds && (!report->failed || options->all); i++) {
		if (job_of(options, i) != job)
			continue;
		sim_run_seed(options->first + i, options->skews, NULL, &result);
		report->done++;
		report->steps += result.steps;
		report->pushes += result.pushes;
		report->prompts += result.prompts;
		report->mismatches += result.mismatches;
		if (result.violation.invariant && options->all)
			printf("seed %llu breaks %s: %.200s\n", (unsigned long long)(options->first + i),
				result.violation.invariant, result.violation.detail);
		fflush(stdout);
		if (result.violation.invariant) {
			report->failed++;
			report->failed_seed = options->first + i;
			report->violation = result.violation;
			snprintf(report->invariant, sizeof(report->invariant), "%s", result.violation.invariant);
		}
	}
}

static bool read_report(int from, struct report *report)
{
	size_t length = 0;
	ssize_t part;
	while (length < sizeof(*report)
		&& ((part = read(from, (char *)report + length, sizeof(*report) - length)) > 0 || (part < 0 && errno == EINTR)))
		length += part > 0 ? (size_t)part : 0;
	return length == sizeof(*report);
}

/* Forks one process; returns the end of the pipe that its report comes through. */
static int start_share(const struct options *options, unsigned job)
{
	int ends[2];
	struct report report = { 0 };
	if (pipe(ends) != 0)
		return -1;
	pid_t child = fork();
	if (child < 0)
		return -1;
	if (child > 0) {
		close(ends[1]);
		return ends[0];
	}
	run_share(options, job, &report);
	_exit(write(ends[1], &report, sizeof(report)) == (ssize_t)sizeof(report) ? 0 : 1);
}

static void add(struct report *sum, const struct report *report)
{
	sum->done += report->done;
	sum->steps += report->steps;
	sum->pushes += report->pushes;
	sum->prompts += report->prompts;
	sum->mismatches += report->mismatches;
	bool any = sum->failed > 0;
	sum->failed += report->failed;
	if (report->failed && (!any || report->failed_seed < sum->failed_seed)) {
		sum->failed_seed = report->failed_seed;
		sum->violation = report->violation;
		memcpy(sum->invariant, report->invariant, sizeof(sum->invariant));
	}
}

static double seconds_now(void)
{
	struct timespec now;
	clock_gettime(CLOCK_MONOTONIC, &now);
	return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

static void print_report(const struct options *options, const struct report *sum, double seconds)
{
	if (options->tap)
		printf("1..1\n%sok 1 - %llu seeds hold\n", sum->failed ? "not " : "", (unsigned long long)options->seeds);
	printf("%s%llu seeds in %.1f s: %.0f seeds/s; %zu steps, %zu pushes, %zu conflicts shown, %zu digest mismatches\n",
		options->tap ? "# " : "", (unsigned long long)sum->done, seconds, (double)sum->done / seconds, sum->steps,
		sum->pushes, sum->prompts, sum->mismatches);
	if (sum->failed)
		printf("%sseed %llu breaks %s: %s\n", options->tap ? "# " : "", (unsigned long long)sum->failed_seed,
			sum->invariant, sum->violation.detail);
}

static int run_many(const struct options *options)
{
	struct report sum = { 0 };
	int pipes[64];
	bool broken = false;
	double start = seconds_now();
	fflush(stdout);
	for (unsigned job = 0; job < options->jobs; job++)
		pipes[job] = start_share(options, job);
	for (unsigned job = 0; job < options->jobs; job++) {
		struct report report;
		int status = 0;
		if (pipes[job] < 0 || !read_report(pipes[job], &report))
			broken = true;
		else
			add(&sum, &report);
		if (pipes[job] >= 0 && close(pipes[job]) == 0 && wait(&status) > 0 && status != 0)
			broken = true;
	}
	print_report(options, &sum, seconds_now() - start);
	if (broken)
		fputs("a process of the simulator ended badly\n", stderr);
	if (sum.failed && !options->whole && !options->tap && !options->all)
		sim_shrink(sum.failed_seed, sum.violation.detail[0] ? sum.invariant : "", stdout);
	return sum.failed || broken;
}

/* --- all ---------------------------------------------------------------------------------------------------------- */

static bool read_number(const char *text, uint64_t *number_r)
{
	char *end;
	if (!text)
		return false;
	errno = 0;
	*number_r = strtoull(text, &end, 10);
	return errno == 0 && end > text && *end == '\0';
}

static bool read_flag(const char *argument, struct options *options)
{
	struct { const char *name; bool *flag; } const flags[] = { { "--trace", &options->trace },
		{ "--whole", &options->whole }, { "--tap", &options->tap }, { "--all", &options->all } };
	for (size_t i = 0; i < sizeof(flags) / sizeof(flags[0]); i++)
		if (strcmp(argument, flags[i].name) == 0)
			return *flags[i].flag = true;
	return false;
}

static bool read_property(const char *argument, const char *name)
{
	enum sim_property property;
	bool with = strcmp(argument, "--with") == 0;
	if ((!with && strcmp(argument, "--without") != 0) || !name || !sim_property_find(name, &property))
		return false;
	sim_property_set_share(property, with ? 1000 : 0);
	return true;
}

static int list_properties(void)
{
	for (int i = 0; i < SIM_PROPERTY_COUNT; i++)
		printf("%-14s %5.1f%%  %s\n", sim_property_name((enum sim_property)i), sim_property_share((enum sim_property)i) / 10.0,
			sim_property_what((enum sim_property)i));
	return 0;
}

/* 1: go on; 0: usage was asked for; −1: not understood. */
static int read_options(int argc, char **argv, struct options *options)
{
	for (int i = 1; i < argc; i++) {
		uint64_t number = 0;
		bool given = read_number(i + 1 < argc ? argv[i + 1] : NULL, &number);
		if (strcmp(argv[i], "--help") == 0)
			return 0;
		if (read_flag(argv[i], options))
			continue;
		if (read_property(argv[i], i + 1 < argc ? argv[i + 1] : NULL)) {
			i++;
			continue;
		}
		if (!given)
			return -1;
		if (strcmp(argv[i], "--seed") == 0) {
			options->seed = number;
			options->one = true;
		} else if (strcmp(argv[i], "--seeds") == 0)
			options->seeds = number;
		else if (strcmp(argv[i], "--first") == 0)
			options->first = number;
		else if (strcmp(argv[i], "--jobs") == 0 && number >= 1 && number <= 64)
			options->jobs = (unsigned)number;
		else if (strcmp(argv[i], "--skews") == 0)
			options->skews = (unsigned)number;
		else
			return -1;
		i++;
	}
	return options->one || options->seeds ? 1 : -1;
}

/* Faults are planted by a script, beside this program. */
static int prove(char **argv)
{
	const char *slash = strrchr(argv[0], '/');
	char path[4096];
	snprintf(path, sizeof(path), "%.*sprove", slash ? (int)(slash + 1 - argv[0]) : 0, argv[0]);
	execv(path, argv);
	fprintf(stderr, "can't run %s: %s (make tests/sim/prove writes it)\n", path, strerror(errno));
	return 2;
}

int main(int argc, char **argv)
{
	if (argc > 1 && strcmp(argv[1], "--prove") == 0)
		return prove(argv);
	if (argc == 2 && strcmp(argv[1], "--properties") == 0)
		return list_properties();
	struct options options = { .first = 1, .jobs = 2, .skews = 4 };
	int read = read_options(argc, argv, &options);
	if (read <= 0) {
		fputs(usage, read == 0 ? stdout : stderr);
		return read == 0 ? 0 : 2;
	}
	return options.one ? run_one(&options) : run_many(&options);
}
