/* Documents as rows and back: what is kept, what is dropped and filled in, and which projects are empty. */
#include "rows_fixture.h"

#include <stdio.h>
#include "core/rows/document_write.h"

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
		assert_int_equal(sl_rows_text_is_blank(sl_str_from(copy)), i < LENGTH(blank));
	}
}

static void emptiness__of_projects(void **state)
{
	static const char *const empty[] = { "{'episodes':[]}", "{'fileName':'x','episodes':[],'note':1}",
		"{'rawScript':' \\n ','soraGuide':'\\t','logline':' ','episodes':[],'context':{'projectSummary':' ','mood':[1]}}",
		"{'stats':{'context':{'total':1}},'episodes':[],'context':{'episodeSummaries':[{'episodeId':1}]}}" };
	static const char *const filled[] = { "{'rawScript':'x','episodes':[]}", "{'episodes':[{'id':0}]}",
		"{'shotGuide':'x','episodes':[]}", "{'logline':'x','episodes':[]}", "{'episodes':[],'context':{'projectSummary':'s'}}",
		"{'episodes':[],'context':{'characters':[{'id':'c'}]}}",
		"{'episodes':[],'context':{'locations':[{'id':'l'}]}}" };
	(void)state;
	for (size_t i = 0; i < LENGTH(empty); i++)
		assert_true(sl_rows_is_empty_project(project_rows(empty[i], &arena)));
	for (size_t i = 0; i < LENGTH(filled); i++)
		assert_false(sl_rows_is_empty_project(project_rows(filled[i], &arena)));
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
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
