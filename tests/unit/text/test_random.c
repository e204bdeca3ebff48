/* Properties of the text merge over random texts that are short, so that edits meet. In some, every word is there once, and each
 * edit's place is known; others are made of a few letters and signs that join to words.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <jansson.h>

#include "text_fixture.h"
#include "text_words.h"

#define ROUNDS 6000
#define MOST_EDITS 8

static uint64_t random_state;

static uint32_t random_below(uint32_t bound)
{
	random_state = random_state * 6364136223846793005u + 1442695040888963407u;
	return (uint32_t)((random_state >> 33) % bound);
}

/* A code point in UTF-8. */
static void add_point(struct sl_buf *buf, uint32_t point)
{
	if (point < 0x80) {
		sl_buf_add_char(buf, (char)point);
		return;
	}
	if (point >= 0x10000) {
		sl_buf_add_char(buf, (char)(0xf0 | point >> 18));
		sl_buf_add_char(buf, (char)(0x80 | (point >> 12 & 0x3f)));
	} else {
		sl_buf_add_char(buf, (char)(0xe0 | point >> 12));
	}
	sl_buf_add_char(buf, (char)(0x80 | (point >> 6 & 0x3f)));
	sl_buf_add_char(buf, (char)(0x80 | (point & 0x3f)));
}

/* --- what holds for every merge ---------------------------------------------------------------------------------------- */

static void assert_merge_of(struct sl_str base, struct sl_str mine, struct sl_str theirs, enum sl_text_ancestor ancestor,
	struct sl_str expected)
{
	struct sl_arena arena;
	struct sl_text_merge merge;
	struct sl_err err = SL_ERR_INIT;
	sl_arena_init(&arena, 0);
	assert_int_equal(sl_text_merge(base, mine, theirs, ancestor, &arena, &merge, &err), 0);
	assert_true(merge.clean);
	assert_int_equal(merge.both_count, 0);
	assert_true(sl_str_equal(merge.text, expected));
	sl_arena_dispose(&arena);
}

/* With an ancestor that is only what both share, insertions at one place are hunks; all else is the same. */
static void check_shared(struct sl_str base, struct sl_str mine, struct sl_str theirs, const struct sl_text_merge *merge,
	struct sl_arena *arena)
{
	struct sl_text_merge shared;
	struct sl_err err = SL_ERR_INIT;
	assert_int_equal(sl_text_merge(base, mine, theirs, SL_TEXT_SHARED_BASE, arena, &shared, &err), 0);
	assert_sound(base, mine, theirs, &shared);
	assert_int_equal(shared.both_count, 0);
	assert_true(!shared.clean || sl_str_equal(shared.text, merge->text));
	assert_no_word_lost(&shared, base, mine);
	assert_no_word_lost(&shared, base, theirs);
	assert_no_word_invented(&shared, base, mine, theirs);
}

static struct sl_text_merge check_merge(struct sl_str base, struct sl_str mine, struct sl_str theirs, struct sl_arena *arena)
{
	struct sl_text_merge merge = merge_both_ways(base, mine, theirs, arena);
	assert_no_word_lost(&merge, base, mine);
	assert_no_word_lost(&merge, base, theirs);
	assert_no_word_invented(&merge, base, mine, theirs);
	check_shared(base, mine, theirs, &merge, arena);
	for (int ancestor = SL_TEXT_TRUE_BASE; ancestor <= SL_TEXT_SHARED_BASE; ancestor++) {
		assert_merge_of(base, mine, mine, (enum sl_text_ancestor)ancestor, mine);
		assert_merge_of(base, mine, base, (enum sl_text_ancestor)ancestor, mine);
		assert_merge_of(base, base, theirs, (enum sl_text_ancestor)ancestor, theirs);
	}
	return merge;
}

/* --- texts in which every word is there once --------------------------------------------------------------------------- */

/* An edit between the words base[from, end); nothing else of the base is touched. */
struct place {
	uint32_t from, end;
};

struct writer {
	struct sl_buf text;
	char letter; /* begins each word that is typed */
	uint32_t typed;
	struct place places[MOST_EDITS];
	size_t place_count;
};

/* Letters for a number, never the same for two. */
static void add_letters(struct sl_buf *buf, char first, uint32_t number)
{
	sl_buf_add_char(buf, first);
	for (uint32_t rest = number + 26; rest > 0; rest /= 26)
		sl_buf_add_char(buf, (char)('a' + rest % 26));
}

