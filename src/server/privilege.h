/* Giving up root. */
#ifndef SL_SERVER_PRIVILEGE_H
#define SL_SERVER_PRIVILEGE_H

#include <sys/types.h>

#include "server/config.h"

/* Whom to become, and who owns the socket; (uid_t)-1 and (gid_t)-1: no change. */
struct sl_privilege {
	const char *user;
	uid_t uid;
	gid_t gid, socket_gid;
};

/* Looks `user`, `group` and `listen_group` up. Started as anybody but root it asks for nothing. SL_INVALID for a name
 * that doesn't exist. */
int sl_privilege_find(struct sl_privilege *privilege_r, const struct sl_config *config, struct sl_err *err)
	__attribute__((warn_unused_result));

/* Becomes that user for good. */
int sl_privilege_drop(const struct sl_privilege *privilege, struct sl_err *err) __attribute__((warn_unused_result));

#endif
