/* The connection with its prepared statements: see db.h. A lost connection is closed at once and never reopened
 * inside a transaction; a transaction in which a statement failed (but for a duplicate key) can't be committed.
 * Failures that clients can't help are logged here and reach them in general words. */
#include "server/db.h"

#include <poll.h>
#include <stdlib.h>

#include "server/clock.h"
#include "server/config.h"
#include "server/connection.h"
#include "server/db_inside.h"
#include "server/log.h"
#include "server/migrate.h"
#include "server/random.h"

#define RETRY_FIRST_MS 100
#define RETRY_MOST_MS 5000

static const struct {
	const char *name, *text;
} sources[SL_SQL_COUNT] = {
#include "server/statements.inc"
};

void sl_db_lose(struct sl_db *db)
{
	if (db->mysql)
		mysql_close(db->mysql); /* first, so that statements are closed without a message for each */
	db->mysql = NULL;
	for (size_t i = 0; i < SL_SQL_COUNT; i++)
		sl_stmt_close(&db->stmts[i]);
}

static int check_schema(struct sl_db *db, struct sl_err *err)
{
	int version, latest = sl_migrate_latest();
	int code = sl_connection_schema(db->mysql, &version, err);
	if (code != 0 || version == latest)
		return code;
	if (version == 0)
		return sl_err_set(err, SL_INTERNAL, "the database holds no schema: run slatesync-admin migrate");
	return sl_err_set(err, SL_INTERNAL, "the schema is at version %d, this program needs version %d: %s", version,
		latest, version < latest ? "run slatesync-admin migrate" : "install the newer program");
}

static int read_packet_size(struct sl_db *db, struct sl_err *err)
{
	char answer[32];
	unsigned number = sl_connection_ask(db->mysql, "SELECT @@max_allowed_packet", answer, sizeof(answer));
	if (number != 0)
		return sl_err_set(err, SL_UNAVAILABLE, "can't read max_allowed_packet (%u)", number);
	db->packet_bytes = (size_t)strtoull(answer, NULL, 10);
	return 0;
}

static int prepare_all(struct sl_db *db, struct sl_err *err)
{
	for (size_t i = 0; i < SL_SQL_COUNT; i++) {
		struct sl_stmt *stmt = &db->stmts[i];
		unsigned number = sl_stmt_prepare(stmt, db->mysql);
		if (number != 0)
			return sl_err_set(err, sl_fault_of(number) == SL_FAULT_BUG ? SL_INTERNAL : SL_UNAVAILABLE,
				"can't prepare the statement %s: %s (%u)", stmt->name, sl_stmt_message(stmt), number);
	}
	return 0;
}

static int reopen(struct sl_db *db, struct sl_err *err)
{
	sl_db_lose(db);
	int code = sl_connection_open(db->config, SL_CONNECTION_SERVE, &db->mysql, err);
	if (code == 0)
		code = check_schema(db, err);
	if (code == 0)
		code = read_packet_size(db, err);
	if (code == 0)
		code = prepare_all(db, err);
	if (code != 0)
		sl_db_lose(db);
	return code;
}

int sl_db_open(const struct sl_config *config, struct sl_db **db_r, struct sl_err *err)
{
	struct sl_db *db = calloc(1, sizeof(*db));
	*db_r = NULL;
	if (!db)
		return sl_err_set(err, SL_NO_MEMORY, "no memory for a database connection");
	db->config = config;
	for (size_t i = 0; i < SL_SQL_COUNT; i++)
		db->stmts[i] = (struct sl_stmt){ .name = sources[i].name, .text = sources[i].text };
	int code = reopen(db, err);
	if (code != 0)
		sl_db_close(&db);
	*db_r = db;
	return code;
}

void sl_db_close(struct sl_db **db)
{
	if (!*db)
		return;
	sl_db_lose(*db);
	sl_stmt_buffer_dispose(&(*db)->buffer);
	free(*db);
	*db = NULL;
}

