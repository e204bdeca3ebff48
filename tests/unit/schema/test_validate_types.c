/* Every field of every shape, taken from the table itself: values of each wrong type, in a document and in a delta. */
#include "validating.h"

/* The candidates, one of each JSON type; a fraction, a large number and an empty text besides. Texts are no word of any list. */
static json_t *candidate(size_t which)
{
	switch (which) {
	case 0: return json_null();
	case 1: return json_true();
	case 2: return json_integer(7);
	case 3: return json_real(1.5);
	case 4: return json_integer(INT64_C(9007199254740992));
	case 5: return json_real(-1e300);
	case 6: return json_string("no such word");
	case 7: return json_array();
	case 8: return json_object();
	case 9: return json_string("");
	default: return NULL;
	}
}

/* What the field must say of the candidate; NULL: it is fine. */
static const char *expected_reason(const struct sl_field *field, const json_t *value)
{
	bool beyond = json_is_number(value) && (json_number_value(value) > 9e15 || json_number_value(value) < -9e15);
	bool blank = json_is_null(value) || (json_is_string(value) && json_string_length(value) == 0);
	if (blank && !field->required)
		return NULL;
	switch (field->type) {
	case SL_TYPE_TEXT:
		return blank && json_is_string(value) ? "must not be empty" : json_is_string(value) ? NULL : "must be text";
	case SL_TYPE_WORD:
		return json_is_string(value) ? NULL : "must be text";
	case SL_TYPE_INTEGER:
		if (beyond)
			return "number beyond ±(2^53−1)";
		return json_is_number(value) && json_number_value(value) == 7 ? NULL : "must be a whole number";
	case SL_TYPE_NUMBER:
		return beyond ? "number beyond ±(2^53−1)" : json_is_number(value) ? NULL : "must be a number";
	case SL_TYPE_BOOLEAN:
		return json_is_boolean(value) ? NULL : "must be true or false";
	case SL_TYPE_OBJECT:
		return json_is_object(value) ? NULL : "must be an object";
	case SL_TYPE_LIST:
		return json_is_array(value) ? NULL : "must be an array";
	case SL_TYPE_ANY:
		return beyond ? "number beyond ±(2^53−1)" : NULL;
	}
	return NULL;
}

struct place {
	enum kind kind;
	json_t *whole; /* document or delta */
	size_t tried;
};

static void expect(const struct place *place, const char *path, const char *reason)
{
	struct run run;
	run_value(&run, place->kind, place->whole, NO_LIMIT);
	if (!reason) {
		if (run.code != 0)
			fail_msg("at %s: unexpected %s %s", path, run.err.path, run.err.message);
	} else {
		if (run.faults.total != 1 || strcmp(run.faults.items[0].path, path) != 0)
			fail_msg("expected one fault at %s, got %zu, the first at %s", path, run.faults.total, run.err.path);
		if (strncmp(run.faults.items[0].reason, reason, strlen(reason)) != 0)
			fail_msg("at %s: \"%s\" instead of \"%s\"", path, run.faults.items[0].reason, reason);
	}
	run_end(&run);
}

static void try_shape(struct place *place, json_t *object, const char *path, const struct sl_shape *shape);

static void try_candidates(struct place *place, json_t *object, const char *name, const char *path,
	const struct sl_field *field)
{
	json_t *kept = json_incref(json_object_get(object, name)), *value;
	for (size_t which = 0; (value = candidate(which)); which++) {
		const char *reason = expected_reason(field, value);
		if (strcmp(name, "episodeId") == 0 && !reason) {
			json_decref(value);
			continue; /* would be another row */
		}
		json_object_set_new(object, name, value);
		expect(place, path, reason);
		place->tried++;
	}
	if (kept)
		json_object_set_new(object, name, kept);
	else
		json_object_del(object, name);
}

static void try_inside(struct place *place, json_t *object, const char *name, const char *path,
	const struct sl_field *field)
{
	bool list = field->type == SL_TYPE_LIST;
	char inner_path[264];
	json_t *inner = json_object();
	snprintf(inner_path, sizeof(inner_path), "%s%s", path, list ? "/0" : "");
	json_object_set_new(object, name, list ? json_pack("[O]", inner) : json_incref(inner));
	try_shape(place, inner, inner_path, field->shape);
	json_object_del(object, name);
	json_decref(inner);
}

static void try_field(struct place *place, json_t *object, const char *name, const char *up,
	const struct sl_field *field)
{
	char path[256];
	snprintf(path, sizeof(path), "%s/%s", up, name);
	try_candidates(place, object, name, path, field);
	if (field->shape)
		try_inside(place, object, name, path, field);
}

