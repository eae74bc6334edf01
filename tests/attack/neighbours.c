/* SPDX-License-Identifier: MIT */
/*
 * Neighbours forged and worn out (RFC 5227, RFC 6583, CVE-2010-4669): claims from addresses without number, claims to be
 * the gateway, scans that make the victim ask, routers and prefixes without number. Tables stay within their caps, what
 * is in use is not pushed out, and the gateway is who it was.
 */
#include "field.h"

#include "wire/arp.h"
#include "wire/ethernet.h"
#include "wire/icmpv6.h"

static const uint8_t gateway_mac[6] = {2, 0, 0, 0, 0, 1}, victim_mac[6] = {2, 0, 0, 0, 0, 2},
                     evil_mac[6] = {2, 6, 6, 6, 6, 6};

static void throw_arp(struct field *f, uint16_t op, const uint8_t mac[6], uint32_t ip, uint32_t target)
{
    struct eth_header eth = {.type = ETH_TYPE_ARP};
    struct arp_packet arp = {.op = op, .sender_ip = ip, .target_ip = target};
    uint8_t frame[60] = {0};
    struct writer w = writer(frame, sizeof frame);

    memcpy(eth.src, mac, 6);
    memcpy(eth.dst, op == ARP_REQUEST ? eth_broadcast : victim_mac, 6);
    memcpy(arp.sender_mac, mac, 6);
    memcpy(arp.target_mac, victim_mac, 6);
    eth_emit(&w, &eth);
    arp_emit(&w, &arp);
    attack_throw(f, frame, sizeof frame);
}

static void say(struct field *f, uint32_t dst)
{
    struct weft_addr to = {weft_ipv4(dst), 9};
    weft_sock *sock = weft_socket(f->victim, WEFT_UDP, NULL);

    weft_sendto(sock, "?", 1, 0, &to);
    weft_close(sock);
}

/* The victim asks for the gateway, and is answered. */
static struct field *with_gateway(void)
{
    struct field *f = field_new_ethernet(NULL);

    say(f, ATTACKER);
    attack_drain(f);
    throw_arp(f, ARP_REPLY, gateway_mac, ATTACKER, FRONT);
    attack_drain(f);
    return f;
}

static unsigned known(struct field *f, uint32_t ip, uint8_t mac[6])
{
    struct weft_ip want = weft_ipv4(ip);
    struct weft_neighbour n;
    unsigned count = 0;

    memset(mac, 0, 6);
    for (size_t i = 0; weft_neighbour_info(f->victim, i, &n); i++, count++)
        if (memcmp(&n.ip, &want, sizeof want) == 0)
            memcpy(mac, n.mac, 6);
    return count;
}

static void expect_gateway(struct field *f)
{
    uint8_t mac[6];

    assert_true(known(f, ATTACKER, mac) <= 1024); /* max_neighbours */
    assert_memory_equal(mac, gateway_mac, 6);
}

/* ARP-gratuitous */
static void claims_without_number_leave_the_table_bounded(void **state)
{
    static const uint16_t ops[] = {ARP_REQUEST, ARP_REPLY};
    struct field *f = with_gateway();
    size_t before = field_in_use(f);

    for (uint32_t i = 0; i < 100000; i++) {
        uint8_t mac[6] = {2, 7, (uint8_t)(i >> 16), (uint8_t)(i >> 8), (uint8_t)i, 7};
        uint32_t ip = 0x0a420100 + (uint32_t)rng_below(&f->rng, 60000);

        throw_arp(f, ops[i & 1], mac, ip, i & 2 ? ip : FRONT);
        if (i % 1000 == 0)
            field_run(f, WEFT_MS);
        attack_drain(f);
    }
    expect_gateway(f);
    assert_true(field_in_use(f) - before <= 512 << 10);
    expect_work_below(f, 4000);
    field_end(f);
}

static void claims_to_be_the_gateway_are_not_believed(void **state)
{
    struct field *f = with_gateway();

    for (int i = 0; i < 1000; i++) {
        throw_arp(f, ARP_REPLY, evil_mac, ATTACKER, FRONT);
        throw_arp(f, ARP_REQUEST, evil_mac, ATTACKER, ATTACKER);
        throw_arp(f, ARP_REQUEST, evil_mac, ATTACKER, FRONT);
        attack_drain(f);
    }
    expect_gateway(f);
    field_run(f, WEFT_S);
    field_end(f);
}

