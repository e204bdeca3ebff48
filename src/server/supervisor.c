/* Keeps `workers` workers alive. Keeps true: the listening socket stays open for as long as the service does, so a
 * reload refuses nothing; every child is either in a slot or retiring with a deadline; a worker that dies young is
 * replaced with back-off. TERM, INT: drain and end (a second one: at once). HUP: new configuration, new workers.
 * USR1: logs again.
 */
#include "server/supervisor.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "server/clock.h"
#include "server/log.h"
#include "server/shared.h"
#include "server/signals.h"
#include "server/worker.h"

#define YOUNG_MS 5000 /* a worker that dies younger than this counts for the back-off */
#define BACKOFF_LEAST_MS 100
#define BACKOFF_MOST_MS 5000

/* A place for one worker of the current generation. */
struct slot {
	pid_t pid; /* 0: to be started at start_ms */
	int64_t start_ms, started_ms;
	unsigned failures; /* early deaths in a row */
};

struct retiring {
	pid_t pid;
	int64_t kill_ms;
};

struct supervisor {
	struct sl_config *config;
	const struct sl_config_source *source;
	struct sl_listener *listener;
	struct sl_shared *shared;
	struct slot *slots;
	size_t slot_count;
	struct retiring *retiring;
	size_t retiring_count, retiring_capacity;
	int signals;
	bool stopping;
};

static int64_t backoff_ms(unsigned failures)
{
	if (failures <= 1)
		return 0;
	int64_t wait = BACKOFF_LEAST_MS;
	while (--failures > 1 && wait < BACKOFF_MOST_MS)
		wait *= 2;
	return wait < BACKOFF_MOST_MS ? wait : BACKOFF_MOST_MS;
}

static void start_worker(struct supervisor *supervisor, struct slot *slot)
{
	pid_t self = getpid();
	pid_t pid = fork();
	if (pid == 0) {
		close(supervisor->signals);
		exit(sl_worker_run(supervisor->config, supervisor->shared, supervisor->listener->fd, self));
	}
	slot->started_ms = sl_clock_steady_ms();
	if (pid > 0) {
		slot->pid = pid;
		return;
	}
	slot->failures++;
	slot->start_ms = slot->started_ms + BACKOFF_LEAST_MS + backoff_ms(slot->failures);
	sl_log(SL_LOG_ERROR, "a worker can't be started", SL_LOG_S("error", strerror(errno)));
}

static void start_due(struct supervisor *supervisor)
{
	for (size_t i = 0; i < supervisor->slot_count && !supervisor->stopping; i++)
		if (supervisor->slots[i].pid == 0 && supervisor->slots[i].start_ms <= sl_clock_steady_ms())
			start_worker(supervisor, &supervisor->slots[i]);
}

static void log_death(pid_t pid, int status, enum sl_log_level level)
{
	if (WIFSIGNALED(status))
		sl_log(level, "worker was killed", SL_LOG_I("worker", pid), SL_LOG_I("signal", WTERMSIG(status)));
	else
		sl_log(level, "worker ended", SL_LOG_I("worker", pid), SL_LOG_I("exitStatus", WEXITSTATUS(status)));
}

static void slot_died(struct supervisor *supervisor, struct slot *slot, bool crashed)
{
	int64_t now = sl_clock_steady_ms();
	bool young = now - slot->started_ms < YOUNG_MS;
	slot->failures = crashed ? (young ? slot->failures + 1 : 1) : 0;
	slot->pid = 0;
	slot->start_ms = now + backoff_ms(slot->failures);
	sl_shared_count(supervisor->shared, SL_COUNT_WORKER_RESTARTS, 1);
	if (crashed)
		sl_shared_count(supervisor->shared, SL_COUNT_WORKER_CRASHES, 1);
}

static bool forget_retiring(struct supervisor *supervisor, pid_t pid)
{
	for (size_t i = 0; i < supervisor->retiring_count; i++) {
		if (supervisor->retiring[i].pid == pid) {
			supervisor->retiring[i] = supervisor->retiring[--supervisor->retiring_count];
			return true;
		}
	}
	return false;
}

