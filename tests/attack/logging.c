/* SPDX-License-Identifier: MIT */
/*
 * Log flooding: packets sent for what is written about them. The engine writes nothing anywhere; it counts, and it tells a
 * trace sink, if there is one, what became of each packet. So the sink is what could be flooded: what a packet makes it
 * hear is bounded by a few events, whatever the packet is.
 */
#include "field.h"

#define MANY       40000
#define PER_PACKET 4 /* that it came, that it was done with, a drop or a change of state, an answer */

struct flood {
    struct field *f;
    size_t events; /* told so far, of the attacker's packets */
};

/* Those of the bystander's interface have nothing to do with it. */
static void count_events(struct flood *v)
{
    const struct harness_env *env = &v->f->env[1];

    for (size_t i = 0; i < env->n_events; i++)
        v->events += env->event[i].ifp != v->f->home;
    harness_env_forget(&v->f->env[1]);
}

static void throw_at(struct flood *v, const void *bytes, size_t n)
{
    attack_throw(v->f, bytes, n);
    attack_drain(v->f);
    if (v->f->packets % 10 == 0)
        field_run(v->f, WEFT_MS);
    count_events(v);
}

static void throw_junk(struct flood *v)
{
    uint8_t bytes[200];
    size_t n = rng_below(&v->f->rng, sizeof bytes);

    for (size_t i = 0; i < n; i++)
        bytes[i] = (uint8_t)rng_u64(&v->f->rng);
    if (n && rng_below(&v->f->rng, 2))
        bytes[0] = 0x45;
    throw_at(v, bytes, n);
}

/* Of any flags, to a port where somebody listens or nobody does. */
static void throw_segment(struct flood *v)
{
    struct segment s = {.src = 0x0b000000 + (uint32_t)rng_below(&v->f->rng, 1 << 24), .dst = FRONT};
    uint8_t bytes[128];

    s.src_port = (uint16_t)(1 + rng_below(&v->f->rng, 65535));
    s.dst_port = rng_below(&v->f->rng, 2) ? SERVICE : 81;
    s.flags = (uint16_t)rng_below(&v->f->rng, 64);
    s.seq = (uint32_t)rng_u64(&v->f->rng);
    s.ack = (uint32_t)rng_u64(&v->f->rng);
    throw_at(v, bytes, attack_make(bytes, &s));
}

static void throw_fragment(struct flood *v)
{
    struct ipv4_header h = {.src = 0x0b000000 + (uint32_t)rng_below(&v->f->rng, 100), .dst = FRONT, .ttl = 64,
                            .id = (uint16_t)rng_below(&v->f->rng, 10), .proto = IP_PROTO_UDP, .mf = true,
                            .frag_offset = (uint16_t)(8 * rng_below(&v->f->rng, 1000)), .header_len = IPV4_HEADER,
                            .total_len = IPV4_HEADER + 24};
    uint8_t bytes[IPV4_HEADER + 24] = {0};
    struct writer w = writer(bytes, sizeof bytes);

    ipv4_emit(&w, &h);
    throw_at(v, bytes, sizeof bytes);
}

/* why: for what many of them are dropped, for they must get that far. */
static void expect_few_events(void (*throw)(struct flood *), enum weft_drop why)
{
    struct flood v = {.f = field_new_told(NULL)};

    harness_env_forget(&v.f->env[1]);
    for (unsigned i = 0; i < MANY; i++)
        throw(&v);
    print_message("%zu events of %u packets\n", v.events, MANY);
    assert_true(v.events >= MANY); /* the sink heard of it */
    assert_true(weft_drops(v.f->victim, why) > MANY / 100);
    assert_true(v.events <= (size_t)PER_PACKET * MANY);
    expect_work_below(v.f, 1500);
    field_end(v.f);
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
