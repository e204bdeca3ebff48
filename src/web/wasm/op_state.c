/* Operations on states and deltas. */
#include "core/json/write.h"
#include "core/rows/digest.h"
#include "web/wasm/work.h"

/* rows(document, rows that are stored?): the document's rows; siblings stored in the same order keep their rank. */
int sl_op_rows(struct sl_work *work)
{
	struct sl_rowset *stored = NULL, *wanted;
	int code = work->in[1].length ? sl_work_read_rows(work, work->in[1], &stored) : SL_OK;
	if (code == SL_OK)
		code = sl_work_read_document(work, work->in[0], stored, &wanted);
	return code == SL_OK ? sl_work_write_rows(work, wanted) : code;
}

/* document(rows): the document that they make. */
int sl_op_document(struct sl_work *work)
{
	struct sl_rowset *state;
	int code = sl_work_read_rows(work, work->in[0], &state);
	return code == SL_OK ? sl_work_write_state(work, state, true) : code;
}

/* digest(state, form): its digest, a JSON text of 32 hex digits. */
int sl_op_digest(struct sl_work *work)
{
	struct sl_rowset *state;
	bool is_document;
	char hex[SL_DIGEST_HEX];
	int code = sl_work_read_form(work, work->in[1], &is_document);
	if (code == SL_OK)
		code = sl_work_read_state(work, work->in[0], is_document, NULL, &state);
	if (code != SL_OK)
		return code;
	sl_digest_format(sl_digest_of(state), hex);
	sl_json_string(&work->out, sl_str_from(hex));
	return SL_OK;
}

/* difference(before, after, form): the delta from one state to the other. */
int sl_op_difference(struct sl_work *work)
{
	struct sl_rowset *before, *after;
	struct sl_delta delta;
	bool is_document;
	int code = sl_work_read_form(work, work->in[2], &is_document);
	if (code == SL_OK)
		code = sl_work_read_state(work, work->in[0], is_document, NULL, &before);
	if (code == SL_OK)
		code = sl_work_read_state(work, work->in[1], is_document, before, &after);
	if (code == SL_OK)
		code = sl_delta_difference(before, after, &work->arena, &delta);
	return code == SL_OK ? sl_delta_write(&delta, &work->out) : code;
}

/* apply(state, delta, form): the state after the delta, in the same form. */
int sl_op_apply(struct sl_work *work)
{
	struct sl_rowset *state;
	struct sl_delta delta;
	bool is_document;
	int code = sl_work_read_form(work, work->in[2], &is_document);
	if (code == SL_OK)
		code = sl_work_read_state(work, work->in[0], is_document, NULL, &state);
	if (code == SL_OK)
		code = sl_work_read_delta(work, work->in[1], &delta);
	if (code == SL_OK)
		code = sl_delta_apply(&delta, state, &work->arena);
	return code == SL_OK ? sl_work_write_state(work, state, is_document) : code;
}

/* compose(first, second): one delta with the effect of both; see sl_delta_compose. */
int sl_op_compose(struct sl_work *work)
{
	struct sl_delta first, second, both;
	int code = sl_work_read_delta(work, work->in[0], &first);
	if (code == SL_OK)
		code = sl_work_read_delta(work, work->in[1], &second);
	if (code == SL_OK)
		code = sl_delta_compose(&first, &second, &work->arena, &both);
	return code == SL_OK ? sl_delta_write(&both, &work->out) : code;
}

/* invert(delta, rows): the delta that undoes it, on the rows before. */
int sl_op_invert(struct sl_work *work)
{
	struct sl_rowset *before;
	struct sl_delta delta, inverse;
	int code = sl_work_read_delta(work, work->in[0], &delta);
	if (code == SL_OK)
		code = sl_work_read_rows(work, work->in[1], &before);
	if (code == SL_OK)
		code = sl_delta_expand(&delta, before, &work->arena);
	if (code == SL_OK)
		code = sl_delta_invert(&delta, before, &work->arena, &inverse);
	return code == SL_OK ? sl_delta_write(&inverse, &work->out) : code;
}
