/* Migrations: see migrate.h. DDL commits by itself in MariaDB, so each step can be repeated (IF NOT EXISTS…) and a
 * version is recorded when its last step is done. One migrator at a time: GET_LOCK, which ends with the connection. */
#include "server/migrate.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "server/connection.h"

struct step {
	int version;
	const char *name, *text;
};

static const struct step steps[] = {
#include "server/migrations.inc"
};
#define STEP_COUNT (sizeof(steps) / sizeof(steps[0]))

/* The server waits for a minute, in which a busy first migrator should end. */
static const char take_lock[] = "SELECT GET_LOCK(CONCAT('slatesync.migrate.', DATABASE()), 60)";

static const char create_record[] =
	"CREATE TABLE IF NOT EXISTS schema_migrations (version INT NOT NULL PRIMARY KEY,"
	" name VARCHAR(64) CHARACTER SET ascii COLLATE ascii_nopad_bin NOT NULL, applied_at BIGINT NOT NULL)"
	" ENGINE=InnoDB ROW_FORMAT=DYNAMIC DEFAULT CHARACTER SET utf8mb4 COLLATE utf8mb4_nopad_bin";

static const char insert_record[] = "INSERT INTO schema_migrations (version, name, applied_at)"
	" VALUES (?, ?, CAST(UNIX_TIMESTAMP(NOW(3)) * 1000 AS SIGNED))";

int sl_migrate_latest(void) { return steps[STEP_COUNT - 1].version; }

static int run_step(MYSQL *mysql, const char *sql, int version, struct sl_err *err)
{
	if (mysql_real_query(mysql, sql, strlen(sql)) == 0)
		return 0;
	int line_length = (int)strcspn(sql, "\n");
	return sl_err_set(err, SL_INTERNAL, "migration %d failed at \"%.*s…\": %s (%u)", version, line_length, sql,
		mysql_error(mysql), mysql_errno(mysql));
}

static int record(MYSQL *mysql, const struct step *step, struct sl_err *err)
{
	int version = step->version, code = 0;
	MYSQL_BIND binds[2] = {
		{ .buffer_type = MYSQL_TYPE_LONG, .buffer = &version },
		{ .buffer_type = MYSQL_TYPE_STRING, .buffer = (void *)step->name, .buffer_length = strlen(step->name) },
	};
	MYSQL_STMT *stmt = mysql_stmt_init(mysql);
	if (!stmt)
		return sl_err_set(err, SL_NO_MEMORY, "no memory for a statement");
	if (mysql_stmt_prepare(stmt, insert_record, sizeof(insert_record) - 1) != 0 ||
		mysql_stmt_bind_param(stmt, binds) != 0 || mysql_stmt_execute(stmt) != 0)
		code = sl_err_set(err, SL_INTERNAL, "can't record migration %d: %s (%u)", version, mysql_stmt_error(stmt),
			mysql_stmt_errno(stmt));
	mysql_stmt_close(stmt);
	return code;
}

static int lock(MYSQL *mysql, struct sl_err *err)
{
	char answer[8];
	unsigned number = sl_connection_ask(mysql, take_lock, answer, sizeof(answer));
	if (number != 0)
		return sl_err_set(err, SL_UNAVAILABLE, "can't take the migration lock: %s (%u)", mysql_error(mysql), number);
	if (strcmp(answer, "1") != 0)
		return sl_err_set(err, SL_UNAVAILABLE, "another migration is running and doesn't end");
	return 0;
}

static int find_version(MYSQL *mysql, int *version_r, struct sl_err *err)
{
	int code = sl_connection_schema(mysql, version_r, err);
	if (code == 0 && *version_r > sl_migrate_latest())
		return sl_err_set(err, SL_INTERNAL, "the schema is at version %d, this program knows up to %d", *version_r,
			sl_migrate_latest());
	return code;
}

/* Runs the steps after version `from`, or only tells about them. */
static int walk(MYSQL *mysql, int from, bool dry_run, sl_migrate_fn tell, void *context, struct sl_err *err)
{
	int code = 0;
	for (size_t i = 0; i < STEP_COUNT && code == 0; i++) {
		const struct step *step = &steps[i];
		bool is_first = i == 0 || steps[i - 1].version != step->version;
		bool is_last = i + 1 == STEP_COUNT || steps[i + 1].version != step->version;
		if (step->version <= from)
			continue;
		if (is_first)
			tell(context, step->version, step->name, NULL);
		tell(context, step->version, step->name, step->text);
		if (dry_run)
			continue;
		code = run_step(mysql, step->text, step->version, err);
		if (code == 0 && is_last)
			code = record(mysql, step, err);
	}
	return code;
}

int sl_migrate_run(const struct sl_config *config, bool dry_run, int *from_r, sl_migrate_fn tell, void *context,
	struct sl_err *err)
{
	MYSQL *mysql;
	int code = sl_connection_open(config, SL_CONNECTION_MIGRATE, &mysql, err);
	if (code != 0)
		return code;
	if (!dry_run)
		code = lock(mysql, err);
	if (code == 0)
		code = find_version(mysql, from_r, err);
	if (code == 0 && !dry_run && *from_r < sl_migrate_latest())
		code = run_step(mysql, create_record, *from_r + 1, err);
	if (code == 0)
		code = walk(mysql, *from_r, dry_run, tell, context, err);
	mysql_close(mysql);
	return code;
}
