/* SPDX-License-Identifier: MIT */
/* Messages of IGMP: how reports are written, and what of the routers' words is believed. */
#include "igmp_bench.h"

/* ---- what is not believed ---- */

static void put_message(struct bench *b, struct ipv4_header h, uint8_t *message, size_t n)
{
    uint8_t out[128];

    h.dst = h.dst ? h.dst : IGMP_ALL_HOSTS;
    bench_input(b, out, make_igmp(out, h, message, n));
}

static void queries_that_break_the_rules_are_dropped(void **state)
{
    struct bench *b = *state;
    weft_sock *sock = bench_udp(b, NULL);
    struct ipv4_header good = {0}, far = {.ttl = 2}, bare = {.header_len = IPV4_HEADER}, elsewhere = {.dst = GROUP};
    uint8_t all[32] = {IGMP_QUERY, 10}, group[32] = {IGMP_QUERY, 10}, out[64];
    size_t n;

    /* R3376-sec */
    join(sock, "239.1.2.3");
    hush(b);
    bench_expect_drop(b, igmp_ttl, put_message(b, far, all, 12));
    bench_expect_drop(b, igmp_router_alert, put_message(b, bare, all, 12));
    bench_expect_drop(b, igmp_router_alert, put_message(b, bare, all, 8));
    bench_expect_drop(b, igmp_group, put_message(b, elsewhere, all, 12)); /* a general query to a few */
    poke_u32(group + 4, V4(10, 9, 0, 2));
    bench_expect_drop(b, igmp_group, put_message(b, good, group, 12));
    bench_expect_drop(b, igmp_malformed, put_message(b, good, all, 9));
    bench_expect_drop(b, igmp_malformed, put_message(b, good, all, 7));
    poke_u16(all + 10, 6); /* six sources, of which five are there */
    bench_expect_drop(b, igmp_malformed, put_message(b, good, all, 32));
    poke_u16(all + 10, 0xffff);
    bench_expect_drop(b, igmp_malformed, put_message(b, good, all, 32));
    n = make_igmp(out, (struct ipv4_header){.dst = IGMP_ALL_HOSTS}, all, 12);
    out[n - 12 + 3] ^= 1;
    bench_expect_drop(b, igmp_checksum, bench_input(b, out, n));
    all[0] = IGMP_LEAVE;
    bench_expect_drop(b, igmp_not_ours, put_message(b, good, all, 8));
    all[0] = 0x13; /* DVMRP */
    bench_expect_drop(b, igmp_not_ours, put_message(b, good, all, 8));
    assert_quiet(b, 100 * WEFT_S);
    weft_close(sock);
    hush(b);
}

static void a_query_from_nowhere_and_one_to_us_alone_are_answered(void **state)
{
    struct bench *b = *state;
    weft_sock *sock = bench_udp(b, NULL);
    uint8_t message[64], out[128];
    struct ask q = {.code = 10};
    size_t n = make_query_message(message, &q);

    /* RFC 3376 §4.1.12; RFC 4541 §2.1.1: a switch that asks may have no address */
    join(sock, "239.1.2.3");
    hush(b);
    bench_input(b, out, make_igmp(out, (struct ipv4_header){.dst = US}, message, n));
    assert_said_within(b, WEFT_S, "is_ex 239.1.2.3");
    n = make_igmp(out, (struct ipv4_header){.dst = IGMP_ALL_HOSTS, .src = PEER}, message, n);
    poke_u32(out + 12, 0);
    poke_u16(out + 10, 0);
    poke_u16(out + 10, csum(out, IPV4_HEADER + IGMP_ROUTER_ALERT));
    bench_input(b, out, n);
    assert_said_within(b, WEFT_S, "is_ex 239.1.2.3");
    weft_close(sock);
    hush(b);
}

/* ---- bounds ---- */

/* What does not fit in a datagram goes on in the next; a list of those to be blocked is cut (RFC 3376 §4.2.16). */
static void long_reports_are_split(void **state)
{
    struct bench *b = *state;
    weft_sock *sock[12];
    char name[] = "239.2.xx.yy";
    unsigned records = 0, messages = 0;

    for (unsigned i = 0; i < 12; i++) {
        sock[i] = bench_udp(b, NULL);
        for (unsigned k = 0; k < 20; k++) {
            snprintf(name, sizeof name, "239.2.%u.%u", i, k);
            assert_int_equal(join(sock[i], name), 0);
        }
    }
    hush(b);
    ask(b, (struct ask){.code = 10});
    run_until_said(b, WEFT_S);
    for (const char *words; *(words = said(b)); messages++)
        for (const char *p = words; (p = strstr(p, "is_ex")); p++)
            records++;
    assert_int_equal(records, 240);
    assert_int_equal(messages, 2); /* of up to 183 records in 1,500 bytes */
    for (unsigned i = 0; i < 12; i++)
        weft_close(sock[i]);
    hush(b);
}