/* Half of the wait is fixed and half random, so that workers don't come back all at once. */
static void back_off(struct sl_db *db)
{
	int64_t delay_ms = db->retry_delay_ms ? db->retry_delay_ms * 2 : RETRY_FIRST_MS;
	db->retry_delay_ms = delay_ms < RETRY_MOST_MS ? delay_ms : RETRY_MOST_MS;
	int64_t half_ms = db->retry_delay_ms / 2;
	db->retry_at_ms = sl_clock_steady_ms() + half_ms + sl_random_below((uint32_t)half_ms + 1);
}

static int away(struct sl_err *err)
{
	return sl_err_set(err, SL_UNAVAILABLE, "The database can't be reached: try again shortly");
}

int sl_db_reconnect(struct sl_db *db, struct sl_err *err)
{
	struct sl_err reason = SL_ERR_INIT;
	if (reopen(db, &reason) != 0) {
		back_off(db);
		if (!db->away)
			sl_log(SL_LOG_ERROR, "database away", SL_LOG_S("reason", reason.message));
		db->away = true;
		return away(err);
	}
	if (db->away)
		sl_log(SL_LOG_INFO, "database back", SL_LOG_S("database", db->config->db_name));
	db->away = false;
	db->retry_at_ms = db->retry_delay_ms = 0;
	return 0;
}

/* An idle connection has nothing to read: bytes or an end mean that the server hung up, or is about to. */
static bool hung_up(struct sl_db *db)
{
	struct pollfd idle = { .fd = (int)mysql_get_socket(db->mysql), .events = POLLIN };
	return poll(&idle, 1, 0) != 0 && mysql_ping(db->mysql) != 0;
}

int sl_db_ensure(struct sl_db *db, struct sl_err *err)
{
	if (db->in_tx || db->in_row)
		return db->mysql ? 0 : away(err);
	if (db->mysql && !hung_up(db))
		return 0;
	sl_db_lose(db);
	if (sl_clock_steady_ms() < db->retry_at_ms)
		return away(err);
	return sl_db_reconnect(db, err);
}

static void log_fault(const struct sl_stmt *stmt, unsigned number)
{
	const char *message = sl_stmt_message(stmt);
	bool quotable = sl_fault_is_quotable(number);
	sl_log(SL_LOG_ERROR, "database statement failed", SL_LOG_S("statement", stmt->name), SL_LOG_I("number", number),
		SL_LOG_S("reason", quotable ? message : "(not logged: it quotes data)"));
}

static int describe(const struct sl_db *db, enum sl_db_fault fault, bool is_write, struct sl_err *err)
{
	switch (fault) {
	case SL_FAULT_DUPLICATE:
		return sl_err_set(err, SL_CONFLICT, "It exists already");
	case SL_FAULT_LOST:
		if (is_write && !db->in_tx)
			return sl_err_set(err, SL_UNCERTAIN, "The database was lost while it worked: the outcome is unknown");
		return away(err);
	case SL_FAULT_TOO_LARGE:
		return sl_err_set_limit(err, (long long)db->packet_bytes,
			"More than the database takes at once (max_allowed_packet is %zu bytes)", db->packet_bytes);
	case SL_FAULT_NO_MEMORY:
		return sl_err_set(err, SL_NO_MEMORY, "Out of memory");
	case SL_FAULT_BUG:
		return sl_err_set(err, SL_INTERNAL, "The database refused a statement");
	default:
		return sl_err_set(err, SL_UNAVAILABLE, "The database is busy or refuses changes: try again shortly");
	}
}

/* Draws the consequences of a failed statement that carried about `sent` bytes. */
static int settle(struct sl_db *db, const struct sl_stmt *stmt, unsigned number, size_t sent, bool is_write,
	struct sl_err *err)
{
	enum sl_db_fault fault = sl_fault_of(number);
	if (fault == SL_FAULT_LOST && sent >= db->packet_bytes)
		fault = SL_FAULT_TOO_LARGE; /* the server hangs up on an oversized message, often before its error is read */
	if (fault == SL_FAULT_BUG)
		log_fault(stmt, number);
	if (fault == SL_FAULT_LOST || fault == SL_FAULT_TOO_LARGE)
		sl_db_lose(db);
	if (db->in_tx && fault != SL_FAULT_DUPLICATE && db->tx_fault == SL_FAULT_NONE)
		db->tx_fault = fault;
	return describe(db, fault, is_write, err);
}

