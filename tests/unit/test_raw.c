/* SPDX-License-Identifier: MIT */
/* Raw sockets: which datagrams they hear and how much of them, what goes out, filters. */
#include "ip6_bench.h"

static int setup(void **state)
{
    static const struct weft_if_config first = {.name = "t0", .link = WEFT_LINK_IP, .mtu = 1500};
    struct bench *b = calloc(1, sizeof *b);
    struct weft_ip us = weft_ipv4(US), us6 = ip6(US6);
    struct weft_env env;

    harness_env_init(&b->h, 7);
    env = harness_env(&b->h);
    b->now = WEFT_S;
    b->s = weft_stack_new(&env, NULL, b->now, NULL);
    b->ifp = weft_if_new(b->s, &first, NULL);
    b->other = b->ifp;
    assert_int_equal(weft_if_add_address(b->ifp, &us, 24), 0);
    assert_int_equal(weft_if_add_address(b->ifp, &us6, 64), 0);
    *state = b;
    return 0;
}

static int teardown(void **state)
{
    bench_free(*state);
    return 0;
}

static weft_sock *raw(struct bench *b, enum weft_family family, unsigned protocol)
{
    weft_sock *sock = weft_socket_raw(b->s, family, protocol, NULL);

    assert_non_null(sock);
    return sock;
}

/* The bytes that the socket hears next; 0: none. */
static size_t hear(weft_sock *sock, uint8_t *p, size_t max)
{
    int64_t n = weft_recv(sock, p, max, 0);

    if (n == WEFT_EAGAIN)
        return 0;
    assert_true(n >= 0);
    return (size_t)n;
}

static bool heard(weft_sock *sock)
{
    uint8_t p[2048];

    return hear(sock, p, sizeof p) > 0;
}

static const struct ipv4_header plain = {.src = PEER, .dst = US};

/* ---- hearing ---- */

static void a_copy_comes_before_the_transport_with_its_header(void **state)
{
    struct bench *b = *state;
    weft_sock *udp = raw(b, WEFT_INET, 17), *icmp = raw(b, WEFT_INET, 1), *none = raw(b, WEFT_INET, 200);
    uint8_t p[256], got[256], out[256];
    size_t n = make_udp(p, plain, 9, 5000, "hello", 5);

    bench_expect_drop(b, udp_no_port, bench_input(b, p, n)); /* whether UDP wants it or not */
    assert_int_equal(hear(udp, got, sizeof got), n);
    assert_memory_equal(got, p, n);
    assert_false(heard(icmp) || heard(none));
    assert_true(bench_take(b, out, sizeof out) > 0); /* the port is still unreachable */
    p[n - 1] ^= 1;
    bench_expect_drop(b, udp_checksum, bench_input(b, p, n));
    assert_true(heard(udp));
    n = make_icmp(p, plain, ICMPV4_ECHO, 0, 7, "abc", 3);
    bench_input(b, p, n);
    assert_int_equal(hear(icmp, got, sizeof got), n);
    assert_int_equal(bench_take(b, out, sizeof out), n); /* and the echo is answered */
    weft_close(udp);
    weft_close(icmp);
    weft_close(none);
}

static void a_protocol_nobody_knows_is_unreachable_unless_heard(void **state)
{
    struct bench *b = *state;
    struct ipv4_header h = {.src = PEER, .dst = US, .proto = 200};
    struct make6 h6 = {.proto = 200};
    uint8_t p[128], out[256];
    size_t n = make_ip(p, h, "payload", 7), n6;
    weft_sock *sock, *sock6;

    bench_expect_drop(b, ip_unknown_protocol, bench_input(b, p, n));
    assert_true(bench_take(b, out, sizeof out) > 0);
    n6 = make_ip6(out, h6, "payload", 7);
    bench_expect_drop(b, ip_unknown_protocol, bench_input(b, out, n6));
    assert_true(bench_take(b, p, sizeof p) > 0);
    sock = raw(b, WEFT_INET, 200);
    sock6 = raw(b, WEFT_INET6, 200);
    n = make_ip(p, h, "payload", 7);
    bench_input(b, p, n);
    bench_input(b, out, n6);
    bench_assert_silent(b);
    assert_int_equal(hear(sock, p, sizeof p), n);
    assert_int_equal(hear(sock6, p, sizeof p), 7); /* of IPv6 without headers */
    assert_memory_equal(p, "payload", 7);
    assert_false(heard(sock) || heard(sock6));
    weft_close(sock);
    weft_close(sock6);
}

