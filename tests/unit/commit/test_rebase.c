/* The server's decision on pushes whose base is an older version: what is let through, what conflicts, and what is no
 * change at all. Rules: "Project" in the protocol and the lessons. */
#include "one_desk.h"

/* --- rebasing ---------------------------------------------------------------------------------------------------- */

static void rebase__lets_disjoint_rows_through_and_brings_the_others(void **state)
{
	(void)state;
	desk_commit(&desk, "{'shots':[{'id':'a','episodeId':1,'n':1,'rank':'zz'}],'meta':{'fileName':null},'deleted':"
		"{'locations':['l'],'episodes':[2]}}");
	struct sl_push push = desk_delta(&desk, first, "{'shots':[{'id':'b','episodeId':1,'n':2}],"
		"'characters':[{'id':'d'}]}");
	push.rebase = true;
	expect_verdict(&desk, &push, SL_COMMITTED);
	assert_true(desk.outcome.stale);
	assert_true(answer_holds("'rebased':true,'changes':{"));
	struct sl_delta changes = desk_changes(&desk);
	struct sl_key shot = { SL_SHOTS, 1, SL_STR("a") };
	assert_int_equal(sl_rowset_count(changes.rows), 1);
	assert_true(sl_str_equal(sl_rowset_find(changes.rows, &shot)->rank, SL_STR("zz")));
	assert_int_equal(changes.deleted_count, 4);
	expect_siblings(&desk, SL_SHOTS, 1, "b a");
}

static void rebase__conflicts_on_rows_touched_meanwhile(void **state)
{
	static const char *const touched[] = { "shots/1/a@2", "meta/note@2", "characters/c@2" };
	(void)state;
	desk_commit(&desk, "{'shots':[{'id':'a','episodeId':1,'n':1}],'meta':{'note':2},'characters':[{'id':'c',"
		"'name':'o'}]}");
	struct sl_push push = desk_delta(&desk, first, "{'shots':[{'id':'a','episodeId':1,'n':2},{'id':'b','episodeId':1,"
		"'n':2}],"
		"'meta':{'note':null},'deleted':{'characters':['c']}}");
	push.rebase = true;
	expect_conflict(&desk, &push, "row_conflict");
	expect_conflicts(&desk, touched, LENGTH(touched));
}

static void rebase__conflicts_on_rows_deleted_meanwhile(void **state)
{
	static const char *const touched[] = { "shots/1/a-2", "meta/note-2", "characters/c-2" };
	(void)state;
	desk_commit(&desk, "{'meta':{'note':null},'deleted':{'shots':[{'episodeId':1,'shotId':'a'}],'characters':['c']}}");
	struct sl_push push = desk_delta(&desk, first, "{'shots':[{'id':'a','episodeId':1,'n':2}],'meta':{'note':5},"
		"'characters':"
		"[{'id':'c','name':'m'}]}");
	push.rebase = true;
	expect_conflict(&desk, &push, "row_conflict");
	expect_conflicts(&desk, touched, LENGTH(touched));
}

static void rebase__conflicts_on_rows_added_meanwhile_under_the_same_id(void **state)
{
	static const char *const touched[] = { "characters/d@2" };
	(void)state;
	desk_commit(&desk, "{'characters':[{'id':'d','name':'one'}]}");
	struct sl_push push = desk_delta(&desk, first, "{'characters':[{'id':'d','name':'two'}]}");
	push.rebase = true;
	expect_conflict(&desk, &push, "row_conflict");
	expect_conflicts(&desk, touched, 1);
}

