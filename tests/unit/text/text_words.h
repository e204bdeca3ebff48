/* What a merge may do to words: none is lost, none is invented.
 *
 * Where both sides put letters in at one place of a word, the letters stay, not the two words.
 *
 * Include text_fixture.h first.
 */
#ifndef SL_TESTS_TEXT_WORDS_H
#define SL_TESTS_TEXT_WORDS_H

#include <stdlib.h>

/* All tokens of some texts, in order. */
struct words {
	struct sl_str *list;
	size_t count, capacity;
};

static int compare_words(const void *a, const void *b)
{
	return sl_str_compare(*(const struct sl_str *)a, *(const struct sl_str *)b);
}

static void words_add(struct words *words, struct sl_str text)
{
	enum sl_text_token token;
	for (size_t at = 0, end; at < text.length; at = end) {
		if (words->count == words->capacity) {
			words->capacity = words->capacity * 2 + 64;
			words->list = realloc(words->list, words->capacity * sizeof(*words->list));
			assert_non_null(words->list);
		}
		end = sl_text_token_end(text, at, &token);
		words->list[words->count++] = (struct sl_str){ text.bytes + at, end - at };
	}
}

static struct words words_of(const struct sl_str *texts, size_t count)
{
	struct words words = { NULL, 0, 0 };
	for (size_t i = 0; i < count; i++)
		words_add(&words, texts[i]);
	if (words.count)
		qsort(words.list, words.count, sizeof(*words.list), compare_words);
	return words;
}

static bool has_word(const struct words *words, struct sl_str word)
{
	return words->count && bsearch(&word, words->list, words->count, sizeof(word), compare_words);
}

/* Whether a token of the text goes on across the place. */
static bool is_inside_token(struct sl_str text, size_t place)
{
	enum sl_text_token token;
	size_t at = 0;
	while (at < place)
		at = sl_text_token_end(text, at, &token);
	return at > place;
}

static size_t end_of_both(const struct sl_text_both *both)
{
	return both->result_at + both->theirs_bytes + both->parting_bytes + both->mine_bytes;
}

/* Whether both sides put letters in at one place inside a word. */
static bool is_within_word(const struct sl_text_merge *merge, const struct sl_text_both *both)
{
	return is_inside_token(merge->text, both->result_at) || is_inside_token(merge->text, end_of_both(both));
}

/* Whether the word and the text have a word in common, which may be a part of the other one. */
static bool shares_letters(struct sl_str text, struct sl_str word)
{
	enum sl_text_token token;
	for (size_t at = 0, end; at < text.length; at = end) {
		end = sl_text_token_end(text, at, &token);
		struct sl_str part = { text.bytes + at, end - at };
		if (token == SL_TOKEN_WORD && (contains(word, part) || contains(part, word)))
			return true;
	}
	return false;
}

/* Whether the word is one that a side made by putting letters in, which are in the result. */
static bool is_word_of_letters(const struct sl_text_merge *merge, struct sl_str word)
{
	for (size_t i = 0; i < merge->both_count; i++) {
		const struct sl_text_both *both = &merge->both[i];
		struct sl_str letters = { merge->text.bytes + both->result_at, end_of_both(both) - both->result_at };
		if (shares_letters(letters, word))
			return true;
	}
	return false;
}

/* That each new word of the side is in the result or in a hunk. */
static void assert_no_word_lost(const struct sl_text_merge *merge, struct sl_str base, struct sl_str side)
{
	struct words kept = words_of((struct sl_str[]){ base, merge->text }, 2);
	enum sl_text_token token;
	for (size_t i = 0; i < merge->hunk_count; i++)
		words_add(&kept, merge->hunks[i].mine);
	if (kept.count)
		qsort(kept.list, kept.count, sizeof(*kept.list), compare_words);
	for (size_t at = 0, end; at < side.length; at = end) {
		end = sl_text_token_end(side, at, &token);
		struct sl_str word = { side.bytes + at, end - at };
		if (token == SL_TOKEN_WORD && !has_word(&kept, word) && !is_word_of_letters(merge, word)) {
			print_message("lost: %.*s\n", (int)word.length, word.bytes);
			fail();
		}
	}
	free(kept.list);
}

/* Whether the word of the result came about where both sides put letters in at one place. */
static bool touches_letters(const struct sl_text_merge *merge, size_t at, size_t end)
{
	for (size_t i = 0; i < merge->both_count; i++) {
		const struct sl_text_both *both = &merge->both[i];
		if (at <= end_of_both(both) && end >= both->result_at && is_within_word(merge, both))
			return true;
	}
	return false;
}

static void assert_no_word_invented(const struct sl_text_merge *merge, struct sl_str base, struct sl_str mine, struct sl_str theirs)
{
	struct words written = words_of((struct sl_str[]){ base, mine, theirs }, 3);
	enum sl_text_token token;
	for (size_t at = 0, end; at < merge->text.length; at = end) {
		end = sl_text_token_end(merge->text, at, &token);
		struct sl_str word = { merge->text.bytes + at, end - at };
		if (token == SL_TOKEN_WORD && !has_word(&written, word) && !touches_letters(merge, at, end)) {
			print_message("invented: %.*s\n", (int)word.length, word.bytes);
			fail();
		}
	}
	free(written.list);
}

#endif
