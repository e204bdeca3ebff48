/* Limits of validation: depth, sizes of rows, memory. */
#include "validating.h"

#include "core/delta/delta.h"
#include "core/rows/document_write.h"
#include "core/json/scan.h"
#include "core/json/write.h"

static json_t *nested(size_t levels)
{
	json_t *value = json_array();
	for (size_t level = 1; level < levels; level++)
		value = json_pack("[o]", value);
	return value;
}

/* The row's object is the first level of a row, its value that of a project-level field. */
static void depth__is_bounded_within_a_row(void **state)
{
	(void)state;
	for (unsigned levels = 2; levels < SL_JSON_DEPTH + 2; levels++) {
		json_t *document = parse("{'episodes':[{'id':1,'scenes':[{'id':'s'}],'shots':[{'id':'a'}]}],"
			"'context':{'characters':[{'id':'c'}],'locations':[{'id':'l'}]}}");
		json_t *episode = json_array_get(json_object_get(document, "episodes"), 0);
		json_t *context = json_object_get(document, "context");
		struct { json_t *holder; unsigned levels, most; } const places[] = {
			{ document, levels, 29 }, { context, levels, 28 }, { episode, levels - 1, 29 },
			{ json_array_get(json_object_get(episode, "scenes"), 0), levels - 1, 27 },
			{ json_array_get(json_object_get(episode, "shots"), 0), levels - 1, 27 },
			{ json_array_get(json_object_get(context, "characters"), 0), levels - 1, 28 },
			{ json_array_get(json_object_get(context, "locations"), 0), levels - 1, 28 },
		};
		for (size_t i = 0; i < LENGTH(places); i++) {
			char reason[64];
			struct run run;
			json_object_set_new(places[i].holder, "deep", nested(places[i].levels));
			run_value(&run, DOCUMENT, document, NO_LIMIT);
			assert_int_equal(run.faults.total, levels > places[i].most);
			snprintf(reason, sizeof(reason), "nested deeper than %u levels", places[i].most);
			if (run.faults.total)
				assert_string_equal(run.faults.items[0].reason, reason);
			run_end(&run);
			json_object_del(places[i].holder, "deep");
		}
		json_decref(document);
	}
}

/* The rows of a valid delta as a request with the whole document, which nests them deeper. */
static void expect_readable(const json_t *delta_json)
{
	struct run run;
	struct sl_delta delta;
	struct sl_buf text;
	json_t *request;
	run_value(&run, DELTA, delta_json, NO_LIMIT);
	if (run.code == 0) {
		sl_buf_init(&text, SIZE_MAX);
		assert_int_equal(sl_delta_from_json(delta_json, &run.arena, &delta, NULL), 0);
		sl_buf_add_text(&text, "{\"projectData\":");
		assert_int_equal(sl_rows_write_document(delta.rows, &run.arena, &text, NULL), 0);
		sl_buf_add_char(&text, '}');
		request = parse_bytes(text.bytes, text.length);
		expect_valid(DOCUMENT, json_object_get(request, "projectData"), NO_LIMIT);
		json_decref(request);
		sl_buf_dispose(&text);
	}
	run_end(&run);
}

static void depth__of_a_valid_delta_fits_every_request(void **state)
{
	(void)state;
	for (size_t levels = 1; levels <= SL_JSON_DEPTH; levels++) {
		json_t *delta = parse("{'episodes':[{'id':1}],'shots':[{'episodeId':1,'id':'a'}],'characters':[{'id':'c'}],"
			"'meta':{'context':{}}}");
		json_t *rows[] = { json_array_get(json_object_get(delta, "episodes"), 0),
			json_array_get(json_object_get(delta, "shots"), 0), json_array_get(json_object_get(delta, "characters"), 0),
			json_object_get(delta, "meta"), json_object_get(json_object_get(delta, "meta"), "context") };
		for (size_t i = 0; i < LENGTH(rows); i++) {
			json_object_set_new(rows[i], "deep", nested(levels));
			expect_readable(delta);
			json_object_del(rows[i], "deep");
		}
		json_decref(delta);
	}
}

/* {"description":"…"} of a shot, without its key and rank, has 18 bytes around its text. */
static void rows__are_measured_exactly_at_their_limit(void **state)
{
	json_t *document = parse("{'episodes':[{'id':1,'shots':[{'id':'a-long-id','rank':'V','episodeId':1,"
		"'description':'\\n\\u0001\\u00e9xxxx'}]}]}");
	(void)state;
	expect_valid(DOCUMENT, document, 18 + 2 + 6 + 2 + 4);
	expect_fault(DOCUMENT, document, 18 + 2 + 6 + 2 + 4 - 1, "/projectData/episodes/0/shots/0",
		"takes more than 31 bytes");
	json_decref(document);
}

