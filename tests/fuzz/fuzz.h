/* What the fuzz harnesses share. A harness aborts when something that it promises does not hold. */
#ifndef TESTS_FUZZ_FUZZ_H
#define TESTS_FUZZ_FUZZ_H

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include "core/base/slice.h"

#define CHECK(condition) \
	do { \
		if (!(condition)) { \
			fprintf(stderr, "%s:%d: %s: does not hold: %s\n", __FILE__, __LINE__, __func__, #condition); \
			abort(); \
		} \
	} while (0)

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* A copy on the heap that ends where the text does, so that a sanitizer sees a byte read too much. */
static inline char *fuzz_copy(struct sl_str text)
{
	char *copy = malloc(text.length ? text.length : 1);
	CHECK(copy);
	if (text.length)
		memcpy(copy, text.bytes, text.length);
	return copy;
}

#endif
