/* The state of a project as one consistent read; see state.h. Everything is in memory before the first byte goes out, so that a
 * database that goes away on the way becomes a clean 503. */
#include "server/state.h"

#include "core/json/write.h"
#include "core/rows/document_write.h"

struct reading {
	struct sl_project *project;
	const struct sl_state_query *query;
	struct sl_arena *arena;
	struct sl_state *state;
};

struct sl_project sl_state_project(struct sl_context *context, const struct sl_request *request)
{
	return (struct sl_project){ .db = context->db, .project_id = context->who.project_id, .user_id = context->who.user_id,
		.device_id = context->who.device_id, .trace_id = request->trace_id };
}

static int read_rows(struct reading *reading, struct sl_err *err)
{
	size_t expected = 0;
	for (int entity = 0; entity < SL_ENTITIES; entity++)
		expected += (size_t)reading->state->head.rows[entity];
	reading->state->rows = sl_rowset_new(reading->arena, expected);
	if (!reading->state->rows)
		return sl_err_set(err, SL_NO_MEMORY, "out of memory while reading the project");
	struct sl_store store = sl_store_mariadb(reading->project);
	return store.read_all(store.context, reading->arena, reading->state->rows, err);
}

static int read_changes(struct reading *reading, struct sl_err *err)
{
	const struct sl_head *head = &reading->state->head;
	int64_t since = reading->query->since;
	/* Whoever has nothing needs no deletions. */
	bool known = since <= head->version && (since >= head->tombstones_from || since == 0);
	if (!known)
		return reading->query->rows_if_no_changes ? read_rows(reading, err) : SL_OK;
	reading->state->has_changes = true;
	return sl_store_changes(reading->project, since, reading->query->known > since ? reading->query->known : since,
		reading->arena, &reading->state->changes, err);
}

static int read_past(struct reading *reading, struct sl_err *err)
{
	struct sl_state *state = reading->state;
	struct sl_rowset *now = NULL;
	struct sl_str undo;
	struct sl_store store = sl_store_mariadb(reading->project);
	int rc = store.read_undo(store.context, reading->query->at_version, reading->arena, &undo, &state->recorded, err);
	if (rc == SL_OK)
		rc = read_rows(reading, err);
	if (rc == SL_OK && reading->query->back_to_now && !(now = sl_rowset_clone(state->rows, reading->arena)))
		rc = sl_err_set(err, SL_NO_MEMORY, "out of memory while reading a version");
	if (rc == SL_OK)
		rc = sl_undo_apply(undo, state->rows, reading->arena, err);
	if (rc != SL_OK || !now)
		return rc;
	state->has_changes = true;
	return sl_delta_difference(state->rows, now, reading->arena, &state->changes);
}

static int read_state(void *context, struct sl_err *err)
{
	struct reading *reading = context;
	memset(reading->state, 0, sizeof(*reading->state));
	int rc = sl_store_head(reading->project, &reading->state->head, err);
	if (rc != SL_OK || reading->state->head.version == 0)
		return rc;
	if (reading->query->at_version)
		return read_past(reading, err);
	if (reading->query->rows)
		rc = read_rows(reading, err);
	if (rc == SL_OK && reading->query->changes)
		rc = read_changes(reading, err);
	return rc;
}

int sl_state_read(struct sl_project *project, const struct sl_state_query *query, struct sl_arena *arena,
	struct sl_state *state_r, struct sl_err *err)
{
	struct reading reading = { project, query, arena, state_r };
	return sl_tx_run(project->db, SL_TX_READ, read_state, &reading, err);
}

void sl_state_write_version(struct sl_buf *out, const struct sl_head *head)
{
	char digest[SL_DIGEST_HEX];
	sl_digest_format(head->digest, digest);
	sl_buf_add_text(out, "\"updatedAt\":");
	sl_buf_add_int(out, head->version);
	sl_buf_add_text(out, ",\"digest\":\"");
	sl_buf_add_text(out, digest);
	sl_buf_add_text(out, "\",\"epoch\":");
	sl_json_string(out, sl_str_from(head->epoch));
}

int sl_state_write_project(struct sl_buf *out, const struct sl_state *state, struct sl_arena *arena, struct sl_err *err)
{
	sl_buf_add_text(out, ",\"projectData\":");
	if (!state->rows) {
		sl_buf_add_text(out, "null");
		return SL_OK;
	}
	sl_buf_expect(out, (size_t)state->head.bytes); /* about what it will take */
	return sl_rows_write_document(state->rows, arena, out, err);
}

int sl_state_write_changes(struct sl_buf *out, const struct sl_state *state, struct sl_err *err)
{
	sl_buf_add_text(out, ",\"changes\":");
	int rc = sl_delta_write(&state->changes, out);
	return rc == SL_OK ? SL_OK : sl_err_set(err, rc, "the changes can't be written");
}
