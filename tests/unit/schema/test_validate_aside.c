/* What merges put aside, as a push tells it (protocol.md, `setAside`). */
#include "validating.h"

static int validate(const json_t *value, struct run *run)
{
	*run = (struct run){ .err = SL_ERR_INIT };
	sl_arena_init(&run->arena, 0);
	return run->code = sl_validate_set_aside(value, "/setAside", &run->arena, &run->faults, &run->err);
}

static void expect_right(const char *text)
{
	struct run run;
	json_t *value = parse(text);
	assert_int_equal(validate(value, &run), SL_OK);
	run_end(&run);
	json_decref(value);
}

static void expect_wrong(const char *text, const char *path, const char *reason)
{
	struct run run;
	json_t *value = parse(text);
	assert_int_equal(validate(value, &run), SL_INVALID);
	assert_int_equal(run.faults.total, 1);
	assert_string_equal(run.faults.items[0].path, path);
	assert_string_equal(run.faults.items[0].reason, reason);
	run_end(&run);
	json_decref(value);
}

static void aside__of_each_kind_of_row_passes(void **state)
{
	(void)state;
	expect_right("[]");
	expect_right("[{'entity':'meta','key':'rawScript','path':'','base':'a','mine':'b','theirs':'c'},"
		"{'entity':'episodes','key':7,'path':'/title','mine':'b'},"
		"{'entity':'scenes','key':{'episodeId':7,'sceneId':'s'},'path':'/content','mine':'b','theirs':''},"
		"{'entity':'shots','key':{'episodeId':7,'shotId':'s'},'path':'/forms/Young/bio','mine':'','newer':1},"
		"{'entity':'characters','key':'c','path':'/name','mine':'b'}]");
}

static void aside__is_checked(void **state)
{
	(void)state;
	expect_wrong("{}", "/setAside", "must be an array");
	expect_wrong("[7]", "/setAside/0", "must be an object");
	expect_wrong("[{'key':'a','path':'','mine':'b'}]", "/setAside/0/entity", "must be the name of a collection, or meta");
	expect_wrong("[{'entity':'props','key':'a','path':'','mine':'b'}]", "/setAside/0/entity",
		"must be the name of a collection, or meta");
	expect_wrong("[{'entity':'episodes','path':'','mine':'b'}]", "/setAside/0/key", "is required");
	expect_wrong("[{'entity':'shots','key':{'episodeId':1},'path':'','mine':'b'}]", "/setAside/0/key/shotId", "is required");
	expect_wrong("[{'entity':'locations','key':'l','mine':'b'}]", "/setAside/0/path", "is required");
	expect_wrong("[{'entity':'locations','key':'l','path':''}]", "/setAside/0/mine", "is required");
	expect_wrong("[{'entity':'locations','key':'l','path':'','mine':7}]", "/setAside/0/mine", "must be text");
	expect_wrong("[{'entity':'locations','key':'l','path':'','mine':'','base':null}]", "/setAside/0/base", "must be text");
}

static void aside__has_a_bound(void **state)
{
	struct run run;
	(void)state;
	size_t most = SL_SET_ASIDE_BYTES - strlen("[{'entity':'locations','key':'l','mine':'','path':''}]");
	char *words = malloc(most + 1);
	assert_non_null(words);
	memset(words, 'w', most + 1);
	for (size_t more = 0; more < 2; more++) {
		json_t *value = json_pack("[{s:s,s:s,s:s,s:s%}]", "entity", "locations", "key", "l", "path", "", "mine", words, most + more);
		assert_int_equal(validate(value, &run), more ? SL_INVALID : SL_OK);
		if (more)
			assert_string_equal(run.err.message, "must be at most 65536 bytes long");
		run_end(&run);
		json_decref(value);
	}
	free(words);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(aside__of_each_kind_of_row_passes),
		cmocka_unit_test(aside__is_checked),
		cmocka_unit_test(aside__has_a_bound),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
