/* SPDX-License-Identifier: MIT */
/* Options of IPv4: what is recorded in answers and on the way, prescribed routes, what a program asks for, nonsense. */
#include "ip_bench.h"
#include "weft/sock.h"
#include "wire/ipv4_options.h"

#define NEAR V4(10, 9, 0, 77)
#define FAR  V4(10, 10, 0, 88)

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

/* A header with these option bytes, of which there are n. */
static struct ipv4_header with(uint32_t src, uint32_t dst, const uint8_t *options, size_t n)
{
    return (struct ipv4_header){
        .src = src, .dst = dst, .header_len = (uint8_t)(IPV4_HEADER + n), .options = options, .proto = BENCH_PROTO};
}

/* A datagram that came out; it may have a route. */
static struct ipv4_header read_sent(const uint8_t *p, size_t n)
{
    struct reader r = reader(p, n);
    struct ipv4_header h;
    enum ipv4_verdict verdict = ipv4_parse(&r, n, &h);

    assert_true(verdict == IPV4_OK || verdict == IPV4_SOURCE_ROUTE);
    assert_int_equal(h.total_len, n);
    return h;
}

/* What an echo with these options is answered with; returns the length of its options. */
static size_t echo(struct bench *b, const uint8_t *options, size_t n, struct ipv4_header *reply, uint8_t out[100])
{
    uint8_t in[100];
    size_t len;

    bench_input(b, in, make_icmp(in, with(PEER, US, options, n), ICMPV4_ECHO, 0, 1, "abcd", 4));
    len = bench_take(b, out, 100);
    assert_true(len > 0);
    *reply = read_sent(out, len);
    assert_int_equal(out[reply->header_len], ICMPV4_ECHO_REPLY);
    return reply->header_len - (size_t)IPV4_HEADER;
}

/* ---- a host answers ---- */

/* R1122-3.2.2.6c */
static void an_echos_route_goes_on_being_recorded(void **state)
{
    const uint8_t asked[] = {7, 11, 8, 1, 2, 3, 4, 0, 0, 0, 0, 0}, full[] = {7, 7, 8, 1, 2, 3, 4, 0};
    const uint8_t told[] = {7, 11, 12, 1, 2, 3, 4, 10, 9, 0, 2, 0};
    struct ipv4_header h;
    uint8_t out[100];

    assert_int_equal(echo(*state, asked, sizeof asked, &h, out), sizeof told);
    assert_memory_equal(h.options, told, sizeof told);
    assert_int_equal(echo(*state, full, sizeof full, &h, out), sizeof full);
    assert_memory_equal(h.options, full, sizeof full);
}

/* R1122-3.2.2.6c */
static void an_echos_times_go_on_being_recorded(void **state)
{
    const uint8_t plain[] = {68, 8, 5, 0, 0, 0, 0, 0}, both[] = {68, 12, 5, 1, 0, 0, 0, 0, 0, 0, 0, 0};
    const uint8_t ours[] = {68, 12, 5, 3, 10, 9, 0, 2, 0, 0, 0, 0}, others[] = {68, 12, 5, 3, 10, 9, 0, 3, 0, 0, 0, 0};
    const uint8_t full[] = {68, 4, 5, 0}, overflown[] = {68, 4, 5, 0x10};
    struct ipv4_header h;
    uint8_t out[100];

    assert_int_equal(echo(*state, plain, sizeof plain, &h, out), sizeof plain);
    assert_int_equal(h.options[2], 9);
    assert_int_equal(peek_u32(h.options + 4), 0x80000000u | 1000); /* a second, and no time of day */
    echo(*state, both, sizeof both, &h, out);
    assert_int_equal(peek_u32(h.options + 4), US);
    assert_int_equal(peek_u32(h.options + 8), 0x80000000u | 1000);
    echo(*state, ours, sizeof ours, &h, out);
    assert_int_equal(h.options[2], 13);
    assert_int_equal(peek_u32(h.options + 8), 0x80000000u | 1000);
    echo(*state, others, sizeof others, &h, out);
    assert_memory_equal(h.options, others, sizeof others);
    echo(*state, full, sizeof full, &h, out);
    assert_memory_equal(h.options, overflown, sizeof overflown);
}

