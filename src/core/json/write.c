/* Canonical JSON text: see write.h and RFC 8785.
 *
 * Equal values give equal bytes. Failures stick in the buffer: its own, SL_NO_MEMORY for an object with so many members
 * that sorting them needs the heap, SL_INTERNAL for a value that no text within the limits can stand for.
 */
#include "core/json/write.h"

#include <stdlib.h>

#include "core/base/utf8.h"
#include "core/json/number.h"
#include "core/json/parse.h"
#include "core/json/scan.h"

#define DEPTH_LIMIT (2 * SL_JSON_DEPTH) /* callers wrap what was read; a value that holds itself must not hang */
#define MEMBERS_ON_STACK 64
#define SAFE_INTEGER 9007199254740991.0 /* 2^53 - 1 */

struct member {
	struct sl_str key;
	const json_t *value;
};

static void write_value(struct sl_buf *out, const json_t *value, int depth);

static void write_escape(struct sl_buf *out, unsigned char c)
{
	static const char names[] = "\"\\bfnrt", characters[] = "\"\\\b\f\n\r\t", hex[] = "0123456789abcdef";
	const char *known = c ? strchr(characters, c) : NULL;
	if (known) {
		sl_buf_add(out, (char[]){ '\\', names[known - characters] }, 2);
	} else {
		sl_buf_add(out, "\\u00", 4);
		sl_buf_add(out, (char[]){ hex[c >> 4], hex[c & 15] }, 2);
	}
}

void sl_json_string(struct sl_buf *out, struct sl_str text)
{
	sl_buf_add_char(out, '"');
	for (size_t at = 0; at < text.length;) {
		size_t run = sl_json_scan_run(text.bytes + at, text.length - at);
		sl_buf_add(out, text.bytes + at, run);
		at += run;
		if (at < text.length)
			write_escape(out, (unsigned char)text.bytes[at++]);
	}
	sl_buf_add_char(out, '"');
}

void sl_json_number(struct sl_buf *out, double number)
{
	char text[SL_NUMBER_TEXT];
	if (!(number - number == 0)) /* NaN or infinite */
		sl_buf_add_text(out, "null");
	else if (number >= -SAFE_INTEGER && number <= SAFE_INTEGER && number == (double)(int64_t)number)
		sl_buf_add_int(out, (int64_t)number);
	else
		sl_buf_add(out, text, sl_number_format(number, text));
}

static int compare_members(const void *a, const void *b)
{
	return sl_utf8_compare_utf16(((const struct member *)a)->key, ((const struct member *)b)->key);
}

/* Insertion: linear where the keys are in order already, as in what was written here before. */
static void sort_few(struct member *members, size_t count)
{
	for (size_t i = 1; i < count; i++) {
		struct member moved = members[i];
		size_t place = i;
		for (; place > 0 && compare_members(&members[place - 1], &moved) > 0; place--)
			members[place] = members[place - 1];
		members[place] = moved;
	}
}

static bool is_skipped(const char *key, const char *const *skip, size_t skip_count)
{
	for (size_t i = 0; i < skip_count; i++)
		if (strcmp(key, skip[i]) == 0)
			return true;
	return false;
}

/* Fills `members`, which has room for all of the object's, and returns their number. */
static size_t collect(const json_t *object, const char *const *skip, size_t skip_count, struct member *members)
{
	json_t *borrowed = (json_t *)object; /* Jansson iterates over objects that are not const only */
	size_t count = 0;
	for (void *at = json_object_iter(borrowed); at; at = json_object_iter_next(borrowed, at)) {
		const char *key = json_object_iter_key(at);
		if (!is_skipped(key, skip, skip_count))
			members[count++] = (struct member){ sl_str_from(key), json_object_iter_value(at) };
	}
	return count;
}

static void write_members(struct sl_buf *out, const struct member *members, size_t count, int depth)
{
	sl_buf_add_char(out, '{');
	for (size_t i = 0; i < count && sl_buf_code(out) == 0; i++) {
		if (i > 0)
			sl_buf_add_char(out, ',');
		sl_json_string(out, members[i].key);
		sl_buf_add_char(out, ':');
		write_value(out, members[i].value, depth + 1);
	}
	sl_buf_add_char(out, '}');
}

static void write_small(struct sl_buf *out, const json_t *object, const char *const *skip, size_t skip_count, int depth)
{
	struct member members[MEMBERS_ON_STACK];
	size_t count = collect(object, skip, skip_count, members);
	sort_few(members, count);
	write_members(out, members, count, depth);
}

static void write_large(struct sl_buf *out, const json_t *object, const char *const *skip, size_t skip_count, int depth)
{
	struct member *members = calloc(json_object_size(object), sizeof(*members));
	if (!members) {
		sl_buf_fail(out, SL_NO_MEMORY);
		return;
	}
	size_t count = collect(object, skip, skip_count, members);
	qsort(members, count, sizeof(*members), compare_members);
	write_members(out, members, count, depth);
	free(members);
}

static void write_object(struct sl_buf *out, const json_t *object, const char *const *skip, size_t skip_count,
	int depth)
{
	if (json_object_size(object) <= MEMBERS_ON_STACK)
		write_small(out, object, skip, skip_count, depth);
	else
		write_large(out, object, skip, skip_count, depth);
}

static void write_array(struct sl_buf *out, const json_t *array, int depth)
{
	size_t count = json_array_size(array);
	sl_buf_add_char(out, '[');
	for (size_t i = 0; i < count && sl_buf_code(out) == 0; i++) {
		if (i > 0)
			sl_buf_add_char(out, ',');
		write_value(out, json_array_get(array, i), depth + 1);
	}
	sl_buf_add_char(out, ']');
}

static void write_value(struct sl_buf *out, const json_t *value, int depth)
{
	if (!value || depth > DEPTH_LIMIT) {
		sl_buf_fail(out, SL_INTERNAL);
		return;
	}
	switch (json_typeof(value)) {
	case JSON_OBJECT:
		write_object(out, value, NULL, 0, depth);
		break;
	case JSON_ARRAY:
		write_array(out, value, depth);
		break;
	case JSON_STRING:
		sl_json_string(out, sl_json_text(value));
		break;
	case JSON_INTEGER:
	case JSON_REAL:
		sl_json_number(out, json_number_value(value));
		break;
	case JSON_TRUE:
		sl_buf_add(out, "true", 4);
		break;
	case JSON_FALSE:
		sl_buf_add(out, "false", 5);
		break;
	case JSON_NULL:
		sl_buf_add(out, "null", 4);
		break;
	}
}

void sl_json_write(struct sl_buf *out, const json_t *value) { write_value(out, value, 1); }

void sl_json_write_without(struct sl_buf *out, const json_t *object, const char *const *skip, size_t skip_count)
{
	if (json_is_object(object))
		write_object(out, object, skip, skip_count, 1);
	else
		sl_buf_fail(out, SL_INTERNAL);
}

int sl_json_copy(const json_t *value, struct sl_arena *arena, struct sl_str *text_r)
{
	struct sl_buf text;
	sl_buf_init(&text, SIZE_MAX);
	sl_json_write(&text, value);
	int code = sl_buf_code(&text) == 0 ? sl_arena_copy(arena, sl_buf_str(&text), text_r) : SL_NO_MEMORY;
	sl_buf_dispose(&text);
	return code;
}
