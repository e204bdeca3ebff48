/* The endpoints; see server.h. Keeps true what the protocol promises of any server, and watches that devices keep
 * their side: an operation's bytes never change, and none is committed twice. */
#include "server.h"

#include <stdlib.h>

#include "core/json/parse.h"
#include "core/json/write.h"

#include "sim.h"

#define EPOCH_2023_MS INT64_C(1700000000000)
#define PROJECT_BYTES ((int64_t)1 << 40)

int64_t sim_server_now(const struct sim *sim)
{
	return EPOCH_2023_MS + sim->plan->skew_ms[SIM_DEVICES] + sim->server.jump_ms + sim->now_ms;
}

/* --- reading a push ----------------------------------------------------------------------------------------------- */

struct pushing {
	struct sim *sim;
	const struct sim_request *request;
	struct sl_arena arena;
	json_t *json;
	struct sl_push push;
	struct sl_delta delta;
	struct sl_faults faults;
	struct sl_err err;
};

static bool read_integer(const json_t *json, const char *name, int64_t *number_r)
{
	const json_t *value = json_object_get(json, name);
	if (!json_is_number(value))
		return false;
	*number_r = (int64_t)json_number_value(value);
	return true;
}

static void read_common(struct pushing *pushing)
{
	struct sl_push *push = &pushing->push;
	const json_t *id = json_object_get(pushing->json, "opId");
	const json_t *epoch = json_object_get(pushing->json, "epoch");
	const char *on_stale = json_string_value(json_object_get(pushing->json, "onStale"));
	push->has_base = read_integer(pushing->json, "baseVersion", &push->base_version);
	push->op_id = (struct sl_str){ json_string_value(id), json_string_length(id) };
	push->epoch = (struct sl_str){ json_string_value(epoch), json_string_length(epoch) };
	push->rebase = on_stale && strcmp(on_stale, "rebase") == 0;
	push->allow_empty |= json_is_true(json_object_get(pushing->json, "allowEmpty"));
	push->at = "/delta";
	push->now_ms = sim_server_now(pushing->sim);
	push->project_bytes = PROJECT_BYTES;
}

/* Rows with a member `refused`: stands for any rule that a server has and a device doesn't know. */
static void refuse_rows(struct pushing *pushing, const json_t *delta)
{
	for (int entity = SL_EPISODES; entity < SL_ENTITIES; entity++) {
		const char *name = sl_entity_name((enum sl_entity)entity);
		const json_t *rows = json_object_get(delta, name), *row;
		size_t i;
		char path[80];
		json_array_foreach(rows, i, row) {
			snprintf(path, sizeof(path), "/delta/%s/%zu/refused", name, i);
			if (json_object_get(row, "refused")
				&& sl_faults_add(&pushing->faults, &pushing->arena, path, "is refused here") == SL_NO_MEMORY)
				abort();
		}
	}
}

static int read_content(struct pushing *pushing)
{
	const json_t *delta = json_object_get(pushing->json, "delta");
	const json_t *document = json_object_get(pushing->json, "projectData");
	size_t row_bytes = pushing->sim->plan->row_bytes;
	int rc;
	if (delta) {
		rc = sl_validate_delta(delta, "/delta", row_bytes, &pushing->arena, &pushing->faults, &pushing->err);
		refuse_rows(pushing, delta);
		pushing->push.action = SL_ACTION_PUSH;
		pushing->push.delta = &pushing->delta;
		if (rc == SL_OK && pushing->faults.total)
			return sl_err_set_at(&pushing->err, SL_INVALID, pushing->faults.items[0].path, "is refused here");
		return rc == SL_OK ? sl_delta_from_json(delta, &pushing->arena, &pushing->delta, &pushing->err) : rc;
	}
	pushing->push.action = SL_ACTION_REPLACE;
	rc = document ? sl_validate_document(document, "/projectData", row_bytes, &pushing->arena, &pushing->faults,
		&pushing->err) : sl_err_set(&pushing->err, SL_INVALID, "delta or projectData is required");
	return rc == SL_OK ? sl_rows_from_document(document, &pushing->arena, &pushing->push.document, &pushing->err) : rc;
}

static int read_aside(struct pushing *pushing)
{
	const json_t *items = json_object_get(pushing->json, "setAside");
	int rc = items ? sl_validate_set_aside(items, "/setAside", &pushing->arena, &pushing->faults, &pushing->err) : SL_OK;
	return rc == SL_OK && items ? sl_json_copy(items, &pushing->arena, &pushing->push.set_aside) : rc;
}

