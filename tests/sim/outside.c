/* SPDX-License-Identifier: MIT */
/* The weft_env of a stack or link: memory with guards, counted; refusals; seeded secrets. */
#include <stdlib.h>

#include "sim.h"

#define FRESH 0xa5 /* what new memory is full of: reading it before writing it shows */

struct guard {
    size_t size;
    uint8_t fence[8];
};

static const uint8_t fence[8] = {0xfe, 0xce, 0xfe, 0xce, 0xfe, 0xce, 0xfe, 0xce};

static void wrong(struct outside *o, const char *what)
{
    if (!o->wrong[0])
        snprintf(o->wrong, sizeof o->wrong, "%s", what);
}

static void *take(void *ctx, size_t size, size_t align)
{
    struct outside *o = ctx;
    struct guard g = {.size = size};
    void *p;

    if (align == 0 || (align & (align - 1)))
        wrong(o, "memory asked for with an alignment that is no power of two");
    if (posix_memalign(&p, align < sizeof(void *) ? sizeof(void *) : align, size + sizeof g))
        return NULL;
    memset(p, FRESH, size < 4096 ? size : 4096); /* of a chunk's many objects the first tell as much as all */
    memcpy(g.fence, fence, sizeof fence);
    memcpy((uint8_t *)p + size, &g, sizeof g);
    o->allocations++;
    o->live += size;
    return p;
}

static void give(void *ctx, void *p, size_t size)
{
    struct outside *o = ctx;
    struct guard g;

    memcpy(&g, (uint8_t *)p + size, sizeof g);
    if (g.size != size || memcmp(g.fence, fence, sizeof fence) != 0)
        wrong(o, "memory given back with another size, or written beyond");
    o->live -= size;
    free(p);
}

static bool guess(void *ctx, void *buf, size_t n)
{
    struct outside *o = ctx;
    uint8_t *p = buf;

    for (size_t i = 0; i < n; i++)
        p[i] = (uint8_t)(rng_u64(&o->secret) >> 56);
    return true;
}

static bool refuse(void *ctx)
{
    struct refusal *r = ((struct outside *)ctx)->refusal;
    bool no;

    r->asked++;
    no = r->asked == r->at || (r->ppm && rng_chance(&r->rng, r->ppm));
    r->refused += no;
    return no;
}

void outside_init(struct outside *o, struct host *host, uint64_t secret, struct refusal *refusal)
{
    *o = (struct outside){.host = host, .refusal = refusal};
    rng_seed(&o->secret, secret);
}

struct weft_env outside_env(struct outside *o)
{
    return (struct weft_env){
        .ctx = o,
        .alloc = take,
        .free = give,
        .random = guess,
        .trace = o->host ? record_trace : NULL,
        .refuse = refuse,
    };
}