static void reap(struct supervisor *supervisor)
{
	int status;
	pid_t pid;
	while ((pid = waitpid(-1, &status, WNOHANG)) > 0) {
		bool crashed = !WIFEXITED(status) || WEXITSTATUS(status) != 0;
		log_death(pid, status, crashed ? SL_LOG_ERROR : SL_LOG_INFO);
		sl_shared_forget(supervisor->shared, pid);
		if (forget_retiring(supervisor, pid))
			continue;
		for (size_t i = 0; i < supervisor->slot_count; i++)
			if (supervisor->slots[i].pid == pid)
				slot_died(supervisor, &supervisor->slots[i], crashed);
	}
}

/* Makes room for `workers` more to retire, so that a stop can't fail for want of memory. */
static int reserve_retiring(struct supervisor *supervisor, size_t workers)
{
	size_t wanted = supervisor->retiring_count + workers;
	if (wanted <= supervisor->retiring_capacity)
		return 0;
	struct retiring *retiring = realloc(supervisor->retiring, wanted * sizeof(*retiring));
	if (!retiring)
		return SL_NO_MEMORY;
	supervisor->retiring = retiring;
	supervisor->retiring_capacity = wanted;
	return 0;
}

/* Tells the workers of `slots` to finish; there is room for them. */
static void retire(struct supervisor *supervisor, const struct slot *slots, size_t count)
{
	int64_t kill_ms = sl_clock_steady_ms() + supervisor->config->shutdown_timeout * 1000;
	for (size_t i = 0; i < count; i++) {
		if (slots[i].pid == 0)
			continue;
		kill(slots[i].pid, SIGTERM);
		supervisor->retiring[supervisor->retiring_count++] = (struct retiring){ slots[i].pid, kill_ms };
	}
}

static void kill_overdue(struct supervisor *supervisor)
{
	for (size_t i = 0; i < supervisor->retiring_count; i++) {
		if (supervisor->retiring[i].kill_ms > sl_clock_steady_ms())
			continue;
		sl_log(SL_LOG_WARN, "worker didn't finish in time", SL_LOG_I("worker", supervisor->retiring[i].pid));
		kill(supervisor->retiring[i].pid, SIGKILL);
		supervisor->retiring[i].kill_ms = INT64_MAX; /* what remains is to reap it */
	}
}

/* Puts `fresh` (then empty) in place of the present configuration. */
static void take_config(struct supervisor *supervisor, struct sl_config *fresh)
{
	const char *fixed = sl_config_keep_fixed(fresh, supervisor->config);
	if (fixed)
		sl_log(SL_LOG_WARN, "a changed setting needs a restart", SL_LOG_S("key", fixed));
	sl_config_dispose(supervisor->config);
	*supervisor->config = *fresh;
	int code = sl_log_open(supervisor->config->log_file, (enum sl_log_level)supervisor->config->log_level);
	if (code != 0)
		sl_log(SL_LOG_ERROR, "the log can't be opened", SL_LOG_S("error", strerror(-code)));
}

static void reload(struct supervisor *supervisor)
{
	struct sl_config fresh;
	struct sl_err err = SL_ERR_INIT;
	if (sl_config_load(&fresh, supervisor->source, &err) != 0) {
		sl_log_reopen();
		sl_log(SL_LOG_ERROR, "the new configuration is not valid, the old one stays", SL_LOG_S("error", err.message));
		return;
	}
	struct slot *old = supervisor->slots, *slots = calloc((size_t)fresh.workers, sizeof(*slots));
	size_t old_count = supervisor->slot_count, count = (size_t)fresh.workers;
	if (!slots || reserve_retiring(supervisor, old_count + count) != 0) {
		sl_log(SL_LOG_ERROR, "no memory for a reload, the old configuration stays", SL_LOG_I("workers", fresh.workers));
		free(slots);
		sl_config_dispose(&fresh);
		return;
	}
	take_config(supervisor, &fresh);
	supervisor->slots = slots;
	supervisor->slot_count = count;
	start_due(supervisor);
	retire(supervisor, old, old_count);
	free(old);
	sl_log(SL_LOG_INFO, "reloaded", SL_LOG_I("workers", (int64_t)count));
}

