/* Deltas: as JSON, and what difference, apply, inverse and composition promise, on random histories too. */
#include "unit/rows/rows_fixture.h"

#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "core/base/rank.h"

static void expect_delta(const struct sl_delta *delta, const char *text)
{
	struct sl_buf out;
	sl_buf_init(&out, SIZE_MAX);
	assert_int_equal(sl_delta_write(delta, &out), SL_OK);
	expect_text(sl_buf_str(&out), text);
	sl_buf_dispose(&out);
}

static struct sl_rowset *applied(const struct sl_delta *delta, const struct sl_rowset *rows)
{
	struct sl_rowset *changed = sl_rowset_clone(rows, &arena);
	assert_non_null(changed);
	assert_int_equal(sl_delta_apply(delta, changed, &arena), SL_OK);
	expect_whole(changed);
	return changed;
}

static struct sl_delta difference(const struct sl_rowset *before, const struct sl_rowset *after)
{
	struct sl_delta delta;
	assert_int_equal(sl_delta_difference(before, after, &arena, &delta), SL_OK);
	return delta;
}

/* The ids of a group as they read, like "a b c"; episodes by number. */
static void expect_order(const struct sl_rowset *rows, enum sl_entity entity, int64_t episode, const char *expected)
{
	struct sl_row **sorted = sl_rowset_sorted(rows, &arena);
	struct sl_buf out;
	sl_buf_init(&out, SIZE_MAX);
	for (size_t i = 0; i < sl_rowset_count(rows); i++) {
		const struct sl_key *key = &sorted[i]->key;
		if (key->entity != entity || (sl_entity_has_episode(entity) && key->episode != episode))
			continue;
		if (out.length)
			sl_buf_add_char(&out, ' ');
		if (entity == SL_EPISODES)
			sl_buf_add_int(&out, key->episode);
		else
			sl_buf_add_str(&out, key->id);
	}
	expect_text(sl_buf_str(&out), expected);
	sl_buf_dispose(&out);
}

/* --- JSON -------------------------------------------------------------------------------------------------------- */

#define EVERYTHING                                                                                                     \
	"{'meta':{'fileName':'f','note':[1],'rawScript':null,'context':{'mood':{'a':1},'projectSummary':null}},"           \
	"'episodes':[{'id':1,'rank':'V','title':'t'},{'id':-2}],'scenes':[{'id':'s','episodeId':1,'rank':'W','x':1}],"     \
	"'shots':[{'id':'s','episodeId':1}],'characters':[{'id':'c','name':'n'}],'locations':[{'id':'l','rank':'0A'}],"    \
	"'deleted':{'episodes':[3,-4],'scenes':[{'episodeId':1,'sceneId':'q'}],'shots':[{'episodeId':-2,'shotId':'q'}],"   \
	"'characters':['d'],'locations':['m']}}"

static void json__comes_back_as_it_was(void **state)
{
	(void)state;
	struct sl_delta delta = project_delta(EVERYTHING, &arena), again;
	assert_int_equal(sl_rowset_count(delta.rows), 9);
	assert_int_equal(delta.deleted_count, 8);
	expect_delta(&delta, EVERYTHING);
	again = project_delta(EVERYTHING, &arena);
	expect_rows(again.rows, delta.rows);
}

static void json__of_nothing_is_an_empty_object(void **state)
{
	(void)state;
	struct sl_delta delta = project_delta("{'meta':{'context':{}},'scenes':[],'deleted':{'shots':[]}}", &arena);
	assert_true(sl_delta_is_empty(&delta));
	expect_delta(&delta, "{}");
}

static void json__context_alone_needs_no_comma(void **state)
{
	(void)state;
	struct sl_delta delta = project_delta("{'meta':{'context':{'a':null,'b':1}}}", &arena);
	expect_delta(&delta, "{'meta':{'context':{'b':1,'a':null}}}");
	delta = project_delta("{'deleted':{'locations':['x']}}", &arena);
	expect_delta(&delta, "{'deleted':{'locations':['x']}}");
}

