/* sl_patch: what is made applies, chains compose, sizes follow the edit, and damaged patches only ever fail. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdlib.h>

#include "core/patch.h"

#define MEGABYTE ((size_t)1 << 20)

static uint64_t seed;

static size_t pick(size_t below)
{
	seed = seed * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
	return (size_t)(seed >> 33) % below;
}

struct scratch {
	struct sl_arena arena;
	struct sl_buf buf;
};

static int set_up(void **state)
{
	static struct scratch scratch;
	seed = 20;
	sl_arena_init(&scratch.arena, 0);
	sl_buf_init(&scratch.buf, (size_t)1 << 28);
	*state = &scratch;
	return 0;
}

static int tear_down(void **state)
{
	struct scratch *scratch = *state;
	sl_arena_dispose(&scratch->arena);
	sl_buf_dispose(&scratch->buf);
	return 0;
}

/* What the buffer holds, moved to exactly as many bytes in the arena, so that ASan sees its end. */
static struct sl_str take(struct scratch *scratch)
{
	struct sl_str text = sl_buf_str(&scratch->buf);
	char *bytes = sl_arena_alloc(&scratch->arena, text.length);
	assert_non_null(bytes);
	if (text.length > 0)
		memcpy(bytes, text.bytes, text.length);
	sl_buf_clear(&scratch->buf);
	return (struct sl_str){ bytes, text.length };
}

static struct sl_str make(struct scratch *scratch, struct sl_str from, struct sl_str to)
{
	assert_int_equal(sl_patch_make(from, to, &scratch->arena, &scratch->buf), 0);
	return take(scratch);
}

static struct sl_str apply(struct scratch *scratch, struct sl_str from, struct sl_str patch)
{
	struct sl_err err = SL_ERR_INIT;
	struct sl_str to;
	int code = sl_patch_apply(from, patch, &scratch->arena, &to, &err);
	if (code != 0)
		fail_msg("%s", err.message);
	return to;
}

static struct sl_str compose(struct scratch *scratch, struct sl_str first, struct sl_str second)
{
	struct sl_err err = SL_ERR_INIT;
	assert_int_equal(sl_patch_compose(first, second, &scratch->arena, &scratch->buf, &err), 0);
	return take(scratch);
}

/* A screenplay of sorts: words out of a small vocabulary, so that much repeats. */
static struct sl_str prose(struct scratch *scratch, size_t length)
{
	static const char *const words[] = { "INT. ", "night ", "the ", "door ", "opens, ", "she ", "looks ", "away.\n", "ANNA\n",
		"I ", "never ", "said ", "that. ", "Caf\xc3\xa9 ", "Wind ", "in ", "trees ", "(beat)\n" };
	while (scratch->buf.length < length)
		sl_buf_add_text(&scratch->buf, words[pick(sizeof(words) / sizeof(words[0]))]);
	scratch->buf.length = length;
	return take(scratch);
}

static struct sl_str part(struct sl_str text, size_t begin, size_t end)
{
	return (struct sl_str){ text.bytes + begin, end - begin };
}

static struct sl_str replace(struct scratch *scratch, struct sl_str text, size_t begin, size_t end, struct sl_str by)
{
	sl_buf_add_str(&scratch->buf, part(text, 0, begin));
	sl_buf_add_str(&scratch->buf, by);
	sl_buf_add_str(&scratch->buf, part(text, end, text.length));
	return take(scratch);
}

/* One edit of a writer: typing, deleting, moving, doubling, or something drastic now and then. */
static struct sl_str edit(struct scratch *scratch, struct sl_str text)
{
	size_t begin = pick(text.length + 1), end = begin + pick(text.length - begin + 1) % 200;
	struct sl_str piece = part(text, begin, end);
	switch (pick(8)) {
	case 0:
		return replace(scratch, text, begin, end, (struct sl_str){ NULL, 0 });
	case 1:
		text = replace(scratch, text, begin, end, (struct sl_str){ NULL, 0 });
		begin = pick(text.length + 1);
		return replace(scratch, text, begin, begin, piece);
	case 2:
		begin = pick(text.length + 1);
		return replace(scratch, text, begin, begin, piece);
	case 3:
		return pick(10) == 0 ? prose(scratch, pick(3000)) : text;
	default:
		return replace(scratch, text, begin, end, prose(scratch, pick(60)));
	}
}

static void patch__documented_bytes(void **state)
{
	struct sl_str from = SL_STR("one two three"), to = SL_STR("one six three");
	const struct sl_str expected = SL_STR("\x0d\x09\x00\x06six\x0d\x07");
	assert_true(sl_str_equal(make(*state, from, to), expected));
	assert_true(sl_str_equal(apply(*state, from, expected), to));
}

