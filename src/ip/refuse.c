/* SPDX-License-Identifier: MIT */
/*
 * ICMP errors that we send (RFC 1122 §3.2.2, RFC 1812 §4.3.2; RFC 4443 §2.4): about what, how much of it is quoted, how
 * often. Both families share the limits.
 */
#include "ip/private.h"

#define ERROR_MAX_V4 576          /* bytes of the error: as much of the offender as fits (RFC 1812 §4.3.2.3) */
#define ERROR_TOS_V4 0xc0         /* internetwork control (RFC 1812 §4.3.2.5), and no TOS (RFC 1122 §3.2.2) */
#define ERROR_MAX_V6 IPV6_MIN_MTU /* RFC 4443 §2.4(c) */

/* ---- may it be answered? The offender's data stands at l3 ---- */

/* Is it an ICMP message that asks something? About the others, unknown ones included, there is never an error. */
static bool is_icmp_query(uint8_t type)
{
    return type == ICMPV4_ECHO || type == ICMPV4_ECHO_REPLY || type == ICMPV4_TIMESTAMP ||
           type == ICMPV4_TIMESTAMP_REPLY;
}

/* RFC 1122 §3.2.2. The source has passed ipv4_input. */
static bool may_refuse_v4(const struct weft_pkt *pkt)
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

/* Is it an error or redirect of ICMPv6, or, as far as its headers are here, might it be one? */
static bool is_icmpv6_error(const struct weft_pkt *pkt)
{
    struct reader r = reader(pkt->data + IPV6_HEADER, pkt->len - IPV6_HEADER);
    uint8_t next = pkt->data[6], type;
    struct ipv6_fragment f;

    if (!ipv6_chain_skip(&r, &next, &f) || next != IP_PROTO_ICMPV6)
        return false;
    type = read_u8(&r);
    return r.bad || f.offset || icmpv6_is_error(type) || type == ICMPV6_REDIRECT;
}

/* RFC 4443 §2.4(e). What went to many is answered when the sender can only learn so what went wrong. */
static bool may_refuse_v6(const struct weft_pkt *pkt, struct icmp_complaint about)
{
    bool to_many = pkt->ip_group || pkt->link_broadcast;
    bool told_anyway = about.type == ICMPV6_TOO_BIG ||
                       (about.type == ICMPV6_PARAMETER_PROBLEM && about.code == ICMPV6_UNKNOWN_OPTION);

    return (!to_many || told_anyway) && !ip_is_any(&pkt->src) && !is_icmpv6_error(pkt);
}

/* ---- answering ---- */

/* Type, code and second word stand at the same place in both families. */
static struct weft_pkt *error_about(weft_stack *s, const struct weft_pkt *pkt, struct icmp_complaint about, bool v4)
{
    uint32_t room = v4 ? ERROR_MAX_V4 - IPV4_HEADER - ICMPV4_HEADER : ERROR_MAX_V6 - IPV6_HEADER - ICMPV6_HEADER;
    uint32_t quote = min_u32(pkt_total(pkt), room);
    struct weft_pkt *error = pkt_new_linear(s, PKT_HEADROOM, ICMPV6_HEADER + quote);
    struct icmpv6_header h = {.type = about.type, .code = about.code, .word = about.word};
    struct writer w;

    if (!error)
        return NULL;
    w = writer(error->data, ICMPV6_HEADER);
    icmpv6_emit(&w, &h);
    pkt_copy(pkt, 0, error->data + ICMPV6_HEADER, quote);
    return error;
}

/* From the address that was meant, or, when that was a group or is not ours, one that suits (RFC 1812 §4.3.2.4). */
static bool error_path(weft_stack *s, const struct weft_pkt *pkt, struct ip_send *how, struct ip_path *path)
{
    bool v4 = ip_is_v4(&pkt->src);
    struct weft_addr from, to;

    *how = (struct ip_send){.src = pkt->dst, .dst = pkt->src, .proto = v4 ? IP_PROTO_ICMP : IP_PROTO_ICMPV6,
                            .tos = v4 ? ERROR_TOS_V4 : 0};
    if (route_lookup(s, &how->dst, path) != 0 ||
        ((pkt->ip_group || !route_is_own(s, &pkt->dst)) && route_source(s, path, &how->dst, &how->src) != 0))
        return false;
    from = (struct weft_addr){how->src, 0};
    to = (struct weft_addr){how->dst, 0};
    if (!v4)
        how->flow_label = ip_flow_label(s, &from, &to, IP_PROTO_ICMPV6);
    return true;
}

