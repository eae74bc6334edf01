/* SPDX-License-Identifier: MIT */
/*
 * ICMP (RFC 792, RFC 1122 §3.2.2) and ICMPv6 (RFC 4443): the transport tables; messages that came in, sorted by type;
 * the echo server.
 *
 * Source quench is neither sent nor heeded (RFC 6633).
 */
#include "ip/private.h"

#define CHECKSUM_AT 2 /* offset of the checksum in the ICMP header, in both families */

/* The sum over the message of pkt (data at its header), in ICMPv6 with a pseudo-header. */
static uint16_t sum_of(const struct weft_pkt *pkt, const struct weft_ip *src, const struct weft_ip *dst)
{
    struct csum sum = {0};

    if (!ip_is_v4(dst))
        ip_pseudo_header(&sum, src, dst, IP_PROTO_ICMPV6, pkt_total(pkt));
    pkt_csum(pkt, 0, pkt_total(pkt), &sum);
    return csum_fold(&sum);
}

void icmp_seal(weft_stack *s, struct weft_pkt *pkt, const struct ip_send *how)
{
    poke_u16(pkt->data + CHECKSUM_AT, 0);
    poke_u16(pkt->data + CHECKSUM_AT, sum_of(pkt, &how->src, &how->dst));
    stack_count(s, WEFT_COUNT_icmp_out);
}

int icmp_send(weft_stack *s, struct weft_pkt *pkt, const struct ip_send *how, const struct ip_path *path)
{
    icmp_seal(s, pkt, how);
    return ip_output(s, pkt, how, path);
}

/* ---- echo ---- */

/* The reply to an echo request: its bytes behind a new type, by reference where they lie in blocks. */
static struct weft_pkt *echo_reply(weft_stack *s, const struct weft_pkt *request, uint8_t type)
{
    struct weft_pkt *reply = dgram_clone(s, request, ICMPV4_HEADER);

    if (reply)
        reply->data[0] = type;
    return reply;
}

bool icmp_reply_path(weft_stack *s, struct weft_pkt *pkt, struct ip_send *how, struct ip_path *path,
                     struct ip_options *options)
{
    bool v4 = ip_is_v4(&pkt->src);
    struct weft_addr from, to;

    *how = (struct ip_send){.src = pkt->dst, .dst = pkt->src, .proto = pkt->proto, .tos = pkt->tos & 0xfc};
    if (v4 && unlikely(ip_options_reply(s, pkt, options)))
        how->options = options;
    if (route_lookup(s, how->options && options->has_route ? &options->first_hop : &how->dst, path) != 0)
        return false;
    if (pkt->ip_group && route_source(s, path, &how->dst, &how->src) != 0)
        return false;
    if (v4)
        return true;
    from = (struct weft_addr){how->src, 0};
    to = (struct weft_addr){how->dst, 0};
    how->flow_label = ip_flow_label(s, &from, &to, IP_PROTO_ICMPV6);
    return true;
}

/*
 * Why an echo request is not answered. One to all is answered by IPv6 alone: IPv4's would come from everybody at once,
 * and from strangers through directed broadcast.
 */
static enum weft_drop refuse_echo(const weft_stack *s, const struct weft_pkt *pkt)
{
    const struct weft_config *c = &s->config;
    bool v4 = ip_is_v4(&pkt->dst);

    if (v4 ? pkt->ip_group || pkt->link_broadcast : ip_is_any(&pkt->src))
        return WEFT_DROP_icmp_broadcast_echo;
    if (v4 ? c->icmp_echo_ignore : c->icmp6_echo_ignore || (pkt->ip_group && c->icmp6_echo_ignore_groups))
        return WEFT_DROP_icmp_echo_ignored;
    return WEFT_DROP_none;
}

bool icmp_answer_allowed(weft_stack *s, struct weft_pkt *pkt, uint8_t type, const struct ip_path *path)
{
    if (icmp_type_allowed(s, type, path, &pkt->src))
        return true;
    stack_count(s, WEFT_COUNT_icmp_rate_limited);
    pkt_drop(pkt, WEFT_DROP_icmp_limited);
    return false;
}

/* RFC 1122 §3.2.2.6, RFC 4443 §4.2: everything that came goes back. */
static void echo_input(weft_stack *s, struct weft_pkt *pkt, uint8_t reply_type)
{
    enum weft_drop why = refuse_echo(s, pkt);
    struct ip_options options;
    struct ip_send how;
    struct ip_path path;
    struct weft_pkt *reply;

    if (why != WEFT_DROP_none) {
        pkt_drop(pkt, why);
        return;
    }
    if (!icmp_reply_path(s, pkt, &how, &path, &options)) {
        pkt_drop(pkt, WEFT_DROP_ip_no_route);
        return;
    }
    if (reply_type == ICMPV4_ECHO_REPLY && !icmp_answer_allowed(s, pkt, reply_type, &path))
        return;
    reply = echo_reply(s, pkt, reply_type);
    if (!reply) {
        pkt_drop(pkt, WEFT_DROP_no_memory);
        return;
    }
    stack_count(s, WEFT_COUNT_icmp_echo_in);
    icmp_send(s, reply, &how, &path);
    pkt_release(pkt);
}

