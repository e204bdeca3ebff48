/* Tests of the cutting of text into lines and tokens. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "core/base/buf.h"
#include "core/text/tokens.h"
#include "core/base/utf8.h"

/* That `text` falls into the tokens that `expected` shows with a '|' behind each. */
static void assert_tokens(const char *expected)
{
	struct sl_buf buf, cut;
	enum sl_text_token token;
	sl_buf_init(&buf, 10000);
	sl_buf_init(&cut, 20000);
	for (const char *c = expected; *c; c++)
		if (*c != '|')
			sl_buf_add_char(&buf, *c);
	struct sl_str text = sl_buf_str(&buf);
	for (size_t at = 0, end; at < text.length; at = end) {
		end = sl_text_token_end(text, at, &token);
		assert_true(end > at && end <= text.length);
		sl_buf_add(&cut, text.bytes + at, end - at);
		sl_buf_add_char(&cut, '|');
	}
	sl_buf_add_char(&cut, '\0');
	assert_string_equal(cut.bytes, expected);
	sl_buf_dispose(&buf);
	sl_buf_dispose(&cut);
}

static void tokens__words_blanks_and_signs(void **state)
{
	(void)state;
	assert_tokens("To| |be|,| |or| |not| |to| |be|:| |2| |b|!|!|");
	assert_tokens("\t  |INT|.| |NIGHT| |-|-| |3|,| |5|\n|");
	assert_tokens("snake_case|(|x|)|");
}

static void case_71__signs_inside_words_and_numbers_belong_to_them(void **state)
{
	(void)state;
	assert_tokens("can't| |can’t| |e.g|.|,| |l’été| |'|quoted|'|");
	assert_tokens("1,000| |3.14|.| |1,2|,| |a|,|b| |10|:|30| |a:b|:|");
	assert_tokens("$100| |€1,50| |50€|,| |US|$5| |$|$5| |5$|a| |1|$2|");
	assert_tokens("5€\u0301|6| |5|€6|");
	assert_tokens("צה\"ל| |ג'|");
	assert_tokens("ג'|'| |ג'|'|א| |ג'א| |ג'\u0301|1| |ג'|_| |ג'|\"|א|"); /* WB7a is about one apostrophe */
}

static void case_72__marks_and_signs_before_others_stay_in_their_cluster(void **state)
{
	(void)state;
	assert_tokens(" \u0903|a|");
	assert_tokens("\u0600 |a|");
	assert_tokens("a|:|\u0600'|");
	assert_tokens("a|\u0600b|:|");
	assert_tokens("a\U000101fd|-\U000102e0|(\U0001133b|");
}

static void tokens__line_ends_stand_alone(void **state)
{
	(void)state;
	assert_tokens("a|\n|\n|  |\r\n|b|\r|c|\r\n|");
	assert_tokens("a|\r|\r\n|");
	assert_tokens("a|\r|");
}

static void tokens__letters_of_all_alphabets_are_words(void **state)
{
	(void)state;
	assert_tokens("Ü|");
	assert_tokens("größe| |Привет|,| |мир|");
	assert_tokens("السَّلامُ| |عَلَيْكُم|،| |نعم|؟|");
	assert_tokens("שָׁלוֹם| |עולם|");
	assert_tokens("नमस्ते| |दुनिया|।|");
	assert_tokens("안녕하세요| |세계|");
	assert_tokens("\u1112\u1161\u11ab\u1100\u116e\u11a8|"); /* conjoining Jamo */
	assert_tokens("می\u200cخواهم|"); /* a non-joiner within a word */
}

static void tokens__scripts_without_blanks_fall_into_letters(void **state)
{
	(void)state;
	assert_tokens("天|地|玄|黃|，|宇|宙|");
	assert_tokens("か|\u304b\u3099|カ|ー|ﾊﾞ|");
	assert_tokens("ที่|นี่|ก\u0e33|");
	assert_tokens("ខ្មែ|រ|"); /* a stacked consonant stays */
	assert_tokens("a|天|b|");
	assert_tokens("葛\U000e0100|城|"); /* an ideographic variation */
}

static void tokens__combining_marks_stay_with_their_base(void **state)
{
	(void)state;
	assert_tokens("e\u0301te\u0301| |x\u0302|");
	assert_tokens("!\u0301|?|");
	assert_tokens("#\ufe0f\u20e3|1\ufe0f\u20e3|");
}