static void rows__of_episodes_are_measured_without_scenes_and_shots(void **state)
{
	json_t *document = parse("{'episodes':[{'id':1,'title':'x','shots':[{'id':'a'},{'id':'b'},{'id':'c'}],"
		"'scenes':[{'id':'a'},{'id':'b'},{'id':'c'}]}]}");
	(void)state;
	expect_valid(DOCUMENT, document, strlen("{'title':'x'}"));
	expect_fault(DOCUMENT, document, strlen("{'title':'x'}") - 1, "/projectData/episodes/0",
		"takes more than 12 bytes");
	json_decref(document);
}

static void rows__of_the_project_level_are_measured_one_by_one(void **state)
{
	json_t *document = parse("{'episodes':[],'rawScript':'12345678','soraGuide':'12345678','context':{'x':[1,2,3,4]}}");
	(void)state;
	expect_valid(DOCUMENT, document, 10);
	json_object_set_new(document, "rawScript", json_string("123456789"));
	expect_fault(DOCUMENT, document, 10, "/projectData/rawScript", "takes more than 10 bytes");
	json_decref(document);
}

/* A row of each kind of value, at every limit around its true size: the estimate must never be too low. */
static void rows__estimate_never_lets_a_large_row_pass(void **state)
{
	static const char *const values[] = { "''", "'\\u001f\\u001f'", "null", "true", "false", "0", "-9007199254740991",
		"-1.2345678901234567e-300", "[]", "{}", "[[],[]]", "{'a':{},'b':[]}", "[null,false]", "{'\\u001f':'\\u001f'}",
		"'\\u001f\\u001f\\u001f\\u001f\\u001f\\u001f\\u001f\\u001f\\u001f\\u001f\\u001f\\u001f\\u001f\\u001f\\u001f'" };
	(void)state;
	for (size_t i = 0; i < LENGTH(values); i++) {
		char text[256];
		snprintf(text, sizeof(text), "{'episodes':[{'id':1,'x':%s}]}", values[i]);
		json_t *document = parse(text);
		json_t *row = json_deep_copy(json_array_get(json_object_get(document, "episodes"), 0));
		struct sl_buf canonical;
		json_object_del(row, "id");
		sl_buf_init(&canonical, 1 << 16);
		sl_json_write(&canonical, row);
		expect_valid(DOCUMENT, document, canonical.length);
		expect_fault(DOCUMENT, document, canonical.length - 1, "/projectData/episodes/0", NULL);
		sl_buf_dispose(&canonical);
		json_decref(row);
		json_decref(document);
	}
}

/* --- numbers of values -------------------------------------------------------------------------------------------- */

/* An array of `count` values, itself counted. */
static json_t *many(size_t count, json_t *(*make)(void))
{
	json_t *array = json_array();
	for (size_t i = 1; i < count; i++)
		assert_int_equal(json_array_append_new(array, make()), 0);
	return array;
}

static json_t *one(void)
{
	return json_real(1);
}

/* Two values each, as many as elements of a known shape. */
static json_t *form(void)
{
	return json_pack("{s:s}", "formName", "x");
}

static void values__are_counted_up_to_their_limit(void **state)
{
	(void)state;
	static const struct { const char *path, *field; size_t others; } places[] = {
		{ "/projectData/episodes/0/shots/0", "videoParams", 1 }, { "/projectData/episodes/0", "deep", 1 },
		{ "/projectData/context/characters/0", "deep", 0 }, { "/projectData/deep", "deep", 0 },
		{ "/projectData/context/deep", "deep", 0 } };
	for (size_t i = 0; i < LENGTH(places); i++)
		for (size_t more = 0; more < 2; more++) {
			json_t *document = parse("{'episodes':[{'id':1,'title':'x','shots':[{'id':'a','description':'y'}]}],"
				"'context':{'characters':[{'id':'c'}]},'rawScript':'z'}");
			json_t *episode = json_array_get(json_object_get(document, "episodes"), 0);
			json_t *context = json_object_get(document, "context");
			json_t *holders[] = { json_array_get(json_object_get(episode, "shots"), 0), episode,
				json_array_get(json_object_get(context, "characters"), 0), document, context };
			json_object_set_new(holders[i], places[i].field, many(SL_ROW_VALUES - places[i].others + more, one));
			if (more)
				expect_fault(DOCUMENT, document, NO_LIMIT, places[i].path, "holds more than 100000 values");
			else
				expect_valid(DOCUMENT, document, NO_LIMIT);
			json_decref(document);
		}
}

