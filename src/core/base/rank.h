/* Order keys: short strings of [0-9A-Za-z], compared as bytes, between any two of which there is nearly always room.
 *
 * A rank is a fraction in base 62 (digits in byte order 0-9, A-Z, a-z); one that ends in '0' leaves no room before it, so
 * none made here does. Ranks are at most SL_RANK_BYTES long; where that does not suffice siblings are respaced (rank_assign.h).
 */
#ifndef SL_CORE_BASE_RANK_H
#define SL_CORE_BASE_RANK_H

#include "core/base/arena.h"

#define SL_RANK_BYTES 64

/* Whether `rank` is 1–64 of [0-9A-Za-z]. */
bool sl_rank_is_valid(struct sl_str rank);

/* `count` strictly rising ranks between `low` (empty: the start) and `high` (empty: the end), short and evenly spaced, into
 * ranks_r[0..count), their bytes in the arena. With an empty `high` they stay close behind `low`, so that appending
 * a thousand times costs few characters. Returns 0, SL_TOO_LARGE when no room is left, or SL_NO_MEMORY. */
int sl_rank_between(struct sl_str low, struct sl_str high, size_t count, struct sl_arena *arena,
	struct sl_str *ranks_r) __attribute__((warn_unused_result));

#endif
