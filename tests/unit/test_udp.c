/* SPDX-License-Identifier: MIT */
/* UDP: who gets a datagram, what it looks like on the wire, what is dropped, names and conflicts. */
#include <stdio.h>

#include "ip_bench.h"

static int setup(void **state)
{
    *state = bench_new();
    return 0;
}

static int teardown(void **state)
{
    bench_free(*state);
    return 0;
}

static const struct ipv4_header plain = {.src = PEER, .dst = US};

static struct weft_addr addr(uint32_t ip, uint16_t port) { return (struct weft_addr){.ip = weft_ipv4(ip), .port = port}; }

static weft_sock *bound(struct bench *b, uint32_t ip, uint16_t port)
{
    struct weft_addr local = addr(ip, port);

    return bench_udp(b, &local);
}

static weft_sock *connected(struct bench *b, uint16_t local_port, uint32_t ip, uint16_t port)
{
    struct weft_addr remote = addr(ip, port);
    weft_sock *sock = bound(b, 0, local_port);

    assert_int_equal(weft_connect(sock, &remote), 0);
    return sock;
}

static void set_int(weft_sock *sock, int level, int option, int value)
{
    assert_int_equal(weft_setsockopt(sock, level, option, &value, sizeof(value)), 0);
}

/* A datagram from src:port to dst:port with this text. */
static void put_text(struct bench *b, uint32_t src, uint16_t src_port, uint32_t dst, uint16_t dst_port, const char *text)
{
    struct ipv4_header h = {.src = src, .dst = dst};
    uint8_t p[256];

    bench_input(b, p, make_udp(p, h, src_port, dst_port, text, strlen(text)));
}

/* The socket holds just this text, and nothing more. */
static void assert_text(weft_sock *sock, const char *text)
{
    char got[256];
    int64_t n = weft_recv(sock, got, sizeof(got), 0);

    assert_int_equal(n, strlen(text));
    assert_memory_equal(got, text, strlen(text));
    assert_int_equal(weft_recv(sock, got, sizeof(got), 0), WEFT_EAGAIN);
}

static void assert_nothing(weft_sock *sock)
{
    char got[8];

    assert_int_equal(weft_recv(sock, got, sizeof(got), 0), WEFT_EAGAIN);
}

/* ---- sending ---- */

static bool checksum_is_right(const uint8_t *p, size_t n)
{
    struct ipv4_header h = read_ip(p, n);
    struct weft_ip src = weft_ipv4(h.src), dst = weft_ipv4(h.dst);
    struct csum sum = {0};

    ip_pseudo_header(&sum, &src, &dst, IP_PROTO_UDP, (uint32_t)(n - IPV4_HEADER));
    csum_add(&sum, p + IPV4_HEADER, n - IPV4_HEADER);
    return csum_fold(&sum) == 0;
}

