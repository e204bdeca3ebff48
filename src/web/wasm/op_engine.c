/* The client engine: events in, effects out, as engine/json.h has them. */
#include "core/json/parse.h"
#include "core/json/write.h"
#include "core/engine/json.h"
#include "web/wasm/work.h"

#define MOST_EVENTS 100000

static int require_engine(struct sl_work *work)
{
	return work->engine ? SL_OK : sl_work_refuse(work, "there is no engine");
}

/* --- configuration ------------------------------------------------------------------------------------------------ */

/* The members of the configuration, and of what kind each is. */
static const struct setting {
	const char *name;
	enum { MILLISECONDS, BYTES, TEXT } kind;
	size_t offset;
} settings[] = {
	{ "path", TEXT, offsetof(struct sl_engine_config, path) },
	{ "device", TEXT, offsetof(struct sl_engine_config, device) },
	{ "follower", TEXT, offsetof(struct sl_engine_config, follower) },
	{ "handshakeMs", MILLISECONDS, offsetof(struct sl_engine_config, handshake_ms) },
	{ "debounceMs", MILLISECONDS, offsetof(struct sl_engine_config, debounce_ms) },
	{ "debounceMostMs", MILLISECONDS, offsetof(struct sl_engine_config, debounce_most_ms) },
	{ "pollMs", MILLISECONDS, offsetof(struct sl_engine_config, poll_ms) },
	{ "timeoutMs", MILLISECONDS, offsetof(struct sl_engine_config, timeout_ms) },
	{ "backoffMs", MILLISECONDS, offsetof(struct sl_engine_config, backoff_ms) },
	{ "backoffMostMs", MILLISECONDS, offsetof(struct sl_engine_config, backoff_most_ms) },
	{ "pushBytes", BYTES, offsetof(struct sl_engine_config, push_bytes) },
	{ "rowBytes", BYTES, offsetof(struct sl_engine_config, row_bytes) },
	{ "journalBytes", BYTES, offsetof(struct sl_engine_config, journal_bytes) },
	{ "journalMs", MILLISECONDS, offsetof(struct sl_engine_config, journal_ms) },
	{ "thinMs", MILLISECONDS, offsetof(struct sl_engine_config, thin_ms) },
};

static void set(struct sl_engine_config *config, const struct setting *setting, int64_t number)
{
	char *place = (char *)config + setting->offset;
	if (setting->kind == MILLISECONDS)
		*(int64_t *)(void *)place = number;
	else
		*(size_t *)(void *)place = (size_t)number;
}

static int read_setting(struct sl_work *work, const char *name, const json_t *value, struct sl_engine_config *config)
{
	double number = json_number_value(value);
	for (size_t i = 0; i < sizeof(settings) / sizeof(settings[0]); i++) {
		if (strcmp(settings[i].name, name) != 0)
			continue;
		if (settings[i].kind == TEXT) {
			if (!json_is_string(value))
				return sl_err_set(&work->err, SL_INVALID, "%s must be text", name);
			*(const char **)(void *)((char *)config + settings[i].offset) = json_string_value(value);
			return SL_OK;
		}
		bool time = settings[i].kind == MILLISECONDS;
		if (!json_is_number(value) || !(number >= (time ? -1 : 0) && number <= (time ? SL_SAFE_INTEGER : INT32_MAX))
			|| number != (double)(int64_t)number)
			return sl_err_set(&work->err, SL_INVALID, "%s must be a whole number", name);
		set(config, &settings[i], (int64_t)number);
		return SL_OK;
	}
	return sl_work_refuse(work, "unknown setting");
}

/* An engine by the configuration, a JSON object or nothing. */
static int make_engine(struct sl_work *work, struct sl_str text, struct sl_engine **engine_r)
{
	struct sl_engine_config config = { .size = sizeof(config) };
	json_t *object = NULL, *value;
	const char *name;
	int code = text.length ? sl_json_parse(text, &object, &work->err) : SL_OK;
	if (code == SL_OK && object && !json_is_object(object))
		code = sl_work_refuse(work, "a configuration is an object");
	json_object_foreach(object, name, value)
		if (code == SL_OK)
			code = read_setting(work, name, value, &config);
	if (code == SL_OK)
		code = sl_engine_new(&config, engine_r, &work->err);
	json_decref(object); /* the engine has copied its texts */
	return code;
}

/* --- operations --------------------------------------------------------------------------------------------------- */

/* engine_new(configuration?): an engine, which the call then holds; members as in struct sl_engine_config */
int sl_op_engine_new(struct sl_work *work)
{
	return make_engine(work, work->in[0], &work->engine);
}

