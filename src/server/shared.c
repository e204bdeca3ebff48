/* Memory shared by all workers. Only lock-free atomics live here, so a worker that is killed anywhere can't leave it
 * locked; a turn names its owner, so the supervisor can give it back. Waiting is a futex(2) on the count of releases.
 */
#include "server/shared.h"

#include <limits.h>
#include <linux/futex.h>
#include <stdatomic.h>
#include <stddef.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include "server/clock.h"

struct sl_shared {
	_Atomic uint64_t counters[SL_COUNTERS];
	_Atomic int32_t hash_owners[SL_SHARED_HASHES]; /* process ids; 0: free */
	_Atomic uint32_t releases;
	_Atomic uint32_t draining;
};

_Static_assert(ATOMIC_LLONG_LOCK_FREE == 2 && ATOMIC_INT_LOCK_FREE == 2, "atomics must not hide locks");
_Static_assert(sizeof(_Atomic uint32_t) == 4, "a futex is a word of 32 bits");

struct sl_shared *sl_shared_new(void)
{
	void *memory = mmap(NULL, sizeof(struct sl_shared), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	return memory == MAP_FAILED ? NULL : memory;
}

void sl_shared_free(struct sl_shared **shared)
{
	if (*shared)
		munmap(*shared, sizeof(**shared));
	*shared = NULL;
}

void sl_shared_count(struct sl_shared *shared, enum sl_counter counter, uint64_t more)
{
	atomic_fetch_add_explicit(&shared->counters[counter], more, memory_order_relaxed);
}

uint64_t sl_shared_counter(const struct sl_shared *shared, enum sl_counter counter)
{
	return atomic_load_explicit(&shared->counters[counter], memory_order_relaxed);
}

static int try_claim(struct sl_shared *shared, unsigned at_most)
{
	for (unsigned i = 0; i < at_most && i < SL_SHARED_HASHES; i++) {
		int32_t nobody = 0;
		if (atomic_compare_exchange_strong(&shared->hash_owners[i], &nobody, (int32_t)getpid()))
			return (int)i;
	}
	return -1;
}

/* Sleeps until a turn came free after `seen` was read, or the time is over. */
static void wait_release(struct sl_shared *shared, uint32_t seen, int64_t ms)
{
	struct timespec timeout = { .tv_sec = ms / 1000, .tv_nsec = ms % 1000 * 1000000 };
	syscall(SYS_futex, &shared->releases, FUTEX_WAIT, seen, &timeout, NULL, 0);
}

int sl_shared_hash_claim(struct sl_shared *shared, unsigned at_most, int wait_ms)
{
	int64_t deadline = sl_clock_steady_ms() + wait_ms;
	for (;;) {
		uint32_t seen = atomic_load(&shared->releases);
		int turn = try_claim(shared, at_most);
		int64_t left = deadline - sl_clock_steady_ms();
		if (turn >= 0 || left <= 0)
			return turn;
		wait_release(shared, seen, left);
	}
}

static void release(struct sl_shared *shared, int turn, int32_t owner)
{
	if (!atomic_compare_exchange_strong(&shared->hash_owners[turn], &owner, 0))
		return;
	atomic_fetch_add(&shared->releases, 1);
	syscall(SYS_futex, &shared->releases, FUTEX_WAKE, INT_MAX, NULL, NULL, 0);
}

void sl_shared_hash_release(struct sl_shared *shared, int turn)
{
	release(shared, turn, (int32_t)getpid());
}

void sl_shared_forget(struct sl_shared *shared, pid_t dead)
{
	for (int i = 0; i < SL_SHARED_HASHES; i++)
		release(shared, i, (int32_t)dead);
}

void sl_shared_drain(struct sl_shared *shared) { atomic_store(&shared->draining, 1); }
bool sl_shared_draining(const struct sl_shared *shared) { return atomic_load(&shared->draining) != 0; }