static void a_datagram_goes_out_with_header_and_checksum(void **state)
{
    static const size_t sizes[] = {0, 1, 2, 7, 119, 120, 121, 500, 1471, 1472};
    struct bench *b = *state;
    weft_sock *sock = bound(b, 0, 1000);
    struct weft_addr to = addr(PEER, 2000);
    uint8_t payload[1472], out[1600];

    /* R1122-4.1.3.4a */
    fill_pattern(payload, sizeof(payload), 1);
    for (size_t i = 0; i < ARRAY_LEN(sizes); i++) {
        size_t n;

        assert_int_equal(weft_sendto(sock, payload, sizes[i], 0, &to), sizes[i]);
        n = bench_take(b, out, sizeof(out));
        assert_int_equal(n, 28 + sizes[i]);
        assert_int_equal(peek_u16(out + 20), 1000);
        assert_int_equal(peek_u16(out + 22), 2000);
        assert_int_equal(peek_u16(out + 24), 8 + sizes[i]);
        assert_int_not_equal(peek_u16(out + 26), 0);
        assert_true(checksum_is_right(out, n));
        assert_memory_equal(out + 28, payload, sizes[i]);
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
    assert_memory_equal(out + 28, payload, 20);
    weft_close(sock);
}

static void a_checksum_of_zero_is_sent_as_all_ones(void **state)
{
    struct bench *b = *state;
    weft_sock *sock = bound(b, 0, 1000);
    struct weft_addr to = addr(PEER, 2000);
    uint8_t payload[2] = {0}, out[64];

    /* R1122-4.1.3.4a: the payload that makes the rest of the sum come out as zero */
    weft_sendto(sock, payload, 2, 0, &to);
    bench_take(b, out, sizeof(out));
    memcpy(payload, out + 26, 2);
    weft_sendto(sock, payload, 2, 0, &to);
    bench_take(b, out, sizeof(out));
    assert_int_equal(peek_u16(out + 26), 0xffff);
    weft_close(sock);
}

static void the_longest_datagram_goes_out_in_fragments(void **state)
{
    struct bench *b = *state;
    weft_sock *sock = bound(b, 0, 1000);
    struct weft_addr to = addr(PEER, 2000);
    static uint8_t payload[65508], out[1600];
    size_t n, total = 0;

    assert_int_equal(weft_sendto(sock, payload, 65508, 0, &to), WEFT_EMSGSIZE);
    assert_int_equal(weft_sendto(sock, payload, 65507, 0, &to), 65507);
    while ((n = bench_take(b, out, sizeof(out))) > 0)
        total += n - IPV4_HEADER;
    assert_int_equal(total, 65515);
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

static void a_link_that_takes_trains_gets_them_whole(void **state)
{
    struct bench *b = *state;
    weft_sock *sock = bound(b, 0, 1000);
    struct weft_addr to = addr(PEER, 2000);
    uint8_t payload[3000], out[3100];
    struct weft_pkt_offload o;
    weft_pkt *pkt;

    b->ifp->offload = WEFT_OFFLOAD_CSUM | WEFT_OFFLOAD_TSO | WEFT_OFFLOAD_USO;
    set_int(sock, WEFT_SOL_UDP, WEFT_UDP_SEGMENT, 1472);
    fill_pattern(payload, sizeof payload, 1);
    assert_int_equal(weft_sendto(sock, payload, sizeof payload, 0, &to), sizeof payload);
    assert_int_equal(weft_output(b->ifp, &pkt, 1, b->now), 1);
    weft_pkt_get_offload(pkt, &o);
    assert_int_equal(o.gso_size, 1472);
    assert_int_equal(o.header_len, 28);
    assert_int_equal(o.csum_offset, 6);
    assert_int_equal(weft_pkt_copy(pkt, 0, out, sizeof out), 28 + sizeof payload);
    weft_pkt_release(pkt);
    assert_int_equal(peek_u16(out + 24), 8 + sizeof payload);
    assert_memory_equal(out + 28, payload, sizeof payload);
    assert_int_equal(weft_counter(b->s, WEFT_COUNT_udp_out), 3);
    bench_assert_silent(b);
    weft_close(sock);
}

/* The next datagram on the wire has these n bytes. */
static void assert_sent(struct bench *b, const uint8_t *payload, size_t n)
{
    uint8_t out[1600];

    assert_int_equal(bench_take(b, out, sizeof out), 28 + n);
    assert_int_equal(peek_u16(out + 24), 8 + n);
    assert_true(checksum_is_right(out, 28 + n));
    assert_memory_equal(out + 28, payload, n);
}

static void a_link_that_takes_none_gets_datagrams(void **state)
{
    struct bench *b = *state;
    weft_sock *sock = bound(b, 0, 1000);
    struct weft_addr to = addr(PEER, 2000);
    uint8_t payload[250];

    fill_pattern(payload, sizeof payload, 1);
    set_int(sock, WEFT_SOL_UDP, WEFT_UDP_SEGMENT, 100);
    for (int discover = WEFT_PMTUDISC_DONT; discover <= WEFT_PMTUDISC_DO; discover++) {
        set_int(sock, WEFT_SOL_IP, WEFT_IP_MTU_DISCOVER, discover);
        assert_int_equal(weft_sendto(sock, payload, sizeof payload, 0, &to), sizeof payload);
        assert_sent(b, payload, 100);
        assert_sent(b, payload + 100, 100);
        assert_sent(b, payload + 200, 50);
        bench_assert_silent(b);
    }
    weft_close(sock);
}

/* Those who listen on this host hear datagrams too, however many went with one call. */
static void a_train_to_a_group_is_heard_in_datagrams(void **state)
{
    struct bench *b = *state;
    weft_sock *sock = bound(b, 0, 1000);
    struct weft_group join = {.group = weft_ipv4(V4(239, 1, 2, 3))};
    struct weft_addr to = addr(V4(239, 1, 2, 3), 1000);
    char got[8];

    b->ifp->offload = WEFT_OFFLOAD_CSUM | WEFT_OFFLOAD_TSO | WEFT_OFFLOAD_USO;
    assert_int_equal(weft_setsockopt(sock, WEFT_SOL_IP, WEFT_MCAST_JOIN_GROUP, &join, sizeof join), 0);
    set_int(sock, WEFT_SOL_UDP, WEFT_UDP_SEGMENT, 2);
    assert_int_equal(weft_sendto(sock, "abcde", 5, 0, &to), 5);
    bench_tick(b, 0);
    assert_int_equal(weft_recv(sock, got, sizeof got, 0), 2);
    assert_int_equal(weft_recv(sock, got, sizeof got, 0), 2);
    assert_int_equal(weft_recv(sock, got, sizeof got, 0), 1);
    assert_memory_equal(got, "e", 1);
    weft_close(sock);
}

/* A train of `text` in datagrams of `size` bytes comes from a neighbour on the same machine. */
static void put_train(struct bench *b, const char *text, uint16_t size)
{
    struct weft_pkt_offload o = {.csum_partial = true, .csum_start = 20, .csum_offset = 6, .gso_size = size};
    uint8_t p[256];

    bench_input_unfinished(b, p, make_udp(p, plain, 2000, 1000, text, strlen(text)), o);
}

static void a_train_is_received_in_datagrams(void **state)
{
    struct bench *b = *state;
    weft_sock *sock = bound(b, 0, 1000);
    struct weft_addr from;
    char got[16];

    put_train(b, "abcdefgh", 3);
    assert_int_equal(weft_counter(b->s, WEFT_COUNT_udp_in), 3);
    assert_int_equal(weft_recvfrom(sock, got, sizeof got, 0, &from), 3);
    assert_memory_equal(got, "abc", 3);
    assert_int_equal(from.port, 2000);
    assert_int_equal(weft_recv(sock, got, sizeof got, 0), 3);
    assert_memory_equal(got, "def", 3);
    assert_text(sock, "gh");
    weft_close(sock);
}

static void who_wants_trains_gets_it_whole(void **state)
{
    struct bench *b = *state;
    weft_sock *sock = bound(b, 0, 1000);
    struct weft_control control = {0};
    struct weft_iov iov = {(char[16]){0}, 16};
    struct weft_addr from;
    unsigned flags;

    set_int(sock, WEFT_SOL_UDP, WEFT_UDP_GRO, 1);
    put_train(b, "abcdefgh", 3);
    put_text(b, PEER, 2000, US, 1000, "abc"); /* the train ends where it ended */
    assert_int_equal(weft_recvmsg_control(sock, &iov, 1, 0, &from, &flags, &control), 8);
    assert_memory_equal(iov.base, "abcdefgh", 8);
    assert_true(control.has & WEFT_CONTROL_SEGMENT);
    assert_int_equal(control.segment, 3);
    assert_text(sock, "abc");
    weft_close(sock);
}

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

/* ---- receiving ---- */

static void a_datagram_is_read_with_its_sender(void **state)
{
    struct bench *b = *state;
    weft_sock *sock = bound(b, 0, 2000);
    struct weft_addr from;
    struct weft_event event;
    char got[16];

    weft_set_cookie(sock, b);
    put_text(b, PEER, 1000, US, 2000, "hello");
    assert_int_equal(weft_events(b->s, &event, 1), 1);
    assert_ptr_equal(event.sock, sock);
    assert_true(event.ready & WEFT_READABLE);
    assert_int_equal(weft_unread(sock), 5);
    assert_int_equal(weft_recvfrom(sock, got, sizeof(got), 0, &from), 5);
    assert_memory_equal(got, "hello", 5);
    assert_int_equal(ip_to_v4(&from.ip), PEER);
    assert_int_equal(from.port, 1000);
    assert_false(weft_ready(sock) & WEFT_READABLE);
    weft_close(sock);
}

static void datagrams_are_read_in_order_and_one_by_one(void **state)
{
    struct bench *b = *state;
    weft_sock *sock = bound(b, 0, 2000);
    char got[16];

    put_text(b, PEER, 1000, US, 2000, "one");
    put_text(b, PEER, 1000, US, 2000, "");
    put_text(b, STRANGER, 1000, US, 2000, "three");
    assert_int_equal(weft_recv(sock, got, sizeof(got), 0), 3);
    assert_int_equal(weft_recv(sock, got, sizeof(got), 0), 0); /* a datagram of no bytes is one */
    assert_int_equal(weft_recv(sock, got, sizeof(got), 0), 5);
    assert_nothing(sock);
    weft_close(sock);
}

static void peeking_takes_nothing(void **state)
{
    struct bench *b = *state;
    weft_sock *sock = bound(b, 0, 2000);
    char got[16];

    put_text(b, PEER, 1000, US, 2000, "hello");
    for (unsigned i = 0; i < 3; i++)
        assert_int_equal(weft_recv(sock, got, sizeof(got), WEFT_MSG_PEEK), 5);
    assert_text(sock, "hello");
    weft_close(sock);
}

static void what_does_not_fit_is_lost_and_said_so(void **state)
{
    struct bench *b = *state;
    weft_sock *sock = bound(b, 0, 2000);
    char got[16] = {0};
    struct weft_iov iov = {got, 3};
    unsigned flags;

    put_text(b, PEER, 1000, US, 2000, "hello");
    put_text(b, PEER, 1000, US, 2000, "world");
    put_text(b, PEER, 1000, US, 2000, "abc");
    assert_int_equal(weft_recvmsg(sock, &iov, 1, 0, NULL, &flags), 3);
    assert_int_equal(flags, WEFT_MSG_TRUNC);
    assert_memory_equal(got, "hel\0", 4);
    assert_int_equal(weft_recvmsg(sock, &iov, 1, WEFT_MSG_TRUNC, NULL, &flags), 5);
    assert_int_equal(flags, WEFT_MSG_TRUNC);
    assert_int_equal(weft_recvmsg(sock, &iov, 1, 0, NULL, &flags), 3);
    assert_int_equal(flags, 0);
    weft_close(sock);
}

static void a_datagram_is_scattered_over_the_pieces(void **state)
{
    struct bench *b = *state;
    weft_sock *sock = bound(b, 0, 2000);
    static uint8_t p[2000], payload[1000], got[1000];
    struct weft_iov iov[3] = {{got, 1}, {got + 1, 700}, {got + 701, 299}};

    fill_pattern(payload, sizeof(payload), 4);
    bench_input_spans(b, p, make_udp(p, plain, 1000, 2000, payload, sizeof(payload)), 28);
    assert_int_equal(weft_recvmsg(sock, iov, 3, 0, NULL, NULL), 1000);
    assert_memory_equal(got, payload, sizeof(payload));
    weft_close(sock);
}

static void lengths_that_lie_are_dropped_and_excess_is_trimmed(void **state)
{
    struct bench *b = *state;
    weft_sock *sock = bound(b, 0, 2000);
    uint8_t p[64], message[16] = {1000 >> 8, 1000 & 255, 2000 >> 8, 2000 & 255};
    struct ipv4_header h = plain;

    /* RFC768-len; the checksum is left out */
    h.proto = IP_PROTO_UDP;
    for (unsigned len = 0; len < 40; len++) {
        poke_u16(message + 4, (uint16_t)len);
        if (len < 8 || len > 16) {
            bench_expect_drop(b, udp_length, bench_input(b, p, make_ip(p, h, message, 16)));
        } else {
            char got[16];

            bench_input(b, p, make_ip(p, h, message, 16));
            assert_int_equal(weft_recv(sock, got, sizeof(got), 0), len - 8);
        }
    }
    for (size_t n = 0; n < 8; n++)
        bench_expect_drop(b, udp_short, bench_input(b, p, make_ip(p, h, message, n)));
    assert_nothing(sock);
    weft_close(sock);
}

static void a_bad_checksum_is_dropped_and_none_is_accepted(void **state)
{
    struct bench *b = *state;
    weft_sock *sock = bound(b, 0, 2000);
    uint8_t p[64];
    size_t n = make_udp(p, plain, 1000, 2000, "hello", 5);

    /* R1122-4.1.3.4a */
    for (size_t i = 28; i < n; i++) {
        p[i] ^= 1;
        bench_expect_drop(b, udp_checksum, bench_input(b, p, n));
        p[i] ^= 1;
    }
    poke_u16(p + 26, 0);
    bench_input(b, p, n);
    assert_text(sock, "hello");
    weft_close(sock);
}

static void the_receive_buffer_is_bounded_by_true_size(void **state)
{
    struct bench *b = *state;
    weft_sock *sock = bound(b, 0, 2000);
    unsigned taken = 0;
    char got[8];

    set_int(sock, WEFT_SOL_SOCKET, WEFT_SO_RCVBUF, 25000); /* counts double */
    for (unsigned i = 0; i < 1000; i++)
        put_text(b, PEER, 1000, US, 2000, "x");
    assert_true(b->s->mem.live[MEM_packet] + b->s->mem.live[MEM_block] < 50000 + 4096);
    while (weft_recv(sock, got, sizeof(got), 0) == 1)
        taken++;
    assert_in_range(taken, 20, 200);
    assert_int_equal(weft_drops(b->s, WEFT_DROP_udp_buffer_full), 1000 - taken);
    put_text(b, PEER, 1000, US, 2000, "room again");
    assert_text(sock, "room again");
    weft_close(sock);
}

static void one_datagram_is_taken_whatever_its_size(void **state)
{
    struct bench *b = *state;
    weft_sock *sock = bound(b, 0, 2000);
    static uint8_t p[65536], payload[65507], got[65536];

    set_int(sock, WEFT_SOL_SOCKET, WEFT_SO_RCVBUF, 0); /* means the least there is */
    fill_pattern(payload, sizeof(payload), 1);
    bench_input(b, p, make_udp(p, plain, 1000, 2000, payload, sizeof(payload)));
    bench_expect_drop(b, udp_buffer_full, put_text(b, PEER, 1000, US, 2000, "x"));
    assert_int_equal(weft_recv(sock, got, sizeof(got), 0), 65507);
    assert_memory_equal(got, payload, sizeof(payload));
    weft_close(sock);
}

/* ---- who gets it ---- */

static void a_definite_address_is_preferred_to_any(void **state)
{
    struct bench *b = *state;
    weft_sock *exact, *any = bench_udp(b, NULL);
    struct weft_addr at = addr(US, 2000), everywhere = addr(0, 2000);

    exact = bench_udp(b, NULL);
    set_int(exact, WEFT_SOL_SOCKET, WEFT_SO_REUSEADDR, 1);
    set_int(any, WEFT_SOL_SOCKET, WEFT_SO_REUSEADDR, 1);
    assert_int_equal(weft_bind(exact, &at), 0);
    assert_int_equal(weft_bind(any, &everywhere), 0);
    put_text(b, PEER, 1000, US, 2000, "exact");
    assert_text(exact, "exact");
    assert_nothing(any);
    weft_close(exact);
    put_text(b, PEER, 1000, US, 2000, "any");
    assert_text(any, "any");
    weft_close(any);
}

static void a_pair_is_preferred_to_everything(void **state)
{
    struct bench *b = *state;
    struct weft_addr at = addr(US, 2000), remote = addr(PEER, 1000);
    weft_sock *pair = bench_udp(b, NULL), *open = bench_udp(b, NULL);

    set_int(pair, WEFT_SOL_SOCKET, WEFT_SO_REUSEADDR, 1);
    set_int(open, WEFT_SOL_SOCKET, WEFT_SO_REUSEADDR, 1);
    assert_int_equal(weft_bind(pair, &at), 0);
    assert_int_equal(weft_bind(open, &at), 0);
    assert_int_equal(weft_connect(pair, &remote), 0);
    put_text(b, PEER, 1000, US, 2000, "pair");
    put_text(b, PEER, 1001, US, 2000, "open");
    assert_text(pair, "pair");
    assert_text(open, "open");
    weft_close(open);
    bench_expect_drop(b, udp_no_port, put_text(b, PEER, 1001, US, 2000, "nobody"));
    weft_close(pair);
}

static void many_pairs_behind_one_port_are_told_apart(void **state)
{
    enum { PAIRS = 2000 };
    struct bench *b = *state;
    static weft_sock *socks[PAIRS];
    char text[16];

    for (unsigned i = 0; i < PAIRS; i++) {
        struct weft_addr at = addr(US, 2000), remote = addr(STRANGER + i % 10, (uint16_t)(1000 + i));

        socks[i] = bench_udp(b, NULL);
        set_int(socks[i], WEFT_SOL_SOCKET, WEFT_SO_REUSEADDR, 1);
        assert_int_equal(weft_bind(socks[i], &at), 0);
        assert_int_equal(weft_connect(socks[i], &remote), 0);
    }
    for (unsigned i = 0; i < PAIRS; i++) {
        snprintf(text, sizeof(text), "%u", i);
        put_text(b, STRANGER + i % 10, (uint16_t)(1000 + i), US, 2000, text);
    }
    for (unsigned i = 0; i < PAIRS; i++) {
        snprintf(text, sizeof(text), "%u", i);
        assert_text(socks[i], text);
        weft_close(socks[i]);
    }
}

static void everybody_who_listens_gets_a_group_datagram(void **state)
{
    static const uint32_t groups[] = {0xffffffff, SUBNET_ALL, 0x0a090000, V4(224, 0, 0, 1)};
    struct bench *b = *state;
    weft_sock *socks[3], *elsewhere = bound(b, US, 2001), *exact = bench_udp(b, NULL), *pair = bench_udp(b, NULL);
    struct weft_addr all = addr(0, 2000), us = addr(US, 2000), peer = addr(PEER, 1000);

    /* R1122-3.3.6 */
    set_int(exact, WEFT_SOL_SOCKET, WEFT_SO_REUSEADDR, 1);
    assert_int_equal(weft_bind(exact, &us), 0);
    set_int(pair, WEFT_SOL_SOCKET, WEFT_SO_REUSEADDR, 1);
    assert_int_equal(weft_bind(pair, &all), 0);
    assert_int_equal(weft_connect(pair, &peer), 0);
    for (unsigned i = 0; i < 3; i++) {
        socks[i] = bench_udp(b, NULL);
        set_int(socks[i], WEFT_SOL_SOCKET, WEFT_SO_REUSEADDR, 1);
        assert_int_equal(weft_bind(socks[i], &all), 0);
    }
    for (size_t g = 0; g < ARRAY_LEN(groups); g++) {
        put_text(b, PEER, 1000, groups[g], 2000, "to all of you");
        for (unsigned i = 0; i < 3; i++)
            assert_text(socks[i], "to all of you");
        assert_nothing(elsewhere);
        assert_nothing(exact);
        assert_nothing(pair);
    }
    for (unsigned i = 0; i < 3; i++)
        weft_close(socks[i]);
    weft_close(elsewhere);
    weft_close(exact);
    weft_close(pair);
}

static void a_socket_bound_to_the_broadcast_address_hears_only_that(void **state)
{
    struct bench *b = *state;
    weft_sock *sock = bound(b, SUBNET_ALL, 2000);
    struct weft_addr to = addr(PEER, 1000);
    uint8_t out[64];

    bench_expect_drop(b, udp_no_port, put_text(b, PEER, 1000, US, 2000, "not this"));
    bench_take(b, out, sizeof(out));
    put_text(b, PEER, 1000, SUBNET_ALL, 2000, "this");
    assert_text(sock, "this");
    weft_sendto(sock, "x", 1, 0, &to);
    assert_int_equal(read_ip(out, bench_take(b, out, sizeof(out))).src, US);
    weft_close(sock);
}

static void reuseport_spreads_senders_and_keeps_each_at_one_socket(void **state)
{
    struct bench *b = *state;
    struct weft_addr at = addr(0, 2000);
    weft_sock *socks[4];
    unsigned got[4] = {0};
    char buf[8];

    for (unsigned i = 0; i < 4; i++) {
        socks[i] = bench_udp(b, NULL);
        set_int(socks[i], WEFT_SOL_SOCKET, WEFT_SO_REUSEPORT, 1);
        assert_int_equal(weft_bind(socks[i], &at), 0);
    }
    for (uint16_t port = 1; port <= 400; port++) {
        unsigned owner = 4;

        for (unsigned again = 0; again < 3; again++) {
            put_text(b, PEER, port, US, 2000, "x");
            for (unsigned i = 0; i < 4; i++) {
                if (weft_recv(socks[i], buf, sizeof(buf), 0) != 1)
                    continue;
                assert_true(owner == 4 || owner == i);
                owner = i;
            }
        }
        got[owner]++;
    }
    for (unsigned i = 0; i < 4; i++) {
        assert_in_range(got[i], 60, 140);
        weft_close(socks[i]);
    }
}

/* ---- errors ---- */

/* The ICMP message type, code about a datagram from US:1000 to PEER:2000. */
static void put_error(struct bench *b, uint8_t type, uint8_t code, uint16_t src_port)
{
    struct ipv4_header ours = {.src = US, .dst = PEER};
    uint8_t quote[64], p[128];
    size_t n = make_udp(quote, ours, src_port, 2000, "x", 1);

    bench_input(b, p, make_icmp(p, plain, type, code, 0, quote, n));
}

static void a_refusal_is_heard_at_the_next_call(void **state)
{
    struct bench *b = *state;
    weft_sock *sock = connected(b, 1000, PEER, 2000);
    char got[8];

    /* R1122-4.1.3.3 */
    weft_send(sock, "x", 1, 0);
    put_error(b, 3, 3, 1000);
    assert_true(weft_ready(sock) & WEFT_ERROR);
    assert_int_equal(weft_send(sock, "x", 1, 0), WEFT_ECONNREFUSED);
    assert_int_equal(weft_send(sock, "x", 1, 0), 1);
    put_error(b, 3, 3, 1000);
    assert_int_equal(weft_recv(sock, got, sizeof(got), 0), WEFT_ECONNREFUSED);
    put_error(b, 3, 2, 1000);
    assert_int_equal(weft_error(sock), WEFT_ENOPROTOOPT);
    weft_close(sock);
}

static void hints_do_not_disturb(void **state)
{
    static const uint8_t rows[][2] = {{3, 0}, {3, 1}, {3, 5}, {3, 11}, {3, 12}, {11, 0}};
    struct bench *b = *state;
    weft_sock *sock = connected(b, 1000, PEER, 2000);

    /* R1122-3.2.2.1b */
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        put_error(b, rows[i][0], rows[i][1], 1000);
        assert_int_equal(weft_error(sock), 0);
        assert_int_equal(weft_send(sock, "x", 1, 0), 1);
    }
    weft_close(sock);
}

static void errors_about_others_are_not_ours(void **state)
{
    struct bench *b = *state;
    weft_sock *pair = connected(b, 1000, PEER, 2001), *open = bound(b, 0, 1001);

    bench_expect_drop(b, icmp_no_endpoint, put_error(b, 3, 3, 1000)); /* another peer's port */
    put_error(b, 3, 3, 1001);
    bench_expect_drop(b, icmp_no_endpoint, put_error(b, 3, 3, 1002));
    assert_int_equal(weft_error(pair), 0);
    assert_int_equal(weft_error(open), 0);
    weft_close(pair);
    weft_close(open);
}

static void a_closed_port_of_our_own_refuses(void **state)
{
    struct bench *b = *state;
    weft_sock *sock = connected(b, 1000, V4(127, 0, 0, 1), 2000);

    /* R1122-4.1.3.1 R1122-4.1.3.3 */
    weft_send(sock, "x", 1, 0);
    for (unsigned i = 0; i < 4; i++)
        bench_tick(b, 0);
    assert_int_equal(weft_error(sock), WEFT_ECONNREFUSED);
    weft_close(sock);
}

/* ---- names ---- */

static void bind_takes_only_addresses_of_ours(void **state)
{
    static const struct {
        uint32_t ip;
        int err;
    } rows[] = {{0, 0}, {US, 0}, {OTHER_US, 0}, {V4(127, 0, 0, 1), 0}, {SUBNET_ALL, 0}, {0xffffffff, 0},
                {V4(224, 0, 0, 1), 0}, {PEER, WEFT_EADDRNOTAVAIL}, {STRANGER, WEFT_EADDRNOTAVAIL}};
    struct bench *b = *state;

    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        struct weft_addr at = addr(rows[i].ip, 2000), name;
        weft_sock *sock = bench_udp(b, NULL);

        assert_int_equal(weft_bind(sock, &at), rows[i].err);
        if (!rows[i].err) {
            weft_getsockname(sock, &name);
            assert_int_equal(ip_to_v4(&name.ip), rows[i].ip);
            assert_int_equal(name.port, 2000);
            assert_int_equal(weft_bind(sock, &at), WEFT_EINVAL);
        }
        weft_close(sock);
    }
}

