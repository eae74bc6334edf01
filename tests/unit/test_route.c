/* SPDX-License-Identifier: MIT */
/* The routing table (src/core/route.c). */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "core_bench.h"

/* Two links: net0 has 10.9.0.2/24 and 10.8.0.2/16, net1 has 10.9.1.2/24. */
static int setup(void **state)
{
    struct core_bench *b = bench_open();
    weft_if *net0 = bench_if(b->s, "net0", WEFT_LINK_IP, 1500), *net1 = bench_if(b->s, "net1", WEFT_LINK_IP, 1500);

    bench_address(net0, 0x0a090002, 24);
    bench_address(net0, 0x0a080002, 16);
    bench_address(net1, 0x0a090102, 24);
    *state = b;
    return 0;
}

static int teardown(void **state)
{
    bench_close(*state);
    return 0;
}

static int add(struct core_bench *b, uint32_t dst, unsigned prefix, uint32_t gateway, const char *name, uint32_t metric)
{
    struct weft_route r = {
        .dst = weft_ipv4(dst), .prefix = prefix, .gateway = weft_ipv4(gateway), .if_name = name, .metric = metric};

    return weft_route_add(b->s, &r);
}

static int del(struct core_bench *b, uint32_t dst, unsigned prefix, uint32_t gateway, const char *name)
{
    struct weft_route r = {.dst = weft_ipv4(dst), .prefix = prefix, .gateway = weft_ipv4(gateway), .if_name = name};

    return weft_route_del(b->s, &r);
}

/* The way to dst leads through `name` to `hop`. */
static void leads(struct core_bench *b, uint32_t dst, const char *name, uint32_t hop)
{
    struct weft_ip to = weft_ipv4(dst);
    struct ip_path path = {0};

    if (!name) {
        assert_int_equal(route_lookup(b->s, &to, &path), WEFT_ENETUNREACH);
        return;
    }
    assert_int_equal(route_lookup(b->s, &to, &path), 0);
    assert_string_equal(path.ifp->name, name);
    assert_int_equal(ip_to_v4(&path.next_hop), hop);
    assert_int_equal(path.generation, b->s->routes.generation);
}

/* ---- look-up ---- */

static void addresses_bring_the_routes_to_their_networks(void **state)
{
    struct core_bench *b = *state;

    leads(b, 0x0a090001, "net0", 0x0a090001);
    leads(b, 0x0a080909, "net0", 0x0a080909);
    leads(b, 0x0a090101, "net1", 0x0a090101);
    leads(b, 0x0a070001, NULL, 0);
}

static void own_addresses_and_127_lead_to_loopback(void **state)
{
    struct core_bench *b = *state;

    leads(b, 0x0a090002, "lo", 0x0a090002);
    leads(b, 0x0a090102, "lo", 0x0a090102);
    leads(b, 0x7f000001, "lo", 0x7f000001);
    leads(b, 0x7f123456, "lo", 0x7f123456);
}

static void gateway_is_the_next_hop(void **state)
{
    struct core_bench *b = *state;

    assert_int_equal(add(b, 0, 0, 0x0a090001, NULL, 0), 0);
    assert_int_equal(add(b, 0xc0a80000, 16, 0x0a090101, NULL, 0), 0);
    leads(b, 0x08080808, "net0", 0x0a090001);
    leads(b, 0xc0a80505, "net1", 0x0a090101);
    leads(b, 0x0a090105, "net1", 0x0a090105); /* the longer prefix */
}

static void groups_never_go_to_a_gateway(void **state)
{
    struct core_bench *b = *state;

    add(b, 0, 0, 0x0a090001, NULL, 0);
    leads(b, 0xffffffff, "net0", 0xffffffff);
    leads(b, 0xe00000fb, "net0", 0xe00000fb);
}

static void lower_metric_wins_then_the_older_route(void **state)
{
    struct core_bench *b = *state;

    add(b, 0, 0, 0x0a090001, NULL, 20);
    leads(b, 1, "net0", 0x0a090001);
    add(b, 0, 0, 0x0a090101, NULL, 10);
    leads(b, 1, "net1", 0x0a090101);
    add(b, 0, 0, 0x0a090109, NULL, 10);
    leads(b, 1, "net1", 0x0a090101);
    del(b, 0, 0, 0x0a090101, NULL);
    leads(b, 1, "net1", 0x0a090109);
}

