/* SPDX-License-Identifier: MIT */
/* The policy table and the order of destinations (RFC 6724 §2.1, §6), by the examples of its §10. */
#include <stdio.h>

#include "ip6_bench.h"
#include "weft/route.h"

#define SOURCES 4

/* ---- the examples ---- */

struct example {
    const char *source[SOURCES]; /* with "-" in front: deprecated */
    const char *first, *second;  /* the order that comes out, whichever goes in */
};

/* RFC 6724 §10.2, in its order, but for those with addresses of mobile hosts and tunnels. */
static const struct example examples[] = {
    {{"2001:db8:1::2", "fe80::1", "169.254.13.78"}, "2001:db8:1::1", "198.51.100.121"}, /* rule 2: scope */
    {{"fe80::1", "198.51.100.117"}, "198.51.100.121", "2001:db8:1::1"},                 /* 2 */
    {{"2001:db8:1::2", "fe80::1", "10.1.2.4"}, "2001:db8:1::1", "10.1.2.3"},            /* 6: precedence */
    {{"2001:db8:1::2", "fe80::2"}, "fe80::1", "2001:db8:1::1"},                         /* 8: the smaller scope */
    {{"2001:db8:1::2", "-fe80::2"}, "2001:db8:1::1", "fe80::1"},                        /* 3: deprecated */
    {{"2001:db8:1::2", "2001:db8:3f44::2", "fe80::2"}, "2001:db8:1::1", "2001:db8:3ffe::1"}, /* 9 */
    {{"2002:c633:6401::2", "fe80::2"}, "2002:c633:6401::1", "2001:db8:1::1"},           /* 5: label */
    {{"2002:c633:6401::2", "2001:db8:1::2", "fe80::2"}, "2001:db8:1::1", "2002:c633:6401::1"}, /* 6 */
    /* And of our own: */
    {{"2001:db8:1::2"}, "2001:db8:1::1", "198.51.100.121"}, /* 1: no source at all */
    {{"10.1.2.4"}, "10.1.2.3", "192.0.2.1"},                /* 9: on the source's network */
};

static void own(weft_if *ifp, const char *text)
{
    bool deprecated = text[0] == '-';
    struct weft_ip ip = ip6(text + deprecated);

    assert_int_equal(weft_if_add_address(ifp, &ip, ip_is_v4(&ip) ? 24 : 64), 0);
    if (deprecated)
        ifp->address[ifp->n_addresses - 1].state = IF_ADDRESS_DEPRECATED;
}

static void lead(struct bench *b, const char *network, unsigned prefix)
{
    struct weft_route r = {.dst = ip6(network), .prefix = prefix, .if_name = "t0"};

    assert_int_equal(weft_route_add(b->s, &r), 0);
}

/* A host with these addresses, from which everything is on its one link. */
static struct bench *host_with(const char *const source[SOURCES])
{
    struct bench *b = bench_new();
    struct weft_route away = {.gateway = weft_ipv4(PEER)};
    struct weft_ip us = weft_ipv4(US), other = weft_ipv4(OTHER_US);

    assert_int_equal(weft_route_del(b->s, &away), 0);
    assert_int_equal(weft_if_del_address(b->ifp, &us), 0);
    assert_int_equal(weft_if_del_address(b->other, &other), 0);
    lead(b, "0.0.0.0", 0);
    lead(b, "::", 0);
    for (unsigned i = 0; i < SOURCES && source[i]; i++)
        own(b->ifp, source[i]);
    return b;
}

static struct weft_ip target(struct bench *b, const char *text)
{
    struct weft_ip ip = ip6(text);

    ip_set_zone(&ip, b->ifp->index);
    return ip;
}

static void expect_order(struct bench *b, const char *first, const char *second)
{
    struct weft_ip want[2] = {target(b, first), target(b, second)};
    struct weft_ip there[2] = {want[0], want[1]}, back[2] = {want[1], want[0]};

    weft_order_destinations(b->s, there, 2);
    assert_memory_equal(there, want, sizeof want);
    weft_order_destinations(b->s, back, 2);
    assert_memory_equal(back, want, sizeof want);
}

/* R6724-6 */
static void the_examples_of_rfc_6724_come_out_in_its_order(void **state)
{
    for (size_t i = 0; i < ARRAY_LEN(examples); i++) {
        struct bench *b = host_with(examples[i].source);

        print_message("%s before %s\n", examples[i].first, examples[i].second);
        expect_order(b, examples[i].first, examples[i].second);
        bench_free(b);
    }
}

