/* SPDX-License-Identifier: MIT */
/*
 * Which address have we? The asking side of RARP (RFC 903). Whoever is on the link can answer, and nothing proves that
 * he may: the first answer that makes sense counts, as the protocol has it. One that does not is dropped by name, and
 * the asking goes on.
 */
#include "link/private.h"
#include "wire/ethernet.h"
#include "wire/ipv4.h"

/* The RFC names no times. As BOOTP has it (RFC 951 §7.2): twice as long each time, and not all stations in step. */
#define GAP_FIRST WEFT_S
#define GAP_LAST  (32 * WEFT_S)

/* ---- asking ---- */

static void request(struct station *st)
{
    weft_if *ifp = st->ifp;
    struct arp_packet a = {.op = RARP_REQUEST};

    memcpy(a.sender_mac, ifp->mac, 6);
    memcpy(a.target_mac, ifp->mac, 6);
    stack_count(ifp->stack, WEFT_COUNT_rarp_requests_out);
    arp_send(ifp, &a, eth_broadcast, ETH_TYPE_RARP);
}

void rarp_due(struct station *st)
{
    struct rarp *r = &st->rarp;
    weft_stack *s = st->ifp->stack;

    if (!r->asking || r->due > s->now)
        return;
    request(st);
    r->due = time_after(s->now, r->gap + rng_below(&s->rng, (uint32_t)(r->gap / 2 / WEFT_US)) * WEFT_US);
    r->gap = min_u64(2 * r->gap, GAP_LAST);
}

int rarp_ask(weft_if *ifp, unsigned prefix)
{
    struct station *st = station_get(ifp);

    if (!st)
        return WEFT_ENOMEM;
    if (st->rarp.asking)
        return WEFT_EALREADY;
    st->rarp = (struct rarp){.asking = true, .prefix = (uint8_t)prefix, .due = ifp->stack->now, .gap = GAP_FIRST};
    rarp_due(st);
    station_arm(st);
    return 0;
}

bool rarp_is_asking(const weft_if *ifp) { return ifp->station && ifp->station->rarp.asking; }

/* ---- answers ---- */

/* How many bits the network has by its class (RFC 791 §3.2). */
static unsigned class_prefix(uint32_t ip) { return ip < 0x80000000 ? 8 : ip < 0xc0000000 ? 16 : 24; }

/* Is it about us, and were we asking? Another station's question or answer is none of our business. */
static bool answers_us(const weft_if *ifp, const struct weft_pkt *pkt, const struct arp_packet *a)
{
    return a->op == RARP_REPLY && rarp_is_asking(ifp) && !pkt->link_broadcast &&
           memcmp(a->target_mac, ifp->mac, 6) == 0;
}

/* Takes what the reply says; or why not. */
static enum weft_drop take(weft_if *ifp, const struct arp_packet *a)
{
    struct weft_ip ip = weft_ipv4(a->target_ip);
    struct station *st = ifp->station;
    unsigned prefix = st->rarp.prefix ? st->rarp.prefix : class_prefix(a->target_ip);

    if (!arp_sender_is_sound(a) ||
        (!if_find_entry(ifp, &ip) && weft_if_add_address(ifp, &ip, prefix) != 0)) /* one that we have is right too */
        return WEFT_DROP_rarp_malformed;
    st->rarp.asking = false;
    station_arm(st);
    stack_count(ifp->stack, WEFT_COUNT_rarp_replies_in);
    return WEFT_DROP_none;
}

void rarp_input(weft_if *ifp, struct weft_pkt *pkt)
{
    struct reader r = reader(pkt->data, pkt->len);
    enum weft_drop why = WEFT_DROP_rarp_malformed;
    struct arp_packet a;

    if (rarp_parse(&r, &a))
        why = answers_us(ifp, pkt, &a) ? take(ifp, &a) : WEFT_DROP_rarp_not_ours;
    if (why == WEFT_DROP_none)
        pkt_release(pkt);
    else
        pkt_drop(pkt, why);
}
