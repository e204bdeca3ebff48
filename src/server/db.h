/* The database: one connection, its prepared statements, transactions. The rooms behind it (db, tx, connection, stmt,
 * migrate) are the only ones that know mysql.h.
 *
 * All SQL is registered by name in sql/statements/ and prepared when a connection opens, so that a bad statement or an
 * old schema fails at start-up; every value is bound. Errors that reach callers: SL_UNAVAILABLE (connection lost,
 * server shutting down, too many connections, read-only; nothing was changed), SL_UNCERTAIN (connection lost during
 * COMMIT, or during a change outside a transaction), SL_TOO_LARGE (beyond max_allowed_packet), SL_NO_MEMORY,
 * SL_INTERNAL (a bug: logged with the server's message).
 */
#ifndef SL_SERVER_DB_H
#define SL_SERVER_DB_H

#include <stdint.h>

#include "core/base/arena.h"
#include "core/base/error.h"

struct sl_config;
struct sl_db;

/* Names of the statements: SL_SQL_HEAD_LOCK, …: generated from sql/statements/ at build time. */
#include "server/statements.h"

/* Opens a connection (utf8mb4, READ COMMITTED, no automatic reconnect), checks the schema version, prepares.
 * `config` is borrowed until the close. A failure's message is for the operator: it names hosts and users. */
int sl_db_open(const struct sl_config *config, struct sl_db **db_r, struct sl_err *err)
	__attribute__((warn_unused_result));
void sl_db_close(struct sl_db **db);

/* Makes sure that the connection is usable (without a round trip when nothing looks wrong): reconnects if it was
 * lost, not more often than its back-off allows (100 ms doubling to 5 s, jitter). Returns 0 or SL_UNAVAILABLE at
 * once. Inside a transaction it never reconnects. */
int sl_db_ensure(struct sl_db *db, struct sl_err *err) __attribute__((warn_unused_result));

/* A bound value. Text and bytes are borrowed until the call returns. */
enum sl_value_kind { SL_VALUE_NULL, SL_VALUE_INT, SL_VALUE_TEXT, SL_VALUE_BYTES };
struct sl_value {
	enum sl_value_kind kind;
	int64_t number;
	struct sl_str text;
};
#define SL_INT(n) ((struct sl_value){ SL_VALUE_INT, (n), { NULL, 0 } })
#define SL_TEXT(s) ((struct sl_value){ SL_VALUE_TEXT, 0, (s) })
#define SL_BYTES(s) ((struct sl_value){ SL_VALUE_BYTES, 0, (s) })
#define SL_NULL ((struct sl_value){ SL_VALUE_NULL, 0, { NULL, 0 } })

/* Runs a statement without result. `count` must be its number of placeholders. *affected_r may be NULL: rows really
 * changed or inserted. A duplicate key gives SL_CONFLICT; after any other failure a transaction can't be committed
 * any more, and every further call in it fails with the same code. */
int sl_db_exec(struct sl_db *db, enum sl_sql name, const struct sl_value *values, size_t count, uint64_t *affected_r,
	struct sl_err *err) __attribute__((warn_unused_result));

/* Runs a statement once for each of `rows` groups of `columns` values (row by row), with array binding, in pieces below
 * the server's max_allowed_packet. All groups must have the same kinds per column (or SL_VALUE_NULL). Only inside a
 * transaction, which can't be committed after any failure, a duplicate key included. */
int sl_db_exec_bulk(struct sl_db *db, enum sl_sql name, const struct sl_value *values, size_t rows, size_t columns,
	struct sl_err *err) __attribute__((warn_unused_result));

/* Runs a query, or a change with RETURNING, and calls `row` (NULL: nothing) for each row while it streams in.
 * Integers are SL_VALUE_INT, text is SL_VALUE_TEXT and binary columns SL_VALUE_BYTES, both of any size and with a NUL behind
 * them; other types are refused. `columns` are valid during the call only; a non-zero (negative) return ends the
 * query (the rest is drained) and is returned. Returns the number of rows, or a negative code. Inside `row` no other
 * statement may run. */
typedef int (*sl_db_row_fn)(void *context, const struct sl_value *columns, struct sl_err *err);
int64_t sl_db_query(struct sl_db *db, enum sl_sql name, const struct sl_value *values, size_t count, sl_db_row_fn row,
	void *context, struct sl_err *err) __attribute__((warn_unused_result));

/* Runs `fn` in a transaction: writes at READ COMMITTED; reads see one consistent snapshot and are READ ONLY. `fn`
 * returns 0 to commit, 1 to roll back and still succeed, or a negative code (rolled back). It must be repeatable:
 * after a deadlock (1213), lock wait timeout (1205) or record change (1020) the transaction is rolled back and `fn`
 * runs again, at most 5 times with jitter; then SL_UNAVAILABLE. A connection lost before COMMIT is reopened once and
 * `fn` runs again. A connection lost during COMMIT: reopened, and `fn` runs again (its operation look-up, under the
 * same lock, tells whether the first try was stored); when it can't be reopened: SL_UNCERTAIN. `fn` gets a fresh
 * arena position never: it must reset its own outputs at its start. */
enum sl_tx_kind { SL_TX_WRITE, SL_TX_READ };
typedef int (*sl_tx_fn)(void *context, struct sl_err *err);
int sl_tx_run(struct sl_db *db, enum sl_tx_kind kind, sl_tx_fn fn, void *context, struct sl_err *err)
	__attribute__((warn_unused_result));

#endif
