/* SPDX-License-Identifier: MIT */
/*
 * Queries and reports of groups without number (RFC 3376 §9, RFC 3810 §10): about all groups, about each, about sources
 * that nobody heard of, by every version in turn. One answer at a time waits for each group, what is noted of a question
 * is bounded, and what is said in answer does not grow with the questions.
 */
#include "field.h"

#include "wire/igmp.h"
#include "wire/mld.h"

#define GROUPS 20
#define FLOOD  30000

static weft_sock *listen_to(struct field *f, bool v4)
{
    weft_sock *sock = weft_socket_in(f->victim, v4 ? WEFT_INET : WEFT_INET6, WEFT_UDP, NULL);

    for (uint32_t i = 0; i < GROUPS; i++) {
        struct weft_group g = {.group = v4 ? weft_ipv4(0xef010100 + i) : group_v6(0x10100 + i),
                               .interface = weft_if_index(f->back)};

        int level = v4 ? WEFT_SOL_IP : WEFT_SOL_IPV6;

        assert_int_equal(weft_setsockopt(sock, level, WEFT_MCAST_JOIN_GROUP, &g, sizeof g), 0);
    }
    return sock;
}

/* ---- IPv4 ---- */

static void throw_igmp(struct field *f, uint32_t src, uint32_t dst, uint8_t *message, size_t n)
{
    uint8_t alert[IGMP_ROUTER_ALERT];
    struct ipv4_header h = {.header_len = IPV4_HEADER + IGMP_ROUTER_ALERT, .options = alert, .ttl = 1, .src = src,
                            .dst = dst, .proto = IP_PROTO_IGMP};

    ipv4_router_alert_emit(alert);
    poke_u16(message + 2, 0);
    poke_u16(message + 2, csum(message, n));
    attack_datagram(f, h, message, n);
}

/* A query of a version at random, about all groups, one of ours or another; of the third with sources at random. */
static void throw_query_v4(struct field *f, unsigned sources)
{
    uint32_t group = rng_below(&f->rng, 4) ? 0xef010100 + (uint32_t)rng_below(&f->rng, 2 * GROUPS) : 0;
    uint8_t message[IGMP_V3_QUERY + 4 * 300] = {IGMP_QUERY, (uint8_t)rng_u64(&f->rng)};
    bool third = rng_below(&f->rng, 3);

    poke_u32(message + 4, group);
    message[8] = (uint8_t)rng_u64(&f->rng);
    message[9] = (uint8_t)rng_u64(&f->rng);
    sources = group ? sources : 0;
    poke_u16(message + 10, (uint16_t)sources);
    for (unsigned i = 0; i < sources; i++)
        poke_u32(message + IGMP_V3_QUERY + 4 * i, (uint32_t)rng_u64(&f->rng) | 0x01000000);
    throw_igmp(f, 0x0a420001 + (uint32_t)rng_below(&f->rng, 1000), group ? group : IGMP_ALL_HOSTS, message,
               third ? IGMP_V3_QUERY + 4 * sources : IGMP_HEADER);
}

static void throw_report_v4(struct field *f)
{
    uint32_t group = 0xef010100 + (uint32_t)rng_below(&f->rng, 2 * GROUPS);
    uint8_t message[IGMP_HEADER] = {rng_below(&f->rng, 2) ? IGMP_V2_REPORT : IGMP_V1_REPORT};

    poke_u32(message + 4, group);
    throw_igmp(f, 0x0a420001 + (uint32_t)rng_below(&f->rng, 1000), group, message, sizeof message);
}

/* R3376-5.2, R3376-sec */
static void queries_of_igmp_make_no_more_than_they_may(void **state)
{
    struct field *f = field_new(NULL);
    weft_sock *sock = listen_to(f, true);
    size_t before, said = 0;

    field_run(f, 5 * WEFT_S);
    attack_drain(f);
    before = field_in_use(f);
    for (uint32_t i = 0; i < FLOOD; i++) {
        throw_query_v4(f, (unsigned)rng_below(&f->rng, 300));
        if (i % 4 == 0)
            throw_report_v4(f);
        if (i % 100 == 0) {
            field_run(f, WEFT_MS);
            said += attack_drain(f);
            assert_true(field_in_use(f) - before <= 64 << 10);
        }
    }
    assert_true(said <= FLOOD / 100 * GROUPS); /* a millisecond each hundred, and a word of each group in it at most */
    expect_work_below(f, 4000);
    f->now += 60 * WEFT_S;
    field_run(f, WEFT_S);
    attack_drain(f);
    assert_true(field_in_use(f) - before <= 4096); /* nothing is remembered of it */
    weft_close(sock);
    field_end(f);
}

#define MANY_SOURCES 16000 /* as many as a datagram holds */
#define PIECE        1472

