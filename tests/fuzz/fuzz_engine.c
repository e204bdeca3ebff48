/* Fuzzes the client engine: a device, its store, a server and another device, led by lines of bytes. A line is one of
 *   e steps ;    the user edits (steps.h)            j JSON      any event: its members, but time and random bytes
 *   a            the server answers                  l           the same, but the answer gets lost
 *   m JSON       the same, with these members        d at byte … the same, with bytes of the answer replaced
 *   h status body   somebody else answers            f           no answer
 *   o steps ;    the other device pushes             t ms        time passes
 *   w            the engine is woken                 r           starts anew from the store
 *   c effects    crashes after so many effects       s pair at byte …  damages the store, then starts anew
 *   b seconds status body   the same as h, and wants to be left alone for so long
 *   S, R, E, T   the server saves its state, goes back to it, has a new epoch, forgets what was deleted
 * and whatever else stands there is passed over.
 *
 * What holds, after every event: what the engine stored, in any order, is all that it is; a refused event has changed
 * nothing; base is what its digest says, and pending what differs from it; scenes and shots have their episodes, and all
 * rows ranks; what the app shows, from its own edits and what it was told, is what the engine has. Nothing is pushed
 * before a completed pull; an operation goes out again, with the same bytes, until its fate is known; only clearing
 * empties a project. Whatever an answer says, and whatever else happens that isn't the user's own doing: every word of a
 * pending row, and every word that base gets from others, is then in a row, a decision or a note of the journal; the
 * journal leads back from the rows as they are to the first ones. From a damaged store the engine starts, or says that it is damaged.
 * In the end, alone with the server, it comes to rest with the server's rows, but for those that this refuses; and a server
 * that fell back has got its rows again.
 */
#include "engine_holds.h"

#define EVENTS 80
#define REST_STEPS 400
#define ROW_BYTES 300 /* of the server: more is refused */
#define REQUEST_BYTES 1200

/* --- events ----------------------------------------------------------------------------------------------------- */

static void tell(struct host *host, json_t *event);

static void tell_simply(struct host *host, const char *type) { tell(host, host_new_event(host, type)); }

static void start(struct host *host)
{
	struct sl_effects effects;
	sl_engine_free(&host->engine);
	host->has_request = host->has_load = false;
	host->crash_in = -1;
	CHECK(sl_engine_new(NULL, &host->engine, NULL) == SL_OK);
	CHECK(host->engine);
	int code = host_handle(host->engine, host_start_event(host), &effects);
	CHECK(code == 0 || (code == SL_INTERNAL && host->tampered));
	if (code != 0) {
		host->over = true;
		return;
	}
	for (size_t i = 0; i < effects.count; i++)
		host_carry_out(host, &effects.items[i]);
	host_show_all(host);
	sl_buf_clear(&host->state);
	host_describe(host->engine, &host->state);
	if (host->online)
		tell_simply(host, "online");
}

static void carry_out(struct host *host, const struct sl_effects *effects)
{
	bool crashed = false;
	host_check_text(effects);
	for (size_t i = 0; i < effects->count && !crashed; i++) {
		CHECK(effects->items[i].type != SL_EFFECT_STORE || i == 0);
		crashed = host->crash_in == 0;
		host->crash_in -= host->crash_in > 0;
		if (!crashed)
			host_carry_out(host, &effects->items[i]);
	}
	if (crashed) {
		start(host);
		return;
	}
	struct sl_str before = host_keep(host, sl_buf_str(&host->state));
	sl_buf_clear(&host->state);
	host_describe(host->engine, &host->state);
	if (!host->tampered) {
		check_rows(host);
		check_journal(host);
		if (!sl_str_equal(before, sl_buf_str(&host->state)))
			check_store(host);
	}
}

static void check_refusal(struct host *host, int code, bool users)
{
	struct sl_buf state;
	host->over = code == SL_INTERNAL && host->tampered;
	if (host->over)
		return;
	CHECK(users && (code == SL_INVALID || code == SL_MALFORMED || code == SL_TOO_LARGE || code == SL_NOT_FOUND
		|| code == SL_CONFLICT || code == SL_FORBIDDEN));
	sl_buf_init(&state, SIZE_MAX);
	host_describe(host->engine, &state);
	CHECK(sl_str_equal(sl_buf_str(&state), sl_buf_str(&host->state)));
	sl_buf_dispose(&state);
}

