/* SPDX-License-Identifier: MIT */
/*
 * ICMP (RFC 792, RFC 1122 §3.2.2): the transport table; messages that came in, sorted by type; the echo server.
 *
 * DEVIATION: redirects are not followed (RFC 1122 §3.2.2.2 wants it): a forged one would turn our traffic around, and
 * whoever manages a host's routes today does it otherwise. Source quench is neither sent nor heeded (RFC 6633).
 * Timestamps are not answered: an optional service that only tells strangers our clock (RFC 1122 §3.2.2.8).
 */
#include "ip/private.h"

#define CHECKSUM_AT 2 /* offset of the checksum in the ICMP header */

int icmp_send(weft_stack *s, struct weft_pkt *pkt, const struct ip_send *how, const struct ip_path *path)
{
    struct csum sum = {0};

    poke_u16(pkt->data + CHECKSUM_AT, 0);
    pkt_csum(pkt, 0, pkt_total(pkt), &sum);
    poke_u16(pkt->data + CHECKSUM_AT, csum_fold(&sum));
    stack_count(s, WEFT_COUNT_icmp_out);
    return ip_output(s, pkt, how, path);
}

/* The reply to an echo request: its bytes behind a new type, by reference where they lie in blocks. */
static struct weft_pkt *echo_reply(weft_stack *s, const struct weft_pkt *request, struct icmpv4_header h)
{
    struct weft_pkt *reply = dgram_clone(s, request, ICMPV4_HEADER);
    struct writer w;

    if (!reply)
        return NULL;
    h.type = ICMPV4_ECHO_REPLY;
    w = writer(reply->data, ICMPV4_HEADER);
    icmpv4_emit(&w, &h);
    return reply;
}

/* RFC 1122 §3.2.2.6: from the address that was asked, with everything that came. */
static void echo_input(weft_stack *s, struct weft_pkt *pkt, const struct icmpv4_header *h)
{
    struct ip_send how = {
        .src = pkt->dst, .dst = pkt->src, .proto = IP_PROTO_ICMP, .ttl = IP_DEFAULT_TTL, .tos = pkt->tos & 0xfc};
    struct ip_path path;
    struct weft_pkt *reply;

    if (pkt->ip_group || pkt->link_broadcast) {
        pkt_drop(pkt, WEFT_DROP_icmp_broadcast_echo);
        return;
    }
    if (route_lookup(s, &how.dst, &path) != 0) {
        pkt_drop(pkt, WEFT_DROP_ip_no_route);
        return;
    }
    reply = echo_reply(s, pkt, *h);
    if (!reply) {
        pkt_drop(pkt, WEFT_DROP_no_memory);
        return;
    }
    stack_count(s, WEFT_COUNT_icmp_echo_in);
    icmp_send(s, reply, &how, &path);
    pkt_release(pkt);
}

static void icmp_input(weft_stack *s, struct weft_pkt *pkt)
{
    struct reader r = reader(pkt->data, pkt->len);
    struct icmpv4_header h;
    struct csum sum = {0};

    stack_count(s, WEFT_COUNT_icmp_in);
    if (!icmpv4_parse(&r, &h)) {
        pkt_drop(pkt, WEFT_DROP_icmp_short);
        return;
    }
    pkt_csum(pkt, 0, pkt_total(pkt), &sum);
    if (csum_fold(&sum) != 0) {
        pkt_drop(pkt, WEFT_DROP_icmp_checksum);
        return;
    }
    switch (h.type) {
    case ICMPV4_ECHO:
        echo_input(s, pkt, &h);
        break;
    case ICMPV4_ECHO_REPLY:
        ping_reply_input(s, pkt, &h);
        break;
    case ICMPV4_UNREACHABLE:
    case ICMPV4_TIME_EXCEEDED:
    case ICMPV4_PARAMETER_PROBLEM:
        icmp_error_input(s, pkt, &h);
        break;
    case ICMPV4_SOURCE_QUENCH:
        pkt_drop(pkt, WEFT_DROP_icmp_quench);
        break;
    default:
        pkt_drop(pkt, WEFT_DROP_icmp_unknown);
    }
}

const struct transport ip_icmp_transport = {
    .number = IP_PROTO_ICMP,
    .name = "icmp",
    .init = ping_init,
    .fini = ping_fini,
    .input = icmp_input,
    .error = ping_error,
    .socket = ping_socket,
    .list = ping_list,
};