static void bind_and_connect_choose_by_address(void **state)
{
    struct bench *b = *state;
    struct weft_addr us = {.ip = weft_ipv4(US)}, peer = {.ip = weft_ipv4(PEER)}, nobody = {.ip = weft_ipv4(STRANGER)};
    weft_sock *any = raw(b, WEFT_INET, 1), *bound = raw(b, WEFT_INET, 1), *other = raw(b, WEFT_INET, 1);
    uint8_t p[64];
    size_t n = make_icmp(p, plain, ICMPV4_ECHO_REPLY, 0, 7, NULL, 0);
    struct weft_addr from;

    assert_int_equal(weft_bind(bound, &us), 0);
    assert_int_equal(weft_connect(bound, &peer), 0);
    assert_int_equal(weft_bind(other, &nobody), WEFT_EADDRNOTAVAIL);
    us.ip = weft_ipv4(0x7f000001);
    assert_int_equal(weft_bind(other, &us), 0);
    bench_input(b, p, n);
    assert_true(heard(bound) && !heard(other));
    assert_int_equal(weft_recvfrom(any, p, sizeof p, 0, &from), n);
    assert_memory_equal(&from.ip, &peer.ip, sizeof from.ip);
    n = make_icmp(p, (struct ipv4_header){.src = PEER + 4, .dst = US}, ICMPV4_ECHO_REPLY, 0, 7, NULL, 0);
    bench_input(b, p, n);
    assert_true(heard(any) && !heard(bound));
    weft_close(any);
    weft_close(bound);
    weft_close(other);
}

static void icmp_filters_choose_by_type(void **state)
{
    struct bench *b = *state;
    weft_sock *v4 = raw(b, WEFT_INET, 1), *v6 = raw(b, WEFT_INET6, 58), *udp = raw(b, WEFT_INET, 17);
    uint32_t only_replies = ~(1u << ICMPV4_ECHO_REPLY), only_echo6[8], got[8];
    uint8_t p[128];
    size_t n = sizeof got;

    memset(only_echo6, 0xff, sizeof only_echo6);
    only_echo6[4] &= ~1u; /* 128 */
    assert_int_equal(weft_setsockopt(v4, WEFT_SOL_RAW, WEFT_ICMP_FILTER, &only_replies, 4), 0);
    assert_int_equal(weft_setsockopt(v6, WEFT_SOL_ICMPV6, WEFT_ICMP6_FILTER, only_echo6, 32), 0);
    assert_int_equal(weft_setsockopt(udp, WEFT_SOL_RAW, WEFT_ICMP_FILTER, &only_replies, 4), WEFT_EOPNOTSUPP);
    assert_int_equal(weft_getsockopt(v6, WEFT_SOL_ICMPV6, WEFT_ICMP6_FILTER, got, &n), 0);
    assert_memory_equal(got, only_echo6, sizeof got);
    bench_input(b, p, make_icmp(p, plain, ICMPV4_ECHO, 0, 7, NULL, 0));
    assert_false(heard(v4));
    bench_input(b, p, make_icmp(p, plain, ICMPV4_ECHO_REPLY, 0, 7, NULL, 0));
    assert_true(heard(v4));
    bench_input(b, p, make_icmp(p, plain, 40, 0, 7, NULL, 0)); /* beyond what the filter has bits for */
    assert_true(heard(v4));
    bench_input(b, p, make_icmp6(p, (struct make6){0}, ICMPV6_ECHO, 0, 7, NULL, 0));
    assert_true(heard(v6));
    bench_input(b, p, make_icmp6(p, (struct make6){0}, ICMPV6_ECHO_REPLY, 0, 7, NULL, 0));
    assert_false(heard(v6));
    n = make_icmp6(p, (struct make6){0}, ICMPV6_ECHO, 0, 7, NULL, 0);
    p[n - 1] ^= 1;
    bench_input(b, p, n);
    assert_false(heard(v6));
    assert_int_equal(weft_drops(b->s, WEFT_DROP_raw_checksum), 1); /* RFC 3542 §3.1 */
    weft_close(v4);
    weft_close(v6);
    weft_close(udp);
}

static void a_full_buffer_drops(void **state)
{
    struct bench *b = *state;
    weft_sock *sock = raw(b, WEFT_INET, 200);
    struct ipv4_header h = {.src = PEER, .dst = US, .proto = 200};
    uint8_t p[1500], zeros[1400] = {0};
    size_t n = make_ip(p, h, zeros, sizeof zeros), got = 0;
    int least = 1;

    assert_int_equal(weft_setsockopt(sock, WEFT_SOL_SOCKET, WEFT_SO_RCVBUF, &least, sizeof least), 0);
    for (unsigned i = 0; i < 10; i++)
        bench_input(b, p, n);
    while (heard(sock))
        got++;
    assert_in_range(got, 1, 3);
    assert_int_equal(weft_drops(b->s, WEFT_DROP_raw_buffer_full), 10 - got);
    weft_close(sock);
}

