/* SPDX-License-Identifier: MIT */
/*
 * ARP (RFC 826, with the guards of RFC 1122 §2.3.2): its packet reception algorithm, and asking for the neighbour
 * table. An entry is made only when the packet is meant for us, or answers what we asked.
 */
#include "link/private.h"
#include "wire/ethernet.h"
#include "wire/ipv4.h"

#define DEFEND_INTERVAL (10 * WEFT_S) /* RFC 5227 §1.1 */

static const uint8_t no_mac[6];

void arp_send(weft_if *ifp, const struct arp_packet *a, const uint8_t dst[6], uint16_t type)
{
    struct weft_pkt *pkt = pkt_new(ifp->stack);
    struct writer w;

    if (!pkt) {
        stack_drop(ifp->stack, WEFT_DROP_no_memory);
        return;
    }
    w = writer(pkt->data, ARP_LEN);
    arp_emit(&w, a);
    pkt->len = ARP_LEN;
    ethernet_send(ifp, pkt, dst, type);
}

static void send(weft_if *ifp, const struct arp_packet *a, const uint8_t dst[6])
{
    stack_count(ifp->stack, a->op == ARP_REQUEST ? WEFT_COUNT_arp_requests_out : WEFT_COUNT_arp_replies_out);
    arp_send(ifp, a, dst, ETH_TYPE_ARP);
}

static struct arp_packet request(const weft_if *ifp, const struct weft_ip *sender, const struct weft_ip *target)
{
    struct arp_packet a = {.op = ARP_REQUEST, .sender_ip = ip_to_v4(sender), .target_ip = ip_to_v4(target)};

    memcpy(a.sender_mac, ifp->mac, 6);
    return a;
}

void arp_announce(weft_if *ifp, const struct weft_ip *ip)
{
    struct arp_packet a = request(ifp, ip, ip);

    send(ifp, &a, eth_broadcast);
}

void arp_probe(weft_if *ifp, const struct weft_ip *ip)
{
    struct weft_ip nobody = weft_ipv4(0);
    struct arp_packet a = request(ifp, &nobody, ip);

    send(ifp, &a, eth_broadcast);
}

/* ---- asking ---- */

/* The address we ask from: one of the target's network if there is one. */
static struct weft_ip asking_address(weft_if *ifp, const struct weft_ip *target)
{
    struct ip_path path = {.ifp = ifp, .next_hop = *target};
    struct weft_ip src = weft_ipv4(0);

    route_source(ifp->stack, &path, target, &src); /* no address at all: ask as a probe, from 0.0.0.0 */
    return src;
}

static void solicit(weft_if *ifp, const struct neigh *n, bool unicast)
{
    struct weft_ip src = asking_address(ifp, &n->ip);
    struct arp_packet a = request(ifp, &src, &n->ip);

    send(ifp, &a, unicast ? n->mac : eth_broadcast);
}

static void transmit(weft_if *ifp, const struct neigh *n, struct weft_pkt *pkt)
{
    ethernet_send(ifp, pkt, n->mac, ETH_TYPE_IPV4);
}

static void unreachable(weft_if *ifp, struct weft_pkt *pkt)
{
    if (ifp->stack->assembly->next_hop_failed)
        ifp->stack->assembly->next_hop_failed(ifp, pkt);
    else
        pkt_drop(pkt, WEFT_DROP_neigh_unreachable);
}

const struct neigh_ops link_neighbours = {.solicit = solicit, .transmit = transmit, .unreachable = unreachable};

/* ---- answering ---- */

bool arp_sender_is_sound(const struct arp_packet *a)
{
    struct weft_ip ip = weft_ipv4(a->sender_ip);

    return !eth_is_group(a->sender_mac) && memcmp(a->sender_mac, no_mac, 6) != 0 && !ip_is_multicast(&ip) &&
           !ip_is_limited_broadcast(&ip) && !ip_is_loopback(&ip);
}

static void reply(weft_if *ifp, const struct arp_packet *asked)
{
    struct arp_packet a = {.op = ARP_REPLY, .sender_ip = asked->target_ip, .target_ip = asked->sender_ip};

    memcpy(a.sender_mac, ifp->mac, 6);
    memcpy(a.target_mac, asked->sender_mac, 6);
    send(ifp, &a, asked->sender_mac);
}

