/* The host of an engine; see device.h. Keeps true: effects in order, nothing behind a batch before the batch is durable,
 * and nothing decided here. */
#include "device.h"

#include <stdlib.h>

#include "sim.h"

#define CONCERN_DEVICE 500
#define EPOCH_2023_MS INT64_C(1700000000000)

/* --- its end and its beginning ------------------------------------------------------------------------------------ */

void sim_device_init(struct sim *sim, unsigned index)
{
	struct sim_device *device = &sim->devices[index];
	*device = (struct sim_device){ .index = index, .crash_in = -1 };
	device->store = sim_rowset(sim);
	device->shown = sim_rowset(sim);
	device->synced = sim_rowset(sim);
}

void sim_device_dispose(struct sim *sim, unsigned index)
{
	sl_engine_free(&sim->devices[index].engine);
}

void sim_device_start(struct sim *sim, unsigned index)
{
	struct sim_device *device = &sim->devices[index];
	struct sl_engine_config config = { .size = sizeof(config), .push_bytes = sim->plan->push_bytes,
		.poll_ms = sim->plan->poll_ms };
	if (sim->plan->with[SIM_WITH_THINNED]) {
		config.journal_bytes = 5000;
		config.thin_ms = 5000;
	}
	struct sl_event start = { .type = SL_EVENT_START };
	struct sl_event sign_in = { .type = SL_EVENT_SIGN_IN };
	if (device->engine)
		return;
	SIM_NOTE(sim, "device %u  starts with %zu stored values", index, sl_rowset_count(device->store));
	if (sl_engine_new(&config, &device->engine, NULL) != SL_OK)
		abort();
	device->incarnation++;
	device->has_load = false;
	start.start.pairs = sim_device_stored(sim, device, &start.start.count);
	if (sim_device_handle(sim, index, &start, NULL) != SL_OK)
		sim_violate(sim, "engine", "device %u does not start from its store", index);
	if (!device->engine)
		return;
	sim_check_show_all(sim, index);
	sign_in.sign_in.account = sim_account(sim, index);
	if (!device->signed_out && sim_device_handle(sim, index, &sign_in, NULL) != SL_OK)
		sim_violate(sim, "engine", "device %u can't sign in", index);
	sim_device_tell(sim, index, SL_EVENT_ONLINE);
}

void sim_device_crash(struct sim *sim, unsigned index)
{
	struct sim_device *device = &sim->devices[index];
	struct dice dice = dice_for(sim->plan->seed, CONCERN_DEVICE + index + (device->events << 8));
	if (!device->engine)
		return;
	SIM_NOTE(sim, "device %u  crashes", index);
	sl_engine_free(&device->engine);
	device->crash_in = -1;
	device->editor.open = device->editor.open && device->editor.revision;
	device->wakes++;
	sim_schedule(sim, sim->now_ms + dice_between(&dice, 50, 15000), SIM_EVENT_RESTART, index, 0, NULL);
}

/* --- effects ------------------------------------------------------------------------------------------------------ */

static void wake(struct sim *sim, struct sim_device *device, int64_t after_ms)
{
	sim_schedule(sim, sim->now_ms + (after_ms > 0 ? after_ms : 0), SIM_EVENT_WAKE, device->index, ++device->wakes, NULL);
}

static int64_t now_of(const struct sim *sim, const struct sim_device *device)
{
	return EPOCH_2023_MS + sim->plan->skew_ms[device->index] + device->jump_ms + sim->now_ms;
}

static void show_status(struct sim *sim, const struct sim_device *device, const struct sl_status *status)
{
	static const char *const words[] = { "disabled", "offline", "error", "conflict", "syncing", "synced" };
	SIM_NOTE(sim, "device %u  %s, version %lld, %zu pending, %zu refused, %zu conflicts%s%s", device->index,
		words[status->word], (long long)status->version, status->pending, status->quarantined, status->conflicts,
		*status->error ? ": " : "", status->error);
	sim_fold(sim, status->word * 1000 + status->pending);
	sim_check_status(sim, device->index, status);
}

