/* An edit on its way to the engine, as the device's app gives it: rows, or the whole document; by an app that knows no more than
 * the schema. See writer.h. */
#include <stdlib.h>

#include "core/json/parse.h"
#include "core/json/write.h"
#include "core/rows/document_write.h"

#include "writer.h"

static bool is_replacer(const struct writing *writing)
{
	return writing->sim->plan->with[SIM_WITH_REPLACERS] && writing->device->index == 1;
}

bool writing_is_old_app(const struct writing *writing)
{
	return writing->sim->plan->with[SIM_WITH_OLD_APPS] && writing->device->index == 0;
}

/* --- what old apps leave out -------------------------------------------------------------------------------------- */

static struct sl_str without_unknown(struct writing *writing, enum sl_entity entity, struct sl_str data)
{
	struct sl_err err = SL_ERR_INIT;
	struct sl_buf text;
	json_t *object = NULL, *value;
	const char *name;
	void *next;
	if (sl_json_parse(data, &object, &err) != SL_OK)
		abort();
	json_object_foreach_safe(object, next, name, value)
		if (!sl_schema_field(sl_schema_row(entity), sl_str_from(name)) && strcmp(name, "refused") != 0)
			json_object_del(object, name);
	sl_buf_init(&text, SIZE_MAX);
	sl_json_write(&text, object);
	json_decref(object);
	if (sl_buf_code(&text) != SL_OK)
		abort();
	struct sl_str kept = sim_copy(writing->sim, sl_buf_str(&text));
	sl_buf_dispose(&text);
	return kept;
}

static const struct sl_rowset *rows_of_app(struct writing *writing)
{
	struct sl_rowset *rows;
	const struct sl_row *row;
	size_t cursor = 0;
	if (!writing_is_old_app(writing))
		return writing->rows;
	rows = sim_rowset(writing->sim);
	while ((row = sl_rowset_next(writing->rows, &cursor))) {
		struct sl_row shown = *row;
		if (row->key.entity != SL_META)
			shown.data = without_unknown(writing, row->key.entity, row->data);
		if (!sl_rowset_put(rows, &shown))
			abort();
	}
	return rows;
}

/* --- whole documents ---------------------------------------------------------------------------------------------- */

/* What the app shows, with the edit in it; new rows go last. */
static struct sl_rowset *edited_rows(struct writing *writing)
{
	struct sl_rowset *rows = sl_rowset_clone(sl_engine_rows(writing->device->engine), &writing->sim->arena);
	const struct sl_row *row, *old;
	struct sl_delta deletions = { sim_rowset(writing->sim), writing->deleted.items, writing->deleted.count };
	size_t cursor = 0, count = 0;
	char rank[32];
	if (!rows || sl_delta_expand(&deletions, rows, &writing->sim->arena) != SL_OK
		|| sl_delta_apply(&deletions, rows, &writing->sim->arena) != SL_OK)
		abort();
	while ((row = sl_rowset_next(writing->rows, &cursor))) {
		struct sl_row edited = *row;
		old = sl_rowset_find(rows, &row->key);
		int length = snprintf(rank, sizeof(rank), "zzzzzzzzzzzzzzzzzzzzzzzz%04zu", ++count);
		if (!edited.rank.length)
			edited.rank = old ? old->rank : sim_copy(writing->sim, (struct sl_str){ rank, (size_t)length });
		if (!sl_rowset_put(rows, &edited))
			abort();
	}
	return rows;
}

static int send_document(struct writing *writing)
{
	struct sl_event event = { .type = SL_EVENT_REPLACE };
	struct sl_err err = SL_ERR_INIT;
	struct sl_buf out;
	sl_buf_init(&out, SIZE_MAX);
	if (sl_rows_write_document(edited_rows(writing), &writing->sim->arena, &out, &err) != SL_OK)
		abort();
	event.replace.document = sl_buf_str(&out);
	event.replace.revision = sl_engine_revision(writing->device->engine);
	SIM_NOTE(writing->sim, "user %u    saves the document %.*s", writing->device->index, (int)out.length, out.bytes);
	int rc = sim_device_handle(writing->sim, writing->device->index, &event, &writing->intent);
	sl_buf_dispose(&out);
	return rc;
}

/* --- all ---------------------------------------------------------------------------------------------------------- */

static int send_rows(struct writing *writing)
{
	struct sl_delta delta = { (struct sl_rowset *)rows_of_app(writing), writing->deleted.items, writing->deleted.count };
	struct sl_event event = { .type = SL_EVENT_EDIT };
	struct sl_buf text;
	sl_buf_init(&text, SIZE_MAX);
	if (sl_delta_write(&delta, &text) != SL_OK)
		abort();
	SIM_NOTE(writing->sim, "user %u    edits %.*s", writing->device->index, (int)text.length, text.bytes);
	event.edit.delta = sl_buf_str(&text);
	event.edit.revision = sl_engine_revision(writing->device->engine);
	int rc = sim_device_handle(writing->sim, writing->device->index, &event, &writing->intent);
	sl_buf_dispose(&text);
	return rc;
}

void writing_send(struct writing *writing)
{
	if (sl_rowset_count(writing->rows) == 0 && writing->deleted.count == 0)
		return;
	writing->intent.rows = writing->rows;
	writing->intent.deleted = writing->deleted.items;
	writing->intent.deleted_count = writing->deleted.count;
	int rc = is_replacer(writing) ? send_document(writing) : send_rows(writing);
	if (rc != SL_OK)
		sim_violate(writing->sim, "engine", "device %u refuses an edit (%d)", writing->device->index, rc);
}