/* What RFC 826 calls the merge: known senders are refreshed, new ones only learnt from packets meant for us. */
static bool merge(weft_if *ifp, const struct arp_packet *a, bool for_us)
{
    struct weft_ip sender = weft_ipv4(a->sender_ip);
    struct neigh *known;
    bool solicited;

    if (a->sender_ip == 0 || if_by_address(ifp->stack, &sender) || if_is_broadcast(ifp, &sender) ||
        memcmp(a->sender_mac, ifp->mac, 6) == 0)
        return false; /* a probe (RFC 5227), somebody with our address, nonsense, or our own words */
    known = neigh_find(ifp, &sender);
    solicited = for_us && a->op == ARP_REPLY && known && known->tries > 0;
    if (!known && !(for_us && a->op == ARP_REQUEST))
        return false;
    neigh_learn(ifp, &sender, a->sender_mac, solicited, for_us && a->op == ARP_REQUEST);
    return true;
}

/* ---- conflicts (RFC 5227 §2.4) ---- */

/* Our entry, when another station speaks from its address. One that is still tried is the business of probe.c. */
static struct if_address *contested(weft_if *ifp, const struct arp_packet *a)
{
    struct weft_ip sender = weft_ipv4(a->sender_ip);
    struct if_address *ours = if_find_entry(ifp, &sender);

    return ours && if_address_usable(ours) && memcmp(a->sender_mac, ifp->mac, 6) != 0 ? ours : NULL;
}

/*
 * We keep the address, §2.4 (c): what is configured here is what others know us by. We say so to all, but no more often
 * than every DEFEND_INTERVAL: two stations that both will not give way shall not shout at each other.
 */
static void defend(weft_if *ifp, struct if_address *ours)
{
    stack_count(ifp->stack, WEFT_COUNT_arp_conflicts);
    if (!ifp->stack->config.arp_defend || ifp->stack->now < ours->defended_until)
        return;
    ours->defended_until = time_after(ifp->stack->now, DEFEND_INTERVAL);
    arp_announce(ifp, &ours->ip);
}

/* ---- for others (RFC 1027) ---- */

/* Does the way to the target lead over us, to another link? Then who asks may send to us. */
static bool answers_for(weft_if *ifp, const struct arp_packet *a, const struct weft_ip *target)
{
    const struct weft_config *c = &ifp->stack->config;
    struct weft_ip sender = weft_ipv4(a->sender_ip);
    struct ip_path path = {0};

    if (!c->proxy_arp || !c->ip_forward || a->op != ARP_REQUEST || a->sender_ip == 0 || ip_is_any(target) ||
        ip_is_multicast(target) || if_is_broadcast(ifp, target) || if_is_broadcast(ifp, &sender))
        return false;
    return route_lookup(ifp->stack, target, &path) == 0 && path.ifp != ifp &&
           path.ifp->ops->kind != WEFT_LINK_LOOPBACK;
}

void arp_input(weft_if *ifp, struct weft_pkt *pkt)
{
    struct reader r = reader(pkt->data, pkt->len);
    struct arp_packet a;
    struct if_address *ours;
    struct weft_ip target;
    bool for_us, merged;

    if (!arp_parse(&r, &a) || !arp_sender_is_sound(&a)) {
        pkt_drop(pkt, WEFT_DROP_arp_malformed);
        return;
    }
    stack_count(ifp->stack, a.op == ARP_REQUEST ? WEFT_COUNT_arp_requests_in : WEFT_COUNT_arp_replies_in);
    if (unlikely(ifp->station) && probe_conflicts(ifp, &a)) {
        pkt_drop(pkt, WEFT_DROP_arp_conflict);
        return;
    }
    ours = contested(ifp, &a);
    if (unlikely(ours)) {
        defend(ifp, ours);
        pkt_drop(pkt, WEFT_DROP_arp_conflict);
        return;
    }
    target = weft_ipv4(a.target_ip);
    for_us = if_find_address(ifp, &target) != NULL || answers_for(ifp, &a, &target);
    merged = merge(ifp, &a, for_us);
    if (for_us && a.op == ARP_REQUEST && memcmp(a.sender_mac, ifp->mac, 6) != 0)
        reply(ifp, &a);
    else if (!merged) {
        pkt_drop(pkt, WEFT_DROP_arp_not_ours);
        return;
    }
    pkt_release(pkt);
}
