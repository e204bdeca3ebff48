/* Tabs and processes without the store's lock: the holder takes their edits, each once, and they show what it has. */
#include "two_devices.h"

#include <stdio.h>
#include <stdlib.h>

/* A follower of device a: its engine, and the edits that its host told the holder's host of. */
struct tab {
	struct sl_engine *engine;
	size_t followed;      /* batches of the holder so far */
	struct sl_rowset *shown;
	struct sl_arena arena;
};

static struct tab tab;
static size_t numbers;

static void show(const struct sl_delta *delta)
{
	const struct sl_row *row;
	size_t cursor = 0;
	for (size_t i = 0; i < delta->deleted_count; i++)
		sl_rowset_remove(tab.shown, &delta->deleted[i]);
	while ((row = sl_rowset_next(delta->rows, &cursor))) {
		struct sl_row copy;
		assert_int_equal(sl_row_copy(&tab.arena, row, &copy), 0);
		assert_non_null(sl_rowset_put(tab.shown, &copy));
	}
}

/* Whatever it stores is below its own inbox. */
static void carry_out(const struct sl_effects *effects)
{
	for (size_t i = 0; i < effects->count; i++) {
		const struct sl_effect *effect = &effects->items[i];
		assert_int_not_equal(effect->type, SL_EFFECT_SEND);
		assert_int_not_equal(effect->type, SL_EFFECT_WAKE);
		if (effect->type == SL_EFFECT_CHANGED)
			show(effect->changed.delta);
		for (size_t j = 0; effect->type == SL_EFFECT_STORE && j < effect->store.count; j++) {
			assert_memory_equal(effect->store.writes[j].key.bytes, "inbox/tab-", 10);
			host_write(&a, &effect->store.writes[j]);
		}
	}
}

static int tab_event(struct sl_event event)
{
	struct sl_effects effects;
	struct sl_err err = SL_ERR_INIT;
	int rc = sl_engine_handle(tab.engine, &event, &effects, &err);
	carry_out(&effects);
	return rc;
}

static void open_tab(void)
{
	char name[20];
	struct sl_engine_config config = { .size = sizeof(config), .follower = name };
	struct sl_pair *pairs;
	size_t count = host_pairs(&a, &pairs);
	snprintf(name, sizeof(name), "tab-%zu", ++numbers);
	assert_int_equal(sl_engine_new(&config, &tab.engine, NULL), SL_OK);
	assert_int_equal(tab_event((struct sl_event){ .type = SL_EVENT_START, .start = { pairs, count } }), SL_OK);
	sl_arena_init(&tab.arena, 0);
	tab.shown = sl_rowset_clone(sl_engine_rows(tab.engine), &tab.arena);
	struct sl_delta all = { (struct sl_rowset *)sl_engine_rows(tab.engine), NULL, 0 };
	show(&all);
	free(pairs);
}

static void close_tab(void)
{
	sl_engine_free(&tab.engine);
	sl_arena_dispose(&tab.arena);
}

static int begin(void **state)
{
	set_up(state);
	begin_with_shot();
	open_tab();
	a.unchecked = true; /* a holder that starts takes what waits in the inbox: it has other rows then */
	return 0;
}

static int end(void **state)
{
	close_tab();
	return tear_down(state);
}

static int tab_edit(const char *delta, const char *before)
{
	char *text = project_text(delta), *seen = before ? project_text(before) : NULL;
	struct sl_event event = { .type = SL_EVENT_EDIT, .edit = { .delta = sl_str_from(text), .before = sl_str_from(seen),
		.revision = seen ? 0 : sl_engine_revision(tab.engine) } };
	int rc = tab_event(event);
	if (rc == SL_OK && !seen) {
		struct sl_delta own = project_delta(text, &tab.arena);
		assert_int_equal(sl_delta_apply(&own, tab.shown, &tab.arena), 0);
	}
	free(text);
	free(seen);
	return rc;
}

/* The holder's host gives it what is in the store below "inbox/". */
static void hand_over(void)
{
	struct sl_pair *pairs;
	size_t count = host_pairs(&a, &pairs);
	assert_int_equal(host_event(&a, (struct sl_event){ .type = SL_EVENT_HANDED, .handed = { pairs, count } }), SL_OK);
	free(pairs);
}

/* The last batch of the holder. */
static void follow(void)
{
	assert_int_equal(tab_event((struct sl_event){ .type = SL_EVENT_FOLLOW,
		.follow = { a.batch, a.last_batch } }), SL_OK);
	expect_rows(tab.shown, sl_engine_rows(tab.engine));
}

static const char *tab_data(const char *id)
{
	struct sl_key key = { SL_SHOTS, 1, sl_str_from(id) };
	const struct sl_row *row = sl_rowset_find(sl_engine_rows(tab.engine), &key);
	struct sl_str copy = { "", 0 };
	if (row)
		assert_int_equal(sl_arena_copy(&tab.arena, row->data, &copy), 0);
	return copy.bytes;
}

