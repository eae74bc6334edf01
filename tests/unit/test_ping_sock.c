/* SPDX-License-Identifier: MIT */
/* Ping sockets: requests out, replies and errors back. */
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

static const struct weft_addr peer = {.ip = {{0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff, 10, 9, 0, 1}}};

/* An echo request as a program writes it: identifier and checksum are for the socket to fill in. */
static const uint8_t request[16] = {8, 0, 0xde, 0xad, 0xbe, 0xef, 0, 7, 'p', 'i', 'n', 'g', 'd', 'a', 't', 'a'};

static weft_sock *ping_new(struct bench *b)
{
    int err = 1;
    weft_sock *sock = weft_socket(b->s, WEFT_ICMP, &err);

    assert_non_null(sock);
    assert_int_equal(weft_sock_proto(sock), WEFT_ICMP);
    return sock;
}

static uint16_t id_of(const weft_sock *sock)
{
    struct weft_addr local;

    weft_getsockname(sock, &local);
    return local.port;
}

/* The peer's reply with this identifier and sequence number 7. */
static void reply_from(struct bench *b, uint32_t src, uint16_t id)
{
    struct ipv4_header h = {.src = src, .dst = US};
    uint8_t p[64];

    bench_input(b, p, make_icmp(p, h, ICMPV4_ECHO_REPLY, 0, (uint32_t)id << 16 | 7, "pingdata", 8));
}

/* An ICMP error about the request with this identifier. */
static void error_about(struct bench *b, uint16_t id, uint8_t type, uint8_t code)
{
    struct ipv4_header ours = {.src = US, .dst = PEER}, h = {.src = PEER, .dst = US};
    uint8_t quote[64], p[128];
    size_t n = make_icmp(quote, ours, ICMPV4_ECHO, 0, (uint32_t)id << 16 | 7, "pingdata", 8);

    bench_input(b, p, make_icmp(p, h, type, code, 0, quote, n));
}

static void any_identifier_but_none_may_be_asked_for(void **state)
{
    static const uint16_t ids[] = {1, 2, 0x8000, 0xffff};
    struct bench *b = *state;

    for (size_t i = 0; i < ARRAY_LEN(ids); i++) {
        weft_sock *sock = ping_new(b), *second = ping_new(b);
        struct weft_addr local = {weft_ipv4(US), ids[i]};

        assert_int_equal(weft_bind(sock, &local), 0);
        assert_int_equal(id_of(sock), ids[i]);
        assert_int_equal(weft_bind(second, &local), WEFT_EADDRINUSE);
        weft_close(second);
        weft_close(sock);
    }
}

static void a_request_goes_out_under_the_sockets_own_identifier(void **state)
{
    struct bench *b = *state;
    weft_sock *sock = ping_new(b);
    uint8_t out[100];
    size_t n;

    assert_int_equal(weft_sendto(sock, request, sizeof(request), 0, &peer), sizeof(request));
    n = bench_take(b, out, sizeof(out));
    assert_int_equal(n, IPV4_HEADER + sizeof(request));
    assert_int_equal(read_ip(out, n).dst, PEER);
    assert_int_equal(read_ip(out, n).src, US);
    assert_int_equal(out[20], ICMPV4_ECHO);
    assert_int_equal(csum(out + 20, n - 20), 0);
    assert_int_not_equal(id_of(sock), 0);
    assert_int_equal(peek_u16(out + 24), id_of(sock));
    assert_memory_equal(out + 26, request + 6, sizeof(request) - 6);
    weft_close(sock);
}

static void the_reply_comes_back_whole_with_its_sender(void **state)
{
    struct bench *b = *state;
    weft_sock *sock = ping_new(b);
    struct weft_addr from;
    struct weft_event event;
    uint8_t got[100];

    weft_set_cookie(sock, b);
    weft_sendto(sock, request, sizeof(request), 0, &peer);
    assert_int_equal(weft_recv(sock, got, sizeof(got), 0), WEFT_EAGAIN);
    while (weft_events(b->s, &event, 1))
        ;
    reply_from(b, PEER, id_of(sock));
    assert_int_equal(weft_events(b->s, &event, 1), 1);
    assert_ptr_equal(event.cookie, b);
    assert_true(event.ready & WEFT_READABLE);
    assert_true(weft_ready(sock) & WEFT_READABLE);
    assert_int_equal(weft_unread(sock), 16);
    assert_int_equal(weft_recvfrom(sock, got, sizeof(got), 0, &from), 16);
    assert_int_equal(got[0], ICMPV4_ECHO_REPLY);
    assert_int_equal(peek_u16(got + 6), 7);
    assert_memory_equal(got + 8, "pingdata", 8);
    assert_true(ip_eq(&from.ip, &peer.ip));
    assert_false(weft_ready(sock) & WEFT_READABLE);
    weft_close(sock);
}

