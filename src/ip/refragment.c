/* SPDX-License-Identifier: MIT */
/*
 * Cutting somebody else's datagram of IPv4 (RFC 791 §3.2, RFC 1812 §5.2.6), which may itself be a fragment. The first
 * piece keeps all options, the others those that ask to be copied. Either all pieces go out or none is made.
 */
#include "ip/private.h"
#include "wire/ipv4_options.h"

/* A piece with its header in front; NULL: out of memory. */
static struct weft_pkt *cut(weft_stack *s, const struct weft_pkt *pkt, const struct ipv4_header *h, uint32_t offset,
                            uint32_t len)
{
    struct weft_pkt *piece = ip_piece_of(s, pkt, offset, len);
    struct ipv4_header own = *h;
    struct writer w;

    if (!piece)
        return NULL;
    own.total_len = (uint16_t)(h->header_len + len);
    own.frag_offset = (uint16_t)(h->frag_offset + offset);
    own.mf = h->mf || offset + len < pkt_total(pkt);
    w = writer(pkt_push(piece, own.header_len), own.header_len);
    ipv4_emit(&w, &own);
    piece->l3 = (uint16_t)pkt_headroom(piece);
    return piece;
}

/* Data stands at the message. False: out of memory. */
static bool cut_all(weft_stack *s, const struct weft_pkt *pkt, const struct ipv4_header *whole, uint32_t mtu,
                    struct pkt_queue *out)
{
    struct ipv4_header h = *whole;
    uint8_t options[IPV4_MAX_OPTIONS];
    uint8_t later = h.options ? ipv4_options_copied(h.options, h.header_len - (size_t)IPV4_HEADER, options) : 0;

    for (uint32_t offset = 0, step; offset < pkt_total(pkt); offset += step) {
        struct weft_pkt *piece;

        step = (mtu - h.header_len) & ~7u;
        piece = cut(s, pkt, &h, offset, min_u32(step, pkt_total(pkt) - offset));
        if (!piece)
            return false;
        pkt_queue_push(out, piece);
        if (offset == 0) {
            h.header_len = IPV4_HEADER + later;
            h.options = later ? options : NULL;
        }
    }
    return true;
}

void ip_refragment(weft_stack *s, struct weft_pkt *pkt, const struct ip_path *path)
{
    struct reader r = reader(pkt->data, pkt->len);
    struct pkt_queue pieces = {0};
    struct weft_pkt *piece;
    struct ipv4_header h;

    if (!ipv4_read(&r, &h)) {
        pkt_drop(pkt, WEFT_DROP_ip_short);
        return;
    }
    pkt_pull(pkt, h.header_len);
    if (!cut_all(s, pkt, &h, path->ifp->mtu, &pieces)) {
        while ((piece = pkt_queue_pop(&pieces)))
            pkt_release(piece); /* one datagram, one drop */
        pkt_drop(pkt, WEFT_DROP_no_memory);
        return;
    }
    pkt_release(pkt);
    stack_count(s, WEFT_COUNT_ip_fragmented);
    stack_count_n(s, WEFT_COUNT_ip_frags_out, pieces.count);
    while ((piece = pkt_queue_pop(&pieces)))
        path->ifp->ops->output(path->ifp, piece, &path->next_hop, ETH_TYPE_IPV4);
}
