/* The order of rows: how it becomes ranks, and that documents are only written in it. */
#include "rows_fixture.h"

#include "core/base/rank.h"
#include "core/rows/document_write.h"

/* --- ranks ------------------------------------------------------------------------------------------------------- */

/* Ranks `wanted` after `stored` and counts the rows whose rank or data changed. */
static size_t changed_rows(struct sl_rowset *stored, const char *wanted_text)
{
	struct sl_err err = SL_ERR_INIT;
	struct sl_rowset *wanted;
	struct sl_delta delta;
	json_t *document = project_json(wanted_text), *read;
	assert_int_equal(sl_rows_from_document(document, &arena, &wanted, &err), SL_OK);
	assert_int_equal(sl_rows_assign_ranks(wanted, stored, &arena, &err), SL_OK);
	expect_whole(wanted);
	assert_int_equal(sl_delta_difference(stored, wanted, &arena, &delta), SL_OK);
	read = project_document(wanted, &arena);
	assert_true(json_equal(json_object_get(document, "episodes"), json_object_get(read, "episodes")));
	json_decref(document);
	json_decref(read);
	return sl_rowset_count(delta.rows);
}

#define EPISODE(shots) "{'episodes':[{'id':1,'scenes':[],'shots':[" shots "]}]}"

static void ranks__moving_one_row_changes_one_row(void **state)
{
	(void)state;
	struct sl_rowset *stored = project_rows(EPISODE("{'id':'a'},{'id':'b'},{'id':'c'},{'id':'d'}"), &arena);
	assert_int_equal(changed_rows(stored, EPISODE("{'id':'a'},{'id':'b'},{'id':'c'},{'id':'d'}")), 0);
	assert_int_equal(changed_rows(stored, EPISODE("{'id':'d'},{'id':'a'},{'id':'b'},{'id':'c'}")), 1);
	assert_int_equal(changed_rows(stored, EPISODE("{'id':'b'},{'id':'c'},{'id':'a'},{'id':'d'}")), 1);
	assert_int_equal(changed_rows(stored, EPISODE("{'id':'b'},{'id':'d'}")), 0);
	assert_int_equal(changed_rows(stored, EPISODE("{'id':'a'},{'id':'b'},{'id':'new'},{'id':'c'},{'id':'d'}")), 1);
	assert_int_equal(changed_rows(stored, EPISODE("{'id':'d'},{'id':'c'},{'id':'b'},{'id':'a'}")), 3);
}

static struct sl_str repeated(char c, size_t length)
{
	char text[SL_RANK_BYTES];
	struct sl_str copy;
	memset(text, c, length);
	assert_int_equal(sl_arena_copy(&arena, (struct sl_str){ text, length }, &copy), SL_OK);
	return copy;
}

static void ranks__siblings_are_respaced_where_no_room_is_left(void **state)
{
	(void)state;
	struct sl_rowset *stored = project_rows(EPISODE("{'id':'a'},{'id':'b'}"), &arena);
	struct sl_key a = { SL_SHOTS, 1, SL_STR("a") }, b = { SL_SHOTS, 1, SL_STR("b") };
	sl_rowset_find(stored, &a)->rank = repeated('A', SL_RANK_BYTES - 1);
	char close_behind[SL_RANK_BYTES];
	memset(close_behind, 'A', sizeof(close_behind) - 1);
	close_behind[sizeof(close_behind) - 1] = '1';
	sl_rowset_find(stored, &b)->rank = (struct sl_str){ close_behind, sizeof(close_behind) };
	assert_int_equal(changed_rows(stored, EPISODE("{'id':'a'},{'id':'x'},{'id':'b'}")), 2);
	sl_rowset_find(stored, &b)->rank = repeated('z', SL_RANK_BYTES);
	assert_int_equal(changed_rows(stored, EPISODE("{'id':'a'},{'id':'b'},{'id':'x'}")), 3);
}

