/* SPDX-License-Identifier: MIT */
/*
 * Datagrams that came in (RFC 791 §3.2, RFC 1122 §3.2.1, §3.3.6; RFC 8200, RFC 4291 §2): is the header sound, may this
 * source speak, are we meant? Then to reassembly or to the transport. Whatever fails goes no further, under a name and
 * without an answer; only what comes behind the header is answered.
 *
 * We are a host with the strong end-system model (RFC 1122 §3.3.4.2): an address belongs to its interface, and a
 * datagram for it that comes in by another one is not ours. The loopback interface alone speaks for all addresses. A
 * router answers at each of its addresses (RFC 1812 §5.2.3), and what is for nobody here goes on (forward.c).
 */
#include "ip/private.h"

enum destination { OURS, GROUP, FOREIGN };

static bool is_loopback_if(const weft_if *ifp) { return ifp->ops->kind == WEFT_LINK_LOOPBACK; }

static enum destination destination_of(const weft_if *ifp, const struct weft_ip *dst)
{
    if (likely(if_find_address(ifp, dst)))
        return OURS;
    if (is_loopback_if(ifp) && (ip_is_loopback(dst) || if_by_address(ifp->stack, dst)))
        return OURS;
    if (ip_is_multicast(dst))
        return group_is_ours(ifp, dst) ? GROUP : FOREIGN;
    return if_is_broadcast(ifp, dst) ? GROUP : FOREIGN;
}

/* A host that has no address yet asks by UDP, tells of its groups (RFC 3376 §4.2.13), seeks routers (RFC 1256 §4.2). */
static bool may_be_nobodys(const weft_stack *s, uint8_t proto)
{
    return proto == IP_PROTO_UDP || proto == IP_PROTO_IGMP || (proto == IP_PROTO_ICMP && ip_forwards(s, true));
}

/*
 * May a datagram come from here (RFC 1122 §3.2.1.3)? Ourselves may not, on the wire: nobody sends from our address
 * in good faith (LAND, CVE-1999-0016). 0.0.0.0 may, as long as a host that is starting speaks to all.
 */
static bool source_is_sound_v4(const weft_if *ifp, const struct weft_pkt *pkt)
{
    unsigned net = pkt->src.b[12];

    if (is_loopback_if(ifp))
        return net < 224;
    if (net == 0)
        return ip_is_any(&pkt->src) && pkt->ip_group && may_be_nobodys(ifp->stack, pkt->proto);
    if (net == 127 || net >= 224) /* loopback; multicast, reserved (RFC 1112 §4), limited broadcast */
        return false;
    return !if_by_address(ifp->stack, &pkt->src) && !if_is_broadcast(ifp, &pkt->src);
}

/* RFC 4291 §2.5, §2.7. :: may be, as long as a host finds its address: to groups, by ICMPv6. */
static bool source_is_sound_v6(const weft_if *ifp, const struct weft_pkt *pkt)
{
    if (ip_is_multicast(&pkt->src))
        return false;
    if (ip_is_any(&pkt->src))
        return pkt->ip_group && pkt->proto == IP_PROTO_ICMPV6;
    return is_loopback_if(ifp) || (!ip_is_loopback(&pkt->src) && !if_by_address(ifp->stack, &pkt->src));
}

/* Somebody listens to the group, but nobody to this source. Routers' questions about a group are heard in any case. */
static bool source_is_unwanted(const weft_if *ifp, const struct weft_pkt *pkt)
{
    bool asks = pkt->proto == IP_PROTO_IGMP || pkt->proto == IP_PROTO_ICMPV6 || pkt->proto == IP_PROTO_HOPOPTS;

    return pkt->ip_group && !asks && ip_is_multicast(&pkt->dst) && !group_takes_source(ifp, &pkt->dst, &pkt->src);
}

static enum weft_drop check_addresses(const weft_if *ifp, struct weft_pkt *pkt, bool v6)
{
    enum destination where = destination_of(ifp, &pkt->dst);

    /* A router's ends are weak, but loopback never comes by a wire (RFC 1122 §3.2.1.3, RFC 4291 §2.5.3). */
    if (unlikely(where == FOREIGN && ip_forwards(ifp->stack, !v6) && !ip_is_loopback(&pkt->dst) &&
                 if_by_address(ifp->stack, &pkt->dst)))
        where = OURS;
    if (unlikely(where == FOREIGN))
        return WEFT_DROP_ip_not_ours;
    pkt->ip_group = where == GROUP;
    if (unlikely(!(v6 ? source_is_sound_v6(ifp, pkt) : source_is_sound_v4(ifp, pkt))))
        return WEFT_DROP_ip_bad_source;
    if (unlikely(pkt->link_broadcast && !pkt->ip_group))
        return WEFT_DROP_ip_link_broadcast;
    return unlikely(source_is_unwanted(ifp, pkt)) ? WEFT_DROP_ip_group_source : WEFT_DROP_none;
}

