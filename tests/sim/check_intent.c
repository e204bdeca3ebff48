/* What users meant, once it is durable; see check.h. Keeps true: a word is given up only by a user who had it before
 * their eyes; sums of counters are linear in what users did, so merges in any order must reach them. */
#include <stdlib.h>

#include "core/json/parse.h"

#include "sim.h"

const char *const sim_counter_rows[SIM_COUNTERS] = { "stats", "stats", "contextUsage", "phase4Usage", "phase1Usage" };
const char *const sim_counter_paths[SIM_COUNTERS][3] = { { "context", "total", NULL }, { "shotGen", "success", NULL },
	{ "promptTokens", NULL, NULL }, { "totalTokens", NULL, NULL }, { "charList", "promptTokens", NULL } };

uint64_t sim_check_field(const struct sl_key *key, struct sl_str name)
{
	uint64_t hash = UINT64_C(0xcbf29ce484222325) ^ (uint64_t)key->entity ^ (uint64_t)key->episode << 8;
	for (size_t i = 0; i < key->id.length; i++)
		hash = (hash ^ (unsigned char)key->id.bytes[i]) * UINT64_C(0x100000001b3);
	hash = (hash ^ 0xff) * UINT64_C(0x100000001b3);
	for (size_t i = 0; i < name.length; i++)
		hash = (hash ^ (unsigned char)name.bytes[i]) * UINT64_C(0x100000001b3);
	return hash ? hash : 1;
}

void sim_check_uncount(struct sim *sim)
{
	sim->check.uncounted = true;
}

void sim_check_forget_gone(struct sim *sim)
{
	sim->check.gone = sl_rowset_new(&sim->arena, 8);
	if (!sim->check.gone)
		abort();
}

static int64_t counter_in(const struct sl_row *row, size_t counter)
{
	struct sl_err err = SL_ERR_INIT;
	json_t *json = NULL;
	if (!row || sl_json_parse(row->data, &json, &err) != SL_OK)
		return 0;
	const json_t *value = json;
	for (const char *const *name = sim_counter_paths[counter]; *name; name++)
		value = json_object_get(value, *name);
	int64_t number = (int64_t)json_number_value(value);
	json_decref(json);
	return number;
}

int64_t sim_check_counter(const struct sl_rowset *rows, size_t counter, bool *absent_r)
{
	struct sl_key key = { SL_META, 0, sl_str_from(sim_counter_rows[counter]) };
	const struct sl_row *row = sl_rowset_find(rows, &key);
	if (absent_r)
		*absent_r = !row;
	return counter_in(row, counter);
}

/* Who deletes a row as a backup had it does not see the words that it had had since: a tombstone is all that tells of it, and they
 * stay where they were given up. */
static void note_deleted_unseen(struct sim *sim, const struct sl_key *key)
{
	for (size_t i = 0; i < sim->check.falls && i < SIM_FALLS; i++) {
		const struct sl_row *row = sl_rowset_find(sim->check.fell[i], key);
		size_t cursor = 0;
		unsigned id;
		while (row && (id = sim_words_next(row->data, &cursor)))
			sim->words.items[id].text = false;
	}
}

void sim_check_removed(struct sim *sim, const struct sl_key *key)
{
	note_deleted_unseen(sim, key);
	struct sl_row row = { .key = { key->entity, key->episode, sim_copy(sim, key->id) } };
	if (!sl_rowset_put(sim->check.removed, &row))
		abort();
}

static void leap(struct sim *sim, size_t counter, int64_t by)
{
	sim->check.counters[counter] += by;
	sim->check.counter_leaps[counter] += by != 0;
	sim->check.uncounted |= sim->check.counter_leaps[counter] > 1 || (by != 0 && sim->check.reset[counter]);
}

void sim_check_restored(struct sim *sim, const struct sl_change *change)
{
	const struct sl_key *key = change->after ? &change->after->key : &change->before->key;
	sim->check.restored = true;
	for (size_t i = 0; i < SIM_COUNTERS && key->entity == SL_META; i++) {
		if (!sl_str_equal(key->id, sl_str_from(sim_counter_rows[i])))
			continue;
		leap(sim, i, counter_in(change->after, i) - counter_in(change->before, i));
		sim->check.uncounted |= !change->after;
	}
}

/* --- rows that may not come back ---------------------------------------------------------------------------------- */

static bool is_part(const struct sl_row *row, const struct sl_key *key)
{
	return sl_key_equal(&row->key, key) || (key->entity == SL_EPISODES && sl_entity_has_episode(row->key.entity)
		&& row->key.episode == key->episode);
}

