/* Validation of project documents: what passes, and the exact path and reason of what doesn't. */
#include "validating.h"

static void document__passes(void **state)
{
	static const char *const texts[] = {
		"{'episodes':[]}",
		"{'episodes':[{'id':0},{'id':-7},{'id':9007199254740991},{'id':-9007199254740991}]}",
		"{'episodes':[{'id':1.0}]}",
		"{'episodes':[{'id':1,'scenes':[],'shots':[]}]}",
		"{'context':{},'episodes':[]}",
		/* the same id in collections that are not the same */
		"{'episodes':[{'id':1,'scenes':[{'id':'a'}],'shots':[{'id':'a'}]},{'id':2,'scenes':[{'id':'a'}]}],"
		"'context':{'characters':[{'id':'a'}],'locations':[{'id':'a'}]}}",
		/* ids that differ in case, trailing blanks or encoding only */
		"{'episodes':[{'id':1,'shots':[{'id':'a'},{'id':'A'},{'id':'a '},{'id':' a'},{'id':'é'},{'id':'e\\u0301'}]}]}",
		/* unknown members hold anything, at every level */
		"{'episodes':[{'id':1,'x':null,'shots':[{'id':'a','y':[null,{'':{}},[[]],-1e-7,true]}]}],'extra':{'a':null},"
		"'context':{'more':[1,null],'characters':[{'id':'c','forms':[{'new':null}]}]},'stats':{'other':{'total':'x'}}}",
		/* any is any */
		"{'episodes':[{'id':1,'shots':[{'id':'a','videoParams':null},{'id':'b','videoParams':{'seed':1}}]}],"
		"'context':{'characters':[{'id':'c','archetype':['a'],'episodeUsage':{'1':2},'assetPriority':3}]}}",
		/* a rank counts for nothing here, and the episode may be repeated */
		"{'episodes':[{'id':3,'rank':'','shots':[{'id':'a','rank':'not a rank!','episodeId':3}]}]}",
		"{'episodes':[{'id':1,'shots':[{'id':'a','difficulty':0},{'id':'b','difficulty':10},"
		"{'id':'c','difficulty':5.0}]}]}",
		"{'episodes':[],'contextUsage':{'totalTokens':-3},'contexts.x':1,'context ':2,'rank':3,'id':4,'scenes':5}",
		/* elements of lists need no key, which need not be unique */
		"{'episodes':[],'context':{'episodeSummaries':[{},{'episodeId':1},{'episodeId':1,'summary':''}],"
		"'characters':[{'id':'c','forms':[{'formName':'a'},{'formName':'a'}]}]}}",
	};
	(void)state;
	expect_texts_valid(DOCUMENT, texts, LENGTH(texts));
}

static void document__structure_is_checked(void **state)
{
	static const struct fault_case cases[] = {
		{ "[]", "/projectData", "must be an object" },
		{ "null", "/projectData", "must be an object" },
		{ "'text'", "/projectData", "must be an object" },
		{ "{}", "/projectData/episodes", "is required" },
		{ "{'episodes':null}", "/projectData/episodes", "must be an array" },
		{ "{'episodes':{}}", "/projectData/episodes", "must be an array" },
		{ "{'episodes':[1]}", "/projectData/episodes/0", "must be an object" },
		{ "{'episodes':[{'id':1},[]]}", "/projectData/episodes/1", "must be an object" },
		{ "{'episodes':[{'id':1,'scenes':null}]}", "/projectData/episodes/0/scenes", "must be an array" },
		{ "{'episodes':[{'id':1,'shots':{}}]}", "/projectData/episodes/0/shots", "must be an array" },
		{ "{'episodes':[{'id':1,'shots':['a']}]}", "/projectData/episodes/0/shots/0", "must be an object" },
		{ "{'episodes':[],'context':null}", "/projectData/context", "must be an object" },
		{ "{'episodes':[],'context':[]}", "/projectData/context", "must be an object" },
		{ "{'episodes':[],'context':{'characters':{}}}", "/projectData/context/characters", "must be an array" },
		{ "{'episodes':[],'context':{'locations':[null]}}", "/projectData/context/locations/0", "must be an object" },
		{ "{'episodes':[],'context':{'characters':[{'id':'c','forms':[7]}]}}",
			"/projectData/context/characters/0/forms/0", "must be an object" },
	};
	(void)state;
	expect_faults(DOCUMENT, cases, LENGTH(cases));
}

