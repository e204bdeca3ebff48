/* Lists of objects: elements are paired by name, merged field by field, and put in order three-way. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <time.h>

#include "core/json/parse.h"
#include "core/merge/steps.h"
#include "merging.h"

/* Merges the forms of one character; NULL: the character has none. Absent sides' data is "{}". */
static void merge_forms(const char *base, const char *mine, const char *theirs)
{
	const char *lists[] = { base, mine, theirs };
	for (int i = 0; i < 3; i++) {
		char text[1024] = "{}";
		if (lists[i])
			snprintf(text, sizeof(text), "{'forms':%s}", lists[i]);
		put(1 << i, character("c"), "V", text);
	}
	merge();
}

static void assert_forms(const char *list)
{
	char text[1024] = "{}";
	if (list)
		snprintf(text, sizeof(text), "{'forms':%s}", list);
	assert_data(character("c"), text);
}

/* "abc" as a list of forms with these names. */
static const char *forms_of(const char *names)
{
	static char texts[4][512];
	static size_t next;
	char *text = texts[next++ % 4];
	size_t length = (size_t)snprintf(text, 512, "[");
	for (size_t i = 0; names[i]; i++)
		length += (size_t)snprintf(text + length, 512 - length, "%s{'formName':'%c'}", i ? "," : "", names[i]);
	snprintf(text + length, 512 - length, "]");
	return text;
}

static void order_of(const char *base, const char *mine, const char *theirs, const char *wanted)
{
	merge_forms(forms_of(base), forms_of(mine), forms_of(theirs));
	assert_forms(forms_of(wanted));
}

/* --- elements --------------------------------------------------------------------------------------------------- */

static void list__elements_merge_by_key(void **state)
{
	(void)state;
	merge_forms("[{'description':'one two three','formName':'Young'},{'formName':'Old'}]",
		"[{'description':'ONE two three','formName':'Young'},{'formName':'Old','x':1}]",
		"[{'formName':'Old','y':2},{'description':'one two THREE','formName':'Young'}]");
	assert_forms("[{'formName':'Old','x':1,'y':2},{'description':'ONE two THREE','formName':'Young'}]");
	assert_receipt(character("c"), (struct says){ "/forms/Young/description", "'one two three'", "'ONE two three'",
		"'one two THREE'", "'ONE two THREE'", SL_RULE_TEXT, 'm', 0 });
	assert_counts(1, 0, 0);
}

static void list__clash_inside_an_element_is_parked(void **state)
{
	(void)state;
	merge_forms("[{'description':'old','formName':'a/b'}]", "[{'description':'mine','formName':'a/b'}]",
		"[{'description':'theirs','formName':'a/b'}]");
	assert_forms("[{'description':'theirs','formName':'a/b'}]");
	assert_receipt(character("c"), (struct says){ "/forms/a~1b/description", "'old'", "'mine'", "'theirs'", "'theirs'",
		SL_RULE_TEXT, 'p', 0 });
}

static void list__number_keys(void **state)
{
	const struct sl_key key = meta("context.episodeSummaries");
	(void)state;
	put(BASE, key, "", "[{'episodeId':2,'summary':'a b c'},{'episodeId':10,'summary':'x'}]");
	put(MINE, key, "", "[{'episodeId':2,'summary':'A b c'},{'episodeId':10,'summary':'x'}]");
	put(THEIRS, key, "", "[{'episodeId':2,'summary':'a b C'},{'episodeId':10,'summary':'y'}]");
	merge();
	assert_data(meta("context.episodeSummaries"),
		"[{'episodeId':2,'summary':'A b C'},{'episodeId':10,'summary':'y'}]");
	assert_receipt(meta("context.episodeSummaries"),
		(struct says){ "/2/summary", "'a b c'", "'A b c'", "'a b C'", "'A b C'", SL_RULE_TEXT, 'm', 0 });
	assert_counts(1, 0, 0);
}

static void list__added_on_both_sides(void **state)
{
	(void)state;
	merge_forms(NULL, "[{'formName':'a'},{'formName':'b','x':1}]", "[{'formName':'b','y':1},{'formName':'c'}]");
	assert_forms("[{'formName':'a'},{'formName':'b','x':1,'y':1},{'formName':'c'}]");
	assert_counts(0, 0, 0);
}

