/* Values of settings by type. A value that isn't wholly understood is refused: "10 MB" and "1e3" are errors, not 10
 * or 1. Fails with SL_INVALID and a sentence on what was expected, never with the value itself, which may be a
 * secret. */
#include "server/config_value.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

struct suffix {
	char letter;
	int64_t factor;
};

static const struct suffix bytes_suffixes[] = { { 'k', 1024 }, { 'm', 1048576 }, { 'g', 1073741824 }, { 0, 0 } };
static const struct suffix seconds_suffixes[] = { { 's', 1 }, { 'm', 60 }, { 'h', 3600 }, { 'd', 86400 }, { 0, 0 } };
static const struct suffix no_suffixes[] = { { 0, 0 } };

static void *field_of(const struct sl_config *config, const struct sl_config_entry *entry)
{
	return (char *)config + entry->offset;
}

static const struct suffix *suffixes_of(enum sl_config_type type)
{
	if (type == SL_CONFIG_BYTES)
		return bytes_suffixes;
	return type == SL_CONFIG_SECONDS ? seconds_suffixes : no_suffixes;
}

static const char *expected(enum sl_config_type type)
{
	switch (type) {
	case SL_CONFIG_BYTES:
		return "a size such as 512k, 64m or 1g";
	case SL_CONFIG_SECONDS:
		return "a time such as 30s, 5m, 12h or 90d";
	case SL_CONFIG_MODE:
		return "octal permissions such as 0660";
	default:
		return "a whole number";
	}
}

static int parse_number(const char *text, int base, const struct suffix *suffixes, int64_t *number_r)
{
	if (*text < '0' || *text > '9')
		return -1;
	char *end;
	errno = 0;
	long long number = strtoll(text, &end, base);
	if (errno != 0)
		return -1;
	for (; *end && suffixes->letter; suffixes++) {
		if ((*end | 0x20) != suffixes->letter)
			continue;
		if (number > INT64_MAX / suffixes->factor)
			return -1;
		number *= suffixes->factor;
		end++;
		break;
	}
	*number_r = number;
	return *end ? -1 : 0;
}

static int set_number(int64_t *field, const struct sl_config_entry *entry, const char *text, struct sl_err *err)
{
	int64_t number;
	int base = entry->type == SL_CONFIG_MODE ? 8 : 10;
	if (parse_number(text, base, suffixes_of(entry->type), &number) != 0)
		return sl_err_set(err, SL_INVALID, "expected %s", expected(entry->type));
	bool in_range = number >= entry->least && number <= entry->most;
	if (!in_range && base == 8)
		return sl_err_set(err, SL_INVALID, "expected at most %#" PRIo64, (uint64_t)entry->most);
	if (!in_range)
		return sl_err_set(err, SL_INVALID, "expected from %" PRId64 " to %" PRId64 " %s", entry->least, entry->most,
			entry->unit);
	*field = number;
	return 0;
}

static int set_boolean(bool *field, const char *text, struct sl_err *err)
{
	static const char *const words[] = { "no", "yes", "off", "on", "false", "true", "0", "1" };
	for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++) {
		if (strcmp(text, words[i]) == 0) {
			*field = i % 2 == 1;
			return 0;
		}
	}
	return sl_err_set(err, SL_INVALID, "expected yes or no");
}

/* The next word of "a|b|c" at *cursor, or NULL at the end. */
static const char *next_word(const char **cursor, size_t *length_r)
{
	const char *word = *cursor;
	if (!*word)
		return NULL;
	*length_r = strcspn(word, "|");
	*cursor = word + *length_r + (word[*length_r] == '|');
	return word;
}

static int set_word(int *field, const struct sl_config_entry *entry, const char *text, struct sl_err *err)
{
	const char *cursor = entry->unit, *word;
	size_t length;
	for (int index = 0; (word = next_word(&cursor, &length)); index++) {
		if (strlen(text) == length && memcmp(text, word, length) == 0) {
			*field = index;
			return 0;
		}
	}
	return sl_err_set(err, SL_INVALID, "expected one of %s", entry->unit);
}

