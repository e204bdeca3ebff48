/* The databases of the simulated server: what is written is counted, copied, and lost when an older copy is put back.
 * Keeps true: texts of one store are shared by its copies, so all live until the run ends. */
#include <stdlib.h>

#include "sim.h"

static int (*write_memory)(void *context, const struct sl_commit_record *record, struct sl_err *err);

/* A restore takes words away on purpose: they are in the version before it. */
static void give_up(struct sim *sim, const struct sl_commit_record *record)
{
	for (size_t i = 0; i < record->change_count; i++) {
		const struct sl_row *before = record->changes[i].before;
		size_t cursor = 0;
		unsigned id;
		sim_check_restored(sim, &record->changes[i]);
		while (before && (id = sim_words_next(before->data, &cursor)))
			if (!sim->words.items[id].server)
				sim->words.items[id].given_up = true;
	}
}

/* Whether a device asks about the word: then it comes back, or somebody wants it no more. */
static bool is_asked(const struct sim *sim, unsigned id)
{
	struct sim_decision decision;
	for (unsigned i = 0; i < sim->plan->devices; i++)
		for (size_t k = 0; sim->devices[i].engine && sim_view_decision(sim->devices[i].engine, k, &decision); k++) {
			struct sim_wordset words = { { 0 } };
			sim_wordset_add_all(&words, decision.mine);
			if (sim_wordset_has(&words, id))
				return true;
		}
	return false;
}

/* What was synced leaves the server with somebody who took it away; else others are without it, and wait for one device. Devices can't
 * tell a fall-back that nobody declared from changes of others. Who goes back to an older state may put one thing in the place of
 * another. */
static void check_taken(struct sim *sim, const struct sl_row *before)
{
	size_t cursor = 0;
	unsigned id;
	if ((sim->server.fell_back && !sim->plan->declared) || sim->check.undone || sim->check.brought_back)
		return;
	while ((id = sim_words_next(before->data, &cursor))) {
		const struct sim_word *word = &sim->words.items[id];
		if (word->text && word->acknowledged && !word->given_up && !word->server && !is_asked(sim, id))
			sim_violate(sim, "taken", "w%uz leaves the server with %s %lld %.*s, though nobody took it away", id,
				sl_entity_name(before->key.entity), (long long)before->key.episode, (int)before->key.id.length,
				before->key.id.bytes);
	}
}

/* Something else has the key now: what had it before has moved, and its new place may be refused. */
static bool is_other(const struct sl_change *change)
{
	return change->after && !sim_words_in_common(change->before->data, change->after->data);
}

static void note_written(struct sim_store *store, const struct sl_commit_record *record, const struct sl_change *change)
{
	struct sim *sim = store->sim;
	struct sl_key key = change->after ? change->after->key : change->before->key;
	if (store->written_count == store->written_capacity) {
		store->written_capacity = store->written_capacity ? 2 * store->written_capacity : 64;
		struct sim_written *written = sim_alloc(sim, store->written_capacity * sizeof(*written));
		if (store->written_count)
			memcpy(written, store->written, store->written_count * sizeof(*written));
		store->written = written;
	}
	if (sl_key_copy(&sim->arena, &key, &key) != SL_OK)
		abort();
	store->written[store->written_count++] = (struct sim_written){ record->head.version, sim->server.pushing, key };
}

const struct sim_written *sim_server_writer(const struct sim_store *store, const struct sl_key *key, int64_t version)
{
	for (size_t i = store->written_count; i > 0; i--)
		if (store->written[i - 1].version <= version && sl_key_equal(&store->written[i - 1].key, key))
			return &store->written[i - 1];
	return NULL;
}

void sim_server_device_id(unsigned device, char id_r[SIM_DEVICE_ID_BYTES])
{
	snprintf(id_r, SIM_DEVICE_ID_BYTES, "device-%u", device);
}

static int count_write(void *context, const struct sl_commit_record *record, struct sl_err *err)
{
	struct sim *sim = ((struct sim_store *)context)->sim;
	int rc = write_memory(context, record, err);
	if (rc == SL_OK)
		sim_words_set_aside(&sim->words, record->push->set_aside, true);
	for (size_t i = 0; rc == SL_OK && i < record->change_count; i++)
		note_written(context, record, &record->changes[i]);
	for (size_t i = 0; rc == SL_OK && i < record->change_count; i++)
		if (record->changes[i].after) {
			sim_check_whole(sim, record->changes[i].after->data, "a row of the server");
			sim_words_hold(&sim->words, record->changes[i].after->data, true);
		}
	for (size_t i = 0; rc == SL_OK && i < record->change_count; i++)
		if (record->changes[i].before)
			sim_words_drop(&sim->words, record->changes[i].before->data, true);
	for (size_t i = 0; rc == SL_OK && i < record->change_count; i++)
		if (!record->changes[i].after)
			sim_check_removed(sim, &record->changes[i].before->key);
	if (rc == SL_OK && record->push->action == SL_ACTION_RESTORE)
		give_up(sim, record);
	for (size_t i = 0; rc == SL_OK && i < record->change_count; i++)
		if (record->changes[i].before && record->changes[i].before->data.length > SIM_TINY_ROW && !is_other(&record->changes[i]))
			check_taken(sim, record->changes[i].before);
	for (size_t i = 0; rc == SL_OK && i < record->change_count; i++)
		if (record->changes[i].before)
			sim_words_check(&sim->words, record->changes[i].before->data);
	return rc;
}

