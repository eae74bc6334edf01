/* SPDX-License-Identifier: MIT */
/*
 * Redirects forged without number (RFC 1122 §3.2.2.2; RFC 4861 §8): by whoever is the first hop, or says that he is; to
 * gateways that are none. What is believed stays within its table, and nothing leads the bystander's way elsewhere.
 */
#include "field.h"

#define FLOOD 40000

/* Of IPv4: about what the victim sent to dst, to this gateway. */
static void throw_v4(struct field *f, uint32_t from, uint32_t dst, uint32_t gateway)
{
    uint8_t message[ICMPV4_HEADER + IPV4_HEADER + 8] = {ICMPV4_REDIRECT, ICMPV4_REDIRECT_HOST};
    struct ipv4_header quoted = {.header_len = IPV4_HEADER, .total_len = 28, .ttl = 9, .proto = 17, .src = FRONT,
                                 .dst = dst};
    struct writer w = writer(message + ICMPV4_HEADER, IPV4_HEADER);

    poke_u32(message + 4, gateway);
    ipv4_emit(&w, &quoted);
    poke_u16(message + 2, csum(message, sizeof message));
    attack_datagram(f, (struct ipv4_header){.src = from, .dst = FRONT, .proto = IP_PROTO_ICMP}, message, sizeof message);
}

static bool leads_home(struct field *f)
{
    struct weft_ip bystander = weft_ipv4(BYSTANDER);
    struct weft_route r;

    return weft_route_get(f->victim, &bystander, &r) == 0 && strcmp(r.if_name, "home") == 0 &&
           ip_to_v4(&r.gateway) == 0;
}

/* R1122-3.2.2.2 */
static void the_first_hop_fills_no_more_than_the_table(void **state)
{
    struct weft_config config;
    struct field *f;
    size_t routes, before;

    weft_config_default(&config);
    config.secure_redirects = false; /* else he is believed in nothing at all */
    f = field_new(&config);
    routes = field_routes(f);
    before = field_in_use(f);
    for (uint32_t i = 0; i < FLOOD; i++) {
        throw_v4(f, ATTACKER, i % 4 ? 0xc6000000 + (uint32_t)rng_u64(&f->rng) % 0xffffff : BYSTANDER,
                 0x0a420003 + (uint32_t)rng_below(&f->rng, 60000));
        if (i % 500 == 0)
            field_run(f, WEFT_MS);
        assert_true(field_routes(f) <= routes + 64);
    }
    assert_int_equal(field_routes(f), routes + 64);
    assert_true(leads_home(f));
    assert_true(field_in_use(f) - before <= 64 << 10);
    expect_work_below(f, 4000);
    f->now += 600 * WEFT_S; /* they are believed for ten minutes */
    field_run(f, WEFT_S);
    attack_drain(f);
    assert_int_equal(field_routes(f), routes);
    field_end(f);
}

/* R1122-3.2.2.2 */
static void others_change_nothing(void **state)
{
    struct field *f = field_new(NULL);
    size_t routes = field_routes(f), before = field_in_use(f);

    for (uint32_t i = 0; i < FLOOD; i++) {
        throw_v4(f, 0x0a420001 + (uint32_t)rng_below(&f->rng, 3), 0xc6000000 + i, 0x0a420003 + i % 1000);
        throw_v4(f, ATTACKER, BYSTANDER, ATTACKER);
        if (i % 1000 == 0)
            field_run(f, WEFT_MS);
    }
    assert_int_equal(field_routes(f), routes);
    assert_true(field_in_use(f) <= before + (16 << 10)); /* segments of the stream that wait */
    assert_true(leads_home(f));
    expect_work_below(f, 2000);
    field_end(f);
}

/* ---- IPv6 ---- */

static void throw_v6(struct field *f, uint32_t from, uint32_t dst, uint32_t target)
{
    struct attack_v6 h = {.src = link_v6(from), .dst = front_v6(2), .hops = 255, .next = IP_PROTO_ICMPV6};
    uint8_t message[48] = {ICMPV6_REDIRECT};
    struct weft_ip better = link_v6(target), far = front_v6(dst);

    far.b[5] = 1; /* 2001:db8:1::, which is not on the link */
    memcpy(message + 8, &better, 16);
    memcpy(message + 24, &far, 16);
    memcpy(message + 40, (uint8_t[]){2, 1, 2, 9, (uint8_t)(target >> 8), (uint8_t)target, 9, 9}, 8);
    attack_v6(f, &h, message, sizeof message);
}

static void throw_router(struct field *f, uint32_t from)
{
    struct attack_v6 h = {.src = link_v6(from), .dst = group_v6(1), .hops = 255, .next = IP_PROTO_ICMPV6};
    uint8_t message[16] = {ICMPV6_ROUTER_ADVERT, [6] = 0x70};

    attack_v6(f, &h, message, sizeof message);
}

/* R4861-8 */
static void the_router_of_ipv6_fills_no_more_than_the_tables(void **state)
{
    struct field *f = field_new_ethernet(NULL);
    size_t routes, before = field_in_use(f);
    uint64_t dropped;

    field_run(f, 3 * WEFT_S);
    throw_router(f, 1);
    routes = field_routes(f);
    for (uint32_t i = 0; i < FLOOD; i++) {
        throw_v6(f, 1, (uint32_t)rng_u64(&f->rng), 2 + (uint32_t)rng_below(&f->rng, 60000));
        attack_drain(f);
        if (i % 500 == 0)
            field_run(f, WEFT_MS);
    }
    assert_int_equal(field_routes(f), routes + 16);
    assert_true(field_in_use(f) - before <= 512 << 10); /* and stations, of which there are 1,024 */
    dropped = weft_drops(f->victim, WEFT_DROP_nd_redirect);
    for (uint32_t i = 0; i < FLOOD; i++)
        throw_v6(f, 2 + i, i, 1);
    assert_int_equal(weft_drops(f->victim, WEFT_DROP_nd_redirect), dropped + FLOOD); /* from no first hop */
    expect_work_below(f, 4000);
    assert_true(leads_home(f));
    f->now += 600 * WEFT_S;
    field_run(f, WEFT_S);
    attack_drain(f);
    assert_int_equal(field_routes(f), routes);
    field_end(f);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_first_hop_fills_no_more_than_the_table),
        cmocka_unit_test(others_change_nothing),
        cmocka_unit_test(the_router_of_ipv6_fills_no_more_than_the_tables),
    };

    return cmocka_run_group_tests_name("attack_redirects", tests, NULL, NULL);
}
