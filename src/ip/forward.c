/* SPDX-License-Identifier: MIT */
/*
 * Datagrams for somebody else, when we are a router (RFC 1812 §5, RFC 8200 §3; off by default): may it travel on, where
 * to, is it small enough? What goes on changes in nothing but its time to live, and waits in the bounded queue of the
 * interface like everything that is finished.
 *
 * What never travels: what came as a link's broadcast, to or from groups, loopback, link-local and reserved addresses,
 * and directed broadcasts (RFC 2644). Options of IPv4 record us (options.c); the hop-by-hop header of IPv6 is carried
 * and not acted upon, as RFC 8200 §4 allows, but for a router alert that somebody here waits for (alert.c).
 */
#include "core/gso.h"
#include "ip/private.h"
#include "wire/tcp.h"

static bool is_link_local_v4(const struct weft_ip *ip) { return ip->b[12] == 169 && ip->b[13] == 254; }

/* Does an address mean something beyond its link (RFC 1812 §5.3.7, RFC 6890)? */
static bool may_travel(const struct weft_ip *ip)
{
    if (ip_is_v4(ip))
        return ip->b[12] != 0 && ip->b[12] != 127 && ip->b[12] < 224 && !is_link_local_v4(ip);
    return !ip_is_any(ip) && !ip_is_loopback(ip) && !ip_is_multicast(ip) && !ip_is_link_local(ip);
}

/* Would we send to the source where this came from (RFC 1812 §5.3.8, RFC 3704)? 2: anywhere at all. */
static bool source_is_plausible(const weft_stack *s, const struct weft_pkt *pkt)
{
    const struct route *back;

    if (!s->config.rp_filter)
        return true;
    back = route_find(s, &pkt->src);
    return back && (s->config.rp_filter == 2 || back->ifp == pkt->ifp);
}

static bool is_directed_broadcast(weft_stack *s, const struct weft_ip *dst)
{
    list_each(it, &s->interfaces)
        if (if_is_broadcast(container_of(it, weft_if, link), dst))
            return true;
    return false;
}

/* Why this one does not travel, whatever its size and the way; nobody is told. */
static enum weft_drop refusal_of(weft_stack *s, const struct weft_pkt *pkt)
{
    if (pkt->link_broadcast)
        return WEFT_DROP_ip_link_broadcast;
    if (!may_travel(&pkt->dst) || !may_travel(&pkt->src) || if_by_address(s, &pkt->src))
        return WEFT_DROP_ip_martian;
    if (ip_is_v4(&pkt->dst) && (is_directed_broadcast(s, &pkt->dst) || is_directed_broadcast(s, &pkt->src)))
        return WEFT_DROP_ip_martian;
    return source_is_plausible(s, pkt) ? WEFT_DROP_none : WEFT_DROP_ip_rp_filter;
}

/* ---- size ---- */

/* Bytes of the largest datagram that this becomes on a link that cuts it: of a super-segment, one segment. */
static uint32_t size_on_link(const struct weft_pkt *pkt)
{
    return pkt->gso_size ? pkt->l4 - pkt->l3 + gso_transport_header(pkt) + pkt->gso_size : pkt_total(pkt);
}

/* RFC 1812 §5.2.6, RFC 1191 §4; RFC 4443 §3.2. Owns pkt. */
static void refuse_size(weft_stack *s, struct weft_pkt *pkt, uint32_t mtu)
{
    struct icmp_complaint v4 = {ICMPV4_UNREACHABLE, ICMPV4_FRAGMENTATION_NEEDED, mtu};
    struct icmp_complaint v6 = {ICMPV6_TOO_BIG, 0, mtu};

    icmp_complain(s, pkt, ip_is_v4(&pkt->src) ? v4 : v6, WEFT_DROP_ip_too_big);
}

/* May it be fragmented here? Only IPv4, without DF. */
static bool may_be_fragmented(const struct weft_pkt *pkt)
{
    return ip_is_v4(&pkt->src) && !ipv4_has_df(pkt->data);
}

/* ---- on its way ---- */

/* One hop less to live; data at the header. */
static void age(struct weft_pkt *pkt)
{
    uint8_t *p = pkt->data;

    if (!ip_is_v4(&pkt->src)) {
        p[7]--;
        return;
    }
    poke_u16(p + 10, csum_update(peek_u16(p + 10), peek_u16(p + 8), (uint16_t)(peek_u16(p + 8) - 0x100)));
    p[8]--;
}

/* The packet with room in front for the next link's header; NULL: it was dropped for want of memory. */
static struct weft_pkt *with_headroom(weft_stack *s, struct weft_pkt *pkt, uint8_t header)
{
    struct weft_pkt *copy;
    ptrdiff_t moved;

    if (likely(pkt_headroom(pkt) >= header))
        return pkt;
    copy = pkt_new_linear(s, PKT_HEADROOM, pkt_total(pkt));
    if (!copy) {
        pkt_drop(pkt, WEFT_DROP_no_memory);
        return NULL;
    }
    copy->len = pkt_copy(pkt, 0, copy->data, pkt_total(pkt));
    moved = (ptrdiff_t)pkt_headroom(copy) - (ptrdiff_t)pkt_headroom(pkt);
    copy->l3 = (uint16_t)(pkt->l3 + moved);
    copy->l4 = (uint16_t)(pkt->l4 + moved);
    copy->csum_partial = pkt->csum_partial;
    copy->csum_valid = pkt->csum_valid;
    copy->csum_start = (uint16_t)(pkt->csum_start + moved);
    copy->csum_offset = pkt->csum_offset;
    copy->gso_size = pkt->gso_size;
    copy->proto = pkt->proto;
    ip_copy(&copy->src, &pkt->src);
    ip_copy(&copy->dst, &pkt->dst);
    pkt_release(pkt);
    return copy;
}