static void followers__hand_their_edits_over(void **state)
{
	(void)state;
	assert_int_equal(tab_edit("{'shots':[{'episodeId':1,'id':'s','description':'by the tab'}]}", NULL), SL_OK);
	assert_string_equal(tab_data("s"), "{\"description\":\"by the tab\"}");
	expect_shot(&a, 1, "s", "old");
	hand_over();
	expect_shot(&a, 1, "s", "by the tab");
	follow();
	assert_string_equal(tab_data("s"), "{\"description\":\"by the tab\"}");
	expect_rows(sl_engine_rows(tab.engine), sl_engine_rows(a.engine));
	host_settle(&a);
	expect_in_sync(&a);
}

static void followers__edits_are_taken_once(void **state)
{
	(void)state;
	assert_int_equal(tab_edit("{'shots':[{'episodeId':1,'id':'s','description':'old','duration':'3s'}]}", NULL), SL_OK);
	struct sl_pair *pairs;
	size_t count = host_pairs(&a, &pairs);
	struct sl_pair *again = calloc(count, sizeof(*again));
	size_t kept = 0;
	assert_non_null(again);
	for (size_t i = 0; i < count; i++)
		if (pairs[i].key.length > 6 && memcmp(pairs[i].key.bytes, "inbox/", 6) == 0)
			again[kept++] = (struct sl_pair){ { host_copy(pairs[i].key), pairs[i].key.length },
				{ host_copy(pairs[i].value), pairs[i].value.length } };
	assert_int_equal(kept, 1);
	hand_over();
	host_edit(&a, "{'shots':[{'episodeId':1,'id':'s','description':'old','duration':'9s'}]}");
	assert_int_equal(host_event(&a, (struct sl_event){ .type = SL_EVENT_HANDED, .handed = { again, 1 } }), SL_OK);
	assert_string_equal(host_data(&a, SL_SHOTS, 1, "s"), "{\"description\":\"old\",\"duration\":\"9s\"}");
	host_restart(&a);
	assert_int_equal(host_event(&a, (struct sl_event){ .type = SL_EVENT_HANDED, .handed = { again, 1 } }), SL_OK);
	assert_string_equal(host_data(&a, SL_SHOTS, 1, "s"), "{\"description\":\"old\",\"duration\":\"9s\"}");
	free((char *)again[0].key.bytes);
	free((char *)again[0].value.bytes);
	free(again);
	free(pairs);
}

static void followers__show_what_the_holder_has_with_their_own_on_top(void **state)
{
	(void)state;
	assert_int_equal(tab_edit("{'shots':[{'episodeId':1,'id':'s','description':'old, by the tab'}]}", NULL), SL_OK);
	host_edit(&a, "{'shots':[{'episodeId':1,'id':'s','description':'old','duration':'9s'},{'episodeId':1,'id':'t'}]}");
	follow();
	assert_string_equal(tab_data("s"), "{\"description\":\"old, by the tab\",\"duration\":\"9s\"}");
	assert_string_equal(tab_data("t"), "{}");
	host_edit(&a, "{'deleted':{'shots':[{'episodeId':1,'shotId':'t'}]}}");
	follow();
	assert_string_equal(tab_data("t"), "");
	assert_string_equal(tab_data("s"), "{\"description\":\"old, by the tab\",\"duration\":\"9s\"}");
	hand_over();
	follow();
	expect_rows(sl_engine_rows(tab.engine), sl_engine_rows(a.engine));
	assert_string_equal(tab_data("s"), "{\"description\":\"old, by the tab\",\"duration\":\"9s\"}");
}

static void followers__lose_nothing_when_the_holder_is_gone(void **state)
{
	(void)state;
	assert_int_equal(tab_edit("{'shots':[{'episodeId':1,'id':'s','description':'typed last'}]}", NULL), SL_OK);
	assert_int_equal(tab_edit("{'shots':[{'episodeId':1,'id':'u','description':'added'}]}", NULL), SL_OK);
	/* The holder closes without having heard of it; the tab's host takes the lock. */
	host_restart(&a);
	expect_shot(&a, 1, "s", "typed last");
	expect_shot(&a, 1, "u", "added");
	for (size_t i = 0; i < a.pair_count; i++)
		assert_int_not_equal(strncmp(a.pairs[i].key, "inbox/", 6), 0);
	host_settle(&a);
	expect_in_sync(&a);
}

static void followers__edits_bring_an_episode_back(void **state)
{
	(void)state;
	assert_int_equal(tab_edit("{'shots':[{'episodeId':1,'id':'s','description':'old, and typed'}]}", NULL), SL_OK);
	host_edit(&b, "{'episodes':[{'id':2}],'deleted':{'episodes':[1]}}");
	host_settle(&b);
	sync(&a);
	host_restart(&a);
	expect_shot(&a, 1, "s", "old, and typed");
}

