/* Events of the engine from JSON; see json.h. Keeps true: a text that is not an event of the form described
 * there is refused by name of the member at fault, and nothing is guessed. */
#include "core/engine/json.h"

#include "core/json/parse.h"
#include "core/json/scan.h"
#include "core/json/write.h"

struct reading {
	const json_t *object;
	struct sl_arena *arena;
	struct sl_err *err;
	int code; /* the first failure */
};

static int refuse(struct reading *reading, const char *name, const char *reason)
{
	if (reading->code == SL_OK) {
		char path[64] = "/";
		strncat(path, name, sizeof(path) - 2);
		reading->code = sl_err_set_at(reading->err, SL_INVALID, path, "%s", reason);
	}
	return reading->code;
}

/* --- members ------------------------------------------------------------------------------------------------------ */

static struct sl_str copy(struct reading *reading, struct sl_str text)
{
	struct sl_str kept;
	if (sl_arena_copy(reading->arena, text, &kept) != SL_OK)
		reading->code = sl_err_set(reading->err, SL_NO_MEMORY, "out of memory while reading an event");
	return kept;
}

static struct sl_str text_of(const json_t *text)
{
	return (struct sl_str){ json_string_value(text), json_string_length(text) };
}

static struct sl_str read_text(struct reading *reading, const char *name, bool required)
{
	const json_t *value = json_object_get(reading->object, name);
	if (json_is_string(value))
		return copy(reading, text_of(value));
	if (value || required)
		refuse(reading, name, "must be text");
	return (struct sl_str){ NULL, 0 };
}

static int64_t read_number(struct reading *reading, const char *name, bool required)
{
	const json_t *value = json_object_get(reading->object, name);
	double number = json_number_value(value);
	if ((value && !json_is_number(value)) || (!value && required) || !(number >= -SL_SAFE_INTEGER)
		|| !(number <= SL_SAFE_INTEGER)) {
		refuse(reading, name, "must be a whole number");
		return 0;
	}
	return (int64_t)number;
}

/* A JSON value as text again. */
static struct sl_str read_value(struct reading *reading, const char *name, bool required)
{
	const json_t *value = json_object_get(reading->object, name);
	struct sl_str text = { NULL, 0 };
	struct sl_buf out;
	if (!value && required)
		refuse(reading, name, "is required");
	if (!value)
		return text;
	sl_buf_init(&out, SIZE_MAX);
	sl_json_write(&out, value);
	if (sl_buf_code(&out) == SL_OK)
		text = copy(reading, sl_buf_str(&out));
	else
		reading->code = sl_err_set(reading->err, SL_NO_MEMORY, "out of memory while reading an event");
	sl_buf_dispose(&out);
	return text;
}

static void read_random(struct reading *reading, unsigned char random_r[16])
{
	struct sl_str hex = text_of(json_object_get(reading->object, "random"));
	bool sound = hex.length == 32;
	for (size_t i = 0; sound && i < 16; i++) {
		const char digits[4] = { '0', '0', hex.bytes[2 * i], hex.bytes[2 * i + 1] };
		int byte = sl_json_scan_hex4(digits);
		sound = byte >= 0;
		random_r[i] = (unsigned char)byte;
	}
	if (!sound)
		refuse(reading, "random", "must be 32 hex digits");
}

/* --- events ------------------------------------------------------------------------------------------------------- */

static struct sl_pair *read_pairs(struct reading *reading, size_t *count_r)
{
	const json_t *list = json_object_get(reading->object, "pairs"), *item;
	size_t index;
	*count_r = json_array_size(list);
	struct sl_pair *pairs = sl_arena_zalloc(reading->arena, *count_r + 1, sizeof(*pairs));
	if (!pairs) {
		reading->code = sl_err_set(reading->err, SL_NO_MEMORY, "out of memory while reading an event");
		return NULL;
	}
	if (!json_is_array(list))
		refuse(reading, "pairs", "must be an array");
	json_array_foreach((json_t *)list, index, item) {
		const json_t *key = json_array_get(item, 0), *value = json_array_get(item, 1);
		if (!json_is_string(key) || !json_is_string(value) || json_array_size(item) != 2)
			refuse(reading, "pairs", "must hold pairs of texts");
		if (reading->code != SL_OK)
			break;
		pairs[index] = (struct sl_pair){ copy(reading, text_of(key)), copy(reading, text_of(value)) };
	}
	return pairs;
}

static void read_start(struct reading *reading, struct sl_event *event)
{
	event->start.pairs = read_pairs(reading, &event->start.count);
}

static void read_edit(struct reading *reading, struct sl_event *event)
{
	event->edit.delta = read_value(reading, "delta", true);
	event->edit.before = read_value(reading, "before", false);
	event->edit.revision = read_number(reading, "revision", false);
}

static void read_replace(struct reading *reading, struct sl_event *event)
{
	event->replace.document = read_value(reading, "document", true);
	event->replace.revision = read_number(reading, "revision", true);
	event->replace.exact = json_is_true(json_object_get(reading->object, "exact"));
}

static void read_handed(struct reading *reading, struct sl_event *event)
{
	event->handed.pairs = read_pairs(reading, &event->handed.count);
}

static void read_follow(struct reading *reading, struct sl_event *event)
{
	const json_t *list = json_object_get(reading->object, "writes"), *item;
	size_t index, count = json_array_size(list);
	struct sl_write *writes = sl_arena_zalloc(reading->arena, count + 1, sizeof(*writes));
	if (!writes || !json_is_array(list)) {
		refuse(reading, "writes", "must be an array");
		return;
	}
	json_array_foreach((json_t *)list, index, item) {
		const json_t *key = json_array_get(item, 0), *value = json_array_get(item, 1);
		if (!json_is_string(key) || (value && !json_is_string(value)) || json_array_size(item) > 2)
			refuse(reading, "writes", "must hold pairs of texts, or one key");
		if (reading->code != SL_OK)
			return;
		writes[index] = (struct sl_write){ copy(reading, text_of(key)), copy(reading, text_of(value)), !value };
	}
	event->follow.writes = writes;
	event->follow.count = count;
}