static int handle(struct sl_work *work, struct sl_engine *engine, struct sl_str text)
{
	struct sl_event event;
	struct sl_effects effects;
	int code = sl_engine_json_read(text, &work->arena, &event, &work->err);
	if (code == SL_OK)
		code = sl_engine_handle(engine, &event, &effects, &work->err);
	return code == SL_OK ? sl_engine_json_write(&effects, &work->out) : code;
}

/* engine_handle(event): the effects */
int sl_op_engine_handle(struct sl_work *work)
{
	int code = require_engine(work);
	return code == SL_OK ? handle(work, work->engine, work->in[0]) : code;
}

/* engine_rows(): {"revision","rows":DELTA}, what the user sees */
int sl_op_engine_rows(struct sl_work *work)
{
	int code = require_engine(work);
	if (code != SL_OK)
		return code;
	sl_buf_add_text(&work->out, "{\"revision\":");
	sl_buf_add_int(&work->out, sl_engine_revision(work->engine));
	sl_buf_add_text(&work->out, ",\"rows\":");
	code = sl_work_write_rows(work, sl_engine_rows(work->engine));
	sl_buf_add_char(&work->out, '}');
	return code;
}

/* engine_document(): {"revision","document":projectData} */
int sl_op_engine_document(struct sl_work *work)
{
	int code = require_engine(work);
	if (code != SL_OK)
		return code;
	sl_buf_add_text(&work->out, "{\"revision\":");
	sl_buf_add_int(&work->out, sl_engine_revision(work->engine));
	sl_buf_add_text(&work->out, ",\"document\":");
	code = sl_work_write_state(work, sl_engine_rows(work->engine), true);
	sl_buf_add_char(&work->out, '}');
	return code;
}

/* engine_kept("conflicts" or "quarantine"): the list */
int sl_op_engine_kept(struct sl_work *work)
{
	static const struct {
		const char *name;
		int (*write)(const struct sl_engine *engine, struct sl_buf *out);
	} kinds[] = {
		{ "conflicts", sl_engine_json_conflicts },
		{ "quarantine", sl_engine_json_quarantine },
	};
	int code = require_engine(work);
	for (size_t i = 0; code == SL_OK && i < sizeof(kinds) / sizeof(kinds[0]); i++)
		if (sl_str_equal(work->in[0], sl_str_from(kinds[i].name)))
			return kinds[i].write(work->engine, &work->out);
	return code == SL_OK ? sl_work_refuse(work, "must be conflicts or quarantine") : code;
}

/* --- ids ---------------------------------------------------------------------------------------------------------- */

/* new_id(random: 32 hex digits): an id that nothing else has */
int sl_op_new_id(struct sl_work *work)
{
	struct sl_digest random;
	char bytes[16], id[SL_NEW_ID_BYTES];
	if (sl_digest_parse(work->in[0], &random) != SL_OK)
		return sl_work_refuse(work, "must be 32 hex digits");
	sl_digest_to_bytes(random, bytes);
	sl_engine_new_id((const unsigned char *)bytes, id);
	sl_json_string(&work->out, sl_str_from(id));
	return SL_OK;
}

/* --- traces ------------------------------------------------------------------------------------------------------- */

/* One event's effects, or {"error":word} where it is refused. */
static int handle_in_trace(struct sl_work *work, struct sl_engine *engine, const json_t *event)
{
	struct sl_buf text;
	sl_buf_init(&text, SIZE_MAX);
	sl_json_write(&text, event);
	int code = sl_buf_code(&text);
	if (code == SL_OK)
		code = handle(work, engine, sl_buf_str(&text));
	sl_buf_dispose(&text);
	if (code == SL_OK || code == SL_NO_MEMORY)
		return code;
	work->err = (struct sl_err)SL_ERR_INIT;
	sl_work_write_member(&work->out, "{\"error\":", sl_str_from(sl_err_word(code)));
	sl_buf_add_char(&work->out, '}');
	return SL_OK;
}

/* engine_trace([event, …], configuration?): what a new engine makes of them, [[effect, …], …] */
int sl_op_engine_trace(struct sl_work *work)
{
	struct sl_engine *engine = NULL;
	json_t *events = NULL, *event;
	size_t i;
	int code = sl_json_parse(work->in[0], &events, &work->err);
	if (code == SL_OK && (!json_is_array(events) || json_array_size(events) > MOST_EVENTS))
		code = sl_work_refuse(work, "a trace is a list of events");
	if (code == SL_OK)
		code = make_engine(work, work->in[1], &engine);
	sl_buf_add_char(&work->out, '[');
	json_array_foreach(events, i, event) {
		if (code != SL_OK)
			break;
		sl_buf_add_text(&work->out, i ? "," : "");
		code = handle_in_trace(work, engine, event);
	}
	sl_buf_add_char(&work->out, ']');
	sl_engine_free(&engine);
	json_decref(events);
	return code;
}
