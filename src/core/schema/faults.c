/* The list of faults and their JSON Pointers (RFC 6901); see faults.h. Keeps true: a path always leads to an existing
 * place or a missing member of one, is whole UTF-8, and nothing is allocated for faults beyond SL_FAULTS. Fails only
 * for memory.
 */
#include "core/schema/faults.h"

#include <stdio.h>

#include "core/json/pointer.h"

struct path {
	char *text;
	size_t length;
};

static bool append_char(struct path *path, char c)
{
	if (path->length + 1 >= SL_FAULT_PATH_BYTES)
		return false;
	path->text[path->length++] = c;
	return true;
}

static bool append_text(struct path *path, const char *text)
{
	for (; *text; text++)
		if (!append_char(path, *text))
			return false;
	return true;
}

static bool append_name(struct path *path, const char *name)
{
	for (; *name; name++) {
		const char *escaped = sl_pointer_escape(*name);
		if (!(escaped ? append_text(path, escaped) : append_char(path, *name)))
			return false;
	}
	return true;
}

static bool append_index(struct path *path, size_t index)
{
	char digits[24];
	snprintf(digits, sizeof(digits), "%zu", index);
	return append_text(path, digits);
}

/* Root first. False where a step did not fit; what stands then is the pointer of the value around it. */
static bool append_steps(struct path *path, const struct sl_step *step)
{
	if (!step->up)
		return true;
	if (!append_steps(path, step->up))
		return false;
	size_t before = path->length;
	if (append_char(path, '/') && (step->name ? append_name(path, step->name) : append_index(path, step->index)))
		return true;
	path->length = before;
	return false;
}

void sl_faults_path(const char *root, const struct sl_step *step, char path_r[SL_FAULT_PATH_BYTES])
{
	struct path path = { path_r, 0 };
	if (append_text(&path, root))
		append_steps(&path, step);
	path_r[path.length] = '\0';
}

static char *format_in_arena(struct sl_arena *arena, const char *format, va_list values)
	__attribute__((format(printf, 2, 0)));

static char *format_in_arena(struct sl_arena *arena, const char *format, va_list values)
{
	va_list again;
	va_copy(again, values);
	int length = vsnprintf(NULL, 0, format, values);
	char *text = length < 0 ? NULL : sl_arena_alloc(arena, (size_t)length + 1);
	if (text)
		vsnprintf(text, (size_t)length + 1, format, again);
	va_end(again);
	return text;
}

int sl_faults_vadd(struct sl_faults *faults, struct sl_arena *arena, const char *path, const char *format,
	va_list values)
{
	faults->total++;
	if (faults->count == SL_FAULTS)
		return SL_INVALID;
	struct sl_str copy = { NULL, 0 };
	if (sl_arena_copy(arena, sl_str_from(path), &copy) != 0)
		return SL_NO_MEMORY;
	const char *reason = format_in_arena(arena, format, values);
	if (!reason)
		return SL_NO_MEMORY;
	faults->items[faults->count++] = (struct sl_fault){ copy.bytes, reason };
	return SL_INVALID;
}

int sl_faults_add(struct sl_faults *faults, struct sl_arena *arena, const char *path, const char *format, ...)
{
	va_list values;
	va_start(values, format);
	int code = sl_faults_vadd(faults, arena, path, format, values);
	va_end(values);
	return code;
}

/* Cuts whole steps off the end until the pointer fits an error object, which keeps less than a fault. */
static void shorten(char path[SL_FAULT_PATH_BYTES], size_t maximum)
{
	while (strlen(path) > maximum) {
		char *last = strrchr(path, '/');
		*(last ? last : path) = '\0';
	}
}

int sl_faults_close(const struct sl_faults *faults, struct sl_err *err)
{
	if (faults->total == 0)
		return 0;
	char path[SL_FAULT_PATH_BYTES];
	snprintf(path, sizeof(path), "%s", faults->items[0].path);
	shorten(path, sizeof(((struct sl_err *)NULL)->path) - 1);
	return sl_err_set_at(err, SL_INVALID, path, "%s", faults->items[0].reason);
}
