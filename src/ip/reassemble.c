/* SPDX-License-Identifier: MIT */
/*
 * Reassembly of datagrams from fragments (RFC 791 §3.2, RFC 815, RFC 1122 §3.3.2; RFC 8200 §4.5): does a fragment agree
 * with those that are here, is the datagram complete, is its time over? incomplete.h says what is held.
 *
 * DEVIATION: RFC 791 lets the newer of two overlapping copies win. Fragments that overlap are an attack on whoever
 * looks at them on the way; the datagram goes as a whole, with what still comes of it (as RFC 5722 wants for IPv6). An
 * exact copy is a duplicate of the network's making, and goes alone.
 */
#include "ip/incomplete.h"

#define MAX_FRAGMENTS 64

/* ---- one fragment ---- */

/* Does it agree with what is known about the message's end (invariant 2)? */
static bool end_agrees(const struct datagram *d, uint32_t end, bool last)
{
    if (last)
        return d->end ? end == d->end : end > d->reach;
    return !d->end || end < d->end;
}

/* The link that shall point to it. WEFT_DROP_none: there is room for it just there. */
static enum weft_drop find_place(struct datagram *d, uint32_t start, uint32_t end, struct fragment ***place)
{
    struct fragment **at = &d->first;

    while (*at && (*at)->end <= start)
        at = &(*at)->next;
    *place = at;
    if (!*at || (*at)->start >= end)
        return WEFT_DROP_none;
    return (*at)->start == start && (*at)->end == end ? WEFT_DROP_frag_duplicate : WEFT_DROP_frag_overlap;
}

/* Why a fragment does not fit into its datagram; WEFT_DROP_none and its place when it does. */
static enum weft_drop check_fit(struct datagram *d, uint32_t start, uint32_t end, bool last, struct fragment ***place)
{
    enum weft_drop why;

    if (!end_agrees(d, end, last))
        return WEFT_DROP_frag_inconsistent;
    why = find_place(d, start, end, place);
    if (why == WEFT_DROP_none && d->count == MAX_FRAGMENTS)
        return WEFT_DROP_frag_too_many;
    return why;
}

/* Adds a fragment, or drops it, and the whole datagram with it when they do not agree. Owns pkt. */
static void datagram_add(struct ip_reassembly *r, struct datagram *d, struct weft_pkt *pkt,
                         const struct ip_piece *piece)
{
    uint32_t start = piece->offset, end = start + pkt_total(pkt);
    enum weft_drop why = (enum weft_drop)d->poison;
    struct fragment **place;

    if (why == WEFT_DROP_none) {
        why = check_fit(d, start, end, !piece->mf, &place);
        if (why != WEFT_DROP_none && why != WEFT_DROP_frag_duplicate)
            datagram_poison(r, d, why);
        else if (why == WEFT_DROP_none && !datagram_insert(r, d, place, pkt, start, end))
            why = WEFT_DROP_no_memory;
    }
    if (why != WEFT_DROP_none) {
        pkt_drop(pkt, why);
        return;
    }
    if (!piece->mf)
        d->end = end;
    d->ecn |= (uint8_t)(1 << (pkt->tos & 3));
    d->piece = (uint16_t)max_u32(d->piece, pkt->l4 - pkt->l3 + end - start);
    d->link_broadcast |= pkt->link_broadcast;
}

/* ---- the whole ---- */

enum ecn { NOT_ECT, ECT_1, ECT_0, CE };

/* RFC 3168 §5.3: congestion seen by one fragment was seen by all; but not by a transport that cannot understand it. */
static bool join_ecn(unsigned seen, uint8_t *tos)
{
    bool ce = seen & 1 << CE, not_ect = seen & 1 << NOT_ECT;

    if (ce && not_ect)
        return false;
    if (ce)
        *tos |= CE;
    else if (not_ect)
        *tos &= (uint8_t)~3u;
    return true; /* ECT(0) with ECT(1): as the first one says */
}

/* The header of the whole in front of its payload: n bytes, copied from the first fragment and put right. */
struct joined_header {
    uint32_t n;
    uint8_t tos;
    uint8_t proto;   /* of what follows */
    uint32_t next_at; /* IPv6: the byte that named the fragment header; 0: IPv4 */
};

/* Where the part of an IPv6 datagram ends that all its fragments repeat. The walk has succeeded once. */
static struct ipv6_chain unfragmented_part(const struct weft_pkt *first)
{
    const uint8_t *p = first->base + first->l3;
    struct ipv6_chain c = ipv6_chain_start(p[6]);
    struct reader r = reader(p + c.offset, (size_t)(first->l4 - first->l3) - c.offset);
    enum ipv6_chain_verdict v = ipv6_chain_walk(&r, &c);

    weft_assert(v == IPV6_CHAIN_FRAGMENT, "extensions.c has walked these bytes, and nobody has written them since");
    (void)v;
    return c;
}

static enum weft_drop join_header(const struct datagram *d, struct joined_header *h)
{
    const struct weft_pkt *first = d->first->pkt;
    struct ipv6_chain c;

    *h = (struct joined_header){.n = (uint32_t)(first->l4 - first->l3), .tos = first->tos, .proto = first->proto};
    if (!ip_is_v4(&first->src)) {
        c = unfragmented_part(first);
        h->n = c.offset;
        h->next_at = c.next_at;
    }
    if (h->n + d->end > (h->next_at ? IPV6_MAX_LEN : IPV4_MAX_LEN))
        return WEFT_DROP_frag_too_long;
    return join_ecn(d->ecn, &h->tos) ? WEFT_DROP_none : WEFT_DROP_frag_inconsistent;
}

