/* Trace ids of requests. Only the strict form of W3C Trace Context level 1, section 3.2, version 00, is taken over:
 * what arrives here ends up in logs and answers. Never fails: without random bytes the clock and a counter give an
 * id.
 */
#include "server/trace.h"

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/random.h>
#include <time.h>
#include <unistd.h>

/* `count` lower-case hex digits, not all of them 0. */
static bool is_id(const char *text, size_t count)
{
	bool zero = true;
	for (size_t i = 0; i < count; i++) {
		bool digit = text[i] >= '0' && text[i] <= '9';
		if (!digit && !(text[i] >= 'a' && text[i] <= 'f'))
			return false;
		zero = zero && text[i] == '0';
	}
	return !zero;
}

static bool is_flags(const char *text)
{
	return strspn(text, "0123456789abcdef") == 2 && text[2] == 0;
}

static bool is_traceparent(const char *text)
{
	return strlen(text) == 55 && memcmp(text, "00-", 3) == 0 && is_id(text + 3, 32) && text[35] == '-' &&
	       is_id(text + 36, 16) && text[52] == '-' && is_flags(text + 53);
}

static void random_words(uint64_t words[2])
{
	static uint64_t counter;
	struct timespec now;
	if (getrandom(words, 2 * sizeof(words[0]), GRND_NONBLOCK) == 2 * sizeof(words[0]))
		return;
	clock_gettime(CLOCK_REALTIME, &now);
	words[0] = (uint64_t)now.tv_sec * 1000000000u + (uint64_t)now.tv_nsec;
	words[1] = (uint64_t)getpid() << 32 | ++counter;
}

void sl_trace_id(const char *traceparent, char trace_id_r[SL_TRACE_HEX])
{
	if (traceparent && is_traceparent(traceparent)) {
		memcpy(trace_id_r, traceparent + 3, 32);
		trace_id_r[32] = 0;
		return;
	}
	uint64_t words[2] = { 0, 0 };
	do
		random_words(words);
	while (words[0] == 0 && words[1] == 0);
	snprintf(trace_id_r, SL_TRACE_HEX, "%016llx%016llx", (unsigned long long)words[0], (unsigned long long)words[1]);
}
