/* SPDX-License-Identifier: MIT */
/*
 * What hosts and routers tell each other: the input is a list of messages of ICMP (redirects, routers), IGMP, neighbour
 * discovery and listener discovery, from neighbours and strangers; of time; of groups joined and left; of failing
 * allocations; of us becoming a router and a host again. Whatever they say, what is kept of it stays within its bounds,
 * and all memory comes back.
 *
 * An input, byte by byte: an operation (step, below), then what that takes.
 */
#include "base/checksum.h"
#include "core/stack.h"
#include "fuzz_env.h"
#include "weft/sock.h"
#include "wire/ethernet.h"
#include "wire/icmpv4.h"
#include "wire/icmpv6.h"
#include "wire/igmp.h"

#define US      0x0a090002u
#define SOCKETS 2
#define BODY    160 /* bytes of a message at most */

static const uint8_t mac[6] = {2, 0, 0, 0, 0, 2};

struct world {
    struct fuzz_env env;
    weft_stack *stack;
    weft_if *ifp;
    weft_sock *sock[SOCKETS];
    weft_time now;
};

static void feed(struct world *w, const uint8_t *p, size_t n)
{
    weft_pkt *pkt = weft_pkt_new(w->stack, n);

    if (!pkt)
        return;
    memcpy(weft_pkt_data(pkt), p, n);
    weft_pkt_set_len(pkt, n);
    weft_input(w->ifp, &pkt, 1, w->now);
}

static size_t begin_frame(uint8_t *frame, const uint8_t dst[6], uint8_t from, uint16_t type)
{
    memcpy(frame, dst, 6);
    memcpy(frame + 6, (uint8_t[]){2, 0, 0, 0, 1, from}, 6);
    poke_u16(frame + 12, type);
    return ETH_HEADER;
}

/* A message: its type from the list or from the tape, then what the tape has. */
static size_t take_message(struct tape *t, const uint8_t *types, unsigned n_types, uint8_t *out)
{
    uint8_t which = tape_u8(t);
    size_t want = tape_u8(t) % BODY, n;
    const uint8_t *p = tape_bytes(t, want, &n);

    memcpy(out, p, n);
    while (n < 8) /* the rest of a header */
        out[n++] = 0;
    if (which % 16 < n_types)
        out[0] = types[which % 16];
    return n;
}

/* ---- IPv4 ---- */

static void tell_v4(struct world *w, struct tape *t)
{
    static const uint32_t sources[] = {0x0a090001, 0x0a090003, 0xc6336401, 0};
    static const uint32_t dsts[] = {US, 0xe0000001, 0xef010101, 0x0a0900ff, 0xe0000002, 0xe0000016};
    static const uint8_t icmp[] = {ICMPV4_REDIRECT, ICMPV4_ROUTER_ADVERT, ICMPV4_ROUTER_SOLICIT, ICMPV4_UNREACHABLE,
                                   ICMPV4_TIMESTAMP, ICMPV4_MASK, ICMPV4_ECHO};
    static const uint8_t igmp[] = {IGMP_QUERY, IGMP_V1_REPORT, IGMP_V2_REPORT, IGMP_LEAVE, IGMP_V3_REPORT};
    uint8_t frame[ETH_HEADER + IPV4_MAX_HEADER + BODY], message[BODY], alert[IGMP_ROUTER_ALERT], how = tape_u8(t);
    bool is_igmp = how & 1;
    size_t n = take_message(t, is_igmp ? igmp : icmp, is_igmp ? ARRAY_LEN(igmp) : ARRAY_LEN(icmp), message), at;
    struct ipv4_header h = {.header_len = IPV4_HEADER,
                            .ttl = how & 2 ? 1 : 64,
                            .src = sources[how >> 2 & 3],
                            .dst = dsts[(how >> 4) % ARRAY_LEN(dsts)],
                            .proto = is_igmp ? IP_PROTO_IGMP : IP_PROTO_ICMP};
    struct weft_ip dst = weft_ipv4(h.dst);
    uint8_t to[6];

    if (is_igmp) {
        ipv4_router_alert_emit(alert);
        h.header_len += IGMP_ROUTER_ALERT;
        h.options = alert;
    }
    h.total_len = (uint16_t)(h.header_len + n);
    poke_u16(message + 2, 0);
    poke_u16(message + 2, csum(message, n));
    memcpy(to, mac, 6);
    if (ip_is_multicast(&dst))
        eth_multicast(to, &dst);
    at = begin_frame(frame, to, how, ETH_TYPE_IPV4);
    ipv4_emit(&(struct writer){frame + at, frame + at + h.header_len, false}, &h);
    memcpy(frame + at + h.header_len, message, n);
    feed(w, frame, at + h.total_len);
}

