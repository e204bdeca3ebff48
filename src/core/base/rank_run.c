/* Runs of ranks under a device's prefix; see rank_run.h and "Order" in merge.md.
 *
 * Keeps true: a rank made here lies strictly between its bounds, holds the prefix, and ends in no digit that would leave no room
 * before it. A zone is shorter than any run's beginning, so it lies in nobody's run. Counting up or down takes few digits however
 * often it is done: see count_up. Fails with SL_TOO_LARGE where SL_RANK_BYTES don't suffice.
 */
#include "core/base/rank_run.h"

#include "core/base/error.h"

#define ZONE_BYTES SL_RANK_PREFIX_BYTES /* a run begins with at least one byte more: its zone and its prefix */
#define HIGHEST 'z'
#define MIDDLE 'V'

static const char digits[] = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";

/* A rank under construction. Digits that don't fit are counted, so that the length tells. */
struct text {
	char bytes[SL_RANK_BYTES];
	size_t length;
};

static void add(struct text *text, struct sl_str more)
{
	for (size_t i = 0; i < more.length; i++, text->length++)
		if (text->length < SL_RANK_BYTES)
			text->bytes[text->length] = more.bytes[i];
}

static void add_times(struct text *text, char digit, size_t times)
{
	while (times-- > 0)
		add(text, (struct sl_str){ &digit, 1 });
}

static struct sl_str str_of(const struct text *text)
{
	return (struct sl_str){ text->bytes, text->length };
}

static bool fits(const struct text *text)
{
	return text->length > 0 && text->length <= SL_RANK_BYTES;
}

static struct sl_str behind(struct sl_str text, size_t at)
{
	return (struct sl_str){ text.bytes + at, text.length - at };
}

static bool begins_with(struct sl_str text, struct sl_str with)
{
	return text.length >= with.length && (with.length == 0 || memcmp(text.bytes, with.bytes, with.length) == 0);
}

static size_t leading(struct sl_str text, char digit)
{
	size_t count = 0;
	while (count < text.length && text.bytes[count] == digit)
		count++;
	return count;
}

static int value_of(char digit)
{
	return (int)(strchr(digits, digit) - digits);
}

/* --- counting ----------------------------------------------------------------------------------------------------- */

/* The digits of `from` that counting changes: as many behind the leading digits `full` as there are of these, and one more. So each
 * time that a width is used up, the next one holds as many numbers as the square of it. */
static bool take_width(struct sl_str from, char full, char lowest, struct text *number_r)
{
	size_t width = 2 * leading(from, full) + 1;
	*number_r = (struct text){ .length = 0 };
	add(number_r, from.length > width ? (struct sl_str){ from.bytes, width } : from);
	if (number_r->length < width)
		add_times(number_r, lowest, width - number_r->length);
	return fits(number_r);
}

/* The next number behind `from`, which may be a longer text. No digit is below `lowest`, and the last one is above it. */
static bool count_up(struct sl_str from, char lowest, struct text *next_r)
{
	if (from.length == 0) {
		*next_r = (struct text){ { MIDDLE }, 1 };
		return true;
	}
	if (!take_width(from, HIGHEST, lowest, next_r))
		return false;
	size_t at = next_r->length;
	while (next_r->bytes[at - 1] == HIGHEST) /* ends: not all of a width's digits are */
		next_r->bytes[--at] = lowest;
	next_r->bytes[at - 1] = digits[value_of(next_r->bytes[at - 1]) + 1];
	while (next_r->bytes[next_r->length - 1] == lowest)
		next_r->length--;
	return true;
}

static bool is_all(const struct text *number, char digit, size_t length)
{
	return leading(str_of(number), digit) >= length;
}

/* One less in place; false if there is none. */
static bool subtract_one(struct text *number, char lowest)
{
	size_t at = number->length;
	if (is_all(number, lowest, number->length))
		return false;
	while (number->bytes[at - 1] <= lowest)
		number->bytes[--at] = HIGHEST;
	number->bytes[at - 1] = digits[value_of(number->bytes[at - 1]) - 1];
	return true;
}