static void ranks__equal_stored_ranks_are_ordered_by_id(void **state)
{
	(void)state;
	struct sl_rowset *stored = project_rows("{'episodes':[{'id':2},{'id':10},{'id':-1}]}", &arena);
	struct sl_row *row;
	size_t cursor = 0;
	while ((row = sl_rowset_next(stored, &cursor)))
		row->rank = SL_STR("V");
	/* As it reads: -1, 2, 10. */
	assert_int_equal(changed_rows(stored,
		"{'episodes':[{'id':-1,'scenes':[],'shots':[]},{'id':2,'scenes':[],'shots':[]},{'id':10,'scenes':[],"
			"'shots':[]}]}"), 0);
	assert_int_not_equal(changed_rows(stored,
		"{'episodes':[{'id':10,'scenes':[],'shots':[]},{'id':2,'scenes':[],'shots':[]},{'id':-1,'scenes':[],"
			"'shots':[]}]}"), 0);
}

static void ranks__each_group_is_ranked_by_itself(void **state)
{
	(void)state;
	struct sl_rowset *rows = project_rows("{'episodes':[{'id':1,'scenes':[{'id':'a'}],'shots':[{'id':'a'}]},{'id':2,"
		"'scenes':"
		"[{'id':'a'}]}],'context':{'characters':[{'id':'a'}],'locations':[{'id':'a'}]}}", &arena);
	struct sl_str rank = row_at(rows, SL_SCENES, 1, "a")->rank;
	assert_true(sl_str_equal(row_at(rows, SL_SCENES, 2, "a")->rank, rank));
	assert_true(sl_str_equal(row_at(rows, SL_SHOTS, 1, "a")->rank, rank));
	assert_true(sl_str_equal(row_at(rows, SL_CHARACTERS, 0, "a")->rank, rank));
}

static void ranks__that_were_there_already_do_not_matter(void **state)
{
	struct sl_err err = SL_ERR_INIT;
	struct sl_row *row;
	size_t cursor = 0;
	(void)state;
	struct sl_rowset *stored = project_rows(EPISODE("{'id':'a'},{'id':'b'}"), &arena);
	struct sl_rowset *wanted = sl_rowset_clone(stored, &arena);
	while ((row = sl_rowset_next(wanted, &cursor)))
		if (row->key.entity != SL_META)
			row->rank = SL_STR("left over from a first try");
	assert_int_equal(sl_rows_assign_ranks(wanted, stored, &arena, &err), SL_OK);
	expect_rows(wanted, stored);
}

/* The document as a device with this prefix would save it on top of what is stored. */
static struct sl_rowset *saved_by(const char *prefix, const struct sl_rowset *stored, const char *text)
{
	struct sl_err err = SL_ERR_INIT;
	struct sl_rowset *wanted;
	json_t *document = project_json(text);
	assert_int_equal(sl_rows_from_document(document, &arena, &wanted, &err), SL_OK);
	assert_int_equal(sl_rows_assign_ranks_as(wanted, stored, sl_str_from(prefix), &arena, &err), SL_OK);
	json_decref(document);
	return wanted;
}

static void case_22__documents_saved_on_two_devices_dont_interleave(void **state)
{
	(void)state;
	struct sl_rowset *stored = project_rows(EPISODE("{'id':'a'},{'id':'z'}"), &arena);
	struct sl_rowset *mine = saved_by("Qm7aB", stored,
		EPISODE("{'id':'a'},{'id':'m1'},{'id':'m2'},{'id':'m3'},{'id':'z'}"));
	struct sl_rowset *theirs = saved_by("b2Xy9", stored, EPISODE("{'id':'a'},{'id':'t1'},{'id':'t2'},{'id':'z'}"));
	theirs = saved_by("b2Xy9", theirs, EPISODE("{'id':'a'},{'id':'t1'},{'id':'t2'},{'id':'t3'},{'id':'z'}"));
	struct sl_row *row;
	size_t cursor = 0;
	while ((row = sl_rowset_next(theirs, &cursor)))
		assert_non_null(sl_rowset_put(mine, row));
	struct sl_row **sorted = sl_rowset_sorted(mine, &arena);
	static const char *const order[] = { "a", "m1", "m2", "m3", "t1", "t2", "t3", "z" };
	for (size_t i = 0; i < LENGTH(order); i++)
		assert_true(sl_str_equal(sorted[i + 1]->key.id, sl_str_from(order[i]))); /* behind the episode */
}

