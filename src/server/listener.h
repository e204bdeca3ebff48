/* The listening Unix socket: our own, or one that systemd or spawn-fcgi has opened. */
#ifndef SL_SERVER_LISTENER_H
#define SL_SERVER_LISTENER_H

#include <sys/types.h>

#include "server/config.h"

struct sl_listener {
	int fd;   /* non-blocking, close-on-exec */
	bool own; /* opened here, at config->listen */
	char path[108];
	dev_t device; /* of the path, so that only our own socket is ever unlinked */
	ino_t inode;
};

/* Takes the socket of LISTEN_FDS or of descriptor 0 if there is one; else opens config->listen, with the owner `uid`
 * and group `gid` ((uid_t)-1, (gid_t)-1: as they come). A stale socket there, on which nobody listens, is replaced;
 * one that answers, or any other file, is SL_CONFLICT. Other failures: SL_INTERNAL. */
int sl_listener_open(struct sl_listener *listener_r, const struct sl_config *config, uid_t uid, gid_t gid,
	struct sl_err *err) __attribute__((warn_unused_result));

/* Removes the path of an own socket: no new connection can come, those that wait stay. */
void sl_listener_unlink(struct sl_listener *listener);

void sl_listener_close(struct sl_listener *listener);

#endif
