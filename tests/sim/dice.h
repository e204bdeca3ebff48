/* Random numbers of the simulator (splitmix64): the same from the same seed everywhere. Every concern has dice of its
 * own, made from the seed and a number, so that a change in one does not shift the others. */
#ifndef TESTS_SIM_DICE_H
#define TESTS_SIM_DICE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct dice {
	uint64_t state;
};

static inline uint64_t dice_next(struct dice *dice)
{
	uint64_t z = dice->state += UINT64_C(0x9e3779b97f4a7c15);
	z = (z ^ (z >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
	z = (z ^ (z >> 27)) * UINT64_C(0x94d049bb133111eb);
	return z ^ (z >> 31);
}

/* Dice for one concern of a seed. */
static inline struct dice dice_for(uint64_t seed, uint64_t concern)
{
	struct dice dice = { seed * UINT64_C(0xd1342543de82ef95) + concern };
	dice.state = dice_next(&dice);
	return dice;
}

/* 0 … sides − 1; sides > 0. */
static inline size_t dice_roll(struct dice *dice, size_t sides)
{
	return (size_t)(dice_next(dice) % sides);
}

/* low … high, both included. */
static inline int64_t dice_between(struct dice *dice, int64_t low, int64_t high)
{
	return low + (int64_t)(dice_next(dice) % (uint64_t)(high - low + 1));
}

static inline bool dice_chance(struct dice *dice, unsigned permille)
{
	return dice_next(dice) % 1000 < permille;
}

#endif
