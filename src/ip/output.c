/* SPDX-License-Identifier: MIT */
/*
 * Datagrams that go out (RFC 791, RFC 1122 §3.2.1, §3.3; RFC 8200): the header in front of a transport's message, then
 * to the link; through fragment.c when the message is larger than the path carries and its sender allows it.
 *
 * Loopback addresses never reach a wire, whoever asked for it (RFC 1122 §3.2.1.3, RFC 4291
 * §2.5.3).
 */
#include "core/gso.h"
#include "ip/private.h"

uint32_t ip_flow_label(const weft_stack *s, const struct weft_addr *src, const struct weft_addr *dst, uint8_t proto)
{
    struct {
        struct weft_ip src, dst;
        uint16_t src_port, dst_port, proto;
    } flow = {src->ip, dst->ip, src->port, dst->port, proto};
    uint32_t label = (uint32_t)siphash13(((const struct ip_state *)s->ip)->label_key, &flow, sizeof flow);

    return label & IPV6_FLOW_LABEL ? label & IPV6_FLOW_LABEL : 1;
}

bool ip_may_speak(const struct ip_path *path, const struct weft_ip *local, const struct weft_ip *dst)
{
    if (ip_is_v4(local) ? !ip_is_v4(dst) : ip_is_v4(dst) && !ip_is_any(local))
        return false;
    return !ip_zone(local) || path->ifp->ops->kind == WEFT_LINK_LOOPBACK || ip_zone(local) == path->ifp->index;
}

static inline void push_v4(struct weft_pkt *pkt, const struct ip_send *how, const struct ip_piece *piece,
                           const weft_if *ifp)
{
    uint32_t message = pkt_total(pkt);
    const struct ip_options *o = how->options;
    uint8_t len = (uint8_t)(IPV4_HEADER + (unlikely(o) ? o->n : 0));
    struct writer w = writer(pkt_push(pkt, len), len);
    struct ipv4_header h = {
        .header_len = len,
        .tos = how->tos,
        .total_len = (uint16_t)(message + len),
        .df = how->df,
        .ttl = how->ttl ? how->ttl : (uint8_t)ifp->stack->config.ip_default_ttl,
        .proto = how->proto,
        .src = ip_to_v4(&how->src),
        .dst = ip_to_v4(unlikely(o) && o->has_route ? &o->first_hop : &how->dst),
        .options = unlikely(o) ? o->bytes : NULL,
    };

    if (piece) {
        h.id = (uint16_t)piece->id;
        h.mf = piece->mf;
        h.frag_offset = piece->offset;
    }
    ipv4_emit(&w, &h);
}

/* How far what has no hop limit of its own may go: as the link's routers say (RFC 4861 §6.3.2). */
static uint8_t usual_hop_limit(const weft_if *ifp)
{
    uint8_t said = nd_hop_limit(ifp);

    return said ? said : (uint8_t)ifp->stack->config.ip6_hop_limit;
}

static void push_v6(struct weft_pkt *pkt, const struct ip_send *how, const struct ip_piece *piece, const weft_if *ifp)
{
    struct ipv6_header h = {
        .tclass = how->tos,
        .next = how->proto,
        .hop_limit = how->ttl,
        .flow_label = how->flow_label,
    };
    struct writer w;

    if (!h.hop_limit)
        h.hop_limit = usual_hop_limit(ifp);
    if (piece) {
        struct ipv6_fragment f = {.next = how->proto, .more = piece->mf, .offset = piece->offset, .id = piece->id};

        w = writer(pkt_push(pkt, IPV6_FRAGMENT_HEADER), IPV6_FRAGMENT_HEADER);
        ipv6_fragment_emit(&w, &f);
        h.next = IP_PROTO_FRAGMENT;
    }
    if (unlikely(how->headers))
        h.next = ip_headers_push_hop(pkt, how->headers, h.next);
    ip_copy(&h.src, &how->src);
    ip_copy(&h.dst, &how->dst);
    h.payload_len = (uint16_t)pkt_total(pkt);
    w = writer(pkt_push(pkt, IPV6_HEADER), IPV6_HEADER);
    ipv6_emit(&w, &h);
}

void ip_push_header(struct weft_pkt *pkt, const struct ip_send *how, const struct ip_piece *piece, const weft_if *ifp)
{
    if (likely(ip_is_v4(&how->dst)))
        push_v4(pkt, how, piece, ifp);
    else
        push_v6(pkt, how, piece, ifp);
    pkt->l3 = (uint16_t)(pkt->data - pkt->base);
}

/* A strict route leads to a neighbour first (RFC 791 §3.1). */
static bool strays(const struct ip_options *o, const struct ip_path *path)
{
    return o->has_route && o->strict && !ip_eq(&path->next_hop, &o->first_hop);
}