/* An event that isn't the user's doing, and what becomes of the words on both sides. */
static int tell_world(struct host *host, json_t *event, struct sl_effects *effects_r)
{
	struct sl_arena arena;
	struct sl_buf mine, theirs;
	sl_arena_init(&arena, 0);
	sl_buf_init(&mine, SIZE_MAX);
	sl_buf_init(&theirs, SIZE_MAX);
	struct sl_rowset *base = keep(sl_engine_base(host->engine), &arena);
	add_new_words(sl_engine_rows(host->engine), base, &mine);
	int code = host_handle(host->engine, event, effects_r);
	if (code == 0) {
		add_new_words(sl_engine_base(host->engine), base, &theirs);
		check_words(host, effects_r, &mine, false);
		check_words(host, effects_r, &theirs, true);
		sl_buf_add_str(&host->had, sl_buf_str(&theirs));
		check_parked(host->engine, effects_r);
	}
	sl_buf_dispose(&mine);
	sl_buf_dispose(&theirs);
	sl_arena_dispose(&arena);
	return code;
}

/* The reference is stolen. */
static void tell(struct host *host, json_t *event)
{
	const char *type = json_string_value(json_object_get(event, "type"));
	bool users = is_users(type), refusable = users || strcmp(type, "signIn") == 0 || strcmp(type, "follow") == 0;
	struct sl_effects effects;
	int code = users || host->tampered ? host_handle(host->engine, json_incref(event), &effects)
		: tell_world(host, json_incref(event), &effects);
	if (code == 0) {
		host_show_own(host, type, json_object_get(event, "delta"));
		carry_out(host, &effects);
	} else {
		check_refusal(host, code, refusable);
	}
	json_decref(event);
	if (host->has_load && !host->over)
		tell(host, host_loaded_event(host));
}

/* Any event that the app may think of. */
static void tell_json(struct host *host, struct sl_str text)
{
	json_t *members = fuzz_parse(text), *event = host_new_event(host, "tick");
	const char *type = json_string_value(json_object_get(members, "type"));
	struct sl_arena arena;
	struct sl_event read;
	struct sl_buf line;
	sl_arena_init(&arena, 0);
	sl_buf_init(&line, SIZE_MAX);
	if (type && (strcmp(type, "edit") == 0 || strcmp(type, "replace") == 0)) /* most say what they were made on */
		host_set(event, "revision", json_integer(sl_engine_revision(host->engine)));
	if (json_is_object(members))
		CHECK(json_object_update_missing(members, event) == 0);
	sl_json_write(&line, members);
	bool sound = type && strcmp(type, "start") != 0 && strcmp(type, "answer") != 0
		&& sl_engine_json_read(sl_buf_str(&line), &arena, &read, NULL) == 0;
	if (sound && read.type == SL_EVENT_ONLINE)
		host->online = true;
	if (sound && (read.type == SL_EVENT_OFFLINE || read.type == SL_EVENT_SIGN_OUT))
		host->has_request = false;
	if (sound && read.type == SL_EVENT_OFFLINE)
		host->online = false;
	if (sound)
		tell(host, json_incref(members));
	json_decref(event);
	json_decref(members);
	sl_buf_dispose(&line);
	sl_arena_dispose(&arena);
}

static void edit(struct host *host, const struct sl_delta *delta)
{
	struct sl_buf text;
	json_t *event = host_new_event(host, "edit");
	sl_buf_init(&text, SIZE_MAX);
	CHECK(sl_delta_write(delta, &text) == 0);
	host_set(event, "delta", fuzz_parse(sl_buf_str(&text)));
	host_set(event, "revision", json_integer(sl_engine_revision(host->engine)));
	sl_buf_dispose(&text);
	tell(host, event);
}

