/* Invariants at rest: the network is whole, everybody is online, nobody edits; see check.h. */
#include <stdlib.h>

#include "sim.h"
#include "unit/engine/chain.h"

/* --- one state for all -------------------------------------------------------------------------------------------- */

/* Rows of `a` that `b` lacks or has otherwise, refused ones aside. */
static void compare(struct sim *sim, unsigned device, const char *invariant, const struct sl_rowset *a,
	const struct sl_rowset *b, const char *what)
{
	const struct sl_engine *engine = sim->devices[device].engine;
	const struct sl_row *row, *other;
	size_t cursor = 0;
	while ((row = sl_rowset_next(a, &cursor))) {
		other = sl_rowset_find(b, &row->key);
		if ((other && sl_row_same_content(row, other)) || sim_device_waits(engine, &row->key)
			|| (!other && sim_device_waits_for_move(engine, row)))
			continue;
		sim_violate(sim, invariant, "device %u, %s: %s %lld %.*s is %.*s %.*s | %.*s %.*s", device, what,
			sl_entity_name(row->key.entity), (long long)row->key.episode, (int)row->key.id.length, row->key.id.bytes,
			(int)row->rank.length, row->rank.bytes, (int)row->data.length, row->data.bytes,
			other ? (int)other->rank.length : 0, other ? other->rank.bytes : "", other ? (int)other->data.length : 0,
			other ? other->data.bytes : "");
	}
}

static void check_device(struct sim *sim, unsigned index)
{
	const struct sim_device *device = &sim->devices[index];
	const struct memory_store *memory = &sim->server.store->memory;
	const struct sl_rowset *base = sl_engine_base(device->engine), *local = sl_engine_rows(device->engine);
	const struct sl_status *status = sl_engine_status(device->engine);
	if (!sl_digest_equal(sl_engine_digest(device->engine), memory->head.digest))
		sim_violate(sim, "same-state", "device %u is at version %lld with another digest than the server", index,
			(long long)status->version);
	compare(sim, index, "same-state", memory->rows, base, "server and base");
	compare(sim, index, "same-state", base, memory->rows, "base and server");
	compare(sim, index, "same-state", base, local, "base and local");
	compare(sim, index, "same-state", local, base, "local and base");
	compare(sim, index, "shown", local, device->shown, "local and shown");
	compare(sim, index, "shown", device->shown, local, "shown and local");
	if (!sl_digest_equal(sl_digest_of(base), memory->head.digest))
		sim_violate(sim, "same-state", "device %u holds rows that are not those of its digest", index);
}

/* --- words -------------------------------------------------------------------------------------------------------- */

static void add_rows(struct sim_wordset *set, const struct sl_rowset *rows)
{
	const struct sl_row *row;
	size_t cursor = 0;
	while ((row = sl_rowset_next(rows, &cursor)))
		sim_wordset_add_all(set, row->data);
}

/* Words in conflict copies, and in rows that the server refuses or that wait for one. */
static void add_kept_aside(struct sim_wordset *set, const struct sl_engine *engine)
{
	struct sim_decision decision;
	const struct sl_row *row;
	size_t cursor = 0;
	for (size_t i = 0; sim_view_decision(engine, i, &decision); i++)
		sim_wordset_add_all(set, decision.mine);
	while ((row = sl_rowset_next(sl_engine_rows(engine), &cursor)))
		if (sim_device_waits(engine, &row->key))
			sim_wordset_add_all(set, row->data);
}

static void check_words(struct sim *sim)
{
	struct sim_wordset found = { { 0 } };
	/* Devices can't tell a fall-back that nobody declared from changes of others; what it took is in backups. */
	if (sim->server.fell_back && !sim->plan->declared)
		return;
	add_rows(&found, sim->server.store->memory.rows);
	for (unsigned i = 0; i < sim->plan->devices; i++)
		add_kept_aside(&found, sim->devices[i].engine);
	for (unsigned id = 1; id <= sim->words.count; id++) {
		const struct sim_word *word = &sim->words.items[id];
		bool doubted = word->doubted && !sim->plan->with[SIM_WITH_DOUBT];
		if (word->acknowledged && !word->given_up && word->text && !doubted && !sim_wordset_has(&found, id))
			sim_violate(sim, "words-in-place", "w%uz was typed into a long text and is not in the state", id);
	}
}

/* Whether the row's episode was deleted and kept. Two devices that both keep it have both added it, and what is alike all in all is
 * one thing: so are two scenes or shots of one id that they added to it. */
static bool is_in_kept_episode(const struct sim *sim, const struct sl_row *row)
{
	const struct sl_key episode = sl_key_of_episode(row->key.episode);
	return sl_entity_has_episode(row->key.entity) && sim->check.kept && sl_rowset_find(sim->check.removed, &episode);
}

