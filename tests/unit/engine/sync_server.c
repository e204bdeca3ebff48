/* A server in memory; see sync_server.h. */
#include "sync_server.h"

#include <stdio.h>
#include <stdlib.h>

#include "core/json/parse.h"
#include "core/json/write.h"
#include "core/rows/document_write.h"

struct handling {
	struct sync_server *server;
	struct sl_arena arena;
	struct sl_buf *out;
	size_t device;
};

int sync_server_init(struct sync_server *server)
{
	*server = (struct sync_server){ .epoch = "first", .now_ms = 1000, .row_bytes = (size_t)1 << 20,
		.project_bytes = (int64_t)1 << 30, .request_bytes = (size_t)1 << 24, .state_count = 1 };
	return memory_store_init(&server->states[0]);
}

void sync_server_dispose(struct sync_server *server)
{
	for (size_t i = 0; i < server->state_count; i++)
		memory_store_dispose(&server->states[i]);
	server->state_count = 0;
}

struct memory_store *sync_server_store(struct sync_server *server)
{
	return &server->states[server->state_count - 1];
}

/* --- going back ---------------------------------------------------------------------------------------------------- */

/* A copy becomes the present; texts are shared, since no state goes away before the server does. */
static void push_copy(struct sync_server *server, const struct memory_store *from)
{
	if (server->state_count == SERVER_STATES)
		abort();
	struct memory_store *to = &server->states[server->state_count];
	if (memory_store_init(to) != SL_OK)
		abort();
	to->rows = sl_rowset_clone(from->rows, &to->arena);
	to->tombstones = sl_rowset_clone(from->tombstones, &to->arena);
	to->ops = sl_rowset_clone(from->ops, &to->arena);
	to->versions = sl_arena_zalloc(&to->arena, from->version_count + 1, sizeof(*to->versions));
	if (!to->rows || !to->tombstones || !to->ops || !to->versions)
		abort();
	if (from->version_count)
		memcpy(to->versions, from->versions, from->version_count * sizeof(*to->versions));
	to->version_count = from->version_count;
	to->version_capacity = from->version_count + 1;
	to->head = from->head;
	server->state_count++;
}

size_t sync_server_save(struct sync_server *server)
{
	push_copy(server, sync_server_store(server));
	return server->state_count - 2;
}

void sync_server_restore(struct sync_server *server, size_t saved)
{
	push_copy(server, &server->states[saved]);
}

/* --- answers ------------------------------------------------------------------------------------------------------- */

static int problem(struct handling *handling, int code, const char *detail)
{
	sl_buf_add_text(handling->out, "{\"error\":\"");
	sl_buf_add_text(handling->out, sl_err_word(code));
	sl_buf_add_text(handling->out, "\",\"detail\":");
	sl_json_string(handling->out, sl_str_from(detail));
	sl_buf_add_char(handling->out, '}');
	return sl_err_status(code);
}

static int answer_faults(struct handling *handling, const struct sl_faults *faults)
{
	sl_buf_add_text(handling->out, "{\"error\":\"invalid\",\"detail\":\"not valid\",\"faults\":[");
	for (size_t i = 0; i < faults->count; i++) {
		sl_buf_add_text(handling->out, i ? ",{\"path\":" : "{\"path\":");
		sl_json_string(handling->out, sl_str_from(faults->items[i].path));
		sl_buf_add_text(handling->out, ",\"reason\":");
		sl_json_string(handling->out, sl_str_from(faults->items[i].reason));
		sl_buf_add_char(handling->out, '}');
	}
	sl_buf_add_text(handling->out, "]}");
	return 422;
}

static void write_version(struct handling *handling, const struct sl_head *head)
{
	char digest[SL_DIGEST_HEX];
	sl_digest_format(head->digest, digest);
	sl_buf_add_text(handling->out, "\"updatedAt\":");
	sl_buf_add_int(handling->out, head->version);
	sl_buf_add_text(handling->out, ",\"digest\":\"");
	sl_buf_add_text(handling->out, digest);
	sl_buf_add_text(handling->out, "\",\"epoch\":");
	sl_json_string(handling->out, sl_str_from(head->epoch));
}

/* When the row was last written or removed. */
static int64_t version_of(const struct memory_store *store, const struct sl_key *key)
{
	const struct sl_row *row = sl_rowset_find(store->rows, key);
	return row ? row->version : sl_rowset_find(store->tombstones, key)->version;
}

static void write_author(struct handling *handling, const struct sl_key *key, const char *before)
{
	sl_buf_add_text(handling->out, before);
	sl_buf_add_text(handling->out, "{\"entity\":\"");
	sl_buf_add_text(handling->out, sl_entity_name(key->entity));
	sl_buf_add_text(handling->out, "\",\"key\":");
	sl_key_write(handling->out, key);
	sl_buf_add_text(handling->out, ",\"version\":");
	sl_buf_add_int(handling->out, version_of(sync_server_store(handling->server), key));
	sl_buf_add_char(handling->out, '}');
}

