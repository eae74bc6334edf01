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
uint64_t siphash13(struct sip_key key, const void *data, size_t n);

#endif
