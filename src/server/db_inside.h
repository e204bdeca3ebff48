/* What db.c and tx.c share; nobody else includes it. */
#ifndef SL_SERVER_DB_INSIDE_H
#define SL_SERVER_DB_INSIDE_H

#include <mysql.h>

#include "server/db.h"
#include "server/fault.h"
#include "server/stmt.h"

struct sl_db {
	const struct sl_config *config; /* borrowed */
	MYSQL *mysql;                   /* NULL: lost */
	struct sl_stmt stmts[SL_SQL_COUNT];
	struct sl_stmt_buffer buffer;
	size_t packet_bytes;  /* the server's max_allowed_packet */
	int64_t retry_at_ms;  /* steady clock: no earlier attempt to connect */
	int64_t retry_delay_ms;
	bool away;            /* the loss was logged */
	bool in_row;          /* a row callback is running */
	bool in_tx;
	enum sl_db_fault tx_fault; /* the first failure after which this transaction can't be committed */
};

/* Connects again, whatever the back-off says, and logs the first failure of a series. Returns 0, or SL_UNAVAILABLE
 * with a message for clients. */
int sl_db_reconnect(struct sl_db *db, struct sl_err *err) __attribute__((warn_unused_result));

/* Closes the connection; everything fails until the next reconnect. */
void sl_db_lose(struct sl_db *db);

#endif
