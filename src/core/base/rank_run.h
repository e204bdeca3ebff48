/* Ranks for the siblings that one device inserts: its own runs, which nobody else's fall into.
 *
 * A device has a prefix of its own, made once at random. What it inserts where it has no neighbour of its own begins with a zone
 * (a short rank between the neighbours) and the prefix; next to its own siblings it counts on behind the prefix. So all that
 * it inserts at one place begins with the same text, and what another device inserts there at the same time begins with another
 * one: sorted, runs neither interleave nor tie, however many siblings were inserted at once or one by one.
 *
 * Behind a prefix the device counts without the digit 0. Between two siblings of one run, others put a 0 and their own prefix
 * behind the first of them, which comes before all that the run's own device puts there.
 */
#ifndef SL_CORE_BASE_RANK_RUN_H
#define SL_CORE_BASE_RANK_RUN_H

#include "core/base/rank.h"

#define SL_RANK_PREFIX_BYTES 5

/* Whether `prefix` can be a device's: SL_RANK_PREFIX_BYTES of [0-9A-Za-z], the last no 0. */
bool sl_rank_is_prefix(struct sl_str prefix);

/* `count` strictly rising ranks between `low` (empty: the start) and `high` (empty: the end) into ranks_r[0..count), their
 * bytes in the arena. Without a prefix (empty) this is sl_rank_between. Returns 0, SL_TOO_LARGE when there is no room, also between
 * equal ranks, or SL_NO_MEMORY. */
int sl_rank_run(struct sl_str low, struct sl_str high, struct sl_str prefix, size_t count, struct sl_arena *arena,
	struct sl_str *ranks_r) __attribute__((warn_unused_result));

#endif