/* R1122-3.2.2.6c, of a request with both. */
static void an_echos_route_and_times_go_on_side_by_side(void **state)
{
    const uint8_t asked[] = {7, 7, 4, 0, 0, 0, 0, 68, 8, 5, 0, 0, 0, 0, 0, 0};
    const uint8_t told[] = {7, 7, 8, 10, 9, 0, 2, 68, 8, 9, 0, 0x80, 0, 0x03, 0xe8, 0};
    struct ipv4_header h;
    uint8_t out[100];

    assert_int_equal(echo(*state, asked, sizeof asked, &h, out), sizeof told);
    assert_memory_equal(h.options, told, sizeof told);
}

static void a_host_passes_over_options_that_make_no_sense(void **state)
{
    static const uint8_t nonsense[][8] = {{7, 7, 3}, {7, 7, 6}, {7, 2, 1}, {68, 8, 4}, {68, 3, 5}, {68, 8, 5, 2},
                                          {7, 3, 4, 7, 3, 4, 0, 0}};
    struct ipv4_header h;
    uint8_t out[100];

    for (size_t i = 0; i < ARRAY_LEN(nonsense); i++)
        assert_int_equal(echo(*state, nonsense[i], 8, &h, out), 0);
}

/* ---- a router ---- */

/* R1812-5.2.4.1 */
static void a_router_records_the_address_that_the_datagram_leaves_with(void **state)
{
    const uint8_t asked[] = {7, 7, 4, 0, 0, 0, 0, 148, 4, 0, 0, 0}, told[] = {7, 7, 8, 10, 10, 0, 2, 148, 4, 0, 0, 0};
    struct bench *b = *state;
    uint8_t in[100], out[100];
    struct ipv4_header h;
    size_t n;

    b->s->config.ip_forward = true;
    bench_input(b, in, make_ip(in, with(NEAR, FAR, asked, sizeof asked), "abcd", 4));
    n = bench_take_from(b, b->other, out, sizeof out);
    h = read_sent(out, n);
    assert_int_equal(h.header_len, IPV4_HEADER + sizeof told);
    assert_memory_equal(h.options, told, sizeof told);
    assert_int_equal(h.ttl, 63);
}

/* R1122-3.2.2.5: so does the host that it was for, and nobody else; nor is he told who sent it to many, or from nowhere. */
static void a_host_says_where_an_option_is_wrong(void **state)
{
    static const struct {
        uint32_t src, dst;
        bool told;
    } rows[] = {{NEAR, US, true},   {NEAR, FAR, false},     {NEAR, SUBNET_ALL, false}, {NEAR, 0xe0000001, false},
                {US, US, false},    {0x7f000001, US, false}, {0xe0000001, US, false},   {0, US, false},
                {STRANGER, US, true}};
    static const uint8_t options[8] = {1, 1, 7, 9};
    struct bench *b = *state;
    uint8_t in[100], out[100];

    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        size_t n = make_ip(in, with(rows[i].src, rows[i].dst, options, 8), "abcd", 4);

        bench_expect_drop(b, ip_bad_option, bench_input(b, in, n));
        if (rows[i].told) {
            assert_true(bench_take(b, out, sizeof out) > 28);
            assert_int_equal(out[20], ICMPV4_PARAMETER_PROBLEM);
            assert_int_equal(out[24], 22);
        }
        bench_assert_silent(b);
    }
}

/* R1812-5.3.13 */
static void a_router_says_where_an_option_is_wrong(void **state)
{
    static const struct {
        uint8_t options[8], at;
    } rows[] = {{{7, 7, 3}, 22}, {{1, 7, 7, 7}, 23}, {{68, 8, 5, 2}, 23}, {{7, 9, 4}, 20}, {{7, 3, 4, 7, 3, 4}, 23},
                {{131, 1}, 20}};
    struct bench *b = *state;
    uint8_t in[100], out[100];

    b->s->config.ip_forward = true;
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        size_t n = make_ip(in, with(NEAR, FAR, rows[i].options, 8), "abcd", 4);

        bench_expect_drop(b, ip_bad_option, bench_input(b, in, n));
        assert_true(bench_take(b, out, sizeof out) > 28);
        assert_int_equal(out[20], ICMPV4_PARAMETER_PROBLEM);
        assert_int_equal(out[24], rows[i].at);
        bench_assert_silent(b);
    }
}