static void pass(struct host *host, int64_t ms)
{
	host->now_ms += ms;
	tell_simply(host, "tick");
}

static void wake(struct host *host) { pass(host, host->wake_ms > host->now_ms ? host->wake_ms - host->now_ms : 0); }

/* --- answers ---------------------------------------------------------------------------------------------------- */

static void fail(struct host *host)
{
	json_t *event = host_new_event(host, "failed");
	host_set(event, "request", json_integer(host->request));
	host_set(event, "reason", json_string("no route"));
	host->has_request = false;
	tell(host, event);
}

static void answer(struct host *host, int status, size_t retry_secs, struct sl_str body)
{
	json_t *event = host_new_event(host, "answer"), *text = json_stringn(body.length ? body.bytes : "", body.length);
	size_t ignored = sl_engine_counts(host->engine)->ignored_answers;
	bool is_pull = host->is_pull, may_crash = host->crash_in >= 0;
	/* The server looked the operation up before it said that the account may only read. */
	bool barred = status == 403 && holds(body, SL_STR("read_only"));
	if ((status < 500 && status != 429 && status != 401 && status != 403) || barred)
		host->undecided = SL_STR("");
	host->pulled |= is_pull && (status == 200 || status == 404);
	host_set(event, "request", json_integer(host->request));
	host_set(event, "status", json_integer(status));
	if (text && !memchr(body.bytes ? body.bytes : "", '\0', body.length))
		host_set(event, "body", json_incref(text));
	if (retry_secs > 0)
		host_set(event, "retryAfter", json_sprintf("%zu", retry_secs));
	json_decref(text);
	host->has_request = false;
	tell(host, event);
	bool counted = (!may_crash || host->crash_in >= 0) && sl_engine_counts(host->engine)->ignored_answers == ignored;
	if (counted && !is_pull && (status == 412 || status == 428))
		host->pulled = false;
}

/* The server's answer, as the line wants it. */
static void exchange(struct host *host, uint8_t verb, struct input *line)
{
	struct sl_buf body;
	sl_buf_init(&body, SIZE_MAX);
	int status = host_ask(host, 0, host->is_pull, host->path, host->body, &body);
	while (verb == 'd' && line->left > 0 && body.length > 0) {
		size_t at = next_number(line) % body.length;
		body.bytes[at] = (char)next(line);
	}
	if (verb == 'm') {
		json_t *members = fuzz_parse((struct sl_str){ (const char *)line->bytes, line->left });
		json_t *object = fuzz_parse(sl_buf_str(&body));
		if (json_is_object(members) && json_object_update(object, members) == 0) {
			sl_buf_clear(&body);
			sl_json_write(&body, object);
		}
		json_decref(members);
		json_decref(object);
	}
	if (verb == 'l')
		fail(host);
	else
		answer(host, status, 0, sl_buf_str(&body));
	sl_buf_dispose(&body);
}

/* --- lines ------------------------------------------------------------------------------------------------------ */

/* The rest of the line, behind one blank. */
static struct input next_line(struct input *in)
{
	const uint8_t *end = in->left ? memchr(in->bytes, '\n', in->left) : NULL;
	size_t length = end ? (size_t)(end - in->bytes) : in->left, skip = length > 0 && *in->bytes == ' ';
	struct input line = { in->bytes + skip, length - skip };
	in->bytes += length + (end != NULL);
	in->left -= length + (end != NULL);
	return line;
}

static void take_steps(struct host *host, uint8_t verb, struct input *in)
{
	struct sl_delta delta;
	const struct sl_rowset *rows = verb == 'e' ? sl_engine_rows(host->engine) : sync_server_store(&host->server)->rows;
	if (!read_step(in, rows, &host->arena, &delta))
		return;
	host->held = NULL;
	if (verb == 'e')
		edit(host, &delta);
	else
		host_push_other(host, &delta);
}

