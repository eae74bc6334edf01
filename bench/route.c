/* SPDX-License-Identifier: MIT */
/*
 * The routing table with very many networks: prefixes as the Internet's routers have them, three of five of 24 bits (of
 * 48, for IPv6), the rest from 12 to 23 (20 to 47), at random under 2,000 allocations.
 */
#include <stdlib.h>

#include "base/rng.h"
#include "bench.h"
#include "core/stack.h"
#include "figures.h"
#include "weft_pair.h"
#include "wire/ip.h"

enum { ROUTES = 100000, BLOCKS = 2000, ASKED = 1 << 16 };

struct routes {
    struct pair p;
    struct weft_ip asked[ASKED]; /* each within some route */
    struct weft_ip block[BLOCKS];
    size_t n;
    size_t bytes; /* held for them */
};

static void scramble(struct weft_ip *ip, unsigned from, struct rng *g)
{
    for (unsigned i = from; i < 16; i++)
        ip->b[i] = (uint8_t)rng_u64(g);
}

static struct weft_route draw(struct routes *r, bool v6, struct rng *g)
{
    unsigned longest = v6 ? 48 : 24, shortest = v6 ? 20 : 12, first = v6 ? 2 : 13;
    struct weft_route out = {.dst = r->block[rng_below(g, BLOCKS)]};

    scramble(&out.dst, first + 1, g);
    out.prefix = rng_below(g, 5) < 3 ? longest : shortest + (unsigned)rng_below(g, longest - shortest);
    out.gateway = v6 ? (struct weft_ip){{0x20, 0x01, 0x0d, 0xb8, [15] = 1}} : r->p.peer.ip;
    out.if_name = v6 ? weft_if_name(r->p.ifp[0]) : NULL;
    r->asked[r->n % ASKED] = out.dst;
    out.dst = ip_network(&out.dst, v6 ? out.prefix : 96 + out.prefix);
    return out;
}

static void fill(struct routes *r, size_t n, bool v6)
{
    const struct weft_ip own = {{0x20, 0x01, 0x0d, 0xb8, [15] = 2}};
    size_t before;
    struct rng g;

    rng_seed(&g, 1);
    pair_open(&r->p, &(struct pair_config){.mtu = 1500, .clock_stands = true});
    if (v6 && weft_if_add_address(r->p.ifp[0], &own, 64) < 0)
        bench_fail("weft: no address of IPv6");
    for (size_t i = 0; i < BLOCKS; i++) {
        r->block[i] = v6 ? (struct weft_ip){{0x2a}} : weft_ipv4(0);
        scramble(&r->block[i], v6 ? 1 : 12, &g);
        if (!v6)
            r->block[i].b[12] = (uint8_t)(11 + r->block[i].b[12] % 90);
    }
    before = r->p.held;
    while (r->n < n) {
        struct weft_route new = draw(r, v6, &g);
        int err = weft_route_add(r->p.stack[0], &new);

        if (err < 0 && err != WEFT_EEXIST)
            bench_fail("weft: route: %s", weft_strerror(err));
        r->n += err == 0;
    }
    r->bytes = r->p.held - before;
    for (size_t i = n; i < ASKED; i++)
        r->asked[i] = r->asked[i % n];
}

/* Nanoseconds a look-up, of addresses in no order. */
static double lookups(size_t n, bool v6)
{
    struct routes *r = calloc(1, sizeof *r);
    struct bench_span span = {0};
    uint64_t done = 0;
    double rate;

    if (!r)
        bench_fail("no memory");
    fill(r, n ? n : ROUTES, v6);
    while (bench_going(&span, done))
        for (unsigned i = 0; i < 1024; i++)
            if (!route_find(r->p.stack[0], &r->asked[done++ % ASKED]))
                bench_fail("weft: no route to where one leads");
    rate = bench_rate(&span);
    pair_close(&r->p);
    free(r);
    return 1e9 / rate;
}

double route_lookup_v4(size_t routes) { return lookups(routes, false); }
double route_lookup_v6(size_t routes) { return lookups(routes, true); }

static double bytes_each(size_t n, bool v6)
{
    struct routes *r = calloc(1, sizeof *r);
    double each;

    if (!r)
        bench_fail("no memory");
    fill(r, n ? n : ROUTES, v6);
    each = (double)r->bytes / (double)r->n;
    pair_close(&r->p);
    free(r);
    return each;
}

double route_bytes(size_t routes) { return bytes_each(routes, false); }
double route_bytes_v6(size_t routes) { return bytes_each(routes, true); }
