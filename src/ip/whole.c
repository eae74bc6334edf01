/* SPDX-License-Identifier: MIT */
/* Datagrams whose header the sender made himself (raw(7), IP_HDRINCL, IPV6_HDRINCL). */
#include "ip/private.h"

#define PAYLOAD_LENGTH_AT 4 /* offset in a header of IPv6 */

/* As Linux: lengths and checksum are ours; the source and the identification where they are zero. False: no header. */
static bool mend_v4(weft_stack *s, struct weft_pkt *pkt, const struct ip_send *how)
{
    struct reader r = reader(pkt->data, pkt->len);
    uint8_t options[IPV4_MAX_OPTIONS];
    struct ipv4_header h;
    struct weft_ip dst;
    struct writer w;

    if (!ipv4_read(&r, &h))
        return false;
    dst = weft_ipv4(h.dst);
    h.total_len = (uint16_t)pkt_total(pkt);
    if (h.src == 0)
        h.src = ip_to_v4(&how->src);
    if (h.id == 0 && !h.df)
        h.id = ip_ident(&ip_state(s)->idents, &how->src, &dst, h.proto);
    if (h.options) { /* they are about to be written over */
        memcpy(options, h.options, h.header_len - IPV4_HEADER);
        h.options = options;
    }
    w = writer(pkt->data, h.header_len);
    ipv4_emit(&w, &h);
    return true;
}

/* A header of IPv6 has nothing that could be ours; only its length must be true. */
static bool mend_v6(struct weft_pkt *pkt)
{
    if (pkt->len < IPV6_HEADER || pkt->data[0] >> 4 != 6 || pkt_total(pkt) - IPV6_HEADER > IP_MAX_LEN)
        return false;
    poke_u16(pkt->data + PAYLOAD_LENGTH_AT, (uint16_t)(pkt_total(pkt) - IPV6_HEADER));
    return true;
}

int ip_output_whole(weft_stack *s, struct weft_pkt *pkt, const struct ip_send *how, const struct ip_path *path)
{
    bool v4 = ip_is_v4(&how->dst);
    weft_if *ifp = path->ifp;
    enum weft_drop why = WEFT_DROP_none;
    int err = 0;

    if (!ifp->up) {
        why = WEFT_DROP_if_down;
        err = WEFT_ENETDOWN;
    } else if (pkt_total(pkt) > ifp->mtu) {
        why = WEFT_DROP_ip_too_big;
        err = WEFT_EMSGSIZE;
    } else if (v4 ? !mend_v4(s, pkt, how) : !mend_v6(pkt)) {
        why = v4 ? WEFT_DROP_ip_header_length : WEFT_DROP_ip_version;
        err = WEFT_EINVAL;
    }
    if (err) {
        pkt_drop(pkt, why);
        return err;
    }
    stack_count(s, WEFT_COUNT_ip_out);
    ifp->ops->output(ifp, pkt, &path->next_hop, v4 ? ETH_TYPE_IPV4 : ETH_TYPE_IPV6);
    return 0;
}
