/* Which versions of the rolling history stay: see retention.h.
 * Keeps true: named versions and the newest one are always kept; marking what an earlier marking left keeps all of it.
 */
#include "core/commit/retention.h"

#define HOUR_MS INT64_C(3600000)
#define DAY_MS (24 * HOUR_MS)

/* Keeps the newest item of each period of `period_ms`, for the `periods` most recent ones that have any. */
static void keep_newest_of_each(int64_t period_ms, unsigned periods, struct sl_retained *items, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		if (i > 0 && items[i].version / period_ms == items[i - 1].version / period_ms)
			continue;
		if (periods-- == 0)
			return;
		items[i].keep = true;
	}
}

void sl_retention_mark(const struct sl_retention_policy *policy, struct sl_retained *items, size_t count)
{
	size_t last = policy->keep_last > 0 ? policy->keep_last : 1;
	size_t newer = last < count ? last : count;
	if (count == 0)
		return; /* there may be no array either */
	for (size_t i = 0; i < count; i++)
		items[i].keep = i < newer || items[i].named;
	keep_newest_of_each(HOUR_MS, policy->keep_hourly, items + newer, count - newer);
	keep_newest_of_each(DAY_MS, policy->keep_daily, items + newer, count - newer);
}
