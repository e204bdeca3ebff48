/* The schema's table: look-ups, empty values, and the JSON Schema made of it. */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>

#include <jansson.h>

#include "core/json/parse.h"
#include "core/json/write.h"
#include "core/schema/schema.h"

#define LENGTH(array) (sizeof(array) / sizeof((array)[0]))

static const struct sl_field *field_of(enum sl_entity entity, const char *name)
{
	const struct sl_field *field = sl_schema_field(sl_schema_row(entity), sl_str_from(name));
	if (!field)
		fail_msg("no field %s in %s", name, sl_entity_name(entity));
	return field;
}

static void entity__names_are_those_of_the_delta(void **state)
{
	static const char *const names[] = { "meta", "episodes", "scenes", "shots", "characters", "locations" };
	(void)state;
	assert_int_equal(LENGTH(names), SL_ENTITIES);
	for (int i = 0; i < SL_ENTITIES; i++) {
		assert_string_equal(sl_entity_name((enum sl_entity)i), names[i]);
		assert_int_equal(sl_entity_from_name(sl_str_from(names[i])), i);
	}
	assert_int_equal(sl_entity_from_name(SL_STR("shot")), SL_ENTITIES);
	assert_int_equal(sl_entity_from_name(SL_STR("shotss")), SL_ENTITIES);
	assert_int_equal(sl_entity_from_name(SL_STR("")), SL_ENTITIES);
	assert_string_equal(sl_entity_name(SL_ENTITIES), "");
	assert_null(sl_schema_row(SL_ENTITIES));
}

static void field__is_found_by_its_whole_name_only(void **state)
{
	(void)state;
	for (size_t i = 0; sl_schema_shape(i); i++) {
		const struct sl_shape *shape = sl_schema_shape(i);
		assert_true(shape->count > 0);
		for (size_t k = 0; k < shape->count; k++) {
			struct sl_str name = sl_str_from(shape->fields[k].name);
			assert_ptr_equal(sl_schema_field(shape, name), &shape->fields[k]);
			const struct sl_field *shorter = sl_schema_field(shape, (struct sl_str){ name.bytes, name.length - 1 });
			assert_ptr_not_equal(shorter, &shape->fields[k]);
		}
	}
	const struct sl_shape *shot = sl_schema_row(SL_SHOTS);
	assert_null(sl_schema_field(shot, SL_STR("")));
	assert_null(sl_schema_field(shot, SL_STR("Id")));
	assert_null(sl_schema_field(shot, SL_STR("id\0")));
	assert_null(sl_schema_field(shot, SL_STR("difficulty ")));
	assert_null(sl_schema_field(shot, SL_STR("rank")));
}

static void field__declarations_fit_their_types(void **state)
{
	(void)state;
	for (size_t i = 0; sl_schema_shape(i); i++) {
		const struct sl_shape *shape = sl_schema_shape(i);
		for (size_t k = 0; k < shape->count; k++) {
			const struct sl_field *field = &shape->fields[k];
			assert_int_equal(field->words != NULL, field->type == SL_TYPE_WORD);
			assert_int_equal(field->shape != NULL, field->type == SL_TYPE_OBJECT || field->type == SL_TYPE_LIST);
			assert_int_equal(field->list_key != NULL, field->type == SL_TYPE_LIST);
			assert_int_equal(field->rule == SL_RULE_LIST, field->type == SL_TYPE_LIST);
			assert_int_equal(field->rule == SL_RULE_OBJECT, field->type == SL_TYPE_OBJECT);
			assert_true(field->rule != SL_RULE_PROGRESS || field->type == SL_TYPE_WORD);
			assert_true(field->rule != SL_RULE_TEXT || field->type == SL_TYPE_TEXT);
			if (field->list_key)
				assert_non_null(sl_schema_field(field->shape, sl_str_from(field->list_key)));
		}
	}
}

static void field__only_keys_are_required(void **state)
{
	static const size_t keys[SL_ENTITIES] = { 0, 1, 2, 2, 1, 1 };
	(void)state;
	for (int entity = 0; entity < SL_ENTITIES; entity++) {
		const struct sl_shape *shape = sl_schema_row((enum sl_entity)entity);
		size_t required = 0;
		for (size_t i = 0; i < shape->count; i++)
			required += shape->fields[i].required;
		assert_int_equal(required, keys[entity]);
	}
	assert_int_equal(field_of(SL_EPISODES, "id")->type, SL_TYPE_INTEGER);
	assert_int_equal(field_of(SL_SHOTS, "id")->type, SL_TYPE_TEXT);
	assert_int_equal(field_of(SL_SHOTS, "episodeId")->type, SL_TYPE_INTEGER);
}

