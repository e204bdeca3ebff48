/* What pushes are remembered, refused, and written as: operations, the empty guard, content, and failures of the
 * store. */
#include "one_desk.h"

#include <stdio.h>
#include <stdlib.h>

/* --- operations -------------------------------------------------------------------------------------------------- */

static void expect_replayed(const struct sl_push *push, struct sl_str answer)
{
	memory_store_reset_counters(&desk.store);
	expect_verdict(&desk, push, SL_REPLAYED);
	assert_true(sl_str_equal(desk.outcome.answer, answer));
	assert_int_equal(desk.store.called[MEMORY_WRITE] + desk.store.called[MEMORY_READ_ROWS], 0);
}

static void operation__any_older_one_is_answered_as_it_first_was(void **state)
{
	struct sl_push pushes[20];
	struct sl_str answers[20];
	(void)state;
	for (size_t i = 0; i < LENGTH(pushes); i++) {
		char delta[64];
		snprintf(delta, sizeof(delta), "{'characters':[{'id':'x%zu'}]}", i % 15);
		pushes[i] = desk_delta(&desk, i % 3 ? desk.store.head.version : first, delta);
		pushes[i].rebase = true;
		expect_code(&desk, &pushes[i], SL_OK);
		answers[i] = desk.outcome.answer;
	}
	for (size_t i = 0; i < LENGTH(pushes); i++) {
		pushes[i].now_ms += 5000;
		pushes[i].project_bytes = 1;
		expect_replayed(&pushes[i], answers[i]);
	}
}

static void operation__other_content_under_its_id_is_refused(void **state)
{
	(void)state;
	struct sl_push push = desk_delta(&desk, first, "{'characters':[{'id':'d','name':'n'}],'meta':{'note':7}}"), other;
	expect_verdict(&desk, &push, SL_COMMITTED);
	static const char *const deltas[] = { "{'characters':[{'id':'d','name':'m'}],'meta':{'note':7}}",
		"{'characters':[{'id':'e','name':'n'}],'meta':{'note':7}}", "{'characters':[{'id':'d','name':'n'}],"
			"'meta':{'note':8}}",
		"{'characters':[{'id':'d','name':'n'}]}", "{'characters':[{'id':'d','name':'n','rank':'V'}],'meta':{'note':7}}",
		"{'locations':[{'id':'d','name':'n'}],'meta':{'note':7}}", "{'characters':[{'id':'d','name':'n'}],"
			"'meta':{'note':null}}",
		"{'characters':[{'id':'d','name':'n'}],'meta':{'note':7},'deleted':{'locations':['q']}}" };
	for (size_t i = 0; i < LENGTH(deltas); i++) {
		other = desk_delta(&desk, first, deltas[i]);
		other.op_id = push.op_id;
		expect_code(&desk, &other, SL_OP_REUSED);
		assert_string_equal(desk.err.path, "/opId");
	}
	other = push;
	other.rebase = true;
	expect_code(&desk, &other, SL_OP_REUSED);
	other = push;
	other.base_version++;
	expect_code(&desk, &other, SL_OP_REUSED);
	other = desk_document(&desk, first, PROJECT);
	other.op_id = push.op_id;
	expect_code(&desk, &other, SL_OP_REUSED);
}

static void operation__content_is_compared_as_values(void **state)
{
	(void)state;
	struct sl_push push = desk_delta(&desk, first, "{'meta':{'note':7,'fileName':'g','rawScript':null,'extra':{'a':1,"
		"'b':2},"
		"'context':{'x':1,'y':2}},'characters':[{'id':'d','name':'n'}],'locations':[{'id':'m'}]}"), again;
	expect_verdict(&desk, &push, SL_COMMITTED);
	again = desk_delta(&desk, first, "{'locations':[{'id':'m'}],'characters':[{'name':'n','id':'d'}],"
		"'meta':{'context':{'y':2e0,"
		"'x':1.0},'extra':{'b':2,'a':1},'rawScript':null,'fileName':'\\u0067','note':7}}");
	again.op_id = push.op_id;
	expect_replayed(&again, desk.outcome.answer);
	push = desk_document(&desk, desk.store.head.version, "{'note':1,'fileName':'x','episodes':[{'id':1,'title':'t'}]}");
	expect_verdict(&desk, &push, SL_COMMITTED);
	again = desk_document(&desk, push.base_version, "{'episodes':[{'title':'t','id':1}],'fileName':'x','note':1}");
	again.op_id = push.op_id;
	expect_replayed(&again, desk.outcome.answer);
}

