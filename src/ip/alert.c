/* SPDX-License-Identifier: MIT */
/*
 * Datagrams that a router is to look at though they are for others (RFC 2113, RFC 2711): whoever asked for them with
 * WEFT_IP_ROUTER_ALERT or WEFT_IPV6_ROUTER_ALERT gets them instead of the next hop, as on Linux. It is theirs to send
 * them on. Those that nobody asked for travel like others.
 */
#include "ip/private.h"
#include "wire/igmp.h"

/* Is it marked? *value: what about, which IPv6 alone says. Data at the header. */
static bool is_marked(const struct weft_pkt *pkt, uint16_t *value)
{
    const uint8_t *header = pkt->data;
    struct ipv6_chain c;
    struct reader r;

    *value = 0;
    if (ip_is_v4(&pkt->dst))
        return ipv4_router_alert(header + IPV4_HEADER, pkt->l4 - pkt->l3 - (size_t)IPV4_HEADER);
    if (header[6] != IP_PROTO_HOPOPTS)
        return false;
    c = ipv6_chain_start(header[6]);
    r = reader(header + c.offset, pkt->len - c.offset);
    ipv6_chain_walk(&r, &c); /* whatever is wrong further on is nobody's business on the way */
    *value = c.alert;
    return c.router_alert;
}

/* Those of IPv4 are heard whole. Data at the header; NULL: it is not whole yet. Owns pkt. */
static struct weft_pkt *whole(weft_stack *s, struct weft_pkt *pkt)
{
    struct reader r = reader(pkt->data, pkt->len);
    struct ip_piece piece;
    struct ipv4_header h;

    if (!ip_is_v4(&pkt->dst) || !ipv4_read(&r, &h) || !(h.mf || h.frag_offset))
        return pkt;
    piece = (struct ip_piece){.id = h.id, .offset = h.frag_offset, .mf = h.mf};
    pkt_pull(pkt, h.header_len);
    return ip_reassemble(s, pkt, &piece);
}

bool ip_alert(weft_stack *s, struct weft_pkt *pkt)
{
    struct alert alert;

    if (!is_marked(pkt, &alert.value))
        return false;
    alert.deliver = false;
    if (!s->assembly->raw_alert(s, pkt, &alert))
        return false;
    pkt = whole(s, pkt);
    if (!pkt)
        return true;
    alert.deliver = true;
    s->assembly->raw_alert(s, pkt, &alert);
    pkt_release(pkt);
    return true;
}