/* ---- prescribed routes ---- */

static const uint8_t via_us[] = {131, 7, 4, 10, 10, 0, 88, 0}, strictly[] = {137, 7, 4, 198, 51, 100, 9, 0};

/* R1812-5.3.3 R1122-3.2.1.8b */
static void a_prescribed_route_is_refused_unless_switched_on(void **state)
{
    struct bench *b = *state;
    uint8_t in[100], out[100];
    size_t n = make_ip(in, with(NEAR, US, via_us, sizeof via_us), "abcd", 4);
    struct ipv4_header h;

    b->s->config.ip_forward = true;
    bench_expect_drop(b, ip_source_route, bench_input(b, in, n));
    bench_assert_silent(b);
    b->s->config.accept_source_route = true;
    bench_input(b, in, n);
    n = bench_take_from(b, b->other, out, sizeof out);
    h = read_sent(out, n);
    assert_int_equal(h.dst, FAR);
    assert_memory_equal(h.options, "\x83\x07\x08\x0a\x0a\x00\x02", 7);
}

/* R1812-5.3.3 */
static void a_route_that_cannot_be_gone_is_told_of(void **state)
{
    struct bench *b = *state;
    uint8_t in[100], out[100];
    size_t n = make_ip(in, with(NEAR, US, via_us, sizeof via_us), "abcd", 4);

    b->s->config.accept_source_route = true; /* but no router */
    bench_expect_drop(b, ip_source_route, bench_input(b, in, n));
    assert_true(bench_take(b, out, sizeof out) > 28);
    assert_memory_equal(out + 20, "\x03\x05", 2);
    b->s->config.ip_forward = true; /* but no neighbour of the next hop */
    n = make_ip(in, with(NEAR, US, strictly, sizeof strictly), "abcd", 4);
    bench_expect_drop(b, ip_source_route, bench_input(b, in, n));
    assert_true(bench_take(b, out, sizeof out) > 28);
    assert_memory_equal(out + 20, "\x03\x05", 2);
}

/* R1122-3.2.1.8b: traceroute -g ends a route with the destination, and the kernel that sends it adds it once more. */
static void a_hop_that_is_ourselves_needs_no_way(void **state)
{
    const uint8_t twice[] = {131, 11, 8, 10, 9, 0, 7, 10, 9, 0, 2, 0}, back[] = {131, 7, 4, 10, 9, 0, 1, 0};
    const uint8_t beyond[] = {131, 11, 4, 10, 9, 0, 2, 10, 9, 0, 7, 0};
    struct bench *b = *state;
    struct ipv4_header h;
    uint8_t in[100], out[100];

    b->s->config.accept_source_route = true; /* and no router */
    assert_int_equal(echo(b, twice, sizeof twice, &h, out), sizeof back);
    assert_memory_equal(h.options, back, sizeof back);
    assert_int_equal(h.dst, V4(10, 9, 0, 7));
    bench_expect_drop(b, ip_source_route,
                      bench_input(b, in, make_icmp(in, with(PEER, US, beyond, sizeof beyond), ICMPV4_ECHO, 0, 1, "", 0)));
}

/* R1122-3.2.2.6c */
static void an_echo_that_came_by_a_route_is_answered_by_its_reverse(void **state)
{
    const uint8_t gone[] = {131, 11, 12, 10, 9, 0, 7, 10, 9, 0, 8, 0}, back[] = {131, 11, 4, 10, 9, 0, 7, 10, 9, 0, 1, 0};
    struct bench *b = *state;
    struct ipv4_header h;
    uint8_t out[100];

    b->s->config.accept_source_route = true;
    assert_int_equal(echo(b, gone, sizeof gone, &h, out), sizeof back);
    assert_int_equal(h.dst, V4(10, 9, 0, 8));
    assert_memory_equal(h.options, back, sizeof back);
}

