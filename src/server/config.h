/* Settings: config.def is their table; a file, the environment and the command line fill them, in this order. */
#ifndef SL_SERVER_CONFIG_H
#define SL_SERVER_CONFIG_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

#include "core/base/error.h"

#define SL_CONFIG_DEFAULT_FILE SL_SYSCONFDIR "/slatesync/slatesync.conf"

/* The words of WORD keys, in the order of config.def; log_level is an enum sl_log_level. */
enum sl_config_db_tls { SL_DB_TLS_OFF, SL_DB_TLS_PREFERRED, SL_DB_TLS_REQUIRED, SL_DB_TLS_VERIFY };
enum sl_config_registration { SL_REGISTRATION_OPEN, SL_REGISTRATION_CLOSED };

#define SL_CONFIG_FIELD_TEXT char *
#define SL_CONFIG_FIELD_PATH char *
#define SL_CONFIG_FIELD_NUMBER int64_t
#define SL_CONFIG_FIELD_BYTES int64_t
#define SL_CONFIG_FIELD_SECONDS int64_t
#define SL_CONFIG_FIELD_BOOLEAN bool
#define SL_CONFIG_FIELD_MODE int64_t
#define SL_CONFIG_FIELD_WORD int

/* One field for each key, of the same name. Texts are owned by the object and never NULL once it is loaded. */
struct sl_config {
#define CONFIG(key, type, unit, initial, least, most, secrecy, reload, help) SL_CONFIG_FIELD_##type key;
#include "server/config.def"
#undef CONFIG
};

/* Where settings come from. The environment's SLATESYNC_<KEY> overrides the file, `settings` ("key=value") override
 * both. */
struct sl_config_source {
	const char *path;     /* the file; NULL: SL_CONFIG_DEFAULT_FILE, which may be missing */
	char *const *environment; /* as in environ(7), or NULL */
	const char *const *settings;
	size_t setting_count;
};

/* Fills *config_r. An unknown or repeated key, a bad value or an unreadable file is SL_INVALID, and the message names
 * the file and line (or the variable, or the option) at fault; then *config_r holds nothing. */
int sl_config_load(struct sl_config *config_r, const struct sl_config_source *source, struct sl_err *err)
	__attribute__((warn_unused_result));

void sl_config_dispose(struct sl_config *config);

/* For a reload: takes RESTART keys over from `old` and returns the name of the first that differed, or NULL.
 * On exhaustion of memory `fresh` keeps its own value, which nothing uses before a restart. */
const char *sl_config_keep_fixed(struct sl_config *fresh, const struct sl_config *old);

/* Prints every key with its help in the syntax of the file, secrets masked. */
void sl_config_dump(const struct sl_config *config, FILE *out);

#endif