static void carry_out_one(struct sim *sim, struct sim_device *device, const struct sl_event *event,
	const struct sl_effect *effect)
{
	sim_fold(sim, effect->type);
	switch (effect->type) {
	case SL_EFFECT_STORE:
		sim_device_store(sim, device, effect->store.writes, effect->store.count);
		break;
	case SL_EFFECT_SEND:
		SIM_NOTE(sim, "device %u  %s %.*s %.*s", device->index, effect->send.method, (int)effect->send.path.length,
			effect->send.path.bytes, (int)effect->send.body.length, effect->send.body.bytes);
		sim_check_send(sim, device->index, &effect->send);
		sim_network_send(sim, device->index, &effect->send);
		break;
	case SL_EFFECT_LOAD:
		device->load = *effect;
		device->has_load = true;
		break;
	case SL_EFFECT_RESULT:
		SIM_NOTE(sim, "device %u  event %d ended: %d %s", device->index, (int)effect->result.about, effect->result.code,
			effect->result.detail);
		if (effect->result.about == SL_EVENT_EDIT && effect->result.code != SL_OK)
			sim_violate(sim, "engine", "device %u refuses a draft that had waited (%d)", device->index, effect->result.code);
		break;
	case SL_EFFECT_WAKE:
		wake(sim, device, effect->wake.at_ms - now_of(sim, device));
		break;
	case SL_EFFECT_STATUS:
		show_status(sim, device, &effect->status);
		break;
	case SL_EFFECT_CHANGED:
		sim_check_changed(sim, device->index, event->type, effect->changed.delta);
		break;
	case SL_EFFECT_CONFLICT:
		SIM_NOTE(sim, "device %u  %s conflict %lld", device->index, effect->conflict.opened ? "opens" : "closes",
			(long long)effect->conflict.id);
		if (effect->conflict.opened)
			sim_check_conflict(sim, device->index, event->type, effect->conflict.id);
		break;
	case SL_EFFECT_JOURNAL:
		SIM_NOTE(sim, "device %u  makes entry %lld (%s)", device->index, (long long)effect->journal.id,
			sl_cause_name(effect->journal.head.cause));
		break;
	}
}

/* False when the device crashed on the way. */
static bool carry_out(struct sim *sim, struct sim_device *device, const struct sl_event *event,
	const struct sl_effects *effects, const struct sim_intent *intent)
{
	bool durable = false;
	for (size_t i = 0; i < effects->count && !sim->violation.invariant; i++) {
		const struct sl_effect *effect = &effects->items[i];
		if (device->crash_in == 0 && !sim->calm) {
			sim_device_crash(sim, device->index);
			return false;
		}
		if (device->crash_in > 0)
			device->crash_in--;
		bool first_batch = effect->type == SL_EFFECT_STORE && intent && !durable;
		if (first_batch)
			sim_check_given_up(sim, intent);
		carry_out_one(sim, device, event, effect);
		if (first_batch)
			sim_check_intent(sim, device->index, intent);
		durable |= first_batch;
	}
	if (intent && !durable)
		sim_check_not_durable(sim, device->index, intent);
	return true;
}

/* --- events ------------------------------------------------------------------------------------------------------- */

static bool is_refusal(int rc)
{
	return rc == SL_INVALID || rc == SL_MALFORMED || rc == SL_TOO_LARGE || rc == SL_NOT_FOUND || rc == SL_CONFLICT
		|| rc == SL_FORBIDDEN;
}

static bool is_step_back(const struct sim_intent *intent)
{
	return intent->entry.kind == SIM_ENTRY_MERGE || intent->entry.kind == SIM_ENTRY_STEP;
}

/* Whether what a user undoes is done: that may take pages of the journal. */
static bool has_ended(const struct sl_effects *effects)
{
	for (size_t i = 0; i < effects->count; i++)
		if (effects->items[i].type == SL_EFFECT_RESULT && effects->items[i].result.about == SL_EVENT_UNDO)
			return true;
	return false;
}

