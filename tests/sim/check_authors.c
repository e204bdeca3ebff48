/* Who wrote the rows that came in, as the journals of devices name them; see check.h. Keeps true: what an entry says is so in the
 * history of some database of the run. */
#include <stdlib.h>

#include "sim.h"

/* --- entries ------------------------------------------------------------------------------------------------------ */

static struct sl_journal_entry read_entry(struct sl_str body, struct sl_arena *arena)
{
	struct sl_journal_entry entry;
	if (sl_journal_read(body, arena, &entry) != SL_OK)
		abort();
	return entry;
}

static bool names_somebody(struct sl_str body)
{
	static const char member[] = ",\"authors\":[";
	size_t length = sizeof(member) - 1;
	for (size_t i = 0; i + length <= body.length; i++)
		if (body.bytes[i] == ',' && memcmp(body.bytes + i, member, length) == 0)
			return true;
	return false;
}

static bool is_true(const struct sim *sim, const struct sl_key *key, int64_t version, const struct sl_journal_author *author)
{
	const struct sim_server *server = &sim->server;
	char id[SIM_DEVICE_ID_BYTES];
	for (size_t i = 0; i < server->store_count; i++) {
		const struct sim_written *written = sim_server_writer(server->stores[i], key, version);
		if (!written)
			continue;
		sim_server_device_id(written->device, id);
		if (sl_str_equal(author->device_id, sl_str_from(id)) && sl_str_equal(author->user_id, sim_account(sim, written->device))
			&& author->version >= written->version && author->version <= version)
			return true;
	}
	return false;
}

static bool takes_in(enum sl_cause cause)
{
	return cause == SL_CAUSE_PULL || cause == SL_CAUSE_MERGE || cause == SL_CAUSE_RESTORE || cause == SL_CAUSE_REPAIR;
}

/* Of what a pull brought, the server said who wrote it. A whole state may lack rows of which it does not know any more who removed
 * them. */
static bool is_due(const struct sim_device *device, const struct sl_journal_entry *entry, const struct sl_journal_change *change)
{
	return device->told_authors && entry->cause == SL_CAUSE_PULL && change->was.length > 0;
}

static void check_new(struct sim *sim, const struct sim_device *device, const struct sl_write *write)
{
	struct sl_arena arena;
	sl_arena_init(&arena, 0);
	struct sl_journal_entry entry = read_entry(write->value, &arena);
	for (size_t i = 0; i < entry.note_count; i++)
		if (entry.note_authors[i] && !is_true(sim, &entry.notes[i].key, entry.version, &entry.authors[entry.note_authors[i] - 1]))
			sim_violate(sim, "authors", "device %u: %.*s has a note that names who did not write it", device->index,
				(int)write->key.length, write->key.bytes);
	for (size_t i = 0; i < entry.change_count; i++) {
		const struct sl_key *key = &entry.changes[i].key;
		const struct sl_journal_author *author = sl_journal_author_of(&entry, key);
		if (author && (!takes_in(entry.cause) || !is_true(sim, key, entry.version, author)))
			sim_violate(sim, "authors", "device %u: %.*s names %.*s as who wrote %s %lld %.*s", device->index,
				(int)write->key.length, write->key.bytes, (int)author->device_id.length, author->device_id.bytes,
				sl_entity_name(key->entity), (long long)key->episode, (int)key->id.length, key->id.bytes);
		if (!author && is_due(device, &entry, &entry.changes[i]))
			sim_violate(sim, "authors", "device %u: %.*s names nobody who wrote %s %lld %.*s, though the server did",
				device->index, (int)write->key.length, write->key.bytes, sl_entity_name(key->entity), (long long)key->episode,
				(int)key->id.length, key->id.bytes);
	}
	sl_arena_dispose(&arena);
}

/* --- entries that become one -------------------------------------------------------------------------------------- */

static bool is_removed(const struct sl_write *writes, size_t count, struct sl_str key)
{
	for (size_t i = 0; i < count; i++)
		if (writes[i].remove && sl_str_equal(writes[i].key, key))
			return true;
	return false;
}

