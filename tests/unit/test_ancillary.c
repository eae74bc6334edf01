/* SPDX-License-Identifier: MIT */
/* What goes with a datagram besides its bytes, out and in, and the queue of what went wrong with those that were sent. */
#include <stdio.h>

#include "ip/private.h"
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

static weft_sock *bound(struct bench *b, uint16_t port)
{
    struct weft_addr local = addr(0, port);

    return bench_udp(b, &local);
}

static void set_int(weft_sock *sock, int option, int value)
{
    assert_int_equal(weft_setsockopt(sock, WEFT_SOL_IP, option, &value, sizeof value), 0);
}

/* ---- out ---- */

static int64_t send_with(weft_sock *sock, const struct weft_control *control)
{
    struct weft_iov iov = {(char[]){"x"}, 1};
    struct weft_addr to = addr(PEER, 2000);

    return weft_sendmsg_control(sock, &iov, 1, 0, &to, control);
}

/* WEFT_CONTROL_DONTROUTE: neighbours are reached, and nobody behind them. */
static void one_datagram_goes_to_neighbours_only(void **state)
{
    struct bench *b = *state;
    weft_sock *sock = bound(b, 1000);
    struct weft_control control = {.has = WEFT_CONTROL_DONTROUTE};
    struct weft_iov iov = {(char[]){"x"}, 1};
    struct weft_addr far = addr(STRANGER, 2000);
    uint8_t out[64];

    assert_int_equal(send_with(sock, &control), 1);
    assert_true(bench_take(b, out, sizeof out) > 0);
    assert_int_equal(weft_sendmsg_control(sock, &iov, 1, 0, &far, &control), WEFT_ENETUNREACH);
    bench_assert_silent(b);
    assert_int_equal(weft_sendmsg_control(sock, &iov, 1, 0, &far, NULL), 1);
    bench_take(b, out, sizeof out);
    weft_close(sock);
}

static void one_datagram_has_another_ttl_and_class(void **state)
{
    struct bench *b = *state;
    weft_sock *sock = bound(b, 1000);
    struct weft_control control = {.has = WEFT_CONTROL_TTL | WEFT_CONTROL_TOS | WEFT_CONTROL_DF, .ttl = 3, .tos = 0x28,
                                   .df = true};
    uint8_t out[64];
    struct ipv4_header h;

    assert_int_equal(send_with(sock, &control), 1);
    h = read_ip(out, bench_take(b, out, sizeof out));
    assert_int_equal(h.ttl, 3);
    assert_int_equal(h.tos, 0x28);
    assert_true(h.df);
    assert_int_equal(send_with(sock, NULL), 1);
    h = read_ip(out, bench_take(b, out, sizeof out));
    assert_int_equal(h.ttl, 64); /* the next one is as the socket has it */
    assert_int_equal(h.tos, 0);
    assert_false(h.df);
    weft_close(sock);
}

static void what_control_cannot_say_is_refused(void **state)
{
    static const struct {
        struct weft_control control;
        int64_t result;
    } rows[] = {
        {{.has = WEFT_CONTROL_TTL, .ttl = 0}, WEFT_EINVAL},    {{.has = WEFT_CONTROL_TTL, .ttl = 256}, WEFT_EINVAL},
        {{.has = WEFT_CONTROL_TTL, .ttl = -1}, WEFT_EINVAL},   {{.has = WEFT_CONTROL_TTL, .ttl = 255}, 1},
        {{.has = WEFT_CONTROL_TTL, .ttl = 1}, 1},
        {{.has = WEFT_CONTROL_TOS, .tos = 0}, 1},              {{.has = WEFT_CONTROL_TOS, .tos = 255}, 1},
        {{.has = WEFT_CONTROL_TOS, .tos = 256}, WEFT_EINVAL},  {{.has = WEFT_CONTROL_TOS, .tos = -1}, WEFT_EINVAL},
        {{.has = WEFT_CONTROL_PKTINFO, .interface = 99}, WEFT_ENODEV},
    };
    struct bench *b = *state;
    weft_sock *sock = bound(b, 1000);
    uint8_t out[64];

    for (size_t i = 0; i < ARRAY_LEN(rows); i++)
        if (send_with(sock, &rows[i].control) != rows[i].result)
            fail_msg("row %zu", i);
    for (unsigned i = 0; i < 4; i++) /* those that were allowed */
        assert_int_equal(bench_take(b, out, sizeof out), 29);
    bench_assert_silent(b);
    weft_close(sock);
}

