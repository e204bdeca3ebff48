/* contrib/examples/host.c loses nothing: random histories of devices that run it, over a network that loses, doubles and reorders, with
 * power cuts at any step and disks that fail. At rest all devices and the server have the same rows, and each word that a
 * host said was stored is in these or in the journal of a device.
 */
#include "config.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "core/json/parse.h"

#include "../../../contrib/examples/store.h"
#include "example_disk.h"
#include "example_world.h"

#define SEEDS 300
#define STEPS 500
#define STEPS_TO_REST 40000

static char folder[] = "/tmp/slatesync-example-XXXXXX";

/* --- coming to rest ----------------------------------------------------------------------------------------------- */

static bool is_at_rest(struct desk *desk)
{
	const struct sl_engine *engine = host_engine(desk->host);
	return engine && sl_engine_status(engine)->pending == 0
		&& sl_engine_status(engine)->version == sync_server_store(&desk->world->server)->head.version;
}

static bool all_at_rest(struct world *world)
{
	for (size_t i = 0; i < world->desk_count; i++)
		if (!is_at_rest(&world->desks[i]))
			return false;
	return world->flying == 0;
}

/* Everybody comes back, and goes on with what there is. */
static void calm_down(struct world *world)
{
	world->calm = true;
	for (size_t i = 0; i < world->desk_count; i++) {
		struct desk *desk = &world->desks[i];
		desk->cut_off = false;
		if (!desk->host)
			desk_start(desk);
		if (!desk->online || !host_engine(desk->host))
			assert_int_equal(host_online(desk->host, desk->online = true), 0);
		desk_redraw(desk);
		user_types(desk);
	}
}

static void tell_state(struct world *world)
{
	for (size_t i = 0; i < world->desk_count; i++) {
		const struct sl_status *status = sl_engine_status(host_engine(world->desks[i].host));
		print_error("device %zu: %d, %zu pending, version %lld, error \"%s\" %s\n", i, status->word, status->pending,
			(long long)status->version, status->error, status->detail);
	}
}

static void come_to_rest(struct world *world)
{
	size_t steps = 0;
	calm_down(world);
	while (!all_at_rest(world) && steps++ < STEPS_TO_REST)
		world_step(world);
	if (!all_at_rest(world)) {
		tell_state(world);
		fail_msg("seed %llu does not come to rest", (unsigned long long)world->seed);
	}
}

/* --- what has to hold --------------------------------------------------------------------------------------------- */

static void find_words(struct world *world, struct sl_str text, bool shown)
{
	size_t at = 0, word;
	while ((word = user_next_word(text, &at)) != 0) {
		if (word > world->word_count)
			fail_msg("seed %llu: nobody typed w%zuz", (unsigned long long)world->seed, word);
		world->words[word].shown |= shown;
		world->words[word].kept |= !shown;
	}
}

static void find_words_of_note(struct world *world, const struct sl_note *note, bool shown)
{
	find_words(world, note->mine, shown);
	find_words(world, note->theirs, shown);
	for (size_t i = 0; i < note->hunk_count; i++) {
		find_words(world, note->hunks[i].mine, shown);
		find_words(world, note->hunks[i].theirs, shown);
	}
}

static int find_words_of_past(void *context, const struct host_past *past)
{
	if (past->row)
		find_words(context, past->row->data, false);
	for (size_t i = 0; !past->row && i < past->entry->note_count; i++)
		find_words_of_note(context, &past->entry->notes[i], false);
	return 0;
}

static void check_same_rows(struct desk *desk)
{
	struct sl_digest rows = sl_digest_of(sl_engine_rows(host_engine(desk->host)));
	if (!sl_digest_equal(rows, sync_server_store(&desk->world->server)->head.digest))
		fail_msg("seed %llu: device %u has other rows than the server", (unsigned long long)desk->world->seed, desk->number);
	assert_true(sl_digest_equal(rows, sl_engine_digest(host_engine(desk->host))));
}

static void find_words_at(struct desk *desk)
{
	const struct sl_engine *engine = host_engine(desk->host);
	const struct sl_conflict_copy *conflict;
	const struct sl_row *row;
	size_t at = 0;
	while ((row = sl_rowset_next(sl_engine_rows(engine), &at)) != NULL)
		find_words(desk->world, row->data, true);
	for (size_t i = 0; (conflict = sl_engine_conflict(engine, i)) != NULL; i++)
		find_words_of_note(desk->world, &conflict->note, true);
	int rc = host_history(desk->host, find_words_of_past, desk->world);
	if (rc != 0)
		fail_msg("seed %llu: the journal of device %u can't be read: %d", (unsigned long long)desk->world->seed, desk->number,
			rc);
}

static void check_words(struct world *world)
{
	for (size_t i = 0; i < world->desk_count; i++)
		find_words_at(&world->desks[i]);
	for (size_t i = 1; i <= world->word_count; i++) {
		const struct word *word = &world->words[i];
		if (word->stored && !word->withdrawn && !word->shown && (!word->kept || world->gentle))
			fail_msg("seed %llu: w%zuz of device %u is %s", (unsigned long long)world->seed, i, word->typist,
				word->kept ? "in the journal only" : "lost");
	}
}