static void field__rules_are_those_of_the_merge_table(void **state)
{
	static const struct {
		enum sl_entity entity;
		const char *name;
		enum sl_rule rule;
	} cases[] = {
		{ SL_META, "fileName", SL_RULE_LWW },
		{ SL_META, "rawScript", SL_RULE_TEXT },
		{ SL_META, "globalStyleGuide", SL_RULE_TEXT },
		{ SL_META, "context.projectSummary", SL_RULE_TEXT },
		{ SL_META, "context.episodeSummaries", SL_RULE_LIST },
		{ SL_META, "phase1Usage", SL_RULE_OBJECT },
		{ SL_EPISODES, "status", SL_RULE_PROGRESS },
		{ SL_EPISODES, "errorMsg", SL_RULE_LWW },
		{ SL_EPISODES, "shotGenUsage", SL_RULE_OBJECT },
		{ SL_SCENES, "content", SL_RULE_TEXT },
		{ SL_SHOTS, "videoStatus", SL_RULE_PROGRESS },
		{ SL_SHOTS, "videoStartTime", SL_RULE_MAX },
		{ SL_SHOTS, "isApproved", SL_RULE_FLAG },
		{ SL_SHOTS, "dialogue", SL_RULE_TEXT },
		{ SL_SHOTS, "videoUrl", SL_RULE_LWW },
		{ SL_SHOTS, "videoParams", SL_RULE_LWW },
		{ SL_CHARACTERS, "isMain", SL_RULE_FLAG },
		{ SL_CHARACTERS, "forms", SL_RULE_LIST },
		{ SL_CHARACTERS, "bio", SL_RULE_TEXT },
		{ SL_LOCATIONS, "type", SL_RULE_LWW },
		{ SL_LOCATIONS, "zones", SL_RULE_LIST },
	};
	(void)state;
	for (size_t i = 0; i < LENGTH(cases); i++)
		assert_int_equal(field_of(cases[i].entity, cases[i].name)->rule, cases[i].rule);
	const struct sl_shape *usage = field_of(SL_META, "contextUsage")->shape;
	for (size_t i = 0; i < usage->count; i++)
		assert_int_equal(usage->fields[i].rule, SL_RULE_COUNTER);
	assert_string_equal(field_of(SL_CHARACTERS, "forms")->list_key, "formName");
	assert_string_equal(field_of(SL_LOCATIONS, "zones")->list_key, "name");
	assert_string_equal(field_of(SL_META, "context.episodeSummaries")->list_key, "episodeId");
}

static void words__stand_in_order_of_progress(void **state)
{
	static const char *const status[] = { "pending", "generating", "review_shots", "confirmed_shots", "generating_sora",
		"review_sora", "completed", "error", NULL };
	static const char *const video[] = { "idle", "queued", "generating", "completed", "error", NULL };
	(void)state;
	for (size_t i = 0; status[i]; i++)
		assert_string_equal(field_of(SL_EPISODES, "status")->words[i], status[i]);
	for (size_t i = 0; video[i]; i++)
		assert_string_equal(field_of(SL_SHOTS, "videoStatus")->words[i], video[i]);
	assert_null(field_of(SL_EPISODES, "status")->words[LENGTH(status) - 1]);
	assert_null(field_of(SL_SHOTS, "videoStatus")->words[LENGTH(video) - 1]);
}

static void reserved__names_are_not_fields_but_keys_rank_and_collections(void **state)
{
	static const char *const expected[SL_ENTITIES][5] = { { NULL }, { "id", "rank", "scenes", "shots", NULL },
		{ "id", "episodeId", "rank", NULL }, { "id", "episodeId", "rank", NULL }, { "id", "rank", NULL },
		{ "id", "rank", NULL } };
	(void)state;
	for (int entity = 0; entity < SL_ENTITIES; entity++) {
		size_t count = 99, i = 0;
		const char *const *names = sl_schema_reserved((enum sl_entity)entity, &count);
		for (; expected[entity][i]; i++)
			assert_string_equal(names[i], expected[entity][i]);
		assert_int_equal(count, i);
	}
}

