/* The server's decision on single pushes: who may write, what conflicts, what is answered. Rules: "Project" in the
 * protocol and the lessons. What holds after any push whatever is checked by desk_push. */
#include "committing.h"

#include <stdio.h>

static struct desk desk;
static int64_t first; /* the version of PROJECT */

static int open_empty(void **state)
{
	(void)state;
	desk_open(&desk);
	return 0;
}

static int open_project(void **state)
{
	(void)state;
	desk_open(&desk);
	first = desk_create(&desk, PROJECT);
	memory_store_reset_counters(&desk.store);
	return 0;
}

static int close_desk(void **state)
{
	(void)state;
	desk_close(&desk);
	return 0;
}

static bool answer_holds(const char *text)
{
	json_t *unquoted = json_pack("s", text);
	char copy[256];
	snprintf(copy, sizeof(copy), "%s", json_string_value(unquoted));
	json_decref(unquoted);
	for (char *c = copy; *c; c++)
		*c = *c == '\'' ? '"' : *c;
	char answer[65536];
	snprintf(answer, sizeof(answer), "%.*s", (int)desk.outcome.answer.length, desk.outcome.answer.bytes);
	return strstr(answer, copy) != NULL;
}

/* --- creating ---------------------------------------------------------------------------------------------------- */

static void create__with_base_0_and_without_a_base(void **state)
{
	(void)state;
	struct sl_push push = desk_delta(&desk, 0, "{'episodes':[{'id':1}],'shots':[{'id':'a','episodeId':1}]}");
	push.has_base = false;
	expect_verdict(&desk, &push, SL_COMMITTED);
	assert_int_equal(desk.store.head.version, desk.now_ms);
	assert_int_equal(desk.store.head.rows[SL_SHOTS], 1);
	assert_true(answer_holds("'updatedAt':1000,") && answer_holds("'opId':'op-1'") && answer_holds("'rebased':false}"));
	desk_close(&desk);
	desk_open(&desk);
	push = desk_document(&desk, 0, PROJECT);
	expect_verdict(&desk, &push, SL_COMMITTED);
	expect_siblings(&desk, SL_EPISODES, 0, "1 2");
}

static void create__an_empty_project_is_a_project(void **state)
{
	(void)state;
	struct sl_push push = desk_document(&desk, 0, "{'episodes':[]}");
	expect_verdict(&desk, &push, SL_COMMITTED);
	assert_true(desk.store.head.version > 0);
	assert_int_equal(sl_rowset_count(desk.store.rows), 0);
	push = desk_document(&desk, desk.store.head.version, "{'episodes':[]}");
	expect_verdict(&desk, &push, SL_UNCHANGED);
}

static void create__with_a_base_that_was_never_issued_conflicts(void **state)
{
	(void)state;
	struct sl_push push = desk_delta(&desk, 5, "{'episodes':[{'id':1}]}");
	expect_conflict(&desk, &push, "version_mismatch");
	push = desk_delta(&desk, -1, "{'episodes':[{'id':1}]}");
	expect_conflict(&desk, &push, "version_mismatch");
}

static void create__reads_nothing_but_the_head_and_the_operation(void **state)
{
	(void)state;
	struct sl_push push = desk_delta(&desk, 0, "{'episodes':[{'id':1}],'shots':[{'id':'a','episodeId':1},{'id':'b',"
		"'episodeId':1}]}");
	expect_verdict(&desk, &push, SL_COMMITTED);
	for (enum memory_call call = MEMORY_READ_ROWS; call < MEMORY_WRITE; call++)
		assert_int_equal(desk.store.called[call], 0);
}

/* --- versions ---------------------------------------------------------------------------------------------------- */

static void version__absent_on_a_stored_project_conflicts(void **state)
{
	(void)state;
	struct sl_push push = desk_delta(&desk, 0, "{'meta':{'fileName':'g'}}");
	push.has_base = false;
	expect_conflict(&desk, &push, "missing_version");
	push.rebase = true;
	expect_conflict(&desk, &push, "missing_version");
}

static void version__older_conflicts_unless_rebased(void **state)
{
	static const char *const touched[] = { "meta/fileName@2" };
	(void)state;
	desk_commit(&desk, "{'meta':{'fileName':'g'}}");
	struct sl_push push = desk_delta(&desk, first, "{'characters':[{'id':'c','name':'m'}]}");
	expect_conflict(&desk, &push, "version_mismatch");
	expect_conflicts(&desk, NULL, 0);
	push = desk_delta(&desk, first, "{'characters':[{'id':'c','name':'m'}],'meta':{'fileName':'h'}}");
	expect_conflict(&desk, &push, "version_mismatch");
	expect_conflicts(&desk, touched, 1);
	assert_int_equal(desk.outcome.head.version, desk.store.head.version);
}

