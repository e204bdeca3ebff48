/* slatesyncd: reads its settings, opens its socket, gives up root, and keeps workers until it is told to stop.
 * Exit status: 0 after a clean stop, 1 when it could not start, 2 for a wrong option.
 */
#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "server/db.h"
#include "server/listener.h"
#include "server/log.h"
#include "server/privilege.h"
#include "server/supervisor.h"

extern char **environ;

enum action { RUN, CHECK, DUMP, VERSION, HELP, MISUSE };

struct options {
	enum action action;
	struct sl_config_source source;
	const char **settings;
};

static const char usage[] =
	"Usage: slatesyncd [options]\n"
	"  -c, --config FILE    read FILE instead of " SL_CONFIG_DEFAULT_FILE "\n"
	"      --set KEY=VALUE  set one key; stronger than the file and than SLATESYNC_KEY in the environment\n"
	"      --check          check the settings, the database and its schema, then exit\n"
	"      --dump-config    print the settings in effect, secrets masked, then exit\n"
	"  -f, --foreground     stay in the foreground (it always does)\n"
	"  -V, --version        print the version\n"
	"  -h, --help           print this\n"
	"Signals: HUP reads the settings again, USR1 opens the log again, TERM and INT finish what was begun and stop.\n";

static void read_options(int argc, char **argv, struct options *options)
{
	static const struct option known[] = {
		{ "config", required_argument, NULL, 'c' },  { "set", required_argument, NULL, 's' },
		{ "check", no_argument, NULL, 'k' },         { "dump-config", no_argument, NULL, 'd' },
		{ "foreground", no_argument, NULL, 'f' },    { "version", no_argument, NULL, 'V' },
		{ "help", no_argument, NULL, 'h' },          { NULL, 0, NULL, 0 },
	};
	int letter;
	while ((letter = getopt_long(argc, argv, "c:fVh", known, NULL)) != -1) {
		if (letter == 'c')
			options->source.path = optarg;
		else if (letter == 's')
			options->settings[options->source.setting_count++] = optarg;
		else if (letter != 'f')
			options->action = letter == 'k' ? CHECK : letter == 'd' ? DUMP : letter == 'V' ? VERSION :
			                  letter == 'h' ? HELP : MISUSE;
	}
	if (optind < argc)
		options->action = MISUSE;
	options->source.settings = options->settings;
	options->source.environment = environ;
}

static int check(const struct sl_config *config, struct sl_err *err)
{
	struct sl_db *db = NULL;
	int code = sl_db_open(config, &db, err);
	sl_db_close(&db);
	if (code == 0)
		puts("ok: settings, database and schema");
	return code;
}

static int write_pid(const char *path, struct sl_err *err)
{
	if (!*path)
		return 0;
	int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
	if (fd < 0 || dprintf(fd, "%ld\n", (long)getpid()) < 0)
		sl_err_set(err, SL_INTERNAL, "%s: %s", path, strerror(errno));
	if (fd >= 0)
		close(fd);
	return err->code;
}

static int run_service(struct sl_config *config, const struct sl_config_source *source, struct sl_listener *listener,
	struct sl_err *err)
{
	int code = write_pid(config->pid_file, err);
	if (code != 0)
		return code;
	int opened = sl_log_open(config->log_file, (enum sl_log_level)config->log_level);
	if (opened != 0)
		return sl_err_set(err, SL_INTERNAL, "%s: %s", config->log_file, strerror(-opened));
	if (geteuid() == 0)
		sl_log(SL_LOG_WARN, "running as root: set `user`", SL_LOG_S("key", "user"));
	code = sl_supervisor_run(config, source, listener, err);
	if (*config->pid_file)
		unlink(config->pid_file);
	return code;
}

static int run(struct sl_config *config, const struct sl_config_source *source, struct sl_err *err)
{
	struct sl_privilege privilege;
	struct sl_listener listener = { .fd = -1 };
	int code = sl_privilege_find(&privilege, config, err);
	if (code == 0)
		code = sl_listener_open(&listener, config, privilege.uid, privilege.socket_gid, err);
	if (code == 0)
		code = sl_privilege_drop(&privilege, err);
	if (code == 0)
		code = run_service(config, source, &listener, err);
	sl_listener_unlink(&listener);
	sl_listener_close(&listener);
	return code;
}

static int act(const struct options *options)
{
	struct sl_config config;
	struct sl_err err = SL_ERR_INIT;
	int code = sl_config_load(&config, &options->source, &err);
	if (code == 0 && options->action == DUMP)
		sl_config_dump(&config, stdout);
	else if (code == 0 && options->action == CHECK)
		code = check(&config, &err);
	else if (code == 0)
		code = run(&config, &options->source, &err);
	if (code != 0)
		fprintf(stderr, "slatesyncd: %s\n", err.message);
	sl_config_dispose(&config);
	return code == 0 ? 0 : 1;
}

int main(int argc, char **argv)
{
	struct options options = { .action = RUN };
	int status = 0;
	options.settings = calloc((size_t)argc, sizeof(*options.settings));
	if (!options.settings)
		return 1;
	read_options(argc, argv, &options);
	if (options.action == VERSION) {
		puts("slatesyncd " SL_VERSION);
	} else if (options.action == HELP) {
		fputs(usage, stdout);
	} else if (options.action == MISUSE) {
		fputs(usage, stderr);
		status = 2;
	} else {
		status = act(&options);
	}
	free(options.settings);
	return status;
}
