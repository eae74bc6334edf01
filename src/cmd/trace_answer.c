/* SPDX-License-Identifier: MIT */
#include "cmd/trace_answer.h"

#include <stdio.h>
#include <string.h>

#include "wire/icmpv4.h"
#include "wire/icmpv6.h"
#include "wire/tcp.h"

/* What an unreachable's code is marked with; NULL: reached, or a code without a mark of its own. */
static const char *const marks_v4[] = {"!N", "!H", "!P", NULL, NULL, "!S", "!N", "!H", "!N", "!X", "!X", "!N", "!H", "!X",
                                       "!V", "!C"};
static const char *const marks_v6[] = {"!N", "!X", "!H", "!H", NULL, "!X", "!N"};

#define MARKS_V4 (sizeof marks_v4 / sizeof *marks_v4)
#define MARKS_V6 (sizeof marks_v6 / sizeof *marks_v6)

/* ---- the errors ---- */

static void mark_v4(const struct icmpv4_header *h, struct trace_answer *out)
{
    out->final = h->type != ICMPV4_TIME_EXCEEDED;
    if (!out->final)
        return;
    if (h->type != ICMPV4_UNREACHABLE)
        snprintf(out->mark, sizeof out->mark, "!<%u-%u>", h->type, h->code);
    else if (h->code == ICMPV4_FRAGMENTATION_NEEDED)
        snprintf(out->mark, sizeof out->mark, "!F-%u", h->rest.unreachable.next_hop_mtu);
    else if (h->code >= MARKS_V4)
        snprintf(out->mark, sizeof out->mark, "!<%u>", h->code);
    else if (marks_v4[h->code])
        snprintf(out->mark, sizeof out->mark, "%s", marks_v4[h->code]);
}

static void mark_v6(const struct icmpv6_header *h, struct trace_answer *out)
{
    out->final = h->type != ICMPV6_TIME_EXCEEDED;
    if (!out->final)
        return;
    if (h->type == ICMPV6_TOO_BIG)
        snprintf(out->mark, sizeof out->mark, "!F-%u", (unsigned)h->word);
    else if (h->type == ICMPV6_PARAMETER_PROBLEM && h->code == ICMPV6_UNKNOWN_HEADER)
        snprintf(out->mark, sizeof out->mark, "!P");
    else if (h->type != ICMPV6_UNREACHABLE)
        snprintf(out->mark, sizeof out->mark, "!<%u-%u>", h->type, h->code);
    else if (h->code >= MARKS_V6)
        snprintf(out->mark, sizeof out->mark, "!<%u>", h->code);
    else if (marks_v6[h->code])
        snprintf(out->mark, sizeof out->mark, "%s", marks_v6[h->code]);
}

/* Does a probe of the flow, somewhere on its way, go to this address? */
static bool is_destination(const struct trace_flow *flow, const struct weft_ip *dst)
{
    bool found = ip_eq(dst, &flow->dst);

    for (size_t i = 0; i < flow->n_gates; i++)
        found |= ip_eq(dst, &flow->gate[i]);
    return found;
}

/* Is the quoted message, to dst, a probe of the flow? Which one? */
static bool quote_is_ours(const struct trace_flow *flow, const struct weft_ip *dst, uint8_t proto,
                          const uint8_t head[8], struct trace_answer *out)
{
    static const uint8_t protos[][2] = {[TRACE_UDP] = {IP_PROTO_UDP, IP_PROTO_UDP},
                                        [TRACE_ICMP] = {IP_PROTO_ICMP, IP_PROTO_ICMPV6},
                                        [TRACE_TCP] = {IP_PROTO_TCP, IP_PROTO_TCP}};
    uint16_t first = peek_u16(head), second = peek_u16(head + 2);

    if (!is_destination(flow, dst) || proto != protos[flow->method][!ip_is_v4(dst)])
        return false;
    switch (flow->method) {
    case TRACE_UDP:
        out->key = second;
        return first == flow->port;
    case TRACE_TCP:
        out->key = first;
        return second == flow->port;
    default:
        out->key = peek_u16(head + 6);
        return peek_u16(head + 4) == flow->port;
    }
}

/* ---- what the destination itself says ---- */