static void operation__a_document_is_known_again_after_the_transaction_was_repeated(void **state)
{
	(void)state;
	struct sl_push push = desk_document(&desk, first, "{'episodes':[{'id':1},{'id':5}]}"), again;
	/* As after a deadlock: the same push once more, with the ranks that the first try filled in. */
	desk.store.fail_with[MEMORY_WRITE] = SL_UNAVAILABLE;
	expect_code(&desk, &push, SL_UNAVAILABLE);
	desk.store.fail_with[MEMORY_WRITE] = 0;
	expect_verdict(&desk, &push, SL_COMMITTED);
	again = desk_document(&desk, first, "{'episodes':[{'id':1},{'id':5}]}");
	again.op_id = push.op_id;
	expect_replayed(&again, desk.outcome.answer);
}

static void operation__a_conflict_does_not_use_its_id_up(void **state)
{
	(void)state;
	desk_commit(&desk, "{'meta':{'note':2}}");
	struct sl_push push = desk_delta(&desk, first, "{'meta':{'note':3}}"), again;
	expect_conflict(&desk, &push, "version_mismatch");
	again = desk_delta(&desk, desk.store.head.version, "{'meta':{'note':3}}");
	again.op_id = push.op_id;
	expect_verdict(&desk, &again, SL_COMMITTED);
}

static void case_92__a_known_operation_is_answered_whatever_has_changed_since(void **state)
{
	struct sl_err refusal = { .code = SL_PULL_REQUIRED, .message = "pull first" };
	(void)state;
	struct sl_push push = desk_delta(&desk, first, "{'meta':{'note':3}}");
	expect_verdict(&desk, &push, SL_COMMITTED);
	struct sl_str answer = desk.outcome.answer;
	desk_commit(&desk, "{'meta':{'note':4}}");
	strcpy(desk.store.head.epoch, "another");
	push.refusal = &refusal;
	push.epoch = SL_STR("e1");
	push.project_bytes = 1;
	expect_replayed(&push, answer);
	push = desk_delta(&desk, first, "{'meta':{'note':3}}");
	push.refusal = &refusal;
	expect_code(&desk, &push, SL_PULL_REQUIRED);
	assert_string_equal(desk.err.message, "pull first");
}

/* --- the empty guard --------------------------------------------------------------------------------------------- */

#define CLEARING "{'meta':{'rawScript':null},'deleted':{'episodes':[1,2],'characters':['c'],'locations':['l']}}"
#define BLANKING "{'meta':{'rawScript':' \\n\\t'},'deleted':{'episodes':[1,2],'characters':['c'],'locations':['l']}}"

static void guard__an_empty_project_does_not_replace_content(void **state)
{
	(void)state;
	struct sl_push push = desk_delta(&desk, first, CLEARING);
	expect_code(&desk, &push, SL_EMPTY_OVERWRITE);
	push = desk_delta(&desk, first, BLANKING);
	expect_code(&desk, &push, SL_EMPTY_OVERWRITE);
	push = desk_document(&desk, first, "{'episodes':[]}");
	expect_code(&desk, &push, SL_EMPTY_OVERWRITE);
	push = desk_document(&desk, first, "{'fileName':'kept','rawScript':'  ','episodes':[]}");
	expect_code(&desk, &push, SL_EMPTY_OVERWRITE);
	push = desk_delta(&desk, first, "{'deleted':{'episodes':[1,2],'characters':['c'],'locations':['l']}}");
	expect_verdict(&desk, &push, SL_COMMITTED); /* the script is left */
	push = desk_delta(&desk, desk.store.head.version, "{'meta':{'rawScript':null}}");
	expect_code(&desk, &push, SL_EMPTY_OVERWRITE);
}

static void guard__gives_way_to_allow_empty_and_to_clear(void **state)
{
	(void)state;
	struct sl_push push = desk_delta(&desk, first, CLEARING);
	push.allow_empty = true;
	expect_verdict(&desk, &push, SL_COMMITTED);
	assert_int_equal(desk.store.head.rows[SL_META], 3);
	push = desk_restore(&desk, desk.store.head.version, first);
	expect_verdict(&desk, &push, SL_COMMITTED);
	push.action = SL_ACTION_CLEAR;
	push.op_id = SL_STR("clear");
	push.base_version = desk.store.head.version;
	expect_verdict(&desk, &push, SL_COMMITTED);
	assert_int_equal(sl_rowset_count(desk.store.rows), 0);
	push = desk_restore(&desk, desk.store.head.version, first);
	expect_verdict(&desk, &push, SL_COMMITTED);
}

