/* SPDX-License-Identifier: MIT */
/*
 * What a host may be asked by ICMP besides whether it is there (RFC 792, RFC 950, RFC 1122 §3.2.2.8, §3.2.2.9): the
 * time, and the mask of its network. Both only answered when the configuration says so: they tell strangers about us.
 */
#include "ip/private.h"

#define TIMESTAMP_MESSAGE 20 /* header; when it was sent, came, went back */
#define MASK_MESSAGE      12 /* header; the mask */
#define NOT_STANDARD      0x80000000u

/*
 * Milliseconds, as stamps of IP and ICMP have them. We know no time of day: the high bit says that they are not counted
 * from midnight (RFC 791 §3.1, RFC 792).
 */
uint32_t ip_stamp(const weft_stack *s) { return (uint32_t)(s->now / WEFT_MS) | NOT_STANDARD; }

/* The mask of the network that the address asked for is in. */
static uint32_t mask_of(const struct weft_pkt *pkt)
{
    const struct if_address *a = if_find_address(pkt->ifp, &pkt->dst);
    unsigned bits = a ? a->prefix - 96u : 32;

    return bits ? UINT32_MAX << (32 - bits) : 0;
}

static void write_stamps(const weft_stack *s, uint8_t *message)
{
    poke_u32(message + 12, ip_stamp(s));
    poke_u32(message + 16, ip_stamp(s));
}

void icmp_query_input(weft_stack *s, struct weft_pkt *pkt, uint8_t type)
{
    bool timestamp = type == ICMPV4_TIMESTAMP;
    uint32_t len = timestamp ? TIMESTAMP_MESSAGE : MASK_MESSAGE;
    struct weft_pkt *reply;
    struct ip_options options;
    struct ip_send how;
    struct ip_path path;

    if (!(timestamp ? s->config.icmp_timestamp_reply : s->config.icmp_mask_reply) || pkt->ip_group ||
        pkt->link_broadcast) {
        pkt_drop(pkt, WEFT_DROP_icmp_unknown);
        return;
    }
    if (pkt_total(pkt) < len) {
        pkt_drop(pkt, WEFT_DROP_icmp_short);
        return;
    }
    if (!icmp_reply_path(s, pkt, &how, &path, &options)) {
        pkt_drop(pkt, WEFT_DROP_ip_no_route);
        return;
    }
    if (!icmp_answer_allowed(s, pkt, (uint8_t)(type + 1), &path)) /* both replies stand next to their requests */
        return;
    reply = pkt_new_linear(s, PKT_HEADROOM, len);
    if (!reply) {
        pkt_drop(pkt, WEFT_DROP_no_memory);
        return;
    }
    pkt_copy(pkt, 0, reply->data, len);
    reply->data[0] = (uint8_t)(type + 1);
    if (timestamp)
        write_stamps(s, reply->data);
    else
        poke_u32(reply->data + 8, mask_of(pkt));
    icmp_send(s, reply, &how, &path);
    pkt_release(pkt);
}