/* --- empty values ----------------------------------------------------------------------------------------------- */

static json_t *zeros(const struct sl_shape *shape)
{
	json_t *object = json_object();
	for (size_t i = 0; i < shape->count; i++) {
		const struct sl_field *field = &shape->fields[i];
		json_object_set_new(object, field->name, field->shape ? zeros(field->shape) : json_integer(0));
	}
	return object;
}

static void empty__is_the_canonical_text_of_the_table_s_zeros(void **state)
{
	const struct sl_shape *meta = sl_schema_row(SL_META);
	size_t objects = 0;
	(void)state;
	for (size_t i = 0; i < meta->count; i++) {
		const struct sl_field *field = &meta->fields[i];
		json_t *value = field->type == SL_TYPE_TEXT ? json_string("") :
			field->type == SL_TYPE_LIST ? json_array() : zeros(field->shape);
		struct sl_buf text;
		sl_buf_init(&text, 1 << 16);
		sl_json_write(&text, value);
		sl_buf_add_char(&text, '\0');
		assert_int_equal(sl_buf_code(&text), 0);
		assert_string_equal(sl_schema_empty(sl_str_from(field->name)), text.bytes);
		objects += field->type == SL_TYPE_OBJECT;
		sl_buf_dispose(&text);
		json_decref(value);
	}
	assert_int_equal(objects, 5);
}

static void empty__is_unknown_for_unknown_names(void **state)
{
	(void)state;
	assert_null(sl_schema_empty(SL_STR("projectSummary")));
	assert_null(sl_schema_empty(SL_STR("episodes")));
	assert_null(sl_schema_empty(SL_STR("")));
}

/* --- JSON Schema ------------------------------------------------------------------------------------------------ */

static json_t *written_schema(void)
{
	struct sl_buf out;
	struct sl_err err = SL_ERR_INIT;
	json_t *schema = NULL;
	sl_buf_init(&out, 1 << 20);
	sl_schema_write(&out);
	assert_int_equal(sl_buf_code(&out), 0);
	if (sl_json_parse(sl_buf_str(&out), &schema, &err) != 0)
		fail_msg("%s", err.message);
	sl_buf_dispose(&out);
	return schema;
}

static const json_t *definition(const json_t *schema, const char *name)
{
	const json_t *value = json_object_get(json_object_get(schema, "$defs"), name);
	if (!json_is_object(value))
		fail_msg("no definition of %s", name);
	return value;
}

/* json_object_get along a path of names, which ends with NULL. */
static const json_t *dig(const json_t *value, ...)
{
	va_list names;
	const char *name;
	va_start(names, value);
	while ((name = va_arg(names, const char *))) {
		value = json_object_get(value, name);
		if (!value)
			fail_msg("no member %s", name);
	}
	va_end(names);
	return value;
}

static size_t resolve_references(const json_t *schema, const json_t *value)
{
	static const char prefix[] = "#/$defs/";
	const char *name;
	json_t *member;
	size_t index, count = 0;
	json_object_foreach((json_t *)value, name, member) {
		if (strcmp(name, "$ref") == 0) {
			assert_memory_equal(json_string_value(member), prefix, sizeof(prefix) - 1);
			definition(schema, json_string_value(member) + sizeof(prefix) - 1);
			count++;
		} else {
			count += resolve_references(schema, member);
		}
	}
	json_array_foreach(value, index, member)
		count += resolve_references(schema, member);
	return count;
}

static void json_schema__names_its_dialect_and_resolves_its_references(void **state)
{
	json_t *schema = written_schema();
	(void)state;
	assert_string_equal(json_string_value(json_object_get(schema, "$schema")),
		"https://json-schema.org/draft/2020-12/schema");
	assert_string_equal(json_string_value(json_object_get(schema, "$id")), "urn:slatesync:schema:1");
	definition(schema, "projectData");
	definition(schema, "delta");
	assert_true(resolve_references(schema, schema) > 50);
	json_decref(schema);
}

static void expect_property(const json_t *property, const struct sl_field *field)
{
	if (!property)
		fail_msg("no property %s", field->name);
	assert_non_null(json_object_get(property, "x-merge"));
	if (field->words) {
		const json_t *words = json_object_get(property, "examples");
		size_t i = 0;
		for (; field->words[i]; i++)
			assert_string_equal(json_string_value(json_array_get(words, i)), field->words[i]);
		assert_int_equal(json_array_size(words), i);
	}
	if (field->limit)
		assert_int_equal(json_number_value(json_object_get(property, "maxLength")), field->limit);
	assert_null(json_object_get(property, "enum"));
}

