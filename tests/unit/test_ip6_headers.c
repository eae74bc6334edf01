/* SPDX-License-Identifier: MIT */
/* Extension headers of our own: sticky ones and those of one datagram, whole and in pieces. RFC 3542 §6 to §9 */
#include "ip6_bench.h"
#include "weft/sock.h"

static const uint8_t hop[8] = {0, 0, 1, 4}, destination[16] = {0, 1, 1, 12};

struct dressed {
    struct bench *b;
    weft_sock *sock;
};

static int setup(void **state)
{
    struct dressed *t = calloc(1, sizeof *t);

    t->b = bench6_new();
    t->sock = weft_socket_in(t->b->s, WEFT_INET6, WEFT_UDP, NULL);
    assert_non_null(t->sock);
    *state = t;
    return 0;
}

static int teardown(void **state)
{
    struct dressed *t = *state;

    weft_close(t->sock);
    bench_free(t->b);
    free(t);
    return 0;
}

static int set(const struct dressed *t, int option, const void *value, size_t n)
{
    return weft_setsockopt(t->sock, WEFT_SOL_IPV6, option, value, n);
}

static size_t get(const struct dressed *t, int option, uint8_t *value, size_t room)
{
    assert_int_equal(weft_getsockopt(t->sock, WEFT_SOL_IPV6, option, value, &room), 0);
    return room;
}

/* Sends n bytes of text to PEER6; what came out first, of which the length is told. */
static size_t send_text(const struct dressed *t, size_t n, const struct weft_control *control, uint8_t out[2048])
{
    static uint8_t text[4000];
    const struct weft_addr to = addr6(PEER6, 7);
    const struct weft_iov iov = {text, n};

    assert_int_equal(weft_sendmsg_control(t->sock, &iov, 1, 0, &to, control), n);
    return bench_take(t->b, out, 2048);
}

/* The header at p is this one, but for what it says of the next. */
static void expect_header(const uint8_t *p, const uint8_t *header, size_t n, uint8_t next)
{
    assert_int_equal(p[0], next);
    assert_memory_equal(p + 1, header + 1, n - 1);
}

/* The checksum of UDP counts the upper layer's header and text, with the final destination (RFC 8200 §8.1). */
static void expect_sum(const uint8_t *datagram, size_t at, size_t n)
{
    struct weft_ip src = ip6(US6), dst = ip6(PEER6);
    struct csum sum = {0};

    ip_pseudo_header(&sum, &src, &dst, IP_PROTO_UDP, (uint32_t)(n - at));
    csum_add(&sum, datagram + at, n - at);
    assert_int_equal(csum_fold(&sum), 0);
}

/* RFC 3542 §6 */
static void sticky_headers_stand_in_their_order(void **state)
{
    struct dressed *t = *state;
    uint8_t p[2048];
    size_t n;

    assert_int_equal(set(t, WEFT_IPV6_DSTOPTS, destination, sizeof destination), 0);
    assert_int_equal(set(t, WEFT_IPV6_HOPOPTS, hop, sizeof hop), 0);
    n = send_text(t, 3, NULL, p);
    assert_int_equal(n, IPV6_HEADER + 8 + 16 + UDP_HEADER + 3);
    assert_int_equal(read_ip6(p, n, US6, PEER6).next, IP_PROTO_HOPOPTS);
    expect_header(p + IPV6_HEADER, hop, sizeof hop, IP_PROTO_DSTOPTS);
    expect_header(p + IPV6_HEADER + 8, destination, sizeof destination, IP_PROTO_UDP);
    expect_sum(p, IPV6_HEADER + 24, n);
}

static void no_bytes_take_a_sticky_header_away(void **state)
{
    struct dressed *t = *state;
    uint8_t p[2048];

    assert_int_equal(set(t, WEFT_IPV6_HOPOPTS, hop, sizeof hop), 0);
    assert_int_equal(set(t, WEFT_IPV6_HOPOPTS, NULL, 0), 0);
    assert_int_equal(get(t, WEFT_IPV6_HOPOPTS, p, sizeof p), 0);
    assert_int_equal(send_text(t, 3, NULL, p), IPV6_HEADER + UDP_HEADER + 3);
    assert_int_equal(p[6], IP_PROTO_UDP);
}

