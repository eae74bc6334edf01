/* SPDX-License-Identifier: MIT */
/*
 * The Internet checksum (RFC 1071, RFC 1624).
 *
 * Words are added in the machine's own byte order and in any width (RFC 1071 §2 (B), (C)): 2^64 - 1 and 2^32 - 1 are
 * multiples of 2^16 - 1, so a sum of words with end-around carry, folded to 16 bits, is the sum of its 16-bit parts.
 * Only csum_fold looks at the result as bytes.
 */
#include "base/checksum.h"

/* Two 64-bit lanes, which every machine has in some form. */
typedef uint64_t lanes __attribute__((vector_size(16)));

#define BLOCK 64

/* a + b with end-around carry: asked of the compiler by name, the carry is not looked for by a comparison. */
static inline uint64_t add_around(uint64_t a, uint64_t b)
{
    uint64_t sum, carry = __builtin_add_overflow(a, b, &sum);

    return sum + carry;
}

/* The lanes at offset i. */
__attribute__((always_inline)) static inline lanes lanes_take(uint8_t *dst, const uint8_t *src, size_t i, bool copy)
{
    lanes w;

    memcpy(&w, src + i, sizeof w);
    if (copy)
        memcpy(dst + i, &w, sizeof w);
    return w;
}

/*
 * Whole blocks; n is a multiple of BLOCK. `sum` wraps, but the sum of the upper halves does not, and taking it out of
 * `sum` leaves the sum of the lower halves: two additions and a shift per 16 bytes, and no carry. Right for runs up to
 * 2^35 bytes.
 */
__attribute__((always_inline)) static inline uint64_t blocks_sum(uint8_t *dst, const uint8_t *src, size_t n, bool copy)
{
    lanes sum0 = {0}, sum1 = {0}, upper0 = {0}, upper1 = {0};

    for (size_t i = 0; i < n; i += BLOCK) {
        lanes a = lanes_take(dst, src, i, copy), b = lanes_take(dst, src, i + 16, copy);
        lanes c = lanes_take(dst, src, i + 32, copy), d = lanes_take(dst, src, i + 48, copy);

        sum0 += a + c;
        sum1 += b + d;
        upper0 += (a >> 32) + (c >> 32);
        upper1 += (b >> 32) + (d >> 32);
    }
    sum0 += sum1;
    upper0 += upper1;
    sum0 += upper0 - (upper0 << 32);
    return add_around(sum0[0], sum0[1]);
}

/* Less than eight bytes, as if zeros came after them. */
__attribute__((always_inline)) static inline uint64_t tail_sum(uint8_t *dst, const uint8_t *src, size_t n, bool copy)
{
    uint64_t sum = 0;
    uint32_t w;
    uint16_t h;

    if (n & 4) {
        memcpy(&w, src, sizeof w);
        if (copy)
            memcpy(dst, &w, sizeof w);
        sum += w;
    }
    if (n & 2) {
        memcpy(&h, src + (n & 4), sizeof h);
        if (copy)
            memcpy(dst + (n & 4), &h, sizeof h);
        sum += h;
    }
    if (n & 1) {
        const uint8_t pair[2] = {src[n - 1], 0};

        memcpy(&h, pair, sizeof h);
        if (copy)
            dst[n - 1] = pair[0];
        sum += h;
    }
    return sum;
}

/* So many words of eight bytes: a constant, so that no loop is left of it. */
__attribute__((always_inline)) static inline uint64_t words_sum(uint8_t *dst, const uint8_t *src, size_t words, bool copy)
{
    uint64_t sum = 0, w;

    for (size_t i = 0; i < 8 * words; i += 8) {
        memcpy(&w, src + i, sizeof w);
        if (copy)
            memcpy(dst + i, &w, sizeof w);
        sum = add_around(sum, w);
    }
    return sum;
}

/*
 * The last n bytes, less than eight, of a run of at least eight, as if zeros came after them: they are one end of a
 * word, whose other bytes were added before and are shifted out.
 */
__attribute__((always_inline)) static inline uint64_t end_sum(uint8_t *dst, const uint8_t *src, size_t n, bool copy)
{
    uint64_t w;

    memcpy(&w, src + n - sizeof w, sizeof w);
    if (copy)
        memcpy(dst + n - sizeof w, &w, sizeof w);
#if __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__
    return w >> 8 * (sizeof w - n);
#else
    return w << 8 * (sizeof w - n);
#endif
}

/*
 * What comes behind the whole blocks: less than one, in halves of halves. A header without payload is no more than that.
 * `before`: bytes stand before it that belong to the run.
 */
__attribute__((always_inline)) static inline uint64_t rest_sum(uint8_t *dst, const uint8_t *src, size_t n, bool copy,
                                                               bool before)
{
    uint64_t sum = 0;
    size_t i = 0;

    if (n & 32) {
        sum = words_sum(dst, src, 4, copy);
        i = 32;
    }
    if (n & 16) {
        sum = add_around(sum, words_sum(copy ? dst + i : NULL, src + i, 2, copy));
        i += 16;
    }
    if (n & 8) {
        sum = add_around(sum, words_sum(copy ? dst + i : NULL, src + i, 1, copy));
        i += 8;
    }
    if ((n & 7) == 0)
        return sum;
    if (likely(before || i))
        return add_around(sum, end_sum(copy ? dst + i : NULL, src + i, n & 7, copy));
    return tail_sum(dst, src, n, copy);
}