/* ---- IPv6 ---- */

static struct weft_ip v6(uint16_t first, uint8_t last)
{
    return (struct weft_ip){{(uint8_t)(first >> 8), (uint8_t)first, [15] = last}};
}

static void tell_v6(struct world *w, struct tape *t)
{
    static const uint8_t types[] = {ICMPV6_ROUTER_ADVERT, ICMPV6_NEIGHBOUR_SOLICIT, ICMPV6_NEIGHBOUR_ADVERT,
                                    ICMPV6_REDIRECT, ICMPV6_ROUTER_SOLICIT, ICMPV6_MLD_QUERY, ICMPV6_MLD_REPORT,
                                    ICMPV6_MLD_DONE, ICMPV6_MLD2_REPORT, ICMPV6_TOO_BIG};
    uint8_t frame[ETH_HEADER + IPV6_HEADER + 8 + BODY], message[BODY], how = tape_u8(t), to[6];
    size_t n = take_message(t, types, ARRAY_LEN(types), message), at;
    bool mld = message[0] >= ICMPV6_MLD_QUERY && message[0] <= ICMPV6_MLD_DONE;
    struct weft_ip src = how & 1 ? v6(0x2001, how >> 6) : how & 2 ? v6(0, 0) : v6(0xfe80, how >> 6);
    struct weft_ip dst = how & 4 ? v6(0xff02, 1) : how & 8 ? v6(0xff02, 0x77) : v6(0x2001, 0x99);
    struct ipv6_header h = {.src = src, .dst = dst, .hop_limit = how & 16 ? 64 : mld ? 1 : 255,
                            .next = mld ? IP_PROTO_HOPOPTS : IP_PROTO_ICMPV6,
                            .payload_len = (uint16_t)(n + (mld ? 8 : 0))};
    struct csum sum = {0};

    poke_u16(message + 2, 0);
    ip_pseudo_header(&sum, &src, &dst, IP_PROTO_ICMPV6, (uint32_t)n);
    csum_add(&sum, message, n);
    poke_u16(message + 2, csum_fold(&sum));
    memcpy(to, mac, 6);
    if (ip_is_multicast(&dst))
        eth_multicast(to, &dst);
    at = begin_frame(frame, to, how >> 6, ETH_TYPE_IPV6);
    ipv6_emit(&(struct writer){frame + at, frame + at + IPV6_HEADER, false}, &h);
    at += IPV6_HEADER;
    if (mld) {
        memcpy(frame + at, (uint8_t[]){IP_PROTO_ICMPV6, 0, 5, 2, 0, 0, 1, 0}, 8);
        at += 8;
    }
    memcpy(frame + at, message, n);
    feed(w, frame, at + n);
}

/* ---- the user ---- */

static void change_group(struct world *w, struct tape *t)
{
    uint8_t how = tape_u8(t);
    bool v4 = how & 1;
    weft_sock **sock = &w->sock[v4];
    struct weft_group g = {.interface = weft_if_index(w->ifp), .group = v6(0xff02, 0x70 + (how >> 4)),
                           .source = v6(0x2001, how >> 4)};

    if (v4) {
        g.group = weft_ipv4(0xef010100 + (how >> 4));
        g.source = weft_ipv4(0x0a090010 + (how >> 4));
    }
    if (!*sock)
        *sock = weft_socket_in(w->stack, v4 ? WEFT_INET : WEFT_INET6, WEFT_UDP, NULL);
    if (*sock)
        weft_setsockopt(*sock, v4 ? WEFT_SOL_IP : WEFT_SOL_IPV6, WEFT_MCAST_JOIN_GROUP + (how >> 1) % 6, &g, sizeof g);
}

