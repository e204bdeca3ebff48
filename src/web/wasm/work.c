/* Reading arguments and writing results of operations: see work.h.
 * Keeps true: what gets into the core is validated.
 */
#include "web/wasm/work.h"

#include "core/json/parse.h"
#include "core/json/write.h"
#include "core/json/number.h"
#include "core/base/utf8.h"
#include "core/rows/document_write.h"

/* --- arguments -------------------------------------------------------------------------------------------------- */

int sl_work_refuse(struct sl_work *work, const char *message)
{
	return sl_err_set(&work->err, SL_INVALID, "%s", message);
}

int sl_work_read_choice(struct sl_work *work, struct sl_str text, const char *yes, const char *no, bool *is_yes_r)
{
	*is_yes_r = sl_str_equal(text, sl_str_from(yes));
	if (*is_yes_r || sl_str_equal(text, sl_str_from(no)))
		return SL_OK;
	return sl_err_set(&work->err, SL_INVALID, "must be \"%s\" or \"%s\"", yes, no);
}

int sl_work_read_count(struct sl_work *work, struct sl_str text, size_t most, size_t fallback, size_t *count_r)
{
	double number = 0;
	*count_r = fallback;
	if (text.length == 0)
		return SL_OK;
	if (sl_number_token(text) != text.length || sl_number_parse(text, &number) != SL_OK || !(number >= 1)
		|| number > (double)most || number != (double)(size_t)number)
		return sl_err_set(&work->err, SL_INVALID, "must be a whole number of 1 to %zu", most);
	*count_r = (size_t)number;
	return SL_OK;
}

int sl_work_read_delta(struct sl_work *work, struct sl_str text, struct sl_delta *delta_r)
{
	json_t *value;
	int code = sl_json_parse(text, &value, &work->err);
	if (code == SL_OK)
		code = sl_validate_delta(value, "", SL_WORK_ROW_BYTES, &work->arena, &work->faults, &work->err);
	if (code == SL_OK)
		code = sl_delta_from_json(value, &work->arena, delta_r, &work->err);
	json_decref(value);
	return code;
}

int sl_work_read_document(struct sl_work *work, struct sl_str text, const struct sl_rowset *stored,
	struct sl_rowset **rows_r)
{
	json_t *value;
	int code = sl_json_parse(text, &value, &work->err);
	if (code == SL_OK)
		code = sl_validate_document(value, "", SL_WORK_ROW_BYTES, &work->arena, &work->faults, &work->err);
	if (code == SL_OK)
		code = sl_rows_from_document(value, &work->arena, rows_r, &work->err);
	json_decref(value);
	if (code == SL_OK && !stored && !(stored = sl_rowset_new(&work->arena, 0)))
		code = SL_NO_MEMORY;
	return code == SL_OK ? sl_rows_assign_ranks(*rows_r, stored, &work->arena, &work->err) : code;
}

int sl_work_read_rows(struct sl_work *work, struct sl_str text, struct sl_rowset **rows_r)
{
	struct sl_delta delta;
	int code = sl_work_read_delta(work, text, &delta);
	if (code != SL_OK)
		return code;
	*rows_r = sl_rowset_new(&work->arena, sl_rowset_count(delta.rows));
	return *rows_r ? sl_delta_apply(&delta, *rows_r, &work->arena) : SL_NO_MEMORY;
}

int sl_work_read_state(struct sl_work *work, struct sl_str text, bool is_document, const struct sl_rowset *stored,
	struct sl_rowset **rows_r)
{
	return is_document ? sl_work_read_document(work, text, stored, rows_r) : sl_work_read_rows(work, text, rows_r);
}

int sl_work_read_form(struct sl_work *work, struct sl_str text, bool *is_document_r)
{
	return sl_work_read_choice(work, text, "document", "rows", is_document_r);
}

/* --- results ---------------------------------------------------------------------------------------------------- */

void sl_work_write_member(struct sl_buf *out, const char *before, struct sl_str text)
{
	text.length = sl_utf8_valid(text);
	sl_buf_add_text(out, before);
	sl_json_string(out, text);
}

void sl_work_write_faults(struct sl_buf *out, const struct sl_faults *faults)
{
	sl_buf_add_text(out, "\"faults\":[");
	for (size_t i = 0; i < faults->count; i++) {
		sl_work_write_member(out, i ? ",{\"path\":" : "{\"path\":", sl_str_from(faults->items[i].path));
		sl_work_write_member(out, ",\"reason\":", sl_str_from(faults->items[i].reason));
		sl_buf_add_char(out, '}');
	}
	sl_buf_add_char(out, ']');
}

int sl_work_check_episodes(struct sl_work *work, const struct sl_rowset *rows)
{
	const struct sl_row *row;
	size_t cursor = 0;
	while ((row = sl_rowset_next(rows, &cursor))) {
		struct sl_key parent = sl_key_of_episode(row->key.episode);
		if (sl_entity_has_episode(row->key.entity) && !sl_rowset_find(rows, &parent))
			return sl_work_refuse(work, "a scene or shot belongs to no episode");
	}
	return SL_OK;
}

int sl_work_write_rows(struct sl_work *work, const struct sl_rowset *rows)
{
	struct sl_row **sorted = sl_rowset_sorted(rows, &work->arena);
	struct sl_delta delta = { sl_rowset_new(&work->arena, sl_rowset_count(rows)), NULL, 0 };
	if (!sorted || !delta.rows)
		return SL_NO_MEMORY;
	for (size_t i = 0; i < sl_rowset_count(rows); i++)
		if (!sl_rowset_put(delta.rows, sorted[i]))
			return SL_NO_MEMORY;
	return sl_delta_write(&delta, &work->out);
}

int sl_work_write_state(struct sl_work *work, const struct sl_rowset *rows, bool is_document)
{
	int code = sl_work_check_episodes(work, rows);
	if (code != SL_OK)
		return code;
	if (is_document)
		return sl_rows_write_document(rows, &work->arena, &work->out, &work->err);
	return sl_work_write_rows(work, rows);
}
