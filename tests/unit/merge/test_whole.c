/* sl_merge as a whole: project-level fields, versions, receipts and deltas in order, damaged rows, want of memory. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <jansson.h>

#include "merging.h"
#include "unit/base/torture.h"

#define OLD "{'title':'old'}"
#define NEW "{'title':'new'}"
#define OTHER "{'title':'other'}"

/* --- project-level fields --------------------------------------------------------------------------------------- */

static void merge__meta_fields_merge_by_their_rules(void **state)
{
	(void)state;
	put(BASE, meta("fileName"), "", "'f'");
	put(MINE, meta("fileName"), "", "'mine'");
	put(THEIRS, meta("fileName"), "", "'theirs'");
	put(BASE, meta("contextUsage"), "", "{'promptTokens':10,'totalTokens':10}");
	put(MINE, meta("contextUsage"), "", "{'promptTokens':15,'totalTokens':15}");
	put(THEIRS, meta("contextUsage"), "", "{'promptTokens':12,'responseTokens':1,'totalTokens':13}");
	merge();
	assert_data(meta("fileName"), "'theirs'");
	assert_data(meta("contextUsage"), "{'promptTokens':17,'responseTokens':1,'totalTokens':18}");
	assert_receipt(meta("fileName"), (struct says){ "", "'f'", "'mine'", "'theirs'", "'theirs'", SL_RULE_LWW, 'c', 0 });
	assert_receipt(meta("contextUsage"),
		(struct says){ "", "{'promptTokens':10,'totalTokens':10}", "{'promptTokens':15,'totalTokens':15}",
			"{'promptTokens':12,'responseTokens':1,'totalTokens':13}",
			"{'promptTokens':17,'responseTokens':1,'totalTokens':18}", SL_RULE_COUNTER, 'm', 0 });
	assert_counts(2, 1, 0);
}

static void merge__absent_meta_counts_as_empty(void **state)
{
	(void)state;
	/* Counters that one side set back to nothing, and the other counted on. */
	put(BASE, meta("stats"), "", "{'context':{'total':4}}");
	put(THEIRS, meta("stats"), "", "{'context':{'total':6}}");
	/* Both sides set the field back: it isn't stored. */
	put(BASE, meta("contextUsage"), "", "{'promptTokens':5}");
	put(MINE, meta("contextUsage"), "", "{'promptTokens':0}");
	put(THEIRS, meta("contextUsage"), "", "{'promptTokens':0,'totalTokens':0}");
	/* A guide that both began. */
	put(MINE, meta("shotGuide"), "", "'guide'");
	merge();
	assert_data(meta("stats"), "{'context':{'total':2}}");
	assert_data(meta("contextUsage"), NULL);
	assert_data(meta("shotGuide"), "'guide'");
	assert_int_equal(the.merge.push.deleted_count, 1);
}

static void merge__script_deleted_against_edited_is_a_decision(void **state)
{
	(void)state;
	put(BASE, meta("rawScript"), "", "'A day.'");
	put(MINE, meta("rawScript"), "", "'A long day.'");
	merge();
	assert_data(meta("rawScript"), NULL);
	assert_receipt(meta("rawScript"), (struct says){ "", "'A day.'", "'A long day.'", "", "", SL_RULE_TEXT, 'p', 0 });
	assert_counts(1, 1, 1);
}

/* --- all of it -------------------------------------------------------------------------------------------------- */

static void merge__rows_that_are_as_theirs_keep_its_version(void **state)
{
	(void)state;
	put(ALL, episode(1), "V", "{'status':'pending','title':'old'}");
	put(MINE, episode(1), "V", "{'status':'pending','title':'mine'}");
	put(THEIRS, episode(1), "V", "{'status':'generating','title':'theirs'}");
	put(ALL, episode(2), "V", OLD);
	put(MINE, episode(2), "V", NEW);
	put(THEIRS, episode(2), "W", OLD);
	merge();
	assert_int_equal(merged(episode(1))->version, 7);
	assert_int_equal(merged(episode(2))->version, 0);
	assert_int_equal(sl_rowset_count(the.merge.push.rows), 1);
	const struct sl_key key = episode(1);
	assert_ptr_equal(merged(key)->data.bytes, sl_rowset_find(the.theirs, &key)->data.bytes);
}

