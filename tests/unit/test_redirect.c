/* SPDX-License-Identifier: MIT */
/* Redirects of IPv4 that come in: whom a host believes, what becomes of the way; and ICMP's requests for time and mask. */
#include "ip_bench.h"

#define BETTER V4(10, 9, 0, 3)

static int setup(void **state)
{
    struct weft_route known = {.dst = weft_ipv4(V4(192, 0, 2, 0)), .prefix = 24, .gateway = weft_ipv4(BETTER)};
    struct bench *b = bench_new();

    assert_int_equal(weft_route_add(b->s, &known), 0);
    *state = b;
    return 0;
}

static int teardown(void **state)
{
    bench_free(*state);
    return 0;
}

/* A redirect from `from` about what `sender` sent to dst, to this gateway. */
static void redirect(struct bench *b, uint32_t from, uint32_t sender, uint32_t dst, uint32_t gateway)
{
    struct ipv4_header outer = {.src = from, .dst = US}, inner = {.src = sender, .dst = dst, .proto = IP_PROTO_UDP};
    uint8_t quote[28], p[100];

    make_ip(quote, inner, "\0\7\0\7\0\10\0\0", 8);
    bench_input(b, p, make_icmp(p, outer, ICMPV4_REDIRECT, ICMPV4_REDIRECT_HOST, gateway, quote, sizeof quote));
}

static uint32_t gateway_to(struct bench *b, uint32_t dst, unsigned *flags)
{
    struct weft_ip ip = weft_ipv4(dst);
    struct weft_route r;

    assert_int_equal(weft_route_get(b->s, &ip, &r), 0);
    *flags = r.flags;
    return ip_to_v4(&r.gateway);
}

/* R1122-3.2.2.2 */
static void the_first_hop_may_name_a_better_one(void **state)
{
    struct bench *b = *state;
    unsigned flags;

    redirect(b, PEER, US, STRANGER, BETTER);
    assert_int_equal(weft_counter(b->s, WEFT_COUNT_icmp_redirects_in), 1);
    assert_int_equal(gateway_to(b, STRANGER, &flags), BETTER);
    assert_int_equal(flags, WEFT_ROUTE_UP | WEFT_ROUTE_GATEWAY | WEFT_ROUTE_HOST | WEFT_ROUTE_DYNAMIC);
    assert_int_equal(gateway_to(b, STRANGER + 1, &flags), PEER);
    bench_expect_drop(b, icmp_redirect, redirect(b, PEER, US, STRANGER, BETTER)); /* it is the first hop no more */
    bench_tick(b, 599 * WEFT_S);
    assert_int_equal(gateway_to(b, STRANGER, &flags), BETTER);
    bench_tick(b, 2 * WEFT_S);
    assert_int_equal(gateway_to(b, STRANGER, &flags), PEER);
}

/* R1122-3.3.1.4 */
static void better_hop_that_does_not_answer_is_left_again(void **state)
{
    struct weft_ip better = weft_ipv4(BETTER), peer = weft_ipv4(PEER);
    struct bench *b = *state;
    unsigned flags;

    redirect(b, PEER, US, STRANGER, BETTER);
    redirect(b, PEER, US, STRANGER + 1, BETTER);
    ip_neighbour_lost(b->ifp, &peer); /* somebody else */
    assert_int_equal(gateway_to(b, STRANGER, &flags), BETTER);
    ip_neighbour_lost(b->ifp, &better);
    assert_int_equal(gateway_to(b, STRANGER, &flags), PEER);
    assert_int_equal(gateway_to(b, STRANGER + 1, &flags), PEER);
    redirect(b, PEER, US, STRANGER, BETTER);
    assert_int_equal(gateway_to(b, STRANGER, &flags), BETTER);
}

