/* SPDX-License-Identifier: MIT */
/* SipHash-c-d: the paper's figure 2.1, for c-d of 2-4 (strong) and 1-3; inlining makes two functions of it. */
#include "base/siphash.h"

struct sip {
    uint64_t v0, v1, v2, v3;
};

static inline uint64_t rotl(uint64_t x, unsigned n) { return x << n | x >> (64 - n); }

static inline void sip_round(struct sip *s)
{
    s->v0 += s->v1;
    s->v2 += s->v3;
    s->v1 = rotl(s->v1, 13) ^ s->v0;
    s->v3 = rotl(s->v3, 16) ^ s->v2;
    s->v0 = rotl(s->v0, 32);
    s->v2 += s->v1;
    s->v0 += s->v3;
    s->v1 = rotl(s->v1, 17) ^ s->v2;
    s->v3 = rotl(s->v3, 21) ^ s->v0;
    s->v2 = rotl(s->v2, 32);
}

/* One round, or two. */
static inline void sip_absorb(struct sip *s, uint64_t word, bool twice)
{
    s->v3 ^= word;
    sip_round(s);
    if (twice)
        sip_round(s);
    s->v0 ^= word;
}

/* Least significant byte first. Spelt out, compilers see that each of these is one load. */
static inline uint64_t load16(const uint8_t *p) { return (uint64_t)p[0] | (uint64_t)p[1] << 8; }
static inline uint64_t load32(const uint8_t *p)
{
    return (uint64_t)p[0] | (uint64_t)p[1] << 8 | (uint64_t)p[2] << 16 | (uint64_t)p[3] << 24;
}
static inline uint64_t load64(const uint8_t *p)
{
    return (uint64_t)p[0] | (uint64_t)p[1] << 8 | (uint64_t)p[2] << 16 | (uint64_t)p[3] << 24 | (uint64_t)p[4] << 32
           | (uint64_t)p[5] << 40 | (uint64_t)p[6] << 48 | (uint64_t)p[7] << 56;
}

/* The last word: what is left, less than eight bytes, and the length's low byte on top. */
static inline uint64_t last_word(const uint8_t *p, size_t n)
{
    uint64_t v = (uint64_t)n << 56;
    unsigned at = 0;

    if (n & 4) {
        v |= load32(p);
        at = 4;
    }
    if (n & 2) {
        v |= load16(p + at) << (8 * at);
        at += 2;
    }
    if (n & 1)
        v |= (uint64_t)p[at] << (8 * at);
    return v;
}

static inline struct sip sip_begin(struct sip_key key)
{
    return (struct sip){key.k0 ^ 0x736f6d6570736575, key.k1 ^ 0x646f72616e646f6d, key.k0 ^ 0x6c7967656e657261,
                        key.k1 ^ 0x7465646279746573};
}

/* The last word, and the result. */
static inline uint64_t sip_end(struct sip *s, uint64_t last, bool strong)
{
    sip_absorb(s, last, strong);
    s->v2 ^= 0xff;
    sip_round(s);
    sip_round(s);
    sip_round(s);
    if (strong)
        sip_round(s);
    return s->v0 ^ s->v1 ^ s->v2 ^ s->v3;
}

__attribute__((always_inline)) static inline uint64_t siphash(struct sip_key key, const uint8_t *p, size_t n,
                                                              bool strong)
{
    struct sip s = sip_begin(key);

    for (size_t left = n; left >= 8; left -= 8, p += 8)
        sip_absorb(&s, load64(p), strong);
    return sip_end(&s, last_word(p, n), strong);
}

uint64_t siphash24(struct sip_key key, const void *data, size_t n)
{
    return siphash(key, data, n, true);
}

/* Once, for those who ask for one hash each: a copy in each of them would be more code than all else they do. */
ASIDE uint64_t siphash24_short(struct sip_key key, uint64_t first, uint64_t rest, unsigned n)
{
    struct sip s = sip_begin(key);

    weft_assert(n >= 8 && n < 16 && rest >> (n - 8) * 8 == 0, "callers have two words, of which the last is not full");
    sip_absorb(&s, first, true);
    return sip_end(&s, rest | (uint64_t)n << 56, true);
}

uint64_t siphash13(struct sip_key key, const void *data, size_t n)
{
    return siphash(key, data, n, false);
}
