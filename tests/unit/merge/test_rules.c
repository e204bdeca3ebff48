/* The merge rules of single fields: what becomes of one that both sides changed. Each case is run as it is and with
 * the sides swapped: only `lww` and parking may tell mine from theirs. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>

#include "merging.h"

/* One field of a row: values as JSON, "" for an absent one. */
struct field {
	const char *name, *base, *mine, *theirs;
};

static const char *row_of(const char *name, const char *value)
{
	size_t size = strlen(name) + strlen(value) + 8;
	char *text = sl_arena_alloc(&the.arena, size);
	assert_non_null(text);
	if (*value)
		snprintf(text, size, "{'%s':%s}", name, value);
	else
		snprintf(text, size, "{}");
	return text;
}

/* Merges that field alone. */
static void merge_field(struct sl_key key, struct field field)
{
	tear_down(NULL);
	set_up(NULL);
	put(BASE, key, "V", row_of(field.name, field.base));
	put(MINE, key, "V", row_of(field.name, field.mine));
	put(THEIRS, key, "V", row_of(field.name, field.theirs));
	merge();
}

/* Expects `result` by `rule`, whichever side is which. */
static void both_ways(struct sl_key key, struct field field, enum sl_rule rule, const char *result)
{
	char path[64];
	snprintf(path, sizeof(path), "/%s", field.name);
	for (int swapped = 0; swapped < 2; swapped++) {
		const char *mine = swapped ? field.theirs : field.mine, *theirs = swapped ? field.mine : field.theirs;
		merge_field(key, (struct field){ field.name, field.base, mine, theirs });
		assert_data(key, row_of(field.name, result));
		assert_receipt(key, (struct says){ path, field.base, mine, theirs, result, rule, 'm', false });
		assert_counts(1, 0, 0);
	}
}

/* Expects theirs, with mine in the receipt, whichever side is which. */
static void theirs_wins(struct sl_key key, struct field field, enum sl_rule rule, char outcome)
{
	char path[64];
	snprintf(path, sizeof(path), "/%s", field.name);
	for (int swapped = 0; swapped < 2; swapped++) {
		const char *mine = swapped ? field.theirs : field.mine, *theirs = swapped ? field.mine : field.theirs;
		merge_field(key, (struct field){ field.name, field.base, mine, theirs });
		assert_data(key, row_of(field.name, theirs));
		assert_receipt(key, (struct says){ path, field.base, mine, theirs, theirs, rule, outcome, false });
		assert_counts(1, 1, outcome == 'p');
	}
}

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
	theirs_wins(shot(1, "s"), (struct field){ "videoParams", "[1]", "[1,2]", "[3]" }, SL_RULE_LWW, 'c');
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
		{ "10", "", "13", "3" }, { "10", "15", "", "5" }, { "-5", "-6", "-7", "-8" },
		{ "9007199254740000", "9007199254740001", "9007199254740002", "9007199254740003" },
	};
	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		merge_usage(cases[i].base, cases[i].mine, cases[i].theirs);
		assert_usage(cases[i].result);
		assert_receipt(episode(1), (struct says){ "/shotGenUsage/totalTokens", cases[i].base, cases[i].mine,
			cases[i].theirs, cases[i].result, SL_RULE_COUNTER, 'm', false });
	}
}

static void counter__stays_within_what_clients_can_hold(void **state)
{
	(void)state;
	merge_usage("0", "9007199254740991", "9007199254740990");
	assert_usage("9007199254740991");
	merge_usage("0", "-9007199254740991", "-9007199254740990");
	assert_usage("-9007199254740991");
	merge_usage("9007199254740991", "-9007199254740991", "-9007199254740990");
	assert_usage("-9007199254740991");
	assert_counts(1, 1, 0);
}

static void counter__anything_but_a_count_is_lww(void **state)
{
	static const char *const odd[] = { "'9'", "null", "true", "0.5", "1e+300", "9007199254740992", "{}", "[1]" };
	(void)state;
	for (size_t i = 0; i < sizeof(odd) / sizeof(odd[0]); i++) {
		merge_usage("1", odd[i], "3");
		assert_usage("3");
		assert_counts(1, 1, 0);
		merge_usage(odd[i], "2", "3");
		assert_usage("3");
		assert_receipt(episode(1), (struct says){ "/shotGenUsage/totalTokens", odd[i], "2", "3", "3", SL_RULE_LWW, 'c',
			false });
	}
}

/* --- max, progress, flag ---------------------------------------------------------------------------------------- */

