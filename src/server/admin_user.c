/* slatesync-admin user add, user passwd, user list. The clear password lives in one buffer, which is wiped. */
#include <inttypes.h>
#include <sodium.h>
#include <stdio.h>
#include <time.h>

#include "server/admin.h"
#include "server/clock.h"
#include "server/user.h"

/* What is done with the account once its password is hashed. */
typedef int (*account_fn)(struct sl_db *db, const char *email, const char *encoded, struct sl_err *err);

static int add(struct sl_db *db, const char *email, const char *encoded, struct sl_err *err)
{
	struct sl_user user;
	int code = sl_user_create(db, email, encoded, sl_clock_wall_ms(), &user, err);
	if (code == 0)
		printf("created %s as user %" PRId64 "\n", email, user.user_id);
	return code;
}

static int change(struct sl_db *db, const char *email, const char *encoded, struct sl_err *err)
{
	struct sl_user user;
	int code = sl_user_find(db, email, &user, err);
	if (code == 0)
		code = sl_user_password_set(db, user.user_id, encoded, 0, err);
	if (code == 0)
		printf("changed the password of %s and ended its sessions\n", email);
	return code;
}

/* Checks the address, and that the database is there, before anybody is asked for a password. */
static int with_password(struct sl_admin *admin, account_fn fn, struct sl_err *err)
{
	struct sl_db *db = NULL;
	char email[SL_USER_EMAIL + 1], encoded[SL_PASSWORD_ENCODED], password[SL_PASSWORD_MOST + 1] = "";
	int code = sl_user_email(sl_str_from(admin->argument), email, err);
	if (code == 0)
		code = sl_db_open(&admin->config, &db, err);
	if (code == 0)
		code = sl_admin_password(admin, password, err);
	if (code == 0)
		code = sl_password_hash(sl_str_from(password), sl_user_password_cost(&admin->config), encoded, err);
	if (code == 0)
		code = fn(db, email, encoded, err);
	if (code == 0 && admin->random_password)
		printf("password: %s\n", password);
	sodium_memzero(password, sizeof(password));
	sl_db_close(&db);
	return code;
}

int sl_admin_user_add(struct sl_admin *admin, struct sl_err *err) { return with_password(admin, add, err); }
int sl_admin_user_passwd(struct sl_admin *admin, struct sl_err *err) { return with_password(admin, change, err); }

static void print_time(int64_t ms)
{
	char text[32] = "-";
	time_t seconds = (time_t)(ms / 1000);
	struct tm parts;
	if (ms > 0 && gmtime_r(&seconds, &parts))
		strftime(text, sizeof(text), "%Y-%m-%dT%H:%M:%SZ", &parts);
	printf("\t%s", text);
}

static int print_user(void *context, const struct sl_value *columns, struct sl_err *err)
{
	(void)context;
	(void)err;
	printf("%" PRId64 "\t%.*s", columns[0].number, (int)columns[1].text.length, columns[1].text.bytes);
	print_time(columns[2].number);
	print_time(columns[3].number);
	printf("\t%" PRId64 "\n", columns[4].number);
	return 0;
}

int sl_admin_user_list(struct sl_admin *admin, struct sl_err *err)
{
	struct sl_db *db;
	int64_t code = sl_db_open(&admin->config, &db, err);
	if (code == 0) {
		puts("user\temail\tcreated\tchanged\tbytes");
		code = sl_db_query(db, SL_SQL_USER_LIST, NULL, 0, print_user, NULL, err);
	}
	sl_db_close(&db);
	return code < 0 ? (int)code : 0;
}