static void ports_conflict_as_the_options_say(void **state)
{
    enum { NO, ADDR, PORT };
    static const struct {
        uint32_t first, second;
        int first_says, second_says;
        bool fits;
    } rows[] = {
        {0, 0, NO, NO, false},      {US, US, NO, NO, false},     {0, US, NO, NO, false},
        {US, 0, NO, NO, false},     {US, OTHER_US, NO, NO, true}, {US, US, ADDR, NO, false},
        {US, US, NO, ADDR, false},  {US, US, ADDR, ADDR, true},  {0, US, ADDR, ADDR, true},
        {US, US, PORT, PORT, true}, {US, US, ADDR, PORT, false}, {0, 0, PORT, PORT, true},
    };
    static const int options[] = {0, WEFT_SO_REUSEADDR, WEFT_SO_REUSEPORT};
    struct bench *b = *state;

    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        weft_sock *first = bench_udp(b, NULL), *second = bench_udp(b, NULL);
        struct weft_addr one = addr(rows[i].first, 2000), two = addr(rows[i].second, 2000);

        if (rows[i].first_says)
            set_int(first, WEFT_SOL_SOCKET, options[rows[i].first_says], 1);
        if (rows[i].second_says)
            set_int(second, WEFT_SOL_SOCKET, options[rows[i].second_says], 1);
        assert_int_equal(weft_bind(first, &one), 0);
        assert_int_equal(weft_bind(second, &two), rows[i].fits ? 0 : WEFT_EADDRINUSE);
        weft_close(first);
        if (!rows[i].fits)
            assert_int_equal(weft_bind(second, &two), 0);
        weft_close(second);
    }
}

