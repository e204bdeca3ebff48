/* What the simulated server says: the bodies of protocol.md, member by member as src/server writes them. */
#include <stdlib.h>

#include "core/json/parse.h"
#include "core/json/write.h"
#include "core/rows/document_write.h"

#include "sim.h"

static struct sim_response finish(struct sim *sim, int status, struct sl_buf *out)
{
	struct sim_response response = { .status = status };
	if (sl_buf_code(out) != SL_OK)
		abort();
	response.body = sim_copy(sim, sl_buf_str(out));
	sl_buf_dispose(out);
	return response;
}

static void add_member(struct sl_buf *out, const char *name, const char *text)
{
	sl_buf_add_char(out, out->length ? ',' : '{');
	sl_json_string(out, sl_str_from(name));
	sl_buf_add_char(out, ':');
	sl_json_string(out, sl_str_from(text));
}

static void begin_problem(struct sl_buf *out, int code, const char *detail)
{
	sl_buf_init(out, SIZE_MAX);
	add_member(out, "type", "about:blank");
	add_member(out, "title", sl_err_title(code));
	sl_buf_add_text(out, ",\"status\":");
	sl_buf_add_int(out, sl_err_status(code));
	add_member(out, "detail", detail);
	add_member(out, "error", sl_err_word(code));
	add_member(out, "traceId", "0af7651916cd43dd8448eb211c80319c");
}

static void write_faults(struct sl_buf *out, const struct sl_faults *faults)
{
	sl_buf_add_text(out, ",\"faults\":[");
	for (size_t i = 0; i < faults->count; i++) {
		sl_buf_add_text(out, i ? ",{\"path\":" : "{\"path\":");
		sl_json_string(out, sl_str_from(faults->items[i].path));
		sl_buf_add_text(out, ",\"reason\":");
		sl_json_string(out, sl_str_from(faults->items[i].reason));
		sl_buf_add_char(out, '}');
	}
	sl_buf_add_text(out, "],\"faultCount\":");
	sl_buf_add_int(out, (int64_t)faults->total);
}

struct sim_response sim_answer_problem(struct sim *sim, int code, const char *detail, const struct sl_faults *faults,
	int64_t limit)
{
	struct sl_buf out;
	begin_problem(&out, code, detail);
	if (limit) {
		sl_buf_add_text(&out, ",\"limit\":");
		sl_buf_add_int(&out, limit);
	}
	if (faults)
		write_faults(&out, faults);
	sl_buf_add_char(&out, '}');
	return finish(sim, sl_err_status(code), &out);
}

/* --- states ------------------------------------------------------------------------------------------------------- */

static void write_version(struct sim *sim, struct sl_buf *out)
{
	const struct sl_head *head = &sim->server.store->memory.head;
	char digest[SL_DIGEST_HEX];
	sl_digest_format(head->digest, digest);
	sl_buf_add_text(out, "\"updatedAt\":");
	sl_buf_add_int(out, head->version);
	sl_buf_add_text(out, ",\"digest\":\"");
	sl_buf_add_text(out, digest);
	sl_buf_add_text(out, "\",\"epoch\":");
	sl_json_string(out, sl_str_from(head->epoch));
}

static void write_document(struct sim *sim, struct sl_buf *out)
{
	struct sl_err err = SL_ERR_INIT;
	struct sl_arena arena;
	sl_arena_init(&arena, 0);
	sl_buf_add_text(out, ",\"projectData\":");
	if (sim->server.store->memory.head.version == 0)
		sl_buf_add_text(out, "null");
	else if (sl_rows_write_document(sim->server.store->memory.rows, &arena, out, &err) != SL_OK)
		sim_violate(sim, "server-document", "%s", err.message);
	sl_arena_dispose(&arena);
}

/* Takes one row away, as a cache or a bug might; another one each time, for what comes twice is what the server holds. */
static void damage(struct sim *sim, struct sl_delta *changes)
{
	size_t cursor = 0, count = sl_rowset_count(changes->rows);
	const struct sl_row *row = NULL;
	if (!sim->server.corrupting || sim->calm || count <= (sim->server.damages > 0))
		return;
	for (size_t skip = sim->server.damages % count + 1; skip > 0; skip--)
		row = sl_rowset_next(changes->rows, &cursor);
	struct sl_key key = row->key;
	SIM_NOTE(sim, "server    damages the changes that it tells");
	sl_rowset_remove(changes->rows, &key);
	sim->server.corrupting = false;
	sim->server.damages++;
}

/* --- who wrote what ------------------------------------------------------------------------------------------------ */