static void version__newer_than_the_server_conflicts(void **state)
{
	(void)state;
	struct sl_push push = desk_delta(&desk, first + 1, "{'meta':{'fileName':'g'}}");
	push.rebase = true;
	expect_conflict(&desk, &push, "version_mismatch");
}

static void version__older_than_the_tombstones_conflicts(void **state)
{
	(void)state;
	int64_t second = desk_commit(&desk, "{'deleted':{'characters':['c']}}");
	memory_store_drop_tombstones(&desk.store, second);
	struct sl_push push = desk_delta(&desk, first, "{'meta':{'fileName':'g'}}");
	push.rebase = true;
	expect_conflict(&desk, &push, "version_mismatch");
	push = desk_delta(&desk, second, "{'meta':{'fileName':'g'}}");
	expect_verdict(&desk, &push, SL_COMMITTED);
	push = desk_delta(&desk, second, "{'meta':{'note':2}}");
	push.rebase = true;
	expect_verdict(&desk, &push, SL_COMMITTED);
}

static void version__of_another_epoch_conflicts(void **state)
{
	(void)state;
	snprintf(desk.store.head.epoch, SL_EPOCH_BYTES, "second");
	struct sl_push push = desk_delta(&desk, first, "{'meta':{'fileName':'g'}}");
	push.rebase = true;
	push.epoch = SL_STR("first");
	expect_conflict(&desk, &push, "epoch");
	push = desk_restore(&desk, first, first);
	push.epoch = SL_STR("first");
	expect_conflict(&desk, &push, "epoch");
	push = desk_delta(&desk, first, "{'meta':{'fileName':'g'}}");
	push.epoch = SL_STR("second");
	expect_verdict(&desk, &push, SL_COMMITTED);
	assert_true(answer_holds("'epoch':'second'"));
	snprintf(desk.store.head.epoch, SL_EPOCH_BYTES, "third");
	expect_verdict(&desk, &push, SL_REPLAYED); /* what is done is done, and was answered so */
	assert_true(answer_holds("'epoch':'second'"));
}

static void version__without_an_epoch_is_of_any(void **state)
{
	(void)state;
	snprintf(desk.store.head.epoch, SL_EPOCH_BYTES, "second");
	struct sl_push push = desk_delta(&desk, first, "{'meta':{'fileName':'g'}}");
	expect_verdict(&desk, &push, SL_COMMITTED);
}

static void version__rises_when_the_clock_stands_still_or_goes_back(void **state)
{
	static const int64_t clock[] = { 1000, 1000, 5, 0, -7, 2000, 1999, 2001 };
	static const int64_t expected[] = { 1001, 1002, 1003, 1004, 1005, 2000, 2001, 2002 };
	(void)state;
	for (size_t i = 0; i < LENGTH(clock); i++) {
		char delta[64];
		desk.now_ms = clock[i];
		snprintf(delta, sizeof(delta), "{'meta':{'note':%zu}}", i + 10);
		assert_int_equal(desk_commit(&desk, delta), expected[i]);
	}
}

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

/* --- orphans ----------------------------------------------------------------------------------------------------- */

static void expect_fault(size_t index, const char *path)
{
	assert_true(index < desk.outcome.faults.count);
	assert_string_equal(desk.outcome.faults.items[index].path, path);
}

static void orphan__names_the_row(void **state)
{
	(void)state;
	struct sl_push push = desk_delta(&desk, first, "{'shots':[{'id':'a','episodeId':1,'n':1},{'id':'q',"
		"'episodeId':9},{'id':'r',"
		"'episodeId':1}],'scenes':[{'id':'q','episodeId':8}],'episodes':[{'id':5}]}");
	expect_code(&desk, &push, SL_INVALID);
	assert_int_equal(desk.outcome.faults.total, 2);
	expect_fault(0, "/delta/scenes/0/episodeId");
	expect_fault(1, "/delta/shots/1/episodeId");
	assert_string_equal(desk.err.path, "/delta/scenes/0/episodeId");
}

static void orphan__episodes_of_the_same_delta_count(void **state)
{
	(void)state;
	desk_commit(&desk, "{'shots':[{'id':'q','episodeId':9}],'episodes':[{'id':9}]}");
	struct sl_push push = desk_delta(&desk, desk.store.head.version, "{'shots':[{'id':'r','episodeId':9}],"
		"'deleted':{'episodes':[9]}}");
	expect_code(&desk, &push, SL_INVALID);
	expect_fault(0, "/delta/shots/0/episodeId");
}

