/* SPDX-License-Identifier: MIT */
/* For tests of IGMP: filters of sockets, messages of other hosts. */
#ifndef UNIT_IGMP_BENCH_H
#define UNIT_IGMP_BENCH_H

#include "group_bench.h"

static inline int setup(void **state)
{
    struct bench *b = bench_new();

    *state = b;
    return 0;
}

static inline int teardown(void **state)
{
    bench_free(*state);
    return 0;
}

#endif