/* Validates against what the endpoint takes; the push is whole then. */
static int read_push(struct pushing *pushing, enum sl_action action)
{
	pushing->push.action = action;
	int rc = sl_json_parse(pushing->request->body, &pushing->json, &pushing->err);
	if (rc != SL_OK)
		return rc;
	read_common(pushing);
	if (pushing->push.op_id.length == 0 || pushing->push.op_id.length > SL_OP_ID_CHARACTERS)
		return sl_err_set_at(&pushing->err, SL_INVALID, "/opId", "is required");
	if (action == SL_ACTION_PUSH) {
		rc = read_aside(pushing);
		return rc == SL_OK ? read_content(pushing) : rc;
	}
	if (action == SL_ACTION_RESTORE && !read_integer(pushing->json, "version", &pushing->push.restore_version))
		return sl_err_set_at(&pushing->err, SL_INVALID, "/version", "is required");
	pushing->push.allow_empty |= action == SL_ACTION_CLEAR;
	return SL_OK;
}

/* --- what devices must keep to ------------------------------------------------------------------------------------ */

/* Remembers the operation by its id, or compares it with what came under this id before. */
static struct sl_row *note_operation(struct pushing *pushing)
{
	struct sim *sim = pushing->sim;
	struct sl_row row = { .key = { SL_META, 0, pushing->push.op_id }, .data = pushing->request->body };
	struct sl_row *known = sl_rowset_find(sim->server.sent, &row.key);
	if (known && !sl_str_equal(known->data, row.data))
		sim_violate(sim, "operation-fixed", "operation %.*s came again with other bytes", (int)row.key.id.length,
			row.key.id.bytes);
	if (known)
		return known;
	row.key.id = sim_copy(sim, row.key.id);
	known = sl_rowset_put(sim->server.sent, &row);
	if (!known)
		abort();
	return known;
}

#define REFUSED (-1) /* as the version of an operation */

/* `op` has the answer that the operation got first, if it was decided before. */
static void watch_verdict(struct pushing *pushing, struct sl_row *op, const struct sl_outcome *outcome)
{
	struct sim *sim = pushing->sim;
	int length = (int)op->key.id.length;
	const char *id = op->key.id.bytes;
	if (outcome->verdict == SL_CONFLICTED || outcome->verdict == SL_PREVIEWED) {
		if (op->rank.length)
			sim_violate(sim, "replay", "operation %.*s was accepted before and is a conflict now", length, id);
		else
			op->version = REFUSED;
		return;
	}
	/* A copy of a push that was refused, and made again otherwise, may come late and fit by then: what it counts comes twice. */
	sim->check.uncounted |= outcome->verdict == SL_COMMITTED && op->version == REFUSED;
	if (outcome->verdict == SL_COMMITTED && op->version > 0)
		sim_violate(sim, "applied-once", "operation %.*s is committed as %lld and as %lld", length, id,
			(long long)op->version, (long long)outcome->head.version);
	if (op->rank.length && !sl_str_equal(op->rank, outcome->answer))
		sim_violate(sim, "replay", "operation %.*s is answered otherwise than at first", length, id);
	if (op->rank.length == 0) {
		op->rank = sim_copy(sim, outcome->answer);
		op->version = outcome->head.version;
	}
}

static bool is_empty(const struct sl_rowset *rows)
{
	return sl_rows_is_empty_project(rows);
}

/* --- deciding ----------------------------------------------------------------------------------------------------- */

static struct sim_response refuse(struct pushing *pushing, int code)
{
	const struct sl_faults *faults = code == SL_INVALID ? &pushing->faults : NULL;
	return sim_answer_problem(pushing->sim, code, pushing->err.message, faults, pushing->err.limit);
}

static struct sim_response decide(struct pushing *pushing)
{
	struct sim *sim = pushing->sim;
	struct memory_store *memory = &sim->server.store->memory;
	struct sl_row *op = note_operation(pushing);
	struct sl_outcome outcome;
	bool empty = is_empty(memory->rows);
	int rc = sl_commit(&memory->calls, &pushing->push, &pushing->arena, &outcome, &pushing->err);
	SIM_NOTE(sim, "server    %s of device %u on %lld: %s, now %lld", sl_action_name(pushing->push.action),
		pushing->request->device, (long long)pushing->push.base_version,
		rc != SL_OK ? sl_err_word(rc) : outcome.verdict == SL_CONFLICTED ? outcome.reason
		: outcome.verdict == SL_COMMITTED ? "committed" : outcome.verdict == SL_REPLAYED ? "replayed" : "unchanged",
		(long long)memory->head.version);
	if (rc == SL_OP_REUSED)
		sim_violate(sim, "operation-fixed", "%s", pushing->err.message);
	if (rc == SL_INVALID)
		pushing->faults = outcome.faults;
	if (rc != SL_OK)
		return refuse(pushing, rc);
	watch_verdict(pushing, op, &outcome);
	sim_check_commit(sim, pushing->request->device, &pushing->push, &outcome, empty && !is_empty(memory->rows) ? false
		: !empty && is_empty(memory->rows));
	if (outcome.verdict == SL_CONFLICTED)
		return sim_answer_conflict(sim, pushing->request, &pushing->push, &outcome);
	return sim_answer_success(sim, pushing->request, &outcome);
}

