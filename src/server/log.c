/* The log: see log.h. A line is built in a fixed buffer and written once; a line that is too long loses its last fields
 * and says so, and never becomes broken JSON. A failing write is dropped: the log must not stop the service.
 */
#include "server/log.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <limits.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "core/base/utf8.h"

#define LINE_BYTES 8192
#define TEXT_BYTES 2048 /* of one value; more is cut */
#define TAIL ",\"cut\":true}\n"

struct line {
	char bytes[LINE_BYTES];
	size_t length;
	bool full;
};

static struct {
	char path[PATH_MAX];
	int fd;
	enum sl_log_level least;
	const char *trace_id, *device_id;
	int64_t user_id;
} state = { .fd = STDERR_FILENO, .least = SL_LOG_INFO };

static void add(struct line *line, const char *bytes, size_t length)
{
	if (line->full || length > sizeof(line->bytes) - sizeof(TAIL) - line->length) {
		line->full = true;
		return;
	}
	memcpy(line->bytes + line->length, bytes, length);
	line->length += length;
}

static void add_text(struct line *line, const char *text) { add(line, text, strlen(text)); }

static void add_character(struct line *line, char c)
{
	char escape[8];
	if (c == '"' || c == '\\') {
		add(line, "\\", 1);
		add(line, &c, 1);
	} else if ((unsigned char)c < 0x20 || c == 0x7f) {
		snprintf(escape, sizeof(escape), "\\u%04x", (unsigned char)c);
		add_text(line, escape);
	} else {
		add(line, &c, 1);
	}
}

static void add_string(struct line *line, struct sl_str text)
{
	if (text.length > TEXT_BYTES)
		text.length = TEXT_BYTES;
	add(line, "\"", 1);
	while (text.length > 0) {
		size_t valid = sl_utf8_valid(text);
		for (size_t i = 0; i < valid; i++)
			add_character(line, text.bytes[i]);
		text.bytes += valid;
		text.length -= valid;
		if (text.length == 0)
			break;
		add_text(line, "\\ufffd");
		text.bytes++;
		text.length--;
	}
	add(line, "\"", 1);
}

/* Adds `,"name":value` as a whole or not at all. */
static void add_field(struct line *line, const struct sl_log_field *field)
{
	size_t before = line->length;
	char number[24];
	add(line, ",", 1);
	add_string(line, sl_str_from(field->name));
	add(line, ":", 1);
	snprintf(number, sizeof(number), "%" PRId64, field->number);
	if (field->text.bytes)
		add_string(line, field->text);
	else
		add_text(line, number);
	if (line->full)
		line->length = before;
}

static void add_time(struct line *line)
{
	struct timespec now;
	struct tm parts;
	char text[64];
	clock_gettime(CLOCK_REALTIME, &now);
	gmtime_r(&now.tv_sec, &parts);
	size_t length = strftime(text, sizeof(text), "{\"ts\":\"%Y-%m-%dT%H:%M:%S", &parts);
	snprintf(text + length, sizeof(text) - length, ".%03ldZ\"", now.tv_nsec / 1000000);
	add_text(line, text);
}

static void add_context(struct line *line)
{
	add_field(line, &(struct sl_log_field)SL_LOG_I("pid", getpid()));
	if (state.trace_id)
		add_field(line, &(struct sl_log_field)SL_LOG_S("traceId", state.trace_id));
	if (state.user_id != 0)
		add_field(line, &(struct sl_log_field)SL_LOG_I("userId", state.user_id));
	if (state.device_id)
		add_field(line, &(struct sl_log_field)SL_LOG_S("deviceId", state.device_id));
}

void sl_log_write(enum sl_log_level level, const char *message, const struct sl_log_field *fields, size_t count)
{
	static const char *const words[] = { "debug", "info", "warn", "error" };
	struct line line = { .length = 0 };
	if (level < state.least)
		return;
	int saved = errno;
	add_time(&line);
	add_field(&line, &(struct sl_log_field)SL_LOG_S("level", words[level]));
	add_field(&line, &(struct sl_log_field)SL_LOG_S("msg", message));
	add_context(&line);
	for (size_t i = 0; i < count && !line.full; i++)
		add_field(&line, &fields[i]);
	/* add() keeps room for the tail. */
	const char *tail = line.full ? TAIL : "}\n";
	memcpy(line.bytes + line.length, tail, strlen(tail));
	line.length += strlen(tail);
	ssize_t written;
	do
		written = write(state.fd, line.bytes, line.length);
	while (written < 0 && errno == EINTR);
	errno = saved;
}

static int open_at(const char *path)
{
	int fd = open(path, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC | O_NOCTTY, 0640);
	if (fd < 0)
		return -errno;
	if (state.fd != STDERR_FILENO)
		close(state.fd);
	state.fd = fd;
	return 0;
}

int sl_log_open(const char *path, enum sl_log_level least)
{
	state.least = least;
	if (!path || !*path) {
		if (state.fd != STDERR_FILENO)
			close(state.fd);
		state.fd = STDERR_FILENO;
		state.path[0] = 0;
		return 0;
	}
	if (strlen(path) >= sizeof(state.path))
		return -ENAMETOOLONG;
	int code = open_at(path);
	if (code == 0)
		memcpy(state.path, path, strlen(path) + 1);
	return code;
}

void sl_log_reopen(void)
{
	if (!state.path[0])
		return;
	int code = open_at(state.path);
	if (code != 0)
		sl_log(SL_LOG_ERROR, "the log can't be opened again", SL_LOG_S("path", state.path),
			SL_LOG_S("error", strerror(-code)));
}

void sl_log_context(const char *trace_id, int64_t user_id, const char *device_id)
{
	state.trace_id = trace_id;
	state.user_id = user_id;
	state.device_id = device_id;
}