static void list__deleted_and_untouched_is_deleted(void **state)
{
	(void)state;
	order_of("abcd", "acd", "abc", "ac");
	assert_counts(0, 0, 0);
	order_of("ab", "b", "a", "");
}

static void list__edited_element_survives_deletion(void **state)
{
	(void)state;
	merge_forms(forms_of("abc"), "[{'formName':'a'},{'formName':'b','x':1},{'formName':'c'}]", forms_of("a"));
	assert_forms("[{'formName':'a'},{'formName':'b','x':1}]");
	assert_receipt(character("c"), (struct says){ "/forms/b", "{'formName':'b'}", "{'formName':'b','x':1}", "",
		"{'formName':'b','x':1}", SL_RULE_LIST, 'c', 0 });
	merge_forms("[{'formName':'a'}]", "[]", "[{'formName':'a','x':1}]");
	assert_forms("[{'formName':'a','x':1}]");
	assert_counts(1, 1, 0);
}

static void list__removed_against_edited(void **state)
{
	(void)state;
	merge_forms("[{'formName':'a'},{'formName':'b'}]", NULL, "[{'formName':'a'},{'formName':'b','x':1}]");
	assert_forms("[{'formName':'b','x':1}]");
	merge_forms("[{'formName':'a'},{'formName':'b'}]", NULL, "[{'formName':'a'}]");
	assert_forms(NULL);
	merge_forms("[{'formName':'a'},{'formName':'b'}]", "[]", "[{'formName':'a'}]");
	assert_forms("[]");
	assert_counts(0, 0, 0);
}

/* --- order ------------------------------------------------------------------------------------------------------ */

static void list__moved_on_one_side_goes_there(void **state)
{
	(void)state;
	order_of("abcd", "dabc", "abcde", "dabce");
	order_of("abcde", "abcd", "bcdea", "bcda");
	order_of("abcdef", "fabcde", "bcdefa", "fbcdea");
	assert_counts(0, 0, 0);
}

static void list__moved_on_both_is_at_theirs_place(void **state)
{
	(void)state;
	order_of("abcd", "bcda", "bcade", "bcade");
	assert_receipt(character("c"), (struct says){ "/forms", "['a','b','c','d']", "['b','c','d','a']",
		"['b','c','a','d','e']", "['b','c','a','d','e']", SL_RULE_LIST, 'c', true });
	assert_counts(1, 1, 0);
}

static void list__same_move_on_both_is_no_conflict(void **state)
{
	(void)state;
	order_of("abc", "cabx", "cab", "cabx");
	order_of("abc", "cabx", "ycab", "ycabx");
	order_of("abcdef", "bcdefa", "fbcdea", "fbcdea");
	assert_counts(0, 0, 0);
}

static void list__additions_follow_what_they_were_put_behind(void **state)
{
	(void)state;
	order_of("abc", "axbc", "abyc", "axbyc");
	order_of("abc", "xabc", "abcy", "xabcy");
	order_of("abc", "abxc", "cab", "cabx");
	order_of("abc", "abcxy", "abcz", "abcxyz");
	order_of("", "xy", "zw", "xyzw");
	order_of("ab", "axb", "b", "xb");
}

static uint64_t seed = 20;

static size_t pick(size_t below)
{
	seed = seed * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
	return (size_t)(seed >> 33) % below;
}

/* A random arrangement of random elements of 0..count-1 as places. */
static void arrange(size_t *places, size_t count, bool all)
{
	size_t line[16], length = 0;
	for (size_t i = 0; i < count; i++) {
		places[i] = SL_MERGE_NOWHERE;
		if (!all && pick(4) == 0)
			continue;
		size_t at = pick(3) ? length : pick(length + 1);
		memmove(line + at + 1, line + at, (length - at) * sizeof(line[0]));
		line[at] = i;
		length++;
	}
	for (size_t i = 0; i < length; i++)
		places[line[i]] = i;
}

static void assert_order_is(const size_t *order, size_t count, const size_t *places)
{
	for (size_t i = 1; i < count; i++)
		assert_true(places[order[i - 1]] < places[order[i]]);
}

