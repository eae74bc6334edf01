/* SPDX-License-Identifier: MIT */
/* What each side of each flow sends: bytes that depend on who sends them and on where they stand. */
#include "sim.h"

static uint64_t pattern_word(unsigned flow, unsigned side, uint32_t i)
{
    uint64_t x = (uint64_t)(flow * 2 + side + 1) << 33 ^ i;

    x = (x ^ x >> 31) * 0x7fb5d329728ea185u;
    x = (x ^ x >> 27) * 0x81dadef4bc2dd44du;
    return x ^ x >> 33;
}

void pattern_fill(unsigned flow, unsigned side, uint32_t offset, uint8_t *to, size_t n)
{
    for (size_t i = 0; i < n;) {
        uint64_t word = pattern_word(flow, side, (uint32_t)((offset + i) / 8)) >> 8 * ((offset + i) % 8);
        size_t k = 8 - (offset + i) % 8;

        for (; k && i < n; k--, i++, word >>= 8)
            to[i] = (uint8_t)word;
    }
}

bool pattern_matches(unsigned flow, unsigned side, uint32_t offset, const uint8_t *p, size_t n)
{
    uint8_t expected[1024];

    while (n) {
        size_t k = n < sizeof expected ? n : sizeof expected;

        pattern_fill(flow, side, offset, expected, k);
        if (memcmp(expected, p, k) != 0)
            return false;
        p += k, n -= k, offset += (uint32_t)k;
    }
    return true;
}
