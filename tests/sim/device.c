/* The host of an engine; see device.h. Keeps true: effects in order, nothing behind a batch before the batch is durable,
 * and nothing decided here. */
#include "device.h"

#include <stdlib.h>


#include "sim.h"

#define CONCERN_DEVICE 500
#define EPOCH_2023_MS INT64_C(1700000000000)

/* --- its end and its beginning ------------------------------------------------------------------------------------ */

static struct sl_rowset *new_rows(struct sim *sim)
{
	struct sl_rowset *rows = sl_rowset_new(&sim->arena, 64);
	if (!rows)
		abort();
	return rows;
}

void sim_device_init(struct sim *sim, unsigned index)
{
	struct sim_device *device = &sim->devices[index];
	*device = (struct sim_device){ .index = index, .crash_in = -1 };
	device->store = new_rows(sim);
	device->shown = new_rows(sim);
}

void sim_device_dispose(struct sim *sim, unsigned index)
{
	sl_engine_free(&sim->devices[index].engine);
}

static bool begins_with(struct sl_str text, struct sl_str prefix)
{
	return text.length > prefix.length && memcmp(text.bytes, prefix.bytes, prefix.length) == 0;
}

static const struct sl_pair *stored_pairs(struct sim *sim, const struct sim_device *device, size_t *count_r)
{
	struct sl_pair *pairs = sim_alloc(sim, (sl_rowset_count(device->store) + 1) * sizeof(*pairs));
	const struct sl_row *row;
	size_t cursor = 0;
	*count_r = 0;
	while ((row = sl_rowset_next(device->store, &cursor)))
		if (!begins_with(row->key.id, SL_STR("journal/")) && !begins_with(row->key.id, SL_STR("head/")))
			pairs[(*count_r)++] = (struct sl_pair){ row->key.id, row->data };
	return pairs;
}

static int compare_entries(const void *a, const void *b)
{
	return sl_str_compare(((const struct sl_pair *)b)->key, ((const struct sl_pair *)a)->key);
}

/* Hands in the page of the journal that the engine asked for. */
static void load(struct sim *sim, struct sim_device *device)
{
	struct sl_event event = { .type = SL_EVENT_LOADED, .loaded = { .id = device->load.load.id } };
	struct sl_pair *pairs = sim_alloc(sim, (sl_rowset_count(device->store) + 1) * sizeof(*pairs));
	const struct sl_row *row;
	size_t cursor = 0, count = 0, most = device->load.load.most;
	device->has_load = false;
	while ((row = sl_rowset_next(device->store, &cursor))) {
		int64_t id = begins_with(row->key.id, device->load.load.prefix)
			? strtoll(row->key.id.bytes + device->load.load.prefix.length, NULL, 10) : -1;
		if (id >= device->load.load.first && id <= device->load.load.last)
			pairs[count++] = (struct sl_pair){ row->key.id, row->data };
	}
	qsort(pairs, count, sizeof(*pairs), compare_entries);
	event.loaded.pairs = pairs;
	event.loaded.count = count < most ? count : most;
	event.loaded.complete = count <= most;
	if (sim_device_handle(sim, device->index, &event, NULL) != SL_OK)
		sim_violate(sim, "engine", "device %u refuses its journal", device->index);
}

void sim_device_start(struct sim *sim, unsigned index)
{
	struct sim_device *device = &sim->devices[index];
	struct sl_engine_config config = { .size = sizeof(config), .push_bytes = sim->plan->push_bytes,
		.poll_ms = sim->plan->poll_ms };
	struct sl_event start = { .type = SL_EVENT_START };
	struct sl_event sign_in = { .type = SL_EVENT_SIGN_IN };
	if (device->engine)
		return;
	SIM_NOTE(sim, "device %u  starts with %zu stored values", index, sl_rowset_count(device->store));
	if (sl_engine_new(&config, &device->engine, NULL) != SL_OK)
		abort();
	device->incarnation++;
	device->has_load = false;
	start.start.pairs = stored_pairs(sim, device, &start.start.count);
	if (sim_device_handle(sim, index, &start, NULL) != SL_OK)
		sim_violate(sim, "engine", "device %u does not start from its store", index);
	if (!device->engine)
		return;
	sim_check_show_all(sim, index);
	sign_in.sign_in.account = SL_STR("writer");
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
	device->editor.open = false;
	device->wakes++;
	sim_schedule(sim, sim->now_ms + dice_between(&dice, 50, 15000), SIM_EVENT_RESTART, index, 0, NULL);
}