/* What a table without order would answer: look at all, take the best. */
struct naive {
    uint32_t dst, gateway, metric;
    unsigned prefix, age;
    const char *name;
};

static bool better(const struct naive *a, const struct naive *b)
{
    if (a->prefix != b->prefix)
        return a->prefix > b->prefix;
    return a->metric != b->metric ? a->metric < b->metric : a->age < b->age;
}

static const struct naive *naive_lookup(const struct naive *r, size_t n, uint32_t dst)
{
    const struct naive *best = NULL;

    for (size_t i = 0; i < n; i++) {
        uint32_t mask = r[i].prefix ? UINT32_MAX << (32 - r[i].prefix) : 0;

        if ((dst & mask) == r[i].dst && (!best || better(&r[i], best)))
            best = &r[i];
    }
    return best;
}

static void lookup_agrees_with_a_naive_table(void **state)
{
    struct core_bench *b = *state;
    struct naive r[203] = {{0x0a090000, 0, 0, 24, 0, "net0"}, {0x0a080000, 0, 0, 16, 1, "net0"},
                           {0x0a090100, 0, 0, 24, 2, "net1"}};
    size_t n = 3;
    struct rng g;

    rng_seed(&g, 9);
    for (unsigned round = 0; round < 2000; round++) {
        uint32_t dst = (uint32_t)rng_u64(&g) & 0x000fffff;
        const struct naive *want;

        if (rng_below(&g, 3) == 0 && n < ARRAY_LEN(r)) {
            unsigned prefix = 8 + (unsigned)rng_below(&g, 25), first = (unsigned)rng_below(&g, 2);
            uint32_t mask = UINT32_MAX << (32 - prefix);
            struct naive new = {0x0b000000 | (dst & mask), (first ? 0x0a090100 : 0x0a090000) + 3 + (dst & 7),
                                (uint32_t)rng_below(&g, 3), prefix, round + 3, first ? "net1" : "net0"};

            if (add(b, new.dst, prefix, new.gateway, NULL, new.metric) == 0)
                r[n++] = new;
        } else if (rng_below(&g, 10) == 0 && n > 3) {
            size_t i = 3 + rng_below(&g, n - 3);

            assert_int_equal(del(b, r[i].dst, r[i].prefix, r[i].gateway, r[i].name), 0);
            r[i] = r[--n];
        }
        want = naive_lookup(r, n, 0x0b000000 | dst);
        leads(b, 0x0b000000 | dst, want ? want->name : NULL, want ? want->gateway : 0);
    }
    assert_true(n > 100);
}

/* ---- paths ---- */

static void path_is_asked_again_only_after_a_change(void **state)
{
    struct core_bench *b = *state;
    struct weft_ip dst = weft_ipv4(0x08080808);
    struct ip_path path = {0};

    add(b, 0, 0, 0x0a090001, NULL, 0);
    assert_int_equal(route_refresh(b->s, &dst, &path), 0); /* never resolved */
    assert_int_equal(ip_to_v4(&path.next_hop), 0x0a090001);
    path.next_hop = weft_ipv4(1); /* a mark */
    assert_int_equal(route_refresh(b->s, &dst, &path), 0);
    assert_int_equal(ip_to_v4(&path.next_hop), 1);
    add(b, 0x08000000, 8, 0x0a090101, NULL, 0);
    assert_int_equal(route_refresh(b->s, &dst, &path), 0);
    assert_int_equal(ip_to_v4(&path.next_hop), 0x0a090101);
    del(b, 0x08000000, 8, 0x0a090101, NULL);
    del(b, 0, 0, 0x0a090001, NULL);
    assert_int_equal(route_refresh(b->s, &dst, &path), WEFT_ENETUNREACH);
    assert_null(path.ifp);
}

static void new_own_address_takes_traffic_off_the_link(void **state)
{
    struct core_bench *b = *state;
    struct weft_ip dst = weft_ipv4(0x0a090009);
    struct ip_path path = {0};

    assert_int_equal(route_refresh(b->s, &dst, &path), 0);
    assert_string_equal(path.ifp->name, "net0");
    bench_address(weft_if_find(b->s, "net1"), 0x0a090009, 32);
    assert_int_equal(route_refresh(b->s, &dst, &path), 0);
    assert_string_equal(path.ifp->name, "lo");
}

/* ---- source addresses (RFC 1122 §3.3.4.3) ---- */

