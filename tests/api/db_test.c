/* Runs one scenario of the database rooms against a real server: db_test SCENARIO [KEY=VALUE]...
 * Started by test_db.py, which prepares the table db_test and, where needed, a proxy that loses answers. */
#include "db_test.h"

#include <string.h>

#include "server/clock.h"
#include "server/log.h"

struct sl_config test_config;

struct sl_db *test_open(void)
{
	struct sl_db *db;
	struct sl_err err = SL_ERR_INIT;
	if (sl_db_open(&test_config, &db, &err) != 0) {
		fprintf(stderr, "%s\n", err.message);
		exit(1);
	}
	return db;
}

static int take_number(void *context, const struct sl_value *columns, struct sl_err *err)
{
	(void)err;
	CHECK(columns[0].kind == SL_VALUE_INT);
	*(int64_t *)context = columns[0].number;
	return 0;
}

int64_t test_number(struct sl_db *db, enum sl_sql name, const struct sl_value *values, size_t count)
{
	int64_t number = -1;
	CHECK(sl_db_query(db, name, values, count, take_number, &number, NULL) >= 0);
	return number;
}

int test_put(struct sl_db *db, int64_t id, int64_t amount, struct sl_err *err)
{
	const struct sl_value values[] = { SL_INT(id), SL_NULL, SL_INT(amount), SL_NULL, SL_NULL };
	return sl_db_exec(db, SL_SQL_TEST_PUT, values, 5, NULL, err);
}

int64_t test_amount(struct sl_db *db, int64_t id)
{
	const struct sl_value values[] = { SL_INT(id) };
	return test_number(db, SL_SQL_TEST_GET, values, 1);
}

int64_t test_connection(struct sl_db *db) { return test_number(db, SL_SQL_TEST_CONNECTION, NULL, 0); }

void test_kill(int64_t connection_id)
{
	struct sl_db *other = test_open();
	const struct sl_value values[] = { SL_INT(connection_id) };
	CHECK(sl_db_exec(other, SL_SQL_TEST_KILL, values, 1, NULL, NULL) == 0);
	sl_db_close(&other);
}

/* Prints why a connection can't be opened; opening must fail. */
static void open_fails(void)
{
	struct sl_db *db;
	struct sl_err err = SL_ERR_INIT;
	CHECK(sl_db_open(&test_config, &db, &err) != 0);
	CHECK(err.code < 0 && !db);
	printf("%s\n", err.message);
}

static void open_time(void)
{
	enum { TRIES = 20 };
	int64_t begun = sl_clock_steady_ms();
	for (int i = 0; i < TRIES; i++) {
		struct sl_db *db = test_open();
		sl_db_close(&db);
	}
	printf("%d statements, %.1f ms to open\n", (int)SL_SQL_COUNT, (double)(sl_clock_steady_ms() - begun) / TRIES);
}

static const struct test_scenario test_opening[] = {
	{ "open_fails", open_fails },
	{ "open_time", open_time },
	{ NULL, NULL },
};

static void load(int argc, char **argv)
{
	struct sl_err err = SL_ERR_INIT;
	const struct sl_config_source source = { "/dev/null", NULL, (const char *const *)argv, (size_t)argc };
	if (sl_config_load(&test_config, &source, &err) != 0) {
		fprintf(stderr, "%s\n", err.message);
		exit(2);
	}
}

int main(int argc, char **argv)
{
	const struct test_scenario *const tables[] = { test_opening, test_values, test_transactions };
	if (argc < 2)
		return 2;
	load(argc - 2, argv + 2);
	CHECK(sl_log_open(NULL, SL_LOG_ERROR) == 0);
	for (size_t i = 0; i < sizeof(tables) / sizeof(tables[0]); i++)
		for (const struct test_scenario *scenario = tables[i]; scenario->name; scenario++)
			if (strcmp(scenario->name, argv[1]) == 0) {
				scenario->run();
				sl_config_dispose(&test_config);
				return 0;
			}
	fprintf(stderr, "no scenario %s\n", argv[1]);
	return 2;
}
