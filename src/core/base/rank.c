/* Order keys as base-62 fractions: see rank.h.
 * Keeps true: what is made here lies strictly between its bounds, rises strictly and never ends in '0'. Bounds are
 * compared as fractions: for ranks that don't end in '0' that is the order of bytes, for others it only refuses more.
 * Fails with SL_TOO_LARGE where SL_RANK_BYTES digits hold too few ranks.
 */
#include "core/base/rank.h"

#include <stdint.h>

#include "core/base/error.h"

#define BASE 62

static const char digits[] = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";

static int value_of(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	if (c >= 'A' && c <= 'Z')
		return c - 'A' + 10;
	if (c >= 'a' && c <= 'z')
		return c - 'a' + 36;
	return -1;
}

bool sl_rank_is_valid(struct sl_str rank)
{
	if (rank.length == 0 || rank.length > SL_RANK_BYTES)
		return false;
	for (size_t i = 0; i < rank.length; i++)
		if (value_of(rank.bytes[i]) < 0)
			return false;
	return true;
}

/* A fraction: the digits behind the point, zeros behind the last. */
struct fraction {
	unsigned char digits[SL_RANK_BYTES];
};

static struct fraction fraction_of(struct sl_str rank)
{
	struct fraction fraction = { { 0 } };
	for (size_t i = 0; i < rank.length; i++)
		fraction.digits[i] = (unsigned char)value_of(rank.bytes[i]);
	return fraction;
}

/* Adds `amount` at the digit before `length`. Callers know that the sum stays below 1. */
static void fraction_add(struct fraction *fraction, size_t length, uint64_t amount)
{
	for (size_t i = length; i > 0 && amount > 0; i--) {
		amount += fraction->digits[i - 1];
		fraction->digits[i - 1] = (unsigned char)(amount % BASE);
		amount /= BASE;
	}
}

static int fraction_write(const struct fraction *fraction, size_t length, struct sl_arena *arena, struct sl_str *rank_r)
{
	char text[SL_RANK_BYTES];
	while (length > 0 && fraction->digits[length - 1] == 0)
		length--;
	for (size_t i = 0; i < length; i++)
		text[i] = digits[fraction->digits[i]];
	return sl_arena_copy(arena, (struct sl_str){ text, length }, rank_r);
}

/* The place at which appending counts up: as many digits behind the leading 'z's as there are of them, and one more. So
 * each time that a width runs out the next one holds 62 times as many ranks for two characters more. 0: no room. */
static size_t counter_length(const struct fraction *low)
{
	size_t full = 0;
	while (full < SL_RANK_BYTES && low->digits[full] == BASE - 1)
		full++;
	if (full == SL_RANK_BYTES)
		return 0;
	return 2 * full + 1 < SL_RANK_BYTES ? 2 * full + 1 : SL_RANK_BYTES;
}

static int append(struct sl_str low, size_t count, struct sl_arena *arena, struct sl_str *ranks_r)
{
	struct fraction at = fraction_of(low);
	for (size_t i = 0; i < count; i++) {
		size_t length = counter_length(&at);
		if (length == 0)
			return SL_TOO_LARGE;
		memset(at.digits + length, 0, SL_RANK_BYTES - length);
		fraction_add(&at, length, 1);
		int code = fraction_write(&at, length, arena, &ranks_r[i]);
		if (code != 0)
			return code;
	}
	return 0;
}

static bool has_digits_from(const struct fraction *fraction, size_t position)
{
	for (size_t i = position; i < SL_RANK_BYTES; i++)
		if (fraction->digits[i] != 0)
			return true;
	return false;
}

/* The shortest length at which more than `count` steps lie between `low` and `high`, and their number; 0: there is
 * none. A NULL `high` is 1. */
static size_t grid_between(const struct fraction *low, const struct fraction *high, uint64_t count, uint64_t *steps_r)
{
	int64_t distance = high ? 0 : 1;
	for (size_t length = 1; length <= SL_RANK_BYTES; length++) {
		distance = distance * BASE + (high ? high->digits[length - 1] : 0) - low->digits[length - 1];
		if (distance < 0)
			return 0;
		uint64_t steps = (uint64_t)distance + (high && has_digits_from(high, length));
		if (steps > count) {
			*steps_r = steps;
			return length;
		}
	}
	return 0;
}

static int spread(struct sl_str low, struct sl_str high, size_t count, struct sl_arena *arena, struct sl_str *ranks_r)
{
	struct fraction at = fraction_of(low), end = fraction_of(high);
	uint64_t steps = 0, parts = (uint64_t)count + 1, owed = 0;
	size_t length = grid_between(&at, high.length > 0 ? &end : NULL, count, &steps);
	if (length == 0)
		return SL_TOO_LARGE;
	memset(at.digits + length, 0, SL_RANK_BYTES - length);
	for (size_t i = 0; i < count; i++) {
		owed += steps % parts;
		fraction_add(&at, length, steps / parts + owed / parts);
		owed %= parts;
		int code = fraction_write(&at, length, arena, &ranks_r[i]);
		if (code != 0)
			return code;
	}
	return 0;
}

static bool is_bound(struct sl_str rank)
{
	return rank.length == 0 || sl_rank_is_valid(rank);
}

int sl_rank_between(struct sl_str low, struct sl_str high, size_t count, struct sl_arena *arena, struct sl_str *ranks_r)
{
	/* The second limit keeps the arithmetic of grid_between within 64 bits; no memory holds as many. */
	if (!is_bound(low) || !is_bound(high) || (uint64_t)count > UINT64_C(1) << 48)
		return SL_TOO_LARGE;
	if (low.length > 0 && high.length == 0)
		return append(low, count, arena, ranks_r);
	return spread(low, high, count, arena, ranks_r);
}
