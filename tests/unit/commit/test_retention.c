/* sl_retention: which versions stay, as a table of histories drawn as text. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <string.h>

#include "core/commit/retention.h"

#define ITEMS 64
#define MINUTE_MS INT64_C(60000)
#define HOUR_MS (60 * MINUTE_MS)
#define DAY_MS (24 * HOUR_MS)
#define MIDNIGHT (20000 * DAY_MS)

enum fate { DROPPED, KEPT, NAMED };

/* One version: when it was made, and what becomes of it. */
struct version {
	int day, hour, minute;
	enum fate fate; /* NAMED: kept, because it has a name */
};

struct history {
	const char *name;
	struct sl_retention_policy policy;
	struct version versions[12];
	size_t count;
};

static const struct history histories[] = {
	{ "nothing stored", { 5, 5, 5 }, { { 0, 0, 0, DROPPED } }, 0 },
	{ "the newest stays under a policy that keeps nothing", { 0, 0, 0 },
		{ { 3, 9, 0, KEPT }, { 3, 8, 0, DROPPED } }, 2 },
	{ "the last three", { 3, 0, 0 },
		{ { 3, 9, 3, KEPT }, { 3, 9, 2, KEPT }, { 3, 9, 1, KEPT }, { 3, 9, 0, DROPPED },
			{ 2, 9, 0, DROPPED } }, 5 },
	{ "more asked for than there is", { 100, 0, 0 }, { { 3, 9, 3, KEPT }, { 1, 9, 2, KEPT } }, 2 },
	{ "a name keeps, and counts among the last", { 2, 0, 0 },
		{ { 3, 9, 3, NAMED }, { 3, 9, 2, KEPT }, { 3, 9, 1, DROPPED }, { 3, 9, 0, NAMED } }, 4 },
	{ "the newest of each hour", { 1, 2, 0 },
		{ { 3, 9, 30, KEPT }, { 3, 9, 20, KEPT }, { 3, 9, 10, DROPPED }, { 3, 8, 59, KEPT },
			{ 3, 8, 0, DROPPED }, { 3, 7, 59, DROPPED } }, 6 },
	{ "hours without versions don't count", { 1, 2, 0 },
		{ { 9, 9, 30, KEPT }, { 5, 3, 10, KEPT }, { 1, 23, 59, KEPT }, { 1, 22, 59, DROPPED } },
		4 },
	{ "the newest of each day", { 1, 0, 2 },
		{ { 3, 9, 30, KEPT }, { 3, 8, 0, KEPT }, { 3, 7, 0, DROPPED }, { 2, 23, 59, KEPT },
			{ 2, 0, 0, DROPPED }, { 1, 23, 59, DROPPED } }, 6 },
	{ "days are those of UTC", { 1, 0, 9 },
		{ { 3, 0, 1, KEPT }, { 3, 0, 0, KEPT }, { 2, 23, 59, KEPT }, { 2, 12, 0, DROPPED },
			{ 2, 0, 0, DROPPED }, { 1, 23, 59, KEPT } }, 6 },
	{ "hours and days overlap", { 1, 2, 2 },
		{ { 3, 9, 30, KEPT }, { 3, 8, 0, KEPT }, { 3, 7, 0, KEPT }, { 3, 6, 0, DROPPED },
			{ 2, 5, 0, KEPT }, { 1, 5, 0, DROPPED } }, 6 },
	{ "a named version is its hour's newest", { 1, 1, 0 },
		{ { 3, 9, 30, KEPT }, { 3, 8, 30, NAMED }, { 3, 8, 0, DROPPED } }, 3 },
};

static size_t draw(const struct history *history, struct sl_retained *items)
{
	for (size_t i = 0; i < history->count; i++) {
		const struct version *version = &history->versions[i];
		items[i].version = MIDNIGHT + version->day * DAY_MS + version->hour * HOUR_MS +
			version->minute * MINUTE_MS;
		items[i].named = version->fate == NAMED;
		items[i].keep = version->fate == DROPPED;
	}
	return history->count;
}

static void retention__keeps_as_drawn(void **state)
{
	(void)state;
	for (size_t h = 0; h < sizeof(histories) / sizeof(histories[0]); h++) {
		struct sl_retained items[ITEMS];
		size_t count = draw(&histories[h], items);
		sl_retention_mark(&histories[h].policy, items, count);
		for (size_t i = 0; i < count; i++)
			if (items[i].keep != (histories[h].versions[i].fate != DROPPED))
				fail_msg("%s: version %zu: keep is %d", histories[h].name, i, items[i].keep);
	}
}

static size_t drop(struct sl_retained *items, size_t count)
{
	size_t left = 0;
	for (size_t i = 0; i < count; i++)
		if (items[i].keep)
			items[left++] = items[i];
	return left;
}

static void retention__marking_again_drops_nothing(void **state)
{
	(void)state;
	const struct sl_retention_policy policy = { 5, 6, 4 };
	struct sl_retained items[ITEMS];
	for (size_t i = 0; i < ITEMS; i++)
		items[i] = (struct sl_retained){ MIDNIGHT - (int64_t)(i * i) * 7 * MINUTE_MS, i % 13 == 12, false };
	sl_retention_mark(&policy, items, ITEMS);
	size_t left = drop(items, ITEMS);
	assert_true(left >= 15 && left <= 20);
	sl_retention_mark(&policy, items, left);
	assert_int_equal(drop(items, left), left);
}

/* A version a minute for ten days, thinned after each: what stays is bounded and still reaches back. */
static void retention__a_growing_history_stays_bounded(void **state)
{
	(void)state;
	const struct sl_retention_policy policy = { 5, 6, 4 };
	struct sl_retained items[ITEMS];
	size_t count = 0;
	for (int64_t minute = 0; minute < 10 * 24 * 60; minute++) {
		memmove(items + 1, items, count * sizeof(items[0]));
		items[0] = (struct sl_retained){ MIDNIGHT + minute * MINUTE_MS, false, false };
		sl_retention_mark(&policy, items, count + 1);
		count = drop(items, count + 1);
		assert_true(count <= 5 + 6 + 4);
	}
	assert_true(items[0].version - items[count - 1].version > 2 * DAY_MS);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(retention__keeps_as_drawn),
		cmocka_unit_test(retention__marking_again_drops_nothing),
		cmocka_unit_test(retention__a_growing_history_stays_bounded),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
