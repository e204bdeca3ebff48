/* The schema's versions: numbered steps, built into the program from sql/migrations, forward only. */
#ifndef SL_SERVER_MIGRATE_H
#define SL_SERVER_MIGRATE_H

#include <stdbool.h>

#include "core/base/error.h"

struct sl_config;

/* The version that this program works with. */
int sl_migrate_latest(void);

/* Told about each pending migration: first with `step` NULL, then about each of its steps (SQL). */
typedef void (*sl_migrate_fn)(void *context, int version, const char *name, const char *step);

/* Brings the schema up to date, or with `dry_run` only tells what would be done. A second migrator waits for the
 * first. *from_r is the version found. Can run again after an interruption. SL_INTERNAL when the schema is newer
 * than the program, the server is too old, or a step fails; SL_UNAVAILABLE when there is no connection or another
 * migrator doesn't end. */
int sl_migrate_run(const struct sl_config *config, bool dry_run, int *from_r, sl_migrate_fn tell, void *context,
	struct sl_err *err) __attribute__((warn_unused_result));

#endif
