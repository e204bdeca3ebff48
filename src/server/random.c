/* Random numbers: see random.h. libsodium ends the process when the system has no randomness to give, which is right:
 * nothing here may go on with predictable bytes. */
#include "server/random.h"

#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>

/* sodium_init may be called again and again; only the first call works. */
static void ready(void)
{
	if (sodium_init() < 0)
		abort();
}

void sl_random_fill(void *bytes, size_t length)
{
	ready();
	randombytes_buf(bytes, length);
}

uint32_t sl_random_below(uint32_t bound)
{
	ready();
	return randombytes_uniform(bound);
}

void sl_random_uuid(char text_r[SL_RANDOM_UUID])
{
	unsigned char bytes[16];
	char hex[33];
	sl_random_fill(bytes, sizeof(bytes));
	bytes[6] = (unsigned char)((bytes[6] & 0x0f) | 0x40);
	bytes[8] = (unsigned char)((bytes[8] & 0x3f) | 0x80);
	sodium_bin2hex(hex, sizeof(hex), bytes, sizeof(bytes));
	snprintf(text_r, SL_RANDOM_UUID, "%.8s-%.4s-%.4s-%.4s-%.12s", hex, hex + 8, hex + 12, hex + 16, hex + 20);
}