/* R1122-4.1.3.5 */
static void source_and_interface_are_named_for_one_datagram(void **state)
{
    struct bench *b = *state;
    weft_sock *sock = bound(b, 1000);
    struct weft_ip second = weft_ipv4(US + 1);
    struct weft_control control = {.has = WEFT_CONTROL_PKTINFO, .address = second};
    uint8_t out[64];

    assert_int_equal(send_with(sock, &control), WEFT_ENETUNREACH); /* none of ours yet */
    assert_int_equal(weft_if_add_address(b->ifp, &second, 24), 0);
    assert_int_equal(send_with(sock, &control), 1);
    assert_int_equal(read_ip(out, bench_take(b, out, sizeof out)).src, US + 1);
    control = (struct weft_control){.has = WEFT_CONTROL_PKTINFO, .interface = weft_if_index(b->ifp),
                                    .address = weft_ipv4(0)};
    assert_int_equal(send_with(sock, &control), 1);
    assert_int_equal(read_ip(out, bench_take(b, out, sizeof out)).src, US);
    weft_close(sock);
}

/* ---- in ---- */

static struct weft_control receive(weft_sock *sock, int64_t result)
{
    char bytes[2048];
    struct weft_iov iov = {bytes, sizeof bytes};
    struct weft_control control = {0};
    struct weft_addr from;
    unsigned flags;

    assert_int_equal(weft_recvmsg_control(sock, &iov, 1, 0, &from, &flags, &control), result);
    return control;
}

static void put(struct bench *b, size_t n)
{
    struct ipv4_header h = {.src = PEER, .dst = US, .ttl = 7, .tos = 0x10};
    uint8_t payload[1024] = {0}, p[1100];

    bench_input(b, p, make_udp(p, h, 2000, 1000, payload, n));
}

/* R1122-4.1.3.5 */
static void only_what_was_asked_for_is_told(void **state)
{
    static const struct {
        int option;
        unsigned item;
    } rows[] = {{WEFT_IP_RECVTTL, WEFT_CONTROL_TTL}, {WEFT_IP_RECVTOS, WEFT_CONTROL_TOS},
                {WEFT_IP_PKTINFO, WEFT_CONTROL_PKTINFO}, {WEFT_IP_RECVORIGDSTADDR, WEFT_CONTROL_ORIGDST}};
    struct bench *b = *state;
    weft_sock *sock = bound(b, 1000);
    struct weft_ip us = weft_ipv4(US);
    struct weft_control control;
    unsigned all = 0;

    put(b, 1);
    assert_int_equal(receive(sock, 1).has, 0);
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        all |= rows[i].item;
        set_int(sock, rows[i].option, 1);
        put(b, 1);
        control = receive(sock, 1);
        assert_int_equal(control.has, all);
    }
    assert_int_equal(control.ttl, 7);
    assert_int_equal(control.tos, 0x10);
    assert_int_equal(control.interface, weft_if_index(b->ifp));
    assert_memory_equal(&control.address, &us, sizeof us);
    assert_memory_equal(&control.local, &us, sizeof us);
    assert_int_equal(control.port, 1000);
    for (size_t i = 0; i < ARRAY_LEN(rows); i++)
        set_int(sock, rows[i].option, 0);
    put(b, 1);
    assert_int_equal(receive(sock, 1).has, 0);
    receive(sock, WEFT_EAGAIN);
    weft_close(sock);
}

static void lost_datagrams_are_counted_for_the_next_one(void **state)
{
    struct bench *b = *state;
    weft_sock *sock = bound(b, 1000);
    int one = 1, small = 2304;
    struct weft_control control;
    uint32_t lost;

    assert_int_equal(weft_setsockopt(sock, WEFT_SOL_SOCKET, WEFT_SO_RXQ_OVFL, &one, sizeof one), 0);
    assert_int_equal(weft_setsockopt(sock, WEFT_SOL_SOCKET, WEFT_SO_RCVBUF, &small, sizeof small), 0);
    put(b, 1);
    assert_int_equal(receive(sock, 1).has, 0); /* nothing was lost */
    for (int i = 0; i < 40; i++)
        put(b, 1000);
    lost = (uint32_t)weft_drops(b->s, WEFT_DROP_udp_buffer_full);
    assert_in_range(lost, 1, 39);
    while (weft_unread(sock))
        assert_int_equal(receive(sock, 1000).has, 0); /* they came before any was lost */
    put(b, 1);
    control = receive(sock, 1);
    assert_int_equal(control.has, WEFT_CONTROL_LOST);
    assert_int_equal(control.lost, lost);
    weft_close(sock);
}

