/* SPDX-License-Identifier: MIT */
/*
 * A bench for what stands below IP: a stack whose network layer only writes down what reaches it, on links of the
 * test's choice. Time is b->now; frames are put in and taken out by hand. Include after cmocka.h.
 */
#ifndef UNIT_CORE_BENCH_H
#define UNIT_CORE_BENCH_H

#include <stdlib.h>

#include "core/stack.h"
#include "harness.h"
#include "link/link.h"
#include "wire/ethernet.h"
#include "wire/ipv4.h"

#define BENCH_FRAMES 600
#define BENCH_FRAME  2048

/* ---- a network layer that writes down ---- */

struct bench_network {
    unsigned received; /* datagrams */
    weft_if *ifp;      /* of the last one ... */
    uint32_t len;
    uint8_t bytes[BENCH_FRAME];
    bool link_broadcast, csum_valid, csum_partial;
    uint16_t gso_size;
    uint32_t sum; /* over the first byte of every datagram, weighted by order: tells order and loss */
    unsigned failed; /* datagrams that came back from a next hop that did not answer */
    void (*on_failed)(weft_if *ifp);
};

static inline void *bench_network_init(weft_stack *s)
{
    (void)s;
    return calloc(1, sizeof(struct bench_network));
}

static inline void bench_network_fini(weft_stack *s, void *state)
{
    (void)s;
    free(state);
}

static inline void bench_network_input(weft_if *ifp, struct weft_pkt *pkt)
{
    struct bench_network *n = ifp->stack->ip;

    assert_ptr_equal(pkt->data, pkt->base + pkt->l3);
    n->received++;
    n->ifp = ifp;
    n->len = pkt_total(pkt);
    pkt_copy(pkt, 0, n->bytes, min_u32(n->len, BENCH_FRAME));
    n->link_broadcast = pkt->link_broadcast;
    n->csum_valid = pkt->csum_valid;
    n->csum_partial = pkt->csum_partial;
    n->gso_size = pkt->gso_size;
    n->sum = n->sum * 31 + n->bytes[n->len > 1 ? 1 : 0];
    pkt_release(pkt);
}

static inline void bench_next_hop_failed(weft_if *ifp, struct weft_pkt *pkt)
{
    struct bench_network *n = ifp->stack->ip;

    n->failed++;
    pkt_drop(pkt, WEFT_DROP_neigh_unreachable);
    if (n->on_failed)
        n->on_failed(ifp);
}

static const struct network bench_v4 = {.ethertype = ETH_TYPE_IPV4, .input = bench_network_input};

static const struct assembly bench_assembly = {
    .link = {[WEFT_LINK_ETHERNET] = &link_ethernet,
             [WEFT_LINK_IP] = &link_ip,
             [WEFT_LINK_LOOPBACK] = &link_loopback},
    .neigh = &link_neighbours,
    .network = {&bench_v4},
    .ip_init = bench_network_init,
    .ip_fini = bench_network_fini,
    .next_hop_failed = bench_next_hop_failed,
};

/* ---- the bench ---- */

struct bench_frame {
    size_t len;
    uint8_t bytes[BENCH_FRAME];
};

struct core_bench {
    struct harness_env e;
    struct weft_config config;
    weft_time now;
    weft_stack *s;
    size_t n_frames; /* that bench_pull took out */
    struct bench_frame frame[BENCH_FRAMES];
};

static inline struct bench_network *bench_network_of(weft_stack *s) { return s->ip; }

/* Makes the stack; b->config may be changed before. */
static inline void bench_open_with(struct core_bench *b, const struct assembly *parts)
{
    struct weft_env env = harness_env(&b->e);
    int err = 0;

    b->s = stack_new(parts, &env, &b->config, b->now, &err);
    assert_int_equal(err, 0);
    assert_non_null(b->s);
}

static inline struct core_bench *bench_new(void)
{
    struct core_bench *b = calloc(1, sizeof *b);

    assert_non_null(b);
    harness_env_init(&b->e, 42);
    weft_config_default(&b->config);
    b->now = 1000 * WEFT_S;
    return b;
}

static inline struct core_bench *bench_open(void)
{
    struct core_bench *b = bench_new();

    bench_open_with(b, &bench_assembly);
    return b;
}

static inline void bench_close(struct core_bench *b)
{
    weft_stack_free(b->s);
    harness_env_check(&b->e);
    free(b);
}

static inline weft_if *bench_if(weft_stack *s, const char *name, enum weft_link link, uint32_t mtu)
{
    struct weft_if_config k = {.name = name, .link = link, .mtu = mtu, .mac = {0x02, 0, 0, 0, 0, 0x02}};
    int err = 0;
    weft_if *ifp = weft_if_new(s, &k, &err);

    assert_int_equal(err, 0);
    assert_non_null(ifp);
    return ifp;
}

static inline void bench_address(weft_if *ifp, uint32_t ip, unsigned prefix)
{
    struct weft_ip a = weft_ipv4(ip);

    assert_int_equal(weft_if_add_address(ifp, &a, prefix), 0);
}

static inline struct weft_pkt *bench_pkt(weft_stack *s, const void *bytes, size_t n)
{
    struct weft_pkt *pkt = weft_pkt_new(s, n);

    assert_non_null(pkt);
    memcpy(weft_pkt_data(pkt), bytes, n);
    return pkt;
}

/* The link received this. */
static inline void bench_receive(struct core_bench *b, weft_if *ifp, const void *bytes, size_t n)
{
    weft_pkt *pkt = bench_pkt(ifp->stack, bytes, n);

    weft_input(ifp, &pkt, 1, b->now);
}

/* Takes out all that the interface wants to send; returns how many, the frames are in b->frame. */
static inline size_t bench_pull(struct core_bench *b, weft_if *ifp)
{
    weft_pkt *out[64];
    size_t n;

    b->n_frames = 0;
    while ((n = weft_output(ifp, out, ARRAY_LEN(out), b->now)) > 0)
        for (size_t i = 0; i < n; i++) {
            struct bench_frame *f = &b->frame[b->n_frames++];

            assert_true(b->n_frames <= BENCH_FRAMES);
            f->len = weft_pkt_copy(out[i], 0, f->bytes, BENCH_FRAME);
            weft_pkt_release(out[i]);
        }
    return b->n_frames;
}

/* Time passes, timers fire at each of their deadlines. */
static inline void bench_pass(struct core_bench *b, weft_time by)
{
    weft_time until = b->now + by, d;

    while ((d = weft_deadline(b->s)) <= until) {
        b->now = max_u64(b->now, d);
        weft_tick(b->s, b->now);
    }
    b->now = until;
    weft_tick(b->s, b->now);
}

#endif
