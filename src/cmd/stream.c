/* SPDX-License-Identifier: MIT */
#include <string.h>

#include "cmd/demo.h"

static uint64_t word_at(uint64_t seed, uint64_t i)
{
    uint64_t z = seed + i * 0x9e3779b97f4a7c15u;

    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
    z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
    return z ^ (z >> 31);
}

void stream_fill(uint64_t seed, uint64_t offset, uint8_t *buf, size_t n)
{
    uint64_t i = offset / 8, word;

    for (; n >= 8; n -= 8, buf += 8) {
        word = word_at(seed, i++);
        memcpy(buf, &word, 8);
    }
    word = word_at(seed, i);
    memcpy(buf, &word, n);
}

uint64_t stream_digest(uint64_t digest, const void *buf, size_t n)
{
    const uint8_t *p = buf, *end = p + n;

    for (; p < end; p++)
        digest = (digest ^ *p) * 0x100000001b3u;
    return digest;
}