static void json__empty_values_of_known_meta_fields_delete(void **state)
{
	(void)state;
	struct sl_delta delta = project_delta("{'meta':{'rawScript':'','stats':{'context':{'total':0}},'note':'','context':"
		"{'episodeSummaries':[],'mood':''}}}", &arena);
	expect_delta(&delta, "{'meta':{'note':'','rawScript':null,'stats':null,'context':{'mood':'',"
		"'episodeSummaries':null}}}");
}

static void json__random_deltas_come_back(void **state)
{
	struct dice dice = { 0x15 };
	struct sl_buf out;
	struct sl_rowset *rows = sl_rowset_new(&arena, 0);
	(void)state;
	sl_buf_init(&out, SIZE_MAX);
	for (int i = 0; i < 300; i++) {
		struct sl_err err = SL_ERR_INIT;
		struct sl_rowset *next = sl_rowset_clone(rows, &arena);
		struct sl_delta delta, again;
		project_scramble(next, &dice, 4, &arena);
		delta = difference(rows, next);
		sl_buf_clear(&out);
		assert_int_equal(sl_delta_write(&delta, &out), SL_OK);
		json_t *value = json_loadb(out.bytes, out.length, 0, NULL);
		assert_int_equal(sl_delta_from_json(value, &arena, &again, &err), SL_OK);
		json_decref(value);
		expect_rows(again.rows, delta.rows);
		expect_rows(applied(&again, rows), next);
		rows = next;
	}
	sl_buf_dispose(&out);
}

/* --- the algebra on random histories ----------------------------------------------------------------------------- */

static void difference__applied_to_before_gives_after(void **state)
{
	struct dice dice = { 0xa1 };
	struct sl_rowset *before = sl_rowset_new(&arena, 0), *after;
	(void)state;
	for (int i = 0; i < 500; i++, before = after) {
		after = sl_rowset_clone(before, &arena);
		project_scramble(after, &dice, dice_roll(&dice, 8), &arena);
		struct sl_delta delta = difference(before, after), none = difference(after, after);
		assert_true(sl_delta_is_empty(&none));
		expect_rows(applied(&delta, before), after);
		assert_int_equal(sl_delta_is_empty(&delta), rows_same(before, after));
		/* Nothing in it is superfluous. */
		assert_true(sl_rowset_count(delta.rows) + delta.deleted_count <= 8 + 40);
		const struct sl_row *row;
		for (size_t cursor = 0; (row = sl_rowset_next(delta.rows, &cursor));) {
			const struct sl_row *old = sl_rowset_find(before, &row->key);
			assert_true(!old || !sl_row_same_content(old, row));
		}
	}
}

static void invert__undoes(void **state)
{
	struct dice dice = { 0xb2 };
	struct sl_rowset *before = sl_rowset_new(&arena, 0), *after;
	(void)state;
	for (int i = 0; i < 500; i++, before = after) {
		struct sl_delta inverse, delta;
		after = sl_rowset_clone(before, &arena);
		project_scramble(after, &dice, dice_roll(&dice, 8), &arena);
		delta = difference(before, after);
		assert_int_equal(sl_delta_invert(&delta, before, &arena, &inverse), SL_OK);
		expect_rows(applied(&inverse, after), before);
	}
}

static void compose__has_the_effect_of_both(void **state)
{
	struct dice dice = { 0xc3 };
	struct sl_rowset *first = sl_rowset_new(&arena, 0);
	(void)state;
	for (int i = 0; i < 500; i++) {
		struct sl_rowset *second = sl_rowset_clone(first, &arena), *third;
		struct sl_delta both, a, b;
		project_scramble(second, &dice, dice_roll(&dice, 6), &arena);
		third = sl_rowset_clone(second, &arena);
		project_scramble(third, &dice, dice_roll(&dice, 6), &arena);
		a = difference(first, second);
		b = difference(second, third);
		assert_int_equal(sl_delta_compose(&a, &b, &arena, &both), SL_OK);
		expect_rows(applied(&both, first), third);
		for (size_t k = 0; k < both.deleted_count; k++)
			assert_null(sl_rowset_find(both.rows, &both.deleted[k]));
		first = second;
	}
}