static void type(struct writer *writer, uint32_t words)
{
	for (uint32_t i = 0; i < words; i++) {
		if (i > 0)
			sl_buf_add_char(&writer->text, ' ');
		add_letters(&writer->text, writer->letter, writer->typed++);
	}
}

/* No empty lines: which of two is gone, where a line between them is, can't be told. */
static const char *const separators[] = { " ", " ", " ", ", ", ". ", "\n", " - " };

/* One edit at the word `at` of `count`; returns the word behind it. */
static uint32_t edit_once(struct writer *writer, uint32_t at, uint32_t count, const uint32_t *kinds)
{
	uint32_t taken = 1 + random_below(3);
	if (taken > count - at)
		taken = count - at;
	const char *separator = separators[kinds[at + taken - 1]];
	switch (random_below(5)) {
	case 0: /* an insertion */
		type(writer, 1 + random_below(3));
		sl_buf_add_char(&writer->text, ' ');
		taken = 0;
		break;
	case 1: /* a deletion */
		break;
	case 2: /* letters behind a word */
		taken = 1;
		add_letters(&writer->text, 'w', at);
		type(writer, 1);
		sl_buf_add_text(&writer->text, separators[kinds[at]]);
		break;
	case 3: /* what parts two words */
		taken = 1;
		add_letters(&writer->text, 'w', at);
		sl_buf_add_text(&writer->text, random_below(2) ? " " : separators[kinds[at]] + (separators[kinds[at]][1] != '\0'));
		break;
	default: /* a replacement */
		type(writer, 1 + random_below(3));
		sl_buf_add_text(&writer->text, separator);
	}
	writer->places[writer->place_count++] = (struct place){ at, at + taken };
	return at + taken;
}

static void write_side(struct writer *writer, uint32_t count, const uint32_t *kinds, uint32_t edits)
{
	sl_buf_clear(&writer->text);
	writer->place_count = 0;
	for (uint32_t at = 0; at < count;) {
		if (writer->place_count < edits && random_below(count) < edits)
			at = edit_once(writer, at, count, kinds);
		if (at == count)
			break;
		add_letters(&writer->text, 'w', at);
		sl_buf_add_text(&writer->text, separators[kinds[at++]]);
	}
}

/* What each edit of a side reaches, with those around it between which there are so few words that all may count as one. */
static void widen(const struct writer *writer, struct place *reach)
{
	for (size_t i = 0; i < writer->place_count; i++) {
		reach[i] = writer->places[i];
		if (i > 0 && reach[i].from <= reach[i - 1].end + 3)
			reach[i].from = reach[i - 1].from;
	}
	for (size_t i = writer->place_count; i-- > 1;)
		if (reach[i].from == reach[i - 1].from)
			reach[i - 1].end = reach[i].end;
}

/* How many pairs of edits, one of each side, overlap, touch, or have one word between them. */
static size_t pairs_that_meet(const struct writer *a, const struct writer *b)
{
	struct place of_a[MOST_EDITS], of_b[MOST_EDITS];
	size_t pairs = 0;
	widen(a, of_a);
	widen(b, of_b);
	for (size_t i = 0; i < a->place_count; i++)
		for (size_t j = 0; j < b->place_count; j++)
			pairs += of_a[i].from <= of_b[j].end + 1 && of_b[j].from <= of_a[i].end + 1;
	return pairs;
}

/* That no word of one side stands within a run of words that the other typed. */
static void assert_runs_stay_together(struct sl_str side, char letter, char other, struct sl_str result)
{
	enum sl_text_token token;
	struct sl_str last = { NULL, 0 };
	for (size_t at = 0, end; at < side.length; at = end) {
		end = sl_text_token_end(side, at, &token);
		struct sl_str word = { side.bytes + at, end - at };
		if (token != SL_TOKEN_WORD)
			continue;
		bool is_run = word.bytes[0] == letter && last.length > 0;
		for (size_t i = 0, next; is_run && i < result.length; i = next) {
			next = sl_text_token_end(result, i, &token);
			if (!sl_str_equal((struct sl_str){ result.bytes + i, next - i }, last))
				continue;
			while (next < result.length && result.bytes[next] == ' ')
				next++;
			assert_true(next == result.length || result.bytes[next] != other);
		}
		last = word.bytes[0] == letter ? word : (struct sl_str){ NULL, 0 };
	}
}

