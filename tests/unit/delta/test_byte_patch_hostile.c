/* sl_patch on damaged and hostile patches, and where memory runs out: it fails as documented, and only ever fails. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <jansson.h>

#include "byte_patch_fixture.h"
#include "unit/base/torture.h"

/* Whatever the patch holds: a result of the declared length, or SL_INTERNAL. */
static int try_apply(struct scratch *scratch, struct sl_str from, struct sl_str patch)
{
	struct sl_err err = SL_ERR_INIT;
	struct sl_str to;
	uint64_t declared;
	size_t cursor = 0;
	int code = sl_patch_apply(from, patch, &scratch->arena, &to, &err);
	if (code != 0) {
		assert_int_equal(code, SL_INTERNAL);
		assert_int_equal(err.code, SL_INTERNAL);
	} else {
		assert_int_equal(sl_varint_read(patch, &cursor, &declared), 0);
		assert_true(to.length == declared);
	}
	return code;
}

static int try_compose(struct scratch *scratch, struct sl_str first, struct sl_str second)
{
	struct sl_err err = SL_ERR_INIT;
	int code = sl_patch_compose(first, second, &scratch->arena, &scratch->buf, &err);
	if (code != 0)
		assert_int_equal(scratch->buf.length, 0);
	sl_buf_clear(&scratch->buf);
	assert_true(code == 0 || code == SL_INTERNAL);
	return code;
}

static void patch__truncated_ones_fail(void **state)
{
	struct scratch *scratch = *state;
	struct sl_str from = prose(scratch, 1000), to = edit(scratch, edit(scratch, edit(scratch, from)));
	struct sl_str patch = make(scratch, from, to), identity = make(scratch, to, to);
	for (size_t length = 0; length < patch.length; length++) {
		char *bytes = sl_arena_alloc(&scratch->arena, length);
		memcpy(bytes, patch.bytes, length);
		assert_int_equal(try_apply(scratch, from, (struct sl_str){ bytes, length }), SL_INTERNAL);
		assert_int_equal(try_compose(scratch, (struct sl_str){ bytes, length }, identity), SL_INTERNAL);
	}
}

static void patch__flipped_bits_never_crash(void **state)
{
	struct scratch *scratch = *state;
	int failed = 0;
	struct sl_str from = prose(scratch, 1000), to = edit(scratch, edit(scratch, edit(scratch, from)));
	struct sl_str patch = make(scratch, from, to), after = make(scratch, to, edit(scratch, to));
	char *bytes = sl_arena_alloc(&scratch->arena, patch.length);
	for (size_t bit = 0; bit < patch.length * 8; bit++) {
		struct sl_str bent = { bytes, patch.length };
		memcpy(bytes, patch.bytes, patch.length);
		bytes[bit / 8] = (char)(bytes[bit / 8] ^ 1 << bit % 8);
		failed += try_apply(scratch, from, bent) != 0;
		(void)try_compose(scratch, bent, after);
		(void)try_compose(scratch, after, bent);
	}
	assert_true(failed > 0);
}

static void patch__random_bytes_never_crash(void **state)
{
	struct scratch *scratch = *state;
	struct sl_str from = prose(scratch, 300);
	int applied = 0;
	for (int round = 0; round < 100000; round++) {
		size_t length = pick(20);
		char *bytes = sl_arena_alloc(&scratch->arena, length);
		for (size_t i = 0; i < length; i++)
			bytes[i] = (char)(pick(3) ? pick(24) : pick(256));
		applied += try_apply(scratch, from, (struct sl_str){ bytes, length }) == 0;
		(void)try_compose(scratch, (struct sl_str){ bytes, length }, (struct sl_str){ bytes, length });
		if (round % 5000 == 4999) {
			sl_arena_dispose(&scratch->arena);
			from = prose(scratch, 300);
		}
	}
	assert_true(applied > 10);
}