/* The next number before `from`; the same in the other direction. It is not what `from` begins with. */
static bool count_down(struct sl_str from, char lowest, struct text *next_r)
{
	size_t zeros = leading(from, lowest);
	if (zeros == from.length || !take_width(from, lowest, lowest, next_r))
		return false;
	do {
		if (!subtract_one(next_r, lowest))
			return false;
	} while (next_r->bytes[next_r->length - 1] == lowest && !is_all(next_r, lowest, zeros + 1));
	if (!is_all(next_r, lowest, zeros + 1))
		return true;
	*next_r = (struct text){ .length = 0 };
	add_times(next_r, lowest, zeros + 1);
	add_times(next_r, HIGHEST, zeros + 2);
	return fits(next_r);
}

/* `head`, and behind it the number after (or before) `tail`. */
static bool count_behind(struct sl_str head, struct sl_str tail, bool up, char lowest, struct text *between_r)
{
	struct text number;
	if (!(up ? count_up(tail, lowest, &number) : count_down(tail, lowest, &number)))
		return false;
	*between_r = (struct text){ .length = 0 };
	add(between_r, head);
	add(between_r, str_of(&number));
	return fits(between_r);
}

/* Bounds that differ by one in the digit at `at`: counts on behind the low one or before the high one, whichever is shorter. */
static bool between_adjacent(struct sl_str low, struct sl_str high, size_t at, char lowest, struct text *between_r)
{
	struct text below = { .length = 0 }, above = { .length = 0 };
	struct sl_str low_head = { low.bytes, at + 1 }, high_head = { high.bytes, at + 1 };
	bool has_below = count_behind(low_head, behind(low, at + 1), true, lowest, &below);
	bool has_above = high.length > at + 1 && count_behind(high_head, behind(high, at + 1), false, lowest, &above);
	*between_r = has_above && (!has_below || above.length < below.length) ? above : below;
	return has_above || has_below;
}

/* A short text between `low` (empty: the start) and `high` (empty: the end) with which neither of them begins. */
static bool find_between(struct sl_str low, struct sl_str high, char lowest, struct text *between_r)
{
	size_t at = sl_str_common_prefix(low, high);
	struct sl_str common = { low.bytes, at };
	if (high.length == 0)
		return count_behind(high, low, true, lowest, between_r);
	if (at == low.length)
		return at < high.length && count_behind(common, behind(high, at), false, lowest, between_r);
	if (at == high.length || low.bytes[at] > high.bytes[at])
		return false;
	int low_value = value_of(low.bytes[at]), high_value = value_of(high.bytes[at]);
	if (high_value - low_value == 1)
		return between_adjacent(low, high, at, lowest, between_r);
	*between_r = (struct text){ .length = 0 };
	add(between_r, common);
	add_times(between_r, digits[(low_value + high_value) / 2], 1);
	return fits(between_r);
}

/* --- runs --------------------------------------------------------------------------------------------------------- */

/* What of `rank` a run of this device begins with: all to the end of the last place of the prefix; empty: it is in none. */
static struct sl_str own_run(struct sl_str rank, struct sl_str prefix)
{
	size_t end = 0, at = 1; /* a zone comes before a prefix */
	while (at + prefix.length < rank.length) {
		if (memcmp(rank.bytes + at, prefix.bytes, prefix.length) == 0)
			end = at += prefix.length;
		else
			at++;
	}
	return (struct sl_str){ rank.bytes, rank.bytes[end] == '0' ? 0 : end };
}

/* The number behind the run's beginning, without what others put behind it. */
static struct sl_str number_in(struct sl_str rank, struct sl_str run)
{
	struct sl_str number = behind(rank, run.length);
	for (size_t i = 0; i < number.length; i++)
		if (number.bytes[i] == '0')
			number.length = i;
	return number;
}

