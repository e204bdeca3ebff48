/* Scenes that devices add in runs: where they stand among those that others added at the same time. */
#include "two_devices.h"

#include "core/base/rank_run.h"

#include <stdio.h>
#include <stdlib.h>

#define RUN 40

/* The ids of the first episode's scenes in order, with a blank behind each; in the host's view_arena. */
static const char *scenes(struct host *host)
{
	struct sl_row **sorted = sl_rowset_sorted(sl_engine_rows(host->engine), &host->view_arena);
	struct sl_str text;
	struct sl_buf out;
	sl_buf_init(&out, SIZE_MAX);
	for (size_t i = 0; i < sl_rowset_count(sl_engine_rows(host->engine)); i++)
		if (sorted[i]->key.entity == SL_SCENES && sorted[i]->key.episode == 1) {
			sl_buf_add(&out, sorted[i]->key.id.bytes, sorted[i]->key.id.length);
			sl_buf_add_char(&out, ' ');
		}
	sl_buf_add_char(&out, '\0');
	assert_int_equal(sl_arena_copy(&host->view_arena, sl_buf_str(&out), &text), SL_OK);
	sl_buf_dispose(&out);
	return text.bytes;
}

static const struct sl_row *scene(struct host *host, const char *id)
{
	const struct sl_row *row = sl_rowset_find(sl_engine_rows(host->engine), &(struct sl_key){ SL_SCENES, 1, sl_str_from(id) });
	assert_non_null(row);
	return row;
}

static void add_scene(struct host *host, char kind, int number)
{
	char text[80];
	snprintf(text, sizeof(text), "{'scenes':[{'episodeId':1,'id':'%c%d'}]}", kind, number);
	host_edit(host, text);
}

static void replace(struct host *host, const char *document)
{
	char *text = project_text(document);
	struct sl_event event = { .type = SL_EVENT_REPLACE, .replace = { .document = sl_str_from(text),
		.revision = sl_engine_revision(host->engine) } };
	assert_int_equal(host_event(host, event), SL_OK);
	free(text);
}

static void settle(void)
{
	host_settle(&a);
	host_settle(&b);
	sync(&a);
	expect_in_sync(&a);
	expect_in_sync(&b);
	assert_string_equal(scenes(&a), scenes(&b));
}

static void expect_either(const char *one, const char *other)
{
	const char *found = scenes(&a);
	if (strcmp(found, one) != 0 && strcmp(found, other) != 0)
		fail_msg("%s is neither %s nor %s", found, one, other);
}

#define COMMON "{'episodes':[{'id':1}],'scenes':[{'episodeId':1,'id':'first'}]}"

static void case_22__runs_that_were_added_at_once_stay_together(void **state)
{
	(void)state;
	begin_with(COMMON);
	host_edit(&a, "{'scenes':[{'episodeId':1,'id':'a1'},{'episodeId':1,'id':'a2'},{'episodeId':1,'id':'a3'}]}");
	host_edit(&b, "{'scenes':[{'episodeId':1,'id':'b1'},{'episodeId':1,'id':'b2'},{'episodeId':1,'id':'b3'}]}");
	settle();
	expect_either("first a1 a2 a3 b1 b2 b3 ", "first b1 b2 b3 a1 a2 a3 ");
}

static void case_22__runs_that_were_added_one_by_one_stay_together(void **state)
{
	char expected[2][RUN * 8 + 8];
	(void)state;
	begin_with(COMMON);
	a.unchecked = b.unchecked = true;
	for (int i = 10; i < 10 + RUN; i++) {
		add_scene(&a, 'a', i);
		add_scene(&b, 'b', i);
	}
	settle();
	for (int first = 0; first < 2; first++) {
		int length = sprintf(expected[first], "first ");
		for (int run = 0; run < 2; run++)
			for (int i = 10; i < 10 + RUN; i++)
				length += sprintf(expected[first] + length, "%c%d ", run == first ? 'a' : 'b', i);
	}
	expect_either(expected[0], expected[1]);
	assert_true(scene(&a, "a49")->rank.length <= 12);
	assert_true(scene(&a, "b49")->rank.length <= 12);
}