static void what_is_cut_off_anywhere_does_no_harm(void **state)
{
    struct bench *b = *state;
    weft_sock *icmp = raw(b, WEFT_INET, 1), *icmp6 = raw(b, WEFT_INET6, 58), *sums = raw(b, WEFT_INET6, 200);
    struct weft_filter far = {0x28, 0, 0, 1000}, program[2] = {far, {6, 0, 0, 1}};
    uint32_t nothing[8] = {0};
    uint8_t p[128], got[128];
    int at = 40;

    assert_int_equal(weft_setsockopt(icmp, WEFT_SOL_RAW, WEFT_ICMP_FILTER, nothing, 4), 0);
    assert_int_equal(weft_setsockopt(sums, WEFT_SOL_IPV6, WEFT_IPV6_CHECKSUM, &at, sizeof at), 0);
    for (size_t n = 0; n < 12; n++) {
        struct ipv4_header h = {.src = PEER, .dst = US, .proto = 1};
        struct make6 h6 = {.proto = 58}, h200 = {.proto = 200};
        uint8_t zeros[12] = {0};

        bench_input(b, p, make_ip(p, h, zeros, n));
        assert_int_equal(hear(icmp, got, sizeof got), n ? 20 + n : 0); /* without a type nobody knows who wants it */
        bench_input(b, p, make_ip6(p, h6, zeros, n));
        assert_int_equal(hear(icmp6, got, sizeof got), 0); /* the checksum is wrong */
        bench_input(b, p, make_ip6(p, h200, zeros, n));
        assert_int_equal(hear(sums, got, sizeof got), 0); /* or it is not even there */
    }
    assert_int_equal(weft_setsockopt(icmp, WEFT_SOL_SOCKET, WEFT_SO_ATTACH_FILTER, program, sizeof program), 0);
    bench_input(b, p, make_icmp(p, plain, ICMPV4_ECHO_REPLY, 0, 7, NULL, 0));
    assert_false(heard(icmp)); /* a filter that reads beyond the end refuses */
    weft_close(icmp);
    weft_close(icmp6);
    weft_close(sums);
}

static void many_deaf_sockets_keep_within_their_bounds(void **state)
{
    enum { SOCKETS = 20, DATAGRAMS = 200, SIZE = 1400 };
    struct bench *b = *state;
    struct ipv4_header h = {.src = PEER, .dst = US, .proto = 200};
    uint8_t p[1500], zeros[SIZE] = {0};
    weft_sock *sock[SOCKETS];
    size_t n = make_ip(p, h, zeros, sizeof zeros), before, held;
    int limit = 4096, full = 0;
    size_t size = sizeof full;

    for (unsigned i = 0; i < SOCKETS; i++) {
        sock[i] = raw(b, WEFT_INET, 200);
        assert_int_equal(weft_setsockopt(sock[i], WEFT_SOL_SOCKET, WEFT_SO_RCVBUF, &limit, sizeof limit), 0);
    }
    assert_int_equal(weft_getsockopt(sock[0], WEFT_SOL_SOCKET, WEFT_SO_RCVBUF, &full, &size), 0);
    before = weft_memory(b->s, NULL);
    for (unsigned i = 0; i < DATAGRAMS; i++)
        bench_input(b, p, n);
    held = weft_memory(b->s, NULL) - before;
    assert_in_range(held, SOCKETS * SIZE, 2 * SOCKETS * ((size_t)full + SIZE)); /* and what keeping them costs */
    assert_true(weft_drops(b->s, WEFT_DROP_raw_buffer_full) >= SOCKETS * (DATAGRAMS - (size_t)full / SIZE));
    for (unsigned i = 0; i < SOCKETS; i++)
        weft_close(sock[i]);
}

/* ---- errors ---- */

