/* The merge rules of single fields: what becomes of one that both sides changed. Each case is run as it is and with
 * the sides swapped: only `lww` and parking may tell mine from theirs. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "fields.h"

/* --- lww -------------------------------------------------------------------------------------------------------- */

static void lww__the_servers_version_wins_and_mine_is_kept(void **state)
{
	(void)state;
	theirs_wins(episode(1), (struct field){ "title", "'a'", "'b'", "'c'" }, SL_RULE_LWW, 'c');
	theirs_wins(episode(1), (struct field){ "title", "'a'", "'b'", "" }, SL_RULE_LWW, 'c');
	theirs_wins(episode(1), (struct field){ "title", "", "'b'", "'c'" }, SL_RULE_LWW, 'c');
	theirs_wins(shot(1, "s"), (struct field){ "difficulty", "1", "2", "3" }, SL_RULE_LWW, 'c');
	theirs_wins(location("l"), (struct field){ "type", "", "'core'", "'secondary'" }, SL_RULE_LWW, 'c');
}

static void lww__unknown_and_free_fields_are_scalars(void **state)
{
	(void)state;
	theirs_wins(episode(1), (struct field){ "x", "{'a':1}", "{'a':2}", "{'a':1,'b':1}" }, SL_RULE_LWW, 'c');
	theirs_wins(shot(1, "s"), (struct field){ "videoParams", "[1]", "[1,2]", "[3]" }, SL_RULE_GROUP, 'c');
	theirs_wins(character("c"), (struct field){ "archetype", "null", "1", "'x'" }, SL_RULE_LWW, 'c');
}

/* --- counter ---------------------------------------------------------------------------------------------------- */

static struct sl_str usage_of(const char *number)
{
	return quoted(*number ? row_of("totalTokens", number) : "{}");
}

static void put_usage(int side, const char *number)
{
	char text[128];
	snprintf(text, sizeof(text), "{'shotGenUsage':%s}", usage_of(number).bytes);
	put(side, episode(1), "V", text);
}

static void merge_usage(const char *base, const char *mine, const char *theirs)
{
	put_usage(BASE, base);
	put_usage(MINE, mine);
	put_usage(THEIRS, theirs);
	merge();
}

static void assert_usage(const char *number)
{
	char text[128];
	snprintf(text, sizeof(text), "{'shotGenUsage':%s}", usage_of(number).bytes);
	assert_data(episode(1), text);
}

static void counter__both_sides_additions_count(void **state)
{
	static const struct { const char *base, *mine, *theirs, *result; } cases[] = {
		{ "100", "130", "101", "131" }, { "0", "1", "2", "3" }, { "", "1", "2", "3" }, { "10", "0", "13", "3" },
		{ "10", "", "13", "3" }, { "10", "15", "", "5" }, { "10", "11", "11", "12" }, { "10", "null", "13", "3" },
		{ "null", "2", "3", "5" }, { "10", "''", "13", "3" }, { "0.5", "2", "3.25", "4.75" }, { "1.5", "1.75", "2", "2.25" },
		{ "2.5", "0.5", "3", "1" },
		{ "9007199254740000", "9007199254740001", "9007199254740002", "9007199254740003" },
	};
	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		merge_usage(cases[i].base, cases[i].mine, cases[i].theirs);
		assert_usage(cases[i].result);
		assert_receipt(episode(1), (struct says){ "/shotGenUsage", usage_of(cases[i].base).bytes,
			usage_of(cases[i].mine).bytes, usage_of(cases[i].theirs).bytes, usage_of(cases[i].result).bytes,
			SL_RULE_COUNTER, 'm', false });
	}
}

static void counter__stays_within_what_clients_can_hold(void **state)
{
	(void)state;
	merge_usage("0", "9007199254740991", "9007199254740990");
	assert_usage("9007199254740991");
	merge_usage("0", "-9007199254740991", "-9007199254740990");
	assert_usage("-9007199254740991");
}

static void counter__anything_but_a_count_is_lww(void **state)
{
	static const char *const odd[] = { "'9'", "true", "1e+300", "9007199254740992", "{}", "[1]" };
	(void)state;
	for (size_t i = 0; i < sizeof(odd) / sizeof(odd[0]); i++) {
		merge_usage("1", odd[i], "3");
		assert_usage("3");
		assert_counts(1, 1, 0);
		merge_usage(odd[i], "2", "3");
		assert_usage("3");
		assert_receipt(episode(1), (struct says){ "/shotGenUsage", usage_of(odd[i]).bytes, "{'totalTokens':2}",
			"{'totalTokens':3}", "{'totalTokens':3}", SL_RULE_COUNTER, 'm', false });
	}
}