/*
 * Later they are, as RFC 826 has it and Linux does it: a claim looks like that of a machine that took the place of
 * another. But it is told of; and whom the user has fixed nobody moves.
 */
static void claims_to_be_the_gateway_are_told_of(void **state)
{
    struct field *f = with_gateway();
    struct weft_ip gateway = weft_ipv4(ATTACKER);
    uint8_t mac[6];

    field_run(f, 2 * WEFT_S);
    attack_drain(f);
    throw_arp(f, ARP_REPLY, gateway_mac, ATTACKER, FRONT);
    assert_int_equal(weft_counter(f->victim, WEFT_COUNT_neigh_moved), 0);
    field_run(f, 2 * WEFT_S);
    throw_arp(f, ARP_REPLY, evil_mac, ATTACKER, FRONT);
    assert_int_equal(weft_counter(f->victim, WEFT_COUNT_neigh_moved), 1);
    known(f, ATTACKER, mac);
    assert_memory_equal(mac, evil_mac, 6);

    assert_int_equal(weft_neighbour_add(f->back, &gateway, gateway_mac), 0);
    for (int i = 0; i < 60; i++) {
        throw_arp(f, ARP_REPLY, evil_mac, ATTACKER, FRONT);
        throw_arp(f, ARP_REQUEST, evil_mac, ATTACKER, ATTACKER);
        throw_arp(f, ARP_REQUEST, evil_mac, ATTACKER, FRONT);
        field_run(f, WEFT_S);
        attack_drain(f);
    }
    expect_gateway(f);
    assert_int_equal(weft_counter(f->victim, WEFT_COUNT_neigh_moved), 1);
    field_end(f);
}

/* Whoever claims the victim's own address does not get it. */
static void claims_to_be_the_victim_change_nothing(void **state)
{
    struct field *f = with_gateway();
    uint8_t mac[6];

    for (int i = 0; i < 1000; i++)
        throw_arp(f, i & 1 ? ARP_REPLY : ARP_REQUEST, evil_mac, FRONT, FRONT);
    attack_drain(f);
    known(f, FRONT, mac);
    assert_memory_not_equal(mac, evil_mac, 6);
    field_run(f, WEFT_S);
    field_end(f);
}

/* R6583-1: every address of the net is asked for, and nobody answers. */
static void scans_do_not_push_out_who_is_known(void **state)
{
    struct field *f = with_gateway();
    size_t before = field_in_use(f);

    for (uint32_t i = 0; i < 60000; i++) {
        say(f, 0x0a420100 + i);
        if (i % 500 == 0)
            field_run(f, WEFT_MS);
        attack_drain(f);
    }
    expect_gateway(f);
    assert_true(field_in_use(f) - before <= 8 << 20); /* of each who is asked for, the packets that wait */
    field_run(f, 10 * WEFT_S);
    attack_drain(f);
    assert_true(field_in_use(f) - before <= 512 << 10);
    field_end(f);
}

/* ---- neighbours of IPv6 ---- */

static void throw_nd(struct field *f, uint8_t type, uint32_t flags, const struct weft_ip *src,
                     const struct weft_ip *target, uint32_t mac)
{
    struct attack_v6 h = {.src = *src, .dst = front_v6(2), .hops = 255, .next = IP_PROTO_ICMPV6};
    uint8_t message[32] = {type};

    poke_u32(message + 4, flags);
    memcpy(message + 8, target, 16);
    message[24] = type == ICMPV6_NEIGHBOUR_SOLICIT ? 1 : 2; /* the sender's station, or the target's */
    message[25] = 1;
    poke_u32(message + 26, 0x02070000 | mac >> 16);
    poke_u16(message + 30, (uint16_t)mac);
    attack_v6(f, &h, message, sizeof message);
}

static const char *state_of(struct field *f, const struct weft_ip *ip, size_t *count)
{
    const char *state = "none";
    struct weft_neighbour n;

    for (*count = 0; weft_neighbour_info(f->victim, *count, &n); ++*count)
        if (memcmp(&n.ip, ip, sizeof *ip) == 0)
            state = n.state;
    return state;
}