/* The same for IPv4. Most datagrams come from the same host as the one before: it is remembered (is_as_before). */
static enum weft_drop check_addresses_v4(weft_if *ifp, struct weft_pkt *pkt, const struct ipv4_header *h)
{
    struct ip_sound *last = &ip_state(ifp->stack)->sound;
    enum weft_drop why = check_addresses(ifp, pkt, false);

    if (why == WEFT_DROP_none && !pkt->ip_group && !is_loopback_if(ifp) && !ip_forwards(ifp->stack, true))
        *last = (struct ip_sound){ifp, h->src, h->dst, ifp->stack->routes.generation};
    return why;
}

void ip_deliver(weft_stack *s, struct weft_pkt *pkt)
{
    bool heard = unlikely(s->raw_sockets) && s->assembly->raw_input(s, pkt);

    if (likely(stack_deliver(s, pkt)))
        stack_count(s, WEFT_COUNT_ip_in_delivered);
    else if (heard)
        pkt_release(pkt);
    else
        ip_refuse(s, pkt, IP_REFUSE_PROTOCOL, WEFT_DROP_ip_unknown_protocol);
}

/* Is it for somebody else, and are we to help it on its way? */
static bool goes_on(const weft_stack *s, enum weft_drop why, bool v4)
{
    return why == WEFT_DROP_ip_not_ours && ip_forwards(s, v4);
}

/* ---- IPv4 ---- */

/* Keeps what the layers above want to know. */
static void note_header_v4(struct weft_pkt *pkt, const struct ipv4_header *h)
{
    ip_set_v4(&pkt->src, h->src);
    ip_set_v4(&pkt->dst, h->dst);
    pkt->ttl = h->ttl;
    pkt->tos = h->tos;
    pkt->proto = h->proto;
    pkt->fragment = false;
}

static enum weft_drop drop_of_v4(enum ipv4_verdict verdict)
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

/*
 * Who may be told hears where his options are wrong: from the host that the datagram is for (RFC 1122 §3.2.2.5), and
 * from a router on its way (RFC 1812 §5.3.13). Owns pkt.
 */
SELDOM static void bad_option(weft_stack *s, struct weft_pkt *pkt, const struct ipv4_header *h)
{
    enum destination where;

    note_header_v4(pkt, h);
    where = destination_of(pkt->ifp, &pkt->dst);
    pkt->l3 = (uint16_t)(pkt->data - pkt->base);
    pkt->l4 = pkt->l3 + h->header_len;
    pkt->ip_group = where == GROUP || ip_is_multicast(&pkt->dst);
    if ((where == OURS || ip_forwards(s, true)) && source_is_sound_v4(pkt->ifp, pkt))
        ip_options_complain(s, pkt);
    else
        pkt_drop(pkt, WEFT_DROP_ip_bad_option);
}

/* Is it what most are, and from and to those of the one before? Then it is sound, and ours. */
static inline bool is_as_before(const weft_if *ifp, const struct weft_pkt *pkt)
{
    const struct ip_sound *last = &ip_state(ifp->stack)->sound;

    return likely(pkt->len >= IPV4_HEADER) && ipv4_source(pkt->data) == last->src &&
           ipv4_destination(pkt->data) == last->dst && ifp == last->ifp &&
           last->generation == ifp->stack->routes.generation && !pkt->link_broadcast &&
           ipv4_is_plain(pkt->data, pkt_total(pkt));
}

/* What is left to do then. Owns pkt. */
static inline void take_as_before(weft_stack *s, struct weft_pkt *pkt)
{
    const struct ip_sound *last = &ip_state(s)->sound;
    const uint8_t *p = pkt->data;

    ip_set_v4(&pkt->src, last->src);
    ip_set_v4(&pkt->dst, last->dst);
    pkt->ttl = p[8];
    pkt->tos = p[1];
    pkt->proto = p[9];
    pkt->fragment = pkt->ip_group = false;
    pkt->l3 = (uint16_t)(pkt->data - pkt->base);
    pkt->l4 = pkt->l3 + IPV4_HEADER;
    pkt_pull(pkt, IPV4_HEADER);
    ip_deliver(s, pkt);
}

/* Any other. Owns pkt. */
ASIDE static void take_any(weft_if *ifp, struct weft_pkt *pkt)
{
    weft_stack *s = ifp->stack;
    struct reader r = reader(pkt->data, pkt->len);
    struct ipv4_header h;
    enum weft_drop why;

    why = drop_of_v4(ipv4_parse(&r, pkt_total(pkt), &h));
    if (unlikely(why == WEFT_DROP_ip_source_route && s->config.accept_source_route))
        why = WEFT_DROP_none;
    if (unlikely(why == WEFT_DROP_ip_bad_option)) {
        bad_option(s, pkt, &h);
        return;
    }
    if (likely(why == WEFT_DROP_none)) {
        note_header_v4(pkt, &h);
        why = check_addresses_v4(ifp, pkt, &h);
    }
    if (unlikely(why != WEFT_DROP_none && !goes_on(s, why, true))) {
        pkt_drop(pkt, why);
        return;
    }
    if (pkt_total(pkt) != h.total_len)
        pkt_trim(pkt, h.total_len);
    pkt->l3 = (uint16_t)(pkt->data - pkt->base);
    pkt->l4 = pkt->l3 + h.header_len;
    if (unlikely(why != WEFT_DROP_none)) {
        ip_forward(s, pkt);
        return;
    }
    if (unlikely(h.options) && !ip_options_input(s, pkt))
        return;
    pkt_pull(pkt, h.header_len);
    if (unlikely(h.mf || h.frag_offset)) {
        struct ip_piece piece = {.id = h.id, .offset = h.frag_offset, .mf = h.mf};

        pkt = ip_reassemble(s, pkt, &piece);
        if (!pkt)
            return;
    }
    ip_deliver(s, pkt);
}

