/* Pairs the elements of a list; see pairing.h. Keeps true: each element has at most one partner. O(n log n) but for what is compared by
 * word, which is at most MOST_COMPARED pairs of elements. Fails for memory only. Source of the rules: merge.md, rule `list`.
 */
#include "core/merge/pairing.h"

#include <stdlib.h>

#include "core/base/error.h"
#include "core/json/write.h"
#include "core/merge/likeness.h"
#include "core/merge/steps.h"

#define MOST_COMPARED 64

enum { BASE, SIDE, LISTS };

/* An element by what it is sorted by: its name, or its content without the name. */
struct item {
	struct sl_str text;
	int list;
	size_t index;
};

/* Items of both lists with equal texts, those of the base first, each in its list's order. */
struct class {
	const struct item *items[LISTS];
	size_t counts[LISTS];
};

struct pairing {
	const struct sl_field *list;
	const json_t *arrays[LISTS];
	struct sl_arena *arena;
	size_t *partners[LISTS]; /* in the other list */
};

static bool is_number_keyed(const struct pairing *pairing)
{
	const struct sl_field *key = sl_schema_field(pairing->list->shape, sl_str_from(pairing->list->list_key));
	return !key || key->type != SL_TYPE_TEXT;
}

static bool is_free(const struct pairing *pairing, int list, size_t index)
{
	return pairing->partners[list][index] == SL_UNPAIRED;
}

static void pair(const struct pairing *pairing, size_t base, size_t side)
{
	pairing->partners[BASE][base] = side;
	pairing->partners[SIDE][side] = base;
}

/* --- classes -------------------------------------------------------------------------------------------------------- */

static int compare_items(const void *a, const void *b)
{
	const struct item *left = a, *right = b;
	int order = sl_str_compare(left->text, right->text);
	if (order == 0)
		order = left->list - right->list;
	return order ? order : (left->index > right->index) - (left->index < right->index);
}

/* The class that begins at items[at] of `count`. */
static struct class class_at(const struct item *items, size_t at, size_t count)
{
	struct class class = { { items + at, NULL }, { 0, 0 } };
	for (size_t i = at; i < count && sl_str_equal(items[i].text, items[at].text); i++)
		class.counts[items[i].list]++;
	class.items[SIDE] = class.items[BASE] + class.counts[BASE];
	return class;
}

/* Calls `visit` for each class of the sorted items. */
static int each_class(const struct pairing *pairing, struct item *items, size_t count,
	int (*visit)(const struct pairing *, const struct class *))
{
	int rc = SL_OK;
	if (count)
		qsort(items, count, sizeof(*items), compare_items);
	for (size_t at = 0; rc == SL_OK && at < count;) {
		const struct class class = class_at(items, at, count);
		rc = visit(pairing, &class);
		at += class.counts[BASE] + class.counts[SIDE];
	}
	return rc;
}

/* The element without its name, as text. Members of canonical texts come in one order. */
static int content_of(const struct pairing *pairing, int list, size_t index, struct sl_str *text_r)
{
	const json_t *element = json_array_get(pairing->arrays[list], index), *value;
	const char *name;
	struct sl_buf text;
	sl_buf_init(&text, SIZE_MAX);
	json_object_foreach((json_t *)element, name, value) {
		if (strcmp(name, pairing->list->list_key) == 0)
			continue;
		sl_json_string(&text, sl_str_from(name));
		sl_json_write(&text, value);
	}
	int rc = sl_buf_code(&text) == SL_OK ? sl_arena_copy(pairing->arena, sl_buf_str(&text), text_r) : SL_NO_MEMORY;
	sl_buf_dispose(&text);
	return rc;
}

/* --- elements of one name ------------------------------------------------------------------------------------------- */

static int pair_in_order(const struct pairing *pairing, const struct class *class)
{
	for (size_t i = 0; i < class->counts[BASE] && i < class->counts[SIDE]; i++)
		pair(pairing, class->items[BASE][i].index, class->items[SIDE][i].index);
	return SL_OK;
}

/* How many items from `at` on have no partner. */
static size_t free_run(const struct pairing *pairing, const struct class *class, int list, size_t at)
{
	size_t end = at;
	while (end < class->counts[list] && is_free(pairing, list, class->items[list][end].index))
		end++;
	return end - at;
}

/* Pairs as many changed elements as stand between the same unchanged ones on both sides. `at` of each list is behind an unchanged
 * one, or at the beginning. */
