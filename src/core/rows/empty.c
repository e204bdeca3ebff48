/* Empty values and empty projects; see empty.h and "Rows" in merge.md. */
#include "core/rows/empty.h"

bool sl_rows_text_is_blank(struct sl_str data)
{
	static const char *const blanks[] = { "\\n", "\\r", "\\t" };
	size_t at = 1;
	while (at + 1 < data.length) { /* between the quotes */
		size_t step = data.bytes[at] == ' ' ? 1 : 0;
		for (size_t i = 0; !step && i < sizeof(blanks) / sizeof(blanks[0]) && at + 2 < data.length; i++)
			if (memcmp(data.bytes + at, blanks[i], 2) == 0)
				step = 2;
		if (!step)
			return false;
		at += step;
	}
	return true;
}

bool sl_rows_is_content(const struct sl_row *row, bool known)
{
	if (row->key.entity != SL_META)
		return true;
	if (row->data.length == 0 || row->data.bytes[0] != '"' || sl_str_equal(row->key.id, SL_STR("fileName")))
		return false;
	if (known && !sl_schema_field(sl_schema_row(SL_META), row->key.id))
		return false;
	return !sl_rows_text_is_blank(row->data);
}

static bool has_content(const struct sl_rowset *rows, bool known)
{
	const struct sl_row *row;
	size_t cursor = 0;
	while ((row = sl_rowset_next(rows, &cursor)))
		if (sl_rows_is_content(row, known))
			return true;
	return false;
}

bool sl_rows_is_empty_project(const struct sl_rowset *rows)
{
	return !has_content(rows, false);
}

bool sl_rows_is_emptied(const struct sl_rowset *before, const struct sl_rowset *after)
{
	if (has_content(after, true))
		return false;
	return has_content(before, true) || (has_content(before, false) && !has_content(after, false));
}

static bool value_is_empty(const struct sl_field *field, const json_t *value)
{
	if (json_is_string(value))
		return json_string_length(value) == 0;
	if (json_is_array(value))
		return json_array_size(value) == 0;
	if (json_is_number(value))
		return json_number_value(value) == 0;
	if (!json_is_object(value) || !field->shape)
		return false;
	const char *name;
	const json_t *member;
	json_object_foreach((json_t *)value, name, member) {
		const struct sl_field *inner = sl_schema_field(field->shape, sl_str_from(name));
		if (!inner || !value_is_empty(inner, member))
			return false;
	}
	return true;
}

bool sl_rows_meta_is_empty(struct sl_str name, const json_t *value)
{
	const struct sl_field *field = sl_schema_field(sl_schema_row(SL_META), name);
	return field && value_is_empty(field, value);
}
