/* SPDX-License-Identifier: MIT */
/*
 * Log flooding: packets sent for what is written about them. The engine writes nothing anywhere; it counts, and it tells a
 * trace sink, if there is one, what became of each packet. So the sink is what could be flooded: what a packet makes it
 * hear is bounded by a few events, whatever the packet is.
 */
#include "field.h"

#define MANY       40000
#define PER_PACKET 4 /* that it came, that it was done with, a drop or a change of state, an answer */

struct victim {
    struct harness_env env;
    weft_stack *stack;
    weft_if *ifp;
    struct rng rng;
    weft_time now;
    size_t events; /* told so far */
};

static void begin(struct victim *v)
{
    struct weft_if_config link = {.name = "wire0", .link = WEFT_LINK_IP, .mtu = 1500};
    struct weft_ip address = weft_ipv4(FRONT);
    struct weft_addr any = {.ip = weft_ipv4(0), .port = SERVICE};
    struct weft_env env;
    weft_sock *sock;

    *v = (struct victim){.now = WEFT_S};
    harness_env_init(&v->env, 7);
    harness_env_record(&v->env);
    rng_seed(&v->rng, 8);
    env = harness_env(&v->env);
    v->stack = weft_stack_new(&env, NULL, v->now, NULL);
    assert_non_null(v->stack);
    v->ifp = weft_if_new(v->stack, &link, NULL);
    assert_int_equal(weft_if_add_address(v->ifp, &address, 16), 0);
    sock = weft_socket(v->stack, WEFT_TCP, NULL);
    assert_int_equal(weft_bind(sock, &any), 0);
    assert_int_equal(weft_listen(sock, 64), 0);
    harness_env_forget(&v->env);
}

/* Carries away what is sent, and lets a moment pass. */
static void settle(struct victim *v)
{
    weft_pkt *out[16];
    size_t n;

    v->now += 100 * WEFT_US;
    weft_tick(v->stack, v->now);
    while ((n = weft_output(v->ifp, out, ARRAY_LEN(out), v->now)) > 0)
        while (n)
            weft_pkt_release(out[--n]);
    v->events += v->env.n_events;
    harness_env_forget(&v->env);
}

static void throw_at(struct victim *v, const void *bytes, size_t n)
{
    weft_pkt *pkt = weft_pkt_new(v->stack, n);

    memcpy(weft_pkt_data(pkt), bytes, n);
    weft_pkt_set_len(pkt, n);
    weft_input(v->ifp, &pkt, 1, v->now);
    settle(v);
}

static void throw_junk(struct victim *v)
{
    uint8_t bytes[200];
    size_t n = rng_below(&v->rng, sizeof bytes);

    for (size_t i = 0; i < n; i++)
        bytes[i] = (uint8_t)rng_u64(&v->rng);
    if (n && rng_below(&v->rng, 2))
        bytes[0] = 0x45;
    throw_at(v, bytes, n);
}

/* Of any flags, to a port where somebody listens or nobody does. */
static void throw_segment(struct victim *v)
{
    struct segment s = {.src = 0x0b000000 + (uint32_t)rng_below(&v->rng, 1 << 24), .dst = FRONT};
    uint8_t bytes[128];

    s.src_port = (uint16_t)(1 + rng_below(&v->rng, 65535));
    s.dst_port = rng_below(&v->rng, 2) ? SERVICE : 81;
    s.flags = (uint16_t)rng_below(&v->rng, 64);
    s.seq = (uint32_t)rng_u64(&v->rng);
    s.ack = (uint32_t)rng_u64(&v->rng);
    throw_at(v, bytes, attack_make(bytes, &s));
}

static void throw_fragment(struct victim *v)
{
    struct ipv4_header h = {.src = 0x0b000000 + (uint32_t)rng_below(&v->rng, 100), .dst = FRONT, .ttl = 64,
                            .id = (uint16_t)rng_below(&v->rng, 10), .proto = IP_PROTO_UDP, .mf = true,
                            .frag_offset = (uint16_t)(8 * rng_below(&v->rng, 1000)), .header_len = IPV4_HEADER,
                            .total_len = IPV4_HEADER + 24};
    uint8_t bytes[IPV4_HEADER + 24] = {0};
    struct writer w = writer(bytes, sizeof bytes);

    ipv4_emit(&w, &h);
    throw_at(v, bytes, sizeof bytes);
}

/* why: for what many of them are dropped, for they must get that far. */
static void expect_few_events(void (*throw)(struct victim *), enum weft_drop why)
{
    struct victim v;

    begin(&v);
    for (unsigned i = 0; i < MANY; i++)
        throw(&v);
    assert_true(v.events >= MANY); /* the sink heard of it */
    assert_true(weft_drops(v.stack, why) > MANY / 100);
    assert_true(v.events <= (size_t)PER_PACKET * MANY);
    weft_stack_free(v.stack);
    harness_env_check(&v.env);
}

static void junk_makes_few_events(void **state) { expect_few_events(throw_junk, WEFT_DROP_ip_total_length); }
static void segments_make_few_events(void **state) { expect_few_events(throw_segment, WEFT_DROP_tcp_no_connection); }
static void fragments_make_few_events(void **state) { expect_few_events(throw_fragment, WEFT_DROP_frag_overlap); }

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(junk_makes_few_events),
        cmocka_unit_test(segments_make_few_events),
        cmocka_unit_test(fragments_make_few_events),
    };

    return cmocka_run_group_tests_name("attack_logging", tests, NULL, NULL);
}
