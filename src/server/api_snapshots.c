/* /project/snapshots and /project/restore: the history of a project. See protocol.md, "History". */
#include "core/json/write.h"
#include "server/api.h"
#include "server/body.h"
#include "server/log.h"
#include "server/push.h"
#include "server/shared.h"
#include "server/state.h"

#define PAGE 50       /* entries of a list unless asked otherwise */
#define PAGE_MOST 500
#define LABEL_CHARACTERS 200

/* --- lists ------------------------------------------------------------------------------------------------------- */

/* The limits of a page: `?limit&before`. */
static int read_page(const struct sl_request *request, int64_t *limit_r, int64_t *before_r, struct sl_err *err)
{
	int rc = sl_http_query_int(request, "limit", limit_r, err);
	if (rc == 0)
		*limit_r = PAGE;
	if (rc < 0 || *limit_r < 1 || *limit_r > PAGE_MOST)
		return sl_err_set_at(err, SL_INVALID, "/limit", "must be a whole number from 1 to %d", PAGE_MOST);
	rc = sl_http_query_int(request, "before", before_r, err);
	if (rc == 0)
		*before_r = INT64_MAX;
	return rc < 0 ? rc : SL_OK;
}

/* A list that is written while rows stream in; one row more than the page tells that there is a next one. */
struct page {
	struct sl_buf *out;
	int64_t limit, count, last; /* last: the key of the last entry written */
};

static void write_text_member(struct sl_buf *out, const char *name, const struct sl_value *value)
{
	sl_buf_add_text(out, ",\"");
	sl_buf_add_text(out, name);
	sl_buf_add_text(out, "\":");
	if (value->kind == SL_VALUE_NULL)
		sl_buf_add_text(out, "null");
	else
		sl_json_string(out, value->text);
}

static void write_int_member(struct sl_buf *out, const char *name, int64_t number)
{
	sl_buf_add_text(out, ",\"");
	sl_buf_add_text(out, name);
	sl_buf_add_text(out, "\":");
	sl_buf_add_int(out, number);
}

/* False when the page is full. */
static bool begin_entry(struct page *page, const char *key_name, int64_t key)
{
	if (page->count++ >= page->limit)
		return false;
	sl_buf_add_text(page->out, page->count > 1 ? ",{\"" : "{\"");
	sl_buf_add_text(page->out, key_name);
	sl_buf_add_text(page->out, "\":");
	sl_buf_add_int(page->out, key);
	page->last = key;
	return true;
}

static void end_page(struct page *page)
{
	sl_buf_add_char(page->out, ']');
	if (page->count > page->limit)
		write_int_member(page->out, "next", page->last);
	sl_buf_add_char(page->out, '}');
}

static int write_snapshot(void *context, const struct sl_value *columns, struct sl_err *err)
{
	struct page *page = context;
	(void)err;
	if (!begin_entry(page, "version", columns[0].number))
		return SL_OK;
	write_int_member(page->out, "createdAt", columns[1].number);
	write_text_member(page->out, "deviceId", &columns[2]);
	write_text_member(page->out, "deviceName", &columns[3]);
	write_text_member(page->out, "action", &columns[4]);
	if (columns[5].kind != SL_VALUE_NULL)
		write_text_member(page->out, "label", &columns[5]);
	write_int_member(page->out, "rowsChanged", columns[6].number);
	sl_buf_add_text(page->out, ",\"summary\":");
	sl_buf_add_str(page->out, columns[7].text);
	sl_buf_add_char(page->out, '}');
	return SL_OK;
}

int sl_api_snapshots_list(struct sl_context *context, struct sl_request *request, struct sl_response *response,
	struct sl_err *err)
{
	struct page page = { .out = &response->body };
	int64_t before = 0;
	int rc = read_page(request, &page.limit, &before, err);
	if (rc != SL_OK)
		return rc;
	struct sl_value values[] = { SL_INT(context->who.user_id), SL_INT(context->who.project_id), SL_INT(before),
		SL_INT(page.limit + 1) };
	sl_buf_add_text(page.out, "{\"snapshots\":[");
	int64_t rows = sl_db_query(context->db, SL_SQL_SNAPSHOT_LIST, values, 4, write_snapshot, &page, err);
	end_page(&page);
	return rows < 0 ? (int)rows : SL_OK;
}

