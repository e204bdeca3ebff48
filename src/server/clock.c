/* The clocks of the operating system: see clock.h. Clock ids that POSIX requires can't fail. */
#include "server/clock.h"

#include <errno.h>
#include <time.h>

static int64_t now_ms(clockid_t clock)
{
	struct timespec now;
	clock_gettime(clock, &now);
	return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

int64_t sl_clock_wall_ms(void) { return now_ms(CLOCK_REALTIME); }
int64_t sl_clock_steady_ms(void) { return now_ms(CLOCK_MONOTONIC); }

void sl_clock_sleep_ms(int64_t ms)
{
	struct timespec left = { ms / 1000, (long)(ms % 1000) * 1000000 };
	while (ms > 0 && nanosleep(&left, &left) != 0 && errno == EINTR)
		;
}
