/* What always holds of a journal: its entries lead back from the rows as they are, one behind the other without a gap, to a device
 * without rows. */
#ifndef TESTS_UNIT_ENGINE_CHAIN_H
#define TESTS_UNIT_ENGINE_CHAIN_H

#include <stdlib.h>

#include "core/engine/engine.h"

static inline int chain_compare(const void *a, const void *b)
{
	int64_t x = sl_journal_number(((const struct sl_pair *)a)->key), y = sl_journal_number(((const struct sl_pair *)b)->key);
	return (x < y) - (x > y);
}

/* Takes the entry back in `rows`. NULL, or what is wrong. */
static inline const char *chain_step_back(const struct sl_journal_entry *entry, struct sl_rowset *rows, struct sl_arena *arena)
{
	for (size_t i = 0; i < entry->change_count; i++) {
		const struct sl_journal_change *change = &entry->changes[i];
		const struct sl_row *now = sl_rowset_find(rows, &change->key);
		struct sl_row row = now ? *now : (struct sl_row){ .key = change->key };
		if (sl_journal_step_back(change, &row, arena) != SL_OK)
			return "a change led to another row";
		if (!row.data.length)
			sl_rowset_remove(rows, &row.key);
		else if (!sl_rowset_put(rows, &row))
			abort();
	}
	return NULL;
}

/* `pairs`: all that is stored, which is sorted anew. `complete`: nothing was cut. NULL, or what is wrong. */
static inline const char *chain_check(struct sl_pair *pairs, size_t count, const struct sl_engine *engine, bool complete,
	struct sl_arena *arena)
{
	struct sl_rowset *rows = sl_rowset_clone(sl_engine_rows(engine), arena);
	int64_t revision = sl_engine_revision(engine);
	const char *wrong = NULL;
	qsort(pairs, count, sizeof(*pairs), chain_compare);
	for (size_t i = 0; i < count && !wrong; i++) {
		struct sl_journal_entry entry;
		struct sl_journal_head head;
		int64_t number = sl_journal_number(pairs[i].key);
		if (number && pairs[i].key.bytes[0] == 'h' && sl_journal_read_head(pairs[i].value, &head) != SL_OK)
			return "a head can't be read";
		if (!number || pairs[i].key.bytes[0] == 'h')
			continue;
		if (sl_journal_read(pairs[i].value, arena, &entry) != SL_OK)
			return "an entry can't be read";
		if (entry.to != revision)
			return "an entry is missing";
		revision = entry.from;
		wrong = chain_step_back(&entry, rows, arena);
	}
	return wrong ? wrong : complete && sl_rowset_count(rows) ? "rows come from nowhere" : NULL;
}

#endif
