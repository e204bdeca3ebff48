/* Versions: restoring and thinning them, checked against full copies. */
#include "version_copies.h"

#define STORY "{'fileName':'f','rawScript':'once','episodes':[{'id':1,'title':'one'," \
	"'scenes':[{'id':'a','content':'x'}],'shots':[{'id':'a'},{'id':'b'}]}]," \
	"'context':{'characters':[{'id':'c','name':'n'}]}}"

static void commit_and_keep(const char *delta)
{
	desk_commit(&desk, delta);
	keep_copy();
}

/* A handful of versions, different in every way. */
static void write_history(void)
{
	copy_count = 0;
	desk_create(&desk, STORY);
	keep_copy();
	commit_and_keep("{'shots':[{'id':'a','episodeId':1,'n':1,'rank':'z'},{'id':'c','episodeId':1}]}");
	commit_and_keep("{'meta':{'fileName':null,'rawScript':'once upon a time','note':[]},"
		"'deleted':{'characters':['c']}}");
	commit_and_keep("{'deleted':{'episodes':[1]},'episodes':[{'id':2}],'scenes':[{'id':'a','episodeId':2}]}");
	commit_and_keep("{'episodes':[{'id':1,'title':'again'}],'shots':[{'id':'a','episodeId':1}],"
		"'meta':{'rawScript':null}}");
	commit_and_keep("{'meta':{'fileName':'g'},'scenes':[{'id':'a','episodeId':2,'content':'y'}]}");
}

/* --- restoring ---------------------------------------------------------------------------------------------------- */

static void restore__brings_any_version_back_exactly(void **state)
{
	(void)state;
	write_history();
	for (size_t i = 0; i < 60; i++) {
		struct sl_push push = desk_restore(&desk, desk.store.head.version, copies[(i * 7) % 6].version);
		expect_code(&desk, &push, SL_OK);
		assert_int_equal(desk.outcome.verdict == SL_UNCHANGED, rows_same(copies[copy_count - 1].rows,
			copies[(i * 7) % 6].rows));
		expect_rows(desk.store.rows, copies[(i * 7) % 6].rows);
		keep_copy();
	}
}

static void restore__is_undone_by_restoring(void **state)
{
	(void)state;
	write_history();
	int64_t before = desk.store.head.version;
	struct sl_push push = desk_restore(&desk, before, copies[0].version), back;
	expect_verdict(&desk, &push, SL_COMMITTED);
	back = desk_restore(&desk, desk.store.head.version, before);
	expect_verdict(&desk, &back, SL_COMMITTED);
	expect_rows(desk.store.rows, copies[copy_count - 1].rows);
	expect_verdict(&desk, &push, SL_REPLAYED);
	expect_rows(desk.store.rows, copies[copy_count - 1].rows);
}

static void restore__reads_and_writes_only_what_differs(void **state)
{
	(void)state;
	write_history();
	memory_store_reset_counters(&desk.store);
	struct sl_push push = desk_restore(&desk, desk.store.head.version, copies[4].version);
	expect_verdict(&desk, &push, SL_COMMITTED);
	assert_int_equal(desk.store.touched[MEMORY_READ_ROWS], 2);
	assert_int_equal(desk.store.touched[MEMORY_WRITE], 2);
	assert_int_equal(desk.store.called[MEMORY_READ_ALL], 0);
}

static void restore__a_preview_tells_and_writes_nothing(void **state)
{
	(void)state;
	write_history();
	for (size_t i = 0; i < copy_count; i++) {
		struct sl_push push = desk_restore(&desk, 0, copies[i].version);
		struct sl_rowset *rows = sl_rowset_clone(desk.store.rows, &desk.arena);
		push.preview = true;
		push.has_base = false;
		push.op_id = (struct sl_str){ NULL, 0 };
		memory_store_reset_counters(&desk.store);
		expect_verdict(&desk, &push, SL_PREVIEWED);
		assert_int_equal(desk.store.called[MEMORY_WRITE] + desk.store.called[MEMORY_FIND_OP], 0);
		assert_int_equal(sl_delta_apply(&desk.outcome.delta, rows, &desk.arena), SL_OK);
		expect_rows(rows, copies[i].rows);
	}
}