void sim_device_wipe(struct sim *sim, unsigned index)
{
	struct sim_device *device = &sim->devices[index];
	const struct sl_row *row;
	size_t cursor = 0;
	sim->check.haunted |= sim->network.pushes[index] > 0;
	sim_device_crash(sim, index);
	SIM_NOTE(sim, "device %u  loses its store", index);
	while ((row = sl_rowset_next(device->store, &cursor)))
		sim_words_drop(&sim->words, row->data, false);
	for (cursor = 0; (row = sl_rowset_next(device->store, &cursor));) {
		size_t at = 0;
		unsigned id;
		while ((id = sim_words_next(row->data, &at)))
			if (!sim->words.items[id].devices && !sim->words.items[id].server)
				sim->words.items[id].given_up = true;
	}
	device->store = new_rows(sim);
	device->pulled = false;
	device->signed_out = false;
	sim_check_uncount(sim);
	sim_check_forget_gone(sim);
}

/* --- effects ------------------------------------------------------------------------------------------------------ */

/* What a fall-back took that nobody declared may look like others' changes, and is only in backups then: until ten newer
 * ones have come. */
static bool is_last_resort(const struct sim *sim, const struct sl_write *write)
{
	static const char prefix[] = "backup/merge/";
	return write->remove && sim->server.fell_back && !sim->plan->declared && write->key.length > sizeof(prefix)
		&& memcmp(write->key.bytes, prefix, sizeof(prefix) - 1) == 0;
}

/* An open decision that a newer one about the same passage replaces: its words are in its receipt then, and nobody is asked about
 * them again. */
static bool is_replaced(const struct sl_write *writes, size_t count, size_t at)
{
	static const char prefix[] = "conflict/";
	bool replaced = false;
	for (size_t i = 0; i < count; i++) {
		bool is_decision = writes[i].key.length > sizeof(prefix) && memcmp(writes[i].key.bytes, prefix, sizeof(prefix) - 1) == 0;
		if (i == at && !(is_decision && writes[i].remove))
			return false;
		replaced |= is_decision && !writes[i].remove;
	}
	return replaced;
}

static void note_kept_in_receipt(struct sim *sim, struct sl_str value)
{
	size_t cursor = 0;
	unsigned id;
	while ((id = sim_words_next(value, &cursor)))
		sim->words.items[id].text = false;
}

static void store(struct sim *sim, struct sim_device *device, const struct sl_write *writes, size_t count)
{
	struct sl_str *old = sim_alloc(sim, count * sizeof(*old));
	for (size_t i = 0; i < count; i++)
		sim_words_hold(&sim->words, writes[i].value, false);
	for (size_t i = 0; i < count; i++) {
		struct sl_row row = { .key = { SL_META, 0, writes[i].key } };
		const struct sl_row *known = sl_rowset_find(device->store, &row.key);
		old[i] = known ? known->data : (struct sl_str){ NULL, 0 };
		row.key.id = known ? known->key.id : sim_copy(sim, writes[i].key);
		row.data = sim_copy(sim, writes[i].value);
		if (writes[i].remove)
			sl_rowset_remove(device->store, &row.key);
		else if (!sl_rowset_put(device->store, &row))
			abort();
		sim_words_drop(&sim->words, old[i], false);
	}
	for (size_t i = 0; i < count; i++) {
		if (is_last_resort(sim, &writes[i]))
			sim_words_excuse(&sim->words, old[i]);
		if (is_replaced(writes, count, i))
			note_kept_in_receipt(sim, old[i]);
		sim_words_check(&sim->words, old[i]);
	}
}

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
		store(sim, device, effect->store.writes, effect->store.count);
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
			sim_check_conflict(sim, device->index, effect->conflict.id);
		break;
	case SL_EFFECT_BACKUP:
		SIM_NOTE(sim, "device %u  makes backup %lld (%s)", device->index, (long long)effect->backup.id,
			effect->backup.reason);
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
	struct sim_intent whole;
	if (intent && (intent->wide || intent->compare)) {
		whole = *intent;
		sim_check_compare(sim, index, &whole);
		intent = &whole;
	}
	if (carry_out(sim, device, event, &effects, intent) && event->type == SL_EVENT_REPLACE)
		sim_check_show_all(sim, index);
	if (device->engine && device->has_load)
		load(sim, device);
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
	if (sim_device_handle(sim, device->index, &event, NULL) != SL_OK)
		sim_violate(sim, "engine", "device %u refuses an answer", device->index);
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

/* Refused rows, and scenes and shots that wait for their refused episode. */
static size_t count_held(const struct sl_engine *engine)
{
	const struct sl_status *status = sl_engine_status(engine);
	size_t held = status->quarantined;
	const struct sl_row *row;
	size_t cursor = 0;
	if (held == 0 || held == status->pending)
		return held;
	while ((row = sl_rowset_next(sl_engine_rows(engine), &cursor)))
		held += !sim_device_refuses(engine, &row->key, false) && sim_device_refuses(engine, &row->key, true);
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
