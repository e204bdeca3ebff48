/* sl_merge_reverse, of whole rows and their places; what is damaged is refused, and each failed allocation is told. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <jansson.h>

#include "reversing.h"
#include "unit/base/torture.h"

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
	assert_counts(2, 2, 1);
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
	put(MINE, character("a"), "C", "{}");
	put(THEIRS, character("a"), "E", "{'name':'t'}");
	put(ALL, character("b"), "B", "{}");
	put(ALL, character("d"), "D", "{}");
	merge();
	reverse_at(character("a"), "", true);
	assert_rank(character("a"), "C");
	assert_data(character("a"), "{'name':'t'}");
	forget(character("a"));
	assert_int_equal(try(character("a"), "", true), SL_NOT_FOUND);
}

static void reverse__field_of_a_vanished_row_is_not_found(void **state)
{
	(void)state;
	put(BASE, character("a"), "A", "{}");
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
	static const struct { const char *path, *mine; enum sl_note_kind kind; int code; } cases[] = {
		{ "/name/deeper", "1", SL_NOTE_VALUE, SL_NOT_FOUND }, { "/forms/a/b/c", "1", SL_NOTE_VALUE, SL_NOT_FOUND },
		{ "/name", "no JSON", SL_NOTE_VALUE, SL_INTERNAL }, { "", "'not a rank!'", SL_NOTE_MOVED, SL_NOT_FOUND },
		{ "", "", SL_NOTE_MOVED, SL_NOT_FOUND }, { "/name", "[]", SL_NOTE_MOVED, SL_NOT_FOUND },
		{ "/forms/x/y", "", SL_NOTE_VALUE, SL_NOT_FOUND },
		{ "/forms", "7", SL_NOTE_MOVED, 0 }, { "/forms", "['x',1,'a','a']", SL_NOTE_MOVED, 0 }, { "/~", "1", SL_NOTE_VALUE, 0 },
	};
	put(ALL, character("a"), "A", "{'forms':[{'formName':'a'},{'formName':'b'}],'name':'t'}");
	merge();
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct sl_delta delta;
		const struct sl_note receipt = {
			.key = character("a"), .path = sl_str_from(cases[i].path), .mine = quoted(cases[i].mine),
			.kind = cases[i].kind,
		};
		assert_int_equal(sl_merge_reverse(&receipt, the.base, the.merge.rows, &the.arena, &delta, NULL), cases[i].code);
	}
	(void)state;
}

static void reverse__damaged_rows_are_refused(void **state)
{
	(void)state;
	put(BASE, character("a"), "A", "{}");
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
	for (size_t i = 0; rc == 0 && i < the.merge.note_count; i++) {
		struct sl_arena arena;
		struct sl_delta delta;
		sl_arena_init(&arena, 0);
		rc = sl_merge_reverse(&the.merge.notes[i], the.base, the.merge.rows, &arena, &delta, NULL);
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
