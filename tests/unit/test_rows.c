/* Documents as rows and back: what is kept, what is dropped and filled in, and how order becomes ranks. */
#include "projects.h"

#include <stdio.h>
#include <stdlib.h>

#include "core/rank.h"

static struct sl_arena arena;

static int set_up(void **state)
{
	(void)state;
	sl_arena_init(&arena, 0);
	return 0;
}

static int tear_down(void **state)
{
	(void)state;
	sl_arena_dispose(&arena);
	return 0;
}

static const struct sl_row *row_at(const struct sl_rowset *rows, enum sl_entity entity, int64_t episode, const char *id)
{
	struct sl_key key = { entity, episode, sl_str_from(id) };
	const struct sl_row *row = sl_rowset_find(rows, &key);
	if (!row)
		fail_msg("no row %s %s", sl_entity_name(entity), id);
	return row;
}

static bool has_row(const struct sl_rowset *rows, enum sl_entity entity, int64_t episode, const char *id)
{
	struct sl_key key = { entity, episode, sl_str_from(id) };
	return sl_rowset_find(rows, &key) != NULL;
}

static void expect_written(const struct sl_rowset *rows, const char *text)
{
	struct sl_err err = SL_ERR_INIT;
	struct sl_buf out;
	sl_buf_init(&out, SIZE_MAX);
	assert_int_equal(sl_rows_write_document(rows, &arena, &out, &err), SL_OK);
	expect_text(sl_buf_str(&out), text);
	sl_buf_dispose(&out);
}

#define USAGE "{'promptTokens':0,'responseTokens':0,'totalTokens':0}"
#define TALLY "{'error':0,'success':0,'total':0}"
#define EMPTY_LEVEL                                                                                                    \
	"'contextUsage':" USAGE ",'phase1Usage':{'charDeepDive':" USAGE ",'charList':" USAGE ",'episodeSummaries':" USAGE  \
	",'locDeepDive':" USAGE ",'locList':" USAGE ",'projectSummary':" USAGE "},'phase4Usage':" USAGE \
	",'phase5Usage':" USAGE ",'stats':{'context':" TALLY ",'shotGen':" TALLY ",'soraGen':" TALLY "}"
#define EMPTY_TEXTS "'rawScript':'','shotGuide':'','soraGuide':'','dramaGuide':'','globalStyleGuide':''"

/* --- taking apart and putting together --------------------------------------------------------------------------- */

static void document__with_nothing_reads_as_empty_values(void **state)
{
	(void)state;
	struct sl_rowset *rows = project_rows("{'episodes':[]}", &arena);
	assert_int_equal(sl_rowset_count(rows), 0);
	expect_written(rows, "{'fileName':''," EMPTY_TEXTS "," EMPTY_LEVEL ",'context':{'projectSummary':'',"
		"'episodeSummaries':[],'characters':[],'locations':[]},'episodes':[]}");
}

static void document__empty_project_level_values_give_no_row(void **state)
{
	(void)state;
	struct sl_rowset *rows = project_rows("{'fileName':'','stats':{'context':{},'shotGen':{'total':0}},'contextUsage':"
		"{'promptTokens':-0.0},'context':{'projectSummary':'','episodeSummaries':[],'mood':''},'note':'','list':[],"
		"'object':{},'zero':0,'episodes':[]}", &arena);
	/* Of a field that the schema doesn't know no value is empty. */
	assert_int_equal(sl_rowset_count(rows), 5);
	assert_true(has_row(rows, SL_META, 0, "context.mood"));
	assert_true(has_row(rows, SL_META, 0, "note"));
	assert_true(has_row(rows, SL_META, 0, "zero"));
}

static void document__an_unknown_member_keeps_an_otherwise_empty_object(void **state)
{
	(void)state;
	struct sl_rowset *rows = project_rows("{'stats':{'context':{'skipped':0}},'phase4Usage':{'cached':0,"
		"'totalTokens':0},"
		"'contextUsage':{'totalTokens':1},'episodes':[]}", &arena);
	assert_int_equal(sl_rowset_count(rows), 3);
	expect_text(row_at(rows, SL_META, 0, "stats")->data, "{'context':{'skipped':0}}");
	expect_text(row_at(rows, SL_META, 0, "phase4Usage")->data, "{'cached':0,'totalTokens':0}");
}

