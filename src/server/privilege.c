/* Giving up root: groups first, then group, then user, and a check that there is no way back (setresuid(2)). */
#include "server/privilege.h"

#include <errno.h>
#include <grp.h>
#include <pwd.h>
#include <string.h>
#include <unistd.h>

static int find_group(const char *name, gid_t *gid_r, struct sl_err *err)
{
	if (!*name)
		return 0;
	const struct group *group = getgrnam(name);
	if (!group)
		return sl_err_set(err, SL_INVALID, "there is no group '%s'", name);
	*gid_r = group->gr_gid;
	return 0;
}

int sl_privilege_find(struct sl_privilege *privilege_r, const struct sl_config *config, struct sl_err *err)
{
	*privilege_r = (struct sl_privilege){ NULL, (uid_t)-1, (gid_t)-1, (gid_t)-1 };
	if (geteuid() != 0)
		return 0;
	if (*config->user) {
		const struct passwd *user = getpwnam(config->user);
		if (!user)
			return sl_err_set(err, SL_INVALID, "there is no user '%s'", config->user);
		privilege_r->user = config->user;
		privilege_r->uid = user->pw_uid;
		privilege_r->gid = user->pw_gid;
	}
	int code = find_group(config->group, &privilege_r->gid, err);
	privilege_r->socket_gid = privilege_r->gid;
	return code == 0 ? find_group(config->listen_group, &privilege_r->socket_gid, err) : code;
}

int sl_privilege_drop(const struct sl_privilege *privilege, struct sl_err *err)
{
	uid_t uid = privilege->uid;
	gid_t gid = privilege->gid;
	if (privilege->user && initgroups(privilege->user, gid) != 0)
		return sl_err_set(err, SL_INTERNAL, "initgroups: %s", strerror(errno));
	if (gid != (gid_t)-1 && setresgid(gid, gid, gid) != 0)
		return sl_err_set(err, SL_INTERNAL, "setresgid: %s", strerror(errno));
	if (uid != (uid_t)-1 && setresuid(uid, uid, uid) != 0)
		return sl_err_set(err, SL_INTERNAL, "setresuid: %s", strerror(errno));
	if (uid != (uid_t)-1 && uid != 0 && setuid(0) == 0)
		return sl_err_set(err, SL_INTERNAL, "root could be regained");
	return 0;
}