static void only_echo_requests_may_be_sent(void **state)
{
    struct bench *b = *state;
    weft_sock *sock = ping_new(b);
    uint8_t message[16];
    static uint8_t large[65516];

    for (unsigned type = 0; type < 256; type++) {
        memcpy(message, request, sizeof(message));
        message[0] = (uint8_t)type;
        assert_int_equal(weft_sendto(sock, message, 16, 0, &peer), type == ICMPV4_ECHO ? 16 : WEFT_EINVAL);
    }
    message[0] = ICMPV4_ECHO;
    message[1] = 1;
    assert_int_equal(weft_sendto(sock, message, 16, 0, &peer), WEFT_EINVAL);
    for (size_t n = 0; n < 8; n++)
        assert_int_equal(weft_sendto(sock, request, n, 0, &peer), WEFT_EINVAL);
    large[0] = ICMPV4_ECHO;
    assert_int_equal(weft_sendto(sock, large, 65516, 0, &peer), WEFT_EMSGSIZE);
    assert_int_equal(weft_sendto(sock, large, 65515, 0, &peer), 65515);
    assert_int_equal(weft_send(sock, request, 16, 0), WEFT_EDESTADDRREQ);
    weft_close(sock);
}

static void no_two_sockets_share_an_identifier(void **state)
{
    struct bench *b = *state;
    struct weft_addr any = {.ip = weft_ipv4(0)};
    weft_sock *socks[64], *late = ping_new(b);

    for (unsigned i = 0; i < 64; i++) {
        socks[i] = ping_new(b);
        assert_int_equal(weft_bind(socks[i], &any), 0);
        for (unsigned k = 0; k < i; k++)
            assert_int_not_equal(id_of(socks[i]), id_of(socks[k]));
    }
    any.port = id_of(socks[0]);
    assert_int_equal(weft_bind(late, &any), WEFT_EADDRINUSE);
    assert_int_equal(weft_bind(socks[0], &any), WEFT_EINVAL);
    for (unsigned i = 0; i < 64; i++)
        weft_close(socks[i]);
    assert_int_equal(weft_bind(late, &any), 0);
    weft_close(late);
}

static void replies_for_somebody_else_are_dropped(void **state)
{
    struct bench *b = *state;
    weft_sock *sock = ping_new(b);
    struct weft_addr local = {.ip = weft_ipv4(OTHER_US), .port = 42};

    weft_bind(sock, &local);
    bench_expect_drop(b, icmp_no_endpoint, reply_from(b, PEER, 43));
    bench_expect_drop(b, icmp_no_endpoint, reply_from(b, PEER, 42)); /* to another address than it is bound to */
    weft_close(sock);
    bench_expect_drop(b, icmp_no_endpoint, reply_from(b, PEER, 42));
}

static void a_connected_socket_hears_its_peer_only(void **state)
{
    struct bench *b = *state;
    weft_sock *sock = ping_new(b);
    struct weft_addr name, any = {.ip = weft_ipv4(0)};
    uint8_t got[64];

    assert_int_equal(weft_getpeername(sock, &name), WEFT_ENOTCONN);
    assert_int_equal(weft_connect(sock, &peer), 0);
    assert_int_equal(weft_getpeername(sock, &name), 0);
    assert_true(ip_eq(&name.ip, &peer.ip));
    assert_int_equal(weft_send(sock, request, 16, 0), 16);
    bench_expect_drop(b, icmp_no_endpoint, reply_from(b, STRANGER, id_of(sock)));
    reply_from(b, PEER, id_of(sock));
    assert_int_equal(weft_recv(sock, got, sizeof(got), 0), 16);
    assert_int_equal(weft_connect(sock, &any), 0);
    reply_from(b, STRANGER, id_of(sock));
    assert_int_equal(weft_recv(sock, got, sizeof(got), 0), 16);
    weft_close(sock);
}

