/* Settings: every type and range, which source wins, and messages that name the place of a fault. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "server/config.h"

static char path[] = "/tmp/slatesync-test-config-XXXXXX";

static int set_up(void **state)
{
	(void)state;
	int fd = mkstemp(path);
	return fd < 0 ? -1 : close(fd);
}

static int tear_down(void **state)
{
	(void)state;
	return unlink(path);
}

static void write_file(const char *text, size_t length)
{
	FILE *file = fopen(path, "w");
	assert_non_null(file);
	assert_int_equal(fwrite(text, 1, length, file), length);
	fclose(file);
}

static int load(struct sl_config *config, const char *text, struct sl_err *err)
{
	struct sl_config_source source = { .path = path };
	write_file(text, strlen(text));
	return sl_config_load(config, &source, err);
}

static void assert_refused(const char *text, const char *message_part)
{
	struct sl_config config;
	struct sl_err err = SL_ERR_INIT;
	assert_int_equal(load(&config, text, &err), SL_INVALID);
	if (!strstr(err.message, message_part))
		fail_msg("'%s' is not in '%s'", message_part, err.message);
}

static void config__defaults_are_valid(void **state)
{
	(void)state;
	struct sl_config config;
	struct sl_err err = SL_ERR_INIT;
	assert_int_equal(load(&config, "", &err), 0);
	assert_int_equal(config.workers, 8);
	assert_int_equal(config.listen_mode, 0660);
	assert_int_equal(config.project_bytes, 64 << 20);
	assert_int_equal(config.op_retention, 90 * 86400);
	assert_int_equal(config.registration, SL_REGISTRATION_CLOSED);
	assert_int_equal(config.db_tls, SL_DB_TLS_PREFERRED);
	assert_true(config.log_requests);
	assert_string_equal(config.db_password, "");
	sl_config_dispose(&config);
}

static void config__every_type_is_read(void **state)
{
	(void)state;
	struct sl_config config;
	struct sl_err err = SL_ERR_INIT;
	assert_int_equal(load(&config,
		"# a comment\n\n  \t\nworkers=3\r\n  shutdown_timeout =\t2m # two minutes\nrow_bytes = 512K\nlisten_mode = 600\n"
		"log_requests = no\ndb_tls = verify\ndb_password = a#b=c #\ndb_user = \"a \\\"b\\\" \\\\ # c\"  # comment\n"
		"db_name = caf\xc3\xa9\nuser = \"\"\nworker_memory_limit = 1g", &err), 0);
	assert_int_equal(config.workers, 3);
	assert_int_equal(config.shutdown_timeout, 120);
	assert_int_equal(config.row_bytes, 512 * 1024);
	assert_int_equal(config.listen_mode, 0600);
	assert_false(config.log_requests);
	assert_int_equal(config.db_tls, SL_DB_TLS_VERIFY);
	assert_string_equal(config.db_password, "a#b=c");
	assert_string_equal(config.db_user, "a \"b\" \\ # c");
	assert_string_equal(config.db_name, "caf\xc3\xa9");
	assert_string_equal(config.user, "");
	assert_int_equal(config.worker_memory_limit, 1 << 30);
	sl_config_dispose(&config);
}

static void config__bad_lines_are_named(void **state)
{
	(void)state;
	assert_refused("\n\nwrokers = 1\n", ":3: unknown key 'wrokers'");
	assert_refused("workers = 1\n# x\nworkers = 2\n", ":3: 'workers' was set at line 1");
	assert_refused("workers\n", ":1: expected key = value");
	assert_refused("= 1\n", ":1: expected key = value");
	assert_refused("prefix = \"/x\n", ":1: the closing quote");
	assert_refused("prefix = \"/x\" y\n", ":1: text after the closing quote");
	assert_refused("prefix = \"\\n\"\n", ":1: only \\\" and \\\\");
	assert_refused("prefix = \"\\\n", ":1: only \\\" and \\\\");
	assert_refused("Workers = 1\n", ":1: unknown key 'Workers'");
}

static void config__bad_values_are_named_but_not_repeated(void **state)
{
	(void)state;
	static const char *const bad[] = { "workers = 0", "workers = 1025", "workers = -1", "workers = ", "workers = 2x",
		"workers = 0x10", "workers = 99999999999999999999", "row_bytes = 8 m", "row_bytes = 8mb", "row_bytes = 9999999999g",
		"shutdown_timeout = 5w", "shutdown_timeout = 1.5s", "listen_mode = 0888", "listen_mode = 01777", "db_tls = Off",
		"db_tls = off|preferred", "db_tls =", "log_requests = maybe", "listen = \"\"", "listen_backlog = 510",
		"db_name = a\x01z" };
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		assert_refused(bad[i], ":1: ");
		assert_refused(bad[i], ": expected");
	}
}

static void config__faults_between_keys_are_found(void **state)
{
	(void)state;
	assert_refused("prefix = api\n", "prefix:");
	assert_refused("prefix = /api/\n", "prefix:");
	assert_refused("row_bytes = 65m\n", "row_bytes");
	assert_refused("request_bytes = 1m\n", "request_bytes");
	assert_refused("db_tls = off\ndb_tls_ca = /x\n", "db_tls_ca");
	assert_refused("db_password = x\ndb_password_file = /x\n", "set one of them");
	assert_refused("db_password_file = /nonexistent/x\n", "db_password_file: /nonexistent/x: No such file");
}

static void config__hostile_files_are_refused(void **state)
{
	(void)state;
	struct sl_config config;
	struct sl_err err = SL_ERR_INIT;
	struct sl_config_source source = { .path = path };
	write_file("workers = 1\0\n", 13);
	assert_int_equal(sl_config_load(&config, &source, &err), SL_INVALID);
	assert_non_null(strstr(err.message, "NUL"));
	assert_int_equal(truncate(path, 2 << 20), 0);
	assert_int_equal(sl_config_load(&config, &source, NULL), SL_INVALID);
	source.path = "/tmp";
	assert_int_equal(sl_config_load(&config, &source, NULL), SL_INVALID);
}

static void config__a_missing_file_is_fine_unless_named(void **state)
{
	(void)state;
	struct sl_config config;
	struct sl_err err = SL_ERR_INIT;
	struct sl_config_source source = { .path = "/nonexistent/slatesync.conf" };
	assert_int_equal(sl_config_load(&config, &source, &err), SL_INVALID);
	assert_non_null(strstr(err.message, "/nonexistent/slatesync.conf: No such file"));
}

static void config__later_sources_win(void **state)
{
	(void)state;
	struct sl_config config;
	struct sl_err err = SL_ERR_INIT;
	char one[] = "SLATESYNC_WORKERS=5", two[] = "SLATESYNC_DB_NAME=env", three[] = "SLATESYNC_PORT=tcp://x",
	     four[] = "SLATESYNC_DB=x", five[] = "WORKERS=9";
	char *const environment[] = { one, two, three, four, five, NULL };
	const char *const settings[] = { "db_name=a=b", "db_port=1", "db_port=2" };
	struct sl_config_source source = { .path = path, .environment = environment, .settings = settings,
		.setting_count = 3 };
	static const char text[] = "workers = 4\ndb_name = file\ndb_user = file\n";
	write_file(text, sizeof(text) - 1);
	assert_int_equal(sl_config_load(&config, &source, &err), 0);
	assert_int_equal(config.workers, 5);
	assert_string_equal(config.db_name, "a=b");
	assert_string_equal(config.db_user, "file");
	assert_int_equal(config.db_port, 2);
	sl_config_dispose(&config);
}

static void assert_setting_refused(const char *setting, const char *message)
{
	struct sl_config config;
	struct sl_err err = SL_ERR_INIT;
	struct sl_config_source source = { .path = "/dev/null", .settings = &setting, .setting_count = 1 };
	assert_int_equal(sl_config_load(&config, &source, &err), SL_INVALID);
	assert_string_equal(err.message, message);
}

static void config__options_and_environment_are_checked_too(void **state)
{
	(void)state;
	struct sl_config config;
	struct sl_err err = SL_ERR_INIT;
	char variable[] = "SLATESYNC_WORKERS=many";
	char *const environment[] = { variable, NULL };
	struct sl_config_source source = { .path = "/dev/null", .environment = environment };
	assert_int_equal(sl_config_load(&config, &source, &err), SL_INVALID);
	assert_string_equal(err.message, "environment: workers: expected a whole number");
	assert_setting_refused("workers", "--set workers: expected key=value");
	assert_setting_refused("wrokers=1", "--set: unknown key 'wrokers'");
	assert_setting_refused("db_port=0", "--set: db_port: expected from 1 to 65535 port");
}

static void config__the_password_file_is_read(void **state)
{
	(void)state;
	struct sl_config config;
	struct sl_err err = SL_ERR_INIT;
	char setting[128];
	const char *const settings[] = { setting };
	struct sl_config_source source = { .path = "/dev/null", .settings = settings, .setting_count = 1 };
	snprintf(setting, sizeof(setting), "db_password_file=%s", path);
	write_file(" s3cret \nsecond line\n", 21);
	assert_int_equal(sl_config_load(&config, &source, &err), 0);
	assert_string_equal(config.db_password, " s3cret ");
	sl_config_dispose(&config);
}

static void config__a_reload_keeps_what_needs_a_restart(void **state)
{
	(void)state;
	struct sl_config old, fresh;
	struct sl_err err = SL_ERR_INIT;
	assert_int_equal(load(&old, "listen = /a\nworkers = 2\n", &err), 0);
	assert_int_equal(load(&fresh, "listen = /b\nworkers = 3\nlisten_backlog = 600\n", &err), 0);
	assert_string_equal(sl_config_keep_fixed(&fresh, &old), "listen");
	assert_string_equal(fresh.listen, "/a");
	assert_int_equal(fresh.listen_backlog, 1024);
	assert_int_equal(fresh.workers, 3);
	assert_null(sl_config_keep_fixed(&fresh, &old));
	sl_config_dispose(&old);
	sl_config_dispose(&fresh);
}

static void config__a_dump_can_be_loaded_and_hides_secrets(void **state)
{
	(void)state;
	struct sl_config config, again;
	struct sl_err err = SL_ERR_INIT;
	char *first = NULL, *second = NULL;
	size_t size;
	assert_int_equal(load(&config, "db_password = hunter2\nlog_file = \"/x \\\" # \\\\\"\nrow_bytes = 5000\n", &err), 0);
	FILE *out = open_memstream(&first, &size);
	sl_config_dump(&config, out);
	fclose(out);
	assert_null(strstr(first, "hunter2"));
	assert_non_null(strstr(first, "db_password = \"********\""));
	assert_non_null(strstr(first, "listen_mode = 0660"));
	assert_non_null(strstr(first, "op_retention = 90d"));
	assert_int_equal(load(&again, first, &err), 0);
	assert_string_equal(again.log_file, "/x \" # \\");
	assert_int_equal(again.row_bytes, 5000);
	out = open_memstream(&second, &size);
	sl_config_dump(&again, out);
	fclose(out);
	assert_string_equal(second, first);
	sl_config_dispose(&config);
	sl_config_dispose(&again);
	free(first);
	free(second);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(config__defaults_are_valid),
		cmocka_unit_test(config__every_type_is_read),
		cmocka_unit_test(config__bad_lines_are_named),
		cmocka_unit_test(config__bad_values_are_named_but_not_repeated),
		cmocka_unit_test(config__faults_between_keys_are_found),
		cmocka_unit_test(config__hostile_files_are_refused),
		cmocka_unit_test(config__a_missing_file_is_fine_unless_named),
		cmocka_unit_test(config__later_sources_win),
		cmocka_unit_test(config__options_and_environment_are_checked_too),
		cmocka_unit_test(config__the_password_file_is_read),
		cmocka_unit_test(config__a_reload_keeps_what_needs_a_restart),
		cmocka_unit_test(config__a_dump_can_be_loaded_and_hides_secrets),
	};
	return cmocka_run_group_tests(tests, set_up, tear_down);
}
