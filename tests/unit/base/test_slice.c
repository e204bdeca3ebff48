/* What texts begin and end with in common, at every length around the stride that is compared at once. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdlib.h>

#include "core/base/slice.h"

static void slice__common_prefix_and_suffix(void **state)
{
	(void)state;
	struct sl_str none = { NULL, 0 };
	assert_int_equal(sl_str_common_prefix(SL_STR("abcd"), SL_STR("abxd")), 2);
	assert_int_equal(sl_str_common_suffix(SL_STR("abcd"), SL_STR("xbcd")), 3);
	assert_int_equal(sl_str_common_prefix(SL_STR("ab"), SL_STR("abc")), 2);
	assert_int_equal(sl_str_common_suffix(SL_STR("bc"), SL_STR("abc")), 2);
	assert_int_equal(sl_str_common_prefix(none, SL_STR("a")), 0);
	assert_int_equal(sl_str_common_suffix(SL_STR("a"), none), 0);
}

/* Copies of their exact lengths, so that a sanitizer sees every byte that is read too far. */
static void slice__one_byte_differs_anywhere(void **state)
{
	(void)state;
	for (size_t length = 1; length < 200; length++)
		for (size_t at = 0; at < length; at++) {
			char *a = malloc(length), *b = malloc(length + 3);
			memset(a, 'x', length);
			memset(b, 'x', length + 3);
			a[at] = 'y';
			struct sl_str changed = { a, length };
			assert_int_equal(sl_str_common_prefix(changed, (struct sl_str){ b, length + 3 }), at);
			assert_int_equal(sl_str_common_suffix((struct sl_str){ b, length + 3 }, changed), length - 1 - at);
			free(a);
			free(b);
		}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(slice__common_prefix_and_suffix),
		cmocka_unit_test(slice__one_byte_differs_anywhere),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