static void case_22__runs_in_documents_stay_together(void **state)
{
	(void)state;
	begin_with(COMMON);
	replace(&a, "{'episodes':[{'id':1,'scenes':[{'id':'a1'},{'id':'a2'},{'id':'first'},{'id':'a3'},{'id':'a4'}],'shots':[]}]}");
	replace(&b, "{'episodes':[{'id':1,'scenes':[{'id':'b1'},{'id':'b2'},{'id':'first'},{'id':'b3'},{'id':'b4'}],'shots':[]}]}");
	settle();
	const char *found = scenes(&a);
	assert_non_null(strstr(found, "a1 a2 "));
	assert_non_null(strstr(found, "a3 a4 "));
	assert_non_null(strstr(found, "b1 b2 "));
	assert_non_null(strstr(found, "b3 b4 "));
}

/* What the app saw is not what is there any more: its edit is merged, and still goes under the device's prefix. */
static void case_22__runs_that_were_added_on_an_earlier_state_stay_together(void **state)
{
	(void)state;
	begin_with("{'episodes':[{'id':1,'title':'One'}],'scenes':[{'episodeId':1,'id':'first'}]}");
	host_edit(&a, "{'episodes':[{'id':1,'title':'The first'}]}");
	assert_int_equal(host_try_edit(&a, "{'episodes':[{'id':1,'title':'One','summary':'s'}],'scenes':[{'episodeId':1,'id':'a1'},"
		"{'episodeId':1,'id':'a2'}]}", "{'episodes':[{'id':1,'title':'One'}]}"), SL_OK);
	host_edit(&b, "{'scenes':[{'episodeId':1,'id':'b1'},{'episodeId':1,'id':'b2'}]}");
	settle();
	expect_either("first a1 a2 b1 b2 ", "first b1 b2 a1 a2 ");
}

static void case_23__insertions_between_all_of_them_and_a_move(void **state)
{
	char order[40], document[400], move[80], expected[120];
	(void)state;
	begin_with(COMMON);
	host_edit(&a, "{'scenes':[{'episodeId':1,'id':'a1'},{'episodeId':1,'id':'a2'}]}");
	host_edit(&b, "{'scenes':[{'episodeId':1,'id':'b1'},{'episodeId':1,'id':'b2'}]}");
	settle();
	snprintf(order, sizeof(order), "%s", scenes(&a));
	const char *run = order + strlen("first "); /* ids of two bytes and a blank each */
	snprintf(document, sizeof(document), "{'episodes':[{'id':1,'scenes':[{'id':'first'},{'id':'%.2s'},{'id':'n1'},{'id':'%.2s'},"
		"{'id':'n2'},{'id':'%.2s'},{'id':'n3'},{'id':'%.2s'}],'shots':[]}]}", run, run + 3, run + 6, run + 9);
	snprintf(move, sizeof(move), "{'scenes':[{'episodeId':1,'id':'%.2s','rank':'1'}]}", run + 3);
	snprintf(expected, sizeof(expected), "%.2s first %.2s n1 n2 %.2s n3 %.2s ", run + 3, run, run + 6, run + 9);
	replace(&a, document);
	host_edit(&b, move);
	settle();
	assert_string_equal(scenes(&a), expected);
}

/* --- prefixes ------------------------------------------------------------------------------------------------------ */

static struct host_pair *stored_meta(struct host *host)
{
	for (size_t i = 0; i < host->pair_count; i++)
		if (strcmp(host->pairs[i].key, "meta") == 0)
			return &host->pairs[i];
	fail_msg("nothing is stored");
	return NULL;
}

