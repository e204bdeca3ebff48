/* slatesync-admin: the command line. Finds the command in its table, checks options and operands against it, loads the
 * configuration and runs it. Exit status: 0 done, 1 failed (a line on standard error says why), 2 wrong usage. */
#include "server/admin.h"

#include <getopt.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>

#include "server/log.h"

#define SETTINGS_MOST 64
#define EXIT_FAILED 1
#define EXIT_USAGE 2

extern char **environ;

/* Options that only some commands take. */
enum { TAKES_DRY_RUN = 1, TAKES_PASSWORD = 2 };

static const struct command {
	const char *noun, *verb; /* verb NULL: the noun alone */
	const char *operand;     /* NULL: takes none */
	unsigned takes;
	int (*run)(struct sl_admin *admin, struct sl_err *err);
	const char *help;
} commands[] = {
	{ "migrate", NULL, NULL, TAKES_DRY_RUN, sl_admin_migrate,
		"Brings the database's schema up to date; with --dry-run prints the statements instead." },
	{ "status", NULL, NULL, 0, sl_admin_status,
		"Shows versions and counts, and warns of database settings that endanger data." },
	{ "user", "add", "EMAIL", TAKES_PASSWORD, sl_admin_user_add, "Creates an account." },
	{ "user", "passwd", "EMAIL", TAKES_PASSWORD, sl_admin_user_passwd,
		"Changes an account's password and ends its sessions." },
	{ "user", "list", NULL, 0, sl_admin_user_list, "Lists the accounts." },
	{ "snapshots", "gc", NULL, TAKES_DRY_RUN, sl_admin_snapshots_gc,
		"Removes the versions, operations and deletions that the configuration no longer keeps." },
	{ "epoch", "new", NULL, 0, sl_admin_epoch_new,
		"Declares that the database was restored from a backup: clients then offer again what it lost." },
};
#define COMMAND_COUNT (sizeof(commands) / sizeof(commands[0]))

struct line {
	struct sl_admin admin;
	const char *config_path;
	const char *settings[SETTINGS_MOST];
	size_t setting_count;
	bool help, version;
};

static void print_options(FILE *out, unsigned takes)
{
	if (takes & TAKES_DRY_RUN)
		fputs("      --dry-run             only print what would be done\n", out);
	if (takes & TAKES_PASSWORD)
		fputs("      --password-file FILE  take the password from the file's first line (-: standard input)\n"
		      "      --random-password     make a password and print it\n", out);
	fputs("  -c, --config FILE         read this configuration file\n"
	      "      --set KEY=VALUE       override a setting\n"
	      "  -h, --help                show this help\n"
	      "  -V, --version             show the version\n", out);
}

static void print_command(FILE *out, const struct command *command)
{
	fprintf(out, "slatesync-admin %s", command->noun);
	if (command->verb)
		fprintf(out, " %s", command->verb);
	if (command->operand)
		fprintf(out, " %s", command->operand);
}

static void print_usage(FILE *out, const struct command *command)
{
	if (command) {
		fputs("usage: ", out);
		print_command(out, command);
		fprintf(out, " [OPTION]...\n%s\n\n", command->help);
		print_options(out, command->takes);
		return;
	}
	fputs("usage: slatesync-admin COMMAND [OPTION]...\n\n", out);
	for (size_t i = 0; i < COMMAND_COUNT; i++) {
		fputs("  ", out);
		print_command(out, &commands[i]);
		fprintf(out, "\n        %s\n", commands[i].help);
	}
	fputc('\n', out);
	print_options(out, 0);
}

static int misused(const char *reason, const char *what)
{
	const char *colon = what ? ": " : "";
	fprintf(stderr, "slatesync-admin: %s%s%s (see slatesync-admin --help)\n", reason, colon, what ? what : "");
	return EXIT_USAGE;
}

enum { OPTION_SET = 256, OPTION_DRY_RUN, OPTION_PASSWORD_FILE, OPTION_RANDOM_PASSWORD };