int sim_device_handle(struct sim *sim, unsigned index, struct sl_event *event, const struct sim_intent *intent)
{
	struct sim_device *device = &sim->devices[index];
	struct dice dice = dice_for(sim->plan->seed, CONCERN_DEVICE + index + (device->events++ << 8));
	struct sl_effects effects = { NULL, 0 };
	struct sl_err err = SL_ERR_INIT;
	if (!device->engine)
		return SL_NOT_FOUND;
	event->now_ms = now_of(sim, device);
	for (size_t i = 0; i < 2; i++) {
		uint64_t bits = dice_next(&dice);
		memcpy(event->random + 8 * i, &bits, 8);
	}
	sim_fold(sim, (uint64_t)event->type << 8 | index);
	int rc = sl_engine_handle(device->engine, event, &effects, &err);
	if (is_refusal(rc)) {
		SIM_NOTE(sim, "device %u  refuses: %s %s", index, err.path, err.message);
		return rc;
	}
	if (rc != SL_OK) {
		sim_violate(sim, "engine", "device %u, event %d: code %d, %s", index, (int)event->type, rc, err.message);
		return rc;
	}
	const struct sim_intent *later = NULL;
	if (intent && is_step_back(intent) && !has_ended(&effects)) {
		later = intent;
		intent = NULL;
	}
	struct sim_intent whole;
	if (intent && (intent->wide || intent->compare)) {
		whole = *intent;
		sim_check_compare(sim, index, &whole);
		intent = &whole;
	}
	if (carry_out(sim, device, event, &effects, intent) && event->type == SL_EVENT_REPLACE)
		sim_check_show_all(sim, index);
	sim_check_after(sim, index);
	if (device->engine && device->has_load)
		sim_device_load(sim, device, later);
	return SL_OK;
}

int sim_device_tell(struct sim *sim, unsigned index, enum sl_event_type type)
{
	struct sl_event event = { .type = type };
	return sim_device_handle(sim, index, &event, NULL);
}

static bool is_listening(const struct sim *sim, const struct sim_message *message)
{
	const struct sim_device *device = &sim->devices[message->request.device];
	return device->engine && device->incarnation == message->incarnation;
}

void sim_device_answer(struct sim *sim, struct sim_message *message)
{
	const struct sim_response *response = &message->response;
	struct sim_device *device = &sim->devices[message->request.device];
	struct sl_event event = { .type = SL_EVENT_ANSWER };
	char seconds[16];
	if (!is_listening(sim, message))
		return;
	SIM_NOTE(sim, "device %u  gets %d %.*s", device->index, response->status, (int)response->body.length,
		response->body.bytes);
	sim_fold(sim, (uint64_t)response->status);
	event.answer.request = message->id;
	event.answer.status = response->status;
	event.answer.body = response->body;
	if (response->retry_after_secs) {
		int length = snprintf(seconds, sizeof(seconds), "%u", response->retry_after_secs);
		event.answer.retry_after = (struct sl_str){ seconds, (size_t)length };
	}
	if (strcmp(message->request.method, "GET") == 0
		&& (response->status == 200 || response->status == 304 || response->status == 404))
		device->pulled = true;
	device->told_authors = strcmp(message->request.method, "GET") == 0 && message->request.authors && !sim->plan->nameless;
	if (sim_device_handle(sim, device->index, &event, NULL) != SL_OK)
		sim_violate(sim, "engine", "device %u refuses an answer", device->index);
	device->told_authors = false;
}

void sim_device_failed(struct sim *sim, struct sim_message *message)
{
	struct sl_event event = { .type = SL_EVENT_FAILED };
	if (!is_listening(sim, message))
		return;
	event.failed.request = message->id;
	event.failed.reason = SL_STR("the connection was lost");
	if (sim_device_handle(sim, message->request.device, &event, NULL) != SL_OK)
		sim_violate(sim, "engine", "device %u refuses a failure", message->request.device);
}

