/* Scenarios of db_test: transactions that are repeated, lost, or in doubt. */
#include "db_test.h"

#include <poll.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "server/clock.h"

/* What a transaction's function is told to do, and how often it ran. */
struct job {
	struct sl_db *db;
	int runs;
	int bad_runs;          /* so many first runs meet trouble */
	struct sl_db *blocker; /* holds a lock until the second run */
	int rendezvous[2];     /* pipes to and from the other process */
	int64_t first, second; /* rows */
};

static int add_to(struct sl_db *db, int64_t id, struct sl_err *err)
{
	const struct sl_value values[] = { SL_INT(1), SL_INT(id) };
	return sl_db_exec(db, SL_SQL_TEST_ADD, values, 2, NULL, err);
}

static int cross(void *context, struct sl_err *err)
{
	struct job *job = context;
	char token = 'x';
	int code = add_to(job->db, job->first, err);
	if (code != 0)
		return code;
	if (job->runs++ == 0) { /* both hold their first row now */
		CHECK(write(job->rendezvous[1], &token, 1) == 1);
		CHECK(read(job->rendezvous[0], &token, 1) == 1);
	}
	return add_to(job->db, job->second, err);
}

static int cross_in_child(int in, int out)
{
	struct sl_db *db = test_open();
	struct job job = { .db = db, .rendezvous = { in, out }, .first = 2, .second = 1 };
	int code = sl_tx_run(db, SL_TX_WRITE, cross, &job, NULL);
	sl_db_close(&db);
	return code == 0 ? job.runs : 100;
}

static void deadlock_is_repeated(void)
{
	int to_child[2], to_parent[2], status = 0;
	CHECK(pipe(to_child) == 0 && pipe(to_parent) == 0);
	struct sl_db *db = test_open();
	CHECK(test_put(db, 1, 0, NULL) == 0 && test_put(db, 2, 0, NULL) == 0);
	pid_t child = fork();
	CHECK(child >= 0);
	if (child == 0)
		_exit(cross_in_child(to_child[0], to_parent[1]));
	struct job job = { .db = db, .rendezvous = { to_parent[0], to_child[1] }, .first = 1, .second = 2 };
	CHECK(sl_tx_run(db, SL_TX_WRITE, cross, &job, NULL) == 0);
	CHECK(waitpid(child, &status, 0) == child && WIFEXITED(status) && WEXITSTATUS(status) < 100);
	CHECK(job.runs + WEXITSTATUS(status) > 2); /* one of them ran twice */
	CHECK(test_amount(db, 1) == 2 && test_amount(db, 2) == 2);
	sl_db_close(&db);
}

static int hold(void *context, struct sl_err *err) { return add_to(context, 1, err); }

/* A transaction that stays open: what sl_tx_run does at its beginning, without its end. */
static struct sl_db *hold_row(void)
{
	struct sl_db *blocker = test_open();
	CHECK(mysql_query(blocker->mysql, "START TRANSACTION") == 0);
	CHECK(hold(blocker, NULL) == 0);
	return blocker;
}

static int add_against_lock(void *context, struct sl_err *err)
{
	struct job *job = context;
	int code;
	if (job->runs++ == job->bad_runs)
		sl_db_close(&job->blocker);
	code = add_to(job->db, 2, err); /* must be undone although 1205 undoes its own statement only */
	if (code == 0)
		code = add_to(job->db, 1, err);
	if (code != 0) {
		CHECK(code == SL_UNAVAILABLE);
		CHECK(add_to(job->db, 2, NULL) == SL_UNAVAILABLE); /* nothing more runs in this transaction */
	}
	return code;
}

/* db_lock_wait_timeout is 1 s here. */
static void lock_timeout_is_repeated(void)
{
	struct job job = { .db = test_open(), .bad_runs = 1 };
	CHECK(test_put(job.db, 1, 0, NULL) == 0 && test_put(job.db, 2, 0, NULL) == 0);
	job.blocker = hold_row();
	CHECK(sl_tx_run(job.db, SL_TX_WRITE, add_against_lock, &job, NULL) == 0);
	CHECK(job.runs == 2);
	CHECK(test_amount(job.db, 1) == 1 && test_amount(job.db, 2) == 1);
	sl_db_close(&job.db);
}

static void lock_timeout_ends_at_last(void)
{
	struct job job = { .db = test_open(), .bad_runs = 100 };
	CHECK(test_put(job.db, 1, 0, NULL) == 0 && test_put(job.db, 2, 0, NULL) == 0);
	job.blocker = hold_row();
	CHECK(sl_tx_run(job.db, SL_TX_WRITE, add_against_lock, &job, NULL) == SL_UNAVAILABLE);
	CHECK(job.runs == 6);
	CHECK(test_amount(job.db, 2) == 0);
	sl_db_close(&job.blocker);
	sl_db_close(&job.db);
}

