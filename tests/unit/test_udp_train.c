/* SPDX-License-Identifier: MIT */
/* Trains: many datagrams of UDP with one call. */
#include "udp_bench.h"

static void a_link_that_takes_trains_gets_them_whole(void **state)
{
    struct bench *b = *state;
    weft_sock *sock = bound(b, 0, 1000);
    struct weft_addr to = addr(PEER, 2000);
    uint8_t payload[3000], out[3100];
    struct weft_pkt_offload o;
    weft_pkt *pkt;

    b->ifp->offload = WEFT_OFFLOAD_CSUM | WEFT_OFFLOAD_TSO | WEFT_OFFLOAD_USO;
    set_int(sock, WEFT_SOL_UDP, WEFT_UDP_SEGMENT, 1452);
    fill_pattern(payload, sizeof payload, 1);
    assert_int_equal(weft_sendto(sock, payload, sizeof payload, 0, &to), sizeof payload);
    assert_int_equal(weft_output(b->ifp, &pkt, 1, b->now), 1);
    weft_pkt_get_offload(pkt, &o);
    assert_int_equal(o.gso_size, 1452);
    assert_int_equal(o.header_len, ip_len() + 8);
    assert_int_equal(o.csum_offset, 6);
    assert_int_equal(weft_pkt_copy(pkt, 0, out, sizeof out), ip_len() + 8 + sizeof payload);
    weft_pkt_release(pkt);
    assert_int_equal(peek_u16(out + ip_len() + 4), 8 + sizeof payload);
    assert_memory_equal(out + ip_len() + 8, payload, sizeof payload);
    assert_int_equal(weft_counter(b->s, WEFT_COUNT_udp_out), 3);
    bench_assert_silent(b);
    weft_close(sock);
}

/* The next datagram on the wire has these n bytes. */
static void assert_sent(struct bench *b, const uint8_t *payload, size_t n)
{
    uint8_t out[1600];

    assert_int_equal(bench_take(b, out, sizeof out), ip_len() + 8 + n);
    assert_int_equal(peek_u16(out + ip_len() + 4), 8 + n);
    assert_true(checksum_is_right(out, ip_len() + 8 + n));
    assert_memory_equal(out + ip_len() + 8, payload, n);
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
        if (by_v6)
            set_int(sock, WEFT_SOL_IPV6, WEFT_IPV6_MTU_DISCOVER, discover);
        else
            set_int(sock, WEFT_SOL_IP, WEFT_IP_MTU_DISCOVER, discover);
        assert_int_equal(weft_sendto(sock, payload, sizeof payload, 0, &to), sizeof payload);
        assert_sent(b, payload, 100);
        assert_sent(b, payload + 100, 100);
        assert_sent(b, payload + 200, 50);
        bench_assert_silent(b);
    }
    weft_close(sock);
}

/* The link cuts the train: its payload is what counts, not what stands before it in the packet's room. */
static void a_train_takes_an_identification_for_each_datagram(void **state)
{
    struct bench *b = *state;
    weft_sock *sock = bound(b, 0, 1000);
    struct weft_addr to = addr(PEER, 2000);
    uint8_t payload[250] = {0}, out[1600];
    uint16_t first;

    set_int(sock, WEFT_SOL_IP, WEFT_IP_MTU_DISCOVER, WEFT_PMTUDISC_DONT);
    set_int(sock, WEFT_SOL_UDP, WEFT_UDP_SEGMENT, 100);
    assert_int_equal(weft_sendto(sock, payload, sizeof payload, 0, &to), sizeof payload);
    assert_int_equal(weft_sendto(sock, payload, 1, 0, &to), 1);
    bench_take(b, out, sizeof out);
    first = peek_u16(out + 4);
    for (uint16_t i = 1; i <= 3; i++) {
        bench_take(b, out, sizeof out);
        assert_int_equal(peek_u16(out + 4), (uint16_t)(first + i));
    }
    weft_close(sock);
}

/* RFC 6864 §4.3, where we are asked for it: 7281 datagrams in an eighth of their life, 2427 trains of three. */
static void trains_use_identifications_up_by_their_datagrams(void **state)
{
    struct bench *b = *state;
    weft_sock *sock = bound(b, 0, 1000);
    struct weft_addr to = addr(PEER, 2000);
    uint8_t payload[250] = {0}, out[1600];
    unsigned trains = 0;

    b->s->config.ip_ident_life = 120 * WEFT_S;
    set_int(sock, WEFT_SOL_IP, WEFT_IP_MTU_DISCOVER, WEFT_PMTUDISC_DONT);
    set_int(sock, WEFT_SOL_UDP, WEFT_UDP_SEGMENT, 100);
    for (; weft_sendto(sock, payload, sizeof payload, 0, &to) == sizeof payload; trains++)
        for (int i = 0; i < 3; i++)
            bench_take(b, out, sizeof out);
    assert_int_equal(trains, 65536 / 9 / 3);
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
    struct weft_pkt_offload o = {.csum_partial = true, .csum_start = (uint16_t)ip_len(), .csum_offset = 6, .gso_size = size};
    uint8_t p[256];

    bench_input_unfinished(b, p, make_datagram(p, PEER, 2000, US, 1000, text, strlen(text)), o);
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

int main(void)
{
    const struct CMUnitTest tests[] = {
        CLAIM_BOTH(a_link_that_takes_trains_gets_them_whole),
        CLAIM_BOTH(a_link_that_takes_none_gets_datagrams),
        CLAIM(a_train_takes_an_identification_for_each_datagram),
        CLAIM(trains_use_identifications_up_by_their_datagrams),
        CLAIM(a_train_to_a_group_is_heard_in_datagrams),
        CLAIM_BOTH(a_train_is_received_in_datagrams),
        CLAIM_BOTH(who_wants_trains_gets_it_whole),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
