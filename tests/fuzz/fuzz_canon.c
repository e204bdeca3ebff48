/* Fuzzes the strict JSON reader, the canonical writer, and the numbers and UTF-8 below them. The input is any bytes.
 *
 * What holds: a text is read or refused, and a refusal tells a place in it. What is read is what Jansson reads, and
 * Jansson reads no more, but for the limits. It is written as text that reads as the same value and is written as the
 * same bytes, with keys in the order of UTF-16. A double is written with the fewest digits that read as the same double,
 * with an exponent where ECMAScript has one, and is read as strtod reads it. UTF-8 is what a decoder written down here
 * from RFC 3629 says it is.
 */
#include "fuzz.h"

#include <math.h>

#include "core/json/parse.h"
#include "core/json/write.h"
#include "core/json/number.h"
#include "core/json/scan.h"
#include "core/base/utf8.h"

/* --- UTF-8 ------------------------------------------------------------------------------------------------------ */

/* The bytes of the character that `text` begins with, by RFC 3629's own way: decode, then see whether it was the
 * shortest form of a code point that exists. 0: none. */
static size_t decode(struct sl_str text, uint32_t *point_r)
{
	static const uint32_t first[] = { 0, 0, 0x80, 0x800, 0x10000 };
	unsigned char lead = text.length ? (unsigned char)text.bytes[0] : 0xff;
	size_t length = lead < 0x80 ? 1 : lead >> 5 == 6 ? 2 : lead >> 4 == 14 ? 3 : lead >> 3 == 30 ? 4 : 0;
	if (length == 0 || length > text.length)
		return 0;
	*point_r = length == 1 ? lead : lead & (0x7fu >> length);
	for (size_t i = 1; i < length; i++) {
		if (((unsigned char)text.bytes[i] & 0xc0) != 0x80)
			return 0;
		*point_r = *point_r << 6 | ((unsigned char)text.bytes[i] & 0x3f);
	}
	bool fine = *point_r >= first[length] && *point_r <= 0x10ffff && (*point_r < 0xd800 || *point_r > 0xdfff);
	return fine ? length : 0;
}

/* The code point in UTF-16, as one number that sorts by code units among others of the kind. */
static uint32_t units(uint32_t point)
{
	if (point < 0x10000)
		return point << 16;
	return (0xd800 + ((point - 0x10000) >> 10)) << 16 | (0xdc00 + ((point - 0x10000) & 0x3ff));
}

static int compare_units(struct sl_str a, struct sl_str b)
{
	while (a.length > 0 && b.length > 0) {
		uint32_t left = 0, right = 0;
		size_t left_length = decode(a, &left), right_length = decode(b, &right);
		if (left != right)
			return units(left) < units(right) ? -1 : 1;
		a = (struct sl_str){ a.bytes + left_length, a.length - left_length };
		b = (struct sl_str){ b.bytes + right_length, b.length - right_length };
	}
	return a.length > 0 ? 1 : b.length > 0 ? -1 : 0;
}

/* --- refusals --------------------------------------------------------------------------------------------------- */

/* That a refusal ends in a line and a byte offset of the text which belong together. */
static void check_place(struct sl_str text, const struct sl_err *err)
{
	size_t line, byte, lines = 1;
	const char *place = NULL;
	for (const char *at = err->message; (at = strstr(at, " at line ")); at++)
		place = at;
	CHECK(place && place > err->message);
	CHECK(sscanf(place, " at line %zu, byte %zu", &line, &byte) == 2);
	CHECK(byte <= text.length);
	for (size_t i = 0; i < byte; i++)
		lines += text.bytes[i] == '\n';
	CHECK(line == lines);
}

static void check_refusal(struct sl_str text, int code, const struct sl_err *err)
{
	CHECK(err->code == code);
	CHECK(code == SL_MALFORMED);
	check_place(text, err);
}

/* --- numbers ---------------------------------------------------------------------------------------------------- */

static size_t significant_digits(const char *text)
{
	size_t digits = 0, zeros = 0;
	for (; *text && *text != 'e'; text++) {
		if (*text < '0' || *text > '9' || (digits + zeros == 0 && *text == '0'))
			continue;
		zeros = *text == '0' ? zeros + 1 : 0;
		digits++;
	}
	return digits - zeros;
}