static void compose__of_a_whole_history_is_its_difference(void **state)
{
	struct dice dice = { 0xd4 };
	struct sl_rowset *first = sl_rowset_new(&arena, 0), *last = first, *next;
	struct sl_delta all = difference(first, first);
	(void)state;
	for (int i = 0; i < 200; i++, last = next) {
		next = sl_rowset_clone(last, &arena);
		project_scramble(next, &dice, 3, &arena);
		struct sl_delta step = difference(last, next), sum;
		assert_int_equal(sl_delta_compose(&all, &step, &arena, &sum), SL_OK);
		all = sum;
		expect_rows(applied(&all, first), next);
	}
}

/* --- deleting episodes ------------------------------------------------------------------------------------------- */

#define TWO_EPISODES                                                                                                   \
	"{'episodes':[{'id':1,'scenes':[{'id':'a'},{'id':'b'}],'shots':[{'id':'a'}]},{'id':2,'scenes':[{'id':'a'}],"      \
	"'shots':[]}],'context':{'characters':[{'id':'a'}]}}"

static void apply__an_episode_takes_its_scenes_and_shots_along(void **state)
{
	(void)state;
	struct sl_rowset *rows = project_rows(TWO_EPISODES, &arena), *left;
	struct sl_delta delta = project_delta("{'deleted':{'episodes':[1]}}", &arena), inverse;
	left = applied(&delta, rows);
	assert_int_equal(sl_rowset_count(left), 3);
	expect_order(left, SL_EPISODES, 0, "2");
	expect_order(left, SL_SCENES, 2, "a");
	assert_int_equal(sl_delta_expand(&delta, rows, &arena), SL_OK);
	assert_int_equal(delta.deleted_count, 4);
	assert_int_equal(sl_delta_expand(&delta, rows, &arena), SL_OK);
	assert_int_equal(delta.deleted_count, 4);
	assert_int_equal(sl_delta_invert(&delta, rows, &arena, &inverse), SL_OK);
	expect_rows(applied(&inverse, left), rows);
}

static void apply__deleting_what_is_not_there_does_nothing(void **state)
{
	(void)state;
	struct sl_rowset *rows = project_rows(TWO_EPISODES, &arena);
	struct sl_delta delta = project_delta("{'meta':{'fileName':null},'deleted':{'episodes':[9],'shots':[{'episodeId':2,"
		"'shotId':'a'}],'characters':['b']}}", &arena);
	expect_rows(applied(&delta, rows), rows);
}

/* --- order ------------------------------------------------------------------------------------------------------- */

static void apply__new_rows_without_rank_go_last_in_their_order(void **state)
{
	(void)state;
	struct sl_rowset *rows = project_rows(TWO_EPISODES, &arena);
	struct sl_delta delta = project_delta("{'episodes':[{'id':9},{'id':7}],'scenes':[{'id':'z','episodeId':1},"
		"{'id':'A',"
		"'episodeId':1},{'id':'z','episodeId':7},{'id':'y','episodeId':7},{'id':'0','episodeId':2}]}", &arena);
	struct sl_rowset *changed = applied(&delta, rows);
	expect_order(changed, SL_EPISODES, 0, "1 2 9 7");
	expect_order(changed, SL_SCENES, 1, "a b z A");
	expect_order(changed, SL_SCENES, 2, "a 0");
	expect_order(changed, SL_SCENES, 7, "z y");
}

static struct sl_rowset *applied_by(const char *prefix, const char *text, const struct sl_rowset *rows)
{
	struct sl_delta delta = project_delta(text, &arena);
	struct sl_rowset *changed = sl_rowset_clone(rows, &arena);
	assert_non_null(changed);
	assert_int_equal(sl_delta_apply_as(&delta, changed, sl_str_from(prefix), &arena), SL_OK);
	return changed;
}