/* R1122-3.2.2.2 */
static void nobody_else_is_believed(void **state)
{
    struct bench *b = *state;
    unsigned flags;

    bench_expect_drop(b, icmp_redirect, redirect(b, BETTER, US, STRANGER, BETTER)); /* not the first hop */
    bench_expect_drop(b, icmp_redirect, redirect(b, PEER, PEER, STRANGER, BETTER)); /* nothing of ours */
    bench_expect_drop(b, icmp_redirect, redirect(b, PEER, US, STRANGER, OTHER_PEER)); /* another link */
    bench_expect_drop(b, icmp_redirect, redirect(b, PEER, US, STRANGER, STRANGER));
    bench_expect_drop(b, icmp_redirect, redirect(b, PEER, US, STRANGER, US));
    bench_expect_drop(b, icmp_redirect, redirect(b, PEER, US, STRANGER, SUBNET_ALL));
    bench_expect_drop(b, icmp_redirect, redirect(b, PEER, US, STRANGER, V4(10, 9, 0, 9))); /* no gateway of ours */
    b->s->config.secure_redirects = false;
    redirect(b, PEER, US, STRANGER, V4(10, 9, 0, 9));
    assert_int_equal(gateway_to(b, STRANGER, &flags), V4(10, 9, 0, 9));
    b->s->config.accept_redirects = false;
    bench_expect_drop(b, icmp_redirect, redirect(b, PEER, US, STRANGER + 1, BETTER));
    b->s->config.accept_redirects = b->s->config.ip_forward = true;
    bench_expect_drop(b, icmp_redirect, redirect(b, PEER, US, STRANGER + 1, BETTER)); /* a router knows better */
}

static void a_host_route_is_changed_in_place(void **state)
{
    struct weft_route host = {.dst = weft_ipv4(STRANGER), .prefix = 32, .gateway = weft_ipv4(PEER)};
    struct bench *b = *state;
    unsigned flags;

    assert_int_equal(weft_route_add(b->s, &host), 0);
    redirect(b, PEER, US, STRANGER, BETTER);
    assert_int_equal(gateway_to(b, STRANGER, &flags), BETTER);
    assert_int_equal(flags, WEFT_ROUTE_UP | WEFT_ROUTE_GATEWAY | WEFT_ROUTE_HOST | WEFT_ROUTE_MODIFIED);
    bench_tick(b, 1000 * WEFT_S);
    assert_int_equal(gateway_to(b, STRANGER, &flags), BETTER);
}

/* R1122-3.2.2.2: the better hop may name one that is better still; that is a redirect as the first was. */
static void the_second_redirect_takes_the_place_of_the_first(void **state)
{
    const uint32_t best = V4(10, 9, 0, 9);
    struct bench *b = *state;
    unsigned flags;

    b->s->config.secure_redirects = false;
    redirect(b, PEER, US, STRANGER, BETTER);
    bench_tick(b, 300 * WEFT_S);
    redirect(b, BETTER, US, STRANGER, best);
    bench_tick(b, 599 * WEFT_S);
    assert_int_equal(gateway_to(b, STRANGER, &flags), best);
    assert_int_equal(flags, WEFT_ROUTE_UP | WEFT_ROUTE_GATEWAY | WEFT_ROUTE_HOST | WEFT_ROUTE_DYNAMIC);
    bench_tick(b, 2 * WEFT_S);
    assert_int_equal(gateway_to(b, STRANGER, &flags), PEER);
}

static void a_flood_of_redirects_stays_within_bounds(void **state)
{
    struct bench *b = *state;
    struct weft_route r;
    size_t n = 0;

    for (uint32_t i = 0; i < 10000; i++)
        redirect(b, PEER, US, V4(203, 0, 0, 0) + i, BETTER);
    for (size_t i = 0; weft_route_info(b->s, i, &r); i++)
        n += r.owner == WEFT_ROUTE_REDIRECT;
    assert_int_equal(n, 64);
}

static void redirected_routes_go_with_their_interface(void **state)
{
    struct bench *b = *state;

    redirect(b, PEER, US, STRANGER, BETTER);
    weft_if_free(b->ifp);
    bench_tick(b, 1000 * WEFT_S);
    b->ifp = b->other;
    bench_assert_silent(b);
}

/* ---- time and mask ---- */

/* R1122-3.2.2.8 */
static void the_time_is_told_when_that_is_switched_on(void **state)
{
    struct ipv4_header h = {.src = PEER, .dst = US};
    struct bench *b = *state;
    uint8_t p[100], out[100];
    size_t n = make_icmp(p, h, ICMPV4_TIMESTAMP, 0, 0x00070001, "\1\2\3\4\0\0\0\0\0\0\0\0", 12);

    bench_expect_drop(b, icmp_unknown, bench_input(b, p, n));
    b->s->config.icmp_timestamp_reply = true;
    bench_input(b, p, n);
    assert_int_equal(bench_take(b, out, sizeof out), 40);
    assert_int_equal(csum(out + 20, 20), 0);
    assert_int_equal(out[20], ICMPV4_TIMESTAMP_REPLY);
    assert_memory_equal(out + 24, "\0\7\0\1\1\2\3\4", 8);
    assert_int_equal(peek_u32(out + 32), 0x80000000u | 1000);
    assert_int_equal(peek_u32(out + 36), 0x80000000u | 1000);
    bench_expect_drop(b, icmp_short, bench_input(b, p, make_icmp(p, h, ICMPV4_TIMESTAMP, 0, 7, "abcdefghijk", 11)));
    h.dst = SUBNET_ALL;
    n = make_icmp(p, h, ICMPV4_TIMESTAMP, 0, 7, "abcdefghijkl", 12);
    bench_expect_drop(b, icmp_unknown, bench_input(b, p, n));
    bench_assert_silent(b);
}

