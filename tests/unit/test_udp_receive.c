/* SPDX-License-Identifier: MIT */
/* Datagrams of UDP read: one by one, whole, within the buffer; what is dropped. */
#include "udp_bench.h"

static void a_datagram_is_read_with_its_sender(void **state)
{
    struct bench *b = *state;
    weft_sock *sock = bound(b, 0, 2000);
    struct weft_addr from, peer = addr(PEER, 1000);
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
    assert_true(ip_eq(&from.ip, &peer.ip));
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
    bench_input_spans(b, p, make_datagram(p, PEER, 1000, US, 2000, payload, sizeof(payload)), by_v6 ? 48 : 28);
    assert_int_equal(weft_recvmsg(sock, iov, 3, 0, NULL, NULL), 1000);
    assert_memory_equal(got, payload, sizeof(payload));
    weft_close(sock);
}

/* A message that tells its own length; by IPv6 it has a checksum for that. */
static size_t make_message(uint8_t *out, uint8_t *message, size_t n)
{
    struct make6 v6 = {.proto = IP_PROTO_UDP};
    struct ipv4_header v4 = {.src = PEER, .dst = US, .proto = IP_PROTO_UDP};
    size_t told = peek_u16(message + 4);

    if (!by_v6)
        return make_ip(out, v4, message, n);
    if (told >= UDP_HEADER && told <= n)
        sum6(message, told, UDP_CHECKSUM_AT, v6);
    return make_ip6(out, v6, message, n);
}

static void lengths_that_lie_are_dropped_and_excess_is_trimmed(void **state)
{
    struct bench *b = *state;
    weft_sock *sock = bound(b, 0, 2000);
    uint8_t p[64], message[16] = {1000 >> 8, 1000 & 255, 2000 >> 8, 2000 & 255};

    /* RFC768-len; of IPv4 the checksum is left out */
    for (unsigned len = 0; len < 40; len++) {
        poke_u16(message + 4, (uint16_t)len);
        if (len < 8 || len > 16) {
            bench_expect_drop(b, udp_length, bench_input(b, p, make_message(p, message, 16)));
        } else {
            char got[16];

            bench_input(b, p, make_message(p, message, 16));
            assert_int_equal(weft_recv(sock, got, sizeof(got), 0), len - 8);
        }
    }
    for (size_t n = 0; n < 8; n++)
        bench_expect_drop(b, udp_short, bench_input(b, p, make_message(p, message, n)));
    assert_nothing(sock);
    weft_close(sock);
}

static void a_bad_checksum_is_dropped_and_none_is_accepted_by_ipv4(void **state)
{
    struct bench *b = *state;
    weft_sock *sock = bound(b, 0, 2000);
    uint8_t p[64];
    size_t n = make_datagram(p, PEER, 1000, US, 2000, "hello", 5), text = n - 5;

    /* R1122-4.1.3.4a, R8200-8.1 */
    for (size_t i = text; i < n; i++) {
        p[i] ^= 1;
        bench_expect_drop(b, udp_checksum, bench_input(b, p, n));
        p[i] ^= 1;
    }
    poke_u16(p + text - 2, 0);
    if (by_v6) {
        bench_expect_drop(b, udp_checksum, bench_input(b, p, n));
    } else {
        bench_input(b, p, n);
        assert_text(sock, "hello");
    }
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
    static uint8_t p[65600], payload[65507], got[65536];

    set_int(sock, WEFT_SOL_SOCKET, WEFT_SO_RCVBUF, 0); /* means the least there is */
    fill_pattern(payload, sizeof(payload), 1);
    bench_input(b, p, make_datagram(p, PEER, 1000, US, 2000, payload, sizeof(payload)));
    bench_expect_drop(b, udp_buffer_full, put_text(b, PEER, 1000, US, 2000, "x"));
    assert_int_equal(weft_recv(sock, got, sizeof(got), 0), 65507);
    assert_memory_equal(got, payload, sizeof(payload));
    weft_close(sock);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        CLAIM_BOTH(a_datagram_is_read_with_its_sender),
        CLAIM_BOTH(datagrams_are_read_in_order_and_one_by_one),
        CLAIM_BOTH(peeking_takes_nothing),
        CLAIM_BOTH(what_does_not_fit_is_lost_and_said_so),
        CLAIM_BOTH(a_datagram_is_scattered_over_the_pieces),
        CLAIM_BOTH(lengths_that_lie_are_dropped_and_excess_is_trimmed),
        CLAIM_BOTH(a_bad_checksum_is_dropped_and_none_is_accepted_by_ipv4),
        CLAIM_BOTH(the_receive_buffer_is_bounded_by_true_size),
        CLAIM_BOTH(one_datagram_is_taken_whatever_its_size),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
