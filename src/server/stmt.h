/* One prepared statement: binding values, executing, fetching rows. For db.c only: see db.h.
 *
 * Functions return 0 or the error number of MariaDB or its client library, whose text sl_stmt_message gives.
 */
#ifndef SL_SERVER_STMT_H
#define SL_SERVER_STMT_H

#include <mysql.h>

#include "server/db.h"

#define SL_STMT_VALUES 64 /* most parameters, and most columns, of a statement */

struct sl_stmt {
	MYSQL_STMT *handle;
	bool prepared;
	const char *name, *text;
};

/* Memory that fetched texts are copied to, kept from row to row. */
struct sl_stmt_buffer {
	char *bytes;
	size_t capacity;
};

unsigned sl_stmt_prepare(struct sl_stmt *stmt, MYSQL *mysql);
void sl_stmt_close(struct sl_stmt *stmt);

/* The number and text of the last failure. */
unsigned sl_stmt_error(const struct sl_stmt *stmt);
const char *sl_stmt_message(const struct sl_stmt *stmt);

/* Executes with one group of values. */
unsigned sl_stmt_execute(struct sl_stmt *stmt, const struct sl_value *values, size_t count);

/* Executes with as many of the groups as fit into `budget` bytes and SL_STMT_BULK_ROWS; at least one. *done_r tells how
 * many groups were sent, *bytes_r about how many bytes. */
#define SL_STMT_BULK_ROWS 4096
unsigned sl_stmt_execute_bulk(struct sl_stmt *stmt, const struct sl_value *values, size_t rows, size_t columns,
	size_t budget, size_t *done_r, size_t *bytes_r);

/* Bytes that a group of values takes on the wire, or a little more. */
size_t sl_stmt_wire_bytes(const struct sl_value *values, size_t count);

/* Fetches all rows of the executed statement while they stream in; the rest is drained when `row` ends it early.
 * *stopped_r is what `row` returned, or 0. */
unsigned sl_stmt_fetch(struct sl_stmt *stmt, struct sl_stmt_buffer *buffer, sl_db_row_fn row, void *context,
	int64_t *rows_r, int *stopped_r, struct sl_err *err);

/* Gives memory back that an unusually large row needed. */
void sl_stmt_buffer_trim(struct sl_stmt_buffer *buffer);
void sl_stmt_buffer_dispose(struct sl_stmt_buffer *buffer);

#endif
