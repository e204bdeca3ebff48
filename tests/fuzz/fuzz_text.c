/* Fuzzes the text merge. The input is base, mine and theirs with a NUL between; bytes that are no UTF-8 are dropped.
 * Checks what text.h promises of any three texts.
 */
#include "fuzz.h"

#include "core/base/buf.h"
#include "core/text/merge.h"
#include "core/text/tokens.h"
#include "core/base/utf8.h"

static bool contains(struct sl_str text, struct sl_str part)
{
	for (size_t at = 0; at + part.length <= text.length; at++)
		if (memcmp(text.bytes + at, part.bytes, part.length) == 0)
			return true;
	return false;
}

/* That every word of `side` which the base doesn't have is in the result or in a hunk. */
static void check_words(struct sl_str base, struct sl_str side, const struct sl_text_merge *merge)
{
	enum sl_text_token token;
	for (size_t at = 0, end; at < side.length; at = end) {
		end = sl_text_token_end(side, at, &token);
		struct sl_str word = { side.bytes + at, end - at };
		bool found = token != SL_TOKEN_WORD || contains(base, word) || contains(merge->text, word);
		for (size_t i = 0; !found && i < merge->hunk_count; i++)
			found = contains(merge->hunks[i].mine, word) || contains(merge->hunks[i].theirs, word);
		CHECK(found);
	}
}

static void check_hunks(const struct sl_text_merge *merge)
{
	size_t end = 0;
	CHECK(merge->clean == (merge->hunk_count == 0));
	CHECK(sl_utf8_valid(merge->text) == merge->text.length);
	for (size_t i = 0; i < merge->hunk_count; i++) {
		const struct sl_text_hunk *hunk = &merge->hunks[i];
		CHECK(hunk->result_at >= end);
		end = hunk->result_at + hunk->theirs.length;
		CHECK(end <= merge->text.length);
		CHECK(hunk->theirs.length == 0 ||
			memcmp(merge->text.bytes + hunk->result_at, hunk->theirs.bytes, hunk->theirs.length) == 0);
		CHECK(sl_utf8_valid(hunk->base) == hunk->base.length);
		CHECK(sl_utf8_valid(hunk->mine) == hunk->mine.length);
		CHECK(!sl_str_equal(hunk->mine, hunk->theirs));
	}
}

static void check_mirror(const struct sl_text_merge *merge, const struct sl_text_merge *mirror)
{
	CHECK(merge->hunk_count == mirror->hunk_count);
	CHECK(!merge->clean || sl_str_equal(merge->text, mirror->text));
	for (size_t i = 0; i < merge->hunk_count; i++) {
		CHECK(sl_str_equal(merge->hunks[i].base, mirror->hunks[i].base));
		CHECK(sl_str_equal(merge->hunks[i].mine, mirror->hunks[i].theirs));
		CHECK(sl_str_equal(merge->hunks[i].theirs, mirror->hunks[i].mine));
	}
}

static void check_alone(struct sl_str base, struct sl_str side, struct sl_arena *arena)
{
	struct sl_text_merge merge;
	CHECK(sl_text_merge(base, side, side, SL_TEXT_TRUE_BASE, arena, &merge, NULL) == 0);
	CHECK(merge.clean && sl_str_equal(merge.text, side));
	CHECK(sl_text_merge(base, side, base, SL_TEXT_TRUE_BASE, arena, &merge, NULL) == 0);
	CHECK(merge.clean && sl_str_equal(merge.text, side));
	CHECK(sl_text_merge(base, base, side, SL_TEXT_TRUE_BASE, arena, &merge, NULL) == 0);
	CHECK(merge.clean && sl_str_equal(merge.text, side));
}

/* The next text of the input, without what is no UTF-8. */
static struct sl_str next_text(const uint8_t **data, size_t *left, struct sl_buf *buf)
{
	const uint8_t *end = *left ? memchr(*data, '\0', *left) : NULL;
	size_t length = end ? (size_t)(end - *data) : *left;
	struct sl_str rest = { (const char *)*data, length };
	while (rest.length > 0) {
		size_t valid = sl_utf8_valid(rest), skip = valid < rest.length ? valid + 1 : valid;
		sl_buf_add(buf, rest.bytes, valid);
		rest = (struct sl_str){ rest.bytes + skip, rest.length - skip };
	}
	*data += length + (end != NULL);
	*left -= length + (end != NULL);
	return sl_buf_str(buf);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct sl_arena arena;
	struct sl_buf bufs[3];
	struct sl_str texts[3];
	struct sl_text_merge merge, mirror;
	sl_arena_init(&arena, 0);
	for (int i = 0; i < 3; i++) {
		sl_buf_init(&bufs[i], size + 1);
		texts[i] = next_text(&data, &size, &bufs[i]);
	}
	CHECK(sl_text_merge(texts[0], texts[1], texts[2], SL_TEXT_TRUE_BASE, &arena, &merge, NULL) == 0);
	CHECK(sl_text_merge(texts[0], texts[2], texts[1], SL_TEXT_TRUE_BASE, &arena, &mirror, NULL) == 0);
	check_hunks(&merge);
	check_hunks(&mirror);
	check_mirror(&merge, &mirror);
	check_words(texts[0], texts[1], &merge);
	check_words(texts[0], texts[2], &merge);
	check_alone(texts[0], texts[1], &arena);
	for (int i = 0; i < 3; i++)
		sl_buf_dispose(&bufs[i]);
	sl_arena_dispose(&arena);
	return 0;
}
