/* SPDX-License-Identifier: MIT */
/*
 * SipHash (Aumasson, Bernstein 2012): a keyed pseudo-random function for short inputs.
 * 2-4 for secrets an attacker profits from guessing (initial sequence numbers, ports); 1-3 for tables.
 */
#ifndef BASE_SIPHASH_H
#define BASE_SIPHASH_H

#include "base/base.h"

/* 128 bits of secret; one key per purpose, drawn at stack creation. */
struct sip_key {
    uint64_t k0, k1;
};

uint64_t siphash24(struct sip_key key, const void *data, size_t n);
/*
 * The same of n bytes, 8 to 15, that are no string anywhere: as numbers, of which the least significant byte comes
 * first. `rest` is what follows the first eight.
 */
uint64_t siphash24_short(struct sip_key key, uint64_t first, uint64_t rest, unsigned n);
uint64_t siphash13(struct sip_key key, const void *data, size_t n);

#endif
