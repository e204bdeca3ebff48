/* The proof of the prover: planted faults, and the seeds that catch them. */
#ifndef TESTS_SIM_PROVE_H
#define TESTS_SIM_PROVE_H

#include <stdbool.h>
#include <stdint.h>

#define SIM_PROVE_SEEDS 2000 /* a fault that none of so many catches is not caught */

/* Plants the faults one by one (those whose name contains `only`, NULL: all) in `jobs` processes, prints a table, or TAP.
 * True when all are caught. */
bool sim_prove(const char *only, unsigned jobs, bool tap);

#endif
