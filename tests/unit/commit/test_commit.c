/* The server's decision on single pushes: who may create, which versions may be written on, and rows without their
 * episode. Rules: "Project" in the protocol and the lessons. What holds after any push whatever is checked by
 * desk_push. */
#include "one_desk.h"

#include <stdio.h>

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
		TEST(orphan__names_the_row),
		TEST(orphan__episodes_of_the_same_delta_count),
		TEST(orphan__a_known_row_written_under_a_deleted_episode_is_one),
		EMPTY(orphan__in_a_first_push),
		TEST(orphan__many_are_counted_and_the_first_50_named),
		TEST(orphan__conflicts_come_before_faults),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
