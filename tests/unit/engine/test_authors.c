/* Who wrote what came in: what the server says of it, and what entries of the journal keep. */
#include "two_devices.h"

#include <stdio.h>
#include <stdlib.h>

#include "core/engine/json.h"

#define HOUR_MS ((int64_t)3600000)

static int set_up_naming(void **state)
{
	set_up_two_shots(state);
	server.names_authors = true;
	return 0;
}

static struct sl_key shot(const char *id)
{
	return (struct sl_key){ SL_SHOTS, 1, sl_str_from(id) };
}

/* The entry changes the shot, and names this device for it; NULL: none. */
static void expect_author(struct host *host, int64_t id, const char *shot_id, const char *device)
{
	struct sl_journal_entry entry = host_entry(host, id);
	struct sl_key key = shot(shot_id);
	const struct sl_journal_author *author = sl_journal_author_of(&entry, &key);
	assert_non_null(sl_journal_find(&entry, &key));
	assert_true(author ? device && sl_str_equal(author->device_id, sl_str_from(device)) : !device);
}

static void pulls__name_who_wrote_each_row(void **state)
{
	struct host c;
	struct sl_key key = shot("s");
	(void)state;
	host_open(&c, &server, 3);
	host_settle(&c);
	host_shot(&b, 1, "s", "by b");
	host_settle(&b);
	host_edit(&c, "{'deleted':{'shots':[{'episodeId':1,'shotId':'t'}]}}");
	host_settle(&c);
	sync(&a);
	struct sl_journal_entry entry = host_entry(&a, a.last_entry);
	const struct sl_journal_author *author = sl_journal_author_of(&entry, &key);
	assert_int_equal(entry.cause, SL_CAUSE_PULL);
	assert_int_equal(entry.author_count, 2);
	assert_true(sl_str_equal(author->user_id, SL_STR("7")));
	assert_true(sl_str_equal(author->device_id, SL_STR("device-2")));
	assert_true(sl_str_equal(author->device_name, SL_STR("Device 2")));
	assert_int_equal(author->at_ms, author->version + 1);
	assert_int_equal(author->version, sl_rowset_find(sync_server_store(&server)->rows, &key)->version);
	expect_author(&a, a.last_entry, "t", "device-3");
	host_close(&c);
}

static void merges__name_who_wrote_the_other_side(void **state)
{
	(void)state;
	clash();
	assert_int_equal(host_entry(&a, a.last_entry).cause, SL_CAUSE_MERGE);
	expect_author(&a, a.last_entry, "s", "device-2");
}

/* What is kept does not change here, but somebody had removed it. */
static void notes__name_who_wrote_the_other_side(void **state)
{
	(void)state;
	host_edit(&b, "{'deleted':{'shots':[{'episodeId':1,'shotId':'s'}]}}");
	host_settle(&b);
	host_shot(&a, 1, "s", "old, but edited since");
	host_settle(&a);
	struct sl_journal_entry entry = host_entry(&a, a.last_entry);
	assert_int_equal(entry.note_count, 1);
	assert_int_equal(entry.notes[0].kind, SL_NOTE_KEPT);
	assert_int_equal(entry.note_authors[0], 1);
	assert_true(sl_str_equal(entry.authors[0].device_id, SL_STR("device-2")));
}

static void merges__name_nobody_for_what_only_they_moved(void **state)
{
	(void)state;
	host_shot(&b, 1, "new", "Waves break on the rocks below the tower.");
	host_settle(&b);
	host_shot(&a, 1, "new", "Guests arrive; somebody has forgotten rings.");
	host_settle(&a);
	expect_shot(&a, 1, "newA", "Guests arrive; somebody has forgotten rings.");
	expect_author(&a, a.last_entry, "new", "device-2");
	expect_author(&a, a.last_entry, "newA", NULL);
}

static void repairs__name_who_wrote_what_they_bring(void **state)
{
	(void)state;
	size_t saved = sync_server_save(&server);
	host_shot(&a, 1, "u", "lost");
	host_settle(&a);
	sync_server_restore(&server, saved);
	server.now_ms += 1000;
	host_shot(&b, 1, "v", "after");
	host_settle(&b);
	sync(&a);
	assert_int_equal(host_entry(&a, a.last_entry).cause, SL_CAUSE_REPAIR);
	expect_author(&a, a.last_entry, "v", "device-2");
}