static void max__the_larger_number(void **state)
{
	(void)state;
	both_ways(shot(1, "s"), (struct field){ "videoStartTime", "1", "5", "3" }, SL_RULE_MAX, "5");
	both_ways(shot(1, "s"), (struct field){ "videoStartTime", "9", "5", "3.5" }, SL_RULE_MAX, "5");
	both_ways(shot(1, "s"), (struct field){ "videoStartTime", "", "-5", "-3" }, SL_RULE_MAX, "-3");
	both_ways(shot(1, "s"), (struct field){ "videoStartTime", "9", "", "3" }, SL_RULE_MAX, "3");
	theirs_wins(shot(1, "s"), (struct field){ "videoStartTime", "9", "'10'", "3" }, SL_RULE_LWW, 'c');
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

/* --- text ------------------------------------------------------------------------------------------------------- */

static void text__edits_apart_are_merged(void **state)
{
	(void)state;
	both_ways(scene(1, "s"), (struct field){ "content", "'one two three four'", "'ONE two three four'",
		"'one two three FOUR'" }, SL_RULE_TEXT, "'ONE two three FOUR'");
	both_ways(character("c"), (struct field){ "bio", "'a\\nb\\nc\\nd\\ne'", "'a\\nb\\nc\\nd\\ne and more'",
		"'z\\nb\\nc\\nd\\ne'" }, SL_RULE_TEXT, "'z\\nb\\nc\\nd\\ne and more'");
}

/* lessons.md: Obsidian LiveSync 892, "automatic resolution overwrote a note". */
static void text__overlapping_edits_are_parked(void **state)
{
	(void)state;
	theirs_wins(scene(1, "s"), (struct field){ "content", "'to be'", "'to bee'", "'to have'" }, SL_RULE_TEXT, 'p');
	theirs_wins(scene(1, "s"), (struct field){ "content", "''", "'Enter Ghost'", "'Enter Hamlet'" }, SL_RULE_TEXT, 'p');
	theirs_wins(scene(1, "s"), (struct field){ "content", "", "'Enter Ghost'", "'Enter Hamlet'" }, SL_RULE_TEXT, 'p');
}

static void text__parked_field_is_theirs_as_a_whole(void **state)
{
	(void)state;
	/* The first line would merge: but half of a passage is nobody's. */
	theirs_wins(scene(1, "s"), (struct field){ "content", "'a\\nb\\nc\\nend'", "'A\\nb\\nc\\nmy end'",
		"'a\\nb\\nc\\ntheir end'" }, SL_RULE_TEXT, 'p');
}

static void text__emptied_against_edited_is_parked(void **state)
{
	(void)state;
	theirs_wins(scene(1, "s"), (struct field){ "content", "'a day'", "''", "'a long day'" }, SL_RULE_TEXT, 'p');
	theirs_wins(scene(1, "s"), (struct field){ "content", "'a day'", "", "'a long day'" }, SL_RULE_TEXT, 'p');
	/* As texts these would merge. But what was written was meant to follow the rest. */
	theirs_wins(scene(1, "s"), (struct field){ "content", "'a\\n'", "''", "'a\\nb\\n'" }, SL_RULE_TEXT, 'p');
}

static void text__absent_counts_as_empty(void **state)
{
	(void)state;
	both_ways(scene(1, "s"), (struct field){ "content", "", "''", "'words'" }, SL_RULE_TEXT, "'words'");
}

static void text__emptied_and_removed_is_removed(void **state)
{
	(void)state;
	merge_field(scene(1, "s"), (struct field){ "content", "'words'", "", "''" });
	assert_data(scene(1, "s"), "{}");
	assert_counts(1, 0, 0);
	merge_field(scene(1, "s"), (struct field){ "content", "'words'", "''", "" });
	assert_data(scene(1, "s"), "{}");
	assert_counts(1, 0, 0);
}

static void text__anything_but_text_is_lww(void **state)
{
	(void)state;
	theirs_wins(scene(1, "s"), (struct field){ "content", "'a'", "7", "'b'" }, SL_RULE_LWW, 'c');
	theirs_wins(scene(1, "s"), (struct field){ "content", "null", "'a'", "'b'" }, SL_RULE_LWW, 'c');
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
		(struct says){ "/charList/totalTokens", "1", "3", "2", "4", SL_RULE_COUNTER, 'm', 0 });
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
		TEST(max__the_larger_number),
		TEST(progress__the_later_word),
		TEST(progress__error_yields_to_anything_else),
		TEST(progress__unknown_words_are_lww),
		TEST(flag__the_changed_side_wins),
		TEST(flag__set_by_one_of_two_that_had_none),
		TEST(text__edits_apart_are_merged),
		TEST(text__overlapping_edits_are_parked),
		TEST(text__parked_field_is_theirs_as_a_whole),
		TEST(text__emptied_against_edited_is_parked),
		TEST(text__absent_counts_as_empty),
		TEST(text__emptied_and_removed_is_removed),
		TEST(text__anything_but_text_is_lww),
		TEST(object__is_merged_field_by_field),
		TEST(object__none_on_a_side_is_lww),
		TEST(object__removed_stays_away_when_nothing_is_left),
		TEST(object__escapes_names_in_paths),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
