/* SPDX-License-Identifier: MIT */
/*
 * For tests of neighbour discovery: a stack on Ethernet, what it sends looked at frame by frame, what neighbours and
 * routers say put in.
 */
#ifndef UNIT_ND_BENCH_H
#define UNIT_ND_BENCH_H

#include <stdio.h>

#include "ip/nd.h"
#include "ip6_bench.h"
#include "wire/ethernet.h"
#include "weft/sysctl.h"
#include "wire/nd.h"

static const uint8_t our_mac[6] = {2, 0, 0, 0, 0, 2}, router_mac[6] = {2, 0, 0, 0, 0, 1};
static const uint8_t other_mac[6] = {2, 0, 0, 0, 0, 3};

struct link {
    struct harness_env e;
    weft_stack *s;
    weft_if *ifp;
    weft_time now;
    uint8_t frame[2048]; /* the last one taken */
    size_t len;
};

static inline struct link *open_link(unsigned ipv6)
{
    struct weft_if_config config = {.name = "eth0", .link = WEFT_LINK_ETHERNET, .mtu = 1500, .ipv6 = ipv6};
    struct link *l = calloc(1, sizeof *l);
    struct weft_env env;

    harness_env_init(&l->e, 3);
    env = harness_env(&l->e);
    l->now = WEFT_S;
    memcpy(config.mac, our_mac, 6);
    l->s = weft_stack_new(&env, NULL, l->now, NULL);
    l->ifp = weft_if_new(l->s, &config, NULL);
    assert_non_null(l->ifp);
    return l;
}

static inline int setup(void **state)
{
    *state = open_link(0);
    return 0;
}

static inline int setup_auto(void **state)
{
    *state = open_link(WEFT_IPV6_LINK_LOCAL | WEFT_IPV6_ROUTERS);
    return 0;
}

static inline int teardown(void **state)
{
    struct link *l = *state;

    weft_stack_free(l->s);
    harness_env_check(&l->e);
    free(l);
    return 0;
}

/*
 * The next frame that goes out, reports of groups (test_mld.c) apart; its ICMPv6 type, or -1 for none, -2 for others.
 */
static inline int next_out(struct link *l)
{
    weft_pkt *pkt;

    do {
        if (weft_output(l->ifp, &pkt, 1, l->now) == 0)
            return -1;
        l->len = weft_pkt_copy(pkt, 0, l->frame, sizeof l->frame);
        weft_pkt_release(pkt);
    } while (l->frame[14 + 6] == IP_PROTO_HOPOPTS);
    return l->frame[14 + 6] == IP_PROTO_ICMPV6 ? l->frame[54] : -2;
}

static inline void pass(struct link *l, weft_time t)
{
    weft_time end = l->now + t;

    while (weft_deadline(l->s) <= end) {
        l->now = weft_deadline(l->s) > l->now ? weft_deadline(l->s) : l->now;
        weft_tick(l->s, l->now);
    }
    l->now = end;
    weft_tick(l->s, l->now);
}

/* Runs until something goes out, at most t; its type. */
static inline int wait_out(struct link *l, weft_time t)
{
    weft_time end = l->now + t;
    int type;

    while ((type = next_out(l)) == -1 && weft_deadline(l->s) <= end) {
        l->now = weft_deadline(l->s) > l->now ? weft_deadline(l->s) : l->now;
        weft_tick(l->s, l->now);
    }
    return type;
}

static inline void drain(struct link *l)
{
    while (next_out(l) != -1)
        ;
}

static inline bool went_to(const struct link *l, const char *dst)
{
    struct weft_ip ip = ip6(dst);

    return memcmp(l->frame + 14 + 24, &ip, 16) == 0;
}

/* A frame to us, or to the group that dst is. */
static inline void input(struct link *l, const uint8_t src_mac[6], struct make6 m, uint8_t type, uint32_t word,
                         const void *rest, size_t n)
{
    uint8_t p[2048];
    struct weft_ip dst = ip6(m.dst);
    struct eth_header h = {.type = ETH_TYPE_IPV6};
    struct writer w = writer(p, ETH_HEADER);
    weft_pkt *pkt;
    size_t len;

    if (ip_is_multicast(&dst))
        eth_multicast(h.dst, &dst);
    else
        memcpy(h.dst, our_mac, 6);
    memcpy(h.src, src_mac, 6);
    eth_emit(&w, &h);
    if (!m.hop_limit)
        m.hop_limit = 255;
    len = ETH_HEADER + make_icmp6(p + ETH_HEADER, m, type, 0, word, rest, n);
    pkt = weft_pkt_new(l->s, len);
    memcpy(weft_pkt_data(pkt), p, len);
    weft_pkt_set_len(pkt, len);
    weft_input(l->ifp, &pkt, 1, l->now);
}