static void ephemeral_ports_run_out_and_come_back(void **state)
{
    struct bench *b = *state;
    weft_sock *socks[8], *late = bench_udp(b, NULL);
    struct weft_addr any = addr(0, 0), name;
    unsigned seen = 0;

    b->s->config.port_min = 50000;
    b->s->config.port_max = 50007;
    for (unsigned i = 0; i < 8; i++) {
        socks[i] = bench_udp(b, NULL);
        assert_int_equal(weft_bind(socks[i], &any), 0);
        weft_getsockname(socks[i], &name);
        assert_in_range(name.port, 50000, 50007);
        seen |= 1u << (name.port - 50000);
    }
    assert_int_equal(seen, 0xff);
    assert_int_equal(weft_bind(late, &any), WEFT_EADDRINUSE);
    weft_close(socks[3]);
    assert_int_equal(weft_bind(late, &any), 0);
    for (unsigned i = 0; i < 8; i++)
        if (i != 3)
            weft_close(socks[i]);
    weft_close(late);
}

static void connecting_fixes_both_names_and_can_be_undone(void **state)
{
    struct bench *b = *state;
    weft_sock *sock = bench_udp(b, NULL);
    struct weft_addr remote = addr(PEER, 2000), other = addr(OTHER_PEER, 7), none = addr(0, 0), name;

    assert_int_equal(weft_getpeername(sock, &name), WEFT_ENOTCONN);
    assert_int_equal(weft_connect(sock, &remote), 0);
    weft_getsockname(sock, &name);
    assert_int_equal(ip_to_v4(&name.ip), US);
    assert_int_not_equal(name.port, 0);
    assert_int_equal(weft_getpeername(sock, &name), 0);
    assert_int_equal(name.port, 2000);
    assert_int_equal(weft_connect(sock, &other), 0);
    weft_getsockname(sock, &name);
    assert_int_equal(ip_to_v4(&name.ip), OTHER_US);
    assert_int_equal(weft_connect(sock, &none), 0);
    weft_getsockname(sock, &name);
    assert_int_equal(ip_to_v4(&name.ip), 0);
    assert_int_equal(weft_getpeername(sock, &name), WEFT_ENOTCONN);
    assert_int_equal(weft_send(sock, "x", 1, 0), WEFT_EDESTADDRREQ);
    weft_close(sock);
}

