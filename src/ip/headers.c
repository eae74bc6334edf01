/* SPDX-License-Identifier: MIT */
/*
 * Extension headers of datagrams of our own (RFC 8200 §4.1, RFC 3542 §6 to §9): destination options stand in front of
 * the upper layer's header and are cut with it; hop-by-hop options stand in every fragment.
 */
#include "ip/private.h"

#define USUAL_ROOM 48 /* of PKT_HEADROOM, bytes that neither the link nor IP needs */

static struct weft_pkt *copy_with_room(weft_stack *s, const struct weft_pkt *pkt, uint32_t room, uint32_t offset,
                                       uint32_t len)
{
    struct weft_pkt *copy = pkt_new_linear(s, (size_t)PKT_HEADROOM + room, len);

    if (copy)
        pkt_copy(pkt, offset, copy->data, len);
    return copy;
}

struct weft_pkt *ip_headers_add(weft_stack *s, struct weft_pkt *pkt, const struct ip_send *how, struct ip_send *with)
{
    const uint8_t *destination = how->headers->destination;
    uint32_t len = ip_extension_len(destination), room = ip_headers_len(how->headers);
    struct weft_pkt *roomy = pkt;

    pkt->csum_start = (uint16_t)pkt_headroom(pkt);
    if (pkt->csum_partial) /* links look for it behind IP's own header */
        ip_finish_csum(pkt, how->proto);
    if (room > USUAL_ROOM) {
        roomy = copy_with_room(s, pkt, room, 0, pkt_total(pkt));
        if (roomy)
            pkt_release(pkt);
        else
            pkt_drop(pkt, WEFT_DROP_no_memory);
    }
    *with = *how;
    if (!roomy || !destination)
        return roomy;
    memcpy(pkt_push(roomy, len), destination, len);
    roomy->data[0] = how->proto;
    with->proto = IP_PROTO_DSTOPTS;
    return roomy;
}

struct weft_pkt *ip_headers_piece(weft_stack *s, const struct weft_pkt *pkt, const struct ip_headers *headers,
                                  uint32_t offset, uint32_t len)
{
    uint32_t room = headers ? ip_extension_len(headers->hop) : 0;

    return room > USUAL_ROOM ? copy_with_room(s, pkt, room, offset, len) : ip_piece_of(s, pkt, offset, len);
}

uint8_t ip_headers_push_hop(struct weft_pkt *pkt, const struct ip_headers *headers, uint8_t next)
{
    uint32_t len = ip_extension_len(headers->hop);

    if (len == 0)
        return next;
    memcpy(pkt_push(pkt, len), headers->hop, len);
    pkt->data[0] = next;
    return IP_PROTO_HOPOPTS;
}
