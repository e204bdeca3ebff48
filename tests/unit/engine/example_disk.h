/* A disk and a power switch for tests of contrib/examples: system calls of the store go through here (linked with --wrap).
 *
 * Everything that reaches the world outside a device counts as a step: writing, making durable, renaming, sending, waking, showing.
 * The power goes before a step that a test chooses; from then on nothing reaches the world. What was written and not made durable
 * may be lost, a part of it too.
 */
#ifndef TESTS_UNIT_EXAMPLE_DISK_H
#define TESTS_UNIT_EXAMPLE_DISK_H

#include "sim/dice.h"

/* Power on, no faults to come, nothing known of any file. */
void disk_reset(uint64_t seed);

/* The power goes before the n-th step from now (0: the next), or stays on for ever. */
void disk_cut_at(unsigned n);
void disk_cut_never(void);

/* The next write, fsync or rename fails, with the power on. */
void disk_fail_next(void);
void disk_fail_never(void);

/* Counts a step. False: it does not happen, the power is gone. */
bool disk_step(void);
bool disk_is_off(void);

/* Power on again: the file has what was durable, and perhaps some of the rest. */
void disk_on(const char *path);

#endif
