/* Scenarios of db_test: each returns when everything was as expected; CHECK ends the program with status 1. */
#ifndef TESTS_DB_TEST_H
#define TESTS_DB_TEST_H

#include <stdio.h>
#include <stdlib.h>

#include "server/config.h"
#include "server/db.h"
#include "server/db_inside.h"

#define CHECK(condition)                                                                                               \
	do {                                                                                                               \
		if (!(condition)) {                                                                                            \
			fprintf(stderr, "%s:%d: %s\n", __FILE__, __LINE__, #condition);                                            \
			exit(1);                                                                                                   \
		}                                                                                                              \
	} while (0)

extern struct sl_config test_config;

/* An open connection; fails the test otherwise. */
struct sl_db *test_open(void);

/* The only value of a statement's only row, which is a number; -1 when it has no row. */
int64_t test_number(struct sl_db *db, enum sl_sql name, const struct sl_value *values, size_t count);

/* One row (id, NULL, amount, NULL, NULL). */
int test_put(struct sl_db *db, int64_t id, int64_t amount, struct sl_err *err);
int64_t test_amount(struct sl_db *db, int64_t id);

/* Kills the connection of `victim` from another one. */
void test_kill(int64_t connection_id);
int64_t test_connection(struct sl_db *db);

struct test_scenario {
	const char *name;
	void (*run)(void);
};
extern const struct test_scenario test_values[], test_transactions[];

#endif
