/* A durable key/value store for host.c: one append-only file, and all pairs in memory.
 *
 * A batch is one record of the file: its length, its hash, its changes. It is written at once and made durable before it
 * counts. A record that a crash cut short is no batch: it is cut off when the store is next opened. Whatever else is wrong with the file
 * is damage, and then the store does not open, so that nothing makes it worse.
 */
#ifndef EXAMPLES_STORE_H
#define EXAMPLES_STORE_H

#include "core/engine/engine.h"

struct store;

/* Opens the file, makes it if there is none, and takes its lock. Returns 0, or a negative errno: -EWOULDBLOCK when another
 * process has the lock, -EBADMSG when the file is damaged. */
int store_open(const char *path, struct store **store_r) __attribute__((warn_unused_result));
void store_close(struct store **store);

/* All or nothing. Returns 0, or a negative errno: then the batch may be in the file or not, and the store has to be opened anew. */
int store_write(struct store *store, const struct sl_write *writes, size_t count) __attribute__((warn_unused_result));

/* All pairs, sorted by key, valid until the next write. */
const struct sl_pair *store_pairs(const struct store *store, size_t *count_r);

/* The value of a key; its `bytes` are NULL if there is none. */
struct sl_str store_get(const struct store *store, struct sl_str key);

#endif
