/* Real projects pass validation. */
#ifdef HAVE_CONFIG_H
#include "config.h" /* popen */
#endif

#include "validating.h"

#include <unistd.h>

static bool have_data;

/* Real projects don't belong to the tree: they are in $SLATESYNC_DATA, or beside the sources. */
static void enter_data(void)
{
	const char *data = getenv("SLATESYNC_DATA"), *source = getenv("srcdir");
	char beside[4096];
	snprintf(beside, sizeof(beside), "%s/../shared/data", source ? source : ".");
	have_data = chdir(data ? data : beside) == 0;
}

static void expect_stream_valid(FILE *stream)
{
	struct sl_buf text;
	char chunk[65536];
	size_t length;
	sl_buf_init(&text, (size_t)1 << 26);
	while ((length = fread(chunk, 1, sizeof(chunk), stream)) > 0)
		sl_buf_add(&text, chunk, length);
	assert_int_equal(sl_buf_code(&text), 0);
	assert_true(text.length > 100000);
	json_t *document = parse_bytes(text.bytes, text.length);
	expect_valid(DOCUMENT, document, (size_t)1 << 20);
	json_decref(document);
	sl_buf_dispose(&text);
}

static void projects__of_plays_are_valid(void **state)
{
	static const char *const names[] = { "hamlet.json", "tempest.json" };
	(void)state;
	if (!have_data)
		skip();
	for (size_t i = 0; i < LENGTH(names); i++) {
		FILE *file = fopen(names[i], "rb");
		if (!file)
			skip();
		expect_stream_valid(file);
		fclose(file);
	}
}

static void projects__of_20_megabytes_are_valid(void **state)
{
	(void)state;
	if (!have_data || access("complete-works.json.gz", R_OK) != 0)
		skip();
	FILE *pipe = popen("gzip -dc complete-works.json.gz", "r");
	assert_non_null(pipe);
	expect_stream_valid(pipe);
	assert_int_equal(pclose(pipe), 0);
}

int main(void)
{
	enter_data();
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(projects__of_plays_are_valid),
		cmocka_unit_test(projects__of_20_megabytes_are_valid),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
