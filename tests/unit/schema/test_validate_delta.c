/* Validation of deltas: what passes, and the exact path and reason of what doesn't. */
#include "validating.h"

static void delta__passes(void **state)
{
	static const char *const texts[] = {
		"{}",
		"{'meta':{},'episodes':[],'scenes':[],'shots':[],'characters':[],'locations':[],'deleted':{}}",
		"{'meta':{'rawScript':'x','soraGuide':null,'extra':null,'stats':null,'new':{'a':null},"
		"'context':{'projectSummary':null,'episodeSummaries':[],'unknown':[null],'gone':null}}}",
		"{'episodes':[{'id':1,'title':'x','unknown':null}],'scenes':[{'episodeId':1,'id':'a'}],"
		"'shots':[{'episodeId':1,'id':'a','difficulty':3}],'characters':[{'id':'a'}],'locations':[{'id':'a'}]}",
		/* the same id under different episodes, or in different collections */
		"{'shots':[{'episodeId':1,'id':'a'},{'episodeId':2,'id':'a'}],'scenes':[{'episodeId':1,'id':'a'}],"
		"'deleted':{'shots':[{'episodeId':3,'shotId':'a'}],'scenes':[{'episodeId':2,'sceneId':'a'}],'characters':['a'],"
		"'locations':['a'],'episodes':[1]}}",
		"{'characters':[{'id':'a','rank':'0'},{'id':'A','rank':"
		"'0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz01'},{'id':'a ','rank':'z'}]}",
		/* an episode that goes takes its scenes along, named or not */
		"{'deleted':{'episodes':[4],'scenes':[{'sceneId':'a','episodeId':4}]}}",
		/* a character's unknown members may bear any name */
		"{'characters':[{'id':'a','scenes':1,'shots':2,'episodeId':'x'}]}",
	};
	(void)state;
	expect_texts_valid(DELTA, texts, LENGTH(texts));
}

static void delta__structure_is_checked(void **state)
{
	static const struct fault_case cases[] = {
		{ "[]", "/delta", "must be an object" },
		{ "{'project':{}}", "/delta/project", "is not part of a delta" },
		{ "{'':{}}", "/delta/", "is not part of a delta" },
		{ "{'context':{}}", "/delta/context", "is not part of a delta" },
		{ "{'meta':null}", "/delta/meta", "must be an object" },
		{ "{'meta':[]}", "/delta/meta", "must be an object" },
		{ "{'shots':{}}", "/delta/shots", "must be an array" },
		{ "{'shots':null}", "/delta/shots", "must be an array" },
		{ "{'locations':[[]]}", "/delta/locations/0", "must be an object" },
		{ "{'deleted':[]}", "/delta/deleted", "must be an object" },
		{ "{'deleted':null}", "/delta/deleted", "must be an object" },
		{ "{'deleted':{'episodes':{}}}", "/delta/deleted/episodes", "must be an array" },
		{ "{'deleted':{'meta':['rawScript']}}", "/delta/deleted/meta", "is not a collection of rows" },
		{ "{'deleted':{'deleted':[]}}", "/delta/deleted/deleted", "is not a collection of rows" },
		{ "{'deleted':{'':[]}}", "/delta/deleted/", "is not a collection of rows" },
		{ "{'episodes':[{'id':1,'scenes':[]}]}", "/delta/episodes/0/scenes", "belongs in the delta's own collection" },
		{ "{'episodes':[{'id':1,'shots':null}]}", "/delta/episodes/0/shots", "belongs in the delta's own collection" },
	};
	(void)state;
	expect_faults(DELTA, cases, LENGTH(cases));
}

static void meta__is_checked(void **state)
{
	static const char own[] = "belongs in the delta's own collection";
	static const struct fault_case cases[] = {
		{ "{'meta':{'episodes':[]}}", "/delta/meta/episodes", own },
		{ "{'meta':{'context':{'characters':null}}}", "/delta/meta/context/characters", own },
		{ "{'meta':{'context':{'locations':[]}}}", "/delta/meta/context/locations", own },
		{ "{'meta':{'context':null}}", "/delta/meta/context", "must be an object" },
		{ "{'meta':{'context.projectSummary':'x'}}", "/delta/meta/context.projectSummary",
			"belongs in the object context" },
		{ "{'meta':{'context.x':null}}", "/delta/meta/context.x", "belongs in the object context" },
		{ "{'meta':{'':null}}", "/delta/meta/", "the name must not be empty" },
		{ "{'meta':{'a\\u0001':null}}", "/delta/meta/a\x01", "the name must not hold control characters" },
		{ "{'meta':{'rawScript':7}}", "/delta/meta/rawScript", "must be text" },
		{ "{'meta':{'stats':{'context':0}}}", "/delta/meta/stats/context", "must be an object" },
		{ "{'meta':{'context':{'episodeSummaries':[{'episodeId':'1'}]}}}",
			"/delta/meta/context/episodeSummaries/0/episodeId", "must be a number" },
		{ "{'meta':{'extra':[1e300]}}", "/delta/meta/extra/0", "number beyond ±(2^53−1)" },
	};
	(void)state;
	expect_faults(DELTA, cases, LENGTH(cases));
}

