/* SPDX-License-Identifier: MIT */
/* Datagrams of UDP on the wire: header, checksum, fragments, where they may go. */
#include "udp_bench.h"

/* ---- sending ---- */

static void a_datagram_goes_out_with_header_and_checksum(void **state)
{
    static const size_t sizes[] = {0, 1, 2, 7, 119, 120, 121, 500, 1451, 1452};
    struct bench *b = *state;
    weft_sock *sock = bound(b, 0, 1000);
    struct weft_addr to = addr(PEER, 2000);
    uint8_t payload[1452], out[1600], *udp = out + ip_len();

    /* R1122-4.1.3.4a */
    fill_pattern(payload, sizeof(payload), 1);
    for (size_t i = 0; i < ARRAY_LEN(sizes); i++) {
        size_t n;

        assert_int_equal(weft_sendto(sock, payload, sizes[i], 0, &to), sizes[i]);
        n = bench_take(b, out, sizeof(out));
        assert_int_equal(n, ip_len() + 8 + sizes[i]);
        assert_int_equal(peek_u16(udp), 1000);
        assert_int_equal(peek_u16(udp + 2), 2000);
        assert_int_equal(peek_u16(udp + 4), 8 + sizes[i]);
        assert_int_not_equal(peek_u16(udp + 6), 0);
        assert_true(checksum_is_right(out, n));
        assert_memory_equal(udp + 8, payload, sizes[i]);
    }
    weft_close(sock);
}

static void pieces_of_any_length_make_one_datagram(void **state)
{
    struct bench *b = *state;
    weft_sock *sock = bound(b, 0, 1000);
    struct weft_addr to = addr(PEER, 2000);
    uint8_t payload[20], out[100];
    struct weft_iov iov[5] = {{payload, 1}, {NULL, 0}, {payload + 1, 3}, {payload + 4, 15}, {payload + 19, 1}};
    size_t n;

    fill_pattern(payload, sizeof(payload), 1);
    assert_int_equal(weft_sendmsg(sock, iov, 5, 0, &to), 20);
    n = bench_take(b, out, sizeof(out));
    assert_true(checksum_is_right(out, n));
    assert_memory_equal(out + ip_len() + 8, payload, 20);
    weft_close(sock);
}

static void a_checksum_of_zero_is_sent_as_all_ones(void **state)
{
    struct bench *b = *state;
    weft_sock *sock = bound(b, 0, 1000);
    struct weft_addr to = addr(PEER, 2000);
    uint8_t payload[2] = {0}, out[80];

    /* R1122-4.1.3.4a: the payload that makes the rest of the sum come out as zero */
    weft_sendto(sock, payload, 2, 0, &to);
    bench_take(b, out, sizeof(out));
    memcpy(payload, out + ip_len() + 6, 2);
    weft_sendto(sock, payload, 2, 0, &to);
    bench_take(b, out, sizeof(out));
    assert_int_equal(peek_u16(out + ip_len() + 6), 0xffff);
    weft_close(sock);
}

static void the_longest_datagram_goes_out_in_fragments(void **state)
{
    struct bench *b = *state;
    weft_sock *sock = bound(b, 0, 1000);
    struct weft_addr to = addr(PEER, 2000);
    static uint8_t payload[65528], out[1600];
    size_t most = by_v6 ? 65527 : 65507, n, total = 0; /* what 16 bits can say of IPv4's whole, and of IPv6's payload */

    assert_int_equal(weft_sendto(sock, payload, most + 1, 0, &to), WEFT_EMSGSIZE);
    assert_int_equal(weft_sendto(sock, payload, most, 0, &to), most);
    while ((n = bench_take(b, out, sizeof(out))) > 0)
        total += n - ip_len() - (by_v6 ? IPV6_FRAGMENT_HEADER : 0);
    assert_int_equal(total, most + 8);
    set_int(sock, WEFT_SOL_SOCKET, WEFT_SO_SNDBUF, 2500); /* counts double */
    assert_int_equal(weft_sendto(sock, payload, 5001, 0, &to), WEFT_EMSGSIZE);
    weft_close(sock);
}