static void json_schema__has_every_field_of_every_shape(void **state)
{
	json_t *schema = written_schema();
	(void)state;
	for (size_t i = 0; sl_schema_shape(i); i++) {
		const struct sl_shape *shape = sl_schema_shape(i);
		const json_t *properties = dig(definition(schema, shape->name), "properties", NULL);
		if (shape == sl_schema_row(SL_META))
			continue; /* split into two levels: see the next test */
		for (size_t k = 0; k < shape->count; k++)
			expect_property(json_object_get(properties, shape->fields[k].name), &shape->fields[k]);
	}
	json_decref(schema);
}

static void json_schema__puts_project_level_fields_where_documents_have_them(void **state)
{
	json_t *schema = written_schema();
	const struct sl_shape *meta = sl_schema_row(SL_META);
	const json_t *document = dig(definition(schema, "projectData"), "properties", NULL);
	const json_t *delta = dig(definition(schema, "meta"), "properties", NULL);
	(void)state;
	for (size_t i = 0; i < meta->count; i++) {
		const struct sl_field *field = &meta->fields[i];
		bool nested = strncmp(field->name, "context.", 8) == 0;
		const char *name = nested ? field->name + 8 : field->name;
		const json_t *in_document = nested ? dig(document, "context", "properties", NULL) : document;
		const json_t *in_delta = nested ? dig(delta, "context", "properties", NULL) : delta;
		expect_property(json_object_get(in_document, name), field);
		expect_property(json_object_get(in_delta, name), field);
	}
	json_decref(schema);
}

static void json_schema__places_the_collections(void **state)
{
	json_t *schema = written_schema();
	const json_t *document = dig(definition(schema, "projectData"), "properties", NULL);
	const json_t *delta = definition(schema, "delta");
	(void)state;
	dig(document, "episodes", "items", "properties", "scenes", "items", "$ref", NULL);
	dig(document, "episodes", "items", "properties", "shots", "items", "$ref", NULL);
	dig(document, "context", "properties", "characters", "items", "$ref", NULL);
	dig(document, "context", "properties", "locations", "items", "$ref", NULL);
	for (int entity = SL_EPISODES; entity < SL_ENTITIES; entity++) {
		const char *name = sl_entity_name((enum sl_entity)entity);
		const json_t *items = dig(delta, "properties", name, "items", NULL);
		dig(items, "properties", "rank", NULL);
		assert_int_equal(json_object_get(items, "required") != NULL, entity == SL_SCENES || entity == SL_SHOTS);
		dig(delta, "properties", "deleted", "properties", name, NULL);
	}
	assert_true(json_is_false(dig(delta, "additionalProperties", NULL)));
	assert_true(json_is_false(dig(delta, "properties", "episodes", "items", "properties", "shots", NULL)));
	json_decref(schema);
}

static void json_schema__stops_quietly_at_a_full_buffer(void **state)
{
	struct sl_buf out;
	(void)state;
	sl_buf_init(&out, 100);
	sl_schema_write(&out);
	assert_int_equal(sl_buf_code(&out), SL_TOO_LARGE);
	assert_true(out.length <= 100);
	sl_buf_dispose(&out);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(entity__names_are_those_of_the_delta),
		cmocka_unit_test(field__is_found_by_its_whole_name_only),
		cmocka_unit_test(field__declarations_fit_their_types),
		cmocka_unit_test(field__only_keys_are_required),
		cmocka_unit_test(field__rules_are_those_of_the_merge_table),
		cmocka_unit_test(words__stand_in_order_of_progress),
		cmocka_unit_test(reserved__names_are_not_fields_but_keys_rank_and_collections),
		cmocka_unit_test(empty__is_the_canonical_text_of_the_table_s_zeros),
		cmocka_unit_test(empty__is_unknown_for_unknown_names),
		cmocka_unit_test(json_schema__names_its_dialect_and_resolves_its_references),
		cmocka_unit_test(json_schema__has_every_field_of_every_shape),
		cmocka_unit_test(json_schema__puts_project_level_fields_where_documents_have_them),
		cmocka_unit_test(json_schema__places_the_collections),
		cmocka_unit_test(json_schema__stops_quietly_at_a_full_buffer),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