/* ---- reports ---- */

/* The ICMP message of this type and code about a datagram from US:1000 to PEER:2000 that said "hello". */
static void put_error(struct bench *b, uint8_t type, uint8_t code, uint32_t word)
{
    struct ipv4_header ours = {.src = US, .dst = PEER};
    uint8_t quote[64], p[128];
    size_t n = make_udp(quote, ours, 1000, 2000, "hello", 5);

    bench_input(b, p, make_icmp(p, plain, type, code, word, quote, n));
}

static struct weft_report take_report(weft_sock *sock, size_t room, int64_t result, unsigned expected_flags)
{
    char bytes[16] = "";
    struct weft_iov iov = {bytes, room};
    struct weft_report report = {0};
    unsigned flags = 0;

    assert_int_equal(weft_recv_report(sock, &iov, 1, &flags, &report), result);
    if (result > 0)
        assert_memory_equal(bytes, "hello", (size_t)result);
    assert_int_equal(flags, expected_flags);
    return report;
}

static void reports_say_what_happened_to_which_datagram(void **state)
{
    struct bench *b = *state;
    weft_sock *sock = bound(b, 1000);
    struct weft_ip peer = weft_ipv4(PEER);
    struct weft_report r;

    put_error(b, 3, 3, 0);
    assert_int_equal(weft_error(sock), 0); /* without a peer and without asking nobody hears of it */
    take_report(sock, 16, WEFT_EAGAIN, 0);
    set_int(sock, WEFT_IP_RECVERR, 1);
    put_error(b, 3, 3, 0);
    put_error(b, 11, 0, 0);
    assert_true(weft_ready(sock) & WEFT_ERROR);
    r = take_report(sock, 16, 5, 0);
    assert_int_equal(r.error, WEFT_ECONNREFUSED);
    assert_int_equal(r.origin, WEFT_ORIGIN_ICMP);
    assert_int_equal(r.type, 3);
    assert_int_equal(r.code, 3);
    assert_int_equal(r.to.port, 2000);
    assert_memory_equal(&r.to.ip, &peer, sizeof peer);
    assert_memory_equal(&r.offender, &peer, sizeof peer);
    assert_int_equal(weft_error(sock), WEFT_EHOSTUNREACH); /* that of the next report */
    r = take_report(sock, 3, 3, WEFT_MSG_TRUNC);
    assert_int_equal(r.type, 11);
    assert_int_equal(weft_error(sock), 0);
    assert_false(weft_ready(sock) & WEFT_ERROR);
    weft_close(sock);
}

static void whoever_asks_no_more_has_no_reports(void **state)
{
    struct bench *b = *state;
    weft_sock *sock = bound(b, 1000);

    set_int(sock, WEFT_IP_RECVERR, 1);
    put_error(b, 3, 3, 0);
    set_int(sock, WEFT_IP_RECVERR, 0);
    take_report(sock, 16, WEFT_EAGAIN, 0);
    assert_int_equal(weft_error(sock), WEFT_ECONNREFUSED); /* what is pending stays */
    weft_close(sock);
}

static void what_is_too_long_to_go_whole_is_reported_by_ourselves(void **state)
{
    static uint8_t big[1473];
    struct bench *b = *state;
    weft_sock *sock = bound(b, 1000);
    struct weft_addr to = addr(PEER, 2000);
    struct weft_report r;

    set_int(sock, WEFT_IP_RECVERR, 1);
    set_int(sock, WEFT_IP_MTU_DISCOVER, WEFT_PMTUDISC_DO);
    assert_int_equal(weft_sendto(sock, big, sizeof big, 0, &to), WEFT_EMSGSIZE);
    r = take_report(sock, 16, 0, 0);
    assert_int_equal(r.error, WEFT_EMSGSIZE);
    assert_int_equal(r.origin, WEFT_ORIGIN_LOCAL);
    assert_int_equal(r.info, 1500);
    put_error(b, 3, 4, 1400); /* a router knows better */
    r = take_report(sock, 16, 5, 0);
    assert_int_equal(r.error, WEFT_EMSGSIZE);
    assert_int_equal(r.origin, WEFT_ORIGIN_ICMP);
    assert_int_equal(r.info, 1400);
    assert_int_equal(weft_sendto(sock, big, 1400, 0, &to), WEFT_EMSGSIZE);
    weft_close(sock);
}