static void write_authors(struct handling *handling, const struct sl_delta *changes)
{
	const struct sync_server *server = handling->server;
	const struct sl_row *row;
	const char *before = ",\"authors\":[";
	char text[160];
	size_t cursor = 0;
	for (; (row = sl_rowset_next(changes->rows, &cursor)); before = ",")
		write_author(handling, &row->key, before);
	for (size_t i = 0; i < changes->deleted_count; i++, before = ",")
		write_author(handling, &changes->deleted[i], before);
	sl_buf_add_text(handling->out, before[1] ? ",\"authors\":[],\"versions\":{" : "],\"versions\":{");
	for (size_t i = 0; i < server->author_count; i++) {
		long long version = server->authors[i].version;
		size_t device = server->authors[i].device;
		snprintf(text, sizeof(text), "%s\"%lld\":{\"userId\":7,\"deviceId\":\"device-%zu\",\"deviceName\":\"Device %zu\",\"at\":%lld}",
			i ? "," : "", version, device, device, version + 1);
		sl_buf_add_text(handling->out, text);
	}
	sl_buf_add_char(handling->out, '}');
}

/* `,"changes":DELTA` if they are known. */
static bool write_changes(struct handling *handling, int64_t since, int64_t known)
{
	struct memory_store *store = sync_server_store(handling->server);
	struct sl_err err = SL_ERR_INIT;
	struct sl_delta changes;
	if (since > store->head.version || (since < store->head.tombstones_from && since != 0))
		return false;
	if (store->calls.read_changes(store, since, &handling->arena, &changes, &err) != SL_OK)
		abort();
	if (known > 0 && memory_store_leave_out_known(store, known, &handling->arena, &changes) != SL_OK)
		abort();
	sl_buf_add_text(handling->out, ",\"changes\":");
	if (sl_delta_write(&changes, handling->out) != SL_OK)
		abort();
	if (handling->server->names_authors)
		write_authors(handling, &changes);
	sl_buf_add_text(handling->out, handling->server->says ? handling->server->says : "");
	return true;
}

static int answer_get(struct handling *handling, int64_t since, int64_t known)
{
	struct memory_store *store = sync_server_store(handling->server);
	struct sl_err err = SL_ERR_INIT;
	handling->server->pulls++;
	handling->server->pulled[handling->device] = true;
	if (store->head.version == 0)
		return problem(handling, SL_NO_PROJECT, "nothing is stored");
	sl_buf_add_char(handling->out, '{');
	write_version(handling, &store->head);
	sl_buf_add_text(handling->out, ",\"since\":");
	sl_buf_add_int(handling->out, since);
	if (known > 0) {
		sl_buf_add_text(handling->out, ",\"known\":");
		sl_buf_add_int(handling->out, known);
	}
	if (!write_changes(handling, since, known)) {
		sl_buf_add_text(handling->out, ",\"full\":true,\"projectData\":");
		if (sl_rows_write_document(store->rows, &handling->arena, handling->out, &err) != SL_OK)
			abort();
	}
	sl_buf_add_char(handling->out, '}');
	return 200;
}

/* Makes of the answer what is kept of a long one. */
static void omit_changes(struct handling *handling)
{
	struct sl_err err = SL_ERR_INIT;
	json_t *answer = NULL;
	if (sl_json_parse(sl_buf_str(handling->out), &answer, &err) != SL_OK)
		abort();
	if (json_object_del(answer, "changes") == 0 && json_object_set_new(answer, "changesOmitted", json_true()) != 0)
		abort();
	sl_buf_clear(handling->out);
	sl_json_write(handling->out, answer);
	json_decref(answer);
}

static void note_author(struct handling *handling, int64_t version)
{
	struct sync_server *server = handling->server;
	if (server->author_count == SERVER_VERSIONS)
		memmove(server->authors, server->authors + 1, --server->author_count * sizeof(*server->authors));
	server->authors[server->author_count++] = (struct sync_author){ version, handling->device };
}

static int answer_outcome(struct handling *handling, const struct sl_push *push, const struct sl_outcome *outcome)
{
	struct memory_store *store = sync_server_store(handling->server);
	if (outcome->verdict == SL_CONFLICTED) {
		sl_buf_add_text(handling->out, "{\"error\":\"conflict\",\"reason\":\"");
		sl_buf_add_text(handling->out, outcome->reason);
		sl_buf_add_text(handling->out, "\",");
		write_version(handling, &store->head);
		if (push->has_base && strcmp(outcome->reason, "epoch") != 0)
			write_changes(handling, push->base_version, 0);
		sl_buf_add_char(handling->out, '}');
		return 409;
	}
	handling->server->committed += outcome->verdict == SL_COMMITTED;
	if (outcome->verdict == SL_COMMITTED)
		note_author(handling, outcome->head.version);
	sl_buf_add_text(handling->out,
		outcome->verdict == SL_REPLAYED ? "{\"replayed\":true," : "{\"replayed\":false,");
	sl_buf_add(handling->out, outcome->answer.bytes + 1, outcome->answer.length - 2);
	sl_buf_add_text(handling->out, handling->server->says ? handling->server->says : "");
	sl_buf_add_char(handling->out, '}');
	if (handling->server->brief_replays && outcome->verdict == SL_REPLAYED)
		omit_changes(handling);
	return 200;
}