static void rebase__conflicts_on_children_moved_under_a_deleted_episode(void **state)
{
	static const char *const edited[] = { "shots/1/b@2" }, *const added[] = { "shots/1/b@2", "scenes/1/new@3" };
	(void)state;
	int64_t second = desk_commit(&desk, "{'shots':[{'id':'b','episodeId':1,'rank':'0V'}]}");
	struct sl_push push = desk_delta(&desk, first, "{'deleted':{'episodes':[1]}}");
	push.rebase = true;
	expect_conflict(&desk, &push, "row_conflict");
	expect_conflicts(&desk, edited, 1);
	desk_commit(&desk, "{'scenes':[{'id':'new','episodeId':1}]}");
	push = desk_delta(&desk, first, "{'deleted':{'episodes':[1]}}");
	push.rebase = true;
	expect_conflict(&desk, &push, "row_conflict");
	expect_conflicts(&desk, added, 2);
	push = desk_delta(&desk, second, "{'deleted':{'episodes':[2]}}");
	push.rebase = true;
	expect_verdict(&desk, &push, SL_COMMITTED);
}

static void rebase__conflicts_once_on_an_episode_deleted_meanwhile(void **state)
{
	static const char *const touched[] = { "episodes/1-2", "scenes/1/a-2" };
	(void)state;
	desk_commit(&desk, "{'deleted':{'episodes':[1]}}");
	struct sl_push push = desk_delta(&desk, first, "{'scenes':[{'id':'new','episodeId':1},{'id':'newer','episodeId':1},"
		"{'id':'a','episodeId':1}],'shots':[{'id':'new','episodeId':1}]}");
	push.rebase = true;
	expect_conflict(&desk, &push, "row_conflict");
	expect_conflicts(&desk, touched, 2);
}

/* Two devices moved one shot, each to another episode. */
static void rebase__conflicts_on_what_both_moved(void **state)
{
	static const char *const touched[] = { "shots/1/a-2" };
	(void)state;
	desk_commit(&desk, "{'shots':[{'id':'a','episodeId':2,'n':1}],'deleted':{'shots':[{'episodeId':1,'shotId':'a'}]}}");
	struct sl_push push = desk_delta(&desk, first, "{'shots':[{'id':'a','episodeId':3,'n':1}],'episodes':[{'id':3}],"
		"'deleted':{'shots':[{'episodeId':1,'shotId':'a'}]}}");
	push.rebase = true;
	expect_conflict(&desk, &push, "row_conflict");
	expect_conflicts(&desk, touched, LENGTH(touched));
}

static void rebase__both_deleted_is_no_conflict(void **state)
{
	(void)state;
	desk_commit(&desk, "{'deleted':{'episodes':[1],'characters':['c']}}");
	struct sl_push push = desk_delta(&desk, first, "{'meta':{'note':7},'deleted':{'episodes':[1],'characters':['c']}}");
	push.rebase = true;
	expect_verdict(&desk, &push, SL_COMMITTED);
	assert_int_equal(desk.outcome.rows_changed, 1);
}

static void rebase__a_document_conflicts_with_what_it_would_take_back(void **state)
{
	static const char *const touched[] = { "characters/d@2", "shots/1/a-2" };
	(void)state;
	desk_commit(&desk, "{'characters':[{'id':'d'}],'deleted':{'shots':[{'episodeId':1,'shotId':'a'}]}}");
	struct sl_push push = desk_document(&desk, first, PROJECT);
	push.rebase = true;
	expect_conflict(&desk, &push, "row_conflict");
	expect_conflicts(&desk, touched, 2);
}

static void rebase__a_document_takes_no_move_back(void **state)
{
	static const char *const moves[] = { "{'characters':[{'id':'c','rank':'z'}]}", "{'characters':[{'id':'d','rank':'0'}]}" };
	(void)state;
	for (size_t i = 0; i < 2; i++) {
		const char *two = "{'fileName':'f','episodes':[],'context':{'characters':[{'id':'c'},{'id':'d'}]}}";
		desk_close(&desk);
		desk_open(&desk);
		int64_t base = desk_create(&desk, two);
		desk_commit(&desk, moves[i]);
		struct sl_push push = desk_document(&desk, base, two);
		push.rebase = true;
		expect_conflict(&desk, &push, "row_conflict");
	}
}