/* The stored entry with the highest number below this one; NULL: there is none. */
static const struct sl_row *next_older(const struct sim_device *device, int64_t id)
{
	const struct sl_row *row, *found = NULL;
	size_t cursor = 0;
	while ((row = sl_rowset_next(device->store, &cursor))) {
		struct sim_entry entry = sim_view_stored(row->key.id);
		if (entry.kind == SIM_ENTRY_STEP && entry.id < id && (!found || entry.id > sim_view_stored(found->key.id).id))
			found = row;
	}
	return found;
}

static bool same_author(const struct sl_journal_author *a, const struct sl_journal_author *b)
{
	return a && b ? sl_str_equal(a->device_id, b->device_id) && sl_str_equal(a->user_id, b->user_id) : a == b;
}

static void check_rows(struct sim *sim, const struct sim_device *device, const struct sl_journal_entry *whole,
	const struct sl_journal_entry *part, struct sl_rowset *seen)
{
	for (size_t i = 0; i < part->change_count; i++) {
		const struct sl_key *key = &part->changes[i].key;
		if (sl_rowset_find(seen, key) || !sl_journal_find(whole, key))
			continue;
		if (!sl_rowset_put(seen, &(struct sl_row){ .key = *key }))
			abort();
		if (!same_author(sl_journal_author_of(whole, key), sl_journal_author_of(part, key)))
			sim_violate(sim, "authors", "device %u: entries became one that names another author of %s %lld %.*s than the newest "
				"of them", device->index, sl_entity_name(key->entity), (long long)key->episode, (int)key->id.length, key->id.bytes);
	}
}

/* From the `first` on, the notes of the whole are those of the part; or they have gone with age. */
static void check_notes(struct sim *sim, const struct sim_device *device, const struct sl_journal_entry *whole,
	const struct sl_journal_entry *part, size_t first)
{
	for (size_t i = 0; i < part->note_count && first + i < whole->note_count; i++) {
		size_t is = whole->note_authors[first + i], was = part->note_authors[i];
		if (!same_author(is ? &whole->authors[is - 1] : NULL, was ? &part->authors[was - 1] : NULL))
			sim_violate(sim, "authors", "device %u: entries became one that names another author of a note", device->index);
	}
}

/* False: the entry is not made of several. */
static bool check_composed(struct sim *sim, const struct sim_device *device, const struct sl_write *writes, size_t count, size_t at)
{
	struct sl_row row = { .key = { SL_META, 0, writes[at].key } };
	const struct sl_row *part = sl_rowset_find(device->store, &row.key);
	const struct sl_row *older = part ? next_older(device, sim_view_stored(part->key.id).id) : NULL;
	struct sl_arena arena;
	if (!older || !is_removed(writes, count, older->key.id))
		return false;
	sl_arena_init(&arena, 0);
	struct sl_rowset *seen = sl_rowset_new(&arena, 16);
	if (!seen)
		abort();
	struct sl_journal_entry whole = read_entry(writes[at].value, &arena);
	size_t notes = 0;
	for (; part; part = older && is_removed(writes, count, older->key.id) ? older : NULL) {
		struct sl_journal_entry entry = read_entry(part->data, &arena);
		check_rows(sim, device, &whole, &entry, seen);
		check_notes(sim, device, &whole, &entry, notes);
		notes += entry.note_count;
		older = next_older(device, sim_view_stored(part->key.id).id);
	}
	sl_arena_dispose(&arena);
	return true;
}

static bool removes_any(const struct sl_write *writes, size_t count)
{
	for (size_t i = 0; i < count; i++)
		if (writes[i].remove && sim_view_stored(writes[i].key).kind == SIM_ENTRY_STEP)
			return true;
	return false;
}

void sim_check_authors(struct sim *sim, const struct sim_device *device, const struct sl_write *writes, size_t count)
{
	bool thinned = removes_any(writes, count);
	for (size_t i = 0; i < count; i++) {
		if (writes[i].remove || sim_view_stored(writes[i].key).kind != SIM_ENTRY_STEP)
			continue;
		if (thinned && check_composed(sim, device, writes, count, i))
			continue;
		if (device->told_authors || names_somebody(writes[i].value))
			check_new(sim, device, &writes[i]);
	}
}
