/* The three-way merge of states as an operation. */
#include "core/engine/json.h"
#include "core/merge/merge.h"
#include "web/wasm/work.h"

/* A state in which every scene and shot has its episode. */
static int read_side(struct sl_work *work, int argument, bool is_document, const struct sl_rowset *base,
	struct sl_rowset **rows_r)
{
	int code = sl_work_read_state(work, work->in[argument], is_document, base, rows_r);
	return code == SL_OK ? sl_work_check_episodes(work, *rows_r) : code;
}

static void write_notes(struct sl_buf *out, const struct sl_merge *merge)
{
	for (size_t i = 0; i < merge->note_count; i++) {
		sl_buf_add_text(out, i ? ",{" : "{");
		sl_engine_json_note(&merge->notes[i], out);
		sl_buf_add_char(out, '}');
	}
}

static int write_merge(struct sl_work *work, const struct sl_merge *merge, bool is_document)
{
	sl_buf_add_text(&work->out, "{\"merged\":");
	int code = sl_work_write_state(work, merge->rows, is_document);
	sl_buf_add_text(&work->out, ",\"push\":");
	if (code == SL_OK)
		code = sl_delta_write(&merge->push, &work->out);
	sl_buf_add_text(&work->out, ",\"adopt\":");
	if (code == SL_OK)
		code = sl_delta_write(&merge->adopt, &work->out);
	sl_buf_add_text(&work->out, ",\"notes\":[");
	write_notes(&work->out, merge);
	sl_buf_add_text(&work->out, "]}");
	return code;
}

/* merge(base, mine, theirs, form): {"merged":STATE,"push":DELTA,"adopt":DELTA,"notes":[…]}; see merge.h and, for
 * notes, engine/json.h */
int sl_op_merge(struct sl_work *work)
{
	struct sl_rowset *base, *mine, *theirs;
	struct sl_merge merge;
	bool is_document;
	int code = sl_work_read_form(work, work->in[3], &is_document);
	if (code == SL_OK)
		code = read_side(work, 0, is_document, NULL, &base);
	if (code == SL_OK)
		code = read_side(work, 1, is_document, base, &mine);
	if (code == SL_OK)
		code = read_side(work, 2, is_document, base, &theirs);
	if (code == SL_OK)
		code = sl_merge(base, mine, theirs, NULL, &work->arena, &merge, &work->err);
	return code == SL_OK ? write_merge(work, &merge, is_document) : code;
}