static struct sim_response push(struct sim *sim, const struct sim_request *request, enum sl_action action)
{
	struct pushing pushing = { .sim = sim, .request = request, .err = SL_ERR_INIT };
	struct sim_response response;
	if (!sim->server.store->pulled[request->device])
		return sim_answer_problem(sim, SL_PULL_REQUIRED, "pull first", NULL, 0);
	if (request->body.length > sim->plan->request_bytes)
		return sim_answer_problem(sim, SL_TOO_LARGE, "too large", NULL, (int64_t)sim->plan->request_bytes);
	sl_arena_init(&pushing.arena, 0);
	sim->server.pushing = request->device;
	int rc = read_push(&pushing, action);
	response = rc == SL_OK ? decide(&pushing) : refuse(&pushing, rc);
	json_decref(pushing.json);
	sl_arena_dispose(&pushing.arena);
	return response;
}

/* --- reading ------------------------------------------------------------------------------------------------------ */

static bool matches_etag(struct sl_str header, int64_t version)
{
	char tag[32];
	int length = snprintf(tag, sizeof(tag), "\"%lld\"", (long long)version);
	return header.length && sl_str_equal(header, (struct sl_str){ tag, (size_t)length });
}

/* The number behind `name` in the path, −1 without it. */
static int64_t number_in(struct sl_str path, const char *name)
{
	size_t length = strlen(name), at = 0;
	int64_t number = 0;
	while (at + length < path.length && memcmp(path.bytes + at, name, length) != 0)
		at++;
	if (at + length >= path.length)
		return -1;
	for (at += length; at < path.length && path.bytes[at] >= '0' && path.bytes[at] <= '9'; at++)
		number = number * 10 + (path.bytes[at] - '0');
	return number;
}

static struct sim_response get(struct sim *sim, const struct sim_request *request, int64_t since)
{
	struct sim_store *store = sim->server.store;
	store->pulled[request->device] = true;
	if (store->memory.head.version == 0)
		return sim_answer_problem(sim, SL_NO_PROJECT, "this account has stored no project yet", NULL, 0);
	if (matches_etag(request->if_none_match, store->memory.head.version))
		return (struct sim_response){ .status = 304 };
	return sim_answer_state(sim, request, since, number_in(request->path, "&known="));
}

static struct sim_response route(struct sim *sim, const struct sim_request *request)
{
	bool project = sl_str_equal(request->path, SL_STR("/project"));
	int64_t since = number_in(request->path, "/project?since=");
	if (strcmp(request->method, "GET") == 0 && (project || since >= 0))
		return get(sim, request, since);
	if (strcmp(request->method, "PUT") == 0 && project)
		return push(sim, request, SL_ACTION_PUSH);
	if (strcmp(request->method, "DELETE") == 0 && project)
		return push(sim, request, SL_ACTION_CLEAR);
	if (strcmp(request->method, "POST") == 0 && sl_str_equal(request->path, SL_STR("/project/restore")))
		return push(sim, request, SL_ACTION_RESTORE);
	sim_violate(sim, "protocol", "nobody answers %s %.*s", request->method, (int)request->path.length,
		request->path.bytes);
	return sim_answer_problem(sim, SL_NOT_FOUND, "no such resource", NULL, 0);
}

/* --- bad days ----------------------------------------------------------------------------------------------------- */

struct sim_response sim_server_handle(struct sim *sim, const struct sim_request *request)
{
	const struct sim_server *server = &sim->server;
	bool outage = sim->now_ms < server->outage_until_ms && !sim->calm;
	struct sim_response response;
	if (outage && server->outage != SIM_OUTAGE_AFTER) {
		if (server->outage == SIM_OUTAGE_GATEWAY)
			return (struct sim_response){ 502, SL_STR("<html><body>502 Bad Gateway</body></html>"), 0 };
		response = sim_answer_problem(sim, server->outage == SIM_OUTAGE_THROTTLED ? SL_THROTTLED : SL_UNAVAILABLE,
			"try again shortly", NULL, 0);
		response.retry_after_secs = (unsigned)(server->outage_until_ms % 20);
		return response;
	}
	if (server->expired[request->device] && !sim->calm)
		return sim_answer_problem(sim, SL_UNAUTHENTICATED, "sign in first", NULL, 0);
	response = route(sim, request);
	return outage ? sim_answer_problem(sim, SL_UNCERTAIN, "the outcome is unknown", NULL, 0) : response;
}
