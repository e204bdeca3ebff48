/* Tokens against Unicode's own tests of grapheme clusters and words, which are read from ../shared/vectors. */
#ifdef HAVE_CONFIG_H
#include "config.h"
#endif

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "core/text/classes.h"
#include "core/text/tokens.h"

#include "unicode_tests.h"

static void print_test(const struct break_test *test, size_t at)
{
	print_message("a token ends at byte %zu of", at);
	for (size_t i = 0; i < test->point_count; i++)
		print_message(" U+%04X", (unsigned)test->points[i]);
	print_message("\n");
}

/* Whether the text has letters that count as words of their own here, whatever Unicode makes of them; or halves of flags, of
 * which its words join others than its clusters do. */
static bool is_left_out(const struct break_test *test)
{
	for (size_t i = 0; i < test->point_count; i++) {
		enum sl_text_class class = sl_text_class_of(test->points[i]);
		if (class == SL_CLASS_SOLO || class == SL_CLASS_REGIONAL)
			return true;
	}
	return false;
}

/* The number of tokens that end inside a unit of the tests. */
static size_t count_splits(const char *name, bool (*passes_over)(const struct break_test *))
{
	FILE *file = open_vectors(name);
	struct break_test test;
	size_t splits = 0, count = 0;
	while (next_break_test(file, &test)) {
		struct sl_str text = { test.bytes, test.length };
		enum sl_text_token token;
		for (size_t at = 0; at < text.length && !(passes_over && passes_over(&test));) {
			at = sl_text_token_end(text, at, &token);
			if (!test.ends[at]) {
				print_test(&test, at);
				splits++;
			}
		}
		count++;
	}
	close_vectors(file);
	assert_true(count > 500);
	return splits;
}

static void case_72__no_cluster_is_split(void **state)
{
	(void)state;
	assert_int_equal(count_splits("graphemes.txt", NULL), 0);
}

static void case_71__no_word_is_split(void **state)
{
	(void)state;
	assert_int_equal(count_splits("words.txt", is_left_out), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(case_72__no_cluster_is_split),
		cmocka_unit_test(case_71__no_word_is_split),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