/* --- max, progress, flag ---------------------------------------------------------------------------------------- */

static void put_stats(int side, const char *total, const char *success, const char *error)
{
	char text[128];
	snprintf(text, sizeof(text), "{'shotGen':{'error':%s,'success':%s,'total':%s}}", error, success, total);
	put(side, meta("stats"), "", text);
}

static void case_13__what_both_counted_counts_twice(void **state)
{
	(void)state;
	put_stats(BASE, "10", "8", "2");
	put_stats(BOTH, "11", "9", "2");
	merge();
	assert_data(meta("stats"), "{'shotGen':{'error':2,'success':10,'total':12}}");
	/* of what both share nobody knows */
	const struct sl_merge_options shared = { .ancestor = SL_TEXT_SHARED_BASE };
	assert_int_equal(sl_merge(the.base, the.mine, the.theirs, &shared, &the.arena, &the.merge, &the.err), 0);
	assert_data(meta("stats"), "{'shotGen':{'error':2,'success':9,'total':11}}");
}

static void case_14__after_a_reset_a_side_counts_from_nothing(void **state)
{
	static const struct { const char *mine[3], *theirs[3], *result; } cases[] = {
		{ { "3", "0", "3" }, { "5", "0", "5" }, "{'error':8,'success':0,'total':8}" },
		{ { "3", "3", "0" }, { "105", "41", "64" }, "{'error':4,'success':4,'total':8}" },
		{ { "105", "41", "64" }, { "3", "3", "0" }, "{'error':4,'success':4,'total':8}" },
	};
	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		char expected[128];
		put_stats(BASE, "100", "40", "60");
		put_stats(MINE, cases[i].mine[0], cases[i].mine[1], cases[i].mine[2]);
		put_stats(THEIRS, cases[i].theirs[0], cases[i].theirs[1], cases[i].theirs[2]);
		merge();
		snprintf(expected, sizeof(expected), "{'shotGen':%s}", cases[i].result);
		assert_data(meta("stats"), expected);
	}
}

static void max__the_larger_number(void **state)
{
	(void)state;
	static const struct { const char *mine, *theirs; double larger; } cases[] = {
		{ "5", "3", 5 }, { "5", "3.5", 5 }, { "-5", "-3", -3 }, { "3", "9", 9 }, { "null", "-3", -3 }, { "2", "\"\"", 2 },
	};
	static const struct sl_field field = { .name = "n", .type = SL_TYPE_NUMBER, .rule = SL_RULE_MAX };
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		json_t *mine = json_loads(cases[i].mine, JSON_DECODE_ANY, NULL), *theirs = json_loads(cases[i].theirs, JSON_DECODE_ANY, NULL);
		const struct sl_sides sides = { NULL, mine, theirs };
		struct sl_verdict verdict;
		assert_int_equal(sl_merge_decide(&field, &sides, SL_TEXT_TRUE_BASE, &the.arena, &verdict), 0);
		assert_true(json_number_value(verdict.value) == cases[i].larger);
		assert_false(verdict.conflict);
		json_decref(verdict.value);
		json_decref(mine);
		json_decref(theirs);
	}
}

/* A record is one that some device had: never the status of one job with the link of another. */
static void case_25__a_video_job_is_that_of_one_device(void **state)
{
	(void)state;
	put(BASE, shot(1, "s"), "V", "{'videoId':'job-1','videoStatus':'generating'}");
	put(MINE, shot(1, "s"), "V", "{'description':'mine','videoId':'job-2','videoStatus':'queued'}");
	put(THEIRS, shot(1, "s"), "V", "{'dialogue':'theirs','videoId':'job-1','videoStatus':'completed','videoUrl':'u1'}");
	merge();
	assert_data(shot(1, "s"),
		"{'description':'mine','dialogue':'theirs','videoId':'job-1','videoStatus':'completed','videoUrl':'u1'}");
	/* also where only one of them changed the status */
	put(BASE, shot(1, "s"), "V", "{'videoId':'job-1','videoStatus':'completed','videoUrl':'u1'}");
	put(MINE, shot(1, "s"), "V", "{'videoId':'job-2','videoStatus':'queued'}");
	put(THEIRS, shot(1, "s"), "V", "{'videoId':'job-1','videoStatus':'completed','videoUrl':'u2'}");
	merge();
	assert_data(shot(1, "s"), "{'videoId':'job-1','videoStatus':'completed','videoUrl':'u2'}");
	put(BASE, episode(1), "V", "{'status':'generating'}");
	put(MINE, episode(1), "V", "{'errorMsg':'quota','status':'error'}");
	put(THEIRS, episode(1), "V", "{'status':'completed'}");
	merge();
	assert_data(episode(1), "{'status':'completed'}");
}