/* --- the streaming writer ---------------------------------------------------------------------------------------- */

/* Feeds rows of these entities; shots and scenes belong to the last episode, whose number is their place. */
static int feed(const char *letters)
{
	struct sl_document_writer writer;
	struct sl_buf out;
	int64_t episode = 0;
	sl_buf_init(&out, SIZE_MAX);
	int rc = sl_document_begin(&writer, &out, &arena);
	for (int64_t i = 0; rc == SL_OK && letters[i]; i++) {
		static const char known[] = "mestcl";
		struct sl_row row = { .key = { (enum sl_entity)(strchr(known, letters[i]) - known), 0, SL_STR("x") },
			.data = SL_STR("{}") };
		if (row.key.entity == SL_EPISODES)
			row.key = sl_key_of_episode(episode = i);
		else if (sl_entity_has_episode(row.key.entity))
			row.key.episode = episode;
		rc = sl_document_row(&writer, &row);
	}
	if (rc == SL_OK)
		rc = sl_document_end(&writer);
	if (rc == SL_OK) {
		json_t *document = json_loadb(out.bytes, out.length, 0, NULL);
		assert_non_null(document);
		json_decref(document);
	}
	sl_buf_dispose(&out);
	return rc;
}

static void writer__accepts_the_order_of_the_contract_only(void **state)
{
	static const char *const right[] = { "", "m", "mm", "c", "l", "e", "mcl", "mcclleest", "est", "et", "es",
		"esstteette", "eee" };
	static const char *const wrong[] = { "cm", "lc", "ec", "el", "em", "s", "t", "ms", "cs", "ets", "esl", "estc",
		"etm" };
	(void)state;
	for (size_t i = 0; i < LENGTH(right); i++)
		assert_int_equal(feed(right[i]), SL_OK);
	for (size_t i = 0; i < LENGTH(wrong); i++)
		assert_int_equal(feed(wrong[i]), SL_INTERNAL);
}

static void writer__refuses_rows_of_another_episode(void **state)
{
	struct sl_err err = SL_ERR_INIT;
	struct sl_buf out;
	(void)state;
	sl_buf_init(&out, SIZE_MAX);
	struct sl_rowset *rows = project_rows("{'episodes':[{'id':1,'shots':[{'id':'a'}]}]}", &arena);
	struct sl_row stray = { { SL_SHOTS, 2, SL_STR("a") }, SL_STR("V"), SL_STR("{}"), 0 };
	assert_non_null(sl_rowset_put(rows, &stray));
	assert_int_equal(sl_rows_write_document(rows, &arena, &out, &err), SL_INTERNAL);
	assert_int_equal(err.code, SL_INTERNAL);
	sl_buf_dispose(&out);
}

static void writer__passes_on_the_limit_of_its_buffer(void **state)
{
	struct sl_err err = SL_ERR_INIT;
	struct sl_buf out;
	(void)state;
	sl_buf_init(&out, 100);
	struct sl_rowset *rows = project_rows("{'episodes':[{'id':1,'shots':[{'id':'a'}]}]}", &arena);
	assert_int_equal(sl_rows_write_document(rows, &arena, &out, &err), SL_TOO_LARGE);
	sl_buf_dispose(&out);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
	const struct CMUnitTest tests[] = {
		TEST(ranks__moving_one_row_changes_one_row),
		TEST(ranks__siblings_are_respaced_where_no_room_is_left),
		TEST(ranks__equal_stored_ranks_are_ordered_by_id),
		TEST(ranks__each_group_is_ranked_by_itself),
		TEST(ranks__that_were_there_already_do_not_matter),
		TEST(case_22__documents_saved_on_two_devices_dont_interleave),
		TEST(writer__accepts_the_order_of_the_contract_only),
		TEST(writer__refuses_rows_of_another_episode),
		TEST(writer__passes_on_the_limit_of_its_buffer),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