/* The message in pieces, as a datagram of more than one packet comes. */
static void throw_pieces_v4(struct field *f, uint32_t dst, const uint8_t *message, size_t n)
{
    uint8_t alert[IGMP_ROUTER_ALERT];
    struct ipv4_header h = {.header_len = IPV4_HEADER + IGMP_ROUTER_ALERT, .options = alert, .ttl = 1, .src = ATTACKER,
                            .dst = dst, .proto = IP_PROTO_IGMP, .id = (uint16_t)rng_u64(&f->rng), .mf = true};

    ipv4_router_alert_emit(alert);
    for (size_t at = 0; at < n; at += PIECE) {
        h.frag_offset = (uint16_t)at;
        h.mf = at + PIECE < n;
        attack_datagram(f, h, message + at, h.mf ? PIECE : n - at);
    }
}

/* R3376-sec: the count of sources has 16 bits, and a datagram takes 16,000; nobody works for each, nor keeps them. */
static void a_query_of_igmp_about_all_sources_there_are_costs_no_more(void **state)
{
    static uint8_t message[IGMP_V3_QUERY + 4 * MANY_SOURCES] = {IGMP_QUERY, 100};
    struct field *f = field_new(NULL);
    weft_sock *sock = listen_to(f, true);
    uint64_t before = weft_counter(f->victim, WEFT_COUNT_igmp_queries_in);
    size_t held = field_in_use(f);

    poke_u32(message + 4, 0xef010100);
    poke_u16(message + 10, MANY_SOURCES);
    for (unsigned i = 0; i < MANY_SOURCES; i++)
        poke_u32(message + IGMP_V3_QUERY + 4 * i, 0x0b000000 + i);
    poke_u16(message + 2, csum(message, sizeof message));
    for (unsigned i = 0; i < 20; i++)
        throw_pieces_v4(f, 0xef010100, message, sizeof message);
    assert_int_equal(weft_counter(f->victim, WEFT_COUNT_igmp_queries_in), before + 20);
    assert_true(field_in_use(f) - held <= 32 << 10);
    expect_work_below(f, 5000); /* nearly all of it is the sum over 64,000 bytes */
    weft_close(sock);
    field_run(f, WEFT_S);
    field_end(f);
}

/* ---- IPv6 ---- */

static void throw_query_v6(struct field *f, unsigned sources)
{
    uint32_t which = rng_below(&f->rng, 4) ? 0x10100 + (uint32_t)rng_below(&f->rng, 2 * GROUPS) : 0;
    struct weft_ip group = group_v6(which);
    struct attack_v6 h = {.src = link_v6(1 + (uint32_t)rng_below(&f->rng, 1000)), .dst = which ? group : group_v6(1),
                          .hops = 1, .next = IP_PROTO_ICMPV6, .alert = true};
    uint8_t message[MLD_V2_QUERY + 16 * 80] = {ICMPV6_MLD_QUERY};
    bool second = rng_below(&f->rng, 3);

    poke_u16(message + 4, (uint16_t)rng_u64(&f->rng));
    if (which)
        memcpy(message + 8, &group, 16);
    message[24] = (uint8_t)rng_u64(&f->rng);
    message[25] = (uint8_t)rng_u64(&f->rng);
    sources = which ? sources : 0;
    poke_u16(message + 26, (uint16_t)sources);
    for (unsigned i = 0; i < sources; i++) {
        struct weft_ip source = front_v6((uint32_t)rng_u64(&f->rng));

        memcpy(message + MLD_V2_QUERY + 16 * i, &source, 16);
    }
    attack_v6(f, &h, message, second ? MLD_V2_QUERY + 16 * sources : MLD_MESSAGE);
}

/* R3810-1 */
static void queries_of_mld_make_no_more_than_they_may(void **state)
{
    struct field *f = field_new_ethernet(NULL);
    weft_sock *sock = listen_to(f, false);
    size_t before, said = 0;

    field_run(f, 5 * WEFT_S);
    attack_drain(f);
    before = field_in_use(f);
    for (uint32_t i = 0; i < FLOOD; i++) {
        throw_query_v6(f, (unsigned)rng_below(&f->rng, 80));
        if (i % 100 == 0) {
            field_run(f, WEFT_MS);
            said += attack_drain(f);
            assert_true(field_in_use(f) - before <= 64 << 10);
        }
    }
    assert_true(weft_counter(f->victim, WEFT_COUNT_mld_queries_in) >= FLOOD / 2); /* about groups of ours, or all */
    assert_true(said <= FLOOD / 100 * (GROUPS + 4));
    expect_work_below(f, 4000);
    f->now += 120 * WEFT_S;
    field_run(f, WEFT_S);
    attack_drain(f);
    assert_true(field_in_use(f) - before <= 4096);
    weft_close(sock);
    field_end(f);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(queries_of_igmp_make_no_more_than_they_may),
        cmocka_unit_test(a_query_of_igmp_about_all_sources_there_are_costs_no_more),
        cmocka_unit_test(queries_of_mld_make_no_more_than_they_may),
    };

    return cmocka_run_group_tests_name("attack_groups", tests, NULL, NULL);
}