static void document__fields_are_checked(void **state)
{
	static const struct fault_case cases[] = {
		{ "{'episodes':[{'id':1,'shots':[{'id':'a'},{'id':'b','difficulty':'11'}]}]}",
			"/projectData/episodes/0/shots/1/difficulty", "must be a number" },
		{ "{'episodes':[{'id':1,'status':1}]}", "/projectData/episodes/0/status", "must be text" },
		{ "{'episodes':[{'id':1,'title':['x']}]}", "/projectData/episodes/0/title", "must be text" },
		{ "{'episodes':[],'rawScript':{}}", "/projectData/rawScript", "must be text" },
		{ "{'episodes':[],'stats':'none'}", "/projectData/stats", "must be an object" },
		{ "{'episodes':[],'extra':null}", "/projectData/extra", "must not be null" },
		{ "{'episodes':[],'context':{'extra':null}}", "/projectData/context/extra", "must not be null" },
		{ "{'episodes':[],'context':{'episodeSummaries':{}}}", "/projectData/context/episodeSummaries",
			"must be an array" },
		{ "{'episodes':[],'phase1Usage':{'charList':{'promptTokens':'many'}}}",
			"/projectData/phase1Usage/charList/promptTokens", "must be a number" },
		{ "{'episodes':[],'context':{'characters':[{'id':'c','forms':[{'formName':'a'},{'formName':1}]}]}}",
			"/projectData/context/characters/0/forms/1/formName", "must be text" },
		{ "{'episodes':[{'id':1,'rank':1}]}", "/projectData/episodes/0/rank", "must be text" },
	};
	(void)state;
	expect_faults(DOCUMENT, cases, LENGTH(cases));
}

/* Words and numbers of an app that is newer than this program, and fields that say nothing. */
static void case_81__vocabulary_is_not_checked(void **state)
{
	static const char *const texts[] = {
		"{'episodes':[{'id':1,'status':'storyboarding','shots':[{'id':'a','videoStatus':'upscaling','difficulty':7.5},"
			"{'id':'b','videoStatus':'Pending','difficulty':11},{'id':'c','difficulty':-1}]}]}",
		"{'episodes':[],'context':{'locations':[{'id':'l','type':'main'}]}}",
		"{'episodes':[{'id':1,'title':null,'summary':null,'status':'','shotGenUsage':null,'soraGenUsage':'',"
			"'shots':[{'id':'a','videoStatus':'','isApproved':'','videoStartTime':null,'difficulty':''}]}]}",
		"{'episodes':[],'rawScript':null,'stats':null,'contextUsage':'','context':{'episodeSummaries':null,"
			"'characters':[{'id':'c','forms':null,'isMain':null}],'locations':[{'id':'l','type':null,'zones':''}]}}",
		"{'episodes':[],'contextUsage':{'promptTokens':0.5,'totalTokens':null},'stats':{'shotGen':null}}",
		"{'episodes':[],'context':{'episodeSummaries':[{'episodeId':1.5},{'episodeId':null,'summary':null}]}}",
	};
	(void)state;
	expect_texts_valid(DOCUMENT, texts, LENGTH(texts));
}

static void document__numbers_are_safe_everywhere(void **state)
{
	static const char reason[] = "number beyond ±(2^53−1)";
	static const struct fault_case cases[] = {
		{ "{'episodes':[],'extra':9007199254740992}", "/projectData/extra", reason },
		{ "{'episodes':[],'extra':[0,{'n':[-9007199254740992]}]}", "/projectData/extra/1/n/0", reason },
		{ "{'episodes':[],'extra':1e300}", "/projectData/extra", reason },
		{ "{'episodes':[],'context':{'extra':-1e16}}", "/projectData/context/extra", reason },
		{ "{'episodes':[{'id':1,'shots':[{'id':'a','videoParams':{'seed':1e16}}]}]}",
			"/projectData/episodes/0/shots/0/videoParams/seed", reason },
		{ "{'episodes':[{'id':1,'shots':[{'id':'a','videoStartTime':1e16}]}]}",
			"/projectData/episodes/0/shots/0/videoStartTime", reason },
		{ "{'episodes':[],'stats':{'shotGen':{'total':9007199254740992}}}", "/projectData/stats/shotGen/total",
			reason },
		{ "{'episodes':[],'stats':{'new':{'total':9007199254740992}}}", "/projectData/stats/new/total", reason },
		{ "{'episodes':[{'id':9007199254740992}]}", "/projectData/episodes/0/id", reason },
		{ "{'episodes':[{'id':1e300,'shots':[{'id':'a','episodeId':5}]}]}", "/projectData/episodes/0/id", reason },
	};
	(void)state;
	expect_faults(DOCUMENT, cases, LENGTH(cases));
}

/* --- ids and names ---------------------------------------------------------------------------------------------- */