/* Of 16 elements, in no order, and some of them alike. */
static const struct sl_str *some_ranks(void)
{
	static const char digits[] = "ABCDEFGH";
	static struct sl_str ranks[16];
	for (size_t i = 0; i < 16; i++)
		ranks[i] = (struct sl_str){ digits + pick(8), 1 };
	return ranks;
}

static void order__of_one_side_alone_is_taken_exactly(void **state)
{
	(void)state;
	for (int round = 0; round < 20000; round++) {
		size_t base[16], side[16], count = pick(13);
		struct sl_merge_order order;
		arrange(base, count, false);
		arrange(side, count, true);
		/* What only the base and the other side have was deleted: survivors are in `side`. */
		struct sl_merge_places places = { .base = base, .mine = round % 2 ? base : side,
			.theirs = round % 2 ? side : base, .ranks = round % 3 ? some_ranks() : NULL };
		assert_int_equal(sl_merge_order(&places, count, &the.arena, &order), 0);
		assert_order_is(order.order, count, side);
		assert_false(order.clash);
	}
}

static void order__of_both_holds_every_element_once(void **state)
{
	(void)state;
	for (int round = 0; round < 20000; round++) {
		size_t base[16], mine[16], theirs[16], count = pick(13), seen = 0;
		struct sl_merge_order order;
		arrange(base, count, false);
		arrange(mine, count, false);
		arrange(theirs, count, false);
		for (size_t i = 0; i < count; i++)
			if (mine[i] == SL_MERGE_NOWHERE && theirs[i] == SL_MERGE_NOWHERE)
				mine[i] = 14; /* the last ones in mine */
		for (size_t i = 0, last = 14; i < count; i++)
			if (mine[i] == 14)
				mine[i] = last++;
		struct sl_merge_places places = { .base = base, .mine = mine, .theirs = theirs,
			.ranks = round % 3 ? some_ranks() : NULL };
		assert_int_equal(sl_merge_order(&places, count, &the.arena, &order), 0);
		for (size_t i = 0; i < count; i++) {
			assert_true(order.order[i] < count);
			assert_false(seen >> order.order[i] & 1);
			seen |= (size_t)1 << order.order[i];
		}
	}
}

/* --- names -------------------------------------------------------------------------------------------------------- */

/* What hosts show for elements that nobody has named yet. */
static void case_15__nameless_elements_are_told_apart(void **state)
{
	(void)state;
	merge_forms("[{'formName':'','visuals':'1'},{'formName':'','visuals':'2'}]",
		"[{'formName':'','visuals':'1 and a page'},{'formName':'','visuals':'2'}]",
		"[{'formName':'','visuals':'1'},{'formName':'','visuals':'2 by B'}]");
	assert_forms("[{'formName':'','visuals':'1 and a page'},{'formName':'','visuals':'2 by B'}]");
	assert_counts(0, 0, 0);
	merge_forms("[{'visuals':'1'},{'visuals':'2'}]", "[{'visuals':'2'}]", "[{'visuals':'1'},{'visuals':'2'},{'visuals':'3'}]");
	assert_forms("[{'visuals':'2'},{'visuals':'3'}]");
}

static void list__edits_of_one_of_several_so_called_meet(void **state)
{
	(void)state;
	merge_forms("[{'formName':'','visuals':'a b c'},{'formName':'','visuals':'d e f'}]",
		"[{'formName':'','visuals':'a b c'},{'formName':'','visuals':'D e f'}]",
		"[{'formName':'','visuals':'a b c'},{'formName':'','visuals':'d e F'}]");
	assert_forms("[{'formName':'','visuals':'a b c'},{'formName':'','visuals':'D e F'}]");
	assert_receipt(character("c"), (struct says){ "/forms/#2/visuals", "'d e f'", "'D e f'", "'d e F'", "'D e F'",
		SL_RULE_TEXT, 'm', 0 });
}

static void case_16__renamed_here_and_edited_there_is_one(void **state)
{
	(void)state;
	merge_forms("[{'formName':'Young','visuals':'old look'}]", "[{'formName':'Teen','visuals':'old look'}]",
		"[{'formName':'Young','visuals':'old look, edited'}]");
	assert_forms("[{'formName':'Teen','visuals':'old look, edited'}]");
	assert_counts(0, 0, 0);
	merge_forms("[{'formName':'Young','visuals':'old look'},{'formName':'Old','visuals':'a beard'}]",
		"[{'formName':'Young','visuals':'old look'},{'formName':'Old','visuals':'a long beard'}]",
		"[{'formName':'Old','visuals':'a beard'},{'formName':'Child','visuals':'old look'}]");
	assert_forms("[{'formName':'Old','visuals':'a long beard'},{'formName':'Child','visuals':'old look'}]");
}