static void read_answer(struct reading *reading, struct sl_event *event)
{
	event->answer.request = read_number(reading, "request", true);
	event->answer.status = (int)(read_number(reading, "status", true) % 1000);
	event->answer.body = read_text(reading, "body", false);
	event->answer.retry_after = read_text(reading, "retryAfter", false);
	event->answer.backoff = read_text(reading, "backoff", false);
	event->answer.trace_id = read_text(reading, "traceId", false);
}

static void read_failed(struct reading *reading, struct sl_event *event)
{
	event->failed.request = read_number(reading, "request", true);
	event->failed.reason = read_text(reading, "reason", false);
}

static void read_loaded(struct reading *reading, struct sl_event *event)
{
	event->loaded.id = read_number(reading, "id", true);
	event->loaded.complete = json_is_true(json_object_get(reading->object, "complete"));
	event->loaded.pairs = read_pairs(reading, &event->loaded.count);
}

static void read_shown(struct reading *reading, struct sl_event *event)
{
	event->shown.revision = read_number(reading, "revision", true);
}

static void read_hint(struct reading *reading, struct sl_event *event)
{
	event->hint.version = read_number(reading, "version", false);
}

static void read_resolve(struct reading *reading, struct sl_event *event)
{
	static const char *const choices[] = { [SL_CHOICE_MINE] = "mine", [SL_CHOICE_THEIRS] = "theirs",
		[SL_CHOICE_BOTH] = "both", [SL_CHOICE_OWN] = "own" };
	struct sl_str choice = text_of(json_object_get(reading->object, "choice"));
	event->resolve.conflict = read_number(reading, "conflict", true);
	event->resolve.own = read_text(reading, "own", false);
	event->resolve.hunk = (size_t)read_number(reading, "hunk", false);
	for (size_t i = 0; i < sizeof(choices) / sizeof(choices[0]); i++)
		if (sl_str_equal(choice, sl_str_from(choices[i]))) {
			event->resolve.choice = (enum sl_choice)i;
			return;
		}
	refuse(reading, "choice", "must be one of mine, theirs, both, own");
}

static void read_restore(struct reading *reading, struct sl_event *event)
{
	event->restore.version = read_number(reading, "version", true);
	event->restore.preview = json_is_true(json_object_get(reading->object, "preview"));
}

static void read_undo(struct reading *reading, struct sl_event *event)
{
	event->undo.entry = read_number(reading, "entry", true);
	event->undo.note = (size_t)read_number(reading, "note", false);
}

static void read_sign_in(struct reading *reading, struct sl_event *event)
{
	event->sign_in.account = read_text(reading, "account", false);
}

static const struct {
	const char *name;
	enum sl_event_type type;
	void (*read)(struct reading *reading, struct sl_event *event); /* NULL: nothing more to read */
} types[] = {
	{ "start", SL_EVENT_START, read_start },
	{ "online", SL_EVENT_ONLINE, NULL },
	{ "offline", SL_EVENT_OFFLINE, NULL },
	{ "edit", SL_EVENT_EDIT, read_edit },
	{ "replace", SL_EVENT_REPLACE, read_replace },
	{ "handed", SL_EVENT_HANDED, read_handed },
	{ "follow", SL_EVENT_FOLLOW, read_follow },
	{ "tick", SL_EVENT_TICK, NULL },
	{ "answer", SL_EVENT_ANSWER, read_answer },
	{ "loaded", SL_EVENT_LOADED, read_loaded },
	{ "shown", SL_EVENT_SHOWN, read_shown },
	{ "failed", SL_EVENT_FAILED, read_failed },
	{ "hint", SL_EVENT_HINT, read_hint },
	{ "syncNow", SL_EVENT_SYNC_NOW, NULL },
	{ "resolve", SL_EVENT_RESOLVE, read_resolve },
	{ "restore", SL_EVENT_RESTORE, read_restore },
	{ "undo", SL_EVENT_UNDO, read_undo },
	{ "clear", SL_EVENT_CLEAR, NULL },
	{ "signOut", SL_EVENT_SIGN_OUT, NULL },
	{ "signIn", SL_EVENT_SIGN_IN, read_sign_in },
};

static void read_event(struct reading *reading, struct sl_event *event)
{
	struct sl_str name = text_of(json_object_get(reading->object, "type"));
	*event = (struct sl_event){ .now_ms = read_number(reading, "now", true) };
	read_random(reading, event->random);
	for (size_t i = 0; i < sizeof(types) / sizeof(types[0]); i++)
		if (sl_str_equal(name, sl_str_from(types[i].name))) {
			event->type = types[i].type;
			if (types[i].read)
				types[i].read(reading, event);
			return;
		}
	refuse(reading, "type", "must be the name of an event");
}

int sl_engine_json_read(struct sl_str text, struct sl_arena *arena, struct sl_event *event_r, struct sl_err *err)
{
	json_t *object = NULL;
	struct reading reading = { .arena = arena, .err = err };
	int rc = sl_json_parse(text, &object, err);
	if (rc != SL_OK)
		return rc;
	reading.object = object;
	read_event(&reading, event_r);
	json_decref(object);
	return reading.code;
}

const char *sl_engine_json_event(enum sl_event_type type)
{
	for (size_t i = 0; i < sizeof(types) / sizeof(types[0]); i++)
		if (types[i].type == type)
			return types[i].name;
	return "";
}
