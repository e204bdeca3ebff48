/* The database server's settings: see health.h. Measured under simulated power cuts: with
 * innodb_flush_log_at_trx_commit = 2, tens of thousands of acknowledged commits were lost, with 1 none. */
#include "server/health.h"

#include <stdio.h>

#include "server/config.h"

static int take(void *context, const struct sl_value *columns, struct sl_err *err)
{
	struct sl_health *health = context;
	(void)err;
	health->flush_log = columns[0].number;
	health->log_bin = columns[1].number;
	health->sync_binlog = columns[2].number;
	health->rollback_on_timeout = columns[3].number;
	health->doublewrite = columns[4].number;
	health->packet_bytes = columns[5].number;
	snprintf(health->server, sizeof(health->server), "%.*s", (int)columns[6].text.length,
		columns[6].text.bytes ? columns[6].text.bytes : "");
	return 0;
}

int sl_health_read(struct sl_db *db, struct sl_health *health_r, struct sl_err *err)
{
	int64_t rows = sl_db_query(db, SL_SQL_HEALTH_SETTINGS, NULL, 0, take, health_r, err);
	return rows < 0 ? (int)rows : 0;
}

int sl_health_check(const struct sl_health *health, const struct sl_config *config, sl_health_fn warn, void *context)
{
	const struct {
		bool is_wrong;
		const char *setting;
		int64_t value;
		const char *advice;
	} rules[] = {
		{ health->flush_log != 1, "innodb_flush_log_at_trx_commit", health->flush_log,
			"set it to 1: a power cut loses acknowledged changes" },
		{ health->log_bin && health->sync_binlog != 1, "sync_binlog", health->sync_binlog,
			"set it to 1: after a power cut the binary log and the tables differ" },
		{ !health->rollback_on_timeout, "innodb_rollback_on_timeout", health->rollback_on_timeout,
			"set it to ON: other clients may commit half a transaction" },
		{ !health->doublewrite, "innodb_doublewrite", health->doublewrite,
			"set it to ON: a power cut may leave torn pages" },
		{ health->packet_bytes < 2 * config->row_bytes, "max_allowed_packet", health->packet_bytes,
			"set it to at least twice row_bytes: large rows are refused" },
	};
	int warnings = 0;
	for (size_t i = 0; i < sizeof(rules) / sizeof(rules[0]); i++) {
		if (!rules[i].is_wrong)
			continue;
		warn(context, rules[i].setting, rules[i].value, rules[i].advice);
		warnings++;
	}
	return warnings;
}
