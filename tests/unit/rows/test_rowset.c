/* Sets of rows and single rows: look-up, order, removal, growth. Where removal and growth meet, a list that is
 * searched from its beginning serves as the model. */
#include "projects.h"

#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "core/base/rank.h"

static struct sl_row make(enum sl_entity entity, int64_t episode, const char *id, const char *rank, const char *data)
{
	return (struct sl_row){ { entity, episode, sl_str_from(id) }, sl_str_from(rank), sl_str_from(data), 0 };
}

static void rowset__finds_what_was_appended_through_growth_and_removal(void **state)
{
	enum { ROWS = 1000 };
	struct sl_arena arena;
	char ids[ROWS][8];
	(void)state;
	sl_arena_init(&arena, 0);
	struct sl_rowset *set = sl_rowset_new(&arena, 0);
	assert_non_null(set);
	for (int i = 0; i < ROWS; i++) {
		snprintf(ids[i], sizeof(ids[i]), "%d", i);
		struct sl_row row = make(SL_SHOTS, i % 3, ids[i], "V", ids[i]);
		/* Appended and put rows, and look-ups that come while some are not in the index yet. */
		assert_non_null(i % 5 == 0 ? sl_rowset_put(set, &row) : sl_rowset_append(set, &row));
		if (i % 7 == 0)
			assert_true(sl_rowset_remove(set, &row.key));
		else if (i % 11 == 0)
			assert_non_null(sl_rowset_find(set, &row.key));
	}
	assert_int_equal(sl_rowset_count(set), ROWS - (ROWS + 6) / 7);
	for (int i = 0; i < ROWS; i++) {
		struct sl_row row = make(SL_SHOTS, i % 3, ids[i], "V", ids[i]);
		const struct sl_row *found = sl_rowset_find(set, &row.key);
		assert_true(i % 7 == 0 ? !found : found && sl_str_equal(found->data, row.data));
		const struct sl_row *put = sl_rowset_put(set, &row);
		assert_ptr_equal(put, i % 7 == 0 ? sl_rowset_find(set, &row.key) : found);
	}
	assert_int_equal(sl_rowset_count(set), ROWS);
	sl_arena_dispose(&arena);
}

static void rowset__finds_what_was_put_and_nothing_else(void **state)
{
	struct sl_arena arena;
	(void)state;
	sl_arena_init(&arena, 0);
	struct sl_rowset *set = sl_rowset_new(&arena, 0);
	const struct sl_row rows[] = {
		make(SL_SCENES, 1, "a", "V", "1"), make(SL_SHOTS, 1, "a", "V", "2"), make(SL_SCENES, 2, "a", "V", "3"),
		make(SL_SCENES, 1, "A", "V", "4"), make(SL_SCENES, 1, "a ", "V", "5"), make(SL_EPISODES, 1, "", "V", "6"),
		make(SL_META, 0, "a", "", "7"), make(SL_SCENES, -1, "a", "V", "8"), make(SL_CHARACTERS, 0, "a", "V", "9"),
	};
	assert_non_null(set);
	for (size_t i = 0; i < LENGTH(rows); i++)
		assert_non_null(sl_rowset_put(set, &rows[i]));
	assert_int_equal(sl_rowset_count(set), LENGTH(rows));
	for (size_t i = 0; i < LENGTH(rows); i++) {
		const struct sl_row *found = sl_rowset_find(set, &rows[i].key);
		assert_non_null(found);
		assert_true(sl_str_equal(found->data, rows[i].data));
	}
	struct sl_key absent = { SL_SHOTS, 2, SL_STR("a") };
	assert_null(sl_rowset_find(set, &absent));
	assert_false(sl_rowset_remove(set, &absent));
	sl_arena_dispose(&arena);
}

static void rowset__put_replaces_in_place(void **state)
{
	struct sl_arena arena;
	size_t cursor = 0;
	(void)state;
	sl_arena_init(&arena, 0);
	struct sl_rowset *set = sl_rowset_new(&arena, 2);
	struct sl_row first = make(SL_CHARACTERS, 0, "x", "V", "1"), second = make(SL_CHARACTERS, 0, "y", "W", "2");
	struct sl_row again = make(SL_CHARACTERS, 0, "x", "Z", "3");
	struct sl_row *kept = sl_rowset_put(set, &first);
	assert_non_null(sl_rowset_put(set, &second));
	assert_ptr_equal(sl_rowset_put(set, &again), kept);
	assert_int_equal(sl_rowset_count(set), 2);
	assert_ptr_equal(sl_rowset_next(set, &cursor), kept);
	assert_true(sl_str_equal(kept->data, SL_STR("3")));
	sl_arena_dispose(&arena);
}

