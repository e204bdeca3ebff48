/* Bare prepared statements: see floor_sql.h. Results are bound once, to buffers that every row fits into. */
#include "floor_sql.h"

#include <mysql.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define COLUMNS 16
#define TEXT_BYTES (16u * 1024 * 1024) /* of one column; only pages that are used cost anything */
#define BULK_ROWS 4096

static const struct {
	const char *name, *text;
} sources[SL_SQL_COUNT] = {
#include "server/statements.inc"
};

static MYSQL *mysql;
static MYSQL_STMT *statements[SL_SQL_COUNT];
static struct {
	long long number;
	char *text;
	unsigned long length;
	my_bool is_null, is_number[SL_SQL_COUNT];
} columns[COLUMNS];

void floor_fail(const char *what, const char *why)
{
	fprintf(stderr, "floor: %s: %s\n", what, why);
	exit(1);
}

static const char *setting(const char *name)
{
	const char *value = getenv(name);
	if (!value)
		floor_fail(name, "not set");
	return value;
}

static void bind_result(enum sl_sql name, MYSQL_STMT *stmt)
{
	MYSQL_BIND binds[COLUMNS];
	unsigned count = mysql_stmt_field_count(stmt);
	MYSQL_FIELD *fields = mariadb_stmt_fetch_fields(stmt);
	if (count == 0)
		return;
	if (count > COLUMNS)
		floor_fail(sources[name].name, "too many columns");
	memset(binds, 0, sizeof(binds));
	for (unsigned i = 0; i < count; i++) {
		bool is_number = fields[i].type <= MYSQL_TYPE_LONG || fields[i].type == MYSQL_TYPE_LONGLONG;
		columns[i].is_number[name] = is_number;
		binds[i].buffer_type = is_number ? MYSQL_TYPE_LONGLONG : MYSQL_TYPE_STRING;
		binds[i].buffer = is_number ? (void *)&columns[i].number : columns[i].text;
		binds[i].buffer_length = is_number ? sizeof(columns[i].number) : TEXT_BYTES;
		binds[i].length = &columns[i].length;
		binds[i].is_null = &columns[i].is_null;
	}
	if (mysql_stmt_bind_result(stmt, binds) != 0)
		floor_fail(sources[name].name, mysql_stmt_error(stmt));
}

void floor_sql_open(void)
{
	mysql = mysql_init(NULL);
	if (!mysql)
		floor_fail("mysql_init", "no memory");
	mysql_optionsv(mysql, MYSQL_SET_CHARSET_NAME, "utf8mb4");
	if (!mysql_real_connect(mysql, "localhost", setting("FLOOR_DB_USER"), setting("FLOOR_DB_PASSWORD"),
			setting("FLOOR_DB_NAME"), 0, setting("FLOOR_DB_SOCKET"), 0))
		floor_fail("connect", mysql_error(mysql));
	floor_sql_run("SET SESSION tx_isolation = 'READ-COMMITTED', collation_connection = 'utf8mb4_nopad_bin'");
	for (size_t i = 0; i < COLUMNS; i++)
		if (!(columns[i].text = malloc(TEXT_BYTES)))
			floor_fail("columns", "no memory");
	for (size_t i = 0; i < SL_SQL_COUNT; i++) {
		statements[i] = mysql_stmt_init(mysql);
		if (!statements[i] || mysql_stmt_prepare(statements[i], sources[i].text, strlen(sources[i].text)) != 0)
			floor_fail(sources[i].name, mysql_error(mysql));
		bind_result((enum sl_sql)i, statements[i]);
	}
}

void floor_sql_run(const char *text)
{
	if (mysql_real_query(mysql, text, strlen(text)) != 0)
		floor_fail(text, mysql_error(mysql));
}

static void execute(enum sl_sql name, const struct sl_value *values, size_t count)
{
	MYSQL_BIND binds[COLUMNS];
	memset(binds, 0, sizeof(binds));
	for (size_t i = 0; i < count; i++) {
		const struct sl_value *value = &values[i];
		if (value->kind == SL_VALUE_INT) {
			binds[i].buffer_type = MYSQL_TYPE_LONGLONG;
			binds[i].buffer = (void *)&value->number;
		} else if (value->kind == SL_VALUE_NULL) {
			binds[i].buffer_type = MYSQL_TYPE_NULL;
		} else {
			binds[i].buffer_type = value->kind == SL_VALUE_BYTES ? MYSQL_TYPE_BLOB : MYSQL_TYPE_STRING;
			binds[i].buffer = (void *)value->text.bytes;
			binds[i].buffer_length = value->text.length;
		}
	}
	if ((count && mysql_stmt_bind_param(statements[name], binds) != 0) || mysql_stmt_execute(statements[name]) != 0)
		floor_fail(sources[name].name, mysql_stmt_error(statements[name]));
}