static char *stored_prefix(struct host *host)
{
	char *at = strstr(stored_meta(host)->value, "\"rankPrefix\":\"");
	assert_non_null(at);
	return at + strlen("\"rankPrefix\":\"");
}

/* What they stand behind was moved meanwhile, so each device gives its run new ranks. */
static void case_23__runs_stay_together_though_their_neighbour_was_moved(void **state)
{
	struct host c;
	(void)state;
	begin_with("{'episodes':[{'id':1}],'scenes':[{'episodeId':1,'id':'first'},{'episodeId':1,'id':'second'}]}");
	host_open(&c, &server, 3);
	host_settle(&c);
	host_edit(&c, "{'scenes':[{'episodeId':1,'id':'second','rank':'G'}]}");
	host_settle(&c);
	host_simple(&a, SL_EVENT_OFFLINE);
	host_simple(&b, SL_EVENT_OFFLINE);
	host_edit(&a, "{'scenes':[{'episodeId':1,'id':'a1'},{'episodeId':1,'id':'a2'}]}");
	host_edit(&b, "{'scenes':[{'episodeId':1,'id':'b1'},{'episodeId':1,'id':'b2'}]}");
	host_simple(&a, SL_EVENT_ONLINE);
	host_simple(&b, SL_EVENT_ONLINE);
	assert_string_equal(a.method, "GET");
	assert_string_equal(b.method, "GET");
	host_exchange(&a, false);
	host_exchange(&b, false);
	settle();
	expect_either("second a1 a2 b1 b2 first ", "second b1 b2 a1 a2 first ");
	host_close(&c);
}

static void every_prefix_that_is_made_leaves_room_before_it(void **state)
{
	(void)state;
	for (size_t device = 3; device < 400; device++) {
		struct host host;
		host_open(&host, NULL, device);
		host_edit(&host, "{'episodes':[{'id':1}]}");
		assert_true(sl_rank_is_prefix((struct sl_str){ stored_prefix(&host), SL_RANK_PREFIX_BYTES }));
		host_close(&host);
	}
}

static void a_prefix_is_kept(void **state)
{
	char prefix[SL_RANK_PREFIX_BYTES];
	(void)state;
	begin_with(COMMON);
	memcpy(prefix, stored_prefix(&a), sizeof(prefix));
	add_scene(&a, 'a', 1);
	host_restart(&a);
	add_scene(&a, 'a', 2);
	assert_memory_equal(stored_prefix(&a), prefix, sizeof(prefix));
	struct sl_str last = scene(&a, "a2")->rank, previous = scene(&a, "a1")->rank;
	assert_true(last.length == previous.length);
	assert_memory_equal(last.bytes, previous.bytes, last.length - 1);
}

static void a_stored_prefix_without_room_before_it_is_replaced(void **state)
{
	(void)state;
	begin_with(COMMON);
	stored_prefix(&a)[SL_RANK_PREFIX_BYTES - 1] = '0';
	host_restart(&a);
	add_scene(&a, 'a', 1);
	assert_true(sl_rank_is_prefix((struct sl_str){ stored_prefix(&a), SL_RANK_PREFIX_BYTES }));
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
	const struct CMUnitTest tests[] = {
		TEST(case_22__runs_that_were_added_at_once_stay_together),
		TEST(case_22__runs_that_were_added_one_by_one_stay_together),
		TEST(case_22__runs_in_documents_stay_together),
		TEST(case_22__runs_that_were_added_on_an_earlier_state_stay_together),
		TEST(case_23__insertions_between_all_of_them_and_a_move),
		TEST(case_23__runs_stay_together_though_their_neighbour_was_moved),
		TEST(every_prefix_that_is_made_leaves_room_before_it),
		TEST(a_prefix_is_kept),
		TEST(a_stored_prefix_without_room_before_it_is_replaced),
	};
	return cmocka_run_group_tests_name("engine_runs", tests, NULL, NULL);
}
