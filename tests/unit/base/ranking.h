/* What the tests of ranks share: an arena and dice for each test, what holds of ranks that were made, and ranks at
 * random. For header-only use; include the headers that cmocka needs, and cmocka.h, first. */
#ifndef SL_TESTS_RANKING_H
#define SL_TESTS_RANKING_H

#include "core/base/error.h"
#include "core/base/rank.h"
#include "core/base/rank_assign.h"
#include "core/base/rank_run.h"

static const char alphabet[] = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
static const struct sl_str none = { NULL, 0 };

static uint64_t seed;

static inline uint32_t pick(uint32_t below)
{
	seed = seed * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
	return (uint32_t)((seed >> 33) % below);
}

static inline int set_up(void **state)
{
	static struct sl_arena arena;
	seed = 20;
	sl_arena_init(&arena, 0);
	*state = &arena;
	return 0;
}

static inline int tear_down(void **state)
{
	sl_arena_dispose(*state);
	return 0;
}

static inline void assert_between(struct sl_str low, const struct sl_str *ranks, size_t count, struct sl_str high)
{
	for (size_t i = 0; i < count; i++) {
		assert_true(sl_rank_is_valid(ranks[i]));
		assert_true(ranks[i].bytes[ranks[i].length - 1] != '0');
		assert_true(sl_str_compare(i > 0 ? ranks[i - 1] : low, ranks[i]) < 0);
	}
	if (count > 0 && high.length > 0)
		assert_true(sl_str_compare(ranks[count - 1], high) < 0);
}

static inline struct sl_str random_rank(char text[SL_RANK_BYTES], uint32_t letters)
{
	size_t length = pick(5) == 0 ? 1 + pick(SL_RANK_BYTES) : pick(5);
	for (size_t i = 0; i < length; i++)
		text[i] = alphabet[pick(3) == 0 ? pick(2) * 61 : pick(letters)];
	return (struct sl_str){ text, length };
}

#endif
