/* slatesync-admin snapshots gc. */
#include <inttypes.h>
#include <stdio.h>

#include "server/admin.h"
#include "server/clock.h"
#include "server/history.h"

int sl_admin_snapshots_gc(struct sl_admin *admin, struct sl_err *err)
{
	struct sl_history_result result;
	struct sl_db *db = NULL;
	int code = sl_db_open(&admin->config, &db, err);
	if (code == 0)
		code = sl_history_gc_all(db, &admin->config, sl_clock_wall_ms(), admin->dry_run, &result, err);
	sl_db_close(&db);
	if (code != 0)
		return code;
	printf("%" PRId64 " projects, %" PRId64 " versions: %" PRId64 " %s\n", result.projects, result.versions_before,
		result.versions_removed, admin->dry_run ? "would be removed" : "removed");
	if (!admin->dry_run)
		printf("%" PRId64 " operations and %" PRId64 " deletions forgotten\n", result.operations_expired,
			result.tombstones_expired);
	return 0;
}