static void source_is_of_the_next_hops_network(void **state)
{
    static const struct {
        uint32_t dst, src;
    } cases[] = {
        {0x0a090001, 0x0a090002}, {0x0a080001, 0x0a080002}, {0x0a090101, 0x0a090102},
        {0x08080808, 0x0a080002}, /* behind 10.8.0.1 */
        {0x7f000005, 0x7f000001}, {0x0a080002, 0x0a080002}, {0xffffffff, 0x0a090002}, /* the first one */
    };
    struct core_bench *b = *state;

    add(b, 0, 0, 0x0a080001, NULL, 0);
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        struct weft_ip dst = weft_ipv4(cases[i].dst), src;
        struct ip_path path;

        assert_int_equal(route_lookup(b->s, &dst, &path), 0);
        assert_int_equal(route_source(b->s, &path, &dst, &src), 0);
        assert_int_equal(ip_to_v4(&src), cases[i].src);
    }
}

static void interface_without_address_has_no_source(void **state)
{
    struct core_bench *b = *state;
    struct weft_ip dst = weft_ipv4(0x0b000001), src;
    struct ip_path path;

    bench_if(b->s, "net2", WEFT_LINK_IP, 1500);
    assert_int_equal(add(b, 0x0b000000, 8, 0, "net2", 0), 0);
    assert_int_equal(route_lookup(b->s, &dst, &path), 0);
    assert_int_equal(route_source(b->s, &path, &dst, &src), WEFT_EADDRNOTAVAIL);
}

/* ---- the public calls ---- */

static void senseless_routes_are_refused(void **state)
{
    static const struct {
        uint32_t dst;
        unsigned prefix;
        uint32_t gateway;
        const char *name;
        int err;
    } cases[] = {
        {0x0b000000, 33, 0x0a090001, NULL, WEFT_EINVAL},
        {0x0b000001, 8, 0x0a090001, NULL, WEFT_EINVAL},     /* bits behind the prefix */
        {0x0b000000, 8, 0, NULL, WEFT_EINVAL},              /* neither gateway nor interface */
        {0x0b000000, 8, 0xe0000001, NULL, WEFT_EINVAL},     /* a group as gateway */
        {0x0b000000, 8, 0xffffffff, NULL, WEFT_EINVAL},
        {0x0b000000, 8, 0x0a090002, NULL, WEFT_EINVAL},     /* we ourselves */
        {0x0b000000, 8, 0x7f000001, NULL, WEFT_EINVAL},
        {0x0b000000, 8, 0x0c000001, NULL, WEFT_ENETUNREACH},
        {0x0b000000, 8, 0x0a090101, "net0", WEFT_ENETUNREACH}, /* on the other link */
        {0x0b000000, 8, 0, "net9", WEFT_ENETUNREACH},
        {0x0a090000, 24, 0, "net0", WEFT_EEXIST},
    };
    struct core_bench *b = *state;
    struct weft_route v6 = {.dst = {{0x20, 0x01}}, .prefix = 15, .if_name = "net0"};
    uint32_t generation = b->s->routes.generation;

    for (size_t i = 0; i < ARRAY_LEN(cases); i++)
        assert_int_equal(add(b, cases[i].dst, cases[i].prefix, cases[i].gateway, cases[i].name, 0), cases[i].err);
    assert_int_equal(weft_route_add(b->s, &v6), WEFT_EINVAL);
    assert_int_equal(b->s->routes.generation, generation);
    harness_env_fail_nth(&b->e, 1);
    assert_int_equal(add(b, 0x0b000000, 8, 0x0a090001, NULL, 0), WEFT_ENOMEM);
}

/* After 2^32 changes: zero is left out, which says of a path that it was never resolved. */
static void the_count_of_changes_leaves_zero_out_when_it_wraps(void **state)
{
    struct core_bench *b = *state;
    struct weft_ip dst = weft_ipv4(0x0a090063);
    struct ip_path path = {0};

    b->s->routes.generation = UINT32_MAX;
    assert_false(path_is_fresh(&path, b->s->routes.generation, b->s->now));
    assert_int_equal(route_lookup(b->s, &dst, &path), 0);
    assert_true(path_is_fresh(&path, b->s->routes.generation, b->s->now));
    assert_int_equal(add(b, 0x0b000000, 8, 0x0a090001, NULL, 0), 0);
    assert_int_equal(b->s->routes.generation, 1);
    assert_false(path_is_fresh(&path, b->s->routes.generation, b->s->now));
    assert_int_equal(route_refresh(b->s, &dst, &path), 0);
    assert_int_equal(path.generation, 1);
}