/* WEFT_IP_MTU_DISCOVER: whether routers, and we, may fragment. The link carries 1,500 bytes. */
static void datagrams_are_fragmented_as_the_socket_wants(void **state)
{
    static const struct {
        enum weft_pmtudisc discovery;
        uint16_t size;
        bool sent, df;
    } rows[] = {
        {WEFT_PMTUDISC_DONT, 1472, true, false},  {WEFT_PMTUDISC_DONT, 1473, true, false},
        {WEFT_PMTUDISC_WANT, 1472, true, true},   {WEFT_PMTUDISC_WANT, 1473, true, false},
        {WEFT_PMTUDISC_DO, 1472, true, true},     {WEFT_PMTUDISC_DO, 1473, false, true},
        {WEFT_PMTUDISC_PROBE, 1472, true, true},  {WEFT_PMTUDISC_PROBE, 1473, false, true},
        {WEFT_PMTUDISC_INTERFACE, 1472, true, false}, {WEFT_PMTUDISC_INTERFACE, 1473, false, false},
        {WEFT_PMTUDISC_OMIT, 1472, true, false},  {WEFT_PMTUDISC_OMIT, 1473, true, false},
    };
    struct bench *b = *state;
    weft_sock *sock = bound(b, 0, 1000);
    struct weft_addr to = addr(PEER, 2000);
    static uint8_t payload[1500], out[1600];
    size_t n;

    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        set_int(sock, WEFT_SOL_IP, WEFT_IP_MTU_DISCOVER, (int)rows[i].discovery);
        assert_int_equal(weft_sendto(sock, payload, rows[i].size, 0, &to), rows[i].sent ? rows[i].size : WEFT_EMSGSIZE);
        while ((n = bench_take(b, out, sizeof(out))) > 0)
            assert_int_equal(read_ip(out, n).df, rows[i].df);
    }
    weft_close(sock);
}

static void the_link_is_left_the_checksum_when_it_offers(void **state)
{
    struct bench *b = *state;
    weft_sock *sock = bound(b, 0, 1000);
    struct weft_addr to = addr(PEER, 2000);
    struct weft_pkt_offload o;
    struct csum sum = {0};
    weft_pkt *pkt;
    uint8_t out[64];
    struct weft_ip src = weft_ipv4(US), dst = weft_ipv4(PEER);

    b->ifp->offload = WEFT_OFFLOAD_CSUM;
    weft_sendto(sock, "data", 4, 0, &to);
    assert_int_equal(weft_output(b->ifp, &pkt, 1, b->now), 1);
    weft_pkt_get_offload(pkt, &o);
    weft_pkt_copy(pkt, 0, out, sizeof(out));
    weft_pkt_release(pkt);
    assert_true(o.csum_partial);
    assert_int_equal(o.csum_start, 20);
    assert_int_equal(o.csum_offset, 6);
    ip_pseudo_header(&sum, &src, &dst, IP_PROTO_UDP, 12);
    assert_int_equal(peek_u16(out + 26), (uint16_t)~csum_fold(&sum));
    weft_close(sock);
}

/* ---- trains: many datagrams with one call ---- */

static void options_of_the_socket_show_in_the_datagram(void **state)
{
    struct bench *b = *state;
    weft_sock *sock = bound(b, 0, 1000);
    struct weft_addr to = addr(PEER, 2000);
    uint8_t out[64];
    struct ipv4_header h;

    /* R1122-3.2.1.7b R1122-3.2.1.6 */
    weft_sendto(sock, "", 0, 0, &to);
    h = read_ip(out, bench_take(b, out, sizeof(out)));
    assert_int_equal(h.ttl, 64);
    assert_int_equal(h.tos, 0);
    set_int(sock, WEFT_SOL_IP, WEFT_IP_TTL, 9);
    set_int(sock, WEFT_SOL_IP, WEFT_IP_TOS, 0xba);
    weft_sendto(sock, "", 0, 0, &to);
    h = read_ip(out, bench_take(b, out, sizeof(out)));
    assert_int_equal(h.ttl, 9);
    assert_int_equal(h.tos, 0xba);
    weft_close(sock);
}

