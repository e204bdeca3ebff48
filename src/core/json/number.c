/* Doubles as text: see number.h; ECMA-262 section 6.1.6.1.20 and RFC 8785 section 3.2.2.3.
 *
 * strtod and printf follow the locale in the decimal point only. So strtod is given digits and an exponent without a
 * point, and of printf's output only the digits are taken.
 */
#include "core/json/number.h"

#include <float.h>
#include <math.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include "core/base/error.h"

#define MOST_DIGITS 17        /* always enough to tell a double from its neighbours */
#define DIGITS_KEPT 800       /* at most 768 decide how a decimal rounds; of the rest only "not all 0" matters */
#define EXPONENT_LIMIT 100000 /* beyond it, DIGITS_KEPT digits are certainly zero or infinite */

static bool is_digit(char c) { return c >= '0' && c <= '9'; }

static size_t skip_digits(struct sl_str text, size_t at)
{
	while (at < text.length && is_digit(text.bytes[at]))
		at++;
	return at;
}

static bool has(struct sl_str text, size_t at, const char *any)
{
	return at < text.length && text.bytes[at] != '\0' && strchr(any, text.bytes[at]) != NULL;
}

/* The end of the fraction and the exponent behind the integer part that ends at `at`, as far as they are complete. */
static size_t skip_tail(struct sl_str text, size_t at)
{
	if (has(text, at, ".")) {
		size_t end = skip_digits(text, at + 1);
		if (end == at + 1)
			return at;
		at = end;
	}
	if (has(text, at, "eE")) {
		size_t start = at + (has(text, at + 1, "+-") ? 2 : 1);
		size_t end = skip_digits(text, start);
		if (end > start)
			at = end;
	}
	return at;
}

size_t sl_number_token(struct sl_str text)
{
	size_t start = has(text, 0, "-") ? 1 : 0;
	size_t end = has(text, start, "0") ? start + 1 : skip_digits(text, start);
	return end == start ? 0 : skip_tail(text, end);
}

/* digits × 10^exponent; the digits have no leading zero, and none at all mean 0. */
struct decimal {
	char digits[DIGITS_KEPT + 1];
	size_t count;
	int64_t exponent;
};

static int64_t read_exponent(struct sl_str text, size_t at)
{
	bool negative = has(text, at, "-");
	int64_t exponent = 0;
	for (at += has(text, at, "+-") ? 1 : 0; at < text.length; at++)
		if (exponent < INT64_C(1000000000000000)) /* longer than any text in memory */
			exponent = exponent * 10 + (text.bytes[at] - '0');
	return negative ? -exponent : exponent;
}

static void read_decimal(struct sl_str text, struct decimal *decimal)
{
	bool fraction = false, rest = false;
	size_t at = 0;
	decimal->count = 0;
	decimal->exponent = 0;
	for (; at < text.length && !has(text, at, "eE"); at++) {
		char c = text.bytes[at];
		bool kept = decimal->count < DIGITS_KEPT;
		if (c == '.') {
			fraction = true;
			continue;
		}
		if (!kept)
			rest = rest || c != '0';
		else if (decimal->count > 0 || c != '0')
			decimal->digits[decimal->count++] = c;
		decimal->exponent += (kept ? 0 : 1) - (fraction ? 1 : 0);
	}
	if (rest) {
		decimal->digits[decimal->count++] = '1';
		decimal->exponent--;
	}
	if (at < text.length)
		decimal->exponent += read_exponent(text, at + 1);
}

/* The double nearest to `count` digits × 10^exponent. */
static double nearest(const char *digits, size_t count, int64_t exponent)
{
	char text[DIGITS_KEPT + 1 + 16];
	int limited = exponent > EXPONENT_LIMIT ? EXPONENT_LIMIT
	            : exponent < -EXPONENT_LIMIT ? -EXPONENT_LIMIT : (int)exponent;
	memcpy(text, digits, count);
	snprintf(text + count, sizeof(text) - count, "e%d", limited);
	return strtod(text, NULL);
}

