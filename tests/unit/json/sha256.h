/* SHA-256 (FIPS 180-4), for vectors that are given as the hash of a long text. For header-only use. */
#ifndef TESTS_UNIT_JSON_SHA256_H
#define TESTS_UNIT_JSON_SHA256_H

#include <math.h>
#include <stdint.h>
#include <string.h>

struct sha256 {
	uint32_t state[8], constants[64];
	unsigned char block[64];
	uint64_t length;
};

static inline uint32_t sha256_fraction(double root)
{
	return (uint32_t)((root - floor(root)) * 4294967296.0);
}

/* The constants are the first bits of the roots of the first primes. */
static inline void sha256_begin(struct sha256 *hash)
{
	int count = 0;
	hash->length = 0;
	for (int number = 2; count < 64; number++) {
		int divisor = 2;
		while (number % divisor != 0)
			divisor++;
		if (divisor < number)
			continue;
		if (count < 8)
			hash->state[count] = sha256_fraction(sqrt(number));
		hash->constants[count++] = sha256_fraction(cbrt(number));
	}
}

static inline uint32_t sha256_turn(uint32_t word, int by)
{
	return word >> by | word << (32 - by);
}

static inline void sha256_block(struct sha256 *hash)
{
	uint32_t words[64], s[8];
	for (int i = 0; i < 16; i++)
		words[i] = (uint32_t)hash->block[4 * i] << 24 | (uint32_t)hash->block[4 * i + 1] << 16
			| (uint32_t)hash->block[4 * i + 2] << 8 | hash->block[4 * i + 3];
	for (int i = 16; i < 64; i++)
		words[i] = words[i - 16] + words[i - 7]
			+ (sha256_turn(words[i - 15], 7) ^ sha256_turn(words[i - 15], 18) ^ words[i - 15] >> 3)
			+ (sha256_turn(words[i - 2], 17) ^ sha256_turn(words[i - 2], 19) ^ words[i - 2] >> 10);
	memcpy(s, hash->state, sizeof(s));
	for (int i = 0; i < 64; i++) {
		uint32_t one = s[7] + (sha256_turn(s[4], 6) ^ sha256_turn(s[4], 11) ^ sha256_turn(s[4], 25))
			+ ((s[4] & s[5]) ^ (~s[4] & s[6])) + hash->constants[i] + words[i];
		uint32_t two = (sha256_turn(s[0], 2) ^ sha256_turn(s[0], 13) ^ sha256_turn(s[0], 22))
			+ ((s[0] & s[1]) ^ (s[0] & s[2]) ^ (s[1] & s[2]));
		memmove(s + 1, s, 7 * sizeof(s[0]));
		s[4] += one;
		s[0] = one + two;
	}
	for (int i = 0; i < 8; i++)
		hash->state[i] += s[i];
}

static inline void sha256_add(struct sha256 *hash, const void *bytes, size_t length)
{
	for (size_t i = 0; i < length; i++) {
		hash->block[hash->length++ % 64] = ((const unsigned char *)bytes)[i];
		if (hash->length % 64 == 0)
			sha256_block(hash);
	}
}

/* The hash of what was added; more may be added afterwards. */
static inline void sha256_end(const struct sha256 *hash, unsigned char digest_r[32])
{
	struct sha256 last = *hash;
	unsigned char length[8];
	for (int i = 0; i < 8; i++)
		length[i] = (unsigned char)(hash->length * 8 >> (56 - 8 * i));
	sha256_add(&last, "\x80", 1);
	while (last.length % 64 != 56)
		sha256_add(&last, "", 1);
	sha256_add(&last, length, 8);
	for (int i = 0; i < 32; i++)
		digest_r[i] = (unsigned char)(last.state[i / 4] >> (24 - 8 * (i % 4)));
}

#endif
