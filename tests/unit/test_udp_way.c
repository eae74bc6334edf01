/* SPDX-License-Identifier: MIT */
/*
 * A connected socket finds the way to its peer once (src/udp/way.c). What it sends is held against what the same socket
 * sends to the same peer by name, for which everything is found out anew.
 */
#include "udp_bench.h"

#define LONGEST (1500 - IPV6_HEADER - UDP_HEADER) /* that goes in one piece by either version */

struct sent {
    int64_t result;
    size_t n;
    uint8_t bytes[4000]; /* all datagrams of both interfaces, the second's behind the first's */
};

/* Identifications differ, and with IPv4's the header's checksum. */
static void forget_ident(uint8_t *datagram)
{
    if (!by_v6)
        datagram[4] = datagram[5] = datagram[10] = datagram[11] = 0;
    else if (datagram[6] == IP_PROTO_FRAGMENT)
        poke_u32(datagram + IPV6_HEADER + 4, 0);
}

static void take_all(struct bench *b, weft_if *ifp, struct sent *sent)
{
    weft_pkt *pkt;

    while (weft_output(ifp, &pkt, 1, b->now)) {
        size_t n = weft_pkt_copy(pkt, 0, sent->bytes + sent->n, sizeof sent->bytes - sent->n);

        forget_ident(sent->bytes + sent->n);
        sent->n += n;
        weft_pkt_release(pkt);
    }
}

/* to: NULL: to the peer. */
static struct sent send_to(struct bench *b, weft_sock *sock, size_t n, const struct weft_addr *to)
{
    static uint8_t payload[1600];
    struct sent sent = {0};

    fill_pattern(payload, sizeof payload, 1);
    sent.result = weft_sendto(sock, payload, n, 0, to);
    take_all(b, b->ifp, &sent);
    take_all(b, b->other, &sent);
    return sent;
}

static void assert_goes_as_if_named(struct bench *b, weft_sock *sock, uint32_t peer)
{
    static const size_t sizes[] = {0, 4, LONGEST, 1600};
    struct weft_addr to = addr(peer, 2000);

    for (size_t i = 0; i < ARRAY_LEN(sizes); i++) {
        struct sent short_way = send_to(b, sock, sizes[i], NULL), long_way = send_to(b, sock, sizes[i], &to);

        assert_int_equal(short_way.result, long_way.result);
        assert_int_equal(short_way.n, long_way.n);
        assert_memory_equal(short_way.bytes, long_way.bytes, long_way.n);
    }
}

/* Has the way, and has used it. */
static weft_sock *on_its_way(struct bench *b, uint32_t peer)
{
    weft_sock *sock = connected(b, 1000, peer, 2000);

    for (unsigned i = 0; i < 2; i++)
        assert_int_equal(send_to(b, sock, 4, NULL).result, 4);
    return sock;
}

static void what_is_sent_by_the_way_is_what_is_sent_without(void **state)
{
    struct bench *b = *state;
    weft_sock *sock = on_its_way(b, PEER);

    assert_goes_as_if_named(b, sock, PEER);
    weft_close(sock);
}

/* ---- what may change on the way ---- */

static void lower_ttl(struct bench *b, weft_sock *sock)
{
    (void)b;
    set_int(sock, by_v6 ? WEFT_SOL_IPV6 : WEFT_SOL_IP, by_v6 ? WEFT_IPV6_UNICAST_HOPS : WEFT_IP_TTL, 3);
}

static void raise_class(struct bench *b, weft_sock *sock)
{
    (void)b;
    set_int(sock, by_v6 ? WEFT_SOL_IPV6 : WEFT_SOL_IP, by_v6 ? WEFT_IPV6_TCLASS : WEFT_IP_TOS, 0x28);
}

static void forbid_fragments(struct bench *b, weft_sock *sock)
{
    (void)b;
    set_int(sock, by_v6 ? WEFT_SOL_IPV6 : WEFT_SOL_IP, by_v6 ? WEFT_IPV6_MTU_DISCOVER : WEFT_IP_MTU_DISCOVER,
            WEFT_PMTUDISC_DO);
}

static void make_no_checksums(struct bench *b, weft_sock *sock)
{
    (void)b;
    set_int(sock, WEFT_SOL_SOCKET, WEFT_SO_NO_CHECK, 1);
}

static void cut_into_segments(struct bench *b, weft_sock *sock)
{
    (void)b;
    set_int(sock, WEFT_SOL_UDP, WEFT_UDP_SEGMENT, 500);
}

static void cut_into_segments_without_checksums(struct bench *b, weft_sock *sock)
{
    make_no_checksums(b, sock);
    cut_into_segments(b, sock);
}

static void keep_to_the_link(struct bench *b, weft_sock *sock)
{
    (void)b;
    set_int(sock, WEFT_SOL_SOCKET, WEFT_SO_DONTROUTE, 1);
}

static void keep_to_the_other_interface(struct bench *b, weft_sock *sock)
{
    set_int(sock, WEFT_SOL_SOCKET, WEFT_SO_BINDTOIFINDEX, (int)weft_if_index(b->other));
}

