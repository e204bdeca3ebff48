/* What libc and Jansson ask of a system, where there is none: the module imports nothing.
 * fd_close, fd_seek, fd_write (WASI): printf's way to stderr for a long double, which nothing here prints; they fail.
 * The seed of Jansson's hash tables, in place of its own hashtable_seed.c, which reads random bytes and the time: the
 * host gives it. Objects keep the order of their members, so that no result depends on it.
 */
#include <jansson.h>

#include "web/wasm/bridge.h"

#define NOT_SUPPORTED 52 /* WASI's errno "nosys" */
#define ANY_SEED 0x9e3779b9u /* never 0, which would mean "not seeded yet" */

/* wasi-libc imports these names; defined here, they need no host. Sizes and pointers have 32 bits. */
int32_t __imported_wasi_snapshot_preview1_fd_close(int32_t fd);
int32_t __imported_wasi_snapshot_preview1_fd_seek(int32_t fd, int64_t offset, int32_t whence, int32_t position);
int32_t __imported_wasi_snapshot_preview1_fd_write(int32_t fd, int32_t pieces, int32_t count, int32_t written);

int32_t __imported_wasi_snapshot_preview1_fd_close(int32_t fd)
{
	(void)fd;
	return NOT_SUPPORTED;
}

int32_t __imported_wasi_snapshot_preview1_fd_seek(int32_t fd, int64_t offset, int32_t whence, int32_t position)
{
	(void)fd, (void)offset, (void)whence, (void)position;
	return NOT_SUPPORTED;
}

int32_t __imported_wasi_snapshot_preview1_fd_write(int32_t fd, int32_t pieces, int32_t count, int32_t written)
{
	(void)fd, (void)pieces, (void)count, (void)written;
	return NOT_SUPPORTED;
}

extern volatile uint32_t hashtable_seed; /* as Jansson's hashtable.h declares it */
volatile uint32_t hashtable_seed = ANY_SEED;

void json_object_seed(size_t seed)
{
	(void)seed;
}

void sl_web_seed(uint32_t seed)
{
	hashtable_seed = seed ? seed : ANY_SEED;
}