static void default_route_may_be_of_either_family(void **state)
{
    struct core_bench *b = *state;
    struct weft_route r = {.prefix = 0, .gateway = weft_ipv4(0x0a090001)}, found;
    size_t i = 0;

    assert_int_equal(weft_route_add(b->s, &r), 0);
    leads(b, 0x08080808, "net0", 0x0a090001);
    while (weft_route_info(b->s, i, &found))
        i++;
    assert_true(weft_route_info(b->s, i - 1, &found)); /* the shortest prefix is last */
    assert_int_equal(found.prefix, 0);
    assert_string_equal(found.if_name, "net0");
    assert_int_equal(weft_route_del(b->s, &r), 0);
    assert_int_equal(weft_route_del(b->s, &r), WEFT_ENOENT);
}

static void longest_network_decides_where_a_gateway_is(void **state)
{
    struct core_bench *b = *state;
    weft_if *net2 = bench_if(b->s, "net2", WEFT_LINK_IP, 1500);

    bench_address(net2, 0x0a080902, 24); /* inside net0's 10.8/16 */
    assert_int_equal(add(b, 0x0b000000, 8, 0x0a080901, NULL, 0), 0);
    leads(b, 0x0b000001, "net2", 0x0a080901);
    bench_address(bench_if(b->s, "net3", WEFT_LINK_IP, 1500), 0x0a0a0a02, 8); /* around them all */
    assert_int_equal(add(b, 0x0c000000, 8, 0x0a080901, NULL, 0), 0);
    leads(b, 0x0c000001, "net2", 0x0a080901);
}

static void deletion_obeys_the_interface_when_one_is_named(void **state)
{
    struct core_bench *b = *state;

    add(b, 0x0b000000, 8, 0, "net0", 0);
    add(b, 0x0b000000, 8, 0, "net1", 0);
    assert_int_equal(del(b, 0x0b000000, 8, 0, "net1"), 0);
    assert_int_equal(del(b, 0x0b000000, 8, 0, "net1"), WEFT_ENOENT);
    leads(b, 0x0b000001, "net0", 0x0b000001);
    assert_int_equal(del(b, 0x0b000000, 8, 0, NULL), 0);
    leads(b, 0x0b000001, NULL, 0);
}

static void routes_say_what_they_are(void **state)
{
    static const struct {
        uint32_t dst;
        unsigned prefix, flags;
        uint8_t owner;
    } want[] = {
        {0x08080808, 32, WEFT_ROUTE_UP | WEFT_ROUTE_GATEWAY | WEFT_ROUTE_HOST, WEFT_ROUTE_STATIC},
        {0x0a090002, 32, WEFT_ROUTE_UP | WEFT_ROUTE_HOST, WEFT_ROUTE_LINK},
        {0x0a090000, 24, WEFT_ROUTE_UP, WEFT_ROUTE_LINK},
        {0x0b000000, 8, WEFT_ROUTE_UP | WEFT_ROUTE_GATEWAY, WEFT_ROUTE_STATIC},
    };
    static const uint32_t asked[] = {0x08080808, 0x0a090002, 0x0a090077, 0x0b010203};
    struct core_bench *b = *state;
    struct weft_route r;
    struct weft_ip ip;

    add(b, 0x08080808, 32, 0x0a090001, NULL, 0);
    add(b, 0x0b000000, 8, 0x0a090001, NULL, 0);
    for (size_t i = 0; i < ARRAY_LEN(want); i++) {
        ip = weft_ipv4(asked[i]);
        assert_int_equal(weft_route_get(b->s, &ip, &r), 0);
        assert_int_equal(ip_to_v4(&r.dst), want[i].dst);
        assert_int_equal(r.prefix, want[i].prefix);
        assert_int_equal(r.flags, want[i].flags);
        assert_int_equal(r.owner, want[i].owner);
    }
    ip = weft_ipv4(0x0c000001);
    assert_int_equal(weft_route_get(b->s, &ip, &r), WEFT_ENETUNREACH);
}