static void add_options(struct bench *b, weft_sock *sock)
{
    static const uint8_t v4[] = {148, 4, 0, 0}, v6[] = {0, 0, 1, 4, 0, 0, 0, 0}; /* router alert; padding */

    (void)b;
    if (by_v6)
        assert_int_equal(weft_setsockopt(sock, WEFT_SOL_IPV6, WEFT_IPV6_DSTOPTS, v6, sizeof v6), 0);
    else
        assert_int_equal(weft_setsockopt(sock, WEFT_SOL_IP, WEFT_IP_OPTIONS, v4, sizeof v4), 0);
}

static void have_another_route(struct bench *b, weft_sock *sock)
{
    struct weft_route by_other = {.dst = addr(STRANGER, 0).ip, .prefix = by_v6 ? 128 : 32,
                                  .gateway = addr(OTHER_PEER, 0).ip};

    (void)sock;
    assert_int_equal(weft_route_add(b->s, &by_other), 0);
}

static void have_a_narrower_path(struct bench *b, weft_sock *sock)
{
    struct weft_ip dst = addr(STRANGER, 0).ip;

    (void)sock;
    assert_true(route_learn_mtu(b->s, &dst, 1300, 1500));
}

static void narrow_the_interface(struct bench *b, weft_sock *sock)
{
    (void)sock;
    assert_int_equal(weft_if_set_mtu(b->ifp, 1400), 0);
}

static void lose_the_address(struct bench *b, weft_sock *sock)
{
    struct weft_ip us = addr(US, 0).ip;

    (void)sock;
    assert_int_equal(weft_if_del_address(b->ifp, &us), 0);
}

static void whatever_changes_is_seen_by_the_next_datagram(void **state)
{
    static void (*const changes[])(struct bench *, weft_sock *) = {
        lower_ttl, raise_class, forbid_fragments, make_no_checksums, cut_into_segments,
        cut_into_segments_without_checksums, keep_to_the_link, keep_to_the_other_interface, add_options,
        have_another_route, have_a_narrower_path, narrow_the_interface, lose_the_address};

    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(changes); i++) {
        void *own;
        weft_sock *sock;

        (by_v6 ? setup6 : setup)(&own);
        sock = on_its_way(own, STRANGER);
        changes[i](own, sock);
        assert_goes_as_if_named(own, sock, STRANGER);
        weft_close(sock);
        teardown(&own);
    }
}

static void when_the_interface_goes_down_the_way_is_none(void **state)
{
    struct bench *b = *state;
    weft_sock *sock = on_its_way(b, STRANGER);

    weft_if_set_up(b->ifp, false);
    assert_int_equal(send_to(b, sock, 4, NULL).result, WEFT_ENETDOWN);
    weft_if_set_up(b->ifp, true);
    assert_goes_as_if_named(b, sock, STRANGER);
    weft_close(sock);
}

static void another_peer_has_another_way(void **state)
{
    struct bench *b = *state;
    struct weft_addr next = addr(PEER, 2000);
    weft_sock *sock = on_its_way(b, STRANGER);

    assert_int_equal(weft_connect(sock, &next), 0);
    assert_goes_as_if_named(b, sock, PEER);
    weft_close(sock);
}

/* As soon as one datagram too long was sent in fragments, those that fit go whole and with df all the same. */
static void one_in_fragments_does_not_show_the_way(void **state)
{
    struct bench *b = *state;
    weft_sock *sock = connected(b, 1000, PEER, 2000);

    set_int(sock, WEFT_SOL_IP, WEFT_IP_MTU_DISCOVER, WEFT_PMTUDISC_WANT);
    assert_int_equal(send_to(b, sock, 1600, NULL).result, 1600);
    assert_goes_as_if_named(b, sock, PEER);
    weft_close(sock);
}

/* A group's is asked for each time: options about groups, and who may hear it, are many. */
static void what_a_group_hears_may_change(void **state)
{
    struct bench *b = *state;
    weft_sock *sock = on_its_way(b, 0xe0010203);

    set_int(sock, WEFT_SOL_IP, WEFT_IP_MULTICAST_TTL, 7);
    assert_goes_as_if_named(b, sock, 0xe0010203);
    weft_close(sock);
}

static void a_broadcast_may_be_forbidden_again(void **state)
{
    struct bench *b = *state;
    struct weft_addr all = addr(SUBNET_ALL, 2000);
    weft_sock *sock = bound(b, 0, 1000);

    set_int(sock, WEFT_SOL_SOCKET, WEFT_SO_BROADCAST, 1);
    assert_int_equal(weft_connect(sock, &all), 0);
    assert_int_equal(send_to(b, sock, 4, NULL).result, 4);
    set_int(sock, WEFT_SOL_SOCKET, WEFT_SO_BROADCAST, 0);
    assert_int_equal(send_to(b, sock, 4, NULL).result, WEFT_EACCES);
    weft_close(sock);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        CLAIM_BOTH(what_is_sent_by_the_way_is_what_is_sent_without),
        CLAIM_BOTH(whatever_changes_is_seen_by_the_next_datagram),
        CLAIM(when_the_interface_goes_down_the_way_is_none),
        CLAIM_BOTH(another_peer_has_another_way),
        CLAIM(one_in_fragments_does_not_show_the_way),
        CLAIM(what_a_group_hears_may_change),
        CLAIM(a_broadcast_may_be_forbidden_again),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
