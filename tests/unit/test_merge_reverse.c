/* sl_merge_reverse: what a receipt says was mine goes back to its place, and nothing else changes. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <jansson.h>

#include "merging.h"
#include "torture.h"

/* Reverses the receipt in the merged rows, which change. */
static struct sl_delta reverse_at(struct sl_key key, const char *path, bool moved)
{
	const struct sl_receipt *receipt = receipt_of(key, path, moved);
	struct sl_delta delta;
	if (!receipt)
		fail_msg("no receipt at %s", path);
	if (sl_merge_reverse(receipt, the.base, the.merge.rows, &the.arena, &delta, &the.err) != 0)
		fail_msg("%s", the.err.message);
	assert_int_equal(sl_delta_apply(&delta, the.merge.rows, &the.arena), 0);
	/* It is there already now. */
	struct sl_delta again;
	assert_int_equal(sl_merge_reverse(receipt, the.base, the.merge.rows, &the.arena, &again, &the.err), 0);
	assert_true(sl_delta_is_empty(&again));
	return delta;
}

static void reverse(struct sl_key key, const char *path) { reverse_at(key, path, false); }

static int try(struct sl_key key, const char *path, bool moved)
{
	const struct sl_receipt *receipt = receipt_of(key, path, moved);
	struct sl_delta delta;
	assert_non_null(receipt);
	return sl_merge_reverse(receipt, the.base, the.merge.rows, &the.arena, &delta, &the.err);
}

static void forget(struct sl_key key) { assert_true(sl_rowset_remove(the.merge.rows, &key)); }

static void replace(struct sl_key key, const char *data)
{
	struct sl_row row = *merged(key);
	row.data = quoted(data);
	assert_non_null(sl_rowset_put(the.merge.rows, &row));
}

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
	put(BASE, episode(1), "V", "{'shotGenUsage':{'totalTokens':1}}");
	put(MINE, episode(1), "V", "{'shotGenUsage':{'totalTokens':3}}");
	put(THEIRS, episode(1), "V", "{'shotGenUsage':{'totalTokens':4}}");
	merge();
	reverse(episode(1), "/shotGenUsage/totalTokens");
	assert_data(episode(1), "{'shotGenUsage':{'totalTokens':3}}");
	/* An absent object is an empty one. */
	replace(episode(1), "{}");
	reverse(episode(1), "/shotGenUsage/totalTokens");
	assert_data(episode(1), "{'shotGenUsage':{'totalTokens':3}}");
	replace(episode(1), "{'shotGenUsage':7}");
	assert_int_equal(try(episode(1), "/shotGenUsage/totalTokens", false), SL_NOT_FOUND);
}

static void reverse__removal_in_an_object_that_is_gone_changes_nothing(void **state)
{
	(void)state;
	put(BASE, episode(1), "V", "{'shotGenUsage':{'totalTokens':1}}");
	put(MINE, episode(1), "V", "{'shotGenUsage':{}}");
	put(THEIRS, episode(1), "V", "{'shotGenUsage':{'totalTokens':4}}");
	merge();
	replace(episode(1), "{}");
	reverse(episode(1), "/shotGenUsage/totalTokens");
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
	put(BASE, meta("contextUsage"), "", "{'totalTokens':1}");
	put(THEIRS, meta("contextUsage"), "", "{'totalTokens':2}");
	merge();
	reverse(meta("fileName"), "");
	assert_data(meta("fileName"), "'m'");
	reverse(meta("shotGuide"), "");
	assert_data(meta("shotGuide"), NULL);
	reverse(meta("contextUsage"), "/totalTokens");
	assert_data(meta("contextUsage"), NULL);
}

