/* A borrowed piece of bytes: UTF-8 text unless said otherwise, not NUL-terminated. */
#ifndef SL_CORE_BASE_SLICE_H
#define SL_CORE_BASE_SLICE_H

#include <stdbool.h>
#include <stddef.h>
#include <string.h>

struct sl_str {
	const char *bytes; /* NULL only where `length` is 0 */
	size_t length;     /* bytes */
};

#define SL_STR(literal) ((struct sl_str){ (literal), sizeof(literal) - 1 })

static inline struct sl_str sl_str_from(const char *text)
{
	return (struct sl_str){ text, text ? strlen(text) : 0 };
}

static inline bool sl_str_equal(struct sl_str a, struct sl_str b)
{
	return a.length == b.length && (a.length == 0 || a.bytes == b.bytes || memcmp(a.bytes, b.bytes, a.length) == 0);
}

/* Order of bytes (as unsigned), a prefix before what it begins: <0, 0, >0. */
static inline int sl_str_compare(struct sl_str a, struct sl_str b)
{
	size_t shorter = a.length < b.length ? a.length : b.length;
	int order = shorter ? memcmp(a.bytes, b.bytes, shorter) : 0;
	if (order != 0)
		return order;
	return a.length < b.length ? -1 : a.length > b.length;
}

/* How many bytes both begin with, and end with. */
size_t sl_str_common_prefix(struct sl_str a, struct sl_str b);
size_t sl_str_common_suffix(struct sl_str a, struct sl_str b);

#endif
