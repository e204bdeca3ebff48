/* The listening socket. Keeps true: the path of a server that answers is never taken away, and two servers that start
 * at once can't both take a stale one, because the directory is locked meanwhile. The permissions hold from the first
 * moment. Sources: sd_listen_fds(3), unix(7).
 */
#include "server/listener.h"

#include <errno.h>
#include <fcntl.h>
#include <libgen.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#define FIRST_PASSED_FD 3

/* A listening socket's family, or -1. */
static int listening_family(int fd)
{
	int listening = 0, family = -1;
	socklen_t size = sizeof(listening);
	if (getsockopt(fd, SOL_SOCKET, SO_ACCEPTCONN, &listening, &size) != 0 || !listening)
		return -1;
	size = sizeof(family);
	return getsockopt(fd, SOL_SOCKET, SO_DOMAIN, &family, &size) == 0 ? family : -1;
}

static int count_passed(void)
{
	const char *pid = getenv("LISTEN_PID"), *count = getenv("LISTEN_FDS");
	if (!pid || !count || strtol(pid, NULL, 10) != (long)getpid())
		return 0;
	return (int)strtol(count, NULL, 10);
}

/* The socket that was passed to us: its descriptor, -1 if none was, or a negative code below that. */
static int find_passed(struct sl_err *err)
{
	int count = count_passed();
	unsetenv("LISTEN_PID");
	unsetenv("LISTEN_FDS");
	unsetenv("LISTEN_FDNAMES");
	if (count > 1)
		return sl_err_set(err, SL_INVALID, "LISTEN_FDS passes %d sockets, expected one", count);
	if (count == 1 && listening_family(FIRST_PASSED_FD) != AF_UNIX)
		return sl_err_set(err, SL_INVALID, "LISTEN_FDS doesn't pass a listening Unix socket");
	if (count == 1)
		return FIRST_PASSED_FD;
	int family = listening_family(STDIN_FILENO);
	if (family >= 0 && family != AF_UNIX)
		return sl_err_set(err, SL_INVALID, "descriptor 0 is not a Unix socket");
	return family == AF_UNIX ? STDIN_FILENO : -1;
}

static int set_flags(int fd, struct sl_err *err)
{
	int flags = fcntl(fd, F_GETFL);
	if (flags < 0 || fcntl(fd, F_SETFL, flags | O_NONBLOCK) != 0 || fcntl(fd, F_SETFD, FD_CLOEXEC) != 0)
		return sl_err_set(err, SL_INTERNAL, "fcntl: %s", strerror(errno));
	return 0;
}

static int lock_directory(const char *path, struct sl_err *err)
{
	char copy[108];
	memcpy(copy, path, strlen(path) + 1);
	const char *directory = dirname(copy);
	int fd = open(directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fd < 0 || flock(fd, LOCK_EX) != 0) {
		sl_err_set(err, SL_INTERNAL, "%s: %s", directory, strerror(errno));
		if (fd >= 0)
			close(fd);
		return -1;
	}
	return fd;
}

/* Removes the socket at `address` if nobody listens on it. */
static int remove_stale(const struct sockaddr_un *address, struct sl_err *err)
{
	struct stat status;
	if (lstat(address->sun_path, &status) != 0)
		return errno == ENOENT ? 0 : sl_err_set(err, SL_INTERNAL, "%s: %s", address->sun_path, strerror(errno));
	if (!S_ISSOCK(status.st_mode))
		return sl_err_set(err, SL_CONFLICT, "%s exists and is not a socket", address->sun_path);
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (fd < 0)
		return sl_err_set(err, SL_INTERNAL, "socket: %s", strerror(errno));
	int fault = connect(fd, (const struct sockaddr *)address, sizeof(*address)) == 0 ? 0 : errno;
	close(fd);
	if (fault != ECONNREFUSED)
		return sl_err_set(err, SL_CONFLICT, "%s: another server answers there", address->sun_path);
	if (unlink(address->sun_path) != 0)
		return sl_err_set(err, SL_INTERNAL, "%s: %s", address->sun_path, strerror(errno));
	return 0;
}

static int bind_and_listen(int fd, const struct sockaddr_un *address, const struct sl_config *config, uid_t uid,
	gid_t gid, struct sl_err *err)
{
	mode_t before = umask((mode_t)(0777 & ~config->listen_mode));
	int bound = bind(fd, (const struct sockaddr *)address, sizeof(*address));
	int fault = errno;
	umask(before);
	if (bound != 0)
		return sl_err_set(err, SL_INTERNAL, "%s: %s", address->sun_path, strerror(fault));
	if ((uid != (uid_t)-1 || gid != (gid_t)-1) && lchown(address->sun_path, uid, gid) != 0)
		return sl_err_set(err, SL_INTERNAL, "%s: %s", address->sun_path, strerror(errno));
	if (listen(fd, (int)config->listen_backlog) != 0)
		return sl_err_set(err, SL_INTERNAL, "listen: %s", strerror(errno));
	return 0;
}

static void note_identity(struct sl_listener *listener)
{
	struct stat status;
	if (lstat(listener->path, &status) == 0) {
		listener->device = status.st_dev;
		listener->inode = status.st_ino;
	}
}

static int open_own(struct sl_listener *listener, const struct sl_config *config, uid_t uid, gid_t gid,
	struct sl_err *err)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	memcpy(address.sun_path, config->listen, strlen(config->listen) + 1);
	memcpy(listener->path, address.sun_path, sizeof(address.sun_path));
	int lock = lock_directory(listener->path, err);
	if (lock < 0)
		return SL_INTERNAL;
	int code = remove_stale(&address, err);
	if (code == 0) {
		listener->fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
		if (listener->fd < 0)
			code = sl_err_set(err, SL_INTERNAL, "socket: %s", strerror(errno));
	}
	if (code == 0)
		code = bind_and_listen(listener->fd, &address, config, uid, gid, err);
	if (code == 0) {
		listener->own = true;
		note_identity(listener);
	}
	close(lock);
	return code;
}

int sl_listener_open(struct sl_listener *listener_r, const struct sl_config *config, uid_t uid, gid_t gid,
	struct sl_err *err)
{
	*listener_r = (struct sl_listener){ .fd = -1 };
	int passed = find_passed(err);
	if (passed < -1)
		return passed;
	int code;
	if (passed >= 0) {
		listener_r->fd = passed;
		code = set_flags(passed, err);
	} else {
		code = open_own(listener_r, config, uid, gid, err);
	}
	if (code != 0)
		sl_listener_close(listener_r);
	return code;
}

void sl_listener_unlink(struct sl_listener *listener)
{
	struct stat status;
	if (listener->own && lstat(listener->path, &status) == 0 && status.st_dev == listener->device &&
		status.st_ino == listener->inode)
		unlink(listener->path);
}

void sl_listener_close(struct sl_listener *listener)
{
	if (listener->fd >= 0)
		close(listener->fd);
	listener->fd = -1;
}
