/* Places for new rows; see append_rank.h and "Order" in merge.md. Keeps true: the siblings of a new row keep their order,
 * and all but respacing leaves their ranks alone. Fails only for memory. */
#include "core/rows/append_rank.h"

#include <stdlib.h>

#include "core/base/error.h"
#include "core/base/rank_run.h"

static const struct sl_str none = { NULL, 0 };

bool sl_place_lacks_rank(const struct sl_row *row)
{
	return row->rank.length == 0 && row->key.entity != SL_META;
}

static int compare_groups(const struct sl_row *a, const struct sl_row *b)
{
	struct sl_key group_a = sl_key_of_siblings(&a->key), group_b = sl_key_of_siblings(&b->key);
	return sl_key_compare(&group_a, &group_b);
}

static int compare_places(const void *a, const void *b)
{
	const struct sl_place *left = a, *right = b;
	int order = compare_groups(left->row, right->row);
	return order ? order : left->order < right->order ? -1 : left->order > right->order;
}

void sl_place_sort(struct sl_place *places, size_t count)
{
	if (count > 1)
		qsort(places, count, sizeof(*places), compare_places);
}

size_t sl_place_group_size(const struct sl_place *places, size_t count)
{
	size_t size = 0;
	while (size < count && compare_groups(places[0].row, places[size].row) == 0)
		size++;
	return size;
}

int sl_place_behind(const struct sl_place *places, size_t count, struct sl_str last, struct sl_str prefix,
	struct sl_arena *arena)
{
	struct sl_str *ranks = sl_arena_zalloc(arena, count, sizeof(*ranks));
	int rc = ranks ? sl_rank_run(last, none, prefix, count, arena, ranks) : SL_NO_MEMORY;
	for (size_t i = 0; rc == SL_OK && i < count; i++)
		places[i].row->rank = ranks[i];
	return rc;
}

int sl_place_respace(struct sl_row *const *siblings, size_t sibling_count, const struct sl_place *places, size_t count,
	struct sl_arena *arena)
{
	struct sl_str *ranks = sl_arena_zalloc(arena, sibling_count + count, sizeof(*ranks));
	if (!ranks || sl_rank_between(none, none, sibling_count + count, arena, ranks) != SL_OK)
		return SL_NO_MEMORY;
	for (size_t i = 0; i < sibling_count; i++)
		siblings[i]->rank = ranks[i];
	for (size_t i = 0; i < count; i++)
		places[i].row->rank = ranks[sibling_count + i];
	return SL_OK;
}