static void pair_runs(const struct pairing *pairing, const struct class *class, size_t in_base, size_t in_side)
{
	size_t length = free_run(pairing, class, BASE, in_base), ends[LISTS] = { in_base + length, in_side + length };
	if (length != free_run(pairing, class, SIDE, in_side))
		return;
	bool last = ends[BASE] == class->counts[BASE];
	if (last != (ends[SIDE] == class->counts[SIDE]))
		return;
	if (!last && pairing->partners[BASE][class->items[BASE][ends[BASE]].index] != class->items[SIDE][ends[SIDE]].index)
		return;
	for (size_t i = 0; i < length; i++)
		pair(pairing, class->items[BASE][in_base + i].index, class->items[SIDE][in_side + i].index);
}

static int compare_index(const void *a, const void *b)
{
	const size_t *index = a;
	const struct item *item = b;
	return (*index > item->index) - (*index < item->index);
}

/* What is unchanged pairs first; then what stands between that. */
static int pair_by_content(const struct pairing *pairing, const struct class *class)
{
	size_t total = class->counts[BASE] + class->counts[SIDE];
	struct item *items = sl_arena_zalloc(pairing->arena, total, sizeof(*items));
	int rc = items ? SL_OK : SL_NO_MEMORY;
	for (size_t i = 0; rc == SL_OK && i < total; i++) {
		items[i] = class->items[BASE][i];
		rc = content_of(pairing, items[i].list, items[i].index, &items[i].text);
	}
	if (rc == SL_OK)
		rc = each_class(pairing, items, total, pair_in_order);
	if (rc != SL_OK)
		return rc;
	pair_runs(pairing, class, 0, 0);
	for (size_t i = 0; i < class->counts[BASE]; i++) {
		size_t partner = pairing->partners[BASE][class->items[BASE][i].index];
		if (partner == SL_UNPAIRED)
			continue;
		const struct item *found = bsearch(&partner, class->items[SIDE], class->counts[SIDE], sizeof(*found), compare_index);
		pair_runs(pairing, class, i + 1, (size_t)(found - class->items[SIDE]) + 1);
	}
	return SL_OK;
}

/* What is still free, in order: a number is an identity. */
static void pair_rest(const struct pairing *pairing, const struct class *class)
{
	size_t side = 0;
	for (size_t i = 0; i < class->counts[BASE]; i++) {
		while (side < class->counts[SIDE] && !is_free(pairing, SIDE, class->items[SIDE][side].index))
			side++;
		if (side < class->counts[SIDE] && is_free(pairing, BASE, class->items[BASE][i].index))
			pair(pairing, class->items[BASE][i].index, class->items[SIDE][side].index);
	}
}

static int pair_names(const struct pairing *pairing, const struct class *class)
{
	if (class->counts[BASE] == 0 || class->counts[SIDE] == 0)
		return SL_OK;
	if (class->counts[BASE] == 1 && class->counts[SIDE] == 1)
		return pair_in_order(pairing, class);
	int rc = pair_by_content(pairing, class);
	if (rc == SL_OK && is_number_keyed(pairing))
		pair_rest(pairing, class);
	return rc;
}

/* All elements, or those that have no partner, by name or by content. */
static int collect(const struct pairing *pairing, bool by_name, struct item **items_r, size_t *count_r)
{
	size_t sizes[LISTS] = { json_array_size(pairing->arrays[BASE]), json_array_size(pairing->arrays[SIDE]) };
	struct item *items = sl_arena_zalloc(pairing->arena, sizes[BASE] + sizes[SIDE], sizeof(*items));
	int rc = items ? SL_OK : SL_NO_MEMORY;
	*items_r = items;
	*count_r = 0;
	for (int list = 0; list < LISTS; list++) {
		for (size_t i = 0; rc == SL_OK && i < sizes[list]; i++) {
			const json_t *element = json_array_get(pairing->arrays[list], i);
			if (!is_free(pairing, list, i))
				continue;
			struct item *item = &items[(*count_r)++];
			*item = (struct item){ { NULL, 0 }, list, i };
			rc = by_name ? sl_merge_name_value(pairing->list, json_object_get(element, pairing->list->list_key),
				pairing->arena, &item->text) : content_of(pairing, list, i, &item->text);
		}
	}
	return rc;
}

/* --- what was renamed ------------------------------------------------------------------------------------------------ */

static int pair_renamed(const struct pairing *pairing, const struct class *class)
{
	return class->counts[BASE] == class->counts[SIDE] ? pair_in_order(pairing, class) : SL_OK;
}