#define SCENES(a, b)                                                                                                   \
	"{'scenes':[{'episodeId':1,'id':'" a "','title':'" a "'},{'episodeId':1,'id':'" b "','title':'" b "'}]}"

static void case_22__rows_appended_on_two_devices_dont_interleave(void **state)
{
	(void)state;
	struct sl_rowset *base = project_rows("{'episodes':[{'id':1,'scenes':[{'id':'a'}]}]}", &arena);
	struct sl_rowset *mine = applied_by("Qm7aB", SCENES("m2", "m1"), base);
	struct sl_rowset *theirs = applied_by("b2Xy9", SCENES("t1", "t2"), base);
	mine = applied_by("Qm7aB", SCENES("m3", "m4"), mine);
	theirs = applied_by("b2Xy9", SCENES("t4", "t3"), theirs);
	struct sl_delta change = difference(base, theirs);
	expect_order(applied(&change, mine), SL_SCENES, 1, "a m2 m1 m3 m4 t1 t2 t4 t3");
	change = difference(base, mine);
	expect_order(applied(&change, theirs), SL_SCENES, 1, "a m2 m1 m3 m4 t1 t2 t4 t3");
}

static void apply__known_rows_without_rank_stay_where_they_are(void **state)
{
	(void)state;
	struct sl_rowset *rows = project_rows(TWO_EPISODES, &arena);
	struct sl_delta delta = project_delta("{'scenes':[{'id':'a','episodeId':1,'title':'new'}]}", &arena);
	struct sl_rowset *changed = applied(&delta, rows);
	struct sl_key key = { SL_SCENES, 1, SL_STR("a") };
	assert_true(sl_str_equal(sl_rowset_find(changed, &key)->rank, sl_rowset_find(rows, &key)->rank));
	expect_order(changed, SL_SCENES, 1, "a b");
}

static void apply__last_means_behind_the_ranks_of_the_same_delta(void **state)
{
	(void)state;
	struct sl_rowset *rows = project_rows(TWO_EPISODES, &arena);
	struct sl_delta delta = project_delta("{'scenes':[{'id':'new','episodeId':1},{'id':'a','episodeId':1,'rank':'z5'},"
		"{'id':'c','episodeId':1,'rank':'z3'}]}", &arena);
	expect_order(applied(&delta, rows), SL_SCENES, 1, "b c a new");
}

static void apply__moves_by_rank(void **state)
{
	(void)state;
	struct sl_rowset *rows = project_rows(TWO_EPISODES, &arena);
	struct sl_delta delta = project_delta("{'scenes':[{'id':'b','episodeId':1,'rank':'0V'}]}", &arena);
	expect_order(applied(&delta, rows), SL_SCENES, 1, "b a");
}

#define Z16 "zzzzzzzzzzzzzzzz"
#define LAST_RANK Z16 Z16 Z16 Z16 /* nothing fits behind it */

static void apply__siblings_are_respaced_where_no_room_is_left(void **state)
{
	(void)state;
	struct sl_rowset *rows = project_rows(TWO_EPISODES, &arena), *changed;
	struct sl_delta delta = project_delta("{'scenes':[{'id':'x','episodeId':1},{'id':'w','episodeId':1},{'id':'b',"
		"'episodeId':"
		"1,'rank':'0V'},{'id':'e','episodeId':1,'rank':'" LAST_RANK "'},{'id':'v','episodeId':1},{'id':'n',"
			"'episodeId':2}],"
		"'deleted':{'scenes':[{'episodeId':1,'sceneId':'gone'}]}}", &arena);
	changed = applied(&delta, rows);
	expect_order(changed, SL_SCENES, 1, "b a e x w v");
	expect_order(changed, SL_SCENES, 2, "a n");
	struct sl_key e = { SL_SCENES, 1, SL_STR("e") }, shot = { SL_SHOTS, 1, SL_STR("a") };
	assert_true(sl_rowset_find(changed, &e)->rank.length < 4);
	assert_true(sl_str_equal(sl_rowset_find(changed, &shot)->rank, sl_rowset_find(rows, &shot)->rank));
	/* The next new row finds room again. */
	delta = project_delta("{'scenes':[{'id':'1','episodeId':1}]}", &arena);
	struct sl_rowset *again = applied(&delta, changed);
	expect_order(again, SL_SCENES, 1, "b a e x w v 1");
	delta = difference(changed, again);
	assert_int_equal(sl_rowset_count(delta.rows), 1);
}

