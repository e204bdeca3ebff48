/* The data model's table, built from schema.def at compile time; see schema.h. Nothing here can fail or change.
 * Sources: section projectData of the protocol for the fields, the merge table for their rules.
 */
#include "core/schema/schema.h"

/* Words, then fields, then the shapes that hold them: one pass, because shapes stand before their users. */
#define WORDS(list, ...) static const char *const list##_words[] = { __VA_ARGS__, NULL };
#define SHAPE(shape) static const struct sl_field shape##_fields[] = {
#define FIELD(name_, type_, rule_, ...) \
	{ .name = name_, .type = SL_TYPE_##type_, .rule = SL_RULE_##rule_, __VA_ARGS__ },
#define END(shape, empty_)                                                                                             \
	};                                                                                                                 \
	static const struct sl_shape shape##_shape = {                                                                     \
		.name = #shape,                                                                                                \
		.fields = shape##_fields,                                                                                      \
		.count = sizeof(shape##_fields) / sizeof(shape##_fields[0]),                                                   \
		.empty = empty_,                                                                                               \
	};
#include "core/schema/schema.def"

static const struct sl_shape *const shapes[] = {
#define SHAPE(shape) &shape##_shape,
#include "core/schema/schema.def"
};

#define ENTITY(NAME, name_, shape_, ...) static const char *const NAME##_reserved[] = { __VA_ARGS__, NULL };
#include "core/schema/schema.def"

static const struct {
	struct sl_str name;
	const struct sl_shape *shape;
	const char *const *reserved;
} entities[SL_ENTITIES] = {
#define ENTITY(NAME, name_, shape_, ...) \
	[SL_##NAME] = { { name_, sizeof(name_) - 1 }, &shape_##_shape, NAME##_reserved },
#include "core/schema/schema.def"
};

const char *sl_entity_name(enum sl_entity entity)
{
	return entity < SL_ENTITIES ? entities[entity].name.bytes : "";
}

enum sl_entity sl_entity_from_name(struct sl_str name)
{
	for (size_t i = 0; i < SL_ENTITIES; i++)
		if (sl_str_equal(entities[i].name, name))
			return (enum sl_entity)i;
	return SL_ENTITIES;
}

const struct sl_shape *sl_schema_shape(size_t index)
{
	return index < sizeof(shapes) / sizeof(shapes[0]) ? shapes[index] : NULL;
}

const struct sl_shape *sl_schema_row(enum sl_entity entity)
{
	return entity < SL_ENTITIES ? entities[entity].shape : NULL;
}

const char *const *sl_schema_reserved(enum sl_entity entity, size_t *count_r)
{
	const char *const *names = entities[entity < SL_ENTITIES ? entity : SL_META].reserved;
	*count_r = 0;
	while (names[*count_r])
		++*count_r;
	return names;
}

const struct sl_field *sl_schema_field(const struct sl_shape *shape, struct sl_str name)
{
	if (name.length == 0)
		return NULL;
	for (size_t i = 0; i < shape->count; i++) {
		const char *candidate = shape->fields[i].name;
		/* The first letter settles nearly every comparison, so a look-up costs no more than a hash would. */
		if (candidate[0] == name.bytes[0] && strlen(candidate) == name.length &&
			memcmp(candidate, name.bytes, name.length) == 0)
			return &shape->fields[i];
	}
	return NULL;
}

bool sl_schema_is_counters(const struct sl_shape *shape)
{
	for (size_t i = 0; i < shape->count; i++)
		if (shape->fields[i].rule != SL_RULE_COUNTER)
			return false;
	return true;
}

bool sl_schema_has_counters(const struct sl_shape *shape)
{
	for (size_t i = 0; i < shape->count; i++)
		if (sl_schema_is_counted(&shape->fields[i]))
			return true;
	return false;
}

bool sl_schema_is_blank(const json_t *value)
{
	return json_is_null(value) || (json_is_string(value) && json_string_length(value) == 0);
}

bool sl_schema_is_counted(const struct sl_field *field)
{
	return field && (field->rule == SL_RULE_COUNTER || (field->type == SL_TYPE_OBJECT && sl_schema_has_counters(field->shape)));
}

bool sl_schema_is_in_context(struct sl_str meta_name)
{
	return meta_name.length > SL_CONTEXT_BYTES && memcmp(meta_name.bytes, SL_CONTEXT, SL_CONTEXT_BYTES) == 0;
}

const char *sl_schema_empty(struct sl_str meta_name)
{
	const struct sl_field *field = sl_schema_field(&meta_shape, meta_name);
	if (!field)
		return NULL;
	switch (field->type) {
	case SL_TYPE_TEXT:
		return "\"\"";
	case SL_TYPE_LIST:
		return "[]";
	case SL_TYPE_OBJECT:
		return field->shape->empty;
	default:
		return NULL;
	}
}
