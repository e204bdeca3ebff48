/* Tests of numbers as text: ECMAScript's form, correct rounding, no regard to the locale. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <locale.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include "core/base/error.h"
#include "core/json/number.h"

static uint64_t bits_of(double number)
{
	uint64_t bits;
	memcpy(&bits, &number, sizeof(bits));
	return bits;
}

static double from_bits(uint64_t bits)
{
	double number;
	memcpy(&number, &bits, sizeof(number));
	return number;
}

static uint64_t next_random(uint64_t *seed)
{
	*seed ^= *seed << 13;
	*seed ^= *seed >> 7;
	return *seed ^= *seed << 17;
}

static void assert_text(double number, const char *text)
{
	char found[SL_NUMBER_TEXT + 1] = "";
	size_t length = sl_number_format(number, found);
	assert_true(length <= 25);
	assert_string_equal(found, text);
}

static double parsed(const char *text)
{
	double number = NAN;
	assert_int_equal(sl_number_token(sl_str_from(text)), strlen(text));
	assert_int_equal(sl_number_parse(sl_str_from(text), &number), 0);
	return number;
}

/* RFC 8785, appendix B. */
static void number__formats_the_samples_of_rfc_8785(void **state)
{
	(void)state;
	static const struct {
		uint64_t bits;
		const char *text;
	} cases[] = {
		{ 0x0000000000000000, "0" },
		{ 0x8000000000000000, "0" },
		{ 0x0000000000000001, "5e-324" },
		{ 0x8000000000000001, "-5e-324" },
		{ 0x7fefffffffffffff, "1.7976931348623157e+308" },
		{ 0xffefffffffffffff, "-1.7976931348623157e+308" },
		{ 0x4340000000000000, "9007199254740992" },
		{ 0xc340000000000000, "-9007199254740992" },
		{ 0x4430000000000000, "295147905179352830000" },
		{ 0x44b52d02c7e14af5, "9.999999999999997e+22" },
		{ 0x44b52d02c7e14af6, "1e+23" },
		{ 0x44b52d02c7e14af7, "1.0000000000000001e+23" },
		{ 0x444b1ae4d6e2ef4e, "999999999999999700000" },
		{ 0x444b1ae4d6e2ef4f, "999999999999999900000" },
		{ 0x444b1ae4d6e2ef50, "1e+21" },
		{ 0x3eb0c6f7a0b5ed8c, "9.999999999999997e-7" },
		{ 0x3eb0c6f7a0b5ed8d, "0.000001" },
		{ 0x41b3de4355555553, "333333333.3333332" },
		{ 0x41b3de4355555554, "333333333.33333325" },
		{ 0x41b3de4355555555, "333333333.3333333" },
		{ 0x41b3de4355555556, "333333333.3333334" },
		{ 0x41b3de4355555557, "333333333.33333343" },
		{ 0xbecbf647612f3696, "-0.0000033333333333333333" },
		{ 0x43143ff3c1cb0959, "1424953923781206.2" },
	};
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
		assert_text(from_bits(cases[i].bits), cases[i].text);
}

static void number__formats_the_turns_of_ecmascript(void **state)
{
	(void)state;
	assert_text(1, "1");
	assert_text(-1.5, "-1.5");
	assert_text(0.1, "0.1");
	assert_text(0.1 + 0.2, "0.30000000000000004");
	assert_text(100, "100");
	assert_text(123456789012345680000.0, "123456789012345680000");
	assert_text(1e21, "1e+21");
	assert_text(1.5e21, "1.5e+21");
	assert_text(0.000001, "0.000001");
	assert_text(0.0000015, "0.0000015");
	assert_text(1e-7, "1e-7");
	assert_text(1.5e-7, "1.5e-7");
	assert_text(-1e-10, "-1e-10");
	assert_text(1e100, "1e+100");
	assert_text(2.2250738585072014e-308, "2.2250738585072014e-308");
	assert_text(2.225073858507201e-308, "2.225073858507201e-308");
}

/* The nearest 16 digits of 2^-44 miss it, but others hit: a printf loop alone answers 5.6843418860808015e-14. */
static void number__finds_the_shortest_at_powers_of_two(void **state)
{
	(void)state;
	assert_text(ldexp(1, -44), "5.684341886080802e-14");
	assert_text(9007199254740992.0 * 1024, "9223372036854776000");
	assert_text(from_bits(0x0060000000000000), "7.120236347223045e-307");
}

static void number__round_trips_random_doubles(void **state)
{
	(void)state;
	uint64_t seed = 88172645463325252;
	for (int i = 0; i < 20000; i++) {
		uint64_t random = next_random(&seed);
		double number = from_bits(i % 4 == 0 ? random >> 12 >> random % 50 : random), again;
		char text[SL_NUMBER_TEXT];
		if (!isfinite(number))
			continue;
		struct sl_str token = { text, sl_number_format(number, text) };
		assert_int_equal(sl_number_token(token), token.length);
		assert_int_equal(sl_number_parse(token, &again), 0);
		assert_true(again == number);
	}
}

