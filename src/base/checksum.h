/* SPDX-License-Identifier: MIT */
/*
 * The Internet checksum (RFC 1071, RFC 1624): 64-bit accumulation over any number of pieces of any length and
 * alignment, in order; an odd piece shifts the ones after it by one byte.
 */
#ifndef BASE_CHECKSUM_H
#define BASE_CHECKSUM_H

#include "base/base.h"

struct csum {
    uint64_t acc; /* ones-complement sum of native-order words so far */
    bool odd;     /* an odd number of bytes went in */
};

/* Adds n bytes. */
void csum_add(struct csum *c, const void *p, size_t n);

/* Copies n bytes and adds them, in one pass. Regions must not overlap. */
void csum_copy(struct csum *c, void *restrict dst, const void *restrict src, size_t n);

/*
 * Adds n bytes whose sum is known, as a number of native-order words with no more than 32 bits. swapped: as they were
 * summed, an odd number of bytes stood before them.
 */
void csum_add_known(struct csum *c, uint32_t sum, bool swapped, size_t n);

/* Adds one 16-bit number as if its two big-endian bytes stood at an even offset. */
void csum_add_u16(struct csum *c, uint16_t v);

/*
 * A ones-complement sum of words in 16 bits: twice half of the bits are added to the other half with end-around carry,
 * which is the upper half of what is added to its own rotation.
 */
static inline uint16_t csum_half(uint64_t sum)
{
    uint32_t half;

    sum += sum << 32 | sum >> 32;
    half = (uint32_t)(sum >> 32);
    half += half << 16 | half >> 16;
    return (uint16_t)(half >> 16);
}

/* Adds all that went into the sum `whole` but for its first bytes, an even number, whose sum is `first`. c is even. */
static inline void csum_add_rest(struct csum *c, uint16_t whole, const struct csum *first)
{
    c->acc = (uint64_t)csum_half(c->acc) + whole + (uint16_t)~csum_half(first->acc);
}

/*
 * The same as csum_add of n bytes at an even offset, a multiple of four, for headers, which are few words: of 32 bits
 * they add up without a carry. n is a constant.
 */
__attribute__((always_inline)) static inline void csum_add_words(struct csum *c, const uint8_t *p, size_t n)
{
    uint64_t sum = 0;
    uint32_t word;

    for (size_t i = 0; i < n; i += sizeof word) {
        memcpy(&word, p + i, sizeof word);
        sum += word;
    }
    c->acc += sum;
    c->acc += c->acc < sum;
}

/* The checksum field's value as a host-order number: complement of the folded sum. On receipt, zero is right. */
uint16_t csum_fold(const struct csum *c);

/* One call for one contiguous run. */
uint16_t csum(const void *p, size_t n);

/* RFC 1624 eqn. 3: the new checksum field when a covered 16-bit field changes from old to new. All host order. */
uint16_t csum_update(uint16_t check, uint16_t old_field, uint16_t new_field);

#endif