static void reports_have_the_receive_buffers_room(void **state)
{
    struct bench *b = *state;
    weft_sock *sock = bound(b, 1000);
    int small = 2304, n = 0;
    struct weft_report r;
    unsigned flags;

    set_int(sock, WEFT_IP_RECVERR, 1);
    assert_int_equal(weft_setsockopt(sock, WEFT_SOL_SOCKET, WEFT_SO_RCVBUF, &small, sizeof small), 0);
    for (int i = 0; i < 100; i++)
        put_error(b, 3, 3, 0);
    while (weft_recv_report(sock, NULL, 0, &flags, &r) >= 0)
        n++;
    assert_in_range(n, 1, 99);
    assert_int_equal(weft_drops(b->s, WEFT_DROP_icmp_buffer_full), 100 - n);
    weft_close(sock);
}

/* ---- the queue ---- */

/* A datagram as it waits to be read, with so many bytes of options in its header. */
static struct weft_pkt *waiting(struct bench *b, uint32_t options)
{
    struct weft_pkt *pkt = bench_message(b, 1400, 1400);

    pkt->l4 = (uint16_t)pkt_headroom(pkt);
    pkt->l3 = (uint16_t)(pkt->l4 - IPV4_HEADER - options);
    pkt->dst = weft_ipv4(US);
    return pkt;
}

/* What it holds is what counts, and the memory of a plain datagram is given back with it. */
static void a_queue_takes_what_fits_exactly(void **state)
{
    struct bench *b = *state;
    struct dgram_queue q = {0};
    struct weft_pkt *third = waiting(b, 0);
    size_t size = pkt_true_size(third);
    uint8_t bytes[1400];
    struct weft_iov iov = {bytes, sizeof bytes};
    unsigned flags;

    q.limit = 2 * size;
    assert_true(dgram_push(&q, waiting(b, 0)));
    assert_true(dgram_push(&q, waiting(b, 4)));
    assert_int_equal(q.held, 2 * size);
    assert_false(dgram_push(&q, third));
    assert_int_equal(q.lost, 1);
    assert_int_equal(dgram_take(&q, &iov, 1, 0, &flags), 1400);
    assert_int_equal(q.held, size);
    assert_null(q.taken);
    assert_true(dgram_push(&q, third));
    assert_int_equal(dgram_take(&q, &iov, 1, 0, &flags), 1400);
    assert_non_null(q.taken); /* who took it may still be told of its options */
    dgram_clear(&q);
    assert_int_equal(q.held, 0);
    assert_null(q.taken);
}

/* ---- options that only count ---- */

static void a_number_that_one_byte_does_not_hold_is_given_in_more(void **state)
{
    struct bench *b = *state;
    weft_sock *sock = bound(b, 1000);
    struct weft_addr peer = addr(PEER, 2000);
    uint8_t value[4];
    size_t n;

    assert_int_equal(weft_connect(sock, &peer), 0);
    for (uint32_t mtu = 255; mtu <= 256; mtu++) {
        assert_int_equal(weft_if_set_mtu(b->ifp, mtu), 0);
        n = 2;
        assert_int_equal(weft_getsockopt(sock, WEFT_SOL_IP, WEFT_IP_MTU, value, &n), 0);
        assert_int_equal(n, mtu - 254);
        n = sizeof value;
        assert_int_equal(weft_getsockopt(sock, WEFT_SOL_IP, WEFT_IP_MTU, value, &n), 0);
        assert_int_equal(n, sizeof value); /* who has room for all of it gets all */
    }
    weft_close(sock);
}