static int take_option(struct line *line, int option)
{
	switch (option) {
	case 'c':
		line->config_path = optarg;
		return 0;
	case 'h':
		line->help = true;
		return 0;
	case 'V':
		line->version = true;
		return 0;
	case OPTION_SET:
		if (line->setting_count == SETTINGS_MOST)
			return misused("too many --set options", NULL);
		line->settings[line->setting_count++] = optarg;
		return 0;
	case OPTION_DRY_RUN:
		line->admin.dry_run = true;
		return 0;
	case OPTION_PASSWORD_FILE:
		line->admin.password_file = optarg;
		return 0;
	case OPTION_RANDOM_PASSWORD:
		line->admin.random_password = true;
		return 0;
	default: /* getopt_long has said why */
		return EXIT_USAGE;
	}
}

static int take_options(struct line *line, int argc, char **argv)
{
	static const struct option options[] = {
		{ "config", required_argument, NULL, 'c' },
		{ "set", required_argument, NULL, OPTION_SET },
		{ "help", no_argument, NULL, 'h' },
		{ "version", no_argument, NULL, 'V' },
		{ "dry-run", no_argument, NULL, OPTION_DRY_RUN },
		{ "password-file", required_argument, NULL, OPTION_PASSWORD_FILE },
		{ "random-password", no_argument, NULL, OPTION_RANDOM_PASSWORD },
		{ NULL, 0, NULL, 0 },
	};
	int option, status = 0;
	while (status == 0 && (option = getopt_long(argc, argv, "c:hV", options, NULL)) != -1)
		status = take_option(line, option);
	return status;
}

static const struct command *find_command(char **words, int count)
{
	for (size_t i = 0; i < COMMAND_COUNT; i++) {
		if (count < 1 || strcmp(words[0], commands[i].noun) != 0)
			continue;
		if (!commands[i].verb || (count > 1 && strcmp(words[1], commands[i].verb) == 0))
			return &commands[i];
	}
	return NULL;
}

/* Whether the options and operands are those of the command; `count` operands are left behind its words. */
static int check_line(struct line *line, const struct command *command, char **operands, int count)
{
	struct sl_admin *admin = &line->admin;
	if (count < (command->operand ? 1 : 0))
		return misused("missing operand", command->operand);
	if (count > (command->operand ? 1 : 0))
		return misused("unexpected operand", operands[count - 1]);
	if (admin->dry_run && !(command->takes & TAKES_DRY_RUN))
		return misused("this command doesn't take --dry-run", NULL);
	if ((admin->password_file || admin->random_password) && !(command->takes & TAKES_PASSWORD))
		return misused("this command takes no password", NULL);
	if (admin->password_file && admin->random_password)
		return misused("--password-file and --random-password exclude each other", NULL);
	admin->argument = count ? operands[0] : NULL;
	return 0;
}

static int run(struct line *line, const struct command *command)
{
	struct sl_err err = SL_ERR_INIT;
	const struct sl_config_source source = { line->config_path, environ, line->settings, line->setting_count };
	int code = sl_config_load(&line->admin.config, &source, &err);
	if (code == 0) {
		code = command->run(&line->admin, &err);
		sl_config_dispose(&line->admin.config);
	}
	if (code == 0 && (fflush(stdout) != 0 || ferror(stdout)))
		code = sl_err_set(&err, SL_INTERNAL, "can't write to standard output");
	if (code != 0)
		fprintf(stderr, "slatesync-admin: %s\n", err.message);
	return code == 0 ? 0 : EXIT_FAILED;
}

int main(int argc, char **argv)
{
	struct line line = { .config_path = NULL };
	int status = take_options(&line, argc, argv);
	if (status != 0)
		return status;
	const struct command *command = find_command(argv + optind, argc - optind);
	if (line.version) {
		puts("slatesync-admin " SL_VERSION);
		return 0;
	}
	if (line.help) {
		print_usage(stdout, command);
		return 0;
	}
	if (!command)
		return misused(optind < argc ? "unknown command" : "which command?", argv[optind]);
	int words = command->verb ? 2 : 1;
	status = check_line(&line, command, argv + optind + words, argc - optind - words);
	if (status != 0)
		return status;
	signal(SIGPIPE, SIG_IGN);
	if (sl_log_open(NULL, SL_LOG_ERROR) != 0)
		return EXIT_FAILED;
	return run(&line, command);
}