/* NULL when there are enough of them. */
static struct sim_store *new_store(struct sim *sim)
{
	struct sim_server *server = &sim->server;
	if (server->store_count == SIM_STORES)
		return NULL;
	struct sim_store *store = calloc(1, sizeof(*store));
	if (!store || memory_store_init(&store->memory) != SL_OK)
		abort();
	store->sim = sim;
	write_memory = store->memory.calls.write;
	store->memory.calls.write = count_write;
	server->stores[server->store_count++] = store;
	return store;
}

static void begin_epoch(struct sim_server *server)
{
	char *epoch = server->store->memory.head.epoch;
	snprintf(epoch, SL_EPOCH_BYTES, "epoch-%u", ++server->epochs);
}

void sim_server_init(struct sim *sim)
{
	struct sim_server *server = &sim->server;
	server->store = new_store(sim);
	server->sent = sl_rowset_new(&sim->arena, 64);
	if (!server->sent)
		abort();
	begin_epoch(server);
}

void sim_server_dispose(struct sim *sim)
{
	for (size_t i = 0; i < sim->server.store_count; i++) {
		memory_store_dispose(&sim->server.stores[i]->memory);
		free(sim->server.stores[i]);
	}
}

static struct sl_rowset *clone(const struct sl_rowset *rows, struct sl_arena *arena)
{
	struct sl_rowset *copy = sl_rowset_clone(rows, arena);
	if (!copy)
		abort();
	return copy;
}

static struct sim_store *copy_store(struct sim *sim, const struct sim_store *store)
{
	struct sim_store *copy = new_store(sim);
	if (!copy)
		return NULL;
	struct memory_store *to = &copy->memory;
	const struct memory_store *from = &store->memory;
	to->head = from->head;
	to->rows = clone(from->rows, &to->arena);
	to->tombstones = clone(from->tombstones, &to->arena);
	to->ops = clone(from->ops, &to->arena);
	to->asides = clone(from->asides, &to->arena);
	to->versions = sl_arena_zalloc(&to->arena, from->version_count + 1, sizeof(*to->versions));
	if (!to->versions)
		abort();
	if (from->version_count)
		memcpy(to->versions, from->versions, from->version_count * sizeof(*to->versions));
	to->version_count = from->version_count;
	to->version_capacity = from->version_count + 1;
	memcpy(copy->pulled, store->pulled, sizeof(copy->pulled));
	copy->written = sim_alloc(sim, (store->written_count + 1) * sizeof(*copy->written));
	if (store->written_count)
		memcpy(copy->written, store->written, store->written_count * sizeof(*copy->written));
	copy->written_count = store->written_count;
	copy->written_capacity = store->written_count + 1;
	return copy;
}

void sim_server_copy(struct sim *sim)
{
	struct sim_store *copy = copy_store(sim, sim->server.store);
	if (copy)
		sim->server.copy = copy;
}

/* Words that nobody holds but the rows that go: a disk that burns takes them along. */
static void excuse(struct sim *sim, const struct sl_rowset *rows)
{
	const struct sl_row *row;
	size_t cursor = 0;
	while ((row = sl_rowset_next(rows, &cursor)))
		sim_words_excuse(&sim->words, row->data);
}

static void count_rows(struct sim *sim, const struct sl_rowset *rows, bool hold)
{
	const struct sl_row *row;
	size_t cursor = 0;
	while ((row = sl_rowset_next(rows, &cursor)))
		if (hold)
			sim_words_hold(&sim->words, row->data, true);
		else
			sim_words_drop(&sim->words, row->data, true);
}

static void count_asides(struct sim *sim, const struct sl_rowset *asides, bool hold)
{
	const struct sl_row *row;
	size_t cursor = 0;
	while ((row = sl_rowset_next(asides, &cursor)))
		sim_words_set_aside(&sim->words, row->data, hold);
}

/* Operations that the copy doesn't know may be committed once more. */
static void forget_commits(struct sim *sim, const struct sl_rowset *known)
{
	struct sl_row *row;
	size_t cursor = 0;
	while ((row = sl_rowset_next(sim->server.sent, &cursor)))
		if (!sl_rowset_find(known, &row->key)) {
			row->version = 0;
			row->rank = (struct sl_str){ NULL, 0 };
		}
}

void sim_server_fall_back(struct sim *sim)
{
	struct sim_server *server = &sim->server;
	struct sim_store *lost = server->store;
	struct sim_store *back = server->copy ? copy_store(sim, server->copy) : NULL;
	if (!back)
		return;
	count_rows(sim, lost->memory.rows, false);
	count_asides(sim, lost->memory.asides, false);
	count_rows(sim, back->memory.rows, true);
	count_asides(sim, back->memory.asides, true);
	excuse(sim, lost->memory.rows);
	server->store = back;
	server->fell_back = true;
	if (lost->memory.head.version > server->lost_version)
		server->lost_version = lost->memory.head.version;
	sim->check.fell[sim->check.falls++ % SIM_FALLS] = lost->memory.rows;
	sim_check_forget_gone(sim);
	forget_commits(sim, back->memory.ops);
	if (sim->plan->declared)
		begin_epoch(server);
}
