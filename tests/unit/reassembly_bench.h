/* SPDX-License-Identifier: MIT */
/* For tests of reassembly: fragments of a pattern put in, the whole looked at. */
#ifndef UNIT_REASSEMBLY_BENCH_H
#define UNIT_REASSEMBLY_BENCH_H

#include "ip6_bench.h"
#include "reassembly_model.h"

static inline int setup(void **state)
{
    *state = bench_new();
    return 0;
}

static inline int teardown(void **state)
{
    bench_free(*state);
    return 0;
}

static const struct ipv4_header plain = {.src = PEER, .dst = US, .proto = BENCH_PROTO};

/* Puts in the bytes [start, start + len) of the pattern as a fragment of datagram id. */
static inline void put(struct bench *b, uint16_t id, uint32_t start, uint32_t len, bool more)
{
    static uint8_t pattern[65536], p[65600];
    struct ipv4_header h = plain;

    if (!pattern[1])
        fill_pattern(pattern, sizeof(pattern), 0);
    h.id = id;
    h.frag_offset = (uint16_t)start;
    h.mf = more;
    bench_input(b, p, make_ip(p, h, pattern + start, len));
}

static inline void assert_delivered(struct bench *b, unsigned count, uint32_t len)
{
    static uint8_t pattern[65536];

    fill_pattern(pattern, sizeof(pattern), 0);
    assert_int_equal(b->record->count, count);
    assert_int_equal(b->record->len, len);
    assert_memory_equal(b->record->bytes, pattern, len);
}

#define CLAIM(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

#endif