static void daemon_takes_back_what_is_its_own(void **state)
{
    struct core_bench *b = *state;
    struct weft_route r = {.prefix = 24, .gateway = weft_ipv4(0x0a090001), .owner = WEFT_ROUTE_DAEMON};
    size_t before = 0, n;

    while (weft_route_info(b->s, before, &r))
        before++;
    r = (struct weft_route){.prefix = 24, .gateway = weft_ipv4(0x0a090001), .owner = WEFT_ROUTE_DAEMON};
    add(b, 0x0b000000, 24, 0x0a090101, NULL, 1); /* to a network that the daemon knows as well */
    for (uint32_t i = 0; i < 50; i++) {
        r.dst = weft_ipv4(0x0b000000 + (i << 8));
        assert_int_equal(weft_route_add(b->s, &r), 0);
    }
    leads(b, 0x0b000001, "net0", 0x0a090001);
    assert_int_equal(weft_route_flush(b->s, WEFT_ROUTE_DAEMON), 50);
    leads(b, 0x0b000001, "net1", 0x0a090101);
    leads(b, 0x0b000101, NULL, 0);
    for (n = 0; weft_route_info(b->s, n, &r); n++)
        assert_int_not_equal(r.owner, WEFT_ROUTE_DAEMON);
    assert_int_equal(n, before + 1);
}

/* Of an address in its mapped form. */
static unsigned mapped_bits(const struct weft_route *r) { return r->prefix + (ip_is_v4(&r->dst) ? 96 : 0); }

/* However they are asked for, in order or not, and with changes in between. */
static void routes_are_listed_longest_first(void **state)
{
    struct core_bench *b = *state;
    struct weft_route r, again;
    unsigned bits = 128;
    size_t n;

    for (uint32_t i = 8; i <= 24; i++) {
        add(b, 0x0b000000, i, 0x0a090001, NULL, i % 3);
        add(b, 0x0b000000, i, 0x0a090101, NULL, 1);
    }
    for (n = 0; weft_route_info(b->s, n, &r); n++) {
        assert_true(mapped_bits(&r) <= bits);
        bits = mapped_bits(&r);
        assert_true(weft_route_info(b->s, n / 2, &again));
        assert_true(mapped_bits(&again) >= bits);
    }
    assert_true(n >= 34);
    add(b, 0x0b000000, 25, 0x0a090001, NULL, 0);
    assert_true(weft_route_info(b->s, n, &r));
    assert_false(weft_route_info(b->s, n + 1, &r));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(addresses_bring_the_routes_to_their_networks, setup, teardown),
        cmocka_unit_test_setup_teardown(own_addresses_and_127_lead_to_loopback, setup, teardown),
        cmocka_unit_test_setup_teardown(gateway_is_the_next_hop, setup, teardown),
        cmocka_unit_test_setup_teardown(groups_never_go_to_a_gateway, setup, teardown),
        cmocka_unit_test_setup_teardown(lower_metric_wins_then_the_older_route, setup, teardown),
        cmocka_unit_test_setup_teardown(lookup_agrees_with_a_naive_table, setup, teardown),
        cmocka_unit_test_setup_teardown(path_is_asked_again_only_after_a_change, setup, teardown),
        cmocka_unit_test_setup_teardown(new_own_address_takes_traffic_off_the_link, setup, teardown),
        cmocka_unit_test_setup_teardown(source_is_of_the_next_hops_network, setup, teardown),
        cmocka_unit_test_setup_teardown(interface_without_address_has_no_source, setup, teardown),
        cmocka_unit_test_setup_teardown(senseless_routes_are_refused, setup, teardown),
        cmocka_unit_test_setup_teardown(the_count_of_changes_leaves_zero_out_when_it_wraps, setup, teardown),
        cmocka_unit_test_setup_teardown(default_route_may_be_of_either_family, setup, teardown),
        cmocka_unit_test_setup_teardown(longest_network_decides_where_a_gateway_is, setup, teardown),
        cmocka_unit_test_setup_teardown(deletion_obeys_the_interface_when_one_is_named, setup, teardown),
        cmocka_unit_test_setup_teardown(routes_say_what_they_are, setup, teardown),
        cmocka_unit_test_setup_teardown(daemon_takes_back_what_is_its_own, setup, teardown),
        cmocka_unit_test_setup_teardown(routes_are_listed_longest_first, setup, teardown),
    };

    return cmocka_run_group_tests_name("route", tests, NULL, NULL);
}