/* The sum of a run, which is copied to dst if `copy`: a constant, so that two functions are made of this one. */
__attribute__((always_inline)) static inline uint64_t run_sum(uint8_t *dst, const uint8_t *src, size_t n, bool copy)
{
    const size_t in_blocks = n & ~(size_t)(BLOCK - 1);
    uint64_t sum = in_blocks ? blocks_sum(dst, src, in_blocks, copy) : 0;

    return add_around(sum, rest_sum(copy ? dst + in_blocks : NULL, src + in_blocks, n - in_blocks, copy, in_blocks));
}

/* ---- the same with registers of 32 bytes ---- */

#ifdef __x86_64__
#define WIDE_BLOCK 64
#define WIDE       __attribute__((target("avx2")))

typedef uint64_t wide_lanes __attribute__((vector_size(32)));

/* Worth asking for a run of this length? The compiler's table of what the processor has is filled in before main. */
static inline bool is_wide(size_t n) { return n >= 2 * WIDE_BLOCK && __builtin_cpu_supports("avx2"); }

/* As blocks_sum; a register is the unit of a compiler's work, so the loop had to be written for each size. */
WIDE __attribute__((always_inline)) static inline uint64_t wide_blocks_sum(uint8_t *dst, const uint8_t *src, size_t n,
                                                                           bool copy)
{
    wide_lanes sum0 = {0}, sum1 = {0}, upper0 = {0}, upper1 = {0}, a, b;

    for (size_t i = 0; i < n; i += 2 * sizeof a) {
        memcpy(&a, src + i, sizeof a);
        memcpy(&b, src + i + sizeof a, sizeof b);
        if (copy) {
            memcpy(dst + i, &a, sizeof a);
            memcpy(dst + i + sizeof a, &b, sizeof b);
        }
        sum0 += a;
        sum1 += b;
        upper0 += a >> 32;
        upper1 += b >> 32;
    }
    sum0 += sum1;
    upper0 += upper1;
    sum0 += upper0 - (upper0 << 32);
    return add_around(add_around(sum0[0], sum0[1]), add_around(sum0[2], sum0[3]));
}

WIDE __attribute__((always_inline)) static inline uint64_t wide_run_sum(uint8_t *dst, const uint8_t *src, size_t n,
                                                                        bool copy)
{
    const size_t in_blocks = n & ~(size_t)(WIDE_BLOCK - 1);
    uint64_t sum = wide_blocks_sum(dst, src, in_blocks, copy);

    return add_around(sum, rest_sum(copy ? dst + in_blocks : NULL, src + in_blocks, n - in_blocks, copy, in_blocks));
}

WIDE static uint64_t wide_sum(const uint8_t *src, size_t n) { return wide_run_sum(NULL, src, n, false); }
WIDE static uint64_t wide_copy(uint8_t *dst, const uint8_t *src, size_t n) { return wide_run_sum(dst, src, n, true); }
#else
static inline bool is_wide(size_t n) { return (void)n, false; }
static uint64_t wide_sum(const uint8_t *src, size_t n) { return run_sum(NULL, src, n, false); }
static uint64_t wide_copy(uint8_t *dst, const uint8_t *src, size_t n) { return run_sum(dst, src, n, true); }
#endif

/*
 * Takes the sum of a run of n bytes in. After an odd number of bytes each byte of the run stands in the other half of
 * its word: the same as a rotation of the sum by eight (RFC 1071 §2 (B)).
 */
static inline void csum_take(struct csum *c, uint64_t sum, size_t n)
{
    c->acc = add_around(c->acc, c->odd ? sum << 8 | sum >> 56 : sum);
    c->odd ^= n & 1;
}

void csum_add(struct csum *c, const void *p, size_t n)
{
    if (likely(n < BLOCK)) { /* a header, and what is little more */
        csum_take(c, rest_sum(NULL, p, n, false, false), n);
        return;
    }
    csum_take(c, is_wide(n) ? wide_sum(p, n) : run_sum(NULL, p, n, false), n);
}

void csum_copy(struct csum *c, void *restrict dst, const void *restrict src, size_t n)
{
    csum_take(c, is_wide(n) ? wide_copy(dst, src, n) : run_sum(dst, src, n, true), n);
}

void csum_add_known(struct csum *c, uint32_t sum, bool swapped, size_t n)
{
    csum_take(c, (uint64_t)sum << (swapped ? 8 : 0), n); /* a rotation by eight, twice if it must be, is none or sixteen */
}

void csum_add_u16(struct csum *c, uint16_t v)
{
    const uint8_t pair[2] = {(uint8_t)(v >> 8), (uint8_t)v};
    uint16_t h;

    memcpy(&h, pair, sizeof h);
    c->acc = add_around(c->acc, h);
}

uint16_t csum_fold(const struct csum *c)
{
    const uint16_t sum = csum_half(c->acc);
    uint8_t pair[2];

    memcpy(pair, &sum, sizeof pair);
    return (uint16_t)~(pair[0] << 8 | pair[1]);
}

uint16_t csum(const void *p, size_t n)
{
    struct csum c = {0};

    csum_add(&c, p, n);
    return csum_fold(&c);
}

uint16_t csum_update(uint16_t check, uint16_t old_field, uint16_t new_field)
{
    return (uint16_t)~csum_half((uint64_t)(uint16_t)~check + (uint16_t)~old_field + new_field);
}