static bool has_options(const struct weft_pkt *pkt)
{
    return unlikely(pkt->l4 - pkt->l3 > IPV4_HEADER) && ip_is_v4(&pkt->src);
}

/* Where it goes; false: it went nowhere, and its sender knows. Owns pkt then. */
static bool find_way(weft_stack *s, struct weft_pkt *pkt, struct ip_path *path)
{
    bool v4 = ip_is_v4(&pkt->src);
    struct icmp_complaint late = {v4 ? ICMPV4_TIME_EXCEEDED : ICMPV6_TIME_EXCEEDED, 0, 0};
    struct icmp_complaint nowhere = {v4 ? ICMPV4_UNREACHABLE : ICMPV6_UNREACHABLE, 0, 0}; /* network; no route */

    if (pkt->ttl <= 1) {
        icmp_complain(s, pkt, late, WEFT_DROP_ip_ttl);
        return false;
    }
    if (route_lookup(s, &pkt->dst, path) < 0 || path->ifp == s->loopback) {
        icmp_complain(s, pkt, nowhere, WEFT_DROP_ip_no_route);
        return false;
    }
    return true;
}

/*
 * A super-segment came with its sum complete, by a link within this memory. What its pieces' sums are made from is a
 * sum that is begun, so it is checked before it goes: what was spoilt on the way must not look sound again. False: it
 * was.
 */
SELDOM static bool begin_csum(struct weft_pkt *pkt)
{
    uint32_t at = pkt->l4 - (uint32_t)pkt_headroom(pkt), len = pkt_total(pkt) - at;
    struct csum pseudo = {0}, whole;

    ip_pseudo_header(&pseudo, &pkt->src, &pkt->dst, pkt->proto, len);
    whole = pseudo;
    if (!pkt->csum_valid)
        pkt_csum(pkt, at, len, &whole);
    if (!pkt->csum_valid && csum_fold(&whole) != 0)
        return false;
    pkt->csum_partial = true;
    pkt->csum_start = pkt->l4;
    pkt->csum_offset = pkt->proto == IP_PROTO_UDP ? UDP_CHECKSUM_AT : TCP_CHECKSUM_AT;
    poke_u16(pkt->base + pkt->l4 + pkt->csum_offset, (uint16_t)~csum_fold(&pseudo));
    return true;
}

static void send_on(weft_stack *s, struct weft_pkt *pkt, const struct ip_path *path);

/* Each datagram of a train by itself: they are to be fragmented. Owns the whole. */
static void send_pieces_on(weft_stack *s, struct weft_pkt *whole, const struct ip_path *path)
{
    for (uint32_t at = 0; at < gso_payload(whole); at += whole->gso_size) {
        struct weft_pkt *piece = gso_piece(whole, at, false);

        if (!piece) {
            stack_drop(s, WEFT_DROP_no_memory);
            continue;
        }
        piece->ifp = whole->ifp;
        piece->proto = whole->proto;
        piece->ttl = whole->ttl;
        ip_copy(&piece->src, &whole->src);
        ip_copy(&piece->dst, &whole->dst);
        send_on(s, piece, path);
    }
    pkt_release(whole);
}

static void send_on(weft_stack *s, struct weft_pkt *pkt, const struct ip_path *path)
{
    weft_if *out = path->ifp;
    bool too_big;

    if (unlikely(pkt->gso_size && !pkt->csum_partial) && !begin_csum(pkt)) {
        pkt_drop(pkt, pkt->proto == IP_PROTO_UDP ? WEFT_DROP_udp_checksum : WEFT_DROP_tcp_checksum);
        return;
    }
    too_big = size_on_link(pkt) > out->mtu;
    if (too_big && !may_be_fragmented(pkt)) {
        refuse_size(s, pkt, out->mtu);
        return;
    }
    if (unlikely(too_big && pkt->gso_size)) {
        send_pieces_on(s, pkt, path);
        return;
    }
    ip_redirect(s, pkt, path);
    if (has_options(pkt) && !ip_options_forward(s, pkt, path))
        return;
    age(pkt);
    pkt->csum_valid = false; /* the next link does not know what this one vouched for */
    stack_count(s, WEFT_COUNT_ip_forwarded);
    if (pkt->csum_partial && (too_big || !(out->offload & WEFT_OFFLOAD_CSUM)) && !pkt->gso_size)
        ip_finish_csum(pkt, pkt->proto);
    if (too_big) {
        ip_refragment(s, pkt, path);
        return;
    }
    pkt = with_headroom(s, pkt, out->ops->header + out->tag);
    if (pkt)
        out->ops->output(out, pkt, &path->next_hop, ip_ethertype(&pkt->dst));
}

void ip_forward(weft_stack *s, struct weft_pkt *pkt)
{
    enum weft_drop why = refusal_of(s, pkt);
    struct ip_path path;

    if (unlikely(why != WEFT_DROP_none)) {
        pkt_drop(pkt, why);
        return;
    }
    if (unlikely(s->raw_alerts) && ip_alert(s, pkt))
        return;
    if (find_way(s, pkt, &path))
        send_on(s, pkt, &path);
}