static void a_sticky_header_is_told_as_far_as_there_is_room(void **state)
{
    struct dressed *t = *state;
    uint8_t p[16];

    assert_int_equal(set(t, WEFT_IPV6_DSTOPTS, destination, sizeof destination), 0);
    assert_int_equal(get(t, WEFT_IPV6_DSTOPTS, p, sizeof p), sizeof destination);
    assert_memory_equal(p, destination, sizeof destination);
    assert_int_equal(get(t, WEFT_IPV6_DSTOPTS, p, 5), 5);
    assert_int_equal(get(t, WEFT_IPV6_RTHDR, p, sizeof p), 0);
}

/* What goes in front of a routing header is kept, but goes nowhere without one; and there is none (RFC 5095). */
static void without_a_routing_header_nothing_goes_before_it(void **state)
{
    struct dressed *t = *state;
    uint8_t p[2048];

    assert_int_equal(set(t, WEFT_IPV6_RTHDRDSTOPTS, destination, sizeof destination), 0);
    assert_int_equal(get(t, WEFT_IPV6_RTHDRDSTOPTS, p, sizeof p), sizeof destination);
    assert_int_equal(send_text(t, 3, NULL, p), IPV6_HEADER + UDP_HEADER + 3);
    assert_int_equal(set(t, WEFT_IPV6_RTHDR, hop, sizeof hop), WEFT_EINVAL);
    assert_int_equal(set(t, WEFT_IPV6_RTHDR, NULL, 0), 0);
}

static void headers_that_lie_are_refused_and_change_nothing(void **state)
{
    static const uint8_t too_long[2056] = {0, 255}, longer_than_given[8] = {0, 1};
    struct dressed *t = *state;
    uint8_t p[16];

    assert_int_equal(set(t, WEFT_IPV6_HOPOPTS, hop, sizeof hop), 0);
    assert_int_equal(set(t, WEFT_IPV6_HOPOPTS, destination, 15), WEFT_EINVAL);
    assert_int_equal(set(t, WEFT_IPV6_HOPOPTS, longer_than_given, 8), WEFT_EINVAL);
    assert_int_equal(set(t, WEFT_IPV6_HOPOPTS, too_long, sizeof too_long), WEFT_EINVAL);
    assert_int_equal(get(t, WEFT_IPV6_HOPOPTS, p, sizeof p), sizeof hop);
}

/* RFC 3542 §6.4: what is given with a datagram stands in the place of all that is sticky. */
static void headers_of_one_datagram_replace_the_sticky_ones(void **state)
{
    struct dressed *t = *state;
    struct weft_control c = {.has = WEFT_CONTROL_DSTOPTS, .destination_options = destination};
    uint8_t p[2048];

    assert_int_equal(set(t, WEFT_IPV6_HOPOPTS, hop, sizeof hop), 0);
    assert_int_equal(send_text(t, 3, &c, p), IPV6_HEADER + 16 + UDP_HEADER + 3);
    assert_int_equal(p[6], IP_PROTO_DSTOPTS);
    expect_header(p + IPV6_HEADER, destination, sizeof destination, IP_PROTO_UDP);
    assert_int_equal(send_text(t, 3, NULL, p), IPV6_HEADER + 8 + UDP_HEADER + 3);
}

/* RFC 8200 §4.5: hop-by-hop options are of every fragment, destination options are cut with what follows them. */
static void in_pieces_each_has_the_hop_options(void **state)
{
    struct dressed *t = *state;
    uint8_t p[2048];
    size_t n, text = 0;
    unsigned pieces = 0;

    assert_int_equal(set(t, WEFT_IPV6_HOPOPTS, hop, sizeof hop), 0);
    assert_int_equal(set(t, WEFT_IPV6_DSTOPTS, destination, sizeof destination), 0);
    for (n = send_text(t, 3000, NULL, p); n; n = bench_take(t->b, p, sizeof p), pieces++) {
        const uint8_t *fragment = p + IPV6_HEADER + 8;

        assert_in_range(n, IPV6_HEADER + 8 + 8 + 1, 1500);
        assert_int_equal(read_ip6(p, n, US6, PEER6).next, IP_PROTO_HOPOPTS);
        expect_header(p + IPV6_HEADER, hop, sizeof hop, IP_PROTO_FRAGMENT);
        assert_int_equal(fragment[0], IP_PROTO_DSTOPTS);
        assert_int_equal(peek_u16(fragment + 2) & 0xfff8, text);
        if (pieces == 0)
            expect_header(fragment + 8, destination, sizeof destination, IP_PROTO_UDP);
        text += n - (IPV6_HEADER + 8 + 8);
    }
    assert_int_equal(pieces, 3);
    assert_int_equal(text, 16 + UDP_HEADER + 3000);
}