static void errors_reach_who_may_have_sent_it(void **state)
{
    struct bench *b = *state;
    weft_sock *with = raw(b, WEFT_INET, 200), *alone = raw(b, WEFT_INET, 200), *asks = raw(b, WEFT_INET, 200);
    weft_sock *other = raw(b, WEFT_INET, 201);
    struct weft_addr peer = {.ip = weft_ipv4(PEER)};
    struct weft_report report;
    struct weft_iov iov;
    uint8_t out[128], p[256], quoted[16];
    unsigned flags;
    int one = 1;
    size_t n;

    assert_int_equal(weft_connect(with, &peer), 0);
    assert_int_equal(weft_connect(other, &peer), 0);
    assert_int_equal(weft_setsockopt(asks, WEFT_SOL_IP, WEFT_IP_RECVERR, &one, sizeof one), 0);
    assert_int_equal(weft_sendto(alone, "payload!", 8, 0, &peer), 8);
    n = bench_take(b, out, sizeof out);
    bench_input(b, p, make_icmp(p, plain, ICMPV4_UNREACHABLE, 2, 0, out, n));
    assert_int_equal(weft_error(with), WEFT_ENOPROTOOPT);
    assert_int_equal(weft_error(alone), 0);
    assert_int_equal(weft_error(other), 0);
    assert_int_equal(weft_error(asks), WEFT_ENOPROTOOPT);
    iov = (struct weft_iov){quoted, sizeof quoted};
    assert_int_equal(weft_recv_report(asks, &iov, 1, &flags, &report), 8);
    assert_memory_equal(quoted, "payload!", 8);
    assert_int_equal(report.code, 2);
    weft_close(with);
    weft_close(alone);
    weft_close(asks);
    weft_close(other);
}

/* ---- filters ---- */

static void attached_programs_choose_and_cut(void **state)
{
    /* tcpdump -y RAW -ddd 'udp dst port 5000', for the socket that sees the header of IPv4 */
    static const struct weft_filter port_5000[] = {
        {48, 0, 0, 9},  {21, 0, 6, 17},   {40, 0, 0, 6}, {69, 4, 0, 8191},  {177, 0, 0, 0},
        {72, 0, 0, 2},  {21, 0, 1, 5000}, {6, 0, 0, 30}, {6, 0, 0, 0},
    };
    static const struct weft_filter endless[] = {{5, 0, 0, ~0u}, {6, 0, 0, 0}};
    struct bench *b = *state;
    weft_sock *sock = raw(b, WEFT_INET, 17), *udp, *tcp = weft_socket(b->s, WEFT_TCP, NULL);
    struct weft_filter none = {6, 0, 0, 0}, eleven = {6, 0, 0, 11};
    struct weft_addr local = {.ip = weft_ipv4(0), .port = 5000};
    uint8_t p[128], got[128];
    size_t n = make_udp(p, plain, 9, 5000, "hello", 5);

    udp = bench_udp(b, &local);
    assert_int_equal(weft_setsockopt(sock, WEFT_SOL_SOCKET, WEFT_SO_DETACH_FILTER, &(int){0}, 4), WEFT_ENOENT);
    assert_int_equal(weft_setsockopt(sock, WEFT_SOL_SOCKET, WEFT_SO_ATTACH_FILTER, endless, sizeof endless),
                     WEFT_EINVAL);
    assert_int_equal(weft_setsockopt(sock, WEFT_SOL_SOCKET, WEFT_SO_ATTACH_FILTER, port_5000, sizeof port_5000), 0);
    assert_int_equal(weft_setsockopt(tcp, WEFT_SOL_SOCKET, WEFT_SO_ATTACH_FILTER, &none, sizeof none), 0);
    assert_int_equal(weft_setsockopt(tcp, WEFT_SOL_SOCKET, WEFT_SO_DETACH_FILTER, &(int){0}, 4), 0);
    bench_input(b, p, n);
    assert_int_equal(hear(sock, got, sizeof got), 30); /* what the program keeps */
    assert_memory_equal(got, p, 30);
    assert_int_equal(hear(udp, got, sizeof got), 5);
    assert_int_equal(weft_setsockopt(udp, WEFT_SOL_SOCKET, WEFT_SO_ATTACH_FILTER, &eleven, sizeof eleven), 0);
    bench_input(b, p, n);
    assert_int_equal(hear(udp, got, sizeof got), 3); /* a filter of UDP's sees its header, too */
    assert_int_equal(weft_setsockopt(udp, WEFT_SOL_SOCKET, WEFT_SO_ATTACH_FILTER, &none, sizeof none), 0);
    bench_expect_drop(b, sock_filter, bench_input(b, p, n));
    assert_false(heard(udp));
    assert_int_equal(weft_setsockopt(udp, WEFT_SOL_SOCKET, WEFT_SO_DETACH_FILTER, &(int){0}, 4), 0);
    bench_input(b, p, n);
    assert_true(heard(udp));
    weft_close(sock);
    weft_close(udp);
    weft_close(tcp);
}

/* ---- sending ---- */