static void ipv4_input(weft_if *ifp, struct weft_pkt *pkt)
{
    stack_count(ifp->stack, WEFT_COUNT_ip_in);
    if (likely(is_as_before(ifp, pkt)))
        take_as_before(ifp->stack, pkt);
    else
        take_any(ifp, pkt);
}

const struct network ip_v4_network = {.ethertype = ETH_TYPE_IPV4, .input = ipv4_input};

/* ---- IPv6 ---- */

/*
 * Could the address stand in a datagram at all? IPv4's mapped form never does (RFC 4942 §2.2), and the bits that hold
 * the zone in here are zero there (RFC 4291 §2.5.6).
 */
static bool may_be_on_a_wire(const struct weft_ip *ip)
{
    return !ip_is_v4(ip) && ip_zone(ip) == 0;
}

/* Which link an address means that has come by this interface: our own links when we speak to ourselves. */
static void give_zone(const weft_if *ifp, struct weft_ip *ip)
{
    if (likely(!ip_is_zoned(ip)))
        return;
    ip_set_zone(ip, ifp->index);
    if (!is_loopback_if(ifp) || ip_is_multicast(ip))
        return;
    list_each(it, &ifp->stack->interfaces) {
        const weft_if *other = container_of(it, weft_if, link);

        ip_set_zone(ip, other->index);
        if (if_find_address(other, ip))
            return;
    }
}

static void note_header_v6(struct weft_pkt *pkt, const struct ipv6_header *h)
{
    ip_copy(&pkt->src, &h->src);
    ip_copy(&pkt->dst, &h->dst);
    give_zone(pkt->ifp, &pkt->src);
    give_zone(pkt->ifp, &pkt->dst);
    pkt->ttl = h->hop_limit;
    pkt->tos = h->tclass;
    pkt->flow_label = h->flow_label;
    pkt->proto = h->next;
    pkt->fragment = false;
}

static enum weft_drop check_v6(weft_if *ifp, struct weft_pkt *pkt, struct ipv6_header *h)
{
    static const uint8_t drops[] = {
        [IPV6_OK] = WEFT_DROP_none,
        [IPV6_SHORT] = WEFT_DROP_ip_short,
        [IPV6_BAD_VERSION] = WEFT_DROP_ip_version,
        [IPV6_BAD_PAYLOAD_LEN] = WEFT_DROP_ip_total_length,
    };
    struct reader r = reader(pkt->data, pkt->len);
    enum ipv6_verdict verdict = ipv6_parse(&r, pkt_total(pkt), h);

    if (unlikely(verdict != IPV6_OK))
        return (enum weft_drop)drops[verdict];
    if (unlikely(!may_be_on_a_wire(&h->dst)))
        return ip_forwards(ifp->stack, false) ? WEFT_DROP_ip_martian : WEFT_DROP_ip_not_ours;
    if (unlikely(!may_be_on_a_wire(&h->src)))
        return WEFT_DROP_ip_bad_source;
    note_header_v6(pkt, h);
    return check_addresses(ifp, pkt, true);
}

static bool is_plain(uint8_t next) { return next == IP_PROTO_TCP || next == IP_PROTO_UDP || next == IP_PROTO_ICMPV6; }

static void ipv6_input(weft_if *ifp, struct weft_pkt *pkt)
{
    weft_stack *s = ifp->stack;
    struct ipv6_header h;
    enum weft_drop why = check_v6(ifp, pkt, &h);

    stack_count(s, WEFT_COUNT_ip_in);
    if (unlikely(why != WEFT_DROP_none && !goes_on(s, why, false))) {
        pkt_drop(pkt, why);
        return;
    }
    if (pkt_total(pkt) != IPV6_HEADER + (uint32_t)h.payload_len)
        pkt_trim(pkt, IPV6_HEADER + (uint32_t)h.payload_len);
    pkt->l3 = (uint16_t)(pkt->data - pkt->base);
    pkt->l4 = pkt->l3 + IPV6_HEADER;
    if (unlikely(why != WEFT_DROP_none)) {
        ip_forward(s, pkt);
        return;
    }
    if (likely(is_plain(h.next))) {
        pkt_pull(pkt, IPV6_HEADER);
    } else if (!(pkt = ip_walk_extensions(s, pkt, h.next))) {
        return;
    }
    ip_deliver(s, pkt);
}

const struct network ip_v6_network = {.ethertype = ETH_TYPE_IPV6, .input = ipv6_input};