static void send_something(struct world *w, struct tape *t)
{
    uint8_t where = tape_u8(t);
    struct weft_addr to = {where & 1 ? weft_ipv4(0x0a090000u + (where >> 1)) : v6(0x2001, where >> 1), 9};

    if (w->sock[where & 1])
        weft_sendto(w->sock[where & 1], "?", 1, 0, &to);
}

static void reconfigure(struct world *w, uint8_t bits)
{
    struct weft_config *c = &w->stack->config;

    c->ip_forward = bits & 1;
    c->ip6_forward = bits & 2;
    c->router_discovery = bits & 4;
    c->router_advertise = bits & 8;
    c->secure_redirects = !(bits & 8);
    if (bits == 15) {
        weft_if_set_up(w->ifp, false);
        weft_if_set_up(w->ifp, true);
    }
}

/* ---- the world ---- */

static void drain(struct world *w)
{
    weft_pkt *out[8];
    size_t n;

    while ((n = weft_output(w->ifp, out, 8, w->now)) > 0)
        while (n > 0)
            weft_pkt_release(out[--n]);
}

/* Whatever was said. Routes: ours, and at most 64 + 16 of redirects, 16 + 16 of routers, 16 of prefixes. */
static void check_bounds(struct world *w)
{
    struct weft_neighbour neighbour;
    struct weft_if_info info;
    struct weft_route route;
    size_t routes = 0, neighbours = 0;

    while (weft_route_info(w->stack, routes, &route))
        routes++;
    while (weft_neighbour_info(w->stack, neighbours, &neighbour))
        neighbours++;
    fuzz_check(routes <= 160 && neighbours <= w->stack->config.max_neighbours);
    for (size_t i = 0; weft_if_info(w->stack, i, &info); i++)
        fuzz_check(info.n_addresses <= 16);
}

static void step(struct world *w, struct tape *t)
{
    uint8_t op = tape_u8(t);

    switch (op % 8) {
    case 0:
    case 1: tell_v6(w, t); break;
    case 2: tell_v4(w, t); break;
    case 3:
        w->now += WEFT_MS << (op >> 3) % 24;
        weft_tick(w->stack, w->now);
        break;
    case 4: drain(w); break;
    case 5: change_group(w, t); break;
    case 6: send_something(w, t); break;
    default:
        if (op & 128)
            w->env.refuse_in = op >> 3 & 15;
        else
            reconfigure(w, op >> 3);
    }
}

static void world_make(struct world *w)
{
    struct weft_if_config ether = {.name = "e0", .link = WEFT_LINK_ETHERNET, .mtu = 1500,
                                   .ipv6 = WEFT_IPV6_LINK_LOCAL | WEFT_IPV6_ROUTERS | WEFT_IPV6_NO_DAD};
    struct weft_ip us = weft_ipv4(US), us6 = v6(0x2001, 0x99);
    struct weft_env env = fuzz_weft_env(&w->env);
    struct weft_config config;

    weft_config_default(&config);
    config.max_neighbours = 12;
    memcpy(ether.mac, mac, 6);
    w->stack = weft_stack_new(&env, &config, 0, NULL);
    fuzz_check(w->stack != NULL);
    w->ifp = weft_if_new(w->stack, &ether, NULL);
    fuzz_check(weft_if_add_address(w->ifp, &us, 24) == 0 && weft_if_add_address(w->ifp, &us6, 64) == 0);
    weft_tick(w->stack, w->now);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct world w = {0};
    struct tape t = {data, data + size};

    world_make(&w);
    while (t.p < t.end)
        step(&w, &t);
    w.env.refuse_in = 0;
    check_bounds(&w);
    drain(&w);
    weft_stack_free(w.stack);
    fuzz_check(w.env.live == 0);
    return 0;
}
