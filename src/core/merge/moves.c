/* Rows that one side took from one parent to another, and episodes that it gave another number: see sl_merge_find_moves in steps.h.
 *
 * A move is two changes of one side: a row is gone, or has nothing in common with what stands under its key, and one that is much
 * alike (likeness.h) is there under the same id in another episode; or one with the same content under any id; or one that is much
 * alike under another id, where few are to be compared. With the rows goes their episode, if that is much alike. Keeps true: of what
 * can't be told, nothing is a move. Fails for memory, and with SL_INTERNAL for a damaged row. Source of the rules: merge.md, "gone from
 * one parent and there, alike, under another".
 */
#include "core/merge/steps.h"

#include <stdlib.h>

#include "core/merge/likeness.h"
#include "core/merge/merge.h"

#define MOST_COMPARED 64  /* rows of one id, each gone with each there */
#define MOST_LIKELY 60     /* content that isn't much alike by chance, either */

/* Rows that only one of the two states has. */
struct lone {
	const struct sl_row **rows;
	size_t count, capacity;
};

struct finding {
	struct sl_merging *merging;
	const struct sl_rowset *side;
	struct sl_rekey *moved; /* from the base's key to the side's */
	struct sl_rekey *came;  /* from the side's key to the base's */
	struct lone gone, there;
};

/* --- what is gone and what is there --------------------------------------------------------------------------------- */

static bool has_parent_or_number(const struct sl_key *key)
{
	return key->entity == SL_EPISODES || sl_entity_has_episode(key->entity);
}

static int add_lone(struct lone *lone, const struct sl_row *row, struct sl_arena *arena)
{
	if (lone->count == lone->capacity) {
		size_t capacity = lone->capacity ? 2 * lone->capacity : 16;
		const struct sl_row **rows = sl_arena_zalloc(arena, capacity, sizeof(*rows));
		if (!rows)
			return SL_NO_MEMORY;
		if (lone->count)
			memcpy(rows, lone->rows, lone->count * sizeof(*rows));
		lone->rows = rows;
		lone->capacity = capacity;
	}
	lone->rows[lone->count++] = row;
	return SL_OK;
}

/* The rows of `in` that `but` doesn't have, of episodes, scenes and shots. */
static int find_lone(const struct sl_rowset *in, const struct sl_rowset *but, struct sl_arena *arena, struct lone *lone_r)
{
	const struct sl_row *row;
	size_t cursor = 0, beside = 0;
	int rc = SL_OK;
	*lone_r = (struct lone){ .rows = NULL };
	while (rc == SL_OK && (row = sl_rowset_next(in, &cursor)))
		if (has_parent_or_number(&row->key) && !sl_merge_find(but, &beside, &row->key))
			rc = add_lone(lone_r, row, arena);
	return rc;
}

static bool has_any(const struct lone *lone, enum sl_entity entity)
{
	for (size_t i = 0; i < lone->count; i++)
		if (lone->rows[i]->key.entity == entity)
			return true;
	return false;
}

/* Under the key of a row that went, an app that counts may have put another one: what has nothing of the old row may be such. */
static int find_replaced(struct finding *finding)
{
	const struct sl_rowset *base = finding->merging->base;
	const bool wanted[] = { has_any(&finding->there, SL_SCENES), has_any(&finding->there, SL_SHOTS) };
	const struct sl_row *row, *now;
	size_t cursor = 0, beside = 0;
	int rc = SL_OK;
	while (rc == SL_OK && (wanted[0] || wanted[1]) && (row = sl_rowset_next(base, &cursor))) {
		bool alike = true;
		if ((row->key.entity == SL_SCENES && wanted[0]) || (row->key.entity == SL_SHOTS && wanted[1]))
			if ((now = sl_merge_find(finding->side, &beside, &row->key)) && !sl_str_equal(now->data, row->data))
				rc = sl_merge_alike(row, now, &alike);
		if (rc == SL_OK && !alike)
			rc = add_lone(&finding->gone, row, finding->merging->arena);
	}
	return rc;
}

