/* Prepared statements: see stmt.h. Texts of any size are fetched in two steps: the row is bound with empty buffers,
 * which tells the lengths, then each text is copied once from the library's packet to where it belongs. Rows stream;
 * nothing stores a whole result. Rules: MariaDB's "C API Prepared Statement Functions". */
#include "server/stmt.h"

#include <errmsg.h>
#include <stdlib.h>
#include <string.h>

#define BUFFER_KEPT (64 * 1024)
#define CHARSET_BINARY 63

unsigned sl_stmt_prepare(struct sl_stmt *stmt, MYSQL *mysql)
{
	sl_stmt_close(stmt);
	stmt->handle = mysql_stmt_init(mysql);
	if (!stmt->handle)
		return CR_OUT_OF_MEMORY;
	if (mysql_stmt_prepare(stmt->handle, stmt->text, strlen(stmt->text)) != 0)
		return sl_stmt_error(stmt);
	stmt->prepared = true;
	return 0;
}

void sl_stmt_close(struct sl_stmt *stmt)
{
	if (stmt->handle)
		mysql_stmt_close(stmt->handle);
	stmt->handle = NULL;
	stmt->prepared = false;
}

/* A failure while rows stream is noted on the connection only. */
unsigned sl_stmt_error(const struct sl_stmt *stmt)
{
	unsigned number = mysql_stmt_errno(stmt->handle);
	if (number == 0 && stmt->handle->mysql)
		number = mysql_errno(stmt->handle->mysql);
	return number ? number : CR_UNKNOWN_ERROR;
}

const char *sl_stmt_message(const struct sl_stmt *stmt)
{
	if (!stmt->handle)
		return "";
	if (mysql_stmt_errno(stmt->handle) == 0 && stmt->handle->mysql)
		return mysql_error(stmt->handle->mysql);
	return mysql_stmt_error(stmt->handle);
}

static void bind_value(MYSQL_BIND *bind, const struct sl_value *value)
{
	switch (value->kind) {
	case SL_VALUE_NULL:
		bind->buffer_type = MYSQL_TYPE_NULL;
		break;
	case SL_VALUE_INT:
		bind->buffer_type = MYSQL_TYPE_LONGLONG;
		bind->buffer = (void *)&value->number;
		break;
	case SL_VALUE_TEXT:
	case SL_VALUE_BYTES:
		bind->buffer_type = value->kind == SL_VALUE_TEXT ? MYSQL_TYPE_STRING : MYSQL_TYPE_BLOB;
		bind->buffer = (void *)(value->text.bytes ? value->text.bytes : "");
		bind->buffer_length = value->text.length;
		break;
	}
}

unsigned sl_stmt_execute(struct sl_stmt *stmt, const struct sl_value *values, size_t count)
{
	MYSQL_BIND binds[SL_STMT_VALUES];
	unsigned one_row = 0;
	if (!stmt->prepared)
		return CR_NO_PREPARE_STMT;
	if (count > SL_STMT_VALUES || count != mysql_stmt_param_count(stmt->handle))
		return CR_INVALID_PARAMETER_NO;
	memset(binds, 0, sizeof(binds[0]) * (count ? count : 1));
	for (size_t i = 0; i < count; i++)
		bind_value(&binds[i], &values[i]);
	if (mysql_stmt_attr_set(stmt->handle, STMT_ATTR_ARRAY_SIZE, &one_row) != 0 ||
		(count && mysql_stmt_bind_param(stmt->handle, binds) != 0) || mysql_stmt_execute(stmt->handle) != 0)
		return sl_stmt_error(stmt);
	return 0;
}

size_t sl_stmt_wire_bytes(const struct sl_value *values, size_t count)
{
	size_t bytes = 0;
	for (size_t i = 0; i < count; i++)
		bytes += 10 + values[i].text.length; /* indicator and number, or indicator, length and text */
	return bytes;
}

/* What one column of a row is fetched into. */
struct column {
	long long number;
	unsigned long length;
	my_bool is_null, truncated;
};

struct fetch {
	struct sl_stmt *stmt;
	unsigned count;
	MYSQL_FIELD *fields; /* the library's */
	struct sl_stmt_buffer *buffer;
	MYSQL_BIND binds[SL_STMT_VALUES];
	struct column columns[SL_STMT_VALUES];
	struct sl_value values[SL_STMT_VALUES];
};

static enum sl_value_kind kind_of(const MYSQL_FIELD *field)
{
	switch (field->type) {
	case MYSQL_TYPE_TINY:
	case MYSQL_TYPE_SHORT:
	case MYSQL_TYPE_INT24:
	case MYSQL_TYPE_LONG:
	case MYSQL_TYPE_LONGLONG:
	case MYSQL_TYPE_YEAR:
		return SL_VALUE_INT;
	case MYSQL_TYPE_DECIMAL:
	case MYSQL_TYPE_NEWDECIMAL: /* SUM() of integers */
		return field->decimals == 0 ? SL_VALUE_INT : SL_VALUE_TEXT;
	case MYSQL_TYPE_NULL:
		return SL_VALUE_NULL;
	default:
		return field->charsetnr == CHARSET_BINARY ? SL_VALUE_BYTES : SL_VALUE_TEXT;
	}
}

/* Conversions of other types by the library aren't exact, and no statement needs them. */
static bool is_supported(const MYSQL_FIELD *field)
{
	switch (field->type) {
	case MYSQL_TYPE_FLOAT:
	case MYSQL_TYPE_DOUBLE:
	case MYSQL_TYPE_DATE:
	case MYSQL_TYPE_TIME:
	case MYSQL_TYPE_DATETIME:
	case MYSQL_TYPE_TIMESTAMP:
	case MYSQL_TYPE_BIT:
		return false;
	default:
		return true;
	}
}

