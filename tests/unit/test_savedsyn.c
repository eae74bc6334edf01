/* SPDX-License-Identifier: MIT */
/* Headers of SYNs: which is whose, and what is kept of a packet. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "core_bench.h"
#include "tcp/savedsyn.h"

enum { LINK = 14, HEADER = 28, TCP = 20 };

static int setup(void **state)
{
    *state = bench_open();
    return 0;
}

static int teardown(void **state)
{
    bench_close(*state);
    return 0;
}

/* A frame, a header of IPv4 with a source route of one hop, and a header of TCP. */
static struct weft_pkt *frame(weft_stack *s)
{
    static const uint8_t ip[HEADER] = {0x47, 0, 0, HEADER + TCP, 0, 0, 0, 0, 64, 6, 0, 0, 10, 0, 0, 9, 10, 0, 0, 1,
                                       0x83, 7, 8, 10, 0, 0, 7, 0};
    struct weft_pkt *p = pkt_new_linear(s, 0, LINK + HEADER + TCP);

    assert_non_null(p);
    memset(p->data, 0xee, p->len);
    memcpy(p->data + LINK, ip, sizeof ip);
    p->l2 = (uint16_t)(p->data - p->base);
    p->l3 = (uint16_t)(p->l2 + LINK);
    pkt_pull(p, LINK + HEADER);
    return p;
}

/* The way back (RFC 9293 §3.9.2.1) stands in the header of IP, whether or not that of the link is kept before it. */
static void the_way_back_is_found_with_and_without_the_links_header(void **state)
{
    struct core_bench *b = *state;
    struct weft_pkt *p = frame(b->s);

    for (int link = 0; link < 2; link++) {
        struct saved_syn *s = saved_syn_new(&b->s->mem, p, TCP, link);
        struct tcp_way way;

        assert_non_null(s);
        assert_int_equal(s->len, (link ? LINK : 0) + HEADER + TCP);
        assert_int_equal(s->bytes[0], link ? 0xee : 0x47);
        assert_int_equal(s->bytes[s->len - 1], 0xee);
        way = saved_syn_way(s);
        assert_int_equal(way.n, way_back(p->base + p->l3).n);
        assert_true(way.n > 0);
        saved_syn_free(&b->s->mem, s);
    }
    pkt_release(p);
}

static struct tcp_flow flow_of(uint32_t peer, uint16_t port)
{
    return (struct tcp_flow){{weft_ipv4(0x0a000001), 80}, {weft_ipv4(peer), port}};
}

/* Flows may have the same hash: each finds its own, and none that of another. */
static void flows_of_one_hash_are_told_apart(void **state)
{
    struct core_bench *b = *state;
    struct weft_pkt *p = frame(b->s);
    struct tcp_flow flow[3] = {flow_of(0x0a000009, 1000), flow_of(0x0a000009, 1001), flow_of(0x0a000008, 1000)};
    struct saved_syn *syn[2];
    struct saved_syns t;

    saved_syns_init(&t, &b->s->mem);
    for (unsigned i = 0; i < 2; i++) {
        syn[i] = saved_syn_new(&b->s->mem, p, TCP, false);
        assert_non_null(syn[i]);
        assert_true(saved_syns_put(&t, syn[i], &flow[i], 77));
    }
    for (unsigned i = 0; i < 2; i++)
        assert_ptr_equal(saved_syns_find(&t, &flow[i], 77), syn[i]);
    assert_null(saved_syns_find(&t, &flow[2], 77));
    assert_null(saved_syns_find(&t, &flow[0], 78));
    for (unsigned i = 0; i < 2; i++) {
        assert_ptr_equal(saved_syns_take(&t, &flow[i], 77), syn[i]);
        assert_null(saved_syns_take(&t, &flow[i], 77));
        saved_syn_free(&b->s->mem, syn[i]);
    }
    saved_syns_fini(&t);
    pkt_release(p);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(the_way_back_is_found_with_and_without_the_links_header, setup, teardown),
        cmocka_unit_test_setup_teardown(flows_of_one_hash_are_told_apart, setup, teardown),
    };

    return cmocka_run_group_tests_name("savedsyn", tests, NULL, NULL);
}