static int add_and_die(void *context, struct sl_err *err)
{
	struct job *job = context;
	int code = add_to(job->db, 1, err);
	CHECK(code == 0);
	if (job->runs++ < job->bad_runs) {
		test_kill(test_connection(job->db));
		CHECK(add_to(job->db, 1, NULL) == SL_UNAVAILABLE);
		CHECK(!job->db->mysql);
		CHECK(add_to(job->db, 1, NULL) == SL_UNAVAILABLE); /* never reopened in here */
		CHECK(sl_db_ensure(job->db, NULL) == SL_UNAVAILABLE);
		CHECK(!job->db->mysql);
		return SL_UNAVAILABLE;
	}
	return 0;
}

static void lost_before_commit_is_repeated_once(void)
{
	struct job job = { .db = test_open(), .bad_runs = 1 };
	CHECK(test_put(job.db, 1, 0, NULL) == 0);
	CHECK(sl_tx_run(job.db, SL_TX_WRITE, add_and_die, &job, NULL) == 0);
	CHECK(job.runs == 2);
	CHECK(test_amount(job.db, 1) == 1);
	job.bad_runs = 100;
	job.runs = 0;
	CHECK(sl_tx_run(job.db, SL_TX_WRITE, add_and_die, &job, NULL) == SL_UNAVAILABLE);
	CHECK(job.runs == 2);
	CHECK(sl_db_ensure(job.db, NULL) == 0);
	CHECK(test_amount(job.db, 1) == 1);
	sl_db_close(&job.db);
}

static void killed_while_idle_is_noticed(void)
{
	struct sl_db *db = test_open();
	struct job job = { .db = db };
	CHECK(test_put(db, 1, 0, NULL) == 0);
	struct pollfd end = { .fd = (int)mysql_get_socket(db->mysql), .events = POLLIN };
	test_kill(test_connection(db));
	CHECK(poll(&end, 1, 10000) == 1); /* the server hangs up a moment later */
	CHECK(sl_db_ensure(db, NULL) == 0);
	CHECK(test_amount(db, 1) == 0);
	test_kill(test_connection(db));
	CHECK(test_put(db, 9, 0, NULL) == SL_UNCERTAIN); /* outside a transaction nobody knows */
	CHECK(sl_db_ensure(db, NULL) == 0);
	test_kill(test_connection(db));
	CHECK(sl_tx_run(db, SL_TX_WRITE, add_and_die, &job, NULL) == 0);
	CHECK(test_amount(db, 1) == 1);
	sl_db_close(&db);
}

static int die_while_reading(void *context, const struct sl_value *columns, struct sl_err *err)
{
	struct job *job = context;
	(void)err;
	if (columns[0].number == 2 && job->bad_runs)
		test_kill(job->first);
	return 0;
}

static int read_and_die(void *context, struct sl_err *err)
{
	struct job *job = context;
	job->bad_runs = job->runs++ == 0;
	job->first = test_connection(job->db);
	int64_t rows = sl_db_query(job->db, SL_SQL_TEST_READ, NULL, 0, die_while_reading, job, err);
	CHECK(rows == (job->bad_runs ? SL_UNAVAILABLE : 8));
	return rows < 0 ? (int)rows : 0;
}

static void lost_while_reading_is_repeated(void)
{
	struct job job = { .db = test_open() };
	static char megabytes[4 * 1024 * 1024];
	memset(megabytes, 'm', sizeof(megabytes));
	for (int64_t id = 1; id <= 8; id++) {
		const struct sl_value values[] = { SL_INT(id), SL_NULL, SL_NULL,
			SL_TEXT(((struct sl_str){ megabytes, sizeof(megabytes) })), SL_NULL };
		CHECK(sl_db_exec(job.db, SL_SQL_TEST_PUT, values, 5, NULL, NULL) == 0);
	}
	CHECK(sl_tx_run(job.db, SL_TX_READ, read_and_die, &job, NULL) == 0);
	CHECK(job.runs == 2);
	sl_db_close(&job.db);
}

/* As a push does it: take the lock, look the operation up, store. */
static int store_once(void *context, struct sl_err *err)
{
	struct job *job = context;
	const struct sl_value head[] = { SL_INT(1) }, operation[] = { SL_INT(2) };
	job->runs++;
	int64_t rows = test_number(job->db, SL_SQL_TEST_LOCK, head, 1);
	CHECK(rows >= 0);
	if (test_number(job->db, SL_SQL_TEST_GET, operation, 1) >= 0)
		return 1; /* stored by an earlier run */
	int code = test_put(job->db, 2, 0, err);
	return code ? code : add_to(job->db, 1, err);
}

/* Through a proxy that loses the first COMMIT, or its answer. Row 1 is the head. */
static void lost_commit_is_looked_up(void)
{
	struct job job = { .db = test_open() };
	CHECK(sl_tx_run(job.db, SL_TX_WRITE, store_once, &job, NULL) == 0);
	CHECK(job.runs == 2);
	CHECK(test_amount(job.db, 1) == 1);
	sl_db_close(&job.db);
}