static void a_filter_that_is_locked_stays_locked(void **state)
{
    struct bench *b = *state;
    weft_sock *sock = bound(b, 1000);
    int on = 1, off = 0, got = 0;
    size_t n = sizeof got;

    assert_int_equal(weft_setsockopt(sock, WEFT_SOL_SOCKET, WEFT_SO_LOCK_FILTER, &off, sizeof off), 0);
    assert_int_equal(weft_setsockopt(sock, WEFT_SOL_SOCKET, WEFT_SO_LOCK_FILTER, &on, sizeof on), 0);
    assert_int_equal(weft_setsockopt(sock, WEFT_SOL_SOCKET, WEFT_SO_LOCK_FILTER, &on, sizeof on), 0);
    assert_int_equal(weft_setsockopt(sock, WEFT_SOL_SOCKET, WEFT_SO_LOCK_FILTER, &off, sizeof off), WEFT_EPERM);
    assert_int_equal(weft_getsockopt(sock, WEFT_SOL_SOCKET, WEFT_SO_LOCK_FILTER, &got, &n), 0);
    assert_int_equal(got, 1);
    n = sizeof got;
    assert_int_equal(weft_getsockopt(sock, WEFT_SOL_SOCKET, WEFT_SO_ATTACH_FILTER, &got, &n), 0);
    assert_int_equal(n, 0); /* there is none */
    weft_close(sock);
}

static void the_last_report_takes_the_error_with_it(void **state)
{
    struct bench *b = *state;
    weft_sock *sock = bound(b, 1000);

    set_int(sock, WEFT_IP_RECVERR, 1);
    put_error(b, 3, 3, 0);
    take_report(sock, 16, 5, 0);
    assert_int_equal(weft_error(sock), 0);
    weft_close(sock);
}

/* A short datagram in a large block would fill the buffer with nothing: it is kept in a small one. */
static void a_short_datagram_does_not_keep_a_large_block(void **state)
{
    struct bench *b = *state;
    struct weft_pkt *pkt = pkt_new_linear(b->s, PKT_HEADROOM, 40000);
    struct dgram_queue q = {.limit = 10000};
    uint8_t bytes[16];
    struct weft_iov iov = {bytes, sizeof bytes};
    unsigned flags;

    pkt->l3 = (uint16_t)(pkt_headroom(pkt) - IPV4_HEADER);
    pkt->l4 = (uint16_t)pkt_headroom(pkt);
    pkt->dst = weft_ipv4(US);
    memcpy(pkt->data, "headers.0123456789", 18);
    pkt_pull(pkt, 8);
    pkt->len = 10;
    assert_true(pkt_true_size(pkt) > 40000);
    assert_true(dgram_push(&q, pkt));
    assert_true(q.held < 4000);
    assert_int_equal(dgram_take(&q, &iov, 1, 0, &flags), 10);
    assert_memory_equal(bytes, "0123456789", 10);
    dgram_clear(&q);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(one_datagram_has_another_ttl_and_class, setup, teardown),
        cmocka_unit_test_setup_teardown(one_datagram_goes_to_neighbours_only, setup, teardown),
        cmocka_unit_test_setup_teardown(what_control_cannot_say_is_refused, setup, teardown),
        cmocka_unit_test_setup_teardown(source_and_interface_are_named_for_one_datagram, setup, teardown),
        cmocka_unit_test_setup_teardown(only_what_was_asked_for_is_told, setup, teardown),
        cmocka_unit_test_setup_teardown(lost_datagrams_are_counted_for_the_next_one, setup, teardown),
        cmocka_unit_test_setup_teardown(reports_say_what_happened_to_which_datagram, setup, teardown),
        cmocka_unit_test_setup_teardown(whoever_asks_no_more_has_no_reports, setup, teardown),
        cmocka_unit_test_setup_teardown(what_is_too_long_to_go_whole_is_reported_by_ourselves, setup, teardown),
        cmocka_unit_test_setup_teardown(reports_have_the_receive_buffers_room, setup, teardown),
        cmocka_unit_test_setup_teardown(a_queue_takes_what_fits_exactly, setup, teardown),
        cmocka_unit_test_setup_teardown(a_number_that_one_byte_does_not_hold_is_given_in_more, setup, teardown),
        cmocka_unit_test_setup_teardown(a_filter_that_is_locked_stays_locked, setup, teardown),
        cmocka_unit_test_setup_teardown(the_last_report_takes_the_error_with_it, setup, teardown),
        cmocka_unit_test_setup_teardown(a_short_datagram_does_not_keep_a_large_block, setup, teardown),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