static void begin_stop(struct supervisor *supervisor)
{
	if (supervisor->stopping) {
		for (size_t i = 0; i < supervisor->retiring_count; i++)
			supervisor->retiring[i].kill_ms = 0;
		return;
	}
	sl_log(SL_LOG_INFO, "stopping", SL_LOG_I("workers", (int64_t)supervisor->slot_count));
	supervisor->stopping = true;
	if (supervisor->listener->own) {
		sl_listener_unlink(supervisor->listener);
		sl_shared_drain(supervisor->shared);
	}
	retire(supervisor, supervisor->slots, supervisor->slot_count);
	supervisor->slot_count = 0;
}

static void reopen_logs(struct supervisor *supervisor)
{
	sl_log_reopen();
	for (size_t i = 0; i < supervisor->slot_count; i++)
		if (supervisor->slots[i].pid > 0)
			kill(supervisor->slots[i].pid, SIGUSR1);
	for (size_t i = 0; i < supervisor->retiring_count; i++)
		kill(supervisor->retiring[i].pid, SIGUSR1);
}

static void take_signals(struct supervisor *supervisor)
{
	for (int signal_number; (signal_number = sl_signals_next(supervisor->signals)) != 0;) {
		if (signal_number == SIGTERM || signal_number == SIGINT)
			begin_stop(supervisor);
		else if (signal_number == SIGHUP && !supervisor->stopping)
			reload(supervisor);
		else if (signal_number == SIGUSR1)
			reopen_logs(supervisor);
	}
}

/* Milliseconds until something is due; -1: nothing is. */
static int next_due_ms(const struct supervisor *supervisor)
{
	int64_t due = INT64_MAX, now = sl_clock_steady_ms();
	for (size_t i = 0; i < supervisor->slot_count; i++)
		if (supervisor->slots[i].pid == 0 && supervisor->slots[i].start_ms < due)
			due = supervisor->slots[i].start_ms;
	for (size_t i = 0; i < supervisor->retiring_count; i++)
		if (supervisor->retiring[i].kill_ms < due)
			due = supervisor->retiring[i].kill_ms;
	if (due == INT64_MAX)
		return -1;
	return due > now ? (int)(due - now < 60000 ? due - now : 60000) : 0;
}

static int open_supervisor(struct supervisor *supervisor, struct sl_err *err)
{
	supervisor->signals = sl_signals_open();
	if (supervisor->signals < 0)
		return sl_err_set(err, SL_INTERNAL, "signalfd: %s", strerror(-supervisor->signals));
	supervisor->shared = sl_shared_new();
	supervisor->slots = calloc((size_t)supervisor->config->workers, sizeof(*supervisor->slots));
	supervisor->slot_count = (size_t)supervisor->config->workers;
	if (!supervisor->shared || !supervisor->slots || reserve_retiring(supervisor, supervisor->slot_count) != 0)
		return sl_err_set(err, SL_NO_MEMORY, "out of memory");
	return 0;
}

static void watch(struct supervisor *supervisor)
{
	struct pollfd fd = { .fd = supervisor->signals, .events = POLLIN };
	while (!supervisor->stopping || supervisor->retiring_count > 0) {
		start_due(supervisor);
		poll(&fd, 1, next_due_ms(supervisor));
		take_signals(supervisor);
		reap(supervisor);
		kill_overdue(supervisor);
	}
}

int sl_supervisor_run(struct sl_config *config, const struct sl_config_source *source, struct sl_listener *listener,
	struct sl_err *err)
{
	struct supervisor supervisor = { .config = config, .source = source, .listener = listener, .signals = -1 };
	int code = open_supervisor(&supervisor, err);
	if (code == 0) {
		sl_log(SL_LOG_INFO, "started", SL_LOG_S("version", SL_VERSION), SL_LOG_I("workers", config->workers));
		watch(&supervisor);
		sl_log(SL_LOG_INFO, "stopped", SL_LOG_S("version", SL_VERSION));
	}
	if (supervisor.signals >= 0)
		close(supervisor.signals);
	free(supervisor.slots);
	free(supervisor.retiring);
	sl_shared_free(&supervisor.shared);
	return code;
}