/* lessons.md: Joplin 5738, 12777, "wrong client clocks made thousands of conflict copies". */
static void merge__versions_decide_nothing(void **state)
{
	(void)state;
	put(BASE, episode(1), "V", OLD);
	put(MINE, episode(1), "V", NEW);
	put(THEIRS, episode(1), "V", OTHER);
	for (int64_t version = -1; version <= 9; version += 5) {
		const struct sl_key key = episode(1);
		sl_rowset_find(the.base, &key)->version = 9 - version;
		sl_rowset_find(the.mine, &key)->version = version * 1000000;
		sl_rowset_find(the.theirs, &key)->version = version;
		merge();
		assert_data(key, OTHER);
		assert_counts(1, 1, 0);
	}
}

static void merge__receipts_come_by_key_then_path(void **state)
{
	(void)state;
	put(BASE, shot(2, "a"), "V", "{}");
	put(MINE, shot(2, "a"), "W", "{'movement':'m','duration':'m','shotType':'m'}");
	put(THEIRS, shot(2, "a"), "Y", "{'duration':'t','movement':'t','shotType':'t'}");
	put(ALL, shot(2, "b"), "VV", "{}");
	put(ALL, shot(2, "c"), "X", "{}");
	put(BASE, episode(2), "V", "{'title':''}");
	put(MINE, episode(2), "V", "{'title':'m'}");
	put(THEIRS, episode(2), "V", "{'title':'t'}");
	put(MINE, meta("fileName"), "", "'m'");
	put(THEIRS, meta("fileName"), "", "'t'");
	merge();
	static const char *const paths[] = { "", "/title", "", "/duration", "/movement", "/shotType" };
	assert_counts(6, 6, 0);
	for (size_t i = 0; i < 6; i++)
		assert_value("path", the.merge.notes[i].path, paths[i]);
	assert_int_equal(the.merge.notes[0].key.entity, SL_META);
	assert_true(the.merge.notes[2].kind == SL_NOTE_MOVED);
}

static struct sl_str written(const struct sl_delta *delta)
{
	struct sl_buf out;
	struct sl_str text;
	sl_buf_init(&out, SIZE_MAX);
	assert_int_equal(sl_delta_write(delta, &out), 0);
	assert_int_equal(sl_arena_copy(&the.arena, sl_buf_str(&out), &text), 0);
	sl_buf_dispose(&out);
	return text;
}

static void put_many(bool backwards)
{
	static const char *const names[] = { "a", "b", "c", "d", "e", "f", "g", "h" };
	for (size_t i = 0; i < 8; i++) {
		size_t at = backwards ? 7 - i : i;
		put(at < 2 ? BASE | MINE : at < 4 ? BASE | THEIRS : ALL, character(names[at]), names[7 - at], "{}");
		if (at >= 4)
			put(at < 6 ? MINE : THEIRS, character(names[at]), names[7 - at], "{'name':'x'}");
	}
}

static void merge__order_of_the_sets_decides_nothing(void **state)
{
	for (int i = 0; i < 2; i++) {
		put_many(i == 1);
		merge();
		assert_value("push", written(&the.merge.push), "{'characters':[{'id':'f','rank':'c','name':'x'},"
			"{'id':'e','rank':'d','name':'x'}],'deleted':{'characters':['c','d']}}");
		assert_value("adopt", written(&the.merge.adopt), "{'characters':[{'id':'h','rank':'a','name':'x'},"
			"{'id':'g','rank':'b','name':'x'}],'deleted':{'characters':['a','b']}}");
		tear_down(state);
		set_up(state);
	}
}

static void merge__damaged_rows_are_refused(void **state)
{
	static const char *const damaged[] = { "no JSON", "[]", "{'a':1,'a':2}", "'text'", "{" };
	for (size_t i = 0; i < sizeof(damaged) / sizeof(damaged[0]); i++) {
		for (int side = BASE; side <= THEIRS; side *= 2) {
			put(BASE, episode(1), "V", OLD);
			put(MINE, episode(1), "V", NEW);
			put(THEIRS, episode(1), "V", OTHER);
			put(side, episode(1), "V", damaged[i]);
			assert_int_equal(sl_merge(the.base, the.mine, the.theirs, NULL, &the.arena, &the.merge, &the.err), SL_INTERNAL);
			assert_int_equal(the.err.code, SL_INTERNAL);
			tear_down(state);
			set_up(state);
		}
	}
}

