/* SPDX-License-Identifier: MIT */
/*
 * UDP datagrams that came in (RFC 768, RFC 1122 §4.1.3): is the datagram sound, who has the port? A datagram for one
 * is queued as the packet it came in; one for a group goes to everybody who listens there. Errors reach the connected
 * endpoint that sent what they are about.
 */
#include "udp/private.h"

static enum weft_drop check(struct weft_pkt *pkt, struct udp_header *h)
{
    struct reader r = reader(pkt->data, pkt->len);
    struct csum sum = {0};

    if (!udp_parse(&r, h))
        return WEFT_DROP_udp_short;
    if (h->len < UDP_HEADER || h->len > pkt_total(pkt))
        return WEFT_DROP_udp_length;
    if (h->len < pkt_total(pkt))
        pkt_trim(pkt, h->len);
    if (unlikely(h->checksum == 0)) /* RFC 768: the sender made none. IPv6 insists on one (RFC 8200 §8.1) */
        return ip_is_v4(&pkt->src) ? WEFT_DROP_none : WEFT_DROP_udp_checksum;
    if (pkt->csum_valid)
        return WEFT_DROP_none;
    ip_pseudo_header(&sum, &pkt->src, &pkt->dst, IP_PROTO_UDP, h->len);
    pkt_csum_received(pkt, &sum);
    return csum_fold(&sum) == 0 ? WEFT_DROP_none : WEFT_DROP_udp_checksum;
}

/* How many it is: a train came as one. */
static inline uint32_t datagrams(const struct weft_pkt *pkt)
{
    return likely(!pkt->gso_size) ? 1 : (pkt_total(pkt) - UDP_HEADER + pkt->gso_size - 1) / pkt->gso_size;
}

/* Queues pkt (data at the UDP header) for this endpoint. Owns pkt. */
static void deliver_whole(struct udp_ep *e, struct weft_pkt *pkt)
{
    bool deaf = !udp_hears(e, pkt->ifp ? pkt->ifp->index : 0);

    if (unlikely(e->d.filter.program) && !filter_keeps(&e->d.filter, pkt, UDP_HEADER)) {
        pkt_drop(pkt, WEFT_DROP_sock_filter);
        return;
    }
    pkt_pull(pkt, UDP_HEADER);
    if (!deaf && dgram_push(&e->d.queue, pkt))
        endpoint_notify(&e->d.sock, WEFT_READABLE);
    else
        pkt_drop(pkt, deaf ? WEFT_DROP_udp_no_port : WEFT_DROP_udp_buffer_full);
}

/* A train of datagrams that came as one (data at the UDP header), for somebody who wants each by itself. Owns it. */
ASIDE static void deliver_pieces(struct udp_ep *e, struct weft_pkt *train)
{
    weft_stack *s = train->stack;

    for (uint32_t at = UDP_HEADER; at < pkt_total(train); at += train->gso_size) {
        struct weft_pkt *piece = dgram_piece(s, train, UDP_HEADER, at, min_u32(train->gso_size, pkt_total(train) - at));

        if (piece)
            deliver_whole(e, piece);
        else
            stack_drop(s, WEFT_DROP_no_memory);
    }
    pkt_release(train);
}

/* The same, of a datagram or of a train of them. */
static inline void deliver(struct udp_ep *e, struct weft_pkt *pkt)
{
    if (unlikely(pkt->gso_size && (e->d.filter.program || !(e->d.rare.tell & RARE_GRO))))
        deliver_pieces(e, pkt);
    else
        deliver_whole(e, pkt);
}

/* The next one behind `last` (NULL: the first) that has the port and wants to hear the group and this source in it. */
static struct udp_ep *next_hearer(const struct udp_table *t, struct udp_ep *last, const struct weft_addr *local,
                                  const struct weft_pkt *pkt)
{
    do
        last = udp_table_next_member(t, last, local);
    while (last && !dgram_hears(&last->d, pkt));
    return last;
}

/* Each of those who listen gets it. The last one gets pkt itself. */
static void deliver_to_group(weft_stack *s, struct weft_pkt *pkt, const struct weft_addr *local)
{
    const struct udp_table *t = udp_table(s);
    struct udp_ep *e = next_hearer(t, NULL, local, pkt), *next;

    if (!e) {
        pkt_drop(pkt, WEFT_DROP_udp_no_port);
        return;
    }
    for (; (next = next_hearer(t, e, local, pkt)); e = next) {
        struct weft_pkt *copy = dgram_clone(s, pkt, UDP_HEADER);

        if (copy)
            deliver(e, copy);
        else
            stack_drop(s, WEFT_DROP_no_memory);
    }
    deliver(e, pkt);
}

void udp_input(weft_stack *s, struct weft_pkt *pkt)
{
    struct udp_header h;
    struct weft_addr local, remote;
    struct udp_ep *e;
    enum weft_drop why = check(pkt, &h);

    if (unlikely(why != WEFT_DROP_none)) {
        stack_count(s, WEFT_COUNT_udp_in);
        pkt_drop(pkt, why);
        return;
    }
    stack_count_n(s, WEFT_COUNT_udp_in, datagrams(pkt));
    local = (struct weft_addr){pkt->dst, h.dst_port};
    remote = (struct weft_addr){pkt->src, h.src_port};
    if (unlikely(pkt->ip_group)) {
        deliver_to_group(s, pkt, &local);
        return;
    }
    e = udp_table_find(udp_table(s), &local, &remote, pkt->ifp->index, pkt);
    if (likely(e))
        deliver(e, pkt);
    else
        ip_refuse(s, pkt, IP_REFUSE_PORT, WEFT_DROP_udp_no_port);
}

/*
 * RFC 1122 §4.1.3.3. Only who has a peer can tell which datagram is meant, unless he reads reports; and only what
 * lasts is certain (RFC 1122 §3.2.2.1: codes 0, 1 and 5 are hints), or that a datagram was too long.
 */
bool udp_error(weft_stack *s, const struct ip_error *err)
{
    struct weft_addr local = {err->src, err->src_port}, remote = {err->dst, err->dst_port};
    struct udp_ep *e = udp_table_find(udp_table(s), &local, &remote, 0, NULL);
    uint8_t discovery;

    if (!e)
        return false;
    dgram_path_shrank(&e->d, err);
    discovery = ip_is_v4(&err->dst) ? e->d.discovery : e->d.discovery6;
    dgram_hear(&e->d, err, UDP_HEADER,
               e->d.remote.port && (err->lasting || (err->too_big && discovery != WEFT_PMTUDISC_DONT)));
    return true;
}