static void any_protocol_goes_out(void **state)
{
    struct bench *b = *state;
    weft_sock *sock = raw(b, WEFT_INET, 200), *sock6 = raw(b, WEFT_INET6, 200);
    struct weft_addr to = {.ip = weft_ipv4(PEER)}, to6 = addr6(PEER6, 0);
    struct ipv4_header h;
    uint8_t out[128];
    size_t n;
    int ttl = 9, at = 2;

    assert_int_equal(weft_setsockopt(sock, WEFT_SOL_IP, WEFT_IP_TTL, &ttl, sizeof ttl), 0);
    assert_int_equal(weft_sendto(sock, "payload", 7, 0, &to), 7);
    n = bench_take(b, out, sizeof out);
    h = read_ip(out, n);
    assert_int_equal(h.proto, 200);
    assert_int_equal(h.ttl, 9);
    assert_int_equal(h.src, US);
    assert_memory_equal(out + 20, "payload", 7);
    assert_int_equal(weft_sendto(sock, "payload", 7, 0, &to6), WEFT_EAFNOSUPPORT);
    assert_int_equal(weft_send(sock, "payload", 7, 0), WEFT_EDESTADDRREQ);
    assert_int_equal(weft_setsockopt(sock6, WEFT_SOL_IPV6, WEFT_IPV6_CHECKSUM, &at, sizeof at), 0);
    assert_int_equal(weft_sendto(sock6, "payload", 7, 0, &to6), 7);
    n = bench_take(b, out, sizeof out);
    assert_int_equal(read_ip6(out, n, US6, PEER6).next, 200);
    bench_input(b, out, n); /* from ourselves: dropped, and nothing else than that is of interest here */
    assert_int_equal(weft_sendto(sock6, "pay", 3, 0, &to6), WEFT_EINVAL); /* no room for the checksum */
    at = 3;
    assert_int_equal(weft_setsockopt(sock6, WEFT_SOL_IPV6, WEFT_IPV6_CHECKSUM, &at, sizeof at), WEFT_EINVAL);
    weft_close(sock);
    weft_close(sock6);
}

static void icmpv6_gets_its_checksum(void **state)
{
    struct bench *b = *state;
    weft_sock *sock = raw(b, WEFT_INET6, 58);
    struct weft_addr to = addr6(PEER6, 0);
    uint8_t echo[12] = {ICMPV6_ECHO, 0, 0xaa, 0xaa, 0, 7, 0, 1, 'a', 'b', 'c', 'd'}, out[128];
    struct csum sum = {0};
    struct ipv6_header ip;
    int at = -1;

    assert_int_equal(weft_setsockopt(sock, WEFT_SOL_IPV6, WEFT_IPV6_CHECKSUM, &at, sizeof at), WEFT_EINVAL);
    assert_int_equal(weft_sendto(sock, echo, sizeof echo, 0, &to), sizeof echo);
    assert_int_equal(bench_take(b, out, sizeof out), 52);
    ip = read_ip6(out, 52, US6, PEER6);
    ip_pseudo_header(&sum, &ip.src, &ip.dst, IP_PROTO_ICMPV6, 12);
    csum_add(&sum, out + 40, 12);
    assert_int_equal(csum_fold(&sum), 0);
    weft_close(sock);
}

static void a_header_of_ones_own_goes_out_mended(void **state)
{
    struct bench *b = *state;
    weft_sock *sock = raw(b, WEFT_INET, 255);
    struct weft_addr to = {.ip = weft_ipv4(PEER)};
    uint8_t p[1600] = {0x46, 0x10, 0, 0, 0, 0, 0, 0, 3, 17, 0, 0, 0, 0, 0, 0, 10, 9, 0, 1, 1, 1, 1, 0, 'x', 'y'};
    uint8_t out[1600];
    struct ipv4_header h;
    int one = 1, got = 0;
    size_t n = sizeof got;

    assert_int_equal(weft_getsockopt(sock, WEFT_SOL_IP, WEFT_IP_HDRINCL, &got, &n), 0);
    assert_int_equal(got, 1); /* as on Linux, for this protocol */
    assert_int_equal(weft_sendto(sock, p, 26, 0, &to), 26);
    n = bench_take(b, out, sizeof out);
    h = read_ip(out, n); /* length and checksum are right */
    assert_int_equal(n, 26);
    assert_int_equal(h.src, US);
    assert_int_not_equal(h.id, 0);
    assert_int_equal(h.ttl, 3);
    assert_int_equal(h.tos, 0x10);
    assert_memory_equal(out + 20, p + 20, 6);
    poke_u32(p + 12, STRANGER); /* any source, nobody is asked */
    assert_int_equal(weft_sendto(sock, p, 26, 0, &to), 26);
    n = bench_take(b, out, sizeof out);
    assert_int_equal(read_ip(out, n).src, STRANGER);
    assert_int_equal(weft_sendto(sock, p, 19, 0, &to), WEFT_EINVAL);
    p[0] = 0x4f; /* a header longer than all there is */
    assert_int_equal(weft_sendto(sock, p, 26, 0, &to), WEFT_EINVAL);
    p[0] = 0x45;
    assert_int_equal(weft_sendto(sock, p, 1501, 0, &to), WEFT_EMSGSIZE);
    assert_int_equal(weft_sendto(sock, p, 1500, 0, &to), 1500);
    assert_int_equal(bench_take(b, out, sizeof out), 1500);
    weft_close(sock);
    sock = raw(b, WEFT_INET6, 255);
    assert_int_equal(weft_setsockopt(sock, WEFT_SOL_IP, WEFT_IP_HDRINCL, &one, sizeof one), WEFT_ENOPROTOOPT);
    weft_close(sock);
}

