/* A growing byte buffer on the heap with a declared maximum, optionally flushed in chunks.
 *
 * Errors stick: after a failure every further call does nothing, and sl_buf_code() says why (SL_NO_MEMORY,
 * SL_TOO_LARGE, or what the flush function returned). So writers append without checking and check once at the end.
 */
#ifndef SL_CORE_BASE_BUF_H
#define SL_CORE_BASE_BUF_H

#include <stdint.h>

#include "core/base/slice.h"

/* Takes `length` bytes away; returns 0 or a negative code, which then sticks. */
typedef int (*sl_buf_flush_fn)(void *context, const char *bytes, size_t length);

struct sl_buf {
	char *bytes;
	size_t length, capacity;
	size_t maximum; /* bytes kept at once; beyond: SL_TOO_LARGE, or a flush */
	int code;
	sl_buf_flush_fn flush; /* NULL: keep everything */
	void *flush_context;
};

void sl_buf_init(struct sl_buf *buf, size_t maximum);

/* A buffer that hands its content to `flush` whenever it holds `chunk_bytes` or more, and at sl_buf_flush. */
void sl_buf_init_flushing(struct sl_buf *buf, size_t chunk_bytes, sl_buf_flush_fn flush, void *context);

void sl_buf_dispose(struct sl_buf *buf);

/* Makes `code` stick, unless an error sticks already: for writers that fail on their own account. */
void sl_buf_fail(struct sl_buf *buf, int code);

/* Forgets the content and the error, keeps the memory. */
void sl_buf_clear(struct sl_buf *buf);

/* Makes room for `more` bytes at once (as far as the maximum goes), where about so much is known to come. */
void sl_buf_expect(struct sl_buf *buf, size_t more);

void sl_buf_add(struct sl_buf *buf, const void *bytes, size_t length);
void sl_buf_add_str(struct sl_buf *buf, struct sl_str text);
void sl_buf_add_int(struct sl_buf *buf, int64_t number); /* decimal */

/* A number in decimal, written to the end of `digits`. */
#define SL_DECIMAL_BYTES 20 /* of -2^63 with its sign */
struct sl_str sl_buf_decimal(int64_t number, char digits[SL_DECIMAL_BYTES]);

/* NUL-terminated text; inline, so that the length of a literal is known when it is compiled. */
static inline void sl_buf_add_text(struct sl_buf *buf, const char *text) { sl_buf_add(buf, text, strlen(text)); }

static inline void sl_buf_add_char(struct sl_buf *buf, char c)
{
	if (buf->code == 0 && buf->length + 1 < buf->capacity) /* what fills the buffer may have to flush it */
		buf->bytes[buf->length++] = c;
	else
		sl_buf_add(buf, &c, 1);
}

/* Unsigned LEB128, 1–10 bytes: the integer format of stored binary records. */
void sl_buf_add_varint(struct sl_buf *buf, uint64_t number);

/* Hands over what is left (no-op for a keeping buffer). Returns sl_buf_code. */
int sl_buf_flush(struct sl_buf *buf);

static inline int sl_buf_code(const struct sl_buf *buf) { return buf->code; }
static inline struct sl_str sl_buf_str(const struct sl_buf *buf)
{
	return (struct sl_str){ buf->bytes, buf->length };
}

/* Reads a varint at *cursor (an offset into `bytes`) and moves the cursor. Returns 0, or SL_INTERNAL when the record is
 * cut short or the number overflows 64 bits. */
int sl_varint_read(struct sl_str bytes, size_t *cursor, uint64_t *number_r);

#endif
