/* Properties of the text merge over random edits of a script: that of hamlet.json in the directory that the
 * environment variable SLATESYNC_DATA names, else the short one of the sample project. Every word that an edit types is
 * a new one, so that it can be looked for afterwards.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <stdlib.h>

#include <cmocka.h>
#include <jansson.h>

#include "text_fixture.h"

#define EXCERPT_BYTES 3000

static json_t *project;
static struct sl_str script;
static uint64_t random_state;

static uint32_t random_below(uint32_t bound)
{
	random_state = random_state * 6364136223846793005u + 1442695040888963407u;
	return (uint32_t)((random_state >> 33) % bound);
}

static int load_script(void **state)
{
	char path[4096];
	const char *data = getenv("SLATESYNC_DATA"), *top = getenv("srcdir");
	(void)state;
	if (data)
		snprintf(path, sizeof(path), "%s/hamlet.json", data);
	else
		snprintf(path, sizeof(path), "%s/contrib/sample/the-tide-clock.json", top ? top : ".");
	project = json_load_file(path, 0, NULL);
	const char *text = json_string_value(json_object_get(project, "rawScript"));
	if (!text)
		fprintf(stderr, "no script in %s\n", path);
	script = sl_str_from(text);
	return text ? 0 : -1;
}

static int drop_script(void **state)
{
	(void)state;
	json_decref(project);
	return 0;
}

/* Some lines of the script. */
static struct sl_str excerpt(size_t bytes)
{
	size_t at = random_below((uint32_t)(script.length - bytes));
	at = sl_text_line_end(script, at);
	size_t end = at + bytes < script.length ? sl_text_line_end(script, at + bytes) : script.length;
	return (struct sl_str){ script.bytes + at, end - at };
}

/* --- edits ------------------------------------------------------------------------------------------------------- */

struct typist {
	struct sl_buf text;
	char side;      /* begins each word that is typed */
	unsigned words; /* typed so far */
};

static void type_words(struct typist *typist, unsigned count, const char *end)
{
	for (unsigned i = 0; i < count; i++) {
		sl_buf_add_char(&typist->text, typist->side);
		sl_buf_add_int(&typist->text, ++typist->words);
		sl_buf_add_text(&typist->text, i + 1 < count ? " " : end);
	}
}

/* One edit at base[at…): types, deletes or replaces words or lines. Returns how far it reaches. */
static size_t edit_once(struct typist *typist, struct sl_str base, size_t at)
{
	enum sl_text_token token;
	size_t end = at, tokens = 1 + random_below(9);
	switch (random_below(6)) {
	case 0:
		type_words(typist, 1 + random_below(3), " ");
		return at;
	case 1:
		if (at > 0 && base.bytes[at - 1] == '\n')
			type_words(typist, 1 + random_below(8), "\n");
		return at;
	case 2:
		return sl_text_line_end(base, at);
	case 3:
		type_words(typist, 1 + random_below(8), "\n");
		return sl_text_line_end(base, at);
	default:
		while (tokens-- > 0 && end < base.length)
			end = sl_text_token_end(base, end, &token);
		if (random_below(3) > 0)
			type_words(typist, 1 + random_below(3), "");
		return end;
	}
}

/* What a typist makes of `base` in about `edits` edits within base[from, end). */
static void edit(struct typist *typist, struct sl_str base, size_t from, size_t end, unsigned edits)
{
	enum sl_text_token token;
	size_t at = 0;
	uint32_t mean = (uint32_t)((end - from) / 5 / (edits + 1) + 2);
	sl_buf_clear(&typist->text);
	while (at < base.length) {
		if (at >= from && at < end && edits > 0 && random_below(mean) == 0) {
			size_t next = edit_once(typist, base, at);
			edits -= 1;
			if (next > at) {
				at = next;
				continue;
			}
		}
		size_t next = sl_text_token_end(base, at, &token);
		sl_buf_add(&typist->text, base.bytes + at, next - at);
		at = next;
	}
}