static int compare_ids(const void *a, const void *b)
{
	const struct sl_row *left = *(const struct sl_row *const *)a, *right = *(const struct sl_row *const *)b;
	int order = (int)left->key.entity - (int)right->key.entity;
	if (order == 0)
		order = sl_str_compare(left->key.id, right->key.id);
	return order ? order : (left->key.episode > right->key.episode) - (left->key.episode < right->key.episode);
}

static int compare_contents(const void *a, const void *b)
{
	const struct sl_row *left = *(const struct sl_row *const *)a, *right = *(const struct sl_row *const *)b;
	int order = (int)left->key.entity - (int)right->key.entity;
	if (order == 0)
		order = sl_str_compare(left->data, right->data);
	return order ? order : sl_key_compare(&left->key, &right->key);
}

static bool same_id(const struct sl_row *a, const struct sl_row *b)
{
	return a->key.entity == b->key.entity && sl_str_equal(a->key.id, b->key.id);
}

static bool same_content(const struct sl_row *a, const struct sl_row *b)
{
	return a->key.entity == b->key.entity && sl_str_equal(a->data, b->data);
}

static void sort(struct lone *lone, int (*compare)(const void *, const void *))
{
	if (lone->count)
		qsort(lone->rows, lone->count, sizeof(*lone->rows), compare);
}

/* --- scenes and shots ------------------------------------------------------------------------------------------------- */

static int join(struct finding *finding, const struct sl_row *gone, const struct sl_row *there)
{
	int rc = sl_rekey_put(finding->moved, &gone->key, &there->key, false);
	return rc == SL_OK ? sl_rekey_put(finding->came, &there->key, &gone->key, false) : rc;
}

static int compare(struct sl_likeness *likeness, const struct sl_row *a, const struct sl_row *b)
{
	struct sl_arena scratch;
	sl_arena_init(&scratch, 0);
	int rc = sl_likeness_add_rows(likeness, a, b, &scratch);
	sl_arena_dispose(&scratch);
	return rc;
}

/* The characters in common, if the rows are one thing; else 0. */
static int score(const struct sl_row *gone, const struct sl_row *there, size_t *score_r)
{
	struct sl_likeness likeness = { .common = 0 };
	int rc = compare(&likeness, gone, there);
	*score_r = rc == SL_OK && sl_likeness_is_same_thing(&likeness) ? likeness.common : 0;
	return rc;
}

/* Rows of one id: those that are alike, and neither of them as much so with another. */
static int join_alike(struct finding *finding, const struct lone *gone, const struct lone *there)
{
	size_t scores[MOST_COMPARED] = { 0 };
	int rc = SL_OK;
	if (gone->count > MOST_COMPARED / there->count)
		return SL_OK;
	for (size_t i = 0; rc == SL_OK && i < gone->count * there->count; i++)
		rc = score(gone->rows[i / there->count], there->rows[i % there->count], &scores[i]);
	for (size_t i = 0; rc == SL_OK && i < gone->count * there->count; i++)
		if (sl_likeness_is_best(scores, gone->count, there->count, i))
			rc = join(finding, gone->rows[i / there->count], there->rows[i % there->count]);
	return rc;
}

/* One row with this content is gone and one is there: the same, if it isn't so by chance. */
static int join_same(struct finding *finding, const struct lone *gone, const struct lone *there)
{
	struct sl_likeness likeness = { .common = 0 };
	if (gone->count > 1 || there->count > 1 || sl_rekey_has(finding->moved, &gone->rows[0]->key)
		|| sl_rekey_has(finding->came, &there->rows[0]->key))
		return SL_OK;
	int rc = compare(&likeness, gone->rows[0], there->rows[0]);
	return rc == SL_OK && likeness.common >= SL_MANY_CHARACTERS ? join(finding, gone->rows[0], there->rows[0]) : rc;
}

