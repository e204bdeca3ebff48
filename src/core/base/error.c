/* The error table: see error.h. Nothing here allocates, so that out-of-memory can always be described. */
#include "core/base/error.h"

#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>

struct entry {
	int code, status;
	const char *word, *title;
};

static const struct entry entries[] = {
#define X(name, word, status, title) { SL_##name, status, word, title },
	SL_ERRORS(X)
#undef X
};

static const struct entry *entry_of(int code)
{
	const struct entry *internal = NULL;
	for (size_t i = 0; i < sizeof(entries) / sizeof(entries[0]); i++) {
		if (entries[i].code == code)
			return &entries[i];
		if (entries[i].code == SL_INTERNAL)
			internal = &entries[i];
	}
	return internal;
}

const char *sl_err_word(int code) { return entry_of(code)->word; }
int sl_err_status(int code) { return entry_of(code)->status; }
const char *sl_err_title(int code) { return entry_of(code)->title; }

static void replace_controls(char *text)
{
	for (; *text; text++)
		if ((unsigned char)*text < 0x20 || *text == 0x7f)
			*text = '?';
}

__attribute__((format(printf, 4, 0)))
static int set(struct sl_err *err, int code, const char *path, const char *format, va_list values)
{
	if (err && err->code == SL_OK) {
		err->code = code;
		snprintf(err->path, sizeof(err->path), "%s", path);
		vsnprintf(err->message, sizeof(err->message), format, values);
		replace_controls(err->message);
	}
	return code;
}

int sl_err_set(struct sl_err *err, int code, const char *format, ...)
{
	va_list values;
	va_start(values, format);
	set(err, code, "", format, values);
	va_end(values);
	return code;
}

int sl_err_set_at(struct sl_err *err, int code, const char *path, const char *format, ...)
{
	va_list values;
	va_start(values, format);
	set(err, code, path, format, values);
	va_end(values);
	return code;
}

int sl_err_set_limit(struct sl_err *err, long long limit, const char *format, ...)
{
	bool first = err && err->code == SL_OK;
	va_list values;
	va_start(values, format);
	set(err, SL_TOO_LARGE, "", format, values);
	va_end(values);
	if (first)
		err->limit = limit;
	return SL_TOO_LARGE;
}