/* R1122-3.2.2.9 */
static void the_mask_is_told_when_that_is_switched_on(void **state)
{
    struct ipv4_header h = {.src = PEER, .dst = US};
    struct bench *b = *state;
    uint8_t p[100], out[100];
    size_t n = make_icmp(p, h, ICMPV4_MASK, 0, 0x00070001, "\0\0\0\0", 4);

    bench_expect_drop(b, icmp_unknown, bench_input(b, p, n));
    b->s->config.icmp_mask_reply = true;
    bench_input(b, p, n);
    assert_int_equal(bench_take(b, out, sizeof out), 32);
    assert_int_equal(csum(out + 20, 12), 0);
    assert_int_equal(out[20], ICMPV4_MASK_REPLY);
    assert_memory_equal(out + 24, "\0\7\0\1\xff\xff\xff\0", 8);
}

/* Where Linux's icmp_ratemask names their answers, bits 14 and 18, they have the limit of errors. */
static void answers_to_questions_can_be_limited(void **state)
{
    struct ipv4_header h = {.src = PEER, .dst = US};
    struct bench *b = *state;
    uint8_t p[100], out[100];
    size_t n = make_icmp(p, h, ICMPV4_MASK, 0, 1, "\0\0\0\0", 4), sent = 0;

    b->s->config.icmp_mask_reply = b->s->config.icmp_timestamp_reply = true;
    b->s->config.icmp_limited_types = 1u << ICMPV4_MASK_REPLY;
    for (unsigned i = 0; i < 9; i++) {
        bench_input(b, p, n);
        sent += bench_take(b, out, sizeof out) > 0;
    }
    assert_int_equal(sent, 6);
    assert_int_equal(weft_drops(b->s, WEFT_DROP_icmp_limited), 3);
    bench_input(b, p, make_icmp(p, h, ICMPV4_TIMESTAMP, 0, 1, "\0\0\0\0\0\0\0\0\0\0\0\0", 12));
    assert_int_equal(bench_take(b, out, sizeof out), 40);
}

/* R1122-3.2.2.2: the newest takes the place of the oldest. */
static void the_oldest_redirect_makes_room(void **state)
{
    struct bench *b = *state;
    unsigned flags;

    for (uint32_t i = 0; i < 65; i++) {
        redirect(b, PEER, US, STRANGER + i, BETTER);
        bench_tick(b, WEFT_MS);
    }
    assert_int_equal(gateway_to(b, STRANGER, &flags), PEER);
    for (uint32_t i = 1; i < 65; i++)
        assert_int_equal(gateway_to(b, STRANGER + i, &flags), BETTER);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(the_first_hop_may_name_a_better_one, setup, teardown),
        cmocka_unit_test_setup_teardown(better_hop_that_does_not_answer_is_left_again, setup, teardown),
        cmocka_unit_test_setup_teardown(nobody_else_is_believed, setup, teardown),
        cmocka_unit_test_setup_teardown(a_host_route_is_changed_in_place, setup, teardown),
        cmocka_unit_test_setup_teardown(the_second_redirect_takes_the_place_of_the_first, setup, teardown),
        cmocka_unit_test_setup_teardown(a_flood_of_redirects_stays_within_bounds, setup, teardown),
        cmocka_unit_test_setup_teardown(redirected_routes_go_with_their_interface, setup, teardown),
        cmocka_unit_test_setup_teardown(the_time_is_told_when_that_is_switched_on, setup, teardown),
        cmocka_unit_test_setup_teardown(the_mask_is_told_when_that_is_switched_on, setup, teardown),
        cmocka_unit_test_setup_teardown(answers_to_questions_can_be_limited, setup, teardown),
        cmocka_unit_test_setup_teardown(the_oldest_redirect_makes_room, setup, teardown),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
