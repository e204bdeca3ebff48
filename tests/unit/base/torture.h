/* Torture: makes the 1st, 2nd, 3rd … allocation fail until a run completes without an injected failure.
 *
 * For header-only use by one program of cmocka tests, which is linked with TORTURE_LDFLAGS (configure.ac) so that
 * malloc, calloc, realloc and free of the core and of the test go through here. Allocations that shared libraries make
 * for themselves don't; Jansson's are caught by json_set_alloc_funcs.
 *
 *     static int parse_it(void *context) { …; return code; }
 *     torture(parse_it, context);
 *
 * Each n is tried twice: the n-th allocation alone fails (a moment of need), then it and all after it (the end). After
 * each run the number of live allocations must be what it was before: the run frees what it makes, and nothing older.
 * A run hit by a failure must return SL_NO_MEMORY: success would mean that a failure went unnoticed. The last run
 * returns 0.
 *
 * Include the headers that cmocka needs, cmocka.h and jansson.h first.
 */
#ifndef SL_TESTS_TORTURE_H
#define SL_TESTS_TORTURE_H

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>

#include "core/base/error.h"

#define TORTURE_RUNS 100000 /* a run that allocates more often is too large for this kind of test */

static struct {
	bool armed, lasting;
	unsigned long count, failing; /* allocations of this run; the number of the one that fails */
	bool injected;
	long live; /* allocations made and not freed since the program began */
} torture_state;

void *__real_malloc(size_t size);
void *__real_calloc(size_t count, size_t size);
void *__real_realloc(void *old, size_t size);
void __real_free(void *old);
void *__wrap_malloc(size_t size);
void *__wrap_calloc(size_t count, size_t size);
void *__wrap_realloc(void *old, size_t size);
void __wrap_free(void *old);

static bool torture_fails(void)
{
	if (!torture_state.armed)
		return false;
	torture_state.count++;
	bool fails = torture_state.lasting ? torture_state.count >= torture_state.failing
	                                   : torture_state.count == torture_state.failing;
	torture_state.injected = torture_state.injected || fails;
	return fails;
}

static void *torture_counted(void *made)
{
	torture_state.live += made != NULL;
	return made;
}

void *__wrap_malloc(size_t size) { return torture_fails() ? NULL : torture_counted(__real_malloc(size)); }

void *__wrap_calloc(size_t count, size_t size)
{
	return torture_fails() ? NULL : torture_counted(__real_calloc(count, size));
}

/* realloc to nothing frees or not as the library likes: refused, so that no code relies on it. */
void *__wrap_realloc(void *old, size_t size)
{
	if (size == 0) {
		fputs("torture: realloc to 0 bytes\n", stderr);
		abort();
	}
	if (torture_fails())
		return NULL;
	void *made = __real_realloc(old, size);
	torture_state.live += made != NULL && old == NULL;
	return made;
}

void __wrap_free(void *old)
{
	torture_state.live -= old != NULL;
	__real_free(old);
}

/* One run with failures from the n-th allocation on. Returns whether one was injected. */
static bool torture_once(int (*run)(void *context), void *context, unsigned long n, bool lasting)
{
	long live = torture_state.live;
	torture_state.count = 0;
	torture_state.failing = n;
	torture_state.lasting = lasting;
	torture_state.injected = false;
	torture_state.armed = true;
	int code = run(context);
	torture_state.armed = false;
	if (torture_state.live != live)
		fail_msg("%ld allocations leaked after allocation %lu failed", torture_state.live - live, n);
	int expected = torture_state.injected ? SL_NO_MEMORY : 0;
	if (code != expected)
		fail_msg("code %d, not %d, after allocation %lu of %lu failed", code, expected, n, torture_state.count);
	return torture_state.injected;
}

/* Returns how many allocations a whole run makes. */
static unsigned long torture(int (*run)(void *context), void *context)
{
	json_malloc_t json_malloc_before;
	json_free_t json_free_before;
	unsigned long n = 0;
	bool injected = true;
	json_get_alloc_funcs(&json_malloc_before, &json_free_before);
	json_set_alloc_funcs(__wrap_malloc, __wrap_free);
	while (injected) {
		if (++n > TORTURE_RUNS)
			fail_msg("no run without a failure in %d", TORTURE_RUNS);
		injected = torture_once(run, context, n, false);
		torture_once(run, context, n, true);
	}
	json_set_alloc_funcs(json_malloc_before, json_free_before);
	return n - 1;
}

#endif
