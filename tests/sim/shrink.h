/* The shortest trace of a failing seed. */
#ifndef TESTS_SIM_SHRINK_H
#define TESTS_SIM_SHRINK_H

#include <stdint.h>
#include <stdio.h>

/* Leaves out actions of the seed's plan as long as the same invariant breaks, then writes the trace of what is left. */
void sim_shrink(uint64_t seed, const char *invariant, FILE *out);

#endif
