/* SPDX-License-Identifier: MIT */
/*
 * Ethernet framing (RFC 894; RFC 1042 on receipt): who a frame is for, and what it carries. With IEEE 802.1Q an
 * interface belongs to one VLAN, whose tag its frames have; one without takes those without tag, or with a priority
 * only (VLAN 0).
 */
#include "wire/ethernet.h"

#include "link/private.h"
#include "wire/ipv4.h"

static void to_network(weft_if *ifp, struct weft_pkt *pkt, uint16_t type)
{
    const struct network *const *n = ifp->stack->assembly->network;

    pkt->l3 = (uint16_t)pkt_headroom(pkt);
    for (unsigned i = 0; i < ARRAY_LEN(ifp->stack->assembly->network) && n[i]; i++)
        if (n[i]->ethertype == type) {
            n[i]->input(ifp, pkt);
            return;
        }
    pkt_drop(pkt, type < ETH_TYPE_MIN ? WEFT_DROP_eth_llc : WEFT_DROP_eth_unknown_type);
}

static bool vlan_is_ours(const weft_if *ifp, uint16_t vlan)
{
    return ifp->vlan ? vlan == ifp->vlan : vlan == 0 || vlan == ETH_NO_VLAN;
}

static enum weft_drop check(const weft_if *ifp, const struct eth_header *h)
{
    if (eth_is_group(h->src))
        return WEFT_DROP_eth_bad_source;
    if (eth_is_group(h->dst) ? !if_hears(ifp, h->dst) : memcmp(h->dst, ifp->mac, 6) != 0)
        return WEFT_DROP_eth_not_ours;
    return vlan_is_ours(ifp, h->vlan) ? WEFT_DROP_none : WEFT_DROP_eth_vlan;
}

static void ethernet_input(weft_if *ifp, struct weft_pkt *pkt)
{
    struct reader r = reader(pkt->data, pkt->len);
    struct eth_header h;
    enum weft_drop why;

    if (!eth_parse(&r, &h)) {
        pkt_drop(pkt, WEFT_DROP_eth_short);
        return;
    }
    why = check(ifp, &h);
    if (why != WEFT_DROP_none) {
        pkt_drop(pkt, why);
        return;
    }
    pkt->link_broadcast = eth_is_group(h.dst);
    pkt_pull(pkt, (size_t)(r.p - pkt->data));
    if (h.payload && h.payload < pkt_total(pkt))
        pkt_trim(pkt, h.payload);
    if (h.type == ETH_TYPE_ARP)
        arp_input(ifp, pkt);
    else if (unlikely(h.type == ETH_TYPE_RARP))
        rarp_input(ifp, pkt);
    else
        to_network(ifp, pkt, h.type);
}

void ethernet_send(weft_if *ifp, struct weft_pkt *pkt, const uint8_t dst[6], uint16_t type)
{
    struct eth_header h = {.type = type, .vlan = ifp->vlan};
    size_t n = ETH_HEADER + (size_t)ifp->tag;
    struct writer w = writer(pkt_push(pkt, n), n);

    memcpy(h.dst, dst, 6);
    memcpy(h.src, ifp->mac, 6);
    eth_emit(&w, &h);
    pkt->l2 = (uint16_t)pkt_headroom(pkt);
    if_transmit(ifp, pkt);
}

static void ethernet_output(weft_if *ifp, struct weft_pkt *pkt, const struct weft_ip *next_hop, uint16_t type)
{
    const struct neigh *n = neigh_cached(ifp, next_hop);
    uint8_t group[6];

    if (likely(n != NULL)) {
        ethernet_send(ifp, pkt, n->mac, type);
    } else if (if_is_broadcast(ifp, next_hop)) {
        ethernet_send(ifp, pkt, eth_broadcast, type);
    } else if (ip_is_multicast(next_hop)) {
        eth_multicast(group, next_hop);
        ethernet_send(ifp, pkt, group, type);
    } else if ((n = neigh_resolve(ifp, next_hop, pkt))) {
        ethernet_send(ifp, pkt, n->mac, type);
    }
}

const struct link_ops link_ethernet = {
    .kind = WEFT_LINK_ETHERNET,
    .header = ETH_HEADER,
    .input = ethernet_input,
    .output = ethernet_output,
    .output_to = ethernet_send,
    .address_added = probe_address_added,
    .address_removed = probe_address_removed,
    .neighbour_hint = neigh_hint,
    .ask_address = rarp_ask,
    .is_asking = rarp_is_asking,
    .down = station_down,
    .timer = station_timer,
};
