/* SPDX-License-Identifier: MIT */
/*
 * Datagrams that go out (RFC 791, RFC 1122 §3.2.1, §3.3): the header in front of a transport's message, then to the
 * link; through fragment.c when the message is larger than the link carries and its sender allows it.
 *
 * We send no IP options. Loopback addresses never reach a wire, whoever asked for it (RFC 1122 §3.2.1.3).
 */
#include "ip/private.h"

uint32_t ip_max_message(const struct ip_path *path, const struct weft_ip *dst)
{
    (void)dst; /* path MTU discovery will know it by destination */
    return min_u32(path->ifp->mtu, IPV4_MAX_LEN) - IPV4_HEADER;
}

void ip_push_header(struct weft_pkt *pkt, const struct ip_send *how, struct ip_piece piece)
{
    uint32_t message = pkt_total(pkt);
    struct writer w = writer(pkt_push(pkt, IPV4_HEADER), IPV4_HEADER);
    struct ipv4_header h = {
        .header_len = IPV4_HEADER,
        .tos = how->tos,
        .total_len = (uint16_t)(message + IPV4_HEADER),
        .id = piece.id,
        .df = how->df,
        .mf = piece.mf,
        .frag_offset = piece.offset,
        .ttl = how->ttl,
        .proto = how->proto,
        .src = ip_to_v4(&how->src),
        .dst = ip_to_v4(&how->dst),
    };

    weft_assert(how->ttl > 0, "socket options allow 1 to 255 (RFC 1122 §3.2.1.7)");
    ipv4_emit(&w, &h);
    pkt->l3 = (uint16_t)(pkt->data - pkt->base);
}

/* Why this datagram cannot go out at all; 0 when it can. */
static int refusal_of(const struct weft_pkt *pkt, const struct ip_send *how, const weft_if *ifp, enum weft_drop *why)
{
    uint32_t total = pkt_total(pkt) + IPV4_HEADER;

    if (!ifp->up) {
        *why = WEFT_DROP_if_down;
        return WEFT_ENETDOWN;
    }
    if (total > IPV4_MAX_LEN || (total > ifp->mtu && !pkt->gso_size && how->df)) {
        *why = WEFT_DROP_ip_too_big;
        return WEFT_EMSGSIZE;
    }
    if (ifp->ops->kind != WEFT_LINK_LOOPBACK && (how->src.b[12] == 127 || how->dst.b[12] == 127)) {
        *why = WEFT_DROP_ip_bad_source;
        return WEFT_EADDRNOTAVAIL;
    }
    return 0;
}

int ip_output(weft_stack *s, struct weft_pkt *pkt, const struct ip_send *how, const struct ip_path *path)
{
    weft_if *ifp = path->ifp;
    struct ip_piece whole = {0};
    enum weft_drop why;
    int err = refusal_of(pkt, how, ifp, &why);

    if (unlikely(err)) {
        pkt_drop(pkt, why);
        return err;
    }
    stack_count(s, WEFT_COUNT_ip_out);
    pkt->l4 = (uint16_t)(pkt->data - pkt->base);
    if (pkt->csum_partial)
        pkt->csum_start = pkt->l4;
    if (unlikely(pkt_total(pkt) + IPV4_HEADER > ifp->mtu && !pkt->gso_size))
        return ip_fragment(s, pkt, how, path);
    if (!how->df)
        whole.id = ip_ident(&ip_state(s)->idents, &how->src, &how->dst, how->proto);
    ip_push_header(pkt, how, whole);
    ifp->ops->output(ifp, pkt, &path->next_hop, ETH_TYPE_IPV4);
    return 0;
}
