/* Loads the settings: defaults, then the file, then SLATESYNC_<KEY> in the environment, then --set options.
 * A configuration is valid as a whole or refused with the place of its first fault. All keys stand in config.def.
 */
#include "server/config.h"

#include <ctype.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include "server/config_file.h"
#include "server/config_value.h"

enum { PUBLIC, SECRET };
enum { RESTART, RELOAD };

static const struct sl_config_entry entries[] = {
#define CONFIG(key, type, unit, initial, least, most, secrecy, reload, help)                                           \
	{ #key, SL_CONFIG_##type, unit, initial, least, most, (secrecy) == SECRET, (reload) == RELOAD, help,               \
		offsetof(struct sl_config, key), sizeof(((struct sl_config *)NULL)->key) },
#include "server/config.def"
#undef CONFIG
};

#define ENTRIES (sizeof(entries) / sizeof(entries[0]))
#define ENVIRONMENT_PREFIX "SLATESYNC_"

struct loading {
	struct sl_config *config;
	const char *file;
	unsigned lines[ENTRIES]; /* where the file sets each key; 0: not at all */
};

static const struct sl_config_entry *find(const char *key)
{
	for (size_t i = 0; i < ENTRIES; i++)
		if (strcmp(entries[i].key, key) == 0)
			return &entries[i];
	return NULL;
}

static int set_defaults(struct sl_config *config, struct sl_err *err)
{
	int code = 0;
	for (size_t i = 0; i < ENTRIES && code == 0; i++)
		code = sl_config_value_set(config, &entries[i], entries[i].initial, err);
	return code;
}

/* Sets one key; a fault's message begins with `place`. */
static int set(struct sl_config *config, const char *place, const char *key, const char *value, struct sl_err *err)
{
	struct sl_err why = SL_ERR_INIT;
	const struct sl_config_entry *entry = find(key);
	if (!entry)
		return sl_err_set(err, SL_INVALID, "%s: unknown key '%s'", place, key);
	int code = sl_config_value_set(config, entry, value, &why);
	if (code != 0)
		return sl_err_set(err, code, "%s: %s: %s", place, key, why.message);
	return 0;
}

static int set_from_file(void *context, const char *key, const char *value, unsigned line, struct sl_err *err)
{
	struct loading *loading = context;
	char place[256];
	snprintf(place, sizeof(place), "%s:%u", loading->file, line);
	int code = set(loading->config, place, key, value, err);
	if (code != 0)
		return code;
	unsigned *seen = &loading->lines[find(key) - entries];
	if (*seen != 0)
		return sl_err_set(err, SL_INVALID, "%s: '%s' was set at line %u already", place, key, *seen);
	*seen = line;
	return 0;
}

static int load_file(struct sl_config *config, const char *path, struct sl_err *err)
{
	struct loading loading = { .config = config, .file = path ? path : SL_CONFIG_DEFAULT_FILE };
	struct sl_err fault = SL_ERR_INIT;
	char *text = NULL;
	int code = sl_config_file_read(loading.file, &text, &fault);
	if (code == SL_NOT_FOUND && !path)
		return 0;
	if (code != 0)
		return sl_err_set(err, SL_INVALID, "%s", fault.message);
	code = sl_config_file_parse(text, loading.file, set_from_file, &loading, err);
	free(text);
	return code;
}

/* Whether `variable` ("SLATESYNC_DB_HOST=x") sets `key`; *value_r points behind its '='. */
static bool variable_sets(const char *variable, const char *key, const char **value_r)
{
	size_t i = 0, prefix = sizeof(ENVIRONMENT_PREFIX) - 1;
	if (strncmp(variable, ENVIRONMENT_PREFIX, prefix) != 0)
		return false;
	for (variable += prefix; key[i]; i++)
		if (variable[i] != toupper((unsigned char)key[i]))
			return false;
	*value_r = variable + i + 1;
	return variable[i] == '=';
}

/* Other variables of our prefix are left alone: containers set names such as SLATESYNC_PORT_3306_TCP by themselves. */
static int load_environment(struct sl_config *config, char *const *environment, struct sl_err *err)
{
	for (; environment && *environment; environment++) {
		for (size_t i = 0; i < ENTRIES; i++) {
			const char *value;
			if (!variable_sets(*environment, entries[i].key, &value))
				continue;
			int code = set(config, "environment", entries[i].key, value, err);
			if (code != 0)
				return code;
		}
	}
	return 0;
}