static void merge__works_on_nothing(void **state)
{
	(void)state;
	merge();
	assert_int_equal(sl_rowset_count(the.merge.rows), 0);
	assert_true(sl_delta_is_empty(&the.merge.push) && sl_delta_is_empty(&the.merge.adopt));
}

/* Merges as `context`, the result of a merge with all the memory it wanted. */
static int merge_once(void *context)
{
	const struct sl_merge *whole = context;
	struct sl_arena arena;
	struct sl_merge result;
	sl_arena_init(&arena, 0);
	int rc = sl_merge(the.base, the.mine, the.theirs, NULL, &arena, &result, NULL);
	if (rc == 0 && (result.note_count != whole->note_count
		|| !sl_digest_equal(sl_digest_of(result.rows), sl_digest_of(whole->rows))))
		rc = SL_INTERNAL;
	sl_arena_dispose(&arena);
	return rc;
}

static void merge__every_failed_allocation_is_told(void **state)
{
	(void)state;
	put(BASE, character("a"), "A", "{'bio':'one two','forms':[{'formName':'O'},{'formName':'Y'},{'formName':'C'},"
		"{'formName':'D'},{'bio':'x','formName':'E'}],'isMain':true}");
	put(MINE, character("a"), "B", "{'bio':'one 2','forms':[{'formName':'Y','x':2},{'formName':'C'},{'formName':'D'},"
		"{'formName':'O'},{'bio':'y','formName':'E'}],'name':'m'}");
	put(THEIRS, character("a"), "C", "{'bio':'one zwei','forms':[{'formName':'Y','x':3},{'formName':'C'},"
		"{'formName':'O'},{'formName':'D'}],'isMain':false,'name':'t'}");
	put(BASE, meta("stats"), "", "{'context':{'total':1}}");
	put(MINE, meta("stats"), "", "{'context':{'total':2}}");
	put(THEIRS, meta("stats"), "", "{'context':{'total':5}}");
	put(BASE, meta("context.episodeSummaries"), "", "[{'episodeId':1,'summary':'a'}]");
	put(MINE, meta("context.episodeSummaries"), "", "[{'episodeId':1,'summary':'a'},{'episodeId':2,'summary':''}]");
	put(THEIRS, meta("context.episodeSummaries"), "", "[{'episodeId':1,'summary':'b'}]");
	put(BASE, meta("fileName"), "", "'b'");
	put(MINE, meta("fileName"), "", "'m'");
	put(THEIRS, meta("fileName"), "", "'t'");
	put(BASE | MINE, episode(1), "V", OLD);
	put(BASE, scene(1, "edited"), "V", "{}");
	put(MINE, scene(1, "edited"), "V", "{'title':'words'}");
	merge();
	assert_int_equal(the.merge.open_count, 2);
	assert_non_null(receipt_of(character("a"), "/forms", true));
	assert_true(torture(merge_once, &the.merge) > 20);
}

static void merge__every_failed_allocation_of_moves_is_told(void **state)
{
	static const char tea[] = "{'content':'INT. KITCHEN. Ann makes tea.'}", tar[] = "{'content':'EXT. HARBOUR. Gulls and tar.'}";
	(void)state;
	put(ALL, episode(1), "A", "{'title':'One'}");
	put(BASE | MINE, episode(2), "B", "{'content':'What happens in the middle.'}");
	put(THEIRS, episode(3), "C", "{'content':'What happens in the middle.'}");
	put(MINE, episode(3), "C", "{'content':'Something else, much later, in the snow.'}");
	put(BASE | MINE, scene(2, "s"), "A", tea);
	put(THEIRS, scene(3, "s"), "A", tea);
	put(BASE | THEIRS, scene(1, "m"), "A", tar);
	put(MINE, scene(2, "m"), "B", tar);
	put(MINE, shot(1, "x"), "A", "{'description':'A long look out of the window.'}");
	put(THEIRS, shot(1, "x"), "A", "{'description':'The street, seen from far above.'}");
	put(BASE | THEIRS, meta("context.episodeSummaries"), "", "[{'episodeId':1}]");
	put(MINE, meta("context.episodeSummaries"), "", "[{'episodeId':1},{'episodeId':3}]");
	put(BASE, location("l"), "A", "{'zones':[{'name':'','visuals':'a'},{'name':'','visuals':'b'},{'name':'Hall','visuals':'c d'}]}");
	put(MINE, location("l"), "B", "{'zones':[{'name':'','visuals':'b'},{'name':'Lobby','visuals':'c d'},{'name':'New','visuals':'x'}]}");
	put(THEIRS, location("l"), "AB", "{'zones':[{'name':'','visuals':'a e'},{'name':'','visuals':'b'},{'name':'New','visuals':'y'}]}");
	put(ALL, location("k"), "AA", "{}");
	merge();
	assert_data(scene(3, "m"), tar);
	assert_true(the.merge.rename_count > 2);
	assert_true(torture(merge_once, &the.merge) > 100);
}