static void try_shape(struct place *place, json_t *object, const char *path, const struct sl_shape *shape)
{
	for (size_t i = 0; i < shape->count; i++)
		try_field(place, object, shape->fields[i].name, path, &shape->fields[i]);
}

static void try_meta(struct place *place, json_t *object, const char *path)
{
	const struct sl_shape *meta = sl_schema_row(SL_META);
	char context_path[64];
	snprintf(context_path, sizeof(context_path), "%s/context", path);
	for (size_t i = 0; i < meta->count; i++) {
		const struct sl_field *field = &meta->fields[i];
		if (strncmp(field->name, "context.", 8) == 0)
			try_field(place, json_object_get(object, "context"), field->name + 8, context_path, field);
		else
			try_field(place, object, field->name, path, field);
	}
}

static void types__of_every_field_are_checked_in_documents(void **state)
{
	json_t *document = parse("{'episodes':[{'id':1,'scenes':[{'id':'s'}],'shots':[{'id':'h'}]}],"
		"'context':{'characters':[{'id':'c'}],'locations':[{'id':'l'}]}}");
	struct place place = { DOCUMENT, document, 0 };
	json_t *episode = json_array_get(json_object_get(document, "episodes"), 0);
	json_t *context = json_object_get(document, "context");
	(void)state;
	try_meta(&place, document, "/projectData");
	try_shape(&place, episode, "/projectData/episodes/0", sl_schema_row(SL_EPISODES));
	try_shape(&place, json_array_get(json_object_get(episode, "scenes"), 0), "/projectData/episodes/0/scenes/0",
		sl_schema_row(SL_SCENES));
	try_shape(&place, json_array_get(json_object_get(episode, "shots"), 0), "/projectData/episodes/0/shots/0",
		sl_schema_row(SL_SHOTS));
	try_shape(&place, json_array_get(json_object_get(context, "characters"), 0), "/projectData/context/characters/0",
		sl_schema_row(SL_CHARACTERS));
	try_shape(&place, json_array_get(json_object_get(context, "locations"), 0), "/projectData/context/locations/0",
		sl_schema_row(SL_LOCATIONS));
	assert_true(place.tried > 600);
	json_decref(document);
}

static void types__of_every_field_are_checked_in_deltas(void **state)
{
	json_t *delta = parse("{'meta':{'context':{}},'episodes':[{'id':1}],'scenes':[{'id':'s','episodeId':1}],"
		"'shots':[{'id':'h','episodeId':1}],'characters':[{'id':'c'}],'locations':[{'id':'l'}]}");
	struct place place = { DELTA, delta, 0 };
	(void)state;
	try_meta(&place, json_object_get(delta, "meta"), "/delta/meta");
	for (int entity = SL_EPISODES; entity < SL_ENTITIES; entity++) {
		const char *name = sl_entity_name((enum sl_entity)entity);
		char path[64];
		snprintf(path, sizeof(path), "/delta/%s/0", name);
		try_shape(&place, json_array_get(json_object_get(delta, name), 0), path, sl_schema_row((enum sl_entity)entity));
	}
	assert_true(place.tried > 600);
	json_decref(delta);
}

static void texts__are_limited_in_bytes(void **state)
{
	json_t *document = parse("{'episodes':[{'id':1,'shots':[{'id':'h'}]}]}");
	json_t *episode = json_array_get(json_object_get(document, "episodes"), 0);
	json_t *shot = json_array_get(json_object_get(episode, "shots"), 0);
	const struct sl_shape *shape = sl_schema_row(SL_SHOTS);
	size_t limited = 0;
	(void)state;
	for (size_t i = 0; i < shape->count; i++) {
		const struct sl_field *field = &shape->fields[i];
		if (field->limit == 0)
			continue;
		char path[128], reason[64], *text = calloc(1, field->limit + 3);
		assert_non_null(text);
		snprintf(path, sizeof(path), "/projectData/episodes/0/shots/0/%s", field->name);
		snprintf(reason, sizeof(reason), "longer than %zu bytes", field->limit);
		memset(text, 'x', field->limit);
		json_object_set_new(shot, field->name, json_string(text));
		expect_valid(DOCUMENT, document, NO_LIMIT);
		memcpy(text + field->limit - 1, "é", 2); /* as many characters, one byte more */
		json_object_set_new(shot, field->name, json_string(text));
		expect_fault(DOCUMENT, document, NO_LIMIT, path, reason);
		json_object_del(shot, field->name);
		free(text);
		limited++;
	}
	assert_true(limited >= 3);
	json_decref(document);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(types__of_every_field_are_checked_in_documents),
		cmocka_unit_test(types__of_every_field_are_checked_in_deltas),
		cmocka_unit_test(texts__are_limited_in_bytes),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