/* What was counted was counted once, however often it was sent: if the host said which revisions the user saw. */
static void check_count(struct world *world)
{
	struct sl_key key = { SL_META, 0, SL_STR("phase4Usage") };
	const struct sl_row *row = sl_rowset_find(sync_server_store(&world->server)->rows, &key);
	struct sl_err err = SL_ERR_INIT;
	json_t *usage = NULL;
	if (row && sl_json_parse(row->data, &usage, &err) != 0)
		abort();
	int64_t total = (int64_t)json_number_value(json_object_get(usage, "totalTokens"));
	json_decref(usage);
	if (world->gentle && world->tells_shown && (total < world->counted || total > world->counted + world->perhaps_counted))
		fail_msg("seed %llu: counted %lld, perhaps %lld more, but the total is %lld", (unsigned long long)world->seed,
			(long long)world->counted, (long long)world->perhaps_counted, (long long)total);
}

static void run_world(struct world *world, uint64_t seed)
{
	world_init(world, seed, folder);
	for (size_t i = 0; i < STEPS; i++)
		world_step(world);
	come_to_rest(world);
	for (size_t i = 0; i < world->desk_count; i++)
		check_same_rows(&world->desks[i]);
	check_words(world);
	check_count(world);
}

static void host__loses_nothing(void **state)
{
	static struct world world;
	size_t crashes = 0, restarts = 0, edits = 0, decisions = 0, undone = 0;
	const char *only = getenv("EXAMPLE_SEED"), *more = getenv("EXAMPLE_SEEDS");
	uint64_t first = only ? strtoull(only, NULL, 10) : 1, last = only ? first : more ? strtoull(more, NULL, 10) : SEEDS;
	(void)state;
	for (uint64_t seed = first; seed <= last; seed++) {
		run_world(&world, seed);
		crashes += world.crashes;
		restarts += world.restarts;
		edits += world.edits;
		decisions += world.decisions;
		undone += world.undone;
		world_dispose(&world);
	}
	print_message("# %zu edits, %zu power cuts, %zu restarts, %zu decisions, %zu undone\n", edits, crashes, restarts, decisions,
		undone);
	if (only)
		return;
	assert_true(edits > 10 * SEEDS && crashes > SEEDS && restarts > SEEDS / 10 && decisions > SEEDS / 10 && undone > SEEDS / 10);
}

/* --- the store ---------------------------------------------------------------------------------------------------- */

#define BATCHES 12
#define LARGE 300000 /* so that the file is written anew now and then */

/* Batch n says n under both keys, in one of them at length. */
static int write_batch(struct store *store, unsigned n)
{
	static char large[LARGE];
	memset(large, (int)('a' + n), sizeof(large));
	struct sl_write writes[] = {
		{ .key = SL_STR("large"), .value = { large, sizeof(large) } },
		{ .key = SL_STR("small"), .value = { large, 1 } },
		{ .key = n % 2 ? SL_STR("odd") : SL_STR("even"), .value = { large, 1 } },
		{ .key = n % 2 ? SL_STR("even") : SL_STR("odd"), .remove = true },
	};
	return store_write(store, writes, sizeof(writes) / sizeof(writes[0]));
}

/* Which batch the store is at; 0: none. */
static unsigned batch_of(const struct store *store)
{
	struct sl_str large = store_get(store, SL_STR("large")), small = store_get(store, SL_STR("small"));
	if (!small.bytes)
		return 0;
	unsigned n = (unsigned)(small.bytes[0] - 'a');
	assert_true(large.length == LARGE && large.bytes[0] == small.bytes[0] && large.bytes[LARGE - 1] == small.bytes[0]);
	assert_true(sl_str_equal(store_get(store, n % 2 ? SL_STR("odd") : SL_STR("even")), small));
	assert_null(store_get(store, n % 2 ? SL_STR("even") : SL_STR("odd")).bytes);
	return n;
}

/* Writes until the power goes before step `cut`. False: it did not. */
static bool write_until(const char *path, unsigned cut)
{
	struct store *store;
	unsigned stored = 0;
	unlink(path);
	disk_reset(cut);
	disk_cut_at(cut);
	if (store_open(path, &store) == 0)
		while (stored < BATCHES && write_batch(store, stored + 1) == 0)
			stored++;
	bool off = disk_is_off();
	store_close(&store);
	disk_on(path);
	assert_int_equal(store_open(path, &store), 0);
	unsigned found = batch_of(store);
	assert_true(found == stored || (off && found == stored + 1));
	store_close(&store);
	return off;
}

static void store__keeps_batches_whole(void **state)
{
	char path[WORLD_PATH];
	unsigned cut = 0;
	(void)state;
	snprintf(path, sizeof(path), "%s/store", folder);
	while (write_until(path, cut))
		cut++;
	assert_true(cut > 2 * BATCHES);
}

static void store__has_one_user(void **state)
{
	char path[WORLD_PATH];
	struct store *first, *second;
	(void)state;
	snprintf(path, sizeof(path), "%s/store", folder);
	disk_reset(1);
	assert_int_equal(store_open(path, &first), 0);
	assert_int_equal(store_open(path, &second), -EWOULDBLOCK);
	store_close(&first);
}

static int remove_folder(void **state)
{
	(void)state;
	static const char *const names[] = { "store", "device-0", "device-1", "device-2", "device-3" };
	static const char *const kinds[] = { "", ".new", ".lock" };
	char path[WORLD_PATH];
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		for (size_t k = 0; k < sizeof(kinds) / sizeof(kinds[0]); k++) {
			snprintf(path, sizeof(path), "%s/%s%s", folder, names[i], kinds[k]);
			unlink(path);
		}
	return rmdir(folder);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(store__keeps_batches_whole),
		cmocka_unit_test(store__has_one_user),
		cmocka_unit_test(host__loses_nothing),
	};
	if (!mkdtemp(folder))
		return 1;
	return cmocka_run_group_tests(tests, NULL, remove_folder);
}
