/* sl_merge_reverse, of fields and lists: what a receipt says was mine goes back to its place, and nothing else
 * changes. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "reversing.h"

/* --- fields ----------------------------------------------------------------------------------------------------- */

static void reverse__field(void **state)
{
	(void)state;
	put(BASE, episode(1), "V", "{'title':'b'}");
	put(MINE, episode(1), "V", "{'errorMsg':'m','title':'m'}");
	put(THEIRS, episode(1), "V", "{'errorMsg':'t','title':'t'}");
	merge();
	replace(episode(1), "{'content':'since then','errorMsg':'t','title':'t'}");
	struct sl_delta delta = reverse_at(episode(1), "/title", false);
	assert_data(episode(1), "{'content':'since then','errorMsg':'t','title':'m'}");
	assert_rank(episode(1), "V");
	assert_int_equal(sl_rowset_count(delta.rows), 1);
	assert_int_equal(delta.deleted_count, 0);
	assert_int_equal(merged(episode(1))->version, 0);
}

static void reverse__field_that_mine_had_removed(void **state)
{
	(void)state;
	put(BASE, episode(1), "V", "{'title':'b'}");
	put(MINE, episode(1), "V", "{}");
	put(THEIRS, episode(1), "V", "{'title':'t'}");
	merge();
	reverse(episode(1), "/title");
	assert_data(episode(1), "{}");
}

static void reverse__parked_text(void **state)
{
	(void)state;
	put(BASE, scene(1, "s"), "V", "{'content':'to be'}");
	put(MINE, scene(1, "s"), "V", "{'content':'to bee'}");
	put(THEIRS, scene(1, "s"), "V", "{'content':'to have'}");
	put(ALL, episode(1), "V", "{}");
	merge();
	reverse(scene(1, "s"), "/content");
	assert_data(scene(1, "s"), "{'content':'to bee'}");
}

static void reverse__field_in_an_object(void **state)
{
	(void)state;
	put(BASE, episode(1), "V", "{'shotGenUsage':{'x':1}}");
	put(MINE, episode(1), "V", "{'shotGenUsage':{'x':3}}");
	put(THEIRS, episode(1), "V", "{'shotGenUsage':{'x':4}}");
	merge();
	reverse(episode(1), "/shotGenUsage/x");
	assert_data(episode(1), "{'shotGenUsage':{'x':3}}");
	/* An absent object is an empty one. */
	replace(episode(1), "{}");
	reverse(episode(1), "/shotGenUsage/x");
	assert_data(episode(1), "{'shotGenUsage':{'x':3}}");
	replace(episode(1), "{'shotGenUsage':7}");
	assert_int_equal(try(episode(1), "/shotGenUsage/x", false), SL_NOT_FOUND);
}

static void reverse__removal_in_an_object_that_is_gone_changes_nothing(void **state)
{
	(void)state;
	put(BASE, episode(1), "V", "{'shotGenUsage':{'x':1}}");
	put(MINE, episode(1), "V", "{'shotGenUsage':{}}");
	put(THEIRS, episode(1), "V", "{'shotGenUsage':{'x':4}}");
	merge();
	replace(episode(1), "{}");
	reverse(episode(1), "/shotGenUsage/x");
	assert_data(episode(1), "{}");
}

static void reverse__meta_value(void **state)
{
	(void)state;
	put(BASE, meta("fileName"), "", "'b'");
	put(MINE, meta("fileName"), "", "'m'");
	put(THEIRS, meta("fileName"), "", "'t'");
	put(BASE, meta("shotGuide"), "", "'b'");
	put(THEIRS, meta("shotGuide"), "", "'t'");
	put(BASE, meta("contextUsage"), "", "{'x':1}");
	put(THEIRS, meta("contextUsage"), "", "{'x':2}");
	merge();
	reverse(meta("fileName"), "");
	assert_data(meta("fileName"), "'m'");
	reverse(meta("shotGuide"), "");
	assert_data(meta("shotGuide"), NULL);
	reverse(meta("contextUsage"), "/x");
	assert_data(meta("contextUsage"), NULL);
}

static void reverse__an_empty_meta_value_is_not_stored(void **state)
{
	(void)state;
	put(BASE, meta("fileName"), "", "'b'");
	put(MINE, meta("fileName"), "", "'m'");
	put(THEIRS, meta("fileName"), "", "'t'");
	merge();
	struct sl_note receipt = *receipt_of(meta("fileName"), "", false);
	struct sl_delta delta;
	receipt.mine = SL_STR("\"\""); /* as a person may decide */
	assert_int_equal(sl_merge_reverse(&receipt, the.base, the.merge.rows, &the.arena, &delta, &the.err), 0);
	assert_int_equal(sl_rowset_count(delta.rows), 0);
	assert_int_equal(delta.deleted_count, 1);
}