static void replies_leave_from_the_address_the_socket_has(void **state)
{
    struct bench *b = *state;
    struct weft_ip second = weft_ipv4(V4(10, 9, 0, 77));
    struct weft_addr to = addr(PEER, 2000);
    weft_sock *sock;
    uint8_t out[64];

    /* R1122-3.3.4.2: the application names the source */
    weft_if_add_address(b->ifp, &second, 24);
    while (bench_take(b, out, sizeof(out)))
        ;
    sock = bound(b, V4(10, 9, 0, 77), 1000);
    weft_sendto(sock, "x", 1, 0, &to);
    assert_int_equal(read_ip(out, bench_take(b, out, sizeof(out))).src, V4(10, 9, 0, 77));
    weft_close(sock);
}

static void shutting_down_ends_each_direction(void **state)
{
    struct bench *b = *state;
    weft_sock *sock = bound(b, 0, 1000);
    struct weft_addr remote = addr(PEER, 2000);
    char got[8];

    assert_int_equal(weft_shutdown(sock, WEFT_SHUT_RD), WEFT_ENOTCONN);
    weft_connect(sock, &remote);
    assert_int_equal(weft_shutdown(sock, (enum weft_shut)3), WEFT_EINVAL);
    assert_int_equal(weft_shutdown(sock, WEFT_SHUT_WR), 0);
    assert_int_equal(weft_send(sock, "x", 1, 0), WEFT_EPIPE);
    put_text(b, PEER, 2000, US, 1000, "in");
    assert_text(sock, "in");
    assert_int_equal(weft_shutdown(sock, WEFT_SHUT_RD), 0);
    assert_int_equal(weft_recv(sock, got, sizeof(got), 0), 0);
    assert_true(weft_ready(sock) & WEFT_HANGUP);
    weft_close(sock);
}