/* --- identical content ------------------------------------------------------------------------------------------- */

static void identical__when_stale_is_no_conflict_and_brings_changes(void **state)
{
	(void)state;
	int64_t second = desk_commit(&desk, "{'characters':[{'id':'c','name':'same'}],'meta':{'fileName':'g'}}");
	struct sl_push push = desk_delta(&desk, first, "{'characters':[{'name':'same','id':'c'}]}");
	push.rebase = true;
	memory_store_reset_counters(&desk.store);
	expect_verdict(&desk, &push, SL_UNCHANGED);
	assert_int_equal(desk.store.head.version, second);
	assert_int_equal(desk.outcome.rows_changed, 0);
	assert_int_equal(desk.store.called[MEMORY_WRITE], 1);
	assert_int_equal(desk.store.touched[MEMORY_WRITE], 0);
	struct sl_delta changes = desk_changes(&desk);
	assert_int_equal(sl_rowset_count(changes.rows), 2);
	expect_verdict(&desk, &push, SL_REPLAYED);
}

static void identical__when_current_writes_no_version(void **state)
{
	(void)state;
	struct sl_push push = desk_document(&desk, first, PROJECT);
	expect_verdict(&desk, &push, SL_UNCHANGED);
	assert_true(answer_holds("'rebased':false}"));
	push = desk_delta(&desk, first, "{}");
	expect_verdict(&desk, &push, SL_UNCHANGED);
	push = desk_delta(&desk, first, "{'deleted':{'episodes':[77],'characters':['nobody']},'meta':{'nothing':null}}");
	expect_verdict(&desk, &push, SL_UNCHANGED);
}

static void case_91__with_reject_all_that_changed_must_be_in_the_push(void **state)
{
	static const char *const pushes[] = { "{'characters':[{'id':'c','name':'same'}]}",
		"{'characters':[{'id':'c','name':'same'}],'scenes':[{'id':'b','episodeId':1,'n':1}]}",
		"{'characters':[{'id':'c','name':'same'}],'deleted':{'episodes':[2]}}",
		"{'deleted':{'episodes':[2]},'scenes':[{'id':'b','episodeId':1,'n':1}]}",
		("{'characters':[{'id':'c','name':'same'}],'scenes':[{'id':'b','episodeId':1,'n':1}],"
			"'deleted':{'shots':[{'episodeId':2,'shotId':'a'}]}}") };
	(void)state;
	desk_commit(&desk, "{'characters':[{'id':'c','name':'same'}]}");
	desk_commit(&desk, "{'scenes':[{'id':'b','episodeId':1,'n':1}],'deleted':{'episodes':[2]}}");
	for (size_t i = 0; i < LENGTH(pushes); i++) {
		struct sl_push push = desk_delta(&desk, first, pushes[i]);
		expect_conflict(&desk, &push, "version_mismatch");
		assert_int_equal(desk.outcome.conflict_count, 0);
		push = desk_delta(&desk, first, pushes[i]);
		push.rebase = true;
		expect_verdict(&desk, &push, SL_UNCHANGED);
	}
	struct sl_push push = desk_delta(&desk, first, "{'characters':[{'id':'c','name':'same'}],'scenes':[{'id':'b',"
		"'episodeId':1,'n':1}],'deleted':{'episodes':[2]}}");
	expect_verdict(&desk, &push, SL_UNCHANGED);
}

/* What the case was: a push of a that is equal, then one of b based on the version that the answer gave. */
static void case_91__an_answer_never_lets_old_rows_overwrite_new_ones(void **state)
{
	(void)state;
	desk_commit(&desk, "{'scenes':[{'id':'a','episodeId':1,'n':1},{'id':'b','episodeId':1,'n':1}]}");
	struct sl_push push = desk_delta(&desk, first, "{'scenes':[{'id':'a','episodeId':1,'n':1}]}");
	expect_conflict(&desk, &push, "version_mismatch");
	push = desk_document(&desk, first, PROJECT);
	expect_conflict(&desk, &push, "version_mismatch");
}