static void number__token_follows_the_grammar(void **state)
{
	(void)state;
	static const struct {
		const char *text;
		size_t length;
	} cases[] = {
		{ "", 0 }, { "-", 0 }, { "+1", 0 }, { ".5", 0 }, { "-.5", 0 }, { "e5", 0 }, { "NaN", 0 }, { "Infinity", 0 },
		{ "-a", 0 }, { "0", 1 }, { "-0", 2 }, { "00", 1 }, { "01", 1 }, { "-012", 2 }, { "0x10", 1 }, { "12", 2 },
		{ "1.", 1 }, { "1.e5", 1 }, { "1.5", 3 }, { "1.5.6", 3 }, { "1e5", 3 }, { "1E+05", 5 }, { "1e-0", 4 },
		{ "1e", 1 }, { "1e+", 1 }, { "1.5e", 3 }, { "1,5", 1 }, { "1 ", 1 }, { "0e0", 3 },
	};
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
		assert_int_equal(sl_number_token(sl_str_from(cases[i].text)), cases[i].length);
	assert_int_equal(sl_number_token((struct sl_str){ "123", 2 }), 2);
	assert_int_equal(sl_number_token((struct sl_str){ "1\0002", 3 }), 1);
}

static void number__parses_what_javascript_parses(void **state)
{
	(void)state;
	assert_true(parsed("0") == 0 && !signbit(parsed("0")));
	assert_true(parsed("-0") == 0 && signbit(parsed("-0")));
	assert_true(parsed("-0.000e7") == 0 && signbit(parsed("-0.000e7")));
	assert_true(parsed("12.5") == 12.5);
	assert_true(parsed("1E2") == 100);
	assert_true(parsed("0.001e3") == 1);
	assert_true(parsed("999999999999999") == 999999999999999);
	assert_true(parsed("9007199254740993") == 9007199254740992);
	assert_true(parsed("9223372036854775808") == 9223372036854775808.0);
	assert_true(parsed("1e-400") == 0);
	assert_true(parsed("0e999999999999999999999999") == 0);
	assert_true(parsed("1e-99999999999999999999999") == 0);
	assert_true(bits_of(parsed("1.7976931348623158e308")) == bits_of(1.7976931348623157e308));
	assert_true(bits_of(parsed("5e-324")) == 1);
	assert_true(bits_of(parsed("2.2250738585072011e-308")) == 0x000fffffffffffff);
}

static void number__overflow_is_malformed(void **state)
{
	(void)state;
	static const char *const texts[] = { "1e400", "-1e400", "1e309", "1.7976931348623159e308", "1e99999999999999999999",
		"123456789e999999999999999999999999999999999" };
	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
		double number;
		assert_int_equal(sl_number_parse(sl_str_from(texts[i]), &number), SL_MALFORMED);
	}
}

/* Half way between 1 and its upper neighbour, exactly, rounds to even; a 1 after a thousand zeros decides. */
static void number__rounds_correctly_at_any_length(void **state)
{
	(void)state;
	static const char half[] = "1.00000000000000011102230246251565404236316680908203125";
	char text[2000];
	double number;
	assert_true(parsed(half) == 1);
	memset(text, '0', sizeof(text));
	memcpy(text, half, sizeof(half) - 1);
	assert_int_equal(sl_number_parse((struct sl_str){ text, sizeof(text) }, &number), 0);
	assert_true(number == 1);
	text[sizeof(text) - 1] = '1';
	assert_int_equal(sl_number_parse((struct sl_str){ text, sizeof(text) }, &number), 0);
	assert_true(bits_of(number) == bits_of(1) + 1);
}

static void number__digits_and_exponent_may_balance(void **state)
{
	(void)state;
	enum { ZEROS = 200000 };
	char *text = malloc(ZEROS + 20);
	double number;
	assert_non_null(text);
	memset(text, '0', ZEROS + 20);
	text[0] = '1';
	memcpy(text + 1 + ZEROS, "e-200000", 9);
	assert_int_equal(sl_number_parse(sl_str_from(text), &number), 0);
	assert_true(number == 1);
	memset(text, '0', ZEROS + 20);
	text[1] = '.';
	memcpy(text + 1 + ZEROS, "1e+200000", 10);
	assert_int_equal(sl_number_parse(sl_str_from(text), &number), 0);
	assert_true(number == 1);
	free(text);
}

/* Any locale with another decimal point will do; `make check` needs none of them to be installed. */
static void number__ignores_the_locale(void **state)
{
	(void)state;
	static const char *const names[] = { "de_DE.UTF-8", "fr_FR.UTF-8", "es_ES.UTF-8", "ru_RU.UTF-8", "ps_AF.UTF-8" };
	int tried = 0;
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		if (!setlocale(LC_ALL, names[i]))
			continue;
		tried++;
		assert_text(0.1, "0.1");
		assert_text(-1234.5678, "-1234.5678");
		assert_text(1.25e-9, "1.25e-9");
		assert_true(parsed("-1234.5678e1") == -12345.678);
	}
	setlocale(LC_ALL, "C");
	if (tried == 0)
		skip();
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(number__formats_the_samples_of_rfc_8785),
		cmocka_unit_test(number__formats_the_turns_of_ecmascript),
		cmocka_unit_test(number__finds_the_shortest_at_powers_of_two),
		cmocka_unit_test(number__round_trips_random_doubles),
		cmocka_unit_test(number__token_follows_the_grammar),
		cmocka_unit_test(number__parses_what_javascript_parses),
		cmocka_unit_test(number__overflow_is_malformed),
		cmocka_unit_test(number__rounds_correctly_at_any_length),
		cmocka_unit_test(number__digits_and_exponent_may_balance),
		cmocka_unit_test(number__ignores_the_locale),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