static void case_96__texts_count_though_there_are_no_rows(void **state)
{
	static const char *const texts[] = { "{'shotGuide':'fifty pages','episodes':[]}",
		"{'soraGuide':'x','fileName':'f','stats':{'context':{'total':1}},'episodes':[]}",
		"{'context':{'projectSummary':'x'},'episodes':[]}", "{'logline':'of an app of its own','episodes':[]}",
		"{'context':{'mood':'dark'},'episodes':[]}" };
	(void)state;
	for (size_t i = 0; i < LENGTH(texts); i++) {
		struct sl_push push = desk_document(&desk, desk.store.head.version, texts[i]);
		push.allow_empty = true;
		expect_verdict(&desk, &push, SL_COMMITTED);
		push = desk_document(&desk, desk.store.head.version, "{'episodes':[]}");
		expect_code(&desk, &push, SL_EMPTY_OVERWRITE);
		push = desk_document(&desk, desk.store.head.version, "{'fileName':'kept','shotGuide':' \\n','episodes':[]}");
		expect_code(&desk, &push, SL_EMPTY_OVERWRITE);
	}
}

/* An app that doesn't know a field can't say that it is empty; what it knows it does. */
static void case_96__nothing_left_of_what_the_schema_knows_is_emptying(void **state)
{
	(void)state;
	struct sl_push push = desk_document(&desk, first, "{'rawScript':'x','logline':'y','episodes':[]}");
	expect_verdict(&desk, &push, SL_COMMITTED);
	push = desk_document(&desk, desk.store.head.version, "{'logline':'y','episodes':[]}");
	expect_code(&desk, &push, SL_EMPTY_OVERWRITE);
	push = desk_delta(&desk, desk.store.head.version, "{'meta':{'rawScript':'','shotGuide':'z'}}");
	expect_verdict(&desk, &push, SL_COMMITTED);
	push = desk_delta(&desk, desk.store.head.version, "{'meta':{'logline':null}}");
	expect_verdict(&desk, &push, SL_COMMITTED); /* what the schema knows is left */
}

static void guard__does_not_mind_projects_that_were_empty(void **state)
{
	(void)state;
	struct sl_push push = desk_delta(&desk, first, CLEARING);
	push.allow_empty = true;
	expect_verdict(&desk, &push, SL_COMMITTED);
	push = desk_delta(&desk, desk.store.head.version, "{'meta':{'context':{'mood':null}}}");
	push.allow_empty = true;
	expect_verdict(&desk, &push, SL_COMMITTED);
	desk_commit(&desk, "{'meta':{'fileName':'other','note':null}}");
	desk_commit(&desk, "{'meta':{'rawScript':'  '}}");
	desk_commit(&desk, "{'meta':{'rawScript':null}}");
	push = desk_document(&desk, desk.store.head.version, "{'episodes':[]}");
	expect_verdict(&desk, &push, SL_COMMITTED);
}

/* --- content ----------------------------------------------------------------------------------------------------- */

static void content__a_meta_field_leaves_the_others_alone(void **state)
{
	(void)state;
	desk_commit(&desk, "{'meta':{'fileName':'g','context':{'projectSummary':'s'}}}");
	expect_data(&desk, SL_META, 0, "fileName", "'g'");
	expect_data(&desk, SL_META, 0, "note", "1");
	expect_data(&desk, SL_META, 0, "rawScript", "'once'");
	expect_data(&desk, SL_META, 0, "context.mood", "'dark'");
	expect_data(&desk, SL_META, 0, "context.projectSummary", "'s'");
	expect_data(&desk, SL_CHARACTERS, 0, "c", "{'name':'n','x':[1]}");
	assert_int_equal(desk.store.touched[MEMORY_WRITE], 2);
}

static void content__reads_only_what_the_push_touches(void **state)
{
	(void)state;
	desk_commit(&desk, "{'shots':[{'id':'a','episodeId':1,'n':1},{'id':'new','episodeId':2}],"
		"'deleted':{'characters':['c']}}");
	assert_int_equal(desk.store.touched[MEMORY_READ_ROWS], 2);
	assert_int_equal(desk.store.called[MEMORY_READ_ROWS], 1);
	assert_int_equal(desk.store.called[MEMORY_HAS_EPISODES], 1);
	assert_int_equal(desk.store.called[MEMORY_LAST_RANKS], 1);
	assert_int_equal(desk.store.called[MEMORY_READ_ALL] + desk.store.called[MEMORY_READ_SIBLINGS]
		+ desk.store.called[MEMORY_READ_TOMBSTONES] + desk.store.called[MEMORY_READ_CHANGES], 0);
	memory_store_reset_counters(&desk.store);
	desk_commit(&desk, "{'deleted':{'episodes':[1]}}");
	assert_int_equal(desk.store.touched[MEMORY_READ_ROWS], 1);
	assert_int_equal(desk.store.touched[MEMORY_READ_SIBLINGS], 4);
	assert_int_equal(desk.store.touched[MEMORY_WRITE], 5);
}