/* ---- what a program asks for ---- */

static void send_text(weft_sock *sock, size_t n)
{
    struct weft_addr to = {weft_ipv4(PEER), 9};
    static uint8_t text[4000];

    assert_int_equal(weft_sendto(sock, text, n, 0, &to), n);
}

static void a_programs_options_go_out_with_our_address_in_them(void **state)
{
    const uint8_t asked[] = {7, 7, 4, 0, 0, 0, 0}, sent[] = {7, 7, 8, 10, 9, 0, 2, 0};
    struct bench *b = *state;
    weft_sock *sock = bench_udp(b, NULL);
    uint8_t out[2000], got[40];
    size_t n = sizeof got;
    struct ipv4_header h;

    assert_int_equal(weft_setsockopt(sock, WEFT_SOL_IP, WEFT_IP_OPTIONS, asked, sizeof asked), 0);
    assert_int_equal(weft_getsockopt(sock, WEFT_SOL_IP, WEFT_IP_OPTIONS, got, &n), 0);
    assert_int_equal(n, sizeof asked);
    assert_memory_equal(got, asked, n);
    send_text(sock, 4);
    h = read_sent(out, bench_take(b, out, sizeof out));
    assert_int_equal(h.header_len, 28);
    assert_memory_equal(h.options, sent, sizeof sent);
    assert_int_equal(weft_setsockopt(sock, WEFT_SOL_IP, WEFT_IP_OPTIONS, "\x07\x09\x04", 3), WEFT_EINVAL);
    assert_int_equal(weft_setsockopt(sock, WEFT_SOL_IP, WEFT_IP_OPTIONS, "\x83\x03\x04", 3), WEFT_EINVAL);
    assert_int_equal(weft_setsockopt(sock, WEFT_SOL_IP, WEFT_IP_OPTIONS, asked, 0), 0);
    send_text(sock, 4);
    assert_int_equal(read_sent(out, bench_take(b, out, sizeof out)).header_len, 20);
    weft_close(sock);
}

static void options_fill_the_header_and_no_more(void **state)
{
    uint8_t nops[44];
    struct bench *b = *state;
    weft_sock *sock = bench_udp(b, NULL);
    uint8_t out[2000];

    memset(nops, 1, sizeof nops);
    assert_int_equal(weft_setsockopt(sock, WEFT_SOL_IP, WEFT_IP_OPTIONS, nops, 41), WEFT_EINVAL);
    assert_int_equal(weft_setsockopt(sock, WEFT_SOL_IP, WEFT_IP_OPTIONS, nops, 40), 0);
    send_text(sock, 4);
    assert_int_equal(read_sent(out, bench_take(b, out, sizeof out)).header_len, 60);
    weft_close(sock);
}

static void only_the_first_fragment_has_what_is_not_copied(void **state)
{
    const uint8_t asked[] = {7, 7, 4, 0, 0, 0, 0, 148, 4, 0, 0};
    struct bench *b = *state;
    weft_sock *sock = bench_udp(b, NULL);
    uint8_t out[2000];
    struct ipv4_header h;
    size_t total = 0;

    assert_int_equal(weft_setsockopt(sock, WEFT_SOL_IP, WEFT_IP_OPTIONS, asked, sizeof asked), 0);
    send_text(sock, 4000);
    for (unsigned i = 0; i < 3; i++) {
        h = read_sent(out, bench_take(b, out, sizeof out));
        assert_int_equal(h.frag_offset, total);
        assert_int_equal(h.mf, i < 2);
        assert_int_equal(h.header_len, i ? 24 : 32);
        assert_int_equal(h.options[i ? 0 : 7], IPV4_ROUTER_ALERT);
        total += h.total_len - h.header_len;
    }
    assert_int_equal(total, 4008);
    bench_assert_silent(b);
    weft_close(sock);
}

