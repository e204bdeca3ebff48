/* Trace ids: what is taken over from a traceparent, and what isn't. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "server/trace.h"

#define TRACE "4bf92f3577b34da6a3ce929d0e0e4736"
#define PARENT "00f067aa0ba902b7"

static void trace__a_valid_parent_is_taken_over(void **state)
{
	(void)state;
	static const char *const parents[] = { "00-" TRACE "-" PARENT "-01", "00-" TRACE "-" PARENT "-00",
		"00-" TRACE "-" PARENT "-ff" };
	for (size_t i = 0; i < sizeof(parents) / sizeof(parents[0]); i++) {
		char id[SL_TRACE_HEX];
		sl_trace_id(parents[i], id);
		assert_string_equal(id, TRACE);
	}
}

static void assert_fresh(const char *parent)
{
	char id[SL_TRACE_HEX];
	sl_trace_id(parent, id);
	assert_int_equal(strlen(id), 32);
	assert_int_equal(strspn(id, "0123456789abcdef"), 32);
	assert_string_not_equal(id, TRACE);
	assert_string_not_equal(id, "00000000000000000000000000000000");
}

static void trace__anything_else_is_replaced(void **state)
{
	(void)state;
	static const char *const parents[] = { NULL, "", "00", "00-" TRACE, "00-" TRACE "-" PARENT, "00-" TRACE "-" PARENT "-",
		"00-" TRACE "-" PARENT "-1", "00-" TRACE "-" PARENT "-0g", "00-" TRACE "-" PARENT "-01-",
		"01-" TRACE "-" PARENT "-01",
		"ff-" TRACE "-" PARENT "-01", "00-" TRACE "-0000000000000000-01", "00_" TRACE "-" PARENT "-01",
		"00-00000000000000000000000000000000-" PARENT "-01", "00-4BF92F3577B34DA6A3CE929D0E0E4736-" PARENT "-01",
		"00-" TRACE "-00F067AA0BA902B7-01", "00-" TRACE "-" PARENT "-0A", " 00-" TRACE "-" PARENT "-01",
		"00-" TRACE "-" PARENT " 01", "00-4bf92f3577b34da6a3ce929d0e0e473\"-" PARENT "-01" };
	for (size_t i = 0; i < sizeof(parents) / sizeof(parents[0]); i++)
		assert_fresh(parents[i]);
}

static void trace__fresh_ids_differ(void **state)
{
	(void)state;
	char one[SL_TRACE_HEX], other[SL_TRACE_HEX];
	sl_trace_id(NULL, one);
	sl_trace_id(NULL, other);
	assert_string_not_equal(one, other);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(trace__a_valid_parent_is_taken_over),
		cmocka_unit_test(trace__anything_else_is_replaced),
		cmocka_unit_test(trace__fresh_ids_differ),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