static void patch__edges(void **state)
{
	static const char *const texts[] = { "", "a", "aa", "ab", "ba", "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa",
		"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaabaaaaaaaaaaaaaaaaaaaaa", "0123456789abcdef", "0123456789abcde", "x0123456789abcdef",
		"0123456789abcdef0123456789abcdef", "fedcba98765432100123456789abcdef" };
	const size_t count = sizeof(texts) / sizeof(texts[0]);
	for (size_t i = 0; i < count * count; i++) {
		struct sl_str from = sl_str_from(texts[i / count]), to = sl_str_from(texts[i % count]);
		struct sl_str patch = make(*state, from, to);
		assert_true(sl_str_equal(apply(*state, from, patch), to));
		assert_true(patch.length <= to.length + 3);
	}
}

static void patch__random_edits_apply(void **state)
{
	struct scratch *scratch = *state;
	for (int round = 0; round < 300; round++) {
		struct sl_str from = prose(scratch, pick(5000)), to = from;
		for (size_t edits = pick(6); edits > 0; edits--)
			to = edit(scratch, to);
		struct sl_str patch = make(scratch, from, to);
		assert_true(sl_str_equal(apply(scratch, from, patch), to));
		assert_true(patch.length <= to.length + 6);
		if (round % 50 == 49)
			sl_arena_dispose(&scratch->arena);
	}
}

static void patch__unlike_texts_cost_no_more_than_an_insert(void **state)
{
	struct scratch *scratch = *state;
	for (size_t length = 1; length < 100000; length = length * 3 + 1) {
		struct sl_str from = prose(scratch, length);
		for (size_t i = 0; i < length; i++)
			sl_buf_add_char(&scratch->buf, (char)pick(256));
		struct sl_str to = take(scratch);
		struct sl_str patch = make(scratch, from, to);
		assert_true(sl_str_equal(apply(scratch, from, patch), to));
		assert_true(patch.length <= length + 6);
	}
}

static void patch__one_word_in_a_megabyte(void **state)
{
	struct scratch *scratch = *state;
	struct sl_str from = prose(scratch, MEGABYTE);
	struct sl_str to = replace(scratch, from, 700000, 700005, SL_STR("#another#"));
	struct sl_str patch = make(scratch, from, to);
	assert_true(patch.length <= 40);
	assert_true(sl_str_equal(apply(scratch, from, patch), to));
}

static void patch__edits_at_both_ends_of_a_megabyte(void **state)
{
	struct scratch *scratch = *state;
	struct sl_str from = prose(scratch, MEGABYTE);
	struct sl_str to = replace(scratch, from, 3, 8, SL_STR("#first#"));
	to = replace(scratch, to, to.length - 9, to.length - 4, SL_STR("#last#"));
	struct sl_str patch = make(scratch, from, to);
	assert_true(patch.length <= 100);
	assert_true(sl_str_equal(apply(scratch, from, patch), to));
}

static void patch__moved_and_doubled_pieces_are_copied(void **state)
{
	struct scratch *scratch = *state;
	for (size_t i = 0; i < 100000; i++)
		sl_buf_add_char(&scratch->buf, (char)pick(256));
	struct sl_str from = take(scratch);
	struct sl_str moved = replace(scratch, from, 20000, 30000, SL_STR(""));
	moved = replace(scratch, moved, 70000, 70000, part(from, 20000, 30000));
	struct sl_str doubled = replace(scratch, from, 30000, 30000, part(from, 20000, 30000));
	assert_true(make(scratch, from, moved).length <= 40);
	assert_true(make(scratch, from, doubled).length <= 40);
	assert_true(make(scratch, doubled, from).length <= 40);
}

static void patch__monotonous_texts_stay_linear(void **state)
{
	struct scratch *scratch = *state;
	char *blanks = sl_arena_alloc(&scratch->arena, MEGABYTE), *striped = sl_arena_alloc(&scratch->arena, MEGABYTE);
	memset(blanks, ' ', MEGABYTE);
	for (size_t i = 0; i < MEGABYTE; i++)
		striped[i] = i % 17 == 0 ? 'x' : ' ';
	struct sl_str a = { blanks, MEGABYTE }, b = { striped, MEGABYTE };
	const struct sl_str pairs[][2] = { { a, b }, { b, a }, { a, part(a, 0, 1000) }, { part(a, 0, 1000), a },
		{ a, replace(scratch, replace(scratch, a, 0, 1, SL_STR("x")), MEGABYTE - 1, MEGABYTE, SL_STR("x")) } };
	for (size_t i = 0; i < sizeof(pairs) / sizeof(pairs[0]); i++) {
		struct sl_str patch = make(scratch, pairs[i][0], pairs[i][1]);
		assert_true(patch.length <= MEGABYTE + 10);
		assert_true(sl_str_equal(apply(scratch, pairs[i][0], patch), pairs[i][1]));
	}
}