/* Writes the header at p. */
static void emit_header(uint8_t *p, const struct datagram *d, const struct joined_header *h)
{
    const struct weft_pkt *first = d->first->pkt;
    struct reader r = reader(first->base + first->l3, h->n);
    struct writer w = writer(p, h->n);
    struct ipv4_header v4;
    struct ipv6_header v6;

    if (!h->next_at) {
        ipv4_read(&r, &v4); /* the options stay borrowed from there */
        v4.tos = h->tos;
        v4.total_len = (uint16_t)(h->n + d->end);
        v4.mf = false;
        v4.frag_offset = 0;
        ipv4_emit(&w, &v4);
        return;
    }
    ipv6_read(&r, &v6);
    v6.tclass = h->tos;
    v6.payload_len = (uint16_t)(h->n - IPV6_HEADER + d->end);
    ipv6_emit(&w, &v6);
    write_bytes(&w, r.p, h->n - IPV6_HEADER);
    p[h->next_at] = h->proto;
}

/* Writes header and payload into a packet with room for both, and describes it. */
static void join_into(struct weft_pkt *pkt, const struct datagram *d, const struct joined_header *h, weft_if *ifp)
{
    const struct weft_pkt *first = d->first->pkt;

    emit_header(pkt->data, d, h);
    for (const struct fragment *f = d->first; f; f = f->next)
        pkt_copy(f->pkt, 0, pkt->data + h->n + f->start, f->end - f->start);
    pkt->ifp = ifp;
    pkt->l3 = (uint16_t)(pkt->data - pkt->base);
    pkt->l4 = (uint16_t)(pkt->l3 + h->n);
    pkt->src = first->src;
    pkt->dst = first->dst;
    pkt->proto = first->proto;
    pkt->ip_group = first->ip_group;
    pkt->ttl = first->ttl;
    pkt->tos = h->tos;
    pkt->flow_label = first->flow_label;
    pkt->piece = d->piece;
    pkt->link_broadcast = d->link_broadcast;
    pkt->fragment = first->fragment;
    pkt_pull(pkt, h->n);
}

/* Makes one packet of a complete datagram, whose record goes. NULL: dropped. */
static struct weft_pkt *datagram_join(struct ip_reassembly *r, struct datagram *d, weft_if *ifp)
{
    struct weft_pkt *pkt = NULL, *piece;
    struct joined_header h;
    enum weft_drop why = join_header(d, &h);

    if (why == WEFT_DROP_none) {
        pkt = pkt_new_linear(r->stack, 0, h.n + d->end);
        why = WEFT_DROP_no_memory;
    }
    if (pkt) {
        join_into(pkt, d, &h, ifp);
        while ((piece = datagram_pop(r, d)))
            pkt_release(piece);
        stack_count(r->stack, WEFT_COUNT_ip_reassembled);
    }
    datagram_free(r, d, why);
    return pkt;
}

/* What is wrong with a fragment taken alone. Those of IPv6 have been judged already, for they are answered. */
static enum weft_drop check_alone(const struct weft_pkt *pkt, const struct ip_piece *piece)
{
    uint32_t len = pkt_total(pkt);

    if (len == 0 || (piece->mf && len % 8 != 0))
        return WEFT_DROP_frag_misaligned;
    if (ip_is_v4(&pkt->src) && (uint32_t)(pkt->l4 - pkt->l3) + piece->offset + len > IPV4_MAX_LEN)
        return WEFT_DROP_frag_too_long;
    return WEFT_DROP_none;
}

struct weft_pkt *ip_reassemble(weft_stack *s, struct weft_pkt *pkt, const struct ip_piece *piece)
{
    struct ip_reassembly *r = &ip_state(s)->reassembly;
    struct datagram_key key = {.src = pkt->src, .dst = pkt->dst, .id = piece->id};
    enum weft_drop why = check_alone(pkt, piece);
    weft_if *ifp = pkt->ifp;
    struct datagram *d = NULL;

    if (ip_is_v4(&pkt->src))
        key.proto = pkt->proto;
    stack_count(s, WEFT_COUNT_ip_frags_in);
    if (why == WEFT_DROP_none) {
        why = WEFT_DROP_no_memory;
        if (incomplete_make_room(r, pkt))
            d = datagram_get(r, &key);
    }
    if (!d) {
        pkt_drop(pkt, why);
        return NULL;
    }
    datagram_add(r, d, pkt, piece);
    if (d->end && d->have == d->end)
        return datagram_join(r, d, ifp);
    return NULL;
}

/* ---- time ---- */

/* RFC 1122 §3.3.2: the sender hears of it when its first fragment is here to be quoted. */
static void datagram_expire(struct ip_reassembly *r, struct datagram *d)
{
    if (d->first && d->first->start == 0)
        ip_refuse(r->stack, datagram_pop(r, d), IP_REFUSE_REASSEMBLY_TIME, WEFT_DROP_frag_timeout);
    datagram_free(r, d, WEFT_DROP_frag_timeout);
}

void ip_reassembly_timer(weft_stack *s)
{
    struct ip_reassembly *r = &ip_state(s)->reassembly;
    struct list *oldest;

    while ((oldest = list_first(&r->age))) {
        struct datagram *d = container_of(oldest, struct datagram, age);

        if (d->deadline > s->now) {
            timer_set(&s->wheel, &r->timer, d->deadline);
            return;
        }
        datagram_expire(r, d);
    }
}