/* ---- what came in ---- */

/* The first eight bytes, and the checksum of all; false: dropped. Owns pkt. */
static bool is_sound(weft_stack *s, struct weft_pkt *pkt)
{
    stack_count(s, WEFT_COUNT_icmp_in);
    if (pkt->len < ICMPV4_HEADER) {
        pkt_drop(pkt, WEFT_DROP_icmp_short);
        return false;
    }
    if (sum_of(pkt, &pkt->src, &pkt->dst) != 0) {
        pkt_drop(pkt, WEFT_DROP_icmp_checksum);
        return false;
    }
    return true;
}

static void icmp_input(weft_stack *s, struct weft_pkt *pkt)
{
    struct reader r = reader(pkt->data, pkt->len);
    struct icmpv4_header h;

    if (!is_sound(s, pkt) || !icmpv4_parse(&r, &h))
        return;
    switch (h.type) {
    case ICMPV4_ECHO:
        echo_input(s, pkt, ICMPV4_ECHO_REPLY);
        break;
    case ICMPV4_ECHO_REPLY:
        ping_reply_input(s, pkt, h.rest.echo.id);
        break;
    case ICMPV4_UNREACHABLE:
        icmp_error_input(s, pkt, h.type, h.code,
                         h.code == ICMPV4_FRAGMENTATION_NEEDED ? h.rest.unreachable.next_hop_mtu : 0);
        break;
    case ICMPV4_TIME_EXCEEDED:
        icmp_error_input(s, pkt, h.type, h.code, 0);
        break;
    case ICMPV4_PARAMETER_PROBLEM: /* the pointer is the first byte (RFC 792) */
        icmp_error_input(s, pkt, h.type, h.code, h.rest.word >> 24);
        break;
    case ICMPV4_REDIRECT:
        icmp_redirect_input(s, pkt, h.rest.word);
        break;
    case ICMPV4_ROUTER_ADVERT:
        discovery_input(s, pkt, &h);
        break;
    case ICMPV4_ROUTER_SOLICIT:
        advertise_solicited(s, pkt, h.code);
        break;
    case ICMPV4_TIMESTAMP:
    case ICMPV4_MASK:
        icmp_query_input(s, pkt, h.type);
        break;
    case ICMPV4_SOURCE_QUENCH:
        pkt_drop(pkt, WEFT_DROP_icmp_quench);
        break;
    default:
        pkt_drop(pkt, WEFT_DROP_icmp_unknown);
    }
}

static void icmpv6_input(weft_stack *s, struct weft_pkt *pkt)
{
    struct reader r = reader(pkt->data, pkt->len);
    struct icmpv6_header h;

    if (unlikely(ip_is_v4(&pkt->src))) {
        ip_refuse(s, pkt, IP_REFUSE_PROTOCOL, WEFT_DROP_ip_unknown_protocol);
        return;
    }
    if (!is_sound(s, pkt) || !icmpv6_parse(&r, &h))
        return;
    if (icmpv6_is_error(h.type)) { /* unknown ones too (RFC 4443 §2.4(a)) */
        icmp_error_input(s, pkt, h.type, h.code,
                         h.type == ICMPV6_TOO_BIG || h.type == ICMPV6_PARAMETER_PROBLEM ? h.word : 0);
        return;
    }
    switch (h.type) {
    case ICMPV6_ECHO:
        echo_input(s, pkt, ICMPV6_ECHO_REPLY);
        break;
    case ICMPV6_ECHO_REPLY:
        ping_reply_input(s, pkt, (uint16_t)(h.word >> 16));
        break;
    case ICMPV6_MLD_QUERY:
    case ICMPV6_MLD_REPORT:
    case ICMPV6_MLD_DONE:
    case ICMPV6_MLD2_REPORT:
        mld_input(s, pkt, h.type, h.code);
        break;
    case ICMPV6_ROUTER_SOLICIT:
    case ICMPV6_ROUTER_ADVERT:
    case ICMPV6_NEIGHBOUR_SOLICIT:
    case ICMPV6_NEIGHBOUR_ADVERT:
    case ICMPV6_REDIRECT:
        nd_input(s, pkt, h.type, h.code);
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

const struct transport ip_icmpv6_transport = {
    .number = IP_PROTO_ICMPV6,
    .name = "icmpv6",
    .init = ping_init,
    .fini = ping_fini,
    .input = icmpv6_input,
    .error = ping6_error,
    .socket = ping6_socket,
    .list = ping6_list,
};
