/* SPDX-License-Identifier: MIT */
/*
 * What the tests of TCP's rooms share: counted memory that can be made to fail, blocks full of a pattern that tells
 * every byte's place, and the sequence numbers from which each test starts.
 */
#ifndef UNIT_ROOM_H
#define UNIT_ROOM_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/rng.h"
#include "base/seq.h"
#include "core/block.h"
#include "counted_mem.h"

/* Zero, both sides of the sign, and before the wrap: near enough that a test of a few thousand bytes crosses it. */
static const uint32_t room_starts[] = {0, 0x7fffffff, 0x80000000, 0u - 3000, 0u - 1, 0x7fffffff - 1500};

#define each_start(s)                                                                                                  \
    for (uint32_t room_i = 0, s = 0; room_i < ARRAY_LEN(room_starts) && (s = room_starts[room_i], true); room_i++)

/* Memory, and blocks from it. */
struct room {
    struct counted_mem c;
    struct mem *mem;
    struct block_pool pool;
    struct rng rng;
    uint32_t refuse_ppm; /* how often an allocation fails */
};

/* In a stream of operations: fails at random. */
static inline bool room_refuse(void *ctx)
{
    struct room *r = ctx;

    return r->refuse_ppm && rng_chance(&r->rng, r->refuse_ppm);
}

static inline void room_init(struct room *r, uint64_t seed)
{
    counted_mem_init(&r->c);
    r->mem = &r->c.mem;
    r->mem->refuse = room_refuse; /* its ctx is &r->c, which is where r begins */
    block_pool_init(&r->pool, r->mem);
    rng_seed(&r->rng, seed);
    r->refuse_ppm = 0;
}

_Static_assert(offsetof(struct room, c) == 0, "room_refuse finds the room by its counted memory");

/* Everything was given back. */
static inline void room_check(struct room *r)
{
    r->refuse_ppm = 0;
    block_pool_fini(&r->pool);
    assert_true(counted_mem_is_clean(&r->c));
}

static inline void room_refuse_all(struct room *r, bool on) { r->refuse_ppm = on ? 1000000 : 0; }

static inline uint32_t room_below(struct room *r, uint32_t n) { return (uint32_t)rng_below(&r->rng, n); }

/* The byte that stands at this place of a stream; streams of different salt differ. */
static inline uint8_t pattern_byte(uint32_t at, uint32_t salt)
{
    uint32_t x = (at + salt * 0x9e3779b9u) * 0x85ebca6bu;

    return (uint8_t)(x >> 24 ^ x >> 11);
}

static inline void pattern_fill(uint8_t *p, uint32_t n, uint32_t at, uint32_t salt)
{
    for (uint32_t i = 0; i < n; i++)
        p[i] = pattern_byte(at + i, salt);
}

/* A piece as a driver would bring it: `len` bytes behind `headroom` in a block of its own that just holds them. */
static inline struct span room_piece(struct room *r, uint32_t headroom, uint32_t len, uint32_t at, uint32_t salt)
{
    struct weft_block *b = block_new(&r->pool, headroom + len);

    assert_non_null(b);
    pattern_fill(b->data + headroom, len, at, salt);
    b->used = headroom + len;
    return (struct span){b, b->data + headroom, len};
}

#endif