/* When the row was last written or removed; 0: it is not known. */
static int64_t version_of(const struct memory_store *memory, const struct sl_key *key)
{
	const struct sl_row *row = sl_rowset_find(memory->rows, key);
	if (!row)
		row = sl_rowset_find(memory->tombstones, key);
	return row ? row->version : 0;
}

static void write_version_author(struct sim *sim, const struct sim_written *written, struct sl_buf *out)
{
	char id[SIM_DEVICE_ID_BYTES];
	sim_server_device_id(written->device, id);
	sl_buf_add_char(out, '"');
	sl_buf_add_int(out, written->version);
	sl_buf_add_text(out, "\":{\"userId\":");
	sl_json_string(out, sim_account(sim, written->device));
	sl_buf_add_text(out, ",\"deviceId\":");
	sl_json_string(out, sl_str_from(id));
	sl_buf_add_text(out, ",\"deviceName\":\"A device\",\"at\":");
	sl_buf_add_int(out, written->version);
	sl_buf_add_char(out, '}');
}

static void write_author(const struct sl_key *key, int64_t version, struct sl_buf *out)
{
	sl_buf_add_text(out, "{\"entity\":\"");
	sl_buf_add_text(out, sl_entity_name(key->entity));
	sl_buf_add_text(out, "\",\"key\":");
	sl_key_write(out, key);
	sl_buf_add_text(out, ",\"version\":");
	sl_buf_add_int(out, version);
	sl_buf_add_char(out, '}');
}

static void name_author(struct sim *sim, const struct sl_key *key, struct sl_buf *authors, struct sl_buf *versions,
	struct sl_rowset *named)
{
	const struct sim_store *store = sim->server.store;
	int64_t written = version_of(&store->memory, key);
	const struct sim_written *writer = sim_server_writer(store, key, written);
	struct sl_row mark = { .key = sl_key_of_episode(written) };
	if (!written || !writer)
		return;
	sl_buf_add_text(authors, authors->length ? "," : "");
	write_author(key, written, authors);
	if (sl_rowset_find(named, &mark.key))
		return;
	if (!sl_rowset_put(named, &mark))
		abort();
	sl_buf_add_text(versions, versions->length ? "," : "");
	write_version_author(sim, writer, versions);
}

static void write_authors(struct sim *sim, const struct sl_delta *changes, struct sl_arena *arena, struct sl_buf *out)
{
	struct sl_rowset *named = sl_rowset_new(arena, 8);
	struct sl_buf authors, versions;
	const struct sl_row *row;
	size_t cursor = 0;
	if (!named)
		abort();
	sl_buf_init(&authors, SIZE_MAX);
	sl_buf_init(&versions, SIZE_MAX);
	while ((row = sl_rowset_next(changes->rows, &cursor)))
		name_author(sim, &row->key, &authors, &versions, named);
	for (size_t i = 0; i < changes->deleted_count; i++)
		name_author(sim, &changes->deleted[i], &authors, &versions, named);
	sl_buf_add_text(out, ",\"authors\":[");
	sl_buf_add_str(out, sl_buf_str(&authors));
	sl_buf_add_text(out, "],\"versions\":{");
	sl_buf_add_str(out, sl_buf_str(&versions));
	sl_buf_add_char(out, '}');
	sl_buf_dispose(&authors);
	sl_buf_dispose(&versions);
}

static bool names_authors(const struct sim *sim, const struct sim_request *request)
{
	return request->authors && !sim->plan->nameless;
}

/* --- changes ------------------------------------------------------------------------------------------------------ */

/* False when the changes can't be told. */
static bool write_changes(struct sim *sim, const struct sim_request *request, int64_t since, int64_t known, struct sl_buf *out)
{
	struct memory_store *memory = &sim->server.store->memory;
	struct sl_err err = SL_ERR_INIT;
	struct sl_arena arena;
	struct sl_delta changes;
	if (since > memory->head.version || (since != 0 && since < memory->head.tombstones_from))
		return false;
	sl_arena_init(&arena, 0);
	if (memory->calls.read_changes(memory, since, &arena, &changes, &err) != SL_OK)
		abort();
	if (known > 0 && memory_store_leave_out_known(memory, known, &arena, &changes) != SL_OK)
		abort();
	damage(sim, &changes);
	sl_buf_add_text(out, ",\"changes\":");
	if (sl_delta_write(&changes, out) != SL_OK)
		abort();
	if (names_authors(sim, request))
		write_authors(sim, &changes, &arena, out);
	sl_arena_dispose(&arena);
	return true;
}