/* Whether `rows` hold of the row, or of the episode's scenes and shots, nothing but what `known` holds. */
static bool hold_no_more(const struct sl_rowset *rows, const struct sl_rowset *known, const struct sl_key *key)
{
	const struct sl_row *row, *other;
	size_t cursor = 0;
	while ((row = sl_rowset_next(rows, &cursor)))
		if (is_part(row, key) && (!(other = sl_rowset_find(known, &row->key)) || !sl_row_same_content(other, row)))
			return false;
	return true;
}

/* Whether the server may still get something of a device that its rows don't show. */
static bool is_pushing(const struct sim *sim, unsigned device)
{
	struct sl_key key = { SL_META, 0, SL_STR("op") };
	return sim->network.pushes[device] || sl_rowset_find(sim->devices[device].store, &key);
}

/* Whether the device that deletes it has synced all that there is to the row: nobody has an edit under way, not even the
 * same one, since an edit wins over a deletion. */
static bool is_known(struct sim *sim, const struct sim_device *device, const struct sl_key *key)
{
	const struct sl_rowset *base = device->engine ? sl_engine_base(device->engine) : NULL;
	for (unsigned i = 0; base && i < sim->plan->devices; i++) {
		const struct sl_engine *other = sim->devices[i].engine;
		if (!other || is_pushing(sim, i))
			return false;
		if (i != device->index && !(hold_no_more(sl_engine_base(other), base, key)
			&& hold_no_more(sl_engine_rows(other), sl_engine_base(other), key)))
			return false;
	}
	/* Not less, either: a state on the way there, in the answer to a retry, may hold an edit of what is gone by now. */
	return base && hold_no_more(sim->server.store->memory.rows, base, key)
		&& hold_no_more(base, sim->server.store->memory.rows, key);
}

static void note_deleted(struct sim *sim, const struct sim_device *device, const struct sl_key *key)
{
	const struct sl_row *shown = sl_rowset_find(device->shown, key);
	struct sl_row row = { .key = *key };
	if (!is_known(sim, device, key) || sim_server_is_behind(&sim->server))
		return;
	/* Who deletes a row of a state that was lost, and others bring back just then, has nothing left to delete at the server. */
	if (sl_engine_status(device->engine)->version <= sim->server.lost_version)
		return;
	/* What was deleted once and came back may have come back in a state that was lost: who has that keeps it. */
	if (sim->server.fell_back && sl_rowset_find(sim->check.removed, key))
		return;
	row.key.id = sim_copy(sim, key->id);
	if (shown)
		row.data = sim_copy(sim, shown->data);
	if (!sl_rowset_put(sim->check.gone, &row))
		abort();
}

void sim_check_revive(struct sim *sim, const struct sl_key *key)
{
	struct sl_key episode = sl_key_of_episode(key->episode);
	sl_rowset_remove(sim->check.gone, key);
	if (sl_entity_has_episode(key->entity))
		sl_rowset_remove(sim->check.gone, &episode);
}

/* --- intents ------------------------------------------------------------------------------------------------------ */

static struct sim_field *field_of(struct sim *sim, uint64_t field)
{
	size_t slot = field % SIM_FIELDS;
	for (size_t tries = 0; tries < SIM_FIELDS; tries++, slot = (slot + 1) % SIM_FIELDS)
		if (sim->check.fields[slot].field == field || sim->check.fields[slot].field == 0) {
			sim->check.fields[slot].field = field;
			return &sim->check.fields[slot];
		}
	abort();
}

void sim_check_given_up(struct sim *sim, const struct sim_intent *intent)
{
	for (unsigned id = 1; id <= sim->words.count; id++)
		if (sim_wordset_has(&intent->given_up, id))
			sim->words.items[id].given_up = true;
}

static void acknowledge(struct sim *sim, unsigned device, const struct sim_intent *intent)
{
	for (unsigned id = 1; id <= sim->words.count; id++) {
		struct sim_word *word = &sim->words.items[id];
		if (!sim_wordset_has(&intent->typed, id) || word->given_up)
			continue;
		word->acknowledged = true;
		if (word->devices == 0)
			sim_violate(sim, "stored-first", "device %u acknowledges w%uz but has not stored it", device, id);
	}
}

/* Whether the device may know what others have. One with the same import as another does from the first version that it has taken
 * in: until then it is in doubt what both counted, and merge.md takes the larger total. */