/* Longer than the room that a packet has in front: it moves to one that has more. */
static void the_longest_headers_find_room(void **state)
{
    static const uint8_t longest[1024] = {0, 127};
    struct dressed *t = *state;
    uint8_t p[2048];
    size_t n;

    assert_int_equal(set(t, WEFT_IPV6_HOPOPTS, longest, 512), WEFT_EINVAL);
    assert_int_equal(set(t, WEFT_IPV6_HOPOPTS, longest, sizeof longest), 0);
    n = send_text(t, 100, NULL, p);
    assert_int_equal(n, IPV6_HEADER + sizeof longest + UDP_HEADER + 100);
    expect_header(p + IPV6_HEADER, longest, sizeof longest, IP_PROTO_UDP);
    expect_sum(p, IPV6_HEADER + sizeof longest, n);
}

/* Headers that leave a fragment no room for text: refused, and nothing goes out. */
static void headers_longer_than_the_path_are_refused(void **state)
{
    static const uint8_t longest[2040] = {0, 254}, fits[1224] = {0, 152}, not_quite[1232] = {0, 153};
    static char x[] = "x";
    const struct weft_iov iov = {x, 1};
    const struct weft_addr to = addr6(PEER6, 7);
    struct dressed *t = *state;
    uint8_t p[1500];

    assert_int_equal(set(t, WEFT_IPV6_HOPOPTS, longest, sizeof longest), 0);
    assert_int_equal(weft_sendmsg_control(t->sock, &iov, 1, 0, &to, NULL), WEFT_EMSGSIZE);
    assert_int_equal(set(t, WEFT_IPV6_HOPOPTS, not_quite, sizeof not_quite), 0);
    assert_int_equal(weft_sendmsg_control(t->sock, &iov, 1, 0, &to, NULL), WEFT_EMSGSIZE);
    bench_assert_silent(t->b);
    assert_int_equal(set(t, WEFT_IPV6_HOPOPTS, fits, sizeof fits), 0); /* and eight bytes in a fragment of 1,280 */
    assert_int_equal(weft_sendmsg_control(t->sock, &iov, 1, 0, &to, NULL), 1);
    assert_int_equal(bench_take(t->b, p, sizeof p), IPV6_HEADER + sizeof fits + UDP_HEADER + 1);
}

/* RFC 3542 §11.2: headers take room in what may not be cut. */
static void headers_count_in_what_must_not_be_fragmented(void **state)
{
    static char text[1500];
    const struct weft_iov fits = {text, 1500 - IPV6_HEADER - sizeof hop - UDP_HEADER};
    const struct weft_iov too_long = {text, fits.len + 1};
    const struct weft_addr to = addr6(PEER6, 7);
    const int one = 1, none = 0, as_the_link = WEFT_PMTUDISC_INTERFACE;
    struct dressed *t = *state;
    uint8_t p[2048];

    assert_int_equal(set(t, WEFT_IPV6_HOPOPTS, hop, sizeof hop), 0);
    assert_int_equal(set(t, WEFT_IPV6_DONTFRAG, &one, sizeof one), 0);
    for (unsigned i = 0; i < 2; i++) {
        assert_int_equal(weft_sendmsg_control(t->sock, &too_long, 1, 0, &to, NULL), WEFT_EMSGSIZE);
        bench_assert_silent(t->b);
        assert_int_equal(weft_sendmsg_control(t->sock, &fits, 1, 0, &to, NULL), fits.len);
        assert_int_equal(bench_take(t->b, p, sizeof p), 1500);
        assert_int_equal(set(t, WEFT_IPV6_DONTFRAG, &none, sizeof none), 0);
        assert_int_equal(set(t, WEFT_IPV6_MTU_DISCOVER, &as_the_link, sizeof as_the_link), 0);
    }
}