/* The rows of an entity in a list that nothing is known of yet, at most MOST_COMPARED + 1. */
static struct lone unknown_rows(const struct lone *lone, const struct sl_rekey *known, enum sl_entity entity,
	const struct sl_row **rows)
{
	struct lone unknown = { .rows = rows };
	for (size_t i = 0; i < lone->count && unknown.count <= MOST_COMPARED; i++)
		if (lone->rows[i]->key.entity == entity && !sl_rekey_has(known, &lone->rows[i]->key))
			rows[unknown.count++] = lone->rows[i];
	return unknown;
}

/* What got another id on its way and was edited besides, if it is much alike and not so by chance. */
static int join_unlike_ids(struct finding *finding, enum sl_entity entity)
{
	const struct sl_row *rows[2][MOST_COMPARED + 1];
	size_t scores[MOST_COMPARED] = { 0 };
	const struct lone gone = unknown_rows(&finding->gone, finding->moved, entity, rows[0]);
	const struct lone there = unknown_rows(&finding->there, finding->came, entity, rows[1]);
	size_t count = gone.count * there.count;
	int rc = SL_OK;
	for (size_t i = 0; count <= MOST_COMPARED && rc == SL_OK && i < count; i++) {
		rc = score(gone.rows[i / there.count], there.rows[i % there.count], &scores[i]);
		scores[i] = scores[i] >= MOST_LIKELY ? scores[i] : 0;
	}
	for (size_t i = 0; count <= MOST_COMPARED && rc == SL_OK && i < count; i++)
		if (sl_likeness_is_best(scores, gone.count, there.count, i))
			rc = join(finding, gone.rows[i / there.count], there.rows[i % there.count]);
	return rc;
}

/* How many rows from the first on are the same by `same`. */
static size_t run_of(const struct lone *lone, size_t at, bool (*same)(const struct sl_row *, const struct sl_row *))
{
	size_t end = at + 1;
	while (end < lone->count && same(lone->rows[at], lone->rows[end]))
		end++;
	return end - at;
}

/* Calls `meet` for each run of rows that are the same by `same`, gone and there. */
static int each_run(struct finding *finding, int (*order)(const void *, const void *),
	bool (*same)(const struct sl_row *, const struct sl_row *),
	int (*meet)(struct finding *, const struct lone *, const struct lone *))
{
	struct lone *gone = &finding->gone, *there = &finding->there;
	size_t i = 0, j = 0;
	int rc = SL_OK;
	sort(gone, order);
	sort(there, order);
	while (rc == SL_OK && i < gone->count && j < there->count) {
		if (!same(gone->rows[i], there->rows[j])) {
			if (order(&gone->rows[i], &there->rows[j]) < 0)
				i++;
			else
				j++;
			continue;
		}
		const struct lone left = { gone->rows + i, run_of(gone, i, same), 0 }, right = { there->rows + j, run_of(there, j, same), 0 };
		if (gone->rows[i]->key.entity != SL_EPISODES)
			rc = meet(finding, &left, &right);
		i += left.count;
		j += right.count;
	}
	return rc;
}

/* --- episodes ----------------------------------------------------------------------------------------------------------- */

/* How the rows of the gone episode compare to those of the one that is there. */
static int compare_rows_of(const struct finding *finding, const struct sl_row *gone, const struct sl_row *there,
	struct sl_likeness *likeness)
{
	const struct sl_row *row;
	size_t cursor = 0;
	int rc = SL_OK;
	for (size_t i = 0; rc == SL_OK && i < finding->gone.count; i++) {
		row = finding->gone.rows[i];
		const struct sl_key to = sl_rekey_key(finding->moved, &row->key);
		if (sl_entity_has_episode(row->key.entity) && row->key.episode == gone->key.episode)
			rc = compare(likeness, row, to.episode == there->key.episode ? sl_rowset_find(finding->side, &to) : NULL);
	}
	while (rc == SL_OK && (row = sl_rowset_next(finding->side, &cursor)))
		if (sl_entity_has_episode(row->key.entity) && row->key.episode == there->key.episode
			&& sl_rekey_key(finding->came, &row->key).episode != gone->key.episode)
			rc = compare(likeness, NULL, row);
	return rc;
}

