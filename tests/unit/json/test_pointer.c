/* JSON Pointers, written and taken apart (RFC 6901). */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <jansson.h>

#include "core/base/error.h"
#include "core/json/pointer.h"
#include "core/json/write.h"
#include "unit/base/torture.h"

static void pointer__comes_back_name_by_name(void **state)
{
	static const char *const names[] = { "", "a/b", "c%d", "m~n", "~1", "~01", "/", "~", "", "\xc3\xa9" };
	(void)state;
	struct sl_arena arena;
	struct sl_buf text;
	sl_arena_init(&arena, 0);
	sl_buf_init(&text, SIZE_MAX);
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		sl_pointer_add(&text, sl_str_from(names[i]));
	struct sl_str rest = sl_buf_str(&text), name;
	assert_true(sl_str_equal(rest, SL_STR("//a~1b/c%d/m~0n/~01/~001/~1/~0//\xc3\xa9")));
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		assert_int_equal(sl_pointer_next(&rest, &arena, &name), 1);
		assert_true(sl_str_equal(name, sl_str_from(names[i])));
	}
	assert_int_equal(sl_pointer_next(&rest, &arena, &name), 0);
	assert_int_equal(name.length, 0);
	sl_buf_dispose(&text);
	sl_arena_dispose(&arena);
}

static void pointer__takes_what_is_no_pointer(void **state)
{
	(void)state;
	struct sl_arena arena;
	struct sl_str rest = SL_STR("a/b"), odd = SL_STR("/x~2y~"), name;
	sl_arena_init(&arena, 0);
	assert_int_equal(sl_pointer_next(&rest, &arena, &name), 0);
	assert_int_equal(rest.length, 3);
	assert_int_equal(sl_pointer_next(&odd, &arena, &name), 1);
	assert_true(sl_str_equal(name, SL_STR("x~2y~")));
	sl_arena_dispose(&arena);
}

static int take_and_copy(void *context)
{
	struct sl_arena arena;
	struct sl_str pointer = SL_STR("/a"), text;
	(void)context;
	sl_arena_init(&arena, 0);
	int code = sl_pointer_next(&pointer, &arena, &text);
	json_t *value = code == 1 ? json_string("a") : NULL;
	if (code == 1)
		code = value ? sl_json_copy(value, &arena, &text) : SL_NO_MEMORY;
	if (code == 0)
		assert_true(sl_str_equal(text, SL_STR("\"a\"")));
	json_decref(value);
	sl_arena_dispose(&arena);
	return code;
}

static void pointer__survives_every_failed_allocation(void **state)
{
	(void)state;
	assert_true(torture(take_and_copy, NULL) >= 2);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(pointer__comes_back_name_by_name),
		cmocka_unit_test(pointer__takes_what_is_no_pointer),
		cmocka_unit_test(pointer__survives_every_failed_allocation),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
