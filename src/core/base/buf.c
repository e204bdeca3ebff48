/* The growing byte buffer: see buf.h. Keeps `length` ≤ `capacity` ≤ `maximum`, and does nothing once a code sticks. */
#include "core/base/buf.h"

#include <stdlib.h>

#include "core/base/error.h"

#define FIRST_CAPACITY 64u

void sl_buf_init(struct sl_buf *buf, size_t maximum)
{
	*buf = (struct sl_buf){ .maximum = maximum };
}

void sl_buf_init_flushing(struct sl_buf *buf, size_t chunk_bytes, sl_buf_flush_fn flush, void *context)
{
	*buf = (struct sl_buf){ .maximum = chunk_bytes ? chunk_bytes : 1, .flush = flush, .flush_context = context };
}

void sl_buf_dispose(struct sl_buf *buf)
{
	free(buf->bytes);
	buf->bytes = NULL;
	buf->length = buf->capacity = 0;
}

void sl_buf_clear(struct sl_buf *buf)
{
	buf->length = 0;
	buf->code = 0;
}

void sl_buf_fail(struct sl_buf *buf, int code)
{
	if (buf->code == 0)
		buf->code = code;
}

/* Makes room for `more` bytes, which the caller has found to fit into the maximum. */
static int reserve(struct sl_buf *buf, size_t more)
{
	size_t needed = buf->length + more;
	if (needed <= buf->capacity)
		return 0;
	size_t capacity = buf->capacity > buf->maximum / 2 ? buf->maximum : buf->capacity * 2;
	if (capacity < FIRST_CAPACITY)
		capacity = FIRST_CAPACITY;
	if (capacity < needed)
		capacity = needed;
	if (capacity > buf->maximum)
		capacity = buf->maximum;
	char *bytes = realloc(buf->bytes, capacity);
	if (!bytes)
		return buf->code = SL_NO_MEMORY;
	buf->bytes = bytes;
	buf->capacity = capacity;
	return 0;
}

void sl_buf_expect(struct sl_buf *buf, size_t more)
{
	size_t room = buf->maximum - buf->length;
	if (buf->code == 0)
		reserve(buf, more < room ? more : room);
}

static void append(struct sl_buf *buf, const void *bytes, size_t length)
{
	if (length == 0 || reserve(buf, length) != 0)
		return;
	memcpy(buf->bytes + buf->length, bytes, length);
	buf->length += length;
}

/* Chunks stay at or over their size: the buffer is filled up first, and what then still makes a chunk is not copied. */
static void add_flushing(struct sl_buf *buf, const char *bytes, size_t length)
{
	size_t room = buf->maximum - buf->length;
	if (length >= room && buf->length > 0) {
		append(buf, bytes, room);
		if (buf->code != 0 || sl_buf_flush(buf) != 0)
			return;
		bytes += room;
		length -= room;
	}
	if (length >= buf->maximum)
		buf->code = buf->flush(buf->flush_context, bytes, length);
	else
		append(buf, bytes, length);
}

void sl_buf_add(struct sl_buf *buf, const void *bytes, size_t length)
{
	if (buf->code != 0 || length == 0)
		return;
	if (buf->flush)
		add_flushing(buf, bytes, length);
	else if (length > buf->maximum - buf->length)
		buf->code = SL_TOO_LARGE;
	else
		append(buf, bytes, length);
}

void sl_buf_add_str(struct sl_buf *buf, struct sl_str text) { sl_buf_add(buf, text.bytes, text.length); }

struct sl_str sl_buf_decimal(int64_t number, char digits[SL_DECIMAL_BYTES])
{
	char *end = digits + SL_DECIMAL_BYTES, *at = end;
	uint64_t rest = number < 0 ? -(uint64_t)number : (uint64_t)number;
	do
		*--at = (char)('0' + rest % 10);
	while ((rest /= 10) != 0);
	if (number < 0)
		*--at = '-';
	return (struct sl_str){ at, (size_t)(end - at) };
}

void sl_buf_add_int(struct sl_buf *buf, int64_t number)
{
	char digits[SL_DECIMAL_BYTES];
	sl_buf_add_str(buf, sl_buf_decimal(number, digits));
}

void sl_buf_add_varint(struct sl_buf *buf, uint64_t number)
{
	unsigned char bytes[10];
	size_t length = 0;
	for (; number >= 0x80; number >>= 7)
		bytes[length++] = (unsigned char)(number | 0x80);
	bytes[length++] = (unsigned char)number;
	sl_buf_add(buf, bytes, length);
}

int sl_buf_flush(struct sl_buf *buf)
{
	if (buf->code == 0 && buf->flush && buf->length > 0) {
		buf->code = buf->flush(buf->flush_context, buf->bytes, buf->length);
		buf->length = 0;
	}
	return buf->code;
}

int sl_varint_read(struct sl_str bytes, size_t *cursor, uint64_t *number_r)
{
	uint64_t number = 0;
	for (size_t at = *cursor, shift = 0; at < bytes.length && shift < 70; at++, shift += 7) {
		uint64_t byte = (unsigned char)bytes.bytes[at];
		if (shift == 63 && byte > 1)
			return SL_INTERNAL;
		number |= (byte & 0x7f) << shift;
		if (byte < 0x80) {
			*cursor = at + 1;
			*number_r = number;
			return 0;
		}
	}
	return SL_INTERNAL;
}
