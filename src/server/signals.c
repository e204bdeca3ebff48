/* Signals through signalfd(2): no handler runs, no call is interrupted, and a signal that arrives while a request is
 * served waits until somebody asks. (With handlers and ppoll(2) a busy worker might never see one: a call that finds
 * descriptors ready returns without opening the mask to signals.)
 */
#include "server/signals.h"

#include <errno.h>
#include <signal.h>
#include <stddef.h>
#include <sys/signalfd.h>
#include <unistd.h>

int sl_signals_open(void)
{
	static const int watched[] = { SIGHUP, SIGINT, SIGTERM, SIGUSR1, SIGCHLD };
	sigset_t set;
	sigemptyset(&set);
	for (size_t i = 0; i < sizeof(watched) / sizeof(watched[0]); i++)
		sigaddset(&set, watched[i]);
	/* An ignored CHLD, inherited from a careless parent, would make the kernel reap children unseen. */
	signal(SIGCHLD, SIG_DFL);
	signal(SIGPIPE, SIG_IGN);
	if (sigprocmask(SIG_BLOCK, &set, NULL) != 0)
		return -errno;
	int fd = signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
	return fd < 0 ? -errno : fd;
}

int sl_signals_next(int fd)
{
	struct signalfd_siginfo info;
	ssize_t got = read(fd, &info, sizeof(info));
	return got == (ssize_t)sizeof(info) ? (int)info.ssi_signo : 0;
}
