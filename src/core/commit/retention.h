/* Which versions of the rolling history stay.
 *
 * Kept: named versions; the newest `keep_last`; of the older ones the newest of each hour for the `keep_hourly` most recent
 * hours that have any, and the newest of each day (UTC) for the `keep_daily` most recent days that have any.
 */
#ifndef SL_CORE_COMMIT_RETENTION_H
#define SL_CORE_COMMIT_RETENTION_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct sl_retention_policy {
	unsigned keep_last, keep_hourly, keep_daily;
};

struct sl_retained {
	int64_t version;    /* milliseconds since 1970: versions are times issued by the server */
	bool named;
	bool keep;          /* set by sl_retention_mark */
};

/* Sets `keep` of each item. Items are sorted by falling version. The newest item is always kept. */
void sl_retention_mark(const struct sl_retention_policy *policy, struct sl_retained *items, size_t count);

#endif