static void typist_init(struct typist *typist, char side)
{
	*typist = (struct typist){ .side = side };
	sl_buf_init(&typist->text, FIXTURE_BYTES);
}

/* --- checks ------------------------------------------------------------------------------------------------------ */

/* Marks in `seen` the words of one side that `text` has: a letter and a number each. */
static void note_words(struct sl_str text, char side, unsigned char *seen, unsigned words)
{
	for (size_t at = 0; at < text.length; at++) {
		unsigned number = 0;
		if (text.bytes[at] != side)
			continue;
		for (size_t i = at + 1; i < text.length && text.bytes[i] >= '0' && text.bytes[i] <= '9' && number <= words; i++)
			number = number * 10 + (unsigned)(text.bytes[i] - '0');
		if (number > 0 && number <= words)
			seen[number] = 1;
	}
}

/* That every word which is in `typist`'s text is in the result or in a hunk. */
static void assert_words_kept(const struct typist *typist, const struct sl_text_merge *merge)
{
	unsigned char *typed = calloc(typist->words + 1, 1), *kept = calloc(typist->words + 1, 1);
	assert_non_null(typed);
	assert_non_null(kept);
	note_words(sl_buf_str(&typist->text), typist->side, typed, typist->words);
	note_words(merge->text, typist->side, kept, typist->words);
	for (size_t i = 0; i < merge->hunk_count; i++) {
		note_words(merge->hunks[i].mine, typist->side, kept, typist->words);
		note_words(merge->hunks[i].theirs, typist->side, kept, typist->words);
	}
	for (unsigned i = 1; i <= typist->words; i++)
		if (typed[i] && !kept[i])
			fail_msg("the merge lost %c%u", typist->side, i);
	free(typed);
	free(kept);
}

static struct sl_text_merge merge_checked(struct sl_str base, const struct typist *mine, const struct typist *theirs,
	struct sl_arena *arena)
{
	struct sl_text_merge merge = merge_both_ways(base, sl_buf_str(&mine->text), sl_buf_str(&theirs->text), arena);
	assert_words_kept(mine, &merge);
	assert_words_kept(theirs, &merge);
	return merge;
}

static void text__loses_no_word_of_random_edits(void **state)
{
	(void)state;
	struct typist mine, theirs;
	unsigned clean = 0, rounds = 3000;
	random_state = 1;
	typist_init(&mine, 'M');
	typist_init(&theirs, 'T');
	for (unsigned round = 0; round < rounds; round++) {
		struct sl_arena arena;
		struct sl_str base = excerpt(EXCERPT_BYTES);
		sl_arena_init(&arena, 0);
		edit(&mine, base, 0, base.length, 1 + random_below(12));
		edit(&theirs, base, 0, base.length, 1 + random_below(12));
		clean += merge_checked(base, &mine, &theirs, &arena).clean;
		sl_arena_dispose(&arena);
	}
	assert_true(clean > rounds / 10 && clean < rounds); /* both kinds were tried */
	sl_buf_dispose(&mine.text);
	sl_buf_dispose(&theirs.text);
}

static void text__edits_far_apart_are_all_applied(void **state)
{
	(void)state;
	struct typist mine, theirs, both; /* of `both` only the text is used */
	random_state = 2;
	typist_init(&mine, 'M');
	typist_init(&theirs, 'T');
	typist_init(&both, 'B');
	for (int round = 0; round < 2000; round++) {
		struct sl_arena arena;
		struct sl_str base = excerpt(EXCERPT_BYTES);
		size_t middle = sl_text_line_end(base, base.length / 2), gap = sl_text_line_end(base, middle + 400);
		sl_arena_init(&arena, 0);
		edit(&mine, base, 0, middle, 6);
		edit(&theirs, base, gap, base.length, 6);
		/* an edit may reach beyond `middle`, but not beyond `gap`: from there on mine ends as the base does */
		size_t tail = base.length - gap, head = mine.text.length - tail;
		assert_memory_equal(mine.text.bytes + head, base.bytes + gap, tail);
		assert_memory_equal(theirs.text.bytes, base.bytes, gap);
		struct sl_text_merge merge = merge_checked(base, &mine, &theirs, &arena);
		sl_buf_clear(&both.text);
		sl_buf_add(&both.text, mine.text.bytes, head);
		sl_buf_add(&both.text, theirs.text.bytes + gap, theirs.text.length - gap);
		assert_true(merge.clean);
		assert_true(sl_str_equal(merge.text, sl_buf_str(&both.text)));
		sl_arena_dispose(&arena);
	}
	sl_buf_dispose(&mine.text);
	sl_buf_dispose(&theirs.text);
	sl_buf_dispose(&both.text);
}