static void patch__chains_compose(void **state)
{
	struct scratch *scratch = *state;
	for (int round = 0; round < 20; round++) {
		struct sl_str first = prose(scratch, 2000 + pick(3000)), now = first;
		struct sl_str chain = make(scratch, now, now);
		for (int i = 0; i < 50; i++) {
			struct sl_str next = edit(scratch, now), patch = make(scratch, now, next);
			chain = compose(scratch, chain, patch);
			assert_true(sl_str_equal(apply(scratch, first, chain), next));
			now = next;
		}
		sl_arena_dispose(&scratch->arena);
	}
}

static void patch__composing_is_associative(void **state)
{
	struct scratch *scratch = *state;
	for (int round = 0; round < 200; round++) {
		struct sl_str texts[4] = { prose(scratch, pick(2000)) }, patches[3];
		for (int i = 0; i < 3; i++) {
			texts[i + 1] = edit(scratch, texts[i]);
			patches[i] = make(scratch, texts[i], texts[i + 1]);
		}
		struct sl_str left = compose(scratch, compose(scratch, patches[0], patches[1]), patches[2]);
		struct sl_str right = compose(scratch, patches[0], compose(scratch, patches[1], patches[2]));
		assert_true(sl_str_equal(left, right));
	}
}

/* Fifty one-word edits of a long text: the composed patch stays near the sum of what was typed. */
static void patch__composed_size_follows_the_edits(void **state)
{
	struct scratch *scratch = *state;
	struct sl_str first = prose(scratch, 200000), now = first, chain = make(scratch, now, now);
	size_t sum = 0;
	for (int i = 0; i < 50; i++) {
		size_t at = pick(now.length - 10);
		struct sl_str next = replace(scratch, now, at, at + pick(10), SL_STR("another")), patch = make(scratch, now, next);
		sum += patch.length;
		chain = compose(scratch, chain, patch);
		now = next;
	}
	assert_true(sl_str_equal(apply(scratch, first, chain), now));
	assert_true(chain.length <= sum);
	assert_true(chain.length <= 2 * make(scratch, first, now).length);
}

/* The same word typed letter by letter ends as one insert. */
static void patch__typing_composes_to_one_insert(void **state)
{
	struct scratch *scratch = *state;
	struct sl_str first = prose(scratch, 10000), now = first, chain = make(scratch, now, now);
	for (size_t i = 0; i < 100; i++) {
		struct sl_str next = replace(scratch, now, 5000 + i, 5000 + i, SL_STR("#"));
		chain = compose(scratch, chain, make(scratch, now, next));
		now = next;
	}
	assert_true(chain.length <= 100 + 16);
	assert_true(sl_str_equal(apply(scratch, first, chain), now));
}

/* --- hostile patches -------------------------------------------------------------------------------------------- */

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
	assert_int_equal(sl_patch_apply(SL_STR("x"), SL_STR("\x80\x80\x80\x80\x04\x03\x00"), &small, &to, &err), SL_INTERNAL);
	assert_int_equal(small.total_bytes, 0);
	sl_arena_dispose(&small);
}

static void patch__failures_of_memory_are_told(void **state)
{
	struct scratch *scratch = *state;
	struct sl_arena small;
	struct sl_buf narrow;
	struct sl_err err = SL_ERR_INIT;
	struct sl_str from = prose(scratch, 5000), to = prose(scratch, 5000), result;
	struct sl_str patch = make(scratch, from, to);
	sl_arena_init(&small, 100);
	sl_buf_init(&narrow, 100);
	assert_int_equal(sl_patch_make(from, to, &small, &scratch->buf), SL_NO_MEMORY);
	assert_int_equal(sl_patch_apply(from, patch, &small, &result, &err), SL_NO_MEMORY);
	assert_int_equal(sl_patch_compose(patch, patch, &small, &scratch->buf, NULL), SL_NO_MEMORY);
	assert_int_equal(sl_patch_make(from, to, &scratch->arena, &narrow), SL_TOO_LARGE);
	sl_buf_dispose(&narrow);
	sl_arena_dispose(&small);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
	const struct CMUnitTest tests[] = {
		TEST(patch__documented_bytes),
		TEST(patch__edges),
		TEST(patch__random_edits_apply),
		TEST(patch__unlike_texts_cost_no_more_than_an_insert),
		TEST(patch__one_word_in_a_megabyte),
		TEST(patch__edits_at_both_ends_of_a_megabyte),
		TEST(patch__moved_and_doubled_pieces_are_copied),
		TEST(patch__monotonous_texts_stay_linear),
		TEST(patch__chains_compose),
		TEST(patch__composing_is_associative),
		TEST(patch__composed_size_follows_the_edits),
		TEST(patch__typing_composes_to_one_insert),
		TEST(patch__truncated_ones_fail),
		TEST(patch__flipped_bits_never_crash),
		TEST(patch__random_bytes_never_crash),
		TEST(patch__unsound_ones_fail),
		TEST(patch__absurd_lengths_allocate_nothing),
		TEST(patch__failures_of_memory_are_told),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
