/* SPDX-License-Identifier: MIT */
/*
 * A router between two links: datagrams of 64 bytes come in by one, in batches of 32, to 256 destinations behind the other,
 * each by a route of its own among 1,000; what comes out is counted.
 */
#include <string.h>

#include "bench.h"
#include "figures.h"
#include "weft/sysctl.h"
#include "weft_pair.h"
#include "wire/ipv4.h"
#include "wire/ipv6.h"

enum { DATAGRAM = 64, BURST = 32, ROUTES = 1000, DESTINATIONS = 256 };

struct router {
    struct pair p;
    weft_if *in, *out;
    uint8_t datagram[DESTINATIONS][DATAGRAM];
};

static struct weft_ip network(unsigned i, bool v6)
{
    struct weft_ip ip = v6 ? (struct weft_ip){{0x2a, 0, (uint8_t)(i >> 8), (uint8_t)i}} : weft_ipv4(20u << 24 | i << 8);

    return ip;
}

static void write_datagram(uint8_t *to, unsigned i, bool v6)
{
    struct weft_ip dst = network(i, v6);
    struct ipv4_header h4 = {.header_len = IPV4_HEADER, .total_len = DATAGRAM, .ttl = 64, .proto = 17, .src = 0x0a000002};
    struct ipv6_header h6 = {.payload_len = DATAGRAM - IPV6_HEADER, .hop_limit = 64, .next = 17,
                             .src = {{0x20, 0x01, 0x0d, 0xb8, [15] = 2}}};
    struct writer w = writer(to, DATAGRAM);

    dst.b[15] |= 1;
    h4.dst = ip_to_v4(&dst);
    h6.dst = dst;
    if (v6)
        ipv6_emit(&w, &h6);
    else
        ipv4_emit(&w, &h4);
}

static void must(int err, const char *what)
{
    if (err < 0)
        bench_fail("weft: %s: %s", what, weft_strerror(err));
}

static void build(struct router *r, bool v6)
{
    static const struct weft_if_config second = {.name = "bench1", .link = WEFT_LINK_IP, .mtu = 1500};
    const struct weft_ip near6 = {{0x20, 0x01, 0x0d, 0xb8, [15] = 1}}, far6 = {{0x20, 0x01, 0x0d, 0xb9, [15] = 1}};
    const struct weft_ip far = weft_ipv4(0x0a000101);
    weft_stack *s;

    pair_open(&r->p, NULL);
    s = r->p.stack[0];
    r->in = r->p.ifp[0];
    r->out = weft_if_new(s, &second, NULL);
    must(r->out ? 0 : WEFT_ENOMEM, "interface");
    must(weft_if_add_address(r->out, &far, 24), "address");
    must(weft_if_add_address(r->in, &near6, 64), "address");
    must(weft_if_add_address(r->out, &far6, 64), "address");
    must(weft_sysctl_set(s, "net.ipv4.ip_forward", "1"), "ip_forward");
    must(weft_sysctl_set(s, "net.ipv6.conf.all.forwarding", "1"), "forwarding");
    for (unsigned i = 0; i < ROUTES; i++) {
        struct weft_route way = {.dst = network(i, v6), .prefix = v6 ? 32 : 24, .if_name = "bench1"};

        must(weft_route_add(s, &way), "route");
    }
    for (unsigned i = 0; i < DESTINATIONS; i++)
        write_datagram(r->datagram[i], i * (ROUTES / DESTINATIONS), v6);
}

static size_t carry(struct router *r, unsigned first)
{
    weft_pkt *pkt[BURST];
    size_t n;

    for (unsigned i = 0; i < BURST; i++) {
        pkt[i] = weft_pkt_new(r->p.stack[0], DATAGRAM);
        must(pkt[i] ? 0 : WEFT_ENOMEM, "packet");
        memcpy(weft_pkt_data(pkt[i]), r->datagram[(first + i) % DESTINATIONS], DATAGRAM);
        weft_pkt_set_len(pkt[i], DATAGRAM);
    }
    weft_input(r->in, pkt, BURST, r->p.now);
    n = weft_output(r->out, pkt, BURST, r->p.now);
    for (size_t i = 0; i < n; i++)
        weft_pkt_release(pkt[i]);
    return n;
}

static double forwarded(bool v6)
{
    static struct router r;
    struct bench_span span = {0};
    uint64_t done = 0;

    build(&r, v6);
    while (bench_going(&span, done))
        for (unsigned i = 0; i < 32; i++) {
            if (carry(&r, (unsigned)done) != BURST)
                bench_fail("weft: not all were forwarded");
            done += BURST;
        }
    pair_close(&r.p);
    return bench_rate(&span);
}

double forward_v4(size_t argument)
{
    (void)argument;
    return forwarded(false);
}

double forward_v6(size_t argument)
{
    (void)argument;
    return forwarded(true);
}