/* --- hostile sizes ----------------------------------------------------------------------------------------------- */

static double seconds_since(clock_t start)
{
	return (double)(clock() - start) / CLOCKS_PER_SEC;
}

/* Shots of `episodes` episodes, in turns: per episode one at the last rank, the others without. */
static struct sl_rowset *hostile_shots(size_t count, size_t episodes)
{
	struct sl_rowset *rows = sl_rowset_new(&arena, count);
	for (size_t i = 0; i < count; i++) {
		char id[24];
		struct sl_row row = { { SL_SHOTS, (int64_t)(i % episodes), { NULL, 0 } }, { NULL, 0 }, SL_STR("{}"), 0 };
		size_t length = (size_t)snprintf(id, sizeof(id), "%zu", i);
		assert_int_equal(sl_arena_copy(&arena, (struct sl_str){ id, length }, &row.key.id), SL_OK);
		if (i < episodes)
			row.rank = SL_STR(LAST_RANK);
		assert_non_null(sl_rowset_put(rows, &row));
	}
	return rows;
}

static void apply__takes_its_time_by_the_number_of_rows_only(void **state)
{
	static const size_t episodes[] = { 1, 100, 10000 };
	enum { COUNT = 20000 };
	(void)state;
	for (size_t i = 0; i < LENGTH(episodes); i++) {
		struct sl_rowset *rows = sl_rowset_new(&arena, 0);
		struct sl_delta delta = { hostile_shots(COUNT, episodes[i]), NULL, 0 };
		for (size_t k = 0; k < episodes[i]; k++) {
			struct sl_row episode = { sl_key_of_episode((int64_t)k), SL_STR("V"), SL_STR("{}"), 0 };
			assert_non_null(sl_rowset_put(rows, &episode));
		}
		clock_t start = clock();
		assert_int_equal(sl_delta_apply(&delta, rows, &arena), SL_OK);
		if (seconds_since(start) > 2)
			fail_msg("%d shots in %zu episodes took %.1f s", COUNT, episodes[i], seconds_since(start));
		expect_whole(rows);
		assert_int_equal(sl_rowset_count(rows), COUNT + episodes[i]);
	}
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
	const struct CMUnitTest tests[] = {
		TEST(json__comes_back_as_it_was),
		TEST(json__of_nothing_is_an_empty_object),
		TEST(json__context_alone_needs_no_comma),
		TEST(json__empty_values_of_known_meta_fields_delete),
		TEST(json__random_deltas_come_back),
		TEST(difference__applied_to_before_gives_after),
		TEST(invert__undoes),
		TEST(compose__has_the_effect_of_both),
		TEST(compose__of_a_whole_history_is_its_difference),
		TEST(apply__an_episode_takes_its_scenes_and_shots_along),
		TEST(apply__deleting_what_is_not_there_does_nothing),
		TEST(apply__new_rows_without_rank_go_last_in_their_order),
		TEST(case_22__rows_appended_on_two_devices_dont_interleave),
		TEST(apply__known_rows_without_rank_stay_where_they_are),
		TEST(apply__last_means_behind_the_ranks_of_the_same_delta),
		TEST(apply__moves_by_rank),
		TEST(apply__siblings_are_respaced_where_no_room_is_left),
		TEST(apply__takes_its_time_by_the_number_of_rows_only),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