static void rows__need_their_whole_key(void **state)
{
	static const struct fault_case cases[] = {
		{ "{'episodes':[{'title':'x'}]}", "/delta/episodes/0/id", "is required" },
		{ "{'scenes':[{'id':'a'}]}", "/delta/scenes/0/episodeId", "is required" },
		{ "{'shots':[{'episodeId':1}]}", "/delta/shots/0/id", "is required" },
		{ "{'shots':[{'episodeId':'1','id':'a'}]}", "/delta/shots/0/episodeId", "must be a whole number" },
		{ "{'shots':[{'episodeId':9007199254740993,'id':'a'}]}", "/delta/shots/0/episodeId",
			"number beyond ±(2^53−1)" },
		{ "{'characters':[{'name':'x'}]}", "/delta/characters/0/id", "is required" },
		{ "{'shots':[{'episodeId':1,'id':'a','difficulty':'hard'}]}", "/delta/shots/0/difficulty", "must be a number" },
	};
	(void)state;
	expect_faults(DELTA, cases, LENGTH(cases));
}

static void ranks__are_short_and_plain(void **state)
{
	static const char reason[] = "must be 1 to 64 of 0-9, A-Z, a-z";
	static const struct fault_case cases[] = {
		{ "{'episodes':[{'id':1,'rank':''}]}", "/delta/episodes/0/rank", reason },
		{ "{'shots':[{'episodeId':1,'id':'a','rank':'a b'}]}", "/delta/shots/0/rank", reason },
		{ "{'scenes':[{'episodeId':1,'id':'a','rank':'é'}]}", "/delta/scenes/0/rank", reason },
		{ "{'locations':[{'id':'a','rank':'0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz012'}]}",
			"/delta/locations/0/rank", reason },
		{ "{'characters':[{'id':'a','rank':5}]}", "/delta/characters/0/rank", "must be text" },
		{ "{'characters':[{'id':'a','rank':null}]}", "/delta/characters/0/rank", "must be text" },
	};
	(void)state;
	expect_faults(DELTA, cases, LENGTH(cases));
}

static void deleted__keys_are_checked(void **state)
{
	static const struct fault_case cases[] = {
		{ "{'deleted':{'episodes':['1']}}", "/delta/deleted/episodes/0", "must be a whole number" },
		{ "{'deleted':{'episodes':[1,2.5]}}", "/delta/deleted/episodes/1", "must be a whole number" },
		{ "{'deleted':{'episodes':[9007199254740992]}}", "/delta/deleted/episodes/0", "number beyond ±(2^53−1)" },
		{ "{'deleted':{'scenes':['a']}}", "/delta/deleted/scenes/0", "must be an object" },
		{ "{'deleted':{'scenes':[{'episodeId':1}]}}", "/delta/deleted/scenes/0/sceneId", "is required" },
		{ "{'deleted':{'scenes':[{'sceneId':'a'}]}}", "/delta/deleted/scenes/0/episodeId", "is required" },
		{ "{'deleted':{'scenes':[{'episodeId':1,'sceneId':'a','shotId':'a'}]}}", "/delta/deleted/scenes/0/shotId",
			"is not part of the key" },
		{ "{'deleted':{'shots':[{'episodeId':1,'shotId':7}]}}", "/delta/deleted/shots/0/shotId", "must be text" },
		{ "{'deleted':{'shots':[{'episodeId':null,'shotId':'a'}]}}", "/delta/deleted/shots/0/episodeId",
			"must be a whole number" },
		{ "{'deleted':{'characters':[{'id':'a'}]}}", "/delta/deleted/characters/0", "must be text" },
		{ "{'deleted':{'characters':['']}}", "/delta/deleted/characters/0", "must not be empty" },
		{ "{'deleted':{'locations':['a\\n']}}", "/delta/deleted/locations/0", "must not hold control characters" },
	};
	(void)state;
	expect_faults(DELTA, cases, LENGTH(cases));
}