/* ---- the whole ---- */

struct seen {
    unsigned count, stop_at;
    struct weft_listing last;
};

static bool see(void *ctx, const struct weft_listing *item)
{
    struct seen *seen = ctx;

    seen->last = *item;
    return ++seen->count != seen->stop_at;
}

static void endpoints_are_listed_with_what_waits(void **state)
{
    struct bench *b = *state;
    weft_sock *one = connected(b, 1000, PEER, 2000), *two = bound(b, 0, 2000);
    struct seen seen = {0};

    weft_close(one);
    weft_set_cookie(two, &seen);
    put_text(b, PEER, 1, US, 2000, "12345");
    put_text(b, PEER, 1, US, 2000, "678");
    weft_list(b->s, see, &seen);
    assert_int_equal(seen.count, 1);
    assert_int_equal(seen.last.proto, WEFT_UDP);
    assert_int_equal(seen.last.local.port, 2000);
    assert_int_equal(seen.last.recv_q, 8);
    assert_ptr_equal(seen.last.cookie, &seen);
    one = bound(b, 0, 3000);
    seen = (struct seen){.stop_at = 1};
    weft_list(b->s, see, &seen);
    assert_int_equal(seen.count, 1);
    weft_close(one);
    weft_close(two);
}

static void a_stack_may_go_with_its_sockets(void **state)
{
    struct bench *b = *state;

    connected(b, 1000, PEER, 2000);
    bound(b, 0, 2000);
    bench_udp(b, NULL);
    put_text(b, PEER, 1, US, 2000, "unread");
    /* teardown finds every byte given back */
}

