/* SPDX-License-Identifier: MIT */
/* xoshiro256** (Blackman, Vigna 2018), seeded by SplitMix64 (Steele, Lea, Flood 2014). */
#include "base/rng.h"

static uint64_t rotl(uint64_t x, unsigned n) { return x << n | x >> (64 - n); }

static uint64_t splitmix(uint64_t *x)
{
    uint64_t z = *x += 0x9e3779b97f4a7c15;

    z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9;
    z = (z ^ z >> 27) * 0x94d049bb133111eb;
    return z ^ z >> 31;
}

void rng_seed(struct rng *r, uint64_t seed)
{
    for (size_t i = 0; i < ARRAY_LEN(r->s); i++)
        r->s[i] = splitmix(&seed);
}

uint64_t rng_u64(struct rng *r)
{
    uint64_t *s = r->s, result = rotl(s[1] * 5, 7) * 9, t = s[1] << 17;

    weft_assert(s[0] | s[1] | s[2] | s[3], "rng_seed leaves no state of zeros, which would give zeros for ever");
    s[2] ^= s[0];
    s[3] ^= s[1];
    s[1] ^= s[2];
    s[0] ^= s[3];
    s[2] ^= t;
    s[3] = rotl(s[3], 45);
    return result;
}

/* Draws again from the incomplete last stretch of n, so that no value is likelier than another. */
uint64_t rng_below(struct rng *r, uint64_t n)
{
    uint64_t incomplete = (0 - n) % n, x;

    weft_assert(n > 0, "the caller has something to choose from");
    do
        x = rng_u64(r);
    while (x < incomplete);
    return x % n;
}

bool rng_chance(struct rng *r, uint32_t ppm)
{
    return rng_below(r, 1000000) < ppm;
}
