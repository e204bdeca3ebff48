/* What the elements of a list are called, in paths of notes and arrays of keys; see steps.h. Keeps true: within one list no two are
 * called the same, whatever their fields hold. Fails for memory only.
 */
#include "core/merge/steps.h"

#include <stdlib.h>

#include "core/json/write.h"

int sl_merge_name_value(const struct sl_field *list, const json_t *key, struct sl_arena *arena, struct sl_str *name_r)
{
	const struct sl_field *field = sl_schema_field(list->shape, sl_str_from(list->list_key));
	struct sl_buf text;
	*name_r = (struct sl_str){ NULL, 0 };
	if (field && field->type == SL_TYPE_TEXT && json_is_string(key))
		*name_r = (struct sl_str){ json_string_value(key), json_string_length(key) };
	if (!key || json_is_null(key) || name_r->bytes)
		return SL_OK;
	sl_buf_init(&text, SIZE_MAX);
	sl_json_write(&text, key);
	int rc = sl_buf_code(&text) == SL_OK ? sl_arena_copy(arena, sl_buf_str(&text), name_r) : SL_NO_MEMORY;
	sl_buf_dispose(&text);
	return rc;
}

int sl_merge_names_of(const struct sl_field *list, const json_t *array, struct sl_arena *arena, struct sl_str **names_r)
{
	size_t count = json_array_size(array);
	struct sl_str *names = sl_arena_zalloc(arena, count, sizeof(*names));
	int rc = names ? SL_OK : SL_NO_MEMORY;
	*names_r = names;
	for (size_t i = 0; rc == SL_OK && i < count; i++)
		rc = sl_merge_name_value(list, json_object_get(json_array_get(array, i), list->list_key), arena, &names[i]);
	return rc;
}

/* --- telling apart -------------------------------------------------------------------------------------------------- */

struct named {
	struct sl_str name;
	size_t place;
};

static int compare_named(const void *a, const void *b)
{
	const struct named *left = a, *right = b;
	int order = sl_str_compare(left->name, right->name);
	return order ? order : (left->place > right->place) - (left->place < right->place);
}

static bool ends_in_number(struct sl_str name)
{
	size_t digits = 0;
	while (digits < name.length && name.bytes[name.length - 1 - digits] >= '0' && name.bytes[name.length - 1 - digits] <= '9')
		digits++;
	return digits > 0 && digits < name.length && name.bytes[name.length - 1 - digits] == '#';
}

static int add_number(struct sl_str *name, size_t number, struct sl_arena *arena)
{
	struct sl_buf text;
	sl_buf_init(&text, SIZE_MAX);
	sl_buf_add_str(&text, *name);
	sl_buf_add_char(&text, '#');
	sl_buf_add_int(&text, (int64_t)number);
	int rc = sl_buf_code(&text) == SL_OK ? sl_arena_copy(arena, sl_buf_str(&text), name) : SL_NO_MEMORY;
	sl_buf_dispose(&text);
	return rc;
}

int sl_merge_tell_apart(struct sl_str *names, size_t count, struct sl_arena *arena)
{
	struct named *sorted = sl_arena_zalloc(arena, count, sizeof(*sorted));
	int rc = sorted ? SL_OK : SL_NO_MEMORY;
	for (size_t i = 0; sorted && i < count; i++)
		sorted[i] = (struct named){ names[i], i };
	if (rc == SL_OK && count)
		qsort(sorted, count, sizeof(*sorted), compare_named);
	for (size_t i = 0, first = 0; rc == SL_OK && i < count; i++) {
		if (!sl_str_equal(sorted[i].name, sorted[first].name))
			first = i;
		if (i > first || ends_in_number(sorted[i].name))
			rc = add_number(&names[sorted[i].place], i - first + 1, arena);
	}
	return rc;
}