/* The episode to which the first of the gone one's rows went; NULL: none. */
static const struct sl_row *find_target(const struct finding *finding, const struct sl_row *gone)
{
	for (size_t i = 0; i < finding->gone.count; i++) {
		const struct sl_key *key = &finding->gone.rows[i]->key;
		if (!sl_entity_has_episode(key->entity) || key->episode != gone->key.episode || !sl_rekey_has(finding->moved, key))
			continue;
		const struct sl_key episode = sl_key_of_episode(sl_rekey_key(finding->moved, key).episode);
		return sl_rowset_find(finding->side, &episode);
	}
	return NULL;
}

/* Whether both are one episode, by what they hold themselves, which counts more, or all in all: *score_r, what they have in common if
 * so, else 0. */
static int score_episodes(const struct finding *finding, const struct sl_row *gone, const struct sl_row *there, size_t *score_r)
{
	struct sl_likeness likeness = { .common = 0 };
	int rc = compare(&likeness, gone, there);
	bool alike = likeness.common >= SL_MANY_CHARACTERS && sl_likeness_is_same_thing(&likeness);
	if (rc == SL_OK && !alike)
		rc = compare_rows_of(finding, gone, there, &likeness);
	*score_r = rc == SL_OK && (alike || sl_likeness_is_same_thing(&likeness)) ? likeness.common : 0;
	*score_r += alike ? SIZE_MAX / 2 : 0;
	return rc;
}

/* Episodes that are alike, and neither of them as much so with another. */
static int join_episodes(struct finding *finding)
{
	const struct sl_row *rows[2][MOST_COMPARED + 1];
	size_t scores[MOST_COMPARED] = { 0 };
	const struct lone gone = unknown_rows(&finding->gone, finding->moved, SL_EPISODES, rows[0]);
	const struct lone there = unknown_rows(&finding->there, finding->came, SL_EPISODES, rows[1]);
	size_t count = gone.count * there.count;
	int rc = SL_OK;
	for (size_t i = 0; count <= MOST_COMPARED && rc == SL_OK && i < count; i++)
		rc = score_episodes(finding, gone.rows[i / there.count], there.rows[i % there.count], &scores[i]);
	for (size_t i = 0; count <= MOST_COMPARED && rc == SL_OK && i < count; i++)
		if (sl_likeness_is_best(scores, gone.count, there.count, i))
			rc = join(finding, gone.rows[i / there.count], there.rows[i % there.count]);
	return rc;
}

/* The others, if they are too many to compare each with each: their rows tell where they went. */
static int join_by_rows(struct finding *finding)
{
	int rc = SL_OK;
	for (size_t i = 0; rc == SL_OK && i < finding->gone.count; i++) {
		const struct sl_row *gone = finding->gone.rows[i], *there;
		size_t score;
		if (gone->key.entity != SL_EPISODES || !(there = find_target(finding, gone)) || sl_rekey_has(finding->came, &there->key)
			|| sl_rowset_find(finding->merging->base, &there->key))
			continue;
		rc = score_episodes(finding, gone, there, &score);
		if (rc == SL_OK && score > 0)
			rc = join(finding, gone, there);
	}
	return rc;
}

/* In an episode that only has another number, rows are what their ids say, however they were edited. */
static int join_company(struct finding *finding)
{
	int rc = SL_OK;
	for (size_t i = 0; rc == SL_OK && i < finding->gone.count; i++) {
		const struct sl_row *gone = finding->gone.rows[i], *there;
		const struct sl_key along = sl_rekey_key(finding->moved, &gone->key);
		if (sl_rekey_has(finding->moved, &gone->key) || sl_key_equal(&along, &gone->key) || sl_rekey_has(finding->came, &along)
			|| !(there = sl_rowset_find(finding->side, &along)))
			continue;
		rc = join(finding, gone, there);
	}
	return rc;
}

