/* The syntax of the configuration file: lines of `key = value`, `#` for comments. */
#ifndef SL_SERVER_CONFIG_FILE_H
#define SL_SERVER_CONFIG_FILE_H

#include "core/base/error.h"

#define SL_CONFIG_FILE_BYTES (1024 * 1024)

/* Called for each setting; a non-zero return ends the reading and is returned. */
typedef int (*sl_config_file_fn)(void *context, const char *key, const char *value, unsigned line, struct sl_err *err);

/* Reads the whole file at `path` into *text_r (on the heap, NUL-terminated). SL_NOT_FOUND when it doesn't exist; other
 * faults, and NUL bytes in it, are SL_INVALID. */
int sl_config_file_read(const char *path, char **text_r, struct sl_err *err) __attribute__((warn_unused_result));

/* Takes `text` apart in place. SL_INVALID names the line; `name` is the file's name for messages. */
int sl_config_file_parse(char *text, const char *name, sl_config_file_fn fn, void *context, struct sl_err *err)
	__attribute__((warn_unused_result));

#endif
