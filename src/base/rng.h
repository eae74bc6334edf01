/* SPDX-License-Identifier: MIT */
/*
 * A small seeded generator (xoshiro256**) for simulated links, jitter and tests. Never for secrets:
 * those come from weft_env.random and SipHash.
 */
#ifndef BASE_RNG_H
#define BASE_RNG_H

#include "base/base.h"

struct rng {
    uint64_t s[4];
};

/* Any seed is good, zero included (expanded by SplitMix64). To be called first: a struct of zeros gives nothing but zeros. */
void rng_seed(struct rng *r, uint64_t seed);
uint64_t rng_u64(struct rng *r);

/* Uniform in [0, n); n > 0. */
uint64_t rng_below(struct rng *r, uint64_t n);

/* True once in a million times ppm. */
bool rng_chance(struct rng *r, uint32_t ppm);

#endif