static void an_interface_may_go_while_its_datagrams_wait(void **state)
{
    struct bench *b = *state;
    weft_sock *sock = bound(b, 0, 2000);

    put_text(b, PEER, 1, US, 2000, "unread");
    weft_if_free(b->ifp);
    b->ifp = NULL;
    assert_text(sock, "unread");
    weft_close(sock);
}

/* Makes a socket, names it, connects, sends, receives; every step may fail for want of memory. */
static bool exchange(struct bench *b)
{
    struct weft_addr local = addr(0, 2000), remote = addr(PEER, 1000);
    uint8_t p[128], out[128];
    size_t n = make_udp(p, plain, 1000, 2000, "ping", 4);
    weft_pkt *pkt = weft_pkt_new(b->s, n);
    weft_sock *sock = NULL;
    int err = 0;
    bool done = false;

    if (pkt) {
        memcpy(weft_pkt_data(pkt), p, n);
        weft_pkt_set_len(pkt, n);
    }
    sock = weft_socket(b->s, WEFT_UDP, &err);
    if (sock && weft_bind(sock, &local) == 0 && weft_connect(sock, &remote) == 0 && pkt) {
        weft_input(b->ifp, &pkt, 1, b->now);
        pkt = NULL;
        done = weft_recv(sock, out, sizeof(out), 0) == 4 && weft_send(sock, "pong", 4, 0) == 4;
    }
    if (sock)
        weft_close(sock);
    if (pkt)
        weft_pkt_release(pkt);
    return done && bench_take(b, out, sizeof(out)) == 32;
}

