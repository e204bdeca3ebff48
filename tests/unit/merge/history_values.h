/* Random values and random edits of them, driven by the schema: whatever field it declares is written, changed and removed here. Every
 * word that is typed is a new one (w1, w2, …), so that it can be followed; so is the mark that each row and many elements of lists keep
 * for life. Counts of a group add up. For header-only use by one program; include the headers that cmocka needs, and cmocka.h,
 * first. */
#ifndef SL_TESTS_HISTORY_VALUES_H
#define SL_TESTS_HISTORY_VALUES_H

#include <jansson.h>
#include <stdio.h>

#include "core/json/parse.h"
#include "core/json/write.h"
#include "core/schema/schema.h"

#define WORDS_MAXIMUM 4096 /* of one history */

static struct {
	uint64_t seed;
	unsigned words;
	struct sl_arena *arena;
} history;

static inline size_t pick(size_t below)
{
	history.seed = history.seed * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
	return (size_t)(history.seed >> 33) % below;
}

static inline void history_begin(uint64_t number, struct sl_arena *arena)
{
	history.seed = number * UINT64_C(0x9e3779b97f4a7c15) + 20;
	history.words = 0;
	history.arena = arena;
	pick(2);
}

static inline json_t *must(json_t *value)
{
	assert_non_null(value);
	return value;
}

/* --- texts ------------------------------------------------------------------------------------------------------ */

/* Appends a word: mostly a new one. */
static inline void type_word(struct sl_buf *out)
{
	if (history.words + 1 == WORDS_MAXIMUM || pick(4) == 0) {
		sl_buf_add_text(out, pick(2) ? "the" : "你好");
		return;
	}
	sl_buf_add_char(out, 'w');
	sl_buf_add_int(out, ++history.words);
}

static inline void type_separator(struct sl_buf *out) { sl_buf_add_text(out, pick(3) ? " " : pick(3) ? "\n" : "\n\n"); }

static inline json_t *text_from(struct sl_buf *buf)
{
	json_t *text = must(json_stringn(buf->length ? buf->bytes : "", buf->length));
	sl_buf_dispose(buf);
	return text;
}

static inline json_t *random_text(size_t words)
{
	struct sl_buf out;
	sl_buf_init(&out, SIZE_MAX);
	for (size_t i = 0; i < words; i++) {
		if (i > 0)
			type_separator(&out);
		type_word(&out);
	}
	return text_from(&out);
}

/* The text with a word typed, replaced or deleted somewhere, or a passage deleted. */
static inline json_t *edited_text(const json_t *value)
{
	const char *text = json_string_value(value);
	size_t length = json_string_length(value), at = length ? pick(length) : 0, end;
	struct sl_buf out;
	sl_buf_init(&out, SIZE_MAX);
	while (at > 0 && text[at - 1] != ' ' && text[at - 1] != '\n')
		at--;
	end = at;
	if (pick(2))
		end += strcspn(text + end, " \n");
	if (pick(8) == 0)
		end = end + pick(length - end + 1);
	while (end > at && end < length && text[end] != ' ' && text[end] != '\n')
		end++;
	sl_buf_add(&out, text, at);
	if (pick(5)) {
		type_word(&out);
		if (end == at && at < length)
			type_separator(&out);
	}
	sl_buf_add(&out, text + end, length - end);
	return text_from(&out);
}

/* A new word by itself. */
static inline json_t *new_mark(void)
{
	struct sl_buf out;
	sl_buf_init(&out, SIZE_MAX);
	sl_buf_add_char(&out, 'w');
	sl_buf_add_int(&out, history.words + 1 < WORDS_MAXIMUM ? ++history.words : WORDS_MAXIMUM);
	return text_from(&out);
}

/* --- values ----------------------------------------------------------------------------------------------------- */

static inline json_t *random_object(const struct sl_shape *shape, const char *list_key);

static inline json_t *random_key(const struct sl_field *list)
{
	static const char *const names[] = { "Young", "Old", "a/b~c", "夜", "", "Old#2" };
	const struct sl_field *key = sl_schema_field(list->shape, sl_str_from(list->list_key));
	return must(key->type == SL_TYPE_NUMBER ? json_integer((json_int_t)pick(4)) : json_string(names[pick(6)]));
}

static inline json_t *find_key(const struct sl_field *list, const json_t *array, const json_t *key)
{
	for (size_t i = 0; i < json_array_size(array); i++)
		if (json_equal(json_object_get(json_array_get(array, i), list->list_key), key))
			return json_array_get(array, i);
	return NULL;
}

static inline bool has_names(const struct sl_field *list)
{
	return sl_schema_field(list->shape, sl_str_from(list->list_key))->type == SL_TYPE_TEXT;
}

/* Adds an element somewhere, unless its random key is there already; some names are given twice. */
static inline void add_element(const struct sl_field *list, json_t *array)
{
	json_t *key = random_key(list);
	if (!find_key(list, array, key) || (has_names(list) && pick(3) == 0)) {
		json_t *element = random_object(list->shape, list->list_key);
		json_object_set(element, list->list_key, key);
		if (pick(2))
			json_object_set_new(element, "mark", new_mark());
		size_t at = pick(2) ? json_array_size(array) : pick(json_array_size(array) + 1);
		assert_int_equal(json_array_insert_new(array, at, element), 0);
	}
	json_decref(key);
}

