/* Log lines: always one line of valid JSON, whatever is put into them. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>
#include <jansson.h>

#include "server/log.h"

static char path[] = "/tmp/slatesync-test-log-XXXXXX";

static int set_up(void **state)
{
	(void)state;
	int fd = mkstemp(path);
	if (fd < 0)
		return -1;
	close(fd);
	return sl_log_open(path, SL_LOG_INFO);
}

static int tear_down(void **state)
{
	(void)state;
	sl_log_open(NULL, SL_LOG_INFO);
	return unlink(path);
}

/* The only line in the log as JSON, which is then emptied; NULL: no line. */
static json_t *take_line(void)
{
	static char text[32768];
	FILE *file = fopen(path, "r");
	assert_non_null(file);
	size_t length = fread(text, 1, sizeof(text) - 1, file);
	fclose(file);
	assert_int_equal(truncate(path, 0), 0);
	text[length] = 0;
	if (length == 0)
		return NULL;
	assert_ptr_equal(strchr(text, '\n'), text + length - 1);
	json_error_t error;
	json_t *line = json_loads(text, JSON_REJECT_DUPLICATES | JSON_ALLOW_NUL, &error);
	assert_non_null(line);
	return line;
}

static const char *text_of(json_t *line, const char *name) { return json_string_value(json_object_get(line, name)); }

static void log__a_line_has_its_fields(void **state)
{
	(void)state;
	sl_log_context("0af7651916cd43dd8448eb211c80319c", 7, "pad");
	sl_log(SL_LOG_WARN, "push committed", SL_LOG_S("action", "push"), SL_LOG_I("version", -5), SL_LOG_T("t", SL_STR("x")));
	json_t *line = take_line();
	assert_string_equal(text_of(line, "level"), "warn");
	assert_string_equal(text_of(line, "msg"), "push committed");
	assert_string_equal(text_of(line, "traceId"), "0af7651916cd43dd8448eb211c80319c");
	assert_string_equal(text_of(line, "deviceId"), "pad");
	assert_string_equal(text_of(line, "action"), "push");
	assert_string_equal(text_of(line, "t"), "x");
	assert_int_equal(json_integer_value(json_object_get(line, "userId")), 7);
	assert_int_equal(json_integer_value(json_object_get(line, "version")), -5);
	assert_int_equal(strlen(text_of(line, "ts")), 24);
	json_decref(line);
	sl_log_context(NULL, 0, NULL);
	sl_log(SL_LOG_INFO, "x", SL_LOG_I("a", 1));
	line = take_line();
	assert_null(json_object_get(line, "traceId"));
	assert_null(json_object_get(line, "userId"));
	json_decref(line);
}

static void log__lower_levels_are_left_out(void **state)
{
	(void)state;
	sl_log(SL_LOG_DEBUG, "x", SL_LOG_I("a", 1));
	assert_null(take_line());
}

static void log__hostile_text_stays_inside_its_line(void **state)
{
	(void)state;
	sl_log(SL_LOG_INFO, "x", SL_LOG_T("a", SL_STR("\"}\n{\"level\":\"\\\x01\x7f\x1b[2J\0z")),
		SL_LOG_S("bad", "\xff\xc3(\xed\xa0\x80\xe2\x82"), SL_LOG_S("good", "\xc3\xa9\xf0\x9f\x8e\xac"));
	json_t *line = take_line();
	assert_string_equal(text_of(line, "good"), "\xc3\xa9\xf0\x9f\x8e\xac");
	assert_non_null(strstr(text_of(line, "bad"), "\xef\xbf\xbd(")); /* U+FFFD */
	json_decref(line);
}

static void log__a_long_line_is_cut_but_whole(void **state)
{
	(void)state;
	static char text[5000];
	memset(text, '\x01', sizeof(text) - 1);
	sl_log(SL_LOG_INFO, "x", SL_LOG_I("first", 1), SL_LOG_S("long", text), SL_LOG_I("last", 1));
	json_t *line = take_line();
	assert_true(json_is_true(json_object_get(line, "cut")));
	assert_int_equal(json_integer_value(json_object_get(line, "first")), 1);
	assert_null(json_object_get(line, "long"));
	json_decref(line);
	memset(text, 'a', sizeof(text) - 1);
	sl_log(SL_LOG_INFO, "x", SL_LOG_S("long", text), SL_LOG_I("last", 1));
	line = take_line();
	assert_int_equal(strlen(text_of(line, "long")), 2048);
	assert_int_equal(json_integer_value(json_object_get(line, "last")), 1);
	json_decref(line);
}

static void log__is_opened_again_after_it_was_moved(void **state)
{
	(void)state;
	assert_int_equal(unlink(path), 0);
	sl_log_reopen();
	sl_log(SL_LOG_INFO, "x", SL_LOG_I("a", 1));
	json_t *line = take_line();
	assert_non_null(line);
	json_decref(line);
	assert_true(sl_log_open("/nonexistent/log", SL_LOG_INFO) < 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(log__a_line_has_its_fields),
		cmocka_unit_test(log__lower_levels_are_left_out),
		cmocka_unit_test(log__hostile_text_stays_inside_its_line),
		cmocka_unit_test(log__a_long_line_is_cut_but_whole),
		cmocka_unit_test(log__is_opened_again_after_it_was_moved),
	};
	return cmocka_run_group_tests(tests, set_up, tear_down);
}
