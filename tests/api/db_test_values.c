/* Scenarios of db_test: values that go in and come out, one by one, in bulk, and large. */
#include "db_test.h"

#include <string.h>

#include "server/health.h"

#define BULK_ROWS 5000
#define BULK_COLUMNS 5

/* What row `i` of the bulk test holds: NULL in every column but the first at some rows, blanks and NUL bytes at
 * others. */
static void bulk_row(size_t i, struct sl_value *row)
{
	static char letters[4096];
	memset(letters, 'x', sizeof(letters));
	row[0] = SL_INT((int64_t)i + 1);
	row[1] = i % 3 == 0 ? SL_NULL : SL_TEXT(SL_STR("trailing blanks  "));
	row[2] = i % 5 == 0 ? SL_NULL : SL_INT(INT64_MIN + (int64_t)i);
	row[3] = i % 7 == 0 ? SL_NULL : SL_TEXT(((struct sl_str){ letters, i % 11 == 0 ? 0 : i % sizeof(letters) }));
	row[4] = i % 2 == 0 ? SL_NULL : SL_BYTES(SL_STR("\0\xff'\\\""));
}

static int write_bulk(void *context, struct sl_err *err)
{
	struct sl_value *values = malloc(BULK_ROWS * BULK_COLUMNS * sizeof(*values));
	struct sl_db *db = context;
	CHECK(values);
	for (size_t i = 0; i < BULK_ROWS; i++)
		bulk_row(i, values + i * BULK_COLUMNS);
	int code = sl_db_exec_bulk(db, SL_SQL_TEST_PUT, values, BULK_ROWS, BULK_COLUMNS, err);
	free(values);
	return code;
}

static bool same(const struct sl_value *a, const struct sl_value *b)
{
	if (a->kind != b->kind)
		return false;
	return a->kind == SL_VALUE_INT ? a->number == b->number : sl_str_equal(a->text, b->text);
}

static int check_bulk(void *context, const struct sl_value *columns, struct sl_err *err)
{
	struct sl_value wanted[BULK_COLUMNS];
	size_t *next = context;
	(void)err;
	bulk_row((*next)++, wanted);
	for (size_t i = 0; i < BULK_COLUMNS; i++)
		CHECK(same(&columns[i], &wanted[i]));
	return 0;
}

static void bulk_writes_what_it_is_given(void)
{
	struct sl_db *db = test_open();
	size_t next = 0;
	CHECK(sl_tx_run(db, SL_TX_WRITE, write_bulk, db, NULL) == 0);
	CHECK(sl_db_query(db, SL_SQL_TEST_READ, NULL, 0, check_bulk, &next, NULL) == BULK_ROWS);
	CHECK(next == BULK_ROWS);
	sl_db_close(&db);
}

static int change_bulk(void *context, struct sl_err *err)
{
	struct sl_value add[2 * 100], gone[50];
	struct sl_db *db = context;
	for (int64_t i = 0; i < 100; i++) {
		CHECK(test_put(db, i, 0, err) == 0);
		add[2 * i] = SL_INT(i);
		add[2 * i + 1] = SL_INT(i);
		if (i % 2)
			gone[i / 2] = SL_INT(i);
	}
	int code = sl_db_exec_bulk(db, SL_SQL_TEST_ADD, add, 100, 2, err);
	return code ? code : sl_db_exec_bulk(db, SL_SQL_TEST_REMOVE, gone, 50, 1, err);
}

static int check_sum(void *context, const struct sl_value *columns, struct sl_err *err)
{
	(void)context;
	(void)err;
	CHECK(columns[0].number == 50);
	CHECK(columns[1].kind == SL_VALUE_INT && columns[1].number == 2450); /* 0 + 2 + … + 98 */
	return 0;
}

static void bulk_updates_and_deletes(void)
{
	struct sl_db *db = test_open();
	CHECK(sl_tx_run(db, SL_TX_WRITE, change_bulk, db, NULL) == 0);
	CHECK(sl_db_query(db, SL_SQL_TEST_COUNT, NULL, 0, check_sum, NULL, NULL) == 1);
	sl_db_close(&db);
}

static int write_mixed(void *context, struct sl_err *err)
{
	const struct sl_value values[] = { SL_INT(1), SL_TEXT(SL_STR("a")), SL_NULL, SL_NULL, SL_NULL, SL_INT(2), SL_INT(3),
		SL_NULL, SL_NULL, SL_NULL };
	return sl_db_exec_bulk(context, SL_SQL_TEST_PUT, values, 2, 5, err);
}

static int write_twice(void *context, struct sl_err *err)
{
	const struct sl_value values[] = { SL_INT(1), SL_NULL, SL_NULL, SL_NULL, SL_NULL,
		SL_INT(1), SL_NULL, SL_NULL, SL_NULL, SL_NULL };
	CHECK(sl_db_exec_bulk(context, SL_SQL_TEST_PUT, values, 2, 5, err) == SL_CONFLICT);
	return 0; /* a caller that ignores the failure */
}