/* A tab and the holder edit the same few shots and fields; edits are handed over late, twice or by a new holder. */
static void followers__random_histories_end_in_the_same_rows(void **state)
{
	static const char *const fields[] = { "description", "dialogue", "movement" };
	struct dice dice = { 20261 };
	size_t typed = 0;
	char text[200];
	(void)state;
	for (int round = 0; round < 600; round++) {
		size_t what = dice_roll(&dice, 10);
		snprintf(text, sizeof(text), "{'shots':[{'episodeId':1,'id':'r%zu','%s':'w%zu'}]}", dice_roll(&dice, 6),
			fields[dice_roll(&dice, LENGTH(fields))], typed);
		if (what < 4) {
			assert_int_equal(tab_edit(text, NULL), SL_OK);
			typed++;
		} else if (what < 7) {
			host_edit(&a, text);
			follow();
			typed++;
		} else if (what == 7) {
			snprintf(text, sizeof(text), "{'deleted':{'shots':[{'episodeId':1,'shotId':'r%zu'}]}}", dice_roll(&dice, 6));
			host_edit(&a, text);
			follow();
		} else if (what == 8) {
			hand_over();
			follow();
		} else {
			/* The holder goes; a new one takes what waits, and the tab starts anew, as one that knows no batches of it. */
			host_restart(&a);
			close_tab();
			open_tab();
		}
	}
	hand_over();
	follow();
	expect_rows(sl_engine_rows(tab.engine), sl_engine_rows(a.engine));
	host_settle(&a);
	expect_in_sync(&a);
}

static void followers__documents_are_edits(void **state)
{
	(void)state;
	struct sl_event event = { .type = SL_EVENT_REPLACE, .replace = { .document = SL_STR(
		"{\"episodes\":[{\"id\":1,\"title\":\"One\",\"scenes\":[],\"shots\":[{\"id\":\"s\",\"description\":\"imported\"}]}]}"),
		.revision = sl_engine_revision(tab.engine) } };
	assert_int_equal(tab_event(event), SL_OK);
	assert_string_equal(tab_data("s"), "{\"description\":\"imported\"}");
	hand_over();
	expect_shot(&a, 1, "s", "imported");
}

/* The tab and the holder each put scenes behind the same one, at the same time. */
static void followers__runs_are_apart_from_the_holders(void **state)
{
	size_t runs = 1;
	(void)state;
	struct sl_event event = { .type = SL_EVENT_REPLACE, .replace = { .document = SL_STR(
		"{\"episodes\":[{\"id\":1,\"title\":\"One\",\"scenes\":[{\"id\":\"t1\"},{\"id\":\"t2\"}],"
		"\"shots\":[{\"id\":\"s\",\"description\":\"old\"}]}]}"), .revision = sl_engine_revision(tab.engine) } };
	host_edit(&a, "{'scenes':[{'episodeId':1,'id':'a1'},{'episodeId':1,'id':'a2'}]}");
	assert_int_equal(tab_event(event), SL_OK);
	hand_over();
	struct sl_row **sorted = sl_rowset_sorted(sl_engine_rows(a.engine), &a.view_arena);
	const struct sl_row *scenes[4];
	size_t count = 0;
	for (size_t i = 0; i < sl_rowset_count(sl_engine_rows(a.engine)); i++)
		if (sorted[i]->key.entity == SL_SCENES) {
			assert_true(count < LENGTH(scenes));
			scenes[count++] = sorted[i];
		}
	assert_int_equal(count, LENGTH(scenes));
	for (size_t i = 1; i < count; i++)
		runs += scenes[i]->key.id.bytes[0] != scenes[i - 1]->key.id.bytes[0];
	assert_int_equal(runs, 2);
}

static void followers__do_nothing_else(void **state)
{
	static const enum sl_event_type types[] = { SL_EVENT_ONLINE, SL_EVENT_CLEAR, SL_EVENT_SYNC_NOW, SL_EVENT_HANDED,
		SL_EVENT_SIGN_IN };
	(void)state;
	for (size_t i = 0; i < LENGTH(types); i++)
		assert_int_equal(tab_event((struct sl_event){ .type = types[i] }), SL_FORBIDDEN);
	assert_int_equal(host_event(&a, (struct sl_event){ .type = SL_EVENT_FOLLOW }), SL_FORBIDDEN);
	assert_int_equal(tab_event((struct sl_event){ .type = SL_EVENT_TICK }), SL_OK);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, begin, end)
	const struct CMUnitTest tests[] = {
		TEST(followers__hand_their_edits_over),
		TEST(followers__edits_are_taken_once),
		TEST(followers__show_what_the_holder_has_with_their_own_on_top),
		TEST(followers__lose_nothing_when_the_holder_is_gone),
		TEST(followers__edits_bring_an_episode_back),
		TEST(followers__random_histories_end_in_the_same_rows),
		TEST(followers__documents_are_edits),
		TEST(followers__runs_are_apart_from_the_holders),
		TEST(followers__do_nothing_else),
	};
	return cmocka_run_group_tests_name("engine_followers", tests, NULL, NULL);
}
