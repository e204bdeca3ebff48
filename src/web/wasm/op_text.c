/* Operations on single texts, and the schema. */
#include "core/canon.h"
#include "web/wasm/work.h"

/* canon(json): its canonical text. */
int sl_op_canon(struct sl_work *work)
{
	json_t *value;
	int code = sl_canon_parse(work->in[0], &value, &work->err);
	if (code == SL_OK)
		sl_canon_write(&work->out, value);
	json_decref(value);
	return code;
}

/* validate(json, "document" or "delta", largest row in bytes?): {"faults":[{"path","reason"}],"total":n} */
int sl_op_validate(struct sl_work *work)
{
	json_t *value = NULL;
	bool is_document;
	size_t row_bytes;
	int code = sl_work_read_choice(work, work->in[1], "document", "delta", &is_document);
	if (code == SL_OK)
		code = sl_work_read_count(work, work->in[2], SL_WORK_ROW_BYTES, SL_WORK_ROW_BYTES, &row_bytes);
	if (code == SL_OK)
		code = sl_canon_parse(work->in[0], &value, &work->err);
	if (code != SL_OK)
		return code;
	code = (is_document ? sl_validate_document : sl_validate_delta)(value, "", row_bytes, &work->arena,
		&work->faults, &work->err);
	json_decref(value);
	if (code != SL_OK && code != SL_INVALID)
		return code;
	sl_buf_add_char(&work->out, '{');
	sl_work_write_faults(&work->out, &work->faults);
	sl_buf_add_text(&work->out, ",\"total\":");
	sl_buf_add_int(&work->out, (int64_t)work->faults.total);
	sl_buf_add_char(&work->out, '}');
	return SL_OK;
}

/* schema(): JSON Schema of documents and deltas. */
int sl_op_schema(struct sl_work *work)
{
	sl_schema_write(&work->out);
	return SL_OK;
}