static void case_17__an_unknown_word_of_the_server_stands(void **state)
{
	(void)state;
	put(BASE, episode(1), "V", "{'status':'pending','title':'a'}");
	put(MINE, episode(1), "V", "{'status':'completed','title':'b'}");
	put(THEIRS, episode(1), "V", "{'status':'archived','title':'a'}");
	merge();
	assert_data(episode(1), "{'status':'archived','title':'b'}");
}

static void lww__a_persons_prose_is_a_decision(void **state)
{
	(void)state;
	theirs_wins(episode(1), (struct field){ "note", "'a'", "'line one\\nline two'", "'c'" }, SL_RULE_LWW, 'p');
	assert_int_equal(receipt_of(episode(1), "/note", false)->hunk_count, 1);
	theirs_wins(episode(1), (struct field){ "note", "'a'", "'b'", "'c'" }, SL_RULE_LWW, 'c');
	theirs_wins(episode(1), (struct field){ "errorMsg", "'a'", "'line one\\nline two'", "'c'" }, SL_RULE_GROUP, 'c');
}

static void progress__the_later_word(void **state)
{
	(void)state;
	both_ways(episode(1), (struct field){ "status", "'pending'", "'generating'", "'review_shots'" }, SL_RULE_PROGRESS,
		"'review_shots'");
	both_ways(episode(1), (struct field){ "status", "'generating'", "'completed'", "'pending'" }, SL_RULE_PROGRESS,
		"'completed'");
	both_ways(episode(1), (struct field){ "status", "", "'generating_sora'", "'pending'" }, SL_RULE_PROGRESS,
		"'generating_sora'");
	both_ways(episode(1), (struct field){ "status", "'pending'", "'generating'", "" }, SL_RULE_PROGRESS,
		"'generating'");
	both_ways(shot(1, "s"), (struct field){ "videoStatus", "'queued'", "'idle'", "'completed'" }, SL_RULE_PROGRESS,
		"'completed'");
}

static void progress__error_yields_to_anything_else(void **state)
{
	(void)state;
	both_ways(episode(1), (struct field){ "status", "'generating'", "'error'", "'pending'" }, SL_RULE_PROGRESS,
		"'pending'");
	both_ways(shot(1, "s"), (struct field){ "videoStatus", "'queued'", "'error'", "'idle'" }, SL_RULE_PROGRESS,
		"'idle'");
	both_ways(shot(1, "s"), (struct field){ "videoStatus", "'queued'", "'error'", "" }, SL_RULE_PROGRESS, "'error'");
}

static void progress__unknown_words_are_lww(void **state)
{
	(void)state;
	theirs_wins(episode(1), (struct field){ "status", "'pending'", "'archived'", "'completed'" }, SL_RULE_LWW, 'c');
	theirs_wins(episode(1), (struct field){ "status", "'pending'", "7", "'completed'" }, SL_RULE_LWW, 'c');
	both_ways(episode(1), (struct field){ "status", "'archived'", "'generating'", "'completed'" }, SL_RULE_PROGRESS,
		"'completed'");
}

static void flag__the_changed_side_wins(void **state)
{
	(void)state;
	merge_field(shot(1, "s"), (struct field){ "isApproved", "false", "true", "false" });
	assert_data(shot(1, "s"), "{'isApproved':true}");
	merge_field(shot(1, "s"), (struct field){ "isApproved", "true", "true", "false" });
	assert_data(shot(1, "s"), "{'isApproved':false}");
	merge_field(character("c"), (struct field){ "isMain", "true", "false", "false" });
	assert_data(character("c"), "{'isMain':false}");
	assert_counts(0, 0, 0);
}

static void flag__set_by_one_of_two_that_had_none(void **state)
{
	(void)state;
	both_ways(character("c"), (struct field){ "isMain", "", "true", "false" }, SL_RULE_FLAG, "true");
	theirs_wins(character("c"), (struct field){ "isMain", "true", "false", "" }, SL_RULE_LWW, 'c');
	theirs_wins(character("c"), (struct field){ "isMain", "true", "false", "'yes'" }, SL_RULE_LWW, 'c');
}

/* --- blanks ----------------------------------------------------------------------------------------------------- */