static void take_line(struct host *host, uint8_t verb, struct input *line)
{
	bool answers = verb && strchr("almdhbf", verb), honest = !host->tampered;
	if (verb && strchr("jmdhb", verb))
		host->held = NULL;
	if (answers && !host->has_request)
		return;
	if (verb == 'h' || verb == 'b') {
		size_t retry_secs = verb == 'b' ? next_number(line) : 0;
		int status = (int)next_number(line);
		answer(host, status, retry_secs, (struct sl_str){ (const char *)line->bytes, line->left });
	} else if (verb == 'f' || (answers && !honest))
		fail(host);
	else if (answers)
		exchange(host, verb, line);
	else if (verb == 'j')
		tell_json(host, (struct sl_str){ (const char *)line->bytes, line->left });
	else if (verb == 't')
		pass(host, (int64_t)next_number(line) * 100);
	else if (verb == 'w')
		wake(host);
	else if (verb == 'r')
		start(host);
	else if (verb == 'c')
		host->crash_in = (int)next_number(line) % 8;
	else if (verb == 's') {
		host_damage(host, line);
		start(host);
	} else
		host_operate(host, verb);
	if (verb == 'R')
		note_fall_back(host);
}

/* --- at rest ---------------------------------------------------------------------------------------------------- */

/* Nothing to do but to poll, or for a person. */
static bool is_at_rest(const struct host *host)
{
	const struct sl_status *status = sl_engine_status(host->engine);
	bool refused = status->quarantined > 0 && host->wake_ms - host->now_ms >= 29000;
	if (host->has_request)
		return false;
	return strcmp(status->error, "empty_overwrite") == 0 || (refused && strcmp(status->error, "invalid") == 0)
		|| (status->pending == 0 && (status->word == SL_STATUS_SYNCED || status->word == SL_STATUS_CONFLICT));
}

static void settle(struct host *host)
{
	struct input nothing = { NULL, 0 };
	for (size_t i = 0; i < REST_STEPS; i++) {
		if (is_at_rest(host))
			return;
		if (host->has_request)
			exchange(host, 'a', &nothing);
		else
			wake(host);
	}
	CHECK(!"comes to rest");
}

static bool has_all(struct host *host)
{
	return fuzz_same_rows(sl_engine_base(host->engine), sync_server_store(&host->server)->rows);
}

static void come_to_rest(struct host *host)
{
	host->crash_in = -1;
	host->online = true;
	tell_simply(host, "signIn");
	tell_simply(host, "online");
	for (int i = 0; i < 3; i++) {
		tell_simply(host, "syncNow");
		settle(host);
		if (sl_engine_status(host->engine)->pending == 0 && has_all(host))
			break;
		if (strcmp(sl_engine_status(host->engine)->error, "empty_overwrite") != 0)
			continue;
		tell_simply(host, "clear");
		host->held = NULL;
	}
	const struct sl_status *status = sl_engine_status(host->engine);
	CHECK(status->pending == 0 || status->quarantined > 0);
	CHECK(has_all(host));
	check_held(host);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct host host = { .now_ms = 1000000, .crash_in = -1, .online = true };
	struct input in = { data, size };
	sl_arena_init(&host.arena, 0);
	sl_buf_init(&host.state, SIZE_MAX);
	host.store = sl_rowset_new(&host.arena, 32);
	host.sent = sl_rowset_new(&host.arena, 8);
	sl_buf_init(&host.had, SIZE_MAX);
	CHECK(host.store && host.sent && sync_server_init(&host.server) == 0);
	host.server.row_bytes = ROW_BYTES;
	host.server.request_bytes = REQUEST_BYTES;
	host.server.names_authors = true;
	start(&host);
	for (size_t i = 0; i < EVENTS && in.left > 0 && !host.over; i++) {
		uint8_t verb = next(&in);
		if (verb == 'e' || verb == 'o')
			take_steps(&host, verb, &in);
		else if (verb != '\n' && verb != ';') {
			struct input line = next_line(&in);
			take_line(&host, verb, &line);
		}
	}
	if (!host.tampered && !host.over)
		come_to_rest(&host);
	sl_engine_free(&host.engine);
	sync_server_dispose(&host.server);
	sl_buf_dispose(&host.state);
	sl_buf_dispose(&host.had);
	sl_arena_dispose(&host.arena);
	return 0;
}
