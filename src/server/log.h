/* The log: one JSON object a line, names stable: ts, level, msg, then the request's context, then the event's fields.
 *
 * Never a body, a token, a password, ciphertext or an e-mail address. A line is written with one write(2), so that
 * lines of several workers don't mix. Control bytes and invalid UTF-8 are escaped.
 */
#ifndef SL_SERVER_LOG_H
#define SL_SERVER_LOG_H

#include <stdint.h>

#include "core/base/slice.h"

enum sl_log_level { SL_LOG_DEBUG, SL_LOG_INFO, SL_LOG_WARN, SL_LOG_ERROR };

struct sl_log_field {
	const char *name;
	struct sl_str text; /* used when `bytes` isn't NULL */
	int64_t number;
};

#define SL_LOG_S(name, text) { (name), sl_str_from(text), 0 } /* a NUL-terminated text; NULL: left out as 0 */
#define SL_LOG_T(name, str) { (name), (str), 0 }
#define SL_LOG_I(name, number) { (name), { NULL, 0 }, (number) }

/* sl_log(SL_LOG_INFO, "push committed", SL_LOG_I("version", v), SL_LOG_S("action", "push")); at least one field. */
#define sl_log(level, message, ...)                                                                                    \
	sl_log_write((level), (message), (const struct sl_log_field[]){ __VA_ARGS__ },                                     \
		sizeof((const struct sl_log_field[]){ __VA_ARGS__ }) / sizeof(struct sl_log_field))

void sl_log_write(enum sl_log_level level, const char *message, const struct sl_log_field *fields, size_t count);

/* Where lines go: `path` (opened for appending), or standard error when NULL or "". Returns 0 or -errno. */
int sl_log_open(const char *path, enum sl_log_level least);

/* Opens the same path again (after logrotate). */
void sl_log_reopen(void);

/* What every line says until the next call: trace id, user id (0: none), device id. Borrowed; NULL: none. */
void sl_log_context(const char *trace_id, int64_t user_id, const char *device_id);

#endif