/* Pulls what device b wrote, with these members beside it; $ stands for the version. */
static struct sl_journal_entry pull_with(const char *members)
{
	static int number;
	struct sl_buf says;
	char text[40];
	snprintf(text, sizeof(text), "draft %d", ++number);
	host_shot(&b, 1, "s", text);
	host_settle(&b);
	sl_buf_init(&says, SIZE_MAX);
	for (const char *at = members; *at; at++)
		if (*at == '$')
			sl_buf_add_int(&says, sync_server_store(&server)->head.version);
		else
			sl_buf_add_char(&says, *at == '\'' ? '"' : *at);
	sl_buf_add_char(&says, '\0');
	server.says = says.bytes;
	sync(&a);
	server.says = NULL;
	sl_buf_dispose(&says);
	expect_in_sync(&a);
	return host_entry(&a, a.last_entry);
}

#define KEY "'key':{'episodeId':1,'shotId':'s'}"

static void what_is_odd__is_left_alone(void **state)
{
	static const char *const odd[] = {
		",'authors':7", ",'authors':{}", ",'authors':[]", ",'authors':[7,null,[],{}],'versions':{}", ",'versions':{'$':7}",
		",'authors':[{'entity':'shots'," KEY ",'version':$}]",
		",'authors':[{'entity':'shots'," KEY ",'version':$}],'versions':[]",
		",'authors':[{'entity':'shots'," KEY ",'version':$}],'versions':{'$':null}",
		",'authors':[{'entity':'shots'," KEY ",'version':$}],'versions':{'$':{'deviceName':'nobody','at':1}}",
		",'authors':[{'entity':'shots'," KEY ",'version':$}],'versions':{'$':{'deviceId':[],'userId':1.5}}",
		",'authors':[{'entity':'shots'," KEY ",'version':$9}],'versions':{'$9':{'deviceId':'later'}}",
		",'authors':[{'entity':'shots'," KEY ",'version':'$'}],'versions':{'$':{'deviceId':'x'}}",
		",'authors':[{'entity':'shots'," KEY ",'version':-1}],'versions':{'-1':{'deviceId':'x'}}",
		",'authors':[{'entity':'nodes'," KEY ",'version':$}],'versions':{'$':{'deviceId':'x'}}",
		",'authors':[{'entity':['shots']," KEY ",'version':$}],'versions':{'$':{'deviceId':'x'}}",
		",'authors':[{'entity':'shots','key':'s','version':$}],'versions':{'$':{'deviceId':'x'}}",
		",'authors':[{'entity':'shots','key':{'episodeId':1e300,'shotId':'s'},'version':$}],'versions':{'$':{'deviceId':'x'}}",
		",'authors':[{'entity':'shots','key':{'episodeId':1.5,'shotId':'s'},'version':$}],'versions':{'$':{'deviceId':'x'}}",
		",'authors':[{'entity':'episodes','key':'1','version':$}],'versions':{'$':{'deviceId':'x'}}",
		",'authors':[{'entity':'meta','key':'','version':$}],'versions':{'$':{'deviceId':'x'}}",
	};
	(void)state;
	for (size_t i = 0; i < LENGTH(odd); i++) {
		struct sl_journal_entry entry = pull_with(odd[i]);
		assert_int_equal(entry.author_count, 0);
		assert_int_equal(entry.changes[0].author, 0);
	}
}

static void what_is_new__is_left_alone_too(void **state)
{
	(void)state;
	struct sl_journal_entry entry = pull_with(",'more':1,'authors':[{'entity':'shots','more':1," KEY ",'version':$}],"
		"'versions':{'$':{'deviceId':'tablet','more':{}}}");
	assert_int_equal(entry.author_count, 1);
	assert_true(sl_str_equal(entry.authors[0].device_id, SL_STR("tablet")));
	assert_int_equal(entry.authors[0].user_id.length + entry.authors[0].device_name.length, 0);
	assert_int_equal(entry.authors[0].at_ms, 0);
}

static void names__are_cut_on_whole_characters(void **state)
{
	char members[800], long_id[140];
	(void)state;
	memset(long_id, 'i', sizeof(long_id) - 1);
	long_id[sizeof(long_id) - 1] = '\0';
	snprintf(members, sizeof(members), ",'authors':[{'entity':'shots'," KEY ",'version':$}],'versions':{'$':{'userId':'%s',"
		"'deviceId':'d','deviceName':'%.79s\u00e9tude'}}", long_id, long_id);
	struct sl_journal_entry entry = pull_with(members);
	assert_int_equal(entry.authors[0].device_name.length, 79);
	assert_int_equal(entry.authors[0].user_id.length, 0); /* part of it could be somebody else's */
}