/* That no shorter text reads as the same double, be it the nearest or the one above that. */
static void check_shortest(const char *text, double number)
{
	char nearest[64], digits[64], *exponent;
	size_t count = significant_digits(text), kept = 0;
	CHECK(count <= 17);
	if (count < 2)
		return;
	snprintf(nearest, sizeof(nearest), "%.*e", (int)count - 2, fabs(number));
	CHECK(strtod(nearest, NULL) != fabs(number));
	exponent = strchr(nearest, 'e');
	for (const char *at = nearest; at < exponent; at++)
		if (*at != '.')
			digits[kept++] = *at;
	digits[kept] = '\0';
	snprintf(nearest, sizeof(nearest), "%llue%ld", strtoull(digits, NULL, 10) + 1,
		strtol(exponent + 1, NULL, 10) - (long)kept + 1);
	CHECK(strtod(nearest, NULL) != fabs(number));
}

static void check_double(double number)
{
	char text[SL_NUMBER_TEXT + 1];
	struct sl_buf canonical;
	double again = 0;
	size_t length = sl_number_format(number, text);
	CHECK(length > 0 && length <= 25);
	text[length] = '\0';
	CHECK(sl_number_token((struct sl_str){ text, length }) == length);
	CHECK(sl_number_parse((struct sl_str){ text, length }, &again) == 0 && again == number);
	CHECK(strtod(text, NULL) == number);
	CHECK((strchr(text, 'e') != NULL) == (fabs(number) >= 1e21 || (number != 0 && fabs(number) < 1e-6)));
	sl_buf_init(&canonical, SIZE_MAX);
	sl_json_number(&canonical, number);
	CHECK(sl_str_equal(sl_buf_str(&canonical), (struct sl_str){ text, length }));
	sl_buf_dispose(&canonical);
	check_shortest(text, number);
}

/* The number that the text begins with, if there is one. */
static void check_number(struct sl_str text)
{
	char *copy = fuzz_copy(text), *end;
	size_t length = sl_number_token((struct sl_str){ copy, text.length });
	double number = 0;
	CHECK(length <= text.length);
	if (length > 0) {
		struct sl_buf token;
		int code = sl_number_parse((struct sl_str){ copy, length }, &number);
		sl_buf_init(&token, SIZE_MAX);
		sl_buf_add(&token, copy, length);
		sl_buf_add_char(&token, '\0');
		double expected = strtod(token.bytes, &end);
		CHECK(end == token.bytes + length);
		CHECK(code == (isfinite(expected) ? 0 : SL_MALFORMED));
		CHECK(code != 0 || (number == expected && signbit(number) == signbit(expected)));
		if (code == 0)
			check_double(number);
		sl_buf_dispose(&token);
	}
	free(copy);
}

/* --- values ----------------------------------------------------------------------------------------------------- */

/* NULL: refused, with the reason in `err`. */
static json_t *read(struct sl_str text, struct sl_err *err)
{
	char *copy = fuzz_copy(text);
	json_t *value = NULL;
	size_t memory;
	struct sl_str exact = { copy, text.length };
	struct sl_err strict = SL_ERR_INIT;
	*err = (struct sl_err)SL_ERR_INIT;
	int code = sl_json_parse(exact, &value, err), strict_code = sl_json_scan(exact, &memory, &strict);
	CHECK((code == 0) == (value != NULL));
	if (code != 0)
		check_refusal(exact, code, err);
	if (strict_code != 0)
		CHECK(code == strict_code && strcmp(err->message, strict.message) == 0);
	free(copy);
	return value;
}

static size_t larger(size_t a, size_t b) { return a > b ? a : b; }

static size_t depth(const json_t *value)
{
	size_t deepest = 0, index;
	const char *name;
	json_t *inner;
	json_object_foreach((json_t *)value, name, inner)
		deepest = larger(depth(inner), deepest);
	json_array_foreach(value, index, inner)
		deepest = larger(depth(inner), deepest);
	return deepest + (json_is_object(value) || json_is_array(value));
}

static bool holds_nul(struct sl_str text) { return text.length > 0 && memchr(text.bytes, '\0', text.length); }

/* The same but for our limits, and for NUL outside of strings: Jansson 2.14 takes one at the end of a text. */
static void check_against_jansson(struct sl_str text, const json_t *value, const struct sl_err *err)
{
	json_t *theirs = json_loadb(text.bytes, text.length,
		JSON_DECODE_ANY | JSON_REJECT_DUPLICATES | JSON_DECODE_INT_AS_REAL, NULL);
	if (value)
		CHECK(theirs && json_equal(value, theirs) && depth(value) <= SL_JSON_DEPTH);
	else if (theirs && !holds_nul(text))
		CHECK(err->code == SL_TOO_LARGE || depth(theirs) > SL_JSON_DEPTH);
	json_decref(theirs);
}