/* --- without an ancestor ------------------------------------------------------------------------------------------ */

static void expect_shared(struct sl_key key, const char *a, const char *b, const char *shared)
{
	const struct sl_row left = { key, SL_STR("V"), quoted(a), 1 }, right = { key, SL_STR("W"), quoted(b), 2 };
	struct sl_row row;
	assert_int_equal(sl_merge_shared(&left, &right, &the.arena, &row), SL_OK);
	assert_true(sl_str_equal(row.data, quoted(shared)));
	assert_int_equal(row.rank.length, 0);
	assert_int_equal(row.version, 0);
	assert_int_equal(sl_merge_shared(&left, &left, &the.arena, &row), SL_OK);
	assert_true(sl_row_same_content(&row, &left));
}

static void shared__is_what_both_hold_and_of_counters_the_smaller(void **state)
{
	(void)state;
	expect_shared(shot(1, "s"), "{'a':[1],'description':'x','duration':'3s'}", "{'b':1,'description':'y','duration':'3s'}",
		"{'description':'','duration':'3s'}");
	expect_shared(shot(1, "s"), "{'description':'the red car'}", "{'description':'the blue car'}", "{'description':'the  car'}");
	expect_shared(meta("rawScript"), "'x'", "'y'", "''");
	expect_shared(meta("contextUsage"), "{'promptTokens':5,'totalTokens':7}", "{'promptTokens':6,'totalTokens':2}",
		"{'promptTokens':5,'totalTokens':2}");
	expect_shared(meta("contextUsage"), "{'promptTokens':5}", "{'promptTokens':'many'}", "{}");
	expect_shared(meta("stats"), "{'context':{'total':5},'shotGen':{'total':1}}", "{'context':{'total':6},'x':1}",
		"{'context':{'total':5}}");
}

static void shared__is_an_ancestor_with_which_nothing_goes(void **state)
{
	(void)state;
	const struct sl_row mine = { shot(1, "s"), SL_STR("V"), quoted("{'description':'x','dialogue':'d','duration':'3s'}"), 0 };
	const struct sl_row theirs = { mine.key, SL_STR("V"), quoted("{'description':'y','duration':'3s','note':1}"), 0 };
	struct sl_row base;
	assert_int_equal(sl_merge_shared(&mine, &theirs, &the.arena, &base), SL_OK);
	assert_true(sl_rowset_put(the.base, &base) && sl_rowset_put(the.mine, &mine) && sl_rowset_put(the.theirs, &theirs));
	const struct sl_merge_options options = { .ancestor = SL_TEXT_SHARED_BASE };
	assert_int_equal(sl_merge(the.base, the.mine, the.theirs, &options, &the.arena, &the.merge, &the.err), 0);
	const struct sl_row *merged = sl_rowset_find(the.merge.rows, &mine.key);
	assert_true(sl_str_equal(merged->data, quoted("{'description':'y','dialogue':'d','duration':'3s','note':1}")));
	assert_true(sl_str_equal(merged->rank, SL_STR("V")));
	assert_int_equal(the.merge.open_count, 1);
}

static void shared__of_a_damaged_row_is_refused(void **state)
{
	(void)state;
	const struct sl_row sound = { shot(1, "s"), SL_STR("V"), SL_STR("{}"), 0 }, damaged = { sound.key, sound.rank, SL_STR("{"), 0 };
	struct sl_row row;
	assert_int_equal(sl_merge_shared(&sound, &damaged, &the.arena, &row), SL_INTERNAL);
	assert_int_equal(sl_merge_shared(&damaged, &sound, &the.arena, &row), SL_INTERNAL);
}

