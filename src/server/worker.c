/* A worker: one request at a time, from new connections and from at most one kept one. Keeps true: an idle kept
 * connection never makes a new one wait, and is given up only for a connection that this worker really got; a request
 * that reached us is answered before its connection closes. When the supervisor dies the kernel sends TERM
 * (PR_SET_PDEATHSIG).
 */
#include "server/worker.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#include "server/log.h"
#include "server/serve.h"
#include "server/signals.h"

#define PEER_TIMEOUT_SECS 20 /* a peer that stops in the middle of a record */
#define SILENT_MS 2000       /* a new connection on which nothing comes; nginx connects only to send at once */
#define IDLE_FIRST_MS 1      /* how long a worker with a kept connection leaves a new one to idle workers */
#define STARVED_MS 100       /* pause when no descriptor is left to accept with */
#define MEMORY_EVERY 64      /* requests between looks at resident memory */

struct worker {
	const struct sl_config *config;
	struct sl_server server;
	int signals, listener;
	int kept;            /* idle connection, or -1 */
	bool passed_over;    /* a new connection was waiting when the kept one was served */
	bool stop;
	int64_t serve_at_most; /* requests; 0: no end */
};

static void take_signals(struct worker *worker)
{
	for (int signal_number; (signal_number = sl_signals_next(worker->signals)) != 0;) {
		if (signal_number == SIGTERM)
			worker->stop = true;
		else if (signal_number == SIGUSR1)
			sl_log_reopen();
	}
}

/* Whether this process has grown beyond what it may keep. */
static bool is_large(const struct sl_config *config)
{
	long pages = 0;
	FILE *file = config->worker_memory_retire ? fopen("/proc/self/statm", "re") : NULL;
	if (!file)
		return false;
	if (fscanf(file, "%*s %ld", &pages) != 1)
		pages = 0;
	fclose(file);
	return (int64_t)pages * sysconf(_SC_PAGESIZE) > config->worker_memory_retire;
}

static int serve(struct worker *worker, int fd)
{
	int kept = sl_serve_request(&worker->server, fd);
	int64_t served = worker->server.served;
	if (worker->serve_at_most != 0 && served >= worker->serve_at_most)
		worker->stop = true;
	if (served % MEMORY_EVERY == 0 && is_large(worker->config)) {
		sl_log(SL_LOG_INFO, "retiring: too much memory", SL_LOG_I("served", served));
		worker->stop = true;
	}
	return kept;
}

static bool has_arrived(int fd)
{
	char byte;
	return recv(fd, &byte, 1, MSG_PEEK | MSG_DONTWAIT) > 0;
}

/* Closes the kept connection. Its next request may be on the way: one that is here already is answered first. What
 * comes after the SHUT_RD the peer can't send any more, and tries elsewhere; what came just before it still counts. */
static void give_up_kept(struct worker *worker)
{
	if (worker->kept >= 0 && has_arrived(worker->kept))
		worker->kept = serve(worker, worker->kept);
	if (worker->kept >= 0) {
		shutdown(worker->kept, SHUT_RD);
		if (has_arrived(worker->kept))
			worker->kept = serve(worker, worker->kept);
	}
	if (worker->kept >= 0)
		close(worker->kept);
	worker->kept = -1;
}

/* A new connection, or -1. */
static int accept_new(struct worker *worker)
{
	struct timeval timeout = { .tv_sec = PEER_TIMEOUT_SECS };
	int fd = accept4(worker->listener, NULL, NULL, SOCK_CLOEXEC);
	if (fd >= 0) {
		setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &timeout, sizeof(timeout));
		setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &timeout, sizeof(timeout));
	} else if (errno == EMFILE || errno == ENFILE || errno == ENOBUFS || errno == ENOMEM) {
		sl_log(SL_LOG_WARN, "a connection can't be accepted", SL_LOG_S("error", strerror(errno)));
		poll(NULL, 0, STARVED_MS);
	}
	return fd;
}