void floor_sql_exec(enum sl_sql name, const struct sl_value *values, size_t count)
{
	execute(name, values, count);
}

size_t floor_sql_query(enum sl_sql name, const struct sl_value *values, size_t count, floor_sql_row_fn row, void *context)
{
	MYSQL_STMT *stmt = statements[name];
	struct sl_value row_values[COLUMNS];
	unsigned width = mysql_stmt_field_count(stmt);
	size_t rows = 0;
	int state;
	execute(name, values, count);
	while ((state = mysql_stmt_fetch(stmt)) == 0) {
		rows++;
		for (unsigned i = 0; row && i < width; i++)
			row_values[i] = columns[i].is_null ? SL_NULL : columns[i].is_number[name] ? SL_INT(columns[i].number)
				: SL_TEXT(((struct sl_str){ columns[i].text, columns[i].length }));
		if (row)
			row(context, row_values);
	}
	if (state != MYSQL_NO_DATA)
		floor_fail(sources[name].name, state == MYSQL_DATA_TRUNCATED ? "truncated" : mysql_stmt_error(stmt));
	mysql_stmt_free_result(stmt);
	return rows;
}

/* --- many rows --------------------------------------------------------------------------------------------------- */

static void *grown(void *old, size_t count, size_t size)
{
	void *memory = realloc(old, count * size);
	if (!memory)
		floor_fail("rows", "no memory");
	return memory;
}

void floor_sql_keep(struct floor_sql_rows *rows, const struct sl_value *values, size_t width)
{
	if (rows->count == rows->capacity) {
		rows->capacity = rows->capacity ? rows->capacity * 2 : 64;
		for (size_t i = 0; i < width; i++) {
			rows->cells[i].numbers = grown(rows->cells[i].numbers, rows->capacity, sizeof(long long));
			rows->cells[i].texts = grown(rows->cells[i].texts, rows->capacity, sizeof(char *));
			rows->cells[i].lengths = grown(rows->cells[i].lengths, rows->capacity, sizeof(unsigned long));
		}
	}
	rows->columns = width;
	for (size_t i = 0; i < width; i++) {
		rows->cells[i].is_number = values[i].kind == SL_VALUE_INT;
		rows->cells[i].numbers[rows->count] = values[i].number;
		rows->cells[i].lengths[rows->count] = values[i].text.length;
		rows->cells[i].texts[rows->count] = grown(NULL, values[i].text.length + 1, 1);
		if (values[i].text.length)
			memcpy(rows->cells[i].texts[rows->count], values[i].text.bytes, values[i].text.length);
	}
	rows->count++;
}

void floor_sql_bulk(struct floor_sql_rows *rows)
{
	MYSQL_STMT *stmt = statements[rows->name];
	MYSQL_BIND binds[FLOOR_SQL_COLUMNS];
	for (size_t done = 0; done < rows->count; done += BULK_ROWS) {
		unsigned count = (unsigned)(rows->count - done < BULK_ROWS ? rows->count - done : BULK_ROWS);
		memset(binds, 0, sizeof(binds));
		for (size_t i = 0; i < rows->columns; i++) {
			bool is_number = rows->cells[i].is_number;
			binds[i].buffer_type = is_number ? MYSQL_TYPE_LONGLONG : MYSQL_TYPE_STRING;
			binds[i].buffer = is_number ? (void *)(rows->cells[i].numbers + done) : (void *)(rows->cells[i].texts + done);
			binds[i].length = is_number ? NULL : rows->cells[i].lengths + done;
		}
		if (mysql_stmt_attr_set(stmt, STMT_ATTR_ARRAY_SIZE, &count) != 0 || mysql_stmt_bind_param(stmt, binds) != 0 ||
			mysql_stmt_execute(stmt) != 0)
			floor_fail(sources[rows->name].name, mysql_stmt_error(stmt));
	}
}