static void orphan__a_known_row_written_under_a_deleted_episode_is_one(void **state)
{
	(void)state;
	struct sl_push push = desk_delta(&desk, first, "{'shots':[{'id':'a','episodeId':1,'n':5}],"
		"'deleted':{'episodes':[1]}}");
	expect_code(&desk, &push, SL_INVALID);
	push = desk_delta(&desk, first, "{'shots':[{'id':'b','episodeId':1}],"
		"'deleted':{'episodes':[1]}}"); /* as it is stored */
	expect_code(&desk, &push, SL_INVALID);
	expect_fault(0, "/delta/shots/0/episodeId");
}

static void orphan__in_a_first_push(void **state)
{
	(void)state;
	struct sl_push push = desk_delta(&desk, 0, "{'shots':[{'id':'q','episodeId':1}]}");
	expect_code(&desk, &push, SL_INVALID);
	expect_fault(0, "/delta/shots/0/episodeId");
}

static void orphan__many_are_counted_and_the_first_50_named(void **state)
{
	char delta[8192];
	size_t length = (size_t)snprintf(delta, sizeof(delta), "{'shots':[");
	(void)state;
	for (int i = 0; i < 120; i++)
		length += (size_t)snprintf(delta + length, sizeof(delta) - length, "%s{'id':'q','episodeId':%d}", i ? ","
			"" : "", 100 + i);
	snprintf(delta + length, sizeof(delta) - length, "]}");
	struct sl_push push = desk_delta(&desk, first, delta);
	expect_code(&desk, &push, SL_INVALID);
	assert_int_equal(desk.outcome.faults.count, SL_FAULTS);
	assert_int_equal(desk.outcome.faults.total, 120);
	expect_fault(49, "/delta/shots/49/episodeId");
}

static void orphan__conflicts_come_before_faults(void **state)
{
	(void)state;
	desk_commit(&desk, "{'meta':{'note':2}}");
	struct sl_push push = desk_delta(&desk, first, "{'shots':[{'id':'q','episodeId':9}]}");
	expect_conflict(&desk, &push, "version_mismatch");
	push.rebase = true;
	expect_code(&desk, &push, SL_INVALID);
}

int main(void)
{
#define EMPTY(name) cmocka_unit_test_setup_teardown(name, open_empty, close_desk)
#define TEST(name) cmocka_unit_test_setup_teardown(name, open_project, close_desk)
	const struct CMUnitTest tests[] = {
		EMPTY(create__with_base_0_and_without_a_base),
		EMPTY(create__an_empty_project_is_a_project),
		EMPTY(create__with_a_base_that_was_never_issued_conflicts),
		EMPTY(create__reads_nothing_but_the_head_and_the_operation),
		TEST(version__absent_on_a_stored_project_conflicts),
		TEST(version__older_conflicts_unless_rebased),
		TEST(version__newer_than_the_server_conflicts),
		TEST(version__older_than_the_tombstones_conflicts),
		TEST(version__of_another_epoch_conflicts),
		TEST(version__without_an_epoch_is_of_any),
		TEST(version__rises_when_the_clock_stands_still_or_goes_back),
		TEST(rebase__lets_disjoint_rows_through_and_brings_the_others),
		TEST(rebase__conflicts_on_rows_touched_meanwhile),
		TEST(rebase__conflicts_on_rows_deleted_meanwhile),
		TEST(rebase__conflicts_on_rows_added_meanwhile_under_the_same_id),
		TEST(rebase__conflicts_on_children_moved_under_a_deleted_episode),
		TEST(rebase__conflicts_once_on_an_episode_deleted_meanwhile),
		TEST(rebase__both_deleted_is_no_conflict),
		TEST(rebase__a_document_conflicts_with_what_it_would_take_back),
		TEST(rebase__a_document_takes_no_move_back),
		TEST(identical__when_stale_is_no_conflict_and_brings_changes),
		TEST(identical__when_current_writes_no_version),
		TEST(orphan__names_the_row),
		TEST(orphan__episodes_of_the_same_delta_count),
		TEST(orphan__a_known_row_written_under_a_deleted_episode_is_one),
		EMPTY(orphan__in_a_first_push),
		TEST(orphan__many_are_counted_and_the_first_50_named),
		TEST(orphan__conflicts_come_before_faults),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
