/* SPDX-License-Identifier: MIT */
/* ICMP for IPv6, neighbour and listener discovery, in tcpdump's words; see print.h. */
#include "wire/mld.h"
#include "wire/nd.h"
#include "wire/print_private.h"

static void numbered_print(struct fmt *f, const char *before, uint64_t v, const char *after)
{
    num_print(f, before, v);
    fmt_str(f, after);
}

/* ---- errors ---- */

static void port_unreachable_print(struct fmt *f, const struct icmpv6_quote *q)
{
    uint16_t port = peek_u16(q->head + 2);

    text_ip_print(f, ", unreachable port, ", &q->ip.dst);
    if (q->proto == IP_PROTO_TCP)
        num_print(f, " tcp port ", port);
    else if (q->proto == IP_PROTO_UDP)
        num_print(f, " udp port ", port);
    else
        numbered_print(f, " protocol ", q->proto, "");
    if (q->proto != IP_PROTO_TCP && q->proto != IP_PROTO_UDP)
        num_print(f, " port ", port);
}

static void unreachable_print(struct fmt *f, uint8_t code, const struct icmpv6_quote *q)
{
    static const char *const text[] = {", unreachable route ", ",  unreachable prohibited ", ", beyond scope ",
                                       ", unreachable address "};

    fmt_str(f, "destination unreachable");
    if (code == ICMPV6_PORT_UNREACHABLE) {
        port_unreachable_print(f, q);
    } else if (code < ARRAY_LEN(text)) {
        text_ip_print(f, text[code], &q->ip.dst);
        if (code == ICMPV6_BEYOND_SCOPE)
            text_ip_print(f, ", source address ", &q->ip.src);
    } else {
        numbered_print(f, ", unknown unreach code (", code, ")");
    }
}

static void time_exceeded_print(struct fmt *f, uint8_t code, const struct icmpv6_quote *q)
{
    fmt_str(f, "time exceeded in-transit");
    if (code == 0)
        text_ip_print(f, " for ", &q->ip.dst);
    else if (code == 1)
        fmt_str(f, " (reassembly)");
    else
        numbered_print(f, ", unknown code (", code, ")");
}

static void problem_print(struct fmt *f, const struct icmpv6_header *h)
{
    static const char *const text[] = {", erroneous - octet ", ", next header - octet ", ", option - octet ",
                                       ", incomplete header chain - octet "};

    fmt_str(f, "parameter problem");
    if (h->code < ARRAY_LEN(text))
        num_print(f, text[h->code], h->word);
    else
        numbered_print(f, ", code-#", h->code, "");
}

/* ---- queries and news ---- */

static void echo_print(struct fmt *f, const struct icmpv6_header *h)
{
    fmt_str(f, h->type == ICMPV6_ECHO ? "echo request" : "echo reply");
    num_print(f, ", id ", h->word >> 16);
    num_print(f, ", seq ", h->word & 0xffff);
}

/* r stands behind the first eight bytes: at an address, with these words before it. */
static void target_print(struct fmt *f, const char *what, const char *before, struct reader *r)
{
    const uint8_t *p = read_bytes(r, 16);
    struct weft_ip ip;

    fmt_str(f, what);
    if (!p) {
        cut_print(f, "icmp6");
        return;
    }
    memcpy(ip.b, p, 16);
    text_ip_print(f, before, &ip);
}

static void redirect_print(struct fmt *f, struct reader *r)
{
    struct weft_ip ip[2];
    const uint8_t *p = read_bytes(r, 32);

    if (!p) {
        cut_print(f, "icmp6");
        return;
    }
    memcpy(ip, p, 32);
    text_ip_print(f, "redirect, ", &ip[1]);
    text_ip_print(f, " to ", &ip[0]);
}

