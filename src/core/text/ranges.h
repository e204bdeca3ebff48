/* Inside marks.c and pictographs.c: a list of ranges of code points. */
#ifndef SL_CORE_TEXT_RANGES_H
#define SL_CORE_TEXT_RANGES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct sl_text_range {
	uint32_t first, last;
};

/* Whether one of the ranges, which rise, has the code point. */
static inline bool sl_text_is_in(const struct sl_text_range *ranges, size_t count, uint32_t point)
{
	size_t low = 0, high = count;
	while (low < high) {
		size_t middle = low + (high - low) / 2;
		if (point > ranges[middle].last)
			low = middle + 1;
		else
			high = middle;
	}
	return low < count && point >= ranges[low].first;
}

#endif
