/* Transactions: see sl_tx_run in db.h. A transaction ends in one of four ways; only the last three run it again,
 * each with its own bound. After a COMMIT without an answer only the repeated function knows the outcome, since it
 * takes the same lock before it looks its operation up. Rules: measured with killed servers and connections (MariaDB
 * 10.11). */
#include <string.h>

#include "server/clock.h"
#include "server/db_inside.h"
#include "server/log.h"
#include "server/random.h"

#include <mysqld_error.h>

#define CONTENDED_MOST 5
#define CONTENDED_FIRST_MS 10  /* doubles; the wait is random below it */
#define CONTENDED_TOTAL_MS 15000 /* lock waits take seconds each: no new try after this */
#define UNKNOWN_TOTAL_MS 10000 /* the server may be restarting */
#define UNKNOWN_STEP_MS 100

enum ending {
	ENDING_FINAL,     /* committed, or rolled back for good */
	ENDING_CONTENDED, /* rolled back by a deadlock or the like */
	ENDING_LOST,      /* the connection was lost before COMMIT */
	ENDING_UNKNOWN    /* COMMIT got no answer */
};

/* What was tried so far. */
struct retry {
	int contended, reopened;
	bool unknown; /* some COMMIT got no answer */
	int64_t contended_until_ms, unknown_until_ms;
};

static unsigned run_sql(struct sl_db *db, const char *sql)
{
	return mysql_real_query(db->mysql, sql, strlen(sql)) == 0 ? 0 : mysql_errno(db->mysql);
}

static void roll_back(struct sl_db *db)
{
	if (db->mysql && run_sql(db, "ROLLBACK") != 0)
		sl_db_lose(db); /* closing the connection rolls back as well */
}

/* A snapshot needs REPEATABLE READ; the session's own level is READ COMMITTED. */
static int begin(struct sl_db *db, enum sl_tx_kind kind, struct sl_err *err)
{
	unsigned number = 0;
	if (kind == SL_TX_READ)
		number = run_sql(db, "SET TRANSACTION ISOLATION LEVEL REPEATABLE READ");
	if (number == 0)
		number = run_sql(db, kind == SL_TX_READ ? "START TRANSACTION WITH CONSISTENT SNAPSHOT, READ ONLY"
						        : "START TRANSACTION READ WRITE");
	if (number == 0)
		return 0;
	db->tx_fault = sl_fault_of(number);
	if (db->tx_fault == SL_FAULT_LOST)
		sl_db_lose(db);
	return sl_err_set(err, SL_UNAVAILABLE, "The database begins no transaction (error %u): try again shortly", number);
}

/* Only a few answers to COMMIT prove that nothing was stored. */
static enum ending commit(struct sl_db *db, enum sl_tx_kind kind, int *code_r, struct sl_err *err)
{
	unsigned number = run_sql(db, "COMMIT");
	enum sl_db_fault fault = sl_fault_of(number);
	*code_r = 0;
	if (number == 0)
		return ENDING_FINAL;
	if (fault == SL_FAULT_LOST)
		sl_db_lose(db);
	else
		roll_back(db);
	if (kind == SL_TX_READ)
		return ENDING_FINAL; /* everything was read; there was nothing to store */
	*code_r = sl_err_set(err, SL_UNAVAILABLE, "The database couldn't commit (error %u): try again shortly", number);
	if (number == ER_OPTION_PREVENTS_STATEMENT)
		return ENDING_FINAL;
	return fault == SL_FAULT_CONTENDED ? ENDING_CONTENDED : ENDING_UNKNOWN;
}

static enum ending ending_of(enum sl_db_fault fault)
{
	if (fault == SL_FAULT_CONTENDED)
		return ENDING_CONTENDED;
	return fault == SL_FAULT_LOST ? ENDING_LOST : ENDING_FINAL;
}

static enum ending run_once(struct sl_db *db, enum sl_tx_kind kind, sl_tx_fn fn, void *context, int *code_r,
	struct sl_err *err)
{
	db->tx_fault = SL_FAULT_NONE;
	*code_r = begin(db, kind, err);
	if (*code_r == 0) {
		db->in_tx = true;
		*code_r = fn(context, err);
		db->in_tx = false;
	}
	if (*code_r == 0 && db->tx_fault == SL_FAULT_NONE)
		return commit(db, kind, code_r, err);
	roll_back(db);
	if (db->tx_fault != SL_FAULT_NONE && *code_r >= 0)
		*code_r = sl_err_set(err, SL_INTERNAL, "A transaction went on after a failed statement");
	if (*code_r > 0)
		*code_r = 0;
	return ending_of(db->tx_fault);
}

static bool reopen_until(struct sl_db *db, int64_t until_ms)
{
	while (sl_db_reconnect(db, NULL) != 0) {
		if (sl_clock_steady_ms() >= until_ms)
			return false;
		sl_clock_sleep_ms(UNKNOWN_STEP_MS);
	}
	return true;
}

static bool again_after_contention(struct retry *retry)
{
	if (retry->contended == CONTENDED_MOST || sl_clock_steady_ms() >= retry->contended_until_ms)
		return false;
	sl_clock_sleep_ms(1 + sl_random_below((uint32_t)CONTENDED_FIRST_MS << retry->contended++));
	return true;
}

static bool again_after_unknown(struct sl_db *db, struct retry *retry)
{
	int64_t now_ms = sl_clock_steady_ms();
	if (!retry->unknown) {
		sl_log(SL_LOG_WARN, "no answer to COMMIT", SL_LOG_S("action", "looking the outcome up"));
		retry->unknown = true;
		retry->unknown_until_ms = now_ms + UNKNOWN_TOTAL_MS;
	} else if (now_ms >= retry->unknown_until_ms) {
		return false;
	} else {
		sl_clock_sleep_ms(UNKNOWN_STEP_MS);
	}
	return db->mysql || reopen_until(db, retry->unknown_until_ms);
}

/* Gets ready to run the transaction again; false when that wouldn't help. */
static bool again(struct sl_db *db, struct retry *retry, enum ending ending)
{
	switch (ending) {
	case ENDING_CONTENDED:
		return again_after_contention(retry);
	case ENDING_LOST:
		if (retry->unknown)
			return again_after_unknown(db, retry);
		return retry->reopened++ == 0 && sl_db_reconnect(db, NULL) == 0;
	case ENDING_UNKNOWN:
		return again_after_unknown(db, retry);
	default:
		return false;
	}
}

/* A transient failure of the look-up leaves the first COMMIT's outcome unknown. */
static bool is_uncertain(const struct retry *retry, int code)
{
	return retry->unknown && (code == SL_UNAVAILABLE || code == SL_NO_MEMORY);
}

int sl_tx_run(struct sl_db *db, enum sl_tx_kind kind, sl_tx_fn fn, void *context, struct sl_err *err)
{
	struct retry retry = { .contended_until_ms = sl_clock_steady_ms() + CONTENDED_TOTAL_MS };
	if (db->in_tx || db->in_row)
		return sl_err_set(err, SL_INTERNAL, "A transaction was begun inside another");
	int code = db->mysql ? 0 : sl_db_ensure(db, err);
	if (code != 0)
		return code;
	for (;;) {
		struct sl_err tried = SL_ERR_INIT;
		enum ending ending = run_once(db, kind, fn, context, &code, &tried);
		if (ending != ENDING_FINAL && again(db, &retry, ending))
			continue;
		if (is_uncertain(&retry, code))
			return sl_err_set(err, SL_UNCERTAIN, "The database didn't answer whether it stored the change");
		if (code != 0 && err && err->code == 0)
			*err = tried;
		return code;
	}
}
