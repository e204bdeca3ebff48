/* Random numbers of the operating system, through libsodium; safe after fork. */
#ifndef SL_SERVER_RANDOM_H
#define SL_SERVER_RANDOM_H

#include <stddef.h>
#include <stdint.h>

void sl_random_fill(void *bytes, size_t length);

/* Uniform in 0 … bound − 1; 0 when `bound` is 0. */
uint32_t sl_random_below(uint32_t bound);

#define SL_RANDOM_UUID 37 /* characters of a UUID and NUL */

/* A version 4 UUID (RFC 9562). */
void sl_random_uuid(char text_r[SL_RANDOM_UUID]);

#endif