static void errors_become_the_pending_error(void **state)
{
    static const struct {
        uint8_t type, code;
        int err;
    } rows[] = {{3, 0, WEFT_ENETUNREACH}, {3, 1, WEFT_EHOSTUNREACH}, {3, 3, WEFT_ECONNREFUSED},
                {11, 0, WEFT_EHOSTUNREACH}};
    struct bench *b = *state;
    weft_sock *sock = ping_new(b);
    uint8_t got[64];

    weft_sendto(sock, request, 16, 0, &peer);
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        error_about(b, id_of(sock), rows[i].type, rows[i].code);
        assert_true(weft_ready(sock) & WEFT_ERROR);
        assert_int_equal(weft_recv(sock, got, sizeof(got), 0), rows[i].err);
        assert_int_equal(weft_recv(sock, got, sizeof(got), 0), WEFT_EAGAIN);
    }
    bench_expect_drop(b, icmp_no_endpoint, error_about(b, (uint16_t)(id_of(sock) + 1), 3, 1));
    weft_close(sock);
}

static void the_receive_buffer_is_bounded(void **state)
{
    struct bench *b = *state;
    weft_sock *sock = ping_new(b);
    struct weft_addr local = {.ip = weft_ipv4(0), .port = 42};
    int room = 20000;

    weft_bind(sock, &local);
    assert_int_equal(weft_setsockopt(sock, WEFT_SOL_SOCKET, WEFT_SO_RCVBUF, &room, sizeof(room)), 0);
    for (unsigned i = 0; i < 1000; i++)
        reply_from(b, PEER, 42);
    assert_in_range(weft_drops(b->s, WEFT_DROP_icmp_buffer_full), 900, 999);
    weft_close(sock);
}

static void options_of_the_socket_show_in_the_datagram(void **state)
{
    struct bench *b = *state;
    weft_sock *sock = ping_new(b);
    struct weft_addr all = {.ip = weft_ipv4(SUBNET_ALL)};
    int ttl = 5, tos = 0x10, yes = 1;
    uint8_t out[64];
    size_t n;

    weft_setsockopt(sock, WEFT_SOL_IP, WEFT_IP_TTL, &ttl, sizeof(ttl));
    weft_setsockopt(sock, WEFT_SOL_IP, WEFT_IP_TOS, &tos, sizeof(tos));
    weft_sendto(sock, request, 16, 0, &peer);
    n = bench_take(b, out, sizeof(out));
    assert_int_equal(read_ip(out, n).ttl, 5);
    assert_int_equal(read_ip(out, n).tos, 0x10);
    assert_int_equal(weft_sendto(sock, request, 16, 0, &all), WEFT_EACCES);
    weft_setsockopt(sock, WEFT_SOL_SOCKET, WEFT_SO_BROADCAST, &yes, sizeof(yes));
    assert_int_equal(weft_sendto(sock, request, 16, 0, &all), 16);
    weft_close(sock);
}

static void a_ping_to_ourselves_is_answered(void **state)
{
    struct bench *b = *state;
    weft_sock *sock = ping_new(b);
    struct weft_addr self = {.ip = weft_ipv4(V4(127, 0, 0, 1))};
    uint8_t got[64];

    assert_int_equal(weft_sendto(sock, request, 16, 0, &self), 16);
    for (unsigned i = 0; i < 4; i++)
        bench_tick(b, 0);
    assert_int_equal(weft_recv(sock, got, sizeof(got), 0), 16);
    assert_int_equal(got[0], ICMPV4_ECHO_REPLY);
    weft_close(sock);
}

static void a_stack_may_go_with_its_ping_sockets(void **state)
{
    struct bench *b = *state;
    weft_sock *sock = ping_new(b);

    weft_sendto(sock, request, 16, 0, &peer);
    reply_from(b, PEER, id_of(sock));
    ping_new(b);
    /* teardown finds every byte given back */
}