static void restore__an_unknown_version_is_no_snapshot(void **state)
{
	(void)state;
	struct sl_push push = desk_restore(&desk, 0, 0);
	expect_code(&desk, &push, SL_NO_SNAPSHOT);
	push.preview = true;
	expect_code(&desk, &push, SL_NO_SNAPSHOT);
	write_history();
	push = desk_restore(&desk, desk.store.head.version, copies[2].version + 1000000);
	expect_code(&desk, &push, SL_NO_SNAPSHOT);
	push = desk_restore(&desk, desk.store.head.version, 0);
	expect_code(&desk, &push, SL_NO_SNAPSHOT);
}

static void restore__when_stale_conflicts_even_if_rebased(void **state)
{
	(void)state;
	write_history();
	struct sl_push push = desk_restore(&desk, copies[4].version, copies[0].version);
	expect_conflict(&desk, &push, "version_mismatch");
	push.rebase = true;
	expect_conflict(&desk, &push, "version_mismatch");
	push.has_base = false;
	expect_conflict(&desk, &push, "missing_version");
}

static void restore__never_goes_by_a_history_that_leads_elsewhere(void **state)
{
	(void)state;
	write_history();
	desk.store.versions[3].digest.low ^= 1;
	desk.store.versions[5].digest.low ^= 1;
	for (size_t i = 3; i <= 5; i += 2) { /* 5: the newest one, where nothing would change */
		struct sl_push push = desk_restore(&desk, desk.store.head.version, copies[i].version);
		expect_code(&desk, &push, SL_INTERNAL);
		push.preview = true;
		expect_code(&desk, &push, SL_INTERNAL);
	}
	desk.store.versions[2].undo = SL_STR("\x01\xff\xff");
	struct sl_push push = desk_restore(&desk, desk.store.head.version, copies[1].version);
	expect_code(&desk, &push, SL_INTERNAL);
	push = desk_restore(&desk, desk.store.head.version, copies[4].version);
	expect_verdict(&desk, &push, SL_COMMITTED);
}

/* --- thinning ----------------------------------------------------------------------------------------------------- */

static void thinning__keeps_the_other_versions_exact(void **state)
{
	struct dice dice = { 0x7417 };
	struct sl_err err = SL_ERR_INIT;
	(void)state;
	for (int round = 0; round < 30; round++) {
		desk_close(&desk);
		desk_open(&desk);
		write_history();
		while (desk.store.version_count > 1) {
			size_t place = dice_roll(&dice, desk.store.version_count - 1);
			int64_t version = desk.store.versions[place].version;
			assert_int_equal(memory_store_thin(&desk.store, version, &err), SL_OK);
			struct sl_push push = desk_restore(&desk, desk.store.head.version, version);
			expect_code(&desk, &push, SL_NO_SNAPSHOT);
			expect_versions_exact(0, 1);
		}
		assert_int_equal(memory_store_thin(&desk.store, desk.store.head.version, &err), SL_NO_SNAPSHOT);
		err = (struct sl_err)SL_ERR_INIT;
	}
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, open_empty, close_desk)
	const struct CMUnitTest tests[] = {
		TEST(restore__brings_any_version_back_exactly),
		TEST(restore__is_undone_by_restoring),
		TEST(restore__reads_and_writes_only_what_differs),
		TEST(restore__a_preview_tells_and_writes_nothing),
		TEST(restore__an_unknown_version_is_no_snapshot),
		TEST(restore__when_stale_conflicts_even_if_rebased),
		TEST(restore__never_goes_by_a_history_that_leads_elsewhere),
		TEST(thinning__keeps_the_other_versions_exact),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