static void content__a_document_writes_only_what_differs(void **state)
{
	(void)state;
	struct sl_rowset *before = sl_rowset_clone(desk.store.rows, &desk.arena);
	struct sl_push push = desk_document(&desk, first, "{'fileName':'f','rawScript':'once','note':1,"
		"'episodes':[{'id':2,'scenes':[],"
		"'shots':[{'id':'a'},{'id':'b'}]},{'id':1,'title':'one','scenes':[{'id':'b'},{'id':'a','content':'x'}],'shots':"
		"[{'id':'a'}]}],'context':{'mood':'dark','characters':[{'id':'c','name':'n','x':[1]}],"
			"'locations':[{'id':'l'}]}}");
	const struct sl_row *row;
	size_t cursor = 0, kept = 0;
	expect_verdict(&desk, &push, SL_COMMITTED);
	/* An episode moved, a scene moved, a shot added, a shot gone. */
	assert_int_equal(desk.store.touched[MEMORY_WRITE], 4);
	expect_siblings(&desk, SL_EPISODES, 0, "2 1");
	expect_siblings(&desk, SL_SCENES, 1, "b a");
	expect_siblings(&desk, SL_SHOTS, 2, "a b");
	while ((row = sl_rowset_next(desk.store.rows, &cursor))) {
		const struct sl_row *old = sl_rowset_find(before, &row->key);
		kept += old && sl_row_same_content(old, row) && old->version == row->version;
	}
	assert_int_equal(kept, sl_rowset_count(before) - 3);
}

static void content__new_rows_get_the_ranks_that_apply_gives(void **state)
{
	(void)state;
	struct sl_rowset *expected = sl_rowset_clone(desk.store.rows, &desk.arena);
	struct sl_push push = desk_delta(&desk, first, "{'shots':[{'id':'z','episodeId':1},{'id':'a','episodeId':1,"
		"'rank':'x'},{'id':'q',"
		"'episodeId':2},{'id':'p','episodeId':2},{'id':'n','episodeId':7},{'id':'m','episodeId':7}],"
			"'episodes':[{'id':7}],"
		"'characters':[{'id':'d'}],'deleted':{'shots':[{'episodeId':2,'shotId':'a'}],'characters':['c']}}");
	expect_verdict(&desk, &push, SL_COMMITTED);
	assert_int_equal(sl_delta_apply(push.delta, expected, &desk.arena), SL_OK);
	expect_rows(desk.store.rows, expected);
	expect_siblings(&desk, SL_SHOTS, 1, "b a z");
	expect_siblings(&desk, SL_SHOTS, 2, "q p");
	expect_siblings(&desk, SL_SHOTS, 7, "n m");
}

#define Z16 "zzzzzzzzzzzzzzzz"

static void content__respaced_siblings_come_with_the_answer(void **state)
{
	(void)state;
	desk_commit(&desk, "{'shots':[{'id':'b','episodeId':1,'rank':'" Z16 Z16 Z16 Z16 "'}]}");
	struct sl_rowset *expected = sl_rowset_clone(desk.store.rows, &desk.arena);
	struct sl_push push = desk_delta(&desk, desk.store.head.version, "{'shots':[{'id':'new','episodeId':1},{'id':'set',"
		"'episodeId':1,'rank':'zz'},{'id':'2','episodeId':2}]}");
	expect_verdict(&desk, &push, SL_COMMITTED);
	expect_siblings(&desk, SL_SHOTS, 1, "a set b new");
	assert_int_equal(sl_delta_apply(push.delta, expected, &desk.arena), SL_OK);
	expect_rows(desk.store.rows, expected);
	/* The sender can't know these ranks, not even of the row that it sent with another one. */
	struct sl_delta changes = desk_changes(&desk);
	assert_int_equal(sl_rowset_count(changes.rows), 4);
	const struct sl_row *row;
	for (size_t cursor = 0; (row = sl_rowset_next(changes.rows, &cursor));)
		assert_true(sl_row_same_content(row, sl_rowset_find(desk.store.rows, &row->key)));
}

