/* slatesync-admin migrate, status, epoch new. */
#include <inttypes.h>
#include <stdio.h>

#include "server/admin.h"
#include "server/db.h"
#include "server/health.h"
#include "server/migrate.h"
#include "server/random.h"

/* A dry run prints SQL that could be fed to a client; a real one only the names. */
static void tell(void *context, int version, const char *name, const char *step)
{
	const bool *dry_run = context;
	if (!step)
		printf("%smigration %d: %s\n", *dry_run ? "-- " : "", version, name);
	else if (*dry_run)
		printf("%s;\n", step);
	fflush(stdout);
}

int sl_admin_migrate(struct sl_admin *admin, struct sl_err *err)
{
	int from = 0;
	int code = sl_migrate_run(&admin->config, admin->dry_run, &from, tell, &admin->dry_run, err);
	if (code != 0)
		return code;
	if (from == sl_migrate_latest())
		printf("%sthe schema is at version %d: nothing to do\n", admin->dry_run ? "-- " : "", from);
	else if (!admin->dry_run)
		printf("the schema is at version %d\n", sl_migrate_latest());
	return 0;
}

static int print_epoch(void *context, const struct sl_value *columns, struct sl_err *err)
{
	(void)context;
	(void)err;
	printf("epoch       %.*s\n", (int)columns[0].text.length, columns[0].text.bytes);
	return 0;
}

static int print_counts(void *context, const struct sl_value *columns, struct sl_err *err)
{
	static const char *const names[] = { "users", "projects", "devices", "sessions", "snapshots", "operations" };
	(void)context;
	(void)err;
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		printf("%-11s %" PRId64 "\n", names[i], columns[i].number);
	return 0;
}

static void print_warning(void *context, const char *setting, int64_t value, const char *advice)
{
	(void)context;
	printf("warning: %s is %" PRId64 "; %s\n", setting, value, advice);
}

static int print_status(struct sl_admin *admin, struct sl_db *db, struct sl_err *err)
{
	struct sl_health health;
	int code = sl_health_read(db, &health, err);
	if (code != 0)
		return code;
	printf("server      %s\nschema      %d\n", health.server, sl_migrate_latest());
	int64_t rows = sl_db_query(db, SL_SQL_EPOCH_GET, NULL, 0, print_epoch, NULL, err);
	if (rows >= 0)
		rows = sl_db_query(db, SL_SQL_HEALTH_COUNTS, NULL, 0, print_counts, NULL, err);
	if (rows < 0)
		return (int)rows;
	sl_health_check(&health, &admin->config, print_warning, NULL);
	return 0;
}

int sl_admin_status(struct sl_admin *admin, struct sl_err *err)
{
	struct sl_db *db;
	int code = sl_db_open(&admin->config, &db, err);
	if (code == 0)
		code = print_status(admin, db, err);
	sl_db_close(&db);
	return code;
}

int sl_admin_epoch_new(struct sl_admin *admin, struct sl_err *err)
{
	struct sl_db *db;
	char epoch[SL_RANDOM_UUID];
	int code = sl_db_open(&admin->config, &db, err);
	if (code == 0) {
		sl_random_uuid(epoch);
		const struct sl_value values[] = { SL_TEXT(sl_str_from(epoch)) };
		code = sl_db_exec(db, SL_SQL_EPOCH_SET, values, 1, NULL, err);
	}
	if (code == 0)
		printf("epoch       %s\n", epoch);
	sl_db_close(&db);
	return code;
}