/*
 * What a path carries has to reach whom it concerns, or his connection hangs for ever: it is counted apart, so that who
 * makes us say something else in masses does not keep it back. (DEVIATION: RFC 4443 §2.4 (f) knows one limit; Linux has
 * none for these.)
 */
static enum icmp_limited limit_of(struct icmp_complaint about, bool v4)
{
    if (v4 && about.type == ICMPV4_REDIRECT)
        return ICMP_REDIRECT;
    if (v4 ? about.type == ICMPV4_UNREACHABLE && about.code == ICMPV4_FRAGMENTATION_NEEDED
           : about.type == ICMPV6_TOO_BIG)
        return ICMP_SIZE;
    return ICMP_ERROR;
}

static bool is_allowed(weft_stack *s, struct icmp_complaint about, const struct ip_path *path, const struct weft_ip *to)
{
    bool v4 = ip_is_v4(to);
    enum icmp_limited what = limit_of(about, v4);

    return v4 && what == ICMP_ERROR ? icmp_type_allowed(s, about.type, path, to) : icmp_limit_allows(s, what, path, to);
}

static void send_error(weft_stack *s, const struct weft_pkt *pkt, struct icmp_complaint about)
{
    struct ip_send how;
    struct ip_path path;
    struct weft_pkt *error;

    if (!error_path(s, pkt, &how, &path))
        return;
    if (!is_allowed(s, about, &path, &how.dst)) {
        stack_count(s, WEFT_COUNT_icmp_rate_limited);
        return;
    }
    error = error_about(s, pkt, about, ip_is_v4(&how.dst));
    if (!error)
        return;
    stack_count(s, WEFT_COUNT_icmp_errors_out);
    icmp_send(s, error, &how, &path);
}

void icmp_tell(weft_stack *s, const struct weft_pkt *pkt, struct icmp_complaint about)
{
    if (ip_is_v4(&pkt->src) ? may_refuse_v4(pkt) : may_refuse_v6(pkt, about))
        send_error(s, pkt, about);
}

void icmp_complain(weft_stack *s, struct weft_pkt *pkt, struct icmp_complaint about, enum weft_drop why)
{
    uint32_t back = (uint32_t)(pkt->data - pkt->base) - pkt->l3;

    /* Whoever refuses has taken headers off; the quote shows them. */
    pkt->data -= back;
    pkt->len += back;
    icmp_tell(s, pkt, about);
    pkt_drop(pkt, why);
}

void ip_refuse(weft_stack *s, struct weft_pkt *pkt, enum ip_refusal refusal, enum weft_drop why)
{
    static const struct icmp_complaint v4[] = {
        [IP_REFUSE_PORT] = {ICMPV4_UNREACHABLE, ICMPV4_PORT_UNREACHABLE, 0},
        [IP_REFUSE_PROTOCOL] = {ICMPV4_UNREACHABLE, ICMPV4_PROTOCOL_UNREACHABLE, 0},
        [IP_REFUSE_HOST] = {ICMPV4_UNREACHABLE, ICMPV4_HOST_UNREACHABLE, 0},
        [IP_REFUSE_REASSEMBLY_TIME] = {ICMPV4_TIME_EXCEEDED, 1, 0},
    };
    static const struct icmp_complaint v6[] = {
        [IP_REFUSE_PORT] = {ICMPV6_UNREACHABLE, ICMPV6_PORT_UNREACHABLE, 0},
        [IP_REFUSE_PROTOCOL] = {ICMPV6_PARAMETER_PROBLEM, ICMPV6_UNKNOWN_HEADER, 6}, /* extensions.c knows better */
        [IP_REFUSE_HOST] = {ICMPV6_UNREACHABLE, ICMPV6_ADDRESS_UNREACHABLE, 0},
        [IP_REFUSE_REASSEMBLY_TIME] = {ICMPV6_TIME_EXCEEDED, 1, 0},
    };

    icmp_complain(s, pkt, ip_is_v4(&pkt->src) ? v4[refusal] : v6[refusal], why);
}
