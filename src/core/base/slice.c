/* What two texts begin and end with; see slice.h. Long equal stretches are compared many bytes at a time. */
#include "core/base/slice.h"

#define STRIDE 64

static size_t shorter(struct sl_str a, struct sl_str b)
{
	return a.length < b.length ? a.length : b.length;
}

size_t sl_str_common_prefix(struct sl_str a, struct sl_str b)
{
	size_t length = 0, most = shorter(a, b);
	while (most - length >= STRIDE && memcmp(a.bytes + length, b.bytes + length, STRIDE) == 0)
		length += STRIDE;
	while (length < most && a.bytes[length] == b.bytes[length])
		length++;
	return length;
}

size_t sl_str_common_suffix(struct sl_str a, struct sl_str b)
{
	size_t most = shorter(a, b), left = most, more_a = a.length - most, more_b = b.length - most;
	while (left >= STRIDE && memcmp(a.bytes + more_a + left - STRIDE, b.bytes + more_b + left - STRIDE, STRIDE) == 0)
		left -= STRIDE;
	while (left > 0 && a.bytes[more_a + left - 1] == b.bytes[more_b + left - 1])
		left--;
	return most - left;
}