static void options_of_ip_go_out_too(void **state)
{
    static const uint8_t record_route[8] = {7, 7, 4, 0, 0, 0, 0, 0};
    struct bench *b = *state;
    weft_sock *sock = raw(b, WEFT_INET, 200);
    struct weft_addr to = {.ip = weft_ipv4(PEER)};
    uint8_t out[128];

    assert_int_equal(weft_setsockopt(sock, WEFT_SOL_IP, WEFT_IP_OPTIONS, record_route, sizeof record_route), 0);
    assert_int_equal(weft_sendto(sock, "payload", 7, 0, &to), 7);
    assert_int_equal(bench_take(b, out, sizeof out), 20 + 8 + 7);
    assert_int_equal(out[0], 0x47);
    assert_int_equal(out[20], 7);
    assert_memory_equal(out + 28, "payload", 7);
    weft_close(sock);
}

static void a_header_of_six_goes_out_as_it_is(void **state)
{
    struct bench *b = *state;
    weft_sock *sock = raw(b, WEFT_INET6, 255);
    struct weft_addr to = addr6(PEER6, 0);
    struct weft_ip strange = ip6("2001:db8:77::1");
    uint8_t p[47] = {0x60, 0, 0, 0, 0, 99, 200, 5}, out[128];

    memcpy(p + 8, strange.b, 16);
    memcpy(p + 24, to.ip.b, 16);
    memcpy(p + 40, "payload", 7);
    assert_int_equal(weft_sendto(sock, p, sizeof p, 0, &to), sizeof p);
    assert_int_equal(bench_take(b, out, sizeof out), sizeof p);
    p[5] = 7; /* but for its length */
    assert_memory_equal(out, p, sizeof p);
    p[0] = 0x45;
    assert_int_equal(weft_sendto(sock, p, sizeof p, 0, &to), WEFT_EINVAL);
    assert_int_equal(weft_sendto(sock, p, 39, 0, &to), WEFT_EINVAL);
    weft_close(sock);
}

static void sockets_say_what_they_are(void **state)
{
    struct bench *b = *state;
    weft_sock *sock = raw(b, WEFT_INET, 89);
    int v, err = 0;
    size_t n = sizeof v;

    assert_int_equal(weft_getsockopt(sock, WEFT_SOL_SOCKET, WEFT_SO_PROTOCOL, &v, &n), 0);
    assert_int_equal(v, 89);
    assert_int_equal(weft_getsockopt(sock, WEFT_SOL_SOCKET, WEFT_SO_TYPE, &v, &n), 0);
    assert_int_equal(v, 3);
    assert_null(weft_socket_raw(b->s, WEFT_INET, 0, &err));
    assert_int_equal(err, WEFT_EPROTONOSUPPORT);
    assert_null(weft_socket_raw(b->s, WEFT_INET, 256, &err));
    assert_int_equal(err, WEFT_EPROTONOSUPPORT);
    weft_close(sock);
}

/* ---- for routers ---- */

#define BEYOND   V4(10, 10, 0, 88) /* behind t1 */
#define BEYOND6  "2001:db8:a::88"

/* A second interface, to which the bench passes on what is for those behind it. */
static void become_a_router(struct bench *b)
{
    static const struct weft_if_config second = {.name = "t1", .link = WEFT_LINK_IP, .mtu = 1500};
    struct weft_ip us = weft_ipv4(OTHER_US), us6 = ip6(OTHER_US6);

    b->other = weft_if_new(b->s, &second, NULL);
    assert_int_equal(weft_if_add_address(b->other, &us, 24), 0);
    assert_int_equal(weft_if_add_address(b->other, &us6, 64), 0);
    b->s->config.ip_forward = b->s->config.ip6_forward = true;
}

