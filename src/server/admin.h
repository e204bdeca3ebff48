/* slatesync-admin: what its commands share. Each returns 0 or a negative code with `err` set. */
#ifndef SL_SERVER_ADMIN_H
#define SL_SERVER_ADMIN_H

#include <stdbool.h>

#include "server/config.h"
#include "server/password.h"

struct sl_admin {
	struct sl_config config;
	bool dry_run, random_password;
	const char *password_file; /* NULL: ask on the terminal; "-": standard input */
	const char *argument;      /* the command's operand, or NULL */
};

int sl_admin_migrate(struct sl_admin *admin, struct sl_err *err);
int sl_admin_status(struct sl_admin *admin, struct sl_err *err);
int sl_admin_snapshots_gc(struct sl_admin *admin, struct sl_err *err);
int sl_admin_epoch_new(struct sl_admin *admin, struct sl_err *err);
int sl_admin_user_add(struct sl_admin *admin, struct sl_err *err);
int sl_admin_user_passwd(struct sl_admin *admin, struct sl_err *err);
int sl_admin_user_list(struct sl_admin *admin, struct sl_err *err);

/* Reads or makes the password that the options ask for. A random one is printed by the caller, when
 * it is stored. The caller wipes it. */
int sl_admin_password(const struct sl_admin *admin, char password_r[SL_PASSWORD_MOST + 1], struct sl_err *err);

#endif