static void document__keeps_unknown_fields_on_every_level(void **state)
{
	static const char text[] = "{'z':{'deep':[1,{'x':null}]},'a':'no!','context':{'mood':'dark',"
		"'characters':[{'id':'c','x':1}],"
		"'locations':[{'id':'l','x':null}],'episodes':[3]},'characters':'not a collection here',"
		"'episodes':[{'id':1,'x':[],'scenes':[{'id':'s','x':{}}],'shots':[{'id':'t','x':false}]}]}";
	(void)state;
	json_t *sent = project_json(text), *read = project_document(project_rows_of(sent, &arena), &arena);
	assert_true(json_equal(json_object_get(sent, "z"), json_object_get(read, "z")));
	assert_true(json_equal(json_object_get(sent, "a"), json_object_get(read, "a")));
	assert_true(json_equal(json_object_get(sent, "characters"), json_object_get(read, "characters")));
	assert_true(json_equal(json_object_get(sent, "episodes"), json_object_get(read, "episodes")));
	json_t *context = json_object_get(sent, "context"), *read_context = json_object_get(read, "context");
	json_object_set_new(context, "projectSummary", json_string(""));
	json_object_set_new(context, "episodeSummaries", json_array());
	assert_true(json_equal(context, read_context));
	json_decref(sent);
	json_decref(read);
}

static void document__rows_hold_neither_key_nor_rank_nor_children(void **state)
{
	(void)state;
	struct sl_rowset *rows = project_rows("{'episodes':[{'id':2,'title':'t','rank':'x','scenes':[{'rank':'zz','id':'s',"
		"'episodeId':2,'title':'u'}],'shots':[{'id':'s'}],'episodeId':5}],'context':{'characters':[{'id':'c',"
			"'rank':'Q',"
		"'episodeId':9}]}}", &arena);
	expect_text(row_at(rows, SL_EPISODES, 2, "")->data, "{'episodeId':5,'title':'t'}");
	expect_text(row_at(rows, SL_SCENES, 2, "s")->data, "{'title':'u'}");
	expect_text(row_at(rows, SL_SHOTS, 2, "s")->data, "{}");
	expect_text(row_at(rows, SL_CHARACTERS, 0, "c")->data, "{'episodeId':9}");
	/* The array is the truth about order: a rank in a document means nothing. */
	assert_false(sl_str_equal(row_at(rows, SL_SCENES, 2, "s")->rank, SL_STR("zz")));
}

static void document__equal_ids_in_different_episodes_are_different_rows(void **state)
{
	(void)state;
	struct sl_rowset *rows = project_rows("{'episodes':[{'id':9007199254740991,'shots':[{'id':'1','n':1}],"
		"'scenes':[{'id':'1',"
		"'n':2}]},{'id':-9007199254740991,'shots':[{'id':'1','n':3}],'scenes':[]},{'id':0,'scenes':[{'id':'1','n':4}],"
		"'shots':[]}]}", &arena);
	assert_int_equal(sl_rowset_count(rows), 7);
	expect_text(row_at(rows, SL_SHOTS, 9007199254740991, "1")->data, "{'n':1}");
	expect_text(row_at(rows, SL_SHOTS, -9007199254740991, "1")->data, "{'n':3}");
	json_t *document = project_document(rows, &arena);
	json_t *first = json_array_get(json_object_get(document, "episodes"), 0);
	assert_true(json_number_value(json_object_get(first, "id")) == 9007199254740991.0);
	json_decref(document);
}

static void document__comes_in_the_order_of_the_contract(void **state)
{
	static const char *const expected[] = { "fileName", "context.mood", "c", "l", "", "", "s", "t", "s" };
	const struct sl_row *row;
	size_t cursor = 0, at = 0;
	(void)state;
	struct sl_rowset *rows = project_rows("{'episodes':[{'id':1,'shots':[{'id':'t'}],'scenes':[{'id':'s'}]},{'id':0,"
		"'scenes':"
		"[{'id':'s'}]}],'fileName':'f','context':{'locations':[{'id':'l'}],'characters':[{'id':'c'}],'mood':1}}",
			&arena);
	while ((row = sl_rowset_next(rows, &cursor)))
		assert_true(sl_str_equal(row->key.id, sl_str_from(expected[at++])));
	assert_int_equal(at, LENGTH(expected));
}

static void document__order_survives_beyond_99_shots(void **state)
{
	char text[16384];
	size_t length = (size_t)snprintf(text, sizeof(text), "{'episodes':[{'id':1,'shots':[");
	(void)state;
	for (int i = 1; i <= 250; i++)
		length += (size_t)snprintf(text + length, sizeof(text) - length, "%s{'id':'1-1-%d'}", i > 1 ? "," : "", i);
	snprintf(text + length, sizeof(text) - length, "]}]}");
	json_t *document = project_document(project_rows(text, &arena), &arena);
	json_t *shots = json_object_get(json_array_get(json_object_get(document, "episodes"), 0), "shots");
	assert_int_equal(json_array_size(shots), 250);
	for (size_t i = 0; i < 250; i++) {
		char id[16];
		snprintf(id, sizeof(id), "1-1-%zu", i + 1);
		assert_string_equal(json_string_value(json_object_get(json_array_get(shots, i), "id")), id);
	}
	json_decref(document);
}