/* Each word of a long text stands once, in one row; and no row is made of two that were added. */
static void check_places(struct sim *sim)
{
	struct sim_wordset found = { { 0 } };
	const struct sl_row *row;
	size_t cursor = 0, at;
	unsigned id;
	if (!sim->plan->with[SIM_WITH_TOKENS] || sim->check.wide > sim->check.wide_births || sim_server_is_doubtful(&sim->server))
		return;
	while ((row = sl_rowset_next(sim->server.store->memory.rows, &cursor))) {
		unsigned birth = 0;
		bool told = row->data.length > SIM_SMALL_ROW || !sim->plan->with[SIM_WITH_MOVERS]; /* from others, wherever it went */
		for (at = 0; (id = sim_words_next(row->data, &at));) {
			const struct sim_word *word = &sim->words.items[id];
			if (word->text && sim_wordset_has(&found, id) && sim->plan->with[SIM_WITH_ONCE] && told
				&& (!sim->check.kept || sim->plan->with[SIM_WITH_ONCE_KEPT]))
				sim_violate(sim, "once", "w%uz stands twice, also in %s %.*s: %.*s", id, sl_entity_name(row->key.entity),
					(int)row->key.id.length, row->key.id.bytes, (int)row->data.length, row->data.bytes);
			if (word->birth && birth && word->birth != birth && sim->plan->with[SIM_WITH_UNMIXED]
				&& !sim->check.chose_both && !is_in_kept_episode(sim, row)
				&& !sim->plan->with[SIM_WITH_TWINS]) /* what both have before their first sync is judged as a whole */
				sim_violate(sim, "unmixed", "%s %.*s is made of two: %.*s", sl_entity_name(row->key.entity),
					(int)row->key.id.length, row->key.id.bytes, (int)row->data.length, row->data.bytes);
			birth = word->birth ? word->birth : birth;
			if (told)
				sim_wordset_add(&found, id);
		}
	}
}

/* --- the rest ----------------------------------------------------------------------------------------------------- */

static int count_bits(unsigned bits)
{
	int count = 0;
	for (; bits; bits &= bits - 1)
		count++;
	return count;
}

static void check_counters(struct sim *sim)
{
	for (size_t i = 0; i < SIM_COUNTERS && !sim->check.uncounted && !sim_server_is_doubtful(&sim->server); i++) {
		int64_t is = sim_check_counter(sim->server.store->memory.rows, i, NULL);
		if (sim->check.reset[i] && sim->check.undone && !sim->plan->with[SIM_WITH_RESETS_AMID])
			continue;
		int64_t ought = sim->check.counters[i] & ~sim->check.reset[i];
		int resetters = count_bits(sim->check.resetters[i]);
		/* Of several who set it back, one may take for counted since what another one had counted before, and a reset that was
		 * counted past base again can't be seen (merge.md). */
		if (resetters < 2 ? is != ought : is < 0 || is / resetters > sim->check.counters[i])
			sim_violate(sim, "applied-once", "counter %s/%s is %llx and not %llx, the sum of its increments (%llx were set back)",
				sim_counter_rows[i], sim_counter_paths[i][0], (unsigned long long)is, (unsigned long long)ought,
				(unsigned long long)sim->check.reset[i]);
	}
}

/* Whether what stands under the key of something deleted is something else, whose words are others. */
static bool is_other(const struct sl_row *gone, const struct sl_row *row)
{
	size_t cursor = 0;
	return sim_words_next(gone->data, &cursor) != 0 && !sim_words_in_common(gone->data, row->data);
}

static bool waits_for_move(const struct sim *sim, const struct sl_row *row)
{
	for (unsigned i = 0; i < sim->plan->devices; i++)
		if (sim->devices[i].engine && sim_device_waits_for_move(sim->devices[i].engine, row))
			return true;
	return false;
}

static void check_gone(struct sim *sim)
{
	const struct sl_row *row;
	size_t cursor = 0;
	/* Versions of the state that was lost may be issued again, for other rows. */
	if (sim->server.fell_back && !sim->plan->declared && !sim->plan->with[SIM_WITH_REISSUED])
		return;
	while ((row = sl_rowset_next(sim->check.gone, &cursor))) {
		const struct sl_row *back = sl_rowset_find(sim->server.store->memory.rows, &row->key);
		if (back && (sim->plan->with[SIM_WITH_REUSED] || !is_other(row, back)) && !waits_for_move(sim, back))
			sim_violate(sim, "deleted", "%s %lld %.*s came back after it was deleted: %.*s", sl_entity_name(row->key.entity),
				(long long)row->key.episode, (int)row->key.id.length, row->key.id.bytes, (int)back->data.length, back->data.bytes);
	}
}

/* The journal of each device leads back from its rows. */
static void check_journals(struct sim *sim)
{
	for (unsigned i = 0; i < sim->plan->devices; i++) {
		const struct sim_device *device = &sim->devices[i];
		struct sl_pair *pairs = sim_alloc(sim, (sl_rowset_count(device->store) + 1) * sizeof(*pairs));
		const struct sl_row *row;
		size_t cursor = 0, count = 0;
		while (device->engine && (row = sl_rowset_next(device->store, &cursor)))
			pairs[count++] = (struct sl_pair){ row->key.id, row->data };
		const char *wrong = count ? chain_check(pairs, count, device->engine, !sim->plan->with[SIM_WITH_THINNED], &sim->arena)
			: NULL;
		if (wrong)
			sim_violate(sim, "journal", "device %u: %s", i, wrong);
	}
}

void sim_check_rest(struct sim *sim)
{
	const struct memory_store *memory = &sim->server.store->memory;
	if (!sl_digest_equal(sl_digest_of(memory->rows), memory->head.digest))
		sim_violate(sim, "same-state", "the server's digest is not that of its rows");
	for (unsigned i = 0; i < sim->plan->devices; i++)
		check_device(sim, i);
	check_journals(sim);
	check_words(sim);
	check_places(sim);
	check_counters(sim);
	check_gone(sim);
	sim_check_runs(sim);
}