static inline size_t put_target(uint8_t *p, const char *target, int kind, const uint8_t *mac)
{
    struct weft_ip ip = ip6(target);

    memcpy(p, &ip, 16);
    if (!mac)
        return 16;
    p[16] = (uint8_t)kind;
    p[17] = 1;
    memcpy(p + 18, mac, 6);
    return 24;
}

static inline void advert(struct link *l, const char *target, const uint8_t *mac, uint32_t flags, const uint8_t *from)
{
    uint8_t p[24];

    input(l, from, (struct make6){.src = target, .dst = US6}, ICMPV6_NEIGHBOUR_ADVERT, flags, p,
          put_target(p, target, ND_TARGET_MAC, mac));
}

static const char *address_state(struct link *l, const char *ip)
{
    struct weft_if_info info;
    struct weft_ip want = ip6(ip);

    weft_ip_set_zone(&want, weft_if_index(l->ifp));
    weft_if_info(l->s, 1, &info);
    for (size_t i = 0; i < info.n_addresses; i++)
        if (ip_eq(&info.address[i].ip, &want))
            return info.address[i].state;
    return "none";
}

static inline void have_address(struct link *l)
{
    struct weft_ip us = ip6(US6);

    assert_int_equal(weft_if_add_address(l->ifp, &us, 64), 0);
    pass(l, 3 * WEFT_S);
    drain(l);
    assert_string_equal(address_state(l, US6), "preferred");
}

static inline size_t prefix_option(uint8_t *p, const char *prefix, uint8_t flags, uint32_t valid, uint32_t preferred)
{
    struct weft_ip ip = ip6(prefix);

    memset(p, 0, 32);
    p[0] = ND_PREFIX;
    p[1] = 4;
    p[2] = 64;
    p[3] = flags;
    poke_u32(p + 4, valid);
    poke_u32(p + 8, preferred);
    memcpy(p + 16, &ip, 16);
    return 32;
}

/* An advertisement with these options: hop limit 77, this lifetime. */
static inline void router_advert(struct link *l, const char *src, uint16_t lifetime, const uint8_t *options, size_t n)
{
    uint8_t p[512] = {0};

    if (n)
        memcpy(p + 8, options, n);
    input(l, router_mac, (struct make6){.src = src, .dst = ALL_NODES}, ICMPV6_ROUTER_ADVERT, 77u << 24 | lifetime, p,
          8 + n);
}

static inline bool has_default_route(struct link *l, const char *gateway)
{
    struct weft_ip far = ip6(STRANGER6), want = ip6(gateway);
    struct ip_path path;

    weft_ip_set_zone(&want, weft_if_index(l->ifp));
    return route_lookup(l->s, &far, &path) == 0 && ip_eq(&path.next_hop, &want);
}

/* The address of ours in this prefix of 64 bits. */
static inline struct weft_ip address_in(struct link *l, const char *prefix)
{
    struct weft_ip of = ip6(prefix);
    struct weft_if_info info;

    weft_if_info(l->s, 1, &info);
    for (size_t i = 0; i < info.n_addresses; i++)
        if (ip_prefix_match(&info.address[i].ip, &of, 64))
            return info.address[i].ip;
    fail_msg("no address in %s", prefix);
    return of;
}

static inline bool speaks_from(struct link *l, const char *dst, const struct weft_ip *ip)
{
    struct weft_ip to = ip6(dst), src;

    return weft_route_source(l->s, &to, &src) == 0 && ip_eq(&src, ip);
}

static inline bool goes_by(struct link *l, const char *dst, const char *hop)
{
    struct weft_ip to = ip6(dst), want = ip6(hop);
    struct ip_path path;

    weft_ip_set_zone(&want, weft_if_index(l->ifp));
    return route_lookup(l->s, &to, &path) == 0 && ip_eq(&path.next_hop, &want);
}

static inline void become_router(struct link *l, const char *gateway)
{
    struct weft_route way = {.gateway = ip6(gateway), .if_name = "eth0"};

    have_address(l);
    l->s->config.ip6_forward = true;
    assert_int_equal(weft_route_add(l->s, &way), 0);
    /* We ask for who asks us. */
    input(l, other_mac, (struct make6){.src = "2001:db8:9::5", .dst = US6}, ICMPV6_ECHO, 0, NULL, 0);
    advert(l, "2001:db8:9::5", other_mac, 0x60000000, other_mac);
    drain(l);
}

#endif