/* R6724-6: what is alike stays in its order, as whoever answered for the name chose it. */
static void what_is_alike_stays_in_its_order(void **state)
{
    static const char *const source[SOURCES] = {"10.1.2.4", "2001:db8:1::2"};
    struct bench *b = host_with(source);
    struct weft_ip ip[40], before[40];

    for (size_t i = 0; i < 40; i++)
        ip[i] = before[i] = weft_ipv4(V4(192, 0, 2, 200 - i));
    weft_order_destinations(b->s, ip, 40);
    assert_memory_equal(ip, before, sizeof ip);
    ip[31] = before[31] = ip6("2001:db8:1::1"); /* the last one that is looked at */
    ip[32] = ip6("2001:db8:1::9");
    weft_order_destinations(b->s, ip, 40);
    assert_memory_equal(&ip[0], &before[31], sizeof ip[0]);
    assert_memory_equal(&ip[1], &before[0], 31 * sizeof ip[0]);
    before[0] = ip6("2001:db8:1::9");
    assert_memory_equal(&ip[32], &before[0], sizeof ip[0]);
    weft_order_destinations(b->s, ip, 0);
    bench_free(b);
}

/* ---- the table ---- */

static int set(struct bench *b, const char *prefix, unsigned bits, uint32_t precedence, uint32_t label)
{
    return weft_policy_set(b->s, &(struct weft_policy){ip6(prefix), bits, precedence, label});
}

/* RFC 6724 §10.3: whoever would rather have IPv4 says so. R6724-2.1 */
static void the_table_can_be_changed(void **state)
{
    static const char *const source[SOURCES] = {"2001:db8:1::2", "fe80::1", "10.1.2.4"};
    struct bench *b = host_with(source);
    struct weft_ip mapped = ip6("0.0.0.0"), any = {{0}};

    expect_order(b, "2001:db8:1::1", "10.1.2.3");
    assert_int_equal(set(b, "::ffff:0.0.0.0", 96, 100, 4), 0);
    expect_order(b, "10.1.2.3", "2001:db8:1::1");
    assert_int_equal(weft_policy_del(b->s, &mapped, 96), 0);
    assert_int_equal(weft_policy_del(b->s, &mapped, 96), WEFT_ENOENT);
    assert_int_equal(weft_policy_del(b->s, &any, 0), WEFT_EINVAL); /* every address has a row */
    assert_int_equal(set(b, "::", 0, 1, 1), 0);
    assert_int_equal(set(b, "10.0.0.0", 104, 2, 4), 0); /* the longer prefix counts */
    expect_order(b, "10.1.2.3", "2001:db8:1::1");
    bench_free(b);
}

/* R6724-2.1: the label decides the source (§10.3.3, §10.6 in small). */
static void a_label_of_ones_own_decides_the_source(void **state)
{
    static const char *const source[SOURCES] = {"2001:db8:1::2", "2001:db8:2::2"};
    struct bench *b = host_with(source);
    struct weft_ip to = ip6("2001:db8:1:ffff::1"), one = ip6(source[0]), two = ip6(source[1]), src;

    assert_int_equal(weft_route_source(b->s, &to, &src), 0);
    assert_memory_equal(&src, &one, sizeof src);
    assert_int_equal(set(b, "2001:db8:1:ffff::", 64, 40, 77), 0);
    assert_int_equal(set(b, "2001:db8:2::", 64, 40, 77), 0);
    assert_int_equal(weft_route_source(b->s, &to, &src), 0);
    assert_memory_equal(&src, &two, sizeof src);
    bench_free(b);
}

static void the_table_is_kept_in_order_and_has_an_end(void **state)
{
    struct bench *b = bench_new();
    struct weft_policy row, before = {.bits = 128};
    struct weft_ip ip = ip6("2001:db8::1");
    char text[32];
    size_t n = 0;

    assert_int_equal(set(b, "2001:db8::", 129, 1, 1), WEFT_EINVAL);
    assert_int_equal(set(b, "2001:db8::", 31, 1, 1), 0);
    assert_int_equal(set(b, "2001:db8::", 28, 1, 1), WEFT_EINVAL); /* bits behind the prefix */
    assert_int_equal(set(b, "::1", 128, 7, 8), 0);                 /* replaced, not added */
    for (unsigned i = 0; i < WEFT_POLICIES - 10; i++) {
        snprintf(text, sizeof text, "2001:db8:%x::", i + 1);
        assert_int_equal(set(b, text, 48 + i % 16, 1, i), 0);
    }
    assert_int_equal(set(b, "2001:db8:ff::", 48, 1, 1), WEFT_ENOMEM);
    assert_int_equal(set(b, "2001:db8:1::", 48, 9, 9), 0); /* there is room for what is there */
    for (; weft_policy_info(b->s, n, &row); n++) {
        assert_true(row.bits <= before.bits);
        before = row;
    }
    assert_int_equal(n, WEFT_POLICIES);
    assert_int_equal(row.bits, 0);
    weft_policy_of(b->s, &ip, &row);
    assert_int_equal(row.bits, 31);
    ip = ip6("::1");
    weft_policy_of(b->s, &ip, &row);
    assert_int_equal(row.precedence, 7);
    bench_free(b);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_examples_of_rfc_6724_come_out_in_its_order),
        cmocka_unit_test(what_is_alike_stays_in_its_order),
        cmocka_unit_test(the_table_can_be_changed),
        cmocka_unit_test(a_label_of_ones_own_decides_the_source),
        cmocka_unit_test(the_table_is_kept_in_order_and_has_an_end),
    };

    return cmocka_run_group_tests_name("policy", tests, NULL, NULL);
}