static int write_event(void *context, const struct sl_value *columns, struct sl_err *err)
{
	struct page *page = context;
	(void)err;
	if (!begin_entry(page, "eventId", columns[0].number))
		return SL_OK;
	write_text_member(page->out, "action", &columns[1]);
	write_text_member(page->out, "status", &columns[2]);
	write_text_member(page->out, "deviceId", &columns[3]);
	write_int_member(page->out, "timestamp", columns[4].number);
	write_text_member(page->out, "traceId", &columns[5]);
	write_int_member(page->out, "version", columns[6].number);
	write_text_member(page->out, "detail", &columns[7]);
	sl_buf_add_char(page->out, '}');
	return SL_OK;
}

int sl_api_audit(struct sl_context *context, struct sl_request *request, struct sl_response *response, struct sl_err *err)
{
	struct page page = { .out = &response->body };
	int64_t before = 0;
	int rc = read_page(request, &page.limit, &before, err);
	if (rc != SL_OK)
		return rc;
	struct sl_value values[] = { SL_INT(context->who.project_id), SL_INT(before), SL_INT(page.limit + 1) };
	sl_buf_add_text(page.out, "{\"events\":[");
	int64_t rows = sl_db_query(context->db, SL_SQL_AUDIT_LIST, values, 3, write_event, &page, err);
	end_page(&page);
	return rows < 0 ? (int)rows : SL_OK;
}

/* --- one version ------------------------------------------------------------------------------------------------- */

/* The version in the path: a whole number, or there is no such resource. */
static int path_version(const struct sl_request *request, int64_t *version_r, struct sl_err *err)
{
	struct sl_str text = request->params[0];
	int64_t version = 0;
	for (size_t i = 0; i < text.length; i++) {
		if (text.bytes[i] < '0' || text.bytes[i] > '9' || i >= 16)
			return sl_err_set(err, SL_NO_SNAPSHOT, "a version is a whole number");
		version = version * 10 + (text.bytes[i] - '0');
	}
	*version_r = version;
	return SL_OK;
}

/* A past state must be the very one that was recorded: a wrong answer would be a silent loss. */
static int check_past(struct sl_context *context, const struct sl_state *state, int64_t version, struct sl_err *err)
{
	if (sl_digest_equal(sl_digest_of(state->rows), state->recorded))
		return SL_OK;
	sl_shared_count(context->shared, SL_COUNT_DIGEST_MISMATCHES, 1);
	sl_log(SL_LOG_ERROR, "a past version does not match its recorded digest",
		SL_LOG_I("project", context->who.project_id), SL_LOG_I("version", version));
	return sl_err_set(err, SL_INTERNAL, "version %lld can't be reconstructed exactly", (long long)version);
}

static int wants_difference(const struct sl_request *request, bool *difference_r, struct sl_err *err)
{
	struct sl_str word;
	int rc = sl_http_query(request, "diff", &word, err);
	*difference_r = rc > 0;
	if (rc > 0 && !sl_str_equal(word, SL_STR("current")))
		return sl_err_set_at(err, SL_INVALID, "/diff", "must be current");
	return rc < 0 ? rc : SL_OK;
}

static int write_past(struct sl_request *request, struct sl_response *response, const struct sl_state *state,
	int64_t version, struct sl_err *err)
{
	struct sl_buf *out = &response->body;
	struct sl_head then = state->head;
	int rc;
	if (state->has_changes) {
		sl_buf_add_text(out, "{\"since\":");
		sl_buf_add_int(out, version);
		sl_buf_add_char(out, ',');
		sl_state_write_version(out, &state->head);
		rc = sl_state_write_changes(out, state, err);
	} else {
		then.version = version;
		then.digest = state->recorded;
		sl_buf_add_char(out, '{');
		sl_state_write_version(out, &then);
		rc = sl_state_write_project(out, state, request->arena, err);
	}
	sl_buf_add_char(out, '}');
	return rc;
}

int sl_api_snapshots_get(struct sl_context *context, struct sl_request *request, struct sl_response *response,
	struct sl_err *err)
{
	struct sl_project project = sl_state_project(context, request);
	struct sl_state_query query = { .rows = true };
	struct sl_state state;
	int rc = path_version(request, &query.at_version, err);
	if (rc == SL_OK)
		rc = wants_difference(request, &query.back_to_now, err);
	if (rc == SL_OK && query.at_version == 0)
		rc = sl_err_set(err, SL_NO_SNAPSHOT, "version 0 holds nothing");
	if (rc == SL_OK)
		rc = sl_state_read(&project, &query, request->arena, &state, err);
	if (rc != SL_OK)
		return rc;
	if (state.head.version == 0)
		return sl_err_set(err, SL_NO_SNAPSHOT, "this account has stored no project yet");
	rc = check_past(context, &state, query.at_version, err);
	return rc == SL_OK ? write_past(request, response, &state, query.at_version, err) : rc;
}