static void case_16__renamed_on_both_is_one(void **state)
{
	(void)state;
	put(BASE, location("l"), "V", "{'zones':[{'name':'hall','visuals':'dark'}]}");
	put(MINE, location("l"), "V", "{'zones':[{'name':'lobby','visuals':'dark, cold'}]}");
	put(THEIRS, location("l"), "V", "{'zones':[{'name':'foyer','visuals':'dark'}]}");
	merge();
	assert_data(location("l"), "{'zones':[{'name':'foyer','visuals':'dark, cold'}]}");
	assert_receipt(location("l"), (struct says){ "/zones/foyer/name", "'hall'", "'lobby'", "'foyer'", "'foyer'", SL_RULE_LWW, 'c', 0 });
	assert_counts(1, 1, 0);
}

/* Which of two is which can't be told where both changed: nobody's version goes. */
static void list__both_versions_of_ambiguous_elements_stay(void **state)
{
	(void)state;
	merge_forms("[{'formName':'','visuals':'one'},{'formName':'','visuals':'two'}]", "[{'formName':'','visuals':'other'}]",
		"[{'formName':'','visuals':'one and more'},{'formName':'','visuals':'two'}]");
	assert_forms("[{'formName':'','visuals':'other'},{'formName':'','visuals':'one and more'}]");
	merge_forms("[{'formName':'A','visuals':'a red coat'},{'formName':'B','visuals':'a red coat'}]",
		"[{'formName':'C','visuals':'a red coat'}]",
		"[{'formName':'A','visuals':'a red coat'},{'formName':'B','visuals':'a red coat, torn'}]");
	assert_forms("[{'formName':'C','visuals':'a red coat'},{'formName':'B','visuals':'a red coat, torn'}]");
}

static void list__unlike_additions_of_one_name_stay_two(void **state)
{
	(void)state;
	merge_forms("[]", "[{'formName':'Old','visuals':'a tall man with a grey beard'}]",
		"[{'formName':'Old','visuals':'her hair is white'},{'formName':'Young','x':1}]");
	assert_forms("[{'formName':'Old','visuals':'a tall man with a grey beard'},{'formName':'Old','visuals':'her hair is white'},"
		"{'formName':'Young','x':1}]");
	merge_forms("[]", "[{'formName':'Old','visuals':'a tall man with a grey beard and a hat'}]",
		"[{'formName':'Old','visuals':'a tall man with a grey beard and a coat'}]");
	assert_forms("[{'formName':'Old','visuals':'a tall man with a grey beard and a coat'}]");
	assert_counts(1, 1, 1);
}

static void list__several_renamed_at_once(void **state)
{
	(void)state;
	merge_forms("[{'formName':'A','visuals':'tall and thin'},{'formName':'B','visuals':'in a boat'},{'formName':'C'}]",
		"[{'formName':'X','visuals':'in a boat'},{'formName':'Y','visuals':'tall and thin, with a hat'},{'formName':'Z'}]",
		"[{'formName':'A','isMain':1,'visuals':'tall and thin'},{'formName':'B','isMain':2,'visuals':'in a boat'},"
		"{'formName':'C','isMain':3}]");
	assert_forms("[{'formName':'X','isMain':2,'visuals':'in a boat'},"
		"{'formName':'Y','isMain':1,'visuals':'tall and thin, with a hat'},{'formName':'Z','isMain':3}]");
	assert_counts(0, 0, 0);
}

static void list__names_with_numbers_are_told_apart(void **state)
{
	struct sl_str names[] = { SL_STR("a"), SL_STR("a"), SL_STR("a#2"), SL_STR(""), SL_STR("#"), SL_STR("a"), SL_STR("") };
	static const char *const wanted[] = { "a", "a#2", "a#2#1", "", "#", "a#3", "#2" };
	(void)state;
	assert_int_equal(sl_merge_tell_apart(names, 7, &the.arena), 0);
	for (size_t i = 0; i < 7; i++)
		assert_true(sl_str_equal(names[i], sl_str_from(wanted[i])));
}

