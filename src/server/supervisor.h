/* The process that keeps the workers. */
#ifndef SL_SERVER_SUPERVISOR_H
#define SL_SERVER_SUPERVISOR_H

#include "server/config.h"
#include "server/listener.h"

/* Runs workers on `listener` until TERM or INT, then drains. `config` changes when a HUP loads `source` again.
 * Returns 0, or SL_INTERNAL when it could not begin. */
int sl_supervisor_run(struct sl_config *config, const struct sl_config_source *source, struct sl_listener *listener,
	struct sl_err *err);

#endif