static void case_91__a_whole_document_that_is_equal_is_no_conflict(void **state)
{
	(void)state;
	desk_commit(&desk, "{'meta':{'fileName':'g'}}");
	desk_commit(&desk, "{'meta':{'fileName':'f'}}");
	struct sl_push push = desk_document(&desk, first, PROJECT);
	expect_verdict(&desk, &push, SL_UNCHANGED);
}

static void case_91__what_both_counted_is_a_row_conflict(void **state)
{
	static const char *const counted[] = { "meta/stats@2" }, *const usage[] = { "episodes/2@3" };
	static const char stats[] = "{'meta':{'stats':{'context':{'total':1,'success':1,'error':0}}}}";
	static const char tokens[] = "{'episodes':[{'id':2,'shotGenUsage':{'totalTokens':5}}],'characters':[{'id':'new'}]}";
	(void)state;
	int64_t second = desk_commit(&desk, stats);
	struct sl_push push = desk_delta(&desk, first, stats);
	push.rebase = true;
	expect_conflict(&desk, &push, "row_conflict");
	expect_conflicts(&desk, counted, 1);
	push = desk_delta(&desk, second, stats);
	push.rebase = true;
	expect_verdict(&desk, &push, SL_UNCHANGED);
	desk_commit(&desk, tokens);
	push = desk_delta(&desk, second, tokens); /* the new character alone would be no conflict */
	push.rebase = true;
	expect_conflict(&desk, &push, "row_conflict");
	expect_conflicts(&desk, usage, 1);
	push = desk_delta(&desk, second, "{'characters':[{'id':'new'}]}");
	push.rebase = true;
	expect_verdict(&desk, &push, SL_UNCHANGED);
}

static void case_91__what_both_counted_in_documents_is_a_row_conflict(void **state)
{
	static const char *const counted[] = { "meta/contextUsage@2" };
	static const char document[] = "{'contextUsage':{'promptTokens':1,'responseTokens':1,'totalTokens':2},"
		"'episodes':[{'id':1,'title':'one'}]}";
	(void)state;
	struct sl_push push = desk_document(&desk, first, document);
	expect_verdict(&desk, &push, SL_COMMITTED);
	push = desk_document(&desk, first, document);
	push.rebase = true;
	expect_conflict(&desk, &push, "row_conflict");
	expect_conflicts(&desk, counted, 1);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, open_project, close_desk)
	const struct CMUnitTest tests[] = {
		TEST(rebase__lets_disjoint_rows_through_and_brings_the_others),
		TEST(rebase__conflicts_on_rows_touched_meanwhile),
		TEST(rebase__conflicts_on_rows_deleted_meanwhile),
		TEST(rebase__conflicts_on_rows_added_meanwhile_under_the_same_id),
		TEST(rebase__conflicts_on_children_moved_under_a_deleted_episode),
		TEST(rebase__conflicts_once_on_an_episode_deleted_meanwhile),
		TEST(rebase__conflicts_on_what_both_moved),
		TEST(rebase__both_deleted_is_no_conflict),
		TEST(rebase__a_document_conflicts_with_what_it_would_take_back),
		TEST(rebase__a_document_takes_no_move_back),
		TEST(identical__when_stale_is_no_conflict_and_brings_changes),
		TEST(case_91__with_reject_all_that_changed_must_be_in_the_push),
		TEST(case_91__an_answer_never_lets_old_rows_overwrite_new_ones),
		TEST(case_91__a_whole_document_that_is_equal_is_no_conflict),
		TEST(case_91__what_both_counted_is_a_row_conflict),
		TEST(case_91__what_both_counted_in_documents_is_a_row_conflict),
		TEST(identical__when_current_writes_no_version),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