static void reverse__meta_value_that_is_gone_comes_back(void **state)
{
	(void)state;
	put(MINE, meta("contextUsage"), "", "{'totalTokens':1}");
	put(THEIRS, meta("contextUsage"), "", "{'totalTokens':2}");
	put(MINE, meta("x"), "", "1");
	put(THEIRS, meta("x"), "", "2");
	merge();
	forget(meta("contextUsage"));
	forget(meta("x"));
	reverse(meta("contextUsage"), "/totalTokens");
	reverse(meta("x"), "");
	assert_data(meta("contextUsage"), "{'promptTokens':0,'responseTokens':0,'totalTokens':1}");
	assert_data(meta("x"), "1");
}

/* --- lists ------------------------------------------------------------------------------------------------------ */

static void put_forms(int sides, const char *forms)
{
	char text[512];
	snprintf(text, sizeof(text), "{'forms':%s}", forms);
	put(sides, character("c"), "V", text);
}

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

/* --- rows ------------------------------------------------------------------------------------------------------- */

static void reverse__deletes_a_row_again(void **state)
{
	(void)state;
	put(BASE, character("a"), "V", "{'name':'b'}");
	put(THEIRS, character("a"), "V", "{'name':'t'}");
	merge();
	reverse(character("a"), "");
	assert_data(character("a"), NULL);
}

static void reverse__deletes_an_episode_with_its_scenes(void **state)
{
	(void)state;
	put(BASE | THEIRS, episode(1), "V", "{'title':'b'}");
	put(THEIRS, scene(1, "added"), "V", "{}");
	merge();
	struct sl_delta delta = reverse_at(episode(1), "", false);
	assert_int_equal(delta.deleted_count, 2);
	assert_int_equal(sl_rowset_count(the.merge.rows), 0);
}

static void put_scene_against_deletion(void)
{
	put(BASE | MINE, episode(1), "V", "{'title':'e'}");
	put(BASE, scene(1, "s"), "W", "{'title':'b'}");
	put(MINE, scene(1, "s"), "W", "{'title':'m'}");
	merge();
	assert_counts(2, 2, 0);
}

static void reverse__row_comes_back_to_its_place(void **state)
{
	(void)state;
	put_scene_against_deletion();
	forget(scene(1, "s"));
	reverse(scene(1, "s"), "");
	assert_data(scene(1, "s"), "{'title':'m'}");
	assert_rank(scene(1, "s"), "W");
}

static void reverse__row_comes_back_with_its_episode(void **state)
{
	(void)state;
	put_scene_against_deletion();
	forget(scene(1, "s"));
	forget(episode(1));
	reverse(scene(1, "s"), "");
	assert_data(scene(1, "s"), "{'title':'m'}");
	assert_data(episode(1), "{'title':'e'}");
	forget(scene(1, "s"));
	forget(episode(1));
	drop(BASE, episode(1));
	assert_int_equal(try(scene(1, "s"), "", false), SL_NOT_FOUND);
}

static void reverse__row_edited_since_is_replaced(void **state)
{
	(void)state;
	put_scene_against_deletion();
	replace(scene(1, "s"), "{'title':'now'}");
	reverse(scene(1, "s"), "");
	assert_data(scene(1, "s"), "{'title':'m'}");
}

static void reverse__place(void **state)
{
	(void)state;
	put(BASE, character("a"), "A", "{}");
	put(MINE, character("a"), "B", "{}");
	put(THEIRS, character("a"), "C", "{'name':'t'}");
	merge();
	reverse_at(character("a"), "", true);
	assert_rank(character("a"), "B");
	assert_data(character("a"), "{'name':'t'}");
	forget(character("a"));
	assert_int_equal(try(character("a"), "", true), SL_NOT_FOUND);
}

static void reverse__field_of_a_vanished_row_is_not_found(void **state)
{
	(void)state;
	put(MINE, character("a"), "A", "{'name':'m'}");
	put(THEIRS, character("a"), "A", "{'name':'t'}");
	merge();
	forget(character("a"));
	assert_int_equal(try(character("a"), "/name", false), SL_NOT_FOUND);
	assert_int_equal(the.err.code, SL_NOT_FOUND);
}

/* --- damage ----------------------------------------------------------------------------------------------------- */