static void bulk_refuses_misuse(void)
{
	struct sl_db *db = test_open();
	struct sl_value one[] = { SL_INT(1), SL_NULL, SL_NULL, SL_NULL, SL_NULL };
	struct sl_err err = SL_ERR_INIT;
	CHECK(sl_db_exec_bulk(db, SL_SQL_TEST_PUT, one, 1, 5, &err) == SL_INTERNAL); /* no transaction */
	CHECK(sl_tx_run(db, SL_TX_WRITE, write_mixed, db, NULL) == SL_INTERNAL);
	CHECK(sl_tx_run(db, SL_TX_WRITE, write_twice, db, NULL) == SL_INTERNAL);
	CHECK(sl_db_exec(db, SL_SQL_TEST_PUT, one, 4, NULL, NULL) == SL_INTERNAL); /* too few values */
	CHECK(test_number(db, SL_SQL_TEST_COUNT, NULL, 0) == 0);
	sl_db_close(&db);
}

#define LARGE_BYTES (20u * 1024 * 1024 + 3)

static unsigned char large_byte(size_t i, bool raw) { return (unsigned char)(raw ? i * 31 + i / 255 : 'a' + i % 26); }

static struct sl_str large(bool raw)
{
	char *bytes = malloc(LARGE_BYTES);
	CHECK(bytes);
	for (size_t i = 0; i < LARGE_BYTES; i++)
		bytes[i] = (char)large_byte(i, raw);
	return (struct sl_str){ bytes, LARGE_BYTES };
}

static int check_large(void *context, const struct sl_value *columns, struct sl_err *err)
{
	(void)context;
	(void)err;
	CHECK(columns[3].kind == SL_VALUE_TEXT && columns[4].kind == SL_VALUE_BYTES);
	if (columns[0].number % 2 == 0) {
		CHECK(columns[3].text.length == 0 && sl_str_equal(columns[4].text, SL_STR("small")));
		return 0;
	}
	CHECK(columns[3].text.length == LARGE_BYTES && columns[4].text.length == LARGE_BYTES);
	for (size_t i = 0; i < LARGE_BYTES; i++)
		CHECK((unsigned char)columns[3].text.bytes[i] == large_byte(i, false) &&
			(unsigned char)columns[4].text.bytes[i] == large_byte(i, true));
	return 0;
}

static void large_values_stream(void)
{
	struct sl_db *db = test_open();
	struct sl_str text = large(false), raw = large(true);
	for (int64_t id = 1; id <= 4; id++) {
		const struct sl_value odd[] = { SL_INT(id), SL_NULL, SL_NULL, SL_TEXT(text), SL_BYTES(raw) };
		const struct sl_value even[] = { SL_INT(id), SL_NULL, SL_NULL, SL_TEXT(SL_STR("")), SL_BYTES(SL_STR("small")) };
		CHECK(sl_db_exec(db, SL_SQL_TEST_PUT, id % 2 ? odd : even, 5, NULL, NULL) == 0);
	}
	CHECK(sl_db_query(db, SL_SQL_TEST_READ, NULL, 0, check_large, NULL, NULL) == 4);
	CHECK(db->buffer.capacity <= 64 * 1024); /* given back */
	free((char *)text.bytes);
	free((char *)raw.bytes);
	sl_db_close(&db);
}

struct writing {
	struct sl_db *db;
	struct sl_str text;
	bool bulk;
	int runs;
};

static int write_one(void *context, struct sl_err *err)
{
	struct writing *writing = context;
	const struct sl_value values[] = { SL_INT(1), SL_NULL, SL_NULL, SL_TEXT(writing->text), SL_NULL };
	writing->runs++;
	return writing->bulk ? sl_db_exec_bulk(writing->db, SL_SQL_TEST_PUT, values, 1, 5, err)
			     : sl_db_exec(writing->db, SL_SQL_TEST_PUT, values, 5, NULL, err);
}

/* The server's max_allowed_packet is 1 MiB here. */
static void too_large_is_told(void)
{
	struct sl_db *db = test_open();
	struct writing writing = { .db = db, .text = large(false) };
	for (int bulk = 0; bulk < 2; bulk++) {
		struct sl_err err = SL_ERR_INIT;
		writing.bulk = bulk;
		writing.runs = 0;
		CHECK(sl_tx_run(db, SL_TX_WRITE, write_one, &writing, &err) == SL_TOO_LARGE);
		CHECK(strstr(err.message, "max_allowed_packet"));
		CHECK(writing.runs == 1);
	}
	free((char *)writing.text.bytes);
	char *nearly = malloc(1024 * 1024 - 200);
	CHECK(nearly);
	memset(nearly, 'n', 1024 * 1024 - 200);
	writing.text = (struct sl_str){ nearly, 1024 * 1024 - 200 };
	CHECK(sl_tx_run(db, SL_TX_WRITE, write_one, &writing, NULL) == 0);
	CHECK(test_number(db, SL_SQL_TEST_COUNT, NULL, 0) == 1);
	free(nearly);
	sl_db_close(&db);
}