/* An answer to a push brings what others changed, and who did. */
static void pushes__name_who_wrote_what_they_bring(void **state)
{
	char *says = project_text(",'authors':[{'entity':'shots'," KEY ",'version':1}],'versions':{'1':{'deviceId':'tablet'}}");
	(void)state;
	server.names_authors = false;
	host_shot(&b, 1, "s", "by b");
	host_settle(&b);
	host_shot(&a, 1, "t", "by a");
	server.says = says;
	host_settle(&a);
	server.says = NULL;
	expect_shot(&a, 1, "s", "by b");
	expect_author(&a, a.last_entry, "s", "tablet");
	free(says);
}

#define MANY (SL_JOURNAL_AUTHORS + 6)

static void entries__name_no_more_devices_than_they_have_room_for(void **state)
{
	struct sl_buf delta, says;
	size_t named = 0;
	(void)state;
	sl_buf_init(&delta, SIZE_MAX);
	sl_buf_init(&says, SIZE_MAX);
	for (int i = 0; i < MANY; i++) {
		char text[160];
		snprintf(text, sizeof(text), "%s{'episodeId':1,'id':'m%d','description':'new'}", i ? "," : "{'shots':[", i);
		sl_buf_add_text(&delta, text);
		snprintf(text, sizeof(text), "%s{\"entity\":\"shots\",\"key\":{\"episodeId\":1,\"shotId\":\"m%d\"},\"version\":%d}",
			i ? "," : ",\"authors\":[", i, i + 1);
		sl_buf_add_text(&says, text);
	}
	for (int i = 0; i < MANY; i++) {
		char text[160];
		snprintf(text, sizeof(text), "%s\"%d\":{\"deviceId\":\"d%d\"}", i ? "," : "],\"versions\":{", i + 1, i);
		sl_buf_add_text(&says, text);
	}
	sl_buf_add(&delta, "]}", 3);
	sl_buf_add(&says, "}", 2);
	server.names_authors = false;
	host_edit(&b, delta.bytes);
	host_settle(&b);
	server.says = says.bytes;
	sync(&a);
	server.says = NULL;
	struct sl_journal_entry entry = host_entry(&a, a.last_entry);
	assert_int_equal(entry.author_count, SL_JOURNAL_AUTHORS);
	for (size_t i = 0; i < entry.change_count; i++) {
		const struct sl_journal_author *author = sl_journal_author_of(&entry, &entry.changes[i].key);
		named += author != NULL;
		assert_true(!author || strtol(author->device_id.bytes + 1, NULL, 10) == strtol(entry.changes[i].key.id.bytes + 1, NULL, 10));
	}
	assert_int_equal(named, SL_JOURNAL_AUTHORS);
	sl_buf_dispose(&delta);
	sl_buf_dispose(&says);
}

static void push_from(struct host *host, const char *id, const char *text)
{
	host_shot(host, 1, id, text);
	host_settle(host);
	sync(&a);
}

static void entries__that_become_one_name_who_wrote_last(void **state)
{
	struct host c;
	char text[40];
	(void)state;
	host_open(&c, &server, 3);
	host_settle(&c);
	push_from(&b, "s", "by b");
	push_from(&b, "t", "by b");
	sync(&c);
	push_from(&c, "t", "by c, after b");
	push_from(&b, "u", "by b");
	push_from(&a, "u", "by b, then by a");
	for (int i = 0; i < 2; i++) {
		a.now_ms += HOUR_MS;
		host_simple(&a, SL_EVENT_TICK);
	}
	for (int i = 0; i < 70; i++) {
		snprintf(text, sizeof(text), "draft %d", i);
		push_from(&a, "w", text);
	}
	struct sl_journal_entry entry = host_entry(&a, host_oldest_entry(&a));
	assert_int_equal(entry.cause, SL_CAUSE_SEVERAL);
	assert_int_equal(entry.author_count, 2);
	expect_author(&a, host_oldest_entry(&a), "s", "device-2");
	expect_author(&a, host_oldest_entry(&a), "t", "device-3");
	expect_author(&a, host_oldest_entry(&a), "u", NULL);
	host_close(&c);
}