static void ids__are_required_and_typed(void **state)
{
	static const struct fault_case cases[] = {
		{ "{'episodes':[{}]}", "/projectData/episodes/0/id", "is required" },
		{ "{'episodes':[{'id':null}]}", "/projectData/episodes/0/id", "must be a whole number" },
		{ "{'episodes':[{'id':'1'}]}", "/projectData/episodes/0/id", "must be a whole number" },
		{ "{'episodes':[{'id':1.5}]}", "/projectData/episodes/0/id", "must be a whole number" },
		{ "{'episodes':[{'id':1,'scenes':[{'title':'x'}]}]}", "/projectData/episodes/0/scenes/0/id", "is required" },
		{ "{'episodes':[{'id':1,'shots':[{'id':1}]}]}", "/projectData/episodes/0/shots/0/id", "must be text" },
		{ "{'episodes':[{'id':1,'shots':[{'id':''}]}]}", "/projectData/episodes/0/shots/0/id", "must not be empty" },
		{ "{'episodes':[{'id':1,'shots':[{'id':'a\\u001f'}]}]}",
			"/projectData/episodes/0/shots/0/id", "must not hold control characters" },
		{ "{'episodes':[],'context':{'characters':[{'id':'\\u007f'}]}}",
			"/projectData/context/characters/0/id", "must not hold control characters" },
		{ "{'episodes':[],'context':{'locations':[{'id':'a\\u0080b'}]}}",
			"/projectData/context/locations/0/id", "must not hold control characters" },
		{ "{'episodes':[],'context':{'locations':[{'id':'\\u009f'}]}}",
			"/projectData/context/locations/0/id", "must not hold control characters" },
		{ "{'episodes':[{'id':1,'shots':[{'id':'a','episodeId':2}]}]}",
			"/projectData/episodes/0/shots/0/episodeId", "must be the id of its episode" },
		{ "{'episodes':[{'id':1,'scenes':[{'id':'a','episodeId':'1'}]}]}",
			"/projectData/episodes/0/scenes/0/episodeId", "must be a whole number" },
	};
	static const char *const fine[] = {
		"{'episodes':[],'context':{'locations':[{'id':'\\u00a0'},{'id':'~/'},{'id':' '},{'id':'\\u00c2\\u0180'}]}}",
		"{'episodes':[],'context':{'characters':[{'id':'a','episodeId':'anything'}]}}",
	};
	(void)state;
	expect_faults(DOCUMENT, cases, LENGTH(cases));
	expect_texts_valid(DOCUMENT, fine, LENGTH(fine));
}

/* `count` times U+1F3AC (4 bytes), with `prefix` before it; to be freed. */
static char *clappers(const char *prefix, size_t count)
{
	size_t length = strlen(prefix);
	char *text = malloc(length + 4 * count + 1);
	assert_non_null(text);
	memcpy(text, prefix, length);
	for (size_t i = 0; i < count; i++)
		memcpy(text + length + 4 * i, "\xf0\x9f\x8e\xac", 4);
	text[length + 4 * count] = '\0';
	return text;
}

static void ids__have_128_characters_at_most(void **state)
{
	json_t *document = parse("{'episodes':[{'id':1,'shots':[{}]}]}");
	json_t *shots = json_object_get(json_array_get(json_object_get(document, "episodes"), 0), "shots");
	char *fits = clappers("", 128), *too_long = clappers("a", 128);
	(void)state;
	json_object_set_new(json_array_get(shots, 0), "id", json_string(fits));
	expect_valid(DOCUMENT, document, NO_LIMIT);
	json_object_set_new(json_array_get(shots, 0), "id", json_string(too_long));
	expect_fault(DOCUMENT, document, NO_LIMIT, "/projectData/episodes/0/shots/0/id", "longer than 128 characters");
	free(fits);
	free(too_long);
	json_decref(document);
}

static void names__of_unknown_project_fields_are_checked(void **state)
{
	static const struct fault_case cases[] = {
		{ "{'episodes':[],'':1}", "/projectData/", "the name must not be empty" },
		{ "{'episodes':[],'a\\u0085':1}", "/projectData/a\xc2\x85", "the name must not hold control characters" },
		{ "{'episodes':[],'context':{'\\n':1}}", "/projectData/context/\n",
			"the name must not hold control characters" },
		{ "{'episodes':[],'context.projectSummary':'x'}", "/projectData/context.projectSummary",
			"belongs in the object context" },
		{ "{'episodes':[],'context.':1}", "/projectData/context.", "belongs in the object context" },
	};
	static const char *const fine[] = { "{'episodes':[],'context':{'context.x':1,'episodes':2}}" };
	(void)state;
	expect_faults(DOCUMENT, cases, LENGTH(cases));
	expect_texts_valid(DOCUMENT, fine, LENGTH(fine));
}