/* Rows that only went along with their episode didn't move. */
static int drop_company(struct finding *finding)
{
	struct sl_rekey moved;
	const struct sl_row *entry;
	size_t cursor = 0;
	int rc = sl_rekey_init(&moved, finding->merging->arena);
	for (int pass = 0; pass < 2; pass++) {
		for (cursor = 0; rc == SL_OK && (entry = sl_rowset_next(finding->moved->entries, &cursor));) {
			const struct sl_key to = sl_rekey_key(finding->moved, &entry->key), along = sl_rekey_key(&moved, &entry->key);
			if ((entry->key.entity == SL_EPISODES) == (pass == 0) && !sl_key_equal(&to, &along))
				rc = sl_rekey_put(&moved, &entry->key, &to, false);
		}
	}
	*finding->moved = moved;
	return rc;
}

static int find_moves(struct sl_merging *merging, const struct sl_rowset *side, struct sl_rekey *moved, struct sl_rekey *came)
{
	struct finding finding = { .merging = merging, .side = side, .moved = moved, .came = came };
	int rc = sl_rekey_init(moved, merging->arena);
	if (rc == SL_OK)
		rc = sl_rekey_init(came, merging->arena);
	if (rc == SL_OK)
		rc = find_lone(side, merging->base, merging->arena, &finding.there);
	if (rc != SL_OK || finding.there.count == 0)
		return rc;
	rc = find_lone(merging->base, side, merging->arena, &finding.gone);
	if (rc == SL_OK)
		rc = find_replaced(&finding);
	if (rc != SL_OK || finding.gone.count == 0)
		return rc;
	rc = each_run(&finding, compare_ids, same_id, join_alike);
	if (rc == SL_OK)
		rc = each_run(&finding, compare_contents, same_content, join_same);
	if (rc == SL_OK)
		rc = join_unlike_ids(&finding, SL_SCENES);
	if (rc == SL_OK)
		rc = join_unlike_ids(&finding, SL_SHOTS);
	sort(&finding.gone, compare_ids);
	sort(&finding.there, compare_ids);
	if (rc == SL_OK)
		rc = join_episodes(&finding);
	if (rc == SL_OK)
		rc = join_by_rows(&finding);
	if (rc == SL_OK)
		rc = join_company(&finding);
	return rc == SL_OK ? drop_company(&finding) : rc;
}

int sl_merge_find_moves(struct sl_merging *merging)
{
	int rc = find_moves(merging, merging->mine, &merging->moved_by_mine, &merging->came_to_mine);
	return rc == SL_OK ? find_moves(merging, merging->theirs, &merging->moved_by_theirs, &merging->came_to_theirs) : rc;
}

int sl_merge_moves(const struct sl_rowset *before, const struct sl_rowset *after, struct sl_arena *arena,
	struct sl_rename **moves_r, size_t *count_r)
{
	struct sl_merging merging = { .arena = arena, .base = before, .mine = after, .theirs = before };
	const struct sl_row *row;
	size_t cursor = 0;
	int rc = sl_merge_find_moves(&merging);
	*count_r = 0;
	*moves_r = rc == SL_OK ? sl_arena_zalloc(arena, sl_rowset_count(before) + 1, sizeof(**moves_r)) : NULL;
	while (*moves_r && (row = sl_rowset_next(before, &cursor))) {
		const struct sl_key to = sl_rekey_key(&merging.moved_by_mine, &row->key);
		if (!sl_key_equal(&to, &row->key))
			(*moves_r)[(*count_r)++] = (struct sl_rename){ row->key, to };
	}
	return rc == SL_OK && !*moves_r ? SL_NO_MEMORY : rc;
}

int sl_merge_alike(const struct sl_row *a, const struct sl_row *b, bool *alike_r)
{
	struct sl_likeness likeness = { .common = 0 };
	int rc = compare(&likeness, a, b);
	*alike_r = rc == SL_OK && sl_likeness_is_alike(&likeness);
	return rc;
}
