/* What the tests of rows and deltas share: an arena for each test, and rows that must be there. For header-only use by
 * one program. */
#ifndef TESTS_UNIT_ROWS_FIXTURE_H
#define TESTS_UNIT_ROWS_FIXTURE_H

#include "projects.h"

static struct sl_arena arena;

static inline int set_up(void **state)
{
	(void)state;
	sl_arena_init(&arena, 0);
	return 0;
}

static inline int tear_down(void **state)
{
	(void)state;
	sl_arena_dispose(&arena);
	return 0;
}

static inline const struct sl_row *row_at(const struct sl_rowset *rows, enum sl_entity entity, int64_t episode,
	const char *id)
{
	struct sl_key key = { entity, episode, sl_str_from(id) };
	const struct sl_row *row = sl_rowset_find(rows, &key);
	if (!row)
		fail_msg("no row %s %s", sl_entity_name(entity), id);
	return row;
}

#endif