static int load_settings(struct sl_config *config, const struct sl_config_source *source, struct sl_err *err)
{
	for (size_t i = 0; i < source->setting_count; i++) {
		char key[64];
		size_t length = strcspn(source->settings[i], "=");
		if (!source->settings[i][length])
			return sl_err_set(err, SL_INVALID, "--set %s: expected key=value", source->settings[i]);
		snprintf(key, sizeof(key), "%.*s", (int)(length < sizeof(key) ? length : sizeof(key)), source->settings[i]);
		int code = set(config, "--set", key, source->settings[i] + length + 1, err);
		if (code != 0)
			return code;
	}
	return 0;
}

static int load_password(struct sl_config *config, struct sl_err *err)
{
	if (!*config->db_password_file)
		return 0;
	if (*config->db_password)
		return sl_err_set(err, SL_INVALID, "db_password and db_password_file: set one of them");
	char *text = NULL;
	struct sl_err why = SL_ERR_INIT;
	if (sl_config_file_read(config->db_password_file, &text, &why) != 0)
		return sl_err_set(err, SL_INVALID, "db_password_file: %s", why.message);
	text[strcspn(text, "\r\n")] = 0;
	int code = set(config, config->db_password_file, "db_password", text, err);
	free(text);
	return code;
}

static int check_together(const struct sl_config *config, struct sl_err *err)
{
	size_t length = strlen(config->prefix);
	if (length > 0 && (config->prefix[0] != '/' || config->prefix[length - 1] == '/'))
		return sl_err_set(err, SL_INVALID, "prefix: expected a path such as /api, or nothing");
	if (config->row_bytes > config->project_bytes)
		return sl_err_set(err, SL_INVALID, "row_bytes is larger than project_bytes");
	if (config->request_bytes < config->project_bytes)
		return sl_err_set(err, SL_INVALID, "request_bytes is smaller than project_bytes");
	if (config->password_memory_kib < 8 * config->password_parallelism)
		return sl_err_set(err, SL_INVALID, "password_memory_kib: Argon2 needs 8 KiB for each lane");
	if (config->db_tls == SL_DB_TLS_OFF && *config->db_tls_ca)
		return sl_err_set(err, SL_INVALID, "db_tls_ca is set, but db_tls is off");
	return 0;
}

int sl_config_load(struct sl_config *config_r, const struct sl_config_source *source, struct sl_err *err)
{
	memset(config_r, 0, sizeof(*config_r));
	int code = set_defaults(config_r, err);
	if (code == 0)
		code = load_file(config_r, source->path, err);
	if (code == 0)
		code = load_environment(config_r, source->environment, err);
	if (code == 0)
		code = load_settings(config_r, source, err);
	if (code == 0)
		code = load_password(config_r, err);
	if (code == 0)
		code = check_together(config_r, err);
	if (code != 0)
		sl_config_dispose(config_r);
	return code;
}

void sl_config_dispose(struct sl_config *config)
{
	for (size_t i = 0; i < ENTRIES; i++) {
		char **text = sl_config_value_text(config, &entries[i]);
		if (text)
			free(*text);
	}
	memset(config, 0, sizeof(*config));
}

static int copy_field(struct sl_config *to, const struct sl_config *from, const struct sl_config_entry *entry)
{
	char *const *text = sl_config_value_text((struct sl_config *)from, entry);
	if (text)
		return sl_config_value_set(to, entry, *text, NULL);
	memcpy((char *)to + entry->offset, (const char *)from + entry->offset, entry->size);
	return 0;
}

const char *sl_config_keep_fixed(struct sl_config *fresh, const struct sl_config *old)
{
	const char *differs = NULL;
	for (size_t i = 0; i < ENTRIES; i++) {
		if (entries[i].reload || sl_config_value_equal(fresh, old, &entries[i]))
			continue;
		if (copy_field(fresh, old, &entries[i]) == 0 && !differs)
			differs = entries[i].key;
	}
	return differs;
}

void sl_config_dump(const struct sl_config *config, FILE *out)
{
	for (size_t i = 0; i < ENTRIES; i++) {
		fprintf(out, "# %s%s\n%s = ", entries[i].help, entries[i].reload ? "" : " (needs a restart)", entries[i].key);
		sl_config_value_print(config, &entries[i], out);
		fputc('\n', out);
	}
}
