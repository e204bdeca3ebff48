/* Memory shared by workers: turns to hash, over processes and their deaths, and counters. */
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "server/shared.h"

static int set_up(void **state)
{
	*state = sl_shared_new();
	return *state ? 0 : -1;
}

static int tear_down(void **state)
{
	struct sl_shared *shared = *state;
	sl_shared_free(&shared);
	assert_null(shared);
	return 0;
}

static void shared__only_so_many_hash_at_once(void **state)
{
	struct sl_shared *shared = *state;
	int first = sl_shared_hash_claim(shared, 2, 0), second = sl_shared_hash_claim(shared, 2, 0);
	assert_true(first >= 0 && second >= 0 && first != second);
	assert_int_equal(sl_shared_hash_claim(shared, 2, 20), -1);
	sl_shared_hash_release(shared, first);
	assert_int_equal(sl_shared_hash_claim(shared, 2, 0), first);
	assert_int_equal(sl_shared_hash_claim(shared, 1000, 0), 2);
}

static void shared__a_release_wakes_who_waits(void **state)
{
	struct sl_shared *shared = *state;
	int ready[2];
	char byte;
	assert_int_equal(pipe(ready), 0);
	int turn = sl_shared_hash_claim(shared, 1, 0);
	pid_t child = fork();
	if (child == 0) {
		(void)!write(ready[1], "x", 1);
		_exit(sl_shared_hash_claim(shared, 1, 10000) == 0 ? 0 : 1);
	}
	assert_int_equal(read(ready[0], &byte, 1), 1);
	sl_shared_hash_release(shared, turn);
	int status;
	assert_int_equal(waitpid(child, &status, 0), child);
	assert_int_equal(status, 0);
	sl_shared_hash_release(shared, turn); /* not ours any more: nothing happens */
	assert_int_equal(sl_shared_hash_claim(shared, 1, 0), -1);
	sl_shared_forget(shared, child);
	assert_int_equal(sl_shared_hash_claim(shared, 1, 0), 0);
	close(ready[0]);
	close(ready[1]);
}

static void shared__counters_add_up_over_processes(void **state)
{
	struct sl_shared *shared = *state;
	sl_shared_count(shared, SL_COUNT_REQUESTS_4XX, 2);
	pid_t child = fork();
	if (child == 0) {
		sl_shared_count(shared, SL_COUNT_REQUESTS_4XX, 40);
		_exit(0);
	}
	waitpid(child, NULL, 0);
	assert_int_equal(sl_shared_counter(shared, SL_COUNT_REQUESTS_4XX), 42);
	assert_int_equal(sl_shared_counter(shared, SL_COUNT_REQUESTS_5XX), 0);
	assert_false(sl_shared_draining(shared));
	sl_shared_drain(shared);
	assert_true(sl_shared_draining(shared));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(shared__only_so_many_hash_at_once, set_up, tear_down),
		cmocka_unit_test_setup_teardown(shared__a_release_wakes_who_waits, set_up, tear_down),
		cmocka_unit_test_setup_teardown(shared__counters_add_up_over_processes, set_up, tear_down),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