static void reverse__damaged_receipts_are_refused(void **state)
{
	static const struct { const char *path, *mine; bool moved; int code; } cases[] = {
		{ "/name/deeper", "1", false, SL_NOT_FOUND }, { "/forms/a/b/c", "1", false, SL_NOT_FOUND },
		{ "/name", "no JSON", false, SL_INTERNAL }, { "", "'not a rank!'", true, SL_NOT_FOUND },
		{ "", "", true, SL_NOT_FOUND }, { "/name", "[]", true, SL_NOT_FOUND },
		{ "/forms/x/y", "", false, SL_NOT_FOUND },
		{ "/forms", "7", true, 0 }, { "/forms", "['x',1,'a','a']", true, 0 }, { "/~", "1", false, 0 },
	};
	put(ALL, character("a"), "A", "{'forms':[{'formName':'a'},{'formName':'b'}],'name':'t'}");
	merge();
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct sl_delta delta;
		const struct sl_receipt receipt = {
			.key = character("a"), .path = sl_str_from(cases[i].path), .mine = quoted(cases[i].mine),
			.moved = cases[i].moved,
		};
		assert_int_equal(sl_merge_reverse(&receipt, the.base, the.merge.rows, &the.arena, &delta, NULL), cases[i].code);
	}
	(void)state;
}

static void reverse__damaged_rows_are_refused(void **state)
{
	(void)state;
	put(MINE, character("a"), "A", "{'name':'m'}");
	put(THEIRS, character("a"), "A", "{'name':'t'}");
	merge();
	replace(character("a"), "[]");
	assert_int_equal(try(character("a"), "/name", false), SL_INTERNAL);
	replace(character("a"), "{");
	assert_int_equal(try(character("a"), "/name", false), SL_INTERNAL);
}

static int reverse_all(void *context)
{
	(void)context;
	int rc = 0;
	for (size_t i = 0; rc == 0 && i < the.merge.receipt_count; i++) {
		struct sl_arena arena;
		struct sl_delta delta;
		sl_arena_init(&arena, 0);
		rc = sl_merge_reverse(&the.merge.receipts[i], the.base, the.merge.rows, &arena, &delta, NULL);
		sl_arena_dispose(&arena);
	}
	return rc;
}

static void reverse__every_failed_allocation_is_told(void **state)
{
	(void)state;
	put_scene_against_deletion();
	put_forms(BASE, "[{'formName':'a'},{'formName':'b'},{'formName':'c'}]");
	put_forms(MINE, "[{'formName':'c','x':1},{'formName':'b','x':1}]");
	put_forms(THEIRS, "[{'formName':'b'},{'formName':'a','x':2},{'formName':'c'}]");
	put(MINE, meta("contextUsage"), "", "{'totalTokens':1}");
	put(THEIRS, meta("contextUsage"), "", "{'totalTokens':2}");
	put(BASE | THEIRS, episode(9), "V", "{'title':'b'}");
	put(THEIRS, scene(9, "added"), "V", "{}");
	merge();
	forget(scene(1, "s"));
	forget(episode(1));
	forget(meta("contextUsage"));
	assert_true(torture(reverse_all, NULL) > 20);
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
		TEST(reverse__meta_value_that_is_gone_comes_back),
		TEST(reverse__field_of_an_element),
		TEST(reverse__element_that_survived),
		TEST(reverse__order_of_a_list),
		TEST(reverse__order_of_a_meta_list),
		TEST(reverse__deletes_a_row_again),
		TEST(reverse__deletes_an_episode_with_its_scenes),
		TEST(reverse__row_comes_back_to_its_place),
		TEST(reverse__row_comes_back_with_its_episode),
		TEST(reverse__row_edited_since_is_replaced),
		TEST(reverse__place),
		TEST(reverse__field_of_a_vanished_row_is_not_found),
		TEST(reverse__damaged_receipts_are_refused),
		TEST(reverse__damaged_rows_are_refused),
		TEST(reverse__every_failed_allocation_is_told),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
