/* What the tests of patches share: texts like a screenplay, edits like a writer's, and the calls that must succeed.
 * For header-only use by one program of cmocka tests; include the headers that cmocka needs, and cmocka.h, first. */
#ifndef SL_TESTS_PATCH_FIXTURE_H
#define SL_TESTS_PATCH_FIXTURE_H

#include "core/delta/byte_patch.h"

#define MEGABYTE ((size_t)1 << 20)

static uint64_t seed;

static inline size_t pick(size_t below)
{
	seed = seed * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
	return (size_t)(seed >> 33) % below;
}

struct scratch {
	struct sl_arena arena;
	struct sl_buf buf;
};

static inline int set_up(void **state)
{
	static struct scratch scratch;
	seed = 20;
	sl_arena_init(&scratch.arena, 0);
	sl_buf_init(&scratch.buf, (size_t)1 << 28);
	*state = &scratch;
	return 0;
}

static inline int tear_down(void **state)
{
	struct scratch *scratch = *state;
	sl_arena_dispose(&scratch->arena);
	sl_buf_dispose(&scratch->buf);
	return 0;
}

/* What the buffer holds, moved to exactly as many bytes in the arena, so that ASan sees its end. */
static inline struct sl_str take(struct scratch *scratch)
{
	struct sl_str text = sl_buf_str(&scratch->buf);
	char *bytes = sl_arena_alloc(&scratch->arena, text.length);
	assert_non_null(bytes);
	if (text.length > 0)
		memcpy(bytes, text.bytes, text.length);
	sl_buf_clear(&scratch->buf);
	return (struct sl_str){ bytes, text.length };
}

static inline struct sl_str make(struct scratch *scratch, struct sl_str from, struct sl_str to)
{
	assert_int_equal(sl_patch_make(from, to, &scratch->arena, &scratch->buf), 0);
	return take(scratch);
}

static inline struct sl_str apply(struct scratch *scratch, struct sl_str from, struct sl_str patch)
{
	struct sl_err err = SL_ERR_INIT;
	struct sl_str to;
	int code = sl_patch_apply(from, patch, &scratch->arena, &to, &err);
	if (code != 0)
		fail_msg("%s", err.message);
	return to;
}

static inline struct sl_str compose(struct scratch *scratch, struct sl_str first, struct sl_str second)
{
	struct sl_err err = SL_ERR_INIT;
	assert_int_equal(sl_patch_compose(first, second, &scratch->arena, &scratch->buf, &err), 0);
	return take(scratch);
}

/* A screenplay of sorts: words out of a small vocabulary, so that much repeats. */
static inline struct sl_str prose(struct scratch *scratch, size_t length)
{
	static const char *const words[] = {
		"INT. ", "night ", "the ", "door ", "opens, ", "she ", "looks ", "away.\n", "ANNA\n", "I ", "never ",
		"said ", "that. ", "Caf\xc3\xa9 ", "Wind ", "in ", "trees ", "(beat)\n",
	};
	while (scratch->buf.length < length)
		sl_buf_add_text(&scratch->buf, words[pick(sizeof(words) / sizeof(words[0]))]);
	scratch->buf.length = length;
	return take(scratch);
}

static inline struct sl_str part(struct sl_str text, size_t begin, size_t end)
{
	return (struct sl_str){ text.bytes + begin, end - begin };
}

static inline struct sl_str replace(struct scratch *scratch, struct sl_str text, size_t begin, size_t end,
	struct sl_str by)
{
	sl_buf_add_str(&scratch->buf, part(text, 0, begin));
	sl_buf_add_str(&scratch->buf, by);
	sl_buf_add_str(&scratch->buf, part(text, end, text.length));
	return take(scratch);
}

/* One edit of a writer: typing, deleting, moving, doubling, or something drastic now and then. */
static inline struct sl_str edit(struct scratch *scratch, struct sl_str text)
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

#endif