static void rowset__pointers_outlive_growth(void **state)
{
	struct sl_arena arena;
	struct sl_row *pointers[1000];
	char ids[1000][8];
	(void)state;
	sl_arena_init(&arena, 0);
	struct sl_rowset *set = sl_rowset_new(&arena, 0);
	for (size_t i = 0; i < LENGTH(pointers); i++) {
		snprintf(ids[i], sizeof(ids[i]), "%zu", i);
		struct sl_row row = make(SL_SHOTS, 3, ids[i], "V", "{}");
		assert_non_null(pointers[i] = sl_rowset_put(set, &row));
	}
	for (size_t i = 0; i < LENGTH(pointers); i++) {
		struct sl_key key = { SL_SHOTS, 3, sl_str_from(ids[i]) };
		assert_ptr_equal(sl_rowset_find(set, &key), pointers[i]);
	}
	sl_arena_dispose(&arena);
}

static void rowset__removes_while_it_is_walked(void **state)
{
	struct sl_arena arena;
	struct sl_row *row;
	size_t cursor = 0, met = 0;
	(void)state;
	sl_arena_init(&arena, 0);
	struct sl_rowset *set = sl_rowset_new(&arena, 0);
	for (int64_t i = 0; i < 100; i++) {
		struct sl_row episode = make(SL_EPISODES, i, "", "V", "{}");
		assert_non_null(sl_rowset_put(set, &episode));
	}
	while ((row = sl_rowset_next(set, &cursor))) {
		struct sl_key key = row->key;
		assert_int_equal(key.episode, met++);
		if (key.episode % 3)
			assert_true(sl_rowset_remove(set, &key));
	}
	assert_int_equal(met, 100);
	assert_int_equal(sl_rowset_count(set), 34);
	for (cursor = 0; (row = sl_rowset_next(set, &cursor));)
		assert_int_equal(row->key.episode % 3, 0);
	sl_arena_dispose(&arena);
}

/* --- a model ----------------------------------------------------------------------------------------------------- */

struct model {
	int64_t keys[64]; /* in the order in which they were put */
	int values[64];
	size_t count;
};

static size_t model_place(const struct model *model, int64_t key)
{
	size_t place = 0;
	while (place < model->count && model->keys[place] != key)
		place++;
	return place;
}

static void model_remove(struct model *model, size_t place)
{
	for (model->count--; place < model->count; place++) {
		model->keys[place] = model->keys[place + 1];
		model->values[place] = model->values[place + 1];
	}
}

static void expect_model(const struct sl_rowset *set, const struct model *model)
{
	const struct sl_row *row;
	size_t cursor = 0, place = 0;
	assert_int_equal(sl_rowset_count(set), model->count);
	while ((row = sl_rowset_next(set, &cursor))) {
		assert_int_equal(row->key.episode, model->keys[place]);
		assert_int_equal(row->version, model->values[place++]);
	}
	assert_int_equal(place, model->count);
}

static void rowset__behaves_as_a_list_would(void **state)
{
	struct dice dice = { 0x5eed };
	struct model model = { .count = 0 };
	struct sl_arena arena;
	(void)state;
	sl_arena_init(&arena, 0);
	struct sl_rowset *set = sl_rowset_new(&arena, 0);
	for (int step = 0; step < 20000; step++) {
		int64_t key = (int64_t)dice_roll(&dice, LENGTH(model.keys));
		size_t place = model_place(&model, key);
		struct sl_row row = { sl_key_of_episode(key), { NULL, 0 }, SL_STR("{}"), step };
		if (dice_roll(&dice, 2)) {
			assert_int_equal(sl_rowset_remove(set, &row.key), place < model.count);
			if (place < model.count)
				model_remove(&model, place);
			continue;
		}
		assert_non_null(sl_rowset_put(set, &row));
		model.count += place == model.count;
		model.keys[place] = key;
		model.values[place] = step;
		if (step % 50 == 0)
			expect_model(set, &model);
	}
	expect_model(set, &model);
	assert_true(arena.total_bytes < 16u << 20); /* removal gives its place back to later rows */
	sl_arena_dispose(&arena);
}