/* The key of a field in `context` begins with "context.", 8 of the 128 characters. */
static void names__have_128_characters_at_most_with_their_prefix(void **state)
{
	static const struct {
		bool in_context;
		size_t fits;
		const char *reason;
	} cases[] = {
		{ false, 128, "the name is longer than 128 characters" },
		{ true, 120, "the name is longer than 120 characters" },
	};
	(void)state;
	for (size_t i = 0; i < LENGTH(cases); i++) {
		json_t *document = parse("{'episodes':[],'context':{}}");
		json_t *object = cases[i].in_context ? json_object_get(document, "context") : document;
		const char *at = cases[i].in_context ? "/projectData/context/" : "/projectData/";
		char *name = clappers("", cases[i].fits), *longer = clappers("", cases[i].fits + 1);
		char *path = clappers(at, cases[i].fits + 1);
		struct run run;
		json_object_set_new(object, name, json_true());
		expect_valid(DOCUMENT, document, NO_LIMIT);
		json_object_set_new(object, longer, json_true());
		run_value(&run, DOCUMENT, document, NO_LIMIT);
		assert_int_equal(run.faults.total, 1);
		assert_string_equal(run.faults.items[0].path, path);
		assert_string_equal(run.faults.items[0].reason, cases[i].reason);
		run_end(&run);
		free(name);
		free(longer);
		free(path);
		json_decref(document);
	}
}

static void ids__are_unique_within_their_collection(void **state)
{
	static const struct fault_case cases[] = {
		{ "{'episodes':[{'id':1},{'id':2},{'id':1}]}", "/projectData/episodes/2/id",
			"the id is used twice in this collection (first at /projectData/episodes/0)" },
		{ "{'episodes':[{'id':1},{'id':1.0}]}", "/projectData/episodes/1/id",
			"the id is used twice in this collection (first at /projectData/episodes/0)" },
		{ "{'episodes':[{'id':1,'scenes':[{'id':'a'},{'id':'b'},{'id':'b'}]}]}", "/projectData/episodes/0/scenes/2/id",
			"the id is used twice in this collection (first at /projectData/episodes/0/scenes/1)" },
		{ "{'episodes':[{'id':1,'shots':[{'id':'a'}]},{'id':2,'shots':[{'id':'a'},{'id':'\\u0061'}]}]}",
			"/projectData/episodes/1/shots/1/id",
			"the id is used twice in this collection (first at /projectData/episodes/1/shots/0)" },
		{ "{'episodes':[],'context':{'characters':[{'id':'a'},{'id':'a'}]}}", "/projectData/context/characters/1/id",
			"the id is used twice in this collection (first at /projectData/context/characters/0)" },
		{ "{'episodes':[],'context':{'locations':[{'id':'a'},{'id':'a'}]}}", "/projectData/context/locations/1/id",
			"the id is used twice in this collection (first at /projectData/context/locations/0)" },
	};
	(void)state;
	expect_faults(DOCUMENT, cases, LENGTH(cases));
}

static void ids__are_compared_among_thousands(void **state)
{
	enum { COUNT = 20000 };
	json_t *document = parse("{'episodes':[{'id':1,'shots':[]}]}");
	json_t *shots = json_object_get(json_array_get(json_object_get(document, "episodes"), 0), "shots");
	(void)state;
	for (int i = 0; i < COUNT; i++) {
		char id[32];
		snprintf(id, sizeof(id), "%d-%d", i % 10, i);
		json_array_append_new(shots, json_pack("{s:s}", "id", id));
	}
	expect_valid(DOCUMENT, document, NO_LIMIT);
	json_array_append_new(shots, json_pack("{s:s}", "id", "7-7777"));
	expect_fault(DOCUMENT, document, NO_LIMIT, "/projectData/episodes/0/shots/20000/id",
		"the id is used twice in this collection (first at /projectData/episodes/0/shots/7777)");
	json_decref(document);
}

/* --- faults ----------------------------------------------------------------------------------------------------- */

