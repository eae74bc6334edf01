/* SPDX-License-Identifier: MIT */
/* Solicitations and advertisements of neighbours (RFC 4861 §7), ours and theirs. */
#include "ip/nd.h"

/* ---- out ---- */

void nd_solicit(weft_if *ifp, const struct weft_ip *src, const struct weft_ip *dst, const struct weft_ip *target,
                const uint8_t *nonce)
{
    struct nd_neighbour n = {.target = *target};
    bool from_us = !ip_is_any(src);
    uint32_t len = ND_NS_LEN + (from_us ? ND_MAC_OPTION : 0) + (nonce ? ND_NONCE_OPTION : 0);
    struct weft_pkt *pkt = nd_message(ifp, len);
    struct writer w;

    if (!pkt)
        return;
    w = writer(pkt->data, len);
    nd_neighbour_emit(&w, ICMPV6_NEIGHBOUR_SOLICIT, &n);
    if (from_us)
        nd_mac_option_emit(&w, ND_SOURCE_MAC, ifp->mac);
    if (nonce)
        nd_nonce_option_emit(&w, nonce);
    stack_count(ifp->stack, WEFT_COUNT_nd_solicits_out);
    nd_send(ifp, pkt, src, dst);
}

/* A router says that it is one (RFC 4861 §7.2.4). mac: of the station it goes to, NULL: as the table knows. */
static void advertise(weft_if *ifp, struct nd_neighbour n, const struct weft_ip *dst, const uint8_t *mac)
{
    uint32_t len = ND_NA_LEN + ND_MAC_OPTION;
    struct weft_pkt *pkt = nd_message(ifp, len);
    struct writer w;

    if (!pkt)
        return;
    n.router = ip_forwards(ifp->stack, false);
    w = writer(pkt->data, len);
    nd_neighbour_emit(&w, ICMPV6_NEIGHBOUR_ADVERT, &n);
    nd_mac_option_emit(&w, ND_TARGET_MAC, ifp->mac);
    stack_count(ifp->stack, WEFT_COUNT_nd_adverts_out);
    if (mac)
        nd_send_to(ifp, pkt, &n.target, dst, mac);
    else
        nd_send(ifp, pkt, &n.target, dst);
}

void nd_announce(weft_if *ifp, const struct weft_ip *ip, const struct weft_ip *dst)
{
    struct nd_neighbour n = {.target = *ip};

    advertise(ifp, n, dst, NULL);
}

/* ---- in ---- */

static struct weft_ip all_nodes(const weft_if *ifp)
{
    struct weft_ip group = {{0xff, 2, [15] = 1}};

    ip_set_zone(&group, ifp->index);
    return group;
}

/*
 * From ::, somebody tries an address (RFC 4862 §5.4.3): one that we have is defended, one that we are trying too is
 * nobody's. Our own solicitation may come back to us (RFC 7527).
 */
static enum weft_drop trial_of_another(struct nd_link *l, const struct nd_neighbour *n, const uint8_t *nonce)
{
    struct nd_neighbour answer = {.target = n->target, .override = true};
    struct weft_ip dst = all_nodes(l->ifp);

    if (nd_trial_is_echo(l, &n->target, nonce))
        return WEFT_DROP_nd_not_ours;
    if (nd_trial_conflict(l, &n->target))
        return WEFT_DROP_none;
    if (!if_find_address(l->ifp, &n->target))
        return WEFT_DROP_nd_not_ours;
    advertise(l->ifp, answer, &dst, NULL);
    return WEFT_DROP_none;
}

/* Has the user said where it is? */
static bool is_fixed(weft_if *ifp, const struct weft_ip *ip)
{
    const struct neigh *n = neigh_find(ifp, ip);

    return n && n->state == NEIGH_FIXED;
}

/*
 * The answer goes to the station that asked: who floods us with questions uses no entry of the table by that, and so
 * pushes out nobody to whom we speak.
 */
enum weft_drop nd_solicit_input(struct nd_link *l, const struct weft_pkt *pkt, struct reader r)
{
    struct nd_neighbour n, answer = {.solicited = true, .override = true};
    const uint8_t *mac;

    if (!nd_neighbour_parse(&r, &n) || ip_is_multicast(&n.target) || ip_zone(&n.target))
        return WEFT_DROP_nd_malformed;
    ip_set_zone(&n.target, l->ifp->index);
    mac = nd_option_mac(r, ND_SOURCE_MAC);
    if (ip_is_any(&pkt->src)) { /* RFC 4861 §7.1.1 */
        struct weft_ip group = group_of_address(l->ifp, &n.target);

        return mac || !ip_eq(&pkt->dst, &group) ? WEFT_DROP_nd_malformed : trial_of_another(l, &n, nd_option_nonce(r));
    }
    if (!if_find_address(l->ifp, &n.target))
        return WEFT_DROP_nd_not_ours;
    mac = mac && !eth_is_group(mac) ? mac : NULL;
    if (mac)
        neigh_heard(l->ifp, &pkt->src, mac);
    answer.target = n.target;
    advertise(l->ifp, answer, &pkt->src, is_fixed(l->ifp, &pkt->src) ? NULL : mac);
    return WEFT_DROP_none;
}

enum weft_drop nd_advert_input(struct nd_link *l, const struct weft_pkt *pkt, struct reader r)
{
    struct nd_neighbour n;
    const uint8_t *mac;

    if (!nd_neighbour_parse(&r, &n) || ip_is_multicast(&n.target) || ip_zone(&n.target) ||
        (pkt->ip_group && n.solicited))
        return WEFT_DROP_nd_malformed; /* RFC 4861 §7.1.2 */
    ip_set_zone(&n.target, l->ifp->index);
    if (nd_trial_conflict(l, &n.target))
        return WEFT_DROP_none;
    if (if_find_address(l->ifp, &n.target))
        return WEFT_DROP_nd_not_ours; /* somebody claims our address: we stay, as Linux does */
    mac = nd_option_mac(r, ND_TARGET_MAC);
    if (mac && eth_is_group(mac))
        return WEFT_DROP_nd_malformed;
    if (neigh_advertised(l->ifp, &n.target, mac,
                         (struct neigh_advert){.router = n.router, .solicited = n.solicited, .override = n.override}) &&
        !n.router)
        nd_router_gone(l, &n.target);
    return WEFT_DROP_none;
}