/* Binds after each execution, because a statement that the server prepared again may have other types. */
static unsigned bind_result(struct fetch *fetch)
{
	fetch->count = mysql_stmt_field_count(fetch->stmt->handle);
	fetch->fields = mariadb_stmt_fetch_fields(fetch->stmt->handle);
	if (fetch->count == 0 || fetch->count > SL_STMT_VALUES || !fetch->fields)
		return CR_NO_STMT_METADATA;
	for (unsigned i = 0; i < fetch->count; i++) {
		MYSQL_BIND *bind = &fetch->binds[i];
		struct column *column = &fetch->columns[i];
		bool is_int = kind_of(&fetch->fields[i]) == SL_VALUE_INT;
		if (!is_supported(&fetch->fields[i]))
			return CR_UNSUPPORTED_PARAM_TYPE;
		*bind = (MYSQL_BIND){ .buffer_type = is_int ? MYSQL_TYPE_LONGLONG : MYSQL_TYPE_STRING,
			.buffer = is_int ? &column->number : NULL,
			.buffer_length = is_int ? sizeof(column->number) : 0,
			.length = &column->length, .is_null = &column->is_null, .error = &column->truncated };
	}
	return mysql_stmt_bind_result(fetch->stmt->handle, fetch->binds) == 0 ? 0 : sl_stmt_error(fetch->stmt);
}

static unsigned reserve(struct sl_stmt_buffer *buffer, size_t needed)
{
	if (needed <= buffer->capacity)
		return 0;
	size_t capacity = needed < BUFFER_KEPT ? BUFFER_KEPT : needed + needed / 4;
	char *bytes = malloc(capacity); /* nothing in it is worth copying */
	if (!bytes)
		return CR_OUT_OF_MEMORY;
	free(buffer->bytes);
	*buffer = (struct sl_stmt_buffer){ bytes, capacity };
	return 0;
}

/* Copies column `i` of the current row to `target`, NUL-terminated. */
static unsigned copy_text(struct fetch *fetch, unsigned i, char *target)
{
	unsigned long length = 0;
	my_bool is_null = 0, truncated = 0;
	MYSQL_BIND bind = { .buffer_type = MYSQL_TYPE_STRING, .buffer = target,
		.buffer_length = fetch->columns[i].length + 1,
		.length = &length, .is_null = &is_null, .error = &truncated };
	if (mysql_stmt_fetch_column(fetch->stmt->handle, &bind, i, 0) != 0)
		return sl_stmt_error(fetch->stmt);
	target[fetch->columns[i].length] = '\0';
	return 0;
}

static unsigned take_row(struct fetch *fetch)
{
	size_t total = 0, used = 0;
	for (unsigned i = 0; i < fetch->count; i++)
		if (!fetch->columns[i].is_null && !fetch->binds[i].buffer)
			total += (size_t)fetch->columns[i].length + 1;
	unsigned number = reserve(fetch->buffer, total);
	for (unsigned i = 0; i < fetch->count && number == 0; i++) {
		struct column *column = &fetch->columns[i];
		struct sl_value *value = &fetch->values[i];
		*value = SL_NULL;
		if (column->is_null)
			continue;
		value->kind = kind_of(&fetch->fields[i]);
		if (value->kind == SL_VALUE_INT) {
			value->number = column->number;
			continue;
		}
		value->text = (struct sl_str){ fetch->buffer->bytes + used, column->length };
		number = copy_text(fetch, i, fetch->buffer->bytes + used);
		used += (size_t)column->length + 1;
	}
	return number;
}

static unsigned take_rows(struct fetch *fetch, sl_db_row_fn row, void *context, int64_t *rows_r, int *stopped_r,
	struct sl_err *err)
{
	for (;;) {
		int state = mysql_stmt_fetch(fetch->stmt->handle);
		if (state == MYSQL_NO_DATA)
			return 0;
		if (state != 0 && state != MYSQL_DATA_TRUNCATED)
			return sl_stmt_error(fetch->stmt);
		unsigned number = take_row(fetch);
		if (number != 0)
			return number;
		++*rows_r;
		*stopped_r = row ? row(context, fetch->values, err) : 0;
		if (*stopped_r != 0)
			return 0;
	}
}

unsigned sl_stmt_fetch(struct sl_stmt *stmt, struct sl_stmt_buffer *buffer, sl_db_row_fn row, void *context,
	int64_t *rows_r, int *stopped_r, struct sl_err *err)
{
	struct fetch fetch;
	*rows_r = 0;
	*stopped_r = 0;
	fetch.stmt = stmt;
	fetch.buffer = buffer;
	unsigned number = bind_result(&fetch);
	if (number == 0)
		number = take_rows(&fetch, row, context, rows_r, stopped_r, err);
	mysql_stmt_free_result(stmt->handle); /* reads what is left of the result off the connection */
	return number;
}

void sl_stmt_buffer_trim(struct sl_stmt_buffer *buffer)
{
	if (buffer->capacity > BUFFER_KEPT)
		sl_stmt_buffer_dispose(buffer);
}

void sl_stmt_buffer_dispose(struct sl_stmt_buffer *buffer)
{
	free(buffer->bytes);
	*buffer = (struct sl_stmt_buffer){ NULL, 0 };
}
