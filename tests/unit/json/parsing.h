/* What the tests of the strict reader share: texts that are read, or refused with a message. For header-only use;
 * include the headers that cmocka needs, cmocka.h and jansson.h first. */
#ifndef SL_TESTS_PARSING_H
#define SL_TESTS_PARSING_H

#include <stdlib.h>

#include "core/json/parse.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

/* Parses a copy that ends exactly where the text does, so that AddressSanitizer sees a byte read too much. */
static inline int parse(struct sl_str text, json_t **value_r, struct sl_err *err)
{
	char *copy = malloc(text.length ? text.length : 1);
	assert_non_null(copy);
	if (text.length)
		memcpy(copy, text.bytes, text.length);
	int code = sl_json_parse((struct sl_str){ copy, text.length }, value_r, err);
	free(copy);
	assert_int_equal(code, err->code);
	assert_true((code == 0) == (*value_r != NULL));
	return code;
}

static inline json_t *parsed(const char *text)
{
	struct sl_err err = SL_ERR_INIT;
	json_t *value;
	if (parse(sl_str_from(text), &value, &err) != 0)
		fail_msg("%.60s: %s", text, err.message);
	return value;
}

/* `message` NULL: any. */
static inline void assert_refused(struct sl_str text, const char *message)
{
	struct sl_err err = SL_ERR_INIT;
	json_t *value;
	if (parse(text, &value, &err) != SL_MALFORMED)
		fail_msg("%.*s: code %d instead of: %s", (int)text.length, text.bytes, err.code, message);
	if (message)
		assert_string_equal(err.message, message);
}

#endif
