/* Time, and waiting. */
#ifndef SL_SERVER_CLOCK_H
#define SL_SERVER_CLOCK_H

#include <stdint.h>

/* Milliseconds since 1970, as the system's clock has it. */
int64_t sl_clock_wall_ms(void);

/* Milliseconds since some fixed moment; never goes back. */
int64_t sl_clock_steady_ms(void);

/* Waits; a signal doesn't cut it short. */
void sl_clock_sleep_ms(int64_t ms);

#endif
