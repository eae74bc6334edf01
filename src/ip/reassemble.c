/* SPDX-License-Identifier: MIT */
/*
 * Reassembly of datagrams from fragments (RFC 791 §3.2, RFC 815, RFC 1122 §3.3.2): does a fragment agree with those
 * that are here, is the datagram complete, is its time over? incomplete.h says what is held.
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
static void datagram_add(struct ip_reassembly *r, struct datagram *d, struct weft_pkt *pkt, const struct ipv4_header *h)
{
    uint32_t start = h->frag_offset, end = start + pkt_total(pkt);
    enum weft_drop why = (enum weft_drop)d->poison;
    struct fragment **place;

    if (why == WEFT_DROP_none) {
        why = check_fit(d, start, end, !h->mf, &place);
        if (why != WEFT_DROP_none && why != WEFT_DROP_frag_duplicate)
            datagram_poison(r, d, why);
        else if (why == WEFT_DROP_none && !datagram_insert(r, d, place, pkt, start, end))
            why = WEFT_DROP_no_memory;
    }
    if (why != WEFT_DROP_none) {
        pkt_drop(pkt, why);
        return;
    }
    if (!h->mf)
        d->end = end;
    d->ecn |= (uint8_t)(1 << (pkt->tos & 3));
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

/* The header of the whole, from its first fragment's. The options stay borrowed from there. */
static enum weft_drop join_header(const struct datagram *d, struct ipv4_header *h)
{
    const struct weft_pkt *first = d->first->pkt;
    struct reader r = reader(first->base + first->l3, (size_t)(first->l4 - first->l3));
    bool sound = ipv4_read(&r, h);

    weft_assert(sound, "ipv4_input has parsed these bytes, and nobody has written them since");
    (void)sound;
    if (h->header_len + d->end > IPV4_MAX_LEN)
        return WEFT_DROP_frag_too_long;
    if (!join_ecn(d->ecn, &h->tos))
        return WEFT_DROP_frag_inconsistent;
    h->total_len = (uint16_t)(h->header_len + d->end);
    h->mf = false;
    h->frag_offset = 0;
    return WEFT_DROP_none;
}

/* Writes header and payload into a packet with room for both, and describes it. */
static void join_into(struct weft_pkt *pkt, const struct datagram *d, const struct ipv4_header *h, weft_if *ifp)
{
    const struct weft_pkt *first = d->first->pkt;
    struct writer w = writer(pkt->data, h->header_len);

    ipv4_emit(&w, h);
    for (const struct fragment *f = d->first; f; f = f->next)
        pkt_copy(f->pkt, 0, pkt->data + h->header_len + f->start, f->end - f->start);
    pkt->ifp = ifp;
    pkt->l3 = (uint16_t)(pkt->data - pkt->base);
    pkt->l4 = pkt->l3 + h->header_len;
    pkt->src = first->src;
    pkt->dst = first->dst;
    pkt->proto = first->proto;
    pkt->ip_group = first->ip_group;
    pkt->ttl = h->ttl;
    pkt->tos = h->tos;
    pkt->link_broadcast = d->link_broadcast;
    pkt_pull(pkt, h->header_len);
}

/* Makes one packet of a complete datagram, whose record goes. NULL: dropped. */
static struct weft_pkt *datagram_join(struct ip_reassembly *r, struct datagram *d, weft_if *ifp)
{
    struct weft_pkt *pkt = NULL, *piece;
    struct ipv4_header h;
    enum weft_drop why = join_header(d, &h);

    if (why == WEFT_DROP_none) {
        pkt = pkt_new_linear(r->stack, 0, h.total_len);
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

/* What is wrong with a fragment taken alone. */
static enum weft_drop check_alone(const struct weft_pkt *pkt, const struct ipv4_header *h)
{
    uint32_t len = pkt_total(pkt);

    if (len == 0 || (h->mf && len % 8 != 0))
        return WEFT_DROP_frag_misaligned;
    if (h->header_len + h->frag_offset + len > IPV4_MAX_LEN)
        return WEFT_DROP_frag_too_long;
    return WEFT_DROP_none;
}

struct weft_pkt *ip_reassemble(weft_stack *s, struct weft_pkt *pkt, const struct ipv4_header *h)
{
    struct ip_reassembly *r = &ip_state(s)->reassembly;
    struct datagram_key key = {.src = pkt->src, .dst = pkt->dst, .id = h->id, .proto = h->proto};
    enum weft_drop why = check_alone(pkt, h);
    weft_if *ifp = pkt->ifp;
    struct datagram *d = NULL;

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
    datagram_add(r, d, pkt, h);
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