static void a_programs_route_begins_at_its_first_hop(void **state)
{
    const uint8_t asked[] = {131, 11, 4, 10, 10, 0, 88, 198, 51, 100, 9, 7, 7, 4, 0, 0, 0, 0};
    const uint8_t sent[] = {131, 11, 4, 198, 51, 100, 9, 10, 9, 0, 1, 7, 7, 8, 10, 10, 0, 2, 0, 0};
    struct bench *b = *state;
    weft_sock *sock = bench_udp(b, NULL);
    uint8_t out[200];
    struct ipv4_header h;

    assert_int_equal(weft_setsockopt(sock, WEFT_SOL_IP, WEFT_IP_OPTIONS, asked, sizeof asked), 0);
    send_text(sock, 4);
    h = read_sent(out, bench_take_from(b, b->other, out, sizeof out));
    assert_int_equal(h.dst, FAR);
    assert_memory_equal(h.options, sent, sizeof sent);
    weft_close(sock);
}

/* RFC 791 §3.1 */
static void a_programs_strict_route_leads_to_a_neighbour(void **state)
{
    const uint8_t near_hop[] = {137, 7, 4, 10, 10, 0, 88}, far_hop[] = {137, 7, 4, 198, 51, 100, 9};
    struct bench *b = *state;
    weft_sock *sock = bench_udp(b, NULL);
    struct weft_addr to = {weft_ipv4(PEER), 9};
    uint8_t out[200];

    assert_int_equal(weft_setsockopt(sock, WEFT_SOL_IP, WEFT_IP_OPTIONS, near_hop, sizeof near_hop), 0);
    send_text(sock, 4);
    assert_int_equal(read_sent(out, bench_take_from(b, b->other, out, sizeof out)).dst, FAR);
    assert_int_equal(weft_setsockopt(sock, WEFT_SOL_IP, WEFT_IP_OPTIONS, far_hop, sizeof far_hop), 0);
    bench_expect_drop(b, ip_source_route,
                      assert_int_equal(weft_sendto(sock, "x", 1, 0, &to), WEFT_EHOSTUNREACH));
    bench_assert_silent(b);
    weft_close(sock);
}

/* ---- what a program is told ---- */

static void options_that_came_are_told_to_who_asks(void **state)
{
    static const uint8_t came[] = {7, 7, 4, 0, 0, 0, 0, 68, 8, 5, 0, 0, 0, 0, 0, 0};
    static const uint8_t back[] = {7, 7, 8, 10, 9, 0, 2, 68, 8, 9, 0, 0x80, 0, 0x03, 0xe8, 0};
    struct bench *b = *state;
    struct weft_addr local = {weft_ipv4(0), 1000};
    weft_sock *sock = bench_udp(b, &local);
    struct weft_control control = {0};
    uint8_t in[100], asked[40];
    struct weft_iov iov = {in, sizeof in};
    int on = 1;

    for (unsigned i = 0; i < 2; i++) {
        bench_input(b, in, make_udp(in, with(PEER, US, came, sizeof came), 9, 1000, "x", 1));
        assert_int_equal(weft_recvmsg_control(sock, &iov, 1, 0, NULL, NULL, &control), 1);
        assert_int_equal(control.has, i ? WEFT_CONTROL_OPTIONS | WEFT_CONTROL_REPLY : 0);
        weft_setsockopt(sock, WEFT_SOL_IP, WEFT_IP_RECVOPTS, &on, sizeof on);
        weft_setsockopt(sock, WEFT_SOL_IP, WEFT_IP_RETOPTS, &on, sizeof on);
    }
    assert_int_equal(control.n_options, sizeof came);
    assert_memory_equal(control.options, back, sizeof back); /* with our address in them */
    assert_int_equal(control.n_reply, sizeof back);
    assert_memory_equal(control.reply, back, sizeof back);
    make_udp(in, (struct ipv4_header){.src = PEER, .dst = US}, 9, 1000, "x", 1);
    assert_int_equal(ip_options_way_back(in, asked), 0);
    weft_close(sock);
}

