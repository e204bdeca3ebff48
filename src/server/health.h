/* Settings of the database server that durability rests on, read back rather than assumed. */
#ifndef SL_SERVER_HEALTH_H
#define SL_SERVER_HEALTH_H

#include "server/db.h"

struct sl_health {
	int64_t flush_log, log_bin, sync_binlog, rollback_on_timeout, doublewrite, packet_bytes;
	char server[64]; /* version */
};

int sl_health_read(struct sl_db *db, struct sl_health *health_r, struct sl_err *err)
	__attribute__((warn_unused_result));

/* Calls `warn` for each setting that should be otherwise; returns how many. `advice` names the risk. */
typedef void (*sl_health_fn)(void *context, const char *setting, int64_t value, const char *advice);
int sl_health_check(const struct sl_health *health, const struct sl_config *config, sl_health_fn warn, void *context);

#endif
