/* Operations on texts, and the schema. */
#include "core/json/parse.h"
#include "core/json/write.h"
#include "core/text/merge.h"
#include "core/base/utf8.h"
#include "web/wasm/work.h"

/* canon(json): its canonical text. */
int sl_op_canon(struct sl_work *work)
{
	json_t *value;
	int code = sl_json_parse(work->in[0], &value, &work->err);
	if (code == SL_OK)
		sl_json_write(&work->out, value);
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
		code = sl_json_parse(work->in[0], &value, &work->err);
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

/* UTF-16 code units of a valid text: what JavaScript counts. */
static int64_t units_of(struct sl_str text)
{
	int64_t units = 0;
	for (size_t i = 0; i < text.length; i++) {
		unsigned char byte = (unsigned char)text.bytes[i];
		units += byte >= 0xf0 ? 2 : (byte & 0xc0) != 0x80;
	}
	return units;
}

static void write_hunks(struct sl_buf *out, const struct sl_text_merge *merge)
{
	sl_buf_add_text(out, "\"hunks\":[");
	for (size_t i = 0; i < merge->hunk_count; i++) {
		const struct sl_text_hunk *hunk = &merge->hunks[i];
		sl_work_write_member(out, i ? ",{\"base\":" : "{\"base\":", hunk->base);
		sl_work_write_member(out, ",\"mine\":", hunk->mine);
		sl_work_write_member(out, ",\"theirs\":", hunk->theirs);
		sl_buf_add_text(out, ",\"at\":");
		sl_buf_add_int(out, units_of((struct sl_str){ merge->text.bytes, hunk->result_at }));
		sl_buf_add_char(out, '}');
	}
	sl_buf_add_char(out, ']');
}

static void write_both(struct sl_buf *out, const struct sl_text_merge *merge)
{
	sl_buf_add_text(out, ",\"both\":[");
	for (size_t i = 0; i < merge->both_count; i++) {
		const struct sl_text_both *both = &merge->both[i];
		const char *theirs = merge->text.bytes + both->result_at;
		const char *mine = theirs + both->theirs_bytes + both->parting_bytes;
		sl_work_write_member(out, i ? ",{\"theirs\":" : "{\"theirs\":", (struct sl_str){ theirs, both->theirs_bytes });
		sl_work_write_member(out, ",\"mine\":", (struct sl_str){ mine, both->mine_bytes });
		sl_buf_add_text(out, ",\"at\":");
		sl_buf_add_int(out, units_of((struct sl_str){ merge->text.bytes, both->result_at }));
		sl_buf_add_char(out, '}');
	}
	sl_buf_add_char(out, ']');
}

/* text(base, mine, theirs), plain texts: {"text","hunks":[{"base","mine","theirs","at"}],"both":[{"theirs","mine","at"}]}, `both`
 * being two insertions at one place; `at` in UTF-16 code units */
int sl_op_text(struct sl_work *work)
{
	struct sl_text_merge merge;
	for (int i = 0; i < 3; i++)
		if (sl_utf8_valid(work->in[i]) != work->in[i].length)
			return sl_work_refuse(work, "a text is not UTF-8");
	int code = sl_text_merge(work->in[0], work->in[1], work->in[2], SL_TEXT_TRUE_BASE, &work->arena, &merge, &work->err);
	if (code != SL_OK)
		return code;
	sl_work_write_member(&work->out, "{\"text\":", merge.text);
	sl_buf_add_char(&work->out, ',');
	write_hunks(&work->out, &merge);
	write_both(&work->out, &merge);
	sl_buf_add_char(&work->out, '}');
	return SL_OK;
}