static void each_socket_finds_an_identifier_of_its_own(void **state)
{
    struct bench *b = *state;
    weft_sock *one = ping_new(b), *two = ping_new(b);

    assert_int_equal(weft_sendto(one, request, sizeof request, 0, &peer), sizeof request);
    assert_int_equal(weft_sendto(two, request, sizeof request, 0, &peer), sizeof request);
    assert_true(id_of(one) > 0 && id_of(two) > 0);
    assert_int_not_equal(id_of(one), id_of(two));
    weft_close(one);
    weft_close(two);
}

static void a_socket_that_is_connected_to_nobody_hears_everybody(void **state)
{
    struct bench *b = *state;
    weft_sock *sock = ping_new(b);
    const struct weft_addr nobody = {.ip = weft_ipv4(0)};
    struct weft_addr local;
    uint8_t got[64];

    assert_int_equal(weft_connect(sock, &peer), 0);
    weft_getsockname(sock, &local);
    assert_int_equal(ip_to_v4(&local.ip), US);
    reply_from(b, STRANGER, id_of(sock));
    assert_int_equal(weft_recv(sock, got, sizeof got, 0), WEFT_EAGAIN);
    assert_int_equal(weft_connect(sock, &nobody), 0);
    weft_getsockname(sock, &local);
    assert_true(ip_is_any(&local.ip));
    reply_from(b, STRANGER, id_of(sock));
    assert_int_equal(weft_recv(sock, got, sizeof got, 0), 16);
    weft_close(sock);
}

static void what_must_go_whole_and_does_not_fit_is_refused(void **state)
{
    struct bench *b = *state;
    weft_sock *sock = ping_new(b);
    uint8_t large[2000] = {ICMPV4_ECHO};
    int whole = WEFT_PMTUDISC_DO;

    assert_int_equal(weft_setsockopt(sock, WEFT_SOL_IP, WEFT_IP_MTU_DISCOVER, &whole, sizeof whole), 0);
    assert_int_equal(weft_sendto(sock, large, sizeof large, 0, &peer), WEFT_EMSGSIZE);
    bench_assert_silent(b);
    assert_int_equal(weft_sendto(sock, large, 1400, 0, &peer), 1400);
    weft_close(sock);
}

/* Requests to several go each its own way: the way to the one before is kept for a peer only. */
static void each_request_goes_its_own_way(void **state)
{
    struct bench *b = *state;
    struct weft_addr behind = {.ip = weft_ipv4(OTHER_PEER)};
    weft_sock *sock = ping_new(b);
    uint8_t out[100];

    for (unsigned i = 0; i < 2; i++) {
        assert_int_equal(weft_sendto(sock, request, sizeof request, 0, &peer), sizeof request);
        assert_int_equal(read_ip(out, bench_take(b, out, sizeof out)).dst, PEER);
        assert_int_equal(weft_sendto(sock, request, sizeof request, 0, &behind), sizeof request);
        assert_int_equal(read_ip(out, bench_take_from(b, b->other, out, sizeof out)).dst, OTHER_PEER);
        bench_assert_silent(b);
    }
    weft_close(sock);
}

#define CLAIM(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        CLAIM(a_request_goes_out_under_the_sockets_own_identifier),
        CLAIM(any_identifier_but_none_may_be_asked_for),
        CLAIM(the_reply_comes_back_whole_with_its_sender),
        CLAIM(only_echo_requests_may_be_sent),
        CLAIM(no_two_sockets_share_an_identifier),
        CLAIM(replies_for_somebody_else_are_dropped),
        CLAIM(a_connected_socket_hears_its_peer_only),
        CLAIM(errors_become_the_pending_error),
        CLAIM(the_receive_buffer_is_bounded),
        CLAIM(options_of_the_socket_show_in_the_datagram),
        CLAIM(a_ping_to_ourselves_is_answered),
        CLAIM(a_stack_may_go_with_its_ping_sockets),
        cmocka_unit_test_setup_teardown(each_socket_finds_an_identifier_of_its_own, setup, teardown),
        cmocka_unit_test_setup_teardown(a_socket_that_is_connected_to_nobody_hears_everybody, setup, teardown),
        cmocka_unit_test_setup_teardown(what_must_go_whole_and_does_not_fit_is_refused, setup, teardown),
        cmocka_unit_test_setup_teardown(each_request_goes_its_own_way, setup, teardown),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