static bool went_on(struct bench *b)
{
    uint8_t p[2048];

    return bench_take_from(b, b->other, p, sizeof p) > 0;
}

static int alert(weft_sock *sock, int level, int option, int value)
{
    return weft_setsockopt(sock, level, option, &value, sizeof value);
}

static const uint8_t marked[4] = {148, 4, 0, 0};
static const struct ipv4_header passing = {
    .src = PEER, .dst = BEYOND, .proto = 46, .header_len = 24, .options = marked};

/* R2113-1 */
static void a_router_hands_over_what_is_marked_for_routers(void **state)
{
    struct bench *b = *state;
    struct ipv4_header other = passing, unmarked = {.src = PEER, .dst = BEYOND, .proto = 46};
    weft_sock *rsvp = raw(b, WEFT_INET, 46);
    uint8_t p[256], got[256];
    size_t n;

    become_a_router(b);
    n = make_ip(p, passing, "hello", 5);
    bench_input(b, p, n);
    assert_true(went_on(b) && !heard(rsvp)); /* nobody asked */
    assert_int_equal(alert(rsvp, WEFT_SOL_IP, WEFT_IP_ROUTER_ALERT, 1), 0);
    bench_input(b, p, n);
    assert_int_equal(hear(rsvp, got, sizeof got), n);
    assert_memory_equal(got, p, n);
    assert_false(went_on(b));
    bench_input(b, p, make_ip(p, unmarked, "\x94\4\0\0", 4)); /* it is text */
    assert_true(went_on(b) && !heard(rsvp));
    other.proto = 47;
    bench_input(b, p, make_ip(p, other, "hello", 5));
    assert_true(went_on(b) && !heard(rsvp));
    assert_int_equal(alert(rsvp, WEFT_SOL_IP, WEFT_IP_ROUTER_ALERT, 0), 0);
    bench_input(b, p, make_ip(p, passing, "hello", 5));
    assert_true(went_on(b) && !heard(rsvp));
    assert_int_equal(alert(rsvp, WEFT_SOL_IP, WEFT_IP_ROUTER_ALERT, 1), 0);
    weft_close(rsvp); /* while it waits */
    bench_input(b, p, make_ip(p, passing, "hello", 5));
    assert_true(went_on(b));
}

/* R2113-1 */
static void fragments_marked_for_routers_are_heard_whole(void **state)
{
    struct bench *b = *state;
    struct ipv4_header piece = passing;
    weft_sock *rsvp = raw(b, WEFT_INET, 46);
    uint8_t p[256], got[256];

    become_a_router(b);
    assert_int_equal(alert(rsvp, WEFT_SOL_IP, WEFT_IP_ROUTER_ALERT, 1), 0);
    piece.mf = true;
    bench_input(b, p, make_ip(p, piece, "01234567", 8));
    assert_false(heard(rsvp) || went_on(b));
    piece.mf = false;
    piece.frag_offset = 8;
    bench_input(b, p, make_ip(p, piece, "89", 2));
    assert_int_equal(hear(rsvp, got, sizeof got), 24 + 10);
    assert_memory_equal(got + 24, "0123456789", 10);
    assert_memory_equal(got + 2, "\0\x22", 2); /* its header is that of the whole */
    assert_memory_equal(got + 6, "\0\0", 2);
    assert_int_equal(csum(got, 24), 0);
    assert_false(went_on(b));
    weft_close(rsvp);
}

/* R2113-1 */
static void alerts_of_ipv6_are_chosen_by_their_value(void **state)
{
    static const uint8_t chain[8] = {0, 0, 5, 2, 0, 1, 1, 0}, padding[8] = {0, 0, 1, 4, 0, 0, 0, 0};
    const struct make6 rsvp = {.dst = BEYOND6, .proto = 46, .chain = chain, .chain_len = 8};
    const struct make6 bare = {.dst = BEYOND6, .proto = 46, .chain = padding, .chain_len = 8};
    struct bench *b = *state;
    weft_sock *one = raw(b, WEFT_INET6, WEFT_RAW), *two = raw(b, WEFT_INET6, WEFT_RAW);
    uint8_t p[256], got[256];
    size_t n;

    become_a_router(b);
    assert_int_equal(alert(one, WEFT_SOL_IPV6, WEFT_IPV6_ROUTER_ALERT, 1), 0);
    assert_int_equal(alert(two, WEFT_SOL_IPV6, WEFT_IPV6_ROUTER_ALERT, 2), 0);
    n = make_ip6(p, rsvp, "hello", 5);
    bench_input(b, p, n);
    assert_int_equal(hear(one, got, sizeof got), n);
    assert_memory_equal(got, p, n);
    assert_false(heard(two) || went_on(b));
    n = make_ip6(p, bare, "hello", 5);
    bench_input(b, p, n);
    assert_true(went_on(b) && !heard(one));
    assert_int_equal(alert(one, WEFT_SOL_IPV6, WEFT_IPV6_ROUTER_ALERT, -1), 0);
    assert_int_equal(alert(one, WEFT_SOL_IPV6, WEFT_IPV6_ROUTER_ALERT, -1), WEFT_ENOBUFS);
    assert_int_equal(alert(two, WEFT_SOL_IPV6, WEFT_IPV6_ROUTER_ALERT, 1), WEFT_EADDRINUSE); /* one at a time */
    bench_input(b, p, make_ip6(p, rsvp, "hello", 5));
    assert_true(went_on(b) && !heard(one));
    weft_close(one);
    weft_close(two);
}