static int set_text(char **field, const struct sl_config_entry *entry, const char *text, struct sl_err *err)
{
	int64_t length = (int64_t)strlen(text);
	if (length < entry->least || length > entry->most)
		return sl_err_set(err, SL_INVALID, "expected from %" PRId64 " to %" PRId64 " bytes", entry->least, entry->most);
	for (const char *c = text; *c; c++)
		if ((unsigned char)*c < 0x20 || *c == 0x7f)
			return sl_err_set(err, SL_INVALID, "expected no control characters");
	char *copy = strdup(text);
	if (!copy)
		return sl_err_set(err, SL_NO_MEMORY, "out of memory");
	free(*field);
	*field = copy;
	return 0;
}

int sl_config_value_set(struct sl_config *config, const struct sl_config_entry *entry, const char *text,
	struct sl_err *err)
{
	void *field = field_of(config, entry);
	switch (entry->type) {
	case SL_CONFIG_TEXT:
	case SL_CONFIG_PATH:
		return set_text(field, entry, text, err);
	case SL_CONFIG_BOOLEAN:
		return set_boolean(field, text, err);
	case SL_CONFIG_WORD:
		return set_word(field, entry, text, err);
	default:
		return set_number(field, entry, text, err);
	}
}

char **sl_config_value_text(struct sl_config *config, const struct sl_config_entry *entry)
{
	return entry->type == SL_CONFIG_TEXT || entry->type == SL_CONFIG_PATH ? field_of(config, entry) : NULL;
}

static void print_quoted(const char *text, FILE *out)
{
	fputc('"', out);
	for (; *text; text++) {
		if (*text == '"' || *text == '\\')
			fputc('\\', out);
		fputc(*text, out);
	}
	fputc('"', out);
}

/* The number with the largest suffix that divides it. */
static void print_scaled(int64_t number, const struct suffix *suffixes, FILE *out)
{
	const struct suffix *best = NULL;
	for (; suffixes->letter; suffixes++)
		if (number != 0 && number % suffixes->factor == 0)
			best = suffixes;
	if (best)
		fprintf(out, "%" PRId64 "%c", number / best->factor, best->letter);
	else
		fprintf(out, "%" PRId64, number);
}

static void print_word(int index, const char *words, FILE *out)
{
	const char *word;
	size_t length;
	for (; (word = next_word(&words, &length)); index--)
		if (index == 0)
			fprintf(out, "%.*s", (int)length, word);
}

void sl_config_value_print(const struct sl_config *config, const struct sl_config_entry *entry, FILE *out)
{
	const void *field = field_of(config, entry);
	switch (entry->type) {
	case SL_CONFIG_TEXT:
	case SL_CONFIG_PATH: {
		const char *text = *(char *const *)field;
		print_quoted(entry->secret && *text ? "********" : text, out);
		break;
	}
	case SL_CONFIG_BOOLEAN:
		fputs(*(const bool *)field ? "yes" : "no", out);
		break;
	case SL_CONFIG_WORD:
		print_word(*(const int *)field, entry->unit, out);
		break;
	case SL_CONFIG_MODE:
		fprintf(out, "%04" PRIo64, (uint64_t)*(const int64_t *)field);
		break;
	default:
		print_scaled(*(const int64_t *)field, suffixes_of(entry->type), out);
	}
}

bool sl_config_value_equal(const struct sl_config *a, const struct sl_config *b, const struct sl_config_entry *entry)
{
	const void *one = field_of(a, entry), *other = field_of(b, entry);
	if (entry->type == SL_CONFIG_TEXT || entry->type == SL_CONFIG_PATH)
		return strcmp(*(char *const *)one, *(char *const *)other) == 0;
	return memcmp(one, other, entry->size) == 0;
}