static void write(const json_t *value, struct sl_buf *out)
{
	sl_buf_init(out, SIZE_MAX);
	sl_json_write(out, value);
	CHECK(sl_buf_code(out) == 0);
}

static void check_without(const json_t *object, struct sl_str canonical)
{
	struct sl_buf all, rest;
	const char *first = json_object_iter_key(json_object_iter((json_t *)object));
	json_t *copy = json_copy((json_t *)object);
	CHECK(copy && (!first || json_object_del(copy, first) == 0));
	write(copy, &rest);
	sl_buf_init(&all, SIZE_MAX);
	sl_json_write_without(&all, object, NULL, 0);
	CHECK(sl_str_equal(sl_buf_str(&all), canonical));
	sl_buf_clear(&all);
	sl_json_write_without(&all, object, &first, first != NULL);
	CHECK(sl_str_equal(sl_buf_str(&all), sl_buf_str(&rest)));
	sl_buf_dispose(&all);
	sl_buf_dispose(&rest);
	json_decref(copy);
}

/* What was read from a canonical text: its members came in its order, and its numbers are written as they should be. */
static void check_parts(const json_t *value)
{
	struct sl_str before = { NULL, 0 };
	const char *name;
	size_t index;
	json_t *inner;
	json_object_foreach((json_t *)value, name, inner) {
		CHECK(!before.bytes || compare_units(before, sl_str_from(name)) < 0);
		before = sl_str_from(name);
		check_parts(inner);
	}
	json_array_foreach(value, index, inner)
		check_parts(inner);
	if (json_is_real(value))
		check_double(json_real_value(value));
}

/* That the canonical text stands for the value, and is its own canonical text. */
static void check_fixed_point(const json_t *value)
{
	struct sl_err err;
	struct sl_buf once, twice;
	write(value, &once);
	CHECK(sl_utf8_valid(sl_buf_str(&once)) == once.length);
	json_t *again = read(sl_buf_str(&once), &err);
	CHECK(again && json_equal(value, again));
	check_parts(again);
	write(again, &twice);
	CHECK(sl_str_equal(sl_buf_str(&once), sl_buf_str(&twice)));
	if (json_is_object(value))
		check_without(value, sl_buf_str(&once));
	json_decref(again);
	sl_buf_dispose(&once);
	sl_buf_dispose(&twice);
}

static void check_json(struct sl_str text)
{
	struct sl_err err;
	json_t *value = read(text, &err);
	check_against_jansson(text, value, &err);
	if (value)
		check_fixed_point(value);
	json_decref(value);
}

/* --- texts ------------------------------------------------------------------------------------------------------ */

static int sign(int number) { return (number > 0) - (number < 0); }

/* A string literal of the text reads as the text, unless that holds NUL. */
static void check_string(struct sl_str text)
{
	struct sl_buf literal;
	struct sl_err err;
	sl_buf_init(&literal, SIZE_MAX);
	sl_json_string(&literal, text);
	json_t *value = read(sl_buf_str(&literal), &err);
	CHECK((value == NULL) == holds_nul(text));
	CHECK(!value || sl_str_equal((struct sl_str){ json_string_value(value), json_string_length(value) }, text));
	json_decref(value);
	sl_buf_dispose(&literal);
}

static void check_utf8(struct sl_str text)
{
	size_t at = 0, points = 0, middle = 0, length;
	uint32_t point;
	char bytes[4];
	while ((length = decode((struct sl_str){ text.bytes + at, text.length - at }, &point)) > 0) {
		CHECK(sl_utf8_encode(point, bytes) == length && memcmp(bytes, text.bytes + at, length) == 0);
		at += length;
		points++;
		if (at <= text.length / 2)
			middle = at;
	}
	struct sl_str valid = { text.bytes, at };
	struct sl_str left = { text.bytes, middle }, right = { text.bytes + middle, at - middle };
	CHECK(sl_utf8_valid(text) == at);
	CHECK(sl_utf8_length(valid) == points);
	CHECK(sign(sl_utf8_compare_utf16(left, right)) == compare_units(left, right));
	CHECK(sign(sl_utf8_compare_utf16(right, left)) == -compare_units(left, right));
	CHECK(sl_utf8_compare_utf16(valid, valid) == 0);
	check_string(valid);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct sl_str text = { (const char *)data, size };
	double number;
	check_json(text);
	check_number(text);
	check_utf8(text);
	if (size >= sizeof(number)) {
		memcpy(&number, data, sizeof(number));
		if (isfinite(number))
			check_double(number);
	}
	return 0;
}