/* As Linux answers. */
static void alerts_are_for_raw_sockets_of_the_right_kind(void **state)
{
    struct bench *b = *state;
    weft_sock *v4 = raw(b, WEFT_INET, 46), *all4 = raw(b, WEFT_INET, WEFT_RAW), *v6 = raw(b, WEFT_INET6, 46);
    weft_sock *udp = weft_socket(b->s, WEFT_UDP, NULL);

    assert_int_equal(alert(v4, WEFT_SOL_IP, WEFT_IP_ROUTER_ALERT, 0), WEFT_ENOBUFS);
    assert_int_equal(alert(v4, WEFT_SOL_IP, WEFT_IP_ROUTER_ALERT, 1), 0);
    assert_int_equal(alert(v4, WEFT_SOL_IP, WEFT_IP_ROUTER_ALERT, 1), WEFT_EADDRINUSE);
    assert_int_equal(alert(v4, WEFT_SOL_IPV6, WEFT_IPV6_ROUTER_ALERT, 1), WEFT_ENOPROTOOPT);
    assert_int_equal(alert(all4, WEFT_SOL_IP, WEFT_IP_ROUTER_ALERT, 1), WEFT_EINVAL);
    assert_int_equal(alert(v6, WEFT_SOL_IPV6, WEFT_IPV6_ROUTER_ALERT, 1), WEFT_ENOPROTOOPT);
    assert_int_equal(alert(udp, WEFT_SOL_IP, WEFT_IP_ROUTER_ALERT, 1), WEFT_EINVAL);
    assert_int_equal(b->s->raw_alerts, 1);
    weft_close(v4);
    weft_close(all4);
    weft_close(v6);
    weft_close(udp);
    assert_int_equal(b->s->raw_alerts, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(a_copy_comes_before_the_transport_with_its_header, setup, teardown),
        cmocka_unit_test_setup_teardown(a_protocol_nobody_knows_is_unreachable_unless_heard, setup, teardown),
        cmocka_unit_test_setup_teardown(bind_and_connect_choose_by_address, setup, teardown),
        cmocka_unit_test_setup_teardown(icmp_filters_choose_by_type, setup, teardown),
        cmocka_unit_test_setup_teardown(a_full_buffer_drops, setup, teardown),
        cmocka_unit_test_setup_teardown(what_is_cut_off_anywhere_does_no_harm, setup, teardown),
        cmocka_unit_test_setup_teardown(many_deaf_sockets_keep_within_their_bounds, setup, teardown),
        cmocka_unit_test_setup_teardown(errors_reach_who_may_have_sent_it, setup, teardown),
        cmocka_unit_test_setup_teardown(attached_programs_choose_and_cut, setup, teardown),
        cmocka_unit_test_setup_teardown(any_protocol_goes_out, setup, teardown),
        cmocka_unit_test_setup_teardown(icmpv6_gets_its_checksum, setup, teardown),
        cmocka_unit_test_setup_teardown(a_header_of_ones_own_goes_out_mended, setup, teardown),
        cmocka_unit_test_setup_teardown(options_of_ip_go_out_too, setup, teardown),
        cmocka_unit_test_setup_teardown(a_header_of_six_goes_out_as_it_is, setup, teardown),
        cmocka_unit_test_setup_teardown(sockets_say_what_they_are, setup, teardown),
        cmocka_unit_test_setup_teardown(a_router_hands_over_what_is_marked_for_routers, setup, teardown),
        cmocka_unit_test_setup_teardown(fragments_marked_for_routers_are_heard_whole, setup, teardown),
        cmocka_unit_test_setup_teardown(alerts_of_ipv6_are_chosen_by_their_value, setup, teardown),
        cmocka_unit_test_setup_teardown(alerts_are_for_raw_sockets_of_the_right_kind, setup, teardown),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