/* All of an answer's options, one behind the other: what is recorded, and the route back (RFC 1122 §3.2.1.8 c). */
static void the_way_back_stands_behind_what_is_recorded(void **state)
{
    static const uint8_t came[] = {131, 7, 8, 10, 9, 0, 7, 7, 7, 4, 0, 0, 0, 0, 0, 0};
    static const uint8_t back[] = {7, 7, 8, 10, 9, 0, 2, 131, 7, 4, 10, 9, 0, 7, 0, 0};
    struct bench *b = *state;
    struct weft_addr local = {weft_ipv4(0), 1000};
    weft_sock *sock = bench_udp(b, &local);
    struct weft_control control = {0};
    uint8_t in[100];
    struct weft_iov iov = {in, sizeof in};
    int on = 1;

    b->s->config.accept_source_route = true;
    weft_setsockopt(sock, WEFT_SOL_IP, WEFT_IP_RETOPTS, &on, sizeof on);
    bench_input(b, in, make_udp(in, with(PEER, US, came, sizeof came), 9, 1000, "x", 1));
    assert_int_equal(weft_recvmsg_control(sock, &iov, 1, 0, NULL, NULL, &control), 1);
    assert_int_equal(control.n_reply, sizeof back);
    assert_memory_equal(control.reply, back, sizeof back);
    weft_close(sock);
}

/* R1122-3.2.2.6c: a route that was gone is turned around for who asks by a program, and nothing stands behind it. */
static void a_route_that_was_gone_is_turned_around_whole(void **state)
{
    const uint8_t route[12] = {131, 11, 12, 1, 2, 3, 4, 5, 6, 7, 8, 0};
    const uint8_t back[11] = {131, 11, 4, 5, 6, 7, 8, 1, 2, 3, 4};
    uint8_t in[100], asked[IPV4_MAX_OPTIONS + 40];

    (void)state;
    make_ip(in, with(PEER, US, route, sizeof route), "abcd", 4);
    memset(asked, 0xa5, sizeof asked);
    assert_int_equal(ip_options_way_back(in, asked), sizeof back);
    assert_memory_equal(asked, back, sizeof back);
    for (size_t i = sizeof back; i < sizeof asked; i++)
        assert_int_equal(asked[i], 0xa5);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_route_that_was_gone_is_turned_around_whole),
        cmocka_unit_test_setup_teardown(an_echos_route_goes_on_being_recorded, setup, teardown),
        cmocka_unit_test_setup_teardown(an_echos_times_go_on_being_recorded, setup, teardown),
        cmocka_unit_test_setup_teardown(an_echos_route_and_times_go_on_side_by_side, setup, teardown),
        cmocka_unit_test_setup_teardown(a_host_passes_over_options_that_make_no_sense, setup, teardown),
        cmocka_unit_test_setup_teardown(a_router_records_the_address_that_the_datagram_leaves_with, setup, teardown),
        cmocka_unit_test_setup_teardown(a_router_says_where_an_option_is_wrong, setup, teardown),
        cmocka_unit_test_setup_teardown(a_host_says_where_an_option_is_wrong, setup, teardown),
        cmocka_unit_test_setup_teardown(a_prescribed_route_is_refused_unless_switched_on, setup, teardown),
        cmocka_unit_test_setup_teardown(a_route_that_cannot_be_gone_is_told_of, setup, teardown),
        cmocka_unit_test_setup_teardown(a_hop_that_is_ourselves_needs_no_way, setup, teardown),
        cmocka_unit_test_setup_teardown(an_echo_that_came_by_a_route_is_answered_by_its_reverse, setup, teardown),
        cmocka_unit_test_setup_teardown(a_programs_options_go_out_with_our_address_in_them, setup, teardown),
        cmocka_unit_test_setup_teardown(options_fill_the_header_and_no_more, setup, teardown),
        cmocka_unit_test_setup_teardown(only_the_first_fragment_has_what_is_not_copied, setup, teardown),
        cmocka_unit_test_setup_teardown(a_programs_route_begins_at_its_first_hop, setup, teardown),
        cmocka_unit_test_setup_teardown(a_programs_strict_route_leads_to_a_neighbour, setup, teardown),
        cmocka_unit_test_setup_teardown(options_that_came_are_told_to_who_asks, setup, teardown),
        cmocka_unit_test_setup_teardown(the_way_back_stands_behind_what_is_recorded, setup, teardown),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
