/* SPDX-License-Identifier: MIT */
/*
 * Datagrams that came in (RFC 791 §3.2, RFC 1122 §3.2.1, §3.3.6): is the header sound, may this source speak, are we
 * meant? Then to reassembly or to the transport. Whatever fails goes no further, under a name and without an answer;
 * only an unknown protocol is answered.
 *
 * We are a host with the strong end-system model (RFC 1122 §3.3.4.2): an address belongs to its interface, and a
 * datagram for it that comes in by another one is not ours. The loopback interface alone speaks for all addresses.
 */
#include "ip/private.h"

enum destination { OURS, GROUP, FOREIGN };

static enum destination destination_of(const weft_if *ifp, const struct weft_ip *dst)
{
    static const struct weft_ip all_hosts = {{0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff, 224, 0, 0, 1}};

    if (likely(if_find_address(ifp, dst)))
        return OURS;
    if (ifp->ops->kind == WEFT_LINK_LOOPBACK && (ip_is_loopback(dst) || if_by_address(ifp->stack, dst)))
        return OURS;
    if (ip_eq(dst, &all_hosts) || if_is_broadcast(ifp, dst))
        return GROUP;
    return FOREIGN;
}

/*
 * May a datagram come from here (RFC 1122 §3.2.1.3)? Ourselves may not, on the wire: nobody sends from our address
 * in good faith (LAND, CVE-1999-0016). 0.0.0.0 may, as long as a host that is starting asks everybody by UDP.
 */
static bool source_is_sound(const weft_if *ifp, const struct weft_pkt *pkt)
{
    unsigned net = pkt->src.b[12];

    if (ifp->ops->kind == WEFT_LINK_LOOPBACK)
        return net < 224;
    if (net == 0)
        return ip_is_any(&pkt->src) && pkt->ip_group && pkt->proto == IP_PROTO_UDP;
    if (net == 127 || net >= 224) /* loopback; multicast, reserved (RFC 1112 §4), limited broadcast */
        return false;
    return !if_by_address(ifp->stack, &pkt->src) && !if_is_broadcast(ifp, &pkt->src);
}

/* Keeps what the layers above want to know. */
static void note_header(struct weft_pkt *pkt, const struct ipv4_header *h)
{
    ip_set_v4(&pkt->src, h->src);
    ip_set_v4(&pkt->dst, h->dst);
    pkt->ttl = h->ttl;
    pkt->tos = h->tos;
    pkt->proto = h->proto;
}

static enum weft_drop check_addresses(const weft_if *ifp, struct weft_pkt *pkt)
{
    enum destination where = destination_of(ifp, &pkt->dst);

    if (unlikely(where == FOREIGN))
        return WEFT_DROP_ip_not_ours;
    pkt->ip_group = where == GROUP;
    if (unlikely(!source_is_sound(ifp, pkt)))
        return WEFT_DROP_ip_bad_source;
    if (unlikely(pkt->link_broadcast && !pkt->ip_group))
        return WEFT_DROP_ip_link_broadcast;
    return WEFT_DROP_none;
}

static enum weft_drop drop_of(enum ipv4_verdict verdict)
{
    static const uint8_t drops[] = {
        [IPV4_OK] = WEFT_DROP_none,
        [IPV4_SHORT] = WEFT_DROP_ip_short,
        [IPV4_BAD_VERSION] = WEFT_DROP_ip_version,
        [IPV4_BAD_HEADER_LEN] = WEFT_DROP_ip_header_length,
        [IPV4_BAD_TOTAL_LEN] = WEFT_DROP_ip_total_length,
        [IPV4_BAD_CHECKSUM] = WEFT_DROP_ip_checksum,
        [IPV4_BAD_OPTION] = WEFT_DROP_ip_bad_option,
        [IPV4_SOURCE_ROUTE] = WEFT_DROP_ip_source_route,
    };

    return (enum weft_drop)drops[verdict];
}

static void ipv4_input(weft_if *ifp, struct weft_pkt *pkt)
{
    weft_stack *s = ifp->stack;
    struct reader r = reader(pkt->data, pkt->len);
    struct ipv4_header h;
    enum weft_drop why;

    stack_count(s, WEFT_COUNT_ip_in);
    why = drop_of(ipv4_parse(&r, pkt_total(pkt), &h));
    if (likely(why == WEFT_DROP_none)) {
        note_header(pkt, &h);
        why = check_addresses(ifp, pkt);
    }
    if (unlikely(why != WEFT_DROP_none)) {
        pkt_drop(pkt, why);
        return;
    }
    if (pkt_total(pkt) != h.total_len)
        pkt_trim(pkt, h.total_len);
    pkt->l3 = (uint16_t)(pkt->data - pkt->base);
    pkt->l4 = pkt->l3 + h.header_len;
    pkt_pull(pkt, h.header_len);
    if (unlikely(h.mf || h.frag_offset)) {
        pkt = ip_reassemble(s, pkt, &h);
        if (!pkt)
            return;
    }
    if (likely(stack_deliver(s, pkt)))
        stack_count(s, WEFT_COUNT_ip_in_delivered);
    else
        ip_refuse(s, pkt, IP_REFUSE_PROTOCOL, WEFT_DROP_ip_unknown_protocol);
}

const struct network ip_v4_network = {.ethertype = ETH_TYPE_IPV4, .input = ipv4_input};