/* Whether a statement may run now. */
static int enter(struct sl_db *db, struct sl_err *err)
{
	if (db->in_row)
		return sl_err_set(err, SL_INTERNAL, "A statement was run while rows are read");
	if (db->in_tx && db->tx_fault != SL_FAULT_NONE)
		return describe(db, db->tx_fault, true, err);
	if (db->mysql)
		return 0;
	return db->in_tx ? away(err) : sl_db_ensure(db, err);
}

/* The server asks for another preparation after some ALTER TABLE; what it did not execute may be executed again. */
static bool prepared_again(struct sl_db *db, struct sl_stmt *stmt, unsigned *number)
{
	if (sl_fault_of(*number) != SL_FAULT_STALE)
		return false;
	*number = sl_stmt_prepare(stmt, db->mysql);
	return *number == 0;
}

int sl_db_exec(struct sl_db *db, enum sl_sql name, const struct sl_value *values, size_t count, uint64_t *affected_r,
	struct sl_err *err)
{
	struct sl_stmt *stmt = &db->stmts[name];
	int code = enter(db, err);
	if (code != 0)
		return code;
	unsigned number = sl_stmt_execute(stmt, values, count);
	if (prepared_again(db, stmt, &number))
		number = sl_stmt_execute(stmt, values, count);
	if (number != 0)
		return settle(db, stmt, number, sl_stmt_wire_bytes(values, count), true, err);
	if (affected_r)
		*affected_r = mysql_stmt_affected_rows(stmt->handle);
	return 0;
}

int sl_db_exec_bulk(struct sl_db *db, enum sl_sql name, const struct sl_value *values, size_t rows, size_t columns,
	struct sl_err *err)
{
	struct sl_stmt *stmt = &db->stmts[name];
	int code = enter(db, err);
	if (code != 0)
		return code;
	if (!db->in_tx)
		return sl_err_set(err, SL_INTERNAL, "Rows are written in bulk outside a transaction");
	for (size_t done = 0, more = 0, bytes = 0; done < rows; done += more) {
		const struct sl_value *next = values + done * columns;
		unsigned number = sl_stmt_execute_bulk(stmt, next, rows - done, columns, db->packet_bytes / 2, &more, &bytes);
		if (prepared_again(db, stmt, &number))
			number = sl_stmt_execute_bulk(stmt, next, rows - done, columns, db->packet_bytes / 2, &more, &bytes);
		if (number == 0)
			continue;
		code = settle(db, stmt, number, bytes, true, err);
		if (db->tx_fault == SL_FAULT_NONE)
			db->tx_fault = SL_FAULT_DUPLICATE; /* rows before the duplicate were written */
		return code;
	}
	return 0;
}

int64_t sl_db_query(struct sl_db *db, enum sl_sql name, const struct sl_value *values, size_t count, sl_db_row_fn row,
	void *context, struct sl_err *err)
{
	struct sl_stmt *stmt = &db->stmts[name];
	int64_t rows = 0;
	int stopped = 0, code = enter(db, err);
	if (code != 0)
		return code;
	unsigned number = sl_stmt_execute(stmt, values, count);
	if (prepared_again(db, stmt, &number))
		number = sl_stmt_execute(stmt, values, count);
	if (number == 0) {
		db->in_row = true;
		number = sl_stmt_fetch(stmt, &db->buffer, row, context, &rows, &stopped, err);
		db->in_row = false;
		sl_stmt_buffer_trim(&db->buffer);
	}
	if (number != 0)
		return settle(db, stmt, number, sl_stmt_wire_bytes(values, count), false, err);
	return stopped != 0 ? stopped : rows;
}