static void steps_of_the_user__name_nobody(void **state)
{
	(void)state;
	clash();
	struct sl_event event = { .type = SL_EVENT_RESOLVE, .resolve = { .conflict = a.last_conflict } };
	assert_int_equal(host_event(&a, event), SL_OK);
	assert_int_equal(host_entry(&a, a.last_entry).cause, SL_CAUSE_DECISION);
	assert_int_equal(host_entry(&a, a.last_entry).author_count, 0);
	host_undo(&a, a.last_entry, 0);
	assert_int_equal(host_entry(&a, a.last_entry).author_count, 0);
}

static void without_authors__an_entry_is_what_it_was(void **state)
{
	(void)state;
	server.names_authors = false;
	host_shot(&b, 1, "s", "by b");
	host_settle(&b);
	sync(&a);
	assert_int_equal(host_entry(&a, a.last_entry).author_count, 0);
	for (size_t i = 0; i < a.pair_count; i++)
		assert_null(strncmp(a.pairs[i].key, "journal/", 8) == 0 ? strstr(a.pairs[i].value, "authors") : NULL);
}

static void stored__authors_that_are_odd_do_no_harm(void **state)
{
	static const char *const bodies[] = {
		"{'cause':'pull','rows':[{'key':'shots/1/s','was':'','added':true}]}",
		"{'cause':'pull','rows':[{'key':'shots/1/s','was':'','added':true,'by':1}]}",
		"{'cause':'pull','rows':[{'key':'shots/1/s','was':'','added':true,'by':2}],'authors':[{'deviceId':'x'}]}",
		"{'cause':'pull','rows':[{'key':'shots/1/s','was':'','added':true,'by':-1}],'authors':[7]}",
		"{'cause':'pull','rows':[{'key':'shots/1/s','was':'','added':true,'by':'x'}],'authors':'x'}",
	};
	struct sl_key key = shot("s"), other = shot("t");
	struct sl_arena arena;
	(void)state;
	sl_arena_init(&arena, 0);
	for (size_t i = 0; i < LENGTH(bodies); i++) {
		struct sl_journal_entry entry;
		char *body = project_text(bodies[i]);
		assert_int_equal(sl_journal_read(sl_str_from(body), &arena, &entry), 0);
		assert_null(sl_journal_author_of(&entry, &key));
		assert_null(sl_journal_author_of(&entry, &other));
		free(body);
	}
	sl_arena_dispose(&arena);
}

static void apps__see_authors_as_json(void **state)
{
	struct sl_buf text;
	(void)state;
	struct sl_journal_entry entry = pull_with("");
	sl_buf_init(&text, SIZE_MAX);
	sl_engine_json_entry(&entry, &text);
	sl_buf_add_char(&text, '\0');
	assert_non_null(strstr(text.bytes, "\"author\":0"));
	assert_non_null(strstr(text.bytes, "\"authors\":[{\"userId\":\"7\",\"deviceId\":\"device-2\",\"deviceName\":\"Device 2\",\"version\":"));
	sl_buf_dispose(&text);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up_naming, tear_down)
#define SILENT(name) cmocka_unit_test_setup_teardown(name, set_up_two_shots, tear_down)
	const struct CMUnitTest tests[] = {
		TEST(pulls__name_who_wrote_each_row),
		TEST(merges__name_who_wrote_the_other_side),
		TEST(notes__name_who_wrote_the_other_side),
		TEST(merges__name_nobody_for_what_only_they_moved),
		TEST(repairs__name_who_wrote_what_they_bring),
		SILENT(what_is_odd__is_left_alone),
		SILENT(what_is_new__is_left_alone_too),
		SILENT(names__are_cut_on_whole_characters),
		TEST(pushes__name_who_wrote_what_they_bring),
		TEST(entries__name_no_more_devices_than_they_have_room_for),
		TEST(entries__that_become_one_name_who_wrote_last),
		TEST(steps_of_the_user__name_nobody),
		TEST(without_authors__an_entry_is_what_it_was),
		SILENT(stored__authors_that_are_odd_do_no_harm),
		TEST(apps__see_authors_as_json),
	};
	return cmocka_run_group_tests_name("engine_authors", tests, NULL, NULL);
}