static bool has_met(const struct sim *sim, unsigned device)
{
	const struct sim_device *it = &sim->devices[device];
	return it->pulled && (!sim->plan->with[SIM_WITH_TWINS] || !it->engine || sl_engine_status(it->engine)->version > 0);
}

static bool has_content(const struct sl_rowset *rows)
{
	const struct sl_row *row;
	size_t cursor = 0;
	while ((row = sl_rowset_next(rows, &cursor)))
		if (row->key.entity != SL_META)
			return true;
	return false;
}

/* As with a project that was emptied by hand: what is set back there comes back, too, if others go on. */
static bool is_emptied(const struct sim *sim, unsigned device)
{
	const struct sl_engine *engine = sim->devices[device].engine;
	return sim->plan->with[SIM_WITH_RESETS] && engine && !has_content(sl_engine_rows(engine));
}

void sim_check_intent(struct sim *sim, unsigned device, const struct sim_intent *intent)
{
	struct sim_check *check = &sim->check;
	const struct sl_row *row;
	size_t cursor = 0;
	acknowledge(sim, device, intent);
	for (size_t i = 0; i < intent->field_count; i++)
		field_of(sim, intent->fields[i])->edits[device]++;
	for (size_t i = 0; i < SIM_COUNTERS; i++) /* what two devices counted before they ever met may be the same */
		check->uncounted |= intent->counters[i] && !has_met(sim, device);
	for (size_t i = 0; i < SIM_COUNTERS; i++)
		if (intent->wide || intent->compare)
			leap(sim, i, intent->counters[i]);
		else
			check->counters[i] += intent->counters[i];
	for (size_t i = 0; i < SIM_COUNTERS; i++) {
		check->reset[i] |= intent->resets[i];
		check->uncounted |= intent->resets[i] && is_emptied(sim, device);
		check->resetters[i] |= intent->resets[i] ? 1u << device : 0;
		check->uncounted |= check->reset[i] && check->counter_leaps[i];
	}
	check->uncounted |= intent->uncounted;
	check->wide += intent->wide;
	check->undone |= intent->entry.kind == SIM_ENTRY_MERGE || intent->entry.kind == SIM_ENTRY_STEP;
	sim->devices[device].may_clear |= intent->clears;
	while (intent->rows && (row = sl_rowset_next(intent->rows, &cursor)))
		sim_check_revive(sim, &row->key);
	if (intent->wide || intent->compare)
		sim_check_forget_gone(sim);
	for (size_t i = 0; i < intent->deleted_count; i++)
		note_deleted(sim, &sim->devices[device], &intent->deleted[i]);
	sim_check_show_own(sim, device, intent);
}

void sim_check_not_durable(struct sim *sim, unsigned device, const struct sim_intent *intent)
{
	for (unsigned id = 1; id <= sim->words.count; id++)
		if (sim_wordset_has(&intent->typed, id))
			sim_violate(sim, "stored-first", "device %u takes w%uz and stores nothing", device, id);
}

/* Words of rows before that no row has after. */
static struct sim_wordset gone_words(const struct sl_rowset *before, const struct sl_rowset *after)
{
	struct sim_wordset had = { { 0 } }, has = { { 0 } };
	const struct sl_row *row;
	size_t cursor = 0;
	while ((row = sl_rowset_next(before, &cursor)))
		sim_wordset_add_all(&had, row->data);
	for (cursor = 0; (row = sl_rowset_next(after, &cursor));)
		sim_wordset_add_all(&has, row->data);
	for (size_t i = 0; i < SIM_WORDS / 64; i++)
		had.bits[i] &= ~has.bits[i];
	return had;
}

void sim_check_compare(struct sim *sim, unsigned index, struct sim_intent *intent)
{
	const struct sim_device *device = &sim->devices[index];
	const struct sl_rowset *now = sl_engine_rows(device->engine);
	struct sim_wordset gone = gone_words(device->shown, now);
	for (size_t i = 0; i < SIM_WORDS / 64; i++)
		intent->given_up.bits[i] |= gone.bits[i];
	sim_check_since(sim, index, intent, &gone);
	intent->uncounted |= is_emptied(sim, index);
	for (size_t i = 0; i < SIM_COUNTERS; i++) {
		bool was_absent, is_absent;
		int64_t before = sim_check_counter(device->shown, i, &was_absent);
		intent->counters[i] = sim_check_counter(now, i, &is_absent) - before;
		intent->uncounted |= is_absent && !was_absent;
	}
}
