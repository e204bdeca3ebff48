/* Runs the vectors natively: see README.md beside this file.
 * Files are read with Jansson itself, not with the core. Prints TAP, or with --print the answers; exit status 1 if
 * a case failed or could not be read. */
#ifdef HAVE_CONFIG_H
#include "config.h" /* glob */
#endif

#include <glob.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>

#include "core/json/write.h"
#include "operations.h"

#define FILE_BYTES ((size_t)1 << 28)

struct runner {
	const char *file; /* without directories */
	bool print;
	int count, failed;
};

/* --- texts ------------------------------------------------------------------------------------------------------ */

static void write_value(struct sl_buf *out, const json_t *value);

static void write_array(struct sl_buf *out, const json_t *array)
{
	sl_buf_add_char(out, '[');
	for (size_t i = 0; i < json_array_size(array); i++) {
		if (i > 0)
			sl_buf_add_char(out, ',');
		write_value(out, json_array_get(array, i));
	}
	sl_buf_add_char(out, ']');
}

static void write_string(struct sl_buf *out, const json_t *string)
{
	sl_json_string(out, (struct sl_str){ json_string_value(string), json_string_length(string) });
}

static void write_object(struct sl_buf *out, const json_t *object)
{
	const char *name, *before = "{";
	json_t *value;
	json_object_foreach((json_t *)object, name, value) {
		sl_buf_add_text(out, before);
		sl_json_string(out, sl_str_from(name));
		sl_buf_add_char(out, ':');
		write_value(out, value);
		before = ",";
	}
	sl_buf_add_text(out, json_object_size(object) ? "}" : "{}");
}

/* What JSON.stringify gives: no blanks, members in their order. */
static void write_value(struct sl_buf *out, const json_t *value)
{
	if (json_is_object(value))
		write_object(out, value);
	else if (json_is_array(value))
		write_array(out, value);
	else if (json_is_string(value))
		write_string(out, value);
	else if (json_is_number(value))
		sl_json_number(out, json_number_value(value));
	else
		sl_buf_add_text(out, json_is_true(value) ? "true" : json_is_false(value) ? "false" : "null");
}

static void write_hex(struct sl_buf *out, const char *hex)
{
	unsigned byte;
	for (; sscanf(hex, "%2x", &byte) == 1; hex += 2)
		sl_buf_add_char(out, (char)byte);
}

static void write_argument(struct sl_buf *out, const json_t *argument)
{
	const char *hex = json_string_value(json_object_get(argument, "hex"));
	if (hex)
		write_hex(out, hex);
	else if (json_is_string(argument))
		sl_buf_add(out, json_string_value(argument), json_string_length(argument));
	else
		write_value(out, argument);
}

/* --- cases ------------------------------------------------------------------------------------------------------ */

/* Runs the operation; the answer is the caller's. */
static int answer(const struct operation *operation, const json_t *arguments, struct sl_web_call *call)
{
	struct sl_buf texts[SL_WEB_ARGUMENTS];
	*call = (struct sl_web_call){ 0 };
	for (size_t i = 0; i < SL_WEB_ARGUMENTS; i++) {
		sl_buf_init(&texts[i], FILE_BYTES);
		if (i < json_array_size(arguments))
			write_argument(&texts[i], json_array_get(arguments, i));
		call->in[i] = sl_buf_str(&texts[i]);
	}
	int code = operation->run(call);
	for (size_t i = 0; i < SL_WEB_ARGUMENTS; i++)
		sl_buf_dispose(&texts[i]);
	return code;
}

/* What the case expects; whether it is one of the three ways to say so. */
static bool write_expected(const json_t *item, struct sl_buf *expected, bool *fails_r)
{
	const json_t *gives = json_object_get(item, "gives"), *text = json_object_get(item, "text");
	const json_t *fails = json_object_get(item, "fails");
	*fails_r = fails != NULL;
	if (text)
		sl_buf_add(expected, json_string_value(text), json_string_length(text));
	else if (gives || fails)
		write_value(expected, gives ? gives : fails);
	return (gives != NULL) + json_is_string(text) + (fails != NULL) == 1;
}

static void report(struct runner *runner, const char *name, bool passed)
{
	runner->failed += passed ? 0 : 1;
	printf("%sok %d - %s: %s\n", passed ? "" : "not ", ++runner->count, runner->file, name);
}

static void show(const char *label, struct sl_str text)
{
	printf("#   %s %.*s\n", label, (int)text.length, text.bytes ? text.bytes : "");
}

static void check(struct runner *runner, const json_t *item, const char *name, int code, struct sl_str text)
{
	struct sl_buf expected;
	bool fails;
	sl_buf_init(&expected, FILE_BYTES);
	bool told = write_expected(item, &expected, &fails);
	bool passed = told && fails == (code != 0) && sl_str_equal(sl_buf_str(&expected), text);
	report(runner, name, passed);
	if (!passed) {
		show(told ? "expected:" : "the case expects nothing, or several things", sl_buf_str(&expected));
		show("answer:  ", text);
	}
	sl_buf_dispose(&expected);
}

static void run_case(struct runner *runner, const json_t *item)
{
	const char *name = json_string_value(json_object_get(item, "name"));
	const struct operation *operation = operation_find(json_string_value(json_object_get(item, "do")));
	const json_t *arguments = json_object_get(item, "with");
	struct sl_web_call call;
	if (!name || !operation || json_array_size(arguments) > SL_WEB_ARGUMENTS) {
		report(runner, name ? name : "(no name)", false);
		printf("#   not a case: needs a name, an operation, and at most %d arguments\n", SL_WEB_ARGUMENTS);
		return;
	}
	int code = answer(operation, arguments, &call);
	if (runner->print)
		printf("%s: %s\t%d\t%.*s\n", runner->file, name, code, (int)call.result.length, call.result.bytes);
	else
		check(runner, item, name, code, call.result);
	sl_web_release((void *)call.result.bytes);
}

static void run_file(struct runner *runner, const char *path)
{
	json_error_t error;
	json_t *file = json_load_file(path, JSON_REJECT_DUPLICATES, &error);
	const json_t *cases = json_object_get(file, "cases"), *item;
	const char *slash = strrchr(path, '/');
	size_t index;
	runner->file = slash ? slash + 1 : path;
	if (json_array_size(cases) == 0) {
		report(runner, "can be read and holds cases", false);
		printf("#   %s:%d: %s\n", path, error.line, error.text);
	}
	json_array_foreach(cases, index, item)
		run_case(runner, item);
	json_decref(file);
}

/* Without arguments: all vectors beside the sources. */
static int run_all(struct runner *runner)
{
	const char *top = getenv("srcdir");
	char pattern[4096];
	glob_t found;
	snprintf(pattern, sizeof(pattern), "%s/tests/vectors/*.json", top ? top : ".");
	int code = glob(pattern, 0, NULL, &found);
	for (size_t i = 0; code == 0 && i < found.gl_pathc; i++)
		run_file(runner, found.gl_pathv[i]);
	if (code == 0)
		globfree(&found);
	return code;
}

int main(int argc, char **argv)
{
	struct runner runner = { 0 };
	int at = 1;
	runner.print = at < argc && strcmp(argv[at], "--print") == 0;
	at += runner.print ? 1 : 0;
	if (at == argc && run_all(&runner) != 0) {
		printf("Bail out! no vectors: set srcdir to the top of the sources\n");
		return 1;
	}
	for (; at < argc; at++)
		run_file(&runner, argv[at]);
	if (!runner.print)
		printf("1..%d\n", runner.count);
	return runner.failed ? 1 : 0;
}