/* A query of version 2, which is longer: r stands at the group. */
static void listener_query_print(struct fmt *f, struct reader *r)
{
    const uint8_t *p = read_bytes(r, MLD_V2_QUERY - ICMPV6_HEADER);
    struct weft_ip group;

    fmt_str(f, "multicast listener query v2 [gaddr ");
    if (!p) {
        cut_print(f, "icmp6");
        return;
    }
    memcpy(group.b, p, 16);
    fmt_ip(f, &group);
    if (peek_u16(p + 18))
        numbered_print(f, ", ", peek_u16(p + 18), " source(s)");
    fmt_char(f, ']');
}

static void listener_print(struct fmt *f, const char *what, const struct icmpv6_header *h, struct reader *r)
{
    fmt_str(f, what);
    num_print(f, "max resp delay: ", h->word >> 16);
    target_print(f, "", " addr: ", r);
}

/* Everything but errors. */
static void news_print(struct fmt *f, const struct icmpv6_header *h, struct reader *r, size_t len)
{
    switch (h->type) {
    case ICMPV6_ECHO:
    case ICMPV6_ECHO_REPLY:
        echo_print(f, h);
        break;
    case ICMPV6_MLD_QUERY:
        if (len >= MLD_V2_QUERY)
            listener_query_print(f, r);
        else
            listener_print(f, "multicast listener query", h, r);
        break;
    case ICMPV6_MLD_REPORT:
        listener_print(f, "multicast listener report", h, r);
        break;
    case ICMPV6_MLD_DONE:
        listener_print(f, "multicast listener done", h, r);
        break;
    case ICMPV6_ROUTER_SOLICIT:
        fmt_str(f, "router solicitation");
        break;
    case ICMPV6_ROUTER_ADVERT:
        fmt_str(f, "router advertisement");
        break;
    case ICMPV6_NEIGHBOUR_SOLICIT:
        target_print(f, "neighbor solicitation", ", who has ", r);
        break;
    case ICMPV6_NEIGHBOUR_ADVERT:
        target_print(f, "neighbor advertisement", ", tgt is ", r);
        break;
    case ICMPV6_REDIRECT:
        redirect_print(f, r);
        break;
    case ICMPV6_MLD2_REPORT:
        numbered_print(f, "multicast listener report v2, ", h->word & 0xffff, " group record(s)");
        break;
    default:
        numbered_print(f, "unknown icmp6 type (", h->type, ")");
    }
}

static void error_print(struct fmt *f, const struct icmpv6_header *h, const struct icmpv6_quote *q)
{
    if (h->type == ICMPV6_UNREACHABLE)
        unreachable_print(f, h->code, q);
    else if (h->type == ICMPV6_TOO_BIG)
        num_print(f, "packet too big, mtu ", h->word);
    else if (h->type == ICMPV6_TIME_EXCEEDED)
        time_exceeded_print(f, h->code, q);
    else if (h->type == ICMPV6_PARAMETER_PROBLEM)
        problem_print(f, h);
    else
        numbered_print(f, "unknown icmp6 type (", h->type, ")");
}

void icmp6_print(struct fmt *f, struct reader r, size_t len)
{
    struct icmpv6_header h;
    struct icmpv6_quote q;
    bool quotes;

    fmt_str(f, "ICMP6, ");
    if (!icmpv6_parse(&r, &h)) {
        cut_print(f, "icmp6");
        return;
    }
    quotes = h.type == ICMPV6_UNREACHABLE || (h.type == ICMPV6_TIME_EXCEEDED && h.code == 0);
    if (quotes && !icmpv6_quote_parse(&r, &q)) {
        cut_print(f, "icmp6");
        return;
    }
    if (icmpv6_is_error(h.type))
        error_print(f, &h, &q);
    else
        news_print(f, &h, &r, len);
    if (!r.bad && !(h.type == ICMPV6_UNREACHABLE && h.code > ICMPV6_PORT_UNREACHABLE)) /* tcpdump's way */
        num_print(f, ", length ", len);
}
