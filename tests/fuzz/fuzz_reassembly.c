/* SPDX-License-Identifier: MIT */
/*
 * Reassembly against the naive model of the unit tests: the input is a list of fragments of a few datagrams. What is
 * delivered, and under which name each piece is dropped, must agree at every step.
 */
#include "../unit/reassembly_model.h"
#include "fuzz_env.h"
#include "ip/ip.h"
#include "link/link.h"

#define PROTO     253
#define DATAGRAMS 4
#define US        0x0a090002u
#define PEER      0x0a090001u

/* ---- a protocol that keeps what it gets ---- */

struct record {
    unsigned count;
    uint32_t len;
    uint8_t tos, bytes[65536];
};

static void *record_init(weft_stack *s)
{
    (void)s;
    return calloc(1, sizeof(struct record));
}

static void record_fini(weft_stack *s, void *state)
{
    (void)s;
    free(state);
}

static void record_input(weft_stack *s, struct weft_pkt *pkt)
{
    struct record *r = stack_transport(s, PROTO);

    r->count++;
    r->len = pkt_copy(pkt, 0, r->bytes, sizeof(r->bytes));
    r->tos = pkt->tos;
    pkt_release(pkt);
}

static const struct transport record_transport = {
    .number = PROTO, .name = "record", .init = record_init, .fini = record_fini, .input = record_input};

static const struct assembly parts = {
    .link = {&link_ethernet, &link_ip, &link_loopback},
    .neigh = &link_neighbours,
    .network = {&ip_v4_network},
    .transport = {&record_transport},
    .ip_init = ip_init,
    .ip_fini = ip_fini,
    .next_hop_failed = ip_next_hop_failed,
    .ip_timer = ip_timer,
};

/* ---- both at once ---- */

static void feed(weft_stack *s, weft_if *ifp, unsigned id, const struct model_piece *p, const uint8_t *bytes)
{
    struct ipv4_header h = {.header_len = IPV4_HEADER,
                            .tos = p->ecn,
                            .total_len = (uint16_t)(IPV4_HEADER + p->len),
                            .id = (uint16_t)id,
                            .mf = !p->last,
                            .frag_offset = (uint16_t)p->start,
                            .ttl = 64,
                            .proto = PROTO,
                            .src = PEER,
                            .dst = US};
    weft_pkt *pkt = weft_pkt_new(s, h.total_len);
    struct writer w = writer(weft_pkt_data(pkt), IPV4_HEADER);

    ipv4_emit(&w, &h);
    memcpy(weft_pkt_data(pkt) + IPV4_HEADER, bytes, p->len);
    weft_pkt_set_len(pkt, h.total_len);
    weft_input(ifp, &pkt, 1, 0);
}

static struct model_piece take_piece(struct tape *t)
{
    uint8_t a = tape_u8(t), b = tape_u8(t), c = tape_u8(t);
    struct model_piece p = {.start = a % 24u * 8, .len = (1 + b % 6u) * 8, .last = c % 8 == 0, .ecn = c >> 6};

    if (c % 8 == 1)
        p.start = a * 256u & ~7u;
    if (p.last || c % 8 == 2)
        p.len -= b >> 5;
    return p;
}

/* A datagram is over: whole ones are forgotten, poisoned ones get another identification. */
static void step(weft_stack *s, weft_if *ifp, struct model *m, unsigned *id, struct tape *t)
{
    static uint8_t bytes[64];
    struct record *r = stack_transport(s, PROTO);
    struct model_piece p = take_piece(t);
    unsigned count = r->count;
    enum weft_drop why;
    uint64_t drops;
    int ecn = 0;

    if (p.start == 0 && p.last)
        return; /* that is no fragment */
    for (unsigned i = 0; i < p.len; i++)
        bytes[i] = (uint8_t)(p.start + i * 3 + (uint32_t)(t->end - t->p));
    why = model_add(m, p, bytes, &ecn);
    if (why == MODEL_DELIVERED && ecn < 0)
        why = WEFT_DROP_frag_inconsistent;
    drops = why < WEFT_DROP_COUNT ? s->drops[why] : 0;
    feed(s, ifp, *id, &p, bytes);
    fuzz_check(r->count == count + (why == MODEL_DELIVERED));
    if (why == MODEL_DELIVERED)
        fuzz_check(r->len == m->end && memcmp(r->bytes, m->bytes, r->len) == 0 && r->tos == ecn);
    else if (why != WEFT_DROP_none)
        fuzz_check(s->drops[why] > drops);
    if (why == MODEL_DELIVERED || ecn < 0 || m->poison) {
        model_reset(m);
        *id += DATAGRAMS;
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct model models[DATAGRAMS];
    unsigned ids[DATAGRAMS] = {0, 1, 2, 3};
    struct weft_if_config config = {.name = "t0", .link = WEFT_LINK_IP, .mtu = 1500};
    struct weft_ip us = weft_ipv4(US);
    struct fuzz_env env = {0};
    struct weft_env weft_env = fuzz_weft_env(&env);
    weft_stack *s = stack_new(&parts, &weft_env, NULL, 0, NULL);
    struct tape t = {data, data + (size < 3000 ? size : 3000)}; /* fewer than would be evicted */
    weft_if *ifp = weft_if_new(s, &config, NULL);

    fuzz_check(weft_if_add_address(ifp, &us, 24) == 0);
    for (unsigned i = 0; i < DATAGRAMS; i++)
        model_reset(&models[i]);
    while (t.p < t.end) {
        unsigned i = tape_u8(&t) % DATAGRAMS;

        step(s, ifp, &models[i], &ids[i], &t);
    }
    weft_tick(s, 60 * WEFT_S);
    fuzz_check(s->mem.live[MEM_frag] == 0);
    weft_stack_free(s);
    fuzz_check(env.live == 0);
    return 0;
}