static void assert_gives(struct sl_str base, struct sl_str mine, struct sl_str theirs, struct sl_str expected)
{
	struct sl_arena arena;
	sl_arena_init(&arena, 0);
	struct sl_text_merge merge = merge_both_ways(base, mine, theirs, &arena);
	assert_true(merge.clean);
	assert_true(sl_str_equal(merge.text, expected));
	sl_arena_dispose(&arena);
}

static void text__merging_nothing_or_the_same_changes_nothing(void **state)
{
	(void)state;
	struct typist typist;
	random_state = 3;
	typist_init(&typist, 'M');
	for (int round = 0; round < 500; round++) {
		struct sl_str base = excerpt(EXCERPT_BYTES);
		edit(&typist, base, 0, base.length, 10);
		struct sl_str text = sl_buf_str(&typist.text);
		assert_gives(base, text, text, text);
		assert_gives(base, base, text, text);
		assert_gives(base, text, base, text);
	}
	sl_buf_dispose(&typist.text);
}

/* A clean result is a good base for what follows: merging it again with either side changes nothing. */
static void text__a_clean_result_absorbs_both_sides(void **state)
{
	(void)state;
	struct typist mine, theirs;
	unsigned clean = 0;
	random_state = 4;
	typist_init(&mine, 'M');
	typist_init(&theirs, 'T');
	for (int round = 0; round < 1500; round++) {
		struct sl_arena arena;
		struct sl_str base = excerpt(EXCERPT_BYTES);
		sl_arena_init(&arena, 0);
		edit(&mine, base, 0, base.length, 3);
		edit(&theirs, base, 0, base.length, 3);
		struct sl_text_merge merge = merge_checked(base, &mine, &theirs, &arena);
		if (merge.clean) {
			clean++;
			assert_gives(sl_buf_str(&mine.text), sl_buf_str(&mine.text), merge.text, merge.text);
			assert_gives(sl_buf_str(&theirs.text), merge.text, sl_buf_str(&theirs.text), merge.text);
		}
		sl_arena_dispose(&arena);
	}
	assert_true(clean > 100);
	sl_buf_dispose(&mine.text);
	sl_buf_dispose(&theirs.text);
}

static void text__whole_scripts_with_many_edits_lose_no_word(void **state)
{
	(void)state;
	struct typist mine, theirs;
	random_state = 5;
	typist_init(&mine, 'M');
	typist_init(&theirs, 'T');
	for (int round = 0; round < 20; round++) {
		struct sl_arena arena;
		sl_arena_init(&arena, 0);
		edit(&mine, script, 0, script.length, 1 + random_below(400));
		edit(&theirs, script, 0, script.length, 1 + random_below(400));
		merge_checked(script, &mine, &theirs, &arena);
		sl_arena_dispose(&arena);
	}
	sl_buf_dispose(&mine.text);
	sl_buf_dispose(&theirs.text);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(text__loses_no_word_of_random_edits),
		cmocka_unit_test(text__edits_far_apart_are_all_applied),
		cmocka_unit_test(text__merging_nothing_or_the_same_changes_nothing),
		cmocka_unit_test(text__a_clean_result_absorbs_both_sides),
		cmocka_unit_test(text__whole_scripts_with_many_edits_lose_no_word),
	};
	return cmocka_run_group_tests(tests, load_script, drop_script);
}
