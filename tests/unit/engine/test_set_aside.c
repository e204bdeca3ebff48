/* Words that merges set aside travel: with the next push, to the server, which keeps them (merge.md "The journal"). */
#include "two_devices.h"

#include <stdio.h>

#include "core/schema/validate.h"

/* All that the server keeps of what was set aside, in no order. */
static const char *kept_by_server(void)
{
	static char text[80000];
	const struct sl_row *row;
	size_t cursor = 0, length = 0;
	text[0] = '\0';
	while ((row = sl_rowset_next(sync_server_store(&server)->asides, &cursor)))
		length += (size_t)snprintf(text + length, sizeof(text) - length, "%.*s", (int)row->data.length, row->data.bytes);
	return text;
}

static const char a_s_words[] = "[{\"base\":\"old\",\"entity\":\"shots\",\"key\":{\"episodeId\":1,\"shotId\":\"s\"},\"mine\":\"a says that\","
	"\"path\":\"/description\",\"theirs\":\"b says this\"}]";

static void aside__goes_with_the_next_push(void **state)
{
	(void)state;
	begin_with_shot();
	clash();
	assert_string_equal(kept_by_server(), "");
	host_shot(&a, 1, "t", "more");
	host_settle(&a);
	assert_string_equal(kept_by_server(), a_s_words);
}

static void aside__goes_once(void **state)
{
	(void)state;
	begin_with_shot();
	clash();
	host_shot(&a, 1, "t", "more");
	host_settle(&a);
	host_shot(&a, 1, "t", "and more");
	host_settle(&a);
	assert_string_equal(kept_by_server(), a_s_words);
}

static void aside__outlives_a_restart(void **state)
{
	(void)state;
	begin_with_shot();
	clash();
	host_restart(&a);
	host_shot(&a, 1, "t", "more");
	host_settle(&a);
	assert_string_equal(kept_by_server(), a_s_words);
	host_restart(&a);
	host_shot(&a, 1, "t", "and more");
	host_settle(&a);
	assert_string_equal(kept_by_server(), a_s_words);
}

/* The push that carries them is refused; the one that is made instead carries them, too. */
static void aside__waits_for_a_push_that_is_taken(void **state)
{
	(void)state;
	begin_with_shot();
	clash();
	host_shot(&a, 1, "t", "of a");
	host_wait(&a, 1500);
	host_shot(&b, 1, "t", "of b");
	host_settle(&b);
	assert_string_equal(kept_by_server(), "");
	host_settle(&a);
	expect_in_sync(&a);
	assert_non_null(strstr(kept_by_server(), "a says that"));
}

/* Nor twice: the operation is sent again as it is, and is known. */
static void aside__is_kept_once_though_the_answer_is_lost(void **state)
{
	(void)state;
	begin_with_shot();
	clash();
	host_shot(&a, 1, "t", "more");
	host_wait(&a, 1500);
	host_exchange(&a, true);
	host_settle(&a);
	expect_in_sync(&a);
	assert_string_equal(kept_by_server(), a_s_words);
}

/* It stays in the journal of the device alone. */
static void aside__that_finds_no_room_holds_nothing_up(void **state)
{
	char text[700];
	(void)state;
	begin_with_shot();
	clash();
	server.request_bytes = 520;
	memset(text, 'x', 300);
	text[300] = '\0';
	host_shot(&a, 1, "t", text);
	host_settle(&a);
	expect_in_sync(&a);
	assert_int_equal(sl_engine_status(a.engine)->quarantined, 0);
	expect_shot(&a, 1, "t", text);
}

/* What comes when there is no more room stays in the journal alone. */
static void aside__has_a_bound(void **state)
{
	char mine[440], theirs[440];
	(void)state;
	begin_with_shot();
	for (int i = 0; i < 120; i++) {
		memset(mine, 'm', 400);
		memset(theirs, 't', 400);
		snprintf(mine + 400, 20, " %d", i);
		snprintf(theirs + 400, 20, " %d", i + 200);
		host_shot(&b, 1, "s", theirs);
		host_settle(&b);
		host_shot(&a, 1, "s", mine);
		host_settle(&a);
	}
	host_shot(&a, 1, "t", "more");
	host_settle(&a);
	expect_in_sync(&a);
	size_t length = strlen(kept_by_server());
	assert_true(length > 60000 && length <= SL_SET_ASIDE_BYTES);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
	const struct CMUnitTest tests[] = {
		TEST(aside__goes_with_the_next_push),
		TEST(aside__goes_once),
		TEST(aside__outlives_a_restart),
		TEST(aside__waits_for_a_push_that_is_taken),
		TEST(aside__is_kept_once_though_the_answer_is_lost),
		TEST(aside__that_finds_no_room_holds_nothing_up),
		TEST(aside__has_a_bound),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
