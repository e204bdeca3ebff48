/* The handshake: what the server tells of itself, and a device of itself, besides a project's rows; see private.h. Keeps true:
 * a server that has none is synced with as ever; nothing that it says removes anything here. Rules: protocol.md "Handshake";
 * merge.md "Client engine" 8. */
#include "core/engine/private.h"

#include "core/engine/json.h"
#include "core/json/write.h"

#define SMALLEST_REQUEST 4096 /* a server that takes less than this has not said so in earnest */

static void add_member(struct sl_buf *out, const char *name, int64_t number)
{
	sl_buf_add_text(out, name);
	sl_buf_add_int(out, number);
}

void sl_engine_greeted(struct sl_engine *engine)
{
	engine->greeting_due = false;
	sl_timer_start(&engine->handshake, engine->now_ms, engine->config.handshake_ms);
}

/* The id of the project in its path; empty: the account's default one. */
static struct sl_str project_id(const struct sl_engine *engine)
{
	static const struct sl_str prefix = { "/projects/", 10 };
	if (engine->path.length <= prefix.length || memcmp(engine->path.bytes, prefix.bytes, prefix.length) != 0)
		return (struct sl_str){ NULL, 0 };
	return (struct sl_str){ engine->path.bytes + prefix.length, engine->path.length - prefix.length };
}

int sl_engine_write_handshake(struct sl_engine *engine, struct sl_str *body_r)
{
	struct sl_str id = project_id(engine);
	struct sl_buf out;
	sl_buf_init(&out, SIZE_MAX);
	sl_buf_add_text(&out, "{\"deviceId\":");
	sl_json_string(&out, engine->device);
	sl_buf_add_text(&out, ",\"lastKnownVersion\":{");
	if (id.length) {
		sl_buf_add_text(&out, "\"projects\":{");
		sl_json_string(&out, id);
		add_member(&out, ":", engine->meta.version);
		sl_buf_add_char(&out, '}');
	} else
		add_member(&out, "\"project\":", engine->meta.version);
	add_member(&out, "},\"schemaVersion\":", SL_SCHEMA_VERSION);
	add_member(&out, ",\"telemetry\":{\"pendingOps\":", (int64_t)sl_rowset_count(engine->pending));
	add_member(&out, ",\"lastSyncAt\":", engine->meta.last_sync_ms);
	sl_buf_add_text(&out, ",\"status\":");
	sl_json_string(&out, sl_str_from(sl_engine_json_word(engine->status.word)));
	add_member(&out, ",\"retries\":", (int64_t)engine->counts.retries);
	add_member(&out, ",\"mismatches\":", (int64_t)engine->counts.digest_mismatches);
	sl_buf_add_text(&out, "}}");
	int rc = sl_buf_code(&out) == SL_OK ? sl_arena_copy(&engine->scratch, sl_buf_str(&out), body_r) : SL_NO_MEMORY;
	sl_buf_dispose(&out);
	return rc;
}

/* --- what it says ------------------------------------------------------------------------------------------------- */

static void read_limits(struct sl_engine *engine, const json_t *limits)
{
	int64_t bytes;
	if (sl_engine_read_version(json_object_get(limits, "requestBytes"), &bytes) && bytes >= SMALLEST_REQUEST)
		sl_engine_learn_limit(engine, bytes);
}

/* The row of our project among those of the account; NULL: not told. */
static const json_t *find_project(const struct sl_engine *engine, const json_t *body)
{
	struct sl_str wanted = project_id(engine);
	const json_t *list = json_object_get(body, "projects"), *project;
	size_t i;
	json_array_foreach((json_t *)list, i, project) {
		const json_t *id = json_object_get(project, "id");
		if (json_is_string(id) && sl_str_equal(wanted, (struct sl_str){ json_string_value(id), json_string_length(id) }))
			return project;
	}
	return wanted.length ? NULL : json_object_get(body, "project");
}

static void read_role(struct sl_engine *engine, const json_t *project)
{
	const char *role = json_string_value(json_object_get(project, "role"));
	if (role && strcmp(role, "viewer") == 0)
		engine->barred = SL_BARRED_ROLE;
	else if (engine->barred == SL_BARRED_ROLE)
		engine->barred = SL_BARRED_NOT; /* if that is wrong, the next push tells */
}

static void read_schema(struct sl_engine *engine, const json_t *body)
{
	int64_t oldest = 0;
	if (sl_engine_read_version(json_object_get(body, "minSchemaVersion"), &oldest) && oldest > SL_SCHEMA_VERSION)
		engine->barred = SL_BARRED_OLD;
	else if (engine->barred == SL_BARRED_OLD)
		engine->barred = SL_BARRED_NOT;
}

static void read_state(struct sl_engine *engine, const json_t *body, const json_t *project)
{
	const json_t *epoch = json_object_get(body, "epoch");
	struct sl_str name = { json_string_value(epoch), json_string_length(epoch) };
	int64_t version;
	bool newer = sl_engine_read_version(json_object_get(project, "updatedAt"), &version) && version != engine->meta.version;
	if (newer || (name.length && engine->meta.epoch.length && !sl_str_equal(name, engine->meta.epoch)))
		sl_engine_want(engine, SL_WANT_CHANGES);
}

bool sl_engine_read_handshake(struct sl_engine *engine, const json_t *body)
{
	const json_t *project = find_project(engine, body);
	read_limits(engine, json_object_get(body, "limits"));
	read_role(engine, project);
	read_schema(engine, body);
	read_state(engine, body, project);
	return !json_is_false(json_object_get(json_object_get(body, "rollout"), "enabled"));
}