static double small_integer(const char *digits, size_t count)
{
	int64_t number = 0;
	for (size_t i = 0; i < count; i++)
		number = number * 10 + (digits[i] - '0');
	return (double)number;
}

int sl_number_parse(struct sl_str text, double *number_r)
{
	struct decimal decimal;
	bool negative = has(text, 0, "-");
	if (negative)
		text = (struct sl_str){ text.bytes + 1, text.length - 1 };
	read_decimal(text, &decimal);
	bool exact = decimal.count <= DBL_DIG && (decimal.exponent == 0 || decimal.count == 0);
	double number = exact ? small_integer(decimal.digits, decimal.count)
	                      : nearest(decimal.digits, decimal.count, decimal.exponent);
	*number_r = negative ? -number : number;
	return isfinite(number) ? 0 : SL_MALFORMED;
}

/* The `count` digits nearest to `number` > 0. Returns ECMA-262's n: the point goes behind the n-th digit. */
static int round_to(double number, int count, char *digits_r)
{
	char text[MOST_DIGITS + 24];
	snprintf(text, sizeof(text), "%.*e", count - 1, number);
	const char *at = text;
	for (; *at && *at != 'e'; at++)
		if (is_digit(*at))
			*digits_r++ = *at;
	return (int)strtol(at + 1, NULL, 10) + 1;
}

/* Adds one to the last digit. Returns n, one more when 99… became 10…. */
static int step_up(char *digits, int count, int n)
{
	while (count > 0 && digits[count - 1] == '9')
		digits[--count] = '0';
	if (count > 0) {
		digits[count - 1]++;
		return n;
	}
	digits[0] = '1';
	return n + 1;
}

/* The fewest digits that identify `number` > 0. 15 digits always survive the way through a normal double, so that
 * fewer need not be tried. At a power of two the gap below is half of that above: the nearest short decimal may miss,
 * and its upper neighbour still hit. */
static int shortest(double number, char digits_r[MOST_DIGITS], int *n_r)
{
	int count = number < DBL_MIN ? 1 : DBL_DIG;
	for (;; count++) {
		*n_r = round_to(number, count, digits_r);
		if (count == MOST_DIGITS || nearest(digits_r, (size_t)count, *n_r - count) == number)
			break;
		*n_r = step_up(digits_r, count, *n_r);
		if (nearest(digits_r, (size_t)count, *n_r - count) == number)
			break;
	}
	while (count > 1 && digits_r[count - 1] == '0')
		count--;
	return count;
}

static char *put(char *at, const char *bytes, int count)
{
	memcpy(at, bytes, (size_t)count);
	return at + count;
}

static char *put_zeros(char *at, int count)
{
	memset(at, '0', (size_t)count);
	return at + count;
}

static char *put_exponent(char *at, const char *digits, int count, int exponent)
{
	*at++ = digits[0];
	if (count > 1) {
		*at++ = '.';
		at = put(at, digits + 1, count - 1);
	}
	*at++ = 'e';
	*at++ = exponent < 0 ? '-' : '+';
	int size = abs(exponent);
	if (size >= 100)
		*at++ = (char)('0' + size / 100);
	if (size >= 10)
		*at++ = (char)('0' + size / 10 % 10);
	*at++ = (char)('0' + size % 10);
	return at;
}

size_t sl_number_format(double number, char text_r[SL_NUMBER_TEXT])
{
	char digits[MOST_DIGITS], *at = text_r;
	int n;
	if (number == 0)
		return (size_t)(put_zeros(at, 1) - text_r);
	if (number < 0)
		*at++ = '-';
	int count = shortest(fabs(number), digits, &n);
	if (n > 21 || n <= -6) {
		at = put_exponent(at, digits, count, n - 1);
	} else if (n <= 0) {
		at = put(at, "0.", 2);
		at = put(put_zeros(at, -n), digits, count);
	} else if (count <= n) {
		at = put_zeros(put(at, digits, count), n - count);
	} else {
		at = put(at, digits, n);
		*at++ = '.';
		at = put(at, digits + n, count - n);
	}
	return (size_t)(at - text_r);
}