static void operation__a_long_answer_is_kept_without_the_changes_of_others(void **state)
{
	(void)state;
	char *delta = malloc(SL_COMMIT_KEPT_BYTES + 100);
	assert_non_null(delta);
	int head = snprintf(delta, 100, "{'meta':{'rawScript':'");
	memset(delta + head, 'x', SL_COMMIT_KEPT_BYTES);
	snprintf(delta + head + SL_COMMIT_KEPT_BYTES, 10, "'}}");
	desk_commit(&desk, delta);
	free(delta);
	struct sl_push push = desk_delta(&desk, first, "{'meta':{'fileName':'late'}}");
	push.rebase = true;
	expect_verdict(&desk, &push, SL_COMMITTED);
	assert_int_equal(sl_rowset_count(desk_changes(&desk).rows), 1);
	expect_verdict(&desk, &push, SL_REPLAYED);
	assert_true(desk.outcome.answer.length < 1000);
	assert_non_null(strstr(desk.outcome.answer.bytes, "\"rebased\":true,\"changesOmitted\":true"));
}

static void content__beyond_the_limit_is_refused_unless_it_shrinks(void **state)
{
	(void)state;
	int64_t bytes = desk.store.head.bytes;
	struct sl_push push = desk_delta(&desk, first, "{'meta':{'fileName':'longer'}}");
	push.project_bytes = bytes + 4;
	expect_code(&desk, &push, SL_TOO_LARGE);
	push.project_bytes = bytes + 5;
	expect_verdict(&desk, &push, SL_COMMITTED);
	push = desk_delta(&desk, desk.store.head.version, "{'meta':{'fileName':'long'}}");
	push.project_bytes = 10;
	expect_verdict(&desk, &push, SL_COMMITTED);
	push = desk_delta(&desk, desk.store.head.version, "{'meta':{'fileName':'gnol'}}");
	push.project_bytes = 10;
	expect_verdict(&desk, &push, SL_COMMITTED);
}

/* --- failures ---------------------------------------------------------------------------------------------------- */

static void store__its_failures_are_passed_on_and_change_nothing(void **state)
{
	(void)state;
	desk_commit(&desk, "{'meta':{'note':2},'deleted':{'scenes':[{'episodeId':1,'sceneId':'b'}]}}");
	for (enum memory_call call = MEMORY_LOCK_HEAD; call < MEMORY_CALLS; call++) {
		struct sl_push push = desk_delta(&desk, first, "{'shots':[{'id':'n','episodeId':1}],"
			"'deleted':{'episodes':[2]}}");
		if (call == MEMORY_READ_ALL)
			push = desk_document(&desk, first, PROJECT);
		if (call == MEMORY_READ_UNDO)
			push = desk_restore(&desk, first, first);
		push.rebase = true;
		desk.store.fail_with[call] = SL_UNAVAILABLE;
		expect_code(&desk, &push, SL_UNAVAILABLE);
		if (call == MEMORY_WRITE) {
			desk.store.fail_write_late = true;
			expect_code(&desk, &push, SL_UNAVAILABLE);
		}
		desk.store.fail_with[call] = SL_OK;
		assert_true(desk.store.called[call] > 0);
	}
	struct sl_push push = desk_delta(&desk, first, "{'shots':[{'id':'n','episodeId':1}],'deleted':{'episodes':[2]}}");
	push.rebase = true;
	expect_verdict(&desk, &push, SL_COMMITTED);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, open_project, close_desk)
	const struct CMUnitTest tests[] = {
		TEST(operation__any_older_one_is_answered_as_it_first_was),
		TEST(operation__other_content_under_its_id_is_refused),
		TEST(operation__content_is_compared_as_values),
		TEST(operation__a_document_is_known_again_after_the_transaction_was_repeated),
		TEST(operation__a_conflict_does_not_use_its_id_up),
		TEST(guard__an_empty_project_does_not_replace_content),
		TEST(guard__gives_way_to_allow_empty_and_to_clear),
		TEST(case_92__a_known_operation_is_answered_whatever_has_changed_since),
		TEST(case_96__texts_count_though_there_are_no_rows),
		TEST(case_96__nothing_left_of_what_the_schema_knows_is_emptying),
		TEST(guard__does_not_mind_projects_that_were_empty),
		TEST(content__a_meta_field_leaves_the_others_alone),
		TEST(content__reads_only_what_the_push_touches),
		TEST(operation__a_long_answer_is_kept_without_the_changes_of_others),
		TEST(content__a_document_writes_only_what_differs),
		TEST(content__new_rows_get_the_ranks_that_apply_gives),
		TEST(content__respaced_siblings_come_with_the_answer),
		TEST(content__beyond_the_limit_is_refused_unless_it_shrinks),
		TEST(store__its_failures_are_passed_on_and_change_nothing),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