static int commit(struct handling *handling, const struct sl_push *push)
{
	struct sl_outcome outcome;
	struct sl_err err = SL_ERR_INIT;
	int rc = sl_commit(&sync_server_store(handling->server)->calls, push, &handling->arena, &outcome, &err);
	if (rc == SL_INVALID && outcome.faults.total)
		return answer_faults(handling, &outcome.faults);
	return rc == SL_OK ? answer_outcome(handling, push, &outcome) : problem(handling, rc, err.message);
}

/* --- requests ------------------------------------------------------------------------------------------------------ */

static struct sl_str text_of(const json_t *text)
{
	return (struct sl_str){ json_string_value(text), json_string_length(text) };
}

static struct sl_push read_push(struct handling *handling, const json_t *body, enum sl_action action)
{
	const json_t *base = json_object_get(body, "baseVersion");
	struct sl_push push = { .action = action, .has_base = base != NULL,
		.base_version = (int64_t)json_number_value(base), .op_id = text_of(json_object_get(body, "opId")),
		.epoch = text_of(json_object_get(body, "epoch")),
		.rebase = sl_str_equal(text_of(json_object_get(body, "onStale")), SL_STR("rebase")),
		.allow_empty = json_is_true(json_object_get(body, "allowEmpty")), .at = "/delta",
		.now_ms = handling->server->now_ms, .project_bytes = handling->server->project_bytes,
		.restore_version = (int64_t)json_number_value(json_object_get(body, "version")) };
	return push;
}

static int answer_put(struct handling *handling, const json_t *body)
{
	struct sl_push push = read_push(handling, body, SL_ACTION_PUSH);
	struct sl_faults faults;
	struct sl_delta delta;
	struct sl_err err = SL_ERR_INIT;
	const json_t *value = json_object_get(body, "delta");
	int rc = sl_validate_delta(value, "/delta", handling->server->row_bytes, &handling->arena, &faults, &err);
	if (rc == SL_INVALID)
		return answer_faults(handling, &faults);
	const json_t *aside = json_object_get(body, "setAside");
	if (rc == SL_OK && aside)
		rc = sl_validate_set_aside(aside, "/setAside", &handling->arena, &faults, &err);
	if (rc == SL_OK && aside)
		rc = sl_json_copy(aside, &handling->arena, &push.set_aside);
	if (rc != SL_OK || sl_delta_from_json(value, &handling->arena, &delta, &err) != SL_OK)
		abort();
	push.delta = &delta;
	return commit(handling, &push);
}

static int refuse_size(struct handling *handling)
{
	sl_buf_add_text(handling->out, "{\"error\":\"too_large\",\"detail\":\"too much at once\",\"limit\":");
	sl_buf_add_int(handling->out, (int64_t)handling->server->request_bytes);
	sl_buf_add_char(handling->out, '}');
	return 413;
}

static int answer_push(struct handling *handling, const struct sync_request *request)
{
	json_t *body = NULL;
	struct sl_err err = SL_ERR_INIT;
	int status;
	handling->server->pushes++;
	if (!handling->server->pulled[handling->device])
		return problem(handling, SL_PULL_REQUIRED, "pull first");
	if (request->body.length > handling->server->request_bytes)
		return refuse_size(handling);
	if (sl_json_parse(request->body, &body, &err) != SL_OK)
		return problem(handling, SL_MALFORMED, err.message);
	if (strcmp(request->method, "PUT") == 0)
		status = answer_put(handling, body);
	else {
		struct sl_push push = read_push(handling, body, SL_ACTION_RESTORE);
		status = commit(handling, &push);
	}
	json_decref(body);
	return status;
}

int sync_server_answer(struct sync_server *server, size_t device, const struct sync_request *request, struct sl_buf *out)
{
	struct handling handling = { .server = server, .out = out, .device = device };
	static const char since[] = "/project?since=";
	char path[96], *epoch = sync_server_store(server)->head.epoch;
	int status;
	snprintf(epoch, SL_EPOCH_BYTES, "%s", server->epoch);
	snprintf(path, sizeof(path), "%.*s", (int)request->path.length, request->path.bytes);
	const char *known = strstr(path, "&known=");
	sl_arena_init(&handling.arena, 0);
	if (strcmp(request->method, "GET") == 0 && strncmp(path, since, sizeof(since) - 1) == 0)
		status = answer_get(&handling, strtoll(path + sizeof(since) - 1, NULL, 10), known ? strtoll(known + 7, NULL, 10) : 0);
	else if ((strcmp(request->method, "PUT") == 0 && strcmp(path, "/project") == 0)
		|| (strcmp(request->method, "POST") == 0 && strcmp(path, "/project/restore") == 0))
		status = answer_push(&handling, request);
	else
		status = problem(&handling, SL_NOT_FOUND, "no such resource");
	sl_arena_dispose(&handling.arena);
	return status;
}