static void reverse__meta_value_that_is_gone_comes_back(void **state)
{
	(void)state;
	put(MINE, meta("contextUsage"), "", "{'x':1}");
	put(THEIRS, meta("contextUsage"), "", "{'x':2}");
	put(MINE, meta("x"), "", "1");
	put(THEIRS, meta("x"), "", "2");
	merge();
	forget(meta("contextUsage"));
	forget(meta("x"));
	reverse(meta("contextUsage"), "/x");
	reverse(meta("x"), "");
	assert_data(meta("contextUsage"), "{'promptTokens':0,'responseTokens':0,'totalTokens':0,'x':1}");
	assert_data(meta("x"), "1");
}

/* --- lists ------------------------------------------------------------------------------------------------------ */

static void reverse__field_of_an_element(void **state)
{
	(void)state;
	put_forms(BASE, "[{'formName':'a/~b'},{'formName':'c'}]");
	put_forms(MINE, "[{'formName':'a/~b','x':'m'},{'formName':'c'}]");
	put_forms(THEIRS, "[{'formName':'a/~b','x':'t'},{'formName':'c'}]");
	merge();
	replace(character("c"), "{'forms':[{'formName':'c'},{'formName':'a/~b','x':'t'}]}");
	reverse(character("c"), "/forms/a~1~0b/x");
	assert_data(character("c"), "{'forms':[{'formName':'c'},{'formName':'a/~b','x':'m'}]}");
	replace(character("c"), "{'forms':[{'formName':'c'}]}");
	assert_int_equal(try(character("c"), "/forms/a~1~0b/x", false), SL_NOT_FOUND);
}

static void reverse__element_that_survived(void **state)
{
	(void)state;
	put_forms(BASE, "[{'formName':'a'},{'formName':'b'}]");
	put_forms(MINE, "[{'formName':'b','x':'m'}]");
	put_forms(THEIRS, "[{'formName':'a','x':'t'}]");
	merge();
	assert_counts(2, 2, 0);
	reverse(character("c"), "/forms/a");
	assert_data(character("c"), "{'forms':[{'formName':'b','x':'m'}]}");
	replace(character("c"), "{'forms':[{'formName':'b'}]}");
	reverse(character("c"), "/forms/b");
	assert_data(character("c"), "{'forms':[{'formName':'b','x':'m'}]}");
	replace(character("c"), "{}");
	reverse(character("c"), "/forms/b");
	assert_data(character("c"), "{'forms':[{'formName':'b','x':'m'}]}");
}

static void reverse__order_of_a_list(void **state)
{
	(void)state;
	put_forms(BASE, "[{'formName':'b'},{'formName':'c'},{'formName':'x'},{'formName':'a'}]");
	put_forms(MINE, "[{'formName':'a'},{'formName':'b'},{'formName':'c'},{'formName':'x'}]");
	put_forms(THEIRS, "[{'formName':'b'},{'formName':'a'},{'formName':'d'},{'formName':'c'},{'formName':'x'}]");
	merge();
	reverse_at(character("c"), "/forms", true);
	assert_data(character("c"),
		"{'forms':[{'formName':'a'},{'formName':'b'},{'formName':'d'},{'formName':'c'},{'formName':'x'}]}");
	replace(character("c"), "{'forms':[{'formName':'c'},{'formName':'a'}]}");
	reverse_at(character("c"), "/forms", true);
	assert_data(character("c"), "{'forms':[{'formName':'a'},{'formName':'c'}]}");
	replace(character("c"), "{}");
	assert_int_equal(try(character("c"), "/forms", true), SL_NOT_FOUND);
}

static void reverse__order_of_a_meta_list(void **state)
{
	(void)state;
	put(BASE, meta("context.episodeSummaries"), "", "[{'episodeId':2},{'episodeId':3},{'episodeId':1}]");
	put(MINE, meta("context.episodeSummaries"), "", "[{'episodeId':1},{'episodeId':2},{'episodeId':3}]");
	put(THEIRS, meta("context.episodeSummaries"), "", "[{'episodeId':2},{'episodeId':1},{'episodeId':3}]");
	merge();
	assert_receipt(meta("context.episodeSummaries"), (struct says){ "", "['2','3','1']", "['1','2','3']",
		"['2','1','3']", "['2','1','3']", SL_RULE_LIST, 'c', true });
	reverse_at(meta("context.episodeSummaries"), "", true);
	assert_data(meta("context.episodeSummaries"), "[{'episodeId':1},{'episodeId':2},{'episodeId':3}]");
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
	const struct CMUnitTest tests[] = {
		TEST(reverse__field),
		TEST(reverse__field_that_mine_had_removed),
		TEST(reverse__parked_text),
		TEST(reverse__field_in_an_object),
		TEST(reverse__removal_in_an_object_that_is_gone_changes_nothing),
		TEST(reverse__meta_value),
		TEST(reverse__an_empty_meta_value_is_not_stored),
		TEST(reverse__meta_value_that_is_gone_comes_back),
		TEST(reverse__field_of_an_element),
		TEST(reverse__element_that_survived),
		TEST(reverse__order_of_a_list),
		TEST(reverse__order_of_a_meta_list),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