/* Counts on in the run of a neighbour. False if neither is in one, or both are behind the same number of it. */
static bool count_on(struct sl_str low, struct sl_str high, struct sl_str prefix, struct text *rank_r)
{
	struct sl_str run = low.length ? own_run(low, prefix) : low;
	struct text number;
	bool found = false;
	if (run.length > 0 && begins_with(high, run))
		found = find_between(number_in(low, run), number_in(high, run), '1', &number);
	else if (run.length > 0)
		found = count_up(number_in(low, run), '1', &number);
	if (!found && high.length > 0) {
		run = own_run(high, prefix);
		found = run.length > 0 && !begins_with(low, run) && count_down(number_in(high, run), '1', &number);
	}
	if (!found)
		return false;
	*rank_r = (struct text){ .length = 0 };
	add(rank_r, run);
	add(rank_r, str_of(&number));
	return fits(rank_r);
}

/* The beginning of a run directly behind `low`, where no zone is free: a 0, and more of them if others were here before. */
static bool begin_behind(struct sl_str low, struct sl_str high, struct sl_str prefix, struct text *begin_r)
{
	*begin_r = (struct text){ .length = 0 };
	add(begin_r, low);
	add_times(begin_r, '0', 1);
	if (!fits(begin_r))
		return false;
	if (begins_with(high, str_of(begin_r))) {
		struct sl_str other = behind(high, begin_r->length);
		size_t zeros = leading(other, '0');
		if (zeros == other.length)
			return false;
		if (sl_str_compare(prefix, other) >= 0 || begins_with(other, prefix))
			add_times(begin_r, '0', zeros + 1);
	}
	add(begin_r, prefix);
	return fits(begin_r);
}

static bool begin_run(struct sl_str low, struct sl_str high, struct sl_str prefix, struct text *rank_r)
{
	if (find_between(low, high, '0', rank_r) && rank_r->length <= ZONE_BYTES)
		add(rank_r, prefix);
	else if (!begin_behind(low, high, prefix, rank_r))
		return false;
	add_times(rank_r, MIDDLE, 1);
	return fits(rank_r);
}

static bool find_rank(struct sl_str low, struct sl_str high, struct sl_str prefix, struct text *rank_r)
{
	bool (*const ways[])(struct sl_str, struct sl_str, struct sl_str, struct text *) = { count_on, begin_run };
	for (int i = 0; i < 2; i++)
		if (ways[i](low, high, prefix, rank_r) && sl_str_compare(low, str_of(rank_r)) < 0
			&& (high.length == 0 || sl_str_compare(str_of(rank_r), high) < 0))
			return true;
	return false;
}

/* Never without bytes; an empty one is no bound. */
static bool make_bound(struct sl_str *rank)
{
	if (rank->length == 0)
		*rank = SL_STR("");
	return rank->length == 0 || sl_rank_is_valid(*rank);
}

bool sl_rank_is_prefix(struct sl_str prefix)
{
	return prefix.length == SL_RANK_PREFIX_BYTES && sl_rank_is_valid(prefix)
		&& prefix.bytes[SL_RANK_PREFIX_BYTES - 1] != '0';
}

int sl_rank_run(struct sl_str low, struct sl_str high, struct sl_str prefix, size_t count, struct sl_arena *arena,
	struct sl_str *ranks_r)
{
	if (prefix.length == 0)
		return sl_rank_between(low, high, count, arena, ranks_r);
	if (!make_bound(&low) || !make_bound(&high))
		return SL_TOO_LARGE;
	for (size_t i = 0; i < count; i++) {
		struct text rank;
		if (!find_rank(low, high, prefix, &rank))
			return SL_TOO_LARGE;
		if (sl_arena_copy(arena, str_of(&rank), &ranks_r[i]) != 0)
			return SL_NO_MEMORY;
		low = ranks_r[i];
	}
	return 0;
}