/* A friend whom the victim speaks to, and who answers. */
static struct field *with_friend(void)
{
    struct field *f = field_new_ethernet(NULL);
    struct weft_addr to = {front_v6(1), 9};
    weft_sock *sock = weft_socket_in(f->victim, WEFT_INET6, WEFT_UDP, NULL);

    field_run(f, 3 * WEFT_S); /* its own address is found unique */
    weft_sendto(sock, "?", 1, 0, &to);
    throw_nd(f, ICMPV6_NEIGHBOUR_ADVERT, 0x60000000, &to.ip, &to.ip, 1);
    attack_drain(f);
    weft_close(sock);
    return f;
}

/* R6583-1, R4861-7.2.5 */
static void claims_of_ipv6_leave_the_table_bounded(void **state)
{
    struct field *f = with_friend();
    size_t before = field_in_use(f), count;
    struct weft_ip friend = front_v6(1), us = front_v6(2);

    assert_string_equal(state_of(f, &friend, &count), "reachable");
    for (uint32_t i = 0; i < 60000; i++) {
        struct weft_ip src = front_v6(0x10000 + (uint32_t)rng_below(&f->rng, 1 << 24));

        if (i % 3 == 0) /* solicitations make entries, advertisements none */
            throw_nd(f, ICMPV6_NEIGHBOUR_SOLICIT, 0, &src, &us, i);
        else
            throw_nd(f, ICMPV6_NEIGHBOUR_ADVERT, i % 3 == 1 ? 0x20000000 : 0x60000000, &src, &src, i);
        if (i % 1000 == 0)
            field_run(f, WEFT_MS);
        attack_drain(f);
    }
    assert_string_equal(state_of(f, &friend, &count), "reachable");
    assert_true(count > 500 && count <= 1024); /* max_neighbours */
    assert_true(field_in_use(f) - before <= 512 << 10);
    expect_work_below(f, 4000);
    field_end(f);
}

/* By solicitations, and by advertisements of every kind: whom the user has fixed nobody moves. */
static void claims_of_ipv6_to_be_a_friend_are_told_of(void **state)
{
    struct field *f = with_friend();
    struct weft_ip friend = front_v6(1), us = front_v6(2);
    static const uint8_t mac[6] = {2, 7, 0, 0, 0, 1};
    struct weft_neighbour n;

    assert_int_equal(weft_counter(f->victim, WEFT_COUNT_neigh_moved), 0);
    throw_nd(f, ICMPV6_NEIGHBOUR_ADVERT, 0, &friend, &friend, 666); /* without override only doubt comes of it */
    assert_int_equal(weft_counter(f->victim, WEFT_COUNT_neigh_moved), 0);
    throw_nd(f, ICMPV6_NEIGHBOUR_ADVERT, 0x20000000, &friend, &friend, 666);
    assert_int_equal(weft_counter(f->victim, WEFT_COUNT_neigh_moved), 1);
    throw_nd(f, ICMPV6_NEIGHBOUR_SOLICIT, 0, &friend, &us, 667);
    assert_int_equal(weft_counter(f->victim, WEFT_COUNT_neigh_moved), 2);

    assert_int_equal(weft_neighbour_add(f->back, &friend, mac), 0);
    for (uint32_t i = 0; i < 1000; i++)
        throw_nd(f, i % 2 ? ICMPV6_NEIGHBOUR_ADVERT : ICMPV6_NEIGHBOUR_SOLICIT, i % 2 ? (i % 8) << 29 : 0, &friend,
                 i % 2 ? &friend : &us, 1000 + i);
    for (size_t i = 0; weft_neighbour_info(f->victim, i, &n); i++)
        if (memcmp(&n.ip, &friend, sizeof friend) == 0)
            assert_memory_equal(n.mac, mac, 6);
    assert_int_equal(weft_counter(f->victim, WEFT_COUNT_neigh_moved), 2);
    attack_drain(f);
    field_run(f, WEFT_S);
    field_end(f);
}