static void lost_commit_stays_uncertain(void)
{
	struct job job = { .db = test_open() };
	struct sl_err err = SL_ERR_INIT;
	int64_t begun = sl_clock_steady_ms();
	CHECK(sl_tx_run(job.db, SL_TX_WRITE, store_once, &job, &err) == SL_UNCERTAIN);
	CHECK(err.code == SL_UNCERTAIN);
	CHECK(sl_clock_steady_ms() - begun >= 9000 && sl_clock_steady_ms() - begun < 20000);
	sl_db_close(&job.db);
}

static int ignore_failure(void *context, struct sl_err *err)
{
	struct job *job = context;
	job->runs++;
	CHECK(test_put(job->db, 7, 0, err) == 0);
	CHECK(test_put(job->db, 7, 0, NULL) == SL_CONFLICT); /* harmless: it may be what the caller wants to know */
	return job->bad_runs ? sl_db_exec(job->db, SL_SQL_TEST_ADD, NULL, 0, NULL, NULL) == SL_INTERNAL ? 0 : 1 : 0;
}

static int roll_back(void *context, struct sl_err *err)
{
	struct job *job = context;
	CHECK(test_put(job->db, 8, 0, err) == 0);
	CHECK(sl_tx_run(job->db, SL_TX_WRITE, roll_back, context, NULL) == SL_INTERNAL); /* not inside another */
	return job->bad_runs;
}

static void commit_only_what_worked(void)
{
	struct job job = { .db = test_open(), .bad_runs = 1 };
	CHECK(sl_tx_run(job.db, SL_TX_WRITE, ignore_failure, &job, NULL) == SL_INTERNAL);
	CHECK(job.runs == 1 && test_amount(job.db, 7) == -1);
	job.bad_runs = 0;
	CHECK(sl_tx_run(job.db, SL_TX_WRITE, ignore_failure, &job, NULL) == 0);
	CHECK(test_amount(job.db, 7) == 0);
	job.bad_runs = 1; /* "roll back and still succeed" */
	CHECK(sl_tx_run(job.db, SL_TX_WRITE, roll_back, &job, NULL) == 0);
	CHECK(test_amount(job.db, 8) == -1);
	job.bad_runs = SL_NOT_FOUND;
	CHECK(sl_tx_run(job.db, SL_TX_WRITE, roll_back, &job, NULL) == SL_NOT_FOUND);
	CHECK(test_amount(job.db, 8) == -1);
	sl_db_close(&job.db);
}

static int read_twice(void *context, struct sl_err *err)
{
	struct job *job = context;
	(void)err;
	CHECK(test_put(job->blocker, 11, 0, NULL) == 0); /* another connection, after the snapshot */
	CHECK(test_number(job->db, SL_SQL_TEST_COUNT, NULL, 0) == 1);
	CHECK(test_put(job->db, 12, 0, NULL) != 0); /* read only */
	return 0;
}

static void reads_see_one_snapshot(void)
{
	struct job job = { .db = test_open(), .blocker = test_open() };
	CHECK(test_put(job.db, 10, 0, NULL) == 0);
	CHECK(sl_tx_run(job.db, SL_TX_READ, read_twice, &job, NULL) == SL_INTERNAL); /* for its attempt to write */
	CHECK(test_number(job.db, SL_SQL_TEST_COUNT, NULL, 0) == 2);
	sl_db_close(&job.blocker);
	sl_db_close(&job.db);
}

/* The server goes away and comes back while this runs; each line on standard input is one step. */
static void server_away_is_survived(void)
{
	struct sl_db *db = test_open();
	int64_t begun;
	puts("ready");
	fflush(stdout);
	CHECK(getchar() == '\n'); /* killed */
	CHECK(sl_db_ensure(db, NULL) == SL_UNAVAILABLE);
	begun = sl_clock_steady_ms();
	for (int i = 0; i < 1000; i++)
		CHECK(sl_db_ensure(db, NULL) == SL_UNAVAILABLE);
	CHECK(sl_clock_steady_ms() - begun < 1000);
	puts("away");
	fflush(stdout);
	CHECK(getchar() == '\n'); /* started */
	begun = sl_clock_steady_ms();
	while (sl_db_ensure(db, NULL) != 0) {
		CHECK(sl_clock_steady_ms() - begun < 6000);
		sl_clock_sleep_ms(10);
	}
	CHECK(test_put(db, 1, 0, NULL) == 0);
	sl_db_close(&db);
}

const struct test_scenario test_transactions[] = {
	{ "deadlock_is_repeated", deadlock_is_repeated },
	{ "lock_timeout_is_repeated", lock_timeout_is_repeated },
	{ "lock_timeout_ends_at_last", lock_timeout_ends_at_last },
	{ "lost_before_commit_is_repeated_once", lost_before_commit_is_repeated_once },
	{ "lost_while_reading_is_repeated", lost_while_reading_is_repeated },
	{ "killed_while_idle_is_noticed", killed_while_idle_is_noticed },
	{ "lost_commit_is_looked_up", lost_commit_is_looked_up },
	{ "lost_commit_stays_uncertain", lost_commit_stays_uncertain },
	{ "commit_only_what_worked", commit_only_what_worked },
	{ "reads_see_one_snapshot", reads_see_one_snapshot },
	{ "server_away_is_survived", server_away_is_survived },
	{ NULL, NULL },
};