static void faults__beyond_50_are_only_counted(void **state)
{
	json_t *document = parse("{'episodes':[{'id':1,'shots':[]}]}");
	json_t *shots = json_object_get(json_array_get(json_object_get(document, "episodes"), 0), "shots");
	struct run run;
	(void)state;
	for (int i = 0; i < 123; i++) {
		char id[16];
		snprintf(id, sizeof(id), "%d", i);
		json_array_append_new(shots, json_pack("{s:s,s:i}", "id", id, "duration", i));
	}
	run_value(&run, DOCUMENT, document, NO_LIMIT);
	assert_int_equal(run.code, SL_INVALID);
	assert_int_equal(run.faults.count, SL_FAULTS);
	assert_int_equal(run.faults.total, 123);
	for (size_t i = 0; i < run.faults.count; i++) {
		char path[64];
		snprintf(path, sizeof(path), "/projectData/episodes/0/shots/%zu/duration", i);
		assert_string_equal(run.faults.items[i].path, path);
	}
	assert_string_equal(run.err.path, run.faults.items[0].path);
	run_end(&run);
	json_decref(document);
}

static void faults__of_one_row_are_all_told(void **state)
{
	json_t *document = parse("{'episodes':[{'id':'x','title':1,'scenes':[{'id':2,'content':[]}]}],'stats':3}");
	static const char *const paths[] = { "/projectData/stats", "/projectData/episodes/0/id",
		"/projectData/episodes/0/title",
		"/projectData/episodes/0/scenes/0/id", "/projectData/episodes/0/scenes/0/content" };
	struct run run;
	(void)state;
	run_value(&run, DOCUMENT, document, NO_LIMIT);
	assert_int_equal(run.faults.total, LENGTH(paths));
	for (size_t i = 0; i < LENGTH(paths); i++)
		assert_string_equal(run.faults.items[i].path, paths[i]);
	run_end(&run);
	json_decref(document);
}

static void paths__are_escaped(void **state)
{
	static const struct fault_case cases[] = {
		{ "{'episodes':[{'id':1,'a/b~c':{'~1':[1e300]}}]}", "/projectData/episodes/0/a~1b~0c/~01/0", NULL },
		{ "{'episodes':[],'é/':1e300}", "/projectData/é~1", NULL },
	};
	(void)state;
	expect_faults(DOCUMENT, cases, LENGTH(cases));
}

/* What doesn't fit is told of the nearest value around it, in the error sooner than in the fault. */
static void paths__of_endless_names_stop_before_them(void **state)
{
	static const struct {
		size_t length;
		bool in_fault, in_err;
	} cases[] = { { 100, true, true }, { 500, true, false }, { 100000, false, false } };
	(void)state;
	for (size_t i = 0; i < LENGTH(cases); i++) {
		json_t *document = parse("{'episodes':[{'id':1}]}");
		json_t *episode = json_array_get(json_object_get(document, "episodes"), 0);
		char *name = calloc(1, cases[i].length + 1);
		struct run run;
		assert_non_null(name);
		memset(name, 'n', cases[i].length);
		json_object_set_new(episode, name, json_real(1e300));
		run_value(&run, DOCUMENT, document, NO_LIMIT);
		assert_int_equal(run.faults.total, 1);
		assert_int_equal(strcmp(run.faults.items[0].path, "/projectData/episodes/0") != 0, cases[i].in_fault);
		assert_int_equal(strcmp(run.err.path, "/projectData/episodes/0") != 0, cases[i].in_err);
		run_end(&run);
		free(name);
		json_decref(document);
	}
}

static void faults__can_be_added_by_others(void **state)
{
	struct sl_arena arena;
	struct sl_faults faults = { .count = 0 };
	(void)state;
	sl_arena_init(&arena, 0);
	for (int i = 0; i < 60; i++)
		assert_int_equal(sl_faults_add(&faults, &arena, "/delta", "number %d", i), SL_INVALID);
	assert_int_equal(faults.count, SL_FAULTS);
	assert_int_equal(faults.total, 60);
	assert_string_equal(faults.items[49].reason, "number 49");
	sl_arena_dispose(&arena);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(document__passes),
		cmocka_unit_test(document__structure_is_checked),
		cmocka_unit_test(document__fields_are_checked),
		cmocka_unit_test(case_81__vocabulary_is_not_checked),
		cmocka_unit_test(document__numbers_are_safe_everywhere),
		cmocka_unit_test(ids__are_required_and_typed),
		cmocka_unit_test(ids__have_128_characters_at_most),
		cmocka_unit_test(ids__are_unique_within_their_collection),
		cmocka_unit_test(ids__are_compared_among_thousands),
		cmocka_unit_test(names__of_unknown_project_fields_are_checked),
		cmocka_unit_test(names__have_128_characters_at_most_with_their_prefix),
		cmocka_unit_test(faults__beyond_50_are_only_counted),
		cmocka_unit_test(faults__of_one_row_are_all_told),
		cmocka_unit_test(faults__can_be_added_by_others),
		cmocka_unit_test(paths__are_escaped),
		cmocka_unit_test(paths__of_endless_names_stop_before_them),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