/* R6583-1 */
static void scans_of_ipv6_do_not_push_out_who_is_known(void **state)
{
    struct field *f = with_friend();
    weft_sock *sock = weft_socket_in(f->victim, WEFT_INET6, WEFT_UDP, NULL);
    size_t before = field_in_use(f), count;
    struct weft_ip friend = front_v6(1);

    for (uint32_t i = 0; i < 60000; i++) {
        struct weft_addr to = {front_v6(0x10000 + i), 9};

        weft_sendto(sock, "?", 1, 0, &to);
        if (i % 500 == 0)
            field_run(f, WEFT_MS);
        attack_drain(f);
    }
    assert_true(strcmp(state_of(f, &friend, &count), "none") != 0);
    assert_true(count <= 1024);
    assert_true(field_in_use(f) - before <= 8 << 20);
    field_run(f, 10 * WEFT_S);
    attack_drain(f);
    assert_true(field_in_use(f) - before <= 512 << 10);
    weft_close(sock);
    field_end(f);
}

/* ---- routers ---- */

/* A router advertisement from fe80::i with a prefix and a route of its own. */
static void throw_advert(struct field *f, uint32_t i)
{
    uint8_t frame[ETH_HEADER + IPV6_HEADER + 16 + 32] = {0x33, 0x33, 0, 0, 0, 1, 2, 8, 8, 8, 8, 8, 0x86, 0xdd};
    uint8_t *ip = frame + ETH_HEADER, *ra = ip + IPV6_HEADER, *prefix = ra + 16;
    struct weft_ip src, dst;
    struct csum sum = {0};

    ip[0] = 0x60;
    poke_u16(ip + 4, 48);
    ip[6] = IP_PROTO_ICMPV6;
    ip[7] = 255;
    poke_u16(ip + 8, 0xfe80);
    poke_u32(ip + 20, i + 1);
    memcpy(ip + 24, "\xff\2\0\0\0\0\0\0\0\0\0\0\0\0\0\1", 16);
    ra[0] = ICMPV6_ROUTER_ADVERT;
    ra[4] = 64;
    poke_u16(ra + 6, 1800);
    memcpy(prefix, "\3\4\x40\xc0", 4);
    poke_u32(prefix + 4, 3600);
    poke_u32(prefix + 8, 1800);
    poke_u32(prefix + 16, 0x20010db9);
    poke_u32(prefix + 20, i);
    memcpy(src.b, ip + 8, 16);
    memcpy(dst.b, ip + 24, 16);
    ip_pseudo_header(&sum, &src, &dst, IP_PROTO_ICMPV6, 48);
    csum_add(&sum, ra, 48);
    poke_u16(ra + 2, csum_fold(&sum));
    attack_throw(f, frame, sizeof frame);
}

static void routers_without_number_get_no_more_than_their_share(void **state)
{
    struct field *f = field_new_ethernet(NULL);
    size_t before = field_in_use(f), routes = 0;
    struct weft_route route;
    struct weft_if_info info;

    field_run(f, 2 * WEFT_S); /* its own address is found unique */
    attack_drain(f);
    for (uint32_t i = 0; i < 20000; i++) {
        throw_advert(f, i);
        if (i % 500 == 0)
            field_run(f, WEFT_MS);
        attack_drain(f);
    }
    for (size_t i = 0; weft_if_info(f->victim, i, &info); i++)
        assert_true(info.n_addresses <= 16);
    while (weft_route_info(f->victim, routes, &route))
        routes++;
    assert_true(routes > 5 && routes <= 64);
    assert_true(field_in_use(f) - before <= 512 << 10);
    expect_work_below(f, 20000);
    field_run(f, 10 * WEFT_S);
    attack_drain(f);
    field_end(f);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(claims_without_number_leave_the_table_bounded),
        cmocka_unit_test(claims_to_be_the_gateway_are_not_believed),
        cmocka_unit_test(claims_to_be_the_gateway_are_told_of),
        cmocka_unit_test(claims_to_be_the_victim_change_nothing),
        cmocka_unit_test(scans_do_not_push_out_who_is_known),
        cmocka_unit_test(claims_of_ipv6_leave_the_table_bounded),
        cmocka_unit_test(claims_of_ipv6_to_be_a_friend_are_told_of),
        cmocka_unit_test(scans_of_ipv6_do_not_push_out_who_is_known),
        cmocka_unit_test(routers_without_number_get_no_more_than_their_share),
    };

    return cmocka_run_group_tests_name("attack_neighbours", tests, NULL, NULL);
}