static void patch__unsound_ones_fail(void **state)
{
	static const struct { struct sl_str patch; const char *why; } cases[] = {
		{ { "", 0 }, "no length" },
		{ { "\x05", 1 }, "a length without operations" },
		{ { "\x00\x00", 2 }, "an empty operation" },
		{ { "\x00\x01\x00", 3 }, "an empty copy" },
		{ { "\x01\x04" "ab", 4 }, "more than declared" },
		{ { "\x03\x04" "ab", 4 }, "less than declared" },
		{ { "\x03\x06" "ab", 4 }, "an insert beyond the patch" },
		{ { "\x04\x09\x07", 3 }, "a copy beyond the source" },
		{ { "\x04\x09\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01", 12 }, "an offset of 2^64 - 1" },
		{ { "\x04\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01\x00", 12 }, "a copy of 2^63 - 1 bytes" },
		{ { "\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01", 10 }, "a length of 2^64 - 1" },
		{ { "\x80\x80\x80\x80\x04", 5 }, "1 GiB without a byte behind it" },
		{ { "\x04\x09\x80", 3 }, "a cut integer" },
	};
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
		if (try_apply(*state, SL_STR("0123456789"), cases[i].patch) != SL_INTERNAL)
			fail_msg("accepted: %s", cases[i].why);
}

static void patch__absurd_lengths_allocate_nothing(void **state)
{
	(void)state;
	struct sl_arena small;
	struct sl_err err = SL_ERR_INIT;
	struct sl_str to;
	sl_arena_init(&small, 4096);
	const struct sl_str patch = SL_STR("\x80\x80\x80\x80\x04\x03\x00");
	assert_int_equal(sl_patch_apply(SL_STR("x"), patch, &small, &to, &err), SL_INTERNAL);
	assert_int_equal(small.total_bytes, 0);
	sl_arena_dispose(&small);
}

/* Sound in itself, and each copy within the source; only the whole is too long. */
static void patch__results_are_limited(void **state)
{
	struct scratch *scratch = *state;
	struct sl_str from = prose(scratch, MEGABYTE);
	for (size_t copies = 1024; copies <= 1025; copies++) {
		struct sl_arena small;
		struct sl_str to;
		sl_buf_add_varint(&scratch->buf, copies * MEGABYTE);
		for (size_t i = 0; i < copies; i++) {
			sl_buf_add_varint(&scratch->buf, MEGABYTE * 2 + 1);
			sl_buf_add_varint(&scratch->buf, 0);
		}
		sl_arena_init(&small, 4096);
		int code = sl_patch_apply(from, take(scratch), &small, &to, NULL);
		assert_int_equal(code, copies == 1024 ? SL_NO_MEMORY : SL_INTERNAL);
		sl_arena_dispose(&small);
	}
}

struct texts {
	struct sl_str from, to, back; /* back: of the patch from→to, a patch to→from */
};

static int make_and_apply(void *context)
{
	const struct texts *texts = context;
	struct sl_arena arena;
	struct sl_buf buf;
	struct sl_str result;
	sl_arena_init(&arena, 0);
	sl_buf_init(&buf, MEGABYTE);
	int code = sl_patch_make(texts->from, texts->to, &arena, &buf);
	if (code == 0)
		code = sl_patch_apply(texts->from, sl_buf_str(&buf), &arena, &result, NULL);
	sl_buf_dispose(&buf);
	sl_arena_dispose(&arena);
	return code;
}

static int compose_back(void *context)
{
	const struct texts *texts = context;
	struct sl_arena arena;
	struct sl_buf buf;
	sl_arena_init(&arena, 0);
	sl_buf_init(&buf, MEGABYTE);
	int code = sl_patch_compose(texts->back, texts->back, &arena, &buf, NULL);
	sl_buf_dispose(&buf);
	sl_arena_dispose(&arena);
	return code;
}

static void patch__every_failed_allocation_is_told(void **state)
{
	struct scratch *scratch = *state;
	struct texts texts = { .from = prose(scratch, 5000) };
	texts.to = prose(scratch, 5000);
	texts.back = make(scratch, texts.to, texts.from);
	assert_true(torture(make_and_apply, &texts) >= 4);
	assert_true(torture(compose_back, &texts) >= 3);
}

static void patch__a_full_buffer_is_told(void **state)
{
	struct scratch *scratch = *state;
	struct sl_buf narrow;
	struct sl_str from = prose(scratch, 5000), to = prose(scratch, 5000);
	sl_buf_init(&narrow, 100);
	assert_int_equal(sl_patch_make(from, to, &scratch->arena, &narrow), SL_TOO_LARGE);
	sl_buf_dispose(&narrow);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
	const struct CMUnitTest tests[] = {
		TEST(patch__truncated_ones_fail),
		TEST(patch__flipped_bits_never_crash),
		TEST(patch__random_bytes_never_crash),
		TEST(patch__unsound_ones_fail),
		TEST(patch__absurd_lengths_allocate_nothing),
		TEST(patch__results_are_limited),
		TEST(patch__every_failed_allocation_is_told),
		TEST(patch__a_full_buffer_is_told),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