static void rows__are_named_once(void **state)
{
	static const struct fault_case cases[] = {
		{ "{'episodes':[{'id':1},{'id':1}]}", "/delta/episodes/1/id",
			"the id is used twice in this collection (first at /delta/episodes/0)" },
		{ "{'shots':[{'episodeId':1,'id':'a'},{'episodeId':2,'id':'a'},{'episodeId':1,'id':'a'}]}", "/delta/shots/2/id",
			"the id is used twice in this collection (first at /delta/shots/0)" },
		{ "{'deleted':{'episodes':[5,5]}}", "/delta/deleted/episodes/1",
			"the id is used twice in this collection (first at /delta/deleted/episodes/0)" },
		{ "{'deleted':{'scenes':[{'episodeId':1,'sceneId':'a'},{'sceneId':'a','episodeId':1.0}]}}",
			"/delta/deleted/scenes/1",
			"the id is used twice in this collection (first at /delta/deleted/scenes/0)" },
		{ "{'episodes':[{'id':4},{'id':5}],'deleted':{'episodes':[5]}}", "/delta/deleted/episodes/0",
			"the row is also written in this delta (at /delta/episodes/1)" },
		{ "{'deleted':{'shots':[{'episodeId':1,'shotId':'a'}]},'shots':[{'episodeId':1,'id':'a'}]}",
			"/delta/deleted/shots/0",
			"the row is also written in this delta (at /delta/shots/0)" },
		{ "{'locations':[{'id':'a'}],'deleted':{'locations':['b','a']}}", "/delta/deleted/locations/1",
			"the row is also written in this delta (at /delta/locations/0)" },
	};
	(void)state;
	expect_faults(DELTA, cases, LENGTH(cases));
}

static void rows__of_thousands_of_episodes_are_told_apart(void **state)
{
	json_t *delta = parse("{'shots':[],'deleted':{'shots':[]}}");
	json_t *shots = json_object_get(delta, "shots"), *deleted = json_object_get(json_object_get(delta, "deleted"),
		"shots");
	(void)state;
	for (int i = 0; i < 3000; i++) {
		json_array_append_new(shots, json_pack("{s:i,s:s}", "episodeId", i, "id", "1"));
		json_array_append_new(deleted, json_pack("{s:i,s:s}", "episodeId", -i - 1, "shotId", "1"));
	}
	expect_valid(DELTA, delta, NO_LIMIT);
	json_array_append_new(deleted, json_pack("{s:i,s:s}", "episodeId", 2999, "shotId", "1"));
	expect_fault(DELTA, delta, NO_LIMIT, "/delta/deleted/shots/3000",
		"the row is also written in this delta (at /delta/shots/2999)");
	json_decref(delta);
}

static void rows__are_measured_without_key_and_rank(void **state)
{
	json_t *delta = parse("{'shots':[{'episodeId':1,'id':'a','rank':'V','title':'x'}]}");
	(void)state;
	expect_valid(DELTA, delta, strlen("{'title':'x'}"));
	expect_fault(DELTA, delta, strlen("{'title':'x'}") - 1, "/delta/shots/0", "takes more than 12 bytes");
	json_decref(delta);
}

static void reasons__never_quote_the_content(void **state)
{
	static const char secret[] = "sesame";
	json_t *delta = parse("{'shots':[{'episodeId':'sesame','id':'sesame\\u0001','status':'sesame',"
		"'videoStatus':'sesame'},"
		"{'episodeId':1,'id':'sesame','difficulty':'sesame','isApproved':'sesame'},{'episodeId':1,'id':'sesame'}],"
		"'meta':{'stats':'sesame'},'deleted':{'shots':[{'episodeId':1,'shotId':'sesame'}],'episodes':['sesame']}}");
	struct run run;
	(void)state;
	run_value(&run, DELTA, delta, NO_LIMIT);
	assert_int_equal(run.faults.total, 8);
	for (size_t i = 0; i < run.faults.count; i++)
		assert_null(strstr(run.faults.items[i].reason, secret));
	run_end(&run);
	json_decref(delta);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(delta__passes),
		cmocka_unit_test(delta__structure_is_checked),
		cmocka_unit_test(meta__is_checked),
		cmocka_unit_test(rows__need_their_whole_key),
		cmocka_unit_test(rows__are_named_once),
		cmocka_unit_test(rows__of_thousands_of_episodes_are_told_apart),
		cmocka_unit_test(rows__are_measured_without_key_and_rank),
		cmocka_unit_test(ranks__are_short_and_plain),
		cmocka_unit_test(deleted__keys_are_checked),
		cmocka_unit_test(reasons__never_quote_the_content),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