static void tokens__emoji_sequences_stay_whole(void **state)
{
	(void)state;
	assert_tokens("😀|😀|");
	assert_tokens("👩‍👩‍👧‍👦|👍🏽|❤️|a|");
	assert_tokens("👩🏽‍🚀| |🏳️‍🌈|");
	assert_tokens("🇩🇪|🇫🇷|🇯|a|");
	assert_tokens("🏴󠁧󠁢󠁥󠁮󠁧󠁿|!|");
	assert_tokens("x|😀|y|");
}

/* WB3c, GB11: a joiner binds the picture behind it and nothing else; behind the picture the word is at its end. */
static void tokens__a_joiner_binds_only_pictures(void **state)
{
	(void)state;
	assert_tokens("a\u200d|\x7f|a\u200d|-|1\u200d€| |1\u200d|→|");
	assert_tokens("1\u200d😀|2,3| |a\u200d👩🏽\u200d🚀\ufe0f|b| |1\u200d😀|,|2|");
	assert_tokens("-\u200d😀|1| |我\u200d😀|1| |1\u200d2|");
	assert_tokens("😀\u200d|1\ufe0f\u20e32|");
}

static void tokens__broken_bytes_are_single_signs(void **state)
{
	(void)state;
	enum sl_text_token token;
	assert_int_equal(sl_text_token_end(SL_STR("\xff\xff"), 0, &token), 1);
	assert_int_equal(token, SL_TOKEN_SIGN);
	assert_int_equal(sl_text_token_end(SL_STR("\xe5\xa4"), 0, &token), 1);
	assert_int_equal(sl_text_token_end(SL_STR("\xe5\xa4\xa9"), 0, &token), 3);
	assert_int_equal(sl_text_token_end(SL_STR("\x80"), 0, &token), 1);
}

/* Every code point alone, and behind a letter. */
static void tokens__never_cut_a_code_point(void **state)
{
	(void)state;
	for (uint32_t point = 1; point <= 0x10ffff; point++) {
		char bytes[5] = "a";
		enum sl_text_token token;
		if (point >= 0xd800 && point <= 0xdfff)
			continue;
		struct sl_str text = { bytes, 1 + sl_utf8_encode(point, bytes + 1) };
		assert_int_equal(sl_text_token_end(text, 1, &token), text.length);
		size_t end = sl_text_token_end(text, 0, &token);
		assert_true(end == 1 || end == text.length);
		assert_int_equal(token, SL_TOKEN_WORD);
	}
}

static void lines__end_behind_the_line_feed(void **state)
{
	(void)state;
	struct sl_str text = SL_STR("a\r\n\nlast");
	assert_int_equal(sl_text_line_end(text, 0), 3);
	assert_int_equal(sl_text_line_end(text, 3), 4);
	assert_int_equal(sl_text_line_end(text, 4), text.length);
}

static void words__are_counted_with_line_ends(void **state)
{
	(void)state;
	assert_int_equal(sl_text_count_words((struct sl_str){ NULL, 0 }), 0);
	assert_int_equal(sl_text_count_words(SL_STR("  ... 😀")), 0);
	assert_int_equal(sl_text_count_words(SL_STR("one, two\n天地\r\n")), 6);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(tokens__words_blanks_and_signs),
		cmocka_unit_test(case_71__signs_inside_words_and_numbers_belong_to_them),
		cmocka_unit_test(case_72__marks_and_signs_before_others_stay_in_their_cluster),
		cmocka_unit_test(tokens__line_ends_stand_alone),
		cmocka_unit_test(tokens__letters_of_all_alphabets_are_words),
		cmocka_unit_test(tokens__scripts_without_blanks_fall_into_letters),
		cmocka_unit_test(tokens__combining_marks_stay_with_their_base),
		cmocka_unit_test(tokens__emoji_sequences_stay_whole),
		cmocka_unit_test(tokens__a_joiner_binds_only_pictures),
		cmocka_unit_test(tokens__broken_bytes_are_single_signs),
		cmocka_unit_test(tokens__never_cut_a_code_point),
		cmocka_unit_test(lines__end_behind_the_line_feed),
		cmocka_unit_test(words__are_counted_with_line_ends),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