/* Of an import that another device has sent in part, no row gets another key. */
static void merge__an_import_in_part_is_the_same_import(void **state)
{
	(void)state;
	put(BOTH, episode(1), "V", "{'title':'The lighthouse keeper'}");
	put(MINE, scene(1, "a"), "V", "{'content':'Waves, and a lamp that turns all night over the sea.'}");
	put(MINE, character("c"), "V", "{'name':'The keeper of the lamp'}");
	merge();
	assert_int_equal(the.merge.rename_count, 0);
	assert_int_equal(sl_rowset_count(the.merge.rows), 3);
}

#define HARBOUR "'content':'EXT. HARBOUR. Gulls, ropes, the smell of tar. A boat that nobody has seen.','title':'The boat'"
#define TOLD "'content':'Somebody knocks at the old door. Nobody answers, and the train is late.'"
#define UNTOLD "'content':'A long corridor without windows; far away steps, and a lamp that flickers.'"

/* Theirs has come in part only, and was worked on since; what mine has besides is more than what both have. */
static void merge__an_import_in_part_is_the_same_import_though_it_was_worked_on(void **state)
{
	(void)state;
	put(BOTH, episode(1), "A", "{" HARBOUR "}");
	put(BOTH, scene(1, "s"), "A", "{'content':'INT. KITCHEN. Ann makes tea.'}");
	put(THEIRS, scene(1, "new"), "B", "{'content':'INT. HALL. Tom waits.'}");
	for (size_t i = 0; i < 6; i++)
		put(MINE, shot(1, (const char *[]){ "1", "2", "3", "4", "5", "6" }[i]), "A",
			"{'description':'A look out of the window, over roofs, down to the quay and its cranes.'}");
	merge();
	assert_data(episode(1), "{" HARBOUR "}");
	assert_data(scene(1, "new"), "{'content':'INT. HALL. Tom waits.'}");
	assert_non_null(merged(shot(1, "6")));
	assert_int_equal(the.merge.rename_count, 0);
	assert_counts(0, 0, 0);
}

static void merge__an_imported_episode_is_one_though_both_added_other_scenes(void **state)
{
	(void)state;
	put(BOTH, episode(1), "A", "{" HARBOUR "}");
	for (int i = 0; i < 2; i++) {
		put(MINE, scene(1, i ? "t" : "s"), i ? "B" : "A", "{" TOLD ",'title':'mine'}");
		put(THEIRS, scene(1, i ? "t" : "s"), i ? "B" : "A", "{" UNTOLD ",'title':'theirs'}");
	}
	merge();
	assert_data(episode(1), "{" HARBOUR "}");
	assert_data(scene(1, "s"), "{" UNTOLD ",'title':'theirs'}");
	assert_data(scene(1, "sA"), "{" TOLD ",'title':'mine'}");
	assert_data(scene(1, "tA"), "{" TOLD ",'title':'mine'}");
	assert_int_equal(the.merge.rename_count, 2);
	assert_counts(2, 0, 0);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
	const struct CMUnitTest tests[] = {
		TEST(merge__meta_fields_merge_by_their_rules),
		TEST(merge__absent_meta_counts_as_empty),
		TEST(merge__script_deleted_against_edited_is_a_decision),
		TEST(merge__rows_that_are_as_theirs_keep_its_version),
		TEST(merge__versions_decide_nothing),
		TEST(merge__an_import_in_part_is_the_same_import),
		TEST(merge__an_import_in_part_is_the_same_import_though_it_was_worked_on),
		TEST(merge__an_imported_episode_is_one_though_both_added_other_scenes),
		TEST(merge__receipts_come_by_key_then_path),
		TEST(merge__order_of_the_sets_decides_nothing),
		TEST(merge__damaged_rows_are_refused),
		TEST(merge__works_on_nothing),
		TEST(shared__is_what_both_hold_and_of_counters_the_smaller),
		TEST(shared__is_an_ancestor_with_which_nothing_goes),
		TEST(shared__of_a_damaged_row_is_refused),
		TEST(merge__every_failed_allocation_is_told),
		TEST(merge__every_failed_allocation_of_moves_is_told),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
