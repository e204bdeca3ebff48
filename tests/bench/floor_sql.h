/* The project's prepared statements through Connector/C and nothing else: what the benchmark's floor is made of. Any
 * fault ends the process with a message: a floor that fails measures nothing. */
#ifndef SL_BENCH_FLOOR_SQL_H
#define SL_BENCH_FLOOR_SQL_H

#include "server/db.h"

/* Connects as FLOOR_DB_SOCKET, FLOOR_DB_USER, FLOOR_DB_PASSWORD and FLOOR_DB_NAME say, and prepares all statements. */
void floor_sql_open(void);

/* A statement without values, by its text: START TRANSACTION and the like. */
void floor_sql_run(const char *text);

void floor_sql_exec(enum sl_sql name, const struct sl_value *values, size_t count);

/* Calls `row` (unless NULL) for each row while it streams in; returns their number. Columns live until the next row. */
typedef void (*floor_sql_row_fn)(void *context, const struct sl_value *columns);
size_t floor_sql_query(enum sl_sql name, const struct sl_value *values, size_t count, floor_sql_row_fn row, void *context);

/* Values of many rows, column by column as the library wants them, made once and executed often. */
#define FLOOR_SQL_COLUMNS 6
struct floor_sql_rows {
	enum sl_sql name;
	size_t columns, count, capacity;
	struct {
		bool is_number;
		long long *numbers;
		char **texts;
		unsigned long *lengths;
	} cells[FLOOR_SQL_COLUMNS];
};

/* Appends copies of one row's values. */
void floor_sql_keep(struct floor_sql_rows *rows, const struct sl_value *values, size_t columns);

/* Array binding, in as many messages as the server sends them. */
void floor_sql_bulk(struct floor_sql_rows *rows);

void floor_fail(const char *what, const char *why) __attribute__((noreturn));

#endif