static bool tcp_answers(const struct trace_flow *flow, struct reader *r, struct trace_answer *out)
{
    const uint8_t *p = read_bytes(r, TCP_HEADER);

    if (!p || flow->method != TRACE_TCP || peek_u16(p) != flow->port ||
        !(p[13] & TCP_RST || (p[13] & TCP_SYN && p[13] & TCP_ACK)))
        return false;
    out->key = peek_u16(p + 2);
    return true;
}

static bool udp_answers(const struct trace_flow *flow, struct reader *r, struct trace_answer *out)
{
    const uint8_t *p = read_bytes(r, 8);

    if (!p || flow->method != TRACE_UDP || peek_u16(p + 2) != flow->port)
        return false;
    out->key = peek_u16(p);
    return true;
}

static bool echo_answers(const struct trace_flow *flow, uint16_t id, uint16_t seq, struct trace_answer *out)
{
    out->key = seq;
    return flow->method == TRACE_ICMP && id == flow->port;
}

static bool transport_answers(const struct trace_flow *flow, uint8_t proto, struct reader *r, struct trace_answer *out)
{
    out->final = ip_eq(&out->from, &flow->dst);
    if (!out->final)
        return false;
    if (proto == IP_PROTO_TCP)
        return tcp_answers(flow, r, out);
    return proto == IP_PROTO_UDP && udp_answers(flow, r, out);
}

/* ---- both families ---- */

static bool read_v4(const struct trace_flow *flow, struct reader r, size_t total, struct trace_answer *out)
{
    struct icmpv4_header h;
    struct icmpv4_quote q;
    struct ipv4_header ip;
    struct weft_ip dst;
    enum ipv4_verdict verdict = ipv4_parse(&r, total, &ip);

    if ((verdict != IPV4_OK && verdict != IPV4_SOURCE_ROUTE) || ip.frag_offset)
        return false;
    ip_set_v4(&out->from, ip.src);
    if (ip.proto != IP_PROTO_ICMP)
        return transport_answers(flow, ip.proto, &r, out);
    if (!icmpv4_parse(&r, &h))
        return false;
    if (h.type == ICMPV4_ECHO_REPLY) {
        out->final = true;
        return echo_answers(flow, h.rest.echo.id, h.rest.echo.seq, out);
    }
    if (!icmpv4_is_error(h.type) || h.type == ICMPV4_REDIRECT || h.type == ICMPV4_SOURCE_QUENCH ||
        !icmpv4_quote_parse(&r, &q))
        return false;
    mark_v4(&h, out);
    ip_set_v4(&dst, q.ip.dst);
    return quote_is_ours(flow, &dst, q.ip.proto, q.head, out);
}

static bool read_v6(const struct trace_flow *flow, struct reader r, struct trace_answer *out)
{
    struct ipv6_fragment frag;
    struct icmpv6_header h;
    struct icmpv6_quote q;
    struct ipv6_header ip;
    uint8_t next;

    if (!ipv6_read(&r, &ip))
        return false;
    next = ip.next;
    ip_copy(&out->from, &ip.src);
    if (!ipv6_chain_skip(&r, &next, &frag) || frag.offset)
        return false;
    if (next != IP_PROTO_ICMPV6)
        return transport_answers(flow, next, &r, out);
    if (!icmpv6_parse(&r, &h))
        return false;
    if (h.type == ICMPV6_ECHO_REPLY) {
        out->final = true;
        return echo_answers(flow, (uint16_t)(h.word >> 16), (uint16_t)h.word, out);
    }
    if (!icmpv6_is_error(h.type) || !icmpv6_quote_parse(&r, &q))
        return false;
    mark_v6(&h, out);
    return quote_is_ours(flow, &q.ip.dst, q.proto, q.head, out);
}

bool trace_answer_read(const struct trace_flow *flow, const uint8_t *datagram, size_t n, size_t total,
                       struct trace_answer *out)
{
    struct reader r = reader(datagram, n);

    *out = (struct trace_answer){.final = false};
    if (n == 0)
        return false;
    return datagram[0] >> 4 == 4 ? read_v4(flow, r, total, out) : read_v6(flow, r, out);
}
