/* SPDX-License-Identifier: MIT */
/* A SYN flood: connections that nobody means, from addresses that nobody has (RFC 4987 §2). */
#include "base/checksum.h"
#include "cmd/demo_world.h"
#include "wire/ethernet.h"
#include "wire/ipv4.h"

#define STRANGERS 0xc6336401u /* 198.51.100.1 (RFC 5737) and on */
#define CHECKSUM_AT 16        /* in the TCP header */

struct syn {
    uint8_t bytes[ETH_HEADER + 20 + 20 + 4];
};

static void put_syn(struct syn *syn, int end, const struct weft_ip *victim, uint16_t port, unsigned number)
{
    const struct weft_ip source = weft_ipv4(STRANGERS + number);
    const struct eth_header eth = {.dst = {2, 0, 0, 0, 0, (uint8_t)(end + 1)}, .src = {2, 0, 0, 0, 0, 0x66},
                                   .type = ETH_TYPE_IPV4};
    const struct ipv4_header ip = {.header_len = 20, .total_len = 44, .ttl = 60, .proto = IP_PROTO_TCP,
                                   .src = STRANGERS + number, .dst = ip_to_v4(victim)};
    const struct tcp_header tcp = {.src_port = (uint16_t)(1024 + number), .dst_port = port, .header_len = 24,
                                   .seq = seq(number * 77777u), .flags = TCP_SYN, .window = 1024};
    const struct tcp_options options = {.mss = 1460, .wscale = -1};
    uint8_t *segment = syn->bytes + ETH_HEADER + 20;
    struct writer w = writer(syn->bytes, sizeof syn->bytes);
    struct csum sum = {0};

    eth_emit(&w, &eth);
    ipv4_emit(&w, &ip);
    tcp_emit(&w, &tcp);
    tcp_options_emit(&w, &options, true, TCP_LAYOUT_LINUX);
    ip_pseudo_header(&sum, &source, victim, IP_PROTO_TCP, 24);
    csum_add(&sum, segment, 24);
    poke_u16(segment + CHECKSUM_AT, csum_fold(&sum));
}

void world_flood(struct world *w, int end, uint16_t port, unsigned n)
{
    const struct weft_route all = {.gateway = w->end[!end].ip};
    struct syn syn;
    unsigned i;

    weft_route_add(w->end[end].stack, &all); /* there already when it is not the first flood */
    for (i = 0; i < n; i++) {
        put_syn(&syn, end, &w->end[end].ip, port, i);
        world_inject(w, end, syn.bytes, sizeof syn.bytes);
    }
}