/* --- lists that can't be paired -------------------------------------------------------------------------------- */

static void list__of_anything_but_objects_is_lww_as_a_whole(void **state)
{
	static const char *const odd[] = {
		"[7]", "['a']", "[{'formName':'a'},7]", "{'formName':'a'}", "'a'",
	};
	(void)state;
	for (size_t i = 0; i < sizeof(odd) / sizeof(odd[0]); i++) {
		merge_forms("[{'formName':'b'}]", odd[i], "[{'formName':'c'}]");
		assert_forms("[{'formName':'c'}]");
		assert_receipt(character("c"), (struct says){ "/forms", "[{'formName':'b'}]", odd[i], "[{'formName':'c'}]",
			"[{'formName':'c'}]", SL_RULE_LWW, 'c', 0 });
		assert_counts(1, 1, 0);
		merge_forms(odd[i], "[{'formName':'b'}]", "[{'formName':'c'}]");
		assert_forms("[{'formName':'c'}]");
		merge_forms(NULL, "[{'formName':'b'}]", odd[i]);
		assert_forms(odd[i]);
	}
}

static void list__zones_of_locations(void **state)
{
	(void)state;
	put(BASE, location("l"), "V", "{'zones':[{'name':'hall'}]}");
	put(MINE, location("l"), "V", "{'zones':[{'name':'hall','visuals':'dark'}]}");
	put(THEIRS, location("l"), "V", "{'zones':[{'name':'hall'},{'name':'stairs'}]}");
	merge();
	assert_data(location("l"), "{'zones':[{'name':'hall','visuals':'dark'},{'name':'stairs'}]}");
	assert_counts(0, 0, 0);
}

/* A list of `count` summaries, from the last to the first if backwards, each with `summary`. */
static const char *long_list(size_t count, bool backwards, const char *summary)
{
	size_t size = count * 64 + 3, length = 1;
	char *text = sl_arena_alloc(&the.arena, size);
	assert_non_null(text);
	text[0] = '[';
	for (size_t i = 0; i < count; i++)
		length += (size_t)snprintf(text + length, size - length, "%s{'episodeId':%zu,'summary':'%s'}", i ? "," : "",
			backwards ? count - i : i + 1, summary);
	snprintf(text + length, size - length, "]");
	return text;
}

static void list__hostile_lists_take_little_time(void **state)
{
	(void)state;
	clock_t begin = clock();
	put(BASE, meta("context.episodeSummaries"), "", long_list(30000, false, ""));
	put(MINE, meta("context.episodeSummaries"), "", long_list(30000, true, ""));
	put(THEIRS, meta("context.episodeSummaries"), "", long_list(20000, true, "x"));
	merge();
	assert_true((double)(clock() - begin) / CLOCKS_PER_SEC < 10); /* quadratic would be minutes */
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
	const struct CMUnitTest tests[] = {
		TEST(list__elements_merge_by_key),
		TEST(list__clash_inside_an_element_is_parked),
		TEST(list__number_keys),
		TEST(list__added_on_both_sides),
		TEST(list__deleted_and_untouched_is_deleted),
		TEST(list__edited_element_survives_deletion),
		TEST(list__removed_against_edited),
		TEST(list__moved_on_one_side_goes_there),
		TEST(list__moved_on_both_is_at_theirs_place),
		TEST(list__same_move_on_both_is_no_conflict),
		TEST(list__additions_follow_what_they_were_put_behind),
		TEST(order__of_one_side_alone_is_taken_exactly),
		TEST(order__of_both_holds_every_element_once),
		TEST(case_15__nameless_elements_are_told_apart),
		TEST(list__edits_of_one_of_several_so_called_meet),
		TEST(case_16__renamed_here_and_edited_there_is_one),
		TEST(case_16__renamed_on_both_is_one),
		TEST(list__both_versions_of_ambiguous_elements_stay),
		TEST(list__unlike_additions_of_one_name_stay_two),
		TEST(list__several_renamed_at_once),
		TEST(list__names_with_numbers_are_told_apart),
		TEST(list__of_anything_but_objects_is_lww_as_a_whole),
		TEST(list__zones_of_locations),
		TEST(list__hostile_lists_take_little_time),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