static void udp_survives_each_failing_allocation(void **state)
{
    struct bench *b = *state;
    bool done = false;
    unsigned nth;

    for (nth = 1; !done && nth < 100; nth++) {
        harness_env_fail_nth(&b->h, nth);
        done = exchange(b);
        harness_env_fail_nth(&b->h, 0);
    }
    assert_true(done);
    assert_in_range(nth, 4, 20);
}

/* RFC 768: also where the link was to complete it, and does not because the datagram goes in fragments. */
static void a_checksum_of_zero_in_fragments_is_all_ones(void **state)
{
    struct bench *b = *state;
    struct weft_addr to = addr(PEER, 2000);
    uint8_t text[3000] = {1, 2, 3}, out[1600];
    weft_sock *sock = bound(b, 0, 1000);

    b->ifp->offload |= WEFT_OFFLOAD_CSUM;
    for (unsigned i = 0; i < 2; i++) {
        assert_int_equal(weft_sendto(sock, text, sizeof text, 0, &to), sizeof text);
        assert_true(bench_take(b, out, sizeof out) > IPV4_HEADER + UDP_HEADER);
        if (i == 0)
            memcpy(text + sizeof text - 2, out + IPV4_HEADER + 6, 2); /* what is missing to zero */
        else
            assert_int_equal(peek_u16(out + IPV4_HEADER + 6), 0xffff);
        while (bench_take(b, out, sizeof out))
            ;
    }
    weft_close(sock);
}

#define CLAIM(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        CLAIM(a_datagram_goes_out_with_header_and_checksum),
        CLAIM(pieces_of_any_length_make_one_datagram),
        CLAIM(a_checksum_of_zero_is_sent_as_all_ones),
        CLAIM(the_longest_datagram_goes_out_in_fragments),
        CLAIM(datagrams_are_fragmented_as_the_socket_wants),
        CLAIM(the_link_is_left_the_checksum_when_it_offers),
        CLAIM(a_link_that_takes_trains_gets_them_whole),
        CLAIM(a_link_that_takes_none_gets_datagrams),
        CLAIM(a_train_to_a_group_is_heard_in_datagrams),
        CLAIM(a_train_is_received_in_datagrams),
        CLAIM(who_wants_trains_gets_it_whole),
        CLAIM(options_of_the_socket_show_in_the_datagram),
        CLAIM(broadcasting_must_be_asked_for),
        CLAIM(sending_needs_a_destination_that_can_be_one),
        CLAIM(groups_are_on_the_link_and_not_behind_the_gateway),
        CLAIM(without_any_route_a_broadcast_still_finds_a_wire),
        CLAIM(a_socket_at_loopback_does_not_speak_on_a_wire),
        CLAIM(a_datagram_is_read_with_its_sender),
        CLAIM(datagrams_are_read_in_order_and_one_by_one),
        CLAIM(peeking_takes_nothing),
        CLAIM(what_does_not_fit_is_lost_and_said_so),
        CLAIM(a_datagram_is_scattered_over_the_pieces),
        CLAIM(lengths_that_lie_are_dropped_and_excess_is_trimmed),
        CLAIM(a_bad_checksum_is_dropped_and_none_is_accepted),
        CLAIM(the_receive_buffer_is_bounded_by_true_size),
        CLAIM(one_datagram_is_taken_whatever_its_size),
        CLAIM(a_definite_address_is_preferred_to_any),
        CLAIM(a_pair_is_preferred_to_everything),
        CLAIM(many_pairs_behind_one_port_are_told_apart),
        CLAIM(everybody_who_listens_gets_a_group_datagram),
        CLAIM(a_socket_bound_to_the_broadcast_address_hears_only_that),
        CLAIM(reuseport_spreads_senders_and_keeps_each_at_one_socket),
        CLAIM(a_refusal_is_heard_at_the_next_call),
        CLAIM(hints_do_not_disturb),
        CLAIM(errors_about_others_are_not_ours),
        CLAIM(a_closed_port_of_our_own_refuses),
        CLAIM(bind_takes_only_addresses_of_ours),
        CLAIM(ports_conflict_as_the_options_say),
        CLAIM(ephemeral_ports_run_out_and_come_back),
        CLAIM(connecting_fixes_both_names_and_can_be_undone),
        CLAIM(replies_leave_from_the_address_the_socket_has),
        CLAIM(shutting_down_ends_each_direction),
        CLAIM(endpoints_are_listed_with_what_waits),
        CLAIM(a_stack_may_go_with_its_sockets),
        CLAIM(an_interface_may_go_while_its_datagrams_wait),
        CLAIM(udp_survives_each_failing_allocation),
        cmocka_unit_test_setup_teardown(a_checksum_of_zero_in_fragments_is_all_ones, setup, teardown),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
