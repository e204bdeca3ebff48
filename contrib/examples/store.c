/* The store: see store.h. The file is "record record …", a record 16 bytes (length of its body, XXH3-64 of that) and the
 * body, which has for each change the lengths of key and value, then both. Numbers are in the machine's byte order. When most
 * of the file is old, a new one with all pairs in one record takes its place by rename(2).
 */
#define _DEFAULT_SOURCE /* POSIX, and flock */

#include "store.h"

#include <errno.h>
#include <fcntl.h>
#include <libgen.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#define XXH_INLINE_ALL
#include <xxhash.h>

#define REMOVED UINT64_MAX /* stands for the length of a value */
#define BATCH_BYTES ((size_t)1 << 40)
#define OLD_BYTES ((int64_t)1 << 20) /* this much beside the pairs and as much again as they take is worth a new file */

struct record {
	uint64_t length, hash;
};

struct store {
	char *path;
	int file, lock;
	int64_t file_bytes, pair_bytes;
	struct sl_pair *pairs; /* each is one allocation: key, then value */
	size_t count, capacity;
};

/* Where the key is, or belongs. */
static size_t find(const struct store *store, struct sl_str key, bool *found_r)
{
	size_t low = 0, high = store->count;
	while (low < high) {
		size_t middle = low + (high - low) / 2;
		if (sl_str_compare(store->pairs[middle].key, key) < 0)
			low = middle + 1;
		else
			high = middle;
	}
	*found_r = low < store->count && sl_str_equal(store->pairs[low].key, key);
	return low;
}

static void take_out(struct store *store, size_t at)
{
	struct sl_pair *pair = &store->pairs[at];
	store->pair_bytes -= (int64_t)(pair->key.length + pair->value.length);
	free((void *)(uintptr_t)pair->key.bytes);
	memmove(pair, pair + 1, (--store->count - at) * sizeof(*pair));
}

static int put_in(struct store *store, size_t at, struct sl_str key, struct sl_str value)
{
	if (store->count == store->capacity) {
		size_t capacity = store->capacity ? 2 * store->capacity : 64;
		struct sl_pair *grown = realloc(store->pairs, capacity * sizeof(*grown));
		if (!grown)
			return -ENOMEM;
		store->pairs = grown;
		store->capacity = capacity;
	}
	char *bytes = malloc(key.length + value.length + 1);
	if (!bytes)
		return -ENOMEM;
	memcpy(bytes, key.bytes, key.length);
	if (value.length)
		memcpy(bytes + key.length, value.bytes, value.length);
	memmove(&store->pairs[at + 1], &store->pairs[at], (store->count++ - at) * sizeof(*store->pairs));
	store->pairs[at].key = (struct sl_str){ bytes, key.length };
	store->pairs[at].value = (struct sl_str){ bytes + key.length, value.length };
	store->pair_bytes += (int64_t)(key.length + value.length);
	return 0;
}

static int change(struct store *store, struct sl_str key, struct sl_str value, bool remove)
{
	bool found;
	size_t at = find(store, key, &found);
	if (found)
		take_out(store, at);
	return remove ? 0 : put_in(store, at, key, value);
}

static void add_change(struct sl_buf *out, struct sl_str key, struct sl_str value, bool remove)
{
	uint64_t lengths[2] = { key.length, remove ? REMOVED : value.length };
	sl_buf_add(out, lengths, sizeof(lengths));
	sl_buf_add_str(out, key);
	if (!remove)
		sl_buf_add_str(out, value);
}

/* The changes of a record's body, whose hash was right. */
static int apply_body(struct store *store, struct sl_str body)
{
	int rc = 0;
	while (rc == 0 && body.length > 0) {
		uint64_t lengths[2];
		if (body.length < sizeof(lengths))
			return -EBADMSG;
		memcpy(lengths, body.bytes, sizeof(lengths));
		body = (struct sl_str){ body.bytes + sizeof(lengths), body.length - sizeof(lengths) };
		uint64_t value = lengths[1] == REMOVED ? 0 : lengths[1];
		if (lengths[0] > body.length || value > body.length - lengths[0])
			return -EBADMSG;
		rc = change(store, (struct sl_str){ body.bytes, lengths[0] }, (struct sl_str){ body.bytes + lengths[0], value },
			lengths[1] == REMOVED);
		body = (struct sl_str){ body.bytes + lengths[0] + value, body.length - lengths[0] - value };
	}
	return rc;
}

/* Takes in what the file holds, and tells how much of it is whole records. */
static int apply_file(struct store *store, struct sl_str file, size_t *whole_r)
{
	size_t at = 0;
	while (file.length - at >= sizeof(struct record)) {
		struct record record;
		memcpy(&record, file.bytes + at, sizeof(record));
		struct sl_str body = { file.bytes + at + sizeof(record), record.length };
		size_t rest = file.length - at - sizeof(record);
		bool last = record.length >= rest;
		if (record.length > rest || XXH3_64bits(body.bytes, body.length) != record.hash) {
			*whole_r = at;
			return last ? 0 : -EBADMSG;
		}
		int rc = apply_body(store, body);
		if (rc != 0)
			return rc;
		at += sizeof(record) + record.length;
	}
	*whole_r = at;
	return 0;
}

static int write_all(int file, struct sl_str bytes)
{
	while (bytes.length > 0) {
		ssize_t n = write(file, bytes.bytes, bytes.length);
		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			return n < 0 ? -errno : -EIO;
		bytes = (struct sl_str){ bytes.bytes + n, bytes.length - (size_t)n };
	}
	return 0;
}

