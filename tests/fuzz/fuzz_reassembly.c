/* SPDX-License-Identifier: MIT */
/*
 * Reassembly against the naive model of the unit tests: the input is a list of fragments of a few datagrams, of IPv4
 * and of IPv6, which share the store. What is delivered, and under which name each piece is dropped, must agree at
 * every step.
 */
#include "../unit/reassembly_model.h"
#include "fuzz_env.h"
#include "ip/ip.h"
#include "link/link.h"

#define PROTO     253
#define DATAGRAMS 4
#define US        0x0a090002u
#define PEER      0x0a090001u

static const struct weft_ip us6 = {{0x20, 1, 0x0d, 0xb8, [15] = 2}}, peer6 = {{0x20, 1, 0x0d, 0xb8, [15] = 1}};

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
    .network = {&ip_v4_network, &ip_v6_network},
    .transport = {&record_transport, &ip_icmpv6_transport},
    .ip_init = ip_init,
    .ip_fini = ip_fini,
    .next_hop_failed = ip_next_hop_failed,
    .ip_timer = ip_timer,
    .groups_changed = ip_groups_changed,
};

/* ---- both at once ---- */

struct world {
    weft_stack *s;
    weft_if *ifp;
    struct model *models; /* those of even places are of IPv4, the others of IPv6 */
    unsigned ids[DATAGRAMS];
};

static bool is_v4(unsigned place) { return place % 2 == 0; }

static size_t emit_v4(uint8_t *out, unsigned id, const struct model_piece *p)
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
    struct writer w = writer(out, IPV4_HEADER);

    ipv4_emit(&w, &h);
    return IPV4_HEADER;
}

static size_t emit_v6(uint8_t *out, unsigned id, const struct model_piece *p)
{
    struct ipv6_header h = {.tclass = p->ecn,
                            .payload_len = (uint16_t)(IPV6_FRAGMENT_HEADER + p->len),
                            .next = IP_PROTO_FRAGMENT,
                            .hop_limit = 64,
                            .src = peer6,
                            .dst = us6};
    struct writer w = writer(out, IPV6_HEADER);
    uint8_t *fragment = out + IPV6_HEADER;

    ipv6_emit(&w, &h);
    fragment[0] = PROTO;
    fragment[1] = 0;
    poke_u16(fragment + 2, (uint16_t)(p->start | !p->last));
    poke_u32(fragment + 4, id);
    return IPV6_HEADER + IPV6_FRAGMENT_HEADER;
}

static void feed(struct world *w, unsigned place, const struct model_piece *p, const uint8_t *bytes)
{
    weft_pkt *pkt = weft_pkt_new(w->s, IPV6_HEADER + IPV6_FRAGMENT_HEADER + p->len);
    uint8_t *out = weft_pkt_data(pkt);
    size_t headers = is_v4(place) ? emit_v4(out, w->ids[place], p) : emit_v6(out, w->ids[place], p);

    memcpy(out + headers, bytes, p->len);
    weft_pkt_set_len(pkt, headers + p->len);
    weft_input(w->ifp, &pkt, 1, 0);
    while (weft_output(w->ifp, &pkt, 1, 0)) /* IPv6 answers what is wrong by itself */
        weft_pkt_release(pkt);
}

static struct model_piece take_piece(struct tape *t)
{
    uint8_t a = tape_u8(t), b = tape_u8(t), c = tape_u8(t);
    struct model_piece p = {.start = a % 24u * 8, .len = (1 + b % 6u) * 8, .last = c % 8 == 0, .ecn = c >> 6};

    if (c % 8 == 1)
        p.start = a * 256u & ~7u;
    if (c % 16 == 9)
        p.start = 65528 - a % 8u * 8; /* the end of the offsets, beyond which lies the ping of death */
    if (p.last || c % 8 == 2)
        p.len -= b >> 5;
    return p;
}

/* A datagram is over: whole ones are forgotten, poisoned ones get another identification. */
static void step(struct world *w, unsigned place, struct tape *t)
{
    static uint8_t bytes[64];
    weft_stack *s = w->s;
    struct model *m = &w->models[place];
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
    feed(w, place, &p, bytes);
    fuzz_check(r->count == count + (why == MODEL_DELIVERED));
    if (why == MODEL_DELIVERED)
        fuzz_check(r->len == m->end && memcmp(r->bytes, m->bytes, r->len) == 0 && r->tos == ecn);
    else if (why != WEFT_DROP_none)
        fuzz_check(s->drops[why] > drops);
    if (why == MODEL_DELIVERED || ecn < 0 || m->poison) {
        model_reset(m);
        w->ids[place] += DATAGRAMS;
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct model models[DATAGRAMS];
    struct weft_if_config config = {.name = "t0", .link = WEFT_LINK_IP, .mtu = 1500};
    struct weft_ip us = weft_ipv4(US);
    struct fuzz_env env = {0};
    struct weft_env weft_env = fuzz_weft_env(&env);
    struct world w = {.s = stack_new(&parts, &weft_env, NULL, 0, NULL), .models = models, .ids = {0, 1, 2, 3}};
    struct tape t = {data, data + (size < 3000 ? size : 3000)}; /* fewer than would be evicted */

    w.ifp = weft_if_new(w.s, &config, NULL);
    fuzz_check(weft_if_add_address(w.ifp, &us, 24) == 0);
    fuzz_check(weft_if_add_address(w.ifp, &us6, 64) == 0);
    for (unsigned i = 0; i < DATAGRAMS; i++) {
        model_reset(&models[i]);
        models[i].headers = is_v4(i) ? IPV4_HEADER : 0;
    }
    while (t.p < t.end) {
        unsigned place = tape_u8(&t) % DATAGRAMS;

        step(&w, place, &t);
    }
    weft_tick(w.s, 60 * WEFT_S);
    fuzz_check(w.s->mem.live[MEM_frag] == 0);
    weft_stack_free(w.s);
    fuzz_check(env.live == 0);
    return 0;
}