static inline json_t *random_value(const struct sl_field *field)
{
	size_t count = 0;
	json_t *value;
	if (field && pick(16) == 0) /* as good as absent */
		return must(pick(2) ? json_null() : json_string(""));
	switch (field ? field->type : SL_TYPE_ANY) {
	case SL_TYPE_TEXT:
		return random_text(field->rule == SL_RULE_TEXT ? pick(12) : 1);
	case SL_TYPE_WORD:
		if (pick(12) == 0)
			return must(json_string("unheard-of"));
		while (field->words[count])
			count++;
		return must(json_string(field->words[pick(count)]));
	case SL_TYPE_INTEGER:
		return must(json_integer((json_int_t)pick(1000)));
	case SL_TYPE_NUMBER:
		return must(json_real((double)pick(1000) / 8));
	case SL_TYPE_BOOLEAN:
		return json_boolean(pick(2));
	case SL_TYPE_OBJECT:
		return random_object(field->shape, NULL);
	case SL_TYPE_LIST:
		value = must(json_array());
		for (count = pick(4); count > 0; count--)
			add_element(field, value);
		return value;
	default:
		if (pick(3))
			return random_text(1);
		return must(pick(2) ? json_integer((json_int_t)pick(9)) : json_pack("[{s:b}]", "a", 1));
	}
}

static inline bool is_key(const struct sl_field *field, const char *list_key)
{
	return field->required || (list_key && strcmp(field->name, list_key) == 0);
}

/* Counts something, or begins anew. */
static inline void count_on(const struct sl_shape *shape, json_t *object)
{
	json_int_t parts[2], sum = 0;
	size_t part = 0;
	for (size_t i = 0; i < shape->count; i++)
		if (strncmp(shape->fields[i].name, "total", 5) != 0)
			parts[part++] = json_integer_value(json_object_get(object, shape->fields[i].name));
	if (pick(4) == 0)
		parts[0] = parts[1] = 0;
	for (part = 0; part < 2; part++)
		sum += parts[part] += (json_int_t)pick(20);
	part = 0;
	for (size_t i = 0; i < shape->count; i++) {
		bool is_total = strncmp(shape->fields[i].name, "total", 5) == 0;
		json_object_set_new(object, shape->fields[i].name, json_integer(is_total ? sum : parts[part++]));
	}
}

static inline json_t *random_object(const struct sl_shape *shape, const char *list_key)
{
	json_t *object = must(json_object());
	if (sl_schema_is_counters(shape)) {
		count_on(shape, object);
		return object;
	}
	for (size_t i = 0; i < shape->count; i++)
		if (!is_key(&shape->fields[i], list_key) && pick(3) > 0)
			json_object_set_new(object, shape->fields[i].name, random_value(&shape->fields[i]));
	if (pick(4) == 0)
		json_object_set_new(object, "unknown", random_value(NULL));
	return object;
}

static inline json_t *edited_value(const struct sl_field *field, json_t *value);

/* Changes, adds or removes a random member. */
static inline void edit_object(const struct sl_shape *shape, const char *list_key, json_t *object)
{
	size_t at = pick(shape->count + 1);
	const struct sl_field *field = at < shape->count ? &shape->fields[at] : NULL;
	const char *name = field ? field->name : "unknown";
	json_t *value = json_object_get(object, name);
	if (sl_schema_is_counters(shape))
		count_on(shape, object);
	if (sl_schema_is_counters(shape) || (field && is_key(field, list_key)))
		return;
	if (value && pick(12) == 0)
		json_object_del(object, name);
	else
		json_object_set_new(object, name, value ? edited_value(field, value) : random_value(field));
}

static inline void edit_list(const struct sl_field *list, json_t *array)
{
	size_t count = json_array_size(array), what = pick(7), at = count ? pick(count) : 0;
	if (count == 0 || what == 0) {
		add_element(list, array);
	} else if (what == 1) {
		json_array_remove(array, at);
	} else if (what == 2) {
		json_t *element = json_incref(json_array_get(array, at));
		json_array_remove(array, at);
		json_array_insert_new(array, pick(count), element);
	} else if (what == 3 && has_names(list)) {
		json_object_set_new(json_array_get(array, at), list->list_key, random_key(list));
	} else {
		edit_object(list->shape, list->list_key, json_array_get(array, at));
	}
}

/* A new reference: what becomes of `value`, which may change itself. */
static inline json_t *edited_value(const struct sl_field *field, json_t *value)
{
	if (sl_schema_is_blank(value))
		return random_value(field);
	if (field && field->rule == SL_RULE_TEXT)
		return edited_text(value);
	if (field && field->type == SL_TYPE_OBJECT)
		edit_object(field->shape, NULL, value);
	else if (field && field->type == SL_TYPE_LIST)
		edit_list(field, value);
	else
		return random_value(field);
	return json_incref(value);
}

#endif
