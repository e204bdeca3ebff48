/* Reads Unicode's break tests, in the form of ../shared/vectors: code points in hex, clusters or words between slashes.
 *
 * Include what vectors.h wants first.
 */
#ifndef TESTS_UNIT_TEXT_UNICODE_TESTS_H
#define TESTS_UNIT_TEXT_UNICODE_TESTS_H

#include "core/base/utf8.h"
#include "unit/base/vectors.h"

#define BREAK_TEST_BYTES 512

/* One test: a text, and whether a unit of it ends at each byte. */
struct break_test {
	char bytes[BREAK_TEST_BYTES];
	bool ends[BREAK_TEST_BYTES + 1];
	uint32_t points[BREAK_TEST_BYTES / 4];
	size_t length, point_count;
};

/* Reads the next test; false at the end of the file. Lone surrogates, which no text holds, are left out. */
static bool next_break_test(FILE *file, struct break_test *test)
{
	char line[4096];
	while (fgets(line, sizeof(line), file)) {
		if (line[0] == '#' || line[0] == '\n')
			continue;
		memset(test, 0, sizeof(*test));
		for (char *at = line; *at && *at != '\n';) {
			uint32_t point = (uint32_t)strtoul(at, &at, 16);
			if (point < 0xd800 || point > 0xdfff)
				test->length += sl_utf8_encode(point, test->bytes + test->length);
			test->points[test->point_count++] = point;
			test->ends[test->length] |= *at == '/' || *at == '\n' || !*at;
			at += *at == '/' || *at == ' ';
		}
		return true;
	}
	return false;
}

#endif