/* How many characters two elements have in common, doubled, if that is a quarter of all; else 0. Being of one name breaks ties. */
static int score_of(const struct pairing *pairing, const struct item *base, const struct item *side, size_t *score_r)
{
	struct sl_likeness likeness = { .common = 0 };
	struct sl_arena scratch;
	const json_t *left = json_array_get(pairing->arrays[BASE], base->index);
	const json_t *right = json_array_get(pairing->arrays[SIDE], side->index);
	const char *key = pairing->list->list_key;
	sl_arena_init(&scratch, 0);
	int rc = sl_likeness_add(&likeness, left, right, key, &scratch);
	sl_arena_dispose(&scratch);
	*score_r = 0;
	if (rc == SL_OK && likeness.common > 0 && 4 * likeness.common >= likeness.mine + likeness.theirs)
		*score_r = 2 * likeness.common + (json_equal(json_object_get(left, key), json_object_get(right, key)) != 0);
	return rc;
}

static int pair_alike(const struct pairing *pairing, const struct item *items, size_t count)
{
	size_t scores[MOST_COMPARED] = { 0 }, counts[LISTS] = { 0, 0 };
	for (size_t i = 0; i < count; i++)
		counts[items[i].list]++;
	if (counts[BASE] == 0 || counts[SIDE] == 0 || counts[BASE] > MOST_COMPARED / counts[SIDE])
		return SL_OK;
	size_t total = counts[BASE] * counts[SIDE];
	for (size_t i = 0; i < total; i++) {
		int rc = score_of(pairing, &items[i / counts[SIDE]], &items[counts[BASE] + i % counts[SIDE]], &scores[i]);
		if (rc != SL_OK)
			return rc;
	}
	for (size_t i = 0; i < total; i++)
		if (sl_likeness_is_best(scores, counts[BASE], counts[SIDE], i))
			pair(pairing, items[i / counts[SIDE]].index, items[counts[BASE] + i % counts[SIDE]].index);
	return SL_OK;
}

static int find_renamed(const struct pairing *pairing)
{
	struct item *items;
	size_t count;
	int rc = collect(pairing, false, &items, &count);
	if (rc == SL_OK)
		rc = each_class(pairing, items, count, pair_renamed);
	if (rc == SL_OK)
		rc = collect(pairing, true, &items, &count);
	return rc == SL_OK ? pair_alike(pairing, items, count) : rc;
}

/* --- what two sides added -------------------------------------------------------------------------------------------- */

/* Whether some field has one value here and another there. */
static bool is_at_odds(const json_t *left, const json_t *right)
{
	const char *name;
	const json_t *value;
	json_object_foreach((json_t *)left, name, value) {
		const json_t *other = json_object_get(right, name);
		if (other && !json_equal(value, other))
			return true;
	}
	return false;
}

static int part_unlike(const struct pairing *pairing)
{
	int rc = SL_OK;
	for (size_t i = 0; rc == SL_OK && i < json_array_size(pairing->arrays[SIDE]); i++) {
		size_t partner = pairing->partners[SIDE][i];
		const json_t *right = json_array_get(pairing->arrays[SIDE], i);
		const json_t *left = json_array_get(pairing->arrays[BASE], partner);
		struct sl_likeness likeness = { .common = 0 };
		struct sl_arena scratch;
		if (partner == SL_UNPAIRED || !is_at_odds(left, right))
			continue;
		sl_arena_init(&scratch, 0);
		rc = sl_likeness_add(&likeness, left, right, pairing->list->list_key, &scratch);
		sl_arena_dispose(&scratch);
		if (!sl_likeness_is_alike(&likeness))
			pairing->partners[SIDE][i] = SL_UNPAIRED;
	}
	return rc;
}

int sl_merge_pair(const struct sl_field *list, const json_t *base, const json_t *side, enum sl_pairing_kind kind,
	struct sl_arena *arena, size_t *of_side_r)
{
	size_t in_base = json_array_size(base), in_side = json_array_size(side), count;
	const struct pairing pairing = { list, { base, side }, arena,
		{ sl_arena_alloc(arena, in_base * sizeof(size_t)), of_side_r } };
	struct item *items;
	if (!pairing.partners[BASE])
		return SL_NO_MEMORY;
	for (size_t i = 0; i < in_base; i++)
		pairing.partners[BASE][i] = SL_UNPAIRED;
	for (size_t i = 0; i < in_side; i++)
		of_side_r[i] = SL_UNPAIRED;
	int rc = collect(&pairing, true, &items, &count);
	if (rc == SL_OK)
		rc = each_class(&pairing, items, count, pair_names);
	if (rc != SL_OK || is_number_keyed(&pairing))
		return rc;
	return kind == SL_PAIR_CHANGES ? find_renamed(&pairing) : part_unlike(&pairing);
}