/* Whether the server has the row otherwise, but has it. */
static bool is_edited(const struct sl_engine *engine, const struct sl_row *row)
{
	const struct sl_row *was = sl_rowset_find(sl_engine_base(engine), &row->key);
	bool alike = false;
	return was && sl_merge_alike(was, row, &alike) == SL_OK && alike;
}

/* `words`: one that both have is enough. */
static bool is_held_half(const struct sl_engine *engine, const struct sl_row *gone, bool words)
{
	const struct sl_row *row;
	size_t cursor = 0;
	bool alike = false; /* short rows may hold nothing but lines that anybody may write */
	while ((row = sl_rowset_next(sl_engine_rows(engine), &cursor)))
		if (row->key.entity == gone->key.entity && sim_device_refuses(engine, &row->key, true) && !is_edited(engine, row)
			&& ((words && sim_words_in_common(row->data, gone->data)) || (sl_merge_alike(gone, row, &alike) == SL_OK && alike)))
			return true;
	return false;
}

bool sim_device_waits_for_move(const struct sl_engine *engine, const struct sl_row *gone)
{
	const struct sl_row *row;
	size_t cursor = 0;
	if (is_held_half(engine, gone, true))
		return true;
	while (gone->key.entity == SL_EPISODES && (row = sl_rowset_next(sl_engine_base(engine), &cursor)))
		if (sl_entity_has_episode(row->key.entity) && row->key.episode == gone->key.episode && is_held_half(engine, row, true))
			return true;
	return false;
}

bool sim_device_waits(const struct sl_engine *engine, const struct sl_key *key)
{
	const struct sl_row *was = sl_rowset_find(sl_engine_base(engine), key), *row = sl_rowset_find(sl_engine_rows(engine), key);
	return sim_device_refuses(engine, key, true) || (was && row && !is_edited(engine, row) && is_held_half(engine, was, false));
}

/* Refused rows, scenes and shots that wait for their refused episode, and the places that refused rows have left, with what is new
 * there. */
static size_t count_held(const struct sl_engine *engine)
{
	const struct sl_status *status = sl_engine_status(engine);
	size_t held = status->quarantined;
	const struct sl_row *row;
	size_t cursor = 0;
	if (held == 0 || held == status->pending)
		return held;
	while ((row = sl_rowset_next(sl_engine_rows(engine), &cursor)))
		held += !sim_device_refuses(engine, &row->key, false) && sim_device_waits(engine, &row->key);
	for (cursor = 0; (row = sl_rowset_next(sl_engine_base(engine), &cursor));)
		held += !sl_rowset_find(sl_engine_rows(engine), &row->key) && sim_device_waits_for_move(engine, row);
	return held;
}

bool sim_device_refuses(const struct sl_engine *engine, const struct sl_key *key, bool with_episode)
{
	struct sl_quarantined refused;
	struct sl_key episode = sl_key_of_episode(key->episode);
	bool child = with_episode && sl_entity_has_episode(key->entity) && !sl_rowset_find(sl_engine_base(engine), key);
	if (sl_engine_status(engine)->quarantined == 0)
		return false;
	for (size_t cursor = 0; sl_engine_next_quarantined(engine, &cursor, &refused) > 0;)
		if (sl_key_equal(&refused.key, key) || (child && sl_key_equal(&refused.key, &episode)))
			return true;
	return false;
}

bool sim_device_is_settled(const struct sim *sim, unsigned index)
{
	const struct sim_device *device = &sim->devices[index];
	const struct sl_status *status = device->engine ? sl_engine_status(device->engine) : NULL;
	return status && status->version == sim->server.store->memory.head.version
		&& status->pending == count_held(device->engine)
		&& (status->word == SL_STATUS_SYNCED || status->word == SL_STATUS_CONFLICT || status->word == SL_STATUS_ERROR);
}
