/* SPDX-License-Identifier: MIT */
/* ICMP errors that we send (RFC 1122 §3.2.2, RFC 1812 §4.3.2): about what, how much of it is quoted, how often. */
#include "ip/private.h"

#define ERROR_MAX 576 /* bytes of an ICMP error's datagram: as much of the offender as fits (RFC 1812 §4.3.2.3) */

static const struct {
    uint8_t type, code;
} message[] = {
    [IP_REFUSE_PORT] = {ICMPV4_UNREACHABLE, ICMPV4_PORT_UNREACHABLE},
    [IP_REFUSE_PROTOCOL] = {ICMPV4_UNREACHABLE, ICMPV4_PROTOCOL_UNREACHABLE},
    [IP_REFUSE_HOST] = {ICMPV4_UNREACHABLE, ICMPV4_HOST_UNREACHABLE},
    [IP_REFUSE_REASSEMBLY_TIME] = {ICMPV4_TIME_EXCEEDED, 1},
};

/* Is it an ICMP message that asks something? About the others, unknown ones included, there is never an error. */
static bool is_icmp_query(uint8_t type)
{
    return type == ICMPV4_ECHO || type == ICMPV4_ECHO_REPLY || type == ICMPV4_TIMESTAMP ||
           type == ICMPV4_TIMESTAMP_REPLY;
}

/* RFC 1122 §3.2.2: may this datagram (data at l3) be answered with an error? Its source has passed ipv4_input. */
static bool may_refuse(const struct weft_pkt *pkt)
{
    struct reader r = reader(pkt->data, pkt->len);
    struct ipv4_header h;
    uint8_t type;

    if (pkt->ip_group || pkt->link_broadcast || ip_is_any(&pkt->src))
        return false;
    if (!ipv4_read(&r, &h) || h.frag_offset != 0)
        return false;
    if (h.proto != IP_PROTO_ICMP)
        return true;
    return pkt_copy(pkt, h.header_len, &type, 1) == 1 && is_icmp_query(type);
}

static struct weft_pkt *error_about(weft_stack *s, const struct weft_pkt *pkt, enum ip_refusal refusal)
{
    uint32_t quote = min_u32(pkt_total(pkt), ERROR_MAX - IPV4_HEADER - ICMPV4_HEADER);
    struct weft_pkt *error = pkt_new_linear(s, PKT_HEADROOM, ICMPV4_HEADER + quote);
    struct icmpv4_header h = {.type = message[refusal].type, .code = message[refusal].code};
    struct writer w;

    if (!error)
        return NULL;
    w = writer(error->data, ICMPV4_HEADER);
    icmpv4_emit(&w, &h);
    pkt_copy(pkt, 0, error->data + ICMPV4_HEADER, quote);
    return error;
}

static void send_error(weft_stack *s, const struct weft_pkt *pkt, enum ip_refusal refusal)
{
    struct ip_send how = {.src = pkt->dst, .dst = pkt->src, .proto = IP_PROTO_ICMP, .ttl = IP_DEFAULT_TTL};
    struct ip_path path;
    struct weft_pkt *error;

    if (route_lookup(s, &how.dst, &path) != 0)
        return;
    if (!icmp_limit_allows(&ip_state(s)->limit, s)) {
        stack_count(s, WEFT_COUNT_icmp_rate_limited);
        return;
    }
    error = error_about(s, pkt, refusal);
    if (!error)
        return;
    stack_count(s, WEFT_COUNT_icmp_errors_out);
    icmp_send(s, error, &how, &path);
}

void ip_refuse(weft_stack *s, struct weft_pkt *pkt, enum ip_refusal refusal, enum weft_drop why)
{
    uint32_t back = (uint32_t)(pkt->data - pkt->base) - pkt->l3;

    /* Whoever refuses has taken headers off; the quote shows them. */
    pkt->data -= back;
    pkt->len += back;
    if (may_refuse(pkt))
        send_error(s, pkt, refusal);
    pkt_drop(pkt, why);
}
