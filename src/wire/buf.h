/* SPDX-License-Identifier: MIT */
/*
 * The reader and the writer of the wire: bounds are checked once, a failure sticks, and only this directory knows
 * about byte order. A reader past its end reads zeros and turns bad: read everything, test once.
 */
#ifndef WIRE_BUF_H
#define WIRE_BUF_H

#include "base/checksum.h"

struct reader {
    const uint8_t *p, *end;
    bool bad;
};

struct writer {
    uint8_t *p, *end;
    bool bad;
};

static inline struct reader reader(const void *p, size_t n)
{
    return (struct reader){(const uint8_t *)p, (const uint8_t *)p + n, false};
}

static inline struct writer writer(void *p, size_t n) { return (struct writer){(uint8_t *)p, (uint8_t *)p + n, false}; }

static inline size_t reader_left(const struct reader *r) { return (size_t)(r->end - r->p); }
static inline size_t writer_left(const struct writer *w) { return (size_t)(w->end - w->p); }

/* The next n bytes, or NULL and a bad reader. */
static inline const uint8_t *read_bytes(struct reader *r, size_t n)
{
    const uint8_t *p = r->p;

    if (unlikely(reader_left(r) < n)) {
        r->p = r->end;
        r->bad = true;
        return NULL;
    }
    r->p += n;
    return p;
}

static inline uint8_t read_u8(struct reader *r)
{
    const uint8_t *p = read_bytes(r, 1);

    return p ? p[0] : 0;
}

static inline uint16_t read_u16(struct reader *r)
{
    const uint8_t *p = read_bytes(r, 2);

    return p ? (uint16_t)(p[0] << 8 | p[1]) : 0;
}

static inline uint32_t read_u32(struct reader *r)
{
    const uint8_t *p = read_bytes(r, 4);

    return p ? (uint32_t)p[0] << 24 | (uint32_t)p[1] << 16 | (uint32_t)p[2] << 8 | p[3] : 0;
}

/* Room for n bytes, or NULL and a bad writer. */
static inline uint8_t *write_room(struct writer *w, size_t n)
{
    uint8_t *p = w->p;

    if (unlikely(writer_left(w) < n)) {
        w->bad = true;
        return NULL;
    }
    w->p += n;
    return p;
}

static inline void write_u8(struct writer *w, uint8_t v)
{
    uint8_t *p = write_room(w, 1);

    if (p)
        p[0] = v;
}

static inline void write_u16(struct writer *w, uint16_t v)
{
    uint8_t *p = write_room(w, 2);

    if (p) {
        p[0] = (uint8_t)(v >> 8);
        p[1] = (uint8_t)v;
    }
}

static inline void write_u32(struct writer *w, uint32_t v)
{
    uint8_t *p = write_room(w, 4);

    if (p) {
        p[0] = (uint8_t)(v >> 24);
        p[1] = (uint8_t)(v >> 16);
        p[2] = (uint8_t)(v >> 8);
        p[3] = (uint8_t)v;
    }
}

static inline void write_bytes(struct writer *w, const void *src, size_t n)
{
    uint8_t *p = write_room(w, n);

    if (p && n)
        memcpy(p, src, n);
}

/* A number as it lies in memory on the wire, high byte first, and back. */
#define WIRE_SWAPS (__BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__)
static inline uint16_t wire_u16(uint16_t v) { return WIRE_SWAPS ? __builtin_bswap16(v) : v; }
static inline uint32_t wire_u32(uint32_t v) { return WIRE_SWAPS ? __builtin_bswap32(v) : v; }

/*
 * Store a number at p: for fields that are filled in afterwards, and for fixed headers. Written byte by byte, gcc makes
 * several stores of it.
 */
static inline void poke_u16(uint8_t *p, uint16_t v)
{
    v = wire_u16(v);
    memcpy(p, &v, sizeof v);
}

static inline void poke_u32(uint8_t *p, uint32_t v)
{
    v = wire_u32(v);
    memcpy(p, &v, sizeof v);
}

/* Numbers at p, any alignment: for fixed headers whose room was checked in one go. */
static inline uint16_t peek_u16(const uint8_t *p) { return (uint16_t)(p[0] << 8 | p[1]); }

static inline uint32_t peek_u32(const uint8_t *p)
{
    return (uint32_t)p[0] << 24 | (uint32_t)p[1] << 16 | (uint32_t)p[2] << 8 | p[3];
}

/* The sum of a run as a number (checksum.h); of one that is short more often than not. */
static inline uint64_t wire_sum(const uint8_t *p, size_t n)
{
    struct csum c = {0};
    uint64_t sum = 0;

    if (n > 8) {
        csum_add(&c, p, n);
        return (uint16_t)~csum_fold(&c);
    }
    for (; n >= 4; p += 4, n -= 4)
        sum += peek_u32(p);
    if (n & 2)
        sum += peek_u16(p);
    return n & 1 ? sum + ((uint64_t)p[n - 1] << 8) : sum;
}

#endif
