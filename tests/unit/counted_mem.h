/* SPDX-License-Identifier: MIT */
/* A struct mem over malloc that watches what it is asked: for tests of whatever allocates. */
#ifndef TESTS_COUNTED_MEM_H
#define TESTS_COUNTED_MEM_H

#include <stdlib.h>

#include "base/mem.h"

/*
 * How many operations of a model's stream to play: all, or one in WEFT_THIN of them (from the environment), for a model
 * that goes through all it knows at each takes many minutes under clang's memory sanitizer.
 */
static inline unsigned thinned(unsigned operations)
{
    const char *thin = getenv("WEFT_THIN");
    unsigned by = thin ? (unsigned)strtoul(thin, NULL, 10) : 1;

    return by > 1 ? operations / by + 1 : operations;
}

struct counted_mem {
    struct mem mem;
    size_t held;         /* bytes the environment has given out and not got back */
    size_t requests;     /* how often refuse was asked */
    size_t refuse_at;    /* the request, from 1, that is refused; 0 for none */
    bool refuse_onwards; /* and all after it */
    bool exhausted;      /* the environment itself has no memory */
};

static void *counted_mem_alloc(void *ctx, size_t size, size_t align)
{
    struct counted_mem *c = ctx;
    void *p = c->exhausted ? NULL : aligned_alloc(align, (size + align - 1) & ~(align - 1));

    if (p)
        c->held += size;
    return p;
}

static void counted_mem_free(void *ctx, void *p, size_t size)
{
    struct counted_mem *c = ctx;

    c->held -= size;
    free(p);
}

static bool counted_mem_refuse(void *ctx)
{
    struct counted_mem *c = ctx;

    c->requests++;
    return c->refuse_at && (c->requests == c->refuse_at || (c->refuse_onwards && c->requests > c->refuse_at));
}

static inline void counted_mem_init(struct counted_mem *c)
{
    *c = (struct counted_mem){.mem = {.ctx = c,
                                      .alloc = counted_mem_alloc,
                                      .free = counted_mem_free,
                                      .refuse = counted_mem_refuse}};
}

/* Nothing is held, by nobody. */
static inline bool counted_mem_is_clean(const struct counted_mem *c)
{
    for (int i = 0; i < MEM_CLASS_COUNT; i++)
        if (c->mem.live[i])
            return false;
    return c->held == 0 && c->mem.total == 0;
}

#endif
