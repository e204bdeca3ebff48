/* Values of settings: from text and back, by the type of their key. */
#ifndef SL_SERVER_CONFIG_VALUE_H
#define SL_SERVER_CONFIG_VALUE_H

#include "server/config.h"

enum sl_config_type {
	SL_CONFIG_TEXT,
	SL_CONFIG_PATH,
	SL_CONFIG_NUMBER,
	SL_CONFIG_BYTES,
	SL_CONFIG_SECONDS,
	SL_CONFIG_BOOLEAN,
	SL_CONFIG_MODE,
	SL_CONFIG_WORD,
};

/* One line of config.def. */
struct sl_config_entry {
	const char *key;
	enum sl_config_type type;
	const char *unit, *initial;
	int64_t least, most;
	bool secret, reload;
	const char *help;
	size_t offset, size; /* of the field in struct sl_config */
};

/* Parses `text` into the entry's field of `config` (a text there is freed first). Returns 0, SL_INVALID with a message
 * that says what was expected, or SL_NO_MEMORY. */
int sl_config_value_set(struct sl_config *config, const struct sl_config_entry *entry, const char *text,
	struct sl_err *err) __attribute__((warn_unused_result));

/* Prints the field in the syntax of the file; a secret as stars. */
void sl_config_value_print(const struct sl_config *config, const struct sl_config_entry *entry, FILE *out);

bool sl_config_value_equal(const struct sl_config *a, const struct sl_config *b, const struct sl_config_entry *entry);

/* Whether the field is a text on the heap, and where. */
char **sl_config_value_text(struct sl_config *config, const struct sl_config_entry *entry);

#endif