struct sim_response sim_answer_state(struct sim *sim, const struct sim_request *request, int64_t since, int64_t known)
{
	struct sl_buf out;
	sl_buf_init(&out, SIZE_MAX);
	sl_buf_add_char(&out, '{');
	write_version(sim, &out);
	if (since >= 0) {
		size_t length = out.length;
		sl_buf_add_text(&out, ",\"since\":");
		sl_buf_add_int(&out, since);
		if (known > 0) {
			sl_buf_add_text(&out, ",\"known\":");
			sl_buf_add_int(&out, known);
		}
		if (!write_changes(sim, request, since, known, &out)) {
			out.length = length;
			sl_buf_add_text(&out, ",\"full\":true");
			since = -1;
		}
	}
	if (since < 0)
		write_document(sim, &out);
	sl_buf_add_char(&out, '}');
	return finish(sim, 200, &out);
}

/* --- answers to pushes -------------------------------------------------------------------------------------------- */

static void write_conflicts(struct sl_buf *out, const struct sl_outcome *outcome)
{
	sl_buf_add_text(out, ",\"conflicts\":[");
	for (size_t i = 0; i < outcome->conflict_count; i++) {
		const struct sl_conflict *conflict = &outcome->conflicts[i];
		sl_buf_add_text(out, i ? ",{\"entity\":\"" : "{\"entity\":\"");
		sl_buf_add_text(out, sl_entity_name(conflict->key.entity));
		sl_buf_add_text(out, "\",\"key\":");
		sl_key_write(out, &conflict->key);
		sl_buf_add_text(out, ",\"serverVersion\":");
		sl_buf_add_int(out, conflict->server_version);
		sl_buf_add_text(out, conflict->deleted ? ",\"deleted\":true}" : ",\"deleted\":false}");
	}
	sl_buf_add_char(out, ']');
}

struct sim_response sim_answer_conflict(struct sim *sim, const struct sim_request *request, const struct sl_push *push,
	const struct sl_outcome *outcome)
{
	struct sl_buf out;
	begin_problem(&out, SL_CONFLICT, "the project has changed since the version that this push is based on");
	sl_buf_add_text(&out, ",\"reason\":\"");
	sl_buf_add_text(&out, outcome->reason);
	sl_buf_add_text(&out, "\",");
	write_version(sim, &out);
	write_conflicts(&out, outcome);
	if (push->has_base && strcmp(outcome->reason, "epoch") != 0)
		write_changes(sim, request, push->base_version, 0, &out);
	if (!request->minimal)
		write_document(sim, &out);
	sl_buf_add_char(&out, '}');
	return finish(sim, 409, &out);
}

/* The answer as it is kept when it is long. */
static struct sim_response answer_briefly(struct sim *sim, const struct sl_outcome *outcome)
{
	struct sl_err err = SL_ERR_INIT;
	struct sl_buf out;
	json_t *answer;
	sl_buf_init(&out, SIZE_MAX);
	if (sl_json_parse(outcome->answer, &answer, &err) != SL_OK || json_object_set_new(answer, "replayed", json_true()) != 0)
		abort();
	if (json_object_del(answer, "changes") == 0 && json_object_set_new(answer, "changesOmitted", json_true()) != 0)
		abort();
	sl_json_write(&out, answer);
	json_decref(answer);
	return finish(sim, 200, &out);
}

/* The answer to a push is kept as it first was; who wrote the rows in it is looked up now, when others may have written them again.
 * Their versions tell devices so. */
static void write_pushed_authors(struct sim *sim, const struct sl_outcome *outcome, struct sl_buf *out)
{
	struct sl_err err = SL_ERR_INIT;
	struct sl_arena arena;
	struct sl_delta changes;
	json_t *answer;
	sl_arena_init(&arena, 0);
	if (sl_json_parse(outcome->answer, &answer, &err) != SL_OK)
		abort();
	const json_t *told = json_object_get(answer, "changes");
	if (told && sl_delta_from_json(told, &arena, &changes, &err) != SL_OK)
		abort();
	if (told)
		write_authors(sim, &changes, &arena, out);
	json_decref(answer);
	sl_arena_dispose(&arena);
}

struct sim_response sim_answer_success(struct sim *sim, const struct sim_request *request, const struct sl_outcome *outcome)
{
	struct sl_buf out;
	if (sim->plan->forgetful && outcome->verdict == SL_REPLAYED)
		return answer_briefly(sim, outcome);
	sl_buf_init(&out, SIZE_MAX);
	sl_buf_add_text(&out, outcome->verdict == SL_REPLAYED ? "{\"replayed\":true," : "{\"replayed\":false,");
	sl_buf_add(&out, outcome->answer.bytes + 1, outcome->answer.length - 2);
	if (names_authors(sim, request))
		write_pushed_authors(sim, outcome, &out);
	sl_buf_add_char(&out, '}');
	return finish(sim, 200, &out);
}