/* --- order ------------------------------------------------------------------------------------------------------- */

static void rowset__sorts_by_entity_episode_rank_and_id(void **state)
{
	struct sl_arena arena;
	(void)state;
	sl_arena_init(&arena, 0);
	struct sl_rowset *set = sl_rowset_new(&arena, 0);
	const struct sl_row sorted[] = {
		make(SL_META, 0, "a", "", "1"), make(SL_META, 0, "b", "", "1"),
		make(SL_EPISODES, 10, "", "A", "1"), make(SL_EPISODES, -2, "", "B", "1"), make(SL_EPISODES, 9, "", "B", "1"),
		make(SL_EPISODES, 10000000000, "", "B", "1"),
		make(SL_SCENES, -2, "z", "V", "1"), make(SL_SCENES, 9, "z", "V", "1"), make(SL_SCENES, 10, "b", "A", "1"),
		make(SL_SCENES, 10, "a", "B", "1"), make(SL_SCENES, 10, "c", "B", "1"), make(SL_SCENES, 10, "0", "B1", "1"),
		make(SL_CHARACTERS, 0, "\xf0\x9f\x8e\xac", "V", "1"), make(SL_LOCATIONS, 0, "a", "V", "1"),
	};
	for (size_t i = LENGTH(sorted); i > 0; i--)
		assert_non_null(sl_rowset_put(set, &sorted[(i * 5) % LENGTH(sorted)]));
	struct sl_row **rows = sl_rowset_sorted(set, &arena);
	assert_int_equal(sl_rowset_count(set), LENGTH(sorted));
	for (size_t i = 0; i < LENGTH(sorted); i++)
		assert_true(sl_key_equal(&rows[i]->key, &sorted[i].key));
	sl_arena_dispose(&arena);
}

static void rowset__clone_is_independent(void **state)
{
	struct sl_arena arena;
	(void)state;
	sl_arena_init(&arena, 0);
	struct sl_rowset *set = sl_rowset_new(&arena, 0);
	struct sl_row row = make(SL_CHARACTERS, 0, "x", "V", "1");
	assert_non_null(sl_rowset_put(set, &row));
	struct sl_rowset *clone = sl_rowset_clone(set, &arena);
	assert_true(sl_rowset_remove(set, &row.key));
	assert_int_equal(sl_rowset_count(set), 0);
	assert_non_null(sl_rowset_find(clone, &row.key));
	sl_arena_dispose(&arena);
}

static void rowset__reports_exhaustion(void **state)
{
	struct sl_arena arena;
	int64_t i = 0;
	(void)state;
	sl_arena_init(&arena, 16384);
	struct sl_rowset *set = sl_rowset_new(&arena, 4);
	assert_non_null(set);
	struct sl_row row = make(SL_EPISODES, 0, "", "V", "{}");
	while (sl_rowset_put(set, &row))
		row.key.episode = ++i;
	assert_true(i > 10 && i < 1000);
	assert_int_equal(sl_rowset_count(set), (size_t)i);
	for (int64_t known = 0; known < i; known++) {
		struct sl_key key = sl_key_of_episode(known);
		assert_non_null(sl_rowset_find(set, &key));
	}
	assert_null(sl_rowset_new(&arena, 100000));
	sl_arena_dispose(&arena);
}

/* The inverse of XXH64_avalanche, in which XXH3 of an empty text ends: makes seeds that hash to a wanted number. */
static uint64_t unmixed(uint64_t hash)
{
	const uint64_t prime2_inverse = UINT64_C(0x0ba79078168d4baf), prime3_inverse = UINT64_C(0xe9e9f4c41d6df849);
	hash ^= hash >> 32;
	hash *= prime3_inverse;
	hash ^= (hash >> 29) ^ (hash >> 58);
	hash *= prime2_inverse;
	return hash ^ (hash >> 33);
}