/* --- labels ------------------------------------------------------------------------------------------------------ */

struct labelling {
	struct sl_project project;
	struct sl_value label;
	int64_t version; /* 0: the current one, set on return */
};

static int set_label(void *context, struct sl_err *err)
{
	struct labelling *labelling = context;
	struct sl_project *project = &labelling->project;
	struct sl_store store = sl_store_mariadb(project);
	struct sl_head head;
	int rc = store.lock_head(store.context, &head, err);
	if (rc != SL_OK)
		return rc;
	if (head.version == 0)
		return sl_err_set(err, SL_NO_PROJECT, "this account has stored no project yet");
	if (labelling->version == 0)
		labelling->version = head.version;
	struct sl_value values[] = { labelling->label, SL_INT(project->project_id), SL_INT(labelling->version) };
	int64_t found = sl_db_query(project->db, SL_SQL_SNAPSHOT_DIGEST, values + 1, 2, NULL, NULL, err);
	if (found <= 0)
		return found < 0 ? (int)found : sl_err_set(err, SL_NO_SNAPSHOT, "version %lld is not in the history",
			(long long)labelling->version);
	return sl_db_exec(project->db, SL_SQL_SNAPSHOT_LABEL, values, 3, NULL, err);
}

static void answer_label(struct sl_response *response, const struct labelling *labelling)
{
	sl_buf_add_text(&response->body, "{\"ok\":true");
	write_int_member(&response->body, "version", labelling->version);
	write_text_member(&response->body, "label", &labelling->label);
	sl_buf_add_char(&response->body, '}');
}

int sl_api_snapshots_label(struct sl_context *context, struct sl_request *request, struct sl_response *response,
	struct sl_err *err)
{
	struct labelling labelling = { .project = sl_state_project(context, request) };
	struct sl_body body;
	struct sl_str label = { NULL, 0 };
	int rc = sl_body_read(&body, request, err);
	if (rc == SL_OK) {
		sl_body_text(&body, "label", true, LABEL_CHARACTERS, &label);
		rc = sl_body_check(&body, err);
	}
	sl_body_dispose(&body);
	if (rc == SL_INVALID)
		return sl_body_answer_faults(&body.faults, request, response, err);
	labelling.label = SL_TEXT(label);
	if (rc == SL_OK)
		rc = sl_tx_run(context->db, SL_TX_WRITE, set_label, &labelling, err);
	if (rc == SL_OK)
		answer_label(response, &labelling);
	return rc;
}

int sl_api_snapshots_unlabel(struct sl_context *context, struct sl_request *request, struct sl_response *response,
	struct sl_err *err)
{
	struct labelling labelling = { .project = sl_state_project(context, request), .label = SL_NULL };
	int rc = path_version(request, &labelling.version, err);
	if (rc == SL_OK && labelling.version == 0)
		rc = sl_err_set(err, SL_NO_SNAPSHOT, "version 0 holds nothing");
	if (rc == SL_OK)
		rc = sl_tx_run(context->db, SL_TX_WRITE, set_label, &labelling, err);
	if (rc == SL_OK)
		answer_label(response, &labelling);
	return rc;
}

/* --- restore ----------------------------------------------------------------------------------------------------- */

int sl_api_restore(struct sl_context *context, struct sl_request *request, struct sl_response *response, struct sl_err *err)
{
	struct sl_push push = { .action = SL_ACTION_RESTORE };
	struct sl_body body;
	int rc = sl_body_read(&body, request, err);
	if (rc == SL_OK) {
		sl_body_boolean(&body, "preview", &push.preview);
		sl_body_integer(&body, "version", true, &push.restore_version);
		push.has_base = sl_body_integer(&body, "baseVersion", false, &push.base_version);
		sl_body_text(&body, "opId", !push.preview, SL_OP_ID_CHARACTERS, &push.op_id);
		sl_body_text(&body, "epoch", false, SL_EPOCH_BYTES - 1, &push.epoch);
		rc = sl_body_check(&body, err);
	}
	sl_body_dispose(&body);
	if (rc == SL_INVALID)
		return sl_body_answer_faults(&body.faults, request, response, err);
	return rc == SL_OK ? sl_push_run(context, request, response, &push, err) : rc;
}
