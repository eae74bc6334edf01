/* SPDX-License-Identifier: MIT */
/*
 * Fragmentation of our own datagrams (RFC 791 §3.2, RFC 8200 §4.5). A fragment refers to the message's bytes where they
 * lie in blocks; only a message so short that it lies in the packet itself is copied. Either all fragments go out or
 * none is made.
 */
#include "ip/private.h"
#include "wire/ipv4_options.h"

/* The link would have completed the transport checksum, but it only sees fragments. */
void ip_finish_csum(struct weft_pkt *pkt, uint8_t proto)
{
    uint32_t at = pkt->csum_start - (uint32_t)pkt_headroom(pkt);
    struct csum sum = {0};
    uint16_t value;

    pkt_csum(pkt, at, pkt_total(pkt) - at, &sum); /* the field holds the pseudo-header's sum */
    value = csum_fold(&sum);
    if (value == 0 && proto == IP_PROTO_UDP)
        value = 0xffff; /* RFC 768: zero says that there is none */
    poke_u16(pkt->base + pkt->csum_start + pkt->csum_offset, value);
    pkt->csum_partial = false;
}

struct weft_pkt *ip_piece_of(weft_stack *s, const struct weft_pkt *pkt, uint32_t offset, uint32_t len)
{
    struct weft_pkt *piece = pkt_new(s);

    if (piece && !dgram_share(piece, pkt, offset, len)) {
        pkt_release(piece);
        piece = pkt_new_linear(s, PKT_HEADROOM, len);
        if (piece)
            pkt_copy(pkt, offset, piece->data, len);
    }
    return piece;
}

/* Fills `out` with all fragments of pkt, headers included; false: out of memory. */
static bool make_fragments(weft_stack *s, const struct weft_pkt *pkt, const struct ip_send *how,
                           const struct ip_path *path, uint32_t mtu, struct pkt_queue *out)
{
    bool v6 = !ip_is_v4(&how->dst);
    uint32_t options = how->options ? how->options->n : 0;
    uint32_t hop = how->headers ? ip_extension_len(how->headers->hop) : 0;
    uint32_t total = pkt_total(pkt);
    uint32_t step = (mtu - (v6 ? IPV6_HEADER + IPV6_FRAGMENT_HEADER + hop : IPV4_HEADER + options)) & ~7u;
    struct ip_options copied;
    struct ip_send later = *how;
    struct ip_idents *ids = &ip_state(s)->idents;
    struct ip_piece at = {.id = v6 ? ip_ident_v6(ids, &how->src, &how->dst)
                                   : ip_ident(ids, &how->src, &how->dst, how->proto)};

    if (how->options) { /* only some stand in each fragment */
        copied = *how->options;
        copied.n = ipv4_options_copied(how->options->bytes, how->options->n, copied.bytes);
        later.options = &copied;
    }
    for (uint32_t offset = 0; offset < total; offset += step) {
        uint32_t len = min_u32(step, total - offset);
        struct weft_pkt *piece = ip_headers_piece(s, pkt, how->headers, offset, len);

        if (!piece)
            return false;
        at.offset = (uint16_t)offset;
        at.mf = offset + len < total;
        ip_push_header(piece, offset ? &later : how, &at, path->ifp);
        pkt_queue_push(out, piece);
    }
    return true;
}

int ip_fragment(weft_stack *s, struct weft_pkt *pkt, const struct ip_send *how, const struct ip_path *path,
                uint32_t mtu)
{
    struct pkt_queue pieces = {0};
    struct weft_pkt *piece;

    weft_assert(!how->df && mtu >= 68, "ip_output looked; weft_if_new takes no smaller MTU");
    if (pkt->csum_partial)
        ip_finish_csum(pkt, how->proto);
    if (!make_fragments(s, pkt, how, path, mtu, &pieces)) {
        while ((piece = pkt_queue_pop(&pieces)))
            pkt_release(piece); /* one message, one drop */
        pkt_drop(pkt, WEFT_DROP_no_memory);
        return WEFT_ENOMEM;
    }
    pkt_release(pkt);
    stack_count(s, WEFT_COUNT_ip_fragmented);
    stack_count_n(s, WEFT_COUNT_ip_frags_out, pieces.count);
    while ((piece = pkt_queue_pop(&pieces)))
        path->ifp->ops->output(path->ifp, piece, &path->next_hop, ip_ethertype(&how->dst));
    return 0;
}