/* Ids that would all fall into one place, were an episode's hash seeded with its number and entity alone. */
static void make_colliding_ids(int64_t *ids, size_t count)
{
	const uint64_t secret = UINT64_C(0x4c263a81e69035e0) ^ UINT64_C(0xcb00c391bb52283c); /* bytes 56–71 of XXH3's */
	size_t made = 0;
	for (uint64_t i = 0; made < count; i++) {
		uint64_t seed = unmixed(i << 16) ^ secret;
		if ((seed & 7) == SL_EPISODES && seed >> 56 == 0)
			ids[made++] = (int64_t)(seed >> 3);
	}
}

static double seconds_to_put(const int64_t *ids, size_t count)
{
	struct sl_arena arena;
	sl_arena_init(&arena, 0);
	struct sl_rowset *set = sl_rowset_new(&arena, count);
	clock_t start = clock();
	for (size_t i = 0; i < count; i++) {
		struct sl_row row = { sl_key_of_episode(ids[i]), { NULL, 0 }, SL_STR("{}"), 0 };
		assert_non_null(sl_rowset_put(set, &row));
	}
	double seconds = (double)(clock() - start) / CLOCKS_PER_SEC;
	assert_int_equal(sl_rowset_count(set), count);
	sl_arena_dispose(&arena);
	return seconds;
}

static void rowset__is_not_slowed_down_by_ids_made_to_collide(void **state)
{
	enum { COUNT = 20000 };
	static int64_t ids[COUNT];
	(void)state;
	make_colliding_ids(ids, COUNT);
	double hostile = seconds_to_put(ids, COUNT);
	for (int64_t i = 0; i < COUNT; i++)
		ids[i] = i;
	double innocent = seconds_to_put(ids, COUNT);
	if (hostile > 0.1 + 10 * innocent)
		fail_msg("%d rows took %.2f s instead of %.3f", COUNT, hostile, innocent);
}

/* --- single rows ------------------------------------------------------------------------------------------------- */

static void expect_written(const struct sl_row *row, bool with_episode, bool with_rank, const char *text)
{
	struct sl_buf out;
	sl_buf_init(&out, 1000);
	sl_row_write(&out, row, with_episode, with_rank);
	expect_text(sl_buf_str(&out), text);
	sl_buf_dispose(&out);
}

static void row__is_written_with_the_members_asked_for(void **state)
{
	struct sl_row shot = make(SL_SHOTS, 7, "1\n", "V", "{\"a\":1}"), bare = make(SL_EPISODES, -7, "", "", "{}");
	(void)state;
	expect_written(&shot, true, true, "{'id':'1\\n','episodeId':7,'rank':'V','a':1}");
	expect_written(&shot, false, false, "{'id':'1\\n','a':1}");
	expect_written(&bare, true, true, "{'id':-7}");
}

static void key__is_written_as_in_deleted(void **state)
{
	const struct sl_key keys[] = { { SL_EPISODES, 7, { NULL, 0 } }, { SL_SCENES, 7, SL_STR("a\"") },
		{ SL_SHOTS, -1, SL_STR("b") }, { SL_LOCATIONS, 0, SL_STR("c") }, { SL_META, 0, SL_STR("context.d") } };
	struct sl_buf out;
	(void)state;
	sl_buf_init(&out, 1000);
	for (size_t i = 0; i < LENGTH(keys); i++)
		sl_key_write(&out, &keys[i]);
	expect_text(sl_buf_str(&out),
		"7{'episodeId':7,'sceneId':'a\\''}{'episodeId':-1,'shotId':'b'}'c''context.d'");
	sl_buf_dispose(&out);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(rowset__finds_what_was_put_and_nothing_else),
		cmocka_unit_test(rowset__finds_what_was_appended_through_growth_and_removal),
		cmocka_unit_test(rowset__put_replaces_in_place),
		cmocka_unit_test(rowset__pointers_outlive_growth),
		cmocka_unit_test(rowset__removes_while_it_is_walked),
		cmocka_unit_test(rowset__behaves_as_a_list_would),
		cmocka_unit_test(rowset__sorts_by_entity_episode_rank_and_id),
		cmocka_unit_test(rowset__clone_is_independent),
		cmocka_unit_test(rowset__reports_exhaustion),
		cmocka_unit_test(rowset__is_not_slowed_down_by_ids_made_to_collide),
		cmocka_unit_test(row__is_written_with_the_members_asked_for),
		cmocka_unit_test(key__is_written_as_in_deleted),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
