/* Reads configuration files: `key = value`, the value bare or in double quotes (where \" and \\ stand for " and \).
 * In a bare value a # begins a comment only after a blank, so that passwords may hold one. Every line is understood or
 * refused with its number; nothing is skipped silently.
 */
#include "server/config_file.h"

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static int read_all(int fd, char *text, size_t *length)
{
	*length = 0;
	while (*length <= SL_CONFIG_FILE_BYTES) {
		ssize_t got = read(fd, text + *length, SL_CONFIG_FILE_BYTES + 1 - *length);
		if (got < 0 && errno == EINTR)
			continue;
		if (got < 0)
			return -1;
		if (got == 0)
			return 0;
		*length += (size_t)got;
	}
	errno = EFBIG;
	return -1;
}

int sl_config_file_read(const char *path, char **text_r, struct sl_err *err)
{
	int code = 0;
	size_t length;
	char *text = NULL;
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return sl_err_set(err, errno == ENOENT ? SL_NOT_FOUND : SL_INVALID, "%s: %s", path, strerror(errno));
	text = malloc(SL_CONFIG_FILE_BYTES + 2);
	if (!text) {
		code = sl_err_set(err, SL_NO_MEMORY, "out of memory");
	} else if (read_all(fd, text, &length) != 0) {
		code = sl_err_set(err, SL_INVALID, "%s: %s", path, strerror(errno));
	} else if (memchr(text, 0, length)) {
		code = sl_err_set(err, SL_INVALID, "%s: holds a NUL byte", path);
	} else {
		text[length] = 0;
		*text_r = text;
		text = NULL;
	}
	free(text);
	close(fd);
	return code;
}

static bool is_blank(char c) { return c == ' ' || c == '\t' || c == '\r'; }

static char *skip_blanks(char *text)
{
	while (is_blank(*text))
		text++;
	return text;
}

static void cut_trailing_blanks(char *text)
{
	size_t length = strlen(text);
	while (length > 0 && is_blank(text[length - 1]))
		text[--length] = 0;
}

/* Undoes the quotes of a value in place. Returns NULL, or what is wrong. */
static const char *unquote(char *value)
{
	char *to = value, *from = value + 1;
	while (*from && *from != '"') {
		if (*from == '\\' && *++from != '"' && *from != '\\')
			return "only \\\" and \\\\ may follow a backslash in quotes";
		*to++ = *from++;
	}
	if (!*from)
		return "the closing quote is missing";
	from = skip_blanks(from + 1);
	if (*from && *from != '#')
		return "text after the closing quote";
	*to = 0;
	return NULL;
}

static void cut_comment(char *value)
{
	for (char *c = value; *c; c++) {
		if (*c == '#' && (c == value || is_blank(c[-1]))) {
			*c = 0;
			break;
		}
	}
	cut_trailing_blanks(value);
}

/* Splits a line into key and value. Returns NULL, or what is wrong; an empty key means that there is nothing on it. */
static const char *split(char *line, char **key_r, char **value_r)
{
	*key_r = skip_blanks(line);
	if (**key_r == '#' || !**key_r) {
		**key_r = 0;
		return NULL;
	}
	char *equals = strchr(*key_r, '=');
	if (!equals || equals == *key_r)
		return "expected key = value";
	*equals = 0;
	cut_trailing_blanks(*key_r);
	*value_r = skip_blanks(equals + 1);
	if (**value_r == '"')
		return unquote(*value_r);
	cut_comment(*value_r);
	return NULL;
}

int sl_config_file_parse(char *text, const char *name, sl_config_file_fn fn, void *context, struct sl_err *err)
{
	unsigned number = 0;
	int code = 0;
	for (char *line = text, *next; line && code == 0; line = next) {
		next = strchr(line, '\n');
		if (next)
			*next++ = 0;
		number++;
		char *key, *value = NULL;
		const char *fault = split(line, &key, &value);
		if (fault)
			return sl_err_set(err, SL_INVALID, "%s:%u: %s", name, number, fault);
		if (*key)
			code = fn(context, key, value, number, err);
	}
	return code;
}