static void values__inside_known_shapes_count(void **state)
{
	(void)state;
	for (size_t more = 0; more < 2; more++) {
		json_t *delta = parse("{'characters':[{'id':'c'}]}");
		json_object_set_new(json_array_get(json_object_get(delta, "characters"), 0), "forms",
			many(SL_ROW_VALUES / 2 + more, form));
		if (more)
			expect_fault(DELTA, delta, NO_LIMIT, "/delta/characters/0", "holds more than 100000 values");
		else
			expect_valid(DELTA, delta, NO_LIMIT);
		json_decref(delta);
	}
}

/* The densest rows that are valid. */
static json_t *dense(void)
{
	json_t *object = json_object();
	json_object_set_new(object, "", json_array());
	return object;
}

static void case_06__rows_that_are_valid_one_by_one_are_read_together(void **state)
{
	(void)state;
	json_t *delta = json_object(), *rows = json_array();
	json_object_set_new(delta, "characters", rows);
	for (int i = 0; i < 5; i++) {
		json_t *(*const kinds[])(void) = { one, dense, json_array, json_object, json_null };
		char id[2] = { (char)('a' + i), '\0' };
		size_t count = kinds[i] == dense ? SL_ROW_VALUES / 2 : SL_ROW_VALUES;
		json_array_append_new(rows, json_pack("{s:s,s:o}", "id", id, "deep", many(count, kinds[i])));
	}
	expect_readable(delta);
	json_decref(delta);
}

static void case_06__any_valid_row_fits_a_request(void **state)
{
	(void)state;
	json_t *delta = json_object(), *row = json_pack("{s:s}", "id", "a"), *value;
	json_object_set_new(delta, "characters", json_pack("[o]", row));
	for (int i = 0; i < SL_ROW_VALUES; i++) {
		char name[80]; /* as long as 8 MB allow */
		snprintf(name, sizeof(name), "%075d", i);
		json_object_set_new(row, name, json_object());
	}
	expect_valid(DELTA, delta, 8 << 20);
	struct sl_buf text;
	sl_buf_init(&text, SIZE_MAX);
	sl_json_write(&text, delta);
	assert_int_equal(sl_json_parse_within(sl_buf_str(&text), SL_JSON_REQUEST_MEMORY / 2, &value, NULL), 0);
	json_decref(value);
	json_decref(delta);
	sl_buf_dispose(&text);
}

static void memory__shortage_is_told_apart_from_faults(void **state)
{
	json_t *document = parse("{'episodes':[{'id':'x','shots':[{'id':1},{'id':2},{'id':3},{'id':4}],'title':7}]}");
	bool short_of_memory = false, complete = false;
	(void)state;
	for (size_t maximum = 1; !complete && maximum < 1 << 20; maximum += 97) {
		struct sl_arena arena;
		struct sl_faults faults;
		struct sl_err err = SL_ERR_INIT;
		sl_arena_init(&arena, maximum);
		int code = sl_validate_document(document, "", NO_LIMIT, &arena, &faults, &err);
		assert_true(code == SL_NO_MEMORY || code == SL_INVALID);
		assert_int_equal(err.code, code);
		short_of_memory |= code == SL_NO_MEMORY;
		complete = code == SL_INVALID && faults.total == 6;
		sl_arena_dispose(&arena);
	}
	assert_true(short_of_memory);
	assert_true(complete);
	json_decref(document);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(depth__is_bounded_within_a_row),
		cmocka_unit_test(depth__of_a_valid_delta_fits_every_request),
		cmocka_unit_test(rows__are_measured_exactly_at_their_limit),
		cmocka_unit_test(rows__of_episodes_are_measured_without_scenes_and_shots),
		cmocka_unit_test(rows__of_the_project_level_are_measured_one_by_one),
		cmocka_unit_test(rows__estimate_never_lets_a_large_row_pass),
		cmocka_unit_test(values__are_counted_up_to_their_limit),
		cmocka_unit_test(values__inside_known_shapes_count),
		cmocka_unit_test(case_06__rows_that_are_valid_one_by_one_are_read_together),
		cmocka_unit_test(case_06__any_valid_row_fits_a_request),
		cmocka_unit_test(memory__shortage_is_told_apart_from_faults),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