static void expect_round_trip(const char *name)
{
	struct sl_buf text;
	sl_buf_init(&text, SIZE_MAX);
	json_t *sent = project_load(name, &text);
	sl_buf_dispose(&text);
	if (!sent)
		skip();
	json_t *read = project_document(project_rows_of(sent, &arena), &arena);
	if (!json_equal(sent, read))
		fail_msg("%s comes back changed", name);
	json_decref(sent);
	json_decref(read);
}

static void document__hamlet_comes_back_value_for_value(void **state)
{
	(void)state;
	expect_round_trip("hamlet.json");
}

static void document__the_tempest_comes_back_value_for_value(void **state)
{
	(void)state;
	expect_round_trip("tempest.json");
}

static void document__random_rows_come_back_with_their_ranks(void **state)
{
	struct dice dice = { 0xd0c };
	struct sl_err err = SL_ERR_INIT;
	struct sl_rowset *rows = sl_rowset_new(&arena, 0), *again;
	(void)state;
	for (int i = 0; i < 300; i++) {
		project_scramble(rows, &dice, 3, &arena);
		expect_whole(rows);
		json_t *document = project_document(rows, &arena);
		assert_int_equal(sl_rows_from_document(document, &arena, &again, &err), SL_OK);
		assert_int_equal(sl_rows_assign_ranks(again, rows, &arena, &err), SL_OK);
		expect_rows(again, rows);
		json_decref(document);
	}
}

/* --- emptiness --------------------------------------------------------------------------------------------------- */

static void emptiness__of_scripts(void **state)
{
	static const char *const blank[] = { "", "''", "' '", "'\\n'", "' \\n\\r\\t  '" };
	static const char *const filled[] = { "'a'", "' a'", "'\\\\n'", "'n'", "'\\''", "'\\n\\\\'", "'\\f'", "'\\n.'" };
	(void)state;
	for (size_t i = 0; i < LENGTH(blank) + LENGTH(filled); i++) {
		char copy[32];
		const char *text = i < LENGTH(blank) ? blank[i] : filled[i - LENGTH(blank)];
		snprintf(copy, sizeof(copy), "%s", text);
		if (copy[0])
			copy[0] = copy[strlen(copy) - 1] = '"';
		assert_int_equal(sl_rows_script_is_blank(sl_str_from(copy)), i < LENGTH(blank));
	}
}

static void emptiness__of_projects(void **state)
{
	static const char *const empty[] = { "{'episodes':[]}", "{'fileName':'x','episodes':[],'note':1}",
		"{'rawScript':' \\n ','episodes':[],'context':{'projectSummary':'s'}}" };
	static const char *const filled[] = { "{'rawScript':'x','episodes':[]}", "{'episodes':[{'id':0}]}",
		"{'episodes':[],'context':{'characters':[{'id':'c'}]}}",
		"{'episodes':[],'context':{'locations':[{'id':'l'}]}}" };
	(void)state;
	for (size_t i = 0; i < LENGTH(empty); i++)
		assert_true(sl_rows_is_empty_project(project_rows(empty[i], &arena)));
	for (size_t i = 0; i < LENGTH(filled); i++)
		assert_false(sl_rows_is_empty_project(project_rows(filled[i], &arena)));
}

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
	assert_int_equal(changed_rows(stored, EPISODE("{'id':'a'},{'id':'x'},{'id':'b'}")), 3);
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
		TEST(document__with_nothing_reads_as_empty_values),
		TEST(document__empty_project_level_values_give_no_row),
		TEST(document__an_unknown_member_keeps_an_otherwise_empty_object),
		TEST(document__keeps_unknown_fields_on_every_level),
		TEST(document__rows_hold_neither_key_nor_rank_nor_children),
		TEST(document__equal_ids_in_different_episodes_are_different_rows),
		TEST(document__comes_in_the_order_of_the_contract),
		TEST(document__order_survives_beyond_99_shots),
		TEST(document__hamlet_comes_back_value_for_value),
		TEST(document__the_tempest_comes_back_value_for_value),
		TEST(document__random_rows_come_back_with_their_ranks),
		TEST(emptiness__of_scripts),
		TEST(emptiness__of_projects),
		TEST(ranks__moving_one_row_changes_one_row),
		TEST(ranks__siblings_are_respaced_where_no_room_is_left),
		TEST(ranks__equal_stored_ranks_are_ordered_by_id),
		TEST(ranks__each_group_is_ranked_by_itself),
		TEST(ranks__that_were_there_already_do_not_matter),
		TEST(writer__accepts_the_order_of_the_contract_only),
		TEST(writer__refuses_rows_of_another_episode),
		TEST(writer__passes_on_the_limit_of_its_buffer),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
