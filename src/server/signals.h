/* Signals as events: all that matter are blocked for good and read from a descriptor, so none can arrive in between. */
#ifndef SL_SERVER_SIGNALS_H
#define SL_SERVER_SIGNALS_H

/* Blocks HUP, INT, TERM, USR1 and CHLD, ignores PIPE, and opens a signalfd(2) for the calling process. Returns it, or
 * -errno. A child keeps them blocked and opens its own. */
int sl_signals_open(void);

/* The next signal that arrived, or 0. */
int sl_signals_next(int fd);

#endif