/* Do the headers that every fragment repeats leave no room for anything else? */
static bool is_all_headers(const struct ip_send *how, uint32_t limit)
{
    return how->headers && ip_headers_len(how->headers) + IPV6_HEADER + IPV6_FRAGMENT_HEADER + 8 > limit;
}

/* Is either address one of the loopback? They are of one family. */
static inline bool may_not_leave(const struct ip_send *how, bool v4)
{
    return v4 ? how->src.b[12] == 127 || how->dst.b[12] == 127 : ip_is_loopback(&how->src) || ip_is_loopback(&how->dst);
}

/* Why this datagram cannot go out at all; 0 when it can. header: bytes of the one to come. */
static inline int refusal_of(const struct weft_pkt *pkt, const struct ip_send *how, const weft_if *ifp, uint32_t header,
                             bool v4, enum weft_drop *why)
{
    uint32_t total = pkt_total(pkt) + header;

    if (!ifp->up) {
        *why = WEFT_DROP_if_down;
        return WEFT_ENETDOWN;
    }
    if (total > (v4 ? IPV4_MAX_LEN : IPV6_MAX_LEN) ||
        (total > ifp->mtu && !pkt->gso_size && how->df)) {
        *why = WEFT_DROP_ip_too_big;
        return WEFT_EMSGSIZE;
    }
    if (unlikely(!v4 && is_all_headers(how, IPV6_MIN_MTU))) {
        *why = WEFT_DROP_ip_too_big;
        return WEFT_EMSGSIZE;
    }
    if (ifp->ops->kind != WEFT_LINK_LOOPBACK && may_not_leave(how, v4)) {
        *why = WEFT_DROP_ip_bad_source;
        return WEFT_EADDRNOTAVAIL;
    }
    if (unlikely(v4 && !how->df && ifp->stack->config.ip_ident_life) &&
        !ip_ident_allows(ifp->stack, how, pkt->gso_size ? gso_pieces(pkt) : 1)) {
        *why = WEFT_DROP_ip_ident_used;
        return WEFT_ENOBUFS;
    }
    return 0;
}

/* To a group: those of our own who listen get a copy. Is that all there is to do? */
static bool stays(weft_stack *s, const struct weft_pkt *pkt, const struct ip_send *how, weft_if *ifp)
{
    if (how->own & IP_OWN_HEAR)
        group_hear_own(s, pkt, how, ifp);
    return how->own & IP_OWN_ONLY;
}

/* How long a fragment to a station of IPv6 may be at most. */
static uint32_t limit_v6(const struct ip_send *how, const struct ip_path *path)
{
    uint32_t limit = how->df ? path->ifp->mtu : path_mtu(path);

    return unlikely(how->limit) ? min_u32(limit, how->limit) : limit;
}

uint32_t ip_max_message(const struct ip_send *how, const struct ip_path *path)
{
    if (!ip_is_v4(&how->dst))
        return min_u32(limit_v6(how, path), IPV6_MAX_LEN) - IPV6_HEADER;
    return min_u32(path->ifp->mtu, IPV4_MAX_LEN) - IPV4_HEADER;
}

/* May it go the short way? What it is not good for goes the long one, where errors have their names. */
static inline bool is_plain(const weft_stack *s, const struct weft_pkt *pkt, const struct ip_plain *how,
                            const weft_if *ifp)
{
    bool inward = (how->src >> 24 == 127) | (how->dst >> 24 == 127);

    return ifp->up && likely(!inward || ifp->ops->kind == WEFT_LINK_LOOPBACK) &&
           !(how->cut && s->config.ip_ident_life) &&
           pkt_total(pkt) + IPV4_HEADER <= (pkt->gso_size ? IPV4_MAX_LEN : ifp->mtu);
}

/* The next identification of such a message, or the first of those of all pieces it will be cut into. */
static uint16_t ident_of(weft_stack *s, const struct weft_pkt *pkt, const struct ip_plain *how)
{
    return ip_ident_v4(&ip_state(s)->idents, how->src, how->dst, how->proto, pkt->gso_size ? gso_pieces(pkt) : 1);
}

/* The transport's header stands in front now: by it the pieces of a whole are counted. */
static inline void mark_transport(struct weft_pkt *pkt)
{
    pkt->l4 = (uint16_t)(pkt->data - pkt->base);
    if (pkt->csum_partial)
        pkt->csum_start = pkt->l4;
}

