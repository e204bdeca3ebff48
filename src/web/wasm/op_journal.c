/* The journal, as a store holds it: what an entry did, and rows as they were before it. */
#include "core/engine/json.h"
#include "web/wasm/work.h"

static int read_entry(struct sl_work *work, struct sl_str body, struct sl_journal_entry *entry_r)
{
	int code = sl_journal_read(body, &work->arena, entry_r);
	return code == SL_INTERNAL ? sl_work_refuse(work, "that is no entry of a journal") : code;
}

/* journal_entry(body): what it did, as sl_engine_json_entry has it */
int sl_op_journal_entry(struct sl_work *work)
{
	struct sl_journal_entry entry;
	int code = read_entry(work, work->in[0], &entry);
	if (code == SL_OK)
		sl_engine_json_entry(&entry, &work->out);
	return code;
}

/* One change: into `before` what was there, into `gone` what was not. Rows that are not among the given ones are left alone. */
static int step_back(struct sl_work *work, const struct sl_journal_change *change, const struct sl_rowset *rows,
	struct sl_rowset *before, struct sl_keys *gone)
{
	const struct sl_row *now = sl_rowset_find(rows, &change->key);
	struct sl_row row = now ? *now : (struct sl_row){ .key = change->key };
	if (!now && change->was.length)
		return SL_OK;
	int code = sl_journal_step_back(change, &row, &work->arena);
	if (code == SL_INTERNAL)
		return sl_work_refuse(work, "the entry led to other rows than these");
	if (code == SL_OK && !row.data.length)
		return sl_keys_add(gone, &row.key);
	return code == SL_OK && !sl_rowset_put(before, &row) ? SL_NO_MEMORY : code;
}

/* journal_back(body, rows): DELTA that takes what the entry did out of the rows */
int sl_op_journal_back(struct sl_work *work)
{
	struct sl_journal_entry entry;
	struct sl_keys gone = { .arena = &work->arena };
	struct sl_rowset *before = sl_rowset_new(&work->arena, 16), *rows;
	int code = before ? read_entry(work, work->in[0], &entry) : SL_NO_MEMORY;
	if (code == SL_OK)
		code = sl_work_read_rows(work, work->in[1], &rows);
	for (size_t i = 0; code == SL_OK && i < entry.change_count; i++)
		code = step_back(work, &entry.changes[i], rows, before, &gone);
	struct sl_delta delta = { before, gone.items, gone.count };
	return code == SL_OK ? sl_delta_write(&delta, &work->out) : code;
}