static void random__questions_are_only_where_edits_meet(void **state)
{
	(void)state;
	struct writer mine = { .letter = 'M' }, theirs = { .letter = 'T' }, base = { .letter = 'w' };
	size_t clean = 0, asked = 0, both = 0;
	random_state = 11;
	for (struct writer *writer = &mine; writer; writer = writer == &mine ? &theirs : writer == &theirs ? &base : NULL)
		sl_buf_init(&writer->text, FIXTURE_BYTES);
	for (int round = 0; round < ROUNDS; round++) {
		struct sl_arena arena;
		uint32_t kinds[40], count = 1 + random_below(40);
		for (uint32_t i = 0; i < count; i++)
			kinds[i] = random_below(sizeof(separators) / sizeof(separators[0]));
		write_side(&base, count, kinds, 0);
		write_side(&mine, count, kinds, random_below(MOST_EDITS));
		write_side(&theirs, count, kinds, random_below(MOST_EDITS));
		sl_arena_init(&arena, 0);
		struct sl_str texts[] = { sl_buf_str(&base.text), sl_buf_str(&mine.text), sl_buf_str(&theirs.text) };
		struct sl_text_merge merge = check_merge(texts[0], texts[1], texts[2], &arena);
		size_t pairs = pairs_that_meet(&mine, &theirs);
		assert_true(merge.hunk_count <= pairs && merge.both_count <= pairs);
		if (merge.clean) {
			assert_runs_stay_together(texts[1], 'M', 'T', merge.text);
			assert_runs_stay_together(texts[2], 'T', 'M', merge.text);
		}
		clean += merge.clean;
		asked += pairs > 0 && !merge.clean;
		both += merge.both_count > 0;
		sl_arena_dispose(&arena);
	}
	assert_true(clean > ROUNDS / 4 && asked > ROUNDS / 8 && both > ROUNDS / 100); /* all kinds were tried */
	sl_buf_dispose(&base.text);
	sl_buf_dispose(&mine.text);
	sl_buf_dispose(&theirs.text);
}

/* --- texts of a few letters and signs ------------------------------------------------------------------------------------ */

static const char *const atoms[] = { "a", "b", "ab", " ", " ", ".", ",", "'", "-", "\n", "1", "$", "我", "你", "ก", "ข", "\u0301",
	"👍", "🏽", "\r\n", "_", "\u200d", "\x7f", "2", "\ufe0f", "\u20e3", "🇩", "🇪", "カ", "א", "\"", ":", "é", "©", "€" };

static void add_atoms(struct sl_buf *buf, uint32_t count, uint32_t kinds)
{
	for (uint32_t i = 0; i < count; i++)
		sl_buf_add_text(buf, atoms[random_below(kinds)]);
}

/* The text with a few characters taken out or put in. */
static void scribble(struct sl_str text, uint32_t kinds, struct sl_buf *buf)
{
	uint32_t chance = 1 + random_below(6);
	enum sl_text_token token;
	sl_buf_clear(buf);
	for (size_t at = 0, end; at < text.length; at = end) {
		end = sl_text_token_end(text, at, &token);
		if (random_below(chance + 2) == 0)
			add_atoms(buf, 1 + random_below(3), kinds);
		if (random_below(chance + 2) > 0)
			sl_buf_add(buf, text.bytes + at, end - at);
	}
	if (random_below(3) == 0)
		add_atoms(buf, 1 + random_below(3), kinds);
}

static void random__no_word_is_made_of_signs_and_letters_that_meet(void **state)
{
	(void)state;
	struct sl_buf texts[3];
	random_state = 12;
	for (int i = 0; i < 3; i++)
		sl_buf_init(&texts[i], FIXTURE_BYTES);
	for (int round = 0; round < ROUNDS * 2; round++) {
		struct sl_arena arena;
		uint32_t kinds = 4 + random_below(sizeof(atoms) / sizeof(atoms[0]) - 3);
		sl_arena_init(&arena, 0);
		sl_buf_clear(&texts[0]);
		add_atoms(&texts[0], random_below(14), kinds);
		scribble(sl_buf_str(&texts[0]), kinds, &texts[1]);
		scribble(sl_buf_str(&texts[0]), kinds, &texts[2]);
		check_merge(sl_buf_str(&texts[0]), sl_buf_str(&texts[1]), sl_buf_str(&texts[2]), &arena);
		sl_arena_dispose(&arena);
	}
	for (int i = 0; i < 3; i++)
		sl_buf_dispose(&texts[i]);
}

