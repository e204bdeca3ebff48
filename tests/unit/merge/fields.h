/* One field that both sides changed, merged as it is and with the sides swapped. Include the headers that cmocka needs, and cmocka.h,
 * first. For header-only use by one program.
 */
#ifndef TESTS_UNIT_FIELDS_H
#define TESTS_UNIT_FIELDS_H

#include <stdio.h>

#include "core/merge/rules.h"

#include "merging.h"

/* One field of a row: values as JSON, "" for an absent one. */
struct field {
	const char *name, *base, *mine, *theirs;
};

static inline const char *row_of(const char *name, const char *value)
{
	size_t size = strlen(name) + strlen(value) + 8;
	char *text = sl_arena_alloc(&the.arena, size);
	assert_non_null(text);
	if (*value)
		snprintf(text, size, "{'%s':%s}", name, value);
	else
		snprintf(text, size, "{}");
	return text;
}

/* Merges that field alone. */
static inline void merge_field(struct sl_key key, struct field field)
{
	tear_down(NULL);
	set_up(NULL);
	put(BASE, key, "V", row_of(field.name, field.base));
	put(MINE, key, "V", row_of(field.name, field.mine));
	put(THEIRS, key, "V", row_of(field.name, field.theirs));
	merge();
}

/* Expects `result` by `rule`, whichever side is which. */
static inline void both_ways(struct sl_key key, struct field field, enum sl_rule rule, const char *result)
{
	char path[64];
	snprintf(path, sizeof(path), "/%s", field.name);
	for (int swapped = 0; swapped < 2; swapped++) {
		const char *mine = swapped ? field.theirs : field.mine, *theirs = swapped ? field.mine : field.theirs;
		merge_field(key, (struct field){ field.name, field.base, mine, theirs });
		assert_data(key, row_of(field.name, result));
		assert_receipt(key, (struct says){ path, field.base, mine, theirs, result, rule, 'm', false });
		assert_counts(1, 0, 0);
	}
}

/* Expects theirs, with mine in the receipt, whichever side is which. */
static inline void theirs_wins(struct sl_key key, struct field field, enum sl_rule rule, char outcome)
{
	char path[64];
	snprintf(path, sizeof(path), "/%s", field.name);
	for (int swapped = 0; swapped < 2; swapped++) {
		const char *mine = swapped ? field.theirs : field.mine, *theirs = swapped ? field.mine : field.theirs;
		merge_field(key, (struct field){ field.name, field.base, mine, theirs });
		assert_data(key, row_of(field.name, theirs));
		assert_receipt(key, (struct says){ path, field.base, mine, theirs, theirs, rule, outcome, false });
		assert_counts(1, 1, outcome == 'p');
	}
}

#endif