static bool speaks(int fd)
{
	struct pollfd peer = { .fd = fd, .events = POLLIN };
	return poll(&peer, 1, SILENT_MS) > 0;
}

static bool serve_new(struct worker *worker)
{
	int fd = accept_new(worker);
	if (fd < 0)
		return false;
	give_up_kept(worker);
	if (speaks(fd))
		worker->kept = serve(worker, fd);
	else
		close(fd);
	return true;
}

/* Waits for signals, the listening socket (if `listen`) and the kept connection; returns what is ready. */
#define NEW_READY 1
#define KEPT_READY 2
static int wait_ready(struct worker *worker, bool listen, int timeout_ms)
{
	struct pollfd fds[] = {
		{ .fd = worker->signals, .events = POLLIN },
		{ .fd = listen ? worker->listener : -1, .events = POLLIN },
		{ .fd = worker->kept, .events = POLLIN }, /* poll(2) skips what is negative */
	};
	if (poll(fds, sizeof(fds) / sizeof(fds[0]), timeout_ms) <= 0)
		return 0;
	take_signals(worker);
	return (fds[1].revents ? NEW_READY : 0) | (fds[2].revents ? KEPT_READY : 0);
}

static void serve_next(struct worker *worker)
{
	int ready = wait_ready(worker, true, -1);
	if (ready == NEW_READY && worker->kept >= 0)
		ready |= wait_ready(worker, false, IDLE_FIRST_MS);
	if (worker->stop || ready == 0)
		return;
	if ((ready & KEPT_READY) && !(worker->passed_over && (ready & NEW_READY))) {
		worker->kept = serve(worker, worker->kept);
		worker->passed_over = (ready & NEW_READY) != 0;
	} else {
		serve_new(worker);
		worker->passed_over = false;
	}
}

static void set_limits(const struct sl_config *config)
{
	struct rlimit none = { 0, 0 };
	setrlimit(RLIMIT_CORE, &none); /* a core file would hold users' projects */
	if (config->worker_memory_limit > 0) {
		struct rlimit limit = { (rlim_t)config->worker_memory_limit, (rlim_t)config->worker_memory_limit };
		if (setrlimit(RLIMIT_AS, &limit) != 0)
			sl_log(SL_LOG_WARN, "worker_memory_limit can't be set", SL_LOG_S("error", strerror(errno)));
	}
}

/* Some workers retire a little before others, so that not all start over at once. */
static int64_t requests_of_life(const struct sl_config *config)
{
	int64_t most = config->worker_max_requests;
	return most - most / 128 * (getpid() % 16);
}

static bool open_worker(struct worker *worker, struct sl_shared *shared, pid_t supervisor)
{
	worker->signals = sl_signals_open();
	if (worker->signals < 0)
		return false;
	prctl(PR_SET_PDEATHSIG, SIGTERM);
	if (getppid() != supervisor) /* it died before we asked to be told */
		worker->stop = true;
	prctl(PR_SET_NAME, "slatesyncd-work");
	set_limits(worker->config);
	return sl_serve_init(&worker->server, worker->config, shared) == 0;
}

int sl_worker_run(const struct sl_config *config, struct sl_shared *shared, int listener, pid_t supervisor)
{
	struct worker worker = { .config = config, .signals = -1, .listener = listener, .kept = -1,
		.serve_at_most = requests_of_life(config) };
	bool opened = open_worker(&worker, shared, supervisor);
	while (opened && !worker.stop)
		serve_next(&worker);
	give_up_kept(&worker);
	if (opened && sl_shared_draining(shared))
		while (serve_new(&worker))
			give_up_kept(&worker);
	sl_log(SL_LOG_DEBUG, "worker ends", SL_LOG_I("served", worker.server.served));
	sl_serve_dispose(&worker.server);
	if (worker.signals >= 0)
		close(worker.signals);
	return opened ? 0 : 1;
}