/* RFC 3376 §4.2.13: a station without an address says so, and not the one that it had. */
static void a_report_without_an_address_comes_from_nowhere(void **state)
{
    struct bench *b = *state;
    struct weft_ip us = weft_ipv4(US);
    weft_sock *sock = bench_udp(b, NULL);
    struct weft_group wish = {.group = group_ip("239.1.2.3"), .interface = weft_if_index(b->ifp)};
    uint8_t out[128];

    assert_int_equal(weft_if_del_address(b->ifp, &us), 0);
    assert_int_equal(weft_setsockopt(sock, WEFT_SOL_IP, WEFT_MCAST_JOIN_GROUP, &wish, sizeof wish), 0);
    run_until_said(b, WEFT_S);
    assert_true(bench_take(b, out, sizeof out) > 24);
    assert_int_equal(peek_u32(out + 12), 0);
    assert_int_equal(weft_if_add_address(b->ifp, &us, 24), 0);
    weft_close(sock);
    hush(b);
}

/* RFC 2236 §9: a report goes to its group. One that does not tells of nobody. */
static void a_report_to_another_group_is_dropped(void **state)
{
    struct bench *b = *state;
    weft_sock *sock = bench_udp(b, NULL);
    uint8_t message[IGMP_HEADER] = {IGMP_V2_REPORT}, out[128];

    join(sock, "239.1.2.3");
    join(sock, "239.1.2.4");
    hush(b);
    poke_u32(message + 4, GROUP2);
    bench_expect_drop(b, igmp_group,
                      bench_input(b, out, make_igmp(out, (struct ipv4_header){.dst = GROUP}, message, sizeof message)));
    weft_close(sock);
    hush(b);
}

/*
 * A message takes as many records as its link carries: here 68 of eight bytes behind 32 of headers, to the last byte.
 */
static void records_fill_a_report_to_the_last_byte(void **state)
{
    struct bench *b = *state;
    weft_sock *sock = bench_udp(b, NULL);
    uint8_t out[600];
    unsigned full = 0;
    char group[32];

    b->s->config.igmp_max_memberships = 200;
    for (unsigned i = 0; i < 136; i++) {
        snprintf(group, sizeof group, "239.1.5.%u", i);
        join(sock, group);
    }
    hush(b);
    b->ifp->mtu = 576;
    weft_close(sock);
    run_until_said(b, WEFT_S);
    for (size_t n; (n = bench_take(b, out, sizeof out)) > 0;) {
        assert_int_equal(peek_u16(out + 24 + 6), 68);
        full += n == 576;
    }
    assert_int_equal(full, 2);
    hush(b);
}

/* RFC 3376 §9.1: options are not enough, it must be that one. */
static void a_query_with_other_options_is_dropped(void **state)
{
    static const uint8_t nothing[4] = {1, 1, 1, 0};
    struct bench *b = *state;
    weft_sock *sock = bench_udp(b, NULL);
    struct ask q = {.code = 10};
    uint8_t message[64], out[128];
    size_t n = make_query_message(message, &q);

    join(sock, "239.1.2.3");
    hush(b);
    n = make_igmp(out, (struct ipv4_header){.dst = IGMP_ALL_HOSTS, .header_len = 24, .options = nothing}, message, n);
    bench_expect_drop(b, igmp_router_alert, bench_input(b, out, n));
    assert_quiet(b, 10 * WEFT_S);
    weft_close(sock);
    hush(b);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(queries_that_break_the_rules_are_dropped, setup, teardown),
        cmocka_unit_test_setup_teardown(a_query_from_nowhere_and_one_to_us_alone_are_answered, setup, teardown),
        cmocka_unit_test_setup_teardown(long_reports_are_split, setup, teardown),
        cmocka_unit_test_setup_teardown(a_report_without_an_address_comes_from_nowhere, setup, teardown),
        cmocka_unit_test_setup_teardown(a_report_to_another_group_is_dropped, setup, teardown),
        cmocka_unit_test_setup_teardown(records_fill_a_report_to_the_last_byte, setup, teardown),
        cmocka_unit_test_setup_teardown(a_query_with_other_options_is_dropped, setup, teardown),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
