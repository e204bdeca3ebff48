/* Array binding: many groups of values with one message (COM_STMT_BULK_EXECUTE): see stmt.h. Values come row by row
 * and are turned into one array per column. Rules: MariaDB's "Bulk Insert (Column-wise Binding)". */
#include <errmsg.h>
#include <stdlib.h>

#include "server/stmt.h"

/* The arrays of one column. */
struct array {
	union {
		int64_t *numbers;
		const char **texts;
	} cells;
	unsigned long *lengths;
	char *indicators; /* enum enum_indicator_type */
};

/* The kind of a column is that of its first value that isn't NULL. */
static enum sl_value_kind column_kind(const struct sl_value *values, size_t rows, size_t columns, size_t column)
{
	for (size_t i = 0; i < rows; i++)
		if (values[i * columns + column].kind != SL_VALUE_NULL)
			return values[i * columns + column].kind;
	return SL_VALUE_NULL;
}

static size_t rows_that_fit(const struct sl_value *values, size_t rows, size_t columns, size_t budget, size_t *bytes_r)
{
	size_t taken = 0, bytes = 0;
	while (taken < rows && taken < SL_STMT_BULK_ROWS) {
		size_t more = sl_stmt_wire_bytes(values + taken * columns, columns);
		if (taken > 0 && more > budget - bytes)
			break;
		bytes += more;
		taken++;
		if (bytes >= budget)
			break;
	}
	*bytes_r = bytes;
	return taken;
}

/* All arrays in one piece of memory, the widest cells first so that everything is aligned. */
static char *allocate(struct array *arrays, size_t rows, size_t columns)
{
	_Static_assert(sizeof(int64_t) >= sizeof(char *), "a cell holds a number or a pointer");
	size_t cells = rows * columns;
	char *memory = malloc(cells * (sizeof(int64_t) + sizeof(unsigned long) + 1));
	if (!memory)
		return NULL;
	for (size_t i = 0; i < columns; i++) {
		arrays[i].cells.numbers = (int64_t *)(void *)memory + i * rows;
		arrays[i].lengths = (unsigned long *)(void *)(memory + cells * sizeof(int64_t)) + i * rows;
		arrays[i].indicators = memory + cells * (sizeof(int64_t) + sizeof(unsigned long)) + i * rows;
	}
	return memory;
}

/* Returns false when a value is of another kind than its column. */
static bool fill(struct array *array, enum sl_value_kind kind, const struct sl_value *values, size_t rows,
	size_t columns)
{
	for (size_t i = 0; i < rows; i++) {
		const struct sl_value *value = &values[i * columns];
		bool is_null = value->kind == SL_VALUE_NULL;
		if (!is_null && value->kind != kind)
			return false;
		array->indicators[i] = is_null ? STMT_INDICATOR_NULL : STMT_INDICATOR_NONE;
		array->lengths[i] = is_null ? 0 : value->text.length;
		if (kind == SL_VALUE_INT)
			array->cells.numbers[i] = value->number;
		else
			array->cells.texts[i] = is_null || !value->text.bytes ? "" : value->text.bytes;
	}
	return true;
}

static void bind_array(MYSQL_BIND *bind, enum sl_value_kind kind, struct array *array)
{
	*bind = (MYSQL_BIND){ .u.indicator = array->indicators };
	if (kind == SL_VALUE_INT) {
		bind->buffer_type = MYSQL_TYPE_LONGLONG;
		bind->buffer = array->cells.numbers;
	} else {
		bind->buffer_type = kind == SL_VALUE_BYTES ? MYSQL_TYPE_BLOB : MYSQL_TYPE_STRING;
		bind->buffer = (void *)array->cells.texts;
		bind->length = array->lengths;
	}
}

static unsigned execute(struct sl_stmt *stmt, MYSQL_BIND *binds, unsigned rows)
{
	if (mysql_stmt_attr_set(stmt->handle, STMT_ATTR_ARRAY_SIZE, &rows) == 0 &&
		mysql_stmt_bind_param(stmt->handle, binds) == 0 && mysql_stmt_execute(stmt->handle) == 0)
		return 0;
	return sl_stmt_error(stmt);
}

unsigned sl_stmt_execute_bulk(struct sl_stmt *stmt, const struct sl_value *values, size_t rows, size_t columns,
	size_t budget, size_t *done_r, size_t *bytes_r)
{
	MYSQL_BIND binds[SL_STMT_VALUES];
	struct array arrays[SL_STMT_VALUES];
	unsigned number = 0;
	*done_r = *bytes_r = 0;
	if (!stmt->prepared)
		return CR_NO_PREPARE_STMT;
	if (columns == 0 || columns > SL_STMT_VALUES || columns != mysql_stmt_param_count(stmt->handle))
		return CR_INVALID_PARAMETER_NO;
	size_t taken = rows_that_fit(values, rows, columns, budget, bytes_r);
	char *memory = allocate(arrays, taken, columns);
	if (!memory)
		return CR_OUT_OF_MEMORY;
	for (size_t i = 0; i < columns && number == 0; i++) {
		enum sl_value_kind kind = column_kind(values, taken, columns, i);
		if (!fill(&arrays[i], kind, values + i, taken, columns))
			number = CR_UNSUPPORTED_PARAM_TYPE;
		bind_array(&binds[i], kind, &arrays[i]);
	}
	if (number == 0)
		number = execute(stmt, binds, (unsigned)taken);
	if (number == 0)
		*done_r = taken;
	free(memory);
	return number;
}
