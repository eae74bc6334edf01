/* SPDX-License-Identifier: MIT */
/* A stack's outside world for a fuzz harness, and a cursor over the input. What is not given back aborts. */
#ifndef FUZZ_FUZZ_ENV_H
#define FUZZ_FUZZ_ENV_H

#include <stdlib.h>
#include <string.h>

#include "fuzz.h"
#include "weft/stack.h"

struct fuzz_env {
    size_t live;
    unsigned refuse_in; /* the allocation that many from now fails; 0: none */
};

static inline void fuzz_check(bool truth)
{
    if (!truth)
        abort();
}

static void *fuzz_alloc(void *ctx, size_t size, size_t align)
{
    struct fuzz_env *e = ctx;
    void *p = aligned_alloc(align, (size + align - 1) / align * align);

    fuzz_check(p != NULL);
    e->live += size;
    return p;
}

static void fuzz_free(void *ctx, void *p, size_t size)
{
    ((struct fuzz_env *)ctx)->live -= size;
    free(p);
}

static bool fuzz_random(void *ctx, void *buf, size_t n)
{
    (void)ctx;
    memset(buf, 0x5a, n); /* the same in each run */
    return true;
}

static bool fuzz_refuse(void *ctx)
{
    struct fuzz_env *e = ctx;

    return e->refuse_in && --e->refuse_in == 0;
}

static inline struct weft_env fuzz_weft_env(struct fuzz_env *e)
{
    return (struct weft_env){
        .ctx = e, .alloc = fuzz_alloc, .free = fuzz_free, .random = fuzz_random, .refuse = fuzz_refuse};
}

/* The input as a tape: behind its end there are zeros. */
struct tape {
    const uint8_t *p, *end;
};

static inline uint8_t tape_u8(struct tape *t) { return t->p < t->end ? *t->p++ : 0; }

static inline uint16_t tape_u16(struct tape *t)
{
    uint8_t high = tape_u8(t);

    return (uint16_t)(high << 8 | tape_u8(t));
}

/* Up to n bytes; *got is how many there were. */
static inline const uint8_t *tape_bytes(struct tape *t, size_t n, size_t *got)
{
    const uint8_t *p = t->p;

    *got = (size_t)(t->end - t->p) < n ? (size_t)(t->end - t->p) : n;
    t->p += *got;
    return p;
}

#endif