static int read_all(int file, struct sl_buf *out)
{
	char chunk[65536];
	ssize_t n;
	while ((n = read(file, chunk, sizeof(chunk))) != 0) {
		if (n < 0 && errno != EINTR)
			return -errno;
		if (n > 0)
			sl_buf_add(out, chunk, (size_t)n);
	}
	return sl_buf_code(out) ? -ENOMEM : 0;
}

/* Makes the name of a file durable. */
static int sync_folder(const char *path)
{
	char copy[4096];
	if (snprintf(copy, sizeof(copy), "%s", path) >= (int)sizeof(copy))
		return -ENAMETOOLONG;
	int folder = open(dirname(copy), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (folder < 0)
		return -errno;
	int rc = fsync(folder) != 0 ? -errno : 0;
	close(folder);
	return rc;
}

/* A record whose body follows its place at the beginning of the buffer. */
static int write_record(int file, struct sl_buf *buf)
{
	if (sl_buf_code(buf) != 0)
		return -ENOMEM;
	struct record record = { buf->length - sizeof(record), 0 };
	record.hash = XXH3_64bits(buf->bytes + sizeof(record), record.length);
	memcpy(buf->bytes, &record, sizeof(record));
	int rc = write_all(file, sl_buf_str(buf));
	if (rc == 0 && fsync(file) != 0)
		rc = -errno;
	return rc;
}

static void begin_record(struct sl_buf *buf)
{
	struct record place = { 0, 0 };
	sl_buf_init(buf, BATCH_BYTES);
	sl_buf_add(buf, &place, sizeof(place));
}

/* A new file with all pairs, in place of the old one. */
static int write_anew(struct store *store)
{
	char path[4096];
	if (snprintf(path, sizeof(path), "%s.new", store->path) >= (int)sizeof(path))
		return -ENAMETOOLONG;
	int file = open(path, O_RDWR | O_CREAT | O_TRUNC | O_APPEND | O_CLOEXEC, 0600);
	if (file < 0)
		return -errno;
	struct sl_buf buf;
	begin_record(&buf);
	for (size_t i = 0; i < store->count; i++)
		add_change(&buf, store->pairs[i].key, store->pairs[i].value, false);
	int rc = write_record(file, &buf);
	int64_t bytes = (int64_t)buf.length;
	sl_buf_dispose(&buf);
	if (rc == 0 && rename(path, store->path) != 0)
		rc = -errno;
	if (rc == 0)
		rc = sync_folder(store->path);
	if (rc != 0) {
		close(file);
		return rc;
	}
	close(store->file);
	store->file = file;
	store->file_bytes = bytes;
	return 0;
}

/* The lock is a file of its own, since the store's file is replaced at times. */
static int take_lock(struct store *store)
{
	char path[4096];
	if (snprintf(path, sizeof(path), "%s.lock", store->path) >= (int)sizeof(path))
		return -ENAMETOOLONG;
	store->lock = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
	return store->lock < 0 || flock(store->lock, LOCK_EX | LOCK_NB) != 0 ? -errno : 0;
}

static int open_file(struct store *store)
{
	int rc = take_lock(store);
	if (rc != 0)
		return rc;
	store->file = open(store->path, O_RDWR | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
	if (store->file < 0)
		return -errno;
	struct sl_buf file;
	sl_buf_init(&file, BATCH_BYTES);
	size_t whole = 0;
	rc = read_all(store->file, &file);
	if (rc == 0)
		rc = apply_file(store, sl_buf_str(&file), &whole);
	if (rc == 0 && whole < file.length && ftruncate(store->file, (off_t)whole) != 0)
		rc = -errno;
	store->file_bytes = (int64_t)whole;
	sl_buf_dispose(&file);
	if (rc == 0 && fsync(store->file) != 0)
		rc = -errno;
	return rc != 0 ? rc : sync_folder(store->path);
}

int store_open(const char *path, struct store **store_r)
{
	struct store *store = calloc(1, sizeof(*store));
	int rc = store ? 0 : -ENOMEM;
	if (rc == 0) {
		store->file = store->lock = -1;
		store->path = strdup(path);
		rc = store->path ? open_file(store) : -ENOMEM;
	}
	if (rc != 0)
		store_close(&store);
	*store_r = store;
	return rc;
}

void store_close(struct store **store)
{
	struct store *s = *store;
	if (!s)
		return;
	while (s->count > 0)
		take_out(s, s->count - 1);
	free(s->pairs);
	free(s->path);
	if (s->file >= 0)
		close(s->file);
	if (s->lock >= 0)
		close(s->lock);
	free(s);
	*store = NULL;
}

int store_write(struct store *store, const struct sl_write *writes, size_t count)
{
	struct sl_buf buf;
	begin_record(&buf);
	for (size_t i = 0; i < count; i++)
		add_change(&buf, writes[i].key, writes[i].value, writes[i].remove);
	int rc = write_record(store->file, &buf);
	if (rc == 0)
		rc = apply_body(store, (struct sl_str){ buf.bytes + sizeof(struct record), buf.length - sizeof(struct record) });
	store->file_bytes += (int64_t)buf.length;
	sl_buf_dispose(&buf);
	if (rc == 0 && store->file_bytes - 2 * store->pair_bytes > OLD_BYTES)
		rc = write_anew(store);
	return rc;
}

const struct sl_pair *store_pairs(const struct store *store, size_t *count_r)
{
	*count_r = store->count;
	return store->pairs;
}

struct sl_str store_get(const struct store *store, struct sl_str key)
{
	bool found;
	size_t at = find(store, key, &found);
	return found ? store->pairs[at].value : (struct sl_str){ NULL, 0 };
}