/* --- scripts without blanks ----------------------------------------------------------------------------------------------- */

/* Where the letters of the base, of mine and of theirs are taken from. */
struct letters {
	uint32_t firsts[3], count;
};

/* A line of letters, each once, some signs between; `side`: 0 is the base. */
static void write_letters(struct sl_buf *buf, const struct letters *letters, int side, uint32_t length, uint32_t sign_at)
{
	uint32_t typed = 0, chance = 2 + random_below(12);
	sl_buf_clear(buf);
	for (uint32_t i = 0; i <= length; i++) {
		if (i % sign_at == sign_at - 1)
			sl_buf_add_char(buf, '-');
		uint32_t act = side == 0 ? 3 : random_below(chance + 1);
		if (act <= 1 && typed < letters->count)
			add_point(buf, letters->firsts[side] + typed++);
		if (act != 1 && i < length)
			add_point(buf, letters->firsts[0] + i);
	}
}

static int owner_of(const struct letters *letters, const char *point)
{
	const unsigned char *bytes = (const unsigned char *)point;
	uint32_t value = (bytes[0] & 0x0fu) << 12 | (bytes[1] & 0x3fu) << 6 | (bytes[2] & 0x3fu);
	for (int side = 2; side > 0; side--)
		if (value >= letters->firsts[side] && value < letters->firsts[side] + letters->count)
			return side;
	return 0;
}

/* That in a clean result, two letters side by side of which one was typed stand side by side in the text of who typed it; and, of
 * scripts where a whole run may be a word, that no run has letters of both. Two insertions at one place are told of. */
static void assert_no_new_words(const struct letters *letters, const struct sl_str texts[3], const struct sl_text_merge *merge,
	bool is_run)
{
	int typed = 0;
	for (size_t at = 0, last = 0; at < merge->text.length;) {
		if (merge->text.bytes[at] == '-') {
			last = ++at;
			typed = 0;
			continue;
		}
		int side = owner_of(letters, merge->text.bytes + at);
		assert_false(is_run && typed && side && typed != side);
		typed = side ? side : typed;
		if (at > last) {
			int before = owner_of(letters, merge->text.bytes + at - 3);
			struct sl_str pair = { merge->text.bytes + at - 3, 6 };
			assert_true(!side || contains(texts[side], pair));
			assert_true(!before || contains(texts[before], pair));
		}
		at += 3;
	}
}

static void check_script(const struct letters *letters, bool is_run)
{
	struct sl_buf bufs[3];
	size_t clean = 0;
	for (int side = 0; side < 3; side++)
		sl_buf_init(&bufs[side], FIXTURE_BYTES);
	for (int round = 0; round < ROUNDS / 2; round++) {
		struct sl_arena arena;
		struct sl_str texts[3];
		uint32_t length = 1 + random_below(letters->count - 1), sign_at = 3 + random_below(20);
		sl_arena_init(&arena, 0);
		for (int side = 0; side < 3; side++) {
			write_letters(&bufs[side], letters, side, length, sign_at);
			texts[side] = sl_buf_str(&bufs[side]);
		}
		struct sl_text_merge merge = check_merge(texts[0], texts[1], texts[2], &arena);
		if (merge.clean && merge.both_count == 0) {
			assert_no_new_words(letters, texts, &merge, is_run);
			clean++;
		}
		sl_arena_dispose(&arena);
	}
	assert_true(clean > ROUNDS / 20);
	for (int side = 0; side < 3; side++)
		sl_buf_dispose(&bufs[side]);
}

static void random__no_word_is_made_of_two_writers_chinese_letters(void **state)
{
	(void)state;
	random_state = 13;
	check_script(&(struct letters){ { 0x4e00, 0x5200, 0x6200 }, 40 }, false);
	check_script(&(struct letters){ { 0x30a1, 0x5200, 0x3041 }, 40 }, false);
}

static void random__no_run_has_two_writers_letters(void **state)
{
	(void)state;
	random_state = 14;
	check_script(&(struct letters){ { 0xe01, 0x1000, 0x1780 }, 30 }, true);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(random__questions_are_only_where_edits_meet),
		cmocka_unit_test(random__no_word_is_made_of_signs_and_letters_that_meet),
		cmocka_unit_test(random__no_word_is_made_of_two_writers_chinese_letters),
		cmocka_unit_test(random__no_run_has_two_writers_letters),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