static void broadcasting_must_be_asked_for(void **state)
{
    static const uint32_t groups[] = {0xffffffff, SUBNET_ALL};
    struct bench *b = *state;
    weft_sock *sock = bound(b, US, 1000);
    uint8_t out[64];

    /* R1122-3.3.6 */
    for (size_t i = 0; i < ARRAY_LEN(groups); i++) {
        struct weft_addr to = addr(groups[i], 2000);

        set_int(sock, WEFT_SOL_SOCKET, WEFT_SO_BROADCAST, 0);
        assert_int_equal(weft_sendto(sock, "x", 1, 0, &to), WEFT_EACCES);
        assert_int_equal(weft_connect(sock, &to), WEFT_EACCES);
        bench_assert_silent(b);
        set_int(sock, WEFT_SOL_SOCKET, WEFT_SO_BROADCAST, 1);
        assert_int_equal(weft_sendto(sock, "x", 1, 0, &to), 1);
        assert_int_equal(read_ip(out, bench_take(b, out, sizeof(out))).dst, groups[i]);
    }
    weft_close(sock);
}

static void sending_needs_a_destination_that_can_be_one(void **state)
{
    struct bench *b = *state;
    weft_sock *sock = bench_udp(b, NULL);
    struct weft_addr no_port = addr(PEER, 0), any = addr(0, 2000), lost = addr(PEER, 2000);
    struct weft_addr v6 = {.ip = {{0xfe, 0x80}}, .port = 1};

    assert_int_equal(weft_send(sock, "x", 1, 0), WEFT_EDESTADDRREQ);
    assert_int_equal(weft_sendto(sock, "x", 1, 0, &no_port), WEFT_EINVAL);
    assert_int_equal(weft_sendto(sock, "x", 1, 0, &any), WEFT_EINVAL);
    assert_int_equal(weft_sendto(sock, "x", 1, 0, &v6), WEFT_EAFNOSUPPORT);
    assert_int_equal(weft_sendto(sock, "x", 1, WEFT_MSG_OOB, &lost), WEFT_EOPNOTSUPP);
    assert_int_equal(weft_sendto(sock, "x", 1, WEFT_MSG_MORE, &lost), WEFT_EOPNOTSUPP);
    assert_int_equal(weft_sendto(sock, NULL, 1, 0, &lost), WEFT_EFAULT);
    weft_close(sock);
}

static void groups_are_on_the_link_and_not_behind_the_gateway(void **state)
{
    static const struct {
        uint32_t dst;
        uint8_t mac[6];
        uint8_t ttl;
    } rows[] = {
        {0xffffffff, {0xff, 0xff, 0xff, 0xff, 0xff, 0xff}, 64},
        {V4(10, 11, 0, 255), {0xff, 0xff, 0xff, 0xff, 0xff, 0xff}, 64},
        {V4(224, 0, 0, 5), {1, 0, 0x5e, 0, 0, 5}, 1},
        {V4(239, 129, 2, 3), {1, 0, 0x5e, 1, 2, 3}, 1},
    };
    static const struct weft_if_config config = {
        .name = "e0", .link = WEFT_LINK_ETHERNET, .mac = {2, 0, 0, 0, 0, 2}, .mtu = 1500};
    struct bench *b = *state;
    weft_if *ether = weft_if_new(b->s, &config, NULL);
    struct weft_ip ip = weft_ipv4(V4(10, 11, 0, 2));
    weft_sock *sock;
    uint8_t out[100];

    /* R1122-3.3.1.1 */
    assert_int_equal(weft_if_add_address(ether, &ip, 24), 0);
    while (bench_take_from(b, ether, out, sizeof(out)))
        ;
    sock = bound(b, V4(10, 11, 0, 2), 1000);
    set_int(sock, WEFT_SOL_SOCKET, WEFT_SO_BROADCAST, 1);
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        struct weft_addr to = addr(rows[i].dst, 2000);
        size_t n;

        assert_int_equal(weft_sendto(sock, "x", 1, 0, &to), 1);
        n = bench_take_from(b, ether, out, sizeof(out));
        assert_int_equal(n, 14 + 29);
        assert_memory_equal(out, rows[i].mac, 6);
        assert_int_equal(read_ip(out + 14, n - 14).dst, rows[i].dst);
        assert_int_equal(read_ip(out + 14, n - 14).src, V4(10, 11, 0, 2));
        assert_int_equal(read_ip(out + 14, n - 14).ttl, rows[i].ttl);
    }
    weft_close(sock);
}

