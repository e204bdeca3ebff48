/* Fuzzes the text merge. The input is base, mine and theirs with a NUL between; bytes that are no UTF-8 are dropped.
 * Checks what merge.h promises of any three texts, whatever is known of the base.
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

/* Whether the word is in what both sides inserted at one place: letters that they put into a word are there, not the words. */
static bool is_near_both(struct sl_str word, const struct sl_text_merge *merge)
{
	for (size_t i = 0; i < merge->both_count; i++) {
		const struct sl_text_both *both = &merge->both[i];
		struct sl_str theirs = { merge->text.bytes + both->result_at, both->theirs_bytes };
		struct sl_str mine = { theirs.bytes + theirs.length + both->parting_bytes, both->mine_bytes };
		const struct sl_str texts[] = { theirs, mine };
		for (int side = 0; side < 2; side++)
			for (size_t at = 0, end; at < texts[side].length; at = end) {
				enum sl_text_token token;
				end = sl_text_token_end(texts[side], at, &token);
				if (token == SL_TOKEN_WORD && contains(word, (struct sl_str){ texts[side].bytes + at, end - at }))
					return true;
			}
	}
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
		CHECK(found || is_near_both(word, merge));
	}
}

/* That every word of the result is part of one of the texts, or came about where both put letters in. */
static void check_none_invented(const struct sl_str texts[3], const struct sl_text_merge *merge)
{
	enum sl_text_token token;
	for (size_t at = 0, end; at < merge->text.length; at = end) {
		end = sl_text_token_end(merge->text, at, &token);
		struct sl_str word = { merge->text.bytes + at, end - at };
		CHECK(token != SL_TOKEN_WORD || contains(texts[0], word) || contains(texts[1], word) || contains(texts[2], word) ||
			is_near_both(word, merge));
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

/* Two insertions at one place: in order, and as each side wrote them. */
static void check_both(const struct sl_text_merge *merge, struct sl_str mine, struct sl_str theirs)
{
	size_t end = 0;
	for (size_t i = 0; i < merge->both_count; i++) {
		const struct sl_text_both *both = &merge->both[i];
		size_t mine_at = both->result_at + both->theirs_bytes + both->parting_bytes;
		CHECK(both->result_at >= end && both->theirs_bytes > 0 && both->mine_bytes > 0);
		end = mine_at + both->mine_bytes;
		CHECK(end <= merge->text.length);
		CHECK(contains(theirs, (struct sl_str){ merge->text.bytes + both->result_at, both->theirs_bytes }));
		CHECK(contains(mine, (struct sl_str){ merge->text.bytes + mine_at, both->mine_bytes }));
	}
}

static void check_mirrored_both(const struct sl_text_merge *merge, const struct sl_text_merge *mirror)
{
	CHECK(merge->both_count == mirror->both_count);
	for (size_t i = 0; i < merge->both_count; i++) {
		const struct sl_text_both *here = &merge->both[i], *there = &mirror->both[i];
		const char *mine = merge->text.bytes + here->result_at + here->theirs_bytes + here->parting_bytes;
		CHECK(here->mine_bytes == there->theirs_bytes && here->theirs_bytes == there->mine_bytes);
		CHECK(memcmp(mine, mirror->text.bytes + there->result_at, here->mine_bytes) == 0);
	}
}

static void check_mirror(const struct sl_text_merge *merge, const struct sl_text_merge *mirror)
{
	CHECK(merge->hunk_count == mirror->hunk_count);
	CHECK(!merge->clean || merge->both_count > 0 || sl_str_equal(merge->text, mirror->text));
	check_mirrored_both(merge, mirror);
	for (size_t i = 0; i < merge->hunk_count; i++) {
		CHECK(sl_str_equal(merge->hunks[i].base, mirror->hunks[i].base));
		CHECK(sl_str_equal(merge->hunks[i].mine, mirror->hunks[i].theirs));
		CHECK(sl_str_equal(merge->hunks[i].theirs, mirror->hunks[i].mine));
	}
}

static void check_merge(const struct sl_str texts[3], enum sl_text_ancestor ancestor, struct sl_arena *arena)
{
	struct sl_text_merge merge, mirror;
	CHECK(sl_text_merge(texts[0], texts[1], texts[2], ancestor, arena, &merge, NULL) == 0);
	CHECK(sl_text_merge(texts[0], texts[2], texts[1], ancestor, arena, &mirror, NULL) == 0);
	CHECK(ancestor == SL_TEXT_TRUE_BASE || merge.both_count == 0);
	check_hunks(&merge);
	check_hunks(&mirror);
	check_both(&merge, texts[1], texts[2]);
	check_mirror(&merge, &mirror);
	check_words(texts[0], texts[1], &merge);
	check_words(texts[0], texts[2], &merge);
	check_none_invented(texts, &merge);
}

/* What two texts have in common is no guess of one side: it is the same both ways. */
static void check_common(struct sl_str a, struct sl_str b, struct sl_arena *arena)
{
	struct sl_str common, mirror;
	CHECK(sl_text_common(a, b, arena, &common) == 0);
	CHECK(sl_text_common(b, a, arena, &mirror) == 0);
	CHECK(sl_str_equal(common, mirror));
	CHECK(common.length <= a.length && common.length <= b.length);
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
	sl_arena_init(&arena, 0);
	for (int i = 0; i < 3; i++) {
		sl_buf_init(&bufs[i], size + 1);
		texts[i] = next_text(&data, &size, &bufs[i]);
	}
	check_merge(texts, SL_TEXT_TRUE_BASE, &arena);
	check_merge(texts, SL_TEXT_SHARED_BASE, &arena);
	check_common(texts[1], texts[2], &arena);
	check_alone(texts[0], texts[1], &arena);
	for (int i = 0; i < 3; i++)
		sl_buf_dispose(&bufs[i]);
	sl_arena_dispose(&arena);
	return 0;
}