/* The header in front of the message, and to the link. */
static inline void send_plain(weft_stack *s, struct weft_pkt *pkt, const struct ip_plain *how,
                              const struct ip_path *path)
{
    struct ipv4_header h;
    struct writer w;

    stack_count(s, WEFT_COUNT_ip_out);
    mark_transport(pkt);
    h = (struct ipv4_header){
        .header_len = IPV4_HEADER,
        .tos = how->tos,
        .total_len = (uint16_t)(pkt_total(pkt) + IPV4_HEADER),
        .id = how->cut ? ident_of(s, pkt, how) : 0,
        .df = !how->cut,
        .ttl = how->ttl ? how->ttl : (uint8_t)s->config.ip_default_ttl,
        .proto = how->proto,
        .src = how->src,
        .dst = how->dst,
    };
    w = writer(pkt_push(pkt, IPV4_HEADER), IPV4_HEADER);
    ipv4_emit(&w, &h);
    pkt->l3 = (uint16_t)(pkt->data - pkt->base);
    path->ifp->ops->output(path->ifp, pkt, &path->next_hop, ETH_TYPE_IPV4);
}

static int output_any(weft_stack *s, struct weft_pkt *pkt, const struct ip_send *how, const struct ip_path *path);

int ip_output_plain(weft_stack *s, struct weft_pkt *pkt, const struct ip_plain *how, const struct ip_path *path)
{
    struct ip_send same;

    if (likely(is_plain(s, pkt, how, path->ifp))) {
        send_plain(s, pkt, how, path);
        return 0;
    }
    same = (struct ip_send){.src = weft_ipv4(how->src), .dst = weft_ipv4(how->dst), .proto = how->proto,
                            .ttl = how->ttl, .tos = how->tos, .df = !how->cut};
    return output_any(s, pkt, &same, path);
}

int ip_output(weft_stack *s, struct weft_pkt *pkt, const struct ip_send *how, const struct ip_path *path)
{
    struct ip_plain plain;

    if (likely(ip_is_v4(&how->dst) && !how->options && !how->own)) {
        plain = (struct ip_plain){.src = ip_to_v4(&how->src), .dst = ip_to_v4(&how->dst), .proto = how->proto,
                                  .ttl = how->ttl, .tos = how->tos, .cut = !how->df};
        if (likely(is_plain(s, pkt, &plain, path->ifp))) {
            send_plain(s, pkt, &plain, path);
            return 0;
        }
    }
    return output_any(s, pkt, how, path);
}

/* The long way, which is right for all. */
static int output_any(weft_stack *s, struct weft_pkt *pkt, const struct ip_send *how, const struct ip_path *path)
{
    weft_if *ifp = path->ifp;
    bool v4 = ip_is_v4(&how->dst);
    uint32_t header = v4 ? IPV4_HEADER + (uint32_t)(unlikely(how->options) ? how->options->n : 0)
                         : IPV6_HEADER + ip_headers_len(how->headers);
    uint32_t limit = v4 ? ifp->mtu : limit_v6(how, path);
    struct ip_piece whole = {0};
    struct ip_send with;
    enum weft_drop why;
    int err;

    mark_transport(pkt);
    err = refusal_of(pkt, how, ifp, header, v4, &why);
    if (unlikely(err)) {
        pkt_drop(pkt, why);
        return err;
    }
    if (unlikely(how->options) && strays(how->options, path)) {
        pkt_drop(pkt, WEFT_DROP_ip_source_route);
        return WEFT_EHOSTUNREACH;
    }
    if (unlikely(how->own) && stays(s, pkt, how, ifp)) {
        pkt_release(pkt);
        return 0;
    }
    if (unlikely(how->headers)) {
        pkt = ip_headers_add(s, pkt, how, &with);
        if (!pkt)
            return WEFT_ENOMEM;
        how = &with;
        header = IPV6_HEADER + ip_extension_len(how->headers->hop);
        mark_transport(pkt);
    }
    stack_count(s, WEFT_COUNT_ip_out);
    if (unlikely(pkt_total(pkt) + header > limit && !pkt->gso_size))
        return ip_fragment(s, pkt, how, path, limit);
    if (v4 && !how->df)
        whole.id = ip_ident_v4(&ip_state(s)->idents, ip_to_v4(&how->src), ip_to_v4(&how->dst), how->proto,
                               pkt->gso_size ? gso_pieces(pkt) : 1);
    if (likely(v4))
        push_v4(pkt, how, how->df ? NULL : &whole, ifp);
    else
        push_v6(pkt, how, NULL, ifp);
    pkt->l3 = (uint16_t)(pkt->data - pkt->base);
    ifp->ops->output(ifp, pkt, &path->next_hop, v4 ? ETH_TYPE_IPV4 : ETH_TYPE_IPV6);
    return 0;
}