static void without_any_route_a_broadcast_still_finds_a_wire(void **state)
{
    struct bench *b = *state;
    struct weft_route gateway = {.gateway = weft_ipv4(PEER)};
    struct weft_addr to = addr(0xffffffff, 2000);
    weft_sock *sock = bound(b, 0, 1000);
    uint8_t out[64];

    /* R1122-3.3.1.1: an isolated network without a default route */
    assert_int_equal(weft_route_del(b->s, &gateway), 0);
    set_int(sock, WEFT_SOL_SOCKET, WEFT_SO_BROADCAST, 1);
    assert_int_equal(weft_sendto(sock, "x", 1, 0, &to), 1);
    assert_int_equal(read_ip(out, bench_take(b, out, sizeof(out))).src, US);
    to = addr(STRANGER, 2000);
    assert_int_equal(weft_sendto(sock, "x", 1, 0, &to), WEFT_ENETUNREACH);
    weft_close(sock);
}

static void a_socket_at_loopback_does_not_speak_on_a_wire(void **state)
{
    struct bench *b = *state;
    weft_sock *sock = bound(b, V4(127, 0, 0, 1), 1000);
    struct weft_addr to = addr(PEER, 2000);

    /* R1122-3.2.1.3b */
    assert_int_equal(weft_sendto(sock, "x", 1, 0, &to), WEFT_EINVAL);
    bench_assert_silent(b);
    weft_close(sock);
}

/* ---- the whole ---- */

/* RFC 768: also where the link was to complete it, and does not because the datagram goes in fragments. */
static void a_checksum_of_zero_in_fragments_is_all_ones(void **state)
{
    struct bench *b = *state;
    struct weft_addr to = addr(PEER, 2000);
    uint8_t text[3000] = {1, 2, 3}, out[1600];
    weft_sock *sock = bound(b, 0, 1000);
    size_t at = ip_len() + (by_v6 ? IPV6_FRAGMENT_HEADER : 0);

    b->ifp->offload |= WEFT_OFFLOAD_CSUM;
    for (unsigned i = 0; i < 2; i++) {
        assert_int_equal(weft_sendto(sock, text, sizeof text, 0, &to), sizeof text);
        assert_true(bench_take(b, out, sizeof out) > at + UDP_HEADER);
        if (i == 0)
            memcpy(text + sizeof text - 2, out + at + 6, 2); /* what is missing to zero */
        else
            assert_int_equal(peek_u16(out + at + 6), 0xffff);
        while (bench_take(b, out, sizeof out))
            ;
    }
    weft_close(sock);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        CLAIM_BOTH(a_datagram_goes_out_with_header_and_checksum),
        CLAIM_BOTH(pieces_of_any_length_make_one_datagram),
        CLAIM_BOTH(a_checksum_of_zero_is_sent_as_all_ones),
        CLAIM_BOTH(the_longest_datagram_goes_out_in_fragments),
        CLAIM(datagrams_are_fragmented_as_the_socket_wants),
        CLAIM(the_link_is_left_the_checksum_when_it_offers),
        CLAIM(options_of_the_socket_show_in_the_datagram),
        CLAIM(broadcasting_must_be_asked_for),
        CLAIM(sending_needs_a_destination_that_can_be_one),
        CLAIM(groups_are_on_the_link_and_not_behind_the_gateway),
        CLAIM(without_any_route_a_broadcast_still_finds_a_wire),
        CLAIM(a_socket_at_loopback_does_not_speak_on_a_wire),
        CLAIM_BOTH(a_checksum_of_zero_in_fragments_is_all_ones),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