/* RFC 3542 §4: what stood between header and text, to the byte. */
static void headers_that_came_are_told_to_who_asks(void **state)
{
    const struct weft_addr here = {ip6("::"), 7};
    struct make6 m = {.first = IP_PROTO_HOPOPTS, .chain = hop, .chain_len = sizeof hop};
    struct dressed *t = *state;
    struct weft_control control = {0};
    uint8_t p[200];
    struct weft_iov iov = {p, sizeof p};
    int one = 1;

    assert_int_equal(weft_bind(t->sock, &here), 0);
    assert_int_equal(set(t, WEFT_IPV6_RECVHOPOPTS, &one, sizeof one), 0);
    bench_input(t->b, p, make_udp6(p, m, 1000, 7, "x", 1));
    assert_int_equal(weft_recvmsg_control(t->sock, &iov, 1, 0, NULL, NULL, &control), 1);
    assert_int_equal(control.has, WEFT_CONTROL_HOPOPTS);
    assert_int_equal(control.first_header, IP_PROTO_HOPOPTS);
    assert_int_equal(control.n_headers, sizeof hop);
    assert_memory_equal(control.headers + 1, hop + 1, sizeof hop - 1);
}

static void without_memory_nothing_goes_and_nothing_is_lost(void **state)
{
    struct dressed *t = *state;
    uint8_t p[2048];

    assert_int_equal(set(t, WEFT_IPV6_HOPOPTS, hop, sizeof hop), 0);
    harness_env_fail_nth(&t->b->h, 1);
    assert_int_equal(set(t, WEFT_IPV6_HOPOPTS, destination, sizeof destination), WEFT_ENOMEM);
    assert_true(harness_env_failed(&t->b->h));
    assert_int_equal(get(t, WEFT_IPV6_HOPOPTS, p, sizeof p), sizeof hop);
}

static void headers_that_nobody_asked_for_are_not_told(void **state)
{
    const struct dressed *t = *state;
    struct weft_addr local = {.port = 1000};
    struct make6 m = {.chain = hop, .chain_len = sizeof hop, .first = IP_PROTO_DSTOPTS};
    struct weft_control control = {0};
    uint8_t p[200];
    struct weft_iov iov = {p, sizeof p};

    assert_int_equal(weft_bind(t->sock, &local), 0);
    bench_input(t->b, p, make_udp6(p, m, 9, 1000, "x", 1));
    assert_int_equal(weft_recvmsg_control(t->sock, &iov, 1, 0, NULL, NULL, &control), 1);
    assert_int_equal(control.has, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(sticky_headers_stand_in_their_order, setup, teardown),
        cmocka_unit_test_setup_teardown(no_bytes_take_a_sticky_header_away, setup, teardown),
        cmocka_unit_test_setup_teardown(a_sticky_header_is_told_as_far_as_there_is_room, setup, teardown),
        cmocka_unit_test_setup_teardown(without_a_routing_header_nothing_goes_before_it, setup, teardown),
        cmocka_unit_test_setup_teardown(headers_that_lie_are_refused_and_change_nothing, setup, teardown),
        cmocka_unit_test_setup_teardown(headers_of_one_datagram_replace_the_sticky_ones, setup, teardown),
        cmocka_unit_test_setup_teardown(in_pieces_each_has_the_hop_options, setup, teardown),
        cmocka_unit_test_setup_teardown(the_longest_headers_find_room, setup, teardown),
        cmocka_unit_test_setup_teardown(headers_longer_than_the_path_are_refused, setup, teardown),
        cmocka_unit_test_setup_teardown(headers_count_in_what_must_not_be_fragmented, setup, teardown),
        cmocka_unit_test_setup_teardown(headers_that_came_are_told_to_who_asks, setup, teardown),
        cmocka_unit_test_setup_teardown(without_memory_nothing_goes_and_nothing_is_lost, setup, teardown),
        cmocka_unit_test_setup_teardown(headers_that_nobody_asked_for_are_not_told, setup, teardown),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