static int stop_at_second(void *context, const struct sl_value *columns, struct sl_err *err)
{
	struct sl_db *db = context;
	CHECK(sl_db_exec(db, SL_SQL_TEST_NOTHING, columns, 1, NULL, NULL) == SL_INTERNAL); /* not while rows are read */
	return columns[0].number == 2 ? sl_err_set(err, SL_NOT_FOUND, "enough") : 0;
}

static void reading_can_end_early(void)
{
	struct sl_db *db = test_open();
	struct sl_err err = SL_ERR_INIT;
	for (int64_t id = 1; id <= 1000; id++)
		CHECK(test_put(db, id, 7, NULL) == 0);
	CHECK(sl_db_query(db, SL_SQL_TEST_READ, NULL, 0, stop_at_second, db, &err) == SL_NOT_FOUND);
	CHECK(err.code == SL_NOT_FOUND);
	CHECK(test_number(db, SL_SQL_TEST_COUNT, NULL, 0) == 1000);
	sl_db_close(&db);
}

static void affected_counts_changes(void)
{
	struct sl_db *db = test_open();
	const struct sl_value add[] = { SL_INT(0), SL_INT(1) };
	uint64_t affected = 99;
	struct sl_err err = SL_ERR_INIT;
	CHECK(test_put(db, 1, 7, NULL) == 0);
	CHECK(test_put(db, 1, 7, &err) == SL_CONFLICT && err.code == SL_CONFLICT);
	CHECK(sl_db_exec(db, SL_SQL_TEST_ADD, add, 2, &affected, NULL) == 0 && affected == 0);
	CHECK(sl_db_exec(db, SL_SQL_TEST_REMOVE, &add[1], 1, &affected, NULL) == 0 && affected == 1);
	sl_db_close(&db);
}

static int count_columns(void *context, const struct sl_value *columns, struct sl_err *err)
{
	(void)err;
	*(enum sl_value_kind *)context = columns[2].kind;
	return 0;
}

static void altered_tables_are_noticed(void)
{
	struct sl_db *db = test_open();
	enum sl_value_kind kind = SL_VALUE_NULL;
	CHECK(test_put(db, 1, 7, NULL) == 0);
	CHECK(sl_db_query(db, SL_SQL_TEST_STAR, NULL, 0, count_columns, &kind, NULL) == 1 && kind == SL_VALUE_INT);
	puts("ready");
	fflush(stdout);
	CHECK(getchar() == '\n'); /* the test alters the table */
	CHECK(sl_db_query(db, SL_SQL_TEST_STAR, NULL, 0, count_columns, &kind, NULL) == 1 && kind == SL_VALUE_TEXT);
	CHECK(test_put(db, 2, 8, NULL) == 0);
	sl_db_close(&db);
}

static int check_session(void *context, const struct sl_value *columns, struct sl_err *err)
{
	(void)context;
	(void)err;
	CHECK(sl_str_equal(columns[0].text, SL_STR("READ-COMMITTED")));
	CHECK(strstr(columns[1].text.bytes, "STRICT_ALL_TABLES"));
	CHECK(strstr(columns[1].text.bytes, "NO_ENGINE_SUBSTITUTION"));
	CHECK(sl_str_equal(columns[2].text, SL_STR("+00:00")));
	CHECK(columns[3].number == 1);
	for (int i = 4; i < 7; i++)
		CHECK(sl_str_equal(columns[i].text, SL_STR("utf8mb4")));
	CHECK(sl_str_equal(columns[7].text, SL_STR("utf8mb4_nopad_bin")));
	CHECK(columns[8].number == test_config.db_lock_wait_timeout);
	return 0;
}

static void session_is_set_up(void)
{
	struct sl_db *db = test_open();
	CHECK(sl_db_query(db, SL_SQL_TEST_SESSION, NULL, 0, check_session, NULL, NULL) == 1);
	printf("%s\n", mysql_get_ssl_cipher(db->mysql) ? "encrypted" : "plain");
	sl_db_close(&db);
}

static void settings_are_read_afresh(void)
{
	struct sl_db *db = test_open();
	struct sl_health health;
	CHECK(sl_health_read(db, &health, NULL) == 0 && health.flush_log == 1);
	puts("ready");
	fflush(stdout);
	CHECK(getchar() == '\n'); /* the test changes it */
	CHECK(sl_health_read(db, &health, NULL) == 0 && health.flush_log == 2);
	sl_db_close(&db);
}

const struct test_scenario test_values[] = {
	{ "bulk_writes_what_it_is_given", bulk_writes_what_it_is_given },
	{ "bulk_updates_and_deletes", bulk_updates_and_deletes },
	{ "bulk_refuses_misuse", bulk_refuses_misuse },
	{ "large_values_stream", large_values_stream },
	{ "too_large_is_told", too_large_is_told },
	{ "reading_can_end_early", reading_can_end_early },
	{ "affected_counts_changes", affected_counts_changes },
	{ "altered_tables_are_noticed", altered_tables_are_noticed },
	{ "settings_are_read_afresh", settings_are_read_afresh },
	{ "session_is_set_up", session_is_set_up },
	{ NULL, NULL },
};