static void case_81__what_says_nothing_merges_as_if_it_were_absent(void **state)
{
	static const char *const blanks[] = { "null", "''" };
	(void)state;
	for (size_t i = 0; i < sizeof(blanks) / sizeof(blanks[0]); i++) {
		const char *blank = blanks[i];
		both_ways(episode(1), (struct field){ "status", blank, "'generating'", "'pending'" }, SL_RULE_PROGRESS, "'generating'");
		both_ways(episode(1), (struct field){ "status", "'pending'", "'generating'", blank }, SL_RULE_PROGRESS, "'generating'");
		both_ways(scene(1, "s"), (struct field){ "content", blank, "'one'", "'one two'" }, SL_RULE_TEXT, "'one two'");
		put(BASE, character("c"), "V", row_of("forms", blank));
		put(MINE, character("c"), "V", "{'forms':[{'formName':'Young'}]}");
		put(THEIRS, character("c"), "V", "{'forms':[{'formName':'Old'}]}");
		merge();
		assert_data(character("c"), "{'forms':[{'formName':'Young'},{'formName':'Old'}]}");
	}
	merge_field(character("c"), (struct field){ "forms", "[]", "[]", "null" });
	assert_data(character("c"), "{'forms':null}");
	merge_field(scene(1, "s"), (struct field){ "content", "'a'", "'a'", "null" });
	assert_data(scene(1, "s"), "{'content':null}");
}

/* --- object ----------------------------------------------------------------------------------------------------- */

static void object__is_merged_field_by_field(void **state)
{
	(void)state;
	put(BASE, meta("phase1Usage"), "", "{'charList':{'totalTokens':1},'x':{'a':1}}");
	put(MINE, meta("phase1Usage"), "", "{'charList':{'promptTokens':2,'totalTokens':3},'locList':{'totalTokens':9}}");
	put(THEIRS, meta("phase1Usage"), "", "{'charList':{'totalTokens':2},'x':{'a':2}}");
	merge();
	assert_data(meta("phase1Usage"),
		"{'charList':{'promptTokens':2,'totalTokens':4},'locList':{'totalTokens':9},'x':{'a':2}}");
	assert_receipt(meta("phase1Usage"),
		(struct says){ "/charList", "{'totalTokens':1}", "{'promptTokens':2,'totalTokens':3}", "{'totalTokens':2}",
			"{'promptTokens':2,'totalTokens':4}", SL_RULE_COUNTER, 'm', 0 });
	assert_receipt(meta("phase1Usage"),
		(struct says){ "/x", "{'a':1}", "", "{'a':2}", "{'a':2}", SL_RULE_LWW, 'c', 0 });
	assert_counts(2, 1, 0);
}

static void object__none_on_a_side_is_lww(void **state)
{
	(void)state;
	theirs_wins(episode(1), (struct field){ "shotGenUsage", "{}", "7", "{'totalTokens':1}" }, SL_RULE_LWW, 'c');
}

static void object__removed_stays_away_when_nothing_is_left(void **state)
{
	(void)state;
	put(BASE, episode(1), "V", "{'shotGenUsage':{'totalTokens':1,'x':1},'title':''}");
	put(MINE, episode(1), "V", "{'shotGenUsage':{'totalTokens':1},'title':''}");
	put(THEIRS, episode(1), "V", "{'title':''}");
	merge();
	assert_data(episode(1), "{'title':''}");
}

static void object__escapes_names_in_paths(void **state)
{
	(void)state;
	put(BASE, episode(1), "V", "{'a~b/c':0}");
	put(MINE, episode(1), "V", "{'a~b/c':1}");
	put(THEIRS, episode(1), "V", "{'a~b/c':2}");
	merge();
	assert_non_null(receipt_of(episode(1), "/a~0b~1c", false));
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
	const struct CMUnitTest tests[] = {
		TEST(lww__the_servers_version_wins_and_mine_is_kept),
		TEST(lww__unknown_and_free_fields_are_scalars),
		TEST(counter__both_sides_additions_count),
		TEST(counter__stays_within_what_clients_can_hold),
		TEST(counter__anything_but_a_count_is_lww),
		TEST(case_13__what_both_counted_counts_twice),
		TEST(case_14__after_a_reset_a_side_counts_from_nothing),
		TEST(case_25__a_video_job_is_that_of_one_device),
		TEST(case_17__an_unknown_word_of_the_server_stands),
		TEST(lww__a_persons_prose_is_a_decision),
		TEST(max__the_larger_number),
		TEST(progress__the_later_word),
		TEST(progress__error_yields_to_anything_else),
		TEST(progress__unknown_words_are_lww),
		TEST(flag__the_changed_side_wins),
		TEST(flag__set_by_one_of_two_that_had_none),
		TEST(case_81__what_says_nothing_merges_as_if_it_were_absent),
		TEST(object__is_merged_field_by_field),
		TEST(object__none_on_a_side_is_lww),
		TEST(object__removed_stays_away_when_nothing_is_left),
		TEST(object__escapes_names_in_paths),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
